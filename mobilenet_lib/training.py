"""Train, evaluate, record.

`python -m mobilenet_lib.training --help` makes recorded runs: one small JSON each, with the command that repeats it.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import platform
import re
import shlex
import sys
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from numbers import Integral, Real
from pathlib import Path
from typing import Any
from unittest import mock

import keras
import numpy as np

from mobilenet_lib import architecture, models
from mobilenet_lib.costs import positive
from mobilenet_lib.locks import alone

CHECKOUT = Path(__file__).resolve().parents[1]
# Installed without the checkout, the library brings along what was recorded.
DATA = CHECKOUT / "data" if (CHECKOUT / "pyproject.toml").exists() else Path(__file__).with_name("recorded")
RUNS, MODELS = DATA / "runs", DATA / "models"

# He et al. 2015 (arXiv 1502.01852): a weight that sees n inputs starts with variance 2/n. A depthwise filter sees the
# 3·3 inputs of its own channel. Keras' "he_normal" counts those of all channels, and so starts far too small.
DEPTHWISE_HE_NORMAL = {"class_name": "RandomNormal", "config": {"stddev": math.sqrt(2 / 9)}}
INITIALIZERS = {"he_normal": DEPTHWISE_HE_NORMAL, "keras": "glorot_uniform"}


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a model said about photos whose answer is known.

    `probabilities` is float `[N, classes]`, `labels` is int `[N]`. Raises `ValueError` for labels that do not fit.
    """

    probabilities: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        photos, classes = self.probabilities.shape
        wanted = f"labels must be {photos:,} whole numbers from 0 to {classes - 1}, one for each photo"
        if self.labels.shape != (photos,) or self.labels.dtype.kind not in "iu":
            raise ValueError(f"{wanted}; these are {self.labels.dtype} {list(self.labels.shape)}")
        if ((self.labels < 0) | (self.labels >= classes)).any():
            raise ValueError(f"{wanted}; these go from {self.labels.min()} to {self.labels.max()}")

    @property
    def predictions(self) -> np.ndarray:
        """The most probable class of each photo, int `[N]`."""
        return self.probabilities.argmax(axis=1)

    @property
    def accuracy(self) -> float:
        """The share of photos whose most probable class is the right one."""
        return float((self.predictions == self.labels).mean())

    @property
    def loss(self) -> float:
        """Cross-entropy: the mean of −log of the right answer's probability."""
        right = self.probabilities[np.arange(len(self.labels)), self.labels]
        return float(-np.log(np.maximum(right, 1e-7)).mean())

    @property
    def confusion(self) -> np.ndarray:
        """Photos counted by true class (row) and predicted class (column), int `[classes, classes]`."""
        counts = np.zeros((self.probabilities.shape[1],) * 2, dtype=int)
        np.add.at(counts, (self.labels, self.predictions), 1)
        return counts

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% confidence interval of the accuracy (Wilson 1927)."""
        return wilson(int((self.predictions == self.labels).sum()), len(self.labels))

    def summary(self) -> dict[str, Any]:
        """Accuracy, loss, interval and confusion as plain numbers, for a recorded run."""
        low, high = self.interval
        return {
            "photos": len(self.labels),
            "accuracy": self.accuracy,
            "interval": [round(low, 5), round(high, 5)],
            "loss": round(self.loss, 5),
            "confusion": self.confusion.tolist(),
        }


@dataclass(frozen=True)
class Run:
    """A recorded run: what was trained on what, how it went, and what it takes to repeat it.

    `settings` are the choices that `train` followed; `epochs` has one dictionary per epoch with `loss`, `accuracy`,
    `val_loss`, `val_accuracy`, `learning_rate` and `seconds`; `test` is `Evaluation.summary()` on the test split, or
    None if it was not looked at.
    """

    settings: dict[str, Any]
    data: dict[str, Any]
    epochs: list[dict[str, float]]
    params: int
    mult_adds: int
    seconds: float
    test: dict[str, Any] | None = None
    name: str = ""
    command: str = ""
    date: str = field(default_factory=lambda: datetime.now(timezone.utc).strftime("%Y-%m-%d"))
    versions: dict[str, str] = field(default_factory=lambda: versions())
    machine: dict[str, Any] = field(default_factory=lambda: machine())

    def curve(self, metric: str) -> list[float]:
        """One metric of every epoch, such as `"val_accuracy"`."""
        return [epoch[metric] for epoch in self.epochs]

    def save(self, path: str | os.PathLike) -> None:
        """Write the record as JSON; a file that was there stays whole until the new one is."""
        write(Path(path), (json.dumps(asdict(self), indent=1) + "\n").encode())


def load_run(path: str | os.PathLike) -> Run:
    """The run recorded in the JSON file `path`. Raises `ValueError` if it is not one."""
    try:
        return Run(**json.loads(Path(path).read_bytes()))
    except (json.JSONDecodeError, UnicodeDecodeError, TypeError) as error:
        raise ValueError(f"path must be the JSON file of a recorded run, not {os.fspath(path)!r}: {error}") from error


def load_runs(folder: str | os.PathLike = RUNS) -> dict[str, Run]:
    """All runs recorded in `folder`, by name; none if there is no such folder."""
    return {path.stem: load_run(path) for path in sorted(Path(folder).glob("*.json"))}


def train(
    model: keras.Model,
    data: Any,
    *,
    epochs: int,
    learning_rate: float = 4e-3,
    schedule: str = "cosine",
    warmup: float = 0.1,
    weight_decay: float = 0.05,
    decay_depthwise: bool = False,
    label_smoothing: float = 0.1,
    seed: int = 0,
    checkpoint: str | os.PathLike | None = None,
    progress: Callable[[str], None] | None = None,
) -> Run:
    """Train `model` on `data.train` and leave in it the weights of the epoch with the best validation accuracy.

    `data` is what `data.load` returns. The optimizer is AdamW. Its learning rate follows `rate`; `weight_decay` falls
    on the kernels that mix channels, and on depthwise kernels only with `decay_depthwise`. Without decay it is Adam.

    With a `checkpoint` file, every finished epoch is kept there, and the same call goes on from it. `progress` is
    called with one line of text per epoch.

    Raises `ValueError` for a bad argument, or if `checkpoint` belongs to other settings or to another model.
    """
    epochs = positive("epochs", epochs)
    # With one output, as for a sigmoid, this loss is 0 whatever the model says, and nothing is learned.
    if model.output_shape[-1] < len(data.class_names):
        raise ValueError(
            f"model must give a probability for each of the {len(data.class_names)} classes of data; {model.name!r} "
            f"gives {model.output_shape[-1]}"
        )
    settings = {
        "resolution": model.input_shape[1],
        "epochs": epochs,
        "learning_rate": learning_rate,
        "schedule": schedule,
        "warmup": warmup,
        "weight_decay": weight_decay,
        "decay_depthwise": decay_depthwise,
        "label_smoothing": label_smoothing,
        "seed": seed,
    }
    # JSON, in which checkpoint and record are kept, has no scalars of NumPy.
    settings = {name: value.item() if isinstance(value, np.generic) else value for name, value in settings.items()}
    _check(settings)
    keras.utils.set_random_seed(settings["seed"])
    compile_model(model, steps=epochs * len(data.train), **{key: settings[key] for key in COMPILED})
    model.optimizer.build(model.trainable_variables)

    history: list[dict[str, float]] = []
    best = model.get_weights()
    if checkpoint is not None and Path(checkpoint).exists():
        history, best = _restore(Path(checkpoint), model, settings)
    for epoch in range(len(history), epochs):
        started = time.perf_counter()
        # The order and the crops of an epoch follow from its number: a resumed run sees what it would have seen.
        data.epoch = epoch
        with matmul_pointwise(model):
            metrics = model.fit(data.train, validation_data=data.validation, shuffle=False, verbose=0).history
        history.append({key: round(float(values[-1]), 5) for key, values in metrics.items()})
        if not math.isfinite(history[-1]["loss"]):
            raise FloatingPointError(f"the loss is no number after epoch {epoch + 1}; try a lower learning_rate")
        history[-1]["learning_rate"] = float(model.optimizer.learning_rate)
        history[-1]["seconds"] = round(time.perf_counter() - started, 2)
        accuracy = [finished["val_accuracy"] for finished in history]
        if accuracy[-1] > max(accuracy[:-1], default=-1):
            best = model.get_weights()
        if checkpoint is not None:
            _keep(Path(checkpoint), model, settings, history, best)
        if progress is not None:
            progress(_line(history, epochs))
    model.set_weights(best)
    cost = models.cost(model)
    return Run(
        settings=settings,
        data={"source": data.source, "drawn": data.drawn, "counts": data.counts},
        epochs=history,
        params=model.count_params(),
        mult_adds=cost.mult_adds,
        seconds=round(sum(epoch["seconds"] for epoch in history), 1),
    )


def imagenet_classifier(alpha: float = 0.25, resolution: int = 224, classes: int = 2) -> keras.Model:
    """`models.mobilenet` with the weights that Google trained on ImageNet below a new classifier.

    Raises what `models.imagenet_backbone` raises, `OSError` if the weights are neither cached nor to be had.
    """
    with redirect_stdout(io.StringIO()):  # Keras reports a download of 2 MB in a hundred lines
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
    progress: Callable[[str], None] | None = None,
    **recipe: Any,
) -> Run:
    """Adapt a model that has learned other photos, such as `imagenet_classifier`, to `data`.

    First the classifier alone, on features computed once, so that its first steps do not spoil what lies below it.
    Then everything, as `train` does with the same arguments, but at a low rate and with batch normalization as it
    is: its statistics of a million photos are better than those of a few batches.
    """
    positive("epochs", epochs)
    _check({"learning_rate": learning_rate, "seed": seed, **recipe})  # before the classifier is another one
    started = time.perf_counter()
    if checkpoint is None or not Path(checkpoint).exists():
        keras.utils.set_random_seed(seed)
        fit_classifier(model, data)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    before = round(time.perf_counter() - started, 1)
    run = train(
        model,
        data,
        epochs=epochs,
        learning_rate=learning_rate,
        seed=seed,
        checkpoint=checkpoint,
        progress=progress,
        **recipe,
    )
    return replace(run, settings=run.settings | {"fine_tuned": True}, seconds=round(run.seconds + before, 1))


def fit_classifier(model: keras.Model, data: Any, *, epochs: int = 30) -> None:
    """Train only the last layer of `model`, on the features of one pass over `data.train`."""
    body = keras.Model(model.input, model.get_layer("pool").output)
    pairs = [(body.predict_on_batch(images), np.asarray(labels)) for images, labels in data.train]
    features, labels = (np.concatenate(arrays) for arrays in zip(*pairs, strict=True))
    last = keras.layers.Dense(model.output_shape[-1], activation="softmax")
    classifier = keras.Sequential([keras.Input(features.shape[-1:]), last])
    classifier.compile(keras.optimizers.Adam(3e-3), loss="sparse_categorical_crossentropy")
    classifier.fit(features.reshape(len(features), -1), labels, batch_size=256, epochs=epochs, verbose=0)
    kernel, bias = last.get_weights()
    model.get_layer("conv_preds").set_weights([kernel[None, None], bias])


COMPILED = ("learning_rate", "schedule", "warmup", "weight_decay", "decay_depthwise", "label_smoothing")


def compile_model(
    model: keras.Model,
    *,
    steps: int,
    learning_rate: float = 4e-3,
    schedule: str = "cosine",
    warmup: float = 0.1,
    weight_decay: float = 0.05,
    decay_depthwise: bool = False,
    label_smoothing: float = 0.1,
) -> None:
    """`model.compile` with the recipe of `train`, for a training of `steps` steps."""
    optimizer = keras.optimizers.AdamW(
        rate(steps, learning_rate, schedule=schedule, warmup=warmup), weight_decay=weight_decay
    )
    spared = [v for v in model.trainable_variables if not decays(v, decay_depthwise)]
    optimizer.exclude_from_weight_decay(spared)
    classes = model.output_shape[-1]

    def loss(labels, probabilities):
        labels = keras.ops.one_hot(keras.ops.cast(keras.ops.reshape(labels, (-1,)), "int32"), classes)
        return keras.losses.categorical_crossentropy(labels, probabilities, label_smoothing=label_smoothing)

    model.compile(optimizer, loss=loss, metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")])


def rate(
    steps: int, learning_rate: float, *, schedule: str = "cosine", warmup: float = 0.1
) -> keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate over a training of `steps` steps.

    It rises from zero to `learning_rate` over the share `warmup` of them; then it falls to zero along half a cosine,
    or stays where it is with the `schedule` "constant".
    """
    rising = round(steps * warmup)
    return keras.optimizers.schedules.CosineDecay(
        0.0 if rising else learning_rate,
        max(1, steps - rising),
        alpha={"cosine": 0.0, "constant": 1.0}[schedule],
        warmup_target=learning_rate if rising else None,
        warmup_steps=rising,
    )


def decays(variable: Any, depthwise: bool = False) -> bool:
    """Whether weight decay falls on a variable: on the kernels of standard, pointwise and dense layers.

    On those of depthwise layers only if asked: they have nine weights a channel, and the paper found it important to
    put little or no decay on them (section 3.2).
    """
    return variable.path.endswith("kernel") and (depthwise or "conv_dw" not in variable.path)


@contextmanager
def matmul_pointwise(model: keras.Model) -> Iterator[None]:
    """Let the pointwise convolutions of `model` run as matrix products.

    They are the same function, but TensorFlow computes the gradient of its 1×1 convolution so slowly on a processor
    that a training step takes a fifth longer.
    """

    def product(images, kernel):
        rows = keras.ops.reshape(images, (-1, kernel.shape[-2]))
        return keras.ops.reshape(rows @ kernel[0, 0], (*keras.ops.shape(images)[:3], kernel.shape[-1]))

    with ExitStack() as stack:
        for layer in model.layers:
            if isinstance(layer, keras.layers.Conv2D) and layer.kernel_size == layer.strides == (1, 1):
                stack.enter_context(mock.patch.object(layer, "convolution_op", product))
        yield


def evaluate(model: keras.Model, dataset: Iterable) -> Evaluation:
    """Probabilities of `model` for every batch `(images, labels)` of `dataset`, beside the labels."""
    pairs = [(model.predict_on_batch(images), np.asarray(labels)) for images, labels in dataset]
    if not pairs:
        raise ValueError("dataset must have at least one batch, not none")
    probabilities, labels = (np.concatenate(arrays) for arrays in zip(*pairs, strict=True))
    return Evaluation(probabilities, labels)


def wilson(right: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """The 95% confidence interval of a share, `right` out of `total` (Wilson 1927)."""
    share = right / total
    center = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return center - half, center + half


def _check(settings: dict[str, Any]) -> None:
    """Raise `ValueError` for the first of the `settings` of `train` or of the command line that is out of range."""
    for name, (allowed, fits) in LIMITS.items():
        if name in settings and not fits(settings[name]):
            raise ValueError(f"{name} must be {allowed}, not {settings[name]!r}")


def _number(value: Any, kind: type = Real) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _share(value: Any) -> bool:
    return _number(value) and 0 <= value < 1


# What a setting must be, in words and as a test.
LIMITS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "schedule": ("'cosine' or 'constant'", lambda value: value in ("cosine", "constant")),
    "learning_rate": ("above 0 and finite", lambda value: _number(value) and 0 < value < math.inf),
    "weight_decay": ("0 or more and finite", lambda value: _number(value) and 0 <= value < math.inf),
    **dict.fromkeys(("warmup", "label_smoothing", "momentum", "dropout"), ("from 0 to below 1", _share)),
    "seed": ("a whole number from 0 to 2**32 - 1", lambda value: _number(value, Integral) and 0 <= value < 2**32),
}


def _line(history: list[dict[str, float]], epochs: int) -> str:
    last, done = history[-1], len(history)
    left = (epochs - done) * float(np.median([epoch["seconds"] for epoch in history]))
    return (
        f"epoch {done}/{epochs}  loss {last['loss']:.4f}  accuracy {last['accuracy']:.4f}  "
        f"validation {last['val_accuracy']:.4f}  {last['seconds']:.0f} s  {_duration(left)} left"
    )


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{seconds:.0f} s" if seconds < 100 else f"{minutes} min" if minutes < 100 else f"{minutes / 60:.1f} h"


def write(path: Path, content: bytes) -> None:
    """Write to a file beside `path`, then rename: whoever reads `path` finds the old content or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise OSError(f"{str(path)!r} cannot be written ({error.strerror}); what was there before is whole") from error
    finally:
        part.unlink(missing_ok=True)


def _state(model: keras.Model) -> list:
    return [*model.variables, *model.optimizer.variables]


def _keep(path: Path, model: keras.Model, settings: dict, history: list, best: list[np.ndarray]) -> None:
    buffer = io.BytesIO()
    arrays = {f"state{i}": np.asarray(variable) for i, variable in enumerate(_state(model))}
    arrays |= {f"best{i}": weight for i, weight in enumerate(best)}
    np.savez(buffer, about=json.dumps({"settings": settings, "history": history}), **arrays)
    write(path, buffer.getvalue())


def _restore(path: Path, model: keras.Model, settings: dict) -> tuple[list, list[np.ndarray]]:
    try:
        with np.load(path) as file:
            arrays = dict(file)
        about = json.loads(str(arrays["about"]))
        same, history = about["settings"] == settings, about["history"]
        state, best = ([arrays[name] for name in arrays if name.startswith(kind)] for kind in ("state", "best"))
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"checkpoint must be what an earlier run left, whole, and {str(path)!r} is not: delete it"
        ) from error
    if not same:
        raise ValueError(
            f"checkpoint must be of a run with the same settings; {str(path)!r} has {about['settings']}, "
            f"this run {settings}: delete it or name another"
        )
    if [array.shape for array in (*state, *best)] != [tuple(v.shape) for v in (*_state(model), *model.weights)]:
        raise ValueError(
            f"checkpoint must be of a run with the same model; {str(path)!r} has weights of other shapes: delete it or "
            "name another"
        )
    for variable, value in zip(_state(model), state, strict=True):
        variable.assign(value)
    return history, best


def versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "backend": keras.backend.backend()}
    for package in ("tensorflow", "jax", "keras", "numpy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """Processor, cores and graphics processor; nothing that tells one machine of a kind from another."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = (line for line in cpuinfo.read_text().splitlines() if line.startswith("model name"))
        processor = next(names, f":{processor}").split(":", 1)[1].strip()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"system": platform.system(), "processor": processor, "cores": cores, "gpu": gpu()}


def gpu() -> str | None:
    """The name of the graphics processor that Keras computes on; None if there is none."""
    if keras.backend.backend() == "jax":
        import jax

        return next((device.device_kind for device in jax.devices() if device.platform == "gpu"), None)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        for device in tf.config.list_physical_devices("GPU"):
            return tf.config.experimental.get_device_details(device).get("device_name", "GPU")
    return None


# What `--recipe` stands for: defaults of the other options.
RECIPES: dict[str, dict[str, Any]] = {
    "repaired": {},
    "keras": {
        "learning_rate": 1e-3,
        "schedule": "constant",
        "warmup": 0.0,
        "weight_decay": 0.0,
        "label_smoothing": 0.0,
        "momentum": 0.99,
        "initializer": "keras",
        "augment": False,
    },
    "fine-tune": {
        "resolution": 192,
        "test_resolution": 256,
        "epochs": 8,
        "learning_rate": 2e-4,
        "initializer": "imagenet",
    },
}
CHOSEN = ("recipe", "start", "alpha", "batch_size", "augment", "momentum", "initializer", "dropout", "test_resolution")


def main(arguments: list[str] | None = None) -> None:
    """The command line: train, evaluate once on the test split, record."""
    from mobilenet_lib import data

    data.spell_out()
    parser = _parser()
    args = _parsed(parser, arguments)
    record, checkpoint = args.runs / f"{args.name}.json", args.runs / f".{args.name}.npz"
    kept = args.runs.parent / "models"
    try:
        _check_options(args, parser)
    except ValueError as error:
        parser.error(str(error))
    if args.start is not None and not (start := kept / f"{args.start}.keras").exists():
        hint = ""
        with suppress(OSError, ValueError):
            hint = f"; it comes from: {load_run(args.runs / f'{args.start}.json').command}"
        parser.error(f"--start must name a model kept in {kept}; there is no {start.name}{hint}")

    try:
        args.runs.mkdir(parents=True, exist_ok=True)
        lock = args.runs / f".{args.name}.lock"
        lock.touch()
        with alone(lock, f"training {args.name!r}"):
            try:
                if record.exists() and not args.force:
                    parser.error(f"{record} is there already; --force replaces it")
                _record(args, parser, record, checkpoint, kept)
            finally:
                lock.unlink(missing_ok=True)
    except (OSError, ValueError, FloatingPointError) as error:
        parser.exit(1, f"{args.name}: {error}\n")
    except KeyboardInterrupt:
        parser.exit(130, f"{args.name}: interrupted; the same command goes on from the last finished epoch\n")


def _check_options(args: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Raise `ValueError` for what would be refused only after photos have been read or a model has been trained."""
    from mobilenet_lib import data

    for option in ("name", "start"):
        if (value := getattr(args, option)) is not None and not re.fullmatch(
            r"[A-Za-z0-9_-][A-Za-z0-9._-]{,99}", value
        ):
            raise ValueError(
                f"--{option} must be of 1 to 100 letters from a to z, digits, '.', '-' and '_', the first of them not "
                f"a '.', not {value!r}"
            )
    for option in ("epochs", "batch_size"):
        positive(option, getattr(args, option))
    for option in ("resolution", "test_resolution"):
        value, least = getattr(args, option), architecture.REDUCTION
        if value is not None and (value % least or not least <= value <= data.LARGEST):
            raise ValueError(f"{option} must be a multiple of {least} from {least} to {data.LARGEST}, not {value!r}")
    for option in ("dropout", "momentum") if args.initializer == "imagenet" else ():
        if (value := getattr(args, option)) != (kept := parser.get_default(option)):
            raise ValueError(
                f"{option} must be {kept!r} with --initializer imagenet, which has no use for it, not {value!r}"
            )
    if args.runs.exists() and not args.runs.is_dir():
        raise ValueError(f"runs must be a folder, not the file {str(args.runs)!r}")
    architecture.mobilenet(args.alpha, args.resolution)  # refuses what alpha must not be
    _check(vars(args))


def _record(
    args: argparse.Namespace, parser: argparse.ArgumentParser, record: Path, checkpoint: Path, kept: Path
) -> None:
    from mobilenet_lib import data

    def say(line: str) -> None:
        print(f"{args.name}: {line}", flush=True)

    source = {"source": args.data, "seed": args.seed, "limit": args.limit}
    photos = data.load(args.resolution, args.batch_size, augment=args.augment, **source)
    say(repr(photos))
    keras.utils.set_random_seed(args.seed)
    if args.initializer == "imagenet":
        model, fit = imagenet_classifier(args.alpha, args.resolution, len(photos.class_names)), fine_tune
    else:
        model, fit = (
            models.mobilenet(
                args.alpha,
                args.resolution,
                len(photos.class_names),
                dropout=args.dropout,
                momentum=args.momentum,
                depthwise_initializer=INITIALIZERS[args.initializer],
            ),
            train,
        )
    if args.start is not None:
        weights = load_model(kept / f"{args.start}.keras").get_weights()
        if [weight.shape for weight in weights] != [weight.shape for weight in model.get_weights()]:
            raise ValueError(f"--start must name a model of the same alpha and classes; {args.start!r} has others")
        model.set_weights(weights)
    settings = {name: getattr(args, name) for name in COMPILED}
    run = fit(model, photos, epochs=args.epochs, seed=args.seed, checkpoint=checkpoint, progress=say, **settings)
    if args.test_resolution not in (None, args.resolution):
        trained, photos = model, data.load(args.test_resolution, args.batch_size, **source)
        model = models.mobilenet(args.alpha, args.test_resolution, len(photos.class_names))
        model.set_weights(trained.get_weights())
        run = replace(run, mult_adds=models.cost(model).mult_adds)
    test = evaluate(model, photos.test)
    chosen = {name: getattr(args, name) for name in CHOSEN}
    command = _command(args, parser, drawn=photos.drawn)
    run = replace(run, name=args.name, command=command, settings=chosen | run.settings, test=test.summary())
    if args.keep:
        save_model(model, kept / f"{args.name}.keras")
    run.save(record)
    checkpoint.unlink(missing_ok=True)
    low, high = test.interval
    say(f"test accuracy {test.accuracy:.2%} ({low:.1%} to {high:.1%}), trained in {_duration(run.seconds)}")


def _parsed(parser: argparse.ArgumentParser, arguments: list[str] | None = None) -> argparse.Namespace:
    """The options, those not given being what the recipe says."""
    parser.set_defaults(**RECIPES[parser.parse_known_args(arguments)[0].recipe])
    return parser.parse_args(arguments)


def save_model(model: keras.Model, path: str | os.PathLike) -> None:
    """Keep `model` as a `.keras` file, without its optimizer, which would be two thirds of it.

    Options that are not used are left out: an older Keras refuses the file for options that it does not know. Raises
    `ValueError` unless `path` ends in `.keras`.
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise ValueError(f"path must end in .keras, not {str(path)!r}")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".part-{path.name}")
    try:
        keras.Model(model.input, model.output, name=model.name).save(part)
        with zipfile.ZipFile(part) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        files["config.json"] = json.dumps(_given(json.loads(files["config.json"]))).encode()
        with zipfile.ZipFile(part, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def load_model(path: str | os.PathLike) -> keras.Model:
    """The model in a `.keras` file, such as `save_model` writes; no code that may be in it is run.

    Raises `FileNotFoundError` if there is no file, `ValueError` if it is not whole, has code, or is not of layers that
    this version of Keras knows.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there must be a .keras file at {os.fspath(path)!r}, and there is none")
    try:
        with zipfile.ZipFile(path) as file:  # what Keras says about a damaged one is that there is none
            made = json.loads(file.read("metadata.json"))["keras_version"]
            config = file.read("config.json")
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise ValueError(f"path must be a whole .keras file, and {os.fspath(path)!r} is not") from error
    if b'"__lambda__"' in config:
        raise ValueError(f"path must be a .keras file without Python code, and {os.fspath(path)!r} has some")
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever it stumbles over
        reason = str(error).strip().split("\n")[0]
        raise ValueError(
            f"path must be a .keras file that can be loaded, and {os.fspath(path)!r}, made with Keras {made}, cannot "
            f"be with Keras {keras.__version__}: {reason}"
        ) from error


def _given(config: Any) -> Any:
    """A configuration of Keras without options that are None, and without those of renormalization where it is off."""
    if isinstance(config, list):
        return [_given(part) for part in config]
    if not isinstance(config, dict):
        return config
    parts = {key: _given(part) for key, part in config.items()}
    if "class_name" in config:
        options = {key: option for key, option in (parts["config"] or {}).items() if option is not None}
        off = not options.get("renorm")
        parts["config"] = {key: option for key, option in options.items() if not (off and key.startswith("renorm"))}
    return parts


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mobilenet_lib.training",
        description="Train a MobileNet on cats and dogs and record the run in data/runs/NAME.json. Killed and started "
        "again with the same command, it goes on from its last finished epoch.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--name", required=True, default=argparse.SUPPRESS, help="name of the record")
    add(
        "--recipe",
        choices=tuple(RECIPES),
        default="repaired",
        help="defaults for the options below: what this book recommends, what Keras does by itself, or on from the "
        "ImageNet weights",
    )
    add("--alpha", type=float, default=0.25, help="width multiplier")
    add("--resolution", type=int, default=128, help="side of the images in pixels, a multiple of 32")
    add(
        "--test-resolution",
        type=int,
        default=None,
        help="side of the test images, if another: crops show animals larger than whole photos do, and a larger photo "
        "makes up for it",
    )
    add("--epochs", type=int, default=60, help="how often every training photo is seen")
    add("--batch-size", type=int, default=32, help="photos per step")
    add("--learning-rate", type=float, default=4e-3, help="the highest one")
    add("--schedule", choices=("cosine", "constant"), default="cosine", help="of the learning rate after the warm-up")
    add("--warmup", type=float, default=0.1, help="share of the steps in which the learning rate rises")
    add("--weight-decay", type=float, default=0.05, help="spares biases, normalization and depthwise kernels")
    switch = argparse.BooleanOptionalAction
    add("--decay-depthwise", action=switch, default=False, help="weight decay on depthwise kernels too")
    add("--label-smoothing", type=float, default=0.1, help="share of certainty taken off the labels")
    add("--dropout", type=float, default=1e-3, help="share of the features left out before the classifier")
    add("--momentum", type=float, default=0.9, help="of batch normalization; Keras has 0.99")
    add("--initializer", choices=(*INITIALIZERS, "imagenet"), default="he_normal", help="of the depthwise kernels")
    add("--augment", action=switch, default=True, help="show photos in other crops every time")
    add("--seed", type=int, default=0, help="of weights, order and augmentation")
    add("--data", default="auto", metavar="SOURCE", help="folder of the photos, 'drawn' or 'auto'")
    add("--limit", type=int, default=None, help="use at most this many photos of each split")
    add("--start", default=None, metavar="NAME", help="the kept model to go on from, of any resolution")
    add("--keep", action="store_true", help="also keep the model, as models/NAME.keras beside the records")
    add("--runs", type=Path, default=RUNS, metavar="FOLDER", help="where records go")
    add("--force", action="store_true", help="replace a record of that name")
    return parser


def _command(args: argparse.Namespace, parser: argparse.ArgumentParser, *, drawn: bool) -> str:
    """The command that repeats the run, without what belongs to one machine: photos lie where `make data` puts them."""
    words = ["--data", "drawn" if drawn else "data/cats-dogs"]
    for action in parser._actions:
        value = getattr(args, action.dest, None)
        if action.dest not in ("help", "force", "runs", "data") and value != action.default:
            yes, *no = action.option_strings
            words += [no[0] if value is False else yes] if action.nargs == 0 else [yes, str(value)]
    return shlex.join(["python", "-m", "mobilenet_lib.training", *words])


if __name__ == "__main__":
    sys.exit(main())
