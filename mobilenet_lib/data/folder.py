"""A folder of photos: which ones it has, of which class, in which split.

What people have is understood, at any depth, behind links too: folders `cats` and `dogs` (or `Cat`, `Dog`), or files
named `cat.0.jpg` and `dog.0.jpg`, in folders named `training_set`, `train`, `validation`, `test_set` and the like, or
in none.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mobilenet_lib.data.files import CLASSES, LABELS, files_in, is_photo, listed, name_in, named, walked
from mobilenet_lib.data.photo import FORMATS

LAYOUT = {"train": "training_set", "test": "test_set"}  # Kaggle's
SPLITS = {
    **dict.fromkeys(("training_set", "training", "train"), "train"),
    **dict.fromkeys(("validation_set", "validation", "valid", "val"), "validation"),
    **dict.fromkeys(("test_set", "testing", "test"), "test"),
}
# Where there is no test set. The seed is not that of `load`: what one training has seen must not test another.
TEST_SHARE, TEST_SEED = 0.2, 0


@dataclass
class Photos:
    """What a folder has: `splits` has a list of cats and one of dogs each; the rest are names, relative to `folder`."""

    folder: Path
    splits: dict[str, tuple[list[Path], list[Path]]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)  # of each class in each split
    by_name: bool = False  # the names of the files tell the class
    ignored: list[str] = field(default_factory=list)  # files beside the photos of a class that are none
    left_out: list[str] = field(default_factory=list)  # photos of no class, or of another data set

    @property
    def made(self) -> str:
        """Which split has to be made, in words."""
        if "test" in self.splits:
            return ""
        return f"no test set there: a fifth of each class of the training photos is one, chosen by seed {TEST_SEED}"


def photos_in(folder: Path) -> Photos:
    """The photos of each split in `folder`; of several data sets the shallowest, then the first by name.

    Raises `FileNotFoundError` if there is none, `PermissionError` if it must not be read, `ValueError` if a class is
    missing or empty or there is a third one.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"there must be a folder of photos at {str(folder)!r}, and there is none")
    found = Photos(folder)
    try:
        places, photos = _searched(folder)
        for place in _dataset(folder, places):
            found.by_name = not place.folders
            classes = []
            for where, files in place.classes():
                chosen = [path for path in files if is_photo(path)]
                if not chosen:
                    raise ValueError(f"{str(where)!r} must hold photos, not none")
                classes.append(chosen)
                found.counts[name_in(where, folder)] = len(chosen)
                found.ignored += [name_in(path, folder) for path in sorted({*files} - {*chosen})]
            found.splits[place.split] = tuple(classes)
    except PermissionError as error:
        raise PermissionError(f"the photos must be readable; reading {error.filename!r} is not permitted") from error
    taken = {path for classes in found.splits.values() for chosen in classes for path in chosen}
    if left := {*photos} - taken:  # or the same ones, met again behind a link
        real = {os.path.realpath(path) for path in taken}
        found.left_out = sorted(name_in(path, folder) for path in left if os.path.realpath(path) not in real)
    return found


@dataclass
class _Place:
    """A folder with photos of both classes: those of one split, or all."""

    path: Path
    split: str | None
    dataset: Path  # in which this and its other splits lie
    folders: dict[str, int]  # of the classes; none if the photos are named by class
    others: list[str]  # folders beside these
    certain: bool = True  # a folder `cats` alone may be anything

    def classes(self) -> Iterator[tuple[Path, list[Path]]]:
        """The files of each class and where they lie, cats first."""
        names = {label: name for name, label in self.folders.items()}
        for label, name in enumerate(CLASSES):
            if names:
                yield self.path / names[label], files_in(self.path / names[label], below=True)
            else:
                files = files_in(self.path, below=False)
                yield self.path / f"{name}*", [path for path in files if named(path.name) == label]


def _searched(folder: Path) -> tuple[list[_Place], list[Path]]:
    """All places of photos below `folder`, and what is a photo by its name, or a folder that must not be read."""
    places: list[_Place] = []
    photos: list[Path] = []
    refused: list[OSError] = []
    classes: set[Path] = set()  # in which no other data set begins
    for here, names, files in walked(folder, onerror=refused.append):
        photos += [here / name for name in files if Path(name).suffix.lower() in FORMATS]
        if here in classes:
            classes |= {here / name for name in names}
        elif place := _place(folder, here, names, files):
            places.append(place)
            classes |= {here / name for name in place.folders if place.certain}
    if refused and not places:
        raise refused[0]
    return places, photos + [Path(error.filename) for error in refused]


def _place(folder: Path, here: Path, names: list[str], files: list[str]) -> _Place | None:
    """`here`, if it has photos of cats or dogs; if it lacks a class, that is to be said."""
    split = SPLITS.get(here.name.casefold()) if here != folder else None
    dataset = here
    while split and dataset != folder and SPLITS.get(dataset.name.casefold()) == split:
        dataset = dataset.parent  # in some archives it is training_set/training_set
    folders = {name: LABELS[name.casefold()] for name in names if name.casefold() in LABELS}
    if folders:
        others = [name for name in names if name not in folders]
        return _Place(here, split or "train", dataset, folders, others, bool(split) or len({*folders.values()}) == 2)
    if here != folder and here.name.casefold() in LABELS:
        return None
    if {named(name) for name in files if named(name) is not None and is_photo(here / name)} == {0, 1}:
        return _Place(here, split or "train", dataset, {}, [])
    return None


def _dataset(folder: Path, places: list[_Place]) -> list[_Place]:
    """The places of the data set that is read, the training photos first."""
    found: dict[Path, dict[str, _Place]] = defaultdict(dict)
    places = sorted(places, key=lambda place: (len(place.path.parts), place.path))
    for place in places:
        if place.certain:
            found[place.dataset].setdefault(place.split, place)
    complaints = []
    for dataset in sorted(found, key=lambda dataset: (len(dataset.parts), dataset)):
        splits = found[dataset]
        complaint = _complaint(folder, splits)
        if complaint is None:
            return [splits[split] for split in ("train", "validation", "test") if split in splits]
        complaints.append(complaint)
    complaints += [_complaint(folder, {"train": place}) for place in places if not place.certain]
    if complaints:
        raise complaints[0]
    raise FileNotFoundError(
        f"{str(folder)!r} must hold photos of cats and dogs at some depth, in folders cats and dogs or in files named "
        "cat… and dog…; there are none"
    )


def _complaint(folder: Path, splits: dict[str, _Place]) -> Exception | None:
    """What is wrong with a data set."""
    for place in splits.values():
        if place.others or sorted(place.folders.values()) not in ([], [0, 1]):
            names = listed(sorted([*place.folders, *place.others]))
            return ValueError(f"{str(place.path)!r} must hold the folders cats and dogs and no other, not {names}")
    if "train" in splits:
        place = splits["train"].path
        # Kaggle's photos come with a test set: without it, a part of them is missing.
        if len(splits) > 1 or place.name != LAYOUT["train"] or place.parent.name == LAYOUT["train"]:
            return None
    missing = LAYOUT["test" if "train" in splits else "train"]
    return FileNotFoundError(
        f"{str(folder)!r} must hold training_set/{{cats,dogs}} and test_set/{{cats,dogs}} at some depth; "
        f"it has no {missing}"
    )
