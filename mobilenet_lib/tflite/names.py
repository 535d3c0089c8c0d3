"""Tensors named after the Keras layers that they belong to; the names that the converter gives fill kilobytes."""

import re
from collections import Counter
from collections.abc import Iterator

import keras

from mobilenet_lib.tflite.files import OUTPUTS, constant, schema


def leaves(model: keras.Model) -> Iterator[keras.Layer]:
    """The layers of `model`, those of models in it too."""
    for layer in model.layers:
        yield from leaves(layer) if hasattr(layer, "layers") else [layer]


def rename(content: schema.ModelT, model: keras.Model) -> None:
    """Rename the tensors of the file that was made from `model`, and give it a signature with names of its ends."""
    layers = {layer.name: hasattr(layer, "kernel") for layer in leaves(model)}

    def layer(tensor: schema.TensorT, *, weights: bool) -> str | None:
        # TensorFlow numbers a name that it has met before: "conv1_1/convolution" is of the layer "conv1".
        words = (name for word in re.split("[/;]", tensor.name.decode()) for name in (word, re.sub(r"_\d+$", "", word)))
        return next((word for word in words if word in layers and (layers[word] or not weights)), None)

    (graph,) = content.subgraphs
    unpacking = [operator for operator in graph.operators if constant(content, operator.inputs[0])]  # of float16
    kernels = {operator.outputs[0] for operator in unpacking}
    kernels |= {place for place in range(len(graph.tensors)) if constant(content, place)}
    for operator in graph.operators:
        if operator in unpacking:
            continue
        _, *parameters = (graph.tensors[place] for place in operator.inputs)
        output = graph.tensors[operator.outputs[0]]
        found = parameters and layer(parameters[0], weights=True)
        if parameters and not found and len(parameters[0].shape) > 1 and operator.inputs[1] in kernels:
            found = layer(output, weights=True)  # before TensorFlow 2.20, kernels are "arith.constant7"
        if found:
            for tensor, role in zip(parameters, ("kernel", "bias"), strict=False):
                tensor.name = f"{found}/{role}".encode()
        output.name = (layer(output, weights=False) or output.name.decode().split(";")[0]).encode()
    for operator in unpacking:
        graph.tensors[operator.inputs[0]].name = graph.tensors[operator.outputs[0]].name + b"_float16"
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = "serving_default", 0
    signature.inputs = [_end(graph, place, "image") for place in graph.inputs]
    # A file without maps has one output.
    signature.outputs = [_end(graph, *output) for output in zip(graph.outputs, OUTPUTS, strict=False)]
    content.signatureDefs = [signature]
    # Some programs tell tensors apart by their names; a layer that is used twice gives two the same.
    taken: Counter[bytes] = Counter()
    for place in dict.fromkeys([*graph.inputs, *graph.outputs, *range(len(graph.tensors))]):
        tensor, wanted = graph.tensors[place], graph.tensors[place].name
        while tensor.name in taken:
            tensor.name = wanted + f"_{taken[wanted]}".encode()
            taken[wanted] += 1
        taken[tensor.name] += 1


def _end(graph: schema.SubGraphT, place: int, name: str) -> schema.TensorMapT:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name, place
    graph.tensors[place].name = name.encode()
    return entry
