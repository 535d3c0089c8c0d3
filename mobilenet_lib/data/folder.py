"""A folder of photos: which ones it has, of which class, in which split."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mobilenet_lib.data.photo import FORMATS

CLASSES = ("cat", "dog")
LAYOUT = {"train": "training_set", "test": "test_set"}


def photos_in(folder: Path) -> dict[str, tuple[list[Path], list[Path]]]:
    """The photos of each split, cats and dogs, in the order of their names."""
    try:
        found = {}
        for split, place in _layout(folder).items():
            names = sorted(path.name for path in place.iterdir() if path.is_dir() and not path.name.startswith("."))
            if names != ["cats", "dogs"]:
                raise ValueError(
                    f"{str(place)!r} must hold the folders cats and dogs and no other, not {listed(names)}"
                )
            found[split] = tuple([path for path in files_in(place / name) if is_photo(path)] for name in names)
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


def files_in(folder: Path) -> list[Path]:
    found = (path for path in folder.iterdir() if not path.name.startswith("."))
    return sorted(path for path in found if path.is_file() or (path.is_symlink() and not path.exists()))


def is_photo(path: Path) -> bool:
    return path.suffix.lower() in FORMATS


def name_in(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def listed(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{len(names):,} ({', '.join(map(repr, names[:most]))}{more})" if names else "none"


def expanded(folder: str | os.PathLike) -> Path:
    try:
        return Path(folder).expanduser()
    except RuntimeError as error:
        raise FileNotFoundError(f"there must be a folder of photos at {os.fspath(folder)!r}, and {error}") from error


def data_folder() -> Path:
    """`data/cats-dogs` of the checkout; of the current folder where the library is installed without it."""
    checkout = Path(__file__).resolve().parents[2]
    return (checkout if (checkout / "pyproject.toml").exists() else Path.cwd()) / "data" / "cats-dogs"


def threaded(function: Callable[[Any], Any], items: Sequence) -> list[Any]:
    with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
        warnings.simplefilter("ignore")  # Pillow's, about EXIF data that it finds odd
        return list(pool.map(function, items))


def spell_out() -> None:
    """From here on, print letters that the terminal does not have as codes; names of files have such letters."""
    if hasattr(sys.stdout, "reconfigure"):  # a notebook's output has all letters
        sys.stdout.reconfigure(errors="backslashreplace")
