"""Hidden checks of lab 6: all visible cases with fresh inputs, and these besides."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Generator

from course.checks import Case, ask, call
from course.checks.lab06 import check
from course.checks.lab06.basis import DEEP, TIGHT, normal, seed_from, whole
from course.checks.lab06.blocks import one_block
from course.checks.lab06.gradients import norms_case
from course.checks.lab06.jacobians import LOOSE, jacobian_at, weakest_of
from course.checks.lab06.networks import cifar_case, scores_of, training_case
from course.checks.lab06.scalar import slope_with_shortcut
from course.checks.lab06.shortcuts import one_shortcut

hidden = check.hidden()


@hidden.also("residual_derivative")
def residual_derivative(rng: Generator) -> Iterator[Case]:
    name, a = ("a·sin(x)", "tanh(a·x)", "a·x³")[whole(rng, 0, 2)], -1.0 - whole(rng, 0, 5) / 8
    text = f"f(x) = {name} with a = {a:g}, shape (2, 1, 3)"
    probe = ask(
        slope_with_shortcut, "residual_derivative", name, a, normal(rng, 2, 1, 3), text=text
    )
    yield Case(text, probe, judge=TIGHT, weight=2)


@hidden.also("chain_gradient")
def chain_gradient(rng: Generator) -> Iterator[Case]:
    slopes = normal(rng, whole(rng, 3, 7), 2, 3)
    for flag in (True, False):
        yield Case("two axes more", call("chain_gradient", slopes, flag), judge=TIGHT)


@hidden.also("residual_jacobian")
def residual_jacobian(rng: Generator) -> Iterator[Case]:
    size = whole(rng, 5, 8)
    weights = [normal(rng, 9, size), normal(rng, 4, 9), normal(rng, size, 4)]
    text = f"f with two hidden layers, x of shape ({size},)"
    probe = ask(jacobian_at, "residual_jacobian", normal(rng, size), *weights, text=text)
    yield Case("two hidden layers", probe, judge=TIGHT, weight=2)


@hidden.also("weakest_gradient")
def weakest_gradient(rng: Generator) -> Iterator[Case]:
    size = whole(rng, 7, 12)
    matrix = normal(rng, size, size)
    text = f"weakest_gradient of a random matrix {size} × {size}"
    yield Case(text, ask(weakest_of, "weakest_gradient", matrix, text=text), judge=LOOSE, weight=2)


@hidden.also("make_shortcut")
def make_shortcut(rng: Generator) -> Iterator[Case]:
    into = whole(rng, 3, 6)
    yield one_shortcut(rng, "A", into, into + whole(rng, 1, 4), 3)
    yield one_shortcut(rng, "A", into, into, 2)
    yield one_shortcut(rng, "B", into, into, 2)
    yield one_shortcut(rng, "C", into, 2 * into, 2)


@hidden.also("BasicBlock")
def basic_block(rng: Generator) -> Iterator[Case]:
    into = whole(rng, 2, 5)
    yield one_block(rng, "BasicBlock", into, into, 1, "B", training=True)
    yield one_block(rng, "BasicBlock", into, into + 3, 2, "C", training=True, weight=2)


@hidden.also("Bottleneck")
def bottleneck(rng: Generator) -> Iterator[Case]:
    c = whole(rng, 2, 4)
    yield one_block(rng, "Bottleneck", 4 * c, c, 1, "B", training=True)
    yield one_block(rng, "Bottleneck", c, c, 2, "C", training=True, weight=2)


@hidden.also("ResNetCIFAR")
def resnet_cifar(rng: Generator) -> Iterator[Case]:
    yield cifar_case(rng, (whole(rng, 2, 4), "C", whole(rng, 11, 20), 0.3), False, weight=2)
    yield cifar_case(rng, (whole(rng, 2, 3), "A", 10, 0.25), True)


@hidden.also("make_resnet")
def make_resnet(rng: Generator) -> Iterator[Case]:
    yield training_case(rng, 50)
    args = (101, whole(rng, 2, 5), 1 / 32)
    text = f"make_resnet{args} on images (1, 3, 50, 37)"
    images = normal(rng, 1, 3, 50, 37)
    probe = ask(scores_of, "make_resnet", args, seed_from(rng), images, text=text)
    yield Case("ResNet-101 on uneven images", probe, judge=DEEP)


@hidden.also("gradient_norms")
def gradient_norms(rng: Generator) -> Iterator[Case]:
    yield norms_case(rng, "blocks", weight=2)
    yield norms_case(rng, "flat")
