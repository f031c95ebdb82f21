"""Checks of `batch_norm`: maps normalised by their channel, and the running statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, ask, call
from course.checks.inputs import between, coarse, normal, uniform
from course.labs.lab04_vgg.questions.formulas import resting_slopes

from .book import CLOSE, EPSILON, check

BN = "batch_norm"
SHAPE = (1, -1, 1, 1)
Moved = Callable[[Tensor, Tensor, float], Tensor]


def _torch_norm(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    mean: Tensor,
    var: Tensor,
    training: bool,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> tuple[Tensor, Tensor, Tensor]:
    """torch's layer writes the running statistics into the tensors that it is given."""
    mean, var = mean.detach().clone(), var.detach().clone()
    maps = F.batch_norm(x, mean, var, weight, bias, training, momentum, eps)
    return maps, mean, var


def _norm_with(
    over: tuple[int, ...] = (0, 2, 3),
    *,
    unbiased: bool = False,
    kept_unbiased: bool = True,
    moved: Moved | None = None,
    scaled: Callable[..., Tensor] | None = None,
    batch_always: bool = False,
    moves_always: bool = False,
    kept_first: bool = False,
) -> Mapping[str, Any]:
    """A wrong normalisation, by what is wrong in it."""
    move = moved or (lambda old, new, momentum: (1 - momentum) * old + momentum * new)
    scale = scaled or (
        lambda x, center, spread, weight, bias, eps: (
            weight.view(SHAPE) * (x - center) / (spread + eps).sqrt() + bias.view(SHAPE)
        )
    )

    def wrong(
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        mean: Tensor,
        var: Tensor,
        training: bool,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> tuple[Tensor, Tensor, Tensor]:
        center = x.mean(over, keepdim=True)
        spread = x.var(over, correction=int(unbiased), keepdim=True)
        if training or moves_always:
            kept = x.var((0, 2, 3), correction=int(kept_unbiased)).detach()
            mean = move(mean, x.mean((0, 2, 3)).detach(), momentum)
            var = move(var, kept, momentum)
        if kept_first or not (training or batch_always):
            center, spread = mean.view(SHAPE), var.view(SHAPE)
        return scale(x, center, spread, weight, bias, eps), mean, var

    return {BN: wrong}


def _drawn(
    rng: Generator,
    shape: tuple[int, int, int, int] = (3, 4, 2, 5),
    training: bool = True,
    scale: float = 2.0,
    momentum: float | None = None,
    eps: float | None = None,
    spread: float = 1.0,
) -> tuple[Any, ...]:
    """Maps that are off centre, and six arguments of which none is the usual one."""
    channels = shape[1]
    return (
        scale * (normal(rng, *shape) + normal(rng, 1, channels, 1, 1)),
        normal(rng, channels),
        normal(rng, channels),
        normal(rng, channels),
        spread * uniform(rng, channels, low=0.2, high=3.0),
        training,
        between(rng, 0.2, 0.8, 2) if momentum is None else momentum,
        between(rng, 0.01, 0.2, 3) if eps is None else eps,
    )


@check.define(
    oracle={BN: _torch_norm},
    contract=Function(
        _drawn,
        edges={
            "evaluation": {"training": False},
            "one image": {"shape": (1, 3, 4, 2)},
            "one image in evaluation, one pixel": {"shape": (1, 5, 1, 1), "training": False},
            "maps of one pixel": {"shape": (6, 3, 1, 1)},
            "one channel": {"shape": (4, 1, 3, 3)},
            "two numbers per channel": {"shape": (2, 3, 1, 1)},
            "tiny maps, where ε counts": {"scale": 0.01},
            "a momentum of 1": {"momentum": 1.0},
            "evaluation, hardly any variance": {"training": False, "spread": 1e-5, "eps": 1e-5},
        },
        refuses={
            ValueError: [
                lambda rng: _drawn(rng, (1, 4, 1, 1)),
                lambda rng: _drawn(rng, (1, 1, 1, 1)),
            ]
        },
        wrt=("x", "weight", "bias"),
        judge=CLOSE,
        share=0.35,
    ),
    forbids=["batch_norm", "BatchNorm2d", "native_batch_norm", "instance_norm", "group_norm"],
    mistakes=[
        Mistake(
            "over_the_batch_alone",
            _norm_with((0,)),
            "Your statistics are of one pixel over the images. A channel is normalised by all its "
            "pixels in all images.",
        ),
        Mistake(
            "image_by_image",
            _norm_with((2, 3)),
            "Each image is normalised by itself here. (That has its own name, InstanceNorm.) Over "
            "which axes does BatchNorm average?",
        ),
        Mistake(
            "over_everything",
            _norm_with((0, 1, 2, 3)),
            "All channels share one mean in your function. Each has its own.",
        ),
        Mistake(
            "over_the_channels",
            _norm_with((1, 2, 3)),
            "You average over the channels. They are what stays apart.",
        ),
        Mistake(
            "unbiased_maps",
            _norm_with(unbiased=True),
            "For the maps the variance has m below the sum; only the running one has m - 1.",
        ),
        Mistake(
            "biased_running",
            _norm_with(kept_unbiased=False),
            "The running variance takes the unbiased estimate of the batch's variance.",
        ),
        Mistake(
            "variances_swapped",
            _norm_with(unbiased=True, kept_unbiased=False),
            "The two estimates of the variance have changed places: m for the maps, m - 1 for the "
            "running variance.",
        ),
        Mistake(
            "momentum_the_other_way",
            _norm_with(moved=lambda old, new, momentum: momentum * old + (1 - momentum) * new),
            "With momentum 0.1 the running statistics move by a tenth. Yours move by nine tenths.",
        ),
        Mistake(
            "momentum_fixed",
            _norm_with(moved=lambda old, new, momentum: 0.9 * old + 0.1 * new),
            "The momentum is 0.1 in your function whatever comes in.",
        ),
        Mistake(
            "running_added",
            _norm_with(moved=lambda old, new, momentum: old + momentum * new),
            "What the running statistics take in of the new must leave room: (1 - momentum) of the "
            "old.",
        ),
        Mistake(
            "running_replaced",
            _norm_with(moved=lambda old, new, momentum: new),
            "Your running statistics are those of the last batch alone.",
        ),
        Mistake(
            "running_stays",
            _norm_with(moved=lambda old, new, momentum: old),
            "In training the running statistics have to move, and you give the old ones back.",
        ),
        Mistake(
            "batch_always",
            _norm_with(batch_always=True),
            "In evaluation you still use the batch's statistics. What would become of one image?",
        ),
        Mistake(
            "moves_always",
            _norm_with(moves_always=True),
            "Whoever only looks should leave the running statistics alone: yours move in "
            "evaluation, too.",
        ),
        Mistake(
            "running_always",
            _norm_with(kept_first=True),
            "In training you normalise by the running statistics, after moving them. Training uses "
            "the batch's.",
        ),
        Mistake(
            "eps_outside",
            _norm_with(
                scaled=lambda x, m, v, w, b, eps: (
                    w.view(SHAPE) * (x - m) / (v.sqrt() + eps) + b.view(SHAPE)
                )
            ),
            EPSILON,
        ),
        Mistake(
            "eps_forgotten",
            _norm_with(
                scaled=lambda x, m, v, w, b, eps: w.view(SHAPE) * (x - m) / v.sqrt() + b.view(SHAPE)
            ),
            EPSILON,
        ),
        Mistake(
            "eps_fixed",
            _norm_with(
                scaled=lambda x, m, v, w, b, eps: (
                    w.view(SHAPE) * (x - m) / (v + 1e-5).sqrt() + b.view(SHAPE)
                )
            ),
            EPSILON,
        ),
        Mistake(
            "no_root",
            _norm_with(
                scaled=lambda x, m, v, w, b, eps: (
                    w.view(SHAPE) * (x - m) / (v + eps) + b.view(SHAPE)
                )
            ),
            "You divide by the variance. The formula has its root.",
        ),
        Mistake(
            "no_scale",
            _norm_with(scaled=lambda x, m, v, w, b, eps: (x - m) / (v + eps).sqrt()),
            "γ and β are missing.",
        ),
        Mistake(
            "shift_scaled",
            _norm_with(
                scaled=lambda x, m, v, w, b, eps: (
                    w.view(SHAPE) * ((x - m) / (v + eps).sqrt() + b.view(SHAPE))
                )
            ),
            "β is added after γ has multiplied, and is not multiplied itself.",
        ),
    ],
)
def batch_norm(rng: Generator) -> Iterator[Case]:
    """Each channel less its mean, divided by its deviation; and what is remembered of both."""
    hint = (
        "Take the example above, four numbers in one channel, and go through it line by line: "
        "mean, mean of the squared differences, quotient, γ and β, the two running statistics."
    )
    ones, zeros = torch.ones(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    four = torch.tensor([1.0, 3.0, 5.0, 7.0], dtype=torch.float64).view(2, 1, 1, 2)
    yield Case(
        "four numbers in one channel",
        call(BN, four, ones, zeros, zeros, ones, True),
        hint,
        CLOSE,
        weight=2,
    )
    yield Case("training", call(BN, *_drawn(rng)[:6]), hint, CLOSE, weight=3)
    told = (
        "In evaluation nothing is computed from the batch: the running statistics take the places "
        "of μ and σ², and come back as they are."
    )
    yield Case("evaluation", call(BN, *_drawn(rng, training=False)[:6]), told, CLOSE, weight=2)
    probe = ask(resting_slopes, BN, *_drawn(rng, training=False), text="batch_norm in evaluation")
    yield Case(
        "gradients in evaluation", probe, "Gradients flow through the maps then, too.", CLOSE
    )
    yield Case(
        "another momentum and ε",
        call(
            BN, *_drawn(rng)[:6], momentum=between(rng, 0.3, 0.8, 2), eps=between(rng, 0.1, 0.5, 2)
        ),
        hint,
        CLOSE,
        weight=2,
    )
    far, *others = _drawn(rng)[:6]
    yield Case(
        "maps far from zero",
        call(BN, far + 1e6, *others),
        "Take the mean away first, then square. The mean of the squares less the square of the "
        "mean is a small difference of large numbers, and rounding eats it.",
        CLOSE,
    )
    flat = torch.stack([coarse(normal(rng, 3, 4)), torch.full((3, 4), 1.5, dtype=torch.float64)], 1)
    yield Case(
        "a channel that is constant",
        call(BN, flat.unsqueeze(-1), *(normal(rng, 2) for _ in range(3)), ones.repeat(2), True),
        "The variance of a constant channel is 0. What keeps the quotient finite?",
        CLOSE,
    )


@check.hidden(BN)
def other_batches(rng: Generator) -> Iterator[Case]:
    for shape, training in (((5, 3, 4, 3), True), ((2, 6, 1, 7), True), ((4, 2, 3, 3), False)):
        where = "training" if training else "evaluation"
        title = f"maps {shape}, {where}"
        yield Case(title, call(BN, *_drawn(rng, shape, training)), judge=CLOSE, weight=2)
