"""The built book in a real browser: nothing from outside, no errors, nothing wider than a phone."""

import functools
import http.server
import shutil
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PAGES = sorted(
    path.relative_to(SITE).as_posix()
    for path in SITE.rglob("*.html")
    if "_static" not in path.parts and path.name != "index.html"  # that one only forwards
)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = [
    pytest.mark.skipif(not PAGES, reason="the book is not built: make book"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]
each_page = pytest.mark.parametrize("path", PAGES)


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=SITE))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        profile = tmp_path_factory.mktemp("chromium")
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, headless=True, args=OPTIONS, viewport={"width": 1400, "height": 900}
        )
        yield context
        context.close()


@pytest.fixture
def page(browser):
    page = browser.new_page()
    yield page
    page.close()


def test_the_address_of_the_book_leads_to_its_front_page(page, address):
    page.goto(address)
    page.wait_for_url("**/book/intro.html")


def opened(page, address, path):
    page.goto(f"{address}/{path}", wait_until="load")
    return page


@each_page
def test_it_loads_with_no_outside_request_and_no_console_error(page, address, path):
    requests, complaints = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on(
        "response", lambda response: response.status < 400 or complaints.append(f"{response.status} {response.url}")
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: line.type in ("error", "warning") and complaints.append(line.text))
    opened(page, address, path)
    assert [url for url in requests if not url.startswith((address, "data:", "blob:"))] == []
    assert complaints == []


@each_page
@pytest.mark.parametrize("width", [390, 1400])
def test_it_is_no_wider_than_the_screen(page, address, path, width):
    page.set_viewport_size({"width": width, "height": 844})
    opened(page, address, path)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@each_page
def test_its_mathematics_is_rendered(page, address, path):
    opened(page, address, path)
    formulas = page.locator(".katex-html")
    assert formulas.count() == page.locator(".katex").count()
    assert all(box["height"] > 0 for box in formulas.evaluate_all("all => all.map(e => e.getBoundingClientRect())"))
    if formulas.count():
        page.evaluate("document.fonts.ready.then(() => 0)")
        assert page.evaluate("document.fonts.check('16px KaTeX_Main')")


@each_page
@pytest.mark.parametrize("look", ["light 1400", "dark 390"])
def test_it_is_accessible(page, address, path, look):
    scheme, width = look.split()
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": int(width), "height": 844})
    opened(page, address, path)
    page.evaluate(AXE.read_text("utf8"))
    found = page.evaluate("axe.run()")["violations"]
    assert [(rule["id"], node["html"][:200]) for rule in found for node in rule["nodes"]] == []
