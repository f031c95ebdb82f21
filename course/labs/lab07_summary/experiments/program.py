"""A program under examination: its vital signs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from course import plots
from course.data.fashion_mnist import bundled
from course.device import one_thread, seeded
from course.labs.lab07_summary.images import CLASSES, as_file
from course.labs.shared.pages import shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def examine(names: Mapping[str, Any], count: int = 2000, epochs: int = 3) -> Figure | None:
    """Run the notebook's program and show three of its vital signs.

    What the network is shown, the loss of each batch, and the classes that come out.
    """
    splits = bundled().splits
    train, test = splits.train, splits.test
    pixels, others = as_file(train.images[:count]), as_file(test.images)
    losses: list[float] = []
    try:
        with seeded(0), one_thread(), _noting_losses(losses):
            x = names["as_input"](pixels)
            model = names["Network"]()
            optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
            for _ in range(epochs):
                names["train_epoch"](model, optimizer, x, train.labels[:count])
            found = names["predict"](model, others)
            right = float((found == test.labels).double().mean())
    except Exception as error:
        print(f"the program stops with {type(error).__name__}: {error}")
        return None
    print(
        f"after {epochs} epochs on {count:,} images: "
        f"{100 * right:.1f} % of {len(found):,} others right"
    )
    return _signs(x, train.labels, losses, found)


class _noting_losses:
    """For a block, write down every cross-entropy that torch computes."""

    def __init__(self, losses: list[float]) -> None:
        self.losses, self.own = losses, nn.functional.cross_entropy

    def __enter__(self) -> None:
        def noting(*args: Any, **kwargs: Any) -> Tensor:
            loss = self.own(*args, **kwargs)
            self.losses.append(float(loss.detach()))
            return loss

        nn.functional.cross_entropy = noting

    def __exit__(self, *error: object) -> None:
        nn.functional.cross_entropy = self.own


def _signs(x: Tensor, labels: Tensor, losses: Sequence[float], found: Tensor) -> Figure:
    from matplotlib import pyplot

    plots.use_style()
    figure, axes = pyplot.subplots(1, 3, figsize=(9.6, 2.9), width_ratios=(1, 1.4, 1.4))
    first = len(x) // 2  # in the middle of the file
    row = torch.cat([torch.cat([*x[i : i + 2, 0]], dim=1) for i in (first, first + 2)], dim=0)
    axes[0].imshow(row.numpy(), cmap="gray")
    axes[0].set_title("four of the inputs", fontsize=10)
    axes[0].axis("off")
    axes[1].plot(losses, color=plots.INK, linewidth=1)
    axes[1].axhline(math.log(CLASSES), color=plots.VERMILLION, linestyle="--", linewidth=1)
    axes[1].set_title("loss by batch (dashed: ln 10)", fontsize=10)
    axes[1].set_ylim(0, 1.1 * max([*losses[:200], math.log(CLASSES)]))
    counts = torch.bincount(found.clamp(0, CLASSES), minlength=CLASSES)  # the last: no class at all
    axes[2].bar(range(len(counts)), counts.tolist(), color=plots.BLUE)
    axes[2].set_xticks(range(len(counts)))
    axes[2].set_title("how often each class is named", fontsize=10)
    return shown(figure)
