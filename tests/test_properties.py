"""What holds for every cost and every network, tried on settings that Hypothesis draws."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from mobilenet_lib import architecture, costs
from mobilenet_lib.architecture import mobilenet, total
from mobilenet_lib.costs import Cost

# Derandomized: the same settings on every machine, so a red test is red for everyone.
settings.register_profile("book", derandomize=True, deadline=None)
settings.load_profile("book")

count = st.integers(1, 10**6)
number = st.integers(0, 10**15)
cost = st.builds(Cost, number, number)
alpha = st.floats(0, 2, exclude_min=True)
rho = st.floats(0, 1, exclude_min=True)
resolution = st.integers(1, 16).map(lambda n: 32 * n)
classes = st.integers(1, 2000)
variant = st.fixed_dictionaries({"separable": st.booleans(), "shallow": st.booleans()})


@given(st.lists(cost))
def test_a_sum_of_costs_is_the_sums_of_their_parts(parts):
    whole = sum(parts, Cost())
    assert (whole.mult_adds, whole.params) == (sum(c.mult_adds for c in parts), sum(c.params for c in parts))


@given(count, count, count, count)
def test_the_ratio_holds_for_every_layer(size, in_channels, out_channels, kernel):
    separable = costs.separable(size, in_channels, out_channels, kernel)
    standard = costs.standard(size, in_channels, out_channels, kernel)
    ratio = costs.reduction(out_channels, kernel)
    assert Fraction(separable.mult_adds, standard.mult_adds) == Fraction(separable.params, standard.params) == ratio
    assert ratio == Fraction(1, out_channels) + Fraction(1, kernel**2)


@given(count, count, count, count)
def test_a_standard_convolution_costs_each_output_channel_alone(size, in_channels, out_channels, kernel):
    one = costs.standard(size, in_channels, 1, kernel)
    assert costs.standard(size, in_channels, out_channels, kernel) == Cost(
        one.mult_adds * out_channels, one.params * out_channels
    )


@given(count, count, count, count)
def test_mult_adds_are_parameters_times_positions(size, in_channels, out_channels, kernel):
    for layer in (
        costs.standard(size, in_channels, out_channels, kernel),
        costs.depthwise(size, in_channels, kernel),
        costs.pointwise(size, in_channels, out_channels),
    ):
        assert layer.mult_adds == layer.params * size**2


@given(alpha, resolution, classes, variant)
def test_the_cost_of_a_network_is_that_of_its_parts(alpha, resolution, classes, variant):
    layers = mobilenet(alpha, resolution, classes, **variant)
    for cut in range(0, len(layers) + 1, 7):
        assert total(layers[:cut]) + total(layers[cut:]) == total(layers)


@given(alpha, alpha, resolution, classes, variant)
def test_a_wider_network_never_costs_less(one, other, resolution, classes, variant):
    narrow, wide = (total(mobilenet(alpha, resolution, classes, **variant)) for alpha in sorted((one, other)))
    assert narrow.mult_adds <= wide.mult_adds and narrow.params <= wide.params


@given(rho, rho, alpha, variant)
def test_a_larger_image_never_costs_less_and_never_a_parameter_more(one, other, alpha, variant):
    small, large = (total(mobilenet(alpha, architecture.resolution(rho), **variant)) for rho in sorted((one, other)))
    assert small.mult_adds <= large.mult_adds and small.params == large.params


@given(alpha, classes, variant)
def test_the_convolutions_cost_with_the_square_of_the_resolution(alpha, classes, variant):
    small, large = (total(mobilenet(alpha, side, classes, **variant)[:-1]) for side in (96, 288))
    assert large.mult_adds == 9 * small.mult_adds


@given(rho)
def test_rho_gives_the_multiple_of_32_that_is_nearest(rho):
    pixels = architecture.resolution(rho)
    assert pixels % 32 == 0 and 32 <= pixels <= 224
    assert abs(pixels - 224 * rho) <= 16 or (pixels == 32 and 224 * rho < 16)


@given(st.floats(0.1, 2), resolution, classes, st.booleans())  # with a channel or two there is nothing to separate
def test_the_network_of_full_convolutions_costs_more(alpha, resolution, classes, shallow):
    full, separable = (
        total(mobilenet(alpha, resolution, classes, separable=separable, shallow=shallow))
        for separable in (False, True)
    )
    assert full.mult_adds > separable.mult_adds and full.params > separable.params
