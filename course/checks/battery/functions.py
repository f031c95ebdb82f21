"""Questions to functions."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from course.checks.battery.parts import (
    ANSWER,
    adapted,
    cast,
    each,
    floats,
    followed,
    given_earlier,
    next_numbers,
    regraded,
    seeded,
    settings,
    shorter,
    spread_out,
    standing,
    weighted_sum,
)
from course.checks.probes import copied, plain
from course.checks.whole import kind_of_number

NUDGE = 2.0**-30  # relative; single precision doesn't see it, of double precision 22 bits are left


def edge(thing: Any, adapter: str, usual: Sequence[Any], special: Sequence[Any]) -> dict[str, Any]:
    """The answer at an edge, and an ordinary one: who has none of these earns nothing there."""
    function = adapted(thing, adapter)
    return {"here": plain(function(*special)), "in an ordinary call": plain(function(*usual))}


def in_dtype(thing: Any, adapter: str, dtype: torch.dtype, *args: Any) -> Any:
    """The answer where all floating-point tensors have this dtype."""
    return adapted(thing, adapter)(*each(args, lambda one: cast(one, dtype)))


def spread(thing: Any, adapter: str, *args: Any) -> Any:
    """The answer where every tensor lies in memory with gaps, its axes in reverse order."""
    return adapted(thing, adapter)(*each(args, spread_out))


def finely(thing: Any, adapter: str, *args: Any) -> dict[str, Any]:
    """The answer, and by how much it changes where all floating-point tensors, float64, are a
    billionth larger: relative to that billionth.
    """
    function = adapted(thing, adapter)
    nudged = each(copied(args), lambda one: one * (1 + NUDGE) if one.is_floating_point() else one)
    answer, moved = plain(function(*args)), plain(function(*nudged))
    pairs = zip(floats(answer), floats(moved), strict=True)
    return {ANSWER: answer, "its change": [(after - before) / NUDGE for before, after in pairs]}


def of_its_own(
    thing: Any, adapter: str, usual: Sequence[Any], special: Sequence[Any]
) -> dict[str, Any]:
    """The answer where an argument might be handed back, whether it lies in the memory of one, and
    an ordinary answer.
    """
    function, given = adapted(thing, adapter), set(map(_memory, floats(special)))
    answer = function(*special)
    return {
        "here": plain(answer),
        "in the memory of an argument": bool(given & set(map(_memory, floats(answer)))),
        "in an ordinary call": plain(function(*usual)),
    }


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def whole(thing: Any, adapter: str, *args: Any) -> Any:
    """The answer, each number in it with its type: ``["int", 3]`` for every whole number by its
    type, a tensor without axes among them.
    """
    return _with_types(adapted(thing, adapter)(*args))


def _with_types(answer: Any) -> Any:
    if isinstance(answer, Mapping):
        return {name: _with_types(one) for name, one in answer.items()}
    if isinstance(answer, list | tuple):
        return [_with_types(one) for one in answer]
    return [kind_of_number(answer), answer]


def again(thing: Any, adapter: str, other: Sequence[Any], *args: Any) -> dict[str, Any]:
    """The answer to the same call twice with another between, and what became of the arguments
    and of the process.
    """
    chosen = standing()
    function, kept = adapted(thing, adapter), copied(args)
    for one in floats(args):
        given_earlier(one)
    with seeded():
        first = function(*args)
        drawn = next_numbers()
    arguments = plain(list(args))
    touched = sum(one.requires_grad or regraded(one) for one in floats(args))
    between = plain(function(*other))
    return {
        ANSWER: plain(first),  # looked at now: the call between must not have written into it
        "arguments afterwards": arguments,
        "arguments with another gradient afterwards": touched,
        "other arguments": between,
        "the same call again": plain(function(*kept)),
        "next random numbers": drawn,
        "settings": settings(chosen),
    }


def in_ways(thing: Any, adapter: str, names: Sequence[str], *args: Any) -> dict[str, Any]:
    """The answers with the last arguments by position, by name, and left out.

    Args:
        thing: the student's object.
        adapter: see the module.
        names: of the last arguments, which have defaults.
        *args: all of them.
    """
    function = adapted(thing, adapter)
    found = {"by position": plain(function(*copied(args)))}
    for first, named in shorter(names, args):
        what = "by name" if named else f"without {', '.join(names[len(first) - len(args) :])}"
        found[what] = plain(function(*copied(first), **copied(named)))
    return found


def slopes(thing: Any, adapter: str, wrt: Mapping[str, int], *args: Any) -> dict[str, Any]:
    """The answer, and the gradient at arguments of a randomly weighted sum of all that is in it.

    Args:
        thing: the student's object.
        adapter: see the module.
        wrt: places of the arguments by name; floating-point tensors.
        *args: all arguments.

    Raises:
        ProbeError: autograd can't follow the answer back.
    """
    given = list(args)
    for place in wrt.values():
        given[place] = given[place].detach().clone().requires_grad_()
    answer = adapted(thing, adapter)(*given)
    total = followed(weighted_sum(answer))
    leaves = [given[place] for place in wrt.values()]
    touched = [leaf.grad is not None or not leaf.requires_grad for leaf in leaves]
    found = torch.autograd.grad(total, leaves, allow_unused=True)
    gradients = (
        torch.zeros_like(leaf) if one is None else one
        for leaf, one in zip(leaves, found, strict=True)
    )
    return {
        ANSWER: plain(answer),
        **{f"gradient at {name}": one for name, one in zip(wrt, gradients, strict=True)},
        "arguments with a .grad afterwards": sum(touched),
    }


def outcomes(thing: Any, adapter: str, error: str, calls: Sequence[Sequence[Any]]) -> list[Any]:
    """For each call the answer, or what was raised.

    Args:
        thing: the student's object.
        adapter: see the module.
        error: the built-in exception that is asked for; who raises a subclass is right too.
        calls: arguments of each.
    """
    return [_outcome(adapted(thing, adapter), error, call) for call in calls]


def _outcome(function: Callable[..., Any], error: str, call: Sequence[Any]) -> Any:
    wanted: type[Exception] = getattr(builtins, error)
    try:
        return plain(function(*call))
    except NotImplementedError:
        raise
    except wanted:
        return f"a {error}"
    except Exception as other:
        return f"{type(other).__name__}: {other}"
