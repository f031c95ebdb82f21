"""Experiments of lab 4."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from course.labs.lab04_vgg import experiments
from course.labs.lab04_vgg.experiments import cost, fields, ledgers, precompute, small
from course.labs.shared import results


def unwritten(*args: Any, **kwargs: Any) -> Any:
    raise NotImplementedError("Exercise 4.1")


def test_does_vgg16_by_stage_add_up_to_its_parameters() -> None:
    sums = cost.stages(cost.vgg16_table())
    assert list(sums) == ["conv 1", "conv 2", "conv 3", "conv 4", "conv 5", "fc 6", "fc 7", "fc 8"]
    total = sum(stage["parameters"] for stage in sums.values())
    assert round(total * 1e6) == 138_357_544


@pytest.mark.parametrize("variant", small.VARIANTS)
def test_does_a_small_vgg_take_small_images(variant: str) -> None:
    model = small.small_vgg(variant)
    assert model(torch.randn(2, 3, 32, 32)).shape == (2, 10)
    convolutions = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d)]
    assert len(convolutions) == {"A": 8, "D": 13}[variant[0]]


def test_does_a_start_from_a_take_four_convolutions_and_the_head(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trained: list[dict[str, Tensor]] = []

    def keep(models: list[nn.Module], seeds: list[int], **options: Any) -> None:
        trained.append({name: value.clone() for name, value in models[0].state_dict().items()})

    monkeypatch.setattr(small.training, "fit_each", keep)
    small.train("D, from A", {}, seeds=[0])
    shallow, deep = trained
    equal = {name for name in shallow if torch.equal(shallow[name], deep[name])}
    assert {name.rpartition(".")[0] for name in equal} == {
        *("stage1.0", "stage2.0", "stage3.0", "stage3.2"),
        *("head.1", "head.3"),
    }


def test_have_the_stored_results_every_variant() -> None:
    found = results.stored("lab04_vgg")
    assert set(found["runs"]) == set(small.VARIANTS)
    assert found["command"] == precompute.COMMAND
    assert all(len(runs["test_accuracy"]) >= 3 for runs in found["runs"].values())


def test_which_square_holds_a_share() -> None:
    share = torch.zeros(9, 9)
    share[4, 4], share[3, 3] = 0.9, 0.1
    assert fields.side_holding(share, 0.9 - 1e-6) == 1
    assert fields.side_holding(share) == 3


@pytest.mark.parametrize("name", "ABDE")
def test_is_torchvisions_network_narrow_in_every_layer(name: str) -> None:
    wide = [p.shape for p in ledgers.torchvision_on_meta(name).parameters()]
    narrow = [p.shape for p in ledgers._narrow_torchvision(name).parameters()]
    assert [shape[0] // 32 for shape in wide[:-2]] == [shape[0] for shape in narrow[:-2]]
    assert narrow[-1] == (10,)


def test_do_experiments_say_what_is_not_written_yet(capsys: pytest.CaptureFixture[str]) -> None:
    assert experiments.draw_fields(unwritten, (2,), (0,)) is None
    experiments.score_ledger(unwritten)
    experiments.compare_totals(unwritten, unwritten)
    experiments.parameter_ledger(unwritten, {})
    told = capsys.readouterr().out
    for name in ("effective_receptive_field", "make_vgg", "layer_flops", "activation_memory"):
        assert f"`{name}` is not written yet" in told
    assert told.count("not yet") == 6


def test_does_a_race_print_accuracy_and_loss(capsys: pytest.CaptureFixture[str]) -> None:
    from course import data

    images = data.load("fashion_mnist", size=(64, 32), verbose=False)
    experiments.race(["A"], experiments.Budget(images, epochs=1), [0])
    assert "training loss" in capsys.readouterr().out
