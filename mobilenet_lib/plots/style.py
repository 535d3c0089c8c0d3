"""One style: colors by meaning, a figure that shows itself with its alternative text, and axes that read well."""

import re
from base64 import b64encode
from collections.abc import Sized
from html import escape
from io import BytesIO
from typing import Any, Self

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogFormatterMathtext, LogLocator, NullLocator

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
ARROW = {"arrowstyle": "-|>", "color": COLORS["muted"], "lw": 1, "shrinkA": 0, "shrinkB": 0}

STYLE = {
    "font.family": "DejaVu Sans",  # comes with Matplotlib, so it is everywhere the same
    "font.size": 9.5,
    "text.color": COLORS["ink"],
    "figure.facecolor": COLORS["paper"],
    "axes.facecolor": COLORS["paper"],
    "axes.edgecolor": COLORS["muted"],
    "axes.labelcolor": COLORS["ink"],
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
    **{f"{axis}tick.color": COLORS["muted"] for axis in "xy"},
    **{f"{axis}tick.labelcolor": COLORS["ink"] for axis in "xy"},
    **{f"{axis}tick.labelsize": 9 for axis in "xy"},
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "patch.linewidth": 0.8,
    "svg.hashsalt": "mobilenet",  # without it, the names inside an SVG change from run to run
}
# Stands above each function that makes a figure. What a matplotlibrc of the reader's sets, `text.usetex` for one, holds
# for the reader's own figures alone.
styled = matplotlib.style.context(["default", STYLE])


class Picture(Figure):
    """A figure with alternative text, `alt`, that shows itself: SVG, or WebP at double size if it holds photos."""

    def __init__(self, *args: Any, alt: str, **kwargs: Any) -> None:
        if not isinstance(alt, str) or not alt.strip():
            raise ValueError(f"alt must say in words what the figure shows, not {alt!r}")
        super().__init__(*args, **kwargs)
        self.alt = " ".join(alt.split())
        self.caption = ""

    def captioned(self, caption: str) -> Self:
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
            options = {"dpi": 2 * PIXELS, "pil_kwargs": {"quality": 75}}
        file = BytesIO()
        self.savefig(file, format=self.format, **options)
        self.set_layout_engine("none")  # laid out once: a second round would move things by a hair
        return _compact(file.getvalue()) if self.format == "svg" else file.getvalue()

    def __repr__(self) -> str:
        return " ".join([f"Figure: {self.alt}", self.caption]).strip()

    def _repr_html_(self) -> str:
        shown = image(self.data(), self.format, self.alt, *self.get_size_inches())
        if not self.caption:
            return shown
        return f'<figure style="margin:0">{shown}<figcaption>{escape(self.caption)}</figcaption></figure>'


def image(content: bytes, format: str, alt: str, width: float, height: float) -> str:
    """The element of a page that shows an image file, in inches: narrower on a phone."""
    kind = "svg+xml" if format == "svg" else format
    return (
        f'<img alt="{escape(alt)}" width="{width * PIXELS:.0f}" height="{height * PIXELS:.0f}" '
        f'style="max-width:100%;height:auto" src="data:image/{kind};base64,{b64encode(content).decode()}">'
    )


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


@styled
def canvas(width: float, height: float, *, alt: str) -> tuple[Picture, Axes]:
    """An empty `Picture` to draw on: coordinates are inches from its lower left corner."""
    picture = Picture(figsize=(width, height), alt=alt)
    axes = place(picture, 0, 0, width, height)
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    return picture, axes


def place(picture: Picture, left: float, bottom: float, width: float, height: float) -> Axes:
    """New axes in a picture without a layout of its own, in inches from its lower left corner."""
    across, up = picture.get_size_inches()
    return picture.add_axes((left / across, bottom / up, width / across, height / up))


def one_each(what: str, count: int, /, **arguments: Sized) -> None:
    """Raise `ValueError` unless each of the arguments has one value for each of `count` things, `what`."""
    for name, values in arguments.items():
        if len(values) != count:
            raise ValueError(f"{name} must be one for each of the {count} {what}, not {len(values)}")


def label(axes: Axes, text: str, point: tuple[float, float], offset: tuple[float, float], **style: Any) -> None:
    """A small text beside a point, `offset` from it in points."""
    axes.annotate(text, point, offset, textcoords="offset points", **{"ha": "center", "size": 9, **style})


def logarithmic(axes: Axes, names: str) -> None:
    """Make "x", "y" or both logarithmic, with 1, 2, 5, 10 … written out; where these are too many, powers of ten.

    Where these begin below a ten-thousandth, all are written as powers.
    """
    for name in names:
        axes.set(**{f"{name}scale": "log"})
        axis = getattr(axes, f"{name}axis")
        low, high = axis.get_view_interval()
        few = high < 1e4 * low
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,)))
        written = FuncFormatter(lambda value, _: f"{value:,.6g}")
        axis.set_major_formatter(written if few or low >= 1e-4 else LogFormatterMathtext())
        axis.set_minor_locator(NullLocator())
