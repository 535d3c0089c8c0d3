"""How four workers add up their vectors in a ring: chapter 9."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mobilenet_lib.plots.style import ARROW, COLORS, Picture, canvas, styled

SIZE = 0.22  # inches: the side of a piece
CORNERS = ((0.1, 0.94), (1.8, 0.94), (1.8, 0.3), (0.1, 0.3))  # of workers 0 to 3, clockwise
# From each worker to the next: where the arrow begins and ends, and where the piece stands.
ARROWS = (
    ((1.03, 1.05), (1.75, 1.05), (1.39, 1.16)),
    ((2.24, 0.9), (2.24, 0.57), (2.56, 0.73)),
    ((1.75, 0.41), (1.03, 0.41), (1.39, 0.52)),
    ((0.54, 0.57), (0.54, 0.9), (0.86, 0.73)),
)
SHADES = {1: COLORS["fill"], 2: COLORS["line"], 3: "#aab4bd", 4: COLORS["right"]}


@styled
def ring(states: Sequence[Any]) -> Picture:
    """An all-reduce of four workers, hop by hop: `states[hop][worker][piece]` says how many have been added.

    `states` begins before the first hop. Left are the hops that add, right those that replace; which piece each worker
    sends stands on its arrow, and what has just been received has an orange edge.
    """
    counts = np.asarray(states)
    if counts.shape != (7, 4, 4):
        raise ValueError(f"states must be of 6 hops, 4 workers and 4 pieces, not {counts.shape}")
    whole = [", ".join(map(str, np.flatnonzero(pieces == 4))) or "none" for pieces in counts[3]]
    alt = (
        "Four workers in a ring, each with four pieces, after each of six hops. In every hop each worker sends one "
        "piece to the next. Complete after three hops: "
        + "; ".join(f"of worker {worker} piece {pieces}" for worker, pieces in enumerate(whole))
        + f". After six hops {np.sum(counts[6] == 4)} of 16 are complete."
    )
    picture, axes = canvas(6.0, 4.85, alt=alt)
    small = {"size": 9, "ha": "center", "va": "center"}
    for column, half in enumerate(("reduce-scatter: add", "all-gather: replace")):
        axes.text(3 * column + 0.1, 4.66, half, size=10.5, weight="bold", color=COLORS["ink"])
    for hop in range(6):
        column, row = divmod(hop, 3)
        corner = np.array([3 * column, 3.05 - 1.5 * row])
        axes.text(corner[0] + 1.39, corner[1] + 1.4, f"hop {hop + 1}", color=COLORS["ink"], **small)
        for worker, place in enumerate(CORNERS):
            x, y = corner + place
            received = (worker - 1 - hop) % 4
            for piece in sorted(range(4), key=received.__eq__):  # its edge lies on top
                count, left = counts[hop + 1][worker][piece], x + SIZE * piece
                edge = {"edgecolor": COLORS["live"], "lw": 2.2} if piece == received else {"edgecolor": COLORS["muted"]}
                sides = [left, left + SIZE, left + SIZE, left], [y, y, y + SIZE, y + SIZE]
                axes.fill(*sides, facecolor=SHADES[count], zorder=2 + (piece == received), **edge)
                color = COLORS["paper" if count == 4 else "ink"]
                axes.text(left + SIZE / 2, y + SIZE / 2 - 0.01, str(count), color=color, zorder=4, **small)
            beside = 0.34 if worker < 2 else -0.12
            axes.text(x + 2 * SIZE, y + beside, f"worker {worker}", color=COLORS["muted"], **small)
            tail, head, middle = (corner + point for point in ARROWS[worker])
            axes.annotate("", head, tail, arrowprops=ARROW)
            axes.text(*middle, f"piece {(worker - hop) % 4}", color=COLORS["live"], **small)
    return picture.captioned("How many are added in pieces 0 to 3 of each worker. Orange: just received. Green: all.")
