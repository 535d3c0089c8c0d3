"""What any Keras model costs: an image flows through a copy of the model, whose layers note what they do.

The copy shares the weights. Nothing of the model itself is called or changed.
"""

from collections.abc import Callable, Iterator
from functools import wraps
from math import prod
from typing import Any

import keras
from keras import layers

from mobilenet_lib.costs import Cost

TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
DEPTHWISE = (layers.DepthwiseConv1D, layers.DepthwiseConv2D)
SEPARABLE = (layers.SeparableConv1D, layers.SeparableConv2D)
COUNTED = (layers.Dense, layers.Conv1D, layers.Conv2D, layers.Conv3D, *TRANSPOSED, *DEPTHWISE, *SEPARABLE)
VARIABLES = {"kernel", "depthwise_kernel", "pointwise_kernel", "bias"}  # of these layers
# Layers with weights that the counting rules of `costs` leave out: what normalizes, and what activates.
FREE = (*(kind for name, kind in vars(layers).items() if name.endswith("Normalization")), layers.PReLU)
PRODUCTS = (layers.Attention, layers.Dot)  # multiply without weights
# So do these operations, which are no layers and which Keras does not export; a `Function` may hold some.
OPERATIONS = {"Matmul", "Dot", "Tensordot", "Einsum", "Inner", "Outer", "Vdot", "Correlate", "DotProductAttention"}
OPERATIONS |= {"Conv", "DepthwiseConv", "SeparableConv", "ConvTranspose", "Function"}

Shape = tuple[int, ...]
Call = tuple[keras.Layer, Shape, Shape]  # a layer, what it is given, what it makes of it


def cost(model: keras.Model) -> Cost:
    """Mult-Adds and parameters of any Keras model of convolutions and dense layers, by the rules of `costs`.

    Counts what happens while one image flows through: a layer that is called twice costs its Mult-Adds twice and its
    parameters once. Models and layers inside the model are entered. Neither quantization nor LoRA changes what a layer
    costs. Raises `ValueError` if the model leaves the size of its input open or does not run on it, if a layer that
    counts is never called, or if a layer has weights, or multiplies what it is given with one another, as
    `keras.ops.matmul` does too, and is neither a standard, grouped, transposed, depthwise, separable or dense layer nor
    a normalization, or is an `RNN` that is not unrolled. What your own code multiplies in a `Lambda`, a layer or a
    model is not seen and counts as nothing; a loop or a branch in your own `call` counts as one turn of each.
    """
    if not isinstance(model, keras.Model):
        raise ValueError(f"model must be a Keras model, not {model!r}")
    copy = _Copy(model)
    inputs, images = _inputs(model, copy.layers)
    for layer in copy.layers:
        if _unknown(layer):
            raise ValueError(
                f"model has {layer.name!r} of type {type(layer).__name__}, which cannot be counted; only "
                "standard, grouped, transposed, depthwise, separable and dense layers and normalization can"
            )
    counted = [layer for layer in copy.layers if isinstance(layer, COUNTED)]
    idle = [layer for layer in counted if not layer.built]
    calls = [] if idle else copy.run(inputs)
    mult_adds, params = 0, {}
    for layer, given, made in calls:
        params[id(layer)], positions = _work(layer, given, made)
        mult_adds += params[id(layer)] * positions
    for layer in idle or counted:
        if id(layer) not in params:
            raise ValueError(f"model has the layer {layer.name!r}, which is never called: its cost is not known")
    return Cost(mult_adds // images, sum(params.values()))


class _Copy:
    """A model, copied layer by layer. `layers` are the originals, and `OPERATIONS` between them."""

    def __init__(self, model: keras.Model) -> None:
        self.layers: list[keras.Operation] = []
        self._calls: list[Call] = []
        self._twins: dict[int, keras.Layer] = {}
        self._model = self._twin(model)

    def run(self, inputs: Any) -> list[Call]:
        """Which layers work on what when `inputs` flow through: shapes, nothing is computed."""
        try:
            self._model.compute_output_spec(inputs)
        except Exception as error:
            raise ValueError(f"model {self._model.name!r} does not run on its input: {error}") from error
        return self._calls

    def _twin(self, original: Any) -> Any:
        """The copy of a layer, with copies of the layers inside it; an operation that is no layer is left as it is.

        A copy is of the same class and has the same attributes, so it does the same; some of its methods are replaced
        by those below.
        """
        if not isinstance(original, keras.Layer):
            return original
        if id(original) not in self._twins:
            twin = self._twins[id(original)] = object.__new__(type(original))
            self.layers.append(original)
            own = vars(twin)
            own |= _mapped(vars(original), self._twin)
            if isinstance(original, COUNTED):
                for name in ("call", "quantized_call", "compute_output_spec"):
                    own[name] = self._noted(original, getattr(twin, name))
            elif isinstance(original, keras.Function):
                self.layers += [each for each in original.operations if type(each).__name__ in OPERATIONS]
                own["_run_through_graph"] = self._through(original)
                own["compute_output_spec"] = lambda inputs, **_: twin._run_through_graph(
                    inputs, lambda operation: operation.compute_output_spec
                )
            if any(_parts(vars(original))) and not type(original).call.__module__.startswith("keras.src.models."):
                own["compute_output_spec"] = self._traced(twin)
        return self._twins[id(original)]

    def _noted(self, layer: keras.Layer, call: Callable) -> Callable:
        @wraps(call)
        def noted(inputs: Any, *args: Any, **kwargs: Any) -> Any:
            outputs = call(inputs, *args, **kwargs)
            self._calls.append((layer, tuple(inputs.shape), tuple(outputs.shape)))
            return outputs

        return noted

    def _through(self, function: keras.Function) -> Callable:
        """A functional model has a graph that knows its layers: whatever runs through it meets their copies."""

        def through(inputs: Any, operation_fn: Callable, **kwargs: Any) -> Any:
            return function._run_through_graph(inputs, lambda operation: operation_fn(self._twin(operation)), **kwargs)

        return through

    def _traced(self, twin: keras.Layer) -> Callable:
        """What `twin`, which calls the layers inside it from Python, makes: found by running it, not by asking it."""

        def traced(*args: Any, **kwargs: Any) -> Any:
            before = len(self._calls)

            def call(*args: Any, **kwargs: Any) -> Any:
                del self._calls[before:]  # some backends try twice
                return twin.call(*args, **kwargs)

            operation = keras.Operation(name=twin.name)
            operation.call = call
            return operation.compute_output_spec(*args, **kwargs)

        return traced


def _parts(value: Any) -> Iterator[keras.Layer]:
    """The layers in a structure of dictionaries, lists and tuples."""
    if isinstance(value, keras.Layer):
        yield value
    elif isinstance(value, (dict, list, tuple)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _parts(item)


def _mapped(value: Any, change: Callable) -> Any:
    """The same structure with its layers changed. What code may add to a dictionary or a list does not come back."""
    if isinstance(value, keras.Layer):
        return change(value)
    if isinstance(value, dict):
        return {key: _mapped(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    if isinstance(value, tuple) and any(_parts(value)):
        return tuple(_mapped(item, change) for item in value)
    return value


def _inputs(model: keras.Model, reached: list[keras.Operation]) -> tuple[Any, int]:
    """What `model` takes, as shapes, and how many images that is: one, unless it was built for a batch of its own."""
    batches = [tensor.shape[0] for layer in reached if isinstance(layer, keras.Function) for tensor in layer.inputs]
    images = max((batch for batch in batches if batch), default=1)
    known = []
    if isinstance(model, keras.Function):
        known = model.input
    elif model.built:  # Keras keeps the shape with which it was built or first called
        shape = (model.get_build_config() or {}).get("input_shape")
        known = keras.tree.map_shape_structure(keras.KerasTensor, shape) if shape else []
    tensors = keras.tree.flatten(known)
    if not tensors or any(None in tensor.shape[1:] for tensor in tensors):
        raise ValueError(f"model must have an input of known size; that of {model.name!r} is open")
    return keras.tree.map_structure(
        lambda tensor: keras.KerasTensor((images, *tensor.shape[1:]), tensor.dtype), known
    ), images


def _unknown(layer: keras.Operation) -> bool:
    """Whether `layer` itself, not a layer inside it, multiplies in a way of its own, or has weights that may do so."""
    if isinstance(layer, PRODUCTS) or not isinstance(layer, keras.Layer):
        return True
    if isinstance(layer, layers.RNN) and not layer.unroll:  # which is traced for one of its turns
        return True
    inside = {id(weight) for part in _parts(vars(layer)) for weight in part.weights}
    own = {weight.name for weight in layer.weights if id(weight) not in inside}
    if isinstance(layer, COUNTED):
        return not (own <= VARIABLES or layer.quantization_mode or getattr(layer, "lora_enabled", False))
    # Touvron et al. 2021 (arXiv 2103.17239): one factor a channel, as in batch normalization. Keras does not export it.
    return bool(own) and not isinstance(layer, FREE) and type(layer).__name__ != "LayerScale"


def _work(layer: keras.Layer, given: Shape, made: Shape) -> tuple[int, int]:
    """How many weights of `layer` multiply, and at how many positions each, if it makes `made` of `given`.

    By its configuration, not by its variables: quantization packs these, and LoRA adds to them.
    """
    if None in given + made:
        raise ValueError(f"model leaves open on what size its layer {layer.name!r} works")
    if isinstance(layer, layers.Dense):
        return given[-1] * layer.units, prod(made[:-1])
    channels = given[-1 if layer.data_format == "channels_last" else 1]
    window = prod(layer.kernel_size)
    if isinstance(layer, TRANSPOSED):
        return window * channels * layer.filters, prod(given) // channels
    if isinstance(layer, DEPTHWISE):
        deep = channels * layer.depth_multiplier
        return window * deep, prod(made) // deep
    if isinstance(layer, SEPARABLE):
        return (window + layer.filters) * channels * layer.depth_multiplier, prod(made) // layer.filters
    return window * channels // layer.groups * layer.filters, prod(made) // layer.filters
