"""Work beside its cell, work that ran at the student's only, and checks that were never asked: a
person is told, and nothing is a silent zero.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autograde.authoring import samples
from autograde.gradebook import scores
from autograde.marking import classrun, life
from autograde.results import StudentResult
from autograde.tree import find

COURSE = find(Path(__file__).parent)
LAB = "lab00_setup"
BURN = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end: pass"
PANEL = "<div><b>✓</b> <b>{}: 5 of 5 cases passed, 3 of 3 points</b></div>"
WRONG = "def topk_error(logits, labels, k):\n    return 0.5"


class Book:
    """The reference as JSON, to be changed."""

    def __init__(self, cells: list[dict[str, Any]]) -> None:
        self.cells = cells

    def __getitem__(self, name: str) -> dict[str, Any]:
        return next(cell for cell in self.cells if cell["id"] == name)

    def add(self, source: str, after: str = "", kind: str = "code") -> None:
        """A cell of the student's own, at the end or behind another one."""
        more = {"outputs": [], "execution_count": None} if kind == "code" else {}
        cell = {"id": f"mine{len(self.cells)}", "cell_type": kind, "metadata": {}} | more
        place = self.cells.index(self[after]) + 1 if after else len(self.cells)
        self.cells.insert(place, cell | {"source": source})

    def blank(self, name: str) -> str:
        """Take an answer out of its cell; its text."""
        taken = self[name]["source"]
        given = json.loads(COURSE.student(LAB).read_text())["cells"]
        self[name]["source"] = next(one["source"] for one in given if one["id"] == name)
        return "".join(taken)

    def passed(self, name: str) -> None:
        """Let the file say that a check passed."""
        data = {"text/html": PANEL.format(name), "text/plain": "3"}
        self[name]["outputs"] = [{"output_type": "display_data", "data": data, "metadata": {}}]


def written_below(book: Book) -> None:
    book.add(book.blank("why_top5"), "why_top5", "markdown")


def written_as_code(book: Book) -> None:
    book.add(f"# {book.blank('why_top5')!r}", "why_top5")


def nothing_written(book: Book) -> None:
    book.blank("why_top5")
    book.add("x = 1", "why_top5")


def code_at_the_end(book: Book) -> None:
    book.add(book.blank("topk_error_answer"))


def code_as_text(book: Book) -> None:
    book.add(f"```\n{book.blank('topk_error_answer')}\n```", "topk_error", "markdown")


def wrong_and_passed(book: Book) -> None:
    book["topk_error_answer"]["source"] = WRONG
    book.passed("topk_error")


def wrong(book: Book) -> None:
    book["topk_error_answer"]["source"] = WRONG


def right_and_passed(book: Book) -> None:
    book.passed("topk_error")


def newer_python(book: Book) -> None:
    cell = book["topk_error_answer"]
    cell["source"] = f"type Number = float\n{''.join(cell['source'])}"


def unused_import(book: Book) -> None:
    cell = book["topk_error_answer"]
    cell["source"] = f"import seaborn_of_nobody\n{''.join(cell['source'])}"


def on_a_gpu(book: Book) -> None:
    wrong(book)
    cell = book["topk_error_answer"]
    cell["source"] = cell["source"].replace("return 0.5", "return logits.cuda().mean()")


def compiled(book: Book) -> None:
    cell = book["topk_error_answer"]
    cell["source"] = f"{''.join(cell['source'])}\ntopk_error = torch.compile(topk_error)"


def reset(book: Book) -> None:
    book.add("%reset -f", "normalise_images")


def empty_setup(book: Book) -> None:
    (cell,) = [one for one in book.cells if "setup" in one["metadata"].get("tags", ())]
    cell["source"] = ""


def helped(book: Book, place: str, helper: str) -> None:
    """Let a right answer need what stands in a cell of the lab that grading does not run."""
    cell = book[place]
    cell["source"] = f"{helper}\n{''.join(cell['source'])}"
    answer = book["topk_error_answer"]
    own = "right = topk_error\ndef topk_error(*args): return as_it_is(right)(*args)"
    answer["source"] = f"{''.join(answer['source'])}\n{own}"


def helper_in_an_experiment(book: Book) -> None:
    helped(book, "b68849454a08", "import functools\ndef as_it_is(f): return functools.partial(f)")


def helper_beside_the_profile(book: Book) -> None:
    helped(book, "e73de352e9cb", "as_it_is = lambda f: f")


def helper_that_an_experiment_makes(book: Book) -> None:
    helped(book, "b68849454a08", "import functools\nas_it_is = functools.partial(lambda f: f)")


def burning(book: Book) -> None:
    for _ in range(3):
        book.add(BURN.format(1.5), "normalise_images")


def killed(book: Book) -> None:
    """Right; see :func:`ask`."""


def ask(self: life.Life, probe: Any, coming: Any = ()) -> Any:
    """Put a probe; the system kills the process of whoever has this file, with one exercise."""
    if "killed.txt" in self.files and "topk_error" in probe.uses:
        os.kill(self._alive().pid, signal.SIGKILL)
    return ASK(self, probe, coming)


ASK = life.Life.ask

CHANGES: tuple[Callable[[Book], None], ...] = (
    written_below,
    written_as_code,
    nothing_written,
    code_at_the_end,
    code_as_text,
    wrong_and_passed,
    wrong,
    right_and_passed,
    newer_python,
    unused_import,
    on_a_gpu,
    compiled,
    reset,
    empty_setup,
    helper_in_an_experiment,
    helper_beside_the_profile,
    helper_that_an_experiment_makes,
    burning,
    killed,
)


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> Iterator[classrun.Job]:
    """A class in which everybody did something of it; a submission has three seconds."""
    work = tmp_path_factory.mktemp("class")
    (reference,) = [one for one in samples.load(COURSE.samples(LAB)) if one.name == "reference"]
    samples.hand_in([reference], COURSE, LAB, work / "base")
    text = (work / "base" / "reference" / LAB / f"{LAB}.ipynb").read_text()
    for change in CHANGES:
        document = json.loads(text)
        change(Book(document["cells"]))
        path = work / "submitted" / change.__name__ / LAB / f"{LAB}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(document))
    (work / "submitted" / "killed" / LAB / "killed.txt").write_text("by the system")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(life.Life, "ask", ask)
        patch.setattr(life, "SUBMISSION_SECONDS", 3.5)
        patch.setattr(classrun, "proven", lambda warm: [])
        job = classrun.Job(COURSE, LAB, work / "submitted", work)
        classrun.grade(job)
        yield job


def of(job: classrun.Job, change: Callable[[Book], None]) -> StudentResult:
    from autograde.marking import journal

    return journal.read(job.journal)[change.__name__].result


def points(result: StudentResult, name: str) -> float | None:
    return next(item.points for item in result.items if item.grade_id == name)


def flagged(result: StudentResult) -> set[str]:
    return {flag.code for flag in result.flags if flag.severity == "attention"}


def waits(job: classrun.Job, change: Callable[[Book], None], cell: str) -> bool:
    with scores.opened(job.gradebook) as book:
        return bool(book.find_grade(cell, LAB, LAB, change.__name__).needs_manual_grade)


@pytest.mark.parametrize("change", [written_below, written_as_code])
def test_an_answer_beside_its_cell_is_read_by_a_person(graded, change):
    assert points(of(graded, change), "why_top5") is None
    assert flagged(of(graded, change)) == {"written-beside"}
    assert waits(graded, change, "why_top5")


def test_an_unanswered_question_with_code_beside_it_is_no_answer(graded):
    assert points(of(graded, nothing_written), "why_top5") == 0
    assert flagged(of(graded, nothing_written)) == set()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (code_at_the_end, "answer-elsewhere"),
        (code_as_text, "answer-elsewhere"),
        (wrong_and_passed, "passed-elsewhere"),
        (newer_python, "other-machine"),
        (unused_import, "other-machine"),
        (on_a_gpu, "other-machine"),
        (helper_that_an_experiment_makes, "cell-not-run"),
    ],
)
def test_points_that_perhaps_should_not_be_lost_are_a_persons_matter(graded, change, code):
    found = of(graded, change)
    assert (points(found, "topk_error") or 0) < 3
    assert code in flagged(found)
    assert waits(graded, change, "topk_error")


def test_a_wrong_answer_without_a_panel_and_a_right_one_with_it_are_nobodys_matter(graded):
    assert flagged(of(graded, wrong)) == set()
    assert not waits(graded, wrong, "topk_error")
    assert flagged(of(graded, right_and_passed)) == set()


@pytest.mark.parametrize("change", [helper_in_an_experiment, helper_beside_the_profile])
def test_what_is_defined_in_a_cell_of_the_lab_that_is_not_run_counts(graded, change):
    assert of(graded, change).points == 8.0
    assert flagged(of(graded, change)) == set()


@pytest.mark.parametrize("change", [compiled, empty_setup])
def test_what_can_be_done_without_keeps_its_points(graded, change):
    assert of(graded, change).points == 8.0


def test_a_reset_amid_the_notebook_is_told_where_points_are_lost(graded):
    found = of(graded, reset)
    assert found.points == 8.0 or "own-cell-stops" in flagged(found)


def test_checks_that_were_never_asked_are_unknown(graded):
    found = of(graded, burning)
    assert points(found, "normalise_images") == 3.0
    assert points(found, "topk_error") is points(found, "accuracy_by_class") is None
    assert "not-asked" in flagged(found)


def test_a_process_that_the_system_kills_twice_is_a_persons_matter(graded):
    found = of(graded, killed)
    assert points(found, "topk_error") is None
    assert points(found, "normalise_images") == 3.0
    assert "killed-twice" in flagged(found)
