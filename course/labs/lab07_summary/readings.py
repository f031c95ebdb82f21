"""What the answers to this lab's questions say; it is found where they are judged.

The questions bring back scores, images and gradients, on inputs that are drawn: who does not have
them has to make up some that fit these inputs, and each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from course.checks import Probe
from course.labs.lab07_summary.images import CLASSES

AFTERWARDS = "the images afterwards"
EQUAL = "equal images have equal scores, others have others"
FEW = 0.6  # of the pairs of different images: so many may have the same scores, as where units die
ALIKE = 1e-3  # of two ratios

# The program with nine bugs ---------------------------------------------------------------------


def ends_shared(scores: Tensor) -> dict[str, bool]:
    """Do several classes share exactly the lowest score ``(N, K)``, or the highest?"""
    ends = scores.min(dim=1, keepdim=True).values, scores.max(dim=1, keepdim=True).values
    shared = any(bool(((scores == end).sum(dim=1) > 1).double().mean() > 0.25) for end in ends)
    return {"classes share exactly the lowest or the highest score": shared}


def probabilities(scores: Tensor) -> dict[str, bool]:
    """Are the scores ``(N, K)`` of each image probabilities?"""
    return {
        "the scores of every image add up to 1": bool(((scores.sum(dim=1) - 1).abs() < 1e-6).all()),
        "all scores are between 0 and 1": bool(((scores >= 0) & (scores <= 1)).all()),
    }


def pairs_shown(answer: Any, probe: Probe) -> dict[str, Any]:
    """How the epochs went through images and labels."""
    _, x, labels, *_ = probe.args
    epochs = answer["epochs"]
    orders = [recognised(one["shown"], x) for one in epochs]
    asked = [own_labels(one, x, labels) for one in epochs]
    kept = torch.equal(answer["images afterwards"], x)
    return {
        "an image meets another label than its own": not all(asked),
        "images are left out, come twice, or are changed": any(
            sorted(order) != list(range(len(x))) for order in orders
        ),
        "batches in each epoch": [len(one["shown"]) for one in epochs],
        "images come in the old order": orders[0] == orders[1] or any(map(_old, orders)),
        "the same images make up a batch in both epochs": _same_batches(epochs, orders),
        "the network is not in training mode": not all(
            mode is True for one in epochs for mode in one["modes"]
        ),
        "images or labels are changed for the caller": not (
            kept and torch.equal(answer["labels afterwards"], labels)
        ),
        "batches of 150 images, and the largest, no size told": [
            len(answer["batches where no size is told"]),
            max(answer["batches where no size is told"], default=0),
        ],
    }


def own_labels(epoch: Any, x: Tensor, labels: Tensor) -> bool:
    """Whether the loss asked for its own label at each of the images that were known again."""
    order = recognised(epoch["shown"], x)
    return epoch["labels"] == [int(labels[place]) for place in order if place >= 0]


def recognised(batches: Sequence[Tensor], x: Tensor) -> list[int]:
    """Which images these are, one after the other; -1 for one that is none of them."""
    if not batches:
        return []
    shown = torch.cat([batch.flatten(1) for batch in batches]).double()
    if shown.shape[1:] != x.flatten(1).shape[1:]:
        return [-1] * len(shown)
    distances, places = torch.cdist(shown, x.flatten(1).double()).min(dim=1)
    return [
        int(place) if near < 1e-3 else -1 for near, place in zip(distances, places, strict=True)
    ]


def _old(order: list[int]) -> bool:
    """Whether most neighbours are the old ones, as where whole batches change places."""
    kept = sum(after == before + 1 for before, after in pairwise(order))
    return 2 * kept > len(order)


def _same_batches(epochs: Sequence[Any], orders: Sequence[list[int]]) -> bool:
    """Whether both epochs have the same images together, in whatever order within a batch."""
    first, second = (
        {frozenset(part.tolist()) for part in torch.tensor(order).split([*map(len, one["shown"])])}
        for one, order in zip(epochs, orders, strict=True)
    )
    return first == second


def shown_alike(answer: Any, probe: Probe) -> dict[str, bool]:
    """Whether ``predict`` shows what ``as_input`` makes, and whether that is made of the images."""
    shown, wanted = answer["shown by predict"], answer["made by as_input"]
    alike = shown.shape == wanted.shape and torch.allclose(shown, wanted, atol=1e-5)
    return {
        "predict shows the numbers that training shows": bool(alike),
        "they are made of other images": not _made_of(shown, probe.args[0]),
    }


def _made_of(shown: Tensor, images: Tensor) -> bool:
    """Whether as many numbers are the lowest as pixels are black, in each image or in all."""
    pixels, wanted = shown.flatten(), int((images == 0).sum())
    if int((pixels == pixels.min()).sum()) == wanted:
        return True
    if len(shown) != len(images):
        return False
    rows, black = shown.flatten(1), (images == 0).flatten(1).sum(dim=1)
    lowest = (rows == rows.min(dim=1, keepdim=True).values).sum(dim=1)
    return bool((lowest == black).double().mean() > 0.9)


def mode_asked_in(answer: Any, probe: Probe) -> dict[str, bool]:
    """From the classes that were named: in which mode a network with two minds was asked."""
    _, evaluating, training = probe.args
    classes = torch.as_tensor(answer["classes"])
    settled, unsettled = _follow(classes, evaluating), _follow(classes, training)
    return {
        "dropout still drops, BatchNorm still mixes": unsettled or any(answer["training modes"]),
        "the classes follow no scores of the network": not (settled or unsettled),
        "gradients stay off afterwards": answer["gradients stay off afterwards"] is True,
    }


def _follow(classes: Tensor, scores: Tensor) -> bool:
    """Whether what is said of the images differs just where their rows of scores differ, whatever
    is made of a row.
    """
    if not CLASSES < len(classes) <= len(scores):  # each pair is looked at
        return False
    return torch.equal(_equal(classes), _equal(scores[: len(classes)]))


def _equal(rows: Tensor) -> Tensor:
    """Which rows are equal: ``(N, …) -> (N, N)``."""
    flat = rows.reshape(len(rows), -1)
    return (flat[:, None] == flat[None]).all(dim=-1)


# The student's own network ----------------------------------------------------------------------


def scores_given(answer: Any, probe: Probe) -> dict[str, Any]:
    """Of the scores of a batch: their shape and kind."""
    scores, values = answer["scores"], answer["with weights of our own"].double()
    return {
        "shape": list(scores.shape),
        "all finite": bool(torch.isfinite(scores).all()),
        "add up to 1": bool(((values.sum(dim=-1) - 1).abs() < 1e-5).all()),
        "all between 0 and 1": bool(((values >= 0) & (values <= 1)).all()),
        AFTERWARDS: kept(answer, probe.args[0]),
    }


def parameters_reached(answer: Any, probe: Probe) -> dict[str, Any]:
    """Names of parameters that get no gradient; and do gradients grow as the loss does?"""
    *_, one, other = probe.args
    found = {name: norms for name, norms in answer.items() if norms is not None}
    first, second = (sum(norms[n] ** 2 for norms in found.values()) ** 0.5 for n in (0, 1))
    grown = first > 0 and abs(second / first / (other / one) - 1) < ALIKE
    return {
        "parameters without a gradient": [name for name in answer if name not in found],
        "gradients grow as the loss does": bool(grown or not found),
    }


def company_kept(answer: Any, probe: Probe) -> dict[str, Any]:
    """Whether an image's scores are the same in any company."""
    images, places = probe.args
    company = answer["in one batch"]
    others = (answer["in two batches"], answer["in one batch, the other way round"].flip(0))
    alike, alone = all(near(one, company) for one in others), answer["one by one"]
    rows = answer["scores one by one"]
    return {
        "shape for one image": alone,
        "the same in any company": bool(
            alike and alone == [1, CLASSES] and near(torch.cat(rows), company)
        ),
        "the same when asked again": near(answer["again"], company),
        AFTERWARDS: kept(answer, images[torch.tensor(places)]),
        EQUAL: told_apart(company, places),
    }


def copies_alike(answer: Any, probe: Probe) -> dict[str, bool]:
    """Whether two networks have the same structure, and are alike with the same numbers."""
    wanted, found = answer["scores of the first"], answer["scores of the second"]
    same = wanted.shape == found.shape and torch.allclose(wanted, found, rtol=1e-3, atol=1e-3)
    return {
        "the same names and shapes": answer["shapes"][0] == answer["shapes"][1],
        "tensors in common": answer["tensors in common"] is not False,
        "with the same numbers the same scores": bool(same),
        EQUAL: told_apart(wanted, probe.args[1]),
    }


def kept(answer: Any, images: Tensor) -> str:
    """Whether the images came back as they were."""
    return "as they were" if torch.equal(answer[AFTERWARDS], images) else "changed"


def near(scores: Tensor, others: Tensor) -> bool:
    """Whether these are the same but for rounding."""
    room = 1e-4 * (1 + float(others.abs().max()))
    return scores.shape == others.shape and torch.allclose(scores, others, 0.0, room)


def told_apart(scores: Tensor, places: Sequence[int]) -> bool:
    """Whether images have the same scores ``(N, …)`` where they are the same, and mostly there
    alone. Which image is which is drawn: ``places (N,)``.
    """
    rows, which = scores.double().reshape(len(places), -1), torch.tensor(places)
    apart, same = torch.cdist(rows, rows, p=torch.inf), which[:, None] == which[None]
    alike = apart <= 1e-4 * (1 + float(rows.abs().max()))
    return bool(alike[same].all()) and bool(alike[~same].double().mean() < FEW)
