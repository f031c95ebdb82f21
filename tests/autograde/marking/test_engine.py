"""The engine: how long a probe may take, and what it hears beside the answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from autograde.marking import blanks, engine, needs
from autograde.marking.life import PROBE_SECONDS, Life
from autograde.results import Item
from autograde.sandbox import Warm
from autograde.tree import find
from course.checks import Answer, call

COURSE = find(Path(__file__).parent)


class Session:
    alive = True

    spent = took = 0.0

    def ask(self, probe, *, timeout, coming=()):
        return Answer("value", timeout)


@pytest.mark.parametrize(("asked", "given"), [(0.0, PROBE_SECONDS), (45.0, 45.0)])
def test_a_probe_may_ask_for_more_time_and_never_gets_less(asked, given):
    life = Life(warm=None, files={}, session=Session())
    probe = replace(call("relu", 1.0), seconds=asked)
    assert life.ask(probe).value == given


def test_is_a_built_in_that_only_a_call_shows_told_to_a_person():
    paper = blanks.Paper.of(COURSE, "lab01_activations")
    book = paper.without([])
    for cell in book.cells:
        if cell["id"] == "relu_answer":
            cell.source = "def relu(x):\n    return getattr(torch, 're' + 'lu')(x)"
    with Warm(isolation="none") as warm:
        graded = engine.grade(paper.lab, book, warm, release=paper.student)
    assert [(flag.code, flag.cell) for flag in graded.seen] == [("built-in-used", "relu_answer")]
    assert all(item.points == item.maximum for item in graded.items if item.report)


def item(name: str, points: float, replaced: tuple[str, ...] = ()) -> Item:
    return Item(name, 1.0, "passed" if points == 1 else "failed", points, replaced=replaced)


@pytest.mark.parametrize(
    ("b", "held"), [(item("b", 1), True), (item("b", 0.5), False), (item("b", 1, ("a",)), False)]
)
def test_is_what_needs_a_check_that_is_put_again_put_again_too(monkeypatch, b, held):
    monkeypatch.setattr(needs, "needs", lambda lab, book: {"a": frozenset(), "b": frozenset("a")})
    assert ("b" in engine._holding("lab", None, {"b": b})) is held
    assert set(engine._holding("lab", None, {"a": item("a", 0), "b": b})) == {"a", "b"}
