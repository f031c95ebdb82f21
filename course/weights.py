"""A trained network's tensors as a file that can be handed in: safetensors, never pickle.

A file from somebody else can be wrong, but it can't run code, and reading it takes no more memory
than :data:`LARGEST` allows. The same reader serves the notebook and the grader.
"""

from __future__ import annotations

import math
import os
import struct
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

LARGEST = 4 << 20  # bytes of a file: a million numbers in float32
HEADER = 256 << 10  # bytes of its header
TENSORS = 1_000
DIMENSIONS = 8
LONGEST_NAME = 200  # characters
PICKLES = (b"PK\x03\x04", b"\x80")  # beginnings of what torch.save writes, now and once
SHOWN = 3  # names in a message; the rest are counted
DTYPES = {
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F32": torch.float32,
    "F64": torch.float64,
    "I8": torch.int8,
    "I16": torch.int16,
    "I32": torch.int32,
    "I64": torch.int64,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
NAMES = {dtype: str(dtype).removeprefix("torch.") for dtype in DTYPES.values()}
AGAIN = "Save it again with course.weights.save(model, {name!r})."


class WeightsError(ValueError):
    """These weights can't be used; the message says what was expected, found, and what to do."""


class MissingWeights(WeightsError):
    """There is no such file."""


def save(model: nn.Module, path: str | os.PathLike[str]) -> str:
    """Write all parameters and buffers of a model; a file that is there is replaced.

    A tensor that the model has under several names, as with tied weights, is written once, under
    the first.

    Returns:
        One line that says what was written.

    Raises:
        WeightsError: something is no tensor that travels, is not finite, or is too large.
    """
    place = Path(path)
    tensors = {name: _writable(name, found) for name, found in _own(model).items()}
    _check_count(len(tensors), place.name)
    data = bytes(_safetensors().torch.save(tensors))
    _check_size(len(data), place.name)
    part = place.with_name(place.name + ".part")
    part.write_bytes(data)
    os.replace(part, place)
    count = sum(tensor.numel() for tensor in tensors.values())
    return f"{place.name}: {len(tensors)} tensors, {count:,} numbers, {len(data):,} bytes"


def load(model: nn.Module, path: str | os.PathLike[str]) -> None:
    """Copy a file's tensors into a model of the same structure.

    Raises:
        MissingWeights: there is no such file.
        WeightsError: :func:`read` or :func:`fill` refuses it. The model is then as it was.
    """
    fill(model, read(path), Path(path).name)


def read(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """The tensors of a file, by name, on the CPU.

    Raises:
        MissingWeights: there is no such file.
        WeightsError: see :func:`parse`.
    """
    place = Path(path)
    if not place.exists():
        raise MissingWeights(missing(place.name))
    if not place.is_file():
        raise WeightsError(f"{place.name}: expected a file, found a folder or a device.")
    with place.open("rb") as file:
        return parse(file.read(LARGEST + 1), place.name, size=place.stat().st_size)


def parse(data: bytes, name: str, *, size: int | None = None) -> dict[str, Tensor]:
    """The tensors in a file's bytes, by name.

    Args:
        data: safetensors; floats, ints and bools only.
        name: of the file, for messages.
        size: of the whole file, where ``data`` is only its beginning.

    Raises:
        WeightsError: it is no such file, is too large, or holds numbers that are not finite.
    """
    _check_size(max(size or 0, len(data)), name)
    _check_header(data, name)
    library = _safetensors()
    try:
        found = dict(library.deserialize(data))
    except (library.SafetensorError, ValueError, OverflowError) as error:
        raise WeightsError(
            f"{name}: expected a whole safetensors file, found one that can't be read "
            f"({_short(str(error))}). {AGAIN.format(name=name)}"
        ) from None
    _check_count(len(found), name)
    return {key: _tensor(key, found[key], name) for key in sorted(found)}


def fill(model: nn.Module, tensors: Mapping[str, Tensor], name: str = "the file") -> None:
    """Copy tensors into a model that has just these: no fewer, no more, of the same shapes.

    Floats are cast to the model's own precision. A tensor that the model has under several names
    is needed under one of them.

    Args:
        name: where the tensors are from, for messages.

    Raises:
        WeightsError: names, shapes or kinds of numbers differ. The model is then as it was.
    """
    wanted = _entries(model)
    given = {id(wanted[key]) for key in tensors if key in wanted}
    lacking = [key for key, tensor in wanted.items() if id(tensor) not in given]
    unknown = [key for key in tensors if key not in wanted]
    if lacking or unknown:
        raise WeightsError(_names_differ(name, lacking, unknown))
    unlike = [text for key in tensors if (text := _unlike(key, tensors[key], wanted[key]))]
    if unlike:
        raise WeightsError(
            f"{name}: {_listed(unlike)}. The file is from another network: train the one that you "
            "have now, and save it again."
        )
    with torch.no_grad():
        for key, tensor in tensors.items():
            wanted[key].copy_(tensor)


def missing(name: str) -> str:
    """What to say where a file is not there."""
    return (
        f"there is no file {_short(name)} beside the notebook. "
        f"Train your network, then run course.weights.save(model, {name!r})."
    )


def _entries(model: nn.Module) -> dict[str, Tensor]:
    """The model's own parameters and buffers, not copies: tied ones are one object."""
    entries: dict[str, Tensor] = {}
    for key, value in model.state_dict(keep_vars=True).items():
        if not isinstance(value, Tensor):
            raise WeightsError(f"{key!r} of the model is a {type(value).__name__}, no tensor.")
        if nn.parameter.is_lazy(value):
            raise WeightsError(
                f"{key!r} of the model has no shape yet: put a batch through the network first."
            )
        entries[key] = value
    return entries


def _own(model: nn.Module) -> dict[str, Tensor]:
    """Each tensor of the model once, under its first name."""
    seen, own = set[int](), {}
    for key, value in _entries(model).items():
        if id(value) not in seen:
            own[key] = value
        seen.add(id(value))
    return own


def _writable(key: str, tensor: Tensor) -> Tensor:
    if tensor.dtype not in NAMES or tensor.layout != torch.strided or tensor.is_meta:
        raise WeightsError(
            f"{key!r} is a {tensor.dtype} tensor ({tensor.layout}, {tensor.device}); expected "
            "numbers in memory: convert the model before saving it."
        )
    copy = tensor.detach().cpu().as_subclass(Tensor).contiguous().clone()
    if not _finite(copy):
        raise WeightsError(
            f"{key!r} holds NaN or infinity, so nothing was written. Training diverged: lower the "
            "learning rate, and look at the curve of the loss."
        )
    return copy


def _check_size(size: int, name: str) -> None:
    if size > LARGEST:
        raise WeightsError(
            f"{_short(name)}: {size:,} bytes, expected at most {LARGEST:,}. "
            "Make the network smaller, or save it in half precision: model.half()."
        )


def _check_count(count: int, name: str) -> None:
    if not 1 <= count <= TENSORS:
        raise WeightsError(f"{_short(name)}: expected 1 to {TENSORS:,} tensors, found {count:,}.")


def _check_header(data: bytes, name: str) -> None:
    """Bound the header before anything parses it, and recognise what people save by mistake."""
    length = struct.unpack_from("<Q", data)[0] if len(data) >= 8 else -1
    begins = data[8:9] == b"{" and 2 <= length <= LARGEST
    if data.startswith(PICKLES) and not begins:
        raise WeightsError(
            f"{_short(name)}: expected safetensors, found a pickle, as torch.save writes it; that "
            f"is never opened. {AGAIN.format(name=name)}"
        )
    if not begins or length > len(data) - 8:
        raise WeightsError(
            f"{_short(name)}: expected a whole safetensors file, found {len(data):,} bytes of "
            f"something else, or of one cut short. {AGAIN.format(name=name)}"
        )
    if length > HEADER:
        raise WeightsError(
            f"{_short(name)}: expected a header of at most {HEADER:,} bytes, found {length:,}."
        )


def _tensor(key: str, found: Mapping[str, Any], name: str) -> Tensor:
    shape, data = tuple(found["shape"]), bytearray(found["data"])
    dtype = DTYPES.get(found["dtype"])
    if len(key) > LONGEST_NAME or not key.isprintable():
        raise WeightsError(f"{name}: a tensor has a name that no network has, {_short(repr(key))}.")
    if dtype is None:
        known = ", ".join(NAMES.values())
        raise WeightsError(f"{name}: {key!r} is of {found['dtype']}, expected one of {known}.")
    # Empty tensors may claim any size along their other dimensions.
    if len(shape) > DIMENSIONS or math.prod(max(size, 1) for size in shape) > LARGEST:
        raise WeightsError(f"{name}: {key!r} claims the shape {_short(str(shape))}.")
    if sys.byteorder == "big":
        raise WeightsError("safetensors are little-endian; this machine is not.")
    if dtype is torch.bool and data.translate(None, b"\0\1"):
        raise WeightsError(f"{name}: {key!r} is of bool and holds other bytes than 0 and 1.")
    if not data:
        return torch.empty(shape, dtype=dtype)
    tensor = torch.frombuffer(data, dtype=dtype).reshape(shape)
    if not _finite(tensor):
        raise WeightsError(
            f"{name}: {key!r} holds NaN or infinity. Training diverged: lower the learning rate, "
            "train again, save again."
        )
    return tensor


def _finite(tensor: Tensor) -> bool:
    return not tensor.is_floating_point() or bool(torch.isfinite(tensor).all())


def _unlike(key: str, found: Tensor, wanted: Tensor) -> str:
    """How a tensor differs from the model's own, or nothing."""
    if found.shape != wanted.shape:
        return f"{key!r} has the shape {tuple(found.shape)}, expected {tuple(wanted.shape)}"
    floats = found.is_floating_point(), wanted.is_floating_point()
    if floats[0] != floats[1] or (not floats[0] and found.dtype != wanted.dtype):
        return f"{key!r} is of {found.dtype}, expected {wanted.dtype}".replace("torch.", "")
    return ""


def _names_differ(name: str, lacking: list[str], unknown: list[str]) -> str:
    parts = []
    if lacking:
        parts.append(f"it lacks {_listed(map(repr, lacking))}")
    if unknown:
        parts.append(f"the network has no {_listed(map(repr, unknown))}")
    return (
        f"{name}: expected the tensors of this network, but {'; '.join(parts)}. The file is from "
        "another network: save the one that you have now."
    )


def _listed(texts: Iterable[str]) -> str:
    texts = [_short(text) for text in texts]
    rest = f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return ", ".join(texts[:SHOWN]) + rest


def _short(text: str) -> str:
    """A text that may quote a file, in one line."""
    text = text if len(text) <= 120 else text[:119] + "…"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _safetensors() -> ModuleType:
    try:
        import safetensors
        import safetensors.torch
    except ImportError as error:
        raise ImportError(
            "weights are kept in safetensors files: run `%pip install safetensors` once"
        ) from error
    return safetensors
