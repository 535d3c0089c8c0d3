"""Figures that cells print into a page become files of their own: the page is light, and a far figure loads later."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

from PIL import Image
from sphinx.application import Sphinx
from versions import version

FOLDER = "_images"
FIGURE = re.compile(r'<img\b[^>]*?\bsrc="data:image/(?P<kind>[a-z]+)(?:\+xml)?;base64,(?P<data>[^"]+)"[^>]*>')
NUMBER = re.compile(r"-?\d+\.\d{3,}")
# Everything but the letters, whose outlines are in units of a thousandth of their size.
PLACED = re.compile(r'\b(?:x|y|d|points|transform)="[^"]*"')


def compact(svg: str) -> str:
    """The picture with its coordinates to a hundredth of a point."""
    return PLACED.sub(lambda found: found[0] if "scale" in found[0] else NUMBER.sub(_rounded, found[0]), svg)


def _rounded(number: re.Match) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def height(kind: str, picture: bytes, width: int) -> int:
    """How high the picture is at a width, so that a page keeps its place for it."""
    if kind == "svg":
        _, _, across, down = re.search(rb'viewBox="([^"]+)"', picture)[1].split()
    else:
        across, down = Image.open(io.BytesIO(picture)).size
    return round(width * float(down) / float(across))


def move_figures(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    figures = 0

    def moved(tag: re.Match) -> str:
        nonlocal figures
        figures += 1
        kind, picture = tag["kind"], base64.b64decode(tag["data"])
        if kind == "svg":
            picture = compact(picture.decode()).encode()
        name = f"{FOLDER}/{pagename.split('/')[-1]}-{figures}.{kind}"
        path = Path(app.outdir, name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(picture)
        address = f"{context['pathto'](name, 1)}?v={version(picture)}"
        attributes = f'src="{address}" decoding="async"'
        width = re.search(r'\bwidth="(\d+)"', tag[0])
        if width and "height=" not in tag[0]:
            attributes += f' height="{height(kind, picture, int(width[1]))}"'
        if figures > 1:
            attributes += ' loading="lazy"'
        image = re.sub(r'\bsrc="[^"]+"', lambda _: attributes, tag[0])
        # On a phone a figure is small: a tap opens it by itself, where it can be enlarged.
        return f'<a class="figure" href="{address}">{image}</a>'

    if "body" in context:
        context["body"] = FIGURE.sub(moved, context["body"])


def setup(app: Sphinx) -> dict:
    app.connect("html-page-context", move_figures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
