"""Parameters and scores of the student's networks beside torchvision's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from course.checks.modules import count, filled
from course.experiments import on_cpu
from course.labs.shared.pages import attempt

IN_THE_PAPER = {"A": 133, "A-LRN": 133, "B": 133, "C": 134, "D": 138, "E": 144}  # table 2


def parameter_ledger(make_vgg: Any, configs: Mapping[str, Any]) -> None:
    """Print the parameters of six networks: the student's, the paper's, torchvision's."""
    print(f"{'column':8}{'yours':>14}{'paper, million':>16}{'torchvision':>14}")
    for name, millions in IN_THE_PAPER.items():
        yours = _count(make_vgg, configs, name)
        known = "ABDE"
        theirs = (
            f"{count(torchvision_on_meta(name).parameters()):,}" if name in known else "not there"
        )
        print(f"{name:8}{yours:>14}{millions:>16}{theirs:>14}")


def _count(make_vgg: Any, configs: Mapping[str, Any], name: str) -> str:
    try:
        with torch.device("meta"):
            return f"{count(make_vgg(configs[name]).parameters()):,}"
    except (NotImplementedError, KeyError):
        return "not yet"
    except Exception as error:
        return type(error).__name__


def torchvision_on_meta(name: str) -> nn.Module:
    """torchvision's network of column A, B, D or E, on the meta device."""
    from torchvision import models

    numbers = {"A": "vgg11", "B": "vgg13", "D": "vgg16", "E": "vgg19"}
    with torch.device("meta"):
        model: nn.Module = getattr(models, numbers[name])(init_weights=False)
    return model


def score_ledger(make_vgg: Any) -> None:
    """Print how far the student's scores are from torchvision's, with the same weights."""
    images = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0)).double()

    def differences() -> dict[str, float]:
        return {name: _difference(make_vgg, name, images) for name in "ABDE"}

    with on_cpu("digits are compared, of two images in narrow networks"):
        gaps = attempt("make_vgg", differences)
    for name, gap in (gaps or {}).items():
        verdict = "equal to 12 digits" if gap < 1e-12 else f"they differ by {gap:.2g}"
        print(f"column {name}, width 1/32, torchvision's weights copied in: {verdict}")
    wide = torch.randn(1, 3, 288, 320)
    with torch.no_grad():
        scores = _narrow_torchvision("A").eval()(wide)
    print(f"torchvision's VGG on an image 288 × 320: scores {tuple(scores.shape)}")


@torch.no_grad()
def _difference(make_vgg: Any, name: str, images: Tensor) -> float:
    from torchvision.models import vgg

    theirs = filled(_narrow_torchvision(name), 0)
    yours = make_vgg(list(vgg.cfgs[name]), 10, 1 / 32).double().eval()
    for mine, other in zip(yours.parameters(), theirs.parameters(), strict=True):
        mine.copy_(other)
    return float((yours(images) - theirs(images)).abs().max())


def _narrow_torchvision(name: str) -> nn.Module:
    """torchvision's network of a column at 1/32 of its width, for ten classes."""
    from torchvision.models import vgg

    column: list[str | int] = [e if isinstance(e, str) else e // 32 for e in vgg.cfgs[name]]
    with torch.device("meta"):
        model = vgg.VGG(nn.Identity(), 10, init_weights=False)
    model.features = vgg.make_layers(column)
    for place, (inputs, outputs) in {0: (16 * 7 * 7, 128), 3: (128, 128), 6: (128, 10)}.items():
        model.classifier[place] = nn.Linear(inputs, outputs)
    return model
