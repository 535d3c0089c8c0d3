"""What a convolution costs, and of which parts a whole is made: chapters 1 to 3, 6 and 7."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from mobilenet_lib import architecture, costs
from mobilenet_lib.plots.style import COLORS, WIDTH, Picture, figure, label, styled


@styled
def reduction() -> Picture:
    """The cost of a separable convolution as a share of the standard one, against N and D_K, with both limits."""
    outputs = [layer.out_channels for layer in architecture.mobilenet() if layer.kind == "pointwise"]
    low, high = min(outputs), max(outputs)
    times = {count: float(1 / costs.reduction(count)) for count in (low, high)}
    alt = (
        "The cost of a separable convolution as a share of the standard one. Against the number of filters N, with "
        f"3 × 3 filters, it falls like 1/N and levels off at 1/9: in MobileNet, from N = {low} to {high:,}, it is "
        f"{times[low]:.1f} to {times[high]:.1f} times less. Against the filter side D_K, with N = {low}, it falls like "
        f"1/D_K² and levels off at 1/{low}."
    )
    picture, (left, right) = figure(WIDTH, 3.4, alt=alt, columns=2, sharey=True, width_ratios=[1.15, 1])
    counts, kernels, parts = [2**power for power in range(12)], range(1, 16, 2), (2, 4, 9, 16, 32, 64)
    left.axvspan(low, high, color=COLORS["fill"], lw=0)
    left.text(np.sqrt(low * high), 1, "MobileNet", ha="center", color=COLORS["muted"])
    _falling(left, {n: costs.reduction(n) for n in counts}, lambda n: 1 / n, "$1/N$", 1 / 9, "$1/D_K^2 = 1/9$")
    shares = {kernel: costs.reduction(low, kernel) for kernel in kernels}
    _falling(right, shares, lambda kernel: 1 / kernel**2, "$1/D_K^2$", 1 / low, f"$1/N = 1/{low}$")
    for count, fewer in times.items():
        left.plot(count, 1 / fewer, "o", color=COLORS["pointwise"], ms=7)
        label(left, f"1/{fewer:.1f}", (count, 1 / fewer), (0, 9), size=9.5)
    left.set_yticks([1, *(1 / part for part in parts)], ["1", *(f"1/{part}" for part in parts)])
    left.set_xticks(counts[::2], [f"{count:,}" for count in counts[::2]])
    right.set_xticks([1, 3, 5, 7, 11, 15], ["1", "3", "5", "7", "11", "15"])
    left.set(title="3 × 3 filters, more and more of them", xlabel="$N$, filters", ylabel="share of the standard cost")
    right.set(title=f"{low} filters, larger and larger", xlabel="$D_K$, side of a filter")
    return picture


def _falling(
    axes: Axes, shares: Mapping[int, Any], limit: Callable[[int], float], name: str, level: float, level_name: str
) -> None:
    """A curve that follows `limit` at first and then stays above `level`, on logarithmic axes, with both lines."""
    dots = {"color": COLORS["muted"], "linestyle": ":", "linewidth": 1.4}
    axes.plot(list(shares), [limit(x) for x in shares], **dots)
    axes.axhline(level, **dots)
    axes.plot(list(shares), [float(y) for y in shares.values()], "o-", color=COLORS["pointwise"], lw=2.4, ms=4)
    axes.set(xscale="log", yscale="log", ylim=(1 / 128, 1.6))
    axes.minorticks_off()
    axes.text(1, 0.9 * level, level_name, va="top", color=COLORS["muted"])
    near = next(x for x in shares if limit(x) < 3 * level)
    label(axes, name, (near, limit(near)), (-8, -6), color=COLORS["muted"], ha="right", size=9.5)


@styled
def stacked(
    bars: Mapping[str, Mapping[str, float]], *, alt: str, colors: Mapping[str, str], percent: bool = False
) -> Picture:
    """Bars made of parts, one below the other: `bars` maps the name of a bar to its parts and their values.

    `colors` maps each part to a name in `COLORS`, and is the legend. With `percent` each bar is a whole and its parts
    are shares of it. The alternative text is `alt`, then all parts.
    """
    wholes = {name: sum(parts.values()) for name, parts in bars.items()}

    def text(name: str, value: float) -> str:
        return f"{value / wholes[name]:.1%}" if percent else f"{value:,.0f}" if value >= 1000 else f"{value:,.6g}"

    said = "; ".join(
        f"{name}: {', '.join(f'{part} {text(name, value)}' for part, value in parts.items())}"
        for name, parts in bars.items()
    )
    picture, axes = figure(WIDTH, 0.7 + 0.5 * len(bars), alt=f"{alt.rstrip('.')}. {said}.")
    for row, (name, parts) in enumerate(bars.items()):
        left, scale = 0.0, wholes[name] if percent else max(wholes.values())
        for part, value in parts.items():
            width = value / scale
            axes.barh(row, width, 0.62, left, color=COLORS[colors[part]], edgecolor=COLORS["paper"], lw=0.6)
            if width >= 0.07:
                middle = left + width / 2
                axes.text(middle, row, text(name, value), color=COLORS["paper"], size=9, ha="center", va="center")
            left += width
        if not percent:
            axes.text(left + 0.01, row, text(name, wholes[name]), ha="left", va="center", weight="bold")
    axes.set_yticks(range(len(bars)), list(bars))
    axes.set(ylim=(len(bars) - 0.5, -0.5), xlim=(0, 1 if percent else 1.1), xticks=[])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.grid(False)
    for part, color in colors.items():
        axes.bar(0, 0, color=COLORS[color], label=part)
    picture.legend(loc="outside lower center", ncols=len(colors), handlelength=1, handleheight=1)
    return picture
