"""Other files made of a .tflite file: for other sizes of image, and of each of its operators."""

from __future__ import annotations

from ai_edge_litert.interpreter import OpResolverType

from mobilenet_lib.architecture import REDUCTION
from mobilenet_lib.costs import positive
from mobilenet_lib.tflite.files import File, called, constant, cut, opened, packed, schema, unpacked
from mobilenet_lib.tflite.metadata import labels
from mobilenet_lib.tflite.running import Network


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
    except ValueError as error:
        raise ValueError(
            f"tflite_model must take images of other sizes too; {called(tflite_model)}, made for {height} × {width} "
            f"pixels, cannot take {resolution} × {resolution}: convert the model at that size"
        ) from error
    for details in interpreter.get_tensor_details():
        if details["index"] < len(graph.tensors):
            graph.tensors[details["index"]].shape = details["shape"]
    return packed(content, labels(tflite_model))


def operators(tflite_model: File) -> dict[str, bytes]:
    """Each operator of the file as a .tflite file of its own, by the name of its layer, from first to last.

    LiteRT's interface to Python does not say which operator takes how long; `latency` of these files does. What only
    unpacks weights, as in a float16 file, stays with the operator that uses them.
    """
    opened(tflite_model)
    content = unpacked(tflite_model)
    if len(content.subgraphs) != 1:
        raise ValueError(f"tflite_model must hold one graph; {called(tflite_model)} holds {len(content.subgraphs)}")
    (graph,) = content.subgraphs
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
        files[name] = cut(content, [*before, operator])
    return files
