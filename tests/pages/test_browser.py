"""The built book in real browsers, served below a folder as GitHub Pages does: what readers and machines meet.

Tests run in Chromium; those of what Firefox could do in its own way are marked `in_both`, and run there too.
"""

import re
from itertools import product

import pytest
from browsers import PAGES, REFUSED, colors_of, in_both, violations, watch

CHAPTERS = [page for page in PAGES if page.startswith("chapters/")]
each_page = pytest.mark.parametrize("path", PAGES)


# What a page shows to a reader who opens every solution and scrolls to the end: figures load on the way.
UNFOLD = """async () => {
    for (const fold of document.querySelectorAll("article details")) fold.open = true;
    for (const figure of document.querySelectorAll("article img")) {
        figure.scrollIntoView();
        while (!figure.naturalWidth) await new Promise((later) => setTimeout(later, 10));
        await figure.decode();
    }
    scrollTo(0, 0);
}"""


@pytest.fixture(scope="module")
def opened(browser, address):
    """Opens a page of the book, once for all tests, on a screen of the width and in the colors that a test needs."""
    tabs = {}

    def open_(path, width=1400, scheme="light"):
        if path not in tabs:
            tabs[path] = browser.new_page()
            tabs[path].watched = watch(tabs[path])
            tabs[path].goto(f"{address}/{path}", wait_until="load")
            tabs[path].evaluate(UNFOLD)
            tabs[path].wait_for_load_state("networkidle")
            tabs[path].evaluate("document.fonts.ready.then(() => 0)")
        page = tabs[path]
        page.bring_to_front()  # behind another one, its clocks hardly run
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 844})
        page.locator(f"html[data-theme={scheme}]").wait_for(state="attached")
        return page

    yield open_
    for page in tabs.values():
        page.close()


def test_the_address_of_the_book_leads_to_its_front_page(page, address):
    page.goto(f"{address}/")
    page.wait_for_url("**/book/intro.html")


@each_page
@in_both
def test_it_loads_with_no_outside_request_and_no_console_error(opened, address, path):
    answers, complaints = opened(path).watched
    assert [answer.url for answer in answers if not answer.url.startswith((address, "data:", "blob:"))] == []
    assert complaints == []


@each_page
@pytest.mark.parametrize("width", [320, 390, 1400])
@in_both
def test_it_is_no_wider_than_the_screen(opened, path, width):
    assert opened(path, width).evaluate("document.documentElement.scrollWidth") <= width


@each_page
def test_what_scrolls_inside_itself_on_a_phone_can_be_reached_by_keyboard(opened, path):
    assert unreachable(opened(path, 390)) == []


@pytest.mark.parametrize("chapter", ["05-training", "06-tflite-export", "07-cost-and-latency", "11-on-the-device"])
def test_a_table_of_up_to_six_results_is_no_wider_than_a_phone(opened, chapter):
    wide = """all => all.filter(({ rows, parentElement: box }) =>
        rows[0].cells.length <= 6 && box.scrollWidth > box.clientWidth + 1).map(table => table.innerText)"""
    assert opened(f"chapters/{chapter}.html", 390).locator("article table").evaluate_all(wide) == []


@pytest.mark.parametrize("chapter", ["01-cost-derivation", "04-multipliers"])
def test_figures_take_the_whole_width_of_a_phone(opened, chapter):
    figures = opened(f"chapters/{chapter}.html", 390).locator("article a.figure img")
    assert {figure.bounding_box()["width"] for figure in figures.all()} == {390}


def unreachable(page):
    """What scrolls and has no place in the order of the keyboard, a while after the screen has changed."""
    found = """() => [...document.querySelectorAll("article *")].filter((e) =>
        ["auto", "scroll"].includes(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth + 1 &&
        e.clientWidth > 0 && e.tabIndex < 0).map((e) => e.outerHTML.slice(0, 200))"""
    for _ in range(60):  # the theme looks again a moment after the change, later on a busy machine
        if not (left := page.evaluate(found)):
            break
        page.wait_for_timeout(100)
    return left


# Where each line of code that breaks begins, and where what is left of it does, in pixels from the left.
BROKEN_LINES = """() => [...document.querySelectorAll(".cell_input pre")].flatMap(pre => {
    const walk = document.createTreeWalker(pre, NodeFilter.SHOW_TEXT), lines = [[]];
    for (let node; (node = walk.nextNode());)
        for (let i = 0; i < node.data.length; i++) {
            const range = document.createRange();
            range.setStart(node, i);
            range.setEnd(node, i + 1);
            if (node.data[i] === "\\n") lines.push([]);
            else if (node.data[i] !== " ") lines.at(-1).push(range.getBoundingClientRect());
        }
    return lines.map(line => [line[0], line.find(({ top }) => top > line[0].top + 9)]);
}).filter(([, rest]) => rest).map(([start, rest]) => [start.left, rest.left])"""


@pytest.mark.parametrize("path", CHAPTERS)
@in_both
def test_the_rest_of_a_line_of_code_that_breaks_stands_right_of_its_beginning(opened, path):
    lines = opened(path).evaluate(BROKEN_LINES)
    assert lines and all(rest > start for start, rest in lines)


@each_page
@in_both
def test_its_mathematics_is_rendered(opened, path):
    page = opened(path)
    formulas = page.locator(".katex-html")
    assert formulas.count() == page.locator(".katex").count()
    flat = "all => all.filter((e) => !e.getBoundingClientRect().height).map((e) => e.parentElement.innerHTML)"
    assert formulas.evaluate_all(flat) == []
    if formulas.count():
        assert page.evaluate("document.fonts.check('16px KaTeX_Main')")


@in_both
def test_the_number_of_a_wide_equation_stands_beside_it_on_a_phone(opened):
    overlaps = """() => [...document.querySelectorAll(".katex-tag")].filter((tag) =>
        tag.previousElementSibling.getBoundingClientRect().right > tag.getBoundingClientRect().left + 1).length"""
    page = opened("chapters/04-multipliers.html", 390)
    assert page.locator(".katex-tag").count() and page.evaluate(overlaps) == 0


# Each page in light on a desktop and in dark on a phone. What only the other two looks have, these pages have too.
# Code and formulas, each letter of which takes axe as long as a paragraph, have the same colors on every page.
TYPICAL = ("book/intro.html", "chapters/02-parameter-comparison.html")
LOOKS = [
    (path, scheme, width)
    for path, scheme, width in product(PAGES, ("light", "dark"), (390, 1400))
    if (scheme, width) in (("light", 1400), ("dark", 390)) or path in TYPICAL
]


@pytest.mark.parametrize(("path", "scheme", "width"), LOOKS)
def test_it_is_accessible(opened, path, scheme, width):
    page = opened(path, width, scheme)
    unreachable(page)  # axe looks when the theme has looked
    assert violations(page, *(() if path in TYPICAL else ("pre", ".katex"))) == []


@pytest.mark.parametrize("path", CHAPTERS)
def test_a_chapter_weighs_less_than_1_5_megabytes_with_all_its_figures(opened, path):
    answers, _ = opened(path).watched
    assert sum(len(answer.body()) for answer in answers) < 1_500_000


def wait_for_excerpts(page):
    """Until search has all its results, with the text around each; leaving earlier breaks off its loading."""
    page.wait_for_function("() => /found \\d+ page/.test(document.querySelector('.search-summary')?.textContent)")
    page.wait_for_function(
        "() => [...document.querySelectorAll('#search-results li')].every((li) => li.querySelector('.context'))"
    )


@in_both
def test_search_leads_to_a_chapter(page, address):
    _, complaints = watch(page)
    page.goto(f"{address}/book/intro.html")
    page.get_by_role("button", name="Search").first.click()
    page.locator("input[type=search]:visible").fill("quantization")
    page.keyboard.press("Enter")
    wait_for_excerpts(page)
    page.locator("#search-results a[href*='chapters/']").first.click()
    page.wait_for_url("**/chapters/*")
    assert "quantization" in page.locator("article").inner_text().lower()
    page.wait_for_load_state("networkidle")
    assert complaints == []


@pytest.fixture
def search(page, address):
    """Opens the page of search with the results for a word."""

    def searched(word, width=390):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto(f"{address}/search.html?q={word}")
        wait_for_excerpts(page)
        return page

    searched.page = page
    return searched


def open_dialog(page, address):
    page.goto(f"{address}/book/intro.html", wait_until="load")
    page.get_by_role("button", name="Search").first.click()
    page.locator(".search-button__wrapper.show form").wait_for()
    return page


@pytest.mark.parametrize("word", ["depthwise", "Mult-Adds"])
def test_what_search_finds_is_no_wider_than_a_phone(search, word):
    assert search(word).evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(
    "word, formula",
    [("ratio", "derive the ratio 1/N + 1/DK^2"), ("divides", "√(ϵ) alone"), ("pointwise", "M ⋅ N ⋅ DF^2")],
)
@in_both
def test_the_text_around_what_search_finds_has_each_formula_once_in_one_line(search, word, formula):
    text = search(word).locator("#search-results").inner_text().replace("\u2060", "")
    assert formula in text
    assert not re.search(r"\\[a-z]", text), "no TeX"


@in_both
@pytest.mark.parametrize(
    "query, chapter, shown",
    [
        ("18,496", "02-parameter-comparison", "18,496"),
        ("18496", "02-parameter-comparison", "18,496"),
        ("0.25", "04-multipliers", "0.25"),
        ("1×1", "01-cost-derivation", "1×1"),
        ("1 x 1", "01-cost-derivation", "1×1"),
        ("7200 photos", "05-training", "7,200"),
        ("γ", "06-tflite-export", "γ"),
        ("σ²", "06-tflite-export", ""),
        ("gamma", "06-tflite-export", ""),
    ],
)
def test_search_finds_numbers_and_greek_letters_and_shows_them(search, query, chapter, shown):
    found = search(query).locator("#search-results li", has=search.page.locator(f"a[href*='{chapter}']")).first
    assert shown in found.inner_text()


@in_both
@pytest.mark.parametrize("word", ["constructor", "__proto__", "987654321"])
def test_what_no_page_has_is_not_found(page, address, word):
    _, complaints = watch(page)
    page.goto(f"{address}/search.html?q={word}")
    page.locator(".search-summary", has_text="did not match any documents").wait_for()
    assert page.locator("#search-results li").count() == 0 and complaints == []


# The place where the letters of a field begin, and the end of the picture before them.
LETTERS = """form => {
    const field = form.querySelector("input");
    const start = field.getBoundingClientRect().left + parseFloat(getComputedStyle(field).paddingLeft);
    return [form.querySelector("i").getBoundingClientRect().right, start];
}"""


@pytest.mark.parametrize("width", [390, 1400])
@in_both
def test_the_magnifier_covers_no_letter_of_the_search_field(search, address, width):
    page = search("depthwise", width)
    icon, letters = page.locator("main form.bd-search").evaluate(LETTERS)
    assert icon < letters
    icon, letters = open_dialog(page, address).locator(".search-button__wrapper form").evaluate(LETTERS)
    assert icon < letters


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_search_dialog_is_accessible(page, address, scheme):
    page.emulate_media(color_scheme=scheme)
    assert violations(open_dialog(page, address)) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_search_finds_is_accessible(search, page, scheme):
    page.emulate_media(color_scheme=scheme)
    assert violations(search("Mult-Adds")) == []


@pytest.mark.parametrize("path", ["chapters/01-cost-derivation.html", "chapters/06-tflite-export.html"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_chapter_reached_from_search_is_accessible(page, address, path, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{address}/{path}?highlight=import%20depthwise", wait_until="load")
    page.locator("article pre .highlighted:visible").first.wait_for()
    assert violations(page, of="article .highlighted") == []


@in_both
def test_what_search_has_marked_can_be_hidden_by_a_button_without_a_missing_icon(page, address):
    page.goto(f"{address}/chapters/01-cost-derivation.html?highlight=depthwise", wait_until="load")
    page.locator("article .highlighted").first.wait_for()
    button = page.get_by_role("link", name="Hide Search Matches")
    assert button.evaluate("button => getComputedStyle(button, '::before').content") == "none"
    button.click()
    assert page.locator(".highlighted").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_button_to_the_top_is_readable(page, address, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{address}/chapters/01-cost-derivation.html", wait_until="load")
    for place in (3000, 2500):  # it comes when one reads upward
        page.evaluate("top => new Promise(seen => { onscroll = seen; scrollTo({ top, behavior: 'instant' }); })", place)
    page.locator("#pst-back-to-top").wait_for(state="visible")
    assert violations(page, of="#pst-back-to-top") == []


@in_both
def test_a_missing_page_at_any_depth_leads_back_into_the_book(page, address):
    _, complaints = watch(page)
    lost = f"{address}/chapters/no/such/page.html"
    page.goto(lost)
    page.get_by_role("heading", name="There is no page here").wait_for()
    assert [complaint for complaint in complaints if lost not in complaint and "404" not in complaint] == []
    assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith('"Source Sans 3"')
    page.get_by_role("link", name="front page").click()
    page.wait_for_url(f"{address}/book/intro.html")


def test_a_page_is_printed_with_its_own_title_and_not_that_of_the_theme(printed):
    page = printed("chapters/01-cost-derivation.html", "dark")
    assert page.locator("h1:visible").all_inner_texts() == page.locator("article h1").all_inner_texts()
    assert not page.locator("#jb-print-toc").is_visible()


def test_on_paper_a_proof_is_a_line_and_how_a_figure_is_made_takes_no_place(printed):
    page = printed("chapters/07-cost-and-latency.html", "light")
    assert all(line.is_visible() for line in page.locator("details.proof > summary").all())
    assert not any(fold.is_visible() for fold in page.locator("details.making, details.proof pre").all())


def test_a_proof_is_opened_by_a_key(page, address):
    page.goto(f"{address}/chapters/07-cost-and-latency.html")
    line = page.locator("details.proof > summary").first
    line.focus()
    page.keyboard.press("Enter")
    assert page.locator("details.proof pre").first.is_visible()


@pytest.mark.parametrize("path", ["chapters/01-cost-derivation.html", "book/explorer.html", "book/try-it.html"])
def test_what_is_dark_on_the_screen_is_printed_like_what_is_light(printed, path):
    colors = """() => [...document.querySelectorAll("main *")]
        .filter((e) => e.checkVisibility({ opacityProperty: true }))
        .map((e) => {
            const { color, fill, stroke, backgroundColor } = getComputedStyle(e);
            const letters = [...e.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim());
            return [e.outerHTML.slice(0, 80), letters && color, fill, stroke, backgroundColor];
        })"""
    assert printed(path, "dark").evaluate(colors) == printed(path, "light").evaluate(colors)


@pytest.mark.parametrize("path", ["chapters/01-cost-derivation.html", "book/explorer.html"])
def test_a_page_has_the_colors_of_the_book_without_a_script_too(scriptless, opened, path):
    colors = """["body", "article h1", ".kicker", "article p a"].flatMap((name) => {
        const { color, backgroundColor } = getComputedStyle(document.querySelector(name));
        return [color, backgroundColor];
    })"""
    light = opened(path).evaluate(colors)
    scriptless.goto(opened(path).url, wait_until="load")
    assert scriptless.evaluate(colors) == light


def test_the_explorer_shows_the_published_networks_without_a_script(scriptless, address):
    scriptless.goto(f"{address}/book/explorer.html", wait_until="load")
    rows = scriptless.locator("table.published tbody tr")
    assert rows.count() == 16 and rows.first.is_visible()
    assert not scriptless.locator("form.explorer").is_visible()
    assert scriptless.locator("article noscript p").is_visible()


@in_both
def test_a_script_that_is_slipped_into_a_page_does_not_run(page, address):
    page.goto(f"{address}/chapters/01-cost-derivation.html")
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.slipped = 1'}))")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x: onerror=\"window.slipped = 2\">')")
    page.wait_for_timeout(100)
    assert page.evaluate("window.slipped") is None


@in_both
def test_a_figure_opens_at_full_size(page, address):
    page.goto(f"{address}/book/intro.html")
    page.locator("article a.figure").first.click()
    page.wait_for_url("**/_images/intro-1.svg*")


def test_the_colors_stay_as_the_reader_chose_them(page, address):
    page.emulate_media(color_scheme="light")
    page.goto(f"{address}/book/intro.html")
    choose_dark(page)
    page.goto(f"{address}/book/notation.html")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


@in_both
@pytest.mark.parametrize("storage", REFUSED)
def test_where_a_page_may_keep_nothing_search_and_the_choice_of_colors_work(page, address, storage):
    for name in ("localStorage", "sessionStorage"):
        page.add_init_script(f"Object.defineProperty(window, '{name}', {{ {REFUSED[storage]}, configurable: true }})")
    _, complaints = watch(page)
    page.goto(f"{address}/search.html?q=depthwise")
    wait_for_excerpts(page)
    choose_dark(page)
    page.locator("#search-results a[href*='chapters/']").first.click()
    page.wait_for_url("**/chapters/*")
    choose_dark(page)
    assert complaints == []


@in_both
def test_in_a_sandboxed_frame_search_and_the_choice_of_colors_work(page, address):
    page.set_content(
        f'<iframe sandbox="allow-scripts" width=1200 height=800 src="{address}/search.html?q=569"></iframe>'
    )
    frame = page.frame_locator("iframe")
    frame.locator("#search-results a[href*='chapters/']").first.wait_for()
    choose_dark(frame)


def choose_dark(page):
    """With the button of the page, whose choices take turns."""
    for _ in range(3):
        if page.locator("html[data-mode=dark]").count():
            break
        page.locator("button.theme-switch-button:visible").dispatch_event("click")
    page.locator("html[data-theme=dark]").wait_for()


COPIED = """() => addEventListener("copy", (event) => {
    window.copied = ["text/plain", "text/html"].map((kind) => event.clipboardData.getData(kind));
})"""
SELECT = """(node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
}"""


@pytest.fixture
def copied(page, address):
    """What the clipboard gets of a part of a page, as plain text and as HTML."""

    def copy(path, select, node):
        page.goto(f"{address}/{path}", wait_until="load")
        page.evaluate(COPIED)
        page.locator(node).first.evaluate(select)
        page.keyboard.press("Control+C")
        return page.evaluate("window.copied")

    return copy


@in_both
def test_a_sentence_is_copied_with_its_formula_once_as_tex(copied):
    plain, html = copied("chapters/01-cost-derivation.html", SELECT, "article .opening li:has(.katex)")
    assert plain.strip() == "derive the ratio $1/N + 1/D_K^2$, and explain where “8 to 9 times less” comes from."
    assert html.count("<math") == 1 and "katex-html" not in html and "annotation" not in html


@in_both
def test_a_part_of_an_equation_is_copied_as_the_whole(copied):
    select = """(node) => {
        const letters = node.querySelectorAll(".mord");
        getSelection().setBaseAndExtent(letters[0], 0, letters[2], 0);
    }"""
    plain, _ = copied("chapters/01-cost-derivation.html", select, "article .equation .katex-html")
    assert re.fullmatch(r"\$\$[^$]+\$\$", plain.strip()), plain


PAPER = (253, 252, 249)


@in_both
@pytest.mark.parametrize(
    "path", ["chapters/01-cost-derivation.html", "chapters/04-multipliers.html", "book/intro.html"]
)
def test_a_figure_keeps_its_ground_whatever_color_the_page_is_given(page, address, path):
    page.goto(f"{address}/{path}", wait_until="load")
    page.add_style_tag(content="html body, html body * { background-color: #000 !important; }")
    figure = page.locator("article a.figure img").first
    figure.scroll_into_view_if_needed()
    figure.evaluate("figure => figure.decode()")
    assert colors_of(figure)[0] == PAPER


@pytest.fixture
def forced(page, address):
    """Opens a page for a reader who forces colors."""

    def open_(path, scheme="dark"):
        page.emulate_media(forced_colors="active", color_scheme=scheme)
        page.goto(f"{address}/{path}", wait_until="load")
        return page

    return open_


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_forced_colors_the_kinds_of_layers_keep_theirs(forced, scheme):
    page = forced("book/explorer.html", scheme)
    legend = page.locator(".kinds [data-kind]").evaluate_all(
        "all => all.map(kind => [kind.dataset.kind, getComputedStyle(kind, '::before').backgroundColor])"
    )
    bars = page.locator(".layers tbody tr").evaluate_all(
        "all => all.map(row => [row.dataset.kind, getComputedStyle(row.querySelector('svg')).fill])"
    )
    assert dict(legend) == dict(bars) and len(set(dict(legend).values())) == 4


def test_in_forced_colors_the_chosen_formula_has_a_bar(forced):
    width = "all => all.map(row => getComputedStyle(row).borderLeftWidth)"
    assert forced("book/explorer.html").locator(".formulas dl > div").evaluate_all(width) == ["3px", "0px", "0px"]


def test_in_forced_colors_what_is_drawn_takes_those_of_the_reader(forced):
    dot = forced("book/explorer.html").locator(".picture circle.dot").first
    assert dot.evaluate("dot => getComputedStyle(dot).fill") == "rgb(255, 255, 0)", "links are yellow on black"


def test_in_forced_colors_what_was_searched_for_is_marked(forced):
    word = forced("chapters/01-cost-derivation.html?highlight=depthwise").locator("article .highlighted:visible").first
    assert word.evaluate("word => getComputedStyle(word).backgroundColor") == "rgb(255, 255, 0)"
