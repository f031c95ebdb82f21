"""The class report: what is counted, who is named, and a page on which every text is inert."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from autograde.authoring import samples
from autograde.gradebook import scores
from autograde.handing_in.normalise import Flag
from autograde.marking import classrun
from autograde.reports.class_report import ClassReport, ReportError, graded, of_class
from autograde.reports.class_report_page import page
from autograde.reports.similar import Alike, Cluster, Pair, Similar
from autograde.results import Item, StudentResult, results_of
from autograde.tree import find
from course.checks import CaseResult, Report
from tests.autograde.cli.test_cli import autograde

COURSE = find(Path(__file__).parent)
LAB = "lab01_activations"
HOSTILE = "<img src=x onerror=alert(1)>\u202e'\"& [red]"
PASSED = CaseResult("easy", "passed", 1.0)
HIDDEN = CaseResult("only in grading", "passed", 1.0)
KNOWN = CaseResult("easy", "failed", 1.0, hint="Is it twice?", mistake="is_thrice", kind="values")
OTHER = CaseResult("easy", "failed", 1.0, found="ValueError: 7 (line 1)", kind="raised")
BEYOND = CaseResult("only in grading", "failed", 1.0, kind="values")
NOT_TRIED = CaseResult("only in grading", "failed", 1.0, found="not tried, because", kind="raised")
SLOW = replace(OTHER, found="took longer than 10 s and was stopped")


def checked(*cases: CaseResult, name: str = "double", **other: Any) -> Item:
    report = Report(name, "", cases, 10.0)
    return Item(name, 10.0, report.outcome, report.earned, report, **other)


def written(points: float | None = None) -> Item:
    return Item("why", 5.0, "manual", points)


def student(name: str, *items: Item, flags: tuple[Flag, ...] = ()) -> StudentResult:
    return StudentResult(name, "graded", items, flags, seconds=2.0)


def report(*students: StudentResult, marks: Any = None) -> ClassReport:
    names = {"": "A lab", "double": "Twice"}
    checks = {"double": 1}
    return of_class("lab", students, names, marks or {}, checks.get)


CLASS = (
    student("ada", checked(PASSED, HIDDEN), written()),
    student("bob", checked(KNOWN, BEYOND), written()),
    student("cy", checked(OTHER, NOT_TRIED), written()),
    student("dan", checked(PASSED, BEYOND), written()),
    student("eve", Item("double", 10.0, "skipped", 0.0), Item("why", 5.0, "skipped", 0.0)),
    StudentResult("fay", "not handed in", (Item("double", 10.0, "skipped", 0.0),)),
    StudentResult(
        "gil", "ungradable", (), (Flag("no-notebook", "ungradable", "", "no notebook: ask"),)
    ),
)


def test_points_are_of_those_who_handed_in_and_waiting_answers_do_not_count():
    found = report(*CLASS)
    assert found.points == {"ada": 10.0, "bob": 0.0, "cy": 0.0, "dan": 5.0, "eve": 0.0}
    assert (found.mean, found.median, found.maximum, found.waiting) == (3.0, 0.0, 10.0, 4)
    assert (found.absent, found.ungradable) == (("fay",), ("gil",))


def test_once_a_person_has_read_all_answers_they_count():
    marks = {name: {"why": 4.0} for name in ("ada", "bob", "cy", "dan")}
    found = report(*CLASS, marks=marks)
    assert (found.points["ada"], found.maximum, found.waiting) == (14.0, 15.0, 0)
    assert {one.name: one.mean for one in found.exercises} == {"double": 0.3, "why": 0.64}


def test_an_exercise_tells_statuses_worst_cases_and_where_the_course_stood_in():
    other = checked(PASSED, name="next", replaced=("double",))
    found = report(*CLASS, student("hal", checked(KNOWN), other))
    (double, *_) = found.exercises
    assert double.title == "Twice"
    assert {**double.counts} == {"passed": 1, "failed": 4, "skipped": 1, "waiting": 0}
    assert double.worst == (("easy", 3), ("only in grading", 2))
    assert double.stood_in == 1


def test_mistakes_are_counted_among_those_who_tried():
    (found,) = report(*CLASS).mistakes
    assert (found.exercise, found.what, found.told) == ("double", "is_thrice", "Is it twice?")
    assert (found.students, found.attempted, found.share) == (("bob",), 4, 0.25)


def test_failures_without_a_known_mistake_are_told_by_their_first_case():
    found = {one.what: one for one in report(*CLASS).unexplained}
    assert found["easy"].students == ("cy",)
    assert "ValueError" in found["easy"].told
    assert found["only in grading"].students == ("dan",)


def test_only_whoever_passes_all_visible_cases_is_caught_by_hidden_ones():
    (found,) = report(*CLASS).beyond
    assert (found.what, found.students, found.hidden) == ("only in grading", ("dan",), True)


def test_who_needs_attention_and_why():
    flag = Flag("moved", "attention", "double_answer", "the cell was copied: look")
    broken = Item("double", 10.0, "grader_error", None)
    more = (
        student("hal", checked(PASSED), flags=(flag, replace(flag, severity="info"))),
        student("ida", broken),
        student("jan", broken),
    )
    found = dict(report(*CLASS, *more, marks={"jan": {"double": 10.0}}).attention)
    assert found == {
        "bob": ("low: 0 of 10 points by checks",),
        "cy": ("low: 0 of 10 points by checks",),
        "eve": ("nothing attempted",),
        "fay": ("not handed in",),
        "gil": ("no notebook: ask",),
        "hal": ("double: the cell was copied: look",),
        "ida": ("double: the check itself failed; mark it by hand",),
    }


def test_who_was_stopped_or_starved_is_told():
    busy = Flag("machine-busy", "attention", "", "this machine was too busy")
    found = report(student("ada", checked(SLOW)), student("bob", checked(PASSED), flags=(busy,)))
    assert found.times.stopped == (("ada", "double: took longer than 10 s and was stopped"),)
    assert found.times.starved == ("bob",)
    assert (found.times.whole, found.times.middle) == (4.0, 2.0)


def test_without_a_grading_the_message_says_what_to_run(tmp_path):
    with pytest.raises(ReportError, match="Run `autograde grade lab --workdir"):
        graded(tmp_path, "lab")


@pytest.mark.parametrize("text", ["", "[" * 100_000, "null", '{"students": [1], "flags": []}'])
def test_damaged_results_are_named_with_what_makes_them_anew(tmp_path, text):
    place = results_of(tmp_path, "lab")
    place.parent.mkdir()
    place.write_text(text)
    with pytest.raises(ReportError, match="damaged"):
        graded(tmp_path, "lab")


# The page ---------------------------------------------------------------------------------------

VOID = {"meta", "line", "rect", "br"}


class Elements(HTMLParser):
    """Tags, attributes and addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses |= {value or "" for name, value in attrs if name in ("href", "src")}
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def whole(text: str) -> ClassReport:
    """A report with a text wherever one can stand."""
    cases = [
        replace(one, title=text, found=text, hint=text, mistake=one.mistake and text)
        for one in (KNOWN, OTHER, BEYOND, PASSED)
    ]
    flag = Flag(text, "attention", text, text)
    students = [student(f"{text}{n}", checked(one), flags=(flag,)) for n, one in enumerate(cases)]
    students.append(student(f"{text}5", checked(cases[3], cases[2]), written()))
    students.append(student(f"{text}6", checked(replace(SLOW, title=text))))
    found = of_class(text, students, {"": text, "double": text}, {}, lambda _: 1)
    alike = Alike(text, 12, 15, (f"{text}\n\t{text}", text))
    pair = Pair((text, text), 12, (alike,))
    similar = Similar(2, 1, (Cluster((text, text), (pair,)),), {text: 1})
    return replace(found, flags=(text,), unknown=(text,), similar=similar)


def test_every_text_is_inert():
    plain = Elements(page(whole("a"), lambda name: f"../autograded/{name}"))
    text = page(whole(HOSTILE), lambda name: f"../autograded/{name}")
    found = Elements(text)
    assert (found.tags, found.attributes) == (plain.tags, plain.attributes)
    assert found.open == []
    assert {one.startswith("../autograded/%3Cimg") for one in found.addresses} == {True}
    assert "\u202e" not in text


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing():
    text = page(report(*CLASS))
    assert "http" not in text.replace("http-equiv", "")
    assert "default-src 'none'" in text
    assert "<script" not in text


def test_the_page_says_what_to_say_and_describes_its_picture():
    text = page(report(*CLASS))
    assert "Say: Is it twice?" in text
    assert 'aria-label="Students by points. 0 to 1: 3; 5 to 6: 1; 9 to 10: 1. Median 0.0' in text
    assert "4 written answers wait to be read" in text


def test_a_class_of_nobody_has_a_page():
    assert Elements(page(report())).open == []


# The command ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("class")
    chosen = [one for one in samples.load(COURSE.samples(LAB)) if one.name == "partly-right"]
    samples.hand_in(chosen, COURSE, LAB, place / "submitted")
    (place / "submitted" / "absent").mkdir()
    classrun.grade(classrun.Job(COURSE, LAB, place / "submitted", place, isolation="none"))
    return place


@pytest.mark.slow
def test_the_command_tells_what_a_graded_class_did(work, tmp_path):
    with scores.opened(work / "gradebook.db") as book:
        for notebook in book.find_submission(LAB, "partly-right").notebooks:
            for grade in (one for one in notebook.grades if one.auto_score is None):
                grade.manual_score, grade.needs_manual_grade = 2.0, False
        book.db.commit()
    told = tmp_path / "report.json"
    done = autograde(COURSE, "report", LAB, "--workdir", str(work), "--json", str(told))
    assert done.returncode == 0, done.stderr
    assert "forgot two inside. Say: " in done.stdout
    text = (work / "report" / f"{LAB}.html").read_text("utf-8")
    assert f'href="../autograded/partly-right/{LAB}/{LAB}.ipynb"' in text
    assert "Exercise 1.2 · The hyperbolic tangent" in text
    found = json.loads(told.read_text("utf-8"))
    assert (found["waiting"], found["absent"]) == (0, ["absent"])
    read = graded(work, LAB)[0]
    automatic = next(one.points for one in read if one.student == "partly-right")
    assert found["points"] == {"partly-right": automatic + 4.0}
    assert found["similar"]["compared"] == 1


@pytest.mark.slow
def test_a_journal_that_is_gone_leaves_points_and_says_so(work, tmp_path):
    (work / "journal" / f"{LAB}.jsonl").rename(tmp_path / "away")
    try:
        done = autograde(COURSE, "report", LAB, "--workdir", str(work))
    finally:
        (tmp_path / "away").rename(work / "journal" / f"{LAB}.jsonl")
    assert done.returncode == 0, done.stderr
    assert "no full report on 2 students" in done.stdout


def test_a_blank_written_answer_is_no_point_that_checks_did_not_give():
    blank = Item("why", 5.0, "skipped", 0.0)
    found = report(student("ada", checked(PASSED, HIDDEN, KNOWN), blank))
    assert found.attention == ()  # two thirds of what checks give; with the blank one 0.44 …
    (low,) = report(student("bob", checked(KNOWN, HIDDEN, KNOWN, KNOWN), blank)).attention
    assert low == ("bob", ("low: 2.5 of 10 points by checks",))
