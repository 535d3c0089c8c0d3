"""Figures of what int8 does."""

import pytest
from figures import example

from mobilenet_lib import plots


def test_images_whose_answer_changes_are_red():
    (_, int8) = example("agreement").axes
    red = [line for line in int8.lines if line.get_color() == plots.COLORS["wrong"]]
    (((x, y),),) = (line.get_xydata().tolist() for line in red)
    assert (x, y) == pytest.approx((0.6, -0.2))


def test_agreement_wants_a_probability_for_each_image():
    with pytest.raises(ValueError, match="int8 must be one for each of the 2 images, not 1"):
        plots.agreement([0.1, 0.9], {"int8": [0.5]})
