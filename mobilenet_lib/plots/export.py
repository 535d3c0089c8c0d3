"""What int8 does to weights and answers: chapter 6."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from mobilenet_lib.plots.style import COLORS, WIDTH, Picture, figure, plain, styled


@styled
def number_lines(rows: Mapping[str, tuple[Sequence[float], float]]) -> Picture:
    """Weights between the numbers that int8 has for them: `rows` maps a name to weights and to the scale they share.

    Each row is a number line of its own, as wide as its weights, with a tick for each multiple of the scale.
    Raises `ValueError` if there is no row.
    """
    if not rows:
        raise ValueError("rows must hold at least one row, not none")
    said, panels = [], []
    for name, (weights, scale) in rows.items():
        weights = np.asarray(weights, float)
        kept = np.round(weights / scale) * scale
        error = np.abs(kept - weights).max() / np.abs(weights).max()
        said.append(f"{name}: errors up to {error:.1%} of the largest weight")
        panels.append((name, weights, kept, scale))
    picture, all_axes = figure(
        WIDTH,
        0.25 + 0.75 * len(rows),
        rows=len(rows),
        squeeze=False,
        alt=f"Weights and the steps that int8 rounds them to. {'; '.join(said)}.",
    )
    for axes, (name, weights, kept, scale) in zip(all_axes[:, 0], panels, strict=True):
        limit = 1.06 * max(np.abs(weights).max(), np.abs(kept).max())
        steps = np.arange(np.ceil(-limit / scale), np.floor(limit / scale) + 1) * scale
        axes.vlines(steps, -0.5, 0.5, color=COLORS["line"], lw=0.7)
        axes.hlines(0, -limit, limit, color=COLORS["muted"], lw=0.8)
        for weight, step in zip(weights, kept, strict=True):
            axes.plot([weight, step], [0, 0], color=COLORS["wrong"], lw=2.4, solid_capstyle="butt")
        axes.plot(weights, np.zeros(len(weights)), "o", color=COLORS["depthwise"], ms=5.5)
        axes.set(xlim=(-limit, limit), ylim=(-1, 1), yticks=[])
        axes.set_title(name, weight="normal", size=9.5, pad=3)
        axes.spines[:].set_visible(False)
        axes.grid(False)
        axes.xaxis.set_major_locator(MaxNLocator(5))
    return picture


@styled
def spread(ranges: Mapping[str, Sequence[float]]) -> Picture:
    """The largest weight of each channel, layer by layer, on a logarithmic axis: `ranges` maps a layer to its channels.

    Above each layer stands how many times its widest channel is as wide as its narrowest. Channels without any weight
    but zero are left out. Raises `ValueError` if there is no layer.
    """
    if not ranges:
        raise ValueError("ranges must hold at least one layer, not none")
    channels = {name: np.asarray(values, float)[np.asarray(values) > 0] for name, values in ranges.items()}
    ratios = {name: values.max() / values.min() for name, values in channels.items()}
    widest = max(ratios, key=ratios.__getitem__)
    picture, axes = figure(
        WIDTH,
        3.4,
        alt=f"The largest folded weight of every channel in {len(ranges)} layers, on a logarithmic axis. Within a "
        f"layer the channels differ by a factor of {min(ratios.values()):,.0f} to {ratios[widest]:,.0f} ({widest}).",
    )
    top = max(values.max() for values in channels.values())
    dashes = {"ms": 13, "mew": 1.0, "alpha": 0.6, "rasterized": True}
    for place, (name, values) in enumerate(channels.items()):
        axes.plot(np.full(len(values), place), values, "_", color=COLORS["depthwise"], **dashes)
        axes.text(place, 1.5 * top, f"{ratios[name]:,.0f}×", ha="center", size=9)
    axes.set(yscale="log", ylabel="largest weight of a channel", xlim=(-0.6, len(ranges) - 0.4))
    axes.set_ylim(top=3 * top)
    plain(axes.yaxis)
    axes.set_xticks(range(len(ranges)), list(ranges), rotation=90 if len(ranges) > 8 else 0)
    axes.grid(False, axis="x")
    return picture


@styled
def agreement(reference: Any, others: Mapping[str, Any], *, label: str = "probability of a dog") -> Picture:
    """What several files say about the same images against what Keras says: a panel each, one dot an image.

    `reference` and the values of `others` are probabilities `[N]`; beyond 0.5 the answer changes. Raises `ValueError`
    if there is no other, or if one is not as long as `reference`.
    """
    reference = np.asarray(reference, float)
    if not others:
        raise ValueError("others must hold at least one file, not none")
    for name, values in others.items():
        if np.shape(values) != reference.shape:
            raise ValueError(f"others must have {reference.shape} probabilities each; {name!r} has {np.shape(values)}")
    changed = {name: (np.asarray(values) > 0.5) != (reference > 0.5) for name, values in others.items()}
    said = ", ".join(f"{name} {int(switched.sum())}" for name, switched in changed.items())
    picture, panels = figure(
        WIDTH,
        0.6 + 0.95 * WIDTH / len(others),
        columns=len(others),
        sharey=True,
        squeeze=False,
        alt=f"The {label} according to each file, against Keras, for {len(reference):,} images. Images whose answer "
        f"changes: {said}.",
    )
    for axes, (name, values) in zip(panels[0], others.items(), strict=True):
        axes.plot([0, 1], [0, 1], color=COLORS["line"], lw=1)
        for switched, color in ((False, "recorded"), (True, "wrong")):
            of_color = changed[name] == switched
            dots = {"color": COLORS[color], "ms": 3.5, "mew": 0, "rasterized": True}
            axes.plot(reference[of_color], np.asarray(values)[of_color], ".", **dots)
        axes.set_title(f"{name}\n{int(changed[name].sum())} changed", weight="normal", size=9.5)
        axes.set(aspect="equal", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    panels[0, 0].set_ylabel(f"{label}, file")
    picture.supxlabel(f"{label}, Keras", size=9.5)
    return picture
