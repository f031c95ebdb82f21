"""The checks of one lab, by name, and how a notebook runs them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from course.checks.cases import Case, Mistake, Patience, Prepared
from course.checks.report import Report

CaseMaker = Callable[[torch.Generator], Iterable[Case]]

VISIBLE_SEED = 0
PATIENCE = 2.0  # seconds that a student waits for a known mistake to be recognised


@dataclass(frozen=True)
class Check:
    """One exercise's check.

    Attributes:
        name: the exercise's id, which is also its ``grade_id``.
        about: one line that the student reads.
        makers: functions that make the cases from a random generator.
        oracle: objects that answer the probes rightly, under the student's names.
        mistakes: known wrong answers.
    """

    name: str
    about: str
    makers: tuple[CaseMaker, ...]
    oracle: Mapping[str, Any] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()

    def cases(self, seed: int = VISIBLE_SEED) -> list[Case]:
        """The cases with inputs drawn from ``seed``."""
        generator = torch.Generator().manual_seed(seed)
        return [case for maker in self.makers for case in maker(generator)]

    def prepared(
        self,
        oracle: Mapping[str, Any] | None = None,
        seed: int = VISIBLE_SEED,
        patience: Patience | None = None,
    ) -> list[Prepared]:
        """The cases, ready to judge any number of students' answers against one oracle."""
        truth = self.oracle if oracle is None else oracle
        return [Prepared(case, truth, self.mistakes, patience) for case in self.cases(seed)]

    def run(
        self,
        namespace: Mapping[str, Any],
        *,
        oracle: Mapping[str, Any] | None = None,
        seed: int = VISIBLE_SEED,
        points: float = 1.0,
        patience: Patience | None = None,
    ) -> Report:
        """Probe the student's objects and judge their answers in this process; files that are
        handed in lie beside the notebook, in the current folder.
        """
        ready = self.prepared(oracle, seed, patience)
        results = tuple(one.put(lambda probe: probe.run(namespace)) for one in ready)
        return Report(self.name, self.about, results, points)


class Checks:
    """The checks of a lab. Calling it runs one on the objects of the calling notebook.

    Args:
        lab: the lab's name, ``lab01_activations``.
    """

    def __init__(self, lab: str) -> None:
        self.lab = lab
        self._checks: dict[str, Check] = {}

    def define(
        self,
        *,
        oracle: Mapping[str, Any] | None = None,
        mistakes: Iterable[Mistake] = (),
        name: str = "",
    ) -> Callable[[CaseMaker], CaseMaker]:
        """Decorate a function that yields cases; its name is the check's, its docstring the
        line that the student reads.
        """

        known = tuple(mistakes)

        def register(maker: CaseMaker) -> CaseMaker:
            key = name or maker.__name__
            if key in self._checks:
                raise ValueError(f"{self.lab} defines the check {key!r} twice: rename one")
            if len({one.name for one in known}) < len(known):
                raise ValueError(f"{self.lab}: two mistakes of {key!r} share a name: rename one")
            about = (maker.__doc__ or "").strip().split("\n")[0]
            self._checks[key] = Check(key, about, (maker,), dict(oracle or {}), known)
            return maker

        return register

    def hidden(self) -> Checks:
        """A copy to which hidden cases can be added; the visible ones stay in it."""
        twin = Checks(self.lab)
        twin._checks = dict(self._checks)
        return twin

    def also(self, name: str) -> Callable[[CaseMaker], CaseMaker]:
        """Decorate a function that yields further cases of the check ``name``."""

        def extend(maker: CaseMaker) -> CaseMaker:
            check = self[name]
            self._checks[name] = replace(check, makers=(*check.makers, maker))
            return maker

        return extend

    def __getitem__(self, name: str) -> Check:
        if name not in self._checks:
            known = ", ".join(self._checks) or "none"
            raise KeyError(f"{self.lab} has no check {name!r}; it has: {known}")
        return self._checks[name]

    def __iter__(self) -> Iterator[Check]:
        return iter(self._checks.values())

    def __contains__(self, name: object) -> bool:
        return name in self._checks

    def __call__(self, name: str, points: float = 1.0) -> Report:
        """Run a visible check on the names of the calling notebook."""
        names = sys._getframe(1).f_globals
        return self[name].run(names, points=points, patience=Patience(PATIENCE))
