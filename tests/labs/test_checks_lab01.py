"""Checks of lab 1: what earns full marks, what does not, and what the student is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from autograde.authoring import reference
from autograde.marking import hidden
from course.checks import Check, Mistake, Report
from course.checks.lab01 import check

LAB = "lab01_activations"
LAMBDA, ALPHA = 1.0507009873554805, 1.6732632423543772
NAMES = [one.name for one in check]
MISTAKES = [(one, mistake) for one in check for mistake in one.mistakes]


@pytest.fixture(scope="module")
def answers() -> Mapping[str, Any]:
    return reference.load(LAB)


def reports(name: str, namespace: Mapping[str, Any], truth: Mapping[str, Any]) -> Iterator[Report]:
    """The visible check with its own oracle, then the hidden one with two secret seeds."""
    if name != "ELUFunction":  # torch's ELU keeps its input: no oracle for what is kept
        yield check[name].run(namespace)
    yield check[name].run(namespace, oracle=truth)
    for seed in (11, 2024):
        yield hidden.checks(LAB)[name].run(namespace, oracle=truth, seed=seed)


# Right answers ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_earns_full_marks(name: str, answers: Mapping[str, Any]) -> None:
    for report in reports(name, answers, answers):
        assert report.fraction == 1.0, str(report)


def where_on_safe_numbers(x: Tensor, alpha: float = 1.0) -> Tensor:
    safe = torch.where(x > 0, torch.zeros_like(x), x)
    return torch.where(x > 0, x, alpha * (torch.exp(safe) - 1))


def tanh_in_halves(x: Tensor) -> Tensor:
    far = torch.where(x < 0, 2 * x, -2 * x).exp()
    return torch.where(x < 0, far - 1, 1 - far) / (1 + far)


def tanh_clamped(x: Tensor) -> Tensor:
    e = torch.exp(2 * x.clamp(-20, 20))
    return (e - 1) / (e + 1)


def filled(y: Tensor, negative_slope: float = 0.01) -> Tensor:
    slope = torch.ones_like(y)
    slope[y <= 0] = negative_slope
    return slope


class NewStyleELU(torch.autograd.Function):
    @staticmethod
    def forward(x: Tensor, alpha: float) -> Tensor:
        return where_on_safe_numbers(x, alpha)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.alpha = inputs[1]
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Any:
        return upstream * torch.where(ctx.saved_tensors[0] > 0, 1, ctx.saved_tensors[0] + ctx.alpha), None  # fmt: skip  # noqa: E501


class MaskedELU(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: float = 1.0) -> Tensor:
        result = x.clone()
        result[x < 0] = alpha * (x[x < 0].exp() - 1)
        ctx.save_for_backward(result)
        ctx.a = float(alpha)
        return result

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Any:
        (result,) = ctx.saved_tensors
        slope = torch.ones_like(result)
        slope[result <= 0] = result[result <= 0] + ctx.a
        return slope * upstream, None


class ClampedELU(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: float) -> Tensor:
        y = x.clamp(min=0) + alpha * torch.expm1(x.clamp(max=0))
        ctx.save_for_backward(y)
        ctx.number = alpha
        return y

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        y = ctx.saved_tensors[0]
        return upstream[0] * ((y > 0) + (y <= 0) * (y + ctx.number)), None


def chain_by_product(activation: Callable[[Tensor], Tensor], depth: int, x: Tensor) -> Tensor:
    slope, point = torch.ones_like(x), x
    for _ in range(depth):
        leaf = point.detach().requires_grad_()
        slope = slope * torch.autograd.grad(activation(leaf).sum(), leaf)[0]
        point = activation(point)
    return slope


def chain_by_functional(activation: Callable[[Tensor], Tensor], depth: int, x: Tensor) -> Tensor:
    def whole(start: Tensor) -> Tensor:
        return reduce(lambda value, _: activation(value), range(depth), start)

    return torch.autograd.functional.vjp(whole, x, torch.ones_like(x))[1]


def chain_by_backward(activation: Callable[[Tensor], Tensor], depth: int, x: Tensor) -> Any:
    leaf = x.clone().requires_grad_(True)
    value = leaf
    for _ in range(depth):
        value = activation(value)
    value.backward(torch.ones_like(value))
    return leaf.grad


RIGHT: dict[str, list[Any]] = {
    "sigmoid": [
        lambda x: 0.5 * (1 + torch.tanh(x / 2)),
        lambda x: torch.exp(-F.softplus(-x)),
        lambda x: 1 / (1 + torch.exp(-x.clamp(-50, 50))),
    ],
    "tanh": [lambda x: 1 - 2 * torch.sigmoid(-2 * x), tanh_in_halves, tanh_clamped],
    "relu": [
        lambda x: x.clamp(min=0),
        lambda x: x * (x > 0),
        lambda x: torch.maximum(x, torch.zeros_like(x)),
        lambda x: (x + x.abs()) / 2,
    ],
    "leaky_relu": [
        lambda x, negative_slope=0.01: torch.maximum(x, negative_slope * x),
        lambda x, negative_slope=0.01: x.clamp(min=0) + negative_slope * x.clamp(max=0),
        lambda x, negative_slope=0.01: x * torch.where(x > 0, 1, negative_slope),
    ],
    "elu": [
        where_on_safe_numbers,
        lambda x, alpha=1.0: x.clamp(min=0) + alpha * (torch.exp(x.clamp(max=0)) - 1),
        lambda x, alpha=1.0: F.relu(x) - alpha * F.relu(-torch.expm1(-F.relu(-x))),
    ],
    "selu": [
        lambda x: LAMBDA * where_on_safe_numbers(x, ALPHA),
        lambda x: LAMBDA * x.clamp(min=0) + LAMBDA * ALPHA * torch.expm1(x.clamp(max=0)),
        lambda x: torch.where(x > 0, LAMBDA * x, LAMBDA * ALPHA * (x.clamp(max=0).exp() - 1)),
    ],
    "sigmoid_grad": [
        lambda y: y * (1 - y),
        lambda y: y - y**2,
        lambda y: 0.25 - (y - 0.5) ** 2,
    ],
    "tanh_grad": [
        lambda y: 1 - y**2,
        lambda y: (1 - y) * (1 + y),
        lambda y: torch.ones_like(y) - torch.square(y),
    ],
    "relu_grad": [
        torch.sign,
        lambda y: torch.where(y > 0, torch.ones_like(y), torch.zeros_like(y)),
        lambda y: torch.heaviside(y, torch.zeros_like(y)),
        lambda y: (y != 0).type_as(y),
    ],
    "leaky_relu_grad": [
        filled,
        lambda y, negative_slope=0.01: torch.where(y > 0, 1.0, negative_slope).to(y.dtype),
        lambda y, negative_slope=0.01: (y > 0).to(y) + negative_slope * (y <= 0).to(y),
    ],
    "elu_grad": [
        lambda y, alpha=1.0: torch.where(y > 0, 1.0, y + alpha),
        lambda y, alpha=1.0: (y > 0) + (y <= 0) * (alpha + y),
        lambda y, alpha=1.0: (y + alpha).masked_fill(y > 0, 1.0),
    ],
    "selu_grad": [
        lambda y: torch.where(y > 0, LAMBDA, y + LAMBDA * ALPHA),
        lambda y: LAMBDA * ((y > 0) + (y <= 0) * (y / LAMBDA + ALPHA)),
        lambda y: (y + LAMBDA * ALPHA).masked_fill(y > 0, LAMBDA),
    ],
    "ELUFunction": [NewStyleELU, MaskedELU, ClampedELU],
    "chain_gradient": [chain_by_product, chain_by_functional, chain_by_backward],
    "dead_fraction": [
        lambda a: float((a != 0).any(dim=0).logical_not().sum()) / a.shape[1],
        lambda a: (a.abs().sum(0) == 0).double().mean(),
        lambda a: 1 - torch.count_nonzero(a.abs().amax(dim=0)).item() / a.size(1),
        lambda a: (a.numpy() == 0).all(axis=0).mean(),
    ],
}


@pytest.mark.parametrize(
    ("name", "answer"),
    [(name, answer) for name, several in RIGHT.items() for answer in several],
    ids=[f"{name}-{number}" for name, several in RIGHT.items() for number in range(len(several))],
)
def test_another_way_to_write_it_earns_full_marks(
    name: str, answer: Any, answers: Mapping[str, Any]
) -> None:
    for report in reports(name, {name: answer}, answers):
        assert report.fraction == 1.0, str(report)


def test_every_exercise_has_three_other_right_answers() -> None:
    assert {name for name, several in RIGHT.items() if len(several) >= 3} == set(NAMES)


# Wrong answers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "mistake"), MISTAKES, ids=[f"{one.name}-{mistake.name}" for one, mistake in MISTAKES]
)
def test_a_known_mistake_costs_points_and_is_named(
    one: Check, mistake: Mistake, answers: Mapping[str, Any]
) -> None:
    for report in reports(one.name, {**answers, **mistake.objects}, answers):
        assert report.fraction < 1.0
        assert report.outcome == "failed"
        named = [result for result in report.results if result.mistake == mistake.name]
        assert named, str(report)
        assert all(result.hint == mistake.hint for result in named)


def abs_sigmoid(x: Tensor) -> Tensor:
    z = torch.exp(-x.abs())
    return torch.where(x >= 0, 1 / (1 + z), z / (1 + z))


def sign_tanh(x: Tensor) -> Tensor:
    z = torch.exp(-2 * torch.abs(x))
    return torch.sign(x) * (1 - z) / (1 + z)


def elu_by_minimum(x: Tensor, alpha: float = 1.0) -> Tensor:
    zero = torch.zeros_like(x)
    return torch.maximum(x, zero) + torch.minimum(zero, alpha * torch.expm1(x))


class InputOnContext(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: float) -> Tensor:
        ctx.x, ctx.alpha = x, alpha
        return F.elu(x, alpha)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Any:
        return upstream * torch.where(ctx.x > 0, 1, ctx.alpha * ctx.x.exp()), None


def chain_into_grad(activation: Callable[[Tensor], Tensor], depth: int, x: Tensor) -> Any:
    x.requires_grad = True
    y = x
    for _ in range(depth):
        y = activation(y)
    y.sum().backward()
    return x.grad


WRONG: list[tuple[str, Any, str]] = [
    ("sigmoid", abs_sigmoid, "flat_at_zero"),
    ("sigmoid", lambda x: 1.0 / (1.0 + (-x).exp()), "exp_overflow"),
    ("sigmoid", lambda x: 1 - 1 / (1 + x.exp()), "exp_overflow_right"),
    ("tanh", sign_tanh, "flat_at_zero"),
    ("tanh", lambda x: x.sinh() / x.cosh(), "inf_over_inf"),
    ("elu", elu_by_minimum, "where_trap"),
    ("selu", lambda x: LAMBDA * torch.where(x > 0, x, ALPHA * torch.expm1(x)), "where_trap"),
    ("leaky_relu", lambda x, negative_slope=0.01: F.relu(x), "no_leak"),
    ("ELUFunction", InputOnContext, "kept_as_attribute"),
    ("chain_gradient", chain_into_grad, "accumulates"),
    ("dead_fraction", lambda a: (a == 0).float().mean().item(), "zeros_of_entries"),
    ("dead_fraction", lambda a: (a[0] == 0).float().mean().item(), "one_sample_only"),
]


@pytest.mark.parametrize(("name", "answer", "mistake"), WRONG)
def test_wrong_code_as_students_write_it_is_recognised(
    name: str, answer: Any, mistake: str, answers: Mapping[str, Any]
) -> None:
    for report in reports(name, {name: answer}, answers):
        assert report.outcome == "failed"
        assert mistake in {result.mistake for result in report.results}, str(report)


def writes_into_its_argument(x: Tensor) -> Tensor:
    x[x < 0] = 0
    return x


def test_writing_into_the_argument_costs_points(answers: Mapping[str, Any]) -> None:
    visible, *secret = reports("relu", {"relu": writes_into_its_argument}, answers)
    assert "in-place" in str(visible)
    for report in secret[1:]:
        failed = {result.title for result in report.results if result.outcome == "failed"}
        assert "leaves its argument as it was" in failed


def always(value: float) -> Callable[..., Any]:
    return lambda *args, **kwargs: torch.full_like(args[-1], value)


@pytest.mark.parametrize("name", NAMES)
def test_a_constant_or_the_identity_earns_nothing(name: str, answers: Mapping[str, Any]) -> None:
    identity = type("Same", (), {"apply": staticmethod(lambda x, alpha: x)})
    lazy = [always(0.0), always(1.0), lambda *args, **kwargs: args[-1], lambda *args: 0.5]
    for answer in (identity, *lazy):
        for report in reports(name, {name: answer}, answers):
            assert report.fraction == 0.0, str(report)


class IdentityFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: float) -> Tensor:
        ctx.save_for_backward(y := x.clone())
        return y

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Any:
        return upstream, None


def test_an_identity_function_earns_nothing(answers: Mapping[str, Any]) -> None:
    for report in reports("ELUFunction", {"ELUFunction": IdentityFunction}, answers):
        assert report.fraction == 0.0, str(report)


def one_gradient_only(ctx: Any, upstream: Tensor) -> Tensor:
    return upstream


def test_one_gradient_for_two_inputs_is_explained(answers: Mapping[str, Any]) -> None:
    forgetful = type("Forgetful", (NewStyleELU,), {"backward": staticmethod(one_gradient_only)})
    report = check["ELUFunction"].run({"ELUFunction": forgetful}, oracle=answers)
    assert "incorrect number of gradients" in str(report)
    assert "one gradient for each input" in str(report)


# Stubs ------------------------------------------------------------------------------------


def unwritten(*args: Any, **kwargs: Any) -> Any:
    raise NotImplementedError("Exercise 1.1")


class UnwrittenELU(torch.autograd.Function):
    forward = staticmethod(unwritten)
    backward = staticmethod(unwritten)


@pytest.mark.parametrize("name", NAMES)
def test_an_untouched_stub_is_skipped(name: str, answers: Mapping[str, Any]) -> None:
    stub = UnwrittenELU if name == "ELUFunction" else unwritten
    for report in reports(name, {name: stub}, answers):
        assert report.outcome == "skipped"
        assert report.earned == 0.0
