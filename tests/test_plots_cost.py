"""Figures of what a convolution costs."""

import pytest
from figures import COLORS, PARTS, example, words

from mobilenet_lib import architecture, plots


def test_stacked_parts_end_at_their_sum():
    assert {"40", "5"} <= set(words(example("stacked")))


def test_stacked_shares_are_of_their_own_bar():
    bars = plots.stacked({"one": PARTS, "two": {"b": 5}}, colors=COLORS, alt="Shares", percent=True)
    assert "one: a 75.0%, b 25.0%; two: b 100.0%" in bars.alt


@pytest.mark.parametrize(("bars", "message"), [({"one": {"c": 1}}, "'c' has none")])
def test_stacked_says_what_is_wrong(bars, message):
    with pytest.raises(ValueError, match=message):
        plots.stacked(bars, colors=COLORS, alt="Nothing")


def test_saving_wants_the_same_blocks():
    with pytest.raises(ValueError, match="same blocks, not 13 and 8"):
        plots.saving(architecture.mobilenet(separable=False), architecture.mobilenet(shallow=True))
