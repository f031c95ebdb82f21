"""Judges of the project: how large a network is, and how often it is right.

What a file holds is counted here, where the file was read, and not where the student's code runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from course.checks import Finding, Probe, same, wording
from course.checks.judges import ALONE, MOVED
from course.labs.lab07_summary import alone

LOST = 0.5  # right with shuffled numbers: guessing is 0.1, and no honest network is near
OTHERWISE = 0.2  # of all pairs of classes: more, and the scores are those of another network


@dataclass(frozen=True)
class Scores:
    """Scores ``(N, K)`` that have none of some properties, and rank the classes about as the right
    ones do, whatever else is made of these.

    Attributes:
        facts: a function of ``course.labs`` that tells of scores what must not be.
    """

    facts: Callable[[Tensor], dict[str, bool]]

    def reads(self, answer: Any, probe: Probe) -> Any:
        """What is so of these scores."""
        return self.facts(answer)

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """What is so that must not be."""
        if not isinstance(answer, Tensor) or answer.shape != expected.shape or answer.is_complex():
            return Finding(False, wording.value(expected), wording.value(answer), kind="type")
        found = self.facts(answer)
        found["classes are ranked as by another network"] = _turned(answer, expected) > OTHERWISE
        return same()(found, dict.fromkeys(found, False), probe)


def _turned(scores: Tensor, others: Tensor) -> float:
    """The share of the pairs of classes that others rank one way, and these the other way, or not
    at all.
    """
    one, two = (x.double()[:, :, None] - x.double()[:, None] for x in (scores, others))
    return float(((two > 0) & ~(one >= 0)).double().sum() / (two > 0).double().sum())


@dataclass(frozen=True)
class FewerThan:
    """A count above 0 and below ``limit``."""

    limit: int

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """Whether the count is within the limit."""
        counted = isinstance(answer, int) and not isinstance(answer, bool)
        text = f"{answer:,} numbers" if counted else wording.value(answer)
        passed = counted and 0 < answer < self.limit
        return Finding(passed, f"some numbers, and fewer than {self.limit:,}", text)


@dataclass(frozen=True)
class FitsAndSmall:
    """The handed-in file belongs to the network, and with what the network carries besides there
    are fewer numbers than ``limit``.
    """

    limit: int

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """Whether it fits; measures its parameters."""
        numbers = _handed_in(probe) + _besides(answer)
        wanted = f"the weights of build_network(), fewer than {self.limit:,} numbers"
        if cause := _not_alone(answer):
            return replace(cause, expected=wanted)
        passed = isinstance(answer, dict) and answer.get("fits") is True and numbers < self.limit
        found = f"{numbers:,} numbers{_told(answer)}"
        return Finding(passed, wanted, found, measured={"parameters": numbers})


@dataclass(frozen=True)
class RightAtLeast:
    """Classes ``(N,)`` that are the labels for this share of the images, by a small network.

    Attributes:
        share: of the images, at least.
        limit: the file, with what the network carries besides, must have fewer numbers.
    """

    share: float
    limit: int

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """Whether enough are right; measures the accuracy, for a leaderboard."""
        wanted = f"{100 * self.share:.0f} % right or more, below {self.limit:,} numbers"
        if cause := _not_alone(answer):
            return replace(cause, expected=wanted)
        classes = answer.get("classes") if isinstance(answer, dict) else None
        if not isinstance(classes, Tensor) or classes.shape != expected.shape:
            return Finding(False, wanted, wording.value(answer))
        accuracy, numbers = _right(classes, expected), _handed_in(probe) + _besides(answer)
        measured = {"accuracy": accuracy, "images": len(expected), "parameters": numbers}
        if isinstance(answer.get("moved"), Tensor):
            measured[MOVED] = _right(answer["moved"], expected)
        found = f"{100 * accuracy:.1f} % right, {numbers:,} numbers{_told(answer)}"
        without = _right(answer.get("with the file's numbers shuffled"), expected)
        if not without < LOST:
            told = (
                f"{100 * without:.0f} % are right also where the numbers in the file are shuffled"
            )
            return Finding(False, wanted, found, f"{told}: what it knows is not in the file")
        small = numbers < self.limit
        passed = small and accuracy >= self.share
        return Finding(passed, wanted, found, measured=measured if small else {})


def _not_alone(answer: Any) -> Finding | None:
    """What is said where a network can't be run without the code that made it."""
    why = answer.get("why") if isinstance(answer, dict) else None
    if why is None:
        return None
    found = f"it can't be run without its code: {why}"
    return Finding(False, "", found, UNKNOWN, measured={ALONE: 0.0})


UNKNOWN = (
    "grading takes the operations on tensors that your network does, and runs them by themselves; "
    "write forward with torch's operations throughout"
)
MOST = 10**12
"""More numbers are as many as these."""


def _right(classes: Any, labels: Tensor) -> float:
    """The share of the first labels that these classes are; 1 for what are no classes."""
    if not isinstance(classes, Tensor) or classes.ndim != 1 or not 0 < len(classes) <= len(labels):
        return 1.0
    return float((classes == labels[: len(classes)]).double().mean())


def _besides(answer: Any) -> int:
    """Numbers that the network carries besides its file, as the answer says."""
    found = answer.get("numbers besides", 0) if isinstance(answer, dict) else 0
    return min(found, MOST) if isinstance(found, int) and found >= 0 else 0


def _told(answer: Any) -> str:
    found = _besides(answer)
    return f", {found:,} of them not in the file" if found else ""


def _handed_in(probe: Probe) -> int:
    """Numbers in the file."""
    return sum(map(alone.numbers, next(a for a in probe.args if isinstance(a, dict)).values()))
