"""Choosing examples: balanced subsets, and mini-batches."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor


def stratified(labels: Tensor, count: int) -> Tensor:
    """Indices ``(count,)`` of a subset with the class proportions of ``labels`` ``(N,)``.

    Takes the first examples of each class and keeps their order, so that the same call gives the
    same subset. Where the proportions don't divide evenly, the classes with the largest
    remainders get one more.

    Raises:
        ValueError: ``count`` is below 1 or above N.
    """
    most = len(labels)
    if not 1 <= count <= most:
        raise ValueError(f"asked for {count:,} of {most:,} images: choose a size of 1 to {most:,}")
    available = torch.bincount(labels)
    shares = _shares(available, count)
    order = torch.argsort(labels, stable=True)  # grouped by class, original order inside
    starts = torch.cumsum(available, 0) - available
    groups = [
        order[start : start + take]
        for start, take in zip(starts.tolist(), shares.tolist(), strict=True)
    ]
    return torch.cat(groups).sort().values


def _shares(available: Tensor, count: int) -> Tensor:
    """How many of each class ``(K,)`` make ``count`` in all: the largest-remainder method."""
    products = available * count  # integers: shares are exact at any size
    total = int(available.sum())
    shares = products // total
    leftover = count - int(shares.sum())
    largest = torch.argsort(products % total, descending=True, stable=True)[:leftover]
    shares[largest] += 1
    return shares


def batches(
    images: Tensor,
    labels: Tensor,
    batch_size: int,
    *,
    shuffle: bool = False,
    generator: torch.Generator | None = None,
) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch of mini-batches from tensors that lie on their device already.

    ``(N, ...), (N,)`` -> pairs ``(B, ...), (B,)``, ``B = batch_size`` but for a smaller last one.
    Each example comes exactly once. ``shuffle`` draws the order from ``generator``, or from
    torch's global one.

    Raises:
        ValueError: ``batch_size`` is below 1, or the numbers of images and labels differ.
    """
    if batch_size < 1:
        raise ValueError(f"expected batch_size of at least 1, found {batch_size}")
    if len(images) != len(labels):
        raise ValueError(f"expected as many labels as images, found {len(labels)}, {len(images)}")
    return _each(images, labels, batch_size, order_of(images, generator) if shuffle else None)


def order_of(images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """A random order of examples ``(N, ...)``, as places ``(N,)`` on their device."""
    # Drawn where the generator lives, so that one seed means one order on every device.
    device = generator.device if generator is not None else "cpu"
    return torch.randperm(len(images), generator=generator, device=device).to(images.device)


def _each(
    images: Tensor, labels: Tensor, batch_size: int, order: Tensor | None
) -> Iterator[tuple[Tensor, Tensor]]:
    for start in range(0, len(images), batch_size):
        rows = slice(start, start + batch_size)
        chosen = rows if order is None else order[rows]
        yield images[chosen], labels[chosen]
