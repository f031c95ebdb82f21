"""What is done with one batch: step by step, or as a recording that is replayed.

A small network's batch is a hundred short operations, and a GPU waits for Python to launch each of
them. A CUDA graph is recorded once and launched as one. It does the same to the same memory: what
Python would do otherwise the next time is not in it. So a network is looked at before, in
``course.training.trial``, and one that decides in Python goes step by step, as ever. The first
batch that is replayed is done step by step, too: what comes out must be the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from course.device import random_state, set_random_state
from course.training.measuring import Tally
from course.training.optimisers import reads_its_rate, steer_by_numbers, steer_by_tensors
from course.training.recording import Replay, aside, cuda_graph
from course.training.trial import attributes, changes, first_line, has_hooks, obstacle

if TYPE_CHECKING:
    from course.training.loop import Run

Record = Callable[[Callable[[], None]], Replay]
Recorded = tuple[Replay, list[Tensor | None]]
"""A recording, and where it leaves the gradients."""

WARM = 3  # batches that go step by step before the recording: libraries make their choices there
ANEW = 3  # times that it is recorded again, where somebody changes the network between epochs
APART = 0.1  # of what a batch changes: no rounding is as large


class Steps:
    """Takes a run's batches, one after the other.

    Attributes:
        tally: loss and accuracy of the epoch so far.
        why_not: why nothing is recorded; empty where it is.
    """

    def __init__(self, run: Run, capture: bool | None, record: Record | None = None) -> None:
        self.tally = Tally(run.device)
        self.why_not = "it was not asked for" if capture is False else obstacle(run)
        self._run = run
        self._record = record or partial(cuda_graph, device=run.device)
        self._keeps = run.accumulate > 1  # gradients live on from batch to batch
        self._chosen = torch.zeros(run.batch_size, dtype=torch.long, device=run.device)
        self._replays: dict[bool, Recorded] = {}
        self._model = attributes(run.model), _places(run.model)  # as it is recorded
        self._taken = self._anew = 0
        self._inside = reads_its_rate(run.optimizer) and not run.scaler.is_enabled()
        if not self.why_not and self._inside:
            steer_by_tensors(run.optimizer, run.device)

    def begin(self) -> None:
        """An epoch begins. Who looked on may have changed the network since the last."""
        self._zero_gradients()
        self.tally.clear()
        if self._replays and not self._is_as_recorded():
            self._replays.clear()
            self._taken, self._anew = 0, self._anew + 1
            if has_hooks(self._run.model):
                self._give_up("hooks of the model run in Python")
            elif self._anew > ANEW:
                self._give_up("the model is another one after every epoch")

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
            with aside(self._run.device):
                self._by_itself(chosen, share, due)
        else:
            self._replayed(chosen, share, due)
        self.tally.count += len(chosen)

    def close(self) -> None:
        """Rates are numbers again, and the run and its recordings free their memory."""
        steer_by_numbers(self._run.optimizer)
        self._replays.clear()
        del self._run

    # Step by step ------------------------------------------------------------------------------

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

    # Recorded ----------------------------------------------------------------------------------

    def _replayed(self, chosen: Tensor, share: float, due: bool) -> None:
        inside = due and self._inside
        self._chosen.copy_(chosen)
        if inside not in self._replays:
            why_not = self._begun(share, inside)
            if why_not:  # out of its `except`, which would keep the recording's memory
                self._give_up(why_not)
            self._by_itself(chosen, share, due)
            return
        replay, gradients = self._replays[inside]
        replay()
        if due and not inside:
            self._attach(gradients)
            self._update()

    def _give_up(self, why_not: str) -> None:
        self.why_not = why_not
        self._replays.clear()
        steer_by_numbers(self._run.optimizer)

    def _begun(self, share: float, inside: bool) -> str:
        """Record, and see that a replay does what is done step by step; why not, if it does not.

        All is as before afterwards, whatever came out.
        """
        try:
            self._replays[inside] = self._recorded(share, inside)
            self._let_go()
            self._model = attributes(self._run.model), _places(self._run.model)
            return "" if self._does_the_same(share, inside) else "a replay does something else"
        except Exception as error:  # step by step it may do, or the run itself will say
            return f"it could not be recorded: {first_line(error)}"
        finally:
            self._let_go()

    def _recorded(self, share: float, inside: bool) -> Recorded:
        found: list[Tensor | None] = []

        def work() -> None:
            self._learn(self._chosen, share)
            found[:] = [parameter.grad for parameter in self._parameters()]
            if inside:
                self._update()

        return self._record(work), found

    def _does_the_same(self, share: float, inside: bool) -> bool:
        replay, gradients = self._replays[inside]
        written = self._written()
        before, dice = _copies(written), random_state(self._run.device)
        start = self._outcome(inside)
        try:
            replay()
            if not inside:
                self._attach(gradients)
            replayed = self._outcome(inside)
            self._go_back(written, before, dice)
            self._by_itself(self._chosen, share, due=inside)
            found = self._outcome(inside)
        finally:
            self._go_back(written, before, dice)
        return all(map(_alike, start, replayed, found))

    def _outcome(self, inside: bool) -> list[list[Tensor]]:
        """What a batch brings about: weights or gradients, the loss, running statistics."""
        buffers = [one for one in self._run.model.buffers() if one.is_floating_point()]
        learnt = self._parameters() if inside else self._gradients()
        return [_copies(part) for part in (learnt, [self.tally.loss], buffers)]

    def _written(self) -> list[Tensor]:
        """All that lives on from batch to batch."""
        run = self._run
        states = [one for state in run.optimizer.state.values() for one in state.values()]
        tensors = [one for one in states if isinstance(one, Tensor)]
        tensors += [*self._parameters(), *run.model.buffers(), self.tally.loss, self.tally.correct]
        return tensors + self._keeps * self._gradients()

    def _gradients(self) -> list[Tensor]:
        return [p.grad for p in self._parameters() if p.grad is not None]

    @torch.no_grad()
    def _go_back(self, written: list[Tensor], before: list[Tensor], dice: dict[str, Any]) -> None:
        for one, old in zip(written, before, strict=True):
            one.copy_(old)
        set_random_state(dice)
        self._let_go()

    def _let_go(self) -> None:
        """Let go of gradients in a recording's memory."""
        if not self._keeps:  # else they hold what earlier batches left there
            self._zero_gradients()

    def _attach(self, gradients: list[Tensor | None]) -> None:
        for parameter, gradient in zip(self._parameters(), gradients, strict=True):
            parameter.grad = gradient

    def _is_as_recorded(self) -> bool:
        kept, places = self._model
        model = self._run.model
        return not (changes(kept) or has_hooks(model)) and _places(model) == places

    def _parameters(self) -> list[nn.Parameter]:
        return list(self._run.model.parameters())


def _places(model: nn.Module) -> list[tuple[int, bool]]:
    """Where weights and buffers lie and whether they learn, and which layers there are."""
    tensors = [*model.parameters(), *model.buffers()]
    layers = [(id(layer), layer.training) for layer in model.modules()]
    return [*layers, *((one.data_ptr(), one.requires_grad) for one in tensors)]


def _copies(tensors: Sequence[Tensor]) -> list[Tensor]:
    return [one.detach().clone() for one in tensors]


def _alike(start: list[Tensor], one: list[Tensor], other: list[Tensor]) -> bool:
    """Whether two ways from ``start`` came to the same, up to rounding.

    Where ``start`` is empty they list gradients, which were nothing then. What is not finite is
    told elsewhere.
    """
    start = start or [torch.zeros_like(tensor) for tensor in other]
    if len(one) != len(other):
        return False
    apart = _length([a - b for a, b in zip(one, other, strict=True)])
    moved = _length([b - a for a, b in zip(start, other, strict=True)])
    return not math.isfinite(moved) or apart <= APART * moved


def _length(tensors: list[Tensor]) -> float:
    """Euclidean norm of all together."""
    return math.hypot(*(float(one.double().norm()) for one in tensors))
