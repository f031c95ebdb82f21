"""The overview: a table of a lab's exercises, and how each stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

from course import markup, predictions
from course.preflight import running_notebook
from course.progress import released as known
from course.progress import saved
from course.progress.released import Exercise, Facts
from course.progress.saved import Result

_SESSION: dict[str, dict[str, Result]] = {}  # what checks found in this process, by lab

WORDS = {
    "done": "✓ done",
    "partly": "✗ partly",
    "wrong": "✗ not right yet",
    "open": "○ open",
    "unrun": "○ written, not checked yet",
    "written": "✓ written; a person will read it",
    "unseen": "a person will read it",
}
OPEN = ("partly", "wrong", "unrun", "open")
TODO = {
    "partly": "correct it, then run its cell and its check",
    "wrong": "correct it, then run its cell and its check",
    "unrun": "run its cell, run its check",
    "open": "write it, run its cell, run its check",
}
"""What to do about an exercise with a check."""


@dataclass(frozen=True)
class Row:
    """One exercise and how it stands."""

    exercise: Exercise
    state: str
    earned: float | None

    @property
    def anchor(self) -> str:
        """Where its cell is, as JupyterLab has it."""
        name = self.exercise.name if self.exercise.written else f"{self.exercise.name}_answer"
        return f"#cell-id={name}"

    @property
    def path(self) -> str:
        """Whether the exercise lies on the core path."""
        return "optional" if self.exercise.optional else "core"

    @property
    def points(self) -> str:
        """``1.5 of 2``."""
        if self.earned is None:
            return f"{self.exercise.points:g}"
        return f"{self.earned:g} of {self.exercise.points:g}"


@dataclass(frozen=True, repr=False)
class Overview:
    """A lab's exercises with their points. Shows as a table in a notebook, as text elsewhere."""

    facts: Facts
    rows: tuple[Row, ...]
    predicted: frozenset[str] = frozenset()

    @property
    def earned(self) -> float:
        """Points by visible checks."""
        return round(sum(row.earned or 0.0 for row in self.rows), 2)

    @property
    def open(self) -> tuple[Row, ...]:
        """What is not done."""
        return tuple(row for row in self.rows if row.state in OPEN)

    @property
    def next(self) -> Row | None:
        """The first that is open on the core path; where that is done, the first of all."""
        core = (row for row in self.open if not row.exercise.optional)
        return next(core, next(iter(self.open), None))

    @property
    def core_done(self) -> bool:
        """Whether nothing of the core path is open, if the lab has any of it."""
        core = [one for one in self.facts.exercises if not one.optional]
        return bool(core) and all(row.exercise.optional for row in self.open)

    @property
    def headline(self) -> str:
        """Points, and how many exercises are open."""
        total = sum(one.points for one in self.facts.checked)
        rest = f"{len(self.open)} of {len(self.rows)} open" if self.open else "nothing is open"
        return (
            f"Lab {self.facts.number}: {self.earned:g} of {total:g} points by checks so far, {rest}"
        )

    @property
    def next_step(self) -> str:
        """What to do now."""
        if not (first := self.next):
            return (
                "Run the last cell of the notebook, or `python -m course handin "
                f"{self.facts.lab.split('_')[0]}`, to hand in."
            )
        todo = "write your answer" if first.exercise.written else TODO[first.state]
        begin = "The core path is done. Next, if you like: " if self.core_done else "Next: "
        return f"{begin}{first.exercise.label}: {todo}."

    @property
    def about(self) -> str:
        """What these points are not."""
        by_hand = sum(one.points for one in self.facts.exercises if one.written)
        more = f" {by_hand:g} more points are for written answers." if by_hand else ""
        made = len(self.predicted.intersection(self.facts.predictions))
        said = f" {made} of {len(self.facts.predictions)} predictions made; they give no points."
        return (
            f"Grading tries the checks on other inputs too.{more}"
            f"{said if self.facts.predictions else ''}"
        )

    def __str__(self) -> str:
        width = max((len(row.exercise.label) for row in self.rows), default=0)
        lines = [
            f"  {row.exercise.label:{width}}  {row.path:8}  {row.points:>10}  {WORDS[row.state]}"
            for row in self.rows
        ]
        return "\n".join([self.headline, *lines, self.next_step, self.about])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [_html_row(row, f"{self.facts.lab}.ipynb") for row in self.rows]
        table = markup.table(rows, ("exercise", "path", "points", "state"), wide=(0,))
        return markup.panel(
            f"<b>{escape(self.headline)}</b>",
            f"{table}<div>{markup.marked(self.next_step)}</div><div>{escape(self.about)}</div>",
            markup.GREY if self.open else markup.GREEN,
        )


def overview(lab: str | None = None) -> Overview:
    """Points by visible checks so far, and what is open: of a lab, by default the running one.

    Args:
        lab: its name, or the beginning: ``lab04``.

    Raises:
        NoFacts: there is no such lab, or none is running.
    """
    facts = known.facts(lab or known.running())
    return of(facts, running_notebook() or {}, _SESSION.get(facts.lab, {}), predictions.made())


def of(
    facts: Facts,
    book: Mapping[str, Any],
    fresh: Mapping[str, Result],
    guesses: Iterable[str] = (),
) -> Overview:
    """The overview of a notebook.

    Args:
        facts: of its lab.
        book: as JSON; of another lab it says nothing.
        fresh: results that are newer than the file.
        guesses: names of predictions that were made since.
    """
    there = {saved.grade_id(cell) for cell in saved.cells(book)}
    ours = bool(there & {one.name for one in facts.exercises})
    results = {**(saved.results(book) if ours else {}), **fresh}
    written = saved.written(book, facts) if ours else {}
    before = saved.predictions(book) if ours else set()
    rows = tuple(_rows(facts.exercises, results, written))
    return Overview(facts, rows, frozenset({*before, *guesses}))


def noted(lab: str, check: str, result: Result) -> str:
    """Remember what a check found, and say how many points there are so far.

    Returns:
        A sentence; nothing for a check that gives no points, as one that only shows how checks
        work.
    """
    if lab not in known.labs() or known.facts(lab).exercise(check) is None:
        return ""
    _SESSION.setdefault(lab, {})[check] = result
    facts = known.facts(lab)
    found = of(facts, {}, {**_before(lab), **_SESSION[lab]})
    total = sum(one.points for one in facts.checked)
    return (
        f"{found.earned:g} of {total:g} points by checks so far; `course.overview()` shows what "
        "is open."
    )


def session(lab: str) -> dict[str, Result]:
    """What the lab's checks found in this process."""
    return dict(_SESSION.get(lab, {}))


def missing_setup(lab: str, names: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the notebook's setup cell that are not there: it was not run in this kernel."""
    if lab not in known.labs():
        return ()
    return tuple(name for name in known.facts(lab).setup if name not in names)


@cache
def _before(lab: str) -> dict[str, Result]:
    """What the notebook's file had when the first check of this kernel was run."""
    names = {one.name for one in known.facts(lab).exercises}
    return {
        name: one
        for name, one in saved.results(running_notebook(ask_page=False) or {}).items()
        if name in names
    }


def _rows(
    exercises: Iterable[Exercise], results: Mapping[str, Result], written: Mapping[str, bool]
) -> Iterator[Row]:
    for one in exercises:
        if one.written:
            state = {True: "written", False: "open", None: "unseen"}[written.get(one.name)]
            yield Row(one, state, None)
            continue
        found = results.get(one.name)
        if found is None or found.outcome in ("skipped", "grader_error"):
            yield Row(one, "unrun" if written.get(one.name) else "open", 0.0)
        elif found.outcome == "passed":
            yield Row(one, "done", min(found.earned, one.points))
        else:
            yield Row(one, "partly" if found.earned else "wrong", min(found.earned, one.points))


def _html_row(row: Row, file: str) -> tuple[str, ...]:
    link = f'<a href="{file}{escape(row.anchor)}">{escape(row.exercise.label)}</a>'
    return link, row.path, row.points, WORDS[row.state]
