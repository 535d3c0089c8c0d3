"""Cats and dogs: what is read, how it is given out, and what happens when a file or a folder is bad."""

import base64
import gc
import hashlib
import http.server
import io
import os
import random
import shutil
import socket
import stat
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
import warnings
import weakref
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest
import requests
import tensorflow as tf
from PIL import ExifTags, Image, features

from mobilenet_lib import data, drawn
from mobilenet_lib.data import __main__ as command
from mobilenet_lib.data import kaggle as fetching
from mobilenet_lib.data import splits

CLASSES = ("cat", "dog")
needs_avif = pytest.mark.skipif("avif" not in features.get_supported(), reason="Pillow without AVIF")


def save_picture(path: Path, number: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn.picture(number).resize((96, 72)).save(path)
    return path


def lay_out(folder: Path, train: int = 10, test: int = 4) -> Path:
    """Kaggle's layout with `train` and `test` pictures of each class."""
    for label, name in enumerate(CLASSES):
        for number in range(train):
            save_picture(folder / f"training_set/{name}s/{name}.{number}.jpg", 2 * number + label)
        for number in range(train, train + test):
            save_picture(folder / f"test_set/{name}s/{name}.{number}.jpg", 2 * number + label)
    return folder


@pytest.fixture(scope="module")
def layout(tmp_path_factory) -> Path:
    """A folder in Kaggle's layout, to be read only."""
    return lay_out(tmp_path_factory.mktemp("photos"))


@pytest.fixture
def folder(layout, tmp_path) -> Path:
    """A folder in Kaggle's layout, to be spoiled."""
    return shutil.copytree(layout, tmp_path / "photos")


@pytest.fixture
def no_photos(monkeypatch, tmp_path) -> Path:
    """No photos in any of the places that "auto" looks at; the last of them is returned."""
    monkeypatch.delenv("CATS_DOGS_DIR", raising=False)
    monkeypatch.setattr(splits, "data_folder", lambda: tmp_path / "data" / "cats-dogs")
    return tmp_path / "data" / "cats-dogs"


def digests(images: np.ndarray) -> set[bytes]:
    return {hashlib.sha256(image.tobytes()).digest() for image in images}


def batches(dataset: tf.data.Dataset) -> tuple[np.ndarray, np.ndarray]:
    images, labels = zip(*dataset.as_numpy_iterator(), strict=True)
    return np.concatenate(images), np.concatenate(labels)


# What load gives.


def test_the_splits_give_batches_of_images_and_labels(layout):
    photos = data.load(32, 8, source=layout, validation=0.2)
    assert photos.counts == {"train": 16, "validation": 4, "test": 8}
    assert photos.class_names == CLASSES
    for split in photos.counts:
        dataset = getattr(photos, split)
        assert dataset.element_spec[0].shape.as_list() == [None, 32, 32, 3]
        for images, labels in dataset:
            assert (images.dtype, labels.dtype) == (tf.float32, tf.int32)
            assert -1 <= tf.reduce_min(images) < 0 < tf.reduce_max(images) <= 1


def test_the_label_is_the_class_of_the_folder(layout):
    images, labels = data.load(32, source=layout).images("test")
    cats = [data.read(path, 32) for path in (layout / "test_set/cats").iterdir()]
    assert digests(images[labels == 0]) == digests(cats)


def test_no_photo_is_dropped_and_the_length_is_known(layout):
    photos = data.load(32, 7, source=layout)
    assert len(photos.train) == 3  # 18 photos
    assert len(batches(photos.train)[1]) == photos.counts["train"]


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


def test_a_seed_of_numpy_is_a_seed(layout):
    drawn, again = (data.load(32, 8, source=layout, augment=True, seed=seed) for seed in (3, np.uint8(3)))
    assert digests(next(iter(drawn.train))[0].numpy()) == digests(next(iter(again.train))[0].numpy())


@pytest.mark.parametrize("source", [None, 5, ["photos"]])
def test_a_source_that_is_no_folder_is_named(source):
    with pytest.raises(ValueError, match="source must be 'auto', 'drawn' or a folder, not "):
        data.load(32, source=source)


def test_the_same_seed_gives_the_same_batches(layout):
    one, other = (data.load(32, 8, source=layout, augment=True, seed=3) for _ in range(2))
    for _ in range(2):
        for (images, labels), (same_images, same_labels) in zip(one.train, other.train, strict=True):
            np.testing.assert_array_equal(images, same_images)
            np.testing.assert_array_equal(labels, same_labels)


def test_every_pass_over_the_training_split_has_another_order(layout):
    photos = data.load(32, source=layout)
    first, second = (batches(photos.train)[0] for _ in range(2))
    assert not np.array_equal(first, second)
    assert digests(first) == digests(second)


def test_a_pass_can_be_repeated_by_its_number(layout):
    photos = data.load(32, source=layout, augment=True)
    passes = [batches(photos.train)[0] for _ in range(3)]
    photos.epoch = 1
    np.testing.assert_array_equal(batches(photos.train)[0], passes[1])


def test_validation_and_test_always_come_in_the_same_order(layout):
    photos = data.load(32, source=layout, augment=True)
    for split in ("validation", "test"):
        images, labels = photos.images(split)
        for _ in range(2):
            given, answers = batches(getattr(photos, split))
            np.testing.assert_array_equal(given, data.normalize(images))
            np.testing.assert_array_equal(answers, labels)


def test_cats_and_dogs_take_turns_so_that_the_first_few_are_balanced(layout):
    assert data.load(32, source=layout).images("test")[1].tolist() == [0, 1] * 4


def test_a_limit_takes_as_many_of_each_class(layout):
    photos = data.load(32, source=layout, validation=0.4, limit=6)
    for split in photos.counts:
        assert np.bincount(photos.images(split)[1]).tolist() == [3, 3]


def test_a_larger_limit_keeps_what_a_smaller_one_chose(layout):
    small, large = (digests(data.load(32, source=layout, limit=limit).images("train")[0]) for limit in (4, 10))
    assert small < large


def test_a_model_trains_on_it(layout):
    photos = data.load(32, 8, source=layout, augment=True)
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    history = model.fit(photos.train, validation_data=photos.validation, epochs=2, shuffle=False, verbose=0).history
    assert len(history["val_loss"]) == 2


def test_the_images_are_forgotten_with_the_last_dataset(layout):
    photos = data.load(32, 8, source=layout, augment=True)
    images = weakref.ref(photos.images("train")[0])
    batches, photos = photos.train.take(1), None
    gc.collect()
    assert images() is not None and len(next(iter(batches))[0]) == 8
    batches = None
    gc.collect()
    assert images() is None


def test_an_unknown_split_is_named(layout):
    with pytest.raises(ValueError, match=r"split must be .*'training'"):
        data.load(32, source=layout).images("training")


# From pixels to numbers.


def test_normalizing_is_what_keras_does_for_mobilenet():
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    expected = keras.applications.mobilenet.preprocess_input(pixels.astype(np.float32))
    np.testing.assert_array_equal(data.normalize(pixels), expected)
    np.testing.assert_array_equal(data.normalize(tf.constant(pixels)), expected)
    assert data.normalize(pixels).dtype == np.float32


def test_augmenting_mirrors_about_every_other_image():
    ramp = np.broadcast_to(80 + np.arange(64, dtype=np.float32)[None, None, :, None], (200, 64, 64, 3))
    rows = data.augment(ramp, (0, 0)).numpy()[:, 32, :, 0]
    rising = rows[:, -1] > rows[:, 0]
    assert 70 < rising.sum() < 130
    assert (np.sign(np.diff(rows, axis=1)) == np.where(rising, 1, -1)[:, None]).all()


def test_augmenting_crops_to_40_to_100_percent_of_the_area():
    bars = np.broadcast_to(255.0 * (np.arange(160) // 4 % 2)[None, None, :, None], (200, 160, 160, 3))

    def sides(images):
        """The share of the 40 bars that is left in each image, whatever the light."""
        row = images[:, 80, :, 0]
        return (np.diff(row > row.mean(axis=1, keepdims=True), axis=1).sum(axis=1) + 1) / 40

    widths = sides(data.augment(bars, (0, 0)).numpy())
    heights = sides(data.augment(bars.swapaxes(1, 2), (0, 0)).numpy().swapaxes(1, 2))
    areas = widths * heights
    assert (areas.min(), areas.max()) == pytest.approx((0.4, 1), abs=0.06)
    assert 0.4 < np.quantile(areas, 0.25) < np.quantile(areas, 0.75) < 0.95
    assert 1.03 < np.max(widths / heights) < 1.3, "some crops are wider than high, by a fifth at most"


def test_augmenting_changes_the_brightness_by_at_most_30_percent():
    gray = np.full((200, 8, 8, 3), 100, np.uint8)
    levels = data.augment(gray, (0, 0)).numpy()[:, 4, 4, 0]
    assert (levels.min(), levels.max()) == pytest.approx((70, 130), abs=2)


def test_augmenting_changes_contrast_and_saturation_and_keeps_gray_gray():
    halves = np.zeros((200, 8, 8, 3), np.uint8)
    halves[:, :4], halves[:, 4:] = (90, 90, 90), (110, 110, 110)
    light = data.augment(halves, (0, 0)).numpy()
    assert np.ptp(light, axis=3).max() < 1e-3
    contrast = (light[:, 7, 0, 0] - light[:, 0, 0, 0]) / light.mean(axis=(1, 2, 3))
    assert contrast.min() < 0.16 and contrast.max() > 0.24, "0.2 before"
    red = np.broadcast_to(np.array([120, 90, 90], np.uint8), (200, 8, 8, 3))
    color = data.augment(red, (0, 0)).numpy()[:, 4, 4]
    saturation = (color[:, 0] - color[:, 1]) / color.mean(axis=1)
    assert 0.3 * 0.7**2 <= saturation.min() < 0.2 and 0.4 < saturation.max() <= 0.3 * 1.3**2, "0.3 before"


def test_augmenting_keeps_shape_and_range():
    images = np.random.default_rng(0).integers(0, 256, (5, 48, 48, 3), dtype=np.uint8)
    crops = data.augment(images, (0, 0)).numpy()
    assert (crops.shape, crops.dtype) == ((5, 48, 48, 3), np.float32)
    assert 0 <= crops.min() < crops.max() <= 255


def test_augmenting_is_for_batches():
    with pytest.raises(ValueError, match=r"images must be \[B, S, S, 3\]; the shape of these is \[32, 32, 3\]"):
        data.augment(np.zeros((32, 32, 3), np.uint8), [0, 1])


def test_augmenting_with_the_same_seed_gives_the_same_crops():
    images = np.random.default_rng(0).integers(0, 256, (5, 48, 48, 3), dtype=np.uint8)
    np.testing.assert_array_equal(data.augment(images, (1, 2)), data.augment(images, (1, 2)))
    assert not np.array_equal(data.augment(images, (1, 2)), data.augment(images, (1, 3)))


# From a file to pixels.

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def quarters() -> Image.Image:
    """Red, green / blue, white."""
    image = Image.new("RGB", (80, 80))
    for place, color in zip([(0, 0), (40, 0), (0, 40), (40, 40)], [RED, GREEN, BLUE, WHITE], strict=True):
        image.paste(color, (*place, place[0] + 40, place[1] + 40))
    return image


def test_the_square_in_the_middle_is_kept(tmp_path):
    image = Image.new("RGB", (300, 100), RED)
    image.paste(GREEN, (100, 0, 200, 100))
    image.save(tmp_path / "wide.png")
    image.rotate(90, expand=True).save(tmp_path / "high.png")
    for name in ("wide.png", "high.png"):
        assert (data.read(tmp_path / name, 32) == GREEN).all()


@pytest.mark.parametrize("size", [0, -1, "128", 1.5, (128, 128), 10**6])
def test_a_photo_is_read_at_a_size_that_memory_can_hold(tmp_path, size):
    Image.new("RGB", (40, 30)).save(tmp_path / "photo.png")
    with pytest.raises(ValueError, match="image_size must be "):
        data.read(tmp_path / "photo.png", size)


def test_shrinking_averages_over_all_pixels(tmp_path):
    checkers = np.indices((128, 128)).sum(0) % 2 * 255
    Image.fromarray(checkers.astype(np.uint8)).save(tmp_path / "checkers.png")
    shrunk = data.read(tmp_path / "checkers.png", 32)
    assert abs(shrunk.astype(int) - 127).max() <= 8


def test_reading_a_photo_agrees_with_tensorflow(photos):
    for path in sorted((photos / "test_set/dogs").iterdir())[:20]:
        image = tf.io.decode_jpeg(path.read_bytes(), channels=3, dct_method="INTEGER_ACCURATE")
        side = min(image.shape[:2])
        square = tf.image.resize_with_crop_or_pad(image, side, side)
        expected = tf.image.resize(square, (96, 96), antialias=True)
        difference = np.abs(data.read(path, 96) - expected.numpy())
        assert difference.mean() < 0.5  # of 255: ours is rounded


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_as_its_exif_data_says(tmp_path, orientation):
    # The pixels as a camera held that way would store them (Exif 2.3, tag 274).
    stored = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    image = quarters()
    for step in stored.get(orientation, []):
        image = image.transpose(step)
    exif = Image.Exif()
    exif[274] = orientation
    image.save(tmp_path / "photo.png", exif=exif)
    upright = data.read(tmp_path / "photo.png", 16)
    assert [tuple(upright[y, x]) for y, x in [(2, 2), (2, 13), (13, 2), (13, 13)]] == [RED, GREEN, BLUE, WHITE]


def test_transparent_parts_lie_over_white(tmp_path):
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    Image.new("LA", (40, 40), (0, 0)).save(tmp_path / "gray.png")
    palette = Image.new("P", (40, 40), 0)
    palette.putpalette([0, 0, 0] * 256)
    palette.save(tmp_path / "palette.png", transparency=0)
    palette.save(tmp_path / "palette.gif", transparency=0)
    for path in tmp_path.iterdir():
        assert (data.read(path, 16) == 255).all(), path.name


def test_gray_and_cmyk_become_rgb(tmp_path):
    Image.new("L", (40, 40), 90).save(tmp_path / "gray.png")
    Image.new("CMYK", (40, 40), (0, 255, 255, 0)).save(tmp_path / "red.jpg", quality=100)
    assert (data.read(tmp_path / "gray.png", 16) == 90).all()
    assert np.abs(data.read(tmp_path / "red.jpg", 16).astype(int) - RED).max() <= 3


def test_sixteen_bits_a_pixel_become_eight(tmp_path):
    Image.fromarray(np.full((40, 40), 0x80FF, np.uint16)).save(tmp_path / "deep.png")
    assert (data.read(tmp_path / "deep.png", 16) == 0x80).all()


def test_sixteen_bits_a_pixel_are_turned_and_laid_over_white_like_eight(tmp_path):
    deep = np.full((40, 40), 0x20FF, np.uint16)
    deep[:20], deep[20:, :20] = 0x8000, 0xC000
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # stored lying on its left side: a quarter turn clockwise shows it upright
    Image.fromarray(deep).save(tmp_path / "deep.png", exif=exif, transparency=0x20FF)
    image = data.read(tmp_path / "deep.png", 40)
    assert (image[:20, :20] == 0xC0).all() and (image[20:, :20] == 0xFF).all() and (image[:, 20:] == 0x80).all()


def test_a_single_pixel_fills_the_image(tmp_path):
    Image.new("RGB", (1, 1), BLUE).save(tmp_path / "dot.png")
    assert (data.read(tmp_path / "dot.png", 16) == BLUE).all()


def test_the_format_is_taken_from_the_content(tmp_path):
    for kind in ("PNG", "GIF", "WEBP", "BMP"):
        Image.new("RGB", (40, 40), WHITE).save(tmp_path / "photo.jpg", kind)
        assert (data.read(tmp_path / "photo.jpg", 16) == 255).all(), kind


# Photos are told by their content, and none is lost over what else is in the file.


@pytest.mark.parametrize("name", ["photo.jfif", "photo.JPG", "photo", "photo.txt", "photo.heic", "photo.1"])
def test_a_photo_is_read_whatever_its_name(tmp_path, name):
    Image.new("RGB", (40, 40), BLUE).save(tmp_path / name, "PNG")
    assert (data.read(tmp_path / name, 16) == BLUE).all()


def test_an_open_file_is_read_wherever_it_stands(tmp_path):
    content = io.BytesIO()
    Image.new("RGB", (40, 40), BLUE).save(content, "PNG")  # it stands at its end
    assert (data.read(content, 16) == BLUE).all()
    Image.new("RGB", (40, 40), GREEN).save(tmp_path / "photo.png")
    with open(tmp_path / "photo.png", "rb") as file:
        assert (data.read(file, 16) == GREEN).all()


@pytest.mark.parametrize("content", [b"", b"broken", b"\xff\xd8\xff" + bytes(50), b"\x89PNG\r\n\x1a\n" + bytes(50)])
def test_a_broken_open_file_is_an_oserror(content):
    with pytest.raises(OSError, match="the open file"):
        data.read(io.BytesIO(content), 32)


@pytest.mark.parametrize("path", [None, 5, True, Image.new("RGB", (4, 4))])
def test_what_is_no_file_is_named(path):
    with pytest.raises(ValueError, match="path must be a file, or one open for reading, not "):
        data.read(path, 32)


STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def corners(image: np.ndarray) -> list[tuple[int, ...]]:
    """Of a 16 × 16 image: which of red, green and blue are bright, in the middle of each quarter."""
    return [tuple(255 * (image[y, x] > 127)) for y, x in [(3, 3), (3, 12), (12, 3), (12, 12)]]


def test_a_photo_with_a_tag_that_leads_nowhere_is_turned_and_read(tmp_path):
    exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\x28\x01\x02\0\x02\0\0\x002\0\0\0\0\0\0\0"
    quarters().transpose(STORED[6]).save(tmp_path / "a.jpg", exif=exif, quality=100)
    assert corners(data.read(tmp_path / "a.jpg", 16)) == [RED, GREEN, BLUE, WHITE]


def test_a_photo_whose_exif_data_are_none_is_read(tmp_path):
    quarters().save(tmp_path / "b.png", exif=b"\0\x08\0\2\1\x12\0\3")
    assert corners(data.read(tmp_path / "b.png", 16)) == [RED, GREEN, BLUE, WHITE]


def odd_exif(chance: random.Random, orientation: int) -> bytes:
    """EXIF data with the orientation among up to twelve tags of any kind, length and place."""
    order = chance.choice("<>")
    tags = [
        struct.pack(f"{order}HHI", chance.choice([270, 271, 282, 296, 305, 34665, 34853]), kind, count)
        + chance.randbytes(4)
        for kind, count in (
            (chance.randrange(20), chance.choice([0, 1, 5, 2**32 - 1])) for _ in range(chance.randrange(12))
        )
    ]
    tags.insert(chance.randrange(len(tags) + 1), struct.pack(f"{order}HHIHH", 274, 3, 1, orientation, 0))
    start = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}IH", 8, len(tags))
    return b"Exif\0\0" + start + b"".join(tags) + chance.randbytes(chance.choice([0, 4, 50]))


@pytest.mark.parametrize(("kind", "options"), [("JPEG", {"quality": 100}), ("PNG", {}), ("WEBP", {"lossless": True})])
def test_no_turned_photo_is_lost_over_its_other_tags(kind, options):
    for number in range(700):
        chance = random.Random(number)
        held = chance.randrange(1, 9)
        image = quarters().transpose(STORED[held]) if held > 1 else quarters()
        content = io.BytesIO()
        image.save(content, kind, exif=odd_exif(chance, held), **options)
        assert corners(data.read(content, 16)) == [RED, GREEN, BLUE, WHITE], number


SEGMENTS = [b"ICC_PROFILE\0", b"MPF\0II*\0\x08\0\0\0", b"Photoshop 3.0\x008BIM\x03\xed", b"JFIF\0", b"Adobe", b"notes"]
CHUNKS = [b"iCCP", b"cHRM", b"gAMA", b"pHYs", b"sRGB", b"acTL", b"fcTL", b"fdAT", b"zTXt", b"iTXt", b"tIME", b"caBX"]


def test_no_photo_is_lost_over_a_profile_a_preview_or_a_note(tmp_path):
    for kind, start in ("JPEG", 2), ("PNG", 33):
        content = io.BytesIO()
        quarters().save(content, kind, **({"quality": 100} if kind == "JPEG" else {}))
        whole = content.getvalue()
        for number in range(300):
            chance = random.Random(number)
            noise = chance.randbytes(chance.choice([0, 1, 2, 12, 40]))
            if kind == "JPEG":
                noise = chance.choice(SEGMENTS) + noise
                other = struct.pack(">BBH", 0xFF, chance.choice([*range(0xE0, 0xF0), 0xFE]), len(noise) + 2) + noise
            else:
                noise = chance.choice(CHUNKS) + noise
                other = struct.pack(">I", len(noise) - 4) + noise + struct.pack(">I", zlib.crc32(noise))
            image = data.read(io.BytesIO(whole[:start] + other + whole[start:]), 16)
            assert corners(image) == [RED, GREEN, BLUE, WHITE], (kind, number)


def test_the_orientation_in_xmp_counts_where_there_are_no_exif_data(tmp_path):
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    quarters().transpose(STORED[6]).save(tmp_path / "photo.jpg", xmp=xmp, quality=100)
    assert corners(data.read(tmp_path / "photo.jpg", 16)) == [RED, GREEN, BLUE, WHITE]


@needs_avif
@pytest.mark.parametrize("name", ["photo.avif", "photo.jpg"])
@pytest.mark.parametrize("held", [1, 6])
def test_avif_is_read_and_turned(tmp_path, name, held):
    image = quarters().transpose(STORED[held]) if held > 1 else quarters()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = held
    image.save(tmp_path / name, "AVIF", exif=exif, quality=100)
    assert corners(data.read(tmp_path / name, 16)) == [RED, GREEN, BLUE, WHITE]


@needs_avif
def test_avif_with_spoiled_exif_data_is_read(tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Orientation] = "a camera", 6
    content = io.BytesIO()
    quarters().transpose(STORED[6]).save(content, "AVIF", exif=exif, quality=100)
    for spoiled in (b"nothing!", b"MM\0*\xff\xff\xff\xff", b"MM\0*\0\0\0\x09"):
        whole = content.getvalue()
        start = max(whole.find(b"MM\0*"), whole.find(b"II*\0"))
        (tmp_path / "a.avif").write_bytes(whole[:start] + spoiled + whole[start + 8 :])
        assert corners(data.read(tmp_path / "a.avif", 16)) == [RED, GREEN, BLUE, WHITE]


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)


@pytest.mark.fault("A photo is HEIC or AVIF, and cannot be read")
@pytest.mark.parametrize("name", ["IMG_0001.HEIC", "IMG_0001.jpg"])
def test_without_pillow_heif_a_sentence_says_what_to_do(tmp_path, monkeypatch, shown, name):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / name).write_bytes(HEIC)
    with pytest.raises(OSError) as raised:
        data.read(tmp_path / name, 32)
    shown(str(raised.value))
    assert name in str(raised.value) and "`pip install pillow-heif`, or save it as JPEG" in str(raised.value)


def test_where_pillow_has_no_avif_a_sentence_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr("PIL.features.get_supported", lambda: ["webp"])
    (tmp_path / "photo.jpg").write_bytes(b"\0\0\0\x1cftypavif\0\0\0\0mif1avifmiaf" + bytes(200))
    with pytest.raises(OSError, match=r"photo.jpg' is AVIF: install Pillow 11\.3 or newer, or save it as JPEG"):
        data.read(tmp_path / "photo.jpg", 32)


def test_heic_is_read_and_turned_where_pillow_heif_is_installed(tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif")
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    photo = pillow_heif.from_pillow(quarters().transpose(STORED[6]))
    photo.save(tmp_path / "photo.jpg", quality=100, exif=exif.tobytes())
    assert b"irot" in (tmp_path / "photo.jpg").read_bytes()
    assert corners(data.read(tmp_path / "photo.jpg", 16)) == [RED, GREEN, BLUE, WHITE]


def test_photos_are_read_in_several_threads_and_warnings_stay_as_they_are(layout):
    paths = sorted(layout.rglob("*.jpg")) * 4
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(lambda path: data.read(path, 32), paths))
        list(pool.map(lambda _: data.load(32, source=layout, limit=4), range(8)))
    assert warnings.filters == before
    for path, image in zip(paths, images, strict=True):
        np.testing.assert_array_equal(image, data.read(path, 32))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def text(path: Path) -> None:
    path.write_text("not a photo")


def postscript(path: Path) -> None:
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n")


def bomb(path: Path) -> None:
    """A black PNG of 20,000 × 20,000 pixels in 51 kB."""
    header = struct.pack(">2I5B", 20_000, 20_000, 1, 0, 0, 0, 0)
    chunks = {b"IHDR": header, b"IDAT": zlib.compress(bytes(20_000 * 2_501)), b"IEND": b""}
    content = b"\x89PNG\r\n\x1a\n"
    for kind, body in chunks.items():
        content += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    path.write_bytes(content)


def broken_png(path: Path) -> None:
    drawn.picture(0).save(path, "PNG")
    content = bytearray(path.read_bytes())
    content[60:90] = bytes(30)
    path.write_bytes(content)


BAD = [empty, truncated, text, postscript, bomb, broken_png]


@pytest.mark.parametrize("spoil", BAD)
def test_reading_a_bad_file_is_an_oserror_that_names_it(tmp_path, spoil):
    path = save_picture(tmp_path / "cat.1.jpg")
    spoil(path)
    with pytest.raises(OSError, match=r"cat\.1\.jpg"):
        data.read(path, 32)


def test_files_changed_at_random_are_read_or_refused_never_anything_else(tmp_path):
    rng = random.Random(0)
    originals = []
    for kind in ("JPEG", "PNG", "GIF", "WEBP", "BMP"):
        drawn.picture(1).resize((60, 40)).save(tmp_path / "photo", kind)
        originals.append((tmp_path / "photo").read_bytes())
    refused = 0
    for _ in range(300):
        content = bytearray(rng.choice(originals))
        for _ in range(rng.randrange(1, 20)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        (tmp_path / "photo").write_bytes(content[: rng.randrange(len(content))] if rng.random() < 0.3 else content)
        try:
            assert data.read(tmp_path / "photo", 16).shape == (16, 16, 3)
        except OSError:
            refused += 1
    assert 50 < refused < 300


# Bad files and folders.


@pytest.mark.fault("A photo asks for a canvas of gigabytes")
def test_a_picture_of_20000_by_20000_pixels_is_refused_before_it_is_decoded(tmp_path, shown):
    bomb(tmp_path / "cat.1.jpg")
    with pytest.raises(OSError) as raised:
        data.read(tmp_path / "cat.1.jpg", 32)
    shown(str(raised.value))


@pytest.mark.fault("Names have spaces, emoji or line breaks")
def test_a_photo_may_have_any_name(folder, shown, capsys):
    for number, name in enumerate(["with a space", "cat 🐈", "two\nlines", "quote'\"", "\udcff"]):
        save_picture(folder / f"training_set/cats/{name}.jpg", 100 + 2 * number)
    assert data.load(32, source=folder).counts["train"] == 22
    text(folder / "training_set/cats/a 🐈\nand a mouse.jpg")
    assert command.main(["check", str(folder)]) == 1
    out = capsys.readouterr().out
    shown(out)
    assert "'training_set/cats/a 🐈\\nand a mouse.jpg'" in out, "on one line"


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


def test_a_photo_that_is_a_link_to_nowhere_is_a_bad_file(folder):
    photo = folder / "training_set/cats/cat.3.jpg"
    photo.unlink()
    photo.symlink_to("moved.jpg")
    with pytest.warns(UserWarning, match="left out: 1"):
        assert data.load(32, source=folder).skipped == ("training_set/cats/cat.3.jpg",)
    assert data.check(folder).unreadable == ("training_set/cats/cat.3.jpg",)


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


def test_good_photos_give_no_warning(layout):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert data.load(32, source=layout).skipped == ()


def test_a_class_without_any_good_photo_is_an_error(folder):
    for path in (folder / "test_set/cats").iterdir():
        empty(path)
    with pytest.raises(ValueError, match="cats in the test split"):
        data.load(32, source=folder)


def test_the_layout_is_found_at_any_depth_under_any_name(layout, tmp_path):
    deep = tmp_path / "mit Leerzeichen" / "кошки и собаки 🐈" / "dataset"
    shutil.copytree(layout, deep)
    photos = data.load(32, source=str(tmp_path / "mit Leerzeichen"))
    assert photos.counts["test"] == 8
    assert photos.source == "photos in mit Leerzeichen"
    assert not photos.drawn


def test_the_inner_folder_counts_where_folders_are_doubled(layout, tmp_path):
    for name in ("training_set", "test_set"):
        shutil.copytree(layout / name, tmp_path / name / name)
    assert data.load(32, source=tmp_path).counts["test"] == 8


def test_of_several_layouts_the_shallowest_counts(layout, folder):
    shutil.copytree(layout / "test_set/cats", folder / "a/deeper/test_set/cats")
    assert data.load(32, source=folder).counts["test"] == 8


def test_hidden_and_other_files_are_no_photos(folder):
    for name in (".DS_Store", "._cat.1.jpg", "Thumbs.db", "notes.txt"):
        (folder / "test_set/cats" / name).write_bytes(b"something")
    assert data.load(32, source=folder).skipped == ()


def test_a_photo_may_be_in_capitals(folder):
    path = folder / "test_set/cats/cat.10.jpg"
    path.rename(path.with_name("CAT.10.JPEG"))
    assert data.load(32, source=folder).counts["test"] == 8


@pytest.mark.fault("There is no such folder of photos")
def test_a_missing_folder_is_named(tmp_path, shown):
    with pytest.raises(FileNotFoundError, match="nowhere") as raised:
        data.load(32, source=tmp_path / "nowhere")
    shown(str(raised.value))


@pytest.mark.parametrize("work", [lambda place: data.load(32, source=place), data.check, data.download])
def test_a_home_that_is_not_known_is_named(work):
    with pytest.raises(FileNotFoundError, match="'~nobody-at-all/photos'"):
        work("~nobody-at-all/photos")


@pytest.mark.parametrize("place", [5, b"photos", io.BytesIO(b"photos")])
@pytest.mark.parametrize("work", [data.check, data.download])
def test_what_is_no_path_of_a_folder_is_named(work, place):
    with pytest.raises(ValueError, match="folder must be a path, not "):
        work(place)


@pytest.mark.parametrize("place", ["", ".", "/"])
def test_photos_are_not_downloaded_into_a_folder_without_a_name(place):
    with pytest.raises(ValueError, match="folder must be new or hold all the photos, not"):
        data.download(place)


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


def test_a_validation_split_that_leaves_nothing_is_an_error(folder):
    for path in sorted((folder / "training_set/dogs").iterdir())[1:]:
        path.unlink()
    with pytest.raises(ValueError, match="validation must leave dogs to train on"):
        data.load(32, source=folder)


@pytest.fixture
def guarded(layout):
    """A folder, and a process whose user has no more rights than its permissions say."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    folder = shutil.copytree(layout, place / "photos")
    folder.chmod(0o755)
    user = os.geteuid() if hasattr(os, "geteuid") else None
    if user is None:
        pytest.skip("the permissions of this system are others")
    if user == 0:
        os.seteuid(65534)
    yield folder
    os.seteuid(user)
    for path in (folder / "training_set", *folder.rglob("*")):
        path.chmod(0o755)
    shutil.rmtree(place)


def forbid(path: Path) -> None:
    user = os.geteuid()
    os.seteuid(os.getuid())
    path.chmod(0)
    os.seteuid(user)


def test_a_photo_that_must_not_be_read_is_left_out(guarded):
    forbid(guarded / "training_set/cats/cat.1.jpg")
    with pytest.warns(UserWarning, match=r"cat\.1\.jpg"):
        assert data.load(32, source=guarded).skipped == ("training_set/cats/cat.1.jpg",)


@pytest.mark.fault("The photos belong to another user")
def test_a_folder_that_must_not_be_read_is_named(guarded, shown):
    forbid(guarded / "training_set/cats")
    with pytest.raises(PermissionError, match="training_set/cats'") as raised:
        data.load(32, source=guarded)
    shown(str(raised.value))


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


# Where the images come from.


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


# The drawn set.


def test_the_drawn_set_has_2000_pictures_to_train_on_and_400_to_test(no_photos):
    counts = {split: [len(numbers) for numbers in classes] for split, classes in drawn.NUMBERS.items()}
    assert counts == {"train": [1000, 1000], "test": [200, 200]}
    numbers = [number for classes in drawn.NUMBERS.values() for numbers in classes for number in numbers]
    assert sorted(numbers) == list(range(2400))


def test_a_picture_is_the_same_on_every_machine():
    pixels = b"".join(drawn.picture(number).tobytes() for number in range(24))
    assert hashlib.sha256(pixels).hexdigest() == "3c9435887bf10850765c721516e8c200e33407fa40e78499c18e4b191646c9ca"


def test_a_picture_is_the_same_at_every_size():
    large, small = (data.load(size, source="drawn", limit=8).images("train")[0] for size in (128, 32))
    shrunk = large.reshape(8, 32, 4, 32, 4, 3).mean((2, 4))
    assert np.abs(shrunk - small).mean() < 8  # of 255: two filters


def test_no_two_pictures_are_the_same():
    pictures = [drawn.picture(number).resize((16, 16)).tobytes() for number in range(200)]
    assert len(set(pictures)) == 200


def test_the_colors_of_the_pixels_alone_do_not_tell_cats_from_dogs():
    pictures = data.load(16, source="drawn", limit=1200)
    images, labels = pictures.images("train")
    test_images, test_labels = pictures.images("test")
    x = images.reshape(len(images), -1) / 127.5 - 1
    center = x.mean(0)
    x = x - center
    weights = x.T @ np.linalg.solve(x @ x.T + 1000 * np.eye(len(x)), labels * 2 - 1)
    right = ((test_images.reshape(len(test_images), -1) / 127.5 - 1 - center) @ weights > 0) == test_labels
    assert right.mean() < 0.7


# What is left out is said.


@pytest.fixture
def quiet():
    """No warning but those that the test expects."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


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


def test_files_that_are_no_photos_are_named(folder):
    for name in ("cat.tif", "notes.txt"):
        drawn.picture(0).save(folder / "test_set/cats" / name, "TIFF")
    with pytest.warns(UserWarning, match=r"are left out: 2 \('test_set/cats/cat.tif', 'test_set/cats/notes.txt'\)"):
        data.load(32, source=folder)
    assert data.check(folder).ignored == ("test_set/cats/cat.tif", "test_set/cats/notes.txt")


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
    assert data.check(folder).left_out == (f"{place}/1.jpg",)


@pytest.mark.fault("There are many more of one class")
@pytest.mark.parametrize("spoil", [Path.unlink, empty])
def test_classes_far_from_equal_are_named(folder, spoil, shown):
    for number in range(6):
        spoil(folder / f"training_set/cats/cat.{number}.jpg")
    with pytest.warns(UserWarning, match="far from equal: 4 cats and 10 dogs") as caught:
        data.load(32, source=folder, validation=0.3)
    shown(str(caught[-1].message))
    report = data.check(folder)
    assert report.unequal == ("train: 4 cats, 10 dogs",) and not report.ok
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
    assert report.not_installed == ("training_set/cats/cat.3.jpg",) and not report.ok


# The layouts that people have.

MADE = "(no test set there: a fifth of each class of the training photos is one, chosen by seed 0)"


def microsoft(layout: Path, folder: Path) -> None:
    """`PetImages/Cat/0.jpg`, with what Windows left behind."""
    for name in ("Cat", "Dog"):
        shutil.copytree(layout / f"training_set/{name.lower()}s", folder / "PetImages" / name)
        (folder / "PetImages" / name / "Thumbs.db").write_bytes(b"something")
    (folder / "readme[1].txt").write_text("a licence")


def competition(layout: Path, folder: Path) -> None:
    """`train/cat.0.jpg`."""
    (folder / "train").mkdir(parents=True)
    for path in (layout / "training_set").rglob("*.jpg"):
        shutil.copy(path, folder / "train")


def filtered(layout: Path, folder: Path) -> None:
    """`cats_and_dogs_filtered/train/cats/cat.0.jpg`, and the same for validation."""
    shutil.copytree(layout / "training_set", folder / "cats_and_dogs_filtered/train")
    shutil.copytree(layout / "test_set", folder / "cats_and_dogs_filtered/validation")
    (folder / "cats_and_dogs_filtered/vectorize.py").write_text("pass")


def doubled(layout: Path, folder: Path) -> None:
    """`training_set/training_set/cats/cat.1.jpg`."""
    for name in ("training_set", "test_set"):
        shutil.copytree(layout / name, folder / name / name)
        (folder / name / name / "cats/_DS_Store").write_bytes(b"something")


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


def test_the_same_picture_twice_where_the_splits_are_still_to_be_made_is_reported(layout, tmp_path):
    microsoft(layout, tmp_path)
    shutil.copy(tmp_path / "PetImages/Dog/dog.7.jpg", tmp_path / "PetImages/Dog/dog.70.jpg")
    report = data.check(tmp_path)
    assert report.duplicates == ("PetImages/Dog/dog.7.jpg = PetImages/Dog/dog.70.jpg",) and not report.ok


@pytest.mark.parametrize("lay", [microsoft, competition, filtered, doubled])
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


# check


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
    assert report.unreadable == (
        "training_set/cats/cat.1.jpg",
        "training_set/dogs/dog.2.jpg",
        "test_set/cats/cat.11.jpg",
    )
    assert not report.ok
    assert "Cannot be read: 3 ('training_set/cats/cat.1.jpg'" in str(report)


def test_what_is_no_image_is_reported(folder):
    text(folder / "training_set/cats/cat.1.jpg")
    report = data.check(folder)
    assert report.not_images == ("training_set/cats/cat.1.jpg",)
    assert not report.ok


def test_the_same_picture_in_training_and_test_set_is_reported(folder):
    image = Image.open(folder / "training_set/dogs/dog.7.jpg")
    image.save(folder / "test_set/dogs/dog.99.png")  # the same pixels in another file
    report = data.check(folder)
    assert report.duplicates == ("training_set/dogs/dog.7.jpg = test_set/dogs/dog.99.png",)
    assert not report.ok


def test_the_same_picture_twice_in_the_training_set_is_no_leak(folder):
    shutil.copy(folder / "training_set/dogs/dog.7.jpg", folder / "training_set/dogs/dog.70.jpg")
    assert data.check(folder).ok


def test_a_photo_in_the_folder_of_the_other_class_is_reported(folder):
    (folder / "training_set/dogs/dog.7.jpg").rename(folder / "training_set/cats/dog.7.jpg")
    report = data.check(folder)
    assert report.misfiled == ("training_set/cats/dog.7.jpg",)
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
    found = {
        kind: getattr(report, kind) for kind in ("misnamed", "grayscale", "cmyk", "transparent", "rotated", "ignored")
    }
    assert found == {
        "misnamed": ("training_set/cats/cat.50.jpg",),
        "grayscale": ("training_set/cats/cat.51.jpg",),
        "cmyk": ("training_set/cats/cat.52.jpg",),
        "transparent": ("training_set/cats/cat.53.png",),
        "rotated": ("training_set/cats/cat.54.jpg",),
        "ignored": ("training_set/cats/notes.txt",),
    }
    assert report.ok
    shown(str(report))


# The command line.


def test_the_command_line_explains_itself(capsys):
    with pytest.raises(SystemExit) as stopped:
        command.main(["--help"])
    assert stopped.value.code == 0
    assert {"download", "check"} <= set(
        capsys.readouterr().out.replace(",", " ").replace("{", " ").replace("}", " ").split()
    )


def test_the_status_of_check_says_whether_all_is_in_order(folder, capsys):
    assert command.main(["check", str(folder)]) == 0
    text(folder / "training_set/cats/cat.1.jpg")
    assert command.main(["check", str(folder)]) == 1
    assert "Not an image: 1" in capsys.readouterr().out


def test_an_error_on_the_command_line_is_one_sentence(tmp_path, capsys):
    assert command.main(["check", str(tmp_path / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err


# download, from a server that stands in for Kaggle's.


class Kaggle(http.server.BaseHTTPRequestHandler):
    """Answers with a redirect to the archive, which may be asked for from the middle on."""

    def do_HEAD(self):
        self.reply(b"")

    def do_GET(self):
        if self.server.captive:
            return self.reply(b"<html>Welcome to our hotel</html>", {"Content-Type": "text/html"})
        if self.path == "/api/v1/datasets/download/chetankv/dogs-cats-images":
            return self.reply(b"", {"Location": "/archive"}, status=302)
        content = self.server.archive
        start = int(self.headers.get("Range", "bytes=0-")[len("bytes=") : -1])
        self.server.starts.append(start)
        headers = {"Accept-Ranges": "bytes"} | ({"x-goog-hash": f"md5={self.server.md5}"} if self.server.md5 else {})
        self.reply(content[start:], headers, status=206 if start else 200, cut=self.server.cut)

    def reply(self, content, headers=(), status=200, cut=None):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **dict(headers)}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[:cut])
            self.wfile.flush()
            if self.server.pause and cut:
                self.server.pause.wait(60)
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def kaggle(layout, tmp_path, monkeypatch):
    """A server with the photos of `layout`, to be spoiled through `archive`, `cut` and `captive`."""
    archive = tmp_path / "archive.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(layout.rglob("*.jpg")):
            for place in ("dataset", "dog vs cat/dataset"):  # twice, as some archives have it
                file.write(path, Path(place) / path.relative_to(layout))
        file.writestr("padding", bytes(3 * 2**20))  # whole mebibytes of a broken download are kept
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Kaggle)
    server.archive, server.cut, server.captive, server.starts = archive.read_bytes(), None, False, []
    server.pause = server.md5 = None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(fetching, "KAGGLE_HOST", address)
    monkeypatch.setattr(fetching, "KAGGLE_COUNTS", data.check(layout).counts)
    yield server
    server.shutdown()
    server.server_close()


def test_the_photos_are_downloaded_and_nothing_else_stays(kaggle, tmp_path):
    place = data.download(tmp_path / "data/cats-dogs")
    assert data.load(32, source=place).counts == {"train": 18, "validation": 2, "test": 8}
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["cats-dogs"]


def test_what_is_there_is_not_downloaded_again(kaggle, tmp_path):
    place = data.download(tmp_path / "cats-dogs")
    assert data.download(place) == place
    assert len(kaggle.starts) == 1


def test_a_folder_with_something_else_is_left_alone(kaggle, tmp_path):
    save_picture(tmp_path / "mine/holiday.jpg")
    with pytest.raises(FileExistsError, match="mine"):
        data.download(tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["holiday.jpg"]


@pytest.mark.fault("The connection breaks off, or stands still")
def test_a_download_that_broke_off_leaves_no_folder_and_goes_on_where_it_stopped(kaggle, tmp_path, shown):
    kaggle.cut = len(kaggle.archive) // 2
    with pytest.raises(ConnectionError) as raised:
        data.download(tmp_path / "cats-dogs")
    shown(str(raised.value))
    assert not (tmp_path / "cats-dogs").exists()
    kaggle.starts.clear()
    kaggle.cut = None
    assert data.load(32, source=data.download(tmp_path / "cats-dogs")).counts["test"] == 8
    assert kaggle.starts == [0, 2**20]


def test_a_captive_page_is_not_taken_for_an_answer(kaggle, tmp_path):
    kaggle.captive = True
    with pytest.raises(ConnectionError):
        data.download(tmp_path / "cats-dogs")
    assert not (tmp_path / "cats-dogs").exists()


@pytest.mark.fault("The hotel answers in place of Kaggle")
def test_a_page_in_place_of_the_archive_is_not_kept(kaggle, tmp_path, shown):
    archive, kaggle.archive = kaggle.archive, b"<html>Welcome to our hotel</html>"
    with pytest.raises(ConnectionError) as raised:
        data.download(tmp_path / "cats-dogs")
    shown(str(raised.value))
    kaggle.archive = archive
    assert data.download(tmp_path / "cats-dogs").is_dir()


@pytest.mark.fault("Photos are missing in the archive")
@pytest.mark.parametrize("spoil", [Path.unlink, empty])
def test_an_archive_with_a_photo_missing_or_broken_is_refused(kaggle, layout, tmp_path, spoil, shown):
    copy = shutil.copytree(layout, tmp_path / "copy/dataset")
    spoil(copy / "test_set/cats/cat.11.jpg")
    kaggle.archive = Path(shutil.make_archive(str(tmp_path / "spoiled"), "zip", tmp_path / "copy")).read_bytes()
    with pytest.raises(ConnectionError) as raised:
        data.download(tmp_path / "cats-dogs")
    shown(str(raised.value))
    assert not (tmp_path / "cats-dogs").exists()


@pytest.mark.fault("There is no network")
def test_a_server_that_never_answers_is_not_waited_for(monkeypatch, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr(fetching, "KAGGLE_HOST", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr(fetching, "PATIENCE", 0.5)
        with pytest.raises(ConnectionError, match="is there a network"):
            data.download(tmp_path / "cats-dogs")
    assert list(tmp_path.iterdir()) == []


# What an archive may not hold, and what must not happen on the way.


@pytest.mark.fault("The connection breaks off, or stands still")
def test_a_connection_that_stands_still_is_given_up(kaggle, tmp_path, monkeypatch, shown):
    monkeypatch.setattr(fetching, "PATIENCE", 1)
    kaggle.cut, kaggle.pause = len(kaggle.archive) // 2, threading.Event()
    with pytest.raises(ConnectionError) as raised:
        data.download(tmp_path / "cats-dogs")
    kaggle.pause.set()
    shown(str(raised.value))
    kaggle.cut = kaggle.pause = None
    assert data.download(tmp_path / "cats-dogs").is_dir()


@pytest.mark.fault("What arrives is not what was sent")
def test_an_archive_with_the_wrong_checksum_is_deleted(kaggle, tmp_path, shown):
    kaggle.md5 = base64.b64encode(hashlib.md5(b"another archive").digest()).decode()
    with pytest.raises(ConnectionError) as raised:
        data.download(tmp_path / "cats-dogs")
    shown(str(raised.value))
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("cats-dogs")]
    kaggle.md5 = base64.b64encode(hashlib.md5(kaggle.archive).digest()).decode()
    assert data.download(tmp_path / "cats-dogs").is_dir()


@pytest.mark.fault("What arrives is not what was sent")
def test_a_byte_changed_on_the_way_is_noticed_even_without_a_checksum(kaggle, tmp_path):
    content = bytearray(kaggle.archive)
    content[1000] ^= 1  # inside the first photo
    kaggle.archive = bytes(content)
    with pytest.raises(ConnectionError, match="CRC"):
        data.download(tmp_path / "cats-dogs")
    assert not (tmp_path / "cats-dogs").exists()


@pytest.mark.fault("The download leads to an address without HTTPS")
def test_a_download_is_not_followed_from_https_to_http(kaggle, tmp_path, monkeypatch, shown):
    def led_on(adapter, request, **_):
        """What a server with a certificate could answer."""
        response = requests.Response()
        response.status_code, response.url, response.request = 302, request.url, request
        response.headers["Location"], response.raw = f"{address}/archive", io.BytesIO()
        return response

    address = fetching.KAGGLE_HOST
    monkeypatch.setattr(fetching, "_reach", lambda url: None)
    monkeypatch.setattr(fetching, "KAGGLE_HOST", "https://www.kaggle.com")
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", led_on)
    with pytest.raises(ConnectionError) as raised:
        data.download(tmp_path / "cats-dogs")
    shown(str(raised.value))
    assert kaggle.starts == []


def test_a_download_changes_nothing_of_the_process(kaggle, tmp_path):
    """So that others may go on meanwhile: it used to patch what it did not like in other packages."""
    functions = (requests.Session.send, zipfile.ZipFile.extractall, tarfile.TarFile.extractall)
    before, met = (functions, dict(os.environ), socket.getdefaulttimeout()), []
    reply = Kaggle.reply

    class Watching(Kaggle):
        def reply(self, *args, **options):
            functions = (requests.Session.send, zipfile.ZipFile.extractall, tarfile.TarFile.extractall)
            met.append((functions, dict(os.environ), socket.getdefaulttimeout()))
            reply(self, *args, **options)

    kaggle.RequestHandlerClass = Watching
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(data.download, [tmp_path / "one", tmp_path / "two"]))
    assert met and all(state == before for state in met)


def link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def packed(*entries: str | zipfile.ZipInfo, content: bytes = b"content") -> bytes:
    archive = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        warnings.simplefilter("ignore")  # about two of one name, which is the point
        for entry in entries:
            file.writestr(entry, content)
        file.writestr("padding", random.Random(0).randbytes(2000))
    return archive.getvalue()


def refusal(kaggle, tmp_path) -> str:
    """What is said of the archive that `kaggle` has, which must leave nothing anywhere."""
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ConnectionError) as raised:
        data.download(tmp_path / "deep/er/cats-dogs")
    assert [path for path in sorted(tmp_path.rglob("*")) if path not in before and path.is_file()] == []
    return str(raised.value)


@pytest.mark.fault("A file of the archive would land in another folder")
@pytest.mark.parametrize(
    "name",
    ["../evil", "photos/../../../evil", "/tmp/evil", "..\\evil", "C:\\evil", "C:evil", "\\\\host\\share\\evil"],
)
def test_an_archive_with_a_file_for_another_folder_is_refused(kaggle, tmp_path, shown, name):
    kaggle.archive = packed("training_set/cats/cat.1.jpg", name)
    shown(refusal(kaggle, tmp_path))
    assert not Path("/tmp/evil").exists()


@pytest.mark.fault("The archive has a link")
def test_an_archive_with_a_link_is_refused(kaggle, tmp_path, shown):
    kaggle.archive = packed(link("training_set"), content=b"/etc")
    shown(refusal(kaggle, tmp_path))


@pytest.mark.fault("Two files of the archive have one name")
@pytest.mark.parametrize("other", ["cats/CAT.1.JPG", "Cats/cat.1.jpg", "cats/cat.1.jpg", "cats\\cat.1.jpg"])
def test_an_archive_with_two_files_of_one_name_is_refused(kaggle, tmp_path, shown, other):
    kaggle.archive = packed("cats/cat.1.jpg", other)
    shown(refusal(kaggle, tmp_path))


@pytest.mark.parametrize("names", [("cats", "cats/cat.1.jpg"), ("cats/cat.1.jpg", "CATS"), ("a" * 300,), ("ü" * 150,)])
def test_an_archive_with_names_that_no_disk_takes_is_refused_and_not_kept(kaggle, tmp_path, names):
    kaggle.archive = packed(*names)
    assert "what came from Kaggle is not the photos" in refusal(kaggle, tmp_path)


@pytest.mark.fault("The archive would fill the disk")
def test_an_archive_of_too_many_files_is_refused(kaggle, tmp_path, shown):
    kaggle.archive = packed(*map(str, range(fetching.MAX_FILES)), content=b"")
    shown(refusal(kaggle, tmp_path))


@pytest.mark.fault("The archive would fill the disk")
def test_an_archive_of_too_large_files_is_refused(kaggle, tmp_path, shown):
    kaggle.archive = packed("a", "b", "c", content=bytes(2**20))
    said = fetching.MAX_BYTES
    try:
        fetching.MAX_BYTES = 2**21
        assert "the archive holds more than" in refusal(kaggle, tmp_path)
    finally:
        fetching.MAX_BYTES = said


def test_the_sizes_that_an_archive_claims_are_those_that_are_unpacked(tmp_path):
    """So that their sum may be trusted: what goes on after the size claimed is not unpacked."""
    content = bytearray(packed("bomb", content=bytes(2**20)))
    for place in (content.index(struct.pack("<I", 2**20)), content.rindex(struct.pack("<I", 2**20))):
        content[place : place + 4] = struct.pack("<I", 10)
    with zipfile.ZipFile(io.BytesIO(content)) as file, pytest.raises(zipfile.BadZipFile):
        file.extractall(tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 10


def test_a_tar_archive_is_refused(kaggle, layout, tmp_path):
    kaggle.archive = Path(shutil.make_archive(str(tmp_path / "photos"), "tar", layout)).read_bytes()
    assert "File is not a zip file" in refusal(kaggle, tmp_path)


@pytest.mark.fault("There is no network")
def test_without_a_network_the_command_ends_with_one_sentence(tmp_path, shown):
    nowhere = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "ALL_PROXY"), "http://127.0.0.1:9")
    ended = subprocess.run(
        [sys.executable, "-m", "mobilenet_lib.data", "download", str(tmp_path / "cats-dogs")],
        env=os.environ | nowhere | {"NO_PROXY": "", "no_proxy": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith(
        "python -m mobilenet_lib.data: https://www.kaggle.com cannot be reached"
    )
    assert list(tmp_path.iterdir()) == []
    shown(ended.stderr)
