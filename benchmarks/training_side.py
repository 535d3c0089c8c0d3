"""Speed of training: the faster step, PyTorch's, what an epoch loses to its input, the input beside Keras' own reader.

Prints seconds and ratios and asserts nothing: run it on a machine at rest, with `make bench`. Uses the photos if they
are in `data/cats-dogs` or where `CATS_DOGS_DIR` points; else it writes the drawn set to disk first, and says so.
`--record` keeps the ratios of steps in data/latency, for chapter 7.
"""

import argparse
import json
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from pathlib import Path
from statistics import median, quantiles

import keras
import numpy as np
import tensorflow as tf
from cost_side import interleaved, report
from PIL import Image

from mobilenet_lib import data, models, training
from mobilenet_lib.architecture import mobilenet
from mobilenet_lib.records import DATA, machine, versions, write

PEER = Path(__file__).parent / "peers/training_step.py"


def beside_pytorch(
    python: str, ours: dict[str, Callable[[], None]], alpha: float, resolution: int, count: int, repeats: int
) -> dict[str, list[float]]:
    """What is `ours` beside `count` steps of the same network in PyTorch, on one batch in memory, channels last.

    What comes are the quartiles of the ratios, turn by turn.
    """
    found = {}
    layers = [
        (layer.kind, layer.kernel, layer.stride, layer.in_channels, layer.out_channels)
        for layer in mobilenet(alpha, resolution, 2)
    ]
    asked = json.dumps({"layers": layers, "resolution": resolution, "batch": 32, "threads": os.cpu_count()})
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([python, PEER, asked], **pipes) as other:
        version = other.stdout.readline().strip()

        def theirs() -> None:
            print(count, file=other.stdin, flush=True)
            other.stdout.readline()

        for name, function in ours.items():
            pairs = interleaved(function, theirs, repeats)
            found[f"{name} / PyTorch {version}'s step"] = low, middle, high = quantiles(
                (our / their for our, their in pairs), n=4
            )
            report(f"{name} / PyTorch {version}'s step", middle, f"at most 1.0; quartiles {low:.2f} to {high:.2f}", "")
        other.stdin.close()
    return found


def epoch(alpha: float, resolution: int, count: int, repeats: int) -> dict[str, list[float]]:
    """A training epoch over `data.load`, and the same steps on batches that are there already.

    What comes are the quartiles of the ratios of steps, turn by turn.
    """
    found = {}
    photos = data.load(resolution, augment=True, limit=count)
    plain = models.mobilenet(alpha, resolution, 2, momentum=0.9)
    model = training.fast(plain)
    for each in (plain, model):
        training.compile_model(each, steps=10_000)
    batches = [(tf.constant(images), tf.constant(labels)) for images, labels in photos.train]

    def steps(network: keras.Model) -> None:
        for batch in batches:
            network.train_on_batch(*batch)

    for name, other in (("Keras' own layers", plain), ("the same (A/A)", model)):
        pairs = interleaved(lambda: steps(model), lambda other=other: steps(other), repeats)
        what = f"a step with {name} / with the faster ones"
        found[what] = low, middle, high = quantiles((theirs / ours for ours, theirs in pairs), n=4)
        report(what, middle, f"quartiles {low:.2f} to {high:.2f}", "")

    def whole() -> None:
        model.fit(photos.train, shuffle=False, verbose=0)

    if python := os.environ.get("PEERS"):
        ours = {"a step": lambda: steps(model), "an epoch with its input": whole}
        found |= beside_pytorch(python, ours, alpha, resolution, len(batches), repeats)
    pairs = interleaved(whole, lambda: steps(model), repeats)
    low, middle, high = quantiles((bare / full for full, bare in pairs), n=4)
    shape = f"{photos.counts['train']:,} images, α = {alpha:g}, {resolution} px"
    report(f"an epoch, {shape}", median(full for full, _ in pairs))
    report("its steps alone, on batches in memory", median(bare for _, bare in pairs))
    report("steps alone / epoch", middle, f"0.95 or more; quartiles {low:.3f} to {high:.3f}", "")
    return found


def reading(resolution: int, folder: Path, count: int, repeats: int) -> None:
    """A pass over the training images from the second on, and the same with Keras' reader of folders."""
    photos = data.load(resolution, source=folder, limit=count)
    training_set = next(path for path in sorted(folder.rglob("training_set")) if (path / "cats").is_dir())
    theirs = keras.utils.image_dataset_from_directory(
        training_set, image_size=(resolution, resolution), crop_to_aspect_ratio=True, verbose=False
    )
    batches = -(-photos.counts["train"] // 32)
    pairs = interleaved(lambda: drain(photos.train), lambda: drain(theirs.take(batches)), repeats)
    low, middle, high = quantiles((their / our for our, their in pairs), n=4)
    report(f"{photos.counts['train']:,} images from memory", median(our for our, _ in pairs))
    report("as many with image_dataset_from_directory", median(their for _, their in pairs))
    report("image_dataset_from_directory / ours", middle, f"5 or more; quartiles {low:.2f} to {high:.2f}", "")


def loading(resolution: int, folder: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    photos = data.load(resolution, source=folder)
    report(f"load {sum(photos.counts.values()):,} images at {resolution} px", time.perf_counter() - start)
    images = sum(photos.images(split)[0].nbytes for split in photos.counts)
    report("  these as uint8", images / 1e6, unit="MB")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    report("  peak memory, above TensorFlow's own", grown / 1e6, unit="MB")


def drain(dataset: Iterable) -> None:
    for _ in dataset:
        pass


def on_disk(folder: Path) -> Path:
    """The folder of the photos; where there are none, `folder`, after drawing JPEG files into it."""
    photos = Path(os.environ.get("CATS_DOGS_DIR", "data/cats-dogs"))
    if photos.is_dir():
        return photos
    print("No photos: these are drawn pictures.")
    images, labels = data.load(data.LARGEST, source="drawn").images("train")
    for split in data.LAYOUT.values():
        for number, (image, label) in enumerate(zip(images[:1000], labels[:1000], strict=True)):
            path = folder / split / f"{data.CLASSES[label]}s" / f"{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.asarray(image)).save(path, quality=90)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--alpha", type=float, default=0.25)
    parser.add_argument("--resolution", type=int, default=128)
    parser.add_argument("--count", type=int, default=1024, help="images in a pass")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--record", action="store_true", help="write data/latency/training-step.json")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = on_disk(Path(temporary))
        loading(args.resolution, folder)
        reading(args.resolution, folder, args.count, args.repeats)
    found = epoch(args.alpha, args.resolution, args.count, args.repeats)
    if args.record:
        size = f"--alpha {args.alpha:g} --resolution {args.resolution} --count {args.count} --repeats {args.repeats}"
        about = {
            "command": f"python benchmarks/training_side.py --record {size}",
            "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
            "versions": versions(),
            "machine": machine(),
            "ratios": {what: [round(value, 3) for value in values] for what, values in found.items()},
        }
        write(DATA / "latency/training-step.json", json.dumps(about, indent=1).encode() + b"\n")


if __name__ == "__main__":
    main()
