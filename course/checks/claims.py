"""Judges of answers that are a claim: what a question brings back is made in the student's process.

A yes, a count or a constant could be said by anyone. So such a question brings back values on
inputs that are drawn, and what they say is found where they are judged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from course.checks import wording
from course.checks.judges import Close, Finding, Judge, same
from course.checks.probes import Probe

MOST = 200_000
"""Numbers in an answer; what is larger is not read: it is read outside the sandbox."""


@dataclass(frozen=True)
class Found:
    """What is found in an answer is compared with what is expected to be found.

    Attributes:
        finds: a module-level function of ``course.labs`` or ``course.checks``, from an answer and
            the probe to plain values. An answer that it can't take fails.
        judge: compares these with what is expected; exactly, unless told.
    """

    finds: Callable[[Any, Probe], Any]
    judge: Close = field(default_factory=same)

    def reads(self, answer: Any, probe: Probe) -> Any:
        """What the answer says, by which known mistakes are told apart."""
        return self.finds(bounded(answer), probe)

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """How what is found compares."""
        try:
            found = self.finds(bounded(answer), probe)
        except Exception:
            told = "this is nothing that the question brings back"
            return Finding(False, wording.value(expected), wording.value(answer), told, kind="type")
        return self.judge(found, expected, probe)


def bounded(answer: Any) -> Any:
    """The answer.

    Raises:
        ValueError: it holds more than :data:`MOST` numbers.
    """
    if _size(answer) > MOST:
        raise ValueError(f"more than {MOST:,} numbers")
    return answer


def _size(answer: Any) -> int:
    if isinstance(answer, Tensor):
        return 1 + answer.numel()
    items = answer.values() if isinstance(answer, dict) else answer
    return 1 + (sum(map(_size, items)) if isinstance(answer, dict | list) else 0)


def reading(judge: Judge, answer: Any, probe: Probe) -> Any:
    """What a judge makes of an answer before it compares: the answer itself, for most.

    None if it can't take the answer.
    """
    reads = getattr(judge, "reads", None)
    if reads is None:
        return answer
    try:
        return reads(answer, probe)
    except Exception:
        return None
