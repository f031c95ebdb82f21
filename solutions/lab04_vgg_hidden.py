"""Hidden checks of lab 4: all visible cases with fresh inputs, and these besides."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Generator

from course.checks import Case, ask, call, same
from course.checks.lab04 import (
    DEEP,
    ERF,
    TIGHT,
    check,
    column_of,
    dense_scores,
    map_of,
    measured,
    normal,
    on_tables,
    scores_of,
    seed_from,
    shapes_of,
    small_column,
    strided,
    told,
    transferred,
    whole,
)

hidden = check.hidden()


@hidden.also("receptive_field")
def receptive_field(rng: Generator) -> Iterator[Case]:
    tables = [strided(rng, whole(rng, 3, 6)) for _ in range(4)]
    text = f"receptive_field of {tables}"
    yield Case(
        "four tables", ask(on_tables, "receptive_field", tables, text=text), judge=same(), weight=3
    )


@hidden.also("stack_parameters")
def stack_parameters(rng: Generator) -> Iterator[Case]:
    stack = whole(rng, 100, 900), whole(rng, 2, 12), whole(rng, 3, 20)
    yield Case("a deep stack", call("stack_parameters", *stack), judge=same())


@hidden.also("effective_receptive_field")
def effective_receptive_field(rng: Generator) -> Iterator[Case]:
    weights = [normal(rng, 3, 3, 5, 5), normal(rng, 3, 3, 3, 3), normal(rng, 2, 3, 3, 3)]
    images = normal(rng, 4, 3, 15, 11)
    text = "a 5×5 and two 3×3 with ReLU, images (4, 3, 15, 11)"
    yield Case("5×5 and 3×3", ask(map_of, ERF, images, 1, *weights, text=text), judge=TIGHT)


@hidden.also("VGG_CONFIGS")
def vgg_configs(rng: Generator) -> Iterator[Case]:
    name = ("A-LRN", "C", "E")[whole(rng, 0, 2)]
    text = f"VGG_CONFIGS[{name!r}]"
    yield Case(f"column {name} again", ask(told, "VGG_CONFIGS", name, text=text), judge=same())


@hidden.also("make_vgg")
def make_vgg(rng: Generator) -> Iterator[Case]:
    column = [32, (96, 1), "LRN", "M", (64, 5), 160, "M", 192, "M"]
    classes, seed = whole(rng, 2, 9), seed_from(rng)
    text = "a column of our own, with a 5×5, width 1/10: scores and gradient"
    images = normal(rng, 2, 3, 56, 56)
    probe = ask(scores_of, "make_vgg", column, classes, seed, images, 0.1, text=text)
    yield Case("a column of our own", probe, "Nothing but the column decides.", DEEP, weight=2)
    text = "shapes of all parameters of column E at width 0.1"
    shapes = ask(shapes_of, "make_vgg", column_of("E"), classes, 0.1, text=text)
    yield Case("column E at width 0.1", shapes, judge=same())


@hidden.also("initialise_from")
def initialise_from(rng: Generator) -> Iterator[Case]:
    columns = small_column("E"), small_column("A")
    text = "initialise_from(E, A), both very narrow: the parameters of E"
    yield Case(
        "E from A",
        ask(transferred, "initialise_from", *columns, seed_from(rng), text=text),
        judge=TIGHT,
    )


@hidden.also("to_fully_convolutional")
def to_fully_convolutional(rng: Generator) -> Iterator[Case]:
    images = normal(rng, 1, 3, 23, 36)
    text = "another small network, for 20×20 images, on an image (1, 3, 23, 36)"
    name, column, seed = "to_fully_convolutional", [2, 5, "M", 3, "M"], seed_from(rng)
    probe = ask(dense_scores, name, column, 5, seed, images, text=text)
    yield Case("another network", probe, judge=DEEP, weight=2)


@hidden.also("activation_memory")
def activation_memory(rng: Generator) -> Iterator[Case]:
    yield _in_half("activation_memory", rng)


@hidden.also("layer_flops")
def layer_flops(rng: Generator) -> Iterator[Case]:
    yield _in_half("layer_flops", rng)


def _in_half(name: str, rng: Generator) -> Case:
    shape = whole(rng, 2, 9), 3, whole(rng, 16, 40), whole(rng, 16, 40)
    text = f"{name} of a nested network in float64, input {shape}"
    probe = ask(measured, name, "nested", shape, whole(rng, 2, 99), "float64", text=text)
    return Case("another nested network", probe, judge=same())
