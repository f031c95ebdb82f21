"""Commands that grade: a class, or the sample class."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from autograde import tree as trees
from autograde.cli.authoring import build
from autograde.cli.common import FOUND, Isolating, Labs, WorkDir, of_class
from autograde.errors import DesignedError


def grade(
    lab: Annotated[str, typer.Argument(help="The lab, for example lab01_activations.")],
    submissions: Annotated[
        Path | None,
        typer.Option(
            help="The folder in which STUDENT/LAB/LAB.ipynb lie. Default: submitted/ in the "
            "class's folder, so grading/submitted/."
        ),
    ] = None,
    workdir: WorkDir = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write all results to this file too.")
    ] = None,
    isolation: Isolating = "full",
    jobs: Annotated[int, typer.Option(help="Students at a time.")] = 2,
    force: Annotated[
        bool, typer.Option("--force", help="Grade everybody anew, whatever is graded already.")
    ] = False,
) -> None:
    """Grade a class into nbgrader's gradebook; print what needs a person.

    What is graded and has not changed is not graded again.
    """
    from autograde.marking.job import Job
    from autograde.reports.show import attention, class_table, console, exercise_table, moves

    out, course = console(), trees.find()
    lab = course.lab(lab)
    if json_file and not json_file.parent.is_dir():
        raise DesignedError(f"--json {json_file}: there is no folder {json_file.parent}. Make it.")
    if json_file and json_file.is_dir():
        raise DesignedError(f"--json {json_file} is a folder: name a file in it.")
    work = of_class(course, workdir)
    job = Job(course, lab, submissions or work / "submitted", work, isolation, jobs, force)
    result = _graded(out, job)
    if json_file:
        json_file.write_text(job.results.read_text("utf-8"), encoding="utf-8")
    out.print(class_table(result, out.width))
    out.print(exercise_table(result))
    moves(result, out)
    attention(result, out)


def demo(labs: Labs = None, workdir: WorkDir = None, isolation: Isolating = "full") -> None:
    """Build the labs, grade the sample class, and say whether all came out as expected.

    Without names, the first two labs' classes.
    """
    from autograde.marking import classrun
    from autograde.marking import demo as demonstration
    from autograde.reports import feedback as pages
    from autograde.reports import show

    out, course = show.console(), trees.find()
    chosen = course.chosen(labs or list(demonstration.SHOWN))
    for lab in chosen:
        demonstration.class_of(course, lab)  # or it says what is missing, before any work
    build(chosen)
    surprised = 0
    for lab in chosen:
        work = (workdir or Path("demo-class")).resolve() / lab
        class_ = demonstration.hand_in(course, lab, work)
        job = classrun.Job(course, lab, work / "submitted", work, isolation)
        result = _graded(out, job)
        out.print(show.class_table(result, out.width))
        out.print(show.exercise_table(result))
        show.attention(result, out)
        show.pages(pages.generate(lab, work), out)
        by_name = {student.student: student for student in result.students}
        for sample in class_:
            for surprise in demonstration.surprises(sample, by_name[sample.name]):
                surprised += 1
                out.print(f"[red]unexpected[/] {surprise.sample}: {escape(surprise.text)}")
        out.print(f"{lab}: {len(class_)} submissions graded in {result.seconds:.0f} s\n")
    if surprised:
        raise typer.Exit(FOUND)
    out.print("[green]Every submission came out as its file name says.[/]")


def _graded(out: Any, job: Any) -> Any:
    from autograde.gradebook.sound import alone
    from autograde.marking import seal
    from autograde.reports.show import class_progress

    with alone(job.work), class_progress(out) as progress:
        if not job.force and (known := seal.held(job)):
            return known
        from autograde.marking import classrun

        task = progress.add_task(f"grading {job.lab}", total=None)

        def tell(result: Any, done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        return classrun.grade(job, tell)
