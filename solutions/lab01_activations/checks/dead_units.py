"""Checks of `dead_fraction`: the share of units that are always zero."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, ask, call
from course.checks.inputs import coarse, mixed, normal, whole
from course.labs.lab01_activations.questions import (
    on_batches,
)

from .book import SINGLE, check


def rectified(rng: Generator, samples: int, units: int, dead: int) -> Tensor:
    """A batch after ReLU: ``dead`` units are zero throughout, the others now and then."""
    batch = coarse(normal(rng, samples, units)).relu()
    some = torch.randint(1, samples, (units,), generator=rng)
    batch[some, torch.arange(units)] += 0.1  # so that no other unit is dead by chance
    order = torch.randperm(units, generator=rng)
    batch[0] = 0.5
    batch[0, order[: dead + 1]] = 0.0  # so that the first sample does not tell which are dead
    batch[:, order[:dead]] = 0.0
    return batch


def _one_by_one(rng: Generator, samples: int) -> Tensor:
    """A batch ``(N, N + 1 + dead)``: each unit speaks for one sample, but for one that always says
    the same, and some that are dead.
    """
    units = samples + 1 + whole(rng, 1, 9)
    batch = torch.zeros(samples, units, dtype=torch.float64)
    order = torch.randperm(units, generator=rng)
    batch[torch.arange(samples), order[:samples]] = coarse(mixed(rng, samples))
    batch[:, order[samples]] = 0.25
    return batch


def _with_negative(rng: Generator) -> Tensor:
    """A batch ``(4, 8 + dead)`` of both signs: in most units values cancel, three are never
    positive, and two of these are silent for some samples.
    """
    signed = coarse(mixed(rng, 4, 8))
    signed[0, 2] = signed[2, 3] = signed[2, 4] = 0.0  # silent for some samples only
    signed[1::2] = -signed[::2]
    signed[:, :2] = -signed[:, :2].abs()
    signed[:, 5] = -signed[:, 5].abs()
    signed[[0, 3], 5] = 0.0
    dead = signed.new_zeros(4, whole(rng, 1, 9))
    batch = torch.cat([signed, dead], dim=1)
    return batch[:, torch.randperm(batch.shape[1], generator=rng)]


def _arguments(rng: Generator, N: int = 9, D: int = 11, dead: int = 0) -> tuple[Tensor]:
    """A batch ``(N, D)``; the number of dead units is drawn, if it is not given."""
    return (rectified(rng, N, D, dead or whole(rng, 1, D - 1)),)


def _share_of(silent: Callable[[Tensor], Any]) -> Mapping[str, Any]:
    """A wrong ``dead_fraction``: the share of units, samples or entries that are ``silent``."""

    def share(activations: Tensor) -> float:
        return float(torch.as_tensor(silent(activations)).double().mean())

    return {"dead_fraction": share}


def _dead_by_units(activations: Tensor) -> float:
    """The oracle: unit by unit, in plain Python."""
    dead = [unit for unit in activations.T.tolist() if not any(unit)]
    return len(dead) / activations.shape[1]


@check.define(
    oracle={"dead_fraction": _dead_by_units},
    mistakes=[
        Mistake(
            "zeros_of_entries",
            _share_of(lambda a: a.eq(0)),
            "This is the share of zeros (the sparsity). A unit with some zeros is not dead: it "
            "is dead if it is zero for every sample of the batch.",
        ),
        Mistake(
            "any_instead_of_all",
            _share_of(lambda a: a.eq(0).any(0)),
            "Your units are dead as soon as one sample leaves them silent. Is one enough?",
        ),
        Mistake(
            "one_sample_only",
            _share_of(lambda a: a[0].eq(0)),
            "You look at one sample. A unit that is silent there may speak for the next.",
        ),
        Mistake(
            "samples_instead_of_units",
            _share_of(lambda a: a.eq(0).all(1)),
            "You look along the wrong axis: rows are samples, columns are units.",
        ),
        Mistake(
            "alive_instead_of_dead",
            _share_of(lambda a: a.ne(0).any(0)),
            "This is the share of units that are alive.",
        ),
        Mistake(
            "not_positive",
            _share_of(lambda a: a.le(0).all(0)),
            "A negative output is not a dead one: leaky ReLU and ELU have those.",
        ),
        Mistake(
            "largest_is_zero",
            _share_of(lambda a: a.amax(0).eq(0)),
            "You look at the largest output alone. A unit that is never above zero may be below.",
        ),
        Mistake(
            "sum_is_zero",
            _share_of(lambda a: a.sum(0).abs() < 1e-9),
            "Values of both signs can cancel in a sum. Is the unit silent then?",
        ),
        Mistake(
            "count_instead_of_share",
            {"dead_fraction": lambda a: float(a.eq(0).all(0).sum())},
            "You count the dead units. Wanted is their share of all units, in [0, 1].",
        ),
    ],
    contract=Function(
        _arguments,
        edges={"one unit, dead": {"D": 1, "dead": 1}, "two units": {"D": 2, "dead": 1}},
        judge=SINGLE,
        single=SINGLE,
    ),
)
def dead_fraction(rng: Generator) -> Iterator[Case]:
    """The share of units that are zero on the whole batch (N, D)."""
    hint = "Mark the zeros, decide for each unit (column) over all samples, take the share."
    dead = whole(rng, 2, 6)  # drawn, or a constant could be right
    batch = rectified(rng, 16, 10, dead)
    yield Case(
        f"{dead} of 10 units are dead",
        call("dead_fraction", batch),
        hint,
        SINGLE,
        weight=3,
    )
    counts = [0, 4, 8, whole(rng, 1, 7)]
    counts = [counts[place] for place in torch.randperm(4, generator=rng)]
    text = "dead_fraction on batches with {}, {}, {} and {} dead units of 8".format(*counts)
    yield Case(
        "none, half, all",
        ask(on_batches, "dead_fraction", *(rectified(rng, 12, 8, n) for n in counts), text=text),
        hint,
        SINGLE,
        weight=2,
    )
    yield Case(
        "a whisper is not silence",
        call("dead_fraction", rectified(rng, 9, 12, whole(rng, 2, 10)) * 1e-200),
        "A unit is dead if it is exactly zero. Is there a threshold in your answer?",
        SINGLE,
    )
    text = "dead_fraction: each unit speaks for one sample, one for all alike, and some are dead"
    yield Case(
        "one sample is enough to be alive",
        ask(on_batches, "dead_fraction", _one_by_one(rng, 7), _one_by_one(rng, 20), text=text),
        "Every sample counts, the first as well as the last: a unit that speaks for one of them is "
        "alive.",
        SINGLE,
        weight=3,
    )
    single = [rectified(rng, 2, 6, whole(rng, 1, 5))[1:] for _ in range(2)]
    text = "dead_fraction on batches (1, 6)"
    yield Case(
        "a batch of one",
        ask(on_batches, "dead_fraction", *single, text=text),
        "With N = 1 there is one row, and six units as ever: does a squeeze take an axis away?",
        SINGLE,
    )
    yield Case(
        "negative values count as alive",
        call("dead_fraction", _with_negative(rng)),
        "Zero means zero: units with negative outputs, or with outputs that cancel, are alive.",
        SINGLE,
        weight=2,
    )


@check.hidden("dead_fraction")
def three_batches(rng: Generator) -> Iterator[Case]:
    batches = [rectified(rng, 20, 31, whole(rng, 1, 29)) for _ in range(3)]
    text = "dead_fraction on three batches of 31 units"
    probe = ask(on_batches, "dead_fraction", *batches, text=text)
    yield Case("three batches of 31 units", probe, judge=SINGLE, weight=2)
    text = "dead_fraction of 250 samples, in which each unit speaks for one sample"
    probe = ask(on_batches, "dead_fraction", _one_by_one(rng, 250), text=text)
    yield Case("one of many samples is enough to be alive", probe, judge=SINGLE)
