"""What a page of this book begins with and is called, and what the theme leaves to mend for its readers."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from itertools import takewhile
from pathlib import Path

import pydata_sphinx_theme
from docutils import nodes
from execution import ROOT
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from mathematics import node_js
from myst_nb.sphinx_ import HideCodeCellNode, depart_HideCellInput
from sharing import PLACEHOLDER
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

FONTS = ROOT / "node_modules" / "@fontsource-variable"
PURGE = ROOT / "node_modules" / "purgecss" / "bin" / "purgecss.js"
STYLES = ("basic.css", "pygments.css", "mystnb.*.css", "styles/*.css", "katex/*.css")
AWESOME = Path(pydata_sphinx_theme.__file__).parent.glob("theme/*/static/vendor/fontawesome/*")
ICONS = {
    "brands": ["github"],
    "solid": [
        *("angle-left", "angle-right", "arrow-up", "bars", "circle-half-stroke", "code", "download"),
        *("file", "list", "magnifying-glass", "moon", "rocket", "sun", "xmark"),
    ],
}
ICON_STYLE = """\
.fa-solid, .fas { font: 900 1em/1 "Icons solid"; }
.fa-brands, .fab { font: 400 1em/1 "Icons brands"; }
.fa-solid, .fas, .fa-brands, .fab { display: inline-block; -webkit-font-smoothing: antialiased; }
.fa-lg { font-size: 1.25em; line-height: 0.05em; vertical-align: -0.075em; }
"""

# Scripts that Jupyter Book adds to each page and this book does not use. The first two fail in the browser.
UNUSED = ("sphinx-thebe", "THEBE_JS_URL", "toggle", "design-tabs", "sphinx-design", "DOCUMENTATION_OPTIONS.pagename")


def drop_unused(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context[kind] if not any(name in _text(file) for name in UNUSED)]
    for script in context["script_files"]:
        script.attributes["defer"] = "defer"


def _text(file) -> str:
    return f"{getattr(file, 'filename', file)} {getattr(file, 'attributes', {}).get('body')}"


def mend_buttons(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    # A button that only prints carries a script, which the policy of the page forbids; browsers print without it.
    # Colab opens notebooks only, and the theme sends it to the text where there is none: on the front page.
    for group in (button for button in context["header_buttons"] if button["type"] == "group"):
        group["buttons"] = [
            button
            for button in group["buttons"]
            if button["type"] != "javascript" and not (button["text"] == "Colab" and button["url"].endswith(".md"))
        ]
    context["header_buttons"] = [button for button in context["header_buttons"] if button.get("buttons", True)]
    if PLACEHOLDER in app.config.html_theme_options["repository_url"]:
        explain_colab(context)


def explain_colab(context: dict) -> None:
    """As long as the book has no address, the Colab button says what to do instead of leading nowhere."""
    buttons = context["header_buttons"]
    for button in (button for group in buttons for button in group.get("buttons", ())):
        if button["text"] == "Colab":
            button["url"] = context["pathto"]("book/intro").removesuffix("#") + "#in-colab"
            button["tooltip"] = "Colab finds this chapter once the book has an address: how to give it one"
    context["header_buttons"] = [button for button in buttons if "source" not in button.get("label", "")]


def copy_fonts(app: Sphinx) -> None:
    target = Path(app.outdir) / "_static" / "fonts"
    target.mkdir(parents=True, exist_ok=True)
    for font in FONTS.glob("*/files/*-wght-*.woff2"):
        if "-latin-wght" in font.name or "-greek-wght" in font.name:
            shutil.copy(font, target)


def cut_icons(app: Sphinx) -> None:
    """A font, and a style sheet, of the icons that the pages show: 10 kB in place of 400."""
    source = next(AWESOME)
    all_icons = (source / "css" / "all.min.css").read_text("utf8")
    style = [ICON_STYLE]
    for kind, names in ICONS.items():
        codes = {name: re.search(rf'\.fa-{name}:before[^{{]*{{content:"\\(\w+)"', all_icons)[1] for name in names}
        font = TTFont(next((source / "webfonts").glob(f"fa-{kind}-*.ttf")))
        subsetter = Subsetter(Options(layout_features=[], notdef_outline=True))
        subsetter.populate(unicodes=[int(code, 16) for code in codes.values()])
        subsetter.subset(font)
        font.flavor = "woff"
        font.save(Path(app.outdir, "_static", "fonts", f"icons-{kind}.woff"))
        style.append(
            f'@font-face {{ font-family: "Icons {kind}"; src: url("fonts/icons-{kind}.woff") format("woff"); }}\n'
        )
        style += [f'.fa-{name}::before {{ content: "\\{code}"; }}\n' for name, code in codes.items()]
    Path(app.outdir, "_static", "icons.css").write_text("".join(style), "utf8")
    app.add_css_file("icons.css")


def purge_styles(app: Sphinx, exception: Exception | None) -> None:
    """Take out of the style sheets of others what no page uses: three quarters of them."""
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    sheets = [path for pattern in STYLES for path in static.glob(pattern)]
    pages = [f"{app.outdir}/**/*.html", f"{static}/**/*.js"]
    purged = subprocess.check_output([node_js(), PURGE, "--css", *sheets, "--content", *pages], encoding="utf8")
    for sheet in json.loads(purged):
        Path(sheet["file"]).write_text(sheet["css"], "utf8")


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
    for script in list(doctree.findall(nodes.raw)):  # of Thebe, which this book does not use
        if re.search("requestKernel|kernelName", script.astext()):
            script.parent.remove(script)


class Translator(HTML5Translator):
    def starttag(self, node, tagname: str, *args, **attributes) -> str:
        # Sphinx marks code for Google's translator alone.
        if "notranslate" in attributes.get("CLASS", ""):
            attributes["translate"] = "no"
        return super().starttag(node, tagname, *args, **attributes)


def visit_table(translator, node: nodes.table) -> None:
    # A table that is wider than the screen can be scrolled with the keyboard, too.
    type(translator).visit_table(translator, node)
    translator.body[-2] = '<div class="pst-scrollable-table-container" tabindex="0">'


def visit_hidden(translator, node: HideCodeCellNode) -> None:
    # The label that myst-nb gives it hides its text from a screen reader.
    translator.body.append(f'<details class="hide"><summary>{node["prompt_show"]}</summary>\n')


def depart_table(translator, node: nodes.table) -> None:
    type(translator).depart_table(translator, node)


def setup(app: Sphinx) -> dict:
    app.set_translator("html", Translator)
    app.add_node(nodes.table, override=True, html=(visit_table, depart_table))
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden, depart_HideCellInput))
    app.connect("doctree-read", number_contents, priority=900)
    app.connect("doctree-resolved", arrange_opening, priority=900)
    app.connect("builder-inited", copy_fonts)
    app.connect("builder-inited", cut_icons)
    # After the theme has put its own things in: it does so with a priority of up to 501.
    app.connect("html-page-context", drop_unused, priority=900)
    app.connect("html-page-context", mend_buttons, priority=900)
    app.connect("html-page-context", number_neighbors, priority=900)
    app.connect("build-finished", purge_styles)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
