"""What grading any student has in common; what goes wrong with one never stops the class."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Generic, Protocol, TypeVar

import nbformat
from nbformat import NotebookNode

from autograde.handing_in.normalise import Flag
from autograde.handing_in.normalise.flags import shown
from autograde.handing_in.normalise.to_student import in_markdown, to_student
from autograde.marking import engine, journal
from autograde.marking.job import Paths
from autograde.marking.life import Later
from autograde.marking.pace import LAST, Pace, Round
from autograde.marking.turns import Turns
from autograde.results import Handing, Item, StudentResult
from autograde.sandbox import SandboxError, Warm

BUSY = (
    "this machine was too busy to put {}. No points are lost: run the command again when it is "
    "less busy."
)
KILLED = (
    "the system killed the notebook's process twice, once with nobody beside it, most likely "
    "because memory ran out, so nothing is known of {}. No points are lost: grade by hand, or "
    "again with --force on a machine with more memory."
)
NOT_ASKED = (
    "the notebook used all the time that a submission has before {} could be asked. No points are "
    "lost: look which cells take long, and grade by hand."
)


@dataclass(frozen=True)
class Marked:
    """A student's result.

    Attributes:
        result: what came out.
        submission: the journal's key of it.
        notebooks: as graded, by name; none when the earlier grading still holds.
        open: checks that the next run puts again.
        answers: digests of the answers, by graded cell.
        timestamp: when it was handed in.
        official: nbgrader's own files beside it.
        handed: digest of the file as it was handed in.
        beside: further files that lie beside the graded notebooks, by name.
    """

    result: StudentResult
    submission: str
    notebooks: Mapping[str, NotebookNode]
    open: frozenset[str] = frozenset()
    answers: Mapping[str, str] = field(default_factory=dict)
    timestamp: datetime | None = None
    official: Mapping[str, bytes] = field(default_factory=dict)
    handed: str = ""
    beside: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Delayed:
    """A student who takes long, and is graded when others are done.

    Attributes:
        student: who.
        steady: see :class:`autograde.marking.life.Later`.
    """

    student: str
    steady: bool = False


class Handed(Protocol):
    """What a student handed in, as far as all grading needs it."""

    @property
    def student(self) -> str:
        """Whose it is."""

    @property
    def flags(self) -> tuple[Flag, ...]:
        """What a person may want to know of it."""


S = TypeVar("S", bound=Handed)


@dataclass(frozen=True)
class Grader(ABC, Generic[S]):
    """Grades one student after the other, as far as the journal does not have them.

    Attributes:
        warm: which forks students' processes.
        known: the journal, by student.
        checks: keys of the checks.
        turns: who runs beside whom.
        pace: what students took.
        lying: hashes of graded notebooks that lie on another machine, by student.
    """

    warm: Warm
    known: dict[str, journal.Entry]
    checks: dict[str, str]
    turns: Turns = field(default_factory=Turns, kw_only=True)
    pace: Pace = field(default_factory=Pace, kw_only=True)
    lying: Mapping[str, str] = field(default_factory=dict, kw_only=True)

    @property
    @abstractmethod
    def paths(self) -> Paths:
        """Where things come from and go to."""

    @abstractmethod
    def _marked(self, submission: S, within: float | None) -> Marked:
        """Grade one student, in so many seconds."""

    @abstractmethod
    def _blank(self) -> tuple[Item, ...]:
        """The items of who handed in nothing."""

    @abstractmethod
    def _notices(self, flags: tuple[Flag, ...]) -> dict[str, NotebookNode]:
        """Notebooks that tell why nothing was graded."""

    def prepare(self) -> None:
        """Load what grading any student needs: not in threads, of which several would do it."""

    def lies(self, student: str) -> str:
        """Hash of a student's graded notebook, as it lies there; empty where there is none."""
        if student in self.lying:
            return self.lying[student]
        return journal.notebooks_key([self.paths.autograded(student)])

    def mark(self, submission: S, round_: Round = LAST) -> Marked | Delayed:
        """Grade one student, as far as the journal does not have it. What goes wrong with one
        never stops the class, unless the sandbox itself is gone.

        Returns:
            What came out; or, where it takes long and this is not the last round, who it is.
        """
        try:
            marked = self._marked(submission, self.pace.within(round_))
            self.warm.check()  # or its end was taken for the end of the student's process
            return marked
        except Later as later:
            self.pace.note_late(round_)
            return Delayed(submission.student, later.steady)
        except SandboxError:
            raise
        except Exception as error:
            return self._broken(submission, error)

    def _broken(self, submission: S, error: Exception) -> Marked:
        """The grader's own failure: no points are known, and the next run tries again."""
        told = (
            f"The grader itself failed ({type(error).__name__}: {shown(str(error))}). "
            "No points are lost: grade by hand, or grade again."
        )
        return self.given_up(submission, told)

    def given_up(self, submission: S, told: str) -> Marked:
        """Of a student who could not be graded: no points are known, and a person reads why."""
        items = tuple(replace(item, status="grader_error", points=None) for item in self._blank())
        flags = (*submission.flags, Flag("grader-failed", "ungradable", "", told))
        result = StudentResult(submission.student, "graded", items, flags)
        return Marked(result, "", self._notices(flags), frozenset(self.checks))

    def _nothing(self, student: str, outcome: Handing, flags: tuple[Flag, ...], key: str) -> Marked:
        """Of a submission that nothing could be made of."""
        result = StudentResult(student, outcome, self._blank(), flags)
        return Marked(result, key, self._notices(flags))


def unknown(graded: engine.Graded) -> tuple[tuple[Item, ...], tuple[Flag, ...]]:
    """The items; those wait for a person that could not be asked, and why."""
    items, flags = graded.items, list[Flag]()
    reasons = (
        ("machine-busy", BUSY, graded.starved),
        ("killed-twice", KILLED, graded.killed),
        ("not-asked", NOT_ASKED, graded.unasked),
    )
    for code, text, names in reasons:
        if names:
            items = tuple(
                replace(item, status="grader_error", points=None)
                if item.grade_id in names
                else item
                for item in items
            )
            flags.append(Flag(code, "attention", "", text.format(", ".join(sorted(names)))))
    return items, tuple(flags)


def noticed(release: NotebookNode, flags: tuple[Flag, ...]) -> NotebookNode:
    """The release with a first cell that tells the student why nothing was graded."""
    book = nbformat.from_dict(release)
    told = dict.fromkeys(filter(None, map(to_student, flags)))
    reasons = "\n".join(f"- {in_markdown(one)}" for one in told) or "- nothing was handed in"
    text = f"**Nothing could be graded.**\n\n{reasons}"
    # Students' own cells have no metadata: by its own, a page knows that this one is ours.
    book.cells.insert(0, nbformat.v4.new_markdown_cell(text, metadata={"course": {"notice": True}}))
    return book
