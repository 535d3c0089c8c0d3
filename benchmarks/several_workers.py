"""How much faster is an epoch with two workers, each on a core of its own? And what does their path cost one alone?

Prints ratios, the median of the rounds and the range, and asserts nothing: run it on a machine at rest with two cores
and Linux, with `make bench`. `--record` keeps the seconds in data/latency/workers.json, for chapter 9.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from cost_side import report

from mobilenet_lib.records import DATA, machine, today, versions, write
from mobilenet_lib.training.sweep import ONE_THREAD

# How many workers there are, or 0 for a training without a cluster. The last two are A/A tests.
ARMS = {"two workers": 2, "one worker": 1, "no cluster": 0, "one worker again": 1, "two workers again": 2}
RATIOS = (
    ("two workers", "one worker"),
    ("one worker again", "one worker"),
    ("two workers again", "two workers"),
    ("one worker", "no cluster"),
)


def epoch(workers: int, options: list[str], folder: Path) -> float:
    """Seconds of the fastest epoch but the first one, with its validation."""
    addresses = []
    for _ in range(workers):
        with socket.socket() as free:
            free.bind(("localhost", 0))
            addresses.append(f"localhost:{free.getsockname()[1]}")
    started = []
    for index in range(max(workers, 1)):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        env = os.environ | ONE_THREAD | ({"TF_CONFIG": json.dumps(task)} if workers else {})
        places = ["--name", "timed", "--force", "--data", "drawn", "--runs", str(folder)]
        words = [sys.executable, "-m", "mobilenet_lib.training", *places, *options]
        pinned = ["taskset", "--cpu-list", str(index), *words]
        started.append(subprocess.Popen(pinned, env=env, stdout=subprocess.DEVNULL))
    if codes := [code for process in started if (code := process.wait())]:
        raise RuntimeError(f"a training must end with 0, not with {codes}")
    record = json.loads((folder / "timed.json").read_bytes())
    return min(past["seconds"] for past in record["epochs"][1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--alpha", type=float, default=0.25)
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--record", action="store_true", help="keep the seconds in data/latency/workers.json")
    args = parser.parse_args()
    size = ["--alpha", f"{args.alpha:g}", "--resolution", str(args.resolution)]
    options = [*size, "--batch-size", "64", "--limit", "512", "--epochs", "4", "--no-test"]
    seconds = {arm: [] for arm in ARMS}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(args.rounds):
            for arm in [*ARMS][:: 1 if turn % 2 else -1]:
                seconds[arm].append(epoch(ARMS[arm], options, Path(folder)))
    for above, below in RATIOS:
        pairs = [a / b for a, b in zip(seconds[above], seconds[below], strict=True)]
        report(f"an epoch of {above} / of {below} ({min(pairs):.2f} to {max(pairs):.2f})", median(pairs), unit="")
    if args.record:
        path = DATA / "latency/workers.json"
        about = {"command": f"python benchmarks/several_workers.py {' '.join(size)} --record", "date": today()}
        about |= {"versions": versions(), "machine": machine(), "load": os.getloadavg()[0], "options": options}
        found = json.loads(path.read_bytes()) if path.exists() else {}
        found[f"{args.alpha:g}-{args.resolution}"] = about | {"seconds": seconds}
        write(path, json.dumps(found, indent=1).encode() + b"\n")


if __name__ == "__main__":
    main()
