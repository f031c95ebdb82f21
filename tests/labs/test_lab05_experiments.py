"""Experiments of lab 5: small GoogLeNets, the ledger, gradients, and the stored results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from course import training
from course.instruments import count_parameters
from course.labs.lab05_inception import TABLE, experiments
from course.labs.lab05_inception.experiments import gradients, ledgers, networks, races
from course.labs.shared.results import stored


@pytest.mark.parametrize("design", networks.DESIGNS)
def test_does_a_small_googlenet_take_small_images(design: str) -> None:
    model, images = networks.small_googlenet(design), torch.randn(2, 3, 32, 32)
    heads = networks.DESIGNS[design].heads
    trained = model.train()(images)
    assert isinstance(trained, tuple) == heads
    assert [s.shape for s in (trained if heads else [trained])] == [(2, 10)] * (3 if heads else 1)
    assert model.eval()(images).shape == (2, 10)


def test_has_every_block_of_theirs_a_true_five() -> None:
    model: Any = networks.small_googlenet("plain")
    sides = [[u[0].kernel_size[0] for u in model.blocks[name].branch3] for name in TABLE]
    assert sides == [[1, 5]] * 9
    assert all(block.branch3[1][0].bias is not None for block in model.blocks.values())


def test_is_the_goal_smaller_than_its_anchor() -> None:
    design = networks.Design(norm=True, halvings=0)
    model = networks.small_googlenet(design)
    assert count_parameters(model) == 243_839 < 260_650
    with torch.no_grad():
        assert model.eval()(torch.randn(1, 3, 32, 32)).shape == (1, 10)


def test_does_the_ledger_lead_from_torchvision_to_the_paper() -> None:
    rows = ledgers.torchvision_ledger()
    assert rows["torchvision's GoogLeNet, heads off"] == 6_624_904
    assert sum(rows.values()) == 6_998_552


def test_does_training_discount_the_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: dict[str, Any] = {}

    def take(models: list[Any], seeds: list[int], **options: Any) -> None:
        taken.update(options, seeds=seeds)

    monkeypatch.setattr(training, "fit_each", take)
    networks.train("plain, heads", {"epochs": 1}, seeds=[3])
    scores, labels = torch.randn(4, 10), torch.arange(4)
    once = F.cross_entropy(scores, labels)
    assert (taken["epochs"], taken["seeds"]) == (1, [3])
    assert torch.isclose(taken["loss"]((scores, scores, scores), labels), 1.6 * once)
    assert torch.equal(taken["loss"](scores, labels), once)


def test_do_heads_leave_the_gradient_behind_them_alone() -> None:
    found = gradients.early_gradients("plain", seed=0)
    behind = gradients.STAGES.index("4e")
    assert len(found["main"]) == len(gradients.STAGES) == 1 + len(TABLE)
    assert found["main"][behind:] == pytest.approx(found["with heads"][behind:], rel=1e-5)
    assert found["with heads"][0] > 10 * found["main"][0]


def unwritten(*args: Any, **kwargs: Any) -> Any:
    raise NotImplementedError("Exercise 5.1")


@pytest.mark.parametrize(
    "show",
    [
        experiments.draw_savings,
        experiments.naive_chain,
        experiments.block_ledger,
        experiments.parameter_ledger,
        lambda function: experiments.draw_class_maps(function, None, 1),  # type: ignore[arg-type]
    ],
)
def test_does_what_needs_an_exercise_say_so_until_it_is_written(
    show: Callable[[Any], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(unwritten) is None
    assert "not written yet" in capsys.readouterr().out


def test_have_the_stored_results_every_design() -> None:
    results = stored(races.LAB)
    assert set(results["runs"]) == set(networks.DESIGNS)
    for design, runs in results["runs"].items():
        assert len(runs["test_accuracy"]) >= 3
        assert runs["parameters"] == count_parameters(networks.small_googlenet(design))
