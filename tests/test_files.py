"""`data.files`: which files count, and what folders are called."""

import io

import numpy as np
import pytest

from mobilenet_lib import data


def test_a_photo_that_is_a_link_to_nowhere_is_a_bad_file(folder):
    photo = folder / "training_set/cats/cat.3.jpg"
    photo.unlink()
    photo.symlink_to("moved.jpg")
    with pytest.warns(UserWarning, match="left out: 1"):
        assert data.load(32, source=folder).skipped == ("training_set/cats/cat.3.jpg",)
    assert data.check(folder).found["unreadable"] == ["training_set/cats/cat.3.jpg"]


def test_hidden_and_other_files_are_no_photos(folder):
    for name in (".DS_Store", "._cat.1.jpg", "Thumbs.db", "notes.txt"):
        (folder / "test_set/cats" / name).write_bytes(b"something")
    assert data.load(32, source=folder).skipped == ()


@pytest.mark.parametrize("work", [lambda place: data.load(32, source=place), data.check, data.download])
def test_a_home_that_is_not_known_is_named(work):
    with pytest.raises(FileNotFoundError, match="'~nobody-at-all/photos'"):
        work("~nobody-at-all/photos")


@pytest.mark.parametrize("place", [5, b"photos", io.BytesIO(b"photos")])
@pytest.mark.parametrize("work", [data.check, data.download])
def test_what_is_no_path_of_a_folder_is_named(work, place):
    with pytest.raises(ValueError, match="folder must be a path, not "):
        work(place)


@pytest.mark.parametrize("name", ["{}.jfif", "{}.JPG", "{}", "{}.photo"])
def test_photos_of_any_name_are_loaded(folder, quiet, name):
    for path in (folder / "training_set/cats").iterdir():
        path.rename(path.with_name(name.format(path.stem)))
    photos = data.load(32, source=folder)
    assert np.bincount(np.concatenate([photos.images(split)[1] for split in ("train", "validation")])).tolist() == [
        10,
        10,
    ]
    assert data.check(folder).ok
