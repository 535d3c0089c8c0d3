"""Training: from random weights, or on from ImageNet; interrupted, it goes on from its last finished epoch."""

import json
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mobilenet_lib import models
from mobilenet_lib.costs import positive
from mobilenet_lib.data import CatsDogs
from mobilenet_lib.evaluation import evaluate
from mobilenet_lib.records import Run
from mobilenet_lib.training import checkpoints
from mobilenet_lib.training.fast import fast
from mobilenet_lib.training.kept import functional
from mobilenet_lib.training.recipe import Recipe, check, compile_model
from mobilenet_lib.training.statistics import anew, normalizing
from mobilenet_lib.training.workers import Workers


def train(
    model: keras.Model,
    data: Any,
    *,
    epochs: int,
    first: Sequence[tuple[Any, int]] = (),
    last: bool = False,
    recalibrated: bool = False,
    seed: int = 0,
    checkpoint: str | os.PathLike | None = None,
    progress: Callable[[str], None] | None = None,
    chosen: Mapping[str, Any] | None = None,
    workers: Workers | None = None,
    **recipe: Any,
) -> Run:
    """Train `model` on `data.train`, validate it after every epoch on `data.validation`.

    `data` is what `data.load` returns. `first` are pairs of other such data and epochs that come before, as a rule of
    smaller images; one schedule spans them all. `recipe` are settings of `Recipe`. The weights that stay in the model
    are those of the epoch with the best validation accuracy, or with `last` those of the last epoch. With
    `recalibrated` every epoch is validated a second time, as `recalibrate` would leave the network.

    With a `checkpoint` file, every finished epoch is kept there, and the same call goes on from it. `progress` is
    called with one line of text per epoch. `chosen` are other choices that led here: they are recorded too.

    Of several `workers`, each makes this call with the same arguments, works on its share of every batch, and returns
    the same but for seconds; only the first one looks at `checkpoint`. Raises `ConnectionError` when one has ended.

    Raises `ValueError` for a bad argument, or if `checkpoint` is that of another training: of other choices, other
    data, another model or other versions.
    """
    recipe = Recipe(**recipe)
    _must_fit(model, data, first)
    if recalibrated:
        normalizing(model)
    stages = [*((other, positive("first", count)) for other, count in first), (data, positive("epochs", epochs))]
    seed = seed.item() if isinstance(seed, np.generic) else seed
    check({"seed": seed})
    # A record is JSON, which has no scalars of NumPy.
    settings = json.loads(json.dumps(dict(chosen or {}), default=np.generic.item))
    settings |= {"resolution": model.input_shape[1], "epochs": stages[-1][1]}
    settings |= asdict(recipe) | {"seed": seed}
    if first:
        settings["first"] = [[other.images("train")[0].shape[1], count] for other, count in stages[:-1]]
    if last:
        settings["last"] = True
    if workers is not None:
        settings |= {"workers": workers.count, "batch_normalization": "per worker"}

    begun = {"settings": settings} | checkpoints.identity(model, [other for other, _ in stages])
    if workers is not None:
        workers.agree(begun, [other for other, _ in stages])
    keras.utils.set_random_seed(seed)
    network = fast(model, any_size=bool(first))
    compile_model(network, recipe, steps=sum(count * len(other.train) for other, count in stages))
    network.optimizer.build(network.trainable_variables)

    history: list[dict[str, float]] = []
    best = model.get_weights()
    writes = checkpoint is not None and (workers is None or workers.index == 0)
    if writes and Path(checkpoint).exists():
        history, best = checkpoints.restore(Path(checkpoint), network, begun)
    if workers is not None:
        history, best = workers.begin(network, history, best)
    one_epoch = _alone(network, data) if workers is None else workers.epochs(network)
    schedule = [other for other, count in stages for _ in range(count)]
    for epoch in range(len(history), len(schedule)):
        started, worked = time.perf_counter(), time.process_time()
        photos = schedule[epoch]
        # The order and the crops of an epoch follow from its number: a resumed run sees what it would have seen.
        photos.epoch = epoch
        history.append({metric: round(float(value), 5) for metric, value in one_epoch(photos).items()})
        if not math.isfinite(history[-1]["loss"] + history[-1]["val_loss"]):
            raise FloatingPointError(f"the loss is no number after epoch {epoch + 1}; try a lower learning_rate")
        if recalibrated:
            history[-1]["val_recalibrated"] = round(anew(network, photos), 5)
        history[-1]["learning_rate"] = float(network.optimizer.learning_rate)
        history[-1]["seconds"] = round(time.perf_counter() - started, 2)
        spent = time.process_time() - worked
        history[-1]["cpu_seconds"] = round(float(spent if workers is None else workers.total([spent])[0]), 2)
        accuracy = [finished["val_accuracy"] for finished in history]
        if last or accuracy[-1] > max(accuracy[:-1], default=-1):
            best = network.get_weights()
        if writes:
            checkpoints.keep(Path(checkpoint), network, begun, history, best)
        if progress is not None:
            progress(_line(history, len(schedule)))
    model.set_weights(best)
    cost = models.cost(model)
    return Run(
        settings=settings,
        data={"source": data.source, "drawn": data.drawn, "counts": data.counts},
        epochs=history,
        params=model.count_params(),
        mult_adds=cost.mult_adds,
        seconds=round(sum(epoch["seconds"] for epoch in history), 1),
        cpu_seconds=round(sum(epoch["cpu_seconds"] for epoch in history), 1),
        predictions=evaluate(model, data.validation).summary()["predictions"],
    )


def _alone(network: keras.Model, data: Any) -> Callable[[Any], dict[str, float]]:
    """What trains `network` for an epoch, validates it, and returns the metrics of both."""
    # Builds the metrics. On JAX `fit` would take a batch of the training images for that, and count it as a pass.
    network.evaluate(data.validation.take(1), verbose=0)

    def epoch(photos: Any) -> dict[str, float]:
        fitted = network.fit(photos.train, validation_data=photos.validation, shuffle=False, verbose=0)
        return {metric: values[-1] for metric, values in fitted.history.items()}

    return epoch


def _must_fit(model: keras.Model, data: Any, first: Sequence[Any] = ()) -> None:
    """Raise `ValueError` for what are no data, and for a model that they do not fit or whose loss would be wrong."""
    for name, photos in (("data", data), *(("first", other) for other, _ in first)):
        if not isinstance(photos, CatsDogs):
            raise ValueError(f"{name} must be what `data.load` returns, not {photos!r}")
    try:
        inputs = model.inputs
    except (AttributeError, ValueError):  # the older Keras raises the one, the newer the other
        inputs = None
    if not inputs:
        raise ValueError(
            f"model must know the shape of its input, as functional models and Sequential ones with an Input do; "
            f"{getattr(model, 'name', model)!r} is a {type(model).__name__} that does not"
        )
    held, classes = data.images("train")[0].shape[1:], len(data.class_names)
    takes, gives = ([list(end.shape[1:]) for end in ends] for ends in (inputs, model.outputs))
    fits = [*map(len, (*takes, *gives))] == [3, 1] and gives[0][0] >= classes
    if not fits or any(size not in (None, wanted) for size, wanted in zip(takes[0], held, strict=True)):
        raise ValueError(
            f"model must turn an image {list(held)}, as those of data, into a probability for each of its {classes} "
            f"classes; {model.name!r} turns {takes} into {gives}"
        )
    other = {photos.images("train")[0].shape[1:] for photos, _ in first} - {held}
    if other and None not in (side := fast(model, any_size=True).input_shape[1:3]):
        raise ValueError(f"first must have images of {[*side]} pixels, the only ones that {model.name!r} takes")
    # Of one color or black, the images would not do: fresh features of 0 are 1 in all through two sigmoids.
    random = np.random.RandomState(0)
    noise = random.uniform(-0.5, 0.5, (4, *held)) + random.uniform(-0.5, 0.5, (4, 1, 1, 3))
    said = model(noise.astype(np.float32), training=False)
    if isinstance(said, Mapping):
        raise ValueError(f"model must give an array of probabilities; {model.name!r} gives a dictionary")
    said = keras.ops.convert_to_numpy(*keras.tree.flatten(said)).astype(np.float32)
    off = np.abs(said.sum(1) - 1)
    if not (said.min() >= 0 and off.max() <= (0.01 if model.outputs[0].dtype == "bfloat16" else 0.002)):
        raise ValueError(
            f"model must give probabilities, which are 0 or more and sum to 1; {model.name!r} gives "
            f"{said[off.argmax()]}: end it in a softmax"
        )


def imagenet_classifier(alpha: float = 0.25, resolution: int = 224, classes: int = 2) -> keras.Model:
    """`models.mobilenet` with the weights that Google trained on ImageNet below a new classifier.

    Raises what `models.imagenet_backbone` raises, `OSError` if the weights are neither cached nor to be had.
    """
    backbone = models.imagenet_backbone(alpha, resolution)
    model = models.mobilenet(alpha, resolution, classes)
    for layer in backbone.layers:
        model.get_layer(layer.name).set_weights(layer.get_weights())
    return model


def fine_tune(
    model: keras.Model,
    data: Any,
    *,
    epochs: int,
    learning_rate: float = 2e-4,
    seed: int = 0,
    checkpoint: str | os.PathLike | None = None,
    chosen: Mapping[str, Any] | None = None,
    **options: Any,
) -> Run:
    """Adapt a model that has learned other photos, such as `imagenet_classifier`, to `data`.

    First the classifier alone, on features computed once, so that its first steps do not spoil what lies below it.
    Then everything, as `train` does with the same arguments and `options`, but at a low rate and with batch
    normalization as it is: its statistics of a million photos are better than those of a few batches. What is refused
    or interrupted leaves the model as it was.
    """
    positive("epochs", epochs)
    check({"learning_rate": learning_rate, "seed": seed, **options})
    _must_fit(model, data, options.get("first", ()))
    started, worked = time.perf_counter(), time.process_time()
    tuned = keras.models.clone_model(model)
    tuned.set_weights(model.get_weights())
    if checkpoint is None or not Path(checkpoint).exists():
        keras.utils.set_random_seed(seed)
        fit_classifier(tuned, data)
    for layer in tuned.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - worked
    options |= {"learning_rate": learning_rate, "seed": seed, "checkpoint": checkpoint}
    run = train(tuned, data, epochs=epochs, chosen=dict(chosen or {}) | {"fine_tuned": True}, **options)
    model.set_weights(tuned.get_weights())
    return replace(run, seconds=round(run.seconds + seconds, 1), cpu_seconds=round(run.cpu_seconds + cpu_seconds, 1))


def fit_classifier(model: keras.Model, data: Any, *, epochs: int = 30) -> None:
    """Train only the last layer of `model`, on the features of one pass over `data.train`.

    Raises `ValueError` unless it ends as the networks of `models` do: in the layers "pool" and "conv_preds".
    """
    if missing := {"pool", "conv_preds"} - {layer.name for layer in model.layers}:
        raise ValueError(
            f"model must end in the layers 'pool' and 'conv_preds', as those of `models.mobilenet` do; {model.name!r} "
            f"has no {', '.join(map(repr, sorted(missing)))}"
        )
    body = keras.Model(functional(model).input, model.get_layer("pool").output)
    pairs = [(body.predict_on_batch(np.asarray(images)), np.asarray(labels)) for images, labels in data.train]
    features, labels = (np.concatenate(arrays) for arrays in zip(*pairs, strict=True))
    last = keras.layers.Dense(model.output_shape[-1], activation="softmax", dtype="float32")
    classifier = keras.Sequential([keras.Input(features.shape[-1:], dtype="float32"), last])
    classifier.compile(keras.optimizers.Adam(3e-3), loss="sparse_categorical_crossentropy")
    classifier.fit(features.reshape(len(features), -1), labels, batch_size=256, epochs=epochs, verbose=0)
    kernel, bias = last.get_weights()
    model.get_layer("conv_preds").set_weights([kernel[None, None], bias])


def _line(history: list[dict[str, float]], epochs: int) -> str:
    last, done = history[-1], len(history)
    left = (epochs - done) * float(np.median([epoch["seconds"] for epoch in history]))
    return (
        f"epoch {done}/{epochs}  loss {last['loss']:.4f}  accuracy {last['accuracy']:.4f}  "
        f"validation {last['val_accuracy']:.4f}  {last['seconds']:.0f} s  {duration(left)} left"
    )


def duration(seconds: float) -> str:
    """In words, with no more digits than it is worth."""
    minutes = round(seconds / 60)
    return f"{seconds:.0f} s" if seconds < 100 else f"{minutes} min" if minutes < 100 else f"{minutes / 60:.1f} h"
