"""The check panel: HTML that reads in light and dark themes and survives sanitising."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Protocol

from course.checks.results import SIGNS, CaseResult, Outcome, details

# Mid-tones that keep 3:1 contrast on white and on near-black; text inherits the theme's colour.
TONES = {"passed": "#2e8b57", "failed": "#d1495b", "skipped": "#8a8a8a", "grader_error": "#c77700"}
FEW = 3  # failing cases shown in full; the rest by title


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
        f"<b>{escape(report.headline)}</b></div>{body}{_printed(report)}</div>"
    )


def _remark(report: Told) -> str:
    return f"<div>{escape(report.remark)}</div>"


def _cases(report: Told) -> str:
    shown, rows, hints = 0, [], set[str]()
    for result in report.results:
        in_full = result.outcome != "passed" and shown < FEW
        shown += in_full
        rows.append(_case(result, in_full, hints))
    return "".join(rows)


def _case(result: CaseResult, in_full: bool, hints: set[str]) -> str:
    sign = f'<span style="color:{TONES[result.outcome]}">{SIGNS[result.outcome]}</span>'
    title = f"<div>{sign} {escape(result.title)}</div>"
    if not in_full:
        return title
    rows = "".join(_row(key, text) for key, text in details(result, hints))
    return (
        f"{title}"
        '<table style="margin:2px 0 6px 18px;border-collapse:collapse;table-layout:auto;'
        'color:inherit;font-size:95%">'
        f"{rows}</table>"
    )


def _row(key: str, text: str) -> str:
    wordy = key in ("hint", "note")
    content = escape(text) if wordy else f"<code>{escape(text)}</code>"
    return (
        '<tr style="background:transparent">'
        f'<td style="text-align:left;vertical-align:top;padding:1px 10px 1px 0;opacity:0.7">{key}'
        '</td><td style="text-align:left;vertical-align:top;padding:1px 0;white-space:pre-wrap">'
        f"{content}</td></tr>"
    )


def _printed(report: Told) -> str:
    if not report.printed:
        return ""
    return (
        '<div style="opacity:0.7">your code printed:</div>'
        f'<pre style="margin:0 0 0 18px">{escape(report.printed)}</pre>'
    )
