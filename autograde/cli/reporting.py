"""Commands for what people read after a grading: feedback, leaderboard, the class's report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from autograde import tree as trees
from autograde.cli.common import WorkDir, check_place, of_class
from autograde.errors import DesignedError


def feedback(
    lab: Annotated[str, typer.Argument(help="The lab, for example lab01_activations.")],
    workdir: WorkDir = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that make pages.")] = 2,
) -> None:
    """Write a feedback page for every graded student; what has not changed is not made again."""
    from autograde.gradebook.sound import alone
    from autograde.reports import fresh, show

    course = trees.find()
    lab, work = course.lab(lab), of_class(course, workdir)
    found = fresh.pages(lab, work)
    if fresh.stale(lab, work):
        from autograde.reports import feedback as pages

        with alone(work):
            found = pages.generate(lab, work, jobs)
    show.pages(found, show.console())


def leaderboard(
    lab: Annotated[str, typer.Argument(help="The lab, for example lab07_summary.")],
    workdir: WorkDir = None,
    alias: Annotated[
        bool, typer.Option("--alias", help="A page without names, to be shown to the class.")
    ] = False,
    page: Annotated[
        Path | None,
        typer.Option(help="The page. Default: WORKDIR/leaderboard/LAB.html, or LAB_aliases.html."),
    ] = None,
) -> None:
    """Rank the networks that the last grading measured; print them, and write a page."""
    from autograde.authoring import build as builder
    from autograde.reports import leaderboard as boards
    from autograde.reports.leaderboard_page import page as drawn
    from autograde.reports.show import absent_lines, board_table, console

    out, course = console(), trees.find()
    lab = course.lab(lab)
    work = of_class(course, workdir)
    check_place("--page", page, work)
    board, names = boards.read(work, lab), None
    if alias:
        aliases = boards.aliases(board.students, course.secret().encode())
        board, names = boards.aliased(board, aliases), {new: old for old, new in aliases.items()}
    place = page or work / "leaderboard" / f"{lab}{'_aliases' if alias else ''}.html"
    place.parent.mkdir(parents=True, exist_ok=True)
    source = builder.parse(course, lab)
    heading = f"Lab {source.number} · {source.title}"
    place.write_text(drawn(board, heading), encoding="utf-8")
    out.print(board_table(board, names))
    absent_lines(board, out, names)
    out.print(f"The page: {escape(str(place))}", soft_wrap=True)


def report(
    lab: Annotated[str, typer.Argument(help="The lab, for example lab01_activations.")],
    workdir: WorkDir = None,
    earlier: Annotated[
        list[Path] | None,
        typer.Option(
            help="An earlier class's folder with STUDENT/LAB/LAB.ipynb in it, to compare code "
            "with; may be given several times."
        ),
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="The page. Default: WORKDIR/report/LAB.html.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write all of it to this file too.")
    ] = None,
) -> None:
    """What the class did: points, misconceptions, who needs attention, similar code."""
    from autograde.reports import class_report
    from autograde.reports.class_report_page import page as drawn
    from autograde.reports.class_report_table import show
    from autograde.reports.show import console

    out, course = console(), trees.find()
    lab = course.lab(lab)
    if json_file and not json_file.parent.is_dir():
        raise DesignedError(f"--json {json_file}: there is no folder {json_file.parent}. Make it.")
    work = of_class(course, workdir)
    check_place("--page", page, work)
    check_place("--json", json_file, work)
    found = class_report.read(course, work, lab, earlier or ())
    place = (page or work / "report" / f"{lab}.html").resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(drawn(found, class_report.links(work, lab, place.parent)), encoding="utf-8")
    if json_file:
        text = json.dumps(found.as_json(), indent=1, ensure_ascii=False)
        json_file.write_text(text + "\n", encoding="utf-8")
    show(found, out)
    out.print(f"The page: {escape(str(place))}", soft_wrap=True)
