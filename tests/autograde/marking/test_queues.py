"""The simulation of a deadline hour agrees with queueing theory where that has an answer."""

from __future__ import annotations

from itertools import accumulate, pairwise
from math import factorial, inf
from random import Random

import pytest

from tests.benchmarks.deadline_hour import at_least
from tests.benchmarks.queues import Simulation, Turns, rising

MANY = 200_000


def exponential(number: int, mean: float, chance: Random) -> list[float]:
    return [chance.expovariate(1 / mean) for _ in range(number)]


def erlang_wait(load: float, servers: int, service: float) -> float:
    """Mean wait of M/M/c (Erlang's C formula), with load in servers and service in seconds."""
    last = load**servers / factorial(servers) * servers / (servers - load)
    busy = last / (sum(load**k / factorial(k) for k in range(servers)) + last)
    return busy * service / (servers - load)


@pytest.mark.parametrize(("load", "servers"), [(0.5, 1), (0.8, 1), (2.4, 3)])
def test_is_the_mean_wait_that_of_erlang(load: float, servers: int) -> None:
    chance = Random(1)
    arrivals = [*accumulate(exponential(MANY, 1 / load, chance))]
    turns = Turns(0.0, 0.0, exponential(MANY, 1.0, chance))
    seen = Simulation(arrivals, turns, servers, ahead=inf, chance=chance).run()
    assert seen.waited == pytest.approx(erlang_wait(load, servers, 1.0), rel=0.06)
    assert seen.workers == pytest.approx(load / servers, rel=0.02)


def test_is_the_wait_half_where_every_student_takes_the_same() -> None:
    """Pollaczek and Khinchine: M/D/1 waits half as long as M/M/1."""
    chance = Random(2)
    arrivals = [*accumulate(exponential(MANY, 1 / 0.8, chance))]
    seen = Simulation(arrivals, Turns(0.0, 0.0, [1.0]), 1, ahead=inf, chance=chance).run()
    assert seen.waited == pytest.approx(erlang_wait(0.8, 1, 1.0) / 2, rel=0.06)


def test_do_workers_or_the_coordinator_bound_a_class_that_lies_there() -> None:
    there = [0.0] * 1200
    graded = Simulation(there, Turns(0.0, 0.0, [10.0]), 6).run()
    assert graded.last == pytest.approx(2000)  # 200 rounds of ten seconds
    assert graded.under_way == 12
    written = Simulation(there, Turns(0.5, 1.5, [10.0]), 100).run()
    assert written.last == pytest.approx(1200 * 2.0, rel=0.01)
    assert written.coordinators == pytest.approx(1.0, abs=0.01)
    halved = Simulation(there, Turns(0.5, 1.5, [10.0]), 100, 2).run()
    assert halved.last == pytest.approx(600 * 2.0, rel=0.02)


def test_do_more_hand_in_towards_the_deadline() -> None:
    found = rising(40_000, 3600, 4, Random(0))
    assert found == sorted(found)
    assert 0 <= found[0] < found[-1] <= 3600
    parts = [sum(k * 900 <= one < (k + 1) * 900 for one in found) for k in range(4)]
    ratios = [b / a for a, b in pairwise(parts)]
    assert ratios == pytest.approx([2.718] * 3, rel=0.1)  # e to the fourth over four quarters
    even = rising(40_000, 3600, 0, Random(0))
    assert sum(one < 900 for one in even) == pytest.approx(10_000, rel=0.03)


def test_is_what_water_would_need_the_least_that_is_enough() -> None:
    arrivals = rising(20_000, 3600, 4, Random(0))
    for within in (4000.0, 7200.0):
        number = at_least(arrivals, 10.0, within)
        ends = [
            Simulation(arrivals, Turns(0.0, 0.0, [10.0]), workers).run().last
            for workers in (int(0.97 * number), int(1.03 * number) + 1)
        ]
        assert ends[0] > within >= ends[1]
