"""Questions that every exercise is asked, whatever it is about.

They put the same call in other ways: in single precision, with numbers spread in memory, twice, by
name, with gradients; and they bring back values each time, with what became of what was given. So
who answers wrongly has none of them right.

Objects reach them through an *adapter*, where an exercise asks for something else than a plain
function or class: a function of ``course.labs`` or ``course.checks``, by its ``module:name``.
"""

from __future__ import annotations

from course.checks.battery.functions import (
    again,
    edge,
    finely,
    in_dtype,
    in_ways,
    of_its_own,
    outcomes,
    slopes,
    spread,
    whole,
)
from course.checks.battery.models import inside, of_model
from course.checks.battery.networks import (
    learning,
    made_in_ways,
    model_again,
    one_by_one,
    two_of_them,
    values,
    variants,
)
from course.checks.battery.parts import (
    ANSWER,
    arguments_of,
    each,
    floats,
    next_numbers,
    seeded,
    settings,
    standing,
)

__all__ = [
    "ANSWER",
    "again",
    "arguments_of",
    "each",
    "edge",
    "finely",
    "floats",
    "in_dtype",
    "in_ways",
    "inside",
    "learning",
    "made_in_ways",
    "model_again",
    "next_numbers",
    "of_its_own",
    "of_model",
    "one_by_one",
    "outcomes",
    "seeded",
    "settings",
    "slopes",
    "spread",
    "standing",
    "two_of_them",
    "values",
    "variants",
    "whole",
]
