"""Photos and feature maps: chapters 1, 3, 5 and 6."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb

from mobilenet_lib.plots.style import COLORS, WIDTH, Picture, figure, styled


@styled
def photos(
    images: Sequence[Any],
    titles: Sequence[str],
    *,
    alt: str,
    columns: int | None = None,
    right: Sequence[bool] | None = None,
) -> Picture:
    """A grid of pictures, each with its title below: `[S, S, 3]` in uint8, or in float from −1 to 1.

    `alt` says what they have in common; the titles are added to it. Without `columns` there is one for each image, up
    to six; with fewer images than columns, the grid is narrower than the page. `right` colors the titles: green with a
    check mark for True, red with a cross for False. Raises `ValueError` if there is no image, if `titles` or `right` do
    not match them in number, or if an image has another shape.
    """
    images = [np.asarray(image) for image in images]
    if not images:
        raise ValueError("images must hold at least one image, not none")
    columns = min(6, len(images)) if columns is None else columns
    if columns < 1:
        raise ValueError(f"columns must be a positive whole number, not {columns!r}")
    if len(titles) != len(images):
        raise ValueError(f"titles must be one for each of the {len(images)} images, not {len(titles)}")
    if right is not None and len(right) != len(images):
        raise ValueError(f"right must be one for each of the {len(images)} images, not {len(right)}")
    if wrong := [image.shape for image in images if image.ndim != 3 or image.shape[-1] != 3]:
        raise ValueError(f"images must each have the shape [height, width, 3], not {wrong[0]}")
    marks = ["" if right is None else "✓ " if good else "✗ " for good in right or titles]
    titles = [mark + title for mark, title in zip(marks, titles, strict=True)]
    rows, side, gap = -(-len(images) // columns), WIDTH / columns, 0.08
    columns = min(columns, len(images))
    width = columns * side
    below = 0.06 + 0.17 * (max(title.count("\n") for title in titles) + 1)
    height = rows * (side + below)
    said = ", ".join(" ".join(title.split()) for title in titles)
    picture, grid = figure(width, height, alt=f"{alt.rstrip('.:')}: {said}.", rows=rows, columns=columns, squeeze=False)
    picture.set_layout_engine("none")
    for place, axes in enumerate(grid.flat):
        left, top = place % columns * side + gap / 2, height - place // columns * (side + below)
        axes.set_position([left / width, (top - side + gap) / height, (side - gap) / width, (side - gap) / height])
        axes.set_axis_off()
    for axes, image, title, mark in zip(grid.flat, images, titles, marks, strict=False):
        axes.imshow(image if image.dtype == np.uint8 else np.clip((image + 1) / 2, 0, 1))
        color = {"✓ ": COLORS["right"], "✗ ": COLORS["wrong"]}.get(mark, COLORS["ink"])
        axes.annotate(
            title, (0.5, 0), (0, -4), "axes fraction", "offset points", color=color, size=9, ha="center", va="top"
        )
    return picture


@styled
def evidence(
    images: Sequence[Any], maps: Sequence[Any], titles: Sequence[str], *, alt: str, columns: int = 6
) -> Picture:
    """Pictures `[S, S, 3]` as in `photos`, each with a map `[s, s]` over it: orange (above 0) for dog, blue for cat.

    The strongest color is the largest number of all maps. Raises `ValueError` if `maps` do not match `images`.
    """
    if len(maps) != len(images):
        raise ValueError(f"maps must be one for each of the {len(images)} images, not {len(maps)}")
    picture = photos(images, titles, alt=alt, columns=columns)
    limit = max(float(np.abs(values).max()) for values in maps) or 1.0
    for axes, image, values in zip(picture.axes, images, maps, strict=False):
        values, (height, width) = np.asarray(values), np.asarray(image).shape[:2]
        colors = np.where((values > 0)[..., None], to_rgb(COLORS["dog"]), to_rgb(COLORS["cat"]))
        overlay = np.concatenate([colors, 0.7 * np.abs(values)[..., None] / limit], axis=-1)
        axes.imshow(overlay, interpolation="bilinear", extent=(-0.5, width - 0.5, height - 0.5, -0.5))
    return picture


@styled
def channels(maps: Mapping[str, np.ndarray]) -> Picture:
    """Small feature maps `[S, S, C]`, a row for each, a column for each channel: white is 0, orange above, blue below.

    Each row has its own scale. Raises `ValueError` if there is no map or if one has another shape.
    """
    maps = {name: np.asarray(values, dtype=float) for name, values in maps.items()}
    if not maps:
        raise ValueError("maps must hold at least one feature map, not none")
    if wrong := [values.shape for values in maps.values() if values.ndim != 3 or 0 in values.shape]:
        raise ValueError(f"maps must each have the shape [size, size, channels], not {list(wrong[0])}")
    said = []
    for name, values in maps.items():
        alive = [str(channel) for channel in range(1, values.shape[-1] + 1) if values[..., channel - 1].any()]
        where = (
            "every channel" if len(alive) == values.shape[-1] else f"channel {', '.join(alive)}" if alive else "none"
        )
        said.append(f"{name}: {where}")
    most = max(values.shape[-1] for values in maps.values())
    name_width, gap = 1.75, 0.12
    side = min(0.92, (WIDTH - name_width) / most - gap)
    height = 0.32 + len(maps) * (side + gap)
    picture, grid = figure(
        name_width + most * (side + gap),
        height,
        alt=f"Small feature maps, a row for each, a column for each channel. What is not zero: {'; '.join(said)}.",
        rows=len(maps),
        columns=most,
        squeeze=False,
    )
    picture.set_layout_engine("none")
    width = picture.get_figwidth()
    shades = LinearSegmentedColormap.from_list("", [COLORS["standard"], COLORS["paper"], COLORS["depthwise"]])
    for row, (name, values) in enumerate(maps.items()):
        bottom = height - 0.32 - (row + 1) * side - row * gap
        limit = np.abs(values).max() or 1.0
        text = name.replace(", ", ",\n")
        picture.text(0.1 / width, (bottom + side / 2) / height, text, va="center", weight="bold", linespacing=1.4)
        for channel in range(most):
            axes = grid[row, channel]
            axes.set_position(
                [(name_width + channel * (side + gap)) / width, bottom / height, side / width, side / height]
            )
            if channel >= values.shape[-1]:
                axes.set_axis_off()
                continue
            axes.imshow(values[..., channel], shades, vmin=-limit, vmax=limit, interpolation="none")
            axes.grid(False)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set(visible=True, color=COLORS["line"])
            if row == 0:
                axes.set_title(f"channel {channel + 1}", size=9, weight="normal", loc="center", pad=5)
            if not values[..., channel].any():
                middle = (values.shape[1] - 1) / 2, (values.shape[0] - 1) / 2
                axes.text(*middle, "0", ha="center", va="center", color=COLORS["muted"])
    return picture


@styled
def feature_maps(image: Any, stages: Mapping[str, Any], *, alt: str, maps: int = 6) -> Picture:
    """What a network makes of one picture: its three color channels, then the first feature maps of each stage.

    `image` is `[S, S, 3]` from −1 to 1, `stages` maps titles to feature maps `[H, W, C]`. Each map has its own scale,
    from black, which is zero, to white, its strongest hundredth. `alt` says what there is to see. Raises `ValueError`
    if a stage has fewer than `maps` channels.
    """
    stages = {title: np.asarray(stage) for title, stage in stages.items()}
    if thin := [title for title, stage in stages.items() if stage.ndim != 3 or stage.shape[-1] < maps]:
        raise ValueError(f"stages must each hold at least {maps} maps [H, W, C]; {thin[0]!r} does not")
    image = np.clip((np.asarray(image) + 1) / 2, 0, 1)
    rows = {"image: red,\ngreen, blue": [image, *np.moveaxis(image, -1, 0)]}
    rows |= {title: np.moveaxis(stage[..., :maps], -1, 0) for title, stage in stages.items()}
    label, gap = 1.25, 0.06
    side = (WIDTH - label) / maps
    height = side * len(rows)
    picture = Picture(figsize=(WIDTH, height), alt=alt)
    for row, (title, tiles) in enumerate(rows.items()):
        bottom = height - (row + 1) * side
        picture.text(0.01, (bottom + side / 2) / height, title, va="center")
        for column, tile in enumerate(tiles):
            left = label + column * side
            place = [left / WIDTH, bottom / height, (side - gap) / WIDTH, (side - gap) / height]
            axes = picture.add_axes(place)
            axes.imshow(tile, cmap="gray", vmin=0, vmax=np.quantile(tile, 0.99) or 1, interpolation="nearest")
            axes.set_axis_off()
    return picture
