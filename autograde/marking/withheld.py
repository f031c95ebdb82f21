"""What a student may read of hidden checks: how a case failed and what helps, never its numbers.

From the first check on, a student's process has seen hidden inputs, and whatever it prints, raises,
answers or claims may hold them. So nothing that it says after that reaches the graded notebook or
the feedback page: texts there are the course's own, chosen from a fixed set. The full report, with
all numbers, stays in the journal, for the teacher.
"""

from __future__ import annotations

import builtins
import re
from dataclasses import replace

import torch

from autograde.sandbox import CellRun
from course.checks import CaseResult, Report

NOTE = (
    "Grading asks on inputs of its own and tells no numbers of them. Run the check in your "
    "notebook to see some."
)
AGAIN = 'check.again("{}", {})'
NOT_KEPT = (
    "[Outputs of cells below the first check are not kept in grading; your own notebook has them.]"
)
ERRORS = {name for name, thing in vars(builtins).items() if isinstance(thing, type)} & {
    name for name in dir(builtins) if name.endswith(("Error", "Exception", "Interrupt", "Exit"))
}
ENDED = "ended its own process"
FIXED = {
    "took longer than": "took too long and was stopped",
    "the notebook took longer": "the notebook took too long in all and was stopped",
    "used more than": "used more than it may and was stopped",
    "was killed by the system": "was killed by the system, most likely because memory ran out",
    "not tried": "not tried, because an earlier case ended the run",
    "ended": ENDED,
    "closed": ENDED,
    "sent": ENDED,
}
"""How errors begin that the grader finds itself, and what is told of them."""

HELP = {
    "took longer than": "Look for a loop that never ends, or for far more work than the exercise "
    "needs: run it on the smallest input, and print something in each round.",
    "the notebook took longer": "Earlier cells and checks took the time: find the first of them "
    "that is slow.",
    "used more than": "Does something grow in a loop, or is a tensor far larger than its inputs? "
    "Print shapes.",
    "was killed by the system": "Does something grow in a loop, or is a tensor far larger than its "
    "inputs? Print shapes.",
}
"""What helps where a case was stopped: no exception has happened, so no hint on one does."""

SKIPPED = {
    "missing": "its name is not defined; keep the name that the exercise has",
    "": "write your answer in the exercise cell",
}
PLACES = (
    *(torch, torch.nn, torch.nn.functional, torch.nn.init, torch.optim, torch.Tensor),
    *(torch._C._nn, torch.ops.aten),
)


def told(report: Report, visible: int, why: str = "") -> Report:
    """A report as its student may read it.

    Args:
        report: of a check as grading puts it: the visible cases, on other inputs, come first.
        visible: how many these are.
        why: what is known of a name that is missing, and told beside the report.
    """
    failed = [number for number, one in enumerate(report.results, 1) if one.outcome == "failed"]
    # How a case fails is the student's to choose, so it could spell hidden inputs: one failing case
    # of either sort tells how, the others that they fail.
    telling = {next((n for n in failed if n <= visible), 0)} | set(
        [n for n in failed if n > visible][:1]
    )
    results = tuple(
        _told(
            result,
            AGAIN.format(report.check, number) if number <= visible and number in telling else "",
            number in telling,
            bool(why),
        )
        for number, result in enumerate(report.results, start=1)
    )
    found = Report(report.check, report.about, results, report.points)
    others = [number for number in failed if number <= visible and number not in telling]
    return (
        replace(found, adds=NOTE + _others(report.check, others))
        if found.outcome == "failed"
        else found
    )


def _others(check: str, numbers: list[int]) -> str:
    """How to try cases again, in one line for all of them."""
    if not numbers:
        return ""
    first, *rest = numbers
    more = f", and so for {', '.join(map(str, rest))}" if rest else ""
    return f" There, `{AGAIN.format(check, first)}` tries case {first} again{more}."


def stopped(found: CellRun) -> str:
    """What became of a cell, in fixed words; of an exception, its name if Python has it."""
    if found.status == "error":
        names = [one["ename"] for one in found.outputs if one["output_type"] == "error"]
        return next((name for name in reversed(names) if name in ERRORS), "an error")
    return ENDED if found.status == "crashed" else found.message


def called(names: set[str]) -> set[str]:
    """Of the calls that a student's process claims to have seen, those of what torch has."""
    plain = (name for name in names if name.isidentifier())
    return {name for name in plain if any(hasattr(place, name) for place in PLACES)}


def _told(result: CaseResult, again: str, how: bool, explained: bool) -> CaseResult:
    plain = CaseResult(result.title, result.outcome, result.weight)
    if result.outcome == "failed" and not result.kind:  # about a file that was handed in
        return replace(plain, expected=result.expected, found=result.found)
    if result.outcome == "failed" and not how:
        return plain
    if result.outcome == "failed" and result.kind == "missing" and explained:
        return replace(plain, found="its name is not defined", again=again)
    if result.outcome == "failed" and result.kind == "raised" and (found := _stop(result)):
        return replace(plain, found=FIXED[found], hint=HELP.get(found, ""), again=again)
    if result.outcome == "failed":
        return replace(
            plain,
            kind=result.kind,
            found=_found(result),
            hint=result.hint,
            mistake=result.mistake,
            again=again,
        )
    if result.outcome == "skipped":
        return replace(plain, message=SKIPPED.get(result.kind, SKIPPED[""]), kind=result.kind)
    if result.outcome == "grader_error":
        return replace(
            plain,
            message="the check itself failed; this is not your mistake, and no points are lost",
        )
    return plain


def _found(result: CaseResult) -> str:
    """What is told besides the kind of failure: which of Python's exceptions it was, or how it was
    stopped.
    """
    if result.kind not in ("raised", "unfit"):
        return ""
    name = (re.match(r"\w+", result.found) or [""])[0]
    otherwise = "" if result.kind == "raised" else "something that does not fit the question"
    return name if name in ERRORS else FIXED.get(_stop(result), otherwise)


def _stop(result: CaseResult) -> str:
    """How the grader's own words on a stop begin; empty where the case was not stopped."""
    return next((start for start in FIXED if result.found.startswith(start)), "")
