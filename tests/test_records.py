"""The recorded runs and the kept model: whole, repeatable, and what the book says of them."""

import shlex

import keras
import pytest

from mobilenet_lib import data, models, training

RECORDS = training.load_runs()
KEPT = training.MODELS / "scratch.keras"


@pytest.fixture(params=RECORDS)
def run(request):
    return RECORDS[request.param]


def test_a_record_has_the_name_of_its_file():
    assert all(run.name == name for name, run in RECORDS.items())


def test_the_command_of_a_record_asks_for_its_settings(run):
    command = shlex.split(run.command)
    assert command[:3] == ["python", "-m", "mobilenet_lib.training"]
    asked = vars(training._parsed(training._parser(), command[3:]))
    assert asked["name"] == run.name
    named = set(asked) & set(run.settings)
    assert {"alpha", "resolution", "epochs", "learning_rate", "seed", "initializer"} <= named
    assert {key: asked[key] for key in named} == {key: run.settings[key] for key in named}


def test_a_record_is_of_all_photos_and_looked_at_every_test_photo_once(run):
    assert not run.data["drawn"]
    assert run.data["counts"] == {"train": 7200, "validation": 800, "test": 2000}
    assert [sum(row) for row in run.test["confusion"]] == [1000, 1000]
    right = sum(row[label] for label, row in enumerate(run.test["confusion"]))
    assert run.test["accuracy"] == right / 2000


def test_a_record_has_every_epoch_and_where_it_was_made(run):
    assert len(run.epochs) == run.settings["epochs"]
    assert run.seconds >= sum(run.curve("seconds")) - 1
    assert run.versions["keras"] and run.machine["processor"] and run.machine["cores"] >= 1


def test_a_record_counts_the_network_it_names(run):
    tested_at = run.settings.get("test_resolution") or run.settings["resolution"]
    network = models.mobilenet(run.settings["alpha"], tested_at, 2)
    assert (run.params, run.mult_adds) == (network.count_params(), models.cost(network).mult_adds)


def test_from_scratch_it_takes_at_most_three_hours_to_90_percent():
    parts = [RECORDS[name] for name in ("scratch-small", "scratch")]
    assert all(part.settings["alpha"] <= 0.5 and part.settings["initializer"] != "imagenet" for part in parts)
    assert sum(part.seconds for part in parts) <= 3 * 3600
    assert parts[-1].settings["start"] == parts[0].name and parts[-1].test["accuracy"] >= 0.9


def test_from_imagenet_ten_minutes_lead_further_than_an_hour_from_scratch():
    for run in (RECORDS["fine-tune"], RECORDS["fine-tune-224"]):
        assert run.settings["initializer"] == "imagenet" and run.settings["alpha"] == 0.25
        assert run.seconds <= 600 and run.test["accuracy"] > RECORDS["scratch"].test["accuracy"]


def test_the_kept_model_is_small_and_has_what_its_card_says():
    card = (training.MODELS / "README.md").read_text("utf8")
    run, model = RECORDS["scratch"], keras.models.load_model(KEPT)
    assert KEPT.stat().st_size <= 4e6
    assert model.count_params() == run.params and f"{run.params:,} parameters" in card
    assert f"{run.mult_adds / 1e6:.1f} million Mult-Adds" in card
    assert f"{run.test['accuracy']:.2%}".replace("%", " %") in card
    low, high = (100 * end for end in run.test["interval"])
    assert f"{low:.1f} to {high:.1f} %" in card


def test_the_kept_model_is_as_good_as_its_record_says(photos):
    test = training.evaluate(keras.models.load_model(KEPT), data.load(128, source=photos).test)
    # One photo in 2,000 may fall to the other side on another processor.
    assert test.accuracy == pytest.approx(RECORDS["scratch"].test["accuracy"], abs=0.001)
