"""What is wrong with the photos in a folder."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from PIL import ExifTags, UnidentifiedImageError

from mobilenet_lib.data.folder import (
    CLASSES,
    LAYOUT,
    expanded,
    files_in,
    is_photo,
    listed,
    name_in,
    photos_in,
    threaded,
)
from mobilenet_lib.data.photo import FORMATS, is_transparent, opened, upright


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
                lines += [f"{meaning}: {listed(names)}"]
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
    folder = expanded(folder)
    counts: dict[str, int] = {}
    found: dict[str, list[str]] = {kind: [] for kind in FINDINGS}
    training: dict[bytes, str] = {}
    for split, classes in photos_in(folder).items():
        for label, photos in enumerate(classes):
            counts[f"{LAYOUT[split]}/{CLASSES[label]}s"] = len(photos)
            found["ignored"] += [name_in(path, folder) for path in files_in(photos[0].parent) if not is_photo(path)]
            for photo, (kinds, pixels) in zip(photos, threaded(_examined, photos), strict=True):
                name = name_in(photo, folder)
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


def _examined(path: Path) -> tuple[list[str], bytes | None]:
    """What `check` finds in one photo, and a digest of its pixels if it has any."""
    try:
        with opened(path) as image:
            format = "JPEG" if image.format == "MPO" else image.format  # a JPEG with a second picture behind it
            odd = {
                "misnamed": format != FORMATS[path.suffix.lower()],
                "grayscale": image.mode in ("1", "L", "LA") or image.mode.startswith("I"),
                "cmyk": image.mode == "CMYK",
                "transparent": is_transparent(image),
                "rotated": image.getexif().get(ExifTags.Base.Orientation, 1) != 1,
            }
            pixels = upright(image)
    except UnidentifiedImageError:
        return ["unreadable" if path.stat().st_size == 0 else "not_images"], None
    except OSError:
        return ["unreadable"], None
    return [kind for kind in odd if odd[kind]], hashlib.blake2b(f"{pixels.size}".encode() + pixels.tobytes()).digest()
