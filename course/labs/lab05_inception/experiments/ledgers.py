"""Ledgers of parameters: from torchvision's GoogLeNet to the paper's, and of three classifiers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import nn

from course.instruments import count_parameters
from course.labs.lab05_inception.paper import TABLE
from course.labs.shared.pages import attempt


def torchvision_ledger() -> dict[str, int]:
    """From the parameters of torchvision's GoogLeNet to the paper's, step by step."""
    model = _torchvision(heads=False)
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    wider = sum((5**2 - 3**2) * spec.n5x5_reduce * spec.n5x5 for spec in TABLE.values())
    return {
        "torchvision's GoogLeNet, heads off": count_parameters(model),
        "less scale and shift of BatchNorm": -2 * sum(norm.num_features for norm in norms),
        "plus a bias for each channel": sum(norm.num_features for norm in norms),
        "plus 5×5 for 3×3 in nine branches": wider,
    }


def _torchvision(heads: bool) -> nn.Module:
    from torchvision.models import GoogLeNet as Theirs

    with torch.device("meta"):
        model: nn.Module = Theirs(aux_logits=heads, init_weights=False)
    return model


def parameter_ledger(make_network: Any) -> None:
    """Print the way from torchvision's parameters to the paper's, and the student's beside it."""
    rows = torchvision_ledger()
    width = 36
    for label, number in rows.items():
        print(f"{label:{width}}{number:>+13,}" if number < 0 or "plus" in label
              else f"{label:{width}}{number:>13,}")  # fmt: skip
    print(f"{'the paper, table 1':{width}}{sum(rows.values()):>13,}")
    for label, options in (("yours, aux=False", {"aux": False}), ("yours, with both heads", {})):
        count = attempt("GoogLeNet", partial(_count, make_network, options))
        if count is None:
            return
        print(f"{label:{width}}{count:>13,}")
    theirs = count_parameters(_torchvision(heads=True))
    print(f"{'torchvision with heads':{width}}{theirs:>13,}")


def _count(make_network: Any, options: Mapping[str, Any]) -> int:
    with torch.device("meta"):
        model: nn.Module = make_network(**options)
    return count_parameters(model)


def classifier_ledger() -> None:
    """Print what three ways to go from 1024 maps of 7 × 7 to 1000 scores cost."""
    flat = 1024 * 7 * 7
    ways: dict[str, tuple[tuple[int, int], ...]] = {
        "average, 1024 → 1000": ((1024, 1000),),
        "flatten, 50,176 → 1000": ((flat, 1000),),
        "as VGG: 50,176 → 4096 → 4096 → 1000": ((flat, 4096), (4096, 4096), (4096, 1000)),
    }
    for label, sizes in ways.items():
        with torch.device("meta"):
            layers = nn.Sequential(*(nn.Linear(into, out) for into, out in sizes))
        print(f"{label:38}{count_parameters(layers):>13,}")
