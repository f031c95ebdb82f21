"""What a trial's outcome means: as it should be, or a finding in words."""

from __future__ import annotations

from collections.abc import Collection
from statistics import fmean
from typing import Any

from autograde.authoring.answers import Attempt
from autograde.authoring.checks import Mistake
from autograde.proving.pool import Outcome

LAZY_SHARE = 0.30
FULL = 1 - 1e-9
NO_GRADIENT = "nothing there carries a gradient"


def of_right(outcome: Outcome) -> str:
    """Why a right answer loses points; empty if it does not."""
    if not outcome.result:
        return _unfinished(outcome)
    for where, told in _reports(outcome.result):
        if told["share"] < FULL:
            return f"{where}: {_percent(told['share'])}, {told['lost'][0]}"
    return ""


def of_wrong(outcome: Outcome, attempt: Attempt) -> str:
    """Why a wrong answer is not caught as its author says; empty if it is."""
    if not outcome.result:
        return outcome.broken
    for where, told in _reports(outcome.result):
        if attempt.unseen and where == "visible":
            continue
        if told["share"] >= FULL:
            return f"{where}: full points"
        if told["outcome"] == "grader_error":
            return f"{where}: the check itself fails: {told['lost'][0]}"
        if not attempt.at_least - 1e-9 <= told["share"] <= attempt.at_most + 1e-9:
            bounds = f"{_percent(attempt.at_least)} to {_percent(attempt.at_most)}"
            return f"{where}: {_percent(told['share'])}, not {bounds}"
    return ""


def of_mutant(outcome: Outcome) -> str:
    """Why a mutant survives; empty if it is caught on every seed."""
    if not outcome.result:
        return outcome.broken  # what loops or dies is caught
    caught = outcome.result["caught"]
    if failing := [how for how in caught if how.startswith("!")]:
        return f"the check itself fails {failing[0]}"
    passed = sum(not how for how in caught)
    if passed and passed < len(caught):
        return f"passes on {passed} of {len(caught)} seeds"
    return "passes" if passed else ""


def of_explained(outcome: Outcome) -> str:
    """Why a mutant that its author says is right is no survivor; empty if it is one."""
    caught = outcome.result["caught"] if outcome.result else [outcome.died]
    return f"is said to be right, but fails: {caught[0]}" if all(caught) else ""


def idle(outcome: Outcome) -> str:
    """Why a mutant is no mistake, if that was seen."""
    return NO_GRADIENT if outcome.result and outcome.result.get("idle") else ""


def of_builtin(outcome: Outcome) -> str:
    """Why a built-in that nobody is told of gets too much; empty if it does not."""
    share = lazy_share(outcome)
    return f"{_percent(share)}, and nobody is told" if share > LAZY_SHARE else outcome.broken


def lazy_share(outcome: Outcome) -> float:
    """The most that a lazy answer gets under grading, on any seed."""
    if not outcome.result:
        return 0.0
    return max(told["share"] for told in outcome.result["graded"])


def claimed_share(outcome: Outcome) -> float:
    """What claims get under grading, over the seeds: two may draw the same number by chance."""
    if not outcome.result:
        return 0.0
    return fmean(told["share"] for told in outcome.result["graded"])


def of_lazy(outcome: Outcome) -> str:
    """Why a lazy answer gets too much; empty if it does not."""
    share = lazy_share(outcome)
    return f"{_percent(share)} of the points" if share > LAZY_SHARE + 1e-9 else outcome.broken


def of_claims(outcome: Outcome) -> str:
    """Why what anyone could bring back earns too much; empty if it does not."""
    share = claimed_share(outcome)
    told = f"{_percent(share)} of the points, whatever the student's objects are"
    return told if share > LAZY_SHARE + 1e-9 else outcome.broken


def nothing(outcome: Outcome) -> str:
    """That nothing but failing to try it is wrong with an outcome."""
    return outcome.broken


def of_mistake(outcome: Outcome, mistake: Mistake, alike: Collection[str] = ()) -> str:
    """Why the hint of a known mistake does not fit; empty if it does.

    Args:
        outcome: of trying it.
        mistake: which it is.
        alike: names of those with the same hint; where no case tells them apart, either is named.
    """
    if not outcome.result:
        return _unfinished(outcome)
    for where, found in zip(("visible", "graded"), outcome.result["mistakes"], strict=True):
        named: dict[str, Any] = found["named"]
        if not {mistake.name, *alike} & named.keys():
            return f"{where}: not recognised"
        if mistake.hint not in found["hints"]:
            return f"{where}: recognised, but its hint is not shown"
        others = [
            one
            for one, seen in named.items()
            if one not in alike and any(mistake.name not in same for same in seen)
        ]
        if others:
            return f"{where}: taken for {', '.join(others)}"
    return ""


def of_named(outcome: Outcome, attempt: Attempt) -> str:
    """Why a wrong answer's mistake is not named; empty if it is, or if none is expected."""
    if not attempt.mistake or not outcome.result:
        return ""
    found = outcome.result["mistakes"][1 if attempt.unseen else 0]["named"]
    return "" if attempt.mistake in found else f"not recognised as {attempt.mistake}"


def _reports(result: Any) -> list[tuple[str, Any]]:
    graded = [(f"graded, seed {n}", told) for n, told in enumerate(result["graded"], start=1)]
    return [("visible", result["visible"]), *graded]


def _unfinished(outcome: Outcome) -> str:
    return outcome.died or outcome.broken


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
