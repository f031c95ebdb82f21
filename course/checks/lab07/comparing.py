"""Checks of lab 7: how sure an accuracy is, and which networks nobody beats."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch import Generator

from course.checks import Case, Mistake, ask, call, same
from course.checks.lab07.basis import EXACT, check, uniform, whole

# An interval for an accuracy -------------------------------------------------------------------


def _by_bisection(correct: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """The two accuracies that are just z standard deviations away from what was seen."""
    seen = correct / total

    def within(p: float) -> bool:
        return total * (seen - p) ** 2 <= z * z * p * (1 - p)

    def edge(outside: float) -> float:
        if within(outside):
            return outside
        inside = seen
        for _ in range(200):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if within(middle) else (inside, middle)
        return inside

    return edge(0.0), edge(1.0)


def _normal(
    slip: Callable[[float, int, float], float], centre: Callable[[int, int, float], float]
) -> Mapping[str, Any]:
    def interval(correct: int, total: int, z: float = 1.96) -> tuple[float, float]:
        middle = centre(correct, total, z)
        half = slip(middle, total, z)
        return middle - half, middle + half

    return {"confidence_interval": interval}


def _share(correct: int, total: int, z: float) -> float:
    return correct / total


def _shrunk(correct: int, total: int, z: float) -> float:
    return (2 * correct + z * z) / (2 * (total + z * z))


def _textbook(p: float, total: float, z: float) -> float:
    return z * math.sqrt(p * (1 - p) / total)


def _width_around_the_share(correct: int, total: int, z: float = 1.96) -> tuple[float, float]:
    low, high = _by_bisection(correct, total, z)
    half = (high - low) / 2
    return correct / total - half, correct / total + half


def _changed(change: Callable[[float, float], Any]) -> Mapping[str, Any]:
    def interval(correct: int, total: int, z: float = 1.96) -> Any:
        return change(*_by_bisection(correct, total, z))

    return {"confidence_interval": interval}


@check.define(
    oracle={"confidence_interval": _by_bisection},
    mistakes=[
        Mistake(
            "textbook",
            _normal(_textbook, _share),
            "That is the interval of most textbooks, p ± z·√(p(1−p)/n). Try it on 10 right out "
            "of 10: it says that the network can never be wrong. Wilson's has p on both sides.",
        ),
        Mistake(
            "agresti_coull",
            _normal(lambda p, n, z: _textbook(p, n + z * z, z), _shrunk),
            "The centre is Wilson's, the width is not: you put the new centre into the old root. "
            "Solve the quadratic equation for p.",
        ),
        Mistake(
            "width_around_the_share",
            {"confidence_interval": _width_around_the_share},
            "The width is right and the centre is not: it lies a little towards one half.",
        ),
        Mistake(
            "no_root",
            _normal(lambda p, n, z: z * p * (1 - p) / n, _share),
            "p(1−p)/n is a variance. Which unit has z times it?",
        ),
        Mistake(
            "z_is_forgotten",
            {"confidence_interval": lambda correct, total, z=1.96: _by_bisection(correct, total)},
            "z is an argument. 1.96 is only what it is by default.",
        ),
        Mistake(
            "per_cent",
            _changed(lambda low, high: (100 * low, 100 * high)),
            "You return per cent. Wanted are fractions between 0 and 1.",
        ),
        Mistake(
            "high_first",
            _changed(lambda low, high: (high, low)),
            "Right, in the other order: the lower end comes first.",
        ),
    ],
)
def confidence_interval(rng: Generator) -> Iterator[Case]:
    """Accuracies that are compatible with so many right answers out of so many."""
    name, hint = "confidence_interval", "Square n·(seen − p)² = z²·p·(1 − p) out: a·p² + b·p + c."
    total = whole(rng, 800, 2000)
    correct = whole(rng, total // 2, total - 50)
    yield Case(
        "many images, z = 1.96 unless told", call(name, correct, total), hint, EXACT, weight=2
    )
    small = whole(rng, 5, 12)
    yield Case("few images", call(name, small - 1, small), hint, EXACT, weight=2)
    for right, title in ((0, "none right"), (small, "all right")):
        yield Case(f"{title}: one end stays away", call(name, right, small), hint, EXACT)
    z = round(uniform(rng, 1.0, 3.0), 3)
    yield Case("another z", call(name, correct, total, z), hint, EXACT, weight=2)


# Networks that nobody beats --------------------------------------------------------------------

Networks = dict[str, tuple[float, float]]


def landscape(rng: Generator, front: int, behind: int) -> tuple[Networks, list[str]]:
    """Networks (cost, score) in wild order, and those that make the front, cheapest first.

    Those behind are each made from one of the front: dearer, or worse, or both.
    """
    costs = sorted(whole(rng, 1, 999) * 1000 + place for place in range(front))
    scores = sorted(round(uniform(rng, 0.3, 0.9), 4) + place / 1e6 for place in range(front))
    best = {f"net{whole(rng, 100, 999)}-{place}": both for place, both in enumerate(
        zip(costs, scores, strict=True)
    )}  # fmt: skip
    found = dict(best)
    for number in range(behind):
        cost, score = list(best.values())[whole(rng, 0, front - 1)]
        dearer, worse = ((1, 0), (0, 1), (1, 1))[number % 3]
        found[f"old{whole(rng, 100, 999)}-{number}"] = (
            cost + dearer * whole(rng, 1, 500),
            score - worse * round(uniform(rng, 0.001, 0.2), 4),
        )
    order = sorted(found, key=lambda name: name[3:])
    return {name: found[name] for name in order}, list(best)


def front_of(function: Any, networks: dict[str, list[float]]) -> Any:
    """What the function says of networks that came as lists."""
    return function({name: (cost, score) for name, (cost, score) in networks.items()})


def front_case(title: str, networks: Networks, front: list[str], weight: float = 1.0) -> Case:
    """The front of these networks; ``front`` is known from how they were made."""
    shown = ", ".join(f"{n}: ({c:,}, {s:.4g})" for n, (c, s) in list(networks.items())[:4])
    rest = f" and {len(networks) - 4} more" if len(networks) > 4 else ""
    return Case(
        title,
        ask(front_of, "pareto_front", networks, text=f"pareto_front of {{{shown}{rest}}}"),
        "A network stays unless another one is at least as good in both numbers and better in "
        "one of them.",
        same(),
        front,
        weight,
    )


def _selected(
    beaten: Callable[[tuple[float, float], tuple[float, float]], bool],
    arrange: Callable[[Networks, list[str]], list[str]] | None = None,
) -> Mapping[str, Any]:
    """Those that no other beats in this (wrong) sense, in this order."""

    def front(networks: Networks) -> list[str]:
        kept = [
            name
            for name, mine in networks.items()
            if not any(beaten(mine, other) for other in networks.values())
        ]
        if arrange is not None:
            return arrange(networks, kept)
        return sorted(kept, key=lambda name: (networks[name][0], name))

    return {"pareto_front": front}


def _worse_in_both(mine: tuple[float, float], other: tuple[float, float]) -> bool:
    return other[0] < mine[0] and other[1] > mine[1]


def _truly(mine: tuple[float, float], other: tuple[float, float]) -> bool:
    return mine != other and max(other[0] - mine[0], mine[1] - other[1]) <= 0


def _without_equals(networks: Networks, kept: list[str]) -> list[str]:
    first = {networks[name]: name for name in sorted(kept, reverse=True)}
    return sorted(first.values(), key=lambda name: networks[name][0])


@check.define(
    oracle={},
    mistakes=[
        Mistake(
            "better_in_both_needed",
            _selected(_worse_in_both),
            "You drop a network only if another one is better in *both* numbers. At the same "
            "cost, would you take the worse one?",
        ),
        Mistake(
            "dear_is_good",
            _selected(lambda mine, other: mine != other and all(map(_at_least, other, mine))),
            "You look for high cost, too. Parameters are paid: fewer are better.",
        ),
        Mistake(
            "low_score_is_good",
            _selected(lambda mine, other: mine != other and all(map(_at_least, mine, other))),
            "You look for low scores. Accuracy is the better the higher.",
        ),
        Mistake(
            "only_the_best",
            _selected(lambda mine, other: other[1] > mine[1]),
            "You keep the most accurate network. A smaller one that is only a little worse has its "
            "place, too.",
        ),
        Mistake(
            "only_the_smallest",
            _selected(lambda mine, other: other[0] < mine[0]),
            "You keep the cheapest network. What would a dearer one have to offer to stay?",
        ),
        Mistake(
            "dearest_first",
            _selected(_truly, lambda networks, kept: sorted(
                kept, key=lambda name: (-networks[name][0], name))),
            "The right ones, from the other end: the cheapest comes first.",
        ),
        Mistake(
            "as_they_came",
            _selected(_truly, lambda networks, kept: kept),
            "The right ones, in the order in which they came. Wanted is: cheapest first.",
        ),
        Mistake(
            "equals_dropped",
            _selected(_truly, _without_equals),
            "Of two networks with the same two numbers you keep one. Neither beats the other.",
        ),
        Mistake(
            "equals_beat_each_other",
            {"pareto_front": lambda networks: [
                name for name in _selected(_truly)["pareto_front"](networks)
                if list(networks.values()).count(networks[name]) == 1
            ]},
            "Two networks with the same two numbers drop each other. Neither is better in "
            "anything.",
        ),
    ],
)  # fmt: skip
def pareto_front(rng: Generator) -> Iterator[Case]:
    """The networks that no other beats in cost and score at once, cheapest first."""
    yield front_case("a dozen networks", *landscape(rng, 5, 7), weight=2)
    networks, front = landscape(rng, 3, 6)
    yield front_case("nine others", networks, front, weight=2)
    cost, score = networks[front[1]]
    networks = {"twin": (cost, score), **networks}
    front = [front[0], *sorted([front[1], "twin"]), front[2]]
    title = "two with the same two numbers: both stay, by name"
    yield front_case(title, networks, front, weight=2)
    yield front_case("one network", {"alone": (7, 0.5)}, ["alone"], 0.25)


def _at_least(one: float, other: float) -> bool:
    return one >= other
