"""Networks of lab 7's project as lists of operations, which run without the code that made them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autograde.marking.carried import odd
from autograde.results import Item
from course.checks import CaseResult, Report
from course.labs.lab07_summary import alone
from course.labs.lab07_summary.questions import classes_alone, fits, the_network

IMAGES = torch.randint(0, 256, (70, 1, 28, 28), dtype=torch.uint8)


class Forward(nn.Module):
    """A network with a forward of its own, and some layers."""

    def __init__(self, does: Callable[[Any, Tensor], Tensor], **layers: Any) -> None:
        super().__init__()
        self.does = does
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, x: Tensor) -> Tensor:
        return self.does(self, x)


def linear(x: int = 784) -> nn.Linear:
    return nn.Linear(x, 10)


def patches(x: Tensor) -> Tensor:
    return F.unfold(x, 7, stride=7).transpose(1, 2)


def attention() -> nn.Module:
    layer = nn.TransformerEncoderLayer(49, 7, 64, batch_first=True)
    return Forward(lambda m, x: m.f(m.a(patches(x)).mean(1)), a=layer, f=linear(49))


def layers() -> nn.Sequential:
    middle = (nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
    return nn.Sequential(*middle, nn.MaxPool2d(4), nn.Dropout(), nn.Flatten(), linear(392))


RIGHT: dict[str, Callable[[], nn.Module]] = {
    "layers": layers,
    "channels last": lambda: layers().to(memory_format=torch.channels_last),  # type: ignore[call-overload]
    "attention": attention,
    "recurrent": lambda: Forward(
        lambda m, x: m.f(m.g(x.squeeze(1))[0][:, -1]),
        g=nn.GRU(28, 8, batch_first=True),
        f=linear(8),
    ),
    "vmap": lambda: Forward(lambda m, x: torch.vmap(lambda one: m.f(one.flatten()))(x), f=linear()),
    "weight norm": lambda: nn.Sequential(
        nn.Flatten(), nn.utils.parametrizations.weight_norm(linear())
    ),
    "parts of a batch": lambda: Forward(
        lambda m, x: torch.cat([m.f(part.flatten(1)) for part in x.split(7)]), f=linear()
    ),
    "one parameter twice": lambda: Forward(
        lambda m, x: m.f(F.relu(m.f(x.flatten(1)) @ m.f.weight)), f=linear()
    ),
    "written into": lambda: Forward(
        lambda m, x: m.f(x.clone().clamp_(0).mul_(2).flatten(1)).add_(1), f=linear()
    ),
    "small constants": lambda: Forward(
        lambda m, x: m.f((x * torch.tensor([0.5, 2.0])[0]).flatten(1)), f=linear()
    ),
    "half precision": lambda: layers().bfloat16().float(),
}


@pytest.mark.parametrize("model", RIGHT.values(), ids=RIGHT)
def test_a_network_gives_the_same_alone(model: Callable[[], nn.Module]) -> None:
    torch.manual_seed(0)
    made = model().eval()
    state = {name: tensor.clone() for name, tensor in made.state_dict().items()}
    answer = the_network(lambda: made, state)
    assert "program" in answer, answer
    found = classes_alone(answer, state, IMAGES)
    with torch.no_grad():
        scores = made((IMAGES.float() / 255 - 0.2860) / 0.3530)
    assert torch.equal(found["classes"], scores.argmax(1))
    assert found["numbers besides"] == 0
    assert fits(answer, state) == {"fits": True, "numbers besides": 0}


WRONG: dict[str, tuple[Callable[[Any, Tensor], Tensor], str]] = {
    "a number leaves": (lambda m, x: m.f(x.flatten(1)) * x.max().item(), "_local_scalar"),
    "it branches": (lambda m, x: m.f(x.flatten(1) if x.max() > 9 else -x.flatten(1)), "_local"),
    "numpy": (lambda m, x: m.f(torch.from_numpy(x.numpy().copy()).flatten(1)), "leave torch"),
    "a list": (lambda m, x: m.f(torch.tensor(x.tolist()).flatten(1)), "leave"),
    "dropout": (lambda m, x: F.dropout(m.f(x.flatten(1))), "random numbers"),
}


@pytest.mark.parametrize(("does", "why"), list(WRONG.values()), ids=WRONG)
def test_what_cannot_run_alone_is_told(does: Callable[[Any, Tensor], Tensor], why: str) -> None:
    made = Forward(does, f=linear())
    answer = the_network(lambda: made, made.state_dict())
    assert why in answer["why"]
    found = classes_alone(answer, made.state_dict(), IMAGES)
    assert found["why"] == answer["why"]
    assert "classes" not in found


def test_numbers_that_are_not_in_the_file_are_counted_outside() -> None:
    table = torch.rand(10, 784)
    made = Forward(lambda m, x: x.flatten(1) @ table.T + 0 * m.f.bias, f=linear())
    answer = the_network(lambda: made, made.state_dict())
    denied = {**answer, "numbers besides": -5}
    assert classes_alone(denied, made.state_dict(), IMAGES)["numbers besides"] >= 7840


def test_a_text_in_an_operation_counts() -> None:
    program = {"operations": [["aten.abs.default", ["a" * 9000], {}, 1]], "constants": {}}
    assert alone.numbers_in(program) == 9000


@pytest.mark.parametrize(
    "operation",
    [
        ["aten.from_file.default", ["secret"], {}, 1],
        ["os.system", ["true"], {}, 1],
        ["aten.rand.default", [[3]], {}, 1],
        ["aten.abs.default", [{"at": "nowhere"}], {}, 1],
        ["aten.abs.default", [{"torch": "load"}], {}, 1],
        ["aten.__class__.__name__", [], {}, 1],
        ["aten.abs.default"],
        None,
    ],
)
def test_what_is_no_program_is_refused(operation: Any) -> None:
    program = {"operations": [operation], "constants": {}, "scores": 1, "dtypes": {}}
    with pytest.raises(alone.NotAlone):
        alone.run(program, {}, torch.zeros(3, 1, 28, 28))


def item(**measured: float) -> Item:
    result = CaseResult("", "passed", 1.0, measured=measured)
    return Item("trained_network", 12, "passed", 12, Report("trained_network", "", (result,), 12))


@pytest.mark.parametrize(
    ("measured", "codes"),
    [
        ({"accuracy": 0.838, "accuracy on moved images": 0.768}, []),  # 40 epochs of two layers
        ({"accuracy": 0.996, "accuracy on moved images": 0.917}, ["images-memorised"]),
        ({"accuracy": 0.98, "accuracy on moved images": 0.95}, []),
        ({"accuracy": 0.88}, []),
        ({"alone": 0.0}, ["network-not-alone"]),
        ({}, []),
    ],
)
def test_what_is_odd_is_told_to_a_person(measured: dict[str, float], codes: list[str]) -> None:
    flags = list(odd([item(**measured)]))
    assert [flag.code for flag in flags] == codes
    assert all(flag.severity == "attention" for flag in flags)
