"""Commands for what people read after a grading: feedback, leaderboard."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from autograde import tree as trees
from autograde.cli.common import WorkDir, of_class


def feedback(lab: str, workdir: WorkDir = None) -> None:
    """Write a feedback page for every graded student; what has not changed is not made again."""
    from autograde.gradebook.sound import alone
    from autograde.reports import fresh, show

    work = of_class(trees.find(), workdir)
    found = fresh.pages(lab, work)
    if fresh.stale(lab, work):
        from autograde.reports import feedback as pages

        with alone(work):
            found = pages.generate(lab, work)
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
    course.chosen([lab])
    work = of_class(course, workdir)
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
