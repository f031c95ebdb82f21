"""How far a student is: counted from checks in this kernel and from the notebook's file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import course
from autograde.reports import markup
from autograde.tree import find
from course import progress
from course.checks.report import Report
from course.checks.results import CaseResult
from course.labs.lab01_activations import check
from course.progress import saved, table
from course.progress.saved import Result

LAB = "lab01_activations"
TREE = find(Path(__file__).parent)
FACTS = progress.facts(LAB)


@pytest.fixture(autouse=True)
def nothing_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_SESSION", {})
    table._before.cache_clear()


@pytest.fixture
def book() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(TREE.student(LAB).read_text())
    return found


def shown(book: dict[str, Any], name: str, data: dict[str, Any]) -> None:
    cell = next(one for one in book["cells"] if saved.grade_id(one) == name)
    cell["outputs"] = [{"output_type": "execute_result", "data": data, "metadata": {}}]


def test_are_the_facts_those_of_the_released_notebook(book: dict[str, Any]) -> None:
    marked = [cell for cell in book["cells"] if saved.grade_id(cell)]
    assert [saved.source(cell) for cell in marked] == [one["source"] for one in FACTS.cells]
    assert {"torch", "F", "course", "experiments"} <= set(FACTS.setup)
    assert sum(one.points for one in FACTS.exercises) == 40
    assert progress.facts("lab01") == FACTS


def test_is_a_check_before_the_setup_cell_told_so(book: dict[str, Any]) -> None:
    """The cell as it is released, in an empty kernel."""
    cell = next(one for one in book["cells"] if saved.grade_id(one) == "relu")
    lines, _, call = saved.source(cell).partition("\n\n")
    names: dict[str, Any] = {}
    exec(lines, names)
    report = eval(call, names)
    assert report.outcome == "skipped"
    assert "Run the setup cell first" in report.remark
    assert "`torch`, `F`, `Tensor` and" in report.remark
    assert "Run All Above Selected Cell" in str(report)
    setup = dict.fromkeys(FACTS.setup)
    after = eval(call, {**setup, **names})
    assert "run the exercise cell above" in after.remark
    written = eval(call, {**names, "relu": lambda x: x.clamp(min=0)})  # who needs no setup cell
    assert written.outcome == "passed"


def test_do_points_add_up_over_checks_and_the_file(
    book: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    result = Result(2.0, 2, "passed", 5, 5)
    shown(book, "tanh", {progress.CHECK_MIME: progress.bundle("tanh", result), "text/plain": ""})
    monkeypatch.setattr(table, "running_notebook", lambda ask_page=True: book)
    assert check("relu").so_far.startswith("2 of 30 points by checks so far")
    found = course.overview(LAB)
    assert (found.earned, len(found.open)) == (2, 16)
    assert progress.noted(LAB, "relu", Result(1.0, 1, "passed", 3, 3)).startswith("3 of 30 points")
    assert course.overview("lab01").headline == (
        "Lab 1: 3 of 30 points by checks so far, 15 of 17 open"
    )
    assert progress.noted(LAB, "no exercise", result) == ""


@pytest.mark.parametrize("data", ["mime", "text"])
def test_is_what_a_check_left_read_from_any_program_s_file(book: dict[str, Any], data: str) -> None:
    cases = (CaseResult("a", "passed", 1), CaseResult("b", "failed", 3))
    report = Report("relu", "", cases, 1)
    left = {"text/plain": [line + "\n" for line in str(report).split("\n")]}
    if data == "mime":
        left |= {progress.CHECK_MIME: progress.bundle("relu", report.result)}  # type: ignore[dict-item]
    shown(book, "relu", left)
    assert saved.results(book) == {"relu": Result(0.25, 1, "failed", 1, 2)}


def test_are_written_answers_seen(book: dict[str, Any]) -> None:
    name = next(one.name for one in FACTS.exercises if one.written)
    assert not any(saved.written(book, FACTS).values())
    next(one for one in book["cells"] if saved.grade_id(one) == name)["source"] = "Because …"
    assert saved.written(book, FACTS)[name]


def test_is_an_answer_without_its_check_told_from_a_blank_one(book: dict[str, Any]) -> None:
    answer = next(one for one in book["cells"] if saved.grade_id(one) == "sigmoid_answer")
    answer["source"] = "def sigmoid(x):\n    return x"
    begun = table.of(FACTS, book, {})
    assert [row.state for row in begun.rows[:2]] == ["unrun", "open"]
    assert begun.next_step == "Next: 1.1 · The sigmoid: run its cell, run its check."
    assert "✓ written; a person will read it" in table.WORDS.values()


def test_comes_the_core_path_first_and_is_it_said_when_it_is_done(book: dict[str, Any]) -> None:
    assert {one.optional for one in FACTS.exercises} == {True, False}
    right = Result(1.0, 1, "passed", 1, 1)
    done = {one.name: right for one in FACTS.checked if not one.optional}
    left = done.popitem()[0]
    nearly = table.of(FACTS, book, done)
    assert nearly.next is not None
    assert nearly.next.exercise.name == left
    assert nearly.next_step.startswith("Next: ")
    core = table.of(FACTS, book, {**done, left: right})
    assert core.core_done
    assert core.next_step.startswith("The core path is done. Next, if you like: ")
    assert "optional" in str(core)
    assert ">optional<" in core._repr_html_()


def test_is_the_overview_a_table_that_cleaning_leaves_whole(book: dict[str, Any]) -> None:
    page = table.of(FACTS, book, {})._repr_html_()
    cleaned = markup.clean(page)
    assert cleaned.count("<tr") == page.count("<tr") == 18
    assert cleaned.count('scope="col"') == 4
    assert "&lt;" not in cleaned
    assert "`" not in cleaned


@pytest.mark.parametrize("book", [{}, {"cells": 3}, {"cells": [None, {"cell_type": 5}, {}]}])
def test_does_a_damaged_file_say_nothing(book: dict[str, Any]) -> None:
    assert table.of(FACTS, book, {}).earned == 0
