"""Probes: questions to a student's objects, and the answers that come back."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from course.checks import failures, layouts, wording
from course.checks.failures import ProbeError as ProbeError
from course.checks.kinds import Kind
from course.checks.listening import listening

Files = Callable[[str], Mapping[str, Tensor]]
"""From the name of a handed-in file to the tensors in it."""


@dataclass(frozen=True)
class Foreign:
    """A value of a type that no check compares: only its name and its text are kept."""

    type_name: str
    text: str


@dataclass(frozen=True)
class Answer:
    """What came back: a plain value, or the reason why there is none.

    ``kind`` is ``value``, ``raised`` (the student's code failed; ``error`` says how and ``cause``
    in which way), ``not_attempted`` (what was asked is a stub still; ``error`` names it) or
    ``missing`` (no such name).

    ``printed``, ``warned`` and ``calls`` are what was heard beside it: texts, warnings a line each,
    and the names of watched functions that were called.
    """

    kind: Literal["value", "raised", "not_attempted", "missing"]
    value: Any = None
    error: str = ""
    printed: str = ""
    cause: Kind | Literal[""] = ""
    warned: str = ""
    calls: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class HandedIn:
    """Stands in a probe's arguments for the tensors of a file that the student hands in.

    In the student's kernel the file beside the notebook is read; under grading the trusted side
    reads the one in the submission. Question and judge get the tensors, a ``dict[str, Tensor]``.

    Attributes:
        name: of the file, ``network.safetensors``.
    """

    name: str

    def __repr__(self) -> str:
        return f"the tensors in {self.name}"


@dataclass(frozen=True)
class Probe:
    """One question, as data that can travel to another process.

    Attributes:
        question: module-level function of ``course.labs`` or ``course.checks`` that is called with
            the student's objects first and the arguments after them, and returns plain values.
        uses: names of the student's objects.
        args: positional arguments; tensors are copied before each run. An argument may be
            :class:`HandedIn`.
        kwargs: keyword arguments, likewise.
        text: what the student reads under "tried".
        seconds: wall time that grading allows at least, for a question that trains; 0 for the
            grader's ordinary limit.
        watched: plain names of torch's functions whose calls the answer tells.
        argument: what the exercise calls the first positional argument.
        then: a second question, which uses no objects: asked where nothing of the student's is,
            with the answer to the first before its own arguments. What it finds is judged.
    """

    question: Callable[..., Any]
    uses: tuple[str, ...]
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    seconds: float = 0.0
    watched: tuple[str, ...] = ()
    argument: str = ""
    then: Probe | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the handed-in files that it needs."""
        given = (*self.args, *self.kwargs.values())
        own = [one.name for one in given if isinstance(one, HandedIn)]
        return tuple(dict.fromkeys([*own, *(self.then.files if self.then else ())]))

    @property
    def alone(self) -> bool:
        """Whether it is asked where nothing of the student's is."""
        return not self.uses

    def with_files(self, read: Files) -> Probe:
        """The probe with tensors in the places of :class:`HandedIn`; itself if there are none."""
        if not self.files:
            return self
        tensors = {name: dict(read(name)) for name in self.files}

        def filled(value: Any) -> Any:
            return tensors[value.name] if isinstance(value, HandedIn) else value

        kwargs = {key: filled(value) for key, value in self.kwargs.items()}
        then = self.then.with_files(tensors.__getitem__) if self.then else None
        return replace(self, args=tuple(map(filled, self.args)), kwargs=kwargs, then=then)

    def answered(self, ask: Callable[[Probe], Answer]) -> Answer:
        """What comes back to it and, where there is a second question, to that.

        Where that one fails, no code of the student's was there to fail: ``{"why": …}`` comes back.
        """
        answer = ask(self)
        if self.then is None or answer.kind != "value":
            return answer
        second = ask(replace(self.then, args=(answer.value, *self.then.args)))
        return second if second.kind == "value" else Answer("value", {"why": second.error})

    def run(self, namespace: Mapping[str, Any]) -> Answer:
        """Ask the objects of ``namespace``; whatever they do becomes an :class:`Answer`."""
        for name in self.uses:
            if name not in namespace:
                return Answer("missing", error=f"`{name}` is not defined")
        objects = [namespace[name] for name in self.uses]
        try:
            with listening(namespace, self.watched) as heard, _settings_kept():
                value = self.question(*objects, *copied(self.args), **copied(dict(self.kwargs)))
                value = plain(value)
        except (Exception, SystemExit) as error:
            found = failures.described(error, self.uses, namespace, self.question)
            answer = Answer(found.kind, error=found.error, cause=found.cause)
        else:
            answer = Answer("value", value=value)
        return replace(answer, printed=heard.printed, warned=heard.warned, calls=heard.calls)


@contextmanager
def _settings_kept() -> Iterator[None]:
    """Settings of torch that an answer leaves behind are told where it is judged, and then undone:
    other answers are not to suffer from them.
    """
    gradients, dtype = torch.is_grad_enabled(), torch.get_default_dtype()
    try:
        yield
    finally:
        torch.set_grad_enabled(gradients)
        torch.set_default_dtype(dtype)


def ask(
    question: Callable[..., Any], uses: str | tuple[str, ...], *args: Any, text: str, **kwargs: Any
) -> Probe:
    """A probe with a question of the lab's own."""
    names = (uses,) if isinstance(uses, str) else uses
    return Probe(question, names, args, kwargs, text)


def call(name: str, *args: Any, **kwargs: Any) -> Probe:
    """Call the student's function ``name`` and take what it returns."""
    return Probe(called, (name,), args, kwargs, wording.call_text(name, args, kwargs))


def gradient(name: str, *args: Any, wrt: int = 0, **kwargs: Any) -> Probe:
    """The gradient of ``name(*args).sum()`` with respect to argument ``wrt``, a float tensor."""
    text = f"gradient of {wording.call_text(name, args, kwargs)}"
    return Probe(gradient_of, (name,), args, {**kwargs, "wrt": wrt}, text)


def gradient_of(function: Callable[..., Any], *args: Any, wrt: int = 0, **kwargs: Any) -> Tensor:
    """Gradient of ``function(*args, **kwargs).sum()`` by autograd; shape of ``args[wrt]``.

    Raises:
        ProbeError: the output is no tensor, or autograd can't follow it back to the input.
    """
    inputs = list(args)
    inputs[wrt] = inputs[wrt].detach().clone().requires_grad_()
    output = function(*inputs, **kwargs)
    if not isinstance(output, Tensor):
        item = plain(output)
        told = f"returned {wording.kind_of(item)}, expected a tensor"
        raise ProbeError(told, wording.kind_of_failure(item))
    if not output.requires_grad:
        raise ProbeError(
            "autograd can't follow the output back to the input: was it detached, turned into "
            "numpy or plain numbers, or computed under no_grad?",
            "detached",
        )
    (result,) = torch.autograd.grad(output.sum(), inputs[wrt], allow_unused=True)
    return torch.zeros_like(inputs[wrt]) if result is None else result


def plain(value: Any) -> Any:
    """A copy of ``value`` made of None, bool, int, float, str, tensors, lists and dicts.

    Anything else becomes a :class:`Foreign`, so no object of the student's reaches a judge.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Tensor):
        return value.detach().cpu().as_subclass(Tensor).clone()
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return Foreign(type(value).__name__, wording.shortened(repr(value)))


def copied(value: Any) -> Any:
    """``value`` with every tensor copied as it lies in memory, so that no student's code changes
    a check's inputs.
    """
    if isinstance(value, Tensor):
        return layouts.copy(value)
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(copied(item) for item in value)
    return value


def called(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What the function returns."""
    return function(*args, **kwargs)
