"""Judges: pure functions from an answer and what was expected to a finding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from course.checks import wording
from course.checks.probes import Probe


@dataclass(frozen=True)
class Finding:
    """What a judge saw: passed or not, and both sides in the student's words.

    ``measured`` holds numbers that the judge found out itself and that are worth keeping. A
    leaderboard ranks by ``accuracy`` (a share), and reads ``images`` (how many it was measured on)
    and ``parameters``. Of a check, what its last case measured counts: hidden cases come last.
    """

    passed: bool
    expected: str = ""
    found: str = ""
    message: str = ""
    measured: Mapping[str, float] = field(default_factory=dict, hash=False)


Judge = Callable[[Any, Any, Probe], Finding]


def close(rtol: float = 1e-5, atol: float = 1e-7, *, dtype: bool = True) -> Judge:
    """Equal up to ``atol + rtol·|expected|``, with the same shape and (unless told) dtype.

    Works through numbers, tensors, and lists and dicts of them. A one-element tensor may stand
    for a number.
    """

    def judge(answer: Any, expected: Any, probe: Probe) -> Finding:
        return _compare(answer, expected, probe, rtol=rtol, atol=atol, dtype=dtype)

    return judge


def same() -> Judge:
    """Exactly equal: for counts, shapes and names."""
    return close(rtol=0.0, atol=0.0, dtype=False)


def holds(predicate: Callable[[Any], bool], wanted: str) -> Judge:
    """A property of the answer, described by ``wanted``; what was expected is not compared.

    An answer that the predicate can't take, such as a text for a number, fails. Where the
    predicate can't take the oracle's answer either, the fault is the grader's.
    """

    def judge(answer: Any, expected: Any, probe: Probe) -> Finding:
        try:
            passed = bool(predicate(answer))
        except Exception:
            if expected is not None:
                predicate(expected)
            passed = False
        return Finding(passed, wanted, wording.value(answer))

    return judge


def _compare(
    answer: Any, expected: Any, probe: Probe, *, rtol: float, atol: float, dtype: bool
) -> Finding:
    settings: dict[str, Any] = {"rtol": rtol, "atol": atol, "dtype": dtype}
    if isinstance(expected, bool | str) or expected is None:
        alike = type(answer) is type(expected) and answer == expected
        return _finding(alike, answer, expected)
    if isinstance(expected, int | float):
        return _numbers(answer, expected, rtol, atol)
    if isinstance(expected, Tensor):
        return _tensors(answer, expected, probe, **settings)
    if isinstance(expected, list):
        return _lists(answer, expected, probe, **settings)
    if isinstance(expected, dict):
        return _dicts(answer, expected, probe, **settings)
    raise TypeError(f"a check expects {type(expected).__name__}, which no judge compares")


def _finding(passed: bool, answer: Any, expected: Any, message: str = "") -> Finding:
    digits = 4
    while not passed and digits < 10 and _alike(answer, expected, digits):
        digits += 2
    return Finding(passed, wording.value(expected, digits), wording.value(answer, digits), message)


def _alike(answer: Any, expected: Any, digits: int) -> bool:
    return wording.value(answer, digits) == wording.value(expected, digits)


def _wrong_kind(answer: Any, expected: Any) -> Finding:
    advice = " — is there a `return` in the function?" if answer is None else ""
    if getattr(answer, "type_name", "") == "ndarray":
        advice = " — stay with torch operations, so that gradients can flow"
    return Finding(
        False,
        wording.kind_of(expected),
        wording.kind_of(answer),
        f"returned {wording.kind_of(answer)}{advice}",
    )


def _numbers(answer: Any, expected: float, rtol: float, atol: float) -> Finding:
    if isinstance(answer, Tensor) and answer.numel() == 1:
        answer = answer.item()
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        return _wrong_kind(answer, expected)
    a, b = torch.tensor([answer, expected], dtype=torch.float64)
    passed = bool(torch.isclose(a, b, rtol=rtol, atol=atol, equal_nan=True))
    return _finding(passed, answer, expected)


def _tensors(
    answer: Any, expected: Tensor, probe: Probe, *, rtol: float, atol: float, dtype: bool
) -> Finding:
    if not isinstance(answer, Tensor):
        return _wrong_kind(answer, expected)
    if answer.shape != expected.shape:
        return Finding(False, f"shape {wording.shape(expected)}", f"shape {wording.shape(answer)}")
    if dtype and answer.dtype != expected.dtype:
        return Finding(False, wording.dtype(expected), wording.dtype(answer), "dtypes differ")
    near = torch.isclose(
        answer.to(torch.float64), expected.to(torch.float64), rtol, atol, equal_nan=True
    )
    if near.all():
        return _finding(True, answer, expected)
    if expected.numel() <= wording.SMALL:
        return _finding(False, answer, expected)
    return _worst(answer, expected, near, probe)


def _worst(answer: Tensor, expected: Tensor, near: Tensor, probe: Probe) -> Finding:
    """Tell of one element that differs most, and where: whole tensors teach nobody."""
    distance = (answer.to(torch.float64) - expected.to(torch.float64)).abs().nan_to_num(torch.inf)
    index = int(distance.masked_fill(near, -1.0).argmax())
    finding = _finding(False, answer.flatten()[index].item(), expected.flatten()[index].item())
    where = f" at {_place(index, expected, probe)}"
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
        return f"x = {wording.number(first.flatten()[index].item())}"
    position = torch.unravel_index(torch.tensor(index), expected.shape)
    return "[" + ", ".join(str(int(axis)) for axis in position) + "]"


def _lists(answer: Any, expected: list[Any], probe: Probe, **settings: Any) -> Finding:
    if not isinstance(answer, list):
        return _wrong_kind(answer, expected)
    if len(answer) != len(expected):
        return Finding(False, f"{len(expected)} items", f"{len(answer)} items")
    for index, (a, b) in enumerate(zip(answer, expected, strict=True)):
        finding = _compare(a, b, probe, **settings)
        if not finding.passed:
            return _inside(finding, f"item {index}")
    return _finding(True, answer, expected)


def _dicts(answer: Any, expected: dict[str, Any], probe: Probe, **settings: Any) -> Finding:
    if not isinstance(answer, dict):
        return _wrong_kind(answer, expected)
    if set(answer) != set(expected):
        return Finding(False, f"keys {sorted(expected)}", f"keys {sorted(answer)}")
    for key in expected:
        finding = _compare(answer[key], expected[key], probe, **settings)
        if not finding.passed:
            return _inside(finding, key)
    return _finding(True, answer, expected)


def _inside(finding: Finding, place: str) -> Finding:
    return replace(
        finding, expected=f"{place}: {finding.expected}", found=f"{place}: {finding.found}"
    )
