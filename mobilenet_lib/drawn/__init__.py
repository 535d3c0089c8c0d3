"""Cats and dogs drawn from numbers: what stands in for the photos where they are not at hand.

`picture(number)` is the same picture on every machine: its chances come from the one sequence of random numbers that
Python promises to keep, its shapes from sums, products and square roots (sines from a rounded table), and `Pen.paint`
leaves Pillow (11.2.1 or newer) nothing to round.

What tells a cat from a dog is never one thing. Some cats have folded ears and some dogs pointed ones; either may close
its eyes, dress up, hide behind a flower pot or be cut off by the edge of the picture.

    colors   by what they are for
    pen      chances, shapes, and what paints them
    head     the looks of a cat or a dog, and its head
    animal   a head on a body, in one of five poses
    scenes   a whole picture: what is behind, and in front
"""

from mobilenet_lib.drawn.pen import CANVAS
from mobilenet_lib.drawn.scenes import NUMBERS, picture
