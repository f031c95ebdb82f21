"""Several networks of one architecture, trained at once: :func:`fit_each`.

A small network leaves most of a GPU idle, so ten of them can learn in hardly more time than one.
Their weights are stacked, ``(M, *shape)`` for ``M`` networks, and :func:`torch.vmap` computes all
of them in one pass. Each keeps its own order of images, as its seed says, so that it learns what
it would have learnt alone, up to rounding. Random numbers inside a step (dropout, augmentation)
are each network's own, but other ones than alone: there it is the same only on average.
"""

from __future__ import annotations

import copy
import inspect
import math
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from course.data.sampling import order_of
from course.device import pick_device, seeded, synchronise
from course.instruments import preserved_modes
from course.training import speed
from course.training.history import Epoch, Evaluation, History
from course.training.loop import Run, fit, ignore, smoothed, unchanged
from course.training.measuring import LabelledImages, on_device
from course.training.optimisers import OWN, make_optimizer
from course.training.progress import bar
from course.training.trial import WORTH, attributes, has_hooks, put_back

Stack = dict[str, Tensor]
"""Tensors of all networks by name, ``(M, *shape)``."""

ALONE = {  # options of fit that one network has for itself, and what each is good for
    "accumulate": "gradients are summed over batches",
    "checkpoint": "a checkpoint is of one network",
    "clip_norm": "gradients are clipped",
    "compile": "torch.compile was asked for",
    "decay": "weights and biases shrink apart",
    "deterministic": "the same bits were asked for",
    "on_epoch": "somebody looks on after each epoch",
    "time_budget": "a time budget is of one network",
}
ROUNDS = 5  # steps that are timed, of each way; the best counts
PULSE = 25  # batches after which the device is waited for


def fit_each(
    models: Sequence[nn.Module],
    seeds: Sequence[int],
    train: LabelledImages,
    *,
    together: bool | None = None,
    **options: Any,
) -> list[History]:
    """Train several fresh networks of one architecture in place, each from its own seed.

    As ``[fit(model, train, seed=seed, **options) ...]``, and on a GPU all at once where that can
    be and is faster; ``history.pace`` says what was done, and why. Of networks that learn at once
    ``history.seconds`` is each one's share of the time.

    Args:
        seeds: one for each model: the order of its batches.
        together: ``True`` at once wherever it can be, ``False`` one at a time. By default at once
            on a GPU, if a few steps show that it is faster.
        options: what ``fit`` takes besides.

    Raises:
        ValueError: another number of seeds than of models, or as ``fit``.
    """
    if len(models) != len(seeds):
        raise ValueError(f"expected a seed for each of {len(models)} models, found {len(seeds)}")
    why_not = "it was not asked for" if together is False else ""
    if together is None and not worth_a_try(options):
        why_not = f"no gain on {pick_device(options.get('device')).type}"
    why_not = why_not or obstacle(models, options)
    if not why_not:
        crowd = _Crowd(models, seeds, train, options)
        why_not = crowd.trouble() or ("" if together else crowd.slower())
        if not why_not:
            return crowd.train()
    return [
        _told(fit(model, train, seed=seed, **options), f"one at a time: {why_not}")
        for model, seed in zip(models, seeds, strict=True)
    ]


def worth_a_try(options: Mapping[str, Any]) -> bool:
    """Whether there may be a gain: on a GPU, unless an option is for one network alone."""
    return pick_device(options.get("device")).type == "cuda" and not _for_one(options)


def _told(history: History, how: str) -> History:
    history.pace = f"{history.pace}, {how}".removeprefix(", ")
    return history


def obstacle(models: Sequence[nn.Module], options: Mapping[str, Any]) -> str:
    """Why these networks can't learn at once, as far as it shows before a step; else empty."""
    if _for_one(options):
        return _for_one(options)
    if len(models) < 2:
        return "there is one alone"
    if len({repr(model) for model in models}) > 1 or len({_sizes(model) for model in models}) > 1:
        return "they are of several architectures"
    if any(has_hooks(model) for model in models):
        return "hooks of a model run in Python"
    if not all(p.requires_grad for p in models[0].parameters()):
        return "some of their weights are frozen"
    if len({id(p) for model in models for p in model.parameters()}) < sum(
        len(list(model.parameters())) for model in models
    ):
        return "they share weights"
    return ""


def _for_one(options: Mapping[str, Any]) -> str:
    usual = {"accumulate": 1, "decay": "all", "compile": False, "deterministic": False}
    asked = [why for name, why in ALONE.items() if options.get(name) not in (None, usual.get(name))]
    if options.get("precision") == "float16":
        asked.append("float16 needs its loss scaled")
    return asked[0] if asked else ""


def _sizes(model: nn.Module) -> tuple[Any, ...]:
    return tuple((name, value.shape, value.dtype) for name, value in model.state_dict().items())


class _Crowd:
    """The networks on their way.

    Attributes:
        weights, buffers: of all networks, stacked: ``(M, *shape)``.
    """

    def __init__(
        self,
        models: Sequence[nn.Module],
        seeds: Sequence[int],
        train: LabelledImages,
        options: Mapping[str, Any],
    ) -> None:
        self.models, self.seeds = models, seeds
        given = inspect.signature(fit).bind(models[0], train, **options)
        given.apply_defaults()
        asked = given.arguments
        device = pick_device(asked["device"])
        for model in models:
            model.to(device)
        self.shared = copy.deepcopy(models[0])  # its layers compute; its own tensors are not used
        parameters = _stacked([dict(model.named_parameters()) for model in models])
        self.weights: Stack = {name: nn.Parameter(one) for name, one in parameters.items()}
        self.buffers = _stacked([dict(model.named_buffers()) for model in models])
        half = asked["precision"] == "bfloat16"  # if asked for: small networks lose by converting
        self.pace = speed.Pace(torch.contiguous_format, torch.bfloat16 if half else torch.float32)
        self.asked = asked
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.run = _run(self.shared, list(self.weights.values()), device, asked)

    # One step ----------------------------------------------------------------------------------

    def losses(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Any]:
        """Mean loss of each network on its batch, ``(M,)``, and what it says of the images.

        Args:
            images: ``(M, B, C, H, W)``, a batch for each.
            labels: ``(M, B)``.
        """

        def one(weights: Stack, buffers: Stack, images: Tensor, labels: Tensor) -> Any:
            tensors = weights | buffers
            outputs = speed.in_float32(functional_call(self.shared, tensors, (images,)))
            # What a layer has put in the place of a running statistic is in `tensors` now.
            changed = {name: tensors[name] for name in buffers}
            return self.run.train_loss(outputs, labels), _answers(outputs), changed

        with self.pace.autocast(self.run.device):
            losses, answers, self.buffers = torch.vmap(one, randomness="different")(
                self.weights, dict(self.buffers), images, labels
            )
        return losses, answers.detach()

    def learn(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """One update of all; summed loss and number of right answers of each, ``(M,)``.

        Args:
            chosen: places of each network's images in the training set, ``(M, B)``.
        """
        labels = self.run.train[1][chosen]
        losses, answers = self.losses(self._images(chosen), labels)
        self.run.optimizer.zero_grad(set_to_none=True)
        losses.sum().backward()  # each weight is in one loss alone: its gradient is its own
        self.run.optimizer.step()
        right = (answers.argmax(dim=2) == labels).sum(dim=1)
        return losses.detach() * chosen.shape[1], right

    def _images(self, chosen: Tensor) -> Tensor:
        """Every image with its own random numbers, as ``augment`` gives them."""
        images = self.run.train[0][chosen.flatten()]
        changed = self.run.prepare(self.run.augment(images))
        return changed.unflatten(0, chosen.shape)

    @torch.no_grad()
    def answers(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Loss and number of right answers of each network on the same images, ``(M,)``."""

        def one(weights: Stack, buffers: Stack) -> tuple[Tensor, Tensor]:
            outputs = functional_call(self.shared, (weights, buffers), (images,))
            outputs = speed.in_float32(outputs)
            right = (_answers(outputs).argmax(dim=1) == labels).sum()
            return self.run.loss(outputs, labels), right

        with self.pace.autocast(self.run.device):
            losses, right = torch.vmap(one, randomness="different")(self.weights, self.buffers)
        return losses * len(labels), right

    # May it be, and is it faster? --------------------------------------------------------------

    def trouble(self) -> str:
        """Why a step of all at once does not work, or would not be what each does alone."""
        if type(self.run.optimizer) not in OWN:
            return f"{type(self.run.optimizer).__name__} may mix what it updates"
        before, kept, told = attributes(self.shared), self._copies(), ""
        with seeded(0, self.run.device), preserved_modes(self.shared):
            self.shared.train()
            try:
                self._try(*self._some())
            except Exception as error:  # whatever it is: alone it may do, or says so itself
                first = (str(error).splitlines() or [type(error).__name__])[0]
                told = f"a step of all at once stops with: {first}"
        self.buffers = kept
        changed = put_back(before)
        return told or (f"{changed} is another after every batch" if changed else "")

    def slower(self) -> str:
        """What the clock says against it; empty where all at once are faster."""
        kept, (images, labels) = self._copies(), self._some()
        with (
            seeded(0, self.run.device),
            preserved_modes(self.shared),
            speed.algorithms(self.run.device, deterministic=False),
        ):
            self.shared.train()
            at_once = self._fastest(lambda: self._try(images, labels))
            alone = self._alone(images[0]) * len(self.models)
        self.buffers = kept
        if at_once < alone:
            return ""
        return f"a step of all took {1000 * at_once:.2f} ms at once, {1000 * alone:.2f} ms alone"

    def _alone(self, images: Tensor) -> float:
        """Seconds of one network's batch as ``fit`` computes it, recorded where that may be."""
        model, many = self.models[0], self.run.batches >= WORTH
        recorded = many and self.asked["capture"] is not False
        how = self.asked["precision"], self.asked["channels_last"], recorded
        return speed.seconds(model, images, speed.choose_pace(model, images, *how), recorded)

    def _try(self, images: Tensor, labels: Tensor) -> None:
        losses, _ = self.losses(images, labels)
        torch.autograd.grad(losses.sum(), list(self.weights.values()), allow_unused=True)

    def _some(self) -> tuple[Tensor, Tensor]:
        first = torch.arange(min(self.run.batch_size, len(self.run.train[0])))
        chosen = first.to(self.run.device).expand(len(self.models), -1)
        return self._images(chosen), self.run.train[1][chosen]

    def _copies(self) -> Stack:
        return {name: value.clone() for name, value in self.buffers.items()}

    def _fastest(self, step: Any) -> float:
        times = []
        for _ in range(ROUNDS):
            synchronise(self.run.device)
            start = time.perf_counter()
            step()
            synchronise(self.run.device)
            times.append(time.perf_counter() - start)
        return min(times)

    # All epochs --------------------------------------------------------------------------------

    def train(self) -> list[History]:
        """Train all, and give each network its weights back."""
        histories = [History() for _ in self.models]
        run, total = self.run, self.run.batches
        with ExitStack() as stack:
            stack.enter_context(preserved_modes(self.shared))
            stack.enter_context(speed.algorithms(run.device, deterministic=False))
            stack.enter_context(seeded(self.seeds[0], run.device))
            stack.callback(self._give_back)
            run.bar = stack.enter_context(bar(total, 0, bool(self.asked["progress"])))
            try:
                for number in range(1, run.epochs + 1):
                    self._one_epoch(number, histories)
            except KeyboardInterrupt:
                for history in histories:
                    history.stopped_by = history.stopped_by or "interrupt"
                    history.message = "interrupted: the weights learnt so far are kept"
        how = f"{str(self.pace.dtype).removeprefix('torch.')}, {len(self.models)} at once"
        return [_told(history, how) for history in histories]

    def _one_epoch(self, number: int, histories: Sequence[History]) -> None:
        run = self.run
        run.bar.set_description_str(f"epoch {number}/{run.epochs}", refresh=False)
        start = time.perf_counter()
        trained = self._pass_over_training_set(number)
        synchronise(run.device)
        seconds = (time.perf_counter() - start) / len(self.models)
        tested = self._tested()
        for place, history in enumerate(histories):
            if history.stopped_by:
                continue  # its loss is not finite any more, nor will it be
            history.epochs.append(
                Epoch(number, *trained[place], *tested[place], seconds, run.throttle.lr)
            )
            if not math.isfinite(trained[place].loss):
                history.stopped_by = "non-finite loss"
                history.message = f"stopped in epoch {number}: the loss is not finite"

    def _pass_over_training_set(self, number: int) -> list[Evaluation]:
        run, images = self.run, self.run.train[0]
        self.shared.train()
        orders = torch.stack([order_of(images, generator) for generator in self.generators])
        losses = torch.zeros(len(self.models), device=run.device)
        right = torch.zeros(len(self.models), device=run.device)
        first = (number - 1) * run.updates_per_epoch
        for step, chosen in enumerate(orders.split(run.batch_size, dim=1)):
            run.throttle.set(first + step)
            summed, correct = self.learn(chosen)
            losses, right = losses + summed, right + correct
            run.bar.update()
            if step % PULSE == 0:
                synchronise(run.device)  # or Ctrl-C would wait for all that was asked for
        return _means(losses, right, len(images))

    def _tested(self) -> list[Evaluation]:
        run = self.run
        if run.test is None:
            return [Evaluation(math.nan, math.nan)] * len(self.models)
        self.shared.eval()
        size, images = max(run.batch_size, 512), run.prepare(run.test[0])
        parts = [
            self.answers(*part)
            for part in zip(images.split(size), run.test[1].split(size), strict=True)
        ]
        losses, right = (torch.stack(sums).sum(dim=0) for sums in zip(*parts, strict=True))
        return _means(losses, right, len(images))

    @torch.no_grad()
    def _give_back(self) -> None:
        for place, model in enumerate(self.models):
            for name, value in (*model.named_parameters(), *model.named_buffers()):
                value.copy_((self.weights | self.buffers)[name][place])


def _run(
    model: nn.Module, weights: list[Tensor], device: torch.device, asked: Mapping[str, Any]
) -> Run:
    """What ``fit`` would prepare, for all the weights."""
    floats = asked["prepare"] is None
    test = asked["test"]
    steered = nn.ParameterList(weights)
    return Run(
        model=model,
        train=on_device(asked["train"], device, "train", floats=floats),
        test=None if test is None else on_device(test, device, "test", floats=floats),
        epochs=asked["epochs"],
        batch_size=asked["batch_size"],
        accumulate=1,
        optimizer=make_optimizer(asked["optimizer"], steered, asked["lr"], asked["weight_decay"]),
        schedule=asked["schedule"],
        clip_norm=None,
        augment=asked["augment"] or unchanged,
        prepare=asked["prepare"] or unchanged,
        loss=asked["loss"],
        train_loss=smoothed(asked["loss"], asked["label_smoothing"]),
        deadline=math.inf,
        on_epoch=ignore,
    )


def _stacked(several: Sequence[Mapping[str, Tensor]]) -> Stack:
    return {
        name: torch.stack([tensors[name].detach() for tensors in several]) for name in several[0]
    }


def _means(losses: Tensor, right: Tensor, count: int) -> list[Evaluation]:
    pairs = zip(losses.tolist(), right.tolist(), strict=True)
    return [Evaluation(loss / count, int(correct) / count) for loss, correct in pairs]


def _answers(outputs: Any) -> Tensor:
    """Of several outputs, the first is the answer."""
    answer: Tensor = outputs if isinstance(outputs, Tensor) else outputs[0]
    return answer
