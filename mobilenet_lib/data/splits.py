"""Photos or drawings, read into memory and parted into splits."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np

from mobilenet_lib import drawn
from mobilenet_lib.costs import positive
from mobilenet_lib.data.batches import CatsDogs
from mobilenet_lib.data.folder import CLASSES, data_folder, expanded, listed, name_in, photos_in, threaded
from mobilenet_lib.data.photo import read, square

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

    `source` is the folder of the photos, with `training_set/{cats,dogs}` and `test_set/{cats,dogs}` at any depth below
    it (of several, the shallowest); or `"drawn"`; or `"auto"`: the folder named by the environment variable
    `CATS_DOGS_DIR`, else `data/cats-dogs` if there is one, else drawn.

    The share `validation` of each class is taken out of the training set, chosen by `seed`; the test set stays whole.
    `augment` shows training images in other crops on every pass, as the function of that name does. `limit` is the
    most images a split may have, half of them cats, chosen by `seed`.

    Files that cannot be decoded are left out, with one warning that counts and names them. Raises `FileNotFoundError`
    if there is no such folder or no such layout in it, `PermissionError` if it must not be read, `ValueError` if a
    class is missing or empty or there is a third one, and for any other argument out of range.
    """
    image_size, batch_size = positive("image_size", image_size), positive("batch_size", batch_size)
    if not SMALLEST <= image_size <= LARGEST:
        raise ValueError(f"image_size must be from {SMALLEST} to {LARGEST} pixels, not {image_size!r}")
    if isinstance(validation, bool) or not isinstance(validation, Real) or not 0 < validation < 1:
        raise ValueError(f"validation must be a number between 0 and 1, not {validation!r}")
    if isinstance(seed, bool) or not isinstance(seed, Integral) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be a whole number from 0 to 2**32 - 1, not {seed!r}")
    seed = int(seed)  # not one of NumPy's, of fewer bits
    if limit is not None and positive("limit", limit) < 2:
        raise ValueError(f"limit must be at least 2, one image of each class, not {limit!r}")

    folder = chosen_folder(source)
    splits = drawn.NUMBERS if folder is None else photos_in(folder)
    arrays, failed = {}, []
    for split, classes in _carved(splits, validation, seed).items():
        photos = _chosen(classes, limit, seed)
        images, labels, bad = _decoded(photos, image_size, _drawing if folder is None else read)
        arrays[split] = images, labels
        failed += bad
        for label, name in enumerate(CLASSES):
            if label not in labels:
                raise ValueError(
                    f"source must have {name}s in the {split} split; none in {str(folder)!r} can be decoded"
                )
    skipped = [name_in(path, folder) for path in failed]
    if skipped:
        warnings.warn(f"photos that cannot be decoded are left out: {listed(skipped)}", stacklevel=2)
    return CatsDogs(
        arrays,
        source="drawn cats and dogs" if folder is None else f"photos in {folder.name}",
        drawn=folder is None,
        skipped=skipped,
        batch_size=batch_size,
        augment=augment,
        seed=seed,
    )


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
    """The training set parted into training and validation, class by class; the test set as it is."""
    train, kept = [], []
    for name, photos in zip(CLASSES, splits["train"], strict=True):
        count = max(1, round(len(photos) * validation))
        if count >= len(photos):
            raise ValueError(
                f"validation must leave {name}s to train on; {validation!r} of {len(photos):,} leaves none"
            )
        order = np.random.RandomState(seed).permutation(len(photos))
        kept.append([photos[i] for i in sorted(order[:count])])
        train.append([photos[i] for i in sorted(order[count:])])
    return {"train": train, "validation": kept, "test": splits["test"]}


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
) -> tuple[np.ndarray, np.ndarray, list[Any]]:
    """Images, labels, and what could not be decoded. Threads help, because Pillow decodes outside Python's lock."""
    images = np.empty((len(photos), image_size, image_size, 3), np.uint8)

    def fill(place: int) -> bool:
        try:
            images[place] = reader(photos[place][0], image_size)
        except OSError:
            return False
        return True

    filled = np.array(threaded(fill, range(len(photos))), bool)
    good = np.flatnonzero(filled)
    for place, index in enumerate(good):  # in place: `images[good]` would be a second copy
        if place != index:
            images[place] = images[index]
    labels = np.array([label for _, label in photos], np.int32)
    return images[: len(good)], labels[good], [photos[index][0] for index in np.flatnonzero(~filled)]


def _drawing(number: int, image_size: int) -> np.ndarray:
    return square(drawn.picture(number), image_size)
