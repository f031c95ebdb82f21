"""The check panel: HTML that reads in light and dark themes and survives sanitising."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Protocol

from course.checks.results import SIGNS, CaseResult, Outcome, brief, details, sentence

# Mid-tones that keep 3:1 contrast on white and on near-black; text inherits the theme's colour.
TONES = {"passed": "#2e8b57", "failed": "#d1495b", "skipped": "#8a8a8a", "grader_error": "#c77700"}
FEW = 3  # failing cases shown in full; the rest in a line each
CODE = ("tried", "again", "expected", "found")  # rows that are code, unless they mark it themselves
ROW = "margin-left:18px;padding-left:4.5em;text-indent:-4.5em;white-space:pre-wrap"
MARKED = re.compile(r"`([^`\n]+)`")


class Told(Protocol):
    """What a panel shows of a report."""

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


def html(report: Told) -> str:
    """The panel of a report. Every text of a student's is escaped."""
    tone = TONES[report.outcome]
    body = _remark(report) if report.remark else _cases(report)
    return (
        f'<div style="border-left:4px solid {tone};padding:2px 0 2px 12px;margin:4px 0;'
        f'line-height:1.45">'
        f'<div><b style="color:{tone}">{SIGNS[report.outcome]}</b> '
        f"<b>{escape(report.headline)}</b></div>{body}{_notes(report)}{_printed(report)}</div>"
    )


def marked(text: str) -> str:
    """The text escaped, and what stands between backticks as code."""
    return MARKED.sub(r"<code>\1</code>", escape(text))


def _remark(report: Told) -> str:
    return f"<div>{marked(report.remark)}</div>"


def _cases(report: Told) -> str:
    shown, rows, told = 0, [], set[str]()
    for number, result in enumerate(report.results, start=1):
        failing = result.outcome != "passed"
        shown += failing
        sign = f'<span style="color:{TONES[result.outcome]}">{SIGNS[result.outcome]}</span>'
        rows.append(f"<div>{sign} {number} · {escape(result.title)}</div>")
        if failing and shown <= FEW:
            rows += [_row(key, text) for key, text in details(result, told)]
        elif failing:
            rows.append(_line(result, told))
    return "".join(rows)


def _row(key: str, text: str) -> str:
    code = key in CODE and "`" not in text
    content = f"<code>{escape(text)}</code>" if code else marked(text)
    label = f'<span style="opacity:0.7">{key}</span> ' if key else ""
    return f'<div style="{ROW}">{label}{content}</div>'


def _line(result: CaseResult, told: set[str]) -> str:
    text = ": ".join(filter(None, (sentence(result).rstrip("."), brief(result, told))))
    return f'<div style="{ROW}">{marked(text)}</div>'


def _notes(report: Told) -> str:
    if report.remark:
        return ""
    return "".join(f'<div style="margin-top:4px">{marked(note)}</div>' for note in report.notes)


def _printed(report: Told) -> str:
    if not report.printed:
        return ""
    return (
        '<div style="opacity:0.7">your code printed:</div>'
        f'<pre style="margin:0 0 0 18px">{escape(report.printed)}</pre>'
    )
