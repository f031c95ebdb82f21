"""Experiments of lab 6: the units, what is measured on them, and the recorded measurements."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import resnet

from autograde.authoring import reference
from course.checks.modules import count, filled
from course.labs.lab06_resnet import experiments
from course.labs.lab06_resnet.experiments import (
    combinations,
    degradation,
    gradients,
    ledgers,
    photographs,
    shattered,
)
from course.labs.lab06_resnet.experiments.law import singular_values
from course.labs.lab06_resnet.experiments.networks import DEPTHS, PANELS, Kind, Unit, stage_network
from course.labs.shared.results import stored

LAB = "lab06_resnet"
IN_THE_PAPER = {20: 269_722, 32: 464_154, 44: 658_586, 56: 853_018, 110: 1_727_962}


@pytest.fixture
def maps() -> Tensor:
    return torch.randn(3, 4, 6, 6, generator=torch.Generator().manual_seed(1)).double()


def silenced(unit: Unit) -> Unit:
    """The unit with a branch that gives 0."""
    for parameter in unit.second.parameters():
        nn.init.zeros_(parameter)
    return unit.double()


@pytest.mark.parametrize("order", ["inside", "pre"])
def test_a_residual_unit_without_a_branch_passes_on_what_it_gets(maps: Tensor, order: str) -> None:
    unit = silenced(Unit(Kind(True, activation="tanh", order=order), 4, 4))
    torch.testing.assert_close(unit(maps), maps)


def test_in_the_papers_order_an_activation_follows(maps: Tensor) -> None:
    unit = silenced(Unit(Kind(True, activation="sigmoid"), 4, 4))
    torch.testing.assert_close(unit(maps), maps.sigmoid())


def test_a_plain_unit_without_a_branch_passes_on_nothing(maps: Tensor) -> None:
    assert silenced(Unit(Kind(False), 4, 4))(maps).abs().sum() == 0


def test_a_unit_that_shrinks_takes_every_second_pixel_and_adds_zero_channels(maps: Tensor) -> None:
    found = silenced(Unit(Kind(True), 4, 7, stride=2))(maps)
    torch.testing.assert_close(found[:, :4], maps[:, :, ::2, ::2].relu())
    assert found[:, 4:].abs().sum() == 0


def test_with_its_last_scale_at_zero_a_unit_starts_as_a_relu(maps: Tensor) -> None:
    unit = Unit(Kind(True, zero=True), 4, 4).double()
    torch.testing.assert_close(unit(maps), maps.relu())


@pytest.mark.parametrize(("depth", "parameters"), IN_THE_PAPER.items())
def test_plain_and_residual_twins_have_the_papers_parameters(depth: int, parameters: int) -> None:
    with torch.device("meta"):
        pair = [count(stage_network(Kind(r), depth, 16).parameters()) for r in (False, True)]
    assert pair == [parameters, parameters]


def test_the_students_instrument_and_the_courses_agree() -> None:
    norms = reference.load(LAB)["gradient_norms"]
    found = gradients.norms_by_unit(norms, Kind(True), 8, seed=3)
    assert found == pytest.approx(gradients.gradients_by_unit(Kind(True), 8, seed=3))
    assert len(found) == 1 + 3


@pytest.mark.parametrize("written", [True, False])
def test_gradients_are_drawn_before_the_exercise_is_solved(
    written: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    def unsolved(model: nn.Module, loss: object) -> None:
        raise NotImplementedError

    norms = reference.load(LAB)["gradient_norms"] if written else unsolved
    figure = experiments.draw_gradients(norms, range(1), (8,))
    assert len(figure.axes) == 4
    assert ("with the course's instrument" in capsys.readouterr().out) is not written


def test_the_ratio_of_a_combination_is_that_of_its_curve() -> None:
    kind = Kind(False, activation="tanh")
    norms = gradients.gradients_by_unit(kind, 14, seed=1)
    ratio = torch.tensor(norms[0] / norms[-1]).log10().item()
    assert combinations.measure(kind, 14, seed=1)["gradient"] == pytest.approx(ratio, abs=1e-3)


@pytest.mark.parametrize("kind", PANELS, ids=lambda kind: kind.name)
def test_what_was_measured_before_is_measured_again(kind: Kind) -> None:
    curve = stored(LAB)["gradients"]["curves"][kind.name]["20"][0]
    norms = torch.tensor(gradients.gradients_by_unit(kind, 20, seed=0))
    assert norms.log10().tolist() == pytest.approx(curve, abs=2e-3)


def test_scores_are_compared_with_torchvisions(capsys: pytest.CaptureFixture[str]) -> None:
    assert ledgers._gap(reference.load(LAB)["make_resnet"], 18) < 1e-10
    experiments.score_ledger(lambda depth, classes: resnet.resnet18(num_classes=3))
    assert "Look at its check first" in capsys.readouterr().out


def test_singular_values_of_residual_products_stay_apart_from_zero() -> None:
    plain, residual = (singular_values(flag, seed=0, size=8) for flag in (False, True))
    assert (plain[0] == 1).all()
    assert plain[-1, 0] < 1e-20
    assert residual[-1, -1] > 1e-4


def test_autocorrelation_of_a_slow_wave_and_of_noise() -> None:
    x = torch.linspace(0, 20, 256, dtype=torch.float64)
    noise = torch.randn(256, generator=torch.Generator().manual_seed(0)).double()
    assert shattered.autocorrelation(x.sin())[0] == pytest.approx(1)
    assert shattered.autocorrelation(x.sin())[1] > 0.95
    assert abs(shattered.autocorrelation(noise)[1]) < 0.2


def test_weights_are_copied_in_order_or_not_at_all() -> None:
    one, other = (filled(resnet.BasicBlock(4, 4), seed) for seed in (0, 1))
    ledgers.copy_in_order(one, other)
    assert all(map(torch.equal, one.state_dict().values(), other.state_dict().values()))
    with pytest.raises(ValueError, match="other tensors"):
        ledgers.copy_in_order(one, nn.Linear(2, 2))


def test_photographs_are_named_with_weights_of_any_order() -> None:
    model = resnet.resnet18().eval()
    state = dict(reversed(model.state_dict().items()))
    names = [f"thing {number}" for number in range(1000)]
    pictures = torch.randint(0, 255, (2, 3, 64, 64), dtype=torch.uint8), ["one", "two"]
    make = reference.load(LAB)["make_resnet"]
    figure = photographs._classified(make, 18, (state, names), pictures)
    assert sum(
        "thing" in text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text"))
    )


def test_without_weights_it_says_so_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    assert experiments.classify(lambda *args: nn.Identity()) is None
    assert "not on this machine" in capsys.readouterr().out


def test_what_was_measured_before_is_complete() -> None:
    results = stored(LAB)
    assert set(results["degradation"]["runs"]) == set(degradation.PAIRS)
    table = results["gradients"]["combinations"]
    kinds = list(combinations.combinations())
    assert set(table) == {combinations.key_of(kind, depth) for kind in kinds for depth in DEPTHS}
    assert set(results["gradients"]["curves"]) == {kind.name for kind in PANELS}
