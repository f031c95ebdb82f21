"""The leaderboard: who stands where, how sure that is, and a page on which every name is inert."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograde.reports import leaderboard
from autograde.reports.leaderboard import LeaderboardError, aliased, aliases, board, wilson
from autograde.reports.leaderboard_page import page
from autograde.results import Item, results_of
from course.checks import CaseResult, Report
from tests.autograde.cli.test_cli import autograde
from tests.conftest import MINI

LAB = MINI
HOSTILE = ["<script>alert(1)</script>", '" onload="x', "[red]bold[/]", "ad\u202ea", "a" * 300]
SECRET = b"sloe"


def student(name: str, accuracy: float | None = None, size: int = 1000, **other: Any) -> Any:
    cell: dict[str, Any] = {"points": 3.0, "maximum": 12.0, "status": "passed"}
    if accuracy is not None:
        cell["measured"] = {"accuracy": accuracy, "images": 1000.0, "parameters": float(size)}
    return {
        "student": name,
        "outcome": "graded",
        "cells": {"trained": cell | other, "else": {"points": 1, "maximum": 1, "status": "passed"}},
        "flags": [],
    }


def results(*students: Any) -> dict[str, Any]:
    return {"lab": LAB, "students": list(students)}


CLASS = results(
    student("ada", 0.9, 5000),
    student("bob", 0.8, 100),
    student("cy", 0.9, 200),
    student("dan", 0.7, 300),
    student("eve", 0.8, 100),
)


def test_the_most_accurate_is_first_and_equals_share_a_rank_the_smaller_first():
    found = [(entry.rank, entry.student) for entry in board(CLASS).entries]
    assert found == [(1, "cy"), (1, "ada"), (3, "bob"), (3, "eve"), (5, "dan")]


def test_the_frontier_has_what_nobody_beats_and_equals_both():
    assert [entry.student for entry in board(CLASS).frontier] == ["bob", "eve", "cy"]


def test_points_are_those_of_the_check_that_measured():
    entry = board(CLASS).entries[0]
    assert (entry.points, entry.maximum) == (3.0, 12.0)


def test_students_without_a_network_are_listed_with_the_reason():
    unread = {"student": "zed", "outcome": "ungradable", "cells": {}, "flags": []}
    missing = student("mia", status="failed") | {"flags": [{"code": "file-missing"}]}
    idle = student("ida", status="skipped") | {"flags": [{"code": "file-missing"}]}
    absent = unread | {"student": "ann", "outcome": "not handed in"}
    broken = student("gil", status="failed")
    error = student("kim", status="grader_error", points=None)
    unsure = student("lee", float("nan"), status="failed")
    one = student("ada", 0.9)
    found = board(results(one, unread, missing, idle, absent, broken, error, unsure))
    assert [(a.student, a.why) for a in found.absent] == [
        ("ann", "not handed in"),
        ("gil", "could not be measured"),
        ("ida", "not attempted"),
        ("kim", "the check itself failed"),
        ("lee", "could not be measured"),
        ("mia", "no weights handed in"),
        ("zed", "the notebook could not be read"),
    ]


def test_a_class_without_any_network_is_told_what_is_missing():
    with pytest.raises(LeaderboardError, match="measured nobody's network"):
        board(results(student("ada")))


def test_a_name_that_would_steer_a_terminal_is_shown():
    with pytest.raises(LeaderboardError) as told:
        board(results(student("ada")) | {"lab": "\x1b[2J\0"})
    assert str(told.value).isprintable()


def test_without_a_grading_the_message_says_what_to_run(tmp_path):
    with pytest.raises(LeaderboardError, match=f"Run `autograde grade {LAB} --workdir"):
        leaderboard.read(tmp_path, LAB)


@pytest.mark.parametrize(("accuracy", "images"), [(0.9, 1000), (0.5, 10), (1.0, 10), (0.0, 7)])
def test_the_ends_of_the_interval_are_two_standard_deviations_from_what_was_seen(accuracy, images):
    """Wilson's condition: what was seen is z deviations of the end itself away."""
    ends = [end for end in wilson(accuracy, images) if 0 < end < 1]
    assert ends
    for end in ends:
        deviation = (end * (1 - end) / images) ** 0.5
        assert abs(accuracy - end) == pytest.approx(1.96 * deviation)


@pytest.mark.parametrize(
    "text",
    [
        *("", "[" * 100_000, "null", "{}", '{"lab": "a", "students": [1]}', "\udcff"),
        '{"lab": "a", "students": [{"student": "b", "cells": {"c": {"measured": 1}}}]}',
        '{"lab": "a", "students": [{"cells": {"c": {"measured": {"accuracy": 7}}}}]}',
    ],
)
def test_damaged_results_are_named_with_what_makes_them_anew(tmp_path, text):
    place = results_of(tmp_path, "a")
    place.parent.mkdir()
    place.write_text(text, "utf-8", "surrogateescape")
    with pytest.raises(LeaderboardError, match="damaged") as found:
        leaderboard.read(tmp_path, "a")
    assert str(place) in str(found.value)
    assert "autograde grade a" in str(found.value)


@given(st.integers(1, 5000), st.floats(0, 1))
def test_the_interval_holds_what_was_seen_and_stays_a_share(images, share):
    accuracy = round(share * images) / images
    low, high = wilson(accuracy, images)
    assert 0 <= low <= accuracy + 1e-12
    assert accuracy - 1e-12 <= high <= 1


def test_a_network_on_unknown_images_has_no_interval_and_a_page():
    one = student("ada", 0.5)
    one["cells"]["trained"]["measured"] = {"accuracy": 0.5}
    found = board(results(one))
    assert found.entries[0].interval is None
    assert "50.0 %" in page(found, "Lab")


def test_only_the_last_case_counts_so_that_nothing_stands_in_for_hidden_images():
    visible = CaseResult("visible", "passed", 1.0, measured={"accuracy": 1.0})
    hidden = CaseResult("hidden", "failed", 1.0)
    report = Report("trained", "", (visible, hidden), 2)
    assert Item("trained", 2, "failed", 1, report).measured == {}


# Aliases ----------------------------------------------------------------------------------------


def test_an_alias_stays_when_the_class_changes_and_depends_on_the_secret():
    few, many = aliases(["ada", "bob"], SECRET), aliases(["cy", "bob", "ada", "dan"], SECRET)
    assert few.items() <= many.items()
    assert aliases(["ada"], b"damson") != aliases(["ada"], SECRET)


def test_aliases_are_all_different():
    names = [f"student{number}" for number in range(2000)]
    assert len(set(aliases(names, SECRET).values())) == len(names)


def test_a_page_of_aliases_holds_no_name_and_no_order_of_names():
    whole = board(results(*CLASS["students"], student("mia", status="failed")))
    names = aliases(whole.students, SECRET)
    hidden = aliased(whole, names)
    text = page(hidden, "Lab")
    assert not [name for name in names if f">{name}<" in text or f". {name}:" in text]
    assert [entry.rank for entry in hidden.entries] == [1, 1, 3, 3, 5]
    tied = [entry.student for entry in hidden.entries if entry.rank == 3]
    assert tied == sorted(tied)


# The page ---------------------------------------------------------------------------------------


class Elements(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("meta", "line", "circle", "path"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize("name", HOSTILE)
def test_every_name_is_inert(name):
    text = page(board(results(student(name, 0.9), student(f"{name}2", status="failed"))), "A <b>")
    honest = Elements(page(board(results(student("a", 0.9), student("b", status="failed"))), "A"))
    found = Elements(text)
    assert (found.tags, found.attributes) == (honest.tags, honest.attributes)
    assert found.open == []
    assert leaderboard.shown(name) in found.text
    assert "\u202e" not in text


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing():
    text = page(board(CLASS), "Lab")
    assert "http" not in text.replace("http-equiv", "")
    assert "default-src 'none'" in text
    assert "<script" not in text


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(1, 10**9)),
        min_size=1,
        max_size=60,
    )
)
def test_any_class_has_a_page_within_its_picture(networks):
    students = [student(f"s{n}", accuracy, size) for n, (accuracy, size) in enumerate(networks)]
    text = page(board(results(*students)), "Lab")
    assert Elements(text).open == []
    places = [float(part.split('"')[0]) for part in text.split(' cx="')[1:]]
    heights = [float(part.split('"')[0]) for part in text.split(' cy="')[1:]]
    assert all(0 <= place <= 720 for place in places)
    assert all(0 <= height <= 380 for height in heights)


def test_a_network_far_below_is_listed_and_not_drawn():
    text = page(board(results(student("ada", 0.9), student("bob", 0.1))), "Lab")
    assert "1 network far below the others: not drawn." in text
    assert ">bob<" in text
    assert ". bob:" not in text


# The command ------------------------------------------------------------------------------------


@pytest.fixture
def graded(mini):
    (mini.solutions / "seed.txt").write_text("sloe\n")
    path = results_of(mini.root / "grading", LAB)
    path.parent.mkdir(parents=True)
    found = results(student("ada", 0.9), *(student(name, 0.8) for name in HOSTILE))
    path.write_text(json.dumps(found))
    return mini


def test_the_command_prints_the_table_and_writes_the_page(graded):
    done = autograde(graded, "leaderboard", LAB)
    assert done.returncode == 0, done.stderr
    assert all(leaderboard.shown(name) in done.stdout for name in ["ada", *HOSTILE])
    text = (graded.root / "grading" / "leaderboard" / f"{LAB}.html").read_text()
    assert "<h1>Lab 90 · A tiny lab</h1>" in text
    assert ">ada<" in text


def test_with_aliases_the_command_tells_who_is_who_and_the_page_does_not(graded):
    done = autograde(graded, "leaderboard", LAB, "--alias")
    alias = aliases(["ada"], b"sloe")["ada"]
    text = (graded.root / "grading" / "leaderboard" / f"{LAB}_aliases.html").read_text()
    assert alias in done.stdout
    assert "ada" in done.stdout
    assert alias in text
    assert ">ada<" not in text


def test_the_command_without_a_grading_says_what_to_do(mini):
    done = autograde(mini, "leaderboard", LAB)
    assert done.returncode == 2
    assert done.stderr.startswith(f"autograde: no results of {LAB}")
