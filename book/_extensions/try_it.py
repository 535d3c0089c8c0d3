"""A reader tries the networks of the book on a photo, in the browser: with LiteRT, their files and some drawings."""

import io
import json
import re
import shutil
import zipfile
from functools import cache
from pathlib import Path

from docutils import nodes
from execution import ROOT
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from templates import rendered
from versions import version

from mobilenet_lib import drawn

HERE = Path(__file__).parent
PAGE = "book/try-it"
ASSETS = ("try-it.js", "try-it.css")
LITERT = ROOT / "node_modules" / "@litertjs"
MODELS = ROOT / "data" / "models"
RECORD = ROOT / "data" / "exports" / "flagship.json"
FILES = {"float32": "cats-dogs.tflite", "int8": "cats-dogs-int8.tflite"}
# LiteRT takes the second where the browser lacks the newer vector instructions.
RUNTIMES = ("litert_wasm_internal", "litert_wasm_compat_internal")
# The first drawings of the test split, whatever the network says to them.
SAMPLES = {kind: numbers[:3] for kind, numbers in zip(("cat", "dog"), drawn.NUMBERS["test"], strict=True)}


def facts() -> dict:
    """What the script has to know."""
    if not LITERT.is_dir():
        raise ExtensionError(f"LiteRT.js is not in {LITERT}: `npm ci` (part of `make book`) installs it.")
    kept = {entry["file"]: entry for entry in json.loads(RECORD.read_text("utf8"))["kept"]}
    with zipfile.ZipFile(MODELS / FILES["float32"]) as attached:
        labels = attached.read("labels.txt").decode().split()
    return {
        "labels": labels,
        "files": [{"name": name, **kept[file]} for name, file in FILES.items()],
        "runtimes": {name: (LITERT / "core" / "wasm" / f"{name}.wasm").stat().st_size for name in RUNTIMES},
        "samples": {kind: [f"{kind}-{number}.png" for number in numbers] for kind, numbers in SAMPLES.items()},
    }


class TryIt(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        for source in (RECORD, *(HERE / name for name in ASSETS), LITERT / "core" / "package.json"):
            self.env.note_dependency(str(source))
        known = facts()
        loaded = known["runtimes"][RUNTIMES[0]] + sum(file["bytes"] for file in known["files"])
        shown = {
            "megabytes": f"{loaded / 1e6:.0f}",
            "sizes": [f"{file['bytes'] / 1e6:.1f} MB" for file in known["files"]],
            "accuracies": [f"{100 * file['accuracy']:.2f}%" for file in known["files"]],
            "data": json.dumps(known).replace("<", r"\u003c"),
        }
        return [rendered(self, "try-it.html", known | shown)]


@cache
def files() -> dict[str, bytes]:
    """By name: the script, its style and all that it loads."""
    sources = [HERE / name for name in ASSETS] + [MODELS / name for name in FILES.values()]
    sources += [LITERT / "core" / "wasm" / f"{name}{end}" for name in RUNTIMES for end in (".js", ".wasm")]
    contents = {source.name: source.read_bytes() for source in sources}
    for name, package in (("litert.js", "core/dist/index.js"), ("wasm-utils.js", "wasm-utils/dist/index.js")):
        contents[name] = _for_browsers((LITERT / package).read_text("utf8")).encode()
    for kind, numbers in SAMPLES.items():
        for number in numbers:
            png = io.BytesIO()
            drawn.picture(number).save(png, "PNG", optimize=True)
            contents[f"{kind}-{number}.png"] = png.getvalue()
    return contents


def folder() -> str:
    """Where they lie. They name each other without a version, so the folder has one."""
    return f"try-it-{version(*files().values())}"


def copy_assets(app: Sphinx, env: BuildEnvironment) -> None:
    if PAGE not in env.found_docs:
        return
    static = Path(app.outdir) / "_static"
    for old in static.glob("try-it*"):
        shutil.rmtree(old)
    (static / folder()).mkdir(parents=True)
    for name, content in files().items():
        (static / folder() / name).write_bytes(content)


def _for_browsers(script: str) -> str:
    """A browser knows no packages, only addresses; and source maps stay behind."""
    script = script.replace('"@litertjs/wasm-utils"', '"./wasm-utils.js"')
    return re.sub(r"^//# sourceMappingURL=.*$", "", script, flags=re.MULTILINE)


def add_assets(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    # Here and not for the whole book: no other page needs them.
    if pagename == PAGE:
        app.add_js_file(f"{folder()}/try-it.js", loading_method="defer")
        app.add_css_file(f"{folder()}/try-it.css")
        context["policy"] = {"script-src": "'wasm-unsafe-eval'"}


def setup(app: Sphinx) -> dict:
    app.add_directive("try-it", TryIt)
    app.connect("env-updated", copy_assets)
    app.connect("html-page-context", add_assets)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
