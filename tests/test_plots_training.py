"""Figures of a training and of how good the model is."""

from figures import HISTORY, words

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
