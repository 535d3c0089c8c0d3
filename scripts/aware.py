"""Quantization-aware training: a network that meets the rounding of an int8 file before it is in one.

In each step weights and what flows between layers are rounded as the file will round them, while gradients pass as if
nothing were (Jacob et al. 2018, arXiv 1712.05877, section 3; Bengio et al. 2013, arXiv 1308.3432, section 3.1). What
the network learns is its own answers without rounding: no labels are needed.
"""

import math
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from mobilenet_lib.costs import is_number, positive
from mobilenet_lib.data import CatsDogs, normalize
from mobilenet_lib.tflite.checks import fitting, model_shape
from mobilenet_lib.tflite.conversion import convert
from mobilenet_lib.tflite.files import opened
from mobilenet_lib.tflite.folding import KERNELS, folded

BATCH = 32


def rounded(x: Any, scale: Any) -> Any:
    """The multiple of `scale` nearest to each `x`; its gradient is that of `x`."""
    return x + ops.stop_gradient(scale * ops.round(x / scale) - x)


def fake_quantize(x: Any, low: float, high: float) -> Any:
    """`x` as int8 keeps it: one of 256 steps from `low` to `high`, 0 among them. Outside, the gradient is 0."""
    scale = (high - low) / 255
    first = round(low / scale)
    return rounded(ops.clip(x, first * scale, (first + 255) * scale), scale)


def rounded_kernel(kernel: Any, axes: tuple[int, ...]) -> Any:
    """A kernel as int8 keeps it: 127 steps either side of 0, up to the largest weight of each channel."""
    largest = ops.max(ops.abs(kernel), axis=axes, keepdims=True)
    return rounded(kernel, ops.stop_gradient(ops.maximum(largest, 1e-12) / 127))


class RoundedConv2D(layers.Conv2D):
    """A convolution with the weights that int8 leaves of its own."""

    def convolution_op(self, inputs, kernel):
        return super().convolution_op(inputs, rounded_kernel(kernel, KERNELS[layers.Conv2D]))


class RoundedDepthwiseConv2D(layers.DepthwiseConv2D):
    """A depthwise convolution with the weights that int8 leaves of its own."""

    def call(self, inputs):
        kernel = rounded_kernel(self.kernel, KERNELS[layers.DepthwiseConv2D])
        settings = {"strides": self.strides, "padding": self.padding, "data_format": self.data_format}
        return ops.depthwise_conv(inputs, kernel, **settings) + self.bias


class FakeQuantize(layers.Layer):
    """`fake_quantize` as a layer."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__(dtype="float32")
        self.low, self.high = low, high

    def call(self, x):
        return fake_quantize(x, self.low, self.high)


ROUNDED = {layers.Conv2D: RoundedConv2D, layers.DepthwiseConv2D: RoundedDepthwiseConv2D}


def aware(model: keras.Model, images: np.ndarray) -> keras.Model:
    """A copy of a `folded` model that rounds as its int8 file would, with the same weights in the same order.

    `images`, float32 `[N, H, W, C]` in [−1, 1], show which range the output of each layer has.
    """
    kinds = layers.ReLU, layers.GlobalAveragePooling2D
    flowing = [each for each in model.layers if isinstance(each, kinds) or each.name == "conv_preds"]
    found = keras.Model(model.input, [layer.output for layer in flowing]).predict(images, verbose=0)
    spans = {each.name: (min(0.0, x.min()), x.max()) for each, x in zip(flowing, found, strict=True)}

    def copied(layer: keras.Layer) -> keras.Layer:
        return ROUNDED.get(type(layer), type(layer)).from_config(layer.get_config())

    def called(layer: keras.Layer, *inputs: Any, **options: Any) -> Any:
        outputs = layer(*inputs, **options)
        return FakeQuantize(*map(float, spans[layer.name]))(outputs) if layer.name in spans else outputs

    copy = keras.models.clone_model(model, clone_function=copied, call_function=called)
    copy.set_weights(model.get_weights())
    return copy


def train_aware(
    model: keras.Model, photos: Any, *, epochs: int = 1, learning_rate: float = 1e-5, seed: int = 0
) -> keras.Model:
    """`model` without batch normalization, and with weights that lose little when they are rounded to int8.

    It learns to give, rounded, the answers of `model` on the training images of `photos`, which are what `data.load`
    returns: with Adam, whose rate falls along half a cosine, and with the biases that `convert` corrects to begin with.
    `convert` then needs no `bias_correction`, which would correct toward a network that nobody uses. Raises
    `ValueError` unless `models.mobilenet` built the model, for a bad argument, or for `photos` that do not fit.
    """
    if not is_number(learning_rate) or not 0 < learning_rate < math.inf:
        raise ValueError(f"learning_rate must be above 0 and finite, not {learning_rate!r}")
    if not isinstance(photos, CatsDogs):
        raise ValueError(f"photos must be what `data.load` returns, not {photos!r}")
    pixels, _ = photos.images("train")
    exact, calibration = folded(model), fitting("photos", normalize(pixels[:100]), model_shape(model), (-1, 1))
    keras.utils.set_random_seed(seed)
    network = aware(exact, calibration)
    for name, bias in _corrected(exact, calibration).items():
        network.get_layer(name).bias.assign(bias)
    steps = positive("epochs", epochs) * math.ceil(len(pixels) / BATCH)
    rate = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    network.compile(keras.optimizers.Adam(rate), loss="categorical_crossentropy")
    for _ in range(epochs):
        order = np.random.permutation(len(pixels))
        for some in np.array_split(order, math.ceil(len(pixels) / BATCH)):
            images = normalize(pixels[some])
            network.train_on_batch(images, model.predict_on_batch(images))
    exact.set_weights(network.get_weights())
    return exact


def _corrected(model: keras.Model, images: np.ndarray) -> dict[str, np.ndarray]:
    """The biases, by layer, of the int8 file of a `folded` model."""
    interpreter, found = opened(convert(model, "int8", images)), {}
    for tensor in interpreter.get_tensor_details():
        layer, _, role = tensor["name"].rpartition("/")
        if role == "bias":
            scales = tensor["quantization_parameters"]["scales"]
            found[layer] = scales * interpreter.get_tensor(tensor["index"])
    return found
