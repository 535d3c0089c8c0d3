"""What each file format does to a model, for the book's records, and the files that the book keeps."""

from __future__ import annotations

from datetime import datetime, timezone
from importlib.metadata import version
from typing import Any

import keras
import numpy as np

from mobilenet_lib import models
from mobilenet_lib.data import normalize
from mobilenet_lib.evaluation import evaluate as evaluate_model
from mobilenet_lib.records import DATA, MODELS, machine, versions
from mobilenet_lib.tflite.conversion import MODES, convert
from mobilenet_lib.tflite.running import evaluate

EXPORTS = DATA / "exports"
# The files that the book keeps, for phones, for its page "Try it" and for the command line.
KEPT = {"cats-dogs.tflite": "float32", "cats-dogs-int8.tflite": "int8"}
MODEL = MODELS / "cats-dogs.tflite"
# What `record` makes of a model: names of files, and the arguments of `convert` for each.
RECORDED: dict[str, dict[str, Any]] = {
    **{mode: {"mode": mode} for mode in MODES},
    "int8, not corrected": {"mode": "int8", "bias_correction": False},
    "int8, one scale per layer": {"mode": "int8", "per_channel": False},
}


def record(model: keras.Model, photos: Any) -> dict[str, Any]:
    """What each file format does to `model` on the test split of `photos`, with where, when and with what.

    `photos` are what `data.load` returns, at the size of the model; 100 of its training images calibrate int8. For each
    file: its bytes, the largest and the mean difference of its probabilities from Keras, how many answers it changes,
    and its accuracy. Raises `ValueError` if the model does not fit.
    """
    in_keras, files = evaluate_model(model, photos.test), []
    for name, options in RECORDED.items():
        content = _converted(model, photos, **options)
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
            }
        )
    return {
        "resolution": model.input_shape[1],
        "keras": round(in_keras.accuracy, 5),
        "files": files,
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "data": {"source": photos.source, "drawn": photos.drawn, "counts": photos.counts},
        "versions": versions() | {"ai-edge-litert": version("ai-edge-litert")},
        "machine": machine(),
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


def _converted(model: keras.Model, photos: Any, **options: Any) -> bytes:
    calibration = normalize(photos.images("train")[0][:100])
    return convert(model, calibration=calibration, labels=photos.class_names, **options)
