"""Checks of lab 5: what earns full marks, what does not, and what the student is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models.googlenet import Inception

from autograde.authoring import reference
from autograde.marking import hidden
from course.checks import Check, Mistake, Prepared, Report
from course.checks.lab05 import TABLE, Spec, check
from course.checks.lab05.basis import count, fill
from course.checks.lab05.head import dropouts
from course.checks.lab05.paper import INPUTS, TRUNK, WITH_CLASSIFIER, WITH_HEADS

LAB = "lab05_inception"
EXERCISES = [one.name for one in check]
MISTAKES = [(one, mistake) for one in check for mistake in one.mistakes]


@pytest.fixture(scope="module")
def answers() -> Mapping[str, Any]:
    return reference.load(LAB)


def reports(name: str, namespace: Mapping[str, Any], truth: Mapping[str, Any]) -> Iterator[Report]:
    """The visible check with its own oracle, then the hidden one with a secret seed."""
    yield check[name].run(namespace)
    yield hidden.checks(LAB)[name].run(namespace, oracle=truth, seed=2024)


# What the checks themselves take for true ------------------------------------------------------


def test_each_block_takes_what_the_one_before_gives() -> None:
    channels = 192
    for name, spec in TABLE.items():
        assert INPUTS[name][0] == channels
        channels = spec.n1x1 + spec.n3x3 + spec.n5x5 + spec.pool_proj
    assert channels == 1024


def test_the_table_is_torchvisions(answers: Mapping[str, Any]) -> None:
    from torchvision.models import GoogLeNet

    with torch.device("meta"):
        theirs = GoogLeNet(aux_logits=False, init_weights=False)
    for name, spec in TABLE.items():
        block: Any = getattr(theirs, f"inception{name}")
        first, second, third, last = block.branch1, block.branch2, block.branch3, block.branch4
        units = [first, second[0], second[1], third[0], third[1], last[1]]
        assert Spec(*(unit.conv.out_channels for unit in units)) == spec


def test_the_reference_has_the_papers_parameters(answers: Mapping[str, Any]) -> None:
    with torch.device("meta"):
        plain, full = answers["GoogLeNet"](aux=False), answers["GoogLeNet"]()
    assert count(plain.parameters()) == WITH_CLASSIFIER == 6_998_552
    assert count(plain.parameters()) - count(plain.classifier.parameters()) == TRUNK == 5_973_552
    assert count(full.parameters()) == WITH_HEADS == 13_378_280


def test_the_multiplications_are_the_papers_column_ops(answers: Mapping[str, Any]) -> None:
    stated = {"3a": 128, "3b": 304, "4b": 88, "4c": 100, "4d": 119, "4e": 170, "5b": 71}
    for name, millions in stated.items():
        channels, side = INPUTS[name]
        found = answers["inception_cost"](channels, TABLE[name], side, side)["reduced"]
        assert abs(found / 1e6 - millions) < 1


def unit(into: int, out: int, **options: Any) -> nn.Module:
    return nn.Sequential(nn.Conv2d(into, out, **options), nn.ReLU())


class FromTorchvision(nn.Module):
    """GoogLeNet of torchvision's Inception modules, with a true 5×5, without BatchNorm."""

    def __init__(self, num_classes: int = 1000, width: float = 1.0, aux: bool = True) -> None:
        super().__init__()
        few, many = max(1, round(64 * width)), max(1, round(192 * width))
        pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.stem = nn.Sequential(
            *(unit(3, few, kernel_size=7, stride=2, padding=3), pool),
            *(unit(few, few, kernel_size=1), unit(few, many, kernel_size=3, padding=1), pool),
        )
        self.stages = nn.ModuleDict()
        channels, sizes = many, {}
        for name, full in TABLE.items():
            spec = full.scaled(width)
            block: Any = Inception(channels, *spec, conv_block=unit)
            block.branch3[1] = unit(spec.n5x5_reduce, spec.n5x5, kernel_size=5, padding=2)
            before = [pool] if name in ("4a", "5a") else []
            self.stages[name] = nn.Sequential(*before, block)
            channels = sizes[name] = sum(spec) - spec.n3x3_reduce - spec.n5x5_reduce
        self.classifier = nn.Sequential(nn.Dropout(0.4), nn.Linear(channels, num_classes))
        if aux:
            self.aux1 = self.head(sizes["4a"], num_classes, width)
            self.aux2 = self.head(sizes["4d"], num_classes, width)

    @staticmethod
    def head(into: int, classes: int = 1000, width: float = 1.0) -> nn.Module:
        few, many = max(1, round(128 * width)), max(1, round(1024 * width))
        layers = (nn.Flatten(), nn.Linear(16 * few, many), nn.ReLU(), nn.Dropout(0.7))
        return nn.Sequential(
            nn.AvgPool2d(5, 3), unit(into, few, kernel_size=1), *layers, nn.Linear(many, classes)
        )

    def forward(self, x: Tensor) -> Any:
        x, heads = self.stem(x), {"4a": "aux1", "4d": "aux2"}
        early = []
        for name, stage in self.stages.items():
            x = stage(x)
            if self.training and hasattr(self, heads.get(name, "-")):
                early.append(getattr(self, heads[name])(x))
        scores = self.classifier(F.adaptive_avg_pool2d(x, 1).flatten(1))
        return (scores, *early) if early else scores


def test_the_reference_with_copied_weights_gives_torchvisions_values(
    answers: Mapping[str, Any],
) -> None:
    theirs = FromTorchvision(7, 1 / 16).double()
    fill(theirs.parameters(), 5)
    ours = answers["GoogLeNet"](7, 1 / 16).double()
    with torch.no_grad():
        for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            mine.copy_(other)
    images = torch.randn(2, 3, 224, 224, dtype=torch.float64)
    with dropouts([]):
        found, expected = ours.train()(images), theirs.train()(images)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
    slopes = [
        torch.autograd.grad(sum(s.square().sum() for s in scores), list(model.parameters()))
        for scores, model in ((found, ours), (expected, theirs))
    ]
    torch.testing.assert_close(*slopes, rtol=1e-8, atol=1e-11)
    torch.testing.assert_close(ours.eval()(images), theirs.eval()(images), rtol=1e-9, atol=1e-12)


# Right answers ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXERCISES)
def test_the_reference_earns_full_marks(name: str, answers: Mapping[str, Any]) -> None:
    for report in reports(name, answers, answers):
        assert report.fraction == 1.0, str(report)


def pixel_by_pixel(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    rows = [
        [weight[:, :, 0, 0] @ x[:, :, i, j].T for j in range(x.shape[3])] for i in range(x.shape[2])
    ]
    whole = torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)
    return whole.transpose(0, 1) + bias.view(-1, 1, 1)


def by_permuting(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    layer = nn.Linear(weight.shape[1], weight.shape[0]).to(x.dtype)
    state = {"weight": weight.flatten(1), "bias": bias}
    return torch.func.functional_call(layer, state, x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def by_unrolling(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    flat = torch.baddbmm(
        bias.view(1, -1, 1), weight.flatten(1).expand(len(x), -1, -1), x.flatten(2)
    )
    return flat.view(len(x), -1, *x.shape[2:])


def weights_times_places(channels: int, spec: Spec, height: int, width: int) -> dict[str, int]:
    with torch.device("meta"):
        block: Any = Inception(channels, *spec, conv_block=lambda i, o, **k: nn.Conv2d(i, o, **k))
        fives = nn.Conv2d(spec.n5x5_reduce, spec.n5x5, 5)
        wide = [nn.Conv2d(channels, spec.n3x3, 3), nn.Conv2d(channels, spec.n5x5, 5)]
    layers = [block.branch1, *block.branch2, block.branch3[0], fives, block.branch4[1]]
    lists = {"naive": [block.branch1, *wide], "reduced": layers}
    return {
        name: height * width * sum(layer.weight.numel() for layer in several)
        for name, several in lists.items()
    }


def as_tensors(channels: int, spec: Spec, height: int, width: int) -> dict[str, Tensor]:
    s = spec
    naive = channels * (s.n1x1 + 9 * s.n3x3 + 25 * s.n5x5)
    into = channels * (s.n1x1 + s.n3x3_reduce + s.n5x5_reduce + s.pool_proj)
    reduced = into + 9 * s.n3x3_reduce * s.n3x3 + 25 * s.n5x5_reduce * s.n5x5
    return {
        "reduced": torch.tensor(reduced * height * width),
        "naive": torch.tensor(naive * height * width),
    }


def by_a_loop(channels: int, spec: Spec, height: int, width: int) -> dict[str, int]:
    n1, r3, n3, r5, n5, proj = spec
    total = {"naive": 0, "reduced": 0}
    for key, layers in {
        "naive": ((channels, n1, 1), (channels, n3, 3), (channels, n5, 5)),
        "reduced": (
            *((channels, n1, 1), (channels, r3, 1), (r3, n3, 3)),
            *((channels, r5, 1), (r5, n5, 5), (channels, proj, 1)),
        ),
    }.items():
        for into, out, kernel in layers:
            total[key] += into * out * kernel**2 * height * width
    return total


class Branches(nn.Module):
    def __init__(self, in_channels: int, spec: Spec) -> None:
        super().__init__()
        s = spec
        self.branches = nn.ModuleList(
            [
                unit(in_channels, s.n1x1, kernel_size=1),
                nn.Sequential(
                    unit(in_channels, s.n3x3_reduce, kernel_size=1),
                    unit(s.n3x3_reduce, s.n3x3, kernel_size=3, padding=1),
                ),
                nn.Sequential(
                    unit(in_channels, s.n5x5_reduce, kernel_size=1),
                    unit(s.n5x5_reduce, s.n5x5, kernel_size=5, padding=2),
                ),
                nn.Sequential(nn.MaxPool2d(3, 1, 1), unit(in_channels, s.pool_proj, kernel_size=1)),
            ]
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], dim=1)


def torchvision_with_five(in_channels: int, spec: Spec) -> nn.Module:
    block: Any = Inception(in_channels, *spec, conv_block=unit)
    block.branch3[1] = unit(spec.n5x5_reduce, spec.n5x5, kernel_size=5, padding=2)
    return block


class PaddedByHand(nn.Module):
    """Infinite edges for the pooling, zeros for the rest, one buffer for all branches."""

    def __init__(self, in_channels: int, spec: Spec) -> None:
        super().__init__()
        n1, r3, n3, r5, n5, proj = spec
        sizes = ((in_channels, n1, 1), (in_channels, r3, 1), (r3, n3, 3))
        more = ((in_channels, r5, 1), (r5, n5, 5), (in_channels, proj, 1))
        self.layers = nn.ModuleList(nn.Conv2d(i, o, k) for i, o, k in (*sizes, *more))

    def forward(self, x: Tensor) -> Tensor:
        one, small, middle, thin, large, proj = self.layers
        pooled = F.max_pool2d(F.pad(x, [1] * 4, value=float("-inf")), 3, stride=1)
        parts = [one(x), middle(F.pad(F.relu(small(x)), [1] * 4))]
        parts += [large(F.pad(F.relu(thin(x)), [2] * 4)), proj(pooled)]
        output = x.new_empty(len(x), sum(p.shape[1] for p in parts), *x.shape[2:])
        start = 0
        for part in parts:
            output[:, start : start + part.shape[1]] = part.clamp(min=0)
            start += part.shape[1]
        return output


class HeadByHand(nn.Module):
    def __init__(self, in_channels: int, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()
        few, many = max(1, round(128 * width)), max(1, round(1024 * width))
        self.conv = nn.Conv2d(in_channels, few, 1)
        self.hidden, self.scores = nn.Linear(16 * few, many), nn.Linear(many, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        # A 1×1 convolution and an average are linear, so they may change places.
        x = F.avg_pool2d(self.conv(x), 5, 3).relu()
        x = self.hidden(x.flatten(1)).relu()
        return self.scores(F.dropout(x, p=0.7, training=self.training))


class HeadOnMaps(HeadByHand):
    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(
            self.conv(
                F.unfold(x, 5, stride=3).unflatten(1, (x.shape[1], 25)).mean(2).unflatten(2, (4, 4))
            )
        )
        x = F.relu(self.hidden(x.reshape(len(x), -1)))
        drop = F.dropout2d(x[:, :, None, None], 0.7, self.training)
        return self.scores(drop[:, :, 0, 0])


class NetworkWithFixedAverage(FromTorchvision):
    def forward(self, x: Tensor) -> Any:
        kept: dict[str, Tensor] = {}
        x = self.stem(x)
        for name, stage in self.stages.items():
            kept[name] = x = stage(x)
        scores = self.classifier(F.avg_pool2d(x, x.shape[-1])[:, :, 0, 0])
        if not self.training or not hasattr(self, "aux1"):
            return scores
        return [scores, self.aux1(kept["4a"]), self.aux2(kept["4d"])]


class NetworkWithBareClassifier(NetworkWithFixedAverage):
    def __init__(self, num_classes: int = 1000, width: float = 1.0, aux: bool = True) -> None:
        super().__init__(num_classes, width, aux)
        linear: Any = self.classifier
        self.drop, self.classifier = nn.Dropout(0.4), linear[1]

    def forward(self, x: Tensor) -> Any:
        classifier = self.classifier
        try:
            self.classifier = nn.Sequential(self.drop, classifier)
            return super().forward(x)
        finally:
            self.classifier = classifier


def loss_by_log_softmax(main: Tensor, aux1: Tensor, aux2: Tensor, labels: Tensor) -> Tensor:
    means = [F.nll_loss(s.log_softmax(dim=-1), labels) for s in (main, aux1, aux2)]
    return means[0] + 0.3 * means[1] + 0.3 * means[2]


def loss_at_once(main: Tensor, aux1: Tensor, aux2: Tensor, labels: Tensor) -> Tensor:
    each = F.cross_entropy(torch.cat([main, aux1, aux2]), labels.repeat(3), reduction="none")
    return each.unflatten(0, (3, -1)).mean(dim=1) @ each.new_tensor([1, 0.3, 0.3])


def loss_by_one_hot(main: Tensor, aux1: Tensor, aux2: Tensor, labels: Tensor) -> Tensor:
    target = F.one_hot(labels, main.shape[1]).to(main.dtype)
    loss = nn.CrossEntropyLoss()
    return loss(main, target) + (loss(aux1, target) + loss(aux2, target)) * 3 / 10


RIGHT: dict[str, list[Any]] = {
    "conv1x1_as_linear": [pixel_by_pixel, by_permuting, by_unrolling],
    "inception_cost": [weights_times_places, as_tensors, by_a_loop],
    "InceptionBlock": [Branches, torchvision_with_five, PaddedByHand],
    "AuxiliaryHead": [HeadByHand, HeadOnMaps, FromTorchvision.head],
    "GoogLeNet": [FromTorchvision, NetworkWithFixedAverage, NetworkWithBareClassifier],
    "auxiliary_loss": [loss_by_log_softmax, loss_at_once, loss_by_one_hot],
    "class_maps": [
        lambda maps, weight, bias: F.conv2d(maps, weight.view(*weight.shape, 1, 1), bias),
        lambda maps, weight, bias: F.linear(maps.movedim(1, 3), weight, bias).movedim(3, 1),
        lambda maps, weight, bias: (
            (weight[None, :, :, None, None] * maps[:, None]).sum(2) + bias.view(1, -1, 1, 1)
        ),
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
    assert {name for name, several in RIGHT.items() if len(several) >= 3} == set(EXERCISES)


# Wrong answers ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prepared(answers: Mapping[str, Any]) -> Callable[[str], list[list[Prepared]]]:
    """Visible and hidden cases of an exercise, which keep what every known mistake answers."""

    @cache
    def ready(name: str) -> list[list[Prepared]]:
        return [
            check[name].prepared(),
            hidden.checks(LAB)[name].prepared(answers, seed=2024),
        ]

    return ready


@pytest.mark.parametrize(
    ("one", "mistake"), MISTAKES, ids=[f"{one.name}-{mistake.name}" for one, mistake in MISTAKES]
)
def test_a_known_mistake_costs_points_and_is_named(
    one: Check,
    mistake: Mistake,
    answers: Mapping[str, Any],
    prepared: Callable[[str], list[list[Prepared]]],
) -> None:
    namespace = {**answers, **mistake.objects}
    for cases in prepared(one.name):
        results = [case.result(case.case.probe.run(namespace)) for case in cases]
        assert any(result.outcome == "failed" for result in results)
        assert mistake.name in {result.mistake for result in results}


class StrideOfItsOwn(Branches):
    def __init__(self, in_channels: int, spec: Spec) -> None:
        super().__init__(in_channels, spec)
        last: Any = self.branches[3]
        last[0] = nn.MaxPool2d(3, padding=1)


class AveragedBeforeTheHeads(FromTorchvision):
    """Right in evaluation; in training the heads see the last maps."""

    def forward(self, x: Tensor) -> Any:
        scores = super().forward(x)
        return (scores[0], scores[2], scores[2]) if self.training and len(scores) == 3 else scores


def test_a_pooling_with_its_own_stride_fails_wherever_values_count(
    answers: Mapping[str, Any],
) -> None:
    for report in reports("InceptionBlock", {"InceptionBlock": StrideOfItsOwn}, answers):
        passed = [result.title for result in report.results if result.outcome == "passed"]
        assert passed == ["parameters of all nine blocks"]


def test_one_head_for_two_fails_in_training_only(answers: Mapping[str, Any]) -> None:
    for report in reports("GoogLeNet", {"GoogLeNet": AveragedBeforeTheHeads}, answers):
        failed = {result.title for result in report.results if result.outcome == "failed"}
        assert "training: main, aux1, aux2" in failed
        assert "evaluation: the main scores alone" not in failed


def test_a_network_without_the_prescribed_name_is_told_so(answers: Mapping[str, Any]) -> None:
    class Renamed(FromTorchvision):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.fc = self.classifier
            del self.classifier

    for report in reports("GoogLeNet", {"GoogLeNet": Renamed}, answers):
        assert report.fraction == 0.0
        assert "`classifier`" in str(report)


def lazy(name: str) -> list[Any]:
    """Objects that do no work: constants, the argument itself, empty answers."""
    silent = [lambda *a, **k: 0, lambda *a, **k: a[0] if a else 0, lambda *a, **k: None]
    modules = [lambda *a, **k: nn.Identity(), lambda *a, **k: nn.Conv2d(3, 8, 1)]
    return [*silent, *(modules if name[0].isupper() else [lambda *a, **k: torch.zeros(3, 3)])]


@pytest.mark.parametrize("name", EXERCISES)
def test_a_constant_earns_nothing(name: str, answers: Mapping[str, Any]) -> None:
    for answer in lazy(name):
        for report in reports(name, {name: answer}, answers):
            assert report.fraction == 0.0, str(report)


# Stubs ------------------------------------------------------------------------------------


def unwritten(*args: Any, **kwargs: Any) -> Any:
    raise NotImplementedError("Exercise 5.1")


@pytest.mark.parametrize("name", EXERCISES)
def test_an_untouched_stub_is_skipped(name: str, answers: Mapping[str, Any]) -> None:
    for report in reports(name, {name: unwritten}, answers):
        assert report.outcome == "skipped"
        assert report.earned == 0.0


def test_dropout_comes_back_after_a_probe() -> None:
    kept = F.dropout

    def fails_inside() -> None:
        with dropouts([]):
            assert F.dropout is not kept
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        fails_inside()
    assert F.dropout is kept
