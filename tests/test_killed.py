"""A training killed, interrupted, started twice, on a full disk: with real processes."""

import json
import signal
from contextlib import contextmanager

import numpy as np
import pytest
import small_training
from processes import CHILDREN, HOLDER, as_root, run, small_disk, start, stopped
from small_training import without_times

from mobilenet_lib import models, training
from mobilenet_lib.locks import alone
from mobilenet_lib.training import __main__ as cli

# A network that builds in a moment, in the place of the one that is asked for.
LITTLE = """
    import small_training
    from mobilenet_lib import models
    models.mobilenet = small_training.in_place_of_mobilenet
"""
COMMAND = (
    LITTLE
    + """
    import signal, sys
    from mobilenet_lib.training.__main__ import main
    # Started in the background of a shell, a process ignores Ctrl-C; a reader's does not.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
"""
)


@pytest.fixture
def little(monkeypatch):
    """The same in this process."""
    monkeypatch.setattr(models, "mobilenet", small_training.in_place_of_mobilenet)


SIZE = ("--data", "drawn", "--alpha", "0.1", "--resolution", "32", "--limit", "8", "--batch-size", "4", "--keep")

TRAINING = (
    CHILDREN
    + LITTLE
    + """
    import json, zipfile
    import keras
    import numpy as np
    from mobilenet_lib import training
    from mobilenet_lib.training import __main__ as cli
    runs, *arguments = sys.argv[1:]
    fit, epochs = keras.Model.fit, iter(range(1, 100))

    class Dying(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            die()

    def train(moment):
        if moment == "while keeping":
            os.fsync = die
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

    moments = ["while keeping", "in an epoch", "before recording", "while keeping the model", "while recording"]
    for moment in [*moments, "again"]:
        print(f"{moment}: ended by {in_a_child(train, moment)}, {kept()} epochs kept,", end=" ", flush=True)
        print("recorded" if os.path.exists(f"{runs}/run.json") else "not recorded", flush=True)
"""
)


@pytest.mark.fault("A training is killed")
def test_a_training_killed_at_any_moment_ends_as_if_nothing_had_happened(tmp_path, little):
    arguments = ["--name", "run", "--epochs", "2", *SIZE]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    done = run(TRAINING, killed / "runs", *arguments)
    assert [line for line in done.stdout.splitlines() if "ended by" in line] == [
        "while keeping: ended by 9, 0 epochs kept, not recorded",
        "in an epoch: ended by 9, 1 epochs kept, not recorded",
        "before recording: ended by 9, 2 epochs kept, not recorded",
        "while keeping the model: ended by 9, 2 epochs kept, not recorded",
        "while recording: ended by 9, 2 epochs kept, not recorded",
        "again: ended by 0, 0 epochs kept, recorded",
    ], done.stdout + done.stderr
    cli.main([*arguments, "--runs", str(whole / "runs")])
    records = [without_times(training.load_run(folder / "runs/run.json")) for folder in (killed, whole)]
    assert records[0] == records[1]
    weights = [training.load_model(folder / "models/run.keras").get_weights() for folder in (killed, whole)]
    assert all(map(np.array_equal, *weights))
    assert sorted(path.name for path in killed.glob("*/*")) == ["run.json", "run.keras"]


@pytest.mark.fault("The same training runs twice at once")
def test_the_second_training_of_one_name_is_refused(tmp_path, shown, capsys):
    (tmp_path / ".run.lock").touch()
    with start(HOLDER, tmp_path / ".run.lock") as first:
        first.stdout.readline()
        said = stopped(cli.main, ["--name", "run", "--runs", str(tmp_path), *SIZE], capsys, 1)
        first.kill()
    shown(said)
    with alone(tmp_path / ".run.lock", "nothing"):
        pass


def test_a_training_that_another_process_finishes_meanwhile_is_not_repeated(tmp_path, monkeypatch, capsys):
    @contextmanager
    def just_done(*_):
        (tmp_path / "run.json").write_text("the other's")
        yield

    monkeypatch.setattr(cli, "alone", just_done)
    assert "is there already" in stopped(cli.main, ["--name", "run", "--runs", str(tmp_path), *SIZE], capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.fault("A training is interrupted with Ctrl-C")
def test_ctrl_c_ends_a_training_with_one_sentence_and_loses_no_epoch(tmp_path, shown):
    with start(COMMAND, "--name", "run", "--epochs", "200", "--runs", tmp_path, *SIZE) as process:
        for line in process.stdout:
            if "epoch 2/" in line:
                process.send_signal(signal.SIGINT)
                break
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in err
    shown(err)
    with np.load(tmp_path / ".run.npz") as file:
        assert len(json.loads(str(file["about"]))["history"]) >= 2
    assert not (tmp_path / ".run.lock").exists()


@as_root
@pytest.mark.fault("The disk is full while a training runs")
def test_a_full_disk_ends_a_training_with_one_sentence_and_the_next_one_goes_on(little, tmp_path, capsys, shown):
    arguments = ["--name", "run", "--epochs", "2", "--runs", str(tmp_path / "disk" / "runs"), *SIZE]
    with small_disk(tmp_path / "disk", "3m") as disk:
        filler = disk / "filler"
        filler.write_bytes(bytes(3 * 2**20 - 8192))
        shown(stopped(cli.main, arguments, capsys, 1))
        assert list((disk / "runs").iterdir()) == [], "nothing half-written stays"
        filler.unlink()
        cli.main(arguments)
        assert sorted(path.name for path in (disk / "runs").iterdir()) == ["run.json"]
