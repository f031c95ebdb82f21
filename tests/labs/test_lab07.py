"""Checks of lab 7: what they take for true, the nine bugs one by one, and the project's judges."""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from autograde import tree
from autograde.authoring import answers, checks, reference
from course import data, weights
from course.checks import Answer, Check, Report
from course.data.fashion_mnist import bundled
from course.labs.lab07_summary import check
from course.labs.lab07_summary.images import MEAN, STD, as_file, normalised
from course.labs.lab07_summary.judges import FitsAndSmall

LAB = "lab07_summary"
FOLDER = tree.find().solutions / LAB
REFERENCE = reference.load(LAB)
ATTEMPTS = {(one.exercise, one.says): one for one in answers.load(LAB)}
TITLES = [one.case.title for one in check["debug_this_network"].cases]
LIMIT = 300_000


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


# The project -----------------------------------------------------------------------------------


def project_report(build_network: Any, tensors: Any, one: Check | None = None) -> Report:
    """The check of the weights, with these tensors as the file."""

    def read(name: str) -> dict[str, Tensor]:
        if tensors is None:
            raise weights.MissingWeights(weights.missing(name))
        return dict(tensors)

    names = {"build_network": build_network}
    cases = (one or check["trained_network"]).cases
    results = [case.put(lambda probe: probe.run(names), read) for case in cases]
    return Report("trained_network", "", tuple(results), 12)


def another_network() -> nn.Module:
    found: nn.Module = ATTEMPTS["build_network", "a linear layer"].objects["build_network"]()
    return found


@pytest.fixture(scope="module")
def good() -> dict[str, Tensor]:
    return weights.read(FOLDER / "samples" / "good.safetensors")


def test_good_weights_earn_everything_and_are_measured(
    good: Mapping[str, Tensor], graded: Mapping[str, Check]
) -> None:
    report = project_report(REFERENCE["build_network"], good, graded["trained_network"])
    assert report.fraction == 1.0, str(report)
    last = report.results[-1].measured
    assert last["accuracy"] > 0.87  # two points above the highest step
    assert last["images"] == 1000
    assert last["parameters"] == sum(tensor.numel() for tensor in good.values())


def test_a_missing_file_fails_and_says_what_to_do() -> None:
    report = project_report(REFERENCE["build_network"], None)
    assert report.outcome == "failed"
    assert "course.weights.save(model, 'network.safetensors')" in str(report)


def test_nothing_written_is_not_attempted() -> None:
    def build_network() -> nn.Module:
        raise NotImplementedError("Exercise 7.5")

    assert project_report(build_network, None).outcome == "skipped"


def test_weights_of_another_network_are_named(good: Mapping[str, Tensor]) -> None:
    report = project_report(another_network, good)
    assert report.fraction == 0
    assert "the network has no '0.weight'" in str(report)


def test_untrained_weights_earn_the_fit_alone(graded: Mapping[str, Check]) -> None:
    torch.manual_seed(0)
    state = another_network().state_dict()
    report = project_report(another_network, state, graded["trained_network"])
    assert passed(report) == {"the file fits the network"}
    assert report.earned == 1.0


def test_the_judge_counts_the_file_and_believes_nobody(good: dict[str, Tensor]) -> None:
    padded = good | {"more": torch.zeros(LIMIT)}
    first, *_, last = check["trained_network"].cases
    full = first.case.probe.with_files(lambda name: padded)
    assert isinstance(first.case.judge, FitsAndSmall)
    assert not first.case.judge({"fits": True}, first.expected, full).passed
    full = last.case.probe.with_files(lambda name: padded)
    finding = last.case.judge(last.expected.clone(), last.expected, full)
    assert not finding.passed
    assert not finding.measured
    full = last.case.probe.with_files(lambda name: good)
    assert last.case.judge(last.expected.clone(), last.expected, full).measured["accuracy"] == 1


@pytest.mark.parametrize("answer", [None, "all right", torch.zeros(3), {"classes": 1}])
def test_an_odd_answer_is_wrong_and_not_the_graders_fault(answer: Any) -> None:
    for one in check["trained_network"].cases:
        probe = one.case.probe.with_files(lambda name: {"w": torch.zeros(2)})
        assert one.result(Answer("value", answer), probe).outcome == "failed"


def test_labels_of_the_judging_images_stay_with_the_judge(graded: Mapping[str, Check]) -> None:
    for one in (*check["trained_network"].cases, *graded["trained_network"].cases):
        asked = [arg for arg in one.case.probe.args if isinstance(arg, Tensor)]
        assert all(arg.dtype == torch.uint8 and arg.ndim == 4 for arg in asked)


def test_no_judging_image_is_one_that_is_public(graded: Mapping[str, Check]) -> None:
    real = torch.from_numpy(np.load(FOLDER.parent / "held_out.npz")["images"])
    judged = graded["trained_network"].cases[-1].case.probe.args[-1]
    difference = (judged.squeeze(1).int() - real.int()).flatten(1).abs()
    assert difference.amax(dim=1).min() > 0
    assert difference.max() <= 2


@pytest.mark.parametrize(("size", "outcome"), [(LIMIT - 1, "passed"), (LIMIT, "failed")])
def test_the_limit_is_fewer_than(size: int, outcome: str) -> None:
    def build_network() -> nn.Module:
        model = another_network()
        own = sum(tensor.numel() for tensor in model.state_dict().values())
        model.register_buffer("spare", torch.zeros(size - own))
        return model

    report = check["build_network"].run({"build_network": build_network})
    assert report.results[0].outcome == outcome
