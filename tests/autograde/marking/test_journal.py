"""The journal: what holds is not graded again, what changed is, and a person's marks stay."""

from __future__ import annotations

import copy
import inspect
import json
import sys
import tracemalloc
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from autograde.authoring import checks, samples
from autograde.gradebook import scores
from autograde.marking import classrun, hidden, journal, seal
from autograde.marking.life import Life
from autograde.results import Item, StudentResult
from autograde.tree import find
from course.checks import Case, call

COURSE = find(Path(__file__).parent)
LAB = "lab00_setup"
NAMES = ("reference", "scales-last")


@pytest.fixture
def job(tmp_path) -> classrun.Job:
    chosen = [s for s in samples.load(COURSE.samples(LAB)) if s.name in NAMES]
    samples.hand_in(chosen, COURSE, LAB, tmp_path / "submitted")
    return classrun.Job(COURSE, LAB, tmp_path / "submitted", tmp_path)


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """Texts of all probes that reach a student's session."""
    texts: list[str] = []
    ask = Life.ask

    def listening(self, probe, coming=()):
        texts.append(probe.uses[0])
        return ask(self, probe, coming)

    monkeypatch.setattr(Life, "ask", listening)
    return texts


def points(result, student, exercise):
    (one,) = [s for s in result.students if s.student == student]
    (item,) = [i for i in one.items if i.grade_id == exercise]
    return item.points


def test_a_second_run_asks_nobody_anything(job, asked):
    first = classrun.grade(job)
    asked.clear()
    assert classrun.grade(job).as_json() == first.as_json()
    assert asked == []


def test_a_changed_check_is_regraded_alone_and_moved_scores_are_told(job, asked, monkeypatch):
    first = classrun.grade(job)
    changed = copy.copy(checks.load(LAB))
    changed._checks = dict(changed._checks)

    @changed.hidden("topk_error")
    def impossible(rng):
        yield Case("what nobody can", call("topk_error", 1, 2, 3), expected=-1)

    monkeypatch.setattr(checks, "load", lambda lab, tree=None: changed)
    hidden.check.cache_clear()
    asked.clear()
    second = classrun.grade(job)
    hidden.check.cache_clear()

    assert set(asked) == {"topk_error"}
    assert {(m.student, m.grade_id) for m in second.moves} == {(n, "topk_error") for n in NAMES}
    before, after = (points(r, "reference", "topk_error") for r in (first, second))
    assert after < before
    same = [points(r, "scales-last", "normalise_images") for r in (first, second)]
    assert same[0] == same[1]


def test_a_changed_question_asks_its_checks_again(job, asked, monkeypatch):
    classrun.grade(job)
    sources = hidden.sources

    def edited(lab, name):
        found = sources(lab, name)
        return [*found, "def for_each_k(): another question"] if name == "topk_error" else found

    monkeypatch.setattr(hidden, "sources", edited)
    asked.clear()
    classrun.grade(job)
    assert set(asked) == {"topk_error"}


def test_are_a_checks_sources_its_file_its_questions_and_its_judges():
    found = hidden.sources(LAB, "topk_error")
    assert any("def for_each_k" in source for source in found)
    assert any("def topk_error(rng" in source for source in found)
    assert any("class Close" in source for source in found)
    assert not any("def normalise_images" in source for source in found)


def test_is_what_a_check_imports_of_its_lab_among_its_sources():
    lab = "lab06_resnet"
    home = checks.load(lab)["BasicBlock"].home
    (helper,) = [name for name in sys.modules if name == f"{home.rpartition('.')[0]}.tape"]
    assert inspect.getsource(sys.modules[helper]) in hidden.sources(lab, "BasicBlock")
    assert not any("class Case:" in source for source in hidden.sources(lab, "BasicBlock"))


def test_a_changed_submission_is_graded_anew(job, asked):
    classrun.grade(job)
    path = job.submissions / "reference" / LAB / f"{LAB}.ipynb"
    book = json.loads(path.read_text())
    for cell in book["cells"]:
        if cell.get("id") == "topk_error_answer":
            cell["source"] = "def topk_error(logits, labels, k):\n    return 0.5"
    path.write_text(json.dumps(book))
    asked.clear()
    again = classrun.grade(job)
    assert points(again, "reference", "topk_error") < 3
    assert set(asked) == {"normalise_images", "topk_error", "accuracy_by_class"}


def test_a_persons_scores_and_comments_stay(job):
    classrun.grade(job)
    with scores.opened(job.work / "gradebook.db") as book:
        mark = book.find_grade("why_top5", LAB, LAB, "reference")
        mark.manual_score = 1.5
        book.find_comment("why_top5", LAB, LAB, "reference").manual_comment = "well said"
        book.db.commit()
    job.journal.unlink()  # as if everything had to be graded again
    classrun.grade(job)
    assert scores.read(job.work / "gradebook.db", LAB)["reference"]["why_top5"] == 1.5
    with scores.opened(job.work / "gradebook.db") as book:
        assert book.find_comment("why_top5", LAB, LAB, "reference").comment == "well said"


def test_a_torn_line_is_a_student_not_yet_graded(job):
    classrun.grade(job)
    lines = job.journal.read_bytes().rstrip(b"\n").split(b"\n")
    job.journal.write_bytes(b"\n".join(lines[:-1]) + b"\n" + lines[-1][: len(lines[-1]) // 2])
    assert len(journal.read(job.journal)) == 1
    classrun.grade(job)
    assert set(journal.read(job.journal)) == set(NAMES)


def test_what_stood_in_for_a_wrong_answer_is_read_as_it_was_written(tmp_path):
    item = Item("b", 2.0, "passed", 2.0, replaced=("a",), note="`a` was replaced")
    result = StudentResult("someone", "graded", (item,))
    journal.append(tmp_path / "journal", journal.Entry("key", {}, result))
    assert journal.read(tmp_path / "journal")["someone"].result == result


def _entry(name: str) -> journal.Entry:
    item = Item("relu", 2.0, "passed", 1.0)
    return journal.Entry("a", {"relu": "b"}, StudentResult(name, "graded", (item,)), "c")


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line[:-9],
        lambda line: line.replace('"points": 1.0', '"points": 2.0'),
        lambda line: line.replace('"points": 1.0', '"points": NaN'),
        lambda line: line.replace('"maximum": 2.0', '"maximum": 900.0'),
        lambda line: line.replace('"student": "b"', '"student": ["b"]'),
        lambda line: line.partition('"entry": ')[2][:-1],  # of a grader without checksums
        lambda line: "[" * 200_000,
        lambda line: line.replace('"entry": ', '"entry": ' + "[" * 200_000),
        lambda line: "null",
    ],
)
def test_a_line_that_is_not_as_it_was_written_is_a_student_not_yet_graded(tmp_path, change):
    place = tmp_path / "journal.jsonl"
    for name in "abc":
        journal.append(place, _entry(name))
    lines = place.read_text().split("\n")
    assert change(lines[2]) != lines[2]
    place.write_text("\n".join([*lines[:2], change(lines[2]), lines[3]]))
    assert journal.read(place) == {"a": _entry("a"), "c": _entry("c")}


def test_a_line_of_a_grader_with_other_fields_is_a_student_not_yet_graded(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(journal, "asdict", lambda entry: asdict(entry) | {"result": {"name": "b"}})
        journal.append(tmp_path / "j", _entry("b"))
    journal.append(tmp_path / "j", _entry("c"))
    assert journal.read(tmp_path / "j") == {"c": _entry("c")}


def test_a_damaged_graded_notebook_is_written_again(job):
    classrun.grade(job)
    place = job.autograded("reference")
    whole = place.read_bytes()
    place.chmod(0o644)
    place.write_bytes(whole[: len(whole) // 2])
    classrun.grade(job)
    assert json.loads(place.read_bytes())["cells"]


def test_students_results_share_what_is_alike_and_nothing_else(job):
    """A class's memory: reports that are equal in all they say are one, others stay apart."""
    classrun.grade(job)
    (one, *_) = journal.read(job.journal).values()
    first = next(item for item in one.result.items if item.report and item.points)
    report = first.report
    told = replace(report, results=(replace(report.results[0], found="2"), *report.results[1:]))
    others = [replace(first, report=replace(report)), replace(first, report=told)]
    results = [replace(one.result, items=(item,)) for item in (first, *others)]
    share = journal.Shared()
    same, again, other = (share(result) for result in results)
    assert (same, again, other) == tuple(results)
    assert again.items[0] is same.items[0]
    assert other.items[0].report is not same.items[0].report
    assert other.items[0].report.results[1] is same.items[0].report.results[1]


def test_a_journal_is_read_line_by_line_and_a_seal_is_made_in_pieces(tmp_path):
    """What reading holds at a time does not grow with the class."""
    path = tmp_path / "journal.jsonl"
    result = StudentResult("anna", "graded", (Item("one", 1.0, "passed", 1.0),))
    line = 1 << 20
    with path.open("wb") as file:
        file.writelines([b"\n" + b"x" * line] * 40)
    journal.append(path, journal.Entry("key", {}, result))
    tracemalloc.start()
    try:
        assert journal.read(path).keys() == {"anna"}
        assert len(seal._content(path)) == 64
    finally:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < 8 * line
