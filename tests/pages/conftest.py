"""The built book in real browsers, served below a folder as GitHub Pages does."""

import functools
import http.server
import threading

import pytest
from browsers import FOLDER, OPTIONS, PREFERENCES, SITE, program
from playwright.sync_api import sync_playwright


@pytest.fixture(scope="session")
def built_book():
    if not (SITE / "index.html").is_file():  # a build that was stopped leaves folders
        pytest.skip("the book is not built: make book")


class Handler(http.server.SimpleHTTPRequestHandler):
    """Like GitHub Pages: the book below the folder of its repository, and 404.html for what is not there."""

    def translate_path(self, path):
        return super().translate_path(path.removeprefix(FOLDER))

    def send_error(self, code, message=None, explain=None):
        body = (SITE / "404.html").read_bytes()
        self.send_response(code, message)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address(built_book):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=SITE))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}{FOLDER}"
    server.shutdown()


@pytest.fixture(scope="module")
def playwright():
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module", params=["chromium"])
def browser(request, playwright, tmp_path_factory):
    """The browser of this name, with a profile of its own."""
    if not program(request.param):
        pytest.skip(f"no {request.param.capitalize()} on this machine")
    if request.param == "firefox":  # the one that is installed: Playwright's own is another build
        options = {"channel": "moz-firefox", "firefox_user_prefs": PREFERENCES}
    else:
        options = {"args": OPTIONS}
    context = getattr(playwright, request.param).launch_persistent_context(
        tmp_path_factory.mktemp(request.param),
        executable_path=program(request.param),
        viewport={"width": 1400, "height": 900},
        **options,
    )
    yield context
    context.close()


@pytest.fixture
def page(browser):
    page = browser.new_page()
    yield page
    page.evaluate("() => { try { localStorage.clear(); } catch {} }")  # the next one is another reader's
    page.close()


@pytest.fixture
def printed(page, address):
    """A page as it is printed by a reader who has these colors on the screen."""

    def open_(path, scheme):
        page.emulate_media(media="print", color_scheme=scheme)
        page.goto(f"{address}/{path}", wait_until="load")
        page.locator(f"html[data-theme={scheme}]").wait_for(state="attached")
        page.wait_for_timeout(300)  # colors change in a moment
        return page

    return open_


@pytest.fixture
def scriptless(browser):
    """A page in a browser that runs no scripts."""
    context = browser.browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()
