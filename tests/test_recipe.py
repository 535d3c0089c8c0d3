"""`training.recipe`: initialization, learning rate, weight decay, loss."""

import math

import keras
import numpy as np
import pytest
from small_training import small

from mobilenet_lib import models, training
from mobilenet_lib.training import options


def test_depthwise_kernels_can_start_at_the_square_root_of_two_ninths():
    layer = keras.layers.DepthwiseConv2D(3, depthwise_initializer=training.DEPTHWISE_HE_NORMAL)
    layer.build((None, 14, 14, 512))
    assert np.std(layer.kernel) == pytest.approx(0.4714, rel=0.05)


def test_no_two_layers_start_with_the_same_depthwise_kernels():
    model = models.mobilenet(0.25, 32, 2, depthwise_initializer=training.DEPTHWISE_HE_NORMAL)
    eight, nine = (np.ravel(model.get_layer(f"conv_dw_{number}").kernel) for number in (8, 9))
    assert abs(np.corrcoef(eight, nine)[0, 1]) < 0.2


def test_the_learning_rate_rises_from_zero_over_the_warmup():
    rate = training.rate(1000, 0.004, warmup=0.1)
    assert [float(rate(step)) for step in (0, 50, 100)] == pytest.approx([0, 0.002, 0.004])


def test_the_learning_rate_falls_to_zero_along_half_a_cosine():
    rate = training.rate(1000, 0.004, warmup=0.1)
    assert [float(rate(step)) for step in (325, 550, 1000)] == pytest.approx(
        [0.004 * (1 + math.sqrt(0.5)) / 2, 0.002, 0], abs=1e-8
    )


def test_a_constant_learning_rate_stays():
    rate = training.rate(1000, 0.001, schedule="constant", warmup=0)
    assert [float(rate(step)) for step in (0, 500, 1000)] == pytest.approx([0.001] * 3)


def test_weight_decay_spares_biases_batch_normalization_and_depthwise_kernels():
    decaying = [variable.path for variable in training.decays(small())]
    assert decaying == ["conv1/kernel", "conv_pw_1/kernel", "conv_preds/kernel"]


def test_a_depthwise_kernel_is_known_by_its_layer_whatever_its_name():
    theirs = keras.applications.MobileNetV2((32, 32, 3), alpha=0.35, weights=None)
    depthwise = {id(layer.kernel) for layer in theirs.layers if isinstance(layer, keras.layers.DepthwiseConv2D)}
    assert len(depthwise) == 17
    assert not depthwise & {id(weight) for weight in training.decays(theirs)}
    assert len(training.decays(theirs)) == 36  # 35 standard and pointwise convolutions, and the classifier


def test_of_a_separable_layer_the_pointwise_kernel_alone_decays():
    layer = keras.layers.SeparableConv2D(4, 3)
    model = keras.Sequential([keras.Input((8, 8, 3)), layer])
    assert [weight.name for weight in training.decays(model)] == ["pointwise_kernel"]


def test_the_optimizer_decays_only_what_it_should():
    model = small()
    recipe = training.Recipe(learning_rate=0.1, weight_decay=0.5, schedule="constant", warmup=0)
    training.compile_model(model, recipe, steps=10)
    before = {variable.path: np.array(variable) for variable in model.trainable_variables}
    # Without gradients, decay alone moves a weight: by learning rate times decay, 5%.
    model.optimizer.apply([keras.ops.zeros_like(v) for v in model.trainable_variables], model.trainable_variables)
    shrunk = {v.path for v in model.trainable_variables if not np.array_equal(np.asarray(v), before[v.path])}
    assert shrunk == {"conv1/kernel", "conv_pw_1/kernel", "conv_preds/kernel"}
    np.testing.assert_allclose(np.asarray(model.get_layer("conv1").kernel), 0.95 * before["conv1/kernel"], rtol=1e-5)


def test_label_smoothing_of_a_tenth_makes_the_target_95_percent():
    model = small()
    training.compile_model(model, training.Recipe(label_smoothing=0.1), steps=10)
    loss = model.loss(np.array([1]), keras.ops.convert_to_tensor([[0.2, 0.8]]))
    assert float(loss[0]) == pytest.approx(-0.95 * math.log(0.8) - 0.05 * math.log(0.2), rel=1e-5)


def test_the_keras_recipe_is_adam_as_it_comes():
    parser = options.parser()
    parser.set_defaults(**training.RECIPES["keras"])
    args = vars(parser.parse_args(["--name", "x"]))
    adam, normalization = keras.optimizers.Adam(), keras.layers.BatchNormalization()
    rate = keras.ops.convert_to_numpy(adam.learning_rate)
    assert args["learning_rate"] == pytest.approx(rate) and args["schedule"] == "constant"
    assert args["momentum"] == normalization.momentum
    assert args["weight_decay"] == args["label_smoothing"] == args["warmup"] == 0
    assert args["initializer"] == "keras" and not args["augment"]
