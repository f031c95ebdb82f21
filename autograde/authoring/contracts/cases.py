"""What all contracts share: how a standard case is made, named and weighed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from torch import Generator

from course.checks import Case, Probe, stored, wording
from course.checks.judges import Judge, close
from course.checks.kinds import Hint, Kind

Adapter = Callable[[Any], Any]

SINGLE = close(1e-4, 1e-5)
HALF = close(2e-2, 2e-2)
CHANGED: Mapping[Kind, str] = {
    "changed": (
        "What was given, and the process around, must be as before: is something written into an "
        "argument (`+=`, `pop`, `sort`, a method that ends in `_`), or kept for the next call?"
    )
}


class Contract(Protocol):
    """Makes the standard cases of an exercise."""

    @property
    def share(self) -> float:
        """What the standard cases weigh together, as a share of the whole check."""

    def cases(self, name: str, thing: Any, rng: Generator) -> Iterator[Case]:
        """The standard cases of the exercise ``name``, whose reference is ``thing``."""
        ...


@dataclass(frozen=True)
class Several:
    """More than one contract for one exercise, such as a builder of several kinds.

    Attributes:
        parts: by what stands before their cases' titles; nothing for an empty text.
        share: of all together, see :class:`Contract`.
    """

    parts: Mapping[str, Contract]
    share: float = 0.3

    def cases(self, name: str, thing: Any, rng: Generator) -> Iterator[Case]:
        """The standard cases of all parts."""
        for label, part in self.parts.items():
            for case in part.cases(name, thing, rng):
                yield replace(case, title=f"{label}: {case.title}" if label else case.title)


def weighted(own: Sequence[Case], standard: Sequence[Case], share: float) -> list[Case]:
    """All cases, where the standard ones together weigh their share."""
    if not standard:
        return list(own)
    whole = sum(case.weight for case in own) or 1.0
    each = whole * share / (1 - share) / sum(case.weight for case in standard)
    return [*own, *(replace(case, weight=round(case.weight * each, 4)) for case in standard)]


@dataclass(frozen=True)
class Maker:
    """Makes cases of one exercise."""

    name: str
    adapter: Adapter | None

    def case(
        self, title: str, question: Any, *args: Any, judge: Judge, text: str = "", hint: Hint = ""
    ) -> Case:
        """A case with a question of :mod:`course.checks.battery`."""
        adapter = stored.named(self.adapter) if self.adapter else ""
        probe = Probe(
            question, (self.name,), (adapter, *args), text=text or self.name + written(args)
        )
        return Case(title, probe, hint, judge)


def written(args: Sequence[Any]) -> str:
    """Arguments as one would type them, in brackets."""
    return wording.call_text("", args, {})


def hinted(case: Case, hints: Mapping[str, Hint]) -> Case:
    """The case with its author's hint, if there is one for its title."""
    return replace(case, hint=hints.get(case.title, case.hint))
