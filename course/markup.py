"""What the course's panels are made of: they read on light and dark pages, with and without style.

A page may clean what it shows. Then colours go and words must be enough: each sign has its word,
and text keeps the page's own colour, but for badges, which bring their ground along.
"""

from __future__ import annotations

import re
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
