"""Hidden checks of lab 3: all visible cases with fresh inputs, and these besides."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator

from course.checks import Case, ask, call, close, gradient, same
from course.checks.lab03 import (
    COUNTED,
    DEEP,
    LRN,
    SMALL,
    TIGHT,
    between,
    check,
    counts_of,
    kept,
    light,
    logits,
    normal,
    parameter_count,
    sizes_of,
    unchanged,
    whole,
)

hidden = check.hidden()

EXACT = close(rtol=1e-7, atol=1e-10, dtype=False)


@hidden.also("local_response_norm")
def local_response_norm(rng: Generator) -> Iterator[Case]:
    for channels, size in ((1, 5), (3, 7), (17, 9)):
        x = normal(rng, 2, 4, 3, channels, scale=9.0).transpose(1, 3)  # not in order in memory
        title = f"{channels} channels, size {size}"
        alpha = between(rng, 0.02, 0.2)
        yield Case(title, call(LRN, x, size=size, alpha=alpha), judge=EXACT, weight=2)
    probe = gradient(LRN, normal(rng, 1, 6, 2, 2, scale=40.0))
    yield Case("gradient with the paper's numbers", probe, judge=EXACT)
    text = "local_response_norm(x), and then x"
    probe = ask(unchanged, LRN, normal(rng, 1, 6, 2, 2), text=text)
    yield Case("leaves its argument as it was", probe, "Is something written into x?", EXACT)


@hidden.also("overlapping_pool_size")
def overlapping_pool_size(rng: Generator) -> Iterator[Case]:
    settings = [[whole(rng, 12, 300), whole(rng, 2, 9), whole(rng, 1, 8)] for _ in range(20)]
    text = "overlapping_pool_size for 20 settings"
    yield Case("20 settings", ask(sizes_of, "overlapping_pool_size", settings, text=text))


@hidden.also("dropout")
def dropout(rng: Generator) -> Iterator[Case]:
    p, seed = between(rng, 0.55, 0.9), whole(rng, 0, 10**6)
    factors = {"share of zeros": p, "kept values are x times": 1 / (1 - p)}
    probe = ask(kept, "dropout", p, seed, text=f"dropout(x, {p}, True)")
    yield Case(f"another p, {p}", probe, judge=COUNTED, expected=factors)


@hidden.also("paper_dropout")
def paper_dropout(rng: Generator) -> Iterator[Case]:
    p, seed = between(rng, 0.55, 0.9), whole(rng, 0, 10**6)
    factors = {"share of zeros": p, "kept values are x times": 1.0}
    probe = ask(kept, "paper_dropout", p, seed, text=f"paper_dropout(x, {p}, True)")
    yield Case(f"another p, {p}", probe, judge=COUNTED, expected=factors)


@hidden.also("pca_lighting")
def pca_lighting(rng: Generator) -> Iterator[Case]:
    image, values, vectors, alphas = light(rng, 7, 3)
    probe = call("pca_lighting", 2 * image - 1, values.flip(0), vectors.flip(1), 3 * alphas)
    yield Case("a normalised image, the smallest eigenvalue first", probe, judge=TIGHT, weight=2)
    turned = (image.transpose(1, 2), values, vectors, alphas)
    yield Case("a wide image", call("pca_lighting", *turned), judge=TIGHT)


@hidden.also("grouped_conv_parameters")
def grouped_conv_parameters(rng: Generator) -> Iterator[Case]:
    settings = []
    for _ in range(12):
        groups = whole(rng, 1, 6)
        settings.append([groups * whole(rng, 1, 40), groups * whole(rng, 1, 40), 3, groups])
    told = "grouped_conv_parameters for 12 settings"
    drawn = ask(counts_of, "grouped_conv_parameters", settings, text=told)
    yield Case("12 settings", drawn, judge=same())


@hidden.also("AlexNet")
def alexnet(rng: Generator) -> Iterator[Case]:
    seed, settings = whole(rng, 0, 10**6), {"num_classes": 7, "width": SMALL / 2}
    text = "AlexNet(num_classes=7, width=1/32) on two images"
    probe = ask(logits, "AlexNet", seed, settings, text=text)
    yield Case("values at another width", probe, judge=DEEP, weight=2)
    settings = {"num_classes": whole(rng, 2, 500), "width": torch.rand((), generator=rng).item()}
    probe = ask(parameter_count, "AlexNet", settings, text=f"parameters of AlexNet(**{settings})")
    yield Case("parameters at another width", probe, judge=same())
