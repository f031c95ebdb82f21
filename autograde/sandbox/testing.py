"""Test cells of notebooks that are not the course's, run in the student's process.

As all from here, what comes back is a claim. It is made harder to forge, not impossible: a test's
value is read from a variable that its own last line fills, not from what was displayed; what the
student's code replaced in Python and in libraries that compare is put back first; and the text
that only the last line holds must come back.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import numbers
import unittest
from typing import Any

from autograde.sandbox.guard import Guard

PROOF = "__proof__"
"""The variable that a test's last line fills, with a text and the cell's value."""

FILE = "<test>"
LONGEST = 1000  # characters of a value or of an error


class Tester:
    """Runs test cells in a shell; made before any of the student's code runs."""

    def __init__(self, shell: Any) -> None:
        self.shell, self.guard = shell, Guard(shell)

    def run(self, source: str) -> dict[str, Any]:
        """Run one; its outputs are in the shell's collector.

        Args:
            source: plain Python, whose last line fills :data:`PROOF`.
        """
        claim: dict[str, Any] = {"good": False, "restored": self.guard.restore()[:20]}
        with self.shell.collecting(), self.shell.builtin_trap, self.shell.display_trap:
            try:
                proof, value = self._done(source)
                if self.shell.failed:  # a magic shows the errors of its code and goes on
                    return claim
                return claim | {"good": True, "proof": proof, "text": self._text(value)}
            except BaseException as error:  # also one that means to end the process
                said = _said(error)
                self.shell.collector.error(type(error).__name__, said, [])
                return claim | {"line": _line(error)}

    def _done(self, source: str) -> Any:
        space = self.shell.user_ns
        self.shell.failed = False
        self.shell.custom_exceptions = ()  # whose handlers would show errors their own way
        space.pop(PROOF, None)
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code = compile(source, FILE, "exec", flags=flags, dont_inherit=True)
        found = eval(code, space)
        if code.co_flags & inspect.CO_COROUTINE:
            asyncio.run(found)
        return space.pop(PROOF)

    def _text(self, value: Any) -> str | None:
        """A value as the notebook would show it; numbers of NumPy as plain ones.

        Raises:
            AssertionError: it is the result of a run of unittest that failed, and told stderr so.
        """
        if value is None:
            return None
        result = value.result if isinstance(value, unittest.TestProgram) else value
        if isinstance(result, unittest.TestResult) and not result.wasSuccessful():
            raise AssertionError(str(result))
        if isinstance(value, numbers.Real) and type(value) not in (int, float, bool):
            return repr(float(value))
        text = self.shell.display_formatter.formatters["text/plain"](value)
        return str(text)[:LONGEST]


def _said(error: BaseException) -> str:
    try:
        return str(error)[:LONGEST]
    except Exception as trouble:
        return f"<no text: {type(trouble).__name__}>"


def _line(error: BaseException) -> int:
    """The test's line that it comes from; 0 for none."""
    if isinstance(error, SyntaxError) and error.filename == FILE:
        return error.lineno or 0
    line, trace = 0, error.__traceback__
    while trace is not None:
        line = trace.tb_lineno if trace.tb_frame.f_code.co_filename == FILE else line
        trace = trace.tb_next
    return line
