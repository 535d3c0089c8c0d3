"""Without batch normalization a network is the same; without its dead filters, too."""

import keras
import numpy as np
import pytest
from networks import lively, pictures, tiny

from mobilenet_lib import models, tflite


def test_without_batch_normalization_it_computes_the_same():
    images = pictures(8, seed=1)
    folded = tflite.folded(lively())
    assert not [layer for layer in folded.layers if isinstance(layer, keras.layers.BatchNormalization)]
    expected = np.asarray(lively()(images, training=False))
    np.testing.assert_allclose(np.asarray(folded(images, training=False)), expected, atol=5e-5)


def test_a_silenced_network_has_filters_of_zero_where_a_channel_was_dead_and_nowhere_else():
    model = models.mobilenet(0.25, 32, 2)
    normalization = model.get_layer("conv_dw_2_bn")
    gamma, beta, mean, variance = normalization.get_weights()
    variance[[3, 7]] = 0
    normalization.set_weights([gamma, beta, mean, variance])
    silenced = tflite.silenced(model)
    kernel = silenced.get_layer("conv_dw_2").get_weights()[0]
    assert np.flatnonzero(np.abs(kernel).max(axis=(0, 1, 3)) == 0).tolist() == [3, 7]
    others = (layer for layer in model.layers if layer.weights and layer.name != "conv_dw_2")
    for layer in others:
        for old, new in zip(layer.get_weights(), silenced.get_layer(layer.name).get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)


CHANGED = {
    "an activation between": ({"activation": "relu"}, {}, {}),
    "another layer between": ({}, {}, {"between": keras.layers.ReLU}),
    "no scale": ({}, {"scale": False}, {}),
    "no center": ({}, {"center": False}, {}),
}


@pytest.mark.parametrize(("convolution", "normalization", "more"), CHANGED.values(), ids=CHANGED)
@pytest.mark.parametrize("function", [tflite.folded, tflite.silenced])
def test_a_network_that_has_the_names_and_does_something_else_is_refused(function, convolution, normalization, more):
    """Batch normalization is linear: right behind a convolution, and only there, it is a factor and a bias."""
    image = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(4, 3, name="c", **convolution)(image)
    for layer in more.values():
        x = layer()(x)
    x = keras.layers.BatchNormalization(name="c_bn", **normalization)(x)
    with pytest.raises(ValueError, match=r"model must be one that `models\.mobilenet` built, not 'other'"):
        function(keras.Model(image, x, name="other"))


@pytest.mark.parametrize("function", [tflite.folded, tflite.silenced])
def test_a_network_of_other_names_is_refused(function):
    with pytest.raises(ValueError, match=r"model must be one that `models\.mobilenet` built"):
        function(tiny())
