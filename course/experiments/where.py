"""Where an experiment runs: on the notebook's device, or on the CPU for a reason that it says.

Weights and inputs are drawn on the CPU, so that one seed is one network on every machine, and
moved to :func:`here` before anything is computed. What must stay on the CPU does its work in
:func:`on_cpu`, with one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

from course.device import one_thread, pick_device, working_on

T = TypeVar("T")

WITHOUT_FLOAT64 = ("mps",)
_SAID: set[str] = set()
_CPU = torch.device("cpu")


def here(float64: bool = False) -> torch.device:
    """The device of this notebook's experiments.

    Args:
        float64: the work needs it. Apple's GPUs have none, so there it goes to the CPU.
    """
    device = pick_device()
    if float64 and device.type in WITHOUT_FLOAT64:
        _say("numbers of 64 bits: on the CPU, the GPU here has none")
        return _CPU
    return device


@contextmanager
def on_cpu(why: str) -> Iterator[torch.device]:
    """A block whose work is for the CPU, with one thread; where there is more, it says ``why``.

    :func:`here` is the CPU inside.
    """
    if pick_device().type != "cpu":
        _say(f"on the CPU, with one thread: {why}")
    with working_on(_CPU), one_thread():
        yield _CPU


def where_it_can(name: str, work: Callable[[torch.device], T], float64: bool = False) -> T:
    """Work with a student's function ``name``: on this notebook's device, or on the CPU.

    A function that is right makes its tensors where it likes. ``torch.zeros(3)`` makes one on the
    CPU, and a GPU does not mix.
    """
    device = here(float64)
    try:
        return work(device)
    except RuntimeError as error:
        if device == _CPU or "device" not in str(error):
            raise
    with on_cpu(f"`{name}` makes tensors there; device=x.device in it puts them beside x"):
        return work(_CPU)


def _say(line: str) -> None:
    """Once in a notebook."""
    if line not in _SAID:
        _SAID.add(line)
        print(line)
