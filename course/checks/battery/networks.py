"""Questions to classes and builders of networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import eq
from typing import Any

import torch
from torch import Tensor, nn

from course.checks.battery.parts import (
    ANSWER,
    adapted,
    followed,
    next_numbers,
    seeded,
    settings,
    shorter,
    standing,
    state_sum,
    statistics,
    weighted_sum,
)
from course.checks.modules import (
    a_module,
    count,
    filled,
    gradients_of,
    size_of,
    sizes_of,
    unset_is_nan,
)
from course.checks.probes import plain


def values(
    thing: Any, adapter: str, args: Sequence[Any], seed: int, images: Tensor, dtype: torch.dtype
) -> Any:
    """What a network with weights from a seed makes of images in this dtype, in evaluation mode."""
    model = filled(_made(thing, adapter, args), seed, dtype)
    with torch.no_grad():
        return model(images.to(dtype))


def one_by_one(
    thing: Any, adapter: str, args: Sequence[Any], seed: int, images: Tensor
) -> dict[str, Any]:
    """The same of all images together and of each alone."""
    model = filled(_made(thing, adapter, args), seed)
    with torch.no_grad():
        alone = [plain(model(images[place : place + 1])) for place in range(len(images))]
        return {"together": plain(model(images)), "one by one": alone}


def learning(
    thing: Any, adapter: str, args: Sequence[Any], seed: int, images: Tensor, training: bool
) -> dict[str, Any]:
    """Output, and the gradients of its randomly weighted sum at the images and all parameters, in
    the second step of a training: the first leaves nothing behind but running statistics.
    """
    model = filled(_made(thing, adapter, args), seed).train(training)
    followed(weighted_sum(model(images.flip(0).requires_grad_()))).backward()
    model.zero_grad()
    images.requires_grad_()
    output = model(images)
    followed(weighted_sum(output)).backward()
    return {
        ANSWER: plain(output),
        "gradient at the input": images.grad,
        **{f"gradient of {name}": one for name, one in gradients_of(model).items()},
        "running statistics": statistics(model),
    }


def model_again(
    thing: Any, adapter: str, args: Sequence[Any], seed: int, images: Tensor
) -> dict[str, Any]:
    """Passes in evaluation mode, and what became of images, weights, mode and process."""
    chosen = standing()
    model = filled(_made(thing, adapter, args), seed)
    before = state_sum(model)
    with seeded():
        first = plain(model(images))
        drawn = next_numbers()
    return {
        ANSWER: first,
        "input afterwards": plain(images),
        "other images": plain(model(images.flip(0) / 2)),
        "the next pass": plain(model(images.clone())),
        "next random numbers": drawn,
        "weights moved by": abs(state_sum(model) - before),
        "layers in training mode": sum(layer.training for layer in model.modules()),
        "settings": settings(chosen),
    }


def two_of_them(
    thing: Any, adapter: str, args: Sequence[Any], seed: int, images: Tensor
) -> dict[str, Any]:
    """Two networks with other weights each, and the first one's weights put into the second; and
    how two fresh ones begin.
    """
    fresh, begun = two_made(lambda: _made(thing, adapter, args))
    dtypes = sorted({str(parameter.dtype) for parameter in fresh[0].parameters()})
    begun |= alike(fresh)
    lost = (one[~one.isfinite()] for one in fresh[0].parameters())
    begun["numbers that start as nan or infinite"] = count(lost)
    one, other = (filled(model, seed + number) for number, model in enumerate(fresh))
    with torch.no_grad():
        found = {"the second": plain(other(images)), "the first": plain(one(images))}
        found["dtypes when made"] = dtypes
        found |= begun
        other.load_state_dict(one.state_dict())
        return {**found, "the second, loaded from the first": plain(other(images))}


def variants(
    thing: Any, adapter: str, table: Mapping[str, Sequence[Any]], shape: Sequence[int]
) -> dict[str, Any]:
    """Sizes of all parameters, and the output's shape, of networks on the meta device.

    Args:
        thing: the student's object.
        adapter: see the module.
        table: arguments of each, by what is special about it.
        shape: of the images; empty where no output is wanted.
    """
    found = {}
    with torch.device("meta"):
        for name, args in table.items():
            model = _made(thing, adapter, args).eval()
            out = list(model(torch.zeros(list(shape))).shape) if shape else []
            found[name] = {"parameters": sizes_of(model), "output": out}
    return found


def made_in_ways(
    thing: Any, adapter: str, names: Sequence[str], args: Sequence[Any], seed: int, images: Tensor
) -> dict[str, Any]:
    """What networks make of images that were made by position, by name, and by default.

    Only sizes are told where arguments are left out: the defaults may be the paper's, and large.
    """
    by_name, *without = shorter(names, args)
    with torch.no_grad():
        found = {
            "by position": plain(filled(_made(thing, adapter, args), seed)(images)),
            "by name": plain(filled(_made(thing, adapter, *by_name), seed)(images)),
        }
    with torch.device("meta"):
        for first, _ in without:
            what = f"without {', '.join(names[len(first) - len(args) :])}"
            found[what] = sizes_of(_made(thing, adapter, first))
    return found


def two_made(make: Callable[[], nn.Module]) -> tuple[list[nn.Module], dict[str, Any]]:
    """Two networks, one made after the other, and whether making one seeds what is drawn next."""
    fresh, drawn = [], []
    for _ in range(2):
        with unset_is_nan():
            fresh.append(make())
        drawn.append(next_numbers())
    seeds = any(map(eq, *drawn))
    return fresh, {"who makes one sets the random generators": seeds}


def alike(fresh: Sequence[nn.Module]) -> dict[str, int]:
    """How many kernels of two fresh networks start alike, and how many have units that do."""
    return {
        "kernels that start alike in two networks": sum(map(torch.equal, *map(_kernels, fresh))),
        "kernels whose units start alike": sum(map(_alike, _kernels(fresh[0]))),
    }


def _kernels(model: nn.Module) -> list[Tensor]:
    """All weights that are more than a number a channel."""
    return [one for one in model.parameters() if min(size_of(one)[1:] or [1]) > 1]


def _alike(kernel: Tensor) -> bool:
    """Whether some units have the same weights: they learn the same for ever."""
    rows = kernel.detach().flatten(1)
    return len(rows.unique(dim=0)) < len(rows)


def _made(
    thing: Any, adapter: str, args: Sequence[Any], kwargs: Mapping[str, Any] | None = None
) -> nn.Module:
    return a_module(adapted(thing, adapter)(*args, **(kwargs or {})), "the call")
