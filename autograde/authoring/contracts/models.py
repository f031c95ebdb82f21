"""The contract of a function of a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Generator, nn

from autograde.authoring.contracts.cases import SINGLE, Adapter, Maker, hinted
from course.checks import Case, battery, stored
from course.checks.inputs import seed_from
from course.checks.judges import Judge, close
from course.checks.kinds import Hint, Kind

AS_IT_WAS: Mapping[Kind, str] = {
    "changed": (
        "A function that looks at a model gives it back as it was: the mode of each layer, its "
        "weights, their `.grad` and `requires_grad`, the hooks that were there and no other."
    )
}


@dataclass(frozen=True)
class OfModel:
    """A function of a network and further arguments.

    Attributes:
        makers: by what is special about it, what makes a network from a seed: functions at the
            top of a module of ``course.labs`` or ``course.checks``.
        rest: further arguments, by position.
        adapter: makes of the student's function one that returns plain values.
        single: whether single precision is asked for, and how it is compared.
        judge: compares in double precision.
        hints: by title, in the place of the usual ones.
        leaves_out: titles of standard cases that this exercise has not.
        share: see :class:`Contract`.
    """

    makers: Mapping[str, Callable[[int], nn.Module]]
    rest: Callable[[Generator], tuple[Any, ...]] = lambda rng: ()
    adapter: Adapter | None = None
    single: Judge | None = SINGLE
    judge: Judge = field(default_factory=lambda: close(1e-6, 1e-9))
    hints: Mapping[str, Hint] = field(default_factory=dict)
    leaves_out: tuple[str, ...] = ()
    share: float = 0.3

    def cases(self, name: str, thing: Any, rng: Generator) -> Iterator[Case]:
        """The standard cases: each network in both modes, and once in single precision."""
        for case in self._all(name, rng):
            if case.title not in self.leaves_out:
                yield hinted(case, self.hints)

    def _all(self, name: str, rng: Generator) -> Iterator[Case]:
        made = Maker(name, self.adapter)
        for number, (title, maker) in enumerate(self.makers.items()):
            for training in (True, False) if number == 0 else (number % 2 == 0,):
                mode = "training" if training else "evaluation"
                yield made.case(
                    f"{title}, in {mode} mode, which stays as it was",
                    battery.of_model,
                    stored.named(maker),
                    seed_from(rng),
                    training,
                    torch.float64,
                    *self.rest(rng),
                    text=f"{name} on {title}, in {mode} mode, twice",
                    hint=AS_IT_WAS,
                    judge=self.judge,
                )
        if self.single is not None:
            title, maker = next(iter(self.makers.items()))
            yield made.case(
                "in single precision, float32",
                battery.of_model,
                stored.named(maker),
                seed_from(rng),
                False,
                torch.float32,
                *self.rest(rng),
                text=f"{name} on {title} in float32",
                judge=self.single,
            )
