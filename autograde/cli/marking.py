"""The command for marking by hand."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from autograde import tree as trees
from autograde.cli.common import WorkDir, of_class
from autograde.errors import DesignedError
from autograde.wording import counted

OPENS = "Your browser opens it. Leave this window open; Ctrl+C here ends marking."
NO_BROWSER = "No browser is found here: open this address in one. Ctrl+C here ends marking."


def mark(
    lab: Annotated[str, typer.Argument(help="The lab, for example lab01_activations.")],
    workdir: WorkDir = None,
    ip: Annotated[
        str, typer.Option(help="Where to listen; 0.0.0.0 in a container whose port is published.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65_535, help="Default: the first that is free, from 8890."),
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open a browser, where there is one.")] = True,
) -> None:
    """Mark by hand in nbgrader's formgrader, the model answers beside the students'.

    What you give and write goes into nbgrader's gradebook at once. Nothing of a student's runs.
    """
    from autograde.formgrader import page, server
    from autograde.gradebook.deadlines import apply
    from autograde.gradebook.sound import alone
    from autograde.reports.show import console
    from course.welcome.server import has_browser

    out, course = console(), trees.find()
    lab = course.lab(lab)
    work = of_class(course, workdir)
    standings = []
    if (work / "gradebook.db").is_file() and any(
        (work / "autograded").glob(f"*/{lab}/{lab}.ipynb")
    ):
        with alone(work):
            standings = apply(work, lab)
    if not standings:
        raise DesignedError(
            f"nothing to mark: no graded notebooks of {lab} are in {work}. Run `autograde grade "
            f"{lab} --workdir {work}` first."
        )
    page.models(course, lab)  # or it says what is wrong with the lab's source
    opens = browser and has_browser(os.environ)
    app = server(course, work, lab, ip=ip, port=port, browser=opens)
    waiting = sum(one.unread for one in standings)
    answers = "answer waits" if waiting == 1 else "answers wait"
    out.print(f"{lab}: {counted(len(standings), 'student')}, {waiting} {answers} to be read.")
    out.print(OPENS if opens else NO_BROWSER)
    out.print(f"  {app.connection_url}?token={app.identity_provider.token}", soft_wrap=True)
    app.start()
    out.print(f"Marking has ended. `autograde feedback {lab}` writes the pages.")
