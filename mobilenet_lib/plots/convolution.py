"""A standard convolution, step by step, a separable one, their costs and their blocks: chapters 1 and 2.

Nothing in these drawings depends on a reader's numbers. They are files, which `scripts/drawings.py` has drawn.
"""

import re
from html import unescape
from pathlib import Path

from mobilenet_lib.plots.style import image

DRAWN = {"D_K": 3, "M": 3, "N": 4, "D_F": 6}  # the sizes in the drawings: the reader can count the cells


class Drawing:
    """A drawing in a file, with its alternative text, `alt`, that shows itself as a `Picture` does."""

    format = "svg"

    def __init__(self, name: str) -> None:
        self._svg = Path(__file__).with_name(f"{name}.svg").read_text("utf8")
        self.alt = unescape(re.search("<desc>(.*?)</desc>", self._svg)[1])

    def data(self) -> bytes:
        """The file, an SVG."""
        return self._svg.encode()

    def __repr__(self) -> str:
        return f"Figure: {self.alt}"

    def _repr_html_(self) -> str:
        points = re.search(r'viewBox="0 0 (\S+) (\S+)"', self._svg).groups()
        return image(self.data(), "svg", self.alt, *(float(size) / 72 for size in points))


def standard_convolution(step: int) -> Drawing:
    """The standard convolution: each filter reads all channels (section 3.1).

    `step` 1 to 4 shows how far the derivation of its cost has come. Raises `ValueError` for another `step`.
    """
    if step not in range(1, 5):
        raise ValueError(f"step must be a whole number from 1 to 4, not {step!r}")
    return Drawing(f"standard-{step:d}")


def separable_convolution() -> Drawing:
    """The two steps of a separable convolution as a chain: what the first makes, the second reads (section 3.1)."""
    return Drawing("separable")


def reduction() -> Drawing:
    """The cost of a separable convolution as a share of the standard one, against N and D_K, with both limits."""
    return Drawing("reduction")


def block() -> Drawing:
    """The two building blocks of figure 3 with their costs: the standard one, and the depthwise separable one."""
    return Drawing("block")
