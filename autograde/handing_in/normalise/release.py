"""The release, read once: what each of its cells is to grading."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from autograde.handing_in.normalise.text import callables, canonical, names, words

if TYPE_CHECKING:
    from nbformat import NotebookNode

Kind = Literal["answer", "check", "locked", "plain"]
ESSENTIAL_TAGS = frozenset({"setup", "parameters", "bootstrap"})
MARKS = ("grade", "solution", "locked", "task", "points")


@dataclass(frozen=True)
class ReleaseCell:
    """One cell of the release."""

    index: int
    kind: Kind
    grade_id: str
    id: str
    cell_type: str
    source: str
    metadata: dict[str, Any]
    attachments: dict[str, Any]

    @property
    def essential(self) -> bool:
        """Whether the notebook can't do without it: everything but prose and experiments."""
        return self.kind != "plain" or bool(ESSENTIAL_TAGS & set(self.metadata.get("tags", ())))

    @cached_property
    def canonical(self) -> str:
        """The text, as it is compared."""
        return canonical(self.source)

    @cached_property
    def names(self) -> frozenset[str]:
        """By which names an answer is recognised: functions and classes, else variables."""
        if self.cell_type != "code":
            return frozenset()
        return callables(self.source) or self.defines

    @cached_property
    def defines(self) -> frozenset[str]:
        """All names that the cell defines."""
        return names(self.source)

    @cached_property
    def words(self) -> frozenset[str]:
        """The text's words."""
        return words(self.source)


@dataclass(frozen=True)
class Release:
    """The release's cells in order, and its notebook metadata."""

    cells: tuple[ReleaseCell, ...]
    metadata: dict[str, Any]

    @classmethod
    def of(cls, notebook: NotebookNode) -> Release:
        """Read a release.

        Raises:
            ValueError: a grade_id is there twice.
        """
        cells = tuple(_read(index, cell) for index, cell in enumerate(notebook.cells))
        ids = [cell.grade_id for cell in cells if cell.grade_id]
        if twice := sorted({name for name in ids if ids.count(name) > 1}):
            raise ValueError(
                f"the release has these grade_ids twice: {', '.join(twice)}. "
                "Build it again: autograde build."
            )
        return cls(cells, dict(notebook.metadata))

    @property
    def marked(self) -> tuple[ReleaseCell, ...]:
        """The cells with nbgrader's marks."""
        return tuple(cell for cell in self.cells if cell.kind != "plain")

    @cached_property
    def grade_ids(self) -> frozenset[str]:
        """All of the release's grade_ids."""
        return frozenset(cell.grade_id for cell in self.marked)


def _read(index: int, cell: NotebookNode) -> ReleaseCell:
    marks = cell.metadata.get("nbgrader", {})
    kind = _kind(marks)
    source = cell.source if isinstance(cell.source, str) else "".join(cell.source)
    return ReleaseCell(
        index,
        kind,
        marks.get("grade_id", "") if kind != "plain" else "",
        cell.get("id", "") or f"release-{index}",
        cell.cell_type,
        source,
        dict(cell.metadata),
        dict(cell.get("attachments", {})),
    )


def _kind(marks: dict[str, Any]) -> Kind:
    if marks.get("solution"):
        return "answer"
    if marks.get("grade"):
        return "check"
    return "locked" if marks.get("locked") or marks.get("task") else "plain"
