"""One lab's grading: where things come from and go to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from autograde.marking.schedulers.address import Scheduler
from autograde.results import results_of
from autograde.sandbox import Isolation
from autograde.tree import Tree


class Paths:
    """Where the grading of a lab, or of any assignment of nbgrader's, keeps things."""

    lab: str
    submissions: Path
    work: Path
    isolation: Isolation
    jobs: int
    force: bool  # whether everybody is graded anew

    @property
    def journal(self) -> Path:
        """What is already graded."""
        return self.work / "journal" / f"{self.lab}.jsonl"

    @property
    def results(self) -> Path:
        """What the last grading that came to its end found, as JSON."""
        return results_of(self.work, self.lab)

    @property
    def saved(self) -> Path:
        """Which answers the gradebook was last told of."""
        return self.work / "journal" / f"{self.lab}.saved.jsonl"

    @property
    def seal(self) -> Path:
        """What a grading that came to its end depended on."""
        return self.work / "journal" / f"{self.lab}.seal.json"

    @property
    def gradebook(self) -> Path:
        """nbgrader's database."""
        return self.work / "gradebook.db"

    def autograded(self, student: str, notebook: str = "") -> Path:
        """Where a graded notebook goes, in nbgrader's tree; without a name, the lab's."""
        return self.work / "autograded" / student / self.lab / f"{notebook or self.lab}.ipynb"


@dataclass(frozen=True)
class Job(Paths):
    """One lab's grading: where things come from and go to."""

    tree: Tree
    lab: str
    submissions: Path
    work: Path
    isolation: Isolation = "full"
    jobs: int = 2
    force: bool = False
    scheduler: Scheduler | None = None  # who shares the class out; without one, this process

    @property
    def others(self) -> list[str]:
        """The course's other labs."""
        return [name for name in self.tree.lab_names() if name != self.lab]
