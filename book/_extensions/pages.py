"""What the theme leaves to mend."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pydata_sphinx_theme
from execution import ROOT
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from mathematics import node_js
from sharing import PLACEHOLDER
from sphinx.application import Sphinx

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
THEBE = re.compile(r"<script[^>]*>\s*(?:\{\s*requestKernel|kernelName)[^<]*</script>")
TIME = re.compile(r"<p><strong>Time</strong>: (.*?)\.?</p>\n?", re.DOTALL)
OPENING = re.compile(
    r'(<p><strong>After this chapter you can</strong></p>.*?)(?=<p><strong>Time|<div class="cell)', re.DOTALL
)
LINK = re.compile(r'(<a [^>]*href="([^"]*)"[^>]*>)')


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


def number_chapters(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Chapters refer to each other by number, so the lists of pages have it too."""
    navigation = context["generate_toctree_html"]

    def numbered(*args, **options) -> str:
        return LINK.sub(_numbered_link, str(navigation(*args, **options)))

    def _numbered_link(link: re.Match) -> str:
        number = chapter(pagename if link[2] == "#" else link[2])
        return f'{link[1]}<span class="number">{number}</span> ' if number else link[0]

    context["generate_toctree_html"] = numbered
    for neighbor in (context.get("prev"), context.get("next")):
        if neighbor and (number := chapter(neighbor["link"])):
            neighbor["title"] = f"{number}. {neighbor['title']}"


def chapter(address: str) -> int | None:
    found = re.search(r"(?:^|/)(\d\d)-[\w-]+(?:\.html)?$", address)
    return int(found[1]) if found else None


def mend_body(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    body = context.get("body", "")
    # Folded cells have a label that hides their text from a screen reader; wide tables cannot be reached by keyboard.
    body = body.replace(' aria-label="Toggle hidden content"', "")
    body = body.replace('"pst-scrollable-table-container"', '"pst-scrollable-table-container" tabindex="0"')
    body = THEBE.sub("", body)
    # Sphinx marks code for Google's translator alone.
    body = body.replace('notranslate"', 'notranslate" translate="no"')
    body = OPENING.sub(r'<div class="opening">\1</div>\n', body, count=1)
    # How long it takes belongs to the title.
    if time := TIME.search(body):
        number = chapter(pagename)
        kicker = f"Chapter {number} · {time[1]}" if number else time[1]
        body = body.replace(time[0], "", 1).replace("<h1>", f'<p class="kicker">{kicker}</p>\n<h1>', 1)
    context["body"] = body


def setup(app: Sphinx) -> dict:
    app.connect("builder-inited", copy_fonts)
    app.connect("builder-inited", cut_icons)
    # After the theme has put its own things in: it does so with a priority of up to 501.
    app.connect("html-page-context", drop_unused, priority=900)
    app.connect("html-page-context", mend_buttons, priority=900)
    app.connect("html-page-context", number_chapters, priority=900)
    app.connect("html-page-context", mend_body, priority=900)
    app.connect("build-finished", purge_styles)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
