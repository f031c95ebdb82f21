"""The library behind the labs: data, devices, training, instruments, plots and checks.

Instruments, never answers: nothing here solves an exercise. Submodules load on first use, so
that ``import course`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course import (
        augment,
        checks,
        data,
        device,
        diagrams,
        handin,
        instruments,
        plots,
        predictions,
        preflight,
        profile,
        progress,
        training,
        weights,
    )

__version__ = "0.1.0"
__all__ = [
    "augment",
    "checks",
    "compare",
    "data",
    "device",
    "diagrams",
    "hand_in",
    "handin",
    "instruments",
    "overview",
    "plots",
    "predict",
    "predictions",
    "preflight",
    "profile",
    "progress",
    "start",
    "training",
    "weights",
]


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return importlib.import_module(f"course.{name}")
    raise AttributeError(f"module 'course' has no attribute {name!r}")


def start(profile: str | None = None, seed: int = 0) -> str:
    """Begin a notebook: choose the profile, fix the seeds, set the plot style.

    Returns:
        What this notebook runs on, and on what its longer results were obtained before.

    Raises:
        ValueError: ``profile`` is not one of ``quick``, ``full``, ``grade``.
    """
    from course import device, plots, threads
    from course import profile as profiles

    name = profiles.choose(profile)
    device.seed_everything(seed)
    plots.use_style()
    if name != "grade":  # where nobody looks, figures are what matplotlib makes of them
        plots.use_display()
        threads.share_cores()  # graders give each student's process its threads themselves
    line = f"course {__version__} · {device.describe()} · profile {name}"
    origin = importlib.import_module("course.recorded").here()
    return line if name == "grade" else "\n".join(filter(None, (line, origin)))


def predict(name: str, question: str, answer: Any = ..., *args: Any, **kwargs: Any) -> Any:
    """Take a prediction before an experiment: see :func:`course.predictions.predict`."""
    return importlib.import_module("course.predictions").predict(
        name, question, answer, *args, **kwargs
    )


def compare(name: str, found: Any, error: float = 0.0, **kwargs: Any) -> Any:
    """Come back to a prediction after it: see :func:`course.predictions.compare`."""
    return importlib.import_module("course.predictions").compare(name, found, error, **kwargs)


def overview(lab: str | None = None) -> Any:
    """Points by visible checks so far, and what is open: of the running lab, or of a named one.

    Raises:
        LookupError: no lab is running, or none has this name.
    """
    return importlib.import_module("course.progress").overview(lab)


def hand_in(lab: str | None = None) -> Any:
    """Look at the notebook as it is saved, say what to fix, and pack the file to hand in.

    Raises:
        LookupError: no lab is running, or none has this name.
    """
    return importlib.import_module("course.handin").from_notebook(lab)
