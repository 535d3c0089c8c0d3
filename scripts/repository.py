"""Give the book the address of its repository: `python scripts/repository.py https://github.com/OWNER/NAME`.

The address stands in `_config.yml`. What cannot read it there, the setup cells of the chapters and the citation file,
follows. What stands in these places is replaced, whatever it is: after a merge they may disagree.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What GitHub takes: letters, digits and single hyphens for an owner, also dots and underscores for a name.
ADDRESS = re.compile(
    r"https://github\.com/(?!-)(?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){1,39}/(?!\.{1,2}$)[\w.-]{1,100}", re.ASCII
)
# What stands before the address, and the address.
SETUP = r'(%pip install --quiet \\?"git\+)([^"\\]+)'
PLACES = {
    "_config.yml": r"^(repository:\n(?:  .*\n)*?  url: )(\S+)$",
    "CITATION.cff": r"^(repository-code: )(\S+)$",
    "chapters/*.md": SETUP,
    "chapters/*.ipynb": SETUP,
}


def address(root: Path = ROOT) -> str:
    """The address that `_config.yml` has now."""
    return re.search(PLACES["_config.yml"], (root / "_config.yml").read_text("utf8"), re.MULTILINE)[2]


def set_address(new: str, root: Path = ROOT) -> list[Path]:
    """Write `new` wherever the address stands, and return the files that changed.

    All of them are written beside the old ones first, so that nothing changes if one cannot be. Raises `ValueError` if
    `new` is not the address of a repository on GitHub.
    """
    new = new.removesuffix("/").removesuffix(".git")
    if not ADDRESS.fullmatch(new):
        raise ValueError(f"URL must be https://github.com/OWNER/NAME, not {new!r}")
    changed = {}
    for files, place in PLACES.items():
        for path in sorted(root.glob(files)):
            old = path.read_text("utf8")
            text = re.sub(place, rf"\g<1>{new}", old, flags=re.MULTILINE)
            if text != old:
                changed[path] = text
    parts = {path: path.with_name(f".{path.name}.part") for path in changed}
    try:
        for path, part in parts.items():
            part.write_text(changed[path], "utf8")
        for path, part in parts.items():
            os.replace(part, path)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
    return list(changed)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not arguments[0]:
        print(f"make repository URL=https://github.com/OWNER/NAME\nThe address is now: {address()}", file=sys.stderr)
        return 1
    try:
        changed = set_address(arguments[0])
    except (OSError, ValueError) as error:
        print(f"Nothing changed: {error}", file=sys.stderr)
        return 1
    print(f"{address()}: written to {len(changed)} files. Commit and push them.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
