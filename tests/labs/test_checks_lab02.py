"""Checks of lab 2: right answers pass however they are written, each known mistake is told."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autograde.authoring import reference
from autograde.marking import hidden
from course.checks import Check, Mistake, Prepared, Report
from course.checks.book import VISIBLE_SEED
from course.checks.lab02 import check
from course.checks.lab02.sparse import wired
from course.checks.lab02.training import as_inputs, right_at_least

LAB = "lab02_lenet"
SLOW = {"train_lenet"}  # trains for seconds
NAMES = [one.name for one in check if one.name not in SLOW]
MISTAKES = [(one.name, mistake) for one in check for mistake in one.mistakes]
SEEDS = [11, 2**40]


def hidden_check(name: str) -> Check:
    return hidden.checks(LAB)[name]


@cache
def prepared(name: str, seed: int) -> list[Prepared]:
    """Visible cases for the visible seed, hidden ones else; shared, as by a class of students."""
    if seed == VISIBLE_SEED:
        return check[name].prepared(seed=seed)
    return hidden_check(name).prepared(reference.load(LAB), seed)


def report(name: str, objects: Mapping[str, Any], seed: int) -> Report:
    names = {**reference.load(LAB), **objects}
    results = [one.result(one.case.probe.run(names)) for one in prepared(name, seed)]
    return Report(name, "", tuple(results), 1.0)


def reports(name: str, objects: Mapping[str, Any]) -> Iterator[Report]:
    yield from (report(name, objects, seed) for seed in [VISIBLE_SEED, *SEEDS])


# Right answers ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_earns_full_marks(name: str) -> None:
    for found in reports(name, {}):
        assert found.fraction == 1.0, str(found)


def size_by_counting(size: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    starts = range(0, size + 2 * padding - kernel + 1, stride)
    if len(starts) == 0:
        raise ValueError("too wide")
    return len(starts)


def conv_by_windows(
    x: Tensor, weight: Tensor, bias: Any = None, stride: int = 1, padding: int = 0
) -> Tensor:
    framed = F.pad(x, [padding] * 4)
    rows, columns = weight.shape[2:]
    windows = framed.unfold(2, rows, stride).unfold(3, columns, stride)
    y = torch.einsum("nchwij,ocij->nohw", windows, weight)
    return y if bias is None else y + bias.view(1, -1, 1, 1)


def conv_by_shifts(
    x: Tensor, weight: Tensor, bias: Any = None, stride: int = 1, padding: int = 0
) -> Tensor:
    framed = F.pad(x, [padding] * 4)
    rows, columns = weight.shape[2:]
    high = (framed.shape[2] - rows) // stride + 1
    wide = (framed.shape[3] - columns) // stride + 1
    y: Any = 0 if bias is None else bias[None, :, None, None]
    for i in range(rows):
        for j in range(columns):
            part = framed[:, :, i:, j:][:, :, ::stride, ::stride][:, :, :high, :wide]
            y = y + torch.tensordot(part, weight[:, :, i, j], dims=([1], [1])).permute(0, 3, 1, 2)
    return y


class PoolByStrides(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(torch.rand(1, channels, 1, 1))
        self.bias = nn.Parameter(torch.rand(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        four = [x[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)]
        return 1.7159 * torch.tanh((self.coefficient * sum(four) + self.bias) * 2 / 3)


class SixteenConvolutions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.groups = [row.nonzero().flatten().tolist() for row in wired()]
        self.parts = nn.ModuleList(nn.Conv2d(len(group), 1, 5) for group in self.groups)

    def forward(self, x: Tensor) -> Tensor:
        parts = zip(self.parts, self.groups, strict=True)
        return torch.cat([part(x[:, group]) for part, group in parts], dim=1)


class SixtyConvolutions(nn.Module):
    """One single-channel convolution for each connection; the biases apart and in front."""

    def __init__(self) -> None:
        super().__init__()
        self.b = nn.Parameter(torch.zeros(16, 1, 1))
        self.pairs = wired().nonzero().tolist()
        self.parts = nn.ModuleDict(
            {f"{o}_{i}": nn.Conv2d(1, 1, 5, bias=False) for o, i in self.pairs}
        )

    def forward(self, x: Tensor) -> Tensor:
        maps: list[Any] = [0] * 16
        for o, i in self.pairs:
            maps[o] = maps[o] + self.parts[f"{o}_{i}"](x[:, i : i + 1])
        return torch.cat(maps, dim=1) + self.b


class LeNet5ByLinear(nn.Module):
    def __init__(self, codes: Tensor) -> None:
        super().__init__()
        self.s2, self.s4, self.c3 = PoolByStrides(6), PoolByStrides(16), SixteenConvolutions()
        self.c5, self.c1, self.f6 = nn.Linear(400, 120), nn.Conv2d(1, 6, 5), nn.Linear(120, 84)
        self.codes = nn.Parameter(codes, requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        def f(a: Tensor) -> Tensor:
            return 1.7159 * (a / 1.5).tanh()

        x = self.s4(f(self.c3(self.s2(f(self.c1(x))))))
        x = f(self.f6(f(self.c5(x.reshape(-1, 400)))))
        squares = (x**2).sum(1, keepdim=True) + (self.codes**2).sum(1)
        return squares - 2 * x @ self.codes.T


class LeNetFlat(nn.Sequential):
    def __init__(self, num_classes: int = 10) -> None:
        super().__init__(
            nn.Conv2d(1, 6, 5), nn.MaxPool2d(2), nn.ReLU(),
            nn.Conv2d(6, 16, 5), nn.MaxPool2d(2), nn.ReLU(),
            nn.Conv2d(16, 120, 5), nn.ReLU(), nn.Flatten(),
            nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, num_classes),
        )  # fmt: skip


class LeNetFunctional(nn.Module):
    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 6, (5, 5)), nn.Conv2d(6, 16, (5, 5))
        self.c, self.d, self.e = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        for conv in (self.a, self.b):
            x = F.max_pool2d(conv(x).clamp(min=0), 2, 2)
        x = x.view(len(x), -1)
        return self.e(torch.relu(self.d(torch.relu(self.c(x)))))


def table_by_sizes() -> dict[str, list[int]]:
    units = {"C1": 6 * 784, "S2": 6 * 196, "C3": 1600, "S4": 400, "C5": 120, "F6": 84}
    lines = {"C1": 26, "S2": 5, "S4": 5, "C5": 401, "F6": 121}
    found = {key: [0, lines[key] * units[key]] for key in lines}
    found |= {"C3": [1516, sum(25 * int(row.sum()) + 1 for row in wired()) * 100]}
    for key, count in {"C1": 156, "S2": 12, "S4": 32, "C5": 48_120, "F6": 10_164}.items():
        found[key][0] = count
    return found


def epoch_by_loader(
    model: Any, images: Tensor, labels: Tensor, optimizer: Any, batch_size: int = 32
) -> float:
    dataset = torch.utils.data.TensorDataset(images, labels)
    losses = []
    model.train()
    for x, y in torch.utils.data.DataLoader(dataset, batch_size, shuffle=True):
        model.zero_grad()
        each = F.cross_entropy(model(x), y, reduction="none")
        each.mean().backward()
        optimizer.step()
        losses.append(each.detach())
    return float(torch.cat(losses).mean())


def epoch_by_hand(
    model: Any, images: Tensor, labels: Tensor, optimizer: Any, batch_size: int = 32
) -> Tensor:
    model.train()
    order, total = torch.randperm(len(images)), torch.zeros(())
    for start in range(0, len(images), batch_size):
        some = order[start : start + batch_size]
        loss = -model(images[some]).log_softmax(1)[torch.arange(len(some)), labels[some]].mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        total = total + loss.detach() * len(some)
    return total / len(images)


def loss_by_exponentials(penalties: Tensor, labels: Tensor, j: float = 1.0) -> Tensor:
    own = penalties[torch.arange(len(labels)), labels]
    return (own + (math.exp(-j) + torch.exp(-penalties).sum(1)).log()).mean()


RIGHT: dict[str, list[Any]] = {
    "conv_output_size": [size_by_counting],
    "conv2d": [conv_by_windows, conv_by_shifts],
    "conv_parameters": [
        lambda i, o, k, bias=True: i * o * k**2 + (o if bias else 0),
        lambda in_channels, out_channels, kernel, bias=True: sum(
            p.numel() for p in nn.Conv2d(in_channels, out_channels, kernel, bias=bias).parameters()
        ),
    ],
    "squash": [lambda a: 1.7159 * (1 - 2 / (torch.exp(4 * a / 3) + 1))],
    "Subsampling": [PoolByStrides],
    "c3_connections": [lambda: [tuple(row.nonzero().flatten().tolist()) for row in wired()]],
    "C3Convolution": [SixteenConvolutions, SixtyConvolutions],
    "rbf_penalties": [
        lambda x, codes: torch.stack([((x - code) ** 2).sum(1) for code in codes], dim=1),
        lambda x, codes: torch.einsum("nkd,nkd->nk", *[x.unsqueeze(1) - codes] * 2),
    ],
    "map_loss": [
        lambda y, t, j=1.0: F.cross_entropy(torch.cat([-y, 0 * y[:, :1] - j], 1), t),
        loss_by_exponentials,
    ],
    "LeNet5": [LeNet5ByLinear],
    "lenet5_table": [table_by_sizes],
    "LeNet": [LeNetFlat, LeNetFunctional],
    "train_epoch": [epoch_by_loader, epoch_by_hand],
}


@pytest.mark.parametrize(
    ("name", "answer"), [(name, answer) for name in RIGHT for answer in RIGHT[name]]
)
def test_right_answers_written_otherwise_earn_full_marks(name: str, answer: Any) -> None:
    for found in reports(name, {name: answer}):
        assert found.fraction == 1.0, str(found)


def test_every_exercise_that_is_not_a_training_has_another_right_answer() -> None:
    assert set(RIGHT) == set(NAMES)


# Wrong answers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "mistake"), MISTAKES, ids=[f"{name}-{mistake.name}" for name, mistake in MISTAKES]
)
def test_a_known_mistake_loses_points_and_is_told(name: str, mistake: Mistake) -> None:
    for found in reports(name, mistake.objects):
        assert found.fraction < 1.0, mistake.name
        told = {result.mistake for result in found.results if result.mistake}
        assert mistake.name in told, (mistake.name, str(found))


def stub(*args: Any, **kwargs: Any) -> Any:
    raise NotImplementedError("Exercise 2.0")


@pytest.mark.parametrize("name", [*NAMES, "train_lenet"])
def test_what_is_not_written_yet_earns_nothing(name: str) -> None:
    objects = {name: stub}
    assert check[name].run(objects).outcome == "skipped"


EMPTY: dict[str, tuple[Any, float]] = {
    "conv_output_size": (lambda size, kernel, stride=1, padding=0: size, 0.0),
    "conv2d": (lambda x, weight, bias=None, stride=1, padding=0: x, 0.0),
    "conv_parameters": (lambda *args, **kwargs: 156, 0.0),
    "squash": (lambda a: a, 0.0),
    "c3_connections": (lambda: [[0, 1, 2]] * 16, 0.0),
    "rbf_penalties": (lambda x, codes: x.new_zeros(len(x), len(codes)), 0.0),
    "map_loss": (lambda penalties, labels, j=1.0: penalties.mean(), 0.0),
    "lenet5_table": (lambda: dict.fromkeys(["C1", "S2", "C3", "S4", "C5", "F6"], (0, 0)), 0.0),
    "train_epoch": (lambda model, images, labels, optimizer, batch_size=32: 0.0, 0.0),
}


@pytest.mark.parametrize("name", EMPTY)
def test_an_answer_without_content_earns_nothing(name: str) -> None:
    answer, most = EMPTY[name]
    for found in reports(name, {name: answer}):
        assert found.fraction <= most, str(found)


# Networks that do not keep to the interface -----------------------------------------------


def first_message(name: str, answer: Any) -> str:
    return " / ".join(result.found for result in report(name, {name: answer}, VISIBLE_SEED).results)


class Squashing(SixteenConvolutions):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(super().forward(x))


class Padded(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(6, 16, 5, padding=2)

    def forward(self, x: Tensor) -> Any:
        return self.conv(x)


class Unnamed(nn.Module):
    def __init__(self, codes: Tensor) -> None:
        super().__init__()
        self.layers = LeNet5ByLinear(codes)

    def forward(self, x: Tensor) -> Any:
        return self.layers(x)


class TensorsNotParameters(PoolByStrides):
    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        del self.bias
        self.bias = torch.zeros(channels, 1, 1)  # type: ignore[assignment]


class FourLayers(LeNetFlat):
    def __init__(self, num_classes: int = 10) -> None:
        super().__init__(num_classes)
        del self[-1]


@pytest.mark.parametrize(
    ("name", "answer", "message"),
    [
        ("C3Convolution", Squashing, "did not come out as one weight of yours"),
        ("C3Convolution", Padded, "must come out as 16 maps of 1×1"),
        ("C3Convolution", lambda: "a text", "expected an nn.Module, found str"),
        ("LeNet5", Unnamed, "expected a layer called `c3`"),
        ("Subsampling", TensorsNotParameters, "expected an nn.Parameter called `bias`"),
        ("LeNet", FourLayers, "expected 10 parameters"),
        ("conv2d", lambda x, w, *a, **k: x.detach(), "expected an output of shape"),
        ("lenet5_table", lambda: [156, 12], "expected a dict with the key 'C1'"),
        ("c3_connections", lambda: [[0, 1, 2]], "expected 16 groups"),
    ],
)
def test_what_breaks_the_interface_is_said(name: str, answer: Any, message: str) -> None:
    assert message in first_message(name, answer)


class Masked(nn.Module):
    """All 2,416 weights exist; a mask hides 900 of them."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Conv2d(6, 16, 5)
        self.register_buffer("mask", wired()[:, :, None, None])

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.dense.weight * self.mask, self.dense.bias)


def test_a_masked_dense_convolution_loses_the_count_only() -> None:
    found = report("C3Convolution", {"C3Convolution": Masked}, SEEDS[0])
    assert [result.title for result in found.results if result.outcome != "passed"] == [
        "exactly 1,516 parameters"
    ]
    assert found.results[0].mistake == "masked"


class TrainedCodes(LeNet5ByLinear):
    def __init__(self, codes: Tensor) -> None:
        super().__init__(codes)
        self.codes.requires_grad_(True)


class LooseCodes(LeNet5ByLinear):
    def __init__(self, codes: Tensor) -> None:
        super().__init__(codes)
        del self.codes
        self.codes = codes  # type: ignore[assignment]


@pytest.mark.parametrize("answer", [TrainedCodes, LooseCodes])
def test_codes_must_be_fixed_and_saved(answer: Any) -> None:
    found = report("LeNet5", {"LeNet5": answer}, SEEDS[0])
    by_title = {result.title: result.outcome for result in found.results}
    assert by_title["the codes are fixed, and saved with the weights"] == "failed"


# Training ---------------------------------------------------------------------------------

LABELS = torch.tensor([0, 1, 2, 3])


@pytest.mark.parametrize(
    ("answer", "passed"),
    [
        ({"parameters": 61_706, "classes": torch.tensor([0, 1, 2, 9])}, True),
        ({"parameters": 61_706, "classes": torch.tensor([0, 1, 9, 9])}, False),
        ({"parameters": 61_707, "classes": LABELS}, False),
        ({"parameters": 0, "classes": LABELS}, False),
        ({"parameters": True, "classes": LABELS}, False),
        ({"parameters": 9, "classes": LABELS[:3]}, False),
        ({"parameters": 9, "classes": LABELS.double()}, False),
        ({"parameters": 9}, False),
        (LABELS, False),
        (None, False),
    ],
)
def test_the_judge_counts_right_classes_and_believes_no_shape(answer: Any, passed: bool) -> None:
    assert right_at_least(0.75)(answer, LABELS, check["squash"].cases()[0].probe).passed is passed


def held_back() -> Any:
    return hidden_check("train_lenet").cases(SEEDS[0])[-1]


def test_labels_held_back_do_not_travel_to_the_student() -> None:
    case = held_back()
    sent = [one for one in case.probe.args if isinstance(one, Tensor)]
    assert case.expected.shape == (1000,)
    assert not any(one.shape == case.expected.shape for one in sent)
    assert case.probe.seconds >= 30


def test_images_held_back_are_not_among_the_bundled_ones() -> None:
    from course.data import fashion_mnist

    bundled = fashion_mnist.bundled().splits
    known = {
        image.numpy().tobytes() for part in (bundled.train, bundled.test) for image in part.images
    }
    others = held_back().probe.args[2]
    assert not [image for image in others if image.numpy().tobytes() in known]


@pytest.mark.slow
def test_the_reference_trains_a_lenet_that_is_good_enough_with_a_margin() -> None:
    found = report("train_lenet", {}, SEEDS[0])
    assert found.fraction == 1.0, str(found)
    share = float(found.results[-1].found.split("%")[0])
    assert share >= 74, found.results[-1].found


def untrained(images: Tensor, labels: Tensor) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 10))


def too_large(images: Tensor, labels: Tensor) -> nn.Module:
    model = nn.Sequential(nn.Flatten(), nn.Linear(1024, 10))
    model.spare = nn.Parameter(torch.zeros(60_000))
    templates = torch.stack([images[labels == one].mean(0).flatten() for one in range(10)])
    with torch.no_grad():
        model[1].weight.copy_(templates)
        model[1].bias.copy_(-templates.square().sum(1) / 2)
    return model


def nine_classes(images: Tensor, labels: Tensor) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 9))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (untrained, "10,250 parameters"),
        (too_large, "70,250 parameters"),
        (nine_classes, "one logit for each class"),
        (lambda images, labels: [0.1, 0.2], "expected the trained network"),
    ],
)
def test_trainings_that_earn_nothing(answer: Callable[..., Any], message: str) -> None:
    found = report("train_lenet", {"train_lenet": answer}, VISIBLE_SEED)
    assert found.fraction == 0.0
    assert message in found.results[0].found


def test_inputs_are_framed_in_black_and_normalised() -> None:
    images = torch.full((2, 1, 28, 28), 255, dtype=torch.uint8)
    x = as_inputs(images)
    assert x.shape == (2, 1, 32, 32)
    assert x.dtype == torch.float32
    assert x[0, 0, 0, 0].item() == pytest.approx(-0.2860 / 0.3530)
    assert x[0, 0, 2, 2].item() == pytest.approx((1 - 0.2860) / 0.3530)
