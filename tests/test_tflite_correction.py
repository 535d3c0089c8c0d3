"""Bias correction: the mean of each channel is what it was before rounding."""

import keras
import numpy as np
import pytest
from networks import pictures
from tensorflow.lite.tools import flatbuffer_utils

from mobilenet_lib import tflite


@pytest.mark.parametrize(
    ("mode", "layer", "channels"),
    [
        ("int8", keras.layers.DepthwiseConv2D(3, use_bias=False), 3),
        ("int8", keras.layers.Conv2D(3, 3, use_bias=False), 40),
        ("dynamic", keras.layers.Conv2D(3, 3, use_bias=False), 40),  # leaves kernels of under 1,024 weights as they are
    ],
    ids=["int8-depthwise", "int8-standard", "dynamic-standard"],
)
def test_bias_correction_keeps_the_mean_that_rounding_shifts(mode, layer, channels):
    """An edge filter, whose weights cancel but for a remainder that int8 cannot keep, on inputs that are not centered.

    Batch normalization makes the remainder large, of another sign for the second channel and small for the third.
    """
    edges = np.array([[-1, -1, -1], [-1, 8.03, -1], [-1, -1, -1]], np.float32)
    inputs = keras.Input((8, 8, channels))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.BatchNormalization()(layer(inputs)))
    model = keras.Model(inputs, keras.layers.Softmax()(x))
    layer.set_weights([np.broadcast_to(edges[:, :, np.newaxis, np.newaxis], layer.kernel.shape)])
    gamma = np.array([15, -15, 3]) / channels
    model.layers[2].set_weights([np.full(3, value, np.float32) for value in (gamma, 0, 0, 1)])  # beta, mean, variance
    images = np.random.default_rng(0).uniform(0.2, 1, (50, 8, 8, channels)).astype(np.float32)
    expected = np.asarray(model(images, training=False)).mean(axis=0)

    def error(calibration, **options):
        content = tflite.convert(model, mode, calibration, **options)
        return np.abs(tflite.predict(content, images).mean(axis=0) - expected).max()

    uncorrected = error(images, bias_correction=False)
    assert error(images) < 0.2 * uncorrected
    if mode == "dynamic":
        assert error(None) == uncorrected, "without images there are no means to correct"


def test_bias_correction_leaves_alone_the_bias_of_another_layer_that_has_the_same_numbers():
    """The converter keeps equal biases, here two times 0, once."""
    first, second = (keras.layers.Conv2D(64, 3, name=name, use_bias=False) for name in ("first", "second"))
    image = keras.Input((16, 16, 3))
    x = keras.layers.GlobalAveragePooling2D()(second(keras.layers.ReLU()(first(image))))
    model = keras.Model(image, keras.layers.Softmax()(x))
    rng = np.random.default_rng(0)
    for layer in (first, second):
        layer.set_weights([rng.normal(0.1, 1, layer.kernel.shape).astype(np.float32)])
    images = pictures(50, 16)
    content = flatbuffer_utils.convert_bytearray_to_object(
        bytearray(tflite.convert(model, "dynamic", images, bias_correction=True))
    )
    tensors = {tensor.name.decode(): tensor for tensor in content.subgraphs[0].tensors}
    biases = [content.buffers[tensors[f"{name}/bias"].buffer].data for name in ("first", "second")]
    assert bytes(biases[0]) != bytes(biases[1])
