"""Figures that help to choose a model."""

import pytest
from figures import FIGURES, MODELS, words
from matplotlib.colors import to_rgb

from mobilenet_lib import costs, plots


def filled(picture):
    """The places of the models that are not hollow."""
    lines = [line for axes in picture.axes for line in axes.lines if line.get_marker() in ("o", "s", "v")]
    paper_white = to_rgb(plots.COLORS["paper"])
    return {tuple(line.get_xydata()[0]) for line in lines if to_rgb(line.get_markerfacecolor()) != paper_white}


def test_models_of_the_front_are_filled_and_the_others_hollow():
    assert filled(FIGURES["tradeoff"]()) == {(569, 70.9), (166, 65.3), (10, 45.0)}


def test_without_a_front_every_model_is_filled():
    assert filled(plots.tradeoff({"ImageNet": MODELS})) == {(model.mult_adds, model.top1) for model in MODELS}


def test_every_alpha_is_in_the_legend_and_every_resolution_beside_its_point():
    said = words(FIGURES["tradeoff"]())
    assert {"α = 1", "α = 0.75", "α = 0.3"} <= set(said)
    assert {"224", "128", "160", "96"} <= set(said)


def test_tradeoff_wants_a_cost_it_knows():
    with pytest.raises(ValueError, match="cost must be 'mult_adds' or 'params', not 'seconds'"):
        plots.tradeoff({"ImageNet": MODELS}, "seconds")


@pytest.mark.parametrize("panels", [{}, {"ImageNet": []}])
def test_tradeoff_and_budget_want_models(panels):
    with pytest.raises(ValueError, match="panels must each hold at least one model"):
        plots.tradeoff(panels)
    with pytest.raises(ValueError, match="panels must each hold at least one model"):
        plots.budget({title: (models, None) for title, models in panels.items()}, 100, 4)


def test_scaling_wants_the_whole():
    with pytest.raises(ValueError, match=r"rho must have the cost at 1, not only at 0\.5"):
        plots.scaling({1: costs.Cost(4, 4)}, {0.5: costs.Cost(1, 1)})
