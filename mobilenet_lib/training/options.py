"""The options of `python -m mobilenet_lib.training`, what they may be, and back from them to the words of a command."""

import argparse
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mobilenet_lib import architecture, data
from mobilenet_lib.costs import positive
from mobilenet_lib.records import RUNS
from mobilenet_lib.training import recipe
from mobilenet_lib.training.recipe import INITIALIZERS, RECIPES, Recipe

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{,99}")  # of a record and its files, on every system


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="python -m mobilenet_lib.training",
        description="Train a MobileNet on cats and dogs and record the run in data/runs/NAME.json. Killed and started "
        "again with the same command, it goes on from its last finished epoch. Several processes that TF_CONFIG names "
        "train together: the same command for each, and its own index in TF_CONFIG.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add, switch = options.add_argument, argparse.BooleanOptionalAction
    add("--name", required=True, default=argparse.SUPPRESS, help="name of the record")
    add("--recipe", choices=tuple(RECIPES), default="repaired", help="defaults: the book's, Keras', or from ImageNet")
    add("--alpha", type=float, default=0.25, help="width multiplier")
    add("--separable", action=switch, default=True, help="separable convolutions; without, standard ones as wide")
    add("--resolution", type=int, default=128, help="side of the images in pixels, a multiple of 32")
    add("--test-resolution", type=int, help="of test images, if another: larger ones make up for crops in training")
    add("--epochs", type=int, default=60, help="how often every training photo is seen")
    add("--first", type=_stage, nargs="+", default=[], metavar="SIZE:EPOCHS", help="earlier epochs, of other sizes")
    add("--batch-size", type=int, default=32, help="photos per step")
    add("--learning-rate", type=float, default=Recipe.learning_rate, help="the highest one")
    add("--warmup", type=float, default=Recipe.warmup, help="share of the steps in which the learning rate rises")
    add("--weight-decay", type=float, default=Recipe.weight_decay, help="of the kernels that mix channels")
    add("--label-smoothing", type=float, default=Recipe.label_smoothing, help="share of certainty off the labels")
    add("--schedule", choices=("cosine", "constant"), default=Recipe.schedule, help="of the rate after the warm-up")
    add("--dropout", type=float, default=1e-3, help="share of the features left out before the classifier")
    add("--momentum", type=float, default=0.9, help="of batch normalization; Keras has 0.99")
    add("--initializer", choices=(*INITIALIZERS, "imagenet"), default="he_normal", help="of the depthwise kernels")
    add("--augment", action=switch, default=True, help="show photos in other crops every time")
    add("--validation", type=float, default=0.1, help="share of the training photos that validates")
    add("--last", action="store_true", help="the weights of the last epoch, not those of the best one")
    add("--recalibrated", action="store_true", help="validate with statistics estimated anew, too, after every epoch")
    add("--test", action=switch, default=True, help="evaluate on the test split, once, at the end")
    add("--experiment", default=None, metavar="NAME", help="the experiment that the run belongs to, for the record")
    add("--seed", type=int, default=0, help="of weights, order and augmentation")
    add("--data", default="auto", metavar="SOURCE", help="folder of the photos, 'drawn' or 'auto'")
    add("--limit", type=int, default=None, help="use at most this many photos of each split")
    add("--start", default=None, metavar="NAME", help="the kept model to go on from, of any resolution")
    add("--keep", action="store_true", help="also keep the model, as models/NAME.keras beside the records")
    add("--runs", type=Path, default=RUNS, metavar="FOLDER", help="where records go")
    add("--force", action="store_true", help="replace a record of that name")
    return options


def _stage(text: str) -> tuple[int, int]:
    """A size and a number of epochs, such as "64:60"."""
    size, epochs = text.split(":")
    return int(size), int(epochs)


def parsed(parser: argparse.ArgumentParser, arguments: list[str] | None = None) -> argparse.Namespace:
    """The options, those not given being what the recipe says."""
    parser.set_defaults(**RECIPES[parser.parse_known_args(arguments)[0].recipe])
    return parser.parse_args(arguments)


def check(args: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Raise `ValueError` for what would be refused only after photos have been read or a model has been trained."""
    for option in ("name", "start"):
        value = getattr(args, option)
        if value is not None and not NAME.fullmatch(value):
            raise ValueError(
                f"--{option} must be of 1 to 100 letters from a to z, digits, '.', '-' and '_', the first of them not "
                f"a '.', not {value!r}"
            )
    for option in ("epochs", "batch_size"):
        positive(option, getattr(args, option))
    for _, epochs in args.first:
        positive("first", epochs)
    sizes = [("resolution", args.resolution), ("test_resolution", args.test_resolution)]
    for option, value in sizes + [("first", size) for size, _ in args.first]:
        least = architecture.REDUCTION
        if value is not None and (value % least or not least <= value <= data.LARGEST):
            raise ValueError(f"{option} must be a multiple of {least} from {least} to {data.LARGEST}, not {value!r}")
    for option in ("dropout", "momentum") if args.initializer == "imagenet" else ():
        if (value := getattr(args, option)) != (kept := parser.get_default(option)):
            raise ValueError(
                f"{option} must be {kept!r} with --initializer imagenet, which has no use for it, not {value!r}"
            )
    if args.initializer == "imagenet" and not args.separable:
        raise ValueError("separable must be True with --initializer imagenet, whose weights are those of that network")
    if args.runs.exists() and not args.runs.is_dir():
        raise ValueError(f"runs must be a folder, not the file {str(args.runs)!r}")
    architecture.mobilenet(args.alpha, args.resolution)  # refuses what alpha must not be
    recipe.check(vars(args))


def words(options: Mapping[str, Any]) -> Iterator[str]:
    """The same `options` as words of a command, in the order in which the help has them."""
    for action in parser()._actions:
        value = options.get(action.dest)
        yes, *no = action.option_strings
        if value is False:
            yield from no
        elif value is True:
            yield yes
        elif value is not None:
            yield yes
            yield from (f"{size}:{epochs}" for size, epochs in value) if action.dest == "first" else [str(value)]


def command(args: argparse.Namespace, parser: argparse.ArgumentParser, *, drawn: bool) -> str:
    """The command that repeats the run, without what belongs to one machine: photos lie where `make data` puts them."""
    given = {name: value for name, value in vars(args).items() if value != parser.get_default(name)}
    given = {name: value for name, value in given.items() if name not in ("force", "runs", "data")}
    source = "drawn" if drawn else "data/cats-dogs"
    return shlex.join(["python", "-m", "mobilenet_lib.training", "--data", source, *words(given)])
