"""The ``autograde`` command."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from autograde import tree as trees
from autograde.errors import DesignedError
from autograde.sandbox import Isolation

EPILOG = """\
Exit codes: 0 all is well; 1 something was found (a difference, a failing notebook, a missing
piece); 2 the command could not begin (wrong name, missing folder); 3 grading refused, because
a wall of the sandbox is missing; 130 interrupted.
"""
FOUND = 1

app = typer.Typer(
    help="Build, verify and grade the labs.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Labs = Annotated[list[str] | None, typer.Argument(help="Labs, for example lab01_activations.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
WorkDir = Annotated[
    Path, typer.Option("--workdir", help="The class's folder: submissions, grades, feedback.")
]
Isolating = Annotated[
    Isolation, typer.Option(help="full, or none: run untrusted code without walls.")
]


@app.command()
def build(
    labs: Labs = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only compare; exit 1 and name what differs.")
    ] = False,
    force: Annotated[bool, typer.Option(help="Rebuild even what is up to date.")] = False,
    language: Annotated[str, typer.Option(help="Language of the prose.")] = "en",
) -> None:
    """Make solution and student notebooks from the lab sources."""
    from autograde import build as builder
    from autograde import leaks, readme
    from autograde.show import console

    out, course = console(), trees.find()
    differing = 0
    chosen = course.chosen(labs)
    for lab in chosen:
        built = builder.expected(course, lab, language)
        found = builder.differences(course, built)
        differing += bool(found)
        if check:
            _say_differences(out, lab, found)
        elif found or force:
            with out.status(f"{lab}: running the solution notebook"):
                builder.write(course, built, builder.execute(lab, built.solution))
            out.print(f"{lab}: built")
        else:
            out.print(f"{lab}: up to date")
    page = course.root / "README.md"
    if (text := readme.updated(page.read_text(), course)) != page.read_text():
        differing += 1
        if check:
            out.print("[red]README.md[/]: its table of labs is out of date; run `autograde build`")
        else:
            page.write_text(text)
    leaking = leaks.find(course, chosen)
    for line in leaking:
        out.print(f"[red]leak[/] {escape(line)}", soft_wrap=True)
    if leaking or (check and differing):
        raise typer.Exit(FOUND)


@app.command()
def verify(
    labs: Labs = None,
    profile: Annotated[str, typer.Option(help="quick or full.")] = "quick",
    jobs: Annotated[int, typer.Option(help="Notebooks at a time; 1 gives honest times.")] = 1,
    json_: Json = False,
) -> None:
    """Run every solution and student notebook with papermill; a table of times."""
    from autograde import verify as verifier
    from autograde.show import console, run_table

    out, course = console(), trees.find()
    chosen = course.chosen(labs)

    def tell(run: verifier.Run) -> None:
        mark = "[red]failed[/]" if run.trouble else "ok"
        out.print(f"{run.name}: {mark}, {run.seconds:.0f} s")

    runs = verifier.verify(course, chosen, profile, jobs, None if json_ else tell)
    if json_:
        print(json.dumps([run.__dict__ for run in runs], indent=1))
    else:
        out.print(run_table(runs))
        for run in (run for run in runs if run.trouble):
            out.print(f"\n[red]{run.name}[/], {escape(run.trouble)}\n", soft_wrap=True)
            out.print(escape(run.source), style="dim")
    if any(run.trouble for run in runs):
        raise typer.Exit(FOUND)


@app.command()
def grade(
    lab: Annotated[str, typer.Argument(help="The lab, for example lab01_activations.")],
    submissions: Annotated[
        Path | None,
        typer.Option(help="STUDENT/LAB/LAB.ipynb lie here. Default: WORKDIR/submitted."),
    ] = None,
    workdir: WorkDir = Path("grading"),
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write all results to this file too.")
    ] = None,
    isolation: Isolating = "full",
    jobs: Annotated[int, typer.Option(help="Students at a time.")] = 2,
) -> None:
    """Grade a class into nbgrader's gradebook; print what needs a person."""
    from autograde import grade as grader
    from autograde.show import attention, class_table, console, exercise_table, moves

    out, course = console(), trees.find()
    course.chosen([lab])
    folder = submissions or workdir / "submitted"
    job = grader.Job(course, lab, folder, workdir.resolve(), isolation, jobs)
    result = _graded(out, job)
    if json_file:
        text = json.dumps(result.as_json(), indent=1, ensure_ascii=False)
        json_file.write_text(text + "\n")
    out.print(class_table(result, out.width))
    out.print(exercise_table(result))
    moves(result, out)
    attention(result, out)


@app.command()
def feedback(lab: str, workdir: WorkDir = Path("grading")) -> None:
    """Write a feedback page for every graded student."""
    from autograde import feedback as pages
    from autograde.show import console
    from autograde.show import pages as show_pages

    show_pages(pages.generate(lab, workdir.resolve()), console())


@app.command()
def leaderboard(
    lab: Annotated[str, typer.Argument(help="The lab, for example lab07_summary.")],
    workdir: WorkDir = Path("grading"),
    alias: Annotated[
        bool, typer.Option("--alias", help="A page without names, to be shown to the class.")
    ] = False,
    page: Annotated[
        Path | None,
        typer.Option(help="The page. Default: WORKDIR/leaderboard/LAB.html, or LAB_aliases.html."),
    ] = None,
) -> None:
    """Rank the networks that the last grading measured; print them, and write a page."""
    from autograde import build as builder
    from autograde import leaderboard as boards
    from autograde.leaderboard_page import page as drawn
    from autograde.show import absent_lines, board_table, console

    out, course = console(), trees.find()
    course.chosen([lab])
    board, names = boards.read(workdir.resolve(), lab), None
    if alias:
        aliases = boards.aliases(board.students, course.secret().encode())
        board, names = boards.aliased(board, aliases), {new: old for old, new in aliases.items()}
    place = page or workdir.resolve() / "leaderboard" / f"{lab}{'_aliases' if alias else ''}.html"
    place.parent.mkdir(parents=True, exist_ok=True)
    source = builder.parse(course, lab)
    heading = f"Lab {source.number} · {source.title}"
    place.write_text(drawn(board, heading), encoding="utf-8")
    out.print(board_table(board, names))
    absent_lines(board, out, names)
    out.print(f"The page: {escape(str(place))}", soft_wrap=True)


@app.command()
def demo(
    labs: Labs = None, workdir: WorkDir = Path("demo-class"), isolation: Isolating = "full"
) -> None:
    """Build the labs, grade the sample class, and say whether all came out as expected.

    Without names, the first two labs' classes.
    """
    from autograde import demo as demonstration
    from autograde import feedback as pages
    from autograde import grade as grader
    from autograde import show

    out, course = show.console(), trees.find()
    build(None)
    surprised = 0
    for lab in course.chosen(labs or list(demonstration.SHOWN)):
        work = workdir.resolve() / lab
        class_ = demonstration.hand_in(course, lab, work)
        job = grader.Job(course, lab, work / "submitted", work, isolation)
        result = _graded(out, job)
        out.print(show.class_table(result, out.width))
        out.print(show.exercise_table(result))
        show.attention(result, out)
        show.pages(pages.generate(lab, work), out)
        by_name = {student.student: student for student in result.students}
        for sample in class_:
            for surprise in demonstration.surprises(sample, by_name[sample.name]):
                surprised += 1
                out.print(f"[red]unexpected[/] {surprise.sample}: {surprise.text}")
        out.print(f"{lab}: {len(class_)} submissions graded in {result.seconds:.0f} s\n")
    if surprised:
        raise typer.Exit(FOUND)
    out.print("[green]Every submission came out as its file name says.[/]")


@app.command()
def doctor(json_: Json = False) -> None:
    """Say what this machine has and what to do about what it lacks."""
    from autograde import doctor as examiner
    from autograde.show import console, doctor_lines

    lines = examiner.examine()
    if json_:
        print(examiner.as_json(lines))
    else:
        doctor_lines(lines, console())
    if any(line.status == "fail" for line in lines):
        raise typer.Exit(FOUND)


def _graded(out: Any, job: Any) -> Any:
    from autograde import grade as grader
    from autograde.show import class_progress

    with class_progress(out) as progress:
        task = progress.add_task(f"grading {job.lab}", total=None)

        def tell(result: Any, done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        return grader.grade(job, tell)


def _say_differences(out: Any, lab: str, found: list[str]) -> None:
    if not found:
        out.print(f"{lab}: no difference")
        return
    out.print(f"[red]{lab}[/]: run `autograde build {lab}` and commit the result")
    for line in found:
        out.print(f"  {escape(line)}", soft_wrap=True)


def main() -> None:
    """Run the command; a designed error becomes one message and its exit code."""
    try:
        app()
    except DesignedError as error:
        print(f"autograde: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
