"""Calls as code that runs where it is pasted, as long as it is short."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

LONGEST = 160  # characters of a call that one still likes to read
MOST = 12  # elements of a tensor that are written out


class _TooLarge(Exception):
    """It is no small value, or none that code can make."""


def call_code(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """A call as one would paste it, ``elu(torch.tensor([-1.0, 2.0]), alpha=0.5)``; empty where it
    is long, or an argument is nothing that code makes.
    """
    try:
        parts = [code(arg) for arg in args] + [f"{key}={code(arg)}" for key, arg in kwargs.items()]
    except _TooLarge:
        return ""
    text = f"{name}({', '.join(parts)})"
    return text if len(text) <= LONGEST else ""


def code(value: Any) -> str:
    """Python that makes an equal value, where torch is imported.

    Raises:
        _TooLarge: none that is short.
    """
    if isinstance(value, Tensor):
        return _tensor(value)
    if value is None or isinstance(value, bool | int | torch.dtype):
        return repr(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{code(key)}: {code(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(code, value))}]"
    if type(value) is tuple:
        return f"({', '.join(map(code, value))}{',' * (len(value) == 1)})"
    raise _TooLarge


def _float(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "torch.nan" if math.isnan(value) else f"{'-' * (value < 0)}torch.inf"


def _tensor(tensor: Tensor) -> str:
    if tensor.numel() > MOST or tensor.is_complex() or not tensor.is_contiguous():
        raise _TooLarge
    options = _options(tensor)
    if not tensor.numel():
        return f"torch.zeros({tuple(tensor.shape)}{options})"
    return f"torch.tensor({_nested(tensor.detach())}{options})"


def _options(tensor: Tensor) -> str:
    usual = tensor.dtype in (torch.float32, torch.int64, torch.bool) and tensor.numel()
    dtype = "" if usual else f", dtype={tensor.dtype}"
    return dtype + (", requires_grad=True" if tensor.requires_grad else "")


def _nested(tensor: Tensor) -> str:
    if tensor.ndim:
        return f"[{', '.join(_nested(one) for one in tensor)}]"
    number = tensor.item()
    if tensor.dtype == torch.float32 and math.isfinite(number):
        return repr(float(str(np.float32(number))))  # 0.1, not all the digits of its float64
    return code(number)
