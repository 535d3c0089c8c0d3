"""What a directive shows is written in a template of the book, `book/_templates`, and filled with facts."""

from docutils import nodes
from execution import ROOT
from sphinx.util.docutils import SphinxDirective


def rendered(directive: SphinxDirective, template: str, facts: dict) -> nodes.raw:
    """The template filled; the page is read again when it changes."""
    directive.env.note_dependency(str(ROOT / "book" / "_templates" / template))
    return nodes.raw("", directive.env.app.builder.templates.render(template, facts), format="html")
