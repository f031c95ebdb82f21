"""What a training function does, taken down while it does it.

A training function is told from its wrong repairs by what it does, not by the weights at its end:
which images it looks at and how often, in which mode, with whose gradient each step is made. So it
is given a small network, an optimizer and images that take this down::

    trace = Trace(images, labels, rate=0.1, seed=3)
    for _ in range(2):
        with trace.epoch() as epoch:
            epoch.returned = function(trace.model, trace.images, trace.labels, trace.optimizer, 5)
    return trace.summary()

Batches need no loader of ours: each image carries its own number, so it is known again in whatever
way the function cuts them.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from course.checks import wording
from course.device import random_state, seeded, set_random_state

FEW = 20  # images, of which chance may make a circle
HIDDEN = 5  # neurons of the small network
UNKNOWN = -1  # the number of an image that is none of those given
ALIKE = 2e-4  # relative, of gradients and weights in single precision

Criterion = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Pass:
    """One forward pass: which images, in which mode, whether autograd followed."""

    images: tuple[int, ...]
    training: bool
    followed: bool
    graphs: int  # of passes, this one included, that something still holds


@dataclass(frozen=True)
class Step:
    """One step of the optimizer: passes since the last one, the gradients, the weights around."""

    passes: tuple[Pass, ...]
    rate: float
    gradients: tuple[Tensor | None, ...]
    before: tuple[Tensor, ...]
    after: tuple[Tensor, ...]


@dataclass
class Epoch:
    """One call of the function; whoever calls it sets ``returned``."""

    start: tuple[Tensor, ...]
    passes: list[Pass] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    waiting: list[Pass] = field(default_factory=list)  # passes since the last step
    end: tuple[Tensor, ...] = ()
    cleared: int = 0  # calls of zero_grad, the optimizer's or the network's
    training: bool = False  # the network's mode at the end
    returned: Any = None

    @property
    def batches(self) -> list[list[int]]:
        """Numbers of the images, pass by pass, where autograd followed."""
        return [list(one.images) for one in self.passes if one.followed]


class Witness(nn.Module):
    """A small network that writes down what it is shown: ``(N, …) -> (N, classes)`` logits.

    The first value of each image is its number, which the network does not look at.
    """

    def __init__(self, inputs: int, classes: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, HIDDEN, dtype=dtype)
        self.last = nn.Linear(HIDDEN, classes, dtype=dtype)
        self.tell: Callable[[Tensor, Any], None] = lambda x, token: None
        self.cleared: Callable[[], None] = lambda: None

    def forward(self, x: Tensor) -> Tensor:
        """Logits of numbered images."""
        token = _Token()
        self.tell(x.flatten(1), token)
        return _held(self.last(self.first(x.flatten(1)[:, 1:]).tanh()), token)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """As always; it is counted."""
        self.cleared()
        super().zero_grad(set_to_none)


class Optimizer(torch.optim.SGD):
    """SGD that tells of its steps, with the gradients, and of ``zero_grad``."""

    def __init__(
        self, parameters: Sequence[Tensor], rate: float, momentum: float, tell: Callable[..., None]
    ) -> None:
        super().__init__(parameters, lr=rate, momentum=momentum)
        self.tell = tell
        self.cleared: Callable[[], None] = lambda: None

    def step(self, closure: Any = None) -> Any:
        """As always; a closure is run first."""
        with torch.enable_grad():
            loss = closure() if closure is not None else None
        group = self.param_groups[0]
        weights = group["params"]
        gradients = tuple(None if one.grad is None else one.grad.clone() for one in weights)
        before = copies(weights)
        super().step()
        self.tell(float(group["lr"]), gradients, before, copies(weights))
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        """As always; it is counted."""
        self.cleared()
        super().zero_grad(set_to_none)


class Trace:
    """What a function is given to train with, and what it did.

    Args:
        images: floats ``(N, …)``; they come back as :attr:`images`, with their numbers in the first
            value of each.
        labels: ``(N,)``, from 0.
        rate: of the optimizer, plain SGD.
        momentum: likewise.
        seed: of the weights, and of the random numbers that the function draws.
        training: mode of the network before the first epoch.
        criterion: loss of logits and labels whose gradient each step should have.

    Attributes:
        model: a small network with biases and one hidden layer, in the dtype of the images.
        optimizer: of its parameters.
        epochs: what was taken down.
    """

    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        *,
        rate: float = 0.1,
        momentum: float = 0.0,
        seed: int = 0,
        training: bool = False,
        criterion: Criterion = F.cross_entropy,
    ) -> None:
        self.images, self.labels, self.criterion = numbered(images), labels.clone(), criterion
        classes = int(labels.max()) + 1
        with seeded(seed):
            self.model = Witness(images[0].numel() - 1, classes, images.dtype).train(training)
            self._twin = Witness(images[0].numel() - 1, classes, images.dtype)
            self._random = random_state()
        self.optimizer = Optimizer(self._weights, rate, momentum, self._stepped)
        self.model.tell = self._shown
        self.model.cleared = self.optimizer.cleared = self._cleared
        self.epochs: list[Epoch] = []
        self._tokens = weakref.WeakSet[_Token]()

    @property
    def _weights(self) -> list[Tensor]:
        return list(self.model.parameters())

    @contextmanager
    def epoch(self) -> Iterator[Epoch]:
        """Take down what happens inside as one epoch; randomness goes on from the one before."""
        self.epochs.append(epoch := Epoch(copies(self._weights)))
        self._tokens = weakref.WeakSet()
        with seeded(0):
            set_random_state(self._random)
            yield epoch
            self._random = random_state()
        epoch.end, epoch.training = copies(self._weights), self.model.training

    def _shown(self, x: Tensor, token: _Token) -> None:
        if torch.is_grad_enabled():
            self._tokens.add(token)
        one = Pass(
            self._numbers(x.detach()),
            all(module.training for module in self.model.modules()),
            torch.is_grad_enabled(),
            len(self._tokens),
        )
        if self.epochs:
            self.epochs[-1].passes.append(one)
            self.epochs[-1].waiting.append(one)

    def _numbers(self, x: Tensor) -> tuple[int, ...]:
        given = self.images.flatten(1)
        if x.shape[1] != given.shape[1]:
            return (UNKNOWN,) * len(x)
        numbers = x[:, 0].double().nan_to_num(-1).round().clamp(-1, len(given)).long()
        known = (numbers >= 0) & (numbers < len(given))
        same = (given[numbers.clamp(0, len(given) - 1)] == x).all(dim=1)
        return tuple(numbers.masked_fill(~(known & same), UNKNOWN).tolist())

    def _stepped(self, rate: float, *facts: tuple[Any, ...]) -> None:
        if self.epochs:
            epoch = self.epochs[-1]
            epoch.steps.append(Step(tuple(epoch.waiting), rate, *facts))
            epoch.waiting.clear()

    def _cleared(self) -> None:
        if self.epochs:
            self.epochs[-1].cleared += 1

    def summary(self) -> dict[str, Any]:
        """What there is to tell, as plain values: ``epochs``, a list of :meth:`facts`, and whether
        the order, and the company in a batch, are others in each epoch (of several batches).
        """
        orders = [[number for batch in epoch.batches for number in batch] for epoch in self.epochs]
        companies = [
            frozenset(frozenset(batch) for batch in epoch.batches) for epoch in self.epochs
        ]
        return {
            "epochs": [self.facts(epoch) for epoch in self.epochs],
            "another order each time": len(set(map(tuple, orders))) == len(orders),
            "other batches each time": len(set(companies)) == len(companies),
        }

    def facts(self, epoch: Epoch) -> dict[str, Any]:
        """What there is to tell of an epoch. Passes that autograd does not follow are no training:
        only ``passes without gradients`` counts them.
        """
        followed = [one for one in epoch.passes if one.followed]
        order = [number for one in followed for number in one.images]
        every = list(range(len(self.images)))
        return {
            "batch sizes": [len(one.images) for one in followed],
            "each image once": sorted(order) == every,
            "images never seen": len(set(every) - set(order)),
            "other images than those given": UNKNOWN in order,
            "in the order given": order == sorted(order),
            "in training mode": bool(followed) and all(one.training for one in followed),
            "in training mode afterwards": epoch.training,
            "passes without gradients": len(epoch.passes) - len(followed),
            "steps": len(epoch.steps),
            "one step a batch": bool(epoch.steps) and _in_turn(epoch),
            "each step by its own batch": bool(epoch.steps) and all(map(self._own, epoch.steps)),
            "gradients cleared": epoch.cleared,
            "rates": sorted({one.rate for one in epoch.steps}),
            "parameters that moved": self._moved(epoch),
            "moved by steps alone": _continuous(epoch),
            "graphs held at once": max((one.graphs for one in followed), default=0),
            "mean loss": self._mean_loss(epoch),
            **_facts_of(epoch.returned),
        }

    def _own(self, step: Step) -> bool:
        """Whether a step's gradients are those of the images shown since the step before."""
        numbers = [number for one in step.passes if one.followed for number in one.images]
        if not numbers or UNKNOWN in numbers or None in step.gradients:
            return False
        wanted = self._gradients(numbers, step.before)
        found = [one for one in step.gradients if one is not None]
        size = max(float(one.abs().max()) for one in wanted)
        return all(
            torch.allclose(one, other, 0.0, ALIKE * size)
            for one, other in zip(found, wanted, strict=True)
        )

    def _gradients(self, numbers: list[int], weights: Sequence[Tensor]) -> tuple[Tensor, ...]:
        return torch.autograd.grad(self._loss(numbers, weights), list(self._twin.parameters()))

    def _loss(self, numbers: Sequence[int], weights: Sequence[Tensor]) -> Tensor:
        with torch.no_grad():
            for one, value in zip(self._twin.parameters(), weights, strict=True):
                one.copy_(value)
        chosen = torch.tensor(numbers)
        with torch.enable_grad():
            return self.criterion(self._twin(self.images[chosen]), self.labels[chosen])

    def _mean_loss(self, epoch: Epoch) -> float | None:
        """Over all images that the steps saw, each with the weights of its time; None without."""
        total, count = 0.0, 0
        for step in epoch.steps:
            numbers = [number for one in step.passes if one.followed for number in one.images]
            if UNKNOWN in numbers:
                return None
            if numbers:
                total += self._loss(numbers, step.before).item() * len(numbers)
                count += len(numbers)
        return total / count if count else None

    def _moved(self, epoch: Epoch) -> list[str]:
        names = [name for name, _ in self.model.named_parameters()]
        pairs = zip(names, epoch.start, epoch.end, strict=True)
        return [name for name, before, after in pairs if not torch.equal(before, after)]


def round_the_circle(batches: Sequence[Sequence[int]]) -> bool:
    """Whether images follow each other in equal steps, or stand beside their neighbours, the last
    being one of the first: the order given, begun elsewhere, reversed, or mixed within batches.

    By chance there are few such pairs: some seven among 41 images in batches of 8.
    """
    order = [number for batch in batches for number in batch]
    count = len(order)
    if count < FEW:
        return False
    steps = Counter((after - one) % count for one, after in pairwise(order))
    neighbours = sum(
        (number + 1) % count in batch for batch in map(set, batches) for number in batch
    )
    return max(steps.values()) > count / 2 or neighbours >= count - 2 * len(batches)


def numbered(images: Tensor) -> Tensor:
    """The images ``(N, …)`` with its number in the first value of each."""
    marked = images.clone(memory_format=torch.contiguous_format)
    marked.view(len(images), -1)[:, 0] = torch.arange(len(images), dtype=images.dtype)
    return marked


def copies(weights: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The tensors as they are now."""
    return tuple(one.detach().clone() for one in weights)


def _in_turn(epoch: Epoch) -> bool:
    """Whether a step follows each pass, and none is left without."""
    followed = [sum(one.followed for one in step.passes) for step in epoch.steps]
    return set(followed) == {1} and not any(one.followed for one in epoch.waiting)


def _continuous(epoch: Epoch) -> bool:
    """Whether the weights are left alone between steps."""
    ends = [epoch.start, *(step.after for step in epoch.steps)]
    starts = [*(step.before for step in epoch.steps), epoch.end]
    pairs = zip(ends, starts, strict=True)
    return all(all(map(torch.equal, end, start)) for end, start in pairs)


def _facts_of(returned: Any) -> dict[str, Any]:
    """Of what came back: its kind, its value if it is one number, whether it holds a graph."""
    tensors = [one for one in tree_leaves(returned) if isinstance(one, Tensor)]
    number = returned.item() if isinstance(returned, Tensor) and returned.numel() == 1 else returned
    numeric = isinstance(number, int | float) and not isinstance(number, bool)
    return {
        "returned": wording.kind_of(returned),
        "value returned": float(number) if numeric else None,
        "returned with its graph": any(one.requires_grad for one in tensors),
    }


class _Token:
    """Lives as long as the graph of one pass."""


class _Held(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, token: _Token) -> Tensor:
        ctx.token = token
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None]:
        return slopes[0], None


def _held(x: Tensor, token: _Token) -> Tensor:
    held: Tensor = _Held.apply(x, token)
    return held
