"""The files whose times the book keeps, in data/latency, and chapter 7 reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from mobilenet_lib import models, paper
from mobilenet_lib.tflite.conversion import convert
from mobilenet_lib.tflite.files import File
from mobilenet_lib.tflite.parts import operators, resized

FORMATS = "float32", "int8"
SIXTEEN = tuple(f"{c.alpha}-{c.resolution}" for c in paper.CHECKPOINTS)
FULL = "Conv-224"  #: 1.0-224 with standard convolutions in place of separable ones
CUT = FULL, "1.0-224", "0.25-128"  #: whose operators are timed one by one


def networks() -> dict[str, bytes]:
    """The sixteen and the one of standard convolutions, named as in "0.25-128, int8".

    The weights are random, which does not matter to a convolution: it multiplies every number it meets.
    """
    images = np.random.default_rng(0).uniform(-1, 1, (2, 224, 224, 3)).astype(np.float32)
    found = {}
    for alpha in sorted({c.alpha for c in paper.CHECKPOINTS}, reverse=True):
        for form in FORMATS:
            file = convert(models.mobilenet(alpha), form, images, bias_correction=False)
            sizes = [c.resolution for c in paper.CHECKPOINTS if c.alpha == alpha]
            found |= {f"{alpha}-{size}, {form}": resized(file, size) for size in sizes}
    full = models.mobilenet(separable=False)
    return found | {f"{FULL}, {form}": convert(full, form, images, bias_correction=False) for form in FORMATS}


def with_operators() -> tuple[dict[str, bytes], int]:
    """`networks`, and the operators of those in `CUT`, named as in "0.25-128, int8, conv_dw_1"; for one thread."""
    files = networks()
    wholes = [f"{name}, {form}" for name in CUT for form in FORMATS]
    parts = {f"{whole}, {part}": file for whole in wholes for part, file in operators(files[whole]).items()}
    return files | parts, 1


def on_threads() -> tuple[dict[str, bytes], dict[str, int]]:
    """The networks in `CUT` on one thread and on two, named as in "0.25-128, int8, 2"."""
    files = networks()
    wholes = [f"{name}, {form}" for name in CUT[::-1] for form in FORMATS]
    threads = {f"{whole}, {count}": count for whole in wholes for count in (1, 2)}
    return {name: files[name.rpartition(", ")[0]] for name in threads}, threads


#: By the name of its record, what is to be timed and on how many threads.
TIMED: dict[str, Callable[[], tuple[Mapping[str, File], int | Mapping[str, int]]]] = {
    "one-thread": with_operators,
    "two-threads": on_threads,
}
