"""The drawings of convolutions."""

import pytest
from figures import words

from mobilenet_lib import costs, plots


@pytest.mark.parametrize(
    ("draw", "cost"),
    [
        (lambda: plots.standard_convolution(4), costs.standard(size=6, in_channels=3, out_channels=4)),
        (plots.separable_convolution, costs.depthwise(size=6, channels=3)),
        (plots.separable_convolution, costs.pointwise(size=6, in_channels=3, out_channels=4)),
    ],
)
def test_the_numbers_in_a_drawing_are_the_cost_of_what_is_drawn(draw, cost):
    assert any(text.endswith(f"= {cost.mult_adds:,}") for text in words(draw()))


def test_what_the_depthwise_step_makes_the_pointwise_step_reads():
    drawn = words(plots.separable_convolution())
    assert [text for text in drawn if text in ("input", "sheets", "the same sheets", "output")] == [
        *("input", "sheets"),
        *("the same sheets", "output"),
    ]


@pytest.mark.parametrize(("step", "product"), [(1, 9), (2, 27), (3, 972), (4, 3888)])
def test_each_step_of_the_derivation_brings_its_factor(step, product):
    assert f"{product:,}." in plots.standard_convolution(step).alt


@pytest.mark.parametrize("step", [0, 5, -1, 1.5, "2", None])
def test_there_is_no_other_step(step):
    with pytest.raises(ValueError, match=rf"step must be a whole number from 1 to 4, not {step!r}"):
        plots.standard_convolution(step)
