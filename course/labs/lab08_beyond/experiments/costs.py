"""What groups save, and ResNeXt's equality."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from course import plots
from course.labs.shared.pages import attempt, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cost = Callable[..., tuple[int, int]]
OUTPUTS = tuple(2**n for n in range(2, 11))


def draw_savings(cost: Cost) -> Figure | None:
    """Multiplications of depthwise and 1 × 1 over those of the full convolution, by outputs."""
    kernels = {3: plots.BLUE, 5: plots.ORANGE, 7: plots.GREEN}

    def shares(kernel: int) -> list[float]:
        inputs, side = 32, 14
        around = cost(inputs, inputs, kernel, side, side, inputs)[1]
        return [
            (around + cost(inputs, n, 1, side, side)[1]) / cost(inputs, n, kernel, side, side)[1]
            for n in OUTPUTS
        ]

    found = attempt("convolution_cost", lambda: {kernel: shares(kernel) for kernel in kernels})
    if found is None:
        return None
    ax = plots.axes(
        xlabel="output channels N", ylabel="share of the full convolution", figsize=(6.4, 3.3)
    )
    for kernel, values in found.items():
        ax.plot(OUTPUTS, values, "o-", color=kernels[kernel], label=f"{kernel} × {kernel}")
        ax.axhline(1 / kernel**2, color=kernels[kernel], linestyle=":", linewidth=1)
        print(
            f"{kernel} × {kernel}: {100 * values[0]:.1f} % with 4 outputs,",
            f"{100 * values[-1]:.1f} % with 1,024",
        )
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.legend(title="dotted: 1/K²")
    return shown(ax.figure)


def compare_paths(merge: Callable[..., tuple[Tensor, Tensor, Tensor]]) -> None:
    """Print how far 32 added paths and the student's grouped bottleneck are apart, and counts."""
    generator = torch.Generator().manual_seed(0)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    x, groups, inner, wide = drawn(2, 256, 7, 7), 32, 4, 256
    weights = drawn(groups, inner, wide, 1, 1), drawn(groups, inner, inner, 3, 3)
    paths = (*weights, drawn(groups, wide, inner, 1, 1))

    def through(first: Tensor, middle: Tensor, last: Tensor, groups: int = 1) -> Tensor:
        y = F.conv2d(F.conv2d(x, first), middle, padding=1, groups=groups)
        return F.conv2d(y, last)

    added = torch.stack([through(*path) for path in zip(*paths, strict=True)]).sum(dim=0)
    merged = attempt("merge_paths", lambda: through(*merge(*paths), groups=groups))
    if merged is None:
        return
    apart = float((merged - added).abs().max() / added.abs().max())
    print(f"32 paths added, and one bottleneck with 32 groups: at most {apart:.0e} apart\n")
    print("weights of one block, 256 channels in and out")
    for name, width, count in (("ResNet", 64, 1), ("ResNeXt, 32 groups", 128, 32)):
        total = 2 * wide * width + 9 * width * width // count
        print(f"{name:20} {width:4} channels inside {total:8,}")
