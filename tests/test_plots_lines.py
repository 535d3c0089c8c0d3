"""Lines: one for each of some series."""

import pytest

from mobilenet_lib import plots


def test_the_learning_rate_figure_says_where_it_is_highest():
    picture = plots.learning_rate({"up and down": [0.0, 0.004, 0.0], "flat": [0.001] * 3})
    assert "0.004 at step 2" in picture.alt and "0.001 all the time" in picture.alt


def test_a_line_by_depth_says_how_far_it_goes_beyond_its_ends():
    alt = plots.by_depth({"factor": [6.5, 6.2, 16.4, 15]}, list("abcd"), ylabel="times", alt="Factor").alt
    assert "factor: from 6.5 to 15, lowest 6.2, highest 16." in alt


def test_a_line_by_depth_has_one_value_a_layer():
    assert "0.9 to 0.02" in plots.by_depth({"signal": [0.9, 0.02]}, ["dw 1", "dw 2"], ylabel="std", alt="Signal").alt
    with pytest.raises(ValueError, match="signal must be one for each of the 2 layers, not 1"):
        plots.by_depth({"signal": [0.9]}, ["dw 1", "dw 2"], ylabel="std", alt="Signal")


def test_a_way_shows_its_intervals_where_it_has_them():
    with_interval = plots.paths({"Pets": {"a": [(1, 60.0, 58.0, 62.5)]}}, alt="Accuracy")
    (bars,) = with_interval.axes[0].collections
    assert bars.get_segments()[0].tolist() == [[1, 58.0], [1, 62.5]]
    assert not plots.paths({"Pets": {"a": [(1, 60.0)]}}, alt="Accuracy").axes[0].collections
