"""What training gives back: histories of single runs, and of the same run from several seeds."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np
from torch import nn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Metric = Literal["train_loss", "train_accuracy", "test_loss", "test_accuracy", "seconds"]
StopReason = Literal["interrupt", "time budget", "non-finite loss"]


class Evaluation(NamedTuple):
    """How well a model does on a labelled set: mean ``loss``, ``accuracy`` in [0, 1]."""

    loss: float
    accuracy: float

    @property
    def error(self) -> float:
        """Top-1 error, a fraction in [0, 1]."""
        return 1.0 - self.accuracy

    def __str__(self) -> str:
        return f"loss {self.loss:.3f}, accuracy {100 * self.accuracy:.1f} %"


class Epoch(NamedTuple):
    """One epoch of a history; test values are NaN where no test set was given.

    ``lr`` is the learning rate of the epoch's last update.
    """

    number: int
    train_loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float
    seconds: float
    lr: float = math.nan


@dataclass
class History:
    """What a training run did.

    ``train_loss`` and ``train_accuracy`` are means over an epoch's batches, each taken in training
    mode just before its update, on augmented images where there is augmentation. ``test_loss``
    and ``test_accuracy`` are taken after the epoch, in evaluation mode; their lists are empty
    without a test set. ``seconds`` is the epoch's training time, the test not counted.

    Attributes:
        epochs: one entry for each epoch that was finished or cut short by a stop.
        stopped_by: why the run ended before its last epoch, or ``None``.
        message: the same as a sentence, with what to do next.
        pace: how it was computed: precision, memory layout, step by step or recorded, and why.
    """

    epochs: list[Epoch] = field(default_factory=list)
    stopped_by: StopReason | None = None
    message: str = ""
    pace: str = ""

    @property
    def train_loss(self) -> list[float]:
        """Mean training loss of each epoch."""
        return [epoch.train_loss for epoch in self.epochs]

    @property
    def train_accuracy(self) -> list[float]:
        """Training accuracy of each epoch, in [0, 1]."""
        return [epoch.train_accuracy for epoch in self.epochs]

    @property
    def test_loss(self) -> list[float]:
        """Mean test loss after each epoch."""
        return [epoch.test_loss for epoch in self.epochs if not math.isnan(epoch.test_accuracy)]

    @property
    def test_accuracy(self) -> list[float]:
        """Test accuracy after each epoch, in [0, 1]."""
        return [epoch.test_accuracy for epoch in self.epochs if not math.isnan(epoch.test_accuracy)]

    @property
    def seconds(self) -> list[float]:
        """Training time of each epoch."""
        return [epoch.seconds for epoch in self.epochs]

    @property
    def lr(self) -> list[float]:
        """Learning rate at the end of each epoch."""
        return [epoch.lr for epoch in self.epochs]

    def __len__(self) -> int:
        return len(self.epochs)

    @property
    def last(self) -> Epoch:
        """The last epoch.

        Raises:
            ValueError: no epoch was finished.
        """
        return self._finished()[-1]

    @property
    def best(self) -> Epoch:
        """The epoch with the highest test accuracy, or training accuracy without a test set.

        The first one among equals. Choosing by test accuracy flatters: report ``last``.

        Raises:
            ValueError: no epoch was finished.
        """
        epochs = self._finished()
        scores = self.test_accuracy or self.train_accuracy
        return epochs[scores.index(max(scores))]

    def plot(self, ax: Axes | None = None, metric: str = "accuracy", label: str = "") -> Axes:
        """Draw ``metric`` ("accuracy" or "loss") by epoch: test solid, training dashed.

        Args:
            ax: where to draw; several histories may share it, each with its own ``label``, whose
                colour is the same in every lab.

        Raises:
            ValueError: another metric.
        """
        from course import plots

        if metric not in ("accuracy", "loss"):
            raise ValueError(f"a history draws 'accuracy' or 'loss'; found {metric!r}")
        ax = plots.axes(ax, xlabel="epoch", ylabel=metric)
        epochs = range(1, len(self) + 1)
        colour = plots.colour_of(label) if label else plots.PALETTE[0]
        for part, style in (("train", "--"), ("test", "-")):
            values = getattr(self, f"{part}_{metric}")
            if values:
                ax.plot(epochs, values, style, color=colour, label=f"{label} {part}".strip())
        ax.legend()
        return ax

    def __str__(self) -> str:
        if not self.epochs:
            return f"no finished epoch. {self.message}".rstrip()
        last = self.last
        parts = [f"{len(self)} epoch{'s' if len(self) > 1 else ''} in {sum(self.seconds):.1f} s"]
        parts.append(
            f"train loss {last.train_loss:.3f}, accuracy {100 * last.train_accuracy:.1f} %"
        )
        if self.test_loss:
            parts.append(
                f"test loss {last.test_loss:.3f}, accuracy {100 * last.test_accuracy:.1f} %"
            )
        return " · ".join(parts) + (f" · {self.message}" if self.message else "")

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold, for ``from_dict``; NaN becomes ``None``."""
        epochs = [[_or_none(value) for value in epoch] for epoch in self.epochs]
        return {"epochs": epochs, "stopped_by": self.stopped_by, "message": self.message}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> History:
        """The history that ``to_dict`` wrote down."""
        epochs = [Epoch(*map(_or_nan, epoch)) for epoch in values["epochs"]]
        return cls(epochs, values["stopped_by"], values["message"])

    def _finished(self) -> list[Epoch]:
        if not self.epochs:
            raise ValueError(f"this history has no finished epoch. {self.message}".rstrip())
        return self.epochs


@dataclass
class Runs:
    """The same training from several seeds.

    Attributes:
        models: the trained networks, where ``repeat`` was asked to keep them.
        about: what to know of runs from a file: the card, the day, the settings.
    """

    seeds: list[int]
    histories: list[History]
    models: list[nn.Module] = field(default_factory=list, repr=False)
    about: dict[str, Any] = field(default_factory=dict)

    def values(self, metric: Metric = "test_accuracy") -> list[float]:
        """The last epoch's value for each seed.

        Raises:
            ValueError: no such metric.
        """
        _check(metric)
        return [getattr(history.last, metric) for history in self.histories]

    def mean(self, metric: Metric = "test_accuracy") -> float:
        """Mean over the seeds of the last epoch's value."""
        return mean(self.values(metric))

    def spread(self, metric: Metric = "test_accuracy") -> float:
        """Sample standard deviation over the seeds; NaN for a single one."""
        values = self.values(metric)
        return stdev(values) if len(values) > 1 else math.nan

    def curves(self, metric: Metric = "test_accuracy") -> np.ndarray:
        """Values by epoch, ``(seeds, epochs)``, cut to the shortest run."""
        _check(metric)
        curves = [getattr(history, metric) for history in self.histories]
        return np.array([curve[: min(map(len, curves))] for curve in curves])

    def plot(
        self, ax: Axes | None = None, metric: Metric = "test_accuracy", label: str = ""
    ) -> Axes:
        """Mean over the seeds as a line, one standard deviation each way as a band."""
        from course import plots

        curves = self.curves(metric)
        ax = plots.axes(ax, xlabel="epoch", ylabel=metric.replace("_", " "))
        plots.spread(ax, range(1, curves.shape[1] + 1), curves, label)
        return ax

    def __str__(self) -> str:
        metric: Metric = "test_accuracy" if self.histories[0].test_loss else "train_accuracy"
        count = f"{len(self.seeds)} seed{'s' if len(self.seeds) > 1 else ''}"
        spread = f" ± {100 * self.spread(metric):.1f} %" if len(self.seeds) > 1 else ""
        return f"{metric.replace('_', ' ')} {100 * self.mean(metric):.1f} %{spread} ({count})"

    def save(self, path: str | Path) -> None:
        """Write histories and ``about`` to a JSON file, so that others need not train again."""
        content = {
            "about": self.about,
            "seeds": self.seeds,
            "histories": [history.to_dict() for history in self.histories],
        }
        Path(path).write_text(json.dumps(content, allow_nan=False, indent=1) + "\n", "utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Runs:
        """The runs that ``save`` wrote."""
        content = json.loads(Path(path).read_text("utf-8"))
        histories = [History.from_dict(values) for values in content["histories"]]
        return cls(content["seeds"], histories, about=content["about"])


def _check(metric: str) -> None:
    if metric not in get_args(Metric):
        known = ", ".join(get_args(Metric))
        raise ValueError(f"no metric {metric!r}: expected one of {known}")


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _or_nan(value: float | None) -> Any:
    return math.nan if value is None else value
