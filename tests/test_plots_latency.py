"""Figures of how long models take."""

import numpy as np
import pytest
from figures import FIGURES, MODELS, TIMES

from mobilenet_lib import plots


@pytest.mark.parametrize(
    ("times", "quantities", "message"),
    [
        (TIMES, {}, "quantities must hold at least one, not none"),
        (TIMES[:2], {"Mult-Adds": [1, 2, 3]}, "times must be one for each of the 3 models, not 2"),
        (TIMES, {"Mult-Adds": [1, 2]}, "Mult-Adds must be one for each of the 3 models, not 2"),
    ],
)
def test_time_against_says_what_is_wrong(times, quantities, message):
    with pytest.raises(ValueError, match=message):
        plots.time_against(MODELS[:3], times, quantities)


def test_a_roof_is_flat_from_where_bandwidth_suffices():
    (axes,) = FIGURES["roofline"]().axes
    memory, cache = (line for line in axes.lines if len(line.get_xdata()) == 200)
    for line, bandwidth in ((memory, 8.0), (cache, 50.0)):
        x, y = np.array(line.get_data())
        np.testing.assert_allclose(y, np.where(x < 45 / bandwidth, bandwidth * x, 45))


@pytest.mark.parametrize(
    ("points", "bandwidths", "message"),
    [
        ({}, {"memory": 8.0}, "points must hold at least one layer"),
        ({"depthwise": []}, {"memory": 8.0}, "points must hold at least one layer"),
        ({"depthwise": [(1.0, 1.0)]}, {}, "bandwidths must hold at least one"),
    ],
)
def test_roofline_says_what_is_wrong(points, bandwidths, message):
    with pytest.raises(ValueError, match=message):
        plots.roofline(points, 45.0, bandwidths)
