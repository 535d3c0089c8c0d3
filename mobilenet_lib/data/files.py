"""Files and folders of photos: which count, what they are called, where the photos of the book lie."""

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

from PIL import UnidentifiedImageError

from mobilenet_lib.data.photo import FORMATS, opened

CLASSES = ("cat", "dog")
LABELS = {"cat": 0, "cats": 0, "dog": 1, "dogs": 1}
LEFT_BEHIND = {"thumbs.db", "ehthumbs.db", "desktop.ini", "_ds_store", "__macosx"}  # by the systems of computers


def walked(folder: Path, onerror: Callable[[OSError], Any]) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Each folder from `folder` down, behind links too: its path, its folders and its files, by name.

    Without what is hidden, or was left behind by a system.
    """
    for root, names, files in os.walk(folder, followlinks=True, onerror=onerror):
        here = Path(root)
        names[:] = sorted(name for name in names if _is_visible(name) and not _leads_back(here / name))
        yield here, names, sorted(filter(_is_visible, files))


def _is_visible(name: str) -> bool:
    return not name.startswith(".") and name.casefold() not in LEFT_BEHIND


def _leads_back(path: Path) -> bool:
    """Whether it is a link to a folder that it lies in, through which one would walk in a circle."""
    return path.is_symlink() and path.exists() and any(path.samefile(parent) for parent in path.parents)


def files_in(folder: Path, *, below: bool) -> list[Path]:
    """The files in a folder, by name, with those in folders below it or without."""
    found = walked(folder, onerror=_refuse)
    paths = [here / name for here, _, files in (found if below else islice(found, 1)) for name in files]
    return sorted(path for path in paths if path.is_file() or (path.is_symlink() and not path.exists()))


def _refuse(error: OSError) -> None:
    raise error


def is_photo(path: Path) -> bool:
    """Whether the file is a photo, or is called so: one that is broken is missed."""
    if path.suffix.lower() in FORMATS:
        return True
    try:
        with opened(path):
            return True
    except UnidentifiedImageError:
        return False
    except OSError:  # a photo, but broken
        return True


def named(name: str) -> int | None:
    """The class that the name of a file begins with."""
    return LABELS.get(re.match("[a-z]*", name.lower())[0])


def name_in(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def listed(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{len(names):,} ({', '.join(map(repr, names[:most]))}{more})" if names else "none"


def unequal(cats: int, dogs: int) -> bool:
    """Whether guessing the larger class would be right on more than 60% of them."""
    return max(cats, dogs) > 0.6 * (cats + dogs)


def expanded(folder: str | os.PathLike) -> Path:
    if not isinstance(folder, str | os.PathLike):
        raise ValueError(f"folder must be a path, not {folder!r}")
    try:
        return Path(folder).expanduser()
    except RuntimeError as error:
        raise FileNotFoundError(f"there must be a folder of photos at {os.fspath(folder)!r}, and {error}") from error


def data_folder() -> Path:
    """`data/cats-dogs` of the checkout; of the current folder where the library is installed without it."""
    checkout = Path(__file__).resolve().parents[2]
    return (checkout if (checkout / "pyproject.toml").exists() else Path.cwd()) / "data" / "cats-dogs"


def threaded(function: Callable[[Any], Any], items: Sequence) -> list[Any]:
    """`function` of each item. Threads help, because Pillow decodes outside Python's lock."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, items))


def spell_out() -> None:
    """From here on, print letters that the terminal does not have as codes; names of files have such letters."""
    if hasattr(sys.stdout, "reconfigure"):  # a notebook's output has all letters
        sys.stdout.reconfigure(errors="backslashreplace")
