"""What two epochs did: as it is brought back, and what is found in it where it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from course.checks import Probe, wording
from course.checks.traces import Epoch, Pass, Step, Trace, numbered, round_the_circle

RATE = 0.2
EPOCHS = 2
HELD = "a tensor that holds the graph of all batches"
PARAMETERS = 4  # weights and biases of the small network that is trained


def seen(answer: Any, probe: Probe) -> dict[str, Any]:
    """How the epochs went through the images, from the batches that were shown."""
    x, labels = probe.args[:2]
    images = numbered(x)
    batches = [[_numbers(shown, images) for shown in one["shown"]] for one in answer["epochs"]]
    orders = [[number for batch in epoch for number in batch] for epoch in batches]
    modes = [one["training"] for one in answer["epochs"]]
    companies = {frozenset(map(frozenset, epoch)) for epoch in batches}
    kept = torch.equal(answer["images afterwards"], images)
    return {
        "each image once": [sorted(order) == list(range(len(x))) for order in orders],
        "batch sizes": [sorted(map(len, epoch), reverse=True) for epoch in batches],
        "images in the order given": any(order == sorted(order) for order in orders),
        "images round the circle": any(map(round_the_circle, batches)),
        "another order each time": len(set(map(tuple, orders))) == len(orders),
        "other batches each time": len(companies) == len(batches),
        "in training mode": all(one and all(mode is True for mode in one) for one in modes),
        "images and labels as they were": kept and torch.equal(answer["labels afterwards"], labels),
    }


def right_ways(count: int, size: int) -> dict[str, Any]:
    """What is seen where all is right: ``count`` images in batches of ``size``."""
    batches = [size] * (count // size) + [count % size] * (count % size > 0)
    return {
        "each image once": [True] * EPOCHS,
        "batch sizes": [batches] * EPOCHS,
        "images in the order given": False,
        "images round the circle": False,
        "another order each time": True,
        "other batches each time": True,
        "in training mode": True,
        "images and labels as they were": True,
    }


def _numbers(shown: Tensor, images: Tensor) -> list[int]:
    """Which of the images ``(N, …)`` these are, ``(B, …)``; -1 for one that is none of them."""
    one, other = shown.reshape(len(shown), -1), images.flatten(1)
    if one.shape[1:] != other.shape[1:]:
        return [-1] * len(one)
    same = (one[:, None] == other[None]).all(dim=2)
    return torch.where(same.any(dim=1), same.int().argmax(dim=1), -1).tolist()


def recorded(epoch: Epoch) -> dict[str, Any]:
    """An epoch as plain values; :func:`stepped` reads them."""
    value = epoch.returned
    number = value.item() if isinstance(value, Tensor) and value.numel() == 1 else value
    numeric = isinstance(number, int | float) and not isinstance(number, bool)
    return {
        "start": list(epoch.start),
        "end": list(epoch.end),
        "steps": [
            {
                "batches": [list(one.images) for one in step.passes if one.followed],
                "rate": step.rate,
                "gradients": list(step.gradients),
                "before": list(step.before),
                "after": list(step.after),
            }
            for step in epoch.steps
        ],
        "batches without a step": [list(one.images) for one in epoch.waiting if one.followed],
        "returned": "a number" if numeric else wording.kind_of(value),
        "value": float(number) if numeric else None,
        "its graph": any(
            one.requires_grad for one in tree_leaves(value) if isinstance(one, Tensor)
        ),
    }


def stepped(answer: Any, probe: Probe) -> dict[str, Any]:
    """How the epochs moved the weights, and how far what they return is from the mean loss."""
    x, labels, _, seed, momentum = probe.args
    trace = Trace(x, labels, rate=RATE, momentum=momentum, seed=seed)
    begun = [one.detach().clone() for one in trace.model.parameters()]
    facts = [trace.facts(_restored(one)) for one in answer]
    names = ("one step a batch", "each step by its own batch", "moved by steps alone", "rates")
    found: dict[str, Any] = {name: [one[name] for one in facts] for name in names}
    starts = [begun, *(one["end"] for one in answer[:-1])]
    return {
        **found,
        "moved by steps alone": [
            alone and all(map(torch.equal, one["start"], start))
            for alone, one, start in zip(found["moved by steps alone"], answer, starts, strict=True)
        ],
        "parameters that moved": [len(one["parameters that moved"]) for one in facts],
        "returned": [HELD if one["its graph"] else one["returned"] for one in answer],
        "returned, less the mean loss": [
            _off(one["value"], its["mean loss"]) for one, its in zip(answer, facts, strict=True)
        ],
    }


RIGHT_STEPS: Mapping[str, Any] = {
    "one step a batch": [True] * EPOCHS,
    "each step by its own batch": [True] * EPOCHS,
    "moved by steps alone": [True] * EPOCHS,
    "rates": [[RATE]] * EPOCHS,
    "parameters that moved": [PARAMETERS] * EPOCHS,
    "returned": ["a number"] * EPOCHS,
    "returned, less the mean loss": [0.0] * EPOCHS,
}
"""What is found where all is right."""


def _off(value: float | None, mean: float | None) -> float | None:
    return None if value is None or mean is None else round(value - mean, 4) + 0.0  # no -0


def _restored(record: Mapping[str, Any]) -> Epoch:
    """The epoch that was recorded, as far as :meth:`Trace.facts` looks at it."""
    steps = [
        Step(
            _passes(one["batches"]),
            one["rate"],
            tuple(one["gradients"]),
            tuple(one["before"]),
            tuple(one["after"]),
        )
        for one in record["steps"]
    ]
    left = list(_passes(record["batches without a step"]))
    passes = [one for step in steps for one in step.passes] + left
    return Epoch(tuple(record["start"]), passes, steps, left, tuple(record["end"]))


def _passes(batches: Any) -> tuple[Pass, ...]:
    return tuple(Pass(tuple(numbers), True, True, 1) for numbers in batches)
