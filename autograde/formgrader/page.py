"""The page on which a person marks: a student's notebook, the model answers beside the answers.

The model answers are put into the page while it is made, and into no file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from html import escape
from pathlib import Path
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbgrader.server_extensions.formgrader.handlers import template_path as THEIRS
from traitlets.config import Config

from autograde.authoring import build
from autograde.authoring import source as sources
from autograde.reports import frames, markup
from autograde.tree import Tree

TEMPLATES = Path(__file__).parent / "templates"
BEGIN = re.compile(r"^[ \t]*### (BEGIN|END) SOLUTION\n?", re.MULTILINE)
POINTS = re.compile(r"\(([^()$`]*\bpoints?\b[^()$`]*|Full marks[^()$`]*)\)")
"""In a model answer: what is worth how much."""

WRITTEN = "Model answer with its points, for you alone"
CODE = "Reference solution, for you alone"
BESIDE = (
    '<div class="pair"><div>{theirs}</div>'
    '<details class="beside"{open}><summary>{label}</summary>{model}</details></div>'
)

TYPED = "<details><summary>As it was typed</summary><pre>{source}</pre></details>"


class Beside(Preprocessor):
    """Gives each answer what stands beside it, which the resources have under ``beside``.

    After :class:`autograde.reports.inert.Inert`, which lets no metadata of a student's through.
    """

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, index: int
    ) -> tuple[NotebookNode, Any]:
        """The cell, with its model answer if it has one."""
        marks = cell.metadata.get("nbgrader", {})
        if model := resources.get("beside", {}).get(marks.get("grade_id")):
            cell.metadata.beside = model
        return cell, resources


def models(tree: Tree, lab: str) -> dict[str, str]:
    """What stands beside the answers, as HTML by ``grade_id``."""
    solution = sources.notebook(build.parse(tree, lab), build.links(tree))
    found = {}
    for cell in solution.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("solution"):
            show = _code if cell.cell_type == "code" else _written
            found[marks["grade_id"]] = show(cell.source)
    return found


def _written(source: str) -> str:
    return markup.from_markdown(POINTS.sub(r"<mark>(\1)</mark>", source))


def _code(source: str) -> str:
    return markup.highlighted(BEGIN.sub("", source))


def exporter(config: Config) -> HTMLExporter:
    """Makes the pages; ``config`` is nbgrader's, as the course sets it up."""
    own = deepcopy(config)
    own.HTMLExporter.template_name = "marking"
    own.HTMLExporter.extra_template_basedirs = [str(TEMPLATES), THEIRS]
    own.HTMLExporter.extra_template_paths = [THEIRS]  # theirs, of the same names as ours
    own.HTMLExporter.preprocessors = [*config.HTMLExporter.preprocessors, Beside]
    own.HTMLExporter.filters = config.HTMLExporter.filters | {
        "markdown2html": "autograde.formgrader.page.from_markdown",
        "highlight_code": "autograde.formgrader.page.highlighted",
    }
    return HTMLExporter(config=own)


@pass_context
def from_markdown(context: Context, source: str) -> str:
    """A Markdown cell's text as HTML, with what stands beside it."""
    metadata = context.get("cell", {}).get("metadata", {})
    shown: str = frames.from_markdown(context, source)
    if "<" in source and "beside" in metadata:  # taken for HTML, of which not all is shown
        shown += TYPED.format(source=escape(source))
    return _beside(shown, metadata, WRITTEN, " open")


def highlighted(source: str, metadata: Any = None) -> str:
    """A code cell's text as HTML, with what stands beside it."""
    return _beside(frames.highlighted(source, metadata), metadata, CODE, "")


def _beside(theirs: str, metadata: Mapping[str, Any] | None, label: str, open_: str) -> str:
    model = (metadata or {}).get("beside")
    return BESIDE.format(theirs=theirs, open=open_, label=label, model=model) if model else theirs
