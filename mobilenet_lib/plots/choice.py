"""Which of many models to take: chapter 4."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from mobilenet_lib.plots.style import COLORS, WIDTH, Picture, figure, label, logarithmic, styled

# α, as the figures of chapter 4 show it: from dark to bright, so that it reads in gray too, and by marker.
ALPHAS = {1.0: ("#3b0f70", "o"), 0.75: ("#8c2981", "s"), 0.5: ("#cf3f6c", "^"), 0.25: ("#d65f00", "D")}


@styled
def tradeoff(models: Sequence[Any], *, front: Sequence[Any], trend: tuple[float, float]) -> Picture:
    """Accuracy against Mult-Adds: Figure 4 of the paper.

    `models` have `alpha`, `resolution`, `top1` in percent and `mult_adds` in millions. Color and marker tell α, the
    number beside a point is the resolution. Models of the Pareto `front` are filled and joined. `trend` draws the line
    of (points per doubling, accuracy at one million).
    """
    low, high = (pick(models, key=lambda m: (m.top1, -m.mult_adds)) for pick in (min, max))
    beaten = [m for m in models if m not in front]
    alt = (
        f"Accuracy against Mult-Adds on a logarithmic axis. {len(models)} MobileNets, from {low.top1:.1f}% at "
        f"{low.mult_adds:,.3g} to {high.top1:.1f}% at {high.mult_adds:,.3g} million. {len(beaten)} of {len(models)} "
        f"are beaten by another: {', '.join(f'{m.alpha}-{m.resolution}' for m in beaten)}. A line rises by "
        f"{trend[0]:.1f} points per doubling."
    )
    picture, axes = figure(WIDTH, 4.2, alt=alt)
    points = sorted((m.mult_adds, m.top1) for m in front)
    axes.plot(*zip(*points, strict=True), color=COLORS["line"], lw=2.5, zorder=1)
    for m in models:
        mark(axes, m, m.mult_adds, m.top1, hollow=m in beaten)
        # Of the two largest widths, whose points are close, one has its labels above and the other below.
        place = {1.0: (0, -14), 0.75: (0, 7)}.get(m.alpha, (4, -10)) if m not in beaten else (4, -10)
        label(axes, f"{m.resolution}", (m.mult_adds, m.top1), place, ha="left" if place[0] else "center")
    ends = np.array([low.mult_adds, high.mult_adds])
    axes.plot(ends, trend[0] * np.log2(ends) + trend[1], ":", color=COLORS["ink"], lw=1.3)
    axes.set(xlabel="million Mult-Adds", ylabel="top-1 accuracy (%)")
    axes.margins(x=0.12, y=0.1)
    logarithmic(axes, "x")
    handles = [
        *alphas(models),
        Line2D([], [], color=COLORS["line"], lw=2.5, label="Pareto front"),
        Line2D([], [], ls="none", marker="o", mfc="none", color=COLORS["muted"], label="beaten by another"),
        Line2D([], [], ls=":", color=COLORS["ink"], lw=1.3, label=f"{trend[0]:.1f} points a doubling"),
    ]
    picture.legend(handles=handles, loc="outside lower center", ncols=4, columnspacing=1.4, handletextpad=0.4)
    return picture


@styled
def budget(panels: Mapping[str, tuple[Sequence[Any], int, Any]], mult_adds: float, megabytes: float) -> Picture:
    """Which models fit into `mult_adds` (millions) and `megabytes`, one panel a title.

    `panels` maps titles to models with `alpha`, `resolution`, `mult_adds`, `params` (both in millions) and `top1`, to
    the bytes that a parameter takes, and to the model that was chosen, or None. The number above a point is its
    accuracy.
    """
    said = []
    for title, (models, width, chosen) in panels.items():
        fitting = sum(m.mult_adds <= mult_adds and m.params * width <= megabytes for m in models)
        choice = f", {chosen.alpha}-{chosen.resolution} is the best with {chosen.top1}%" if chosen else ""
        said.append(f"{title}: {fitting} of {len(models)} fit{choice}.")
    alt = f"Size against Mult-Adds, with a frame around {mult_adds} million and {megabytes} MB. {' '.join(said)}"
    picture, row = figure(WIDTH, 4.0, alt=alt, columns=len(panels), sharey=True, squeeze=False)
    everyone = [(m, m.params * width) for models, width, _ in panels.values() for m in models]
    (left, right), (low, high) = (
        (0.6 * min(sizes), 1.7 * max(sizes))
        for sizes in ([m.mult_adds for m, _ in everyone], [size for _, size in everyone])
    )
    for axes, (title, (models, width, chosen)) in zip(row[0], panels.items(), strict=True):
        axes.set(xlim=(left, right), ylim=(low, high), xlabel="million Mult-Adds", title=title)
        axes.add_patch(Rectangle((left, low), mult_adds - left, megabytes - low, fc=COLORS["fill"], ec=COLORS["muted"]))
        for m in models:
            mark(axes, m, m.mult_adds, m.params * width)
            weight = "bold" if m == chosen else "normal"
            point = (m.mult_adds, m.params * width)
            label(axes, f"{m.top1:.0f}", point, (0, 8), weight=weight)
        if chosen is not None:
            axes.plot(chosen.mult_adds, chosen.params * width, "o", ms=13, mfc="none", mec=COLORS["ink"], mew=1.5)
        logarithmic(axes, "xy")
    row[0][0].set_ylabel("megabytes")
    picture.legend(handles=alphas(m for m, _ in everyone), loc="outside lower center", ncols=4)
    return picture


def mark(axes: Axes, model: Any, x: float, y: float, *, hollow: bool = False) -> None:
    color, marker = ALPHAS.get(model.alpha, (COLORS["muted"], "v"))
    axes.plot(x, y, marker, color=color, mfc=COLORS["paper"] if hollow else color, mew=1.4, ms=6, ls="none")


def alphas(models: Iterable[Any]) -> list[Line2D]:
    """A legend of the α there are."""
    return [
        Line2D([], [], ls="none", marker=marker, color=color, label=f"α = {alpha:g}")
        for alpha in sorted({model.alpha for model in models}, reverse=True)
        for color, marker in [ALPHAS.get(alpha, (COLORS["muted"], "v"))]
    ]
