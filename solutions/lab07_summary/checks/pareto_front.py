"""Checks of `pareto_front`: which networks nobody beats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Generator

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, ask, same
from course.checks.inputs import between, whole
from course.labs.lab07_summary.questions import front_of

from .book import check

Networks = dict[str, tuple[float, float]]


def landscape(rng: Generator, front: int, behind: int) -> tuple[Networks, list[str]]:
    """Networks (cost, score) in wild order, and those that make the front, cheapest first.

    Those behind are each made from one of the front: dearer, or worse, or both. So that wrong
    senses of better can be told apart, one is made from the dearest and one from the cheapest.
    """
    names = [f"net{number}" for number in (torch.randperm(900, generator=rng) + 100).tolist()]
    costs = sorted(whole(rng, 1, 999) * 1000 + place for place in range(front))
    scores = sorted(round(between(rng, 0.3, 0.9, 4) + place / 1e6, 6) for place in range(front))
    best = list(zip(costs, scores, strict=True))
    found: Networks = dict(zip(names, best, strict=False))
    for number, name in enumerate(names[front : front + behind]):
        place = (front - 1, 0)[number] if number < 2 else whole(rng, 0, front - 1)
        dearer, worse = (1, 1) if number < 2 else ((1, 0), (0, 1), (1, 1))[number % 3]
        cost, score = best[place]
        less = score - worse * between(rng, 0.001, 0.2, 4)
        found[name] = (cost + dearer * whole(rng, 1, 500), round(less, 6))
    return {name: found[name] for name in sorted(found)}, names[:front]


def front_case(title: str, networks: Networks, front: list[str], weight: float = 1.0) -> Case:
    """The front of these networks; ``front`` is known from how they were made."""
    shown = ", ".join(f"{n}: ({c:,}, {s:.4g})" for n, (c, s) in list(networks.items())[:4])
    rest = f" and {len(networks) - 4} more" if len(networks) > 4 else ""
    listed = {name: list(both) for name, both in networks.items()}
    return Case(
        title,
        ask(front_of, "pareto_front", listed, text=f"pareto_front of {{{shown}{rest}}}"),
        {
            "values": "A network stays unless another one is at least as good in both numbers and "
            "better in one of them.",
            "order": "The right ones, in another order: the cheapest first, and among equals by "
            "name.",
        },
        same(),
        {"front": front, "networks afterwards": [[n, *both] for n, both in networks.items()]},
        weight,
    )


def _special(rng: Generator, kind: str = "") -> tuple[Networks]:
    """A few networks of which something is special."""
    networks, front = landscape(rng, 3, 4)
    if kind in ("none", "one"):
        return ({name: networks[name] for name in front[: int(kind == "one")]},)
    if kind == "below zero":  # such as the logarithm of a likelihood
        return ({n: (c, round(score - 2.5, 6)) for n, (c, score) in networks.items()},)
    if kind == "costs below zero":  # such as the logarithm of a time
        dearest = max(cost for cost, _ in networks.values())
        return ({n: (cost - dearest - 1, score) for n, (cost, score) in networks.items()},)
    if kind == "scores of nothing":
        names = sorted(networks)
        costs = [whole(rng, 10 * place + 1, 10 * place + 9) for place in range(len(names))]
        return ({n: (c, 0.0) for n, c in zip(reversed(names), costs, strict=True)},)
    if kind == "for nothing":
        return ({front[2]: (0, networks[front[0]][1]), **networks, front[0]: (0, 0.0)},)
    if kind == "three alike":
        cost, score = networks[front[1]]
        return ({"c": (cost, score), **networks, "b": (cost, score), "a": (cost + 1, score)},)
    if kind == "beaten twins":
        cost, score = networks[front[2]]
        twins = dict.fromkeys(("u", "t"), (cost + 5, score))
        return ({**twins, **networks, "s": (cost, round(score - 0.001, 6))},)
    if kind == "near":
        cost, score = networks[front[1]]
        return ({"y": (cost + 1, round(score + 1e-6, 8)), "x": (cost, score - 1e-6), **networks},)
    if kind == "fractions":  # costs in GFLOPs
        return ({n: (c / 1e6, score) for n, (c, score) in networks.items()},)
    return (networks,)


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
    contract=Function(
        _special,
        edges={
            "no networks": {"kind": "none"},
            "one network": {"kind": "one"},
            "scores below zero": {"kind": "below zero"},
            "costs below zero": {"kind": "costs below zero"},
            "scores of 0": {"kind": "scores of nothing"},
            "a network for nothing": {"kind": "for nothing"},
            "three alike": {"kind": "three alike"},
            "twins that are beaten": {"kind": "beaten twins"},
            "a difference of a millionth": {"kind": "near"},
            "costs that are fractions": {"kind": "fractions"},
        },
        judge=same(),
    ),
    mistakes=[
        Mistake(
            "better_in_both_needed",
            _selected(_worse_in_both),
            "You keep a network that another one beats in one number and equals in the other. At "
            "the same cost, would you take the worse one? At the same score, the dearer one?",
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
            "equals_as_they_came",
            _selected(_truly, lambda networks, kept: sorted(
                kept, key=lambda name: networks[name][0])),
            "The right ones. Those with the same two numbers stand as they came: wanted is by "
            "name.",
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
    yield front_case("a dozen networks", *landscape(rng, 7, 5), weight=2)
    networks, front = landscape(rng, 4, 5)
    yield front_case("nine others", networks, front, weight=2)
    cost, score = networks[front[1]]
    networks = {"twin": (cost, score), **networks}
    front = [front[0], *sorted([front[1], "twin"]), *front[2:]]
    title = "two with the same two numbers: both stay, by name"
    yield front_case(title, networks, front, weight=2)
    networks = {"large": (900, 0.7), "small": (70, 0.5)}
    both = front_case("two, each with its strength", networks, ["small", "large"], 0.25)
    yield replace(both, hint="Neither beats the other, so both stay: the cheaper one first.")


def _at_least(one: float, other: float) -> bool:
    return one >= other


@check.hidden("pareto_front")
def larger_fronts(rng: Generator) -> Iterator[Case]:
    yield front_case("forty networks", *landscape(rng, 12, 28))
    cost = float(whole(rng, 2, 9))
    equals: Networks = dict.fromkeys(("b", "C", "a", "B"), (cost, 0.5))
    yield front_case("equals of small and large letters", equals, ["B", "C", "a", "b"], 0.5)
    networks, front = landscape(rng, 6, 0)
    yield front_case("all of them stay", networks, front, weight=0.25)
