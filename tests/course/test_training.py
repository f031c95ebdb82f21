"""Training, evaluation and what a history says."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import training
from course.training import Epoch, History, Runs, evaluate, fit, repeat
from course.training.optimisers import make_optimizer


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    monkeypatch.setenv("COURSE_PROGRESS", "0")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Nets this small lose far more than they gain by waiting for a second thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def data() -> tuple[Tensor, Tensor]:
    """64 noise images of 1×8×8 in four classes: only memory tells them apart."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(64, 1, 8, 8, generator=generator)
    return images, torch.arange(64).remainder(4)


def small_cnn(dropout: float = 0.0) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(16 * 64, 4),
    )


def seeded_cnn(dropout: float = 0.0) -> nn.Sequential:
    torch.manual_seed(0)
    return small_cnn(dropout)


def weights(model: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def interrupt_at(call: int) -> Callable[[Tensor], Tensor]:
    """An augmentation that stands for a student who stops the cell in that batch."""
    calls = iter(range(1, 1000))

    def augment(images: Tensor) -> Tensor:
        if next(calls) == call:
            raise KeyboardInterrupt
        return images

    return augment


# Learning


def test_overfits_64_images(data: tuple[Tensor, Tensor]) -> None:
    model = seeded_cnn()
    history = fit(model, data, epochs=12, batch_size=16)
    assert history.train_loss[-1] < history.train_loss[0] / 5
    assert evaluate(model, *data).accuracy == 1.0
    assert len(history) == 12
    assert history.stopped_by is None
    assert history.test_loss == []


def test_the_same_seed_gives_the_same_weights(data: tuple[Tensor, Tensor]) -> None:
    def train(seed: int) -> Tensor:
        model = seeded_cnn(dropout=0.5)
        noise = lambda x: x + 0.1 * torch.randn_like(x)  # noqa: E731
        fit(model, data, epochs=2, batch_size=16, seed=seed, augment=noise)
        return weights(model)

    first = train(1)
    torch.rand(7)  # the notebook's own randomness does not matter
    assert torch.equal(train(1), first)
    assert not torch.equal(train(2), first)


def test_training_leaves_the_notebooks_randomness_alone(data: tuple[Tensor, Tensor]) -> None:
    model = seeded_cnn(dropout=0.5)
    before = torch.get_rng_state()
    fit(model, data, epochs=1)
    assert torch.equal(torch.get_rng_state(), before)


def test_every_submodule_comes_back_in_its_mode(data: tuple[Tensor, Tensor]) -> None:
    model = seeded_cnn().train()
    model[1].eval()
    fit(model, data, epochs=1, test=data)
    assert [m.training for m in model] == [True, False, True, True, True, True]
    assert model.training


def test_a_made_optimizer_gets_parameters_and_learning_rate(data: tuple[Tensor, Tensor]) -> None:
    class StandsStill(torch.optim.SGD):
        def step(self, closure: object = None) -> None:  # type: ignore[override]
            rates.append(self.param_groups[0]["lr"])

    rates: list[float] = []
    model = seeded_cnn()
    before = weights(model)
    fit(model, data, epochs=1, batch_size=32, optimizer=StandsStill, lr=0.125)
    assert rates == [0.125, 0.125]
    assert torch.equal(weights(model), before)


@pytest.mark.parametrize("form", [{"fused": False}, {"foreach": True}, {"differentiable": True}])
def test_an_optimizer_of_another_form_is_what_was_asked_for(form: dict[str, bool]) -> None:
    made = make_optimizer(partial(torch.optim.SGD, **form), linear(), 0.1)
    assert not any(group["fused"] for group in made.param_groups)


def test_the_default_optimizer_is_sgd_with_momentum(data: tuple[Tensor, Tensor]) -> None:
    ours, theirs = seeded_cnn(), seeded_cnn()
    fit(ours, data, epochs=3, batch_size=64, lr=0.01)  # one batch: the order does not matter
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.01, momentum=0.9)
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(theirs(data[0]), data[1]).backward()
        optimizer.step()
    torch.testing.assert_close(weights(ours), weights(theirs), rtol=1e-4, atol=1e-5)


def test_augmentation_touches_training_batches_only(data: tuple[Tensor, Tensor]) -> None:
    sizes: list[int] = []

    def augment(images: Tensor) -> Tensor:
        sizes.append(len(images))
        return images

    fit(seeded_cnn(), data, epochs=1, batch_size=24, augment=augment, test=data)
    assert sizes == [24, 24, 16]


def test_a_model_with_auxiliary_heads_is_scored_by_its_main_one(
    data: tuple[Tensor, Tensor],
) -> None:
    class TwoHeads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.main = nn.Linear(64, 4)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return self.main(x.flatten(1)), torch.zeros(len(x), 4)

    def loss(outputs: tuple[Tensor, Tensor], labels: Tensor) -> Tensor:
        main, auxiliary = outputs
        return F.cross_entropy(main, labels) + F.cross_entropy(auxiliary, labels)

    torch.manual_seed(0)
    history = fit(TwoHeads(), data, epochs=60, batch_size=64, loss=loss, lr=0.1)
    assert history.last.train_accuracy == 1.0


def test_labels_may_come_as_bytes(data: tuple[Tensor, Tensor]) -> None:
    images, labels = data
    assert evaluate(seeded_cnn(), images, labels.byte()) == evaluate(seeded_cnn(), images, labels)


# Stopping


@pytest.mark.parametrize(("batch", "epochs"), [(7, 1), (2, 0)])
def test_an_interrupt_keeps_weights_and_finished_epochs(
    data: tuple[Tensor, Tensor], batch: int, epochs: int
) -> None:
    model = seeded_cnn()
    before = weights(model)
    history = fit(model, data, epochs=5, batch_size=16, test=data, augment=interrupt_at(batch))
    assert len(history) == len(history.test_accuracy) == epochs
    assert history.stopped_by == "interrupt"
    assert f"interrupted in epoch {epochs + 1}" in str(history)
    assert not torch.equal(weights(model), before)
    assert all(module.training for module in model.modules())


def test_the_time_budget_ends_training_at_the_next_batch(data: tuple[Tensor, Tensor]) -> None:
    history = fit(seeded_cnn(), data, epochs=5, batch_size=16, time_budget=0.0, test=data)
    assert history.stopped_by == "time budget"
    assert "in epoch 1, after batch 1 of 4: the time budget is used up" in history.message
    assert len(history.train_loss) == len(history.test_loss) == 1


def test_the_time_budget_says_nothing_after_the_last_batch(data: tuple[Tensor, Tensor]) -> None:
    history = fit(seeded_cnn(), data, epochs=1, batch_size=64, time_budget=0.0)
    assert history.stopped_by is None


def test_a_loss_that_is_not_finite_ends_training(data: tuple[Tensor, Tensor]) -> None:
    images, labels = data
    spoilt = images.clone()
    spoilt[5] = math.nan
    history = fit(seeded_cnn(), (spoilt, labels), epochs=5, batch_size=64, lr=0.5)
    assert history.stopped_by == "non-finite loss"
    assert "in epoch 1, after batch 1 of 1: the loss is not finite" in history.message
    assert "learning rate below 0.5" in history.message
    assert math.isnan(history.last.train_loss)


def test_every_epoch_is_announced(data: tuple[Tensor, Tensor]) -> None:
    told: list[Epoch] = []
    history = fit(seeded_cnn(), data, epochs=2, test=data, on_epoch=told.append)
    assert told == history.epochs
    assert [epoch.number for epoch in told] == [1, 2]


# Measuring


def test_evaluate_is_a_mean_over_images_whatever_the_batch_size(
    data: tuple[Tensor, Tensor],
) -> None:
    images, labels = data
    model = seeded_cnn().eval()
    logits = model(images)
    right = (logits.argmax(dim=1) == labels).float().mean().item()
    for batch_size in (7, 64, 1000):
        result = evaluate(model, images, labels, batch_size)
        assert result.loss == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-5)
        assert result.accuracy == pytest.approx(right)
        assert result.error == pytest.approx(1 - right)


def test_evaluate_works_in_evaluation_mode_and_restores_the_mode(
    data: tuple[Tensor, Tensor],
) -> None:
    model = seeded_cnn(dropout=0.5).train()
    model[1].eval()
    statistics = model[1].running_mean.clone()  # type: ignore[operator]
    first, second = evaluate(model, *data), evaluate(model, *data)
    assert first == second  # no dropout
    assert torch.equal(model[1].running_mean, statistics)  # type: ignore[arg-type]
    assert (model.training, model[1].training, model[4].training) == (True, False, True)


def test_evaluate_restores_the_mode_of_a_model_that_fails() -> None:
    model = seeded_cnn().train()
    with pytest.raises(RuntimeError):
        evaluate(model, torch.zeros(2, 5, 8, 8), torch.zeros(2))
    assert all(module.training for module in model.modules())


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (torch.zeros(3, 1, 8, 8), torch.zeros(2), "found 3 images and 2 labels"),
        (torch.zeros(0, 1, 8, 8), torch.zeros(0), "found 0 images"),
        (torch.zeros(2, 1, 8, 8, dtype=torch.uint8), torch.zeros(2), r"dataset\.normalise"),
    ],
)
def test_data_that_can_not_be_used_are_refused(
    images: Tensor, labels: Tensor, message: str
) -> None:
    with pytest.raises(ValueError, match=f"train: .*{message}"):
        fit(small_cnn(), (images, labels), epochs=1)
    with pytest.raises(ValueError, match=f"evaluate: .*{message}"):
        evaluate(small_cnn(), images, labels)


def test_a_batch_size_of_zero_is_refused(data: tuple[Tensor, Tensor]) -> None:
    with pytest.raises(ValueError, match="batch_size of at least 1, found 0"):
        fit(small_cnn(), data, epochs=1, batch_size=0)


# Histories


def history_of(*accuracies: float, tested: bool = True) -> History:
    return History(
        [
            Epoch(n, 1 / n, a, 2 / n if tested else math.nan, a if tested else math.nan, 0.5)
            for n, a in enumerate(accuracies, start=1)
        ]
    )


def test_best_and_last() -> None:
    history = history_of(0.5, 0.75, 0.75, 0.25)
    assert history.best.number == 2
    assert history.last == Epoch(4, 0.25, 0.25, 0.5, 0.25, 0.5)
    assert history_of(0.5, 0.25, tested=False).best.number == 1


def test_a_history_reads_as_one_line() -> None:
    assert str(history_of(0.5, 0.75)) == (
        "2 epochs in 1.0 s · train loss 0.500, accuracy 75.0 % · test loss 1.000, accuracy 75.0 %"
    )
    assert str(history_of(0.5, tested=False)) == (
        "1 epoch in 0.5 s · train loss 1.000, accuracy 50.0 %"
    )


def test_an_empty_history_says_why() -> None:
    history = History(message="interrupted in epoch 1")
    assert str(history) == "no finished epoch. interrupted in epoch 1"
    with pytest.raises(ValueError, match=r"no finished epoch\. interrupted"):
        _ = history.last
    with pytest.raises(ValueError, match="no finished epoch"):
        _ = history.best


@pytest.mark.parametrize(("tested", "lines"), [(True, 2), (False, 1)])
def test_a_history_plots_itself(tested: bool, lines: int) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    ax = history_of(0.5, 0.75, tested=tested).plot(label="relu")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "accuracy")
    assert [np.asarray(line.get_xdata()).tolist() for line in ax.lines] == [[1, 2]] * lines
    assert len({line.get_color() for line in ax.lines}) == 1
    pyplot.close("all")


# Several seeds


def test_repeat_trains_a_fresh_model_for_each_seed(data: tuple[Tensor, Tensor]) -> None:
    runs = repeat(small_cnn, [3, 4], train=data, epochs=2, test=data)
    again = repeat(small_cnn, [4], train=data, epochs=2, test=data)
    assert runs.seeds == [3, 4]
    assert runs.histories[0].train_loss != runs.histories[1].train_loss
    assert again.histories[0].train_loss == runs.histories[1].train_loss
    assert runs.curves("train_loss").shape == (2, 2)


def test_runs_summarise_the_last_epoch() -> None:
    runs = Runs([0, 1, 2], [history_of(0.1, x) for x in (0.5, 0.6, 0.7)])
    assert runs.values() == [0.5, 0.6, 0.7]
    assert runs.mean() == pytest.approx(0.6)
    assert runs.spread() == pytest.approx(0.1)
    assert str(runs) == "test accuracy 60.0 % ± 10.0 % (3 seeds)"


def test_curves_are_cut_to_the_shortest_run() -> None:
    runs = Runs([0, 1], [history_of(0.1, 0.2, 0.3), history_of(0.4, 0.5)])
    np.testing.assert_array_equal(runs.curves(), [[0.1, 0.2], [0.4, 0.5]])


def test_one_seed_has_no_spread() -> None:
    runs = Runs([0], [history_of(0.5, tested=False)])
    assert math.isnan(runs.spread("train_accuracy"))
    assert str(runs) == "train accuracy 50.0 % (1 seed)"


def test_an_interrupt_ends_the_series(data: tuple[Tensor, Tensor]) -> None:
    runs = repeat(small_cnn, range(5), train=data, epochs=1, augment=interrupt_at(2))
    assert runs.seeds == [0]


def test_repeat_wants_a_seed(data: tuple[Tensor, Tensor]) -> None:
    with pytest.raises(ValueError, match=r"one seed or more, such as range\(3\)"):
        repeat(small_cnn, [], train=data, epochs=1)


# Progress


@pytest.mark.parametrize(
    ("environment", "notebook", "terminal", "shown"),
    [
        ({}, False, False, False),
        ({}, True, False, True),
        ({}, False, True, True),
        ({"CI": "true"}, True, True, False),
        ({"COURSE_PROFILE": "quick"}, True, True, False),
        ({"COURSE_PROFILE": "full"}, True, False, True),
        ({"COURSE_PROFILE": "grade", "COURSE_PROGRESS": "1"}, False, False, True),
        ({"COURSE_PROGRESS": "0"}, True, True, False),
    ],
)
def test_a_bar_is_for_somebody_who_watches(
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    notebook: bool,
    terminal: bool,
    shown: bool,
) -> None:
    for name in ("CI", "COURSE_PROFILE", "COURSE_PROGRESS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    shell = SimpleNamespace(kernel=object()) if notebook else None
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
    assert training.show_progress() is shown


@pytest.mark.parametrize("wish", ["0", "1"])
def test_the_bar_goes_to_stdout_and_is_wiped(
    data: tuple[Tensor, Tensor],
    wish: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COURSE_PROGRESS", wish)
    fit(seeded_cnn(), data, epochs=2, batch_size=16, test=data)
    shown = capsys.readouterr()
    assert shown.err == ""
    assert ("batch" in shown.out) == (wish == "1")
    assert shown.out.split("\r")[-1] == ""
    assert shown.out.count("\n") == 0


# Options of the loop


def linear() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 4))


def test_a_schedule_sets_the_rate_of_every_update(data: tuple[Tensor, Tensor]) -> None:
    class Notes(torch.optim.SGD):
        def step(self, closure: object = None) -> None:  # type: ignore[override]
            rates.append(self.param_groups[0]["lr"])

    rates: list[float] = []
    history = fit(
        linear(), data, epochs=2, batch_size=32, lr=0.5, optimizer=Notes, schedule=lambda t: 1 - t
    )
    assert rates == [0.5, 0.375, 0.25, 0.125]
    assert history.lr == [0.375, 0.125]


def test_accumulated_batches_make_the_update_of_a_large_one(data: tuple[Tensor, Tensor]) -> None:
    images, labels = data
    few = images[:50], labels[:50]  # 4 batches in two groups, 16 + 16 and 16 + 2 images
    ours, theirs = linear(), linear()
    fit(ours, few, epochs=2, batch_size=16, accumulate=2)
    fit(theirs, few, epochs=2, batch_size=32)
    torch.testing.assert_close(weights(ours), weights(theirs))
    with pytest.raises(ValueError, match="accumulate of 1 batch or more, found 0"):
        fit(linear(), few, epochs=1, accumulate=0)


def test_a_long_gradient_is_cut_to_the_clip_norm(data: tuple[Tensor, Tensor]) -> None:
    model = linear()
    before = weights(model)
    sgd = torch.optim.SGD
    fit(model, data, epochs=1, batch_size=64, optimizer=sgd, lr=1.0, clip_norm=0.01)
    assert (weights(model) - before).norm().item() == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize(("decay", "shrunk"), [("all", [4, 4, 4]), ("weights", [4])])
def test_weight_decay_spares_biases_and_norms_on_request(
    data: tuple[Tensor, Tensor], decay: str, shrunk: list[int]
) -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 4), nn.BatchNorm1d(4))
    seen: list[dict[str, float]] = []

    def look(groups: object, lr: float) -> torch.optim.Optimizer:
        optimizer = torch.optim.SGD(groups, lr=lr)  # type: ignore[arg-type]
        seen.extend(
            {"decay": g["weight_decay"], "count": len(g["params"])} for g in optimizer.param_groups
        )
        return optimizer

    fit(model, data, epochs=1, optimizer=look, weight_decay=0.1, decay=decay)  # type: ignore[arg-type]
    spared = [{"decay": 0.0, "count": 3}] if decay == "weights" else []
    assert seen == [{"decay": 0.1, "count": 4 - 3 * len(spared)}, *spared]


def test_labels_are_smoothed_in_the_training_loss_only(data: tuple[Tensor, Tensor]) -> None:
    model, (images, labels) = linear(), data
    history = fit(model, data, epochs=1, batch_size=64, lr=0.0, test=data, label_smoothing=0.2)
    logits = model(images)
    smooth = F.cross_entropy(logits, labels, label_smoothing=0.2).item()
    assert history.last.train_loss == pytest.approx(smooth, rel=1e-5)
    assert history.last.test_loss == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-5)
    with pytest.raises(ValueError, match="smooth the labels there"):
        fit(model, data, epochs=1, label_smoothing=0.1, loss=lambda y, t: y.mean())


def test_images_may_lie_as_bytes_and_be_prepared_batch_by_batch(
    data: tuple[Tensor, Tensor],
) -> None:
    stored = (data[0] * 40 + 128).clamp(0, 255).byte(), data[1]
    prepare = lambda x: x.float() / 255  # noqa: E731
    ours, theirs = linear(), linear()
    first = fit(ours, stored, epochs=2, batch_size=16, test=stored, prepare=prepare)
    floats = prepare(stored[0]), stored[1]
    second = fit(theirs, floats, epochs=2, batch_size=16, test=floats)
    assert first.test_loss == second.test_loss
    assert torch.equal(weights(ours), weights(theirs))


def test_gradients_from_before_do_not_count(data: tuple[Tensor, Tensor]) -> None:
    ours, theirs = linear(), linear()
    F.cross_entropy(ours(data[0]), data[1]).mul(100).backward()
    for model in (ours, theirs):
        fit(model, data, epochs=1)
    assert torch.equal(weights(ours), weights(theirs))


# Runs in files


def test_runs_come_back_from_a_file_as_they_went(
    data: tuple[Tensor, Tensor], tmp_path: Path
) -> None:
    runs = repeat(small_cnn, [0, 1], keep_models=True, train=data, epochs=2)
    assert len(runs.models) == 2
    runs.about["card"] = "T4"
    runs.save(tmp_path / "runs.json")
    again = Runs.load(tmp_path / "runs.json")
    assert (again.seeds, again.about) == ([0, 1], {"card": "T4"})
    assert str(again) == str(runs)
    assert again.histories[0].test_loss == []
    np.testing.assert_array_equal(again.curves("train_loss"), runs.curves("train_loss"))


def test_an_unknown_metric_is_refused() -> None:
    runs = Runs([0], [history_of(0.5)])
    with pytest.raises(ValueError, match="no metric 'accuracy': expected one of train_loss"):
        runs.values("accuracy")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="draws 'accuracy' or 'loss'; found 'test_loss'"):
        runs.histories[0].plot(metric="test_loss")
