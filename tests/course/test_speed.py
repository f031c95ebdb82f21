"""How a run computes: layout, number format, compilation, found by trial and never forced."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course.training import fit, speed
from course.training.speed import PLAIN, Pace, choose_pace

LAST = Pace(torch.channels_last, torch.float32)


class Viewing(nn.Module):
    """Flattens with ``view``, which images that lie channels last refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.linear = nn.Linear(4 * 36, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.conv(x))
        return self.linear(x.view(len(x), -1))


def flattening() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 3)
    )


def images(count: int = 2) -> Tensor:
    return torch.randn(count, 2, 6, 6, generator=torch.Generator().manual_seed(0))


def test_the_fast_layout_is_taken_where_the_model_can_take_it() -> None:
    assert choose_pace(flattening(), images()) == LAST
    assert choose_pace(Viewing(), images()) == PLAIN
    assert choose_pace(nn.Sequential(nn.Flatten(), nn.Linear(72, 3)), images()) == PLAIN


class Slow(nn.Module):
    """Takes its time in one number format."""

    def __init__(self, in_half: bool) -> None:
        super().__init__()
        self.layer, self.in_half = nn.Linear(72, 3), in_half

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_autocast_enabled("cpu") == self.in_half:
            time.sleep(0.02)
        found: Tensor = self.layer(x.flatten(1))
        return found


@pytest.mark.parametrize("in_half", [True, False])
def test_number_formats_are_timed_and_the_choice_is_told(
    in_half: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    formats = [torch.bfloat16, torch.float32]
    monkeypatch.setattr(speed, "_fast_dtypes", lambda device: formats)
    labels = torch.zeros(8, dtype=torch.long)
    history = fit(Slow(in_half), (images(8), labels), epochs=1, device="cpu", progress=False)
    expected = "float32" if in_half else "bfloat16"
    assert history.pace.startswith(f"{expected} (bfloat16 ")
    assert "ms, float32 " in history.pace


def test_what_is_asked_for_is_not_tried() -> None:
    assert choose_pace(Viewing(), images(), channels_last=True) == LAST
    wanted = choose_pace(flattening(), images(), "bfloat16", channels_last=False)
    assert wanted == Pace(torch.contiguous_format, torch.bfloat16)
    assert wanted.needs_scaling is False
    with pytest.raises(ValueError, match="'float16'; found 'half'"):
        choose_pace(flattening(), images(), "half")  # type: ignore[arg-type]


def test_the_trial_leaves_no_trace() -> None:
    model = flattening().train()
    model[1].eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    random = torch.get_rng_state()
    choose_pace(model, images())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)
    assert [m.training for m in model] == [True, False, True, True]
    assert all(p.grad is None and p.is_contiguous() for p in model.parameters())


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_every_pace_learns(precision: speed.Precision) -> None:
    torch.manual_seed(0)
    model, labels = flattening(), torch.arange(12).remainder(3)
    history = fit(
        model, (images(12), labels), epochs=30, batch_size=12, precision=precision, device="cpu"
    )
    assert history.train_loss[-1] < history.train_loss[0] / 3
    assert all(p.dtype == torch.float32 and p.is_contiguous() for p in model.parameters())


def test_layouts_agree() -> None:
    def train(channels_last: bool) -> Tensor:
        torch.manual_seed(0)
        model = flattening()
        data = images(12), torch.arange(12).remainder(3)
        fit(model, data, epochs=2, batch_size=4, channels_last=channels_last, device="cpu")
        return model(images())

    torch.testing.assert_close(train(True), train(False), rtol=1e-4, atol=1e-5)


def test_a_model_that_views_trains() -> None:
    data = images(8), torch.arange(8).remainder(3)
    assert len(fit(Viewing(), data, epochs=1, device="cpu")) == 1


def test_losses_get_float32_whatever_the_model_computes_in() -> None:
    kinds: set[torch.dtype] = set()

    class Pair(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(72, 3)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            y = self.linear(x.flatten(1))
            return y, y

    def loss(outputs: tuple[Tensor, Tensor], labels: Tensor) -> Tensor:
        kinds.update(output.dtype for output in outputs)
        return F.cross_entropy(outputs[0], labels)

    data = images(4), torch.arange(4).remainder(3)
    fit(Pair(), data, epochs=1, loss=loss, precision="bfloat16", device="cpu")
    assert kinds == {torch.float32}


def test_a_compiled_model_shares_its_weights() -> None:
    model, twin = flattening(), flattening()
    twin.load_state_dict(model.state_dict())
    data = images(8), torch.arange(8).remainder(3)
    fit(model, data, epochs=1, compile={"backend": "eager"}, device="cpu")
    fit(twin, data, epochs=1, device="cpu")
    torch.testing.assert_close(model.state_dict(), twin.state_dict(), rtol=1e-4, atol=1e-5)


def test_deterministic_algorithms_are_asked_for_and_given_back() -> None:
    seen: list[bool] = []

    def look(batch: Tensor) -> Tensor:
        seen.append(torch.are_deterministic_algorithms_enabled())
        return batch

    data = images(4), torch.arange(4).remainder(3)
    fit(flattening(), data, epochs=1, deterministic=True, augment=look, device="cpu")
    fit(flattening(), data, epochs=1, augment=look, device="cpu")
    assert seen == [True, False]
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.gpu
def test_a_gpu_trains_in_half_precision_and_repeats_on_request() -> None:
    if not torch.cuda.is_available():
        pytest.skip("this machine has no CUDA GPU")

    half, *_ = speed._fast_dtypes(torch.device("cuda"))
    precision = str(half).removeprefix("torch.")

    def train() -> Tensor:
        torch.manual_seed(0)
        model = flattening()
        data = images(12), torch.arange(12).remainder(3)
        options: dict[str, Any] = {"epochs": 20, "batch_size": 4, "precision": precision}
        history = fit(model, data, deterministic=True, device="cuda", **options)
        assert history.pace.startswith(precision)
        return model(images().cuda())

    pace = choose_pace(flattening().cuda(), images().cuda(), recorded=True)
    assert bool(pace.measured) == (half != torch.float32)
    assert torch.equal(train(), train())


def test_where_the_same_bits_are_asked_for_no_clock_decides(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    formats = [torch.bfloat16, torch.float32]
    monkeypatch.setattr(speed, "_fast_dtypes", lambda device: formats)
    labels = torch.zeros(8, dtype=torch.long)
    options: dict[str, Any] = {"epochs": 1, "device": "cpu", "progress": False}
    history = fit(Slow(in_half=False), (images(8), labels), deterministic=True, **options)
    assert history.pace.startswith("float32, ")


def test_number_formats_are_timed_as_the_run_will_compute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In its layout, with the library's fastest algorithms, and not at the first batch."""
    formats = [torch.bfloat16, torch.float32]
    monkeypatch.setattr(speed, "_fast_dtypes", lambda device: formats)
    monkeypatch.setattr(speed, "algorithms", fast)
    model = First()
    data = images(8), torch.zeros(8, dtype=torch.long)
    history = fit(model, data, epochs=1, device="cpu", progress=False)
    assert all(model.seen)
    assert history.pace.startswith("bfloat16")


@contextmanager
def fast(device: torch.device, deterministic: bool) -> Iterator[None]:
    with torch.backends.cudnn.flags(benchmark=True):
        yield


class First(nn.Module):
    """Slow at the first whole batch in half precision, as where a library makes its choice, and
    always slower in single.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.seen, self.fresh = nn.Linear(72, 3), [], True

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(torch.backends.cudnn.benchmark)
        half = torch.is_autocast_enabled("cpu")
        if half and len(x) > 2 and self.fresh:
            self.fresh = False
            time.sleep(2 * speed.LONGEST)
        elif not half:
            time.sleep(0.02)
        found: Tensor = self.layer(x.flatten(1))
        return found


def test_the_same_network_is_timed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    formats = [torch.bfloat16, torch.float32]
    monkeypatch.setattr(speed, "_fast_dtypes", lambda device: formats)
    monkeypatch.setattr(speed, "_TIMES", {})
    calls: list[Pace] = []

    def seconds(model: nn.Module, sample: Tensor, pace: Pace, recorded: bool) -> float:
        calls.append(pace)
        return float(len(calls))

    monkeypatch.setattr(speed, "_seconds", seconds)
    first, second = (choose_pace(flattening(), images()) for _ in range(2))
    assert first == second
    assert first.measured == second.measured
    assert len(calls) == 2


def test_an_optimiser_of_ones_own_goes_on_in_any_layout() -> None:
    def train(*layouts: bool) -> Tensor:
        torch.manual_seed(0)
        model = flattening()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, fused=True)
        data = images(12), torch.arange(12).remainder(3)
        for channels_last in layouts:
            fit(
                model, data, epochs=3, optimizer=lambda parameters, lr: optimizer,
                channels_last=channels_last, device="cpu",
            )  # fmt: skip
        F.cross_entropy(model(data[0]), data[1]).backward()
        optimizer.step()
        return model(data[0])

    torch.testing.assert_close(train(False, True), train(True, False), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(train(False, True), train(False, False), rtol=1e-4, atol=1e-5)
