"""The same training, faster: memory layout, number format, compilation.

None of these changes what is computed beyond rounding. What a machine has, and what a model can
take, differs: a student's ``x.view(len(x), -1)`` fails on images that lie channels last. So where
nothing was asked for, the fastest setting in which the model really runs is found by trial.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from course.device import seeded
from course.instruments import preserved_modes

Precision = Literal["auto", "float32", "bfloat16", "float16"]
Compile = bool | Mapping[str, Any]

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Pace:
    """How a run computes.

    Attributes:
        layout: how images and kernels lie in memory.
        dtype: of products and convolutions; weights, their updates and the loss stay float32.
    """

    layout: torch.memory_format
    dtype: torch.dtype

    def place(self, images: Tensor) -> Tensor:
        """Images ``(N, C, H, W)`` in this layout; the same values in the same shape."""
        return images.contiguous(memory_format=self.layout) if images.ndim == 4 else images

    def autocast(self, device: torch.device) -> AbstractContextManager[Any]:
        """The context in which the model computes."""
        if self.dtype == torch.float32:
            return nullcontext()  # a disabled autocast is refused too where there is none (mps)
        return torch.autocast(device.type, self.dtype)

    @property
    def needs_scaling(self) -> bool:
        """float16 has 5 bits of exponent: small gradients must be scaled up to survive."""
        return self.dtype == torch.float16


PLAIN = Pace(torch.contiguous_format, torch.float32)
"""What torch does by itself."""


def choose_pace(
    model: nn.Module,
    sample: Tensor,
    precision: Precision = "auto",
    channels_last: bool | None = None,
) -> Pace:
    """What was asked for; where it was left open, the fastest in which the model runs.

    Args:
        model: on its device. Its weights, modes and running statistics stay as they are.
        sample: a few images ``(N, C, H, W)`` to try it on, on the same device.

    Raises:
        ValueError: no such precision.
    """
    paces = _candidates(model, sample.device, precision, channels_last)
    return next((pace for pace in paces[:-1] if _works(model, sample, pace)), paces[-1])


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
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
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
    dtypes = _fast_dtypes(device) if precision == "auto" else [_DTYPES[precision]]
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
    """Does a forward and a backward pass get through? On copies of the running statistics."""
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    images = pace.place(sample)
    try:
        with preserved_modes(model), seeded(0, sample.device), laid_out(model, pace):
            model.train()
            with pace.autocast(sample.device):
                outputs = torch.func.functional_call(model, buffers, (images,))
            first = outputs if isinstance(outputs, Tensor) else outputs[0]
            parameters = [p for p in model.parameters() if p.requires_grad]
            torch.autograd.grad(first.float().sum(), parameters, allow_unused=True)
    except Exception:  # whatever it is: another pace may do, and the run itself will say
        return False
    return True
