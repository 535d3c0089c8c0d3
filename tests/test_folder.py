"""`data.folder`: the layouts that people have, and what is said of others."""

import shutil

import pytest
from pictures import CLASSES, competition, digests, doubled, filtered, forbid, microsoft, save_picture

from mobilenet_lib import data


def test_the_layout_is_found_at_any_depth_under_any_name(layout, tmp_path):
    deep = tmp_path / "mit Leerzeichen" / "кошки и собаки 🐈" / "dataset"
    shutil.copytree(layout, deep)
    photos = data.load(32, source=str(tmp_path / "mit Leerzeichen"))
    assert photos.counts["test"] == 8
    assert photos.source == "photos in mit Leerzeichen"
    assert not photos.drawn


def test_of_several_layouts_the_shallowest_counts(layout, folder):
    shutil.copytree(layout / "test_set/cats", folder / "a/deeper/test_set/cats")
    assert data.load(32, source=folder).counts["test"] == 8


@pytest.mark.fault("There is no such folder of photos")
def test_a_missing_folder_is_named(tmp_path, shown):
    with pytest.raises(FileNotFoundError, match="nowhere") as raised:
        data.load(32, source=tmp_path / "nowhere")
    shown(str(raised.value))


def test_a_folder_without_the_layout_is_told_what_is_missing(folder):
    shutil.rmtree(folder / "test_set")
    with pytest.raises(FileNotFoundError, match="it has no test_set"):
        data.load(32, source=folder)


def test_an_empty_class_is_an_error(folder):
    for path in (folder / "training_set/dogs").iterdir():
        path.unlink()
    with pytest.raises(ValueError, match="dogs' must hold photos"):
        data.load(32, source=folder)


def test_a_single_class_is_an_error(folder):
    shutil.rmtree(folder / "training_set/dogs")
    with pytest.raises(ValueError, match=r"cats and dogs and no other, not 1 \('cats'\)"):
        data.load(32, source=folder)


def test_a_third_class_is_an_error(folder):
    (folder / "training_set/birds").mkdir()
    with pytest.raises(ValueError, match=r"no other, not 3 \('birds', 'cats', 'dogs'\)"):
        data.load(32, source=folder)


@pytest.mark.fault("The photos belong to another user")
def test_a_folder_that_must_not_be_read_is_named(guarded, shown):
    forbid(guarded / "training_set/cats")
    with pytest.raises(PermissionError, match="training_set/cats'") as raised:
        data.load(32, source=guarded)
    shown(str(raised.value))


def test_photos_in_folders_below_that_of_a_class_are_of_that_class(folder, quiet):
    (folder / "training_set/cats/siamese/old").mkdir(parents=True)
    for number in range(5):
        (folder / f"training_set/cats/cat.{number}.jpg").rename(
            folder / f"training_set/cats/siamese/old/dog-like.{number}.jpg"
        )
    assert data.load(32, source=folder).counts == {"train": 18, "validation": 2, "test": 8}
    assert data.check(folder).counts["training_set/cats"] == 10


@pytest.mark.parametrize("place", ["holidays", "old/training_set/cats"])
def test_photos_that_belong_to_no_class_are_named(folder, place):
    save_picture(folder / place / "1.jpg")
    with pytest.warns(UserWarning, match=rf"of no class, or of another data set, are left out: 1 \('{place}/1.jpg'\)"):
        assert sum(data.load(32, source=folder).counts.values()) == 28
    assert data.check(folder).found["left_out"] == [f"{place}/1.jpg"]


MADE = "(no test set there: a fifth of each class of the training photos is one, chosen by seed 0)"


@pytest.mark.parametrize(
    ("lay", "counts", "made"),
    [
        (microsoft, {"train": 14, "validation": 2, "test": 4}, True),
        (competition, {"train": 14, "validation": 2, "test": 4}, True),
        (filtered, {"train": 16, "validation": 8, "test": 4}, True),
        (doubled, {"train": 18, "validation": 2, "test": 8}, False),
    ],
)
def test_the_layouts_that_people_have_are_read(layout, tmp_path, quiet, lay, counts, made):
    lay(layout, tmp_path / "photos")
    photos = data.load(32, source=tmp_path)
    assert photos.counts == counts and photos.skipped == ()
    assert photos.source == f"photos in {tmp_path.name}" + f" {MADE}" * made
    images = {split: photos.images(split) for split in counts}
    files = {"cat": [], "dog": []}
    for path in (tmp_path / "photos").rglob("*.jpg"):
        files[path.name[:3]].append(data.read(path, 32))
    for label, name in enumerate(CLASSES):
        split = [digests(pictures[labels == label]) for pictures, labels in images.values()]
        assert set.union(*split) == digests(files[name]), "all photos, in the right class"
        assert sum(map(len, split)) == len(files[name]), "each in one split"
    report = data.check(tmp_path)
    assert report.ok and sum(report.counts.values()) == sum(counts.values())
    assert ("No test set there: a fifth of each class" in str(report)) == made


@pytest.mark.parametrize("lay", [competition, doubled])
def test_photos_behind_a_link_are_found(layout, tmp_path, quiet, lay):
    lay(layout, tmp_path / "elsewhere")
    (tmp_path / "here").mkdir()
    (tmp_path / "here/photos").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "here/circle").symlink_to(tmp_path / "here")
    counts = data.load(32, source=tmp_path / "elsewhere").counts
    assert data.load(32, source=tmp_path / "here").counts == counts


@pytest.mark.parametrize("links", [["training_set", "test_set"], ["training_set/cats", "training_set/dogs"]])
def test_each_folder_of_the_layout_may_be_a_link(folder, tmp_path, quiet, links):
    for number, name in enumerate(links):
        shutil.move(folder / name, tmp_path / str(number))
        (folder / name).symlink_to(tmp_path / str(number))
    assert data.load(32, source=folder).counts == {"train": 18, "validation": 2, "test": 8}
    assert data.check(folder).ok


def test_of_a_folder_with_cats_alone_the_dogs_are_missed(layout, tmp_path):
    shutil.copytree(layout / "training_set/cats", tmp_path / "PetImages/Cat")
    with pytest.raises(
        ValueError, match=r"PetImages' must hold the folders cats and dogs and no other, not 1 \('Cat'\)"
    ):
        data.load(32, source=tmp_path)


def test_a_data_set_may_lie_in_a_folder_that_is_called_like_a_class(layout, tmp_path, quiet):
    shutil.copytree(layout, tmp_path / "cats/kaggle")
    assert data.load(32, source=tmp_path).counts == {"train": 18, "validation": 2, "test": 8}


def test_a_folder_without_cats_and_dogs_is_told_what_it_must_hold(tmp_path):
    save_picture(tmp_path / "holidays/1.jpg")
    with pytest.raises(FileNotFoundError, match=r"must hold photos of cats and dogs at some depth.*; there are none"):
        data.load(32, source=tmp_path)
