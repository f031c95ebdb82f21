"""Lab 6: facts that its checks and its reference must satisfy, and what is no answer to it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import nn
from torchvision.models import resnet

from autograde.authoring import checks, reference
from course.checks.modules import count, filled
from course.labs.lab06_resnet import check
from course.labs.lab06_resnet.experiments.ledgers import copy_in_order
from course.labs.lab06_resnet.experiments.networks import Kind, Unit, stage_network

LAB = "lab06_resnet"
BOOK = checks.load(LAB)
NETWORKS: Any = sys.modules[BOOK["make_resnet"].home]
DEPTHS = NETWORKS.IMAGENET_PARAMETERS


@pytest.fixture(scope="module")
def solved() -> Mapping[str, Any]:
    return reference.load(LAB)


def test_a_chain_on_paper(solved: Mapping[str, Any]) -> None:
    slopes = torch.full((54,), 0.25, dtype=torch.float64)
    assert solved["chain_gradient"](slopes, True) == pytest.approx(1.25**54)
    assert solved["chain_gradient"](slopes, False) == pytest.approx(0.25**54)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("name", "theirs", "expansion"),
    [("BasicBlock", resnet.BasicBlock, 1), ("Bottleneck", resnet.Bottleneck, 4)],
)
def test_are_the_expected_blocks_torchvisions(
    name: str, theirs: Any, expansion: int, training: bool, stride: int
) -> None:
    wide = 3 * expansion
    projection = nn.Sequential(nn.Conv2d(5, wide, 1, stride, bias=False), nn.BatchNorm2d(wide))
    wanted = filled(theirs(5, 3, stride, projection), 7).train(training)
    found = filled(BOOK[name].oracle[name](5, 3, stride, "B"), 7).train(training)
    x = torch.randn(4, 5, 7, 6, dtype=torch.float64)
    torch.testing.assert_close(found(x), wanted(x))


@pytest.mark.parametrize("depth", DEPTHS)
def test_do_mistakes_differ_from_torchvisions_networks_by_their_slip_alone(depth: int) -> None:
    images = torch.randn(2, 3, 64, 64, dtype=torch.float64)
    wanted = filled(NETWORKS.torchvision_model(depth, 7, 1 / 16), 3)
    found = filled(NETWORKS._imagenet()["make_resnet"](depth, 7, 1 / 16), 3)
    torch.testing.assert_close(found(images), wanted(images), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("depth", DEPTHS)
def test_the_reference_scores_like_torchvision(depth: int, solved: Mapping[str, Any]) -> None:
    images = torch.randn(2, 3, 64, 64, dtype=torch.float64)
    theirs = filled(NETWORKS.torchvision_model(depth, 7, 1 / 16), 3)
    ours = solved["make_resnet"](depth, 7, 1 / 16).double().eval()
    copy_in_order(ours, theirs)
    torch.testing.assert_close(ours(images), theirs(images), rtol=1e-9, atol=1e-12)


def test_the_reference_scores_like_torchvisions_own_resnet18(solved: Mapping[str, Any]) -> None:
    theirs, ours = resnet.resnet18().eval(), solved["make_resnet"](18).eval()
    copy_in_order(ours, theirs)
    images = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(ours(images), theirs(images))


@pytest.mark.parametrize("depth", DEPTHS)
def test_does_torchvision_have_these_parameters(depth: int, solved: Mapping[str, Any]) -> None:
    with torch.device("meta"):
        theirs = getattr(resnet, f"resnet{depth}")()
        ours = solved["make_resnet"](depth)
    assert count(theirs.parameters()) == count(ours.parameters()) == DEPTHS[depth]


def test_the_reference_has_the_papers_parameters(solved: Mapping[str, Any]) -> None:
    with torch.device("meta"):
        found = {6 * n + 2: count(solved["ResNetCIFAR"](n).parameters()) for n in (3, 5, 7, 9, 18)}
        projected = count(solved["ResNetCIFAR"](3, "B").parameters())
    assert found == NETWORKS.CIFAR_PARAMETERS
    assert projected == NETWORKS.CIFAR_20_B


def unit(into: int, channels: int, stride: int = 1, shortcut: str = "A") -> nn.Module:
    return Unit(Kind(True), into, channels, stride)


def stage(n: int, shortcut: str = "A", num_classes: int = 10, width: float = 1.0) -> nn.Module:
    return stage_network(Kind(True), 6 * n + 2, max(1, round(16 * width)))


@pytest.mark.parametrize(
    ("name", "answer", "most"),
    [("BasicBlock", unit, 0), ("ResNetCIFAR", stage, 3 / 11)],  # its parameters are the paper's
)
def test_are_the_experiments_networks_no_answers(
    name: str, answer: Callable[..., nn.Module], most: float
) -> None:
    assert check[name].run({name: answer}).fraction <= most + 1e-9
