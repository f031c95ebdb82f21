"""Networks that are trained at once."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import training
from course.device import seeded
from course.training import together

SEEDS = (0, 1, 2)


def perceptron() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 4))


def convolutional() -> nn.Module:
    head = (nn.MaxPool2d(2), nn.Flatten(), nn.Linear(6 * 16, 4))
    return nn.Sequential(nn.Conv2d(1, 6, 3, padding=1, groups=1), nn.ReLU(), *head)


def normalised() -> nn.Module:
    layers = (nn.Conv2d(1, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU())
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(24, 4))


class Heads(nn.Module):
    """Two answers while it trains, one otherwise, as GoogLeNet."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.first, self.last = (nn.Linear(64, 16), nn.Linear(16, 4), nn.Linear(16, 4))

    def forward(self, x: Tensor) -> Any:
        h = self.body(x.flatten(1)).relu()
        return (self.last(h), self.first(h)) if self.training else self.last(h)


class OwnStatistic(nn.Module):
    """Puts a new tensor in the place of its running statistic, as a student's BatchNorm may."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(64))
        self.linear = nn.Linear(64, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * x.mean(dim=0)
        result: Tensor = self.linear(x - self.mean)
        return result


def both_losses(outputs: Any, labels: Tensor) -> Tensor:
    several = outputs if isinstance(outputs, tuple) else (outputs,)
    return torch.stack([F.cross_entropy(scores, labels) for scores in several]).sum()


def some_images(count: int = 70, seed: int = 5) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 4, (count,), generator=generator)
    images = torch.randn(count, 1, 8, 8, generator=generator)
    images[range(count), 0, labels] += 2.0  # a bright row tells the class
    return images, labels


def fresh(make: Callable[[], nn.Module]) -> list[nn.Module]:
    found = []
    for seed in SEEDS:
        with seeded(seed):
            found.append(make())
    return found


def trained(make: Callable[[], nn.Module], **options: Any) -> tuple[list[Any], list[nn.Module]]:
    models = fresh(make)
    options = {"epochs": 3, "batch_size": 16, "test": some_images(30, 6), **options}
    histories = training.fit_each(models, SEEDS, some_images(), progress=False, **options)
    return histories, models


ADAM = {"optimizer": torch.optim.Adam, "lr": 0.01}
CASES: dict[str, tuple[Callable[[], nn.Module], dict[str, Any]]] = {
    "perceptron, Adam": (perceptron, ADAM),
    "convolutions, momentum and decay": (convolutional, {"weight_decay": 1e-3}),
    "BatchNorm, a schedule": (normalised, {"schedule": training.schedules.cosine(), "lr": 0.1}),
    "BatchNorm, label smoothing": (normalised, {"label_smoothing": 0.1, **ADAM}),
    "two heads": (Heads, {"loss": both_losses, **ADAM}),
    "a statistic of its own": (OwnStatistic, ADAM),
}


@pytest.mark.parametrize("case", CASES)
def test_do_networks_learn_at_once_what_each_learns_alone(case: str) -> None:
    make, options = CASES[case]
    alone, expected = trained(make, together=False, **options)
    at_once, models = trained(make, together=True, **options)
    assert all("3 at once" in history.pace for history in at_once), at_once[0].pace
    for model, other, seed in zip(models, expected, SEEDS, strict=True):
        for name, value in other.state_dict().items():
            found = model.state_dict()[name]
            torch.testing.assert_close(found, value, rtol=1e-3, atol=1e-5, msg=f"{name}, {seed}")
        assert model.training
        assert all(p.grad is None for p in model.parameters())
    for one, other_run in zip(at_once, alone, strict=True):
        assert one.train_loss == pytest.approx(other_run.train_loss, rel=1e-4)
        assert one.test_loss == pytest.approx(other_run.test_loss, rel=1e-4)
        assert one.train_accuracy == pytest.approx(other_run.train_accuracy)
        assert one.test_accuracy == pytest.approx(other_run.test_accuracy)
        assert one.lr == pytest.approx(other_run.lr)


def test_has_each_network_dropout_of_its_own_and_the_same_again() -> None:
    def make() -> nn.Module:
        torch.manual_seed(0)  # all begin alike
        drop = (nn.Dropout(0.5), nn.Linear(16, 4))
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), *drop)

    options: dict[str, Any] = {"together": True, "batch_size": 70, **ADAM}  # one order for all
    _, first = trained(make, **options)
    _, again = trained(make, **options)
    weights = [model[1].weight for model in first]  # type: ignore[index]
    assert not torch.allclose(weights[0], weights[1], atol=1e-4)
    assert all(torch.equal(w, m[1].weight) for w, m in zip(weights, again, strict=True))  # type: ignore[index]


def test_does_the_noise_of_dropout_hit_alike_on_average() -> None:
    wide = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(64, 4))
    options: dict[str, Any] = {"epochs": 8, **ADAM}
    accuracies = []
    for flag in (False, True):
        histories, _ = trained(lambda: copy.deepcopy(wide), together=flag, **options)
        accuracies.append(sum(h.last.test_accuracy for h in histories) / len(histories))
    assert accuracies[1] == pytest.approx(accuracies[0], abs=0.15)


class Reading(nn.Module):
    """Decides by what it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(64, 4)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.linear(x.flatten(1))
        return result if result.sum().item() > 0 else result + 1


class Counting(Reading):
    """Counts its batches in Python."""

    calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        result: Tensor = self.linear(x.flatten(1)) / self.calls
        return result


@pytest.mark.parametrize(
    ("make", "options", "why"),
    [
        (Reading, {}, "a step of all at once stops with"),
        (Counting, {}, "model.calls is another after every batch"),
        (perceptron, {"optimizer": torch.optim.Adagrad}, "Adagrad may mix"),
        (perceptron, {"clip_norm": 1.0}, "gradients are clipped"),
        (perceptron, {"precision": "float16"}, "float16"),
    ],
)
def test_does_what_cannot_learn_at_once_learn_alone_and_say_why(
    make: Callable[[], nn.Module], options: dict[str, Any], why: str
) -> None:
    told: list[Any] = []
    if "precision" in options:
        assert why in together.obstacle(fresh(make), options)
        return
    told, models = trained(make, together=True, **options)
    _, expected = trained(make, together=False, **options)
    assert all(f"one at a time: {why}" in history.pace for history in told), told[0].pace
    for model, other in zip(models, expected, strict=True):
        assert all(map(torch.equal, model.state_dict().values(), other.state_dict().values()))


def test_are_other_architectures_and_shared_weights_seen() -> None:
    assert "several architectures" in together.obstacle([perceptron(), convolutional()], {})
    one = perceptron()
    assert "share weights" in together.obstacle([one, one], {})
    assert "alone" in together.obstacle([one], {})
    frozen = [perceptron().requires_grad_(False) for _ in SEEDS]
    assert "frozen" in together.obstacle(frozen, {})


def test_does_the_cpu_take_one_at_a_time_and_is_it_what_fit_does() -> None:
    histories, models = trained(perceptron, device="cpu")
    assert "one at a time: no gain on cpu" in histories[0].pace
    expected = fresh(perceptron)
    options: dict[str, Any] = {"epochs": 3, "batch_size": 16, "progress": False, "device": "cpu"}
    for model, seed in zip(expected, SEEDS, strict=True):
        training.fit(model, some_images(), seed=seed, **options)
    for model, other in zip(models, expected, strict=True):
        assert all(map(torch.equal, model.state_dict().values(), other.state_dict().values()))


def test_is_what_is_slower_at_once_not_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is left to the clock, as on a GPU."""
    monkeypatch.setattr(together, "worth_a_try", lambda options: True)
    for faster in (True, False):
        one = 0.5 if faster else 0.1
        monkeypatch.setattr(together._Crowd, "_fastest", lambda self, step: 1.0)
        monkeypatch.setattr(together._Crowd, "_alone", lambda self, images, one=one: one)
        histories, _ = trained(perceptron)
        assert ("3 at once" in histories[0].pace) == faster
        assert faster or "1000.00 ms at once, 300.00 ms alone" in histories[0].pace


@pytest.mark.parametrize(("epochs", "capture", "wanted"), [
    (1, None, False), (50, None, True), (50, True, True), (50, False, False),
])  # fmt: skip
def test_is_one_alone_timed_as_it_would_run(
    epochs: int, capture: bool | None, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recording alone may be faster than all at once, which are not recorded."""
    seen: list[bool] = []

    def seconds(model: nn.Module, sample: Tensor, pace: Any, recorded: bool) -> float:
        seen.append(recorded)
        return 1e-9

    monkeypatch.setattr(together.speed, "seconds", seconds)
    options = {"epochs": epochs, "batch_size": 16, "capture": capture}
    crowd = together._Crowd(fresh(perceptron), SEEDS, some_images(), options)
    assert "alone" in crowd.slower()
    assert seen == [wanted]


def test_does_the_trial_leave_everything_as_it_was() -> None:
    models = fresh(normalised)
    before = [copy.deepcopy(model.state_dict()) for model in models]
    state = torch.get_rng_state()
    crowd = together._Crowd(models, SEEDS, some_images(), {"epochs": 1, "batch_size": 16})
    kept = {name: value.clone() for name, value in crowd.buffers.items()}
    assert not crowd.trouble()
    crowd.slower()
    assert torch.equal(torch.get_rng_state(), state)
    for model, old in zip(models, before, strict=True):
        assert all(torch.equal(value, old[name]) for name, value in model.state_dict().items())
    assert all(torch.equal(value, kept[name]) for name, value in crowd.buffers.items())


def test_does_one_that_diverges_stop_and_leave_the_others_alone() -> None:
    models = fresh(perceptron)
    with torch.no_grad():
        next(models[1].parameters()).fill_(torch.inf)
    options: dict[str, Any] = {"epochs": 2, "batch_size": 16, "progress": False}
    histories = training.fit_each(models, SEEDS, some_images(), together=True, **options)
    assert [history.stopped_by for history in histories] == [None, "non-finite loss", None]
    assert [len(history) for history in histories] == [2, 1, 2]
    assert all(torch.isfinite(p).all() for p in models[2].parameters())


def test_does_an_interruption_keep_what_was_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    learn, calls = together._Crowd.learn, iter(range(100))

    def interrupted(self: together._Crowd, chosen: Tensor) -> tuple[Tensor, Tensor]:
        if next(calls) == 7:
            raise KeyboardInterrupt
        return learn(self, chosen)

    monkeypatch.setattr(together._Crowd, "learn", interrupted)
    begun = fresh(perceptron)
    histories, models = trained(perceptron, together=True)
    assert all(h.stopped_by == "interrupt" and len(h) == 1 for h in histories)
    pairs = zip(models, begun, strict=True)
    assert not any(torch.equal(m[1].weight, b[1].weight) for m, b in pairs)  # type: ignore[index]


def test_does_repeat_train_at_once_where_that_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, Any] = {"epochs": 1, "batch_size": 16, "progress": False, **ADAM}
    one = training.repeat(perceptron, SEEDS, train=some_images(), **options)
    monkeypatch.setattr("course.training.repeating.worth_a_try", lambda options: True)
    monkeypatch.setattr(
        "course.training.repeating.fit_each", partial(training.fit_each, together=True)
    )
    runs = training.repeat(perceptron, SEEDS, keep_models=True, train=some_images(), **options)
    assert len(runs.models) == len(runs.seeds) == 3
    assert "at once" in runs.histories[0].pace
    assert runs.values("train_loss") == pytest.approx(one.values("train_loss"), rel=1e-4)


def test_needs_every_model_a_seed() -> None:
    with pytest.raises(ValueError, match="a seed for each of 3 models"):
        training.fit_each(fresh(perceptron), (0, 1), some_images(), epochs=1)
