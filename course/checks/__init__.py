"""The check framework: a probe asks, a judge compares, a report tells.

A :class:`Case` pairs a **probe** (a question to the student's object, as data) with a **judge**
(a pure function from the answer and what is expected to a finding). Labs' visible checks are
stored as data, see :mod:`course.checks.stored`; notebooks call ``check("sigmoid", points=2)``.
"""

from __future__ import annotations

from course.checks.book import Check, Checks
from course.checks.cases import Case, Known, Prepared
from course.checks.judges import Finding, close, holds, same
from course.checks.probes import Answer, HandedIn, Probe, ProbeError, ask, call, gradient
from course.checks.report import Report
from course.checks.results import CaseResult

__all__ = [
    "Answer",
    "Case",
    "CaseResult",
    "Check",
    "Checks",
    "Finding",
    "HandedIn",
    "Known",
    "Prepared",
    "Probe",
    "ProbeError",
    "Report",
    "ask",
    "call",
    "close",
    "gradient",
    "holds",
    "same",
]
