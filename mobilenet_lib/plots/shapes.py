"""What drawings are made of: tensors as cuboids, feature maps from the side, lines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import PathPatch, Polygon
from matplotlib.path import Path

from mobilenet_lib.plots.style import COLORS

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
                    _polygon(axes, front, facecolor=_mix(color, strength))
                    for corners, shade in zip(sides, (0.72, 1.15), strict=False):
                        _polygon(axes, corners, facecolor=_mix(color, strength * shade))
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


def slab(axes: Axes, corner: Sequence[float], wide: float, tall: float, back: np.ndarray, kind: str) -> None:
    """A feature map from the side: `wide` for its channels; `back` is where its rear edges are from the front ones."""
    color = COLORS.get(kind, COLORS["line"])
    a, right, up = np.array(corner), np.array([wide, 0]), np.array([0, tall])
    b, c, d = a + right, a + right + up, a + up
    rim = {"edgecolor": COLORS["paper"], "lw": 0.3}
    _polygon(axes, [d, c, c + back, d + back], facecolor=_mix(color, 0.5), **rim)
    _polygon(axes, [b, c, c + back, b + back], facecolor=_mix(color, 0.75), **rim)
    _polygon(axes, [a, b, c, d], facecolor=color, edgecolor=color, lw=0.4)


def _mix(color: str, strength: float) -> str:
    """`color` at `strength`, the rest white; above 1 darker than the color itself."""
    return to_hex(np.clip(strength * np.array(to_rgb(color)) + 1 - strength, 0, 1))


def _polygon(axes: Axes, corners: Sequence[np.ndarray], **style: Any) -> None:
    axes.add_patch(Polygon(corners, clip_on=False, **{"lw": 0, "joinstyle": "round", **style}))


def _outline(axes: Axes, faces: Iterable[Sequence[np.ndarray]]) -> None:
    for corners in faces:
        _polygon(axes, corners, fill=False, edgecolor=COLORS["ink"], lw=1.3)


def _lines(axes: Axes, lines: Iterable[Sequence[np.ndarray]], **style: Any) -> None:
    path = Path.make_compound_path(*map(Path, lines))
    axes.add_patch(PathPatch(path, fill=False, clip_on=False, joinstyle="round", **style))
