"""The check panel: HTML that reads in light and dark themes and survives sanitising.

What a case found stands in the open; hints are folded, one step each, for the student to open.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Protocol

from course import markup
from course.checks import kinds
from course.checks.results import CaseResult, Outcome, brief, details, sentence
from course.markup import marked

TONES = {
    "passed": markup.GREEN,
    "failed": markup.RED,
    "skipped": markup.GREY,
    "grader_error": markup.ORANGE,
}
WORDS = {
    "passed": "✓ passed",
    "failed": "✗ failed",
    "skipped": "○ open",
    "grader_error": "! not checked",
}
FEW = 3  # failing cases shown in full; of the rest what was tried, and a line
CODE = ("tried", "again", "expected", "found")  # rows that are code, unless they mark it themselves
ROW = "margin-left:18px;white-space:pre-wrap"
# What reads as a call; maths, f(x) = sin(x), does not.
CALLED = r"\b({}|(?!(?:d?f|sin|cos|tanh|exp|log|max|min)\()\w[\w.]*)\("
TRIED = ("tried", "again")


class Told(Protocol):
    """What a panel shows of a report."""

    @property
    def check(self) -> str:
        """Its name."""

    @property
    def pastes(self) -> bool:
        """Whether what was tried is code where there is no other line that tries it again."""

    @property
    def outcome(self) -> Outcome:
        """Of the whole check."""

    @property
    def headline(self) -> str:
        """One line on how it went."""

    @property
    def remark(self) -> str:
        """What is said once, in the place of the cases."""

    @property
    def results(self) -> Sequence[CaseResult]:
        """One for each case."""

    @property
    def notes(self) -> Sequence[str]:
        """What is told below the cases."""

    @property
    def printed(self) -> str:
        """What the student's code printed."""

    @property
    def examples(self) -> Mapping[int, str]:
        """Calls and what they give, by the number of their case."""

    @property
    def so_far(self) -> str:
        """The points of all the notebook's checks."""


def html(report: Told) -> str:
    """The panel of a report. Every text of a student's is escaped."""
    tone = TONES[report.outcome]
    word = markup.badge(WORDS[report.outcome], tone)
    body = _remark(report) if report.remark else _cases(report)
    return markup.panel(
        f"{word} <b>{escape(report.headline)}</b>",
        f"{body}{_notes(report)}{_printed(report)}{_so_far(report)}",
        tone,
    )


def rows(report: Told, result: CaseResult, told: set[str]) -> list[tuple[str, str]]:
    """The rows under a case: what was tried is code that runs as it is, or reads as prose."""
    code = report.pastes and not result.again
    return [
        (key, prose(text, report.check) if key == "tried" and not code else text)
        for key, text in details(result, told)
    ]


def prose(text: str, name: str = "") -> str:
    """A description without what looks like a call: ``relu with (tensor of shape (3, 4))``.

    Args:
        text: what was tried.
        name: of the check, which is often the function's.
    """
    called = CALLED.format(re.escape(name) or "(?!)")
    return re.sub(called, r"\1 with (", re.sub(r"(\w)\(\)", r"\1", text))


def _remark(report: Told) -> str:
    return f"<div>{marked(report.remark)}</div>"


def _cases(report: Told) -> str:
    shown, lines, told = 0, list[str](), set[str]()
    for number, result in enumerate(report.results, start=1):
        failing = result.outcome != "passed"
        shown += failing
        word = f"<b>{WORDS[result.outcome]}</b>" if failing else WORDS[result.outcome]
        lines.append(f"<div><span>{word}</span> {number} · {escape(result.title)}</div>")
        if failing and shown <= FEW:
            found = rows(report, result, told)
            lines += [_row(report, result, *row) for row in found if row[0] != "hint"]
            lines += _folded(steps(report, number, dict(found).get("hint", ""), told))
        elif failing:
            tried = [row for row in rows(report, result, set()) if row[0] in TRIED]
            lines += [_row(report, result, *row) for row in tried] + [_line(result, told)]
    return "".join(lines)


def steps(report: Told, number: int, hint: str, told: set[str]) -> list[tuple[str, str]]:
    """Hints to a failing case, from the general to the particular: a title and a text each.

    Args:
        report: it is from.
        number: of the case.
        hint: of the case's author.
        told: texts that were told already; what is told here is added.
    """
    kind = report.results[number - 1].kind
    found = [
        ("what kind of mistake", kinds.EXPLAINED[kind] if kind else ""),
        ("where to look", hint),
        ("an example with other numbers", _example(report, number)),
    ]
    new = [(title, text) for title, text in found if text and (text == hint or text not in told)]
    told |= {text for _, text in new}
    return new


def _example(report: Told, number: int) -> str:
    found = (text for other, text in report.examples.items() if other != number)
    return prose(next(found, ""), report.check)


def _folded(steps: Sequence[tuple[str, str]]) -> list[str]:
    return [
        f'<details style="margin-left:18px"><summary>hint {at}: {title}</summary>'
        f'<div style="margin-left:18px">{marked(text)}</div></details>'
        for at, (title, text) in enumerate(steps, start=1)
    ]


def _row(report: Told, result: CaseResult, key: str, text: str) -> str:
    code = key in CODE and "`" not in text
    if key == "tried":
        code = report.pastes and not result.again
    content = f"<code>{escape(text)}</code>" if code else marked(text)
    label = f'<span style="opacity:0.7">{key}</span> ' if key else ""
    return f'<div style="{ROW}">{label}{content}</div>'


def _line(result: CaseResult, told: set[str]) -> str:
    text = joined(sentence(result), brief(result, told))
    return f'<div style="{ROW}">{marked(text)}</div>'


def joined(head: str, tail: str) -> str:
    """A sentence and what it is about, in one: no stop stands beside another."""
    if not head or not tail:
        return head or tail
    if head[-1] in "?!":
        return f"{head} {tail[0].upper()}{tail[1:]}"
    return f"{head.rstrip('.:;, ')}: {tail}"


def _notes(report: Told) -> str:
    if report.remark:
        return ""
    return "".join(f'<div style="margin-top:4px">{marked(note)}</div>' for note in report.notes)


def _so_far(report: Told) -> str:
    return f'<div style="margin-top:4px">{marked(report.so_far)}</div>' if report.so_far else ""


def _printed(report: Told) -> str:
    if not report.printed:
        return ""
    return (
        '<div style="opacity:0.7">your code printed:</div>'
        f'<pre style="margin:0 0 0 18px">{escape(report.printed)}</pre>'
    )
