"""`dead_fraction` in other words, and as students get it wrong."""

from __future__ import annotations

import torch

from .book import answers

answers.right(
    "dead_fraction",
    "alive, and the rest",
    lambda a: float((a != 0).any(dim=0).logical_not().sum()) / a.shape[1],
)
answers.right("dead_fraction", "sums of sizes", lambda a: (a.abs().sum(0) == 0).double().mean())
answers.right(
    "dead_fraction",
    "largest sizes",
    lambda a: 1 - torch.count_nonzero(a.abs().amax(dim=0)).item() / a.size(1),
)
answers.right("dead_fraction", "by numpy", lambda a: (a.numpy() == 0).all(axis=0).mean())
answers.wrong(
    "dead_fraction",
    "zeros among all",
    lambda a: (a == 0).float().mean().item(),
    mistake="zeros_of_entries",
)
answers.wrong(
    "dead_fraction",
    "the first sample",
    lambda a: (a[0] == 0).float().mean().item(),
    mistake="one_sample_only",
)
for says, rows in {
    "all but the last sample": lambda a: a[:-1] if len(a) > 1 else a,
    "all but the first sample": lambda a: a[1:] if len(a) > 1 else a,
    "the first sixteen samples": lambda a: a[:16],
    "every second sample": lambda a: a[::2],
}.items():
    answers.wrong(
        "dead_fraction", says, lambda a, rows=rows: (rows(a) == 0).all(dim=0).double().mean().item()
    )
answers.wrong(
    "dead_fraction",
    "squares are zero",
    lambda a: (a.square().sum(dim=0) == 0).double().mean().item(),
)
answers.wrong(
    "dead_fraction",
    "constant units are dead",
    lambda a: (a == a[0]).all(dim=0).double().mean().item(),
)
answers.wrong(
    "dead_fraction",
    "squeezed",
    lambda a: (a.squeeze() == 0).all(dim=0).double().mean().item(),
)
answers.wrong(
    "dead_fraction",
    "silent for 99 in 100 samples",
    lambda a: ((a == 0).double().mean(dim=0) > 0.99).double().mean().item(),
    unseen=True,
)
