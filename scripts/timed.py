"""Make the .tflite files whose times chapters 8 and 10 show: of layers, small networks, and Keras' networks.

    python scripts/timed.py _build/timed
    cd _build/timed
    python ../../scripts/latency.py successors mobilenet-*.tflite efficientnet-*.tflite
    python ../../scripts/latency.py layers standard-*.tflite separable-*.tflite network-*.tflite

Their weights are random: how long a layer takes does not depend on them.
"""

import sys
from pathlib import Path

import keras
import tensorflow as tf
from keras import applications, layers

from mobilenet_lib import models, paper, tflite
from mobilenet_lib.training import experiments

LAYERS = [(56, width) for width in (4, 8, 16, 32, 64, 128)] + [(112, width) for width in (4, 8, 16, 32, 64)]
LATER = {
    "mobilenet-v2": (
        applications.MobileNetV2,
        [(1, 224), (1, 192), (1, 160), (1, 128), (0.75, 224), (0.75, 160), (0.75, 128)]
        + [(alpha, size) for alpha in (0.5, 0.35) for size in (224, 192, 160, 128)],
    ),
    "mobilenet-v3-small": (applications.MobileNetV3Small, [(1, 224), (0.75, 224)]),
    "mobilenet-v3-large": (applications.MobileNetV3Large, [(1, 224), (0.75, 224)]),
}


def networks():
    """The networks of the chapter that Keras has, as FAMILY-WIDTH-SIZE; the width in percent."""
    for c in paper.CHECKPOINTS:
        yield f"mobilenet-{100 * c.alpha:03.0f}-{c.resolution}", models.mobilenet(c.alpha, c.resolution), None
    for family, (network, shapes) in LATER.items():
        options = {"include_preprocessing": False} if "v3" in family else {}
        for alpha, size in shapes:
            model = network((size, size, 3), alpha=alpha, weights=None, **options)
            yield f"{family}-{100 * alpha:03.0f}-{size}", model, None
    yield "efficientnet-b0-100-224", applications.EfficientNetB0(weights=None), (0, 1)  # takes pixels as they are


def single(kind, side, width):
    """A layer from `width` channels to as many, the separable one with both its steps, as a file of its own."""
    options = {"padding": "same", "activation": "relu6"}
    maps = image = keras.Input((side, side, width))
    if kind == "separable":
        maps = layers.DepthwiseConv2D(3, **options)(maps)
    maps = layers.Conv2D(width, 1 if kind == "separable" else 3, **options)(maps)
    return tf.lite.TFLiteConverter.from_keras_model(keras.Model(image, maps)).convert()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(0)
    for name, model, normalization in networks():
        content = tflite.convert(model, "float32", normalization=normalization)
        (folder / f"{name}.tflite").write_bytes(content)
    for kind in ("separable", "thin"):  # of the experiment `price`
        shape = {"alpha": 0.25} | experiments.KINDS[kind]
        content = tflite.convert(models.mobilenet(resolution=64, classes=2, **shape), "float32")
        (folder / f"network-{kind}.tflite").write_bytes(content)
    for side, width in LAYERS:
        for kind in ("standard", "separable"):
            (folder / f"{kind}-{side:03}-{width:03}.tflite").write_bytes(single(kind, side, width))
