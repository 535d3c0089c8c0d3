"""How long models take, and why: chapters 6 and 7."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from mobilenet_lib.plots.choice import alphas, mark
from mobilenet_lib.plots.style import COLORS, WIDTH, Picture, figure, plain, styled


@styled
def durations(times: Mapping[str, Any]) -> Picture:
    """How long each model takes for one image: the median as a dot, the middle half of the runs as a bar.

    The values of `times` have `median` and `quartiles` in milliseconds, as those of `tflite.latency` do. Raises
    `ValueError` if there is none.
    """
    if not times:
        raise ValueError("times must hold at least one model, not none")
    said = ", ".join(f"{name} {taken.median:.3g} ms" for name, taken in times.items())
    picture, axes = figure(WIDTH, 0.8 + 0.35 * len(times), alt=f"Time for one image, medians: {said}.")
    for row, taken in enumerate(times.values()):
        low, high = taken.quartiles
        axes.plot([low, high], [row, row], color=COLORS["live"], lw=7, alpha=0.35, solid_capstyle="butt")
        axes.plot(taken.median, row, "o", color=COLORS["live"], ms=6)
        axes.annotate(
            f"{taken.median:.3g}", (taken.median, row), (0, 7), textcoords="offset points", ha="center", size=9
        )
    axes.set_yticks(range(len(times)), list(times))
    axes.set(xlabel="milliseconds for one image", xlim=(0, None), ylim=(len(times) - 0.5, -0.7))
    axes.grid(False, axis="y")
    return picture


@styled
def time_against(models: Sequence[Any], times: Sequence[Any], quantities: Mapping[str, Sequence[float]]) -> Picture:
    """How long models take against what they cost: a panel for each of `quantities`, all axes logarithmic.

    `models` have an `alpha`, `times` a `median` and `quartiles` in milliseconds, and `quantities` map what stands at an
    axis to a number for each model. On the dotted line time is proportional to the quantity. Raises `ValueError` if
    there is no quantity, or unless there is a time and a number for each model.
    """
    if not quantities:
        raise ValueError("quantities must hold at least one, not none")
    for name, values in {"times": times, **quantities}.items():
        if len(values) != len(models):
            raise ValueError(f"{name} must be one for each of the {len(models)} models, not {len(values)}")
    medians = np.array([taken.median for taken in times])
    said = []
    for name, values in quantities.items():
        wrong = sum((a - b) * (s - t) < 0 for (a, s), (b, t) in combinations(zip(values, medians, strict=True), 2))
        said.append(
            f"{name}: of {len(models) * (len(models) - 1) // 2} pairs, in {wrong} the one with less takes longer"
        )
    picture, row = figure(
        WIDTH,
        3.2,
        alt=f"Time for one image against what {len(models)} models cost, from {medians.min():.3g} to "
        f"{medians.max():.3g} ms. {'; '.join(said)}.",
        columns=len(quantities),
        sharey=True,
        squeeze=False,
    )
    for axes, (name, values) in zip(row[0], quantities.items(), strict=True):
        ends = np.array([min(values), max(values)])
        rate = np.exp(np.mean(np.log(medians / np.asarray(values, float))))
        axes.plot(ends, rate * ends, ":", color=COLORS["ink"], lw=1.3)
        for model, value, taken in zip(models, values, times, strict=True):
            axes.plot([value, value], taken.quartiles, color=COLORS["line"], lw=2.5, zorder=1)
            mark(axes, model, value, taken.median)
        axes.set(xscale="log", yscale="log", xlabel=name)
        plain(axes.xaxis), plain(axes.yaxis)
        axes.tick_params(axis="x", labelrotation=45)
    row[0][0].set_ylabel("milliseconds for one image")
    handles = [*alphas(models), Line2D([], [], ls=":", color=COLORS["ink"], lw=1.3, label="proportional")]
    picture.legend(handles=handles, loc="outside lower center", ncols=5)
    return picture


@styled
def roofline(
    points: Mapping[str, Sequence[tuple[float, float]]], peak: float, bandwidths: Mapping[str, float]
) -> Picture:
    """Layers below the roof of a machine (Williams, Waterman and Patterson 2009), both axes logarithmic.

    `points` maps kinds of layers to pairs (Mult-Adds per byte, billion Mult-Adds per second). `peak` is the most
    Mult-Adds per second, `bandwidths` maps where data come from to bytes per second, both in billions. Raises
    `ValueError` if there is no point or no bandwidth.
    """
    if not any(points.values()):
        raise ValueError("points must hold at least one layer, not none")
    if not bandwidths:
        raise ValueError("bandwidths must hold at least one, not none")
    said = [
        f"{kind}: {np.median([x for x, _ in pairs]):.2g} Mult-Adds per byte, {np.median([y for _, y in pairs]):.3g} "
        "billion per second"
        for kind, pairs in points.items()
    ]
    roofs = ", ".join(f"{name} {speed:.3g} GB/s" for name, speed in bandwidths.items())
    picture, axes = figure(
        WIDTH,
        3.8,
        alt=f"Roofline. At most {peak:.3g} billion Mult-Adds per second; {roofs}. Medians of the layers: "
        f"{'; '.join(said)}.",
    )
    everywhere = [x for pairs in points.values() for x, _ in pairs] + [peak / speed for speed in bandwidths.values()]
    x = np.geomspace(0.6 * min(everywhere), 1.7 * max(everywhere), 200)
    for (name, speed), dashes in zip(bandwidths.items(), ("-", "--", ":"), strict=False):
        label = f"{name}: {speed:.3g} GB/s"
        axes.plot(x, np.minimum(peak, speed * x), dashes, color=COLORS["ink"], lw=1.4, label=label)
    for (kind, pairs), marker in zip(points.items(), "os^D", strict=False):
        axes.plot(*zip(*pairs, strict=True), marker, color=COLORS[kind], ms=5.5, label=kind)
    axes.set(xscale="log", yscale="log", xlabel="Mult-Adds per byte", ylabel="billion Mult-Adds per second")
    axes.margins(y=0.1)
    plain(axes.xaxis), plain(axes.yaxis)
    picture.legend(loc="outside lower center", ncols=3)
    return picture
