"""The command that proves checks: right answers pass, wrong, mutated and lazy ones do not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated

import typer

from autograde import tree as trees
from autograde.cli.common import FOUND, Json, Labs


def prove(
    labs: Labs = None,
    exercise: Annotated[
        list[str] | None, typer.Option(help="Only this exercise; may be given several times.")
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, help="Seeds of grading that each answer meets; mutants meet 3.")
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
    from autograde.proving import cascade, proof, report, subjects
    from autograde.reports.show import console

    out, course = console(), trees.find()
    plan = proof.Plan(seeds, sample)
    proofs = []
    for lab in course.chosen(labs):
        of_lab = []
        with out.status(lab) as status:
            for subject in subjects.subjects(course, lab, exercise or ()):
                name = f"{lab}, {subject.name}"

                def tell(done: int, of: int, name: str = name) -> None:
                    if not json_:
                        status.update(f"{name}: {done} of {of}")

                of_lab.append(proof.prove(course, subject, plan, jobs, tell))
            status.update(f"{lab}: each exercise blank in turn")
            chosen = [one.subject for one in of_lab]
            lost = dict(cascade.cascade(course, lab, chosen, sample, jobs))
            usual = lost[cascade.NOTHING]
            of_lab = [
                replace(one, lost=lost.get(one.subject.name), alone=usual.get(one.subject.name, 0))
                for one in of_lab
            ]
        if of_lab and not json_:
            out.print(report.table(lab, of_lab))
            for line in (line for one in of_lab for line in report.told(one)):
                out.print(line, soft_wrap=True)
        proofs += of_lab
    if json_:
        print(json.dumps([report.as_json(one) for one in proofs], indent=1, ensure_ascii=False))
    if not all(one.holds for one in proofs):
        raise typer.Exit(FOUND)
