"""A network as the list of its operations, which runs without the code that made it.

What a student's process says of a network is a claim. So it is asked for the network itself: the
operations of torch that a batch of images goes through, and the numbers that they use which are
not in the file. The list then runs where nothing of the student's is, on the file's numbers, and
what it carries is counted there.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

MOST = 1_000_000  # numbers that are neither in the file nor computed
LONGEST = 20_000  # operations
TEXT = 900_000  # characters in which they are told
PART = 90_000  # characters of one text
FILE = "file: "
SECONDS = 2.0  # of processor time for a batch; a ResNet-20 takes a tenth of one
BATCH = 50  # images that it is recorded for, and run on
REFUSED = (
    "from_file", "data_ptr", "set_", "resize", "record_stream", "item", "shallow_copy",
    "storage", "sparse", "_values", "indices_", "quantized", "qparams", "quantize_per",
    "nested", "jagged", "padded", "unsafe_tensor", "unsafe_masked", "_impl", "_reshape_alias",
    "_lazy_clone", "pin_memory", "_test_", "_print", "cudnn", "miopen", "fbgemm", "_mps",
    "4pack", "8pack", "4bit", "_cslt", "sobol", "philox", "_fused", "view.dtype", "propagate",
    "mkldnn_reorder", "mkldnn_linear", "mkldnn_max", "mkldnn_adaptive", "to_mkldnn",
    "_mkldnn_reshape", "_mkldnn_transpose", "prepack", "pack_gemm", "raw", "_dep_token",
    "_backward", "segment_reduce", "_embedding_bag", "ctc_loss", "max_unpool",
)  # fmt: skip
"""Parts of names of operations that no network needs: what leaves torch, memory as it lies there,
numbers packed into others, and what is not made to be called from outside.
"""
ALLOWED = (
    "fake_quantize", "mkldnn_rnn_layer", "softplus_backward", "sigmoid_backward", "tanh_backward",
    "threshold_backward", "gelu_backward", "silu_backward", "elu_backward", "softmax_backward",
)  # fmt: skip
SCALAR = "aten._local_scalar_dense.default"

Program = dict[str, Any]
"""``operations``, each a list of name, arguments, keywords and places of its results, as JSON in
parts; ``constants`` by place; the place of the ``scores``; and as what the network keeps the file's
tensors, ``dtypes`` by name. Places are numbers, in an argument ``{"at": 3}``; those of the file's
tensors are ``file: `` and their names, that of the images is ``images``.
"""


class NotAlone(Exception):
    """A network does something that a list of operations can't repeat; the message says what."""


def numbers(tensor: Tensor) -> int:
    """How many numbers a tensor holds: a whole number of 64 bits is as much as two."""
    found = tensor.numel()
    if found <= 1 or tensor.is_floating_point() or tensor.is_complex():
        return found * (2 if tensor.is_complex() else 1)
    return found * max(1, tensor.element_size() // 4)


# Recording, in the student's process ------------------------------------------------------------


def recorded(model: nn.Module, images: Tensor, names: Iterable[str]) -> Program:
    """What a network does with a batch, as a list.

    Args:
        model: in evaluation mode, filled with the file's tensors.
        images: ``(BATCH, 1, 28, 28)``, normalised.
        names: of the tensors in the file; of those that are one and the same, any will do.

    Raises:
        NotAlone: it can't be told as one.
    """
    state = model.state_dict(keep_vars=True)
    recorder = _Recorder({name: state[name] for name in names}, images)
    with torch.no_grad(), recorder:
        scores = model(images)
    if not isinstance(scores, Tensor):
        raise NotAlone("it gives no tensor")
    return {
        "operations": recorder.texts(),
        "constants": recorder.constants,
        "scores": recorder.at(scores),
        "dtypes": {name: recorder.told(state[name].dtype) for name in names},
    }


class _Recorder(TorchDispatchMode):
    """Writes down each operation, below autograd and below all that Python does."""

    def __init__(self, tensors: Mapping[str, Tensor], images: Tensor) -> None:
        super().__init__()
        self.constants: dict[str, Tensor] = {}
        self._told: list[str] = []
        self._size = 0
        self._places: Any = WeakTensorKeyDictionary()
        self._alive: list[Tensor] = []
        self._numbers = self._made = 0
        self._places.update((tensor, FILE + name) for name, tensor in tensors.items())
        self._places[images] = "images"
        self._shown = {_memory(images)}  # what depends on the images, by where it lies

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        name, kwargs = str(func), kwargs or {}
        given = {_memory(one) for one in _tensors([args, kwargs])}
        if name == SCALAR and not given & self._shown:
            return func(*args, **kwargs)  # a number of the network's own, the same for all images
        _check(name, func)
        if len(self._told) >= LONGEST:
            raise NotAlone(f"it takes more than {LONGEST:,} operations: {LOOPS}")
        told = self.told(list(args)), self.told(dict(kwargs))
        found = func(*args, **kwargs)
        for one in _tensors([found]):
            if given & self._shown:
                self._shown.add(_memory(one))
            elif _memory(one) not in given:
                self._shown.discard(_memory(one))
        self._told.append(json.dumps([name, *told, self._placed(found)]))
        self._size += len(self._told[-1])
        if self._size > TEXT:
            raise NotAlone(f"its operations take more than {TEXT:,} letters to tell: {LOOPS}")
        return found

    def texts(self) -> list[str]:
        """The operations, in parts."""
        text = "\n".join(self._told)
        return [text[begin : begin + PART] for begin in range(0, len(text), PART)]

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
        if isinstance(value, complex):
            return {"complex": [value.real, value.imag]}
        if value is None or type(value) in (bool, int, float, str):
            return value
        raise NotAlone(f"an operation takes a {type(value).__name__}")

    def at(self, tensor: Tensor) -> Any:
        """The place of a tensor; one that nothing computed is a constant."""
        if tensor not in self._places:
            self._numbers += tensor.numel()
            if self._numbers > MOST:
                raise NotAlone(f"it uses more than {MOST:,} numbers that are not in the file")
            number = str(len(self.constants))
            self._alive.append(tensor)
            self._places[tensor] = f"constant: {number}"
            with torch.utils._python_dispatch._disable_current_modes():
                self.constants[number] = tensor.detach().clone()
        return self._places[tensor]

    def _placed(self, found: Any) -> Any:
        if isinstance(found, Tensor):
            if found not in self._places:
                self._places[found] = self._made = self._made + 1
            return self._places[found]
        if isinstance(found, list | tuple):
            return [self._placed(item) for item in found]
        return None


SLOW = f"{BATCH} images take it more than {SECONDS:g} s of processor time"
LOOPS = "write loops over pixels or images as one operation of torch's"


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr() if tensor.layout == torch.strided else id(tensor)


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors(item)


def _check(name: str, operation: Any) -> None:
    """Refuse what no network needs."""
    plain = name
    for part in ALLOWED:
        plain = plain.replace(part, "")
    if name == SCALAR:
        raise NotAlone(f"a number that depends on the images leaves torch's tensors ({name})")
    if not name.startswith("aten.") or any(one in plain for one in REFUSED):
        raise NotAlone(f"it leaves torch's tensors ({name})")
    if not _gives_tensors(operation):
        raise NotAlone(f"it leaves torch's tensors ({name})")
    if _draws(operation):
        raise NotAlone(f"it draws random numbers ({name})")


@functools.cache
def _gives_tensors(operation: Any) -> bool:
    """Whether all that it gives is tensors; torch has operations on texts and lists as well."""
    schema = operation._schema
    kinds = [str(one.type) for one in (schema.returns or schema.arguments[:1])]
    return bool(kinds) and all("Tensor" in kind for kind in kinds)


# Running, where nothing of the student's is -----------------------------------------------------


def numbers_in(program: Program) -> int:
    """How many numbers, letters in texts, and tensors out of lists, a program carries besides the
    tensors of the file.
    """
    constants = sum(map(numbers, program["constants"].values()))
    return constants + sum(_weight(args) + _weight(more) for _, args, more, _ in _listed(program))


def run(program: Program, tensors: Mapping[str, Tensor], images: Tensor) -> Tensor:
    """The scores that a program gives to normalised images ``(N, 1, 28, 28)``, with these tensors.

    Raises:
        NotAlone: it is no program, or fails.
    """
    found, begun = list[Tensor](), time.process_time()
    for part in images.split(BATCH):
        found.append(_run(program, tensors, part))
        if time.process_time() - begun > SECONDS * len(found):
            raise NotAlone(SLOW)
    return torch.cat(found)


def _run(program: Program, tensors: Mapping[str, Tensor], images: Tensor) -> Tensor:
    spare = BATCH - len(images)
    places: dict[Any, Any] = {
        **{FILE + name: _kept(one, _dtype(program, name)) for name, one in tensors.items()},
        **{f"constant: {name}": one.clone() for name, one in program["constants"].items()},
        "images": torch.cat([images, images.new_zeros(spare, *images.shape[1:])]),
    }
    name = "their end"
    try:
        with torch.no_grad():
            for name, args, more, results in _listed(program):
                found = _operation(name)(*_meant(args, places), **_meant(more, places))
                _put(results, found, places)
        scores = places[program["scores"]]
        return scores[: len(images)] if isinstance(scores, Tensor) else _none()
    except NotAlone:
        raise
    except Exception as error:  # its text may tell of the images
        kind = type(error).__name__
        raise NotAlone(f"its operations fail without its code ({kind} at {name})") from None


def _kept(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """A tensor of the file as the network keeps it; in no case with more than 32 bits a number."""
    return (tensor.float() if tensor.is_floating_point() else tensor).to(dtype, copy=True)


def _dtype(program: Program, name: str) -> torch.dtype:
    found = _meant(program["dtypes"].get(name), {})
    if not isinstance(found, torch.dtype):
        raise NotAlone(f"it has no {name}")
    return found


def _none() -> Tensor:
    raise NotAlone("its operations give no scores")


def _listed(program: Program) -> list[list[Any]]:
    texts = program["operations"]
    if not isinstance(texts, list) or not all(isinstance(one, str) for one in texts):
        raise NotAlone("its operations are no texts")
    return _read("".join(texts))


@functools.lru_cache(maxsize=2)
def _read(text: str) -> list[list[Any]]:
    lines = text.splitlines()
    if len(text) > TEXT + LONGEST or len(lines) > LONGEST:
        raise NotAlone("its operations are no list of a fair length")
    found = [json.loads(line) for line in lines]
    if not all(isinstance(one, list) and len(one) == 4 for one in found):
        raise NotAlone("one of its operations is none")
    return found


@functools.cache
def _operation(name: str) -> Any:
    parts = name.split(".") if isinstance(name, str) else []
    if len(parts) != 3 or parts[0] != "aten":
        raise NotAlone(f"{name} is no operation of torch's")
    packet = getattr(torch.ops.aten, parts[1], None)
    found = getattr(packet, parts[2], None)
    if not isinstance(found, torch._ops.OpOverload):
        raise NotAlone(f"{name} is no operation of torch's")
    _check(name, found)
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
    if set(value) == {"complex"}:
        return complex(*value["complex"])
    return {str(key): _meant(item, places) for key, item in value.items()}


def _put(places: Any, found: Any, values: dict[Any, Any]) -> None:
    if isinstance(places, list):
        for place, item in zip(places, found, strict=True):
            _put(place, item, values)
    elif isinstance(places, int):
        values[places] = found


def _weight(value: Any, depth: int = 0) -> int:
    if isinstance(value, list):
        return sum(_weight(item, depth + 1) for item in value)
    if isinstance(value, dict):
        if set(value) == {"at"}:  # which ones are joined is a choice, too
            return int(depth > 1)
        held = value.values() if not set(value) <= {"torch", "device"} else ()
        return sum(_weight(item, depth + 1) for item in held)
    if isinstance(value, str):
        return len(value)
    if isinstance(value, bool):
        return int(depth > 1)
    return int(value is not None)
