"""Judges of lab 2's own: sealed constants, a count among other facts, guessed classes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from course.checks import Finding, Probe, same, wording
from course.checks.claims import bounded
from course.checks.judges import Close

ROUNDS = 200_000  # of hashing, some 40 ms: what is sealed has few possible values


def seal(value: Any) -> str:
    """What can be kept of a right answer without giving it away: plain values and tensors."""
    text = json.dumps(_as_listed(value), default=str)
    return hashlib.pbkdf2_hmac("sha256", text.encode(), b"lab02_lenet", ROUNDS).hex()[:32]


def _as_listed(value: Any) -> Any:
    if isinstance(value, Tensor):
        return _as_listed(value.item() if value.numel() == 1 else value.tolist())
    if isinstance(value, list):
        return [_as_listed(item) for item in value]
    if isinstance(value, dict):
        return {key: _as_listed(item) for key, item in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


@dataclass(frozen=True)
class Sealed:
    """The answer has the seal that is expected: for an exercise whose answer is a constant.

    Attributes:
        wanted: what the right answer is, in words.
    """

    wanted: str

    sealed: ClassVar[bool] = True

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """Whether the seal fits."""
        try:
            sealed = seal(bounded(answer))
        except ValueError:
            return Finding(False, self.wanted, wording.value(answer), kind="type")
        return Finding(sealed == expected, self.wanted, wording.value(answer))


@dataclass(frozen=True)
class Connected(Sealed):
    """The connections have the seal that is expected, and are those through which the maps came
    that the layer was shown.
    """

    def reads(self, answer: Any, probe: Probe) -> Any:
        """The connections, from which known mistakes are told apart."""
        return answer["connections"]

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """Whether the seal fits, and whether the sums of maps do."""
        try:
            wires, sums = answer["connections"], answer["sums"].double()
            wanted = wires.double() @ probe.args[0].double().sum(dim=(0, 2, 3))
            alike = sums.shape == wanted.shape and bool(((sums - wanted).abs() < 1e-3).all())
        except Exception:
            return Finding(False, self.wanted, wording.value(answer), kind="type")
        if alike:
            return super().__call__(wires, expected, probe)
        told = "what comes out, where all weights are 1, is not the sum of these maps"
        return Finding(False, self.wanted, wording.value(wires), told)


@dataclass(frozen=True)
class NotBelowZero:
    """Close to what is expected, and no number below 0, by however little.

    Attributes:
        atol: how far a number may be off.
    """

    atol: float

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """How it compares, then which number is below 0."""
        finding = Close(1e-5, self.atol)(answer, expected, probe)
        if not finding.passed or bool((answer >= 0).all()):
            return finding
        told = "a sum of squares is never below 0, also where it is rounded"
        return Finding(False, "no number below 0", wording.value(answer.min()), told)


@dataclass(frozen=True)
class Counted:
    """The number of parameters is as expected; what else is known of them is not judged.

    It is there to tell mistakes apart that have the same number.
    """

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """How the two numbers compare."""
        return same()(_parameters(answer), expected["parameters"], probe)


@dataclass(frozen=True)
class RightAtLeast:
    """The guessed classes ``(N,)`` fit the expected labels for a share of the images.

    Attributes:
        share: of the images, in [0, 1].
        most_parameters: numbers that the network may keep, wherever it keeps them.
    """

    share: float
    most_parameters: int = 61_706

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """How many classes are right, and how large the network is."""
        wanted = (
            f"{100 * self.share:.0f} % right or more, at most {self.most_parameters:,} numbers kept"
        )
        found, count = _classes(answer), _parameters(answer)
        if isinstance(answer, dict) and answer.get("images and labels as they were") is False:
            told = "the images or the labels that came were changed"
            return Finding(False, "images and labels stay as they were", told, kind="changed")
        if found is None or count is None or found.shape != expected.shape:
            return Finding(False, wanted, wording.value(answer), kind="type")
        accuracy = (found == expected).double().mean().item()
        seen = f"{100 * accuracy:.1f} % right, {count:,} numbers kept"
        if not 0 < count <= self.most_parameters:
            return Finding(False, wanted, seen, _size_told(count), kind="unfit")
        return Finding(accuracy >= self.share, wanted, seen)


def _size_told(count: int) -> str:
    if count:
        return "your network keeps too many numbers, however well it does"
    return "your network keeps no numbers: nothing in it can have been learnt"


def _classes(answer: Any) -> Tensor | None:
    classes = answer.get("classes") if isinstance(answer, dict) else None
    whole_numbers = isinstance(classes, Tensor) and str(classes.dtype) == "torch.int64"
    return classes if whole_numbers else None


def _parameters(answer: Any) -> int | None:
    count = answer.get("parameters") if isinstance(answer, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) else None
