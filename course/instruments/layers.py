"""Choose layers of a model, and watch what they give out."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor, nn

Layers = str | type[nn.Module] | Iterable[str | type[nn.Module]] | None

ROOT = "(model)"


def named_modules(model: nn.Module) -> dict[str, nn.Module]:
    """Every module by its dotted name; the model itself is ``(model)``."""
    return {name or ROOT: module for name, module in model.named_modules()}


def is_leaf(module: nn.Module) -> bool:
    """Has it no modules inside?"""
    return next(module.children(), None) is None


def select(model: nn.Module, layers: Layers) -> dict[str, nn.Module]:
    """The layers with these names or types; by default all leaves.

    Raises:
        KeyError: a name that is not in the model.
    """
    named = named_modules(model)
    if layers is None:
        return {name: module for name, module in named.items() if is_leaf(module)}
    if isinstance(layers, type):
        return {name: module for name, module in named.items() if isinstance(module, layers)}
    chosen: dict[str, nn.Module] = {}
    for layer in [layers] if isinstance(layers, str) else layers:
        if isinstance(layer, type):
            chosen |= select(model, layer)
        elif layer in named:
            chosen[layer] = named[layer]
        else:
            raise KeyError(unknown(layer, list(named)))
    return chosen


def unknown(name: str, names: list[str]) -> str:
    """What to say of a name that is not there."""
    near = difflib.get_close_matches(name, names, n=3) or names[:8]
    return f"no layer {name!r} here. Near it: {', '.join(near)}. All names: model.named_modules()"


def numbered(name: str, call: int) -> str:
    """The name of a layer's first, second, ... call."""
    return name if call == 1 else f"{name} ({call})"


@contextmanager
def watching(
    model: nn.Module, layers: Layers, keep: Callable[[str, Tensor], None]
) -> Iterator[None]:
    """Call ``keep(name, output)`` for every call of the chosen layers that gives one tensor."""
    calls: Counter[str] = Counter()

    def hook_for(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            calls[name] += 1
            if isinstance(output, Tensor):
                keep(numbered(name, calls[name]), output)

        return hook

    with ExitStack() as hooks:
        hooks.callback(model.register_forward_pre_hook(lambda *_: calls.clear()).remove)
        for name, module in select(model, layers).items():
            handle = module.register_forward_hook(hook_for(name))
            hooks.callback(handle.remove)
        yield
