"""A cat or a dog, in one of five poses."""

from mobilenet_lib.drawn.colors import BRIGHT, shaded
from mobilenet_lib.drawn.head import Head
from mobilenet_lib.drawn.pen import SIDE, box, ellipse, mirror, ribbon, smooth

Range = tuple[float, float]


class Animal(Head):
    """A head on a body, all parts of which are drawn around the middle of the head, whose radius is 100."""

    def draw(self) -> None:
        self.chance.one([self.portrait] * 5 + [self.sitting] * 2 + [self.lying, self.standing, self.peeking])()

    def place(
        self, scales: Range, lefts: Range, tops: Range, tilt: int, *, flips: bool = False
    ) -> tuple[float, float, float]:
        """Put the head somewhere within these ranges, tilted by so many degrees; its middle, and its scale."""
        scale, x, y = (self.chance.between(*within) for within in (scales, lefts, tops))
        x = SIDE - x if flips and self.mirrored else x
        self.pen.place(x, y, scale, int(self.chance.between(-tilt, tilt + 1)), self.mirrored)
        return x, y, scale

    def portrait(self) -> None:
        chance, pen = self.chance, self.pen
        place = self.place((1.0, 1.7), (120, 392), (170, 350), 8)
        broad = chance.between(0.85, 1.15)
        pen.fill(mirror((0, 30), (-78, 70), (-120, 190), (-140, 420), (0, 460)) * (broad, 1), shaded(self.base, 0.9))
        if self.pattern in ("muzzle", "blaze"):
            pen.fill(mirror((0, 60), (-46, 90), (-52, 180), (0, 250)), self.light)
        self.wear_collar()
        self.head(*place)

    def sitting(self) -> None:
        chance, pen = self.chance, self.pen
        place = self.place((0.9, 1.2), (160, 352), (140, 220), 5)
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
        self.head(*place)

    def lying(self) -> None:
        pen = self.pen
        place = self.place((0.9, 1.2), (130, 210), (200, 320), 6, flips=True)
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
        self.head(*place)

    def standing(self) -> None:
        pen = self.pen
        place = self.place((0.85, 1.1), (110, 210), (130, 230), 5, flips=True)
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
        self.head(*place)

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
            self.pen.fill(ribbon(points[:3], 22, 34), self.base)
            self.pen.fill(ellipse(*points[2], 34, 36), self.light if self.pattern == "blaze" else self.base)

    def wear_collar(self) -> None:
        if self.collar:
            self.pen.fill(ribbon([(-76, 72), (-40, 102), (0, 112), (40, 102), (76, 72)], 13, 13), self.collar)
            self.pen.fill(ellipse(0, 132, 15), (244, 206, 92))
