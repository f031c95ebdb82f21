"""What a student's code does besides answering: it prints, warns, calls what is forbidden.

Nothing of it reaches stdout or stderr: a right answer that warns must not leave stderr in a graded
cell, where nbgrader scores that 0. And the notebook's random state is afterwards as it was:
NumPy's after a whole check, the others after each question.
"""

from __future__ import annotations

import contextlib
import io
import random
import re
import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from course.checks import wording
from course.checks.own import plain_name

PRINTED = 500  # characters of a student's own printing that are kept
WARNINGS = 3  # different warnings that are kept
CALLS = 20
TELLING = (UserWarning, RuntimeWarning)  # not what is about Python's or torch's next version
TRAILER = re.compile(r"\s*\(Triggered internally at .*\)\s*$", re.DOTALL)


@dataclass
class Heard:
    """What was heard while a student's code ran."""

    out: io.StringIO = field(default_factory=io.StringIO)
    warnings: list[str] = field(default_factory=list)
    names: dict[str, None] = field(default_factory=dict)

    @property
    def printed(self) -> str:
        """The beginning of what was printed."""
        return wording.shortened(self.out.getvalue(), PRINTED)

    @property
    def warned(self) -> str:
        """The warnings, a line each."""
        return "\n".join(self.warnings)

    @property
    def calls(self) -> tuple[str, ...]:
        """Names of the forbidden functions that were called."""
        return tuple(self.names)[:CALLS]


@contextlib.contextmanager
def listening(namespace: Mapping[str, Any], watched: Collection[str] = ()) -> Iterator[Heard]:
    """Listen to what runs inside.

    Args:
        namespace: of the notebook; only what its own code does is heard.
        watched: plain names of torch's functions whose calls are told.
    """
    heard = Heard()
    with (
        contextlib.ExitStack() as stack,
        warnings.catch_warnings(),
        contextlib.redirect_stdout(heard.out),
        contextlib.redirect_stderr(io.StringIO()),
        _own_draws(),
        _all_warnings(),
    ):
        warnings.simplefilter("default")
        warnings.showwarning = _hearing(heard.warnings, namespace)
        if watched:
            stack.enter_context(Watching(heard.names, watched, namespace))
        yield heard


@contextlib.contextmanager
def own_randomness() -> Iterator[None]:
    """The random generators of torch, NumPy and Python are afterwards as they were."""
    state = np.random.get_state()  # takes as long as a question: once for many
    try:
        with _own_draws():
            yield
    finally:
        np.random.set_state(state)


@contextlib.contextmanager
def _own_draws() -> Iterator[None]:
    states = torch.get_rng_state(), random.getstate()
    try:
        yield
    finally:
        torch.set_rng_state(states[0])
        random.setstate(states[1])


class Watching(TorchFunctionMode):
    """Notes which of some functions of torch a notebook's code calls.

    Args:
        names: takes their names.
        watched: plain names to look for.
        namespace: the notebook's.
    """

    def __init__(
        self, names: dict[str, None], watched: Collection[str], namespace: Mapping[str, Any]
    ) -> None:
        super().__init__()
        self.names, self.watched, self.namespace = names, frozenset(watched), namespace
        self._told: dict[Any, str] = {}

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Note the name, and call."""
        name = self._told.get(func)
        if name is None:
            name = self._told[func] = self._name(func)
        if name and name not in self.names and self._of_the_notebook(sys._getframe(1)):
            self.names[name] = None
        return func(*args, **(kwargs or {}))

    def _name(self, func: Callable[..., Any]) -> str:
        name = str(getattr(func, "__name__", "")).partition(".")[0]  # relu.default is relu
        return name if plain_name(name) in self.watched else ""

    def _of_the_notebook(self, frame: FrameType | None) -> bool:
        """Whether the notebook's code calls, or a layer of torch's, which the course did not."""
        through = False
        while frame is not None:
            home = f"{_module_of(frame)}."
            if not home.startswith("torch."):
                return through or not home.startswith("course.")
            through = through or home.startswith("torch.nn.modules.")
            frame = frame.f_back
        return False


def _module_of(frame: FrameType) -> str:
    """The name of the module whose code runs there; none where a cell only says that it is one."""
    name = frame.f_globals.get("__name__")
    module = sys.modules.get(name) if isinstance(name, str) else None
    return str(name) if getattr(module, "__dict__", None) is frame.f_globals else ""


@contextlib.contextmanager
def _all_warnings() -> Iterator[None]:
    """Also those that torch gives once a process."""
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        yield
    finally:
        torch.set_warn_always(before)


def _hearing(found: list[str], namespace: Mapping[str, Any]) -> Callable[..., None]:
    def hear(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: Any = None,
        line: Any = None,
    ) -> None:
        if len(found) < WARNINGS and issubclass(category, TELLING) and _inside(namespace):
            text = _warning(str(message), filename)
            if text not in found:
                found.append(text)

    return hear


def _warning(message: str, filename: str) -> str:
    torchs = "torch" in message.lower() or "tensor" in message.lower() or "torch" in filename
    text = wording.shortened(" ".join(TRAILER.sub("", message).split()), 240)
    return f"{'PyTorch' if torchs else 'Python'} warns: {text}"


def _inside(namespace: Mapping[str, Any]) -> bool:
    """Whether a notebook's code is running at this moment."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if frame.f_globals is namespace or "ipykernel_" in frame.f_code.co_filename:
            return not frame.f_code.co_name.startswith("<module>")
        frame = frame.f_back
    return False
