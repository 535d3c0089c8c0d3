"""`data.check`: what is wrong with the photos in a folder."""

import shutil

import pytest
from pictures import bomb, empty, microsoft, text, truncated
from PIL import Image

from mobilenet_lib import data, drawn


def test_the_same_picture_twice_where_a_test_set_is_still_to_be_split_off_is_reported(layout, tmp_path):
    microsoft(layout, tmp_path)
    shutil.copy(tmp_path / "PetImages/Dog/dog.7.jpg", tmp_path / "PetImages/Dog/dog.70.jpg")
    report = data.check(tmp_path)
    assert report.found["duplicates"] == ["PetImages/Dog/dog.7.jpg = PetImages/Dog/dog.70.jpg"] and not report.ok
    assert "The same picture in two splits, in both classes, or where a test set is still to be split off: 1" in str(
        report
    )


def test_a_folder_in_order_is_reported_so(layout):
    report = data.check(layout)
    assert report.ok
    assert report.counts == {
        "training_set/cats": 10,
        "training_set/dogs": 10,
        "test_set/cats": 4,
        "test_set/dogs": 4,
    }
    assert "28 photos, in order" in str(report)


def test_what_cannot_be_read_is_reported(folder):
    empty(folder / "training_set/cats/cat.1.jpg")
    truncated(folder / "training_set/dogs/dog.2.jpg")
    bomb(folder / "test_set/cats/cat.11.jpg")
    report = data.check(folder)
    assert report.found["unreadable"] == [
        "training_set/cats/cat.1.jpg",
        "training_set/dogs/dog.2.jpg",
        "test_set/cats/cat.11.jpg",
    ]
    assert not report.ok
    assert "Cannot be read: 3 ('training_set/cats/cat.1.jpg'" in str(report)


def test_what_is_no_image_is_reported(folder):
    text(folder / "training_set/cats/cat.1.jpg")
    report = data.check(folder)
    assert report.found["not_images"] == ["training_set/cats/cat.1.jpg"]
    assert not report.ok


def test_the_same_picture_in_training_and_test_set_is_reported(folder):
    image = Image.open(folder / "training_set/dogs/dog.7.jpg")
    image.save(folder / "test_set/dogs/dog.99.png")  # the same pixels in another file
    report = data.check(folder)
    assert report.found["duplicates"] == ["training_set/dogs/dog.7.jpg = test_set/dogs/dog.99.png"]
    assert not report.ok


def test_the_same_picture_twice_in_the_training_set_is_no_leak(folder):
    # Kaggle's own has dog.2027.jpg again as dog.3082.jpg: one photo of 800 for validation, at most.
    shutil.copy(folder / "training_set/dogs/dog.7.jpg", folder / "training_set/dogs/dog.70.jpg")
    assert data.check(folder).ok


def test_the_same_picture_as_a_cat_and_as_a_dog_is_reported_because_one_of_them_is_wrong(folder):
    shutil.copy(folder / "training_set/cats/cat.1.jpg", folder / "training_set/dogs/dog.99.jpg")
    report = data.check(folder)
    assert report.found["duplicates"] == ["training_set/cats/cat.1.jpg = training_set/dogs/dog.99.jpg"]
    assert not report.ok


def test_a_photo_in_the_folder_of_the_other_class_is_reported(folder):
    (folder / "training_set/dogs/dog.7.jpg").rename(folder / "training_set/cats/dog.7.jpg")
    report = data.check(folder)
    assert report.found["misfiled"] == ["training_set/cats/dog.7.jpg"]
    assert not report.ok


@pytest.mark.fault("Photos are of an odd kind")
def test_odd_photos_that_are_read_all_the_same_are_reported(folder, shown):
    cats = folder / "training_set/cats"
    drawn.picture(0).save(cats / "cat.50.jpg", "PNG")
    drawn.picture(2).convert("L").save(cats / "cat.51.jpg")
    drawn.picture(4).convert("CMYK").save(cats / "cat.52.jpg")
    drawn.picture(6).convert("RGBA").save(cats / "cat.53.png")
    exif = Image.Exif()
    exif[274] = 6
    drawn.picture(8).save(cats / "cat.54.jpg", exif=exif)
    (cats / "notes.txt").write_text("not a photo")
    report = data.check(folder)
    assert {kind: names for kind, names in report.found.items() if names} == {
        "misnamed": ["training_set/cats/cat.50.jpg"],
        "grayscale": ["training_set/cats/cat.51.jpg"],
        "cmyk": ["training_set/cats/cat.52.jpg"],
        "transparent": ["training_set/cats/cat.53.png"],
        "rotated": ["training_set/cats/cat.54.jpg"],
        "ignored": ["training_set/cats/notes.txt"],
    }
    assert report.ok
    shown(str(report))
