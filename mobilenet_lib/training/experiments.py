"""The experiments of chapters 5 and 8, declared: which runs each asks for, and those that are recorded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mobilenet_lib.records import RUNS, Run, load_run
from mobilenet_lib.training import options
from mobilenet_lib.training.recipe import RECIPES

KERAS = RECIPES["keras"]
REPAIRED = {setting: options.parser().get_default(setting) for setting in KERAS}
# A part of the repair, and the settings that it consists of.
PARTS = {
    "he": ("initializer",),
    "momentum": ("momentum",),
    "decay": ("weight_decay",),
    "schedule": ("learning_rate", "schedule", "warmup"),
    "augment": ("augment",),
    "smoothing": ("label_smoothing",),
}


@dataclass(frozen=True)
class Experiment:
    """A question, and the arms that answer it: each a set of options, run with each of the seeds.

    `options` are those of `python -m mobilenet_lib.training` that all arms share.
    """

    question: str
    options: dict[str, Any]
    arms: dict[str, dict[str, Any]]
    seeds: int = 3

    def runs(self, name: str) -> dict[str, dict[str, Any]]:
        """The options of every run by the name of its record, the first seed of all arms first."""
        return {
            f"{name}-{arm}-{seed}": {**self.options, **options, "seed": seed, "experiment": name}
            for seed in range(self.seeds)
            for arm, options in self.arms.items()
        }


def _only(recipe: dict[str, Any], *parts: str) -> dict[str, Any]:
    return {setting: recipe[setting] for part in parts for setting in PARTS[part]}


# Batch normalization's momentum has no part in a training step: `transient` shows it, `parts` leaves it out.
MEASURED = [part for part in PARTS if part != "momentum"]
# A small network and a budget of minutes; validation on 2,000 photos, and never on the test set.
SMALL = {"alpha": 0.25, "resolution": 64, "validation": 0.25, "last": True, "recalibrated": True, "test": False}
SIZES = {"first": [(64, 60)], "resolution": 128, "epochs": 24}
# Of equal width, and standard ones so thin that they cost about as much: 3,566,784 Mult-Adds against 3,329,024.
KINDS = {"separable": {}, "thin": {"separable": False, "alpha": 0.094}, "standard": {"separable": False}}
PEAKS = {40: (0.004, 0.008, 0.016, 0.032, 0.064), 120: (0.008, 0.016, 0.032)}

EXPERIMENTS = {
    "transient": Experiment(
        "Why does validation lie for the first epochs?",
        SMALL | {"epochs": 6},
        {
            "defaults": KERAS,
            "he": KERAS | _only(REPAIRED, "he"),
            "momentum": KERAS | _only(REPAIRED, "momentum"),
            "both": KERAS | _only(REPAIRED, "he", "momentum"),
        },
    ),
    "parts": Experiment(
        "What is each part of the recipe worth?",
        SMALL | {"epochs": 40},
        {"defaults": KERAS, "repaired": REPAIRED}
        | {f"plus-{part}": KERAS | _only(REPAIRED, part) for part in MEASURED}
        | {f"minus-{part}": REPAIRED | _only(KERAS, part) for part in MEASURED},
    ),
    "rates": Experiment(
        "Does weight decay do anything that a higher learning rate does not?",
        SMALL | {"epochs": 40},
        {
            f"decay-{decay:g}-rate-{rate:g}": REPAIRED | {"weight_decay": decay, "learning_rate": rate}
            for decay in (0.0, 0.05, 0.2)
            for rate in (0.001, 0.004, 0.016)
        },
    ),
    "peak": Experiment(
        "Do He's kernels cost less at a higher peak rate? (repaired and minus-he of parts have a peak of 0.004.)",
        SMALL | {"epochs": 40},
        {"he": REPAIRED | {"learning_rate": 0.016}, "keras": REPAIRED | _only(KERAS, "he") | {"learning_rate": 0.016}},
    ),
    "convolutions": Experiment(
        "How close do standard kernels come to separable ones? (Their models are kept, and cut: scripts/kernels.py.)",
        SMALL | REPAIRED | _only(KERAS, "he") | {"epochs": 40, "recalibrated": False, "keep": True},
        {"standard": KINDS["standard"], "equal": KINDS["thin"]},
    ),
    "price": Experiment(
        "What does a separable network lose, each kind at its best rate?",
        SMALL | REPAIRED | _only(KERAS, "he") | {"recalibrated": False, "dropout": 0.0},
        {
            f"{kind}-{epochs}-rate-{rate:g}": network | {"epochs": epochs, "learning_rate": rate}
            for epochs, rates in PEAKS.items()
            for kind, network in KINDS.items()
            for rate in rates
        },
        seeds=5,
    ),
    "kinds": Experiment(
        "What does int8 cost each kind, and do lower rates help? (Models are kept, and rounded: scripts/kinds.py.)",
        SMALL | REPAIRED | _only(KERAS, "he") | {"epochs": 40, "recalibrated": False, "dropout": 0.0, "keep": True},
        {
            f"{kind}-rate-{rate:g}": KINDS[kind] | {"learning_rate": rate}
            for kind, rate in (
                ("separable", 0.016),
                ("thin", 0.004),
                ("standard", 0.004),
                ("thin", 0.002),
                ("standard", 0.002),
            )
        },
    ),
    "longer": Experiment(
        "Does augmentation pay when the budget is longer?",
        SMALL | {"epochs": 120, "recalibrated": False},
        {"repaired": REPAIRED, "minus-augment": REPAIRED | _only(KERAS, "augment")},
    ),
    "same": Experiment(
        "What does the recipe change for the same network in the same time?",
        {"alpha": 0.5, "validation": 0.25, "last": True, **SIZES},
        {
            "defaults": KERAS,
            "repaired": REPAIRED,
            "minus-he-momentum": REPAIRED | _only(KERAS, "he", "momentum"),
            "minus-augment": REPAIRED | _only(KERAS, "augment"),
        },
        seeds=1,
    ),
}


def of(experiment: str, folder: Path = RUNS) -> dict[str, list[Run]]:
    """The recorded runs of each arm, seed by seed; arms without any are left out.

    Raises `ValueError` for an unknown experiment, for a record that is not what its name declares, and for records
    that other versions of Keras or TensorFlow, or other kinds of machine, have made: they do not belong in one table.
    """
    found: dict[str, list[Run]] = {}
    made: dict[tuple, str] = {}
    for name, asked in chosen(experiment).runs(experiment).items():
        path = folder / f"{name}.json"
        if not path.exists():
            continue
        run = load_run(path)
        for option, value in asked.items():
            if option in run.settings and option not in ("first", "experiment") and run.settings[option] != value:
                raise ValueError(f"{path.name} must have {option} {value!r}, not {run.settings[option]!r}")
        made[tuple(run.versions.get(key) for key in ("backend", "keras", "tensorflow", "jax"))] = name
        found.setdefault(name.removeprefix(f"{experiment}-").rsplit("-", 1)[0], []).append(run)
    if len(made) > 1:
        raise ValueError(f"the records of {experiment!r} must be of one version, and these are not: {made}")
    return found


def chosen(experiment: str) -> Experiment:
    """The experiment of that name; `ValueError` if there is none."""
    if experiment not in EXPERIMENTS:
        raise ValueError(f"experiment must be one of {', '.join(EXPERIMENTS)}, not {experiment!r}")
    return EXPERIMENTS[experiment]
