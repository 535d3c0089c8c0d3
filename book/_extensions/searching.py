"""Search finds whole numbers and Greek letters, too: what it takes for a word, in the index and in a page."""

import json
import re
import unicodedata
from html.entities import name2codepoint
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish
from versions import version

TEX = re.compile(r"\\([A-Za-z]+)")
GROUPED = re.compile(r"(\d)(?:[,_]|\{,\})(?=\d{3}(?!\d))")
RAISED = re.compile(r"[²³¹⁰-⁹₀-₉]+")
TIMES = re.compile(r"(\d)\s*[x×]\s*(?=\d)")
WORD = re.compile(r"\d+(?:[.×]\d+)+(?!\w)|\w+")
SCRIPTS = ("searchtools.js", "language_data.js", "search.js")


class Words(SearchEnglish):
    """English, in which 18,496 is the word 18496, 1 × 1 is 1×1, σ² is σ and 2, and `\\gamma` is γ and gamma."""

    # The same for what a reader asks for.
    js_splitter_code = r"""
var splitQuery = (query) =>
  query
    .replace(/\p{No}+/gu, " $&")
    .normalize("NFKC")
    .replace(/(\d)[,_](?=\d{3}(?!\d))/g, "$1")
    .replace(/(\d)\s*[x×]\s*(?=\d)/gi, "$1×")
    .match(/\d+(?:[.×]\d+)+(?![\p{Letter}\p{Number}_])|[\p{Letter}\p{Number}_\p{Emoji_Presentation}]+/gu) ?? [];
"""

    def split(self, text: str) -> list[str]:
        plain = unicodedata.normalize("NFKC", RAISED.sub(r" \g<0>", TEX.sub(_sign, text)))
        whole = TIMES.sub(r"\1×", GROUPED.sub(r"\1", plain))
        return super().split(text) + WORD.findall(whole)


def _sign(command: re.Match) -> str:
    code = name2codepoint.get(command[1])
    return f" {chr(code)} " if code else command[0]


def add_scripts(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """The scripts of the page of search, each with the version that is its content."""
    if pagename != "search":
        return
    static = Path(app.outdir, "_static")
    contents = {f"_static/{name}": (static / name).read_bytes() for name in SCRIPTS}
    # The index is written after this page, but all that it will hold is there.
    contents["searchindex.js"] = json.dumps(app.builder.indexer.freeze(), sort_keys=True).encode()
    context["search_scripts"] = [
        f"{context['pathto'](name, 1)}?v={version(content)}" for name, content in contents.items()
    ]


def setup(app: Sphinx) -> dict:
    app.add_search_language(Words)
    app.connect("html-page-context", add_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
