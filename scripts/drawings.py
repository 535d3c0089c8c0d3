"""Draw what no number of a reader's changes: a convolution, step by step, a separable one, their costs and blocks.

    python scripts/drawings.py

Writes the SVG files beside `mobilenet_lib/plots/convolution.py`, which shows them, each with its alternative text.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import path as paths
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, PathPatch

from mobilenet_lib import architecture, costs
from mobilenet_lib.plots import convolution
from mobilenet_lib.plots.convolution import DRAWN
from mobilenet_lib.plots.network import mixed, polygon
from mobilenet_lib.plots.style import ARROW, COLORS, WIDTH, Picture, canvas, figure, label, styled

FOLDER = Path(convolution.__file__).parent
CHANNELS = ("#2f5fa3", "#d9a020", "#b8506a")  # of an input of three channels; they differ in brightness too
MIXED = "#4b5563"  # of an output made of all of them
GAP = 0.7  # between channels that are drawn apart, in cells
SLANT = np.array([0.62, 0.42])  # where one cell of depth points on paper

Region = tuple[range, range, range]  # slices, rows and columns of a cuboid


@dataclass(frozen=True)
class Cuboid:
    """A tensor as a drawing: one slice of `rows` × `columns` cells for each of `colors`, front to back.

    `corner` is the lower left corner of its front in inches, `cell` the side of a cell; `gap` lies between two
    slices, in cells. Row 0 is at the top.
    """

    corner: tuple[float, float]
    rows: int
    columns: int
    colors: tuple[str, ...]
    cell: float
    gap: float = 0.0

    def draw(self, axes: Axes, strong: Sequence[tuple[Region, float]], *, outline: Region | None = None) -> None:
        """Draw it in pale colors, the regions of `strong` at the strength given, and a dark line around `outline`."""
        whole = (range(len(self.colors)), range(self.rows), range(self.columns))
        for number, color in reversed(list(enumerate(self.colors))):
            for region, strength in [(whole, 0.28), *strong]:
                if number in region[0]:
                    front, *sides = self._faces(region, number, number + 1)
                    polygon(axes, front, facecolor=mixed(color, strength))
                    for corners, shade in zip(sides, (0.72, 1.15), strict=False):
                        polygon(axes, corners, facecolor=mixed(color, strength * shade))
            _lines(axes, self._grid(number), edgecolor=COLORS["paper"], lw=0.7)
            if outline and self.gap and number in outline[0]:
                _outline(axes, self._faces(outline, number, number + 1))
        if outline and not self.gap:
            _outline(axes, self._faces(outline, outline[0].start, outline[0].stop))

    def measure(self, axes: Axes, what: str, text: str, distance: float = 0.09) -> None:
        """A dimension line along its `what`, "height", "width" or "depth", labeled `text`."""
        columns, rows, depth = self.columns, self.rows, self._back(len(self.colors) - 1)
        start, end, alignment = {
            "height": ((0, 0, 0), (0, rows, 0), {"ha": "right", "va": "center"}),
            "width": ((0, rows, 0), (columns, rows, 0), {"ha": "center", "va": "top"}),
            "depth": ((columns, rows, 0), (columns, rows, depth), {"ha": "left", "va": "top"}),
        }[what]
        start, end = self._point(*start), self._point(*end)
        across, up = (end - start) / np.linalg.norm(end - start)
        out = np.array([up, -across])
        line = np.array([start, end]) + distance * out
        ends = [[point - 0.03 * out, point + 0.03 * out] for point in line]
        _lines(axes, [line, *ends], edgecolor=COLORS["muted"], lw=0.8)
        axes.text(*(line.mean(axis=0) + 0.05 * out), text, **alignment, size=9.5)

    def _back(self, number: int) -> float:
        return number * (1 + self.gap) + 1

    def _point(self, column: float, row: float, depth: float) -> np.ndarray:
        return np.array(self.corner) + self.cell * (np.array([column, self.rows - row]) + depth * SLANT)

    def _faces(self, region: Region, first: int, last: int) -> list[list[np.ndarray]]:
        """The corners of what can be seen of a region's slices `first` to `last`: front, top, right."""
        _, rows, columns = region
        up, down, left, right = rows.start, rows.stop, columns.start, columns.stop
        near, far, at = self._back(first) - 1, self._back(last - 1), self._point
        faces = [[at(left, up, near), at(right, up, near), at(right, down, near), at(left, down, near)]]
        if up == 0:
            faces.append([at(left, 0, near), at(right, 0, near), at(right, 0, far), at(left, 0, far)])
        if right == self.columns:
            faces.append([at(right, up, near), at(right, down, near), at(right, down, far), at(right, up, far)])
        return faces

    def _grid(self, number: int) -> list[list[np.ndarray]]:
        """The lines between the cells of a slice, each around the edge to the back."""
        near, far, at, right, down = self._back(number) - 1, self._back(number), self._point, self.columns, self.rows
        across = [[at(0, row, near), at(right, row, near), at(right, row, far)] for row in range(down + 1)]
        up = [[at(column, down, near), at(column, 0, near), at(column, 0, far)] for column in range(right + 1)]
        return [*across, *up, [at(0, 0, far), at(right, 0, far), at(right, down, far)]]


def _outline(axes: Axes, faces: Iterable[Sequence[np.ndarray]]) -> None:
    for corners in faces:
        polygon(axes, corners, fill=False, edgecolor=COLORS["ink"], lw=1.3)


def _lines(axes: Axes, lines: Iterable[Sequence[np.ndarray]], **style: Any) -> None:
    path = paths.Path.make_compound_path(*map(paths.Path, lines))
    axes.add_patch(PathPatch(path, fill=False, clip_on=False, joinstyle="round", **style))


@dataclass(frozen=True)
class Step:
    """One step of a derivation: what has been computed by then, which letters count it, and the cells at work."""

    title: str
    letters: str
    slices: int  # of the input, and of a filter
    filters: int
    output: str  # "part" of a number, one "number", one "channel", or "all"


COSTS = {"standard": "D_K D_K M N D_F D_F", "depthwise": "D_K D_K M D_F D_F", "pointwise": "M N D_F D_F"}
STEPS = (
    Step("one filter slice, one input channel", "D_K D_K", 1, 1, "part"),
    Step("all slices: one number of the output", "D_K D_K M", DRAWN["M"], 1, "number"),
    Step("all positions: one output channel", "D_K D_K M D_F D_F", DRAWN["M"], 1, "channel"),
    Step("all filters: the whole output", COSTS["standard"], DRAWN["M"], DRAWN["N"], "all"),
)
# The two steps of a separable convolution: the numbers at one position of all sheets, and one number made of them.
CHAIN = {
    "depthwise": Step("each channel by itself", COSTS["depthwise"], DRAWN["M"], DRAWN["M"], "number"),
    "pointwise": Step("all channels of a position", COSTS["pointwise"], DRAWN["M"], 1, "number"),
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
    """The standard convolution, as far as the derivation of its cost has come: 1 to 4."""
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
    """The two steps of a separable convolution as a chain: what the first makes, the second reads."""
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


def _draw(axes: Axes, kind: str, bottom: float, step: Step) -> None:
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


@styled
def block() -> Picture:
    """The two building blocks of figure 3 with their costs."""
    after = (("fill", "batch norm"), ("fill", "ReLU"))
    standard = (("standard", r"$D_K \times D_K$ convolution"), *after)
    depthwise = (("depthwise", r"$D_K \times D_K$ depthwise"), *after)
    pointwise = (("pointwise", r"$1 \times 1$ convolution"), *after)
    picture, axes = canvas(
        WIDTH,
        3.95,
        alt="Two blocks from an input with M channels to an output with N. Left, three layers: a standard convolution, "
        "batch normalization, ReLU. Right, six: a depthwise convolution, batch normalization, ReLU, a pointwise "
        "convolution, batch normalization, ReLU. One convolution has become two, each with its own normalization.",
    )
    _stack(axes, 1.05, 2.55, "Standard block", standard)
    _stack(axes, 4.55, 3.28, "Depthwise separable block", depthwise + pointwise)
    return picture


def _stack(axes: Axes, x: float, top: float, title: str, boxes: Sequence[tuple[str, str]]) -> None:
    """Boxes below each other from the height `top`, joined by arrows, with the number of channels between them."""
    wide, tall, pitch = 1.8, 0.3, 0.5
    axes.text(x - wide / 2, top + 0.43, title, weight="bold", size=10.5)
    channels = "M"
    for number in range(len(boxes) + 1):
        y = top - number * pitch
        axes.annotate("", (x, y), (x, y + pitch - tall), arrowprops=ARROW)
        if number == len(boxes) or boxes[number][0] in COSTS:
            axes.text(x + 0.1, y + 0.1, f"${channels}$ channels", va="center", size=9, color=COLORS["muted"])
        if number == len(boxes):
            break
        kind, text = boxes[number]
        channels = "N" if kind in ("standard", "pointwise") else channels
        plain = kind not in COSTS
        corner, shape = (x - wide / 2, y - tall), "round,pad=0,rounding_size=0.05"
        edge = COLORS["line" if plain else kind]
        axes.add_patch(FancyBboxPatch(corner, wide, tall, shape, facecolor=COLORS[kind], edgecolor=edge))
        axes.text(x, y - tall / 2, text, ha="center", va="center", color=COLORS["ink" if plain else "paper"])
        if not plain:
            axes.text(x + wide / 2 + 0.1, y - tall / 2, formula(COSTS[kind]), va="center", color=COLORS[kind])


@styled
def reduction() -> Picture:
    """The cost of a separable convolution as a share of the standard one, against N and D_K, with both limits."""
    outputs = [layer.out_channels for layer in architecture.mobilenet() if layer.kind == "pointwise"]
    low, high = min(outputs), max(outputs)
    times = {count: float(1 / costs.reduction(count)) for count in (low, high)}
    alt = (
        "The cost of a separable convolution as a share of the standard one. Against the number of filters N, with "
        f"3 × 3 filters, it falls like 1/N and levels off at 1/9: in MobileNet, from N = {low} to {high:,}, it is "
        f"{times[low]:.1f} to {times[high]:.1f} times less. Against the filter side D_K, with N = {low}, it falls like "
        f"1/D_K² and levels off at 1/{low}."
    )
    picture, (left, right) = figure(WIDTH, 3.4, alt=alt, columns=2, sharey=True, width_ratios=[1.15, 1])
    counts, kernels, parts = [2**power for power in range(12)], range(1, 16, 2), (2, 4, 9, 16, 32, 64)
    left.axvspan(low, high, color=COLORS["fill"], lw=0)
    left.text(np.sqrt(low * high), 1, "MobileNet", ha="center", color=COLORS["muted"])
    _falling(left, {n: costs.reduction(n) for n in counts}, lambda n: 1 / n, "$1/N$", 1 / 9, "$1/D_K^2 = 1/9$")
    shares = {kernel: costs.reduction(low, kernel) for kernel in kernels}
    _falling(right, shares, lambda kernel: 1 / kernel**2, "$1/D_K^2$", 1 / low, f"$1/N = 1/{low}$")
    for count, fewer in times.items():
        left.plot(count, 1 / fewer, "o", color=COLORS["pointwise"], ms=7)
        label(left, f"1/{fewer:.1f}", (count, 1 / fewer), (0, 9), size=9.5)
    left.set_yticks([1, *(1 / part for part in parts)], ["1", *(f"1/{part}" for part in parts)])
    left.set_xticks(counts[::2], [f"{count:,}" for count in counts[::2]])
    right.set_xticks([1, 3, 5, 7, 11, 15], ["1", "3", "5", "7", "11", "15"])
    left.set(title="3 × 3 filters, more and more of them", xlabel="$N$, filters", ylabel="share of the standard cost")
    right.set(title=f"{low} filters, larger and larger", xlabel="$D_K$, side of a filter")
    return picture


def _falling(
    axes: Axes, shares: Mapping[int, Any], limit: Callable[[int], float], name: str, level: float, level_name: str
) -> None:
    """A curve that follows `limit` at first and then stays above `level`, on logarithmic axes, with both lines."""
    dots = {"color": COLORS["muted"], "linestyle": ":", "linewidth": 1.4}
    axes.plot(list(shares), [limit(x) for x in shares], **dots)
    axes.axhline(level, **dots)
    axes.plot(list(shares), [float(y) for y in shares.values()], "o-", color=COLORS["pointwise"], lw=2.4, ms=4)
    axes.set(xscale="log", yscale="log", ylim=(1 / 128, 1.6))
    axes.minorticks_off()
    axes.text(1, 0.9 * level, level_name, va="top", color=COLORS["muted"])
    near = next(x for x in shares if limit(x) < 3 * level)
    label(axes, name, (near, limit(near)), (-8, -6), color=COLORS["muted"], ha="right", size=9.5)


DRAWINGS = {f"standard-{step}": lambda step=step: standard_convolution(step) for step in range(1, len(STEPS) + 1)}
DRAWINGS |= {"separable": separable_convolution, "block": block, "reduction": reduction}


def content(picture: Picture) -> bytes:
    """The file of a drawing: its alternative text stands in it as its description."""
    return picture.data().replace(b">", f"><desc>{escape(picture.alt)}</desc>".encode(), 1)


if __name__ == "__main__":
    for name, draw in DRAWINGS.items():
        (FOLDER / f"{name}.svg").write_bytes(content(draw()))
