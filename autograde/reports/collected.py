"""What was collected, in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograde.handing_in.collecting.bounds import Trouble
from autograde.handing_in.collecting.collecting import Collected, Row
from autograde.handing_in.normalise.flags import listed, printable, shown
from autograde.wording import counted

STYLES = {"new": "green", "newer": "green", "the same": "dim", "changed by hand: kept": "yellow"}
MOST_TROUBLES = 6  # of one student, that are named


def table(found: Collected) -> Table:
    """A row a student: what became of it, when it came, how late."""
    made = Table(
        title=f"{found.lab}: collected",
        title_justify="left",
        box=None,
        padding=(0, 2, 0, 0),
    )
    claims = any(row.claimed for row in found.rows)
    for name in ("student", "name", "", "handed in (UTC)", "late", "versions"):
        made.add_column(name, justify="right" if name == "versions" else "left", no_wrap=True)
    if claims:
        made.add_column("the receipt claims", max_width=60)
    for row in found.rows:
        style = STYLES.get(row.outcome, "")
        cells = (
            escape(shown(row.student)),
            escape(shown(row.name)),
            f"[{style}]{row.outcome}[/]" if style else row.outcome,
            row.time[:16].replace("T", " ") or "?",
            lateness(row) if found.due or row.lms_late else "",
            str(row.versions),
        )
        made.add_row(*cells, *([escape(row.claimed)] if claims else []))
    return made


def lateness(row: Row) -> str:
    """How late, in words."""
    if row.late:
        return f"[yellow]{span(row.late)}[/]"
    if row.lms_late:
        return "[yellow]says the LMS[/]"
    return "?" if row.late is None else ""


def span(seconds: float) -> str:
    """A time span, roughly."""
    minutes = max(1, round(seconds / 60))
    days, rest = divmod(minutes, 1440)
    hours, minutes = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def tell(found: Collected, out: Console) -> None:
    """The table, and what a person has to see to."""
    out.print(table(found))
    counts = {outcome: sum(r.outcome == outcome for r in found.rows) for outcome in STYLES}
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
    out.print(counted(len(found.rows), "student") + (f": {told}" if told else ""))
    if found.rules:
        out.print(escape(printable(found.rules)), soft_wrap=True)
    if found.missing:
        out.print(
            f"handed nothing in ({len(found.missing)}): {escape(listed(found.missing, 30))}",
            soft_wrap=True,
        )
    for remark in found.remarks:
        out.print(f"  {escape(remark)}", soft_wrap=True)
    if not found.needs_a_person:
        return
    out.print("[bold]Needs a person[/]")
    for line in needing(found):
        out.print(f"  {escape(line)}", soft_wrap=True)


def needing(found: Collected) -> Iterator[str]:
    """What a person has to see to, a line each."""
    for name, why, folder in found.unmatched:
        yield (
            f"{shown(name)}: {why} It lies in {folder}. Say whose it is: --as '{name}=STUDENT_ID'"
        )
    for row in found.rows:
        if row.outcome == "changed by hand: kept":
            yield (
                f"{shown(row.student)}: what lies in submitted/ was changed since it was "
                "collected, and is kept. What came now lies in collected/; --force puts it in its "
                "place."
            )
    yield from troubles(found.troubles)


def troubles(found: Sequence[Trouble]) -> Iterator[str]:
    """What was not taken, a line each, and of one student's few: no flood hides another's."""
    whose: dict[str, list[Trouble]] = {}
    for one in found:
        whose.setdefault(one.where.split("/")[0], []).append(one)
    for head, every in whose.items():
        yield from map(str, every[:MOST_TROUBLES])
        if (more := len(every) - MOST_TROUBLES) > 0:
            yield f"{shown(head)}: {more:,} more; --json FILE writes them all."
