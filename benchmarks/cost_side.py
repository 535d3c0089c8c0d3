"""Speed of the cost side: importing it, counting with it, and its Keras model beside `keras.applications`.

Prints seconds and ratios and asserts nothing: run it on a machine at rest, with `make bench`.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import product
from statistics import median, quantiles

from mobilenet_lib.architecture import mobilenet, total

IMPORT = "import time; t = time.perf_counter(); import mobilenet_lib.{}; print(time.perf_counter() - t)"


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def interleaved(ours: Callable[[], object], theirs: Callable[[], object], repeats: int) -> list[tuple[float, float]]:
    """Seconds of both, measured in turn so that whatever else the machine does meets both alike."""
    for _ in range(3):  # the first calls trace and compile
        ours(), theirs()
    pairs = []
    for turn in range(repeats):
        pair = {}
        for function in (ours, theirs) if turn % 2 else (theirs, ours):
            pair[function] = seconds(function)
        pairs.append((pair[ours], pair[theirs]))
    return pairs


def report(what: str, value: float, goal: str = "", unit: str = "s") -> None:
    print(f"{what:<62}{value:8.3f} {unit:<2}" + (f"(goal: {goal})" if goal else ""), flush=True)


def imports() -> None:
    for module in ("costs", "architecture"):
        times = [
            float(subprocess.check_output([sys.executable, "-c", IMPORT.format(module)], text=True)) for _ in range(7)
        ]
        report(f"import mobilenet_lib.{module}, without TensorFlow", median(times), "below 0.1 s")


def counting() -> None:
    settings = list(product([n / 50 for n in range(1, 51)], [128, 160, 192, 224], [2, 10, 100, 365, 1000]))
    assert len(settings) == 1000
    report("1,000 costs of a whole network", seconds(lambda: [total(mobilenet(*s)) for s in settings]), "below 1 s")


def models(alpha: float, resolution: int, batch: int, repeats: int) -> None:
    import keras
    import numpy as np

    from mobilenet_lib import models

    shape = f"α = {alpha:g}, {resolution} px, batch {batch}"
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (batch, resolution, resolution, 3)).astype("float32")
    labels = rng.integers(0, 1000, batch)
    ours = models.mobilenet(alpha, resolution)
    theirs = keras.applications.MobileNet((resolution, resolution, 3), alpha=alpha, weights=None)
    for model in (ours, theirs):
        model.compile("adam", "sparse_categorical_crossentropy")
    for what, call in (
        ("inference", lambda model: model.predict_on_batch(images)),
        ("training step", lambda model: model.train_on_batch(images, labels)),
    ):
        pairs = interleaved(lambda call=call: call(ours), lambda call=call: call(theirs), repeats)
        low, middle, high = quantiles((their / our for our, their in pairs), n=4)
        report(f"{what}, ours, {shape}", median(our for our, _ in pairs))
        report(f"{what}, keras.applications, {shape}", median(their for _, their in pairs))
        report(f"{what}, keras.applications / ours", middle, f"1 or more; quartiles {low:.3f} to {high:.3f}", "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--alpha", type=float, default=0.25)
    parser.add_argument("--resolution", type=int, default=128)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=20)
    args = parser.parse_args()
    imports()
    counting()
    models(args.alpha, args.resolution, args.batch, args.repeats)


if __name__ == "__main__":
    main()
