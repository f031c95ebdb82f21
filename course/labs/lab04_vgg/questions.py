"""What the checks of lab 4 ask: of formulas, of networks that are built, changed and measured.

Whole networks are counted on the ``meta`` device at the paper's size, and compared by value at a
small width, with parameters that come from a seed.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from course.checks import Finding, Probe, wording
from course.checks.modules import a_module, count, filled

WIDTH = 1 / 16  # at which values are compared: 4 to 32 channels
ROUNDS = 200_000  # of hashing, some 40 ms: a stage has few possible values

# Receptive fields and stacks --------------------------------------------------------------


def on_tables(function: Callable[..., Any], tables: Any) -> list[Any]:
    """What the function says of each list of ``(kernel, stride)``."""
    return [function([(int(kernel), int(stride)) for kernel, stride in t]) for t in tables]


def on_stacks(function: Callable[..., Any], stacks: Any) -> list[Any]:
    """What the function says of each ``(channels, kernel, depth)``."""
    return [function(*stack) for stack in stacks]


def stacked(weights: Sequence[Tensor], stride: int = 1) -> nn.Module:
    """Convolutions with these weights ``(K, C, k, k)``, padded, with ReLU between them."""
    layers: list[nn.Module] = []
    for weight in weights:
        out_channels, in_channels, kernel, _ = weight.shape
        layer = nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, bias=False)
        layer.weight = nn.Parameter(weight.clone())
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def map_of(function: Any, images: Tensor, stride: int, *weights: Tensor) -> Any:
    """The student's map ``(H, W)`` for a stack of convolutions."""
    return function(stacked(weights, stride), images)


def map_twice(function: Any, images: Tensor, *weights: Tensor) -> dict[str, Any]:
    """The map asked for twice, and what became of the images."""
    network = stacked(weights)
    first, second = function(network, images), function(network, images)
    return {
        "first": first,
        "second": second,
        "images.requires_grad": images.requires_grad,
        "images.grad is None": images.grad is None,
    }


# The table --------------------------------------------------------------------------------


def told(configs: Any, name: str) -> Any:
    """The student's column, or in words why there is none.

    A pair with kernel 3 is written as its channels alone.
    """
    if not configs:
        raise NotImplementedError("VGG_CONFIGS is empty")
    if not isinstance(configs, Mapping):
        return f"VGG_CONFIGS is {wording.kind_of(configs)}, no dict"
    if name not in configs:
        return f"VGG_CONFIGS has no column {name!r}; it has: {', '.join(map(str, configs))}"
    if not isinstance(configs[name], list | tuple):
        return f"column {name!r} is {wording.kind_of(configs[name])}, no list"
    entries = [list(e) if isinstance(e, tuple | list) else e for e in configs[name]]
    return [e[0] if isinstance(e, list) and e[1:] == [3] else e for e in entries]


def seals(name: str, entries: Sequence[Any]) -> list[str]:
    """For each stage of a column what can be kept of all entries up to its end: a slow digest."""
    stages = _stages(entries)
    return [_seal(name, stages[: number + 1]) for number in range(len(stages))]


def _seal(name: str, stages: Sequence[Sequence[Any]]) -> str:
    text = repr([entry for stage in stages for entry in stage])
    return hashlib.pbkdf2_hmac("sha256", text.encode(), name.encode(), ROUNDS).hex()[:32]


def _stages(entries: Sequence[Any]) -> list[list[Any]]:
    """The entries up to each pooling, with it."""
    stages: list[list[Any]] = [[]]
    for entry in entries:
        stages[-1].append(entry)
        if entry == "M":
            stages.append([])
    return [stage for stage in stages if stage]


@dataclass(frozen=True)
class AsInTheTable:
    """Whether a column is the paper's, of whose beginnings the seals are known.

    Attributes:
        name: of the column.
    """

    name: str

    sealed: ClassVar[bool] = True

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """Which stage is the first to differ."""
        if not isinstance(answer, list):
            return Finding(False, f"column {self.name} as a list", str(answer))
        stages = _stages(answer)
        if len(stages) != len(expected):
            wanted = f'{len(expected)} stages, each with "M" at its end'
            return Finding(False, wanted, f"{len(stages)} stages: {wording.value(answer)}")
        if _seal(self.name, stages) == expected[-1]:
            return Finding(True, f"column {self.name} of the table", wording.value(answer))
        wrong = 1  # counted from 1
        while wrong < len(stages) and _seal(self.name, stages[:wrong]) == expected[wrong - 1]:
            wrong += 1
        wanted = f"stage {wrong} as in column {self.name} of the table"
        return Finding(False, wanted, f"stage {wrong}: {stages[wrong - 1]}")


# The builder ------------------------------------------------------------------------------


def column_to_build(column: Any) -> list[Any]:
    """Entries with their pairs as tuples again; a letter stands for torchvision's own column."""
    if isinstance(column, str):
        from torchvision.models import vgg

        return list(vgg.cfgs[column])
    return [tuple(entry) if isinstance(entry, list) else entry for entry in column]


def _built(make: Any, column: Any, *settings: Any) -> nn.Module:
    return a_module(make(column_to_build(column), *settings), "make_vgg")


def totals(make: Any, columns: Mapping[str, Any]) -> dict[str, int]:
    """Parameters of the full networks, by column, on the meta device."""
    with torch.device("meta"):
        return {name: count(_built(make, one).parameters()) for name, one in columns.items()}


def shapes_of(make: Any, column: Any, num_classes: int, width: float) -> list[list[int]]:
    """Shapes of all parameters in their order, on the meta device."""
    with torch.device("meta"):
        model = _built(make, column, num_classes, width)
    return [list(parameter.shape) for parameter in model.parameters()]


def parts(make: Any, column: Any) -> dict[str, list[int]]:
    """Shapes that the two parts of a full network give, on the meta device."""
    with torch.device("meta"):
        model: Any = _built(make, column)
        maps = model.features(torch.zeros(2, 3, 224, 224))
        scores = model.classifier(maps.flatten(1))
    return {"features give": list(maps.shape), "classifier gives": list(scores.shape)}


def scores_of(
    make: Any, column: Any, num_classes: int, seed: int, images: Tensor, width: float = WIDTH
) -> dict[str, Any]:
    """Scores ``(N, K)`` of a narrow network with parameters from a seed.

    On small images also the gradient of the scores' squares there, ``(N, 3, H, W)``.
    """
    model = filled(_built(make, column, num_classes, width), seed)
    slope = images.shape[-1] <= 64
    images.requires_grad_(slope)
    scores = model(images)
    if not slope:
        return {"scores": scores}
    (gradient,) = torch.autograd.grad(scores.square().sum(), images)
    return {"scores": scores, "gradient": gradient}


def moods(make: Any, column: Any, seed: int, images: Tensor) -> dict[str, bool]:
    """Whether two passes agree, in training mode and in evaluation mode."""
    model = filled(_built(make, column, 10, WIDTH), seed)
    resting = [model(images) for _ in range(2)]
    model.train()
    torch.manual_seed(seed)
    trained = [model(images) for _ in range(2)]
    return {
        "the same twice in evaluation": torch.equal(*resting),
        "another result each time in training": not torch.equal(*trained),
        "some score at all": bool(resting[0].abs().sum() > 0),
    }


# Networks that are changed ----------------------------------------------------------------


def small_network(column: Sequence[Any], last: int, seed: int) -> nn.Sequential:
    """A network with ``features``, ``flatten``, ``classifier``, for three classes, from a seed.

    Args:
        column: channels and "M", as torchvision takes them.
        last: side of the last maps.
        seed: of the parameters.
    """
    from torchvision.models.vgg import make_layers

    channels = [entry for entry in column if entry != "M"][-1]
    classifier = nn.Sequential(
        *(nn.Linear(channels * last * last, 12), nn.ReLU(), nn.Dropout()),
        *(nn.Linear(12, 13), nn.ReLU(), nn.Dropout()),
        nn.Linear(13, 3),
    )
    named = {"features": make_layers(list(column)), "flatten": nn.Flatten()}
    model = nn.Sequential(OrderedDict(named, classifier=classifier))
    filled(model, seed)
    return model


def transferred(function: Any, deep: str, shallow: str, seed: int) -> dict[str, Any]:
    """The deep network's parameters after the transfer, and what became of the shallow one.

    Args:
        function: the student's; it is given very narrow networks.
        deep: torchvision's letter of the deep column.
        shallow: of the shallow one.
        seed: of all parameters.
    """
    target = small_network(_very_narrow(deep), 1, seed)
    source = small_network(_very_narrow(shallow), 1, seed + 1)
    before = [parameter.clone() for parameter in source.parameters()]
    function(target, source)
    found = [parameter.detach().clone() for parameter in target.parameters()]
    unchanged = all(map(torch.equal, before, source.parameters()))
    with torch.no_grad():
        for parameter in source.parameters():
            parameter.add_(1.0)
    apart = all(map(torch.equal, found, target.parameters()))
    names = [name for name, _ in target.named_parameters()]
    return {
        "deep": {name: weighed(one) for name, one in zip(names, found, strict=True)},
        "the shallow network is as it was": unchanged,
        "training one leaves the other alone": apart,
    }


def _very_narrow(letter: str) -> list[Any]:
    """torchvision's column with 2, 3, 4, 5 and 5 channels in its stages."""
    tiny: dict[Any, int | str] = {64: 2, 128: 3, 256: 4, 512: 5, "M": "M"}
    return [tiny[entry] for entry in column_to_build(letter)]


def weighed(values: Tensor) -> float:
    """All values in one number: their sum with weights that rise from 1 to 2."""
    weights = torch.linspace(1, 2, values.numel(), dtype=values.dtype)
    return float(values.flatten() @ weights)


def dense_scores(convert: Any, column: Any, last: int, seed: int, images: Tensor) -> Any:
    """Scores ``(N, K, h, w)`` of the converted network."""
    return _converted(convert, small_network(column, last, seed))(images)


def original_after(
    convert: Any, column: Any, last: int, seed: int, images: Tensor
) -> dict[str, Any]:
    """The converted network on images of the training size, and the original's scores after."""
    model = small_network(column, last, seed)
    converted = _converted(convert, model)
    return {"converted": converted(images), "the original afterwards": model(images)}


def _converted(convert: Any, model: nn.Module) -> nn.Module:
    return a_module(convert(model), "to_fully_convolutional").double().eval()


# Networks that are measured ---------------------------------------------------------------


class _Reused(nn.Module):
    """Two convolutions with one and the same ReLU after both."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 6, 3, padding=1)
        self.relu = nn.ReLU()
        self.second = nn.Conv2d(6, 4, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, 3, H, W) -> (N, 4, (H - 1) // 2, (W - 1) // 2)``."""
        return self.relu(self.second(self.relu(self.first(x))))


def network(kind: str, classes: int = 10) -> nn.Module:
    """Networks to measure: small ones, ``nested``, ``reused`` or ``grouped``; or ``VGG-16``,
    torchvision's convolutions of it, on the meta device.
    """
    if kind == "VGG-16":
        from torchvision.models import vgg

        with torch.device("meta"):
            return vgg.make_layers(vgg.cfgs["D"])
    if kind == "reused":
        return _Reused()
    if kind == "grouped":
        layers: OrderedDict[str, nn.Module] = OrderedDict(
            wide=nn.Conv2d(4, 8, (3, 5), stride=2, groups=2),
            norm=nn.BatchNorm2d(8),
            narrow=nn.Conv2d(8, 6, 1, bias=False),
        )
    else:
        stem = OrderedDict(conv=nn.Conv2d(3, 8, 3, stride=2, padding=1), relu=nn.ReLU())
        layers = OrderedDict(
            stem=nn.Sequential(stem),
            pool=nn.AdaptiveAvgPool2d(3),
            flatten=nn.Flatten(),
            head=nn.Linear(72, classes),
        )
    return nn.Sequential(layers)


def measured(
    function: Any, kind: str, shape: Any, classes: int = 10, dtype: str = "float32"
) -> dict[str, Any]:
    """What the function says of a network, and how many hooks it leaves in it."""
    model = network(kind, classes).to(getattr(torch, dtype)).eval()
    answer = function(model, tuple(shape))
    hooks = sum(len(module._forward_hooks) for module in model.modules())
    return {"by layer": answer, "hooks left behind": hooks}
