"""Exercises that work in the page: in place of the cell that checks an answer stands a form that checks it.

The one source is `check(…)` or `check_function(…)` in the chapter. What it was asked travels with the cell's output;
what a reader fills in is the cell before it:

    answer = ...                a number: the form's own script checks it
    def name(…): return ...     a function: it runs in the page, in Python, and the library checks it
    anything else               needs the notebook: the page leads there
"""

import ast
import base64
import io
import json
import re
import shutil
import zipfile
from contextlib import suppress
from functools import cache
from html import escape
from itertools import pairwise
from pathlib import Path

import nbformat
from docutils import nodes
from execution import ROOT
from jupyter_cache import get_cache
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from versions import version

from mobilenet_lib import architecture, costs, exercises

HERE = Path(__file__).parent
ASSETS = ("exercise-forms.js", "exercise-forms.css", "exercise-worker.js")
PYODIDE = ROOT / "node_modules" / "pyodide"
PYTHON = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
# What runs on it: the library's own files. Its `__init__` stays behind: it sees to Keras, which is not there.
LIBRARY = [Path(module.__file__) for module in (architecture, costs, exercises)]
RUN = HERE / "exercise_run.py"

HEAD = """\
<form class="exercise" data-kind="{kind}" data-id="{id}" data-exercise="{data}">
<noscript><p>Without JavaScript nothing is checked here. Compare with the solution below, or answer in the notebook,
<a href="@colab@">in Colab</a> or <a href="@local@">on your computer</a>.</p></noscript>
"""
NUMBER = """\
<div class="line"><label for="answer-{n}">Your answer</label>
<input id="answer-{n}" name="answer" aria-label="Your answer to exercise {n}" placeholder="a number, or a calculation"
autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="done">
<button type="submit">Check</button></div>
<output for="answer-{n}"></output>
</form>
"""
FUNCTION = """\
<label for="answer-{n}">Your function</label>
<textarea id="answer-{n}" name="answer" aria-label="Your function for exercise {n}" aria-describedby="help-{n}"
rows="{rows}" autocomplete="off" autocapitalize="off" autocorrect="off" spellcheck="false" wrap="off"
translate="no">{starter}</textarea>
<p class="help" id="help-{n}">At hand: <code translate="no">math</code>, <code translate="no">statistics</code>,
<code translate="no">costs</code>, <code translate="no">architecture</code>. Tab indents; Escape, then Tab leaves.
Ctrl+Enter runs.</p>
<div class="line"><button type="submit">Run</button><button type="button" class="stop" hidden>Stop</button>
<button type="reset">Start over</button>
<span class="size">The first run loads Python into the page: @megabytes@ MB.</span></div>
<output for="answer-{n}"></output>
<pre class="printed" tabindex="0" aria-label="What your code printed" translate="no" hidden></pre>
<p class="elsewhere" hidden>The notebook has this exercise, too: <a href="@colab@">in Colab</a> or
<a href="@local@">on your computer</a>.</p>
</form>
"""
ELSEWHERE = """\
<p class="exercise">This one needs Keras, or what the chapter has computed. Answer it in the notebook, which checks it:
<a href="@colab@">in Colab</a> or <a href="@local@">on your computer</a>.</p>
"""


def add_forms(app: Sphinx, doctree: nodes.document) -> None:
    cells = [node for node in doctree.findall(nodes.container) if node.get("nb_element") == "cell_code"]
    if not cells:
        return
    notebook = nbformat.read(Path(app.outdir).parent / "jupyter_execute" / f"{app.env.docname}.ipynb", as_version=4)
    with suppress(KeyError):  # a chapter that failed is not in the cache
        _, notebook = get_cache(app.config.nb_execution_cache_path).merge_match_into_notebook(notebook)
    sources = notebook.cells
    number = 0
    for before, node in list(pairwise(cells)):
        if asked := _asked(sources[node["cell_index"]]):
            number += 1
            starter = sources[before["cell_index"]].source
            html = form(asked, starter, number)
            node.parent.replace(node, nodes.raw("", html, format="html"))
            if html.startswith("<form"):
                before.parent.remove(before)
    if number:
        for source in (*(HERE / name for name in ASSETS), RUN, PYODIDE / "package.json"):
            app.env.note_dependency(str(source))


def _asked(cell: nbformat.NotebookNode) -> str | None:
    return next((o.metadata["exercise"] for o in cell.outputs if "exercise" in o.get("metadata", ())), None)


def form(asked: str, starter: str, number: int) -> str:
    """The HTML of the form for what a check was asked, in JSON, and what stands in the cell before it."""
    facts = json.loads(asked)
    # Against reading an answer by accident in the source of the page; against cheating nothing helps, nor need it.
    data = base64.b64encode(asked.encode()).decode()
    values = {"n": number, "id": version(asked.encode()), "data": data}
    if starter == "answer = ..." and isinstance(facts.get("expected"), int | float):
        return (HEAD + NUMBER).format(kind="number", **values)
    statements = ast.parse(starter).body if "function" in facts else []
    if [getattr(statement, "name", None) for statement in statements] == [facts.get("function")]:
        rows = starter.count("\n") + 4
        return (HEAD + FUNCTION).format(kind="function", rows=rows, starter=escape(starter), **values)
    return ELSEWHERE


@cache
def files() -> dict[str, bytes]:
    """By name: the script, its style and what it loads on a click."""
    if not PYODIDE.is_dir():
        raise ExtensionError(f"Pyodide is not in {PYODIDE}: `npm ci` (part of `make book`) installs it.")
    sources = [*(HERE / name for name in ASSETS), *(PYODIDE / name for name in PYTHON)]
    contents = {source.name: source.read_bytes() for source in sources}
    for name in contents:
        if name.endswith(".mjs"):
            contents[name] = re.sub(rb"^//# sourceMappingURL=.*$", b"", contents[name], flags=re.MULTILINE)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as library:
        for source in LIBRARY:
            library.writestr(zipfile.ZipInfo(f"mobilenet_lib/{source.name}"), source.read_bytes())
        library.writestr(zipfile.ZipInfo(RUN.name), RUN.read_bytes())
    return {**contents, "library.zip": archive.getvalue()}


def folder() -> str:
    """Where they lie. They name each other without a version, so the folder has one."""
    return f"exercise-forms-{version(*files().values())}"


@cache
def copy_files(static: Path) -> None:
    for old in static.glob("exercise-forms*"):
        shutil.rmtree(old)
    (static / folder()).mkdir(parents=True)
    for name, content in files().items():
        (static / folder() / name).write_bytes(content)


def add_assets(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    if '<form class="exercise"' in context.get("body", ""):
        copy_files(Path(app.outdir) / "_static")
        app.add_js_file(f"{folder()}/exercise-forms.js", loading_method="defer")
        app.add_css_file(f"{folder()}/exercise-forms.css")
        context["policy"] = {"worker-src": "'self'"}


def fill_in(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    buttons = [button for group in context["header_buttons"] for button in group.get("buttons", ())]
    values = {
        "@colab@": next((button["url"] for button in buttons if "Colab" in button["text"]), ""),
        "@local@": context["pathto"]("book/intro") + "#run-it-yourself",
        "@megabytes@": str(round(sum(len(content) for name, content in files().items()) / 1e6)),
    }
    if "body" in context:
        context["body"] = re.sub("|".join(values), lambda found: escape(values[found[0]]), context["body"])


def setup(app: Sphinx) -> dict:
    app.connect("doctree-read", add_forms)
    app.connect("html-page-context", add_assets)
    app.connect("html-page-context", fill_in, priority=950)  # when the Colab button has its address
    return {"parallel_read_safe": True, "parallel_write_safe": True}
