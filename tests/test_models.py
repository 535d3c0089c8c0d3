"""The Keras model against `keras.applications`, published figures and TensorFlow's profiler."""

import keras
import numpy as np
import pytest
from keras import layers

from mobilenet_lib import architecture, data, models
from mobilenet_lib.costs import Cost

ALPHAS = (1.0, 0.75, 0.5, 0.25)
RESOLUTIONS = (224, 192, 160, 128)


def randomize(model: keras.Model) -> None:
    """Random numbers in every weight, the moving variance positive: fresh statistics would hide what they do."""
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(0.5, 1.5, w.shape) * rng.choice([-0.2, 0.2], w.shape) for w in model.get_weights()])
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.moving_variance.assign(rng.uniform(0.5, 1.5, layer.moving_variance.shape))


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_with_the_same_weights_it_computes_what_keras_applications_does(alpha, resolution):
    theirs = keras.applications.MobileNet((resolution, resolution, 3), alpha=alpha, weights=None)
    randomize(theirs)
    ours = models.mobilenet(alpha, resolution)
    ours.set_weights(theirs.get_weights())
    images = np.random.default_rng(1).uniform(-1, 1, (2, resolution, resolution, 3)).astype("float32")
    expected = theirs(images, training=False)
    assert np.std(expected) > 1e-4, "the two images and their classes should differ"
    np.testing.assert_array_equal(ours(images, training=False), expected)


@pytest.mark.parametrize(("alpha", "params"), [(1, 4_253_864), (0.75, 2_601_976), (0.5, 1_342_536), (0.25, 475_544)])
def test_the_parameters_are_those_of_keras_applications(alpha, params):
    ours = models.mobilenet(alpha)
    theirs = keras.applications.MobileNet(alpha=alpha, weights=None)
    assert ours.count_params() == theirs.count_params() == params
    assert [w.shape for w in ours.trainable_weights] == [w.shape for w in theirs.trainable_weights]


def test_the_trainable_parameters_at_alpha_1():
    assert sum(np.prod(w.shape) for w in models.mobilenet().trainable_weights) == 4_231_976


@pytest.mark.parametrize("alpha", [0.25, 0.35, 1.0, 1.3])
@pytest.mark.parametrize("variant", [{}, {"separable": False}, {"shallow": True}])
def test_the_model_costs_what_its_architecture_says(alpha, variant):
    expected = architecture.total(architecture.mobilenet(alpha, 96, 10, **variant))
    assert models.cost(models.mobilenet(alpha, 96, 10, **variant)) == expected


def test_the_output_is_a_probability_for_each_class():
    images = np.random.default_rng(0).uniform(-1, 1, (3, 64, 64, 3))
    output = np.asarray(models.mobilenet(0.25, 64, 5)(images))
    assert output.shape == (3, 5)
    np.testing.assert_allclose(output.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("arguments", [{"alpha": 0}, {"resolution": 100}, {"classes": 0}])
def test_a_model_refuses_what_the_architecture_refuses(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        models.mobilenet(**arguments)


# Published: VGG16 and ResNet50 in the ResNet paper's counting (He et al. 2015, Table 1: 15.3 and 3.8 G without the
# dense layers and as printed), MobileNetV2 0.30 G and 3.4 M (Sandler et al. 2018, Table 4).
@pytest.mark.parametrize(
    ("network", "mult_adds", "params"),
    [("VGG16", 15.5e9, 138e6), ("ResNet50", 3.86e9, 25.5e6), ("MobileNetV2", 0.30e9, 3.4e6)],
)
def test_the_cost_of_known_networks(network, mult_adds, params):
    cost = models.cost(getattr(keras.applications, network)(weights=None))
    assert cost.mult_adds == pytest.approx(mult_adds, rel=0.005)
    assert cost.params == pytest.approx(params, rel=0.025)


def profiled(model: keras.Model) -> int:
    """Floating-point operations of one inference, as TensorFlow's profiler counts them."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2_as_graph

    spec = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32)
    function = tf.function(lambda x: model(x, training=False)).get_concrete_function(spec)
    frozen, _ = convert_variables_to_constants_v2_as_graph(function)
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    return tf.compat.v1.profiler.profile(frozen.graph, options=options).total_float_ops


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(8, 3, use_bias=False),
        layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False),
        layers.Conv2D(8, 3, dilation_rate=2, use_bias=False),
        layers.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False),
        layers.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False),
        layers.SeparableConv2D(8, 3, use_bias=False),
    ],
    ids=["valid", "same, stride 2", "dilated", "depthwise times 2", "depthwise, stride 2", "separable"],
)
def test_one_layer_costs_half_the_operations_that_tensorflow_profiles(layer):
    # TensorFlow works on a dilated convolution in 2×2 parts, and pads an odd size: an even one has nothing to pad.
    size = 17 if layer.dilation_rate == (1, 1) else 18
    model = keras.Sequential([keras.Input((size, size, 6)), layer])
    assert models.cost(model).mult_adds * 2 == profiled(model)


def test_a_dense_layer_costs_half_the_operations_that_tensorflow_profiles():
    model = keras.Sequential([keras.Input((50,)), layers.Dense(7, use_bias=False)])
    assert models.cost(model) == Cost(350, 350)
    assert profiled(model) == 2 * 350


def test_a_grouped_convolution_costs_its_share():
    model = keras.Sequential([keras.Input((10, 10, 8)), layers.Conv2D(16, 3, groups=4, padding="same")])
    assert models.cost(model) == Cost(100 * 9 * 2 * 16, 9 * 2 * 16)


def test_a_dense_layer_on_a_map_is_paid_at_each_position():
    model = keras.Sequential([keras.Input((4, 4, 3)), layers.Dense(5)])
    assert models.cost(model) == Cost(16 * 15, 15)


def test_bias_and_batch_normalization_are_not_counted():
    model = keras.Sequential([keras.Input((4, 4, 3)), layers.Conv2D(5, 1), layers.BatchNormalization()])
    assert models.cost(model) == Cost(16 * 15, 15)


def test_models_inside_models_are_counted_at_the_size_they_are_used():
    inner = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(5, 1)])
    outer = keras.Sequential([keras.Input((4, 4, 3)), inner, layers.Flatten(), layers.Dense(2)])
    assert models.cost(outer) == Cost(16 * 15 + 160, 15 + 160)


def test_a_layer_used_twice_works_twice_and_weighs_once():
    left, right = keras.Input((4, 4, 3)), keras.Input((8, 8, 3))
    shared = layers.Conv2D(5, 1)
    pool = layers.GlobalAveragePooling2D()
    model = keras.Model([left, right], pool(shared(left)) + pool(shared(right)))
    assert models.cost(model) == Cost((16 + 64) * 15, 15)


def test_counting_leaves_the_model_as_it_was():
    model = models.mobilenet(0.25, 32, 2)
    before = set(vars(model.layers[1]))
    assert models.cost(model) == models.cost(model)
    assert set(vars(model.layers[1])) == before


def test_a_summary_is_what_keras_prints_in_plain_text(capsys):
    models.summary(keras.Sequential([keras.Input((32, 32, 32)), layers.Conv2D(64, 3, name="conv")]), width=60)
    lines = capsys.readouterr().out.splitlines()
    assert "│ conv (Conv2D)" in lines[4] and " Total params: 18,496 (72.25 KB)" in lines
    assert max(map(len, lines)) == 60 and "\x1b" not in "".join(lines)


def test_an_unknown_layer_with_weights_is_named():
    model = keras.Sequential([keras.Input((4,)), layers.Embedding(3, 4, name="words")])
    with pytest.raises(ValueError, match="'words' with weights, a Embedding; only standard, depthwise"):
        models.cost(model)


@pytest.mark.parametrize("shape", [(None, None, 3), (224, None, 3)])
def test_a_model_of_unknown_size_is_refused(shape):
    model = keras.Sequential([keras.Input(shape, name="image"), layers.Conv2D(2, 3)], name="open")
    with pytest.raises(ValueError, match="model must have an input of known size; that of 'open' is open"):
        models.cost(model)


def test_a_model_that_was_never_built_is_refused():
    with pytest.raises(ValueError, match="known size"):
        models.cost(keras.Sequential([layers.Conv2D(2, 3)]))


def test_maps_have_the_logits_as_their_mean():
    model = models.mobilenet(0.25, 96, 3)
    randomize(model)
    images = np.random.default_rng(1).uniform(-1, 1, (2, 96, 96, 3)).astype("float32")
    probabilities, maps = models.with_maps(model)(images, training=False)
    assert maps.shape == (2, 3, 3, 3)
    logits = np.mean(maps, axis=(1, 2), dtype=np.float64)
    expected = keras.Model(model.input, model.get_layer("logits").output)(images, training=False)
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
    np.testing.assert_array_equal(probabilities, model(images, training=False))


def test_maps_are_for_models_that_pool_before_they_classify():
    inputs = keras.Input((32, 32, 3))
    with pytest.raises(ValueError, match="model must be one that `mobilenet` built, not 'flat'"):
        models.with_maps(keras.Model(inputs, layers.Dense(2)(layers.Flatten()(inputs)), name="flat"))


def test_the_imagenet_backbone_sees_in_a_photo_what_keras_applications_sees(imagenet_weights, photos):
    theirs = keras.applications.MobileNet((224, 224, 3), alpha=0.25, include_top=False, weights="imagenet")
    photo = sorted(photos.rglob("cat.4001.jpg"))[0]
    image = data.normalize(data.read(photo, 224))[None]
    ours = models.imagenet_backbone(0.25, 224)
    expected = np.asarray(theirs(image, training=False))
    assert expected.max() > 1, "a photo should excite some feature"
    np.testing.assert_array_equal(ours(image, training=False), expected)
