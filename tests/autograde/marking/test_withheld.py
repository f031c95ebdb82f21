"""What hidden checks brought to a notebook, and what of it its student gets to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from torch import Tensor

from autograde.authoring import samples
from autograde.gradebook import scores
from autograde.marking import classrun, hidden, withheld
from autograde.reports import feedback
from autograde.results import StudentResult
from autograde.sandbox import CellRun
from autograde.tree import find
from course.checks import CaseResult, Report

COURSE = find(Path(__file__).parent)
LAB = "lab01_activations"
FOLDER = Path(__file__).parents[2] / "hostile" / LAB / "reading"
TELLER = "tells-inputs"
NUMBER = re.compile(r"-?\d+\.\d{4,}")


@dataclass(frozen=True)
class Returned:
    """A graded notebook, and all that its student gets to see of it."""

    result: StudentResult
    notebook: nbformat.NotebookNode
    texts: dict[str, str]

    def panel(self, check: str) -> str:
        marks = ((cell.metadata.get("nbgrader", {}), cell) for cell in self.notebook.cells)
        (cell,) = (cell for mark, cell in marks if mark.get("grade_id") == check)
        return str(cell.outputs[0].data["text/html"])


@pytest.fixture(scope="module")
def returned(tmp_path_factory: pytest.TempPathFactory) -> Returned:
    work = tmp_path_factory.mktemp("class")
    chosen = [sample for sample in samples.load(FOLDER) if sample.name == TELLER]
    samples.hand_in(chosen, COURSE, LAB, work / "submitted")
    path = work / "submitted" / TELLER / LAB / f"{LAB}.ipynb"
    book = nbformat.read(path, as_version=4)
    book.cells.append(nbformat.v4.new_code_cell("print(MARK, given)\ngiven"))
    nbformat.write(book, path)
    done = classrun.grade(classrun.Job(COURSE, LAB, work / "submitted", work, isolation="none"))
    place = work / "autograded" / TELLER / LAB / f"{LAB}.ipynb"
    (page,) = feedback.generate(LAB, work)
    book = nbformat.read(place, as_version=4)
    texts = {"outputs": _outputs(book), "page": page.read_text(), "comments": _comments(work)}
    return Returned(done.students[0], book, texts)


def _outputs(book: nbformat.NotebookNode) -> str:
    return str([(cell.get("outputs"), cell.metadata) for cell in book.cells])


def _comments(work: Path) -> str:
    with scores.opened(work / "gradebook.db") as book:
        (submission,) = book.assignment_submissions(LAB)
        return str([one.comment for part in submission.notebooks for one in part.comments])


def _numbers(thing: Any) -> Iterator[float]:
    if isinstance(thing, Tensor):
        yield from (float(one) for one in thing.flatten()[:500])
    elif isinstance(thing, dict):
        yield from _numbers(list(thing.values()))
    elif isinstance(thing, list | tuple):
        for one in thing:
            yield from _numbers(one)
    elif isinstance(thing, float):
        yield thing


def _hidden_numbers(name: str) -> set[str]:
    """Inputs and expected values of a check, to four digits behind the point."""
    cases = hidden.check(LAB, name).cases
    brought = [(one.case.probe.args, dict(one.case.probe.kwargs), one.expected) for one in cases]
    texts = {NUMBER.match(f"{number:.9f}") for number in _numbers(brought)}
    return {one[0][:-5] for one in texts if one and len(set(one[0][-8:])) > 3}


def test_did_the_process_get_to_tell_what_it_was_given(returned: Returned) -> None:
    """Else the tests below show nothing."""
    (relu,) = (item.report for item in returned.result.items if item.grade_id == "relu")
    assert relu is not None
    assert "given: " in relu.printed
    assert _hidden_numbers("relu")
    assert any(number in str(relu) for number in _hidden_numbers("relu"))


@pytest.mark.parametrize("where", ["outputs", "page", "comments"])
def test_is_nothing_of_hidden_inputs_returned(returned: Returned, where: str) -> None:
    text = returned.texts[where]
    assert "given: " not in text
    names = [item.grade_id for item in returned.result.items if item.report]
    brought = set[str]().union(*map(_hidden_numbers, names))
    public = "".join(cell.source for cell in returned.notebook.cells)
    found = {one for one in NUMBER.findall(text) if one[: one.index(".") + 5] in brought}
    assert {one for one in found if one not in public} == set()


def test_does_the_panel_say_what_kind_of_input_and_failure_it_was(returned: Returned) -> None:
    panel = returned.panel("relu")
    titles = [one.case.title for one in hidden.check(LAB, "relu").cases]
    assert titles[0] in panel
    assert "The values are not right" in panel
    assert "check.again(&quot;relu&quot;, 1)" in panel
    assert "tells no numbers" in panel
    assert "Your code stops with an error" in returned.panel("leaky_relu")
    assert "ImportError" in returned.panel("dead_fraction")


def test_is_it_told_why_an_answer_is_missing_without_its_words(returned: Returned) -> None:
    assert "is not defined: the answer cell stops: an error." in returned.panel("relu_grad")
    (flag,) = (one for one in returned.result.flags if one.cell == "relu_grad_answer")
    assert flag.message == "the answer cell stops: an error"


def test_does_a_case_beyond_the_visible_ones_name_no_way_to_try_it() -> None:
    failed = CaseResult("t", "failed", 1.0, "f(1)", "2", "3", "note", "hint", kind="values")
    report = withheld.told(Report("relu", "", (failed, failed), 2.0), visible=1)
    assert [one.again for one in report.results] == ['check.again("relu", 1)', ""]
    told = {(one.tried, one.expected, one.found, one.message) for one in report.results}
    assert told == {("", "", "", "")}
    assert report.results[0].hint == "hint"


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ("ValueError: 0.123 (in `f`, line 1)", "ValueError"),
        ("x0.123: y", ""),
        ("took longer than 123 s and was stopped", "took too long and was stopped"),
        ("ended its own process (exit code 123)", "ended its own process"),
    ],
)
def test_are_errors_told_in_fixed_words(found: str, told: str) -> None:
    one = CaseResult("t", "failed", 1.0, found=found, kind="raised")
    assert withheld.told(Report("c", "", (one,), 1.0), 0).results[0].found == told


def test_are_claims_and_failures_of_the_check_told_in_fixed_words() -> None:
    broken = CaseResult("t", "grader_error", 1.0, message="ValueError: 0.123")
    absent = CaseResult("t", "skipped", 1.0, message="0.123 is not defined", kind="missing")
    for one in (broken, absent):
        assert "0.123" not in str(withheld.told(Report("c", "", (one,), 1.0), 0))
    real = {"relu", "_foreach_tanh", "sigmoid_backward"}
    assert withheld.called({*real, "relu__0123", "0.123", "aten::relu", ""}) == real
    assert withheld.stopped(CellRun("crashed", message="ended (exit code 12)")) == withheld.ENDED


def test_only_one_failing_case_of_either_sort_tells_how_it_fails() -> None:
    """How it fails is the student's to choose, case by case: it could spell what was asked."""
    names = ("KeyError", "OSError", "EOFError", "IndexError", "LookupError")
    results = tuple(
        CaseResult(name, "failed", 1.0, kind="raised", found=f"{name}: x", hint=name)
        for name in names
    )
    told = withheld.told(Report("relu", "", results, 1), visible=3).results
    assert [one.found for one in told] == ["KeyError", "", "", "IndexError", ""]
    assert [one.hint for one in told] == ["KeyError", "", "", "IndexError", ""]
    assert [one.outcome for one in told] == ["failed"] * 5


def test_an_error_without_words_keeps_its_name() -> None:
    result = CaseResult("", "failed", 1.0, kind="raised", found="KeyError (in `relu`)")
    (told,) = withheld.told(Report("relu", "", (result,), 1), visible=1).results
    assert told.found == "KeyError"


def test_has_a_stopped_case_the_hint_of_a_stop_and_are_the_others_one_line() -> None:
    slow = CaseResult(
        "easy", "failed", 1.0, kind="raised", found="took longer than 10 s", hint="Read the error."
    )
    rest = replace(slow, found="not tried, because an earlier case ended the run")
    found = withheld.told(Report("f", "", (slow, rest, rest, rest), 1.0), 3)
    text = str(found)
    assert "took too long and was stopped" in text
    assert "a loop that never ends" in text.replace("\n", " ")
    assert "stops with an error" not in text
    assert "Read the error" not in text
    assert text.count("check.again(") == 2
    assert '`check.again("f", 2)` tries case 2 again, and so for 3.' in text


def test_is_a_name_that_is_missing_for_a_known_reason_no_slip_in_it() -> None:
    gone = CaseResult("easy", "failed", 1.0, kind="missing", found="`f` is not defined")
    report = Report("f", "", (gone,), 1.0)
    told = withheld.told(report, 1, "`f` is not defined: the answer cell stops.")
    assert "its name is not defined" in str(told)
    assert told.results[0].kind == ""
    assert withheld.told(report, 1).results[0].kind == "missing"
