"""The statistics of batch normalization, estimated anew."""

from typing import Any

import keras
import numpy as np

from mobilenet_lib.data import normalize
from mobilenet_lib.evaluation import evaluate
from mobilenet_lib.training.kept import functional


def recalibrate(model: keras.Model, images: Any, batch_size: int = 100) -> None:
    """Estimate the statistics of batch normalization anew, from `images`, float `[N, S, S, 3]` in [−1, 1].

    During training they are moving averages over steps in which the weights have changed as well, and in the first
    epochs they still hold some of the 0 and 1 that they started with. Here mean and variance are taken over all of
    `images`, with the weights as they are. Raises `ValueError` for other images, or none, and for a model whose batch
    normalization is inside a layer or model of its own, or called twice.
    """
    images = np.asarray(images)
    if images.dtype.kind != "f" or images.ndim != 4 or not len(images) or not np.abs(images).max() < 1.0001:
        these = f"{images.dtype} {list(images.shape)}, {images.ravel()[:3]} …"
        raise ValueError(f"images must be float [N, S, S, 3] in [−1, 1], as `normalize` makes them; these are {these}")
    layers, given = normalizing(model)
    if not layers:
        return
    inputs = keras.Model(functional(model).input, given)
    moments = [[np.zeros(layer.moving_mean.shape) for _ in range(2)] for layer in layers]
    for start in range(0, len(images), batch_size):
        batch = images[start : start + batch_size]
        for sums, x in zip(moments, keras.tree.flatten(inputs(batch, training=True)), strict=True):
            x = keras.ops.convert_to_numpy(x).astype(np.float64)
            axes = tuple(range(x.ndim - 1))
            for power, total in enumerate(sums, 1):
                total += (x**power).mean(axes) * len(batch) / len(images)
    for layer, (mean, square) in zip(layers, moments, strict=True):
        layer.moving_mean.assign(mean)
        layer.moving_variance.assign(np.maximum(square - mean**2, 0))


def normalizing(model: keras.Model) -> tuple[list[keras.Layer], list[keras.KerasTensor]]:
    """The layers of batch normalization in `model` that learn, and what each is given."""
    layers = [x for x in model._flatten_layers() if isinstance(x, keras.layers.BatchNormalization) and x.trainable]
    graph = getattr(functional(model), "_nodes_by_depth", {}).values()
    given = [[node.input_tensors[0] for nodes in graph for node in nodes if node.operation is x] for x in layers]
    for layer, calls in zip(layers, given, strict=True):
        if len(calls) != 1:
            raise ValueError(
                f"model must call each batch normalization once, and itself, to be recalibrated; {model.name!r} calls "
                f"{layer.name!r} {len(calls)} times"
            )
    return layers, [x for (x,) in given]


def anew(network: keras.Model, photos: Any) -> float:
    """Validation accuracy with statistics from the first 1,000 training photos; `network` stays as it is."""
    weights = network.get_weights()
    recalibrate(network, normalize(photos.images("train")[0][:1000]))
    accuracy = evaluate(network, photos.validation).accuracy
    network.set_weights(weights)
    return accuracy
