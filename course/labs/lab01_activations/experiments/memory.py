"""What autograd keeps between forward and backward."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from course.labs.lab01_activations.experiments.written import answer_of

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class Kept:
    """What autograd keeps between forward and backward."""

    tensors: int
    bytes: int


def kept_by(function: Callable[[Tensor], Tensor], x: Tensor, *already: Tensor) -> Kept:
    """Tensors and bytes that autograd keeps for the backward pass of ``function(x)``.

    Memory is counted once, however many saved tensors look at it; memory of ``already``, the
    tensors that somebody holds anyway, is not counted.
    """
    owned = {tensor.untyped_storage().data_ptr() for tensor in already}
    storages: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in owned and tensor.ndim:
            storages[storage.data_ptr()] = storage.nbytes()
        held.append(tensor)  # alive, so that no address is used twice
        return tensor

    held: list[Tensor] = []
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        function(x)
    return Kept(len(storages), sum(storages.values()))


def memory_table(functions: Mapping[str, Callable[[Tensor], Tensor] | None]) -> None:
    """Print what each function keeps alone, and in ``Linear → function → Linear``.

    Functions that are None or not written yet are named in the last line.
    """
    missing = []
    lines = [
        f"{'':16}{'alone':>18}{'more than the two':>22}",
        f"{'':16}{'':>18}{'Linear layers keep':>22}",
    ]
    for name, function in functions.items():
        alone, between = _kept_alone(function), _kept_between(function)
        if alone is None or between is None:
            missing.append(name)
            continue
        lines.append(f"{name:16}{_megabytes(alone):>18}{_megabytes(between):>22}")
    if missing:
        lines.append(f"not written yet: {', '.join(missing)}")
    print("\n".join(lines))


SAMPLES, WIDTH = 1024, 1024  # one float32 tensor of this shape takes 4 MiB


def _kept_alone(function: Callable[[Tensor], Tensor] | None) -> Kept | None:
    x = torch.randn(SAMPLES, WIDTH, requires_grad=True)
    return None if answer_of(function, x) is None else kept_by(_called(function), x)


def _kept_between(function: Callable[[Tensor], Tensor] | None) -> Kept | None:
    first, second = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
    x = torch.randn(SAMPLES, WIDTH, requires_grad=True)
    if answer_of(function, x) is None:
        return None
    given = [x, *first.parameters(), *second.parameters()]
    whole = kept_by(lambda x: second(_called(function)(first(x))), x, *given)
    # What the second Linear keeps anyway: its input, which is the function's output.
    return Kept(whole.tensors - 1, whole.bytes - 4 * SAMPLES * WIDTH)


def _called(function: Callable[[Tensor], Tensor] | None) -> Callable[[Tensor], Tensor]:
    assert function is not None
    return function


def _megabytes(kept: Kept) -> str:
    plural = "" if kept.tensors == 1 else "s"
    return f"{kept.tensors} tensor{plural}, {kept.bytes / 2**20:.0f} MiB"
