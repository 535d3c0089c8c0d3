"""Bars, which say of which parts a whole is made: chapters 2, 3, 6 and 7."""

from collections.abc import Mapping

from mobilenet_lib.plots.style import COLORS, WIDTH, Picture, figure, styled


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
