"""Photos or drawings, read into memory and parted into splits."""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from mobilenet_lib import drawn
from mobilenet_lib.costs import is_number, positive
from mobilenet_lib.data.batches import CatsDogs
from mobilenet_lib.data.files import CLASSES, data_folder, expanded, listed, name_in, threaded, unequal
from mobilenet_lib.data.folder import TEST_SEED, TEST_SHARE, Photos, photos_in
from mobilenet_lib.data.photo import MissingReader, read, square

SMALLEST, LARGEST = 16, drawn.CANVAS


def load(
    image_size: int = 128,
    batch_size: int = 32,
    *,
    source: str | os.PathLike = "auto",
    validation: float = 0.1,
    augment: bool = False,
    seed: int = 0,
    limit: int | None = None,
) -> CatsDogs:
    """Read the images into memory, each once, as uint8 `[N, image_size, image_size, 3]`.

    That is all it holds: 3 bytes a pixel, 492 MB for 10,000 photos at 128 pixels. Two cores decode these in about 6
    seconds, which is why there is no cache on disk: it would have to know when it is out of date.

    `source` is the folder of the photos, with `training_set/{cats,dogs}` and `test_set/{cats,dogs}` or in one of the
    other layouts of `mobilenet_lib.data.folder`, at any depth below it (of several, the shallowest); or `"drawn"`; or
    `"auto"`: the folder named by the environment variable `CATS_DOGS_DIR`, else `data/cats-dogs` if there is one, else
    drawn.

    The share `validation` of each class is taken out of the training set, chosen by `seed`, unless there is a
    validation set; the test set stays whole. Where there is none, a fifth of each class of the training set becomes
    the test set, the same whatever the seed, and the result's `source` says so. `augment` shows training images in
    other crops on every pass, as the function of that name does. `limit` is the most images a split may have, half of
    them cats, chosen by `seed`.

    What is left out is counted and named in a warning: files that cannot be decoded, that are no photos, or belong to
    no class. Another says when one class has more than 60% of a split. Raises `FileNotFoundError` if there is no such
    folder or no such layout in it, `PermissionError` if it must not be read, `ValueError` if a class is missing or
    empty or there is a third one, and for any other argument out of range.
    """
    image_size, batch_size = positive("image_size", image_size), positive("batch_size", batch_size)
    if not SMALLEST <= image_size <= LARGEST:
        raise ValueError(f"image_size must be from {SMALLEST} to {LARGEST} pixels, not {image_size!r}")
    if not is_number(validation) or not 0 < validation < 1:
        raise ValueError(f"validation must be a number between 0 and 1, not {validation!r}")
    if not is_number(seed, Integral) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be a whole number from 0 to 2**32 - 1, not {seed!r}")
    seed = int(seed)  # not one of NumPy's, of fewer bits
    limit = None if limit is None else positive("limit", limit)
    if limit is not None and limit < 2:
        raise ValueError(f"limit must be at least 2, one image of each class, not {limit!r}")

    folder = chosen_folder(source)
    found = None if folder is None else photos_in(folder)
    splits = found.splits if found else drawn.NUMBERS
    reader = read if found else lambda number, size: square(drawn.picture(number), size)
    arrays, failed = {}, {}
    for split, classes in _carved(splits, validation, seed).items():
        photos = _chosen(classes, limit, seed)
        images, labels, bad = _decoded(photos, image_size, reader)
        arrays[split] = images, labels
        failed |= bad
        for label, name in enumerate(CLASSES):
            if label not in labels:
                raise ValueError(
                    f"source must have {name}s in the {split} split; none in {str(folder)!r} can be decoded"
                )
    if found:
        for warning in _warnings(found, failed, {split: labels for split, (_, labels) in arrays.items()}):
            warnings.warn(warning, stacklevel=2)
    return CatsDogs(
        arrays,
        source=f"photos in {folder.name}{found.made and f' ({found.made})'}" if found else "drawn cats and dogs",
        drawn=found is None,
        skipped=[name_in(path, folder) for path in failed],
        batch_size=batch_size,
        augment=augment,
        seed=seed,
    )


def _warnings(found: Photos, failed: dict[Path, OSError], labels: dict[str, np.ndarray]) -> Iterator[str]:
    """What a reader would else not learn of: which photos are left out, and that what is left is lopsided."""
    if failed:
        remedies = sorted({error.remedy for error in failed.values() if isinstance(error, MissingReader)})
        names = listed([name_in(path, found.folder) for path in failed])
        yield "; ".join([f"photos that cannot be decoded are left out: {names}", *remedies])
    if found.ignored:
        yield f"files that are no photos, or in no format that is read, are left out: {listed(found.ignored)}"
    if found.left_out:
        yield f"photos of no class, or of another data set, are left out: {listed(found.left_out)}"
    for split in found.splits:  # with what has been carved out of it
        parts = [part for part in labels if part == split or (split == "train" and part not in found.splits)]
        cats, dogs = np.bincount(np.concatenate([labels[part] for part in parts]), minlength=2)
        if unequal(cats, dogs):
            yield f"the classes of the {split} photos are far from equal: {cats:,} cats and {dogs:,} dogs"


def chosen_folder(source: str | os.PathLike) -> Path | None:
    """The folder that `load` reads from; None if it draws."""
    if source == "drawn":
        return None
    if not isinstance(source, str | os.PathLike):
        raise ValueError(f"source must be 'auto', 'drawn' or a folder, not {source!r}")
    if source != "auto":
        return expanded(source).resolve()
    if named := os.environ.get("CATS_DOGS_DIR"):
        folder = expanded(named).resolve()
        if not folder.is_dir():
            raise FileNotFoundError(f"CATS_DOGS_DIR must name a folder of photos; there is none at {named!r}")
        return folder
    return data_folder() if data_folder().is_dir() else None


def _carved(splits: dict[str, Any], validation: float, seed: int) -> dict[str, Any]:
    """The three splits; those that are not there are taken out of the training set."""
    train, carved = splits["train"], {}
    if "test" not in splits:
        train, carved["test"] = _parted(train, "a test split", TEST_SHARE, TEST_SEED)
    if "validation" not in splits:
        train, carved["validation"] = _parted(train, "validation", validation, seed)
    carved |= splits | {"train": train}
    return {split: carved[split] for split in ("train", "validation", "test")}


def _parted(classes: Sequence[Sequence], what: str, share: float, seed: int) -> tuple[list[list], list[list]]:
    """What is left of each class, and what has been taken out, chosen by `seed`."""
    left, taken = [], []
    for name, photos in zip(CLASSES, classes, strict=True):
        count = max(1, round(len(photos) * share))
        if count >= len(photos):
            raise ValueError(f"{what} must leave {name}s to train on; {share!r} of {len(photos):,} leaves none")
        order = np.random.RandomState(seed).permutation(len(photos))
        taken.append([photos[i] for i in sorted(order[:count])])
        left.append([photos[i] for i in sorted(order[count:])])
    return left, taken


def _chosen(classes: Sequence[Sequence], limit: int | None, seed: int) -> list[tuple[Any, int]]:
    """Photos with their labels, at most `limit`, cats and dogs in turn: so the first few are balanced too."""
    if limit is not None:
        orders = [np.random.RandomState(seed).permutation(len(photos)) for photos in classes]
        shares = [(limit + 1) // 2, limit // 2]
        classes = [
            [photos[i] for i in sorted(order[:share])]
            for photos, order, share in zip(classes, orders, shares, strict=True)
        ]
    places = sorted((place, label) for label, photos in enumerate(classes) for place in range(len(photos)))
    return [(classes[label][place], label) for place, label in places]


def _decoded(
    photos: Sequence[tuple[Any, int]], image_size: int, reader: Callable[[Any, int], np.ndarray]
) -> tuple[np.ndarray, np.ndarray, dict[Any, OSError]]:
    """Images, labels, and why which photos could not be decoded."""
    images = np.empty((len(photos), image_size, image_size, 3), np.uint8)

    def fill(place: int) -> OSError | None:
        try:
            images[place] = reader(photos[place][0], image_size)
        except OSError as error:
            return error
        return None

    errors = threaded(fill, range(len(photos)))
    good = [place for place, error in enumerate(errors) if error is None]
    for place, index in enumerate(good):  # in place: `images[good]` would be a second copy
        if place != index:
            images[place] = images[index]
    labels = np.array([label for _, label in photos], np.int32)
    failed = {photo: error for (photo, _), error in zip(photos, errors, strict=True) if error is not None}
    return images[: len(good)], labels[good], failed
