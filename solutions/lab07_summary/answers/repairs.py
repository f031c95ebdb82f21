"""The program with nine bugs, repaired in one place, in all, in all but one, and in none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import torch

from autograde import tree
from autograde.authoring import build

from .book import answers

NAMES = ("Network", "as_input", "train_epoch", "predict")
REPAIRS = {  # case that the repair wins: what is replaced in the starter, and by what
    "the channels of a fresh layer differ": (
        "nn.init.constant_(layer.weight, 0.01)",
        "nn.init.kaiming_normal_(layer.weight)",
    ),
    "scores below zero are kept apart": (
        "F.relu(self.head(self.drop(x.flatten(1))))",
        "self.head(self.drop(x.flatten(1)))",
    ),
    "the scores are no probabilities yet": ("return x.softmax(dim=1)", "return x"),
    "an image of the file is an image in the batch": (
        "pixels.reshape(-1, 1, 28, 28)",
        "pixels.movedim(2, 0)[:, None]",
    ),
    "each image is trained on its own label": (
        "x[torch.randperm(len(x))], labels[torch.randperm(len(x))]",
        "(lambda order: (x[order], labels[order]))(torch.randperm(len(x)))",
    ),
    "each step follows its own gradient": (
        "        loss.backward()",
        "        optimizer.zero_grad()\n        loss.backward()",
    ),
    "prediction sees what training saw": ("(as_input(pixels) - MEAN) / STD", "as_input(pixels)"),
    "the same image always gets the same answer": (
        "    with torch.no_grad():",
        "    model.eval()\n    with torch.no_grad():",
    ),
    "the classes are those of the labels": ("scores[:, 1:].argmax", "scores.argmax"),
}


@cache
def starter() -> str:
    """The program as the student gets it."""
    cells = build.parse(tree.find(), answers.lab).cells
    return str(next(cell.source for cell in cells if cell.metadata.get("starter")))


def program(repaired: Iterable[str]) -> Mapping[str, Any]:
    """What the program defines after these repairs."""
    text = starter()
    for title in repaired:
        before, after = REPAIRS[title]
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    names = dict(answers.reference)
    exec(text, names)
    return {name: names[name] for name in NAMES}


answers.right("debug_this_network", "all nine repaired", program(REPAIRS))
answers.wrong("debug_this_network", "as it was given", program(()), at_most=0.0)
for one in REPAIRS:
    share = 1 / len(REPAIRS)
    answers.wrong(
        "debug_this_network",
        f"repaired alone: {one}",
        program([one]),
        at_least=share - 1e-9,
        at_most=share + 1e-9,
    )
    answers.wrong(
        "debug_this_network",
        f"left alone: {one}",
        program(title for title in REPAIRS if title != one),
        at_least=1 - share - 1e-9,
        at_most=1 - share + 1e-9,
    )
answers.wrong(
    "debug_this_network",
    "prediction that does not ask the network: its three cases are lost",
    {"predict": lambda model, pixels: torch.zeros(pixels.shape[-1], dtype=torch.int64)},
    at_least=6 / 9 - 1e-9,
    at_most=6 / 9 + 1e-9,
)
