"""A reader sees at once which chapter this is, how long it takes, and what it is for."""

import re
from itertools import takewhile

from docutils import nodes
from sphinx.application import Sphinx


def number(page: str) -> str:
    """The number of a chapter, the letter of an appendix, or nothing, from its name or address."""
    found = re.search(r"(?:^|/)(?:0?(\d+)|([A-Z])\d)-[\w-]+(?:\.html)?$", page)
    return found[1] or found[2] if found else ""


def number_contents(app: Sphinx, doctree: nodes.document) -> None:
    """Chapters refer to each other by number, so the lists of pages have it too."""
    if label := number(app.env.docname):
        title = next(app.env.tocs[app.env.docname].findall(nodes.reference))
        title[:0] = [nodes.inline("", label, classes=["number"]), nodes.Text(" ")]


def number_neighbors(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    for neighbor in (context.get("prev"), context.get("next")):
        if neighbor and (label := number(neighbor["link"])):
            neighbor["title"] = f"{label}. {neighbor['title']}"


def begins_with(node: nodes.Node, words: str) -> bool:
    """Whether it is a paragraph with these words in bold at its start."""
    bold = isinstance(node, nodes.paragraph) and node.next_node(nodes.strong)
    return bool(bold) and node.astext().startswith(words) and bold.astext() == words


def arrange_opening(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """How long a page takes stands above its title; what a chapter is for and needs is set apart."""
    page = doctree.next_node(nodes.section)
    if time := next((node for node in page if begins_with(node, "Time")), None):
        kicker = time.astext().removeprefix("Time: ").removesuffix(".")
        if label := number(docname):
            kicker = f"{'Chapter' if label.isdigit() else 'Appendix'} {label} · {kicker}"
        page.remove(time)
        page.insert(0, nodes.paragraph("", kicker, classes=["kicker"]))
    if aim := next((node for node in page if begins_with(node, "After this chapter you can")), None):
        rest = page[page.index(aim) :]
        opening = list(takewhile(lambda node: node.get("nb_element") != "cell_code", rest))
        page[page.index(aim) : page.index(opening[-1]) + 1] = [
            nodes.container("", *opening, is_div=True, classes=["opening"])
        ]


def setup(app: Sphinx) -> dict:
    app.connect("doctree-read", number_contents, priority=900)  # after Sphinx has collected the contents
    app.connect("doctree-resolved", arrange_opening)
    app.connect("html-page-context", number_neighbors)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
