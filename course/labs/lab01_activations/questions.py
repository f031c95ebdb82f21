"""What the checks of lab 1 ask, beyond plain calls and gradients."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from course.checks import ProbeError
from course.checks.probes import gradient_of


def on_numbers(function: Callable[..., Any], x: Tensor, **kwargs: Any) -> list[Any]:
    """The function on each element of ``x (N,)`` alone, as a tensor of shape ``()``."""
    return [function(number, **kwargs) for number in x]


def with_gradient(function: Callable[..., Any], x: Tensor, **kwargs: Any) -> dict[str, Any]:
    """The values, and the gradient: a finite gradient of the wrong function earns nothing. And how
    many hooks ``x`` has then: one could mend a gradient there, and not in the function.
    """
    hooks = 0

    def watched(leaf: Tensor, **given: Any) -> Any:
        nonlocal hooks
        answer = function(leaf, **given)
        hooks += sum(len(getattr(leaf, kind, None) or ()) for kind in HOOKS)
        return answer

    value, gradient = function(x, **kwargs), gradient_of(watched, x, **kwargs)
    return {"value": value, "gradient": gradient, "hooks on x afterwards": hooks}


HOOKS = "_backward_hooks", "_post_accumulate_grad_hooks"  # of a tensor


# Functions of autograd --------------------------------------------------------------------


def applied_of(function: Any) -> Callable[..., Any]:
    """``function.apply``, for the questions that every exercise is asked."""
    apply: Callable[..., Any] = function.apply
    return apply


def applied(function: Any, x: Tensor, alpha: float) -> Any:
    """What ``function.apply(x, alpha)`` returns."""
    return function.apply(x, alpha)


def pulled_back(function: Any, x: Tensor, upstream: Tensor, alpha: float) -> dict[str, Tensor]:
    """What backward makes of the gradient ``upstream`` at the output, shape of ``x``; and what
    became of that.

    Raises:
        ProbeError: the output has no gradient.
    """
    leaf = x.detach().clone().requires_grad_()
    output = function.apply(leaf, alpha)
    if not getattr(output, "requires_grad", False):
        raise ProbeError(
            "the result of ELUFunction.apply needs no gradient: does the class inherit from "
            "torch.autograd.Function, and does forward return a new tensor?",
            "detached",
        )
    (result,) = torch.autograd.grad(output, leaf, grad_outputs=upstream)
    return {"gradient": result, "gradient at the output, afterwards": upstream}


def pulled_back_together(function: Any, x: Tensor, *alphas: float) -> Tensor:
    """The gradient at ``x`` of the sum of all outputs, where the function was applied once for
    each α before; shape of ``x``.
    """

    def together(x: Tensor) -> Tensor:
        return sum((function.apply(x, alpha) for alpha in alphas), x.new_zeros(()))

    return gradient_of(together, x)


def both_ways(function: Any, x: Tensor, upstream: Tensor, alpha: float) -> dict[str, Any]:
    """The values at ``x``, and the gradient there."""
    values = function.apply(x, alpha)
    return {"values": values, **pulled_back(function, x, upstream, alpha)}


def kept_for_backward(function: Any, x: Tensor, alpha: float) -> dict[str, Any]:
    """The output; how many tensors forward saves, which, how many ``ctx`` has besides, also in
    lists or functions; and how many are never freed.
    """
    leaf, saved = x.detach().clone().requires_grad_(), []

    def pack(tensor: Tensor) -> Tensor:
        saved.append(tensor.detach())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = function.apply(leaf, alpha)
    context = getattr(output.grad_fn, "__dict__", {})
    return {
        "output": output,
        "saved tensors": len(saved),
        "it holds": _nature(saved, leaf, output),
        "other tensors on ctx": _tensors_in(context),
        "lists on ctx with a number for each element": _lists_of(len(x), context),
        "tensors left when the output is gone": _left_behind(function, x, alpha),
    }


def _tensors_in(item: Any, depth: int = 5) -> int:
    """How many tensors and arrays something holds: itself, in containers, attributes, closures."""
    if isinstance(item, Tensor | np.ndarray):
        return 1
    if depth == 0 or isinstance(item, type | ModuleType):
        return 0
    return sum(_tensors_in(part, depth - 1) for part in _parts(item))


def _lists_of(count: int, context: Mapping[str, Any]) -> int:
    """How many lists of plain numbers hold ``count`` of them or more: they take memory, too."""
    lists = [one for one in context.values() if isinstance(one, list | tuple | set | frozenset)]
    plain = [all(isinstance(part, bool | int | float) for part in one) for one in lists]
    return sum(len(one) >= count and is_plain for one, is_plain in zip(lists, plain, strict=True))


def _parts(item: Any) -> Iterable[Any]:
    if isinstance(item, Mapping):
        return list(item.values())
    if isinstance(item, list | tuple | set | frozenset):
        return list(item)
    if isinstance(item, partial):
        return [item.func, *item.args, *item.keywords.values()]
    if isinstance(item, FunctionType):
        return [
            *_closed_over(item),
            *(item.__defaults__ or ()),
            *(item.__kwdefaults__ or {}).values(),
        ]
    bound = [item.__self__] if isinstance(item, MethodType) else []
    return [*bound, *getattr(item, "__dict__", {}).values()]


def _closed_over(function: FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # not set yet
            yield cell.cell_contents


def _left_behind(function: Any, x: Tensor, alpha: float) -> int:
    """How many of what two calls took and gave still live when nobody keeps them."""
    watched = list[Callable[[], Any]]()
    for number in (1, 2):
        given = (x * number).requires_grad_()
        output = function.apply(given, alpha)
        watched += [weakref.ref(given), weakref.ref(output)]
        del given, output
    if any(one() is not None for one in watched):
        gc.collect()  # they may only wait for it
    return sum(one() is not None for one in watched)


def _nature(saved: list[Tensor], x: Tensor, output: Tensor) -> str:
    return " and ".join(_name(tensor, x, output) for tensor in saved) or "nothing"


def _name(tensor: Tensor, x: Tensor, output: Tensor) -> str:
    if torch.equal(tensor, x):
        return "the input"
    if not torch.equal(tensor, output):
        return "something else"
    same = tensor.untyped_storage().data_ptr() == output.untyped_storage().data_ptr()
    return "the output" if same else "a copy of the output, which takes memory of its own"


# Chains, and batches ----------------------------------------------------------------------


def chained(function: Any, name: str, depth: int, x: Tensor) -> Any:
    """``chain_gradient`` with the built-in activation called ``name``."""
    return function(getattr(F, name), depth, x)


def chain_of_tanh(function: Any) -> Callable[..., Any]:
    """``chain_gradient`` of tanh, for the questions that every exercise is asked."""
    return lambda depth, x: function(torch.tanh, depth, x)


def chained_twice(function: Any, name: str, depth: int, x: Tensor) -> dict[str, Any]:
    """The same call twice with the same tensor, and what became of that."""
    first, second = (chained(function, name, depth, x) for _ in range(2))
    return {"first": first, "second": second, "x needs a gradient": x.requires_grad}


def chained_at_depths(function: Any, name: str, x: Tensor) -> list[Any]:
    """``chain_gradient`` at depths 0 and 1."""
    return [chained(function, name, depth, x) for depth in (0, 1)]


def on_batches(function: Any, *batches: Tensor) -> list[Any]:
    """What the function says of each batch ``(N, D)``."""
    return [function(batch) for batch in batches]
