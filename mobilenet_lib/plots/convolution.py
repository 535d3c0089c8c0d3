"""The three convolutions, step by step: chapter 1."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from matplotlib.axes import Axes

from mobilenet_lib.plots.shapes import SLANT, Cuboid
from mobilenet_lib.plots.style import COLORS, WIDTH, Picture, canvas, styled

CHANNELS = ("#2f5fa3", "#d9a020", "#b8506a")  # of an input of three channels; they differ in brightness too
MIXED = "#4b5563"  # of an output made of all of them
DRAWN = {"D_K": 3, "M": 3, "N": 4, "D_F": 6}  # the sizes in the drawings: the reader can count the cells


@dataclass(frozen=True)
class _Step:
    """One step of a derivation: what has been computed by then, which letters count it, and the cells at work."""

    title: str
    letters: str
    slices: int  # of the input, and of a filter
    filters: int
    output: str  # "part" of a number, one "number", one "channel", or "all"


STEPS = {
    "standard": (
        _Step("one filter slice, one input channel", "D_K D_K", 1, 1, "part"),
        _Step("all slices: one number of the output", "D_K D_K M", DRAWN["M"], 1, "number"),
        _Step("all positions: one output channel", "D_K D_K M D_F D_F", DRAWN["M"], 1, "channel"),
        _Step("all filters: the whole output", "D_K D_K M N D_F D_F", DRAWN["M"], DRAWN["N"], "all"),
    ),
    "depthwise": (
        _Step("one number of the output", "D_K D_K", 1, 1, "number"),
        _Step("all positions: one output channel", "D_K D_K D_F D_F", 1, 1, "channel"),
        _Step("all filters: the whole output", "D_K D_K M D_F D_F", DRAWN["M"], DRAWN["M"], "all"),
    ),
    "pointwise": (
        _Step("one number of the output", "M", DRAWN["M"], 1, "number"),
        _Step("all positions: one output channel", "M D_F D_F", DRAWN["M"], 1, "channel"),
        _Step("all filters: the whole output", "M N D_F D_F", DRAWN["M"], DRAWN["N"], "all"),
    ),
}

FILTERS_AT = 3.74  # inches from the left: the middle of the filters

FILTERS = {
    "standard": r"$N$ filters of $D_K \times D_K \times M$",
    "depthwise": r"$M$ filters of $D_K \times D_K \times 1$",
    "pointwise": r"$N$ filters of $1 \times 1 \times M$",
}


def standard_convolution(step: int | None = None) -> Picture:
    """The standard convolution: each filter reads all channels (section 3.1).

    `step` 1 to 4 shows how far the derivation of its cost has come; without it, one filter at work.
    Raises `ValueError` for another `step`.
    """
    return _convolution("standard", step)


def depthwise_convolution(step: int | None = None) -> Picture:
    """The depthwise convolution: one filter for each channel, which stays by itself (section 3.1).

    `step` 1 to 3 shows how far the derivation of its cost has come; without it, one filter at work.
    Raises `ValueError` for another `step`.
    """
    return _convolution("depthwise", step)


def pointwise_convolution(step: int | None = None) -> Picture:
    """The pointwise convolution: each filter mixes the channels of one position (section 3.1).

    `step` 1 to 3 shows how far the derivation of its cost has come; without it, one filter at work.
    Raises `ValueError` for another `step`.
    """
    return _convolution("pointwise", step)


@styled
def convolutions() -> Picture:
    """The three convolutions below each other, one filter of each at work, with what they cost (section 3.1)."""
    height = 2.42
    picture, axes = canvas(
        WIDTH,
        3 * height,
        alt="Three convolutions of the same input, drawn as input times filters makes output. Standard: each filter is "
        "as deep as the input and mixes its channels. Depthwise: each filter reads one channel, and the channels stay "
        "apart. Pointwise: each filter is one cell wide and mixes the channels of one position. Multiplications at the "
        f"size drawn: {', '.join(f'{kind} {_product(steps[-1]):,}' for kind, steps in STEPS.items())}.",
    )
    for place, (kind, steps) in enumerate(STEPS.items()):
        bottom = (2 - place) * height
        _draw_convolution(axes, kind, bottom, None)
        _headline(axes, bottom + height - 0.3, kind, f"{kind.capitalize()} convolution", steps[-1])
        if place:
            axes.plot([0.1, WIDTH - 0.1], [bottom + height] * 2, color=COLORS["line"], lw=0.8)
    return picture


@styled
def _convolution(kind: str, number: int | None) -> Picture:
    steps = {None: STEPS[kind][-1], **dict(enumerate(STEPS[kind], start=1))}
    if number not in steps:
        raise ValueError(f"step must be None or a whole number from 1 to {len(STEPS[kind])}, not {number!r}")
    step = steps[number]
    title = f"{kind.capitalize()} convolution" if number is None else f"{number}. {step.title.capitalize()}"
    said = f"{kind.capitalize()} convolution, drawn as input times filters makes output. {step.title.capitalize()}."
    letters = step.letters.replace(" ", " times ")
    picture, axes = canvas(WIDTH, 2.35, alt=f"{said} Multiplications: {letters}, at the size drawn {_product(step):,}.")
    _draw_convolution(axes, kind, 0, None if number is None else step)
    _headline(axes, 2.1, kind, title, step)
    return picture


def _product(step: _Step) -> int:
    return prod(DRAWN[letter] for letter in step.letters.split())


def formula(step: _Step) -> str:
    return "$" + step.letters.replace(" ", r" \cdot ") + "$"


def _headline(axes: Axes, height: float, kind: str, title: str, step: _Step) -> None:
    """A line above a drawing: its `title`, and the formula with the numbers drawn."""
    factors = "·".join(str(DRAWN[letter]) for letter in step.letters.split())
    axes.text(0.1, height, title, color=COLORS[kind], weight="bold", size=10.5)
    numbers = " = ".join(dict.fromkeys((factors, f"{_product(step):,}")))
    axes.text(WIDTH - 0.1, height, f"{formula(step)} = {numbers}", ha="right")


def _draw_convolution(axes: Axes, kind: str, bottom: float, step: _Step | None) -> None:
    """Input ∗ filters = output, at the height `bottom`; without a step, what makes one number stands out."""
    step = step or next(step for step in STEPS[kind] if step.output == "number")
    apart = kind == "depthwise"
    size, slices, count = DRAWN["D_F"], DRAWN["M"], DRAWN["M" if apart else "N"]
    kernel = 1 if kind == "pointwise" else DRAWN["D_K"]
    shape = {"rows": size, "columns": size, "cell": 0.18, "gap": 0.7 if apart else 0.0}
    base, middle = bottom + 0.58, bottom + 1.17
    everywhere = (range(size), range(size))

    image = Cuboid((0.55, base), colors=CHANNELS, **shape)
    window = (range(step.slices), range(kernel), range(size - kernel, size))
    visited = [((range(step.slices), *everywhere), 0.55)] if step.output in ("channel", "all") else []
    image.draw(axes, [*visited, (window, 0.95)], outline=window)

    # The filters, in a row or two by two.
    across, down, columns = {"standard": (0.92, 0.74, 2), "depthwise": (0.62, 0, 3), "pointwise": (0.8, 0.52, 2)}[kind]
    small, deep = 0.135, 1 if apart else slices
    wide, tall = small * (kernel + deep * SLANT)
    left = FILTERS_AT - ((columns - 1) * across + wide) / 2
    top = middle + ((count // columns - 1) * down - tall) / 2
    for number in range(count):
        corner = (left + number % columns * across, top - number // columns * down)
        colors = CHANNELS[number : number + 1] if apart else CHANNELS
        cuboid = Cuboid(corner, kernel, kernel, colors, small)
        part = (range(1 if apart else step.slices), range(kernel), range(kernel))
        at_work = number < step.filters
        cuboid.draw(axes, [(part, 0.95)] if at_work else [], outline=part if at_work else None)
        if number == 0:
            cuboid.measure(axes, "height", "$D_K$" if kernel > 1 else "$1$", 0.07)
            if deep > 1:
                cuboid.measure(axes, "depth", "$M$", 0.07)

    result = Cuboid((5.35, base), colors=CHANNELS if apart else (MIXED,) * count, **shape)
    row, column = kernel // 2, size - 1 - kernel // 2
    spot = (range(1), range(row, row + 1), range(column, column + 1))
    done = {"channel": (range(1), *everywhere), "all": (range(count), *everywhere)}.get(step.output, spot)
    result.draw(axes, [(done, 0.3 if step.output == "part" else 0.95)], outline=done)

    for cuboid, depth, name in ((image, "$M$", "input"), (result, "$M$" if apart else "$N$", "output")):
        cuboid.measure(axes, "height", "$D_F$")
        cuboid.measure(axes, "width", "$D_F$")
        cuboid.measure(axes, "depth", depth)
        center = cuboid.corner[0] + size * cuboid.cell / 2
        axes.text(center, bottom + 0.13, name, ha="center", size=9, color=COLORS["muted"])
    axes.text(FILTERS_AT, bottom + 0.13, FILTERS[kind], ha="center", size=9, color=COLORS["muted"])
    for x, sign in ((2.4, "∗"), (4.88, "=")):
        axes.text(x, middle, sign, size=15, ha="center", va="center")
