"""The leaderboard of a lab whose check measures networks: from the last grading's results."""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograde.errors import DesignedError
from autograde.handing_in.normalise.flags import shown
from autograde.results import results_of

Z = 1.96  # standard deviations to each side of a 95 % interval
DAMAGE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What reading something raises that is no longer as it was written."""

REASONS = {
    "skipped": "not attempted",
    "grader_error": "the check itself failed",
    "failed": "could not be measured",
}
# Of aliases. Another list or order would change everyone's.
COLOURS = (
    "amber ashen auburn azure beige black blue bronze brown buff cobalt copper coral cream crimson "
    "dun ebony fawn flaxen golden green grey hazel indigo ivory jade khaki lilac maroon mauve navy "
    "ochre olive orange pink purple red russet rusty sable saffron sandy scarlet sepia silver "
    "tawny teal umber violet white"
)
BIRDS = (
    "avocet bittern bunting buzzard condor coot crane curlew dipper dove dunlin eagle egret eider "
    "falcon finch flamingo gannet goldcrest goshawk grebe gull harrier heron hoopoe ibis jackdaw "
    "jay kestrel kingfisher kite lapwing lark linnet magpie martin merlin nightjar nuthatch oriole "
    "osprey ouzel owl petrel pipit plover puffin quail raven redstart robin rook sandpiper shrike "
    "siskin snipe sparrow starling stork swallow swan swift tern thrush wagtail warbler wren"
)


class LeaderboardError(DesignedError):
    """There is nothing to rank; the message says what was expected and what to do."""


@dataclass(frozen=True)
class Entry:
    """A student's measured network.

    Attributes:
        student: the folder's name, or what stands for it.
        accuracy: share of the hidden images that it gets right.
        images: how many there were; None where the judge does not tell.
        parameters: numbers in the file, counted by the grader; None where it does not count.
        points: of the check that measured it.
        maximum: that the check gives.
        rank: from 1; equal accuracies share one.
    """

    student: str
    accuracy: float
    images: int | None
    parameters: int | None
    points: float
    maximum: float
    rank: int = 0

    @property
    def label(self) -> str:
        """The student's name with control and direction marks escaped; HTML is not."""
        return shown(self.student)

    @property
    def interval(self) -> tuple[float, float] | None:
        """Made so that 19 of 20 such intervals hold the accuracy on all images of the kind."""
        return wilson(self.accuracy, self.images) if self.images else None


@dataclass(frozen=True)
class Absent:
    """A student without a measured network, and why."""

    student: str
    why: str

    @property
    def label(self) -> str:
        """The student's name with control and direction marks escaped; HTML is not."""
        return shown(self.student)


@dataclass(frozen=True)
class Board:
    """A class, ranked."""

    lab: str
    entries: tuple[Entry, ...]
    absent: tuple[Absent, ...] = ()

    @property
    def students(self) -> list[str]:
        """All names."""
        return [entry.student for entry in self.entries] + [one.student for one in self.absent]

    @property
    def frontier(self) -> list[Entry]:
        """Networks that no other beats: none is at least as accurate and at most as large, and
        better in one of the two. The smallest first.
        """
        counted = [entry for entry in self.entries if entry.parameters]
        unbeaten = [one for one in counted if not any(_beats(other, one) for other in counted)]
        return sorted(unbeaten, key=lambda entry: (entry.parameters or 0, entry.label))


def wilson(accuracy: float, images: int, z: float = Z) -> tuple[float, float]:
    """Wilson's interval for a share (Wilson 1927); it never leaves [0, 1].

    Args:
        accuracy: the share seen.
        images: on how many.
        z: standard deviations to each side.
    """
    weight = z * z / images
    centre = (accuracy + weight / 2) / (1 + weight)
    half = math.sqrt(weight * (accuracy * (1 - accuracy) + weight / 4)) / (1 + weight)
    return max(0.0, centre - half), min(1.0, centre + half)


def read(work: Path, lab: str) -> Board:
    """The board of the last grading that came to its end.

    Raises:
        LeaderboardError: nothing is graded, nothing was measured, or the results are damaged.
    """
    path = results_of(work, lab)
    again = f"`autograde grade {lab} --workdir {work}`"
    if not path.is_file():
        raise LeaderboardError(
            f"no results of {lab}: expected {path}. Run {again} first; what is graded already is "
            "not run again."
        )
    try:
        return board(json.loads(path.read_text(encoding="utf-8")))
    except DAMAGE:
        raise LeaderboardError(
            f"{path}: the results are damaged. Run {again}: it writes them anew, and what is "
            "graded already is not run again."
        ) from None


def board(results: Mapping[str, Any]) -> Board:
    """The board of a grading's results.

    Args:
        results: as :meth:`autograde.results.ClassResult.as_json` gives them.

    Raises:
        LeaderboardError: nobody's network was measured.
    """
    students: Sequence[Mapping[str, Any]] = results["students"]
    exercise = _exercise(results["lab"], students)
    entries, absent = [], []
    for student in students:
        cell = student["cells"].get(exercise, {})
        if _measured(cell):
            entries.append(_entry(student["student"], cell))
        else:
            absent.append(Absent(student["student"], _why(student, cell)))
    return Board(results["lab"], _ranked(entries), _in_order(absent))


def aliased(board: Board, names: Mapping[str, str]) -> Board:
    """The board with an alias for each name, in an order that does not give names away."""
    entries = [replace(entry, student=names[entry.student]) for entry in board.entries]
    absent = [replace(one, student=names[one.student]) for one in board.absent]
    return replace(board, entries=_ranked(entries), absent=_in_order(absent))


def aliases(students: Iterable[str], secret: bytes) -> dict[str, str]:
    """An alias for each student, such as ``amber heron 27``; no two are the same.

    A student keeps it from lab to lab. Without the secret nobody can tell whose it is.
    """
    found: dict[str, str] = {}
    for student in sorted(set(students)):
        attempt = 0
        while (alias := _alias(student, secret, attempt)) in found.values():
            attempt += 1
        found[student] = alias
    return found


def _alias(student: str, secret: bytes, attempt: int) -> str:
    told = f"{attempt}/{student}".encode("utf-8", "surrogateescape")
    number = int.from_bytes(hmac.new(secret, told, hashlib.sha256).digest(), "big")
    words = []
    for choice in (COLOURS.split(), BIRDS.split()):
        number, place = divmod(number, len(choice))
        words.append(choice[place])
    return f"{' '.join(words)} {number % 90 + 10}"


def _exercise(lab: str, students: Sequence[Mapping[str, Any]]) -> str:
    """The check that measured the networks."""
    counts = Counter(
        name for student in students for name, cell in student["cells"].items() if _measured(cell)
    )
    if not counts:
        raise LeaderboardError(
            f"nothing to rank in {shown(lab)}: the last grading measured nobody's network. Either "
            "no check of this lab measures an accuracy, or no weights were handed in: look at the "
            "table of `autograde grade`."
        )
    return counts.most_common(1)[0][0]


def _measured(cell: Mapping[str, Any]) -> bool:
    accuracy = cell.get("measured", {}).get("accuracy", math.nan)
    if accuracy < 0 or accuracy > 1:
        raise ValueError(f"{accuracy} is no share")
    return math.isfinite(accuracy)


def _entry(student: str, cell: Mapping[str, Any]) -> Entry:
    numbers = cell["measured"]
    images, parameters = (numbers.get(name) for name in ("images", "parameters"))
    return Entry(
        student,
        float(numbers["accuracy"]),
        int(images) if images else None,
        int(parameters) if parameters else None,
        float(cell["points"] or 0.0),
        float(cell["maximum"]),
    )


def _why(student: Mapping[str, Any], cell: Mapping[str, Any]) -> str:
    if student["outcome"] == "not handed in":
        return "not handed in"
    if student["outcome"] != "graded":
        return "the notebook could not be read"
    skipped = cell.get("status") == "skipped"
    if not skipped and any(flag["code"] == "file-missing" for flag in student["flags"]):
        return "no weights handed in"
    return REASONS.get(cell.get("status", ""), "could not be measured")


def _ranked(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The most accurate first; of equals, the smallest. Equals share a rank."""
    ordered = sorted(entries, key=lambda e: (-e.accuracy, e.parameters or math.inf, e.label))
    better = Counter(entry.accuracy for entry in ordered)
    ranks = {
        accuracy: 1 + sum(count for other, count in better.items() if other > accuracy)
        for accuracy in better
    }
    return tuple(replace(entry, rank=ranks[entry.accuracy]) for entry in ordered)


def _in_order(absent: Iterable[Absent]) -> tuple[Absent, ...]:
    return tuple(sorted(absent, key=lambda one: one.label))


def _beats(one: Entry, other: Entry) -> bool:
    mine, its = one.parameters or 0, other.parameters or 0
    at_least = one.accuracy >= other.accuracy and mine <= its
    return at_least and (one.accuracy > other.accuracy or mine < its)
