"""The drawings of convolutions and blocks: files, with what `scripts/drawings.py` draws today."""

import drawings
import pytest
from figures import words

from mobilenet_lib import costs, plots

SHOWN = {f"standard-{step}": lambda step=step: plots.standard_convolution(step) for step in (1, 2, 3, 4)}
SHOWN |= {"separable": plots.separable_convolution, "reduction": plots.reduction, "block": plots.block}


@pytest.mark.parametrize("name", SHOWN)
def test_a_drawing_shows_itself_as_the_figure_does_that_it_was_made_from(name):
    shown, drawn = SHOWN[name](), drawings.DRAWINGS[name]()
    assert (shown.alt, repr(shown)) == (drawn.alt, repr(drawn))
    assert shown._repr_html_().partition(" src=")[0] == drawn._repr_html_().partition(" src=")[0]


@pytest.mark.parametrize(
    ("name", "cost"),
    [
        ("standard-4", costs.standard(size=6, in_channels=3, out_channels=4)),
        ("separable", costs.depthwise(size=6, channels=3)),
        ("separable", costs.pointwise(size=6, in_channels=3, out_channels=4)),
    ],
)
def test_the_numbers_in_a_drawing_are_the_cost_of_what_is_drawn(name, cost):
    assert any(text.endswith(f"= {cost.mult_adds:,}") for text in words(drawings.DRAWINGS[name]()))


def test_what_the_depthwise_step_makes_the_pointwise_step_reads():
    drawn = words(drawings.separable_convolution())
    assert [text for text in drawn if text in ("input", "sheets", "the same sheets", "output")] == [
        *("input", "sheets"),
        *("the same sheets", "output"),
    ]


def test_the_blocks_are_those_of_figure_3():
    labels = [label for label in words(drawings.block()) if "channels" not in label and r"\cdot" not in label]
    assert labels == [
        *("Standard block", r"$D_K \times D_K$ convolution", "batch norm", "ReLU"),
        *("Depthwise separable block", r"$D_K \times D_K$ depthwise", "batch norm", "ReLU"),
        *(r"$1 \times 1$ convolution", "batch norm", "ReLU"),
    ]


@pytest.mark.parametrize(("step", "product"), [(1, 9), (2, 27), (3, 972), (4, 3888)])
def test_each_step_of_the_derivation_brings_its_factor(step, product):
    assert f"{product:,}." in plots.standard_convolution(step).alt


@pytest.mark.parametrize("step", [0, 5, 1.5])
def test_there_is_no_other_step(step):
    with pytest.raises(ValueError, match=rf"step must be a whole number from 1 to 4, not {step!r}"):
        plots.standard_convolution(step)
