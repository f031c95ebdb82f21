"""What is asked of functions that convert a network, or start one from another."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from course.checks.battery import seeded
from course.checks.modules import a_module, count, filled
from course.checks.probes import ProbeError
from course.checks.traffic import masks
from course.labs.lab04_vgg.questions.builder import column_to_build

DROPPED = 0.3, 0.6


def small_network(
    column: Sequence[Any], last: int, seed: int, hidden: Sequence[int] = (12, 13)
) -> nn.Sequential:
    """A network with ``features``, ``flatten``, ``classifier``, for three classes, from a seed.

    Its weights are numbers of single precision, so that a copy in float32 loses nothing.

    Args:
        column: channels and "M", as torchvision takes them.
        last: side of the last maps.
        seed: of the parameters.
        hidden: units of the hidden layers.
    """
    from torchvision.models.vgg import make_layers

    channels = [entry for entry in column if entry != "M"][-1]
    hidden_layers: list[nn.Module] = []
    for before, after in pairwise([channels * last * last, *hidden]):
        hidden_layers += [nn.Linear(before, after), nn.ReLU(), nn.Dropout()]
    named = {"features": make_layers(list(column)), "flatten": nn.Flatten()}
    classifier = nn.Sequential(*hidden_layers, nn.Linear(hidden[-1], 3))
    model = nn.Sequential(OrderedDict(named, classifier=classifier))
    filled(model, seed, torch.float32)
    return model


def for_12(seed: int) -> nn.Module:
    """For images of 12 × 12, with last maps of 3 × 3."""
    return small_network([3, "M", 4, "M"], 3, seed)


def for_28(seed: int) -> nn.Module:
    """For images of 28 × 28, with last maps of 7 × 7."""
    return small_network([3, "M", 4, "M"], 7, seed)


def one_hidden(seed: int) -> nn.Module:
    """Two linear layers, and Tanh for the ReLU between them; for images of 8 × 8."""
    model: Any = small_network([2, 4, "M", 5, "M"], 2, seed, (11,))
    model.classifier[1] = nn.Tanh()
    return model


class Leaning(nn.Module):
    """An activation of our own: nobody can make it anew who knows only its class."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        """``slope · x`` below 0, ``x`` above; any shape."""
        return torch.maximum(x, self.slope * x)


def other_activations(seed: int) -> nn.Module:
    """Four linear layers, with leaky ReLUs and an activation of our own between them; for images
    of 8 × 8.
    """
    model: Any = small_network([3, "M", 5, "M"], 2, seed, (8, 9, 7))
    model.classifier[1], model.classifier[4] = nn.LeakyReLU(0.3), Leaning(0.2)
    model.classifier[7] = nn.LeakyReLU(0.4)
    return model


def one_pixel(seed: int) -> nn.Module:
    """Last maps of 1 × 1, for images of 4 × 4; the classifier's last layer is frozen."""
    model: Any = small_network([3, "M", 6, "M"], 1, seed, (7, 9))
    model.classifier[-1].requires_grad_(False)
    return model


def as_dense(convert: Any) -> Callable[[nn.Module, Tensor], dict[str, Any]]:
    """From a model and images to scores ``(N, K, h, w)`` of the converted network.

    Of a model in double precision the new layers may be in single: their weights are the same.
    """

    def scores(model: nn.Module, images: Tensor) -> dict[str, Any]:
        converted = _of_intact(convert, model)
        dtypes = sorted({str(one.dtype) for one in model.parameters()})
        modes = [(layer, layer.training) for layer in converted.modules()]
        converted = converted.double() if images.dtype == torch.float64 else converted
        try:
            with torch.no_grad():
                return {"scores": converted.eval()(images), "the model's dtypes": dtypes}
        finally:
            for layer, training in modes:
                layer.training = training

    return scores


def dense_scores(
    convert: Any, column: Any, last: int, hidden: Any, seed: int, images: Tensor
) -> dict[str, Any]:
    """Scores ``(N, K, h, w)`` of the converted network, and the gradient at the images."""
    model = small_network(column, last, seed, hidden).double()
    images.requires_grad_()
    scores = _converted(convert, model).double().eval()(images)
    (gradient,) = torch.autograd.grad(scores.square().sum(), images)
    return {"scores": scores, "gradient": gradient}


def original_after(
    convert: Any, column: Any, last: int, seed: int, images: Tensor
) -> dict[str, Any]:
    """The converted network on images of the training size, and the original's scores after."""
    model = small_network(column, last, seed).double()
    converted = _of_intact(convert, model).double().eval()
    return {"converted": converted(images), "the original afterwards": model(images)}


def each_trained(convert: Any, column: Any, last: int, seed: int, images: Tensor) -> dict[str, Any]:
    """What the model gives after the converted network is trained, and the other way round; and
    how many numbers of the converted one can be trained.
    """
    found: dict[str, Any] = {}
    for title, of_model in (("the model", True), ("the converted network", False)):
        model = small_network(column, last, seed).double()
        converted = _of_intact(convert, model).double().eval()
        trained, other = (converted, model) if of_model else (model, converted)
        with torch.no_grad():
            for parameter in trained.parameters():
                parameter.mul_(1.5).add_(0.1)
            found[f"{title} afterwards, when the other is trained"] = other(images)
        trainable = (one for one in converted.parameters() if one.requires_grad)
        found["numbers that can be trained"] = count(trainable)
    return found


def dense_dropout(convert: Any, seed: int, images: Tensor, calls: int) -> list[dict[str, Any]]:
    """What the converted network drops in training, see :func:`course.checks.traffic.masks`.

    Its hidden layers have 48 and 56 units, of which shares of :data:`DROPPED` are dropped.
    """
    model: Any = small_network([4, "M", 6, "M"], 3, seed, (48, 56)).double()
    model.classifier[2].p, model.classifier[5].p = DROPPED
    return _as_one(masks(_converted(convert, model).double(), images, calls, seed))


def apart(convert: Any, seed: int, images: Tensor) -> dict[str, Any]:
    """Whether a model gives the same as before, in evaluation mode after the converted network is
    put into training mode, and in training mode after the other's dropout has other shares; and the
    dtypes of the converted network's features.
    """
    model: Any = small_network([3, "M", 4, "M"], 3, seed).double()
    before = _in_both_modes(copy.deepcopy(model), images, lambda: None)
    converted = _converted(convert, model).train()
    shapes = {one.shape for one in model.features.parameters() if one.ndim > 1}
    dtypes = {str(one.dtype) for one in converted.parameters() if one.shape in shapes}
    model_then = "scores of the model afterwards, when the other"
    after = _in_both_modes(model, images, lambda: _with_other_shares(converted))
    same = [torch.equal(*pair) for pair in zip(before, after, strict=True)]
    return {
        f"{model_then} is in training mode, are as before": same[0],
        f"{model_then} has other shares of dropout, are as before": same[1],
        "dtypes of the converted network's features": sorted(dtypes),
    }


def _in_both_modes(
    model: nn.Module, images: Tensor, between: Callable[[], None]
) -> tuple[Tensor, Tensor]:
    """Scores as the model is, and in training mode after something else is done."""
    with torch.no_grad(), seeded():
        resting = model(images)
    between()
    with torch.no_grad(), seeded():
        return resting, model.train()(images)


def _with_other_shares(model: nn.Module) -> None:
    for layer in model.modules():
        if isinstance(getattr(layer, "p", None), float):
            vars(layer)["p"] = 0.0


def _as_one(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Operations of one size taken together: windows may be looked at one by one."""
    found: dict[tuple[int, ...], list[dict[str, Any]]] = {}
    for line in lines:
        found.setdefault(tuple(line["size"]), []).append(line)
    return [
        {
            **some[0],
            "dropped": torch.cat([one["dropped"] for one in some], dim=2),
            "off": max(one["off"] for one in some),
        }
        for some in found.values()
    ]


def _converted(convert: Any, model: nn.Module) -> nn.Module:
    with torch.random.fork_rng(devices=[]):  # fresh layers draw weights, other answers draw none
        return a_module(convert(model), "to_fully_convolutional")


def _of_intact(convert: Any, model: nn.Module) -> nn.Module:
    """The converted network, if the model has its layers still.

    Raises:
        ProbeError: it has not.
    """
    before = [type(layer) for layer in model.modules()]
    converted = _converted(convert, model)
    if [type(layer) for layer in model.modules()] != before:
        raise ProbeError("your function replaced layers in the model that it was given", "changed")
    return converted


def deep_d(seed: int) -> nn.Module:
    """Column D, very narrow."""
    return small_network(_very_narrow("D"), 1, seed)


def from_shallow(function: Any) -> Callable[[nn.Module, int], Any]:
    """From a deep network and a seed to its parameters after the transfer from a shallow one."""

    def transfer(deep: nn.Module, seed: int) -> dict[str, float]:
        example = next(deep.parameters())
        source = small_network(_very_narrow("A"), 1, seed).to(example).train(deep.training)
        for one in deep.parameters():
            one.grad = None  # a parameter may be a new one
        function(deep, source)
        return {name: weighed(one.detach()) for name, one in deep.named_parameters()}

    return transfer


def transferred(
    function: Any, deep: str, shallow: str, seed: int, parts: Sequence[str] = ("",)
) -> dict[str, float]:
    """The deep network's parameters after the transfer.

    Args:
        function: the student's; it is given very narrow networks.
        deep: torchvision's letter of the deep column.
        shallow: of the shallow one; ``A-LRN`` is A with its normalisation.
        seed: of all parameters.
        parts: beginnings of the names of those that are told.
    """
    target = small_network(_very_narrow(deep), 1, seed)
    source: Any = small_network(_very_narrow(shallow.removesuffix("-LRN")), 1, seed + 1)
    if shallow.endswith("-LRN"):
        source.features.insert(2, nn.LocalResponseNorm(5))
    function(target, source)
    named = target.named_parameters()
    return {n: weighed(one.detach()) for n, one in named if n.startswith(tuple(parts))}


def trained_after(function: Any, deep: str, shallow: str, seed: int) -> dict[str, Any]:
    """The deep network's parameters after the transfer and after the shallow one is trained on,
    and what became of the shallow one.
    """
    target = small_network(_very_narrow(deep), 1, seed)
    source: Any = small_network(_very_narrow(shallow), 1, seed + 1).train()
    source.features.eval()
    modes = [layer.training for layer in source.modules()]
    before = [parameter.detach().clone() for parameter in source.parameters()]
    function(target, source)
    unchanged = all(map(torch.equal, before, source.parameters()))
    trainable = all(one.requires_grad for one in source.parameters())
    with torch.no_grad():
        for parameter in source.parameters():
            parameter.add_(1.0)
    return {
        "the shallow network is as it was": unchanged,
        "its parameters are trainable, as before": trainable,
        "its mode is as it was": modes == [layer.training for layer in source.modules()],
        "deep, when the shallow one is trained further": {
            name: weighed(one.detach()) for name, one in target.named_parameters()
        },
    }


def _very_narrow(letter: str) -> list[Any]:
    """torchvision's column with 2, 3, 4, 5 and 5 channels in its stages."""
    tiny: dict[Any, int | str] = {64: 2, 128: 3, 256: 4, 512: 5, "M": "M"}
    return [tiny[entry] for entry in column_to_build(letter)]


def weighed(values: Tensor) -> float:
    """All values in one number: their sum with weights that rise from 1 to 2."""
    weights = torch.linspace(1, 2, values.numel(), dtype=torch.float64)
    return float(values.flatten().double() @ weights)
