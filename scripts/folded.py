#!/usr/bin/env python3
"""Folds in a notebook, for Colab and JupyterLab, the cells that the tags of the text fold in the book.

    jupytext --to ipynb --update --pipe scripts/folded.py --pipe-fmt ipynb chapters/NN-slug.md

The text of a chapter has the tag alone. Colab hides the code of a form and shows its title, the line `# @title`;
JupyterLab hides a hidden source, all but its first line, which is the title.
"""

import json
import sys

TAGS = {"proof", "making", "solution", "hide-input"}
FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}}

notebook = json.load(sys.stdin)
for cell in notebook["cells"]:
    if TAGS & set(cell["metadata"].get("tags", ())):
        cell["metadata"] |= FOLDED
json.dump(notebook, sys.stdout)
