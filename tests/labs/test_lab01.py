"""What lab 1's checks tell, beyond what all labs' checks must do."""

from __future__ import annotations

from collections import Counter

from autograde.authoring import answers, checks, reference
from autograde.authoring.answers import Attempt
from course.checks import Report
from course.labs.lab01_activations import check

LAB = "lab01_activations"


def attempt(exercise: str, says: str) -> Attempt:
    """The author's answer of that name."""
    return next(one for one in answers.load(LAB) if (one.exercise, one.says) == (exercise, says))


def graded(one: Attempt) -> Report:
    solved = reference.load(LAB)
    report: Report = (
        checks.load(LAB)[one.exercise].graded(solved, 11).run({**solved, **one.objects})
    )
    return report


def test_does_every_exercise_have_three_other_right_answers() -> None:
    right = Counter(one.exercise for one in answers.load(LAB) if one.right)
    assert set(right) == {one.name for one in checks.load(LAB)}
    assert min(right.values()) >= 3


def test_is_writing_into_the_argument_told_and_found_under_grading() -> None:
    one = attempt("relu", "writes into its argument")
    assert "in-place" in str(check["relu"].run(one.objects))
    failed = {result.title for result in graded(one).results if result.outcome == "failed"}
    assert "twice, and what is given stays as it was" in failed


def test_is_one_gradient_for_two_inputs_explained() -> None:
    one = attempt("ELUFunction", "one gradient for two inputs")
    report = str(check["ELUFunction"].run(one.objects))
    assert "incorrect number of gradients" in report
    assert "one gradient for each input" in report
