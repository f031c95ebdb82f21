"""What the checks of lab 4 ask: of formulas, of networks that are built, changed and measured.

Whole networks are counted on the ``meta`` device at the paper's size, and compared by value at a
small width, with parameters that come from a seed.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from course.checks import Finding, Probe, wording
from course.checks.modules import a_module, count, filled
from course.checks.traffic import masks

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


def map_in_ways(function: Any, images: Tensor, *weights: Tensor) -> dict[str, Any]:
    """The map of images in two orders in memory, and what became of the images."""
    network, columns_first = stacked(weights), images.mT.contiguous().mT
    return {
        "map": function(network, images),
        "images not in order in memory": function(network, columns_first),
        "images.requires_grad": images.requires_grad,
        "images.grad is None": images.grad is None,
    }


def small_stack(seed: int) -> nn.Module:
    """Three padded convolutions with ReLU, for images ``(N, 2, H, W)``."""
    layers = [nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1)]
    return filled(nn.Sequential(*layers, nn.ReLU(), nn.Conv2d(4, 3, 3, padding=1)), seed)


def frozen_stack(seed: int) -> nn.Module:
    """Two convolutions with stride 2, of which the first is frozen; ``(N, 2, H, W)``."""
    first, second = nn.Conv2d(2, 5, 3, 2, 1), nn.Conv2d(5, 3, 3, 2, 1)
    model = filled(nn.Sequential(first, nn.ReLU(), second), seed)
    first.requires_grad_(False)
    return model


def with_gradients_added(function: Any) -> Callable[[nn.Module, Tensor], Any]:
    """The student's map, where the network's parameters keep their gradients: what ``backward()``
    adds to them is taken away again. Whatever else has become of them stays.
    """

    def asked(network: nn.Module, images: Tensor) -> Any:
        given = {one: one.grad for one in network.parameters()}
        before = {one: None if grad is None else grad.clone() for one, grad in given.items()}
        share = function(network, images)
        for one, slope in _slopes_at_centre(network, images).items():
            if _grown_along(one.grad, before[one], slope):
                one.grad = before[one]
        return share

    return asked


def _slopes_at_centre(network: nn.Module, images: Tensor) -> dict[nn.Parameter, Tensor]:
    wanted = [one for one in network.parameters() if one.requires_grad]
    with torch.enable_grad():
        maps = network(images.detach())
        centre = maps[..., maps.shape[2] // 2, maps.shape[3] // 2].sum()
    if not centre.requires_grad:
        return {}
    return dict(zip(wanted, torch.autograd.grad(centre, wanted), strict=True))


def _grown_along(after: Tensor | None, before: Tensor | None, slope: Tensor) -> bool:
    """Whether a gradient has grown by a multiple of ``slope``, 0 included."""
    if after is None:
        return before is None
    moved = (after if before is None else after - before).flatten()
    along = (moved @ slope.flatten()).abs()
    return bool(along >= (1 - 1e-4) * moved.norm() * slope.norm())


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
    head: list[nn.Module] = []
    for before, after in pairwise([channels * last * last, *hidden]):
        head += [nn.Linear(before, after), nn.ReLU(), nn.Dropout()]
    named = {"features": make_layers(list(column)), "flatten": nn.Flatten()}
    classifier = nn.Sequential(*head, nn.Linear(hidden[-1], 3))
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


def one_pixel(seed: int) -> nn.Module:
    """Last maps of 1 × 1, for images of 4 × 4; the classifier's last layer is frozen."""
    model: Any = small_network([3, "M", 6, "M"], 1, seed, (7, 9))
    model.classifier[-1].requires_grad_(False)
    return model


def as_dense(convert: Any) -> Callable[[nn.Module, Tensor], Any]:
    """From a model and images to scores ``(N, K, h, w)`` of the converted network."""

    def scores(model: nn.Module, images: Tensor) -> Any:
        converted = _converted(convert, model)
        modes = [(layer, layer.training) for layer in converted.modules()]
        try:
            with torch.no_grad():
                return converted.to(images.dtype).eval()(images)
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
    converted = _converted(convert, model).double().eval()
    return {"converted": converted(images), "the original afterwards": model(images)}


def dense_dropout(convert: Any, seed: int, images: Tensor, calls: int) -> list[dict[str, Any]]:
    """What the converted network drops in training, see :func:`course.checks.traffic.masks`.

    Its hidden layers have 48 and 56 units.
    """
    model = small_network([4, "M", 6, "M"], 3, seed, (48, 56)).double()
    return masks(_converted(convert, model).double(), images, calls, seed)


def _converted(convert: Any, model: nn.Module) -> nn.Module:
    with torch.random.fork_rng(devices=[]):  # fresh layers draw weights, other answers draw none
        return a_module(convert(model), "to_fully_convolutional")


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
        shallow: of the shallow one.
        seed: of all parameters.
        parts: beginnings of the names of those that are told.
    """
    target = small_network(_very_narrow(deep), 1, seed)
    function(target, small_network(_very_narrow(shallow), 1, seed + 1))
    named = target.named_parameters()
    return {n: weighed(one.detach()) for n, one in named if n.startswith(tuple(parts))}


def trained_after(function: Any, deep: str, shallow: str, seed: int) -> dict[str, Any]:
    """The deep network's parameters after the transfer and after the shallow one is trained on,
    and what became of the shallow one.
    """
    target = small_network(_very_narrow(deep), 1, seed)
    source = small_network(_very_narrow(shallow), 1, seed + 1)
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


# Networks that are measured ---------------------------------------------------------------


class _Reused(nn.Module):
    """A convolution that runs twice, and one and the same ReLU after each."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Conv2d(3, 4, 3, stride=2)  # made first, run last
        self.relu = nn.ReLU()
        self.first = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, 3, H, W) -> (N, 4, (H - 1) // 2, (W - 1) // 2)``."""
        x = self.relu(self.first(x))
        return self.relu(self.last(self.first(x)))


class Halved(nn.Module):
    """A layer of our own, without parameters; it notes passes with gradients, and those with
    values.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[bool, bool]] = []

    def forward(self, x: Tensor) -> Tensor:
        """``x / 2``, of any shape."""
        self.seen.append((torch.is_grad_enabled(), not x.is_meta))
        return x / 2


def nested_network(seed: int) -> nn.Module:
    """Convolution, ReLU, pooling, linear layer, of which the first two are a block."""
    stem = OrderedDict(conv=nn.Conv2d(3, 8, 3, stride=2, padding=1), relu=nn.ReLU())
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        stem=nn.Sequential(stem),
        pool=nn.AdaptiveAvgPool2d(3),
        flatten=nn.Flatten(),
        head=nn.Linear(72, 5 + seed % 20),
    )
    return nn.Sequential(layers)


def deep_network(seed: int) -> nn.Module:
    """Blocks in blocks, with groups, BatchNorm, a layer of our own, a hook of ours and a frozen
    layer.
    """
    unit = OrderedDict(conv=nn.Conv2d(3, 6, 3, padding=1), norm=nn.BatchNorm2d(6), halve=Halved())
    wide = nn.Conv2d(6, 4 + 4 * (seed % 3), (3, 5), stride=(1, 2), padding=1, groups=2, bias=False)
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        block=nn.Sequential(OrderedDict(unit=nn.Sequential(unit), act=nn.Sigmoid())), wide=wide
    )
    wide.requires_grad_(False)
    wide.register_forward_hook(lambda layer, inputs, output: None)
    return nn.Sequential(layers)


def reused_network(seed: int) -> nn.Module:
    """A convolution and a ReLU that run twice each."""
    return _Reused()


def grouped_network(seed: int) -> nn.Module:
    """Two groups, a kernel of 3 × 5, BatchNorm, and a convolution without bias."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        wide=nn.Conv2d(4, 8, (3, 5), stride=2, groups=2),
        norm=nn.BatchNorm2d(8),
        narrow=nn.Conv2d(8, 6, 1, bias=False),
    )
    return nn.Sequential(layers)


def large_network(seed: int) -> nn.Module:
    """torchvision's convolutions of VGG-16, on the meta device."""
    from torchvision.models import vgg

    with torch.device("meta"):
        return vgg.make_layers(vgg.cfgs["D"])


NETWORKS: Mapping[str, Callable[[int], nn.Module]] = {
    "nested": nested_network,
    "grouped": grouped_network,
    "reused": reused_network,
    "VGG-16": large_network,
}


def measured(
    function: Any, kind: str, shape: Any, seed: int = 0, dtype: str = "float32"
) -> dict[str, Any]:
    """What the function says of one of :data:`NETWORKS`, and how many hooks it leaves in it."""
    model = NETWORKS[kind](seed).to(getattr(torch, dtype)).eval()
    answer = function(model, tuple(shape))
    hooks = sum(len(module._forward_hooks) for module in model.modules())
    return {"by layer": answer, "hooks left behind": hooks}


def passes(function: Any, shape: Any, seed: int) -> dict[str, Any]:
    """What the function says of a network on the meta device, in how many passes gradients were
    on, and in how many its input was elsewhere.
    """
    watched = Halved()
    with torch.device("meta"):
        model = nn.Sequential(watched, nn.Conv2d(3, 2 + seed % 9, 3), nn.Tanh())
    answer = function(model, tuple(shape))
    gradients, elsewhere = (sum(one[place] for one in watched.seen) for place in range(2))
    return {
        "by layer": answer,
        "passes with gradients": gradients,
        "passes of an input on another device": elsewhere,
    }
