"""Collect, grade and answer what arrives, again and again; a bad file is named, and stops nothing.

Nothing is remembered between two rounds but what collecting, grading and feedback keep themselves:
a service that was killed goes on where it was, and one that is begun again does nothing twice.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograde.errors import DesignedError
from autograde.gradebook.sound import WATCH, alone
from autograde.gradebook.stored import stored
from autograde.handing_in.collecting.class_list import ClassList
from autograde.handing_in.collecting.collecting import CollectError, Order, collect
from autograde.handing_in.normalise.flags import listed, shown
from autograde.marking import seal
from autograde.marking.job import Job
from autograde.reports import fresh
from autograde.reports.collected import needing as uncollected
from autograde.reports.show import needing
from autograde.results import ClassResult, StudentResult
from autograde.sandbox import Isolation, IsolationError
from autograde.tree import Tree
from autograde.watching.arrivals import Arrivals, Look, Place, labs_of

FIRST = 1.0  # seconds, at most, between the first two looks
LIST = "watched"
"""In the class's folder: ``LAB.txt`` in it says who needs a person, as of the last round."""

AWAY = "away"  # no lab's name: what is told of the folder itself

NAMELESS = (
    "{}: no name in it says which lab it is of. Name the lab: `autograde watch FOLDER LAB`; or put "
    "its name into the file's."
)

MORE = "to see where it stops, end the service and run `autograde grade {}`."


@dataclass
class Service:
    """Watches one folder for one class.

    Attributes:
        course: that the labs are of.
        folder: where work arrives.
        work: the class's folder.
        labs: those to be graded; none named are all, told by the names of what arrives.
        interval: seconds between two looks.
        isolation: full, or none: students' code runs without walls.
        jobs: students at a time.
        people: the class list; None where the one of before holds.
        file_times: whether the files' own times are those of handing in.
        say: told each line.
    """

    course: Tree
    folder: Path
    work: Path
    say: Callable[[str], None]
    labs: Sequence[str] = ()
    interval: float = 10.0
    isolation: Isolation = "full"
    jobs: int = 2
    people: ClassList | None = None
    file_times: bool = False
    _told: dict[str, list[str]] = field(default_factory=dict)

    def run(self, *, once: bool = False) -> bool:
        """Watch until interrupted, or for one round.

        Returns:
            Whether a person has to see to something that could not be collected.

        Raises:
            BusyError: another service watches for this class.
            autograde.sandbox.IsolationError: a wall is missing.
            OSError: the folder can't be read at the start.
        """
        with alone(self.work, WATCH):
            arrivals, done = Arrivals(self.folder), None
            arrivals.look()
            self.say(f"{self.folder}: watched for {listed(self.labs) or 'every lab'}")
            time.sleep(min(self.interval, FIRST))
            while True:
                try:
                    found, growing = arrivals.look()
                except OSError as error:  # a folder of the network may be away for a while
                    if once:
                        raise
                    self._tell(AWAY, [f"{self.folder}: {error.strerror}. It is tried again."])
                    time.sleep(self.interval)
                    continue
                self._tell(AWAY, [])
                if found != done:
                    done, bad = self._round(found, growing)
                if once:
                    for place in sorted(growing):
                        self.say(f"{shown('/'.join(place))}: still being written; next time")
                    return bad or bool(growing)
                time.sleep(self.interval)

    def _round(self, found: Look, growing: frozenset[Place]) -> tuple[Look | None, bool]:
        """Everything there is, lab by lab; the look if it is settled with, None to try again."""
        settled, bad = True, False
        whose = {place: self._labs(place, files) for place, files in found.items()}
        nameless = [shown("/".join(place)) for place, labs in whose.items() if not labs]
        whose = {place: labs & set(self.labs or labs) for place, labs in whose.items()}
        self._tell("", [NAMELESS.format(one) for one in nameless])
        for lab in sorted(set().union(*whose.values())):
            leave = {place for place, labs in whose.items() if lab not in labs}
            try:
                bad |= self._lab(lab, growing | leave)
            except IsolationError:
                raise
            except (DesignedError, OSError) as error:  # busy, or the disk is full: it may pass
                self._tell(lab, [f"{lab}: {error} It is tried again."])
                settled = False
            except Exception as error:  # of a file that nobody foresaw: the others' go on
                told = f"{lab}: failed ({type(error).__name__}: {shown(str(error))})."
                self._tell(lab, [f"{told} It is tried again after a change; {MORE.format(lab)}"])
                bad = True
        return found if settled else None, bad or bool(nameless)

    def _labs(self, place: Place, files: Sequence[tuple[str, int, int, int]]) -> set[str]:
        named = labs_of(place, files, self.course.lab_names())
        return named or (set(self.labs) if len(self.labs) == 1 else set())

    def _lab(self, lab: str, leave: frozenset[Place]) -> bool:
        job = Job(self.course, lab, self.work / "submitted", self.work, self.isolation, self.jobs)
        with alone(self.work):
            needs, bad = self._collect(lab, leave, job.submissions)
            result = self._grade(job)
            self._answer(lab)
            known = stored(job.gradebook, lab).students
        needs += needing(result, known=known) if result else []
        self._tell(lab, [f"{lab}: {line}" for line in needs])
        self._list(lab, needs)
        return bad

    def _collect(self, lab: str, leave: frozenset[Place], into: Path) -> tuple[list[str], bool]:
        """Put what arrived where it is graded; what could not be, a line each."""
        order = Order(
            lab,
            [self.folder],
            self.work,
            into,
            self.people,
            file_times=self.file_times,
            labs=self.course.lab_names(),
            leave=leave,
        )
        try:
            found = collect(order)
        except CollectError as error:
            return str(error).split("\n"), True
        for row in found.rows:
            if row.outcome in ("new", "newer"):
                self.say(f"{lab}: {shown(row.student)} handed in ({shown(row.source)})")
        return list(uncollected(found)), found.needs_a_person

    def _grade(self, job: Job) -> ClassResult | None:
        if not any(job.submissions.glob(f"*/{job.lab}")):
            return None  # a name that says a lab is no hand-in for it
        if known := seal.held(job):
            return known
        from autograde.marking import classrun, journal

        before = journal.read(job.journal)

        def tell(result: StudentResult, done: int, total: int) -> None:
            entry = before.get(result.student)
            if result.outcome != "not handed in" and (entry is None or entry.result != result):
                points = f"{result.points:g} of {result.maximum:g} points"
                told = points if result.outcome == "graded" else "could not be graded"
                self.say(f"{job.lab}: {shown(result.student)} {told}")

        return classrun.grade(job, tell)

    def _answer(self, lab: str) -> None:
        if not any((self.work / "autograded").glob(f"*/{lab}/{lab}.ipynb")):
            return
        if stale := fresh.stale(lab, self.work):
            from autograde.reports import feedback

            feedback.generate(lab, self.work, self.jobs)
            for student in stale:
                page = fresh.page(lab, self.work, student).relative_to(self.work)
                self.say(f"{lab}: {shown(student)} has a page ({shown(str(page))})")

    def _tell(self, lab: str, lines: Sequence[str]) -> None:
        """Say what was not said in the last round."""
        for line in lines:
            if line not in self._told.get(lab, ()):
                self.say(line)
        self._told[lab] = list(lines)

    def _list(self, lab: str, needs: Sequence[str]) -> None:
        place = self.work / LIST / f"{lab}.txt"
        text = "".join(f"{line}\n" for line in needs)
        if place.is_file() and place.read_text("utf-8") == text:
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_suffix(".part")
        draft.write_text(text, "utf-8")
        os.replace(draft, place)
