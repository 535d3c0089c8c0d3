"""Quantization-aware training: it rounds as TensorFlow does, and as the int8 file does."""

import math

import aware
import numpy as np
import pytest
import tensorflow as tf
from networks import SIZE, lively, pictures
from small_training import small

from mobilenet_lib import data, tflite


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


def short():
    """The first and the last layers of a MobileNet: in a deep one of random weights, rounding grows into chaos."""
    model = small(momentum=0.0, side=SIZE)
    model(pictures(64), training=True)
    return model


def test_a_rounding_network_says_before_any_training_what_its_int8_file_says():
    model, images = short(), pictures(50)
    rounding = aware.aware(tflite.folded(model), images)
    in_file = tflite.predict(tflite.convert(model, "int8", images, bias_correction=False), images)
    np.testing.assert_allclose(np.asarray(rounding(images, training=False)), in_file, atol=1.5 / 256)


def test_training_returns_another_network_and_leaves_the_first_as_it_was():
    model = short()
    before = model.get_weights()
    trained = aware.train_aware(model, data.load(SIZE, source="drawn", limit=100))
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    images = pictures(8, seed=1)
    difference = np.abs(np.asarray(trained(images)) - np.asarray(model(images, training=False)))
    assert 0 < difference.max() < 0.1


@pytest.mark.parametrize("rate", [0, -1, math.nan, math.inf])
def test_a_learning_rate_at_which_nothing_is_learned_is_refused(rate):
    with pytest.raises(ValueError, match=f"learning_rate must be above 0 and finite, not {rate}"):
        aware.train_aware(lively(), data.load(SIZE, source="drawn", limit=8), learning_rate=rate)


def test_photos_that_do_not_fit_the_model_are_refused():
    photos = data.load(32, source="drawn", limit=8)
    wanted = f"photos must be float images \\[N, {SIZE}, {SIZE}, 3\\]"
    for wrong, sentence in {photos: wanted, photos.train: "photos must be what `data.load` returns"}.items():
        with pytest.raises(ValueError, match=sentence):
            aware.train_aware(lively(), wrong)
