"""What ``autograde grade --plain`` grades: an assignment of any nbgrader course."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from autograde.cli.common import of_class
from autograde.tree import Tree


def plain_job(folder: Path, assignment: str, submissions: Path | None, workdir: Path | None) -> Any:
    """Its :class:`~autograde.plain.job.PlainJob`; without a name, of the folder's only assignment.

    Raises:
        DesignedError: the folder is no course folder, or it is not clear which is meant.
    """
    from autograde.plain.job import PlainJob, chosen, place, settings

    folder = folder.resolve()
    work, config = of_class(Tree(folder), workdir or folder), settings(folder)
    name = chosen(folder, config, assignment)
    handed_in = submissions or place(folder, config, "submitted")
    return PlainJob(folder, name, handed_in.resolve(), work, config=config)
