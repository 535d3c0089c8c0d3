"""Latency: every run of every model, taking turns. How long anything takes is not tested."""

import numpy as np
import pytest
from networks import mapped, tiny_file

from mobilenet_lib import tflite
from mobilenet_lib.tflite import timing


def test_latency_is_a_distribution_for_each_model():
    times = tflite.latency({"small": tiny_file("int8"), "large": tiny_file("float32")}, repeats=12)
    assert list(times) == ["small", "large"]
    for taken in times.values():
        assert taken.milliseconds.shape == (12,) and (taken.milliseconds > 0).all()


def test_latency_shows_the_median_and_the_quartiles_which_outliers_leave_alone():
    taken = tflite.Latency(np.array([1.0, 2, 3, 4, 1000]))
    assert (taken.median, taken.quartiles) == (3, (2, 4))
    assert repr(taken) == "3 ms (half of 5 runs took 2 to 4 ms)"


def test_nineteen_runs_of_twenty_stay_within_the_95th_percentile():
    assert tflite.Latency(np.arange(21.0)).p95 == 19


@pytest.mark.parametrize("content", [lambda: tiny_file("int8"), lambda: mapped("float32")], ids=["one", "maps"])
def test_one_file_has_one_latency(content):
    assert len(tflite.latency(content(), repeats=3).milliseconds) == 3


def test_each_model_may_have_threads_of_its_own():
    same = {"one thread": tiny_file("float32"), "two threads": tiny_file("float32")}
    times = tflite.latency(same, repeats=3, threads={"one thread": 1, "two threads": 2})
    assert list(times) == ["one thread", "two threads"]
    with pytest.raises(ValueError, match="threads must have a number for each of the models; 'two threads' has none"):
        tflite.latency(same, threads={"one thread": 1})


def test_models_take_turns_in_changing_order(monkeypatch):
    """Two runs each in their turn; three turns warm up."""
    runs, opened, names = [], timing.opened, {tiny_file("float32"): "a", tiny_file("int8"): "b"}

    def watched(content, threads):
        interpreter = opened(content, threads)
        monkeypatch.setattr(interpreter, "invoke", lambda: runs.append(names[content]))
        return interpreter

    monkeypatch.setattr(timing, "opened", watched)
    tflite.latency({"a": tiny_file("float32"), "b": tiny_file("int8")}, repeats=20)
    turns = ["".join(runs[start : start + 4]) for start in range(0, len(runs), 4)]
    assert len(turns) == 3 + 20
    assert set(turns) == {"aabb", "bbaa"}


def test_no_models_have_no_latency():
    with pytest.raises(ValueError, match="tflite_models must hold at least one model, not none"):
        tflite.latency({})


@pytest.mark.parametrize(
    ("argument", "value"), [("threads", 0), ("threads", "two"), ("threads", {"a": 1}), ("repeats", 0), ("repeats", 1.5)]
)
def test_threads_and_repeats_are_positive_whole_numbers(argument, value):
    with pytest.raises(ValueError, match=f"{argument} must be a positive whole number, not {value!r}"):
        tflite.latency(tiny_file("float32"), **{argument: value})


def test_more_threads_than_any_machine_has_cores_are_refused():
    """With 100,000, LiteRT ended the process; 2**31 are no number to it."""
    for many in (1025, 100_000, 2**31):
        with pytest.raises(ValueError, match=f"^threads must be at most 1,024, not {many}$"):
            tflite.latency(tiny_file("float32"), threads=many)
