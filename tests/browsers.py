"""The built book and the browsers that look at it: what the tests of `tests/pages` share."""

import io
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sharing
import yaml
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PAGES = sorted(
    path.relative_to(SITE).as_posix()
    for path in SITE.rglob("*.html")
    if "_static" not in path.parts and path.name != "index.html"  # that one only forwards
)
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))
# With a domain of its own, the book says so in `html: baseurl`.
FOLDER = (urlsplit(CONFIG["html"].get("baseurl", "")).path or sharing.site(CONFIG["repository"]["url"])[1]).rstrip("/")
PROGRAMS = {"chromium": ("chromium", "chromium-browser", "google-chrome"), "firefox": ("firefox-esr", "firefox")}
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",  # a camera, which may be used
    "--use-fake-ui-for-media-stream",
]

PREFERENCES = {"media.navigator.streams.fake": True, "media.navigator.permission.disabled": True}  # the same in Firefox


def program(name):
    """The path of a browser, or None."""
    return next(filter(None, map(shutil.which, PROGRAMS[name])), None)


in_both = pytest.mark.parametrize("browser", PROGRAMS, indirect=True)


def watch(page):
    """Two lists that fill with what the page asks for and what goes wrong on it."""
    answers, complaints = [], []
    page.on("response", lambda answer: answers.append(answer))
    page.on("response", lambda answer: answer.status < 400 or complaints.append(f"{answer.status} {answer.url}"))
    page.on("requestfailed", lambda request: complaints.append(f"{request.failure} {request.url}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: line.type in ("error", "warning") and complaints.append(line.text))
    return answers, complaints


# Until what moves has arrived, however slow the machine is, colors, too; what moves for ever does not count.
AT_REST = """() => Promise.allSettled(document.getAnimations()
    .filter((one) => one.effect.getComputedTiming().endTime < Infinity).map((one) => one.finished)).then(() => 0)"""


# Without all that is in order: it would take seconds to write down, and to read.
VIOLATIONS = """async ([include, exclude]) => {
    const { violations } = await axe.run({ include, exclude }, { resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => [id, html.slice(0, 200)]));
}"""


def violations(page, *without, of="html"):
    """What axe objects to in what `of` chooses on the page as it is now, but for what these selectors choose."""
    page.evaluate(AT_REST)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf8"))
    return page.evaluate(VIOLATIONS, [of, [[each] for each in without]])


def colors_of(locator):
    """The colors of what is shown there, the most frequent ones first."""
    image = Image.open(io.BytesIO(locator.screenshot())).convert("RGB")
    return [color for _, color in sorted(image.getcolors(image.width * image.height), reverse=True)]


# What a reader's browser does with a page that wants to keep something.
REFUSED = {
    "throws": "get() { throw new DOMException('not here', 'SecurityError'); }",
    "is null": "value: null",
    "is full": "value: { getItem: () => null, setItem() { throw new DOMException('', 'QuotaExceededError'); } }",
}
