"""A class's report in a terminal: the exercises, and the most frequent of the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograde.handing_in.normalise.flags import listed, shown
from autograde.reports.class_report import ClassReport
from autograde.reports.class_report_page import bins, summary
from autograde.reports.sightings import Seen
from autograde.wording import counted

MOST = 8  # of each kind; the page has more, the JSON all
WIDE = 20  # characters of the longest bar


def show(report: ClassReport, out: Console) -> None:
    """Print it."""
    out.print(f"[bold]{escape(report.title)}[/]")
    out.print(escape(summary(report)), soft_wrap=True)
    most = max((count for *_, count in bins(report)), default=0) or 1
    for low, high, count in bins(report) if report.points else ():
        bar = "█" * round(WIDE * count / most)
        out.print(f"  {low:5.3g} – {high:<5.3g} {bar} {count or ''}".rstrip())
    out.print(_exercises(report))
    _listed("Misconceptions seen", [*_mistakes(report)], out)
    _listed("Only hidden checks caught", [*map(_case, report.beyond)], out)
    _listed("No known mistake explains", [*map(_case, report.unexplained)], out)
    _listed("Similar code: look, and decide", [*_similar(report)], out)
    _listed("Needs attention", [*_attention(report)], out)


def _exercises(report: ClassReport) -> Table:
    table = Table(title="By exercise", title_justify="left", box=None)
    table.add_column("exercise", overflow="fold")
    columns = ("passed", "failed", "skipped", "waiting")
    for name in ("points", "mean", *columns, "stood in"):
        table.add_column(name, justify="right")
    table.add_column("fails most", overflow="fold")
    for one in report.exercises:
        mean = "" if one.mean is None else f"{100 * one.mean:.0f} %"
        counts = (str(one.counts.get(name, 0) or "") for name in columns)
        worst = f"{one.worst[0][0]} ({one.worst[0][1]})" if one.worst else ""
        stood = str(one.stood_in or "")
        table.add_row(escape(one.title), f"{one.maximum:g}", mean, *counts, stood, escape(worst))
    return table


def _listed(title: str, lines: Sequence[str], out: Console) -> None:
    if lines:
        out.print(f"[bold]{title}[/]")
    for line in lines[:MOST]:
        out.print(f"  {escape(line)}", soft_wrap=True)
    if len(lines) > MOST:
        out.print(f"  … and {len(lines) - MOST} more: the page has them")


def _mistakes(report: ClassReport) -> Iterator[str]:
    for one in report.mistakes:
        name = one.what.replace("_", " ")
        who = f"{len(one.students):3} ({100 * one.share:.0f} %)"
        yield f"{who} {one.exercise}, {name}. Say: {one.told}"


def _case(one: Seen) -> str:
    who = listed(one.students, 3)
    return f"{len(one.students):3} {one.exercise}, {one.what}: {shown(one.told)} ({who})"


def _similar(report: ClassReport) -> Iterator[str]:
    for one in report.similar.clusters:
        places = ", ".join(dict.fromkeys(alike.place for alike in one.pairs[0].places))
        who = listed(one.students)
        yield f"{counted(len(one.students), 'notebook')}: {who}; {places}"


def _attention(report: ClassReport) -> Iterator[str]:
    yield from report.flags
    for student, why in report.attention:
        yield f"{shown(student)}: {' '.join(why)}"
