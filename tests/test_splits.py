"""`data.load`: which images are read, from where, into which split, and what is said of the others."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from pictures import BAD, HEIC, competition, digests, empty, filtered, forbid, microsoft, save_picture, text

from mobilenet_lib import data, drawn
from mobilenet_lib.data import splits


@pytest.fixture
def no_photos(monkeypatch, tmp_path) -> Path:
    """No photos in any of the places that "auto" looks at; the last of them is returned."""
    monkeypatch.delenv("CATS_DOGS_DIR", raising=False)
    monkeypatch.setattr(splits, "data_folder", lambda: tmp_path / "data" / "cats-dogs")
    return tmp_path / "data" / "cats-dogs"


def test_the_label_is_the_class_of_the_folder(layout):
    images, labels = data.load(32, source=layout).images("test")
    cats = [data.read(path, 32) for path in (layout / "test_set/cats").iterdir()]
    assert digests(images[labels == 0]) == digests(cats)


def test_the_validation_split_comes_out_of_the_training_set(layout):
    photos = data.load(32, source=layout, validation=0.3)
    train, validation = (digests(photos.images(split)[0]) for split in ("train", "validation"))
    files = [data.read(path, 32) for path in (layout / "training_set").rglob("*.jpg")]
    assert train | validation == digests(files)
    assert not train & validation


def test_the_validation_split_has_the_same_share_of_each_class(layout):
    _, labels = data.load(32, source=layout, validation=0.3).images("validation")
    assert sorted(labels) == [0, 0, 0, 1, 1, 1]


def test_the_seed_chooses_the_validation_split(layout):
    def chosen(seed):
        return digests(data.load(32, source=layout, seed=seed).images("validation")[0])

    assert chosen(1) == chosen(1)
    assert len({frozenset(chosen(seed)) for seed in range(5)}) > 1


def test_the_test_split_is_the_whole_test_set_whatever_the_seed(layout):
    for seed in (0, 1):
        images, _ = data.load(32, source=layout, seed=seed).images("test")
        assert digests(images) == digests([data.read(path, 32) for path in (layout / "test_set").rglob("*.jpg")])


@pytest.mark.parametrize("source", [None, 5, ["photos"]])
def test_a_source_that_is_no_folder_is_named(source):
    with pytest.raises(ValueError, match="source must be 'auto', 'drawn' or a folder, not "):
        data.load(32, source=source)


def test_cats_and_dogs_take_turns_so_that_the_first_few_are_balanced(layout):
    assert data.load(32, source=layout).images("test")[1].tolist() == [0, 1] * 4


def test_a_limit_takes_as_many_of_each_class(layout):
    photos = data.load(32, source=layout, validation=0.4, limit=6)
    for split in photos.counts:
        assert np.bincount(photos.images(split)[1]).tolist() == [3, 3]


def test_a_limit_of_numpy_with_few_bits_is_the_same_number():
    counts = data.load(16, source="drawn", limit=np.int8(127)).counts
    assert counts == {"train": 127, "validation": 127, "test": 127}


def test_a_larger_limit_keeps_what_a_smaller_one_chose(layout):
    small, large = (digests(data.load(32, source=layout, limit=limit).images("train")[0]) for limit in (4, 10))
    assert small < large


@pytest.mark.fault("Some photos cannot be decoded")
@pytest.mark.parametrize("spoil", BAD)
def test_a_bad_file_is_left_out_with_a_warning_that_names_it(folder, spoil, shown):
    spoil(folder / "training_set/cats/cat.3.jpg")
    with pytest.warns(UserWarning, match=r"left out: 1 \('training_set/cats/cat.3.jpg'\)") as caught:
        photos = data.load(32, source=folder)
    assert len(caught) == 1
    shown(str(caught[0].message))
    assert photos.skipped == ("training_set/cats/cat.3.jpg",)
    assert sum(photos.counts.values()) == 27


def test_one_warning_counts_all_bad_files_and_names_the_first(folder):
    for number in range(3):
        empty(folder / f"training_set/cats/cat.{number}.jpg")
        empty(folder / f"training_set/dogs/dog.{number}.jpg")
    empty(folder / "test_set/cats/cat.11.jpg")
    with pytest.warns(UserWarning, match=r"left out: 7 \(.*and 2 more\)") as caught:
        assert len(data.load(32, source=folder, validation=0.4).skipped) == 7
    assert len(caught) == 1


def test_a_bad_file_moves_no_other_photo_to_another_split(folder):
    before = data.load(32, source=folder)
    text(folder / "training_set/cats/cat.3.jpg")
    with pytest.warns(UserWarning):
        after = data.load(32, source=folder)
    for split in before.counts:
        assert digests(after.images(split)[0]) <= digests(before.images(split)[0])


def test_a_class_without_any_good_photo_is_an_error(folder):
    for path in (folder / "test_set/cats").iterdir():
        empty(path)
    with pytest.raises(ValueError, match="cats in the test split"):
        data.load(32, source=folder)


def test_a_validation_split_that_leaves_nothing_is_an_error(folder):
    for path in sorted((folder / "training_set/dogs").iterdir())[1:]:
        path.unlink()
    with pytest.raises(ValueError, match="validation must leave dogs to train on"):
        data.load(32, source=folder)


def test_a_photo_that_must_not_be_read_is_left_out(guarded):
    forbid(guarded / "training_set/cats/cat.1.jpg")
    with pytest.warns(UserWarning, match=r"cat\.1\.jpg"):
        assert data.load(32, source=guarded).skipped == ("training_set/cats/cat.1.jpg",)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        *(("image_size", value) for value in (0, 8, 513, 64.0, "64", True)),
        *(("batch_size", value) for value in (0, -1, 1.5)),
        *(("validation", value) for value in (0, 1, -0.1, "0.1", True)),
        *(("seed", value) for value in (-1, 2**32, 0.5, None)),
        *(("limit", value) for value in (0, 1, 2.5)),
    ],
)
def test_an_argument_out_of_range_is_named_with_its_value(layout, argument, value):
    with pytest.raises(ValueError, match=f"{argument} must be .* not {value!r}"):
        data.load(**{"source": layout, argument: value})


def test_auto_takes_the_folder_of_the_environment_variable(no_photos, layout, monkeypatch):
    monkeypatch.setenv("CATS_DOGS_DIR", str(layout))
    assert not data.load(32).drawn


def test_auto_takes_the_downloaded_photos(no_photos, layout):
    shutil.copytree(layout, no_photos)
    assert data.load(32).source == "photos in cats-dogs"


def test_auto_draws_where_there_are_no_photos(no_photos):
    pictures = data.load(16, limit=4)
    assert pictures.drawn
    assert pictures.source == "drawn cats and dogs"


@pytest.mark.fault("CATS_DOGS_DIR leads nowhere")
def test_auto_does_not_draw_in_silence_where_the_variable_names_no_folder(no_photos, monkeypatch, shown):
    monkeypatch.setenv("CATS_DOGS_DIR", "/no/such/folder")
    with pytest.raises(FileNotFoundError, match="/no/such/folder") as raised:
        data.load(32)
    shown(str(raised.value))


def test_files_that_are_no_photos_are_named(folder):
    for name in ("cat.tif", "notes.txt"):
        drawn.picture(0).save(folder / "test_set/cats" / name, "TIFF")
    with pytest.warns(UserWarning, match=r"are left out: 2 \('test_set/cats/cat.tif', 'test_set/cats/notes.txt'\)"):
        data.load(32, source=folder)
    assert data.check(folder).found["ignored"] == ["test_set/cats/cat.tif", "test_set/cats/notes.txt"]


@pytest.mark.fault("There are many more of one class")
@pytest.mark.parametrize("spoil", [Path.unlink, empty])
def test_classes_far_from_equal_are_named(folder, spoil, shown):
    for number in range(6):
        spoil(folder / f"training_set/cats/cat.{number}.jpg")
    with pytest.warns(UserWarning, match="far from equal: 4 cats and 10 dogs") as caught:
        data.load(32, source=folder, validation=0.3)
    shown(str(caught[-1].message))
    report = data.check(folder)
    assert report.found["unequal"] == ["train: 4 cats, 10 dogs"] and not report.ok
    assert "not in order" in str(report)


@pytest.mark.fault("A photo is HEIC or AVIF, and cannot be read")
def test_of_photos_without_a_reader_load_and_check_say_what_to_do(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (folder / "training_set/cats/cat.3.jpg").write_bytes(HEIC)
    with pytest.warns(
        UserWarning, match=r"left out: 1 \('training_set/cats/cat.3.jpg'\); HEIC: `pip install pillow-heif`"
    ):
        data.load(32, source=folder)
    report = data.check(folder)
    assert report.found["not_installed"] == ["training_set/cats/cat.3.jpg"] and not report.ok


def test_the_test_split_that_is_made_is_the_same_for_every_seed(layout, tmp_path):
    microsoft(layout, tmp_path)
    chosen = [data.load(32, source=tmp_path, seed=seed) for seed in (0, 1)]
    assert digests(chosen[0].images("test")[0]) == digests(chosen[1].images("test")[0])
    assert digests(chosen[0].images("validation")[0]) != digests(chosen[1].images("validation")[0])


def test_the_validation_set_that_is_there_is_that_of_the_folder(layout, tmp_path):
    filtered(layout, tmp_path)
    images, _ = data.load(32, source=tmp_path).images("validation")
    assert digests(images) == digests([data.read(path, 32) for path in (layout / "test_set").rglob("*.jpg")])


def test_the_photos_of_the_competition_that_have_no_class_are_named(layout, tmp_path):
    competition(layout, tmp_path)
    save_picture(tmp_path / "test1/1.jpg")
    with pytest.warns(UserWarning, match=r"are left out: 1 \('test1/1.jpg'\)"):
        data.load(32, source=tmp_path)
