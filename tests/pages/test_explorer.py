"""The explorer: its script counts like the library, and its page says what it shows."""

import json
import math
import random
import re
from urllib.parse import parse_qsl, urlsplit

import explorer as extension
import pytest
from browsers import ROOT, SITE, in_both, violations
from bs4 import BeautifulSoup

from mobilenet_lib import paper, plots
from mobilenet_lib.architecture import REDUCTION, mobilenet, total

pytestmark = pytest.mark.usefixtures("built_book")
PAGE = "book/explorer.html"

# What the page shows for each of many settings, chosen with its own controls.
TRY = """settings => {
    const form = document.querySelector("form.explorer");
    const number = node => Number(node.firstChild.textContent.replaceAll(",", ""));
    return settings.map(({convolution, ...numbers}) => {
        for (const [name, value] of Object.entries(numbers)) {
            form.elements[name].value = value;
            if (Number(form.elements[name].value) !== value) throw new Error(`${name} refuses ${value}`);
        }
        form.elements.convolution.value = convolution;
        form.elements.alpha.dispatchEvent(new Event("input"));
        return {
            total: ["multAdds", "params"].map(what => number(form.querySelector(`[data-fact=${what}]`))),
            layers: [...form.querySelectorAll(".layers tbody tr")].map(row => [
                row.cells[0].firstChild.textContent.trim(), row.dataset.kind, number(row.cells[1]), number(row.cells[2])
            ]),
        };
    });
}"""


@pytest.fixture
def explorer(page, address):
    """Opens the page at a setting."""
    page.set_viewport_size({"width": 1400, "height": 900})
    page.emulate_media(color_scheme="light")

    def opened(query=""):
        page.goto(f"{address}/{PAGE}{query}", wait_until="load")
        return page

    return opened


def fact(page, name):
    return page.locator(f"[data-fact={name}]").inner_text()


def setting(page):
    return page.evaluate("""() => {
        const { alpha, resolution, classes, convolution } = document.querySelector("form.explorer").elements;
        return [alpha.value, resolution.value, classes.value, convolution.value].join(" ");
    }""")


def notice(page):
    return page.locator("form.explorer .notice").inner_text().strip()


@in_both
def test_it_counts_every_layer_as_the_library_does_at_600_random_settings(explorer):
    draw = random.Random(0)
    corners = [(alpha, size, n) for alpha in (0.025, 2) for size in (32, 512) for n in (1, 1000)]
    drawn = [(draw.randint(1, 80) / 40, 32 * draw.randint(1, 16), draw.randint(1, 1000)) for _ in range(300)]
    settings = [
        {"alpha": alpha, "resolution": size, "classes": n, "convolution": convolution}
        for alpha, size, n in corners + drawn
        for convolution in ("separable", "full")
    ]
    assert len(settings) > 600
    for chosen, shown in zip(settings, explorer().evaluate(TRY, settings), strict=True):
        *numbers, convolution = chosen.values()
        layers = mobilenet(*numbers, separable=convolution == "separable")
        assert shown["layers"] == [[one.name, one.kind, one.cost.mult_adds, one.cost.params] for one in layers], chosen
        assert shown["total"] == [total(layers).mult_adds, total(layers).params], chosen


def test_the_sliders_reach_what_the_library_allows(explorer):
    page = explorer()
    limits = [
        page.locator(f"#explorer-{name}").evaluate("({min, max, step}) => [min, max, step].map(Number)")
        for name in ("alpha", "resolution", "classes")
    ]
    assert limits == [[0.025, 2, 0.025], [REDUCTION, 512, REDUCTION], [1, 1000, 1]]


@pytest.mark.parametrize(
    "alpha, resolution, classes, convolution, float32, int8",
    [
        # What the paper prints as 4.2, 29.3 and 1.3 million parameters, here without biases and batch normalization.
        (1, 224, 1000, "separable", "16.8 MB", "4.2 MB"),
        (1, 224, 1000, "full", "117.1 MB", "29.3 MB"),
        (0.5, 160, 1000, "separable", "5.3 MB", "1.3 MB"),
        (0.25, 128, 2, "separable", "832.4 kB", "208.1 kB"),
    ],
)
def test_bytes_are_four_or_one_per_weight(explorer, alpha, resolution, classes, convolution, float32, int8):
    page = explorer(f"?alpha={alpha}&resolution={resolution}&classes={classes}&convolution={convolution}")
    assert (fact(page, "float32"), fact(page, "int8")) == (float32, int8)
    params = total(mobilenet(alpha, resolution, classes, separable=convolution == "separable")).params
    assert f"{4 * params:,} bytes" in page.locator("[data-note=float32]").inner_text()
    assert f"{params:,} bytes" in page.locator("[data-note=int8]").inner_text()


@pytest.mark.parametrize("model", paper.CHECKPOINTS, ids=lambda m: f"{m.alpha}-{m.resolution}")
def test_it_shows_the_accuracy_of_each_published_network(explorer, model):
    page = explorer(f"?alpha={model.alpha}&resolution={model.resolution}")
    assert fact(page, "imagenet") == f"{model.top1:.1f}%"
    assert f"{model.quantized_top1}%" in page.locator("[data-note=imagenet]").inner_text()
    assert page.locator(".picture circle.here").count() == 1
    assert f"{model.top1:.1f}%" in page.locator(".picture svg").get_attribute("aria-label")


# Where the middle of each mark is, and where the axes have their numbers, in pixels.
PICTURE = """svg => {
    const middle = node => {
        const { left, top, width, height } = node.getBoundingClientRect();
        return [left + width / 2, top + height / 2];
    };
    const [left, right, worst, best] = ["10", "10,000", "40", "70"].map(text =>
        middle([...svg.querySelectorAll("text:not(.here)")].find(node => node.textContent === text)));
    return {
        axes: [left[0], right[0], worst[1], best[1]],
        dots: [...svg.querySelectorAll("circle.dot")].map(middle),
        here: [...svg.querySelectorAll("circle.here")].map(middle),
        line: middle(svg.querySelector("line.here"))[0],
    };
}"""


def place(axes, mult_adds, top1):
    """Where a network belongs, measured between the numbers of the axes."""
    left, right, worst, best = axes
    across = (math.log10(mult_adds) - 7) / 3
    return left + across * (right - left), worst + (top1 - 40) / 30 * (best - worst)


@pytest.mark.parametrize("model", paper.CHECKPOINTS[::5], ids=lambda m: f"{m.alpha}-{m.resolution}")
@in_both
def test_the_picture_has_the_networks_where_its_axes_say(explorer, model):
    page = explorer(f"?alpha={model.alpha}&resolution={model.resolution}")
    seen = page.locator(".picture svg").evaluate(PICTURE)
    cost = {one: total(mobilenet(one.alpha, one.resolution)).mult_adds for one in paper.CHECKPOINTS}
    expected = [place(seen["axes"], cost[one], one.top1) for one in paper.CHECKPOINTS]
    # Two pixels: letters have no exact middle.
    assert [x for dot in sorted(seen["dots"]) for x in dot] == pytest.approx(
        [x for dot in sorted(expected) for x in dot], abs=2
    )
    (here,) = seen["here"]
    assert here == pytest.approx(place(seen["axes"], cost[model], model.top1), abs=2)
    assert seen["line"] == pytest.approx(here[0], abs=0.1)


def test_a_network_without_a_published_accuracy_is_a_line_at_its_cost(explorer):
    seen = explorer("?alpha=0.6&resolution=96").locator(".picture svg").evaluate(PICTURE)
    assert seen["here"] == []
    assert seen["line"] == pytest.approx(place(seen["axes"], total(mobilenet(0.6, 96)).mult_adds, 40)[0], abs=2)


def test_full_convolutions_have_the_accuracy_of_table_4(explorer):
    assert fact(explorer("?convolution=full"), "imagenet") == "71.7%"


@pytest.mark.parametrize("query", ["?alpha=0.7", "?resolution=96", "?alpha=0.5&convolution=full"])
def test_it_claims_no_accuracy_that_nobody_has_published(explorer, query):
    page = explorer(query)
    assert fact(page, "imagenet") == "not published"
    assert page.locator(".picture circle.here").count() == 0
    assert page.locator(".picture line.unknown").count() == 1


def test_what_the_page_knows_is_what_the_library_and_the_records_say_now():
    data = BeautifulSoup((SITE / PAGE).read_text("utf8"), "html.parser").find(id="explorer-data").string
    assert json.loads(data) == json.loads(json.dumps(extension.facts()))


@pytest.fixture
def measured(tmp_path):
    """What the page would know of runs that lie in a folder."""

    def record(name, *, drawn=False, test=True, start=None, epochs=24, **settings):
        run = {
            "settings": {"alpha": 0.25, "resolution": 96, "start": start, **settings},
            "data": {"drawn": drawn},
            "epochs": [{}] * epochs,
            "test": {"accuracy": 0.9, "interval": [0.88, 0.92]} if test else None,
        }
        (tmp_path / f"{name}.json").write_text(json.dumps(run), "utf8")
        return extension.measured(tmp_path)

    return record


@pytest.mark.parametrize("name", ["sweep-a025-096", "flagship"])
def test_it_knows_the_recorded_runs_from_scratch(measured, name):
    known = {"alpha": 0.25, "resolution": 96, "epochs": [24], "accuracy": 90, "interval": [88, 92]}
    assert measured(name) == [known]


def test_the_epochs_of_a_run_begin_with_those_of_the_runs_that_it_goes_on_from(measured):
    measured("base", epochs=20)
    assert [run["epochs"] for run in measured("sweep-a025-096", start="base", epochs=5)] == [[20, 5]]


def test_the_epochs_on_smaller_images_are_told_apart(measured):
    assert measured("flagship", epochs=120, first=[[64, 60], [96, 24]])[0]["epochs"] == [60, 24, 36]


def test_a_run_counts_at_the_size_that_it_was_tested_at(measured):
    assert measured("flagship", test_resolution=160)[0]["resolution"] == 160


def test_the_runs_that_were_trained_alike_come_first(measured):
    measured("flagship", epochs=60)
    assert [run["epochs"] for run in measured("sweep-a025-096", epochs=25)] == [[25], [60]]


def test_drawn_untested_and_other_runs_do_not_count(measured):
    assert measured("rates-decay-0-rate-0.004-0") == measured("fine-tune") == []
    assert measured("sweep-drawn", drawn=True) == []
    assert measured("sweep-untested", test=False) == []


@pytest.fixture
def with_runs(page, address):
    """Opens the page with other recorded runs than those of the book."""

    def opened(query, runs):
        html = (SITE / PAGE).read_text("utf8")
        html = re.sub(r'"measured": .*?</script>', f'"measured": {json.dumps(runs)}}}</script>', html)
        page.route(f"**/{PAGE}*", lambda route: route.fulfill(body=html, content_type="text/html"))
        page.goto(f"{address}/{PAGE}{query}")
        return page

    return opened


def recorded(epochs, accuracy, **changes):
    return {"alpha": 0.25, "resolution": 96, "epochs": epochs, "accuracy": accuracy, "interval": [88, 92]} | changes


def test_it_shows_a_recorded_run_and_how_it_was_trained(with_runs):
    page = with_runs("?alpha=0.25&resolution=96", [recorded([20, 5], 90)])
    assert fact(page, "catsDogs") == "90.00%"
    assert page.locator("[data-note=catsDogs]").inner_text() == "after 20 + 5 epochs; 95% interval 88.0 to 92.0"
    page.locator("[name=convolution][value=full]").check()
    assert fact(page, "catsDogs") == "not measured"


def test_it_shows_the_longer_run_of_a_network_behind_the_one_that_compares(with_runs):
    page = with_runs("?alpha=0.25&resolution=96", [recorded([20, 5], 80), recorded([60, 24], 92.25)])
    assert fact(page, "catsDogs") == "80.00%"
    assert page.locator("[data-note=catsDogs]").inner_text().endswith("; 92.25% after 60 + 24 epochs")


@pytest.mark.parametrize("accuracy", [83.55, 78.55])
def test_it_rounds_no_accuracy_that_it_measured(with_runs, accuracy):
    page = with_runs("?alpha=0.25&resolution=96", [recorded([20, 5], accuracy)])
    assert fact(page, "catsDogs") == f"{accuracy}%"


def test_networks_of_the_sweep_show_numbers_of_the_same_epochs(explorer):
    notes = [
        explorer(f"?alpha={alpha}&resolution={resolution}").locator("[data-note=catsDogs]").inner_text()
        for alpha in (0.25, 0.5, 0.75, 1)
        for resolution in (32, 64, 96, 128)
    ]
    assert [note for note in notes if not note.startswith("after 20 + 5 epochs;")] == []


@pytest.mark.parametrize("resolution", [192, 224])
def test_where_only_a_fine_tuned_network_was_measured_it_misses_one_from_scratch(explorer, resolution):
    page = explorer(f"?alpha=0.25&resolution={resolution}")
    assert page.locator("[data-note=catsDogs]").inner_text() == "no run from scratch is recorded"


@pytest.mark.parametrize("convolution", ["separable", "full"])
def test_the_formula_has_the_numbers_of_the_block(explorer, convolution):
    page = explorer(f"?alpha=0.75&convolution={convolution}")
    separable, full, share = page.locator(".formulas .numbers").all_inner_texts()
    assert separable == "3² · 384 · 14² + 384 · 384 · 14² = 29,578,752"
    assert full == "3² · 384 · 384 · 14² = 260,112,384"
    assert share == "1/384 + 1/9 = 11.4%"
    assert page.locator(".formulas .chosen").get_attribute("data-convolution") == convolution


@pytest.mark.parametrize("column, what", [(1, "mult_adds"), (2, "params")])
@in_both
def test_each_bar_is_as_long_as_its_layer_is_dear(explorer, column, what):
    page = explorer("?alpha=0.5&resolution=128&classes=10")
    costs = [getattr(layer.cost, what) for layer in mobilenet(0.5, 128, 10)]
    widths = page.locator(f".layers td:nth-of-type({column}) rect").evaluate_all(
        "all => all.map(bar => bar.getBoundingClientRect().width)"
    )
    assert [width / max(widths) for width in widths] == pytest.approx([one / max(costs) for one in costs], abs=0.01)


@in_both
def test_the_setting_is_in_the_address_and_comes_back_from_it(explorer):
    page = explorer()
    page.locator("#explorer-alpha").fill("0.5")
    page.locator("[name=convolution][value=full]").check()
    page.wait_for_url("**?alpha=0.5&resolution=224&classes=1000&convolution=full")
    assert setting(page) == "0.5 224 1000 full"
    page.reload()
    assert setting(page) == "0.5 224 1000 full" and notice(page) == ""
    assert fact(page, "multAdds") == f"{total(mobilenet(0.5, separable=False)).mult_adds:,}"


@in_both
def test_the_keyboard_is_enough(explorer):
    page = explorer()
    page.locator("#explorer-alpha").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Tab")  # the number beside it
    assert page.evaluate("document.activeElement.value") == "0.975"
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("37")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert setting(page) == "0.975 32 37 full"
    assert fact(page, "params") == f"{total(mobilenet(0.975, 32, 37, separable=False)).params:,}"


@pytest.mark.parametrize(
    ("query", "shows", "says"),
    [
        ("?alpha=abc", "1 224 1000 separable", "Width multiplier α cannot be “abc”"),
        ("?alpha=", "1 224 1000 separable", "Width multiplier α cannot be “”"),
        ("?alpha=-1", "0.025 224 1000 separable", "from 0.025 to 2 in steps of 0.025. You see 0.025."),
        ("?alpha=0.51", "0.5 224 1000 separable", "You see 0.5."),
        ("?alpha=Infinity", "2 224 1000 separable", "You see 2."),
        ("?resolution=33", "1 32 1000 separable", "“33”: it goes from 32 to 512 in steps of 32. You see 32."),
        ("?convolution=half", "1 224 1000 separable", "they are separable or full"),
        ("?alpha=<img src=x onerror=alert(1)>", "1 224 1000 separable", "“<img src=x"),
    ],
)
@in_both
def test_a_setting_that_is_not_allowed_gives_way_to_the_nearest_and_is_named(explorer, query, shows, says):
    page = explorer(query)
    assert setting(page) == shows
    assert says in notice(page)
    page.locator("#explorer-classes").press("ArrowLeft")
    assert notice(page) == ""


@pytest.mark.parametrize("query", ["", "?alpha=7", "?classes=10&size=3#how-to-use-it"])
def test_the_address_names_the_setting_from_the_start(explorer, query):
    page = explorer(query)
    alpha, resolution, classes, convolution = setting(page).split()
    expected = f"?alpha={alpha}&resolution={resolution}&classes={classes}&convolution={convolution}"
    assert page.evaluate("location.search") == expected


def test_the_address_keeps_the_place_on_the_page(explorer):
    page = explorer("#how-to-use-it")
    page.locator("#explorer-classes").press("ArrowLeft")
    page.wait_for_url("**&classes=999&*#how-to-use-it")


def test_a_name_that_no_setting_has_is_named(explorer):
    page = explorer("?alpah=0.5&alpha=0.25")
    assert notice(page) == "There is no setting “alpah”: they are alpha, resolution, classes, convolution."
    assert setting(page) == "0.25 224 1000 separable"


@in_both
def test_words_that_search_highlights_are_no_setting(explorer):
    page = explorer("?highlight=resolution")
    page.locator("article .highlighted").first.wait_for(state="attached")
    assert notice(page) == ""


def test_two_settings_that_are_not_allowed_are_both_named(explorer):
    page = explorer("?alpha=abc&resolution=33")
    assert "“abc”" in notice(page) and "“33”" in notice(page)
    assert page.locator("form.explorer .notice").get_attribute("role") == "status"


@in_both
def test_a_typed_number_is_set_right_too(explorer):
    page = explorer("?alpha=0.5")
    field = page.get_by_label("Width multiplier α, as a number")
    field.press("Control+A")
    page.keyboard.type("7")
    field.press("Tab")
    assert setting(page).startswith("2 ") and field.input_value() == "2" and "“7”" in notice(page)
    field.press("Control+A")
    field.press("Delete")
    field.press("Tab")
    assert field.input_value() == "2"


def test_a_screen_reader_hears_the_result_once_the_slider_rests(explorer):
    page = explorer("?alpha=0.5&resolution=160")
    said = page.locator("form.explorer .summary[role=status]")
    assert said.text_content().startswith("Mult-Adds: 76,524,800. Parameters: 1,319,648. ImageNet, top-1: 59.1%.")
    page.locator("#explorer-resolution").press("ArrowLeft")
    assert "76,524,800" in said.text_content()
    page.locator(".summary", has_text="49,").wait_for(state="attached")


@in_both
def test_holding_a_key_down_does_not_flood_the_address(explorer):
    page = explorer()
    page.evaluate("""() => {
        window.replaced = 0;
        const replace = history.replaceState.bind(history);
        history.replaceState = (...all) => { window.replaced += 1; replace(...all); };
    }""")
    for _ in range(40):
        page.locator("#explorer-classes").press("ArrowLeft")
    page.wait_for_url("**classes=960*")
    assert page.evaluate("window.replaced") < 10


@pytest.mark.parametrize("look", ["light 390", "light 1400", "dark 390", "dark 1400"])
@pytest.mark.parametrize("query", ["?alpha=abc&convolution=full", "?alpha=2&resolution=512&convolution=full"])
def test_it_is_accessible_and_fits_the_screen(explorer, look, query):
    scheme, width = look.split()
    page = explorer()
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": int(width), "height": 844})
    page.goto(page.url.partition("?")[0] + query)
    assert page.evaluate("document.documentElement.scrollWidth") <= int(width)
    cramped = page.locator(".explorer :is(dd, th, td, .notice)").evaluate_all(
        "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"
    )
    assert cramped == []
    assert violations(page) == []


def test_without_a_script_there_is_the_table_of_the_sixteen():
    soup = BeautifulSoup((SITE / PAGE).read_text("utf8"), "html.parser")
    rows = soup.find("table", class_="published").tbody.find_all("tr")
    assert len(rows) == 16
    for row, model in zip(rows, paper.CHECKPOINTS, strict=True):
        cost = total(mobilenet(model.alpha, model.resolution))
        name, mult_adds, params, *_, top1, int8 = [cell.get_text() for cell in row.find_all(["th", "td"])]
        assert name == f"{model.alpha}-{model.resolution}"
        assert (mult_adds, params) == (f"{cost.mult_adds / 1e6:.1f}", f"{cost.params / 1e6:.2f}")
        assert (top1, int8) == (str(model.top1), str(model.quantized_top1))
        query = dict(parse_qsl(urlsplit(row.a["href"]).query))
        assert query == {"alpha": str(model.alpha), "resolution": str(model.resolution)}


def test_the_table_leads_to_the_setting(explorer):
    page = explorer()
    page.get_by_role("link", name="0.25-128").click()
    page.wait_for_url("**?alpha=0.25&resolution=128&classes=1000&convolution=separable")
    assert setting(page) == "0.25 128 1000 separable"


def test_other_pages_link_to_a_setting():
    soup = BeautifulSoup((SITE / "book/intro.html").read_text("utf8"), "html.parser")
    link = soup.find("article").find("a", string="half the width at 160 pixels")
    assert link["href"] == "explorer.html?alpha=0.5&resolution=160"


@in_both
def test_it_works_from_a_file(page):
    page.goto(f"{(SITE / PAGE).as_uri()}?alpha=0.5")
    page.locator("#explorer-resolution").press("Home")
    page.wait_for_url("**?alpha=0.5&resolution=32&classes=1000&convolution=separable")
    assert fact(page, "multAdds") == f"{total(mobilenet(0.5, 32)).mult_adds:,}"


def test_only_this_page_loads_its_script():
    pages = [path for path in SITE.rglob("*.html") if "_static/explorer/" in path.read_text("utf8")]
    assert pages == [SITE / PAGE]
    assert not re.search(r"<[^>]* on\w+=", re.search(r"<form.*?</form>", (SITE / PAGE).read_text("utf8"), re.DOTALL)[0])


def test_kinds_of_layers_have_the_colors_of_the_figures():
    css = (ROOT / "book" / "_extensions" / "explorer.css").read_text("utf8")
    for kind in ("standard", "depthwise", "pointwise", "dense"):
        assert f"--{kind}: {plots.COLORS[kind]};" in css
