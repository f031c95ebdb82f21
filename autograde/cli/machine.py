"""The command that looks at this machine: doctor."""

from __future__ import annotations

import typer

from autograde.cli.common import FOUND, Json


def doctor(json_: Json = False) -> None:
    """Say what this machine has and what to do about what it lacks."""
    from autograde import doctor as examiner
    from autograde.reports.show import console, doctor_lines

    lines = examiner.examine()
    if json_:
        print(examiner.as_json(lines))
    else:
        doctor_lines(lines, console())
    if any(line.status == "fail" for line in lines):
        raise typer.Exit(FOUND)
