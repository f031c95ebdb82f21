"""Normalise: untrusted bytes to a well-formed notebook, restored from the release.

Pure and trusted: no files, no processes, no clock, and nothing of the student's runs. What comes
out has the release's cells in the release's order, the student's answers in them, and the
student's own cells where they stood.

One idea settles the doubtful cases: *the code that runs is the code that the student ran, in the
same order*. An answer whose cell can't be told for certain stays where it is, as an ordinary
cell, and a flag asks for a person; nothing of the student's is thrown away to make room for a
stub.

===============================  ==================================================================
cell                             what comes out
===============================  ==================================================================
answer (``solution``)            the student's text; the release's type, points and marks
check, locked                    the release's, always; an edited one that defines something new
                                 also stays, as an ordinary cell before the restored one
setup, prose, exploration        the student's text with the release's tags; a missing setup,
                                 parameters or bootstrap cell is restored, missing prose is not
the student's own                kept in place, without metadata
copies of one ``grade_id``       the release's own text is dropped, equal copies collapse; of
                                 different answers one is graded and the others stay in place
metadata lost                    cells are found again by id, text, what their code defines, or
                                 place (``recover``); marks and tags come from the release
===============================  ==================================================================

``normalise`` is idempotent, and leaves a release as it is apart from outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograde.handing_in.normalise.arrange import arrange
from autograde.handing_in.normalise.flags import Flag, Severity
from autograde.handing_in.normalise.limits import Limits
from autograde.handing_in.normalise.match import match
from autograde.handing_in.normalise.parse import Unreadable, parse
from autograde.handing_in.normalise.placements import Matching
from autograde.handing_in.normalise.rebuild import rebuild
from autograde.handing_in.normalise.release import Release
from autograde.handing_in.normalise.report import report, unrecognised

if TYPE_CHECKING:
    from nbformat import NotebookNode  # a second to load

__all__ = ["Flag", "Limits", "Normalised", "Severity", "normalise"]


@dataclass(frozen=True)
class Normalised:
    """A submission made well-formed.

    ``notebook`` is None exactly when a flag for the whole file (``cell`` is empty) is
    ``ungradable``: the file is no notebook, or none of the release's cells is in it. ``passed`` are
    checks of which a panel in the file says that all cases passed, and ``python`` is the version
    that it says it ran with: claims, both.
    """

    notebook: NotebookNode | None
    flags: tuple[Flag, ...]
    passed: frozenset[str] = frozenset()
    python: tuple[int, ...] = ()


def normalise(data: bytes, release: NotebookNode, *, limits: Limits | None = None) -> Normalised:
    """Make a well-formed notebook of what a student handed in.

    Args:
        data: the file's bytes, whatever they are.
        release: the student notebook as released; trusted.
        limits: above these sizes nothing is read.

    Returns:
        A valid nbformat 4.5 notebook without outputs, and what a person may want to know.
        Whatever ``data`` is, nothing is raised.

    Raises:
        ValueError: the *release* uses one grade_id twice.
    """
    target = Release.of(release)
    try:
        submitted = parse(data, limits or Limits())
    except Unreadable as refusal:
        return Normalised(None, (refusal.flag,))
    matching = match(target, submitted.cells)
    if flag := unrecognised(matching):
        return Normalised(None, (*submitted.flags, flag))
    notebook = rebuild(arrange(matching))
    flags = (*submitted.flags, *report(submitted, matching))
    return Normalised(notebook, flags, _passed(matching), submitted.python)


def _passed(matching: Matching) -> frozenset[str]:
    checks = [cell for cell in matching.release.cells if cell.kind == "check"]
    found = [cell for cell in checks if cell.index in matching.places]
    return frozenset(cell.grade_id for cell in found if matching.found(cell).passed)
