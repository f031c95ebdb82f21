"""Measured gradients: one number for each part of a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import OfModel
from course.checks import Case, ask
from course.checks.inputs import normal, seed_from, whole
from course.labs.lab06_resnet.questions import (
    Loss,
    after_an_error,
    head_first,
    in_a_row,
    norms_of,
    of_its_loss,
    with_blocks,
)

from .book import TIGHT, check


def _slopes(parts: Mapping[str, nn.Module], loss: Loss) -> dict[str, tuple[Tensor, Tensor]]:
    """Each part's output, and the loss's gradient there."""
    given: dict[str, Tensor] = {}
    handles = [
        part.register_forward_hook(lambda m, i, o, name=name: given.update({name: o}))
        for name, part in parts.items()
    ]
    try:
        value = loss()
    finally:
        for handle in handles:
            handle.remove()
    slopes = torch.autograd.grad(value, list(given.values()))
    return dict(zip(given, zip(given.values(), slopes, strict=True), strict=True))


def _measured(number: Callable[[Tensor, Tensor], Tensor]) -> dict[str, Any]:
    """``number(output, slope)`` for each part, as an answer."""

    def norms(model: nn.Module, loss: Loss) -> dict[str, float]:
        pairs = _slopes(dict(model.named_children()), loss)
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
    leaves = {name: part for name, part in model.named_modules() if not list(part.children())}
    return {name: float(slope.norm()) for name, (_, slope) in _slopes(leaves, loss).items()}


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
    forbids=["record_gradients", "watch_gradients"],
    contract=OfModel(
        {
            "layers in a row": in_a_row,
            "blocks": with_blocks,
            "layers made in another order than they run": head_first,
        },
        lambda rng: (normal(rng, 4, 2, 6, 6),),
        adapter=of_its_loss,
        judge=TIGHT,
    ),
)
def gradient_norms(rng: Generator) -> Iterator[Case]:
    """Norm of the loss's gradient at the output of each part of a model."""
    hint = (
        "Keep each part's output as it comes by; compute the loss; ask for its gradient at the "
        "outputs that you kept."
    )
    for kind, weight in (("flat", 3.0), ("blocks", 4.0)):
        yield norms_case(rng, kind, hint, weight)
    x = normal(rng, 3, 2, 9, 10)
    text = "a model of 2 blocks, and a loss that runs it and raises; then one that does not"
    yield Case(
        "no hook stays where the loss fails",
        ask(after_an_error, "gradient_norms", "blocks", 3, 2, seed_from(rng), x, text=text),
        {
            "values": "Hooks go away in any case, and what the loss raises goes on to the caller: "
            "that is what `try: … finally: …` is for."
        },
        TIGHT,
        weight=0.5,
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


@check.hidden("gradient_norms")
def other_networks(rng: Generator) -> Iterator[Case]:
    yield norms_case(rng, "blocks", weight=2)
    yield norms_case(rng, "flat")
