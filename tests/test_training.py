"""The command line `python -m mobilenet_lib.training`, also killed, interrupted and on a full disk."""

import json
import platform
import shutil
import signal
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import pytest
import small_training
from processes import CHILDREN, HOLDER, NOBODY, as_nobody, as_root, run, small_disk, start
from small_training import without_times

from mobilenet_lib import data, models, training
from mobilenet_lib.locks import alone
from mobilenet_lib.training import __main__ as cli


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A folder with one recorded run of the smallest kind, and its model."""
    folder = tmp_path_factory.mktemp("Läufe mit Leerzeichen") / "runs"
    size = ["--alpha", "0.1", "--resolution", "32", "--limit", "8", "--epochs", "1"]
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
    with pytest.raises(SystemExit):
        cli.main(["--name", "first", "--data", "drawn", "--runs", str(recorded)])
    assert "--force" in capsys.readouterr().err
    assert (recorded / "first.json").read_bytes() == before


def test_nothing_is_left_of_a_finished_run_but_what_was_asked_for(recorded):
    assert [path.name for path in recorded.iterdir()] == ["first.json"]
    assert [path.name for path in (recorded.parent / "models").iterdir()] == ["first.keras"]


def test_a_run_can_go_on_from_a_kept_model_at_another_resolution(recorded, tmp_path):
    shutil.copytree(recorded.parent / "models", tmp_path / "models")
    size = ["--alpha", "0.1", "--resolution", "64", "--limit", "8", "--epochs", "1"]
    # At a learning rate of next to nothing, what was kept stays.
    still = ["--learning-rate", "1e-12", "--momentum", "0.999999"]
    where = ["--runs", str(tmp_path / "runs"), "--start", "first", "--keep"]
    cli.main(["--name", "on", "--data", "drawn", *size, *still, *where])
    before, after = (keras.models.load_model(tmp_path / "models" / f"{name}.keras") for name in ("first", "on"))
    assert (before.input_shape[1], after.input_shape[1]) == (32, 64)
    for one, other in zip(before.get_weights(), after.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    assert "--start first" in training.load_run(tmp_path / "runs" / "on.json").command


def test_a_run_can_be_tested_at_another_resolution(recorded, tmp_path):
    size = ["--alpha", "0.1", "--resolution", "32", "--limit", "8", "--epochs", "1", "--test-resolution", "64"]
    cli.main(["--name", "larger", "--data", "drawn", *size, "--runs", str(tmp_path / "runs"), "--keep"])
    run, first = training.load_run(tmp_path / "runs" / "larger.json"), training.load_run(recorded / "first.json")
    assert (run.settings["resolution"], run.settings["test_resolution"]) == (32, 64)
    assert "--test-resolution 64" in run.command and run.epochs[0]["loss"] == first.epochs[0]["loss"]
    model = keras.models.load_model(tmp_path / "models" / "larger.keras")
    assert model.input_shape == (None, 64, 64, 3) and run.mult_adds == models.cost(model).mult_adds
    again = training.evaluate(model, data.load(64, source="drawn", limit=8).test)
    assert again.summary()["confusion"] == run.test["confusion"]


def test_a_model_to_go_on_from_has_to_be_there(recorded, capsys):
    with pytest.raises(SystemExit):
        cli.main(["--name", "second", "--data", "drawn", "--runs", str(recorded), "--start", "nowhere"])
    assert "there is no nowhere.keras" in capsys.readouterr().err


def test_a_damaged_record_does_not_hide_that_its_model_is_missing(tmp_path, capsys):
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--name", "second", "--data", "drawn", "--runs", str(tmp_path), "--start", "broken"])
    assert stopped.value.code == 2
    assert capsys.readouterr().err.endswith("there is no broken.keras\n")


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
    ],
)
def test_a_bad_option_is_named_before_anything_is_read_or_written(
    tmp_path, monkeypatch, capsys, option, value, sentence
):
    monkeypatch.setattr(data, "load", lambda *_, **__: pytest.fail("photos were read"))
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--name=run", "--data=drawn", f"--runs={tmp_path / 'runs'}", f"--{option}={value}"])
    assert stopped.value.code == 2
    assert capsys.readouterr().err.endswith(f"error: {sentence}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option, value, kept", [("dropout", 0.5, 0.001), ("momentum", 0.99, 0.9)])
def test_an_option_that_fine_tuning_has_no_use_for_is_refused_and_not_recorded(
    tmp_path, monkeypatch, capsys, option, value, kept
):
    monkeypatch.setattr(data, "load", lambda *_, **__: pytest.fail("photos were read"))
    with pytest.raises(SystemExit):
        cli.main(["--name=run", "--recipe=fine-tune", f"--runs={tmp_path}", f"--{option}={value}"])
    sentence = f"{option} must be {kept} with --initializer imagenet, which has no use for it, not {value}"
    assert capsys.readouterr().err.endswith(f"error: {sentence}\n")


def test_a_file_in_the_place_of_the_folder_of_records_is_named(tmp_path, capsys):
    (tmp_path / "runs").touch()
    with pytest.raises(SystemExit):
        cli.main(["--name=run", "--data=drawn", f"--runs={tmp_path / 'runs'}"])
    assert f"runs must be a folder, not the file '{tmp_path / 'runs'}'" in capsys.readouterr().err


@pytest.mark.fault("A model does not fit")
def test_a_model_of_another_width_is_refused(recorded, tmp_path, capsys, shown):
    shutil.copytree(recorded.parent / "models", tmp_path / "models")
    size = ["--alpha", "0.2", "--resolution", "32", "--limit", "8", "--epochs", "1"]
    with pytest.raises(SystemExit) as stopped:
        where = ["--runs", str(tmp_path / "runs"), "--start", "first"]
        cli.main(["--name", "on", "--data", "drawn", *size, *where])
    assert stopped.value.code == 1
    shown(capsys.readouterr().err)
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_record_is_plain_json(recorded):
    record = json.loads((recorded / "first.json").read_text())
    assert isinstance(record["epochs"][0]["val_accuracy"], float)


SIZE = ("--data", "drawn", "--alpha", "0.1", "--resolution", "32", "--limit", "8", "--batch-size", "4", "--keep")

TRAINING = (
    CHILDREN
    + """
    import glob, json, zipfile
    import keras
    import numpy as np
    import small_training
    from mobilenet_lib import models, training
    from mobilenet_lib.training import __main__ as cli, checkpoints
    small_training.SIDE, models.mobilenet = 32, lambda *_, **__: small_training.small()
    runs, *arguments = sys.argv[1:]
    keep, fit, epochs = checkpoints.keep, keras.Model.fit, iter(range(1, 100))

    class Dying(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            die()

    def train(moment):
        if moment == "before keeping":
            checkpoints.keep = die
        elif moment == "while keeping":
            os.fsync = die
        elif moment == "after keeping":
            checkpoints.keep = lambda *a: (keep(*a), die())
        elif moment == "in an epoch":  # the second one of this process
            keras.Model.fit = lambda *a, **o: fit(*a, **o, callbacks=[Dying()] if next(epochs) == 2 else [])
        elif moment == "before recording":
            cli.evaluate = die
        elif moment == "while keeping the model":
            zipfile.ZipFile.writestr = die
        elif moment == "while recording":
            training.Run.save = die
        cli.main([*arguments, "--runs", runs])

    def kept():
        if not os.path.exists(f"{runs}/.run.npz"):
            return 0
        with np.load(f"{runs}/.run.npz") as file:
            return len(json.loads(str(file["about"]))["history"])

    moments = ["before keeping", "while keeping", "after keeping", "in an epoch"]
    moments += ["before recording", "while keeping the model", "while recording"]
    for moment in [*moments, "again"]:
        print(f"{moment}: ended by {in_a_child(train, moment)}, {kept()} epochs kept,", end=" ", flush=True)
        print("recorded" if os.path.exists(f"{runs}/run.json") else "not recorded", flush=True)
"""
)


@pytest.mark.fault("A training is killed")
def test_a_training_killed_at_any_moment_ends_as_if_nothing_had_happened(tmp_path, monkeypatch):
    arguments = ["--name", "run", "--epochs", "3", *SIZE]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    done = run(TRAINING, killed / "runs", *arguments)
    assert [line for line in done.stdout.splitlines() if "ended by" in line] == [
        "before keeping: ended by 9, 0 epochs kept, not recorded",
        "while keeping: ended by 9, 0 epochs kept, not recorded",
        "after keeping: ended by 9, 1 epochs kept, not recorded",
        "in an epoch: ended by 9, 2 epochs kept, not recorded",
        "before recording: ended by 9, 3 epochs kept, not recorded",
        "while keeping the model: ended by 9, 3 epochs kept, not recorded",
        "while recording: ended by 9, 3 epochs kept, not recorded",
        "again: ended by 0, 0 epochs kept, recorded",
    ], done.stdout + done.stderr
    monkeypatch.setattr(small_training, "SIDE", 32)
    monkeypatch.setattr(models, "mobilenet", lambda *_, **__: small_training.small())
    cli.main([*arguments, "--runs", str(whole / "runs")])
    records = [without_times(training.load_run(folder / "runs/run.json")) for folder in (killed, whole)]
    assert records[0] == records[1]
    weights = [training.load_model(folder / "models/run.keras").get_weights() for folder in (killed, whole)]
    assert all(map(np.array_equal, *weights))
    assert sorted(path.name for path in killed.glob("*/*")) == ["run.json", "run.keras"]


def training_epochs(path: Path) -> int:
    with np.load(path) as file:
        return len(json.loads(str(file["about"]))["history"])


@pytest.mark.fault("The same training runs twice at once")
def test_the_second_training_of_one_name_is_refused(tmp_path, shown, capsys):
    (tmp_path / ".run.lock").touch()
    with start(HOLDER, tmp_path / ".run.lock") as first:
        first.stdout.readline()
        with pytest.raises(SystemExit) as stopped:
            cli.main(["--name", "run", "--runs", str(tmp_path), *SIZE])
        first.kill()
    assert stopped.value.code == 1
    shown(capsys.readouterr().err)
    with alone(tmp_path / ".run.lock", "nothing"):
        pass


@pytest.mark.fault("The same training runs twice at once")
def test_of_two_trainings_of_one_name_started_at_once_one_trains(tmp_path, shown):
    program = "import sys; from mobilenet_lib.training.__main__ import main; main(sys.argv[1:])"
    arguments = ["--name", "run", "--epochs", "2", "--runs", tmp_path / "runs", *SIZE]
    with start(program, *arguments) as first, start(program, *arguments) as second:
        errors = {process: process.communicate(timeout=300)[1] for process in (first, second)}
    trained, other = sorted(errors, key=lambda process: process.returncode)
    assert (trained.returncode, other.returncode) in ((0, 1), (0, 2)), errors
    if other.returncode == 1:
        shown(errors[other])
    else:
        assert "run.json is there already; --force replaces it" in errors[other]
    assert len(training.load_run(tmp_path / "runs" / "run.json").epochs) == 2
    assert sorted(path.name for path in tmp_path.glob("*/*")) == ["run.json", "run.keras"]


def test_a_training_that_another_process_finishes_meanwhile_is_not_repeated(tmp_path, monkeypatch, capsys):
    @contextmanager
    def just_done(*_):
        (tmp_path / "run.json").write_text("the other's")
        yield

    monkeypatch.setattr(cli, "alone", just_done)
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--name", "run", "--runs", str(tmp_path), *SIZE])
    assert stopped.value.code == 2
    assert "is there already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.fault("A training is interrupted with Ctrl-C")
def test_ctrl_c_ends_a_training_with_one_sentence_and_loses_no_epoch(tmp_path, shown):
    # Started in the background of a shell, a process ignores Ctrl-C; a reader's does not.
    program = """
        import signal, sys
        from mobilenet_lib.training.__main__ import main
        signal.signal(signal.SIGINT, signal.default_int_handler)
        main(sys.argv[1:])
    """
    with start(program, "--name", "run", "--epochs", "200", "--runs", tmp_path, *SIZE) as process:
        for line in process.stdout:
            if "epoch 2/" in line:
                process.send_signal(signal.SIGINT)
                break
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in err
    shown(err)
    assert training_epochs(tmp_path / ".run.npz") >= 2
    assert not (tmp_path / ".run.lock").exists()


@as_root
@pytest.mark.fault("The disk is full while a training runs")
def test_a_full_disk_ends_a_training_with_one_sentence_and_the_next_one_goes_on(tmp_path, capsys, shown):
    arguments = ["--name", "run", "--epochs", "2", "--runs", str(tmp_path / "disk" / "runs"), *SIZE]
    with small_disk(tmp_path / "disk", "3m") as disk:
        filler = disk / "filler"
        filler.write_bytes(bytes(2_800_000))
        with pytest.raises(SystemExit) as stopped:
            cli.main(arguments)
        assert stopped.value.code == 1
        shown(capsys.readouterr().err)
        assert list((disk / "runs").iterdir()) == [], "nothing half-written stays"
        filler.unlink()
        cli.main(arguments)
        assert sorted(path.name for path in (disk / "runs").iterdir()) == ["run.json"]


@as_nobody
@pytest.mark.fault("The folder may only be read")
def test_a_folder_that_may_only_be_read_is_named(tmp_path, shown):
    program = "import sys; from mobilenet_lib.training.__main__ import main; main(sys.argv[1:])"
    done = run(program, "--name", "run", "--runs", "/usr/runs", *SIZE, before=NOBODY, cwd="/")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    shown(done.stderr)
