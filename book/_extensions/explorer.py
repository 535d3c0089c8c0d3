"""A reader turns the knobs of a MobileNet and sees what it costs, beside the networks that were published.

The script counts by itself, but knows no layer by heart: the blocks come from `mobilenet_lib.architecture`.
"""

import json
import shutil
from pathlib import Path

from docutils import nodes
from execution import ROOT
from mathematics import typeset
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from templates import rendered
from versions import version

from mobilenet_lib import architecture, paper
from mobilenet_lib.architecture import mobilenet, total

HERE = Path(__file__).parent
PAGE = "book/explorer"
SCRIPT, STYLE = HERE / "explorer.js", HERE / "explorer.css"

# Each slider: what it is called, from where to where in which steps, and where it starts.
SLIDERS = {
    "alpha": ("Width multiplier α", 0.025, 2, 0.025, 1),
    "resolution": ("Resolution in pixels", architecture.REDUCTION, 512, architecture.REDUCTION, 224),
    "classes": ("Classes", 1, 1000, 1, 1000),
}
FORMULAS = {
    "separable": r"D_K^2 \cdot \alpha M \cdot (\rho D_F)^2 + \alpha M \cdot \alpha N \cdot (\rho D_F)^2",
    "full": r"D_K^2 \cdot \alpha M \cdot \alpha N \cdot (\rho D_F)^2",
    "share": r"\frac{1}{\alpha N} + \frac{1}{D_K^2}",
}


def facts() -> dict:
    """What the script has to know."""
    published = [
        {
            "alpha": model.alpha,
            "resolution": model.resolution,
            "convolution": "separable",
            "top1": model.top1,
            "note": f"published; {model.quantized_top1}% in int8",
        }
        for model in paper.CHECKPOINTS
    ]
    full = next(network for network in paper.NETWORKS if network.arguments == {"separable": False})
    published.append(
        {"alpha": 1, "resolution": 224, "convolution": "full", "top1": full.top1, "note": "in the paper, Table 4"}
    )
    return {
        "stem": architecture.STEM,
        "blocks": architecture.BLOCKS,
        "fullResolution": architecture.FULL_RESOLUTION,
        "published": published,
        "measured": measured(ROOT / "data" / "runs"),
    }


def measured(folder: Path) -> list[dict]:
    """The recorded runs from scratch on the photos, and the epochs of each and of the runs that it goes on from.

    The sweep comes first, since its networks compare: all were trained alike. Drawn cats and dogs do not count.
    """
    runs = {path.stem: json.loads(path.read_text("utf8")) for path in sorted(folder.glob("*.json"))}

    def epochs(run: dict) -> list[int]:
        start, first = run["settings"]["start"], [count for _, count in run["settings"].get("first", ())]
        return [*(epochs(runs[start]) if start else ()), *first, len(run["epochs"]) - sum(first)]

    return [
        {
            "alpha": run["settings"]["alpha"],
            "resolution": run["settings"].get("test_resolution") or run["settings"]["resolution"],
            "epochs": epochs(run),
            "accuracy": 100 * run["test"]["accuracy"],
            "interval": [100 * end for end in run["test"]["interval"]],
        }
        for kind in ("sweep-", "flagship")
        for name, run in runs.items()
        if name.startswith(kind) and run["test"] and not run["data"]["drawn"]
    ]


class Explorer(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        # A change of the library or of the records is a change of the fingerprint: every page is read again.
        for path in (SCRIPT, __file__):
            self.env.note_dependency(str(path))
        known = {
            "sliders": SLIDERS,
            "formulas": {name: typeset(tex, False)["html"] for name, tex in FORMULAS.items()},
            "data": json.dumps(facts()).replace("<", r"\u003c"),
            "version": version(SCRIPT.read_bytes()),
        }
        return [rendered(self, "explorer.html", known)]


class Published(SphinxDirective):
    """The table of the 16 published networks. It is there without a script too."""

    def run(self) -> list[nodes.Node]:
        networks = [(model, total(mobilenet(model.alpha, model.resolution))) for model in paper.CHECKPOINTS]
        return [rendered(self, "published.html", {"networks": networks})]


def link_settings(app: Sphinx, doctree: nodes.document) -> None:
    """Let any page link to a setting: `[thinner](../book/explorer.md?alpha=0.5)`."""
    for node in list(doctree.findall(addnodes.pending_xref)):
        path, _, query = node["reftarget"].partition("?")
        if query and path.endswith("explorer.md"):
            address = f"{app.builder.get_relative_uri(app.env.docname, PAGE)}?{query}"
            node.replace_self(nodes.reference("", "", *node.children, refuri=address, internal=True))


def copy_assets(app: Sphinx) -> None:
    folder = Path(app.outdir) / "_static" / "explorer"
    folder.mkdir(parents=True, exist_ok=True)
    for source in (SCRIPT, STYLE):
        shutil.copy(source, folder)


def add_assets(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    # Here and not for the whole book: no other page needs it.
    if pagename == PAGE:
        app.add_css_file("explorer/explorer.css")


def setup(app: Sphinx) -> dict:
    app.add_directive("explorer", Explorer)
    app.add_directive("published", Published)
    app.connect("builder-inited", copy_assets)
    app.connect("doctree-read", link_settings)
    app.connect("html-page-context", add_assets)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
