"""Predictions: what counts as one, what comes back to it, and that none of it can break a cell."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
import torch

import course
from course import predictions, progress
from course.progress.table import of


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, empty in (("_MADE", {}), ("_SEEN", set()), ("_TOLD", set())):
        monkeypatch.setattr(predictions, name, empty)


def test_a_number_comes_back_beside_what_was_measured() -> None:
    made = course.predict("speed", "How many times faster?", answer=0.8, unit="times")
    assert "You say: 0.8 times" in str(made)
    text = str(course.compare("speed", 0.52, 0.01))
    assert text == "You said: 0.8 times. Measured: 0.52 ± 0.01 times. That is 0.28 times above."
    assert str(course.compare("speed", 0.79, 0.01)).endswith("As measured.")


def test_a_choice_and_an_order_come_back_too() -> None:
    course.predict("best", "Which?", answer=" ReLU", choices={"relu": "▁▂▃", "tanh": "▃▂▁"})
    assert str(course.compare("best", "tanh")).endswith("Measured: tanh. Not as you said: why?")
    assert str(course.compare("best", "relu")).endswith("As you said.")
    names = ["a", "b", "c"]
    course.predict("order", "Which?", answer=("b", "A", "c"), choices=names, order=True)
    assert str(course.compare("order", names)).endswith("1 of 3 in their place.")


def test_without_a_prediction_the_measurement_is_shown_and_one_is_asked_for_once() -> None:
    blank = course.predict("speed", "How fast?", answer=...)
    assert "Predict first: put a number" in str(blank)
    assert "Predict first" in str(course.compare("speed", 0.5))
    assert str(course.compare("speed", 0.5)) == "Measured: 0.50."
    assert "after the measurement" in str(course.predict("speed", "How fast?", answer=0.5))


def test_seeds_give_a_mean_with_its_standard_error_and_nothing_is_no_error() -> None:
    course.predict("top5", "?", answer=1, unit="%")
    assert "Measured: 2.0 ± 0.6 %" in str(course.compare("top5", np.array([1, 2, 3]), digits=1))
    assert "nothing yet" in str(course.compare("top5", None))


class Hostile(list[Any]):
    def __repr__(self) -> str:
        raise RuntimeError("mine")

    def __len__(self) -> int:
        raise RuntimeError("mine")


@pytest.mark.parametrize(
    "answer",
    [None, True, "7", "", float("nan"), 10**400, [1], {}, "<script>`x`" * 99, torch.ones(3), object,
     Hostile(), [Hostile()], ["a"] * 10**6, [["a"]], "\ud800", Decimal("NaN")],
)  # fmt: skip
def test_whatever_was_typed_breaks_nothing_and_stays_inert(answer: Any) -> None:
    for choices, order in ((None, False), (["a", "b"], False), (["a", "b"], True)):
        one = course.predict("x", "<b>?</b>", answer, choices, order=order)
        compared = course.compare("x", 0.5 if choices is None else ["a", "b"])
        shown = one._repr_mimebundle_()
        assert shown[predictions.MIME] == {"name": "x", "made": False}
        for html in (shown["text/html"], compared._repr_html_()):
            assert "<script" not in html
            assert "<b>" not in html
            assert len(html) < 3000
        assert "can't be read. Write" in str(one)
        assert str(compared)


def test_every_kind_of_number_is_one() -> None:
    for answer in (3, 3.0, np.float32(3), np.int64(3)):
        assert course.predict("x", "?", answer).value == 3.0


def test_the_overview_counts_predictions_of_file_and_session() -> None:
    facts = progress.facts("lab07")
    assert len(facts.predictions) >= 2
    first, second = facts.predictions[:2]
    made = course.predict(first, "?", answer=["x"], choices=["x"], order=True)
    data = json.loads(json.dumps(made._repr_mimebundle_()))
    graded = {"cell_type": "code", **dict(facts.cells[0]), "outputs": [{"data": data}]}
    overview = of(facts, {"cells": [graded]}, {}, [second])
    assert f"2 of {len(facts.predictions)} predictions made" in overview.about
    assert f"0 of {len(facts.predictions)}" in of(facts, {}, {}).about


@pytest.mark.parametrize("lab", progress.labs())
def test_every_lab_asks_for_predictions_and_comes_back_to_each(lab: str) -> None:
    from autograde.authoring import build
    from autograde.tree import find

    cells = [c for c in build.parse(find(), lab).cells if c.cell_type == "code"]
    asked = {c.metadata["predict"]: n for n, c in enumerate(cells) if "predict" in c.metadata}
    assert len(asked) >= (1 if lab.startswith("lab00") else 2)
    for name, first in asked.items():
        back = [n for n, one in enumerate(cells) if f'compare("{name}"' in one.source]
        assert back
        assert min(back) > first
