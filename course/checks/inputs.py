"""Inputs that checks draw: each can be stored as the few numbers that it was drawn from.

A large tensor in a stored check would cost more than the check. So what these functions draw
remembers its :class:`Recipe`, and the stored check holds that; :func:`made` draws it again, the
same numbers on every platform and version (``numpy.random.RandomState``'s stream is frozen).
Whatever is computed from such a tensor is a new tensor without a recipe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

SEEDS = 2**31 - 1


@dataclass(frozen=True)
class Recipe:
    """How a tensor was drawn: a name among :data:`MAKERS`, and plain arguments for it."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


def made(recipe: Recipe) -> Tensor:
    """The tensor of a recipe; it remembers the recipe.

    Raises:
        KeyError: no maker has that name.
    """
    tensor = MAKERS[recipe.name](**recipe.arguments)
    tensor.recipe = recipe  # type: ignore[attr-defined]
    return tensor


def recipe_of(tensor: Tensor) -> Recipe | None:
    """The recipe that a tensor remembers, if any."""
    found = getattr(tensor, "recipe", None)
    return found if isinstance(found, Recipe) else None


def seed_from(rng: Generator) -> int:
    """A seed for what is drawn elsewhere."""
    return int(torch.randint(0, SEEDS, (), generator=rng))


def whole(rng: Generator, low: int, high: int) -> int:
    """A whole number from ``low`` to ``high``, both included."""
    return int(torch.randint(low, high + 1, (), generator=rng))


def between(rng: Generator, low: float, high: float, decimals: int | None = None) -> float:
    """A number from ``low`` to ``high``, rounded to ``decimals`` if given."""
    drawn = low + (high - low) * float(torch.rand((), generator=rng, dtype=torch.float64))
    return drawn if decimals is None else round(drawn, decimals)


def normal(rng: Generator, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Standard normal numbers of this shape."""
    return _drawn("normal", rng, shape, dtype=_name(dtype))


def uniform(
    rng: Generator, *shape: int, low: float = 0.0, high: float = 1.0, dtype: Any = torch.float64
) -> Tensor:
    """Numbers from ``low`` to ``high``, evenly spread, of this shape."""
    return _drawn("uniform", rng, shape, low=low, high=high, dtype=_name(dtype))


def mixed(
    rng: Generator, *shape: int, low: float = 0.1, high: float = 3.0, dtype: Any = torch.float64
) -> Tensor:
    """Numbers of both signs in turn, ``low`` to ``high`` from zero, of this shape."""
    return _drawn("mixed", rng, shape, low=low, high=high, dtype=_name(dtype))


def integers(
    rng: Generator, *shape: int, low: int, high: int, dtype: torch.dtype = torch.int64
) -> Tensor:
    """Whole numbers from ``low`` to ``high``, both included, of this shape."""
    return _drawn("integers", rng, shape, low=low, high=high, dtype=_name(dtype))


def coarse(tensor: Tensor, steps: int = 64) -> Tensor:
    """The tensor with its values rounded to multiples of ``1 / steps``: stored, it is small."""
    return (tensor * steps).round() / steps


def bundled(rng: Generator, split: str, count: int) -> tuple[Tensor, Tensor]:
    """Images uint8 ``(count, 1, 28, 28)`` and labels ``(count,)`` of the bundled Fashion-MNIST.

    Args:
        rng: chooses them.
        split: ``train`` or ``test``.
        count: how many.
    """
    facts = {"split": split, "count": count, "seed": seed_from(rng)}
    images, labels = (
        made(Recipe("bundled", {**facts, "what": what})) for what in ("images", "labels")
    )
    return images, labels


def _drawn(name: str, rng: Generator, shape: tuple[int, ...], **facts: Any) -> Tensor:
    return made(Recipe(name, {"seed": seed_from(rng), "shape": list(shape), **facts}))


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _tensor(numbers: Any, dtype: str) -> Tensor:
    return torch.from_numpy(np.asarray(numbers)).to(getattr(torch, dtype))


def _normal(seed: int, shape: list[int], dtype: str) -> Tensor:
    return _tensor(np.random.RandomState(seed).standard_normal(shape), dtype)


def _uniform(seed: int, shape: list[int], low: float, high: float, dtype: str) -> Tensor:
    sizes = np.random.RandomState(seed).random_sample(shape)
    return _tensor(sizes * (high - low) + low, dtype)


def _mixed(seed: int, shape: list[int], low: float, high: float, dtype: str) -> Tensor:
    sizes = _uniform(seed, shape, low, high, "float64")
    signs = torch.tensor([-1.0, 1.0], dtype=torch.float64).repeat(sizes.numel())
    return (sizes * signs[: sizes.numel()].view(shape)).to(getattr(torch, dtype))


def _integers(seed: int, shape: list[int], low: int, high: int, dtype: str) -> Tensor:
    return _tensor(np.random.RandomState(seed).randint(low, high + 1, shape), dtype)


def _bundled(split: str, count: int, seed: int, what: str) -> Tensor:
    part = getattr(_splits(), split)
    chosen = torch.from_numpy(np.random.RandomState(seed).permutation(len(part))[:count])
    tensor: Tensor = getattr(part, what)[chosen]
    return tensor


@cache
def _splits() -> Any:
    from course.data import fashion_mnist

    return fashion_mnist.bundled().splits


MAKERS: Mapping[str, Callable[..., Tensor]] = {
    "normal": _normal,
    "uniform": _uniform,
    "mixed": _mixed,
    "integers": _integers,
    "bundled": _bundled,
}
