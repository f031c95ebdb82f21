"""What to call a layer in a drawing, and to which family it belongs."""

from __future__ import annotations

from typing import Any, Literal

from torch import nn

Family = Literal[
    "input", "convolution", "pooling", "linear", "norm", "activation", "dropout", "sum", "concat",
    "plumbing", "other",
]  # fmt: skip

ATTACHED: tuple[Family, ...] = ("norm", "activation", "dropout")
"""Families that are written into the block before them."""

_NORMS = {
    "BatchNorm2d": "BN",
    "BatchNorm1d": "BN",
    "LocalResponseNorm": "LRN",
    "GroupNorm": "GroupNorm",
    "LayerNorm": "LayerNorm",
    "batch_norm": "BN",
    "local_response_norm": "LRN",
}
_ACTIVATIONS = {
    name.lower().replace("_", ""): name
    for name in (
        "ReLU", "ReLU6", "LeakyReLU", "PReLU", "ELU", "SELU", "GELU", "SiLU", "CELU", "Mish",
        "Tanh", "Sigmoid", "Softmax", "LogSoftmax", "Softplus", "Hardtanh", "Hardswish",
    )
}  # fmt: skip
_PLUMBING = {
    "Flatten", "Identity", "Unflatten", "flatten", "view", "reshape", "size", "getattr", "getitem",
    "permute", "transpose", "contiguous", "squeeze", "unsqueeze", "float", "to", "clone",
}  # fmt: skip
_SUMS = {"add", "add_", "iadd"}
_POOLINGS = {
    "max_pool2d": "Max pool",
    "avg_pool2d": "Average pool",
    "adaptive_avg_pool2d": "Average pool",
    "adaptive_max_pool2d": "Max pool",
}


def describe(kind: str, module: nn.Module | None = None) -> tuple[str, Family]:
    """Title and family of a layer of this class, or of a function of this name."""
    if isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Conv3d)):
        return _convolution(module), "convolution"
    if isinstance(module, nn.Linear):
        return "Linear", "linear"
    if isinstance(module, (nn.MaxPool2d, nn.AvgPool2d)):
        name = "Max pool" if isinstance(module, nn.MaxPool2d) else "Average pool"
        return f"{name} {_window(module)}", "pooling"
    if isinstance(module, (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)):
        return _adaptive(module), "pooling"
    if isinstance(module, (nn.Dropout, nn.Dropout2d)):
        return f"Dropout {module.p:g}", "dropout"
    return _by_name(kind)


def _by_name(kind: str) -> tuple[str, Family]:
    plain = kind.rstrip("_")
    if kind in _SUMS:
        return "+", "sum"
    if kind in ("cat", "concat"):
        return "concat", "concat"
    if kind in _PLUMBING:
        return kind, "plumbing"
    if plain in _NORMS:
        return _NORMS[plain], "norm"
    if plain in _POOLINGS:
        return _POOLINGS[plain], "pooling"
    activation = _ACTIVATIONS.get(plain.lower().replace("_", ""))
    if activation:
        return activation, "activation"
    if plain in ("dropout", "dropout2d"):
        return "Dropout", "dropout"
    if plain == "conv2d":
        return "Conv", "convolution"
    if plain == "linear":
        return "Linear", "linear"
    return kind, "other"


def _convolution(module: Any) -> str:
    parts = [f"Conv {_by(module.kernel_size)}"]
    if set(module.stride) != {1}:
        parts.append(f"stride {_single(module.stride)}")
    if module.groups > 1:
        parts.append(f"{module.groups} groups")
    if set(module.dilation) != {1}:
        parts.append(f"dilation {_single(module.dilation)}")
    return ", ".join(parts)


def _adaptive(module: Any) -> str:
    name = "average" if isinstance(module, nn.AdaptiveAvgPool2d) else "max"
    size = _pair(module.output_size)
    return f"Global {name} pool" if size == (1, 1) else f"{name.capitalize()} pool to {_by(size)}"


def _window(module: Any) -> str:
    size, stride = _pair(module.kernel_size), _pair(module.stride)
    return _by(size) if size == stride else f"{_by(size)}, stride {_single(stride)}"


def _pair(value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def _by(size: Any) -> str:
    return "×".join(map(str, size))


def _single(values: Any) -> str:
    return str(values[0]) if len(set(values)) == 1 else _by(values)
