"""Honest work gets the points of stock nbgrader, cell by cell, in nbgrader's own gradebook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograde.plain import classrun
from tests.autograde.plain import courses
from tests.autograde.plain.courses import NAME, answer, check, code, markdown


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """The walls are proved elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classrun, "proven", lambda warm: [])
        yield


VALUES = {
    "none": "None",
    "whole": "2",
    "part": "0.5",
    "sum": "sum(value == 2 for value in [two, 3])",
    "true": "two == 2",
    "false": "two == 3",
    "text": "'0.5'",
    "list": "[0.5]",
    "below": "-1.0",
    "unknown": "float('nan')",
    "quiet": "0.5;",
    "last": "0.25\n0.5  # the last one counts",
    "over_lines": "(0.25 +\n 0.5)",
    "printed": "print(0.5)",
    "displayed": "from IPython.display import display\ndisplay(0.5)",
    "assigned": "points = 0.5",
    "comment": "# nothing",
    "timed": "%%time\n0.5",
    "magic": "%precision 3\n1 / 4",
    "awaited": "import asyncio\nawait asyncio.sleep(0, 0.5)",
    "raised": "assert two == 3, 'not three'",
    "letters": "größe = '…'; 0.75",
    "helper": "def close(a, b):\n    return abs(a - b) < 1e-9\nassert close(two, 2)",
    "helped": "assert close(two, 2)\n1.5",
    "figure": "import matplotlib.pyplot as plt\nplt.plot([1, two])\nassert plt.gca().lines",
    "module": "import beside\nassert beside.THREE == 3",
    "data": "assert open('table.csv').read() == 'a,b'",
    "source": "import inspect\nassert 'half' in inspect.getsource(half)",
}
"""Last values, and other things that tests do; 2 points each."""


def every_kind(folder: Path) -> Path:
    """One notebook with each of them, a task and a manual cell of code."""
    cells = [
        markdown("# All kinds of tests", grade_id="title", locked=True),
        answer("two", "### BEGIN SOLUTION\ntwo = 2\n### END SOLUTION"),
        answer(
            "half", "def half(x):\n    ### BEGIN SOLUTION\n    return x / 2\n    ### END SOLUTION"
        ),
        *(check(name, 2, text) for name, text in VALUES.items()),
        markdown("Say why.", grade_id="task", task=True, points=3, locked=True),
        code("# YOUR CODE HERE", grade_id="by_hand", grade=True, solution=True, points=4),
    ]
    done = [*cells[:2], code("mine = 1"), *cells[2:-1], markdown("Because.")]
    done.append(code("print(mine)", **cells[-1].metadata.nbgrader))
    courses.write(courses.notebook(cells), folder, "source", NAME, "every.ipynb")
    home = folder / "submitted" / "hacker" / NAME
    courses.write(courses.notebook(done), home, "every.ipynb")
    (folder / "source" / NAME / "table.csv").write_text("a,b")
    (home / "beside.py").write_text("THREE = 3")
    (home / "table.csv").write_text("spoilt")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: Any) -> Path:
    """nbgrader's documentation course, its test notebooks, and one of every kind of test, as one
    assignment.
    """
    home = tmp_path_factory.mktemp("course")
    return every_kind(courses.tested(courses.example(home, NAME)))


@pytest.fixture(scope="module")
def stock(folder: Path) -> courses.Cells:
    """What stock nbgrader gives."""
    found = courses.graded_by_stock(folder, NAME)
    assert len(found) > 100
    return found


# nbgrader's own kernel, which writes its automatic tests, leaves sockets open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_does_honest_work_get_the_points_of_stock_nbgrader(
    folder: Path, stock: courses.Cells, tmp_path: Path
) -> None:
    ours = courses.graded(folder, tmp_path, NAME)
    differ = {one: (ours.get(one), facts) for one, facts in stock.items() if ours.get(one) != facts}
    assert not differ
    assert ours.keys() == stock.keys()


def test_a_release_without_its_source_is_graded_by_what_it_shows(
    stock: courses.Cells, tmp_path: Path
) -> None:
    alone = courses.graded(courses.example(tmp_path, top="release"), tmp_path, "ps1")
    assert len(alone) == 18
    assert {place: facts[:3] for place, facts in alone.items()} == {
        place: stock[place][:3] for place in alone
    }
