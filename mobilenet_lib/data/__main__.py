"""The command line of the photos: fetch them, check them."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mobilenet_lib.data.checking import check
from mobilenet_lib.data.files import data_folder, spell_out
from mobilenet_lib.data.kaggle import download


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: `download` and `check`."""
    parser = argparse.ArgumentParser(prog="python -m mobilenet_lib.data", description="The photos of cats and dogs.")
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("download", help="fetch the photos from Kaggle; interrupted, it goes on from there")
    add.add_argument("folder", nargs="?", type=Path, default=data_folder(), help="a new folder (default: %(default)s)")
    add = commands.add_parser("check", help="read every photo and report what is wrong; status 1 if something is")
    add.add_argument("folder", type=Path, help="holds the photos, at some depth")
    chosen = parser.parse_args(arguments)
    spell_out()
    try:
        if chosen.command == "download":
            print(f"The photos are in {download(chosen.folder)}")
            return 0
        report = check(chosen.folder)
        print(report)
        return 0 if report.ok else 1
    except (OSError, ValueError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{parser.prog}: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
