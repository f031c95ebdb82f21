"""What the labs' text says: numbers that were measured, links that lead somewhere."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from autograde.authoring import source

ROOT = Path(__file__).parents[2]
LABS = sorted(path.parent.name for path in (ROOT / "solutions").glob("lab*/lab.py"))

NUMBER = r"[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
MEASURED = re.compile(rf"({NUMBER})\s*%?\s*±\s*({NUMBER})", re.IGNORECASE)

ELSEWHERE: dict[str, dict[str, str]] = {  # neither stored nor printed: pair, and where it is from
    "lab07_summary": {
        "100 % ± 0": "no measurement: what the textbooks' interval says of 10 right of 10",
        "87.6 % ± 0.6": "five seeds of the reference's network, on the secret images",
    },
}


class Pair(NamedTuple):
    """A mean and what stands behind its ±, with half a unit of the last digit of each."""

    mean: float
    spread: float
    slack: tuple[float, float] = (0.0, 0.0)

    def says(self, found: Pair) -> bool:
        """Whether ``found``, a result, is written as this pair where it is rounded."""
        return all(
            abs(mine - its) <= slack + other + 1e-9
            for mine, its, slack, other in zip(
                self[:2], found[:2], self.slack, found.slack, strict=True
            )
        )


def pairs(text: str) -> Iterator[tuple[str, Pair]]:
    """Every ``mean ± spread`` of a text: as it stands there, and its numbers."""
    for match in MEASURED.finditer(text.replace("−", "-").replace("\n", " ")):
        mean, spread = match.groups()
        slack = _half_a_digit(mean), _half_a_digit(spread)
        yield " ".join(match.group().split()), Pair(float(mean), float(spread), slack)


def _half_a_digit(number: str) -> float:
    return 0.5 * float(10 ** -len(number.partition(".")[2]))


def computed(results: Any) -> Iterator[Pair]:
    """Means with their deviation and standard error, of all stored lists of numbers.

    Lists of curves are read column by column, lists of dicts key by key. Each as it is, in per
    cent, and as the share that is missing to 1; log10 of the values too.
    """
    for values in _series(results):
        numbers = np.asarray(values, dtype=float)
        for version in (numbers, 100 * numbers, 100 * (1 - numbers)):
            mean, deviation = float(version.mean()), float(version.std(ddof=1))
            yield Pair(mean, deviation)
            yield Pair(mean, deviation / math.sqrt(len(numbers)))


def differences(results: Any) -> Iterator[Pair]:
    """Differences of the means of two parts that lie side by side, with their standard error."""
    if not isinstance(results, dict):
        return
    for value in results.values():
        yield from differences(value)
    if len(results) > 20:  # where everything is compared, something fits any number
        return
    for one, other in combinations([list(_series(value)) for value in results.values()], 2):
        if len(one) == len(other):
            for pair in zip(one, other, strict=True):
                first, second = (np.asarray(values, dtype=float) for values in pair)
                error = math.hypot(*(v.std(ddof=1) / math.sqrt(len(v)) for v in (first, second)))
                difference = abs(float(first.mean() - second.mean()))
                yield from (Pair(scale * difference, scale * error) for scale in (1, 100))


def _series(results: Any) -> Iterator[list[float]]:
    if isinstance(results, dict):
        for value in results.values():
            yield from _series(value)
    elif isinstance(results, list) and len(results) > 1:
        if all(isinstance(value, int | float) for value in results):
            yield results
        elif all(isinstance(value, list) for value in results):
            yield from (list(column) for column in zip(*results, strict=False) if _numbers(column))
        elif all(isinstance(value, dict) for value in results):
            yield from _columns(results)


def _columns(rows: list[dict[str, Any]]) -> Iterator[list[float]]:
    """Keys of all rows; and training less test accuracy, the gap."""
    for key in rows[0]:
        yield from _series([row.get(key) for row in rows])
    if {"train", "test"} <= rows[0].keys() and _numbers([row["train"] for row in rows]):
        yield [row["train"] - row["test"] for row in rows]


def _numbers(values: Any) -> bool:
    return all(isinstance(value, int | float) for value in values)


def notebook(lab: str) -> Any:
    """The executed solution notebook."""
    return json.loads((ROOT / "solutions/notebooks" / lab / f"{lab}.ipynb").read_text("utf-8"))


def text_of(cell: Any) -> str:
    """Source of a cell, as one string."""
    return "".join(cell["source"])


def printed(cells: Any) -> str:
    """All that the notebook's cells print or show as plain text."""
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    streams = ["".join(output.get("text", "")) for output in outputs]
    shown = ["".join(output.get("data", {}).get("text/plain", "")) for output in outputs]
    return "\n".join([*streams, *shown])


COMPARED = re.compile(rf"course\.compare\(\"(\w+)\", ({NUMBER}), ({NUMBER})")


@pytest.mark.parametrize("lab", LABS)
def test_is_every_number_beside_a_prediction_stored_or_printed(lab: str) -> None:
    cells = notebook(lab)["cells"]
    stored = ROOT / "course/labs" / lab / "results.json"
    results = json.loads(stored.read_text("utf-8")) if stored.is_file() else {}
    known = [*computed(results), *(pair for _, pair in pairs(printed(cells)))]
    known += [Pair(abs(one.mean), *one[1:]) for one in differences(results)]
    code = (ROOT / "solutions" / lab / "lab.py").read_text("utf-8")
    lost = []
    for name, mean, spread in COMPARED.findall(code):
        slack = _half_a_digit(mean), _half_a_digit(spread)
        said = Pair(float(mean), float(spread), slack)
        lost += [] if any(said.says(one) for one in known) else [name]
    assert not lost, f"solutions/{lab}/lab.py compares {lost} with numbers that nobody measured"


@pytest.mark.parametrize("lab", LABS)
def test_is_every_measured_number_of_the_text_stored_or_printed(lab: str) -> None:
    cells = notebook(lab)["cells"]
    stored = ROOT / "course/labs" / lab / "results.json"
    results = json.loads(stored.read_text("utf-8")) if stored.is_file() else {}
    known = [*computed(results), *(pair for _, pair in pairs(printed(cells)))]
    compared = [*differences(results), *(Pair(abs(p.mean), *p[1:]) for p in known)]
    lost = [
        written
        for cell in cells
        if cell["cell_type"] == "markdown"
        for written, pair in pairs(text_of(cell))
        if written not in ELSEWHERE.get(lab, {})
        and not any(pair.says(found) for found in known)
        and not ("standard error" in text_of(cell) and any(pair.says(found) for found in compared))
    ]
    assert not lost, (
        f"solutions/{lab}/lab.py states {lost}, which no list in results.json and no output of the "
        "notebook gives: measure it, or name its source in ELSEWHERE"
    )


def test_finds_the_test_above_a_number_that_nothing_gave() -> None:
    known = list(computed({"runs": {"a": [0.42, 0.44, 0.46], "b": [{"x": 1.0}, {"x": 3.0}]}}))
    stated = dict(pairs("44.0 % ± 2.0, and −2 ± 1; 44.0 % ±\n1.2 (standard error); 45.0 % ± 2.0"))
    found = {written: any(pair.says(one) for one in known) for written, pair in stated.items()}
    assert found == {
        "44.0 % ± 2.0": True,
        "-2 ± 1": False,
        "44.0 % ± 1.2": True,
        "45.0 % ± 2.0": False,
    }


NUMERAL = r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|twenty)"
BEHIND = re.compile(rf"\b{NUMERAL} (?:\w+ )?(?:seeds?|networks?|runs?)\b|\bseed by seed\b", re.I)


def counts(text: str) -> bool:
    """Whether a text says how many seeds or networks stand behind its numbers."""
    return bool(BEHIND.search(" ".join(text.split())))


@pytest.mark.parametrize("lab", LABS)
def test_says_each_text_with_measured_numbers_how_many_seeds_they_are_from(lab: str) -> None:
    code = (ROOT / "solutions" / lab / "lab.py").read_text("utf-8")
    foreign = ELSEWHERE.get(lab, {})
    silent = [
        cell.source[:80]
        for cell in source.parse(lab, code).cells
        if cell.cell_type == "markdown" and not counts(cell.source)
        if {written for written, _ in pairs(cell.source)} - foreign.keys()
        or re.search(r"standard error\w* of \d|\(standard error", cell.source)
    ]
    assert not silent, f"solutions/{lab}/lab.py: of how many seeds are the numbers in {silent}?"


def test_takes_the_test_above_a_number_of_seeds_for_what_it_is() -> None:
    assert counts("over five\nseeds, 3 ± 1")
    assert counts("ten other seeds: 3 ± 1")
    assert not counts("3 ± 1, whatever the seed; five epochs")


@pytest.mark.parametrize("lab", LABS)
def test_ends_a_lab_with_what_to_take_away_and_where_to_go(lab: str) -> None:
    prose = [text_of(c) for c in notebook(lab)["cells"] if c["cell_type"] == "markdown"]
    (start,) = (n for n, text in enumerate(prose) if "## What you take away" in text)
    (handing,) = (n for n, text in enumerate(prose) if "## How far you are" in text)
    end = "\n".join(prose[start:handing])
    after = LABS[(LABS.index(lab) + 1) % len(LABS)]  # the last lab leads back to the first
    assert f"](../{after}/{after}.ipynb)" in end.splitlines()[-2] + end.splitlines()[-1]
    assert "**Further reading" in end


@pytest.mark.parametrize("lab", LABS)
def test_is_no_formula_broken_where_a_list_would_begin(lab: str) -> None:
    """Markdown takes ``+ 1/K^2$`` at the beginning of a line for an item of a list."""
    cells = [cell for cell in notebook(lab)["cells"] if cell["cell_type"] == "markdown"]
    lines = [line.strip() for cell in cells for line in text_of(cell).split("\n")]
    items = [line for line in lines if re.match(r"([-+*]|\d+\.) ", line)]
    assert items
    assert [line for line in items if line.count("$") % 2 and line.startswith("+")] == []


@pytest.mark.parametrize("lab", LABS)
def test_leads_every_link_between_labs_to_a_notebook(lab: str) -> None:
    folder = ROOT / "labs" / lab
    cells = json.loads((folder / f"{lab}.ipynb").read_text("utf-8"))["cells"]
    links = re.findall(r"\]\((\.\.?/[^)]+)\)", "\n".join(map(text_of, cells)))
    assert links
    assert all((folder / link).is_file() for link in links)


@pytest.mark.parametrize("lab", LABS)
def test_stands_no_paragraph_glued_to_a_hint(lab: str) -> None:
    prose = [text_of(c) for c in notebook(lab)["cells"] if c["cell_type"] == "markdown"]
    hints = [text for text in prose if "</details>" in text]
    assert all(text.rstrip().endswith("</details>") for text in hints)
