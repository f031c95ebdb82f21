"""One batch, learnt by heart: a sound training and three with a bug."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from course import plots
from course.device import one_thread, seeded
from course.experiments import here
from course.labs.lab02_lenet.experiments.networks import MakeModel, Names, lenet_of
from course.labs.lab02_lenet.experiments.studies import Inputs
from course.labs.shared.pages import shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def losses_on_one_batch(
    make: MakeModel,
    batch: tuple[Tensor, Tensor],
    *,
    steps: int,
    lr: float = 3e-3,
    forget_to_clear: bool = False,
    other_labels: bool = False,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
) -> list[float]:
    """The loss at each step on one and the same batch; two of the arguments are bugs."""
    images, labels = (part.to(here()) for part in batch)
    with seeded(0), one_thread():
        model = make().to(here())
        optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        values = []
        for _ in range(steps):
            answers = labels[torch.randperm(len(labels)).to(here())] if other_labels else labels
            value = loss(model(images), answers)
            if not forget_to_clear:
                optimizer.zero_grad(set_to_none=True)
            value.backward()
            optimizer.step()
            values.append(value.item())
    return values


def draw_one_batch(names: Names, data: Inputs, *, steps: int, size: int = 64) -> Figure:
    """The loss on one batch for a sound training and for three with a bug."""
    _, make = lenet_of(names)
    batch = data.train[0][:size], data.train[1][:size]
    run = partial(losses_on_one_batch, make, batch, steps=steps)
    curves = {
        "as it should be": run(),
        "softmax before the loss": run(loss=lambda x, y: F.cross_entropy(x.softmax(1), y)),
        "labels do not belong to images": run(other_labels=True),
        "gradients not cleared": run(forget_to_clear=True),
    }
    ax = plots.axes(xlabel="step", ylabel="loss", title=f"one batch of {size}, again and again")
    ax.axhline(float(torch.tensor(10.0).log()), color=plots.GREY, linewidth=0.8, linestyle=":")
    ax.text(steps, 2.33, "guessing: ln 10", ha="right", fontsize=9, color=plots.GREY)
    plots.curves(range(1, steps + 1), curves, ax, xlabel="step", ylabel="loss")
    ax.set_ylim(0, 4)
    return shown(ax.figure)
