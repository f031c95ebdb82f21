"""A network as the list of its operations, which runs without the code that made it.

What a student's process says of a network is a claim. So it is asked for the network itself: the
operations of torch that a batch of images goes through, and the numbers that they use which are
not in the file. The list then runs where nothing of the student's is, on the file's numbers, and
what it carries is counted there.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

MOST = 1_000_000  # numbers that are neither in the file nor computed
LONGEST = 20_000  # operations
BATCH = 50  # images that it is recorded for, and run on
REFUSED = ("from_file", "data_ptr", "set_", "resize", "record_stream", "_local_scalar", "item")
"""Parts of names of operations that no network needs: what leaves torch, and bare memory."""

Program = dict[str, Any]
"""``operations``, each a list of name, arguments, keywords and places of its results; ``constants``
by place; the place of the ``scores``; and as what the network keeps the file's tensors, ``dtypes``
by name. Places are numbers, in an argument ``{"at": 3}``; those of the file's tensors are their
names, that of the images is ``images``.
"""


class NotAlone(Exception):
    """A network does something that a list of operations can't repeat; the message says what."""


# Recording, in the student's process ------------------------------------------------------------


def recorded(model: nn.Module, images: Tensor) -> Program:
    """What a network does with a batch, as a list.

    Args:
        model: in evaluation mode, filled with the file's tensors.
        images: ``(BATCH, 1, 28, 28)``, normalised.

    Raises:
        NotAlone: it can't be told as one.
    """
    recorder = _Recorder(model, images)
    with torch.no_grad(), recorder:
        scores = model(images)
    if not isinstance(scores, Tensor):
        raise NotAlone("it gives no tensor")
    return {
        "operations": recorder.operations,
        "constants": recorder.constants,
        "scores": recorder.at(scores),
        "dtypes": {name: recorder.told(one.dtype) for name, one in model.state_dict().items()},
    }


class _Recorder(TorchDispatchMode):
    """Writes down each operation, below autograd and below all that Python does."""

    def __init__(self, model: nn.Module, images: Tensor) -> None:
        super().__init__()
        self.operations: list[list[Any]] = []
        self.constants: dict[str, Tensor] = {}
        self._places: Any = WeakTensorKeyDictionary()
        self._alive: list[Tensor] = []
        self._numbers = self._made = 0
        for name, tensor in model.state_dict(keep_vars=True).items():
            self._places[tensor] = name
        self._places[images] = "images"

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        name = str(func)
        if not name.startswith("aten.") or any(one in name for one in REFUSED):
            raise NotAlone(f"it leaves torch's tensors ({name})")
        if _draws(func):
            raise NotAlone(f"it draws random numbers ({name})")
        if len(self.operations) >= LONGEST:
            raise NotAlone(f"it takes more than {LONGEST:,} operations")
        given = self.told(list(args)), self.told(dict(kwargs or {}))
        found = func(*args, **(kwargs or {}))
        self.operations.append([name, *given, self._placed(found)])
        return found

    def told(self, value: Any) -> Any:
        """An argument as plain values."""
        if isinstance(value, Tensor):
            return {"at": self.at(value)}
        if isinstance(value, dict):
            return {key: self.told(item) for key, item in value.items() if key != "device"}
        if isinstance(value, list | tuple):
            return [self.told(item) for item in value]
        if isinstance(value, torch.dtype | torch.memory_format | torch.layout):
            return {"torch": str(value).removeprefix("torch.")}
        if isinstance(value, torch.device):
            return {"device": ""}
        if value is None or type(value) in (bool, int, float, str):
            return value
        raise NotAlone(f"an operation takes a {type(value).__name__}")

    def at(self, tensor: Tensor) -> Any:
        """The place of a tensor; one that nothing computed is a constant."""
        if tensor not in self._places:
            self._numbers += tensor.numel()
            if self._numbers > MOST:
                raise NotAlone(f"it uses more than {MOST:,} numbers that are not in the file")
            place = f"constant {len(self.constants)}"
            self._alive.append(tensor)
            self._places[tensor] = place
            with torch.utils._python_dispatch._disable_current_modes():
                self.constants[place] = tensor.detach().clone()
        return self._places[tensor]

    def _placed(self, found: Any) -> Any:
        if isinstance(found, Tensor):
            if found not in self._places:
                self._places[found] = self._made = self._made + 1
            return self._places[found]
        if isinstance(found, list | tuple):
            return [self._placed(item) for item in found]
        return None


# Running, where nothing of the student's is -----------------------------------------------------


def numbers_in(program: Program) -> int:
    """How many numbers, and letters in texts, a program carries besides those of the file."""
    constants = sum(one.numel() for one in program["constants"].values())
    return constants + sum(_weight(args) + _weight(more) for _, args, more, _ in _listed(program))


def run(program: Program, tensors: Mapping[str, Tensor], images: Tensor) -> Tensor:
    """The scores that a program gives to normalised images ``(N, 1, 28, 28)``, with these tensors.

    Raises:
        NotAlone: it is no program, or fails.
    """
    parts = [_run(program, tensors, part) for part in images.split(BATCH)]
    return torch.cat(parts)


def _run(program: Program, tensors: Mapping[str, Tensor], images: Tensor) -> Tensor:
    spare = BATCH - len(images)
    places: dict[Any, Any] = {
        **{name: one.to(_dtype(program, name), copy=True) for name, one in tensors.items()},
        **{name: one.clone() for name, one in program["constants"].items()},
        "images": torch.cat([images, images.new_zeros(spare, *images.shape[1:])]),
    }
    try:
        with torch.no_grad():
            for name, args, more, results in _listed(program):
                found = _operation(name)(*_meant(args, places), **_meant(more, places))
                _put(results, found, places)
        scores = places[program["scores"]]
        return scores[: len(images)] if isinstance(scores, Tensor) else _none()
    except NotAlone:
        raise
    except Exception as error:
        raise NotAlone(f"its operations fail without its code: {error}") from None


def _dtype(program: Program, name: str) -> torch.dtype:
    found = _meant(program["dtypes"].get(name), {})
    if not isinstance(found, torch.dtype):
        raise NotAlone(f"it has no {name}")
    return found


def _none() -> Tensor:
    raise NotAlone("its operations give no scores")


def _listed(program: Program) -> list[list[Any]]:
    found = program["operations"]
    if not isinstance(found, list) or len(found) > LONGEST:
        raise NotAlone("its operations are no list of a fair length")
    if not all(isinstance(one, list) and len(one) == 4 for one in found):
        raise NotAlone("one of its operations is none")
    return found


@functools.cache
def _operation(name: str) -> Any:
    parts = name.split(".") if isinstance(name, str) else []
    if len(parts) != 3 or parts[0] != "aten" or any(one in name for one in REFUSED):
        raise NotAlone(f"{name} is no operation of torch's")
    packet = getattr(torch.ops.aten, parts[1], None)
    found = getattr(packet, parts[2], None)
    if not isinstance(found, torch._ops.OpOverload):
        raise NotAlone(f"{name} is no operation of torch's")
    if _draws(found):
        raise NotAlone(f"{name} draws random numbers")
    return found


def _draws(operation: Any) -> bool:
    """Whether it draws random numbers; attention could, and does not outside of training."""
    drawing = torch.Tag.nondeterministic_seeded in operation.tags
    return drawing and "_scaled_dot_product" not in str(operation)


def _meant(value: Any, places: Mapping[Any, Any]) -> Any:
    if isinstance(value, list):
        return [_meant(item, places) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"at"}:
        return places[value["at"]]
    if set(value) == {"torch"}:
        found = getattr(torch, str(value["torch"]), None)
        if not isinstance(found, torch.dtype | torch.memory_format | torch.layout):
            raise NotAlone(f"{value['torch']} is no setting of torch's")
        return found
    if set(value) == {"device"}:
        return torch.device("cpu")
    return {str(key): _meant(item, places) for key, item in value.items()}


def _put(places: Any, found: Any, values: dict[Any, Any]) -> None:
    if isinstance(places, list):
        for place, item in zip(places, found, strict=True):
            _put(place, item, values)
    elif isinstance(places, int):
        values[places] = found


def _weight(value: Any) -> int:
    if isinstance(value, list):
        return sum(map(_weight, value))
    if isinstance(value, dict):
        return 0 if set(value) <= {"at", "torch", "device"} else sum(map(_weight, value.values()))
    if isinstance(value, str):
        return len(value)
    return 0 if value is None or isinstance(value, bool) else 1
