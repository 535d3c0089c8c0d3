"""A standard convolution, step by step, and a separable one, as the chain that it is: chapter 1."""

from dataclasses import dataclass
from math import prod

from matplotlib.axes import Axes

from mobilenet_lib.plots.shapes import SLANT, Cuboid
from mobilenet_lib.plots.style import ARROW, COLORS, WIDTH, Picture, canvas, styled

CHANNELS = ("#2f5fa3", "#d9a020", "#b8506a")  # of an input of three channels; they differ in brightness too
MIXED = "#4b5563"  # of an output made of all of them
GAP = 0.7  # between channels that are drawn apart, in cells
DRAWN = {"D_K": 3, "M": 3, "N": 4, "D_F": 6}  # the sizes in the drawings: the reader can count the cells


@dataclass(frozen=True)
class _Step:
    """One step of a derivation: what has been computed by then, which letters count it, and the cells at work."""

    title: str
    letters: str
    slices: int  # of the input, and of a filter
    filters: int
    output: str  # "part" of a number, one "number", one "channel", or "all"


COSTS = {"standard": "D_K D_K M N D_F D_F", "depthwise": "D_K D_K M D_F D_F", "pointwise": "M N D_F D_F"}
STEPS = (
    _Step("one filter slice, one input channel", "D_K D_K", 1, 1, "part"),
    _Step("all slices: one number of the output", "D_K D_K M", DRAWN["M"], 1, "number"),
    _Step("all positions: one output channel", "D_K D_K M D_F D_F", DRAWN["M"], 1, "channel"),
    _Step("all filters: the whole output", COSTS["standard"], DRAWN["M"], DRAWN["N"], "all"),
)
# The two steps of a separable convolution: the numbers at one position of all sheets, and one number made of them.
CHAIN = {
    "depthwise": _Step("each channel by itself", COSTS["depthwise"], DRAWN["M"], DRAWN["M"], "number"),
    "pointwise": _Step("all channels of a position", COSTS["pointwise"], DRAWN["M"], 1, "number"),
}

FILTERS_AT = 3.74  # inches from the left: the middle of the filters

FILTERS = {
    "standard": r"$N$ filters of $D_K \times D_K \times M$",
    "depthwise": r"$M$ filters of $D_K \times D_K \times 1$",
    "pointwise": r"$N$ filters of $1 \times 1 \times M$",
}
NAMES = {"standard": ("input", "output"), "depthwise": ("input", "sheets"), "pointwise": ("the same sheets", "output")}


@styled
def standard_convolution(step: int) -> Picture:
    """The standard convolution: each filter reads all channels (section 3.1).

    `step` 1 to 4 shows how far the derivation of its cost has come. Raises `ValueError` for another `step`.
    """
    if step not in range(1, len(STEPS) + 1):
        raise ValueError(f"step must be a whole number from 1 to {len(STEPS)}, not {step!r}")
    shown = STEPS[step - 1]
    letters = shown.letters.replace(" ", " times ")
    picture, axes = canvas(
        WIDTH,
        2.35,
        alt=f"Standard convolution, drawn as input times filters makes output. {shown.title.capitalize()}. "
        f"Multiplications: {letters}, at the size drawn {_product(shown.letters):,}.",
    )
    _draw(axes, "standard", 0, shown)
    _headline(axes, 2.1, "standard", f"{step}. {shown.title.capitalize()}", shown.letters)
    return picture


@styled
def separable_convolution() -> Picture:
    """The two steps of a separable convolution as a chain: what the first makes, the second reads (section 3.1)."""
    height = 2.55
    products = {kind: _product(step.letters) for kind, step in CHAIN.items()}
    picture, axes = canvas(
        WIDTH,
        2 * height,
        alt="A separable convolution, drawn as a chain. First, depthwise: input times filters makes sheets. Each "
        "filter reads one channel and makes one sheet, and the channels stay apart. Then, pointwise: the same sheets "
        "times filters makes the output. Each filter is one cell wide and mixes all sheets at one position. "
        f"Multiplications at the size drawn: {products['depthwise']:,}, then {products['pointwise']:,}, together "
        f"{sum(products.values()):,}.",
    )
    for place, (kind, step) in enumerate(CHAIN.items()):
        bottom = (1 - place) * height
        _draw(axes, kind, bottom, step)
        _headline(axes, bottom + 2.2, kind, f"{place + 1}. {kind.capitalize()}", step.letters)
    axes.plot([6.05, 6.05, 1.7], [height + 0.08, height - 0.06, height - 0.06], color=COLORS["muted"], lw=1)
    axes.annotate("", (1.7, height - 0.5), (1.7, height - 0.06), arrowprops=ARROW)
    return picture


def _product(letters: str) -> int:
    return prod(DRAWN[letter] for letter in letters.split())


def formula(letters: str) -> str:
    return "$" + letters.replace(" ", r" \cdot ") + "$"


def _headline(axes: Axes, height: float, kind: str, title: str, letters: str) -> None:
    """A line above a drawing: its `title`, and the formula with the numbers drawn."""
    factors = "·".join(str(DRAWN[letter]) for letter in letters.split())
    axes.text(0.1, height, title, color=COLORS[kind], weight="bold", size=10.5)
    axes.text(WIDTH - 0.1, height, f"{formula(letters)} = {factors} = {_product(letters):,}", ha="right")


def _draw(axes: Axes, kind: str, bottom: float, step: _Step) -> None:
    """Input ∗ filters = output, at the height `bottom`."""
    size, slices, apart = DRAWN["D_F"], DRAWN["M"], kind == "depthwise"
    count, kernel = DRAWN["M" if apart else "N"], 1 if kind == "pointwise" else DRAWN["D_K"]
    shape = {"rows": size, "columns": size, "cell": 0.18}
    base, middle = bottom + 0.58, bottom + 1.17
    row, column, reach = 1, size - 2, kernel // 2  # where the filter stands
    window = (range(step.slices), range(row - reach, row + reach + 1), range(column - reach, column + reach + 1))
    everywhere = (range(size), range(size))

    image = Cuboid((0.55, base), colors=CHANNELS, gap=0.0 if kind == "standard" else GAP, **shape)
    seen = step.output in ("channel", "all") or kind == "pointwise"
    image.draw(axes, [*[((range(step.slices), *everywhere), 0.55)] * seen, (window, 0.95)], outline=window)

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

    result = Cuboid((5.35, base), colors=CHANNELS if apart else (MIXED,) * count, gap=GAP * apart, **shape)
    spot = (range(step.filters), range(row, row + 1), range(column, column + 1))
    done = (range(step.filters), *everywhere) if step.output in ("channel", "all") else spot
    result.draw(axes, [(done, 0.3 if step.output == "part" else 0.95)], outline=done)

    for cuboid, depth, name in zip((image, result), ("$M$", "$M$" if apart else "$N$"), NAMES[kind], strict=True):
        cuboid.measure(axes, "height", "$D_F$")
        cuboid.measure(axes, "width", "$D_F$")
        cuboid.measure(axes, "depth", depth)
        center = cuboid.corner[0] + size * cuboid.cell / 2
        axes.text(center, bottom + 0.13, name, ha="center", size=9, color=COLORS["muted"])
    axes.text(FILTERS_AT, bottom + 0.13, FILTERS[kind], ha="center", size=9, color=COLORS["muted"])
    for x, sign in ((2.4, "∗"), (4.88, "=")):
        axes.text(x, middle, sign, size=15, ha="center", va="center")
