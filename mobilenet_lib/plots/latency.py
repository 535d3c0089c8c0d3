"""How long models take, and why: chapters 6 and 7."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from mobilenet_lib.plots.choice import alphas, mark
from mobilenet_lib.plots.style import COLORS, WIDTH, Picture, figure, one_each, plain, styled


@styled
def time_against(models: Sequence[Any], times: Sequence[Any], quantities: Mapping[str, Sequence[float]]) -> Picture:
    """How long models take against what they cost: a panel for each of `quantities`, all axes logarithmic.

    `models` have an `alpha`, `times` `quartiles` in milliseconds, and `quantities` map what stands at an axis to a
    number for each model. A mark stands at the lower quartile, its line ends at the upper one. On the dotted line time
    is proportional to the quantity. Raises `ValueError` unless there is a time and a number for each model.
    """
    one_each("models", len(models), times=times, **quantities)
    taken = np.array([each.quartiles[0] for each in times])
    said = []
    for name, values in quantities.items():
        pairs = list(combinations(zip(values, taken, strict=True), 2))
        wrong = sum((a - b) * (s - t) < 0 for (a, s), (b, t) in pairs)
        said.append(f"{name}: of {len(pairs)} pairs, in {wrong} the one with less takes longer")
    alt = (
        f"Time for one image, lower quartiles, against what {len(models)} models cost, from {taken.min():.3g} to "
        f"{taken.max():.3g} ms. {'; '.join(said)}."
    )
    picture, row = figure(alt=alt, columns=len(quantities), sharey=True, squeeze=False)
    for axes, (name, values) in zip(row[0], quantities.items(), strict=True):
        ends = np.array([min(values), max(values)])
        rate = np.exp(np.mean(np.log(taken / np.asarray(values, float))))
        axes.plot(ends, rate * ends, ":", color=COLORS["ink"], lw=1.3)
        for model, value, each in zip(models, values, times, strict=True):
            axes.plot([value, value], each.quartiles, color=COLORS["line"], lw=2.5, zorder=1)
            mark(axes, model, value, each.quartiles[0])
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
    Mult-Adds per second, `bandwidths` maps where data come from to bytes per second, both in billions.
    """
    said = []
    for kind, pairs in points.items():
        intensity, speed = np.median(pairs, axis=0)
        said.append(f"{kind}: {intensity:.2g} Mult-Adds per byte, {speed:.3g} billion per second")
    roofs = ", ".join(f"{name} {speed:.3g} GB/s" for name, speed in bandwidths.items())
    alt = (
        f"Roofline. At most {peak:.3g} billion Mult-Adds per second; {roofs}. Medians of the layers: {'; '.join(said)}."
    )
    picture, axes = figure(WIDTH, 3.8, alt=alt)
    everywhere = [x for pairs in points.values() for x, _ in pairs] + [peak / speed for speed in bandwidths.values()]
    x = np.geomspace(0.6 * min(everywhere), 1.7 * max(everywhere), 200)
    for (name, speed), dashes in zip(bandwidths.items(), ("-", "--", ":"), strict=False):
        roof = np.minimum(peak, speed * x)
        axes.plot(x, roof, dashes, color=COLORS["ink"], lw=1.4, label=f"{name}: {speed:.3g} GB/s")
    for (kind, pairs), marker in zip(points.items(), "os^D", strict=False):
        axes.plot(*zip(*pairs, strict=True), marker, color=COLORS[kind], ms=5.5, label=kind)
    axes.set(xscale="log", yscale="log", xlabel="Mult-Adds per byte", ylabel="billion Mult-Adds per second")
    axes.margins(y=0.1)
    plain(axes.xaxis), plain(axes.yaxis)
    picture.legend(loc="outside lower center", ncols=3)
    return picture
