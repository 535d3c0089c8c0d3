"""The whole network, blocks of others, and what the multipliers do to a block: chapters 2 to 4 and 8."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import Polygon

from mobilenet_lib import architecture
from mobilenet_lib.architecture import Layer
from mobilenet_lib.plots.style import ARROW, COLORS, WIDTH, Picture, canvas, figure, styled

STRIDE = {"marker": "^", "color": COLORS["ink"], "markersize": 4.5, "linestyle": "none"}


@styled
def architecture_body(layers: Sequence[Layer]) -> Picture:
    """The feature maps of a MobileNet, to scale: the side of a map upwards and back, its channels to the right.

    `layers` come from `architecture.mobilenet`, whatever its arguments. Below are the maps of each size, their
    channels and their share of the Mult-Adds.
    """
    first, last = layers[0], layers[-1]
    image = replace(first, kind="image", stride=1, out_size=first.in_size, out_channels=first.in_channels)
    stages = [list(stage) for _, stage in groupby([image, *layers], key=lambda layer: layer.out_size)]
    shares = [architecture.total(stage).mult_adds / architecture.total(layers).mult_adds for stage in stages[1:]]
    most, heaviest = max(zip(shares, (stage[0].out_size for stage in stages[1:]), strict=True))

    left, narrow, gap, middle = 0.9, 0.66, 0.04, 2.2
    tall, back = 2.2 / image.out_size, np.array([0.24, 0.17])  # inches a pixel upwards; one to the back, as a share

    def width(stage: Sequence[Layer], inches: float) -> float:
        return sum(layer.out_channels * inches + gap for layer in stage) + tall * stage[0].out_size * back[0]

    inches = 0.02  # for one channel: as many as make the drawing as wide as the page
    while left + sum(max(narrow, width(stage, inches) + 0.12) for stage in stages) > WIDTH - 0.1:
        inches *= 0.99

    said = ", ".join(f"{stage[0].out_size} × {stage[0].out_size} with {_span(stage)}" for stage in stages[1:-1])
    alt = (
        f"The body of the network, sides to one scale and channels to another, from an image of {image.out_size} × "
        f"{image.out_size} × {image.out_channels} through {len(layers) - 1} convolutions to {last.in_channels:,} "
        f"channels and {last.out_channels:,} outputs. The maps shrink while their channels grow: {said}. {most:.1%} of "
        f"the Mult-Adds are spent on maps of {heaviest} × {heaviest}."
    )
    picture, axes = canvas(WIDTH, 3.85, alt=alt)
    rows = {"map": 0.64, "channels": 0.4, "Mult-Adds": 0.16}
    for text, y in rows.items():
        axes.text(0.1, y, text, size=9, color=COLORS["muted"])
    column = left
    for stage, share in zip(stages, [None, *shares], strict=True):
        room, side = max(narrow, width(stage, inches) + 0.12), tall * stage[0].out_size
        x = column + (room - width(stage, inches) + gap) / 2
        for layer in stage:
            slab(axes, (x, middle - side / 2), layer.out_channels * inches, side, side * back, layer.kind)
            if layer.stride == 2:
                axes.plot(x + layer.out_channels * inches / 2, middle - side / 2 - 0.08, **STRIDE)
            x += layer.out_channels * inches + gap
        texts = (f"{stage[0].out_size}²", _span(stage), "" if share is None else f"{share:.1%}")
        for text, y in zip(texts, rows.values(), strict=True):
            axes.text(column + room / 2, y, text, ha="center", size=9)
        column += room

    names = {"standard": "standard convolution", "dense": "fully connected"}
    square, kinds = {"marker": "s", "ms": 7, "ls": "none"}, dict.fromkeys(layer.kind for layer in layers)
    legend = [(square | {"color": COLORS[kind]}, names.get(kind, kind)) for kind in kinds]
    for place, (marker, name) in enumerate([*legend, (STRIDE, "stride 2: half the side")]):
        axes.plot(4.55, 3.6 - 0.22 * place, **marker)
        axes.text(4.7, 3.6 - 0.22 * place, name, va="center", size=9)
    return picture


def _span(stage: Sequence[Layer]) -> str:
    """The channels of some maps: the least and the most."""
    channels = [layer.out_channels for layer in stage]
    return "–".join(f"{count:,}" for count in sorted({min(channels), max(channels)}))


@styled
def multipliers(blocks: Mapping[str, tuple[int, int, Any]]) -> Picture:
    """What the multipliers do to a block: its map drawn to scale, Mult-Adds and parameters below.

    `blocks` maps titles to the size of the map, its channels and the `Cost` of the block; shares are those of the
    first one.
    """
    whole = next(iter(blocks.values()))[2]
    said = "; ".join(
        f"{title}, {size}×{size}×{channels}: {cost.mult_adds / 1e6:.1f} million Mult-Adds "
        f"({cost.mult_adds / whole.mult_adds:.0%}), {cost.params:,} parameters ({cost.params / whole.params:.0%})"
        for title, (size, channels, cost) in blocks.items()
    )
    alt = f"The map of a separable block as a box, drawn to scale, under both multipliers. {said}."
    rows = -(-len(blocks) // 2)  # two side by side are still readable on a phone
    picture, grid = figure(4.4, 2.5 * rows, alt=alt, rows=rows, columns=2, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    side, length = (max(block[i] for block in blocks.values()) for i in (0, 1))
    for axes, (title, (size, channels, cost)) in zip(grid.flat, blocks.items(), strict=False):
        high, wide, slant = size / side, 1.35 * channels / length, 0.42 * size / side
        corner = (-(wide + slant) / 2, -(high + slant) / 2)
        slab(axes, corner, wide, high, np.array([slant, slant]), "pointwise")
        axes.set(xlim=(-0.95, 0.95), ylim=(-1.45, 0.75), aspect="equal")
        axes.set_title(title, loc="center")
        axes.text(0, -0.92, f"{size}×{size}×{channels}", ha="center", va="center", weight="bold")
        axes.text(0, -1.15, f"{cost.mult_adds / 1e6:.1f} M Mult-Adds", ha="center", va="center")
        axes.text(0, -1.38, f"{cost.params:,} params", ha="center", va="center")
    return picture


@styled
def chains(rows: Mapping[str, Sequence[tuple]], *, shortcut: Sequence[str] = ()) -> Picture:
    """The feature maps of blocks, one row each, to one scale: the side upwards, the channels to the right.

    `rows` maps a title to maps (what makes it, side, channels), the first being the input, made by "input"; a fourth
    entry, such as "ReLU6", stands above a map. Kinds are those of `architecture.Layer`; below each stand its channels.
    In the rows of `shortcut` the input is added to the output.
    """
    side = max(side for maps in rows.values() for _, side, *_ in maps)
    gap, left, tall, pitch = 0.95, 0.15, 0.75 / side, 1.95
    wide = min(
        (WIDTH - 2 * left - gap * len(maps)) / sum(channels for _, _, channels, *_ in maps) for maps in rows.values()
    )
    said = []
    for title, maps in rows.items():
        through = ", ".join(
            f"{channels} channels of {side} × {side}"
            + (f" by a {kind} layer" if kind != "input" else "")
            + "".join(f" with {each}" if each.startswith("no ") else f" and {each}" for each in above)
            for kind, side, channels, *above in maps
        )
        said.append(f"{title}: {through}{'; the input is added to the output' if title in shortcut else ''}")
    picture, axes = canvas(WIDTH, pitch * len(rows), alt=f"The maps of each block, to scale. {'. '.join(said)}.")
    for number, (title, maps) in enumerate(rows.items()):
        base = pitch * (len(rows) - number - 1) + 0.55
        axes.text(left, base + 1.17, title, weight="bold", size=10.5)
        x, ends = left + 0.15, []
        for place, (kind, height, channels, *above) in enumerate(maps):
            inches, up = max(channels * wide, 0.02), height * tall
            if place:
                axes.annotate("", (x - 0.08, base + 0.3), (x - gap + 0.3, base + 0.3), arrowprops=ARROW)
                axes.text(x - gap / 2 + 0.11, base + 0.36, kind, ha="center", va="bottom", size=9, color=COLORS[kind])
            slab(axes, (x, base), inches, up, up * np.array([0.24, 0.17]), kind)
            axes.text(x + inches / 2, base - 0.08, f"{channels}", ha="center", va="top", size=9)
            for each in above:
                axes.text(x + inches / 2 + 0.12 * up, base + 1.2 * up, each, ha="center", va="bottom", size=9)
            ends.append(x + inches / 2)
            x += inches + gap
        if title in shortcut:
            low = base - 0.34
            axes.plot([ends[0], ends[0], ends[-1]], [base - 0.24, low, low], color=COLORS["muted"], lw=1)
            axes.annotate("", (ends[-1], base - 0.22), (ends[-1], low - 0.01), arrowprops=ARROW)
            axes.text(np.mean([ends[0], ends[-1]]), low - 0.03, "added", ha="center", va="top", size=9)
    return picture


def slab(axes: Axes, corner: Sequence[float], wide: float, tall: float, back: np.ndarray, kind: str) -> None:
    """A feature map from the side: `wide` for its channels; `back` is where its rear edges are from the front ones."""
    color = COLORS.get(kind, COLORS["line"])
    a, right, up = np.array(corner), np.array([wide, 0]), np.array([0, tall])
    b, c, d = a + right, a + right + up, a + up
    rim = {"edgecolor": COLORS["paper"], "lw": 0.3}
    polygon(axes, [d, c, c + back, d + back], facecolor=mixed(color, 0.5), **rim)
    polygon(axes, [b, c, c + back, b + back], facecolor=mixed(color, 0.75), **rim)
    polygon(axes, [a, b, c, d], facecolor=color, edgecolor=color, lw=0.4)


def mixed(color: str, strength: float) -> str:
    """`color` at `strength`, the rest white; above 1 darker than the color itself."""
    return to_hex(np.clip(strength * np.array(to_rgb(color)) + 1 - strength, 0, 1))


def polygon(axes: Axes, corners: Sequence[np.ndarray], **style: Any) -> None:
    axes.add_patch(Polygon(corners, clip_on=False, **{"lw": 0, "joinstyle": "round", **style}))
