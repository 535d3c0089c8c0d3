"""What a model said about photos whose answer is known: accuracy, its uncertainty, which mistakes."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a model said about photos whose answer is known.

    `probabilities` is finite float `[N, classes]`, `labels` is int `[N]`. Raises `ValueError` for what does not fit.
    """

    probabilities: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        if self.probabilities.ndim != 2 or not np.isfinite(self.probabilities).all():
            raise ValueError(f"probabilities must be finite numbers [N, classes], not {self.probabilities}")
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
        """Accuracy, loss, interval, confusion and each photo's predicted class, a digit each, for a recorded run."""
        low, high = self.interval
        return {
            "photos": len(self.labels),
            "accuracy": self.accuracy,
            "interval": [round(low, 5), round(high, 5)],
            "loss": round(self.loss, 5),
            "confusion": self.confusion.tolist(),
            # Of more than ten classes, numbers with spaces between.
            "predictions": (" " if self.probabilities.shape[1] > 10 else "").join(map(str, self.predictions)),
        }


def evaluate(model: keras.Model, dataset: Iterable) -> Evaluation:
    """Probabilities of `model` for every batch `(images, labels)` of `dataset`; `ValueError` for anything else."""
    try:
        pairs = [(model.predict_on_batch(np.asarray(images)), np.asarray(labels)) for images, labels in dataset]
        probabilities, labels = (np.concatenate(arrays) for arrays in zip(*pairs, strict=True))
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            "dataset must have at least one batch (images, labels), as `photos.test` has, and model must turn images "
            f"into probabilities alone: {error}"
        ) from error
    return Evaluation(probabilities, labels)


def wilson(right: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """The 95% confidence interval of a share, `right` out of `total` (Wilson 1927). `ValueError` if it is no share."""
    right, total = float(right), float(total)  # NumPy's whole numbers overflow
    if not 0 <= right <= total or not total:
        raise ValueError(f"right must be from 0 to total, and total above 0; they are {right:g} and {total:g}")
    share = right / total
    center = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return max(0.0, center - half), min(1.0, center + half)


# The 97.5% quantile of Student's t for 2 to 10 values (Fisher 1925, table IV).
STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}


def over_seeds(values: Sequence[float]) -> tuple[float, float]:
    """The mean of what runs with different seeds reached, and half the width of its 95% confidence interval.

    Raises `ValueError` for fewer than 2 or more than 10 values: one run has no interval.
    """
    if len(values) not in STUDENT:
        raise ValueError(f"values must be of 2 to 10 seeds, not of {len(values)}")
    return float(np.mean(values)), STUDENT[len(values)] * float(np.std(values, ddof=1)) / math.sqrt(len(values))
