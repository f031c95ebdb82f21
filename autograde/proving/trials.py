"""What is tried of one answer: every case of its check, visible and graded, over several seeds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from autograde.proving import graphs
from autograde.proving.claims import Claims, put
from autograde.proving.mutants import Mutant
from autograde.proving.pool import Trial
from autograde.proving.subjects import Subject, digest
from course.checks import Check, Report

VERSION = "2"  # of what a trial tells; another one tries everything anew
FASTEST = 10.0  # seconds that any answer may take; else ten times the reference's


def of_mutant(subject: Subject, mutant: Mutant, seeds: tuple[int, ...]) -> Trial:
    """Whether a mutant is caught, on every seed; it stops at the first case that it fails."""

    def work() -> Any:
        names = dict(subject.names)
        try:
            exec(compile(mutant.source, f"<{subject.lab}:{subject.name}>", "exec"), names)
        except Exception as error:
            return {"caught": [f"the cell stops: {type(error).__name__}"] * len(seeds)}
        caught = [failing(subject.graded(seed), names, subject.costs) for seed in seeds]
        return {"caught": caught, "idle": not all(caught) and _is_idle(subject, mutant, seeds[0])}

    return _trial(subject, seeds, work, "mutant", mutant.source)


def _is_idle(subject: Subject, mutant: Mutant, seed: int) -> bool:
    """Whether it cuts off a gradient where there is none."""
    if not mutant.watched:
        return False
    checks = [subject.visible, subject.graded(seed)]
    return not graphs.carries(mutant.watched, subject.names, checks)


def of_answer(
    subject: Subject,
    objects: Callable[[], Mapping[str, Any]],
    seeds: tuple[int, ...],
    *source: str,
    recognise: bool = False,
) -> Trial:
    """What an answer gets in the visible check and under grading.

    Args:
        subject: the exercise.
        objects: makes what is laid over the reference.
        seeds: of the graded checks.
        source: what tells this answer from others, for the ledger.
        recognise: whether known mistakes are looked for, in the visible check and the first graded.
    """

    def work() -> Any:
        names = {**subject.names, **objects()}
        checks = [subject.visible, *map(subject.graded, seeds)]
        if recognise:
            checks[:2] = _naming(subject, seeds)
        reports = [check.run(names) for check in checks]
        told: dict[str, Any] = {"visible": _told(reports[0])}
        told["graded"] = [_told(report) for report in reports[1:]]
        if recognise:
            told["mistakes"] = [*map(_mistakes, checks[:2], reports[:2])]
        return told

    return _trial(subject, seeds, work, "answer", *source, naming=recognise)


def of_claims(subject: Subject, says: str, made: Claims, seeds: tuple[int, ...]) -> Trial:
    """What is earned under grading by who brings back claims instead of answers.

    Args:
        subject: the exercise.
        says: what the claims are, for the ledger.
        made: the claims.
        seeds: of the graded checks.
    """

    def work() -> Any:
        return {"graded": [_told(put(subject.graded(seed), made(seed))) for seed in seeds]}

    return _trial(subject, seeds, work, "claims", says)


def failing(check: Check, names: Mapping[str, Any], costs: Mapping[str, float]) -> str:
    """The first case that does not pass, and how; empty if all pass. What is quick goes first."""
    for one in sorted(check.cases, key=lambda one: costs.get(one.case.title, 0.0)):
        result = one.put(lambda probe: probe.run(names))
        if result.outcome == "grader_error":
            return f"! {result.title}: {result.message}"
        if result.outcome != "passed":
            return result.title
    return ""


def primed(subject: Subject, seeds: tuple[int, ...]) -> float:
    """Find what every case expects, once for all trials; the seconds that one may take."""
    begun = time.process_time()
    for check in (subject.visible, *(subject.graded(seed) for seed in seeds)):
        for one in check.cases:
            with suppress(Exception):  # whoever tries it is told
                _ = one.expected
    for one in subject.graded(seeds[0]).cases:
        since = time.process_time()
        one.put(lambda probe: probe.run(subject.names))
        subject.costs[one.case.title] = time.process_time() - since
    once = sum(subject.costs.values())  # what is expected may be known without any work
    return FASTEST + 10 * (time.process_time() - begun) + 3 * once * (len(seeds) + 1)


def _trial(
    subject: Subject,
    seeds: tuple[int, ...],
    work: Callable[[], Any],
    *parts: str,
    naming: bool = False,
) -> Trial:
    key = digest(VERSION, subject.lab, subject.name, subject.digest, repr(seeds), *parts)

    def prepare() -> float:
        for one in _naming(subject, seeds) if naming else ():
            _name_mistakes(one)
        return _primed_once(subject, seeds)

    return Trial(key, work, prepare)


def _naming(subject: Subject, seeds: tuple[int, ...]) -> list[Check]:
    """The visible check and the first graded one, as they name known mistakes."""
    return [subject.recognising(None), subject.recognising(seeds[0])]


def _name_mistakes(check: Check) -> None:
    """Find what known mistakes answer, once for all trials."""
    for one in check.cases:
        with suppress(Exception):
            _ = one.known


def _primed_once(subject: Subject, seeds: tuple[int, ...]) -> float:
    if seeds not in subject.limits:
        subject.limits[seeds] = primed(subject, seeds)
    return subject.limits[seeds]


def _told(report: Report) -> dict[str, Any]:
    lost = [f"{one.title}: {one.found or one.message}" for one in report.results if _is_lost(one)]
    return {"share": report.fraction, "outcome": report.outcome, "lost": lost}


def _is_lost(result: Any) -> bool:
    return bool(result.outcome != "passed")


def _mistakes(check: Check, report: Report) -> dict[str, Any]:
    """Known mistakes that were named; and of each, whether others answer alike where it was."""
    named: dict[str, list[list[str]]] = {}
    for one, result in zip(check.cases, report.results, strict=True):
        if result.mistake:
            prints = {known.name: known.fingerprint for known in one.known}
            alike = [name for name, other in prints.items() if other == prints[result.mistake]]
            named.setdefault(result.mistake, []).append(alike)
    return {"named": named, "hints": sorted({one.hint for one in report.results if one.hint})}
