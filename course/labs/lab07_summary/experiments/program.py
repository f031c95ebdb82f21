"""A program under examination: its vital signs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import plots
from course.data.fashion_mnist import bundled
from course.device import seeded
from course.experiments import on_cpu
from course.labs.lab07_summary import programs
from course.labs.lab07_summary.images import CLASSES, MEAN, STD, as_file
from course.labs.shared.pages import shown
from course.labs.shared.results import stored

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEALTHY = 0.6  # right after the short training, from which nobody would look for a bug


@dataclass
class Signs:
    """What a program's run shows: inputs, the loss of each batch, what it said of images."""

    truth: Tensor
    inputs: Tensor = field(default_factory=lambda: torch.empty(0))
    losses: list[float] = field(default_factory=list)
    found: Tensor = field(default_factory=lambda: torch.empty(0))

    @property
    def right(self) -> float:
        """The share of images that are right."""
        return float((self.found == self.truth).double().mean())

    @property
    def confusion(self) -> Tensor:
        """How often each class (row) got each name: ``(10, 10)``, shares of the class."""
        said = self.found.long().clamp(0, CLASSES - 1)
        counts = torch.bincount(self.truth * CLASSES + said, minlength=CLASSES**2)
        table = counts.view(CLASSES, CLASSES).double()
        return table / table.sum(dim=1, keepdim=True)


def run(names: Mapping[str, Any], count: int = 2000, epochs: int = 3) -> Signs:
    """Run a program's four parts on the bundled images, and write down what can be seen."""
    splits = bundled().splits
    train, test = splits.train, splits.test
    signs = Signs(test.labels)
    with seeded(0), on_cpu("the program knows of no other device"), _noting_losses(signs.losses):
        x = signs.inputs = names["as_input"](as_file(train.images[:count]))
        model = names["Network"]()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
        for _ in range(epochs):
            names["train_epoch"](model, optimizer, x, train.labels[:count])
        signs.found = names["predict"](model, as_file(test.images))
    return signs


def first_sight(name: str | int) -> Figure:
    """Run the program that is drawn for a name, unread: its loss, and what it takes for what.

    The name is remembered for :func:`take_program`.
    """
    global _NAME
    _NAME = name
    number = programs.number_of(name)
    names: dict[str, Any] = {
        "torch": torch, "nn": nn, "F": F, "Tensor": Tensor, "MEAN": MEAN, "STD": STD
    }  # fmt: skip
    exec(programs.text_of(number), names)
    signs = run(names)
    right = f"{100 * signs.right:.1f} % of the test images are right"
    print(f"program {number} of {programs.count()}: {right}")
    return _drawn(signs, inputs=False)


_NAME: str | int = ""


@dataclass(frozen=True, repr=False)
class Handed:
    """A program, to be copied where it could not be put into the cell."""

    number: int

    @property
    def code(self) -> str:
        """What belongs into the cell."""
        return f"# program {self.number}\n{programs.text_of(self.number)}"

    def __repr__(self) -> str:
        return f"If the cell above still says take_program, copy this into it:\n\n{self.code}"

    def _repr_html_(self) -> str:
        return (
            "<details><summary>The cell above still says <code>take_program</code>? Copy this into "
            f"it.</summary><pre>{escape(self.code)}</pre></details>"
        )


def take_program(name: str | int | None = None) -> Handed:
    """Put the program for a name in the place of the cell that calls this.

    Args:
        name: by default the one that :func:`first_sight` was called with.
    """
    handed = Handed(programs.number_of(_NAME if name is None else name))
    try:
        from IPython import get_ipython

        get_ipython().set_next_input(handed.code.rstrip("\n"), replace=True)  # as %load does
    except (ImportError, AttributeError):  # no notebook: it is printed
        pass
    return handed


def examine(names: Mapping[str, Any]) -> Figure | None:
    """Run the notebook's program and show its vital signs.

    What the network is shown, the loss of each batch, and what is taken for what.
    """
    try:
        signs = run(names)
        print(f"{100 * signs.right:.1f} % of {len(signs.truth):,} test images are right")
        return _drawn(signs)
    except Exception as error:
        print(f"the program stops with {type(error).__name__}: {error}")
        return None


def healthy(name: str | int) -> int:
    """How many of the nine runs with one bug left have more than 60 % right."""
    return sum(one["right"] > HEALTHY for one in _alone(name))


def one_bug_left(name: str | int) -> Figure:
    """What is taken for what when one of the name's nine bugs is left, from worst to best."""
    from matplotlib import pyplot

    plots.use_style()
    figure, axes = pyplot.subplots(1, 9, figsize=(9.6, 1.6))
    runs = sorted(_alone(name), key=lambda one: float(one["right"]))
    for ax, one in zip(axes, runs, strict=True):
        _confusion(ax, torch.tensor(one["confusion"]).div(100))
        ax.set_title(f"{100 * one['right']:.0f} %", fontsize=10)
        ax.set_xticks([])
        ax.set_yticks([])
    return shown(figure)


def _alone(name: str | int) -> list[dict[str, Any]]:
    runs = stored("lab07_summary")["one_bug_left"]["runs"]
    chosen = programs.bugs_of(programs.number_of(name))
    return [runs[place][bug] for place, bug in chosen.items()]


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


def _drawn(signs: Signs, inputs: bool = True) -> Figure:
    from matplotlib import pyplot

    plots.use_style()
    widths = (1.0, 1.4, 1.2)[0 if inputs else 1 :]
    size = (9.6 if inputs else 6.8, 2.9)
    figure, axes = pyplot.subplots(1, len(widths), figsize=size, width_ratios=widths)
    if inputs:
        x, first = signs.inputs, len(signs.inputs) // 2  # in the middle of the file
        row = torch.cat([torch.cat([*x[i : i + 2, 0]], dim=1) for i in (first, first + 2)], dim=0)
        axes[0].imshow(row.numpy(), cmap="gray")
        axes[0].set_title("four of the inputs", fontsize=10)
        axes[0].axis("off")
    _losses(axes[-2], signs.losses)
    _confusion(axes[-1], signs.confusion)
    axes[-1].set_title("share of each class (row) by name", fontsize=10)
    axes[-1].set_xlabel("it says")
    axes[-1].set_ylabel("it is")
    return shown(figure)


def _losses(ax: Axes, losses: Sequence[float]) -> None:
    ax.plot(losses, color=plots.INK, linewidth=1)
    ax.axhline(math.log(CLASSES), color=plots.VERMILLION, linestyle="--", linewidth=1)
    ax.set_title("loss by batch (dashed: ln 10)", fontsize=10)
    seen = [loss for loss in losses[:200] if math.isfinite(loss)]
    ax.set_ylim(0, 1.1 * max([*seen, math.log(CLASSES)]))


def _confusion(ax: Axes, table: Tensor) -> None:
    ax.imshow(table.numpy(), cmap="Blues", vmin=0, vmax=1)
    ax.set_xticks(range(CLASSES))
    ax.set_yticks(range(CLASSES))
    ax.grid(visible=False)
