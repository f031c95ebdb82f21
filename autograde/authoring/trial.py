"""A lab's freshly stored checks on trial: the reference passes them, no known mistake does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from autograde.authoring.checks import Book, CheckError, Definition
from course.checks import Check, stored
from course.checks.results import CaseResult


def judge(book: Book, checks: Mapping[str, Any], exercises: list[str], solved: Any) -> None:
    """Put the stored checks to the reference, and see that each can tell its mistakes.

    Cases about a handed-in file are left out: the file is not here.

    Args:
        book: the checks as their author wrote them.
        checks: the same as they are stored, by name.
        exercises: the checks to which the lab's source has an answer.
        solved: names that the reference solution defines.

    Raises:
        CheckError: the reference fails a case, or a mistake passes a whole check.
    """
    for definition in book:
        name = definition.name
        cases = tuple(one for one in stored.cases(checks[name]) if not one.case.probe.files)
        check = Check(name, definition.about, cases)
        if name in exercises:
            _try_reference(book.lab, definition, check, solved)
        for mistake in _passing(definition, check, solved):
            raise CheckError(
                f"{definition.place}, {name}: the mistake {mistake!r} passes every case: it is no "
                "mistake, or add a case."
            )


def _try_reference(lab: str, definition: Definition, check: Check, solved: Any) -> None:
    for result in check.run(solved).results:
        if result.outcome != "passed":
            author = "the oracle" if definition.oracle else "the check"
            raise CheckError(
                f"{definition.place}, {check.name}: {author} and lab.py disagree on "
                f"{result.title!r}: {_told(result)}. Correct whichever is wrong."
            )


def _told(result: CaseResult) -> str:
    if not result.expected and not result.found:
        return result.message
    note = f" ({result.message})" if result.message else ""
    return f"expected {result.expected}, found {result.found}{note}"


def _passing(definition: Definition, check: Check, solved: Any) -> Iterator[str]:
    """Mistakes that no case of the check fails."""
    recognised = {known.name for one in check.cases for known in one.known}
    for mistake in definition.mistakes if check.cases else ():
        if mistake.name not in recognised:  # else a case of it failed when it was stored
            names = {**solved, **definition.oracle, **mistake.objects}
            if check.run(names).fraction == 1:
                yield mistake.name
