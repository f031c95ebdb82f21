"""What the judges of labs 2 and 7 read in answers that were made up, or belong to other inputs."""

from __future__ import annotations

import copy
import resource
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch

from autograde.authoring import checks, reference
from course.checks import Answer, CaseResult, Prepared

LABS = {"train_epoch": "lab02_lenet", "C3Convolution": "lab02_lenet"}
SUMMARY = "lab07_summary"
Change = Callable[[Any], Any]


@pytest.fixture(scope="module")
def answered() -> Callable[[str, str], tuple[Prepared, Any]]:
    """From an exercise and a case's title to the case and the reference's answer."""
    books: dict[str, Mapping[str, Prepared]] = {}

    def of(exercise: str, title: str) -> tuple[Prepared, Any]:
        lab = LABS.get(exercise, SUMMARY)
        solved = reference.load(lab)
        if exercise not in books:
            graded = checks.load(lab)[exercise].graded(solved, 7)
            books[exercise] = {one.case.title: one for one in graded.cases}
        case = books[exercise][title]
        return case, copy.deepcopy(case.case.probe.run(solved).value)

    return of


def put(case: Prepared, value: Any) -> CaseResult:
    return case.result(Answer("value", value))


def changed(**parts: Change) -> Change:
    return lambda answer: {**answer, **{key: change(answer[key]) for key, change in parts.items()}}


def epochs(change: Change) -> Change:
    return changed(epochs=lambda found: [change(one) for one in found])


SEEN = "every image once, in another order each time"
STEPS = "a step for each batch, by its own gradient"
TABLE = "the table of connections"
BELOW, SURE = "scores below zero are kept apart", "the scores are no probabilities yet"
PAIRS, MODE = "each image is trained on its own label", "the same image always gets the same answer"
SHOWN, COMPANY = "prediction sees what training saw", "one image by itself"
TWICE, REACHED = "a fresh network on each call", "every parameter takes part"


@pytest.mark.parametrize(
    ("exercise", "title", "change", "found"),
    [
        (
            "train_epoch",
            SEEN,
            epochs(changed(shown=lambda found: found[:1])),
            "each image once[0]: False",
        ),
        (
            "train_epoch",
            SEEN,
            epochs(changed(shown=lambda found: [one + 1 for one in found])),
            "each image once[0]: False",
        ),
        ("train_epoch", SEEN, epochs(changed(training=lambda found: [])), "training mode: False"),
        ("train_epoch", STEPS, lambda found: found[:1] * 2, "moved by steps alone[1]: False"),
        (
            "train_epoch",
            STEPS,
            lambda found: [{**one, "value": 1.0} for one in found],
            "returned, less the mean loss",
        ),
        ("C3Convolution", TABLE, changed(sums=lambda sums: sums + 1), ""),
        ("debug_this_network", BELOW, torch.zeros_like, "lowest or the highest score: True"),
        ("debug_this_network", BELOW, torch.negative, "by another network: True"),
        ("debug_this_network", SURE, torch.negative, "by another network: True"),
        ("debug_this_network", SURE, lambda x: x.softmax(dim=1), "add up to 1: True"),
        (
            "debug_this_network",
            PAIRS,
            epochs(changed(labels=lambda found: found[::-1])),
            "another label than its own: True",
        ),
        (
            "debug_this_network",
            MODE,
            changed(classes=lambda classes: classes.flip(0)),
            "follow no scores of the network: True",
        ),
        (
            "debug_this_network",
            SHOWN,
            lambda found: dict.fromkeys(found, torch.rand(30, 1, 28, 28)),
            "made of other images: True",
        ),
        (
            "build_network",
            COMPANY,
            lambda found: {**found, "in one batch": found["in one batch"].flip(0)},
            "the same in any company: False",
        ),
        (
            "build_network",
            REACHED,
            lambda found: {name: [1.0, 1.0] for name in found},
            "gradients grow as the loss does: False",
        ),
        (
            "build_network",
            TWICE,
            lambda found: {
                **found,
                "scores of the first": torch.ones(24, 10),
                "scores of the second": torch.ones(24, 10),
            },
            "equal images have equal scores, others have others: False",
        ),
    ],
)
def test_is_what_was_made_up_found_out(
    answered: Any, exercise: str, title: str, change: Change, found: str
) -> None:
    case, answer = answered(exercise, title)
    assert put(case, answer).outcome == "passed"
    lost = put(case, change(answer))
    assert lost.outcome == "failed"
    assert found in lost.found, lost.found


@pytest.mark.parametrize("title", [BELOW, SURE])
def test_what_costs_the_point_of_another_bug_costs_no_other(answered: Any, title: str) -> None:
    """A softmax left keeps the ranks, and a ReLU left turns none round."""
    case, scores = answered("debug_this_network", title)
    other = scores.softmax(dim=1) if title == BELOW else scores.relu()
    assert put(case, other).outcome == "passed"


@pytest.mark.parametrize(
    "said",
    [
        lambda classes: classes + 1,
        lambda classes: classes - 1,
        lambda classes: classes.double()[:, None],
        lambda classes: classes.tolist(),
        lambda classes: classes[:20],
    ],
)
def test_is_the_mode_found_out_whatever_is_made_of_the_scores(answered: Any, said: Change) -> None:
    case, answer = answered("debug_this_network", MODE)
    assert put(case, {**answer, "classes": said(answer["classes"])}).outcome == "passed"
    training = case.case.probe.args[2].argmax(dim=1)
    lost = put(case, {**answer, "classes": said(training)})
    assert "dropout still drops, BatchNorm still mixes: True" in lost.found


@pytest.mark.parametrize(
    ("exercise", "title", "change"),
    [
        ("debug_this_network", MODE, changed(classes=lambda one: one.repeat(1_000))),
        ("debug_this_network", MODE, changed(classes=lambda one: one.repeat(5))),
        ("debug_this_network", PAIRS, epochs(changed(shown=lambda one: one * 5_000))),
        ("train_epoch", SEEN, epochs(changed(shown=lambda one: one * 5_000))),
        ("train_epoch", STEPS, lambda found: [changed(steps=lambda one: one * 5_000)(found[0])]),
    ],
)
def test_an_answer_far_too_large_is_not_read(answered, exercise, title, change):
    case, value = answered(exercise, title)
    grown = change(value)
    begun, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert put(case, grown).outcome == "failed"
    assert time.process_time() - begun < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10  # KiB
