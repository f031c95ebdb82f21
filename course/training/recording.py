"""A CUDA graph: what a stretch of work asks of a GPU, recorded once, and launched as one."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

Replay = Callable[[], object]

_SIDE: dict[int, torch.cuda.Stream] = {}  # one for each GPU: libraries keep memory for every stream
_RUNS: list[object] = []  # that are under way


def cuda_graph(work: Callable[[], object], device: torch.device) -> Replay:
    """Record it. A failure leaves the stream and the random numbers as they were.

    torch up to 2.12 ends a broken recording halfway: each draw after it raises, and so does the
    next recording, for its memory counts as still in use. So what would wait for the GPU, and
    break it, is refused before the GPU is asked.

    Raises:
        RuntimeError: the work waits for the GPU, or its memory is not enough.
    """
    graph, usual = torch.cuda.CUDAGraph(), torch.cuda.current_stream(device)
    dice = torch.cuda.default_generators[usual.device_index]
    kept = dice.clone_state()
    try:
        begun = torch.cuda.graph(graph, stream=_side(device))
        with torch.cuda.device(device), _no_collection(), begun, no_waiting(device):
            work()
    except BaseException:
        torch.cuda.set_stream(usual)
        dice.graphsafe_set_state(kept)
        raise
    return graph.replay


@contextmanager
def under_way() -> Iterator[None]:
    """A run that may be recorded is under way in this block."""
    _RUNS.append(run := object())
    try:
        yield
    finally:
        _RUNS.remove(run)


def within_another() -> bool:
    """Whether this run is inside another one, or beside it in another thread.

    A recording that is thrown away takes memory of cuBLAS with it (torch issue 193402), which
    another recording on the same stream would still use.
    """
    return len(_RUNS) > 1


@contextmanager
def aside(device: torch.device) -> Iterator[None]:
    """On the stream of recordings, as torch asks for what goes before one: libraries get the
    memory that they work in there, and none of a recording's own.
    """
    if device.type != "cuda":
        yield
        return
    stream, usual = _side(device), torch.cuda.current_stream(device)
    stream.wait_stream(usual)
    try:
        with torch.cuda.stream(stream):
            yield
    finally:  # after Ctrl-C too: weights are read next
        usual.wait_stream(stream)


@contextmanager
def no_waiting(device: torch.device) -> Iterator[None]:
    """Whatever waits for a GPU raises in this block."""
    if device.type != "cuda":
        yield
        return
    before = torch.cuda.get_sync_debug_mode()
    _watch("error")
    try:
        yield
    finally:
        _watch(before)


def _watch(mode: int | str) -> None:
    with warnings.catch_warnings():  # torch says each first time that this is a prototype
        warnings.simplefilter("ignore")
        torch.cuda.set_sync_debug_mode(mode)


def _side(device: torch.device) -> torch.cuda.Stream:
    index = torch.cuda.current_device() if device.index is None else device.index
    if index not in _SIDE:
        _SIDE[index] = torch.cuda.Stream(device)
    return _SIDE[index]


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
