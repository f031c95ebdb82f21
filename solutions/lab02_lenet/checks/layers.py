"""The contract of the layers and the network of 1998: the check's weights are copied in by name,
or found out by impulses, so none of the framework's own contracts of networks fits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Generator, Tensor

from autograde.authoring.contracts.functions import AT_ZEROS
from autograde.authoring.contracts.networks import APART
from course.checks import Case, Probe, ask
from course.checks.inputs import normal
from course.checks.judges import Judge
from course.labs.lab02_lenet.questions.networks import again, learning, one_by_one, two_of_them

from .book import SINGLE

LEFT_ALONE = (
    "A pass changes nothing: neither what is given, nor what is kept for the next one. Is "
    "something written in place (`+=`, a method that ends in `_`)?"
)
Shape = tuple[int, int, int, int]


@dataclass(frozen=True)
class Layer:
    """A class whose weights are the check's.

    Attributes:
        making: draws what one is made with.
        weights: for one that was made so.
        shape: of the images or maps it takes.
        out: from their shape to that of what comes out.
        edges: further shapes, by what is special about them.
        judge: compares what comes out, in float32.
        share: of the standard cases in the check.
    """

    making: Callable[[Generator], tuple[Any, ...]]
    weights: Callable[[Generator], dict[str, Tensor]]
    shape: Shape
    out: Callable[[Shape], tuple[int, ...]]
    edges: Mapping[str, Shape] = field(default_factory=dict)
    judge: Judge = SINGLE
    share: float = 0.3

    def cases(
        self,
        name: str,
        thing: Any,
        rng: Generator,
    ) -> Iterator[Case]:
        """Edges, gradients, one image, two passes, two layers."""
        for title, shape in self.edges.items():
            yield self._case(title, self.gradients(name, rng, shape, True))
        yield self._case(
            "gradients of all weights, in evaluation mode",
            self.gradients(name, rng, self.shape, False),
            {"gradient": "Does every part take part in training, and does its gradient flow?"},
        )
        yield self._case(
            "gradients where all biases are zero",
            self.gradients(name, rng, self.shape, True, cleared=True),
            AT_ZEROS,
        )
        yield self._case(
            "one image alone is as among others",
            self._put(name, rng, one_by_one, "together and one by one"),
            {
                "values": "What comes of an image must not depend on its neighbours.",
                "shape": "A batch of one is a batch too: `squeeze` removes every axis of length 1.",
            },
        )
        yield self._case(
            "a second pass, and what was given",
            self._put(name, rng, again, "twice, and other images between"),
            LEFT_ALONE,
        )
        args, weights = zip(*((self.making(rng), self.weights(rng)) for _ in range(2)), strict=True)
        text = f"two of {name} with other weights; then the first one's state in the second"
        x = single(rng, *self.shape)
        yield self._case(
            "two of them share nothing",
            ask(two_of_them, name, name, args, weights, x, text=text),
            APART,
        )

    def gradients(
        self, name: str, rng: Generator, shape: Shape, training: bool, cleared: bool = False
    ) -> Probe:
        """Ask for the output and all gradients; with biases of 0, if they are to be cleared."""
        args, weights = self.making(rng), self.weights(rng)
        if cleared:
            weights = {
                key: torch.zeros_like(one) if "bias" in key else one for key, one in weights.items()
            }
        upstream = single(rng, *self.out(shape))
        mode = "train()" if training else "eval()"
        text = f"{name} on x {shape} after {mode}, with given weights: output and gradients"
        inputs = (name, args, weights, single(rng, *shape), upstream, training)
        return ask(learning, name, *inputs, text=text)

    def _put(self, name: str, rng: Generator, question: Any, says: str) -> Probe:
        text = f"{name} on x {self.shape}, {says}"
        x = single(rng, *self.shape)
        return ask(question, name, name, self.making(rng), self.weights(rng), x, text=text)

    def _case(self, title: str, probe: Probe, hint: Any = "") -> Case:
        return Case(title, probe, hint, self.judge)


def single(rng: Generator, *shape: int) -> Tensor:
    """Standard normal numbers in float32."""
    return normal(rng, *shape, dtype=torch.float32)
