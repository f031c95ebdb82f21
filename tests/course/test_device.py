"""Devices, seeds and timing."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from course import device

Machine = Callable[..., None]


@pytest.fixture(autouse=True)
def no_override(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(device.VARIABLE, raising=False)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Pretend that this machine has so many CUDA GPUs, and Apple's MPS or not."""

    def has(cuda: int = 0, mps: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return has


def draw_everywhere() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), float(torch.rand(()))


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(1, True, "cuda"), (0, True, "mps"), (0, False, "cpu")]
)
def test_picks_the_fastest_kind_there_is(
    machine: Machine, cuda: int, mps: bool, expected: str
) -> None:
    machine(cuda, mps)
    assert device.pick_device() == torch.device(expected)


def test_a_wish_goes_before_the_fastest(machine: Machine) -> None:
    machine(cuda=2)
    assert device.pick_device("cpu") == torch.device("cpu")
    assert device.pick_device(torch.device("cuda", 1)) == torch.device("cuda:1")


def test_the_environment_goes_before_a_wish(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(cuda=1)
    monkeypatch.setenv(device.VARIABLE, "cpu")
    assert device.pick_device("cuda") == torch.device("cpu")


@pytest.mark.parametrize("wanted", ["cuda:2", "mps"])
def test_a_missing_device_says_what_is_here(machine: Machine, wanted: str) -> None:
    machine(cuda=2)
    with pytest.raises(device.DeviceMissing, match=rf"{wanted}.*finds only: cuda, cpu\. Choose"):
        device.pick_device(wanted)


def test_a_missing_device_names_the_variable_that_asked(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine()
    monkeypatch.setenv(device.VARIABLE, "cuda")
    with pytest.raises(device.DeviceMissing, match="environment variable COURSE_DEVICE wants"):
        device.pick_device()


@pytest.mark.parametrize("name", ["gpu", "meta", "cuda:first", ""])
def test_a_name_that_is_no_device_lists_the_names(name: str) -> None:
    with pytest.raises(ValueError, match="expected cuda, cuda:N, mps or cpu"):
        device.pick_device(name)


def test_seeding_covers_python_numpy_and_torch() -> None:
    device.seed_everything(7)
    first = draw_everywhere()
    device.seed_everything(7)
    assert draw_everywhere() == first
    device.seed_everything(8)
    assert not set(draw_everywhere()) & set(first)


def test_the_returned_generator_runs_apart_from_the_global_state() -> None:
    generator = device.seed_everything(3)
    expected = torch.rand(2)
    device.seed_everything(3)
    assert torch.equal(torch.rand(2, generator=generator), expected)
    assert torch.equal(torch.rand(2), expected)


def test_a_seeded_block_repeats_and_leaves_no_trace() -> None:
    device.seed_everything(0)
    undisturbed = draw_everywhere()
    device.seed_everything(0)
    with device.seeded(5):
        inside = draw_everywhere()
    assert draw_everywhere() == undisturbed
    with device.seeded(5):
        assert draw_everywhere() == inside


def test_a_random_state_can_be_kept_in_a_file_and_taken_up_again(tmp_path: Path) -> None:
    torch.save(device.random_state(), tmp_path / "state.pt")
    expected = draw_everywhere()
    device.set_random_state(torch.load(tmp_path / "state.pt", weights_only=True))
    assert draw_everywhere() == expected


def test_a_seeded_block_that_fails_leaves_no_trace() -> None:
    device.seed_everything(0)
    undisturbed = draw_everywhere()
    device.seed_everything(0)
    with contextlib.suppress(ZeroDivisionError), device.seeded(5):
        raise ZeroDivisionError
    assert draw_everywhere() == undisturbed


def test_describe_is_one_line_with_torch_and_the_processor() -> None:
    line = device.describe("cpu")
    release = torch.__version__.split("+")[0]
    assert line.startswith(f"torch {release} · CPU, {torch.get_num_threads()} thread")
    assert "\n" not in line


def test_deterministic_turns_on_and_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")  # restored afterwards, and respected
    try:
        device.deterministic()
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.is_deterministic_algorithms_warn_only_enabled()
    finally:
        device.deterministic(on=False)
    assert not torch.are_deterministic_algorithms_enabled()


def test_the_timer_waits_for_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: calls.append("wait"))
    with device.timer("cuda") as elapsed:
        calls.append("work")
        assert elapsed.seconds != elapsed.seconds  # nothing measured yet
    assert calls == ["wait", "work", "wait"]
    assert elapsed.seconds >= 0


def test_the_timer_measures_a_block_that_fails() -> None:
    with pytest.raises(ZeroDivisionError), device.timer("cpu") as elapsed:
        raise ZeroDivisionError
    assert elapsed.seconds >= 0


@pytest.mark.parametrize(("seconds", "text"), [(1.23456, "1.235 s"), (0.00123, "1.23 ms")])
def test_elapsed_reads_well(seconds: float, text: str) -> None:
    assert str(device.Elapsed(seconds)) == text


def test_device_of_a_model() -> None:
    with torch.device("meta"):
        assert device.device_of(torch.nn.Linear(2, 2)) == torch.device("meta")
    assert device.device_of(torch.nn.ReLU()) == torch.device("cpu")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA GPU")
def test_a_seeded_block_restores_the_gpus_state() -> None:
    before = torch.cuda.get_rng_state()
    with device.seeded(1, "cuda"):
        torch.rand(3, device="cuda")
    assert torch.equal(torch.cuda.get_rng_state(), before)


def test_constants_made_while_nothing_learns_serve_where_something_does() -> None:
    values = (0.25, 0.75)
    with torch.inference_mode():
        device.constants(values, torch.float32, torch.device("cpu"))
    x = torch.ones(2, requires_grad=True)
    made = device.constants(values, torch.float32, torch.device("cpu"))
    (x * made).sum().backward()
    assert torch.equal(torch.as_tensor(x.grad), torch.tensor(values))


def test_cublas_can_repeat_itself_from_the_first_product_on() -> None:
    """It reads its setting once, so the setting is there before anybody computes."""
    code = "import course.device, os; print(os.environ['CUBLAS_WORKSPACE_CONFIG'])"
    settings = {key: value for key, value in os.environ.items() if key != device.CUBLAS}
    done = subprocess.run(
        [sys.executable, "-c", code], env=settings, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ":4096:8"
