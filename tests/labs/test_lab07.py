"""Checks of lab 7: what they take for true, the nine bugs one by one, and the project's judges."""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autograde.authoring import answers, checks, reference
from course import data
from course.checks import Check, Report
from course.data.fashion_mnist import bundled
from course.labs.lab07_summary import check, symptoms
from course.labs.lab07_summary.images import MEAN, STD, as_file, normalised

LAB = "lab07_summary"
REFERENCE = reference.load(LAB)
ATTEMPTS = {(one.exercise, one.says): one for one in answers.load(LAB)}
TITLES = [one.case.title for one in check["debug_this_network"].cases]


@pytest.fixture(scope="module")
def graded() -> Mapping[str, Check]:
    """All checks as grading puts them."""
    return {one.name: one.graded(REFERENCE, seed=2024) for one in checks.load(LAB)}


def passed(report: Report) -> set[str]:
    return {result.title for result in report.results if result.outcome == "passed"}


# What the checks themselves take for true ------------------------------------------------------


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_references_interval_is_where_the_deviation_is_z(counts: tuple[int, int]) -> None:
    correct, total = counts
    low, high = REFERENCE["confidence_interval"](correct, total)
    seen = correct / total
    assert -1e-12 <= low <= seen + 1e-12
    assert seen - 1e-12 <= high <= 1 + 1e-12
    for p in (low, high):
        assert total * (seen - p) ** 2 == pytest.approx(1.96**2 * p * (1 - p), abs=1e-8 * total)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng, truth, covered = random.Random(0), 0.9, 0
    for _ in range(1000):
        right = sum(rng.random() < truth for _ in range(100))
        low, high = REFERENCE["confidence_interval"](right, 100)
        covered += low <= truth <= high
    assert 0.92 < covered / 1000 < 0.98
    assert NormalDist().inv_cdf(0.975) == pytest.approx(1.96, abs=1e-3)


@given(st.integers(0, 10_000))
def test_the_front_that_a_landscape_was_made_with_is_its_front(seed: int) -> None:
    landscape = sys.modules[checks.load(LAB)["pareto_front"].home].landscape
    networks, front = landscape(torch.Generator().manual_seed(seed), 4, 9)
    assert len(networks) == 13
    assert REFERENCE["pareto_front"](networks) == front


def test_the_lab_and_the_data_normalise_alike() -> None:
    fashion = data.load("fashion_mnist", verbose=False)
    images = bundled().splits.test.images[:50]
    torch.testing.assert_close(normalised(images), fashion.normalise(images), atol=0.01, rtol=0.0)
    assert (REFERENCE["MEAN"], REFERENCE["STD"]) == (MEAN, STD)


def test_hints_are_each_their_own() -> None:
    for one in checks.load(LAB):
        hints = [mistake.hint for mistake in one.mistakes]
        assert len(set(hints)) == len(hints)


# The nine bugs ---------------------------------------------------------------------------------


def of_the_program(says: str) -> Mapping[str, Any]:
    return ATTEMPTS["debug_this_network", says].objects


@pytest.mark.parametrize("title", TITLES)
def test_each_bug_found_earns_its_part_whatever_else_is_wrong(
    title: str, graded: Mapping[str, Check]
) -> None:
    for one in (check["debug_this_network"], graded["debug_this_network"]):
        assert passed(one.run(of_the_program(f"repaired alone: {title}"))) == {title}
        others = set(TITLES) - {title}
        assert passed(one.run(of_the_program(f"left alone: {title}"))) == others


def test_every_bug_of_the_untouched_program_is_recognised(graded: Mapping[str, Check]) -> None:
    assert len(TITLES) == 9
    for one in (check["debug_this_network"], graded["debug_this_network"]):
        report = one.run(of_the_program("as it was given"))
        assert passed(report) == set()
        assert all(result.mistake for result in report.results)


def test_the_repaired_program_trains_well() -> None:
    names = of_the_program("all nine repaired")
    train, test = bundled().splits.train, bundled().splits.test
    torch.manual_seed(0)
    model = names["Network"]()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    for _ in range(2):
        x = names["as_input"](as_file(train.images[:600]))
        names["train_epoch"](model, optimizer, x, train.labels[:600])
    found = names["predict"](model, as_file(test.images[:500]))
    assert (found == test.labels[:500]).double().mean() > 0.6


# What training does ------------------------------------------------------------------------------


def only(check_: Check, title: str, objects: Mapping[str, Any]) -> Any:
    """The result of one case."""
    (one,) = [case for case in check_.cases if case.case.title == title]
    return one.put(lambda probe: probe.run({**REFERENCE, **objects}))


@pytest.mark.parametrize(
    ("says", "title"),
    [
        ("zero_grad once an epoch", "each step follows its own gradient"),
        ("one step, after the loop", "each step follows its own gradient"),
        ("back after the first batch", "each image is trained on its own label"),
        ("never in new order", "each image is trained on its own label"),
        ("in evaluation mode", "each image is trained on its own label"),
    ],
)
def test_a_wrong_repair_of_training_loses_its_own_point(
    says: str, title: str, graded: Mapping[str, Check]
) -> None:
    one = graded["debug_this_network"]
    objects = of_the_program(f"training: {says}")
    others = {"each image is trained on its own label", "each step follows its own gradient"}
    assert only(one, title, objects).outcome == "failed"
    for other in others - {title}:
        assert only(one, other, objects).outcome == "passed"


def test_weights_of_ten_are_named(graded: Mapping[str, Check]) -> None:
    objects = of_the_program("network: weights of ten")
    title = "the channels of a fresh layer differ"
    found = only(graded["debug_this_network"], title, objects)
    assert found.mistake == "far_too_large"


@pytest.mark.parametrize("seed", range(4))
def test_what_is_enough_is_far_from_both_sides(seed: int) -> None:
    """The share of images that networks have right after the check's short training."""

    def share(says: str) -> float:
        network = of_the_program(says)["Network"]
        train, test = bundled().splits.train, bundled().splits.test
        torch.manual_seed(seed)
        model = network()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
        for _ in range(3):
            symptoms._one_epoch(
                model, optimizer, normalised(train.images[:200]), train.labels[:200], 20
            )
        with torch.no_grad():
            scores = [model(normalised(part)) for part in test.images[:300].split(100)]
        return float((torch.cat(scores).argmax(1) == test.labels[:300]).double().mean())

    assert share("weights: orthogonal_(layer.weight)") > symptoms.ENOUGH + 0.1
    assert share("network: weights of ten") < symptoms.ENOUGH - 0.1
