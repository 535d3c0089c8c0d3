"""From Keras to .tflite: the same answers, small files, whole numbers where they are wanted."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from networks import LABELS, ROUNDING, SIZE, file, lively, on_pixels, opened, operators, pictures, tiny, tiny_file

from mobilenet_lib import tflite

# The same network


def test_the_float32_file_computes_what_keras_computes():
    images = pictures(20, seed=1)
    expected = np.asarray(lively()(images, training=False))
    assert np.ptp(expected[:, 0]) > 0.01, "the pictures must not all be alike to the network"
    np.testing.assert_allclose(tflite.predict(file("float32"), images), expected, atol=ROUNDING)


@pytest.mark.parametrize("mode", ["float16", "dynamic", "int8"])
def test_the_smaller_files_stay_close_to_keras(mode):
    images = pictures(20, seed=1)
    difference = tflite.predict(file(mode), images) - np.asarray(lively()(images, training=False))
    assert 0 < np.abs(difference).mean() < 0.1


@pytest.mark.parametrize("mode", tflite.MODES)
def test_a_file_takes_one_image_and_has_no_operator_for_padding_shapes_or_normalization(mode):
    assert lively().input_shape[0] is None, "in Keras, the batch is open"
    assert opened(file(mode)).get_input_details()[0]["shape_signature"].tolist() == [1, SIZE, SIZE, 3]
    needed = {"CONV_2D", "DEPTHWISE_CONV_2D", "MEAN", "RESHAPE", "SOFTMAX"}
    conversions = {"int8": {"QUANTIZE", "DEQUANTIZE"}, "float16": {"DEQUANTIZE"}}.get(mode, set())
    assert operators(file(mode)) == needed | conversions


def test_the_same_model_gives_the_same_file():
    assert tflite.convert(tiny(), "int8", pictures(20), labels=LABELS) == tiny_file("int8")


def test_conversion_leaves_the_keras_model_as_it_was():
    images, before = pictures(2), tiny().get_weights()
    expected = np.asarray(tiny()(images, training=False))
    tflite.convert(tiny(), "int8", pictures(5))
    for old, new in zip(before, tiny().get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    np.testing.assert_array_equal(np.asarray(tiny()(images, training=False)), expected)


def test_converting_prints_nothing_where_output_goes(capfd):
    tflite.convert(tiny(), "int8", pictures(5))
    assert not capfd.readouterr().out


# Small files


@pytest.mark.parametrize(("mode", "share"), [("float16", 0.55), ("int8", 0.37)])
def test_a_file_of_smaller_numbers_takes_about_half_or_a_third_of_the_float32_file(mode, share):
    """A quarter of the weights are the int8 file's, and the same tables. The book's own, twice as wide, takes 0.3."""
    assert len(file(mode)) <= share * len(file("float32"))


# Quantization


@pytest.mark.parametrize(("options", "count"), [({}, 8), ({"per_channel": False}, 1)])
def test_int8_has_one_scale_per_channel_and_one_per_tensor_if_asked(options, count):
    tensors = opened(tiny_file("int8", **options)).get_tensor_details()
    (kernel,) = (details for details in tensors if details["name"] == "first/kernel")
    assert len(kernel["quantization_parameters"]["scales"]) == count


@pytest.mark.parametrize(
    ("options", "kind"), [({}, np.float32), ({"int8_io": True}, np.int8), ({"uint8_io": True}, np.uint8)]
)
def test_int8_takes_and_gives_float32_unless_whole_numbers_are_asked_for(options, kind):
    content, images = tiny_file("int8", **options), pictures(10, seed=1)
    (image,), (answer,) = opened(content).get_input_details(), opened(content).get_output_details()
    assert image["dtype"] == answer["dtype"] == kind
    np.testing.assert_array_equal(tflite.predict(content, images), tflite.predict(tiny_file("int8"), images))


def test_an_int8_file_for_a_microcontroller_converts_no_numbers():
    assert not operators(tiny_file("int8", int8_io=True)) & {"QUANTIZE", "DEQUANTIZE"}


def test_a_uint8_file_takes_pixels_as_they_are():
    """The scale of its input makes 0…255 of the normalized pixels, give or take one: MediaPipe goes without it."""
    scale, zero_point = opened(tiny_file("int8", uint8_io=True)).get_input_details()[0]["quantization"]
    pixels = np.arange(256)
    assert np.abs((pixels / 127.5 - 1) / scale + zero_point - pixels).max() <= 1


def test_an_int8_file_for_pixels_as_they_are_keeps_each_of_them():
    pixels = np.random.default_rng(0).integers(0, 256, (20, SIZE, SIZE, 3)).astype(np.float32)
    content = tflite.convert(on_pixels(), "int8", pixels, normalization=(0, 1), int8_io=True)
    assert opened(content).get_input_details()[0]["quantization"] == (pytest.approx(1), -128)


def test_int8_does_not_depend_on_how_the_normalization_is_calculated():
    """Three ways to write x / 127.5 − 1, which differ by 1e-7: no pixel may lie so near to where rounding turns."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, SIZE, SIZE, 3)).astype(np.float32)
    divided = pixels / np.float32(127.5) - 1
    multiplied = np.clip(pixels * np.float32(1 / 127.5) - 1, -1, 1)
    centered = (pixels - np.float32(127.5)) / np.float32(127.5)
    assert (divided != multiplied).any()
    expected = tflite.predict(file("int8"), divided)
    np.testing.assert_array_equal(tflite.predict(file("int8"), multiplied), expected)
    np.testing.assert_array_equal(tflite.predict(file("int8"), centered), expected)


def test_the_input_covers_black_and_white_even_if_calibration_has_neither():
    gray = tflite.convert(tiny(), "int8", pictures(5) * 0.1, int8_io=True)
    scale, zero_point = opened(gray).get_input_details()[0]["quantization"]
    assert scale * (-128 - zero_point) <= -0.99 and scale * (127 - zero_point) >= 0.99


# Models of other kinds


def test_a_model_inside_a_model_is_converted_too():
    keras.utils.set_random_seed(0)
    backbone = keras.Model(tiny().input, tiny().layers[-1].input)
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), backbone, keras.layers.Dense(3, "softmax")])
    images = pictures(5, seed=1)
    expected = np.asarray(model(images, training=False))
    np.testing.assert_allclose(tflite.predict(tflite.convert(model, "float32"), images), expected, atol=ROUNDING)
    assert np.abs(tflite.predict(tflite.convert(model, "int8", pictures(20)), images) - expected).mean() < 0.1


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16"])
def test_a_model_of_another_precision_is_converted_in_float32(policy):
    keras.config.set_dtype_policy(policy)
    try:
        half = keras.models.clone_model(tiny(), clone_function=again)
        inside = keras.Sequential([keras.Input((SIZE, SIZE, 3)), half])
    finally:
        keras.config.set_dtype_policy("float32")
    half.set_weights(tiny().get_weights())
    images = pictures(5, seed=1)
    expected = np.asarray(tiny()(images, training=False))
    rounding = ROUNDING if policy.startswith("mixed") else 0.01  # its weights are of 11 bits
    for whole in (half, inside):
        np.testing.assert_allclose(tflite.predict(tflite.convert(whole, "float32"), images), expected, atol=rounding)
    assert half.get_layer("first").compute_dtype == policy.removeprefix("mixed_"), "the model is as it was"


def again(layer):
    """The layer as its settings give it, but of the precision that holds now."""
    return type(layer).from_config({name: value for name, value in layer.get_config().items() if name != "dtype"})


class Own(keras.Model):
    """A network as a class."""

    def __init__(self):
        super().__init__()
        self.first, self.last = keras.layers.Conv2D(8, 3, activation="relu"), keras.layers.Dense(2, "softmax")
        self.pool = keras.layers.GlobalAveragePooling2D()

    def call(self, image):
        return self.last(self.pool(self.first(image)))


@pytest.mark.parametrize("mode", tflite.MODES)
def test_a_model_that_is_a_class_is_converted_at_the_size_that_it_was_called_with(mode):
    keras.utils.set_random_seed(0)
    own, images = Own(), pictures(20, 32)
    expected = np.asarray(own(images))
    np.testing.assert_allclose(tflite.predict(tflite.convert(own, mode, images), images), expected, atol=0.01)


def test_a_model_that_is_a_class_of_another_precision_is_refused():
    half = Own()
    for layer in (half.first, half.last, half.pool):
        layer.dtype_policy = "mixed_float16"
    half(pictures(1))
    with pytest.raises(ValueError, match="model must compute in float32 or be made of Keras' own layers; 'conv2d"):
        tflite.convert(half, "float32")


# What stops at a bad argument


@pytest.mark.parametrize("mode", ["int4", "INT8", None])
def test_an_unknown_mode_is_refused(mode):
    wanted = f"mode must be one of float32, float16, dynamic, int8, not {mode!r}"
    with pytest.raises(ValueError, match=re.escape(wanted)):
        tflite.convert(tiny(), mode)


def test_int8_needs_calibration():
    with pytest.raises(ValueError, match="calibration must be some dozens of images for mode 'int8', not None"):
        tflite.convert(tiny(), "int8")


@pytest.mark.parametrize("kind", ["int8_io", "uint8_io"])
def test_whole_numbers_at_both_ends_are_for_the_int8_file(kind):
    with pytest.raises(ValueError, match=f"{kind} must be False unless mode is 'int8'; mode is 'dynamic'"):
        tflite.convert(tiny(), "dynamic", **{kind: True})
    with pytest.raises(ValueError, match="uint8_io must be False where int8_io is True"):
        tflite.convert(tiny(), "int8", pictures(1), int8_io=True, uint8_io=True)


LINES = ["cat\n", "dog\n"]  # as `readlines` gives them: in the file they would be four


@pytest.mark.parametrize(
    "labels",
    ["ab", 2, {"cat", "dog"}, ["cat"], ["cat", "dog", "bird"], [1, 2], ["cat\ndog", "bird"], ["", "dog"], LINES],
    ids=lambda labels: "a set" if isinstance(labels, set) else repr(labels),  # a set has no order
)
def test_labels_must_name_each_class(labels):
    with pytest.raises(ValueError, match="labels must name each of the 2 classes"):
        tflite.convert(tiny(), "float32", labels=labels)


UNSURE = {
    "logits": lambda x: keras.layers.Dense(2)(x),
    "one sigmoid": lambda x: keras.layers.Dense(1, "sigmoid")(x),
    "nan": lambda x: keras.layers.Softmax()(keras.layers.Rescaling(np.inf)(keras.layers.Dense(2)(x))),
}


@pytest.mark.parametrize("end", UNSURE.values(), ids=UNSURE.keys())
def test_a_model_that_gives_no_probabilities_is_refused(end):
    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 3))
    model = keras.Model(image, end(keras.layers.Flatten()(image)))
    with pytest.raises(ValueError, match=r"model must give probabilities, as with a softmax at its end; .* of sum"):
        tflite.convert(model, "float32")


@pytest.mark.parametrize(
    ("end", "sentence"),
    [
        (keras.layers.Dense(1, "sigmoid", bias_initializer=keras.initializers.Constant(9)), "gives one number alone$"),
        (keras.layers.Dense(300, "relu", bias_initializer=keras.initializers.Constant(1 / 600)), "of sum 0.5$"),
    ],
)
def test_numbers_that_would_do_for_an_int8_file_are_refused_of_a_model(end, sentence):
    image = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(2, 3, kernel_initializer="zeros")(image))
    with pytest.raises(
        ValueError, match=rf"model must give probabilities, as with a softmax at its end; .* {sentence}"
    ):
        tflite.convert(keras.Model(image, end(x)), "float32")


def test_images_one_pixel_wide_are_converted():
    image = keras.Input((32, 1, 3))
    model = keras.Model(image, keras.layers.Dense(2, "softmax")(keras.layers.Flatten()(image)))
    images = pictures(8, 32)[:, :, :1]
    said = tflite.predict(tflite.convert(model, "int8", images), images)
    np.testing.assert_allclose(said, model.predict(images, verbose=0), atol=0.05)


def test_layers_within_wrappers_are_converted_in_float32_too():
    half = {"dtype": "mixed_float16"}
    image = keras.Input((8, 8, 3))
    x = keras.layers.SpectralNormalization(keras.layers.Conv2D(4, 3, **half), **half)(image)
    x = keras.layers.TimeDistributed(keras.layers.Conv1D(4, 3, **half), **half)(x)
    x = keras.layers.Dense(2, "softmax", dtype="float32")(keras.layers.GlobalAveragePooling2D(**half)(x))
    model, images = keras.Model(image, x), pictures(2, 8)
    said = tflite.predict(tflite.convert(model, "float32"), images)
    np.testing.assert_allclose(said, model.predict(images, verbose=0), atol=5e-3)


def test_what_litert_cannot_compute_is_named():
    image = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(2, 3)(image))
    x = keras.layers.Lambda(lambda x: tf.math.betainc(tf.abs(x) + 1, tf.abs(x) + 1, tf.sigmoid(x)), (2,))(x)
    with pytest.raises(ValueError, match=r"^model must be made of operators that LiteRT has, .* has tf\.Betainc$"):
        tflite.convert(keras.Model(image, keras.layers.Softmax()(x)), "float32")


def test_on_another_backend_a_model_is_refused(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match=r"model must run on TensorFlow, and Keras runs on jax: .* KERAS_BACKEND=tens"):
        tflite.convert(tiny(), "float32")
