"""The command that takes in what an LMS hands out: collect."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from typing import Annotated, Literal

import typer

from autograde import tree as trees
from autograde.cli.common import FOUND, WorkDir, check_place, of_class
from autograde.errors import DesignedError

Format = Literal["auto", "moodle", "canvas", "exchange", "classroom", "folder"]


def collect(
    lab: Annotated[str, typer.Argument(help="The lab, for example lab01_activations.")],
    sources: Annotated[
        list[Path],
        typer.Argument(
            help="Archives and folders: what Moodle, Canvas, Google Drive or GitHub Classroom "
            "give, nbgrader's inbound/, or STUDENT/LAB/."
        ),
    ],
    roster: Annotated[
        Path | None,
        typer.Option(
            help="The class list, CSV: id, name, mail, section, extension, github, submitted; "
            "Moodle's grading worksheet and Canvas's gradebook export will do."
        ),
    ] = None,
    workdir: WorkDir = None,
    into: Annotated[
        Path | None, typer.Option(help="Where to put them. Default: WORKDIR/submitted.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How the archive is laid out.")] = "auto",
    as_: Annotated[
        list[str] | None,
        typer.Option("--as", help="'FILE OR FOLDER=student_id': whose it is. Repeat it."),
    ] = None,
    deadline: Annotated[str, typer.Option(help="For example 2026-10-01T23:59+02:00.")] = "",
    timezone: Annotated[
        str, typer.Option(help="Of times that name none, for example Europe/Berlin.")
    ] = "",
    late_penalty: Annotated[
        str,
        typer.Option(help="10%/day; 2 points/day; 10%/day, at most 50%; none."),
    ] = "",
    file_times: Annotated[
        bool,
        typer.Option("--file-times", help="The files' own times are those of handing in."),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace also what was changed by hand in submitted/.")
    ] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write what was collected to this file too.")
    ] = None,
) -> None:
    """Put what was handed in where it is graded: submitted/STUDENT/LAB/.

    The last one counts, earlier ones are kept in collected/, and what is nobody's in unmatched/.
    Exit code 1: something needs a person; the rest is collected.
    """
    from autograde.gradebook.sound import alone
    from autograde.handing_in.collecting import class_list, lateness, matching, record
    from autograde.handing_in.collecting.collecting import Order
    from autograde.handing_in.collecting.collecting import collect as collected
    from autograde.reports.collected import tell
    from autograde.reports.show import console

    course = trees.find()
    lab = course.lab(lab)
    work = of_class(course, workdir)
    if json_file and not json_file.parent.is_dir():
        raise DesignedError(f"--json {json_file}: there is no folder {json_file.parent}. Make it.")
    check_place("--json", json_file, work)
    said = lateness.zone_text(timezone, deadline)
    zone = lateness.kept_zone(said or record.read(work, lab).zone)
    lateness.rule(late_penalty)
    order = Order(
        lab,
        sources,
        work,
        (into or work / "submitted").resolve(),
        class_list.read(roster, zone or UTC) if roster else None,
        matching.said(as_ or ()),
        None if form == "auto" else form,
        lateness.due(deadline, zone),
        late_penalty,
        file_times,
        force,
        course.lab_names(),
        zone=said,
    )
    with alone(order.work):
        found = collected(order)
        if (order.work / "gradebook.db").is_file():
            from autograde.gradebook.deadlines import apply

            apply(order.work, lab)
    if json_file:
        text = json.dumps(found.as_json(), indent=1, ensure_ascii=False)
        json_file.write_text(text + "\n", encoding="utf-8")
    tell(found, console())
    if found.needs_a_person:
        raise typer.Exit(FOUND)
