"""How long files take, recorded: of which files, and when not. What they took is in data/latency, and no test."""

import json
import os
from pathlib import Path

import latency
import numpy as np
import pytest
from networks import tiny_file
from processes import stopped

from mobilenet_lib import architecture, models, paper, tflite
from mobilenet_lib.tflite.files import opened

ENDS = paper.CHECKPOINTS[0], paper.CHECKPOINTS[-1]


@pytest.fixture(scope="module")
def made():
    """What is timed, if there were two networks instead of sixteen, of an eighth of the full channels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paper, "CHECKPOINTS", ENDS)
        network = models.mobilenet
        patch.setattr(models, "mobilenet", lambda alpha=1.0, **options: network(0.125, **options))
        files = latency.networks()
        patch.setattr(latency, "networks", lambda: files)
        return {name: make() for name, make in latency.TIMED.items()}


def names(*wanted):
    return {f"{name}, {form}" for name in wanted for form in ("float32", "int8")}


def test_two_formats_of_each_network_and_of_one_of_standard_convolutions_are_timed(made):
    files, threads = made["one-thread"]
    assert {name for name in files if name.count(",") == 1} == names("1.0-224", "0.25-128", "Conv-224")
    assert threads == 1


@pytest.mark.parametrize(("name", "side"), [("0.25-128, int8", 128), ("1.0-224, int8", 224), ("Conv-224, int8", 224)])
def test_each_takes_images_of_its_size(made, name, side):
    (details,) = opened(made["one-thread"][0][name]).get_input_details()
    assert list(details["shape"]) == [1, side, side, 3]


@pytest.mark.parametrize("name", ["1.0-224", "0.25-128", "Conv-224"])
def test_each_layer_of_three_networks_is_timed_alone(made, name):
    layers = architecture.mobilenet(separable=name != "Conv-224")
    wanted = {f"{name}, {form}, {layer.name}" for layer in layers for form in ("float32", "int8")}
    assert wanted <= set(made["one-thread"][0])


def test_each_of_these_files_also_runs_under_a_second_name(made):
    once, twice = made["one-thread"][0], made["twice"][0]
    assert twice == once | {f"{name}, again": file for name, file in once.items()}


def test_on_two_threads_the_same_three_networks_run_again(made):
    files, threads = made["two-threads"]
    assert {name.rpartition(", ")[0] for name in files} == names("1.0-224", "0.25-128", "Conv-224")
    assert all(count == int(name[-1]) for name, count in threads.items()) and set(threads.values()) == {1, 2}
    assert all(file == made["one-thread"][0][name[:-3]] for name, file in files.items())


def test_three_kinds_of_network_are_timed_in_two_formats_and_standard_convolutions_have_more_weights(made):
    files, threads = made["kinds"]  # here all are of the same width
    assert set(files) == names("separable", "thin", "standard") and threads == 1
    assert len(files["standard, float32"]) == len(files["thin, float32"]) > 7 * len(files["separable, float32"])


@pytest.mark.parametrize("name", latency.TIMED)
def test_the_record_is_of_these_files_and_of_a_machine_at_rest(made, name):
    found = json.loads((tflite.LATENCY / f"{name}.json").read_text("utf8"))
    recorded = {entry["file"] for entry in found["files"]}
    assert set(made[name][0]) <= recorded
    if name == "one-thread":
        assert names(*(f"{c.alpha}-{c.resolution}" for c in paper.CHECKPOINTS)) <= recorded
    assert found["command"].startswith(f"python scripts/latency.py {name} ")
    assert 0.97 <= found["ratio"] <= 1.03 and max(found["load"].values()) < 0.1


# How long files take


def test_a_record_of_latency_says_how_long_how_fast_and_busy_the_machine_was_and_if_a_file_took_as_long_as_itself():
    files = {"a.tflite": tiny_file("float32"), "b.tflite": tiny_file("int8")}
    found = latency.measure(files, repeats=5)
    assert [(file["file"], file["bytes"]) for file in found["files"]] == [(name, len(files[name])) for name in files]
    for file in found["files"]:
        low, high = file["quartiles"]
        assert 0 < low <= file["median"] <= high <= file["p95"]
    assert found["ratio"] > 0 and len(found["quartiles"]) == 2 and (found["repeats"], found["threads"]) == (5, 1)
    assert found["machine"]["cores"] >= 1 and "ai-edge-litert" in found["versions"]
    assert list(found["bandwidth"]) == ["0.1", "4", "64"]
    assert all(1 < speed < 10_000 for speed in found["bandwidth"].values())  # GB/s
    for busy in found["load"].values():
        assert busy is None or 0 <= busy <= (os.cpu_count() or 1)


def test_each_file_of_a_record_may_have_threads_of_its_own():
    files, threads = {"a": tiny_file("float32"), "b": tiny_file("float32")}, {"a": 1, "b": 2}
    assert latency.measure(files, repeats=3, threads=threads)["threads"] == threads


def test_other_programs_are_those_that_work_beside_this_one():
    """In 10 seconds all programs had a core for 25 seconds, this one for 5."""
    assert latency._others((100, 1000, 3), (110, 1025, 8)) == 2.0
    assert latency._others(None, None) is None, "where the system does not say"


# The command line


@pytest.fixture
def path(tmp_path):
    tflite.save(tiny_file("float32"), tmp_path / "model.tflite")
    return str(tmp_path / "model.tflite")


@pytest.fixture
def taking(monkeypatch):
    """A function that says how many milliseconds the first file takes, and how many when it runs again."""

    def say(once, again):
        answers = {"model.tflite": once, "": again}
        fake = lambda models, **_: {name: tflite.Latency(np.full(9, answers[name])) for name in models}  # noqa: E731
        monkeypatch.setattr(latency, "latency", fake)

    return say


@pytest.mark.parametrize("again", [9.75, 10.25])
def test_latencies_are_recorded_if_a_file_takes_as_long_as_itself(path, tmp_path, taking, capfd, again):
    taking(10.0, again)
    assert latency.main(["mine", path, "--repeats", "9", "--records", str(tmp_path / "latency")]) == 0
    assert capfd.readouterr().out == "mine: model.tflite: 10 ms\n"
    text = (tmp_path / "latency" / "mine.json").read_text("utf8")
    found = json.loads(text)
    assert found["command"] == "python scripts/latency.py mine model.tflite --repeats 9 --threads 1"
    assert found["ratio"] == again / 10 and found["quartiles"] == [again / 10] * 2
    assert found["files"] == [
        {"file": "model.tflite", "bytes": Path(path).stat().st_size} | {"median": 10, "quartiles": [10, 10], "p95": 10}
    ]
    assert str(tmp_path) not in text, "nothing that belongs to one machine"


@pytest.mark.parametrize("again", [9.65, 10.35])
def test_latencies_of_a_busy_machine_are_not_recorded(path, tmp_path, taking, capfd, again):
    taking(10.0, again)
    err = stopped(latency.main, ["mine", path, "--records", str(tmp_path / "latency")], capfd, 1)
    said = (
        f"mine: not recorded: model.tflite took {again / 10:.3f} times as long as itself, where 0.97 to 1.03 is wanted"
    )
    assert said in err
    assert not (tmp_path / "latency").exists()


def test_files_of_one_name_cannot_be_told_apart_in_a_record(path, capfd):
    assert "each FILE must have another name" in stopped(latency.main, ["mine", path, path], capfd)


def test_without_files_it_times_those_of_the_book(tmp_path, taking, monkeypatch):
    taking(10.0, 10.0)
    monkeypatch.setitem(latency.TIMED, "one-thread", lambda: ({"model.tflite": tiny_file("float32")}, 1))
    assert latency.main(["one-thread", "--repeats", "9", "--records", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "one-thread.json").read_text("utf8"))
    assert found["command"] == "python scripts/latency.py one-thread --repeats 9"
    assert [file["file"] for file in found["files"]] == ["model.tflite"]


def test_another_name_without_files_is_refused(capfd):
    err = stopped(latency.main, ["mine"], capfd)
    assert err.endswith("without a FILE, NAME must be one of one-thread, twice, two-threads, kinds, not 'mine'\n")
