"""Checks of lab 7: what earns full marks, what does not, and what the student is told."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from autograde import tree
from autograde.authoring import build, reference
from autograde.marking import hidden
from course import weights
from course.checks import Answer, Check, Mistake, Report
from course.checks.lab07 import check, debugging, project
from course.checks.lab07.basis import MEAN, STD, bundled, normalised
from course.checks.lab07.comparing import landscape

LAB = "lab07_summary"
SAMPLES = Path(__file__).parents[1] / "submissions" / LAB
OFFLINE = ("confidence_interval", "pareto_front", "debug_this_network", "build_network")
MISTAKES = [(one, mistake) for one in check for mistake in one.mistakes]


@pytest.fixture(scope="module")
def answers() -> Mapping[str, Any]:
    return reference.load(LAB)


def reports(name: str, namespace: Mapping[str, Any], truth: Mapping[str, Any]) -> Iterator[Report]:
    """The visible check with its own oracle, then the hidden one with a secret seed."""
    yield check[name].run(namespace)
    yield hidden.checks(LAB)[name].run(namespace, oracle=truth, seed=2024)


# What the checks themselves take for true ------------------------------------------------------


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_references_interval_is_where_the_deviation_is_z(counts: tuple[int, int]) -> None:
    correct, total = counts
    low, high = reference.load(LAB)["confidence_interval"](correct, total)
    seen = correct / total
    assert -1e-12 <= low <= seen + 1e-12
    assert seen - 1e-12 <= high <= 1 + 1e-12
    for p in (low, high):
        assert total * (seen - p) ** 2 == pytest.approx(1.96**2 * p * (1 - p), abs=1e-8 * total)


def test_the_interval_covers_the_truth_about_as_often_as_it_says(
    answers: Mapping[str, Any],
) -> None:
    rng, truth, covered = random.Random(0), 0.9, 0
    for _ in range(1000):
        low, high = answers["confidence_interval"](
            sum(rng.random() < truth for _ in range(100)), 100
        )
        covered += low <= truth <= high
    assert 0.92 < covered / 1000 < 0.98
    assert NormalDist().inv_cdf(0.975) == pytest.approx(1.96, abs=1e-3)


@given(st.integers(0, 10_000))
def test_the_front_that_a_landscape_was_made_with_is_its_front(seed: int) -> None:
    networks, front = landscape(torch.Generator().manual_seed(seed), 4, 9)
    beaten = {
        name
        for name, (cost, score) in networks.items()
        for other in networks.values()
        if other != (cost, score) and other[0] <= cost and other[1] >= score
    }
    assert set(front) == set(networks) - beaten
    assert reference.load(LAB)["pareto_front"](networks) == front


def test_the_lab_and_the_data_normalise_alike(answers: Mapping[str, Any]) -> None:
    from course import data

    fashion = data.load("fashion_mnist", verbose=False)
    images = bundled().test.images[:50]
    torch.testing.assert_close(normalised(images), fashion.normalise(images), atol=0.01, rtol=0.0)
    assert (answers["MEAN"], answers["STD"]) == (MEAN, STD)


# Right answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OFFLINE)
def test_the_reference_earns_full_marks(name: str, answers: Mapping[str, Any]) -> None:
    for report in reports(name, answers, answers):
        assert report.fraction == 1.0, str(report)


def by_centre(correct: int, total: int, z: float = 1.96) -> tuple[float, float]:
    p, shrink = correct / total, 1 + z * z / total
    half = z * (p * (1 - p) / total + (z / total / 2) ** 2) ** 0.5
    return (p + z * z / total / 2 - half) / shrink, (p + z * z / total / 2 + half) / shrink


def by_tensors(correct: int, total: int, z: float = 1.96) -> list[Tensor]:
    n, k, zz = (torch.tensor(float(v), dtype=torch.float64) for v in (total, correct, z * z))
    root = (zz * zz + 4 * zz * k * (n - k) / n).sqrt()
    return [(2 * k + zz + sign * root) / (2 * (n + zz)) for sign in (-1, 1)]


def by_roots(correct: int, total: int, z: float = 1.96) -> tuple[float, float]:
    import numpy as np

    p = correct / total
    roots = np.roots([1 + z * z / total, -2 * p - z * z / total, p * p])
    low, high = sorted(roots.real)
    return float(low), float(high)


def by_double_loop(networks: dict[str, tuple[float, float]]) -> list[str]:
    found = []
    for name, mine in networks.items():
        if all(o == mine or o[0] > mine[0] or o[1] < mine[1] for o in networks.values()):
            found.append(name)
    return sorted(found, key=lambda n: (networks[n][0], n))


def by_cost(networks: dict[str, tuple[float, float]]) -> list[str]:
    front, best = [], float("-inf")
    for cost in sorted({cost for cost, _ in networks.values()}):
        score = max(s for c, s in networks.values() if c == cost)
        if score > best:
            best = score
            front += sorted(n for n, both in networks.items() if both == (cost, score))
    return front


def by_removal(networks: dict[str, tuple[float, float]]) -> tuple[str, ...]:
    left = dict(networks)
    for one in networks:
        for other in networks:
            (a, b), (c, d) = networks[one], networks[other]
            if (a < c and b >= d) or (a <= c and b > d):
                left.pop(other, None)
    return tuple(sorted(sorted(left), key=lambda n: left[n][0]))


def linear() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


class OneChannelMixer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rows, self.columns = nn.Linear(28, 28), nn.Linear(28, 28)
        self.head = nn.Linear(784, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = x + F.gelu(self.rows(x)) + F.gelu(self.columns(x.mT)).mT
        return self.head(x.reshape(len(x), -1))


def normed() -> nn.Module:
    body = [nn.Conv2d(1, 8, 5, 2), nn.GroupNorm(2, 8), nn.ReLU(), nn.Dropout2d(0.1)]
    return nn.Sequential(*body, nn.AdaptiveAvgPool2d(4), nn.Flatten(1), nn.Linear(128, 10))


RIGHT: dict[str, list[Any]] = {
    "confidence_interval": [by_centre, by_tensors, by_roots],
    "pareto_front": [by_double_loop, by_cost, by_removal],
    "build_network": [linear, OneChannelMixer, normed],
}


@pytest.mark.parametrize(
    ("name", "answer"),
    [(name, answer) for name, several in RIGHT.items() for answer in several],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_another_way_to_write_it_earns_full_marks(
    name: str, answer: Any, answers: Mapping[str, Any]
) -> None:
    for report in reports(name, {name: answer}, answers):
        assert report.fraction == 1.0, str(report)


# Mistakes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "mistake"), MISTAKES, ids=[f"{c.name}-{m.name}" for c, m in MISTAKES]
)
def test_a_known_mistake_loses_points_and_is_recognised(
    one: Check, mistake: Mistake, answers: Mapping[str, Any]
) -> None:
    for report in reports(one.name, {**answers, **mistake.objects}, answers):
        assert report.fraction < 1
        assert mistake.name in {result.mistake for result in report.results}
        assert mistake.hint in str(report)


def test_hints_are_each_their_own() -> None:
    for one in check:
        hints = [mistake.hint for mistake in one.mistakes]
        assert len(set(hints)) == len(hints)


# The nine bugs ---------------------------------------------------------------------------------

REPAIRS = {  # case that the repair wins: what is replaced in the starter, and by what
    "the channels of a fresh layer differ": (
        "nn.init.constant_(layer.weight, 0.01)",
        "nn.init.kaiming_normal_(layer.weight)",
    ),
    "scores below zero are kept apart": (
        "F.relu(self.head(self.drop(x.flatten(1))))",
        "self.head(self.drop(x.flatten(1)))",
    ),
    "the scores are no probabilities yet": ("return x.softmax(dim=1)", "return x"),
    "an image of the file is an image in the batch": (
        "pixels.reshape(-1, 1, 28, 28)",
        "pixels.movedim(2, 0)[:, None]",
    ),
    "each image is trained on its own label": (
        "x[torch.randperm(len(x))], labels[torch.randperm(len(x))]",
        "(lambda order: (x[order], labels[order]))(torch.randperm(len(x)))",
    ),
    "each step follows its own gradient": (
        "        loss.backward()",
        "        optimizer.zero_grad()\n        loss.backward()",
    ),
    "prediction sees what training saw": ("(as_input(pixels) - MEAN) / STD", "as_input(pixels)"),
    "the same image always gets the same answer": (
        "    with torch.no_grad():",
        "    model.eval()\n    with torch.no_grad():",
    ),
    "the classes are those of the labels": ("scores[:, 1:].argmax", "scores.argmax"),
}


@pytest.fixture(scope="module")
def starter() -> str:
    cells = build.parse(tree.find(), LAB).cells
    return next(cell.source for cell in cells if cell.metadata.get("starter"))


def program(starter: str, repaired: set[str], answers: Mapping[str, Any]) -> dict[str, Any]:
    text = starter
    for title in repaired:
        before, after = REPAIRS[title]
        assert text.count(before) == 1
        text = text.replace(before, after)
    names = dict(answers)
    exec(text, names)
    return names


def passed(report: Report) -> set[str]:
    return {result.title for result in report.results if result.outcome == "passed"}


@pytest.mark.parametrize("title", REPAIRS)
def test_each_bug_found_earns_its_part_whatever_else_is_wrong(
    title: str, starter: str, answers: Mapping[str, Any]
) -> None:
    alone = program(starter, {title}, answers)
    others = program(starter, set(REPAIRS) - {title}, answers)
    for report in reports("debug_this_network", alone, answers):
        assert passed(report) == {title}
    for report in reports("debug_this_network", others, answers):
        assert passed(report) == set(REPAIRS) - {title}


def test_the_untouched_program_runs_and_earns_nothing(
    starter: str, answers: Mapping[str, Any]
) -> None:
    for report in reports("debug_this_network", program(starter, set(), answers), answers):
        assert passed(report) == set()
        assert all(result.mistake for result in report.results)


def test_repaired_and_reference_train_to_the_same_accuracy(
    starter: str, answers: Mapping[str, Any]
) -> None:
    names = program(starter, set(REPAIRS), answers)
    train, test = bundled().train, bundled().test
    torch.manual_seed(0)
    model = names["Network"]()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    for _ in range(2):
        x = names["as_input"](debugging.as_file(train.images[:600]))
        names["train_epoch"](model, optimizer, x, train.labels[:600])
    found = names["predict"](model, debugging.as_file(test.images[:500]))
    assert (found == test.labels[:500]).double().mean() > 0.6


# The project -----------------------------------------------------------------------------------


def project_report(build_network: Any, tensors: Any, which: Any = check) -> Report:
    """The check of the weights, with these tensors as the file."""

    def read(name: str) -> dict[str, Tensor]:
        if tensors is None:
            raise weights.MissingWeights(weights.missing(name))
        return dict(tensors)

    names = {"build_network": build_network}
    results = [
        one.put(lambda probe: probe.run(names), read)
        for one in which["trained_network"].prepared({}, seed=3)
    ]
    return Report("trained_network", "", tuple(results), 12)


@pytest.fixture(scope="module")
def good() -> dict[str, Tensor]:
    return weights.read(SAMPLES / "good.safetensors")


def test_good_weights_earn_everything_and_are_measured(
    good: Mapping[str, Tensor], answers: Mapping[str, Any]
) -> None:
    report = project_report(answers["build_network"], good, hidden.checks(LAB))
    assert report.fraction == 1.0, str(report)
    last = report.results[-1].measured
    assert last["accuracy"] > 0.87  # two points above the highest step
    assert last["images"] == 1000
    assert last["parameters"] == sum(tensor.numel() for tensor in good.values())


def test_a_missing_file_fails_and_says_what_to_do(answers: Mapping[str, Any]) -> None:
    report = project_report(answers["build_network"], None)
    assert report.outcome == "failed"
    assert "course.weights.save(model, 'network.safetensors')" in str(report)


def test_nothing_written_is_not_attempted() -> None:
    def build_network() -> nn.Module:
        raise NotImplementedError("Exercise 7.5")

    assert project_report(build_network, None).outcome == "skipped"


def test_weights_of_another_network_are_named(good: Mapping[str, Tensor]) -> None:
    report = project_report(linear, good)
    assert report.fraction == 0
    assert "the network has no '0.weight'" in str(report)


def test_untrained_weights_earn_the_fit_alone() -> None:
    report = project_report(linear, linear().state_dict(), hidden.checks(LAB))
    assert passed(report) == {"the file fits the network"}
    assert report.earned == 1.0


def test_the_judge_counts_the_file_and_believes_nobody(good: dict[str, Tensor]) -> None:
    probe = next(iter(check["trained_network"].cases())).probe
    full = probe.with_files(lambda name: good | {"more": torch.zeros(project.LIMIT)})
    finding = project.fits_and_small({"fits": True}, None, full)
    assert not finding.passed
    case = list(check["trained_network"].cases())[-1]
    full = case.probe.with_files(lambda name: good | {"more": torch.zeros(project.LIMIT)})
    finding = case.judge(case.expected.clone(), case.expected, full)
    assert not finding.passed
    assert not finding.measured


@pytest.mark.parametrize("answer", [None, "all right", torch.zeros(3), {"classes": 1}])
def test_an_odd_answer_is_wrong_and_not_the_graders_fault(answer: Any) -> None:
    for one in check["trained_network"].prepared({}):
        probe = one.case.probe.with_files(lambda name: {"w": torch.zeros(2)})
        assert one.result(Answer("value", answer), probe).outcome == "failed"


def test_labels_of_the_judging_images_stay_with_the_judge() -> None:
    for case in hidden.checks(LAB)["trained_network"].cases(seed=1):
        asked = [arg for arg in case.probe.args if isinstance(arg, Tensor)]
        assert all(arg.dtype == torch.uint8 and arg.ndim == 4 for arg in asked)


def test_no_judging_image_is_one_that_is_public() -> None:
    public = np.load(tree.find().solutions / "fashion_mnist_heldout.npz")["images"]
    judged = hidden.checks(LAB)["trained_network"].cases(seed=1)[-1].probe.args[-1]
    difference = (judged.squeeze(1).int() - torch.from_numpy(public).int()).flatten(1).abs()
    assert difference.amax(dim=1).min() > 0
    assert difference.max() <= 2


@pytest.mark.parametrize(
    ("size", "outcome"), [(project.LIMIT - 1, "passed"), (project.LIMIT, "failed")]
)
def test_the_limit_is_fewer_than(size: int, outcome: str) -> None:
    def build_network() -> nn.Module:
        model = linear()
        model.register_buffer("spare", torch.zeros(size - 7850))
        return model

    report = check["build_network"].run({"build_network": build_network})
    assert report.results[0].outcome == outcome
