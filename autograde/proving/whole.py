"""All proofs of a lab."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from autograde.errors import DesignedError
from autograde.proving import cascade
from autograde.proving.proof import Plan, Proof, prove
from autograde.proving.subjects import Subject, subjects
from autograde.tree import Tree


class ProofError(DesignedError):
    """Nothing can be proved; the message says what was expected."""


def chosen(tree: Tree, labs: Sequence[str], exercises: Sequence[str]) -> dict[str, list[Subject]]:
    """The exercises to prove, by lab.

    Args:
        tree: the course.
        labs: the labs.
        exercises: names of exercises; all of the labs if there are none.

    Raises:
        ProofError: no lab has an exercise of a name.
    """
    found = {lab: subjects(tree, lab, exercises) for lab in labs}
    known = {one.name for several in found.values() for one in several}
    if unknown := [name for name in exercises if name not in known]:
        every = ", ".join(one.name for lab in labs for one in subjects(tree, lab))
        raise ProofError(f"no exercise is called {unknown[0]!r}. There are: {every}.")
    return {lab: several for lab, several in found.items() if several}


def prove_lab(
    tree: Tree, several: Sequence[Subject], plan: Plan, jobs: int, tell: Callable[[str], None]
) -> list[Proof]:
    """The proofs of exercises of one lab, without what a blank costs.

    Args:
        tree: the course.
        several: the exercises.
        plan: how much is tried.
        jobs: processes at a time.
        tell: is called with a line that says how far it is.
    """

    def count(name: str, done: int, of: int) -> None:
        tell(f"{name}: {done} of {of}")

    return [prove(tree, one, plan, jobs, partial(count, one.name)) for one in several]


def with_blanks(tree: Tree, proofs: Sequence[Proof], share: float, jobs: int) -> list[Proof]:
    """The proofs of one lab, with what each exercise costs the others when it is left blank."""
    several = [one.subject for one in proofs]
    lost = dict(cascade.cascade(tree, several[0].lab, several, share, jobs))
    usual = lost.pop(cascade.NOTHING)
    return [
        replace(one, lost=lost.get(one.subject.name), alone=usual.get(one.subject.name, 0.0))
        for one in proofs
    ]
