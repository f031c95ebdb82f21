"""Filters for pages: a student's own text stands in a frame that says so, and nothing gets out.

Markdown and HTML of a student's have no borders, colours and sizes, as
:mod:`autograde.reports.markup` cleans them: none of it looks like a frame that ends.
"""

from __future__ import annotations

from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from autograde.reports import markup

FRAME = (
    '<div class="theirs" style="border:1px dashed #808890;border-radius:6px;padding:4px 12px;'
    'margin:8px 0"><div style="font-size:0.85em;opacity:0.8">{label}</div>{body}</div>'
)


@pass_context
def from_markdown(context: Context, source: str) -> str:
    """A Markdown cell's text as HTML."""
    cell: Any = context.get("cell", {})
    return framed(markup.from_markdown(source), cell.get("metadata"))


def highlighted(source: str, metadata: Any = None) -> str:
    """A code cell's text as HTML."""
    return framed(markup.highlighted(source), metadata)


def framed(body: str, metadata: Any) -> str:
    """HTML in its frame, where :class:`autograde.reports.inert.Inert` says whose it is."""
    label = (metadata or {}).get("theirs")
    return FRAME.format(label=label, body=body) if label else body
