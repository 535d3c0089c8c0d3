"""How long a .tflite file takes for one image."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mobilenet_lib.costs import positive
from mobilenet_lib.tflite.files import File, opened


@dataclass(frozen=True, eq=False, repr=False)
class Latency:
    """How long a model took for one image, in milliseconds, `[repeats]`."""

    milliseconds: np.ndarray

    @property
    def median(self) -> float:
        return float(np.median(self.milliseconds))

    @property
    def quartiles(self) -> tuple[float, float]:
        """A quarter of the runs were faster than the first, a quarter slower than the second."""
        low, high = np.percentile(self.milliseconds, [25, 75])
        return float(low), float(high)

    @property
    def p95(self) -> float:
        """The 95th percentile: what nineteen runs of twenty stayed within."""
        return float(np.percentile(self.milliseconds, 95))

    def __repr__(self) -> str:
        low, high = self.quartiles
        return f"{self.median:.3g} ms (half of {len(self.milliseconds)} runs took {low:.3g} to {high:.3g} ms)"


def latency(
    tflite_models: File | Mapping[str, File], *, repeats: int = 100, threads: int | Mapping[str, int] = 1
) -> Latency | dict[str, Latency]:
    """How long one image takes: for one model, or for each in a dictionary of models.

    `threads` is how many processor cores each may use, or a dictionary with the number for each name.

    Several models take turns, each time in another order, so that whatever else the machine does, and whoever ran just
    before, meets all of them alike: divide the times of two turn by turn to compare them. In its turn a model runs
    twice, and the second run counts: the first one brings its weights back into the processor's cache, where they would
    be when it runs frame after frame.
    """
    repeats = positive("repeats", repeats)
    if not isinstance(tflite_models, Mapping):
        return latency({"": tflite_models}, repeats=repeats, threads={"": threads})[""]
    if not tflite_models:
        raise ValueError("tflite_models must hold at least one model, not none")
    if not isinstance(threads, Mapping):
        threads = dict.fromkeys(tflite_models, threads)
    if missing := [name for name in tflite_models if name not in threads]:
        raise ValueError(f"threads must have a number for each of the models; {missing[0]!r} has none")
    interpreters = {name: opened(model, threads[name]) for name, model in tflite_models.items()}
    names, noise = list(interpreters), np.random.default_rng(0)
    for interpreter in interpreters.values():
        for details in interpreter.get_input_details():  # how long convolutions take does not depend on the numbers
            high = 1 if np.issubdtype(details["dtype"], np.floating) else 128
            interpreter.set_tensor(details["index"], noise.uniform(0, high, details["shape"]).astype(details["dtype"]))
    times = {name: np.empty(repeats) for name in interpreters}
    for turn in range(-max(3, repeats // 10), repeats):  # those before 0 warm up
        for place in noise.permutation(len(names)):
            name = names[place]
            interpreter = interpreters[name]
            interpreter.invoke()
            start = time.perf_counter()
            interpreter.invoke()
            if turn >= 0:
                times[name][turn] = 1e3 * (time.perf_counter() - start)
    return {name: Latency(values) for name, values in times.items()}
