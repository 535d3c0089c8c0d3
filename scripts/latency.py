"""Record how long files take, on a machine at rest.

    python scripts/latency.py one-thread                the sixteen MobileNets, and the layers of three networks
    python scripts/latency.py twice                     the same, each file under two names
    python scripts/latency.py two-threads               the three networks on one thread and on two
    python scripts/latency.py kinds                     a separable network, a thin one and a standard one, at 64×64
    python scripts/latency.py NAME FILE …               any others

Writes data/latency/NAME.json. The first file runs once more under another name: unless it takes as long as itself,
nothing is written.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mobilenet_lib import data, models, paper
from mobilenet_lib.records import LATENCY, machine, today, versions, write_rows
from mobilenet_lib.tflite import File, Latency, convert, latency, operators, resized
from mobilenet_lib.tflite.files import read

SAME = 0.97, 1.03  # how many times as long as itself a file may seem to take
FORMATS = "float32", "int8"
FULL = "Conv-224"  #: 1.0-224 with standard convolutions in place of separable ones
CUT = FULL, "1.0-224", "0.25-128"  #: whose operators are timed one by one


def networks() -> dict[str, bytes]:
    """The sixteen and the one of standard convolutions, named as in "0.25-128, int8".

    The weights are random, which does not matter to a convolution: it multiplies every number it meets. They are the
    same each time, for with some a layer dies, and LiteRT refuses the scale of a layer that answers nothing.
    """
    keras.utils.set_random_seed(0)
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


def each_twice() -> tuple[dict[str, bytes], int]:
    """All of `with_operators`, each file also as in "0.25-128, int8, again": how far apart two times of one can be."""
    files, threads = with_operators()
    return files | {f"{name}, again": file for name, file in files.items()}, threads


def on_threads() -> tuple[dict[str, bytes], dict[str, int]]:
    """The networks in `CUT` on one thread and on two, named as in "0.25-128, int8, 2"."""
    files = networks()
    wholes = [f"{name}, {form}" for name in CUT[::-1] for form in FORMATS]
    threads = {f"{whole}, {count}": count for whole in wholes for count in (1, 2)}
    return {name: files[name.rpartition(", ")[0]] for name in threads}, threads


def of_kinds() -> tuple[dict[str, bytes], int]:
    """The networks whose accuracies chapter 8 compares, named as in "thin, int8": separable, as costly, as wide."""
    keras.utils.set_random_seed(0)
    images = np.random.default_rng(0).uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32)
    found = {}
    for name, alpha, separable in (("separable", 0.25, True), ("thin", 0.094, False), ("standard", 0.25, False)):
        model = models.mobilenet(alpha, resolution=64, classes=2, separable=separable)
        found |= {f"{name}, {form}": convert(model, form, images, bias_correction=False) for form in FORMATS}
    return found, 1


#: By the name of its record, what is to be timed and on how many threads.
TIMED: dict[str, Callable[[], tuple[Mapping[str, File], int | Mapping[str, int]]]] = {
    "one-thread": with_operators,
    "twice": each_twice,
    "two-threads": on_threads,
    "kinds": of_kinds,
}


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
                "p95": round(times.p95, 5),
            }
            for name, times in taken.items()
        ],
        "date": today(),
        "versions": versions("ai-edge-litert"),
        "machine": machine(),
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


def bandwidth(megabytes: float, *, repeats: int = 50) -> float:
    """How many billion bytes a second one core reads and writes while it copies so many megabytes (10⁶ bytes)."""
    source = np.ones(int(megabytes * 1e6), np.uint8)
    target = np.zeros_like(source)
    milliseconds = np.empty(repeats)
    for turn in range(repeats):
        start = time.perf_counter()
        np.copyto(target, source)
        milliseconds[turn] = 1e3 * (time.perf_counter() - start)
    return 2 * megabytes / Latency(milliseconds).quartiles[0]


def main(arguments: list[str] | None = None) -> int:
    data.spell_out()
    parser = argparse.ArgumentParser(
        prog="python scripts/latency.py",
        description="Measure how long .tflite files take for one image, in turns, and write data/latency/NAME.json. "
        "The first file runs once more under another name; unless it takes as long as itself, nothing is written.",
    )
    parser.add_argument("name", metavar="NAME", help="of the record")
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="*",
        type=Path,
        help=f"a .tflite file; none for the book's own {' and '.join(TIMED)}",
    )
    parser.add_argument("--repeats", type=int, default=500, help="how often each file runs (default: 500)")
    parser.add_argument("--threads", type=int, default=1, help="processor cores to use (default: 1)")
    parser.add_argument("--records", type=Path, default=LATENCY, metavar="FOLDER", help="where records go")
    args = parser.parse_args(arguments)
    files, threads = {path.name: path for path in args.files}, args.threads
    if len(files) < len(args.files):
        parser.error("each FILE must have another name, for the record")
    if not files and args.name not in TIMED:
        parser.error(f"without a FILE, NAME must be one of {', '.join(TIMED)}, not {args.name!r}")
    options = [*files, "--repeats", str(args.repeats), *(["--threads", str(threads)] if files else [])]
    try:
        found = {"command": shlex.join(["python", "scripts/latency.py", args.name, *options])}
        if not files:
            files, threads = TIMED[args.name]()
        found |= measure(files, repeats=args.repeats, threads=threads)
        for file in found["files"]:
            print(f"{args.name}: {file['file']}: {file['median']:.3g} ms")
        if not SAME[0] <= found["ratio"] <= SAME[1]:
            parser.exit(
                1,
                f"{args.name}: not recorded: {next(iter(files))} took {found['ratio']:.3f} times as long as itself, "
                f"where {SAME[0]} to {SAME[1]} is wanted; load beside it: {found['load']['during']} cores\n",
            )
        write_rows(found, "files", args.records / f"{args.name}.json")
    except (OSError, ValueError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        parser.exit(130, f"{args.name}: interrupted; nothing was recorded\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
