"""Pictures to be read, folders of them in the layouts that people have, and what spoils a file."""

import hashlib
import os
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from mobilenet_lib import drawn

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


def digests(images: np.ndarray) -> set[bytes]:
    return {hashlib.sha256(image.tobytes()).digest() for image in images}


RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def quarters() -> Image.Image:
    """Red, green / blue, white."""
    image = Image.new("RGB", (80, 80))
    for place, color in zip([(0, 0), (40, 0), (0, 40), (40, 40)], [RED, GREEN, BLUE, WHITE], strict=True):
        image.paste(color, (*place, place[0] + 40, place[1] + 40))
    return image


# The pixels as a camera that is held so would store them (Exif 2.3, tag 274).
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


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)


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
    path.write_bytes(png({b"IHDR": header, b"IDAT": zlib.compress(bytes(20_000 * 2_501)), b"IEND": b""}))


def png(chunks: dict[bytes, bytes]) -> bytes:
    content = b"\x89PNG\r\n\x1a\n"
    for kind, body in chunks.items():
        content += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return content


def broken_png(path: Path) -> None:
    drawn.picture(0).save(path, "PNG")
    content = bytearray(path.read_bytes())
    content[60:90] = bytes(30)
    path.write_bytes(content)


BAD = [empty, truncated, text, postscript, bomb, broken_png]


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


def forbid(path: Path) -> None:
    user = os.geteuid()
    os.seteuid(os.getuid())
    path.chmod(0)
    os.seteuid(user)
