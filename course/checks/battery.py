"""Questions that every exercise is asked, whatever it is about.

They put the same call in other ways: in single precision, with numbers spread in memory, twice, by
name, with gradients; and they bring back values each time, with what became of what was given. So
who answers wrongly has none of them right.

Objects reach them through an *adapter*, where an exercise asks for something else than a plain
function or class: a function of ``course.labs`` or ``course.checks``, by its ``module:name``.
"""

from __future__ import annotations

import builtins
import inspect
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course.checks import stored
from course.checks.modules import a_module, filled, gradients_of, sizes_of
from course.checks.probes import ProbeError, copied, plain

ANSWER = "answer"
SEED = 7  # of cotangents and of the generators that must be left alone


def adapted(thing: Any, adapter: str) -> Any:
    """The student's object through an adapter; itself without one."""
    return stored.resolved(adapter)(thing) if adapter else thing


# Functions --------------------------------------------------------------------------------


def edge(thing: Any, adapter: str, usual: Sequence[Any], special: Sequence[Any]) -> dict[str, Any]:
    """The answer at an edge, and an ordinary one: who has none of these earns nothing there."""
    function = adapted(thing, adapter)
    return {"there": plain(function(*special)), "elsewhere": plain(function(*usual))}


def in_dtype(thing: Any, adapter: str, dtype: torch.dtype, *args: Any) -> Any:
    """The answer where all floating-point tensors have this dtype."""
    return adapted(thing, adapter)(*_each(args, lambda one: _as(one, dtype)))


def spread(thing: Any, adapter: str, *args: Any) -> Any:
    """The answer where every tensor lies in memory with gaps, its axes in reverse order."""
    return adapted(thing, adapter)(*_each(args, _spread))


def again(thing: Any, adapter: str, other: Sequence[Any], *args: Any) -> dict[str, Any]:
    """The answer to the same call twice with another between, and what became of the arguments
    and of the process.
    """
    function, kept = adapted(thing, adapter), copied(args)
    with _seeded():
        first = plain(function(*args))
        drawn = _next_numbers()
    return {
        ANSWER: first,
        "arguments afterwards": plain(list(args)),
        "other arguments": plain(function(*other)),
        "the same call again": plain(function(*kept)),
        "next random numbers": drawn,
        "settings": _settings(),
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
    for first, named in _shorter(names, args):
        what = "by name" if named else f"without {', '.join(names[len(first) - len(args) :])}"
        found[what] = plain(function(*copied(first), **copied(named)))
    return found


def _shorter(
    names: Sequence[str], args: Sequence[Any]
) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """The last arguments by name, in another order; then one after the other left out."""
    required, last = len(args) - len(names), list(zip(names, args[-len(names) :], strict=True))
    yield tuple(args[:required]), dict(reversed(last))
    for count in range(1, len(names) + 1):
        yield tuple(args[: len(args) - count]), {}


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
    total = _followed(_weighted_sum(answer))
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


# Networks ---------------------------------------------------------------------------------


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
    """Output, and the gradients of its randomly weighted sum at the images and all parameters."""
    model = filled(_made(thing, adapter, args), seed).train(training)
    images.requires_grad_()
    output = model(images)
    _followed(_weighted_sum(output)).backward()
    return {
        ANSWER: plain(output),
        "gradient at the input": images.grad,
        **{f"gradient of {name}": one for name, one in gradients_of(model).items()},
        "running statistics": _statistics(model),
    }


def model_again(
    thing: Any, adapter: str, args: Sequence[Any], seed: int, images: Tensor
) -> dict[str, Any]:
    """Passes in evaluation mode, and what became of images, weights, mode and process."""
    model = filled(_made(thing, adapter, args), seed)
    before = _state_sum(model)
    with _seeded():
        first = plain(model(images))
        drawn = _next_numbers()
    return {
        ANSWER: first,
        "input afterwards": plain(images),
        "other images": plain(model(images.flip(0) / 2)),
        "the next pass": plain(model(images.clone())),
        "next random numbers": drawn,
        "weights moved by": abs(_state_sum(model) - before),
        "layers in training mode": sum(layer.training for layer in model.modules()),
        "settings": _settings(),
    }


def two_of_them(
    thing: Any, adapter: str, args: Sequence[Any], seed: int, images: Tensor
) -> dict[str, Any]:
    """Two networks with other weights each, and the first one's weights put into the second."""
    one, other = (filled(_made(thing, adapter, args), seed + number) for number in range(2))
    with torch.no_grad():
        found = {"the second": plain(other(images)), "the first": plain(one(images))}
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
    by_name, *without = _shorter(names, args)
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


def _made(
    thing: Any, adapter: str, args: Sequence[Any], kwargs: Mapping[str, Any] | None = None
) -> nn.Module:
    return a_module(adapted(thing, adapter)(*args, **(kwargs or {})), "the call")


# Functions of a network -------------------------------------------------------------------


def of_model(
    thing: Any, adapter: str, maker: str, seed: int, training: bool, dtype: torch.dtype, *rest: Any
) -> dict[str, Any]:
    """What a function says of a model, twice, and what became of the model.

    Args:
        thing: the student's object; the adapter makes of it a function of model and rest that
            returns plain values.
        adapter: see the module.
        maker: ``module:name`` of a function that makes the model from a seed.
        seed: for it.
        training: the mode in which the model is given.
        dtype: of its weights, and of the rest where it is a floating-point tensor.
        *rest: further arguments.
    """
    function = adapted(thing, adapter)
    model: nn.Module = stored.resolved(maker)(seed).to(dtype).train(training)
    kept = next(iter(model.parameters()), None)
    if kept is not None:  # someone's gradient, which is not the function's to touch
        kept.grad = torch.full_like(kept, 0.5)
    rest = _each(rest, lambda one: _as(one, dtype))
    before, copies = _inside(model), copied(rest)
    with _seeded():
        first = plain(function(model, *rest))
        drawn = _next_numbers()
    second = plain(function(model, *copies))
    after = _inside(model)
    return {
        ANSWER: first,
        "asked again": second,
        "arguments afterwards": plain(list(rest)),
        "what changed in the model": [name for name in before if before[name] != after[name]],
        "next random numbers": drawn,
        "settings": _settings(),
    }


def _inside(model: nn.Module) -> dict[str, Any]:
    """What a function must leave alone in a model, as values to compare."""
    layers, parameters = list(model.modules()), list(model.parameters())
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return {
        "train() or eval()": [layer.training for layer in layers],
        "layers": [type(layer).__name__ for layer in layers],
        "weights": _state_sum(model),
        "dtypes": [str(one.dtype) for one in model.state_dict().values()],
        ".grad": [None if one.grad is None else float(one.grad.sum()) for one in parameters],
        "requires_grad": [one.requires_grad for one in parameters],
        "hooks": [len(getattr(layer, name, ())) for layer in layers for name in hooks],
        "attributes": [sorted(vars(layer)) for layer in layers],
    }


def _state_sum(model: nn.Module) -> float:
    state = model.state_dict().values()
    return float(sum(_weighted_sum(one.detach().double()) for one in state if one.numel()))


def _statistics(model: nn.Module) -> list[float]:
    """Of all running statistics, in no order: sums and sums of squares."""
    tensors = [one.double() for name, one in model.named_buffers() if ".running_" in f".{name}"]
    return [float(sum(t.sum() for t in tensors)), float(sum(t.square().sum() for t in tensors))]


# Parts ------------------------------------------------------------------------------------


def _each(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """The value with every tensor in it changed."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _each(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_each(item, change) for item in value)
    return value


def _as(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def _spread(tensor: Tensor) -> Tensor:
    if not tensor.ndim:
        return tensor
    room = tensor.new_zeros(*reversed(tensor.shape), 2)
    return room[..., 0].permute(*reversed(range(tensor.ndim))).copy_(tensor)


def _weighted_sum(answer: Any) -> Tensor:
    """Sum over all floating-point tensors in an answer, with frozen random weights."""
    state, total = np.random.RandomState(SEED), torch.zeros(())
    for one in _floats(answer):
        weights = torch.from_numpy(np.asarray(state.standard_normal(tuple(one.shape))))
        total = total + (weights.to(one.device, one.dtype) * one).sum()
    return total


def _followed(total: Tensor) -> Tensor:
    if not total.requires_grad:
        raise ProbeError(
            "autograd can't follow the answer back to what was given: was it detached, turned "
            "into numpy or plain numbers, or computed under no_grad?",
            "detached",
        )
    return total


def _floats(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor) and value.is_floating_point():
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _floats(item)


@contextmanager
def _seeded() -> Iterator[None]:
    """Known random states meanwhile; the notebook's own come back."""
    kept = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        random.seed(SEED)
        np.random.seed(SEED)
        try:
            yield
        finally:
            random.setstate(kept[0])
            np.random.set_state(kept[1])


def _next_numbers() -> list[float]:
    return [float(torch.rand(())), random.random(), float(np.random.random_sample())]


def _settings() -> list[str]:
    return [
        f"gradients {'on' if torch.is_grad_enabled() else 'off'}",
        f"default {str(torch.get_default_dtype()).removeprefix('torch.')}",
    ]


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
