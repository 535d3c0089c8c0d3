"""Cats and dogs: found, read, checked, and given out in batches.

The photos are those of Kaggle's `chetankv/dogs-cats-images`, in its folders `training_set/{cats,dogs}` and
`test_set/{cats,dogs}`. Where they are not at hand, the pictures of `drawn` stand in for them.

    python -m mobilenet_lib.data download         fetch the photos
    python -m mobilenet_lib.data check FOLDER     read every file and report what is wrong
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import re
import shutil
import stat
import sys
import tarfile
import threading
import warnings
import weakref
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path, PureWindowsPath
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import numpy as np
import tensorflow as tf
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from mobilenet_lib import drawn
from mobilenet_lib.costs import positive
from mobilenet_lib.locks import alone

CLASSES = ("cat", "dog")
LAYOUT = {"train": "training_set", "test": "test_set"}
# What the name of a photo promises. Pillow is asked for no other format: for some of them it starts other programs.
FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".gif": "GIF", ".webp": "WEBP", ".bmp": "BMP"}
MAX_PIXELS = 2**26  # a file of a few kilobytes can ask for a canvas of gigabytes
SMALLEST, LARGEST = 16, drawn.CANVAS

KAGGLE = "chetankv/dogs-cats-images"
KAGGLE_HOST = "https://api.kaggle.com"
KAGGLE_COUNTS = {"training_set/cats": 4000, "training_set/dogs": 4000, "test_set/cats": 1000, "test_set/dogs": 1000}
PATIENCE = 10  # seconds to wait for an answer
MAX_FILES, MAX_BYTES = 50_000, 2**31  # in the archive, which has 10,000 photos of 0.2 GB, perhaps twice


@dataclass
class _Split:
    images: np.ndarray
    labels: np.ndarray
    epoch: int = 0  # how often it has been gone through


class CatsDogs:
    """Cats and dogs in three splits, as `load` returns them.

    `train`, `validation` and `test` are `tf.data.Dataset`s of float32 images `[B, S, S, 3]` in [−1, 1] and int32
    labels `[B]`, 0 for a cat and 1 for a dog; the last batch may be smaller. `train` comes in another order on every
    pass, and with `augment` in other crops; both follow from the seed and the number of the pass alone. That number
    is `epoch`: it counts up by itself, and may be set, to go on with a training or to repeat a pass.

    `source` says in a few words where the images come from, `drawn` whether they are drawn, `counts` how many each
    split has, `skipped` which files were left out because they cannot be decoded.
    """

    class_names = CLASSES

    def __init__(
        self,
        arrays: dict[str, tuple[np.ndarray, np.ndarray]],
        *,
        source: str,
        drawn: bool,
        skipped: Sequence[str] = (),
        batch_size: int = 32,
        augment: bool = False,
        seed: int = 0,
    ) -> None:
        self.source = source
        self.drawn = drawn
        self.counts = {split: len(labels) for split, (_, labels) in arrays.items()}
        self.skipped = tuple(skipped)
        self._splits = {split: _Split(*both) for split, both in arrays.items()}
        self._batch_size = batch_size
        self._seed = seed
        self.train = self._dataset("train", shuffled=True, augmented=augment)
        self.validation = self._dataset("validation")
        self.test = self._dataset("test")

    @property
    def epoch(self) -> int:
        return self._splits["train"].epoch

    @epoch.setter
    def epoch(self, number: int) -> None:
        self._splits["train"].epoch = number

    def images(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """What is behind a split: uint8 images `[N, S, S, 3]` and int32 labels `[N]`, cats and dogs in turn."""
        if split not in self._splits:
            raise ValueError(f"split must be 'train', 'validation' or 'test', not {split!r}")
        return self._splits[split].images, self._splits[split].labels

    def __repr__(self) -> str:
        return f"CatsDogs({self.source}: {', '.join(f'{split} {count:,}' for split, count in self.counts.items())})"

    def _dataset(self, split: str, *, shuffled: bool = False, augmented: bool = False) -> tf.data.Dataset:
        held = self._splits[split]
        shape, count, seed = held.images.shape[1:], len(held.labels), self._seed
        # TensorFlow never forgets a Python function that it has met, so these must not hold the images. The dataset
        # does; when it has gone, an iterator may still be at work for nobody.
        source = weakref.ref(held)

        # A ticket is the number of an image plus, for every pass before this one, the number of images. The images
        # stay in NumPy: in a tensor they would be a second copy, and `Dataset.from_generator` makes every
        # allocation of the process slow (it sets malloc's trim threshold to 128 kB).
        def tickets() -> np.ndarray:
            order, held = np.arange(count), source()
            if not shuffled or held is None:
                return order
            epoch, held.epoch = held.epoch, held.epoch + 1
            # RandomState, and not the newer Generator: its numbers stay the same in every version of NumPy.
            np.random.RandomState([seed, epoch]).shuffle(order)
            return epoch * count + order

        def taken(tickets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            chosen, held = tickets % count, source()
            if held is None:
                return np.zeros((len(chosen), *shape), np.uint8), np.zeros(len(chosen), np.int32)
            return held.images[chosen], held.labels[chosen]

        def batch(tickets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            chosen, answers = tf.numpy_function(taken, [tickets], (tf.uint8, tf.int32))
            chosen = tf.ensure_shape(chosen, [None, *shape])
            if augmented:
                chosen = augment(chosen, tf.stack([seed, tickets[0]]))
            return normalize(chosen), tf.ensure_shape(answers, [None])

        # Nothing is left to autotune: its thread sleeps twice as long every time, and who ends a pass waits for it.
        options = tf.data.Options()
        options.autotune.enabled = False
        dataset = (
            tf.data.Dataset.from_tensors(0)
            .map(lambda _: tf.ensure_shape(tf.numpy_function(tickets, [], tf.int64), [count]))
            .unbatch()
            .batch(self._batch_size)
            .map(batch, num_parallel_calls=2)
            .apply(tf.data.experimental.assert_cardinality(-(-count // self._batch_size)))
            .prefetch(2)
            .with_options(options)
        )
        dataset._held = held
        return dataset


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

    folder = _folder(source)
    splits = drawn.NUMBERS if folder is None else _photos(folder)
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
    skipped = [_name(path, folder) for path in failed]
    if skipped:
        warnings.warn(f"photos that cannot be decoded are left out: {_listed(skipped)}", stacklevel=2)
    return CatsDogs(
        arrays,
        source="drawn cats and dogs" if folder is None else f"photos in {folder.name}",
        drawn=folder is None,
        skipped=skipped,
        batch_size=batch_size,
        augment=augment,
        seed=seed,
    )


def normalize(images: Any) -> Any:
    """From 0…255 to [−1, 1], `x / 127.5 − 1` in float32: the only place where this is done.

    `images` of any shape; a tensor gives a tensor, anything else a NumPy array.
    """
    if tf.is_tensor(images):
        return _normalized(images, tf.constant(127.5))
    return np.asarray(images, np.float32) / 127.5 - 1


# Compiled, a batch is gone over once and not three times. `half` is an argument because the compiler multiplies by the
# inverse of a constant, which rounds differently.
@tf.function(jit_compile=True)
def _normalized(images: tf.Tensor, half: tf.Tensor) -> tf.Tensor:
    return tf.cast(images, tf.float32) / half - 1


def augment(images: Any, seed: Any) -> tf.Tensor:
    """Each image cropped, perhaps mirrored, and in another light, as float32 in 0…255 of the same shape.

    The crop is a random 40 to 100% of the image's area, up to a fifth wider or narrower than the image, and resized to
    its size. Every other one is mirrored. Brightness, contrast and saturation change by up to 30%.

    `images` is `[B, S, S, 3]` in 0…255. `seed` is two whole numbers; the same ones give the same result. Raises
    `ValueError` for images of another shape, such as a single one.
    """
    images = tf.convert_to_tensor(images)
    if images.shape.rank != 4:
        raise ValueError(f"images must be [B, S, S, 3]; the shape of these is {list(images.shape)}")
    count, size = tf.shape(images)[0], images.shape[1:3]
    random = tf.random.stateless_uniform([count, 8], seed)
    area, shape, down, across, coin = tf.unstack(random[:, :5], axis=1)
    side, shape = tf.sqrt(0.4 + 0.6 * area), 1.2 ** (shape - 0.5)
    height, width = tf.minimum(side / shape, 1), tf.minimum(side * shape, 1)
    top, left = down * (1 - height), across * (1 - width)
    bottom, right = top + height, left + width
    # A box whose right edge comes before its left one is read backward.
    mirrored = coin < 0.5
    boxes = tf.stack([top, tf.where(mirrored, right, left), bottom, tf.where(mirrored, left, right)], axis=1)
    crops = tf.image.crop_and_resize(images, boxes, tf.range(count), size)
    return _light(crops, *tf.unstack(0.7 + 0.6 * random[:, 5:, None, None, None], axis=1))


# Compiled, this is one pass over the images. One operation at a time it is ten, and they take longer than the crops.
@tf.function(jit_compile=True)
def _light(images: tf.Tensor, brightness: tf.Tensor, contrast: tf.Tensor, saturation: tf.Tensor) -> tf.Tensor:
    gray = tf.reduce_mean(images, axis=3, keepdims=True)
    mean = tf.reduce_mean(gray, axis=(1, 2), keepdims=True)
    images = gray + saturation * (images - gray)
    return tf.clip_by_value(brightness * (mean + contrast * (images - mean)), 0, 255)


def read(path: str | os.PathLike, image_size: int) -> np.ndarray:
    """Decode one photo, uint8 `[image_size, image_size, 3]`: the only place where this is done.

    The photo is turned as its EXIF orientation says and converted to RGB, transparent parts over white. The square in
    its middle, as wide as its shorter side, is resized with Pillow's bilinear filter, which when shrinking averages
    over all pixels that fall together. JPEGs are decoded at full size: with Pillow's shortcut, decoding at half or a
    quarter of it, the result would depend on how far the photo shrinks.

    Raises `OSError` if the file cannot be read or decoded, `ValueError` for an `image_size` out of range.
    """
    image_size = positive("image_size", image_size)
    if image_size**2 > MAX_PIXELS:
        raise ValueError(f"image_size must be at most {math.isqrt(MAX_PIXELS):,} pixels, not {image_size!r}")
    with _opened(path) as image:
        return _square(_rgb(image), image_size)


@dataclass(frozen=True)
class Report:
    """What `check` found: `counts` of photos per class folder, and names of files, relative to `folder`.

    What spoils a training or its result: `unreadable` files, `not_images`, `misfiled` photos (the name says cat, the
    folder dogs) and `duplicates` (the same picture in the training set and in the test set). What `read` copes with:
    `misnamed` (a PNG called .jpg), `grayscale`, `cmyk`, `transparent` and `rotated` (by EXIF) photos. Files without
    the extension of a photo are `ignored`.
    """

    folder: Path
    counts: dict[str, int]
    unreadable: tuple[str, ...] = ()
    not_images: tuple[str, ...] = ()
    misfiled: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    misnamed: tuple[str, ...] = ()
    grayscale: tuple[str, ...] = ()
    cmyk: tuple[str, ...] = ()
    transparent: tuple[str, ...] = ()
    rotated: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every photo can be decoded and is where it belongs."""
        return not (self.unreadable or self.not_images or self.misfiled or self.duplicates)

    def __str__(self) -> str:
        lines = [f"{self.folder}: {sum(self.counts.values()):,} photos, {'in order' if self.ok else 'not in order'}"]
        lines += [f"  {count:6,} {name}" for name, count in self.counts.items()]
        for kind, meaning in FINDINGS.items():
            if names := getattr(self, kind):
                lines += [f"{meaning}: {_listed(names)}"]
        return "\n".join(lines)


FINDINGS = {
    "unreadable": "Cannot be read",
    "not_images": "Not an image",
    "misfiled": "In the folder of the other class, going by the name",
    "duplicates": "The same picture in the training set and in the test set",
    "misnamed": "Of another format than the name says, read all the same",
    "grayscale": "Grayscale, read as RGB",
    "cmyk": "CMYK, read as RGB",
    "transparent": "With transparency, read over white",
    "rotated": "Turned by EXIF, read upright",
    "ignored": "Without the extension of a photo, ignored",
}


def check(folder: str | os.PathLike) -> Report:
    """Read every photo in `folder` and report what is wrong. Raises what `load` raises for its `source`."""
    folder = _expanded(folder)
    counts: dict[str, int] = {}
    found: dict[str, list[str]] = {kind: [] for kind in FINDINGS}
    training: dict[bytes, str] = {}
    for split, classes in _photos(folder).items():
        for label, photos in enumerate(classes):
            counts[f"{LAYOUT[split]}/{CLASSES[label]}s"] = len(photos)
            found["ignored"] += [_name(path, folder) for path in _files(photos[0].parent) if not _is_photo(path)]
            for photo, (kinds, pixels) in zip(photos, _threaded(_examined, photos), strict=True):
                name = _name(photo, folder)
                for kind in kinds:
                    found[kind].append(name)
                words = {word.rstrip("s") for word in re.findall("[a-z]+", photo.stem.lower())}
                if words & set(CLASSES) == {CLASSES[1 - label]}:
                    found["misfiled"].append(name)
                if split == "train" and pixels:
                    training[pixels] = name
                elif pixels in training:
                    found["duplicates"].append(f"{training[pixels]} = {name}")
    return Report(folder, counts, **{kind: tuple(names) for kind, names in found.items()})


def download(folder: str | os.PathLike | None = None) -> Path:
    """Fetch the photos from Kaggle into `folder`, by default `data/cats-dogs`, and return it.

    Shows a progress bar. What has arrived is kept beside `folder`, and after an interruption the same call goes on
    from there; `folder` itself appears when everything is there and checked. If it is there already, nothing happens.

    Raises `ConnectionError` within seconds if there is no network, and if what comes is not the photos; `OSError` if
    they cannot be written; `BlockingIOError` if another process is at it; `FileExistsError` if `folder` holds something
    else.
    """
    folder = _data_folder() if folder is None else _expanded(folder)
    if not folder.name:
        raise ValueError(f"folder must be new or hold all the photos, not {str(folder)!r}")
    part = folder.with_name(f"{folder.name}.part")
    if folder.exists():
        if _kaggle_counts(folder) != KAGGLE_COUNTS:
            raise FileExistsError(f"folder must be new or hold all the photos; {str(folder)!r} does not hold them all")
        shutil.rmtree(part, ignore_errors=True)  # of a process that was killed at the very end
        return folder
    _reach(KAGGLE_HOST)
    try:
        part.mkdir(parents=True, exist_ok=True)
        with alone(part, f"downloading into {str(folder)!r}"):
            _download(part, folder)
    except (ConnectionError, BlockingIOError):
        raise
    except OSError as error:
        raise OSError(
            f"the photos cannot be written to {str(folder)!r} ({error.strerror or error}); once they can, the same "
            "command goes on from here"
        ) from error
    return folder


def _download(part: Path, folder: Path) -> None:
    arrived = _fetch(part)
    # Kaggle's archive has the photos some folders down, and perhaps twice.
    photos = next((path.parent for path in sorted(arrived.rglob("training_set")) if path.is_dir()), arrived)
    if _kaggle_counts(photos) != KAGGLE_COUNTS or not all(_threaded(_is_image, [*photos.rglob("*.jpg")])):
        shutil.rmtree(part)
        raise ConnectionError("what came from Kaggle is not the complete set of photos; try again later")
    if part not in photos.parents:  # in Kaggle's own notebooks it comes as a folder that cannot be moved
        photos = shutil.copytree(photos, part / "copy", dirs_exist_ok=True)
    os.replace(photos, folder)
    shutil.rmtree(part)


def _expanded(folder: str | os.PathLike) -> Path:
    try:
        return Path(folder).expanduser()
    except RuntimeError as error:
        raise FileNotFoundError(f"there must be a folder of photos at {os.fspath(folder)!r}, and {error}") from error


def _folder(source: str | os.PathLike) -> Path | None:
    """The folder that `load` reads from; None if it draws."""
    if source == "drawn":
        return None
    if not isinstance(source, str | os.PathLike):
        raise ValueError(f"source must be 'auto', 'drawn' or a folder, not {source!r}")
    if source != "auto":
        return _expanded(source).resolve()
    if named := os.environ.get("CATS_DOGS_DIR"):
        folder = _expanded(named).resolve()
        if not folder.is_dir():
            raise FileNotFoundError(f"CATS_DOGS_DIR must name a folder of photos; there is none at {named!r}")
        return folder
    return _data_folder() if _data_folder().is_dir() else None


def _data_folder() -> Path:
    """`data/cats-dogs` of the checkout; of the current folder where the library is installed without it."""
    checkout = Path(__file__).resolve().parents[1]
    return (checkout if (checkout / "pyproject.toml").exists() else Path.cwd()) / "data" / "cats-dogs"


def _photos(folder: Path) -> dict[str, tuple[list[Path], list[Path]]]:
    """The photos of each split, cats and dogs, in the order of their names."""
    try:
        found = {}
        for split, place in _layout(folder).items():
            names = sorted(path.name for path in place.iterdir() if path.is_dir() and not path.name.startswith("."))
            if names != ["cats", "dogs"]:
                raise ValueError(
                    f"{str(place)!r} must hold the folders cats and dogs and no other, not {_listed(names)}"
                )
            found[split] = tuple([path for path in _files(place / name) if _is_photo(path)] for name in names)
            for name, photos in zip(names, found[split], strict=True):
                if not photos:
                    raise ValueError(f"{str(place / name)!r} must hold photos ({', '.join(FORMATS)}), not none")
        return found
    except PermissionError as error:
        raise PermissionError(f"the photos must be readable; reading {error.filename!r} is not permitted") from error


def _layout(folder: Path) -> dict[str, Path]:
    """The folder of each split, at any depth below `folder`; of several the shallowest, then the first by name."""
    if not folder.is_dir():
        raise FileNotFoundError(f"there must be a folder of photos at {str(folder)!r}, and there is none")
    found: dict[str, list[Path]] = {split: [] for split in LAYOUT}
    for root, names, _ in os.walk(folder, onerror=_refuse):
        for split, name in LAYOUT.items():
            # In some archives it is training_set/training_set, and the inner one is meant.
            if name in names and not Path(root, name, name).is_dir():
                found[split].append(Path(root, name))
    for split, places in found.items():
        if not places:
            raise FileNotFoundError(
                f"{str(folder)!r} must hold training_set/{{cats,dogs}} and test_set/{{cats,dogs}} at some depth; "
                f"it has no {LAYOUT[split]}"
            )
    return {split: min(places, key=lambda place: (len(place.parts), place)) for split, places in found.items()}


def _refuse(error: OSError) -> None:
    raise error


def _files(folder: Path) -> list[Path]:
    found = (path for path in folder.iterdir() if not path.name.startswith("."))
    return sorted(path for path in found if path.is_file() or (path.is_symlink() and not path.exists()))


def _is_photo(path: Path) -> bool:
    return path.suffix.lower() in FORMATS


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _listed(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{len(names):,} ({', '.join(map(repr, names[:most]))}{more})" if names else "none"


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

    filled = np.array(_threaded(fill, range(len(photos))), bool)
    good = np.flatnonzero(filled)
    for place, index in enumerate(good):  # in place: `images[good]` would be a second copy
        if place != index:
            images[place] = images[index]
    labels = np.array([label for _, label in photos], np.int32)
    return images[: len(good)], labels[good], [photos[index][0] for index in np.flatnonzero(~filled)]


def _threaded(function: Callable[[Any], Any], items: Sequence) -> list[Any]:
    with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
        warnings.simplefilter("ignore")  # Pillow's, about EXIF data that it finds odd
        return list(pool.map(function, items))


def _drawing(number: int, image_size: int) -> np.ndarray:
    return _square(drawn.picture(number), image_size)


@contextmanager
def _opened(path: str | os.PathLike) -> Iterator[Image.Image]:
    """The photo in `path`, open; whatever goes wrong with it becomes an `OSError`."""
    try:
        with Image.open(path, formats=tuple(FORMATS.values())) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(f"{image.width} × {image.height} pixels are more than {MAX_PIXELS:,}")
            yield image
    except (FileNotFoundError, PermissionError, UnidentifiedImageError):
        raise
    except Exception as error:  # on a broken file Pillow raises whatever it stumbles over
        raise OSError(f"{os.fspath(path)!r} cannot be decoded: {error}") from error


def _rgb(image: Image.Image) -> Image.Image:
    """Upright, in RGB, at its own size."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits a pixel, which Pillow would clip to 8
        deep, clear = np.asarray(image), image.info.get("transparency")
        image = Image.fromarray((deep >> 8).astype(np.uint8))
        if clear is not None:
            image.putalpha(Image.fromarray(np.where(deep == clear, 0, 255).astype(np.uint8)))
    if _is_transparent(image):
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    return image.convert("RGB")


def _is_transparent(image: Image.Image) -> bool:
    return "A" in image.getbands() or "transparency" in image.info


def _square(image: Image.Image, image_size: int) -> np.ndarray:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    # Cropped first: the `box` of `resize` lets pixels beside it have a part in the edge.
    square = image.crop((left, top, left + side, top + side))
    return np.asarray(square.resize((image_size, image_size), Image.Resampling.BILINEAR))


def _examined(path: Path) -> tuple[list[str], bytes | None]:
    """What `check` finds in one photo, and a digest of its pixels if it has any."""
    try:
        with _opened(path) as image:
            format = "JPEG" if image.format == "MPO" else image.format  # a JPEG with a second picture behind it
            odd = {
                "misnamed": format != FORMATS[path.suffix.lower()],
                "grayscale": image.mode in ("1", "L", "LA") or image.mode.startswith("I"),
                "cmyk": image.mode == "CMYK",
                "transparent": _is_transparent(image),
                "rotated": image.getexif().get(ExifTags.Base.Orientation, 1) != 1,
            }
            pixels = _rgb(image)
    except UnidentifiedImageError:
        return ["unreadable" if path.stat().st_size == 0 else "not_images"], None
    except OSError:
        return ["unreadable"], None
    return [kind for kind in odd if odd[kind]], hashlib.blake2b(f"{pixels.size}".encode() + pixels.tobytes()).digest()


def _kaggle_counts(folder: Path) -> dict[str, int] | None:
    """How many photos each class folder below `folder` has; None if they are not there."""
    try:
        return {
            f"{LAYOUT[split]}/{name}s": len(photos)
            for split, classes in _photos(folder).items()
            for name, photos in zip(CLASSES, classes, strict=True)
        }
    except (OSError, ValueError):
        return None


def _is_image(path: Path) -> bool:
    try:
        with _opened(path):
            return True
    except OSError:
        return False


def _reach(url: str) -> None:
    """Raise `ConnectionError` unless `url` answers soon."""
    import requests

    answers = []

    def ask() -> None:
        with suppress(requests.RequestException):
            answers.append(requests.head(url, timeout=PATIENCE))

    # In a thread, because finding the address of a host knows no time limit.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if not answers:
        raise ConnectionError(
            f"{url} cannot be reached: is there a network? By hand: download https://www.kaggle.com/datasets/{KAGGLE} "
            "and name the unzipped folder in the environment variable CATS_DOGS_DIR"
        )


def _fetch(part: Path) -> Path:
    """Let kagglehub download and unzip in `part`; it goes on with a part of the archive that it finds there."""
    import requests

    send, extract = requests.Session.send, zipfile.ZipFile.extractall

    def careful(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        if urlsplit(request.url).scheme != urlsplit(KAGGLE_HOST).scheme:  # also wherever an answer leads on to
            raise ValueError(f"it is offered at {request.url}, where it could be changed on the way")
        return send(session, request, **{**options, "timeout": options.get("timeout") or PATIENCE})

    def checked(archive: zipfile.ZipFile, *args: Any, **options: Any) -> None:
        _refuse_unsafe(archive.infolist())
        extract(archive, *args, **options)

    def refused(*_: Any, **__: Any) -> None:
        raise ValueError("it is a tar archive, not a zip archive")

    # kagglehub looks for the reader's home when it is imported, and not everybody has one.
    environment = {"HOME": str(part), **os.environ, "KAGGLEHUB_CACHE": str(part)}
    try:
        # Without these kagglehub waits without end for some answers, and unpacks whatever it gets.
        with (
            mock.patch.object(requests.Session, "send", careful),
            mock.patch.object(zipfile.ZipFile, "extractall", checked),
            mock.patch.object(tarfile.TarFile, "extractall", refused),
            mock.patch.dict(os.environ, environment),
        ):
            import kagglehub

            return Path(kagglehub.dataset_download(KAGGLE))
    except (requests.RequestException, json.JSONDecodeError) as error:
        raise ConnectionError(
            f"the download from Kaggle broke off; the same command goes on from here ({error})"
        ) from error
    except OSError:  # the disk's, not the network's
        raise
    except Exception as error:
        shutil.rmtree(part)
        reason = " ".join(str(error).split())
        raise ConnectionError(f"what came from Kaggle is not the photos; try again later ({reason})") from error


def _refuse_unsafe(entries: Sequence[zipfile.ZipInfo]) -> None:
    """Raise `ValueError` if unpacking would write elsewhere, over a file of its own, make links or fill the disk."""
    if len(entries) > MAX_FILES or sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise ValueError(f"the archive holds more than {MAX_FILES:,} files or {MAX_BYTES / 2**30:.0f} GB")
    seen: set[str] = set()
    folders: set[str] = set()
    for entry in entries:
        place = PureWindowsPath(entry.filename)  # which knows the separators and the roots of every system
        folders |= {str(parent).casefold() for parent in place.parents}
        if place.drive or place.root or ".." in place.parts:
            raise ValueError(f"the archive has a file for another folder: {entry.filename!r}")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise ValueError(f"the archive has a link: {entry.filename!r}")
        if any(len(part.encode()) > 255 for part in place.parts):
            raise ValueError(f"the archive has a name longer than a disk takes: {entry.filename[:40]!r}…")
        if (name := str(place).casefold()) in seen:
            raise ValueError(f"the archive has two files of one name: {entry.filename!r}")
        seen.add(name)
    for entry in entries:
        if not entry.is_dir() and str(PureWindowsPath(entry.filename)).casefold() in folders:
            raise ValueError(f"the archive has a file and a folder of one name: {entry.filename!r}")


def spell_out() -> None:
    """From here on, print letters that the terminal does not have as codes; names of files have such letters."""
    if hasattr(sys.stdout, "reconfigure"):  # a notebook's output has all letters
        sys.stdout.reconfigure(errors="backslashreplace")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: `download` and `check`."""
    parser = argparse.ArgumentParser(prog="python -m mobilenet_lib.data", description="The photos of cats and dogs.")
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("download", help="fetch the photos from Kaggle; interrupted, it goes on from there")
    add.add_argument("folder", nargs="?", type=Path, default=_data_folder(), help="a new folder (default: %(default)s)")
    add = commands.add_parser("check", help="read every photo and report what is wrong; status 1 if something is")
    add.add_argument("folder", type=Path, help="holds training_set/{cats,dogs} and test_set/{cats,dogs} at some depth")
    chosen = parser.parse_args(arguments)
    spell_out()
    try:
        if chosen.command == "download":
            print(f"The photos are in {download(chosen.folder)}")
            return 0
        report = check(chosen.folder)
        print(report)
        return 0 if report.ok else 1
    except (OSError, ValueError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{parser.prog}: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
