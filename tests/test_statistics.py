"""`training.statistics`: those of batch normalization, estimated anew."""

import keras
import numpy as np
import pytest
from small_training import SIDE, easy, images, small

from mobilenet_lib import data, training


def test_statistics_measured_anew_are_those_of_the_images():
    model = small()
    pictures = data.normalize(images("train")[0])
    training.recalibrate(model, pictures, batch_size=16)
    convolved = keras.Model(model.input, model.get_layer("conv1").output).predict(pictures, verbose=0)
    layer = model.get_layer("conv1_bn")
    np.testing.assert_allclose(layer.moving_mean, convolved.mean((0, 1, 2)), atol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, convolved.var((0, 1, 2)), rtol=1e-4)


def test_measuring_statistics_leaves_the_weights_alone():
    model = small()
    before = [np.array(weight) for weight in model.trainable_weights]
    training.recalibrate(model, data.normalize(images("train")[0]))
    assert all(map(np.array_equal, before, model.trainable_weights))


@pytest.mark.parametrize(
    "wrong",
    [
        images("train")[0],
        images("train")[0].astype(np.float32),
        data.normalize(images("train")[0][:0]),
        data.normalize(images("train")[0][0]),
        np.full((1, SIDE, SIDE, 3), np.nan, np.float32),
    ],
    ids=["bytes", "0 to 255", "none", "a single one", "no numbers"],
)
def test_statistics_are_not_measured_on_what_the_model_does_not_take(wrong):
    model = small()
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"images must be float \[N, S, S, 3\] in \[−1, 1\], .*; these are "):
        training.recalibrate(model, wrong)
    assert all(map(np.array_equal, before, model.get_weights()))


def sequential():
    kinds = keras.layers
    body = [kinds.Conv2D(4, 3, strides=2), kinds.BatchNormalization(momentum=0.9), kinds.GlobalAveragePooling2D()]
    return keras.Sequential([keras.Input((SIDE, SIDE, 3)), *body, kinds.Dense(2, "softmax")])


def test_statistics_of_a_sequential_model_are_measured_too():
    model, pictures = sequential(), data.normalize(images("train")[0])
    assert "val_recalibrated" in training.train(model, easy(), epochs=1, recalibrated=True).epochs[0]
    training.recalibrate(model, pictures)
    convolved = keras.ops.convert_to_numpy(model.layers[0](pictures))
    np.testing.assert_allclose(model.layers[1].moving_mean, convolved.mean((0, 1, 2)), atol=1e-5)


def with_a_model_inside():
    inputs = keras.Input((SIDE, SIDE, 3))
    inner = keras.Sequential([keras.Input((SIDE, SIDE, 3)), keras.layers.BatchNormalization()])(inputs)
    return keras.Model(inputs, keras.layers.Dense(2, "softmax")(keras.layers.GlobalAveragePooling2D()(inner)))


def with_a_layer_called_twice():
    inputs, normal = keras.Input((SIDE, SIDE, 3)), keras.layers.BatchNormalization()
    pooled = keras.layers.GlobalAveragePooling2D()(normal(normal(inputs)))
    return keras.Model(inputs, keras.layers.Dense(2, "softmax")(pooled))


@pytest.mark.parametrize(("make", "times"), [(with_a_model_inside, 0), (with_a_layer_called_twice, 2)])
def test_a_model_whose_statistics_cannot_be_measured_is_refused_before_it_is_trained(make, times):
    model, lines = make(), []
    sentence = rf"model must call each batch normalization once, .* calls 'batch_norm.*' {times} times"
    with pytest.raises(ValueError, match=sentence):
        training.recalibrate(model, data.normalize(images("train")[0]))
    with pytest.raises(ValueError, match=sentence):
        training.train(model, easy(), epochs=1, recalibrated=True, progress=lines.append)
    assert not lines
