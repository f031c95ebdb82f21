"""Experiments of lab 5: small GoogLeNets, the ledger, gradients, and the stored results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from course.checks.lab05.paper import TABLE, WITH_CLASSIFIER
from course.experiments import lab05
from course.instruments import count_parameters


@pytest.mark.parametrize("design", lab05.DESIGNS)
def test_a_small_googlenet_takes_small_images(design: str) -> None:
    model, images = lab05.small_googlenet(design), torch.randn(2, 3, 32, 32)
    heads = lab05.DESIGNS[design].heads
    trained = model.train()(images)
    assert isinstance(trained, tuple) == heads
    assert [s.shape for s in (trained if heads else [trained])] == [(2, 10)] * (3 if heads else 1)
    assert model.eval()(images).shape == (2, 10)


def test_the_goal_is_smaller_than_its_anchor() -> None:
    design = lab05.Design(norm=True, halvings=0)
    model = lab05.small_googlenet(design)
    assert count_parameters(model) == 243_839 < 260_650
    with torch.no_grad():
        assert model.eval()(torch.randn(1, 3, 32, 32)).shape == (1, 10)


def test_the_ledger_leads_from_torchvision_to_the_paper() -> None:
    rows = lab05.torchvision_ledger()
    assert rows["torchvision's GoogLeNet, heads off"] == 6_624_904
    assert sum(rows.values()) == WITH_CLASSIFIER


def test_the_heads_weigh_what_they_are_told() -> None:
    scores, labels = torch.randn(4, 10), torch.arange(4)
    once = lab05.weighted_loss(scores, labels)
    assert torch.isclose(lab05.weighted_loss((scores, scores, scores), labels), 1.6 * once)
    assert torch.equal(lab05.weighted_loss((scores,), labels), once)


def test_heads_leave_the_gradient_behind_them_alone() -> None:
    found = lab05.early_gradients("plain", seed=0)
    behind = lab05.STAGES.index("4e")
    assert len(found["main"]) == len(lab05.STAGES) == 1 + len(TABLE)
    assert found["main"][behind:] == pytest.approx(found["with heads"][behind:], rel=1e-5)
    assert found["with heads"][0] > 10 * found["main"][0]


def unwritten(*args: Any, **kwargs: Any) -> Any:
    raise NotImplementedError("Exercise 5.1")


@pytest.mark.parametrize(
    "show",
    [
        lab05.draw_savings,
        lab05.naive_chain,
        lab05.block_ledger,
        lab05.parameter_ledger,
        lambda function: lab05.draw_class_maps(function, None, 1),  # type: ignore[arg-type]
    ],
)
def test_what_needs_an_exercise_says_so_until_it_is_written(
    show: Callable[[Any], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(unwritten) is None
    assert "not written yet" in capsys.readouterr().out


def test_the_stored_results_have_every_design() -> None:
    results = lab05.stored()
    assert set(results["runs"]) == set(lab05.DESIGNS)
    for design, runs in results["runs"].items():
        assert len(runs["test_accuracy"]) >= 3
        assert runs["parameters"] == count_parameters(lab05.small_googlenet(design))
