"""The programs with nine bugs: each is worth the same, whatever is drawn."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from autograde.authoring import build, checks, reference
from autograde.tree import find
from course.checks import Check
from course.labs.lab07_summary import check, experiments, programs
from solutions.lab07_summary import bugs

LAB = "lab07_summary"
EXERCISE = "debug_this_network"
REFERENCE = reference.load(LAB)
Chosen = Mapping[str, int | None]


@pytest.fixture(scope="module")
def cases() -> Mapping[str, Any]:
    graded = checks.load(LAB)[EXERCISE].graded(REFERENCE, seed=2024)
    return {one.case.title: one for one in graded.cases}


def defined(code: str) -> Mapping[str, Any]:
    names = dict(REFERENCE)
    exec(code, names)
    return {name: names[name] for name in bugs.PARTS}


def programs_of(part: str) -> Iterator[Chosen]:
    """Every mixture of bugs and repairs in one part; beside prediction, every way to read."""
    places = [name for name, place in bugs.PLACES.items() if place.part == part]
    ways = [[None, *range(len(bugs.PLACES[name].wrong))] for name in places]
    for combination in itertools.product(*ways):
        yield dict(zip(places, combination, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("part", bugs.PARTS)
def test_every_mixture_of_bugs_and_repairs_is_judged_right(
    part: str, cases: Mapping[str, Any]
) -> None:
    """A question is about one part alone, so all mixtures in each part prove all programs."""
    wrong = []
    for chosen in programs_of(part):
        objects = {**REFERENCE, **defined(bugs.text(chosen))}
        for name, bug in chosen.items():
            found = cases[bugs.PLACES[name].title].put(lambda probe, o=objects: probe.run(o))
            if found.outcome != ("passed" if bug is None else "failed"):
                wrong.append((chosen, name, found.outcome))
    assert wrong == []


@pytest.mark.parametrize("read", range(len(bugs.PLACES["pixels"].wrong)))
def test_what_prediction_shows_is_judged_apart_from_how_images_are_read(
    read: int, cases: Mapping[str, Any]
) -> None:
    case = cases[bugs.PLACES["shown"].title]
    for bug in (None, *range(len(bugs.PLACES["shown"].wrong))):
        objects = {**REFERENCE, **defined(bugs.text({"pixels": read, "shown": bug}))}
        assert case.put(lambda probe, o=objects: probe.run(o)).outcome == (
            "passed" if bug is None else "failed"
        )


@pytest.mark.parametrize("name", ["", "Anna", "Борис", "  anna ", 4711, "x" * 9999, "\ud800"])
def test_whatever_the_name_nine_points_are_open(name: str | int) -> None:
    code = programs.text_of(programs.number_of(name))
    one: Check = check[EXERCISE]
    report = one.run(defined(code))
    assert [result.outcome for result in report.results] == ["failed"] * 9


def test_a_name_always_has_the_same_program_and_others_have_others() -> None:
    assert programs.number_of("Anna Lund") == programs.number_of(" anna  LUND")
    assert programs.count() == 82_944
    found = {programs.text_of(programs.number_of(f"student {n}")) for n in range(50)}
    assert len(found) > 45


def test_what_students_have_is_what_the_bugs_say_and_holds_nothing_right() -> None:
    file = find().root / "course/labs" / LAB / programs.FILE
    assert file.read_bytes() == bugs.stored(), "run python -m solutions.lab07_summary.bugs"
    for number in range(0, programs.count(), 997):
        chosen = programs.bugs_of(number)
        assert len(chosen) == 9
        code = programs.text_of(number)
        for place in bugs.PLACES.values():
            inside = any(place.right in wrong for wrong in place.wrong)  # as in relu(scores)
            assert inside or place.right not in code


def test_the_cell_that_takes_the_program_names_its_parts() -> None:
    """Handed in without its marks, an answer is found again by the names that it defines."""
    cells = build.parse(find(), LAB).cells
    (starter,) = [one.source for one in cells if one.metadata.get("starter") == EXERCISE]
    names = [node.name for node in ast.parse(starter).body if hasattr(node, "name")]
    assert names == list(bugs.PARTS)


def test_the_program_takes_the_cells_place_or_can_be_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put: list[tuple[str, bool]] = []

    class Shell:
        def set_next_input(self, text: str, replace: bool) -> None:
            put.append((text, replace))

    monkeypatch.setattr("IPython.get_ipython", Shell)
    handed = experiments.take_program("Anna")
    assert put == [(handed.code.rstrip("\n"), True)]
    assert "def predict" in put[0][0]
    assert "def predict" in repr(handed)
    monkeypatch.setattr("IPython.get_ipython", lambda: None)
    assert repr(experiments.take_program("Anna")) == repr(handed)
