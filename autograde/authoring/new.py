"""The first files of a new lab: small, and they build and pass at once."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

from autograde.authoring.source import lab_number
from autograde.errors import DesignedError
from autograde.tree import Tree

NAME = re.compile(r"lab\d\d_[a-z][a-z0-9_]*")


class NewLabError(DesignedError):
    """No lab can be begun under this name or title; the message says why."""


def write(tree: Tree, lab: str, title: str) -> list[Path]:
    """Write the first files of a lab.

    Returns:
        Their paths.

    Raises:
        NewLabError: the name is no lab's, or is taken; the title is empty.
    """
    _refuse(tree, lab, title)
    made = []
    for place, text in FILES.items():
        path = tree.root / place.replace("LAB", lab)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = text.replace("LAB", lab).replace("NUMBER", str(lab_number(lab)))
        path.write_text(text.replace("TITLE", _as_yaml(title)), encoding="utf-8")
        made.append(path)
    return made


def _refuse(tree: Tree, lab: str, title: str) -> None:
    if not NAME.fullmatch(lab):
        raise NewLabError(
            f"expected a name such as lab09_name: two digits, then small letters; found {lab!r}."
        )
    if not title.strip() or not title.isprintable():
        raise NewLabError(f"expected a title of one line, found {title!r}.")
    for folder in (tree.source(lab).parent, tree.compiled(lab).parent, tree.student(lab).parent):
        if folder.exists():
            raise NewLabError(f"{folder.relative_to(tree.root)} exists: choose another name.")
    numbers = {lab_number(one): one for one in tree.lab_names()}
    if other := numbers.get(lab_number(lab)):
        raise NewLabError(
            f"{other} has this number: choose another one, lab{max(numbers) + 1:02} is free."
        )


def _as_yaml(title: str) -> str:
    """The title as the source's header has it: in quotes only where YAML needs them."""
    try:
        plain = yaml.safe_load(f"title: {title}") == {"title": title}
    except yaml.YAMLError:
        plain = False
    return title if plain else json.dumps(title, ensure_ascii=False)


SOURCE = '''\
# ---
# jupyter:
#   course:
#     title: TITLE
#     minutes: 10
# ---

# %% [markdown]
# Say here what this lab is about, and what can be done after it.

# %% setup=true
from torch import Tensor

import course
from course.labs.LAB import check, experiments

# %% varies=true
print(course.start(PROFILE))

# %% [markdown] intro="double"
# ### Twice as much
# Write $f(x) = 2x$, for a tensor of any shape.


# %% exercise="double" difficulty=1 minutes=5
def double(x: Tensor) -> Tensor:
    """Twice as much.

    Args:
        x: any shape, floating point.

    Returns:
        2x, with the shape and the dtype of x.
    """
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


# %% check="double" points=2

# %% [markdown] intro="why_linear"
# ### Is it linear?
# Is $f$ a linear function? Give the reason in a sentence.

# %% [markdown] question="why_linear" points=1 minutes=5
# Yes: doubling a sum gives the sum of the doubles, and a factor can be taken out.
'''

CHECKS = '''\
"""Checks of lab NUMBER."""

from __future__ import annotations

from . import double
from .book import check

__all__ = ["check", "double"]
'''

CHECKS_BOOK = '''\
"""The book of lab NUMBER's checks."""

from __future__ import annotations

from autograde.authoring.checks import Book

check = Book("LAB")
'''

CHECK = '''\
"""Checks of `double`: twice as much."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Generator

from autograde.authoring.checks import Mistake
from course.checks import Case, ask, call, close, gradient
from course.checks.inputs import normal
from course.labs.LAB.questions import for_each

from .book import check


@check.define(
    oracle={"double": lambda x: x + x},  # correct, and independent of lab.py
    mistakes=[
        Mistake("squared", {"double": lambda x: x * x}, "What does yours give at 3?"),
    ],
)
def double(rng: Generator) -> Iterator[Case]:
    """Twice as much."""
    yield Case("a few numbers", call("double", normal(rng, 4)), "Try it at 3.", close(1e-6))
    yield Case("its gradient", gradient("double", normal(rng, 4)), "How fast does it grow?")
    shapes = [normal(rng, 3), normal(rng, 2, 3)]
    probe = ask(for_each, "double", shapes, text="double(x) for x of shape (3,), (2, 3)")
    yield Case("any shape", probe, "Does yours ask for the shape of x?", weight=0.5)


@check.hidden("double")
def double_hidden(rng: Generator) -> Iterator[Case]:
    yield Case("a batch", call("double", normal(rng, 8, 16)), "Any shape will come.")
'''

ANSWERS = '''\
"""Answers to lab NUMBER, right and wrong."""

from __future__ import annotations

from . import double
from .book import answers

__all__ = ["answers", "double"]
'''

ANSWERS_BOOK = '''\
"""The hand-written answers to lab NUMBER."""

from __future__ import annotations

from autograde.authoring.answers import Answers

answers = Answers("LAB")
'''

ANSWER = '''\
"""Answers to `double`."""

from __future__ import annotations

from .book import answers

answers.right("double", "by addition", lambda x: x + x)
answers.wrong("double", "the square", lambda x: x * x, mistake="squared", at_most=0.3)
answers.wrong("double", "half", answers.changed("double", "- return 2 * x\\n+ return x / 2"))
'''

SAMPLE = """\
# ---
# jupyter:
#   sample:
#     says: SAYS
# ---
"""

PACKAGE = '''\
"""What the notebook of lab NUMBER imports: its visible checks and its experiments."""

from __future__ import annotations

from course.checks import Checks
from course.labs.LAB import experiments

check = Checks("LAB")

__all__ = ["check", "experiments"]
'''

QUESTIONS = '''\
"""What the checks of lab NUMBER ask, beyond plain calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def for_each(function: Callable[..., Any], inputs: list[Any]) -> list[Any]:
    """What the function returns for each of the inputs."""
    return [function(one) for one in inputs]
'''

EXPERIMENTS = '''\
"""Experiments of lab NUMBER: what its notebook draws and measures, one file per subject."""
'''

FILES = {
    "solutions/LAB/lab.py": SOURCE,
    "solutions/LAB/checks/__init__.py": CHECKS,
    "solutions/LAB/checks/book.py": CHECKS_BOOK,
    "solutions/LAB/checks/double.py": CHECK,
    "solutions/LAB/answers/__init__.py": ANSWERS,
    "solutions/LAB/answers/book.py": ANSWERS_BOOK,
    "solutions/LAB/answers/double.py": ANSWER,
    "solutions/LAB/samples/reference--full.py": SAMPLE.replace("SAYS", "the reference, handed in"),
    "solutions/LAB/samples/not-attempted--zero.py": SAMPLE.replace(
        "SAYS", "the student notebook as released"
    ),
    "course/labs/LAB/__init__.py": PACKAGE,
    "course/labs/LAB/questions.py": QUESTIONS,
    "course/labs/LAB/experiments/__init__.py": EXPERIMENTS,
}
