"""The head of a cat or a dog, with all that its looks depend on."""

import numpy as np

from mobilenet_lib.drawn.colors import BRIGHT, FURS, INK, PINK, WHITE, Color, mixed, shaded
from mobilenet_lib.drawn.pen import Chance, Pen, Points, ellipse, mirror, polygon, ribbon, smooth

CAT_FURS = ("gray", "black", "ginger", "blue-gray", "gray")
DOG_FURS = ("brown", "golden", "chocolate", "red-brown", "sand")


class Head:
    """Looks that are drawn by lot when it is made, and the head that they make."""

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
            top = (tip - 4, -tall), (tip + 4, -tall)
            ear = smooth((-92, -10), (1.14 * tip, -0.6 * tall), *top, (-52, -0.76 * tall), (-14, -70))
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
            lid = smooth((-apart - 20, -26), (-apart, -34), (-apart + 20, -26), (-apart, -20))
            pen.pair(lid, shaded(self.base, 0.95))
