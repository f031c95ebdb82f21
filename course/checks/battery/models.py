"""Questions to functions of a network."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from course.checks import stored
from course.checks.battery.parts import (
    ANSWER,
    adapted,
    cast,
    each,
    next_numbers,
    seeded,
    settings,
    standing,
    state_sum,
)
from course.checks.probes import copied, plain

SAME_IN_BOTH_MODES = (nn.Conv2d, nn.Linear)


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
    model = lived_in(stored.resolved(maker)(seed).to(dtype).train(training))
    rest = each(rest, lambda one: cast(one, dtype))
    chosen = standing()
    before, copies = inside(model), copied(rest)
    with seeded():
        first = plain(function(model, *rest))
        drawn = next_numbers()
    second = plain(function(model, *copies))
    after = inside(model)
    return {
        ANSWER: first,
        "asked again": second,
        "arguments afterwards": plain(list(rest)),
        "what changed in the model": [name for name in before if before[name] != after[name]],
        "next random numbers": drawn,
        "settings": settings(chosen),
    }


def lived_in(model: nn.Module) -> nn.Module:
    """The model with traces of others' use, which are nobody's to touch: the gradient of its first
    parameter, its last one frozen, one layer in the other mode and with a hook.
    """
    parameters = list(model.parameters())
    if parameters:
        parameters[0].grad = torch.full_like(parameters[0], 0.5)
        parameters[-1].requires_grad_(len(parameters) < 2)
    for layer in model.modules():
        if isinstance(layer, SAME_IN_BOTH_MODES):
            layer.train(not layer.training)
            layer.register_forward_hook(_looking_on)
            break
    return model


def _looking_on(layer: nn.Module, inputs: Any, output: Any) -> None:
    """Someone's hook."""


def inside(model: nn.Module) -> dict[str, Any]:
    """What a function must leave alone in a model, as values to compare."""
    layers, parameters = list(model.modules()), list(model.parameters())
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return {
        "train() or eval()": [layer.training for layer in layers],
        "layers": [type(layer).__name__ for layer in layers],
        "weights": state_sum(model),
        "dtypes": [str(one.dtype) for one in model.state_dict().values()],
        ".grad": [None if one.grad is None else float(one.grad.sum()) for one in parameters],
        "requires_grad": [one.requires_grad for one in parameters],
        "hooks": [len(getattr(layer, name, ())) for layer in layers for name in hooks],
        "attributes": [sorted(vars(layer)) for layer in layers],
    }
