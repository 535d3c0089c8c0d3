"""Figures of how long models take."""

import numpy as np
import pytest
from figures import MODELS, TIMES, example

from mobilenet_lib import plots


@pytest.mark.parametrize(
    ("times", "quantities", "message"),
    [
        (TIMES[:2], {"Mult-Adds": [1, 2, 3]}, "times must be one for each of the 3 models, not 2"),
        (TIMES, {"Mult-Adds": [1, 2]}, "Mult-Adds must be one for each of the 3 models, not 2"),
    ],
)
def test_time_against_says_what_is_wrong(times, quantities, message):
    with pytest.raises(ValueError, match=message):
        plots.time_against(MODELS[:3], times, quantities)


def test_a_time_is_marked_at_its_lower_quartile_and_the_median_does_not_count():
    assert "from 5.5 to 19 ms" in plots.time_against(MODELS[:3], TIMES, {"Mult-Adds": [3, 2, 1]}).alt


def test_a_roof_is_flat_from_where_bandwidth_suffices():
    (axes,) = example("roofline").axes
    memory, cache = (line for line in axes.lines if len(line.get_xdata()) == 200)
    for line, bandwidth in ((memory, 8.0), (cache, 50.0)):
        x, y = np.array(line.get_data())
        np.testing.assert_allclose(y, np.where(x < 45 / bandwidth, bandwidth * x, 45))
