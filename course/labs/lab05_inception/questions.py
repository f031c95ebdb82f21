"""What the checks of lab 5 ask, beyond plain calls.

Blocks, heads and networks are asked for values: their parameters are filled from a seed by their
sizes, in whatever order they were made. At the paper's size they are only counted, on the ``meta``
device. Dropout is recognised by what arrives at the layers, however it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

import torch
from torch import Tensor, nn

from course.checks import ProbeError, wording
from course.checks.modules import a_module, count, filled, size_of, sizes_of
from course.checks.traffic import Past, entries, masks
from course.device import seeded
from course.labs.lab05_inception.paper import INPUTS, TABLE, Spec

NARROW = 1 / 16  # of the paper's width: 1 to 64 channels
UNLIKE = 1 / 20  # here 50 numbers go into the classifier, 51 into the last layer of a head
COSTS = ("naive", "reduced")

# Functions --------------------------------------------------------------------------------


def with_layers(function: Any) -> Callable[..., Any]:
    """The function, which may make layers of its own: they begin with random weights, and the
    notebook's random numbers stay as they were.
    """

    @wraps(function)
    def asked(*args: Any, **kwargs: Any) -> Any:
        with torch.random.fork_rng(devices=[]):
            return function(*args, **kwargs)

    return asked


def costs(function: Any) -> Callable[..., Any]:
    """``inception_cost`` of six numbers instead of a Spec: both costs by name."""

    def of_numbers(in_channels: int, spec: Sequence[int], height: int, width: int) -> Any:
        answer = function(in_channels, Spec(*spec), height, width)
        if isinstance(answer, dict) and set(answer) != set(COSTS):
            raise ProbeError(
                f"expected the keys {', '.join(COSTS)}; found {', '.join(map(str, answer))}"
            )
        return answer

    return of_numbers


def cost_of(
    function: Any, key: str, in_channels: int, spec: Sequence[int], height: int, width: int
) -> Any:
    """One of the two costs of a block, by its name."""
    answer = costs(function)(in_channels, spec, height, width)
    return answer[key] if isinstance(answer, dict) else answer


def mean_and_shape(function: Any, maps: Tensor, weight: Tensor, bias: Tensor) -> dict[str, Any]:
    """Average of the class maps over the pixels, ``(N, K)``, and their shape."""
    result = function(maps, weight, bias)
    return {"average over the pixels": result.mean(dim=(-2, -1)), "shape": list(result.shape)}


# The Inception block ----------------------------------------------------------------------


def from_numbers(make: Any) -> Callable[[int, Sequence[int]], nn.Module]:
    """``InceptionBlock`` of six numbers instead of a Spec."""
    return lambda in_channels, spec: a_module(make(in_channels, Spec(*spec)), "InceptionBlock")


def block_of(
    make: Any, in_channels: int, spec: Sequence[int], seed: int, maps: Tensor
) -> dict[str, Any]:
    """What the block makes of maps, and the gradient there of the output's squares; and what it
    makes of them in training, which is the same.
    """
    block = filled(from_numbers(make)(in_channels, spec), seed)
    output = block(maps.requires_grad_())
    found = {"output": output, "gradient": slope_at(maps, output)}
    return {**found, "output in training mode": block.train()(maps)}


def branch_of(
    make: Any, in_channels: int, spec: Sequence[int], seed: int, maps: Tensor, branch: int
) -> dict[str, Any]:
    """The same of one branch alone: its channels of the output.

    Args:
        make: the student's class.
        in_channels, spec: of the block.
        seed: of its weights.
        maps: ``(N, in_channels, H, W)``.
        branch: 0 to 3, as the branches lie along the channels.
    """
    n1x1, _, n3x3, _, n5x5, pool_proj = spec
    sizes = (n1x1, n3x3, n5x5, pool_proj)
    first, size = sum(sizes[:branch]), sizes[branch]
    output = filled(from_numbers(make)(in_channels, spec), seed)(maps.requires_grad_())
    own = output[:, first : first + size]
    return {"its output": own, "gradient at the maps": slope_at(maps, own)}


def slope_at(given: Tensor, *outputs: Tensor) -> Tensor:
    """Gradient of the outputs' squares, zeros where none arrives."""
    total = torch.stack([one.square().sum() for one in outputs]).sum()
    if not total.requires_grad:
        return torch.zeros_like(given)
    (slope,) = torch.autograd.grad(total, given, allow_unused=True, retain_graph=True)
    return torch.zeros_like(given) if slope is None else slope


def block_sizes(make: Any, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Of the paper's blocks, on the meta device: sizes of the parameters, and what shape they make
    of two of their maps.
    """
    found = {}
    with torch.device("meta"):
        for name in names:
            channels, side = INPUTS[name]
            block = from_numbers(make)(channels, TABLE[name])
            shape = list(block(torch.empty(2, channels, side, side)).shape)
            found[name] = {"parameters": sizes_of(block), "output": shape}
    return found


# The auxiliary head -----------------------------------------------------------------------


def _head(make: Any, *sizes: Any) -> nn.Module:
    return a_module(make(*sizes), "AuxiliaryHead")


def head_of(make: Any, channels: int, classes: int, seed: int, maps: Tensor) -> dict[str, Any]:
    """Scores of a head at 1/16 of the width, and the gradient of their squares at the maps."""
    scores = filled(_head(make, channels, classes, NARROW), seed)(maps.requires_grad_())
    return {"scores": scores, "gradient": slope_at(maps, scores)}


def head_total(make: Any) -> dict[str, int]:
    """Parameters of both heads of the paper, on the meta device."""
    with torch.device("meta"):
        return {
            f"at {place}": count(_head(make, channels).parameters())
            for place, channels in (("4a", 512), ("4d", 528))
        }


def dropped_in_head(
    make: Any, channels: int, classes: int, seed: int, maps: Tensor, calls: int
) -> list[dict[str, Any]]:
    """What a head at 1/16 of the width drops in training: see :func:`traffic.masks`."""
    model = without_zeros(_head(make, channels, classes, NARROW), seed)
    return masks(model, maps.abs(), calls, seed)


def without_zeros(model: nn.Module, seed: int) -> nn.Module:
    """The model with positive weights, of which each output is about an average: no ReLU of it
    gives a zero, and no number grows with the depth.
    """
    filled(model, seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.abs_()
            if parameter.ndim > 1:
                parameter.div_(parameter.flatten(1).sum(dim=1).mean())
    return model


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


def part_sizes(make: Any, num_classes: int, width: float) -> dict[str, list[list[int]]]:
    """Sizes of all parameters by part, sorted, on the meta device."""
    with torch.device("meta"):
        model = _network(make, num_classes=num_classes, width=width)
    return {name: sorted(map(size_of, parameters)) for name, parameters in parts(model).items()}


def scores_of(make: Any, num_classes: int, seed: int, images: Tensor, width: float = NARROW) -> Any:
    """What the network with heads gives in evaluation mode, and the gradient at the images."""
    model = _narrow(make, seed, num_classes=num_classes, width=width).eval()
    scores = model(images.requires_grad_())
    slope = slope_at(images, scores) if isinstance(scores, Tensor) else None
    return {"in evaluation": scores, "gradient at the images": slope}


def its_heads(make: Any, num_classes: int, seed: int, maps: Tensor) -> dict[str, Any]:
    """What the network's own heads say of maps, in evaluation mode.

    Args:
        make: the student's class.
        num_classes: of the network, at 1/16 of the width.
        seed: of its weights.
        maps: ``(N, C, 14, 14)``, at least as many channels as 4a and 4d give.
    """
    model = _narrow(make, seed, num_classes=num_classes, width=NARROW).eval()
    answer = {}
    with torch.no_grad():
        for name, place in (("aux1", "4a"), ("aux2", "4d")):
            spec = TABLE[place].scaled(NARROW)
            channels = sum(spec) - spec.n3x3_reduce - spec.n5x5_reduce
            answer[name] = _part(model, name)(maps[:, :channels])
    return answer


def trained_once(
    make: Any, num_classes: int, seed: int, images: Tensor, width: float = NARROW
) -> dict[str, Any]:
    """What comes out in training mode, but for what is dropped, with simple heads in the place of
    the network's own; and how far the gradients reach.
    """
    model = _narrow(make, seed, num_classes=num_classes, width=width)
    for number, name in enumerate(("aux1", "aux2")):
        _part(model, name).forward = _looking(seed + number, num_classes)
    scores = _at_rest(model, images)
    with seeded(seed):
        outputs = _together(model.train()(images.requires_grad_()))
    heads, own = outputs[1:], [p for name in BODY for p in parts(model)[name]]
    return {
        "what comes out": _told(outputs),
        "in training, nothing dropped": scores,
        "gradient of both heads at the images": slope_at(images, *heads) if heads else None,
        "parameters that the main scores do not move": _unmoved(outputs[0], own),
    }


BODY = ("before the classifier", "classifier")


def without_heads(make: Any, seed: int, images: Tensor) -> dict[str, Any]:
    """What the network made with ``aux=False`` gives in both modes, but for what is dropped."""
    model = _narrow(make, seed, num_classes=5, width=NARROW, aux=False)
    with torch.no_grad(), seeded(seed):
        outputs = model.train()(images)
        if isinstance(outputs, tuple | list):
            raise ProbeError(
                "in training, without heads, the main scores alone are wanted, a tensor; found "
                f"{wording.kind_of(outputs)}",
                "sequence",
            )
        outputs = _together(outputs)
        rest = model.eval()(images)
    return {
        "what comes out in training": _told(outputs),
        "in evaluation": rest,
        "in training, nothing dropped": _at_rest(model, images),
    }


def dropped_inputs(make: Any, seed: int, images: Tensor, calls: int) -> list[dict[str, Any]]:
    """What a narrow network drops in training, its heads too: see :func:`traffic.masks`."""
    model = without_zeros(_network(make, num_classes=5, width=UNLIKE), seed)
    return masks(model, images.abs(), calls, seed)


def _part(model: nn.Module, name: str) -> nn.Module:
    part = getattr(model, name, None)
    if not isinstance(part, nn.Module):
        raise ProbeError(f"the network has no head under the name `{name}`")
    return part


def _looking(seed: int, classes: int) -> Callable[[Tensor], Tensor]:
    """A head without chance in it: weighted sums of maps ``(N, C, H, W) -> (N, classes)``."""

    def head(maps: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        flat = maps.flatten(1)
        weights = torch.randn(flat.shape[1], classes, generator=generator, dtype=torch.float64)
        return flat @ (weights / flat.shape[1] ** 0.5).to(flat.dtype)

    return head


def _at_rest(model: nn.Module, images: Tensor) -> list[Tensor]:
    """All outputs in training mode, where each layer gives what it gives in evaluation, whatever
    was dropped before it.
    """
    past = Past()
    with torch.no_grad(), seeded(0):
        entries(model.eval(), images, past)
        found = entries(model.train(), images, past)
    return [one.arrived for one in found if one.key[0] == "output"]


def _together(outputs: Any) -> list[Any]:
    """What a network gives, as a list.

    Raises:
        ProbeError: neither scores, nor several in a tuple.
    """
    several = list(outputs) if isinstance(outputs, tuple | list) else [outputs]
    if not several or not all(isinstance(one, Tensor) for one in several):
        kinds = ", ".join(wording.kind_of(one) for one in several)
        raise ProbeError(f"in training mode scores are wanted, all in one tuple; found {kinds}")
    return several


def _told(outputs: Sequence[Tensor]) -> str:
    return "scores alone" if len(outputs) == 1 else f"a tuple of {len(outputs)}"


def _unmoved(scores: Tensor, parameters: Iterable[nn.Parameter]) -> list[list[int]]:
    """Sizes of the parameters that the scores do not depend on, as far as autograd can tell."""
    own = list(parameters)
    if not scores.requires_grad:
        return sorted(map(size_of, own))
    moving = [one for one in own if one.requires_grad]
    slopes = torch.autograd.grad(scores.sum(), moving, allow_unused=True)
    reached = {id(one) for one, slope in zip(moving, slopes, strict=True) if slope is not None}
    return sorted(size_of(one) for one in own if id(one) not in reached)
