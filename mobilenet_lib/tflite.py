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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest import mock

import flatbuffers
import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from keras import layers
from tensorflow.lite.tools import flatbuffer_utils

from mobilenet_lib import data, models, training
from mobilenet_lib.architecture import REDUCTION
from mobilenet_lib.costs import positive
from mobilenet_lib.locks import alone

schema = flatbuffer_utils.schema_fb

File = bytes | bytearray | str | os.PathLike  # a .tflite file: its content, or where it lies

MODES = ("float32", "float16", "dynamic", "int8")
EXPORTS = training.DATA / "exports"
IMAGENET = "imagenet-128"  # as the name of a model: Google's weights at α = 0.25 and 128 pixels under a new classifier
LABELS = "labels.txt"  # the name that the documentation of the format gives to this file
OUTPUTS = ("probabilities", "maps")
# The files that the book keeps, for phones, for its page "Try it" and for the command line.
KEPT = {"cats-dogs.tflite": "float32", "cats-dogs-int8.tflite": "int8"}
MODEL = training.MODELS / "cats-dogs.tflite"


def convert(
    model: keras.Model,
    mode: str,
    calibration: Any = None,
    *,
    labels: Sequence[str] = (),
    int8_io: bool = False,
    bias_correction: bool = True,
    per_channel: bool = True,
) -> bytes:
    """The content of a .tflite file that computes what `model` computes, for one image at a time.

    `mode` is how numbers are kept: "float32"; "float16" (weights); "dynamic" (weights as int8, the rest quantized while
    it runs); or "int8" (everything). The last needs `calibration`, some dozens of the images that the network will see,
    float32 `[N, H, W, C]` in [−1, 1]: they show which range each layer's output has. Input and output stay float32,
    unless `int8_io` makes them int8 too.

    The file says how to normalize an image, and which class has which of the `labels`. A model of `models.with_maps`
    gives a file of two outputs: probabilities and maps.

    `bias_correction` puts back what rounding the weights adds to the mean of each channel (Nagel et al. 2019, arXiv
    1906.04721, section 4.2). `per_channel=False` gives each layer one scale instead of one per channel, and no
    correction: it spoils MobileNets, and is here to show it.

    Raises `ValueError` for an argument that does not fit, such as a model of more than one input or of open size.
    """
    if mode not in MODES:
        raise ValueError(f"mode must be one of {', '.join(MODES)}, not {mode!r}")
    if int8_io and mode != "int8":
        raise ValueError(f"int8_io must be False unless mode is 'int8'; mode is {mode!r}")
    height, width, channels = _image_shape(model)
    classes = model.outputs[0].shape[-1]
    names = [] if labels is None else [*labels]  # an array has no truth value
    lines = all(isinstance(name, str) and len(name.splitlines()) == 1 for name in names)  # what the file keeps
    if names and (isinstance(labels, str) or len(names) != classes or not lines):
        raise ValueError(f"labels must name each of the {classes} classes in one line, not {labels!r}")
    if mode == "int8":
        if calibration is None:
            raise ValueError("calibration must be some dozens of images for mode 'int8', not None")
        calibration = _images("calibration", calibration, (height, width, channels))

    with ExitStack() as stack:
        if mode == "int8" and per_channel and bias_correction:
            stack.enter_context(_corrected(model, calibration))
        stack.enter_context(_quiet())
        # A fixed batch of 1 leaves no shapes to compute; browsers need it. The converter's own way from Keras goes
        # through a SavedModel on disk and takes three times as long.
        signature = [tf.TensorSpec((1, height, width, channels), name="image")]
        function = tf.function(lambda image: model(image, training=False), input_signature=signature)
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
        if mode != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if mode == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if mode == "int8":
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.representative_dataset = lambda: ([image[np.newaxis]] for image in _widened(calibration))
            converter._experimental_disable_per_channel = not per_channel
        if int8_io:
            converter.inference_input_type = converter.inference_output_type = tf.int8
        content = flatbuffer_utils.convert_bytearray_to_object(bytearray(converter.convert()))
    _name(content, model)
    _describe(content, names)
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

    `tflite_model` is a path or what `convert` returned. Raises `ValueError` if it is not a whole .tflite file of an
    image classifier, or if `images` do not fit it.
    """
    network = _Network(tflite_model, threads)
    images = _images("images", images, network.shape)
    return np.stack([network(image) for image in images])


def maps(tflite_model: File, images: Any, *, threads: int = 1) -> np.ndarray:
    """Where the file looked: `[N, h, w, classes]`, float32, what speaks for each class at each place of the images.

    Takes and raises what `predict` does, and `ValueError` if the file was not converted from a model of
    `models.with_maps`.
    """
    network = _Network(tflite_model, threads)
    if not network.has_maps:
        raise ValueError(f"tflite_model must give maps as its second output; {_called(tflite_model)} has one output")
    images = _images("images", images, network.shape)
    return np.stack([network.outputs(image)[1] for image in images])


def evaluate(tflite_model: File, dataset: Iterable[tuple[Any, Any]], *, threads: int = 1) -> training.Evaluation:
    """What the file says about every batch `(images, labels)` of `dataset`, as `training.evaluate` for a model."""
    network = _Network(tflite_model, threads)
    probabilities, answers = [], []
    for images, labels in dataset:
        probabilities += [network(image) for image in _images("dataset", images, network.shape)]
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
    content, problem = _read(tflite_model), None
    threads = positive("threads", threads)
    with _quiet():
        try:
            interpreter = Interpreter(model_content=content, num_threads=threads, **options)
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            problem = str(error).strip()
    if problem is not None:
        raise ValueError(f"tflite_model must be a whole .tflite file, not {_called(tflite_model)}: {problem}")
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

    def __call__(self, image: np.ndarray) -> np.ndarray:
        return self.outputs(image)[0]

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


def _image_shape(model: keras.Model) -> tuple[int, int, int]:
    """Height, width and channels of the one image that `model` takes."""
    if not isinstance(model, keras.Model):
        raise ValueError(f"model must be a Keras model, not {model!r}")
    inputs, outputs = ((model.built and getattr(model, kind, None)) or () for kind in ("inputs", "outputs"))
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


def _fits(image: list, outputs: list[list]) -> bool:
    """Whether these are the shapes of an image of known size, of probabilities and, if there are more, of maps."""
    known = all(size not in (None, -1) for size in image[1:])
    return known and [len(shape) for shape in (image, *outputs)] == [4, 2, 4][: 1 + len(outputs)]


def _images(name: str, images: Any, shape: tuple[int, ...]) -> np.ndarray:
    """`images` as a float32 array, if they are at least one of `shape` with values in [−1, 1]."""
    images = np.asarray(images)
    wanted = f"{name} must be float images [N, {', '.join(map(str, shape))}] with values in [−1, 1], as "
    wanted += "`data.normalize` returns them"
    if images.dtype.kind != "f":
        raise ValueError(f"{wanted}; these are {images.dtype}")
    if images.ndim != 4 or images.shape[1:] != shape or not len(images):
        raise ValueError(f"{wanted}; the shape of these is {list(images.shape)}")
    if not np.isfinite(images).all():
        raise ValueError(f"{wanted}; in these there is a value that is not a number or infinite")
    if images.min() < -1 or images.max() > 1:
        raise ValueError(f"{wanted}; these go from {images.min():g} to {images.max():g}")
    return images.astype(np.float32, copy=False)


def _read(tflite_model: File) -> bytes:
    if not isinstance(tflite_model, File):
        raise ValueError(
            f"tflite_model must be the path or the content of a .tflite file, not a {type(tflite_model).__name__}"
        )
    return bytes(tflite_model) if isinstance(tflite_model, bytes | bytearray) else Path(tflite_model).read_bytes()


def _widened(calibration: np.ndarray) -> np.ndarray:
    """`calibration` with two pixels that set the range of the input to ±256/255.

    With the range that pixels have, ±1, each pixel lies half-way between two int8 values, and errors of 1e-7 in the
    normalization decide which way it is rounded: the same photo gives other results in other programs.
    """
    calibration = calibration.copy()
    calibration[0, 0, 0], calibration[0, 0, 1] = -256 / 255, 256 / 255
    return calibration


def _called(tflite_model: File) -> str:
    if isinstance(tflite_model, bytes | bytearray):
        return f"these {len(tflite_model):,} bytes"
    return repr(os.fspath(tflite_model))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the block prints, in Python and in C++, off the page, and show it only if the block fails."""
    sys.stdout.flush(), sys.stderr.flush()
    disabled, real = logging.root.manager.disable, [os.dup(1), os.dup(2)]
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        try:
            os.dup2(log.fileno(), 1), os.dup2(log.fileno(), 2)
            logging.disable(logging.CRITICAL)
            with warnings.catch_warnings(), redirect_stdout(log), redirect_stderr(log):
                warnings.simplefilter("ignore")
                yield
        except Exception:
            log.flush(), log.seek(0)
            sys.stderr.write(log.read())
            raise
        finally:
            logging.disable(disabled)
            for number, copy in enumerate(real, start=1):
                os.dup2(copy, number), os.close(copy)


# Bias correction ------------------------------------------------------------------------------------------------------


@contextmanager
def _corrected(model: keras.Model, images: np.ndarray) -> Iterator[None]:
    """Within, the convolutions of `model` add what keeps the mean of each channel when int8 rounds their weights.

    Rounding shifts a filter's output by the sum of (rounding error · input). Inputs that have passed a ReLU are not
    centered, so neither is the shift; a filter whose weights nearly cancel is amplified by batch normalization, and the
    shift with it. Layer by layer: measured with all layers before it rounded and corrected.
    """
    convolutions = [layer for layer in _leaves(model) if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D)]
    linear = [layer for layer in convolutions if layer.activation is keras.activations.linear]
    means: dict[int, tf.Tensor] = {}
    shifts: dict[int, tf.Tensor] = {}

    def measured(layer: keras.Layer, output: tf.Tensor) -> tf.Tensor:
        means[id(layer)] = tf.reduce_mean(output, axis=(0, 1, 2))
        return output

    def shifted(layer: keras.Layer, output: tf.Tensor) -> tf.Tensor:
        if id(layer) not in shifts:
            shifts[id(layer)] = means[id(layer)] - tf.reduce_mean(output, axis=(0, 1, 2))
        return output + shifts[id(layer)]

    def passed(change: Callable, found: dict[int, tf.Tensor]) -> None:
        """Send the images through, as a graph: it forgets each map as soon as the next one is there."""

        @tf.function
        def traced(images: tf.Tensor) -> dict[int, tf.Tensor]:
            model(images, training=False)
            return dict(found)

        with _through(linear, change):
            found.update(traced(tf.constant(images)))

    passed(measured, means)
    kernels = [layer.kernel.numpy() for layer in linear]
    try:
        for layer, kernel in zip(linear, kernels, strict=True):
            layer.kernel.assign(_rounded(kernel, per_input=isinstance(layer, layers.DepthwiseConv2D)))
        passed(shifted, shifts)
    finally:
        for layer, kernel in zip(linear, kernels, strict=True):
            layer.kernel.assign(kernel)
    with _through(linear, shifted):
        yield


def _leaves(model: keras.Model) -> Iterator[keras.Layer]:
    for layer in model.layers:
        yield from _leaves(layer) if hasattr(layer, "layers") else [layer]


@contextmanager
def _through(convolutions: list[keras.Layer], change: Callable) -> Iterator[None]:
    """Within, the output of each of the layers passes through `change(layer, output)`."""

    def changed(layer: keras.Layer) -> Callable:
        call = layer.call
        return lambda *args, **kwargs: change(layer, call(*args, **kwargs))

    with ExitStack() as stack:
        for layer in convolutions:
            stack.enter_context(mock.patch.object(layer, "call", changed(layer)))
        yield


def _rounded(kernel: np.ndarray, *, per_input: bool) -> np.ndarray:
    """`kernel` as int8 keeps it: in steps of 1/127 of the largest weight of its output channel.

    Batch normalization multiplies a whole channel by one number, so it makes no difference that it is not folded yet.
    """
    largest = np.abs(kernel).max(axis=(0, 1) if per_input else (0, 1, 2), keepdims=True)
    scale = np.where(largest, largest, 1) / 127
    return np.round(kernel / scale) * scale


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


def _cut(content: schema.ModelT, operators: list[schema.OperatorT]) -> bytes:
    """A file of these `operators` alone, with their weights; what flows into them from others is its input."""
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
        graph.tensors[operator.inputs[0]].name = graph.tensors[operator.outputs[0]].name
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = "serving_default", 0
    signature.inputs = [_named(graph, place, "image") for place in graph.inputs]
    # A file without maps has one output.
    signature.outputs = [_named(graph, *output) for output in zip(graph.outputs, OUTPUTS, strict=False)]
    content.signatureDefs = [signature]


def _named(graph: schema.SubGraphT, place: int, name: str) -> schema.TensorMapT:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name, place
    graph.tensors[place].name = name.encode()
    return entry


def _describe(content: schema.ModelT, labels: Sequence[str]) -> None:
    """Add TFLite metadata, the standard by which other programs know what goes in and what comes out.

    https://developers.google.com/edge/litert/conversion/tensorflow/metadata
    """
    # In a FlatBuffer a table is a list of numbered fields; the comments give the names that the standard has for them.
    normalization = {0: 1, 1: {0: [127.5], 1: [127.5]}}  # options_type: NormalizationOptions, options: mean, std
    rgb = {0: 2, 1: {0: 1}}  # content_properties_type: ImageProperties, content_properties: color_space RGB
    image = {0: "image", 3: rgb, 4: [normalization], 5: {0: [1.0], 1: [-1.0]}}  # name, content, process_units, stats
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
            image = data.normalize(data.read(photo, size))
        except OSError as error:
            print(f"{photo}: {error}", file=sys.stderr)
            failed += 1
            continue
        start = time.perf_counter()
        shares = network(image)
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
