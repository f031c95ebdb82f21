"""A graded submission as Gradescope reads it: ``results.json``.

Of each exercise there are two tests: the cases that the notebook's own check shows, and the others,
which students see when grades are published. Texts are what a student may read of hidden checks:
see :mod:`autograde.marking.withheld`. A written answer, and a check that itself failed, have no
score here: a person gives it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from autograde.handing_in.normalise.to_student import to_student
from autograde.marking import hidden, withheld
from autograde.reports.leaderboard import LeaderboardError, board
from autograde.results import ClassResult, Item, StudentResult
from course.checks import Report
from course.progress import facts

VISIBLE, LATER = "visible", "after_published"
TEXT = {"output_format": "text"}
READ = "A person reads this answer and gives the points."
BLANK = "Nothing is written here. A person gives the points."
UNDECIDED = "The check itself failed. No points are lost: your instructor gives them by hand."
MORE = "Cases that your notebook does not show, on other inputs; their points come when grades are."
NOT_GRADED = "Nothing could be graded, and the zero is not a mark."
AGAIN = "Upload {lab}.ipynb, or the {lab}-handin.zip that the notebook's last cell packs."
GRADER = (
    "Nothing could be graded: the grader itself failed. The zero is not a mark, and nothing of "
    "yours is lost. Tell your instructor, who finds the reason in the autograder's output."
)


def results(class_: ClassResult, result: StudentResult) -> dict[str, Any]:
    """What Gradescope is told of a submission.

    Args:
        class_: the grading that it comes from.
        result: the submission's own, with its reports.
    """
    lab = class_.lab
    notes = list(dict.fromkeys(filter(None, map(to_student, result.flags))))
    if result.outcome != "graded":
        return unknown([NOT_GRADED, *notes, AGAIN.format(lab=lab)])
    undecided = [item.grade_id for item in result.items if item.status == "grader_error"]
    if undecided:
        notes.insert(0, f"{UNDECIDED} It is about: {', '.join(undecided)}.")
    notes.append("Your instructor publishes the grades when written answers are read.")
    score = sum(item.points or 0.0 for item in result.items if item.status != "manual")
    found = {
        "score": round(score, 2),
        "execution_time": round(result.seconds),
        "output": "\n".join(notes),
        **TEXT,
        "stdout_visibility": "hidden",
        "extra_data": {"lab": lab, "isolation": class_.isolation, "undecided": undecided},
        "tests": [test for item in result.items for test in _tests(lab, item)],
    }
    return found | leaderboard(class_)


def unknown(lines: list[str]) -> dict[str, Any]:
    """The same where nothing is known; Gradescope refuses a file without a score."""
    return {
        "score": 0.0,
        "output": "\n".join(lines),
        **TEXT,
        "stdout_visibility": "hidden",
        "tests": [],
    }


def _tests(lab: str, item: Item) -> Iterator[dict[str, Any]]:
    exercise = facts(lab).exercise(item.grade_id)
    name = exercise.label if exercise else item.grade_id
    about = {"name": name, "visibility": VISIBLE, **TEXT}
    if exercise and exercise.written:
        told = BLANK if item.status == "skipped" else READ
        yield {**about, "output": f"{told} At most {item.maximum:g}."}
    elif item.points is None:
        yield {**about, "output": f"{UNDECIDED} At most {item.maximum:g}."}
    else:
        yield from _halves(lab, about, item, item.points)


def _halves(lab: str, about: dict[str, Any], item: Item, points: float) -> Iterator[dict[str, Any]]:
    """The cases that the notebook shows, and the others; together they give the item's points."""
    assert item.report
    visible = hidden.visible(lab, item.grade_id)
    told = withheld.told(item.report, visible)
    shown, others = told.results[:visible], told.results[visible:]
    whole = sum(result.weight for result in told.results)
    part = sum(result.weight for result in shown)
    first = round(item.maximum * part / whole, 2)
    last = round(item.maximum - first, 2)
    scored = replace(told, results=shown, points=first, adds="")
    earned = min(max(scored.earned, points - last), points)  # to the hundredth, both as one
    yield _test(about, scored, earned, first, item.note)
    if others:
        rest = replace(told, results=others, points=last, adds="")
        later = {**about, "name": f"{about['name']}, further cases", "visibility": LATER}
        yield _test(later, rest, points - earned, last, MORE)


def _test(
    about: dict[str, Any], report: Report, score: float, most: float, note: str
) -> dict[str, Any]:
    output = "\n".join(filter(None, (str(report), note)))
    return {**about, "score": round(score, 2), "max_score": most, "output": output}


def leaderboard(class_: ClassResult) -> dict[str, Any]:
    """Columns of Gradescope's leaderboard, where a check measures networks."""
    try:
        (entry,) = board(class_.as_json()).entries
    except (LeaderboardError, ValueError):
        return {}
    columns: list[dict[str, Any]] = [{"name": "Accuracy", "value": entry.accuracy}]
    if entry.parameters:
        columns.append({"name": "Parameters", "value": entry.parameters, "order": "asc"})
    return {"leaderboard": columns}
