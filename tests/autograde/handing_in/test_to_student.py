"""A student's page speaks to the student: it asks nothing of the instructor."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import autograde
from autograde.handing_in.normalise import Flag
from autograde.handing_in.normalise.to_student import LOOKS, TEXTS, to_student

CODE = re.compile(r"[a-z]+(-[a-z0-9]+)+")
OF_THE_CLASS = {"stray-file", "unusable-student-name", "gradebook-rebuilt", "utf-8"}
OF_THE_CLASS |= {"lab-changed", "student-gone", "student-renamed", "site-packages"}
TO_INSTRUCTORS = re.compile(r"\bask for|grade again|decide|\blook whether that|replace it", re.I)


def codes() -> set[str]:
    """Whatever is written like a flag's code where flags are made."""
    root = Path(next(iter(autograde.__path__)))
    found = set()
    for path in [*(root / "handing_in").rglob("*.py"), *(root / "marking").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and CODE.fullmatch(str(node.value)):
                found.add(str(node.value))
    return found - OF_THE_CLASS


def test_every_code_has_a_text_and_every_text_a_code():
    assert {"unreadable-file", "built-in-used", "symlink-refused"} <= codes()
    assert codes() == TEXTS.keys()


@pytest.mark.parametrize("code", TEXTS)
def test_no_text_asks_anything_of_the_instructor(code):
    message = "a.ipynb: the file is empty. Ask for it again, look whether that is right, decide."
    told = to_student(Flag(code, "attention", "", message if code != "answer-stops" else "x"))
    assert not TO_INSTRUCTORS.search(told)


def test_what_was_found_is_told_and_what_to_do():
    message = "The JSON breaks off at line 758, as in an upload. Ask for the .ipynb file again."
    told = to_student(Flag("not-json", "ungradable", "", message))
    assert told.startswith("The JSON breaks off at line 758, as in an upload. Hand in the .ipynb")


def test_of_an_unknown_code_nothing_is_told_but_that_somebody_looks():
    assert to_student(Flag("new-one", "attention", "", "Ask {for} it.")) == LOOKS
