"""What each block sees and holds."""

import numpy as np
import pytest
from figures import NETWORKS

from mobilenet_lib import architecture, plots


def heights(picture):
    return [patch.get_height() for patch in picture.axes[1].patches]


def test_there_is_a_value_for_the_stem_and_each_block():
    picture = plots.by_block(architecture.mobilenet())
    assert len(picture.axes[0].lines[0].get_ydata()) == len(heights(picture)) == 14


def test_the_first_block_takes_4_8_megabytes_and_the_last_sees_315_pixels():
    """4 · 112 · 112 · (32 + 64) bytes; Araujo, Norris and Sim 2019."""
    picture = plots.by_block(architecture.mobilenet())
    assert max(heights(picture)) == heights(picture)[1] == 4.816896
    assert picture.axes[0].lines[0].get_ydata()[-1] == 315


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_can_be_drawn(name):
    assert plots.by_block(architecture.mobilenet(**NETWORKS[name])).data()


def test_where_nothing_is_seen_reach_says_so():
    assert "nothing: 0 of 4 pixels wide" in plots.reach({"nothing": np.zeros((4, 4))}).alt
