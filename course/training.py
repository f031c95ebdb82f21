"""Train a classifier, measure it, and keep what happened.

The data lie on the device as two tensors, and every step works on a whole batch, so there is no
data loader, no worker process and no copy inside the loop.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import profile
from course.data import batches
from course.device import device_of, pick_device, seeded
from course.instruments import evaluation_mode, preserved_modes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LabelledImages = tuple[Tensor, Tensor]
Loss = Callable[[Any, Tensor], Tensor]
Augment = Callable[[Tensor], Tensor]
MakeOptimizer = Callable[..., torch.optim.Optimizer]
Metric = Literal["train_loss", "train_accuracy", "test_loss", "test_accuracy", "seconds"]
StopReason = Literal["interrupt", "time budget", "non-finite loss"]

PROGRESS_VARIABLE = "COURSE_PROGRESS"


class Evaluation(NamedTuple):
    """How well a model does on a labelled set: mean ``loss``, ``accuracy`` in [0, 1]."""

    loss: float
    accuracy: float

    @property
    def error(self) -> float:
        """Top-1 error, a fraction in [0, 1]."""
        return 1.0 - self.accuracy

    def __str__(self) -> str:
        return f"loss {self.loss:.3f}, accuracy {self.accuracy:.1%}"


class Epoch(NamedTuple):
    """One epoch of a history; test values are NaN where no test set was given."""

    number: int
    train_loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float
    seconds: float


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
    """

    epochs: list[Epoch] = field(default_factory=list)
    stopped_by: StopReason | None = None
    message: str = ""

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
        """
        from course import plots

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
        parts.append(f"train loss {last.train_loss:.3f}, accuracy {last.train_accuracy:.1%}")
        if self.test_loss:
            parts.append(f"test loss {last.test_loss:.3f}, accuracy {last.test_accuracy:.1%}")
        return " · ".join(parts) + (f" · {self.message}" if self.message else "")

    def _finished(self) -> list[Epoch]:
        if not self.epochs:
            raise ValueError(f"this history has no finished epoch. {self.message}".rstrip())
        return self.epochs


@dataclass
class Runs:
    """The same training from several seeds."""

    seeds: list[int]
    histories: list[History]

    def values(self, metric: Metric = "test_accuracy") -> list[float]:
        """The last epoch's value for each seed."""
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
        spread = f" ± {self.spread(metric):.1%}" if len(self.seeds) > 1 else ""
        return f"{metric.replace('_', ' ')} {self.mean(metric):.1%}{spread} ({count})"


def fit(
    model: nn.Module,
    train: LabelledImages,
    *,
    epochs: int,
    batch_size: int = 128,
    optimizer: MakeOptimizer | None = None,
    lr: float = 0.02,
    test: LabelledImages | None = None,
    device: torch.device | str | None = None,
    seed: int = 0,
    augment: Augment | None = None,
    loss: Loss = F.cross_entropy,
    time_budget: float | None = None,
    progress: bool = True,
    on_epoch: Callable[[Epoch], object] | None = None,
) -> History:
    """Train a classifier in place, and return what happened.

    The same seed gives the same run, dropout and augmentation included; the notebook's own
    random state stays as it was. Stopping the cell (KeyboardInterrupt) keeps the weights
    learnt so far and returns the history of the finished epochs. A loss that is not finite ends
    the run, and so does the time budget; the epoch they cut short is kept in the history.

    Args:
        model: ``(N, C, H, W) -> (N, K)`` logits; where it returns a tuple, the first item counts
            for accuracy. Moved to the device and left there, in the mode it came in.
        train: float images ``(N, C, H, W)`` and class numbers ``(N,)``.
        optimizer: called as ``optimizer(model.parameters(), lr=lr)``, so ``torch.optim.Adam``
            itself will do; by default SGD with momentum 0.9.
        test: images and labels to evaluate on after each epoch.
        device: by default the one that ``pick_device`` finds.
        augment: ``(N, C, H, W) -> (N, C, H, W)``, applied to each training batch on the device.
        loss: ``(outputs, labels (N,)) -> scalar``, the mean over the batch.
        time_budget: seconds after which training stops at the next batch.
        progress: show a bar where somebody is watching; see ``show_progress``.
        on_epoch: called after each epoch with its ``Epoch``.

    Raises:
        ValueError: no images, another number of labels than of images, images that are not
            floats, or a batch size below 1.
    """
    target = pick_device(device)
    run = _Run(
        model=model.to(target),
        train=_on_device(train, target, "train"),
        test=None if test is None else _on_device(test, target, "test"),
        epochs=epochs,
        batch_size=batch_size,
        optimizer=(optimizer or _sgd)(model.parameters(), lr=lr),
        augment=augment,
        loss=loss,
        deadline=time.monotonic() + (math.inf if time_budget is None else time_budget),
    )
    with (
        preserved_modes(model),
        seeded(seed, target) as run.generator,
        _bar(epochs * run.batches_per_epoch, progress) as run.bar,
    ):
        _train(run, on_epoch)
    return run.history


def evaluate(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    batch_size: int = 512,
    *,
    loss: Loss = F.cross_entropy,
) -> Evaluation:
    """Loss and accuracy of ``(N, C, H, W)`` images and ``(N,)`` labels, on the model's device.

    The model works in evaluation mode (running statistics, no dropout), without gradients, and
    comes back in the mode it was in.

    Raises:
        ValueError: as ``fit``.
    """
    images, labels = _on_device((images, labels), device_of(model), "evaluate")
    tally = _Tally(images.device)
    with evaluation_mode(model), torch.no_grad():
        for some, classes in batches(images, labels, batch_size):
            outputs = model(some)
            tally.add(loss(outputs, classes), outputs, classes)
    return tally.result()


def repeat(make_model: Callable[[], nn.Module], seeds: Iterable[int], **fit_options: Any) -> Runs:
    """Train one fresh model for each seed: ``repeat(LeNet, range(3), train=..., epochs=2)``.

    The seed sets the initial weights and the order of the batches. Stopping the cell ends the
    series after the run that it cut.

    Args:
        fit_options: what ``fit`` takes, without ``model`` and ``seed``.

    Raises:
        ValueError: no seeds.
    """
    runs = Runs([], [])
    for seed in seeds:
        with seeded(seed):
            model = make_model()
        history = fit(model, seed=seed, **fit_options)
        if history.stopped_by == "interrupt":
            break
        runs.seeds.append(seed)
        runs.histories.append(history)
    if not runs.seeds:
        raise ValueError("no finished run: repeat needs one seed or more, such as range(3)")
    return runs


def show_progress() -> bool:
    """Is anybody watching, so that a progress bar is worth its noise?

    ``COURSE_PROGRESS`` set to 0 or 1 decides. Without it: no under ``CI`` or where
    ``COURSE_PROFILE`` is ``quick`` or ``grade`` (builds, tests, grading: their outputs are
    kept), else yes in a notebook and in a terminal.
    """
    wish = os.environ.get(PROGRESS_VARIABLE, "")
    if wish:
        return wish not in ("0", "false", "no")
    if os.environ.get("CI") or os.environ.get(profile.VARIABLE) in ("quick", "grade"):
        return False
    return _in_notebook() or sys.stdout.isatty()


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


class _Tally:
    """Sums over batches, kept on the device: reading one waits for the device."""

    def __init__(self, device: torch.device) -> None:
        self.loss = torch.zeros((), device=device)
        self.correct = torch.zeros((), device=device, dtype=torch.long)
        self.count = 0

    def add(self, loss: Tensor, outputs: Any, labels: Tensor) -> None:
        logits = outputs if isinstance(outputs, Tensor) else outputs[0]
        self.loss += loss.detach() * len(labels)
        self.correct += (logits.detach().argmax(dim=1) == labels).sum()
        self.count += len(labels)

    def result(self) -> Evaluation:
        return Evaluation(self.loss.item() / self.count, self.correct.item() / self.count)


@dataclass
class _Run:
    """All that one training run holds."""

    model: nn.Module
    train: LabelledImages
    test: LabelledImages | None
    epochs: int
    batch_size: int
    optimizer: torch.optim.Optimizer
    augment: Augment | None
    loss: Loss
    deadline: float
    generator: torch.Generator = field(default_factory=torch.Generator)
    bar: Any = None
    history: History = field(default_factory=History)

    @property
    def batches_per_epoch(self) -> int:
        return math.ceil(len(self.train[0]) / max(self.batch_size, 1))

    @property
    def pulse(self) -> int:
        """Batches between looks at the loss; on a GPU each look makes it wait for us."""
        return 1 if self.train[0].device.type == "cpu" else 25


def _train(run: _Run, on_epoch: Callable[[Epoch], object] | None) -> None:
    number = 0
    try:
        while number < run.epochs and not run.history.stopped_by:
            number += 1
            run.history.epochs.append(_one_epoch(run, number))
            if on_epoch is not None:
                on_epoch(run.history.last)
    except KeyboardInterrupt:
        run.history.stopped_by = "interrupt"
        run.history.message = (
            f"interrupted in epoch {number}: the weights learnt so far are kept, "
            "and fit goes on from them"
        )


def _one_epoch(run: _Run, number: int) -> Epoch:
    run.bar.set_description_str(f"epoch {number}/{run.epochs}", refresh=False)
    start = time.perf_counter()
    trained = _pass_over_training_set(run, number)
    seconds = time.perf_counter() - start
    if run.test is None:
        return Epoch(number, *trained, math.nan, math.nan, seconds)
    tested = evaluate(run.model, *run.test, loss=run.loss)
    run.bar.set_postfix_str(f"test accuracy {tested.accuracy:.1%}", refresh=False)
    return Epoch(number, *trained, *tested, seconds)


def _pass_over_training_set(run: _Run, number: int) -> Evaluation:
    run.model.train()
    tally = _Tally(run.train[0].device)
    total = run.batches_per_epoch
    order = batches(*run.train, run.batch_size, shuffle=True, generator=run.generator)
    for step, (images, labels) in enumerate(order, start=1):
        _step(run, images, labels, tally)
        run.bar.update()
        if step % run.pulse and step < total:
            continue
        reason = _stop_reason(run, tally, done=step == total and number == run.epochs)
        if reason:
            where = f"in epoch {number}, after batch {step} of {total}"
            run.history.stopped_by = reason
            run.history.message = _explain(reason, where, run.optimizer)
            break
    return tally.result()


def _step(run: _Run, images: Tensor, labels: Tensor, tally: _Tally) -> None:
    outputs = run.model(images if run.augment is None else run.augment(images))
    loss = run.loss(outputs, labels)
    run.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    run.optimizer.step()
    tally.add(loss, outputs, labels)


def _stop_reason(run: _Run, tally: _Tally, done: bool) -> StopReason | None:
    if not math.isfinite(tally.loss.item()):
        return "non-finite loss"
    if time.monotonic() >= run.deadline and not done:
        return "time budget"
    return None


def _explain(reason: StopReason, where: str, optimizer: torch.optim.Optimizer) -> str:
    if reason == "time budget":
        return f"stopped {where}: the time budget is used up"
    lr = optimizer.param_groups[0]["lr"]
    return (
        f"stopped {where}: the loss is not finite. Try a learning rate below {lr:g}, and look "
        "for overflow in your own functions and for initial weights that are too large"
    )


def _sgd(params: Any, *, lr: float) -> torch.optim.Optimizer:
    return torch.optim.SGD(params, lr=lr, momentum=0.9)


def _on_device(data: LabelledImages, device: torch.device, name: str) -> LabelledImages:
    images, labels = data
    if len(images) != len(labels) or not len(images):
        raise ValueError(
            f"{name}: expected as many labels as images and one or more of them, "
            f"found {len(images)} images and {len(labels)} labels"
        )
    if not images.is_floating_point():
        raise ValueError(
            f"{name}: expected images in floats, found {images.dtype}. "
            "Pass dataset.normalise(images)."
        )
    labels = labels if labels.is_floating_point() else labels.long()
    return images.to(device), labels.to(device)


class _NoBar:
    """The bar that nobody sees. (A disabled tqdm bar still starts a monitor thread.)"""

    def update(self) -> None: ...

    def set_description_str(self, text: str, refresh: bool) -> None: ...

    def set_postfix_str(self, text: str, refresh: bool) -> None: ...


@contextlib.contextmanager
def _bar(total: int, wanted: bool) -> Iterator[Any]:
    if not (wanted and show_progress()):
        yield _NoBar()
        return
    from tqdm import tqdm

    with tqdm(total=total, leave=False, file=sys.stdout, unit="batch", dynamic_ncols=True) as bar:
        yield bar
