"""Checks of `dropout` and `paper_dropout`.

Dropout is random, so its checks ask for facts that hold for every mask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, ask, close, same
from course.checks.inputs import between, mixed, seed_from, whole
from course.checks.laws import DropoutLaw
from course.labs.lab03_alexnet.questions import (
    AsExpected,
    extremes,
    kept,
    outside_training,
    passes,
    randomness,
    settled_inverted,
    settled_paper,
    share_of_zeros,
    unguided,
    unguided_passes,
)

from .book import check

TIGHT = close(rtol=1e-6, atol=1e-9, dtype=False)  # factors may be float32
EXACT = close(rtol=1e-6, atol=1e-6)  # sums of gradients may nearly cancel
FACTOR = AsExpected(rtol=1e-5, atol=1e-6)
COUNTED = close(rtol=0.0, atol=0.02, dtype=False)  # shares of 20,000 draws: 5 standard errors
ROWS, COLUMNS = 200, 100
CALLS = 64  # so many that a probability of 0.15 is told from one of 0.163
BUILT_INS = [
    *("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout"),
    *("feature_dropout", "feature_alpha_dropout", "native_dropout"),
]


def signal(rng: Generator, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Numbers of both signs, none near zero."""
    return mixed(rng, *(shape or (ROWS, COLUMNS)), low=0.5, high=1.5, dtype=dtype)


def _probability(rng: Generator) -> float:
    """Never near 1/2, where dropping and keeping look the same, and no whole tenth."""
    return [0.15, 0.25, 0.35, 0.65, 0.75, 0.85][whole(rng, 0, 5)]


def _dropper(
    *,
    name: str = "dropout",
    scale: Callable[[float], float] = lambda p: 1 / (1 - p) if p < 1 else 0.0,
    rest: Callable[[float], float] = lambda p: 1.0,
    drop: Callable[[float], float] = lambda p: p,
    always: bool = False,
    source: Callable[[Generator | None], Generator | None] = lambda generator: generator,
) -> Mapping[str, Any]:
    """Dropout that goes wrong in one place."""

    def wrong(x: Tensor, p: float, training: bool, generator: Generator | None = None) -> Tensor:
        if not (training or always):
            return x * rest(p)
        keep = torch.rand(x.shape, generator=source(generator)) >= drop(p)
        return x * keep.to(x.dtype) * scale(p)

    return {name: wrong}


KEPT = "Divide what comes out by x where it is not 0. "
NOT_RANDOM = "It must drop another set each time, and yet the same set for equal generators."


def _shared_cases(
    name: str, rng: Generator, factor: Callable[[float], float], hint: str
) -> Iterator[Case]:
    """What both kinds of dropout are asked in training."""
    p, x, seed = _probability(rng), signal(rng), seed_from(rng)
    text = f"{name}(x, {p:g}, True) on x of shape ({ROWS}, {COLUMNS})"
    yield Case(
        f"training, p = {p:g}: how many are dropped",
        ask(share_of_zeros, name, x, p, seed, text=text),
        "Draw one number in [0, 1) for each element. Which of them fall below p, how often?",
        COUNTED,
        {"share of zeros": p},
    )
    yield Case(
        f"training, p = {p:g}: what is kept",
        ask(kept, name, x, p, seed, text=text),
        hint,
        FACTOR,
        {"kept values are x times": factor(p)},
    )
    yield _lawful(name, rng, passes, (8, 4, 6, 6), "each element decides for itself")
    yield _lawful(name, rng, unguided_passes, (8, 128), "the same without a generator")
    yield Case(
        "the generator decides",
        ask(
            randomness,
            name,
            signal(rng, 20, 20),
            0.4,
            seed_from(rng),
            text=f"{name}(x, 0.4, True, generator=…), 4 times",
        ),
        "torch.rand takes a generator. " + NOT_RANDOM,
        same(),
        {
            "equal generators, equal masks": True,
            "a second call, another mask": True,
            "a generator given, torch's own is left alone": True,
        },
        weight=1.5,
    )
    yield Case(
        "without a generator",
        ask(
            unguided,
            name,
            signal(rng, 20, 20),
            0.4,
            seed_from(rng),
            text=f"{name}(x, 0.4, True) after torch.manual_seed",
        ),
        "With generator=None torch's own random state decides.",
        same(),
        {"equal torch.manual_seed, equal masks": True, "another seed, another mask": True},
        weight=0.5,
    )


def _lawful(
    name: str,
    rng: Generator,
    question: Callable[..., Tensor],
    shape: tuple[int, ...],
    title: str,
) -> Case:
    """The masks of many calls, held against the law of dropout."""
    p, seed, x = _probability(rng), seed_from(rng), signal(rng, *shape)
    return Case(
        f"{title}, p = {p:g}",
        ask(question, name, CALLS, seed, x, p, text=f"{name}(x, {p:g}, True) on {shape}, often"),
        "In each call every element has a random number of its own, and is dropped where that "
        "falls below p. What is not so: the number of its own, or the share p?",
        DropoutLaw(p, 1.0),
        None,
        weight=3,
    )


def _resting(name: str, rng: Generator, factor: Callable[[float], float], hint: str) -> Case:
    p, x = _probability(rng), signal(rng, 4, 5)
    text = f"{name}(x, {p:g}, False), and with True, x of shape (4, 5)"
    expected = {
        "training=False gives": factor(p) * x,
        "training=True gives the same": False,
    }
    return Case(
        "outside training",
        ask(outside_training, name, x, p, seed_from(rng), text=text),
        hint,
        AsExpected(rtol=1e-6, atol=1e-9),
        expected,
        weight=3,
    )


P_IS_KEPT = "p is the probability of being dropped. You keep with probability p."
FIXED_MASK = "The same elements are dropped in every call. " + NOT_RANDOM
OWN_GENERATOR = "The generator that is given changes nothing. torch.rand takes one."


def _contract(adapter: Callable[..., Any]) -> Function:
    return Function(
        lambda rng, shape=(9, 16), p=0.0: (
            signal(rng, *shape),
            p or _probability(rng),
            True,
            seed_from(rng),
        ),
        edges={
            "one axis": {"shape": (150,)},
            "maps": {"shape": (2, 3, 5, 7)},
            "one image, one map": {"shape": (1, 1, 11, 10)},
            "one number, p = 1": {"shape": (1, 1), "p": 1.0},
        },
        adapter=adapter,
        judge=EXACT,
        share=0.35,
    )


@check.define(
    oracle=_dropper(),
    contract=_contract(settled_inverted),
    forbids=BUILT_INS,
    mistakes=[
        Mistake(
            "unscaled",
            _dropper(scale=lambda p: 1.0),
            "What is kept is not scaled, so on average x shrinks to (1 - p)·x in training. "
            "Which factor makes up for it?",
        ),
        Mistake(
            "scaled_down",
            _dropper(scale=lambda p: 1 - p),
            "Values are lost, and what is kept is made smaller too. In which direction must the "
            "factor go, for the mean to stay?",
        ),
        Mistake(
            "divided_by_p",
            _dropper(scale=lambda p: 1 / p if p else 1.0),
            "A share of 1 - p is kept. Look at the factor again, for p near 0: hardly anything "
            "is lost then.",
        ),
        Mistake(
            "p_is_kept",
            _dropper(drop=lambda p: 1 - p, scale=lambda p: 1 / p if p else 0.0),
            P_IS_KEPT,
        ),
        Mistake("p_is_kept_and_scaled", _dropper(drop=lambda p: 1 - p), P_IS_KEPT),
        Mistake(
            "scaled_twice",
            _dropper(scale=lambda p: (1 - p) ** -2 if p < 1 else 0.0),
            "What is kept is scaled twice: the factor comes in squared. Once makes up for what is "
            "dropped.",
        ),
        Mistake(
            "never_rests",
            _dropper(always=True),
            "It drops outside training too. Then a network gives another answer each time.",
        ),
        Mistake(
            "scaled_at_rest",
            _dropper(rest=lambda p: 1 - p),
            "It scales in training, and outside training as well: once is enough.",
        ),
        Mistake("own_generator", _dropper(source=lambda generator: None), OWN_GENERATOR),
        Mistake(
            "fixed_mask", _dropper(source=lambda generator: Generator().manual_seed(0)), FIXED_MASK
        ),
        Mistake(
            "nan_at_one",
            _dropper(scale=lambda p: 1 / (1 - p) if p < 1 else float("inf")),
            "With p = 1 nothing is kept, and 1 / (1 - p) has no value: 0 · ∞ is nan. What "
            "should come out?",
        ),
    ],
)
def dropout(rng: Generator) -> Iterator[Case]:
    """Inverted dropout: zeros and a factor in training, nothing at all outside it."""
    hint = KEPT + "By which factor must it be larger, for the mean of y to be that of x?"
    yield from _shared_cases("dropout", rng, lambda p: 1 / (1 - p), hint)
    yield _resting(
        "dropout", rng, lambda p: 1.0, "All is done in training already. What is left to do?"
    )
    yield _extreme("dropout", rng)


def _extreme(name: str, rng: Generator) -> Case:
    x = signal(rng, 2, 3)
    return Case(
        "p = 0 and p = 1",
        ask(extremes, name, x, seed_from(rng), text=f"{name}(x, 0, True) and {name}(x, 1, True)"),
        "Nothing is dropped, or everything. Look out for 0 / 0 and 0 · ∞, forwards and backwards.",
        TIGHT,
        {
            "p = 0": x,
            "p = 1": torch.zeros_like(x),
            "gradient, p = 0": torch.ones_like(x),
            "gradient, p = 1": torch.zeros_like(x),
        },
    )


_paper = partial(
    _dropper, name="paper_dropout", scale=lambda p: 1.0, rest=lambda p: 1 - p
)  # what is right, before one thing is changed


@check.define(
    oracle=_paper(),
    contract=_contract(settled_paper),
    forbids=BUILT_INS,
    mistakes=[
        Mistake(
            "not_scaled_at_all",
            _paper(rest=lambda p: 1.0),
            "Outside training all neurons speak at once, and the next layer gets more than it "
            "is used to. By which factor?",
        ),
        Mistake(
            "inverted",
            _dropper(name="paper_dropout"),
            "That is inverted dropout, the exercise before. In 2012 training left the kept "
            "values as they are.",
        ),
        Mistake(
            "times_p",
            _paper(rest=lambda p: p),
            "For p = 0.5 nobody sees the difference. If few are dropped, p near 0, by how much "
            "should the output shrink?",
        ),
        Mistake(
            "divided_at_rest",
            _paper(rest=lambda p: 1 / (1 - p) if p < 1 else 0.0),
            "Outside training more neurons are active than in training. Should each speak up, "
            "or lower its voice?",
        ),
        Mistake("p_is_kept", _paper(drop=lambda p: 1 - p, rest=lambda p: p), P_IS_KEPT),
        Mistake("own_generator", _paper(source=lambda generator: None), OWN_GENERATOR),
        Mistake(
            "fixed_mask", _paper(source=lambda generator: Generator().manual_seed(0)), FIXED_MASK
        ),
    ],
)
def paper_dropout(rng: Generator) -> Iterator[Case]:
    """Dropout as in 2012: plain zeros in training, all outputs scaled outside it."""
    hint = KEPT + "In 2012 training left the kept values as they were."
    yield from _shared_cases("paper_dropout", rng, lambda p: 1.0, hint)
    yield _resting(
        "paper_dropout",
        rng,
        lambda p: 1 - p,
        "On average over the masks, what did a neuron send on in training? Send that.",
    )
    yield _extreme("paper_dropout", rng)


def _hidden(name: str, rng: Generator, factor: Callable[[float], float]) -> Iterator[Case]:
    p, seed, text = between(rng, 0.55, 0.9, 2), seed_from(rng), f"{name} in training"
    x, title = signal(rng), f"another p, {p}"
    probe = ask(share_of_zeros, name, x, p, seed, text=text)
    expected = {"share of zeros": p}
    yield Case(f"{title}: how many are dropped", probe, "", COUNTED, expected, weight=0.5)
    probe = ask(kept, name, x, p, seed, text=text)
    expected = {"kept values are x times": factor(p)}
    yield Case(f"{title}: what is kept", probe, "", FACTOR, expected, weight=0.5)
    yield _lawful(name, rng, passes, (5, 201), "in rows of odd length")


@check.hidden("dropout")
def dropout_with_another_p(rng: Generator) -> Iterator[Case]:
    yield from _hidden("dropout", rng, lambda p: 1 / (1 - p))


@check.hidden("paper_dropout")
def paper_dropout_with_another_p(rng: Generator) -> Iterator[Case]:
    yield from _hidden("paper_dropout", rng, lambda p: 1.0)
