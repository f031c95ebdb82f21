"""The training loop: ``fit`` prepares a run, ``_train`` goes through its epochs and batches."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course.data.sampling import order_of
from course.device import pick_device, random_state, seeded, set_random_state
from course.instruments import evaluation_mode, preserved_modes
from course.training import checkpoints, speed
from course.training.history import Epoch, Evaluation, History, StopReason
from course.training.measuring import Forward, LabelledImages, Loss, on_device, score
from course.training.optimisers import (
    Decayed,
    MakeOptimizer,
    Throttle,
    lay_out_state,
    load_state,
    make_optimizer,
)
from course.training.progress import bar
from course.training.recording import under_way
from course.training.schedules import Schedule
from course.training.steps import Steps
from course.training.trial import WORTH

Images = Callable[[Tensor], Tensor]


def fit(
    model: nn.Module,
    train: LabelledImages,
    *,
    epochs: int,
    batch_size: int = 128,
    optimizer: MakeOptimizer | None = None,
    lr: float = 0.02,
    schedule: Schedule | None = None,
    weight_decay: float | None = None,
    decay: Decayed = "all",
    clip_norm: float | None = None,
    accumulate: int = 1,
    test: LabelledImages | None = None,
    device: torch.device | str | None = None,
    seed: int = 0,
    augment: Images | None = None,
    prepare: Images | None = None,
    loss: Loss = F.cross_entropy,
    label_smoothing: float = 0.0,
    time_budget: float | None = None,
    checkpoint: Path | str | None = None,
    resume: bool = True,
    precision: speed.Precision = "auto",
    channels_last: bool | None = None,
    compile: speed.Compile = False,
    deterministic: bool = False,
    capture: bool | None = None,
    progress: bool = True,
    on_epoch: Callable[[Epoch], object] | None = None,
) -> History:
    """Train a classifier in place, and return what happened.

    The same seed gives the same run, dropout and augmentation included (on a GPU up to rounding,
    or exactly with ``deterministic``); the notebook's own random state stays as it was. Stopping
    the cell (KeyboardInterrupt) keeps the weights learnt so far and returns the history of the
    finished epochs. A loss that is not finite ends the run, and so does the time budget; the epoch
    they cut short is kept in the history.

    Args:
        model: ``(N, C, H, W) -> (N, K)`` logits; where it returns a tuple, the first item counts
            for accuracy. Moved to the device and left there, in the mode it came in.
        train: float images ``(N, C, H, W)`` and class numbers ``(N,)``; bytes, where ``prepare``
            makes floats of them.
        optimizer: called as ``optimizer(model.parameters(), lr=lr)``, so ``torch.optim.Adam``
            itself will do; by default SGD with momentum 0.9. torch's own SGD, Adam and AdamW are
            asked for their fused form.
        schedule: factor of ``lr`` by progress through the run, one of ``training.schedules``.
        weight_decay: passed to the optimiser in its parameter groups.
        decay: which parameters it shrinks: ``"all"``, or ``"weights"`` without biases and
            normalisation (all that have one axis).
        clip_norm: largest Euclidean norm of all gradients together; longer ones are scaled down.
        accumulate: batches to sum gradients over before each update: the update of a batch that
            many times as large, in the memory of one.
        test: images and labels to evaluate on after each epoch.
        device: by default the one that ``pick_device`` finds.
        augment: ``(N, C, H, W) -> (N, C, H, W)``, applied to each training batch on the device;
            see ``course.augment``.
        prepare: the same, for each training batch after ``augment`` and each test batch:
            ``dataset.normalise`` lets the images lie as bytes, in a quarter of the memory.
        loss: ``(outputs, labels (N,)) -> scalar``, the mean over the batch.
        label_smoothing: share of each label that is spread evenly over all classes (Szegedy et
            al. 2016, section 7), in the training loss only.
        time_budget: seconds after which training stops at the next batch.
        checkpoint: a file to write after each epoch. If it is there, training goes on from it,
            to the same result.
        resume: ``False`` begins again and replaces the file.
        precision: of products and convolutions. ``"auto"``: the one in which this model is
            fastest; on GPUs with tensor cores a few batches are timed in each, unless
            ``deterministic``: float32 then.
        channels_last: memory layout of images; by default where it is faster and the model can
            take it.
        compile: pass the model through ``torch.compile``, with these options if it is a mapping.
            Worth its minute of preparation in long runs only.
        deterministic: the same bits on a GPU too, at some cost in speed.
        capture: record what is done with a batch as a CUDA graph, and replay that: small networks
            wait for their launches otherwise. By default where some batches that are tried show
            that it can be; ``history.pace`` says why where it can't.
        progress: show a bar where somebody is watching; see ``show_progress``.
        on_epoch: called after each epoch with its ``Epoch``.

    Raises:
        ValueError: no images, another number of labels than of images, images that are not
            floats, a batch size or ``accumulate`` below 1, or ``label_smoothing`` together with
            a ``loss``.
        CheckpointError: ``checkpoint`` is from another run.
    """
    target = pick_device(device)
    floats = prepare is None
    run = Run(
        model=model.to(target),
        train=on_device(train, target, "train", floats=floats),
        test=None if test is None else on_device(test, target, "test", floats=floats),
        epochs=epochs,
        batch_size=batch_size,
        accumulate=accumulate,
        optimizer=make_optimizer(optimizer, model, lr, weight_decay, decay),
        schedule=schedule,
        clip_norm=clip_norm,
        augment=augment or unchanged,
        prepare=prepare or unchanged,
        loss=loss,
        train_loss=smoothed(loss, label_smoothing),
        deadline=time.monotonic() + (math.inf if time_budget is None else time_budget),
        on_epoch=on_epoch or ignore,
    )
    keeper = _Keeper(run, checkpoint, seed)
    with ExitStack() as stack:
        stack.enter_context(preserved_modes(model))
        stack.enter_context(under_way())
        stack.enter_context(speed.algorithms(target, deterministic))
        sample = run.prepare(run.train[0][:batch_size])
        recorded = capture is not False and run.batches >= WORTH
        run.pace = speed.choose_pace(model, sample, precision, channels_last, recorded)
        run.forward = speed.compiled(model, compile)
        run.scaler = torch.amp.GradScaler(target.type, enabled=run.pace.needs_scaling)
        stack.callback(lay_out_state, run.optimizer)  # after the layout is as usual again
        stack.enter_context(speed.laid_out(model, run.pace))
        lay_out_state(run.optimizer)
        run.generator = stack.enter_context(seeded(seed, target))
        if resume:
            keeper.restore()
        done = len(run.history) * run.batches_per_epoch
        run.bar = stack.enter_context(bar(epochs * run.batches_per_epoch, done, progress))
        run.steps = Steps(run, capture)
        stack.callback(run.steps.close)
        _train(run, keeper)
        run.history.pace = run.pace.told(captured=not run.steps.why_not, why=run.steps.why_not)
    return run.history


@dataclass
class Run:
    """All that one training run holds."""

    model: nn.Module
    train: LabelledImages
    test: LabelledImages | None
    epochs: int
    batch_size: int
    accumulate: int
    optimizer: torch.optim.Optimizer
    schedule: Schedule | None
    clip_norm: float | None
    augment: Images
    prepare: Images
    loss: Loss
    train_loss: Loss
    deadline: float
    on_epoch: Callable[[Epoch], object]
    generator: torch.Generator = field(default_factory=torch.Generator)
    bar: Any = None
    pace: speed.Pace = speed.PLAIN
    forward: Forward = field(init=False)
    throttle: Throttle = field(init=False)
    steps: Steps = field(init=False)
    scaler: torch.amp.GradScaler = field(init=False)
    history: History = field(default_factory=History)

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ValueError(f"expected batch_size of at least 1, found {self.batch_size}")
        if self.accumulate < 1:
            raise ValueError(f"expected accumulate of 1 batch or more, found {self.accumulate}")
        self.forward = self.model
        self.throttle = Throttle(
            self.optimizer, self.schedule, self.epochs * self.updates_per_epoch
        )

    @property
    def device(self) -> torch.device:
        """Where everything lies."""
        return self.train[0].device

    @property
    def batches_per_epoch(self) -> int:
        """The last, smaller one counted."""
        return math.ceil(len(self.train[0]) / self.batch_size)

    @property
    def batches(self) -> int:
        """In all epochs."""
        return self.batches_per_epoch * self.epochs

    @property
    def updates_per_epoch(self) -> int:
        """Fewer than batches, where gradients are summed over several."""
        return math.ceil(self.batches_per_epoch / self.accumulate)

    @property
    def pulse(self) -> int:
        """Batches between looks at the loss; on a GPU each look makes it wait for us."""
        return 1 if self.device.type == "cpu" else 25

    def outputs(self, images: Tensor) -> Any:
        """What the model says of images as they are stored; float32, whatever it computed in."""
        images = self.pace.place(self.prepare(images))
        with self.pace.autocast(self.device):
            return speed.in_float32(self.forward(images))


def _train(run: Run, keeper: _Keeper) -> None:
    number = len(run.history)
    try:
        while number < run.epochs and not run.history.stopped_by:
            number += 1
            run.history.epochs.append(_one_epoch(run, number))
            run.on_epoch(run.history.last)
            if not run.history.stopped_by:
                keeper.save()
    except KeyboardInterrupt:
        run.history.stopped_by = "interrupt"
        run.history.message = (
            f"interrupted in epoch {number}: the weights learnt so far are kept, "
            "and fit goes on from them"
        )


def _one_epoch(run: Run, number: int) -> Epoch:
    run.bar.set_description_str(f"epoch {number}/{run.epochs}", refresh=False)
    start = time.perf_counter()
    trained = _pass_over_training_set(run, number)
    seconds = time.perf_counter() - start
    if run.test is None:
        return Epoch(number, *trained, math.nan, math.nan, seconds, run.throttle.lr)
    with evaluation_mode(run.model):
        tested = score(run.outputs, run.test, max(run.batch_size, 512), run.loss)
    run.bar.set_postfix_str(f"test accuracy {100 * tested.accuracy:.1f} %", refresh=False)
    return Epoch(number, *trained, *tested, seconds, run.throttle.lr)


def _pass_over_training_set(run: Run, number: int) -> Evaluation:
    run.model.train()
    run.steps.begin()
    total, updates = run.batches_per_epoch, (number - 1) * run.updates_per_epoch
    order = order_of(run.train[0], run.generator)
    for step, chosen in enumerate(order.split(run.batch_size), start=1):
        due = step % run.accumulate == 0 or step == total
        run.throttle.set(updates)
        run.steps.take(chosen, _share(run, step), due)
        updates += due
        run.bar.update()
        if step % run.pulse and step < total:
            continue
        if _must_stop(run, number, step):
            break
    return run.steps.tally.result()


def _share(run: Run, step: int) -> float:
    """Of the images whose gradients are summed for one update, how many are in this batch."""
    if run.accumulate == 1:
        return 1.0
    images = len(run.train[0])
    group = run.batch_size * run.accumulate
    start = (step - 1) // run.accumulate * group
    batch = min(run.batch_size, images - (step - 1) * run.batch_size)
    return batch / min(group, images - start)


def _must_stop(run: Run, epoch: int, step: int) -> bool:
    """Note in the history why training can't go on, if it can't."""
    total = run.batches_per_epoch
    reason = _stop_reason(run, done=step == total and epoch == run.epochs)
    if reason:
        where = f"in epoch {epoch}, after batch {step} of {total}"
        run.history.stopped_by = reason
        run.history.message = _explain(reason, where, run.throttle.lr)
    return reason is not None


def _stop_reason(run: Run, done: bool) -> StopReason | None:
    if not math.isfinite(run.steps.tally.loss.item()):
        return "non-finite loss"
    if time.monotonic() >= run.deadline and not done:
        return "time budget"
    return None


def _explain(reason: StopReason, where: str, lr: float) -> str:
    if reason == "time budget":
        return f"stopped {where}: the time budget is used up"
    return (
        f"stopped {where}: the loss is not finite. Try a learning rate below {lr:g}, and look "
        "for overflow in your own functions and for initial weights that are too large"
    )


class _Keeper:
    """Writes a run's state to its checkpoint after each epoch, and takes it back from there."""

    def __init__(self, run: Run, path: Path | str | None, seed: int) -> None:
        self.run = run
        self.path = None if path is None else Path(path)
        self.settings = {
            "model": repr(run.model),
            "images": list(run.train[0].shape),
            "batch_size": run.batch_size,
            "accumulate": run.accumulate,
            "optimizer": type(run.optimizer).__name__,
            "lr": run.throttle.lr,
            "seed": seed,
            # A schedule is stretched over all epochs; without one, a run may be made longer.
            "epochs of the schedule": run.epochs if run.schedule else None,
        }

    def save(self) -> None:
        if self.path is None:
            return
        run = self.run
        state = {
            "settings": self.settings,
            "epochs": [tuple(epoch) for epoch in run.history.epochs],
            "model": run.model.state_dict(),
            "optimizer": run.optimizer.state_dict(),
            "scaler": run.scaler.state_dict(),
            "order": run.generator.get_state(),
            "random": random_state(run.device),
        }
        checkpoints.save(self.path, state)

    def restore(self) -> None:
        state = self.path and checkpoints.load(self.path, self.settings)
        if not state:
            return
        run = self.run
        run.model.load_state_dict(state["model"])
        load_state(run.optimizer, state["optimizer"])
        run.scaler.load_state_dict(state["scaler"])
        run.generator.set_state(state["order"])
        set_random_state(state["random"])
        run.history.epochs = [Epoch(*epoch) for epoch in state["epochs"]]
        run.history.message = f"went on after epoch {len(run.history)}, from {self.path}"


def smoothed(loss: Loss, label_smoothing: float) -> Loss:
    """The loss of training, with part of each label spread evenly over all classes.

    Raises:
        ValueError: that is asked of another loss than the cross-entropy.
    """
    if not label_smoothing:
        return loss
    if loss is not F.cross_entropy:
        raise ValueError(
            "label_smoothing belongs to the cross-entropy, and fit was given another loss: "
            "smooth the labels there"
        )
    return partial(F.cross_entropy, label_smoothing=label_smoothing)


def unchanged(images: Tensor) -> Tensor:
    """The images, where nobody prepares or augments them."""
    return images


def ignore(epoch: Epoch) -> None:
    """Where nobody looks on."""
