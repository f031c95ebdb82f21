"""What the checks of lab 5 ask, beyond plain calls.

Blocks, heads and networks are asked for values: their parameters are filled from a seed, in an
order that the notebook states. At the paper's size they are only counted, on the ``meta`` device.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course.checks import ProbeError
from course.checks.modules import a_module, count, filled
from course.checks.probes import gradient_of
from course.labs.lab05_inception.paper import INPUTS, TABLE, Spec

NARROW = 1 / 16  # of the paper's width: 1 to 64 channels
COSTS = ("naive", "reduced")


def shapes(parameters: Iterable[nn.Parameter]) -> list[list[int]]:
    """Shapes of parameters, in their order."""
    return [list(parameter.shape) for parameter in parameters]


# Costs, class maps and the loss -----------------------------------------------------------


def cost_of(function: Any, in_channels: int, spec: Sequence[int], height: int, width: int) -> Any:
    """What the function says of a block: both numbers by name."""
    answer = function(in_channels, Spec(*spec), height, width)
    if isinstance(answer, dict) and set(answer) != set(COSTS):
        raise ProbeError(
            f"expected the keys {', '.join(COSTS)}; found {', '.join(map(str, answer))}"
        )
    return answer


def mean_and_shape(function: Any, maps: Tensor, weight: Tensor, bias: Tensor) -> dict[str, Any]:
    """Average of the class maps over the pixels, ``(N, K)``, and their shape."""
    result = function(maps, weight, bias)
    return {"average over the pixels": result.mean(dim=(-2, -1)), "shape": list(result.shape)}


def slopes(function: Any, main: Tensor, aux1: Tensor, aux2: Tensor, labels: Tensor) -> Any:
    """Gradient of the loss at each of the three scores, ``(N, K)``, and the loss itself."""
    inputs = (main, aux1, aux2, labels)
    names = ("main", "aux1", "aux2")
    found = {name: gradient_of(function, *inputs, wrt=at) for at, name in enumerate(names)}
    return {**found, "loss": function(*inputs)}


# The Inception block ----------------------------------------------------------------------


def _block(make: Any, in_channels: int, spec: Sequence[int]) -> nn.Module:
    return a_module(make(in_channels, Spec(*spec)), "InceptionBlock")


def block_of(
    make: Any, in_channels: int, spec: Sequence[int], seed: int, maps: Tensor
) -> dict[str, Any]:
    """What the block makes of maps, and the gradient there of the output's squares."""
    block = filled(_block(make, in_channels, spec), seed)
    maps.requires_grad_()
    output = block(maps)
    (slope,) = torch.autograd.grad(output.square().sum(), maps)
    return {"output": output, "gradient": slope}


def block_shapes(make: Any, names: Sequence[str]) -> dict[str, list[list[int]]]:
    """Shapes of the parameters of the paper's blocks, in their order, on the meta device."""
    with torch.device("meta"):
        blocks = {name: _block(make, INPUTS[name][0], TABLE[name]) for name in names}
    return {name: shapes(block.parameters()) for name, block in blocks.items()}


def sizes_after(make: Any, name: str) -> list[int]:
    """Shape of a paper's block's output for two of its maps, on the meta device."""
    channels, side = INPUTS[name]
    with torch.device("meta"):
        block = _block(make, channels, TABLE[name])
        return list(block(torch.empty(2, channels, side, side)).shape)


# Dropout ----------------------------------------------------------------------------------


def dropouts_of(model: nn.Module, images: Tensor) -> dict[str, Any]:
    """Each dropout at work in both modes: its share, and how many numbers of an image it sees."""
    answer: dict[str, Any] = {}
    for mode, name in ((True, "in training"), (False, "in evaluation")):
        seen: list[list[float]] = []
        with dropouts(seen), torch.no_grad():
            model.train(mode)(images)
        answer[name] = sorted(seen)
    return answer


@contextmanager
def dropouts(seen: list[list[float]]) -> Iterator[None]:
    """Put out every dropout of ``torch.nn`` meanwhile, and note share and size of those at work."""

    def quiet(
        input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
    ) -> Tensor:
        if training and p > 0:
            seen.append([round(float(p), 4), input[0].numel()])
        return input

    names = ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout")
    kept = {name: getattr(F, name) for name in names}
    try:
        for name in names:
            setattr(F, name, quiet)
        yield
    finally:
        for name, function in kept.items():
            setattr(F, name, function)


# The auxiliary head -----------------------------------------------------------------------


def _head(make: Any, *sizes: Any) -> nn.Module:
    return a_module(make(*sizes), "AuxiliaryHead")


def head_of(make: Any, channels: int, classes: int, seed: int, maps: Tensor) -> dict[str, Any]:
    """Scores of a head at 1/16 of the width, and the gradient of their squares at the maps."""
    head = filled(_head(make, channels, classes, NARROW), seed)
    maps.requires_grad_()
    scores = head(maps)
    (slope,) = torch.autograd.grad(scores.square().sum(), maps)
    return {"scores": scores, "gradient": slope}


def head_total(make: Any) -> dict[str, int]:
    """Parameters of both heads of the paper, on the meta device."""
    with torch.device("meta"):
        return {
            f"at {place}": count(_head(make, channels).parameters())
            for place, channels in (("4a", 512), ("4d", 528))
        }


def head_shapes(make: Any, channels: int, classes: int, width: float) -> list[list[int]]:
    """Shapes of the parameters, in their order, on the meta device."""
    with torch.device("meta"):
        return shapes(_head(make, channels, classes, width).parameters())


def head_dropouts(make: Any, maps: Tensor) -> dict[str, Any]:
    """Each dropout at work in a narrow head: its share, and how many numbers it sees."""
    return dropouts_of(_head(make, maps.shape[1], 5, NARROW).double(), maps)


# The network ------------------------------------------------------------------------------


def _network(make: Any, **options: Any) -> nn.Module:
    return a_module(make(**options), "GoogLeNet")


def parts(model: nn.Module) -> dict[str, list[nn.Parameter]]:
    """Parameters before the classifier, of the classifier and of both heads, by the names that
    the exercise prescribes.
    """
    found: dict[str, list[nn.Parameter]] = {}
    for name in ("classifier", "aux1", "aux2"):
        part = getattr(model, name, None)
        if name == "classifier" and not isinstance(part, nn.Module):
            raise ProbeError("the network has no layer under the name `classifier`")
        found[name] = list(part.parameters()) if isinstance(part, nn.Module) else []
    own = {id(parameter) for part in found.values() for parameter in part}
    before = [parameter for parameter in model.parameters() if id(parameter) not in own]
    return {"before the classifier": before, **found}


def _narrow(make: Any, seed: int, **options: Any) -> nn.Module:
    """The network with each of its parts filled from a seed of its own."""
    model = _network(make, **options).double()
    for number, parameters in enumerate(parts(model).values()):
        filled(nn.ParameterList(parameters), seed + number)
    return model


def totals(make: Any) -> dict[str, int]:
    """Parameters at the paper's size, on the meta device."""
    with torch.device("meta"):
        plain, full = _network(make, aux=False), _network(make)
    return {
        "before the classifier": count(parts(plain)["before the classifier"]),
        "with the classifier": count(plain.parameters()),
        "with both heads": count(full.parameters()),
    }


def part_shapes(make: Any, num_classes: int, width: float) -> dict[str, list[list[int]]]:
    """Shapes of all parameters by part, in their order, on the meta device."""
    with torch.device("meta"):
        model = _network(make, num_classes=num_classes, width=width)
    return {name: shapes(parameters) for name, parameters in parts(model).items()}


def scores_of(make: Any, num_classes: int, seed: int, images: Tensor, width: float = NARROW) -> Any:
    """What the network with heads gives in evaluation mode."""
    model = _narrow(make, seed, num_classes=num_classes, width=width).eval()
    with torch.no_grad():
        return {"in evaluation": model(images)}


def trained_once(
    make: Any, num_classes: int, seed: int, images: Tensor, width: float = NARROW
) -> dict[str, Any]:
    """The three scores in training mode without dropout, and gradients of their squares."""
    model = _narrow(make, seed, num_classes=num_classes, width=width).train()
    with dropouts([]):
        outputs = model(images)
    if not isinstance(outputs, tuple | list):
        return {"in training": outputs}
    first, *_ = parts(model)["before the classifier"]
    total = torch.stack([scores.square().sum() for scores in outputs]).sum()
    (slope,) = torch.autograd.grad(total, first)
    return {"in training": list(outputs), "gradient at the first convolution": slope}


def without_heads(make: Any, seed: int, images: Tensor) -> dict[str, Any]:
    """What the network made with ``aux=False`` gives in both modes, without dropout."""
    model = _narrow(make, seed, num_classes=5, width=NARROW, aux=False)
    answer = {}
    for mode, name in ((True, "in training"), (False, "in evaluation")):
        with dropouts([]), torch.no_grad():
            answer[name] = model.train(mode)(images)
    return answer


def dropout_places(make: Any, seed: int, images: Tensor) -> dict[str, Any]:
    """Each dropout at work: its share, and how many numbers of an image it sees."""
    model = _narrow(make, seed, num_classes=5, width=NARROW)
    return dropouts_of(model, images)
