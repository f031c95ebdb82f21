"""Grade one student: normalise, run, judge; what goes wrong with one never stops the class."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import nbformat
from nbformat import NotebookNode

from autograde.authoring.source import ANSWER
from autograde.gradebook import late
from autograde.handing_in import intake
from autograde.handing_in.normalise import Flag, Normalised, normalise
from autograde.handing_in.normalise.flags import shown
from autograde.handing_in.normalise.to_student import in_markdown, to_student
from autograde.marking import engine, journal, nearby
from autograde.marking.carried import carried
from autograde.marking.carried import odd as oddities
from autograde.marking.evidence import CODE, evidence, merged
from autograde.marking.job import Job
from autograde.marking.life import Later
from autograde.marking.turns import Turns
from autograde.results import Handing, Item, StudentResult
from autograde.sandbox import SandboxError, Warm

NOTHING = Normalised(None, ())
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
        notebook: as graded; None when the earlier grading still holds.
        open: checks that the next run puts again.
        answers: digests of the answers, by graded cell.
        timestamp: when it was handed in.
        official: nbgrader's own files beside it.
        handed: digest of the file as it was handed in.
    """

    result: StudentResult
    submission: str
    notebook: NotebookNode | None
    open: frozenset[str] = frozenset()
    answers: Mapping[str, str] = field(default_factory=dict)
    timestamp: datetime | None = None
    official: Mapping[str, bytes] = field(default_factory=dict)
    handed: str = ""


@dataclass(frozen=True)
class Marker:
    """Everything that grading one student needs besides the submission."""

    job: Job
    release: NotebookNode
    warm: Warm
    known: dict[str, journal.Entry]
    checks: dict[str, str]
    turns: Turns = field(default_factory=Turns)

    def mark(self, submission: intake.Submission, hurried: bool = False) -> Marked | str:
        """Grade one student, as far as the journal does not have it. What goes wrong with one
        never stops the class, unless the sandbox itself is gone.

        Returns:
            What came out; or, where it is hurried and takes long, only the student's name.
        """
        try:
            marked = self._marked(submission, hurried)
            self.warm.check()  # or its end was taken for the end of the student's process
            return marked
        except Later:
            return submission.student
        except SandboxError:
            raise
        except Exception as error:
            return self._broken(submission, error)

    def _broken(self, submission: intake.Submission, error: Exception) -> Marked:
        """The grader's own failure: no points are known, and the next run tries again."""
        told = (
            f"The grader itself failed ({type(error).__name__}: {shown(str(error))}). "
            "No points are lost: grade by hand, or grade again."
        )
        items = tuple(
            replace(item, status="grader_error", points=None)
            for item in engine.ungraded(self.release)
        )
        flags = (*submission.flags, Flag("grader-failed", "ungradable", "", told))
        result = StudentResult(submission.student, "graded", items, flags)
        return Marked(result, "", _noticed(self.release, flags), frozenset(self.checks))

    def _marked(self, submission: intake.Submission, hurried: bool) -> Marked:
        found = NOTHING
        if submission.data is not None:
            found = normalise(submission.data, self.release)
        timestamp, odd = late.handed_in(submission.official)
        flags = (*submission.flags, *odd, *found.flags)
        found = replace(found, flags=flags)
        key = journal.submission_key(
            found.notebook, flags, submission.extra_files, found.passed, found.python
        )
        entry = self.known.get(submission.student)
        if self.job.force or entry is None or entry.submission != key:
            marked = self._graded(submission, found, key, hurried, {})
        else:
            marked = self._as_far_as_it_holds(submission, found, entry, hurried)
        handed = hashlib.sha256(submission.data or b"").hexdigest()
        official = {} if odd else submission.official
        return replace(marked, timestamp=timestamp, official=official, handed=handed)

    def _as_far_as_it_holds(
        self, submission: intake.Submission, found: Normalised, entry: journal.Entry, hurried: bool
    ) -> Marked:
        stale = entry.stale(self.checks)
        place = self.job.autograded(submission.student)
        if not stale and entry.notebook == journal.notebook_key(place):
            return Marked(entry.result, entry.submission, None, answers=entry.answers)
        kept = {item.grade_id: item for item in entry.result.items if item.grade_id not in stale}
        seen = _seen(entry, kept)
        return self._graded(submission, found, entry.submission, hurried, kept, seen)

    def _graded(
        self,
        submission: intake.Submission,
        found: Normalised,
        key: str,
        hurried: bool,
        kept: dict[str, Item],
        seen: tuple[Flag, ...] = (),
    ) -> Marked:
        begun = time.monotonic()
        name, notebook, flags = submission.student, found.notebook, found.flags
        if notebook is None:
            outcome: Handing = "not handed in" if submission.path is None else "ungradable"
            result = StudentResult(name, outcome, engine.ungraded(self.release), flags)
            return Marked(result, key, _noticed(self.release, flags))
        with self.turns.shared():
            graded = self._run(submission, notebook, kept, hurried)
        if again := graded.starved | graded.killed:
            settled = {one.grade_id: one for one in graded.items if one.report}
            settled = {name: one for name, one in settled.items() if name not in again}
            seen = (*seen, *graded.seen)
            with self.turns.alone():
                graded = self._run(submission, notebook, settled)
        told = merged(evidence(self.job.lab, notebook), dict.fromkeys((*seen, *graded.seen)))
        flags = (*flags, *graded.flags, *told, *carried(self.job.lab, notebook))
        flags = (*flags, *oddities(graded.items))
        items, unknown = _unknown(graded)
        beside = nearby.told(self.job.lab, self.release, graded.notebook, items, found)
        result = StudentResult(
            name, "graded", items, (*flags, *unknown, *beside), time.monotonic() - begun
        )
        return Marked(result, key, graded.notebook, graded.starved, answers_of(notebook))

    def _run(
        self,
        submission: intake.Submission,
        notebook: NotebookNode,
        kept: dict[str, Item],
        hurried: bool = False,
    ) -> engine.Graded:
        return engine.grade(
            self.job.lab,
            notebook,
            self.warm,
            submission.extra_files,
            left_out=submission.left_out,
            release=self.release,
            kept=kept,
            hurried=hurried,
        )


def answers_of(notebook: NotebookNode) -> dict[str, str]:
    """Digests of what each graded cell of a notebook is the mark of: the answer to its exercise,
    or its own text.
    """
    marks = [(cell.metadata.get("nbgrader", {}), cell) for cell in notebook.cells]
    texts = {one.get("grade_id", ""): _content(cell) for one, cell in marks}
    graded = [one["grade_id"] for one, _ in marks if one.get("grade")]
    return {name: texts.get(ANSWER.format(name), texts[name]) for name in graded}


def _content(cell: NotebookNode) -> str:
    pictures = json.dumps(cell.get("attachments", {}), sort_keys=True)
    return hashlib.sha256(f"{cell.source}\0{pictures}".encode()).hexdigest()[:16]


def _unknown(graded: engine.Graded) -> tuple[tuple[Item, ...], tuple[Flag, ...]]:
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


def _seen(entry: journal.Entry, kept: dict[str, Item]) -> tuple[Flag, ...]:
    """What was told of calls, earlier, of answers whose checks are not put again."""
    cells = {ANSWER.format(name) for name in kept}
    return tuple(flag for flag in entry.result.flags if flag.code == CODE and flag.cell in cells)


def _noticed(release: NotebookNode, flags: tuple[Flag, ...]) -> NotebookNode:
    """The release with a first cell that tells the student why nothing was graded."""
    book = nbformat.from_dict(release)
    told = dict.fromkeys(filter(None, map(to_student, flags)))
    reasons = "\n".join(f"- {in_markdown(one)}" for one in told) or "- nothing was handed in"
    text = f"**Nothing could be graded.**\n\n{reasons}"
    # Students' own cells have no metadata: by its own, a page knows that this one is ours.
    book.cells.insert(0, nbformat.v4.new_markdown_cell(text, metadata={"course": {"notice": True}}))
    return book
