"""Do the experiments run on the notebook's device? On a stand-in for one, see `elsewhere`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import data, device, instruments
from course.experiments import where
from course.labs.lab01_activations.experiments import dead, fixed_point, grid
from course.labs.lab01_activations.experiments import training as perceptrons
from course.labs.lab02_lenet.experiments import networks as lenets
from course.labs.lab02_lenet.experiments import one_batch, studies
from course.labs.lab04_vgg.experiments import fields, normalising, score_map
from course.labs.lab04_vgg.experiments import small as vggs
from course.labs.lab05_inception.experiments import class_maps, gradients
from course.labs.lab05_inception.experiments import races as inceptions
from course.labs.lab06_resnet.experiments import combinations, degradation, scales, shattered
from course.labs.lab06_resnet.experiments import gradients as residual
from course.labs.lab06_resnet.experiments.networks import PANELS, Unit
from course.labs.lab07_summary.experiments.race import Budget as Race
from course.labs.lab07_summary.experiments.race import measure, prepared
from course.labs.lab08_beyond.experiments import blocks, fooling, networks, transfer
from course.labs.lab09_fast.experiments import ladder
from course.labs.lab09_fast.experiments import networks as fast
from tests.elsewhere import DEVICE, Elsewhere


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    """The notebook's device is the stand-in."""
    monkeypatch.setenv("COURSE_DEVICE", str(DEVICE))
    monkeypatch.setattr(device, "KINDS", (*device.KINDS, DEVICE.type))
    monkeypatch.setattr(device, "_count", lambda kind: int(kind in ("cpu", DEVICE.type)))
    monkeypatch.setattr(device, "_accelerator_state", lambda kind: [])
    monkeypatch.setattr(device, "_restore_accelerators", lambda kind, states: None)
    monkeypatch.setattr(where, "WITHOUT_FLOAT64", ())
    where._SAID.clear()
    # Or a layer's tensor, converted, would go on holding its old values.
    before = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    with Elsewhere() as mode:
        yield mode
    torch.__future__.set_overwrite_module_params_on_conversion(before)
    where._SAID.clear()


def garments() -> data.Dataset:
    return data.load("fashion_mnist", profile="grade", size=(64, 32), verbose=False)


def field(model: nn.Module, images: Tensor) -> Tensor:
    images = images.requires_grad_()
    out = model(images)
    out[:, :, out.shape[2] // 2, out.shape[3] // 2].sum().backward()
    share = torch.as_tensor(images.grad).square().sum(dim=(0, 1))
    return share / share.sum()


def batch_norm(x: Tensor, w: Tensor, b: Tensor, mean: Tensor, var: Tensor, training: bool) -> Any:
    y = F.batch_norm(x, mean, var, w, b, training)
    return y, mean, var


def norms(model: nn.Module, loss: Callable[[], Tensor]) -> dict[str, float]:
    names = [name for name, _ in model.named_children()]
    found = instruments.record_gradients(model, loss, names)
    return {name: gradient.norm().item() for name, gradient in found.items()}


def attack(model: nn.Module, images: Tensor, labels: Tensor, epsilon: float, **_: Any) -> Tensor:
    x = images.clone().requires_grad_()
    (slope,) = torch.autograd.grad(F.cross_entropy(model(x), labels), x)
    return (images + epsilon * slope.sign()).clamp(0, 1)


def lenet_inputs() -> studies.Inputs:
    return studies.inputs(garments(), train=64, test=32)


def colours() -> data.Dataset:
    return data.load("shapes", profile="grade", size=(64, 32), verbose=False)


EXPERIMENTS: dict[str, Callable[[], Any]] = {
    "1 fixed point": lambda: fixed_point.moments("selu", "LeCun", 0, depth=3, width=8),
    "1 dead by depth": lambda: dead.dead_by_depth([0], depth=3, width=8),
    "1 dead by rate": lambda: dead.dead_by_rate(perceptrons.Budget(garments(), [0], 1), 0.01),
    "1 grid": lambda: grid.init_grid([0], depth=3),
    "1 accuracies": lambda: perceptrons.accuracy_grid(
        perceptrons.Budget(garments(), [0], 1), ["relu"], 2
    ),
    "2 one batch": lambda: one_batch.losses_on_one_batch(
        lenets.strided, lenet_inputs().train, steps=2, other_labels=True
    ),
    "2 study": lambda: studies.study(
        {"linear": lenets.linear}, lenet_inputs(), studies.Budget(1), [0, 1]
    ),
    "4 fields": lambda: fields.field_of(field, 2, 0),
    "4 start": lambda: vggs._start("A", 0),
    "4 race": lambda: vggs.race(["D, from A"], vggs.Budget(garments(), 1), [0]),
    "4 map": lambda: score_map.small_classifier(garments(), 1),
    "4 BatchNorm": lambda: normalising._apart(batch_norm, 1, where.here(float64=True)),
    "4 way back": lambda: normalising._gradients(
        lambda x, weight, arrives: (arrives, weight, weight), where.here(float64=True)
    ),
    "5 gradients": lambda: gradients.early_gradients("BatchNorm", 0),
    "5 race": lambda: inceptions.race(["plain, heads"], garments(), 1, [0]),
    "5 maps": lambda: class_maps._averaging_network(garments(), 1),
    "6 norms by unit": lambda: residual.norms_by_unit(norms, PANELS[3], 6, 0),
    "6 gradients by unit": lambda: residual.gradients_by_unit(PANELS[0], 6, 0),
    "6 combinations": lambda: combinations.measure(PANELS[1], 8, 0),
    "6 vanished": lambda: residual.print_vanished(),
    "6 scales": lambda: scales.variances(PANELS[1], 6, 0),
    "6 start": lambda: scales._first_and_last(lambda: Unit(PANELS[3], 16, 16), 0),
    "6 shattered": lambda: shattered.slopes_on_a_line(2, True, 0, points=16),
    "6 race": lambda: degradation.race(
        ["residual-20"], degradation.Budget(garments(), 1, width=4), [0]
    ),
    "7 race": lambda: measure(
        "LeNet", Race(garments(), 64, 1).options(), prepared(garments(), "test"), 0
    ),
    "8 blocks": lambda: blocks.race({}, garments(), 1, [0]),
    "8 attack": lambda: fooling.draw_attack(attack, _still()),
    "8 few images": lambda: transfer.few_images(
        lambda trunk, features, classes: nn.Sequential(trunk, nn.Linear(features, classes)),
        networks.small_resnet(5)[:-1], 2, [0],
    ),
    "9 ladder": lambda: ladder.fitted(
        fast.network((4, 4, 4)), fast.pictures(colours(), small=True), 1, 0, {}
    ),
    "9 asked": lambda: ladder.accuracy(
        fast.network((4, 4, 4)).to(where.here()), fast.pictures(colours(), small=True).test,
        ladder.plain_scores,
    ),
}  # fmt: skip


def _still() -> networks.Looker:
    """An untrained looker that is right about five of its images, as the picture wants it."""
    model, images = networks.small_resnet(10).eval(), torch.rand(8, 1, 28, 28)
    model[-1].weight.data.zero_()
    labels = torch.tensor([1, 4, 5, 8, 9, 0, 0, 0])

    class Right(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            shown: Tensor = super().forward(x)
            return shown + 5 * F.one_hot(labels[: len(x)], 10).to(x.device)

    return networks.Looker(Right(*model), images, labels, garments().classes)


@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.filterwarnings("ignore")
def test_does_an_experiment_compute_on_the_notebooks_device(
    name: str, elsewhere: Elsewhere, capsys: pytest.CaptureFixture[str]
) -> None:
    EXPERIMENTS[name]()
    assert elsewhere.there, "nothing was computed on the device"
    assert not elsewhere.strayed
    assert "on the CPU" not in capsys.readouterr().out


@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.filterwarnings("ignore")
def test_does_an_experiment_run_where_there_is_no_float64(
    name: str, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Apple's GPUs."""
    monkeypatch.setattr(where, "WITHOUT_FLOAT64", (DEVICE.type,))
    elsewhere.float64 = False
    EXPERIMENTS[name]()


def test_do_instruments_work_where_there_is_no_float64(elsewhere: Elsewhere) -> None:
    elsewhere.float64 = False
    layers = nn.Conv2d(1, 4, 3), nn.Tanh(), nn.Conv2d(4, 4, 3), nn.ReLU()
    model, images = nn.Sequential(*layers).to(DEVICE), torch.randn(4, 1, 9, 9).to(DEVICE)
    table = instruments.activation_statistics(model, images)
    assert [row.kind for row in table.rows] == ["Conv2d", "Tanh", "Conv2d", "ReLU"]
    field = instruments.effective_receptive_field(model, (1, 9, 9), samples=4)
    assert field.max() == 1


def test_is_an_experiment_on_the_cpu_noticed(elsewhere: Elsewhere) -> None:
    nn.Linear(3, 3)(torch.randn(2, 3))
    assert elsewhere.strayed
    assert not elsewhere.there
    with pytest.raises(RuntimeError, match="same device"):
        nn.Linear(3, 3)(torch.randn(2, 3).to(DEVICE))


def test_does_work_for_the_cpu_say_so_once_and_take_one_thread(
    elsewhere: Elsewhere, capsys: pytest.CaptureFixture[str]
) -> None:
    threads = torch.get_num_threads()
    for _ in range(2):
        with where.on_cpu("it is small"):
            assert where.here().type == "cpu"
            assert torch.get_num_threads() == 1
            nn.Linear(3, 3)(torch.randn(2, 3))
    assert not elsewhere.strayed
    assert capsys.readouterr().out == "on the CPU, with one thread: it is small\n"
    assert (where.here(), torch.get_num_threads()) == (DEVICE, threads)


def test_is_nothing_said_where_there_is_only_a_cpu(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    with where.on_cpu("it is small"):
        pass
    assert not capsys.readouterr().out


def test_does_a_students_function_that_makes_tensors_on_the_cpu_run_there(
    elsewhere: Elsewhere, capsys: pytest.CaptureFixture[str]
) -> None:
    def double(x: Tensor) -> Tensor:
        return x + torch.ones(len(x))

    found = where.where_it_can("double", lambda place: double(torch.ones(3).to(place)))
    assert found.tolist() == [2, 2, 2]
    assert "`double` makes tensors there" in capsys.readouterr().out
    with pytest.raises(RuntimeError, match="size"):
        where.where_it_can(
            "double", lambda place: torch.ones(2).to(place) + torch.ones(3).to(place)
        )


def test_do_numbers_of_64_bits_go_where_there_are_some(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, "WITHOUT_FLOAT64", (DEVICE.type,))
    assert where.here(float64=True).type == "cpu"
    assert where.here() == DEVICE
