"""A page is there fast: figures are files of their own, and those far down load later; fonts, icons and styles hold
what the pages show and no more, and the styles of a page are one file."""

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path

import pydata_sphinx_theme
from docutils import nodes
from execution import ROOT
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from mathematics import node_js
from sphinx.application import Sphinx
from sphinx.util.osutil import relative_uri
from versions import version

FOLDER = "_images"
FIGURE = re.compile(r'<img\b[^>]*?\bsrc="data:image/(?P<kind>[a-z]+)(?:\+xml)?;base64,(?P<data>[^"]+)"[^>]*>')
FONTS = ROOT / "node_modules" / "@fontsource-variable"
PURGE = ROOT / "node_modules" / "purgecss" / "bin" / "purgecss.js"
# The theme's own, which `layout.html` does not link: basic.css is all that the theme's fourth, theme.css, holds.
THEME = ("basic.css", "styles/bootstrap.css", "styles/pydata-sphinx-theme.css")
IMPORT = re.compile(r'@import "([^"]+)";')
BESIDE = re.compile(r"""url\((["']?)(?!["'#/]|[a-z]+:)""")
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


def name_styles(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """One style sheet for a page in place of twelve, each of which would cost a slow line a trip of its own."""
    static = Path(app.outdir, "_static")
    own = sorted(context["css_files"], key=lambda sheet: sheet.priority)
    sheets = [*THEME, *(str(sheet.filename).removeprefix("_static/") for sheet in own)]
    # MyST-NB writes its own when the build ends; a checksum is in the name.
    contents = (sheet.encode() if sheet.startswith("mystnb.") else (static / sheet).read_bytes() for sheet in sheets)
    name = f"styles-{version(*contents)}.css"
    (static / name).write_text("".join(f'@import "{sheet}";\n' for sheet in sheets), "utf8")
    context["styles"] = f"_static/{name}"


def join_styles(app: Sphinx, exception: Exception | None) -> None:
    """Put what they import into these sheets, without what no page uses: most of what others wrote."""
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")

    def imported(statement: re.Match) -> str:
        sheet = static / statement[1]
        return BESIDE.sub(rf"url(\1{Path(statement[1]).parent}/", sheet.read_text("utf8"))

    sheets = list(static.glob("styles-*.css"))
    for sheet in sheets:
        sheet.write_text(IMPORT.sub(imported, sheet.read_text("utf8")), "utf8")
    pages = [f"{app.outdir}/**/*.html", f"{static}/**/*.js"]
    purged = subprocess.check_output([node_js(), PURGE, "--css", *sheets, "--content", *pages], encoding="utf8")
    for sheet in json.loads(purged):
        Path(sheet["file"]).write_text(sheet["css"], "utf8")


def setup(app: Sphinx) -> dict:
    app.connect("builder-inited", copy_fonts)
    app.connect("builder-inited", cut_icons)
    app.connect("doctree-resolved", move_figures)
    app.connect("html-page-context", name_styles, priority=990)  # when each extension has named its own
    app.connect("build-finished", join_styles, priority=900)  # when the theme has written its colors of code
    return {"parallel_read_safe": True, "parallel_write_safe": True}
