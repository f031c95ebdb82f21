"""Follow-through: a wrong or blank exercise costs its own points, not those of others.

Where an answer lost points and needs an exercise that is not right, its check is tried once more,
in a fresh session: the student's cells run as they did, and behind a wrong exercise the course's
own answer takes its place. The better of the two counts.

What leaves that session is which cases passed, nothing else, since the student's code shares it
with the course's answers: no output, no value, no error, no measurement. An exercise is asked
before its own answer, or one that is made of it, comes in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from autograde.handing_in.normalise.flags import listed
from autograde.marking import needs
from autograde.marking.life import Life
from autograde.results import Item
from course.checks import CaseResult, Report

Ask = Callable[[str, Life], Report]
"""From the name of a check and the objects to ask to what it found."""

STAND_IN = """\
def _stand_in(cells, names):
    space = {{"__name__": "__main__"}}
    for cell in cells:
        exec(cell, space)
    return {{name: space[name] for name in names}}


globals().update(_stand_in({cells!r}, {names!r}))
del _stand_in
"""


@dataclass(frozen=True)
class Step:
    """What grading did, in order: it ran a cell, or it put a check.

    Attributes:
        name: the exercise that the cell answers or the check is for; else empty.
        source: that ran; None for a check; empty for a cell that can't run again.
        released: whether the cell is as it was handed out.
    """

    name: str
    source: str | None = None
    released: bool = False


@dataclass(frozen=True)
class Plan:
    """What is tried again.

    Attributes:
        again: checks, each with the exercises that stand in its way.
        course: what the reference has.
    """

    again: Mapping[str, frozenset[str]]
    course: needs.Course

    @property
    def wanted(self) -> frozenset[str]:
        """Exercises that the course's own answer must take the place of."""
        return frozenset[str]().union(*self.again.values())

    def closed(self, exercise: str, pending: Iterable[str]) -> bool:
        """Whether its answer must wait, because a check that is still to come asks for it."""
        return bool({exercise, *self.course.behind(exercise)} & set(pending))


def full(item: Item) -> bool:
    """Whether nothing can be gained."""
    return item.points is not None and item.points >= item.maximum


def plan(
    items: Iterable[Item],
    asked: Iterable[Item],
    wants: Mapping[str, frozenset[str]],
    steps: Iterable[Step],
    lab: str,
) -> Plan:
    """What has to be tried again: what lost points, was attempted, and needs what is not right.

    Args:
        items: as they were graded, now or earlier.
        asked: those whose checks were put now.
        wants: which exercises each needs, see :func:`autograde.marking.needs.needs`.
        steps: of the first session.
        lab: whose reference takes the places.
    """
    found = [item for item in items if item.grade_id in wants]
    wrong = {item.grade_id for item in found if not full(item)}
    left = {step.name for step in steps if step.released and step.name}
    blank = {one.grade_id for one in found if one.status == "skipped"} & left
    again = {
        item.grade_id: wants[item.grade_id] & wrong
        for item in asked
        if item.points is not None and item.grade_id in wrong - blank
    }
    return Plan({name: those for name, those in again.items() if those}, needs.course(lab))


def through(
    planned: Plan, items: Iterable[Item], steps: Iterable[Step], life: Life, ask: Ask
) -> list[Item]:
    """The items, with the better of two for those that are tried again.

    Args:
        planned: what is tried again; nothing runs where that is nothing.
        items: as they were graded.
        steps: of the first session.
        life: a fresh one; the caller closes it.
        ask: puts a check.
    """
    run = Rerun(planned, life, ask)
    for step in steps:
        if not run.pending:
            break
        run.take(step)
    return [run.better(item) for item in items]


@dataclass
class Rerun:
    """The second session."""

    plan: Plan
    life: Life
    ask: Ask
    put: dict[str, None] = field(default_factory=dict)  # exercises in whose place the course's is
    found: dict[str, tuple[Report, tuple[str, ...]]] = field(default_factory=dict)
    own: dict[str, frozenset[str]] = field(default_factory=dict)  # helpers that answers define

    @property
    def pending(self) -> set[str]:
        """Checks that are still to be put."""
        return set(self.plan.again) - set(self.found)

    def take(self, step: Step) -> None:
        """Do what was done, and put the course's answers in their places."""
        if step.source is None:
            self._check(step.name)
            return
        if step.source:
            self.life.run(step.source)
        defines = needs.Text.of(step.source).defines
        if step.name:
            self.own[step.name] = frozenset() if step.released else defines
        touched = {self.plan.course.owners.get(name, "") for name in defines} | {step.name}
        for exercise in sorted(touched & self.plan.wanted):
            if exercise not in self.found or exercise in self.put:
                self._stand_in(exercise)

    def _check(self, name: str) -> None:
        if name in self.pending:
            report = self.ask(name, self.life)
            stood = tuple(one for one in self.put if one in self.plan.again[name])
            self.found[name] = replace(report, results=tuple(map(_bare, report.results))), stood
            if report.fraction < 1 and name in self.plan.wanted:
                self._stand_in(name)

    def _stand_in(self, exercise: str) -> None:
        if not self.plan.closed(exercise, self.pending):
            self.put[exercise] = None
            self.life.run(stand_in(self.plan.course, exercise, self.own.get(exercise, ())))

    def better(self, item: Item) -> Item:
        """The item, or what the second try found where that is more."""
        report, stood = self.found.get(item.grade_id, (None, ()))
        if report is None or not stood or report.outcome == "grader_error":
            return item
        names = listed([f"`{name}`" for name in stood])
        if report.earned <= (item.points or 0):
            told = f"Tried again with the course's own {names}: no more cases pass."
            return replace(item, note=f"{item.note} {told}".strip())
        was = "was" if len(stood) == 1 else "were"
        told = (
            f"{names} {was} replaced by the course's own here, so that your `{item.grade_id}` is "
            "judged by itself."
        )
        points, outcome = report.earned, report.outcome
        return replace(
            item, status=outcome, points=points, report=report, replaced=stood, note=told
        )


def stand_in(course: needs.Course, exercise: str, helpers: Iterable[str] = ()) -> str:
    """A cell that puts the course's answer in the place of the student's.

    It runs in a namespace of its own, with all that it needs: nothing that the student named can
    change it.

    Args:
        course: what the reference has.
        exercise: whose answer is put.
        helpers: further names that the student's answer defines; they stay as they are.
    """
    wanted = {exercise, *course.behind(exercise)}
    cells = [code for name, code in course.cells.items() if name in wanted or name == needs.SETUP]
    mine = {name for name, owner in course.owners.items() if owner == exercise}
    mine &= needs.Text.of(course.cells[exercise]).defines
    kept = set(helpers) - course.asked[exercise] - {exercise}
    return STAND_IN.format(cells=cells, names=sorted(mine - kept))


def _bare(result: CaseResult) -> CaseResult:
    """Its title and whether it passed: nothing that the student's code can write into."""
    outcome = "failed" if result.outcome == "skipped" else result.outcome
    return CaseResult(result.title, outcome, result.weight)
