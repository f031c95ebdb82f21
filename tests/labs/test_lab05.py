"""Lab 5: what its checks take for true, and what they leave as it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import nn

from autograde.authoring import answers, checks, reference
from course.checks.modules import count, filled
from course.labs.lab05_inception import TABLE, Spec, check
from course.labs.lab05_inception.paper import INPUTS
from course.labs.lab05_inception.questions import trained_once, without_zeros

LAB = "lab05_inception"


@pytest.fixture(scope="module")
def solved() -> Mapping[str, Any]:
    return reference.load(LAB)


def answer(exercise: str, says: str) -> Any:
    found = {(one.exercise, one.says): one.objects for one in answers.load(LAB)}
    return found[exercise, says][exercise]


def test_does_each_block_take_what_the_one_before_gives() -> None:
    channels = 192
    for name, spec in TABLE.items():
        assert INPUTS[name][0] == channels
        channels = spec.n1x1 + spec.n3x3 + spec.n5x5 + spec.pool_proj
    assert channels == 1024


def test_is_the_table_torchvisions() -> None:
    from torchvision.models import GoogLeNet

    with torch.device("meta"):
        theirs = GoogLeNet(aux_logits=False, init_weights=False)
    for name, spec in TABLE.items():
        block: Any = getattr(theirs, f"inception{name}")
        first, second, third, last = block.branch1, block.branch2, block.branch3, block.branch4
        units = [first, second[0], second[1], third[0], third[1], last[1]]
        assert Spec(*(unit.conv.out_channels for unit in units)) == spec


def test_has_the_reference_the_papers_parameters(solved: Mapping[str, Any]) -> None:
    with torch.device("meta"):
        plain, full = solved["GoogLeNet"](aux=False), solved["GoogLeNet"]()
    assert count(plain.parameters()) == 6_998_552
    assert count(plain.parameters()) - count(plain.classifier.parameters()) == 5_973_552
    assert count(full.parameters()) == 13_378_280


def test_are_the_multiplications_the_papers_column_ops(solved: Mapping[str, Any]) -> None:
    stated = {"3a": 128, "3b": 304, "4b": 88, "4c": 100, "4d": 119, "4e": 170, "5b": 71}
    for name, millions in stated.items():
        channels, side = INPUTS[name]
        found = solved["inception_cost"](channels, TABLE[name], side, side)["reduced"]
        assert abs(found / 1e6 - millions) < 1


def test_does_the_reference_with_torchvisions_weights_give_its_values(
    solved: Mapping[str, Any],
) -> None:
    theirs: nn.Module = filled(answer("GoogLeNet", "of torchvision's modules")(7, 1 / 16), 5)
    ours = solved["GoogLeNet"](7, 1 / 16).double()
    with torch.no_grad():
        for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            mine.copy_(other)
    for layer in [*ours.modules(), *theirs.modules()]:
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0
    images = torch.randn(2, 3, 224, 224, dtype=torch.float64)
    found, expected = ours.train()(images), theirs.train()(images)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
    slopes = [
        torch.autograd.grad(sum(s.square().sum() for s in scores), list(model.parameters()))
        for scores, model in ((found, ours), (expected, theirs))
    ]
    torch.testing.assert_close(*slopes, rtol=1e-8, atol=1e-9)
    torch.testing.assert_close(ours.eval()(images), theirs.eval()(images), rtol=1e-9, atol=1e-12)


def test_has_every_exercise_three_other_right_answers() -> None:
    right = Counter(one.exercise for one in answers.load(LAB) if one.right)
    assert {name for name, number in right.items() if number >= 3} == {
        one.name for one in checks.load(LAB)
    }


def test_does_one_head_for_two_cost_the_training_case_alone(solved: Mapping[str, Any]) -> None:
    wrong = answer("GoogLeNet", "one head for two: wrong in training only")
    report = check["GoogLeNet"].run({**solved, "GoogLeNet": wrong})
    failed = [result.title for result in report.results if result.outcome == "failed"]
    assert failed == ["training: main, aux1, aux2"]


def test_is_a_network_without_the_prescribed_name_told_so(solved: Mapping[str, Any]) -> None:
    renamed = answer("GoogLeNet", "no layer named classifier")
    report = check["GoogLeNet"].run({**solved, "GoogLeNet": renamed})
    assert "`classifier`" in str(report)


def test_is_training_asked_without_chance(solved: Mapping[str, Any]) -> None:
    images = torch.randn(2, 3, 224, 224, dtype=torch.float64)
    make, names = solved["GoogLeNet"], answer("GoogLeNet", "made from back to front")
    found = [trained_once(one, 4, 9, images.clone(), 1 / 32) for one in (make, make, names)]
    for other in found[1:]:
        assert other["what comes out"] == "a tuple of 3"
        scores = found[0]["in training, nothing dropped"], other["in training, nothing dropped"]
        torch.testing.assert_close(*scores)


def test_has_a_network_of_positive_weights_no_zeros(solved: Mapping[str, Any]) -> None:
    model = without_zeros(solved["GoogLeNet"](5, 1 / 20), 3)
    with torch.no_grad():
        scores = model(torch.rand(1, 3, 224, 224, dtype=torch.float64))
    assert 0 < float(scores.min()) < float(scores.max()) < 1e6
