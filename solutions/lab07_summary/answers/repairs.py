"""The program with nine bugs, repaired in one place, in all, in all but one, and in none."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from .book import answers

# The lab's folder is no package, so what lies beside this one is found by its place.
spec = importlib.util.spec_from_file_location("lab07_bugs", Path(__file__).parents[1] / "bugs.py")
assert spec is not None
assert spec.loader is not None
bugs: Any = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = bugs
spec.loader.exec_module(bugs)

EXERCISE = "debug_this_network"
NAMES = tuple(bugs.PARTS)
GIVEN = dict.fromkeys(bugs.PLACES, 0)
SHARE = 1 / len(bugs.PLACES)
SLACK = 1e-9


def program(chosen: Mapping[str, int | None]) -> Mapping[str, Any]:
    """What the program defines that has these bugs."""
    names = dict(answers.reference)
    exec(bugs.text(chosen), names)
    return {name: names[name] for name in NAMES}


def wrong(says: str, chosen: Mapping[str, int | None], share: float) -> None:
    least, most = share - SLACK, share + SLACK
    answers.wrong(EXERCISE, says, program(chosen), at_least=least, at_most=most)


answers.right(EXERCISE, "all nine repaired", program({}))
wrong("as it was given", GIVEN, 0.0)
for name, place in bugs.PLACES.items():
    wrong(f"repaired alone: {place.title}", {**GIVEN, name: None}, SHARE)
    wrong(f"left alone: {place.title}", {name: 0}, 1 - SHARE)
    for number in range(1, len(place.wrong)):
        wrong(f"left alone: {place.title}, bug {number + 1}", {name: number}, 1 - SHARE)
answers.wrong(
    EXERCISE,
    "prediction that does not ask the network: its three cases are lost",
    {"predict": lambda model, pixels: torch.zeros(pixels.shape[-1], dtype=torch.int64)},
    at_least=6 / 9 - SLACK,
    at_most=6 / 9 + SLACK,
)
