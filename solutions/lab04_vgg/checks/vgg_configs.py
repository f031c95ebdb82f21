"""Checks of `VGG_CONFIGS`: six networks as data.

The student's side holds seals of the columns, since a copy of the table is the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch import Generator

from autograde.authoring.checks import Mistake
from course.checks import Case, ask
from course.checks.inputs import whole
from course.labs.lab04_vgg.questions.table import AsInTheTable, seals, told

from .book import check
from .columns import NAMES, WIDTHS, Entry, column_of


def _columns(change: Callable[[str, list[Entry]], list[Entry]]) -> Mapping[str, Any]:
    return {"VGG_CONFIGS": {name: change(name, column_of(name)) for name in NAMES}}


def _without(*kinds: str) -> Callable[[str, list[Entry]], list[Entry]]:
    return lambda name, column: [entry for entry in column if entry not in kinds]


def _three_by_three(name: str, column: list[Entry]) -> list[Entry]:
    return [entry[0] if isinstance(entry, tuple) else entry for entry in column]


def _ones_first(name: str, column: list[Entry]) -> list[Entry]:
    """Column C with the 1×1 at the front of its stage."""
    if name != "C":
        return column
    stages = [[w, w] for w in WIDTHS[:2]] + [[(w, 1), w, w] for w in WIDTHS[2:]]
    return [entry for stage in stages for entry in [*stage, "M"]]


@check.define(
    constant=True,
    oracle=_columns(lambda name, column: column),
    mistakes=[
        Mistake(
            "C_with_3x3",
            _columns(_three_by_three),
            "Column C is as deep as D, but its extra convolutions look at one pixel only.",
        ),
        Mistake(
            "ones_first",
            _columns(_ones_first),
            "The 1×1 of column C is the last convolution of its stage, not the first.",
        ),
        Mistake(
            "no_LRN",
            _columns(_without("LRN")),
            "A-LRN is A with one local response normalisation. Where does the table have it?",
        ),
        Mistake(
            "last_pool_missing",
            _columns(lambda name, column: column[:-1]),
            "There are five poolings: 224 → 112 → 56 → 28 → 14 → 7. The last one follows the "
            "last convolution.",
        ),
        Mistake(
            "LRN_last",
            _columns(
                lambda name, column: (
                    [*column_of("A"), "LRN"] if name == "A-LRN" else column  # at the far end
                )
            ),
            "The normalisation stands after the first convolution.",
        ),
    ],
)
def VGG_CONFIGS(rng: Generator) -> Iterator[Case]:
    """Six columns of the paper's table 1, as data."""
    hints = {
        "C": "Compare with B: what do the stages 3, 4 and 5 have more?",
        "A-LRN": "One entry more than column A.",
        "E": "19 layers with weights, three of them fully connected: 16 convolutions.",
    }
    for name in NAMES:
        hint = hints.get(name, "Read the column from the top, one entry for each row.")
        yield _column(name, f"column {name}", hint, weight=2 if name in ("A-LRN", "C") else 1)


def _column(name: str, title: str, hint: str = "", weight: float = 1.0) -> Case:
    probe = ask(told, "VGG_CONFIGS", name, text=f'VGG_CONFIGS["{name}"]')
    expected = seals(name, told({name: column_of(name)}, name))
    return Case(title, probe, hint, AsInTheTable(name), expected, weight)


@check.hidden("VGG_CONFIGS")
def one_again(rng: Generator) -> Iterator[Case]:
    name = ("A-LRN", "C", "E")[whole(rng, 0, 2)]
    yield _column(name, f"column {name} again")
