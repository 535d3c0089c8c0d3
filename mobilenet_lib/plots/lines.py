"""One line for each of some series: chapters 5 to 7."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import PercentFormatter

from mobilenet_lib.plots.style import CYCLE, WIDTH, Picture, figure, one_each, plain, styled, ticks


def _from_to(values: Sequence[float]) -> str:
    """Where a line starts and ends, and its lowest and highest point where those are others."""
    first, last, low, high = (f"{value:.2g}" for value in (values[0], values[-1], min(values), max(values)))
    beyond = [f"lowest {low}"] * (low not in (first, last)) + [f"highest {high}"] * (high not in (first, last))
    return ", ".join([f"from {first} to {last}", *beyond])


@styled
def by_depth(
    series: Mapping[str, Sequence[float]], names: Sequence[str], *, alt: str, ylabel: str, log: bool = True
) -> Picture:
    """One number a layer, from the first layer to the last: one line for each of `series`, all as long as `names`.

    `alt` says what the number is; where each line starts and ends is added, and how far it goes beyond.
    """
    one_each("layers", len(names), **series)
    said = "; ".join(f"{name}: {_from_to(values)}" for name, values in series.items())
    picture, axes = figure(alt=f"{alt.rstrip('.:')}, {names[0]} to {names[-1]}. {said}.")
    for (name, values), color, marker in zip(series.items(), CYCLE, "os^Dv", strict=False):
        axes.plot(range(len(names)), values, color=color, marker=marker, ms=4.5, label=name)
    axes.set(yscale="log" if log else "linear", ylabel=ylabel)
    if log:
        plain(axes.yaxis)
    axes.set_xticks(range(len(names)), names, rotation=90 if len(names) > 8 else 0)
    picture.legend(loc="outside lower center", ncols=2)
    return picture


@styled
def over_seeds(series: Mapping[str, Mapping[float, Sequence[float]]], *, alt: str, xlabel: str) -> Picture:
    """What runs with several seeds reached at each of some settings: a dot a run, a line through their means.

    `series` maps the name of a line to accuracies by setting. `alt` says what is shown; the means are added.
    """
    said = (
        f"{name}: {', '.join(f'{np.mean(values):.1%} at {at:g}' for at, values in points.items())}"
        for name, points in series.items()
    )
    picture, axes = figure(alt=f"{alt.rstrip('.:')}. {'; '.join(said)}.")
    for (name, points), color, marker in zip(series.items(), CYCLE, "os^Dv", strict=False):
        axes.plot(list(points), [np.mean(values) for values in points.values()], color=color, marker=marker, label=name)
        for at, values in points.items():
            if len(values) > 1:
                axes.plot([at] * len(values), values, ".", color=color, ms=4)
    axes.set_xscale("log")
    ticks(axes.xaxis, (at for points in series.values() for at in points))
    axes.legend()
    axes.set(xlabel=xlabel, ylabel="validation accuracy")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    return picture


@styled
def learning_rate(rates: Mapping[str, Sequence[float]]) -> Picture:
    """The learning rate at every step of a training: one line for each of `rates`."""
    said = []
    for name, values in rates.items():
        steps = sorted({0, int(np.argmax(values)), len(values) - 1})
        changes = ", ".join(f"{values[step]:.2g} at step {step + 1:,}" for step in steps)
        said.append(f"{name}: {changes if min(values) < max(values) else f'{values[0]:.2g} all the time'}")
    picture, axes = figure(WIDTH, 2.4, alt=f"The learning rate over a training. {'; '.join(said)}.")
    for (name, values), color in zip(rates.items(), CYCLE, strict=False):
        axes.plot(range(1, len(values) + 1), values, color=color, lw=2, label=name)
    axes.set(xlabel="step", ylabel="learning rate", ylim=(0, None))
    axes.legend()
    return picture


@styled
def paths(panels: Mapping[str, Mapping[str, Sequence[Sequence[float]]]], *, alt: str) -> Picture:
    """Accuracy against Mult-Adds along several ways to a cheaper network: a panel each, a line each way.

    `panels` maps titles to ways, and these a name to points (million Mult-Adds, accuracy in percent), where an interval
    may follow: low and high. `alt` says what there is to see; where each line begins and ends is added.
    """
    names = list(dict.fromkeys(name for ways in panels.values() for name in ways))
    said = [
        f"{title}, {name}: " + " to ".join(f"{points[end][1]:.1f}% at {points[end][0]:,.3g}" for end in (0, -1))
        for title, ways in panels.items()
        for name, points in ways.items()
    ]
    picture, row = figure(
        WIDTH,
        3.6,
        alt=f"{alt.rstrip('.')}. {'; '.join(said)} million.",
        columns=len(panels),
        sharey=True,
        squeeze=False,
    )
    for axes, (title, ways) in zip(row[0], panels.items(), strict=True):
        for name, points in ways.items():
            style = {"color": CYCLE[names.index(name)], "marker": "os^Dv"[names.index(name)], "label": name}
            costs, accuracies, *interval = zip(*points, strict=True)
            if interval:
                errors = np.abs(np.array(interval) - accuracies)
                axes.errorbar(costs, accuracies, errors, capsize=3, elinewidth=1, lw=1.5, **style)
            else:
                axes.plot(costs, accuracies, lw=1.5, **style)
        axes.set(xscale="log", xlabel="million Mult-Adds", title=title)
        plain(axes.xaxis)
    row[0][0].set_ylabel("accuracy (%)")
    handles, labels = row[0][0].get_legend_handles_labels()
    picture.legend(handles, labels, loc="outside lower center", ncols=len(names))
    return picture
