"""Record what int8 costs networks that are kept, on the photos that validated them: those of the experiment `kinds`.

    python -m mobilenet_lib.training sweep kinds
    python scripts/kinds.py

Writes data/kernels/kinds.json.
"""

import argparse
import shlex
from pathlib import Path
from typing import Any

from mobilenet_lib import data, tflite, training
from mobilenet_lib.records import RUNS, load_run, machine, today, versions, write_rows
from mobilenet_lib.training import experiments


def measure(folder: Path, name: str, source: str, limit: int | None) -> dict[str, Any]:
    """The accuracy of a run's network in Keras and as an int8 file, how many answers differ, and the file's bytes.

    `folder` has the record of the run, and the network beside it in `models`. 100 training images calibrate the file.
    """
    settings = load_run(folder / f"{name}.json").settings
    model = training.load_model(folder.parent / "models" / f"{name}.keras")
    split = {"validation": settings["validation"], "seed": settings["seed"]}
    photos = data.load(settings["resolution"], source=source, limit=limit, **split)
    file = tflite.convert(model, "int8", data.normalize(photos.images("train")[0][:100]))
    in_keras, says = training.evaluate(model, photos.validation), tflite.evaluate(file, photos.validation)
    return {
        "run": name,
        "keras": round(in_keras.accuracy, 5),
        "int8": round(says.accuracy, 5),
        "changed": int((says.predictions != in_keras.predictions).sum()),
        "photos": len(says.labels),
        "bytes": len(file),
    }


def main(arguments: list[str] | None = None) -> None:
    """Write data/kernels/kinds.json: what int8 costs each network."""
    parser = argparse.ArgumentParser(prog="python scripts/kinds.py", description=main.__doc__)
    add = parser.add_argument
    known = experiments.EXPERIMENTS["kinds"].runs("kinds")
    add("names", nargs="*", metavar="NAME", help="of runs with --keep and --validation (default: all of `kinds`)")
    add("--data", default="auto", metavar="SOURCE", help="folder of the photos, 'drawn' or 'auto'")
    add("--limit", type=int, default=None, help="use at most this many photos of each split")
    add("--runs", type=Path, default=RUNS, metavar="FOLDER", help="where records are, and models beside")
    args = parser.parse_args(arguments)
    rows = []
    for name in args.names or known:
        try:
            rows.append(measure(args.runs, name, args.data, args.limit))
        except (OSError, ValueError) as error:
            parser.error(str(error))
        print("{run}: {keras:.2%} in Keras, {int8:.2%} in int8, {bytes:,} bytes".format(**rows[-1]), flush=True)
    source = "drawn" if data.load(32, source=args.data, limit=2).drawn else "data/cats-dogs"
    limit = [] if args.limit is None else ["--limit", str(args.limit)]
    command = shlex.join(["python", "scripts/kinds.py", *args.names, "--data", source, *limit])
    made = {"date": today(), "versions": versions("ai-edge-litert"), "machine": machine()}
    write_rows({"command": command, "networks": rows, **made}, "networks", args.runs.parent / "kernels" / "kinds.json")


if __name__ == "__main__":
    main()
