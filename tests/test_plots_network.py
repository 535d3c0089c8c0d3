"""The drawings of blocks and networks."""

import numpy as np
import pytest
from figures import NETWORKS, words

from mobilenet_lib import architecture, plots


def test_the_body_is_labeled_as_table_1_prints_it():
    labels = words(plots.architecture_body(architecture.mobilenet()))
    assert [label for label in labels if label.endswith("²")] == ["224²", "112²", "56²", "28²", "14²", "7²", "1²"]
    for channels in ("32–64", "64–128", "128–256", "256–512", "512–1,024", "1,000"):
        assert channels in labels


def test_another_alpha_and_resolution_change_the_labels():
    labels = words(plots.architecture_body(architecture.mobilenet(0.25, 128, 2)))
    for label in ("128²", "64²", "4²", "8–16", "128–256", "2"):
        assert label in labels
    assert "224²" not in labels and "1,000" not in labels


@pytest.mark.parametrize("options", NETWORKS.values(), ids=NETWORKS)
def test_the_shares_of_the_body_add_up(options):
    shares = [
        float(word[:-1]) for word in words(plots.architecture_body(architecture.mobilenet(**options))) if "%" in word
    ]
    assert sum(shares) == pytest.approx(100, abs=0.3)


@pytest.mark.parametrize("options", NETWORKS.values(), ids=NETWORKS)
def test_the_body_is_to_scale(options):
    layers = architecture.mobilenet(**options)
    (axes,) = plots.architecture_body(layers).axes
    fronts = [patch.get_xy() for patch in axes.patches][2::3][1:]  # top, side and front of each map; the image first
    widths, heights = np.array([np.ptp(front, axis=0) for front in fronts]).T
    assert len(fronts) == len(layers)
    assert np.allclose(widths / widths[0], [layer.out_channels / layers[0].out_channels for layer in layers])
    assert np.allclose(heights / heights[0], [layer.out_size / layers[0].out_size for layer in layers])


def test_every_stride_of_two_is_marked():
    for options in NETWORKS.values():
        layers = architecture.mobilenet(**options)
        (axes,) = plots.architecture_body(layers).axes
        marks = [line for line in axes.lines if line.get_marker() == "^"]
        assert len(marks) - 1 == sum(layer.stride == 2 for layer in layers) == 5  # one more in the legend


def test_the_legend_names_the_kinds_of_layers_there_are():
    assert "depthwise" in words(plots.architecture_body(architecture.mobilenet()))
    assert "depthwise" not in words(plots.architecture_body(architecture.mobilenet(separable=False)))


def test_a_body_without_layers_is_refused():
    with pytest.raises(ValueError, match=r"layers must hold at least one layer"):
        plots.architecture_body([])


def test_the_blocks_are_those_of_figure_3():
    labels = [label for label in words(plots.block()) if "channels" not in label and r"\cdot" not in label]
    assert labels == [
        *("Standard block", r"$D_K \times D_K$ convolution", "batch norm", "ReLU"),
        *("Depthwise separable block", r"$D_K \times D_K$ depthwise", "batch norm", "ReLU"),
        *(r"$1 \times 1$ convolution", "batch norm", "ReLU"),
    ]


def test_multipliers_wants_a_block():
    with pytest.raises(ValueError, match="blocks must hold at least one block"):
        plots.multipliers({})
