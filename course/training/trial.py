"""May a batch be recorded? One that decides in Python would be another the next time.

What was recorded does the same to the same memory; Python is not in it. So some batches are tried
before, on copies of the running statistics: do they wait for the device, draw random numbers
elsewhere, leave another network behind, ask the device for something else each time?
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules import module as every_module
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from course.device import seeded
from course.instruments import preserved_modes
from course.training.recording import no_waiting, within_another

if TYPE_CHECKING:
    from course.training.loop import Run

WORTH = 50  # batches that must come, or the recording takes longer than it saves
HOOKS = (
    "_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks",
)  # fmt: skip
_TORCHS = frozenset(vars(nn.Module())) - {"training"}  # attributes that are not a module's own

Kept = list[tuple[str, nn.Module, dict[str, Any]]]


def obstacle(run: Run) -> str:
    """Why a run's batches must go step by step; empty where they need not.

    What a network does in Python at every hundredth batch only is not found.
    """
    if run.device.type != "cuda":
        return f"there are no graphs on {run.device.type}"
    if within_another():
        return "another run is under way"
    if run.batches < WORTH:
        return f"fewer than {WORTH} batches are no gain"
    if len(run.train[0]) < run.batch_size:
        return "there is no whole batch"
    if run.forward is not run.model:
        return "torch.compile does it its own way"
    if has_hooks(run.model):
        return "hooks of the model run in Python"
    if held(run.model):
        return "an earlier result of the model is kept with its graph: del it, or detach() it"
    return trouble_with(run)


def has_hooks(model: nn.Module) -> bool:
    """Whether Python of somebody's runs beside the model's own."""
    everywhere = any(getattr(every_module, f"_global{kind}", None) for kind in HOOKS)
    own = any(getattr(module, kind, None) for module in model.modules() for kind in HOOKS)
    of_weights = ("_backward_hooks", "_post_accumulate_grad_hooks")
    return (
        everywhere
        or own
        or any(getattr(one, kind, None) for one in model.parameters() for kind in of_weights)
    )


def held(model: nn.Module) -> bool:
    """Whether somebody keeps a graph of the model alive, such as a loss in a notebook's variable.

    Its nodes belong to the stream that they were made on. Gradients would be added up there, and
    a recording of another stream breaks.
    """
    with torch.enable_grad():
        return any(_outlives(one) for one in model.parameters() if one.requires_grad)


def _outlives(parameter: Tensor) -> bool:
    mark = object()
    _node(parameter).metadata["course"] = mark  # lost at once, if the node is nobody else's
    return _node(parameter).metadata.get("course") is mark


def _node(parameter: Tensor) -> Any:
    view: Any = parameter.view_as(parameter)
    return view.grad_fn.next_functions[0][0]


def trouble_with(run: Run) -> str:
    """What a batch does that a recording would not; empty where nothing was found."""
    before = attributes(run.model)
    with seeded(0, run.device), preserved_modes(run.model):
        run.model.train()
        try:
            with no_waiting(run.device):
                told = _noticed(run)
        except Exception as error:  # the run itself will say, if it is a mistake
            told = f"a batch can't go by without Python: {first_line(error)}"
    put_back(before)
    return told


def _noticed(run: Run) -> str:
    _try(run)  # what is made at the first batch alone is made now
    settled, drawn = attributes(run.model), _random_numbers()
    first, second = _operations(run), _operations(run)
    if _random_numbers() != drawn:
        return "random numbers are drawn on the CPU"
    changed = changes(settled)
    if changed:
        return f"{changed} is another after every batch"
    if first != second:
        return f"a batch does not do what the one before did: {_first_other(first, second)}"
    return ""


def _try(run: Run) -> None:
    images, labels = (one[: run.batch_size] for one in run.train)
    buffers = {name: buffer.clone() for name, buffer in run.model.named_buffers()}
    placed = run.pace.place(run.prepare(run.augment(images)))
    with run.pace.autocast(run.device):
        outputs = torch.func.functional_call(run.model, buffers, (placed,))
    parameters = [p for p in run.model.parameters() if p.requires_grad]
    torch.autograd.grad(run.train_loss(outputs, labels), parameters, allow_unused=True)


class _Log(TorchDispatchMode):
    """Writes down what is asked of a device, with sizes and numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = ", ".join(map(_named, tree_flatten((args, kwargs or {}))[0]))
        self.lines.append(f"{func}({given})")
        return func(*args, **(kwargs or {}))


def _operations(run: Run) -> list[str]:
    with _Log() as log:
        _try(run)
    return log.lines


def _named(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"{tuple(value.shape)} {value.dtype}"
    return type(value).__name__ if isinstance(value, torch.Generator) else repr(value)


def _first_other(first: list[str], second: list[str]) -> str:
    pairs = zip([*first, "nothing"], [*second, "nothing"], strict=False)
    one, other = next(pair for pair in pairs if pair[0] != pair[1])
    return f"{one[:60]}, then {other[:60]}"


def first_line(error: Exception) -> str:
    """What went wrong, in a line."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _random_numbers() -> tuple[Any, ...]:
    """Where Python's, NumPy's and torch's random numbers on the CPU stand."""
    return random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist()


# What a model keeps in Python ------------------------------------------------------------------


def attributes(model: nn.Module) -> Kept:
    """What a model's modules keep besides layers and tensors; of lists, what is in them."""
    return [(where or "model", one, _own(one)) for where, one in model.named_modules()]


def changes(before: Kept) -> str:
    """The name of one thing that is another now; empty where all is as it was."""
    for name, module, kept in before:
        now = _own(module)
        for key in [*now, *(key for key in kept if key not in now)]:
            if key not in now or key not in kept or not _same(now[key], kept[key]):
                return f"{name}.{key}"
    return ""


def put_back(before: Kept) -> str:
    """Undo what a trial has changed there; the name of one thing that it changed."""
    found = changes(before)
    for _, module, kept in before:
        for key in [key for key in _own(module) if key not in kept]:
            delattr(module, key)
        for key, value in kept.items():
            if key in vars(module) and _same(vars(module)[key], value):
                continue
            there = vars(module).get(key)
            if isinstance(there, list) and isinstance(value, list):
                there[:] = value
            elif isinstance(there, dict | set) and type(there) is type(value):
                there.clear()
                there.update(value)
            else:
                setattr(module, key, value)
    return found


def _own(module: nn.Module) -> dict[str, Any]:
    return {key: _copied(value) for key, value in vars(module).items() if key not in _TORCHS}


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, list | dict | set) else value


def _same(value: Any, other: Any) -> bool:
    if isinstance(value, list) and isinstance(other, list):
        return _all_equal(value, other)
    if isinstance(value, dict) and isinstance(other, dict):
        return list(value) == list(other) and _all_equal(value.values(), other.values())
    return (
        value == other if isinstance(value, set) and isinstance(other, set) else _is(value, other)
    )


def _all_equal(values: Iterable[Any], others: Iterable[Any]) -> bool:
    pairs = list(values), list(others)
    return len(pairs[0]) == len(pairs[1]) and all(map(_is, *pairs))


def _is(value: Any, other: Any) -> bool:
    return value is other or (isinstance(value, int | float | str) and value == other)
