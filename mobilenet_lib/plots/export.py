"""What int8 does to weights and answers: chapter 6."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from mobilenet_lib.plots.style import COLORS, WIDTH, Picture, figure, one_each, styled


@styled
def number_lines(rows: Mapping[str, tuple[Sequence[float], float]]) -> Picture:
    """Weights between the numbers that int8 has for them: `rows` maps a name to weights and to the scale they share.

    Each row is a number line of its own, as wide as its weights, with a tick for each multiple of the scale.
    """
    arrays = {name: np.asarray(weights, float) for name, (weights, _) in rows.items()}
    kept = {name: np.round(arrays[name] / scale) * scale for name, (_, scale) in rows.items()}
    said = (
        f"{name}: errors up to {np.abs(kept[name] - weights).max() / np.abs(weights).max():.1%} of the largest weight"
        for name, weights in arrays.items()
    )
    alt = f"Weights and the steps that int8 rounds them to. {'; '.join(said)}."
    picture, panels = figure(WIDTH, 0.25 + 0.75 * len(rows), alt=alt, rows=len(rows), squeeze=False)
    for axes, (name, (_, scale)) in zip(panels[:, 0], rows.items(), strict=True):
        weights, rounded = arrays[name], kept[name]
        limit = 1.06 * max(np.abs(weights).max(), np.abs(rounded).max())
        steps = np.arange(np.ceil(-limit / scale), np.floor(limit / scale) + 1) * scale
        axes.vlines(steps, -0.5, 0.5, color=COLORS["line"], lw=0.7)
        axes.hlines(0, -limit, limit, color=COLORS["muted"], lw=0.8)
        axes.plot([weights, rounded], np.zeros((2, len(weights))), color=COLORS["wrong"], lw=2.4, solid_capstyle="butt")
        axes.plot(weights, np.zeros(len(weights)), "o", color=COLORS["depthwise"], ms=5.5)
        axes.set(xlim=(-limit, limit), ylim=(-1, 1), yticks=[])
        axes.set_title(name, weight="normal", size=9.5, pad=3)
        axes.spines[:].set_visible(False)
        axes.grid(False)
        axes.xaxis.set_major_locator(MaxNLocator(5))
    return picture


@styled
def agreement(reference: Any, others: Mapping[str, Any]) -> Picture:
    """How far several files are from what Keras says about the same images: a panel each, one dot an image.

    `reference` and the values of `others` are probabilities of a dog `[N]`; across 0.5 the answer changes. Raises
    `ValueError` if one is not as long as `reference`.
    """
    one_each("images", len(reference), **others)
    reference = np.asarray(reference, float)
    changed = {name: (np.asarray(values) > 0.5) != (reference > 0.5) for name, values in others.items()}
    alt = (
        f"How far the probability of a dog is from that in Keras, by file, for {len(reference):,} images. Images whose "
        f"answer changes: {', '.join(f'{name} {switched.sum()}' for name, switched in changed.items())}."
    )
    picture, panels = figure(WIDTH, 2.8, alt=alt, columns=len(others), sharey=True, squeeze=False)
    for axes, (name, values) in zip(panels[0], others.items(), strict=True):
        axes.axhline(0, color=COLORS["line"], lw=1)
        for switched, color, size in ((False, "recorded", 3.5), (True, "wrong", 11)):
            of_color = changed[name] == switched
            dots = {"color": COLORS[color], "ms": size, "mew": 0, "rasterized": True}
            axes.plot(reference[of_color], (np.asarray(values) - reference)[of_color], ".", **dots)
        axes.set_title(f"{name}\n{changed[name].sum()} changed", weight="normal", size=9.5)
        axes.set(xlim=(-0.03, 1.03), xticks=[0, 0.5, 1])
    panels[0, 0].set_ylabel("file less Keras")
    picture.supxlabel("probability of a dog, Keras", size=9.5)
    return picture
