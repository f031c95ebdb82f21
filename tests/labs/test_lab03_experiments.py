"""Lab 3's experiments: the ledger, the race of figure 1, small networks, filters, plots."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch

from autograde.authoring import reference
from course.labs.lab03_alexnet import experiments
from course.labs.lab03_alexnet.experiments import figure1, filters, precompute, results, small


@pytest.fixture(scope="module")
def answers() -> Mapping[str, Any]:
    return reference.load("lab03_alexnet")


def test_the_printed_ledger_agrees_with_networks(
    answers: Mapping[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    experiments.ledger(answers["grouped_conv_parameters"], answers["AlexNet"])
    *_, totals, counted = capsys.readouterr().out.splitlines()
    assert totals.split()[1:] == ["60,965,224", "62,378,344", "61,100,840"]
    assert counted.endswith("60,965,224")


def test_the_ledger_of_an_unwritten_notebook_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    experiments.ledger(None, None)
    experiments.draw_budget(None)
    said = capsys.readouterr().out
    assert "? stands for what is not written yet" in said
    assert "61,100,840" in said
    assert "`AlexNet` is not written yet" in said


@pytest.mark.parametrize(
    ("errors", "epochs"),
    [([0.9, 0.5, 0.25], 2.0), ([0.9, 0.3, 0.2], 1.5), ([0.9, 0.15, 0.1], 0.9 - 0.9 / 7.5 + 0.0867)],
)
def test_the_crossing_lies_on_a_straight_line(errors: list[float], epochs: float) -> None:
    assert figure1.crossing(errors, 0.25) == pytest.approx(epochs, abs=1e-3)


def test_a_target_that_is_not_reached_has_no_crossing() -> None:
    assert math.isnan(figure1.crossing([0.9, 0.8, 0.7], 0.25))


def test_a_race_repeats_itself_and_stops_at_its_target() -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(60) % 10
    patterns = torch.randn(10, 3, 32, 32, generator=generator)
    images = patterns[labels] + 0.3 * torch.randn(60, 3, 32, 32, generator=generator)
    setting = figure1.Race(images, labels, figure1.RECIPES["today"], batch_size=20)
    first, second = (figure1.race(setting, "relu", 0.01, seed=3) for _ in range(2))
    assert first == second
    assert first.errors[-1] <= setting.target < min(first.errors[:-1])
    assert len(first.errors) - 2 < first.epochs <= len(first.errors) - 1


@pytest.mark.parametrize(
    "design", [design for design, _ in {**small.VARIANTS, **small.PARTS}.values()]
)
def test_every_small_alexnet_gives_logits_and_takes_gradients(design: Any) -> None:
    model = small.small_alexnet(design)
    logits = model(torch.randn(2, 3, 32, 32))
    assert logits.shape == (2, 10)
    logits.square().sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_grey_filters_have_no_colour_and_pure_colour_has_nothing_else() -> None:
    grey = torch.randn(4, 1, 7, 7).expand(4, 3, 7, 7)
    colour = torch.randn(4, 3, 7, 7)
    colour = colour - colour.mean(dim=1, keepdim=True)
    assert filters.colour_share(grey).abs().max() < 1e-6
    assert (filters.colour_share(colour) - 1).abs().max() < 1e-5
    assert filters.group_difference(torch.cat([grey, colour])) == pytest.approx(1.0, abs=1e-5)


def test_the_gap_is_read_where_training_accuracy_reaches_the_level() -> None:
    curve = {"train": [0.3, 0.5, 0.45, 0.7], "test": [0.28, 0.4, 0.41, 0.5]}
    assert experiments.gap_at(curve, 0.4) == pytest.approx(0.4 - 0.34)
    assert math.isnan(experiments.gap_at(curve, 0.8))


def test_the_rates_of_the_race_are_those_that_were_tried() -> None:
    for recipe, rates in precompute.RATES.items():
        tried = results.stored(f"figure1_{recipe}")["tried"]
        for activation, several in rates.items():
            assert [t["lr"] for t in tried if t["activation"] == activation] == list(several)


def test_filters_survive_being_stored() -> None:
    kernels = torch.randn(24, 3, 7, 7)
    back = filters.unpacked(filters.packed(kernels))
    assert back.shape == kernels.shape
    assert (back - kernels / kernels.abs().max()).abs().max() < 0.5 / 127 + 1e-6


def test_the_stored_results_are_complete_and_say_how_they_were_made() -> None:
    for name in ("figure1_2012", "figure1_today", "parts", "regularisation", "filters"):
        found = results.stored(name)
        assert "CIFAR-10" in found["how"]
        assert "CPU" in found["on"]
        assert found["runs"]
    for recipe in figure1.RECIPES:
        runs = figure1.stored_race(recipe)
        assert {run.activation for run in runs} == {"relu", "tanh"}
        assert all(
            len({run.seed for run in runs if run.activation == a}) == 5 for a in ("relu", "tanh")
        )
        for run in runs:
            expected = figure1.crossing(run.errors, 0.25)
            assert run.epochs == pytest.approx(expected, abs=0.01, nan_ok=True)


def test_plots_cope_with_functions_that_are_not_written(
    answers: Mapping[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    def unwritten(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    functions: list[Callable[[Any], Any]] = [
        experiments.draw_normalised,
        lambda f: experiments.draw_masks(f, f),
        experiments.draw_budget,
    ]
    for draw in functions:
        assert draw(unwritten) is None
    assert capsys.readouterr().out.count("is not written yet") == 4
    assert experiments.draw_normalised(answers["local_response_norm"]) is not None
    assert experiments.draw_masks(answers["dropout"], answers["paper_dropout"]) is not None
    assert experiments.draw_budget(answers["AlexNet"]) is not None


def test_plots_tell_what_a_function_should_have_given(capsys: pytest.CaptureFixture[str]) -> None:
    assert experiments.draw_normalised(lambda x, **kwargs: x[0]) is None
    assert "expected a tensor of shape (1, 12, 1, 1)" in capsys.readouterr().out
