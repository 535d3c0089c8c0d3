"""On the command line: what is on a photo, and a record of what the formats do."""

import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from networks import LABELS, SIZE, foreign, on_pixels, tiny, tiny_file
from PIL import Image

from mobilenet_lib import data, tflite, training
from mobilenet_lib.tflite import __main__ as command
from mobilenet_lib.tflite import recording
from mobilenet_lib.tflite.files import packed, unpacked


def stopped(arguments, capfd):
    """What the command says when it ends with status 2."""
    with pytest.raises(SystemExit) as end:
        command.main(arguments)
    assert end.value.code == 2
    return capfd.readouterr().err


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "my photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 40, 3), np.uint8)).save(path)
    return str(path)


@pytest.fixture
def saved(tmp_path):
    """A function that saves a file, and says where."""

    def save(content):
        tflite.save(content, tmp_path / "model.tflite")
        return str(tmp_path / "model.tflite")

    return save


def test_the_command_line_says_what_is_on_a_photo(photo, saved, capfd):
    probabilities = tflite.predict(tiny_file("float32"), data.normalize(data.read(photo, SIZE))[np.newaxis])[0]
    model = saved(tiny_file("float32"))
    capfd.readouterr()  # what TensorFlow says when it converts for the first time
    assert command.main([photo, "--model", model]) == 0
    shown = capfd.readouterr()
    named = f"{LABELS[probabilities.argmax()]} (cat {probabilities[0]:.1%}, dog {probabilities[1]:.1%}; "
    assert shown.out.startswith(f"{photo}: {named}") and re.search(r"[\d.]+ ms\)\n$", shown.out)
    assert all(line.startswith("INFO: ") for line in shown.err.splitlines()), "LiteRT's one line on its accelerator"


def test_the_command_line_normalizes_as_the_file_says(photo, saved, capfd):
    contents = tiny_file("float32"), tflite.convert(on_pixels(), "float32", labels=LABELS, normalization=(0, 1))
    answers = []
    for content in contents:
        assert command.main([photo, "--model", saved(content)]) == 0
        answers.append(capfd.readouterr().out.rsplit(";", 1)[0])
    assert answers[0] == answers[1]


def test_without_labels_classes_have_numbers(photo, saved, capfd):
    assert command.main([photo, "--model", saved(tflite.convert(tiny(), "float32"))]) == 0
    assert re.search(r"class [01] \(class 0 .*%, class 1 .*%; ", capfd.readouterr().out)


def test_a_photo_that_cannot_be_read_does_not_stop_the_others(photo, saved, tmp_path, capfd):
    (tmp_path / "text.jpg").write_text("no photo")
    photos = [str(tmp_path / "missing.jpg"), str(tmp_path / "text.jpg"), photo]
    assert command.main([*photos, "--model", saved(tiny_file("float32"))]) == 1
    shown = capfd.readouterr()
    assert "missing.jpg" in shown.err and "text.jpg" in shown.err and "Traceback" not in shown.err
    assert "my photo.png: " in shown.out


# What stops it


def test_a_missing_model_is_named_with_where_there_is_one(photo, tmp_path, capfd):
    err = stopped([photo, "--model", str(tmp_path / "none.tflite")], capfd)
    assert "there is no model in" in err and "none.tflite" in err


@pytest.mark.fault("A .tflite file is cut off, or is something else")
def test_a_broken_model_is_named(photo, saved, capfd, shown):
    err = stopped([photo, "--model", saved(b"no model")], capfd)
    assert "model.tflite" in err
    shown(err)


@pytest.mark.fault("A .tflite file is cut off, or is something else")
def test_a_model_with_damaged_labels_is_named(photo, saved, capfd, shown):
    shown(stopped([photo, "--model", saved(tiny_file("int8").replace(b"cat\n", b"c\xe4t\n"))], capfd))


def test_a_model_with_labels_for_other_classes_is_refused(photo, saved, capfd):
    three = packed(unpacked(tiny_file("float32")), ["cat", "dog", "bird"])
    err = stopped([photo, "--model", saved(three)], capfd)
    assert "the model must have a label for each of its 2 classes, not 3" in err


@pytest.mark.fault("A .tflite file is for something else")
def test_a_model_for_something_else_is_named(photo, saved, capfd, shown):
    wide = foreign(lambda image: tf.nn.softmax(tf.reduce_mean(image, (1, 2))), (1, 32, 64, 3))
    shown(stopped([photo, "--model", saved(wide)], capfd))


@pytest.mark.fault("A .tflite file gives no probabilities")
def test_a_model_that_gives_logits_is_refused(photo, saved, capfd, shown):
    logits = foreign(lambda image: tf.reduce_sum(image, (1, 2)), (1, SIZE, SIZE, 3))
    shown(stopped([photo, "--model", saved(logits)], capfd))


# Recording what the formats do


def test_google_weights_can_be_recorded_but_not_kept(imagenet_weights, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(recording, "RECORDED", {"float32": {"mode": "float32"}})
    monkeypatch.setattr(recording, "CHANGED", {})
    arguments = ["record", "imagenet-128", "--data", "drawn", "--limit", "20", "--exports", str(tmp_path / "exports")]
    assert "its weights are Google's" in stopped([*arguments, "--keep"], capfd)
    assert command.main(arguments) == 0
    found = json.loads((tmp_path / "exports" / "imagenet-128.json").read_text("utf8"))
    assert found["network"] == "ImageNet weights, α = 0.25, 128 px"
    assert found["command"] == "python -m mobilenet_lib.tflite record imagenet-128 --data drawn --limit 20"


def test_a_model_that_is_not_kept_cannot_be_recorded(tmp_path, capfd):
    other = tmp_path / "other.keras"
    other.write_bytes(b"no model")
    for name, reason in (("no such model", "there is no"), (str(other), "other.keras")):
        assert reason in stopped(["record", name, "--data", "drawn", "--exports", str(tmp_path / "exports")], capfd)
    assert not (tmp_path / "exports").exists()


@pytest.fixture
def taking(monkeypatch):
    """A function that says how many milliseconds the first file takes, and how many when it runs again."""

    def say(once, again):
        answers = {"model.tflite": once, "": again}
        fake = lambda models, **_: {name: tflite.Latency(np.full(9, answers[name])) for name in models}  # noqa: E731
        monkeypatch.setattr(recording, "latency", fake)

    return say


@pytest.mark.parametrize("again", [9.75, 10.25])
def test_latencies_are_recorded_if_a_file_takes_as_long_as_itself(saved, tmp_path, taking, capfd, again):
    taking(10.0, again)
    path = saved(tiny_file("float32"))
    assert command.main(["latency", "mine", path, "--repeats", "9", "--records", str(tmp_path / "latency")]) == 0
    assert capfd.readouterr().out == "mine: model.tflite: 10 ms\n"
    text = (tmp_path / "latency" / "mine.json").read_text("utf8")
    found = json.loads(text)
    assert found["command"] == "python -m mobilenet_lib.tflite latency mine model.tflite --repeats 9 --threads 1"
    assert found["ratio"] == again / 10 and found["quartiles"] == [again / 10] * 2
    assert found["files"] == [
        {"file": "model.tflite", "bytes": Path(path).stat().st_size} | {"median": 10, "quartiles": [10, 10]}
    ]
    assert str(tmp_path) not in text, "nothing that belongs to one machine"


@pytest.mark.parametrize("again", [9.65, 10.35])
def test_latencies_of_a_busy_machine_are_not_recorded(saved, tmp_path, taking, capfd, again):
    taking(10.0, again)
    with pytest.raises(SystemExit) as end:
        command.main(["latency", "mine", saved(tiny_file("float32")), "--records", str(tmp_path / "latency")])
    assert end.value.code == 1
    said = (
        f"mine: not recorded: model.tflite took {again / 10:.3f} times as long as itself, where 0.97 to 1.03 is wanted"
    )
    assert said in capfd.readouterr().err
    assert not (tmp_path / "latency").exists()


def test_files_of_one_name_cannot_be_told_apart_in_a_record(saved, capfd):
    path = saved(tiny_file("float32"))
    assert "each FILE must have another name" in stopped(["latency", "mine", path, path], capfd)


def test_without_files_it_times_those_of_the_book(tmp_path, taking, monkeypatch):
    taking(10.0, 10.0)
    monkeypatch.setitem(command.TIMED, "one-thread", lambda: ({"model.tflite": tiny_file("float32")}, 1))
    assert command.main(["latency", "one-thread", "--repeats", "9", "--records", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "one-thread.json").read_text("utf8"))
    assert found["command"] == "python -m mobilenet_lib.tflite latency one-thread --repeats 9"
    assert [file["file"] for file in found["files"]] == ["model.tflite"]


def test_another_name_without_files_is_refused(capfd):
    err = stopped(["latency", "mine"], capfd)
    assert err.endswith("without a FILE, NAME must be one of one-thread, two-threads, not 'mine'\n")


@pytest.mark.fault("A .tflite file is for something else")
@pytest.mark.parametrize("shape", [(32, 48, 3), (32, 32, 1)])
def test_a_model_of_other_images_than_square_ones_in_color_cannot_be_recorded(tmp_path, capfd, shown, shape):
    image = keras.Input(shape)
    model = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(image)))
    training.save_model(model, tmp_path / "other.keras")
    arguments = ["record", str(tmp_path / "other.keras"), "--data", "drawn", "--exports", str(tmp_path / "exports")]
    err = stopped(arguments, capfd)
    shown(err)
    assert err.endswith(f"error: the model must take square color images, not {list(shape)}\n")
