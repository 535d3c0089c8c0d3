"""Bars made of parts."""

from figures import COLORS, PARTS, example, words

from mobilenet_lib import plots


def test_stacked_parts_end_at_their_sum():
    assert {"40", "5"} <= set(words(example("stacked")))


def test_stacked_shares_are_of_their_own_bar():
    bars = plots.stacked({"one": PARTS, "two": {"b": 5}}, colors=COLORS, alt="Shares", percent=True)
    assert "one: a 75.0%, b 25.0%; two: b 100.0%" in bars.alt
