"""The ``autograde`` command: arguments and printing; the work is in the other folders."""

from __future__ import annotations

import errno
import os
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

AGAIN = "Then run the same command again: what is done already is kept."
ADVICE = {
    errno.ENOSPC: f"The disk is full: free some space. {AGAIN}",
    errno.EDQUOT: f"Your quota is used up: free some space. {AGAIN}",
    errno.EROFS: "This place can't be written to: name another --workdir.",
    errno.EACCES: "You may not read or write this: see who owns it, or name another --workdir.",
    errno.EPERM: "You may not change this: see who owns it, or name another --workdir.",
    errno.EEXIST: "A file is where a folder should be: move it away, or name another --workdir.",
    errno.ENOTDIR: "A file is where a folder should be: move it away, or name another --workdir.",
    errno.EISDIR: "A folder is where a file should be: move it away.",
    errno.EIO: f"The disk reports an error: see to it first. {AGAIN}",
}
"""What to do about what the machine refuses; AUTOGRADE_TRACEBACK=1 shows where it happened."""

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
        _say(str(error))
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno not in ADVICE or os.environ.get("AUTOGRADE_TRACEBACK"):
            raise
        place = f"{error.filename}: " if error.filename else ""
        _say(f"{place}{error.strerror}. {ADVICE[error.errno]}")
        sys.exit(DesignedError.exit_code)


def _say(text: str) -> None:
    lines = (printable(line) for line in text.split("\n"))
    print("autograde:", "\n".join(lines), file=sys.stderr)
