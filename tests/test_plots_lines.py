"""Lines: one for each of some series."""

import numpy as np
import pytest
from figures import example

from mobilenet_lib import plots


def test_a_line_by_depth_says_how_far_it_goes_beyond_its_ends():
    alt = plots.by_depth({"factor": [6.5, 6.2, 16.4, 15]}, list("abcd"), ylabel="times", alt="Factor").alt
    assert "factor: from 6.5 to 15, lowest 6.2, highest 16." in alt


def test_dots_by_depth_that_coincide_are_all_seen():
    dots = {"ylabel": "% right", "alt": "Accuracy", "log": False, "dots": True}
    first, second = plots.by_depth({"a": [1.0, 2.0], "b": [1.0, 2.0]}, ["dw 1", "dw 2"], **dots).axes[0].lines
    assert first.get_markersize() > 1.5 * second.get_markersize() and second.get_linestyle() == "None"


def test_a_line_by_depth_has_one_value_a_layer():
    assert "0.9 to 0.02" in plots.by_depth({"signal": [0.9, 0.02]}, ["dw 1", "dw 2"], ylabel="std", alt="Signal").alt
    with pytest.raises(ValueError, match="signal must be one for each of the 2 layers, not 1"):
        plots.by_depth({"signal": [0.9]}, ["dw 1", "dw 2"], ylabel="std", alt="Signal")


def test_what_a_line_by_depth_is_compared_with_has_its_color_and_is_hollow_and_dashed():
    series = {"a": [1, 2], "a, random": [1, 1], "b": [2, 3]}
    a, random, b = plots.by_depth(series, ["1", "2"], ylabel="share", alt="Shares").axes[0].lines
    assert random.get_color() == a.get_color() != b.get_color() and random.get_marker() == a.get_marker()
    assert (random.get_markerfacecolor(), random.get_linestyle(), a.get_linestyle()) == ("none", "--", "-")


def test_a_point_has_its_interval_where_there_is_one():
    plain, with_interval = (
        plots.lines({"cost": {"a": [point]}}, alt="One", ylabel="%") for point in ((1, 60), (1, 60, 58, 62.5))
    )
    assert not plain.axes[0].collections
    assert with_interval.axes[0].collections[0].get_segments()[0].tolist() == [[1, 58], [1, 62.5]]


def test_a_series_keeps_its_color_where_another_one_is_missing():
    panels = {"one": {"a": [(1, 50)], "b": [(2, 60)]}, "other": {"b": [(3, 60)]}}
    one, other = plots.lines(panels, alt="Two", ylabel="%").axes
    assert one.lines[1].get_color() == other.lines[0].get_color() != one.lines[0].get_color()


def test_the_same_trained_anew_has_the_color_of_what_it_is_named_after_and_is_hollow():
    series = {"b": [(1, 50)], "a": [(1, 50)], "a, trained anew": [(1, 50)]}
    b, a, anew = plots.lines({"cost": series}, alt="Three", ylabel="%").axes[0].lines
    assert anew.get_color() == a.get_color() != b.get_color() and anew.get_marker() == a.get_marker()
    assert (anew.get_markerfacecolor(), a.get_markerfacecolor()) == ("none", a.get_color())


def test_a_roof_is_flat_from_where_bandwidth_suffices():
    (axes,) = example("roofline").axes
    memory, cache = (line for line in axes.lines if len(line.get_xdata()) == 200)
    for line, bandwidth in ((memory, 8.0), (cache, 50.0)):
        x, y = np.array(line.get_data())
        np.testing.assert_allclose(y, np.where(x < 45 / bandwidth, bandwidth * x, 45))
