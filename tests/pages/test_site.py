"""The built book, as files: links, images, scripts and what each page says about itself."""

import ast
import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import reference
import sharing
import versions
from browsers import CONFIG, ROOT, SITE
from bs4 import BeautifulSoup
from PIL import Image

PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html") if "_static" not in path.parts)
CHAPTERS = sorted(f"chapters/{path.stem}.html" for path in (ROOT / "chapters").glob("*.md"))
TEXTS = sorted({*CHAPTERS, *(f"book/{path.stem}.html" for path in (ROOT / "book").glob("*.md"))})
HOST, FOLDER = sharing.site(CONFIG["repository"]["url"])
FOLDER = urlsplit(CONFIG["html"].get("baseurl", "")).path or FOLDER  # for a domain of one's own

pytestmark = pytest.mark.usefixtures("built_book")
each_page = pytest.mark.parametrize("page", PAGES)
each_text = pytest.mark.parametrize("page", TEXTS)
each_chapter = pytest.mark.parametrize("page", CHAPTERS)


@cache
def soup_of(page):
    return BeautifulSoup((SITE / page).read_text("utf8"), "html.parser")


def article_of(page):
    return soup_of(page).find("article")


@cache
def anchors_of(page):
    return {tag["id"] for tag in soup_of(page).find_all(id=True)}


def text_of(page):
    return re.sub(r"\s+", " ", article_of(page).get_text(" "))


@each_page
def test_links_lead_to_pages_and_anchors_that_exist(page):
    for link in soup_of(page).find_all("a", href=True):
        target = urlsplit(link["href"])
        if target.scheme or link["href"] == "#":
            continue
        address = unquote(target.path)
        if page == "404.html":  # it is shown at any depth, so its links begin at the folder of the book
            assert address.startswith(FOLDER) or not address, link["href"]
            address = address.removeprefix(FOLDER)
        path = ((SITE / page).parent / address).resolve() if address else SITE / page
        assert path.exists(), f"{link['href']} ({link.get_text(strip=True)})"
        if target.fragment and path.suffix == ".html":
            anchors = anchors_of(path.relative_to(SITE.resolve()).as_posix() if target.path else page)
            assert unquote(target.fragment) in anchors, f"{link['href']} ({link.get_text(strip=True)})"


@each_page
def test_images_have_alternative_text(page):
    article = article_of(page)
    for image in article.find_all("img") if article else ():
        assert len(image.get("alt", "").strip()) > 10, str(image)[:200]


@each_page
def test_nothing_is_loaded_from_another_host(page):
    for tag in soup_of(page).find_all(["script", "img", "iframe", "source", "video", "audio"], src=True):
        assert not urlsplit(tag["src"]).netloc, tag["src"]
    for tag in soup_of(page).find_all("link", href=True):
        if not {"canonical", "alternate"} & set(tag.get("rel", ())):
            assert not urlsplit(tag["href"]).netloc, tag["href"]


@each_page
def test_what_a_page_runs_carries_a_version(page):
    scripts = [tag["src"] for tag in soup_of(page).find_all("script", src=True)]
    styles = [tag["href"] for tag in soup_of(page).find_all("link", rel="stylesheet")]
    known = re.compile(r"\?(?:v|digest)=[0-9a-f]{8,}$|[-.][0-9a-f]{8,}(?:/[\w-]+)?\.\w+$")
    assert [address for address in scripts + styles if not known.search(address)] == []


def test_a_version_is_that_of_the_content():
    assert versions.version(b"a", b"bc") != versions.version(b"ab", b"c")
    (script,) = (tag["src"] for tag in soup_of("search.html").find_all("script", src=re.compile("search.js")))
    assert script.endswith(f"?v={versions.version((SITE / '_static' / 'search.js').read_bytes())}")


@each_page
def test_no_browser_is_told_to_fetch_ahead_what_the_policy_forbids(page):
    # Firefox takes "next" for a wish, too.
    assert not soup_of(page).find_all("link", rel=["next", "prefetch", "preload"])


@each_page
def test_formulas_and_code_are_not_translated(page):
    article = article_of(page)
    for node in article.select(".katex, pre, code") if article else ():
        assert node.find_parent(translate="no") or node.get("translate") == "no", str(node)[:200]


@each_page
def test_a_page_waits_for_one_style_sheet(page):
    links = soup_of(page).find_all("link", rel="stylesheet")
    assert len(links) == 1 or page == "index.html"  # which only leads on
    for link in links:
        assert "@import" not in (SITE / "_static" / Path(link["href"]).name).read_text("utf8")


def test_style_sheets_load_only_what_lies_beside_them():
    for sheet in SITE.rglob("*.css"):
        for target in re.findall(r"url\(\s*['\"]?([^'\")]+)", sheet.read_text("utf8")):
            if not target.startswith(("data:", "#")):
                assert not urlsplit(target).netloc, f"{sheet.name}: {target}"


def meta(page, name):
    tag = soup_of(page).find("meta", attrs={"name": name}) or soup_of(page).find("meta", property=name)
    return tag["content"] if tag else None


@each_page
def test_the_page_has_a_title_and_a_language(page):
    assert soup_of(page).title.get_text(strip=True) not in ("", "Project name not set")
    assert soup_of(page).html["lang"] == "en"


@each_text
def test_a_shared_link_shows_title_description_and_picture(page):
    assert soup_of(page).h1.get_text().removesuffix("#").startswith(meta(page, "og:title"))
    description = meta(page, "og:description")
    assert description == meta(page, "description") and 40 < len(description) < 300
    assert not set("$\\<>") & set(description)
    assert meta(page, "twitter:card") == "summary_large_image" and meta(page, "og:image:alt")
    card = SITE / "_images" / meta(page, "og:image").split("/")[-1]
    assert Image.open(card).size == (1200, 630) and card.stat().st_size < 60_000


def test_no_two_pages_have_the_same_description():
    assert len({meta(page, "description") for page in TEXTS}) == len(TEXTS)


def test_the_address_of_the_book_shows_what_its_front_page_shows():
    for name in ("description", "og:title", "og:description"):
        assert meta("index.html", name) == meta("book/intro.html", name)


@each_text
def test_it_opens_with_a_question_and_the_minutes_it_takes(page):
    article = article_of(page)
    assert re.search(r"\b\d+ minutes\b", article.find(class_="kicker").get_text())
    assert "?" in article.h1.get_text() + article.select_one("h1 ~ p").get_text()


@each_text
def test_it_ends_with_what_comes_next(page):
    last = article_of(page).find_all("h2")[-1]
    assert last.get_text().startswith("What’s next")
    assert [a for a in last.parent.find_all("a", href=True) if a["href"].split("#")[0].endswith(".html")]


@each_chapter
def test_the_front_page_has_the_minutes_that_the_chapter_gives(page):
    row = article_of("book/intro.html").find("a", href=f"../{page}").find_parent("tr")
    minutes = re.search(r"(\d+) minutes", article_of(page).find(class_="kicker").get_text())[1]
    assert row.find_all("td")[2].get_text() == f"{minutes} min"


@each_chapter
def test_the_lists_of_pages_have_the_number_of_the_chapter(page):
    place = page.removeprefix("chapters/").split("-")[0]  # 06, 11 or A1
    kind, number = ("Chapter", place.lstrip("0")) if place.isdigit() else ("Appendix", place[0])
    for other in TEXTS:
        link = soup_of(other).select_one(f'nav.bd-docs-nav a[href="{"#" if other == page else "../" + page}"]')
        link = link or soup_of(other).select_one(f'nav.bd-docs-nav a[href="{page.split("/")[1]}"]')
        assert link.find(class_="number").get_text() == number
    assert f"{kind} {number} ·" in article_of(page).find(class_="kicker").get_text()


def policy_of(page):
    content = soup_of(page).find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    return {name: sources.split() for name, _, sources in (rule.strip().partition(" ") for rule in content.split(";"))}


@each_page
def test_its_policy_forbids_what_it_does_not_name(page):
    policy = policy_of(page)
    assert policy["default-src"] == ["'none'"]
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "https:", "data:"} & set(policy["script-src"])
    text = (SITE / page).read_text("utf8")
    assert text.index("Content-Security-Policy") < min(text.find(tag) for tag in ("<script", "<link") if tag in text)


@each_page
def test_each_script_in_the_page_is_one_that_the_policy_knows(page):
    for script in soup_of(page).find_all("script", src=False, type=False):
        digest = base64.b64encode(hashlib.sha256(script.string.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy_of(page)["script-src"], script.string
    assert not [tag for tag in soup_of(page).find_all(True) if any(name.startswith("on") for name in tag.attrs)]


@each_page
def test_each_icon_is_in_the_font_of_icons(page):
    style = (SITE / "_static" / "icons.css").read_text("utf8")
    for icon in soup_of(page).select("i[class*=fa-]"):
        names = {name for name in icon["class"] if name.startswith("fa-")} - {"fa-solid", "fa-brands", "fa-lg"}
        assert all(f".{name}::before" in style for name in names), icon


@each_chapter
def test_nothing_that_tensorflow_logs_is_on_the_page(page):
    for noise in ("oneDNN", "cuda", "TF_ENABLE", "WARNING:", "absl::", "XLA service", "INFO: Created TensorFlow Lite"):
        assert noise not in text_of(page)


@each_text
def test_the_foot_says_when_from_what_and_with_what_the_page_was_built(page):
    line = article_of(page).find(class_="provenance").get_text()
    assert re.search(r"Built on \d+ \w+ \d{4} from revision \S.*, with TensorFlow 2\.\d+\.\d+ and Keras 3\.\d+", line)
    assert re.search(r"Machine: \S", line)
    assert re.search(r"Data: (?:none|the Cats-Dogs photos|drawn cats and dogs)\.", line)


def test_a_chapter_that_asks_for_drawings_says_drawings_even_where_there_are_photos():
    line = article_of("chapters/03-architecture.html").find(class_="provenance").get_text()
    assert "Data: drawn cats and dogs." in line


@pytest.mark.parametrize("chapter", ["05-training", "06-tflite-export", "11-on-the-device"])
def test_a_chapter_on_the_photos_says_which_it_had(chapter):
    line = article_of(f"chapters/{chapter}.html").find(class_="provenance").get_text()
    assert re.search(r"Data: (?:the Cats-Dogs photos|drawn cats and dogs)\.", line)


@each_chapter
def test_the_foot_says_when_the_chapter_was_computed_and_how_long_that_took(page):
    line = article_of(page).find(class_="provenance").get_text()
    assert re.search(r"Computed on \d+ \w+ \d{4} in (?:\d+|under 1) s\.", line)


@each_chapter
def test_the_colab_button_leads_to_the_notebook(page):
    links = [a for a in soup_of(page).find_all("a", href=True) if "Colab" in a.get_text()]
    assert links, "no button"
    if not HOST:
        assert all(
            link["href"].endswith("book/intro.html#in-colab") for link in links if "btn" in str(link.get("class"))
        )
    else:
        notebook = page.removesuffix(".html") + ".ipynb"
        assert any(
            link["href"].startswith("https://colab.research.google.com/github/") and link["href"].endswith(notebook)
            for link in links
        )


HIDDEN = ["pre", "code", "annotation", "script", "svg"]


@each_page
def test_mathematics_was_understood(page):
    assert not soup_of(page).find(class_="katex-error")
    article = article_of(page) or soup_of(page).new_tag("article")
    shown = [text for text in article.find_all(string=True) if not text.find_parent(HIDDEN)]
    assert not re.findall(r"\\(?:frac|cdot|times|tag)\b|\$\$", "".join(shown))


def test_the_status_page_lists_every_chapter_with_its_time():
    rows = article_of("book/status.html").find_all("tr")
    timed = {row.a["href"].removeprefix("../") for row in rows if row.a and re.search(r"\d s", row.get_text(" "))}
    assert set(CHAPTERS) <= timed


PUBLIC = {
    "costs": "Cost standard depthwise pointwise separable reduction",
    "architecture": "Layer mobilenet total resolution BLOCKS",
    "paper": "TABLE_1 NETWORKS CHECKPOINTS ERRATA",
    "models": "mobilenet separable_block imagenet_backbone cost",
    "data": "load read normalize augment check download CatsDogs",
    "training": "train fine_tune evaluate Run load_run load_runs",
    "tflite": "convert predict evaluate latency maps labels resized operators",
    "plots": "table figure Picture",
    "exercises": "check check_function",
}


@pytest.mark.parametrize("module", PUBLIC)
def test_the_reference_has_what_the_library_offers(module):
    names = {f"mobilenet_lib.{module}.{name}" for name in PUBLIC[module].split()}
    assert names <= anchors_of("book/reference.html")
    for name in names:
        assert article_of("book/reference.html").find(id=name).find_next("dd").get_text(strip=True), name


def test_a_name_of_the_library_leads_from_the_code_of_a_page_to_the_reference():
    links = article_of("chapters/03-architecture.html").select("div.highlight a")
    assert {link["href"].split("#")[1] for link in links if link.get_text() == "mobilenet"} == {
        "mobilenet_lib.architecture.mobilenet",
        "mobilenet_lib.models.mobilenet",
    }


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("plots.table(rows)", [(1, 6, "mobilenet_lib.plots.table")]),
        ("x = 1\nprint(cost(a), b.plots)", [(2, 6, "mobilenet_lib.costs.standard")]),
        ("plots = 3\nplots.table", []),
        ("def draw(plots):\n    plots.table()", []),
    ],
)
def test_a_name_is_what_the_page_has_imported_and_no_other_of_that_name(cell, found):
    names = reference.Names()
    names.visit(ast.parse("from mobilenet_lib import plots\nfrom mobilenet_lib.costs import standard as cost"))
    names.found = []
    names.visit(ast.parse(cell))
    assert names.found == found


@pytest.mark.parametrize(
    ("repository", "host", "folder"),
    [
        ("https://github.com/No_body/mobilenet", "https://no_body.github.io", "/mobilenet/"),
        ("https://github.com/no_body/no_body.github.io/", "https://no_body.github.io", "/"),
        ("https://github.com/your_account/mobilenet", "", "/mobilenet/"),
    ],
)
def test_the_address_of_the_site_follows_that_of_the_repository(repository, host, folder):
    assert sharing.site(repository) == (host, folder)


def test_a_long_title_and_text_stay_on_the_card():
    card = sharing.card("Titles of more than one line " * 4, "Words " * 60, "The book").convert("RGB")
    paper = card.getpixel((0, 0))
    assert {card.getpixel((x, y)) for x in range(1140, 1200) for y in range(630)} == {paper}
    assert {card.getpixel((x, y)) for x in range(1200) for y in range(496, 503)} == {paper}
