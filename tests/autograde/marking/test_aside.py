"""What runs of the release's cells that grading does not run."""

from __future__ import annotations

import time

import pytest

from autograde.marking import aside


@pytest.mark.parametrize(
    "source",
    [
        "def helper(x):\n    return train(x)",
        "class Net(nn.Module):\n    pass",
        "import numpy as np",
        "from math import tau",
        "EPSILON = 1e-08",
        "twice = lambda x: torch.mul(x, 2)",
        "sizes: list = [1, 2]",
    ],
)
def test_definitions_run(source: str) -> None:
    assert aside.definitions(f"images = load()\n{source}\nplt.plot(images)") == source


@pytest.mark.parametrize(
    "source",
    [
        "trained = train(4)",
        "train(4)",
        "for epoch in range(10):\n    helper = train",
        "x: int",
        "def broken(:",
        "%%bash\nHELPER=1",
        "%%javascript\nx = 3",
        "x = " + "(" * 900 + ")" * 900,
        "x = [" + "1, " * aside.LONGEST + "]",
    ],
)
def test_what_takes_time_or_is_no_python_does_not(source: str) -> None:
    assert aside.definitions(source) == ""


def test_magics_are_no_hindrance() -> None:
    assert aside.definitions("%%time\n%matplotlib inline\n!ls\nx = 3") == "x = 3"


def test_what_was_handed_out_does_not_run() -> None:
    given = "rates = [0.1]\ndef linear(): pass"
    assert aside.definitions(given, given) == ""
    assert aside.definitions(f"a = 1\n{given}  # mine", given) == "a = 1"


@pytest.mark.parametrize(
    "text", ["-" * 3_900 + "1", "[" * 3_900, "1 + " * 900 + "1", "1\nx = 1" * 500]
)
def test_deep_text_costs_little(text: str) -> None:
    start = time.process_time()
    aside.definitions(f"x = {text}")
    assert time.process_time() - start < 0.5
