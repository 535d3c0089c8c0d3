"""Record what a network of standard convolutions that was trained loses when it is cut to separable ones.

    python scripts/kernels.py convolutions-standard-0

Writes data/kernels/NAME.json.
"""

from __future__ import annotations

import argparse
import json
import shlex
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mobilenet_lib import data, training
from mobilenet_lib.records import RUNS, load_run, machine, versions, write
from mobilenet_lib.training.kernels import KERNELS, energy, of_rank

RANKS = (1, 2, 3, 4, 6, 9)  # that a network is cut to


def measure(model: keras.Model, photos: Any) -> dict[str, Any]:
    """What chapter 8 shows of a network of standard convolutions, the first and the last layer aside.

    `energy` by layer, and `by_output`, where a slice is what makes one output channel; `cut`, the validation accuracy
    with all these kernels cut to a rank, after the statistics of batch normalization have been estimated anew; and
    `kernel`, that of the first of these layers.
    """
    body = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)][1:-1]
    trained, images = model.get_weights(), data.normalize(photos.images("train")[0][:1000])
    kernels = [np.asarray(layer.kernel) for layer in body]
    cut = {}
    for rank in RANKS:
        for layer, kernel in zip(body, kernels, strict=True):
            layer.kernel.assign(of_rank(kernel, rank))
        training.recalibrate(model, images)
        cut[rank] = round(training.evaluate(model, photos.validation).accuracy, 5)
        model.set_weights(trained)
    shares = {layer.name: energy(kernel).round(4).tolist() for layer, kernel in zip(body, kernels, strict=True)}
    by_output = [energy(kernel.swapaxes(2, 3)).round(4).tolist() for kernel in kernels]
    return {
        "energy": shares,
        "by_output": dict(zip(shares, by_output, strict=True)),
        "cut": cut,
        "kernel": kernels[0].astype(np.float64).round(4).tolist(),
    }


def main(arguments: list[str] | None = None) -> None:
    """Write data/kernels/NAME.json for kept models of standard convolutions, whose runs are recorded."""
    parser = argparse.ArgumentParser(prog="python scripts/kernels.py", description=main.__doc__)
    add = parser.add_argument
    add("names", nargs="+", metavar="NAME", help="of a run with --no-separable and --keep")
    add("--data", default="auto", metavar="SOURCE", help="folder of the photos, 'drawn' or 'auto'")
    add("--limit", type=int, default=None, help="use at most this many photos of each split")
    add("--runs", type=Path, default=RUNS, metavar="FOLDER", help="where records are, and models beside")
    args = parser.parse_args(arguments)
    for name in args.names:
        try:
            settings = load_run(args.runs / f"{name}.json").settings
            if settings.get("separable", True):
                raise ValueError(f"NAME must be of a run with --no-separable, not {name!r}")
            model = training.load_model(args.runs.parent / "models" / f"{name}.keras")
            split = {"validation": settings.get("validation", 0.1), "seed": settings["seed"]}
            photos = data.load(settings["resolution"], source=args.data, limit=args.limit, **split)
            source = "drawn" if photos.drawn else "data/cats-dogs"
            command = shlex.join(["python", "scripts/kernels.py", name, "--data", source])
            found = {"name": name, "command": command, **measure(model, photos)}
            found |= {"versions": versions(), "machine": machine()}
            write(args.runs.parent / KERNELS.name / f"{name}.json", json.dumps(found).encode() + b"\n")
        except (OSError, ValueError) as error:
            parser.error(str(error))
        print(f"{name}: {', '.join(f'{accuracy:.2%} of rank {rank}' for rank, accuracy in found['cut'].items())}")


if __name__ == "__main__":
    main()
