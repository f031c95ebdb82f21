"""Measured gradients: one number for each part of a model."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from course.checks import Case, Mistake, ask, same
from course.checks.lab06.basis import TIGHT, check, filled, normal, seed_from, whole

Loss = Callable[[], Tensor]


class _Joined(nn.Module):
    """A part that holds layers of its own and a shortcut around them."""

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
            parts[f"block{number}"] = _Joined(channels)
        else:
            parts[f"conv{number}"] = nn.Conv2d(channels, channels, 3)
            parts[f"act{number}"] = nn.Tanh()
    parts["pool"], parts["flat"] = nn.AdaptiveAvgPool2d(1), nn.Flatten()
    parts["head"] = nn.Linear(channels, 4)
    return nn.Sequential(parts)


def _prepared(
    kind: str, channels: int, blocks: int, seed: int, x: Tensor
) -> tuple[nn.Module, Loss]:
    model = filled(network(kind, channels, blocks), seed)
    labels = torch.arange(len(x)) % 4
    return model, lambda: F.cross_entropy(model(x), labels)


def norms_of(
    function: Any, kind: str, channels: int, blocks: int, seed: int, x: Tensor
) -> dict[str, Any]:
    """What the function says of a small network, and in which order."""
    model, loss = _prepared(kind, channels, blocks, seed, x)
    norms = function(model, loss)
    return {"norms": norms, "order": list(norms) if isinstance(norms, dict) else None}


def traces_of(function: Any, channels: int, seed: int, x: Tensor) -> dict[str, Any]:
    """What the function leaves behind in the model."""
    model, loss = _prepared("blocks", channels, 2, seed, x)
    first, second = function(model, loss), function(model, loss)
    hooks = [len(m._forward_hooks) + len(m._backward_hooks) for m in model.modules()]
    with_grad = [name for name, p in model.named_parameters() if p.grad is not None]
    return {
        "the second call gives the same": dict(first) == dict(second) and len(first) > 0,
        "hooks left behind": sum(hooks),
        "parameters with a .grad that had none": len(with_grad),
    }


def _slopes(model: Any, loss: Loss) -> dict[str, tuple[Tensor, Tensor]]:
    """Each part's output, and the loss's gradient there, by running the parts one by one."""
    given: dict[str, Tensor] = {}
    handles = [
        part.register_forward_hook(lambda m, i, o, name=name: given.update({name: o}))
        for name, part in model.named_children()
    ]
    value = loss()
    for handle in handles:
        handle.remove()
    slopes = torch.autograd.grad(value, list(given.values()))
    return dict(zip(given, zip(given.values(), slopes, strict=True), strict=True))


def _measured(number: Callable[[Tensor, Tensor], Tensor]) -> dict[str, Any]:
    """``number(output, slope)`` for each part, as an answer."""

    def norms(model: nn.Module, loss: Loss) -> dict[str, float]:
        pairs = _slopes(model, loss)
        return {name: float(number(*pair)) for name, pair in pairs.items()}

    return {"gradient_norms": norms}


def _of_parameters(model: nn.Module, loss: Loss) -> dict[str, float]:
    named = dict(model.named_parameters())
    slopes = dict(zip(named, torch.autograd.grad(loss(), list(named.values())), strict=True))
    own = {
        name: [slope.flatten() for key, slope in slopes.items() if key.startswith(f"{name}.")]
        for name, _ in model.named_children()
    }
    return {name: float(torch.cat(group).norm()) for name, group in own.items() if group}


def _innermost(model: nn.Module, loss: Loss) -> dict[str, float]:
    from course.instruments import layer_gradient_norms

    return layer_gradient_norms(model, loss)


def _backwards(model: nn.Module, loss: Loss) -> dict[str, float]:
    norms = _measured(lambda output, slope: slope.norm())["gradient_norms"](model, loss)
    return dict(reversed(list(norms.items())))


def _into(model: nn.Module, loss: Loss) -> dict[str, float]:
    """Gradients where they leave a part on the way back: at its input."""
    norms = _measured(lambda output, slope: slope.norm())["gradient_norms"](model, loss)
    names = list(norms)
    return {name: norms[names[max(place - 1, 0)]] for place, name in enumerate(names)}


@check.define(
    oracle=_measured(lambda output, slope: torch.linalg.vector_norm(slope)),
    mistakes=[
        Mistake(
            "squared",
            _measured(lambda output, slope: (slope * slope).sum()),
            "These are squares. The Euclidean norm is the root of their sum.",
        ),
        Mistake(
            "of_parameters",
            {"gradient_norms": _of_parameters},
            "These are gradients of parameters. Asked is the gradient at what each part gives "
            "out: how strongly the loss feels a change there.",
        ),
        Mistake(
            "outputs",
            _measured(lambda output, slope: output.norm()),
            "This is the norm of what the parts give out, on the way forward.",
        ),
        Mistake(
            "mean_size",
            _measured(lambda output, slope: slope.abs().mean()),
            "This is the mean absolute value. The Euclidean norm does not divide by the number "
            "of elements.",
        ),
        Mistake(
            "root_mean_square",
            _measured(lambda output, slope: slope.square().mean().sqrt()),
            "Nearly: the Euclidean norm has a sum where you have a mean.",
        ),
        Mistake(
            "largest",
            _measured(lambda output, slope: slope.abs().max()),
            "This is the largest entry. The Euclidean norm looks at all.",
        ),
        Mistake(
            "sum_of_sizes",
            _measured(lambda output, slope: slope.abs().sum()),
            "This is the sum of absolute values.",
        ),
        Mistake(
            "innermost",
            {"gradient_norms": _innermost},
            "You list the layers inside the blocks. Asked are the model's own parts: "
            "named_children, not named_modules.",
        ),
        Mistake(
            "backwards",
            {"gradient_norms": _backwards},
            "The values are right. On the way back the last part comes first: put them in order.",
        ),
        Mistake(
            "at_the_inputs",
            {"gradient_norms": _into},
            "You measured at each part's input. Asked is its output.",
        ),
    ],
)
def gradient_norms(rng: Generator) -> Iterator[Case]:
    """Norm of the loss's gradient at the output of each part of a model."""
    name = "gradient_norms"
    hint = (
        "Keep each part's output as it comes by; compute the loss; ask for its gradient at the "
        "outputs that you kept."
    )
    for kind, weight in (("flat", 3.0), ("blocks", 4.0)):
        yield norms_case(rng, kind, hint, weight)
    x = normal(rng, 4, 2, 6, 6)
    text = "gradient_norms twice, and then the model"
    yield Case(
        "the model comes out as it went in",
        ask(traces_of, name, 3, seed_from(rng), x, text=text),
        "Remove every hook. backward() writes into the parameters' .grad: torch.autograd.grad "
        "does not.",
        same(),
        {
            "the second call gives the same": True,
            "hooks left behind": 0,
            "parameters with a .grad that had none": 0,
        },
        weight=2,
    )


def norms_case(rng: Generator, kind: str, hint: str = "", weight: float = 1) -> Case:
    """Norms by part of a small network."""
    channels, blocks = whole(rng, 2, 4), whole(rng, 2, 3)
    x = normal(rng, 5, 2, 9, 10)
    text = (
        f"a model of {blocks} {'blocks' if kind == 'blocks' else 'convolutions'}, x (5, 2, 9, 10)"
    )
    probe = ask(norms_of, "gradient_norms", kind, channels, blocks, seed_from(rng), x, text=text)
    return Case(text, probe, hint, TIGHT, weight=weight)
