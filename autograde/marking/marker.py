"""Grade one student of a lab: normalise, run, judge."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, replace

from nbformat import NotebookNode

from autograde.authoring.source import ANSWER
from autograde.gradebook import late
from autograde.handing_in import intake
from autograde.handing_in.normalise import Flag, Normalised, normalise
from autograde.marking import engine, hidden, journal, nearby, needs
from autograde.marking.carried import carried
from autograde.marking.carried import odd as oddities
from autograde.marking.evidence import CODE, evidence, merged
from autograde.marking.grader import Grader, Marked, noticed, unknown
from autograde.marking.job import Job
from autograde.results import Handing, Item, StudentResult

NOTHING = Normalised(None, ())


@dataclass(frozen=True)
class Marker(Grader[intake.Submission]):
    """Everything that grading one student of a lab needs besides the submission."""

    job: Job
    release: NotebookNode

    @property
    def paths(self) -> Job:
        """Where things come from and go to."""
        return self.job

    def prepare(self) -> None:
        """Load the lab's checks, with what they expect and what they are made of."""
        for name in self.checks:
            hidden.check(self.job.lab, name)
            hidden.visible(self.job.lab, name)
            needs.sources(self.job.lab, name)
        hidden.seconds(self.job.lab)

    def _blank(self) -> tuple[Item, ...]:
        return engine.ungraded(self.release)

    def _notices(self, flags: tuple[Flag, ...]) -> dict[str, NotebookNode]:
        return {self.job.lab: noticed(self.release, flags)}

    def _marked(self, submission: intake.Submission, within: float | None) -> Marked:
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
            marked = self._graded(submission, found, key, within, {})
        else:
            marked = self._as_far_as_it_holds(submission, found, entry, within)
        handed = hashlib.sha256(submission.data or b"").hexdigest()
        official = {} if odd else submission.official
        return replace(marked, timestamp=timestamp, official=official, handed=handed)

    def _as_far_as_it_holds(
        self,
        submission: intake.Submission,
        found: Normalised,
        entry: journal.Entry,
        within: float | None,
    ) -> Marked:
        stale = entry.stale(self.checks)
        if not stale and entry.notebook == self.lies(submission.student):
            return Marked(entry.result, entry.submission, {}, answers=entry.answers)
        kept = {item.grade_id: item for item in entry.result.items if item.grade_id not in stale}
        seen = _seen(entry, kept)
        return self._graded(submission, found, entry.submission, within, kept, seen)

    def _graded(
        self,
        submission: intake.Submission,
        found: Normalised,
        key: str,
        within: float | None,
        kept: dict[str, Item],
        seen: tuple[Flag, ...] = (),
    ) -> Marked:
        begun = time.monotonic()
        name, notebook, flags = submission.student, found.notebook, found.flags
        if notebook is None:
            outcome: Handing = "not handed in" if submission.path is None else "ungradable"
            return self._nothing(name, outcome, flags, key)
        with self.turns.shared():
            graded = self._run(submission, notebook, kept, within)
        self.pace.note(graded.seconds)
        if again := graded.starved | graded.killed:
            settled = {one.grade_id: one for one in graded.items if one.report}
            settled = {name: one for name, one in settled.items() if name not in again}
            seen = (*seen, *graded.seen)
            with self.turns.alone():
                graded = self._run(submission, notebook, settled)
        told = merged(evidence(self.job.lab, notebook), dict.fromkeys((*seen, *graded.seen)))
        flags = (*flags, *graded.flags, *told, *carried(self.job.lab, notebook))
        flags = (*flags, *oddities(graded.items))
        items, open_ = unknown(graded)
        beside = nearby.told(self.job.lab, self.release, graded.notebook, items, found)
        result = StudentResult(
            name, "graded", items, (*flags, *open_, *beside), time.monotonic() - begun
        )
        done = {self.job.lab: graded.notebook}
        return Marked(result, key, done, graded.starved, answers_of(notebook))

    def _run(
        self,
        submission: intake.Submission,
        notebook: NotebookNode,
        kept: dict[str, Item],
        within: float | None = None,
    ) -> engine.Graded:
        return engine.grade(
            self.job.lab,
            notebook,
            self.warm,
            submission.extra_files,
            left_out=submission.left_out,
            release=self.release,
            kept=kept,
            within=within,
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


def _seen(entry: journal.Entry, kept: dict[str, Item]) -> tuple[Flag, ...]:
    """What was told of calls, earlier, of answers whose checks are not put again."""
    cells = {ANSWER.format(name) for name in kept}
    return tuple(flag for flag in entry.result.flags if flag.code == CODE and flag.cell in cells)
