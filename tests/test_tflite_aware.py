"""Quantization-aware training: rounds as TensorFlow does, and ends in a file that keeps more of the answers."""

import numpy as np
import pytest
import tensorflow as tf
from networks import SIZE, lively, pictures

from mobilenet_lib import tflite
from mobilenet_lib.tflite import aware


def with_gradient(function, values):
    """What TensorFlow finds: the values of `function`, and the gradient of their sum."""
    values = tf.constant(values)
    with tf.GradientTape() as tape:
        tape.watch(values)
        result = function(values)
    return np.asarray(result), np.asarray(tape.gradient(result, values))


@pytest.mark.parametrize("span", [(0.0, 6.0), (0.0, 2.7), (-3.1, 5.2)])
def test_what_flows_is_rounded_and_passes_gradients_as_the_operator_of_tensorflow_does(span):
    values = np.random.default_rng(0).normal(0, 3, 1000).astype(np.float32)
    ours, theirs = (
        with_gradient(lambda x, rounding=rounding: rounding(x, *span), values)
        for rounding in (aware.fake_quantize, tf.quantization.fake_quant_with_min_max_vars)
    )
    np.testing.assert_allclose(ours[0], theirs[0], atol=2e-6)
    np.testing.assert_array_equal(ours[1], theirs[1])
    assert set(theirs[1]) == {0, 1}, "values inside and outside"


def test_each_channel_of_a_kernel_is_rounded_as_the_operator_of_tensorflow_does():
    kernel = np.random.default_rng(0).normal(0, 2, (3, 3, 5, 7)).astype(np.float32)
    largest = np.abs(kernel).max(axis=(0, 1, 2))
    ours = with_gradient(lambda x: aware.rounded_kernel(x, (0, 1, 2)), kernel)
    theirs = with_gradient(
        lambda x: tf.quantization.fake_quant_with_min_max_vars_per_channel(x, -largest, largest, narrow_range=True),
        kernel,
    )
    np.testing.assert_allclose(ours[0], theirs[0], atol=2e-6)
    np.testing.assert_array_equal(ours[1], theirs[1])


def test_a_rounding_network_says_before_any_training_what_its_int8_file_says():
    images = pictures(50)
    rounding = aware.aware(tflite.folded(lively()), images)
    in_file = tflite.predict(tflite.convert(lively(), "int8", images, bias_correction=False), images)
    exact = np.asarray(lively()(images, training=False))
    difference = np.abs(np.asarray(rounding(images, training=False)) - in_file).mean()
    assert difference < 0.3 * np.abs(in_file - exact).mean()


class Images:
    """Images to train on, without the rest of `data.CatsDogs`."""

    def images(self, split):
        return np.random.default_rng(0).integers(0, 256, (100, SIZE, SIZE, 3), np.uint8), None


def test_after_training_the_int8_file_is_closer_to_the_answers_of_the_network():
    images = pictures(50, seed=1)
    expected = np.asarray(lively()(images, training=False))
    trained = tflite.train_aware(lively(), Images(), epochs=3, learning_rate=3e-4)

    def error(model):
        content = tflite.convert(model, "int8", pictures(50), bias_correction=False)
        return np.abs(tflite.predict(content, images) - expected).mean()

    assert error(trained) < 0.7 * error(lively())


def test_training_leaves_the_network_as_it_was():
    before = [weight.copy() for weight in lively().get_weights()]
    tflite.train_aware(lively(), Images())
    for old, new in zip(before, lively().get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
