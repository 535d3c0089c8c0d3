"""Figures of a training and of how good the model is."""

from figures import HISTORY, example, words
from matplotlib.patches import Rectangle

from mobilenet_lib import plots


def test_curves_draw_every_metric_of_every_run():
    picture = plots.curves({"this page": HISTORY, "recorded": HISTORY}, live="this page")
    for axes, metric in zip(picture.axes, ("loss", "accuracy"), strict=True):
        drawn = [tuple(line.get_ydata()) for line in axes.lines if len(line.get_ydata())]
        assert drawn.count(tuple(HISTORY[metric])) == drawn.count(tuple(HISTORY[f"val_{metric}"])) == 2


def test_the_live_run_has_its_own_color():
    (legend,) = plots.curves({"recorded": HISTORY, "this page": HISTORY}, live="this page").legends
    colors = {text.get_text(): line.get_color() for text, line in zip(legend.texts, legend.get_lines(), strict=True)}
    assert colors["this page"] == plots.COLORS["live"] != colors["recorded"]


def test_a_run_may_lack_a_metric():
    alt = plots.curves({"a": {"loss": [1.0]}, "b": HISTORY}).alt
    assert "a: loss goes from 1.000 to 1.000 in 1 epoch;" in alt and "a: accuracy" not in alt


def test_confusion_shows_counts_and_shares():
    labels = words(plots.confusion([[90, 10], [5, 95]], ["cat", "dog"]))
    for label in ("90", "10", "90.0%", "10.0%", "5", "95", "5.0%", "95.0%", "cat", "dog"):
        assert label in labels


def test_the_calibration_figure_says_which_way_the_model_errs():
    picture = plots.calibration([0.9, 0.9, 0.9, 0.9], [True, True, False, False])
    assert "too sure by 40.0%" in picture.alt
    picture = plots.calibration([0.6, 0.6], [True, True])
    assert "not sure enough by 40.0%" in picture.alt


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
