"""What a change does to trainings: chapter 5."""

from collections.abc import Mapping, Sequence

import numpy as np

from mobilenet_lib.plots.style import COLORS, WIDTH, Picture, figure, styled


@styled
def differences(
    panels: Mapping[str, Mapping[str, tuple[Sequence[float], float | None]]], *, alt: str, xlabel: str
) -> Picture:
    """How much each of some changes makes: a panel for each base that is changed, with the same rows.

    `panels` maps titles to changes, and these a name to the differences of single runs and half the width of the
    interval of their mean, None where there is none. Every difference is a dot, their mean a bar across the row. `alt`
    says what is shown; the means are added.
    """
    names = list(dict.fromkeys(name for rows in panels.values() for name in rows))
    said = [
        f"{title}: {', '.join(f'{name} {_told(values, half)}' for name, (values, half) in rows.items())}"
        for title, rows in panels.items()
    ]
    size = {"columns": len(panels), "sharex": True, "sharey": True, "squeeze": False}
    picture, (row,) = figure(WIDTH, 1.2 + 0.34 * len(names), alt=f"{alt.rstrip('.:')}. {'; '.join(said)}.", **size)
    for axes, (title, rows) in zip(row, panels.items(), strict=True):
        axes.axvline(0, color=COLORS["muted"], lw=1)
        for name, (values, half) in rows.items():
            place, mean = names.index(name), float(np.mean(values))
            if half is not None:
                ends = [mean - half, mean + half]
                axes.plot(ends, [place, place], color=COLORS["recorded"], lw=5, alpha=0.3, solid_capstyle="butt")
                axes.plot([mean], [place], "|", color=COLORS["recorded"], ms=13, mew=2.5)
            axes.plot(values, [place] * len(values), ".", color=COLORS["ink"], ms=6)
        axes.set(title=title, xlabel=xlabel, ylim=(len(names) - 0.5, -0.5))
    row[0].set_yticks(range(len(names)), names)
    return picture


def _told(values: Sequence[float], half: float | None) -> str:
    return f"{np.mean(values):+.1f}{'' if half is None else f' ± {half:.1f}'} ({len(values)})"
