"""What the formats do, recorded: as Keras, NumPy and the photos say it."""

import json
import re
import sys
from functools import cache
from itertools import islice

import exports
import keras
import numpy as np
import pytest
from aware import train_aware
from networks import LABELS, ROUNDING, pictures
from processes import stopped
from small_training import small

from mobilenet_lib import data, models, tflite, training

SIDE = 32


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a kept model, and what the command recorded and kept of it on a few drawn images."""
    folder = tmp_path_factory.mktemp("models and exports")
    training.save_model(small(side=SIDE), folder / "small.keras")
    options = ["--data", "drawn", "--limit", "20", "--exports", str(folder / "exports"), "--keep"]
    assert exports.main([str(folder / "small.keras"), *options]) == 0
    return folder


@pytest.fixture(scope="module")
def model(folder):
    return training.load_model(folder / "small.keras")


@pytest.fixture
def found(folder):
    return json.loads((folder / "exports" / "small.json").read_text("utf8"))


@cache
def drawn():
    return data.load(SIDE, source="drawn", limit=20)


def test_every_format_is_recorded_on_the_test_split(model, found):
    names = [file["file"] for file in found["files"]]
    assert names[:4] == [*tflite.MODES]
    assert names[4:7] == ["dynamic, not corrected", "int8, not corrected", "int8, one scale per layer"]
    assert names[7:] == ["int8, trained to be rounded", "int8, one scale per layer, dead channels silenced"]
    assert found["data"] == {"source": drawn().source, "drawn": True, "counts": drawn().counts}
    assert found["keras"] == training.evaluate(model, drawn().test).accuracy and found["resolution"] == SIDE


def test_the_record_of_a_format_has_its_bytes_and_what_it_changes(model, found):
    float32, *_ = found["files"]
    (per_layer,) = (file for file in found["files"] if file["file"] == "int8, one scale per layer")
    assert float32["largest_difference"] <= ROUNDING and float32["changed"] == 0
    assert float32["bytes"] == len(tflite.convert(model, "float32", labels=LABELS))
    assert float32["accuracy"] == found["keras"]
    calibration = data.normalize(drawn().images("train")[0])
    content = tflite.convert(model, "int8", calibration, labels=LABELS, per_channel=False)
    images = data.normalize(drawn().images("test")[0])
    difference = np.abs(tflite.predict(content, images) - np.asarray(model(images, training=False)))
    assert per_layer["largest_difference"] == pytest.approx(difference.max(), rel=0.05)
    assert per_layer["mean_difference"] == pytest.approx(difference.mean(), rel=0.05)


def test_the_record_has_what_keras_and_each_file_say_of_every_image(model, found):
    images = data.normalize(drawn().images("test")[0])
    expected = np.asarray(model(images, training=False)).argmax(axis=1)
    assert found["predictions"] == "".join(map(str, expected))
    for file in found["files"]:
        pairs = zip(found["predictions"], file["predictions"], strict=True)
        assert file["changed"] == sum(one != other for one, other in pairs)


def test_calibration_is_tried_with_three_sets_of_images_that_share_none(model, found):
    pixels, images = drawn().images("train")[0], data.normalize(drawn().images("test")[0])
    in_keras = np.asarray(model(images, training=False)).argmax(axis=1)
    contents = [tflite.convert(model, "int8", data.normalize(pixels[[number]])) for number in range(3)]
    changed = [int((tflite.predict(content, images).argmax(axis=1) != in_keras).sum()) for content in contents]
    (row,) = found["calibrated"]  # of 18 images, there are no three sets of ten
    assert (row["images"], row["changed"]) == (1, changed) and len(row["accuracy"]) == 3


def test_training_to_be_rounded_is_repeated_with_other_seeds(model, found):
    assert [row["seed"] for row in found["trained"]] == [1, 2, 3, 4]
    images, calibration = (data.normalize(drawn().images(split)[0]) for split in ("test", "train"))
    content = tflite.convert(train_aware(model, drawn(), seed=4), "int8", calibration, bias_correction=False)
    in_keras = np.asarray(model(images, training=False)).argmax(axis=1)
    changed = int((tflite.predict(content, images).argmax(axis=1) != in_keras).sum())
    assert found["trained"][-1]["changed"] == changed


def test_a_python_without_the_quantizer_is_named(tmp_path, capfd):
    training.save_model(small(side=SIDE), tmp_path / "small.keras")
    options = ["--data", "drawn", "--limit", "20", "--exports", str(tmp_path / "exports")]
    said = stopped(exports.main, [str(tmp_path / "small.keras"), *options, "--quantizer", sys.executable], capfd)
    reason = "ModuleNotFoundError: No module named 'ai_edge_quantizer'"
    assert f"--quantizer must be a Python with ai-edge-quantizer; {sys.executable} says: {reason}" in said
    assert not list((tmp_path / "exports").iterdir())


def test_a_record_of_formats_says_how_to_repeat_it_and_nothing_that_belongs_to_one_machine(found, folder):
    assert found["command"] == "python scripts/exports.py small --data drawn --limit 20 --keep"
    assert {"tensorflow", "keras", "ai-edge-litert"} <= set(found["versions"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found["date"]) and found["machine"]["cores"] >= 1
    assert str(folder) not in json.dumps(found, ensure_ascii=False)


def test_only_the_record_and_the_kept_files_are_left(folder):
    assert [entry.name for entry in (folder / "exports").iterdir()] == ["small.json"]
    assert {entry.name for entry in (folder / "models").iterdir()} == set(exports.KEPT)


def test_the_kept_files_have_labels_maps_and_the_accuracy_that_stands_in_the_record(found, folder):
    for name, entry in zip(exports.KEPT, found["kept"], strict=True):
        path = folder / "models" / name
        assert tflite.labels(path) == LABELS and tflite.maps(path, pictures(1, SIDE)).shape == (1, 16, 16, 2)
        accuracy = tflite.evaluate(path, drawn().test).accuracy
        assert entry == {"file": name, "bytes": path.stat().st_size, "accuracy": accuracy}


# The command line


def test_google_weights_can_be_recorded_but_not_kept(imagenet_weights, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(exports, "RECORDED", {"float32": {"mode": "float32"}})
    monkeypatch.setattr(exports, "CHANGED", {})
    monkeypatch.setattr(exports, "CALIBRATED", ())
    monkeypatch.setattr(exports, "SEEDS", ())
    monkeypatch.setattr(exports, "one_scale", lambda *_: [])
    arguments = ["imagenet-128", "--data", "drawn", "--limit", "20", "--exports", str(tmp_path / "exports")]
    assert "its weights are Google's" in stopped(exports.main, [*arguments, "--keep"], capfd)
    assert exports.main(arguments) == 0
    found = json.loads((tmp_path / "exports" / "imagenet-128.json").read_text("utf8"))
    assert found["network"] == "ImageNet weights, α = 0.25, 128 px"
    assert found["command"] == "python scripts/exports.py imagenet-128 --data drawn --limit 20"


def test_a_model_that_is_not_kept_cannot_be_recorded(tmp_path, capfd):
    other = tmp_path / "other.keras"
    other.write_bytes(b"no model")
    for name, reason in (("no such model", "there is no"), (str(other), "other.keras")):
        assert reason in stopped(exports.main, [name, "--data", "drawn", "--exports", str(tmp_path / "exports")], capfd)
    assert not (tmp_path / "exports").exists()


@pytest.mark.fault("A .tflite file is for something else")
@pytest.mark.parametrize("shape", [(32, 48, 3), (32, 32, 1)])
def test_a_model_of_other_images_than_square_ones_in_color_cannot_be_recorded(tmp_path, capfd, shown, shape):
    image = keras.Input(shape)
    model = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(image)))
    training.save_model(model, tmp_path / "other.keras")
    arguments = [str(tmp_path / "other.keras"), "--data", "drawn", "--exports", str(tmp_path / "exports")]
    err = stopped(exports.main, arguments, capfd)
    shown(err)
    assert err.endswith(f"error: the model must take square color images, not {list(shape)}\n")


# On the real photos, with Google's weights below a linear head


@cache
def classifier(photos):
    """A classifier, photos that it has not seen, and what it says of them."""
    cats_and_dogs = data.load(128, source=photos, limit=1000)
    backbone = models.imagenet_backbone(0.25, 128)
    pool = keras.Model(backbone.input, keras.layers.GlobalAveragePooling2D()(backbone.output))
    images, labels = cats_and_dogs.images("train")
    features = np.concatenate([pool(data.normalize(part), training=False) for part in np.array_split(images, 10)])
    # Ridge regression instead of gradient descent: there is nothing to tune. The factor makes it a logit.
    centered = np.column_stack([features, np.ones(len(features))])
    weights = np.linalg.solve(centered.T @ centered + 10 * np.eye(257), centered.T @ (2.0 * labels - 1)) * 4
    model = models.mobilenet(0.25, 128, 2)
    head = [
        np.stack([-weights[:-1], weights[:-1]], axis=1)[np.newaxis, np.newaxis],
        np.array([-1, 1]) * weights[-1],
    ]
    model.set_weights([*backbone.get_weights(), *head])
    test = list(islice(cats_and_dogs.test, 15))
    in_keras = training.evaluate(model, test)
    assert len(in_keras.labels) == 480 and in_keras.accuracy > 0.85
    return model, test, data.normalize(images[:100]), in_keras


@pytest.mark.parametrize(
    ("options", "points"),
    [({"mode": "float32"}, 0), ({"mode": "float16"}, 0.3), ({"mode": "dynamic"}, 0.4), ({"mode": "int8"}, 1)],
    ids=tflite.MODES,
)
def test_on_photos_a_file_loses_at_most_a_point(photos, imagenet_weights, options, points):
    model, test, calibration, in_keras = classifier(photos)
    found = tflite.evaluate(tflite.convert(model, calibration=calibration, **options), test, threads=2)
    assert 100 * (in_keras.accuracy - found.accuracy) <= points
    if options["mode"] == "float32":
        np.testing.assert_allclose(found.probabilities, in_keras.probabilities, atol=ROUNDING)


def test_on_photos_int8_with_one_scale_per_tensor_is_chance(photos, imagenet_weights):
    """Krishnamoorthi 2018 (arXiv 1806.08342), table 2: 0.001 top-1 per layer, 0.591 and more per channel."""
    model, test, calibration, _ = classifier(photos)
    content = tflite.convert(model, "int8", calibration, per_channel=False)
    assert tflite.evaluate(content, test, threads=2).accuracy == pytest.approx(0.5, abs=0.05)
