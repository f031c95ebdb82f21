"""The Inception block: its picture, what its 1×1 saves, and torchvision's weights in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from course import plots
from course.checks.modules import filled, sizes_of
from course.experiments import on_cpu
from course.labs.lab05_inception.experiments.networks import Design, SmallGoogLeNet
from course.labs.lab05_inception.paper import INPUTS, TABLE
from course.labs.shared.pages import attempt, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_block() -> Figure:
    """Block 3a with all its branches, drawn from torchvision's module with a true 5×5."""
    from course import diagrams

    channels, side = INPUTS["3a"]
    with torch.device("meta"):
        block = SmallGoogLeNet(Design(width=1.0)).blocks["3a"]
    ax = diagrams.draw(block, (channels, side, side), title="Inception block 3a")
    return shown(ax.figure)


def draw_savings(inception_cost: Any) -> Figure | None:
    """Multiplications of the nine blocks, naive and with reductions, by the student's function."""

    def costs() -> dict[str, dict[str, int]]:
        inputs = {name: INPUTS[name] for name in TABLE}
        return {name: inception_cost(c, TABLE[name], s, s) for name, (c, s) in inputs.items()}

    found = attempt("inception_cost", costs)
    if found is None:
        return None
    sums = {key: sum(cost[key] for cost in found.values()) / 1e6 for key in ("naive", "reduced")}
    for name, cost in found.items():
        ratio = cost["naive"] / cost["reduced"]
        millions = [cost[key] / 1e6 for key in ("naive", "reduced")]
        print(
            f"{name}   naive {millions[0]:6.1f}   reduced {millions[1]:6.1f} million   {ratio:.2f}×"
        )
    print(f"all  naive {sums['naive']:6.0f}   reduced {sums['reduced']:6.0f} million   "
          f"{sums['naive'] / sums['reduced']:.2f}×")  # fmt: skip
    return _savings_figure(found)


def _savings_figure(found: Mapping[str, Mapping[str, int]]) -> Figure:
    from matplotlib import pyplot

    plots.use_style()
    figure, ax = pyplot.subplots(figsize=(7.4, 3.2))
    colours = {"naive": plots.GREY, "reduced": plots.colour_of("Inception")}
    for shift, (key, colour) in zip((-0.2, 0.2), colours.items(), strict=True):
        places = [place + shift for place in range(len(found))]
        heights = [cost[key] / 1e6 for cost in found.values()]
        ax.bar(places, heights, width=0.4, color=colour, label=key)
    ax.set_xticks(range(len(found)), list(found))
    ax.grid(visible=False, axis="x")
    plots.axes(ax, xlabel="block", ylabel="million multiplications")
    ax.legend()
    return shown(figure)


def naive_chain(inception_cost: Any) -> None:
    """Print what nine naive blocks in a row would come to: the pooled maps pile up."""

    def chain() -> list[tuple[str, int, int]]:
        channels, rows = INPUTS["3a"][0], []
        for name, spec in TABLE.items():
            cost = inception_cost(channels, spec, INPUTS[name][1], INPUTS[name][1])["naive"]
            rows.append((name, channels, cost))
            channels += spec.n1x1 + spec.n3x3 + spec.n5x5
        return rows

    rows = attempt("inception_cost", chain) or []
    for name, channels, cost in rows:
        print(f"{name}   {channels:5} channels come in (paper {INPUTS[name][0]:3})   "
              f"{cost / 1e6:6.0f} million")  # fmt: skip
    if rows:
        print(f"all nine: {sum(cost for *_, cost in rows) / 1e6:,.0f} million multiplications")


def block_ledger(make_block: Any) -> None:
    """Print how far the student's nine blocks are from torchvision's, with the same weights."""

    def differences() -> dict[str, float]:
        found = {}
        for name, theirs in SmallGoogLeNet(Design(width=1 / 8)).blocks.items():
            into = INPUTS[name][0] // 8
            yours = make_block(into, TABLE[name].scaled(1 / 8))
            found[name] = _difference(yours, theirs, into)
        return found

    with on_cpu("digits are compared, of two images in narrow blocks"):
        gaps = attempt("InceptionBlock", differences)
    if gaps is None:
        return
    print("torchvision's blocks with the same weights, at 1/8 of the width:")
    equal = [name for name, gap in gaps.items() if gap < 1e-12]
    if equal:
        print(f"equal to 12 digits: {', '.join(equal)}")
    for name in (name for name in gaps if name not in equal):
        print(f"block {name}: they differ by {gaps[name]:.2g}")


def _difference(yours: nn.Module, theirs: nn.Module, channels: int) -> float:
    """The largest difference of two blocks' outputs in float64, with the same weights: drawn by
    each layer's size, so it does not matter in which order yours were made.
    """
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(2, channels, 7, 7, generator=generator).double()
    if sizes_of(yours) != sizes_of(theirs):
        raise ValueError("your block's parameters have other sizes than torchvision's")
    with torch.no_grad():
        yours, theirs = filled(yours, seed=5), filled(theirs, seed=5)
        return float((yours(maps) - theirs(maps)).abs().max())
