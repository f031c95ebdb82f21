"""A batch's work that is recorded once: the same weights as step by step, or a reason why not."""

from __future__ import annotations

import gc
import random
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from course import augment, data
from course.training import fit, loop, recording, schedules, steps, trial

IMAGES = torch.randn(72, 2, 6, 6, generator=torch.Generator().manual_seed(0))
LABELS = torch.randint(3, (72,), generator=torch.Generator().manual_seed(1))
BYTES = data.Dataset(
    "noise", "", *2 * [data.Split(torch.zeros(1, 2, 6, 6).byte(), torch.zeros(1).long())],
    ("a", "b", "c"), (0.4, 0.5), (0.2, 0.3),
)  # fmt: skip


WAITS = (
    "_local_scalar_dense",  # item(), float(), a branch
    "lift_fresh",  # torch.tensor of Python's numbers, which are copied then
    "nonzero",  # places of what is true
)


class Recorder(TorchDispatchMode):
    """What a CUDA graph is, on a CPU: the same operations again, on the same memory, without
    Python; what would make a GPU wait can't be recorded.

    Nothing is done while it records, and what it makes lies in memory of its own, which is worth
    nothing until a replay has written to it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[tuple[Any, Any, Any, list[Tensor]]] = []
        self.before: dict[int, tuple[Tensor, Tensor]] = {}  # what the work wrote to, as it was
        self.own: dict[int, Tensor] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if any(one in str(func) for one in WAITS):
            raise RuntimeError("operation not permitted when stream is capturing")
        given = [x for x in tree_flatten((args, kwargs or {}))[0] if isinstance(x, Tensor)]
        for one in given:
            if place(one) not in self.own and place(one) not in self.before:
                self.before[place(one)] = one, whole(one).clone()
        found = func(*args, **(kwargs or {}))
        made = [x for x in tree_flatten(found)[0] if isinstance(x, Tensor)]
        for one in made:
            if place(one) not in self.before:
                self.own[place(one)] = one
        self.operations.append((func, args, kwargs or {}, made))
        return found

    @torch.no_grad()
    def undo(self) -> None:
        """As if nothing had been done."""
        for one, old in self.before.values():
            whole(one).copy_(old)
        self.spoil()

    @torch.no_grad()
    def spoil(self) -> None:
        """Others may have used a recording's memory between two replays."""
        for one in self.own.values():
            if one.is_floating_point():
                whole(one).fill_(float("nan"))

    @torch.no_grad()
    def replay(self) -> None:
        self.spoil()
        for func, args, kwargs, made in self.operations:
            again = func(*args, **kwargs)
            new = [x for x in tree_flatten(again)[0] if isinstance(x, Tensor)]
            for old, one in zip(made, new, strict=True):
                if place(old) != place(one):
                    old.copy_(one)


def place(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def whole(tensor: Tensor) -> Tensor:
    """All of the memory that a tensor is a view of."""
    flat = tensor.detach().untyped_storage().nbytes() // tensor.element_size()
    return tensor.detach().as_strided((flat,), (1,), 0)


def record(work: Callable[[], None]) -> Callable[[], None]:
    recorder, dice = Recorder(), torch.get_rng_state()
    try:
        with recorder:
            work()
    finally:
        recorder.undo()
        torch.set_rng_state(dice)
    return recorder.replay


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Runs that ask for it are recorded as above; the reasons of those that are not."""
    why: list[str] = []

    class Steps(steps.Steps):
        def __init__(self, run: Any, capture: bool) -> None:
            super().__init__(run, capture, record)

        def close(self) -> None:
            why.append(self.why_not)
            super().close()

    def obstacle(run: Any) -> str:
        return trial.has_hooks(run.model) * "hooks" or trial.trouble_with(run)

    # The CPU's random numbers are those of the device here; on a GPU they are not.
    monkeypatch.setattr(trial, "_random_numbers", random.getstate)
    monkeypatch.setattr(steps, "obstacle", obstacle)
    monkeypatch.setattr(loop, "Steps", Steps)
    return why


def network() -> nn.Sequential:
    torch.manual_seed(0)
    layers = [nn.Conv2d(2, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten()]
    return nn.Sequential(*layers, nn.Dropout(0.3), nn.Linear(144, 3))


def trained(capture: bool | None, model: nn.Module | None = None, **options: Any) -> Any:
    model = model or network()
    wanted = {"epochs": 3, "batch_size": 8, "device": "cpu", "test": (IMAGES, LABELS)} | options
    history = fit(model, (IMAGES, LABELS), capture=capture, progress=False, **wanted)
    return model.state_dict(), history


RUNS: dict[str, dict[str, Any]] = {
    "plain": {},
    "a smaller last batch": {"batch_size": 10},
    "a schedule": {"schedule": schedules.one_cycle(), "optimizer": torch.optim.SGD},
    "Adam": {"optimizer": torch.optim.Adam, "lr": 0.01, "schedule": schedules.cosine()},
    "accumulation": {"accumulate": 2, "batch_size": 7, "schedule": schedules.one_cycle()},
    "clipping": {"clip_norm": 0.5, "weight_decay": 0.01, "decay": "weights"},
    "augmentation": {"augment": augment.Chain(augment.Crop(padding=1), augment.Flip())},
    "colours, cutout, fills": {
        "augment": augment.Chain(
            augment.Crop(1, fill=(0.1, 0.2)),
            augment.Cutout(2, fill=0.5),
            augment.ColourJitter(0.4, 0.4, black=(0.0, 0.1)),
            augment.Cutout(2, fill=(0.5, 0.6)),
        )
    },
    "bytes that are normalised": {
        "prepare": lambda images: BYTES.normalise(images.mul(40).add(128).clamp(0, 255).byte())
    },
    "an optimiser of one's own": {"optimizer": torch.optim.RMSprop, "lr": 0.001},
    "SGD that is not fused": {"optimizer": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9)},
    "and accumulation": {"optimizer": torch.optim.RMSprop, "lr": 0.001, "accumulate": 3},
}


@pytest.mark.parametrize("options", RUNS.values(), ids=RUNS)
def test_a_recorded_run_learns_the_same(options: dict[str, Any], recorded: list[str]) -> None:
    (found, history), (expected, usual) = (trained(capture, **options) for capture in (True, False))
    assert recorded[0] == ""
    assert "recorded" in history.pace
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-4, atol=1e-5)
    for epoch, other in zip(history.epochs, usual.epochs, strict=True):
        assert epoch.train_loss == pytest.approx(other.train_loss, rel=1e-4)
        assert epoch.train_accuracy == pytest.approx(other.train_accuracy, abs=0.02)
        assert epoch.lr == other.lr  # to the last digit, and nobody waits for it


def test_it_is_replayed_and_not_done_again(recorded: list[str]) -> None:
    calls = []

    class Counting(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            calls.append(len(x))
            return super().forward(x.flatten(1))

    trained(True, Counting(72, 3), epochs=4, test=None)
    assert len(calls) < 10  # of 36 batches


def test_a_run_goes_on_from_where_it_was(recorded: list[str], tmp_path: Any) -> None:
    whole, _ = trained(True, epochs=4)
    path = tmp_path / "run.pt"
    trained(True, epochs=2, checkpoint=path)
    rest, history = trained(True, epochs=4, checkpoint=path)
    assert len(history) == 4
    for name, tensor in whole.items():
        torch.testing.assert_close(rest[name], tensor, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
def test_a_recorded_run_can_go_on_step_by_step(
    optimizer: Any, recorded: list[str], tmp_path: Any
) -> None:
    made: list[torch.optim.Optimizer] = []

    def make(parameters: Any, lr: float, **options: Any) -> torch.optim.Optimizer:
        made.append(optimizer(parameters, lr=lr, fused=True))
        return made[-1]

    options = {"optimizer": make, "checkpoint": tmp_path / "run.pt", "lr": 0.01}
    trained(True, epochs=2, **options)
    saved = torch.load(tmp_path / "run.pt", weights_only=True)
    for group in saved["optimizer"]["param_groups"]:
        assert isinstance(group["lr"], Tensor)
        group.update({"capturable": True} if "capturable" in group else {})  # as on a GPU
    torch.save(saved, tmp_path / "run.pt")
    trained(False, epochs=4, **options)
    assert {type(group["lr"]) for group in made[-1].param_groups} == {float}
    assert not any(group.get("capturable") for group in made[-1].param_groups)


class Odd(nn.Module):
    """One linear layer, and something that a recording would not do."""

    def __init__(self, does: Callable[[Any, Tensor], Tensor]) -> None:
        super().__init__()
        self.layer, self.does = nn.Linear(72, 3), does
        self.calls, self.kept = 0, [0.0]

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.layer(self.does(self, x.flatten(1)))
        return scores


def counts(model: Any, x: Tensor) -> Tensor:
    model.calls += 1
    return x if model.calls % 2 else -x


def collects(model: Any, x: Tensor) -> Tensor:
    model.kept.append(1.0)
    return x


def hidden(model: Any, x: Tensor) -> Tensor:
    model._calls = getattr(model, "_calls", 0) + 1
    return x


def remembers(model: Any, x: Tensor) -> Tensor:
    model.known = getattr(model, "known", {}) | {len(getattr(model, "known", {})): 1.0}
    return x


DICE = np.random.default_rng(0)
TURNS: list[int] = []


def turns(model: Any, x: Tensor) -> Tensor:
    TURNS.append(1)
    return x.flip(1) if len(TURNS) % 2 else x + 0


def hooked() -> nn.Module:
    model = network()
    model[0].register_forward_hook(lambda layer, args, output: None)
    return model


TROUBLES: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "counts its calls": (lambda: Odd(counts), "model.calls"),
    "collects": (lambda: Odd(collects), "model.kept"),
    "Python's dice": (lambda: Odd(lambda m, x: x * (random.random() < 0.9)), "on the CPU"),
    "hooks": (hooked, "hooks"),
    "a count of its own": (lambda: Odd(hidden), "model._calls"),
    "a dict": (lambda: Odd(remembers), "model.known"),
    "dice of its own": (lambda: Odd(lambda m, x: x * DICE.normal()), "what the one before did"),
    "a turn each time": (lambda: Odd(turns), "aten.flip"),
}


@pytest.mark.parametrize(("make", "why"), TROUBLES.values(), ids=TROUBLES)
def test_what_decides_in_python_trains_all_the_same(
    make: Callable[[], nn.Module], why: str, recorded: list[str]
) -> None:
    results = []
    for capture in (True, False):
        torch.manual_seed(0)
        random.seed(0)
        model = make()
        DICE.bit_generator.state = np.random.default_rng(0).bit_generator.state
        TURNS.clear()
        results.append(trained(capture, model, epochs=1)[0])
    assert why in recorded[0]
    if "before" in recorded[0]:
        return  # what is not the model's own goes on where the trial left it
    for name, tensor in results[1].items():
        torch.testing.assert_close(results[0][name], tensor)


def test_a_recording_that_fails_is_told_and_loses_nothing(recorded: list[str]) -> None:
    """It looks at a number of its own, which no trial on a CPU would mind."""
    make = partial(Odd, lambda m, x: x * float(m.layer.bias[0] > -9))
    torch.manual_seed(0)
    model = make()
    other = make()
    other.load_state_dict(model.state_dict())
    found, history = trained(True, model)
    expected, _ = trained(False, other)
    assert "could not be recorded: operation not permitted" in history.pace
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor)


@pytest.mark.parametrize("options", [{}, {"optimizer": torch.optim.RMSprop}, {"accumulate": 2}])
def test_a_replay_that_does_something_else_is_noticed(
    options: dict[str, Any], recorded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here it does nothing at all."""
    monkeypatch.setattr(Recorder, "replay", lambda self: None)
    rates: set[type] = set()
    given_up = steps.Steps._give_up

    def give_up(self: Any, why_not: str) -> None:
        given_up(self, why_not)
        rates.update(type(group["lr"]) for group in self._run.optimizer.param_groups)

    monkeypatch.setattr(steps.Steps, "_give_up", give_up)
    found, history = trained(True, lr=0.01, **options)
    assert rates == {float}  # as if nothing had been tried
    expected, _ = trained(False, lr=0.01, **options)
    assert history.pace.endswith("step by step: a replay does something else")
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor)


CHANGES: dict[str, Callable[[nn.Module], object]] = {
    "dropout": lambda model: setattr(model[4], "p", 0.0),
    "a frozen layer": lambda model: model[0].requires_grad_(False),
    "another layer": lambda model: model.__setitem__(2, nn.Sigmoid()),
    "a layer that does not learn": lambda model: model[1].register_forward_hook(halved),
}


def halved(layer: nn.Module, given: Any, found: Tensor) -> Tensor:
    return found / 2


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_network_that_changes_after_an_epoch_is_recorded_anew(
    change: Callable[[nn.Module], object], recorded: list[str]
) -> None:
    results = []
    for capture in (True, False):
        model = network()

        def look(epoch: Any, model: nn.Module = model) -> None:
            if epoch.number == 2:
                change(model)

        results.append(trained(capture, model, epochs=4, on_epoch=look)[0])
    for name, tensor in results[1].items():
        torch.testing.assert_close(results[0][name], tensor, rtol=1e-4, atol=1e-5)


def test_a_network_that_changes_after_every_epoch_is_not_recorded_each_time(
    recorded: list[str],
) -> None:
    results = []
    for capture in (True, False):
        model = network()

        def look(epoch: Any, model: nn.Module = model) -> None:
            model[4].p = 0.05 * epoch.number

        results.append(trained(capture, model, epochs=7, on_epoch=look)[0])
    assert recorded[0] == "the model is another one after every epoch"
    for name, tensor in results[1].items():
        torch.testing.assert_close(results[0][name], tensor, rtol=1e-3, atol=1e-4)


def test_hooks_of_every_kind_are_found() -> None:
    model = network()
    assert not trial.has_hooks(model)
    weight = model[0].weight
    makers: list[Callable[[], Any]] = [
        lambda: model[0].register_full_backward_hook(lambda layer, into, out: None),
        lambda: weight.register_hook(lambda gradient: None),
        lambda: weight.register_post_accumulate_grad_hook(lambda weight: None),
        lambda: register_module_forward_hook(lambda layer, given, found: None),
    ]
    for make in makers:
        hook = make()
        assert trial.has_hooks(model)
        hook.remove()
        assert not trial.has_hooks(model)


def test_a_run_leaves_nothing_behind(recorded: list[str]) -> None:
    """Its images would lie on the GPU until Python looks for cycles, which may be long."""
    kept: list[weakref.ref[torch.optim.Optimizer]] = []

    def make(parameters: Any, lr: float) -> torch.optim.Optimizer:
        made = torch.optim.SGD(parameters, lr=lr)
        kept.append(weakref.ref(made))
        return made

    gc.collect()
    gc.disable()
    try:
        trained(True, optimizer=make)
        assert kept[0]() is None
    finally:
        gc.enable()


def test_a_run_within_a_run_is_not_recorded(recorded: list[str]) -> None:
    seen: list[bool] = []
    trained(True, epochs=1, on_epoch=lambda epoch: trained(
        True, epochs=1, on_epoch=lambda epoch: seen.append(recording.within_another())
    ))  # fmt: skip
    assert seen == [True]
    assert not recording.within_another()


def test_a_loss_that_is_kept_is_found() -> None:
    """Its graph belongs to another stream than a recording's."""
    model = network()
    assert not trial.held(model)
    loss = model(IMAGES).sum()
    assert trial.held(model)
    loss.backward()
    assert trial.held(model)  # until it goes, though all has been added up
    del loss
    assert not trial.held(model)
    with torch.no_grad():
        kept = model(IMAGES)
        assert not trial.held(model)
    assert not kept.requires_grad


@pytest.mark.gpu
def test_a_loss_that_is_kept_leaves_a_gpu_step_by_step() -> None:
    if not torch.cuda.is_available():
        pytest.skip("this machine has no CUDA GPU")
    model = network().cuda()
    loss = F.cross_entropy(model(IMAGES.cuda()), LABELS.cuda())
    _, history = trained(None, model, device="cuda", epochs=12)
    assert "is kept with its graph" in history.pace
    del loss
    _, history = trained(None, model, device="cuda", epochs=12)
    assert history.pace.endswith("recorded"), history.pace


def test_on_a_cpu_nothing_is_recorded() -> None:
    _, history = trained(True)
    assert history.pace.endswith("step by step: there are no graphs on cpu")


def test_rates_are_numbers_afterwards(recorded: list[str]) -> None:
    made = []

    def make(parameters: Any, lr: float) -> torch.optim.Optimizer:
        made.append(torch.optim.SGD(parameters, lr=lr, momentum=0.9))
        return made[0]

    trained(True, optimizer=make, schedule=schedules.cosine())
    assert [type(group["lr"]) for group in made[0].param_groups] == [float]


@pytest.mark.gpu
@pytest.mark.parametrize("options", RUNS.values(), ids=RUNS)
def test_a_graph_on_a_gpu_learns_the_same(options: dict[str, Any]) -> None:
    if not torch.cuda.is_available():
        pytest.skip("this machine has no CUDA GPU")
    options = {"precision": "float32", "device": "cuda", "epochs": 12, "deterministic": True} | {
        **options, "epochs": 12,
    }  # fmt: skip
    (found, history), (expected, _) = (trained(capture, **options) for capture in (True, False))
    assert history.pace.endswith("recorded"), history.pace
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-2, atol=1e-3)


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_half_precision_is_recorded_too(precision: str) -> None:
    if not torch.cuda.is_available():
        pytest.skip("this machine has no CUDA GPU")
    if precision == "bfloat16" and torch.cuda.get_device_capability() < (8, 0):
        pytest.skip("this GPU has no bfloat16")
    options: dict[str, Any] = {"precision": precision, "device": "cuda", "epochs": 12}
    (_, history), (_, usual) = (trained(capture, **options) for capture in (True, False))
    assert history.pace.endswith("recorded"), history.pace
    assert history.train_loss[-1] == pytest.approx(usual.train_loss[-1], rel=0.2)


@pytest.mark.gpu
def test_it_is_recorded_where_nobody_says_and_the_next_run_is_too() -> None:
    if not torch.cuda.is_available():
        pytest.skip("this machine has no CUDA GPU")
    spent = []
    for _ in range(4):
        _, history = trained(None, device="cuda", epochs=12)
        assert history.pace.endswith("recorded"), history.pace
        torch.cuda.empty_cache()
        spent.append(torch.cuda.memory_reserved())
    assert spent[-1] <= spent[1]


@pytest.mark.gpu
@pytest.mark.parametrize("breaks", [lambda x: x.mean().item(), lambda x: torch.cuda.synchronize()])
def test_a_broken_recording_leaves_random_numbers_and_the_stream(
    breaks: Callable[[Tensor], object],
) -> None:
    """The first is refused; the second gets past torch, and CUDA ends the recording."""
    if not torch.cuda.is_available():
        pytest.skip("this machine has no CUDA GPU")

    def waits(model: Any, x: Tensor) -> Tensor:
        if torch.cuda.is_current_stream_capturing():
            breaks(x)
        return F.dropout(x, 0.1)

    stream = torch.cuda.current_stream()
    options: dict[str, Any] = {"device": "cuda", "epochs": 12, "precision": "float32"}
    _, history = trained(True, Odd(waits), **options)
    assert "could not be recorded" in history.pace
    assert torch.cuda.current_stream() == stream
    assert torch.rand(2, device="cuda").isfinite().all()


@pytest.mark.gpu
def test_what_waits_for_a_gpu_trains_all_the_same() -> None:
    if not torch.cuda.is_available():
        pytest.skip("this machine has no CUDA GPU")
    model = Odd(lambda m, x: x if x.mean() > -9 else -x)
    _, history = trained(True, model, device="cuda", epochs=12)
    assert "can't go by without Python" in history.pace
    assert F.cross_entropy(model(IMAGES.cuda()), LABELS.cuda()) < 1.2
