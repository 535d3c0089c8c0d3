"""The declared experiments: arms that differ in what they say and in nothing else, and the records of their runs."""

import json
import shlex

import pytest

from mobilenet_lib import architecture, training
from mobilenet_lib.training import experiments, options

each_experiment = pytest.mark.parametrize("experiment", experiments.EXPERIMENTS)


def asked(given):
    """What the command line makes of the options of a run, its name aside."""
    settings = vars(options.parsed(options.parser(), ["--name", "x", *options.words(given)]))
    return {name: value for name, value in settings.items() if name not in ("name", "seed")}


@each_experiment
def test_the_seeds_of_an_arm_differ_in_nothing_but_the_seed(experiment):
    runs = experiments.EXPERIMENTS[experiment].runs(experiment)
    for name, given in runs.items():
        assert name.endswith(f"-{given['seed']}")
        first = name.rsplit("-", 1)[0] + "-0"
        assert asked(given) == asked(runs[first])


def test_a_part_added_or_taken_away_changes_that_part_alone():
    runs = {name: asked(options) for name, options in experiments.EXPERIMENTS["parts"].runs("parts").items()}
    parts = {
        "he": {"initializer"},
        "decay": {"weight_decay"},
        "schedule": {"learning_rate", "schedule", "warmup"},
        "augment": {"augment"},
        "smoothing": {"label_smoothing"},
    }
    for part, settings in parts.items():
        for arm, base in ((f"plus-{part}", "defaults"), (f"minus-{part}", "repaired")):
            one, other = runs[f"parts-{arm}-0"], runs[f"parts-{base}-0"]
            assert {name for name in one if one[name] != other[name]} == settings


def test_networks_of_both_kinds_of_convolution_are_trained_alike_and_two_of_them_cost_about_as_much():
    runs = experiments.EXPERIMENTS["parts"].runs("parts") | experiments.EXPERIMENTS["convolutions"].runs("convolutions")
    names = ("parts-minus-he-0", "convolutions-standard-0", "convolutions-equal-0")
    separable, standard, equal = (asked(runs[name]) for name in names)
    # What is kept and what is validated twice changes nothing that is trained.
    other = {name for name in separable if separable[name] != standard[name]}
    assert other == {"separable", "keep", "recalibrated", "experiment"}
    assert {name for name in standard if standard[name] != equal[name]} == {"alpha"}
    costs = [
        architecture.total(architecture.mobilenet(run["alpha"], run["resolution"], 2, separable=run["separable"]))
        for run in (separable, equal)
    ]
    assert costs[0].mult_adds == 3_329_024 and costs[1].mult_adds == 3_566_784


def test_no_run_that_compares_recipes_looks_at_the_test_set():
    for experiment in ("transient", "parts", "rates", "peak", "convolutions", "price", "longer"):
        assert all(
            options["test"] is False for options in experiments.EXPERIMENTS[experiment].runs(experiment).values()
        )


@each_experiment
def test_a_recorded_run_is_what_its_name_declares_and_its_command_repeats_it(experiment):
    runs = experiments.EXPERIMENTS[experiment].runs(experiment)
    for record in (run for arm in experiments.of(experiment).values() for run in arm):
        words = shlex.split(record.command)[3:]
        again = vars(options.parsed(options.parser(), words))
        declared = asked(runs[record.name])
        assert {name: again[name] for name in declared if name != "data"} == {
            name: value for name, value in declared.items() if name != "data"
        }
        assert record.predictions.strip("01") == "" and len(record.predictions) == record.data["counts"]["validation"]


def altered(tmp_path, name, **changes):
    record = json.loads((training.RUNS / f"{name}.json").read_bytes())
    for key, value in changes.items():
        record[key] |= value
    (tmp_path / f"{name}.json").write_text(json.dumps(record))


def test_records_of_two_versions_do_not_stand_in_one_table(tmp_path):
    altered(tmp_path, "rates-decay-0-rate-0.001-0")
    altered(tmp_path, "rates-decay-0-rate-0.001-1", versions={"keras": "3.4.0"})
    with pytest.raises(ValueError, match="must be of one version"):
        experiments.of("rates", tmp_path)


def test_a_record_that_is_not_what_its_name_declares_is_refused(tmp_path):
    altered(tmp_path, "rates-decay-0-rate-0.001-0", settings={"weight_decay": 0.1})
    with pytest.raises(ValueError, match=r"weight_decay 0\.0, not 0\.1"):
        experiments.of("rates", tmp_path)
