"""Commands that give back: feedback in one zip, grades in one file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape

from autograde import stored_json
from autograde import tree as trees
from autograde.cli.common import WorkDir, check_place, of_class
from autograde.errors import DesignedError
from autograde.handing_in.normalise.flags import listed
from autograde.wording import counted

Parcels = Literal["moodle", "canvas", "plain"]
Files = Literal["moodle", "canvas", "gradescope", "csv", "json"]
Lab = Annotated[str, typer.Argument(help="The lab, for example lab01_activations.")]
Finished = Annotated[
    bool, typer.Option("--finished", help="Only those whose every answer a person has read.")
]


def return_(
    lab: Lab,
    to: Annotated[Parcels, typer.Option(help="Whose names the pages have in the zip.")] = "plain",
    workdir: WorkDir = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="The zip. Default: WORKDIR/returned/LAB-TO.zip; --finished is in its name too."
        ),
    ] = None,
    finished: Finished = False,
) -> None:
    """Put all feedback pages into one zip, as Moodle or Canvas takes them back.

    Pages that are missing, or not of the marks of now, are made first.
    """
    from autograde.gradebook.deadlines import apply
    from autograde.gradebook.sound import alone
    from autograde.handing_in.collecting import record
    from autograde.reports import feedback, parcels
    from autograde.reports.show import console

    out, course = console(), trees.find()
    lab = course.lab(lab)
    work = of_class(course, workdir)
    check_place("--output", output, work)
    with alone(work):
        standings = apply(work, lab)
    found = {page.parents[1].name: page for page in feedback.generate(lab, work, jobs=2)}
    waiting = [one.student for one in standings if one.unread and one.student in found]
    if finished:
        found = {student: page for student, page in found.items() if student not in waiting}
        if not found:
            raise DesignedError(
                f"no page to return: a person has yet to read answers of everyone in {lab}. Mark "
                "them, or leave --finished out."
            )
    known = record.read(work, lab)
    if to not in (homes := parcels.homes(known, found)):
        raise DesignedError(_not_from(to, lab, homes))
    place = output or work / "returned" / f"{_named(lab, to, finished=finished)}.zip"
    parcel = parcels.pack(to, known, found, place, lab)
    out.print(
        f"{counted(len(parcel.students), 'page')}: {escape(str(parcel.path))}", soft_wrap=True
    )
    if parcel.left_out:
        out.print(f"Left out, because no {to} archive had their work: "
                  f"{escape(listed(parcel.left_out, 30))}", soft_wrap=True)  # fmt: skip
    _waiting(out, waiting, left_out=finished)


def export(
    lab: Lab,
    to: Annotated[Files, typer.Option(help="Whose file it is.")] = "csv",
    workdir: WorkDir = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="The file. Default: WORKDIR/returned/LAB-TO.csv; what was asked for besides, such "
            "as a template, is in its name too."
        ),
    ] = None,
    template: Annotated[
        Path | None,
        typer.Option(help="Moodle's grading worksheet or Canvas's gradebook, to be filled in."),
    ] = None,
    column: Annotated[
        str, typer.Option(help="The column of the grades, for example 'Lab 1 (1234)'.")
    ] = "",
    out_of: Annotated[
        float | None, typer.Option(max=1e6, help="Scale the grades to this maximum.")
    ] = None,
    finished: Finished = False,
) -> None:
    """Write a grade file from nbgrader's gradebook: marks by hand and late penalties are in it."""
    from autograde.gradebook.deadlines import apply
    from autograde.gradebook.sound import alone
    from autograde.handing_in.collecting import class_list, record
    from autograde.reports import export as exports
    from autograde.reports import grade_sheet, worksheets
    from autograde.reports.show import console

    _check_template(to, template, column)
    _check_maximum(out_of)
    out, course = console(), trees.find()
    lab = course.lab(lab)
    work = of_class(course, workdir)
    check_place("--output", output, work)
    with alone(work):
        standings = apply(work, lab)
    if not standings:
        raise DesignedError(
            f"nothing to export: {work}/gradebook.db has no grades of {lab}. Run `autograde grade "
            f"{lab} --workdir {work}` first."
        )
    every = grade_sheet.lines(record.read(work, lab), standings, _outcomes(work, lab))
    cells = class_list.table(template)[0] if template else ()
    if template and not cells:
        raise DesignedError(f"{template} is empty: download it from the LMS again.")
    sheet = grade_sheet.Sheet(lab, every, out_of, cells, column, not finished)
    text = exports.text(to, sheet)
    kind = "json" if to == "json" else "csv"
    name = _named(lab, to, template, column, out_of, finished=finished)
    place = output or work / "returned" / f"{name}.{kind}"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8", newline="")
    absent = worksheets.absent(to, sheet)
    without = to == "moodle" and not template
    nameless = [one.student for one in every if without and sheet.grade(one) and not one.number(to)]
    absent_or = {*absent, *nameless}
    graded = [line for line in every if sheet.grade(line) and line.student not in absent_or]
    out.print(
        f"{counted(len(graded), 'grade')} of {counted(len(every), 'student')}: "
        f"{escape(str(place))}",
        soft_wrap=True,
    )
    for why, students in (
        ("late, with a penalty",
         [one.student for one in graded if one.known and one.known.penalty]),
        ("not graded, because nothing was handed in",
         [one.student for one in every if one.outcome in ("not handed in", "not graded")]),
        ("not graded, because it could not be read: ask for the file again, or write the points "
         "into the file",
         [one.student for one in every if one.outcome == "ungradable" and not one.known]),
        ("graded, but not in the template, and so not in the file", absent),
        (f"without {to.capitalize()}'s number, and not in the file", nameless),
    ):  # fmt: skip
        if students:
            out.print(f"  {why} ({len(students)}): {escape(listed(students, 30))}", soft_wrap=True)
    _waiting(out, [one.student for one in standings if one.unread], left_out=finished)


def _check_template(to: str, template: Path | None, column: str) -> None:
    """Nothing that is asked for is passed over."""
    if template and to not in ("moodle", "canvas"):
        raise DesignedError(
            "--template is a file of Moodle's or Canvas's: add --to moodle or --to canvas."
        )
    if column and not template and to != "canvas":
        raise DesignedError(
            "--column names a column of --template FILE, or with --to canvas that of a new file. "
            f"The columns of --to {to} have their own names: leave it out."
        )


def _check_maximum(out_of: float | None) -> None:
    if out_of is not None and not out_of > 0:  # NaN is not, either
        raise DesignedError(
            f"--out-of {out_of:g}: grades can't be scaled to that. Name what the best grade gives, "
            "for example --out-of 100."
        )


def _named(
    lab: str,
    to: str,
    template: Path | None = None,
    column: str = "",
    out_of: float | None = None,
    *,
    finished: bool = False,
) -> str:
    """What a file is called: whatever else it is, it takes no other one's place."""
    parts = [
        template.stem if template else "",
        column,
        f"out-of-{out_of:g}" if out_of is not None else "",
        "finished" if finished else "",
    ]
    words = (re.sub(r"[^\w.-]+", "_", part).strip("_")[:60] for part in parts)
    return "-".join([lab, to, *filter(None, words)])


def _not_from(to: str, lab: str, homes: Sequence[str]) -> str:
    """Why no page has a name that an LMS knows, and what to run."""
    asked, others = to.capitalize(), [one for one in homes if one != "plain"]
    if not others:
        return (
            f"no page has a name that {asked} knows: {lab} was not collected from an LMS. Run "
            f"`autograde return {lab}`: its zip has a folder for each student. Or collect "
            f"{asked}'s archive first, `autograde collect {lab} ARCHIVE`, which keeps the names."
        )
    first = others[0]
    return (
        f"no page has a name that {asked} knows: {lab} was collected from {first.capitalize()}. "
        f"Run `autograde return {lab} --to {first}`."
    )


def _waiting(out: Any, students: list[str], *, left_out: bool) -> None:
    if students:
        told = "left out" if left_out else "their grades are not final"
        out.print(
            f"Not yet read by a person, {told} ({len(students)}): {escape(listed(students, 30))}",
            soft_wrap=True,
        )


def _outcomes(work: Path, lab: str) -> Mapping[str, Any]:
    """What became of each at the last grading."""
    from autograde.results import results_of

    path = results_of(work, lab)
    try:
        found = stored_json.load(path)["students"]
        return {one["student"]: one["outcome"] for one in found}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, KeyError):
        raise DesignedError(f"{path} is damaged. Run `autograde grade {lab}` again.") from None
