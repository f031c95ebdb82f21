"""Overlapping pooling against pooling side by side, at equal training accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import nan

from course.labs.lab03_alexnet.experiments.results import stored
from course.labs.shared.pages import estimate

Curve = Mapping[str, Sequence[float]]
"""Accuracies after each epoch, ``"train"`` and ``"test"``."""
OVERLAPPING, APART = "all three", "pooling side by side"


def gap_at(curve: Curve, level: float) -> float:
    """Training less test accuracy where training accuracy first reaches ``level``.

    On a straight line between two epochs; NaN where the level is not reached.
    """
    epochs = list(zip(curve["train"], curve["test"], strict=True))
    for (before, test_before), (after, test_after) in pairwise(epochs):
        if before < level <= after:
            share = (level - before) / (after - before)
            return level - (test_before + share * (test_after - test_before))
    return nan


def say_overlap(levels: Sequence[float] = (0.4, 0.5, 0.6)) -> None:
    """Print both gaps and their difference, seed by seed: mean ± standard error, in points."""
    found = stored("overlap")
    print(found["how"])
    print(f"{'':36}{'overlapping':>16}{'side by side':>16}{'difference':>16}")
    last = {
        name: [{part: run[part][9] for part in ("train", "test")} for run in runs]
        for name, runs in found["runs"].items()
    }
    for label, part in (("training accuracy", "train"), ("test accuracy", "test")):
        columns = ([one[part] for one in last[name]] for name in (OVERLAPPING, APART))
        _row(f"{label} after 10 epochs, %", *columns)
    columns = ([one["train"] - one["test"] for one in last[name]] for name in (OVERLAPPING, APART))
    _row("gap after 10 epochs, points", *columns)
    for level in levels:
        columns = (
            [gap_at(run, level) for run in found["runs"][name]] for name in (OVERLAPPING, APART)
        )
        _row(f"gap at {100 * level:.0f} % training accuracy", *columns)


def _row(label: str, overlapping: Sequence[float], apart: Sequence[float]) -> None:
    differences = [a - b for a, b in zip(overlapping, apart, strict=True)]
    cells = (
        estimate([100 * value for value in column], form)
        for column, form in ((overlapping, ".1f"), (apart, ".1f"), (differences, "+.1f"))
    )
    print(f"{label:36}" + "".join(f"{cell:>16}" for cell in cells))
