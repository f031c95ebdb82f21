"""What every lab's checks must do: each known answer is judged as its author says, both visibly
and under grading, and what the student is told fits.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from autograde.authoring import answers, build, checks, reference, samples
from autograde.authoring.answers import Attempt
from autograde.authoring.checks import Definition, Mistake
from autograde.marking import hidden
from autograde.tree import find
from course.checks import Check, Report

TREE = find()
LABS = [lab for lab in TREE.lab_names() if (TREE.checks(lab) / "__init__.py").is_file()]
DEFINITIONS = [(lab, one) for lab in LABS for one in checks.load(lab)]
EXERCISES = [
    (lab, one.name) for lab in LABS for one in build.parse(TREE, lab).exercises if not one.manual
]
MISTAKES = [(lab, one, mistake) for lab, one in DEFINITIONS for mistake in one.mistakes]
ATTEMPTS = [(lab, attempt) for lab in LABS for attempt in answers.load(lab)]
SEEDS = (11, 2**40)


def named(value: Any) -> str | None:
    if isinstance(value, Attempt):
        return f"{value.exercise}: {value.says}"
    return value.name if isinstance(value, Definition | Mistake) else None


@cache
def handed_in(lab: str) -> dict[str, Path]:
    """What the reference sample hands in beside its notebook."""
    path = TREE.samples(lab) / "reference--full.py"
    return samples.read(path).files if path.is_file() else {}


@pytest.fixture(autouse=True)
def beside_the_notebook(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each test runs where the files lie that its lab's reference hands in."""
    for name, path in handed_in(request.node.callspec.params["lab"]).items():
        shutil.copy(path, tmp_path / name)
        monkeypatch.chdir(tmp_path)


@cache
def visible(lab: str, name: str) -> Check:
    found: Check = import_module(f"course.labs.{lab}").check[name]
    return found


@cache
def graded(lab: str, name: str, seed: int = SEEDS[0]) -> Check:
    return checks.load(lab)[name].graded(reference.load(lab), seed)


def reports(lab: str, name: str, objects: Mapping[str, Any]) -> tuple[Report, Report]:
    """The visible report and the graded one, on objects laid over the reference."""
    names = {**reference.load(lab), **objects}
    return visible(lab, name).run(names), graded(lab, name).run(names)


def recognised(report: Report) -> set[str]:
    return {result.mistake for result in report.results} - {""}


def confused(check: Check, report: Report, mistake: str) -> set[str]:
    """Other mistakes that were recognised in cases where they answer otherwise than this one."""
    found = set()
    for one, result in zip(check.cases, report.results, strict=True):
        prints = {known.name: known.fingerprint for known in one.known}
        if result.mistake and prints[result.mistake] != prints.get(mistake):
            found.add(result.mistake)
    return found


@pytest.mark.parametrize(("lab", "name"), EXERCISES)
def test_does_every_exercise_have_a_check_on_both_sides(lab: str, name: str) -> None:
    assert name in checks.load(lab)
    assert visible(lab, name).cases
    assert visible(lab, name).about.endswith(".")


@pytest.mark.parametrize(("lab", "name"), EXERCISES)
@pytest.mark.parametrize("seed", SEEDS)
def test_does_the_reference_get_full_points(lab: str, name: str, seed: int) -> None:
    for check in (visible(lab, name), graded(lab, name, seed)):
        report = check.run(reference.load(lab))
        assert report.fraction == 1, str(report)


@pytest.mark.parametrize(
    ("lab", "definition"), [(lab, one) for lab, one in DEFINITIONS if one.oracle], ids=named
)
def test_do_oracle_and_reference_agree(lab: str, definition: Definition) -> None:
    if definition.name not in dict.fromkeys(name for place, name in EXERCISES if place == lab):
        pytest.skip("no exercise: a demonstration has no reference")
    _, report = reports(lab, definition.name, definition.oracle)
    assert report.fraction == 1, str(report)


@pytest.mark.parametrize(("lab", "definition", "mistake"), MISTAKES, ids=named)
def test_is_a_known_mistake_recognised(lab: str, definition: Definition, mistake: Mistake) -> None:
    name = definition.name
    found = reports(lab, name, {**definition.oracle, **mistake.objects})
    for check, report in zip((visible(lab, name), graded(lab, name)), found, strict=True):
        assert report.outcome == "failed", str(report)
        assert mistake.name in recognised(report), str(report)
        assert not confused(check, report, mistake.name), str(report)
        assert mistake.hint in {result.hint for result in report.results}


@pytest.mark.parametrize(("lab", "name"), EXERCISES)
def test_does_nothing_written_earn_nothing(lab: str, name: str) -> None:
    def stub(*args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("Exercise 0.1")

    stub.apply = stub  # as of an autograd.Function

    def unwritten(use: str) -> Any:
        """A stub; an empty table, where the exercise asks for a table."""
        truth = reference.load(lab).get(use, stub)
        return stub if callable(truth) else type(truth)()

    for check in (visible(lab, name), graded(lab, name)):
        uses = {use for one in check.cases for use in one.case.probe.uses}
        for objects in ({use: unwritten(use) for use in uses}, {}):
            report = check.run(objects)
            assert (report.outcome, report.earned) == ("skipped", 0), str(report)


@pytest.mark.parametrize(("lab", "attempt"), [a for a in ATTEMPTS if a[1].right], ids=named)
def test_does_a_right_answer_get_full_points(lab: str, attempt: Attempt) -> None:
    for report in reports(lab, attempt.exercise, attempt.objects):
        assert report.fraction == 1, str(report)


@pytest.mark.parametrize(("lab", "attempt"), [a for a in ATTEMPTS if not a[1].right], ids=named)
def test_does_a_wrong_answer_lose_points(lab: str, attempt: Attempt) -> None:
    shown, marked = reports(lab, attempt.exercise, attempt.objects)
    for report in (marked,) if attempt.unseen else (shown, marked):
        assert report.outcome == "failed", str(report)
        assert attempt.at_least <= report.fraction <= min(attempt.at_most, 0.999), str(report)
    if attempt.mistake:
        assert attempt.mistake in recognised(marked if attempt.unseen else shown), str(shown)


@pytest.mark.parametrize("lab", LABS)
def test_is_a_check_found_by_grading_as_the_notebook_names_it(lab: str) -> None:
    for one in build.parse(TREE, lab).exercises:
        if not one.manual:
            assert hidden.check(lab, one.name).about == visible(lab, one.name).about
