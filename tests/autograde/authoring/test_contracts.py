"""Which case of the standard battery catches which slip, and that right answers pass all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from autograde.authoring.checks import _prepared
from autograde.authoring.contracts import Contract, Function, Network, OfModel, weighted
from course.checks import Case
from course.checks.inputs import mixed, normal


def scaled(x: Tensor, factor: float = 2.0) -> Tensor:
    if factor == 0:
        raise ValueError("factor is 0")
    return x * factor


FUNCTION = Function(
    lambda rng, N=4, D=3, factor=3.0: (mixed(rng, N, D), factor),
    edges={"a single number": {"N": 1, "D": 1}, "nothing at all": {"N": 0}},
    refuses={ValueError: [lambda rng: (normal(rng, 2, 2), 0.0)]},
)


class Layers(nn.Module):
    def __init__(self, channels: int, classes: int = 5) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, channels, 3, padding=1)
        self.norm = nn.BatchNorm2d(channels)
        self.head = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.norm(self.conv(x))).mean(dim=(2, 3)))


NETWORK = Network(
    lambda rng: (4, 3),
    lambda rng, N=2, H=6, W=5: normal(rng, N, 2, H, W),
    edges={"a single pixel": {"H": 1, "W": 1}},
    variants={"a wide one": (64, 10)},
    shape=(1, 2, 4, 4),
)


def failing(contract: Contract, reference: Any, answer: Any) -> list[str]:
    """Titles of the standard cases that an answer fails."""
    cases = list(contract.cases("thing", reference, Generator().manual_seed(5)))
    found = []
    for one in _prepared(cases, {"thing": reference}, ()):
        result = one.put(lambda probe: probe.run({"thing": answer}))
        assert result.outcome in ("passed", "failed"), result
        found += [result.title] if result.outcome == "failed" else []
    return found


class LeavesAFloat64(Layers):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).double()


class RunsTwice(Layers):
    def forward(self, x: Tensor) -> Tensor:
        assert self.norm(self.conv(x)).shape[1] == self.head.in_features
        return super().forward(x)


class Squeezes(Layers):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).squeeze()


class InPlace(Layers):
    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            x.add_(1).sub_(1 + 1e-3)
        return super().forward(x)


class Detached(Layers):
    def forward(self, x: Tensor) -> Tensor:
        bias = self.conv.bias.detach()  # type: ignore[union-attr]
        y = F.conv2d(x, self.conv.weight, bias, padding=1)
        return self.head(F.relu(self.norm(y)).mean(dim=(2, 3)))


class Shared(Layers):
    kept: Any = None

    def __init__(self, channels: int, classes: int = 5) -> None:
        super().__init__(channels, classes)
        Shared.kept = Shared.kept or nn.Linear(channels, classes)
        self.head = Shared.kept


class Silent(Layers):
    def __init__(self, channels: int, classes: int = 5) -> None:
        super().__init__(channels, classes)
        self.eval()
        self.train = lambda mode=True: self  # type: ignore[method-assign, assignment]


class EqualUnits(Layers):
    def __init__(self, channels: int, classes: int = 5) -> None:
        super().__init__(channels, classes)
        with torch.no_grad():
            for one in self.parameters():
                one.copy_(one[:1].clone())


class Unset(Layers):
    def __init__(self, channels: int, classes: int = 5) -> None:
        super().__init__(channels, classes)
        self.head.bias = nn.Parameter(torch.empty(classes))


class OtherNames(Layers):
    def __init__(self, width: int, num_classes: int = 5) -> None:
        super().__init__(width, num_classes)


class OtherOrder(nn.Module):
    def __init__(self, channels: int, classes: int = 5) -> None:
        super().__init__()
        self.last = nn.Conv2d(channels, classes, 1)
        self.between = nn.BatchNorm2d(channels)
        self.first = nn.Conv2d(2, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        maps = self.between(self.first(x)).clamp(min=0)
        return self.last(maps.mean(dim=(2, 3), keepdim=True)).flatten(1)


def counting() -> Callable[..., Tensor]:
    calls: list[Any] = []

    def thing(x: Tensor, factor: float = 2.0) -> Tensor:
        calls.append(x)
        return scaled(x, factor + len(calls) - 1)

    return thing


def keeping_by_shape() -> Callable[..., Tensor]:
    kept: dict[Any, Tensor] = {}

    def thing(x: Tensor, factor: float = 2.0) -> Tensor:
        return kept.setdefault((x.dtype, x.shape, factor), scaled(x, factor))

    return thing


class AnswersLater(Layers):
    before: Any = None

    def forward(self, x: Tensor) -> Tensor:
        answer = super().forward(x)
        before = answer if self.before is None else self.before
        self.before = answer
        return before


class OwnError(ValueError):
    pass


def refuses_by_a_subclass(x: Tensor, factor: float = 2.0) -> Tensor:
    if factor == 0:
        raise OwnError
    return factor * x


def renamed(numbers: Tensor, factor: float = 2.0) -> Tensor:
    return scaled(numbers, factor)


def refuses_all(x: Tensor, factor: float = 2.0) -> Tensor:
    raise ValueError


SLIPS: Mapping[str, tuple[Any, str]] = {
    "in place": (lambda x, factor=2.0: scaled(x, factor) + 0 * x.zero_(), "stays as it was"),
    "draws": (lambda x, factor=2.0: scaled(x, factor) + 0 * torch.rand(()).double(), "stays as"),
    "in float64": (lambda x, factor=2.0: scaled(x.double(), factor), "float32"),
    "by view": (lambda x, factor=2.0: scaled(x.view(-1), factor).view(x.shape), "in memory"),
    "squeezed": (lambda x, factor=2.0: scaled(x, factor).squeeze(), "a single number"),
    "another default": (lambda x, factor=3.0: scaled(x, factor), "by default"),
    "another name": (lambda x, f=2.0: scaled(x, f), "by name"),
    "detached": (lambda x, factor=2.0: scaled(x.detach(), factor), "gradient"),
    "wrong sum": (lambda x, factor=2.0: scaled(x, factor) + x.sum() - x.sum().detach(), "gradient"),
    "no refusal": (lambda x, factor=2.0: x * factor, "refuses"),
    "refuses all": (refuses_all, "refuses"),
}


def test_does_a_right_function_pass_all() -> None:
    assert not failing(FUNCTION, scaled, scaled)
    assert not failing(FUNCTION, scaled, refuses_by_a_subclass)
    assert not failing(FUNCTION, scaled, renamed)


def test_does_an_edge_alone_earn_nothing() -> None:
    assert "nothing at all" in failing(FUNCTION, scaled, lambda x, factor=2.0: torch.zeros_like(x))


@pytest.mark.parametrize("slip", SLIPS)
def test_which_case_catches_a_function_slip(slip: str) -> None:
    answer, words = SLIPS[slip]
    assert any(words in title for title in failing(FUNCTION, scaled, answer))


def test_is_half_precision_asked_for_where_a_contract_says_so() -> None:
    half = replace(FUNCTION, half=True)
    assert not failing(half, scaled, scaled)
    title = "in half precision, bfloat16"
    wider = lambda x, factor=2.0: scaled(x, factor) + torch.zeros(x.shape)  # noqa: E731
    assert failing(half, scaled, wider) == [title]
    assert title not in failing(FUNCTION, scaled, wider)


def test_are_whole_numbers_asked_for_where_a_contract_says_so() -> None:
    counted = Function(lambda rng, n=7: (n, 2), counts=True)
    both = lambda n, k: {"product": n * k, "pair": (n, k)}  # noqa: E731
    assert not failing(counted, both, both)
    tensors = lambda n, k: {"product": torch.tensor(n) * k, "pair": (n, k)}  # noqa: E731
    assert not failing(counted, both, tensors)
    floats = lambda n, k: {"product": n * float(k), "pair": (n, k)}  # noqa: E731
    assert failing(counted, both, floats) == ["whole numbers come out"]
    assert not failing(replace(counted, counts=False), both, floats)


def test_does_a_case_catch_what_is_kept_between_calls() -> None:
    assert failing(FUNCTION, scaled, counting())
    assert failing(FUNCTION, scaled, keeping_by_shape())
    assert failing(NETWORK, Layers, AnswersLater)


def test_is_a_random_function_asked_only_what_holds_for_one_call() -> None:
    titles = [c.title for c in Function(FUNCTION.draw, random=True).cases("t", scaled, Generator())]
    assert not titles


def test_do_layers_in_another_order_pass_all() -> None:
    assert not failing(NETWORK, Layers, Layers)
    assert not failing(NETWORK, Layers, OtherOrder)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (LeavesAFloat64, "float32"),
        (Squeezes, "each image"),
        (InPlace, "stays as it was"),
        (RunsTwice, "in training mode"),
        (Detached, "gradients"),
        (Shared, "share nothing"),
        (Silent, "training mode"),
        (EqualUnits, "start at random"),
        (Unset, "start at random"),
        (OtherNames, "classes by name"),
    ],
)
def test_which_case_catches_a_network_slip(answer: Any, words: str) -> None:
    assert any(words in title for title in failing(NETWORK, Layers, answer))


def small(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 2))


small.__module__ = "course.checks.modules"  # where makers live


def sizes(model: nn.Module) -> list[float]:
    return [float(one.detach().norm()) for one in model.parameters()]


def changing(change: Callable[[nn.Module], Any]) -> Callable[[nn.Module], list[float]]:
    def thing(model: nn.Module) -> list[float]:
        found = sizes(model)
        change(model)
        return found

    return thing


def test_is_a_model_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    from course.checks import modules

    monkeypatch.setattr(modules, "small", small, raising=False)
    contract = OfModel({"a small one": small})
    assert not failing(contract, sizes, sizes)
    for change in (
        nn.Module.eval,
        lambda model: model.requires_grad_(False),
        lambda model: model.zero_grad(),
        lambda model: model[0].register_forward_hook(lambda *seen: None),
        lambda model: setattr(model, "norms", 1),
        lambda model: model[0].weight.data.mul_(2),
        lambda model: model.float(),
    ):
        assert failing(contract, sizes, changing(change))


def test_do_standard_cases_weigh_their_share() -> None:
    own = [Case("a", None, weight=3.0), Case("b", None)]  # type: ignore[arg-type]
    cases = weighted(own, [Case(str(n), None) for n in range(6)], 0.2)  # type: ignore[arg-type]
    total = sum(case.weight for case in cases)
    assert sum(case.weight for case in cases[2:]) / total == pytest.approx(0.2, abs=1e-3)
