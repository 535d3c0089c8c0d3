"""How much of the code that stands open in each chapter explains something.

    python scripts/open_code.py

Counted are lines of statements, without blank lines and comments, in cells that the page does not fold and that are no
part of the exercises. A statement explains unless it asserts, imports, or draws, tabulates or words what was computed.
"""

import ast
import sys
from pathlib import Path

import jupytext

CHAPTERS = sorted((Path(__file__).resolve().parents[1] / "chapters").glob("*.md"))
FOLDED = {"setup", "proof", "making", "solution"}
SHOWS = {"plots", "Markdown", "print", "display"}


def is_open(cell) -> bool:
    return cell.cell_type == "code" and not FOLDED & set(cell.metadata.get("tags", ()))


def explains(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assert | ast.Import | ast.ImportFrom):
        return False
    names = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    return not SHOWS & names


def lines(statement: ast.stmt, source: list[str]) -> int:
    within = source[statement.lineno - 1 : statement.end_lineno]
    return sum(bool(line.strip()) and not line.lstrip().startswith("#") for line in within)


def counted(chapter: Path) -> tuple[int, int]:
    """The lines that stand open before the exercises, and how many of them explain."""
    every = explaining = 0
    for cell in jupytext.read(chapter).cells:
        if "## Exercises" in cell.source.splitlines():
            break
        if is_open(cell):
            for statement in ast.parse(cell.source).body:
                count = lines(statement, cell.source.splitlines())
                every += count
                explaining += count * explains(statement)
    return every, explaining


if __name__ == "__main__":
    for chapter in map(Path, sys.argv[1:] or CHAPTERS):
        every, explaining = counted(chapter)
        print(f"{chapter.stem:24} {every:4} open lines, {explaining / every:.0%} explain")
