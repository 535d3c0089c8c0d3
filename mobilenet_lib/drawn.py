"""Cats and dogs drawn from numbers: what stands in for the photos where they are not at hand.

`picture(number)` is the same picture on every machine: its chances come from the one sequence of random numbers that
Python promises to keep, its shapes from sums, products and square roots (sines from a rounded table), and `Pen.paint`
leaves Pillow (11.2.1 or newer) nothing to round.

What tells a cat from a dog is never one thing. Some cats have folded ears and some dogs pointed ones; either may close
its eyes, dress up, hide behind a flower pot or be cut off by the edge of the picture.
"""

import math
from collections.abc import Sequence
from random import Random

import numpy as np
from PIL import Image, ImageDraw

SIDE = 512  # of what is drawn, in its own units
CANVAS = 384  # side of a picture in pixels; smaller ones are made by shrinking it
NUMBERS = {
    "train": (range(0, 2000, 2), range(1, 2000, 2)),
    "test": (range(2000, 2400, 2), range(2001, 2400, 2)),
}

Color = tuple[int, int, int]
Points = np.ndarray  # float [N, 2], x to the right and y down

SINES = [round(math.sin(math.radians(angle)), 6) for angle in range(450)]
CIRCLE = np.array([(SINES[angle + 90], SINES[angle]) for angle in range(0, 360, 12)])

INK = (38, 30, 34)
WHITE = (250, 248, 242)
PINK = (236, 150, 152)
# Base, darker, lighter.
FURS: dict[str, tuple[Color, Color, Color]] = {
    "ginger": ((226, 140, 62), (178, 92, 36), (250, 208, 150)),
    "gray": ((128, 128, 134), (84, 86, 94), (196, 196, 200)),
    "black": ((62, 58, 66), (36, 34, 40), (124, 118, 124)),
    "white": ((238, 232, 222), (198, 186, 172), (252, 250, 246)),
    "cream": ((222, 190, 142), (170, 130, 86), (248, 230, 198)),
    "brown": ((124, 84, 58), (82, 52, 38), (196, 154, 116)),
    "chocolate": ((104, 70, 56), (66, 44, 36), (172, 128, 100)),
    "blue-gray": ((112, 124, 142), (74, 84, 104), (178, 190, 204)),
    "sand": ((196, 152, 98), (142, 100, 58), (240, 214, 170)),
    "golden": ((206, 160, 76), (156, 110, 44), (246, 218, 152)),
    "red-brown": ((170, 96, 60), (116, 60, 38), (232, 184, 144)),
}
CAT_FURS = ("gray", "black", "ginger", "blue-gray", "gray")
DOG_FURS = ("brown", "golden", "chocolate", "red-brown", "sand")
BRIGHT: list[Color] = [
    (214, 72, 66),
    (240, 168, 60),
    (246, 210, 92),
    (98, 158, 92),
    (72, 150, 160),
    (80, 116, 178),
    (144, 98, 160),
    (226, 122, 142),
]
PASTEL: list[Color] = [
    (246, 214, 196),
    (250, 232, 188),
    (214, 230, 196),
    (190, 222, 222),
    (196, 210, 236),
    (222, 206, 232),
    (240, 238, 228),
    (206, 198, 188),
]


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


def shaded(color: Color, light: float) -> Color:
    return tuple(min(255, int(value * light)) for value in color)


def mixed(one: Color, other: Color, share: float) -> Color:
    return tuple(int(a + (b - a) * share) for a, b in zip(one, other, strict=True))


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


def picture(number: int) -> Image.Image:
    """The picture with this number, RGB, `CANVAS` pixels wide and high: a cat if it is even, a dog if it is odd."""
    chance = Chance(number)
    dim = chance.one([1.0, 1.0, 1.0, 1.0, 0.9, 0.8])
    tint = chance.one([(1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (1.05, 0.98, 0.88), (0.9, 0.97, 1.06)])
    pen = Pen(tuple(dim * share for share in tint))
    chance.one([room, meadow, night, wallpaper, street])(pen, chance)
    Animal(pen, chance, dog=number % 2 == 1).draw()
    if chance.happens(0.2):
        chance.one([leaves, ball, flower_pot, grass, mug])(pen, chance)
    return pen.paint()


class Animal:
    """One cat or dog: its looks are drawn by lot when it is made, and do not change with its pose."""

    def __init__(self, pen: Pen, chance: Chance, dog: bool) -> None:
        self.pen, self.chance, self.dog = pen, chance, dog
        # Some furs are seen more often on cats, some on dogs; none on cats alone or dogs alone.
        fur = chance.one(DOG_FURS if dog else CAT_FURS) if chance.happens(0.3) else chance.one(list(FURS))
        self.base, self.dark, self.light = FURS[fur]
        self.pattern = chance.one(["plain", "muzzle", "patch", "mask", "blaze", "muzzle" if dog else "stripes"])
        if chance.happens(0.05):
            self.pattern = "stripes"
        self.paws = chance.one([self.light, self.base, self.base, self.dark])
        self.collar = chance.one(BRIGHT) if chance.happens(0.45) else None
        self.fluffy = chance.happens(0.3)
        self.dress = chance.one(["nothing"] * 17 + ["hat", "bow", "glasses"])
        self.mirrored = chance.happens(0.5)
        if dog:
            self.ears = chance.one(["hanging"] * 9 + ["long"] * 8 + ["button"] * 5 + ["folded", "pointed"])
            self.width, self.length = chance.between(0.84, 1.08), chance.between(0.95, 1.15)
        else:
            self.ears = chance.one(["pointed"] * 24 + ["flat"])
            self.width, self.length = chance.between(0.95, 1.15), chance.between(0.9, 1.0)

    def draw(self) -> None:
        self.chance.one([self.portrait] * 5 + [self.sitting] * 2 + [self.lying, self.standing, self.peeking])()

    # Poses: all parts but the head are drawn around the middle of the head, whose radius is 100.

    def portrait(self) -> None:
        chance, pen = self.chance, self.pen
        scale = chance.between(1.0, 1.7)
        x, y = chance.between(120, 392), chance.between(170, 350)
        pen.place(x, y, scale, int(chance.between(-8, 9)), self.mirrored)
        broad = chance.between(0.85, 1.15)
        pen.fill(mirror((0, 30), (-78, 70), (-120, 190), (-140, 420), (0, 460)) * (broad, 1), shaded(self.base, 0.9))
        if self.pattern in ("muzzle", "blaze"):
            pen.fill(mirror((0, 60), (-46, 90), (-52, 180), (0, 250)), self.light)
        self.wear_collar()
        self.head(x, y, scale)

    def sitting(self) -> None:
        chance, pen = self.chance, self.pen
        scale = chance.between(0.9, 1.2)
        x, y = chance.between(160, 352), chance.between(140, 220)
        pen.place(x, y, scale, int(chance.between(-5, 6)), self.mirrored)
        body = shaded(self.base, 0.92)
        pen.fill(ellipse(10, 342, 190, 26), shaded(pen.ground, 0.78))
        self.tail((80, 310), (165, 318), (205, 240), (185, 150))
        broad = chance.between(0.9, 1.15) if self.dog else chance.between(0.8, 1.05)
        pen.fill(mirror((0, 40), (-66, 80), (-98, 190), (-112, 300), (-70, 342), (0, 344)) * (broad, 1), body)
        pen.pair(ellipse(-88, 300, 50, 44), shaded(self.base, 0.84))
        if self.pattern in ("muzzle", "blaze", "patch"):
            pen.fill(mirror((0, 70), (-44, 100), (-48, 180), (0, 236)), self.light)
        if self.pattern == "stripes":
            for height in (170, 205, 240):
                pen.pair(ribbon([(-104, height), (-78, height + 8), (-60, height + 2)], 8, 1), self.dark)
        pen.pair(ribbon([(-34, 180), (-38, 250), (-38, 330)], 27, 23), self.base)
        pen.fill(ribbon([(0, 230), (0, 332)], 3, 3), shaded(self.dark, 0.9))
        pen.pair(ellipse(-42, 334, 34, 18), self.paws)
        self.wear_collar()
        self.head(x, y, scale)

    def lying(self) -> None:
        chance, pen = self.chance, self.pen
        scale = chance.between(0.9, 1.2)
        x, y = chance.between(130, 210), chance.between(200, 320)
        x = SIDE - x if self.mirrored else x
        pen.place(x, y, scale, int(chance.between(-6, 7)), self.mirrored)
        pen.fill(ellipse(120, 158, 250, 26), shaded(pen.ground, 0.78))
        self.tail((280, 130), (350, 140), (390, 90), (360, 40))
        body = smooth((-70, 60), (30, -20), (170, -40), (280, 10), (316, 110), (260, 158), (60, 162), (-60, 150))
        pen.fill(body, shaded(self.base, 0.9))
        if self.pattern == "stripes":
            for along, top in ((90, -21), (140, -29), (190, -27), (240, -19)):
                pen.fill(ribbon([(along, top), (along + 14, 20), (along + 6, 70)], 9, 1), self.dark)
        if self.pattern == "patch":
            pen.fill(smooth((130, -38), (220, -28), (230, 40), (160, 60), (110, 20)), self.dark)
        pen.fill(ellipse(238, 96, 70, 62), shaded(self.base, 0.84))
        pen.fill(ellipse(190, 150, 52, 17), self.paws)
        pen.fill(ribbon([(10, 120), (-60, 146), (-110, 150)], 28, 21), self.base)
        pen.fill(ribbon([(60, 130), (0, 150), (-50, 154)], 26, 21), shaded(self.base, 0.95))
        pen.fill(ellipse(-112, 150, 34, 20), self.paws)
        pen.fill(ellipse(-52, 155, 34, 19), self.paws)
        self.head(x, y, scale)

    def standing(self) -> None:
        chance, pen = self.chance, self.pen
        scale = chance.between(0.85, 1.1)
        x, y = chance.between(110, 210), chance.between(130, 230)
        x = SIDE - x if self.mirrored else x
        pen.place(x, y, scale, int(chance.between(-5, 6)), self.mirrored)
        pen.fill(ellipse(170, 322, 240, 22), shaded(pen.ground, 0.78))
        self.tail((318, 80), (380, 40), (400, -40), (370, -110))
        for leg in (90, 300):
            pen.fill(ribbon([(leg, 130), (leg + 6, 220), (leg, 312)], 27, 18), shaded(self.base, 0.74))
        body = smooth((-20, 60), (80, 10), (220, 14), (326, 40), (346, 130), (280, 186), (120, 190), (10, 150))
        pen.fill(body, shaded(self.base, 0.9))
        if self.pattern == "stripes":
            for along in (110, 160, 210, 260):
                pen.fill(ribbon([(along, 14), (along + 14, 60), (along + 6, 110)], 9, 1), self.dark)
        if self.pattern == "patch":
            pen.fill(smooth((150, 10), (250, 14), (270, 80), (200, 110), (140, 70)), self.dark)
        for leg in (40, 262):
            pen.fill(ribbon([(leg + 6, 120), (leg + 4, 220), (leg, 312)], 31, 19), shaded(self.base, 0.95))
            pen.fill(ellipse(leg - 8, 314, 30, 15), self.paws)
        self.head(x, y, scale)

    def peeking(self) -> None:
        chance, pen = self.chance, self.pen
        scale = chance.between(1.1, 1.5)
        edge = chance.between(300, 400)
        x, y = chance.between(110, 402), edge - scale * chance.between(12, 76)
        self.head(x, y, scale)
        color = chance.one(BRIGHT)
        pen.place(0, 0)
        pen.fill(box(-10, edge, 522, 522), color)
        pen.fill(box(-10, edge, 522, edge + 22), shaded(color, 1.15))
        for place in range(int(chance.between(-60, 0)), 522, 74):
            if chance.happens(0.8):
                pen.fill(ellipse(place, edge + 80, 14), shaded(color, 0.85))
        pen.place(x, edge, scale)
        for side in (-1, 1):
            pen.fill(ellipse(side * chance.between(88, 130), 4, 32, 25), self.paws)

    def tail(self, *points: tuple[float, float]) -> None:
        swing = self.chance.between(-30, 30)
        points = [points[0], points[1], *((x + swing, y) for x, y in points[2:])]
        if not self.dog:
            self.pen.fill(ribbon(points, 17, 12), self.base)
            self.pen.fill(ellipse(*points[-1], 12), self.base)
            if self.pattern in ("stripes", "mask"):
                self.pen.fill(ribbon(points[-2:], 14, 12), self.dark)
        elif self.chance.happens(0.5):
            self.pen.fill(ribbon(points[:3], 20, 7), self.base)
        else:
            self.pen.fill(ribbon([points[0], points[1], points[2]], 22, 34), self.base)
            self.pen.fill(ellipse(*points[2], 34, 36), self.light if self.pattern == "blaze" else self.base)

    def wear_collar(self) -> None:
        if self.collar:
            self.pen.fill(ribbon([(-76, 72), (-40, 102), (0, 112), (40, 102), (76, 72)], 13, 13), self.collar)
            self.pen.fill(ellipse(0, 132, 15), (244, 206, 92))

    # The head.

    def head(self, x: float, y: float, scale: float) -> None:
        chance, pen = self.chance, self.pen
        pen.place(x, y, scale, int(chance.between(-24, 25)), self.mirrored)
        look = (chance.between(-16, 16), chance.between(-8, 10))
        pen.shift = (-look[0] * 0.5, 0)
        hanging = self.ears in ("hanging", "long")
        if not hanging:
            self.draw_ears()
        pen.shift = (0, 0)
        if self.fluffy:
            for lift in (0, 22, 44):
                pen.pair(polygon((-60, 0 + lift), (-112 * self.width, 16 + lift), (-56, 40 + lift)), self.base)
        pen.fill(self.shape(), self.base)
        self.marking(look)
        pen.shift = look
        (self.dog_face if self.dog else self.cat_face)()
        if chance.happens(0.2):
            pen.pair(ellipse(-62, 34, 15, 9), mixed(self.base, PINK, 0.45))
        if self.dress == "glasses":
            frame, glass = ellipse(-40, -14, 30), ellipse(-40, -14, 25)
            pen.pair(np.vstack([frame, frame[:1], glass[:1], glass[::-1]]), INK)
            pen.fill(ribbon([(-14, -18), (0, -22), (14, -18)], 3, 3), INK)
        pen.shift = (-look[0] * 0.5, 0)
        if hanging:
            self.draw_ears()
        if self.dress == "hat":
            color = chance.one(BRIGHT)
            pen.fill(polygon((-38, -74), (0, -168), (38, -74)), color)
            pen.fill(polygon((-26, -104), (-12, -138), (30, -94), (36, -80)), mixed(color, WHITE, 0.5))
            pen.fill(ellipse(0, -168, 13), WHITE)
        elif self.dress == "bow":
            color = chance.one(BRIGHT)
            pen.fill(smooth((46, -84), (8, -108), (12, -62)), color)
            pen.fill(smooth((46, -84), (84, -108), (82, -62)), color)
            pen.fill(ellipse(46, -84, 11), shaded(color, 0.8))

    def shape(self) -> Points:
        if self.dog:
            return mirror((0, -92), (-58, -82), (-84, -24), (-74, 40), (-46, 88), (0, 104)) * (self.width, self.length)
        return mirror((0, -80), (-56, -76), (-94, -22), (-98, 30), (-56, 76), (0, 88)) * (self.width, self.length)

    def draw_ears(self) -> None:
        chance, pen = self.chance, self.pen
        inner = mixed(PINK, self.base, chance.between(0, 0.3))
        color = self.dark if self.pattern in ("mask", "patch") or chance.happens(0.3) else shaded(self.base, 0.92)
        if self.ears == "pointed":
            tip = chance.between(-92, -70) if self.dog else chance.between(-106, -82)
            tall = chance.between(130, 170)
            ear = smooth(
                (-92, -10),
                (1.14 * tip, -0.6 * tall),
                (tip - 4, -tall),
                (tip + 4, -tall),
                (-52, -0.76 * tall),
                (-14, -70),
            )
            pen.pair(ear * (self.width, 1), color)
            middle = np.array([-58.0, -86.0])
            pen.pair(((ear - middle) * 0.62 + middle + (2, 8)) * (self.width, 1), inner)
            return
        flap = None
        if self.ears == "flat":
            ear = smooth((-92, -40), (-104, -78), (-86, -84), (-30, -84), (-60, -50))
        elif self.ears == "folded":
            high = chance.between(106, 130)
            ear = smooth((-86, -30), (-98, -84), (-78, -high), (-50, 4 - high), (-18, -78))
            flap = smooth((-100, -92), (-80, -high - 3), (-46, 2 - high), (-58, -84), (-76, -58), (-76, -58))
        elif self.ears == "button":
            ear = smooth((-30, -90), (-84, -104), (-118, -66), (-112, -18), (-78, -36))
        elif self.ears == "hanging":
            low = chance.between(50, 90)
            ear = smooth((-34, -92), (-86, -86), (-116, -20), (-112, low), (-84, low + 12), (-74, 0), (-66, -50))
        else:
            low = chance.between(130, 190)
            ear = smooth((-50, -80), (-94, -60), (-124, 30), (-126, low), (-88, low + 14), (-70, 20), (-70, -30))
        pen.pair(ear * (self.width, 1), color)
        if flap is not None:
            pen.pair(flap * (self.width, 1), shaded(color, 0.8))

    def marking(self, look: tuple[float, float]) -> None:
        pen, chance = self.pen, self.chance
        pen.shift = look
        if self.pattern == "patch":
            side = chance.one([-1, 1])
            patch = smooth((-66, -40), (-36, -62), (-10, -30), (-20, 8), (-56, 12))
            pen.fill(patch * (side * self.width, 1), self.dark)
        elif self.pattern == "mask":
            pen.fill(mirror((0, -30), (-48, -34), (-60, 10), (-40, 62), (0, 76)) * (self.width, 1), self.dark)
        elif self.pattern == "stripes":
            pen.fill(ribbon([(0, -78), (0, -36)], 7, 2), self.dark)
            pen.pair(ribbon([(-24, -76), (-20, -40)], 7, 2), self.dark)
            pen.pair(ribbon([(-88 * self.width, 10), (-56, 18)], 6, 1), self.dark)
            pen.pair(ribbon([(-84 * self.width, 36), (-54, 36)], 6, 1), self.dark)
        elif self.pattern == "blaze":
            pen.fill(mirror((0, -84), (-12, -60), (-14, 0), (-44, 46), (-30, 78), (0, 86)), self.light)

    def muzzle(self) -> Color:
        if self.pattern == "mask":
            return mixed(self.dark, self.light, 0.2)
        return self.light if self.chance.happens(0.6) else mixed(self.base, self.light, 0.2)

    def cat_face(self) -> None:
        pen, chance = self.pen, self.chance
        puff = self.muzzle()
        pen.fill(ellipse(0, 56, 26, 22), shaded(puff, 0.94))
        pen.pair(ellipse(-20, 42, 26, 20), puff)
        nose = chance.one([PINK, PINK, INK, (150, 84, 80)])
        pen.fill(smooth((-12, 18), (0, 16), (12, 18), (4, 29), (-4, 29)), nose)
        line = INK if sum(puff) > 200 else (150, 140, 140)
        pen.pair(ribbon([(0, 28), (-2, 42), (-13, 49), (-26, 42)], 2.4, 1.6), line)
        if chance.happens(0.08):
            pen.fill(ellipse(0, 52, 8, 10), PINK)
        if chance.happens(0.95):
            hair = chance.one([WHITE, WHITE, INK]) if sum(self.base) < 600 else INK
            for lift in (-10, 4, 18):
                pen.pair(ribbon([(-34, 40 + lift // 3), (-80, 36 + lift), (-126, 40 + lift * 2)], 2.2, 0.8), hair)
        eye = chance.between(1.05, 1.4)
        apart = chance.between(38, 46)
        if chance.happens(0.05):
            pen.pair(ribbon([(-apart - 20, -14), (-apart, -4), (-apart + 20, -14)], 3, 3), line)
            return
        iris = chance.one([(150, 190, 80), (230, 190, 70), (110, 180, 200), (214, 140, 50), (120, 170, 110)])
        tilt = chance.between(-2, 8)
        middle = np.array([-apart, -14])
        almond = smooth((-24, -tilt), (-6, -17), (21, 6), (-2, 16)) if chance.happens(0.6) else ellipse(0, 0, 20)
        pen.pair(almond * eye * 1.15 + middle, shaded(self.dark, 0.5))
        pen.pair(almond * eye + middle, iris)
        pupil = chance.one([4, 5, 6, 11])
        pen.pair(ellipse(-apart, -14, pupil * eye, 15 * eye), INK)
        for side in (-1, 1):
            pen.fill(ellipse(side * apart + 5, -20, 4.5), WHITE)

    def dog_face(self) -> None:
        pen, chance = self.pen, self.chance
        puff = self.muzzle()
        long = chance.between(0, 14)
        size = chance.between(1.0, 1.3)
        mouth = chance.one(["closed", "open", "panting"])
        if mouth != "closed":
            pen.fill(mirror((0, 60), (-30, 64), (-24, 92 + long), (0, 104 + long)) * (size, 1), (112, 46, 50))
            deep = 112 + long if mouth == "open" else 138 + long
            pen.fill(mirror((0, 72), (-18, 78), (-19, deep - 16), (0, deep)) * (size, 1), PINK)
            pen.fill(ribbon([(0, 78), (0, deep - 14)], 2, 1), shaded(PINK, 0.8))
        pen.fill(mirror((0, -2), (-26, 10), (-48, 48 + long), (-32, 74 + long), (0, 70 + long)) * (size, 1), puff)
        nose = smooth((-22, 18), (0, 11), (22, 18), (12, 36), (0, 40), (-12, 36)) * (size, 1) + (0, long)
        pen.fill(nose, chance.one([INK, INK, (82, 52, 46)]))
        pen.fill(ellipse(-6, 19 + long, 6, 3), (150, 140, 144))
        line = INK if sum(puff) > 200 else (10, 8, 10)
        smile = ribbon([(0, 38), (-2, 58), (-18 * size, 66), (-34 * size, 58)], 2.6, 2)
        pen.pair(np.add(smile, (0, long)), line)
        if chance.happens(0.4):
            for x, y in ((-26, 46), (-34, 54), (-22, 56)):
                pen.pair(ellipse(x, y + long, 2.4), shaded(puff, 0.7))
        apart = chance.between(32, 42)
        if self.pattern in ("muzzle", "plain") and chance.happens(0.4):
            pen.pair(ellipse(-apart, -44, 13, 9), self.light)
        if chance.happens(0.05):
            pen.pair(ribbon([(-apart - 16, -12), (-apart, -20), (-apart + 16, -12)], 3, 3), line)
            return
        eye = chance.between(11, 16)
        iris = chance.one([(72, 44, 32), (72, 44, 32), (54, 34, 28), (110, 70, 36), (110, 70, 36), (120, 170, 210)])
        white = chance.happens(0.4)
        pen.pair(ellipse(-apart, -16, eye + (5 if white else 3)), WHITE if white else shaded(self.dark, 0.5))
        pen.pair(ellipse(-apart, -16, eye), iris)
        pen.pair(ellipse(-apart, -15, eye * 0.62), INK)
        for side in (-1, 1):
            pen.fill(ellipse(side * apart + 4, -21, 4), WHITE)
        if chance.happens(0.3):
            pen.pair(
                smooth((-apart - 20, -26), (-apart, -34), (-apart + 20, -26), (-apart, -20)), shaded(self.base, 0.95)
            )


# What is behind, and what is in front.


def room(pen: Pen, chance: Chance) -> None:
    wall, floor = chance.one(PASTEL), shaded(FURS[chance.one(list(FURS))][0], 0.95)
    edge = chance.between(300, 400)
    pen.ground = floor
    pen.fill(EVERYWHERE, wall)
    pen.fill(box(-10, edge, 522, 522), floor)
    pen.fill(box(-10, edge - 12, 522, edge), WHITE)
    if chance.happens(0.6):
        x, y = chance.between(10, 330), chance.between(10, 80)
        pen.fill(box(x, y, x + 170, y + 190), WHITE)
        pen.fill(box(x + 12, y + 12, x + 158, y + 178), (176, 214, 240))
        pen.fill(box(x + 80, y, x + 90, y + 190), WHITE)
        pen.fill(box(x, y + 90, x + 170, y + 100), WHITE)
    if chance.happens(0.6):
        color = chance.one(BRIGHT)
        x = chance.between(100, 412)
        pen.fill(ellipse(x, edge + 80, 230, 60), color)
        pen.fill(ellipse(x, edge + 80, 196, 46), shaded(color, 1.15))
        pen.fill(ellipse(x, edge + 80, 160, 34), color)


def meadow(pen: Pen, chance: Chance) -> None:
    pen.fill(EVERYWHERE, chance.one([(176, 218, 242), (206, 230, 240), (250, 218, 182)]))
    if chance.happens(0.6):
        pen.fill(ellipse(chance.between(40, 472), chance.between(40, 120), 44), (252, 228, 130))
    for _ in range(2):
        x, y = chance.between(0, 512), chance.between(30, 150)
        for dx, dy, r in ((-40, 8, 26), (0, -6, 38), (42, 6, 28)):
            pen.fill(ellipse(x + dx, y + dy, r * 1.3, r * 0.8), WHITE)
    far, near = (130, 180, 110), chance.one([(104, 166, 88), (140, 186, 92), (90, 148, 96)])
    hill = chance.between(240, 320)
    pen.ground = near
    pen.fill(ellipse(chance.between(0, 512), hill + 250, 480, 270), far)
    ridge = ((-60, hill + 70), (140, hill + 40), (330, hill + 76), (580, hill + 40))
    pen.fill(smooth(*ridge, (580, 600), (-60, 600)), near)
    for _ in range(14):
        x, y = chance.between(0, 512), chance.between(hill + 90, 505)
        if chance.happens(0.4):
            color = chance.one(BRIGHT)
            for dx, dy in ((-7, 0), (7, 0), (0, -7), (0, 7)):
                pen.fill(ellipse(x + dx, y + dy, 6), color)
            pen.fill(ellipse(x, y, 4), (250, 220, 120))
        else:
            for lean in (-9, 0, 9):
                pen.fill(polygon((x - 4, y), (x + lean, y - 24), (x + 4, y)), shaded(near, 0.82))


def night(pen: Pen, chance: Chance) -> None:
    sky = chance.one([(62, 76, 132), (86, 70, 128), (52, 92, 122)])
    pen.fill(EVERYWHERE, sky)
    x, y = chance.between(60, 452), chance.between(50, 130)
    pen.fill(ellipse(x, y, 46), (250, 240, 200))
    if chance.happens(0.6):
        pen.fill(ellipse(x + 20, y - 8, 40), sky)
    for _ in range(22):
        x, y, r = chance.between(0, 512), chance.between(0, 330), chance.between(2, 6)
        pen.fill(polygon((x - r, y), (x, y - r * 1.6), (x + r, y), (x, y + r * 1.6)), (246, 236, 190))
    edge = chance.between(330, 420)
    pen.ground = shaded(sky, 0.7)
    ridge = ((-60, edge), (150, edge - 30), (340, edge + 12), (580, edge - 20))
    pen.fill(smooth(*ridge, (580, 600), (-60, 600)), pen.ground)


def wallpaper(pen: Pen, chance: Chance) -> None:
    color = mixed(chance.one(PASTEL + BRIGHT), WHITE, 0.3)
    other = shaded(color, chance.one([0.84, 0.92, 1.1]))
    pen.ground = color
    pen.fill(EVERYWHERE, color)
    step = int(chance.between(44, 90))
    kind = chance.one(["dots", "stripes", "checks", "none"])
    turn = int(chance.between(0, 90))
    pen.place(256, 256, 1, turn)
    for row, x in enumerate(range(-400, 400, step)):
        if kind == "stripes":
            pen.fill(box(x, -400, x + step // 2, 400), other)
        for y in range(-400, 400, step):
            if kind == "dots":
                pen.fill(ellipse(x, y + row % 2 * step // 2, step // 5), other)
            elif kind == "checks" and (row + y // step) % 2:
                pen.fill(box(x, y, x + step, y + step), other)
    pen.place(0, 0)
    if chance.happens(0.4):
        pen.ground = chance.one(BRIGHT)
        x, y = chance.between(150, 362), chance.between(380, 440)
        cushion = smooth((-260, -70), (0, -50), (260, -70), (240, 60), (0, 100), (-240, 60))
        pen.fill(np.add(cushion, (x, y)), pen.ground)


def street(pen: Pen, chance: Chance) -> None:
    pen.fill(EVERYWHERE, chance.one([(206, 226, 236), (246, 222, 200), (190, 200, 214)]))
    x = chance.between(-80, -10)
    while x < 512:
        wide, tall = chance.between(90, 170), chance.between(90, 250)
        color = mixed(chance.one(BRIGHT), WHITE, 0.55)
        pen.fill(box(x, 360 - tall, x + wide, 362), color)
        if chance.happens(0.5):
            roof = polygon((x - 8, 361 - tall), (x + wide / 2, 310 - tall), (x + wide + 8, 361 - tall))
            pen.fill(roof, shaded(color, 0.7))
        for row in range(int(380 - tall), 330, 56):
            for column in range(int(x) + 18, int(x + wide) - 24, 44):
                pen.fill(box(column, row, column + 22, row + 32), chance.one([(252, 236, 170), (120, 140, 160)]))
        x += wide + chance.between(0, 30)
    pen.ground = (168, 164, 160)
    pen.fill(box(-10, 360, 522, 522), pen.ground)
    pen.fill(box(-10, 360, 522, 376), (210, 206, 200))


def leaves(pen: Pen, chance: Chance) -> None:
    x, y = chance.one([(0, 0), (512, 0), (0, 512), (512, 512), (256, 512)])
    green = chance.one([(70, 130, 76), (100, 150, 70), (60, 116, 100), (190, 120, 60)])
    for _ in range(5):
        left, top = x + chance.between(-60, 60), y + chance.between(-60, 60)
        pen.place(left, top, chance.between(1, 1.6), int(chance.between(0, 360)))
        pen.fill(smooth((0, 0), (40, -34), (110, -30), (160, 0), (110, 30), (40, 34)), green)
        pen.fill(ribbon([(0, 0), (150, 0)], 3, 1), shaded(green, 0.8))


def ball(pen: Pen, chance: Chance) -> None:
    pen.place(chance.between(40, 472), chance.between(370, 490), chance.between(0.8, 1.4), int(chance.between(0, 360)))
    color, other = chance.one(BRIGHT), chance.one([WHITE, *BRIGHT])
    pen.fill(ellipse(0, 0, 62), color)
    if chance.happens(0.5):
        pen.fill(ribbon([(-61, -8), (0, 14), (61, -8)], 12, 12), other)
    else:
        for bend in (-34, -12, 10, 32):
            pen.fill(ribbon([(-50, bend - 6), (0, bend + 12), (50, bend - 6)], 3, 3), shaded(color, 0.8))
    pen.fill(ellipse(-22, -28, 12, 8), mixed(color, WHITE, 0.6))


def flower_pot(pen: Pen, chance: Chance) -> None:
    pen.place(chance.one([chance.between(20, 140), chance.between(372, 492)]), 512, chance.between(0.9, 1.4))
    petal = chance.one(BRIGHT)
    for lean in (-50, -6, 44):
        tall = -chance.between(190, 280)
        pen.fill(ribbon([(lean / 4, -110), (lean * 0.6, tall / 2 - 50), (lean, tall)], 5, 4), (84, 140, 80))
        for dx, dy in ((-20, 0), (20, 0), (0, -20), (0, 20)):
            pen.fill(ellipse(lean + dx, tall + dy, 18), petal)
        pen.fill(ellipse(lean, tall, 13), (250, 220, 120))
    clay = chance.one([(196, 108, 70), (90, 130, 150), (226, 212, 190)])
    pen.fill(polygon((-74, -110), (74, -110), (52, 20), (-52, 20)), clay)
    pen.fill(box(-84, -132, 84, -98), shaded(clay, 0.88))


def grass(pen: Pen, chance: Chance) -> None:
    green = chance.one([(80, 140, 70), (110, 160, 70), (60, 110, 84)])
    tall = chance.between(70, 150)
    pen.place(0, 512)
    for x in range(-10, 520, 17):
        tip, lean = -tall * chance.between(0.5, 1.1), chance.between(-26, 26)
        pen.fill(polygon((x - 11, 10), (x + lean, tip), (x + 11, 10)), shaded(green, chance.one([0.85, 1.0, 1.1])))


def mug(pen: Pen, chance: Chance) -> None:
    pen.place(chance.between(60, 452), chance.between(450, 500), chance.between(0.8, 1.3), 0, chance.happens(0.5))
    color = chance.one(BRIGHT)
    pen.fill(ribbon([(40, -60), (92, -56), (92, 6), (40, 10)], 11, 11), color)
    pen.fill(smooth((-62, -90), (62, -90), (60, 40), (0, 60), (-60, 40)), color)
    pen.fill(ellipse(0, -88, 60, 13), (96, 62, 44))
    pen.fill(ellipse(-16, -10, 14), WHITE)
