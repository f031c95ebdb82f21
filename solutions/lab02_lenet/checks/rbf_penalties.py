"""Checks of `rbf_penalties`: the output layer of 1998."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, ask, call, close
from course.checks.inputs import normal
from course.checks.kinds import Hint
from course.labs.lab02_lenet.judges import NotBelowZero
from course.labs.lab02_lenet.questions.functions import own_codes
from course.labs.lab02_lenet.questions.gradients import with_upstream

from .book import FOLLOW, TIGHT, check, signs


def squared_distances(x: Tensor, codes: Tensor) -> Tensor:
    """``(N, D), (K, D) -> (N, K)``."""
    return torch.cdist(x, codes).square()


def _wrong_rbf(function: Callable[[Tensor, Tensor], Tensor]) -> dict[str, Any]:
    return {"rbf_penalties": function}


CONTRACT = Function(
    lambda rng, N=4, K=6, D=9: (normal(rng, N, D), normal(rng, K, D)),
    edges={
        "one image": {"N": 1},
        "one image, one class, one unit": {"N": 1, "K": 1, "D": 1},
        "26 classes of 84 units": {"N": 3, "K": 26, "D": 84},
        "as many images as classes, and as units": {"N": 5, "K": 5, "D": 5},
    },
    finely=True,
    judge=close(1e-6, 1e-8),
)


@check.define(
    contract=CONTRACT,
    oracle={"rbf_penalties": squared_distances},
    mistakes=[
        Mistake("root_taken", _wrong_rbf(torch.cdist), "The paper leaves the squares: no root."),
        Mistake(
            "mean",
            _wrong_rbf(lambda x, c: torch.cdist(x, c) ** 2 / x.shape[1]),
            "You average over the units. The paper adds up.",
        ),
        Mistake(
            "dot_product",
            _wrong_rbf(lambda x, c: x @ c.T),
            "A dot product is large where x fits the code. A penalty is 0 there.",
        ),
        Mistake(
            "negative",
            _wrong_rbf(lambda x, c: -torch.cdist(x, c).square()),
            "A penalty is never negative; it is 0 where x is the code.",
        ),
        Mistake(
            "absolute",
            _wrong_rbf(lambda x, c: torch.cdist(x, c, p=1)),
            "These are sums of absolute differences.",
        ),
        Mistake(
            "transposed",
            _wrong_rbf(lambda x, c: torch.cdist(c, x).square()),
            "(K, N): images belong along the first axis.",
        ),
        Mistake(
            "halved",
            _wrong_rbf(lambda x, c: torch.cdist(x, c).square() / 2),
            "A factor 1/2 too much.",
        ),
    ],
)
def rbf_penalties(rng: Generator) -> Iterator[Case]:
    """Squared distance of each image's units to each class's code."""
    hint = "For one image and one class: subtract, square, add up. Then let broadcasting do all."
    x, codes = normal(rng, 4, 12), signs(rng, 10, 12)
    yield Case("four images, ten classes", call("rbf_penalties", x, codes), hint, TIGHT, weight=2)
    x, codes = normal(rng, 3, 84), signs(rng, 3, 84)
    yield Case("as many images as classes, 84 units", call("rbf_penalties", x, codes), hint, TIGHT)
    x, codes, upstream = normal(rng, 5, 7), signs(rng, 4, 7), normal(rng, 5, 4)
    text = "rbf_penalties and its gradients at x (5, 7) and codes (4, 7)"
    follow: Hint = {"detached": FOLLOW, "gradient": FOLLOW, "values": hint}
    probe = ask(with_upstream, "rbf_penalties", upstream, x, codes, text=text)
    yield Case("its gradients", probe, follow, TIGHT)
    yield Case(
        "zero where the units are the code",
        ask(own_codes, "rbf_penalties", normal(rng, 6, 9), text="rbf_penalties(codes, codes)"),
        hint,
        TIGHT,
        weight=0.5,
    )
    codes = normal(rng, 40, 9, dtype=torch.float32)
    yield Case(
        "not below 0, in float32",
        ask(own_codes, "rbf_penalties", codes, 30.0, text="rbf_penalties(codes, codes) near 30"),
        "Multiplied out, large squares are subtracted from each other, and what is left is "
        "rounding, which may be below 0. Subtract first, then square.",
        NotBelowZero(0.05),
    )
    codes = signs(rng, 3, 8)
    text = "gradients of rbf_penalties(codes, codes), codes (3, 8)"
    at_a_code = ask(with_upstream, "rbf_penalties", normal(rng, 3, 3), codes, codes, text=text)
    hint = "A square is flat where it is 0. A root, even one that is squared later, is not."
    yield Case("its gradients where the units are the code", at_a_code, {"gradient": hint}, TIGHT)


@check.hidden("rbf_penalties")
def many_codes(rng: Generator) -> Iterator[Case]:
    x, codes = normal(rng, 33, 84), signs(rng, 26, 84)
    yield Case("26 codes of 84 units", call("rbf_penalties", x, codes), judge=TIGHT)
