"""Biases that put back what rounding the weights adds to the mean of each channel.

Nagel et al. 2019 (arXiv 1906.04721), section 4.2. Rounding shifts a filter's output by the sum of (rounding error ·
input). Inputs that have passed a ReLU are not centered, so neither is the shift; a filter whose weights nearly cancel
is amplified by batch normalization, and the shift with it.
"""

import copy
from collections import Counter

import numpy as np
from tensorflow.lite.tools import flatbuffer_utils

from mobilenet_lib.tflite.files import buffer, constant, cut, opened, schema

# The operators with a bias, and the ranges of what they may have merged.
BUILTIN, ACTIVATION = schema.BuiltinOperator, schema.ActivationFunctionType
BIASED = {BUILTIN.CONV_2D, BUILTIN.DEPTHWISE_CONV_2D, BUILTIN.FULLY_CONNECTED}
RANGES = {ACTIVATION.NONE: (-np.inf, np.inf), ACTIVATION.RELU: (0, np.inf), ACTIVATION.RELU6: (0, 6)}


def correct(content: schema.ModelT, exact: schema.ModelT, images: np.ndarray) -> None:
    """Change the biases in `content` by what keeps the mean of each channel as it is in `exact`, the float32 file.

    Layer by layer, measured with all layers before it rounded and corrected. Means are over float32 `images`
    `[N, H, W, C]`. Raises `ValueError` if the two files do not have the same layers.
    """
    (graph,), ours, theirs = exact.subgraphs, _biased(exact), _biased(content)
    if _channels(exact, ours) != _channels(content, theirs):
        raise ValueError(
            "bias_correction must be False for a model whose layers the converter rearranges to round them"
        )
    partners = iter(theirs)
    uses = Counter(place for operator in graph.operators for place in operator.inputs)
    # What flows through the exact network and through the corrected one; a file takes batches of one image.
    flows = [{graph.inputs[0]: images[:, np.newaxis]} for _ in range(2)]
    for operator in graph.operators:
        inputs = [[flow[place] for place in dict.fromkeys(operator.inputs) if place in flow] for flow in flows]
        if operator in ours:
            partner, (linear, span) = next(partners), _linear(operator)
            kernel = _numbers(content, partner.inputs[1]) * _scale(content, partner.inputs[1])
            files = cut(exact, [linear]), cut(exact, [linear], kernel.astype(np.float32))
            outputs = [_run(file, each, len(images)) for file, each in zip(files, inputs, strict=True)]
            wanted, found = (maps.mean(axis=tuple(range(maps.ndim - 1)), dtype=np.float64) for (maps,) in outputs)
            _add_to_bias(content, partner, wanted - found)
            outputs[1][0] -= (found - wanted).astype(np.float32)
            outputs = [[np.clip(maps, *span, out=maps)] for (maps,) in outputs]
        else:
            outputs = [_run(cut(exact, [operator]), each, len(images)) for each in inputs]
        uses.subtract(operator.inputs)
        for flow, results in zip(flows, outputs, strict=True):
            flow.update(zip(operator.outputs, results, strict=True))
            for place in [place for place in flow if not uses[place]]:  # maps are large
                del flow[place]


def _biased(content: schema.ModelT) -> list[schema.OperatorT]:
    """The operators that have weights, a bias to correct, and an activation that can be split off."""
    return [
        operator
        for operator in content.subgraphs[0].operators
        if content.operatorCodes[operator.opcodeIndex].builtinCode in BIASED
        and operator.builtinOptions.fusedActivationFunction in RANGES
        and [place != -1 and constant(content, place) for place in operator.inputs[1:]] == [True, True]
    ]


def _linear(operator: schema.OperatorT) -> tuple[schema.OperatorT, tuple[float, float]]:
    """The operator without its activation, and the range that the activation cuts off at."""
    operator, options = copy.copy(operator), copy.copy(operator.builtinOptions)
    span, options.fusedActivationFunction = RANGES[options.fusedActivationFunction], ACTIVATION.NONE
    operator.builtinOptions = options
    return operator, span


def _run(content: bytes, inputs: list[np.ndarray], count: int) -> list[np.ndarray]:
    """The outputs of a file for each of `count` times its `inputs`, which lie along a first axis of their own."""
    interpreter = opened(content)
    places, results = interpreter.get_input_details(), interpreter.get_output_details()
    outputs = [np.empty((count, *result["shape"]), result["dtype"]) for result in results]
    for number in range(count):
        for place, values in zip(places, inputs, strict=True):
            interpreter.set_tensor(place["index"], values[number])
        interpreter.invoke()
        for output, result in zip(outputs, results, strict=True):
            output[number] = interpreter.get_tensor(result["index"])
    return outputs


def _channels(content: schema.ModelT, operators: list[schema.OperatorT]) -> list[int]:
    return [len(_numbers(content, operator.inputs[2])) for operator in operators]


def _numbers(content: schema.ModelT, place: int) -> np.ndarray:
    """The numbers of a constant tensor, as they are kept."""
    tensor = content.subgraphs[0].tensors[place]
    kind = flatbuffer_utils.type_to_name(tensor.type).lower()
    return np.frombuffer(bytes(content.buffers[tensor.buffer].data), kind).reshape(tensor.shape)


def _scale(content: schema.ModelT, place: int) -> np.ndarray | float:
    """What the numbers of a tensor are multiples of, to be broadcast; weights and biases have 0 as zero point."""
    tensor = content.subgraphs[0].tensors[place]
    quantization = tensor.quantization
    if quantization is None or quantization.scale is None or not len(quantization.scale):
        return 1.0
    shape = np.ones(len(tensor.shape), int)
    shape[quantization.quantizedDimension] = len(quantization.scale)
    return np.asarray(quantization.scale, np.float64).reshape(shape)


def _add_to_bias(content: schema.ModelT, operator: schema.OperatorT, summand: np.ndarray) -> None:
    """Add to the bias of the operator, and to no other's: where a file keeps equal ones once, this one gets its own."""
    (graph,), place = content.subgraphs, operator.inputs[2]
    old, tensor = _numbers(content, place), graph.tensors[place]
    new = old + summand / _scale(content, place)
    new = buffer((np.round(new) if old.dtype.kind == "i" else new).astype(old.dtype).tobytes())
    read = [graph.tensors[source].buffer for other in graph.operators for source in other.inputs if source != -1]
    if read.count(tensor.buffer) == 1:
        content.buffers[tensor.buffer] = new
        return
    own = copy.copy(tensor)
    own.buffer = len(content.buffers)
    content.buffers.append(new)
    operator.inputs = [*operator.inputs[:2], len(graph.tensors)]
    graph.tensors.append(own)
