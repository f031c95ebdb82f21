"""The ``autograde`` command: arguments and printing; the work is in the other folders."""

from __future__ import annotations

import sys

import typer

from autograde.cli import authoring, grading, machine, proving, reporting
from autograde.errors import DesignedError
from autograde.handing_in.normalise.flags import printable

EPILOG = """\
Exit codes: 0 all is well; 1 something was found (a difference, a failing notebook, a missing
piece); 2 the command could not begin (wrong name, missing folder); 3 grading refused, because
a wall of the sandbox is missing; 130 interrupted.
"""

app = typer.Typer(
    help="Build, verify and grade the labs.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    authoring.new,
    authoring.build,
    authoring.verify,
    proving.prove,
    grading.grade,
    reporting.feedback,
    reporting.leaderboard,
    grading.demo,
    machine.doctor,
):
    app.command()(command)


def main() -> None:
    """Run the command; a designed error becomes one message and its exit code."""
    try:
        app()
    except DesignedError as error:
        lines = (printable(line) for line in str(error).split("\n"))
        print("autograde:", "\n".join(lines), file=sys.stderr)
        sys.exit(error.exit_code)
