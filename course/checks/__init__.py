"""The check framework: a probe asks, a judge compares, a report tells.

A :class:`Case` pairs a **probe** (a question to the student's object, as data) with a **judge**
(a pure function from the answer and what was expected to a finding). What is expected comes
from running *the same probe* on an oracle: torch's built-ins and numerical derivatives for the
visible checks, the reference solution for the hidden ones. So a check is written once, and the
two halves can live in different processes.

Labs define their checks in ``course.checks.labNN``; notebooks call ``check("sigmoid", points=2)``.
"""

from __future__ import annotations

from course.checks.book import Check, Checks
from course.checks.cases import Case, CaseResult, Mistake, Prepared
from course.checks.judges import Finding, close, holds, same
from course.checks.probes import Answer, HandedIn, Probe, ProbeError, ask, call, gradient
from course.checks.report import Report

__all__ = [
    "Answer",
    "Case",
    "CaseResult",
    "Check",
    "Checks",
    "Finding",
    "HandedIn",
    "Mistake",
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
