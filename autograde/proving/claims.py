"""What can be brought back without the right object: a question runs in the student's process, so
whoever patches it brings back anything: a constant, or the answers of another student.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import chain, repeat
from typing import Any

from autograde.proving.subjects import Subject
from course import weights
from course.checks import Answer, Check, Prepared, Report
from course.checks.listening import own_randomness
from course.checks.sketches import Sketch

Claims = Callable[[int], list[Answer]]
"""From the seed of a graded check to answers to its cases, in their order; None for the rest."""

ANOTHER = "another student's answers"
VISIBLE = "what the visible check expects"
CONSTANTS: tuple[Any, ...] = (True, False, 0, 1, {}, [])


def claims(subject: Subject, seeds: tuple[int, ...]) -> dict[str, Claims]:
    """What is brought back instead of answers, by what it is.

    Args:
        subject: the exercise.
        seeds: of the graded checks that it is brought to, two or more.
    """
    found: dict[str, Claims] = {
        ANOTHER: partial(_of_another, subject, seeds),
        VISIBLE: partial(_of_visible, subject),
    }
    return found | {repr(value): partial(_always, subject, value) for value in CONSTANTS}


def is_fixed(subject: Subject, says: str) -> bool:
    """Whether this claim is nothing to be caught: the exercise asks for a constant, so all students
    have the same right answers; or the answers are tried elsewhere, and another student's network,
    with that student's file, is a network that is right.
    """
    tried = all(one.case.probe.then for one in subject.visible.cases)
    return (says == ANOTHER and tried) or (
        subject.definition.constant and says in (ANOTHER, VISIBLE)
    )


def put(check: Check, brought: list[Answer]) -> Report:
    """What is earned in a check by who brings these back."""
    answers = chain(brought, repeat(_value(None)))
    results = tuple(
        one.put(partial(_brought, answer))
        for one, answer in zip(check.cases, answers, strict=False)
    )
    return Report(check.name, check.about, results, 1.0)


def _brought(answer: Answer, probe: Any) -> Answer:
    return probe.run({}) if probe.alone else answer


def _of_another(subject: Subject, seeds: tuple[int, ...], seed: int) -> list[Answer]:
    """The reference's answers to the check of the seed before."""
    other = subject.graded(seeds[seeds.index(seed) - 1])
    with own_randomness():
        return [_asked(one, subject.names) for one in other.cases]


def _asked(one: Prepared, names: Mapping[str, Any]) -> Answer:
    try:
        probe = one.case.probe.with_files(weights.read)
    except weights.WeightsError:
        return _value(None)
    return probe.run(names)


def _of_visible(subject: Subject, seed: int) -> list[Answer]:
    """What the visible cases expect, as far as whoever reads the stored check finds it out."""
    return [_value(_whole(one.expected)) for one in subject.visible.cases]


def _whole(value: Any) -> Any:
    """The value with None in the place of what is not stored."""
    if isinstance(value, Mapping):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return list(map(_whole, value))
    return None if isinstance(value, Sketch) else value


def _always(subject: Subject, value: Any, seed: int) -> list[Answer]:
    return [_value(value) for _ in subject.graded(seed).cases]


def _value(value: Any) -> Answer:
    return Answer("value", value=value)
