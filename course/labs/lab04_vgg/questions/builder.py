"""What is asked of the builder.

Whole networks are counted on the ``meta`` device at the paper's size, and compared by value at a
small width, with weights that come from a seed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor, nn

from course.checks.modules import a_module, count, filled, size_of
from course.checks.probes import ProbeError
from course.checks.traffic import masks

WIDTH = 1 / 16  # at which values are compared: 4 to 32 channels


def column_to_build(column: Any) -> list[Any]:
    """The column itself; a letter stands for torchvision's own."""
    if isinstance(column, str):
        from torchvision.models import vgg

        return list(vgg.cfgs[column])
    given: list[Any] = column
    return given


def from_columns(make: Any) -> Callable[..., Any]:
    """The builder, which also takes a letter for torchvision's own column."""

    def build(*args: Any, **kwargs: Any) -> Any:
        if args:
            args = (column_to_build(args[0]), *args[1:])
        return make(*args, **kwargs)

    with suppress(TypeError, ValueError):  # it may be anything
        build.__signature__ = inspect.signature(make)  # type: ignore[attr-defined]
    return build


def _built(make: Any, column: Any, *settings: Any) -> nn.Module:
    return a_module(make(column_to_build(column), *settings), "make_vgg")


def totals(make: Any, columns: Mapping[str, Any]) -> dict[str, int]:
    """Parameters of the full networks, by column, on the meta device."""
    with torch.device("meta"):
        return {name: count(_built(make, one).parameters()) for name, one in columns.items()}


def parts(make: Any, column: Any, seed: int, images: Tensor) -> dict[str, Any]:
    """What the two parts give, one after the other, and the whole; and a fresh network, which
    takes images of the default dtype.

    Raises:
        ProbeError: one of the parts is missing.
    """
    model: Any = filled(_built(make, column, 9, WIDTH), seed)
    for name in ("features", "classifier"):
        if not hasattr(model, name):
            raise ProbeError(f"the model has no part of the name `{name}`")
    fresh = _built(make, column, 9, WIDTH)
    with torch.no_grad():
        maps = model.features(images)
        return {
            "features give": maps,
            "classifier gives": model.classifier(maps.flatten(1)),
            "the model gives": model(images),
            "shape from a fresh network": list(fresh(images.float()).shape),
        }


def scores_of(
    make: Any, column: Any, num_classes: int, seed: int, images: Tensor, width: float = WIDTH
) -> dict[str, Any]:
    """Scores ``(N, K)`` of a narrow network with weights from a seed.

    On small images also the gradient of the scores' squares there, ``(N, 3, H, W)``.
    """
    model = filled(_built(make, column, num_classes, width), seed)
    slope = images.shape[-1] <= 64
    images.requires_grad_(slope)
    with torch.set_grad_enabled(slope):
        scores = model(images)
    if not slope:
        return {"scores": scores}
    (gradient,) = torch.autograd.grad(scores.square().sum(), images)
    return {"scores": scores, "gradient": gradient}


def sizes_in_order(make: Any, column: Any) -> list[list[int]]:
    """Sizes of a narrow network's weights without biases, in the order in which it holds them."""
    with torch.device("meta"):
        model = _built(make, column, 9, WIDTH)
    return [size_of(one) for one in model.parameters() if one.ndim > 1]


def dropped(make: Any, column: Any, seed: int, images: Tensor, calls: int) -> list[dict[str, Any]]:
    """What a narrow network drops in training, see :func:`course.checks.traffic.masks`."""
    return masks(filled(_built(make, column, 9, WIDTH), seed), images, calls, seed)
