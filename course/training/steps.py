"""What is done with one batch: step by step, or as a recording that is replayed.

A small network's batch is a hundred short operations, and a GPU waits for Python to launch each of
them. A CUDA graph is recorded once and launched as one. It does the same to the same memory: what
Python would do otherwise the next time is not in it. So a network is looked at before, and one that
decides in Python goes step by step, as ever.
"""

from __future__ import annotations

import gc
import operator
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from course.device import seeded
from course.instruments import preserved_modes
from course.training.measuring import Tally
from course.training.optimisers import reads_its_rate, steer_by_numbers, steer_by_tensors

if TYPE_CHECKING:
    from course.training.loop import Run

Replay = Callable[[], object]
Record = Callable[[Callable[[], None]], Replay]

WARM = 3  # batches that go step by step before the recording: libraries make their choices there
WORTH = 50  # batches that must come, or the recording takes longer than it saves


class Steps:
    """Takes a run's batches, one after the other.

    Attributes:
        tally: loss and accuracy of the epoch so far.
        why_not: why nothing is recorded; empty where it is.
    """

    def __init__(self, run: Run, capture: bool, record: Record | None = None) -> None:
        self.tally = Tally(run.device)
        self.why_not = obstacle(run) if capture else "it was not asked for"
        self._run = run
        self._record = record or partial(_cuda_graph, device=run.device)
        self._keeps = run.accumulate > 1  # gradients live on from batch to batch
        self._chosen = torch.zeros(run.batch_size, dtype=torch.long, device=run.device)
        self._replays: dict[bool, tuple[Replay, list[Tensor | None]]] = {}
        self._taken = 0
        self._inside = reads_its_rate(run.optimizer) and not run.scaler.is_enabled()
        if not self.why_not and self._inside:
            steer_by_tensors(run.optimizer, run.device)

    def begin(self) -> None:
        """An epoch begins."""
        self._zero_gradients()
        self.tally.clear()

    def take(self, chosen: Tensor, share: float, due: bool) -> None:
        """Learn from a batch.

        Args:
            chosen: places ``(B,)`` of its images in the training set.
            share: of the images whose gradients are summed for an update, how many it has.
            due: whether the update follows.
        """
        usual = len(chosen) == self._run.batch_size and share == 1 / self._run.accumulate
        if self.why_not or not usual:
            self._by_itself(chosen, share, due)
        elif self._taken < WARM * self._run.accumulate:
            self._taken += 1
            with _aside(self._run.device):
                self._by_itself(chosen, share, due)
        else:
            self._replayed(chosen, share, due)
        self.tally.count += len(chosen)

    def close(self) -> None:
        """Rates are numbers again, and the recordings' memory is free."""
        steer_by_numbers(self._run.optimizer)
        self._replays.clear()

    def _by_itself(self, chosen: Tensor, share: float, due: bool) -> None:
        self._learn(chosen, share)
        if due:
            self._update()

    def _learn(self, chosen: Tensor, share: float) -> None:
        run = self._run
        images, labels = run.train[0][chosen], run.train[1][chosen]
        outputs = run.outputs(run.augment(images))
        loss = run.train_loss(outputs, labels)
        run.scaler.scale(loss * share).backward()
        self.tally.add(loss, outputs, labels)

    def _update(self) -> None:
        run = self._run
        if run.clip_norm is not None:
            run.scaler.unscale_(run.optimizer)
            nn.utils.clip_grad_norm_(run.model.parameters(), run.clip_norm)
        run.scaler.step(run.optimizer)
        run.scaler.update()
        self._zero_gradients()

    def _zero_gradients(self) -> None:
        self._run.optimizer.zero_grad(set_to_none=not self._keeps)

    def _replayed(self, chosen: Tensor, share: float, due: bool) -> None:
        inside = due and self._inside
        self._chosen.copy_(chosen)
        if inside not in self._replays:
            try:
                self._replays[inside] = self._recorded(share, inside)
            except Exception as error:  # step by step it may do, or the run itself will say
                self.why_not = f"it could not be recorded: {_first_line(error)}"
                if not self._keeps:  # else they hold what earlier batches left there
                    self._zero_gradients()
                self._by_itself(chosen, share, due)
                return
        replay, gradients = self._replays[inside]
        replay()
        if due and not inside:
            for parameter, gradient in zip(self._parameters(), gradients, strict=True):
                parameter.grad = gradient
            self._update()

    def _recorded(self, share: float, inside: bool) -> tuple[Replay, list[Tensor | None]]:
        found: list[Tensor | None] = []

        def work() -> None:
            self._learn(self._chosen, share)
            found[:] = [parameter.grad for parameter in self._parameters()]
            if inside:
                self._update()

        return self._record(work), found

    def _parameters(self) -> list[nn.Parameter]:
        return list(self._run.model.parameters())


def _cuda_graph(work: Callable[[], None], device: torch.device) -> Replay:
    """Record it. A failure leaves the stream and the random numbers as they were: torch ends a
    broken recording halfway, and each draw after it would raise.
    """
    graph, usual = torch.cuda.CUDAGraph(), torch.cuda.current_stream(device)
    dice = torch.cuda.default_generators[usual.device_index]
    kept = dice.clone_state()
    try:
        aside = torch.cuda.graph(graph, stream=torch.cuda.Stream(device))
        with torch.cuda.device(device), _no_collection(), aside:
            work()
    except BaseException:
        torch.cuda.set_stream(usual)
        dice.graphsafe_set_state(kept)
        raise
    return graph.replay


@contextmanager
def _no_collection() -> Iterator[None]:
    """An older recording that Python throws away in this block would spoil the new one."""
    gc.collect()
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _aside(device: torch.device) -> Iterator[None]:
    """On a stream of its own, as torch asks for what goes before a recording."""
    if device.type != "cuda":
        yield
        return
    stream, usual = torch.cuda.Stream(device), torch.cuda.current_stream(device)
    stream.wait_stream(usual)
    with torch.cuda.stream(stream):
        yield
    usual.wait_stream(stream)


# May it be recorded? ---------------------------------------------------------------------------


def obstacle(run: Run) -> str:
    """Why a run's batches must go step by step; empty where they need not.

    One batch is tried, on copies of the running statistics: does it wait for the device, draw
    random numbers elsewhere, or leave another network behind? What it does in Python at every
    hundredth batch only is not found.
    """
    if run.device.type != "cuda":
        return f"there are no graphs on {run.device.type}"
    if run.batches_per_epoch * run.epochs < WORTH:
        return f"fewer than {WORTH} batches are no gain"
    if len(run.train[0]) < run.batch_size:
        return "there is no whole batch"
    if run.forward is not run.model:
        return "torch.compile does it its own way"
    if has_hooks(run.model):
        return "hooks of the model run in Python"
    return trouble_with(run)


def trouble_with(run: Run) -> str:
    """What a batch does that a recording would not; empty where nothing was found."""
    images, labels = (one[: run.batch_size] for one in run.train)
    before = attributes(run.model)
    with seeded(0, run.device), preserved_modes(run.model):
        run.model.train()
        drawn, told = _random_numbers(), ""
        try:
            with _no_waiting(run.device):
                _try(run, images, labels)
        except Exception as error:  # the run itself will say, if it is a mistake
            told = f"a batch can't go by without Python: {_first_line(error)}"
        if not told and _random_numbers() != drawn:
            told = "random numbers are drawn on the CPU"
    changed = put_back(before)
    return told or (f"{changed} is another after every batch" if changed else "")


def _try(run: Run, images: Tensor, labels: Tensor) -> None:
    buffers = {name: buffer.clone() for name, buffer in run.model.named_buffers()}
    placed = run.pace.place(run.prepare(run.augment(images)))
    with run.pace.autocast(run.device):
        outputs = torch.func.functional_call(run.model, buffers, (placed,))
    parameters = [p for p in run.model.parameters() if p.requires_grad]
    torch.autograd.grad(run.train_loss(outputs, labels), parameters, allow_unused=True)


@contextmanager
def _no_waiting(device: torch.device) -> Iterator[None]:
    """Whatever waits for a GPU raises in this block."""
    if device.type != "cuda":
        yield
        return
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _random_numbers() -> tuple[Any, ...]:
    """Where Python's, NumPy's and torch's random numbers on the CPU stand."""
    return random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist()


def attributes(model: nn.Module) -> list[tuple[str, nn.Module, dict[str, Any]]]:
    """What a model's modules keep besides layers and tensors; of lists, what is in them."""
    return [
        (where or "model", one, {k: _copied(v) for k, v in vars(one).items() if k[0] != "_"})
        for where, one in model.named_modules()
    ]


def put_back(before: list[tuple[str, nn.Module, dict[str, Any]]]) -> str:
    """Undo what a trial has changed there; the name of one thing that it changed."""
    found = ""
    for name, module, kept in before:
        for key in [key for key in vars(module) if key[0] != "_"]:
            value = vars(module)[key]
            if key in kept and _same(value, kept[key]):
                continue
            found = found or f"{name}.{key}"
            if isinstance(value, list) and isinstance(kept.get(key), list):
                value[:] = kept[key]
            elif key in kept:
                setattr(module, key, kept[key])
            else:
                delattr(module, key)
    return found


def _copied(value: Any) -> Any:
    return list(value) if isinstance(value, list) else value


def _same(value: Any, other: Any) -> bool:
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(operator.is_, value, other))
    return value is other or (isinstance(value, int | float | str) and value == other)


def has_hooks(model: nn.Module) -> bool:
    """Whether Python of somebody's runs beside the model's own."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return any(getattr(module, kind, None) for module in model.modules() for kind in kinds) or any(
        parameter._backward_hooks for parameter in model.parameters()
    )
