"""What draws: chances, shapes, and a pen that gives the same pixels on every machine."""

import math
from collections.abc import Sequence
from random import Random

import numpy as np
from PIL import Image, ImageDraw

from mobilenet_lib.drawn.colors import INK, Color

SIDE = 512  # of what is drawn, in its own units
CANVAS = 384  # side of a picture in pixels; smaller ones are made by shrinking it

Points = np.ndarray  # float [N, 2], x to the right and y down


SINES = [round(math.sin(math.radians(angle)), 6) for angle in range(450)]
CIRCLE = np.array([(SINES[angle + 90], SINES[angle]) for angle in range(0, 360, 12)])


class Chance(Random):
    """Random numbers by `random()` alone, whose sequence Python promises never to change."""

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.random()

    def happens(self, share: float) -> bool:
        return self.random() < share

    def one(self, choices: Sequence):
        return choices[int(self.random() * len(choices))]


class Pen:
    """Takes shapes, moved, turned and scaled, and paints them at the end, each over those before it."""

    def __init__(self, light: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> None:
        self.light = light  # falls on every color
        self.ground: Color = INK  # what shadows fall on
        self.shapes: list[tuple[Points, Color, tuple[float, ...]]] = []
        self.place(0, 0)

    def place(self, x: float, y: float, scale: float = 1, angle: int = 0, mirrored: bool = False) -> None:
        """Put the origin of what is filled next at `x`, `y`, turned clockwise by `angle` whole degrees."""
        self.cosine, self.sine = scale * SINES[angle % 360 + 90], scale * SINES[angle % 360]
        self.origin = (x, y)
        self.side = -1 if mirrored else 1
        self.shift = (0.0, 0.0)

    def fill(self, points: Points, color: Color) -> None:
        frame = (*self.shift, self.side, self.cosine, self.sine, *self.origin)
        self.shapes.append((points, color, frame))

    def pair(self, points: Points, color: Color) -> None:
        """A shape and its mirror image."""
        self.fill(points, color)
        self.fill(points * (-1, 1), color)

    def paint(self) -> Image.Image:
        points, colors, frames = zip(*self.shapes, strict=True)
        lengths = [len(shape) for shape in points]
        right, down, side, cosine, sine, left, top = np.repeat(np.array(frames), lengths, 0).T
        x, y = np.concatenate(points).T
        x, y = (x + right) * side, y + down
        x, y = x * cosine - y * sine + left, x * sine + y * cosine + top
        x, y = (np.floor(z * (CANVAS / SIDE)).astype(int) for z in (x, y))
        # Pillow works out in floating point where an edge meets a row of pixels. On an edge of even height that may be
        # halfway between two pixels, and round to either. So such edges are broken into two of odd height.
        ends = np.cumsum(lengths)
        following = np.arange(1, len(x) + 1)
        following[ends - 1] = ends - lengths
        way, height = x[following] - x, y[following] - y
        tall = np.maximum(np.abs(height), 1)
        part = np.where(height % 2 == 0, np.minimum(tall // 2 | 1, np.abs(height)), 0)
        corners = np.stack([x, y, x + (2 * way * part + tall) // (2 * tall), y + np.sign(height) * part], 1)
        corners = corners.ravel().tolist()
        image = Image.new("RGB", (CANVAS, CANVAS))
        draw = ImageDraw.Draw(image)
        colors = np.minimum(np.array(colors) * self.light, 255).astype(int).tolist()
        for color, length, end in zip(colors, lengths, ends.tolist(), strict=True):
            draw.polygon(corners[4 * (end - length) : 4 * end], fill=tuple(color))
        return image


def ellipse(x: float, y: float, width: float, height: float | None = None) -> Points:
    """Half axes `width` and `height` around `x`, `y`."""
    return CIRCLE * (width, width if height is None else height) + (x, y)


def polygon(*points: tuple[float, float]) -> Points:
    return np.array(points, float)


def box(left: float, top: float, right: float, bottom: float) -> Points:
    return polygon((left, top), (right, top), (right, bottom), (left, bottom))


EVERYWHERE = box(-10, -10, SIDE + 10, SIDE + 10)
STEPS = np.arange(6).reshape(6, 1, 1) / 6


def smooth(*points: tuple[float, float]) -> Points:
    """A closed curve through the points (Catmull and Rom 1974)."""
    b = np.array(points, float)
    return _curve(np.roll(b, 1, 0), b, np.roll(b, -1, 0), np.roll(b, -2, 0))


def ribbon(points: Sequence[tuple[float, float]], start: float, end: float) -> Points:
    """A curve through the points as a band, from the half width `start` to the half width `end`."""
    p = np.array([points[0], *points, points[-1]], float)
    line = np.vstack([_curve(p[:-3], p[1:-2], p[2:-1], p[3:]), p[-1:]])
    along = np.vstack([line[1:2] - line[:1], line[2:] - line[:-2], line[-1:] - line[-2:-1]])
    across = along[:, ::-1] * (-1, 1) / np.sqrt(along[:, :1] ** 2 + along[:, 1:] ** 2)
    half = across * (start + (end - start) * np.arange(len(line))[:, None] / (len(line) - 1))
    return np.vstack([line + half, (line - half)[::-1]])


def _curve(a: Points, b: Points, c: Points, d: Points) -> Points:
    t = STEPS
    points = b + 0.5 * t * ((c - a) + t * ((2 * a - 5 * b + 4 * c - d) + t * (3 * b - a - 3 * c + d)))
    return points.transpose(1, 0, 2).reshape(-1, 2)


def mirror(*points: tuple[float, float]) -> Points:
    """A smooth shape that is the same left and right, from its left half, top to bottom."""
    right = [(-x, y) for x, y in reversed(points) if x != 0]
    return smooth(*points, *right)
