"""Checks of `c3_connections`: which maps of S2 each map of C3 sees; sealed, as a constant.

A kind of groups alone has so few possible values that its seal could be broken by trying them:
the three of four maps are 15³. Here the smaller half has 20³ · 15³.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from course.checks import Case, ask
from course.labs.lab02_lenet.judges import Sealed, seal
from course.labs.lab02_lenet.questions.functions import rows_of

from .book import check

MAPS_IN = 6
WIRED = "7 e 1c 38 31 23 f 1e 3c 39 33 27 1b 36 2d 3f"  # one bit for each connected input map
HALVES = {  # maps of C3, and the weight of their case
    "groups that start at map 0, 1 or 2": ((0, 1, 2, 6, 7, 8, 12, 13, 14), 2),
    "groups that start at map 3, 4 or 5, and all six": ((3, 4, 5, 9, 10, 11, 15), 3),
}


def wired(code: str = WIRED) -> Tensor:
    """Which input map feeds which output map: ``(16, 6)``, 0 or 1, int64."""
    bits = torch.tensor([int(one, 16) for one in code.split()])
    return (bits[:, None] >> torch.arange(MAPS_IN)) & 1


def _groups(table: Tensor) -> list[list[int]]:
    return [row.nonzero().flatten().tolist() for row in table]


def _wrong_groups(rows: Callable[[], Sequence[Sequence[int]]]) -> dict[str, Any]:
    return {"c3_connections": rows}


def in_row(size: int, count: int) -> list[list[int]]:
    """Groups of ``size`` neighbours that do not wrap, the last ones cut off at the edge."""
    return [list(range(start, min(start + size, MAPS_IN))) for start in range(count)]


RIGHT = _groups(wired())


@check.define(
    constant=True,
    oracle={"c3_connections": lambda: RIGHT},
    mistakes=[
        Mistake(
            "cut_at_the_edge",
            _wrong_groups(lambda: [*in_row(3, 6), *in_row(4, 6), *RIGHT[12:]]),
            "After map 5 comes map 0: the six maps stand in a circle.",
        ),
        Mistake(
            "counted_from_one",
            _wrong_groups(lambda: [[one + 1 for one in row] for row in RIGHT]),
            "You count the maps from 1. The network's maps are numbered 0 to 5.",
        ),
        Mistake(
            "every_other",
            _wrong_groups(
                lambda: [*RIGHT[:12], [0, 2, 4, 5], [0, 1, 3, 5], [1, 2, 3, 5], RIGHT[15]]
            ),
            "The three are pairs of neighbours with one map left out between the pairs, on both "
            "sides. Draw the circle.",
        ),
        Mistake(
            "pairs_out_of_order",
            _wrong_groups(lambda: [*RIGHT[:12], RIGHT[14], *RIGHT[12:14], RIGHT[15]]),
            "The right three, in another order: the first one begins with map 0 and map 1.",
        ),
        Mistake(
            "all_connected",
            _wrong_groups(lambda: [list(range(6))] * 16),
            "Everything is connected to everything. Read the rule again.",
        ),
    ],
)
def c3_connections(rng: Generator) -> Iterator[Case]:
    """Which maps of S2 each map of C3 sees."""
    for title, (rows, weight) in HALVES.items():
        text = f"c3_connections(), its groups {', '.join(map(str, rows))}, each sorted"
        yield Case(
            title,
            ask(rows_of, "c3_connections", *rows, text=text),
            "Put the maps 0 to 5 on a circle and read the groups off it: three neighbours, four, "
            "two pairs.",
            Sealed("the groups of the rule above"),
            seal([RIGHT[row] for row in rows]),
            weight=weight,
        )
