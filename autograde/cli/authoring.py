"""Commands for who writes labs: new, build, verify, record."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape
from typer.core import TyperGroup

from autograde import tree as trees
from autograde.cli.common import FOUND, Json, Labs

NEXT = """\
Next:
  autograde build {lab}
      makes both notebooks, the stored checks and the README's row; commit them all
  autograde prove {lab}
      tries right, wrong and lazy answers, and small slips
  autograde demo {lab}
      grades the samples
  make lab
      shows the page
Then make it your own: {begins} docs/authoring.md says how.
"""
EXERCISE = "it begins as a weighted mean, whose text, check, answers and sample are to be replaced."
QUESTION = "it begins with a question on weighted means, which is to be replaced."

Title = Annotated[str, typer.Argument(help="The title, in quotes. Default: the name, in words.")]
Lab = Annotated[str, typer.Argument(help="The lab, for example lab01_activations.")]


class _Beginning(TyperGroup):
    """``autograde new lab20_name`` is short for ``autograde new lab lab20_name``."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        known = args[0] in self.commands or args[0].startswith("-")
        return super().resolve_command(ctx, args if known else ["lab", *args])


new = typer.Typer(
    cls=_Beginning,
    no_args_is_help=True,
    help="Begin a lab, an exercise or a question: it builds and passes at once. "
    "`autograde new lab20_name` begins a lab.",
)


@new.command("lab")
def new_lab(
    lab: Annotated[str, typer.Argument(help="The lab's name, for example lab20_name.")],
    title: Title = "",
) -> None:
    """Begin a lab with one exercise: source, checks, answers, samples, an experiment."""
    from autograde.authoring import new as beginning

    course = trees.find()
    _say_new(course, lab, beginning.write(course, lab, title))


@new.command("exercise")
def new_exercise(
    lab: Lab,
    name: Annotated[str, typer.Argument(help="The function's name, for example batch_norm.")],
    title: Title = "",
) -> None:
    """Add an exercise to a lab: its cells, a check with its contract, answers, a sample."""
    from autograde.authoring import new as beginning

    course = trees.find()
    lab = course.lab(lab)
    _say_new(course, lab, beginning.add_exercise(course, lab, name, title))


@new.command("question")
def new_question(
    lab: Lab,
    name: Annotated[str, typer.Argument(help="A short name, for example why_normalise.")],
    title: Title = "",
) -> None:
    """Add a question to a lab, whose answer a person marks."""
    from autograde.authoring import new as beginning

    course = trees.find()
    lab = course.lab(lab)
    _say_new(course, lab, beginning.add_question(course, lab, name, title), QUESTION)


def _say_new(course: trees.Tree, lab: str, paths: list[Path], begins: str = EXERCISE) -> None:
    for path in paths:
        print(path.relative_to(course.root))
    print(NEXT.format(lab=lab, begins=begins), end="")


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
    for line in builder.without_source(course):
        differing += 1
        out.print(f"[red]left over[/] {line}", soft_wrap=True)
    leaking = leaks.find(course, chosen)
    for line in leaking:
        out.print(f"[red]leak[/] {escape(line)}", soft_wrap=True)
    if leaking or (check and differing):
        raise typer.Exit(FOUND)


def verify(
    labs: Labs = None,
    profile: Annotated[str, typer.Option(help="quick or full.")] = "quick",
    jobs: Annotated[
        int, typer.Option(min=1, help="Notebooks at a time; 1 gives honest times.")
    ] = 1,
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


def record(
    labs: Labs = None,
    dry: Annotated[
        bool, typer.Option("--dry", help="Run profile quick on what is here; store nothing.")
    ] = False,
    again: Annotated[bool, typer.Option(help="Also what is recorded already.")] = False,
    json_: Json = False,
) -> None:
    """Run solutions in profile full; keep device, torch, date, seconds a cell, what was found."""
    from autograde.authoring import recording
    from autograde.reports.show import cell_table, console
    from course.device import describe

    out, course = console(), trees.find()
    chosen, profile = course.chosen(labs), "quick" if dry else "full"
    if not dry:
        recording.look_for_card()
    runs = []
    for number, lab in enumerate(chosen, start=1):
        if not dry and not again and recording.known(course, lab, profile, describe()):
            out.print(f"{lab}: recorded already", soft_wrap=True) if not json_ else None
            continue
        if not json_:
            out.print(f"{lab}: {number} of {len(chosen)}, profile {profile}, {describe()}")
        run = recording.record(course, lab, profile, progress=sys.stderr.isatty())
        runs.append(run)
        if not run.trouble and not dry:
            recording.store(course, run)  # at once: who stops now loses only the next
        if not json_:
            out.print(cell_table(run))
            _say_recording(out, run, dry=dry)
    if json_:
        print(recording.to_json(runs))
    if any(run.trouble or run.seconds > run.budget for run in runs):
        raise typer.Exit(FOUND)


def _say_recording(out: Any, run: Any, *, dry: bool) -> None:
    if run.trouble:
        out.print(f"[red]{run.lab}[/]: not recorded; {escape(run.trouble)}", soft_wrap=True)
        return
    noted = ", ".join(run.results) or "nothing"
    verb = "would be recorded" if dry else "recorded"
    out.print(f"{run.lab}: {verb}; its experiments noted: {escape(noted)}", soft_wrap=True)


def _say_differences(out: Any, lab: str, found: list[str]) -> None:
    if not found:
        out.print(f"{lab}: no difference")
        return
    out.print(f"[red]{lab}[/]: run `autograde build {lab}` and commit the result")
    for line in found:
        out.print(f"  {escape(line)}", soft_wrap=True)
