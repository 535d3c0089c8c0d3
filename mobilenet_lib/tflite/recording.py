"""What the book records of files: what each format does to a model, and how long files take; and which it keeps."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mobilenet_lib import models
from mobilenet_lib.data import normalize
from mobilenet_lib.evaluation import Evaluation
from mobilenet_lib.evaluation import evaluate as evaluate_model
from mobilenet_lib.records import DATA, MODELS, machine, versions
from mobilenet_lib.tflite.aware import train_aware
from mobilenet_lib.tflite.conversion import MODES, convert
from mobilenet_lib.tflite.files import File, read
from mobilenet_lib.tflite.folding import foldable, silenced
from mobilenet_lib.tflite.running import evaluate
from mobilenet_lib.tflite.timing import bandwidth, latency

EXPORTS, LATENCY = DATA / "exports", DATA / "latency"
# The files that the book keeps, for phones, for its page "Try it" and for the command line.
KEPT = {"cats-dogs.tflite": "float32", "cats-dogs-int8.tflite": "int8"}
MODEL = MODELS / "cats-dogs.tflite"
# What `record` makes of a model: names of files, and the arguments of `convert` for each.
RECORDED: dict[str, dict[str, Any]] = {
    **{mode: {"mode": mode} for mode in MODES},
    "dynamic, not corrected": {"mode": "dynamic", "bias_correction": False},
    "int8, not corrected": {"mode": "int8", "bias_correction": False},
    "int8, one scale per layer": {"mode": "int8", "per_channel": False},
}
# And of a network of `models.mobilenet`: what is made of it first, then the same.
CHANGED: dict[str, tuple[Callable[[keras.Model, Any], keras.Model], dict[str, Any]]] = {
    "int8, trained to be rounded": (train_aware, {"mode": "int8", "bias_correction": False}),
    "int8, one scale per layer, dead channels silenced": (
        lambda model, photos: silenced(model),
        {"mode": "int8", "per_channel": False},
    ),
}


def record(model: keras.Model, photos: Any) -> dict[str, Any]:
    """What each file format does to `model` on the test split of `photos`, with where, when and with what.

    `photos` are what `data.load` returns, at the size of the model; 100 of its training images calibrate int8. For each
    file: its bytes, the largest and the mean difference of its probabilities from Keras, how many answers it changes,
    its accuracy, and the class of each image, a digit each. Raises `ValueError` if the model does not fit.
    """
    in_keras, files = evaluate_model(model, photos.test), []
    wanted = {name: (None, options) for name, options in RECORDED.items()} | (CHANGED if foldable(model) else {})
    for name, (change, options) in wanted.items():
        content = _converted(change(model, photos) if change else model, photos, **options)
        says = evaluate(content, photos.test, threads=2)
        difference = np.abs(says.probabilities - in_keras.probabilities)
        files.append(
            {
                "file": name,
                "bytes": len(content),
                "largest_difference": float(f"{difference.max():.2g}"),
                "mean_difference": float(f"{difference.mean():.2g}"),
                "changed": int((says.predictions != in_keras.predictions).sum()),
                "accuracy": round(says.accuracy, 5),
                "predictions": _digits(says),
            }
        )
    return {
        "resolution": model.input_shape[1],
        "keras": round(in_keras.accuracy, 5),
        "predictions": _digits(in_keras),
        "files": files,
        "data": {"source": photos.source, "drawn": photos.drawn, "counts": photos.counts},
        **_provenance(),
    }


def kept_files(model: keras.Model, photos: Any) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    """The files of `KEPT`, by name, of `model` with maps; and for each a record: bytes and accuracy on the test split.

    `photos` as in `record`.
    """
    model = models.with_maps(model)
    files = {name: _converted(model, photos, mode=mode) for name, mode in KEPT.items()}
    accuracies = {name: evaluate(content, photos.test, threads=2).accuracy for name, content in files.items()}
    return files, [
        {"file": name, "bytes": len(content), "accuracy": round(accuracies[name], 5)} for name, content in files.items()
    ]


def measure(files: Mapping[str, File], *, repeats: int = 500, threads: int | Mapping[str, int] = 1) -> dict[str, Any]:
    """How long each file takes for one image, in milliseconds, with where and when, and whether it can be trusted.

    `ratio` is that of the first file to itself, which runs once more under another name: an A/A test. It compares lower
    quartiles, which other programs hardly move when they interrupt a run; `quartiles` of it are turn by turn. `load` is
    how many cores other programs kept busy in the second before, and during the measurement (None but on Linux).
    `bandwidth` is what `bandwidth` says of a copy of some megabytes. `threads` may give each file a number of its own.
    """
    first = next(iter(files))
    start = _worked()
    time.sleep(1)
    before = _worked()
    each = threads if isinstance(threads, Mapping) else dict.fromkeys(files, threads)
    taken = latency({**files, "": files[first]}, repeats=repeats, threads={**each, "": each.get(first, 1)})
    load = {"before": _others(start, before), "during": _others(before, _worked())}
    once, again = taken[first], taken.pop("")
    by_turn = np.percentile(again.milliseconds / once.milliseconds, [25, 75])
    return {
        "load": load,
        "ratio": round(again.quartiles[0] / once.quartiles[0], 4),
        "quartiles": [round(float(value), 4) for value in by_turn],
        "repeats": repeats,
        "threads": threads,
        "bandwidth": {str(megabytes): round(bandwidth(megabytes), 2) for megabytes in (0.1, 4, 64)},
        "files": [
            {
                "file": name,
                "bytes": len(read(files[name])),
                "median": round(times.median, 5),
                "quartiles": [round(value, 5) for value in times.quartiles],
            }
            for name, times in taken.items()
        ],
        **_provenance(),
    }


def _worked() -> tuple[float, float, float] | None:
    """The clock; for how long all programs together, and this one, have kept a core busy: all in seconds."""
    if not Path("/proc/stat").exists():
        return None
    user, nice, system, _idle, _waiting, *interrupts = map(int, Path("/proc/stat").read_text().split()[1:9])
    ticks = user + nice + system + sum(interrupts)
    return time.perf_counter(), ticks / os.sysconf("SC_CLK_TCK"), time.process_time()


def _others(before: tuple[float, ...] | None, after: tuple[float, ...] | None) -> float | None:
    """How many cores other programs kept busy from the one moment to the other.

    At most all: a virtual machine that was paused counts more time than has passed.
    """
    if before is None:
        return None
    seconds, all_programs, this_one = np.subtract(after, before)
    return round(float(np.clip((all_programs - this_one) / seconds, 0, os.cpu_count() or 1)), 2)


def _digits(evaluation: Evaluation) -> str:
    return "".join(map(str, evaluation.predictions))


def _provenance() -> dict[str, Any]:
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "versions": versions() | {"ai-edge-litert": version("ai-edge-litert")},
        "machine": machine(),
    }


def _converted(model: keras.Model, photos: Any, **options: Any) -> bytes:
    calibration = normalize(photos.images("train")[0][:100])
    return convert(model, calibration=calibration, labels=photos.class_names, **options)
