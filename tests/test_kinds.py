"""What int8 costs kept networks, on the photos that validated them."""

import json

import kinds
import pytest
from processes import stopped

from mobilenet_lib import data, tflite, training
from mobilenet_lib.training import __main__ as cli


def test_the_command_records_what_the_int8_file_of_a_kept_network_says_about_its_validation_photos(tmp_path, capsys):
    size = ["--alpha", "0.1", "--resolution", "32", "--limit", "40", "--epochs", "1", "--no-test", "--keep"]
    split = ["--validation", "0.25", "--seed", "3", "--no-separable"]
    where = ["--data", "drawn", "--runs", str(tmp_path / "runs")]
    cli.main(["--name", "thin", *size, *split, *where])
    kinds.main(["thin", "--limit", "40", *where])
    found = json.loads((tmp_path / "kernels" / "kinds.json").read_text())
    assert found["command"] == "python scripts/kinds.py thin --data drawn --limit 40"
    (row,) = found["networks"]
    run = training.load_run(tmp_path / "runs" / "thin.json")
    assert row["keras"] == pytest.approx(run.curve("val_accuracy")[-1]) and row["photos"] == 40
    # The same file, asked about the same photos one by one.
    photos = data.load(32, source="drawn", limit=40, validation=0.25, seed=3)
    model = training.load_model(tmp_path / "models" / "thin.keras")
    file = tflite.convert(model, "int8", data.normalize(photos.images("train")[0][:100]))
    images, labels = photos.images("validation")
    right = [tflite.predict(file, data.normalize(image[None])).argmax() for image in images] == labels
    assert row["int8"] == pytest.approx(right.mean()) and row["bytes"] == len(file)
    assert "nothing" in stopped(kinds.main, ["nothing", *where], capsys)
