"""Checks of lab 6: what earns full marks, what does not, and what the student is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import resnet

from autograde.authoring import reference
from autograde.marking import hidden
from course.checks import Check
from course.checks.cases import CaseResult, Prepared
from course.checks.lab06 import check
from course.checks.lab06.basis import NARROW, count, filled
from course.checks.lab06.networks import (
    CIFAR_20_B,
    CIFAR_PARAMETERS,
    IMAGENET_PARAMETERS,
    torchvision_model,
)
from course.checks.lab06.tape import Tape, basic, bottleneck
from course.experiments.lab06 import copy_in_order

LAB = "lab06_resnet"
EXERCISES = [one.name for one in check]
MISTAKES = [(one, mistake) for one in check for mistake in one.mistakes]


@pytest.fixture(scope="module")
def answers() -> Mapping[str, Any]:
    return reference.load(LAB)


@cache
def prepared(name: str, secret: bool) -> list[Prepared]:
    """A check's cases; what known mistakes answer to them is found once for all tests."""
    if secret:
        return hidden.checks(LAB)[name].prepared(reference.load(LAB), seed=2024)
    return check[name].prepared()


def results(name: str, namespace: Mapping[str, Any], secret: bool) -> list[CaseResult]:
    return [one.result(one.case.probe.run(namespace)) for one in prepared(name, secret)]


def earns_all(name: str, namespace: Mapping[str, Any]) -> bool:
    return all(r.outcome == "passed" for s in (False, True) for r in results(name, namespace, s))


# What the checks themselves take for true ------------------------------------------------------


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("run", "theirs", "expansion"),
    [(basic, resnet.BasicBlock, 1), (bottleneck, resnet.Bottleneck, 4)],
    ids=["basic", "bottleneck"],
)
def test_the_expected_blocks_are_torchvisions(
    run: Any, theirs: Any, expansion: int, training: bool, stride: int
) -> None:
    wide = 3 * expansion
    projection = nn.Sequential(nn.Conv2d(5, wide, 1, stride, bias=False), nn.BatchNorm2d(wide))
    wanted = filled(theirs(5, 3, stride, projection), 7).train(training)
    found = filled(Tape(partial(run, kind="B", out=3, stride=stride), 5), 7).train(training)
    x = torch.randn(4, 5, 7, 6, dtype=torch.float64)
    torch.testing.assert_close(found(x), wanted(x))


@pytest.mark.parametrize("depth", IMAGENET_PARAMETERS)
def test_the_reference_scores_like_torchvision(depth: int, answers: Mapping[str, Any]) -> None:
    images = torch.randn(2, 3, 64, 64, dtype=torch.float64)
    theirs = filled(torchvision_model(depth, 7, NARROW), 3)
    ours = answers["make_resnet"](depth, 7, NARROW).double().eval()
    copy_in_order(ours, theirs)
    torch.testing.assert_close(ours(images), theirs(images), rtol=1e-9, atol=1e-12)


def test_the_reference_scores_like_torchvisions_own_resnet18(answers: Mapping[str, Any]) -> None:
    theirs, ours = resnet.resnet18().eval(), answers["make_resnet"](18).eval()
    copy_in_order(ours, theirs)
    images = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(ours(images), theirs(images))


@pytest.mark.parametrize("depth", IMAGENET_PARAMETERS)
def test_torchvision_has_these_parameters(depth: int, answers: Mapping[str, Any]) -> None:
    with torch.device("meta"):
        theirs = getattr(resnet, f"resnet{depth}")()
        ours = answers["make_resnet"](depth)
    assert count(theirs) == count(ours) == IMAGENET_PARAMETERS[depth]


def test_the_reference_has_the_papers_parameters(answers: Mapping[str, Any]) -> None:
    with torch.device("meta"):
        found = {6 * n + 2: count(answers["ResNetCIFAR"](n)) for n in (3, 5, 7, 9, 18)}
        projected = count(answers["ResNetCIFAR"](3, "B"))
    assert found == CIFAR_PARAMETERS
    assert projected == CIFAR_20_B


# Right answers ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXERCISES)
def test_the_reference_earns_full_marks(name: str, answers: Mapping[str, Any]) -> None:
    for secret in (False, True):
        for result in results(name, answers, secret):
            assert result.outcome == "passed", result


def with_an_eye(f: Any, x: Tensor) -> Tensor:
    rows = []
    leaf = x.clone().requires_grad_()
    for number, value in enumerate(f(leaf) + leaf):
        rows.append(torch.autograd.grad(value, leaf, retain_graph=True)[0])
        assert len(rows) == number + 1
    return torch.stack(rows)


def by_power(jacobian: Tensor) -> tuple[Tensor, Tensor]:
    values, vectors = torch.linalg.eigh(jacobian @ jacobian.T)
    return values.clamp(min=0)[0] ** 0.5, -vectors[:, 0]


def by_retained_grad(model: nn.Module, loss: Callable[[], Tensor]) -> dict[str, float]:
    outputs: dict[str, Tensor] = {}
    handles = [
        part.register_forward_hook(lambda m, i, o, name=name: outputs.__setitem__(name, o))
        for name, part in model.named_children()
    ]
    saved = {p: p.grad for p in model.parameters()}
    value = loss()
    for output in outputs.values():
        output.retain_grad()
    value.backward()
    for p, grad in saved.items():
        p.grad = grad
    for handle in handles:
        handle.remove()
    return {name: float((o.grad**2).sum().sqrt()) for name, o in outputs.items()}  # type: ignore[operator]


RIGHT: dict[str, list[Any]] = {
    "residual_derivative": [
        lambda df, x: 1 + df(x),
        lambda df, x: df(x) + torch.ones_like(x),
        lambda df, x: torch.add(df(x), 1.0),
    ],
    "chain_gradient": [
        lambda d, residual: (d + residual).prod(0),
        lambda d, residual: torch.stack([*(d + int(residual)), torch.ones_like(d.sum(0))]).prod(0),
        lambda d, residual: torch.where(torch.tensor(residual), d + 1, d).prod(dim=0),
    ],
    "residual_jacobian": [
        lambda f, x: torch.autograd.functional.jacobian(lambda z: z + f(z), x),
        lambda f, x: torch.func.jacfwd(f)(x) + torch.diag(torch.ones_like(x)),
        with_an_eye,
    ],
    "weakest_gradient": [
        by_power,
        lambda j: [torch.linalg.svd(j).S.min(), torch.linalg.svd(j.mT).Vh[-1]],
        lambda j: (float(torch.linalg.svdvals(j)[-1]), torch.linalg.svd(j)[0].T[-1]),
    ],
    "gradient_norms": [by_retained_grad],
}


@pytest.mark.parametrize(
    ("name", "answer"),
    [(name, answer) for name, several in RIGHT.items() for answer in several],
    ids=[f"{name}-{number}" for name, several in RIGHT.items() for number in range(len(several))],
)
def test_another_way_to_write_it_earns_full_marks(
    name: str, answer: Any, answers: Mapping[str, Any]
) -> None:
    assert earns_all(name, {**answers, name: answer})


def theirs_as_ours(block: Any, expansion: int) -> Callable[..., nn.Module]:
    """torchvision's block under our signature: options B and C."""

    def make(into: int, channels: int, stride: int = 1, shortcut: str = "B") -> nn.Module:
        out = expansion * channels
        around = reference.load(LAB)["make_shortcut"](shortcut, into, out, stride)
        return block(into, channels, stride, around)

    return make


@pytest.mark.parametrize(
    ("name", "block", "expansion"),
    [("BasicBlock", resnet.BasicBlock, 1), ("Bottleneck", resnet.Bottleneck, 4)],
)
def test_torchvisions_blocks_earn_full_marks(name: str, block: Any, expansion: int) -> None:
    assert earns_all(name, {name: theirs_as_ours(block, expansion)})


def test_torchvisions_networks_earn_full_marks() -> None:
    assert earns_all("make_resnet", {"make_resnet": torchvision_model})


# Wrong answers ----------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [False, True], ids=["visible", "hidden"])
@pytest.mark.parametrize(
    ("one", "mistake"), MISTAKES, ids=[f"{one.name}-{mistake.name}" for one, mistake in MISTAKES]
)
def test_a_known_mistake_costs_points_and_is_named(
    one: Check, mistake: Any, secret: bool, answers: Mapping[str, Any]
) -> None:
    found = results(one.name, {**answers, **mistake.objects}, secret)
    assert any(result.outcome == "failed" for result in found)
    assert mistake.name in {result.mistake for result in found}, found


class Careless(nn.Module):
    """A block of a student's own, with one thing wrong."""

    def __init__(self, into: int, channels: int, stride: int = 1, shortcut: str = "B") -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(into, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.around = reference.load(LAB)["make_shortcut"](shortcut, into, channels, stride)

    def branch(self, x: Tensor) -> Tensor:
        return self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))


class OneNormForBoth(Careless):
    def forward(self, x: Tensor) -> Tensor:
        y = self.bn1(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.around(x) + 0 * self.bn2.weight.sum())


class ShortcutOfTheBranch(Careless):
    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.branch(x) + self.around(F.relu(x)))


def share(found: Sequence[CaseResult]) -> float:
    earned = sum(r.weight for r in found if r.outcome == "passed")
    return earned / sum(r.weight for r in found)


@pytest.mark.parametrize("cls", [OneNormForBoth, ShortcutOfTheBranch])
def test_a_wrong_block_earns_next_to_nothing(cls: Any) -> None:
    assert share(results("BasicBlock", {"BasicBlock": cls}, secret=False)) < 0.2


def test_the_hint_asks_for_the_order_of_layers() -> None:
    found = results("BasicBlock", {"BasicBlock": reordered}, secret=False)
    assert any("shortcut made last" in r.hint for r in found if r.outcome == "failed")


def reordered(into: int, channels: int, stride: int = 1, shortcut: str = "B") -> nn.Module:
    block = Careless(into, channels, stride, shortcut)
    block._modules = {"around": block._modules.pop("around"), **block._modules}
    block.forward = lambda x: F.relu(block.branch(x) + block.around(x))  # type: ignore[method-assign]
    return block


@pytest.mark.parametrize("name", EXERCISES)
def test_a_stub_is_not_attempted_and_earns_nothing(name: str) -> None:
    def stub(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("Exercise 6.1")

    report = check[name].run({name: stub})
    assert report.fraction == 0.0
    assert report.outcome == "skipped"


@pytest.mark.parametrize("answer", [None, 0.0, "x", torch.zeros(3), nn.Identity()])
@pytest.mark.parametrize("name", EXERCISES)
def test_a_constant_earns_nothing(name: str, answer: Any) -> None:
    report = check[name].run({name: lambda *args, **kwargs: answer})
    assert report.fraction <= 0.1, str(report)
    assert report.outcome == "failed"
