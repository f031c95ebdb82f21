"""What the checks of lab 6 ask.

Blocks and networks are compared by value: their parameters and running statistics are filled from
a seed by their sizes, in whatever order they were made, and outputs come back in float64, with
gradients in few numbers. The big networks are counted on the ``meta`` device.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course.checks import ProbeError, battery
from course.checks.modules import a_module, count, filled, gradients_of, sizes_of

Function = Callable[[Tensor], Tensor]
Loss = Callable[[], Tensor]

# The law ----------------------------------------------------------------------------------

FUNCTIONS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "a·sin(x)": lambda x, a: a * x.sin(),
    "a·x³": lambda x, a: a * x**3,
    "tanh(a·x)": lambda x, a: (a * x).tanh(),
}


def slope_of(name: str, a: float) -> Function:
    """The derivative of one of ``FUNCTIONS`` as a function of ``x``, by autograd."""

    def slope(x: Tensor) -> Tensor:
        leaf = x.detach().clone().requires_grad_()
        (result,) = torch.autograd.grad(FUNCTIONS[name](leaf, a).sum(), leaf)
        return result

    return slope


def slope_with_shortcut(function: Any, name: str, a: float, x: Tensor) -> Any:
    """What the student says of ``y = f(x) + x``, given f' and x."""
    return function(slope_of(name, a), x)


def slope_of_half_a_square(function: Any, x: Tensor) -> dict[str, Any]:
    """The same for ``f(x) = x²/2``, whose f' gives back ``x`` itself; and ``x`` afterwards."""
    return {"slope": function(lambda z: z, x), "x afterwards": x}


def with_tanh(function: Any) -> Function:
    """``residual_derivative`` for ``f(x) = tanh(1.5 x)``, as a function of ``x``."""
    return lambda x: function(slope_of("tanh(a·x)", 1.5), x)


def with_branch(function: Any) -> Callable[..., Any]:
    """``residual_jacobian`` for layers with these weights, as a function of ``x`` and them."""
    return lambda x, *weights: function(branch(*weights), x)


def without_sign(function: Any) -> Callable[..., Any]:
    """``weakest_gradient``, told without the sign that nobody can know."""
    return lambda jacobian: weakest_of(function, jacobian)


def branch(*weights: Tensor) -> Function:
    """Layers with tanh between them: ``(D,) -> (D,)``; one matrix alone is a linear map."""

    def f(x: Tensor) -> Tensor:
        for number, weight in enumerate(weights):
            x = weight @ (x.tanh() if number else x)
        return x

    return f


def jacobian_at(function: Any, x: Tensor, *weights: Tensor) -> Any:
    """The student's Jacobian ``(D, D)`` of a block whose branch has these weights."""
    return function(branch(*weights), x)


def weakest_of(function: Any, jacobian: Tensor) -> dict[str, Any]:
    """The student's gain and gradient, told without the sign that nobody can know.

    Raises:
        ProbeError: not a pair of a number and a vector.
    """
    answer = function(jacobian)
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise ProbeError("expected a pair (gain, gradient)")
    gain, gradient = (torch.as_tensor(part) for part in answer)
    if gradient.shape != jacobian.shape[:1] or gain.ndim:
        raise ProbeError(
            f"expected a gain of shape () and a gradient of shape {tuple(jacobian.shape[:1])}, "
            f"found {tuple(gain.shape)} and {tuple(gradient.shape)}",
            "shape",
        )
    return {
        "gain": float(gain),
        "length of the gradient": float(gradient.norm()),
        "length of what arrives": float((jacobian.T @ gradient).norm()),
    }


# Shortcuts and blocks ---------------------------------------------------------------------


SLOPES = "gradient, summed over pixels"


def by_channel(output: Tensor, x: Tensor) -> Tensor:
    """Gradient of the output's squares at ``x (N, C, H, W)``, summed over pixels: ``(N, C)``."""
    (gradient,) = torch.autograd.grad(output.square().sum(), x, retain_graph=True)
    return gradient.sum(dim=(2, 3))


def shortcut_of(
    make: Any, kind: str, into: int, out: int, stride: int, seed: int, x: Tensor
) -> dict[str, Any]:
    """What a shortcut makes of ``x`` in evaluation and in training mode, and gradient sums."""
    layer = filled(a_module(make(kind, into, out, stride), "make_shortcut"), seed)
    x.requires_grad_()
    resting = layer(x)
    slopes = by_channel(resting, x)
    trained = layer.train()(x)
    return {"output": resting, SLOPES: slopes, "output in training mode": trained}


def shortcut_counts(make: Any, table: Any) -> list[int]:
    """Parameters of shortcuts ``(kind, into, out, stride)``."""
    return [count(a_module(make(*entry), "make_shortcut").parameters()) for entry in table]


def block_on(
    cls: Any, into: int, channels: int, stride: int, kind: str, seed: int, x: Tensor, training: bool
) -> dict[str, Any]:
    """A block's output, and of its squares the gradients at the input and at all weights."""
    block = filled(a_module(cls(into, channels, stride, kind), "the class"), seed)
    block.train(training)
    x.requires_grad_()
    output = block(x)
    slopes = by_channel(output, x)
    output.square().sum().backward()
    return {"output": output, SLOPES: slopes, "gradients": gradients_of(block)}


def shapes_of(cls: Any, into: int, channels: int, stride: int, kind: str) -> list[list[int]]:
    """Sizes of a block's parameters, sorted."""
    return sizes_of(a_module(cls(into, channels, stride, kind), "the class"))


def as_by_default(cls: Any, into: int, channels: int, seed: int, x: Tensor) -> dict[str, Any]:
    """A block made with two arguments: its parameters and its output."""
    block = filled(a_module(cls(into, channels), "the class"), seed)
    return {"parameters": count(block.parameters()), "output": block(x)}


# Networks ---------------------------------------------------------------------------------


def scores_of(make: Any, args: Any, seed: int, images: Tensor, training: bool = False) -> Any:
    """Scores ``(N, K)`` of a filled network, and gradient sums of their squares at the images."""
    model = filled(a_module(make(*args), "the network"), seed).train(training)
    images.requires_grad_()
    scores = model(images)
    return {"scores": scores, SLOPES: by_channel(scores, images)}


def counts_of(make: Any, tables: Any) -> list[int]:
    """Parameters of networks made with these arguments, on the meta device."""
    with torch.device("meta"):
        return [count(a_module(make(*args), "the network").parameters()) for args in tables]


# Measured gradients -----------------------------------------------------------------------


class Joined(nn.Module):
    """A part that holds layers of its own, with a way around them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W) -> (N, C, H, W)``."""
        return x + self.norm(self.inner(x)).tanh()


def network(kind: str, channels: int, blocks: int) -> nn.Module:
    """``flat``: layers only; ``blocks``: parts with layers inside them."""
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    parts["stem"] = nn.Conv2d(2, channels, 3, padding=1)
    for number in range(blocks):
        if kind == "blocks":
            parts[f"block{number}"] = Joined(channels)
        else:
            parts[f"conv{number}"] = nn.Conv2d(channels, channels, 3)
            parts[f"act{number}"] = nn.Tanh()
    parts["pool"], parts["flat"] = nn.AdaptiveAvgPool2d(1), nn.Flatten()
    parts["head"] = nn.Linear(channels, 4)
    return nn.Sequential(parts)


def norms_of(
    function: Any, kind: str, channels: int, blocks: int, seed: int, x: Tensor
) -> dict[str, Any]:
    """What the function says of a small network, and in which order."""
    model, loss = _with_loss(kind, channels, blocks, seed, x)
    norms = function(model, loss)
    return {"norms": norms, "order": list(norms) if isinstance(norms, dict) else None}


def in_a_row(seed: int) -> nn.Module:
    """Layers one after the other."""
    return filled(network("flat", 3, 2), seed)


def with_blocks(seed: int) -> nn.Module:
    """Parts with layers inside them."""
    return filled(network("blocks", 3, 2), seed)


class HeadFirst(nn.Module):
    """Makes its last layer first, and runs it last; a part of it has no weights."""

    def __init__(self) -> None:
        super().__init__()
        self.head, self.squash = nn.Linear(3, 4), nn.Tanh()
        self.body, self.stem = Joined(3), nn.Conv2d(2, 3, 3)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, 2, H, W) -> (N, 4)``."""
        scores: Tensor = self.head(self.body(self.squash(self.stem(x))).mean(dim=(2, 3)))
        return scores


def head_first(seed: int) -> nn.Module:
    """Layers made in another order than they run."""
    return filled(HeadFirst(), seed)


def of_its_loss(function: Any) -> Callable[..., Any]:
    """``gradient_norms`` of a model and images: the loss is made of them."""

    def norms(model: nn.Module, x: Tensor) -> dict[str, Any]:
        labels, calls = torch.arange(len(x)) % 4, []

        def loss() -> Tensor:
            calls.append(1)
            return F.cross_entropy(model(x), labels)

        found = function(model, loss)
        order = list(found) if isinstance(found, dict) else None
        return {"norms": found, "order": order, "calls of the loss": len(calls)}

    return norms


class LossError(ValueError, RuntimeError):
    """What a loss of ours raises: no handler that means one kind may swallow it."""


def after_an_error(
    function: Any, kind: str, channels: int, blocks: int, seed: int, x: Tensor
) -> dict[str, Any]:
    """What a loss that runs the model and then raises leaves in it; and the norms afterwards."""
    model, loss = _with_loss(kind, channels, blocks, seed, x)
    before = battery.inside(model)

    def failing() -> Tensor:
        loss()
        raise LossError("this loss fails on purpose: may the model keep your hooks?")

    try:
        function(model, failing)
        found = "nothing"
    except LossError:
        found = "what the loss raised"
    hooks = [sum(one["hooks"]) for one in (battery.inside(model), before)]
    return {
        "hooks left by a loss that fails": hooks[0] - hooks[1],
        "what comes to the caller": found,
        "norms by a loss that does not": function(model, loss),
    }


def _with_loss(
    kind: str, channels: int, blocks: int, seed: int, x: Tensor
) -> tuple[nn.Module, Loss]:
    model = filled(network(kind, channels, blocks), seed)
    labels = torch.arange(len(x)) % 4
    return model, lambda: F.cross_entropy(model(x), labels)
