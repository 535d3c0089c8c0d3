"""What each block of a network sees of the image, and what it holds in memory."""

from collections.abc import Mapping, Sequence
from itertools import accumulate, groupby
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from mobilenet_lib import architecture
from mobilenet_lib.architecture import Layer
from mobilenet_lib.plots.style import COLORS, WIDTH, Picture, figure, styled


@styled
def by_block(layers: Sequence[Layer]) -> Picture:
    """What one number sees and what the maps take, block by block: receptive field in pixels, memory in megabytes.

    `layers` come from `architecture.mobilenet`; the first convolution is the stem. The dashed line is the side of the
    image; numbers are float32, and the memory is that of the largest input and output of a layer of the block.
    """
    convolutions = [layer for layer in layers if layer.kind != "dense"]
    blocks = [list(block) for _, block in groupby(convolutions, key=lambda layer: layer.name.rpartition("_")[2])]
    fields = [architecture.receptive_field(end) for end in accumulate(blocks)]
    peaks = [architecture.peak_activations(block) / 1e6 for block in blocks]
    image, most = convolutions[0].in_size, int(np.argmax(peaks))
    names = ["stem", *map(str, range(1, len(blocks)))]
    picture, (left, right) = figure(
        WIDTH,
        2.9,
        columns=2,
        alt=f"Block by block: one number sees {fields[0]} pixels after the stem and {fields[-1]} after the last block, "
        f"with an image of {image}; input and output of a layer take {peaks[0]:.1f} megabytes in the stem, at most "
        f"{peaks[most]:.1f} in block {names[most]}, and {peaks[-1]:.1f} in the last block.",
    )
    left.plot(names, fields, color=COLORS["depthwise"], marker="o", ms=4)
    left.axhline(image, ls="--", lw=1.2, color=COLORS["ink"])
    left.text(0, image, "side of the image", va="bottom", size=9)
    left.text(len(names) - 1, fields[-1], f"{fields[-1]} ", ha="right", va="center", size=9)
    left.set(title="What one number sees", ylabel="pixels, to a side", ylim=(0, None))
    right.bar(names, peaks, color=[COLORS["pointwise" if peak == max(peaks) else "muted"] for peak in peaks])
    right.text(most, peaks[most], f"{peaks[most]:.1f}", ha="center", va="bottom", size=9)
    right.set(title="What the maps take", ylabel="megabytes, float32")
    for axes in (left, right):
        axes.set_xticks(range(0, len(names), 2), names[::2])
        axes.set_xlabel("block")
        axes.grid(False, axis="x")
    return picture


@styled
def reach(slopes: Mapping[str, Any]) -> Picture:
    """How much each pixel of the image changes one number of a map: a panel each, the stronger the darker.

    `slopes` maps titles to numbers `[S, S]`, none below zero. Each panel has its own scale, by the square root, so that
    what is weak shows too.
    """
    said = []
    for title, values in slopes.items():
        columns = np.flatnonzero(np.asarray(values).any(axis=0))
        seen = columns[-1] - columns[0] + 1 if len(columns) else 0
        said.append(f"{title}: {seen} of {len(values)} pixels wide")
    picture, row = figure(
        WIDTH,
        WIDTH / len(slopes) + 0.15,
        columns=len(slopes),
        squeeze=False,
        alt=f"Which pixels change a number in the middle of a map, and how much. {'; '.join(said)}. The middle counts "
        "most.",
    )
    colors = LinearSegmentedColormap.from_list("slope", [COLORS["paper"], COLORS["depthwise"], COLORS["ink"]])
    for axes, (title, values) in zip(row[0], slopes.items(), strict=True):
        axes.imshow(np.sqrt(values), cmap=colors, vmin=0, interpolation="none")
        axes.set_title(title, loc="center", weight="normal", size=9.5)
        axes.set(xticks=[], yticks=[])
        axes.grid(False)
    return picture
