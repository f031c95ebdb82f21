"""The proof of an exercise: what was tried of it, and what came out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from autograde.authoring import answers, samples
from autograde.authoring.answers import Attempt
from autograde.errors import DesignedError
from autograde.proving import builtins, claims, equivalents, lazy, sources, trials, verdicts
from autograde.proving.ledger import Ledger, tried
from autograde.proving.mutants import Mutant, mutants, sampled
from autograde.proving.pool import Outcome, Trial
from autograde.proving.subjects import Subject, seeds
from autograde.tree import Tree

FEW = 2  # seeds for all but right answers
OTHERS = 3  # seeds for claims

Kind = Literal["right", "wrong", "mutant", "lazy", "claim", "built-in", "mistake"]


@dataclass(frozen=True)
class Plan:
    """How much is tried: right answers on how many seeds, and which share of the mutants."""

    seeds: int = 5
    sample: float = 1.0


@dataclass(frozen=True)
class Item:
    """One thing to try of an exercise.

    Attributes:
        kind: what it is.
        says: which one, for people.
        trial: how it is tried.
        trouble: from the outcome to what is wrong with it, empty if nothing is.
        mutant: the mutant, if it is one.
        place: file and line of what an author wrote.
    """

    kind: Kind
    says: str
    trial: Trial
    trouble: Callable[[Outcome], str]
    mutant: Mutant | None = None
    place: str = ""


@dataclass(frozen=True)
class Result:
    """An item and what became of it.

    Attributes:
        item: what was tried.
        outcome: of its trial.
        trouble: what is wrong with it, empty if nothing is.
        reason: why a mutant that survives is none, if its author says.
    """

    item: Item
    outcome: Outcome
    trouble: str
    reason: str = ""


@dataclass(frozen=True)
class Proof:
    """What came out for one exercise.

    Attributes:
        subject: the exercise.
        results: of all that was tried.
        idle: reasons given for what is no mutant.
        lost: points that other exercises lose under grading when this one is blank; None where
            that was not tried.
        told: how many built-ins that would answer it grading tells a person of.
        alone: points that the reference loses under grading, in the sandbox.
        broken: why nothing could be tried.
    """

    subject: Subject
    results: tuple[Result, ...]
    idle: tuple[str, ...] = ()
    told: int = 0
    lost: Mapping[str, float] | None = None
    alone: float = 0.0
    broken: str = ""

    def of(self, *kinds: Kind) -> list[Result]:
        """Results of these kinds."""
        return [one for one in self.results if one.item.kind in kinds]

    @property
    def findings(self) -> list[Result]:
        """What must not be: all trouble but survivors with a reason."""
        return [one for one in self.results if one.trouble and not one.reason]

    @property
    def holds(self) -> bool:
        """Whether the check is right, as far as was tried."""
        return not (self.findings or self.lost or self.alone or self.broken)

    @property
    def lazy_share(self) -> float:
        """What the best lazy answer gets."""
        return max((verdicts.lazy_share(one.outcome) for one in self.of("lazy")), default=0.0)

    @property
    def replayed(self) -> float:
        """What the answers of another student get."""
        found = (one for one in self.of("claim") if one.item.says == claims.ANOTHER)
        return max((verdicts.claimed_share(one.outcome) for one in found), default=0.0)


def items(tree: Tree, subject: Subject, plan: Plan) -> Iterator[Item]:
    """Everything that is tried of an exercise, what is quick first."""
    several = seeds(plan.seeds)
    yield from _by_hand(tree, subject, plan)
    for one in subject.definition.mistakes:
        objects = {**subject.definition.oracle, **one.objects}
        trial = trials.of_answer(
            subject, partial(dict, objects), several[:1], "mistake", one.name, recognise=True
        )
        alike = {other.name for other in subject.definition.mistakes if other.hint == one.hint}
        fits = partial(verdicts.of_mistake, mistake=one, alike=alike)
        yield Item("mistake", one.name, trial, fits, place=subject.definition.place)
    for says, make in lazy.lazy(subject).items():
        trial = trials.of_answer(subject, make, several[:FEW], "lazy", says)
        yield Item("lazy", says, trial, verdicts.of_lazy)
    for says, made in claims.claims(subject, seeds(OTHERS)).items():
        trial = trials.of_claims(subject, says, made, seeds(OTHERS))
        fixed = claims.is_fixed(subject, says)
        yield Item("claim", says, trial, verdicts.nothing if fixed else verdicts.of_claims)
    for full, make in builtins.builtins(subject)[1].items():
        trial = trials.of_answer(subject, make, several[:1], "lazy", full)
        yield Item("built-in", full, trial, verdicts.of_builtin)
    for mutant in mutants(subject.source) if subject.is_asked else ():
        if sampled(mutant.source, plan.sample):
            trial = trials.of_mutant(subject, mutant, several[:FEW])
            yield Item("mutant", mutant.slip, trial, verdicts.of_mutant, mutant)


def prove(
    tree: Tree, subject: Subject, plan: Plan, jobs: int, tell: Callable[[int, int], None]
) -> Proof:
    """Try everything of an exercise; what is known from earlier runs is not tried again.

    Args:
        tree: the course.
        subject: the exercise.
        plan: how much is tried.
        jobs: processes at a time.
        tell: is called after each trial with how many are done, and of how many.
    """
    try:
        wanted = list(items(tree, subject, plan))
        reasons = equivalents.reasons(tree, subject)
    except Exception as error:
        kind = "" if isinstance(error, DesignedError) else f"{type(error).__name__}: "
        return Proof(subject, (), broken=f"{kind}{error}")
    ledger = Ledger.at(tree.root / "build" / "prove" / subject.lab / f"{subject.name}.jsonl")
    outcomes = dict[str, Outcome]()
    with _beside(tree, subject.lab):
        different = {one.trial.key: one.trial for one in wanted}
        for trial, outcome in tried(different.values(), jobs, ledger):
            outcomes[trial.key] = outcome
            tell(len(outcomes), len(different))
    results = tuple(_result(one, outcomes[one.trial.key], reasons) for one in wanted)
    idle, (told, _) = equivalents.idle(reasons, subject), builtins.builtins(subject)
    return Proof(subject, results, idle, told)


def _result(item: Item, outcome: Outcome, reasons: Mapping[str, str]) -> Result:
    explained = reasons.get(item.mutant.source, "") if item.mutant else ""
    if explained and (trouble := verdicts.of_explained(outcome)):
        return Result(item, outcome, trouble)
    return Result(item, outcome, item.trouble(outcome), explained or verdicts.idle(outcome))


def _by_hand(tree: Tree, subject: Subject, plan: Plan) -> Iterator[Item]:
    several = seeds(plan.seeds)
    trial = trials.of_answer(subject, dict, several, "the reference")
    yield Item("right", "the reference", trial, verdicts.of_right)
    for one in answers.load(subject.lab, tree):
        if one.exercise == subject.name:
            trial = trials.of_answer(
                subject,
                partial(dict, one.objects),
                several if one.right else several[:FEW],
                *("by hand", one.says, *sources.behind([one.home])),
                recognise=bool(one.mistake),
            )
            if one.right:
                yield Item("right", one.says, trial, verdicts.of_right, place=one.place)
            else:
                caught = partial(_of_wrong, attempt=one)
                yield Item("wrong", one.says, trial, caught, place=one.place)


def _of_wrong(outcome: Outcome, attempt: Attempt) -> str:
    return verdicts.of_wrong(outcome, attempt) or verdicts.of_named(outcome, attempt)


@contextmanager
def _beside(tree: Tree, lab: str) -> Iterator[None]:
    """Where the files lie that the reference hands in."""
    path = tree.samples(lab) / "reference--full.py"
    files: Mapping[str, Any] = samples.read(path).files if path.is_file() else {}
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        for name, source in files.items():
            shutil.copy(source, Path(folder) / name)
        yield
