"""What the checks of lab 7 ask, beyond plain calls.

A question about the program with nine bugs looks at one part of it, with everything else replaced
by a witness, so that each bug that was found earns its share. The project's weights travel as a
file beside the notebook; the labels of the images that judge them never do: what comes back are
classes, and the comparison is the judge's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import weights
from course.checks import ProbeError, wording
from course.checks.modules import a_module, a_tensor, count, filled
from course.device import seeded
from course.labs.lab07_summary.images import CLASSES, as_file, normalised

FILE = "network.safetensors"

# Comparing networks ----------------------------------------------------------------------------


def front_of(function: Any, networks: dict[str, list[float]]) -> Any:
    """What the function says of networks that came as lists."""
    return function({name: (cost, score) for name, (cost, score) in networks.items()})


# Witnesses of a program ------------------------------------------------------------------------


class Linear(nn.Module):
    """A linear classifier in float64 of images of any size, without biases."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.clone())

    def forward(self, x: Tensor) -> Tensor:
        """``(N, …) -> (N, K)`` logits."""
        return x.flatten(1).double() @ self.weight.T


class Recorder(nn.Module):
    """Writes down what it is shown and in which mode; answers with given scores, row by row."""

    def __init__(self, scores: Tensor) -> None:
        super().__init__()
        self.scores = nn.Parameter(scores)
        self.seen: list[Tensor] = []
        self.modes: list[bool] = []

    def forward(self, x: Tensor) -> Tensor:
        """``(N, …) -> (N, K)``: the next N rows of the scores."""
        done = sum(map(len, self.seen))
        self.seen.append(x.detach().clone())
        self.modes.append(self.training)
        return self.scores[done : done + len(x)]


def _witness(images: Tensor) -> Recorder:
    """One that names the classes in turn."""
    return Recorder(torch.eye(CLASSES)[torch.arange(len(images)) % CLASSES])


# The program, part by part ---------------------------------------------------------------------


def twins(network: Any, seed: int) -> dict[str, bool]:
    """Do output channels of a fresh network's convolutions begin with another one's weights?"""
    with seeded(seed):
        model = a_module(network(), "Network()")
    kernels = [p.detach().flatten(1) for p in model.parameters() if p.ndim == 4]
    distinct = sum(len(torch.unique(kernel, dim=0)) for kernel in kernels)
    return {"channels begin as twins of others": distinct < sum(map(len, kernels))}


def lowest_shared(network: Any, seed: int, images: Tensor) -> dict[str, bool]:
    """Do several classes share exactly the lowest score?"""
    scores = _scores(network, seed, images)
    lowest = scores.min(dim=1, keepdim=True).values
    shared = (scores == lowest).sum(dim=1) > 1
    return {"classes share exactly the lowest score": bool(shared.double().mean() > 0.25)}


def sum_to_one(network: Any, seed: int, images: Tensor) -> dict[str, bool]:
    """Are the scores of an image probabilities?"""
    sums = _scores(network, seed, images).sum(dim=1)
    return {"the scores of every image add up to 1": bool(((sums - 1).abs() < 1e-6).all())}


def _scores(network: Any, seed: int, images: Tensor) -> Tensor:
    """Scores ``(N, 10)`` in float64 of a network with weights of our own, in evaluation mode."""
    model = filled(a_module(network(), "Network()"), seed)
    with torch.no_grad():
        scores = model(normalised(images).double())
    scores = a_tensor(scores, (len(images), CLASSES), "Network()(x)")
    if torch.equal(scores[0], scores[-1]):
        raise ProbeError("two different images have the same scores")
    return scores


def read_from_file(as_input: Any, images: Tensor) -> Any:
    """What the program makes of these images, when they come as the old file has them."""
    return as_input(as_file(images))


def after_steps(
    function: Any, weight: Tensor, x: Tensor, labels: Tensor, epochs: int
) -> Tensor:  # fmt: skip
    """Weights of a linear classifier after epochs of one batch each, SGD with rate 0.5."""
    model = Linear(weight)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    with seeded(3):
        for _ in range(epochs):
            function(model, optimizer, x, labels, len(x))
    return model.weight.detach()


def shown_to_the_network(predict: Any, as_input: Any, images: Tensor) -> dict[str, bool]:
    """Does the network see in ``predict`` what ``as_input`` makes for training?"""
    witness = _witness(images)
    predict(witness, as_file(images))
    seen, wanted = torch.cat(witness.seen), as_input(as_file(images))
    alike = seen.shape == wanted.shape and torch.allclose(seen, wanted, atol=1e-5)
    return {"predict shows the numbers that training shows": bool(alike)}


def mode_of_prediction(predict: Any, images: Tensor) -> dict[str, bool]:
    """In which mode is a network that comes from training when it is asked for classes?"""
    witness = _witness(images).train()
    predict(witness, as_file(images))
    if not witness.modes:
        raise ProbeError("`predict` does not ask the network")
    return {"dropout still drops, BatchNorm still mixes": any(witness.modes)}


def classes_named(predict: Any, scores: Tensor, images: Tensor) -> Any:
    """The classes that ``predict`` names where the scores are given."""
    return predict(Recorder(scores), as_file(images))


# The student's own network ---------------------------------------------------------------------


def size_of(build: Any) -> int:
    """Numbers in the network's state: what its file will hold."""
    return count(_built(build).state_dict().values())


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


def _built(build: Any, seed: int = 0) -> nn.Module:
    with seeded(seed):
        return a_module(build(), "build_network()").cpu().float()


# The weights that were handed in with it -------------------------------------------------------


def fits(build: Any, tensors: dict[str, Tensor]) -> dict[str, bool]:
    """Are these the weights of this network?"""
    return {"fits": isinstance(_with_weights(build, tensors), nn.Module)}


def classes_of(build: Any, tensors: dict[str, Tensor], images: Tensor) -> Tensor:
    """Classes ``(N,)`` that the network with these weights gives to images in bytes."""
    model = _with_weights(build, tensors)
    with torch.no_grad():
        scores = torch.cat([model(normalised(part)) for part in images.split(250)])
    return a_tensor(scores, (len(images), CLASSES), "scores of the images").argmax(dim=1)


def _with_weights(build: Any, tensors: Mapping[str, Tensor]) -> nn.Module:
    model = _built(build)
    try:
        weights.fill(model, tensors, FILE)
    except weights.WeightsError as error:
        raise ProbeError(str(error)) from None
    return model.eval()
