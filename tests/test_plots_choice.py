"""Figures that help to choose a model."""

from figures import MODELS, example, words
from matplotlib.colors import to_rgb

from mobilenet_lib import plots


def filled(picture):
    """The places of the models that are not hollow."""
    lines = [line for axes in picture.axes for line in axes.lines if line.get_marker() in ("o", "s", "v")]
    paper_white = to_rgb(plots.COLORS["paper"])
    return {tuple(line.get_xydata()[0]) for line in lines if to_rgb(line.get_markerfacecolor()) != paper_white}


def test_models_of_the_front_are_filled_and_the_others_hollow():
    assert filled(example("tradeoff")) == {(569, 70.9), (166, 65.3), (10, 45.0)}


def test_every_alpha_is_in_the_legend_and_every_resolution_beside_its_point():
    said = words(example("tradeoff"))
    assert {"α = 1", "α = 0.75", "α = 0.3"} <= set(said)
    assert {"224", "128", "160", "96"} <= set(said)


def test_a_budget_in_bytes_lets_in_what_takes_fewer_a_parameter():
    said = plots.budget({"float32": (MODELS, 4, None), "int8": (MODELS, 1, None)}, 200, 4).alt
    assert "float32: 1 of 4 fit. int8: 2 of 4 fit." in said
