"""How results look in a terminal: tables and lists, nothing else."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from autograde.handing_in.normalise.flags import printable, shown
from autograde.reports.leaderboard import Board
from autograde.reports.leaderboard_page import percent, size, spread
from autograde.results import ClassResult, Item, StudentResult, summary
from autograde.wording import counted

if TYPE_CHECKING:
    from autograde.authoring.recording import Recording
    from autograde.authoring.verify import Run
    from autograde.doctor import Line
    from autograde.gradebook.stored import Stored

PLAIN_WIDTH = 160  # where no terminal tells its width: logs, CI
MARKS = {"passed": "green", "failed": "red", "skipped": "dim", "grader_error": "yellow"}
SLOW = 0.5  # seconds from which a cell has a row of its own
SIGNS = {"ok": "[green]✓[/]", "warn": "[yellow]![/]", "fail": "[red]✗[/]"}


class Careful(Console):
    """A console that shows control characters of a text instead of obeying them; all printing
    goes through one, from :func:`console`. Markup is for our own words: others are escaped.
    """

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        """Its segments; those that move the cursor are rich's own."""
        for one in super().render(renderable, options):
            lines = one.text.split("\n")
            careful = "\n".join(printable(line) for line in lines)
            yield one if one.control else Segment(careful, one.style)


def console() -> Console:
    """A console on stdout that does not squeeze tables into 80 columns when piped."""
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    return Careful(width=width, highlight=False, emoji=False)


class StudentsPerMinute(ProgressColumn):
    """The speed so far."""

    def render(self, task: Task) -> Text:
        """Students per minute, or nothing before the first."""
        if not task.speed:
            return Text("")
        return Text(f"{task.speed * 60:.0f} students/min", style="dim")


def class_progress(out: Console) -> Progress:
    """A progress bar that tells students per minute and the remaining time."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        StudentsPerMinute(),
        TimeRemainingColumn(),
        console=out,
        transient=True,
    )


def class_table(result: ClassResult, width: int) -> Table:
    """A row a student: points by exercise, the sum, the outcome.

    Where ``width`` has no room for numbers, a sign stands for them: ✓ full, ◐ part, · none.
    What is not known yet is ``?``, and of what was not handed in there is nothing to know.
    """
    names = list(summary(result.students))
    longest = max((len(shown(s.student)) for s in result.students), default=0)
    roomy = width >= longest + 5 * len(names) + 32
    table = Table(
        title=f"{result.lab}: points by exercise",
        title_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
    )
    table.add_column("student", no_wrap=True)
    for number, _ in enumerate(names, start=1):
        table.add_column(str(number), justify="right", no_wrap=True)
    table.add_column("sum", justify="right", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    for student in result.students:
        cells, total = _row(student, roomy)
        table.add_row(escape(shown(student.student)), *cells, total, _outcome(student))
    return table


def exercise_table(result: ClassResult) -> Table:
    """A row an exercise: how many have it, and the mean, of notebooks that were graded."""
    title = "By exercise (of notebooks that were graded)"
    table = Table(title=title, title_justify="left", box=None)
    for name in ("", "exercise", "points", "mean"):
        table.add_column(name, justify="left" if name == "exercise" else "right")
    for status in ("passed", "failed", "skipped", "manual", "grader_error"):
        table.add_column(status.replace("_", " "), justify="right")
    for number, (name, row) in enumerate(summary(result.students).items(), start=1):
        counts = (row.get(s, 0) for s in ("passed", "failed", "skipped", "manual", "grader_error"))
        written = "" if row.get("manual") else f"{row['mean']:g}"
        table.add_row(
            str(number), name, f"{row['maximum']:g}", written, *(str(n or "") for n in counts)
        )
    return table


def attention(
    result: ClassResult,
    out: Console,
    marking: str = "autograde mark {}",
    known: Mapping[str, Stored] | None = None,
) -> None:
    """Who needs a person, and why. Answers that wait are counted, not listed."""
    out.print("[bold]Needs a person[/]")
    for line in [*needing(result, marking, known)] or ["nobody"]:
        out.print(f"  {escape(line)}", soft_wrap=True)


def needing(
    result: ClassResult,
    marking: str = "autograde mark {}",
    known: Mapping[str, Stored] | None = None,
) -> Iterator[str]:
    """The same, a line each.

    Args:
        result: of the class.
        marking: the command with which a person marks the lab.
        known: what the gradebook has of each student; what is marked there waits no more.
    """
    yield from _waiting(result, marking.format(result.lab), known or {})
    absent = [shown(s.student) for s in result.students if s.outcome == "not handed in"]
    if absent:
        yield f"handed nothing in ({len(absent)}): {', '.join(absent)}"
    for flag in result.flags:
        yield flag.message
    for student in result.students:
        who = shown(student.student)
        for flag in student.attention:
            where = f" ({flag.cell})" if flag.cell else ""
            yield f"{who}{where}: {flag.message}"
        for item in student.items:
            if item.status == "grader_error":
                yield f"{who}: the check {item.grade_id} itself failed"


def _waiting(result: ClassResult, command: str, known: Mapping[str, Stored]) -> Iterator[str]:
    """How many answers nobody has read, and how many have changed since somebody did."""
    unread = again = 0
    for student in result.students:
        written = {item.grade_id for item in student.items if item.status == "manual"}
        one = known.get(student.student)
        stale = set(one.again) if one else set()
        unread += len((written & one.waiting if one else written) - stale)
        again += len(stale)
    if unread:
        answers = "answer waits" if unread == 1 else "answers wait"
        yield f"{unread} written {answers} to be read: `{command}` shows them"
    if again:
        it, waits = ("it", "waits") if again == 1 else ("them", "wait")
        yield (
            f"{counted(again, 'answer')} changed since a person marked {it}, and {waits} to be "
            f"read again: `{command}` shows {it}"
        )


def board_table(board: Board, names: Mapping[str, str] | None = None) -> Table:
    """A leaderboard; ``names`` gives the student to each alias."""
    table = Table(title=f"{board.lab}: leaderboard", title_justify="left", box=None)
    table.add_column("rank", justify="right")
    table.add_column("alias" if names else "student")
    if names:
        table.add_column("student")
    for name in ("accuracy", "95 % interval", "parameters", "points"):
        table.add_column(name, justify="right", no_wrap=True)
    for entry in board.entries:
        who = [entry.label, shown(names[entry.student])] if names else [entry.label]
        table.add_row(
            str(entry.rank),
            *map(escape, who),
            percent(entry.accuracy),
            spread(entry.interval),
            size(entry.parameters),
            f"{entry.points:g}/{entry.maximum:g}",
        )
    return table


def absent_lines(board: Board, out: Console, names: Mapping[str, str] | None = None) -> None:
    """Who has no measured network, and why."""
    if board.absent:
        out.print("[bold]Without a measured network[/]")
    for one in board.absent:
        who = f"{one.label} ({shown(names[one.student])})" if names else one.label
        out.print(f"  {escape(who)}: {escape(one.why)}", soft_wrap=True)


def moves(result: ClassResult, out: Console) -> None:
    """Scores that changed since the last grading."""
    if result.moves:
        out.print("[bold]Scores that moved[/]")
    for move in result.moves:
        before = "?" if move.before is None else f"{move.before:g}"
        after = "?" if move.after is None else f"{move.after:g}"
        why = f" ({move.why})" if move.why else ""
        out.print(f"  {escape(shown(move.student))}, {move.grade_id}: {before} → {after}{why}")


def run_table(runs: Iterable[Run]) -> Table:
    """Times of verified notebooks."""
    table = Table(box=None)
    table.add_column("notebook")
    table.add_column("seconds", justify="right")
    table.add_column("")
    for run in runs:
        table.add_row(
            run.name, f"{run.seconds:.1f}", "[red]failed[/]" if run.trouble else "[green]ok[/]"
        )
    return table


def doctor_lines(lines: Sequence[Line], out: Console) -> None:
    """Each line with what to do about it."""
    for line in lines:
        out.print(f"{SIGNS[line.status]} {line.name:12} {escape(line.found)}", soft_wrap=True)
        if line.todo:
            out.print(f"  {'':12} [bold]→[/] {escape(line.todo)}", soft_wrap=True)


def pages(found: Sequence[Path], out: Console) -> None:
    """Where the feedback pages are."""
    if found:
        folder = found[0].parents[2]
        place = f"{folder}/STUDENT/{found[0].parent.name}/"
        out.print(f"{counted(len(found), 'feedback page')}: {escape(place)}")


def _row(student: StudentResult, roomy: bool) -> tuple[list[str], str]:
    """Points and their sum; no zero stands where nothing was read."""
    if student.outcome != "graded":
        sign = "[dim]–[/]" if student.outcome == "not handed in" else "[yellow]?[/]"
        return [sign] * len(student.items), f"{sign}/{student.maximum:g}"
    cells = [_points(item) if roomy else _sign(item) for item in student.items]
    return cells, f"{student.points:g}/{student.maximum:g}"


def _points(item: Item) -> str:
    if item.points is None:
        return "[yellow]?[/]"
    style = MARKS.get(item.status, "")
    return f"[{style}]{item.points:g}[/]" if style else f"{item.points:g}"


def _sign(item: Item) -> str:
    if item.points is None:
        return "[yellow]?[/]"
    if item.points == item.maximum:
        return "[green]✓[/]"
    return "[red]◐[/]" if item.points else "[dim]·[/]"


def _outcome(student: StudentResult) -> str:
    if student.outcome != "graded":
        return f"[red]{student.outcome}[/]"
    statuses = {item.status for item in student.items} - {"manual"}
    if "grader_error" in statuses:
        return "[yellow]check failed itself[/]"
    if statuses == {"passed"}:
        return "[green]complete[/]"
    if statuses == {"skipped"}:
        return "not attempted"
    return "partly right" if student.points else "nothing right yet"


def cell_table(run: Recording) -> Table:
    """Seconds of a run's slower cells, and of all together, against the budget."""
    table = Table("cell", "begins", title=run.lab, title_justify="left")
    table.add_column("seconds", justify="right")
    table.add_column("of the budget", justify="right")
    slow = [one for one in run.cells if one.seconds >= SLOW or one.error]
    for one in slow:
        error = f" [red]{escape(one.error)}[/]" if one.error else ""
        part = _share(one.seconds, run.budget)
        table.add_row(one.id, escape(one.begins) + error, f"{one.seconds:.1f}", part)
    rest = sum(one.seconds for one in run.cells if one not in slow)
    table.add_row("", f"the others ({len(run.cells) - len(slow)})", f"{rest:.1f}", "")
    colour = "red" if run.seconds > run.budget else "green"
    share = _share(run.seconds, run.budget)
    table.add_row("", "all, with the kernel", f"{run.seconds:.1f}", f"[{colour}]{share}[/]")
    return table


def _share(seconds: float, budget: float) -> str:
    return f"{100 * seconds / budget:.0f} % of {budget:.0f} s" if budget < float("inf") else "none"
