"""Speed of the phone side: our int8 file beside other int8 files of the same network, and our files beside each other.

Prints milliseconds and ratios and asserts nothing: run it on a machine at rest, with `make bench`.
"""

import argparse
from collections.abc import Callable
from statistics import quantiles

import keras
import numpy as np
import tensorflow as tf

from mobilenet_lib import models, tflite


def optimized(converter: tf.lite.TFLiteConverter, images: np.ndarray) -> bytes:
    """As the guide to full integer quantization has it, with float input and output."""
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.representative_dataset = lambda: ([image[np.newaxis]] for image in images)
    return converter.convert()


def from_keras(model: keras.Model, images: np.ndarray) -> bytes:
    return optimized(tf.lite.TFLiteConverter.from_keras_model(model), images)


def application(alpha: float, resolution: int, batch: int | None) -> keras.Model:
    """Keras' own network, without weights: how long convolutions take does not depend on them."""
    backbone = keras.applications.MobileNet((resolution, resolution, 3), alpha=alpha, weights=None, classes=1000)
    image = keras.Input(batch_shape=(batch, resolution, resolution, 3))
    return keras.Model(image, backbone(image, training=False))


def report(what: str, ratio: np.ndarray, goal: str = "") -> None:
    low, middle, high = quantiles(ratio, n=4)
    print(f"{what:<62}{middle:8.3f}   ({goal}quartiles {low:.3f} to {high:.3f})", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--alpha", type=float, default=0.25)
    parser.add_argument("--resolution", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    size = args.alpha, args.resolution
    images = np.random.default_rng(0).uniform(-1, 1, (20, args.resolution, args.resolution, 3)).astype(np.float32)
    ours = models.mobilenet(*size)
    exports: dict[str, Callable[[], bytes]] = {
        "ours, int8": lambda: tflite.convert(ours, "int8", images),
        "ours, int8, by from_keras_model": lambda: from_keras(ours, images),
        "keras.applications, int8, batch 1": lambda: from_keras(application(*size, 1), images),
        "keras.applications, int8, open batch": lambda: from_keras(application(*size, None), images),
        **{f"ours, {mode}": lambda mode=mode: tflite.convert(ours, mode) for mode in ("float32", "float16", "dynamic")},
    }
    files = {name: export() for name, export in exports.items()}
    times = tflite.latency(files, repeats=args.repeats, threads=args.threads)
    print(f"α = {args.alpha:g}, {args.resolution} px, threads: {args.threads}", flush=True)
    mine = times["ours, int8"]
    for name, taken in times.items():
        print(f"{name:<62}{taken.median:8.3f} ms ({len(files[name]):,} bytes)", flush=True)
    for name, taken in times.items():
        if taken is not mine:
            goal = "goal: 1 or more; " if ", int8" in name else ""
            report(f"{name} / ours, int8", taken.milliseconds / mine.milliseconds, goal)


if __name__ == "__main__":
    main()
