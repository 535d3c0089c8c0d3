"""A page is light, and a figure far down loads later: what cells print into the page becomes files of their own."""

from __future__ import annotations

import base64
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.osutil import relative_uri
from versions import version

FOLDER = "_images"
FIGURE = re.compile(r'<img\b[^>]*?\bsrc="data:image/(?P<kind>[a-z]+)(?:\+xml)?;base64,(?P<data>[^"]+)"[^>]*>')


def move_figures(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    figures = 0

    def moved(tag: re.Match) -> str:
        nonlocal figures
        figures += 1
        kind, picture = tag["kind"], base64.b64decode(tag["data"])
        name = f"{FOLDER}/{docname.split('/')[-1]}-{figures}.{kind}"
        path = Path(app.outdir, name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(picture)
        address = f"{relative_uri(app.builder.get_target_uri(docname), name)}?v={version(picture)}"
        later = ' loading="lazy"' if figures > 1 else ""
        image = re.sub(r'\bsrc="[^"]+"', f'src="{address}" decoding="async"{later}', tag[0])
        # On a phone a figure is small: a tap opens it by itself, where it can be enlarged.
        return f'<a class="figure" href="{address}">{image}</a>'

    for output in list(doctree.findall(nodes.raw)):
        if output["format"] == "html" and FIGURE.search(output.astext()):
            output.replace_self(nodes.raw("", FIGURE.sub(moved, output.astext()), format="html"))


def setup(app: Sphinx) -> dict:
    app.connect("doctree-resolved", move_figures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
