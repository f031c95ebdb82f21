"""Answers that a lab's author wrote by hand, right and wrong, and what must become of them.

They lie in ``solutions/LAB/answers/``, a file for each exercise or small family; its ``__init__``
makes ``answers = Answers("LAB")`` and imports the files::

    answers.right("double", "by addition", lambda x: x + x)
    answers.wrong("double", "the square", lambda x: x * x, mistake="squared", at_most=0.3)
    answers.equivalent("double", "- return 2 * x\n+ return x * 2", "the order does not matter")

An answer is laid over the reference, so that what it uses of other exercises is right. Whole
submissions, with everything that a notebook file can have, are samples: see
:mod:`autograde.authoring.samples`.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, wraps
from pathlib import Path
from typing import Any

from torch import nn

from autograde.authoring import faults, reference
from autograde.authoring.checks import package
from autograde.errors import DesignedError
from autograde.tree import Tree, TreeError, find


@dataclass(frozen=True)
class Attempt:
    """An answer to one exercise.

    Attributes:
        exercise: whose check it meets.
        says: what is right or wrong about it.
        objects: by the student's names.
        right: whether it must get full points.
        mistake: the known mistake that must be recognised, if any.
        at_most: share of the points that a wrong one may get, visible and graded.
        at_least: share that it must get, since most of it is right.
        unseen: whether only grading sees that it is wrong, not the visible check.
        home: the module that gives it.
        place: ``solutions/LAB/answers/FILE.py:LINE``, where it is given.
    """

    exercise: str
    says: str
    objects: Mapping[str, Any]
    right: bool
    mistake: str = ""
    at_most: float = 1.0
    at_least: float = 0.0
    unseen: bool = False
    home: str = ""
    place: str = ""


class AnswerError(DesignedError):
    """A hand-written answer can't be tried; the message names file, line and what to do."""


@dataclass(frozen=True)
class Equivalent:
    """A change of the reference that is no mistake, although it looks like one.

    Attributes:
        exercise: whose answer it changes.
        change: lines with - and +, see :mod:`autograde.authoring.changes`.
        reason: why the answer stays right, in a sentence.
    """

    exercise: str
    change: str
    reason: str


class Answers:
    """The hand-written answers of a lab, in the order in which they are given."""

    def __init__(self, lab: str) -> None:
        self.lab = lab
        self._attempts: list[Attempt] = []
        self._equivalents: list[Equivalent] = []

    @property
    def reference(self) -> Mapping[str, Any]:
        """Names that the reference solution defines, for answers that build on them."""
        return reference.load(self.lab)

    def begun_alike(self, exercise: str) -> Callable[..., Any]:
        """The reference's network or builder, all of whose kernels begin as one number."""
        make = self.reference[exercise]

        @wraps(make)
        def build(*args: Any, **kwargs: Any) -> Any:
            model = make(*args, **kwargs)
            for one in model.parameters():
                if one.ndim > 1:
                    nn.init.constant_(one, 0.02)
            return model

        return build

    def changed(self, exercise: str, change: str) -> Mapping[str, Any]:
        """The reference's answer with lines replaced: see :mod:`autograde.authoring.changes`."""
        return reference.changed(self.lab, exercise, change)

    def right(self, exercise: str, says: str, answer: Any) -> None:
        """An answer that must get full points; a mapping gives several names."""
        objects, home = _named(exercise, answer), self._home(1)
        self._add(Attempt(exercise, says, objects, True, "", 1.0, 1.0, False, *home))

    def wrong(
        self,
        exercise: str,
        says: str,
        answer: Any,
        *,
        mistake: str = "",
        at_most: float = 1.0,
        at_least: float = 0.0,
        unseen: bool = False,
    ) -> None:
        """An answer that must lose points; see :class:`Attempt`."""
        objects, home = _named(exercise, answer), self._home(1)
        bounds = (at_most, at_least, unseen)
        self._add(Attempt(exercise, says, objects, False, mistake, *bounds, *home))

    def equivalent(self, exercise: str, change: str, reason: str) -> None:
        """Explain a mutant that no check can catch, since it is right: see :class:`Equivalent`."""
        self._equivalents.append(Equivalent(exercise, change, reason))

    @property
    def equivalents(self) -> tuple[Equivalent, ...]:
        """Changes that are no mistakes."""
        return tuple(self._equivalents)

    def _add(self, attempt: Attempt) -> None:
        if any((one.exercise, one.says) == (attempt.exercise, attempt.says) for one in self):
            raise AnswerError(
                f"two answers to {attempt.exercise} say {attempt.says!r}: change what one says."
            )
        self._attempts.append(attempt)

    def _home(self, depth: int) -> tuple[str, str]:
        """The module that calls, and its file and line."""
        frame = sys._getframe(depth + 1)
        file = Path(frame.f_code.co_filename).name
        place = f"solutions/{self.lab}/answers/{file}:{frame.f_lineno}"
        return frame.f_globals["__name__"], place

    def __iter__(self) -> Iterator[Attempt]:
        return iter(self._attempts)


@cache
def load(lab: str, tree: Tree | None = None) -> Answers:
    """The hand-written answers of a lab; none, where there is no such folder.

    Raises:
        AnswerError: an answer is to no exercise.
        CheckError: a file can't be run; names its line.
        TreeError: there are files, but no ``__init__.py`` imports them and ``answers``.
    """
    folder = (tree or find()).answers(lab)
    if not (folder / "__init__.py").is_file():
        if any(folder.glob("*.py")):
            raise TreeError(
                f"the answers to {lab} would not be tried: expected {folder / '__init__.py'}, "
                "which has `from .book import answers` and imports the files beside it, and "
                f"{folder / 'book.py'}, which makes `answers = Answers({lab!r})`."
            )
        return Answers(lab)
    name = f"answers_to_{lab}_{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"
    found = getattr(package(name, folder), "answers", None)
    if not isinstance(found, Answers):
        raise TreeError(
            f"{folder / '__init__.py'} has no `answers`: write `from .book import answers` into "
            f"it, where book.py makes `answers = Answers({lab!r})`."
        )
    exercises = dict(reference.cells(lab, tree))
    for one in found:
        if one.exercise not in exercises:
            raise AnswerError(
                f"{one.place}: {lab} has no exercise {one.exercise!r}, so nobody would try this "
                f"answer. {faults.like(one.exercise, exercises)}Correct the name."
            )
    return found


def _named(exercise: str, answer: Any) -> Mapping[str, Any]:
    return answer if isinstance(answer, Mapping) else {exercise: answer}
