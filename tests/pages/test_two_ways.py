"""The animation of chapter 1: what it counts, what it lights, how it is worked, and what is left without it."""

import re
import subprocess
from itertools import product

import numpy as np
import pytest
from browsers import ROOT, in_both
from mathematics import node_js
from two_ways import SIZES

from mobilenet_lib import costs

PAGE = "chapters/01-cost-derivation.html"
STILLS = ROOT / "chapters" / "two-ways.svg"
SETTINGS = [dict(zip(SIZES, sizes, strict=True)) for sizes in product(*(values for _, values, _ in SIZES.values()))]

# Sets the sizes, as with the lists that the page has for them, and the slider, and reads both counters.
READ = """([sizes, step]) => {
    const { elements } = document.querySelector("figure.moving form");
    for (const [name, value] of Object.entries(sizes)) elements[name].value = value;
    if (Object.keys(sizes).length) elements.stride.dispatchEvent(new Event("change"));
    elements.step.value = step ?? elements.step.max;
    elements.step.dispatchEvent(new Event("input"));
    return [...document.querySelectorAll("figure.moving .count")].map((count) => count.textContent);
}"""
LIT = """all => all.map((cell) => cell.dataset.cell)"""


@pytest.fixture
def moving(page, address):
    """Opens the chapter with its animation; time stands still until a test lets it run."""

    def open_(path=PAGE, width=1280, **media):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="light", **media)
        page.clock.install()
        page.goto(f"{address}/{path}", wait_until="load")
        return page

    return open_


def lit(page, tensor):
    return page.locator(f'.two-ways .lit[data-cell^="{tensor}"]').evaluate_all(LIT)


@in_both
def test_the_counters_end_at_the_cost_of_both_convolutions_at_all_sizes(moving):
    page = moving()
    assert len(SETTINGS) == 144
    for sizes in SETTINGS:
        size, channels, kernel = 6 // sizes["stride"], (sizes["M"], sizes["N"]), sizes["D_K"]
        standard = costs.standard(size, *channels, kernel).mult_adds
        separable = costs.separable(size, *channels, kernel).mult_adds
        share = float(100 * costs.reduction(sizes["N"], kernel))
        assert page.evaluate(READ, [sizes, None]) == [f"{standard:,}", f"{separable:,} = {share:.1f}%"], sizes


def test_both_multiply_equally_often_until_the_separable_one_is_done(moving):
    page = moving()
    for step in range(52):
        standard, separable = page.evaluate(READ, [{}, step])
        assert standard == separable == f"{27 * step:,}"
    assert page.evaluate(READ, [{}, 36]) == ["972", "972"]  # one filter above, all sheets below
    assert page.evaluate(READ, [{}, 52]) == ["1,404", "1,404 = 36.1%"]


def test_the_sheets_are_full_when_the_first_filter_above_is_done_and_stay(moving):
    page = moving()
    for step in (36, 40, 144):
        page.evaluate(READ, [{}, step])
        assert page.locator('.two-ways .empty[data-cell^="sheets"]').count() == 0
    page.evaluate(READ, [{}, 36])
    assert page.locator('.two-ways .empty[data-cell^="output"]').count() == 3 * 36
    assert page.locator('.two-ways .empty[data-cell^="result"]').count() == 4 * 36


@pytest.mark.parametrize(("stride", "kernel"), product(*(SIZES[name][1] for name in ("stride", "D_K"))))
def test_pointing_lights_the_pixels_that_keras_reads_for_the_number(moving, stride, kernel):
    import keras

    pixels = np.eye(36, dtype="float32").reshape(36, 6, 6, 1)
    ones = np.ones((kernel, kernel, 1, 1), "float32")
    read = np.asarray(keras.ops.conv(pixels, ones, strides=stride, padding="same"))[..., 0]
    page = moving()
    page.evaluate(READ, [{"stride": stride, "D_K": kernel}, 15])
    for row, column in product(range(6 // stride), repeat=2):
        page.locator(f'[data-cell="output 1 {row} {column}"]').dispatch_event("pointerover")
        places = {divmod(int(pixel), 6) for pixel in np.flatnonzero(read[:, row, column])}
        assert set(lit(page, "image")) == {f"image {c} {y} {x}" for c in range(3) for y, x in places}


@in_both
def test_a_number_of_the_standard_output_is_made_of_a_block_and_all_weights_of_its_filter(moving):
    page = moving()
    page.hover('[data-cell="output 2 3 1"]')
    assert (len(lit(page, "image")), len(lit(page, "filter"))) == (27, 27)
    assert {name.split()[0] for name in lit(page, "filter")} == {"filter2"}
    assert "27 multiplications" in page.locator(".said").inner_text()
    page.mouse.move(0, 0)
    assert lit(page, "") == []


@in_both
def test_a_number_of_a_sheet_is_made_of_its_channel_alone(moving):
    page = moving()
    page.hover('[data-cell="sheets 1 3 4"]')
    assert len(lit(page, "input")) == len(lit(page, "window")) == 9
    assert {name.split()[1] for name in lit(page, "input") + lit(page, "window")} == {"1"}


@in_both
def test_a_number_of_the_separable_output_is_made_of_one_place_on_all_sheets(moving):
    page = moving()
    page.hover('[data-cell="result 3 2 5"]')
    assert lit(page, "sheets") == [f"sheets {channel} 2 5" for channel in range(3)]
    assert lit(page, "bar") == [f"bar3 {channel} 0 0" for channel in range(3)]


def test_a_tap_lights_until_the_next_one(moving):
    page = moving(width=390)
    cell = page.locator('[data-cell="result 1 2 2"]')
    cell.dispatch_event("pointerover", {"pointerType": "touch"})
    page.locator("figure.moving .stage").dispatch_event("pointerleave", {"pointerType": "touch"})
    assert len(lit(page, "sheets")) == 3


@in_both
def test_it_plays_to_the_end_and_from_the_start_again(moving):
    page = moving()
    play = page.locator("figure.moving [name=play]")
    play.click()
    assert play.inner_text() == "Pause"
    page.clock.run_for(60_000)
    assert page.locator("figure.moving .count").all_text_contents() == ["3,888", "1,404 = 36.1%"]
    assert play.inner_text() == "Play"
    play.click()
    page.clock.run_for(1000)
    assert 0 < int(page.locator("figure.moving [name=step]").input_value()) < 10


def test_paused_it_stands_still(moving):
    page = moving()
    play, step = (page.locator(f"figure.moving [name={name}]") for name in ("play", "step"))
    play.click()
    page.clock.run_for(1000)
    play.click()
    stands = step.input_value()
    page.clock.run_for(5000)
    assert step.input_value() == stands != "15"


@in_both
def test_every_part_of_it_works_with_the_keyboard(moving):
    page = moving()
    step = page.locator("figure.moving [name=step]")
    step.focus()
    page.keyboard.press("ArrowRight")
    assert step.input_value() == "16"
    page.keyboard.press("Space")
    assert page.locator("figure.moving [name=play]").inner_text() == "Pause"
    page.keyboard.press("Space")
    stands = int(step.input_value())
    page.locator("figure.moving [name=next]").press("Enter")
    assert step.input_value() == f"{stands + 1}"
    page.locator("figure.moving [name=back]").press("Enter")
    assert step.input_value() == f"{stands}"


@in_both
def test_a_reader_without_a_mouse_walks_from_number_to_number(moving):
    page = moving()
    output = page.get_by_role("slider", name="Output of the pointwise step")
    output.focus()
    for key, cell in [
        ("Home", "result 0 0 0"),
        ("ArrowRight", "result 0 0 1"),
        ("ArrowDown", "result 0 1 1"),
        ("PageDown", "result 1 1 1"),
        ("End", "result 3 5 5"),
        ("ArrowRight", "result 3 5 5"),
    ]:
        page.keyboard.press(key)
        assert lit(page, "result") == [cell]
    assert output.get_attribute("aria-valuetext").startswith("Output 4, row 6, column 6: one place on all 3 sheets")


def test_a_screen_reader_hears_a_step_that_was_asked_for_and_nothing_while_it_plays(moving):
    page = moving()
    said = page.locator("figure.moving [role=status]")
    page.locator("figure.moving [name=play]").click()
    page.clock.run_for(2000)
    assert said.inner_text() == ""
    page.locator("figure.moving [name=play]").click()
    page.locator("figure.moving [name=next]").click()
    page.clock.run_for(1000)
    assert re.search(r"Step \d+ of 144: [\d,]+ multiplications above", said.text_content())


def test_where_motion_is_not_wanted_it_turns_from_still_to_still(moving):
    page = moving(reduced_motion="reduce")
    page.evaluate(READ, [{}, 0])
    page.locator("figure.moving [name=play]").click()
    seen = []
    for _ in range(60):
        page.clock.run_for(500)
        seen.append(int(page.locator("figure.moving [name=step]").input_value()))
    assert list(dict.fromkeys(seen)) == [1, 36, 37, 52, 144]


def test_the_front_page_has_it_without_the_choice_of_sizes(moving):
    page = moving("book/intro.html")
    assert page.evaluate(READ, [{}, None]) == ["3,888", "1,404 = 36.1%"]
    assert page.locator("figure.moving select").count() == 0


def test_on_a_phone_the_two_steps_stand_below_each_other(moving):
    across = """() => Object.fromEntries(["sheets 0 0 0", "bar0 0 0 0"].map((cell) =>
        [cell.split(" ")[0], document.querySelector(`[data-cell="${cell}"]`).getBoundingClientRect().y]))"""
    wide = moving().evaluate(across)
    assert abs(wide["sheets"] - wide["bar0"]) < 40
    narrow = moving(width=390).evaluate(across)
    assert narrow["bar0"] > narrow["sheets"] + 60


def test_without_a_script_the_stills_are_there(scriptless, address):
    scriptless.goto(f"{address}/{PAGE}", wait_until="load")
    stills = scriptless.locator("figure.moving img")
    assert stills.is_visible() and stills.evaluate("(image) => image.naturalWidth") > 700
    assert "3,888 multiplications above and 1,404 below" in stills.get_attribute("alt")
    assert not scriptless.locator("figure.moving form").is_visible()


def test_paper_has_the_stills(printed):
    page = printed(PAGE, "dark")
    assert page.locator("figure.moving img").is_visible()
    assert not page.locator("figure.moving form").is_visible()


def test_in_forced_colors_what_is_lit_takes_the_color_of_what_is_selected(moving):
    page = moving(forced_colors="active")
    page.hover('[data-cell="output 0 2 2"]')
    colors = page.locator(".two-ways .lit, .two-ways .held").evaluate_all(
        "(cells) => [...new Set(cells.map((cell) => getComputedStyle(cell).fill))]"
    )
    assert len(colors) == 2


def test_the_stills_are_those_that_the_script_draws_today():
    command = [node_js(), "book/_extensions/stills.mjs"]
    drawn = subprocess.run(command, capture_output=True, check=True, encoding="utf8", cwd=ROOT).stdout
    assert STILLS.read_text("utf8") == drawn, "node book/_extensions/stills.mjs > chapters/two-ways.svg"


def test_the_stills_end_at_the_numbers_of_the_chapter():
    texts = re.findall(r"<text[^>]*>([^<]*)", STILLS.read_text("utf8"))
    assert texts.index("3,888") < texts.index("1,404 = 36.1%")
    assert [text for text in texts if text.startswith("After")] == ["After step 15 of 144", "After step 144 of 144"]
