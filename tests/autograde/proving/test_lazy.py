"""Lazy answers: they look right to a careless check."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from autograde.authoring.checks import Book
from autograde.proving.lazy import lazy
from autograde.proving.subjects import Subject
from autograde.tree import find
from course.checks import Case, ask, call


class Net(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.layer = nn.Linear(3, width)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layer(x)
        return y


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return 2 * x

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return 2 * gradient


def applied(network: Any, x: Tensor) -> Any:
    return network(4)(x)


def answers(truth: Any, probe: Any) -> dict[str, Any]:
    book = Book("lab90_mini")

    @book.define(oracle={"it": truth})
    def it(rng: torch.Generator) -> Any:
        """About it."""
        yield Case("it", probe)

    subject = Subject(find(), "lab90_mini", book["it"], "it = None", {"it": truth})
    return {says: make()["it"] for says, make in lazy(subject).items()}


def test_of_a_function() -> None:
    found = answers(lambda x, k: [x * k, k], call("it", torch.ones(2), 3))
    assert found["the input back"](4, torch.ones(2)).equal(torch.ones(2))
    assert found["the input back"](4, 5) == 4
    assert found["None"](1) is None
    zeros, number = found["zeros of the right shape"](torch.ones(2), 3)
    assert (zeros.tolist(), number) == ([0.0, 0.0], 0)


def test_does_what_the_panel_showed_come_by_heart_and_nothing_else() -> None:
    by_heart = answers(lambda x, k: x + k, call("it", 2, k=3))["what the panel showed"]
    assert by_heart(2, k=3) == 5
    assert by_heart(2, k=4) is None


def test_is_what_changes_its_arguments_asked_on_copies() -> None:
    given = torch.ones(2)
    answers(lambda x: x.add_(1), call("it", given))["zeros of the right shape"](given)
    assert given.equal(torch.ones(2))


def test_of_a_network() -> None:
    found = answers(Net, ask(applied, "it", torch.ones(2, 3), text="it"))
    idle = found["zeros of the right shape"](4)
    assert len(list(idle.parameters())) == 2
    assert idle(torch.ones(2, 3)).tolist() == [[0.0] * 4] * 2
    assert list(found["the input back"](4).parameters()) == []
    assert found["the input back"](4)(torch.ones(2)).equal(torch.ones(2))


def test_of_what_makes_a_network() -> None:
    found = answers(lambda width: Net(width), ask(applied, "it", torch.ones(2, 3), text="it"))
    silent = found["zeros of the right shape"](4)
    assert silent(torch.ones(2, 3)).tolist() == [[0.0] * 4] * 2


def test_of_a_function_of_autograd() -> None:
    found = answers(Doubled, ask(applied, "it", torch.ones(2), text="it"))
    assert found["the input back"].apply(torch.ones(2)).equal(torch.ones(2))
    assert found["zeros of the right shape"].apply(torch.ones(2)).equal(torch.zeros(2))


@pytest.mark.parametrize(("truth", "empty"), [({"a": 1}, {}), ([1, 2.5, "a"], [0, 0.0, ""])])
def test_of_a_table(truth: Any, empty: Any) -> None:
    def whole(table: Any) -> Any:
        return table

    assert answers(truth, ask(whole, "it", text="it"))["zeros of the right shape"] == empty
