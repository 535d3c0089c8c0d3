"""The command line: say what is on a photo."""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from mobilenet_lib import data
from mobilenet_lib.tflite.checks import side
from mobilenet_lib.tflite.files import MODEL
from mobilenet_lib.tflite.metadata import labels
from mobilenet_lib.tflite.running import Network


def main(arguments: list[str] | None = None) -> int:
    """The status that the command ends with: 1 if a photo could not be read."""
    data.spell_out()
    parser = argparse.ArgumentParser(
        prog="python -m mobilenet_lib.tflite", description="Say what is on a photo, with a .tflite model."
    )
    parser.add_argument("photo", nargs="+", type=Path, help="a JPEG, PNG, GIF, WebP or BMP file")
    parser.add_argument("--model", type=Path, default=MODEL, help="a .tflite file (default: the book's)")
    parser.add_argument("--threads", type=int, default=1, help="processor cores to use (default: 1)")
    args = parser.parse_args(arguments)
    failed = 0
    try:
        network = Network(args.model, args.threads)
        size = side(network.shape)
        names = labels(args.model) or tuple(f"class {number}" for number in range(network.classes))
        if len(names) != network.classes:
            raise ValueError(f"the model must have a label for each of its {network.classes} classes, not {len(names)}")
        if not network.normalizes:
            print(f"{args.model} does not say what pixels it takes: [−1, 1] is assumed", file=sys.stderr)
        for photo in args.photo:
            try:
                pixels = data.read(photo, size)
            except OSError as error:
                print(f"{photo}: {error}", file=sys.stderr)
                failed = 1
                continue
            image = ((pixels - network.mean) / network.deviation).astype(np.float32)
            start = time.perf_counter()
            shares = network(image)
            took = 1e3 * (time.perf_counter() - start)
            said = ", ".join(f"{name} {share:.1%}" for name, share in zip(names, shares, strict=True))
            print(f"{photo}: {names[shares.argmax()]} ({said}; {took:.1f} ms)")
    except FileNotFoundError:
        parser.error(
            f"there is no model in {args.model}; the book keeps one in data/models of its repository, chapter 6 makes "
            "one, and --model says where it is"
        )
    except (OSError, ValueError) as error:
        parser.error(str(error))
    return failed


if __name__ == "__main__":
    sys.exit(main())
