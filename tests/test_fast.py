"""The layers that train faster: the same values, gradients and statistics as Keras' own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mobilenet_lib import models, training
from mobilenet_lib.training.fast import FusedBatchNormalization, Pointwise

IMAGES = np.random.RandomState(0).normal(1, 2, (4, 6, 6, 8)).astype(np.float32)


def passed(layer, images=IMAGES):
    """Outputs of a training pass, and the gradients of a sum that weighs each of them differently."""
    images = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        outputs = layer(images, training=True)
        total = tf.reduce_sum(outputs * tf.reshape(tf.linspace(-1.0, 1.0, tf.size(outputs)), tf.shape(outputs)))
    return outputs, tape.gradient(total, [images, *layer.trainable_variables])


def pair(layer):
    """A layer of Keras with weights unlike the first ones, and what takes its place."""
    model = keras.Sequential([keras.Input((6, 6, 8)), layer])
    random = np.random.RandomState(1)
    model.set_weights([random.uniform(0.5, 1.5, weight.shape) for weight in model.get_weights()])
    return layer, training.fast(model).layers[0]


@pytest.mark.parametrize(
    ("layer", "kind"),
    [
        (keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-3), FusedBatchNormalization),
        (keras.layers.Conv2D(5, 1, use_bias=False), Pointwise),
        (keras.layers.Conv2D(5, 1), Pointwise),
    ],
)
def test_a_training_pass_has_the_values_and_gradients_of_keras(layer, kind):
    plain, fast = pair(layer)
    assert type(fast) is kind
    (expected, gradients), (outputs, found) = passed(plain), passed(fast)
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    for one, other in zip(gradients, found, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-4)
    for one, other in zip(plain.weights, fast.weights, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-5, err_msg=one.name)


def test_the_variance_of_a_single_value_is_zero_as_in_keras():
    plain, fast = pair(keras.layers.BatchNormalization(momentum=0.5))
    for layer in (plain, fast):
        layer(IMAGES[:1, :1, :1], training=True)
    np.testing.assert_allclose(fast.moving_variance, plain.moving_variance, rtol=1e-6)


@pytest.mark.parametrize("trainable", [True, False])
def test_in_validation_and_when_frozen_the_moving_averages_count_and_stay(trainable):
    plain, fast = pair(keras.layers.BatchNormalization(trainable=trainable))
    before = fast.get_weights()
    np.testing.assert_array_equal(fast(IMAGES, training=not trainable), plain(IMAGES, training=not trainable))
    for one, other in zip(before, fast.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.BatchNormalization(axis=1),
        keras.layers.BatchNormalization(center=False),
        keras.layers.BatchNormalization(dtype="mixed_float16"),
        keras.layers.Conv2D(4, 1, strides=2),
        keras.layers.Conv2D(4, 1, groups=2),
        keras.layers.Conv2D(4, 3),
    ],
)
def test_what_the_faster_layers_do_not_cover_stays_as_it_is(layer):
    _, copy = pair(layer)
    assert type(copy) is type(layer)


def test_a_mobilenet_has_all_its_batch_normalizations_and_pointwise_layers_replaced():
    network = training.fast(models.mobilenet(0.25, 32, 2))
    kinds = [type(layer) for layer in network.layers]
    assert kinds.count(FusedBatchNormalization) == 27 and keras.layers.BatchNormalization not in kinds
    assert kinds.count(Pointwise) == 14  # 13, and the classifier


def test_the_copy_takes_images_of_other_sizes_if_asked():
    model = models.mobilenet(0.25, 32, 2)
    images = np.zeros((1, 64, 64, 3), np.float32)
    larger = models.mobilenet(0.25, 64, 2)
    larger.set_weights(model.get_weights())
    np.testing.assert_allclose(training.fast(model, any_size=True)(images), larger(images), atol=1e-6)


def test_a_subclassed_model_trains_as_it_is():
    class Own(keras.Model):
        def call(self, x):
            return x

    model = Own()
    assert training.fast(model) is model


def test_the_model_that_was_trained_has_layers_of_keras_alone(tmp_path):
    model = models.mobilenet(0.25, 32, 2)
    before = [type(layer) for layer in model.layers]
    training.fast(model)
    assert [type(layer) for layer in model.layers] == before
    training.save_model(model, tmp_path / "model.keras")
    assert b"mobilenet_lib" not in (tmp_path / "model.keras").read_bytes()
