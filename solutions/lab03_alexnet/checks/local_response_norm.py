"""Checks of `local_response_norm`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, call, close
from course.checks.inputs import between, coarse, normal, uniform

from .book import check

TIGHT = close(rtol=1e-7, atol=1e-11, dtype=False)  # float64
EXACT = close(rtol=1e-7, atol=1e-11)
SINGLE = close(rtol=3e-5, atol=1e-5)  # float32

LRN = "local_response_norm"


def _torch_lrn(
    x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    """torch's layer divides the sum by ``size``; so α is multiplied by it first."""
    return F.local_response_norm(x, size, size * alpha, beta, k)


def _lrn_with(window: Callable[[Tensor, int], Tensor], power: float = 2.0) -> Mapping[str, Any]:
    """A wrong normalisation: with another sum over the neighbours, or of another power."""

    def wrong(
        x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
    ) -> Tensor:
        return x * (k + alpha * window(x.pow(power), size)).pow(-beta)

    return {LRN: wrong}


def _neighbours(squares: Tensor, offsets: Any, mode: str = "constant") -> Tensor:
    """Sum over channels at ``offsets`` from each channel; ``(N, C, H, W)``, same shape."""
    far = max(map(abs, offsets), default=0)
    rows = squares.movedim(1, -1).flatten(0, 2).unsqueeze(1)  # (N·H·W, 1, C)
    padded = F.pad(rows, (far, far), mode=mode).squeeze(1)
    count = squares.shape[1]
    total = sum(padded[:, far + step : far + step + count] for step in offsets)
    shape = squares.movedim(1, -1).shape
    return torch.as_tensor(total).reshape(shape).movedim(-1, 1)


def _around(size: int) -> range:
    return range(-(size // 2), size // 2 + 1)


def _edge_average(squares: Tensor, size: int) -> Tensor:
    full = _neighbours(squares, _around(size))
    return full * size / _neighbours(torch.ones_like(squares), _around(size))


def _wrap(squares: Tensor, size: int) -> Tensor:
    far = min(size // 2, squares.shape[1])
    return _neighbours(squares, range(-far, far + 1), "circular")


def _in_space(squares: Tensor, size: int) -> Tensor:
    return F.avg_pool2d(squares, size, 1, size // 2) * size**2


def _lrn_of(formula: Callable[..., Tensor]) -> Mapping[str, Any]:
    def wrong(
        x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
    ) -> Tensor:
        return formula(x, _neighbours(x * x, _around(size)), k, alpha, beta)

    return {LRN: wrong}


def _drawn(
    rng: Generator,
    shape: tuple[int, int, int, int] = (2, 6, 2, 3),
    size: int = 3,
    k: float | None = None,
    alpha: float | None = None,
) -> tuple[Any, ...]:
    """Maps as large as grey levels, and four numbers that are not the paper's."""
    return (
        uniform(rng, *shape, low=-9.0, high=9.0),
        size,
        between(rng, 0.6, 1.6, 2) if k is None else k,
        between(rng, 0.02, 0.3, 3) if alpha is None else alpha,
        between(rng, 0.3, 0.65, 2),
    )


@check.define(
    oracle={LRN: _torch_lrn},
    contract=Function(
        _drawn,
        edges={
            "one image": {"shape": (1, 6, 3, 2)},
            "one channel, size 5": {"shape": (3, 1, 1, 2), "size": 5},
            "three channels, size 7": {"shape": (2, 3, 4, 1), "size": 7},
            "size 1, one pixel": {"shape": (2, 5, 1, 1), "size": 1},
            "square maps, size 13": {"shape": (1, 9, 2, 2), "size": 13},
            "a large α": {"alpha": 2.5, "size": 5},
        },
        judge=EXACT,
        single=SINGLE,
        finely=True,
        zeros=("x",),
        share=0.4,
    ),
    forbids=["local_response_norm"],
    mistakes=[
        Mistake(
            "average",
            {
                LRN: lambda x, size=5, k=2.0, alpha=1e-4, beta=0.75: F.local_response_norm(
                    x, size, alpha, beta, k
                )
            },
            "α multiplies the average of the squares here, as in PyTorch's layer. In the paper "
            "it multiplies their sum. By which factor do the two differ?",
        ),
        Mistake(
            "average_at_the_edges",
            _lrn_with(_edge_average),
            "The first and the last channels have fewer neighbours. The sum is simply shorter "
            "there: nothing makes up for the missing ones.",
        ),
        Mistake(
            "squares_forgotten",
            _lrn_with(lambda a, size: _neighbours(a, _around(size)), power=1.0),
            "You sum the activities. The formula sums their squares.",
        ),
        Mistake(
            "all_channels",
            _lrn_with(lambda a, size: a.sum(dim=1, keepdim=True).expand_as(a)),
            "Every channel is compared with all others. Wanted are its `size` nearest.",
        ),
        Mistake(
            "in_space",
            _lrn_with(_in_space),
            "Your neighbours lie side by side in the image. The paper's are the same pixel in "
            "the neighbouring channels.",
        ),
        Mistake(
            "wraps_around",
            _lrn_with(_wrap),
            "The first channel takes the last ones for its neighbours. The formula's limits "
            "are max(0, …) and min(C - 1, …).",
        ),
        Mistake(
            "one_sided",
            _lrn_with(lambda a, size: _neighbours(a, range(-size + 1, 1))),
            "The window looks to one side only. It has size // 2 channels on each.",
        ),
        Mistake(
            "window_too_wide",
            _lrn_with(lambda a, size: _neighbours(a, _around(2 * size + 1))),
            "The window holds `size` channels in all, the middle one included; not `size` on "
            "each side.",
        ),
        Mistake(
            "itself_left_out",
            _lrn_with(lambda a, size: _neighbours(a, [s for s in _around(size) if s])),
            "The channel itself belongs to the sum too.",
        ),
        Mistake(
            "multiplies",
            _lrn_of(lambda x, total, k, alpha, beta: x * (k + alpha * total).pow(beta)),
            "Busy neighbours should make a response smaller. Yours grows.",
        ),
        Mistake(
            "beta_forgotten",
            _lrn_of(lambda x, total, k, alpha, beta: x / (k + alpha * total)),
            "The denominator has an exponent, β.",
        ),
        Mistake(
            "beta_is_the_papers",
            _lrn_of(lambda x, total, k, alpha, beta: x / (k + alpha * total).pow(0.75)),
            "β is 0.75 in your function whatever comes in.",
        ),
        Mistake(
            "denominator_without_brackets",
            _lrn_of(lambda x, total, k, alpha, beta: x / k + alpha * total.pow(beta)),
            "In Python a / b + c is (a / b) + c: all that you divide by needs brackets around it.",
        ),
        Mistake(
            "k_is_one",
            _lrn_of(lambda x, total, k, alpha, beta: x / (1 + alpha * total).pow(beta)),
            "k is 1 in your function whatever comes in. (1 is the default of PyTorch's layer; "
            "the paper has 2.)",
        ),
        Mistake(
            "alpha_in_the_wrong_place",
            _lrn_of(lambda x, total, k, alpha, beta: x / (alpha * (k + total)).pow(beta)),
            "α multiplies the sum of squares only, not k.",
        ),
    ],
)
def local_response_norm(rng: Generator) -> Iterator[Case]:
    """Each activity divided by the activity of its channel's neighbours."""
    hint = (
        "Take one pixel and seven channels, write the formula out by hand for the first and for "
        "the middle one, and compare step by step: the window, the sum of squares, k + α · sum, "
        "its power, the quotient."
    )
    yield Case(
        "one pixel, seven channels, α = 0.1",
        call(LRN, coarse(3 * normal(rng, 1, 7, 1, 1)), alpha=0.1),
        hint,
        TIGHT,
        weight=2,
    )
    maps = uniform(rng, 2, 12, 4, 3, low=-90.0, high=90.0)
    yield Case("maps (2, 12, 4, 3), the paper's numbers", call(LRN, maps), hint, TIGHT, weight=3)
    yield Case(
        "another size, k, α and β",
        call(
            LRN, normal(rng, 2, 9, 3, 5), size=3, k=between(rng, 0.5, 1.5, 2),
            alpha=between(rng, 0.1, 0.9, 2), beta=between(rng, 0.3, 0.6, 2),
        ),
        hint,
        TIGHT,
        weight=3,
    )  # fmt: skip


@check.hidden("local_response_norm")
def other_channels(rng: Generator) -> Iterator[Case]:
    for channels, size in ((2, 5), (4, 9), (17, 7)):
        x = uniform(rng, 2, channels, 4, 3, low=-20.0, high=20.0)
        title = f"{channels} channels, size {size}"
        alpha = between(rng, 0.02, 0.2, 2)
        yield Case(title, call(LRN, x, size=size, alpha=alpha), judge=EXACT, weight=2)
