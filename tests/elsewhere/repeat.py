"""The same revision on the same data gives the same pages: two books, each executed from nothing.

What a clock measured may differ, and nothing else: the line at the foot of a page, the status page, and the outputs of
cells that a clock has a part in, directly or by a name that another such cell gave a value.
"""

import os
import re
import subprocess
import symtable
import sys
from pathlib import Path

import jupytext
import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path.relative_to(ROOT) for folder in ("book", "chapters") for path in (ROOT / folder).glob("*.md"))
DOWNLOADED = ROOT / "data" / "cats-dogs"
CLOCK = re.compile(r"\blatency\(|\bperf_counter\(|\btimeit\.|\brun\.seconds\b|\bcommand\.main\(")


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """The folders of the pages of two books, of the drawn set."""
    if DOWNLOADED.exists():
        pytest.skip("data/cats-dogs has the photos, and this is about the drawn set")
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "--toc", "book/_toc.yml", "-W", "-q"]
    # A kernel that finds this name lets what C++ writes to stderr pass by, and its cells have other outputs.
    ours = ("PYTEST_CURRENT_TEST", "CATS_DOGS_DIR")
    env = {name: value for name, value in os.environ.items() if name not in ours}
    folders = [tmp_path_factory.mktemp(name) for name in ("first", "second")]
    for folder in folders:
        subprocess.run([*command, "--path-output", folder], cwd=ROOT, check=True, env=env)
    return [folder / "_build" / "html" for folder in folders]


def scopes(table):
    """A function or class, and all in it."""
    return [table, *(each for part in table.get_children() for each in scopes(part))]


def timed_cells(path):
    """The code of each cell, and whether a clock has a part in what it shows."""
    timed, found = set(), []
    for cell in jupytext.read(path).cells:
        if cell.cell_type == "code":
            plain = re.sub(r"^(\s*)%.*", r"\1pass", cell.source, flags=re.MULTILINE)
            module = symtable.symtable(plain, str(path), "exec")
            inside = [table for part in module.get_children() for table in scopes(part)]
            used = {name.get_name() for name in module.get_symbols() if name.is_referenced()}
            # A parameter may be called what a name outside is called.
            used |= {name.get_name() for table in inside for name in table.get_symbols() if name.is_global()}
            has_part = bool(CLOCK.search(cell.source) or used & timed)
            found.append((code(cell.source), has_part))
            given = {name.get_name() for name in module.get_symbols() if name.is_assigned()}
            timed = timed | given if has_part else timed - given
    return found


def code(source):
    """The code of a cell as a page has it, without the title that folds it, and without spaces."""
    return re.sub(r"\s", "", re.sub(r"# @title.*", "", source))


def article(page, cells):
    """The page without times. Forms stand in place of some of its `cells`."""
    found = BeautifulSoup(page.read_text("utf8"), "html.parser").find("article")
    timed = dict(cells)
    for cell in found.select("div.cell:has(.cell_input)"):
        if timed[code(cell.select_one(".cell_input pre").get_text())]:
            for output in cell.select(".cell_output"):
                output.decompose()
    for line in found.select(".provenance"):
        line.decompose()
    return found.prettify().splitlines()


def test_few_cells_are_exempt_because_of_a_clock():
    for chapter in sorted((ROOT / "chapters").glob("*.md")):
        timed, name = [has_part for _, has_part in timed_cells(chapter)], chapter.name[:2]
        assert sum(timed) <= (len(timed) / 6 if name in ("06", "07", "09", "10", "11") else 0), chapter.name


def test_both_books_are_of_the_drawn_set(books):
    for book in books:
        assert "Data: drawn cats and dogs." in (book / "chapters" / "05-training.html").read_text("utf8")


@pytest.mark.parametrize("path", [path for path in PAGES if path.stem != "status"], ids=lambda path: path.stem)
def test_a_page_is_the_same_again(books, path):
    cells = timed_cells(ROOT / path)
    first, second = (article(book / path.with_suffix(".html"), cells) for book in books)
    assert first == second
