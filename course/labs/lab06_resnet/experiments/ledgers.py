"""The student's networks beside the paper's and torchvision's: parameters, then scores."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torchvision.models import resnet

from course.device import seeded
from course.experiments import on_cpu
from course.instruments import count_parameters
from course.labs.shared.pages import attempt

IN_THE_PAPER = {20: 0.27, 32: 0.46, 44: 0.66, 56: 0.85, 110: 1.7}  # million, table 6
IMAGENET_DEPTHS = (18, 34, 50, 101, 152)


def parameter_ledger(resnet_cifar: Any, make_resnet: Any) -> None:
    """Print parameters by depth: the student's beside the paper's, and beside torchvision's."""
    print(f"{'for 32 × 32':14}{'yours':>12}   the paper, million")
    for depth, million in IN_THE_PAPER.items():
        yours = _counted(resnet_cifar, (depth - 2) // 6)
        print(f"ResNet-{depth:<7}{yours:>12}   {million}")
    print(f"\n{'for ImageNet':14}{'yours':>12}   torchvision")
    for depth in IMAGENET_DEPTHS:
        theirs = _counted(getattr(resnet, f"resnet{depth}"))
        print(f"ResNet-{depth:<7}{_counted(make_resnet, depth):>12}   {theirs}")


def _counted(make: Any, *args: Any) -> str:
    try:
        with torch.device("meta"):
            return f"{count_parameters(make(*args)):,}"
    except NotImplementedError:
        return "not yet"
    except Exception as error:
        return type(error).__name__


def copy_in_order(target: nn.Module, source: nn.Module) -> None:
    """Copy parameters and running statistics in the order in which both modules hold them.

    Raises:
        ValueError: another number of tensors, or other shapes.
    """
    new, old = target.state_dict(), source.state_dict()
    shapes = [[tuple(v.shape) for v in state.values()] for state in (new, old)]
    if shapes[0] != shapes[1]:
        raise ValueError("the two networks hold other tensors, or in another order")
    target.load_state_dict(dict(zip(new, old.values(), strict=True)))


def score_ledger(make_resnet: Any) -> None:
    """Print how far the student's scores are from torchvision's, with the same weights."""
    with on_cpu("digits are compared, of two small images"):
        gaps = attempt(
            "make_resnet", lambda: {depth: _gap(make_resnet, depth) for depth in IMAGENET_DEPTHS}
        )
    for depth, difference in (gaps or {}).items():
        verdict = "equal to 10 digits" if difference < 1e-10 else f"off by {difference:.1g}"
        print(f"ResNet-{depth}, torchvision's weights: {verdict}")


def _gap(make_resnet: Any, depth: int) -> float:
    """Largest difference of two images' scores, relative to the largest score."""
    with seeded(0):
        theirs = getattr(resnet, f"resnet{depth}")(num_classes=10).double().eval()
        for name, statistic in theirs.named_buffers():
            if name.endswith(("running_mean", "running_var")):
                nn.init.uniform_(statistic, 0.5, 1.5)
        images = torch.randn(2, 3, 32, 32, dtype=torch.float64)
        yours = make_resnet(depth, 10).double().eval()
    copy_in_order(yours, theirs)
    with torch.no_grad():
        ours, wanted = yours(images), theirs(images)
    return float((ours - wanted).abs().max() / wanted.abs().max())
