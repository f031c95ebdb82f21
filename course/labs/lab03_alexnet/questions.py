"""What the checks of lab 3 ask, beyond plain calls.

Dropout is random, so its questions are about facts that hold for every mask. What is asked of
AlexNet: see :mod:`course.labs.lab03_alexnet.network_questions`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from course.checks.judges import Finding, close
from course.checks.modules import a_tensor
from course.checks.probes import Probe
from course.checks.whole import is_whole
from course.device import seeded


def for_each(function: Callable[..., Any], settings: list[list[int]]) -> list[Any]:
    """What the function gives for each list of arguments."""
    return [function(*setting) for setting in settings]


def for_each_with_kinds(
    function: Callable[..., Any], settings: list[list[int]]
) -> dict[str, list[Any]]:
    """What the function gives for each list of arguments, and of which kind it is."""
    found = [function(*setting) for setting in settings]
    kinds = [type(one).__name__ for one in found if not is_whole(one)]
    return {"values": found, "not whole numbers, but": kinds}


def unseen(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adapter for functions that may make a layer on the way: what its weights draw is nothing."""

    @wraps(function)
    def asked(*args: Any, **kwargs: Any) -> Any:
        with torch.random.fork_rng(devices=[]):
            return function(*args, **kwargs)

    return asked


def on_pixels(function: Callable[..., Any], image: Tensor, *others: Tensor) -> dict[str, Any]:
    """The lit image ``(3, H, W)``, where pixels lie together in memory; and what was given."""
    pixels = image.permute(1, 2, 0).contiguous().permute(2, 0, 1)
    return {"lit": function(pixels, *others), "the image that was given": pixels}


@dataclass(frozen=True)
class AsExpected:
    """Judges like :class:`~course.checks.judges.Close`, where something is expected: what an
    answer tells besides is for recognising mistakes.
    """

    rtol: float
    atol: float

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """Where the answer differs most from what was expected."""
        if isinstance(answer, dict):
            answer = {key: value for key, value in answer.items() if key in expected}
        return close(self.rtol, self.atol, dtype=False)(answer, expected, probe)


# Dropout ----------------------------------------------------------------------------------


def settled_inverted(function: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Adapter for inverted dropout, see :func:`_settled`."""
    return _settled(function, lambda p: 1 / (1 - p) if p < 1 else 0.0)


def settled_paper(function: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Adapter for dropout as in the paper, see :func:`_settled`."""
    return _settled(function, lambda p: 1.0)


def _settled(
    function: Callable[..., Any], factor: Callable[[float], float]
) -> Callable[..., dict[str, Any]]:
    """The same function where nothing is left to chance: in training and outside it, with what
    was dropped filled in. Whoever keeps to the law gets the same whatever the mask.

    It takes a seed in the generator's place.
    """

    @wraps(function)
    def asked(*args: Any, **kwargs: Any) -> dict[str, Any]:
        given = {**dict(zip(ARGUMENTS, args, strict=False)), **kwargs}
        x, p = given["x"].clone(), given["p"]
        busy = _like(x, _with_seeds(function, args, kwargs))
        gone = busy.detach() == 0
        filled_in = torch.where(gone, (x * factor(p)).to(busy.dtype) + busy, busy)
        enough, size = x.numel() >= ENOUGH, x.detach().clone()
        return {
            FILLED: filled_in / size.to(filled_in.dtype),
            "some are dropped": bool(gone.any()) if enough else None,
            "some are kept": not bool(gone.all()) if enough else None,
            "outside training, over x": _at_rest(function, given["x"], x, args, kwargs),
        }

    return asked


ARGUMENTS = ("x", "p", "training", "generator")
FILLED = "in training, over x, with the dropped values filled in"
ENOUGH = 100  # values, of which some are dropped and some kept for certain


def _with_seeds(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], **changes: Any
) -> Any:
    """The function's answer, with a generator where a seed stands, and some arguments changed."""

    def put(name: str, value: Any) -> Any:
        value = changes.get(name, value)
        return _generator(value) if name == "generator" and value is not None else value

    named = {name: put(name, value) for name, value in kwargs.items()}
    return function(*(put(*pair) for pair in zip(ARGUMENTS, args, strict=False)), **named)


def _at_rest(
    function: Callable[..., Any],
    given: Tensor,
    x: Tensor,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
) -> Tensor:
    """What rest makes of ``x``, over it, whatever training has written into what was given.

    What rest writes into its own input is written there as well: one case looks for that.
    """
    size, mine = x.detach().clone(), x.clone()
    result = _like(x, _with_seeds(function, args, kwargs, x=mine, training=False))
    result = result / size.to(result.dtype)
    if not torch.equal(mine.detach(), size):
        given.data.copy_(mine.detach())
    return result


def passes(function: Callable[..., Any], calls: int, seed: int, x: Tensor, p: float) -> Tensor:
    """``x`` where ``calls`` calls in training keep it, whatever they multiply it with, and 0 where
    they drop it; all from one generator; ``(calls, *x.shape)``.
    """
    generator = _generator(seed)
    return _several(lambda: function(x.clone(), p, True, generator=generator), calls, x)


def unguided_passes(
    function: Callable[..., Any], calls: int, seed: int, x: Tensor, p: float
) -> Tensor:
    """The same, from torch's own random state."""
    with seeded(seed):
        return _several(lambda: function(x.clone(), p, True), calls, x)


def _several(once: Callable[[], Any], calls: int, x: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.stack([x * (_like(x, once()) != 0) for _ in range(calls)])


def share_of_zeros(function: Callable[..., Any], x: Tensor, p: float, seed: int) -> dict[str, Any]:
    """Of one training pass."""
    y = _dropped(function, x, p, seed)
    return {"share of zeros": float((y == 0).double().mean())}


def kept(function: Callable[..., Any], x: Tensor, p: float, seed: int) -> dict[str, Any]:
    """Of one training pass: what is kept over ``x``.

    Whether more is dropped than kept tells known mistakes apart that have the same factor.
    """
    y = _dropped(function, x, p, seed)
    factors = (y / x)[y != 0]
    several = bool(len(factors)) and not torch.allclose(factors, factors[0], rtol=1e-6)
    factor = float(factors[0]) if len(factors) else 0.0
    return {
        "kept values are x times": "several factors" if several else factor,
        "more is dropped than kept": float((y == 0).double().mean()) > 0.5,
    }


def outside_training(
    function: Callable[..., Any], x: Tensor, p: float, seed: int
) -> dict[str, Any]:
    """What comes out when not training, and whether training differs from that.

    What training does besides tells known mistakes apart that rest alike.
    """
    rest = _like(x, function(x.clone(), p, False, generator=_generator(seed)))
    busy = _dropped(function, x, p, seed)
    return {
        "training=False gives": rest,
        "training=True gives the same": torch.equal(rest, busy),
        **kept(function, x.repeat(100, 1), p, seed),
    }


def randomness(function: Callable[..., Any], x: Tensor, p: float, seed: int) -> dict[str, bool]:
    """Where the random numbers come from."""

    def mask(generator: Generator) -> Tensor:
        return _like(x, function(x.clone(), p, True, generator=generator)) == 0

    one = _generator(seed)
    first, second, again = mask(one), mask(one), mask(_generator(seed))
    with seeded(seed):
        state = torch.get_rng_state()
        mask(_generator(seed))
        alone = torch.equal(state, torch.get_rng_state())
    return {
        "equal generators, equal masks": torch.equal(first, again),
        "a second call, another mask": not torch.equal(first, second),
        "a generator given, torch's own is left alone": alone,
    }


def unguided(function: Callable[..., Any], x: Tensor, p: float, seed: int) -> dict[str, bool]:
    """Without a generator: torch's own randomness decides, and nobody else's."""
    masks = []
    for number, start in enumerate((seed, seed, seed + 1)):
        with seeded(start):
            np.random.seed(number)
            random.seed(number)
            masks.append(_like(x, function(x.clone(), p, True)) == 0)
    return {
        "equal torch.manual_seed, equal masks": torch.equal(masks[0], masks[1]),
        "another seed, another mask": not torch.equal(masks[0], masks[2]),
    }


def extremes(function: Callable[..., Any], x: Tensor, seed: int) -> dict[str, Tensor]:
    """Values and gradients where nothing is dropped and where everything is."""
    found: dict[str, Tensor] = {}
    for p in (0.0, 1.0):
        leaf = x.clone().requires_grad_()
        y = function(leaf, p, True, generator=_generator(seed))
        found[f"p = {p:g}"] = _like(x, y)
        slope = (
            torch.autograd.grad(y.sum(), leaf, allow_unused=True)[0] if y.requires_grad else None
        )
        found[f"gradient, p = {p:g}"] = torch.zeros_like(x) if slope is None else slope
    return found


def _dropped(function: Callable[..., Any], x: Tensor, p: float, seed: int) -> Tensor:
    return _like(x, function(x.clone(), p, True, generator=_generator(seed)))


def _like(x: Tensor, value: Any) -> Tensor:
    return a_tensor(value, tuple(x.shape), "the result")


def _generator(seed: int) -> Generator:
    return torch.Generator().manual_seed(seed)
