"""What the checks of lab 8 ask.

Blocks are compared by value, with weights that come from a seed and a parameter's size. Functions
of a network are asked about small ones, whose scores of an image depend on that image alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course.checks import ProbeError, battery
from course.checks.modules import a_module, count, filled, gradients_of, sizes_of
from course.labs.shared.bare import bare

# Counts -----------------------------------------------------------------------------------


def unseen(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adapter for functions that may make a layer on the way: what its weights draw is nothing."""

    @wraps(function)
    def asked(*args: Any, **kwargs: Any) -> Any:
        with torch.random.fork_rng(devices=[]):
            return function(*args, **kwargs)

    return asked


# Blocks -----------------------------------------------------------------------------------

SLOPES = "gradient, summed over pixels"


def block_on(cls: Any, args: Any, seed: int, x: Tensor, training: bool) -> dict[str, Any]:
    """A block's output, and of its squares the gradients at the input and at all weights."""
    block = filled(a_module(cls(*args), "the class"), seed).train(training)
    x.requires_grad_()
    output = block(x)
    (slopes,) = torch.autograd.grad(output.square().sum(), x, retain_graph=True)
    output.square().sum().backward()
    return {"output": output, SLOPES: slopes.sum(dim=(2, 3)), "gradients": gradients_of(block)}


def sizes_with(cls: Any, args: Any) -> list[list[int]]:
    """Sizes of a block's parameters, sorted."""
    return sizes_of(a_module(cls(*args), "the class"))


def outputs_of_merged(
    function: Any, x: Tensor, reduce: Tensor, transform: Tensor, expand: Tensor
) -> dict[str, Any]:
    """What the student's three weights make of ``x (N, C, H, W)`` in a grouped bottleneck.

    Raises:
        ProbeError: not three tensors of the shapes that such a bottleneck has.
    """
    groups, inner, channels = reduce.shape[:3]
    found = merged(function)(reduce, transform, expand)
    shapes = [
        (groups * inner, channels, 1, 1),
        (groups * inner, inner, 3, 3),
        (expand.shape[1], groups * inner, 1, 1),
    ]
    for number, (one, shape) in enumerate(zip(found, shapes, strict=True), start=1):
        if one.shape != shape:
            raise ProbeError(f"weight {number}: expected {shape}, found {tuple(one.shape)}")
    first, middle, last = found
    y = F.conv2d(F.conv2d(x, first), middle, padding=1, groups=groups)
    return {"output": F.conv2d(y, last), "weights": list(found)}


def merged(function: Any) -> Callable[..., list[Tensor]]:
    """``merge_paths`` with its three weights as a list.

    Raises:
        ProbeError: it gives something else.
    """

    def weights(*paths: Tensor) -> list[Tensor]:
        found = function(*paths)
        if not isinstance(found, tuple | list) or len(found) != 3:
            raise ProbeError("expected three weights: of the first, middle and last convolution")
        if not all(isinstance(one, Tensor) for one in found):
            raise ProbeError("expected three weights, found something that is no tensor")
        return list(found)

    return weights


# A frozen backbone ------------------------------------------------------------------------


class Backbone(nn.Module):
    """Convolution, BatchNorm, ReLU, average: ``(N, 2, H, W) -> (N, 5)``."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(2, 5, 3, bias=False), nn.BatchNorm2d(5)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, 2, H, W) -> (N, 5)``."""
        return F.relu(self.norm(self.conv(x))).mean(dim=(2, 3))


class Dropping(Backbone):
    """The same with dropout behind it."""

    def forward(self, x: Tensor) -> Tensor:
        """``(N, 2, H, W) -> (N, 5)``."""
        return F.dropout(super().forward(x), 0.5, self.training)


def backbone(seed: int) -> nn.Module:
    """A backbone with BatchNorm."""
    return filled(Backbone(), seed)


def dropping(seed: int) -> nn.Module:
    """A backbone with BatchNorm and dropout."""
    return filled(Dropping(), seed)


def signed(seed: int) -> nn.Module:
    """A backbone whose features are negative as often as positive."""
    return filled(nn.Sequential(Backbone(), nn.LayerNorm(5, elementwise_affine=False)), seed)


def lacking(net: nn.Module, model: nn.Module) -> list[str]:
    """Weights and running statistics of a backbone that a network with its copy has not."""
    held = list(net.state_dict().values())
    given = model.state_dict().items()
    return [name for name, one in given if not any(torch.equal(one, other) for other in held)]


def transferred(cls: Any) -> Callable[..., dict[str, Any]]:
    """``TransferNet`` of a backbone and images: what it makes of them, and what learns."""

    def answers(model: nn.Module, x: Tensor, classes: int) -> dict[str, Any]:
        with torch.random.fork_rng(devices=[]):  # a head may be drawn in any way
            net = a_module(cls(model, 5, classes), "the class").to(x.dtype)
        with torch.no_grad():
            together, alone = net(x), torch.cat([net(one[None]) for one in x])
        apart = round(float((together - alone).norm()), 3)  # what float32 rounds away is 0
        filled(net, 7, x.dtype)
        resting = net(x).detach()
        if net.train() is not net:
            raise ProbeError("train() gives the network itself back, as that of nn.Module does")
        images = x.clone().requires_grad_()
        scores = net(images)
        scores.square().sum().backward()
        linear = [layer for layer in net.modules() if isinstance(layer, nn.Linear)]
        return {
            "what neighbours change in a new network": apart,
            "scores in evaluation mode": resting,
            "scores as train() has set it": scores.detach(),
            "gradient at the images": images.grad,
            **{f"gradient of {name}": one for name, one in gradients_of(net).items()},
            "sizes that learn": sorted(list(p.shape) for p in net.parameters() if p.requires_grad),
            "parameters": count(net.parameters()),
            "linear layers that train() left out": sum(not layer.training for layer in linear),
            "scores in evaluation mode again": net.eval()(x).detach(),
        }

    return answers


def transferred_from(cls: Any, kind: str, seed: int, x: Tensor, classes: int) -> dict[str, Any]:
    """The same of a backbone by its name, and what became of that."""
    model = {"BatchNorm": backbone, "dropout": dropping, "signs": signed}[kind](seed).train()
    before = battery.inside(model)
    found = transferred(cls)(model, x, classes)
    after = battery.inside(model)
    changed = [name for name in before if before[name] != after[name]]
    found["what changed in the backbone given"] = changed
    if kind != "signs":  # these are asked once: one slip should not cost every case
        return found
    net, modes = cls(model, 5, classes), []
    missing = lacking(net, model)
    for mode in (True, False, True):
        net.train(mode)
        modes.append(net.training)
    return {
        **found,
        "`training` after train(True), train(False), train(True)": modes,
        "what the copy has not as the backbone has it": missing,
    }


# Gradients at images ----------------------------------------------------------------------


class Looks(nn.Module):
    """Convolution, activation, average over quarters, linear: ``(N, C, H, W) -> (N, 4)``."""

    def __init__(self, channels: int = 2, stride: int = 1, kernel: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 3, kernel, stride)
        self.head = nn.Linear(12, 4)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W) -> (N, 4)``."""
        maps = F.adaptive_avg_pool2d(torch.tanh(self.conv(x)), 2)
        scores: Tensor = self.head(maps.flatten(1))
        return scores


class Kinks(Looks):
    """With ReLU: some pixels move nothing."""

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W) -> (N, 4)``."""
        scores: Tensor = self.head(F.adaptive_avg_pool2d(self.conv(x).relu(), 2).flatten(1))
        return scores


class Sure(Looks):
    """With scores so far apart, for images that begin bright, that a probability rounds to 0."""

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W) -> (N, 4)``."""
        return super().forward(x) * torch.where(x[:, 0, 0, :1] > 0.5, FAR, 1.0)


FAR = 1e5  # float64 rounds to 0 what is 745 below the highest score


def smooth(seed: int) -> nn.Module:
    """A network with tanh."""
    return filled(Looks(), seed)


def skipping(seed: int) -> nn.Module:
    """A network that never looks at three of four pixels."""
    return filled(Looks(stride=2, kernel=1), seed)


def with_kinks(seed: int) -> nn.Module:
    """A network with ReLU."""
    return filled(Kinks(), seed)


def sure(seed: int) -> nn.Module:
    """A network whose scores are far apart."""
    return filled(Sure(), seed)


def grey(seed: int) -> nn.Module:
    """A network for images with one channel."""
    return filled(Looks(channels=1), seed)


MAKERS = {
    "smooth": smooth,
    "skipping": skipping,
    "with kinks": with_kinks,
    "grey": grey,
    "sure": sure,
}


HELD = "answer holds a graph"


def graph_or_not(function: Any) -> Callable[..., dict[str, Any]]:
    """As :func:`bare`, but a graph is no slip: it is asked once, and should not cost every case."""

    def answers(*args: Any) -> dict[str, Any]:
        found = bare(function)(*args)
        return {key: one for key, one in found.items() if key != HELD}

    return answers


def about(function: Any, kind: str, seed: int, images: Tensor, *rest: Any) -> dict[str, Any]:
    """The same of a network by its name."""
    return graph_or_not(function)(MAKERS[kind](seed), images, *rest)


def graph_of(function: Any, seed: int, images: Tensor, *rest: Any) -> dict[str, Any]:
    """Whether the answer holds a graph."""
    return {HELD: bare(function)(smooth(seed), images, *rest)[HELD]}


def by_default(function: Any, seed: int, images: Tensor, targets: Tensor) -> dict[str, Any]:
    """``fooling_images`` with its own step and steps, and with these by name."""
    model = smooth(seed)
    return {
        "by default": graph_or_not(function)(model, images, targets, 0.3)["answer"],
        "by name": function(model, images, targets, 0.3, steps=2, step=0.07).detach(),
    }
