"""Tensors have the names of layers, so that other programs and people find them."""

import keras
import pytest
from networks import SIZE, file, mapped, opened, pictures
from tensorflow.lite.tools import flatbuffer_utils

from mobilenet_lib import tflite


def test_tensors_have_the_names_of_keras_layers():
    names = {details["name"] for details in opened(file("int8")).get_tensor_details()}
    assert {"image", "probabilities", "conv1/kernel", "conv1/bias", "conv_dw_13/kernel", "conv_pw_13_relu"} <= names
    assert not [name for name in names if ";" in name]


def used_twice(mode):
    """A model with a layer that is used twice, and layers of the names that the ends of a file have."""
    image = keras.Input((SIZE, SIZE, 3))
    twice = keras.layers.Conv2D(3, 1, name="maps")
    layers = [twice, twice, keras.layers.Conv2D(4, 3, name="image"), keras.layers.GlobalAveragePooling2D()]
    x = image
    for layer in [*layers, keras.layers.Softmax(name="probabilities")]:
        x = layer(x)
    return tflite.convert(keras.Model(image, x), mode, pictures(5))


@pytest.mark.parametrize("mode", tflite.MODES)
@pytest.mark.parametrize("made", [file, mapped, used_twice])
def test_no_two_tensors_have_the_same_name(made, mode):
    """tf2onnx and OpenVINO tell tensors apart by their names."""
    (graph,) = flatbuffer_utils.convert_bytearray_to_object(bytearray(made(mode))).subgraphs
    names = [tensor.name for tensor in graph.tensors]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("mode", ["float32", "int8"])
def test_a_file_runs_by_signature_with_names_for_what_goes_in_and_comes_out(mode):
    answer = opened(file(mode)).get_signature_runner("serving_default")(image=pictures(1))
    assert {name: value.shape for name, value in answer.items()} == {"probabilities": (1, 2)}
    answer = opened(mapped(mode)).get_signature_runner("serving_default")(image=pictures(1))
    shapes = {"probabilities": (1, 2), "maps": (1, SIZE // 32, SIZE // 32, 2)}
    assert {name: value.shape for name, value in answer.items()} == shapes
    assert [details["name"] for details in opened(mapped(mode)).get_output_details()] == list(shapes), "in this order"
