"""How a training went, and how good the model is: chapter 5."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from mobilenet_lib.plots.style import COLORS, CYCLE, Picture, figure, styled


@styled
def curves(
    histories: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    metrics: Sequence[str] = ("loss", "accuracy"),
    live: str | None = None,
) -> Picture:
    """Training curves: one panel a metric, one color a run, validation solid and training dashed.

    `histories` maps the name of a run to its metrics per epoch, as in Keras' `History.history` (`accuracy`,
    `val_accuracy` …); what a run lacks is left out. The run named `live` was trained on this page and stands out.
    """
    said = [
        f"{name}: {what} goes from {values[0]:.3f} to {values[-1]:.3f} in {len(values)} epoch{'s' * (len(values) > 1)}"
        for what in metrics
        for name, history in histories.items()
        if (values := history.get(f"val_{what}", history.get(what)))
    ]
    validated = any(f"val_{metric}" in history for history in histories.values() for metric in metrics)
    drawn = ", solid on validation, dashed on training" if validated else ""
    alt = f"Training curves of {' and '.join(metrics)}{drawn}. {'; '.join(said)}."
    picture, panels = figure(alt=alt, columns=len(metrics), squeeze=False)
    others = cycle(color for color in CYCLE if color != COLORS["live"] or live is None)
    colors = {name: COLORS["live"] if name == live else next(others) for name in histories}
    for axes, metric in zip(panels[0], metrics, strict=True):
        for name, history in histories.items():
            for key, dashes, width in ((metric, "--" if validated else "-", 1.1), (f"val_{metric}", "-", 2.0)):
                if values := history.get(key):
                    marker = "o" if len(values) == 1 or (name == live and dashes == "-") else None
                    style = {"color": colors[name], "lw": width, "marker": marker, "ms": 3.5}
                    axes.plot(range(1, len(values) + 1), values, dashes, zorder=3 if name == live else 2, **style)
        axes.set(title=metric.replace("_", " ").capitalize(), xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if "accuracy" in metric:
            axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    lines = [Line2D([], [], color=color, label=name) for name, color in colors.items()]
    if validated:
        lines.append(Line2D([], [], color=COLORS["muted"], label="validation"))
        lines.append(Line2D([], [], color=COLORS["muted"], ls="--", lw=1.1, label="training"))
    picture.legend(handles=lines, loc="outside lower center", ncols=min(4, len(histories) + 2))
    return picture


@styled
def confusion(matrix: Sequence[Sequence[int]], class_names: Sequence[str]) -> Picture:
    """The confusion matrix: `matrix[i][j]` images of class i were taken for class j."""
    counts, size = np.asarray(matrix), len(class_names)
    said = "; ".join(
        f"of {row.sum():,} {name}s, {row[i]:,} are recognized ({_share(row[i], row.sum())})"
        for i, (name, row) in enumerate(zip(class_names, counts, strict=True))
    )
    alt = f"Confusion matrix: {said}. All in all {_share(np.trace(counts), counts.sum())} are right."
    picture, axes = figure(1.6 + 1.2 * size, 1.1 + 0.9 * size, alt=alt)
    for (i, j), count in np.ndenumerate(counts):
        whole = counts[i].sum()
        strength = 0.08 + 0.62 * count / max(1, whole)
        color = COLORS["right" if i == j else "wrong"]
        axes.fill([j, j + 1, j + 1, j], [i, i, i + 1, i + 1], color=color, alpha=strength, lw=0)
        axes.text(j + 0.5, i + 0.42, f"{count:,}", ha="center", va="center", size=13, weight="bold")
        axes.text(j + 0.5, i + 0.72, _share(count, whole), ha="center", va="center", size=9)
    ticks = np.arange(size) + 0.5
    axes.set(xlim=(0, size), ylim=(size, 0), xlabel="taken for", ylabel="is")
    axes.set_xticks(ticks, class_names), axes.set_yticks(ticks, class_names)
    axes.grid(False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.hlines(range(1, size), 0, size, color=COLORS["paper"], lw=2)
    axes.vlines(range(1, size), 0, size, color=COLORS["paper"], lw=2)
    return picture


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


@styled
def calibration(confidence: Any, right: Any) -> Picture:
    """How often a model is right when it says how sure it is, in ten steps from 50 to 100%.

    `confidence` `[N]` is the probability of the predicted class of two, `right` `[N]` whether it was the right one.
    A bar at the diagonal keeps its word.
    """
    confidence, right = np.asarray(confidence, float), np.asarray(right, bool)
    edges = np.linspace(0.5, 1, 11)
    place = np.clip(np.digitize(confidence, edges) - 1, 0, 9)
    counts = np.bincount(place, minlength=10)
    share = np.bincount(place, right, 10) / np.maximum(counts, 1)
    said, kept = confidence.mean(), right.mean()
    alt = (
        f"Calibration: how often the model is right, against how sure it says it is. On average it says {said:.0%} "
        f"and is right {kept:.0%} of the time, so it is {'too sure' if said > kept else 'not sure enough'} by "
        f"{abs(said - kept):.1%}."
    )
    picture, (top, bottom) = figure(4.6, 4.2, alt=alt, rows=2, sharex=True, height_ratios=[3, 1])
    middle = (edges[:-1] + edges[1:]) / 2
    top.bar(middle, share, 0.045, color=COLORS["recorded"])
    top.plot([0.5, 1], [0.5, 1], "--", color=COLORS["ink"], lw=1.2, label="keeps its word")
    top.set(ylabel="is right", ylim=(0, 1.02), xlim=(0.5, 1))
    top.legend(loc="upper left")
    bottom.bar(middle, counts, 0.045, color=COLORS["muted"])
    bottom.set(ylabel="images", xlabel="says it is sure")
    bottom.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    for axis in (top.xaxis, top.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    return picture
