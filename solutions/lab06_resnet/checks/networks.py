"""Whole ResNets: counts at the paper's size on ``meta``, values at a small width."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torchvision.models import resnet

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Network
from course.checks import Case, ask, same
from course.checks.inputs import mixed, normal, seed_from, whole
from course.labs.lab06_resnet.questions import counts_of, scores_of

from .book import DEEP, check
from .tape import Tape, cifar, imagenet

NARROW = 1 / 16  # of the paper's width, where whole networks are compared

CIFAR_PARAMETERS = {20: 269_722, 32: 464_154, 44: 658_586, 56: 853_018, 110: 1_727_962}
CIFAR_20_B = 272_474
IMAGENET_PARAMETERS = {
    18: 11_689_512,
    34: 21_797_672,
    50: 25_557_032,
    101: 44_549_160,
    152: 60_192_808,
}

# ResNetCIFAR ------------------------------------------------------------------------------


def _cifar(*slips: str) -> dict[str, Any]:
    def make(n: int, shortcut: str = "A", num_classes: int = 10, width: float = 1.0) -> nn.Module:
        run = partial(cifar, n=n, kind=shortcut, num_classes=num_classes, width=width)
        return Tape(run, 3, slips)

    return {"ResNetCIFAR": make}


HEAD = {
    "softmax": "The model returns scores. The softmax is in the loss already.",
    "classes_ignored": "num_classes says how many scores there are.",
    "no_head_bias": "The last linear layer has a bias: no BatchNorm follows.",
    "maximum_at_the_end": "The last maps are averaged, not maximised.",
    "width_ignored": "`width` scales the channels of the first stage; the others double.",
    "no_addition": "These are the values of a plain network: where does it add?",
    "relu_before_addition": "In each block the addition comes before the last ReLU.",
    "conv_bias": "Convolutions before BatchNorm have no bias.",
    "first_stage_strided": "The first stage keeps the size.",
    "channels_for_eps": "BatchNorm2d takes one number of channels; the second argument is ε.",
}


def _images(rng: Generator, N: int, H: int, W: int, far: bool) -> Tensor:
    return mixed(rng, N, 3, H, W, low=10, high=300) if far else normal(rng, N, 3, H, W)


def _mistakes(make: Callable[..., dict[str, Any]], hints: dict[str, str]) -> list[Mistake]:
    return [Mistake(slip, make(slip), hint) for slip, hint in hints.items()]


@check.define(
    oracle=_cifar(),
    mistakes=_mistakes(
        _cifar,
        {
            "stride_in_every_block": "Only the first block of a stage has a stride.",
            "n_is_not_per_stage": "n blocks in each of three stages: 3n blocks, 6n + 2 layers.",
            "zeros_on_both_sides": "Option A's zero channels come behind the others.",
            **HEAD,
        },
    ),
    name="ResNetCIFAR",
    contract=Network(
        lambda rng: (1, "B", whole(rng, 3, 6), 0.25),
        lambda rng, N=2, H=9, W=20, far=False: _images(rng, N, H, W, far),
        edges={
            "one pixel": {"N": 8, "H": 1, "W": 1},
            "larger images": {"H": 36, "W": 44},
            "images far from zero": {"far": True},
        },
        variants={
            "a tiny width": (1, "A", 10, 0.01),
            "a width that is rounded up": (1, "A", 10, 0.22),
            "a width that is rounded down": (1, "B", 2, 0.27),
        },
        shape=(1, 3, 8, 8),
    ),
)
def resnet_cifar(rng: Generator) -> Iterator[Case]:
    """The paper's networks for 32×32 images: five depths, exactly, and values."""
    name, n = "ResNetCIFAR", {depth: (depth - 2) // 6 for depth in CIFAR_PARAMETERS}
    hint = "3×3 with 16 channels; 3 stages of n blocks with 16, 32, 64; average; linear."
    tables = [(n[depth],) for depth in (20, 32, 44, 56, 110)]
    text = "parameters of ResNet-20, 32, 44, 56, 110 with shortcut A"
    counts = list(CIFAR_PARAMETERS.values())
    yield Case("parameters", ask(counts_of, name, tables, text=text), hint, same(), counts, 3)
    text = "parameters of ResNet-20 with shortcut B"
    probe = ask(counts_of, name, [(3, "B")], text=text)
    yield Case("parameters with B", probe, hint, same(), [CIFAR_20_B])
    for args, training, weight in (
        ((1, "A", 10, 0.25), False, 3.0),
        ((3, "A", whole(rng, 3, 9), whole(rng, 4, 6) / 16), False, 2.0),
        ((2, "B", whole(rng, 3, 9), 0.25), True, 2.0),
    ):
        yield cifar_case(rng, args, training, weight=weight, hint=hint)


def cifar_case(
    rng: Generator, args: tuple[Any, ...], training: bool, *, weight: float = 1, hint: str = ""
) -> Case:
    """Scores and gradient of a narrow network for small images."""
    images = normal(rng, 2, 3, 16, 16)
    mode = "training" if training else "evaluation"
    text = f"ResNetCIFAR{args} on images (2, 3, 16, 16), {mode} mode"
    probe = ask(scores_of, "ResNetCIFAR", args, seed_from(rng), images, training, text=text)
    return Case(f"values, ResNetCIFAR{args}", probe, hint, DEEP, weight=weight)


@check.hidden("ResNetCIFAR")
def other_widths(rng: Generator) -> Iterator[Case]:
    yield cifar_case(rng, (whole(rng, 2, 4), "C", whole(rng, 11, 20), 0.3), False, weight=2)
    yield cifar_case(rng, (whole(rng, 2, 3), "A", 10, 0.25), True)


# make_resnet ------------------------------------------------------------------------------


def torchvision_model(depth: int, num_classes: int = 1000, width: float = 1.0) -> nn.Module:
    """torchvision's ResNet of this depth, with ``width`` times its channels."""
    kind = resnet.BasicBlock if depth < 50 else resnet.Bottleneck
    stages = {18: [2, 2, 2, 2], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3]}.get(depth, [3, 4, 6, 3])
    nowhere = torch.device("meta")  # at full width it need not be filled
    with nowhere:
        model = resnet.ResNet(kind, stages)
    base = model.inplanes = max(1, round(64 * width))
    model.conv1 = nn.Conv2d(3, base, 7, 2, 3, bias=False)
    model.bn1 = nn.BatchNorm2d(base)
    for stage, blocks in enumerate(stages):
        layer = model._make_layer(kind, base * 2**stage, blocks, stride=1 if stage == 0 else 2)
        setattr(model, f"layer{stage + 1}", layer)
    model.fc = nn.Linear(model.inplanes, num_classes)
    return model


def _imagenet(*slips: str) -> dict[str, Any]:
    def make(depth: int, num_classes: int = 1000, width: float = 1.0) -> nn.Module:
        run = partial(imagenet, depth=depth, num_classes=num_classes, width=width)
        return Tape(run, 3, slips)

    return {"make_resnet": make}


@check.define(
    oracle={"make_resnet": torchvision_model},
    mistakes=_mistakes(
        _imagenet,
        {
            "basic_everywhere": "From 50 layers on the blocks are bottlenecks.",
            "stride_first": "Your bottlenecks have the stride in the first 1×1. Here it belongs "
            "into the 3×3.",
            "no_max_pool": "After the first convolution comes a max-pooling.",
            "pool_without_padding": "The max-pooling is 3×3 with stride 2 and padding 1: 112 → 56.",
            "stem_without_stride": "The first 7×7 has stride 2.",
            **HEAD,
        },
    ),
    contract=Network(
        lambda rng: (18, whole(rng, 3, 6), 1 / 16),
        lambda rng, N=2, H=37, W=50, far=False: _images(rng, N, H, W, far),
        edges={
            "larger images": {"N": 1, "H": 260, "W": 230},
            "images far from zero": {"far": True},
        },
        variants={
            "a tiny width": (18, 10, 0.001),
            "a width that is rounded up": (50, 7, 0.04),
            "a width that is rounded down": (34, 2, 0.038),
        },
        shape=(1, 3, 32, 32),
    ),
)
def make_resnet(rng: Generator) -> Iterator[Case]:
    """Five ResNets for ImageNet: parameters exactly, scores as torchvision's."""
    name = "make_resnet"
    hint = (
        "Compare the shapes of model.parameters() with the table: how many blocks has each stage, "
        "of which kind, how wide, and which of them has a projection?"
    )
    for depths, weight in (((18, 34), 2.0), ((50, 101, 152), 2.0)):
        text = f"parameters of ResNet-{', '.join(map(str, depths))}"
        probe = ask(counts_of, name, [(depth,) for depth in depths], text=text)
        counts = [IMAGENET_PARAMETERS[depth] for depth in depths]
        yield Case(text, probe, hint, same(), counts, weight)
    for depth, weight in ((18, 3.0), (50, 3.0)):
        args, seed = (depth, whole(rng, 3, 9), NARROW), seed_from(rng)
        images = normal(rng, 2, 3, 64, 64)
        text = (
            f"make_resnet{args} on images (2, 3, 64, 64), weights as torchvision's ResNet-{depth}"
        )
        yield Case(
            f"equal to torchvision's ResNet-{depth}",
            ask(scores_of, name, args, seed, images, text=text),
            ORDER,
            DEEP,
            weight=weight,
        )
    yield training_case(rng, 34, ORDER)


ORDER = (
    "The counts can be right where the scores are not. Follow one image: the stem's stride and "
    "padding, the max-pooling's, which block of a stage has the stride, the ReLU after each "
    "addition, the average, the linear layer."
)


def training_case(rng: Generator, depth: int, hint: str = "") -> Case:
    """Scores and gradient of a narrow network in training mode."""
    args = (depth, whole(rng, 3, 9), whole(rng, 3, 5) / 64)
    images = normal(rng, 3, 3, 48, 48)
    text = f"make_resnet{args} on images (3, 3, 48, 48), training mode"
    probe = ask(scores_of, "make_resnet", args, seed_from(rng), images, True, text=text)
    return Case(f"ResNet-{depth} in training mode", probe, hint, DEEP)


@check.hidden("make_resnet")
def deeper_and_uneven(rng: Generator) -> Iterator[Case]:
    yield training_case(rng, 50)
    args = (101, whole(rng, 2, 5), 1 / 32)
    text = f"make_resnet{args} on images (1, 3, 50, 37)"
    images = normal(rng, 1, 3, 50, 37)
    probe = ask(scores_of, "make_resnet", args, seed_from(rng), images, text=text)
    yield Case("ResNet-101 on uneven images", probe, judge=DEEP)
