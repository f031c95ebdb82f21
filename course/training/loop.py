"""The training loop: ``fit`` prepares a run, ``_train`` goes through its epochs and batches."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course.data import batches
from course.device import pick_device, random_state, seeded, set_random_state, synchronise
from course.instruments import preserved_modes
from course.training import checkpoints, speed
from course.training.history import Epoch, Evaluation, History, StopReason
from course.training.measuring import LabelledImages, Loss, Tally, on_device, score
from course.training.optimisers import Decayed, MakeOptimizer, Throttle, make_optimizer
from course.training.progress import bar
from course.training.schedules import Schedule

Augment = Callable[[Tensor], Tensor]


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
    augment: Augment | None = None,
    prepare: Augment | None = None,
    loss: Loss = F.cross_entropy,
    label_smoothing: float = 0.0,
    time_budget: float | None = None,
    checkpoint: Path | str | None = None,
    resume: bool = True,
    precision: speed.Precision = "auto",
    channels_last: bool | None = None,
    compile: speed.Compile = False,
    deterministic: bool = False,
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
        precision: of products and convolutions. ``"auto"``: what the device is fastest at and
            the model can take, bfloat16 or float16 on most GPUs, float32 elsewhere.
        channels_last: memory layout of images; by default where it is faster and the model can
            take it.
        compile: pass the model through ``torch.compile``, with these options if it is a mapping.
            Worth its minute of preparation in long runs only.
        deterministic: the same bits on a GPU too, at some cost in speed.
        progress: show a bar where somebody is watching; see ``show_progress``.
        on_epoch: called after each epoch with its ``Epoch``.

    Raises:
        ValueError: no images, another number of labels than of images, images that are not
            floats, a batch size or ``accumulate`` below 1, or ``label_smoothing`` together with
            a ``loss``.
        CheckpointError: ``checkpoint`` is from another run.
    """
    if accumulate < 1:
        raise ValueError(f"expected accumulate of 1 batch or more, found {accumulate}")
    target = pick_device(device)
    model.to(target)
    bytes_too = prepare is not None
    data = on_device(train, target, "train", floats=not bytes_too)
    tested = None if test is None else on_device(test, target, "test", floats=not bytes_too)
    sample = data[0][:2] if prepare is None else prepare(data[0][:2])
    pace = speed.choose_pace(model, sample, precision, channels_last)
    run = _Run(
        model=model,
        forward=speed.compiled(model, compile),
        train=data,
        test=tested,
        epochs=epochs,
        batch_size=batch_size,
        accumulate=accumulate,
        optimizer=make_optimizer(optimizer, model, lr, weight_decay, decay),
        schedule=schedule,
        clip_norm=clip_norm,
        augment=augment,
        prepare=prepare,
        loss=loss,
        train_loss=_smoothed(loss, label_smoothing),
        pace=pace,
        deadline=time.monotonic() + (math.inf if time_budget is None else time_budget),
        on_epoch=on_epoch,
        keeper=_Keeper(checkpoint, resume, settings=_settings(model, data, seed=seed, lr=lr)),
    )
    with ExitStack() as stack:
        stack.enter_context(preserved_modes(model))
        stack.enter_context(speed.algorithms(target, deterministic))
        stack.enter_context(speed.laid_out(model, pace))
        run.generator = stack.enter_context(seeded(seed, target))
        _train(run, progress)
    return run.history
