"""What int8 does to answers: chapter 6."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mobilenet_lib.plots.style import COLORS, WIDTH, Picture, figure, one_each, styled


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
