"""Figures of what a change does to trainings."""

from mobilenet_lib import plots


def drawn(axes):
    return [[tuple(map(float, side)) for side in line.get_data()] for line in axes.lines[1:]]  # the first stands at 0


def test_a_change_has_a_dot_a_run_a_mean_and_its_interval():
    (axes,) = plots.differences({"added": {"crops": ([4.0, 8.0], 3.0)}}, alt="Differences", xlabel="points").axes
    assert drawn(axes) == [[(3.0, 9.0), (0, 0)], [(6.0,), (0,)], [(4.0, 8.0), (0, 0)]]


def test_one_run_has_no_interval():
    (axes,) = plots.differences({"added": {"crops": ([4.0], None)}}, alt="Differences", xlabel="points").axes
    assert drawn(axes) == [[(4.0,), (0,)]]


def test_a_change_has_its_row_in_every_panel():
    rows = {"added": {"a": ([1.0], None), "b": ([2.0], None)}, "taken": {"b": ([-2.0], None)}}
    _, taken = plots.differences(rows, alt="Differences", xlabel="points").axes
    assert drawn(taken) == [[(-2.0,), (1,)]]
