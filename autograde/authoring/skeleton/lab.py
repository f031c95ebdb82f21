"""A lab around its exercises."""

from __future__ import annotations

LAB = """\
# ---
# jupyter:
#   course:
#     title: @TITLE@
#     minutes: 15
# ---

# %% [markdown]
# Not every measurement deserves the same trust, and not every neighbour the same say. In this lab
# you write a mean that knows the difference.

# %% setup=true
from torch import Tensor

import course
from course.labs.@LAB@ import check, experiments

# %% varies=true
print(course.start(PROFILE))

@EXERCISE@

# %% [markdown]
# A noisy curve, smoothed twice by what you wrote: with equal weights, and with most weight in the
# middle of the window.

# %% explore=true varies=true
ax = experiments.attempt("@NAME@", lambda: experiments.smoothed(@NAME@))
"""

CHECKS = '''\
"""Checks of lab @NUMBER@."""

from __future__ import annotations

from .book import check

__all__ = ["check"]
'''

CHECKS_BOOK = '''\
"""The book of lab @NUMBER@'s checks."""

from __future__ import annotations

from autograde.authoring.checks import Book

check = Book("@LAB@")
'''

ANSWERS = '''\
"""Answers to lab @NUMBER@, right and wrong."""

from __future__ import annotations

from .book import answers

__all__ = ["answers"]
'''

ANSWERS_BOOK = '''\
"""The hand-written answers to lab @NUMBER@."""

from __future__ import annotations

from autograde.authoring.answers import Answers

answers = Answers("@LAB@")
'''

PACKAGE = '''\
"""What the notebook of lab @NUMBER@ imports: its visible checks and its experiments."""

from __future__ import annotations

from course.checks import Checks
from course.labs.@LAB@ import experiments

check = Checks("@LAB@")

__all__ = ["check", "experiments"]
'''

PACKAGE_ALONE = '''\
"""What the notebook of lab @NUMBER@ imports: its visible checks."""

from __future__ import annotations

from course.checks import Checks

check = Checks("@LAB@")

__all__ = ["check"]
'''

EXPERIMENTS = '''\
"""Experiments of lab @NUMBER@: what its notebook draws and measures, one file per subject."""

from course.labs.@LAB@.experiments.smoothing import smoothed
from course.labs.shared.pages import attempt

__all__ = ["attempt", "smoothed"]
'''

EXPERIMENT = '''\
"""A noisy curve, smoothed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from course import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 9  # points in a window


def smoothed(mean: Callable[[Tensor, Tensor], Tensor]) -> Axes:
    """A noisy sine, and its means over windows; ``mean`` is what the student wrote."""
    x = torch.linspace(0, 2, 120)
    noise = torch.randn(len(x), generator=torch.Generator().manual_seed(0))
    measured = torch.sin(5 * x) + 0.4 * noise
    windows, middle = measured.unfold(0, WIDTH, 1), slice(WIDTH // 2, -(WIDTH // 2))
    lines = {
        "measured": measured[middle],
        "equal weights": mean(windows, torch.ones(WIDTH)),
        "most in the middle": mean(windows, torch.hann_window(WIDTH + 2)[1:-1]),
    }
    return plots.curves(x[middle], lines, xlabel="x", ylabel="value")
'''

REFERENCE = """\
# ---
# jupyter:
#   sample:
#     says: the reference, handed in
# ---
"""

NOT_ATTEMPTED = """\
# ---
# jupyter:
#   sample:
#     says: the student notebook as released
# ---
"""

BESIDE = {
    "solutions/@LAB@/checks/__init__.py": CHECKS,
    "solutions/@LAB@/checks/book.py": CHECKS_BOOK,
    "solutions/@LAB@/answers/__init__.py": ANSWERS,
    "solutions/@LAB@/answers/book.py": ANSWERS_BOOK,
    "solutions/@LAB@/samples/reference--full.py": REFERENCE,
    "solutions/@LAB@/samples/not-attempted--zero.py": NOT_ATTEMPTED,
    "course/labs/@LAB@/__init__.py": PACKAGE_ALONE,
}
"""What every lab with exercises has beside its source."""

OF_LAB = BESIDE | {
    "course/labs/@LAB@/__init__.py": PACKAGE,
    "course/labs/@LAB@/experiments/__init__.py": EXPERIMENTS,
    "course/labs/@LAB@/experiments/smoothing.py": EXPERIMENT,
}
"""The same of a new lab, which has an experiment too."""
