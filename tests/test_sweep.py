"""The command that runs what is missing of an experiment."""

import re
import subprocess
import sys

import pytest
import small_training
from processes import stopped

from mobilenet_lib import models, training
from mobilenet_lib.locks import alone
from mobilenet_lib.training import __main__ as cli
from mobilenet_lib.training import experiments, sweep

TINY = {"alpha": 0.1, "resolution": 32, "epochs": 1, "limit": 8, "batch_size": 4, "test": False}


@pytest.fixture
def tiny(monkeypatch):
    arms = {"one": {"momentum": 0.9}, "other": {"momentum": 0.99}}
    monkeypatch.setitem(experiments.EXPERIMENTS, "tiny", experiments.Experiment("Does it run?", TINY, arms, seeds=1))


def test_the_command_runs_what_is_missing_and_nothing_else(tiny, tmp_path, monkeypatch, capfd):
    def here(command, env):
        """In this process, which has TensorFlow already."""
        assert command[:3] == [sys.executable, "-m", "mobilenet_lib.training"]
        cli.main(command[3:])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", here)
    monkeypatch.setattr(models, "mobilenet", small_training.in_place_of_mobilenet)
    command = ["tiny", "--jobs", "1", "--data", "drawn", "--runs", str(tmp_path)]
    sweep.main(command)
    before = (tmp_path / "tiny-one-0.json").read_bytes()
    (tmp_path / "tiny-other-0.json").unlink()
    capfd.readouterr()
    sweep.main(command)
    said = capfd.readouterr().out
    assert "1 done, 1 missing" in said and "tiny-other-0: recorded, 0 to go" in said
    assert (tmp_path / "tiny-one-0.json").read_bytes() == before
    other = training.load_run(tmp_path / "tiny-other-0.json")
    assert other.settings["momentum"] == 0.99
    assert f"other                   {other.epochs[-1]['val_accuracy']:.2%}  of 1" in said


def test_the_list_tells_done_running_begun_and_missing(tiny, tmp_path, capsys):
    (tmp_path / "tiny-one-0.json").touch()
    (tmp_path / ".tiny-other-0.npz").touch()
    sweep.main(["tiny", "--list", "--runs", str(tmp_path)])
    assert "1 done, 1 begun" in capsys.readouterr().out
    (tmp_path / ".tiny-other-0.lock").touch()
    with alone(tmp_path / ".tiny-other-0.lock", "training"):
        sweep.main(["tiny", "--list", "--runs", str(tmp_path)])
    assert "1 done, 1 running" in capsys.readouterr().out


def test_a_run_that_was_killed_and_left_its_lock_is_not_at_work(tmp_path):
    (tmp_path / ".run.lock").touch()
    assert sweep.state("run", tmp_path) == "missing"
    with alone(tmp_path / ".run.lock", "training"):
        assert sweep.state("run", tmp_path) == "running"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(["nothing"], "experiment must be one of .*'nothing'"), (["tiny", "--jobs", "0"], "jobs must be")],
)
def test_what_there_is_not_is_named(tiny, tmp_path, capsys, arguments, named):
    assert re.search(named, stopped(sweep.main, [*arguments, "--runs", str(tmp_path)], capsys))
