"""Checks of lab 7's project: the file, what the network carries besides, who is right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from autograde import tree
from autograde.authoring import answers, checks, reference
from course import weights
from course.checks import Answer, Check, Report
from course.labs.lab07_summary import check
from course.labs.lab07_summary.judges import FitsAndSmall
from course.labs.lab07_summary.questions import classes_alone, the_network

LAB = "lab07_summary"
FOLDER = tree.find().solutions / LAB
REFERENCE = reference.load(LAB)
ATTEMPTS = {(one.exercise, one.says): one for one in answers.load(LAB)}
LIMIT = 300_000


@pytest.fixture(scope="module")
def graded() -> Mapping[str, Check]:
    """All checks as grading puts them."""
    return {one.name: one.graded(REFERENCE, seed=2024) for one in checks.load(LAB)}


def passed(report: Report) -> set[str]:
    return {result.title for result in report.results if result.outcome == "passed"}


# The file ---------------------------------------------------------------------------------------


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
    found: nn.Module = ATTEMPTS["build_network", "one hidden layer"].objects["build_network"]()
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
    assert report.earned == 0.75


def answer_of(labels: Tensor, **other: Any) -> dict[str, Any]:
    """All right; at a loss with shuffled numbers."""
    lost = {"with the file's numbers shuffled": (labels[:100] + 1) % 10, "numbers besides": 0}
    return {"classes": labels.clone(), **lost, **other}


def test_the_judge_counts_the_file_and_believes_nobody(good: dict[str, Tensor]) -> None:
    padded = good | {"more": torch.zeros(LIMIT)}
    first, *_, last = check["trained_network"].cases
    full = first.case.probe.with_files(lambda name: padded)
    assert isinstance(first.case.judge, FitsAndSmall)
    assert not first.case.judge({"fits": True}, first.expected, full).passed
    full = last.case.probe.with_files(lambda name: padded)
    answer = answer_of(last.expected)
    finding = last.case.judge(answer, last.expected, full)
    assert not finding.passed
    assert not finding.measured
    full = last.case.probe.with_files(lambda name: good)
    assert last.case.judge(answer, last.expected, full).measured["accuracy"] == 1


@pytest.mark.parametrize(
    "answer", [None, "all right", torch.zeros(3), {"classes": 1}, {"classes": torch.zeros(1000)}]
)
def test_an_odd_answer_is_wrong_and_not_the_graders_fault(answer: Any) -> None:
    for one in check["trained_network"].cases:
        probe = one.case.probe.with_files(lambda name: {"w": torch.zeros(2)})
        assert one.result(Answer("value", answer), probe).outcome == "failed"


def test_a_students_process_sees_no_judging_image_and_nothing_sees_their_labels(
    graded: Mapping[str, Check],
) -> None:
    for one in (*check["trained_network"].cases, *graded["trained_network"].cases):
        assert not any(isinstance(arg, Tensor) for arg in one.case.probe.args)
        then = one.case.probe.then
        assert then is not None
        assert then.alone
        asked = [arg for arg in then.args if isinstance(arg, Tensor)]
        assert all(arg.dtype == torch.uint8 and arg.ndim == 4 for arg in asked)


def test_no_judging_image_is_one_that_is_public(graded: Mapping[str, Check]) -> None:
    real = torch.from_numpy(np.load(FOLDER.parent / "held_out.npz")["images"])
    then = graded["trained_network"].cases[-1].case.probe.then
    assert then is not None
    judged = then.args[1]
    rows, public = (one.flatten(1).float() for one in (judged, real))
    nearest = torch.cdist(rows, public).argmin(dim=1)
    assert len(nearest.unique()) == len(real)
    difference = (rows - public[nearest]).abs()
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


# What a network carries besides -------------------------------------------------------------------


def test_what_is_besides_the_file_counts_and_is_told(good: Mapping[str, Tensor]) -> None:
    last = check["trained_network"].cases[-1]
    full = last.case.probe.with_files(lambda name: dict(good))
    few = last.case.judge(
        answer_of(last.expected, **{"numbers besides": 7000}), last.expected, full
    )
    assert few.passed
    own = sum(tensor.numel() for tensor in good.values())
    assert few.measured["parameters"] == own + 7000
    assert "7,000 of them not in the file" in few.found
    many = answer_of(last.expected, **{"numbers besides": LIMIT})
    assert not last.case.judge(many, last.expected, full).passed


@pytest.mark.parametrize("known", [None, "all right", torch.zeros(0, dtype=torch.int64)])
def test_who_does_not_get_lost_with_shuffled_numbers_is_refused(
    known: Any, good: Mapping[str, Tensor]
) -> None:
    last = check["trained_network"].cases[-1]
    full = last.case.probe.with_files(lambda name: dict(good))
    shuffled = {"with the file's numbers shuffled": known}
    finding = last.case.judge(answer_of(last.expected, **shuffled), last.expected, full)
    assert not finding.passed
    assert "not in the file" in finding.message


def alone_with(build: Any, tensors: dict[str, Tensor]) -> Any:
    """What is found of a network with these weights where no code of the student's is."""
    return classes_alone(the_network(build, tensors), tensors, images_of_noise())


def images_of_noise() -> Tensor:
    return torch.randint(0, 256, (60, 1, 28, 28), dtype=torch.uint8)


@pytest.mark.parametrize(
    "says",
    [
        "a trained network in a list",
        "trained numbers at the class",
        "trained numbers in a closure",
        "trained numbers in a hook",
        "300,000 numbers in a list",
        "300,000 characters",
        "300,000 numbers in a buffer",
    ],
)
def test_numbers_are_found_wherever_a_network_keeps_them(says: str) -> None:
    build = ATTEMPTS["trained_network", says].objects["build_network"]
    found = alone_with(build, dict(build().state_dict()))
    assert "draws random numbers" in found.get("why", "") or found["numbers besides"] > 20_000


@pytest.mark.parametrize(
    "says", [one.says for one in answers.load(LAB) if one.exercise == "build_network" and one.right]
)
def test_an_honest_network_carries_nothing(says: str) -> None:
    build = ATTEMPTS["build_network", says].objects["build_network"]
    assert alone_with(build, dict(build().state_dict()))["numbers besides"] == 0


def test_a_network_of_ten_numbers_that_knows_more_is_refused(graded: Mapping[str, Check]) -> None:
    """Ten numbers in the file, the others in the code."""
    teacher = ATTEMPTS["trained_network", "parts of a batch"].objects["build_network"]()
    weights.load(teacher, FOLDER / "samples" / "good.safetensors")
    kept = [teacher.eval()]

    class Ten(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(10))

        def forward(self, x: Tensor) -> Tensor:
            scores: Tensor = kept[0](x)
            return scores * self.scale

    report = project_report(Ten, {"scale": torch.ones(10)}, graded["trained_network"])
    assert passed(report) == {"the file fits the network"}
    assert report.results[0].measured["parameters"] > 50_000
