"""Checks of `whitening_filters`: filters whose responses are not correlated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, ask, close
from course.checks.inputs import coarse, normal, seed_from, whole
from course.checks.kinds import Hint
from course.labs.lab09_fast.questions import by_default, by_effect, effects, graph_left, of_many

from .book import check

ALIKE = close(1e-6, 1e-9)


def cut(images: Tensor, size: int, step: int = 1) -> Tensor:
    """All patches, one after the other: ``(N, C, H, W) -> (P, C, size, size)``."""
    windows = images.unfold(2, size, step).unfold(3, size, step)
    return windows.permute(0, 2, 3, 1, 4, 5).reshape(-1, images.shape[1], size, size)


def spread_of(patches: Tensor, *, centred: bool = True, spare: int = 0) -> Tensor:
    """The covariance of patches laid flat."""
    flat = patches.flatten(1)
    flat = flat - flat.mean(dim=0) if centred else flat
    return torch.einsum("pi,pj->ij", flat, flat) / max(len(flat) - spare, 1)


def directions(spread: Tensor, scale: Callable[[Tensor], Tensor]) -> Tensor:
    """Singular vectors in rows, the largest first, each times a factor of its eigenvalue."""
    vectors, values, _ = torch.linalg.svd(spread)
    return scale(values)[:, None] * vectors.T


def _made(
    scale: Callable[[Tensor, float], Tensor] = lambda v, eps: (v + eps) ** -0.5,
    then: Callable[[Tensor], Tensor] = lambda rows: rows,
    patches: Callable[[Tensor, int], Tensor] = cut,
    laid: Callable[[Tensor, Tensor], Tensor] = lambda rows, one: rows.reshape(-1, *one.shape),
    **options: Any,
) -> dict[str, Any]:
    def whitening_filters(images: Tensor, size: int = 2, eps: float = 5e-4) -> Tensor:
        cuts = patches(images.detach(), size)
        rows = directions(spread_of(cuts, **options), lambda values: scale(values, eps))
        return laid(then(rows), cuts[0])

    return {"whitening_filters": whitening_filters}


@torch.no_grad()
def _by_cholesky(images: Tensor, size: int = 2, eps: float = 5e-4) -> Tensor:
    patches = cut(images, size)
    spread = spread_of(patches)
    lower = torch.linalg.cholesky(spread + eps * torch.eye(len(spread), dtype=images.dtype))
    return torch.linalg.inv(lower).reshape(-1, *patches.shape[1:])


@torch.no_grad()
def _turned_back(images: Tensor, size: int = 2, eps: float = 5e-4) -> Tensor:
    patches = cut(images, size)
    values, vectors = torch.linalg.eigh(spread_of(patches))
    both = vectors @ torch.diag((values + eps) ** -0.5) @ vectors.T
    return both.reshape(-1, *patches.shape[1:])


def _colour_last(rows: Tensor, one: Tensor) -> Tensor:
    channels, size, _ = one.shape
    mixed = rows.reshape(-1, channels, size, size).permute(0, 2, 3, 1)
    return mixed.reshape(-1, channels, size, size)


@torch.no_grad()
def _rows_of_vectors(images: Tensor, size: int = 2, eps: float = 5e-4) -> Tensor:
    patches = cut(images, size)
    values, vectors = torch.linalg.eigh(spread_of(patches))
    rows = vectors.flip(1) * (values.flip(0) + eps)[:, None] ** -0.5
    return rows.reshape(-1, *patches.shape[1:])


def _mistakes() -> Iterator[Mistake]:
    made: dict[str, tuple[dict[str, Any], str]] = {
        "not_centred": (
            _made(centred=False),
            "A covariance is about differences from the mean. Which mean do you subtract?",
        ),
        "one_less": (
            _made(spare=1),
            "You divide by the number of patches less one. Here it is the number of patches: "
            "`correction=0` in torch.cov.",
        ),
        "no_eps": (
            _made(lambda v, eps: v.clamp(min=1e-12) ** -0.5),
            "Where is eps? Without it, directions in which nothing happens are blown up.",
        ),
        "eps_outside": (
            _made(lambda v, eps: 1 / (v.clamp(min=0).sqrt() + eps)),
            "eps is added to the eigenvalue, before the root.",
        ),
        "no_root": (
            _made(lambda v, eps: 1 / (v + eps)),
            "An eigenvalue is a variance. To make a variance 1, divide by its root.",
        ),
        "multiplied": (
            _made(lambda v, eps: (v + eps) ** 0.5),
            "You multiply by the root: what was large becomes larger. Divide.",
        ),
        "unscaled": (
            _made(lambda v, eps: torch.ones_like(v)),
            "Your responses are not correlated, but their variances are the eigenvalues. Scale "
            "each filter.",
        ),
        "smallest_first": (
            _made(then=lambda rows: rows.flip(0)),
            "These are the right filters, from the end. torch.linalg.eigh puts the smallest "
            "eigenvalue first.",
        ),
        "turned_back": (
            {"whitening_filters": _turned_back},
            "You turn the responses back to the pixels (this is called ZCA). Each filter here is "
            "one eigenvector, scaled.",
        ),
        "by_cholesky": (
            {"whitening_filters": _by_cholesky},
            "These responses are not correlated either, but they are others: each filter here is "
            "one eigenvector, scaled.",
        ),
        "rows_of_vectors": (
            {"whitening_filters": _rows_of_vectors},
            "torch.linalg.eigh has the eigenvectors in its *columns*. Transpose.",
        ),
        "turned_patches": (
            _made(laid=lambda rows, one: rows.reshape(-1, *one.shape).transpose(2, 3)),
            "Your filters lie on their side: rows and columns of a patch have changed places.",
        ),
        "colour_last": (
            _made(laid=_colour_last),
            "The numbers of your filters are in another order than those of a patch: (C, rows, "
            "columns), as F.unfold and a convolution's weight have them.",
        ),
        "side_by_side": (
            _made(patches=lambda x, size: cut(x, size, size)),
            "You cut patches side by side. Asked are all, as a convolution of stride 1 sees them.",
        ),
    }
    for name, (answer, hint) in made.items():
        yield Mistake(name, answer, hint)


def _drawn(
    rng: Generator, N: int = 3, C: int = 2, H: int = 6, W: int = 5, size: int = 2
) -> tuple[Tensor, int, float]:
    return normal(rng, N, C, H, W), size, 0.01


def shaded(rng: Generator, *shape: int) -> Tensor:
    """Images whose neighbours are alike, and brighter than 0."""
    noise = normal(rng, *shape)
    near = noise + 0.7 * noise.roll(1, dims=-1) + 0.4 * noise.roll(1, dims=-2)
    return coarse(near + 0.5 * noise.roll(1, dims=1) + 1.5)


@check.define(
    oracle=_made(),
    mistakes=list(_mistakes()),
    contract=Function(
        _drawn,
        adapter=by_effect,
        judge=ALIKE,
        edges={
            "patches of one pixel": {"size": 1},
            "grey images": {"C": 1, "size": 3},
            "a single patch": {"N": 1, "H": 2, "W": 2},
        },
    ),
    forbids=["PCA", "whiten"],
)
def whitening_filters(rng: Generator) -> Iterator[Case]:
    """Filters whose responses on these images are not correlated."""
    hint: Hint = {
        "values": "All patches, laid flat; minus their mean; the covariance; its eigenvectors, the "
        "largest eigenvalue first; each divided by the root of its eigenvalue plus eps.",
        "raised": "C·size² filters, each of shape (C, size, size).",
    }
    for title, shape, size, eps, weight in (
        ("2 × 2 patches", (4, 3, 6, 5), 2, 5e-4, 3.0),
        ("3 × 3 patches", (3, 2, 7, 6), 3, 0.02, 2.0),
        ("grey, eps large", (5, 1, 6, 6), 2, 0.5, 1.0),
    ):
        images = shaded(rng, *shape)
        text = f"whitening_filters(images {shape}, {size}, {eps})"
        asked = ask(effects, "whitening_filters", images, size, eps, text=text)
        yield Case(title, asked, hint, ALIKE, weight=weight)
    images = shaded(rng, 3, 2, 6, 6)
    text = "whitening_filters(images); then with eps=0.1, size=3"
    asked = ask(by_default, "whitening_filters", images, text=text)
    yield Case("defaults", asked, "size=2 and eps=5e-4 unless told otherwise.", ALIKE)
    text = "whitening_filters(images that need a gradient)"
    asked = ask(graph_left, "whitening_filters", normal(rng, 3, 1, 4, 4), text=text)
    yield Case("no graph", asked, "Compute the filters in torch.no_grad().", ALIKE, weight=0.5)

    count = whole(rng, 5200, 5400)
    text = f"whitening_filters({count} images of 3 × 3 grey pixels, 2, 0.01)"
    asked = ask(of_many, "whitening_filters", seed_from(rng), count, text=text)
    yield Case("many images", asked, "The patches of all images count.", ALIKE, weight=0.5)


@check.hidden("whitening_filters")
def other_images(rng: Generator) -> Iterator[Case]:
    for channels, size in ((3, 2), (whole(rng, 1, 2), 3)):
        shape = whole(rng, 3, 5), channels, whole(rng, 6, 8), 7
        text = f"whitening_filters(images {shape}, {size}, 0.001)"
        images = shaded(rng, *shape)
        asked = ask(effects, "whitening_filters", images, size, 1e-3, text=text)
        yield Case("other images", asked, judge=ALIKE, weight=2)
