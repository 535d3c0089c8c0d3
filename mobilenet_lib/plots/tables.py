"""Tables that show themselves, on a page and in plain text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from numbers import Integral, Rational
from typing import Any

from mobilenet_lib.costs import is_number


@dataclass(frozen=True, repr=False)
class Table:
    """A table that shows itself: see `table`."""

    columns: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]  # which columns hold numbers alone
    caption: str

    def __repr__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.columns, *self.cells, strict=True)]

        def line(row: Sequence[str]) -> str:
            aligned = zip(row, widths, self.numeric, strict=True)
            return "  ".join(text.rjust(width) if number else text.ljust(width) for text, width, number in aligned)

        rows = [self.columns, ["-" * width for width in widths], *self.cells]
        return "\n".join([self.caption, "", *(line(row).rstrip() for row in rows)])

    def _repr_html_(self) -> str:
        # Each on a line of its own: search strips the tags, and the numbers of two cells must not become one.
        def tag(name: str, text: str, number: bool) -> str:
            style = "text-align:right;font-variant-numeric:tabular-nums" if number else "text-align:left"
            # Colab gives the cells of a table no room of its own.
            style += ";padding:.45rem 1.1rem .45rem 0"
            return f'<{name} style="{style}">{escape(text)}</{name.split()[0]}>\n'

        def row(names: Sequence[str], texts: Sequence[str]) -> str:
            return f"<tr>{''.join(map(tag, names, texts, self.numeric))}</tr>"

        rest = ["td"] * (len(self.columns) - 1)
        head = row(['th scope="col"'] * len(self.columns), self.columns)
        body = "".join(row(['th scope="row"', *rest], cells) for cells in self.cells)
        caption = escape(self.caption)
        # A table wider than a phone scrolls inside itself, with the keyboard too.
        return (
            f'<div role="group" aria-label="{caption}" tabindex="0" style="overflow-x:auto">'
            f'<table class="table"><caption style="text-align:left">{caption}</caption>\n'
            f"<thead>{head}</thead>\n<tbody>\n{body}</tbody></table></div>"
        )


def table(
    rows: Iterable[Sequence[Any]], columns: Sequence[str], *, caption: str, formats: Mapping[str, str] | None = None
) -> Table:
    """A table for a page: numbers to the right, thousands separated, the first column as the heading of each row.

    Each of the `rows` has a value for each of the `columns`. `formats` gives a format specification for the numbers of
    a column, as in `{"share": ".2%"}`. `None` shows as a dash. Raises `ValueError` if there is no caption, if a row
    does not fit the columns, or if a format names no column.
    """
    rows, columns, formats = [*rows], (*columns,), formats or {}
    if not isinstance(caption, str) or not caption.strip():
        raise ValueError(f"caption must say in words what the table shows, not {caption!r}")
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"rows must each fit the columns {', '.join(columns)}; this one does not: {row!r}")
    if unknown := [name for name in formats if name not in columns]:
        raise ValueError(f"formats must name columns ({', '.join(columns)}), not {unknown[0]!r}")
    cells = tuple(tuple(map(_cell, row, map(formats.get, columns))) for row in rows)
    numeric = tuple(all(value is None or is_number(value) for value in column) for column in zip(*rows, strict=True))
    return Table(columns, cells, numeric, caption)


def _cell(value: Any, spec: str | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not is_number(value):
        return str(value)
    if spec is not None:
        return format(value if isinstance(value, Integral) else float(value), spec)
    if isinstance(value, Integral):
        return f"{int(value):,}"
    if isinstance(value, Rational):
        return str(value)
    return f"{float(value):,.0f}" if abs(value) >= 1e5 else f"{float(value):,.6g}"
