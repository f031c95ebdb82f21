"""The command that packs a lab for Gradescope: gradescope."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from autograde import tree as trees
from autograde.errors import DesignedError


def gradescope(
    lab: Annotated[str, typer.Argument(help="The lab, for example lab01_activations.")],
    zip_file: Annotated[
        Path | None,
        typer.Option("--zip", help="Where to write it. Default: gradescope-LAB.zip, here."),
    ] = None,
) -> None:
    """Pack a lab as an autograder for Gradescope: the same checks, the same points.

    The zip holds answers and hidden checks.
    """
    from autograde.gradescope.package import package
    from autograde.reports.show import console
    from course.progress import facts

    out, course = console(), trees.find()
    lab = course.lab(lab)
    target = zip_file or Path(f"gradescope-{lab}.zip")
    if not target.parent.is_dir() or target.is_dir():
        raise DesignedError(f"--zip {target}: name a file in a folder that is there.")
    with out.status("checking that the lab is built, and packing"):
        data = package(course, lab)
    target.write_bytes(data)
    exercises = facts(lab).exercises
    points = sum(one.points for one in exercises if not one.written)
    out.print(f"{escape(str(target))}, {len(data) / 1e6:.1f} MB", soft_wrap=True)
    out.print("It holds answers and hidden checks: give it to Gradescope, to nobody else.")
    out.print(f"In Gradescope: a Programming Assignment with {points:g} autograder points.")
    for one in exercises:
        if one.written:
            told = f"  a manually graded question: {one.label}, {one.points:g} points"
            out.print(escape(told), soft_wrap=True)
