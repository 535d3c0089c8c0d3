"""Folds in the notebooks, for Colab and JupyterLab, the cells that the tags of the text fold in the book.

    python scripts/folded.py chapters/NN-slug.md

The text of a chapter has the tag alone. Colab hides the code of a form and shows its title, the line `# @title`;
JupyterLab hides a hidden source, all but its first line, which is the title. The check of an exercise is folded, too,
where in the page stands a form: it has the answer. What sets up stands open unless it has a title.
"""

import sys
from pathlib import Path

import nbformat

TAGS = {"proof", "making", "solution", "check"}
FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}}


def fold(path: Path) -> None:
    """Fold the cells with one of the tags, and what sets up under a title; open the others."""
    notebook = nbformat.read(path, as_version=4)
    before = [dict(cell.metadata) for cell in notebook.cells]
    for cell in notebook.cells:
        for name in FOLDED:
            cell.metadata.pop(name, None)
        tags = set(cell.metadata.get("tags", ()))
        if TAGS & tags or ("setup" in tags and cell.source.startswith("# @title")):
            cell.metadata.update(nbformat.from_dict(FOLDED))
    if before != [dict(cell.metadata) for cell in notebook.cells]:
        nbformat.write(notebook, path)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        fold(Path(name).with_suffix(".ipynb"))
