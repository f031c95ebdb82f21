"""Points by visible checks, each lab run anew: what a GitHub workflow reports on every push.

It says what the checks in the notebooks say, on whatever machine it runs. Grading decides.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course.handin.looking import beside, notebook_of
from course.handin.repair import repaired
from course.handin.rerun import NotRun, executed
from course.preflight import Line
from course.progress import Facts, Overview, facts, labs, saved
from course.progress.table import WORDS, of

EXPLORE = "explore"  # no check depends on a cell with this tag
DAMAGED = "this is no notebook, or was cut off on its way"
AGAIN = "Get the lab's notebook again, and copy your answers into it, cell by cell."


@dataclass(frozen=True)
class Standing:
    """How a lab stands: its exercises, and why it was not run, if it was not."""

    overview: Overview
    problem: Line | None = None

    @property
    def most(self) -> float:
        """Points that the lab's checks give."""
        return sum(one.points for one in self.overview.facts.checked)


def of_labs(named: Sequence[str]) -> list[Standing]:
    """Run the notebooks of labs, and see what their checks say.

    Args:
        named: labs, or notebooks' files; none: all labs whose notebook is here.

    Raises:
        NoFacts: there is no such lab.
        FileNotFoundError: a notebook that is named is not here, or none is.
    """
    places = [notebook_of(one) for one in named] or list(_here())
    if not places:
        raise FileNotFoundError("there is no lab here: go to the folder that holds labs/.")
    return [_standing(path, facts(lab)) for path, lab in places]


def tell(standings: Sequence[Standing]) -> int:
    """Print it, in GitHub's workflows also as GitHub and its Classroom read it.

    Returns:
        0 if all notebooks could be run, however many points there are; else 1.
    """
    for one in standings:
        print(one.overview, end="\n\n")
        if one.problem:
            print(f"{one.problem.name}: {one.problem.found}\n  {one.problem.advice}\n")
    if os.environ.get("GITHUB_ACTIONS"):
        print(*_notices(standings), sep="\n")
        if place := os.environ.get("GITHUB_STEP_SUMMARY"):
            with Path(place).open("a", encoding="utf-8") as file:
                file.write("\n".join(_summary(standings)) + "\n")
    return int(any(one.problem for one in standings))


def _here() -> Iterable[tuple[Path, str]]:
    for lab in labs():
        try:
            yield notebook_of(lab)
        except FileNotFoundError:
            continue


def _standing(path: Path, known: Facts) -> Standing:
    try:
        book = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        book = None
    if not isinstance(book, dict):
        return Standing(of(known, {}, {}), Line(path.name, "fail", DAMAGED, AGAIN))
    sound, _ = repaired(book, known)
    if not _begun(sound, known):
        return Standing(of(known, {}, {}))
    print(f"{known.lab}: ", end="")
    try:
        ran = executed(sound, beside(known, path.parent)[0], without=EXPLORE)
    except NotRun as error:
        return Standing(of(known, {}, {}), error.line)
    return Standing(of(known, ran, {}))


def _begun(book: Mapping[str, Any], known: Facts) -> bool:
    """Whether an answer is not as it was handed out."""
    given = {saved.grade_id(cell): saved.source(cell) for cell in known.cells}
    cells = (cell for cell in saved.cells(book) if saved.marks_of(cell).get("solution"))
    return any(saved.source(cell) != given.get(saved.grade_id(cell)) for cell in cells)


def _sums(standings: Iterable[Standing]) -> tuple[float, float]:
    pairs = [(one.overview.earned, one.most) for one in standings]
    earned, most = (round(sum(column), 2) for column in zip(*pairs, strict=True))
    return earned, most


def _notices(standings: Sequence[Standing]) -> list[str]:
    """The two notes of a run that GitHub Classroom takes the points from."""
    earned, most = _sums(standings)
    report = json.dumps({"totalPoints": earned, "maxPoints": most})
    return [
        f"::notice title=Autograding complete::Points {earned:g}/{most:g}",
        f"::notice title=Autograding report::{report}",
    ]


def _summary(standings: Sequence[Standing]) -> list[str]:
    """The page of the run, in Markdown."""
    earned, most = _sums(standings)
    lines = [f"## {earned:g} of {most:g} points by visible checks", ""]
    for one in standings:
        lines += [f"### Lab {one.overview.facts.number} · {one.overview.facts.title}", ""]
        lines += ["| exercise | points | state |", "|---|---:|---|"]
        lines += [
            f"| {row.exercise.label} | {row.points} | {WORDS[row.state]} |"
            for row in one.overview.rows
        ]
        if one.problem:
            lines += ["", f"**{one.problem.name}**: {one.problem.found}. {one.problem.advice}"]
        lines.append("")
    return [*lines, "These points are not a mark: grading tries the checks on other inputs too."]
