"""Photos and feature maps: chapters 1, 3, 5 and 6."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from mobilenet_lib.plots.style import COLORS, WIDTH, Picture, label, one_each, place, styled

MARKS = {None: ("", COLORS["ink"]), True: ("✓ ", COLORS["right"]), False: ("✗ ", COLORS["wrong"])}


@styled
def photos(
    images: Sequence[Any],
    titles: Sequence[str],
    *,
    alt: str,
    columns: int | None = None,
    right: Sequence[bool] | None = None,
    framed: bool = False,
) -> Picture:
    """A grid of pictures, each with its title below: `[S, S, 3]` in uint8, or in float from −1 to 1.

    `alt` says what they have in common; the titles are added to it. Without `columns` there is one for each image, up
    to six; with fewer images than columns, the grid is narrower than the page. `right` colors the titles: green with a
    check mark for True, red with a cross for False. `framed` shows where a white picture ends. Raises `ValueError` if
    `titles` or `right` do not match the images in number.
    """
    images = [np.asarray(image) for image in images]
    right = [None] * len(images) if right is None else right
    columns = min(6, len(images)) if columns is None else columns
    one_each("images", len(images), titles=titles, right=right)
    marks, colors = zip(*(MARKS[good] for good in right), strict=True)
    titles = [mark + title for mark, title in zip(marks, titles, strict=True)]
    side, gap, below = WIDTH / columns, 0.08, 0.06 + 0.17 * (max(title.count("\n") for title in titles) + 1)
    columns = min(columns, len(images))
    height = -(-len(images) // columns) * (side + below)
    said = ", ".join(" ".join(title.split()) for title in titles)
    picture = Picture(figsize=(columns * side, height), alt=f"{alt.rstrip('.:')}: {said}.")
    for number, (image, title, color) in enumerate(zip(images, titles, colors, strict=True)):
        left, top = number % columns * side + gap / 2, height - number // columns * (side + below)
        axes = place(picture, left, top - side + gap, side - gap, side - gap)
        axes.set_axis_off()
        axes.imshow(image if image.dtype == np.uint8 else np.clip((image + 1) / 2, 0, 1))
        if framed:
            axes.set(frame_on=True, xticks=[], yticks=[])
            axes.set_axis_on()
            axes.spines[:].set(visible=True, color=COLORS["muted"], linewidth=0.8)
        label(axes, title, (0.5, 0), (0, -4), xycoords="axes fraction", color=color, va="top")
    return picture


@styled
def channels(maps: Mapping[str, np.ndarray], *, each: str = "channel", alt: str = "", signed: bool = True) -> Picture:
    """Feature maps `[S, S, C]`, a row for each, a column for each channel: white is 0, orange above, blue below.

    Each row has its own scale; numbers that are not `signed` go from black, which is 0, to white. `each` names a
    column; without `alt`, the alternative text says which are not zero.
    """
    maps = {name: np.asarray(values, dtype=float) for name, values in maps.items()}
    said = []
    for name, values in maps.items():
        alive = [str(number) for number, one in enumerate(np.moveaxis(values, -1, 0), start=1) if one.any()]
        some = f"channel {', '.join(alive)}" if alive else "none"
        said.append(f"{name}: {'every channel' if len(alive) == values.shape[-1] else some}")
    alt = alt or f"Small feature maps, a row for each, a column for each channel. What is not zero: {'; '.join(said)}."
    most = max(values.shape[-1] for values in maps.values())
    before, above, gap = 1.75, 0.32, 0.12
    side = min(0.92, (WIDTH - before) / most - gap)
    width, height = before + most * (side + gap), above + len(maps) * (side + gap)
    picture = Picture(figsize=(width, height), alt=alt)
    ends = [COLORS["standard"], COLORS["paper"], COLORS["depthwise"]] if signed else ["black", "white"]
    shades = LinearSegmentedColormap.from_list("", ends)
    for row, (name, values) in enumerate(maps.items()):
        bottom, limit = height - above - (row + 1) * side - row * gap, np.abs(values).max() or 1.0
        text = {"va": "center", "weight": "bold", "linespacing": 1.4}
        picture.text(0.1 / width, (bottom + side / 2) / height, name.replace(", ", ",\n"), **text)
        for number, one in enumerate(np.moveaxis(values, -1, 0)):
            axes = place(picture, before + number * (side + gap), bottom, side, side)
            axes.imshow(one, shades, vmin=-limit if signed else 0, vmax=limit, interpolation="none")
            axes.grid(False)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set(visible=True, color=COLORS["line"])
            if row == 0:
                axes.set_title(f"{each} {number + 1}", size=9, weight="normal", loc="center", pad=5)
            if not one.any():
                middle = (one.shape[1] - 1) / 2, (one.shape[0] - 1) / 2
                axes.text(*middle, "0", ha="center", va="center", color=COLORS["muted"])
    return picture
