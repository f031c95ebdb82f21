"""Lazy answers that fit any exercise: the input back, constants, what the panel showed."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from autograde.proving.subjects import Subject
from course.checks.probes import plain

Objects = Callable[[], Mapping[str, Any]]
SHOWN = 8  # numbers that a panel shows at once


def lazy(subject: Subject) -> dict[str, Objects]:
    """Makers of the lazy answers to an exercise, by what is lazy about them."""
    kinds: dict[str, Callable[[Any], Any]] = {
        "the input back": _input_back,
        "None": partial(_always, None),
        "0": partial(_always, 0),
        "zeros of the right shape": _zeros,
        "what the panel showed": partial(_from_panel, subject),
    }
    return {says: partial(_of_all, subject, make) for says, make in kinds.items()}


def _of_all(subject: Subject, make: Callable[[Any], Any]) -> Mapping[str, Any]:
    return {name: make(subject.names[name]) for name in subject.own}


def _input_back(truth: Any) -> Any:
    def back(*args: Any, **kwargs: Any) -> Any:
        given = [*args, *kwargs.values()]
        tensors = [one for one in given if isinstance(one, Tensor)]
        return (tensors or given or [None])[0]

    if _is_a(truth, nn.Module):
        return type(truth.__name__, (_Idle,), {"forward": lambda self, *args, **kw: back(*args)})
    return _shaped(truth, back)


def _always(value: Any, truth: Any) -> Any:
    def constant(*args: Any, **kwargs: Any) -> Any:
        return value

    if _is_a(truth, nn.Module):
        return type(truth.__name__, (_Idle,), {"forward": lambda self, *args, **kw: value})
    return _shaped(truth, constant)


def _zeros(truth: Any) -> Any:
    """What gives the right kinds and shapes, and keeps all parameters, but computes nothing."""
    if _is_a(truth, nn.Module):
        return _idle_twin(truth)
    if _is_a(truth, torch.autograd.Function):
        return _shaped(truth, lambda *args: 0 * truth.apply(*args))
    if not callable(truth):
        return _nothing_of(truth)

    def zeros(*args: Any, **kwargs: Any) -> Any:
        copies = copy.deepcopy((args, kwargs))  # what changes its arguments works on copies
        return _nothing_of(truth(*copies[0], **copies[1]))

    return zeros


def _from_panel(subject: Subject, truth: Any) -> Any:
    """What answers the visible check's own calls by heart, where the panel can show the answer."""
    if not callable(truth) or isinstance(truth, type):
        return _always(None, truth)
    table: dict[str, Any] = {}

    def noted(*args: Any, **kwargs: Any) -> Any:
        key = _key(args, kwargs)
        found = truth(*args, **kwargs)
        if _numbers(found) <= SHOWN:
            table[key] = copy.deepcopy(found)
        return found

    name = next(name for name in subject.own if subject.names[name] is truth)
    subject.visible.run({**subject.names, name: noted})
    return lambda *args, **kwargs: table.get(_key(args, kwargs))


class _Idle(nn.Module):
    """A module that takes any arguments and has no parameters."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()


def _idle_twin(truth: type[nn.Module]) -> type[nn.Module]:
    def forward(self: Any, *args: Any, **kwargs: Any) -> Any:
        return _nothing_of(truth.forward(self, *args, **kwargs))

    return type(truth.__name__, (truth,), {"forward": forward})


def _shaped(truth: Any, answer: Callable[..., Any]) -> Any:
    """The answer as what the exercise asks for: a function, a Function, a table."""
    if _is_a(truth, torch.autograd.Function):
        return type(truth.__name__, (), {"apply": staticmethod(answer)})
    return answer if callable(truth) else answer()


def _nothing_of(value: Any) -> Any:
    """The same kinds and shapes with nothing in them; what has keys is empty."""
    if isinstance(value, Tensor):
        return 0 * value if value.is_floating_point() else torch.zeros_like(value)
    if isinstance(value, nn.Module):
        return _silenced(value)
    if isinstance(value, list | tuple):
        return type(value)(_nothing_of(one) for one in value)
    if isinstance(value, bool | int | float | str | dict):
        return type(value)()
    return None


def _silenced(network: nn.Module) -> nn.Module:
    network.register_forward_hook(lambda module, args, output: _nothing_of(output))
    return network


def _is_a(thing: Any, kind: type) -> bool:
    return isinstance(thing, type) and issubclass(thing, kind)


def _numbers(value: Any) -> int:
    if isinstance(value, Tensor):
        return value.numel()
    if isinstance(value, Mapping):
        return sum(map(_numbers, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(_numbers, value))
    return 1 if isinstance(value, bool | int | float | str) or value is None else SHOWN + 1


def _key(args: Any, kwargs: Any) -> str:
    return hashlib.sha256(_text(plain([args, kwargs])).encode()).hexdigest()


def _text(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"{tuple(value.shape)} {value.dtype} {value.tolist()!r}"
    if isinstance(value, dict):
        return "".join(f"{key}: {_text(one)}, " for key, one in value.items())
    if isinstance(value, list):
        return "".join(f"{_text(one)}; " for one in value)
    return repr(value)
