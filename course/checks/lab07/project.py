"""Checks of lab 7: the student's own network, and the weights that it was handed in with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from course import weights
from course.checks import Case, HandedIn, Mistake, Probe, ProbeError, ask, same, wording
from course.checks.judges import Finding, Judge
from course.checks.lab07.basis import (
    CLASSES,
    a_module,
    a_tensor,
    bundled,
    check,
    normalised,
    whole,
)
from course.device import seeded

FILE = "network.safetensors"
LIMIT = 300_000  # numbers in the file, running statistics included, must be fewer
STEPS = (0.60, 0.75, 0.82, 0.85)  # shares of right answers that earn points
SECONDS = 60.0  # for one look at a thousand images, on a machine that may be busy
JUDGED_ON = 1000

# Structure -------------------------------------------------------------------------------------


def _built(build: Any, seed: int = 0) -> nn.Module:
    with seeded(seed):
        return a_module(build(), "build_network()").cpu().float()


def _numbers(tensors: Mapping[str, Tensor]) -> int:
    return sum(tensor.numel() for tensor in tensors.values())


def size_of(build: Any) -> int:
    """Numbers in the network's state: what its file will hold."""
    return _numbers(_built(build).state_dict())


def scores_in_training(build: Any, images: Tensor) -> dict[str, Any]:
    """Shape and kind of the scores of a batch ``(N, 1, 28, 28)``."""
    scores = _built(build).train()(images)
    if not isinstance(scores, Tensor):
        raise ProbeError(f"gives {wording.kind_of(scores)} for a batch; expected a tensor")
    sums = scores.detach().double().sum(dim=-1)
    return {
        "shape": list(scores.shape),
        "all finite": bool(torch.isfinite(scores).all()),
        "add up to 1": bool(((sums - 1).abs() < 1e-5).all()),
    }


def parameters_left_out(build: Any, images: Tensor, labels: Tensor) -> dict[str, list[str]]:
    """Names of parameters that get no gradient from the loss of a batch."""
    model = _built(build).train()
    F.cross_entropy(model(images), labels).backward()
    unused = [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None]
    return {"parameters without a gradient": unused}


def alone_and_in_company(build: Any, images: Tensor) -> dict[str, Any]:
    """One image by itself, and in two companies, in evaluation mode."""
    model = _built(build).eval()
    with torch.no_grad():
        company = a_tensor(model(images), (len(images), CLASSES), "scores of a batch, eval()")
        alike = torch.allclose(model(images[:2])[0], company[0], atol=1e-4)
        try:
            alone = list(model(images[:1]).shape)
        except (ValueError, RuntimeError, IndexError) as error:
            alone = [type(error).__name__]
    return {"shape for one image": alone, "the same in any company": bool(alike)}


def built_twice(build: Any) -> dict[str, bool]:
    """Does a second call give another network of the same structure?"""
    first, second = _built(build, 0), _built(build, 1)
    shapes = [
        {key: list(t.shape) for key, t in one.state_dict().items()} for one in (first, second)
    ]
    own = {id(p) for p in first.parameters()}
    return {
        "the same names and shapes": shapes[0] == shapes[1],
        "tensors in common": any(id(p) in own for p in second.parameters()),
    }


def fewer_than(limit: int) -> Judge:
    """A count above 0 and below ``limit``."""

    def judge(answer: Any, expected: Any, probe: Probe) -> Finding:
        counted = isinstance(answer, int) and not isinstance(answer, bool)
        text = f"{answer:,} numbers" if counted else wording.value(answer)
        passed = counted and 0 < answer < limit
        return Finding(passed, f"some numbers, and fewer than {limit:,}", text)

    return judge


class _Small(nn.Sequential):
    """A linear classifier, to which slips are added; ``(N, 1, 28, 28) -> (N, K)``."""

    def __init__(self, *more: nn.Module, classes: int = CLASSES) -> None:
        super().__init__(nn.Flatten(), nn.Linear(28 * 28, classes), *more)


class _Squeezed(_Small):
    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = super().forward(x)
        return scores.squeeze()


def _building(make: Callable[[], nn.Module]) -> Mapping[str, Any]:
    return {"build_network": make}


@check.define(
    oracle=_building(_Small),
    mistakes=[
        Mistake(
            "nine_classes",
            _building(lambda: _Small(classes=9)),
            "Nine scores. Classes run from 0 to 9: how many is that?",
        ),
        Mistake(
            "probabilities",
            _building(lambda: _Small(nn.Softmax(dim=1))),
            "The scores of each image add up to 1: there is a softmax at the end. You met it among "
            "the nine bugs.",
        ),
        Mistake(
            "squeezed",
            _building(_Squeezed),
            "One image loses its batch axis. squeeze() removes every axis of size 1, that one too.",
        ),
        Mistake(
            "depends_on_company",
            _building(lambda: _Small(nn.BatchNorm1d(CLASSES, track_running_stats=False))),
            "In evaluation mode the scores of an image still depend on the others in its batch. "
            "Which layer takes its statistics from the batch?",
        ),
    ],
)
def build_network(rng: Generator) -> Iterator[Case]:
    """Your own network: (N, 1, 28, 28) to (N, 10) logits, with fewer than 300,000 numbers."""
    name, count = "build_network", whole(rng, 5, 9)
    images = torch.randn(count, 1, 28, 28, generator=rng)
    labels = torch.randint(0, CLASSES, (count,), generator=rng)
    yield Case(
        f"fewer than {LIMIT:,} numbers",
        ask(size_of, name, text="the numbers in build_network().state_dict()"),
        "Everything in state_dict() counts: weights, biases, BatchNorm's running statistics.",
        fewer_than(LIMIT),
        LIMIT,
    )
    yield Case(
        "ten logits for each image",
        ask(scores_in_training, name, images, text=f"scores of {count} images in training mode"),
        "One row for each image, one column for each class, no softmax.",
        same(),
        {"shape": [count, CLASSES], "all finite": True, "add up to 1": False},
    )
    yield Case(
        "every parameter takes part",
        ask(parameters_left_out, name, images, labels, text="gradients after backward()"),
        "A layer was made and is not used in forward, or the path to it is cut (detach, data).",
        same(),
        {"parameters without a gradient": []},
    )
    yield Case(
        "one image by itself",
        ask(alone_and_in_company, name, images, text="one image alone and in a batch, eval()"),
        "In evaluation mode an image's scores depend on that image only.",
        same(),
        {"shape for one image": [1, CLASSES], "the same in any company": True},
    )
    yield Case(
        "a fresh network on each call",
        ask(built_twice, name, text="build_network() twice"),
        "Make the layers inside the function, and of the same sizes each time.",
        same(),
        {"the same names and shapes": True, "tensors in common": False},
    )


# Trained weights -------------------------------------------------------------------------------


def _filled(build: Any, tensors: Mapping[str, Tensor]) -> nn.Module:
    model = _built(build)
    try:
        weights.fill(model, tensors, FILE)
    except weights.WeightsError as error:
        raise ProbeError(str(error)) from None
    return model.eval()


def fits(build: Any, tensors: dict[str, Tensor]) -> dict[str, bool]:
    """Are these the weights of this network?"""
    return {"fits": isinstance(_filled(build, tensors), nn.Module)}


def classes_of(build: Any, tensors: dict[str, Tensor], images: Tensor) -> Tensor:
    """Classes ``(N,)`` that the network with these weights gives to images in bytes."""
    model = _filled(build, tensors)
    with torch.no_grad():
        scores = torch.cat([model(normalised(part)) for part in images.split(250)])
    return a_tensor(scores, (len(images), CLASSES), "scores of the images").argmax(dim=1)


def _handed_in(probe: Probe) -> int:
    """Numbers in the file, counted where the file was read."""
    return _numbers(next(arg for arg in probe.args if isinstance(arg, dict)))


def fits_and_small(answer: Any, expected: Any, probe: Probe) -> Finding:
    """The file belongs to the network and has fewer numbers than the limit."""
    count = _handed_in(probe)
    passed = answer == {"fits": True} and count < LIMIT
    wanted = f"the weights of build_network(), fewer than {LIMIT:,} numbers"
    return Finding(passed, wanted, f"{count:,} numbers", measured={"parameters": count})


def right_at_least(share: float) -> Judge:
    """Classes ``(N,)`` that fit the labels for this share of the images, by a small network."""

    def judge(answer: Any, expected: Any, probe: Probe) -> Finding:
        count, wanted = _handed_in(probe), f"{share:.0%} right or more, below {LIMIT:,} numbers"
        if not isinstance(answer, Tensor) or answer.shape != expected.shape:
            return Finding(False, wanted, wording.value(answer))
        accuracy = float((answer == expected).double().mean())
        measured = {"accuracy": accuracy, "images": len(expected), "parameters": count}
        passed = accuracy >= share and count < LIMIT
        found = f"{accuracy:.1%} right, {count:,} numbers"
        return Finding(passed, wanted, found, measured=measured if count < LIMIT else {})

    return judge


def accuracy_case(
    share: float, whose: str, images: Tensor, labels: Tensor, weight: float = 1.0
) -> Case:
    """The classes of ``images``; their labels stay with the judge."""
    text = f"build_network() with the weights in {FILE}, on {len(images):,} {whose} images"
    probe = ask(classes_of, "build_network", HandedIn(FILE), images, text=text)
    return Case(
        f"{share:.0%} of {len(images):,} {whose} images",
        replace(probe, seconds=SECONDS),
        "10 % is guessing: was the file saved after the training, and in the same notebook? Above "
        "that: more epochs, a rate that falls, augmentation, another network. Keep some training "
        "images back to choose by.",
        right_at_least(share),
        labels,
        weight,
    )


@check.define()
def trained_network(rng: Generator) -> Iterator[Case]:
    """The weights handed in beside the notebook, on images that the network has not seen."""
    probe = ask(fits, "build_network", HandedIn(FILE), text=f"{FILE} into build_network()")
    yield Case(
        "the file fits the network",
        probe,
        "Save the network that build_network makes now, after training it.",
        fits_and_small,
        "tensors of the names and shapes that build_network() has",
    )
    test = bundled().test
    chosen = torch.randperm(len(test), generator=rng)[:JUDGED_ON]
    for share in STEPS[1::2]:
        yield accuracy_case(share, "bundled test", test.images[chosen], test.labels[chosen])
