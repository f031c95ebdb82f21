"""A new head on a frozen backbone."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import OfModel
from course.checks import Case, ask
from course.checks.inputs import normal, seed_from
from course.labs.lab08_beyond.questions import backbone, dropping, transferred, transferred_from

from .book import TIGHT, check


class Headed(nn.Module):
    """The network with slips by name; the backbone is set to evaluation mode at every pass."""

    def __init__(self, backbone: nn.Module, features: int, classes: int, slips: Any) -> None:
        super().__init__()
        self.slips = frozenset(slips)
        self.trunk = backbone if "no_copy" in slips else copy.deepcopy(backbone)
        self.head = nn.Linear(features, classes, bias="no_bias" not in slips)
        if not self.slips & {"nothing_frozen", "in_no_grad"}:
            self.trunk.requires_grad_(False)
        if "all_frozen" in slips:
            self.head.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W) -> (N, K)``."""
        if not self.slips & {"training_mode"}:
            self.trunk.eval()
        with torch.set_grad_enabled("in_no_grad" not in self.slips and torch.is_grad_enabled()):
            features = self.trunk(x)
        scores: Tensor = self.head(features.relu().tanh() if "squashed" in self.slips else features)
        return scores.softmax(dim=1) if "softmax" in self.slips else scores


def made(*slips: str) -> dict[str, Any]:
    """The network as an answer."""
    return {
        "TransferNet": lambda backbone, features, classes: Headed(
            backbone, features, classes, slips
        )
    }


HINTS = {
    "nothing_frozen": "All parameters of the backbone still learn: requires_grad is True.",
    "training_mode": "In training mode your backbone is in training mode too: its BatchNorm takes "
    "mean and variance of the batch, and its running statistics move.",
    "no_copy": "You changed the backbone that you were given. Work on a copy: copy.deepcopy.",
    "all_frozen": "Nothing learns any more, the head included.",
    "in_no_grad": "No gradient comes through to the image, because the backbone runs under no_grad "
    "or is detached. Freeze the parameters instead: requires_grad_(False).",
    "softmax": "The network gives scores; the loss has the softmax in it.",
    "no_bias": "The head is a linear layer with a bias.",
}


@check.define(
    oracle=made(),
    mistakes=[Mistake(slip, made(slip), hint) for slip, hint in HINTS.items()],
    name="TransferNet",
    contract=OfModel(
        {"a backbone with BatchNorm": backbone, "one with dropout": dropping},
        lambda rng: (normal(rng, 3, 2, 5, 5), 3),
        adapter=transferred,
        judge=TIGHT,
        share=0.4,
    ),
)
def transfer_net(rng: Generator) -> Iterator[Case]:
    """A frozen copy of a backbone with a linear layer that learns."""
    yield one_network(rng, "BatchNorm", 4, HINT, 4)
    yield one_network(rng, "dropout", 2, HINT, 2)
    yield one_network(rng, "signs", 3, HINT, 1)


HINT = {
    "values": "Features of the backbone in evaluation mode, then one linear layer. What does "
    "train() on the network do to the backbone? And does `training` of the network itself follow? "
    "The copy is made in `__init__`, with all weights and running statistics as they are.",
    "gradient": "The head learns, the backbone does not, and the image still gets its gradient.",
    "changed": "The backbone given stays as it was: copy it. Running statistics never move.",
}


def one_network(rng: Generator, kind: str, classes: int, hint: Any = "", weight: float = 1) -> Case:
    """One network on a few images."""
    x = normal(rng, 4, 2, 6, 7)
    text = f"TransferNet of a backbone with {kind}, {classes} classes, on x {tuple(x.shape)}"
    args = (kind, seed_from(rng), x, classes)
    probe = ask(transferred_from, "TransferNet", *args, text=text)
    return Case(f"on a backbone with {kind}", probe, hint, TIGHT, weight=weight)


@check.hidden("TransferNet")
def more_classes(rng: Generator) -> Iterator[Case]:
    yield one_network(rng, "BatchNorm", 7)
    yield one_network(rng, "dropout", 3)
