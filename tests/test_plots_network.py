"""The drawings of networks and their maps."""

import numpy as np
import pytest
from figures import NETWORKS, example, words

from mobilenet_lib import architecture, plots


def test_the_body_is_labeled_as_table_1_prints_it():
    labels = words(example("body of the paper's network"))
    assert [label for label in labels if label.endswith("²")] == ["224²", "112²", "56²", "28²", "14²", "7²", "1²"]
    for channels in ("32–64", "64–128", "128–256", "256–512", "512–1,024", "1,000"):
        assert channels in labels


def test_another_alpha_and_resolution_change_the_labels():
    labels = words(example("body of a thin one"))
    for label in ("128²", "64²", "4²", "8–16", "128–256", "2"):
        assert label in labels
    assert "224²" not in labels and "1,000" not in labels


@pytest.mark.parametrize("name", NETWORKS)
def test_the_shares_of_the_body_add_up(name):
    shares = [float(word[:-1]) for word in words(example(f"body of {name}")) if "%" in word]
    assert sum(shares) == pytest.approx(100, abs=0.3)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_body_is_to_scale(name):
    layers = architecture.mobilenet(**NETWORKS[name])
    (axes,) = example(f"body of {name}").axes
    fronts = [patch.get_xy() for patch in axes.patches][2::3][1:]  # top, side and front of each map; the image first
    widths, heights = np.array([np.ptp(front, axis=0) for front in fronts]).T
    assert len(fronts) == len(layers)
    assert np.allclose(widths / widths[0], [layer.out_channels / layers[0].out_channels for layer in layers])
    assert np.allclose(heights / heights[0], [layer.out_size / layers[0].out_size for layer in layers])


@pytest.mark.parametrize("name", NETWORKS)
def test_every_stride_of_two_is_marked(name):
    (axes,) = example(f"body of {name}").axes
    marks = [line for line in axes.lines if line.get_marker() == "^"]
    assert len(marks) == 5 + 1  # one more in the legend


def test_the_legend_names_the_kinds_of_layers_there_are():
    assert "depthwise" in words(example("body of the paper's network"))
    assert "depthwise" not in words(example("body of full convolutions"))


def test_a_block_says_what_makes_each_map_and_that_its_input_is_added():
    alt = example("chains").alt
    assert "One: 64 channels of 14 × 14, 64 channels of 14 × 14 by a depthwise layer" in alt
    assert "96 channels of 14 × 14 by a pointwise layer" in alt
    assert alt.count("the input is added to the output") == 1


def test_the_channels_of_each_map_stand_below_it():
    written = words(example("chains"))
    assert [number for number in written if number.isdigit()] == ["64", "64", "64", "16", "96", "96", "16"]
    assert written.count("added") == 1


def test_what_stands_above_a_map_is_said_too():
    maps = [("input", 14, 64), ("pointwise", 14, 384, "ReLU6"), ("pointwise", 14, 64, "no ReLU")]
    picture = plots.chains({"One": maps})
    assert {"ReLU6", "no ReLU"} <= set(words(picture))
    assert "384 channels of 14 × 14 by a pointwise layer and ReLU6, 64 channels" in picture.alt
    assert "by a pointwise layer with no ReLU." in picture.alt
