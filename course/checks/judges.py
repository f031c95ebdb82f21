"""Judges: pure functions from an answer and what was expected to a finding."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import torch
from torch import Tensor

from course.checks import kinds, wording
from course.checks.kinds import Kind
from course.checks.probes import Probe, called
from course.checks.sketches import Sketch

INDEXED = re.compile(r"(\[\d+\])(?:\[\d+\])*: ")
FIVE_DIGITS = 1e-5  # times the largest value: what float32 keeps after many operations
VARIED = 4  # different values from which on the same ones in another order are no chance


ALONE = "alone"
"""Measured as 0 where a network can't be run without the code that made it."""
MOVED = "accuracy on moved images"
"""Measured beside ``accuracy``: the share of the same images, moved a little, that is right."""


@dataclass(frozen=True)
class Finding:
    """What a judge saw: passed or not, and both sides in the student's words.

    ``kind`` is the way in which it fails, by which the hint is chosen.

    ``measured`` holds numbers that the judge found out itself and that are worth keeping. A
    leaderboard ranks by ``accuracy`` (a share), and reads ``images`` (how many it was measured on)
    and ``parameters``. Of a check, what its last case measured counts: hidden cases come last.
    Grading reads :data:`ALONE` and :data:`MOVED`.
    """

    passed: bool
    expected: str = ""
    found: str = ""
    message: str = ""
    measured: Mapping[str, float] = field(default_factory=dict, hash=False)
    kind: Kind = "values"


class Judge(Protocol):
    """From an answer, what was expected, and the probe as it was asked, to a finding.

    A judge is a frozen dataclass of ``course.checks`` or ``course.labs``, so that a stored check
    can name it and its settings. One whose ``sealed`` is true judges an answer that takes no
    inputs, a constant: nothing may be stored from which it could be found out.
    """

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """What the judge sees."""
        ...


@dataclass(frozen=True)
class Close:
    """Equal up to ``atol + rtol·|expected|``, with the same shape and (unless told) dtype.

    Works through numbers, tensors, sketches of tensors, and lists and dicts of them. A tensor
    without axes may stand for a number.
    """

    rtol: float = 1e-5
    atol: float = 1e-7
    dtype: bool = True

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """Where the answer differs most from what was expected."""
        finding = _compare(answer, expected, probe, self)
        if finding.passed or not isinstance(expected, list):
            return finding
        return _named(finding, len(expected), of_a_call=probe.question is called)


@dataclass(frozen=True)
class Holds:
    """A property of the answer, described by ``wanted``; what was expected is not compared.

    An answer that the predicate can't take, such as a text for a number, fails. Where the
    predicate can't take what was expected either, the fault is the grader's.

    Attributes:
        predicate: a module-level function of ``course.labs`` or ``course.checks``.
        wanted: the property, in words.
    """

    predicate: Callable[[Any], bool]
    wanted: str

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """Whether the property holds."""
        try:
            passed = bool(self.predicate(answer))
        except Exception:
            if expected is not None:
                self.predicate(expected)
            passed = False
        if passed:
            return Finding(True)
        kind = wording.kind_of_failure(answer)
        kind = kind if kind in ("none", "ndarray") else "values"
        return Finding(False, self.wanted, wording.value(answer), kind=kind)


def close(rtol: float = 1e-5, atol: float = 1e-7, *, dtype: bool = True) -> Close:
    """A judge of values: see :class:`Close`."""
    return Close(rtol, atol, dtype)


def same() -> Close:
    """Exactly equal: for counts, shapes and names."""
    return Close(rtol=0.0, atol=0.0, dtype=False)


def holds(predicate: Callable[[Any], bool], wanted: str) -> Holds:
    """A judge of a property: see :class:`Holds`."""
    return Holds(predicate, wanted)


def _compare(answer: Any, expected: Any, probe: Probe, judge: Close) -> Finding:
    if isinstance(expected, bool | str) or expected is None:
        alike = type(answer) is type(expected) and answer == expected
        return _finding(alike, answer, expected)
    if isinstance(expected, int | float):
        return _numbers(answer, expected, judge)
    if isinstance(expected, Tensor):
        return _tensors(answer, expected, probe, judge)
    if isinstance(expected, Sketch):
        return _sketched(answer, expected, judge)
    if isinstance(expected, list):
        return _lists(answer, expected, probe, judge)
    if isinstance(expected, dict):
        return _dicts(answer, expected, probe, judge)
    raise TypeError(f"a check expects {type(expected).__name__}, which no judge compares")


def _finding(passed: bool, answer: Any, expected: Any, message: str = "") -> Finding:
    if passed:  # then nobody reads the values, and most cases pass
        return Finding(True)
    digits = 4
    while digits < 10 and _alike(answer, expected, digits):
        digits += 2
    return Finding(False, wording.value(expected, digits), wording.value(answer, digits), message)


def _alike(answer: Any, expected: Any, digits: int) -> bool:
    return wording.value(answer, digits) == wording.value(expected, digits)


def _wrong_kind(answer: Any, expected: Any) -> Finding:
    kind = wording.kind_of_failure(answer)
    if kind == "sequence" and not isinstance(expected, Tensor | Sketch):
        kind = "type"
    return Finding(False, wording.kind_of(expected), wording.kind_of(answer), kind=kind)


def _numbers(answer: Any, expected: float, judge: Close) -> Finding:
    if isinstance(answer, Tensor) and answer.numel() == 1:
        if answer.ndim:
            told = f"a tensor of shape {wording.shape(answer)}"
            return Finding(False, wording.kind_of(expected), told, kind="shape")
        answer = answer.item()
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        return _wrong_kind(answer, expected)
    found, wanted = wording.as_float(answer), wording.as_float(expected)
    if not math.isfinite(wanted) or not math.isfinite(found):
        return _finding(str(found) == str(wanted), answer, expected)
    return _finding(abs(found - wanted) <= judge.atol + judge.rtol * abs(wanted), answer, expected)


def _unlike(answer: Any, expected: Tensor | Sketch, judge: Close) -> Finding | None:
    """What is wrong with an answer besides its values: kind, shape or dtype."""
    if not isinstance(answer, Tensor):
        return _wrong_kind(answer, expected)
    if tuple(answer.shape) != tuple(expected.shape):
        wanted, found = (f"shape {wording.shape(one)}" for one in (expected, answer))
        return Finding(False, wanted, found, kind="shape")
    if judge.dtype and answer.dtype != expected.dtype:
        wanted, found = wording.dtype(expected), wording.dtype(answer)
        return Finding(False, wanted, found, kind="dtype")
    return None


def _tensors(answer: Any, expected: Tensor, probe: Probe, judge: Close) -> Finding:
    if unlike := _unlike(answer, expected, judge):
        return unlike
    near = _near(answer, expected, judge)
    if near.all():
        return _finding(True, answer, expected)
    small = expected.numel() <= wording.SMALL
    finding = _finding(False, answer, expected) if small else _worst(answer, expected, near, probe)
    if _nearly(answer, expected, judge):
        return replace(finding, kind="precision")
    kind: Kind = "order" if _reordered(answer, expected, judge) else "values"
    return replace(finding, kind=kind)


def _nearly(answer: Tensor, expected: Tensor, judge: Close) -> bool:
    """Whether double precision was asked for, and single precision is what came."""
    if expected.dtype != torch.float64 or judge.rtol >= FIVE_DIGITS:
        return False
    distance, size = (answer.to(torch.float64) - expected).abs().max(), expected.abs().max()
    return bool(0 < distance <= FIVE_DIGITS * size)


def _near(answer: Tensor, expected: Tensor, judge: Close) -> Tensor:
    a, b = answer.to(torch.float64), expected.to(torch.float64)
    return torch.isclose(a, b, judge.rtol, judge.atol, equal_nan=True)


def _reordered(answer: Tensor, expected: Tensor, judge: Close) -> bool:
    """Whether these are the same values in another order, too many of them to be so by chance."""
    one, other = (tensor.flatten().to(torch.float64).sort().values for tensor in (answer, expected))
    return len(other.unique()) >= VARIED and bool(_near(one, other, judge).all())


def _sketched(answer: Any, expected: Sketch, judge: Close) -> Finding:
    if unlike := _unlike(answer, expected, judge):
        return unlike
    places = torch.tensor(expected.places)
    found, wanted = answer.flatten()[places], torch.tensor(expected.values, dtype=torch.float64)
    near = _near(found, wanted, judge)
    if not near.all():
        distance = (found.to(torch.float64) - wanted).abs().nan_to_num(torch.inf)
        worst = int(distance.masked_fill(near, -1.0).argmax())
        at = _position(expected.places[worst], expected.shape)
        finding = _inside(_finding(False, found[worst].item(), wanted[worst].item()), at)
        wrong = int((~near).sum())
        exact = expected.dtype == torch.float64 and _nearly(found, wanted, judge)
        kind: Kind = "precision" if exact else "values"
        told = f"{wrong} of {len(places)} values looked at differ"
        return replace(finding, message=told, kind=kind)
    if expected.sums_agree(answer, judge.rtol, judge.atol):
        return _finding(True, answer, expected)
    told = f"sums over all {answer.numel():,} values differ; the {len(places)} looked at agree"
    return Finding(False, wording.value(expected), wording.value(answer), told)


def _worst(answer: Tensor, expected: Tensor, near: Tensor, probe: Probe) -> Finding:
    """Tell of one element that differs most, and where: whole tensors teach nobody."""
    distance = (answer.to(torch.float64) - expected.to(torch.float64)).abs().nan_to_num(torch.inf)
    index = int(distance.masked_fill(near, -1.0).argmax())
    finding = _finding(False, answer.flatten()[index].item(), expected.flatten()[index].item())
    where = f" {_place(index, expected, probe)}"
    wrong = int((~near).sum())
    return replace(
        finding,
        expected=finding.expected + where,
        found=finding.found + where,
        message=f"{wrong} of {expected.numel()} values differ; the worst is shown",
    )


def _place(index: int, expected: Tensor, probe: Probe) -> str:
    first = probe.args[0] if probe.args else None
    if isinstance(first, Tensor) and first.shape == expected.shape and first.is_floating_point():
        name = probe.argument or "the input"
        return f"where {name} is {wording.number(first.flatten()[index].item())}"
    return f"at {_position(index, tuple(expected.shape))}"


def _position(index: int, shape: tuple[int, ...]) -> str:
    position = torch.unravel_index(torch.tensor(index), shape)
    return "[" + ", ".join(str(int(axis)) for axis in position) + "]"


def _lists(answer: Any, expected: list[Any], probe: Probe, judge: Close) -> Finding:
    if not isinstance(answer, list):
        return _wrong_kind(answer, expected)
    if len(answer) != len(expected):
        return Finding(False, f"{len(expected)} items", f"{len(answer)} items")
    for index, (a, b) in enumerate(zip(answer, expected, strict=True)):
        finding = _compare(a, b, probe, judge)
        if not finding.passed:
            kind: Kind = "order" if _shuffled(answer, expected) else finding.kind
            return _inside(replace(finding, kind=kind), f"[{index}]")
    return _finding(True, answer, expected)


def _shuffled(answer: list[Any], expected: list[Any]) -> bool:
    texts = [sorted(wording.value(item, 10) for item in items) for items in (answer, expected)]
    plain = all(isinstance(item, bool | int | float | str) for item in expected)
    return plain and texts[0] == texts[1] and len(set(texts[1])) >= VARIED


def _dicts(answer: Any, expected: dict[str, Any], probe: Probe, judge: Close) -> Finding:
    if not isinstance(answer, dict):
        return _wrong_kind(answer, expected)
    if set(answer) != set(expected):
        return Finding(False, f"keys {sorted(expected)}", f"keys {sorted(answer)}")
    for key in expected:
        finding = _compare(answer[key], expected[key], probe, judge)
        if not finding.passed:
            return _inside(replace(finding, kind=kinds.of_part(key, finding.kind)), key)
    return _finding(True, answer, expected)


def _inside(finding: Finding, place: str) -> Finding:
    """The finding about one part of an answer: ``shape[0]: 3``, ``the gradient: 0.25``."""
    expected, found = (_at(place, text) for text in (finding.expected, finding.found))
    return replace(finding, expected=expected, found=found)


def _named(finding: Finding, count: int, *, of_a_call: bool) -> Finding:
    """With a name before the number of an item: of what a call gave, or of several answers."""

    def name(text: str) -> str:
        found = INDEXED.match(text)
        if not found or of_a_call:
            return f"result{text}" if found else text
        rest = text[found.end(1) :]
        return f"answer {int(found[1][1:-1]) + 1} of {count}{', ' * (rest[:1] == '[')}{rest}"

    expected, found = name(finding.expected), name(finding.found)
    return replace(finding, expected=expected, found=found)


def _at(place: str, text: str) -> str:
    return f"{place}{text}" if INDEXED.match(text) else f"{place}: {text}"
