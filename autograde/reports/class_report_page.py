"""A class's report as one HTML page: no script, nothing from elsewhere, every text escaped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from urllib.parse import quote

from autograde.handing_in.normalise.flags import printable, shown
from autograde.reports.class_report import ClassReport, Exercise
from autograde.reports.document import document, scrolling
from autograde.reports.sightings import LOW, Seen
from autograde.reports.similar import Alike, Cluster, Similar
from autograde.wording import counted

WIDTH, HEIGHT = 720.0, 240.0  # of the picture, in its own units
LEFT, RIGHT, TOP, BOTTOM = 40.0, 12.0, 26.0, 44.0
BARS = 10
EXAMPLES = 3  # students named of a mistake
NAMED = 12  # of a cluster
PAIRS = 3  # shown of it
ROWS = 30  # of a table; the JSON has all
LONGEST = 300  # characters of a text

STYLE = """
body { max-width: 900px; }
.bar { fill: var(--mark); }
svg text.count { text-anchor: middle; fill: var(--ink); }
svg .middle-line { stroke: var(--ink); stroke-width: 2; stroke-dasharray: 2 4; }
a { color: var(--mark); overflow-wrap: anywhere; }
td p { margin: 0 0 4px; overflow-wrap: anywhere; }
.say { border-left: 3px solid var(--mark); padding-left: 8px; }
.tell { min-width: 15em; overflow-wrap: anywhere; }
ul { margin: 0 0 12px; padding-left: 20px; }
li { overflow-wrap: anywhere; }
details { margin: 0 0 10px; }
summary { cursor: pointer; overflow-wrap: anywhere; }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: 10px; margin-top: 6px; }
.sides > div { min-width: 0; }
pre { margin: 0; padding: 8px; overflow-x: auto; background: var(--stripe);
  border: 1px solid var(--line); font: 12px/1.45 ui-monospace, Menlo, Consolas, monospace; }
@media (max-width: 560px) {
  .sides { grid-template-columns: 1fr; }
  figure svg { min-width: 0; }
  svg text, svg text.count { font-size: 20px; }
  .stack thead { display: none; }
  .stack tr { display: block; padding: 8px 0; border-bottom: 1px solid var(--line); }
  .stack td { display: block; border: 0; padding: 2px 8px; text-align: left; }
  .stack td.number::before { content: attr(data-head) ": "; color: var(--soft); }
}
"""

Link = Callable[[str], str | None]
"""A student's own page or notebook, as a path from the report; None where there is none."""


def page(report: ClassReport, link: Link = lambda _: None) -> str:
    """The whole page.

    Args:
        report: of the class.
        link: where a student's work is.
    """
    names = _Names(report, link)
    parts = [
        f'<p class="soft">Class report</p>\n<h1>{_text(report.title)}</h1>',
        f"<p>{_text(summary(report))}</p>",
        _figure(report),
        _attention(report, names),
        _mistakes(report, names),
        _beyond(report, names),
        _exercises(report),
        _unexplained(report, names),
        _similar(report.similar, names),
        _times(report, names),
    ]
    heading = f"Class report: {printable(report.title)}"
    return document(heading, "\n".join(part for part in parts if part), STYLE)


def summary(report: ClassReport) -> str:
    """Who handed in, what they got, what waits: in a few sentences."""
    read = len(report.points)
    everybody = read + len(report.absent) + len(report.ungradable)
    told = f"{counted(everybody, 'student')}: {read:,} graded, "
    told += f"{len(report.absent):,} handed nothing in"
    told += f", {len(report.ungradable):,} can't be graded yet. " if report.ungradable else ". "
    if report.points:
        told += (
            f"Of {report.maximum:g} points: mean {report.mean:.1f}, median {report.median:.1f}. "
        )
    if report.waiting:
        waits = "answer waits" if report.waiting == 1 else "answers wait"
        told += f"{report.waiting:,} written {waits} to be read, and no written one counts here. "
    if report.broken:
        told += f"{counted(report.broken, 'check')} failed themselves and count as nothing here. "
    if report.unknown:
        told += (
            f"The journal has no full report on {counted(len(report.unknown), 'student')}: what is "
            "said of mistakes and cases is said without them."
        )
    return told.strip()


def bins(report: ClassReport) -> list[tuple[float, float, int]]:
    """From, to and how many students; the last one holds full points too."""
    whole = report.maximum or 1.0
    counts = [0] * BARS
    for points in report.points.values():
        counts[min(BARS - 1, max(0, int(points / whole * BARS)))] += 1
    return [(whole * at / BARS, whole * (at + 1) / BARS, n) for at, n in enumerate(counts)]


class _Names:
    """Students as links, and exercises by their titles."""

    def __init__(self, report: ClassReport, link: Link) -> None:
        self._link = link
        self._titles = {one.name: one.title for one in report.exercises}

    def student(self, name: str) -> str:
        place = self._link(name)
        text = escape(shown(name))
        return f'<a href="{escape(quote(place, errors="replace"))}">{text}</a>' if place else text

    def some(self, students: Sequence[str], most: int = EXAMPLES) -> str:
        head = ", ".join(map(self.student, students[:most]))
        more = len(students) - most
        return f"{head} and {more:,} more" if more > 0 else head

    def exercise(self, name: str) -> str:
        return _text(self._titles.get(name, name))


def _text(text: str) -> str:
    """Any text, in one line, none too long."""
    told = printable(text)
    return escape(told if len(told) <= LONGEST else f"{told[:LONGEST]}…")


def _section(title: str, said: str, body: str) -> str:
    about = f'<p class="soft">{said}</p>\n' if said else ""
    return f"<h2>{title}</h2>\n{about}{body}"


def _table(
    head: Iterable[tuple[str, str]], rows: Sequence[Iterable[str]], kind: str = "stack"
) -> str:
    """A table of cells that are HTML already; a column has a heading and a class. On a narrow
    screen the cells of a stack stand below each other.
    """
    columns = list(head)
    lines = ["".join(f'<th scope="col" class="{style}">{title}</th>' for title, style in columns)]
    for row in rows[:ROWS]:
        cells = zip(columns, row, strict=True)
        lines.append(
            "".join(
                f'<td class="{style}" data-head="{title}">{cell}</td>'
                for (title, style), cell in cells
            )
        )
    top, *rest = (f"<tr>{line}</tr>\n" for line in lines)
    left = len(rows) - ROWS
    more = (
        f'<p class="soft">… and {left:,} more; <code>--json</code> has all.</p>' if left > 0 else ""
    )
    table = (
        f'<table class="{kind}">\n<thead>{top}</thead>\n<tbody>\n{"".join(rest)}</tbody>\n</table>'
    )
    return scrolling(table, f"Table: {', '.join(title for title, _ in columns)}") + more


def _figure(report: ClassReport) -> str:
    if not report.points:
        return ""
    bars = bins(report)
    most = max(count for *_, count in bars)
    step, floor = (WIDTH - LEFT - RIGHT) / BARS, HEIGHT - BOTTOM
    drawn = []
    for at, (low, high, count) in enumerate(bars):
        x, tall = LEFT + at * step, (floor - TOP) * count / most
        top = floor - tall
        drawn.append(
            f"<g><title>{low:g} to {high:g} points: {counted(count, 'student')}</title>"
            f'<rect class="bar" x="{x + 2:.1f}" y="{top:.1f}" width="{step - 4:.1f}" '
            f'height="{tall:.1f}"/>'
            + (
                f'<text class="count" x="{x + step / 2:.1f}" y="{top - 5:.1f}">{count}</text>'
                * bool(count)
            )
            + f'</g><text class="middle" x="{x:.1f}" y="{floor + 17:g}">{low:g}</text>'
        )
    right = WIDTH - RIGHT
    middle = LEFT + min(report.median / (report.maximum or 1.0), 1.0) * (right - LEFT)
    told = "; ".join(f"{low:g} to {high:g}: {count}" for low, high, count in bars if count)
    return (
        f'<figure>\n<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="Students by '
        f'points. {told}. Median {report.median:.1f} of {report.maximum:g}.">\n'
        f'<line class="line" x1="{LEFT:g}" x2="{right:g}" y1="{floor:g}" y2="{floor:g}"/>\n'
        + "\n".join(drawn)
        + f'\n<text class="middle" x="{right:g}" y="{floor + 17:g}">{report.maximum:g}</text>'
        f'<line class="middle-line" x1="{middle:.1f}" x2="{middle:.1f}" y1="{TOP:g}" '
        f'y2="{floor:g}"/>'
        f'<text class="middle" x="{(LEFT + right) / 2:g}" y="{HEIGHT - 6:g}">points</text>'
        '\n</svg>\n<figcaption class="soft">Students by points, of those whose notebook was '
        "graded; the dotted line is the median.</figcaption>\n</figure>"
    )


def _attention(report: ClassReport, names: _Names) -> str:
    if not report.attention and not report.flags:
        return _section("Who needs attention", "", "<p>Nobody.</p>")
    flags = "".join(f"<li>{_text(flag)}</li>" for flag in report.flags)
    rows = [
        (names.student(one), "".join(f"<p>{_text(reason)}</p>" for reason in why))
        for one, why in report.attention
    ]
    table = _table([("student", "name"), ("why", "tell")], rows) if rows else ""
    said = (
        "What grading could not settle alone, who handed nothing in or attempted nothing, and who "
        f"has less than {100 * LOW:.0f} % of the points that checks give."
    )
    return _section("Who needs attention", said, f"<ul>{flags}</ul>" * bool(flags) + table)


def _mistakes(report: ClassReport, names: _Names) -> str:
    if not report.mistakes:
        return ""
    rows = [
        (
            f"<p>{names.exercise(one.exercise)}</p>"
            f'<p class="soft">{_text(one.what.replace("_", " "))}</p>',
            f'<p class="say">Say: {_text(one.told)}</p>',
            f"{len(one.students):,}",
            f"{100 * one.share:.0f} %",
            names.some(one.students),
        )
        for one in report.mistakes
    ]
    head = [("exercise, mistake", "tell"), ("in the next lecture", "tell")]
    head += [("students", "number"), ("of those who tried", "number"), ("for example", "name")]
    return _section(
        "Misconceptions seen", "Known mistakes that the checks recognised.", _table(head, rows)
    )


def _cases(found: Iterable[Seen], names: _Names) -> str:
    rows = [
        (
            names.exercise(one.exercise),
            f"<p>{_text(one.what)}</p>" + f'<p class="soft">{_text(one.told)}</p>' * bool(one.told),
            f"{len(one.students):,}",
            names.some(one.students),
        )
        for one in found
    ]
    head = [("exercise", "name"), ("case, and how it fails", "tell"), ("students", "number")]
    return _table([*head, ("for example", "name")], rows)


def _beyond(report: ClassReport, names: _Names) -> str:
    if not report.beyond:
        return ""
    said = (
        "Failed by students who pass every case that the notebook tries: these cases are only in "
        "grading."
    )
    return _section("What only hidden checks caught", said, _cases(report.beyond, names))


def _unexplained(report: ClassReport, names: _Names) -> str:
    if not report.unexplained:
        return ""
    said = (
        "For the lab’s author: where no known mistake is recognised, the first case that fails. A "
        "frequent one deserves a name and a hint."
    )
    return _section(
        "Failures that no known mistake explains", said, _cases(report.unexplained, names)
    )


def _exercises(report: ClassReport) -> str:
    head = [("exercise", "name"), ("points", "number"), ("mean", "number")]
    head += [(title, "number wide") for title in ("passed", "failed", "skipped", "waiting")]
    head += [("stood in", "number wide"), ("failed most", "tell")]
    said = (
        "The mean is a share of the points. “Stood in”: for so many students the course’s own "
        "answer took this one’s place in other exercises."
    )
    return _section(
        "By exercise", said, _table(head, [_exercise(one) for one in report.exercises], "")
    )


def _exercise(one: Exercise) -> Iterator[str]:
    yield _text(one.title)
    yield f"{one.maximum:g}"
    yield "–" if one.mean is None else f"{100 * one.mean:.0f} %"
    for status in ("passed", "failed", "skipped", "waiting"):
        yield f"{one.counts.get(status, 0) or ''}"
    yield f"{one.stood_in or ''}"
    yield "".join(f"<p>{_text(title)} ({count:,})</p>" for title, count in one.worst)


def _times(report: ClassReport, names: _Names) -> str:
    times = report.times
    if not report.points:
        return ""
    lines = [
        f"{times.whole:,.0f} s in all, {times.middle:.1f} s a student (median).",
        "Longest: "
        + ", ".join(f"{names.student(one)} {seconds:.0f} s" for one, seconds in times.longest)
        + ".",
    ]
    lines += [f"Stopped: {names.student(one)}, {_text(why)}" for one, why in times.stopped[:ROWS]]
    if times.starved:
        told = names.some(times.starved, NAMED)
        lines.append(f"The machine was too busy for {told}: grade again when it is quiet.")
    return _section("Time", "", "<ul>" + "".join(f"<li>{one}</li>" for one in lines) + "</ul>")


def _similar(found: Similar, names: _Names) -> str:
    said = (
        "Evidence for a person, never a verdict: code that few have, alike in two notebooks after "
        "names, comments, layout and the order of functions are taken away. What the released "
        "notebook or the course’s answer has, or more than half of the class, does not count. "
        f"Compared: {counted(found.compared, 'notebook')}"
    )
    said += f", {found.earlier:,} of earlier classes. " if found.earlier else ". "
    if found.unread:
        cells, who = sum(found.unread.values()), names.some(sorted(found.unread))
        said += f"Not read, being too long or no Python: {counted(cells, 'cell')}, of {who}."
    listed = "".join(_cluster(one, names) for one in found.clusters[:ROWS])
    left = len(found.clusters) - ROWS
    more = (
        f'<p class="soft">… and {left:,} more; <code>--json</code> has all.</p>' if left > 0 else ""
    )
    return _section("Similar code", said, (listed or "<p>None found.</p>") + more)


def _cluster(cluster: Cluster, names: _Names) -> str:
    pairs = "".join(
        _place(one, pair.students) for pair in cluster.pairs[:PAIRS] for one in pair.places
    )
    who = names.some(cluster.students, NAMED)
    return f"<p><b>{counted(len(cluster.students), 'notebook')}:</b> {who}</p>\n{pairs}"


def _place(one: Alike, students: tuple[str, str]) -> str:
    both = [_text(name) for name in students]
    sides = "".join(
        f'<div><p class="soft">{who}</p><pre>{_code(text)}</pre></div>'
        for who, text in zip(both, one.excerpts, strict=True)
    )
    return (
        f"<details><summary>{both[0]} and {both[1]}: {_text(one.place)}, {one.shared:,} of "
        f'{counted(one.of, "fragment")} that few have</summary><div class="sides">{sides}</div>'
        "</details>\n"
    )


def _code(text: str) -> str:
    return escape("\n".join(printable(line.expandtabs(4)) for line in text.split("\n")))
