"""Checks of lab 4: what earns full marks, what does not, and what the student is told."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import vgg

from autograde.authoring import reference
from autograde.marking import hidden
from course.checks import Check, Mistake, Report
from course.checks.lab04 import NAMES, NARROW, PARAMETERS, check, column_of, filled
from course.experiments import lab04 as experiments

LAB = "lab04_vgg"
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


@pytest.mark.parametrize("name", "ABDE")
def test_the_columns_are_torchvisions(name: str) -> None:
    assert column_of(name) == vgg.cfgs[name]


def test_the_other_columns_follow_from_them() -> None:
    plain = [entry for entry in column_of("A-LRN") if entry != "LRN"]
    widened = [entry[0] if isinstance(entry, tuple) else entry for entry in column_of("C")]
    assert plain == column_of("A")
    assert widened == column_of("D")
    assert [e for e in column_of("C") if not isinstance(e, tuple)] == column_of("B")


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_has_the_papers_parameters(name: str, answers: Mapping[str, Any]) -> None:
    with torch.device("meta"):
        model = answers["make_vgg"](answers["VGG_CONFIGS"][name])
    total = sum(parameter.numel() for parameter in model.parameters())
    assert total == PARAMETERS[name]
    assert round(total / 1e6) == experiments.IN_THE_PAPER[name]


@pytest.mark.parametrize("name", "ABDE")
def test_the_reference_scores_like_torchvision(name: str, answers: Mapping[str, Any]) -> None:
    images = torch.randn(1, 3, 224, 224, dtype=torch.float64)
    theirs = filled(experiments.torchvision_model(column_of(name), 7, NARROW), 3)
    ours = answers["make_vgg"](column_of(name), 7, NARROW).double().eval()
    with torch.no_grad():
        for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            mine.copy_(other)
        torch.testing.assert_close(ours(images), theirs(images), rtol=1e-9, atol=1e-12)


def test_vgg19_has_the_multiply_adds_that_he_and_others_give(answers: Mapping[str, Any]) -> None:
    with torch.device("meta"):
        model = answers["make_vgg"](column_of("E"))
    flops = answers["layer_flops"](model, (1, 3, 224, 224))
    assert round(sum(flops.values()) / 2e9, 1) == 19.6


def test_the_lectures_comparison(answers: Mapping[str, Any]) -> None:
    stack = answers["stack_parameters"]
    assert (stack(1, 3, 2), stack(1, 5, 1), stack(1, 3, 3), stack(1, 7, 1)) == (18, 25, 27, 49)


# Right answers ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXERCISES)
def test_the_reference_earns_full_marks(name: str, answers: Mapping[str, Any]) -> None:
    for report in reports(name, answers, answers):
        assert report.fraction == 1.0, str(report)


def field_backwards(layers: list[tuple[int, int]]) -> int:
    field = 1
    for kernel, stride in reversed(layers):
        field = (field - 1) * stride + kernel
    return field


def field_by_products(layers: list[tuple[int, int]]) -> int:
    field = 1
    for place, (kernel, _) in enumerate(layers):
        field += (kernel - 1) * int(torch.tensor([1, *(s for _, s in layers[:place])]).prod())
    return field


def field_recursive(layers: Any) -> int:
    if not layers:
        return 1
    (kernel, stride), *rest = layers
    return int((field_recursive(rest) - 1) * stride + kernel)


def map_by_backward(network: nn.Module, images: Tensor) -> Tensor:
    leaf = images.clone().requires_grad_(True)
    maps = network(leaf)
    maps[:, :, maps.shape[2] // 2, maps.shape[3] // 2].sum().backward()
    assert leaf.grad is not None
    total = leaf.grad.abs().sum((0, 1))
    return total / total.sum()


def map_image_by_image(network: nn.Module, images: Tensor) -> Tensor:
    total = torch.zeros(images.shape[2:], dtype=images.dtype)
    for image in images:
        x = image[None].detach().requires_grad_()
        y = network(x).sum(1)[0]
        total += torch.autograd.grad(y[y.shape[0] // 2, y.shape[1] // 2], x)[0][0].abs().sum(0)
    return total.div(total.sum())


def map_with_a_mask(network: nn.Module, images: Tensor) -> Tensor:
    maps, pull = torch.func.vjp(network, images)
    mask = torch.zeros_like(maps)
    mask[..., maps.size(-2) // 2, maps.size(-1) // 2] = 1
    share = pull(mask)[0].abs().mean(0).mean(0)
    return share / share.sum()


def repeated(counts: str, kind: str = "") -> list[Any]:
    column: list[Any] = []
    for number, channels in zip(counts, (64, 128, 256, 512, 512), strict=True):
        column += int(number) * [(channels, 3)] + ["M"]
    return column


LISTED = {
    "A": repeated("11222"),
    "A-LRN": [64, "LRN", *repeated("11222")[1:]],
    "B": tuple(repeated("22222")),
    "C": [*repeated("22222")[:8], [256, 1], "M", *2 * [512, 512, (512, 1), "M"]],
    "D": repeated("22333"),
    "E": repeated("22444"),
}


class ByModule(nn.Module):
    def __init__(self, config: list[Any], num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()
        self.features = nn.Sequential(*self.layers(config, width))
        flat, hidden = self.flat, max(1, round(4096 * width))
        self.classifier = nn.Sequential(
            *[nn.Linear(flat, hidden), nn.ReLU(True), nn.Dropout()],
            *[nn.Linear(hidden, hidden), nn.ReLU(True), nn.Dropout()],
            nn.Linear(hidden, num_classes),
        )

    def layers(self, config: list[Any], width: float) -> Iterator[nn.Module]:
        channels = 3
        for entry in config:
            if entry == "M":
                yield nn.MaxPool2d(kernel_size=2, stride=2)
            elif entry == "LRN":
                yield nn.LocalResponseNorm(size=5, alpha=5e-4, beta=0.75, k=2)
            else:
                out, kernel = (entry, 3) if isinstance(entry, int) else entry
                out = max(1, round(out * width))
                yield nn.Conv2d(channels, out, kernel, stride=1, padding="same")
                yield nn.ReLU(inplace=True)
                channels = out
        self.flat = channels * 49

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.features(x), 1))


class WithPooling(ByModule):
    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(F.adaptive_avg_pool2d(self.features(x), 7).flatten(1))


class FunctionalDropout(ByModule):
    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x).flatten(1)
        for place in (0, 3):
            x = F.dropout(self.classifier[place](x).relu(), training=self.training)
        return self.classifier[6](x)


def counted_hooks(model: nn.Module, input_shape: Any, size: Any, kinds: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    handles = []
    for name, module in model.named_modules():
        if kinds(module):

            def hook(module: Any, inputs: Any, output: Any, name: str = name) -> None:
                found[name] = found.get(name, 0) + int(size(module, output))

            handles.append(module.register_forward_hook(hook))
    like = next(model.parameters())
    with torch.inference_mode(False), torch.no_grad():
        model(like.new_zeros(input_shape))
    [handle.remove() for handle in handles]
    return found


def is_leaf(module: nn.Module) -> bool:
    return len(list(module.children())) == 0


def memory_by_itemsize(model: nn.Module, shape: Any) -> dict[str, int]:
    return counted_hooks(model, shape, lambda m, y: y.numel() * y.dtype.itemsize, is_leaf)


def memory_by_shape(model: nn.Module, shape: Any) -> dict[str, int]:
    bits = next(model.parameters()).element_size()
    size = lambda m, y: bits * torch.Size(y.shape).numel()  # noqa: E731
    return counted_hooks(model, shape, size, is_leaf)


def memory_by_nbytes(model: nn.Module, shape: Any) -> dict[str, int]:
    return counted_hooks(model, shape, lambda m, y: y.nbytes, lambda m: not m._modules)


def with_weights(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d | nn.Linear)


def flops_by_shape(model: nn.Module, shape: Any) -> dict[str, int]:
    def size(module: Any, output: Tensor) -> int:
        if isinstance(module, nn.Linear):
            return 2 * output.shape[0] * module.in_features * module.out_features
        kernel = module.kernel_size[0] * module.kernel_size[1]
        return 2 * output.numel() * kernel * module.in_channels // module.groups

    return counted_hooks(model, shape, size, with_weights)


def flops_by_places(model: nn.Module, shape: Any) -> dict[str, int]:
    def size(module: Any, output: Tensor) -> int:
        places = output.numel() // module.weight.shape[0]
        return 2 * module.weight.numel() * places

    return counted_hooks(model, shape, size, with_weights)


def flops_by_counter(model: nn.Module, shape: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    table = lambda m, y: m.weight[0].nelement() * y.nelement() * 2  # noqa: E731
    found.update(counted_hooks(model, shape, table, with_weights))
    return found


def reshaped(model: Any) -> nn.Module:
    whole = copy.deepcopy(model)
    head: list[nn.Module] = []
    for layer in whole.classifier:
        if isinstance(layer, nn.Linear):
            before = [m for m in [*whole.features, *head] if isinstance(m, nn.Conv2d)][-1]
            depth = before.out_channels
            side = int((layer.in_features // depth) ** 0.5)
            conv = nn.Conv2d(depth, layer.out_features, side, dtype=layer.weight.dtype)
            weight = layer.weight.reshape(layer.out_features, depth, side, side)
            conv.load_state_dict({"weight": weight, "bias": layer.bias})
            head.append(conv)
        else:
            head.append(layer)
    return nn.Sequential(OrderedDict(features=whole.features, classifier=nn.Sequential(*head)))


class DenseHead(nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        x = self.model.features(x)
        for layer in self.model.classifier:
            if isinstance(layer, nn.Linear):
                weight = layer.weight.unflatten(1, (x.shape[1], -1))
                side = round(weight.shape[2] ** 0.5)
                x = F.conv2d(x, weight.unflatten(2, (side, side)), layer.bias)
            else:
                x = layer(x)
        return x


class UnfoldedHead(nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        x = self.model.features(x)
        side = round((self.model.classifier[0].in_features / x.shape[1]) ** 0.5)
        height, width = x.shape[2] - side + 1, x.shape[3] - side + 1
        scores = self.model.classifier(F.unfold(x, side).mT)
        return scores.mT.unflatten(2, (height, width))


def stages_of(features: Any) -> list[list[nn.Conv2d]]:
    stages: list[list[nn.Conv2d]] = [[]]
    for layer in features:
        if isinstance(layer, nn.MaxPool2d):
            stages.append([])
        elif hasattr(layer, "weight"):
            stages[-1].append(layer)
    return stages


def by_lists(deep: Any, shallow: Any) -> None:
    done = 0
    for new, old in zip(stages_of(deep.features), stages_of(shallow.features), strict=True):
        for target, source in zip(new, old, strict=False):
            if done < 4:
                with torch.no_grad():
                    target.weight.copy_(source.weight)
                    target.bias.copy_(source.bias)
                done += 1
    for target, source in zip(deep.classifier, shallow.classifier, strict=True):
        target.load_state_dict(source.state_dict())


def by_shape(deep: Any, shallow: Any) -> None:
    old = [m for m in shallow.features if isinstance(m, nn.Conv2d)][:4]
    for layer in deep.features:
        if old and isinstance(layer, nn.Conv2d) and layer.weight.shape == old[0].weight.shape:
            layer.load_state_dict(old.pop(0).state_dict())
    for number in (0, 3, 6):
        deep.classifier[number].weight.data = shallow.classifier[number].weight.data.clone()
        deep.classifier[number].bias.data = shallow.classifier[number].bias.data.clone()


def by_numbers(deep: Any, shallow: Any) -> None:
    convs = [[m for m in model.features if isinstance(m, nn.Conv2d)] for model in (deep, shallow)]
    for there, here in zip((0, 2, 4, 5), range(4), strict=True):
        convs[0][there].load_state_dict(copy.deepcopy(convs[1][here].state_dict()))
    deep.classifier.load_state_dict(copy.deepcopy(shallow.classifier.state_dict()))


RIGHT: dict[str, list[Any]] = {
    "receptive_field": [field_backwards, field_by_products, field_recursive],
    "stack_parameters": [
        lambda channels, kernel, depth: depth * (kernel * channels) ** 2,
        lambda channels, kernel, depth: sum(channels**2 * kernel**2 for _ in range(depth)),
        lambda channels, kernel, depth: (
            depth * nn.Conv2d(channels, channels, kernel, bias=False, device="meta").weight.numel()
        ),
    ],
    "effective_receptive_field": [map_by_backward, map_image_by_image, map_with_a_mask],
    "VGG_CONFIGS": [
        LISTED,
        {name: tuple(column_of(name)) for name in NAMES},
        OrderedDict((name, column_of(name)) for name in reversed(NAMES)),
    ],
    "make_vgg": [ByModule, WithPooling, FunctionalDropout],
    "initialise_from": [by_lists, by_shape, by_numbers],
    "to_fully_convolutional": [reshaped, DenseHead, UnfoldedHead],
    "activation_memory": [memory_by_itemsize, memory_by_shape, memory_by_nbytes],
    "layer_flops": [flops_by_shape, flops_by_places, flops_by_counter],
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


@pytest.mark.parametrize(
    ("one", "mistake"), MISTAKES, ids=[f"{one.name}-{mistake.name}" for one, mistake in MISTAKES]
)
def test_a_known_mistake_costs_points_and_is_named(
    one: Check, mistake: Mistake, answers: Mapping[str, Any]
) -> None:
    for report in reports(one.name, {**answers, **mistake.objects}, answers):
        assert report.fraction < 1.0
        assert report.outcome == "failed"
        assert mistake.name in {result.mistake for result in report.results}, str(report)


def forgets_relu(config: Any, num_classes: int = 1000, width: float = 1.0) -> nn.Module:
    model = ByModule(config, num_classes, width)
    kept = [layer for layer in model.features if not isinstance(layer, nn.ReLU)]
    model.features = nn.Sequential(*kept)
    return model


def hooks_stay(model: nn.Module, shape: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, module in model.named_modules():
        if is_leaf(module):
            module.register_forward_hook(
                lambda m, i, y, name=name: found.update({name: found.get(name, 0) + y.nbytes})
            )
    like = next(model.parameters())
    model(torch.zeros(shape, dtype=like.dtype, device=like.device))
    return found


def resized(model: Any) -> nn.Module:
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), *model.classifier]
    return nn.Sequential(model.features, *head)


WRONG: list[tuple[str, Any, str]] = [
    ("receptive_field", lambda layers: 1 + sum(k - 1 for k, _ in layers), "strides_ignored"),
    ("stack_parameters", lambda c, k, d: d * (c * c * k * k + c), "with_biases"),
    ("make_vgg", forgets_relu, "no_relu"),
]


@pytest.mark.parametrize(("name", "answer", "mistake"), WRONG)
def test_wrong_code_as_students_write_it_is_recognised(
    name: str, answer: Any, mistake: str, answers: Mapping[str, Any]
) -> None:
    for report in reports(name, {name: answer}, answers):
        assert report.outcome == "failed"
        assert mistake in {result.mistake for result in report.results}, str(report)


def test_hooks_that_stay_cost_points(answers: Mapping[str, Any]) -> None:
    for report in reports("activation_memory", {"activation_memory": hooks_stay}, answers):
        assert report.fraction < 0.5
        assert "hooks left behind" in str(report)


def test_wrong_sizes_after_conversion_earn_nothing(answers: Mapping[str, Any]) -> None:
    name = "to_fully_convolutional"
    for report in reports(name, {name: resized}, answers):
        assert report.fraction == 0.0, str(report)


def lazy(name: str) -> list[Any]:
    """Objects that do no work: constants, the argument itself, empty answers."""
    if name == "VGG_CONFIGS":
        return [{name: [] for name in NAMES}, {"A": ["M"]}]
    silent = [lambda *a, **k: 0, lambda *a, **k: a[-1], lambda *a, **k: {}, lambda *a, **k: None]
    return [*silent, lambda *a, **k: torch.zeros(5, 5).double()]


@pytest.mark.parametrize("name", EXERCISES)
def test_a_constant_earns_nothing(name: str, answers: Mapping[str, Any]) -> None:
    for answer in lazy(name):
        for report in reports(name, {name: answer}, answers):
            assert report.fraction == 0.0, str(report)


def test_an_average_over_the_map_is_no_map(answers: Mapping[str, Any]) -> None:
    def one_place(model: Any) -> nn.Module:
        return nn.Sequential(answers["to_fully_convolutional"](model), nn.AdaptiveAvgPool2d(1))

    for report in reports("to_fully_convolutional", {"to_fully_convolutional": one_place}, answers):
        failed = {result.title for result in report.results if result.outcome == "failed"}
        assert "larger images give a map" in failed


# Stubs ------------------------------------------------------------------------------------


def unwritten(*args: Any, **kwargs: Any) -> Any:
    raise NotImplementedError("Exercise 4.1")


@pytest.mark.parametrize("name", EXERCISES)
def test_an_untouched_stub_is_skipped(name: str, answers: Mapping[str, Any]) -> None:
    stub = {} if name == "VGG_CONFIGS" else unwritten
    for report in reports(name, {name: stub}, answers):
        assert report.outcome == "skipped"
        assert report.earned == 0.0


# Experiments ------------------------------------------------------------------------------


def test_vgg16_by_stage_adds_up_to_its_parameters() -> None:
    sums = experiments.stages(experiments.vgg16_table())
    assert list(sums) == ["conv 1", "conv 2", "conv 3", "conv 4", "conv 5", "fc 6", "fc 7", "fc 8"]
    total = sum(stage["parameters"] for stage in sums.values())
    assert round(total * 1e6) == PARAMETERS["D"]


@pytest.mark.parametrize("variant", experiments.VARIANTS)
def test_a_small_vgg_takes_small_images(variant: str) -> None:
    model = experiments.small_vgg(variant)
    assert model(torch.randn(2, 3, 32, 32)).shape == (2, 10)


def test_the_stored_results_have_every_variant() -> None:
    results = experiments.stored()
    assert set(results["runs"]) == set(experiments.VARIANTS)
    assert all(len(runs["test_accuracy"]) >= 3 for runs in results["runs"].values())


def test_the_square_that_holds_a_share() -> None:
    share = torch.zeros(9, 9)
    share[4, 4], share[3, 3] = 0.9, 0.1
    assert experiments.side_holding(share, 0.9 - 1e-6) == 1
    assert experiments.side_holding(share) == 3
