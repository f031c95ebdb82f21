"""Students' code behind walls: one process each, forked from a warm one.

>>> with Warm() as warm, warm.session() as session:          # doctest: +SKIP
...     session.run("def double(x):\\n    return 2 * x", timeout=30)
...     session.ask(call("double", 21), timeout=10).value
42
"""

from __future__ import annotations

from autograde.sandbox.client import Isolation, Warm
from autograde.sandbox.errors import IsolationError, SandboxError
from autograde.sandbox.limits import Limits
from autograde.sandbox.selftest import Wall, proven, selftest
from autograde.sandbox.session import CellRun, Session, Tested

__all__ = [
    "CellRun",
    "Isolation",
    "IsolationError",
    "Limits",
    "SandboxError",
    "Session",
    "Tested",
    "Wall",
    "Warm",
    "proven",
    "selftest",
]
