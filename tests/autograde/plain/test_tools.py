"""What tests call, put back in all its depth; errors that IPython's magics show and don't raise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autograde.plain.job import PlainError, settings
from autograde.results import ClassResult
from tests.autograde.plain import courses
from tests.autograde.plain.courses import NAME, answer, check

TESTS = {
    "captured": "%%capture shown\nprint(add(4, 4))\nassert add(4, 4) == 8",
    "run": "%run -i beside.py",
    "nested": "get_ipython().run_cell('assert add(4, 4) == 8')\n2",
    "timed": "%%time\nassert add(4, 4) == 8",
    "timed_line": "%time assert add(4, 4) == 8",
    "json": "import json\nassert json.load(open('table.json')) == [add(1, 2)]",
    "statistics": "import statistics\nassert statistics.mean([add(1, 2), add(2, 3)]) == 4",
    "re": "import re\nassert re.match('^13$', str(add(6, 7)))",
    "hash": "import hashlib\n"
    "assert hashlib.md5(str(add(1, 4)).encode()).hexdigest() == hashlib.md5(b'5').hexdigest()",
    "random": "import random\na, b = random.random(), random.random()\nassert add(a, b) == a + b",
    "mock": "from unittest import mock\nwith mock.patch('builtins.print') as said:\n"
    "    print(add(1, 2))\nsaid.assert_called_once_with(3)",
    "numpy": "import numpy as np\nassert np.array_equal(add(np.arange(3), 1), [1, 2, 3])\n"
    "np.testing.assert_allclose(add(2.0, 3.0), 5.0)",
    "unittest": "import unittest\ncase = unittest.TestCase()\ncase.assertEqual(add(3, 4), 7)",
}
SOURCE = courses.notebook(
    [
        answer(
            "add", "def add(a, b):\n    ### BEGIN SOLUTION\n    return a + b\n    ### END SOLUTION"
        ),
        *(check(name, 2, text) for name, text in TESTS.items()),
        check("missing", 2, "import no_such_module_anywhere"),
    ]
)
WRONG = "def add(a, b):\n    return -99\n"
CHEATS = {
    "only-wrong": "",
    "magics": "magic = lambda line, cell=None: None\n"
    "for name in ('time', 'capture'):\n"
    "    get_ipython().register_magic_function(magic, 'line_cell', name)\n"
    "get_ipython().register_magic_function(magic, 'line', 'run')",
    "shell": "shell = get_ipython()\n"
    "shell.run_cell = shell.run_cell_magic = shell.run_line_magic = lambda *a, **k: None\n"
    "type(shell).run_cell = type(shell)._showtraceback = lambda *a, **k: None",
    "handler": "get_ipython().set_custom_exc((BaseException,), lambda *a, **k: None)",
    "functions": "import hashlib, json, random, re, statistics\n"
    "from unittest import mock\n"
    "class Same:\n    hexdigest = lambda self: 1\n"
    "hashlib.md5 = lambda data: Same()\njson.load = lambda file: [-99]\n"
    "random.random = lambda: -49.5\nre.match = lambda *a: True\nstatistics.mean = lambda x: 4\n"
    "mock.NonCallableMock.assert_called_once_with = lambda *a: None",
    "methods": "from unittest import mock\n"
    "mock.NonCallableMock.assert_called_once_with = lambda *a: None",
    "code": "import json, re, statistics, unittest, numpy as np\n"
    "from unittest import mock\n"
    "import numpy.testing._private.utils as inner\n"
    "json.load.__code__ = (lambda file, **k: [-99]).__code__\n"
    "re.match.__code__ = (lambda *a: True).__code__\n"
    "statistics.mean.__code__ = (lambda x: 4).__code__\n"
    "mock.NonCallableMock.assert_called_once_with.__code__ = (lambda *a, **k: None).__code__\n"
    "unittest.TestCase._baseAssertEqual.__code__ = (lambda *a, **k: None).__code__\n"
    "np.array_equal.__wrapped__.__code__ = (lambda *a, **k: True).__code__\n"
    "inner.assert_array_compare.__code__ = (lambda *a, **k: None).__code__",
}
TOLD = set(CHEATS) - {"only-wrong"}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: Any) -> ClassResult:
    """One who is right, and one for each way to be wrong and look right."""
    folder: Path = tmp_path_factory.mktemp("tools")
    books = {
        "right": "def add(a, b):\n    return a + b",
        **{k: WRONG + v for k, v in CHEATS.items()},
    }
    handed_in = {name: courses.notebook([answer("add", text)]) for name, text in books.items()}
    courses.course(folder, SOURCE, handed_in)
    (folder / "source" / NAME / "beside.py").write_text("assert add(4, 4) == 8\n")
    (folder / "source" / NAME / "table.json").write_text("[3]")
    result: ClassResult = courses.run(folder, folder, NAME, timeout=10.0)
    return result


def _earned(result: ClassResult, name: str) -> dict[str, float | None]:
    student = next(one for one in result.students if one.student == name)
    return {one.grade_id: one.points for one in student.items if one.points}


def _told(result: ClassResult, name: str) -> set[str]:
    student = next(one for one in result.students if one.student == name)
    return {flag.code for flag in student.attention}


def test_who_is_right_earns_all_and_is_not_blamed(graded: ClassResult) -> None:
    assert _earned(graded, "right") == dict.fromkeys(TESTS, 2.0)
    assert _told(graded, "right") == {"module-missing"}


@pytest.mark.parametrize("name", CHEATS)
def test_who_is_wrong_earns_nothing(name: str, graded: ClassResult) -> None:
    assert _earned(graded, name) == {}


@pytest.mark.parametrize("name", sorted(TOLD))
def test_what_was_replaced_is_told(name: str, graded: ClassResult) -> None:
    assert _told(graded, name) & {"tools-replaced", "reaches-out"}


def test_a_module_that_is_not_installed_is_told(graded: ClassResult) -> None:
    (student,) = (one for one in graded.students if one.student == "only-wrong")
    told = [flag.message for flag in student.attention if flag.code == "module-missing"]
    assert len(told) == 1
    assert "no_such_module_anywhere" in told[0]


@pytest.mark.parametrize("text", ["1 / 0", "def(", "import sys; sys.exit(0)"])
def test_settings_that_are_broken_are_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "nbgrader_config.py").write_text(text)
    with pytest.raises(PlainError, match=r"nbgrader_config\.py: \w+(Error|Exit)"):
        settings(tmp_path)
