"""What a page folds, and under which line: proofs, what makes a table or a figure, solutions, the setup.

A tag of the cell says which of them it is, the title on its first line, which Colab shows, how the line reads. A proof
has in place of it what was counted when it ran (`counting_checks`). "Show this table" says in a notebook what running
the cell does; a page has the table already, and the line below it says how it was made.
"""

import re
from html import escape

from docutils import nodes
from sphinx.application import Sphinx

KINDS = ("proof", "making", "solution", "setup")
TITLE = re.compile(r"# @title (.*)\n")
SHOW = re.compile(r"Show this (\w+)|Show these (\w+)")
CHECKED = re.compile(r'<data class="checked">(.*)</data>')


class Folded(nodes.General, nodes.Element):
    """Something under a line that opens it."""


def open_fold(translator, node: Folded) -> None:
    translator.body.append(f'<details class="hide {node["kind"]}"><summary>{escape(node["line"])}</summary>\n')


def close_fold(translator, node: Folded) -> None:
    translator.body.append("</details>\n")


def fold(app: Sphinx, doctree: nodes.document) -> None:
    for cell in list(doctree.findall(nodes.container)):
        if cell.get("nb_element") == "cell_code" and cell.children:
            counted = take_count(cell)
            kind = next((kind for kind in KINDS if kind in cell["cell_metadata"].get("tags", ())), None)
            if kind:
                fold_cell(cell, kind, counted)


def take_count(cell: nodes.container) -> str | None:
    """What the kernel has counted in the cell; it is no output of the cell's own."""
    for output in list(cell.findall(nodes.raw)):
        if counted := CHECKED.fullmatch(output.astext()):
            bundle = output.parent.parent
            bundle.parent.remove(bundle)
            if not cell[-1].children:
                cell.remove(cell[-1])
            return counted[1]
    return None


def fold_cell(cell: nodes.container, kind: str, counted: str | None) -> None:
    cell.attributes.pop("hide_mode", None)
    code = next(cell.findall(nodes.literal_block))
    title = TITLE.match(code.astext())
    if title:
        text = code.astext()[title.end() :]
        code.rawsource, code.children = text, []
        code += nodes.Text(text)
    line = title[1] if title else "Setup, for Colab" if "%pip" in code.astext() else "Imports"
    if shown := SHOW.fullmatch(line):
        line = f"How this {shown[1]} is made" if shown[1] else f"Where these {shown[2]} come from"
    if kind == "proof":
        line = f"✓ {counted}" if counted else "Nothing to check here"
    folded = Folded(kind=kind, line=line)
    if kind in ("proof", "solution"):  # what a solution prints is the answer
        folded.extend(cell.children)
        cell.children = []
        cell += folded
    else:
        source = cell[0]
        cell.remove(source)
        folded += source
        # A table comes before how it is made.
        cell.insert(len(cell) if kind == "making" else 0, folded)


def setup(app: Sphinx) -> dict:
    app.add_node(Folded, html=(open_fold, close_fold))
    app.connect("doctree-read", fold)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
