"""What is no classifier of images is refused, and what goes into one if it is not what it takes."""

import re

import keras
import numpy as np
import pytest
from networks import ROUNDING, SIZE, on_pixels, pictures, tiny, tiny_file

from mobilenet_lib import tflite

# Models


def image(*shape):
    return keras.Input(shape or (SIZE, SIZE, 3))


def pooled(*images):
    x = keras.layers.Add()(images) if len(images) > 1 else images[0]
    return keras.Model(images, keras.layers.GlobalAveragePooling2D()(x))


REFUSED = {
    "a path": (lambda: "model.keras", "must be a Keras model, not 'model.keras'"),
    "nothing": (lambda: None, "must be a Keras model, not None"),
    "a class never called": (keras.Model, "must have been built or called once, to have weights; '"),
    "layers never called": (lambda: keras.Sequential([keras.layers.Flatten()]), "must have been built or called once"),
    "open size": (lambda: pooled(image(None, None, 3)), r"must turn an image of known size .* \[None, None, None, 3\]"),
    "maps alone": (
        lambda: keras.Model(x := image(), keras.layers.ReLU()(x)),
        r"must turn an image .* into probabilities \[1, classes\]",
    ),
    "two inputs": (lambda: pooled(image(), image()), "must have one input and one output, .* has 2 and 1"),
}


@pytest.mark.parametrize(("model", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_classifier_of_images_is_refused(model, reason):
    with pytest.raises(ValueError, match=f"model {reason}"):
        tflite.convert(model(), "float32")


# Their normalization

NORMALIZING = {
    "Rescaling": lambda image: keras.layers.Rescaling(1 / 127.5, -1)(image),
    "Normalization": lambda image: keras.layers.Normalization(mean=[127.5] * 3, variance=[127.5**2] * 3)(image),
    "Lambda": lambda image: keras.layers.Lambda(lambda pixels: pixels / 127.5 - 1)(image),
    "preprocess_input": keras.applications.mobilenet.preprocess_input,
    "arithmetic": lambda image: keras.ops.subtract(image * (1 / 127.5), 1.0),
}


@pytest.mark.parametrize("normalize", NORMALIZING.values(), ids=NORMALIZING.keys())
def test_a_model_that_normalizes_by_itself_is_converted_for_what_it_is_said_to_take(normalize):
    whole = on_pixels(normalize)
    with pytest.raises(ValueError, match=r"normalization must say what the model takes, .* may normalize by itself"):
        tflite.convert(whole, "float32")
    pixels = np.random.default_rng(0).integers(0, 256, (20, SIZE, SIZE, 3)).astype(np.float32)
    expected = np.asarray(tiny()(pixels / 127.5 - 1, training=False))
    content = tflite.convert(whole, "float32", normalization=(0, 1))
    np.testing.assert_allclose(tflite.predict(content, pixels), expected, atol=ROUNDING)


@pytest.mark.parametrize(
    "normalization", [(127.5,), (0, 0), (0, -1), "ab", 1, ([1, 2, 3], [1, 2, 3]), (np.nan, 1), (0, 1e-46), (1e39, 1)]
)
def test_a_normalization_is_a_mean_and_a_deviation(normalization):
    wanted = f"normalization must be two numbers of float32, a mean and a deviation above 0, not {normalization!r}"
    with pytest.raises(ValueError, match=re.escape(wanted)):
        tflite.convert(tiny(), "float32", normalization=normalization)


# Images

UNFIT = {
    "one image without its batch": (pictures(1)[0], r"the shape of these is \[64, 64, 3\]"),
    "another size": (pictures(2, 32), r"\[N, 64, 64, 3\] .* the shape of these is \[2, 32, 32, 3\]"),
    "none": (pictures(0), r"the shape of these is \[0, 64, 64, 3\]"),
    "bytes": ((pictures(1) * 127 + 128).astype(np.uint8), "these are uint8"),
    "words": (np.full((1, SIZE, SIZE, 3), "cat"), "these are <U3"),
    "0…255": (pictures(1) * 127.5 + 127.5, "these go from .* to 25"),
    "NaN": (np.full((1, SIZE, SIZE, 3), np.nan), "not a number"),
    "infinity": (np.full((1, SIZE, SIZE, 3), np.inf), "infinite"),
}


@pytest.mark.parametrize(("images", "reason"), UNFIT.values(), ids=UNFIT.keys())
def test_images_that_do_not_fit_are_refused(images, reason):
    with pytest.raises(ValueError, match=f"calibration must be float images .*{reason}"):
        tflite.convert(tiny(), "int8", images)
    with pytest.raises(ValueError, match=f"images must be float images .*{reason}"):
        tflite.predict(tiny_file("float32"), images)
    with pytest.raises(ValueError, match=f"images must be float images .*{reason}"):
        tflite.evaluate(tiny_file("float32"), [(images, np.zeros(len(images), int))])
