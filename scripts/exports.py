"""Record what each file format does to a model, and make the files that the book keeps.

    python scripts/exports.py flagship --data data/cats-dogs --keep

Writes data/exports/NAME.json, and with `--keep` data/models/cats-dogs.tflite and cats-dogs-int8.tflite.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import Any

import keras
import numpy as np
from aware import train_aware
from keras import layers

from mobilenet_lib import data, models, training
from mobilenet_lib.evaluation import Evaluation
from mobilenet_lib.locks import alone
from mobilenet_lib.records import EXPORTS, MODELS, machine, today, versions, write_rows
from mobilenet_lib.tflite import MODES, convert, evaluate, save, silenced
from mobilenet_lib.tflite.checks import model_shape, side
from mobilenet_lib.tflite.folding import foldable, folded

IMAGENET = "imagenet-128"  # as the name of a model: Google's weights at α = 0.25 and 128 pixels under a new classifier
# The files that the book keeps, for phones, for its page "Try it" and for the command line.
KEPT = {"cats-dogs.tflite": "float32", "cats-dogs-int8.tflite": "int8"}
# What `record` makes of a model: names of files, and the arguments of `convert` for each.
RECORDED: dict[str, dict[str, Any]] = {
    **{mode: {"mode": mode} for mode in MODES},
    "dynamic, not corrected": {"mode": "dynamic", "bias_correction": False},
    "int8, not corrected": {"mode": "int8", "bias_correction": False},
    "int8, one scale per layer": {"mode": "int8", "per_channel": False},
}
# And of a network of `models.mobilenet`: what is made of it first, then the same.
CHANGED: dict[str, tuple[Callable[[keras.Model, Any], keras.Model], dict[str, Any]]] = {
    "int8, trained to be rounded": (train_aware, {"mode": "int8", "bias_correction": False}),
    "int8, one scale per layer, dead channels silenced": (
        lambda model, photos: silenced(model),
        {"mode": "int8", "per_channel": False},
    ),
}
# How many training images calibrate an int8 file, each tried with three sets that share no image.
CALIBRATED, SETS = (1, 10, 100, 500), 3
# A network of `models.mobilenet` is trained to be rounded this often again, each time on images in another order.
SEEDS = 1, 2, 3, 4
QUANTIZER = "int8, AI Edge Quantizer"


def record(model: keras.Model, photos: Any, quantizer: str | None = None) -> dict[str, Any]:
    """What each file format does to `model` on the test split of `photos`, with where, when and with what.

    `photos` are what `data.load` returns, at the size of the model; 100 of its training images calibrate int8.
    `quantizer` is as in `quantized`. For each file: its bytes, the largest and the mean difference of its probabilities
    from Keras, how many answers it changes, its accuracy, and the class of each image, a digit each. Then what
    `calibrated`, `trained` and `one_scale` found. Raises `ValueError` if the model does not fit.
    """
    in_keras, files = training.evaluate(model, photos.test), []
    wanted = {name: (None, options) for name, options in RECORDED.items()} | (CHANGED if foldable(model) else {})
    packages, others = versions("ai-edge-litert"), {}
    if quantizer:
        float32 = _converted(model, photos, mode="float32")
        others[QUANTIZER], packages["ai-edge-quantizer"] = quantized(float32, _calibration(photos), quantizer)
    contents = {
        name: _converted(change(model, photos) if change else model, photos, **options)
        for name, (change, options) in wanted.items()
    } | others
    for name, content in contents.items():
        says = evaluate(content, photos.test, threads=2)
        difference = np.abs(says.probabilities - in_keras.probabilities)
        files.append(
            {
                "file": name,
                "bytes": len(content),
                "largest_difference": float(f"{difference.max():.2g}"),
                "mean_difference": float(f"{difference.mean():.2g}"),
                **_beside(says, in_keras),
                "predictions": _digits(says),
            }
        )
    return {
        "resolution": model.input_shape[1],
        "keras": round(in_keras.accuracy, 5),
        "predictions": _digits(in_keras),
        "files": files,
        "calibrated": calibrated(model, photos, in_keras),
        "trained": trained(model, photos, in_keras) if foldable(model) else [],
        "one_scale": one_scale(model, photos) if foldable(model) else [],
        "data": {"source": photos.source, "drawn": photos.drawn, "counts": photos.counts},
        "date": today(),
        "versions": packages,
        "machine": machine(),
    }


def quantized(float32: bytes, images: np.ndarray, python: str) -> tuple[bytes, str]:
    """The int8 file that AI Edge Quantizer makes of a float32 one, calibrated with `images` `[N, H, W, C]`.

    `python` is the interpreter of an environment that has it. Comes with its version. Raises `ValueError` with what it
    said if it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        before, samples, after = (Path(folder) / name for name in ("float32.tflite", "images.npy", "int8.tflite"))
        before.write_bytes(float32)
        np.save(samples, images)
        program = [python, str(Path(__file__).with_name("quantizer.py"))]
        done = subprocess.run([*program, *map(str, (before, samples, after))], capture_output=True, text=True)
        if done.returncode:
            reason = done.stderr.strip().rpartition("\n")[2]
            raise ValueError(f"--quantizer must be a Python with ai-edge-quantizer; {python} says: {reason}")
        return after.read_bytes(), done.stdout.split()[-1]


def calibrated(model: keras.Model, photos: Any, in_keras: Evaluation) -> list[dict[str, Any]]:
    """By how many training images calibrated an int8 file: the answers that it changes, for each set of images."""
    found = []
    for count in CALIBRATED:
        if SETS * count > photos.counts["train"]:
            break
        sets = [slice(count * number, count * (number + 1)) for number in range(SETS)]
        said = [evaluate(_converted(model, photos, some, mode="int8"), photos.test, threads=2) for some in sets]
        beside = [_beside(each, in_keras) for each in said]
        found.append({"images": count, **{key: [each[key] for each in beside] for key in beside[0]}})
    return found


def trained(model: keras.Model, photos: Any, in_keras: Evaluation) -> list[dict[str, Any]]:
    """The answers that an int8 file changes after the model was trained to be rounded, for each of `SEEDS`."""
    networks = ((seed, train_aware(model, photos, seed=seed)) for seed in SEEDS)
    files = ((seed, _converted(network, photos, mode="int8", bias_correction=False)) for seed, network in networks)
    return [{"seed": seed, **_beside(evaluate(file, photos.test, threads=2), in_keras)} for seed, file in files]


def one_scale(model: keras.Model, photos: Any) -> list[dict[str, Any]]:
    """The accuracy in Keras with one scale for all weights of each depthwise layer alone, of all those, of all others.

    Once with the weights of `model`, and once with those of its dead channels `silenced`. Nothing else is rounded.
    Last, for the layer that then costs most, what is left when its widest channel stays exact.
    """
    exact = {"accuracy": folded(model), "silenced": folded(silenced(model))}
    weighted = [layer for layer in exact["accuracy"].layers if layer.weights]
    depthwise = [layer.name for layer in weighted if isinstance(layer, layers.DepthwiseConv2D)]
    others = [layer.name for layer in weighted if layer.name not in depthwise]
    groups = {name: [name] for name in depthwise} | {"all depthwise": depthwise, "all others": others}
    found = [
        {"layers": group, **{key: _rounded(network, names, photos) for key, network in exact.items()}}
        for group, names in groups.items()
    ]
    worst = min(found[: len(depthwise)], key=itemgetter("silenced"))["layers"]
    left = {key: _rounded(network, [worst], photos, but_widest=True) for key, network in exact.items()}
    return [*found, {"layers": f"{worst} but for its widest channel", **left}]


def _rounded(network: keras.Model, names: list[str], photos: Any, *, but_widest: bool = False) -> float:
    """The accuracy of a folded network after the kernels of some layers were rounded to 127 steps of their largest.

    With `but_widest`, the channel with the largest weight of each depthwise layer stays as it is.
    """
    before = network.get_weights()
    for name in names:
        kernel = network.get_layer(name).kernel
        values = kernel.numpy()
        rounded = np.ones(values.shape, bool)
        if but_widest:
            rounded[:, :, np.abs(values).max(axis=(0, 1, 3)).argmax()] = False
        scale = np.abs(values[rounded]).max() / 127
        kernel.assign(np.where(rounded, scale * np.round(values / scale), values))
    accuracy = training.evaluate(network, photos.test).accuracy
    network.set_weights(before)
    return round(accuracy, 5)


def kept_files(model: keras.Model, photos: Any) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    """The files of `KEPT`, by name, of `model` with maps; and for each a record: bytes and accuracy on the test split.

    `photos` as in `record`.
    """
    model = models.with_maps(model)
    files = {name: _converted(model, photos, mode=mode) for name, mode in KEPT.items()}
    accuracies = {name: evaluate(content, photos.test, threads=2).accuracy for name, content in files.items()}
    return files, [
        {"file": name, "bytes": len(content), "accuracy": round(accuracies[name], 5)} for name, content in files.items()
    ]


def _beside(said: Evaluation, in_keras: Evaluation) -> dict[str, Any]:
    changed = int((said.predictions != in_keras.predictions).sum())
    return {"changed": changed, "accuracy": round(said.accuracy, 5)}


def _digits(evaluation: Evaluation) -> str:
    return "".join(map(str, evaluation.predictions))


def _calibration(photos: Any, some: slice = slice(100)) -> np.ndarray:
    return data.normalize(photos.images("train")[0][some])


def _converted(model: keras.Model, photos: Any, some: slice = slice(100), **options: Any) -> bytes:
    return convert(model, calibration=_calibration(photos, some), labels=photos.class_names, **options)


def main(arguments: list[str] | None = None) -> int:
    data.spell_out()
    parser = argparse.ArgumentParser(
        prog="python scripts/exports.py",
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
    known_python = "the Python of an environment with AI Edge Quantizer, which makes one more file (make exports)"
    parser.add_argument("--quantizer", default=None, metavar="PYTHON", help=known_python)
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
    size = side(model_shape(model))
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
        options += ["--quantizer", args.quantizer] if args.quantizer else []
        command = shlex.join(["python", "scripts/exports.py", path.stem, *options])
        found = {"network": network, "command": command, **record(model, photos, args.quantizer)}
        if args.keep:
            files, found["kept"] = kept_files(model, photos)
            for name, content in files.items():
                save(content, place / name)
        write_rows(found, "files", args.exports / f"{path.stem}.json")
    return found


if __name__ == "__main__":
    sys.exit(main())
