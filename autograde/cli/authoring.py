"""Commands for who writes labs: new, build, verify."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape

from autograde import tree as trees
from autograde.cli.common import FOUND, Json, Labs

NEXT = """\
Next:
  autograde build {lab}
      makes both notebooks, the stored checks and the README's row; commit them all
  pytest tests/labs -k {lab}
      tries the checks and the answers
  autograde demo {lab}
      grades the samples
  make lab
      shows the page
Then replace the example: see CONTRIBUTING.md, "Add an exercise".
"""


def new(
    lab: Annotated[str, typer.Argument(help="The lab's name, for example lab08_name.")],
    title: Annotated[str, typer.Argument(help="Its title, in quotes.")],
) -> None:
    """Begin a lab: small files that build and pass at once, to be replaced one by one."""
    from autograde.authoring import new as beginning

    course = trees.find()
    for path in beginning.write(course, lab, title):
        print(path.relative_to(course.root))
    print(NEXT.format(lab=lab), end="")


def build(
    labs: Labs = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only compare; exit 1 and name what differs.")
    ] = False,
    force: Annotated[bool, typer.Option(help="Rebuild even what is up to date.")] = False,
    language: Annotated[str, typer.Option(help="Language of the prose.")] = "en",
) -> None:
    """Make solution and student notebooks from the lab sources."""
    from autograde.authoring import build as builder
    from autograde.authoring import compile as compiler
    from autograde.authoring import kept, leaks, readme
    from autograde.authoring import verify as verifier
    from autograde.reports.show import console

    out, course = console(), trees.find()
    differing = 0
    chosen = course.chosen(labs)
    for lab in chosen:
        built = builder.expected(course, lab, language)
        stored = compiler.drift(course, lab) if check else compiler.build(course, lab)
        found = [*stored, *builder.differences(course, built), *builder.old_panels(course, lab)]
        differing += bool(found)
        if check:
            _say_differences(out, lab, found)
        elif found or force:
            typed = kept.typed(course, built)
            builder.write_cells(course, built)
            with out.status(f"{lab}: running the solution notebook"):
                executed = builder.execute(lab, built.solution)
            if trouble := verifier.complaint(executed, full=True)[0]:
                raise builder.BuildError(f"{lab}: the solution notebook is not right: {trouble}")
            if typed:
                out.print(
                    f"[yellow]kept[/] {escape(kept.keep(course, lab, typed))}", soft_wrap=True
                )
            builder.write(course, built, executed)
            out.print(f"{lab}: built")
        else:
            out.print(f"{lab}: up to date")
    page = course.root / "README.md"
    if (text := readme.updated(page.read_text("utf-8"), course)) != page.read_text("utf-8"):
        differing += 1
        if check:
            out.print("[red]README.md[/]: its table of labs is out of date; run `autograde build`")
        else:
            page.write_text(text, "utf-8")
    leaking = leaks.find(course, chosen)
    for line in leaking:
        out.print(f"[red]leak[/] {escape(line)}", soft_wrap=True)
    if leaking or (check and differing):
        raise typer.Exit(FOUND)


def verify(
    labs: Labs = None,
    profile: Annotated[str, typer.Option(help="quick or full.")] = "quick",
    jobs: Annotated[int, typer.Option(help="Notebooks at a time; 1 gives honest times.")] = 1,
    only: Annotated[
        Literal["solution", "student", "samples"] | None,
        typer.Option(help="solution or student, both without it; or the samples that are right."),
    ] = None,
    sample: Annotated[
        float, typer.Option(min=0, max=1, help="Share of each lab's samples, one at least.")
    ] = 1.0,
    json_: Json = False,
) -> None:
    """Run every solution and student notebook with papermill; a table of times."""
    from autograde.authoring import verify as verifier
    from autograde.reports.show import console, run_table

    out, course = console(), trees.find()
    chosen = course.chosen(labs)

    def tell(run: verifier.Run) -> None:
        mark = "[red]failed[/]" if run.trouble else "ok"
        out.print(f"{run.name}: {mark}, {run.seconds:.0f} s")

    runs = verifier.verify(course, chosen, profile, jobs, None if json_ else tell, only, sample)
    if json_:
        print(json.dumps([run.__dict__ for run in runs], indent=1))
    else:
        out.print(run_table(runs))
        for run in (run for run in runs if run.trouble):
            out.print(f"\n[red]{run.name}[/], {escape(run.trouble)}\n", soft_wrap=True)
            out.print(escape(run.source), style="dim")
    if any(run.trouble for run in runs):
        raise typer.Exit(FOUND)


def _say_differences(out: Any, lab: str, found: list[str]) -> None:
    if not found:
        out.print(f"{lab}: no difference")
        return
    out.print(f"[red]{lab}[/]: run `autograde build {lab}` and commit the result")
    for line in found:
        out.print(f"  {escape(line)}", soft_wrap=True)
