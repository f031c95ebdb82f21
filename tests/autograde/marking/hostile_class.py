"""Grade an adversarial class through the real engine, and see what came of it outside."""

from __future__ import annotations

import io
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest

from autograde.authoring import samples
from autograde.marking import classrun, life
from autograde.reports import feedback, show
from autograde.results import ClassResult, StudentResult
from autograde.tree import Tree
from tests.autograde.marking import attacks, tricks
from tests.autograde.marking.attacks import Attack
from tests.autograde.marking.outside import (
    CANARY,
    FIRST,
    LAST,
    NEIGHBOURS,
    SECRET,
    effects,
    leaks,
    outside,
    patterns,
    watching,
)


@dataclass(frozen=True)
class Outcome:
    """What an adversarial class came to.

    Attributes:
        calm: the honest students graded alone.
        pages: feedback by student, ``calm_pages`` those of the calm run.
        leaks: secrets by the student in whose files they are.
        effects: what attackers got hold of and must not have, by student.
        outside: files and objects of the kernel's that were not there before.
        left: processes that outlived the grading.
        calls: what reached the listeners.
        page_seconds: processor time that all pages took.
        printed: what the instructor's terminal was sent.
    """

    result: ClassResult
    calm: ClassResult
    pages: dict[str, str]
    calm_pages: dict[str, str]
    leaks: dict[str, list[str]]
    effects: dict[str, list[str]]
    outside: list[str]
    left: list[str]
    calls: list[str]
    page_seconds: float
    printed: str = field(repr=False)

    def of(self, student: str) -> StudentResult:
        """A student's result."""
        return next(one for one in self.result.students if one.student == student)


def run(tree: Tree, lab: str, class_: list[Attack], work: Path) -> Outcome:
    """Grade a class of attackers between two honest students."""
    calm, calm_pages = _calm(tree, lab, work / "calm")
    home = work / "class"
    attacks.hand_in(class_, tree, lab, home / "submitted")
    _honest(tree, lab, home / "submitted")
    (home / "canary.txt").write_text(SECRET)
    before = set(outside(tree, home))
    with watching(home) as seen, pytest.MonkeyPatch.context() as patch:
        patch.setenv(CANARY, SECRET)
        patch.setattr(life, "CELL_SECONDS", 15.0)
        patch.setattr(life, "PROBE_SECONDS", 5.0)
        places = {"@WORK@": home, "@COURSE@": tree.root, "@HOME@": Path.home(), **seen.places}
        places["@PATTERNS@"] = patterns(tree)
        attacks.fill_in(home / "submitted", {mark: str(at) for mark, at in places.items()})
        result = classrun.grade(classrun.Job(tree, lab, home / "submitted", home))
    begun = time.process_time()
    pages = _pages(lab, home)
    seconds = time.process_time() - begun
    names = [one.name for one in class_]
    return Outcome(
        result,
        calm,
        pages,
        calm_pages,
        {name: found for name in names if (found := leaks(tree, lab, home, name))},
        {name: found for name in names if (found := effects(home / "autograded" / name))},
        sorted(set(outside(tree, home)) - before),
        seen.left,
        seen.calls,
        seconds,
        _printed(result),
    )


def _calm(tree: Tree, lab: str, work: Path) -> tuple[ClassResult, dict[str, str]]:
    _honest(tree, lab, work / "submitted")
    result = classrun.grade(classrun.Job(tree, lab, work / "submitted", work))
    return result, _pages(lab, work)


def _honest(tree: Tree, lab: str, folder: Path) -> None:
    """An honest student before all others, and one behind."""
    (reference,) = (one for one in samples.load(tree.samples(lab)) if one.name == "reference")
    made = folder.parent / "made"
    samples.hand_in([reference], tree, lab, made)
    for name in (FIRST, LAST):
        shutil.copytree(made / "reference" / lab, folder / name / lab)
        if lab == tricks.WEIGHTS_LAB:
            tricks.hand_in_weights(folder / name / lab)
    path = folder / FIRST / lab / f"{lab}.ipynb"
    book = nbformat.read(path, as_version=4)
    book.cells.insert(3, nbformat.v4.new_code_cell(f"mine = {NEIGHBOURS!r}", id="mine"))
    nbformat.write(book, path)


def _pages(lab: str, work: Path) -> dict[str, str]:
    return {page.parents[1].name: page.read_text() for page in feedback.generate(lab, work)}


def _printed(result: ClassResult) -> str:
    out = show.Careful(file=io.StringIO(), width=200, highlight=False)
    out.print(show.class_table(result, out.width))
    show.attention(result, out)
    return str(out.file.getvalue())  # type: ignore[attr-defined]
