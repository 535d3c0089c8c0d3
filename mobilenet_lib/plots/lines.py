"""One line for each of some series, and layers below the roof of a machine: chapters 2 to 5 and 7 to 9."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import PercentFormatter

from mobilenet_lib.plots.style import COLORS, CYCLE, WIDTH, Picture, figure, logarithmic, one_each, styled


def _from_to(values: Sequence[float]) -> str:
    """Where a line starts and ends, and its lowest and highest point where those are others."""
    first, last, low, high = (f"{value:,.3g}" for value in (values[0], values[-1], min(values), max(values)))
    beyond = [f"lowest {low}"] * (low not in (first, last)) + [f"highest {high}"] * (high not in (first, last))
    return ", ".join([f"from {first} to {last}", *beyond])


def _families(names: Sequence[str]) -> dict[str, tuple[int, bool]]:
    """Each name's place in the colors, and whether it is named after another one: "X, …" stands beside X."""
    head = {name: first if (first := name.partition(",")[0]) in names else name for name in names}
    places = {name: place for place, name in enumerate(dict.fromkeys(head.values()))}
    return {name: (places[head[name]], head[name] != name) for name in names}


@styled
def by_depth(
    series: Mapping[str, Sequence[float]],
    names: Sequence[str],
    *,
    alt: str,
    ylabel: str,
    log: bool = True,
    dots: bool = False,
) -> Picture:
    """One number a layer, from the first layer to the last: one line for each of `series`, all as long as `names`.

    Beside a series X, one named "X, …" has its color, but is hollow and dashed. With `dots` there are no lines, and
    each series has smaller dots than the one before, so none hides another. `alt` says what the number is; where each
    line starts and ends is added, and how far it goes beyond.
    """
    one_each("layers", len(names), **series)
    said = "; ".join(f"{name}: {_from_to(values)}" for name, values in series.items())
    picture, axes = figure(alt=f"{alt.rstrip('.:')}, {names[0]} to {names[-1]}. {said}.")
    for name, (place, beside) in _families(list(series)).items():
        style = {"color": CYCLE[place], "marker": "os^Dv"[place]} | ({"mfc": "none", "ls": "--"} if beside else {})
        style |= {"ls": "none", "ms": 10 / (1 + place)} if dots else {"ms": 4.5}
        axes.plot(range(len(names)), series[name], label=name, **style)
    axes.set_ylabel(ylabel)
    logarithmic(axes, "y" if log else "")
    axes.set_xticks(range(len(names)), names, rotation=90 if len(names) > 8 and max(map(len, names)) > 4 else 0)
    picture.legend(loc="outside lower center", ncols=2)
    return picture


@styled
def lines(
    panels: Mapping[str, Mapping[str, Sequence[Sequence[float]]]],
    *,
    alt: str,
    ylabel: str,
    log: str = "x",
    percent: bool = False,
) -> Picture:
    """One line for each of some series, in a panel for each of what they are set against.

    `panels` maps the label of an axis to series, and these a name to points (x, y), where an interval may follow: low
    and high. A series keeps its color in all panels; beside a series X, one named "X, …" has its color, but is hollow
    and dashed. `log` names the axes that are logarithmic, "x", "xy" or none; with `percent`, y are shares. `alt` says
    what is shown; where each line begins and ends is added.
    """
    names = list(dict.fromkeys(name for series in panels.values() for name in series))
    families = _families(names)

    def told(points: Sequence[Sequence[float]]) -> str:
        ends = points[:: max(1, len(points) - 1)]
        return " to ".join(f"{y:{'.1%' if percent else '.3g'}} at {x:,.3g}" for x, y, *_ in ends)

    said = [
        f"{label}: {', '.join(f'{name} {told(points)}' for name, points in series.items())}"
        for label, series in panels.items()
    ]
    size = {"columns": len(panels), "sharey": True, "squeeze": False}
    picture, (row,) = figure(WIDTH, 3.6, alt=f"{alt.rstrip('.:')}. {'; '.join(said)}.", **size)
    for axes, (label, series) in zip(row, panels.items(), strict=True):
        for name, points in series.items():
            x, y, *interval = zip(*points, strict=True)
            place, beside = families[name]
            style = {"color": CYCLE[place % len(CYCLE)], "lw": 1.5, "label": name}
            if len(points) < 20:
                style |= {"marker": "os^DvPX"[place], "ms": 4}
            if beside:
                style |= {"mfc": "none", "ls": "--"}
            axes.errorbar(x, y, np.abs(np.array(interval) - y) if interval else None, capsize=3, elinewidth=1, **style)
        axes.set_xlabel(label)
        logarithmic(axes, log)
    row[0].set_ylabel(ylabel)
    if percent:
        row[0].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    handles = {name: handle for axes in row for handle, name in zip(*axes.get_legend_handles_labels(), strict=True)}
    columns = max(1, 100 // (max(map(len, names)) + 6))
    picture.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=min(len(names), columns))
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
    axes.set(xlabel="Mult-Adds per byte", ylabel="billion Mult-Adds per second")
    axes.margins(y=0.1)
    logarithmic(axes, "xy")
    picture.legend(loc="outside lower center", ncols=3)
    return picture
