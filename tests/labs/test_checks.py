"""What every lab's checks must do for the reference, the oracle, and an untouched exercise.

What they must do for all other answers is `autograde prove`'s to show.
"""

from __future__ import annotations

import shutil
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from autograde.authoring import build, checks, reference, samples
from autograde.authoring.checks import Definition
from autograde.marking import hidden
from autograde.tree import find
from course.checks import Check, Prepared

TREE = find()
LABS = [lab for lab in TREE.lab_names() if (TREE.checks(lab) / "__init__.py").is_file()]
DEFINITIONS = [(lab, one) for lab in LABS for one in checks.load(lab)]
EXERCISES = [
    (lab, one.name) for lab in LABS for one in build.parse(TREE, lab).exercises if not one.manual
]
SEEDS = (11, 2**40)


def named(value: Any) -> str | None:
    return value.name if isinstance(value, Definition) else None


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


def of_the_battery(one: Prepared) -> bool:
    """Whether the case is a standard one, which the reference answers; an oracle need not."""
    return one.case.probe.question.__module__.startswith("course.checks.battery")


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
    names = {**reference.load(lab), **definition.oracle}
    own = [one for one in graded(lab, definition.name).cases if not of_the_battery(one)]
    report = Check(definition.name, definition.about, tuple(own)).run(names)
    assert report.fraction == 1, str(report)


@pytest.mark.parametrize(("lab", "name"), EXERCISES)
def test_does_nothing_written_earn_nothing(lab: str, name: str) -> None:
    def stub(*args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("Exercise 0.1")

    vars(stub)["apply"] = stub  # as of an autograd.Function

    def unwritten(use: str) -> Any:
        """A stub; an empty table, where the exercise asks for a table."""
        truth = reference.load(lab).get(use, stub)
        return stub if callable(truth) else type(truth)()

    for check in (visible(lab, name), graded(lab, name)):
        uses = {use for one in check.cases for use in one.case.probe.uses}
        for objects in ({use: unwritten(use) for use in uses}, {}):
            report = check.run(objects)
            assert (report.outcome, report.earned) == ("skipped", 0), str(report)


@pytest.mark.parametrize("lab", LABS)
def test_is_a_check_found_by_grading_as_the_notebook_names_it(lab: str) -> None:
    for one in build.parse(TREE, lab).exercises:
        if not one.manual:
            assert hidden.check(lab, one.name).about == visible(lab, one.name).about
