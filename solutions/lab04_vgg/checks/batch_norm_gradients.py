"""Checks of `batch_norm_gradients`: BatchNorm's way back, for x, γ and β."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, Probe, ask, call, wording
from course.checks.inputs import between, coarse, normal
from course.labs.lab04_vgg.questions.formulas import of_parameters

from .book import CLOSE, EPSILON, check

BACK = "batch_norm_gradients"
AXES = (0, 2, 3)
Roads = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
Root = Callable[[Tensor, float], Tensor]
OfScale = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def _by_autograd(
    x: Tensor, weight: Tensor, grad_output: Tensor, eps: float = 1e-5
) -> tuple[Tensor, ...]:
    """torch's layer in training, differentiated by torch."""
    given = [one.detach().clone() for one in (x, weight, torch.zeros_like(weight))]
    with torch.enable_grad():
        maps, scale, shift = (one.requires_grad_() for one in given)
        y = F.batch_norm(maps, None, None, scale, shift, training=True, eps=eps)
    return torch.autograd.grad(y, (maps, scale, shift), grad_output)


def _all_roads(g: Tensor, normalised: Tensor, at_bias: Tensor, at_weight: Tensor) -> Tensor:
    return g - at_bias - normalised * at_weight


def _back_with(
    roads: Roads = _all_roads,
    *,
    over: tuple[int, ...] = AXES,
    spread: Callable[[Tensor], Tensor] | None = None,
    root: Root = lambda spread, eps: (spread + eps).sqrt(),
    of_scale: OfScale = lambda g, x, normalised, weight: g * normalised,
    scaled: bool = True,
    averaged: Callable[[Tensor], Tensor] | None = None,
    put: Callable[..., Any] = lambda at_x, at_weight, at_bias: (at_x, at_weight, at_bias),
) -> Mapping[str, Any]:
    """A wrong way back, by what is wrong in it.

    Args:
        roads: from ∂L/∂y, the normalised maps and the means of ∂L/∂y and of both's product to the
            gradient at x, but for γ and the deviation.
        over: the axes that statistics and means are taken over.
        spread: the variance of maps, by default the mean square of what is centred.
        root: the deviation.
        of_scale: what is summed for γ.
        scaled: whether γ is in the gradient at x.
        averaged: what becomes of the gradients at γ and β, and of their means.
        put: what comes back of the three.
    """

    def wrong(x: Tensor, weight: Tensor, grad_output: Tensor, eps: float = 1e-5) -> Any:
        centred = x - x.mean(over, keepdim=True)
        variance = spread(x) if spread else centred.square().mean(over, keepdim=True)
        deviation = root(variance, eps)
        normalised = centred / deviation
        means = [one.mean(over, keepdim=True) for one in (grad_output, grad_output * normalised)]
        at_x = roads(grad_output, normalised, *means) / deviation
        if scaled:
            at_x = at_x * weight.view(-1, 1, 1)
        summed = averaged or (lambda one: one.sum(AXES))
        at_weight = summed(of_scale(grad_output, x, normalised, weight.view(-1, 1, 1)))
        return put(at_x, at_weight, summed(grad_output))

    return {BACK: wrong}


def _drawn(
    rng: Generator,
    shape: tuple[int, int, int, int] = (3, 4, 2, 5),
    scale: float = 2.0,
    eps: float | None = None,
    same: bool = False,
) -> tuple[Any, ...]:
    """Maps that are off centre, scales, what arrives at each place (or the same at all), and ε."""
    channels = shape[1]
    arrives = normal(rng, *shape)
    return (
        scale * (normal(rng, *shape) + normal(rng, 1, channels, 1, 1)),
        normal(rng, channels),
        0 * arrives + 1.5 if same else arrives + 0.5,
        between(rng, 0.01, 0.2, 3) if eps is None else eps,
    )


def _parameters(rng: Generator, shape: tuple[int, int, int, int] = (3, 4, 2, 5)) -> Probe:
    args = _drawn(rng, shape)
    told = f"{wording.call_text(BACK, args, {})}, the second and the third result"
    return ask(of_parameters, BACK, *args, text=told)


@check.define(
    oracle={BACK: _by_autograd},
    contract=Function(
        _drawn,
        edges={
            "one image": {"shape": (1, 3, 4, 2)},
            "maps of one pixel": {"shape": (6, 3, 1, 1)},
            "one channel": {"shape": (4, 1, 3, 3)},
            "two numbers per channel": {"shape": (2, 3, 1, 1)},
            "tiny maps, where ε counts": {"scale": 0.01},
        },
        wrt=(),
        judge=CLOSE,
    ),
    forbids=[
        *("grad", "backward", "vjp", "jvp", "jacobian", "jacrev", "jacfwd", "enable_grad"),
        *("native_batch_norm_backward", "batch_norm_backward"),
    ],
    mistakes=[
        Mistake(
            "statistics_held",
            _back_with(lambda g, n, b, w: g),
            "You have the direct road alone, as if μ and σ² were constants. That is evaluation; in "
            "training both depend on every x of the channel.",
        ),
        Mistake(
            "mean_held",
            _back_with(lambda g, n, b, w: g - n * w),
            "The road through μ is missing: add the same to all of a channel, and y stays as it "
            "is. So the gradient of a channel has to sum to 0.",
        ),
        Mistake(
            "variance_held",
            _back_with(lambda g, n, b, w: g - b),
            "The road through σ² is missing: pull one number outwards, and the others come nearer "
            "to the middle once they are divided by the deviation.",
        ),
        Mistake(
            "added",
            _back_with(lambda g, n, b, w: g + b + n * w),
            "Which sign have the roads through μ and σ²? Increase one x: which way do the "
            "normalised numbers beside it go?",
        ),
        Mistake(
            "root_forgotten",
            _back_with(lambda g, n, b, w: g - b - 2 * n * w),
            "The road through σ² counts twice. The square brings a factor of 2, and what does the "
            "root bring?",
        ),
        Mistake(
            "half_a_road",
            _back_with(lambda g, n, b, w: g - b - n * w / 2),
            "The road through σ² counts by half. The root brings a factor of 1/2, and what does "
            "the square bring?",
        ),
        Mistake(
            "unbiased_variance",
            _back_with(spread=lambda x: x.var(AXES, keepdim=True)),
            "The variance of `var` has m - 1 below the sum. The maps were divided by the one with "
            "m.",
        ),
        Mistake(
            "over_the_batch_alone",
            _back_with(over=(0,)),
            "Your means for x are over the images alone. A channel has one μ for all its pixels.",
        ),
        Mistake(
            "image_by_image",
            _back_with(over=(2, 3)),
            "Your means for x are of one image each. Another image's numbers move μ and σ² too.",
        ),
        Mistake(
            "over_everything",
            _back_with(over=(0, 1, 2, 3)),
            "In your means for x the channels mix. Each has its own.",
        ),
        Mistake(
            "sums_for_means",
            _back_with(lambda g, n, b, w: g - (b + n * w) * (g.numel() / g.shape[1])),
            "One x has a share of 1/m in μ, and of 1/m in σ². Where is m?",
        ),
        Mistake(
            "means_for_sums",
            _back_with(averaged=lambda one: one.mean(AXES)),
            "γ and β act at every place of the channel: what comes back from all of them adds up. "
            "It is a sum, no mean.",
        ),
        Mistake(
            "place_by_place",
            _back_with(averaged=lambda one: one.sum(0)),
            "γ and β have one number per channel, and so have their gradients. Over what do you "
            "sum?",
        ),
        Mistake(
            "scale_of_x",
            _back_with(of_scale=lambda g, x, n, w: g * x),
            "γ multiplies the *normalised* numbers. You summed ∂L/∂y times x itself.",
        ),
        Mistake(
            "scale_of_y",
            _back_with(of_scale=lambda g, x, n, w: g * n * w),
            "γ itself stands in your gradient of γ. The derivative of γ·x̂ by γ is x̂.",
        ),
        Mistake(
            "scale_not_divided",
            _back_with(of_scale=lambda g, x, n, w: g * (x - x.mean(AXES, keepdim=True))),
            "For γ you took μ away and forgot to divide by the deviation.",
        ),
        Mistake(
            "scale_forgotten",
            _back_with(scaled=False),
            "y = γ·x̂ + β. Where is γ in your gradient of x?",
        ),
        Mistake(
            "eps_forgotten",
            _back_with(root=lambda spread, eps: spread.sqrt()),
            EPSILON,
        ),
        Mistake(
            "eps_fixed",
            _back_with(root=lambda spread, eps: (spread + 1e-5).sqrt()),
            EPSILON,
        ),
        Mistake(
            "eps_outside",
            _back_with(root=lambda spread, eps: spread.sqrt() + eps),
            EPSILON,
        ),
        Mistake(
            "no_root",
            _back_with(root=lambda spread, eps: spread + eps),
            "You divide by the variance. The formula has its root.",
        ),
        Mistake(
            "order",
            _back_with(put=lambda at_x, at_weight, at_bias: (at_x, at_bias, at_weight)),
            "γ and β have changed places: first x, then γ (`weight`), then β.",
        ),
    ],
)
def batch_norm_gradients(rng: Generator) -> Iterator[Case]:
    """What a loss's gradient at y becomes at x, γ and β, statistics included."""
    hint = (
        "Take the four numbers of the example, and one step of the forward pass at a time, from "
        "the last to the first. What arrives at μ? What at σ²? Does the gradient of a channel "
        "sum to 0?"
    )
    four = torch.tensor([1.0, 3.0, 5.0, 7.0], dtype=torch.float64).view(1, 1, 1, 4)
    one = torch.ones(1, dtype=torch.float64)
    alone = torch.tensor([1.0, 0.0, 0.0, 0.0], dtype=torch.float64).view(1, 1, 1, 4)
    yield Case(
        "the four numbers, for their first result", call(BACK, four, one, alone), hint, CLOSE
    )
    yield Case(
        "γ and β",
        _parameters(rng),
        "Of all numbers of a channel, γ and β see the sum. β is added to x̂·γ, and γ multiplies x̂: "
        "what is the derivative of y by each?",
        CLOSE,
        weight=2,
    )
    yield Case("x, γ and β", call(BACK, *_drawn(rng)[:3]), hint, CLOSE, weight=3)
    yield Case(
        "another ε", call(BACK, *_drawn(rng)[:3], eps=between(rng, 0.1, 0.5, 2)), hint, CLOSE
    )
    yield Case(
        "the same arrives at all places",
        call(BACK, *_drawn(rng, same=True)[:3]),
        "Where ∂L/∂y is the same at all places of a channel, the loss depends on the sum of the "
        "results alone, and x can't change that: the normalised numbers sum to 0.",
        CLOSE,
    )
    far, *others = _drawn(rng)[:3]
    yield Case(
        "maps far from zero",
        call(BACK, far + 1e6, *others),
        "Take the mean away first, then square. The mean of the squares less the square of the "
        "mean is a small difference of large numbers, and rounding eats it.",
        CLOSE,
    )
    flat = torch.stack([coarse(normal(rng, 3, 4)), torch.full((3, 4), 1.5, dtype=torch.float64)], 1)
    yield Case(
        "a channel that is constant",
        call(BACK, flat.unsqueeze(-1), normal(rng, 2), normal(rng, 3, 2, 4, 1)),
        "The variance of a constant channel is 0, and x̂ is 0 there. What keeps the quotient "
        "finite?",
        CLOSE,
    )


@check.hidden(BACK)
def other_batches(rng: Generator) -> Iterator[Case]:
    x, weight, *others = _drawn(rng)[:3]
    silent = weight * torch.tensor([0.0, 1.0, 0.0, 1.0], dtype=weight.dtype)
    yield Case(
        "a γ of 0",
        call(BACK, x, silent, *others),
        "Nothing is divided by γ: where it is 0, its own gradient still has a value.",
        CLOSE,
    )
    for shape in ((5, 3, 4, 3), (2, 6, 1, 7)):
        yield Case(f"maps {shape}", call(BACK, *_drawn(rng, shape)), judge=CLOSE, weight=2)
    yield Case(
        "γ and β of maps (4, 2, 3, 3)",
        _parameters(rng, (4, 2, 3, 3)),
        judge=CLOSE,
    )
