"""The cost of one layer: Howard et al. 2017, section 3."""

import subprocess
import sys
from fractions import Fraction

import pytest

from mobilenet_lib import costs
from mobilenet_lib.costs import Cost

MILLION = 10**6


def test_the_paper_example_of_a_standard_convolution():
    cost = costs.standard(14, 512, 512)
    assert (round(cost.mult_adds / MILLION), round(cost.params / MILLION, 2)) == (462, 2.36)  # Table 3


def test_the_paper_example_of_a_separable_convolution():
    cost = costs.separable(14, 512, 512)
    assert (round(cost.mult_adds / MILLION, 1), round(cost.params / MILLION, 2)) == (52.3, 0.27)  # Table 3


def test_the_source_document_example_without_its_biases():
    assert costs.standard(32, 32, 64).params == 18_496 - 64
    assert costs.depthwise(32, 32).params == 320 - 32
    assert costs.pointwise(32, 32, 64).params == 2_112 - 64


def test_a_separable_convolution_is_a_depthwise_and_a_pointwise_one():
    assert costs.separable(7, 20, 30, 5) == costs.depthwise(7, 20, 5) + costs.pointwise(7, 20, 30)


def test_the_ratio_is_exact():
    assert costs.reduction(64) == Fraction(1, 64) + Fraction(1, 9) == Fraction(73, 576)
    assert costs.reduction(10, kernel=5) == Fraction(7, 50)


@pytest.mark.parametrize(("size", "m", "n", "kernel"), [(14, 512, 512, 3), (1, 1, 1, 1), (7, 3, 5, 5)])
def test_the_ratio_is_that_of_the_costs(size, m, n, kernel):
    separable = costs.separable(size, m, n, kernel)
    standard = costs.standard(size, m, n, kernel)
    assert Fraction(separable.mult_adds, standard.mult_adds) == costs.reduction(n, kernel)
    assert Fraction(separable.params, standard.params) == costs.reduction(n, kernel)


def test_costs_add_up():
    assert Cost(1, 2) + Cost(10, 20) == Cost(11, 22)
    assert sum([Cost(1, 2), Cost(10, 20)]) == Cost(11, 22)


def test_a_cost_cannot_be_changed():
    with pytest.raises(AttributeError):
        Cost(1, 2).params = 3


def test_a_cost_does_not_add_to_a_number():
    with pytest.raises(TypeError):
        Cost(1, 2) + 3
    with pytest.raises(TypeError):
        3 + Cost(1, 2)


FUNCTIONS = [
    (costs.standard, {"size": 14, "in_channels": 8, "out_channels": 16, "kernel": 3}),
    (costs.depthwise, {"size": 14, "channels": 8, "kernel": 3}),
    (costs.pointwise, {"size": 14, "in_channels": 8, "out_channels": 16}),
    (costs.separable, {"size": 14, "in_channels": 8, "out_channels": 16, "kernel": 3}),
    (costs.reduction, {"out_channels": 16, "kernel": 3}),
]


@pytest.mark.parametrize("bad", [0, 2.0, True])
@pytest.mark.parametrize(("function", "arguments", "name"), [(f, a, name) for f, a in FUNCTIONS for name in a])
def test_a_bad_argument_is_named_with_its_value_and_what_is_allowed(function, arguments, name, bad):
    with pytest.raises(ValueError, match=f"^{name} must be a positive whole number, not {bad!r}$"):
        function(**arguments | {name: bad})


def test_a_truth_value_and_a_text_are_no_numbers_and_a_fraction_is_no_whole_one():
    assert [costs.is_number(value) for value in (3, 0.5, Fraction(1, 3), True, "3", None)] == [True] * 3 + [False] * 3
    assert costs.is_number(3, int) and not costs.is_number(0.5, int)


def test_the_cost_side_of_the_library_does_not_import_tensorflow():
    code = (
        "import sys, mobilenet_lib.costs, mobilenet_lib.architecture, mobilenet_lib.paper;"
        "print({'tensorflow', 'keras', 'numpy', 'matplotlib'} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"
