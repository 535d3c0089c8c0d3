"""Tables."""

import pytest
from figures import Elements

from mobilenet_lib import plots

COLUMNS = ["layer", "Mult-Adds", "share", "top-1"]
ROWS = [("conv <1×1>", 568_740_352, 0.94857, None), ("dense", 1_024_000, 0.0018, 70.6)]


def example():
    return plots.table(ROWS, COLUMNS, caption="Costs & shares", formats={"share": ".2%"})


def test_a_table_has_a_caption_and_headings_for_rows_and_columns():
    elements = Elements(example()._repr_html_())
    assert elements.texts("caption") == ["Costs & shares"]
    assert elements.texts("th") == ["layer", "Mult-Adds", "share", "top-1", "conv <1×1>", "dense"]
    assert [heading["scope"] for heading in elements.found("th")] == ["col"] * 4 + ["row"] * 2


def test_numbers_are_set_right_and_their_thousands_apart():
    elements = Elements(example()._repr_html_())
    assert elements.texts("td") == ["568,740,352", "94.86%", "–", "1,024,000", "0.18%", "70.6"]
    assert all("text-align:right" in cell["style"] for cell in elements.found("td"))
    assert [("right" in heading["style"]) for heading in elements.found("th")[:4]] == [False, True, True, True]


def test_a_wide_table_scrolls_inside_itself_with_the_keyboard_too():
    box = Elements(example()._repr_html_()).found("div")[0]
    assert box["style"] == "overflow-x:auto" and box["tabindex"] == "0" and box["aria-label"] == "Costs & shares"


def test_a_table_reads_as_text():
    assert repr(example()).splitlines() == [
        "Costs & shares",
        "",
        "layer         Mult-Adds   share  top-1",
        "----------  -----------  ------  -----",
        "conv <1×1>  568,740,352  94.86%      –",
        "dense         1,024,000   0.18%   70.6",
    ]


def test_truth_values_are_words():
    table = plots.table([("a", True), ("b", False)], columns=["name", "bias"], caption="Biases")
    assert Elements(table._repr_html_()).texts("td") == ["yes", "no"]


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ([], {"caption": " "}, "caption must say in words what the table shows, not ' '"),
        ([(1, 2, 3)], {"caption": "c"}, r"columns a, b; this one does not: \(1, 2, 3\)"),
        ([(1, 2)], {"caption": "c", "formats": {"c": ".1f"}}, r"formats must name columns \(a, b\), not 'c'"),
    ],
)
def test_a_table_says_what_is_wrong(rows, options, message):
    with pytest.raises(ValueError, match=message):
        plots.table(rows, ["a", "b"], **options)
