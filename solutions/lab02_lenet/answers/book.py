"""The hand-written answers to lab 2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autograde.authoring import reference
from autograde.authoring.answers import Answers
from autograde.authoring.changes import ChangeError

LAB = "lab02_lenet"
answers = Answers(LAB)

Change = str | tuple[str, str]
"""A change as in :mod:`autograde.authoring.changes`; or a piece of one line of the reference, and
what stands there instead, which may go on over further lines."""


def slips(exercise: str, changes: Mapping[str, Change], **facts: Any) -> None:
    """Wrong answers, each the reference with a slip; by what is wrong."""
    for says, change in changes.items():
        answers.wrong(exercise, says, changed(exercise, change), **facts)


def variants(exercise: str, changes: Mapping[str, Change]) -> None:
    """Right answers, each the reference with some lines written otherwise."""
    for says, change in changes.items():
        answers.right(exercise, says, changed(exercise, change))


def equivalent(exercise: str, reason: str, *changes: Change) -> None:
    """Changes of the reference that leave it right."""
    for change in changes:
        answers.equivalent(exercise, _text(exercise, change), reason)


def changed(exercise: str, change: Change) -> Mapping[str, Any]:
    """What the exercise's cell defines after the change.

    Raises:
        ChangeError: the change does not fit the reference, or more than one line has the piece.
    """
    return answers.changed(exercise, _text(exercise, change))


def _text(exercise: str, change: Change) -> str:
    if isinstance(change, str):
        return change.strip()
    old, new = change
    lines = dict(reference.cells(LAB))[exercise].split("\n")
    found = [one.strip() for one in lines if old in one]
    if len(found) != 1:
        raise ChangeError(f"{len(found)} lines of {exercise} have {old!r}; it must be one")
    put = "\n".join(f"+ {one}" for one in found[0].replace(old, new).split("\n"))
    return f"- {found[0]}\n{put}"
