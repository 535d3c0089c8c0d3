"""What one layer costs, in multiplications and in parameters.

The counting rules are those of Howard et al. 2017 (arXiv 1704.04861), and they stand here once:

- Mult-Adds count the multiplications of convolutions and of the classifier.
- Parameters count the weights that do these multiplications.
- Batch normalization, bias, activation and pooling are left out of both.
- The size of a layer, `D_F` in the paper, is the spatial size of its *output*.

In the paper's letters: `size` is D_F, `kernel` is D_K, `in_channels` is M and `out_channels` is N.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from numbers import Real
from operator import index


@dataclass(frozen=True)
class Cost:
    """Mult-Adds and parameters of a layer, or of several: costs add up, and `sum` works on them."""

    mult_adds: int = 0
    params: int = 0

    def __add__(self, other: Cost) -> Cost:
        if not isinstance(other, Cost):
            return NotImplemented
        return Cost(self.mult_adds + other.mult_adds, self.params + other.params)

    def __radd__(self, other: int) -> Cost:
        # `sum` starts from the number 0.
        return self if other == 0 else NotImplemented


def standard(size: int, in_channels: int, out_channels: int, kernel: int = 3) -> Cost:
    """Cost of a standard convolution, `D_K·D_K·M·N·D_F·D_F` (section 3.1, equation 2).

    From `[B, H, W, in_channels]` to `[B, size, size, out_channels]`, with `kernel` × `kernel` filters.
    Raises `ValueError` if an argument is not a positive whole number.
    """
    size, in_channels = positive("size", size), positive("in_channels", in_channels)
    out_channels, kernel = positive("out_channels", out_channels), positive("kernel", kernel)
    weights = kernel * kernel * in_channels * out_channels
    return Cost(weights * size * size, weights)


def depthwise(size: int, channels: int, kernel: int = 3) -> Cost:
    """Cost of a depthwise convolution, `D_K·D_K·M·D_F·D_F` (section 3.1, equation 4): one filter per channel.

    From `[B, H, W, channels]` to `[B, size, size, channels]`. Raises `ValueError` if an argument is not a
    positive whole number.
    """
    size, channels, kernel = positive("size", size), positive("channels", channels), positive("kernel", kernel)
    weights = kernel * kernel * channels
    return Cost(weights * size * size, weights)


def pointwise(size: int, in_channels: int, out_channels: int) -> Cost:
    """Cost of a pointwise (1×1) convolution, `M·N·D_F·D_F` (section 3.1): it mixes the channels.

    From `[B, size, size, in_channels]` to `[B, size, size, out_channels]`. Raises `ValueError` if an argument
    is not a positive whole number.
    """
    return standard(size, in_channels, out_channels, kernel=1)


def separable(size: int, in_channels: int, out_channels: int, kernel: int = 3) -> Cost:
    """Cost of a depthwise separable convolution (section 3.1, equation 5): `depthwise`, then `pointwise`.

    The same shapes as `standard`. Raises `ValueError` if an argument is not a positive whole number.
    """
    # Checked here too: in the calls below, a bad `in_channels` would be reported under the name `channels`.
    positive("size", size), positive("in_channels", in_channels)
    return depthwise(size, in_channels, kernel) + pointwise(size, in_channels, out_channels)


def reduction(out_channels: int, kernel: int = 3) -> Fraction:
    """What a separable convolution costs as a share of the standard one, `1/N + 1/D_K²` (section 3.1), exactly.

    Raises `ValueError` if an argument is not a positive whole number.
    """
    out_channels, kernel = positive("out_channels", out_channels), positive("kernel", kernel)
    return Fraction(1, out_channels) + Fraction(1, kernel * kernel)


def positive(name: str, value: int) -> int:
    """`value` as an `int`; raises `ValueError` with the argument's `name` if it is not a positive whole number."""
    try:
        number = 0 if isinstance(value, bool) else index(value)
    except TypeError:
        number = 0
    if number < 1:
        raise ValueError(f"{name} must be a positive whole number, not {value!r}")
    return number


def is_number(value: object, kind: type = Real) -> bool:
    """Whether `value` is a number of that `kind`: truth values, with which Python counts, are none."""
    return isinstance(value, kind) and not isinstance(value, bool)
