"""A click on a name of the library, in the code of a page, leads to what the name means: the page "Reference".

Where the names of a page come from is read off its imports, without running anything: `from mobilenet_lib import costs`
makes `costs.standard` a link.
"""

import ast
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from html import escape
from importlib import import_module
from pathlib import Path

from docutils import nodes
from pygments.formatters import HtmlFormatter
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

LIBRARY = "mobilenet_lib"
PAGE = "book/reference"


class Names(ast.NodeVisitor):
    """Line, column and full name of each name of the library in the cells that it visits, one after the other."""

    def __init__(self) -> None:
        self.imported: dict[str, str] = {}
        self.found: list[tuple[int, int, str]] = []

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self._bind(alias.asname or alias.name)
            if f"{node.module}.".startswith(f"{LIBRARY}."):
                self.imported[alias.asname or alias.name] = name = f"{node.module}.{alias.name}"
                self.found.append((alias.lineno, alias.col_offset, name))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.value, ast.Name) and (module := self.imported.get(node.value.id)):
            self.found.append((node.end_lineno, node.end_col_offset - len(node.attr), f"{module}.{node.attr}"))
        else:
            self.visit(node.value)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self._bind(node.id)
        elif name := self.imported.get(node.id):
            self.found.append((node.lineno, node.col_offset, name))

    def visit_arg(self, node: ast.arg) -> None:
        self._bind(node.arg)

    def _bind(self, name: str) -> None:
        """From here on the name is another thing."""
        self.imported.pop(name, None)


def link_code(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    objects = app.env.domaindata["py"]["objects"]
    names = Names()
    for block in doctree.findall(nodes.literal_block):
        if block.get("language") not in ("ipython3", "python"):
            continue
        names.found = []
        with suppress(SyntaxError):  # a line for the shell, or an excerpt
            names.visit(ast.parse(block.astext()))
        block["highlight_args"] = {
            **block.get("highlight_args", {}),
            "links": {
                (line, column): f"{app.builder.get_relative_uri(docname, target.docname)}#{target.node_id}"
                for line, column, name in names.found
                if (target := objects.get(name))
            },
        }


class Linked(str):
    """The text of a token, and the address it leads to."""

    address: str


class LinkingFormatter(HtmlFormatter):
    """Pygments' HTML, in which the tokens at the positions `links` are links."""

    def format_unencoded(self, tokensource, outfile) -> None:
        super().format_unencoded(self._linked(tokensource), outfile)

    def _linked(self, tokens) -> Iterator[tuple]:
        links = self.options.get("links", {})
        line, column = 1, 0
        for kind, text in tokens:
            if address := links.get((line, column)):
                text = Linked(text)
                text.address = address
            yield kind, text
            line += text.count("\n")
            column = len(text) - text.rfind("\n") - 1 if "\n" in text else column + len(text)

    def _translate_parts(self, text: str) -> list[str]:
        parts = super()._translate_parts(text)
        return [f'<a href="{escape(text.address)}">{parts[0]}</a>'] if isinstance(text, Linked) else parts


def import_library(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Before autodoc does: what TensorFlow says on stderr goes where that of the kernels goes."""
    if PAGE not in docnames:
        return
    stderr = os.dup(2)
    with (Path(app.outdir).parent / "kernels.log").open("ab") as log:
        os.dup2(log.fileno(), 2)
    try:
        import_module(f"{LIBRARY}.tflite")
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def use_formatter(app: Sphinx) -> None:
    if app.builder.format == "html":
        app.builder.highlighter.formatter = LinkingFormatter


def to_rst(app: Sphinx, what: str, name: str, thing, options, lines: list[str]) -> None:
    """Docstrings are plain text: what is indented in them is meant as it stands."""
    lines[:] = re.sub(r"\n\n(?=    )", "\n\n::\n\n", "\n".join(lines)).split("\n")


def setup(app: Sphinx) -> dict:
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("builder-inited", use_formatter)
    app.connect("env-before-read-docs", import_library)
    app.connect("autodoc-process-docstring", to_rst)
    app.connect("doctree-resolved", link_code)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
