"""The layers and networks of 1998 with the check's weights in them, and what becomes of images.

How a class keeps its weights is the student's own affair where that can be: see `FILL`. They stay
in float32, as they are made, for a layer may make tensors of that dtype inside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from course.checks import ProbeError, battery
from course.checks.battery.networks import alike, two_made
from course.checks.modules import a_tensor
from course.checks.probes import plain
from course.labs.lab02_lenet.questions.modules import (
    PARTS,
    Leaf,
    MakeModule,
    Weights,
    fill_subsampling,
    learnt,
    made,
    set_parameter,
)
from course.labs.lab02_lenet.questions.wires import load_wires, trace

Args = Sequence[Any]
LAYERS = ("c1", "c5", "f6")  # whose kernels have the names of PyTorch's layers


def fill_c3(layer: nn.Module, weights: Weights, path: str = "") -> dict[str, Leaf]:
    """Let the sparse convolution have these kernels, found by impulses; the weights, by name."""
    wires = trace(layer, path)
    load_wires(wires, weights["kernels"], weights["biases"])
    return {
        "kernels": Leaf(wires.parameters, wires.kernels),
        "biases": Leaf(wires.parameters, wires.biases),
    }


def fill_lenet5(model: nn.Module, weights: Weights) -> dict[str, Leaf]:
    """Copy the weights in by the names of the layers; the weights, by name."""
    c3 = {"kernels": two_neighbours(weights["c3"]), "biases": weights["c3 bias"]}
    filled = fill_c3(_part(model, "c3"), c3, "c3")
    found = {"c3": _within(filled["kernels"], c3["kernels"]), "c3 bias": filled["biases"]}
    for name in LAYERS:
        layer = _part(model, name)
        for part, key in (("weight", name), ("bias", f"{name} bias")):
            own = getattr(layer, part, None)
            found[key] = set_parameter(own, weights[key], f"{name}.{part}")
    for name in ("s2", "s4"):
        parts = {part: weights[f"{name} {part}"] for part in PARTS}
        pooling = fill_subsampling(_part(model, name), parts, f"{name}.")
        found |= {f"{name} {part}": leaf for part, leaf in pooling.items()}
    return found


FILL: Mapping[str, Callable[[nn.Module, Weights], dict[str, Leaf]]] = {
    "Subsampling": fill_subsampling,
    "C3Convolution": fill_c3,
    "LeNet5": fill_lenet5,
}


def two_neighbours(kernels: Tensor) -> Tensor:
    """Kernels ``(16, 6, 5, 5)``; of each output map k those on the input maps k and k + 1 alone,
    counted round the circle, which every map of C3 sees.
    """
    maps_out, maps_in = kernels.shape[:2]
    starts = torch.eye(maps_in, dtype=kernels.dtype).repeat(maps_out // maps_in + 1, 1)[:maps_out]
    return kernels * (starts + starts.roll(1, dims=1))[:, :, None, None]


def _within(kernels: Leaf, given: Tensor) -> Leaf:
    """The leaf where kernels were given, so that another table costs the layer's own check."""
    return replace(kernels, places=kernels.places * (given != 0))


def _part(model: nn.Module, name: str) -> nn.Module:
    found = getattr(model, name, None)
    if not isinstance(found, nn.Module):
        raise ProbeError(f"expected a layer called `{name}` in the network, found none")
    return found


def filled_with(made_by: MakeModule, name: str, args: Args, weights: Weights) -> nn.Module:
    """A new object of the exercise ``name`` with these weights, in evaluation mode."""
    model = made(made_by, *args).eval()
    FILL[name](model, weights)
    return model


# Questions, as those of course.checks.battery ---------------------------------------------


def learning(
    made_by: MakeModule,
    name: str,
    args: Args,
    weights: Weights,
    x: Tensor,
    upstream: Tensor,
    training: bool = True,
) -> dict[str, Any]:
    """The output, and the gradients of ``sum(upstream · output)`` at images and weights.

    Raises:
        ProbeError: the output is no tensor of the right shape, or has no gradient.
    """
    model = made(made_by, *args).train(training)
    leaves = FILL[name](model, weights)
    before = model(x.flip(0).requires_grad_())  # an earlier step, which must leave nothing behind
    if isinstance(before, Tensor) and before.shape == upstream.shape and before.requires_grad:
        (before * upstream).sum().backward()
    model.zero_grad()
    output = a_tensor(model(x.requires_grad_()), tuple(upstream.shape), "the output")
    if not output.requires_grad:
        raise ProbeError("autograd can't follow the output back to the weights", "detached")
    (output * upstream).sum().backward()
    at_x = torch.zeros_like(x) if x.grad is None else x.grad
    return {
        "output": output,
        "gradient at x": at_x,
        **{f"gradient at {key}": leaf.gradient for key, leaf in leaves.items()},
    }


def one_by_one(
    made_by: MakeModule, name: str, args: Args, weights: Weights, x: Tensor
) -> dict[str, Any]:
    """What comes of all images together and of each alone."""
    model = filled_with(made_by, name, args, weights)
    with torch.no_grad():
        alone = [plain(model(x[place : place + 1])) for place in range(len(x))]
        return {"together": plain(model(x)), "one by one": alone}


def again(
    made_by: MakeModule, name: str, args: Args, weights: Weights, x: Tensor
) -> dict[str, Any]:
    """Passes over the same images with others between, and what became of everything given."""
    chosen = battery.standing()
    model, kept = filled_with(made_by, name, args, weights), x.clone()
    with battery.seeded():
        first = plain(model(x))
        drawn = battery.next_numbers()
    return {
        "output": first,
        "x afterwards": plain(x),
        "other images": plain(model(kept.flip(0) / 2)),
        "the next pass": plain(model(kept)),
        "arguments afterwards": plain(list(args)),
        "next random numbers": drawn,
        "layers in training mode": sum(layer.training for layer in model.modules()),
        "settings": battery.settings(chosen),
    }


def two_of_them(
    made_by: MakeModule,
    name: str,
    args: Sequence[Args],
    weights: Sequence[Weights],
    x: Tensor,
) -> dict[str, Any]:
    """Two objects, each with its own arguments and weights; then the first one's saved state in
    the second.
    """
    pairs = zip(args, weights, strict=True)
    _, begun = two_made(lambda: made(made_by, *args[0]))
    one, other = (filled_with(made_by, name, *pair) for pair in pairs)
    with torch.no_grad():
        found = {"the second": plain(other(x)), "the first": plain(one(x)), **begun}
        other.double().float()  # moved, as to a GPU: views that were made of a weight stay behind
        other.load_state_dict(one.state_dict())
        return {**found, "the second, loaded from the first": plain(other(x))}


def codes_kept(
    made_by: MakeModule, codes: Tensor, others: Tensor, weights: Weights, x: Tensor
) -> dict[str, Any]:
    """What is trained, and whether the codes come along with what is saved: the penalties of a
    network that was made with other codes, and loaded.
    """
    one = filled_with(made_by, "LeNet5", [codes], weights)
    second = filled_with(made_by, "LeNet5", [others], weights)
    with torch.no_grad():
        second.load_state_dict(one.state_dict())
        found = {"numbers trained": learnt(one), "loaded into another": plain(second(x))}
    fresh = (made(made_by, codes) for _ in range(2))
    return found | alike([nn.ModuleList(_part(net, name) for name in LAYERS) for net in fresh])
