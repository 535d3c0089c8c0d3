"""What a file says: probabilities, maps, how good it is; from a path or from memory, alone or in threads."""

import logging
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf
from networks import LABELS, ROUNDING, SIZE, file, foreign, lively, mapped, pictures, tiny, tiny_file

from mobilenet_lib import models, tflite, training


def test_a_path_does_as_well_as_the_content(tmp_path):
    path = tmp_path / "cät or dog.tflite"
    path.write_bytes(tiny_file("int8"))
    for place in (path, str(path)):
        np.testing.assert_array_equal(
            tflite.predict(place, pictures(2)), tflite.predict(tiny_file("int8"), pictures(2))
        )
        assert tflite.labels(place) == LABELS


def test_threads_do_not_change_the_answer():
    one, two = (tflite.predict(file("float32"), pictures(2), threads=threads) for threads in (1, 2))
    np.testing.assert_allclose(one, two, atol=1e-6)


def test_a_tflite_file_of_an_open_batch_is_run_image_by_image():
    any_batch = foreign(lambda a: tf.nn.softmax(tf.reduce_mean(a, (1, 2))), (None, SIZE, SIZE, 3))
    images = pictures(3)
    powers = np.exp(images.mean(axis=(1, 2)))
    np.testing.assert_allclose(tflite.predict(any_batch, images), powers / powers.sum(axis=1, keepdims=True), atol=1e-6)


# How good it is


def test_evaluate_says_the_same_as_training_evaluate():
    batches = [(pictures(6, seed=seed), np.array([0, 1, 0, 1, 1, 1])) for seed in range(3)]
    ours, keras_says = tflite.evaluate(tiny_file("float32"), batches), training.evaluate(tiny(), batches)
    np.testing.assert_allclose(ours.probabilities, keras_says.probabilities, atol=ROUNDING)
    np.testing.assert_array_equal(ours.labels, keras_says.labels)
    assert ours.accuracy == keras_says.accuracy


def test_an_empty_dataset_is_refused():
    with pytest.raises(ValueError, match="dataset must have at least one batch"):
        tflite.evaluate(tiny_file("float32"), [])


@pytest.mark.parametrize("answers", [[[1, 0]], [2], [0.5], ["cat"]])
def test_labels_of_a_dataset_are_numbers_of_classes(answers):
    with pytest.raises(ValueError, match="labels must be 1 whole numbers from 0 to 1, one for each photo"):
        tflite.evaluate(tiny_file("float32"), [(pictures(1), answers)])


# Where it looked


def test_maps_are_those_of_keras():
    images = pictures(5, seed=1)
    _, expected = models.with_maps(lively())(images, training=False)
    shown = tflite.maps(mapped("float32"), images)
    assert shown.shape == (5, SIZE // 32, SIZE // 32, 2) and shown.dtype == np.float32
    np.testing.assert_allclose(shown, expected, atol=1e-3 * np.abs(expected).max())


@pytest.mark.parametrize("mode", ["float32", "int8"])
def test_maps_change_neither_the_answers_nor_the_labels_and_hardly_the_size(mode):
    images = pictures(20, seed=1)
    np.testing.assert_allclose(tflite.predict(mapped(mode), images), tflite.predict(file(mode), images), atol=0.01)
    assert tflite.labels(mapped(mode)) == LABELS
    assert 0 < len(mapped(mode)) - len(file(mode)) < 2000, "the classifier is there once"


def test_a_file_without_maps_has_none_to_show():
    with pytest.raises(ValueError, match=r"tflite_model must give maps .* has one output"):
        tflite.maps(tiny_file("float32"), pictures(1))


# Files of something else


SOMETHING_ELSE = {
    "two inputs": (lambda a, b: a + b, [(1, 4), (1, 4)], "must have one input and one output, .* bytes has 2 and 1"),
    "no image": (lambda a: a * 2, [(1, 4)], r"must turn an image .* turns \[1, 4\] into \[1, 4\]"),
    "any size": (lambda a: tf.reduce_mean(a, (1, 2)), [(1, None, None, 3)], r"must turn .* turns \[1, -1, -1, 3\]"),
    "several answers": (
        lambda a: tf.nn.softmax(tf.reshape(a, (-1, 3))),
        [(1, 2, 2, 3)],
        r"must turn .* turns \[1, 2, 2, 3\] into \[4, 3\]",
    ),
    "two images": (lambda a: tf.reduce_mean(a, (1, 2)), [(2, 8, 8, 3)], r"must turn .* turns \[2, 8, 8, 3\]"),
}


@pytest.mark.parametrize(("function", "shapes", "reason"), SOMETHING_ELSE.values(), ids=SOMETHING_ELSE.keys())
def test_a_file_of_something_else_is_refused(function, shapes, reason):
    with pytest.raises(ValueError, match=f"tflite_model {reason}"):
        tflite.predict(foreign(function, *shapes), pictures(1))


def test_a_file_that_takes_bytes_and_does_not_say_their_scale_is_refused():
    content = foreign(lambda a: tf.reduce_mean(tf.cast(a, tf.float32), (1, 2)), (1, SIZE, SIZE, 3), kind=tf.uint8)
    with pytest.raises(ValueError, match=r"tflite_model must take float32, or say its scale; .* takes uint8 without"):
        tflite.predict(content, pictures(1))


def test_whole_numbers_that_a_file_gives_come_as_float32():
    certain = foreign(lambda image: tf.cast(tf.reduce_mean(image, (1, 2)) * 0 + [1.0, 0, 0], tf.int32), (1, 64, 64, 3))
    assert tflite.predict(certain, pictures(1)).dtype == np.float32


def test_a_file_that_gives_no_probabilities_is_refused():
    logits = foreign(lambda image: 5 * tf.reduce_mean(image, (1, 2)), (1, SIZE, SIZE, 3))
    with pytest.raises(ValueError, match=r"tflite_model must give probabilities; these .* bytes gives \[.*\], of sum"):
        tflite.predict(logits, pictures(1))
    with pytest.raises(ValueError, match="tflite_model must give probabilities"):
        tflite.evaluate(logits, [(pictures(1), [0])])


# From a server


def process():
    """What belongs to the process, and so to other threads, too."""
    streams = [(os.fstat(number).st_dev, os.fstat(number).st_ino) for number in (1, 2)]
    return streams, sys.stdout, sys.stderr, logging.root.manager.disable, logging.getLogger("absl").filters.copy()


def test_predictions_and_conversions_in_threads_are_right_and_leave_the_process_as_it_was(capfd):
    images, before = pictures(40), process()
    expected = tflite.predict(tiny_file("float32"), images)

    def work(number):
        assert process() == before
        if number % 20 == 0:
            assert tflite.convert(tiny(), "int8", pictures(20), labels=LABELS) == tiny_file("int8")
        if number % 10 == 0:
            tflite.latency(tiny_file("float32"), repeats=2)
            return tflite.evaluate(tiny_file("float32"), [(images[number : number + 1], [0])]).probabilities[0]
        return tflite.predict(tiny_file("float32"), images[number : number + 1])[0]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(work, range(len(images))))
    np.testing.assert_array_equal(found, expected)
    assert process() == before
    capfd.readouterr()
    os.write(1, b"still here"), os.write(2, b"and here")
    assert capfd.readouterr() == ("still here", "and here")


def test_running_prints_nothing(capfd):
    tflite.predict(tiny_file("float32"), pictures(1))  # LiteRT says once in a process that it has an accelerator
    capfd.readouterr()
    tflite.predict(tiny_file("int8"), pictures(1))
    with pytest.raises(ValueError):
        tflite.predict(b"hello", pictures(1))
    assert capfd.readouterr() == ("", "")
