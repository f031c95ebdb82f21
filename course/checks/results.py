"""Results of a check's cases as values, and the rows in which they are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from course.checks.kinds import SENTENCES, Kind

Outcome = Literal["passed", "failed", "skipped", "grader_error"]

SIGNS = {"passed": "✓", "failed": "✗", "skipped": "○", "grader_error": "!"}
LONG = 40  # characters from which something found is worth reading once only


@dataclass(frozen=True)
class CaseResult:
    """What became of a case, in the student's words.

    ``kind`` says in which way it failed, ``again`` is a line that tries it again; ``measured`` is
    the judge's, never a claim.
    """

    title: str
    outcome: Outcome
    weight: float
    tried: str = ""
    expected: str = ""
    found: str = ""
    message: str = ""
    hint: str = ""
    mistake: str = ""
    kind: Kind | Literal[""] = ""
    again: str = ""
    printed: str = ""
    warned: str = ""
    measured: Mapping[str, float] = field(default_factory=dict, hash=False)


def sentence(result: CaseResult) -> str:
    """In which way it failed."""
    return SENTENCES[result.kind] if result.kind and result.outcome == "failed" else ""


def details(result: CaseResult, told: set[str]) -> list[tuple[str, str]]:
    """The rows under a case that did not pass: its kind, tried, again, expected, found, note, hint.

    What ``told`` has already is not told again: a hint is left out, a long error shortened.
    """
    if result.outcome == "passed":
        return []
    hint = "" if result.hint in told else result.hint
    found = "as above" if result.found in told and len(result.found) > LONG else result.found
    told |= {result.hint, result.found}
    rows = [
        ("", sentence(result)),
        ("tried", result.tried),
        ("again", result.again),
        ("expected", result.expected),
        ("found", found),
        ("note", result.message),
        ("hint", hint),
    ]
    return [(key, text) for key, text in rows if text]


def brief(result: CaseResult, told: set[str]) -> str:
    """The same in one line."""
    found = "as above" if result.found in told and len(result.found) > LONG else result.found
    told.add(result.found)
    parts = [f"expected {result.expected}"] if result.expected and found != "as above" else []
    parts += [f"found {found}"] if found else [result.message]
    return ", ".join(part for part in parts if part)
