"""Judges: whatever an answer claims, it is judged, told in bounded text, and kept."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from autograde.marking import journal
from autograde.results import Item, StudentResult
from autograde.sandbox.transport import KINDS, TransportError, decode_answer, encode_answer
from course.checks import Prepared, Report, panel
from course.checks.cases import Budget
from course.checks.kinds import KINDS as CAUSES
from course.checks.probes import Answer, Foreign
from course.checks.sketches import Sketch
from tests.fuzz.bounds import cases, within
from tests.fuzz.mutations import ODD, Draw
from tests.labs.test_checks import EXERCISES, visible
from tests.labs.test_judges import INSTEAD, TENSORS

LONGEST = 20_000
"""Characters of what is told of one case."""

TEXTS = st.sampled_from([one for one in ODD if isinstance(one, str)]) | st.text(max_size=30)
SIZES = [(), (0,), (1,), (7,), (2, 0, 3), (3, 4), (1, 1, 28, 28), (100_000,), (1,) * 12]
DTYPES = [torch.float32, torch.float16, torch.bfloat16, torch.int8, torch.int64, torch.bool]


@st.composite
def tensors(draw: Draw) -> Tensor:
    """A tensor of any kind that travels, of finite values or not."""
    shape, dtype = draw(st.sampled_from(SIZES)), draw(st.sampled_from(DTYPES))
    value = draw(st.sampled_from([0.0, 1.0, -3.0, 1e38, float("nan"), float("inf")]))
    return torch.full(shape, value).to(dtype)


LEAVES = (
    tensors()
    | st.sampled_from([one for one in [*INSTEAD, *ODD] if not isinstance(one, complex)])
    | st.floats()
    | st.builds(Foreign, TEXTS, TEXTS)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)


@cache
def judged() -> list[Prepared]:
    """All visible cases of all labs but those of files, one after the other."""
    checks = [visible(lab, name) for lab, name in EXERCISES]
    return [one for check in checks for one in check.cases if not one.case.probe.files]


@st.composite
def changed(draw: Draw, value: Any) -> Any:
    """The value with something of it replaced, left out, doubled or added."""
    if isinstance(value, Tensor) and draw(st.integers(0, 2)):
        try:
            return draw(st.sampled_from(TENSORS))(value)
        except Exception:  # not for this tensor
            return draw(LEAVES)
    if isinstance(value, list | dict) and value and draw(st.integers(0, 5)):
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        copy, at = value.copy(), keys[draw(st.integers(0, len(keys) - 1))]
        if draw(st.integers(0, 5)) == 0:
            del copy[at]
        else:
            copy[at] = draw(changed(value[at]))
        if isinstance(copy, dict) and draw(st.integers(0, 5)) == 0:
            copy[draw(TEXTS)] = draw(LEAVES)
        return copy
    return draw(VALUES)


@st.composite
def claims(draw: Draw) -> tuple[Prepared, Answer]:
    """A case and what a process claims as the answer."""
    one = judged()[draw(st.integers(0, len(judged()) - 1))]
    kind = draw(st.sampled_from(["value"] * 5 + [*KINDS]))
    value, error, cause = None, "", ""
    if kind == "value":
        expected = one.expected
        known = expected is not None and not isinstance(expected, Sketch)
        value = draw(changed(expected)) if known else draw(VALUES)
        value = draw(changed(value))
    else:
        error, cause = draw(TEXTS), draw(st.sampled_from(["", "forged", *CAUSES]))
    heard = {name: draw(TEXTS) for name in ("printed", "warned")}
    return one, Answer(kind, value, error, cause=cause, **heard)


@pytest.mark.filterwarnings("ignore")  # of torch, about such numbers
@cases(400)
@given(claims())
def test_any_answer_is_judged_told_and_kept(claim: tuple[Prepared, Answer]) -> None:
    one, answer = claim
    with within(5):
        try:
            answer = decode_answer(encode_answer(answer))
        except TransportError:
            return
        result = one.result(answer, budget=Budget(1))
        assert result.outcome in ("passed", "failed", "skipped"), result.message
        report = Report("x", "About.", (result,), 2.0)
        assert 0 <= report.earned <= 2
        text, page = str(report), panel.html(report)
    assert len(text) < LONGEST
    assert len(page) < LONGEST
    item = Item("x", 2.0, report.outcome, report.earned, report)
    json.dumps(item.as_json(), allow_nan=False)
    entry = journal.Entry("key", {}, StudentResult("anna", "graded", (item,)))
    with tempfile.TemporaryDirectory() as folder:
        journal.append(Path(folder) / "j", entry)
        assert journal.read(Path(folder) / "j") == {"anna": entry}
