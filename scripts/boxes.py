"""Boxes in rows, with arrows that point down, as an SVG: what `imports.py` draws."""

from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from textwrap import wrap

Graph = dict[str, set[str]]
Place = tuple[float, float, float, float, float]  # the middle of a box, its top and bottom, and those of its row

INK, MUTED, PAPER = "#1d2730", "#48566b", "#fdfcf9"
GAP, BETWEEN, LANE = 10, 38, 6  # between boxes and rows; of an arrow that passes boxes
LINE, CHIP, LETTER = 13.5, 19.5, 6.3  # the height of a line and of a part's name, the width of a small letter


@dataclass
class Box:
    """A name and what it stands for; in a package also its parts, in rows of chips."""

    name: str
    meaning: str
    color: str
    parts: list[list[str]]
    left: float = 0
    top: float = 0
    width: float = 0
    height: float = 0
    lines: list[str] = field(default_factory=list)
    chips: list[tuple[float, list[str]]] = field(default_factory=list)

    @property
    def least(self) -> float:
        """The width that it needs, also with a wide font."""
        chips = [_chip(name) for row in self.parts for name in row]
        return max([8.8 * len(self.name) + 8, *(width + 8 for width in chips), 112 if chips else 74])

    def fit(self, width: float) -> None:
        """Break its lines and rows at a width, which gives its height."""
        self.width, self.lines = width, wrap(self.meaning, int((width - 6) / (LETTER - 0.3)))
        self.height = 26 + LINE * len(self.lines)
        for row in self.parts:
            self.height += 2
            lines: list[list[str]] = [[]]
            for name in row:
                if lines[-1] and sum(map(_chip, [*lines[-1], name])) > width - 6:
                    lines.append([])
                lines[-1].append(name)
            for line in lines:
                self.chips.append((self.height, line))
                self.height += CHIP
            self.height += 3

    def svg(self) -> str:
        middle = self.left + self.width / 2
        parts = [_rect(self.left, self.top, self.width, self.height, 8, 'fill-opacity="0.1"')]
        parts.append(_text(middle, self.top + 20, self.name, INK, 'font-weight="650" font-size="13"'))
        for number, line in enumerate(self.lines):
            parts.append(_text(middle, self.top + 34 + LINE * number, line, MUTED))
        for y, line in self.chips:
            x = middle - sum(map(_chip, line)) / 2
            for name in line:
                chip = f'fill="{PAPER}" stroke-opacity="0.45"'
                parts.append(_rect(x + 1.5, self.top + y, _chip(name) - 3, CHIP - 3, 4, chip))
                parts.append(_text(x + _chip(name) / 2, self.top + y + 11.5, name, INK))
                x += _chip(name)
        return f'<g fill="{self.color}" stroke="{self.color}">{"".join(parts)}</g>'


def _chip(name: str) -> float:
    return LETTER * len(name) + 11.5


def _rect(x: float, y: float, width: float, height: float, radius: float, style: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius}" {style}/>'


def _text(x: float, y: float, said: str, color: str, style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{color}" stroke="none" {style}>{escape(said)}</text>'


def ordered(graph: Graph, level: dict[str, int]) -> tuple[list[list[str]], set[tuple[str, str]]]:
    """The rows from top to bottom, each in an order with few crossings, and the arrows from one row to the next.

    An arrow that passes a row has a lane there, named after its target and the row: "costs 1".
    """
    places, arrows = dict(level), set()
    for name, others in graph.items():
        for other in others:
            steps = [name, *(f"{other} {row}" for row in range(level[name] - 1, level[other], -1)), other]
            places |= {step: level[name] - number for number, step in enumerate(steps)}
            arrows |= {*pairwise(steps)}
    rows = [sorted(name for name in places if places[name] == row) for row in range(max(places.values()), -1, -1)]

    def cost(rows: list[list[str]]) -> tuple[int, float]:
        at = {name: (number + 0.5) / len(row) for row in rows for number, name in enumerate(row)}
        pairs = [(at[a], at[b], places[a]) for a, b in sorted(arrows)]  # sorted, so that sums are rounded alike
        crossings = sum(a < c and b > d and row == other for a, b, row in pairs for c, d, other in pairs)
        return crossings, sum(abs(a - b) for a, b, _ in pairs)

    before = None
    while rows != before:  # one after the other to its best place in its row, until none can be bettered
        before = list(rows)
        for name in sorted(places):
            number = len(rows) - 1 - places[name]
            rest = [other for other in rows[number] if other != name]
            tries = [[*rest[:at], name, *rest[at:]] for at in range(len(rest) + 1)]
            rows[number] = min(tries, key=lambda row: cost([*rows[:number], row, *rows[number + 1 :]]))
    return rows, arrows


def placed(boxes: dict[str, Box], rows: list[list[str]]) -> tuple[dict[str, Place], float, float]:
    """Put the boxes of each row beside each other, as wide as they need or more; where all are, width and height."""
    least = [sum(boxes[name].least if name in boxes else LANE for name in row) + GAP * len(row) for row in rows]
    places, top, whole = {}, 2.0, max(least) + 2
    for row in rows:
        here = [boxes[name] for name in row if name in boxes]
        room = whole - 2 - GAP * len(row) - LANE * (len(row) - len(here))
        stretch = min(room / sum(box.least for box in here), 1.3)
        for box in here:
            box.fit(stretch * box.least)
        widths = [boxes[name].width if name in boxes else LANE for name in row]
        high, gap = max(box.height for box in here), (whole - 2 - sum(widths)) / len(row)
        left = 1 + gap / 2
        for name, width in zip(row, widths, strict=True):
            height = boxes[name].height if name in boxes else high
            y = top + (high - height) / 2
            places[name] = left + width / 2, y, y + height, top, top + high
            if name in boxes:
                boxes[name].left, boxes[name].top = left, y
            left += width + gap
        top += high + BETWEEN
    return places, whole, top


def _arrow(x: float, start: Place, end: Place, color: str, arrives: bool) -> str:
    """A curve down to the next row, between the two rows alone: with a tip, or on through a lane."""
    _, _, y, _, low = start
    to_x, to_y, below, high, _ = end
    to_y, high = (to_y - 7, high - 7) if arrives else (below, high)
    bend = (low + high) / 2
    curve = f"M{x:.1f} {y:.1f}V{low:.1f}C{x:.1f} {bend:.1f} {to_x:.1f} {bend:.1f} {to_x:.1f} {high:.1f}V{to_y:.1f}"
    tip = f'<path d="M{to_x - 4:.1f} {to_y - 2:.1f}h8l-4 7z" fill="{color}" stroke="none"/>' if arrives else ""
    return f'<path d="{curve}" stroke="{color}"/>{tip}'


def drawn(boxes: dict[str, Box], graph: Graph, level: dict[str, int], legend: dict[str, str]) -> str:
    """The boxes in their rows, level 0 at the bottom, an arrow for each pair of the graph in the color of its end."""
    rows, arrows = ordered(graph, level)
    places, width, height = placed(boxes, rows)
    parts = ['<g fill="none" stroke-width="1.4">']
    for name, other in sorted(arrows):
        x = places[name][0]
        if name in boxes:  # arrows leave side by side, in the order of where they go
            beside = sorted((b for a, b in arrows if a == name), key=lambda b: (places[b][0], b))
            x += 12 * (beside.index(other) - (len(beside) - 1) / 2)
        parts.append(_arrow(x, places[name], places[other], boxes[other.split()[0]].color, other in boxes))
    parts += ["</g>", '<g font-family="system-ui, sans-serif" font-size="11" text-anchor="middle">']
    parts += [box.svg() for box in boxes.values()]
    x = 8.0
    for name, color in legend.items():
        parts.append(_rect(x, height - 22, 11, 11, 3, f'fill="{color}" fill-opacity="0.1" stroke="{color}"'))
        parts.append(_text(x + 17, height - 12.5, name, MUTED, 'text-anchor="start"'))
        x += 17 + LETTER * len(name) + 22
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{1.5 * width:.0f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n' + "\n".join(parts) + "\n</g></svg>\n"
