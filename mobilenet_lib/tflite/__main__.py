"""The command line: say what is on a photo, record what the file formats do to a model, or how long files take."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mobilenet_lib import data, training
from mobilenet_lib.locks import alone
from mobilenet_lib.records import MODELS
from mobilenet_lib.tflite.checks import model_shape
from mobilenet_lib.tflite.files import save
from mobilenet_lib.tflite.metadata import labels
from mobilenet_lib.tflite.recording import EXPORTS, KEPT, LATENCY, MODEL, kept_files, measure, record
from mobilenet_lib.tflite.running import Network
from mobilenet_lib.tflite.timed import TIMED

SAME = 0.97, 1.03  # how many times as long as itself a file may seem to take
IMAGENET = "imagenet-128"  # as the name of a model: Google's weights at α = 0.25 and 128 pixels under a new classifier


def main(arguments: list[str] | None = None) -> int:
    """The status that the command ends with: 1 if a photo could not be read, or a latency not be recorded."""
    data.spell_out()
    arguments = sys.argv[1:] if arguments is None else arguments
    first, *rest = arguments or [""]
    commands = {"record": _record, "latency": _latency}
    return commands[first](rest) if first in commands else _say(arguments)


def _say(arguments: list[str]) -> int:
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
        size = _side(network.shape)
        names = labels(args.model) or tuple(f"class {number}" for number in range(network.classes))
        if len(names) != network.classes:
            raise ValueError(f"the model must have a label for each of its {network.classes} classes, not {len(names)}")
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


def _record(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m mobilenet_lib.tflite record",
        description="Convert a kept model in every way, compare each file with Keras on the test split, and write "
        "data/exports/NAME.json. With --keep, make the book's own files from it too.",
    )
    known = (
        f"a model in data/models, the path of a .keras file, or {IMAGENET} for Google's weights with a new classifier"
    )
    parser.add_argument("model", metavar="NAME", help=known)
    parser.add_argument("--data", default="auto", metavar="SOURCE", help="folder of the photos, 'drawn' or 'auto'")
    parser.add_argument("--limit", type=int, default=None, help="use at most this many photos of each split")
    parser.add_argument("--keep", action="store_true", help=f"write {' and '.join(KEPT)} into the folder models beside")
    parser.add_argument("--exports", type=Path, default=EXPORTS, metavar="FOLDER", help="where records go")
    args = parser.parse_args(arguments)
    path = Path(args.model) if args.model.endswith(".keras") else MODELS / f"{args.model}.keras"
    if args.model != IMAGENET and not path.exists():
        parser.error(f"NAME must be {known}; there is no {path}")
    if args.model == IMAGENET and args.keep:
        parser.error(f"--keep is for models in data/models, not for {IMAGENET}: its weights are Google's")
    try:
        found = _recorded(args, path)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        parser.exit(130, f"{path.stem}: interrupted; what was there before is whole\n")
    for file in [*found["files"], *found.get("kept", ())]:
        print(f"{path.stem}: {file['file']}: {file['bytes']:,} bytes, {file['accuracy']:.2%}")
    return 0


def _recorded(args: argparse.Namespace, path: Path) -> dict[str, Any]:
    """Make and write the record of the model in `path`, and with `--keep` the files of the book."""
    if args.model == IMAGENET:
        network, model = "ImageNet weights, α = 0.25, 128 px", training.imagenet_classifier(0.25, 128)
    else:
        network, model = path.stem, training.load_model(path)
    size = _side(model_shape(model))
    place = args.exports.parent / "models"
    for folder in (args.exports, place) if args.keep else (args.exports,):
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()  # whether it may be written to shows now, not after minutes of work
    with alone(args.exports, f"recording into {str(args.exports)!r}"):
        photos = data.load(size, source=args.data, limit=args.limit)
        if args.model == IMAGENET:
            keras.utils.set_random_seed(0)
            training.fit_classifier(model, photos)
        # Without what belongs to one machine: photos lie where `make data` puts them.
        options = ["--data", "drawn" if photos.drawn else "data/cats-dogs"]
        options += [] if args.limit is None else ["--limit", str(args.limit)]
        options += ["--keep"] if args.keep else []
        found = {"network": network, "command": _command("record", path.stem, *options), **record(model, photos)}
        if args.keep:
            files, found["kept"] = kept_files(model, photos)
            for name, content in files.items():
                save(content, place / name)
        _write(found, args.exports / f"{path.stem}.json")
    return found


def _write(found: dict[str, Any], path: Path) -> None:
    """As JSON, with a line for each file."""
    files = ",\n  ".join(json.dumps(file, ensure_ascii=False) for file in found["files"])
    text = json.dumps(found | {"files": None}, indent=1, ensure_ascii=False)
    text = text.replace('"files": null', f'"files": [\n  {files}\n ]', 1)
    save(text.encode(errors="backslashreplace") + b"\n", path)


def _command(*words: str) -> str:
    return shlex.join(["python", "-m", "mobilenet_lib.tflite", *words])


def _latency(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m mobilenet_lib.tflite latency",
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
        found = {"command": _command("latency", args.name, *options)}
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
        _write(found, args.records / f"{args.name}.json")
    except (OSError, ValueError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        parser.exit(130, f"{args.name}: interrupted; nothing was recorded\n")
    return 0


def _side(shape: tuple[int, int, int]) -> int:
    """How many pixels wide the images of `shape` are. Raises `ValueError` unless they are square and in color."""
    size, *rest = shape
    if rest != [size, 3]:
        raise ValueError(f"the model must take square color images, not {list(shape)}")
    return size


if __name__ == "__main__":
    sys.exit(main())
