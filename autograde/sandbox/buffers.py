"""Tensors of a message as safetensors, within bounds; what comes back is a claim."""

from __future__ import annotations

import json
import math
import struct
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import safetensors
import torch
from torch import Tensor

from autograde.sandbox.bounds import Bounds, TransportError, excerpt

DTYPES = {
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "I8": torch.int8,
    "I16": torch.int16,
    "I32": torch.int32,
    "I64": torch.int64,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F32": torch.float32,
    "F64": torch.float64,
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
NOTHING = struct.pack("<Q", 2) + b"{}"
"""No tensors, as safetensors."""

_encoded = json.JSONEncoder(separators=(",", ":")).encode
LITTLE_ENDIAN = "safetensors are little-endian; this machine is not"


def refusal(tensor: Tensor, bounds: Bounds) -> str:
    """Why a tensor does not travel, or nothing."""
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_meta:
        return f"a {tensor.layout} tensor on {tensor.device}, which no check compares"
    if tensor.dtype not in DTYPES.values():
        return f"of {tensor.dtype}, which no check compares"
    if tensor.ndim > bounds.dimensions:
        return f"of {tensor.ndim} dimensions"
    return ""


def packed(tensors: Sequence[Tensor]) -> bytes:
    """Contiguous tensors, numbered from 0, as safetensors.

    Written by hand: the library looks for shared memory first, which takes longer than the rest.
    """
    if not tensors:
        return NOTHING
    if sys.byteorder == "big":
        raise TransportError(LITTLE_ENDIAN)
    header, data, end = dict[str, Any](), list[bytes](), 0
    for index, one in enumerate(tensors):
        data.append(_bytes(one))
        begin, end = end, end + len(data[-1])
        header[str(index)] = {
            "dtype": NAMES[one.dtype],
            "shape": [*one.shape],
            "data_offsets": [begin, end],
        }
    text = _encoded(header).encode()
    return b"".join((struct.pack("<Q", len(text)), text, *data))


def unpacked(buffers: bytes, bounds: Bounds) -> list[Tensor]:
    """The tensors that :func:`packed` wrote.

    Raises:
        TransportError: it did not, or not within ``bounds``.
    """
    if buffers == NOTHING:
        return []
    if len(buffers) > bounds.buffers + bounds.header:
        raise TransportError(f"expected tensors of at most {bounds.buffers:,} bytes, found more")
    (length,) = struct.unpack_from("<Q", buffers) if len(buffers) >= 8 else (1 << 63,)
    if length > bounds.header:
        raise TransportError(f"expected a header of at most {bounds.header:,} bytes for tensors")
    try:
        found = dict(safetensors.deserialize(buffers))
    except (safetensors.SafetensorError, ValueError, OverflowError) as error:
        why = excerpt(str(error))  # it quotes what it was given
        raise TransportError(f"expected safetensors, found {excerpt(buffers)}: {why}") from None
    if len(found) > bounds.tensors or set(found) != {str(index) for index in range(len(found))}:
        raise _unfit(f"at most {bounds.tensors:,} tensors, numbered from 0", sorted(found)[:5])
    return [_tensor(found[str(index)], bounds) for index in range(len(found))]


def _bytes(tensor: Tensor) -> bytes:
    plain = tensor.view(torch.int16) if tensor.dtype is torch.bfloat16 else tensor
    return plain.numpy().tobytes()


def _tensor(found: Mapping[str, Any], bounds: Bounds) -> Tensor:
    shape, data = found["shape"], found["data"]
    if found["dtype"] not in DTYPES:
        raise _unfit(f"a dtype among {', '.join(DTYPES)}", found["dtype"])
    dtype = DTYPES[found["dtype"]]
    # Empty tensors may claim any other size along the rest: bounded too, or strides overflow.
    if len(shape) > bounds.dimensions or math.prod(max(size, 1) for size in shape) >= 1 << 48:
        raise _unfit(f"a shape of at most {bounds.dimensions} dimensions", shape)
    if math.prod(shape) * dtype.itemsize != len(data):
        raise _unfit(f"{math.prod(shape) * dtype.itemsize} bytes for {shape}", len(data))
    if not len(data):
        return torch.empty(shape, dtype=dtype)
    buffer = bytearray(data)
    if sys.byteorder == "big":
        raise TransportError(LITTLE_ENDIAN)
    if dtype is torch.bool and buffer.translate(None, b"\x00\x01"):
        raise _unfit("bytes 0 and 1 for a bool tensor", excerpt(bytes(data)))
    return torch.frombuffer(buffer, dtype=dtype).reshape(shape)


def _unfit(expected: str, found: object) -> TransportError:
    return TransportError(f"expected {expected}, found {excerpt(found)}")
