"""What the checks of lab 7 ask about comparisons and about the project, beyond plain calls.

The project's weights travel as a file beside the notebook. The student's process is asked for the
network as a list of operations; the images that judge it are shown to that list elsewhere, and
their labels stay with the judge.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import weights
from course.checks import ProbeError, wording
from course.checks.modules import a_module, a_tensor, filled
from course.device import seeded
from course.labs.lab07_summary import alone
from course.labs.lab07_summary.images import CLASSES, normalised
from course.labs.lab07_summary.readings import AFTERWARDS

FILE = "network.safetensors"
STEPS = torch.linspace(-6, 6, 97)  # along a line of images
LINES = 16
FREE = 5_000  # numbers that the operations of any network have: sizes, steps, places
FEW = 100  # images on which a network with shuffled numbers is tried

# Comparing networks ----------------------------------------------------------------------------


def front_of(function: Any, networks: dict[str, list[float]]) -> dict[str, Any]:
    """What the function says of networks that came as lists, and the networks afterwards."""
    given = {name: (cost, score) for name, (cost, score) in networks.items()}
    front = function(given)
    return {
        "front": front,
        "networks afterwards": [[name, *both] for name, both in given.items()],
    }


# The student's own network ---------------------------------------------------------------------


def size_of(build: Any) -> int:
    """Numbers in the network's state, which its file will hold, and what it uses besides."""
    model = _built(build).eval()
    state = dict(model.state_dict())
    own = sum(map(alone.numbers, state.values()))
    try:
        with seeded(3):
            images = torch.rand(alone.BATCH, 1, 28, 28)
        return own + _besides(alone.recorded(model, images, state))
    except Exception:  # whatever it fails at, other cases tell
        return own


def _besides(program: alone.Program) -> int:
    """What a program carries; a little counts as nothing, see :data:`FREE`."""
    found = alone.numbers_in(program)
    return found if found > FREE else 0


def scores_in_training(build: Any, images: Tensor) -> dict[str, Any]:
    """The scores of a batch ``(N, 1, 28, 28)``, as it begins and with weights of our own."""
    model, given = _network(build).train(), images.clone()
    scores = model(given)
    if not isinstance(scores, Tensor):
        raise ProbeError(f"gives {wording.kind_of(scores)} for a batch; expected a tensor")
    values = filled(model, 1, None).train()(images.clone())
    return {"scores": scores, "with weights of our own": values, AFTERWARDS: given}


def gradients_of_parameters(
    build: Any, images: Tensor, labels: Tensor, *factors: float
) -> dict[str, list[float] | None]:
    """Of each parameter the norm of its gradient, of the loss of a batch times each factor; None
    where it gets none.
    """
    model = _network(build).train()
    loss, found = F.cross_entropy(model(images.clone()), labels), list[list[float | None]]()
    learnt = {name: p for name, p in model.named_parameters() if p.requires_grad}
    for factor in factors:
        model.zero_grad()
        (factor * loss).backward(retain_graph=True)
        norms = [None if p.grad is None else float(p.grad.double().norm()) for p in learnt.values()]
        found.append(norms)
    pairs = zip(learnt, zip(*found, strict=True), strict=True)
    return {name: None if None in norms else list(norms) for name, norms in pairs}


def alone_and_in_company(build: Any, images: Tensor, places: list[int]) -> dict[str, Any]:
    """Scores of images in one batch, in two, one by one, and asked again, in evaluation mode.

    The weights are the check's own: no head of zeros hides what comes before it.

    Args:
        build: the student's.
        images: those that there are.
        places: which of them come, one after the other, some several times.
    """
    model, images = filled(_network(build), 3, None).eval(), images[torch.tensor(places)]
    given = images.clone()
    with torch.no_grad():
        company = a_tensor(model(given), (len(images), CLASSES), "scores of a batch, eval()")
        again = model(images.clone())
        third = len(images) // 3
        parts = [model(part.clone()) for part in (images[:third], images[third:])]
        turned = model(images.flip(0))
        try:
            rows = [model(images[place : place + 1].clone()) for place in range(len(images))]
            alone = list(rows[0].shape)
        except (ValueError, RuntimeError, IndexError) as error:
            alone, rows = [type(error).__name__], []
    return {
        "in one batch": company,
        "in two batches": torch.cat(parts),
        "in one batch, the other way round": turned,
        "one by one": alone,
        "scores one by one": rows,
        "again": again,
        AFTERWARDS: given,
    }


def beginnings(build: Any) -> dict[str, bool]:
    """Two calls after different seeds: are the numbers drawn in them and after them others?"""
    _network(build)
    begun, drawn = [], []
    for seed in (0, 1):
        with seeded(seed):
            model = a_module(build(), "build_network()").cpu()
            begun.append([parameter.detach().clone() for parameter in model.parameters()])
            drawn.append(torch.rand(4))
    equal = len(begun[0]) == len(begun[1]) and all(map(torch.equal, *begun))
    return {
        "all numbers begin as in the call before": equal,
        "random numbers drawn after the call are always the same": torch.equal(*drawn),
    }


def built_twice(build: Any, images: Tensor, places: list[int]) -> dict[str, Any]:
    """Two networks: what their states hold, and their scores with the first one's numbers in both.

    Args:
        build: the student's.
        images: those that there are.
        places: which of them are shown, one after the other, some several times.
    """
    first, second = _network(build, 0).eval(), _network(build, 1).eval()
    shapes = [
        {key: list(t.shape) for key, t in one.state_dict().items()} for one in (first, second)
    ]
    own, images = {id(t) for t in _tensors(first)}, images[torch.tensor(places)]
    shared = any(id(t) in own for t in _tensors(second))
    with torch.no_grad():
        filled(first, 2, None)
        wanted = first(images.clone())
        if shapes[0] == shapes[1]:
            second.load_state_dict(first.state_dict())
        found = second(images.clone())
    return {
        "shapes": shapes,
        "tensors in common": shared,
        "scores of the first": wanted,
        "scores of the second": found,
    }


def _tensors(model: nn.Module) -> list[Tensor]:
    return [*model.parameters(), *model.buffers()]


def _network(build: Any, seed: int = 0) -> nn.Module:
    """A fresh network with a hidden layer: more than what ranks classes by linear scores."""
    trial = filled(_built(build, seed), 0, None)
    with seeded(5), torch.no_grad():
        for middle, way in torch.randn(LINES, 2, 1, 28, 28):
            scores = trial(middle + STEPS.view(-1, 1, 1, 1) * way)
            if not isinstance(scores, Tensor):
                raise ProbeError(f"gives {wording.kind_of(scores)} for a batch; expected a tensor")
            if float((scores - scores[:1]).abs().max()) <= 1e-6:
                raise ProbeError("all images have the same scores: does forward use the image?")
            if _turns(scores):
                return _built(build, seed)
    raise ProbeError(
        "the classes are ranked by linear functions of the pixels: a network has at least one "
        "hidden layer, with a nonlinearity behind it"
    )


def _turns(scores: Tensor) -> bool:
    """Whether two classes change their order more than once along a line of images ``(T, K)``; no
    linear scores do, nor what only rescales them.
    """
    apart = scores[:, :, None] - scores[:, None, :]
    order = apart.sign() * (apart.abs() > 1e-4 * apart.abs().max())
    before, after = order.cummax(0).values, order.flip(0).cummax(0).values.flip(0)
    return bool(((before > 0) & (order < 0) & (after > 0)).any())


def _built(build: Any, seed: int = 0) -> nn.Module:
    with seeded(seed):
        return a_module(build(), "build_network()").cpu()


# The weights that were handed in with it -------------------------------------------------------


def the_network(build: Any, tensors: dict[str, Tensor]) -> dict[str, Any]:
    """The network with these weights as its operations, or why it is none."""
    with seeded(3):
        first, second = torch.rand(2, alone.BATCH, 1, 28, 28)
    model, begun = _with_weights(build, tensors), time.process_time()
    with torch.no_grad():
        scores = a_tensor(model(second.clone()), (len(second), CLASSES), "scores of the images")
    if time.process_time() - begun > alone.SECONDS:
        return {"why": alone.SLOW}
    try:
        program = alone.recorded(model, first, tensors)
        if not torch.allclose(alone.run(program, tensors, second), scores, 1e-3, 1e-3, True):
            return {"why": OTHERWISE}
    except alone.NotAlone as error:
        return {"why": str(error)}
    return {"program": program}


OTHERWISE = (
    "its scores are not those of its operations on tensors: does forward leave torch in between, "
    "by numpy or .tolist()?"
)


# Asked where nothing of the student's is, of what the network is claimed to be ------------------


def fits(claim: Any, tensors: dict[str, Tensor]) -> dict[str, Any]:
    """Does what is claimed to be the network run on these weights, and what does it carry?"""
    return _alone(claim, lambda program: {"fits": bool(_scores(program, tensors, NONE).ndim)})


def classes_alone(
    claim: Any, tensors: dict[str, Tensor], images: Tensor, moved: Tensor | None = None
) -> dict[str, Any]:
    """Classes ``(N,)`` that a network gives to images in bytes, by its operations alone.

    And the first ones' classes where the numbers of each tensor are shuffled: what a network knows
    has to be in its file. And those of the images in another form, if there is one.
    """

    def found(program: alone.Program) -> dict[str, Any]:
        lost = _scores(program, _shuffled(tensors), images[:FEW])
        told = {"with the file's numbers shuffled": lost.argmax(dim=1)}
        if moved is not None:
            told["moved"] = _scores(program, tensors, moved).argmax(dim=1)
        return {"classes": _scores(program, tensors, images).argmax(dim=1), **told}

    return _alone(claim, found)


NONE = torch.zeros(1, 1, 28, 28, dtype=torch.uint8)


def _alone(claim: Any, asked: Callable[[alone.Program], dict[str, Any]]) -> dict[str, Any]:
    """What is found out of a claimed program, with what it carries; or why it can't be."""
    try:
        program = claim.get("program") if isinstance(claim, dict) else None
        if not isinstance(program, dict):
            said = claim.get("why") if isinstance(claim, dict) else "no network came back"
            raise alone.NotAlone(str(said))
        return asked(program) | {"numbers besides": _besides(program)}
    except alone.NotAlone as error:
        return {"why": wording.shortened(str(error))}
    except Exception as error:  # whatever a program made up leads to is decided by a person
        return {"why": f"what came back is no network ({type(error).__name__})"}


def _scores(program: alone.Program, tensors: Mapping[str, Tensor], images: Tensor) -> Tensor:
    scores = alone.run(program, tensors, normalised(images))
    if scores.shape != (len(images), CLASSES):
        raise alone.NotAlone(f"it gives scores of shape {tuple(scores.shape)}")
    return scores


def _shuffled(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same numbers in each tensor, in another order."""
    with seeded(9):
        return {
            name: one.flatten()[torch.randperm(one.numel())].view(one.shape)
            for name, one in tensors.items()
        }


def _with_weights(build: Any, tensors: Mapping[str, Tensor]) -> nn.Module:
    model = _built(build)
    try:
        weights.fill(model, tensors, FILE)
    except weights.WeightsError as error:
        raise ProbeError(str(error)) from None
    return model.eval()
