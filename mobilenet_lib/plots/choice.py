"""Which of many models to take: chapter 4."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from mobilenet_lib.plots.style import COLORS, WIDTH, Picture, figure, plain, styled

# α, as the figures of chapter 4 show it: from dark to bright, so that it reads in gray too, and by marker.
ALPHAS = {1.0: ("#3b0f70", "o"), 0.75: ("#8c2981", "s"), 0.5: ("#cf3f6c", "^"), 0.25: ("#d65f00", "D")}


@styled
def scaling(alpha: Mapping[float, Any], rho: Mapping[float, Any]) -> Picture:
    """What each multiplier leaves of the whole cost, beside its square.

    Both map values of a multiplier to the `Cost` of the network; that at 1 is the whole. Raises `ValueError` if 1 is
    not among them.
    """
    said = []
    for name, points in (("alpha", alpha), ("rho", rho)):
        if 1 not in points:
            raise ValueError(f"{name} must have the cost at 1, not only at {', '.join(map(str, points))}")
        least = min(points)
        work, size = (getattr(points[least], what) / getattr(points[1], what) for what in ("mult_adds", "params"))
        said.append(
            f"{name} = {least:.3g} leaves {100 * work:.3g}% of the Mult-Adds, {100 * size:.3g}% of the parameters"
        )
    alt = f"Cost against each multiplier, beside its square: {'; '.join(said)}. Only alpha saves parameters."
    picture, panels = figure(WIDTH, 3.1, alt=alt, columns=2, sharey=True)
    fine = np.linspace(0, 1, 101)
    titles = ("width multiplier α", "resolution multiplier ρ")
    for axes, title, points in zip(panels, titles, (alpha, rho), strict=True):
        axes.plot(fine, fine**2, ":", color=COLORS["ink"], lw=1.3, label="square of the multiplier")
        for what, label, color, marker in (
            ("params", "parameters", COLORS["dense"], "s"),
            ("mult_adds", "Mult-Adds", COLORS["pointwise"], "o"),
        ):
            shares = [getattr(points[x], what) / getattr(points[1], what) for x in sorted(points)]
            axes.plot(sorted(points), shares, color=color, marker=marker, ms=4, lw=1.5, label=label)
        axes.set(xlim=(0, 1.02), ylim=(0, 1.08), xlabel=title)
    panels[0].set_ylabel("share of the cost at 1")
    panels[0].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    picture.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return picture


@styled
def tradeoff(
    panels: Mapping[str, Sequence[Any]],
    cost: str = "mult_adds",
    *,
    front: Iterable[Any] = (),
    others: Sequence[Any] = (),
    trend: tuple[float, float] | None = None,
) -> Picture:
    """Accuracy against cost, one panel a title: Figures 4 and 5 of the paper.

    `panels` maps titles to models with `alpha`, `resolution`, `top1` in percent, `mult_adds` and `params` in millions;
    `cost` is one of the last two. Color and marker tell α, the number beside a point is the resolution. Models of
    the Pareto `front` are filled and joined. `others` are networks with a `name` in place of α and resolution. `trend`
    draws the line of (points per doubling, accuracy at one million). Raises `ValueError` if a panel is empty or for
    another `cost`.
    """
    labels = {"mult_adds": "million Mult-Adds", "params": "million parameters"}
    if cost not in labels:
        raise ValueError(f"cost must be 'mult_adds' or 'params', not {cost!r}")
    if not panels or not all(panels.values()):
        raise ValueError("panels must each hold at least one model, not none")
    front = list(front)
    said = []
    for title, models in panels.items():
        low, high = (pick(models, key=lambda m: (m.top1, -getattr(m, cost))) for pick in (min, max))
        ends = [f"{m.top1:.1f}% at {getattr(m, cost):,.3g}" for m in (low, high)]
        beaten = [f"{m.alpha}-{m.resolution}" for m in models if m not in front] if front else []
        off = f"; {len(beaten)} of {len(models)} are beaten by another: {', '.join(beaten)}" if beaten else ""
        said.append(f"{title}: from {ends[0]} to {ends[1]} {labels[cost]}{off}.")
    if others:
        listed = (f"{other.name} with {other.top1}% at {getattr(other, cost):,.5g}" for other in others)
        said.append(f"Beside them {', '.join(listed)} {labels[cost]}.")
    if trend is not None:
        said.append(f"A line rises by {trend[0]:.1f} points per doubling.")
    alt = f"Accuracy against {labels[cost]} on a logarithmic axis. {' '.join(said)}"
    picture, row = figure(WIDTH, 4.2, alt=alt, columns=len(panels), squeeze=False)
    for axes, (title, models) in zip(row[0], panels.items(), strict=True):
        best = sorted((getattr(m, cost), m.top1) for m in models if m in front)
        if best:
            axes.plot(*zip(*best, strict=True), color=COLORS["line"], lw=2.5, zorder=1)
        for m in models:
            hollow = bool(front) and m not in front
            mark(axes, m, getattr(m, cost), m.top1, hollow=hollow)
            # Side by side or one above the other, neighbors put their labels on opposite sides.
            if cost == "params":
                place = (-7, -3) if m.resolution % 64 == 0 else (7, -3)
            else:
                place = (-4, 4) if m.alpha == 0.75 else (4, 5) if m.alpha == 0.25 and hollow else (4, -10)
            side = "right" if place[0] < 0 else "left"
            axes.annotate(
                f"{m.resolution}", (getattr(m, cost), m.top1), place, textcoords="offset points", ha=side, size=9
            )
        for i, other in enumerate(sorted(others, key=lambda other: getattr(other, cost))):
            point, place = (getattr(other, cost), other.top1), (0, -15 if i % 2 else 8)
            axes.plot(*point, "X", color=COLORS["muted"], ms=6)
            axes.annotate(other.name, point, place, textcoords="offset points", ha="center", size=9)
        if trend is not None:
            ends = np.array([pick(getattr(m, cost) for m in models) for pick in (min, max)])
            axes.plot(ends, trend[0] * np.log2(ends) + trend[1], ":", color=COLORS["ink"], lw=1.3)
        axes.set(xscale="log", xlabel=labels[cost], title=title)
        axes.margins(x=0.12, y=0.1)
        plain(axes.xaxis)
    row[0][0].set_ylabel("top-1 accuracy (%)")
    handles = alphas(m for models in panels.values() for m in models)
    if front:
        handles.append(Line2D([], [], color=COLORS["line"], lw=2.5, label="Pareto front"))
        handles.append(
            Line2D([], [], ls="none", marker="o", mfc="none", color=COLORS["muted"], label="beaten by another")
        )
    if trend is not None:
        handles.append(Line2D([], [], ls=":", color=COLORS["ink"], lw=1.3, label=f"{trend[0]:.1f} points a doubling"))
    columns = 4 if len(handles) > 6 else len(handles)
    picture.legend(handles=handles, loc="outside lower center", ncols=columns, columnspacing=1.4, handletextpad=0.4)
    return picture


@styled
def budget(panels: Mapping[str, tuple[Sequence[Any], Any]], mult_adds: float, megabytes: float) -> Picture:
    """Which models fit into `mult_adds` (millions) and `megabytes`, one panel a title.

    `panels` maps titles to models with `alpha`, `resolution`, `mult_adds`, `megabytes` and `top1`, and to the one of
    them that was chosen, or None. The number above a point is its accuracy. Raises `ValueError` if a panel is empty.
    """
    if not panels or not all(models for models, _ in panels.values()):
        raise ValueError("panels must each hold at least one model, not none")
    said = []
    for title, (models, chosen) in panels.items():
        fitting = sum(m.mult_adds <= mult_adds and m.megabytes <= megabytes for m in models)
        choice = f", {chosen.alpha}-{chosen.resolution} is the best with {chosen.top1}%" if chosen else ""
        said.append(f"{title}: {fitting} of {len(models)} fit{choice}.")
    alt = f"Size against Mult-Adds, with a frame around {mult_adds} million and {megabytes} MB. {' '.join(said)}"
    picture, row = figure(WIDTH, 4.0, alt=alt, columns=len(panels), sharey=True, squeeze=False)
    everyone = [m for models, _ in panels.values() for m in models]
    (left, right), (low, high) = (
        (0.6 * min(sizes), 1.7 * max(sizes))
        for sizes in ([m.mult_adds for m in everyone], [m.megabytes for m in everyone])
    )
    for axes, (title, (models, chosen)) in zip(row[0], panels.items(), strict=True):
        axes.set(
            xscale="log", yscale="log", xlim=(left, right), ylim=(low, high), xlabel="million Mult-Adds", title=title
        )
        axes.add_patch(Rectangle((left, low), mult_adds - left, megabytes - low, fc=COLORS["fill"], ec=COLORS["muted"]))
        for m in models:
            mark(axes, m, m.mult_adds, m.megabytes)
            weight = "bold" if m == chosen else "normal"
            point = (m.mult_adds, m.megabytes)
            axes.annotate(
                f"{m.top1:.0f}", point, (0, 8), textcoords="offset points", ha="center", size=9, weight=weight
            )
        if chosen is not None:
            axes.plot(chosen.mult_adds, chosen.megabytes, "o", ms=13, mfc="none", mec=COLORS["ink"], mew=1.5)
        plain(axes.xaxis), plain(axes.yaxis)
    row[0][0].set_ylabel("megabytes")
    picture.legend(handles=alphas(everyone), loc="outside lower center", ncols=4)
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
