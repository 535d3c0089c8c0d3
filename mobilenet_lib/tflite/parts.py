"""Other files made of a .tflite file: for other sizes of image, and of each of its operators. What a file has to do."""

from __future__ import annotations

from itertools import chain, count
from math import prod

import numpy as np
from ai_edge_litert.interpreter import OpResolverType

from mobilenet_lib.architecture import REDUCTION
from mobilenet_lib.costs import positive
from mobilenet_lib.tflite.files import File, called, constant, cut, opened, packed, schema, unpacked
from mobilenet_lib.tflite.metadata import labels
from mobilenet_lib.tflite.running import Network

BUILTIN = schema.BuiltinOperator
#: The operators whose Mult-Adds are counted, and which axis of their weights has the filters.
FILTERS = {BUILTIN.CONV_2D: 0, BUILTIN.DEPTHWISE_CONV_2D: 3, BUILTIN.FULLY_CONNECTED: 0}


def resized(tflite_model: File, resolution: int) -> bytes:
    """The same MobileNet for images of `resolution` × `resolution` pixels, without another conversion.

    No weight depends on the size of the image, only the shapes between the layers do. Raises `ValueError` unless
    `tflite_model` is a whole .tflite file of an image classifier and `resolution` a positive multiple of 32, and if the
    file was converted for 32 pixels: there the converter leaves out the mean over the last maps, of one pixel each.
    """
    resolution = positive("resolution", resolution)
    if resolution % REDUCTION:
        raise ValueError(f"resolution must be a multiple of {REDUCTION}, not {resolution!r}")
    height, width, channels = Network(tflite_model).shape
    content = unpacked(tflite_model)
    (graph,) = content.subgraphs
    graph.tensors[graph.inputs[0]].shape = [1, resolution, resolution, channels]
    # LiteRT works out the other shapes; the accelerator would hide them.
    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        interpreter = opened(packed(content), experimental_op_resolver_type=plain)
        for details in interpreter.get_tensor_details():
            if details["index"] < len(graph.tensors):
                graph.tensors[details["index"]].shape = details["shape"]
        Network(packed(content))  # a reshape makes several rows of a larger image
    except ValueError as error:
        raise ValueError(
            f"tflite_model must take images of other sizes too; {called(tflite_model)}, made for {height} × {width} "
            f"pixels, cannot take {resolution} × {resolution}: convert the model at that size"
        ) from error
    return packed(content, labels(tflite_model))


def operators(tflite_model: File) -> dict[str, bytes]:
    """Each operator of the file as a .tflite file of its own, by the name of its layer, from first to last.

    A layer that is called three times has three: "conv", "conv_2", "conv_3". What only unpacks weights, as in a float16
    file, stays with the operator that uses them. LiteRT's interface to Python does not say which operator takes how
    long; `latency` of these files does.
    """
    content, graph = _with_one_graph(tflite_model)
    files: dict[str, bytes] = {}
    unpacking: dict[int, list[schema.OperatorT]] = {}
    for operator in graph.operators:
        inputs = [place for place in operator.inputs if place != -1]  # -1 stands for one that is left out
        before = [part for place in inputs for part in unpacking.get(place, [])]
        if all(constant(content, place) or place in unpacking for place in inputs):
            unpacking[operator.outputs[0]] = [*before, operator]
            continue
        names = [graph.tensors[place].name.decode() for place in (*operator.inputs[1:2], operator.outputs[0])]
        name = next((name.removesuffix("/kernel") for name in names if name.endswith("/kernel")), names[-1])
        if operator.outputs[0] in graph.outputs:  # for maps, the classifier works a second time
            name = names[-1]
        numbered = chain([name], (f"{name}_{number}" for number in count(2)))  # a layer may work several times
        files[next(each for each in numbered if each not in files)] = cut(content, [*before, operator])
    return files


def work(tflite_model: File) -> tuple[int, int]:
    """How many Mult-Adds the file does in one run, and the fewest bytes that can pass to and from memory meanwhile.

    Mult-Adds are those of convolutions, depthwise convolutions and dense layers; other operators count as none. Bytes
    are those of all inputs, weights, biases and outputs of the file, each once. Of one operator, as `operators` cuts it
    out, the one by the other is the arithmetic intensity.
    """
    content, graph = _with_one_graph(tflite_model)
    mult_adds = 0
    for operator in graph.operators:
        kind = content.operatorCodes[operator.opcodeIndex]
        code = max(kind.builtinCode, kind.deprecatedBuiltinCode)  # files from before 2020 have the latter alone
        if code in FILTERS:  # each number of the output takes the products of one filter
            weights, output = (graph.tensors[place].shape for place in (operator.inputs[1], operator.outputs[0]))
            mult_adds += prod(map(int, output)) * prod(map(int, weights)) // int(weights[FILTERS[code]])
    interpreter = opened(tflite_model)
    ends = interpreter.get_input_details() + interpreter.get_output_details()
    flowing = sum(prod(map(int, end["shape"])) * np.dtype(end["dtype"]).itemsize for end in ends)
    kept = {tensor.buffer for place, tensor in enumerate(graph.tensors) if constant(content, place)}
    return mult_adds, flowing + sum(len(content.buffers[place].data) for place in kept)


def _with_one_graph(tflite_model: File) -> tuple[schema.ModelT, schema.SubGraphT]:
    """The tables of the file, and its graph. Raises `ValueError` unless it is whole and has one."""
    opened(tflite_model)
    content = unpacked(tflite_model)
    if len(content.subgraphs) != 1:
        raise ValueError(f"tflite_model must hold one graph; {called(tflite_model)} holds {len(content.subgraphs)}")
    return content, content.subgraphs[0]
