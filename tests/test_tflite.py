"""Export to .tflite and running it: the same answers, small files, and what stops at a bad argument."""

import io
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from flatbuffers.number_types import Float32Flags, Uint8Flags
from flatbuffers.table import Table
from PIL import Image
from tensorflow.lite.tools import flatbuffer_utils

from mobilenet_lib import architecture, data, models, tflite, training

SIZE = 64
ROUNDING = 5e-5  # on the network below, Keras and LiteRT are each up to 1.3e-5 away from the same sums in float64
LABELS = ("cat", "dog")


def lively(alpha=0.25, size=SIZE):
    """A MobileNet whose layers have what training gives them: batch statistics, and weights that make a difference."""
    keras.utils.set_random_seed(0)
    model = models.mobilenet(alpha, size, 2, momentum=0.0, depthwise_initializer=training.DEPTHWISE_HE_NORMAL)
    model(pictures(64, size), training=True)
    return model


def pictures(count, size=SIZE, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, size, size, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def model():
    return lively()


@pytest.fixture(scope="module")
def tiny():
    """Few layers, for what does not depend on which."""
    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.BatchNormalization()(keras.layers.Conv2D(8, 3, strides=8, name="first")(image))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU(6)(x))
    return keras.Model(image, keras.layers.Dense(2, "softmax")(4 * x))


@pytest.fixture(scope="module")
def files(model):
    return {mode: tflite.convert(model, mode, pictures(50), labels=LABELS) for mode in tflite.MODES}


def opened(content):
    """Without XNNPACK, which would show as one operator what it runs itself."""
    interpreter = Interpreter(
        model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    interpreter.allocate_tensors()
    return interpreter


def operators(content):
    return {operator["op_name"] for operator in opened(content)._get_ops_details()}


def scales(content, tensor):
    (found,) = (details for details in opened(content).get_tensor_details() if details["name"] == tensor)
    return found["quantization_parameters"]["scales"]


# The same network


def test_the_float32_file_computes_what_keras_computes(model, files):
    images = pictures(20, seed=1)
    expected = np.asarray(model(images, training=False))
    assert np.ptp(expected[:, 0]) > 0.01, "the pictures must not all be alike to the network"
    np.testing.assert_allclose(tflite.predict(files["float32"], images), expected, atol=ROUNDING)


@pytest.mark.parametrize("mode", ["float16", "dynamic", "int8"])
def test_the_smaller_files_stay_close_to_keras(model, files, mode):
    images = pictures(20, seed=1)
    difference = tflite.predict(files[mode], images) - np.asarray(model(images, training=False))
    assert 0 < np.abs(difference).mean() < 0.1


@pytest.mark.parametrize("mode", tflite.MODES)
def test_every_file_gives_probabilities(files, mode):
    probabilities = tflite.predict(files[mode], pictures(3))
    assert probabilities.shape == (3, 2) and probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1 / 128)


@pytest.mark.parametrize("mode", tflite.MODES)
def test_a_file_takes_one_image_and_has_no_operator_for_padding_shapes_or_normalization(files, mode):
    assert opened(files[mode]).get_input_details()[0]["shape_signature"].tolist() == [1, SIZE, SIZE, 3]
    needed = {"CONV_2D", "DEPTHWISE_CONV_2D", "MEAN", "RESHAPE", "SOFTMAX"}
    conversions = {"int8": {"QUANTIZE", "DEQUANTIZE"}, "float16": {"DEQUANTIZE"}}.get(mode, set())
    assert operators(files[mode]) == needed | conversions


def test_a_file_runs_by_signature_with_names_for_what_goes_in_and_comes_out(files):
    runner = opened(files["float32"]).get_signature_runner("serving_default")
    assert runner(image=pictures(1))["probabilities"].shape == (1, 2)


def test_tensors_have_the_names_of_keras_layers(files):
    names = {details["name"] for details in opened(files["int8"]).get_tensor_details()}
    assert {"image", "probabilities", "conv1/kernel", "conv1/bias", "conv_dw_13/kernel", "conv_pw_13_relu"} <= names
    assert not [name for name in names if ";" in name]


@pytest.mark.parametrize("mode", tflite.MODES)
def test_no_two_tensors_have_the_same_name(model, files, mapped, mode):
    """tf2onnx and OpenVINO tell tensors apart by their names."""
    image = keras.Input((SIZE, SIZE, 3))
    twice = keras.layers.Conv2D(3, 1, name="maps")
    layers = [twice, twice, keras.layers.Conv2D(4, 3, name="image"), keras.layers.GlobalAveragePooling2D()]
    x = image
    for layer in [*layers, keras.layers.Softmax(name="probabilities")]:
        x = layer(x)
    contents = [files[mode], tflite.convert(keras.Model(image, x), mode, pictures(5))]
    contents += [mapped[mode]] if mode in mapped else []
    for content in contents:
        (graph,) = flatbuffer_utils.convert_bytearray_to_object(bytearray(content)).subgraphs
        names = [tensor.name for tensor in graph.tensors]
        assert len(set(names)) == len(names)


def test_the_same_model_gives_the_same_file(model, files):
    assert tflite.convert(model, "float32", labels=LABELS) == files["float32"]


def test_conversion_leaves_the_keras_model_as_it_was(model):
    images, before = pictures(2), model.get_weights()
    expected = np.asarray(model(images, training=False))
    tflite.convert(model, "int8", pictures(5))
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    np.testing.assert_array_equal(np.asarray(model(images, training=False)), expected)


def test_a_model_inside_a_model_is_converted_too():
    inside = lively()
    backbone = keras.Model(inside.input, inside.get_layer("pool").output)
    head = [keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), backbone, *head])
    images = pictures(5, seed=1)
    expected = np.asarray(model(images, training=False))
    np.testing.assert_allclose(tflite.predict(tflite.convert(model, "float32"), images), expected, atol=ROUNDING)
    assert np.abs(tflite.predict(tflite.convert(model, "int8", pictures(20)), images) - expected).mean() < 0.1


# Where it looked


@pytest.fixture(scope="module")
def mapped(model):
    return {
        mode: tflite.convert(models.with_maps(model), mode, pictures(50), labels=LABELS) for mode in ("float32", "int8")
    }


def test_maps_are_those_of_keras(model, mapped):
    images = pictures(5, seed=1)
    _, expected = models.with_maps(model)(images, training=False)
    shown = tflite.maps(mapped["float32"], images)
    assert shown.shape == (5, SIZE // 32, SIZE // 32, 2) and shown.dtype == np.float32
    np.testing.assert_allclose(shown, expected, atol=1e-3 * np.abs(expected).max())


@pytest.mark.parametrize("mode", ["float32", "int8"])
def test_maps_change_neither_the_answers_nor_the_labels_and_hardly_the_size(mapped, files, mode):
    images = pictures(20, seed=1)
    np.testing.assert_allclose(tflite.predict(mapped[mode], images), tflite.predict(files[mode], images), atol=0.01)
    assert tflite.labels(mapped[mode]) == LABELS
    assert 0 < len(mapped[mode]) - len(files[mode]) < 2000, "the classifier is there once"


def test_outputs_have_names_and_stand_in_order(mapped):
    for content in mapped.values():
        assert [details["name"] for details in opened(content).get_output_details()] == ["probabilities", "maps"]
        answer = opened(content).get_signature_runner("serving_default")(image=pictures(1))
        assert (answer["probabilities"].shape, answer["maps"].shape) == ((1, 2), (1, SIZE // 32, SIZE // 32, 2))


def test_a_file_with_maps_is_evaluated_timed_resized_and_taken_apart_like_any_other(mapped, files):
    batches = [(pictures(4, seed=1), [0, 1, 0, 1])]
    assert tflite.evaluate(mapped["float32"], batches).probabilities.shape == (4, 2)
    assert len(tflite.latency(mapped["float32"], repeats=3).milliseconds) == 3
    assert tflite.maps(tflite.resized(mapped["float32"], 96), pictures(1, 96)).shape == (1, 3, 3, 2)
    parts = {mode: list(tflite.operators(mapped[mode])) for mode in mapped}
    assert parts["float32"].count("maps") == 1 and len(parts["float32"]) == len(tflite.operators(files["float32"])) + 1


def test_a_file_without_maps_has_none_to_show(files):
    with pytest.raises(ValueError, match=r"tflite_model must give maps .* has one output"):
        tflite.maps(files["float32"], pictures(1))


# Small files


def test_the_int8_file_takes_about_a_third_of_the_float32_file_and_less_for_wider_networks(files):
    assert len(files["int8"]) <= 0.37 * len(files["float32"])
    wide = lively(0.5, 32)
    assert len(tflite.convert(wide, "int8", pictures(5, 32))) <= 0.30 * len(tflite.convert(wide, "float32"))


def test_the_float16_file_takes_about_half(files):
    assert len(files["float16"]) <= 0.55 * len(files["float32"])


# Quantization


def test_int8_has_one_scale_per_channel_and_one_per_tensor_if_asked(model, files):
    per_tensor = tflite.convert(model, "int8", pictures(5), per_channel=False)
    assert len(scales(files["int8"], "conv_dw_2/kernel")) == 16  # 64 · 0.25 channels
    assert len(scales(per_tensor, "conv_dw_2/kernel")) == 1


def test_int8_takes_and_gives_float32_unless_int8_is_asked_for(model, files):
    small = tflite.convert(model, "int8", pictures(50), int8_io=True)
    for content, kind in ((files["int8"], np.float32), (small, np.int8)):
        interpreter = opened(content)
        assert interpreter.get_input_details()[0]["dtype"] == interpreter.get_output_details()[0]["dtype"] == kind
    assert not operators(small) & {"QUANTIZE", "DEQUANTIZE"}
    images = pictures(10, seed=1)
    np.testing.assert_array_equal(tflite.predict(small, images), tflite.predict(files["int8"], images))


def test_a_uint8_file_takes_pixels_as_they_are(model, files):
    """The scale of its input makes 0…255 of the normalized pixels, give or take one: MediaPipe goes without it."""
    small = tflite.convert(model, "int8", pictures(50), uint8_io=True)
    interpreter = opened(small)
    (image,), (answer,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert image["dtype"] == answer["dtype"] == np.uint8
    scale, zero_point = image["quantization"]
    pixels = np.arange(256)
    assert np.abs((pixels / 127.5 - 1) / scale + zero_point - pixels).max() <= 1
    images = pictures(10, seed=1)
    np.testing.assert_array_equal(tflite.predict(small, images), tflite.predict(files["int8"], images))


def test_int8_does_not_depend_on_how_the_normalization_is_calculated(files):
    """Three ways to write x / 127.5 − 1, which differ by 1e-7: no pixel may lie so near to where rounding turns."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, SIZE, SIZE, 3)).astype(np.float32)
    divided = pixels / np.float32(127.5) - 1
    multiplied = np.clip(pixels * np.float32(1 / 127.5) - 1, -1, 1)
    centered = (pixels - np.float32(127.5)) / np.float32(127.5)
    assert (divided != multiplied).any()
    expected = tflite.predict(files["int8"], divided)
    np.testing.assert_array_equal(tflite.predict(files["int8"], multiplied), expected)
    np.testing.assert_array_equal(tflite.predict(files["int8"], centered), expected)


def test_the_input_covers_black_and_white_even_if_calibration_has_neither(model):
    gray = tflite.convert(model, "int8", pictures(5) * 0.1, int8_io=True)
    scale, zero_point = opened(gray).get_input_details()[0]["quantization"]
    assert scale * (-128 - zero_point) <= -0.99 and scale * (127 - zero_point) >= 0.99


@pytest.mark.parametrize(
    ("mode", "layer", "channels"),
    [
        ("int8", keras.layers.DepthwiseConv2D(3, use_bias=False), 3),
        ("int8", keras.layers.Conv2D(3, 3, use_bias=False), 40),
        ("dynamic", keras.layers.Conv2D(3, 3, use_bias=False), 40),  # leaves kernels of under 1,024 weights as they are
    ],
    ids=["int8-depthwise", "int8-standard", "dynamic-standard"],
)
def test_bias_correction_keeps_the_mean_that_rounding_shifts(mode, layer, channels):
    """An edge filter, whose weights cancel but for a remainder that int8 cannot keep, on inputs that are not centered.

    Batch normalization makes the remainder large, of another sign for the second channel and small for the third.
    """
    edges = np.array([[-1, -1, -1], [-1, 8.03, -1], [-1, -1, -1]], np.float32)
    inputs = keras.Input((8, 8, channels))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.BatchNormalization()(layer(inputs)))
    model = keras.Model(inputs, keras.layers.Softmax()(x))
    layer.set_weights([np.broadcast_to(edges[:, :, np.newaxis, np.newaxis], layer.kernel.shape)])
    gamma = np.array([15, -15, 3]) / channels
    model.layers[2].set_weights([np.full(3, value, np.float32) for value in (gamma, 0, 0, 1)])  # beta, mean, variance
    images = np.random.default_rng(0).uniform(0.2, 1, (50, 8, 8, channels)).astype(np.float32)
    expected = np.asarray(model(images, training=False)).mean(axis=0)

    def error(calibration, **options):
        content = tflite.convert(model, mode, calibration, **options)
        return np.abs(tflite.predict(content, images).mean(axis=0) - expected).max()

    uncorrected = error(images, bias_correction=False)
    assert error(images) < 0.2 * uncorrected
    if mode == "dynamic":
        assert error(None) == uncorrected, "without images there are no means to correct"


def test_bias_correction_leaves_alone_the_bias_of_another_layer_that_has_the_same_numbers():
    """The converter keeps equal biases, here two times 0, once."""
    first, second = (keras.layers.Conv2D(64, 3, name=name, use_bias=False) for name in ("first", "second"))
    image = keras.Input((16, 16, 3))
    x = keras.layers.GlobalAveragePooling2D()(second(keras.layers.ReLU()(first(image))))
    model = keras.Model(image, keras.layers.Softmax()(x))
    rng = np.random.default_rng(0)
    for layer in (first, second):
        layer.set_weights([rng.normal(0.1, 1, layer.kernel.shape).astype(np.float32)])
    images = pictures(50, 16)
    content = flatbuffer_utils.convert_bytearray_to_object(
        bytearray(tflite.convert(model, "dynamic", images, bias_correction=True))
    )
    tensors = {tensor.name.decode(): tensor for tensor in content.subgraphs[0].tensors}
    biases = [content.buffers[tensors[f"{name}/bias"].buffer].data for name in ("first", "second")]
    assert bytes(biases[0]) != bytes(biases[1])


# What travels with the weights


@pytest.mark.parametrize("mode", tflite.MODES)
def test_labels_travel_with_the_file(files, mode):
    assert tflite.labels(files[mode]) == LABELS
    with zipfile.ZipFile(io.BytesIO(files[mode])) as attached:
        assert attached.read("labels.txt") == b"cat\ndog\n"


def test_a_file_without_labels_says_so(model):
    assert tflite.labels(tflite.convert(model, "float32")) == ()


def damages(content):
    """The file with a byte of its labels changed, or of their directory where it counts, or without its end."""
    start = content.rindex(b"PK\x01\x02")  # of the directory; the labels stand before it
    for place in (start - 8, start, start + 6, start + 10, start + 16, start + 42, start + 56, len(content) - 3):
        yield content[:place] + bytes([content[place] ^ 0xA5]) + content[place + 1 :]
    yield from (content[:-1], content[:-30], content[:start])


def test_damaged_labels_are_refused(files):
    for damaged in damages(files["int8"]):
        with pytest.raises(
            ValueError, match=r"must be a whole \.tflite file, not these .* bytes: its labels are damaged"
        ):
            tflite.labels(damaged)


def described(content):
    """What the metadata say of the input: mean, deviation, color space (1 RGB, 2 grayscale), largest and smallest."""
    content = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    (entry,) = (entry for entry in content.metadata if entry.name == b"TFLITE_METADATA")
    metadata = bytes(content.buffers[entry.buffer].data)
    assert metadata[4:8] == b"M001", "the identifier of the schema"

    def table(parent, field, index=None):
        offset = parent.Offset(4 + 2 * field)
        if index is None:
            return Table(metadata, parent.Indirect(parent.Pos + offset))
        return Table(metadata, parent.Indirect(parent.Vector(offset) + 4 * index))

    def floats(parent, field):
        return parent.GetVectorAsNumpy(Float32Flags, parent.Offset(4 + 2 * field)).tolist()

    image = table(table(Table(metadata, int.from_bytes(metadata[:4], "little")), 3, 0), 2, 0)
    units, space, stats = table(table(image, 4, 0), 1), table(table(image, 3), 1), table(image, 5)
    return floats(units, 0), floats(units, 1), space.GetSlot(4, 0, Uint8Flags), floats(stats, 0), floats(stats, 1)


def test_metadata_in_the_standard_format_say_how_to_normalize(files):
    for content in files.values():
        assert described(content) == ([127.5], [127.5], 1, [1], [-1])


def test_metadata_say_the_normalization_that_the_model_takes(tiny):
    content = tflite.convert(tiny, "float32", normalization=(0, 255))
    assert described(content) == ([0], [255], 1, [1], [0])


@pytest.mark.parametrize(("channels", "space"), [(1, 2), (3, 1), (4, 0)])
def test_metadata_say_gray_of_one_channel_and_rgb_of_three(channels, space):
    image = keras.Input((16, 16, channels))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(2, 3)(image))
    content = tflite.convert(keras.Model(image, keras.layers.Softmax()(x)), "float32")
    assert described(content)[2] == space


NORMALIZING = {
    "Rescaling": lambda image: keras.layers.Rescaling(1 / 127.5, -1)(image),
    "Normalization": lambda image: keras.layers.Normalization(mean=[127.5] * 3, variance=[127.5**2] * 3)(image),
    "Lambda": lambda image: keras.layers.Lambda(lambda pixels: pixels / 127.5 - 1)(image),
    "preprocess_input": keras.applications.mobilenet.preprocess_input,
    "arithmetic": lambda image: keras.ops.subtract(image * (1 / 127.5), 1.0),
}


@pytest.mark.parametrize("normalize", NORMALIZING.values(), ids=NORMALIZING.keys())
def test_a_model_that_normalizes_by_itself_is_converted_for_what_it_is_said_to_take(tiny, normalize):
    image = keras.Input((SIZE, SIZE, 3))
    whole = keras.Model(image, tiny(normalize(image)))
    with pytest.raises(ValueError, match=r"normalization must say what the model takes, .* may normalize by itself"):
        tflite.convert(whole, "float32")
    pixels = np.random.default_rng(0).integers(0, 256, (20, SIZE, SIZE, 3)).astype(np.float32)
    expected = np.asarray(tiny(pixels / 127.5 - 1, training=False))
    content = tflite.convert(whole, "float32", normalization=(0, 1))
    assert described(content) == ([0], [1], 1, [255], [0])
    np.testing.assert_allclose(tflite.predict(content, pixels), expected, atol=ROUNDING)
    with pytest.raises(ValueError, match=r"images must be float images .* with values in \[0, 255\]; these go from -"):
        tflite.predict(content, pictures(1))


def test_an_int8_file_for_pixels_as_they_are_keeps_each_of_them(tiny):
    image = keras.Input((SIZE, SIZE, 3))
    whole = keras.Model(image, tiny(keras.layers.Rescaling(1 / 127.5, -1)(image)))
    pixels = np.random.default_rng(0).integers(0, 256, (50, SIZE, SIZE, 3)).astype(np.float32)
    content = tflite.convert(whole, "int8", pixels, normalization=(0, 1), int8_io=True)
    assert opened(content).get_input_details()[0]["quantization"] == (pytest.approx(1), -128)


@pytest.mark.parametrize("normalization", [(127.5,), (0, 0), (0, -1), "ab", 1, ([1, 2, 3], [1, 2, 3]), (np.nan, 1)])
def test_a_normalization_is_a_mean_and_a_deviation(tiny, normalization):
    wanted = f"normalization must be two numbers, a mean and a deviation above 0, not {normalization!r}"
    with pytest.raises(ValueError, match=re.escape(wanted)):
        tflite.convert(tiny, "float32", normalization=normalization)


@pytest.mark.parametrize(
    ("old", "new"),
    [(rb"....M001", b"\xff\xff\xff\x7fM001"), (re.escape(np.float32(127.5).tobytes()), bytes(4))],
    ids=["a place far outside", "a deviation of 0"],
)
def test_damaged_metadata_are_refused(files, old, new):
    start = files["float32"].index(b"M001") - 4
    damaged = files["float32"][:start] + re.sub(old, new, files["float32"][start:], flags=re.DOTALL)
    assert damaged != files["float32"]
    with pytest.raises(ValueError, match=r"must be a whole \.tflite file, not these .* its metadata are damaged"):
        tflite.predict(damaged, pictures(1))


# On a microcontroller

ARRAY = """
#include <cstdint>
#include <cstdio>
#include <type_traits>
#include "model.h"
static_assert(std::is_const<std::remove_extent<decltype(model_tflite)>::type>::value, "or it lies in RAM");
int main() {
  std::fwrite(model_tflite, 1, model_tflite_len, stdout);
  return reinterpret_cast<std::uintptr_t>(model_tflite) % 16;
}
"""


@pytest.mark.skipif(not (shutil.which("xxd") and shutil.which("g++")), reason="needs xxd and g++")
def test_the_array_that_chapter_6_makes_of_a_model_is_constant_and_aligned(files, tmp_path):
    chapter = (Path(__file__).resolve().parents[1] / "chapters" / "06-tflite-export.md").read_text("utf8")
    (command,) = re.findall(r"^```\n(xxd .*?)\n```$", chapter, re.MULTILINE | re.DOTALL)
    tflite.save(files["int8"], tmp_path / "model.tflite")
    (tmp_path / "main.cc").write_text(ARRAY)
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
    subprocess.run(["g++", "-std=c++17", "-Wall", "-Werror", "main.cc", "-o", "main"], cwd=tmp_path, check=True)
    symbols = subprocess.run(["nm", "-C", "main"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert re.search(r" [rR] model_tflite$", symbols, re.MULTILINE), "among what is only read"
    done = subprocess.run([tmp_path / "main"], capture_output=True)
    assert done.returncode == 0 and done.stdout == files["int8"]


# Running it


def test_a_path_does_as_well_as_the_content(files, tmp_path):
    path = tmp_path / "cät or dog.tflite"
    tflite.save(files["int8"], path)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    np.testing.assert_array_equal(tflite.predict(path, pictures(2)), tflite.predict(files["int8"], pictures(2)))
    assert tflite.labels(str(path)) == LABELS


def test_saving_that_fails_leaves_the_old_file_whole(files, tmp_path, monkeypatch):
    path = tmp_path / "model.tflite"
    tflite.save(files["int8"], path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        tflite.save(files["float32"], path)
    assert path.read_bytes() == files["int8"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.tflite"]


def test_evaluate_says_the_same_as_training_evaluate(model, files):
    batches = [(pictures(6, seed=seed), np.array([0, 1, 0, 1, 1, 1])) for seed in range(3)]
    ours, keras_says = tflite.evaluate(files["float32"], batches), training.evaluate(model, batches)
    np.testing.assert_allclose(ours.probabilities, keras_says.probabilities, atol=ROUNDING)
    np.testing.assert_array_equal(ours.labels, keras_says.labels)
    assert ours.accuracy == keras_says.accuracy


def test_threads_do_not_change_the_answer(files):
    one, two = (tflite.predict(files["float32"], pictures(2), threads=threads) for threads in (1, 2))
    np.testing.assert_allclose(one, two, atol=1e-6)


def test_latency_is_a_distribution_for_each_model(files):
    times = tflite.latency({"small": files["int8"], "large": files["float32"]}, repeats=12)
    assert list(times) == ["small", "large"]
    for taken in times.values():
        low, high = taken.quartiles
        assert taken.milliseconds.shape == (12,) and 0 < low <= taken.median <= high
    assert re.fullmatch(r"[\d.e+]+ ms \(half of 7 runs took .* ms\)", repr(tflite.latency(files["int8"], repeats=7)))


def test_each_model_may_have_threads_of_its_own(files):
    same = {"one thread": files["float32"], "two threads": files["float32"]}
    times = tflite.latency(same, repeats=3, threads={"one thread": 1, "two threads": 2})
    assert list(times) == ["one thread", "two threads"]
    with pytest.raises(ValueError, match="threads must have a number for each of the models; 'two threads' has none"):
        tflite.latency(same, threads={"one thread": 1})


def test_models_take_turns_in_changing_order(files, monkeypatch):
    """Two runs each in their turn; three turns warm up."""
    runs, opened, names = [], tflite._opened, {files["float32"]: "a", files["int8"]: "b"}

    def watched(content, threads):
        interpreter = opened(content, threads)
        monkeypatch.setattr(interpreter, "invoke", lambda: runs.append(names[content]))
        return interpreter

    monkeypatch.setattr(tflite, "_opened", watched)
    tflite.latency({"a": files["float32"], "b": files["int8"]}, repeats=20)
    turns = ["".join(runs[start : start + 4]) for start in range(0, len(runs), 4)]
    assert len(turns) == 3 + 20
    assert set(turns) == {"aabb", "bbaa"}


# Parts of a file


@pytest.mark.parametrize("mode", tflite.MODES)
def test_every_layer_with_weights_is_an_operator_with_its_name(files, mode):
    names = list(tflite.operators(files[mode]))
    layers = [layer.name for layer in architecture.mobilenet(0.25, SIZE, 2)]
    assert [name for name in names if name in layers] == layers
    assert names[-1] == "probabilities"


@pytest.mark.parametrize("mode", ["float32", "dynamic", "int8"])
def test_operators_one_after_the_other_compute_what_the_file_computes(files, mode):
    """Without the accelerator, which merges operators and so rounds in other places."""
    image = pictures(1, seed=1)
    values = image
    for content in tflite.operators(files[mode]).values():
        values = result(content, values)
    np.testing.assert_array_equal(values, result(files[mode], image))


def result(content, values):
    interpreter = opened(content)
    ((place,), (output,)) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.set_tensor(place["index"], values)
    interpreter.invoke()
    return interpreter.get_tensor(output["index"])


def test_unpacking_weights_stays_with_the_operator_that_uses_them(files):
    parts = tflite.operators(files["float16"])
    assert operators(parts["conv_pw_1"]) == {"CONV_2D", "DEQUANTIZE"}
    assert not [content for content in parts.values() if operators(content) == {"DEQUANTIZE"}]


def test_an_operator_file_has_the_weights_of_its_operator_alone(files):
    parts = tflite.operators(files["float32"])
    for layer in architecture.mobilenet(0.25, SIZE, 2):
        weights = 4 * (layer.cost.params + layer.out_channels)  # and the bias
        assert weights < len(parts[layer.name]) < weights + 1500


def test_operators_can_be_timed(files):
    times = tflite.latency(tflite.operators(files["int8"]), repeats=3)
    assert {"conv1", "conv_dw_13", "conv_pw_13", "conv_preds"} <= set(times)


def test_a_broken_file_has_no_operators(files):
    with pytest.raises(ValueError, match=r"tflite_model must be a whole \.tflite file"):
        tflite.operators(files["float32"][:1000])


@pytest.mark.parametrize("resolution", [32, 96])
def test_a_resized_file_computes_what_keras_computes_at_that_size(model, files, resolution):
    other = models.mobilenet(0.25, resolution, 2)
    other.set_weights(model.get_weights())
    resized, images = tflite.resized(files["float32"], resolution), pictures(5, resolution)
    np.testing.assert_allclose(
        tflite.predict(resized, images), np.asarray(other(images, training=False)), atol=ROUNDING
    )
    assert tflite.labels(resized) == LABELS


def test_a_resized_file_is_the_file_converted_at_that_size(model, files):
    other = models.mobilenet(0.25, 96, 2)
    other.set_weights(model.get_weights())
    shapes, expected = (
        {details["name"]: details["shape"].tolist() for details in opened(content).get_tensor_details()}
        for content in (tflite.resized(files["float32"], 96), tflite.convert(other, "float32"))
    )
    assert shapes == expected


@pytest.mark.parametrize("resolution", [0, -32, 1.5, "96", 100])
def test_a_file_is_resized_to_multiples_of_32(files, resolution):
    with pytest.raises(ValueError, match=f"resolution must be a .*, not {resolution!r}"):
        tflite.resized(files["float32"], resolution)


def test_a_file_for_32_pixels_stays_at_32_because_the_converter_leaves_out_a_mean_over_one_pixel():
    content = tflite.convert(models.mobilenet(0.25, 32, 2), "float32")
    assert tflite.predict(tflite.resized(content, 32), pictures(1, 32)).shape == (1, 2)
    with pytest.raises(
        ValueError, match="made for 32 × 32 pixels, cannot take 96 × 96: convert the model at that size"
    ):
        tflite.resized(content, 96)


# From a server


def process():
    """What belongs to the process, and so to other threads, too."""
    streams = [(os.fstat(number).st_dev, os.fstat(number).st_ino) for number in (1, 2)]
    return streams, sys.stdout, sys.stderr, logging.root.manager.disable, logging.getLogger("absl").filters.copy()


def test_predictions_and_conversions_in_threads_are_right_and_leave_the_process_as_it_was(model, files, capfd):
    images, before = pictures(40), process()
    expected = tflite.predict(files["float32"], images)

    def work(number):
        assert process() == before
        if number % 20 == 0:
            assert tflite.convert(model, "int8", pictures(50), labels=LABELS) == files["int8"]
        if number % 10 == 0:
            tflite.latency(files["float32"], repeats=2)
            return tflite.evaluate(files["float32"], [(images[number : number + 1], [0])]).probabilities[0]
        return tflite.predict(files["float32"], images[number : number + 1])[0]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(work, range(len(images))))
    np.testing.assert_array_equal(found, expected)
    assert process() == before
    capfd.readouterr()
    os.write(1, b"still here"), os.write(2, b"and here")
    assert capfd.readouterr() == ("still here", "and here")


def test_running_prints_nothing(files, capfd):
    tflite.predict(files["float32"], pictures(1))  # LiteRT says once in a process that it has an accelerator
    capfd.readouterr()
    tflite.predict(files["int8"], pictures(1))
    with pytest.raises(ValueError):
        tflite.predict(b"hello", pictures(1))
    assert capfd.readouterr() == ("", "")


def test_converting_prints_nothing_where_output_goes(tiny, capfd):
    tflite.convert(tiny, "int8", pictures(5))
    assert not capfd.readouterr().out


# Models of other kinds


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16"])
def test_a_model_of_another_precision_is_converted_in_float32(tiny, policy):
    keras.config.set_dtype_policy(policy)
    try:
        half = keras.models.clone_model(tiny, clone_function=again)
        inside = keras.Sequential([keras.Input((SIZE, SIZE, 3)), half])
    finally:
        keras.config.set_dtype_policy("float32")
    half.set_weights(tiny.get_weights())
    images = pictures(5, seed=1)
    expected = np.asarray(tiny(images, training=False))
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
    content = tflite.convert(own, mode, images)
    np.testing.assert_allclose(tflite.predict(content, images), expected, atol=0.01)


def test_a_model_that_is_a_class_has_to_have_been_called():
    with pytest.raises(ValueError, match="model must have been built or called once, to have weights; 'own"):
        tflite.convert(Own(), "float32")
    half = Own()
    for layer in (half.first, half.last, half.pool):
        layer.dtype_policy = "mixed_float16"
    half(pictures(1))
    with pytest.raises(ValueError, match="model must compute in float32 or be made of Keras' own layers; 'conv2d"):
        tflite.convert(half, "float32")


def test_what_litert_cannot_compute_is_named():
    image = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(2, 3)(image))
    x = keras.layers.Lambda(lambda x: tf.math.betainc(tf.abs(x) + 1, tf.abs(x) + 1, tf.sigmoid(x)), (2,))(x)
    with pytest.raises(ValueError, match=r"^model must be made of operators that LiteRT has, .* has tf\.Betainc$"):
        tflite.convert(keras.Model(image, keras.layers.Softmax()(x)), "float32")


def test_on_another_backend_a_model_is_refused(model, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match=r"model must run on TensorFlow, and Keras runs on jax: .* KERAS_BACKEND=tens"):
        tflite.convert(model, "float32")


# What is no probability


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


def test_a_file_that_gives_no_probabilities_is_refused():
    logits = foreign(lambda image: 5 * tf.reduce_mean(image, (1, 2)), (1, SIZE, SIZE, 3))
    with pytest.raises(ValueError, match=r"tflite_model must give probabilities; these .* bytes gives \[.*\], of sum"):
        tflite.predict(logits, pictures(1))
    with pytest.raises(ValueError, match="tflite_model must give probabilities"):
        tflite.evaluate(logits, [(pictures(1), [0])])


# What stops at a bad argument


@pytest.mark.parametrize("mode", ["int4", "INT8", None, 8])
def test_an_unknown_mode_is_refused(model, mode):
    with pytest.raises(
        ValueError, match=re.escape(f"mode must be one of float32, float16, dynamic, int8, not {mode!r}")
    ):
        tflite.convert(model, mode)


def test_int8_needs_calibration(model):
    with pytest.raises(ValueError, match="calibration must be some dozens of images for mode 'int8', not None"):
        tflite.convert(model, "int8")


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
def test_images_that_do_not_fit_are_refused(model, files, images, reason):
    with pytest.raises(ValueError, match=f"calibration must be float images .*{reason}"):
        tflite.convert(model, "int8", images)
    with pytest.raises(ValueError, match=f"images must be float images .*{reason}"):
        tflite.predict(files["float32"], images)


def test_a_model_of_open_size_is_refused():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs))
    with pytest.raises(ValueError, match=r"model must turn images of known size .* \[None, None, None, 3\]"):
        tflite.convert(model, "float32")


@pytest.mark.parametrize("path", ["model.keras", None])
def test_what_is_no_model_is_refused(path):
    with pytest.raises(ValueError, match=f"model must be a Keras model, not {path!r}"):
        tflite.convert(path, "float32")


def test_a_keras_model_is_no_tflite_file(model):
    with pytest.raises(ValueError, match=r"tflite_model must be the path or the content of a .tflite file, not a Func"):
        tflite.predict(model, np.zeros((1, 64, 64, 3), np.float32))


@pytest.mark.parametrize("answers", [[[1, 0]], [2], [0.5], ["cat"]])
def test_labels_of_a_dataset_are_numbers_of_classes(model, files, answers):
    batch = np.zeros((1, *model.input_shape[1:]), np.float32), answers
    with pytest.raises(ValueError, match="labels must be 1 whole numbers from 0 to 1, one for each photo"):
        tflite.evaluate(files["float32"], [batch])


def test_a_model_of_two_inputs_is_refused():
    inputs = [keras.Input((SIZE, SIZE, 3)), keras.Input((SIZE, SIZE, 3))]
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(keras.layers.Add()(inputs)))
    with pytest.raises(ValueError, match=r"model must have one input and one output, .* not 2 and 1"):
        tflite.convert(model, "float32")


def test_a_model_that_is_not_built_is_refused():
    with pytest.raises(ValueError, match="model must"):
        tflite.convert(keras.Sequential([keras.layers.GlobalAveragePooling2D()]), "float32")


def test_a_model_with_an_open_batch_gives_a_file_for_one_image(model):
    assert model.input_shape[0] is None
    content = tflite.convert(model, "float32")
    assert opened(content).get_input_details()[0]["shape_signature"].tolist() == [1, SIZE, SIZE, 3]


def test_a_conversion_that_is_refused_writes_nothing(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for images in (None, pictures(2, 32), pictures(1) * 200):
        with pytest.raises(ValueError, match="calibration"):
            tflite.save(tflite.convert(model, "int8", images), "model.tflite")
    assert not list(tmp_path.iterdir())


def test_a_dataset_with_a_number_that_is_none_is_refused(files):
    images = pictures(2)
    images[1, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match=r"dataset must be float images .* not a number"):
        tflite.evaluate(files["float32"], [(images, np.array([0, 1]))])


def test_no_models_have_no_latency():
    with pytest.raises(ValueError, match="tflite_models must hold at least one model, not none"):
        tflite.latency({})


def test_labels_may_be_an_array(model):
    assert tflite.labels(tflite.convert(model, "float32", labels=np.array(["cat", "dog"]))) == ("cat", "dog")


@pytest.mark.parametrize("labels", ["ab", ["cat"], ["cat", "dog", "bird"], [1, 2], ["cat\ndog", "bird"], ["", "dog"]])
def test_labels_must_name_each_class(model, labels):
    with pytest.raises(ValueError, match="labels must name each of the 2 classes"):
        tflite.convert(model, "float32", labels=labels)


@pytest.mark.parametrize("kind", ["int8_io", "uint8_io"])
def test_whole_numbers_at_both_ends_are_for_the_int8_file(model, kind):
    with pytest.raises(ValueError, match=f"{kind} must be False unless mode is 'int8'; mode is 'dynamic'"):
        tflite.convert(model, "dynamic", **{kind: True})
    with pytest.raises(ValueError, match="uint8_io must be False where int8_io is True"):
        tflite.convert(model, "int8", pictures(1), int8_io=True, uint8_io=True)


@pytest.mark.parametrize("share", [0, 0.001, 0.1, 0.5, 0.95])
def test_a_truncated_file_is_refused(files, share, tmp_path):
    content = files["int8"][: int(share * len(files["int8"]))]
    with pytest.raises(ValueError, match=f"must be a whole .tflite file, not these {len(content):,} bytes"):
        tflite.predict(content, pictures(1))
    path = tmp_path / "half.tflite"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"must be a whole .tflite file, not '.*half.tflite'"):
        tflite.latency(path)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" + bytes(1000), b"PK\x03\x04" + bytes(99), b"hello " * 99])
def test_a_foreign_file_is_refused(content):
    with pytest.raises(ValueError, match=r"must be a whole \.tflite file"):
        tflite.evaluate(content, [])


def foreign(function, *shapes):
    signature = [tf.TensorSpec(shape, tf.float32) for shape in shapes]
    concrete = tf.function(function, input_signature=signature).get_concrete_function()
    return tf.lite.TFLiteConverter.from_concrete_functions([concrete]).convert()


def test_a_tflite_file_of_something_else_is_refused():
    two_inputs = foreign(lambda a, b: a + b, (1, 4), (1, 4))
    with pytest.raises(ValueError, match=r"must have one input and one output, .*; these .* bytes has 2 and 1"):
        tflite.predict(two_inputs, pictures(1))
    no_image = foreign(lambda a: a * 2, (1, 4))
    with pytest.raises(ValueError, match=r"must turn one image .* turns \[1, 4\] into \[1, 4\]"):
        tflite.predict(no_image, pictures(1))
    any_size = foreign(lambda a: tf.reduce_mean(a, (1, 2)), (1, None, None, 3))
    with pytest.raises(ValueError, match=r"must turn one image .* turns \[1, -1, -1, 3\]"):
        tflite.predict(any_size, pictures(1))


def test_a_tflite_file_of_an_open_batch_is_run_image_by_image():
    any_batch = foreign(lambda a: tf.nn.softmax(tf.reduce_mean(a, (1, 2))), (None, SIZE, SIZE, 3))
    images = pictures(3)
    powers = np.exp(images.mean(axis=(1, 2)))
    np.testing.assert_allclose(tflite.predict(any_batch, images), powers / powers.sum(axis=1, keepdims=True), atol=1e-6)


def test_an_empty_dataset_is_refused(files):
    with pytest.raises(ValueError, match="dataset must have at least one batch"):
        tflite.evaluate(files["float32"], [])


@pytest.mark.parametrize(("argument", "value"), [("threads", 0), ("threads", "two"), ("repeats", 0), ("repeats", 1.5)])
def test_threads_and_repeats_are_positive_whole_numbers(files, argument, value):
    with pytest.raises(ValueError, match=f"{argument} must be a positive whole number, not {value!r}"):
        tflite.latency(files["float32"], **{argument: value})


# On the command line


@pytest.fixture
def saved(files, tmp_path):
    tflite.save(files["float32"], tmp_path / "model.tflite")
    return str(tmp_path / "model.tflite")


def test_the_command_line_says_what_is_on_a_photo(files, saved, tmp_path, capfd):
    photo = tmp_path / "my photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 40, 3), np.uint8)).save(photo)
    probabilities = tflite.predict(files["float32"], data.normalize(data.read(photo, SIZE))[np.newaxis])[0]
    assert tflite.main([str(photo), "--model", saved]) == 0
    shown = capfd.readouterr()
    named = f"{LABELS[probabilities.argmax()]} (cat {probabilities[0]:.1%}, dog {probabilities[1]:.1%}; "
    assert shown.out.startswith(f"{photo}: {named}") and re.search(r"[\d.]+ ms\)\n$", shown.out)
    assert all(line.startswith("INFO: ") for line in shown.err.splitlines()), "LiteRT's one line on its accelerator"


@pytest.mark.fault("A .tflite file gives no probabilities")
def test_a_file_that_gives_logits_is_refused_on_the_command_line(tmp_path, capfd, shown):
    tflite.save(foreign(lambda image: tf.reduce_sum(image, (1, 2)), (1, SIZE, SIZE, 3)), tmp_path / "logits.tflite")
    Image.new("RGB", (40, 40)).save(tmp_path / "black.png")
    with pytest.raises(SystemExit) as stopped:
        tflite.main([str(tmp_path / "black.png"), "--model", str(tmp_path / "logits.tflite")])
    assert stopped.value.code == 2
    shown(capfd.readouterr().err)


def test_the_command_line_normalizes_as_the_file_says(tiny, tmp_path, capfd):
    image = keras.Input((SIZE, SIZE, 3))
    whole = keras.Model(image, tiny(keras.layers.Rescaling(1 / 127.5, -1)(image)))
    tflite.save(tflite.convert(tiny, "float32", labels=LABELS), tmp_path / "model.tflite")
    tflite.save(tflite.convert(whole, "float32", labels=LABELS, normalization=(0, 1)), tmp_path / "own.tflite")
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 40, 3), np.uint8)).save(tmp_path / "photo.png")
    answers = []
    for name in ("model.tflite", "own.tflite"):
        assert tflite.main([str(tmp_path / "photo.png"), "--model", str(tmp_path / name)]) == 0
        answers.append(capfd.readouterr().out.rsplit(";", 1)[0])
    assert answers[0] == answers[1]


def test_a_photo_that_cannot_be_read_does_not_stop_the_others(saved, tmp_path, capfd):
    (tmp_path / "text.jpg").write_text("no photo")
    Image.new("RGB", (40, 40)).save(tmp_path / "black.png")
    photos = [str(tmp_path / name) for name in ("missing.jpg", "text.jpg", "black.png")]
    assert tflite.main([*photos, "--model", saved]) == 1
    shown = capfd.readouterr()
    assert "missing.jpg" in shown.err and "text.jpg" in shown.err and "Traceback" not in shown.err
    assert "black.png: " in shown.out


@pytest.mark.fault("A .tflite file is cut off, or is something else")
def test_a_missing_or_broken_model_is_named(tmp_path, capfd, shown):
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"no model")
    for path, reason in ((tmp_path / "none.tflite", "there is no model in"), (broken, "must be a whole .tflite file")):
        with pytest.raises(SystemExit) as stopped:
            tflite.main(["photo.jpg", "--model", str(path)])
        assert stopped.value.code == 2
        err = capfd.readouterr().err
        assert reason in err and path.name in err
    shown(err)


@pytest.mark.fault("A .tflite file is cut off, or is something else")
def test_a_model_with_damaged_labels_is_named(files, tmp_path, capfd, shown):
    (tmp_path / "model.tflite").write_bytes(files["int8"].replace(b"cat\n", b"c\xe4t\n"))
    with pytest.raises(SystemExit) as stopped:
        tflite.main(["photo.jpg", "--model", str(tmp_path / "model.tflite")])
    assert stopped.value.code == 2
    shown(capfd.readouterr().err)


def test_a_model_with_labels_for_other_classes_is_refused(files, tmp_path, capfd):
    content = flatbuffer_utils.convert_bytearray_to_object(bytearray(files["int8"]))
    tflite.save(tflite._packed(content, ["cat", "dog", "bird"]), tmp_path / "model.tflite")
    with pytest.raises(SystemExit) as stopped:
        tflite.main(["photo.jpg", "--model", str(tmp_path / "model.tflite")])
    assert stopped.value.code == 2
    assert "the model must have a label for each of its 2 classes, not 3" in capfd.readouterr().err


@pytest.mark.fault("A .tflite file is for something else")
def test_a_model_for_something_else_is_named(tmp_path, capfd, shown):
    image = keras.Input((32, 64, 3))
    wide = keras.Model(image, keras.layers.Dense(2, "softmax")(keras.layers.Flatten()(image)))
    tflite.save(tflite.convert(wide, "float32"), tmp_path / "wide.tflite")
    with pytest.raises(SystemExit) as stopped:
        tflite.main(["photo.jpg", "--model", str(tmp_path / "wide.tflite")])
    assert stopped.value.code == 2
    shown(capfd.readouterr().err)


# Recording what the formats do


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A folder with a small kept model and what the command recorded and kept of it on a few drawn images."""
    folder = tmp_path_factory.mktemp("models and exports")
    training.save_model(lively(), folder / "lively.keras")
    kept, exports = str(folder / "lively.keras"), str(folder / "exports")
    assert tflite.main(["record", kept, "--data", "drawn", "--limit", "20", "--exports", exports, "--keep"]) == 0
    return folder


def test_the_command_line_records_every_format_on_the_test_split(recorded, model):
    found = json.loads((recorded / "exports" / "lively.json").read_text("utf8"))
    names = [file["file"] for file in found["files"]]
    assert names == [*tflite.MODES, "int8, not corrected", "int8, one scale per layer"]
    drawn = data.load(SIZE, source="drawn", limit=20)
    assert found["data"] == {"source": drawn.source, "drawn": True, "counts": drawn.counts}
    assert found["keras"] == training.evaluate(model, drawn.test).accuracy and found["resolution"] == SIZE
    float32 = found["files"][0]
    assert float32["largest_difference"] <= ROUNDING and float32["changed"] == 0
    assert float32["bytes"] == len(tflite.convert(model, "float32", labels=LABELS))
    assert float32["accuracy"] == found["keras"]


def test_a_record_of_formats_says_how_to_repeat_it_and_nothing_that_belongs_to_one_machine(recorded):
    text = (recorded / "exports" / "lively.json").read_text("utf8")
    found = json.loads(text)
    assert found["command"] == "python -m mobilenet_lib.tflite record lively --data drawn --limit 20 --keep"
    assert {"tensorflow", "keras", "ai-edge-litert"} <= set(found["versions"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found["date"]) and found["machine"]["cores"] >= 1
    assert str(recorded) not in text


def test_only_the_record_and_the_kept_files_are_left(recorded):
    assert [entry.name for entry in (recorded / "exports").iterdir()] == ["lively.json"]
    assert {entry.name for entry in (recorded / "models").iterdir()} == set(tflite.KEPT)


def test_the_kept_files_have_labels_maps_and_the_accuracy_that_stands_in_the_record(recorded):
    found = json.loads((recorded / "exports" / "lively.json").read_text("utf8"))["kept"]
    drawn = data.load(SIZE, source="drawn", limit=20)
    for name, entry in zip(tflite.KEPT, found, strict=True):
        path = recorded / "models" / name
        assert tflite.labels(path) == LABELS and tflite.maps(path, pictures(1)).shape == (1, SIZE // 32, SIZE // 32, 2)
        accuracy = tflite.evaluate(path, drawn.test).accuracy
        assert entry == {"file": name, "bytes": path.stat().st_size, "accuracy": accuracy}


def test_google_weights_can_be_recorded_but_not_kept(imagenet_weights, tmp_path, capfd):
    folder = tmp_path / "exports"
    command = ["record", "imagenet-128", "--data", "drawn", "--limit", "20", "--exports", str(folder)]
    with pytest.raises(SystemExit):
        tflite.main([*command, "--keep"])
    assert "its weights are Google's" in capfd.readouterr().err
    assert tflite.main(command) == 0
    found = json.loads((folder / "imagenet-128.json").read_text("utf8"))
    assert found["network"] == "ImageNet weights, α = 0.25, 128 px" and len(found["files"]) == len(tflite.RECORDED)
    assert found["command"] == "python -m mobilenet_lib.tflite record imagenet-128 --data drawn --limit 20"


def test_a_model_that_is_not_kept_cannot_be_recorded(tmp_path, capfd):
    foreign_file = tmp_path / "foreign.keras"
    foreign_file.write_bytes(b"no model")
    for name, reason in (("no such model", "there is no"), (str(foreign_file), "foreign.keras")):
        with pytest.raises(SystemExit) as stopped:
            tflite.main(["record", name, "--data", "drawn", "--exports", str(tmp_path / "exports")])
        assert stopped.value.code == 2 and reason in capfd.readouterr().err
    assert not (tmp_path / "exports").exists()


@pytest.mark.fault("A .tflite file is for something else")
@pytest.mark.parametrize("shape", [(32, 48, 3), (32, 32, 1)])
def test_a_model_of_other_images_than_square_ones_in_color_cannot_be_recorded(tmp_path, capfd, shown, shape):
    image = keras.Input(shape)
    model = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(image)))
    training.save_model(model, tmp_path / "other.keras")
    with pytest.raises(SystemExit) as stopped:
        tflite.main(
            ["record", str(tmp_path / "other.keras"), "--data", "drawn", "--exports", str(tmp_path / "exports")]
        )
    assert stopped.value.code == 2
    err = capfd.readouterr().err
    shown(err)
    assert err.endswith(f"error: the model must take square color images, not {list(shape)}\n")


# On the real photos, with Google's weights below a linear head


@pytest.fixture(scope="module")
def real():
    """Left to the tests below, which need it once: a classifier, and photos that it has not seen."""
    return {}


@pytest.fixture
def classifier(photos, imagenet_weights, real):
    if not real:
        cats_and_dogs = data.load(128, source=photos, limit=1000)
        backbone = models.imagenet_backbone(0.25, 128)
        pool = keras.Model(backbone.input, keras.layers.GlobalAveragePooling2D()(backbone.output))
        images, labels = cats_and_dogs.images("train")
        features = np.concatenate([pool(data.normalize(part), training=False) for part in np.array_split(images, 10)])
        # Ridge regression instead of gradient descent: there is nothing to tune. The factor makes it a logit.
        centered = np.column_stack([features, np.ones(len(features))])
        weights = np.linalg.solve(centered.T @ centered + 10 * np.eye(257), centered.T @ (2.0 * labels - 1)) * 4
        model = models.mobilenet(0.25, 128, 2)
        head = [
            np.stack([-weights[:-1], weights[:-1]], axis=1)[np.newaxis, np.newaxis],
            np.array([-1, 1]) * weights[-1],
        ]
        model.set_weights([*backbone.get_weights(), *head])
        real.update(model=model, data=cats_and_dogs, calibration=data.normalize(images[:100]))
        real["keras"] = training.evaluate(model, cats_and_dogs.test)
        assert real["keras"].accuracy > 0.85
    return real


def lost(classifier, mode, **options):
    """Percentage points of accuracy."""
    content = tflite.convert(classifier["model"], mode, classifier["calibration"], **options)
    return 100 * (classifier["keras"].accuracy - tflite.evaluate(content, classifier["data"].test, threads=2).accuracy)


def test_on_photos_float32_equals_keras_to_the_fourth_digit(classifier):
    content = tflite.convert(classifier["model"], "float32")
    probabilities = tflite.evaluate(content, classifier["data"].test, threads=2).probabilities
    np.testing.assert_allclose(probabilities, classifier["keras"].probabilities, atol=ROUNDING)


def test_on_photos_int8_loses_at_most_a_point(classifier):
    assert lost(classifier, "int8") <= 1.0


def test_on_photos_float16_and_dynamic_lose_almost_nothing(classifier):
    assert lost(classifier, "float16") <= 0.3
    assert lost(classifier, "dynamic") <= 0.3


def test_on_photos_int8_with_one_scale_per_tensor_is_chance(classifier):
    """Krishnamoorthi 2018 (arXiv 1806.08342), table 2: 0.001 top-1 per layer, 0.591 and more per channel."""
    assert classifier["keras"].accuracy - lost(classifier, "int8", per_channel=False) / 100 == pytest.approx(
        0.5, abs=0.05
    )
