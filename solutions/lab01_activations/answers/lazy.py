"""What earns nothing in any exercise: a constant, and the argument itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .book import answers

EXERCISES = """
    sigmoid tanh relu leaky_relu elu selu sigmoid_grad tanh_grad relu_grad leaky_relu_grad elu_grad
    selu_grad ELUFunction chain_gradient dead_fraction
""".split()  # noqa: SIM905 - a table reads better


def always(value: float) -> Callable[..., Any]:
    """A function that fills its last argument's shape with one value."""
    return lambda *args, **kwargs: torch.full_like(args[-1], value)


class Same:
    """The identity under the interface of a Function."""

    @staticmethod
    def apply(x: Any, alpha: float) -> Any:
        return x


for exercise in EXERCISES:
    answers.wrong(exercise, "zeros", always(0.0), at_most=0.0)
    answers.wrong(exercise, "ones", always(1.0), at_most=0.0)
    answers.wrong(exercise, "its argument", lambda *args, **kwargs: args[-1], at_most=0.0)
    answers.wrong(exercise, "one half, a number", lambda *args: 0.5, at_most=0.0)
answers.wrong("ELUFunction", "its argument, by apply", Same, at_most=0.0)
