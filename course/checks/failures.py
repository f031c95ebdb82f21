"""From an exception in a student's code to what a panel says of it."""

from __future__ import annotations

import dis
import re
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any, Literal

from course.checks import wording
from course.checks.kinds import Kind

RAISE = dis.opmap["RAISE_VARARGS"]
NOT_THEIRS = ("course.", "torch.", "torchvision.", "numpy.", "autograde.")
EXERCISE = re.compile(r"[Ee]xercise\s+([\w.]+)")


class ProbeError(Exception):
    """The student's object does not behave as the probe needs; the message says how.

    Args:
        message: a sentence for the student.
        kind: of the failure, where it is one that has a name.
    """

    def __init__(self, message: str = "", kind: Kind = "unfit") -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Failure:
    """How a student's code failed: as an :class:`~course.checks.probes.Answer` has it."""

    kind: Literal["raised", "not_attempted"]
    cause: Kind
    error: str


@dataclass(frozen=True)
class Step:
    """A frame of a traceback, and the instruction at which it stood."""

    frame: FrameType
    at: int
    line: int

    @property
    def top(self) -> str:
        """The name at the top of a cell that it belongs to: ``Block`` for ``Block.forward``."""
        return self.frame.f_code.co_qualname.removesuffix(".<lambda>").split(".")[0]

    @property
    def theirs(self) -> bool:
        """Whether it is neither the course's nor torch's."""
        return not f"{self.frame.f_globals.get('__name__', '')}.".startswith(NOT_THEIRS)

    @property
    def raises(self) -> bool:
        """Whether it stands at a ``raise``, not at a call of something that failed."""
        return self.frame.f_code.co_code[self.at] == RAISE


def described(
    error: BaseException,
    uses: Sequence[str] = (),
    namespace: Mapping[str, Any] | None = None,
    question: Callable[..., Any] | None = None,
) -> Failure:
    """What failed, in words.

    Args:
        error: as it was caught.
        uses: names of the objects that were asked.
        namespace: the notebook's, to know the student's own lines by.
        question: that asked them.
    """
    if isinstance(error, ProbeError):
        unwritten = error.kind == "unwritten"  # of a question about what is no function
        return Failure("not_attempted" if unwritten else "raised", error.kind, str(error))
    steps = list(_steps(error.__traceback__))
    if isinstance(error, NotImplementedError) and steps and steps[-1].raises and steps[-1].theirs:
        asking = getattr(question, "__code__", None)
        theirs = [one for one in steps if one.theirs and one.frame.f_code is not asking]
        return _stub(error, theirs or steps[-1:], uses)
    text = f"{type(error).__name__}: {wording.shortened(str(error), 300)}".rstrip(": ")
    return Failure("raised", "raised", text + _where(steps, namespace))


def _stub(error: NotImplementedError, theirs: list[Step], uses: Sequence[str]) -> Failure:
    """The stub asked for, or one of another exercise that the answer uses."""
    first, last = theirs[0].top, theirs[-1].top
    found = EXERCISE.search(str(error))
    name = f"`{last}`" + (f" (exercise {found[1].rstrip('.')})" if found else "")
    if last == first or last in uses:
        return Failure("not_attempted", "unwritten", f"{name} is not written yet")
    return Failure("raised", "unwritten", f"{name} is not written yet, and this answer uses it")


def _where(steps: list[Step], namespace: Mapping[str, Any] | None) -> str:
    """The last line of the student's own that was running."""
    own = [step for step in steps if _of_a_notebook(step.frame, namespace)]
    if not own:
        return ""
    code = own[-1].frame.f_code
    (line,) = traceback.StackSummary.extract([(own[-1].frame, own[-1].line)])
    text = f": {wording.shortened(line.line, 80)}" if line.line else ""
    return f" (in `{code.co_name}`, line {own[-1].line}{text})"


def _of_a_notebook(frame: FrameType, namespace: Mapping[str, Any] | None) -> bool:
    file = frame.f_code.co_filename
    of_a_cell = "ipykernel_" in file or (file[:1] == "<" and not file.startswith("<frozen"))
    return frame.f_globals is namespace or of_a_cell


def _steps(trace: TracebackType | None) -> Iterator[Step]:
    while trace is not None:
        yield Step(trace.tb_frame, trace.tb_lasti, trace.tb_lineno)
        trace = trace.tb_next
