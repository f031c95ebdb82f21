"""The command that serves: watch."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from autograde import tree as trees
from autograde.cli.common import DAY, FOUND, Isolating, WorkDir, of_class
from autograde.errors import DesignedError


def watch(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Where work arrives: an upload folder, nbgrader's inbound/, or whatever else "
            "`autograde collect` takes."
        ),
    ],
    labs: Annotated[
        list[str] | None,
        typer.Argument(help="Labs. Default: those that the names of what arrives tell."),
    ] = None,
    workdir: WorkDir = None,
    roster: Annotated[
        Path | None, typer.Option(help="The class list, as for `autograde collect`.")
    ] = None,
    file_times: Annotated[
        bool,
        typer.Option("--file-times", help="The files' own times are those of handing in."),
    ] = False,
    interval: Annotated[
        float, typer.Option(min=0.1, max=DAY, help="Seconds between two looks.")
    ] = 10.0,
    once: Annotated[
        bool, typer.Option("--once", help="One round, then end: for cron, or a timer.")
    ] = False,
    isolation: Isolating = "full",
    jobs: Annotated[int, typer.Option(min=1, help="Students at a time.")] = 2,
) -> None:
    """Collect, grade and answer what arrives in a folder, until Ctrl-C.

    A file is taken when two looks find it the same. Who needs a person stands in
    WORKDIR/watched/LAB.txt. With --once, exit code 1: something could not be collected.
    """
    from autograde.handing_in.collecting import class_list
    from autograde.reports.show import console
    from autograde.watching.service import Service

    out, course = console(), trees.find()
    if not folder.is_dir():
        raise DesignedError(f"no folder {folder}: name the one in which work arrives.")

    def say(line: str) -> None:
        out.print(f"{datetime.now():%H:%M:%S} {escape(line)}", soft_wrap=True)
        out.file.flush()  # a log is read while it grows

    service = Service(
        course,
        folder.resolve(),
        of_class(course, workdir),
        say,
        [course.lab(lab) for lab in labs or ()],
        interval,
        isolation,
        jobs,
        class_list.read(roster, UTC) if roster else None,
        file_times,
    )
    before = signal.signal(signal.SIGTERM, _end)
    try:
        if service.run(once=once):
            raise typer.Exit(FOUND)
    except KeyboardInterrupt:
        say("ended; the next `autograde watch` goes on from here")
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(*_: Any) -> None:
    """What a service manager sends is as good as Ctrl-C."""
    raise KeyboardInterrupt
