"""What can go wrong with the sandbox itself, as opposed to what students do in it."""

from __future__ import annotations


class SandboxError(RuntimeError):
    """The sandbox can't start or go on; a grader's failure, never a student's."""


class IsolationError(SandboxError):
    """A wall is missing on this machine.

    Attributes:
        wall: which one.
        detail: what the system said.
        install: what to install or to set.
    """

    def __init__(self, wall: str, detail: str, install: str) -> None:
        self.wall, self.detail, self.install = wall, detail, install
        super().__init__(
            f"the sandbox lacks a wall: {wall} ({detail}). To mend it: {install}. "
            "To run without walls, on notebooks that you trust only, ask for isolation 'none'."
        )
