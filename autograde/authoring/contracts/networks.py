"""The contract of a class or builder of networks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Generator, Tensor

from autograde.authoring.contracts.cases import CHANGED, Adapter, Maker, hinted, written
from course.checks import Case, battery
from course.checks.inputs import seed_from
from course.checks.judges import Judge, close
from course.checks.kinds import Hint

APART: Hint = {
    "values": "Every layer belongs to one network, made in `__init__` and kept under `self`. Its "
    "weights start as random numbers, each unit's its own: those that start alike stay alike.",
    "changed": "Who seeds in `__init__` makes all networks alike, and changes what others draw "
    "afterwards.",
}
LEARNING: Hint = {
    "gradient": "Does every layer take part, and does the gradient reach it?",
    "changed": "Running statistics move once in a pass, in training mode, by PyTorch's usual "
    "momentum: does a part run twice, as where its shape is asked before it is added, or has a "
    "BatchNorm another momentum?",
}


@dataclass(frozen=True)
class Network:
    """A class or builder of networks.

    Attributes:
        args: with which a small one is made, by position, all of them that the exercise names.
        images: from a generator and a number of images ``N`` (and further sizes with defaults) to
            what the network takes, float64.
        edges: further sizes for ``images`` by what is special about them.
        variants: arguments of others by what is special about them: sizes are compared on the
            meta device, so they may be large.
        shape: of what the variants are given; empty for parameters alone.
        random: whether training mode draws random numbers, as dropout does; then it is left out.
        adapter: makes a plain builder of the student's object.
        judge: compares in double precision.
        single: the same in single precision.
        apart: what the case weighs, among the standard ones, that two networks share nothing and
            start at random: one that does not can't learn.
        hints: by title, in the place of the usual ones.
        leaves_out: titles of standard cases that this exercise has not.
        share: see :class:`Contract`.
    """

    args: Callable[[Generator], tuple[Any, ...]]
    images: Callable[..., Tensor]
    edges: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    variants: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    shape: tuple[int, ...] = ()
    random: bool = False
    adapter: Adapter | None = None
    judge: Judge = field(default_factory=lambda: close(1e-6, 1e-9))
    single: Judge = field(default_factory=lambda: close(1e-3, 1e-4))
    apart: float = 4.0
    hints: Mapping[str, Hint] = field(default_factory=dict)
    leaves_out: tuple[str, ...] = ()
    share: float = 0.3

    def cases(self, name: str, thing: Any, rng: Generator) -> Iterator[Case]:
        """The standard cases."""
        for case in self._all(name, thing, rng):
            if case.title not in self.leaves_out:
                yield hinted(case, self.hints)

    def _all(self, name: str, thing: Any, rng: Generator) -> Iterator[Case]:
        made, args = Maker(name, self.adapter), self.args(rng)
        called = f"{name}{written(args)}"

        def put(
            title: str, question: Any, images: Tensor, *more: Any, says: str, **how: Any
        ) -> Case:
            text = f"{called} on {tuple(images.shape)}{says}"
            how = {"judge": self.judge, **how}
            return made.case(title, question, args, seed_from(rng), images, *more, text=text, **how)

        for title, sizes in self.edges.items():
            images = self.images(rng, **sizes)
            yield put(title, battery.values, images, torch.float64, says="")
        yield put(
            "in single precision, float32",
            battery.values,
            self.images(rng, N=2),
            torch.float32,
            says=" in float32",
            judge=self.single,
            hint={"dtype": "Which part of the network has a dtype of its own?"},
        )
        yield put(
            "each image by itself",
            battery.one_by_one,
            self.images(rng, N=3),
            says=", together and one by one",
            hint="What an image gives must not depend on its neighbours, or on how many there are.",
        )
        yield put(
            "twice, and what is given stays as it was",
            battery.model_again,
            self.images(rng, N=2),
            says=", twice, and other images between",
            hint=CHANGED,
        )
        apart = put(
            "two networks share nothing, and start at random",
            battery.two_of_them,
            self.images(rng, N=2),
            says=" by two networks with other weights",
            hint=APART,
        )
        yield replace(apart, weight=self.apart)
        for training in (False,) if self.random else (False, True):
            mode = "training" if training else "evaluation"
            yield put(
                f"gradients of all weights, in {mode} mode",
                battery.learning,
                self.images(rng, N=3),
                training,
                says=f" in {mode} mode: gradients",
                hint=LEARNING,
            )
        yield from self._making(made, thing, args, rng)

    def _making(
        self, made: Maker, thing: Any, args: tuple[Any, ...], rng: Generator
    ) -> Iterator[Case]:
        if self.variants:
            title = "sizes of " + ", ".join(self.variants)
            text = "; ".join(f"{made.name}{written(one)}" for one in self.variants.values())
            yield made.case(
                title,
                battery.variants,
                dict(self.variants),
                self.shape,
                text=text,
                judge=self.judge,
            )
        names, defaults = battery.arguments_of(self.adapter(thing) if self.adapter else thing)
        if len(names) != len(args) or not defaults:
            return
        named = names[-len(defaults) :]
        seed, images = seed_from(rng), self.images(rng, N=2)
        yield made.case(
            f"{' and '.join(named)} by name, and by default",
            battery.made_in_ways,
            named,
            args,
            seed,
            images,
            text=f"{made.name}{written(args)} on {tuple(images.shape)}, by position and by name",
            hint=f"The last arguments' names are {', '.join(named)}; the stub tells the defaults.",
            judge=self.judge,
        )
