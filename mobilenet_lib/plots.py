"""Every figure and table of the book, in one style.

A figure function returns a `Picture`, which shows itself in a notebook and on a page, with alternative text that says
what there is to see. Matplotlib alone, without pyplot: no windows, no shared state, the same bytes on each run.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from io import BytesIO
from itertools import combinations, groupby
from math import prod
from numbers import Integral, Rational, Real
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon, Rectangle
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator, PercentFormatter

from mobilenet_lib import architecture, costs
from mobilenet_lib.architecture import Layer

WIDTH = 7.2  # inches: the width of a page's column
PIXELS = 96  # CSS pixels in an inch

# By meaning, not by name: each kind of layer keeps its color through the book. All of them have a contrast of at
# least 3:1 to white and stay apart for color-blind readers.
COLORS = {
    "standard": "#0b6fb0",
    "depthwise": "#d1600a",
    "pointwise": "#07866a",
    "dense": "#8a57a6",
    "live": "#d1600a",  # computed on this page
    "recorded": "#0b6fb0",  # from data/runs
    "published": "#5b6770",  # from the paper
    "right": "#07866a",
    "wrong": "#c0392b",
    "cat": "#0b6fb0",
    "dog": "#d1600a",
    "ink": "#1d2730",
    "muted": "#5b6770",
    "line": "#c9d0d7",
    "fill": "#eef1f4",
    "paper": "#fdfcf9",  # of the book's pages
}
CYCLE = tuple(COLORS[kind] for kind in ("standard", "depthwise", "pointwise", "dense", "muted"))

STYLE = {
    "font.family": "DejaVu Sans",  # comes with Matplotlib, so it is everywhere the same
    "font.size": 9.5,
    "mathtext.fontset": "dejavusans",
    "text.color": COLORS["ink"],
    "figure.facecolor": COLORS["paper"],
    "savefig.facecolor": COLORS["paper"],
    "axes.facecolor": COLORS["paper"],
    "axes.edgecolor": COLORS["muted"],
    "axes.labelcolor": COLORS["ink"],
    "axes.linewidth": 0.8,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": matplotlib.cycler(color=CYCLE),
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": COLORS["fill"],
    "grid.linewidth": 1.0,
    "xtick.color": COLORS["muted"],
    "ytick.color": COLORS["muted"],
    "xtick.labelcolor": COLORS["ink"],
    "ytick.labelcolor": COLORS["ink"],
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "patch.linewidth": 0.8,
    "svg.fonttype": "path",  # letters as outlines: the same on a machine without the font
    "svg.hashsalt": "mobilenet",  # without it, the names inside an SVG change from run to run
}
# Put `@styled` above each function that makes a figure, so that what it draws after `figure` has the style too. What a
# matplotlibrc of the reader's sets, `text.usetex` for one, holds for the reader's own figures alone.
styled = matplotlib.style.context(["default", STYLE])


class Picture(Figure):
    """A figure with alternative text, `alt`, that shows itself: SVG, or WebP at double size if it holds photos."""

    def __init__(self, *args: Any, alt: str, **kwargs: Any) -> None:
        if not isinstance(alt, str) or not alt.strip():
            raise ValueError(f"alt must say in words what the figure shows, not {alt!r}")
        super().__init__(*args, **kwargs)
        self.alt = " ".join(alt.split())
        self.caption = ""

    def captioned(self, caption: str) -> Picture:
        """The same picture with a line below it, such as on which machine its numbers were measured."""
        self.caption = caption
        return self

    @property
    def format(self) -> str:
        """ "webp" if there are photos in it, otherwise "svg".

        Maps of a few pixels go into an SVG as they are, if they are drawn with `interpolation="none"`.
        """
        # WebP, since photos take seven times as many bytes in PNG.
        photos = (image.get_interpolation() != "none" for axes in self.axes for image in axes.images)
        return "webp" if any(photos) else "svg"

    @styled
    def data(self) -> bytes:
        """The picture as a file in `format`, the same bytes on each run."""
        if self.format == "svg":
            # Thousands of dots are drawn as pixels, with this many to the inch.
            options = {"metadata": dict.fromkeys(("Creator", "Date", "Format", "Type")), "dpi": 2 * PIXELS}
        else:
            options = {"dpi": 2 * PIXELS, "pil_kwargs": {"quality": 90}}
        file = BytesIO()
        self.savefig(file, format=self.format, **options)
        self.set_layout_engine("none")  # laid out once: a second round would move things by a hair
        return _compact(file.getvalue()) if self.format == "svg" else file.getvalue()

    def __repr__(self) -> str:
        return " ".join([f"Figure: {self.alt}", self.caption]).strip()

    def _repr_html_(self) -> str:
        kind = {"svg": "svg+xml"}.get(self.format, self.format)
        image = (
            f'<img alt="{escape(self.alt)}" width="{self.get_figwidth() * PIXELS:.0f}" '
            f'style="max-width:100%;height:auto" src="data:image/{kind};base64,{b64encode(self.data()).decode()}">'
        )
        if not self.caption:
            return image
        return f'<figure style="margin:0">{image}<figcaption>{escape(self.caption)}</figcaption></figure>'


def _compact(svg: bytes) -> bytes:
    """Matplotlib's SVG without what no reader sees: comments, unused names, line breaks, the fifth digit of a pixel."""
    text = re.sub(r"<!.*?>|<\?.*?\?>| id=\"\w+_\d+\"", "", svg.decode(), flags=re.DOTALL)
    text = re.sub(r' d="[^"]*"', lambda path: re.sub(r"\d+\.\d{3,}", lambda n: f"{float(n[0]):.2f}", path[0]), text)
    return re.sub(r">\s+<", "><", re.sub(r"\s+", " ", text)).strip().encode()


@styled
def figure(
    width: float = WIDTH, height: float = 3.2, *, alt: str, rows: int = 1, columns: int = 1, **subplots: Any
) -> tuple[Picture, Any]:
    """A new `Picture` of `width` × `height` inches and its axes: one `Axes`, or an array of `rows` × `columns`.

    7.2 inches fill a page. `alt` is the alternative text: what the figure shows, and its conclusion. `subplots` go to
    `matplotlib.figure.Figure.subplots` (`sharey=True`, `width_ratios=[2, 1]` …).
    """
    picture = Picture(figsize=(width, height), layout="constrained", alt=alt)
    return picture, picture.subplots(rows, columns, **subplots)


@dataclass(frozen=True, repr=False)
class Table:
    """A table that shows itself: see `table`."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    caption: str
    formats: Mapping[str, str]

    def _cells(self) -> list[list[str]]:
        return [
            [_cell(value, self.formats.get(name)) for name, value in zip(self.columns, row, strict=True)]
            for row in self.rows
        ]

    def _numeric(self) -> list[bool]:
        columns = zip(*self.rows, strict=True)
        return [all(value is None or _number(value) for value in column) for column in columns]

    def __repr__(self) -> str:
        cells = [list(self.columns), *self._cells()]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join(
                cell.rjust(width) if numeric else cell.ljust(width)
                for cell, width, numeric in zip(row, widths, self._numeric(), strict=True)
            ).rstrip()
            for row in cells
        ]
        return "\n".join([self.caption, "", lines[0], "  ".join("-" * width for width in widths), *lines[1:]])

    def _repr_html_(self) -> str:
        numeric = self._numeric()

        # Each on a line of its own: search strips the tags, and the numbers of two cells must not become one.
        def tag(name: str, text: str, number: bool) -> str:
            align = "text-align:right;font-variant-numeric:tabular-nums" if number else "text-align:left"
            return f'<{name} style="{align}">{escape(text)}</{name.split()[0]}>\n'

        head = "".join(tag('th scope="col"', *pair) for pair in zip(self.columns, numeric, strict=True))
        body = "".join(
            "<tr>"
            + tag('th scope="row"', row[0], numeric[0])
            + "".join(tag("td", *pair) for pair in zip(row[1:], numeric[1:], strict=True))
            + "</tr>"
            for row in self._cells()
        )
        caption = escape(self.caption)
        # A table wider than a phone scrolls inside itself, with the keyboard too.
        return (
            f'<div role="group" aria-label="{caption}" tabindex="0" style="overflow-x:auto">'
            f'<table class="table"><caption style="text-align:left">{caption}</caption>\n'
            f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>"
        )


def table(
    rows: Iterable[Mapping[str, Any] | Sequence[Any]],
    columns: Sequence[str] | None = None,
    *,
    caption: str,
    formats: Mapping[str, str] | None = None,
) -> Table:
    """A table for a page: numbers to the right, thousands separated, the first column as the heading of each row.

    `rows` are mappings from column to value (then `columns` may be left out), or sequences in the order of `columns`.
    `formats` gives a format specification for the numbers of a column, as in `{"share": ".2%"}`. `None` shows as a
    dash. Raises `ValueError` if there is no row or no caption, if a row does not fit the columns, or if a format names
    no column.
    """
    rows = list(rows)
    if not rows:
        raise ValueError("rows must hold at least one row, not none")
    if not isinstance(caption, str) or not caption.strip():
        raise ValueError(f"caption must say in words what the table shows, not {caption!r}")
    if columns is None:
        if not isinstance(rows[0], Mapping):
            raise ValueError("columns must be given unless rows are mappings")
        columns = list(rows[0])
    columns = tuple(columns)
    for row in rows:
        if set(row) != set(columns) if isinstance(row, Mapping) else len(row) != len(columns):
            raise ValueError(f"rows must each fit the columns {', '.join(columns)}; this one does not: {row!r}")
    if unknown := [name for name in formats or () if name not in columns]:
        raise ValueError(f"formats must name columns ({', '.join(columns)}), not {unknown[0]!r}")
    return Table(
        columns,
        tuple(tuple(row[name] for name in columns) if isinstance(row, Mapping) else tuple(row) for row in rows),
        caption,
        dict(formats or {}),
    )


def _number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _cell(value: Any, spec: str | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not _number(value):
        return str(value)
    if spec is not None:
        return format(float(value) if isinstance(value, Rational) and not isinstance(value, Integral) else value, spec)
    if isinstance(value, Integral):
        return f"{int(value):,}"
    if isinstance(value, Rational):
        return str(value)
    return f"{float(value):,.0f}" if abs(value) >= 1e5 else f"{float(value):,.6g}"


@styled
def curves(
    histories: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    metrics: Sequence[str] = ("loss", "accuracy"),
    live: str | None = None,
) -> Picture:
    """Training curves: one panel a metric, one color a run, validation solid and training dashed.

    `histories` maps the name of a run to its metrics per epoch, as in Keras' `History.history` (`accuracy`,
    `val_accuracy` …); what a run lacks is left out. The run named `live` was trained on this page and stands out.
    Raises `ValueError` if there is no run, if `live` names none of them, or if no run has one of the `metrics`.
    """
    if not histories:
        raise ValueError("histories must hold at least one run, not none")
    if live is not None and live not in histories:
        raise ValueError(f"live must be one of {', '.join(histories)}, not {live!r}")
    if not metrics:
        raise ValueError("metrics must name at least one metric, not none")
    for metric in metrics:
        if not any(key in history for history in histories.values() for key in (metric, f"val_{metric}")):
            raise ValueError(f"metrics must be in at least one run of {', '.join(histories)}; {metric!r} is in none")

    said = []
    for metric in metrics:
        for name, history in histories.items():
            if values := history.get(f"val_{metric}", history.get(metric)):
                epochs = f"{len(values)} epoch" + "s" * (len(values) > 1)
                said.append(f"{name}: {metric} goes from {values[0]:.3f} to {values[-1]:.3f} in {epochs}")
    validated = any(f"val_{metric}" in history for history in histories.values() for metric in metrics)
    drawn = ", solid on validation, dashed on training" if validated else ""
    alt = f"Training curves of {' and '.join(metrics)}{drawn}. {'; '.join(said)}."
    picture, panels = figure(WIDTH, 3.2, alt=alt, columns=len(metrics), squeeze=False)
    others = iter([color for color in CYCLE if color != COLORS["live"] or live is None] * len(histories))
    colors = {name: COLORS["live"] if name == live else next(others) for name in histories}
    for axes, metric in zip(panels[0], metrics, strict=True):
        for name, history in histories.items():
            for key, dashes, width in ((metric, "--" if validated else "-", 1.1), (f"val_{metric}", "-", 2.0)):
                if values := history.get(key):
                    epochs = range(1, len(values) + 1)
                    marker = "o" if len(values) == 1 or (name == live and dashes == "-") else None
                    style = {"color": colors[name], "lw": width, "marker": marker, "ms": 3.5}
                    axes.plot(epochs, values, dashes, zorder=3 if name == live else 2, **style)
        axes.set(title=metric.replace("_", " ").capitalize(), xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if "accuracy" in metric:
            axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    for name, color in colors.items():
        panels[0][0].plot([], [], color=color, label=name)
    if validated:
        panels[0][0].plot([], [], "-", color=COLORS["muted"], label="validation")
        panels[0][0].plot([], [], "--", color=COLORS["muted"], lw=1.1, label="training")
    picture.legend(loc="outside lower center", ncols=min(4, len(histories) + 2))
    return picture


@styled
def confusion(matrix: Sequence[Sequence[int]], class_names: Sequence[str]) -> Picture:
    """The confusion matrix: `matrix[i][j]` images of class i were taken for class j.

    Raises `ValueError` unless `matrix` is square, holds counts and fits `class_names`.
    """
    counts = np.asarray(matrix)
    size = len(class_names)
    if counts.shape != (size, size) or counts.dtype.kind not in "iu" or (counts < 0).any():
        raise ValueError(f"matrix must hold {size} × {size} counts, one row a class, not {matrix!r}")
    said = "; ".join(
        f"of {row.sum():,} {name}s, {row[i]:,} are recognized ({_share(row[i], row.sum())})"
        for i, (name, row) in enumerate(zip(class_names, counts, strict=True))
    )
    overall = _share(np.trace(counts), counts.sum())
    picture, axes = figure(
        1.6 + 1.2 * size, 1.1 + 0.9 * size, alt=f"Confusion matrix: {said}. All in all {overall} are right."
    )
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            share = count / max(1, row.sum())
            color = COLORS["right" if i == j else "wrong"]
            axes.fill([j, j + 1, j + 1, j], [i, i, i + 1, i + 1], color=color, alpha=0.08 + 0.62 * share, lw=0)
            axes.text(j + 0.5, i + 0.42, f"{count:,}", ha="center", va="center", size=13, weight="bold")
            axes.text(j + 0.5, i + 0.72, _share(count, row.sum()), ha="center", va="center", size=9)
    ticks = np.arange(size) + 0.5
    axes.set(xlim=(0, size), ylim=(size, 0), xlabel="taken for", ylabel="is")
    axes.set_xticks(ticks, class_names), axes.set_yticks(ticks, class_names)
    axes.grid(False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.hlines(range(1, size), 0, size, color=COLORS["paper"], lw=2)
    axes.vlines(range(1, size), 0, size, color=COLORS["paper"], lw=2)
    return picture


@styled
def photos(
    images: Sequence[Any],
    titles: Sequence[str],
    *,
    alt: str,
    columns: int | None = None,
    right: Sequence[bool] | None = None,
) -> Picture:
    """A grid of pictures, each with its title below: `[S, S, 3]` in uint8, or in float from −1 to 1.

    `alt` says what they have in common; the titles are added to it. Without `columns` there is one for each image, up
    to six; with fewer images than columns, the grid is narrower than the page. `right` colors the titles: green with a
    check mark for True, red with a cross for False. Raises `ValueError` if there is no image, if `titles` or `right` do
    not match them in number, or if an image has another shape.
    """
    images = [np.asarray(image) for image in images]
    if not images:
        raise ValueError("images must hold at least one image, not none")
    columns = min(6, len(images)) if columns is None else columns
    if columns < 1:
        raise ValueError(f"columns must be a positive whole number, not {columns!r}")
    if len(titles) != len(images):
        raise ValueError(f"titles must be one for each of the {len(images)} images, not {len(titles)}")
    if right is not None and len(right) != len(images):
        raise ValueError(f"right must be one for each of the {len(images)} images, not {len(right)}")
    if wrong := [image.shape for image in images if image.ndim != 3 or image.shape[-1] != 3]:
        raise ValueError(f"images must each have the shape [height, width, 3], not {wrong[0]}")
    marks = ["" if right is None else "✓ " if good else "✗ " for good in right or titles]
    titles = [mark + title for mark, title in zip(marks, titles, strict=True)]
    rows, side, gap = -(-len(images) // columns), WIDTH / columns, 0.08
    columns = min(columns, len(images))
    width = columns * side
    below = 0.06 + 0.17 * (max(title.count("\n") for title in titles) + 1)
    height = rows * (side + below)
    said = ", ".join(" ".join(title.split()) for title in titles)
    picture, grid = figure(width, height, alt=f"{alt.rstrip('.:')}: {said}.", rows=rows, columns=columns, squeeze=False)
    picture.set_layout_engine("none")
    for place, axes in enumerate(grid.flat):
        left, top = place % columns * side + gap / 2, height - place // columns * (side + below)
        axes.set_position([left / width, (top - side + gap) / height, (side - gap) / width, (side - gap) / height])
        axes.set_axis_off()
    for axes, image, title, mark in zip(grid.flat, images, titles, marks, strict=False):
        axes.imshow(image if image.dtype == np.uint8 else np.clip((image + 1) / 2, 0, 1))
        color = {"✓ ": COLORS["right"], "✗ ": COLORS["wrong"]}.get(mark, COLORS["ink"])
        axes.annotate(
            title, (0.5, 0), (0, -4), "axes fraction", "offset points", color=color, size=9, ha="center", va="top"
        )
    return picture


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


CHANNELS = ("#2f5fa3", "#d9a020", "#b8506a")  # of an input of three channels; they differ in brightness too
MIXED = "#4b5563"  # of an output made of all of them
SLANT = np.array([0.62, 0.42])  # where one cell of depth points on paper
ARROW = {"arrowstyle": "-|>", "color": COLORS["muted"], "lw": 1, "shrinkA": 0, "shrinkB": 0}
STRIDE = {"marker": "^", "color": COLORS["ink"], "markersize": 4.5, "linestyle": "none"}
DRAWN = {"D_K": 3, "M": 3, "N": 4, "D_F": 6}  # the sizes in the drawings: the reader can count the cells


def canvas(width: float, height: float, *, alt: str) -> tuple[Picture, Axes]:
    """An empty `Picture` to draw on: coordinates are inches from its lower left corner."""
    picture, axes = figure(width, height, alt=alt)
    picture.set_layout_engine("none")
    axes.set_position([0, 0, 1, 1])
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    return picture, axes


@dataclass(frozen=True)
class _Step:
    """One step of a derivation: what has been computed by then, which letters count it, and the cells at work."""

    title: str
    letters: str
    slices: int  # of the input, and of a filter
    filters: int
    output: str  # "part" of a number, one "number", one "channel", or "all"


STEPS = {
    "standard": (
        _Step("one filter slice, one input channel", "D_K D_K", 1, 1, "part"),
        _Step("all slices: one number of the output", "D_K D_K M", DRAWN["M"], 1, "number"),
        _Step("all positions: one output channel", "D_K D_K M D_F D_F", DRAWN["M"], 1, "channel"),
        _Step("all filters: the whole output", "D_K D_K M N D_F D_F", DRAWN["M"], DRAWN["N"], "all"),
    ),
    "depthwise": (
        _Step("one number of the output", "D_K D_K", 1, 1, "number"),
        _Step("all positions: one output channel", "D_K D_K D_F D_F", 1, 1, "channel"),
        _Step("all filters: the whole output", "D_K D_K M D_F D_F", DRAWN["M"], DRAWN["M"], "all"),
    ),
    "pointwise": (
        _Step("one number of the output", "M", DRAWN["M"], 1, "number"),
        _Step("all positions: one output channel", "M D_F D_F", DRAWN["M"], 1, "channel"),
        _Step("all filters: the whole output", "M N D_F D_F", DRAWN["M"], DRAWN["N"], "all"),
    ),
}
FILTERS_AT = 3.74  # inches from the left: the middle of the filters
FILTERS = {
    "standard": r"$N$ filters of $D_K \times D_K \times M$",
    "depthwise": r"$M$ filters of $D_K \times D_K \times 1$",
    "pointwise": r"$N$ filters of $1 \times 1 \times M$",
}


def standard_convolution(step: int | None = None) -> Picture:
    """The standard convolution: each filter reads all channels (section 3.1).

    `step` 1 to 4 shows how far the derivation of its cost has come; without it, one filter at work.
    Raises `ValueError` for another `step`.
    """
    return _convolution("standard", step)


def depthwise_convolution(step: int | None = None) -> Picture:
    """The depthwise convolution: one filter for each channel, which stays by itself (section 3.1).

    `step` 1 to 3 shows how far the derivation of its cost has come; without it, one filter at work.
    Raises `ValueError` for another `step`.
    """
    return _convolution("depthwise", step)


def pointwise_convolution(step: int | None = None) -> Picture:
    """The pointwise convolution: each filter mixes the channels of one position (section 3.1).

    `step` 1 to 3 shows how far the derivation of its cost has come; without it, one filter at work.
    Raises `ValueError` for another `step`.
    """
    return _convolution("pointwise", step)


@styled
def convolutions() -> Picture:
    """The three convolutions below each other, one filter of each at work, with what they cost (section 3.1)."""
    height = 2.42
    picture, axes = canvas(
        WIDTH,
        3 * height,
        alt="Three convolutions of the same input, drawn as input times filters makes output. Standard: each filter is "
        "as deep as the input and mixes its channels. Depthwise: each filter reads one channel, and the channels stay "
        "apart. Pointwise: each filter is one cell wide and mixes the channels of one position. Multiplications at the "
        f"size drawn: {', '.join(f'{kind} {_product(steps[-1]):,}' for kind, steps in STEPS.items())}.",
    )
    for place, (kind, steps) in enumerate(STEPS.items()):
        bottom = (2 - place) * height
        _draw_convolution(axes, kind, bottom, None)
        _headline(axes, bottom + height - 0.3, kind, f"{kind.capitalize()} convolution", steps[-1])
        if place:
            axes.plot([0.1, WIDTH - 0.1], [bottom + height] * 2, color=COLORS["line"], lw=0.8)
    return picture


@styled
def _convolution(kind: str, number: int | None) -> Picture:
    steps = {None: STEPS[kind][-1], **dict(enumerate(STEPS[kind], start=1))}
    if number not in steps:
        raise ValueError(f"step must be None or a whole number from 1 to {len(STEPS[kind])}, not {number!r}")
    step = steps[number]
    title = f"{kind.capitalize()} convolution" if number is None else f"{number}. {step.title.capitalize()}"
    said = f"{kind.capitalize()} convolution, drawn as input times filters makes output. {step.title.capitalize()}."
    letters = step.letters.replace(" ", " times ")
    picture, axes = canvas(WIDTH, 2.35, alt=f"{said} Multiplications: {letters}, at the size drawn {_product(step):,}.")
    _draw_convolution(axes, kind, 0, None if number is None else step)
    _headline(axes, 2.1, kind, title, step)
    return picture


def _product(step: _Step) -> int:
    return prod(DRAWN[letter] for letter in step.letters.split())


def _formula(step: _Step) -> str:
    return "$" + step.letters.replace(" ", r" \cdot ") + "$"


def _headline(axes: Axes, height: float, kind: str, title: str, step: _Step) -> None:
    """A line above a drawing: its `title`, and the formula with the numbers drawn."""
    factors = "·".join(str(DRAWN[letter]) for letter in step.letters.split())
    axes.text(0.1, height, title, color=COLORS[kind], weight="bold", size=10.5)
    numbers = " = ".join(dict.fromkeys((factors, f"{_product(step):,}")))
    axes.text(WIDTH - 0.1, height, f"{_formula(step)} = {numbers}", ha="right")


def _draw_convolution(axes: Axes, kind: str, bottom: float, step: _Step | None) -> None:
    """Input ∗ filters = output, at the height `bottom`; without a step, what makes one number stands out."""
    step = step or next(step for step in STEPS[kind] if step.output == "number")
    apart = kind == "depthwise"
    size, slices, count = DRAWN["D_F"], DRAWN["M"], DRAWN["M" if apart else "N"]
    kernel = 1 if kind == "pointwise" else DRAWN["D_K"]
    shape = {"rows": size, "columns": size, "cell": 0.18, "gap": 0.7 if apart else 0.0}
    base, middle = bottom + 0.58, bottom + 1.17
    everywhere = (range(size), range(size))

    image = _Cuboid((0.55, base), colors=CHANNELS, **shape)
    window = (range(step.slices), range(kernel), range(size - kernel, size))
    visited = [((range(step.slices), *everywhere), 0.55)] if step.output in ("channel", "all") else []
    image.draw(axes, [*visited, (window, 0.95)], outline=window)

    # The filters, in a row or two by two.
    across, down, columns = {"standard": (0.92, 0.74, 2), "depthwise": (0.62, 0, 3), "pointwise": (0.8, 0.52, 2)}[kind]
    small, deep = 0.135, 1 if apart else slices
    wide, tall = small * (kernel + deep * SLANT)
    left = FILTERS_AT - ((columns - 1) * across + wide) / 2
    top = middle + ((count // columns - 1) * down - tall) / 2
    for number in range(count):
        corner = (left + number % columns * across, top - number // columns * down)
        colors = CHANNELS[number : number + 1] if apart else CHANNELS
        cuboid = _Cuboid(corner, kernel, kernel, colors, small)
        part = (range(1 if apart else step.slices), range(kernel), range(kernel))
        at_work = number < step.filters
        cuboid.draw(axes, [(part, 0.95)] if at_work else [], outline=part if at_work else None)
        if number == 0:
            cuboid.measure(axes, "height", "$D_K$" if kernel > 1 else "$1$", 0.07)
            if deep > 1:
                cuboid.measure(axes, "depth", "$M$", 0.07)

    result = _Cuboid((5.35, base), colors=CHANNELS if apart else (MIXED,) * count, **shape)
    row, column = kernel // 2, size - 1 - kernel // 2
    spot = (range(1), range(row, row + 1), range(column, column + 1))
    done = {"channel": (range(1), *everywhere), "all": (range(count), *everywhere)}.get(step.output, spot)
    result.draw(axes, [(done, 0.3 if step.output == "part" else 0.95)], outline=done)

    for cuboid, depth, name in ((image, "$M$", "input"), (result, "$M$" if apart else "$N$", "output")):
        cuboid.measure(axes, "height", "$D_F$")
        cuboid.measure(axes, "width", "$D_F$")
        cuboid.measure(axes, "depth", depth)
        center = cuboid.corner[0] + size * cuboid.cell / 2
        axes.text(center, bottom + 0.13, name, ha="center", size=9, color=COLORS["muted"])
    axes.text(FILTERS_AT, bottom + 0.13, FILTERS[kind], ha="center", size=9, color=COLORS["muted"])
    for x, sign in ((2.4, "∗"), (4.88, "=")):
        axes.text(x, middle, sign, size=15, ha="center", va="center")


Region = tuple[range, range, range]  # slices, rows and columns of a cuboid


@dataclass(frozen=True)
class _Cuboid:
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
        start, end, side = {
            "height": ((0, self.rows, 0), (0, 0, 0), 1),
            "width": ((0, self.rows, 0), (self.columns, self.rows, 0), -1),
            "depth": ((self.columns, self.rows, 0), (self.columns, self.rows, self._back(len(self.colors) - 1)), -1),
        }[what]
        start, end = self._point(*start), self._point(*end)
        along = (end - start) / np.linalg.norm(end - start)
        out = side * np.array([-along[1], along[0]])
        start, end = start + distance * out, end + distance * out
        tick = 0.03 * out
        ends = [[start - tick, start + tick], [end - tick, end + tick]]
        _lines(axes, [[start, end], *ends], edgecolor=COLORS["muted"], lw=0.8)
        horizontal = "center" if what == "width" else "right" if what == "height" else "left"
        vertical = "center" if what == "height" else "top"
        axes.text(*((start + end) / 2 + 0.05 * out), text, ha=horizontal, va=vertical, size=9.5)

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
        near, far, at = self._back(number) - 1, self._back(number), self._point
        across = [
            [at(0, row, near), at(self.columns, row, near), at(self.columns, row, far)] for row in range(self.rows + 1)
        ]
        up = [
            [at(column, self.rows, near), at(column, 0, near), at(column, 0, far)] for column in range(self.columns + 1)
        ]
        return [*across, *up, [at(0, 0, far), at(self.columns, 0, far), at(self.columns, self.rows, far)]]


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


@styled
def block() -> Picture:
    """The two building blocks of figure 3 with their costs: the standard one, and the depthwise separable one."""
    after = (("fill", "batch norm"), ("fill", "ReLU"))
    standard = (("standard", r"$D_K \times D_K$ convolution"), *after)
    depthwise = (("depthwise", r"$D_K \times D_K$ depthwise"), *after)
    pointwise = (("pointwise", r"$1 \times 1$ convolution"), *after)
    picture, axes = canvas(
        WIDTH,
        3.95,
        alt="Two blocks from an input with M channels to an output with N. Left, three layers: a standard convolution, "
        "batch normalization, ReLU. Right, six: a depthwise convolution, batch normalization, ReLU, a pointwise "
        "convolution, batch normalization, ReLU. One convolution has become two, each with its own normalization.",
    )
    _stack(axes, 1.05, 2.55, "Standard block", standard)
    _stack(axes, 4.55, 3.28, "Depthwise separable block", depthwise + pointwise)
    return picture


def _stack(axes: Axes, x: float, top: float, title: str, boxes: Sequence[tuple[str, str]]) -> None:
    """Boxes below each other from the height `top`, joined by arrows, with the number of channels between them."""
    wide, tall, pitch = 1.8, 0.3, 0.5
    axes.text(x - wide / 2, top + 0.43, title, weight="bold", size=10.5)
    channels = "M"
    for number in range(len(boxes) + 1):
        y = top - number * pitch
        axes.annotate("", (x, y), (x, y + pitch - tall), arrowprops=ARROW)
        if number == len(boxes) or boxes[number][0] in STEPS:
            axes.text(x + 0.1, y + 0.1, f"${channels}$ channels", va="center", size=9, color=COLORS["muted"])
        if number == len(boxes):
            break
        kind, text = boxes[number]
        channels = "N" if kind in ("standard", "pointwise") else channels
        plain = kind not in STEPS
        corner, shape = (x - wide / 2, y - tall), "round,pad=0,rounding_size=0.05"
        edge = COLORS["line" if plain else kind]
        axes.add_patch(FancyBboxPatch(corner, wide, tall, shape, facecolor=COLORS[kind], edgecolor=edge))
        axes.text(x, y - tall / 2, text, ha="center", va="center", color=COLORS["ink" if plain else "paper"])
        if not plain:
            axes.text(x + wide / 2 + 0.1, y - tall / 2, _formula(STEPS[kind][-1]), va="center", color=COLORS[kind])


@styled
def architecture_body(layers: Sequence[Layer]) -> Picture:
    """The feature maps of a MobileNet, to scale: the side of a map upwards and back, its channels to the right.

    `layers` come from `architecture.mobilenet`, whatever its arguments. Below are the maps of each size, their
    channels and their share of the Mult-Adds. Raises `ValueError` if there is no layer.
    """
    layers = tuple(layers)
    if not layers:
        raise ValueError("layers must hold at least one layer, as architecture.mobilenet returns them, not none")
    first, last = layers[0], layers[-1]
    image = replace(first, kind="image", stride=1, out_size=first.in_size, out_channels=first.in_channels)
    stages = [list(stage) for _, stage in groupby([image, *layers], key=lambda layer: layer.out_size)]
    shares = [architecture.total(stage).mult_adds / architecture.total(layers).mult_adds for stage in stages[1:]]
    most = max(range(len(shares)), key=shares.__getitem__)
    heaviest = stages[1:][most][0].out_size

    left, narrow, gap, middle = 0.9, 0.66, 0.04, 2.2
    tall, back = 2.2 / image.out_size, np.array([0.24, 0.17])  # inches a pixel upwards; one to the back, as a share

    def width(stage: Sequence[Layer], inches: float) -> float:
        return sum(layer.out_channels * inches + gap for layer in stage) + tall * stage[0].out_size * back[0]

    inches = 0.02  # for one channel: as many as make the drawing as wide as the page
    while left + sum(max(narrow, width(stage, inches) + 0.12) for stage in stages) > WIDTH - 0.1:
        inches *= 0.99

    picture, axes = canvas(
        WIDTH,
        3.85,
        alt=f"The body of the network, sides to one scale and channels to another, from an image of {image.out_size} × "
        f"{image.out_size} × {image.out_channels} through {len(layers) - 1} convolutions to {last.in_channels:,} "
        f"channels and {last.out_channels:,} outputs. The maps shrink while their channels grow: "
        + ", ".join(f"{stage[0].out_size} × {stage[0].out_size} with {_span(stage)}" for stage in stages[1:-1])
        + f". {shares[most]:.1%} of the Mult-Adds are spent on maps of {heaviest} × {heaviest}.",
    )
    rows = {"map": 0.64, "channels": 0.4, "Mult-Adds": 0.16}
    for text, y in rows.items():
        axes.text(0.1, y, text, size=9, color=COLORS["muted"])
    column = left
    for stage, share in zip(stages, [None, *shares], strict=True):
        room, side = max(narrow, width(stage, inches) + 0.12), tall * stage[0].out_size
        x = column + (room - width(stage, inches) + gap) / 2
        for layer in stage:
            _slab(axes, (x, middle - side / 2), layer.out_channels * inches, side, side * back, layer.kind)
            if layer.stride == 2:
                axes.plot(x + layer.out_channels * inches / 2, middle - side / 2 - 0.08, **STRIDE)
            x += layer.out_channels * inches + gap
        texts = (f"{stage[0].out_size}²", _span(stage), "" if share is None else f"{share:.1%}")
        for text, y in zip(texts, rows.values(), strict=True):
            axes.text(column + room / 2, y, text, ha="center", size=9)
        column += room

    names = {
        "standard": "standard convolution",
        "depthwise": "depthwise",
        "pointwise": "pointwise",
        "dense": "fully connected",
    }
    used = [kind for kind in names if any(layer.kind == kind for layer in layers)]
    for place, kind in enumerate(used):
        axes.plot(4.55, 3.6 - 0.22 * place, "s", color=COLORS[kind], ms=7)
        axes.text(4.7, 3.6 - 0.22 * place, names[kind], va="center", size=9)
    axes.plot(4.55, 3.6 - 0.22 * len(used), **STRIDE)
    axes.text(4.7, 3.6 - 0.22 * len(used), "stride 2: half the side", va="center", size=9)
    return picture


def _span(stage: Sequence[Layer]) -> str:
    """The channels of some maps: the least and the most."""
    channels = [layer.out_channels for layer in stage]
    return "–".join(f"{count:,}" for count in sorted({min(channels), max(channels)}))


def _slab(axes: Axes, corner: Sequence[float], wide: float, tall: float, back: np.ndarray, kind: str) -> None:
    """A feature map from the side: `wide` for its channels; `back` is where its rear edges are from the front ones."""
    color = COLORS.get(kind, COLORS["line"])
    a, right, up = np.array(corner), np.array([wide, 0]), np.array([0, tall])
    b, c, d = a + right, a + right + up, a + up
    rim = {"edgecolor": COLORS["paper"], "lw": 0.3}
    _polygon(axes, [d, c, c + back, d + back], facecolor=_mix(color, 0.5), **rim)
    _polygon(axes, [b, c, c + back, b + back], facecolor=_mix(color, 0.75), **rim)
    _polygon(axes, [a, b, c, d], facecolor=color, edgecolor=color, lw=0.4)


@styled
def channels(maps: Mapping[str, np.ndarray]) -> Picture:
    """Small feature maps `[S, S, C]`, a row for each, a column for each channel: white is 0, orange above, blue below.

    Each row has its own scale. Raises `ValueError` if there is no map or if one has another shape.
    """
    maps = {name: np.asarray(values, dtype=float) for name, values in maps.items()}
    if not maps:
        raise ValueError("maps must hold at least one feature map, not none")
    if wrong := [values.shape for values in maps.values() if values.ndim != 3 or 0 in values.shape]:
        raise ValueError(f"maps must each have the shape [size, size, channels], not {list(wrong[0])}")
    said = []
    for name, values in maps.items():
        alive = [str(channel) for channel in range(1, values.shape[-1] + 1) if values[..., channel - 1].any()]
        where = (
            "every channel" if len(alive) == values.shape[-1] else f"channel {', '.join(alive)}" if alive else "none"
        )
        said.append(f"{name}: {where}")
    most = max(values.shape[-1] for values in maps.values())
    name_width, gap = 1.75, 0.12
    side = min(0.92, (WIDTH - name_width) / most - gap)
    height = 0.32 + len(maps) * (side + gap)
    picture, grid = figure(
        name_width + most * (side + gap),
        height,
        alt=f"Small feature maps, a row for each, a column for each channel. What is not zero: {'; '.join(said)}.",
        rows=len(maps),
        columns=most,
        squeeze=False,
    )
    picture.set_layout_engine("none")
    width = picture.get_figwidth()
    shades = LinearSegmentedColormap.from_list("", [COLORS["standard"], COLORS["paper"], COLORS["depthwise"]])
    for row, (name, values) in enumerate(maps.items()):
        bottom = height - 0.32 - (row + 1) * side - row * gap
        limit = np.abs(values).max() or 1.0
        text = name.replace(", ", ",\n")
        picture.text(0.1 / width, (bottom + side / 2) / height, text, va="center", weight="bold", linespacing=1.4)
        for channel in range(most):
            axes = grid[row, channel]
            axes.set_position(
                [(name_width + channel * (side + gap)) / width, bottom / height, side / width, side / height]
            )
            if channel >= values.shape[-1]:
                axes.set_axis_off()
                continue
            axes.imshow(values[..., channel], shades, vmin=-limit, vmax=limit, interpolation="none")
            axes.grid(False)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set(visible=True, color=COLORS["line"])
            if row == 0:
                axes.set_title(f"channel {channel + 1}", size=9, weight="normal", loc="center", pad=5)
            if not values[..., channel].any():
                middle = (values.shape[1] - 1) / 2, (values.shape[0] - 1) / 2
                axes.text(*middle, "0", ha="center", va="center", color=COLORS["muted"])
    return picture


@styled
def reduction() -> Picture:
    """The cost of a separable convolution as a share of the standard one, against N and D_K, with both limits."""
    outputs = [layer.out_channels for layer in architecture.mobilenet() if layer.kind == "pointwise"]
    low, high = min(outputs), max(outputs)
    times = [float(1 / costs.reduction(count)) for count in (low, high)]
    picture, (left, right) = figure(
        WIDTH,
        3.4,
        columns=2,
        sharey=True,
        width_ratios=[1.15, 1],
        alt="The cost of a separable convolution as a share of the standard one. Against the number of filters N, with "
        f"3 × 3 filters, it falls like 1/N and levels off at 1/9: in MobileNet, from N = {low} to {high:,}, it is "
        f"{times[0]:.1f} to {times[1]:.1f} times less. Against the filter side D_K, with N = {low}, it falls like "
        f"1/D_K² and levels off at 1/{low}.",
    )
    counts, kernels = [2**power for power in range(12)], range(1, 16, 2)
    left.axvspan(low, high, color=COLORS["fill"], lw=0)
    left.text(np.sqrt(low * high), 1, "MobileNet", ha="center", color=COLORS["muted"])
    _falling(left, {n: costs.reduction(n) for n in counts}, lambda n: 1 / n, "$1/N$", 1 / 9, "$1/D_K^2 = 1/9$")
    shares = {kernel: costs.reduction(low, kernel) for kernel in kernels}
    _falling(right, shares, lambda kernel: 1 / kernel**2, "$1/D_K^2$", 1 / low, f"$1/N = 1/{low}$")
    for count, fewer in zip((low, high), times, strict=True):
        left.plot(count, 1 / fewer, "o", color=COLORS["pointwise"], ms=7)
        left.annotate(f"1/{fewer:.1f}", (count, 1 / fewer), (0, 9), textcoords="offset points", ha="center")
    parts = (1, 2, 4, 9, 16, 32, 64)
    left.set_yticks([1 / part for part in parts], ["1", *(f"1/{part}" for part in parts[1:])])
    left.set_xticks(counts[::2], [f"{count:,}" for count in counts[::2]])
    right.set_xticks([1, 3, 5, 7, 11, 15], ["1", "3", "5", "7", "11", "15"])
    left.set(title="3 × 3 filters, more and more of them", xlabel="$N$, filters", ylabel="share of the standard cost")
    right.set(title=f"{low} filters, larger and larger", xlabel="$D_K$, side of a filter")
    return picture


def _falling(
    axes: Axes, shares: Mapping[int, Real], limit: Callable[[int], float], name: str, level: float, level_name: str
) -> None:
    """A curve that follows `limit` at first and then stays above `level`, on logarithmic axes, with both lines."""
    dots = {"color": COLORS["muted"], "linestyle": ":", "linewidth": 1.4}
    axes.plot(list(shares), [limit(x) for x in shares], **dots)
    axes.axhline(level, **dots)
    axes.plot(list(shares), [float(y) for y in shares.values()], color=COLORS["pointwise"], lw=2.4, marker="o", ms=4)
    axes.set(xscale="log", yscale="log", ylim=(1 / 128, 1.6))
    axes.minorticks_off()
    axes.text(1, 0.9 * level, level_name, va="top", color=COLORS["muted"])
    near = next(x for x in shares if limit(x) < 3 * level)
    place = {"xytext": (-8, -6), "textcoords": "offset points", "ha": "right"}
    axes.annotate(name, (near, limit(near)), color=COLORS["muted"], **place)


@styled
def stacked(
    bars: Mapping[str, Mapping[str, float]], *, alt: str, colors: Mapping[str, str], percent: bool = False
) -> Picture:
    """Bars made of parts, one below the other: `bars` maps the name of a bar to its parts and their values.

    `colors` maps each part to a name in `COLORS`, and is the legend. With `percent` each bar is a whole and its parts
    are shares of it. The alternative text is `alt`, then all parts. Raises `ValueError` if there is no bar or if a
    part has no color.
    """
    if not bars:
        raise ValueError("bars must hold at least one bar, not none")
    if missing := [part for parts in bars.values() for part in parts if part not in colors]:
        raise ValueError(f"colors must have one for each part; {missing[0]!r} has none")
    wholes = {name: sum(parts.values()) for name, parts in bars.items()}

    def text(name: str, value: float) -> str:
        return f"{value / wholes[name]:.1%}" if percent else f"{value:,.0f}" if value >= 1000 else f"{value:,.6g}"

    said = "; ".join(
        f"{name}: {', '.join(f'{part} {text(name, value)}' for part, value in parts.items())}"
        for name, parts in bars.items()
    )
    picture, axes = figure(WIDTH, 0.7 + 0.5 * len(bars), alt=f"{alt.rstrip('.')}. {said}.")
    for row, (name, parts) in enumerate(bars.items()):
        left, scale = 0.0, wholes[name] if percent else max(wholes.values())
        for part, value in parts.items():
            width = value / scale
            axes.barh(row, width, 0.62, left, color=COLORS[colors[part]], edgecolor=COLORS["paper"], lw=0.6)
            if width >= 0.07:
                middle = left + width / 2
                axes.text(middle, row, text(name, value), color=COLORS["paper"], size=9, ha="center", va="center")
            left += width
        if not percent:
            axes.text(left + 0.01, row, text(name, wholes[name]), ha="left", va="center", weight="bold")
    axes.set_yticks(range(len(bars)), list(bars))
    axes.set(ylim=(len(bars) - 0.5, -0.5), xlim=(0, 1 if percent else 1.1), xticks=[])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.grid(False)
    for part, color in colors.items():
        axes.bar(0, 0, color=COLORS[color], label=part)
    picture.legend(loc="outside lower center", ncols=len(colors), handlelength=1, handleheight=1)
    return picture


@styled
def saving(standard: Sequence[Any], separable: Sequence[Any]) -> Picture:
    """What each block saves: the factor, the Mult-Adds and the parameters, from the first block to the last.

    Both are layers of `architecture.mobilenet`: `standard` those with `separable=False`, `separable` those of the same
    network with it. Raises `ValueError` if they do not have the same number of blocks.
    """
    depthwise = [layer.cost for layer in separable if layer.kind == "depthwise"]
    points = [layer for layer in separable if layer.kind == "pointwise"]
    pointwise = [layer.cost for layer in points]
    thin = [one + other for one, other in zip(depthwise, pointwise, strict=True)]
    full = [layer.cost for layer in standard if layer.kind == "standard"][1:]  # without the stem
    if not full or len(full) != len(thin):
        raise ValueError(f"standard and separable must have the same blocks, not {len(full)} and {len(thin)}")
    factors = [one.mult_adds / other.mult_adds for one, other in zip(full, thin, strict=True)]
    work, least = [cost.mult_adds / 1e6 for cost in full], [cost.mult_adds / 1e6 for cost in thin]
    alt = (
        f"Three rows over the {len(thin)} blocks. Top: the factor saved goes from {factors[0]:.2f} to "
        f"{factors[-1]:.2f} and stays below 9. Middle: all along the network a full convolution costs {min(work):.0f} "
        f"to {max(work):.0f} million Mult-Adds, a separable one {min(least):.0f} to {max(least):.0f} million, nearly "
        f"all of it pointwise. Bottom: the parameters of a full convolution grow from {full[0].params / 1e6:.2f} "
        f"million in the first block to {full[-1].params / 1e6:.1f} million in the last, those of a separable one to "
        f"{thin[-1].params / 1e6:.1f} million."
    )
    picture, (top, middle, bottom) = figure(WIDTH, 5.4, alt=alt, rows=3, sharex=True, height_ratios=[1, 1.2, 1.2])
    places = np.arange(len(thin))
    top.plot(places, factors, "o", color=COLORS["ink"])
    top.axhline(9, color=COLORS["muted"], lw=1, ls="--")
    for place, factor in zip(places, factors, strict=True):
        top.text(place, factor - 0.25, f"{factor:.2f}", size=9, ha="center", va="top")
    top.set(title="Times fewer, Mult-Adds and parameters alike", ylim=(7.2, 9.2), yticks=[8, 9])
    for axes, what, title in ((middle, "mult_adds", "Mult-Adds, millions"), (bottom, "params", "Parameters, millions")):
        parts = {"standard": full, "depthwise": depthwise, "pointwise": pointwise}
        values = {kind: np.array([getattr(cost, what) / 1e6 for cost in costs]) for kind, costs in parts.items()}
        axes.bar(places - 0.2, values["standard"], 0.38, color=COLORS["standard"], label="full convolution")
        axes.bar(places + 0.2, values["depthwise"], 0.38, color=COLORS["depthwise"], label="depthwise")
        on = values["depthwise"]
        axes.bar(places + 0.2, values["pointwise"], 0.38, on, color=COLORS["pointwise"], label="pointwise")
        axes.set_title(title)
    bottom.legend(loc="upper left")
    names = [f"{number}\n{point.out_size}²\n{point.out_channels}" for number, point in enumerate(points, start=1)]
    bottom.set_xticks(places, names)
    bottom.set_xlabel("block, size and channels of its output")
    for axes in (top, middle, bottom):
        axes.grid(False, axis="x")
        axes.tick_params(axis="x", length=0)
    return picture


@styled
def feature_maps(image: Any, stages: Mapping[str, Any], *, alt: str, maps: int = 6) -> Picture:
    """What a network makes of one picture: its three color channels, then the first feature maps of each stage.

    `image` is `[S, S, 3]` from −1 to 1, `stages` maps titles to feature maps `[H, W, C]`. Each map has its own scale,
    from black, which is zero, to white, its strongest hundredth. `alt` says what there is to see. Raises `ValueError`
    if a stage has fewer than `maps` channels.
    """
    stages = {title: np.asarray(stage) for title, stage in stages.items()}
    if thin := [title for title, stage in stages.items() if stage.ndim != 3 or stage.shape[-1] < maps]:
        raise ValueError(f"stages must each hold at least {maps} maps [H, W, C]; {thin[0]!r} does not")
    image = np.clip((np.asarray(image) + 1) / 2, 0, 1)
    rows = {"image: red,\ngreen, blue": [image, *np.moveaxis(image, -1, 0)]}
    rows |= {title: np.moveaxis(stage[..., :maps], -1, 0) for title, stage in stages.items()}
    label, gap = 1.25, 0.06
    side = (WIDTH - label) / maps
    height = side * len(rows)
    picture = Picture(figsize=(WIDTH, height), alt=alt)
    for row, (title, tiles) in enumerate(rows.items()):
        bottom = height - (row + 1) * side
        picture.text(0.01, (bottom + side / 2) / height, title, va="center")
        for column, tile in enumerate(tiles):
            left = label + column * side
            place = [left / WIDTH, bottom / height, (side - gap) / WIDTH, (side - gap) / height]
            axes = picture.add_axes(place)
            axes.imshow(tile, cmap="gray", vmin=0, vmax=np.quantile(tile, 0.99) or 1, interpolation="nearest")
            axes.set_axis_off()
    return picture


# α, as the figures of chapter 4 show it: from dark to bright, so that it reads in gray too, and by marker.
ALPHAS = {1.0: ("#3b0f70", "o"), 0.75: ("#8c2981", "s"), 0.5: ("#cf3f6c", "^"), 0.25: ("#d65f00", "D")}


@styled
def multipliers(blocks: Mapping[str, tuple[int, int, Any]]) -> Picture:
    """What the multipliers do to a block: its map drawn to scale, Mult-Adds and parameters below.

    `blocks` maps titles to the size of the map, its channels and the `Cost` of the block; shares are those of the
    first one. Raises `ValueError` if there is no block.
    """
    if not blocks:
        raise ValueError("blocks must hold at least one block, not none")
    whole = next(iter(blocks.values()))[2]
    said = "; ".join(
        f"{title}, {size}×{size}×{channels}: {cost.mult_adds / 1e6:.1f} million Mult-Adds "
        f"({cost.mult_adds / whole.mult_adds:.0%}), {cost.params:,} parameters ({cost.params / whole.params:.0%})"
        for title, (size, channels, cost) in blocks.items()
    )
    alt = f"The map of a separable block as a box, drawn to scale, under both multipliers. {said}."
    picture, row = figure(WIDTH, 2.5, alt=alt, columns=len(blocks), squeeze=False)
    side, length = (max(block[i] for block in blocks.values()) for i in (0, 1))
    for axes, (title, (size, channels, cost)) in zip(row[0], blocks.items(), strict=True):
        high, wide, slant = size / side, 1.35 * channels / length, 0.42 * size / side
        corner = (-(wide + slant) / 2, -(high + slant) / 2)
        _slab(axes, corner, wide, high, np.array([slant, slant]), "pointwise")
        axes.set(xlim=(-0.95, 0.95), ylim=(-1.45, 0.75), aspect="equal")
        axes.set_title(title, loc="center")
        axes.set_axis_off()
        axes.text(0, -0.92, f"{size}×{size}×{channels}", ha="center", va="center", weight="bold")
        axes.text(0, -1.15, f"{cost.mult_adds / 1e6:.1f} M Mult-Adds", ha="center", va="center")
        axes.text(0, -1.38, f"{cost.params:,} params", ha="center", va="center")
    return picture


@styled
def scaling(alpha: Mapping[float, Any], rho: Mapping[float, Any]) -> Picture:
    """What each multiplier leaves of the whole cost, beside its square.

    Both map values of a multiplier to the `Cost` of the network; that at 1 is the whole. Raises `ValueError` if 1 is
    not among them.
    """
    said = []
    for name, points in (("alpha", alpha), ("rho", rho)):
        if 1 not in points:
            raise ValueError(f"{name} must have the cost at 1, not only at {', '.join(map(str, points))}")
        least = min(points)
        work, size = (getattr(points[least], what) / getattr(points[1], what) for what in ("mult_adds", "params"))
        said.append(
            f"{name} = {least:.3g} leaves {100 * work:.3g}% of the Mult-Adds, {100 * size:.3g}% of the parameters"
        )
    alt = f"Cost against each multiplier, beside its square: {'; '.join(said)}. Only alpha saves parameters."
    picture, panels = figure(WIDTH, 3.1, alt=alt, columns=2, sharey=True)
    fine = np.linspace(0, 1, 101)
    titles = ("width multiplier α", "resolution multiplier ρ")
    for axes, title, points in zip(panels, titles, (alpha, rho), strict=True):
        axes.plot(fine, fine**2, ":", color=COLORS["ink"], lw=1.3, label="square of the multiplier")
        for what, label, color, marker in (
            ("params", "parameters", COLORS["dense"], "s"),
            ("mult_adds", "Mult-Adds", COLORS["pointwise"], "o"),
        ):
            shares = [getattr(points[x], what) / getattr(points[1], what) for x in sorted(points)]
            axes.plot(sorted(points), shares, color=color, marker=marker, ms=4, lw=1.5, label=label)
        axes.set(xlim=(0, 1.02), ylim=(0, 1.08), xlabel=title)
    panels[0].set_ylabel("share of the cost at 1")
    panels[0].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    picture.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return picture


@styled
def tradeoff(
    panels: Mapping[str, Sequence[Any]],
    cost: str = "mult_adds",
    *,
    front: Iterable[Any] = (),
    others: Sequence[Any] = (),
    trend: tuple[float, float] | None = None,
) -> Picture:
    """Accuracy against cost, one panel a title: Figures 4 and 5 of the paper.

    `panels` maps titles to models with `alpha`, `resolution`, `top1` in percent, `mult_adds` and `params` in millions;
    `cost` is one of the last two. Color and marker tell α, the number beside a point is the resolution. Models of
    the Pareto `front` are filled and joined. `others` are networks with a `name` in place of α and resolution. `trend`
    draws the line of (points per doubling, accuracy at one million). Raises `ValueError` if a panel is empty or for
    another `cost`.
    """
    labels = {"mult_adds": "million Mult-Adds", "params": "million parameters"}
    if cost not in labels:
        raise ValueError(f"cost must be 'mult_adds' or 'params', not {cost!r}")
    if not panels or not all(panels.values()):
        raise ValueError("panels must each hold at least one model, not none")
    front = list(front)
    said = []
    for title, models in panels.items():
        low, high = (pick(models, key=lambda m: (m.top1, -getattr(m, cost))) for pick in (min, max))
        ends = [f"{m.top1:.1f}% at {getattr(m, cost):,.3g}" for m in (low, high)]
        beaten = [f"{m.alpha}-{m.resolution}" for m in models if m not in front] if front else []
        off = f"; {len(beaten)} of {len(models)} are beaten by another: {', '.join(beaten)}" if beaten else ""
        said.append(f"{title}: from {ends[0]} to {ends[1]} {labels[cost]}{off}.")
    if others:
        listed = (f"{other.name} with {other.top1}% at {getattr(other, cost):,.5g}" for other in others)
        said.append(f"Beside them {', '.join(listed)} {labels[cost]}.")
    if trend is not None:
        said.append(f"A line rises by {trend[0]:.1f} points per doubling.")
    alt = f"Accuracy against {labels[cost]} on a logarithmic axis. {' '.join(said)}"
    picture, row = figure(WIDTH, 4.2, alt=alt, columns=len(panels), squeeze=False)
    for axes, (title, models) in zip(row[0], panels.items(), strict=True):
        best = sorted((getattr(m, cost), m.top1) for m in models if m in front)
        if best:
            axes.plot(*zip(*best, strict=True), color=COLORS["line"], lw=2.5, zorder=1)
        for m in models:
            hollow = bool(front) and m not in front
            _model(axes, m, getattr(m, cost), m.top1, hollow=hollow)
            # Side by side or one above the other, neighbors put their labels on opposite sides.
            if cost == "params":
                place = (-7, -3) if m.resolution % 64 == 0 else (7, -3)
            else:
                place = (-4, 4) if m.alpha == 0.75 else (4, 5) if m.alpha == 0.25 and hollow else (4, -10)
            side = "right" if place[0] < 0 else "left"
            axes.annotate(
                f"{m.resolution}", (getattr(m, cost), m.top1), place, textcoords="offset points", ha=side, size=9
            )
        for i, other in enumerate(sorted(others, key=lambda other: getattr(other, cost))):
            point, place = (getattr(other, cost), other.top1), (0, -15 if i % 2 else 8)
            axes.plot(*point, "X", color=COLORS["muted"], ms=6)
            axes.annotate(other.name, point, place, textcoords="offset points", ha="center", size=9)
        if trend is not None:
            ends = np.array([pick(getattr(m, cost) for m in models) for pick in (min, max)])
            axes.plot(ends, trend[0] * np.log2(ends) + trend[1], ":", color=COLORS["ink"], lw=1.3)
        axes.set(xscale="log", xlabel=labels[cost], title=title)
        axes.margins(x=0.12, y=0.1)
        _plain(axes.xaxis)
    row[0][0].set_ylabel("top-1 accuracy (%)")
    handles = _alphas(m for models in panels.values() for m in models)
    if front:
        handles.append(Line2D([], [], color=COLORS["line"], lw=2.5, label="Pareto front"))
        handles.append(
            Line2D([], [], ls="none", marker="o", mfc="none", color=COLORS["muted"], label="beaten by another")
        )
    if trend is not None:
        handles.append(Line2D([], [], ls=":", color=COLORS["ink"], lw=1.3, label=f"{trend[0]:.1f} points a doubling"))
    columns = 4 if len(handles) > 6 else len(handles)
    picture.legend(handles=handles, loc="outside lower center", ncols=columns, columnspacing=1.4, handletextpad=0.4)
    return picture


@styled
def budget(panels: Mapping[str, tuple[Sequence[Any], Any]], mult_adds: float, megabytes: float) -> Picture:
    """Which models fit into `mult_adds` (millions) and `megabytes`, one panel a title.

    `panels` maps titles to models with `alpha`, `resolution`, `mult_adds`, `megabytes` and `top1`, and to the one of
    them that was chosen, or None. The number above a point is its accuracy. Raises `ValueError` if a panel is empty.
    """
    if not panels or not all(models for models, _ in panels.values()):
        raise ValueError("panels must each hold at least one model, not none")
    said = []
    for title, (models, chosen) in panels.items():
        fitting = sum(m.mult_adds <= mult_adds and m.megabytes <= megabytes for m in models)
        choice = f", {chosen.alpha}-{chosen.resolution} is the best with {chosen.top1}%" if chosen else ""
        said.append(f"{title}: {fitting} of {len(models)} fit{choice}.")
    alt = f"Size against Mult-Adds, with a frame around {mult_adds} million and {megabytes} MB. {' '.join(said)}"
    picture, row = figure(WIDTH, 4.0, alt=alt, columns=len(panels), sharey=True, squeeze=False)
    everyone = [m for models, _ in panels.values() for m in models]
    (left, right), (low, high) = (
        (0.6 * min(sizes), 1.7 * max(sizes))
        for sizes in ([m.mult_adds for m in everyone], [m.megabytes for m in everyone])
    )
    for axes, (title, (models, chosen)) in zip(row[0], panels.items(), strict=True):
        axes.set(
            xscale="log", yscale="log", xlim=(left, right), ylim=(low, high), xlabel="million Mult-Adds", title=title
        )
        axes.add_patch(Rectangle((left, low), mult_adds - left, megabytes - low, fc=COLORS["fill"], ec=COLORS["muted"]))
        for m in models:
            _model(axes, m, m.mult_adds, m.megabytes)
            weight = "bold" if m == chosen else "normal"
            point = (m.mult_adds, m.megabytes)
            axes.annotate(
                f"{m.top1:.0f}", point, (0, 8), textcoords="offset points", ha="center", size=9, weight=weight
            )
        if chosen is not None:
            axes.plot(chosen.mult_adds, chosen.megabytes, "o", ms=13, mfc="none", mec=COLORS["ink"], mew=1.5)
        _plain(axes.xaxis), _plain(axes.yaxis)
    row[0][0].set_ylabel("megabytes")
    picture.legend(handles=_alphas(everyone), loc="outside lower center", ncols=4)
    return picture


def _model(axes: Axes, model: Any, x: float, y: float, *, hollow: bool = False) -> None:
    color, marker = ALPHAS.get(model.alpha, (COLORS["muted"], "v"))
    axes.plot(x, y, marker, color=color, mfc=COLORS["paper"] if hollow else color, mew=1.4, ms=6, ls="none")


def _alphas(models: Iterable[Any]) -> list[Line2D]:
    """A legend of the α there are."""
    return [
        Line2D([], [], ls="none", marker=marker, color=color, label=f"α = {alpha:g}")
        for alpha in sorted({model.alpha for model in models}, reverse=True)
        for color, marker in [ALPHAS.get(alpha, (COLORS["muted"], "v"))]
    ]


def _plain(axis: Axis) -> None:
    """1, 2, 5, 10 … on a logarithmic axis, written out; where that would be too many, powers of ten."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 1e4 * low else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axis.set_minor_locator(NullLocator())


@styled
def by_depth(
    series: Mapping[str, Sequence[float]], names: Sequence[str], *, alt: str, ylabel: str, log: bool = True
) -> Picture:
    """One number a layer, from the first layer to the last: one line for each of `series`, all as long as `names`.

    `alt` says what the number is; where each line starts and ends is added. Raises `ValueError` if there is no line or
    if one does not fit `names`.
    """
    if not series:
        raise ValueError("series must hold at least one line, not none")
    for name, values in series.items():
        if len(values) != len(names):
            raise ValueError(f"series must have {len(names)} values each, one a layer; {name!r} has {len(values)}")
    said = "; ".join(f"{name}: from {values[0]:.2g} to {values[-1]:.2g}" for name, values in series.items())
    picture, axes = figure(WIDTH, 3.2, alt=f"{alt.rstrip('.:')}, {names[0]} to {names[-1]}. {said}.")
    for (name, values), color, marker in zip(series.items(), CYCLE, "os^Dv", strict=False):
        axes.plot(range(len(names)), values, color=color, marker=marker, ms=4.5, label=name)
    axes.set(yscale="log" if log else "linear", ylabel=ylabel)
    if log:
        _plain(axes.yaxis)
    axes.set_xticks(range(len(names)), names, rotation=90 if len(names) > 8 else 0)
    axes.legend()
    return picture


@styled
def over_seeds(
    series: Mapping[str, Mapping[float, Sequence[float]]], *, alt: str, xlabel: str, ylabel: str = "validation accuracy"
) -> Picture:
    """What runs with several seeds reached at each of some settings: a dot a run, a line through their means.

    `series` maps the name of a line to accuracies by setting. `alt` says what is shown; the means are added. Raises
    `ValueError` if there is no line.
    """
    if not series:
        raise ValueError("series must hold at least one line, not none")
    means = {name: {at: float(np.mean(values)) for at, values in points.items()} for name, points in series.items()}
    said = (
        f"{name}: {', '.join(f'{mean:.1%} at {at:g}' for at, mean in line.items())}" for name, line in means.items()
    )
    picture, axes = figure(WIDTH, 3.2, alt=f"{alt.rstrip('.:')}. {'; '.join(said)}.")
    for (name, line), color, marker in zip(means.items(), CYCLE, "os^Dv", strict=False):
        axes.plot(list(line), list(line.values()), color=color, marker=marker, label=name)
        for at, values in series[name].items():
            axes.plot([at] * len(values), values, ".", color=color, ms=4)
    axes.set(xscale="log", xlabel=xlabel, ylabel=ylabel)
    axes.set_xticks(sorted({at for points in series.values() for at in points}))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    axes.legend()
    return picture


@styled
def learning_rate(rates: Mapping[str, Sequence[float]]) -> Picture:
    """The learning rate at every step of a training: one line for each of `rates`."""
    if not rates:
        raise ValueError("rates must hold at least one line, not none")
    said = []
    for name, values in rates.items():
        top = int(np.argmax(values))
        steps = [(0, values[0]), (top, values[top]), (len(values) - 1, values[-1])]
        changes = ", ".join(f"{value:.2g} at step {step + 1:,}" for step, value in steps)
        said.append(f"{name}: {changes if min(values) < max(values) else f'{values[0]:.2g} all the time'}")
    picture, axes = figure(WIDTH, 2.4, alt=f"The learning rate over a training. {'; '.join(said)}.")
    for (name, values), color in zip(rates.items(), CYCLE, strict=False):
        axes.plot(range(1, len(values) + 1), values, color=color, lw=2, label=name)
    axes.set(xlabel="step", ylabel="learning rate", ylim=(0, None))
    axes.legend()
    return picture


@styled
def calibration(confidence: Any, right: Any, *, bins: int = 10) -> Picture:
    """How often a model is right when it says how sure it is, in `bins` steps from 50 to 100%.

    `confidence` `[N]` is the probability of the predicted class of two, `right` `[N]` whether it was the right one.
    A bar at the diagonal keeps its word. Raises `ValueError` if they are not equally long and at least one.
    """
    confidence, right = np.asarray(confidence, float), np.asarray(right, bool)
    if confidence.shape != right.shape or confidence.ndim != 1 or not len(right):
        raise ValueError(f"right must have one value for each confidence, not {right.shape} for {confidence.shape}")
    edges = np.linspace(0.5, 1, bins + 1)
    place = np.clip(np.digitize(confidence, edges) - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    share = np.bincount(place, right, bins) / np.maximum(counts, 1)
    said, kept = confidence.mean(), right.mean()
    picture, (top, bottom) = figure(
        4.6,
        4.2,
        rows=2,
        sharex=True,
        height_ratios=[3, 1],
        alt=f"Calibration: how often the model is right, against how sure it says it is. On average it says {said:.0%} "
        f"and is right {kept:.0%} of the time, so it is {'too sure' if said > kept else 'not sure enough'} by "
        f"{abs(said - kept):.1%}.",
    )
    width, middle = edges[1] - edges[0], (edges[:-1] + edges[1:]) / 2
    top.bar(middle, np.where(counts > 0, share, 0), 0.9 * width, color=COLORS["recorded"])
    top.plot([0.5, 1], [0.5, 1], "--", color=COLORS["ink"], lw=1.2, label="keeps its word")
    top.set(ylabel="is right", ylim=(0, 1.02), xlim=(0.5, 1))
    top.legend(loc="upper left")
    bottom.bar(middle, counts, 0.9 * width, color=COLORS["muted"])
    bottom.set(ylabel="images", xlabel="says it is sure")
    bottom.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    for axis in (top.xaxis, top.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    return picture


@styled
def evidence(
    images: Sequence[Any], maps: Sequence[Any], titles: Sequence[str], *, alt: str, columns: int = 6
) -> Picture:
    """Pictures `[S, S, 3]` as in `photos`, each with a map `[s, s]` over it: orange (above 0) for dog, blue for cat.

    The strongest color is the largest number of all maps. Raises `ValueError` if `maps` do not match `images`.
    """
    if len(maps) != len(images):
        raise ValueError(f"maps must be one for each of the {len(images)} images, not {len(maps)}")
    picture = photos(images, titles, alt=alt, columns=columns)
    limit = max(float(np.abs(values).max()) for values in maps) or 1.0
    for axes, image, values in zip(picture.axes, images, maps, strict=False):
        values, (height, width) = np.asarray(values), np.asarray(image).shape[:2]
        colors = np.where((values > 0)[..., None], to_rgb(COLORS["dog"]), to_rgb(COLORS["cat"]))
        overlay = np.concatenate([colors, 0.7 * np.abs(values)[..., None] / limit], axis=-1)
        axes.imshow(overlay, interpolation="bilinear", extent=(-0.5, width - 0.5, height - 0.5, -0.5))
    return picture


@styled
def number_lines(rows: Mapping[str, tuple[Sequence[float], float]]) -> Picture:
    """Weights between the numbers that int8 has for them: `rows` maps a name to weights and to the scale they share.

    Each row is a number line of its own, as wide as its weights, with a tick for each multiple of the scale.
    Raises `ValueError` if there is no row.
    """
    if not rows:
        raise ValueError("rows must hold at least one row, not none")
    said, panels = [], []
    for name, (weights, scale) in rows.items():
        weights = np.asarray(weights, float)
        kept = np.round(weights / scale) * scale
        error = np.abs(kept - weights).max() / np.abs(weights).max()
        said.append(f"{name}: errors up to {error:.1%} of the largest weight")
        panels.append((name, weights, kept, scale))
    picture, all_axes = figure(
        WIDTH,
        0.25 + 0.75 * len(rows),
        rows=len(rows),
        squeeze=False,
        alt=f"Weights and the steps that int8 rounds them to. {'; '.join(said)}.",
    )
    for axes, (name, weights, kept, scale) in zip(all_axes[:, 0], panels, strict=True):
        limit = 1.06 * max(np.abs(weights).max(), np.abs(kept).max())
        steps = np.arange(np.ceil(-limit / scale), np.floor(limit / scale) + 1) * scale
        axes.vlines(steps, -0.5, 0.5, color=COLORS["line"], lw=0.7)
        axes.hlines(0, -limit, limit, color=COLORS["muted"], lw=0.8)
        for weight, step in zip(weights, kept, strict=True):
            axes.plot([weight, step], [0, 0], color=COLORS["wrong"], lw=2.4, solid_capstyle="butt")
        axes.plot(weights, np.zeros(len(weights)), "o", color=COLORS["depthwise"], ms=5.5)
        axes.set(xlim=(-limit, limit), ylim=(-1, 1), yticks=[])
        axes.set_title(name, weight="normal", size=9.5, pad=3)
        axes.spines[:].set_visible(False)
        axes.grid(False)
        axes.xaxis.set_major_locator(MaxNLocator(5))
    return picture


@styled
def spread(ranges: Mapping[str, Sequence[float]]) -> Picture:
    """The largest weight of each channel, layer by layer, on a logarithmic axis: `ranges` maps a layer to its channels.

    Above each layer stands how many times its widest channel is as wide as its narrowest. Channels without any weight
    but zero are left out. Raises `ValueError` if there is no layer.
    """
    if not ranges:
        raise ValueError("ranges must hold at least one layer, not none")
    channels = {name: np.asarray(values, float)[np.asarray(values) > 0] for name, values in ranges.items()}
    ratios = {name: values.max() / values.min() for name, values in channels.items()}
    widest = max(ratios, key=ratios.__getitem__)
    picture, axes = figure(
        WIDTH,
        3.4,
        alt=f"The largest folded weight of every channel in {len(ranges)} layers, on a logarithmic axis. Within a "
        f"layer the channels differ by a factor of {min(ratios.values()):,.0f} to {ratios[widest]:,.0f} ({widest}).",
    )
    top = max(values.max() for values in channels.values())
    dashes = {"ms": 13, "mew": 1.0, "alpha": 0.6, "rasterized": True}
    for place, (name, values) in enumerate(channels.items()):
        axes.plot(np.full(len(values), place), values, "_", color=COLORS["depthwise"], **dashes)
        axes.text(place, 1.5 * top, f"{ratios[name]:,.0f}×", ha="center", size=9)
    axes.set(yscale="log", ylabel="largest weight of a channel", xlim=(-0.6, len(ranges) - 0.4))
    axes.set_ylim(top=3 * top)
    _plain(axes.yaxis)
    axes.set_xticks(range(len(ranges)), list(ranges), rotation=90 if len(ranges) > 8 else 0)
    axes.grid(False, axis="x")
    return picture


@styled
def agreement(reference: Any, others: Mapping[str, Any], *, label: str = "probability of a dog") -> Picture:
    """What several files say about the same images against what Keras says: a panel each, one dot an image.

    `reference` and the values of `others` are probabilities `[N]`; beyond 0.5 the answer changes. Raises `ValueError`
    if there is no other, or if one is not as long as `reference`.
    """
    reference = np.asarray(reference, float)
    if not others:
        raise ValueError("others must hold at least one file, not none")
    for name, values in others.items():
        if np.shape(values) != reference.shape:
            raise ValueError(f"others must have {reference.shape} probabilities each; {name!r} has {np.shape(values)}")
    changed = {name: (np.asarray(values) > 0.5) != (reference > 0.5) for name, values in others.items()}
    said = ", ".join(f"{name} {int(switched.sum())}" for name, switched in changed.items())
    picture, panels = figure(
        WIDTH,
        0.6 + 0.95 * WIDTH / len(others),
        columns=len(others),
        sharey=True,
        squeeze=False,
        alt=f"The {label} according to each file, against Keras, for {len(reference):,} images. Images whose answer "
        f"changes: {said}.",
    )
    for axes, (name, values) in zip(panels[0], others.items(), strict=True):
        axes.plot([0, 1], [0, 1], color=COLORS["line"], lw=1)
        for switched, color in ((False, "recorded"), (True, "wrong")):
            of_color = changed[name] == switched
            dots = {"color": COLORS[color], "ms": 3.5, "mew": 0, "rasterized": True}
            axes.plot(reference[of_color], np.asarray(values)[of_color], ".", **dots)
        axes.set_title(f"{name}\n{int(changed[name].sum())} changed", weight="normal", size=9.5)
        axes.set(aspect="equal", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    panels[0, 0].set_ylabel(f"{label}, file")
    picture.supxlabel(f"{label}, Keras", size=9.5)
    return picture


@styled
def durations(times: Mapping[str, Any]) -> Picture:
    """How long each model takes for one image: the median as a dot, the middle half of the runs as a bar.

    The values of `times` have `median` and `quartiles` in milliseconds, as those of `tflite.latency` do. Raises
    `ValueError` if there is none.
    """
    if not times:
        raise ValueError("times must hold at least one model, not none")
    said = ", ".join(f"{name} {taken.median:.3g} ms" for name, taken in times.items())
    picture, axes = figure(WIDTH, 0.8 + 0.35 * len(times), alt=f"Time for one image, medians: {said}.")
    for row, taken in enumerate(times.values()):
        low, high = taken.quartiles
        axes.plot([low, high], [row, row], color=COLORS["live"], lw=7, alpha=0.35, solid_capstyle="butt")
        axes.plot(taken.median, row, "o", color=COLORS["live"], ms=6)
        axes.annotate(
            f"{taken.median:.3g}", (taken.median, row), (0, 7), textcoords="offset points", ha="center", size=9
        )
    axes.set_yticks(range(len(times)), list(times))
    axes.set(xlabel="milliseconds for one image", xlim=(0, None), ylim=(len(times) - 0.5, -0.7))
    axes.grid(False, axis="y")
    return picture


@styled
def by_count(series: Mapping[str, Mapping[int, float]], *, alt: str, xlabel: str, ylabel: str) -> Picture:
    """How a number depends on how many of something there are: a line for each of `series`, from count to number.

    `alt` says what is shown; where each line starts and ends is added. Raises `ValueError` if there is no line.
    """
    if not series:
        raise ValueError("series must hold at least one line, not none")
    said = []
    for name, points in series.items():
        first, last = min(points), max(points)
        said.append(f"{name}: {points[first]:.3g} with {first:,}, {points[last]:.3g} with {last:,}")
    picture, axes = figure(WIDTH, 2.8, alt=f"{alt.rstrip('.:')}. {'; '.join(said)}.")
    for (name, points), color, marker in zip(series.items(), CYCLE, "os^Dv", strict=False):
        axes.plot(list(points), list(points.values()), color=color, marker=marker, label=name)
    axes.set(xscale="log", xlabel=xlabel, ylabel=ylabel, ylim=(0, None))
    axes.set_xticks(sorted({count for points in series.values() for count in points}))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.legend()
    return picture


@styled
def time_against(models: Sequence[Any], times: Sequence[Any], quantities: Mapping[str, Sequence[float]]) -> Picture:
    """How long models take against what they cost: a panel for each of `quantities`, all axes logarithmic.

    `models` have an `alpha`, `times` a `median` and `quartiles` in milliseconds, and `quantities` map what stands at an
    axis to a number for each model. On the dotted line time is proportional to the quantity. Raises `ValueError` if
    there is no quantity, or unless there is a time and a number for each model.
    """
    if not quantities:
        raise ValueError("quantities must hold at least one, not none")
    for name, values in {"times": times, **quantities}.items():
        if len(values) != len(models):
            raise ValueError(f"{name} must be one for each of the {len(models)} models, not {len(values)}")
    medians = np.array([taken.median for taken in times])
    said = []
    for name, values in quantities.items():
        wrong = sum((a - b) * (s - t) < 0 for (a, s), (b, t) in combinations(zip(values, medians, strict=True), 2))
        said.append(
            f"{name}: of {len(models) * (len(models) - 1) // 2} pairs, in {wrong} the one with less takes longer"
        )
    picture, row = figure(
        WIDTH,
        3.2,
        alt=f"Time for one image against what {len(models)} models cost, from {medians.min():.3g} to "
        f"{medians.max():.3g} ms. {'; '.join(said)}.",
        columns=len(quantities),
        sharey=True,
        squeeze=False,
    )
    for axes, (name, values) in zip(row[0], quantities.items(), strict=True):
        ends = np.array([min(values), max(values)])
        rate = np.exp(np.mean(np.log(medians / np.asarray(values, float))))
        axes.plot(ends, rate * ends, ":", color=COLORS["ink"], lw=1.3)
        for model, value, taken in zip(models, values, times, strict=True):
            axes.plot([value, value], taken.quartiles, color=COLORS["line"], lw=2.5, zorder=1)
            _model(axes, model, value, taken.median)
        axes.set(xscale="log", yscale="log", xlabel=name)
        _plain(axes.xaxis), _plain(axes.yaxis)
        axes.tick_params(axis="x", labelrotation=45)
    row[0][0].set_ylabel("milliseconds for one image")
    handles = [*_alphas(models), Line2D([], [], ls=":", color=COLORS["ink"], lw=1.3, label="proportional")]
    picture.legend(handles=handles, loc="outside lower center", ncols=5)
    return picture


@styled
def roofline(
    points: Mapping[str, Sequence[tuple[float, float]]], peak: float, bandwidths: Mapping[str, float]
) -> Picture:
    """Layers below the roof of a machine (Williams, Waterman and Patterson 2009), both axes logarithmic.

    `points` maps kinds of layers to pairs (Mult-Adds per byte, billion Mult-Adds per second). `peak` is the most
    Mult-Adds per second, `bandwidths` maps where data come from to bytes per second, both in billions. Raises
    `ValueError` if there is no point or no bandwidth.
    """
    if not any(points.values()):
        raise ValueError("points must hold at least one layer, not none")
    if not bandwidths:
        raise ValueError("bandwidths must hold at least one, not none")
    said = [
        f"{kind}: {np.median([x for x, _ in pairs]):.2g} Mult-Adds per byte, {np.median([y for _, y in pairs]):.3g} "
        "billion per second"
        for kind, pairs in points.items()
    ]
    roofs = ", ".join(f"{name} {speed:.3g} GB/s" for name, speed in bandwidths.items())
    picture, axes = figure(
        WIDTH,
        3.8,
        alt=f"Roofline. At most {peak:.3g} billion Mult-Adds per second; {roofs}. Medians of the layers: "
        f"{'; '.join(said)}.",
    )
    everywhere = [x for pairs in points.values() for x, _ in pairs] + [peak / speed for speed in bandwidths.values()]
    x = np.geomspace(0.6 * min(everywhere), 1.7 * max(everywhere), 200)
    for (name, speed), dashes in zip(bandwidths.items(), ("-", "--", ":"), strict=False):
        label = f"{name}: {speed:.3g} GB/s"
        axes.plot(x, np.minimum(peak, speed * x), dashes, color=COLORS["ink"], lw=1.4, label=label)
    for (kind, pairs), marker in zip(points.items(), "os^D", strict=False):
        axes.plot(*zip(*pairs, strict=True), marker, color=COLORS[kind], ms=5.5, label=kind)
    axes.set(xscale="log", yscale="log", xlabel="Mult-Adds per byte", ylabel="billion Mult-Adds per second")
    axes.margins(y=0.1)
    _plain(axes.xaxis), _plain(axes.yaxis)
    picture.legend(loc="outside lower center", ncols=3)
    return picture
