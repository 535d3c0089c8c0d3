"""One photo: from a file to pixels."""

import io
import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError, features

from mobilenet_lib.costs import positive
from mobilenet_lib.data.metadata import jpeg, orientation, png

# What the name of a photo promises. What it is, its content says.
FORMATS = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), "JPEG"),
    **{".png": "PNG", ".gif": "GIF", ".webp": "WEBP", ".bmp": "BMP", ".avif": "AVIF"},
    **dict.fromkeys((".heic", ".heif", ".hif"), "HEIF"),
}
# Pillow is asked for no other format: for some of them it starts other programs.
OTHERS = ("GIF", "WEBP", "BMP")
AVIF = {b"avif", b"avis"}
HEIF = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
MAX_PIXELS = 2**26  # a file of a few kilobytes can ask for a canvas of gigabytes

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class MissingReader(OSError):
    """A photo is of a format for which a package is missing; `remedy` says which, and what else helps."""

    def __init__(self, name: str, remedy: str) -> None:
        super().__init__(f"{name} is {remedy}")
        self.remedy = remedy


def read(path: str | os.PathLike | BinaryIO, image_size: int) -> np.ndarray:
    """Decode one photo, uint8 `[image_size, image_size, 3]`: the only place where this is done.

    `path` is a file, or one that is open for reading bytes. It is read as what it is, whatever its name: JPEG, PNG,
    GIF, WebP, BMP, AVIF, and HEIC where pillow-heif is installed.

    The photo is turned as its EXIF orientation says and converted to RGB, transparent parts over white. The square in
    its middle, as wide as its shorter side, is resized with Pillow's bilinear filter, which when shrinking averages
    over all pixels that fall together. JPEGs are decoded at full size: with Pillow's shortcut, decoding at half or a
    quarter of it, the result would depend on how far the photo shrinks.

    Raises `OSError` if the file cannot be read or decoded, `ValueError` for an `image_size` out of range and for a
    `path` that is neither.
    """
    image_size = positive("image_size", image_size)
    if image_size**2 > MAX_PIXELS:
        raise ValueError(f"image_size must be at most {math.isqrt(MAX_PIXELS):,} pixels, not {image_size!r}")
    with opened(path) as image:
        return square(upright(image), image_size)


@contextmanager
def opened(path: str | os.PathLike | BinaryIO) -> Iterator[Image.Image]:
    """The photo in `path`, open; whatever goes wrong with it becomes an `OSError`."""
    if not isinstance(path, str | os.PathLike) and (not hasattr(path, "read") or isinstance(path, io.TextIOBase)):
        raise ValueError(f"path must be a file, or one open for reading bytes, not {path!r:.80}")
    name = "the open file" if hasattr(path, "read") else repr(os.fspath(path))
    try:
        with _stream(path) as stream, _image(stream, name) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(f"{image.width} × {image.height} pixels are more than {MAX_PIXELS:,}")
            yield image
    except UnidentifiedImageError as error:
        formats = "JPEG, PNG, GIF, WebP, BMP, AVIF or HEIC"
        raise UnidentifiedImageError(f"{name} is no photo in a format that is read: {formats}") from error
    except (FileNotFoundError, PermissionError, MissingReader):
        raise
    except Exception as error:  # on a broken file Pillow raises whatever it stumbles over
        raise OSError(f"{name} cannot be decoded: {error}") from error


@contextmanager
def _stream(path: str | os.PathLike | BinaryIO) -> Iterator[BinaryIO]:
    if hasattr(path, "read"):
        with suppress(AttributeError, OSError):  # what has been written to may stand at its end
            path.seek(0)
        yield io.BytesIO(path.read())
    else:
        with open(path, "rb") as file:
            yield file if file.seekable() else io.BytesIO(file.read())  # a pipe cannot go back


def _image(stream: BinaryIO, name: str) -> Image.Image:
    head = stream.read(256)
    stream.seek(0)
    if head.startswith(b"\xff\xd8\xff"):
        return _pixels(*jpeg(stream.read()), "JPEG")
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png(stream.read())
    # Formats of this family say in their first box what they are, and with what else they get along.
    box = head[: int.from_bytes(head[:4], "big")] if head[4:8] == b"ftyp" else b""
    brands = {box[start : start + 4] for start in range(8, len(box), 4)}
    if brands & AVIF:
        return _avif(stream, name)
    if brands & HEIF:
        return _heif(stream, name)
    return Image.open(stream, formats=OTHERS)


def _pixels(content: bytes, exif: bytes, others: bytes, format: str) -> Image.Image:
    image = Image.open(io.BytesIO(content), formats=[format])
    image.info |= {"exif": exif, "xmp": others}
    return image


def _png(content: bytes) -> Image.Image:
    image, depth = _pixels(*png(content), "PNG"), content[24]
    # The transparent color is as deep as in the file, while Pillow makes 8 bits of the pixels.
    if (clear := image.info.get("transparency")) is not None:
        if image.mode == "L":
            image.info["transparency"] = clear * 255 // (2**depth - 1)
        elif image.mode == "RGB":
            image.info["transparency"] = tuple(value >> (depth - 8) for value in clear)
    return image


def _avif(stream: BinaryIO, name: str) -> Image.Image:
    if "avif" not in features.get_supported():
        raise MissingReader(name, "AVIF: install Pillow 11.3 or newer, or save it as JPEG")
    # Its orientation does not stand in EXIF data, which Pillow would rewrite all the same, and fail where they are odd.
    content = re.sub(rb"(infe(?:\x02.{5}|\x03.{7}).{2})Exif", rb"\1skip", stream.read(), flags=re.DOTALL)
    return Image.open(io.BytesIO(content), formats=["AVIF"])


def _heif(stream: BinaryIO, name: str) -> Image.Image:
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        raise MissingReader(name, "HEIC: `pip install pillow-heif`, or save it as JPEG") from error
    return HeifImageFile(stream)


def upright(image: Image.Image) -> Image.Image:
    """Upright, in RGB, at its own size."""
    turn = UPRIGHT.get(orientation(image))
    if turn is not None:
        image = image.transpose(turn)
    if image.mode.startswith("I"):  # 16 bits a pixel, which Pillow would clip to 8
        deep, clear = np.asarray(image), image.info.get("transparency")
        image = Image.fromarray((deep >> 8).astype(np.uint8))
        if clear is not None:
            image.putalpha(Image.fromarray(np.where(deep == clear, 0, 255).astype(np.uint8)))
    if is_transparent(image):
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    return image.convert("RGB")


def is_transparent(image: Image.Image) -> bool:
    return "A" in image.getbands() or "transparency" in image.info


def square(image: Image.Image, image_size: int) -> np.ndarray:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    # Cropped first: the `box` of `resize` lets pixels beside it have a part in the edge.
    square = image.crop((left, top, left + side, top + side))
    return np.asarray(square.resize((image_size, image_size), Image.Resampling.BILINEAR))
