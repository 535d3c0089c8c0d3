"""What every chapter keeps to, so that one text works as a page, as a notebook in Colab and as plain text."""

import ast
import re
from functools import cache
from pathlib import Path

import jupytext
import nbformat
import open_code
import pytest
import yaml
from jupytext.config import load_jupytext_config

ROOT = Path(__file__).resolve().parents[1]

CHAPTERS = sorted((ROOT / "chapters").glob("*.md"))
SETUP = """\
# Runtime > Run all: a table or a figure appears below its title.
try:
    import mobilenet_lib  # noqa: F401
except ModuleNotFoundError:
    %pip install --quiet "git+{address}"
    from importlib.util import find_spec

    assert find_spec("mobilenet_lib"), (
        "Nothing was installed: put the address of a public copy of this "
        "book above (its README says how to make one), and run this again."
    )
"""

FOLDED = {"proof", "making", "solution", "check"}

each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.stem)


@cache
def text_of(chapter):
    return jupytext.read(chapter)


@cache
def notebook_of(chapter):
    return nbformat.read(chapter.with_suffix(".ipynb"), as_version=4)


def code_cells(chapter):
    return [cell for cell in text_of(chapter).cells if cell.cell_type == "code"]


def prose(chapter):
    """The Markdown of the chapter, without what stands in code."""
    cells = (cell.source for cell in text_of(chapter).cells if cell.cell_type == "markdown")
    without_blocks = re.sub(r"^(`{3,}|~{3,}).*?^\1", "", "\n\n".join(cells), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"(`+)[^`].*?\1", "", without_blocks)


def headings(markdown, level):
    return re.findall(rf"^{'#' * level} (.+)$", markdown, re.MULTILINE)


def anchors(chapter):
    """The anchors that a code host and the book give to the headings."""
    titles = re.findall(r"^#+ (.+)$", prose(chapter), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def sections(chapter):
    """The cells below each heading of the second level."""
    found, current = {}, []
    for cell in text_of(chapter).cells:
        if cell.cell_type == "markdown" and (titles := headings(cell.source, 2)):
            current = found.setdefault(titles[-1], [])
        current.append(cell)
    return found


def test_every_chapter_is_in_the_table_of_contents():
    toc = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text("utf8"))
    listed = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    assert [name for name in listed if name.startswith("chapters/")] == [f"chapters/{c.name}" for c in CHAPTERS]


def test_every_notebook_has_its_text():
    assert {path.stem for path in (ROOT / "chapters").glob("*.ipynb")} == {chapter.stem for chapter in CHAPTERS}


@each_chapter
def test_the_notebook_equals_the_text_cell_by_cell(chapter):
    def comparable(notebook):
        return [(cell.cell_type, cell.source, cell.metadata.get("tags")) for cell in notebook.cells]

    equal = comparable(notebook_of(chapter)) == comparable(text_of(chapter))
    assert equal, f"edited the text: `make sync`; the notebook: `jupytext --to md:myst chapters/{chapter.stem}.ipynb`"
    assert notebook_of(chapter).metadata.kernelspec == text_of(chapter).metadata.kernelspec
    assert text_of(chapter).metadata.jupytext.cell_metadata_filter == "tags,-all", "an editor would open what is folded"


@each_chapter
def test_the_text_is_written_as_jupytext_writes_it_so_that_saving_in_an_editor_changes_only_what_was_edited(chapter):
    form = {"extension": ".md", "format_name": "myst"}
    load_jupytext_config(str(chapter)).set_default_format_options(form)
    assert jupytext.writes(notebook_of(chapter), form) == chapter.read_text("utf8")


@each_chapter
def test_the_notebook_is_committed_without_outputs(chapter):
    for cell in notebook_of(chapter).cells:
        assert not cell.get("outputs") and cell.get("execution_count") is None, cell.source


@each_chapter
def test_prose_has_only_what_colab_renders(chapter):
    source = "\n\n".join(cell.source for cell in text_of(chapter).cells if cell.cell_type == "markdown")
    assert not re.findall(r"^(?:`{3,}|~{3,}|:{3,})\{.*", source, re.MULTILINE), "a MyST directive"
    assert not re.findall(r"\{[\w:.+-]+\}`[^`]*`", source), "a MyST role"
    assert not re.findall(r"^\([\w-]+\)=\s*$", source, re.MULTILINE), "a MyST label"
    assert not re.findall(r"^%|^\+\+\+", source, re.MULTILINE), "a MyST comment or block break"
    assert not re.findall(r"^\[\^.+\]:", source, re.MULTILINE), "a footnote"


@each_chapter
def test_it_opens_with_a_title_and_then_the_setup_cell(chapter):
    first, *_ = text_of(chapter).cells
    assert first.cell_type == "markdown" and first.source.startswith("# ")
    assert len(headings(prose(chapter), 1)) == 1
    address = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))["repository"]["url"]
    setup = code_cells(chapter)[0]
    assert setup.source == SETUP.format(address=address).strip()
    assert setup.metadata.get("tags") == ["setup"]


@each_chapter
def test_every_image_in_the_prose_has_alternative_text(chapter):
    assert not re.findall(r"!\[\s*\]\(.*?\)", prose(chapter))
    for tag in re.findall(r"<img[^>]*>", prose(chapter)):
        assert re.search(r'alt="[^"]+"', tag), tag


@each_chapter
def test_cells_that_stand_open_are_small(chapter):
    lines = [len(cell.source.splitlines()) for cell in code_cells(chapter) if not tagged(cell, "setup", *FOLDED)]
    assert sum(count <= 5 for count in lines) >= len(lines) / 2
    assert sum(count < 15 for count in lines) >= len(lines) * 0.9


@each_chapter
def test_it_ends_with_summary_exercises_and_what_comes_next(chapter):
    assert headings(prose(chapter), 2)[-3:] == ["Summary", "Exercises", "What's next"]


@each_chapter
def test_it_has_three_to_five_exercises_each_with_a_check_and_a_folded_solution(chapter):
    cells = sections(chapter)["Exercises"]
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    numbers = [int(number) for number in re.findall(r"^(?:#{3,4} |\*\*)(?:Exercise )?(\d)\b", text, re.MULTILINE)]
    assert numbers in ([1, 2, 3], [1, 2, 3, 4], [1, 2, 3, 4, 5]), "three to five exercises, numbered from 1"
    solutions = [cell for cell in cells if "solution" in cell.metadata.get("tags", [])]
    checks = [cell for cell in cells if re.search(r"^check(?:_function)?\(", cell.source, re.MULTILINE)]
    assert checks == [cell for cell in cells if tagged(cell, "check")], "what has the answer is folded"
    assert len(solutions) == len(checks) == len(numbers)
    assert all("assert" in cell.source for cell in solutions)


def tagged(cell, *tags):
    return bool(set(tags) & set(cell.metadata.get("tags", ())))


@each_chapter
def test_four_of_five_open_lines_of_code_explain(chapter):
    every, explaining = open_code.counted(chapter)
    assert explaining >= 0.8 * every


@each_chapter
def test_what_the_book_folds_is_folded_in_colab_and_jupyterlab_and_nothing_else(chapter):
    for cell in (cell for cell in notebook_of(chapter).cells if cell.cell_type == "code"):
        folded = tagged(cell, *FOLDED) or (tagged(cell, "setup") and cell.source.startswith("# @title"))
        assert (cell.metadata.get("cellView") == "form") == folded, cell.source
        assert (cell.metadata.get("jupyter") == {"source_hidden": True}) == folded, cell.source


@each_chapter
def test_no_cell_is_folded_in_another_way(chapter):
    for cell in code_cells(chapter):
        # What the page has in another form, a picture that moves, is removed there.
        assert not set(cell.metadata.get("tags", ())) - {"setup", "remove-cell", *FOLDED}, cell.source


@each_chapter
def test_what_is_folded_has_a_title(chapter):
    for cell in (cell for cell in code_cells(chapter) if tagged(cell, *FOLDED)):
        assert re.match(r"# @title \S.*\n", cell.source), cell.source


def is_an_assertion(statement):
    call = statement.value if isinstance(statement, ast.Expr) else None
    named = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr.startswith("assert_")
    return isinstance(statement, ast.Assert) or named


@each_chapter
def test_a_proof_asserts_and_shows_nothing_that_a_reader_needs(chapter):
    for cell in (cell for cell in code_cells(chapter) if tagged(cell, "proof")):
        nodes = list(ast.walk(ast.parse(cell.source)))
        assert any(map(is_an_assertion, nodes)), cell.source
        stated = (node for node in nodes if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant))
        assert all(map(is_an_assertion, stated)), cell.source


@each_chapter
def test_what_a_proof_defines_is_for_proofs_alone(chapter):
    defined = {True: set(), False: set()}
    read = set()
    for cell in code_cells(chapter)[1:]:
        proof = tagged(cell, "proof")
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Name):
                names = defined[proof] if isinstance(node.ctx, ast.Store) else set() if proof else read
                names.add(node.id)
            elif isinstance(node, ast.FunctionDef):
                defined[proof].add(node.name)
    assert (defined[True] - defined[False]) & read == set()


@each_chapter
def test_what_makes_a_table_or_a_figure_shows_it(chapter):
    for cell in (cell for cell in code_cells(chapter) if tagged(cell, "making")):
        assert isinstance(ast.parse(cell.source).body[-1], ast.Expr), cell.source


@each_chapter
def test_links_inside_the_book_lead_to_what_colab_can_open(chapter):
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", prose(chapter))  # Colab shows the words of a picture
    for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", text):
        assert target.endswith(".ipynb"), target


@each_chapter
def test_links_inside_the_book_lead_somewhere(chapter):
    for target in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", prose(chapter)):
        name, _, anchor = target.partition("#")
        page = (chapter.parent / name).resolve() if name else chapter
        assert page.is_file(), target
        if anchor:
            assert page.parent == chapter.parent and anchor in anchors(page), target
