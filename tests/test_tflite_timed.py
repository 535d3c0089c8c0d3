"""The files whose times the book keeps. What they took is in data/latency, and no test."""

import json

import pytest

from mobilenet_lib import architecture, models, paper, tflite
from mobilenet_lib.tflite import timed
from mobilenet_lib.tflite.files import opened

ENDS = paper.CHECKPOINTS[0], paper.CHECKPOINTS[-1]


@pytest.fixture(scope="module")
def made():
    """What is timed, if there were two networks instead of sixteen, of an eighth of the channels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paper, "CHECKPOINTS", ENDS)
        network = models.mobilenet
        patch.setattr(models, "mobilenet", lambda alpha=1.0, **options: network(alpha / 8, **options))
        files = timed.networks()
        patch.setattr(timed, "networks", lambda: files)
        return {name: make() for name, make in timed.TIMED.items()}


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


def test_on_two_threads_the_same_three_networks_run_again(made):
    files, threads = made["two-threads"]
    assert {name.rpartition(", ")[0] for name in files} == names("1.0-224", "0.25-128", "Conv-224")
    assert all(count == int(name[-1]) for name, count in threads.items()) and set(threads.values()) == {1, 2}
    assert all(file == made["one-thread"][0][name[:-3]] for name, file in files.items())


@pytest.mark.parametrize("name", timed.TIMED)
def test_the_record_is_of_these_files_and_of_a_machine_at_rest(made, name):
    found = json.loads((tflite.LATENCY / f"{name}.json").read_text("utf8"))
    recorded = {entry["file"] for entry in found["files"]}
    assert set(made[name][0]) <= recorded
    if name == "one-thread":
        assert names(*(f"{c.alpha}-{c.resolution}" for c in paper.CHECKPOINTS)) <= recorded
    assert found["command"].startswith(f"python -m mobilenet_lib.tflite latency {name} ")
    assert 0.97 <= found["ratio"] <= 1.03 and max(found["load"].values()) < 0.1
