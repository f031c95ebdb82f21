"""What a terminal shows of a graded class."""

from __future__ import annotations

import pytest

from autograde.handing_in.normalise.flags import Flag
from autograde.handing_in.roster import odd_name
from autograde.reports import show
from autograde.reports.leaderboard import Absent, Board
from autograde.results import ClassResult, Item, Move, StudentResult, summary

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


def test_does_no_zero_stand_for_what_nobody_could_read(capsys):
    items = (Item("relu", 2, "skipped", 0.0),)
    students = tuple(StudentResult(one, one, items) for one in ("ungradable", "not handed in"))
    show.console().print(show.class_table(ClassResult("lab90_mini", students), 100))
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[2:]]
    assert rows == [
        ["ungradable", "?", "?/2", "ungradable"],
        ["not", "handed", "in", "–", "–/2", "not", "handed", "in"],
    ]


def test_are_exercises_counted_of_notebooks_that_could_be_read():
    read = StudentResult("anna", "graded", (Item("relu", 2, "skipped", 0.0),))
    others = [StudentResult(one, one, read.items) for one in ("ungradable", "not handed in")]
    assert summary([read, *others])["relu"] == {"maximum": 2, "skipped": 1, "mean": 0.0}
    assert summary(others)["relu"] == {"maximum": 2, "mean": 0.0}


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


SIGNS = ":100: \\[red]all passed[/] [link=http://e]x[/link] [/x"


def test_no_name_or_error_turns_into_a_sign_or_a_colour(capsys):
    flag = Flag("own-error", "attention", SIGNS, f"it raised {SIGNS}")
    student = StudentResult(SIGNS, "graded", (), (flag,))
    result = ClassResult("lab90_mini", (student,), moves=(Move(SIGNS, "relu", 1, 2),))
    out = show.console()
    out.print(show.class_table(result, 200))
    show.attention(result, out)
    show.moves(result, out)
    show.absent_lines(Board("lab90_mini", (), (Absent(SIGNS, SIGNS),)), out)
    shown = capsys.readouterr().out
    assert shown.count(SIGNS) >= 7


BLANK = ["alice\u2800", "\u3164", "\u115fx", "a\u034fb", "x\ufe0f", "x\u200b", "x\U000e0041"]


@pytest.mark.parametrize("name", BLANK)
def test_a_name_that_looks_like_another_or_like_nothing_is_told(name, capsys):
    student = StudentResult(name, "graded", (), (*odd_name(name),))
    show.attention(ClassResult("lab90_mini", (student,)), show.console())
    shown = capsys.readouterr().out
    assert "unusual name" in shown
    assert shown.isascii() or not set(name) & set(shown) - set("alicexb ")
    assert ascii(name)[1:-1] in shown


@pytest.mark.parametrize("name", ["Ève O'Brien", "李雷", "محمد", "Åsa-Li"])
def test_an_ordinary_name_is_not(name):
    assert [*odd_name(name)] == []


def test_marks_changed_in_every_cell_are_one_line_that_counts_and_other_evidence_is_not(capsys):
    cells = [f"cell{number}" for number in range(30)]
    flags = [Flag("marks-restored", "attention", cell, f"{cell}: changed.") for cell in cells]
    flags += [Flag("forbidden", "attention", cell, f"{cell}: calls it.") for cell in cells[:5]]
    student = StudentResult("mallory", "graded", (), tuple(flags))
    show.attention(ClassResult("lab90_mini", (student,)), show.console())
    lines = capsys.readouterr().out.splitlines()[1:]
    assert len(lines) == len(student.needs) == 6
    assert lines[0].startswith(
        "  mallory: 30 times alike (cell0, cell1, cell2, cell3, cell4 and 25"
    )
    assert lines[0].endswith("first: cell0: changed.")
