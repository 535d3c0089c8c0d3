"""What the theme leaves to mend."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from sphinx.application import Sphinx

FONTS = Path(__file__).parents[2] / "node_modules" / "@fontsource-variable"

# Scripts that Jupyter Book adds to each page and this book does not use. The first two fail in the browser.
UNUSED = ("sphinx-thebe", "THEBE_JS_URL", "toggle", "design-tabs", "sphinx-design")
SOLUTION = re.compile(r'<div class="cell[^"]*tag_solution.*?</summary>', re.DOTALL)
PLACEHOLDER = "your_account"  # in `repository: url` until a copy of the book has an address


def drop_unused(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context[kind] if not any(name in _text(file) for name in UNUSED)]


def _text(file) -> str:
    return f"{getattr(file, 'filename', file)} {getattr(file, 'attributes', {}).get('body')}"


def explain_colab(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """As long as the book has no address, the Colab button says what to do instead of leading nowhere."""
    if PLACEHOLDER not in app.config.html_theme_options["repository_url"]:
        return
    buttons = context["header_buttons"]
    for button in (button for group in buttons for button in group.get("buttons", ())):
        if button["text"] == "Colab":
            button["url"] = context["pathto"]("book/intro").removesuffix("#") + "#in-colab"
            button["tooltip"] = "How to open this chapter in Colab"
    context["header_buttons"] = [button for button in buttons if "source" not in button.get("label", "")]


def copy_fonts(app: Sphinx) -> None:
    target = Path(app.outdir) / "_static" / "fonts"
    target.mkdir(parents=True, exist_ok=True)
    for font in FONTS.glob("*/files/*-wght-*.woff2"):
        if "-latin-wght" in font.name or "-greek-wght" in font.name:
            shutil.copy(font, target)


def mend_body(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    body = context.get("body", "")
    # Folded cells have a label that hides their text from a screen reader; wide tables cannot be reached by keyboard.
    body = body.replace(' aria-label="Toggle hidden content"', "")
    body = body.replace('"pst-scrollable-table-container"', '"pst-scrollable-table-container" tabindex="0"')
    context["body"] = SOLUTION.sub(lambda cell: cell[0].replace("the code", "a solution"), body)


def setup(app: Sphinx) -> dict:
    app.connect("builder-inited", copy_fonts)
    # After the theme has put its own things in: it does so with a priority of up to 501.
    app.connect("html-page-context", drop_unused, priority=900)
    app.connect("html-page-context", explain_colab, priority=900)
    app.connect("html-page-context", mend_body, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
