"""The built book, as files: links, images, scripts and what each page says about itself."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html") if "_static" not in path.parts)
CHAPTERS = sorted(f"chapters/{path.stem}.html" for path in (ROOT / "chapters").glob("*.md"))

pytestmark = pytest.mark.skipif(not PAGES, reason="the book is not built: make book")
each_page = pytest.mark.parametrize("page", PAGES)
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
        path = ((SITE / page).parent / unquote(target.path)).resolve() if target.path else SITE / page
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


def test_style_sheets_load_only_what_lies_beside_them():
    for sheet in SITE.rglob("*.css"):
        for target in re.findall(r"url\(\s*['\"]?([^'\")]+)", sheet.read_text("utf8")):
            if not target.startswith(("data:", "#")):
                assert not urlsplit(target).netloc, f"{sheet.name}: {target}"


@each_page
def test_the_page_describes_itself(page):
    if page == "index.html":
        pytest.skip("it only forwards to the front page")
    soup = soup_of(page)
    assert soup.title.get_text(strip=True)
    assert soup.html["lang"] == "en"


@each_chapter
def test_nothing_that_tensorflow_logs_is_on_the_page(page):
    for noise in ("oneDNN", "cuda", "TF_ENABLE", "WARNING:", "absl::", "XLA service", "INFO: Created TensorFlow Lite"):
        assert noise not in text_of(page)


@each_chapter
def test_no_cell_has_failed(page):
    assert "Traceback (most recent call last)" not in text_of(page)


@each_chapter
def test_the_foot_says_when_with_what_and_on_which_data_it_was_computed(page):
    line = article_of(page).find(class_="provenance").get_text()
    assert re.search(
        r"Computed on \d+ \w+ \d{4} in (?:\d+|under 1) s with TensorFlow 2\.\d+\.\d+ and Keras 3\.\d+", line
    )
    assert re.search(r"Machine: \S", line) and re.search(r"Revision: \S", line)
    assert re.search(r"Data: (?:none|the Cats-Dogs photos|drawn cats and dogs)\.", line)


@each_chapter
def test_the_colab_button_leads_to_the_notebook(page):
    links = [a for a in soup_of(page).find_all("a", href=True) if "Colab" in a.get_text()]
    assert links, "no button"
    if "your_account" in (ROOT / "_config.yml").read_text("utf8"):
        assert all(
            link["href"].endswith("book/intro.html#in-colab") for link in links if "btn" in str(link.get("class"))
        )
    else:
        notebook = page.removesuffix(".html") + ".ipynb"
        assert any(
            link["href"].startswith("https://colab.research.google.com/github/") and link["href"].endswith(notebook)
            for link in links
        )


@each_page
def test_mathematics_was_understood(page):
    soup = soup_of(page)
    assert not soup.find(class_="katex-error")
    article = soup.find("article")
    for hidden in article.find_all(["pre", "code", "annotation", "script", "svg"]) if article else ():
        hidden.extract()
    assert not re.findall(r"\\(?:frac|cdot|times|tag)\b|\$\$", article.get_text() if article else "")


def test_the_status_page_lists_every_chapter_with_its_time():
    rows = article_of("book/status.html").find_all("tr")
    timed = {row.a["href"].removeprefix("../") for row in rows if row.a and re.search(r"\d s", row.get_text(" "))}
    assert set(CHAPTERS) <= timed
