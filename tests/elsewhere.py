"""A second device for machines that have none: the CPU's memory, under torch's name ``meta``.

A tensor that lies there does not mix with others, as on a GPU, and says which device it is on.
Products and convolutions are counted by where they happen.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_flatten, tree_map

from course.device import pick_device

DEVICE = torch.device("meta")
HEAVY = ("convolution", "mm", "addmm", "bmm", "baddbmm", "native_batch_norm", "linalg_svd")
MAY_MIX = ("copy_", "index", "index_put_", "_to_copy")
WIDE = (torch.float64, torch.complex128)
aten = torch.ops.aten


class There(Tensor):
    """A tensor elsewhere; ``held`` has its values."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> There:
        made: There = Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls, held.shape, strides=held.stride(), storage_offset=held.storage_offset(),
            dtype=held.dtype, device="meta",
        )  # fmt: skip
        made.held = held
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return computed(func, args, kwargs or {})

    def __repr__(self) -> str:  # type: ignore[override]
        return f"There({self.held})"


class Elsewhere(TorchDispatchMode):
    """While it is on, tensors can go there and come back.

    Attributes:
        there: heavy operations there.
        strayed: those on the CPU though the work was not said to be for it.
        float64: whether numbers of 64 bits can be there; on Apple's GPUs they can't.
    """

    def __init__(self, float64: bool = True) -> None:
        super().__init__()
        self.float64 = float64
        self.there: list[str] = []
        self.strayed: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        if name in HEAVY:
            tensors = [x for x in tree_flatten((args, kwargs))[0] if isinstance(x, Tensor)]
            if any(isinstance(x, There) for x in tensors):
                self.there.append(name)
            elif all(x.device.type == "cpu" for x in tensors) and pick_device().type != "cpu":
                self.strayed.append(name)
        found = computed(func, args, kwargs or {})
        wide = [x for x in tree_flatten(found)[0] if isinstance(x, There) and x.dtype in WIDE]
        if wide and not self.float64:
            raise TypeError(f"Cannot convert a Tensor there to {wide[0].dtype}: {name}")
        return found


def computed(func: Any, args: Any, kwargs: Any) -> Any:
    """What an operation gives, there or here.

    Raises:
        RuntimeError: tensors of two devices, as torch has it.
    """
    name = func.overloadpacket.__name__
    tensors = [x for x in tree_flatten((args, kwargs))[0] if isinstance(x, Tensor)]
    some = any(isinstance(x, There) for x in tensors)
    if some and name not in MAY_MIX and any(type(x) is not There and x.ndim for x in tensors):
        others = [x for x in tensors if not isinstance(x, There) and x.ndim]
        if others:
            raise RuntimeError(
                f"Expected all tensors to be on the same device: {name}, {DEVICE} and cpu"
            )
    asked = kwargs.get("device")
    goes = asked is not None and torch.device(asked).type == DEVICE.type
    kwargs = kwargs | {"device": torch.device("cpu")} if goes else kwargs
    held = tree_map(lambda x: x.held if isinstance(x, There) else x, (args, kwargs))
    found = func(*held[0], **held[1])
    comes = asked is not None and torch.device(asked).type == "cpu"
    if not (goes or (some and not comes)):
        return found
    target = args[0] if args and isinstance(args[0], Tensor) else None
    if name == "copy_" and not isinstance(target, There):
        return target
    found = tree_map(lambda x: There(x) if isinstance(x, Tensor) else x, found)
    return return_and_correct_aliasing(func, args, kwargs, found) if some else found
