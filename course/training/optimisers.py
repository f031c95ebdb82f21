"""Make the optimiser of a run, and steer its learning rate."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from course.training.schedules import Schedule

MakeOptimizer = Callable[..., torch.optim.Optimizer]
Decayed = Literal["all", "weights"]

OWN = (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW)
"""torch's own that have a fused form. They update each number by itself."""

_FORMS = {"fused", "foreach", "differentiable"}


def make_optimizer(
    make: MakeOptimizer | None,
    model: nn.Module,
    lr: float,
    weight_decay: float | None = None,
    decay: Decayed = "all",
) -> torch.optim.Optimizer:
    """``make(parameters, lr=lr)``; by default SGD with momentum 0.9.

    torch's own SGD, Adam and AdamW update all parameters in one call where they can: in a network
    as small as LeNet one call for each tensor costs as much as a layer. Who says how else,
    ``partial(torch.optim.SGD, fused=False)``, gets that.

    Raises:
        ValueError: ``decay`` is neither ``"all"`` nor ``"weights"``.
    """
    make = make or partial(torch.optim.SGD, momentum=0.9)
    kind = make.func if isinstance(make, partial) else make
    said = make.keywords if isinstance(make, partial) else {}
    free = kind in OWN and not said.keys() & _FORMS
    fused = {"fused": True} if free and _can_fuse(model) else {}
    return make(_groups(model, weight_decay, decay), lr=lr, **fused)


def _can_fuse(model: nn.Module) -> bool:
    return all(
        p.device.type in ("cpu", "cuda") and p.is_floating_point() for p in model.parameters()
    )


def _groups(model: nn.Module, weight_decay: float | None, decay: Decayed) -> Any:
    """Parameters as the optimiser takes them: in one group, or biases and norms in their own."""
    if decay not in ("all", "weights"):
        raise ValueError(f"decay says which parameters shrink: 'all' or 'weights'; found {decay!r}")
    if weight_decay is None:
        return model.parameters()
    if decay == "all":
        return [{"params": list(model.parameters()), "weight_decay": weight_decay}]
    weights = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [
        {"params": weights, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def lay_out_state(optimizer: torch.optim.Optimizer) -> None:
    """Give moments the memory layout of their parameters, which fused updates take for granted.

    A checkpoint may come from a run with another layout.
    """
    for parameter, state in optimizer.state.items():
        for name, value in state.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                state[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)


class Throttle:
    """Sets the learning rate before each update, as a schedule says.

    Attributes:
        lr: the rate in force, of the first parameter group.
    """

    def __init__(
        self, optimizer: torch.optim.Optimizer, schedule: Schedule | None, updates: int
    ) -> None:
        self.optimizer = optimizer
        self.schedule = schedule
        self.updates = updates
        self.full = [float(group["lr"]) for group in optimizer.param_groups]
        self.lr = self.full[0]

    def set(self, update: int) -> None:
        """The rate for update number ``update``, 0 for the first."""
        if self.schedule is None:
            return
        factor = self.schedule(update / self.updates)
        self.lr = factor * self.full[0]
        for group, lr in zip(self.optimizer.param_groups, self.full, strict=True):
            if isinstance(group["lr"], Tensor):  # where a recording reads it
                group["lr"].fill_(factor * lr)
            else:
                group["lr"] = factor * lr


# A recording reads its rate from memory; a number would stay what it was. -----------------------


def reads_its_rate(optimizer: torch.optim.Optimizer) -> bool:
    """Whether an update can be recorded with its rate in a tensor.

    SGD can where it is fused: elsewhere it makes a number of its rate, for which a GPU waits.
    """
    fused = all(group.get("fused") for group in optimizer.param_groups)
    return type(optimizer) in OWN and (fused or type(optimizer) is not torch.optim.SGD)


def steer_by_tensors(optimizer: torch.optim.Optimizer, device: torch.device) -> None:
    """Rates, and how many updates there were, lie on the device."""
    for group in optimizer.param_groups:
        group["lr"] = torch.tensor(float(group["lr"]), dtype=torch.float32, device=device)
        if "capturable" in group and device.type == "cuda":
            group["capturable"] = True
    for state in optimizer.state.values():  # from a checkpoint of a run without a recording
        if isinstance(state.get("step"), Tensor):
            state["step"] = state["step"].to(device)


def steer_by_numbers(optimizer: torch.optim.Optimizer) -> None:
    """Rates are numbers again."""
    for group in optimizer.param_groups:
        group["lr"] = float(group["lr"])


def load_state(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """From a checkpoint, which may come from a recorded run, on another device."""
    capturable = [group.get("capturable") for group in optimizer.param_groups]
    optimizer.load_state_dict(state)
    for group, own in zip(optimizer.param_groups, capturable, strict=True):
        if "capturable" in group:
            group["capturable"] = own
    steer_by_numbers(optimizer)
    lay_out_state(optimizer)
