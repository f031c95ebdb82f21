"""What a blank exercise costs the others: nothing, if grading follows through."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from types import ModuleType

from autograde.marking import blanks, engine, follow, life, needs
from autograde.marking.blanks import Paper
from autograde.proving.ledger import Ledger
from autograde.proving.mutants import sampled
from autograde.proving.pool import Outcome
from autograde.proving.subjects import Subject, digest, subjects
from autograde.sandbox import Warm
from autograde.tree import Tree

ENGINE: tuple[ModuleType, ...] = (blanks, engine, follow, life, needs)
NOTHING = ""
"""Stands for no blank exercise."""
# In the sandbox, without walls: all code is the course's own.
ENVIRONMENT = {"COURSE_PROFILE": "grade"}


def cascade(
    tree: Tree, lab: str, chosen: Iterable[Subject], share: float, jobs: int
) -> Iterator[tuple[str, dict[str, float]]]:
    """For each exercise what the others lose under grading when it is left blank, in points.

    What the reference loses without a blank, in the sandbox, comes first, under :data:`NOTHING`;
    it is no cost of a blank.

    Args:
        tree: the course.
        lab: the lab.
        chosen: exercises that are left blank, one at a time.
        share: of the exercises that no other needs; those that others need are all tried.
        jobs: notebooks at a time.
    """
    wanted = [one.name for one in chosen if _is_needed(lab, one.name) or sampled(one.name, share)]
    found = dict(_known_or_graded(tree, lab, [NOTHING, *wanted], jobs))
    usual = found.pop(NOTHING)
    yield NOTHING, usual
    for blank, lost in found.items():
        more = {name: round(points - usual.get(name, 0.0), 2) for name, points in lost.items()}
        yield blank, {name: points for name, points in more.items() if points > 0}


def _known_or_graded(
    tree: Tree, lab: str, names: list[str], jobs: int
) -> Iterator[tuple[str, dict[str, float]]]:
    ledger = Ledger.at(tree.root / "build" / "prove" / lab / "cascade.jsonl")
    keys = _keys(tree, lab, names)
    new = [name for name, key in keys.items() if key not in ledger.known]
    for name in keys.keys() - new:
        yield name, ledger.known[keys[name]].result
    for name, lost in _graded(tree, lab, new, jobs):
        ledger.note(keys[name], Outcome(lost))
        yield name, lost


def _graded(
    tree: Tree, lab: str, names: list[str], jobs: int
) -> Iterator[tuple[str, dict[str, float]]]:
    if not names:
        return
    paper = Paper.of(tree, lab)
    warm = Warm(isolation="none", environment=ENVIRONMENT)
    with warm, ThreadPoolExecutor(jobs) as pool:
        waiting = {
            pool.submit(blanks.cascade, paper, {name} - {NOTHING}, warm): name for name in names
        }
        try:
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _keys(tree: Tree, lab: str, names: list[str]) -> dict[str, str]:
    every = subjects(tree, lab)
    code = [inspect.getsource(module) for module in ENGINE]
    whole = digest(tree.source(lab).read_text("utf-8"), *code, *(one.digest for one in every))
    return {name: digest(whole, "blank", name) for name in names}


def _is_needed(lab: str, name: str) -> bool:
    return any(name in used for used in needs.course(lab).direct.values())
