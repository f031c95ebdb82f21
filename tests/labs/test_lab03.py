"""Lab 3: its networks' counts, what its known mistakes cost, and what the student is told."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import alexnet as torchvisions

from autograde.authoring import answers, checks, reference
from autograde.authoring.checks import Definition, Mistake
from course.checks import Report
from course.checks.modules import filled
from course.labs.lab03_alexnet import check
from course.labs.lab03_alexnet.network_questions import parameter_count, rested
from course.labs.lab03_alexnet.questions import FILLED, settled_inverted, settled_paper

LAB = "lab03_alexnet"
BOOK = checks.load(LAB)
MISTAKES = [(one, mistake) for one in BOOK for mistake in one.mistakes]
SLIPS = {  # mistakes in one corner, which cost a small share
    "own_generator", "fixed_mask", "nan_at_one", "dropout_before_both", "no_dropout",
}  # fmt: skip


def report(name: str, objects: Any) -> Report:
    return check[name].run({**reference.load(LAB), **objects})


def failed(told: Report) -> set[str]:
    return {result.title for result in told.results if result.outcome == "failed"}


@pytest.mark.parametrize(
    ("one", "mistake"), MISTAKES, ids=[f"{one.name}-{mistake.name}" for one, mistake in MISTAKES]
)
def test_a_known_mistake_costs_points(one: Definition, mistake: Mistake) -> None:
    told = report(one.name, {**one.oracle, **mistake.objects})
    assert told.fraction <= (0.95 if mistake.name in SLIPS else 0.8), str(told)


@pytest.mark.parametrize("one", list(BOOK), ids=lambda one: one.name)
def test_every_exercise_has_three_other_right_answers(one: Definition) -> None:
    right = [a for a in answers.load(LAB) if a.right and a.exercise == one.name]
    assert len(right) >= 3


def test_the_counts_of_parameters() -> None:
    (ungrouped,) = (m for m in BOOK["AlexNet"].mistakes if m.name == "ungrouped")
    assert parameter_count(reference.load(LAB)["AlexNet"], {}) == 60_965_224
    assert parameter_count(ungrouped.objects["AlexNet"], {}) == 62_378_344
    assert parameter_count(lambda: torchvisions(), {}) == 61_100_840


def test_values_are_compared_on_a_small_network() -> None:
    (values,) = (one.case for one in check["AlexNet"].cases if one.case.title == "values")
    _, settings = values.probe.args
    assert parameter_count(reference.load(LAB)["AlexNet"], settings) < 300_000


def test_a_network_that_ignores_its_width_is_not_run_at_full_size() -> None:
    def wide(num_classes: int = 1000, width: float = 1.0) -> nn.Module:
        return torchvisions(num_classes=num_classes)

    told = report("AlexNet", {"AlexNet": wide})
    (values,) = (result for result in told.results if result.title == "values")
    assert "width" in values.found


def test_layers_may_be_made_in_any_order() -> None:
    class LastFirst(reference.load(LAB)["AlexNet"]):  # type: ignore[misc]
        def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
            super().__init__(num_classes, width)
            first = self.conv1
            del self.conv1
            self.conv1 = first

    assert not failed(report("AlexNet", {"AlexNet": LastFirst}))


def resting_alike(dropout: Any) -> Tensor:
    """Three linear layers with this dropout between, at rest."""

    class Small(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(6, 6) for _ in range(3))

        def forward(self, x: Tensor) -> Tensor:
            for layer in self.layers[:2]:
                x = dropout(F.relu(layer(x)), 0.5, self.training)
            return self.layers[2](x)

    model = filled(rested(Small)(), seed=3)
    return model(torch.linspace(-1, 1, 12, dtype=torch.float64).view(2, 6))


def test_both_kinds_of_dropout_rest_alike_in_a_check() -> None:
    ours = reference.load(LAB)
    today = resting_alike(ours["dropout"])
    assert torch.allclose(today, resting_alike(ours["paper_dropout"]))
    assert not torch.allclose(today, resting_alike(lambda x, p, training: x / 3))


@pytest.mark.parametrize("name", ["dropout", "paper_dropout"])
def test_a_right_dropout_is_the_same_for_every_seed_once_it_is_settled(name: str) -> None:
    adapter = settled_inverted if name == "dropout" else settled_paper
    asked, x = adapter(reference.load(LAB)[name]), torch.linspace(0.5, 2.0, 120)
    first, other = (asked(x, 0.3, True, generator=seed)[FILLED] for seed in (1, 2))
    assert torch.allclose(first, other)
    assert torch.allclose(first, torch.full_like(x, 1 / 0.7 if name == "dropout" else 1.0))


def test_a_dropout_that_drops_nothing_is_not_taken_for_one() -> None:
    answer = settled_paper(lambda x, p, training, generator=None: x if training else x * (1 - p))
    assert not answer(torch.linspace(0.5, 2.0, 120), 0.3, True)["some are dropped"]


def test_layers_without_a_forward_earn_their_counts_alone() -> None:
    class WithoutForward(reference.load(LAB)["AlexNet"]):  # type: ignore[misc]
        def forward(self, x: Tensor) -> Tensor:
            raise NotImplementedError("Exercise 3.7")

    assert 0 < report("AlexNet", {"AlexNet": WithoutForward}).fraction < 0.3
