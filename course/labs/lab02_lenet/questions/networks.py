"""Questions to whole networks: counts, values, gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from course.checks import ProbeError, wording
from course.checks.modules import filled
from course.labs.lab02_lenet.questions.gradients import gradients_at
from course.labs.lab02_lenet.questions.modules import (
    PARTS,
    MakeModule,
    Weights,
    fill_subsampling,
    in_float64,
    learnt,
    set_parameter,
)
from course.labs.lab02_lenet.questions.wires import load_wires, trace


def _answers(
    model: nn.Module, x: Tensor, upstream: Tensor, weights: Sequence[Tensor]
) -> dict[str, Any]:
    """The output, the gradient at x, and those at the weights in one row."""
    leaves = {"x": x, **{str(number): one for number, one in enumerate(weights)}}
    found = gradients_at(output := model(x.requires_grad_()), upstream, leaves)
    at_x, *rest = found.values()
    at_weights = torch.cat([one.flatten() for one in rest])
    return {"output": output, "gradient at x": at_x, "gradients at the weights": at_weights}


# LeNet-5 of 1998 --------------------------------------------------------------------------

SHOWN_GRADIENTS = ("c1", "s2 coefficient", "s4 bias", "c5 bias", "f6 bias")


def penalties_of(made_by: MakeModule, weights: Weights, x: Tensor, upstream: Tensor) -> Any:
    """Penalties of a LeNet-5 with these weights, and some gradients."""
    model = in_float64(made_by(weights["codes"]))
    filled_in = _fill_lenet5(model, weights)
    leaves = [filled_in[name] for name in SHOWN_GRADIENTS]
    return _answers(model, x, upstream, leaves)


def _fill_lenet5(model: nn.Module, weights: Weights) -> dict[str, Tensor]:
    """Copy the weights in by the names of the layers; the parameters, by name."""
    wires = trace(_part(model, "c3"), "c3")
    load_wires(wires, two_neighbours(weights["c3"]), weights["c3 bias"])
    found: dict[str, Tensor] = {}
    for name in ("c1", "c5", "f6"):
        layer = _part(model, name)
        for part, key in (("weight", name), ("bias", f"{name} bias")):
            own = getattr(layer, part, None)
            found[key] = set_parameter(own, weights[key], f"{name}.{part}")
    for name in ("s2", "s4"):
        parts = {part: weights[f"{name} {part}"] for part in PARTS}
        own_parts = fill_subsampling(_part(model, name), parts, f"{name}.")
        found |= {f"{name} {part}": one for part, one in own_parts.items()}
    return found


def two_neighbours(kernels: Tensor) -> Tensor:
    """Kernels ``(16, 6, 5, 5)``; of each output map k those on the input maps k and k + 1 alone,
    counted round the circle, which every map of C3 sees.
    """
    maps_out, maps_in = kernels.shape[:2]
    starts = torch.eye(maps_in, dtype=kernels.dtype).repeat(maps_out // maps_in + 1, 1)[:maps_out]
    return kernels * (starts + starts.roll(1, dims=1))[:, :, None, None]


def _part(model: nn.Module, name: str) -> nn.Module:
    found = getattr(model, name, None)
    if not isinstance(found, nn.Module):
        raise ProbeError(f"expected a layer called `{name}` in the network, found none")
    return found


def codes_kept(made_by: MakeModule, codes: Tensor) -> dict[str, Any]:
    """Whether the codes are in the state that is saved, and not among what is trained."""
    model = in_float64(made_by(codes))
    state = {key: one for key, one in model.state_dict().items() if one.shape == codes.shape}
    kept = {key for key, one in state.items() if torch.equal(one.double(), codes)}
    trained = {name for name, one in model.named_parameters() if one.requires_grad}
    return {"trained": bool(trained & kept), "saved with the weights": bool(kept)}


# The modern form --------------------------------------------------------------------------

OWN = 10  # parameters: weight and bias of five layers


def classes_counted(made_by: MakeModule, classes: Sequence[int]) -> list[Any]:
    """How many numbers the network learns for each number of classes."""
    return [learnt(in_float64(made_by(num_classes=one))) for one in classes]


def logits_of(made_by: MakeModule, classes: int, seed: int, x: Tensor, upstream: Tensor) -> Any:
    """Logits of a LeNet with weights from a seed, and gradients at the image and every weight."""
    model = filled(in_float64(made_by(num_classes=classes)), seed)
    own = dict(model.named_parameters())
    if len(own) != OWN:
        raise ProbeError(
            f"expected {OWN} parameters, weight and bias of five layers in the order "
            f"of use; found {len(own)}: {wording.shortened(', '.join(own), 200)}"
        )
    return _answers(model, x, upstream, list(own.values()))
