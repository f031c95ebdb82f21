"""Checks of `receptive_field`: how far one output sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, ask, same
from course.checks.inputs import whole
from course.labs.lab04_vgg.questions.formulas import kinds_of_fields, on_tables

from .book import check

Layers = Sequence[tuple[int, int]]


def _measured_field(layers: Layers) -> int:
    """Width of the stretch of inputs that one output of 1-d layers of ones depends on."""
    length = 1
    while True:
        x = torch.ones(1, 1, length, dtype=torch.float64, requires_grad=True)
        y = _through(layers, x)
        if y is not None:
            (slope,) = torch.autograd.grad(y[0, 0, 0], x)
            return int(slope[0, 0].nonzero().max()) + 1
        length *= 2


def _through(layers: Layers, x: Tensor) -> Tensor | None:
    for window, hop in layers:
        if x.shape[-1] < window:
            return None
        x = F.conv1d(x, torch.ones(1, 1, window, dtype=x.dtype) / window, stride=hop)
    return x


def _field_by(step: Callable[[int, int, int, int], tuple[int, int]]) -> Mapping[str, Any]:
    """A wrong field: ``step(field, jump, kernel, stride)`` gives the next field and jump."""

    def field(layers: Layers) -> int:
        size, jump = 1, 1
        for window, hop in layers:
            size, jump = step(size, jump, window, hop)
        return size

    return {"receptive_field": field}


ALEXNET = ((11, 4), (3, 2), (5, 1), (3, 2), (3, 1), (3, 1), (3, 1), (3, 2))


FIELD_MISTAKES = [
    Mistake(
        "kernels_added",
        _field_by(lambda f, j, k, s: (f + k * j, j * s)),
        "Two windows that lie next to each other overlap. A kernel of 3 adds two pixels to "
        "what the layer before sees, one on each side.",
    ),
    Mistake(
        "kernels_multiplied",
        _field_by(lambda f, j, k, s: (f * k, j)),
        "Draw two 3×3 layers on squared paper: how many pixels does one output see? Not 9.",
    ),
    Mistake(
        "strides_ignored",
        _field_by(lambda f, j, k, s: (f + k - 1, j)),
        "Right as long as every stride is 1. After a layer with stride 2, by how many input "
        "pixels do two neighbouring outputs lie apart?",
    ),
    Mistake(
        "own_stride_first",
        _field_by(lambda f, j, k, s: (f + (k - 1) * j * s, j * s)),
        "A layer's own stride does not widen its own window, only the windows after it.",
    ),
    Mistake(
        "last_stride_only",
        _field_by(lambda f, j, k, s: (f + (k - 1) * j, s)),
        "You use the stride of the layer just before. All strides before count, together.",
    ),
    Mistake(
        "read_backwards",
        {"receptive_field": lambda layers: _measured_field(tuple(reversed(layers)))},
        "You read the list from the wrong end: the first layer is the one at the image.",
    ),
]


def _layers(
    rng: Generator,
    depth: int = 4,
    kernels: tuple[int, int] = (2, 5),
    strides: tuple[int, int] = (1, 3),
) -> tuple[list[tuple[int, int]]]:
    return ([(whole(rng, *kernels), whole(rng, *strides)) for _ in range(depth)],)


CONTRACT = Function(
    _layers,
    edges={
        "one layer": {"depth": 1},
        "even kernels": {"kernels": (2, 2), "strides": (2, 3)},
        "kernels of 1 with strides": {"depth": 5, "kernels": (1, 2), "strides": (2, 3)},
    },
    judge=same(),
    hints={
        "kernels of 1 with strides": "A kernel of 1 adds nothing to the field. Its stride counts "
        "for the layers above all the same.",
    },
)


@check.define(
    oracle={"receptive_field": _measured_field}, mistakes=FIELD_MISTAKES, contract=CONTRACT
)
def receptive_field(rng: Generator) -> Iterator[Case]:
    """How many pixels, along one side, can change one output."""
    hint = "How many steps of the input does one more pixel of the window cost, layer by layer?"
    plain = [[(3, 1)] * depth for depth in (1, 2, 3)] + [[(5, 1)], [(7, 1)], []]
    yield Case(
        "stacks with stride 1",
        ask(
            on_tables,
            "receptive_field",
            plain,
            text="one, two and three 3×3; one 5×5; one 7×7; no layer at all",
        ),
        hint,
        same(),
        weight=2,
    )
    for number in (3, 5):
        table = strided(rng, number)
        tried = f"receptive_field({table})"
        probe = ask(on_tables, "receptive_field", [table], text=tried)
        yield Case(f"{number} layers with strides", probe, hint, same(), weight=2)
    yield _with_ones(rng)
    whole_hint = "A number of pixels is an int."
    probe = ask(
        kinds_of_fields, "receptive_field", plain[:3], text="the types of what came at first"
    )
    yield Case(
        "whole numbers come out",
        probe,
        {"values": whole_hint, "type": whole_hint},
        same(),
        weight=0.5,
    )
    probe = ask(on_tables, "receptive_field", [ALEXNET], text="AlexNet's layers up to pool 5")
    yield Case("AlexNet up to its last pooling", probe, hint, same())


def _with_ones(rng: Generator) -> Case:
    """A kernel of 1 whose stride counts, whatever is drawn."""
    first, last = (whole(rng, 2, 5), whole(rng, 1, 2)), (whole(rng, 2, 5), 1)
    table = [first, (1, whole(rng, 2, 3)), last]
    hint = "A kernel of 1 adds nothing to the field. Its stride counts for the layers above."
    probe = ask(on_tables, "receptive_field", [table], text=f"receptive_field({table})")
    return Case("a kernel of 1 with a stride", probe, hint, same())


def strided(rng: Generator, layers: int) -> list[tuple[int, int]]:
    """Kernels from 2 to 5 and strides from 1 to 3, of which no two known mistakes say the same."""
    functions = [_measured_field, *(one.objects["receptive_field"] for one in FIELD_MISTAKES)]
    while True:
        table = [(whole(rng, 2, 5), whole(rng, 1, 3)) for _ in range(layers)]
        table[0], table[-1] = (whole(rng, 3, 5), 2), (2, 3)
        if len({function(table) for function in functions}) == len(functions):
            return table


@check.hidden("receptive_field")
def four_tables(rng: Generator) -> Iterator[Case]:
    tables = [strided(rng, whole(rng, 3, 6)) for _ in range(4)]
    text = f"receptive_field of {tables}"
    yield Case(
        "four tables", ask(on_tables, "receptive_field", tables, text=text), judge=same(), weight=3
    )
    yield _with_ones(rng)
