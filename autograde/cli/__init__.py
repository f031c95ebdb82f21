"""The ``autograde`` command: arguments and printing; the work is in the other folders."""

from __future__ import annotations

import errno
import io
import os
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from autograde import tree as trees
from autograde.cli import (
    authoring,
    gradescope,
    grading,
    handing,
    machine,
    marking,
    proving,
    publishing,
    reporting,
    returning,
    watching,
)
from autograde.errors import DesignedError
from autograde.handing_in.normalise.flags import printable

EPILOG = """\
Exit codes: 0 all is well; 1 something was found (a difference, a failing notebook, a missing
piece); 2 the command could not begin (wrong name, missing folder); 3 refused, because a wall
of the sandbox is missing; 130 interrupted.
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
    errno.ENOENT: f"It was moved or removed meanwhile. {AGAIN}",
    errno.ESTALE: f"The network's folder was away for a while. {AGAIN}",
    errno.EFBIG: f"It would grow larger than this machine allows a file to be. {AGAIN}",
    errno.EMFILE: f"Too many files are open: raise `ulimit -n`. {AGAIN}",
    errno.ENOMEM: f"There is no memory left: close other programs, or take --jobs 1. {AGAIN}",
    errno.ENAMETOOLONG: "The name is too long for this place: shorten it, and run this again.",
    errno.EIO: f"The disk reports an error: see to it first. {AGAIN}",
}
"""What to do about what the machine refuses; AUTOGRADE_TRACEBACK=1 shows where it happened."""

USAGE: type[Exception] = typer.BadParameter.__mro__[1]
"""Words that the command does not take; each version of typer has this class elsewhere."""

app = typer.Typer(
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def options(
    course: Annotated[
        Path | None,
        typer.Option(
            envvar=trees.ROOT_VARIABLE,
            help="The course's folder. Default: the one around, else the one installed from.",
        ),
    ] = None,
    trusted: Annotated[
        bool | None,
        typer.Option(
            "--trusted/--foreign",
            help="Whether build, verify, record and prove run a lab's code with your rights, or "
            "behind walls. Default: trusted where this command is installed from the course.",
        ),
    ] = None,  # autograde.__main__ has seen to it, before anything was imported
) -> None:
    """Build, verify, publish and grade the labs."""
    if course:
        os.environ[trees.ROOT_VARIABLE] = str(course.resolve())


app.add_typer(authoring.new, name="new")
for command in (
    authoring.build,
    authoring.verify,
    authoring.record,
    proving.prove,
    handing.collect,
    publishing.publish,
    gradescope.gradescope,
    grading.grade,
    watching.watch,
    marking.mark,
    reporting.feedback,
    returning.return_,
    returning.export,
    reporting.leaderboard,
    reporting.report,
    grading.demo,
    machine.doctor,
):
    app.command(command.__name__.rstrip("_"))(command)


def main() -> None:
    """Run the command; a designed error becomes one message and its exit code."""
    quiet()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # not every terminal has every sign
    try:
        if code := app(standalone_mode=False):  # what a command returns is None
            sys.exit(code)
    except USAGE as error:
        _misused(error)
        sys.exit(DesignedError.exit_code)
    except DesignedError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno not in ADVICE or os.environ.get("AUTOGRADE_TRACEBACK"):
            raise
        place = error.filename2 or error.filename  # a draft takes the second's place
        _say(f"{f'{place}: ' if place else ''}{error.strerror}. {ADVICE[error.errno]}")
        sys.exit(DesignedError.exit_code)


def _misused(error: Any) -> None:
    """Say in a line what was typed wrongly, and how the command is written."""
    context, message = error.ctx, str(error.format_message()).replace("Value error, ", "")
    if context is None or "NoArgs" in type(error).__name__:
        error.show()  # the list of commands
        return
    command = " ".join(["autograde", *_names(context)])
    needed = [one for one in context.command.params if one.param_type_name == "argument"]
    usage = " ".join([command, *(str(one.name).upper() for one in needed if one.required)])
    if context.parent is None:
        usage += " COMMAND"
    end = "" if message.endswith((".", "?", "!")) else "."
    _say(f"{message}{end} Write `{usage} …`; `{command} --help` shows what it takes.")


def _names(context: Any) -> list[str]:
    """``new exercise``: a command's name behind those of its groups."""
    return [*_names(context.parent), str(context.info_name)] if context.parent else []


def quiet() -> None:
    """What compiling a student's cell warns of is no matter of whoever grades it."""
    for module in ("<unknown>", "cell", r"IPython\.core\.inputtransformer2"):
        warnings.filterwarnings("ignore", module=module)


def _say(text: str) -> None:
    lines = (printable(line) for line in text.split("\n"))
    print("autograde:", "\n".join(lines), file=sys.stderr)
