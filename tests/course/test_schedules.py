"""Learning-rate schedules: factors by progress through a run."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.training import schedules
from course.training.schedules import Schedule

EVERY = [
    schedules.constant(),
    schedules.constant(warmup=0.2),
    schedules.cosine(warmup=0.1, final=0.01),
    schedules.step(warmup=0.05),
    schedules.one_cycle(),
    schedules.triangle(),
]


@pytest.mark.parametrize("schedule", EVERY)
@given(progress=st.floats(0, 1))
def test_a_factor_is_above_zero_or_at_the_end_and_at_most_one(
    schedule: Schedule, progress: float
) -> None:
    assert 0 < schedule(progress) <= 1


def test_cosine_falls_from_full_to_final_through_the_middle() -> None:
    schedule = schedules.cosine(final=0.2)
    assert [schedule(t) for t in (0, 0.5, 1)] == pytest.approx([1, 0.6, 0.2])
    assert schedule(0.25) == pytest.approx(0.6 + 0.4 * math.cos(math.pi / 4))


def test_a_warm_up_rises_linearly_and_the_rest_begins_after_it() -> None:
    schedule = schedules.cosine(warmup=0.2)
    assert [schedule(t) for t in (0.05, 0.1, 0.2)] == pytest.approx([0.25, 0.5, 1])
    assert schedule(0.6) == pytest.approx(0.5)
    assert schedules.constant(warmup=0.2)(0.5) == 1


def test_step_divides_at_the_shares_of_the_whole_run() -> None:
    schedule = schedules.step()
    assert [schedule(t) for t in (0, 0.49, 0.5, 0.74, 0.75, 1)] == pytest.approx(
        [1, 1, 0.1, 0.1, 0.01, 0.01]
    )


def test_one_cycle_is_pytorchs() -> None:
    import torch

    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    total = 101
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 1.0, total, pct_start=0.3, cycle_momentum=False, final_div_factor=400
    )
    ours = schedules.one_cycle(peak=(0.3 * total - 1) / (total - 1))
    for update in range(total):
        assert ours(update / (total - 1)) == pytest.approx(theirs.get_last_lr()[0], abs=1e-6)
        optimizer.step()
        if update < total - 1:
            theirs.step()


def test_a_triangle_goes_straight_through_its_three_corners() -> None:
    schedule = schedules.triangle(peak=0.25, start=0.2, final=0.1)
    assert [schedule(t) for t in (0, 0.25, 1)] == pytest.approx([0.2, 1, 0.1])
    assert [schedule(t) for t in (0.125, 0.625)] == pytest.approx([0.6, 0.55])


def test_a_triangle_steers_a_run() -> None:
    import torch
    from torch import nn

    from course import training

    data = torch.randn(8, 2), torch.zeros(8, dtype=torch.long)
    shape = schedules.triangle(peak=0.5, start=0.2, final=0.0)
    history = training.fit(
        nn.Linear(2, 2), data, epochs=4, batch_size=8, lr=0.1, schedule=shape, progress=False
    )
    rates = [epoch.lr for epoch in history.epochs]
    assert rates == pytest.approx([0.02, 0.06, 0.1, 0.05])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.constant(warmup=1.0), "below 1; found 1.0"),
        (lambda: schedules.step(warmup=-0.1), "below 1; found -0.1"),
        (lambda: schedules.step([0.75, 0.5]), r"found \[0.75, 0.5\]"),
        (lambda: schedules.step([5, 10]), r"between 0 and 1, found \[5, 10\]"),
        (lambda: schedules.one_cycle(peak=1.0), "peak is a share .* found 1.0"),
        (lambda: schedules.triangle(peak=0.0), "peak is a share .* found 0.0"),
        (lambda: schedules.triangle(start=1.5), "from 0 to 1, found 1.5"),
        (lambda: schedules.triangle(final=-0.1), "from 0 to 1, found -0.1"),
    ],
)
def test_what_is_no_share_is_refused(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()  # type: ignore[operator]
