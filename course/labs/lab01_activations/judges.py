"""What the checks of lab 1 judge by, beyond equality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from course.checks import Finding, Probe, close, wording

TIGHT = close(rtol=1e-7, atol=1e-9, dtype=False)


@dataclass(frozen=True)
class AtZero:
    """Values, and gradients of a function with a kink at 0: there any between the slopes on both
    sides will do (a subgradient), if it is finite.

    Attributes:
        steepest: no slope at 0 is above.
    """

    steepest: float = 2.0

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """Where the answer differs most, if its slopes at 0 may stand."""
        x: Tensor = probe.args[0]
        if not isinstance(answer, dict):
            return TIGHT(answer, expected, probe)
        slopes, wanted = answer.get("gradient"), expected["gradient"]
        if not isinstance(slopes, Tensor) or slopes.shape != wanted.shape:
            return TIGHT(answer, expected, probe)
        may_stand = (x == 0) & (slopes >= 0) & (slopes <= self.steepest)
        finding = TIGHT(answer, {**expected, "gradient": wanted.where(~may_stand, slopes)}, probe)
        if not finding.passed or bool(may_stand[x == 0].all()):
            return finding
        wrong = wording.value(slopes[(x == 0) & ~may_stand])
        return Finding(False, "a slope at 0 between those on its sides", wrong, kind="gradient")
