"""The command line: train, evaluate once on the test split, record; or a whole experiment."""

import argparse
import sys
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path

import keras

from mobilenet_lib import data, models
from mobilenet_lib.evaluation import evaluate
from mobilenet_lib.locks import alone
from mobilenet_lib.records import load_run
from mobilenet_lib.training import options, sweep, workers
from mobilenet_lib.training.fit import duration, fine_tune, imagenet_classifier, train
from mobilenet_lib.training.kept import load_model, save_model
from mobilenet_lib.training.recipe import INITIALIZERS, Recipe

# Choices that are recorded beside those that `train` itself records.
CHOSEN = ("recipe", "start", "alpha", "batch_size", "augment", "momentum", "initializer", "dropout")
# Only where they were made: the oldest records do not know them.
EXTRA = ("experiment", "validation", "separable")


def main(arguments: list[str] | None = None) -> None:
    """Train, evaluate once on the test split, record."""
    arguments = sys.argv[1:] if arguments is None else arguments
    data.spell_out()
    if arguments[:1] == ["sweep"]:
        return sweep.main(arguments[1:])
    if arguments[:1] == ["slurm"]:
        try:
            return print(workers.from_slurm())
        except ValueError as error:
            sys.exit(f"slurm: {error}")
    parser = options.parser()
    args = options.parsed(parser, arguments)
    record, kept = args.runs / f"{args.name}.json", args.runs.parent / "models"
    try:
        options.check(args, parser)
    except ValueError as error:
        parser.error(str(error))
    if args.start is not None and not (start := kept / f"{args.start}.keras").exists():
        hint = ""
        with suppress(OSError, ValueError):
            hint = f"; it comes from: {load_run(args.runs / f'{args.start}.json').command}"
        parser.error(f"--start must name a model kept in {kept}; there is no {start.name}{hint}")

    try:
        team = workers.joined()
        if team is not None and team.index > 0:  # only the first one writes
            _record(args, parser, record, team)
            return
        args.runs.mkdir(parents=True, exist_ok=True)
        lock = args.runs / f".{args.name}.lock"
        lock.touch()
        with alone(lock, f"training {args.name!r}"):
            try:
                if record.exists() and not args.force:
                    parser.error(f"{record} is there already; --force replaces it")
                _record(args, parser, record, team)
            finally:
                lock.unlink(missing_ok=True)
    except (OSError, ValueError, FloatingPointError) as error:
        parser.exit(1, f"{args.name}: {error}\n")
    except KeyboardInterrupt:
        parser.exit(130, f"{args.name}: interrupted; the same command goes on from the last finished epoch\n")


def _record(
    args: argparse.Namespace, parser: argparse.ArgumentParser, record: Path, team: workers.Workers | None
) -> None:
    checkpoint, kept = args.runs / f".{args.name}.npz", args.runs.parent / "models"

    def say(line: str) -> None:
        print(f"{args.name}: {line}", flush=True)

    source = {"source": args.data, "seed": args.seed, "limit": args.limit, "validation": args.validation}
    photos, *smaller = (
        data.load(size, args.batch_size, augment=args.augment, **source)
        for size in (args.resolution, *(size for size, _ in args.first))
    )
    say(repr(photos))
    keras.utils.set_random_seed(args.seed)
    model, fit = _network(args, kept, len(photos.class_names)), fine_tune if args.initializer == "imagenet" else train
    chosen = {name: getattr(args, name) for name in CHOSEN}
    chosen |= {name: getattr(args, name) for name in EXTRA if getattr(args, name) != parser.get_default(name)}
    settings = {setting.name: getattr(args, setting.name) for setting in fields(Recipe)}
    settings |= {"first": [(other, count) for other, (_, count) in zip(smaller, args.first, strict=True)]}
    settings |= {"last": args.last, "recalibrated": args.recalibrated}
    run = fit(
        model,
        photos,
        epochs=args.epochs,
        seed=args.seed,
        checkpoint=checkpoint,
        progress=say,
        chosen=chosen,
        workers=team,
        **settings,
    )
    if team is not None and team.index > 0:
        team.told("trained")  # once the first one has recorded: who ends before is taken for dead
        return
    if args.test_resolution not in (None, args.resolution):
        trained, photos = model, data.load(args.test_resolution, args.batch_size, **source)
        model = models.mobilenet(args.alpha, args.test_resolution, len(photos.class_names), separable=args.separable)
        model.set_weights(trained.get_weights())
        run = replace(run, mult_adds=models.cost(model).mult_adds)
    run = replace(run, name=args.name, command=options.command(args, parser, drawn=photos.drawn))
    run = replace(run, settings={"test_resolution": args.test_resolution} | run.settings)
    if args.test:
        run = replace(run, test=evaluate(model, photos.test).summary())
    if args.keep:
        save_model(model, kept / f"{args.name}.keras")
    run.save(record)
    checkpoint.unlink(missing_ok=True)
    if team is not None:
        team.told("recorded")
    said = f"validation accuracy {run.epochs[-1]['val_accuracy']:.2%} after the last epoch"
    if run.test is not None:
        low, high = run.test["interval"]
        said = f"test accuracy {run.test['accuracy']:.2%} ({low:.1%} to {high:.1%})"
    say(f"{said}, trained in {duration(run.seconds)}")


def _network(args: argparse.Namespace, kept: Path, classes: int) -> keras.Model:
    """The network that is to be trained, with the weights that it starts from."""
    if args.initializer == "imagenet":
        model = imagenet_classifier(args.alpha, args.resolution, classes)
    else:
        model = models.mobilenet(
            args.alpha,
            args.resolution,
            classes,
            separable=args.separable,
            dropout=args.dropout,
            momentum=args.momentum,
            depthwise_initializer=INITIALIZERS[args.initializer],
        )
    if args.start is not None:
        weights = load_model(kept / f"{args.start}.keras").get_weights()
        if [weight.shape for weight in weights] != [weight.shape for weight in model.get_weights()]:
            raise ValueError(f"--start must name a model of the same alpha and classes; {args.start!r} has others")
        model.set_weights(weights)
    return model


if __name__ == "__main__":
    sys.exit(main())
