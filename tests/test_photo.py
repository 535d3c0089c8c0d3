"""`data.photo`: from a file to pixels, or one error that says what is wrong with it."""

import io
import os
import struct
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
import pytest
import tensorflow as tf
from pictures import BAD, BLUE, GREEN, HEIC, RED, STORED, WHITE, bomb, corners, needs_avif, png, quarters, save_picture
from PIL import ExifTags, Image

from mobilenet_lib import data


def test_the_square_in_the_middle_is_kept(tmp_path):
    image = Image.new("RGB", (300, 100), RED)
    image.paste(GREEN, (100, 0, 200, 100))
    image.save(tmp_path / "wide.png")
    image.rotate(90, expand=True).save(tmp_path / "high.png")
    for name in ("wide.png", "high.png"):
        assert (data.read(tmp_path / name, 32) == GREEN).all()


@pytest.mark.parametrize("size", [0, "128", 1.5, 10**6])
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


CLEAR = {  # bits, kind of color, one row of 8 pixels of the color that is transparent, that color as two bytes each
    "gray, 1 bit": (1, 0, b"\xff", [1]),
    "gray, 2 bits": (2, 0, b"\x55\x55", [1]),
    "gray, 4 bits": (4, 0, b"\x55" * 4, [5]),
    "gray, 8 bits": (8, 0, b"\x55" * 8, [0x55]),
    "gray, 16 bits": (16, 0, b"\x12\x34" * 8, [0x1234]),
    "color, 8 bits": (8, 2, b"\x12\x56\x9a" * 8, [0x12, 0x56, 0x9A]),
    "color, 16 bits": (16, 2, b"\x12\x34\x56\x78\x9a\xbc" * 8, [0x1234, 0x5678, 0x9ABC]),
}


@pytest.mark.parametrize(("depth", "kind", "row", "color"), CLEAR.values(), ids=CLEAR)
def test_a_color_that_is_transparent_lies_over_white_at_every_depth(depth, kind, row, color):
    """PNG (Third Edition), 11.3.1.1: tRNS holds a color in the bits of the image, each sample in two bytes."""
    header, clear = struct.pack(">2I5B", 8, 8, depth, kind, 0, 0, 0), struct.pack(f">{len(color)}H", *color)
    black = bytes(len(row))
    rows = zlib.compress(4 * (b"\0" + row) + 4 * (b"\0" + black))
    file = png({b"IHDR": header, b"tRNS": clear, b"IDAT": rows, b"IEND": b""})
    image = data.read(io.BytesIO(file), 8)
    assert (image[:4] == 255).all() and (image[4:] == 0).all()


def test_a_single_pixel_fills_the_image(tmp_path):
    Image.new("RGB", (1, 1), BLUE).save(tmp_path / "dot.png")
    assert (data.read(tmp_path / "dot.png", 16) == BLUE).all()


def test_the_format_is_taken_from_the_content_whatever_the_name(tmp_path):
    for kind, name in product(("PNG", "GIF", "WEBP", "BMP"), ("photo.jpg", "photo.heic", "photo", "photo.1")):
        Image.new("RGB", (40, 40), WHITE).save(tmp_path / name, kind)
        assert (data.read(tmp_path / name, 16) == 255).all(), (kind, name)


def test_an_open_file_is_read_wherever_it_stands(tmp_path):
    content = io.BytesIO()
    Image.new("RGB", (40, 40), BLUE).save(content, "PNG")  # it stands at its end
    assert (data.read(content, 16) == BLUE).all()
    Image.new("RGB", (40, 40), GREEN).save(tmp_path / "photo.png")
    with open(tmp_path / "photo.png", "rb") as file:
        assert (data.read(file, 16) == GREEN).all()


def test_a_pipe_is_read_by_its_name(tmp_path):
    """What a shell makes of `<(curl …)` or a named pipe: it cannot go back to its beginning."""
    content = io.BytesIO()
    Image.new("RGB", (40, 40), BLUE).save(content, "PNG")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as threads:
        threads.submit(pipe.write_bytes, content.getvalue())
        assert (data.read(pipe, 16) == BLUE).all()


@pytest.mark.parametrize("content", [b"", b"broken", b"\xff\xd8\xff" + bytes(50), b"\x89PNG\r\n\x1a\n" + bytes(50)])
def test_a_broken_open_file_is_an_oserror(content):
    with pytest.raises(OSError, match="the open file"):
        data.read(io.BytesIO(content), 32)


@pytest.mark.parametrize("path", [None, 5, True, Image.new("RGB", (4, 4)), io.StringIO("open"), bytes(999)])
def test_what_is_no_file_is_named(path):
    with pytest.raises(ValueError, match=r"^path must be a file, or one open for reading bytes, not .{,80}$"):
        data.read(path, 32)


@needs_avif
@pytest.mark.parametrize("name", ["photo.avif", "photo.jpg"])
@pytest.mark.parametrize("held", [1, 6])
def test_avif_is_read_and_turned(tmp_path, name, held):
    image = quarters().transpose(STORED[held]) if held > 1 else quarters()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = held
    image.save(tmp_path / name, "AVIF", exif=exif, quality=100)
    assert corners(data.read(tmp_path / name, 16)) == [RED, GREEN, BLUE, WHITE]


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


@pytest.mark.parametrize("spoil", BAD)
def test_reading_a_bad_file_is_an_oserror_that_names_it(tmp_path, spoil):
    path = save_picture(tmp_path / "cat.1.jpg")
    spoil(path)
    with pytest.raises(OSError, match=r"cat\.1\.jpg"):
        data.read(path, 32)


@pytest.mark.fault("A photo asks for a canvas of gigabytes")
def test_a_picture_of_20000_by_20000_pixels_is_refused_before_it_is_decoded(tmp_path, shown):
    bomb(tmp_path / "cat.1.jpg")
    with pytest.raises(OSError) as raised:
        data.read(tmp_path / "cat.1.jpg", 32)
    shown(str(raised.value))
