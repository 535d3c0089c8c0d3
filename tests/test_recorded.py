"""The recorded runs, the kept model and its files: whole, repeatable, and what the book says of them."""

import json
import shlex
from functools import cache

import exports
import keras
import numpy as np
import pytest
import tensorflow as tf

from mobilenet_lib import data, drawn, models, tflite, training
from mobilenet_lib.data.folder import photos_in
from mobilenet_lib.tflite import __main__ as command
from mobilenet_lib.tflite.files import opened
from mobilenet_lib.training import options

RECORDS = training.load_runs()
KEPT = training.MODELS / "flagship.keras"
EXPORT = json.loads((tflite.EXPORTS / "flagship.json").read_text("utf8"))
FILES = {entry["file"]: entry for entry in EXPORT["kept"]}
FORMATS = {entry["file"]: entry for entry in EXPORT["files"]}
SIZE = EXPORT["resolution"]


@pytest.fixture(params=RECORDS)
def run(request):
    return RECORDS[request.param]


def test_a_record_has_the_name_of_its_file():
    assert all(run.name == name for name, run in RECORDS.items())


def test_the_command_of_a_record_asks_for_its_settings(run):
    command = shlex.split(run.command)
    assert command[:3] == ["python", "-m", "mobilenet_lib.training"]
    asked = json.loads(json.dumps(vars(options.parsed(options.parser(), command[3:])), default=str))
    assert asked["name"] == run.name
    named = set(asked) & set(run.settings)
    assert {"alpha", "resolution", "epochs", "learning_rate", "seed", "initializer"} <= named
    assert {key: asked[key] for key in named} == {key: run.settings[key] for key in named}


def test_a_record_is_of_all_photos_and_looked_at_every_test_photo_once_or_at_none(run):
    assert not run.data["drawn"]
    assert run.data["counts"]["train"] + run.data["counts"]["validation"] == 8000
    if run.test is None:
        assert "experiment" in run.settings
        return
    assert [sum(row) for row in run.test["confusion"]] == [1000, 1000]
    right = sum(row[label] for label, row in enumerate(run.test["confusion"]))
    assert run.test["accuracy"] == right / 2000


def test_a_record_has_every_epoch_and_where_it_was_made(run):
    assert len(run.epochs) == run.settings["epochs"] + sum(count for _, count in run.settings.get("first", ()))
    assert run.seconds >= sum(run.curve("seconds")) - 1
    assert run.versions["keras"] and (run.machine["processor"] or run.machine["gpu"]) and run.machine["cores"] >= 1


def test_a_record_counts_the_network_it_names(run):
    tested_at = run.settings.get("test_resolution") or run.settings["resolution"]
    kind = run.settings.get("separable", True)
    assert (run.params, run.mult_adds) == counted(run.settings["alpha"], tested_at, kind)


@cache
def counted(alpha, resolution, separable):
    network = models.mobilenet(alpha, resolution, 2, separable=separable)
    return network.count_params(), models.cost(network).mult_adds


def test_from_scratch_it_takes_at_most_three_hours_to_95_percent():
    run = RECORDS["flagship"]
    assert run.settings["start"] is None and run.settings["initializer"] != "imagenet"
    assert run.seconds <= 3 * 3600 and not run.machine["gpu"]
    assert run.test["accuracy"] >= 0.95


def test_from_imagenet_ten_minutes_of_two_cores_lead_to_97_percent():
    run = RECORDS["fine-tune"]
    assert run.settings["initializer"] == "imagenet" and run.settings["alpha"] == 0.25
    assert run.cpu_seconds <= 2 * 600 and run.test["accuracy"] >= 0.97


def test_the_sweep_is_four_widths_at_four_resolutions_with_one_recipe():
    sweep = [run for name, run in RECORDS.items() if name.startswith("sweep-")]
    shapes = {(run.settings["alpha"], run.settings["resolution"]) for run in sweep}
    assert len(sweep) == len(shapes) == 16
    assert [len({shape[i] for shape in shapes}) for i in (0, 1)] == [4, 4]
    assert all(run.data["counts"] == {"train": 7200, "validation": 800, "test": 2000} for run in sweep)
    for run in sweep:
        base = RECORDS[run.settings["start"]]
        assert base.settings["alpha"] == run.settings["alpha"]
    for runs in (sweep, [RECORDS[run.settings["start"]] for run in sweep]):
        free = {"alpha": None, "resolution": None, "start": None}
        assert all({**run.settings, **free} == {**runs[0].settings, **free} for run in runs)


def test_the_kept_model_is_small_and_has_what_its_card_says():
    card = (training.MODELS / "README.md").read_text("utf8")
    run, model = RECORDS["flagship"], keras.models.load_model(KEPT)
    assert KEPT.stat().st_size <= 8e6
    assert model.count_params() == run.params and f"{run.params:,} parameters" in card
    assert f"{run.mult_adds / 1e6:.1f} million Mult-Adds" in card
    assert f"{run.test['accuracy']:.2%}" in card
    low, high = (100 * end for end in run.test["interval"])
    assert f"{low:.1f} to {high:.1f}%" in card


@pytest.fixture(scope="module")
def first(photos):
    """The first 200 cats and 200 dogs of the test split in turn, as the network takes them."""
    paths = [path for pair in zip(*photos_in(photos).splits["test"], strict=True) for path in pair][:400]
    return data.normalize(np.stack([data.read(path, SIZE) for path in paths]))


def differing(probabilities, answers):
    """Of how many photos the class is another than the record has."""
    return sum(int(digit) != said for digit, said in zip(answers, probabilities.argmax(axis=1), strict=False))


def test_the_answers_that_are_recorded_have_the_accuracy_that_is_recorded():
    recorded = [(EXPORT["predictions"], EXPORT["keras"])]
    recorded += [(file["predictions"], file["accuracy"]) for file in EXPORT["files"]]
    for answers, accuracy in recorded:  # of cats and dogs in turn
        assert answers[::2].count("0") + answers[1::2].count("1") == 2000 * accuracy
    assert EXPORT["keras"] == RECORDS["flagship"].test["accuracy"]
    assert all(FILES[name]["accuracy"] == FORMATS[mode]["accuracy"] for name, mode in exports.KEPT.items())


def test_the_kept_model_says_of_photos_what_its_record_says(first):
    # One photo may fall to the other side on another processor.
    assert differing(keras.models.load_model(KEPT).predict(first, verbose=0), EXPORT["predictions"]) <= 1


# The files that are made from it


@pytest.fixture(scope="module")
def drawings():
    return data.normalize(np.stack([drawn.picture(number).resize((SIZE, SIZE)) for number in range(2000, 2020)]))


def test_the_kept_files_are_those_of_the_record_and_of_the_card():
    card = (training.MODELS / "README.md").read_text("utf8")
    assert set(FILES) == set(exports.KEPT)
    for name, entry in FILES.items():
        path = training.MODELS / name
        assert path.stat().st_size == entry["bytes"] and tflite.labels(path) == data.CLASSES
        assert f"| `{name}` | {entry['bytes']:,} | {entry['accuracy']:.2%} |" in card


def test_the_float32_file_is_what_the_model_converts_to(drawings):
    model = models.with_maps(keras.models.load_model(KEPT))
    made, kept = tflite.convert(model, "float32", labels=data.CLASSES), tflite.MODEL
    assert list(tflite.operators(made)) == list(tflite.operators(kept))
    if tf.__version__ == EXPORT["versions"]["tensorflow"]:  # other converters write as much in other bytes
        assert len(made) == kept.stat().st_size
    np.testing.assert_allclose(tflite.predict(kept, drawings), tflite.predict(made, drawings), atol=1e-6)
    probabilities, maps = model(drawings, training=False)
    np.testing.assert_allclose(tflite.predict(kept, drawings), probabilities, atol=1e-5)
    np.testing.assert_allclose(tflite.maps(kept, drawings), maps, atol=1e-3)


def test_the_int8_file_takes_and_gives_float32_and_answers_like_the_float32_file(drawings):
    small = training.MODELS / "cats-dogs-int8.tflite"
    details = opened(small)
    assert {end["dtype"] for end in (*details.get_input_details(), *details.get_output_details())} == {np.float32}
    assert small.stat().st_size <= 0.3 * tflite.MODEL.stat().st_size
    difference = np.abs(tflite.predict(small, drawings) - tflite.predict(tflite.MODEL, drawings))
    assert 0 < difference.mean() < 0.03
    maps, exact = tflite.maps(small, drawings), tflite.maps(tflite.MODEL, drawings)
    assert 0 < np.abs(maps - exact).mean() < 0.2 * exact.std()


@pytest.mark.parametrize(("name", "mode"), exports.KEPT.items())
def test_the_kept_files_say_of_photos_what_their_record_says(first, name, mode):
    assert differing(tflite.predict(training.MODELS / name, first), FORMATS[mode]["predictions"]) <= 1


def test_the_command_line_uses_the_kept_file(tmp_path, capfd):
    drawn.picture(2001).save(tmp_path / "dog.png")
    assert command.main([str(tmp_path / "dog.png")]) == 0
    share = tflite.predict(tflite.MODEL, data.normalize(data.read(tmp_path / "dog.png", SIZE))[None])[0, 1]
    assert f"dog {share:.1%}" in capfd.readouterr().out
