"""One photo: from a file to pixels."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from mobilenet_lib.costs import positive

# What the name of a photo promises. Pillow is asked for no other format: for some of them it starts other programs.
FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".gif": "GIF", ".webp": "WEBP", ".bmp": "BMP"}
MAX_PIXELS = 2**26  # a file of a few kilobytes can ask for a canvas of gigabytes


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
    with opened(path) as image:
        return square(upright(image), image_size)


@contextmanager
def opened(path: str | os.PathLike) -> Iterator[Image.Image]:
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


def upright(image: Image.Image) -> Image.Image:
    """Upright, in RGB, at its own size."""
    image = ImageOps.exif_transpose(image)
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
