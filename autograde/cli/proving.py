"""The command that proves checks: right answers pass, wrong, mutated and lazy ones do not."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from autograde import tree as trees
from autograde.cli.common import FOUND, Json, Labs


def prove(
    labs: Labs = None,
    exercise: Annotated[
        list[str] | None,
        typer.Option(help="Only this one, and no blanks; may be given several times."),
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, help="Seeds of grading that right answers meet; others meet 2.")
    ] = 5,
    sample: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the mutants, always the same ones.")
    ] = 1.0,
    jobs: Annotated[int, typer.Option(min=1, help="Processes at a time.")] = 2,
    json_: Json = False,
) -> None:
    """Prove the checks: right answers get all points; wrong, mutated and lazy ones do not.

    What is known from earlier runs, under build/prove, is not tried again.
    """
    from autograde.proving import proof, report, whole
    from autograde.reports.show import console

    out, course = console(), trees.find()
    plan, proofs = proof.Plan(seeds, sample), []
    for lab, several in whole.chosen(course, course.chosen(labs), exercise or ()).items():
        with out.status(lab) as status:
            found = whole.prove_lab(course, several, plan, jobs, status.update)
            if not exercise:
                status.update(f"{lab}: each exercise blank in turn")
                found = whole.with_blanks(course, found, sample, jobs)
        proofs += found
        if not json_:
            out.print(report.table(lab, found))
            for line in (line for one in found for line in report.told(one)):
                out.print(line, soft_wrap=True)
    if json_:
        print(json.dumps([report.as_json(one) for one in proofs], indent=1, ensure_ascii=False))
    if not all(one.holds for one in proofs):
        raise typer.Exit(FOUND)
