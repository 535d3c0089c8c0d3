"""On the command line: what is on a photo."""

import re

import numpy as np
import pytest
import tensorflow as tf
from networks import LABELS, SIZE, foreign, on_pixels, tiny, tiny_file
from PIL import Image
from processes import stopped

from mobilenet_lib import data, tflite
from mobilenet_lib.tflite import __main__ as command
from mobilenet_lib.tflite.files import packed, unpacked


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


def test_a_file_that_does_not_say_its_normalization_is_answered_for_with_a_word_on_it(photo, saved, capfd):
    plain = foreign(lambda image: tf.nn.softmax(tf.reduce_mean(image, (1, 2))), (1, SIZE, SIZE, 3))
    for content, guessed in ((plain, True), (tiny_file("float32"), False)):
        assert command.main([photo, "--model", saved(content)]) == 0
        assert ("does not say what pixels it takes: [−1, 1] is assumed" in capfd.readouterr().err) is guessed


def test_a_photo_that_cannot_be_read_does_not_stop_the_others(photo, saved, tmp_path, capfd):
    (tmp_path / "text.jpg").write_text("no photo")
    photos = [str(tmp_path / "missing.jpg"), str(tmp_path / "text.jpg"), photo]
    assert command.main([*photos, "--model", saved(tiny_file("float32"))]) == 1
    shown = capfd.readouterr()
    assert "missing.jpg" in shown.err and "text.jpg" in shown.err and "Traceback" not in shown.err
    assert "my photo.png: " in shown.out


# What stops it


def test_a_missing_model_is_named_with_where_there_is_one(photo, tmp_path, capfd):
    err = stopped(command.main, [photo, "--model", str(tmp_path / "none.tflite")], capfd)
    assert "there is no model in" in err and "none.tflite" in err
    assert "the book keeps one in data/models of its repository" in err


@pytest.mark.fault("A .tflite file is cut off, or is something else")
def test_a_broken_model_is_named(photo, saved, capfd, shown):
    err = stopped(command.main, [photo, "--model", saved(b"no model")], capfd)
    assert "model.tflite" in err
    shown(err)


@pytest.mark.fault("A .tflite file is cut off, or is something else")
def test_a_model_with_damaged_labels_is_named(photo, saved, capfd, shown):
    shown(stopped(command.main, [photo, "--model", saved(tiny_file("int8").replace(b"cat\n", b"c\xe4t\n"))], capfd))


def test_a_model_with_labels_for_other_classes_is_refused(photo, saved, capfd):
    three = packed(unpacked(tiny_file("float32")), ["cat", "dog", "bird"])
    err = stopped(command.main, [photo, "--model", saved(three)], capfd)
    assert "the model must have a label for each of its 2 classes, not 3" in err


@pytest.mark.fault("A .tflite file is for something else")
def test_a_model_for_something_else_is_named(photo, saved, capfd, shown):
    wide = foreign(lambda image: tf.nn.softmax(tf.reduce_mean(image, (1, 2))), (1, 32, 64, 3))
    shown(stopped(command.main, [photo, "--model", saved(wide)], capfd))


@pytest.mark.fault("A .tflite file gives no probabilities")
def test_a_model_that_gives_logits_is_refused(photo, saved, capfd, shown):
    logits = foreign(lambda image: tf.reduce_sum(image, (1, 2)), (1, SIZE, SIZE, 3))
    shown(stopped(command.main, [photo, "--model", saved(logits)], capfd))
