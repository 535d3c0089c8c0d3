"""Where the numbers come from: a line at the foot of each page, and the table of the status page."""

import os
import platform
import re
import subprocess
from collections.abc import Iterator
from datetime import datetime, timezone
from functools import cache
from importlib.metadata import version
from pathlib import Path

from docutils import nodes
from execution import ROOT, photos
from myst_nb.sphinx_ import NbMetadataCollector
from sealing import sealed
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

USES_DATA = re.compile(
    r"^(?:from|import) mobilenet_lib(?:\.data\b|[^\n]*import (?:\([^)]*|[^\n]*)\bdata\b)", re.MULTILINE
)


@cache
def machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_processor()}, {cores} cores, {platform.system()}"


def _processor() -> str:
    if platform.system() == "Darwin":
        return subprocess.check_output(["sysctl", "-n", "machdep.cpu.brand_string"], text=True).strip()
    try:
        return re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text("utf8"), re.MULTILINE)[1]
    except (OSError, TypeError):
        return platform.processor() or platform.machine()


@cache
def revision() -> str:
    """The commit of this checkout. What lies in the repository of something else has none of its own."""
    git = ["git", "-C", str(ROOT)]
    options = {"text": True, "stderr": subprocess.DEVNULL, "env": sealed(os.environ)}
    try:
        found = subprocess.check_output([*git, "rev-parse", "--show-prefix", "--short", "HEAD"], **options)
        changed = subprocess.check_output([*git, "status", "--porcelain"], **options)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    inside, commit, _ = found.split("\n")
    return "unknown" if inside else commit + (" with changes" if changed else "")


def software() -> dict[str, str]:
    names = {"TensorFlow": "tensorflow", "Keras": "keras", "NumPy": "numpy", "LiteRT": "ai-edge-litert"}
    return {"Python": platform.python_version(), **{name: version(package) for name, package in names.items()}}


def data_used(source: str) -> str:
    if not USES_DATA.search(source):
        return "none"
    loads = re.findall(r"data\.load\([^)]*\)", source)
    if loads and all('source="drawn"' in load for load in loads):
        return "drawn cats and dogs"
    return "the Cats-Dogs photos" if photos() else "drawn cats and dogs"


def run_of(app: Sphinx, docname: str) -> dict | None:
    """When and how long the page ran and what it read, or None if it has no code."""
    run = NbMetadataCollector.get_exec_data(app.env, docname)
    if not run or run["runtime"] is None:
        return None
    return {
        "date": date(datetime.fromtimestamp(run["mtime"], timezone.utc)),
        "runtime": run["runtime"],
        "seconds": seconds(run["runtime"]),
        "data": data_used(Path(app.env.doc2path(docname)).read_text("utf8")),
    }


def seconds(runtime: float) -> str:
    return f"{runtime:.0f} s" if runtime >= 1 else "under 1 s"


def date(when: datetime) -> str:
    return f"{when.day} {when:%B %Y}"


def add_line(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """What `page.html` shows at the foot."""
    if doctree:
        context["built"] = {
            "on": date(datetime.now(timezone.utc)),
            "revision": revision(),
            "machine": machine(),
            "software": software(),
            "run": run_of(app, pagename),
        }


class Status(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        return [StatusTable()]


class StatusTable(nodes.General, nodes.Element):
    """Stands for the table of the runs until all pages have run."""


def fill_status(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for node in list(doctree.findall(StatusTable)):
        done = list(runs(app, docname))
        known = {
            "runs": done,
            "together": seconds(sum(run["runtime"] for run in done)),
            "facts": {**software(), "Machine": machine(), "Revision": revision()},
        }
        node.replace_self(nodes.raw("", app.builder.templates.render("status.html", known), format="html"))


def runs(app: Sphinx, docname: str) -> Iterator[dict]:
    """The runs of all pages with code, and where they are, seen from the page `docname`."""
    for name in sorted(app.env.found_docs, key=lambda name: (name.startswith("chapters/"), name)):
        if run := run_of(app, name):
            yield {**run, "title": app.env.titles[name].astext(), "link": app.builder.get_relative_uri(docname, name)}


def setup(app: Sphinx) -> dict:
    # A new revision rewrites the pages; it executes nothing.
    app.add_config_value("provenance", revision(), "html")
    app.add_directive("status", Status)
    app.add_node(StatusTable)
    app.connect("html-page-context", add_line)
    app.connect("doctree-resolved", fill_status)
    app.connect("env-updated", lambda app, env: env.found_docs & {"book/status"})
    return {"parallel_read_safe": True, "parallel_write_safe": True}
