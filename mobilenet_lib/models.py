"""MobileNet as a Keras model, built from `architecture`, and the cost of any Keras model of convolutions.

With the default options the model equals `keras.applications.MobileNet`: the same weights in the same order, so
`ours.set_weights(theirs.get_weights())` gives the same function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from math import prod
from unittest import mock

import keras
from keras import layers

from mobilenet_lib import architecture, weights
from mobilenet_lib.costs import Cost

EPSILON = 1e-3  # batch normalization's, in TF-Slim and Keras
# Layers with weights that the counting rules of `costs` leave out.
FREE = (layers.BatchNormalization, layers.Normalization)
DEPTHWISE = (layers.DepthwiseConv1D, layers.DepthwiseConv2D)
COUNTED = (
    *(layers.Conv1D, layers.Conv2D, layers.Conv3D),
    *DEPTHWISE,
    *(layers.SeparableConv1D, layers.SeparableConv2D),
    layers.Dense,
)


def conv_block(
    x: keras.KerasTensor, out_channels: int, kernel: int = 3, stride: int = 1, *, name: str, momentum: float = 0.99
) -> keras.KerasTensor:
    """A convolution without bias, batch normalization, ReLU6 (section 3.2, figure 3 left).

    `[B, H, W, C]` to `[B, H / stride, W / stride, out_channels]`, rounded up.
    """
    x = layers.Conv2D(out_channels, kernel, stride, padding="same", use_bias=False, name=name)(x)
    return _normalize(x, name, momentum)


def depthwise_block(
    x: keras.KerasTensor,
    stride: int = 1,
    *,
    name: str,
    momentum: float = 0.99,
    initializer: str | keras.initializers.Initializer = "glorot_uniform",
) -> keras.KerasTensor:
    """A 3×3 depthwise convolution without bias, batch normalization, ReLU6 (section 3.2, figure 3 right).

    `[B, H, W, C]` to `[B, H / stride, W / stride, C]`, rounded up.
    """
    x = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False, depthwise_initializer=initializer, name=name)(
        x
    )
    return _normalize(x, name, momentum)


def separable_block(
    x: keras.KerasTensor,
    out_channels: int,
    stride: int = 1,
    *,
    number: int | str = 1,
    momentum: float = 0.99,
    depthwise_initializer: str | keras.initializers.Initializer = "glorot_uniform",
) -> keras.KerasTensor:
    """A depthwise separable convolution: `depthwise_block`, then a pointwise `conv_block` (figure 3 right).

    `[B, H, W, C]` to `[B, H / stride, W / stride, out_channels]`, rounded up. `number` ends the layers' names.
    """
    x = depthwise_block(x, stride, name=f"conv_dw_{number}", momentum=momentum, initializer=depthwise_initializer)
    return conv_block(x, out_channels, kernel=1, name=f"conv_pw_{number}", momentum=momentum)


def mobilenet(
    alpha: float = 1.0,
    resolution: int = 224,
    classes: int = 1000,
    *,
    separable: bool = True,
    shallow: bool = False,
    dropout: float = 1e-3,
    momentum: float = 0.99,
    depthwise_initializer: str | keras.initializers.Initializer = "glorot_uniform",
) -> keras.Model:
    """The network of `architecture.mobilenet` with the same arguments, from images to probabilities.

    Input `[B, resolution, resolution, 3]` in [−1, 1], output `[B, classes]`, each row summing to 1. `momentum` is
    that of batch normalization; the defaults of it, `dropout` and `depthwise_initializer` are those of
    `keras.applications`. Raises `ValueError` for what `architecture.mobilenet` refuses.
    """
    stem, *body, classifier = architecture.mobilenet(alpha, resolution, classes, separable=separable, shallow=shallow)
    inputs = keras.Input((resolution, resolution, 3), name="image")
    x = conv_block(inputs, stem.out_channels, stem.kernel, stem.stride, name=stem.name, momentum=momentum)
    for layer in body:
        if layer.kind == "depthwise":
            x = depthwise_block(x, layer.stride, name=layer.name, momentum=momentum, initializer=depthwise_initializer)
        else:
            x = conv_block(x, layer.out_channels, layer.kernel, layer.stride, name=layer.name, momentum=momentum)
    x = layers.GlobalAveragePooling2D(keepdims=True, name="pool")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    # On a 1×1 map a fully connected layer is a 1×1 convolution; Keras writes it so.
    x = layers.Conv2D(classifier.out_channels, 1, name=classifier.name)(x)
    x = layers.Reshape((classes,), name="logits")(x)
    return keras.Model(
        inputs, layers.Softmax(name="probabilities")(x), name=f"mobilenet_{alpha:g}_{resolution}".replace(".", "_")
    )


def with_maps(model: keras.Model) -> keras.Model:
    """`model`, which `mobilenet` built, with a second output: what speaks for each class at each place of the image.

    Behind the average pooling only a linear classifier follows. Before it, the same classifier gives a logit for every
    place, `[B, resolution / 32, resolution / 32, classes]`, and their mean is the logit of the whole image: class
    activation maps (Zhou et al. 2016, arXiv 1512.04150). Raises `ValueError` for a model without these layers.
    """
    try:
        pool, classifier = model.get_layer("pool"), model.get_layer("conv_preds")
    except ValueError as error:
        raise ValueError(f"model must be one that `mobilenet` built, not {model.name!r}: {error}") from error
    return keras.Model(model.input, [model.output, classifier(pool.input)], name=model.name)


def imagenet_backbone(alpha: float = 0.25, resolution: int = 224) -> keras.Model:
    """The network without its classifier, with the weights that Google trained on ImageNet.

    Input `[B, resolution, resolution, 3]` in [−1, 1], output `[B, resolution / 32, resolution / 32, 1024·alpha]`.
    Keras downloads the weights once and keeps them under `KERAS_HOME`. Raises `ValueError` unless `alpha` is one of
    the published 0.25, 0.5, 0.75 and 1 and `resolution` a multiple of 32, `OSError` if the weights are neither
    cached nor to be had.
    """
    path = weights.fetched(alpha)
    try:
        google = keras.applications.MobileNet((224, 224, 3), alpha, include_top=False, weights=str(path))
    except (OSError, ValueError, KeyError) as error:
        raise OSError(f"the ImageNet weights in {path} cannot be loaded; delete the file ({error})") from error
    model = mobilenet(alpha, resolution)
    backbone = keras.Model(model.input, model.get_layer("pool").input, name=f"{model.name}_backbone")
    backbone.set_weights(google.get_weights())
    return backbone


def cost(model: keras.Model) -> Cost:
    """Mult-Adds and parameters of any Keras model of convolutions and dense layers, by the rules of `costs`.

    Counts what happens while one image flows through: a layer that is called twice costs its Mult-Adds twice and its
    parameters once. Models inside the model are entered. Raises `ValueError` if the model leaves the size of its
    input open, or if a layer has weights and is neither a standard, depthwise, separable, grouped or dense layer nor
    batch normalization.
    """
    known = model.built and getattr(model, "inputs", None)
    inputs = [keras.KerasTensor((1, *tensor.shape[1:])) for tensor in known or ()]
    if not inputs or any(None in tensor.shape for tensor in inputs):
        raise ValueError(f"model must have an input of known size; that of {model.name!r} is open")
    leaves = {id(layer): layer for layer in _leaves(model)}.values()
    calls: list[tuple[keras.Layer, tuple[int, ...]]] = []
    with ExitStack() as stack:
        # Keras carries shapes from layer to layer through `compute_output_spec`: listen there.
        for layer in leaves:
            stack.enter_context(mock.patch.object(layer, "compute_output_spec", _recorded(layer, calls)))
        model.compute_output_spec(inputs if len(inputs) > 1 else inputs[0])
    return Cost(
        # Each weight multiplies once at each position of the output.
        sum(_positions(layer, shape) * _weights(layer) for layer, shape in calls),
        sum(_weights(layer) for layer in leaves),
    )


def summary(model: keras.Model, width: int = 72) -> None:
    """Print Keras' `model.summary()`, `width` characters wide and as plain text.

    In a notebook Keras prints in colors, which are too pale for a white page.
    """
    # Keras prints through Rich. Told to capture, Rich drops the colors, but in a notebook shows an empty box first.
    with mock.patch("rich.console._is_jupyter", return_value=False):
        model.summary(line_length=width, print_fn=lambda text: print(text.rstrip()))


def _leaves(model: keras.Model) -> Iterator[keras.Layer]:
    """The layers that do the counted multiplications, those of models inside `model` too."""
    for layer in model.layers:
        if hasattr(layer, "inputs"):
            yield from _leaves(layer)
        elif isinstance(layer, COUNTED):
            yield layer
        elif layer.weights and not isinstance(layer, FREE):
            raise ValueError(
                f"model has the layer {layer.name!r} with weights, a {type(layer).__name__}; only standard, depthwise, "
                "separable, grouped and dense layers and batch normalization can be counted"
            )


def _recorded(layer: keras.Layer, calls: list) -> Callable:
    compute_output_spec = layer.compute_output_spec

    def record(*args, **kwargs):
        output = compute_output_spec(*args, **kwargs)
        calls.append((layer, output.shape))
        return output

    return record


def _weights(layer: keras.Layer) -> int:
    """How many weights of `layer` multiply: all but the bias."""
    return layer.count_params() - (prod(layer.bias.shape) if layer.use_bias else 0)


def _positions(layer: keras.Layer, shape: tuple[int, ...]) -> int:
    """At how many positions of an output of `shape` the weights of `layer` are used."""
    if isinstance(layer, layers.Dense):
        channels = layer.units
    elif isinstance(layer, DEPTHWISE):
        channels = prod(layer.kernel.shape[-2:])
    else:
        channels = layer.filters
    return prod(shape[1:]) // channels


def _normalize(x: keras.KerasTensor, name: str, momentum: float) -> keras.KerasTensor:
    x = layers.BatchNormalization(momentum=momentum, epsilon=EPSILON, name=f"{name}_bn")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x)
