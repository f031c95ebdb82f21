"""Fronts in other words, and with one slip."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .book import answers

EXERCISE = "pareto_front"
Pair = tuple[float, float]
Networks = dict[str, Pair]


def by_double_loop(networks: Networks) -> list[str]:
    found = []
    for name, mine in networks.items():
        if all(o == mine or o[0] > mine[0] or o[1] < mine[1] for o in networks.values()):
            found.append(name)
    return sorted(found, key=lambda n: (networks[n][0], n))


def by_cost(networks: Networks) -> list[str]:
    front, best = [], float("-inf")
    for cost in sorted({cost for cost, _ in networks.values()}):
        score = max(s for c, s in networks.values() if c == cost)
        if score > best:
            best = score
            front += sorted(n for n, both in networks.items() if both == (cost, score))
    return front


def by_removal(networks: Networks) -> tuple[str, ...]:
    left = dict(networks)
    for one in networks:
        for other in networks:
            (a, b), (c, d) = networks[one], networks[other]
            if (a < c and b >= d) or (a <= c and b > d):
                left.pop(other, None)
    return tuple(sorted(sorted(left), key=lambda n: left[n][0]))


def by_groups(networks: Networks) -> list[str]:
    """Names by pair first, so that equals are one."""
    names: dict[Pair, list[str]] = {}
    for name in sorted(networks):
        names.setdefault(networks[name], []).append(name)
    front: list[str] = []
    for pair in sorted(names):
        if not any(o[0] <= pair[0] and o[1] >= pair[1] for o in names if o != pair):
            front.extend(names[pair])
    return front


def by_sorting(networks: Networks) -> list[str]:
    rows = sorted((cost, -score, name) for name, (cost, score) in networks.items())
    front: list[str] = []
    last: tuple[float, float] | None = None
    for cost, minus, name in rows:
        if last is None or minus < last[1] or (cost, minus) == last:
            last = (cost, minus)
            front.append(name)
    return front


for says, right in {
    "everybody against everybody": by_double_loop,
    "cost by cost": by_cost,
    "by taking away, as a tuple": by_removal,
    "equals as one": by_groups,
    "sorted once": by_sorting,
}.items():
    answers.right(EXERCISE, says, right)


def slip(change: str) -> Any:
    return answers.changed(EXERCISE, change)


START = (
    '- best = (0.0, float("-inf"))  # the last pair of numbers that was better than all cheaper '
)
START += "ones\n+ "
ORDER = "- for name in sorted(networks, key=lambda one: (networks[one][0], -networks[one][1], "
ORDER += "one)):\n+ for name in sorted(networks, key=lambda one: "
BETTER = "- if networks[name][1] > best[1] or networks[name] == best:\n+ if "
for says, change in {
    "scores begin above zero": f"{START}best = (0.0, 0.0)",
    "scores begin at minus one": f"{START}best = (0.0, -1.0)",
    "a score as good is enough": f"{BETTER}networks[name][1] >= best[1]:",
    "equals dropped": f"{BETTER}networks[name][1] > best[1]:",
    "never the best again": "- best = networks[name]\n+ best = best if front else networks[name]",
    "the worse first at one cost": f"{ORDER}(networks[one][0], networks[one][1], one)):",
    "no order at one cost": f"{ORDER}networks[one][0]):",
    "equals as they come": f"{ORDER}(networks[one][0], -networks[one][1])):",
    "names from z to a": f"{ORDER}(networks[one][0], -networks[one][1], [-ord(c) for c in one])):",
    "by name": f"{ORDER}one):",
    "by score": f"{ORDER}(-networks[one][1], networks[one][0], one)):",
    "best first": "- return front\n+ return front[::-1]",
    "in alphabetical order": "- return front\n+ return sorted(front)",
    "names with their numbers": "- return front\n+ return [(name, networks[name]) for name in "
    "front]",
    "a dict": "- return front\n+ return {name: networks[name] for name in front}",
    "one text": "- return front\n+ return ', '.join(front)",
    "without the dearest": "- return front\n+ return front[:-1] if len(front) > 1 else front",
    "without the cheapest": "- return front\n+ return front[1:] if len(front) > 1 else front",
    "five at most": "- return front\n+ return front[:5]",
    "nothing for nothing": "- return front\n+ return front or None",
    "fails for nothing": "- front: list[str] = []\n+ front = [min(networks, key=lambda n: "
    "(networks[n][0], -networks[n][1], n))][:0]",
    "two of equals at most": "- return front\n+ return [n for n in front if [networks[m] for m in "
    "front].count(networks[n]) < 3]",
    "whole scores": f"{BETTER}int(100 * networks[name][1]) > (int(100 * best[1]) if front else "
    "-10**9) or networks[name] == best:",
    "costs in thousands": f"{ORDER}(networks[one][0] // 1000, -networks[one][1], one)):",
    "the input taken to pieces": "- return front\n+ for name in list(networks):\n+     _ = "
    "networks.pop(name) if name not in front else None\n+ return front",
    "a list that grows": "- front: list[str] = []\n+ front = pareto_front.__dict__.setdefault("
    "'kept', [])",
}.items():
    answers.wrong(EXERCISE, says, slip(change))


def grows() -> Callable[[Networks], list[str]]:
    def pareto_front(networks: Networks, front: list[str] = []) -> list[str]:  # noqa: B006
        front += by_double_loop(networks)
        return front

    return pareto_front


def beaten_leave_at_once(networks: Networks) -> list[str]:
    """Sorts the caller's own dict."""
    rows = sorted(networks.items(), key=lambda row: (row[1][0], row[0]))
    networks.clear()
    networks.update(rows)
    return by_double_loop(networks)


def hull(networks: Networks) -> list[str]:
    """Only what a straight line between two others does not beat."""
    front = by_double_loop(networks)
    return [
        name
        for at, name in enumerate(front)
        if not any(_below(networks, front[i], name, front[j])
                   for i in range(at) for j in range(at + 1, len(front)))
    ]  # fmt: skip


def _below(networks: Networks, low: str, name: str, high: str) -> bool:
    (a, s), (b, t), (c, u) = networks[low], networks[name], networks[high]
    return a < b < c and t < s + (u - s) * (b - a) / (c - a)


def as_a_set(networks: Networks) -> Iterable[str]:
    return set(by_double_loop(networks))


def of_neighbours(networks: Networks) -> list[str]:
    rows = sorted(networks, key=lambda n: (networks[n][0], -networks[n][1], n))
    pairs = zip([None, *rows], rows, strict=False)
    return [n for p, n in pairs if p is None or networks[n][1] > networks[p][1]
            or networks[n] == networks[p]]  # fmt: skip


def ratio(networks: Networks) -> list[str]:
    ranked = sorted(networks, key=lambda n: networks[n][1] / (networks[n][0] or 1), reverse=True)
    return sorted(ranked[:3], key=lambda n: networks[n][0])


for says, wrong in {
    "a default that is a list": grows(),
    "the caller's dict sorted": beaten_leave_at_once,
    "the convex hull": hull,
    "as a set": as_a_set,
    "only neighbours compared": of_neighbours,
    "score by cost": ratio,
    "everybody": lambda networks: sorted(networks, key=lambda n: (networks[n][0], n)),
    "nobody": lambda networks: [],
    "the input back": lambda networks: networks,
    "names as they came": lambda networks: list(networks),
}.items():
    answers.wrong(EXERCISE, says, wrong)

answers.wrong(
    EXERCISE,
    "equals in the order of the dict",
    lambda networks: sorted(
        (n for n in networks if n in by_double_loop(networks)), key=lambda n: networks[n][0]
    ),
    mistake="equals_as_they_came",
    at_most=0.85,
)

WHY = "a pair's last number is its second"
LOOP = "for name in sorted(networks, key=lambda one: (networks[one][0], -networks[one][{}], one)):"
answers.equivalent(EXERCISE, f"- {LOOP.format(1)}\n+ {LOOP.format(-1)}", WHY)
IF = "if networks[name][{}] > best[{}] or networks[name] == best:"
for places in ((-1, 1), (1, -1)):
    answers.equivalent(EXERCISE, f"- {IF.format(1, 1)}\n+ {IF.format(*places)}", WHY)

answers.wrong(
    EXERCISE,
    "equals by name, whatever the size of its letters",
    lambda networks: sorted(by_double_loop(networks), key=lambda n: (networks[n][0], n.lower())),
    unseen=True,
)


def beaten_by_what_costs(networks: Networks) -> list[str]:
    free = {n: pair for n, pair in networks.items() if pair[0] <= 0}
    kept = {*by_double_loop({n: p for n, p in networks.items() if n not in free}), *free}
    return sorted(kept, key=lambda n: (networks[n][0], n))


answers.wrong(EXERCISE, "what costs nothing beats nobody", beaten_by_what_costs)
