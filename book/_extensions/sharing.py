"""A link to a page shows elsewhere what is behind it: title, description and card. And the address they hang on."""

import re
from functools import cache
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from docutils import nodes
from execution import ROOT
from PIL import Image, ImageDraw, ImageFont
from sphinx.application import Sphinx
from sphinx.config import Config

from mobilenet_lib import architecture

PLACEHOLDER = "your_account"  # in `repository: url` until a copy of the book has an address
LONGEST = 220  # characters of a description
FRONT = ("book/intro", "index")
BOOK = "Build MobileNet from its cost formula up, check every number of the paper, train it, and put it on a phone."


def site(repository: str) -> tuple[str, str]:
    """Where GitHub Pages shows the book: scheme and host, or nothing as long as there is no account, and folder."""
    account, name = urlsplit(repository).path.strip("/").split("/")[:2]
    host = f"{account}.github.io".lower()
    return f"https://{host}" if account != PLACEHOLDER else "", "/" if name.lower() == host else f"/{name}/"


def set_address(app: Sphinx, config: Config) -> None:
    host, folder = site(config.html_theme_options["repository_url"])
    if host and not config.html_baseurl:  # `html: baseurl:` in _config.yml is for a domain of one's own
        config.html_baseurl = host + folder


def root(config: Config) -> str:
    """The folder of the site, with a slash at both ends."""
    return urlsplit(config.html_baseurl).path or site(config.html_theme_options["repository_url"])[1]


def description(doctree: nodes.document) -> str:
    """The end of the page's opening, where it asks its question: as many sentences as fit."""
    paragraphs = (node for node in doctree.findall(nodes.paragraph) if "kicker" not in node["classes"])
    opening = next((paragraph.astext() for paragraph in paragraphs), "")
    text = ""
    for sentence in reversed(re.split(r"(?<=[.?!]) ", " ".join(opening.split()))):
        if text and len(text) + len(sentence) > LONGEST:
            break
        text = f"{sentence} {text}".strip()
    return text


def add_tags(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    book = app.config.html_title
    title = re.sub(r"<.*?>", "", context.get("title", "")) or book
    title = book if pagename in FRONT else title
    about = description(doctree) if doctree and pagename not in FRONT else ""
    about = about or BOOK
    name = "_images/card-{}.png".format("intro" if pagename in FRONT else pagename.split("/")[-1])
    path = Path(app.outdir, name)
    path.parent.mkdir(exist_ok=True)
    card(title, about, "" if title == book else book).save(path, optimize=True)
    address = app.config.html_baseurl
    tags = {
        "og:type": "website" if pagename in FRONT else "article",
        "og:site_name": book,
        "og:title": title,
        "og:description": about,
        "og:image": address + name if address else context["pathto"](name, 1),
        "og:image:width": WIDTH,
        "og:image:height": HEIGHT,
        "og:image:alt": f"{title}, above the layers of MobileNet as bars of their cost",
        "twitter:card": "summary_large_image",
    }
    if address:
        tags["og:url"] = address + app.builder.get_target_uri("book/intro" if pagename == "index" else pagename)
    context["metatags"] = "".join(
        [
            context.get("metatags", ""),
            f'\n    <meta name="description" content="{escape(about)}">',
            *(f'\n    <meta property="{key}" content="{escape(str(value))}">' for key, value in tags.items()),
        ]
    )


# The card: the title of the page over the bars of the network's layers.

WIDTH, HEIGHT, MARGIN, FLOOR = 1200, 630, 80, 590
PAPER, INK, MUTED = "#fbfaf7", "#1d2730", "#55616b"
COLORS = {"standard": "#0b6bb0", "depthwise": "#d0600f", "pointwise": "#0f8a69", "dense": "#8a5aa8"}
FONTS = ROOT / "node_modules" / "@fontsource-variable" / "source-sans-3" / "files"


@cache
def font(size: int, weight: int, script: str = "latin") -> ImageFont.FreeTypeFont:
    loaded = ImageFont.truetype(FONTS / f"source-sans-3-{script}-wght-normal.woff2", size)
    loaded.set_variation_by_axes([weight])
    return loaded


def card(title: str, text: str, kicker: str) -> Image.Image:
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(image)
    _bars(draw)
    y = MARGIN - 10
    if kicker:
        y = _write(draw, y, kicker, 34, 600, COLORS["standard"]) + 18
    size = next(size for size in (76, 66, 58, 50) if size == 50 or len(_lines(draw, title, size, 700)) <= 2)
    y = _write(draw, y, title, size, 700, INK) + 20
    _write(draw, y, text, 33, 400, MUTED, most=4)
    return image.quantize(64)


def _bars(draw: ImageDraw.ImageDraw) -> None:
    layers = architecture.mobilenet()
    step = (WIDTH - 2 * MARGIN) / len(layers)
    most = max(layer.cost.mult_adds for layer in layers)
    for number, layer in enumerate(layers):
        x = MARGIN + number * step
        top = FLOOR - max(5, 85 * layer.cost.mult_adds / most)
        draw.rectangle((x, top, x + step - 7, FLOOR), fill=COLORS[layer.kind])


def _write(draw, y: float, text: str, size: int, weight: int, color: str, most: int = 3) -> float:
    lines = _lines(draw, text, size, weight)
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1]} …"]
    for line in lines:
        x = MARGIN
        for word in line.split():
            face = _face(word, size, weight)
            draw.text((x, y), word, font=face, fill=color)
            x += draw.textlength(word, font=face) + draw.textlength(" ", font=font(size, weight))
        y += round(size * 1.2)
    return y


def _lines(draw, text: str, size: int, weight: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if draw.textlength(longer, font=font(size, weight)) <= WIDTH - 2 * MARGIN - 60:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _face(word: str, size: int, weight: int) -> ImageFont.FreeTypeFont:
    return font(size, weight, "greek" if any("\u0370" <= letter <= "\u03ff" for letter in word) else "latin")


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", set_address)
    app.connect("html-page-context", add_tags)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
