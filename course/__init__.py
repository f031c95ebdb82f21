"""The library behind the labs: data, devices, training, instruments, plots and checks.

Instruments, never answers: nothing here solves an exercise. Submodules load on first use, so
that ``import course`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from course import (
        augment,
        checks,
        data,
        device,
        diagrams,
        instruments,
        plots,
        preflight,
        profile,
        training,
        weights,
    )

__version__ = "0.1.0"
__all__ = [
    "augment",
    "checks",
    "data",
    "device",
    "diagrams",
    "instruments",
    "plots",
    "preflight",
    "profile",
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
        One line that says what this notebook runs on.

    Raises:
        ValueError: ``profile`` is not one of ``quick``, ``full``, ``grade``.
    """
    from course import device, plots
    from course import profile as profiles

    name = profiles.choose(profile)
    device.seed_everything(seed)
    plots.use_style()
    return f"course {__version__} · {device.describe()} · profile {name}"
