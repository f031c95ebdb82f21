"""Lab 3: what earns full marks, what does not, what the student is told; and its experiments."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from autograde.authoring import reference
from autograde.marking import hidden
from course.checks import Check, Mistake, Prepared, Report
from course.checks.lab03 import SMALL, TABLE, FromTable, Plan, check, parameter_count, scaled
from course.experiments import lab03 as experiments

LAB = "lab03_alexnet"
NAMES = [one.name for one in check]
MISTAKES = [(one, mistake) for one in check for mistake in one.mistakes]


@pytest.fixture(scope="module")
def answers() -> Mapping[str, Any]:
    return reference.load(LAB)


@cache
def ready(name: str, seed: int | None) -> list[Prepared]:
    """The visible check, or the hidden one with a seed; what mistakes answer is found once."""
    if seed is None:
        return check[name].prepared()
    return hidden.checks(LAB)[name].prepared(reference.load(LAB), seed)


def reports(name: str, namespace: Mapping[str, Any], *seeds: int) -> Iterator[Report]:
    """The visible check with its own oracle, then the hidden one with secret seeds."""
    for seed in (None, *(seeds or (11,))):
        results = tuple(one.result(one.case.probe.run(namespace)) for one in ready(name, seed))
        yield Report(name, "", results, 1.0)


# Right answers ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_earns_full_marks(name: str, answers: Mapping[str, Any]) -> None:
    for report in reports(name, answers, 11, 2024, 2**40):
        assert report.fraction == 1.0, str(report)


def lrn_by_shifts(
    x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    half, channels = size // 2, x.shape[1]
    padded = F.pad(x**2, (0, 0, 0, 0, half, half))
    total = sum(padded[:, i : i + channels] for i in range(size))
    return x * (k + alpha * total) ** (-beta)


def lrn_by_loop(
    x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    out = []
    for i in range(x.shape[1]):
        around = x[:, max(0, i - size // 2) : i + size // 2 + 1]
        out.append(x[:, i] / (k + alpha * (around * around).sum(1)).pow(beta))
    return torch.stack(out, 1)


def lrn_by_built_in(
    x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    return nn.LocalResponseNorm(size, alpha * size, beta, k)(x)


def lrn_by_matrix(
    x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    place = torch.arange(x.shape[1])
    near = ((place[:, None] - place).abs() <= size // 2).to(x.dtype)
    total = torch.einsum("ij,njhw->nihw", near, x.pow(2))
    return x * torch.exp(-beta * torch.log(k + alpha * total))


def dropout_by_where(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    if not training or p == 0:
        return x.clone()
    if p == 1:
        return 0 * x
    gone = torch.rand(x.size(), generator=generator) < p
    return torch.where(gone, torch.zeros_like(x), x / (1 - p))


def dropout_by_bernoulli(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    if training:
        mask = torch.empty_like(x).bernoulli_(1 - p, generator=generator)
        return x * mask / max(1 - p, 1e-12)
    return x


def dropout_by_fill(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    if training is False:
        return x
    noise = torch.rand(x.shape, generator=generator, dtype=x.dtype)
    scale = 1.0 if p == 1.0 else 1.0 / (1.0 - p)
    return x.masked_fill(noise < p, 0.0) * scale


def paper_by_where(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    if not training:
        return x - p * x
    return torch.where(torch.rand(x.shape, generator=generator) < p, 0.0, x)


def paper_by_bernoulli(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    chances = torch.full_like(x, 1 - p)
    return x * (torch.bernoulli(chances, generator=generator) if training else chances)


def paper_by_inverted(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    return dropout_by_fill(x, p, training, generator) * (1 - p)


class Sequential(nn.Module):
    """Like torchvision's, with the paper's numbers."""

    def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()
        a, b, c, d, e = (scaled(n, width) for n in (96, 256, 384, 384, 256))
        h = scaled(4096, width)
        self.features = nn.Sequential(
            nn.Conv2d(3, a, kernel_size=11, stride=4),
            nn.ReLU(inplace=True),
            nn.LocalResponseNorm(5, alpha=5e-4, k=2),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(a, b, 5, 1, 2, groups=2),
            nn.ReLU(inplace=True),
            nn.LocalResponseNorm(5, alpha=5e-4, k=2),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(b, c, 3, 1, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(c, d, 3, 1, 1, groups=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(d, e, 3, 1, 1, groups=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(e * 36, h),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(h, h),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(h, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x))


class Lazy(nn.Module):
    """Layers in a list, everything else as functions; dropout before the next layer."""

    def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()
        previous, convs = 3, []
        for row in TABLE:
            count = scaled(row.outputs, width)
            conv = nn.Conv2d(previous, count, row.kernel, row.stride, row.padding)
            if row.groups == 2:
                conv = nn.Conv2d(previous, count, row.kernel, 1, row.padding, groups=2)
            convs.append(conv)
            previous = count
        self.convs = nn.ModuleList(convs)
        hidden = scaled(4096, width)
        self.one, self.two = nn.Linear(previous * 36, hidden), nn.Linear(hidden, hidden)
        self.three = nn.Linear(hidden, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        for number, conv in enumerate(self.convs):
            x = conv(x).clamp(min=0)
            x = lrn_by_shifts(x) if number < 2 else x
            x = F.max_pool2d(x, kernel_size=3, stride=2) if number in (0, 1, 4) else x
        x = self.one(x.reshape(len(x), -1)).relu()
        x = self.two(F.dropout(x, training=self.training)).relu()
        return self.three(F.dropout(x, training=self.training))


class Initialised(Sequential):
    """With the paper's initial weights, which the check must not mind."""

    def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__(num_classes, width)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.normal_(module.weight, std=0.01)
                nn.init.constant_(module.bias, 1.0)


def lit_by_loop(image: Tensor, eigenvalues: Tensor, eigenvectors: Tensor, alphas: Tensor) -> Tensor:
    result = image.clone()
    for i in range(3):
        for channel in range(3):
            result[channel] += alphas[i] * eigenvalues[i] * eigenvectors[channel, i]
    return result


RIGHT: dict[str, list[Any]] = {
    "local_response_norm": [lrn_by_shifts, lrn_by_loop, lrn_by_built_in, lrn_by_matrix],
    "overlapping_pool_size": [
        lambda size, window=3, stride=2: len(range(0, size - window + 1, stride)),
        lambda size, window=3, stride=2: math.floor((size - window) / stride + 1),
        lambda size, window=3, stride=2: (size - window + stride) // stride,
    ],
    "dropout": [dropout_by_where, dropout_by_bernoulli, dropout_by_fill],
    "paper_dropout": [paper_by_where, paper_by_bernoulli, paper_by_inverted],
    "pca_lighting": [
        lit_by_loop,
        lambda image, lam, p, alphas: image + (p * (alphas * lam)).sum(dim=1)[:, None, None],
        lambda image, lam, p, alphas: (
            image.permute(1, 2, 0) + p @ torch.diag(lam) @ alphas
        ).permute(2, 0, 1),
    ],
    "grouped_conv_parameters": [
        lambda i, o, k, groups=1: groups * ((i // groups) * (o // groups) * k * k) + o,
        lambda i, o, k, groups=1: int(i * o * k**2 / groups + o),
        lambda i, o, k, groups=1: sum((i // groups) * k * k + 1 for _ in range(o)),
    ],
    "AlexNet": [Sequential, Lazy, Initialised],
}


@pytest.mark.parametrize(
    ("name", "answer"),
    [(name, answer) for name, several in RIGHT.items() for answer in several],
    ids=[f"{name}-{number}" for name, several in RIGHT.items() for number in range(len(several))],
)
def test_another_way_to_write_it_earns_full_marks(name: str, answer: Any) -> None:
    for report in reports(name, {name: answer}):
        assert report.fraction == 1.0, str(report)


def test_every_exercise_has_three_other_right_answers() -> None:
    assert {name for name, several in RIGHT.items() if len(several) >= 3} == set(NAMES)


# Wrong answers ----------------------------------------------------------------------------

SLIPS = {  # mistakes in one corner, which cost a small share
    "own_generator", "fixed_mask", "nan_at_one", "dropout_before_both", "no_dropout",
}  # fmt: skip


@pytest.mark.parametrize(
    ("one", "mistake"), MISTAKES, ids=[f"{one.name}-{mistake.name}" for one, mistake in MISTAKES]
)
def test_a_known_mistake_costs_points_and_is_named(
    one: Check, mistake: Mistake, answers: Mapping[str, Any]
) -> None:
    for report in reports(one.name, {**answers, **mistake.objects}):
        assert report.outcome == "failed"
        assert report.fraction <= (0.95 if mistake.name in SLIPS else 0.8), str(report)
        named = [result for result in report.results if result.mistake == mistake.name]
        assert named, str(report)
        assert all(result.hint == mistake.hint for result in named)


def lrn_with_torchs_layer(
    x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    return nn.LocalResponseNorm(size, alpha=alpha, beta=beta, k=k)(x)


def lrn_by_pooling(
    x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    squares = (x**2).flatten(2).transpose(1, 2)
    mean = F.avg_pool1d(squares, size, 1, size // 2, count_include_pad=False)
    return x / (k + alpha * size * mean.transpose(1, 2).view_as(x)) ** beta


def global_dropout(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    return F.dropout(x, p, training)


def dropout_with_nan(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    if not training:
        return x
    return x * (torch.rand(x.shape, generator=generator) >= p) / (1 - p)


class TorchvisionsDropout(Sequential):
    def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__(num_classes, width)
        flatten, one, relu, drop, two, again, drop2, last = self.classifier
        self.classifier = nn.Sequential(flatten, drop, one, relu, drop2, two, again, last)


class Late(Sequential):
    """Normalises behind the pooling, as is often drawn."""

    def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__(num_classes, width)
        steps = list(self.features)
        for first in (2, 6):
            steps[first], steps[first + 1] = steps[first + 1], steps[first]
        self.features = nn.Sequential(*steps)


def torchvisions(num_classes: int = 1000, width: float = 1.0) -> nn.Module:
    from torchvision.models import alexnet

    return alexnet(num_classes=num_classes)


WRONG: list[tuple[str, Any, str]] = [
    ("local_response_norm", lrn_with_torchs_layer, "average"),
    ("local_response_norm", lrn_by_pooling, "average_at_the_edges"),
    ("overlapping_pool_size", lambda n, z=3, s=2: (n - z + s - 1) // s + 1, "rounds_up"),
    ("dropout", global_dropout, "own_generator"),
    ("dropout", dropout_with_nan, "nan_at_one"),
    ("paper_dropout", dropout_by_where, "inverted"),
    ("pca_lighting", lambda x, v, p, a: x + (p.T @ (a * v)).view(3, 1, 1), "rows_for_columns"),
    (
        "grouped_conv_parameters",
        lambda i, o, k, groups=1: o * i * k * k // groups,
        "bias_forgotten",
    ),
    ("AlexNet", TorchvisionsDropout, "dropout_before_both"),
    ("AlexNet", Late, "norm_after_pool"),
    ("AlexNet", torchvisions, "one_weird_trick"),
]


@pytest.mark.parametrize(("name", "answer", "mistake"), WRONG)
def test_wrong_code_as_students_write_it_is_recognised(
    name: str, answer: Any, mistake: str
) -> None:
    for report in reports(name, {name: answer}):
        assert report.outcome == "failed"
        assert mistake in {result.mistake for result in report.results}, str(report)


def test_a_network_that_ignores_its_width_is_not_run_at_full_size() -> None:
    report, _ = reports("AlexNet", {"AlexNet": torchvisions})
    told = [result.found for result in report.results if result.title == "values"]
    assert "width" in told[0]


def test_layers_in_another_order_are_wrong_in_their_values() -> None:
    class LastFirst(Sequential):
        def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
            super().__init__(num_classes, width)
            self.features, features = nn.Identity(), self.features
            self.body = features

        def forward(self, x: Tensor) -> Tensor:
            return self.classifier(self.body(x))

    report, _ = reports("AlexNet", {"AlexNet": LastFirst})
    failed = {result.title for result in report.results if result.outcome == "failed"}
    assert "values" in failed
    assert "60,965,224 parameters" not in failed


def lazy_answers(name: str) -> list[Any]:
    class Nothing(nn.Module):
        def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
            super().__init__()
            self.size = num_classes

        def forward(self, x: Tensor) -> Tensor:
            return torch.zeros(len(x), self.size)

    constants: list[Any] = [lambda *args, **kwargs: args[0], lambda *args, **kwargs: 0.5]
    constants += [lambda *args, **kwargs: None, lambda *args, **kwargs: 0]
    if name in ("AlexNet", "overlapping_pool_size", "grouped_conv_parameters"):
        return [Nothing, *constants[1:]]
    return [lambda *args, **kwargs: torch.zeros_like(args[0]), *constants]


@pytest.mark.parametrize("name", NAMES)
def test_a_constant_or_the_identity_earns_nothing(name: str) -> None:
    for answer in lazy_answers(name):
        for report in reports(name, {name: answer}):
            assert report.fraction == 0.0, str(report)


@pytest.mark.parametrize("name", NAMES)
def test_an_untouched_stub_is_skipped(name: str) -> None:
    def unwritten(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("Exercise 3.1")

    class Unwritten(nn.Module):
        def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
            super().__init__()
            unwritten()

    class WithoutForward(Sequential):
        forward = unwritten

    for report in reports(name, {name: Unwritten if name == "AlexNet" else unwritten}):
        assert (report.outcome, report.earned) == ("skipped", 0.0)
    if name == "AlexNet":
        report, _ = reports(name, {name: WithoutForward})
        assert 0 < report.fraction < 0.3


# Counts -----------------------------------------------------------------------------------


def test_the_ledger_of_parameters(answers: Mapping[str, Any]) -> None:
    assert parameter_count(answers["AlexNet"], {}) == 60_965_224
    assert parameter_count(FromTable, {"plan": Plan(groups=(1,) * 5)}) == 62_378_344
    assert parameter_count(torchvisions, {}) == 61_100_840


def test_the_printed_ledger_agrees_with_networks(
    answers: Mapping[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    experiments.ledger(answers["grouped_conv_parameters"], answers["AlexNet"])
    *_, totals, counted = capsys.readouterr().out.splitlines()
    assert totals.split()[1:] == ["60,965,224", "62,378,344", "61,100,840"]
    assert counted.endswith("60,965,224")


def test_the_ledger_of_an_unwritten_notebook_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    experiments.ledger(None, None)
    experiments.draw_budget(None)
    said = capsys.readouterr().out
    assert "? stands for what is not written yet" in said
    assert "61,100,840" in said
    assert "`AlexNet` is not written yet" in said


# Experiments ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("errors", "epochs"),
    [([0.9, 0.5, 0.25], 2.0), ([0.9, 0.3, 0.2], 1.5), ([0.9, 0.15, 0.1], 0.9 - 0.9 / 7.5 + 0.0867)],
)
def test_the_crossing_lies_on_a_straight_line(errors: list[float], epochs: float) -> None:
    assert experiments.crossing(errors, 0.25) == pytest.approx(epochs, abs=1e-3)


def test_a_target_that_is_not_reached_has_no_crossing() -> None:
    assert math.isnan(experiments.crossing([0.9, 0.8, 0.7], 0.25))


def test_a_race_repeats_itself_and_stops_at_its_target() -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(60) % 10
    patterns = torch.randn(10, 3, 32, 32, generator=generator)
    images = patterns[labels] + 0.3 * torch.randn(60, 3, 32, 32, generator=generator)
    setting = experiments.Race(images, labels, experiments.RECIPES["today"], batch_size=20)
    first, second = (experiments.race(setting, "relu", 0.01, seed=3) for _ in range(2))
    assert first == second
    assert first.errors[-1] <= setting.target < min(first.errors[:-1])
    assert len(first.errors) - 2 < first.epochs <= len(first.errors) - 1


@pytest.mark.parametrize(
    "design", [design for design, _ in {**experiments.VARIANTS, **experiments.PARTS}.values()]
)
def test_every_small_alexnet_gives_logits_and_takes_gradients(design: Any) -> None:
    model = experiments.small_alexnet(design)
    logits = model(torch.randn(2, 3, 32, 32))
    assert logits.shape == (2, 10)
    logits.square().sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_grey_filters_have_no_colour_and_pure_colour_has_nothing_else() -> None:
    grey = torch.randn(4, 1, 7, 7).expand(4, 3, 7, 7)
    colour = torch.randn(4, 3, 7, 7)
    colour = colour - colour.mean(dim=1, keepdim=True)
    assert experiments.colour_share(grey).abs().max() < 1e-6
    assert (experiments.colour_share(colour) - 1).abs().max() < 1e-5
    assert experiments.group_difference(torch.cat([grey, colour])) == pytest.approx(1.0, abs=1e-5)


def test_filters_survive_being_stored() -> None:
    filters = torch.randn(24, 3, 7, 7)
    back = experiments._unpacked(experiments._packed(filters))
    assert back.shape == filters.shape
    assert (back - filters / filters.abs().max()).abs().max() < 0.5 / 127 + 1e-6


def test_the_stored_results_are_complete_and_say_how_they_were_made() -> None:
    for name in ("figure1_2012", "figure1_today", "parts", "regularisation", "filters"):
        found = experiments.stored(name)
        assert "CIFAR-10" in found["how"]
        assert "CPU" in found["on"]
        assert found["runs"]
    for recipe in experiments.RECIPES:
        runs = experiments.stored_race(recipe)
        assert {run.activation for run in runs} == {"relu", "tanh"}
        assert all(
            len({run.seed for run in runs if run.activation == a}) == 5 for a in ("relu", "tanh")
        )
        for run in runs:
            expected = experiments.crossing(run.errors, 0.25)
            assert run.epochs == pytest.approx(expected, abs=0.01, nan_ok=True)


def test_plots_cope_with_functions_that_are_not_written(
    answers: Mapping[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    def unwritten(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    functions: list[Callable[[Any], Any]] = [
        experiments.draw_normalised,
        lambda f: experiments.draw_masks(f, f),
        experiments.draw_budget,
    ]
    for draw in functions:
        assert draw(unwritten) is None
    assert capsys.readouterr().out.count("is not written yet") == 4
    assert experiments.draw_normalised(answers["local_response_norm"]) is not None
    assert experiments.draw_masks(answers["dropout"], answers["paper_dropout"]) is not None
    assert experiments.draw_budget(answers["AlexNet"]) is not None


def test_values_are_compared_on_a_small_network() -> None:
    assert parameter_count(FromTable, {"num_classes": 10, "width": SMALL}) < 300_000
