"""The same training, faster: memory layout, number format, compilation.

None of these changes what is computed beyond rounding. What a machine has, and what a model can
take, differs: a student's ``x.view(len(x), -1)`` fails on images that lie channels last. So where
nothing was asked for, the fastest setting in which the model really runs is found by trial.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch
from torch import Tensor, nn

from course.device import seeded, synchronise
from course.instruments import preserved_modes
from course.training.recording import Replay, aside, cuda_graph, within_another
from course.training.trial import attributes, held

Precision = Literal["auto", "float32", "bfloat16", "float16"]
Compile = bool | Mapping[str, Any]

ROUNDS = 12  # batches that are timed at most, for each number format; the best counts
LONGEST = 0.3  # seconds that they take at most
FIRST = 3  # batches that nobody times: libraries make their choices there
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Pace:
    """How a run computes.

    Attributes:
        layout: how images and kernels lie in memory.
        dtype: of products and convolutions; weights, their updates and the loss stay float32.
        measured: milliseconds a batch in this and in other formats, in words, if they were timed.
    """

    layout: torch.memory_format
    dtype: torch.dtype
    measured: str = field(default="", compare=False)

    def place(self, images: Tensor) -> Tensor:
        """Images ``(N, C, H, W)`` in this layout; the same values in the same shape."""
        return images.contiguous(memory_format=self.layout) if images.ndim == 4 else images

    def autocast(self, device: torch.device) -> AbstractContextManager[Any]:
        """The context in which the model computes."""
        if self.dtype == torch.float32:
            return nullcontext()  # a disabled autocast is refused too where there is none (mps)
        return torch.autocast(device.type, self.dtype)

    def told(self, captured: bool, why: str = "") -> str:
        """In words: ``bfloat16, channels last, step by step: it was not asked for``."""
        layout = "channels last" if self.layout == torch.channels_last else "channels first"
        found = f"{_named(self.dtype)}{self.measured and f' ({self.measured})'}, {layout}"
        return f"{found}, " + ("recorded" if captured else f"step by step: {why}")

    @property
    def needs_scaling(self) -> bool:
        """float16 has 5 bits of exponent: small gradients must be scaled up to survive."""
        return self.dtype == torch.float16


PLAIN = Pace(torch.contiguous_format, torch.float32)
"""What torch does by itself."""

_TIMES: dict[tuple[Any, ...], float] = {}
"""Seconds of a batch, once measured: the same network is computed the same way each time."""


def choose_pace(
    model: nn.Module,
    sample: Tensor,
    precision: Precision = "auto",
    channels_last: bool | None = None,
    recorded: bool = False,
) -> Pace:
    """What was asked for; where it was left open, the fastest in which the model runs.

    Layouts are taken in the order in which they are fast as a rule. Number formats are timed where
    there are several, for a third of a second each at most: a small network loses more by
    converting than it gains. Where the same bits are asked for, no clock decides.

    Args:
        model: on its device. Its weights, modes and running statistics stay as they are.
        sample: a batch of images ``(N, C, H, W)`` to try it on, on the same device.
        recorded: time it as a recording, which waits for no launches, where that can be.

    Raises:
        ValueError: no such precision.
    """
    paces = _candidates(model, sample.device, precision, channels_last)
    first = next((pace for pace in paces[:-1] if _works(model, sample, pace)), paces[-1])
    rest = [pace for pace in paces if pace.layout == first.layout and pace != first]
    able = [first, *(pace for pace in rest if _works(model, sample, pace))]
    if len(able) == 1:
        return first
    times = {pace: seconds(model, sample, pace, recorded) for pace in able}
    told = [f"{_named(pace.dtype)} {1000 * times[pace]:.2f} ms" for pace in able]
    return replace(min(able, key=times.__getitem__), measured=", ".join(told))


@contextmanager
def laid_out(model: nn.Module, pace: Pace) -> Iterator[None]:
    """The model's kernels in the pace's layout for a block, and as usual after it."""
    if pace.layout == torch.contiguous_format:
        yield
        return
    model.to(memory_format=pace.layout)
    try:
        yield
    finally:
        model.to(memory_format=torch.contiguous_format)


def compiled(model: nn.Module, wanted: Compile) -> Callable[[Tensor], Any]:
    """The model, or what ``torch.compile`` makes of it; the weights are the same."""
    if wanted is False:
        return model
    options = {} if wanted is True else dict(wanted)
    return torch.compile(model, **options)


@contextmanager
def algorithms(device: torch.device, deterministic: bool) -> Iterator[None]:
    """For a block: the same bits every time if ``deterministic``, else cuDNN's fastest choice.

    Whoever has asked for deterministic algorithms before keeps them.
    """
    cudnn = torch.backends.cudnn
    before = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    kept = cudnn.deterministic, cudnn.benchmark
    deterministic = deterministic or before[0] or kept[0]
    try:
        if deterministic:
            torch.use_deterministic_algorithms(True, warn_only=not before[0] or before[1])
        cudnn.deterministic = deterministic
        cudnn.benchmark = device.type == "cuda" and not deterministic
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        cudnn.deterministic, cudnn.benchmark = kept


def _candidates(
    model: nn.Module, device: torch.device, precision: str, channels_last: bool | None
) -> list[Pace]:
    """Fastest first; the last one is what torch does by itself."""
    if precision != "auto" and precision not in _DTYPES:
        raise ValueError(
            f"expected precision 'auto', {', '.join(map(repr, _DTYPES))}; found {precision!r}"
        )
    if channels_last is None:
        layouts = _layouts(model, device)
    else:
        layouts = [torch.channels_last if channels_last else torch.contiguous_format]
    free = precision == "auto" and not torch.are_deterministic_algorithms_enabled()
    named = "float32" if precision == "auto" else precision
    dtypes = _fast_dtypes(device) if free else [_DTYPES[named]]
    return [Pace(*choice) for choice in itertools.product(layouts, dtypes)]


def _layouts(model: nn.Module, device: torch.device) -> list[torch.memory_format]:
    convolves = any(isinstance(module, nn.Conv2d) for module in model.modules())
    if convolves and device.type in ("cpu", "cuda"):
        return [torch.channels_last, torch.contiguous_format]
    return [torch.contiguous_format]


def _fast_dtypes(device: torch.device) -> list[torch.dtype]:
    """Formats that the device multiplies faster than float32, and float32.

    Tensor cores know float16 from compute capability 7 on, bfloat16 from 8 on. CPUs are left
    out: where they lack the instructions (most laptops), bfloat16 is several times slower.
    """
    if device.type != "cuda":
        return [torch.float32]
    major, _ = torch.cuda.get_device_capability(device)
    fast = [torch.bfloat16] if major >= 8 else [torch.float16] if major == 7 else []
    return [*fast, torch.float32]


def _works(model: nn.Module, sample: Tensor, pace: Pace) -> bool:
    """Does a forward and a backward pass get through?"""
    try:
        with _trial(model, sample[:2], pace) as batch:
            batch()
    except Exception:  # whatever it is: another pace may do, and the run itself will say
        return False
    return True


def seconds(model: nn.Module, sample: Tensor, pace: Pace, recorded: bool) -> float:
    """What a forward and a backward pass take, the best of several; measured once."""
    kept = [[f"{key} {value!r}" for key, value in own.items() if isinstance(value, int | float)]
            for _, _, own in attributes(model)]  # fmt: skip
    recorded = recorded and sample.device.type == "cuda" and not held(model)
    key = repr(model), str(kept), sample.shape, sample.device, pace, recorded
    if key not in _TIMES:
        _TIMES[key] = _seconds(model, sample, pace, recorded)
    return _TIMES[key]


def _seconds(model: nn.Module, sample: Tensor, pace: Pace, recorded: bool) -> float:
    """What a forward and a backward pass take, the best of several."""
    times: list[float] = []
    with _trial(model, sample, pace) as batch:
        for _ in range(FIRST):
            with aside(sample.device) if recorded else nullcontext():
                batch()
        work = _recorded(batch, sample.device) if recorded else batch
        begun = time.perf_counter()
        while not times or (len(times) < ROUNDS and time.perf_counter() - begun < LONGEST):
            synchronise(sample.device)
            start = time.perf_counter()
            work()
            synchronise(sample.device)
            times.append(time.perf_counter() - start)
    return min(times)


def _recorded(batch: Replay, device: torch.device) -> Replay:
    if within_another():
        return batch
    try:
        return cuda_graph(batch, device)
    except Exception:  # as it is, then; the run will say why
        return batch


@contextmanager
def _trial(model: nn.Module, sample: Tensor, pace: Pace) -> Iterator[Callable[[], object]]:
    """A batch to try the model on, in training mode, on copies of the running statistics."""
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    parameters = [p for p in model.parameters() if p.requires_grad]
    images = pace.place(sample)

    def batch() -> None:
        with pace.autocast(sample.device):
            outputs = torch.func.functional_call(model, buffers, (images,))
        first = outputs if isinstance(outputs, Tensor) else outputs[0]
        torch.autograd.grad(first.float().sum(), parameters, allow_unused=True)

    with preserved_modes(model), seeded(0, sample.device), laid_out(model, pace):
        model.train()
        yield batch


def in_float32(outputs: Any) -> Any:
    """What a model says, one tensor or several, in float32."""
    if isinstance(outputs, Tensor):
        return outputs.float() if outputs.dtype in (torch.bfloat16, torch.float16) else outputs
    if isinstance(outputs, tuple) and hasattr(outputs, "_make"):  # a named tuple
        return outputs._make(map(in_float32, outputs))
    if isinstance(outputs, (list, tuple)):
        return type(outputs)(map(in_float32, outputs))
    return outputs


def _named(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
