"""The most memory that each chapter has at any time, with the data that it finds.

Prints megabytes and asserts nothing. The goals are 2 GB with the drawn pictures and 4 GB with the photos.
"""

import argparse
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

from mobilenet_lib import data

CHAPTERS = Path(__file__).resolve().parents[1] / "chapters"
# Not ru_maxrss: that one begins with the peak of the process that started this one.
PEAK = "next(int(line.split()[1]) // 1024 for line in open('/proc/self/status') if line.startswith('VmHWM'))"


def peak(chapter: Path) -> int:
    notebook = jupytext.read(chapter)
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK))
    NotebookClient(notebook, timeout=1800, resources={"metadata": {"path": str(chapter.parent)}}).execute()
    return int(notebook.cells[-1].outputs[0].data["text/plain"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chapter", nargs="*", help="such as 05 (default: all)")
    args = parser.parse_args()
    print("with", data.load(16, limit=2).source)
    for chapter in sorted(CHAPTERS.glob("*.md")):
        if not args.chapter or chapter.name[:2] in args.chapter:
            print(f"{chapter.stem:<30}{peak(chapter):8,} MB", flush=True)


if __name__ == "__main__":
    main()
