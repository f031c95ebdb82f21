"""What the questions of the battery are made of."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course.checks import stored
from course.checks.probes import ProbeError

ANSWER = "answer"
EARLIER = 0.5  # what stands in the `.grad` of arguments
SEED = 7  # of cotangents and of the generators that must be left alone


def given_earlier(tensor: Tensor) -> None:
    """Put a gradient into its `.grad`, from who knows where: nobody's to touch."""
    tensor.grad = torch.full_like(tensor, EARLIER)


def regraded(tensor: Tensor) -> bool:
    """Whether that gradient has become another one."""
    return tensor.grad is None or bool((tensor.grad != EARLIER).any())


def adapted(thing: Any, adapter: str) -> Any:
    """The student's object through an adapter; itself without one."""
    return stored.resolved(adapter)(thing) if adapter else thing


def shorter(
    names: Sequence[str], args: Sequence[Any]
) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """The last arguments by name, in another order; then one after the other left out."""
    required, last = len(args) - len(names), list(zip(names, args[-len(names) :], strict=True))
    yield tuple(args[:required]), dict(reversed(last))
    for count in range(1, len(names) + 1):
        yield tuple(args[: len(args) - count]), {}


def each(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """The value with every tensor in it changed."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, Mapping):
        return {key: each(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(each(item, change) for item in value)
    return value


def cast(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """The tensor in this dtype, if it is a floating-point one."""
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def spread_out(tensor: Tensor) -> Tensor:
    """The tensor with its axes in reverse order in memory, and a gap after each number."""
    if not tensor.ndim:
        return tensor
    room = tensor.new_zeros(*reversed(tensor.shape), 2)
    return room[..., 0].permute(*reversed(range(tensor.ndim))).copy_(tensor)


def weighted_sum(answer: Any) -> Tensor:
    """Sum over all floating-point tensors in an answer, with frozen random weights."""
    state, total = np.random.RandomState(SEED), torch.zeros(())
    for one in floats(answer):
        weights = torch.from_numpy(np.asarray(state.standard_normal(tuple(one.shape))))
        total = total + (weights.to(one.device, one.dtype) * one).sum()
    return total


def followed(total: Tensor) -> Tensor:
    """The sum, if autograd can follow it back.

    Raises:
        ProbeError: it can't.
    """
    if not total.requires_grad:
        raise ProbeError(
            "autograd can't follow the answer back to what was given: was it detached, turned "
            "into numpy or plain numbers, or computed under no_grad?",
            "detached",
        )
    return total


def floats(value: Any) -> Iterator[Tensor]:
    """All floating-point tensors in a value."""
    if isinstance(value, Tensor) and value.is_floating_point():
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from floats(item)


@contextmanager
def seeded() -> Iterator[None]:
    """Known random states meanwhile; the notebook's own come back."""
    kept = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(SEED)  # the others' states would not come back
        random.seed(SEED)
        np.random.seed(SEED)
        try:
            yield
        finally:
            random.setstate(kept[0])
            np.random.set_state(kept[1])


def next_numbers() -> list[float]:
    """What the random generators of torch, Python and NumPy draw next."""
    drawn = torch.rand((), dtype=torch.float32, device="cpu")  # whatever a notebook's default is
    return [float(drawn), random.random(), float(np.random.random_sample())]


def standing() -> tuple[bool, torch.dtype]:
    """Settings of torch that hold for the whole process, before a question is put."""
    return torch.is_grad_enabled(), torch.get_default_dtype()


def settings(before: tuple[bool, torch.dtype]) -> list[str]:
    """The settings afterwards, where they were torch's own before: what the notebook has chosen
    and an answer left alone is as good.

    Args:
        before: from :func:`standing`.
    """
    gradients, dtype = standing()
    on = gradients or gradients == before[0]
    kept = torch.float32 if dtype == before[1] else dtype
    return [f"gradients {'on' if on else 'off'}", f"default {str(kept).removeprefix('torch.')}"]


def state_sum(model: nn.Module) -> float:
    """One number from all weights and running statistics of a model."""
    state = model.state_dict().values()
    return float(sum(weighted_sum(one.detach().double()) for one in state if one.numel()))


def statistics(model: nn.Module) -> list[float]:
    """Of all running statistics, in no order: sums and sums of squares."""
    tensors = [one.double() for name, one in model.named_buffers() if ".running_" in f".{name}"]
    return [float(sum(t.sum() for t in tensors)), float(sum(t.square().sum() for t in tensors))]


def arguments_of(thing: Any) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """Names of what a function or class takes, and the defaults of the last ones; none of a
    built-in.
    """
    try:
        found = inspect.signature(thing).parameters.values()
    except ValueError:
        return (), ()
    names = tuple(one.name for one in found if one.kind is one.POSITIONAL_OR_KEYWORD)
    defaults = tuple(one.default for one in found if one.default is not one.empty)
    return names, defaults
