"""What the labs' experiments share in showing things on a notebook's page."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from statistics import mean
from typing import TypeVar

import numpy as np

from course.plots.showing import shown
from course.plots.style import formatted

T = TypeVar("T")
__all__ = ["attempt", "estimate", "live_front_end", "shown", "spread"]


def attempt(name: str, work: Callable[[], T]) -> T | None:
    """The result of work that uses the student's function ``name``.

    Where that can't be done yet: None, and a line of print that says why.
    """
    try:
        return work()
    except NotImplementedError:
        print(f"`{name}` is not written yet: run this cell again when it is.")
    except Exception as error:
        print(f"`{name}` stops with {type(error).__name__}: {error}. Look at its check first.")
    return None


def spread(values: Sequence[float], form: str = ".0%") -> str:
    """Mean ± standard deviation, or the value where there is one alone."""
    if len(values) < 2:
        return formatted(values[0], form)
    numbers = np.asarray(values, dtype=float)  # NaN, from a training that diverged, stays NaN
    middle = formatted(mean(values), form)  # the exact mean: ties hold
    return f"{middle} ± {formatted(numbers.std(ddof=1), form)}"


def estimate(values: Sequence[float], form: str = ".1f") -> str:
    """Mean ± standard error of the mean; values that are missing (NaN) are left out and counted.

    Shares that are shown in per cent (``".1%"``) read ``58.7 % ± 2.2 %``.
    """
    known = [value for value in values if value == value]
    if len(known) < 2:
        return "–"
    numbers = np.asarray(known, dtype=float)
    error = numbers.std(ddof=1) / len(known) ** 0.5
    left_out = len(values) - len(known)
    factor, unit = (100, " %") if form.endswith("%") else (1, "")
    form = form.replace("%", "f")
    text = f"{factor * mean(known):{form}}{unit} ± {factor * error:{form.lstrip('+')}}{unit}"
    return f"{text} ({len(known)} of {len(values)})" if left_out else text


def live_front_end() -> bool:
    """Whether a person's front end is attached: Jupyter's session, Colab, VS Code or Kaggle.

    A notebook that a program runs (nbclient, papermill, nbval) has a kernel and no one to move
    a slider.
    """
    variables = ("JPY_SESSION_NAME", "VSCODE_PID", "VSCODE_CWD")
    if os.environ.get("KAGGLE_KERNEL_RUN_TYPE") == "Interactive":
        return True
    return "google.colab" in sys.modules or any(os.environ.get(name) for name in variables)
