"""Whole notebooks, graded behind the walls: no change of a file's structure earns a point."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograde.authoring import samples
from autograde.handing_in.normalise import normalise
from autograde.marking import engine
from autograde.marking.early import ENVIRONMENT
from autograde.sandbox import IsolationError, Warm
from autograde.tree import find
from tests.fuzz.bounds import cases
from tests.fuzz.mutations import Changed, file_like

TREE = find(Path(__file__).parent)
LAB = "lab00_setup"
RELEASE = nbformat.read(TREE.student(LAB), as_version=4)


@cache
def warm() -> Warm:
    """The warm process of all cases; it ends with this one."""
    return Warm(environment=ENVIRONMENT).__enter__()


@pytest.fixture(scope="module", autouse=True)
def walls() -> Iterator[None]:
    """Skips where a wall is missing."""
    try:
        warm()
    except IsolationError as error:
        pytest.skip(str(error))
    yield
    warm().close()


def points(data: bytes) -> dict[str, float]:
    """What grading gives for a file, by exercise."""
    book = normalise(data, RELEASE).notebook
    if book is None:
        return {}
    items = engine.grade(LAB, book, warm(), release=RELEASE).items
    return {item.grade_id: item.points or 0.0 for item in items}


@cache
def class_() -> dict[str, str]:
    """The lab's samples as they are handed in."""
    with tempfile.TemporaryDirectory() as folder:
        samples.hand_in(samples.load(TREE.samples(LAB)), TREE, LAB, Path(folder))
        found = sorted(Path(folder).glob(f"*/{LAB}/{LAB}.ipynb"))
        return {path.parents[1].name: path.read_text("utf-8") for path in found}


honest = cache(lambda name: points(class_()[name].encode()))


@st.composite
def handed_in(draw: st.DrawFn) -> tuple[str, Changed]:
    """A sample's name, and its file with something changed."""
    name = draw(st.sampled_from(sorted(class_())))
    return name, draw(file_like([class_()[name]]))


@cases(25)
@given(handed_in())
def test_no_change_of_a_notebook_earns_more_than_the_notebook(case: tuple[str, Changed]) -> None:
    name, file = case
    found = points(file.value)
    assert all(found[exercise] <= honest(name)[exercise] for exercise in found), found
