"""Three budgets for one notebook: ``quick``, ``full`` and ``grade``.

========= ================================================ =====================================
profile   for                                              budget
========= ================================================ =====================================
``quick`` laptops without a GPU, regression tests          a notebook within 60 s on two CPU cores
``full``  Colab or a workstation with a GPU                a notebook within 10 min on a small GPU
``grade`` grading                                          seconds; exploration cells are skipped
========= ================================================ =====================================

The environment variable ``COURSE_PROFILE`` chooses; without it a machine with an accelerator
gets ``full`` and any other ``quick``.
"""

from __future__ import annotations

import os
from typing import TypeVar

T = TypeVar("T")

NAMES = ("quick", "full", "grade")
VARIABLE = "COURSE_PROFILE"


def current() -> str:
    """Name of the profile in force.

    Raises:
        ValueError: ``COURSE_PROFILE`` names no profile.
    """
    name = os.environ.get(VARIABLE, "").strip().lower()
    return _checked(name) if name else _from_hardware()


def choose(name: str | None) -> str:
    """Put a profile in force for this process; ``None`` keeps what the environment says.

    Raises:
        ValueError: ``name`` is no profile.
    """
    if name is not None:
        os.environ[VARIABLE] = _checked(name)
    return current()


def pick(*, quick: T, full: T, grade: T | None = None) -> T:
    """The value for the profile in force: ``epochs = pick(quick=2, full=20)``.

    ``grade`` falls back to ``quick``.
    """
    name = current()
    if name == "full":
        return full
    return grade if name == "grade" and grade is not None else quick


def _checked(name: str) -> str:
    if name not in NAMES:
        raise ValueError(
            f"unknown profile {name!r}: expected one of {', '.join(NAMES)}. "
            f"Set {VARIABLE} or the notebook's PROFILE to one of them."
        )
    return name


def _from_hardware() -> str:
    import torch

    accelerated = torch.cuda.is_available() or torch.backends.mps.is_available()
    return "full" if accelerated else "quick"
