"""Judges of the project: how large a network is, and how often it is right.

What a file holds is counted here, where the file was read, and not where the student's code runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from course.checks import Finding, Probe, wording
from course.checks.modules import count


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
    """The handed-in file belongs to the network and has fewer numbers than ``limit``."""

    limit: int

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """Whether it fits; measures its parameters."""
        numbers = _handed_in(probe)
        passed = answer == {"fits": True} and numbers < self.limit
        wanted = f"the weights of build_network(), fewer than {self.limit:,} numbers"
        return Finding(passed, wanted, f"{numbers:,} numbers", measured={"parameters": numbers})


@dataclass(frozen=True)
class RightAtLeast:
    """Classes ``(N,)`` that are the labels for this share of the images, by a small network.

    Attributes:
        share: of the images, at least.
        limit: the file must have fewer numbers.
    """

    share: float
    limit: int

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """Whether enough are right; measures the accuracy, for a leaderboard."""
        numbers = _handed_in(probe)
        wanted = f"{self.share:.0%} right or more, below {self.limit:,} numbers"
        if not isinstance(answer, Tensor) or answer.shape != expected.shape:
            return Finding(False, wanted, wording.value(answer))
        accuracy = float((answer == expected).double().mean())
        measured = {"accuracy": accuracy, "images": len(expected), "parameters": numbers}
        small = numbers < self.limit
        found = f"{accuracy:.1%} right, {numbers:,} numbers"
        passed = small and accuracy >= self.share
        return Finding(passed, wanted, found, measured=measured if small else {})


def _handed_in(probe: Probe) -> int:
    """Numbers in the file."""
    return count(next(arg for arg in probe.args if isinstance(arg, dict)).values())
