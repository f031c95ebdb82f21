"""Experiments of lab 6: the units, what is measured on them, and the recorded measurements."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from matplotlib import rc_context
from matplotlib.figure import Figure
from torch import Tensor, nn
from torchvision.models import resnet

from autograde.authoring import reference
from course.checks.modules import count, filled
from course.data import photographs as data_photographs
from course.data.photographs import PHOTOGRAPHS
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
from course.plots.showing import as_html

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


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for ax in figure.axes for text in ax.texts)


def stand_in(favourite: int) -> resnet.ResNet:
    """torchvision's ResNet-18 that is sure of one class, whatever it sees."""
    model = resnet.resnet18().eval()
    with torch.no_grad():
        model.fc.weight.zero_()
        model.fc.bias.zero_()[favourite] = 20
    return model


def test_the_students_network_names_photographs_beside_a_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names: list[str] = resnet.ResNet18_Weights.IMAGENET1K_V1.meta["categories"]
    theirs = stand_in(favourite=names.index("espresso"))
    monkeypatch.setattr(photographs, "_imagenet_weights", lambda *args: (theirs, names))
    with rc_context({"figure.constrained_layout.use": True}):  # as in notebooks
        figure = experiments.classify(reference.load(LAB)["make_resnet"])
        assert "tiger cat" in as_html(figure)
    said = words(figure)
    assert said.count("100 % espresso") == len(PHOTOGRAPHS)
    assert said.count("100 % espresso ✓") == 1
    assert all(one.title in said for one in PHOTOGRAPHS)


def test_weights_are_found_by_name_in_files_of_any_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = stand_in(favourite=7)
    weights = resnet.ResNet18_Weights.IMAGENET1K_V1
    file = tmp_path / "checkpoints" / weights.url.rsplit("/", 1)[-1]
    file.parent.mkdir()
    file.touch()
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    turned = dict(reversed(model.state_dict().items()))
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", lambda *args, **kw: turned)
    theirs, _ = photographs._imagenet_weights(18, fetch=False)
    assert all(torch.equal(theirs.state_dict()[name], value) for name, value in turned.items())


def test_without_weights_it_says_so_in_one_line_and_the_person_speaks(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    said = words(experiments.classify(lambda *args: nn.Identity()))
    assert "not on this machine" in capsys.readouterr().out
    assert "tiger cat" in said
    assert "network" not in said


def test_a_photograph_is_small_and_its_classes_are_imagenets() -> None:
    names = resnet.ResNet18_Weights.IMAGENET1K_V1.meta["categories"]
    for one in PHOTOGRAPHS:
        assert set(one.classes) <= set(names)
        assert min(one.pixels().shape[1:]) == 256
    files = list(Path(data_photographs.__file__).parent.glob("*.jpg"))
    licence = (files[0].parent / "LICENSE").read_text()
    assert len(files) == len(PHOTOGRAPHS)
    for file in files:
        assert file.stat().st_size <= 30_000
        assert file.name in licence


def test_what_was_measured_before_is_complete() -> None:
    results = stored(LAB)
    assert set(results["degradation"]["runs"]) == set(degradation.PAIRS)
    table = results["gradients"]["combinations"]
    kinds = list(combinations.combinations())
    assert set(table) == {combinations.key_of(kind, depth) for kind in kinds for depth in DEPTHS}
    assert set(results["gradients"]["curves"]) == {kind.name for kind in PANELS}
