"""What int8 does to answers, chapter 6; and the way of a photo through an app, chapter 11."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.patches import Rectangle

from mobilenet_lib.plots.style import ARROW, COLORS, WIDTH, Picture, canvas, figure, one_each, styled


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


@styled
def parity(photo: Any, numbers: Sequence[float], answers: Mapping[str, float]) -> Picture:
    """The way from a photo to the answers in an app, and which file of a parity kit has what stands there.

    `photo` is an image half as wide again as high, uint8; `numbers` are some of those that the model takes, and
    `answers` what it makes of them, by label.
    """
    photo = np.asarray(photo)
    side = photo.shape[0]
    left = (photo.shape[1] - side) // 2
    said = ", ".join(f"{name} {share:.2f}" for name, share in answers.items())
    alt = (
        f"The way from a photo to the answers, and the kit's file for each part. The app gets a photo, 0.png; it cuts "
        f"out and resizes the square, parity.bin, and normalizes its pixels to numbers, taken.bin. LiteRT runs "
        f"model.tflite on them, which answers {said}: parity.json."
    )
    picture, axes = canvas(WIDTH, 2.65, alt=alt)
    middle = {"ha": "center", "va": "center"}
    low, high = 1.05, 2.05
    for image, start, end in ((photo, 0.1, 1.6), (photo[:, left : left + side], 2.35, 3.35)):
        axes.imshow(image, extent=(start, end, low, high), interpolation="none", aspect="auto")
    lines = [f"{number:+.2f}".replace("-", "−") for number in numbers], [f"{k} {v:.2f}" for k, v in answers.items()]
    for start, shown in zip((4.3, 6.2), ("\n".join([*lines[0], "…"]), "\n".join(lines[1])), strict=True):
        axes.add_patch(Rectangle((start, low), 0.9, high - low, fc="none", ec=COLORS["muted"]))
        axes.text(start + 0.45, (low + high) / 2, shown, linespacing=1.4, **middle)
    for start, end, above, below in (
        (1.6, 2.35, "cut out,", "resize"),
        (3.35, 4.3, "normalize", ""),
        (5.2, 6.2, "run", ""),
    ):
        axes.annotate("", (end - 0.06, 1.55), (start + 0.06, 1.55), arrowprops=ARROW)
        axes.text((start + end) / 2, 1.68, above, **middle)
        axes.text((start + end) / 2, 1.4, below, **middle)
    for start, end, whose in ((1.65, 4.25, "your app's code"), (5.25, 6.15, "LiteRT")):
        axes.plot([start, end], [2.25, 2.25], color=COLORS["ink"], lw=1)
        axes.text((start + end) / 2, 2.42, whose, weight="bold", **middle)
    for x, file, test in (
        (0.85, "0.png", "the app takes it"),
        (2.85, "parity.bin", "a board takes it"),
        (4.75, "taken.bin", "1. compare"),
        (5.7, "model.tflite", ""),
        (6.65, "parity.json", "2. compare"),
    ):
        axes.text(x, 0.72 if file != "model.tflite" else 1.25, file, color=COLORS["right"], weight="bold", **middle)
        axes.text(x, 0.48, test, **middle)
    axes.text(0.1, 0.15, "In green, the files of the kit", color=COLORS["right"], va="center")
    axes.set(xlim=(0, WIDTH), ylim=(0, 2.65))
    return picture
