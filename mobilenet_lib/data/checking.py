"""What is wrong with the photos in a folder."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from PIL import UnidentifiedImageError

from mobilenet_lib.data.files import CLASSES, expanded, listed, name_in, threaded, unequal
from mobilenet_lib.data.folder import photos_in
from mobilenet_lib.data.metadata import orientation
from mobilenet_lib.data.photo import FORMATS, MissingReader, is_transparent, opened, upright

# What spoils a training or its result, and what `read` copes with.
SPOILING = {
    "unreadable": "Cannot be read",
    "not_installed": "HEIC or AVIF, for which `pip install --upgrade pillow pillow-heif` is missing",
    "not_images": "Not an image",
    "misfiled": "In the folder of the other class, going by the name",
    "duplicates": "The same picture in two splits, in both classes, or where a test set is still to be split off",
    "unequal": "Far from equal",
}
FINDINGS = SPOILING | {
    "misnamed": "Of another format than the name says, read all the same",
    "grayscale": "Grayscale, read as RGB",
    "cmyk": "CMYK, read as RGB",
    "transparent": "With transparency, read over white",
    "rotated": "Turned by EXIF, read upright",
    "ignored": "No photo, or in no format that is read, left out",
    "left_out": "Of no class, or of another data set, left out",
}


@dataclass(frozen=True)
class Report:
    """What `check` found in `folder`: `counts` of photos per class and split; for each of `FINDINGS`, names of files.

    `made` says which split `load` has to make.
    """

    folder: Path
    counts: dict[str, int]
    found: dict[str, list[str]]
    made: str

    @property
    def ok(self) -> bool:
        """Whether every photo can be decoded and is where it belongs, and there are about as many of each class."""
        return not any(self.found[kind] for kind in SPOILING)

    def __str__(self) -> str:
        lines = [f"{self.folder}: {sum(self.counts.values()):,} photos, {'in order' if self.ok else 'not in order'}"]
        lines += [f"  {count:6,} {name}" for name, count in self.counts.items()]
        lines += [self.made[:1].upper() + self.made[1:]] * bool(self.made)
        lines += [f"{FINDINGS[kind]}: {listed(names)}" for kind, names in self.found.items() if names]
        return "\n".join(lines)


def check(folder: str | os.PathLike) -> Report:
    """Read every photo in `folder` and report what is wrong. Raises what `load` raises for its `source`."""
    photos = photos_in(expanded(folder))
    found: dict[str, list[str]] = {kind: [] for kind in FINDINGS}
    found |= {"ignored": photos.ignored, "left_out": photos.left_out}
    seen: dict[bytes, tuple[str, int, str]] = {}
    for split, classes in photos.splits.items():
        good = [0, 0]
        for label, paths in enumerate(classes):
            for path, (kinds, pixels) in zip(paths, threaded(_examined, paths), strict=True):
                name = name_in(path, photos.folder)
                for kind in kinds:
                    found[kind].append(name)
                words = {word.rstrip("s") for word in re.findall("[a-z]+", path.stem.lower())}
                if not photos.by_name and words & {*CLASSES} == {CLASSES[1 - label]}:
                    found["misfiled"].append(name)
                if pixels is None:
                    continue
                good[label] += 1
                where, whose, first = seen.setdefault(pixels, (split, label, name))
                twice = (where, whose) != (split, label) or (photos.made and split == "train")
                if first != name and twice:
                    found["duplicates"].append(f"{first} = {name}")
        if unequal(*good):
            found["unequal"].append(f"{split}: {good[0]:,} cats, {good[1]:,} dogs")
    return Report(photos.folder, photos.counts, found, photos.made)


def _examined(path: Path) -> tuple[list[str], bytes | None]:
    """What `check` finds in one photo, and a digest of its pixels if it has any."""
    try:
        with opened(path) as image:
            odd = {
                "misnamed": FORMATS.get(path.suffix.lower(), image.format) != image.format,
                "grayscale": image.mode in ("1", "L", "LA") or image.mode.startswith("I"),
                "cmyk": image.mode == "CMYK",
                "transparent": is_transparent(image),
                "rotated": orientation(image) != 1,
            }
            pixels = upright(image)
    except MissingReader:
        return ["not_installed"], None
    except UnidentifiedImageError:
        return ["unreadable" if path.stat().st_size == 0 else "not_images"], None
    except OSError:
        return ["unreadable"], None
    return [kind for kind in odd if odd[kind]], hashlib.blake2b(f"{pixels.size}".encode() + pixels.tobytes()).digest()
