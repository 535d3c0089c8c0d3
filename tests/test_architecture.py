"""Which layers a MobileNet has: Howard et al. 2017, Tables 1, 4 and 5."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from mobilenet_lib import architecture, costs
from mobilenet_lib.architecture import mobilenet, total

# Table 1 of the paper, depthwise rows: (stride, channels, input size); the last stride corrected from 2 to 1.
DEPTHWISE = [
    *[(1, 32, 112), (2, 64, 112), (1, 128, 56), (2, 128, 56), (1, 256, 28), (2, 256, 28)],
    *[(1, 512, 14)] * 5,
    *[(2, 512, 14), (1, 1024, 7)],
]


def test_there_are_28_layers_with_weights():
    kinds = [layer.kind for layer in mobilenet()]
    assert kinds == ["standard", *["depthwise", "pointwise"] * 13, "dense"]
    assert len(kinds) == 28


def test_layers_are_named_by_kind_and_block_as_in_keras_applications():
    first, depthwise, pointwise, *_, last = (layer.name for layer in mobilenet())
    assert (first, depthwise, pointwise, last) == ("conv1", "conv_dw_1", "conv_pw_1", "conv_preds")


def test_the_network_of_full_convolutions_has_a_standard_layer_for_each_block():
    layers = mobilenet(separable=False)
    assert [layer.kind for layer in layers] == [*["standard"] * 14, "dense"]
    assert [layer.name for layer in layers] == ["conv1", *(f"conv_{block}" for block in range(1, 14)), "conv_preds"]


def test_no_layers_cost_nothing():
    assert total(()) == costs.Cost()


def test_the_body_is_that_of_table_1():
    rows = [(layer.stride, layer.in_channels, layer.in_size) for layer in mobilenet() if layer.kind == "depthwise"]
    assert rows == DEPTHWISE


def test_the_first_and_the_last_layer_are_those_of_table_1():
    first, *_, last = mobilenet()
    assert (first.in_size, first.in_channels, first.stride, first.out_channels) == (224, 3, 2, 32)
    assert (last.in_size, last.in_channels, last.out_channels) == (1, 1024, 1000)


@pytest.mark.parametrize("arguments", [{}, {"alpha": 0.3}, {"separable": False}, {"shallow": True}])
def test_each_layer_takes_what_the_one_before_gives(arguments):
    layers = mobilenet(resolution=160, **arguments)
    for before, after in pairwise(layers[:-1]):
        assert (after.in_channels, after.in_size) == (before.out_channels, before.out_size)
    assert layers[-1].in_channels == layers[-2].out_channels


def test_the_whole_network_costs_what_the_paper_says():
    cost = total(mobilenet())
    assert (cost.mult_adds, cost.params) == (568_740_352, 4_209_088)  # 569 and 4.2 million


def test_full_convolutions_cost_what_table_4_says():
    layers = mobilenet(separable=False)
    assert round(total(layers[:-1]).mult_adds / 1e6) == 4866  # without the classifier
    assert round(total(layers).params / 1e6, 1) == 29.3


def test_the_shallow_network_costs_what_table_5_says():
    cost = total(mobilenet(shallow=True))
    assert (round(cost.mult_adds / 1e6), round(cost.params / 1e6, 1)) == (307, 2.9)


def test_the_shallow_network_lacks_five_blocks_of_14x14x512():
    deep, shallow = (
        Counter((layer.kind, layer.stride, layer.in_size, layer.in_channels, layer.out_channels) for layer in layers)
        for layers in (mobilenet(), mobilenet(shallow=True))
    )
    assert deep - shallow == {("depthwise", 1, 14, 512, 512): 5, ("pointwise", 1, 14, 512, 512): 5}
    assert not shallow - deep


def test_alpha_scales_every_layer_but_image_and_classes():
    first, *body, last = mobilenet(alpha=0.5)
    assert (first.in_channels, first.out_channels, last.out_channels) == (3, 16, 1000)
    assert [layer.out_channels * 2 for layer in body] == [layer.out_channels for layer in mobilenet()[1:-1]]


def test_channels_are_rounded_down_as_keras_does_and_never_to_none():
    assert mobilenet(alpha=0.7)[0].out_channels == 22  # 22.4
    assert mobilenet(alpha=0.01)[0].out_channels == 1  # 0.32


def test_a_network_may_be_twice_as_wide():
    assert mobilenet(alpha=2)[0].out_channels == 64


def test_the_resolution_changes_no_parameter():
    assert {total(mobilenet(resolution=size)).params for size in (32, 128, 224, 512)} == {4_209_088}


@pytest.mark.parametrize(("rho", "pixels"), [(1, 224), (6 / 7, 192), (0.857, 192), (0.714, 160), (0.571, 128)])
def test_rho_gives_the_resolutions_of_the_paper(rho, pixels):
    assert architecture.resolution(rho) == pixels


def test_no_rho_gives_less_than_32_pixels():
    assert architecture.resolution(0.01) == 32


@pytest.mark.parametrize("rho", [0, 1.01, "1", True, float("nan")])
def test_a_bad_rho_is_refused(rho):
    with pytest.raises(ValueError, match=r"^rho must be a number above 0 and at most 1, not "):
        architecture.resolution(rho)


@pytest.mark.parametrize("alpha", [0, 2.01, "1", True, float("nan")])
def test_a_bad_alpha_is_refused(alpha):
    with pytest.raises(ValueError, match=r"^alpha must be a number above 0 and at most 2, not "):
        mobilenet(alpha)


@pytest.mark.parametrize("size", [100, 33])
def test_a_resolution_between_multiples_of_32_is_refused(size):
    with pytest.raises(ValueError, match=rf"^resolution must be a multiple of 32, not {size}$"):
        mobilenet(resolution=size)


@pytest.mark.parametrize("size", [0, 224.0])
def test_a_resolution_that_is_no_size_is_refused(size):
    with pytest.raises(ValueError, match=rf"^resolution must be a positive whole number, not {size!r}$"):
        mobilenet(resolution=size)


@pytest.mark.parametrize("classes", [0, 2.5])
def test_a_bad_number_of_classes_is_refused(classes):
    with pytest.raises(ValueError, match=rf"^classes must be a positive whole number, not {classes!r}$"):
        mobilenet(classes=classes)


def of_kind(layers, kind):
    return [layer for layer in layers if layer.kind == kind]


def test_bytes_moved_are_input_weights_and_output_once():
    """The 14×14×512 blocks of Table 3, worked out by hand: maps of 100,352 numbers, 4,608 and 262,144 weights."""
    depthwise, pointwise = mobilenet()[13:15]
    assert (depthwise.name, pointwise.name) == ("conv_dw_7", "conv_pw_7")
    assert depthwise.bytes_moved() == 4 * (2 * 100_352 + 4_608) == 821_248
    assert pointwise.bytes_moved() == 4 * (2 * 100_352 + 262_144) == 1_851_392
    assert pointwise.bytes_moved(1) == 462_848


def test_a_layer_with_stride_reads_more_than_it_writes():
    first = mobilenet()[0]
    assert first.bytes_moved(1) == 224 * 224 * 3 + 3 * 3 * 3 * 32 + 112 * 112 * 32


def test_a_depthwise_layer_has_at_most_nine_eighths_of_a_mult_add_for_each_byte_of_float32():
    """Nine Mult-Adds for each number that is read and each that is written, four bytes each: 9 / (2 · 4)."""
    intensities = [layer.intensity() for layer in of_kind(mobilenet(), "depthwise")]
    assert max(intensities) < 9 / 8 and max(intensities) > 1.12
    assert min(layer.intensity() for layer in of_kind(mobilenet(), "pointwise")) > 4 * max(intensities)


def test_int8_has_four_times_the_intensity_of_float32():
    assert all(layer.intensity(1) == pytest.approx(4 * layer.intensity()) for layer in mobilenet())


def test_maps_take_most_memory_in_the_first_block_where_the_largest_map_is_made():
    """Table 1, rows 3 and 4: the first pointwise convolution makes 112×112×64 of 112×112×32."""
    net = mobilenet()
    assert architecture.peak_activations(net) == net[2].activation_bytes() == 4 * 112 * 112 * (32 + 64) == 4_816_896
    assert architecture.peak_activations(net, 1) == 1_204_224


@pytest.mark.parametrize(("alpha", "size"), [(0.5, 224), (1, 128), (0.25, 96)])
def test_the_peak_goes_with_alpha_and_with_the_square_of_the_resolution(alpha, size):
    expected = 4_816_896 * alpha * size**2 / 224**2
    assert architecture.peak_activations(mobilenet(alpha, size)) == expected


def test_without_a_layer_there_is_no_peak():
    with pytest.raises(ValueError, match=r"^layers must hold at least one layer"):
        architecture.peak_activations([])


def test_the_bytes_of_a_number_may_be_an_integer_of_numpy():
    """One byte holds numbers up to 127, and the layers of MobileNet have millions of bytes."""
    layer = mobilenet()[2]
    assert layer.bytes_moved(np.int8(4)) == 4 * (112 * 112 * (32 + 64) + 32 * 64)
    assert layer.intensity(np.int8(4)) == layer.intensity(4)


@pytest.mark.parametrize("width", [0, 0.5])
def test_the_bytes_of_a_number_are_a_positive_whole_number(width):
    with pytest.raises(ValueError, match=f"width must be a positive whole number, not {width!r}"):
        mobilenet()[0].intensity(width)
