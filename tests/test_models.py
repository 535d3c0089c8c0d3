"""The Keras model against `keras.applications`."""

import json
import os
from fractions import Fraction

import keras
import numpy as np
import pytest
from keras import layers
from processes import run

from mobilenet_lib import architecture, data, models

# The weights do not depend on the resolution: each width is tried at one, and the narrowest at the others.
SIZES = [(1.0, 224), (0.75, 128), (0.5, 128), (0.25, 224), (0.25, 192), (0.25, 160), (0.25, 128)]


def randomize(model: keras.Model) -> None:
    """Random numbers in every weight, such that the signal lives, and some of it exceeds 6, all the way through."""
    rng = np.random.default_rng(0)
    for weight in model.weights:
        shape = weight.shape
        if len(shape) == 4:
            seen = np.prod(shape[:2] if shape[-1] == 1 else shape[:3])
            values = rng.normal(0, 2 / np.sqrt(seen), shape)
        else:
            positive = "gamma" in weight.path or "variance" in weight.path
            values = rng.uniform(0.5, 1.5, shape) if positive else rng.uniform(-0.5, 0.5, shape)
        weight.assign(values)


@pytest.mark.parametrize(("alpha", "resolution"), SIZES)
def test_with_the_same_weights_it_computes_what_keras_applications_does(alpha, resolution):
    theirs = keras.applications.MobileNet((resolution, resolution, 3), alpha=alpha, weights=None)
    randomize(theirs)
    ours = models.mobilenet(alpha, resolution)
    ours.set_weights(theirs.get_weights())
    images = np.random.default_rng(1).uniform(-1, 1, (2, resolution, resolution, 3)).astype("float32")
    images[1] = np.linspace(-1, 1, resolution)[:, None]  # another kind of image, from dark to bright
    expected = theirs(images, training=False)
    assert np.abs(np.log(expected[0] / expected[1])).mean() > 0.1, "the answers must depend on the image"
    np.testing.assert_array_equal(ours(images, training=False), expected)


@pytest.mark.parametrize(("alpha", "params"), [(1, 4_253_864), (0.75, 2_601_976), (0.5, 1_342_536), (0.25, 475_544)])
def test_the_parameters_are_those_of_keras_applications(alpha, params):
    ours = models.mobilenet(alpha)
    theirs = keras.applications.MobileNet(alpha=alpha, weights=None)
    assert ours.count_params() == theirs.count_params() == params
    assert [w.shape for w in ours.trainable_weights] == [w.shape for w in theirs.trainable_weights]


@pytest.mark.parametrize("alpha", [0.35, 1.3])
@pytest.mark.parametrize(
    "variant", [{}, {"separable": False}, {"shallow": True}, {"separable": False, "shallow": True}]
)
def test_the_model_costs_what_its_architecture_says(alpha, variant):
    expected = architecture.total(architecture.mobilenet(alpha, 96, 10, **variant))
    assert models.cost(models.mobilenet(alpha, 96, 10, **variant)) == expected


# Settings of a reader's own.

SAME = """
    import numpy as np
    from mobilenet_lib import models
    model = models.mobilenet(0.25, 64, 2)
    image, *layers = model.layers
    print(model.count_params(), image.output.dtype, {weight.dtype for weight in model.weights})
    print({layer.compute_dtype for layer in layers})
    print(model.output_shape, np.asarray(model(np.zeros((1, 64, 64, 3)))).dtype, models.cost(model).mult_adds)
"""


@pytest.mark.fault("Keras has settings of another project")
def test_a_model_is_the_same_whatever_is_in_the_readers_keras_json(tmp_path, shown):
    settings = {"image_data_format": "channels_first", "floatx": "float16", "epsilon": 0.1}
    (tmp_path / "keras.json").write_text(json.dumps({"backend": "tensorflow"} | settings))
    done = run(SAME, env=os.environ | {"KERAS_HOME": str(tmp_path)})
    mult_adds = architecture.total(architecture.mobilenet(0.25, 64, 2)).mult_adds
    same = ["219058 float32 {'float32'}", "{'float32'}", f"(None, 2) float32 {mult_adds}"]
    assert done.stdout.splitlines() == same, done.stderr
    shown(done.stderr)
    for setting, value in settings.items():
        assert f"{tmp_path / 'keras.json'} sets {setting} to {value!r}" in done.stderr


def test_a_model_is_the_same_whatever_precision_is_the_rule():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = models.mobilenet(0.25, 32, 2)
    finally:
        keras.config.set_dtype_policy("float32")
    assert {layer.compute_dtype for layer in model.layers[1:]} == {model.inputs[0].dtype} == {"float32"}


@pytest.mark.parametrize("arguments", [{"alpha": 0}, {"resolution": 100}, {"classes": 0}])
def test_a_model_refuses_what_the_architecture_refuses(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        models.mobilenet(**arguments)


@pytest.mark.parametrize(("name", "value"), [("momentum", 5), ("momentum", -0.1), ("dropout", 1), ("dropout", "much")])
def test_momentum_and_dropout_are_shares_below_1(name, value):
    with pytest.raises(ValueError, match=f"{name} must be from 0 to below 1, not {value!r}"):
        models.mobilenet(0.25, 32, 2, **{name: value})


def test_a_width_may_be_a_fraction():
    model = models.mobilenet(Fraction(1, 4), 32, 1000)
    assert model.name == "mobilenet_0_25_32"
    assert model.count_params() == 475_544  # of `keras.applications.MobileNet(alpha=0.25)`


def test_a_backbone_is_refused_before_anything_is_downloaded():
    with pytest.raises(ValueError, match=r"alpha must be .*, not \[0\.25\]"):
        models.imagenet_backbone([0.25])
    with pytest.raises(ValueError, match="resolution must be a multiple of 32, not 100"):
        models.imagenet_backbone(0.25, 100)


def test_a_summary_has_the_layers_and_the_parameters(capsys):
    model = keras.Sequential(
        [keras.Input((32, 32, 32)), layers.Conv2D(64, 3, name="conv"), layers.BatchNormalization(name="bn")]
    )
    models.summary(model)
    said = capsys.readouterr().out.splitlines()
    assert said[1].split() == ["conv", "(Conv2D)", "(None,", "30,", "30,", "64)", "18,496"]
    assert said[-3:] == ["total: 18,752", "trainable: 18,624", "non-trainable: 128"]
    assert max(map(len, said)) <= 72
    assert len({len(line) for line in said[:3]}) == 1


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
