"""What a terminal shows of a graded class."""

from __future__ import annotations

import pytest

from autograde.handing_in.normalise.flags import Flag
from autograde.reports import show
from autograde.results import ClassResult, StudentResult

EVIL = "\x1b[2J\x1b]0;all is well\x07\r\nNeeds a person\nnobody\u202e\x9b1m\x08"


def test_is_nobody_named_where_nobody_is_needed(capsys):
    show.attention(ClassResult("lab90_mini", ()), show.console())
    assert capsys.readouterr().out.split("\n")[:2] == ["Needs a person", "  nobody"]


def test_is_told_who_handed_nothing_in(capsys):
    students = tuple(StudentResult(name, "not handed in", ()) for name in ("anna", "b[o]b"))
    graded = StudentResult("carl", "graded", ())
    show.attention(ClassResult("lab90_mini", (*students, graded)), show.console())
    told = capsys.readouterr().out
    assert told == "Needs a person\n  handed nothing in (2): anna, b[o]b\n"


def test_does_a_terminal_show_control_characters_and_obey_none(capsys):
    flag = Flag("own-error", "attention", EVIL, f"its cell raised {EVIL}")
    student = StudentResult(EVIL, "graded", (), (flag,))
    result = ClassResult("lab90_mini", (student,), flags=(flag,))
    out = show.console()
    show.attention(result, out)
    out.print(show.class_table(result, 100))
    out.print(f"a line that nobody thought of: {EVIL}")
    shown = capsys.readouterr().out
    assert all(c.isprintable() or c == "\n" for c in shown)
    assert shown.split("\n").count("Needs a person") == 2  # the heading, and the last line's
    assert "\\x1b[2J" in shown


@pytest.mark.parametrize("name", ["message", "cell"])
def test_is_a_flag_one_line_whatever_it_quotes(name):
    assert getattr(Flag("code", "info", EVIL, EVIL), name).isprintable()
