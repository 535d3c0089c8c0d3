"""From a Keras model to a .tflite file, the format of LiteRT (once TensorFlow Lite), and running it.

LiteRT is what runs networks on phones, microcontrollers and in browsers; the same file runs here.

    python -m mobilenet_lib.tflite photo.jpg          a cat or a dog?
    python -m mobilenet_lib.tflite record NAME        what each file format does to a kept model, into data/exports;
                                                      with --keep, the files of the book are made from it too
"""

from __future__ import annotations

import argparse
import copy
import io
import json
import logging
import os
import re
import shlex
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

import flatbuffers
import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from flatbuffers.number_types import Float32Flags, Uint8Flags
from flatbuffers.table import Table
from tensorflow.lite.python.convert_phase import ConverterError
from tensorflow.lite.tools import flatbuffer_utils

from mobilenet_lib import data, models, training
from mobilenet_lib.architecture import REDUCTION
from mobilenet_lib.costs import positive
from mobilenet_lib.locks import alone

# The converter takes its own way, a fixed batch from a traced function, for an old one, and warns each time.
logging.getLogger("absl").addFilter(lambda record: "trackable_obj argument" not in record.getMessage())
warnings.filterwarnings("ignore", "Statistics for quantized inputs were expected", UserWarning)

schema = flatbuffer_utils.schema_fb
builtin = schema.BuiltinOperator

File = bytes | bytearray | str | os.PathLike  # a .tflite file: its content, or where it lies

MODES = ("float32", "float16", "dynamic", "int8")
EXPORTS = training.DATA / "exports"
IMAGENET = "imagenet-128"  # as the name of a model: Google's weights at α = 0.25 and 128 pixels under a new classifier
LABELS = "labels.txt"  # the name that the documentation of the format gives to this file
OUTPUTS = ("probabilities", "maps")
# The files that the book keeps, for phones, for its page "Try it" and for the command line.
KEPT = {"cats-dogs.tflite": "float32", "cats-dogs-int8.tflite": "int8"}
MODEL = training.MODELS / "cats-dogs.tflite"
NORMALIZATION = (127.5, 127.5)  # mean and standard deviation of `data.normalize`


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
    for name, wanted in (("int8_io", int8_io), ("uint8_io", uint8_io)):
        if wanted and mode != "int8":
            raise ValueError(f"{name} must be False unless mode is 'int8'; mode is {mode!r}")
    if int8_io and uint8_io:
        raise ValueError("uint8_io must be False where int8_io is True: input and output have one type")
    shape = _image_shape(model)
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            f"model must run on TensorFlow, and Keras runs on {keras.backend.backend()}: save the model, and convert "
            "it in a process that was started with KERAS_BACKEND=tensorflow"
        )
    model = _in_float32(model)
    # A fixed batch of 1 leaves no shapes to compute; browsers need it. The converter's own way from Keras goes
    # through a SavedModel on disk and takes three times as long.
    signature = [tf.TensorSpec((1, *shape), name="image")]
    function = tf.function(lambda image: model(image, training=False), input_signature=signature)
    traced = function.get_concrete_function()
    mean, deviation = _normalization(normalization, traced)
    span = ((0 - mean) / deviation, (255 - mean) / deviation)
    shares, *_ = tf.nest.flatten(traced(tf.random.stateless_uniform((1, *shape), (0, 0), *span)))
    if problem := _no_probabilities(shares.numpy()[0]):
        raise ValueError(f"model must give probabilities, as with a softmax at its end; {model.name!r} gives {problem}")
    names = _named_classes(labels, shares.shape[-1])
    if mode == "int8" and calibration is None:
        raise ValueError("calibration must be some dozens of images for mode 'int8', not None")
    quantized = mode == "int8" or (mode == "dynamic" and calibration is not None)
    if quantized:
        calibration = _images("calibration", calibration, shape, span)

    converter = _converter(traced)
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
        _correct(content, _converted(_converter(traced), model), calibration)
    _name(content, model)
    _describe(content, names, shape[-1], (mean, deviation))
    return _packed(content, names)


def resized(tflite_model: File, resolution: int) -> bytes:
    """The same MobileNet for images of `resolution` × `resolution` pixels, without another conversion.

    No weight depends on the size of the image, only the shapes between the layers do. Raises `ValueError` unless
    `tflite_model` is a whole .tflite file of an image classifier and `resolution` a positive multiple of 32, and if the
    file was converted for 32 pixels: there the converter leaves out the mean over the last maps, of one pixel each.
    """
    resolution = positive("resolution", resolution)
    if resolution % REDUCTION:
        raise ValueError(f"resolution must be a multiple of {REDUCTION}, not {resolution!r}")
    *side, channels = _Network(tflite_model, 1).shape
    content = flatbuffer_utils.convert_bytearray_to_object(bytearray(_read(tflite_model)))
    (graph,) = content.subgraphs
    graph.tensors[graph.inputs[0]].shape = [1, resolution, resolution, channels]
    # LiteRT works out the other shapes; the accelerator would hide them.
    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        opened = _opened(_packed(content), experimental_op_resolver_type=plain)
    except ValueError as error:
        raise ValueError(
            f"tflite_model must take images of other sizes too; {_called(tflite_model)}, made for "
            f"{side[0]} × {side[1]} pixels, cannot take {resolution} × {resolution}: convert the model at that size"
        ) from error
    for details in opened.get_tensor_details():
        if details["index"] < len(graph.tensors):
            graph.tensors[details["index"]].shape = details["shape"]
    return _packed(content, labels(tflite_model))


def operators(tflite_model: File) -> dict[str, bytes]:
    """Each operator of the file as a .tflite file of its own, by the name of its layer, from first to last.

    LiteRT's interface to Python does not say which operator takes how long; `latency` of these files does. What only
    unpacks weights, as in a float16 file, stays with the operator that uses them.
    """
    _opened(tflite_model)
    content = flatbuffer_utils.convert_bytearray_to_object(bytearray(_read(tflite_model)))
    if len(content.subgraphs) != 1:
        raise ValueError(f"tflite_model must hold one graph; {_called(tflite_model)} holds {len(content.subgraphs)}")
    (graph,) = content.subgraphs
    files: dict[str, bytes] = {}
    unpacking: dict[int, list[schema.OperatorT]] = {}
    for operator in graph.operators:
        inputs = [place for place in operator.inputs if place != -1]  # -1 stands for one that is left out
        before = [part for place in inputs for part in unpacking.get(place, [])]
        if all(_constant(content, place) or place in unpacking for place in inputs):
            unpacking[operator.outputs[0]] = [*before, operator]
            continue
        names = [graph.tensors[place].name.decode() for place in (*operator.inputs[1:2], operator.outputs[0])]
        name = next((name.removesuffix("/kernel") for name in names if name.endswith("/kernel")), names[-1])
        if operator.outputs[0] in graph.outputs:  # for maps, the classifier works a second time
            name = names[-1]
        files[name] = _cut(content, [*before, operator])
    return files


def save(tflite_model: bytes, path: str | os.PathLike) -> None:
    """Write what `convert` returned to `path`; a file that was there stays whole until the new one is."""
    training.write(Path(path), tflite_model)


def predict(tflite_model: File, images: Any, *, threads: int = 1) -> np.ndarray:
    """Probabilities `[N, classes]`, float32, that the file gives for float32 `images` `[N, H, W, C]` in [−1, 1].

    `tflite_model` is a path or what `convert` returned; if its metadata say another normalization, `images` are in the
    range of that one. Raises `ValueError` if it is not a whole .tflite file of an image classifier, if what it gives
    are no probabilities, or if `images` do not fit it.
    """
    network = _Network(tflite_model, threads)
    images = _images("images", images, network.shape, network.span)
    return np.stack([network(image) for image in images])


def maps(tflite_model: File, images: Any, *, threads: int = 1) -> np.ndarray:
    """Where the file looked: `[N, h, w, classes]`, float32, what speaks for each class at each place of the images.

    Takes and raises what `predict` does, and `ValueError` if the file was not converted from a model of
    `models.with_maps`.
    """
    network = _Network(tflite_model, threads)
    if not network.has_maps:
        raise ValueError(f"tflite_model must give maps as its second output; {_called(tflite_model)} has one output")
    images = _images("images", images, network.shape, network.span)
    return np.stack([network.outputs(image)[1] for image in images])


def evaluate(tflite_model: File, dataset: Iterable[tuple[Any, Any]], *, threads: int = 1) -> training.Evaluation:
    """What the file says about every batch `(images, labels)` of `dataset`, as `training.evaluate` for a model."""
    network = _Network(tflite_model, threads)
    probabilities, answers = [], []
    for images, labels in dataset:
        probabilities += [network(image) for image in _images("dataset", images, network.shape, network.span)]
        answers.append(np.asarray(labels))
    if not answers:
        raise ValueError("dataset must have at least one batch, not none")
    return training.Evaluation(np.stack(probabilities), np.concatenate(answers))


# What `record` makes of a model: names of files, and the arguments of `convert` for each.
RECORDED: dict[str, dict[str, Any]] = {
    **{mode: {"mode": mode} for mode in MODES},
    "int8, not corrected": {"mode": "int8", "bias_correction": False},
    "int8, one scale per layer": {"mode": "int8", "per_channel": False},
}


def kept_files(model: keras.Model, photos: Any) -> dict[str, bytes]:
    """The files of `KEPT`, by name: `model` with maps, and as labels the classes of `photos`.

    100 training images of `photos`, which `data.load` returned at the size of the model, calibrate int8.
    """
    options = {"calibration": _calibration(photos), "labels": photos.class_names}
    return {name: convert(models.with_maps(model), mode, **options) for name, mode in KEPT.items()}


def _calibration(photos: Any) -> np.ndarray:
    return data.normalize(photos.images("train")[0][:100])


def record(model: keras.Model, photos: Any, *, threads: int = 2) -> dict[str, Any]:
    """What each file format does to `model` on the test split of `photos`, with where, when and with what.

    `photos` are what `data.load` returns, at the size of the model; 100 of its training images calibrate int8. For each
    file: its bytes, the largest and the mean difference of its probabilities from Keras, how many answers it changes,
    and its accuracy. Raises `ValueError` if the model does not fit.
    """
    calibration = _calibration(photos)
    in_keras = training.evaluate(model, photos.test)
    files = []
    for name, options in RECORDED.items():
        content = convert(model, calibration=calibration, labels=photos.class_names, **options)
        says = evaluate(content, photos.test, threads=threads)
        difference = np.abs(says.probabilities - in_keras.probabilities)
        files.append(
            {
                "file": name,
                "bytes": len(content),
                "largest_difference": float(f"{difference.max():.2g}"),
                "mean_difference": float(f"{difference.mean():.2g}"),
                "changed": int((says.predictions != in_keras.predictions).sum()),
                "accuracy": round(says.accuracy, 5),
            }
        )
    return {
        "resolution": model.input_shape[1],
        "keras": round(in_keras.accuracy, 5),
        "files": files,
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "data": {"source": photos.source, "drawn": photos.drawn, "counts": photos.counts},
        "versions": training.versions() | {"ai-edge-litert": version("ai-edge-litert")},
        "machine": training.machine(),
    }


def labels(tflite_model: File) -> tuple[str, ...]:
    """The names of the classes that travel with the file; none if it has none. Raises `ValueError` for damaged ones."""
    content = _read(tflite_model)
    if LABELS.encode() not in content:  # the metadata name them, too
        return ()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as attached:
            return tuple(attached.read(LABELS).decode().splitlines()) if LABELS in attached.namelist() else ()
    except Exception as error:  # zipfile raises whatever it stumbles over
        raise ValueError(
            f"tflite_model must be a whole .tflite file, not {_called(tflite_model)}: its labels are damaged ({error})"
        ) from error


@dataclass(frozen=True, eq=False, repr=False)
class Latency:
    """How long a model took for one image, in milliseconds, `[repeats]`."""

    milliseconds: np.ndarray

    @property
    def median(self) -> float:
        return float(np.median(self.milliseconds))

    @property
    def quartiles(self) -> tuple[float, float]:
        """A quarter of the runs were faster than the first, a quarter slower than the second."""
        low, high = np.percentile(self.milliseconds, [25, 75])
        return float(low), float(high)

    def __repr__(self) -> str:
        low, high = self.quartiles
        return f"{self.median:.3g} ms (half of {len(self.milliseconds)} runs took {low:.3g} to {high:.3g} ms)"


def latency(
    tflite_models: File | Mapping[str, File], *, repeats: int = 100, threads: int | Mapping[str, int] = 1
) -> Latency | dict[str, Latency]:
    """How long one image takes: for one model, or for each in a dictionary of models.

    `threads` is how many processor cores each may use, or a dictionary with the number for each name.

    Several models take turns, each time in another order, so that whatever else the machine does, and whoever ran just
    before, meets all of them alike: divide the times of two turn by turn to compare them. In its turn a model runs
    twice, and the second run counts: the first one brings its weights back into the processor's cache, where they would
    be when it runs frame after frame.
    """
    repeats = positive("repeats", repeats)
    if not isinstance(tflite_models, Mapping):
        return latency({"": tflite_models}, repeats=repeats, threads=threads)[""]
    if not tflite_models:
        raise ValueError("tflite_models must hold at least one model, not none")
    if not isinstance(threads, Mapping):
        threads = dict.fromkeys(tflite_models, threads)
    if missing := [name for name in tflite_models if name not in threads]:
        raise ValueError(f"threads must have a number for each of the models; {missing[0]!r} has none")
    interpreters = {name: _opened(model, threads[name]) for name, model in tflite_models.items()}
    names, noise = list(interpreters), np.random.default_rng(0)
    for interpreter in interpreters.values():
        for details in interpreter.get_input_details():
            interpreter.set_tensor(details["index"], _noise(noise, details))
    times = {name: np.empty(repeats) for name in interpreters}
    for turn in range(-max(3, repeats // 10), repeats):  # those before 0 warm up
        for place in noise.permutation(len(names)):
            name = names[place]
            interpreter = interpreters[name]
            interpreter.invoke()
            start = time.perf_counter()
            interpreter.invoke()
            if turn >= 0:
                times[name][turn] = 1e3 * (time.perf_counter() - start)
    return {name: Latency(values) for name, values in times.items()}


def _noise(source: np.random.Generator, details: dict[str, Any]) -> np.ndarray:
    """Numbers for an input of the interpreter: how long convolutions take does not depend on which."""
    if np.issubdtype(details["dtype"], np.floating):
        return source.uniform(-1, 1, details["shape"]).astype(details["dtype"])
    return source.integers(0, 128, details["shape"]).astype(details["dtype"])


def _opened(tflite_model: File, threads: int = 1, **options: Any) -> Interpreter:
    content = _read(tflite_model)
    threads = positive("threads", threads)
    try:
        interpreter = Interpreter(model_content=content, num_threads=threads, **options)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ValueError(
            f"tflite_model must be a whole .tflite file, not {_called(tflite_model)}: {str(error).strip()}"
        ) from None
    return interpreter


class _Network:
    """A .tflite file in the interpreter: one image in, the probabilities of its classes out, and perhaps maps."""

    def __init__(self, tflite_model: File, threads: int) -> None:
        self.interpreter = _opened(tflite_model, threads)
        inputs, self._outputs = self.interpreter.get_input_details(), self.interpreter.get_output_details()
        if len(inputs) != 1 or len(self._outputs) not in (1, 2):
            raise ValueError(
                "tflite_model must have one input and one output, or a second one for maps; "
                f"{_called(tflite_model)} has {len(inputs)} and {len(self._outputs)}"
            )
        (self._input,) = inputs
        shape, *out = ([int(size) for size in each["shape_signature"]] for each in (self._input, *self._outputs))
        if not _fits(shape, out) or shape[0] not in (1, -1):
            raise ValueError(
                "tflite_model must turn one image [1, H, W, C] into probabilities [1, classes]; "
                f"{_called(tflite_model)} turns {shape} into {', '.join(map(str, out))}"
            )
        self.shape, self.classes = tuple(shape[1:]), out[0][1]
        self.has_maps = len(out) == 2
        self.mean, self.deviation = _described(tflite_model)
        self.span = float(np.min((0 - self.mean) / self.deviation)), float(np.max((255 - self.mean) / self.deviation))
        self._called = _called(tflite_model)

    def __call__(self, image: np.ndarray) -> np.ndarray:
        shares = self.outputs(image)[0]
        if problem := _no_probabilities(shares):
            raise ValueError(f"tflite_model must give probabilities; {self._called} gives {problem}")
        return shares

    def outputs(self, image: np.ndarray) -> list[np.ndarray]:
        scale, zero_point = self._input["quantization"]
        if scale:
            kind = np.iinfo(self._input["dtype"])
            image = np.clip(np.round(image / np.float32(scale)) + zero_point, kind.min, kind.max).astype(kind.dtype)
        self.interpreter.set_tensor(self._input["index"], image[np.newaxis])
        self.interpreter.invoke()
        return [self._value(details) for details in self._outputs]

    def _value(self, output: dict[str, Any]) -> np.ndarray:
        value = self.interpreter.get_tensor(output["index"])[0]
        scale, zero_point = output["quantization"]
        return np.float32(scale) * (value.astype(np.float32) - zero_point) if scale else value


def _no_probabilities(shares: np.ndarray) -> str:
    """What speaks against these being probabilities, and nothing if they are: in int8, each is a 256th."""
    total = float(shares.sum())
    if (shares >= 0).all() and abs(total - 1) <= len(shares) / 256:
        return ""
    some = ", ".join(f"{share:.3g}" for share in shares[:5]) + (", …" if len(shares) > 5 else "")
    return f"[{some}], of sum {total:.3g}"


def _image_shape(model: keras.Model) -> tuple[int, int, int]:
    """Height, width and channels of the one image that `model` takes."""
    if not isinstance(model, keras.Model):
        raise ValueError(f"model must be a Keras model, not {model!r}")
    if not model.built:
        raise ValueError(f"model must have been built or called once, to have weights; {model.name!r} has not")
    inputs, outputs = (getattr(model, kind, None) or () for kind in ("inputs", "outputs"))
    if not inputs:  # a class of the reader's own, which knows what it was built for
        shape = (model.get_build_config() or {}).get("input_shape")
        if shape is None or not all(isinstance(size, int) for size in shape[1:]):
            raise ValueError(f"model must take one image of known size; {model.name!r} does not say which it takes")
        inputs = [keras.KerasTensor((1, *shape[1:]))]
        outputs = tf.nest.flatten(model.compute_output_spec(*inputs))
    if len(inputs) != 1 or len(outputs) not in (1, 2):
        raise ValueError(
            f"model must have one input and one output, or a second one for maps, not {len(inputs)} and {len(outputs)}"
        )
    shape, *out = (list(each.shape) for each in (*inputs, *outputs))
    if not _fits(shape, out):
        raise ValueError(
            "model must turn images of known size [batch, H, W, C] into probabilities [batch, classes]; "
            f"{model.name!r} turns {shape} into {', '.join(map(str, out))}"
        )
    return tuple(shape[1:])


def _in_float32(model: keras.Model) -> keras.Model:
    """`model`, or a copy in float32 if it computes in anything else: LiteRT has no kernels for that."""
    others = [layer for layer in _leaves(model) if getattr(layer, "compute_dtype", "float32") != "float32"]
    if not others:
        return model

    def copied(layer: keras.Layer) -> keras.Layer:
        if isinstance(layer, keras.Model):
            return _in_float32(layer)
        settings = layer.get_config()
        return type(layer).from_config(settings | {"dtype": "float32"} if "dtype" in settings else settings)

    try:
        copy = keras.models.clone_model(model, clone_function=copied)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"model must compute in float32 or be made of Keras' own layers; {others[0].name!r} of {model.name!r} "
            f"computes in {others[0].compute_dtype}"
        ) from error
    copy.set_weights(model.get_weights())
    return copy


# What a network does to an image before its first weights if it normalizes by itself.
ARITHMETIC = {"Mul", "Sub", "Add", "AddV2", "Div", "RealDiv", "DivNoNan", "FusedBatchNormV3"}
WEIGHING = {"Conv2D", "DepthwiseConv2dNative", "MatMul", "BatchMatMulV2", "Einsum"}


def _normalization(given: tuple[float, float] | None, traced: Any) -> tuple[float, float]:
    """Mean and standard deviation as `convert` was given them; or those of `data.normalize`, if that can be right."""
    if given is not None:
        try:
            mean, deviation = map(float, given)
        except (TypeError, ValueError):
            mean, deviation = np.nan, np.nan
        if not (np.isfinite(mean) and 0 < deviation < np.inf):
            raise ValueError(f"normalization must be two numbers, a mean and a deviation above 0, not {given!r}")
        return mean, deviation
    image = {traced.inputs[0].name}  # what is still the image, and has met no weights
    for operation in traced.graph.get_operations():
        if image.isdisjoint(tensor.name for tensor in operation.inputs) or operation.type in WEIGHING:
            continue
        if operation.type in ARITHMETIC:
            raise ValueError(
                "normalization must say what the model takes, for it calculates with pixels before its first layer of "
                f"weights ({operation.name!r}) and may normalize by itself: (0, 1) if it takes pixels as they are, "
                "(127.5, 127.5) if it takes [−1, 1]"
            )
        image |= {tensor.name for tensor in operation.outputs}
    return NORMALIZATION


def _converter(traced: Any) -> tf.lite.TFLiteConverter:
    return tf.lite.TFLiteConverter.from_concrete_functions([traced])


def _converted(converter: tf.lite.TFLiteConverter, model: keras.Model) -> schema.ModelT:
    wanted = "model must be made of operators that LiteRT has, without loops"
    try:
        content = flatbuffer_utils.convert_bytearray_to_object(bytearray(converter.convert()))
    except ConverterError as error:  # of many pages
        missing = sorted(set(re.findall(r"error: '(tf\.\w+)' op", str(error)))) or str(error)[:200].splitlines()
        raise ValueError(f"{wanted}; {model.name!r} has {', '.join(missing)}") from None
    if len(content.subgraphs) != 1:
        raise ValueError(f"{wanted}; {model.name!r} has some")
    return content


def _named_classes(labels: Sequence[str] | None, classes: int) -> list[str]:
    names = [] if labels is None else [*labels]  # an array has no truth value
    lines = all(isinstance(name, str) and len(name.splitlines()) == 1 for name in names)  # what the file keeps
    if names and (isinstance(labels, str) or len(names) != classes or not lines):
        raise ValueError(f"labels must name each of the {classes} classes in one line, not {labels!r}")
    return names


def _fits(image: list, outputs: list[list]) -> bool:
    """Whether these are the shapes of an image of known size, of probabilities and, if there are more, of maps."""
    known = all(size not in (None, -1) for size in image[1:])
    return known and [len(shape) for shape in (image, *outputs)] == [4, 2, 4][: 1 + len(outputs)]


def _images(name: str, images: Any, shape: tuple[int, ...], span: tuple[float, float]) -> np.ndarray:
    """`images` as a float32 array, if they are at least one of `shape` with values in `span`."""
    images, (low, high) = np.asarray(images), span
    wanted = f"{name} must be float images [N, {', '.join(map(str, shape))}] with values in "
    wanted += "[−1, 1], as `data.normalize` returns them" if span == (-1, 1) else f"[{low:g}, {high:g}]"
    if images.dtype.kind != "f":
        raise ValueError(f"{wanted}; these are {images.dtype}")
    if images.ndim != 4 or images.shape[1:] != shape or not len(images):
        raise ValueError(f"{wanted}; the shape of these is {list(images.shape)}")
    if not np.isfinite(images).all():
        raise ValueError(f"{wanted}; in these there is a value that is not a number or infinite")
    rounding = 1e-6 * (high - low)
    if images.min() < low - rounding or images.max() > high + rounding:
        raise ValueError(f"{wanted}; these go from {images.min():g} to {images.max():g}")
    return images.astype(np.float32, copy=False)


def _read(tflite_model: File) -> bytes:
    if not isinstance(tflite_model, File):
        raise ValueError(
            f"tflite_model must be the path or the content of a .tflite file, not a {type(tflite_model).__name__}"
        )
    return bytes(tflite_model) if isinstance(tflite_model, bytes | bytearray) else Path(tflite_model).read_bytes()


def _widened(calibration: np.ndarray, mean: float, deviation: float) -> np.ndarray:
    """`calibration` with two pixels that set the range of the input: black and white, whatever the photos have.

    With a mean between two pixels, such as 127.5, each pixel lies half-way between two int8 values, and errors of 1e-7
    in the normalization decide which way it is rounded: the same photo gives other results in other programs. So there
    the range is wider by half a pixel at both ends.
    """
    calibration, edge = calibration.copy(), 0.5 if abs(mean % 1 - 0.5) < 0.01 else 0
    calibration[0, 0, 0], calibration[0, 0, 1] = (-edge - mean) / deviation, (255 + edge - mean) / deviation
    return calibration


def _called(tflite_model: File) -> str:
    if isinstance(tflite_model, bytes | bytearray):
        return f"these {len(tflite_model):,} bytes"
    return repr(os.fspath(tflite_model))


def _leaves(model: keras.Model) -> Iterator[keras.Layer]:
    for layer in model.layers:
        yield from _leaves(layer) if hasattr(layer, "layers") else [layer]


# Bias correction ------------------------------------------------------------------------------------------------------

# The operators with a bias, and the ranges of what they may have merged.
BIASED = {builtin.CONV_2D, builtin.DEPTHWISE_CONV_2D, builtin.FULLY_CONNECTED}
ACTIVATIONS = schema.ActivationFunctionType
RANGES = {
    ACTIVATIONS.NONE: (-np.inf, np.inf),
    ACTIVATIONS.RELU: (0, np.inf),
    ACTIVATIONS.RELU_N1_TO_1: (-1, 1),
    ACTIVATIONS.RELU6: (0, 6),
}
KINDS = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.INT8: np.int8,
    schema.TensorType.INT32: np.int32,
}


def _correct(content: schema.ModelT, exact: schema.ModelT, images: np.ndarray) -> None:
    """Change the biases in `content` by what keeps the mean of each channel as it is in `exact`, the float32 file.

    Rounding shifts a filter's output by the sum of (rounding error · input). Inputs that have passed a ReLU are not
    centered, so neither is the shift; a filter whose weights nearly cancel is amplified by batch normalization, and the
    shift with it. Layer by layer: measured with all layers before it rounded and corrected.
    """
    rounded = [operator for operator in content.subgraphs[0].operators if _biased(content, operator)]
    kernels = [_values(content, operator.inputs[1]) for operator in rounded]
    means = _means(exact, images)
    if [len(mean) for mean in means] != [content.subgraphs[0].tensors[it.inputs[2]].shape[0] for it in rounded]:
        raise ValueError(
            "bias_correction must be False for a model whose layers the converter rearranges to round them"
        )
    shifts = _means(exact, images, kernels, means)
    for operator, shift in zip(rounded, shifts, strict=True):
        _add_to_bias(content, operator, -shift)


def _means(
    exact: schema.ModelT,
    images: np.ndarray,
    kernels: list[np.ndarray] | None = None,
    kept: list[np.ndarray] | None = None,
) -> list[np.ndarray]:
    """The mean of each channel of each operator with a bias, before its activation, over `images`.

    With `kernels` in place of its own. If the means `kept` are given, each is kept, and what is returned are the shifts
    that had to be taken away for it.
    """
    (graph,), found = exact.subgraphs, []
    uses = Counter(place for operator in graph.operators for place in operator.inputs)
    flowing = {graph.inputs[0]: images[:, np.newaxis]}  # the file takes batches of one image
    for operator in graph.operators:
        inputs = [flowing[place] for place in dict.fromkeys(operator.inputs) if place in flowing]
        if _biased(exact, operator):
            operator, span = _linear(operator)
            kernel = None if kernels is None else kernels[len(found)]
            outputs = _run(_cut(exact, [operator], kernel), inputs, len(images))
            mean = outputs[0].mean(axis=tuple(range(outputs[0].ndim - 1)), dtype=np.float64)
            if kept is not None:
                mean -= kept[len(found)]
                outputs[0] -= mean.astype(np.float32)
            found.append(mean)
            np.clip(outputs[0], *span, out=outputs[0])
        else:
            outputs = _run(_cut(exact, [operator]), inputs, len(images))
        flowing.update(zip(operator.outputs, outputs, strict=True))
        uses.subtract(operator.inputs)
        flowing = {place: values for place, values in flowing.items() if uses[place] > 0}  # maps are large
    return found


def _biased(content: schema.ModelT, operator: schema.OperatorT) -> bool:
    """Whether the operator has weights and a bias to correct, and an activation that can be split off."""
    code = content.operatorCodes[operator.opcodeIndex]
    parameters = [place for place in operator.inputs[1:] if place != -1]
    return (
        max(code.builtinCode, code.deprecatedBuiltinCode) in BIASED
        and len(parameters) == 2
        and all(_constant(content, place) for place in parameters)
        and operator.builtinOptions.fusedActivationFunction in RANGES
    )


def _linear(operator: schema.OperatorT) -> tuple[schema.OperatorT, tuple[float, float]]:
    """The operator without its activation, and the range that the activation cuts off at."""
    operator, options = copy.copy(operator), copy.copy(operator.builtinOptions)
    span, options.fusedActivationFunction = RANGES[options.fusedActivationFunction], ACTIVATIONS.NONE
    operator.builtinOptions = options
    return operator, span


def _run(content: bytes, inputs: list[np.ndarray], count: int) -> list[np.ndarray]:
    """The outputs of a file for each of `count` times its `inputs`, which lie along a first axis of their own."""
    interpreter = _opened(content)
    places, results = interpreter.get_input_details(), interpreter.get_output_details()
    outputs = [np.empty((count, *result["shape"]), result["dtype"]) for result in results]
    for number in range(count):
        for place, values in zip(places, inputs, strict=True):
            interpreter.set_tensor(place["index"], values[number])
        interpreter.invoke()
        for output, result in zip(outputs, results, strict=True):
            output[number] = interpreter.get_tensor(result["index"])
    return outputs


def _values(content: schema.ModelT, place: int) -> np.ndarray:
    """What the numbers of a constant tensor stand for, float32."""
    tensor = content.subgraphs[0].tensors[place]
    values = np.frombuffer(bytes(content.buffers[tensor.buffer].data), KINDS[tensor.type]).reshape(tensor.shape)
    return (values * _scale(tensor)).astype(np.float32)


def _scale(tensor: schema.TensorT) -> np.ndarray | float:
    """What the integers of `tensor` are multiples of, to be broadcast; weights and biases have 0 as zero point."""
    quantization = tensor.quantization
    if quantization is None or quantization.scale is None or not len(quantization.scale):
        return 1.0
    shape = np.ones(len(tensor.shape), int)
    shape[quantization.quantizedDimension] = len(quantization.scale)
    return np.asarray(quantization.scale, np.float64).reshape(shape)


def _add_to_bias(content: schema.ModelT, operator: schema.OperatorT, summand: np.ndarray) -> None:
    """Add to the bias of the operator, and to no other's: where a file keeps equal ones once, this one gets its own."""
    (graph,) = content.subgraphs
    tensor = graph.tensors[operator.inputs[2]]
    kind = KINDS[tensor.type]
    new = np.frombuffer(bytes(content.buffers[tensor.buffer].data), kind) + summand / _scale(tensor)
    buffer = schema.BufferT()
    buffer.data = np.frombuffer((np.round(new) if kind == np.int32 else new).astype(kind).tobytes(), np.uint8)
    read = [graph.tensors[source].buffer for other in graph.operators for source in other.inputs if source != -1]
    if read.count(tensor.buffer) == 1:
        content.buffers[tensor.buffer] = buffer
        return
    own = copy.copy(tensor)
    own.buffer = len(content.buffers)
    content.buffers.append(buffer)
    operator.inputs = [*operator.inputs[:2], len(graph.tensors)]
    graph.tensors.append(own)


# Files from parts of files --------------------------------------------------------------------------------------------


def _packed(content: schema.ModelT, labels: Sequence[str] = ()) -> bytes:
    file = io.BytesIO(flatbuffer_utils.convert_object_to_bytearray(content))
    if labels:
        with zipfile.ZipFile(file, "a") as attached:
            # An entry without a date, so that the same model gives the same file.
            attached.writestr(zipfile.ZipInfo(LABELS), "\n".join(labels) + "\n")
    return file.getvalue()


def _constant(content: schema.ModelT, place: int) -> bool:
    data = content.buffers[content.subgraphs[0].tensors[place].buffer].data
    return data is not None and len(data) > 0


def _cut(content: schema.ModelT, operators: list[schema.OperatorT], kernel: np.ndarray | None = None) -> bytes:
    """A file of these `operators` alone, with their weights; what flows into them from others is its input.

    With `kernel`, float32, in place of the kernel of the only one.
    """
    tensors = content.subgraphs[0].tensors
    part, graph = schema.ModelT(), schema.SubGraphT()
    part.version, part.operatorCodes, part.subgraphs = content.version, content.operatorCodes, [graph]
    part.buffers, graph.tensors, graph.operators = [schema.BufferT()], [], []
    moved: dict[int, int] = {-1: -1}
    for operator in operators:
        for place in (*operator.inputs, *operator.outputs):
            if place not in moved:
                moved[place] = len(graph.tensors)
                graph.tensors.append(copy.copy(tensors[place]))
                graph.tensors[-1].buffer = 0
                if _constant(content, place):
                    graph.tensors[-1].buffer = len(part.buffers)
                    part.buffers.append(content.buffers[tensors[place].buffer])
        graph.operators.append(copy.copy(operator))
        graph.operators[-1].inputs = [moved[place] for place in operator.inputs]
        graph.operators[-1].outputs = [moved[place] for place in operator.outputs]
    if kernel is not None:
        (operator,) = graph.operators
        part.buffers[graph.tensors[operator.inputs[1]].buffer] = buffer = schema.BufferT()
        buffer.data = np.frombuffer(kernel.tobytes(), np.uint8)
    made = {place for operator in operators for place in operator.outputs}
    graph.inputs = [new for old, new in moved.items() if old != -1 and old not in made and not _constant(content, old)]
    graph.outputs = graph.operators[-1].outputs
    return _packed(part)


# What travels with the weights ----------------------------------------------------------------------------------------


def _name(content: schema.ModelT, model: keras.Model) -> None:
    """Name tensors after the Keras layers that they belong to; the names that the converter gives fill kilobytes."""
    names = {layer.name: hasattr(layer, "kernel") for layer in _leaves(model)}

    def layer(tensor: schema.TensorT, *, weights: bool) -> str | None:
        # TensorFlow numbers a name that it has met before: "conv1_1/convolution" is of the layer "conv1".
        words = (name for word in re.split("[/;]", tensor.name.decode()) for name in (word, re.sub(r"_\d+$", "", word)))
        return next((word for word in words if word in names and (names[word] or not weights)), None)

    (graph,) = content.subgraphs
    unpacking = [operator for operator in graph.operators if _constant(content, operator.inputs[0])]  # of float16
    kernels = {operator.outputs[0] for operator in unpacking}
    kernels |= {place for place in range(len(graph.tensors)) if _constant(content, place)}
    for operator in graph.operators:
        if operator in unpacking:
            continue
        _, *parameters = (graph.tensors[place] for place in operator.inputs)
        output = graph.tensors[operator.outputs[0]]
        name = parameters and layer(parameters[0], weights=True)
        if parameters and not name and len(parameters[0].shape) > 1 and operator.inputs[1] in kernels:
            name = layer(output, weights=True)  # before TensorFlow 2.20, kernels are "arith.constant7"
        if name:
            for tensor, role in zip(parameters, ("kernel", "bias"), strict=False):
                tensor.name = f"{name}/{role}".encode()
        output.name = (layer(output, weights=False) or output.name.decode().split(";")[0]).encode()
    for operator in unpacking:
        graph.tensors[operator.inputs[0]].name = graph.tensors[operator.outputs[0]].name + b"_float16"
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = "serving_default", 0
    signature.inputs = [_named(graph, place, "image") for place in graph.inputs]
    # A file without maps has one output.
    signature.outputs = [_named(graph, *output) for output in zip(graph.outputs, OUTPUTS, strict=False)]
    content.signatureDefs = [signature]
    # Some programs tell tensors apart by their names; a layer that is used twice gives two the same.
    taken = Counter()
    for place in dict.fromkeys([*graph.inputs, *graph.outputs, *range(len(graph.tensors))]):
        tensor, name = graph.tensors[place], graph.tensors[place].name
        while tensor.name in taken:
            tensor.name = name + f"_{taken[name]}".encode()
            taken[name] += 1
        taken[tensor.name] += 1


def _named(graph: schema.SubGraphT, place: int, name: str) -> schema.TensorMapT:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name, place
    graph.tensors[place].name = name.encode()
    return entry


def _describe(content: schema.ModelT, labels: Sequence[str], channels: int, normalization: tuple[float, float]) -> None:
    """Add TFLite metadata, the standard by which other programs know what goes in and what comes out.

    https://developers.google.com/edge/litert/conversion/tensorflow/metadata
    """
    mean, deviation = normalization
    # In a FlatBuffer a table is a list of numbered fields; the comments give the names that the standard has for them.
    unit = {0: 1, 1: {0: [mean], 1: [deviation]}}  # options_type: NormalizationOptions, options: mean, std
    space = {3: 1, 1: 2}.get(channels, 0)  # RGB, GRAYSCALE, or UNKNOWN
    pixels = {0: 2, 1: {0: space}}  # content_properties_type: ImageProperties, content_properties: color_space
    span = {0: [(255 - mean) / deviation], 1: [(0 - mean) / deviation]}  # max, min
    image = {0: "image", 3: pixels, 4: [unit], 5: span}  # name, content, process_units, stats
    outputs: list[dict[int, Any]] = [{0: name} for name, _ in zip(OUTPUTS, content.subgraphs[0].outputs, strict=False)]
    if labels:
        outputs[0][6] = [{0: LABELS, 2: 2}]  # associated_files: name, type TENSOR_AXIS_LABELS
    tensors = [{2: [image], 3: outputs}]  # input_tensor_metadata, output_tensor_metadata
    metadata = {0: "MobileNet", 3: tensors, 7: "1.0.0"}  # name, subgraph_metadata, min_parser_version
    builder = flatbuffers.Builder()
    builder.Finish(_pack(builder, metadata), file_identifier=b"M001")

    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(builder.Output(), np.uint8)
    entry.name, entry.buffer = "TFLITE_METADATA", len(content.buffers)
    content.buffers.append(buffer)
    content.metadata = [*(content.metadata or []), entry]


def _described(tflite_model: File) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the normalization in the metadata of a file, of all channels or of each.

    Those of `data.normalize` where there are none.
    """
    try:
        file = schema.Model.GetRootAs(_read(tflite_model))
        entries = [file.Metadata(number) for number in range(file.MetadataLength())]
        buffers = [file.Buffers(entry.Buffer()) for entry in entries if entry.Name() == b"TFLITE_METADATA"]
        packed = [buffer.DataAsNumpy().tobytes() for buffer in buffers]
        # Down the fields that `_describe` writes: to the input, and to what is to be done with it.
        tables = [Table(content, int.from_bytes(content[:4], "little")) for content in packed]
        for field in (3, 2):
            tables = [part for table in tables for part in _tables(table, field)[:1]]
        for unit in [part for table in tables for part in _tables(table, 4)]:
            if unit.GetSlot(_slot(0), 0, Uint8Flags) == 1:
                options = Table(unit.Bytes, unit.Indirect(unit.Pos + unit.Offset(_slot(1))))
                mean, deviation = (
                    options.GetVectorAsNumpy(Float32Flags, options.Offset(_slot(field))) for field in (0, 1)
                )
                if not (len(mean) and len(deviation) and np.isfinite(mean).all() and (deviation > 0).all()):
                    raise ValueError(f"a mean of {mean} and a deviation of {deviation}")
                return mean, deviation
    except Exception as error:  # whatever the damage leads to
        called = _called(tflite_model)
        raise ValueError(
            f"tflite_model must be a whole .tflite file, not {called}: its metadata are damaged ({error})"
        ) from error
    return tuple(np.float32([value]) for value in NORMALIZATION)


def _slot(field: int) -> int:
    return 4 + 2 * field


def _tables(table: Table, field: int) -> list[Table]:
    """The tables of a list in `field`."""
    if not (offset := table.Offset(_slot(field))):
        return []
    start = table.Vector(offset)
    return [Table(table.Bytes, table.Indirect(start + 4 * number)) for number in range(table.VectorLen(offset))]


def _pack(builder: flatbuffers.Builder, value: Any) -> int:
    """Write a string, a list of floats, a table (a dictionary by field numbers) or a list of tables; where it is."""
    if isinstance(value, str):
        return builder.CreateString(value)
    if isinstance(value, list) and isinstance(value[0], float):
        return builder.CreateNumpyVector(np.array(value, np.float32))
    if isinstance(value, list):
        places = [_pack(builder, table) for table in value]
        builder.StartVector(4, len(places), 4)
        for place in reversed(places):
            builder.PrependUOffsetTRelative(place)
        return builder.EndVector()
    places = {field: part if isinstance(part, int) else _pack(builder, part) for field, part in value.items()}
    builder.StartObject(max(places) + 1)
    for field, place in places.items():
        if isinstance(value[field], int):
            builder.PrependUint8Slot(field, place, 0)
        else:
            builder.PrependUOffsetTRelativeSlot(field, place, 0)
    return builder.EndObject()


# Command line ---------------------------------------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    """The command line: say what is on a photo, or record what the file formats do to a model."""
    data.spell_out()
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["record"]:
        return _record(arguments[1:])
    parser = argparse.ArgumentParser(
        prog="python -m mobilenet_lib.tflite", description="Say what is on a photo, with a .tflite model."
    )
    parser.add_argument("photo", nargs="+", type=Path, help="a JPEG, PNG, GIF, WebP or BMP file")
    parser.add_argument("--model", type=Path, default=MODEL, help="a .tflite file (default: the book's)")
    parser.add_argument("--threads", type=int, default=1, help="processor cores to use (default: 1)")
    args = parser.parse_args(arguments)
    try:
        network = _Network(args.model, args.threads)
        size = _side(network.shape)
        names = labels(args.model) or tuple(f"class {number}" for number in range(network.classes))
        if len(names) != network.classes:
            raise ValueError(f"the model must have a label for each of its {network.classes} classes, not {len(names)}")
    except FileNotFoundError:
        parser.error(
            f"there is no model in {args.model}; the book keeps one in data/models of its repository, chapter 6 makes "
            "one, and --model says where it is"
        )
    except (OSError, ValueError) as error:
        parser.error(str(error))
    failed = 0
    for photo in args.photo:
        try:
            pixels = data.read(photo, size)
        except OSError as error:
            print(f"{photo}: {error}", file=sys.stderr)
            failed += 1
            continue
        image = ((pixels - network.mean) / network.deviation).astype(np.float32)
        start = time.perf_counter()
        try:
            shares = network(image)
        except ValueError as error:
            parser.error(str(error))
        took = 1e3 * (time.perf_counter() - start)
        said = ", ".join(f"{name} {share:.1%}" for name, share in zip(names, shares, strict=True))
        print(f"{photo}: {names[shares.argmax()]} ({said}; {took:.1f} ms)")
    return 1 if failed else 0


def _record(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m mobilenet_lib.tflite record",
        description="Convert a kept model in every way, compare each file with Keras on the test split, and write "
        "data/exports/NAME.json. With --keep, make the book's own files from it too.",
    )
    known = (
        f"a model in data/models, the path of a .keras file, or {IMAGENET} for Google's weights with a new classifier"
    )
    parser.add_argument("model", metavar="NAME", help=known)
    parser.add_argument("--data", default="auto", metavar="SOURCE", help="folder of the photos, 'drawn' or 'auto'")
    parser.add_argument("--limit", type=int, default=None, help="use at most this many photos of each split")
    parser.add_argument("--keep", action="store_true", help=f"write {' and '.join(KEPT)} into the folder models beside")
    parser.add_argument("--exports", type=Path, default=EXPORTS, metavar="FOLDER", help="where records go")
    args = parser.parse_args(arguments)
    path = Path(args.model) if args.model.endswith(".keras") else training.MODELS / f"{args.model}.keras"
    if args.model != IMAGENET and not path.exists():
        parser.error(f"NAME must be {known}; there is no {path}")
    if args.model == IMAGENET and args.keep:
        parser.error(f"--keep is for models in data/models, not for {IMAGENET}: its weights are Google's")
    try:
        found = _recorded(args, path)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        parser.exit(130, f"{path.stem}: interrupted; what was there before is whole\n")
    for file in [*found["files"], *found.get("kept", ())]:
        print(f"{path.stem}: {file['file']}: {file['bytes']:,} bytes, {file['accuracy']:.2%}")
    return 0


def _recorded(args: argparse.Namespace, path: Path) -> dict[str, Any]:
    """Make and write the record of the model in `path`, and with `--keep` the files of the book."""
    if args.model == IMAGENET:
        network, model = "ImageNet weights, α = 0.25, 128 px", training.imagenet_classifier(0.25, 128)
    else:
        network, model = path.stem, training.load_model(path)
    size = _side(_image_shape(model))
    place = args.exports.parent / "models"
    for folder in (args.exports, place) if args.keep else (args.exports,):
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()  # whether it may be written to shows now, not after minutes of work
    with alone(args.exports, f"recording into {str(args.exports)!r}"):
        photos = data.load(size, source=args.data, limit=args.limit)
        if args.model == IMAGENET:
            keras.utils.set_random_seed(0)
            training.fit_classifier(model, photos)
        found = record(model, photos)
        kept = kept_files(model, photos) if args.keep else {}
        # Without what belongs to one machine: photos lie where `make data` puts them.
        source = "drawn" if photos.drawn else "data/cats-dogs"
        limit = [] if args.limit is None else ["--limit", str(args.limit)]
        keep = ["--keep"] if args.keep else []
        words = ["python", "-m", "mobilenet_lib.tflite", "record", path.stem, "--data", source, *limit, *keep]
        found = {"network": network, "command": shlex.join(words), **found}
        if args.keep:
            accuracies = {name: evaluate(content, photos.test, threads=2).accuracy for name, content in kept.items()}
            found["kept"] = [
                {"file": name, "bytes": len(content), "accuracy": round(accuracies[name], 5)}
                for name, content in kept.items()
            ]
        for name, content in kept.items():
            save(content, place / name)
        content = json.dumps(found, indent=1, ensure_ascii=False).encode(errors="backslashreplace")
        save(content + b"\n", args.exports / f"{path.stem}.json")
    return found


def _side(shape: tuple[int, int, int]) -> int:
    """How many pixels wide the images of `shape` are. Raises `ValueError` unless they are square and in color."""
    size, *rest = shape
    if rest != [size, 3]:
        raise ValueError(f"the model must take square color images, not {list(shape)}")
    return size


if __name__ == "__main__":
    sys.exit(main())
