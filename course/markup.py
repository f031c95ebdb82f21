"""What the course's panels are made of: they read on light and dark pages, with and without style.

A page may clean what it shows. Then colours go and words must be enough: each sign has its word,
and text keeps the page's own colour, but for badges, which bring their ground along.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from html import escape

# White on them has a contrast of 4.5:1 or more; beside white and near-black they have 3:1.
GREEN, RED, ORANGE, GREY = "#2a7d4f", "#c73e51", "#a86200", "#6b6b6b"
CODE = re.compile(r"`([^`\n]+)`")


def marked(text: str) -> str:
    """The text escaped, and what stands between backticks as code."""
    return CODE.sub(r"<code>\1</code>", escape(text))


def badge(text: str, tone: str) -> str:
    """A short text on a ground of its own."""
    style = "color:#fff;padding:0 6px;border-radius:3px;white-space:nowrap"
    return f'<span style="background-color:{tone};{style}">{escape(text)}</span>'


def panel(headline: str, body: str, tone: str) -> str:
    """A panel: a bar at its left, a headline, and what is below, all of it HTML."""
    return (
        f'<div style="border-left:4px solid {tone};padding:2px 0 2px 12px;margin:4px 0;'
        f'line-height:1.45"><div role="heading" aria-level="4">{headline}</div>{body}</div>'
    )


def table(
    rows: Iterable[Sequence[str]],
    headings: Sequence[str] = (),
    foot: Sequence[str] = (),
    *,
    numbers: int = 0,
    wide: Container[int] = (),
) -> str:
    """A table of cells that are HTML already.

    It is made of rows alone: what cleans pages for formgrader and feedback takes ``<tbody>`` for
    text, and styles on a row go first.

    Args:
        rows: each as long as the others.
        headings: of the columns; none without.
        foot: a last row, of sums.
        numbers: how many columns, the last ones, stand at the right.
        wide: columns that may take several lines.
    """
    lines = [_row(headings, "th", "1.5px", numbers, wide)] if headings else []
    lines += [_row(row, "td", "", numbers, wide) for row in rows]
    lines += [_row([f"<b>{cell}</b>" for cell in foot], "td", "", numbers, wide)] if foot else []
    style = "border-collapse:collapse;margin:4px 0;color:inherit;background:transparent"
    return f'<table style="{style}">{"".join(lines)}</table>'


def _row(cells: Sequence[str], tag: str, rule: str, numbers: int, wide: Container[int]) -> str:
    scope = ' scope="col"' if tag == "th" else ""
    line = f"border-bottom:{rule} solid rgba(128,128,128,.7);" if rule else ""
    told = []
    for place, cell in enumerate(cells):
        side = "left" if place < len(cells) - numbers else "right"
        style = f"text-align:{side};vertical-align:top;padding:2px 16px 2px 0;{line}"
        style += "" if place in wide else "white-space:nowrap"
        told.append(f'<{tag}{scope} style="{style}">{cell}</{tag}>')
    return f'<tr style="background:transparent">{"".join(told)}</tr>'
