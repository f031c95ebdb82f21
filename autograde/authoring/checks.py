"""How a lab's checks are written: visible and hidden cases, an oracle, known mistakes.

They lie in ``solutions/LAB/checks/``, a file for each exercise or small family. Its ``__init__``
makes the lab's :class:`Book` and imports the files::

    check = Book("lab06_resnet")

    @check.define(oracle={"double": lambda x: 2 * x}, mistakes=[...], forbids=["mul"])
    def double(rng):
        \"\"\"Twice as much.\"\"\"                     # the line that the student reads
        yield Case("a few numbers", call("double", normal(rng, 4)), "Which factor?")

    @check.hidden("double")
    def double_hidden(rng):
        yield Case("a batch", call("double", normal(rng, 3, 5)))

Visible cases are run once on the oracle and on the mistakes, and the answers are stored for the
student's side (:mod:`autograde.authoring.compile`). Grading puts all cases, visible and hidden, on
fresh inputs, and expects what the reference answers.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from autograde.authoring import faults
from autograde.authoring import reference as references
from autograde.authoring.contracts import Contract, weighted
from autograde.authoring.factors import ambiguous
from autograde.errors import DesignedError
from autograde.tree import Tree, TreeError, find
from course.checks import Case, Check, Known, Prepared
from course.checks.cases import FROM_ORACLE, tolerances
from course.checks.claims import reading
from course.checks.probes import Answer
from course.checks.sketches import Fingerprint, sketched
from course.device import seeded

CaseMaker = Callable[[torch.Generator], Iterable[Case]]

VISIBLE_SEED = 0


class CheckError(DesignedError):
    """A check can't be used as it is written; the message names it and what to do."""


@dataclass(frozen=True)
class Mistake:
    """A known wrong answer, as code: whoever answers like it gets its hint.

    Attributes:
        name: short, stable name; class reports count it.
        objects: the wrong objects, under the student's names.
        hint: a sentence that makes one think, not the answer.
    """

    name: str
    objects: Mapping[str, Any]
    hint: str


@dataclass(frozen=True)
class Definition:
    """One exercise's check, as its author wrote it.

    Attributes:
        name: the exercise's id, which is also its ``grade_id``.
        about: one line that the student reads.
        visible: makes the visible cases from a random generator.
        hidden: make further cases, for grading alone.
        oracle: objects that answer the probes rightly, under the student's names.
        mistakes: known wrong answers.
        allows: beginnings of full names in ``course`` that an answer may use; all others are told
            to a person, like what is forbidden.
        forbids: plain names of what the exercise asks to write by hand. Grading tells a person
            where an answer uses one; it costs no point.
        contract: what it takes and gives; the standard cases come from it.
        constant: whether the right answer is the same for everybody, by the exercise's text: a
            table of a paper, say. Then another student's answers are right ones.
        lab: whose check it is.
        home: the module that defines it.
    """

    name: str
    about: str
    visible: CaseMaker
    hidden: tuple[CaseMaker, ...] = ()
    oracle: Mapping[str, Any] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()
    forbids: tuple[str, ...] = ()
    allows: tuple[str, ...] = ()
    contract: Contract | None = None
    constant: bool = False
    lab: str = ""
    home: str = ""

    def shown(self) -> Check:
        """The visible check, as the student has it once it is stored: large values sketched."""
        own, standard, _ = self._cases(VISIBLE_SEED)
        prepared = (
            *_prepared(own, self.oracle, self.mistakes, sketched),
            *_prepared(standard, self.reference, self.mistakes, sketched),
        )
        return Check(self.name, self.about, prepared, self.forbids, self.allows)

    def graded(self, reference: Mapping[str, Any], seed: int) -> Check:
        """All cases on inputs drawn from ``seed``; the reference says what is expected."""
        cases = [case for some in self._cases(seed) for case in some]
        prepared = _prepared(cases, reference, self.mistakes)
        return Check(self.name, self.about, prepared, self.forbids, self.allows)

    def _cases(self, seed: int) -> tuple[list[Case], list[Case], list[Case]]:
        """The author's visible cases, the standard ones, and the hidden ones."""
        rng = torch.Generator().manual_seed(seed)
        own = self._made(self.visible, rng)
        hidden = [case for maker in self.hidden for case in self._made(maker, rng)]
        if self.contract is None:
            return own, [], hidden
        standing = partial(self.contract.cases, self.name, self.reference[self.name])
        standard = self._made(standing, rng)
        return own, weighted(own, standard, self.contract.share)[len(own) :], hidden

    def _made(self, maker: CaseMaker, rng: torch.Generator) -> list[Case]:
        """The cases of one maker.

        Raises:
            CheckError: it raises; names the file and the line.
        """
        try:
            return list(maker(rng))
        except DesignedError:
            raise
        except Exception as error:
            home = Path(inspect.unwrap(self.visible).__code__.co_filename)
            place = faults.place_of(error, [*home.parents][:4][-1])  # solutions/LAB/checks/FILE.py
            raise CheckError(f"{place or self.place}: {_raised(error)}") from error

    @property
    def place(self) -> str:
        """``solutions/LAB/checks/FILE.py:LINE``, where it is written."""
        code = inspect.unwrap(self.visible).__code__
        return f"solutions/{self.lab}/checks/{Path(code.co_filename).name}:{code.co_firstlineno}"

    @property
    def reference(self) -> Mapping[str, Any]:
        """The lab's reference, and the oracle for what it has not."""
        try:
            return {**self.oracle, **references.load(self.lab)}
        except TreeError:  # a book of no lab, as in tests
            return self.oracle


class Book:
    """The checks of a lab, in the order in which they are defined.

    Args:
        lab: the lab's name, ``lab01_activations``.
    """

    def __init__(self, lab: str) -> None:
        self.lab = lab
        self._checks: dict[str, Definition] = {}

    def define(
        self,
        *,
        oracle: Mapping[str, Any] | None = None,
        mistakes: Iterable[Mistake] = (),
        forbids: Iterable[str] = (),
        allows: Iterable[str] = (),
        contract: Contract | None = None,
        constant: bool = False,
        name: str = "",
    ) -> Callable[[CaseMaker], CaseMaker]:
        """Decorate a function that yields the visible cases; its name is the check's, its
        docstring the line that the student reads. The arguments are attributes of
        :class:`Definition`.
        """
        known = tuple(mistakes)

        def register(maker: CaseMaker) -> CaseMaker:
            key = name or maker.__name__
            if key in self._checks:
                raise CheckError(f"{self.lab} defines the check {key!r} twice: rename one.")
            if len({one.name for one in known}) < len(known):
                raise CheckError(f"{self.lab}: two mistakes of {key!r} share a name: rename one.")
            for one in known:
                if not isinstance(one.hint, str):
                    raise CheckError(
                        f"{self.lab}: the hint of the mistake {one.name!r} of {key!r} is no text. "
                        "Write a sentence: a mistake is known by its values, so it needs no hints "
                        "by kind; those belong to a case."
                    )
            about = (maker.__doc__ or "").strip().split("\n")[0]
            self._checks[key] = Definition(
                key,
                about,
                maker,
                oracle=dict(oracle or {}),
                mistakes=known,
                forbids=tuple(forbids),
                allows=tuple(allows),
                contract=contract,
                constant=constant,
                lab=self.lab,
                home=maker.__module__,
            )
            return maker

        return register

    def hidden(self, name: str) -> Callable[[CaseMaker], CaseMaker]:
        """Decorate a function that yields further cases of the check ``name``, for grading; it
        stands below the check's own definition.
        """

        def extend(maker: CaseMaker) -> CaseMaker:
            known = self[name]
            self._checks[name] = replace(known, hidden=(*known.hidden, maker))
            return maker

        return extend

    def __getitem__(self, name: str) -> Definition:
        if name not in self._checks:
            known = ", ".join(self._checks) or "none"
            raise CheckError(
                f"{self.lab} has no check {name!r}; it has: {known}. "
                f"{faults.like(name, self._checks)}Correct the name, or write the check: a "
                f"function {name} under @check.define(…), above what belongs to it."
            )
        return self._checks[name]

    def __iter__(self) -> Iterator[Definition]:
        return iter(self._checks.values())

    def __contains__(self, name: object) -> bool:
        return name in self._checks


@cache
def load(lab: str, tree: Tree | None = None) -> Book:
    """The checks of a lab, from ``solutions/LAB/checks/`` of the course around.

    Raises:
        TreeError: there are none, or the package makes no ``check = Book(…)``.
    """
    folder = (tree or find()).checks(lab)
    if not (folder / "__init__.py").is_file():
        raise TreeError(
            f"no checks for {lab}: expected {folder / 'book.py'}, which makes "
            f"`check = Book({lab!r})`, and {folder / '__init__.py'}, which imports `check` from it "
            "and the files with the checks. See docs/authoring.md, Checks."
        )
    name = f"checks_of_{lab}_{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"
    book = getattr(package(name, folder), "check", None)
    if not isinstance(book, Book):
        raise TreeError(
            f"{folder / '__init__.py'} has no `check`: write `from .book import check` into it, "
            f"where book.py makes `check = Book({lab!r})`."
        )
    return book


def package(name: str, folder: Path) -> ModuleType:
    """The package in a folder that is on no import path, under a name of its own.

    Raises:
        CheckError: its code can't be run; names the file and the line.
    """
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        for one in [one for one in sys.modules if one == name or one.startswith(f"{name}.")]:
            del sys.modules[one]  # or what is mended is not read again
        place = faults.place_of(error, folder.parents[2])
        if not place or not isinstance(error, Exception):
            raise
        told = str(error) if isinstance(error, DesignedError) else _raised(error)
        raise CheckError(f"{place}: {told}") from error
    return module


def _raised(error: Exception) -> str:
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {said}. Correct this line; then run the command again."


def expectation(case: Case, oracle: Mapping[str, Any]) -> Any:
    """What the case expects: its golden value, or the oracle's answer.

    Raises:
        CheckError: the oracle has no answer; that is the author's fault, never the student's.
    """
    if case.expected is not FROM_ORACLE:
        return case.expected
    if case.probe.files:
        raise CheckError(f"{case.title!r} is about a handed-in file: give what it expects.")
    with seeded(0):  # what draws of its own accord gives the same at every build
        answer = case.probe.run(oracle)
    if answer.kind == "missing":
        raise CheckError(
            f"the oracle has no answer to {case.probe.text}: {answer.error}. Correct the name in "
            "the question, or give it to oracle={…}."
        )
    if answer.kind != "value":
        raise CheckError(f"the oracle has no answer to {case.probe.text}: {answer.error}")
    return answer.value


def _prepared(
    cases: Iterable[Case],
    oracle: Mapping[str, Any],
    mistakes: tuple[Mistake, ...],
    kept: Callable[[Any], Any] = lambda value: value,
) -> tuple[Prepared, ...]:
    return tuple(_one(case, oracle, mistakes, kept) for case in cases)


def _one(
    case: Case,
    oracle: Mapping[str, Any],
    mistakes: tuple[Mistake, ...],
    kept: Callable[[Any], Any],
) -> Prepared:
    def expect() -> Any:
        return kept(expectation(case, oracle))

    def know() -> Iterator[Known]:
        for mistake in () if case.probe.files else mistakes:
            if not set(case.probe.uses) & set(mistake.objects):
                continue  # it answers like the oracle here
            with seeded(0):
                answer = case.probe.run({**oracle, **mistake.objects})
            if (
                answer.kind == "value"
                and not _accepted(case, answer, prepared.expected)
                and not ambiguous(answer.value, prepared.expected, case.probe)
            ):
                sealed = getattr(case.judge, "sealed", False)
                how = tolerances(case.judge)
                value = reading(case.judge, answer.value, case.probe)
                fingerprint = Fingerprint.sealed(value) if sealed else Fingerprint.of(value, **how)
                yield Known(mistake.name, mistake.hint, fingerprint)

    prepared = Prepared(case, expect, know)
    return prepared


def _accepted(case: Case, answer: Answer, expected: Any) -> bool:
    return case.judge(answer.value, expected, case.probe).passed
