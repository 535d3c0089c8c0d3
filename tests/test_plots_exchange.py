"""How a sum over workers comes about, step by step."""

from figures import example
from matplotlib.patches import Rectangle


def test_each_panel_says_how_many_have_added_to_each_part():
    *panels, empty = example("exchange").axes
    assert [panel.get_title(loc="left") for panel in panels] == ["at the start", "step 1", "step 2"]
    numbers = [[int(text.get_text()) for text in panel.texts] for panel in panels]
    assert numbers == [[1, 1, 1, 1], [1, 2, 2, 1], [2, 2, 2, 2]]
    assert not empty.texts


def test_what_has_just_arrived_has_an_edge():
    start, one, two, _ = example("exchange").axes
    edges = [[patch.get_xy() for patch in panel.patches if isinstance(patch, Rectangle)] for panel in (start, one, two)]
    assert edges == [[], [(0.5, -0.5), (-0.5, 0.5)], [(-0.5, -0.5), (0.5, 0.5)]]
