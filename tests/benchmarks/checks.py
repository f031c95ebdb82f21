"""How long a student waits for a visible check: right answers and wrong ones, lab by lab.

``python -m tests.benchmarks.checks [LAB…]`` prints medians and the worst; what trains is left out.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import torch

from autograde.authoring import answers, reference
from autograde.tree import find
from course.checks import Check

TRAINS = {"train_lenet", "trained_network"}


def seconds(check: Check, objects: Mapping[str, Any]) -> float:
    """Wall time of one run."""
    begun = time.perf_counter()
    check.run(objects)
    return time.perf_counter() - begun


def runs(lab: str) -> Iterator[tuple[str, float]]:
    """``right`` or ``wrong``, and how long the check took."""
    check, solved = import_module(f"course.labs.{lab}").check, reference.load(lab)
    for one in check:
        if one.name in solved and one.name not in TRAINS:
            yield "right", seconds(one, solved)
    for attempt in answers.load(lab):
        if attempt.exercise not in TRAINS:
            kind = "right" if attempt.right else "wrong"
            yield kind, seconds(check[attempt.exercise], {**solved, **attempt.objects})


def main() -> None:
    """Print a line for each lab."""
    torch.set_num_threads(1)
    for lab in sys.argv[1:] or find().lab_names():
        found = list(runs(lab))
        for kind in ("right", "wrong"):
            times = [took for what, took in found if what == kind]
            print(
                f"{lab:20} {kind}: {len(times):3} runs, "
                f"median {1e3 * statistics.median(times):6.1f} ms, "
                f"worst {max(times):5.2f} s"
            )


if __name__ == "__main__":
    main()
