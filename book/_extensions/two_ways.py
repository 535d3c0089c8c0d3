"""The animation of a standard and a separable convolution: it takes the place of the picture of its stills.

Chapters show `two-ways.svg` as they would any picture, so code hosts and notebooks show the stills. On the page they
remain for print and for a browser without scripts. Node.js draws them from the animation's own script:

    node book/_extensions/stills.mjs > chapters/two-ways.svg
"""

import shutil
from pathlib import Path
from string import Template

from docutils import nodes
from sphinx.application import Sphinx
from versions import version

HERE = Path(__file__).parent
STILLS = "two-ways.svg"
ASSETS = ("two-ways.js", "two-ways.css")
# Each size that the reader may choose, from its first to its last value, and where it starts.
SIZES = {
    "M": ("Input channels <i>M</i>", (1, 2, 3, 4), 3),
    "N": ("Filters <i>N</i>", (1, 2, 3, 4, 5, 6), 4),
    "D_K": ("Filter side <i>D<sub>K</sub></i>", (1, 3, 5), 3),
    "stride": ("Stride", (1, 2), 1),
}


def animate(app: Sphinx, doctree: nodes.document) -> None:
    page = app.env.docname
    for image in [image for image in doctree.findall(nodes.image) if image["uri"].endswith(STILLS)]:
        for source in ("two_ways.html", *ASSETS):
            app.env.note_dependency(str(HERE / source))
        chosen = '<div class="sizes">{}</div>'.format("".join(_select(name, *size) for name, size in SIZES.items()))
        template = Template((HERE / "two_ways.html").read_text("utf8"))
        form = template.substitute(
            sizes=chosen if page.startswith("chapters/") else "",  # small on the front page
            version=version((HERE / "two-ways.js").read_bytes()),
        )
        paragraph = image.parent
        paragraph.replace_self([_html('<figure class="moving">'), image, _html(f"{form}</figure>")])


def _html(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def _select(name: str, label: str, values: tuple[int, ...], start: int) -> str:
    options = "".join(f"<option{' selected' * (value == start)}>{value}</option>" for value in values)
    return f'<label><span translate="no">{label}</span><select name="{name}">{options}</select></label>'


def copy_assets(app: Sphinx) -> None:
    target = Path(app.outdir) / "_static" / "two-ways"
    target.mkdir(parents=True, exist_ok=True)
    for name in ASSETS:
        shutil.copy(HERE / name, target)


def add_assets(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    if '<figure class="moving">' in context.get("body", ""):
        app.add_css_file("two-ways/two-ways.css")


def setup(app: Sphinx) -> dict:
    app.connect("builder-inited", copy_assets)
    app.connect("doctree-read", animate)
    app.connect("html-page-context", add_assets)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
