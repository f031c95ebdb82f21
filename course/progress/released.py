"""What a lab's notebook consists of, as ``autograde build`` stored it: ``cells.json``."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

FILE = "cells.json"
HOME = "course.labs"


class NoFacts(LookupError):
    """No lab has this name; the message names those that there are."""


@dataclass(frozen=True)
class Exercise:
    """One graded item: an exercise with its check, or a question that a person reads."""

    name: str
    number: str
    title: str
    points: float
    minutes: int
    written: bool
    optional: bool = False

    @property
    def label(self) -> str:
        """``1.3 · ReLU``."""
        return f"{self.number} · {self.title}"


@dataclass(frozen=True)
class Facts:
    """A lab, as its students' notebook has it.

    Attributes:
        lab: ``lab01_activations``.
        title: what it is called.
        minutes: that it takes, about, reading and experiments counted.
        core_minutes: of them on the core path; 0 for a lab that is optional.
        setup: names that the setup cell makes.
        files: what is handed in beside the notebook.
        predictions: names of those that the notebook asks for.
        exercises: in order.
        cells: those that are graded or locked, in order, as released: the JSON of a notebook's.
    """

    lab: str
    title: str
    minutes: int
    core_minutes: int
    setup: tuple[str, ...]
    files: tuple[str, ...]
    predictions: tuple[str, ...]
    exercises: tuple[Exercise, ...]
    cells: tuple[Mapping[str, Any], ...]

    @property
    def number(self) -> int:
        """The 1 of ``lab01_activations``."""
        return int(self.lab[3:5])

    @property
    def checked(self) -> tuple[Exercise, ...]:
        """Exercises with a check."""
        return tuple(one for one in self.exercises if not one.written)

    def exercise(self, name: str) -> Exercise | None:
        """The one of this name."""
        return next((one for one in self.exercises if one.name == name), None)


@cache
def facts(lab: str) -> Facts:
    """The facts of a lab, by its name or by its beginning: ``lab04``.

    Raises:
        NoFacts: there is no such lab.
    """
    (name,) = [one for one in labs() if one == lab or one.split("_")[0] == lab] or [""]
    if not name:
        raise NoFacts(f"no lab is called {lab!r}; there are: {', '.join(labs()) or 'none'}")
    found = json.loads((resources.files(HOME) / name / FILE).read_text(encoding="utf-8"))
    return Facts(
        name,
        found["title"],
        found["minutes"],
        found.get("core_minutes", found["minutes"]),
        tuple(found["setup"]),
        tuple(found["files"]),
        tuple(found.get("predictions", ())),
        tuple(Exercise(**one) for one in found["exercises"]),
        tuple(found["cells"]),
    )


@cache
def labs() -> tuple[str, ...]:
    """All labs that are built, in order."""
    homes = (one for one in resources.files(HOME).iterdir() if one.name.startswith("lab"))
    return tuple(sorted(one.name for one in homes if (one / FILE).is_file()))


def running() -> str:
    """The lab that this kernel is in: the last whose package was imported.

    Raises:
        NoFacts: none was.
    """
    modules = tuple(sys.modules)  # as they are now: `labs` imports more of them
    names = (name.removeprefix(f"{HOME}.") for name in modules if name.startswith(HOME))
    found = [name for name in names if name in labs()]
    if not found:
        raise NoFacts(
            "which lab? Run the notebook's setup cell first, or name it: "
            f'course.overview("{labs()[0] if labs() else "lab00"}")'
        )
    return found[-1]
