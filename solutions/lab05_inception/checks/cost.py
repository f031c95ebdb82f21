"""Checks of `inception_cost`: multiplications of a block, with and without 1×1 reductions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator
from torch.utils.flop_counter import FlopCounterMode

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, ask, same
from course.checks.inputs import whole
from course.labs.lab05_inception.paper import Spec
from course.labs.lab05_inception.questions import COSTS, cost_of, costs

from .book import check, large_spec, small_spec

NAME = "inception_cost"
Convolution = tuple[int, int, int]  # channels in, channels out, kernel


def convolutions(in_channels: int, spec: Spec, reduced: bool) -> list[Convolution]:
    """The block's convolutions as the paper's figure 2 draws them, (b) if reduced, else (a)."""
    first = (in_channels, spec.n1x1, 1)
    if not reduced:
        return [first, (in_channels, spec.n3x3, 3), (in_channels, spec.n5x5, 5)]
    middle = [(in_channels, spec.n3x3_reduce, 1), (spec.n3x3_reduce, spec.n3x3, 3)]
    large = [(in_channels, spec.n5x5_reduce, 1), (spec.n5x5_reduce, spec.n5x5, 5)]
    return [first, *middle, *large, (in_channels, spec.pool_proj, 1)]


def _by_torch(in_channels: int, spec: Spec, height: int, width: int) -> dict[str, int]:
    """torch's FLOP counter on the meta device; it counts two for a multiply-add."""
    found = {}
    for key in COSTS:
        with FlopCounterMode(display=False) as counter, torch.device("meta"):
            for into, out, side in convolutions(in_channels, spec, key == "reduced"):
                maps = torch.empty(1, into, height, width)
                F.conv2d(maps, torch.empty(out, into, side, side), padding=side // 2)
        found[key] = int(counter.get_total_flops()) // 2
    return found


def _counting(
    one: Callable[[Convolution, int], int] | None = None,
    naive: Callable[[int, Spec], list[Convolution]] | None = None,
    reduced: Callable[[int, Spec], list[Convolution]] | None = None,
    extra: Callable[[int, int], int] = lambda channels, places: 0,
) -> Mapping[str, Any]:
    """A count that goes wrong: in one convolution, in the list of them, or by an extra."""

    def products(layer: Convolution, places: int) -> int:
        into, out, side = layer
        return places * side * side * into * out

    def cost(in_channels: int, spec: Spec, height: int, width: int) -> dict[str, int]:
        lists = {
            "naive": (naive or (lambda c, s: convolutions(c, s, False)))(in_channels, spec),
            "reduced": (reduced or (lambda c, s: convolutions(c, s, True)))(in_channels, spec),
        }
        places = height * width
        more = extra(in_channels, places)
        return {k: more + sum((one or products)(c, places) for c in v) for k, v in lists.items()}

    return {NAME: cost}


def _fives_as_threes(reduced: bool) -> Callable[[int, Spec], list[Convolution]]:
    return lambda channels, spec: [
        (into, out, min(side, 3)) for into, out, side in convolutions(channels, spec, reduced)
    ]


def _exchanged(in_channels: int, spec: Spec, height: int, width: int) -> dict[str, int]:
    right = _counting()[NAME](in_channels, spec, height, width)
    return dict(zip(COSTS, reversed([right[key] for key in COSTS]), strict=True))


def _arguments(rng: Generator, H: int = 3, W: int = 5) -> tuple[Any, ...]:
    return whole(rng, 100, 900), large_spec(rng), H, W


@check.define(
    contract=Function(
        _arguments,
        edges={"one pixel": {"H": 1, "W": 1}, "one column": {"H": 9, "W": 1}},
        adapter=costs,
        judge=same(),
        counts=True,
        share=0.2,
    ),
    oracle={NAME: _by_torch},
    mistakes=[
        Mistake(
            "additions_too",
            _counting(lambda layer, places: 2 * places * layer[0] * layer[1] * layer[2] ** 2),
            "You count additions as well. Here only multiplications count.",
        ),
        Mistake(
            "with_biases",
            _counting(lambda c, places: places * c[1] * (c[0] * c[2] ** 2 + 1)),
            "A bias is added, not multiplied.",
        ),
        Mistake(
            "one_place",
            _counting(lambda layer, places: layer[0] * layer[1] * layer[2] ** 2),
            "These are the weights. Each of them multiplies once at every place of the map.",
        ),
        Mistake(
            "kernel_once",
            _counting(lambda layer, places: places * layer[0] * layer[1] * layer[2]),
            "A kernel has two sides.",
        ),
        Mistake(
            "inputs_forgotten",
            _counting(lambda layer, places: places * layer[1] * layer[2] ** 2),
            "Each output number reads all channels that come in.",
        ),
        Mistake(
            "naive_projects",
            _counting(naive=lambda c, s: [*convolutions(c, s, False), (c, s.pool_proj, 1)]),
            "In the naive block (figure 2a) the pooled maps go out as they are.",
        ),
        Mistake(
            "free_reductions",
            _counting(
                reduced=lambda c, s: [
                    layer
                    for place, layer in enumerate(convolutions(c, s, True))
                    if place not in (1, 3)
                ]
            ),
            "The 1×1 reductions have multiplications of their own.",
        ),
        Mistake(
            "no_projection",
            _counting(reduced=lambda c, s: convolutions(c, s, True)[:-1]),
            "In the block with reductions a 1×1 convolution follows the pooling.",
        ),
        Mistake(
            "three_in_five",
            _counting(naive=_fives_as_threes(False), reduced=_fives_as_threes(True)),
            "The large kernel is 5×5 here. (torchvision's GoogLeNet has 3×3 in its place.)",
        ),
        Mistake(
            "pooling_counted",
            _counting(extra=lambda channels, places: 9 * channels * places),
            "Max-pooling compares. It multiplies nothing.",
        ),
        Mistake(
            "exchanged",
            {NAME: _exchanged},
            "This is the other of the two numbers. Are they exchanged, or both the same?",
        ),
    ],
)
def inception_cost(rng: Generator) -> Iterator[Case]:
    """Multiplications of one block for one image, naive and with reductions."""
    small = whole(rng, 3, 7), small_spec(rng), whole(rng, 2, 3), whole(rng, 4, 5)
    yield from _both(rng, "a small block, to count by hand", small)
    yield from _both(rng, "a block as in the paper", _drawn(rng, square=True))
    yield from _both(rng, "maps that are no squares", _drawn(rng))


HINTS = {
    "naive": "List the three convolutions of figure 2(a) with channels in, channels out and "
    "kernel. Each: output numbers × products for one of them.",
    "reduced": "List the six convolutions of figure 2(b) with channels in, channels out and "
    "kernel. Which channels does each of them read?",
}


def _drawn(rng: Generator, *, square: bool = False) -> tuple[int, list[int], int, int]:
    """A block of the paper's size, on maps of the paper's size."""
    height = whole(rng, 7, 28)
    width = height if square else whole(rng, 29, 60)
    return whole(rng, 100, 900), large_spec(rng), height, width


def _both(
    rng: Generator, title: str, block: tuple[int, list[int], int, int], weight: float = 1
) -> Iterator[Case]:
    """The two numbers of one block, each by itself."""
    channels, spec, height, width = block
    for key in COSTS:
        text = f"inception_cost({channels}, Spec{tuple(spec)}, {height}, {width})[{key!r}]"
        probe = ask(cost_of, NAME, key, *block, text=text)
        yield Case(f"{title}: {key}", probe, HINTS[key], same(), weight=weight)


@check.hidden(NAME)
def other_blocks(rng: Generator) -> Iterator[Case]:
    for number in range(2):
        yield from _both(rng, f"another block ({number + 1})", _drawn(rng), weight=0.5)
