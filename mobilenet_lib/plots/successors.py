"""What came after: the blocks of networks, and accuracy against what it costs: chapter 8."""

from collections.abc import Mapping, Sequence

import numpy as np

from mobilenet_lib.plots.shapes import slab
from mobilenet_lib.plots.style import ARROW, COLORS, CYCLE, WIDTH, Picture, canvas, figure, plain, styled


@styled
def chains(rows: Mapping[str, Sequence[tuple[str, int, int]]], *, shortcut: Sequence[str] = ()) -> Picture:
    """The feature maps of blocks, one row each, to one scale: the side upwards, the channels to the right.

    `rows` maps a title to maps (what makes it, side, channels), the first being the input, made by "input". Kinds are
    those of `architecture.Layer`; below each stand its channels. In the rows of `shortcut` the input is added to the
    output.
    """
    most = max(sum(channels for _, _, channels in maps) for maps in rows.values())
    side = max(side for maps in rows.values() for _, side, _ in maps)
    gap, left, tall, pitch = 0.95, 0.15, 0.75 / side, 1.85
    wide = (WIDTH - 2 * left - gap * max(map(len, rows.values()))) / most
    said = []
    for title, maps in rows.items():
        through = ", ".join(
            f"{channels} channels of {side} × {side}" + (f" by a {kind} layer" if kind != "input" else "")
            for kind, side, channels in maps
        )
        said.append(f"{title}: {through}{'; the input is added to the output' if title in shortcut else ''}")
    picture, axes = canvas(WIDTH, pitch * len(rows), alt=f"The maps of each block, to scale. {'. '.join(said)}.")
    for number, (title, maps) in enumerate(rows.items()):
        base = pitch * (len(rows) - number - 1) + 0.5
        axes.text(left, base + 1.12, title, weight="bold", size=10.5)
        x, ends = left + 0.15, []
        for place, (kind, height, channels) in enumerate(maps):
            inches, up = max(channels * wide, 0.02), height * tall
            if place:
                axes.annotate("", (x - 0.08, base + 0.3), (x - gap + 0.3, base + 0.3), arrowprops=ARROW)
                axes.text(x - gap / 2 + 0.11, base + 0.36, kind, ha="center", va="bottom", size=9, color=COLORS[kind])
            slab(axes, (x, base), inches, up, up * np.array([0.24, 0.17]), kind)
            axes.text(x + inches / 2, base - 0.08, f"{channels}", ha="center", va="top", size=9)
            ends.append(x + inches / 2)
            x += inches + gap
        if title in shortcut:
            low = base - 0.34
            axes.plot([ends[0], ends[0], ends[-1]], [base - 0.24, low, low], color=COLORS["muted"], lw=1)
            axes.annotate("", (ends[-1], base - 0.22), (ends[-1], low - 0.01), arrowprops=ARROW)
            axes.text(np.mean([ends[0], ends[-1]]), low - 0.03, "added", ha="center", va="top", size=9)
    return picture


@styled
def accuracy_against(panels: Mapping[str, Mapping[str, Mapping[str, tuple[float, float]]]]) -> Picture:
    """Accuracy against what it costs, a panel for each kind of cost, a line for each family of networks.

    `panels` maps the label of an axis to families, and these a name to networks: name to (cost, accuracy in percent).
    The networks of a family are joined; it keeps its color and marker in all panels. A family "X, …" has those of the
    family X, hollow.
    """
    filled = list(dict.fromkeys(name.partition(",")[0] for panel in panels.values() for name in panel))
    said = [
        f"{label}: "
        + ", ".join(f"{name} {y:.1f}% at {x:.3g}" for nets in panel.values() for name, (x, y) in nets.items())
        for label, panel in panels.items()
    ]
    picture, row = figure(
        WIDTH,
        3.9,
        alt=f"Accuracy on ImageNet against what it costs. {'; '.join(said)}.",
        columns=len(panels),
        sharey=True,
        squeeze=False,
    )
    for axes, (label, panel) in zip(row[0], panels.items(), strict=True):
        for name, networks in panel.items():
            family, hollow, _ = name.partition(",")
            number = filled.index(family)
            points = zip(*sorted(networks.values()), strict=True)
            style = {"markerfacecolor": "none"} if hollow else {}
            axes.plot(*points, color=CYCLE[number % 5], marker="os^DvPX"[number], lw=1.2, label=name, **style)
        axes.set(xscale="log", xlabel=label)
        plain(axes.xaxis)
        axes.margins(x=0.12)
    row[0][0].set_ylabel("top-1 accuracy (%)")
    handles = {name: handle for axes in row[0] for handle, name in zip(*axes.get_legend_handles_labels(), strict=True)}
    picture.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3)
    return picture
