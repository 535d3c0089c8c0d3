"""The command line `python -m mobilenet_lib.training`: what it records, and what it refuses."""

import platform
import shutil

import keras
import numpy as np
import pytest
from processes import stopped
from small_training import in_place_of_mobilenet

from mobilenet_lib import data, models, training
from mobilenet_lib.training import __main__ as cli


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A folder with one recorded run of the smallest kind, tested on larger images, and its model."""
    folder = tmp_path_factory.mktemp("Läufe mit Leerzeichen") / "runs"
    size = ["--alpha", "0.1", "--resolution", "32", "--limit", "8", "--epochs", "1", "--test-resolution", "64"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "mobilenet", in_place_of_mobilenet)
        cli.main(["--name", "first", "--data", "drawn", *size, "--runs", str(folder), "--keep"])
    return folder


def test_the_command_line_records_a_run_and_its_result_on_the_test_split(recorded):
    run = training.load_run(recorded / "first.json")
    assert run.name == "first" and run.settings["alpha"] == 0.1 and run.test["photos"] == 8
    assert sum(map(sum, run.test["confusion"])) == 8


def test_the_record_names_the_command_that_repeats_it(recorded):
    command = training.load_run(recorded / "first.json").command
    assert command.startswith("python -m mobilenet_lib.training --data drawn --name first")
    assert all(option in command for option in ("--alpha 0.1", "--resolution 32", "--limit 8", "--epochs 1"))


def test_the_record_says_nothing_that_belongs_to_one_machine(recorded):
    text = (recorded / "first.json").read_text()
    assert str(recorded) not in text and platform.node() not in text


def test_a_finished_record_is_not_replaced_unasked(recorded, capsys):
    before = (recorded / "first.json").read_bytes()
    assert "--force" in stopped(cli.main, ["--name", "first", "--data", "drawn", "--runs", str(recorded)], capsys)
    assert (recorded / "first.json").read_bytes() == before


def test_nothing_is_left_of_a_finished_run_but_what_was_asked_for(recorded):
    assert [path.name for path in recorded.iterdir()] == ["first.json"]
    assert [path.name for path in (recorded.parent / "models").iterdir()] == ["first.keras"]


def test_a_run_can_be_tested_at_another_resolution(recorded):
    run = training.load_run(recorded / "first.json")
    assert (run.settings["resolution"], run.settings["test_resolution"]) == (32, 64)
    assert "--test-resolution 64" in run.command
    model = keras.models.load_model(recorded.parent / "models" / "first.keras")
    assert model.input_shape == (None, 64, 64, 3) and run.mult_adds == models.cost(model).mult_adds
    again = training.evaluate(model, data.load(64, source="drawn", limit=8).test)
    assert again.summary()["predictions"] == run.test["predictions"]


def test_what_is_asked_of_fine_tuning_is_done_and_recorded(tmp_path, monkeypatch):
    monkeypatch.setattr(cli, "imagenet_classifier", in_place_of_mobilenet)
    size = ["--alpha=0.1", "--resolution=64", "--test-resolution=64", "--limit=8", "--epochs=1"]
    asked = ["--first", "32:1", "--last", "--recalibrated"]
    cli.main(["--name=tuned", "--data=drawn", "--recipe=fine-tune", *size, *asked, f"--runs={tmp_path / 'runs'}"])
    run = training.load_run(tmp_path / "runs/tuned.json")
    assert run.settings["first"] == [[32, 1]] and run.settings["last"] is True
    assert len(run.epochs) == 2 and all("val_recalibrated" in epoch for epoch in run.epochs)


def test_a_run_can_go_on_from_a_kept_model_at_another_resolution(recorded, tmp_path, monkeypatch):
    monkeypatch.setattr(models, "mobilenet", in_place_of_mobilenet)
    shutil.copytree(recorded.parent / "models", tmp_path / "models")
    size = ["--alpha", "0.1", "--resolution", "32", "--limit", "8", "--epochs", "1"]
    # At a learning rate of next to nothing, what was kept stays.
    still = ["--learning-rate", "1e-12", "--momentum", "0.999999"]
    where = ["--runs", str(tmp_path / "runs"), "--start", "first", "--keep"]
    cli.main(["--name", "on", "--data", "drawn", *size, *still, *where])
    before, after = (keras.models.load_model(tmp_path / "models" / f"{name}.keras") for name in ("first", "on"))
    assert (before.input_shape[1], after.input_shape[1]) == (64, 32)
    for one, other in zip(before.get_weights(), after.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    assert "--start first" in training.load_run(tmp_path / "runs" / "on.json").command


def test_a_network_of_standard_convolutions_is_trained_tested_and_named_in_its_record(tmp_path):
    size = ["--alpha", "0.1", "--resolution", "32", "--limit", "8", "--epochs", "1", "--test-resolution", "64"]
    cli.main(["--name", "full", "--data", "drawn", "--no-separable", *size, "--runs", str(tmp_path / "runs"), "--keep"])
    run = training.load_run(tmp_path / "runs" / "full.json")
    assert run.settings["separable"] is False and "--no-separable" in run.command
    kept = training.load_model(tmp_path / "models" / "full.keras")
    assert [layer.kernel.shape[:2] for layer in kept.layers if layer.name == "conv_1"] == [(3, 3)]
    assert not any(isinstance(layer, keras.layers.DepthwiseConv2D) for layer in kept.layers)


def test_the_imagenet_weights_are_of_separable_convolutions_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(data, "load", lambda *_, **__: pytest.fail("photos were read"))
    err = stopped(cli.main, ["--name=run", "--recipe=fine-tune", "--no-separable", f"--runs={tmp_path}"], capsys)
    assert "separable must be True with --initializer imagenet" in err


@pytest.mark.parametrize("start", ["broken", "nowhere"])
def test_a_model_to_go_on_from_has_to_be_there_even_if_it_has_a_damaged_record(tmp_path, capsys, start):
    (tmp_path / "broken.json").write_text("{")
    arguments = ["--name", "second", "--data", "drawn", "--runs", str(tmp_path), "--start", start]
    assert stopped(cli.main, arguments, capsys).endswith(f"there is no {start}.keras\n")


NAME = "must be of 1 to 100 letters from a to z, digits, '.', '-' and '_', the first of them not a '.', not "

SHARE = "must be from 0 to below 1, not "

SIDES = f"must be a multiple of 32 from 32 to {data.LARGEST}, not "

RATE = "learning_rate must be above 0 and finite, not "


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        *(
            ("name", name, f"--name {NAME}{name!r}")
            for name in ("", "a\nb", "../x", "a/b", "/abs", ".x", "é", "n" * 101)
        ),
        *(("start", name, f"--start {NAME}{name!r}") for name in ("", "../x", "n" * 300)),
        *(("learning-rate", value, f"{RATE}{value}") for value in ("inf", "nan", "0.0")),
        *((name, "7.0", f"{name} {SHARE}7.0") for name in ("momentum", "dropout", "warmup")),
        *((name, "nan", f"{name} {SHARE}nan") for name in ("momentum", "dropout", "warmup")),
        *(("test-resolution", side, f"test_resolution {SIDES}{side}") for side in ("33", "0", "-32", "992")),
        ("resolution", "33", f"resolution {SIDES}33"),
        ("label-smoothing", "-0.1", f"label_smoothing {SHARE}-0.1"),
        ("weight-decay", "inf", "weight_decay must be 0 or more and finite, not inf"),
        ("alpha", "nan", "alpha must be a number above 0 and at most 2, not nan"),
        ("epochs", "0", "epochs must be a positive whole number, not 0"),
        ("batch-size", "0", "batch_size must be a positive whole number, not 0"),
        ("first", "64:0", "first must be a positive whole number, not 0"),
    ],
)
def test_a_bad_option_is_named_before_anything_is_read_or_written(
    tmp_path, monkeypatch, capsys, option, value, sentence
):
    monkeypatch.setattr(data, "load", lambda *_, **__: pytest.fail("photos were read"))
    arguments = ["--name=run", "--data=drawn", f"--runs={tmp_path / 'runs'}", f"--{option}={value}"]
    assert stopped(cli.main, arguments, capsys).endswith(f"error: {sentence}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option, value, kept", [("dropout", 0.5, 0.001), ("momentum", 0.99, 0.9)])
def test_an_option_that_fine_tuning_has_no_use_for_is_refused_and_not_recorded(
    tmp_path, monkeypatch, capsys, option, value, kept
):
    monkeypatch.setattr(data, "load", lambda *_, **__: pytest.fail("photos were read"))
    err = stopped(cli.main, ["--name=run", "--recipe=fine-tune", f"--runs={tmp_path}", f"--{option}={value}"], capsys)
    sentence = f"{option} must be {kept} with --initializer imagenet, which has no use for it, not {value}"
    assert err.endswith(f"error: {sentence}\n")


def test_a_file_in_the_place_of_the_folder_of_records_is_named(tmp_path, capsys):
    (tmp_path / "runs").touch()
    err = stopped(cli.main, ["--name=run", "--data=drawn", f"--runs={tmp_path / 'runs'}"], capsys)
    assert f"runs must be a folder, not the file '{tmp_path / 'runs'}'" in err


@pytest.mark.fault("A model does not fit")
def test_a_model_of_another_width_is_refused(recorded, tmp_path, monkeypatch, capsys, shown):
    monkeypatch.setattr(models, "mobilenet", in_place_of_mobilenet)
    shutil.copytree(recorded.parent / "models", tmp_path / "models")
    size = ["--alpha", "0.2", "--resolution", "32", "--limit", "8", "--epochs", "1"]
    where = ["--runs", str(tmp_path / "runs"), "--start", "first"]
    shown(stopped(cli.main, ["--name", "on", "--data", "drawn", *size, *where], capsys, 1))
    assert list((tmp_path / "runs").iterdir()) == []
