"""What is asked of the table, of which the student's side holds seals alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from course.checks import Finding, Probe, ProbeError, wording

ROUNDS = 200_000  # of hashing, some 40 ms: a stage has few possible values


def told(configs: Any, name: str) -> Any:
    """The student's column, or in words why there is none.

    A pair with kernel 3 is written as its channels alone.
    """
    if not configs:
        raise ProbeError("VGG_CONFIGS is empty", "unwritten")
    if not isinstance(configs, Mapping):
        return f"VGG_CONFIGS is {wording.kind_of(configs)}, no dict"
    if name not in configs:
        return f"VGG_CONFIGS has no column {name!r}; it has: {', '.join(map(str, configs))}"
    if not isinstance(configs[name], list | tuple):
        return f"column {name!r} is {wording.kind_of(configs[name])}, no list"
    entries = [list(e) if isinstance(e, tuple | list) else e for e in configs[name]]
    return [e[0] if isinstance(e, list) and e[1:] == [3] else e for e in entries]


def seals(name: str, entries: Sequence[Any]) -> list[str]:
    """For each stage of a column what can be kept of all entries up to its end: a slow digest."""
    stages = _stages(entries)
    return [_seal(name, stages[: number + 1]) for number in range(len(stages))]


def _seal(name: str, stages: Sequence[Sequence[Any]]) -> str:
    return _digest(name, repr([entry for stage in stages for entry in stage]))


@lru_cache(maxsize=512)
def _digest(name: str, text: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", text.encode(), name.encode(), ROUNDS).hex()[:32]


def _stages(entries: Sequence[Any]) -> list[list[Any]]:
    """The entries up to each pooling, with it."""
    stages: list[list[Any]] = [[]]
    for entry in entries:
        stages[-1].append(entry)
        if entry == "M":
            stages.append([])
    return [stage for stage in stages if stage]


@dataclass(frozen=True)
class AsInTheTable:
    """Whether a column is the paper's, of whose beginnings the seals are known.

    Attributes:
        name: of the column.
    """

    name: str

    sealed: ClassVar[bool] = True

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """Which stage is the first to differ."""
        if not isinstance(answer, list):
            return Finding(False, f"column {self.name} as a list", str(answer))
        stages = _stages(answer)
        if len(stages) != len(expected):
            wanted = f'{len(expected)} stages, each with "M" at its end'
            return Finding(False, wanted, f"{len(stages)} stages: {wording.value(answer)}")
        if _seal(self.name, stages) == expected[-1]:
            return Finding(True, f"column {self.name} of the table", wording.value(answer))
        wrong = 1  # counted from 1
        while wrong < len(stages) and _seal(self.name, stages[:wrong]) == expected[wrong - 1]:
            wrong += 1
        wanted = f"stage {wrong} as in column {self.name} of the table"
        return Finding(False, wanted, f"stage {wrong}: {stages[wrong - 1]}")
