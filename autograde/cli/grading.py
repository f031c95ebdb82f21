"""Commands that grade: a class, or the sample class."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from autograde import tree as trees
from autograde.cli.authoring import build
from autograde.cli.common import DAY, FOUND, Isolating, Labs, WorkDir, check_place, of_class
from autograde.cli.plain import plain_job
from autograde.errors import DesignedError
from autograde.wording import counted


def grade(
    lab: Annotated[
        str,
        typer.Argument(
            show_default=False,
            help="The lab, for example lab01_activations; with --plain an assignment, which need "
            "not be named where there is one.",
        ),
    ] = "",
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
    jobs: Annotated[int, typer.Option(min=1, help="Students at a time.")] = 2,
    force: Annotated[
        bool, typer.Option("--force", help="Grade everybody anew, whatever is graded already.")
    ] = False,
    plain: Annotated[
        Path | None,
        typer.Option(
            help="Grade an assignment that is not the course's: nbgrader's course folder, with "
            "source/ or release/, and submitted/ in it. Its tests are in its cells."
        ),
    ] = None,
    preload: Annotated[
        str,
        typer.Option(
            help="With --plain: modules to import once for the class, such as numpy,pandas."
        ),
    ] = "",
    timeout: Annotated[
        float | None,
        typer.Option(min=0.1, max=DAY, help="With --plain: seconds for a cell. Default: 30."),
    ] = None,
    scheduler: Annotated[
        str,
        typer.Option(
            help="Grade on a cluster: the address of a Dask scheduler, such as tls://host:8786. "
            "A number begins as many workers on this machine, local as many as --jobs."
        ),
    ] = "",
    tls_ca: Annotated[
        Path | None, typer.Option(help="With --scheduler: who signed all certificates.")
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(help="With --scheduler: this machine's certificate.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(help="With --scheduler: this machine's key.")
    ] = None,
) -> None:
    """Grade a class into nbgrader's gradebook; print what needs a person.

    What is graded and has not changed is not graded again.
    """
    from autograde.reports.show import console

    out = console()
    _check_json(json_file)
    cluster = _scheduler(scheduler, tls_ca, tls_cert, tls_key)
    if plain:
        if cluster:
            raise DesignedError("--scheduler grades the course's labs; leave it out with --plain.")
        modules = tuple(filter(None, map(str.strip, preload.split(","))))
        job: Any = plain_job(plain, lab, submissions, workdir)
        job = replace(job, preload=modules, timeout=timeout or job.timeout)
    else:
        if preload or timeout:
            raise DesignedError("--preload and --timeout go with --plain FOLDER.")
        job = replace(_lab_job(lab, submissions, workdir), scheduler=cluster)
    job = replace(job, isolation=isolation, jobs=jobs, force=force)
    check_place("--json", json_file, job.work)
    try:
        result = _graded(out, job)
    except KeyboardInterrupt:
        out.print("Stopped. Who is graded stays so: the same command goes on with the others.")
        raise
    _tell(out, job, result, "nbgrader formgrader" if plain else "autograde mark {}")
    if json_file:
        json_file.write_text(job.results.read_text("utf-8"), encoding="utf-8")


def _check_json(json_file: Path | None) -> None:
    if json_file and not json_file.parent.is_dir():
        raise DesignedError(f"--json {json_file}: there is no folder {json_file.parent}. Make it.")
    if json_file and json_file.is_dir():
        raise DesignedError(f"--json {json_file} is a folder: name a file in it.")


def _scheduler(address: str, ca: Path | None, cert: Path | None, key: Path | None) -> Any:
    from autograde.marking.schedulers.address import Scheduler

    if address:
        return Scheduler(address, ca, cert, key)
    if ca or cert or key:
        raise DesignedError("--tls-ca, --tls-cert and --tls-key go with --scheduler ADDRESS.")
    return None


def _lab_job(lab: str, submissions: Path | None, workdir: Path | None) -> Any:
    from autograde.marking.job import Job

    if not lab:
        raise DesignedError(
            "Missing argument 'lab'. Write `autograde grade LAB …`; `autograde grade --help` shows "
            "what it takes."
        )
    course = trees.find()
    lab, work = course.lab(lab), of_class(course, workdir)
    return Job(course, lab, submissions or work / "submitted", work)


def _tell(out: Any, job: Any, result: Any, marking: str) -> None:
    from autograde.gradebook.stored import stored
    from autograde.reports.show import attention, class_table, exercise_table, moves

    out.print(class_table(result, out.width))
    out.print(exercise_table(result))
    moves(result, out)
    attention(result, out, marking, stored(job.gradebook, job.lab).students)


def demo(labs: Labs = None, workdir: WorkDir = None, isolation: Isolating = "full") -> None:
    """Build the labs, grade the sample class, and say whether all came out as expected.

    Without names, the first two labs' classes.
    """
    from autograde.gradebook.stored import stored
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
        show.attention(result, out, known=stored(job.gradebook, lab).students)
        show.pages(pages.generate(lab, work), out)
        by_name = {student.student: student for student in result.students}
        for sample in class_:
            for surprise in demonstration.surprises(sample, by_name[sample.name]):
                surprised += 1
                out.print(f"[red]unexpected[/] {surprise.sample}: {escape(surprise.text)}")
        out.print(f"{lab}: {counted(len(class_), 'submission')} graded in {result.seconds:.0f} s\n")
    if surprised:
        raise typer.Exit(FOUND)
    out.print("[green]Every submission came out as its file name says.[/]")


def _graded(out: Any, job: Any) -> Any:
    from autograde.gradebook.sound import alone
    from autograde.reports.show import class_progress

    with alone(job.work), class_progress(out) as progress:
        if known := _held(job):
            return known
        task = progress.add_task(f"grading {job.lab}", total=None)

        def tell(result: Any, done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        if hasattr(job, "folder"):
            from autograde.plain import classrun as plainly

            return plainly.grade(job, tell)
        from autograde.marking import early

        with early.begun(job) as warm:
            from autograde.marking import classrun

            return classrun.grade(job, tell, warm)


def _held(job: Any) -> Any:
    """What a lab's last grading found, where it still holds."""
    from autograde.marking import seal

    return None if job.force or hasattr(job, "folder") else seal.held(job)
