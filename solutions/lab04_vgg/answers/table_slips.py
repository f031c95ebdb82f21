"""The table with a slip in one column or two."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from .book import answers

Columns = dict[str, list[Any]]


def _table(change: Callable[[Columns], object]) -> dict[str, Columns]:
    columns = deepcopy(dict(answers.reference["VGG_CONFIGS"]))
    change(columns)
    return {"VGG_CONFIGS": columns}


def _shared(columns: Columns) -> None:
    columns["A-LRN"] = columns["A"]
    columns["A-LRN"].insert(1, "LRN")


def _pairs_turned(columns: Columns) -> None:
    columns["C"] = [e[::-1] if isinstance(e, tuple) else e for e in columns["C"]]


def _ones_in(*places: int) -> Callable[[Columns], None]:
    """Column C with 1 × 1 only there; at the other two places 3 × 3."""

    def change(columns: Columns) -> None:
        for place, entry in enumerate(columns["C"]):
            if isinstance(entry, tuple) and place not in places:
                columns["C"][place] = entry[0]

    return change


def _small_letters(columns: Columns) -> None:
    for name, column in columns.items():
        columns[name] = [e.lower() if e == "M" else e for e in column]


def _texts(columns: Columns) -> None:
    for name, column in columns.items():
        columns[name] = [str(e) if isinstance(e, int) else e for e in column]


def _one_text(columns: Columns) -> None:
    for name, column in columns.items():
        columns[name] = ", ".join(map(str, column))  # type: ignore[assignment]


SLIPS: dict[str, Callable[[Columns], object]] = {
    "A-LRN and A are one list": _shared,
    "pairs with the kernel first": _pairs_turned,
    "column C with 1 × 1 in stage 3 only": _ones_in(8),
    "column C with 1 × 1 in stage 5 only": _ones_in(16),
    "column C with 1 × 1 of 3 × 3": lambda c: c["C"].__setitem__(8, (256, 3)),
    "the poolings in small letters": _small_letters,
    "numbers as texts": _texts,
    "columns as texts": _one_text,
    "B and D exchanged": lambda c: c.update(B=c["D"], D=c["B"]),
    "E with one convolution fewer": lambda c: c["E"].remove(256),
    "E with the fourth in stages 3 and 4 only": lambda c: c["E"].pop(-2),
    "D with 512 in stage 3": lambda c: c.update(D=[512 if e == 256 else e for e in c["D"]]),
    "A with two in stage 2": lambda c: c["A"].insert(2, 128),
    "B without its first 64": lambda c: c["B"].pop(0),
    "LRN after the pooling": lambda c: c.update({"A-LRN": [64, "M", "LRN", *c["A"][2:]]}),
    "LRN after every stage's first": lambda c: c["A-LRN"].insert(4, "LRN"),
    "LRN in front": lambda c: c.update({"A-LRN": ["LRN", *c["A"]]}),
    "no column E": lambda c: c.pop("E"),
    "A-LRN called ALRN": lambda c: c.update(ALRN=c.pop("A-LRN")),
    "D doubles once more": lambda c: c.update(D=[*c["D"][:-4], 1024, 1024, 1024, "M"]),
    "no pooling at the end of A": lambda c: c["A"].pop(),
    "a pooling too many in E": lambda c: c["E"].append("M"),
}  # fmt: skip

for says, change in SLIPS.items():
    answers.wrong("VGG_CONFIGS", says, _table(change))
