"""Checks of `map_loss`: the paper's equation 9."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch.nn.functional as F
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, ask, call, close
from course.checks.inputs import integers, uniform
from course.checks.kinds import Kind
from course.labs.lab02_lenet.questions.functions import losses, with_gradient
from course.labs.lab02_lenet.questions.gradients import loss_gradient

from .book import FOLLOW, SINGLE, TIGHT, check


def _map_loss(penalties: Tensor, labels: Tensor, j: float = 1.0) -> Tensor:
    """Cross-entropy in which one more class has the constant penalty j."""
    logits = F.pad(penalties.neg(), (0, 1), value=-j)
    return F.cross_entropy(logits, labels)


def _own(penalties: Tensor, labels: Tensor) -> Tensor:
    return penalties.gather(1, labels[:, None]).flatten()


def _wrong_loss(function: Callable[[Tensor, Tensor, float], Tensor]) -> dict[str, Any]:
    return {"map_loss": lambda penalties, labels, j=1.0: function(penalties, labels, j)}


LOSS_MISTAKES = [
    Mistake(
        "own_penalty_only",
        _wrong_loss(lambda y, t, j: _own(y, t).mean()),
        "That is equation 8, the simpler criterion: it only pulls at the right class. The "
        "logarithm that pushes the wrong ones away is missing.",
    ),
    Mistake(
        "constant_forgotten",
        _wrong_loss(lambda y, t, j: F.cross_entropy(-y, t)),
        "Without the constant this is an ordinary cross-entropy. Where does j come in?",
    ),
    Mistake(
        "constant_positive",
        _wrong_loss(lambda y, t, j: _map_loss(y, t, -j)),
        "The exponent of the constant has the other sign.",
    ),
    Mistake(
        "constant_not_an_exponent",
        _wrong_loss(lambda y, t, j: _map_loss(y, t, -math.log(j))),
        "You add j itself. The equation has e to the power of -j.",
    ),
    Mistake(
        "constant_outside",
        _wrong_loss(lambda y, t, j: F.cross_entropy(-y, t) + math.exp(-j)),
        "The constant stands inside the logarithm, beside the sum.",
    ),
    Mistake(
        "penalties_as_logits",
        _wrong_loss(lambda y, t, j: _map_loss(-y, t, j)),
        "The smaller a penalty, the better the class. Which sign has it in the exponent?",
    ),
    Mistake(
        "summed",
        _wrong_loss(lambda y, t, j: _map_loss(y, t, j) * len(t)),
        "The mean over the batch, so that the batch size does not change the step.",
    ),
    Mistake(
        "right_class_left_out",
        _wrong_loss(
            lambda y, t, j: (
                _own(y, t)
                + F.pad(-y, (0, 1), value=-j).scatter(1, t[:, None], -math.inf).logsumexp(1)
            ).mean()
        ),
        "The sum runs over all classes, the right one too.",
    ),
    Mistake(
        "logarithm_only",
        _wrong_loss(lambda y, t, j: _map_loss(y, t, j) - _own(y, t).mean()),
        "The penalty of the right class is missing.",
    ),
]


def penalties_and_labels(
    rng: Generator, count: int, classes: int, high: float = 6.0, low: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Penalties ``(N, K)`` from ``low`` to ``high``, and labels ``(N,)``."""
    labels = integers(rng, count, low=0, high=classes - 1)
    return uniform(rng, count, classes, low=low, high=high), labels


def _arguments(
    rng: Generator, N: int = 5, K: int = 4, j: float = 0.3, high: float = 6.0
) -> tuple[Tensor, Tensor, float]:
    return (*penalties_and_labels(rng, N, K, high), j)


CONTRACT = Function(
    _arguments,
    edges={
        "one image": {"N": 1},
        "one image, one class": {"N": 1, "K": 1},
        "as many images as classes": {"N": 6, "K": 6},
        "penalties as large as a fresh network's": {"N": 12, "K": 10, "high": 300.0},
        "a large constant": {"N": 12, "K": 10, "j": 40.0, "high": 90.0},
    },
    finely=True,
    judge=close(1e-6, 1e-8),
)


@check.define(oracle={"map_loss": _map_loss}, mistakes=LOSS_MISTAKES, contract=CONTRACT)
def map_loss(rng: Generator) -> Iterator[Case]:
    """The paper's equation 9: pull the right class, push the others, but not for ever."""
    hint = "One image on paper: the right penalty, plus the logarithm of a sum of exponentials."
    batch = penalties_and_labels(rng, 6, 4)
    yield Case("six images, four classes", call("map_loss", *batch), hint, TIGHT, weight=2)
    batch = penalties_and_labels(rng, 9, 10)
    text = "map_loss(penalties (9, 10), labels, j) for j = 0.1, 2, 5"
    yield Case(
        "other constants",
        ask(losses, "map_loss", *batch, [0.1, 2.0, 5.0], text=text),
        hint,
        TIGHT,
        weight=2,
    )
    batch = penalties_and_labels(rng, 5, 3)
    follow: dict[Kind, str] = {"detached": FOLLOW, "gradient": FOLLOW, "values": hint}
    yield Case(
        "its gradient",
        ask(loss_gradient, "map_loss", *batch, 2.0, text="gradient of map_loss, j = 2"),
        follow,
        TIGHT,
        weight=2,
    )
    penalties, labels = penalties_and_labels(rng, 8, 10, high=170.0)
    text = "gradient of map_loss of penalties up to 170, float32"
    yield Case(
        "its gradient where penalties are large, in float32",
        ask(loss_gradient, "map_loss", penalties.float(), labels % 7, 1.0, text=text),
        {**follow, "gradient": OVERFLOW},
        SINGLE,
    )
    yield from _all_large(rng)
    yield _near_and_far(rng)


NEAR_AND_FAR = (
    "One number taken off all exponents fits some images and not others: each image needs its own, "
    "the smallest of its penalties and j. `torch.logsumexp` along an axis does that."
)
OVERFLOW = "exp(90) is more than float32 can hold, and exp(-110) is 0 there. See torch.logsumexp."


def _all_large(rng: Generator) -> Iterator[Case]:
    """Where no penalty is small, and where neither is the constant, in single precision."""
    for j in (1.0, 165.0):
        penalties, labels = penalties_and_labels(rng, 8, 10, high=300.0, low=170.0)
        text = f"map_loss of penalties from 170 to 300, j = {j:g}, float32, and its gradient"
        yield Case(
            f"every penalty large, j = {j:g}, in float32",
            ask(with_gradient, "map_loss", penalties.float(), labels, j, text=text),
            {"values": OVERFLOW, "gradient": OVERFLOW, "detached": FOLLOW},
            SINGLE,
            weight=2,
        )


def _near_and_far(rng: Generator) -> Case:
    """One image nearly right and one far from every code, with a large constant, in float32."""
    near, labels = penalties_and_labels(rng, 2, 10, high=300.0, low=250.0)
    near[0] = near[0] - 200.0
    near[0, labels[0]] = 0.5
    text = "map_loss of an image with a penalty of 0.5 and one beyond 250, j = 200, float32"
    return Case(
        "one image near its code and one far from all, in float32",
        ask(with_gradient, "map_loss", near.float(), labels, 200.0, text=text),
        {"values": NEAR_AND_FAR, "gradient": NEAR_AND_FAR, "detached": FOLLOW},
        SINGLE,
    )


@check.hidden("map_loss")
def large_penalties(rng: Generator) -> Iterator[Case]:
    batch = penalties_and_labels(rng, 40, 10, high=300.0)
    text = "map_loss of penalties up to 300, j = 0.5, 40, 100"
    probe = ask(losses, "map_loss", *batch, [0.5, 40.0, 100.0], text=text)
    yield Case("penalties as large as a fresh network's", probe, judge=TIGHT, weight=2)
    yield from _all_large(rng)
    yield _near_and_far(rng)
