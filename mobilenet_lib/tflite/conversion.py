"""From a Keras model to the content of a .tflite file."""

import logging
import re
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.lite.python.convert_phase import ConverterError

from mobilenet_lib.tflite import checks
from mobilenet_lib.tflite.correction import correct
from mobilenet_lib.tflite.files import packed, schema, unpacked
from mobilenet_lib.tflite.metadata import describe
from mobilenet_lib.tflite.names import leaves, rename

# The converter takes its own way, a fixed batch from a traced function, for an old one, and warns each time.
logging.getLogger("absl").addFilter(lambda record: "trackable_obj argument" not in record.getMessage())
warnings.filterwarnings("ignore", "Statistics for quantized inputs were expected", UserWarning)

MODES = ("float32", "float16", "dynamic", "int8")


def convert(
    model: keras.Model,
    mode: str,
    calibration: Any = None,
    *,
    labels: Sequence[str] = (),
    normalization: tuple[float, float] | None = None,
    int8_io: bool = False,
    uint8_io: bool = False,
    bias_correction: bool = True,
    per_channel: bool = True,
) -> bytes:
    """The content of a .tflite file that computes what `model` computes, for one image at a time.

    `mode` is how numbers are kept: "float32"; "float16" (weights); "dynamic" (weights as int8, the rest quantized while
    it runs); or "int8" (everything). The last needs `calibration`, some dozens of the images that the network will see,
    float32 `[N, H, W, C]` in [−1, 1]: they show which range each layer's output has. Input and output stay float32,
    unless `int8_io` or `uint8_io` makes them int8 or uint8, which in mode "int8" they may be.

    The file says how to normalize an image, and which class has which of the `labels`. `normalization` is what `model`
    takes: mean and standard deviation of (pixel − mean) / deviation, (127.5, 127.5) for [−1, 1] unless you say
    otherwise; (0, 1) for pixels as they are, which a model that begins with `Rescaling` may want. `calibration` is then
    in that range. A model of `models.with_maps` gives a file of two outputs: probabilities and maps.

    `bias_correction` puts back what rounding the weights adds to the mean of each channel (Nagel et al. 2019, arXiv
    1906.04721, section 4.2): in mode "int8", and in mode "dynamic" if there is `calibration`. `per_channel=False`
    gives each layer of an int8 file one scale instead of one per channel, and no correction: it spoils MobileNets, and
    is here to show it.

    Layers that compute in float16 are converted in float32. Raises `ValueError` for an argument that does not fit, such
    as a model of more than one input or of open size, one that gives no probabilities, one that may normalize by itself
    and comes without `normalization`, or any while Keras runs on another backend than TensorFlow.
    """
    if mode not in MODES:
        raise ValueError(f"mode must be one of {', '.join(MODES)}, not {mode!r}")
    for option, wanted in (("int8_io", int8_io), ("uint8_io", uint8_io)):
        if wanted and mode != "int8":
            raise ValueError(f"{option} must be False unless mode is 'int8'; mode is {mode!r}")
    if int8_io and uint8_io:
        raise ValueError("uint8_io must be False where int8_io is True: input and output have one type")
    shape = checks.model_shape(model)
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            f"model must run on TensorFlow, and Keras runs on {keras.backend.backend()}: save the model, and convert "
            "it in a process that was started with KERAS_BACKEND=tensorflow"
        )
    model = _in_float32(model)
    traced = _traced(model, shape)
    mean, deviation = checks.normalization(normalization, traced)
    span = checks.span(mean, deviation)
    shares, *_ = tf.nest.flatten(traced(tf.random.stateless_uniform((1, *shape), (0, 0), *span)))
    alone = "one number alone" if shares.shape[-1] == 1 else ""
    if problem := checks.no_probabilities(shares.numpy()[0], 1e-3 / shares.shape[-1]) or alone:
        raise ValueError(f"model must give probabilities, as with a softmax at its end; {model.name!r} gives {problem}")
    names = _named_classes(labels, shares.shape[-1])
    if mode == "int8" and calibration is None:
        raise ValueError("calibration must be some dozens of images for mode 'int8', not None")
    quantized = mode == "int8" or (mode == "dynamic" and calibration is not None)
    if quantized:
        calibration = checks.fitting("calibration", calibration, shape, span)

    converter = tf.lite.TFLiteConverter.from_concrete_functions([traced])
    if mode != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if mode == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if mode == "int8":
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        widened = _widened(calibration, mean, deviation)
        converter.representative_dataset = lambda: ([image[np.newaxis]] for image in widened)
        converter._experimental_disable_per_channel = not per_channel
    if int8_io or uint8_io:
        converter.inference_input_type = converter.inference_output_type = tf.int8 if int8_io else tf.uint8
    content = _converted(converter, model)
    if quantized and per_channel and bias_correction:
        exact = _converted(tf.lite.TFLiteConverter.from_concrete_functions([traced]), model)
        correct(content, exact, calibration)
    rename(content, model)
    describe(content, names, shape[-1], (mean, deviation))
    return packed(content, names)


def _in_float32(model: keras.Model) -> keras.Model:
    """`model`, or a copy in float32 if it computes in anything else: LiteRT has no kernels for that."""
    others = [layer for layer in leaves(model) if getattr(layer, "compute_dtype", "float32") != "float32"]
    if not others:
        return model

    def copied(layer: keras.Layer) -> keras.Layer:
        if isinstance(layer, keras.Model):
            return _in_float32(layer)
        return type(layer).from_config(in_float32(layer.get_config()))

    def in_float32(settings: Any) -> Any:
        if isinstance(settings, dict):  # that of a wrapper has that of the layer within
            return {key: "float32" if key == "dtype" else in_float32(part) for key, part in settings.items()}
        return [*map(in_float32, settings)] if isinstance(settings, list) else settings

    try:
        copy = keras.models.clone_model(model, clone_function=copied)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"model must compute in float32 or be made of Keras' own layers; {others[0].name!r} of {model.name!r} "
            f"computes in {others[0].compute_dtype}"
        ) from error
    copy.set_weights(model.get_weights())
    return copy


def _traced(model: keras.Model, shape: tuple[int, int, int]) -> Any:
    """`model` as a TensorFlow function of one float32 image.

    A fixed batch of 1 leaves no shapes to compute; browsers need it. The converter's own way from Keras goes through a
    SavedModel on disk and takes three times as long.
    """
    signature = [tf.TensorSpec((1, *shape), name="image")]
    function = tf.function(lambda image: model(image, training=False), input_signature=signature)
    return function.get_concrete_function()


def _named_classes(labels: Sequence[str] | None, classes: int) -> list[str]:
    names = [] if labels is None else [*labels] if isinstance(labels, Iterable) else [labels]
    lines = all(isinstance(name, str) and name.splitlines() == [name] for name in names)  # what the file keeps
    if names and (isinstance(labels, str | set) or len(names) != classes or not lines):
        raise ValueError(f"labels must name each of the {classes} classes in one line, not {labels!r}")
    return names


def _widened(calibration: np.ndarray, mean: float, deviation: float) -> np.ndarray:
    """`calibration` with two pixels that set the range of the input: black and white, whatever the photos have.

    With a mean between two pixels, such as 127.5, each pixel lies half-way between two int8 values, and errors of 1e-7
    in the normalization decide which way it is rounded: the same photo gives other results in other programs. So there
    the range is wider by half a pixel at both ends.
    """
    calibration, edge = calibration.copy(), 0.5 if abs(mean % 1 - 0.5) < 0.01 else 0
    pixels = calibration.reshape(-1, calibration.shape[-1])  # of images one pixel wide, too
    pixels[:1], pixels[1:2] = (-edge - mean) / deviation, (255 + edge - mean) / deviation
    return calibration


def _converted(converter: tf.lite.TFLiteConverter, model: keras.Model) -> schema.ModelT:
    wanted = "model must be made of operators that LiteRT has, without loops"
    try:
        content = unpacked(converter.convert())
    except ConverterError as error:  # of many pages
        missing = sorted(set(re.findall(r"error: '(tf\.\w+)' op", str(error)))) or str(error)[:200].splitlines()
        raise ValueError(f"{wanted}; {model.name!r} has {', '.join(missing)}") from None
    if len(content.subgraphs) != 1:
        raise ValueError(f"{wanted}; {model.name!r} has some")
    return content
