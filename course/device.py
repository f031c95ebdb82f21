"""Where tensors live and where randomness comes from: devices, seeds, timing."""

from __future__ import annotations

import itertools
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch

VARIABLE = "COURSE_DEVICE"
KINDS = ("cuda", "mps", "cpu")  # best first

Device = torch.device | str | None
_INSISTED: list[torch.device] = []  # by working_on, the innermost last

CUBLAS = "CUBLAS_WORKSPACE_CONFIG"
os.environ.setdefault(CUBLAS, ":4096:8")
"""Without it cuBLAS can't repeat its results. It is read once, at a process's first product, which
may come long before somebody asks for the same bits."""


class DeviceMissing(RuntimeError):
    """A device was asked for by name, and this machine does not have it."""


def pick_device(prefer: Device = None) -> torch.device:
    """The device to work on: CUDA where there is one, then Apple's MPS, then the CPU.

    Args:
        prefer: a device to insist on, such as ``"cpu"`` or ``"cuda:1"``. The environment
            variable ``COURSE_DEVICE`` goes before it, so that a whole class or a test run can
            be moved without touching a notebook.

    Raises:
        ValueError: the name is not a CUDA device, ``mps`` or ``cpu``.
        DeviceMissing: the named device is not on this machine.
    """
    if _INSISTED:
        return _INSISTED[-1]
    named = os.environ.get(VARIABLE, "").strip()
    if named:
        return _demand(named, asked_by=f"the environment variable {VARIABLE}")
    if prefer is not None:
        return _demand(str(prefer), asked_by="this notebook")
    return torch.device(next(kind for kind in KINDS if _count(kind)))


@contextmanager
def working_on(device: torch.device | str) -> Iterator[torch.device]:
    """For a block, ``pick_device`` picks this device, whatever else is there or asked for.

    Raises:
        ValueError: as ``pick_device``.
        DeviceMissing: as ``pick_device``.
    """
    _INSISTED.append(_demand(str(device), asked_by="this block"))
    try:
        yield _INSISTED[-1]
    finally:
        _INSISTED.pop()


@lru_cache(maxsize=128)
def constants(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """Numbers ``(N,)`` on a device, made there once; nobody may write to them.

    ``torch.tensor`` would copy them for every batch, and a GPU waits for each copy.
    """
    with torch.inference_mode(False):
        made = [torch.full((), value, dtype=dtype, device=device) for value in values]
        return torch.stack(made)


def device_of(model: torch.nn.Module) -> torch.device:
    """Where a model's parameters lie; the CPU for a model that has none."""
    tensor = next(itertools.chain(model.parameters(), model.buffers()), None)
    return torch.device("cpu") if tensor is None else tensor.device


def describe(device: Device = None) -> str:
    """One line on what the work runs on: ``torch 2.9.0 · CPU, 2 threads``."""
    chosen = pick_device(device)
    return f"torch {torch.__version__.split('+')[0]} · {_name(chosen)}"


def seed_everything(seed: int) -> torch.Generator:
    """Seed Python, NumPy and torch on every device.

    Returns:
        A fresh CPU generator with the same seed, for whatever takes one (shuffling, initial
        weights). It runs apart from the global random state.
    """
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)  # CPU, CUDA and MPS
    return torch.Generator().manual_seed(seed)


@contextmanager
def seeded(seed: int, device: Device = "cpu") -> Iterator[torch.Generator]:
    """Seed everything for a block, and give the random state back afterwards.

    Yields:
        A generator with the same seed, as from ``seed_everything``.

    So a training run repeats exactly, and yet does not rewind the randomness of the notebook
    around it: two models made one after the other still start from different weights.
    """
    before = random_state(device)
    try:
        yield seed_everything(seed)
    finally:
        set_random_state(before)


def random_state(device: Device = "cpu") -> dict[str, Any]:
    """Where Python, NumPy and torch stand in their random numbers, as plain values and tensors.

    Args:
        device: whose generators to include, besides the CPU's.
    """
    kind = torch.device(device or "cpu").type
    name, keys, *rest = np.random.get_state()
    state = {
        "python": random.getstate(),
        "numpy": [name, np.asarray(keys).tolist(), *rest],
        "cpu": torch.get_rng_state(),
    }
    return state if kind == "cpu" else state | {kind: _accelerator_state(kind)}


def set_random_state(state: dict[str, Any]) -> None:
    """Go back to where ``random_state`` was taken."""
    random.setstate(state["python"])
    np.random.set_state(tuple(state["numpy"]))
    torch.set_rng_state(state["cpu"])
    for kind in ("cuda", "mps"):
        if kind in state:
            _restore_accelerators(kind, state[kind])


@contextmanager
def one_thread() -> Iterator[None]:
    """Work with one CPU thread: in small networks threads wait more than they work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def deterministic(on: bool = True) -> None:
    """Ask for the same bits from the same seed, or (``on=False``) for speed again.

    An operation with no deterministic form warns and runs all the same.
    """
    torch.use_deterministic_algorithms(on, warn_only=True)
    torch.backends.cudnn.deterministic = on
    torch.backends.cudnn.benchmark = False


def synchronise(device: Device = None) -> None:
    """Wait until the device has done all that was asked of it; the CPU always has."""
    kind = torch.device(device).type if device is not None else pick_device().type
    if kind == "cuda":
        torch.cuda.synchronize()
    elif kind == "mps":
        torch.mps.synchronize()


@dataclass
class Elapsed:
    """What ``timer`` measured: wall-clock ``seconds``, NaN until the block has ended."""

    seconds: float = float("nan")

    def __str__(self) -> str:
        return f"{self.seconds:.3f} s" if self.seconds >= 0.1 else f"{1000 * self.seconds:.2f} ms"


@contextmanager
def timer(device: Device = None) -> Iterator[Elapsed]:
    """Time a block: ``with timer() as elapsed: ...``, then ``elapsed.seconds``.

    A GPU works behind Python's back, so the clock starts and stops on an idle device.
    """
    elapsed = Elapsed()
    synchronise(device)
    start = time.perf_counter()
    try:
        yield elapsed
    finally:
        synchronise(device)
        elapsed.seconds = time.perf_counter() - start


def _demand(name: str, asked_by: str) -> torch.device:
    device = _parse(name, asked_by)
    if _count(device.type) > (device.index or 0):
        return device
    here = ", ".join(kind for kind in KINDS if _count(kind))
    raise DeviceMissing(
        f"{asked_by} wants the device {name!r}, but torch {torch.__version__} finds only: {here}. "
        f"Choose one of these, or let the course choose ({VARIABLE} unset, pick_device() empty). "
        "In Colab a GPU comes with Runtime → Change runtime type."
    )


def _parse(name: str, asked_by: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or device.type not in KINDS:
        raise ValueError(
            f"{asked_by} names the device {name!r}: expected cuda, cuda:N, mps or cpu."
        ) from None
    return device


def _count(kind: str) -> int:
    if kind == "cuda":
        return torch.cuda.device_count() if torch.cuda.is_available() else 0
    return int(torch.backends.mps.is_available()) if kind == "mps" else 1


def _name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return "Apple GPU (MPS)"
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' if threads > 1 else ''}"


def _accelerator_state(kind: str) -> list[torch.Tensor]:
    if kind == "cuda":
        return torch.cuda.get_rng_state_all()
    return [torch.mps.get_rng_state()] if kind == "mps" else []


def _restore_accelerators(kind: str, states: list[torch.Tensor]) -> None:
    if kind == "cuda":
        torch.cuda.set_rng_state_all(states)
    elif kind == "mps":
        torch.mps.set_rng_state(states[0])
