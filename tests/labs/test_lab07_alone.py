"""Networks of lab 7's project as lists of operations, which run without the code that made them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autograde.marking.carried import odd
from autograde.results import Item
from course import weights
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


def pulled(model: Any, x: Tensor) -> Tensor:
    with torch.enable_grad():
        y = x.flatten(1).detach().requires_grad_()
        (slope,) = torch.autograd.grad(F.softplus(model.g(y)).sum(), y)
    found: Tensor = model.f(slope)
    return found


class Tied(nn.Sequential):
    """Two names for one weight, and one layer twice."""

    def __init__(self) -> None:
        first, second, third = linear(), nn.Linear(10, 10), nn.Linear(10, 10)
        third.weight = second.weight
        super().__init__(nn.Flatten(), first, nn.ReLU(), third, nn.ReLU(), second, second)


def layers() -> nn.Sequential:
    middle = (nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
    return nn.Sequential(*middle, nn.MaxPool2d(4), nn.Dropout(), nn.Flatten(), linear(392))


RIGHT: dict[str, Callable[[], nn.Module]] = {
    "layers": layers,
    "tied": Tied,
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
    "odd names": lambda: Forward(
        lambda m, x: m.images(x.flatten(1)) + torch.ones(10) * getattr(m, "constant: 0"),
        **{"images": linear(), "constant: 0": nn.Parameter(torch.ones(()))},
    ),
    "a gradient within": lambda: Forward(pulled, f=linear(), g=nn.Linear(784, 784)),
    "half precision": lambda: layers().bfloat16().float(),
    "a complex filter": lambda: Forward(
        lambda m, x: m.f(torch.fft.irfft2(torch.fft.rfft2(x) * (1 + 2j)).flatten(1)), f=linear()
    ),
    "a number of its own": lambda: Forward(
        lambda m, x: m.f(x.flatten(1)) * float(m.f.bias[0]), f=linear()
    ),
    "a loop over pixels": lambda: Forward(
        lambda m, x: m.g(x.flatten(1)[..., None])[0][:, -1], g=nn.GRU(1, 10, batch_first=True)
    ),
}


@pytest.mark.parametrize("model", RIGHT.values(), ids=RIGHT)
def test_a_network_gives_the_same_alone(model: Callable[[], nn.Module], tmp_path: Path) -> None:
    torch.manual_seed(0)
    made = model().eval()
    weights.save(made, tmp_path / "network.safetensors")
    state = weights.read(tmp_path / "network.safetensors")
    answer = the_network(lambda: made, state)
    assert "program" in answer, answer
    found = classes_alone(answer, state, IMAGES)
    with torch.no_grad():
        scores = made((IMAGES.float() / 255 - 0.2860) / 0.3530)
    assert torch.equal(found["classes"], scores.argmax(1))
    assert found["numbers besides"] == 0
    assert fits(answer, state) == {"fits": True, "numbers besides": 0}


WRONG: dict[str, tuple[Callable[[Any, Tensor], Tensor], str]] = {
    "a number leaves": (lambda m, x: m.f(x.flatten(1)) * x.max().item(), "depends on the images"),
    "written into": (
        lambda m, x: m.f(x.flatten(1)) * float(torch.zeros(x.shape).copy_(x).view(-1)[3]),
        "depends on the images",
    ),
    "it branches": (lambda m, x: m.f(x.flatten(1) if x.max() > 9 else -x.flatten(1)), "depends"),
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


def program(*operations: Any) -> dict[str, Any]:
    texts = ["\n".join(map(json.dumps, operations))]
    return {"operations": texts, "constants": {}, "scores": 1, "dtypes": {}}


def test_numbers_that_replace_those_of_the_file_are_told() -> None:
    """With the file that they are from it is the same network; with another it is none."""
    kept = dict(linear().state_dict())

    class Loading(nn.Linear):
        def train(self, mode: bool = True) -> Loading:
            if not mode:
                self.load_state_dict(kept)
            super().train(mode)
            return self

        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x.flatten(1))

    others = {name: one + 1 for name, one in kept.items()}
    assert "program" in the_network(lambda: Loading(784, 10), kept)
    assert "not those of its operations" in the_network(lambda: Loading(784, 10), others)["why"]


def test_numbers_that_are_not_in_the_file_are_counted_outside() -> None:
    table = torch.rand(10, 784)
    made = Forward(lambda m, x: x.flatten(1) @ table.T + 0 * m.f.bias, f=linear())
    answer = the_network(lambda: made, made.state_dict())
    denied = {**answer, "numbers besides": -5}
    assert classes_alone(denied, made.state_dict(), IMAGES)["numbers besides"] >= 7840


def test_a_text_in_an_operation_counts() -> None:
    assert alone.numbers_in(program(["aten.abs.default", ["a" * 9000], {}, 1])) == 9000


def test_a_list_of_yes_and_no_counts() -> None:
    assert alone.numbers_in(program(["aten.any.dims", [[True] * 900], {}, 1])) == 900


def test_what_takes_minutes_is_stopped_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alone, "SECONDS", 0.01)
    made = Forward(lambda m, x: m.f(x.flatten(1)) + (m.g @ m.g).sum(), f=linear(), g=SQUARE)
    state = dict(made.state_dict())
    told = classes_alone(the_network(lambda: made, state), state, IMAGES)["why"]
    assert "50 images take it more than" in told


SQUARE = nn.Parameter(torch.eye(2000))


def test_no_text_of_torchs_tells_of_the_images() -> None:
    gathered = ["aten.index_select.default", [{"at": "images"}, 0, {"at": 1}], {}, 2]
    scaled = ["aten._to_copy.default", [{"at": "images"}], {"dtype": {"torch": "int64"}}, 1]
    with pytest.raises(alone.NotAlone, match="Error at aten"):
        alone.run(program(scaled, gathered), {}, torch.full((3, 1, 28, 28), 12345.0))


def test_which_tensors_are_joined_counts() -> None:
    joined = [{"at": f"file: {place}"} for place in ("a", "b") * 3000]
    assert alone.numbers_in(program(["aten.cat.default", [joined], {}, 1])) == 6000


@pytest.mark.parametrize(
    ("tensor", "numbers"),
    [
        (torch.zeros(300), 300),
        (torch.zeros(300, dtype=torch.float64), 300),  # run as float32
        (torch.zeros(300, dtype=torch.int64), 600),
        (torch.zeros(300, dtype=torch.bool), 300),
        (torch.tensor(7), 1),  # BatchNorm counts its batches
    ],
)
def test_numbers_of_the_file_count_as_much_as_they_can_hold(tensor: Tensor, numbers: int) -> None:
    assert alone.numbers(tensor) == numbers


def test_no_number_of_the_file_has_more_than_32_bits() -> None:
    made = Forward(lambda m, x: m.f(x.flatten(1).double()), f=linear().double())
    state = {name: one + 1e-12 for name, one in made.state_dict().items()}
    answer = the_network(lambda: made, state)
    rounded = {name: one.float() for name, one in state.items()}
    images = torch.rand(3, 1, 28, 28)
    found = [alone.run(answer["program"], one, images) for one in (state, rounded)]
    assert torch.equal(*found)


@pytest.mark.parametrize(
    "operation",
    [
        ["aten.from_file.default", ["secret"], {}, 1],
        ["os.system", ["true"], {}, 1],
        ["aten.rand.default", [[3]], {}, 1],
        ["aten.abs.default", [{"at": "nowhere"}], {}, 1],
        ["aten.abs.default", [{"torch": "load"}], {}, 1],
        ["aten._sparse_csr_tensor_unsafe.default", [], {}, 1],
        ["aten._reshape_alias.default", [], {}, 1],
        ["aten._embedding_bag_dense_backward.default", [], {}, 1],
        ["aten.ljust.default", ["a", 9, "b"], {}, 1],
        ["aten.view.dtype", [{"at": "images"}, {"torch": "int32"}], {}, 1],
        ["aten.__class__.__name__", [], {}, 1],
        ["aten.abs.default"],
        None,
    ],
)
def test_what_is_no_program_is_refused(operation: Any) -> None:
    with pytest.raises(alone.NotAlone):
        alone.run(program(operation), {}, torch.zeros(3, 1, 28, 28))


NONSENSE: dict[str, Any] = {
    "nothing": None,
    "a word": "all right",
    "no text": {"program": {"operations": [1], "constants": {}, "scores": 1, "dtypes": {}}},
    "no JSON": {"program": {"operations": ["[[[" * 9000], "constants": {}, "scores": 1}},
    "half": {"program": {"operations": []}},
    "no tensor": {"program": {"operations": [], "constants": {"a": "b"}, "scores": "a"}},
    "a long reason": {"why": "because " * 1000},
}


@pytest.mark.parametrize("claim", NONSENSE.values(), ids=NONSENSE)
def test_what_is_made_up_goes_to_a_person(claim: Any) -> None:
    found = fits(claim, {})
    assert 0 < len(found["why"]) <= 120


def item(**measured: float) -> Item:
    result = CaseResult("", "passed", 1.0, measured=measured)
    return Item("trained_network", 12, "passed", 12, Report("trained_network", "", (result,), 12))


@pytest.mark.parametrize(
    ("measured", "codes"),
    [
        ({"accuracy": 0.838, "accuracy on moved images": 0.768}, []),  # 40 epochs of two layers
        ({"accuracy": 0.996, "accuracy on moved images": 0.917}, ["images-memorised"]),
        ({"accuracy": 0.95, "accuracy on moved images": 0.92}, []),
        ({"accuracy": 1.0, "accuracy on moved images": 1.0}, ["images-memorised"]),
        ({"accuracy": 0.88}, []),
        ({"alone": 0.0}, ["network-not-alone"]),
        ({}, []),
    ],
)
def test_what_is_odd_is_told_to_a_person(measured: dict[str, float], codes: list[str]) -> None:
    flags = list(odd([item(**measured)]))
    assert [flag.code for flag in flags] == codes
    assert all(flag.severity == "attention" for flag in flags)
