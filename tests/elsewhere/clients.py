"""Exported files in programs that nobody here wrote: the same answers as `tflite.predict`, within the bounds below.

`CLIENTS` names an interpreter that has these programs. The table in chapter 11 says which file is for which of them.
"""

import os
import re
import subprocess
from pathlib import Path

import exports
import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from mobilenet_lib import data, models, tflite, training

PROGRAM = Path(__file__).with_name("in_clients.py")
CALCULATING = ("mediapipe", "onnx", "openvino", "micro")
# How far answers may be from those of `predict`: sums in another order differ in the seventh digit; where numbers are
# rounded to int8 on the way, each program does it in its own way, as LiteRT's own kernels do among themselves.
BOUNDS = {"float32": 1e-5, "float16": 1e-5, "dynamic": 0.04, "int8": 0.06, "int8_io": 0.06, "uint8_io": 0.06}
BOUNDS |= {"float32-maps": 1e-5, "int8-maps": 0.06, "float32-pixels": 1e-5}
# MediaPipe gives uint8 files pixels as they are, which are up to one step from what the file's own scale makes of them.
AS_THEY_ARE = 0.15
REFUSED = {
    ("mediapipe", "int8_io"): "Requested one of these types: uint8/float32",
    ("micro", "float16"): "failed to allocate tensors",
    ("micro", "dynamic"): "failed to allocate tensors",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The kept network in every file format, and images of the test split; photos, if they are at hand."""
    folder = tmp_path_factory.mktemp("clients")
    model = training.load_model(training.MODELS / "flagship.keras")
    photos = data.load(model.input_shape[1], limit=100)
    options = {"calibration": data.normalize(photos.images("train")[0]), "labels": data.CLASSES}
    for mode in tflite.MODES:
        tflite.save(tflite.convert(model, mode, **options), folder / f"{mode}.tflite")
    for ends in ("int8_io", "uint8_io"):
        tflite.save(tflite.convert(model, "int8", **options, **{ends: True}), folder / f"{ends}.tflite")
    for mode in ("float32", "int8"):
        tflite.save(tflite.convert(models.with_maps(model), mode, **options), folder / f"{mode}-maps.tflite")
    takes_pixels = keras.Sequential([keras.Input(model.input_shape[1:]), keras.layers.Rescaling(1 / 127.5, -1), model])
    content = tflite.convert(takes_pixels, "float32", labels=data.CLASSES, normalization=(0, 1))
    tflite.save(content, folder / "float32-pixels.tflite")
    pixels = photos.images("test")[0]
    np.save(folder / "pixels.npy", pixels)
    for path in folder.glob("*.tflite"):
        np.save(path.with_suffix(".npy"), as_taken(path, images(path.stem, pixels)))
    return folder


def images(name, pixels):
    """Images as `predict` takes them for the file of that name."""
    return pixels.astype(np.float32) if name.endswith("pixels") else data.normalize(pixels)


def as_taken(path, images):
    """`images` as the file itself takes them: float, or integers by its own scale."""
    (image,) = Interpreter(str(path)).get_input_details()
    scale, zero_point = image["quantization"]
    if not scale:
        return images
    kind = np.iinfo(image["dtype"])
    return np.clip(np.round(images / np.float32(scale)) + zero_point, kind.min, kind.max).astype(kind.dtype)


def run(client, folder):
    """What the client has made of each file: its answers, or why there are none."""
    if not (folder / client).exists():
        command = [os.environ["CLIENTS"], PROGRAM, client, folder]
        env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        subprocess.run(command, check=True, capture_output=True, env=env)
    answers = {path.stem: np.load(path) for path in (folder / client).glob("*.npy")}
    return answers | {path.stem: path.read_text("utf8") for path in (folder / client).glob("*.txt")}


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("client", CALCULATING)
def test_a_client_gives_the_answers_of_predict(folder, client, name):
    found = run(client, folder)[name]
    if reason := REFUSED.get((client, name)):
        assert reason in str(found)
        return
    expected = tflite.predict(folder / f"{name}.tflite", images(name, np.load(folder / "pixels.npy")))
    assert not isinstance(found, str), found
    bound = AS_THEY_ARE if (client, name) == ("mediapipe", "uint8_io") else BOUNDS[name]
    np.testing.assert_allclose(found, expected, atol=bound)


def test_ai_edge_quantizer_makes_an_int8_file_that_answers_alike(folder):
    pictures = data.normalize(np.load(folder / "pixels.npy"))
    content, version = exports.quantized((folder / "float32.tflite").read_bytes(), pictures, os.environ["CLIENTS"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert len(content) < 0.3 * (folder / "float32.tflite").stat().st_size
    in_float = tflite.predict(folder / "float32.tflite", pictures)
    assert (tflite.predict(content, pictures).argmax(axis=1) == in_float.argmax(axis=1)).mean() >= 0.9


@pytest.mark.parametrize("name", ["int8_io", "uint8_io"])
def test_the_kernels_of_the_specification_equal_those_for_microcontrollers_bit_for_bit(folder, name):
    path = str(folder / f"{name}.tflite")
    interpreter = Interpreter(path, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    (image,), (output,) = interpreter.get_input_details(), interpreter.get_output_details()
    expected = []
    for picture in np.load(folder / f"{name}.npy"):
        interpreter.set_tensor(image["index"], picture[np.newaxis])
        interpreter.invoke()
        value = interpreter.get_tensor(output["index"])[0]
        expected.append((value.astype(np.float32) - np.iinfo(value.dtype).min) / 256)
    np.testing.assert_array_equal(run("micro", folder)[name], expected)


@pytest.mark.parametrize("name", BOUNDS)
def test_the_metadata_are_what_the_standard_reads(folder, name):
    normalization = [0, 1] if name.endswith("pixels") else [127.5, 127.5]
    assert run("metadata", folder)[name].tolist() == [*normalization, True]


def test_on_a_microcontroller_the_smallest_network_needs_half_as_much_again_as_its_largest_layer(tmp_path):
    """98,304 bytes are that layer's input and output: a table of chapter 11."""
    images = np.random.default_rng(0).uniform(-1, 1, (16, 128, 128, 3)).astype(np.float32)
    model = models.mobilenet(0.25, 128, 2, momentum=0.0, depthwise_initializer=training.DEPTHWISE_HE_NORMAL)
    model(images, training=True)
    tflite.save(tflite.convert(model, "int8", images, int8_io=True), tmp_path / "small.tflite")
    np.save(tmp_path / "small.npy", images)
    assert run("arena", tmp_path)["small"].tolist() == [False, False, True]
