"""Give the book the address of its repository: `python scripts/repository.py https://github.com/OWNER/NAME`.

The address stands in `_config.yml`. What cannot read it there, the setup cells of the chapters and the citation file,
follows.
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
FOLLOW = ("CITATION.cff", "chapters/*.md", "chapters/*.ipynb")


def address(root: Path = ROOT) -> str:
    """The address that `_config.yml` has now."""
    return re.search(
        r"^repository:\n(?:  .*\n)*?  url: (\S+)$", (root / "_config.yml").read_text("utf8"), re.MULTILINE
    )[1]


def set_address(new: str, root: Path = ROOT) -> list[Path]:
    """Write `new` in place of the address, wherever it stands, and return the files that changed.

    All of them are written beside the old ones first, so that nothing changes if one cannot be. Raises `ValueError` if
    `new` is not the address of a repository on GitHub.
    """
    new = new.removesuffix("/").removesuffix(".git")
    if not ADDRESS.fullmatch(new):
        raise ValueError(f"URL must be https://github.com/OWNER/NAME, not {new!r}")
    old = re.compile(re.escape(address(root)) + r"(?![\w.-])")
    files = [root / "_config.yml", *(path for pattern in FOLLOW for path in sorted(root.glob(pattern)))]
    texts = {path: path.read_text("utf8") for path in files}
    changed = {path: text for path in files if (text := old.sub(lambda _: new, texts[path])) != texts[path]}
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
