"""The most memory that each chapter has at any time, with the data that it finds.

The goals are 2 GB with the drawn pictures and 4 GB with the photos; status 1 if a chapter needs more.
"""

import argparse
import sys
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

from mobilenet_lib import data

CHAPTERS = Path(__file__).resolve().parents[1] / "chapters"
# Not ru_maxrss: that one begins with the peak of the process that started this one.
PEAK = "next(int(line.split()[1]) * 1024 // 10**6 for line in open('/proc/self/status') if line.startswith('VmHWM'))"


def peak(chapter: Path) -> int:
    notebook = jupytext.read(chapter)
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK))
    NotebookClient(notebook, timeout=1800, resources={"metadata": {"path": str(chapter.parent)}}).execute()
    return int(notebook.cells[-1].outputs[0].data["text/plain"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chapter", nargs="*", help="such as 05 (default: all)")
    args = parser.parse_args()
    photos = data.load(16, limit=2)
    goal = 2000 if photos.drawn else 4000
    print("with", photos.source)
    too_much = False
    for chapter in sorted(CHAPTERS.glob("*.md")):
        if not args.chapter or chapter.name[:2] in args.chapter:
            megabytes = peak(chapter)
            too_much |= megabytes > goal
            print(f"{chapter.stem:<30}{megabytes:8,} MB", flush=True)
    if too_much:
        sys.exit(f"The goal is {goal:,} MB")


if __name__ == "__main__":
    main()
