"""What can go wrong with the sandbox itself, as opposed to what students do in it."""

from __future__ import annotations

from autograde.errors import DesignedError


class SandboxError(DesignedError):
    """The sandbox can't start or go on; a grader's failure, never a student's."""


class IsolationError(SandboxError):
    """A wall is missing on this machine.

    Attributes:
        wall: which one.
        detail: what the system said.
        install: what to install or to set.
    """

    exit_code = 3

    def __init__(self, wall: str, detail: str, install: str) -> None:
        self.wall, self.detail, self.install = wall, detail, install
        super().__init__(
            f"the sandbox lacks a wall: {wall} ({detail}). To mend it: {install}. "
            "To run without walls, on notebooks that you trust only, ask for isolation 'none'."
        )


NAMESPACES = (
    "allow unprivileged user namespaces: sysctl user.max_user_namespaces above 0, "
    "kernel.unprivileged_userns_clone=1 on Debian, and on Ubuntu 24.04 "
    "kernel.apparmor_restrict_unprivileged_userns=0 or an AppArmor profile with userns"
)
LANDLOCK = "a kernel of 5.13 or newer with landlock in its lsm= list"
SECCOMP = "a kernel with CONFIG_SECCOMP_FILTER"
ADVICE = {
    "unprivileged user": "run the grader in a user namespace that maps the id 65534",
    "Landlock": LANDLOCK,
    "seccomp": SECCOMP,
}


def refusal(failed: str, detail: str) -> SandboxError:
    """The error for a start that failed at a wall, or at something else."""
    if failed in ("imports", "start", "fork"):
        return SandboxError(f"the sandbox does not start ({failed}): {detail}")
    return IsolationError(failed, detail, ADVICE.get(failed, NAMESPACES))
