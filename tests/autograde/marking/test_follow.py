"""Follow-through: what a blank or wrong exercise costs, and what its second session lets out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

import pytest

from autograde.marking import blanks, engine, follow, life, needs
from autograde.marking.follow import Plan, Step
from autograde.results import Item
from autograde.sandbox import Warm
from autograde.tree import find
from course.checks import CaseResult, Report

COURSE = find(Path(__file__).parent)
RESNET, INCEPTION = "lab06_resnet", "lab05_inception"
WRONG = "def make_shortcut(kind, in_channels, out_channels, stride):\n    return nn.Flatten()"
SECRET = "same_shape"  # a name within the reference's make_shortcut


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with Warm(isolation="none", environment={"COURSE_PROFILE": "grade"}) as one:
        yield one


@cache
def paper(lab: str) -> blanks.Paper:
    return blanks.Paper.of(COURSE, lab)


@pytest.fixture(scope="module")
def graded(warm) -> Callable[..., engine.Graded]:
    """Grade the reference's notebook of lab 6 with other answers; an empty one is blank."""

    def grade(**answers: str) -> engine.Graded:
        book = paper(RESNET).without([name for name, text in answers.items() if not text])
        for cell in book.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "").removesuffix("_answer")
            if not cell.metadata.get("nbgrader", {}).get("grade") and answers.get(name):
                cell.source = answers[name]
        return engine.grade(RESNET, book, warm, release=paper(RESNET).student)

    return grade


def lost(result: engine.Graded) -> dict[str, float]:
    items = [item for item in result.items if item.report]
    return {one.grade_id: one.maximum - (one.points or 0) for one in items if not follow.full(one)}


def item(result: engine.Graded, name: str) -> Item:
    return next(one for one in result.items if one.grade_id == name)


@pytest.mark.parametrize(
    ("lab", "blank"),
    [
        (INCEPTION, "AuxiliaryHead"),
        (INCEPTION, "InceptionBlock"),
        (INCEPTION, "conv1x1_as_linear"),
        (RESNET, "make_shortcut"),
        (RESNET, "BasicBlock"),
        ("lab07_summary", "build_network"),
    ],
)
def test_does_a_blank_exercise_cost_its_own_points_alone(warm, lab, blank) -> None:
    assert blanks.cascade(paper(lab), [blank], warm) == {}
    assert blanks.graded(paper(lab), [blank], warm)[blank].points == 0


def test_do_several_blank_exercises_cost_their_own_points_alone(graded) -> None:
    names = {"make_shortcut", "BasicBlock", "Bottleneck", "ResNetCIFAR"}
    assert set(lost(graded(**dict.fromkeys(names, "")))) == names


def test_does_a_wrong_exercise_cost_its_own_points_alone(graded) -> None:
    result = graded(make_shortcut=WRONG)
    assert set(lost(result)) == {"make_shortcut"}
    found = item(result, "BasicBlock")
    assert found.replaced == ("make_shortcut",)
    assert "so that your `BasicBlock` is judged by itself" in found.note


def test_does_an_exercise_that_stops_the_session_cost_its_own_points_alone(graded) -> None:
    assert set(lost(graded(make_shortcut="import os\nos._exit(1)"))) == {"make_shortcut"}


def test_does_the_panel_say_so(graded) -> None:
    book = graded(make_shortcut="").notebook
    panel = next(cell for cell in book.cells if cell.get("id") == "BasicBlock").outputs[0]
    assert "<code>make_shortcut</code> was replaced by the course" in panel["data"]["text/html"]
    assert panel["data"]["text/plain"] == "4"


def test_does_a_wrong_answer_still_lose_what_is_its_own(graded) -> None:
    wrong = (
        "class BasicBlock(nn.Module):\n"
        "    def __init__(self, in_channels, channels, stride=1, shortcut='B'):\n"
        "        super().__init__()\n"
        "        self.shortcut = make_shortcut(shortcut, in_channels, channels, stride)\n"
        "    def forward(self, x):\n"
        "        return self.shortcut(x)\n"
    )
    result = graded(make_shortcut="", BasicBlock=wrong)
    assert set(lost(result)) == {"make_shortcut", "BasicBlock"}
    assert lost(result)["BasicBlock"] > 1


def test_does_a_wrong_answer_that_stands_again_further_down_cost_its_own_points(graded) -> None:
    block = dict(_answers())["BasicBlock"]
    result = graded(make_shortcut=WRONG, BasicBlock=f"{WRONG}\n\n\n{block}")
    assert set(lost(result)) == {"make_shortcut"}


def test_do_helpers_of_a_wrong_answer_stay(graded) -> None:
    helper = f"def conv(*args):\n    return nn.Conv2d(*args, bias=False)\n\n\n{WRONG}"
    block = dict(_answers())["Bottleneck"].replace(
        "nn.Conv2d(in_channels, channels, 1, bias=False)", "conv(in_channels, channels, 1)"
    )
    result = graded(make_shortcut=helper, Bottleneck=block)
    assert set(lost(result)) == {"make_shortcut"}


THIEF = """
class BasicBlock(nn.Module):
    def __init__(self, in_channels, channels, stride=1, shortcut="B"):
        super().__init__()
        names = make_shortcut.__code__.co_varnames
        print("stolen:", names, In)
        raise ValueError(f"stolen: {names}")
"""
LOOK = """
_whole = Bottleneck.__init__
def _looking(self, *args, **kwargs):
    names = make_shortcut.__code__.co_varnames
    print("stolen:", names)
    _whole(self, *args, **kwargs)
    assert "same" + "_shape" in names, names
Bottleneck.__init__ = _looking
"""


def test_does_nothing_of_the_courses_answer_come_out(graded) -> None:
    looking = dict(_answers())["Bottleneck"] + LOOK
    result = graded(make_shortcut="", BasicBlock=THIEF, Bottleneck=looking)
    assert item(result, "Bottleneck").replaced  # the thief saw it: there it passes
    everything = json.dumps([result.notebook, *(asdict(one) for one in result.items)], default=str)
    assert SECRET in dict(_answers())["make_shortcut"]
    assert SECRET not in everything
    assert "in_channels == out_channels" not in everything


def test_do_what_the_second_session_answers_and_prints_stay_inside() -> None:
    told = "stolen"
    result = CaseResult("a case", "failed", 2.0, told, told, told, told, told, told, told, {"n": 1})
    assert follow._bare(result) == CaseResult("a case", "failed", 2.0)


def test_is_a_submission_bounded_as_a_whole(graded, monkeypatch) -> None:
    monkeypatch.setattr(life, "SUBMISSION_SECONDS", 0.0)
    assert set(lost(graded(make_shortcut=""))) >= {"make_shortcut", "BasicBlock"}


def test_is_a_right_submission_asked_once(graded, monkeypatch) -> None:
    monkeypatch.setattr(follow, "through", None)
    assert lost(graded()) == {}


def test_is_a_blank_submission_asked_once(graded, monkeypatch) -> None:
    monkeypatch.setattr(follow.Rerun, "take", None)
    result = graded(**dict.fromkeys(paper(RESNET).exercises, ""))
    assert sum(one.points or 0 for one in result.items) == 0


def _answers() -> Iterator[tuple[str, str]]:
    for cell in paper(RESNET).full.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if name.endswith("_answer"):
            yield name.removesuffix("_answer"), cell.source


# The order of things, without a sandbox: a needs nothing, b needs a, c needs b.

CHAIN = needs.Course(
    cells={name: f"{name} = 0" for name in ("setup", "a", "b", "c")},
    owners={name: name for name in "abc"},
    asked={name: frozenset(name) for name in "abc"},
    direct={"a": frozenset(), "b": frozenset("a"), "c": frozenset("b")},
)
WANTS = {"a": frozenset[str](), "b": frozenset("a"), "c": frozenset("ab")}
STEPS = [step for name in "abc" for step in (Step(name, f"{name} = 1"), Step(name))]


@dataclass
class Recorder:
    """Takes the place of a session: what ran and was asked, in order."""

    points: dict[str, int] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def run(self, source: str) -> None:
        stood = [name for name in "abc" if f"'{name} = 0'" in source]
        self.done.append(f"course's {stood[-1]}" if stood else source)

    def ask(self, name: str, life: object) -> Report:
        self.done.append(f"{name}?")
        return report(name, self.points.get(name, 1))


def report(name: str, passed: int) -> Report:
    results = (CaseResult("it works", "passed" if passed else "failed", 1.0),)
    return Report(name, "", results, 1.0)


def chain(**points: float | None) -> list[Item]:
    return [Item(name, 1.0, "failed", points[name], report(name, 0)) for name in "abc"]


def planned(items: list[Item], monkeypatch, steps: list[Step] = STEPS) -> Plan:
    monkeypatch.setattr(needs, "course", lambda lab: CHAIN)
    return follow.plan(items, items, WANTS, steps, "lab")


def test_is_an_exercise_asked_before_the_courses_answer_to_it_comes_in(monkeypatch) -> None:
    items, session = chain(a=0, b=0, c=0), Recorder({"b": 0})
    plan = planned(items, monkeypatch)
    found = follow.through(plan, items, STEPS, session, session.ask)
    assert session.done == ["a = 1", "course's a", "b = 1", "b?", "course's b", "c = 1", "c?"]
    assert [one.points for one in found] == [0, 0, 1]
    assert [one.replaced for one in found] == [(), (), ("a", "b")]
    assert "no more cases pass" in found[1].note


def test_does_what_turns_out_right_stay(monkeypatch) -> None:
    items, session = chain(a=0, b=0, c=0), Recorder()
    found = follow.through(planned(items, monkeypatch), items, STEPS, session, session.ask)
    assert "course's b" not in session.done
    assert [one.points for one in found] == [0, 1, 1]
    assert found[2].replaced == ("a",)


def test_is_nothing_run_where_nothing_can_be_gained(monkeypatch) -> None:
    items, session = chain(a=0.5, b=1, c=1), Recorder()
    assert follow.through(planned(items, monkeypatch), items, STEPS, session, session.ask) == items
    assert session.done == []


def test_does_a_blank_exercise_stay_blank(monkeypatch) -> None:
    blank = [Item(name, 1.0, "skipped", 0.0, report(name, 0)) for name in "abc"]
    steps = [Step(step.name, step.source, released=step.source is not None) for step in STEPS]
    assert planned(blank, monkeypatch, steps).again == {}


def test_does_the_courses_answer_wait_for_a_check_that_comes_too_late(monkeypatch) -> None:
    items, session = chain(a=0, b=0, c=0), Recorder({"b": 0})
    late = [STEPS[0], STEPS[1], Step("b", "b = 1"), Step("c", "c = 1"), Step("c"), Step("b")]
    follow.through(planned(items, monkeypatch), items, late, session, session.ask)
    assert "course's b" not in session.done[: session.done.index("b?")]


def test_are_points_that_nobody_knows_left_alone(monkeypatch) -> None:
    items = chain(a=None, b=0, c=None)
    assert planned(items, monkeypatch).again == {"b": frozenset("a")}


def test_does_the_better_of_two_count(monkeypatch) -> None:
    items, session = chain(a=0, b=0.5, c=1), Recorder({"b": 0})
    found = follow.through(planned(items, monkeypatch), items, STEPS, session, session.ask)
    assert (found[1].points, found[1].replaced, found[1].report) == (0.5, (), items[1].report)


def test_does_a_failing_check_leave_the_first_result(monkeypatch) -> None:
    items = chain(a=0, b=0, c=1)
    broken = Report("b", "", (CaseResult("it works", "grader_error", 1.0),), 1.0)
    found = follow.through(
        planned(items, monkeypatch), items, STEPS, Recorder(), lambda name, life: broken
    )
    assert found == items


def test_does_a_stand_in_run_in_a_namespace_of_its_own() -> None:
    course = needs.Course(
        cells={"setup": "import math\none = 1", "a": "def a():\n    return one"},
        owners={"a": "a"},
        asked={"a": frozenset("a")},
        direct={"a": frozenset()},
    )
    space: dict[str, object] = {"one": 2, "a": None}
    exec(follow.stand_in(course, "a"), space)
    assert callable(space["a"])
    assert space["a"]() == 1
    assert space["one"] == 2
    assert "math" not in space
