"""Tables of measurements, as aligned text and as HTML that takes the notebook's colours."""

from __future__ import annotations

import html
from collections.abc import Sequence

from course import markup

Cells = Sequence[str]

LEFT = 2  # the first columns are words; the others are numbers


def as_text(headings: Cells, rows: Sequence[Cells], foot: Cells | None = None) -> str:
    """Aligned columns, rules below the headings and above the foot."""
    lines = [headings, *rows, *([foot] if foot else [])]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = [_aligned(line, widths) for line in lines]
    rule = "─" * len(text[0])
    return "\n".join([text[0], rule, *text[1:-1], *([rule] if foot else []), text[-1]])


def as_html(headings: Cells, rows: Sequence[Cells], foot: Cells | None = None) -> str:
    """The same as a table element."""
    top, *body, end = ([html.escape(text) for text in row] for row in (headings, *rows, foot or ()))
    return markup.table(body, top, end, numbers=len(headings) - LEFT)


def scaled(value: float, base: int, units: Sequence[str]) -> str:
    """Three digits or so and a unit: 421,800,000 is ``422 M``."""
    if not value:
        return "–"
    power = 0
    while value >= base and power < len(units) - 1:
        value, power = value / base, power + 1
    digits = 0 if power == 0 or value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f}{units[power]}"


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    columns = zip(cells, widths, strict=True)
    return "  ".join(
        f"{text:<{width}}" if number < LEFT else f"{text:>{width}}"
        for number, (text, width) in enumerate(columns)
    )
