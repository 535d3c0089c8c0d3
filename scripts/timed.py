"""Make the .tflite files whose times chapter 8 shows: networks of Keras, and single layers of both kinds.

    python scripts/timed.py _build/timed
    cd _build/timed
    python ../../scripts/latency.py successors mobilenet*.tflite efficientnet*.tflite
    python ../../scripts/latency.py layers conv-*.tflite dw-*.tflite pw-*.tflite

Their weights are random: how long a layer takes does not depend on them.
"""

import sys
from pathlib import Path

import keras
from keras import layers

from mobilenet_lib import models, tflite

WIDTHS = (4, 8, 16, 32, 64, 128)  # channels in and out of the single layers
SIDE = 56  # of their maps


def networks():
    """The networks of the chapter that Keras has, by the names that `paper.SUCCESSORS` gives them."""
    keras_ = keras.applications
    for alpha in (1, 0.5, 0.25):
        name = "mobilenet" + f"-{100 * alpha:03.0f}" * (alpha < 1)
        yield name, models.mobilenet(alpha), None
    yield "mobilenet-v2", keras_.MobileNetV2(weights=None), None
    for size in ("Small", "Large"):
        model = getattr(keras_, f"MobileNetV3{size}")((224, 224, 3), weights=None, include_preprocessing=False)
        yield f"mobilenet-v3-{size.lower()}", model, None
    yield "efficientnet-b0", keras_.EfficientNetB0(weights=None), (0, 1)  # takes pixels as they are


def single(kind, width):
    """One layer from `width` channels to as many as a file of its own."""
    options = {"padding": "same", "activation": "relu6", "name": "layer"}
    image = keras.Input((SIDE, SIDE, width))
    if kind == "dw":
        maps = layers.DepthwiseConv2D(3, **options)(image)
    else:
        maps = layers.Conv2D(width, 3 if kind == "conv" else 1, **options)(image)
    shares = layers.Softmax()(layers.GlobalAveragePooling2D()(maps))
    return tflite.operators(tflite.convert(keras.Model(image, shares), "float32"))["layer"]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(0)
    for name, model, normalization in networks():
        content = tflite.convert(model, "float32", normalization=normalization)
        (folder / f"{name}.tflite").write_bytes(content)
    for width in WIDTHS:
        for kind in ("conv", "dw", "pw"):
            (folder / f"{kind}-{width:03}.tflite").write_bytes(single(kind, width))
