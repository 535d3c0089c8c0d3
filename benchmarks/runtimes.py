"""The book's .tflite files in LiteRT beside ONNX Runtime, OpenVINO and PyTorch: the same networks on one thread.

Prints ratios and asserts nothing: run it on a machine at rest, with `make bench`, which makes their environment and
says in PEERS where its Python is. `--record` keeps what came out in data/latency, for chapter 7.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from mobilenet_lib import models, tflite
from mobilenet_lib.architecture import mobilenet
from mobilenet_lib.records import machine, write

PEER = Path(__file__).parent / "peers/inference.py"
SIZES = (0.25, 128), (0.5, 160), (1.0, 224)
AGAIN = "LiteRT again"  # an A/A test


def measured(python: str, repeats: int) -> dict:
    """What the peers answer: their versions, and for each file the milliseconds of each turn in each program."""
    layers, files = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for alpha, side in SIZES:
            name = f"{alpha}-{side}"
            layers[name] = [
                (layer.kind, layer.kernel, layer.stride, layer.in_channels, layer.out_channels)
                for layer in mobilenet(alpha, side)
            ]
            model = models.mobilenet(alpha, side)
            images = np.random.default_rng(0).uniform(-1, 1, (2, side, side, 3)).astype(np.float32)
            for form in ("float32", "int8"):
                files[f"{name}, {form}"] = path = f"{folder}/{name}-{form}.tflite"
                tflite.save(tflite.convert(model, form, images), path)
        asked = json.dumps({"files": files, "layers": layers, "repeats": repeats})
        return json.loads(subprocess.check_output([python, PEER, asked], stderr=subprocess.DEVNULL))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--record", action="store_true", help="write data/latency/peers.json")
    args = parser.parse_args()
    if not (python := os.environ.get("PEERS")):
        sys.exit("PEERS must be the Python of an environment made from tests/elsewhere/peers.txt: make bench")
    found = measured(python, args.repeats)
    quartiles = {
        name: {program: np.percentile(taken, [25, 75]).round(5).tolist() for program, taken in runs.items()}
        for name, runs in found.pop("milliseconds").items()
    }
    for name, programs in quartiles.items():
        ours = programs["LiteRT"][0]
        for program, (low, _) in programs.items():
            print(f"{name:<20}{program:<16}{low:9.3f} ms {low / ours:8.3f} times as long as LiteRT", flush=True)
    if args.record:
        same = [programs[AGAIN][0] / programs["LiteRT"][0] for programs in quartiles.values()]
        if not all(0.97 <= ratio <= 1.03 for ratio in same):
            sys.exit(f"not recorded: a file took {max(same, key=lambda x: abs(np.log(x))):.3f} times as long as itself")
        about = {
            "command": f"python benchmarks/runtimes.py --record --repeats {args.repeats}",
            "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
            **found,
            "machine": machine(),
        }
        rows = ",\n  ".join(f"{json.dumps(name)}: {json.dumps(programs)}" for name, programs in quartiles.items())
        text = json.dumps(about | {"quartiles": None}, indent=1)
        text = text.replace('"quartiles": null', f'"quartiles": {{\n  {rows}\n }}')
        write(tflite.LATENCY / "peers.json", text.encode() + b"\n")


if __name__ == "__main__":
    main()
