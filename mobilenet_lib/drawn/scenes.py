"""A whole picture: what is behind the animal, and what is in front of it."""

import numpy as np
from PIL import Image

from mobilenet_lib.drawn.animal import Animal
from mobilenet_lib.drawn.colors import BRIGHT, FURS, PASTEL, WHITE, mixed, shaded
from mobilenet_lib.drawn.pen import EVERYWHERE, Chance, Pen, box, ellipse, polygon, ribbon, smooth

# Of the cats and of the dogs in each split.
NUMBERS = {"train": (range(0, 2000, 2), range(1, 2000, 2)), "test": (range(2000, 2400, 2), range(2001, 2400, 2))}


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
