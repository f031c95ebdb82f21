"""Checks of `lenet5_table`: parameters and connections, sealed, for they are constants.

Two layers share a seal: a layer's numbers alone, most of all where both are the same, could be
found by trying.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Generator

from autograde.authoring.checks import Mistake
from course.checks import Case, ask
from course.labs.lab02_lenet.judges import Sealed, seal
from course.labs.lab02_lenet.questions.functions import layers_of, pairs_of

from .book import check

TABLE = {
    "C1": (156, 122_304),
    "S2": (12, 5_880),
    "C3": (1_516, 151_600),
    "S4": (32, 2_000),
    "C5": (48_120, 48_120),
    "F6": (10_164, 10_164),
}


STEPS = (("C1", "S2"), ("C3", "S4"), ("C5", "F6"))


def _wrong_table(**rows: tuple[int, int]) -> dict[str, Any]:
    return {"lenet5_table": lambda: TABLE | rows}


@check.define(
    constant=True,
    oracle={"lenet5_table": lambda: TABLE},
    mistakes=[
        Mistake(
            "biases_not_connected",
            _wrong_table(
                C1=(156, 117_600), S2=(12, 4_704), C3=(1_516, 150_000), S4=(32, 1_600),
                C5=(48_120, 48_000), F6=(10_164, 10_080),
            ),
            "The paper counts the line from the constant 1 to a unit, its bias, as a connection.",
        ),
        Mistake(
            "one_line_for_four",
            _wrong_table(S2=(12, 2_352), S4=(32, 800)),
            "The four inputs share one coefficient, and yet they are four lines into the unit.",
        ),
        Mistake(
            "dense_c3",
            _wrong_table(C3=(2_416, 241_600)),
            "In C3 not every map sees every other. Count the connections of the table.",
        ),
        Mistake(
            "four_weights",
            _wrong_table(S2=(30, 5_880), S4=(80, 2_000)),
            "The four inputs of a subsampling unit share one coefficient.",
        ),
        Mistake(
            "size_of_the_input",
            _wrong_table(C1=(156, 159_744), C3=(1_516, 297_136)),
            "You multiply by the places of the input. The kernel has fewer: see conv_output_size.",
        ),
        Mistake(
            "size_of_the_input_of_s",
            _wrong_table(S2=(12, 23_520), S4=(32, 8_000)),
            "You count the units of the layer before. After subsampling a quarter is left.",
        ),
    ],
)  # fmt: skip
def lenet5_table(rng: Generator) -> Iterator[Case]:
    """Parameters and connections of each layer, as in the paper."""
    for layers in STEPS:
        title = " and ".join(layers)
        yield Case(
            f"{title}: parameters and connections",
            ask(pairs_of, "lenet5_table", *layers, text=f"lenet5_table(), {title}"),
            "Take one unit of the layer: how many lines run into it, the one from the constant "
            "included? How many units are there, and how many of them share weights?",
            Sealed("the two numbers that the paper states for each"),
            seal({layer: [*TABLE[layer]] for layer in layers}),
        )
    yield Case(
        "six layers, whose parameters add up to 60,000",
        ask(layers_of, "lenet5_table", text="lenet5_table(): its keys, and all its parameters"),
        "Six keys, as the docstring writes them, and nothing else: no sum, no output layer. And "
        "counts are whole numbers by their type, too.",
        Sealed("C1, S2, C3, S4, C5 and F6, and 60,000 parameters in all, in whole numbers"),
        seal(
            {
                "layers": sorted(TABLE),
                "parameters": sum(one for one, _ in TABLE.values()),
                "types": ["int"],
            }
        ),
        0.5,
    )
