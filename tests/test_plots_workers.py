"""How workers add up in a ring."""

import numpy as np
import pytest
from figures import RING, example, words

from mobilenet_lib import plots


def test_every_worker_sends_a_piece_in_every_hop():
    said = words(example("ring"))
    assert [said.count(f"piece {piece}") for piece in range(4)] == [6] * 4
    assert [said.count(str(count)) for count in (1, 2, 3, 4)] == [np.sum(RING[1:] == count) for count in (1, 2, 3, 4)]


def test_a_ring_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"not \(7, 3, 3\)"):
        plots.ring(np.ones((7, 3, 3), int))
