"""Two pages that no chapter has: the door, which leads to the front page, and the one for an address that is none."""

import re
from collections.abc import Iterator

from sharing import root
from sphinx.application import Sphinx

MISSING = "404"  # GitHub Pages shows 404.html in place of any page that is missing, at that page's address
NOT_HERE = """\
<section id="not-here">
<h1>There is no page here</h1>
<p>The address may have a slip in it, or the page may have moved. Where do you go from here? The
<a href="{front}">front page</a> lists the chapters, and <a href="{search}">search</a> looks through all of them.</p>
</section>
"""
# What is relative to the folder of the page.
RELATIVE = re.compile(r'\b(href|src|action|data-content_root)="(?![a-z]+:|[#/"])(?:\./)?')


def entrances(app: Sphinx) -> Iterator[tuple[str, dict, str]]:
    front, search = map(app.builder.get_target_uri, (app.config.root_doc, "search"))
    canonical = app.config.html_baseurl and app.config.html_baseurl + front
    yield "index", {"title": app.config.html_title, "canonical": canonical}, "index.html"
    body = NOT_HERE.format(front=front, search=search)
    yield MISSING, {"title": "There is no page here", "body": body, "root": root(app.config)}, "page.html"


def from_root(html: str, folder: str | None) -> str:
    """A page that is shown at any depth, with what it links and loads looked for in the folder of the book."""
    return RELATIVE.sub(rf'\1="{folder}', html) if folder else html


def setup(app: Sphinx) -> dict:
    app.connect("html-collect-pages", entrances)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
