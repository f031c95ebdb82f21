"""Whether a value carries a gradient at all: where none does, cutting it off is no slip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from course.checks import Check, Probe

WATCH = "_carries_"
"""Name of the function that stands around a watched expression."""


def carries(source: str, names: Mapping[str, Any], checks: list[Check]) -> bool:
    """Whether what is watched ever carries a gradient, when every argument does.

    Args:
        source: a cell in which an expression is watched.
        names: what it builds on.
        checks: whose probes are put.
    """
    seen = list[bool]()

    def watch(value: Any) -> Any:
        seen.append(_carries(value))
        return value

    space = {**names, WATCH: watch}
    exec(compile(source, "<watched>", "exec"), space)
    for probe in (one.case.probe for check in checks for one in check.cases):
        if probe.files:
            return True
        if probe.run(space).kind == "value" and _alive(probe).run(space).kind != "value":
            return True  # nobody can tell
    return any(seen)


def _alive(probe: Probe) -> Probe:
    kwargs = {name: _followed(one) for name, one in probe.kwargs.items()}
    return replace(probe, args=tuple(map(_followed, probe.args)), kwargs=kwargs)


def _followed(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().clone().requires_grad_() if value.is_floating_point() else value
    if isinstance(value, dict):
        return {key: _followed(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_followed(one) for one in value)
    return value


def _carries(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value.requires_grad
    if isinstance(value, nn.Module):
        return False  # its parameters do, wherever it is made
    if isinstance(value, Mapping):
        return any(map(_carries, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_carries, value))
    return callable(value)  # what it will give is not known
