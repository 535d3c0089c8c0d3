"""Batch normalization in the weights before it, where a .tflite file has it; and what that does to dead channels."""

from typing import Any

import keras
import numpy as np
from keras import layers

KERNELS = {layers.Conv2D: (0, 1, 2), layers.DepthwiseConv2D: (0, 1, 3)}  # and the axes within one output channel
DEAD = 1e-6  # a variance below it is that of a constant


def foldable(model: keras.Model) -> bool:
    """Whether each normalization follows a convolution whose name it has, with "_bn" behind, as in `models.mobilenet`.

    Nothing may come between the two, such as an activation of the convolution, and it must have scale and center.
    """
    plain = [each for each in model.layers if type(each) in KERNELS and each.activation is keras.activations.linear]
    names = {id(each.output): f"{each.name}_bn" for each in plain}
    found = [each for each in model.layers if isinstance(each, layers.BatchNormalization)]
    return all(each.scale and each.center and names.get(id(each.input)) == each.name for each in found)


def folded(model: keras.Model) -> keras.Model:
    """What `model` computes, without batch normalization. Raises `ValueError` unless it is `foldable`."""
    normalized = _checked(model)

    def copied(layer: keras.Layer) -> keras.Layer:
        biased = {"use_bias": True} if layer.name in normalized else {}
        return type(layer).from_config(layer.get_config() | biased)

    def called(layer: keras.Layer, x: Any, *inputs: Any, **options: Any) -> Any:
        return x if isinstance(layer, layers.BatchNormalization) else layer(x, *inputs, **options)

    copy = keras.models.clone_model(model, clone_function=copied, call_function=called)
    for layer in copy.layers:
        if layer.name in normalized:
            layer.set_weights(folded_weights(model, layer.name))
        elif layer.weights:
            layer.set_weights(model.get_layer(layer.name).get_weights())
    return copy


def folded_weights(model: keras.Model, name: str) -> list[np.ndarray]:
    """Kernel and bias of the layer of that name with its batch normalization in them."""
    layer, normalization = model.get_layer(name), model.get_layer(f"{name}_bn")
    kernel, *bias = layer.get_weights()
    gamma, beta, mean, variance = normalization.get_weights()
    factor = gamma / np.sqrt(variance + normalization.epsilon)
    by_channel = factor[:, np.newaxis] if isinstance(layer, layers.DepthwiseConv2D) else factor
    return [kernel * by_channel, beta + factor * (sum(bias) - mean)]


def silenced(model: keras.Model) -> keras.Model:
    """A copy of `model` whose depthwise filters are zero where their channel was dead at the end of training.

    A channel is dead if what its filter gives is the same for every image and place. Raises `ValueError` unless the
    model is `foldable`.
    """
    normalized = _checked(model)
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for layer in copy.layers:
        if layer.name in normalized and isinstance(layer, layers.DepthwiseConv2D):
            kernel, *bias = layer.get_weights()
            *_, variance = copy.get_layer(f"{layer.name}_bn").get_weights()
            kernel[:, :, variance < DEAD] = 0
            layer.set_weights([kernel, *bias])
    return copy


def _normalized(model: keras.Model) -> set[str]:
    return {each.name.removesuffix("_bn") for each in model.layers if isinstance(each, layers.BatchNormalization)}


def _checked(model: keras.Model) -> set[str]:
    if not foldable(model):
        raise ValueError(f"model must be one that `models.mobilenet` built, not {model.name!r}")
    return _normalized(model)
