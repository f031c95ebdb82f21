"""Experiments of lab 6: gradients through plain and residual stacks, degradation, Jacobians.

The networks here are built from one ``Unit`` that can be plain or residual, with or without
normalisation, so everything runs before a single exercise is solved; what needs a student's
function says so until it is written.

``python -m course.experiments.lab06`` measures and trains again, and writes
``results/lab06.json``.
"""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import plots, training
from course.checks.lab06.basis import count, filled
from course.checks.lab06.networks import (
    CIFAR_PARAMETERS,
    IMAGENET_PARAMETERS,
    torchvision_model,
)
from course.device import seeded
from course.experiments.lab01 import live_front_end
from course.experiments.pages import shown, spread, written
from course.instruments import layer_gradient_norms, record_activations

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from course.data import Dataset

RESULTS = "results/lab06.json"


# Networks ---------------------------------------------------------------------------------

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}
DEPTHS = (20, 56, 110)


@dataclass(frozen=True)
class Kind:
    """What a unit is made of.

    Attributes:
        residual: whether the input is added to what two convolutions make of it.
        norm: BatchNorm beside each convolution; without it the convolutions have biases.
        activation: one of ``ACTIVATIONS``.
        order: ``"post"``, the paper's: an activation follows the addition; ``"inside"``, the
            same activation stays in the branch; ``"pre"``, norm and activation come before each
            convolution (He and others 2016b). In the last two nothing follows the addition.
        start: ``"torch"``, PyTorch's own initial weights, or ``"He"``.
        zero: the last γ of each unit starts at 0 (Goyal and others 2017).
    """

    residual: bool
    norm: bool = True
    activation: str = "relu"
    order: str = "post"
    start: str = "torch"
    zero: bool = False

    @property
    def name(self) -> str:
        """Such as ``residual, BatchNorm``."""
        family = "residual" if self.residual else "plain"
        return f"{family}, {'BatchNorm' if self.norm else 'no BatchNorm'}"


PANELS = tuple(Kind(residual, norm) for norm in (False, True) for residual in (False, True))


def convolution(kind: Kind, into: int, out: int, stride: int = 1) -> nn.Sequential:
    """A padded 3×3 convolution with its normalisation: ``(N, into, H, W) -> (N, out, H/s, W/s)``.

    In a unit of order ``"pre"`` normalisation and activation come first.
    """
    layer = nn.Conv2d(into, out, 3, stride, padding=1, bias=not kind.norm)
    if kind.start == "He":
        nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    pre = kind.order == "pre"
    norm = nn.BatchNorm2d(into if pre else out) if kind.norm else nn.Identity()
    return nn.Sequential(norm, _Activation(kind), layer) if pre else nn.Sequential(layer, norm)


class _Activation(nn.Module):
    def __init__(self, kind: Kind) -> None:
        super().__init__()
        self.name = kind.activation

    def forward(self, x: Tensor) -> Tensor:
        return ACTIVATIONS[self.name](x)


class Unit(nn.Module):
    """Two convolutions, plain or with a parameter-free shortcut.

    ``(N, C, H, W) -> (N, K, H/s, W/s)``; with K > C the shortcut's new channels are zeros.
    """

    def __init__(self, kind: Kind, into: int, out: int, stride: int = 1) -> None:
        super().__init__()
        self.kind, self.stride, self.new = kind, stride, out - into
        self.first = convolution(kind, into, out, stride)
        self.second = convolution(kind, out, out)
        if kind.zero:
            nn.init.zeros_(torch.as_tensor(self.second[1].weight))

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W) -> (N, K, H/s, W/s)``."""
        y = self._branch(x)
        if self.kind.residual:
            grid = x[..., :: self.stride, :: self.stride]
            y = torch.cat([grid, grid.new_zeros(len(x), self.new, *grid.shape[2:])], 1) + y
        return ACTIVATIONS[self.kind.activation](y) if self.kind.order == "post" else y

    def _branch(self, x: Tensor) -> Tensor:
        act = ACTIVATIONS[self.kind.activation]
        if self.kind.order == "pre":
            result: Tensor = self.second(self.first(x))
            return result
        result = self.second(act(self.first(x)))
        return act(result) if self.kind.order == "inside" else result


def units_of(depth: int, per_stage: int) -> int:
    """Units in each stage of a network with ``depth`` layers with weights."""
    return (depth - 2) // (2 * per_stage)


def stage_network(kind: Kind, depth: int, width: int, in_channels: int = 3) -> nn.Sequential:
    """The paper's network for small images, 6n + 2 layers, three stages: ``-> (N, 10)`` scores."""
    layers: list[nn.Module] = [convolution(kind, in_channels, width), nn.ReLU()]
    into = width
    for stage in range(3):
        for number in range(units_of(depth, 3)):
            out = width << stage
            layers.append(Unit(kind, into, out, 2 if stage > number == 0 else 1))
            into = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(into, 10))


def even_network(
    make: Callable[[], nn.Module], depth: int, width: int = 16, norm: bool = True
) -> nn.Sequential:
    """A stem, ``(depth - 2) / 2`` units of equal shape, and a head; for grey ``(N, 1, H, W)``.

    Its parts are called ``stem``, ``unit 1``, ``unit 2``, …, ``head``.
    """
    stem = nn.Conv2d(1, width, 3, padding=1, bias=not norm)
    parts: dict[str, nn.Module] = {
        "stem": nn.Sequential(stem, nn.BatchNorm2d(width)) if norm else stem
    }
    for number in range(units_of(depth, 1)):
        parts[f"unit {number + 1}"] = make()
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))
    return nn.Sequential(OrderedDict(parts, head=head))


# The law, in one dimension and in more ----------------------------------------------------

BLOCKS = 54  # of a network with 110 layers
SCALARS = {
    "plain, f' = 0.25": (False, lambda n: torch.full((n,), 0.25)),
    "residual, f' = +0.25": (True, lambda n: torch.full((n,), 0.25)),
    "residual, f' = −0.25": (True, lambda n: torch.full((n,), -0.25)),
    "residual, f' = ±0.25, by chance": (True, lambda n: 0.5 * torch.rand(n).gt(0.5) - 0.25),
}


def draw_law(chain_gradient: Any) -> Figure | None:
    """Products of scalar slopes by depth (left), and singular values of Jacobians (right).

    Args:
        chain_gradient: the student's.
    """
    with seeded(0):
        slopes = {name: (flag, make(BLOCKS).double()) for name, (flag, make) in SCALARS.items()}
    products = written(
        lambda: {
            name: [float(chain_gradient(d[:depth], flag)) for depth in range(BLOCKS + 1)]
            for name, (flag, d) in slopes.items()
        },
        "chain_gradient",
    )
    return None if products is None else _law_figure(products)


def _law_figure(products: Mapping[str, Sequence[float]]) -> Figure:
    from matplotlib import pyplot

    plots.use_style()
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9.4, 3.9))
    looks = (plots.VERMILLION, plots.BLUE, plots.SKY, plots.INK)
    for (name, values), colour in zip(products.items(), looks, strict=True):
        left.plot([abs(value) for value in values], color=colour, label=name)
        print(f"{name:32} after {BLOCKS} blocks: {values[-1]:.1e}")
    for residual, colour in ((False, plots.VERMILLION), (True, plots.BLUE)):
        _draw_spectrum(right, residual, colour)
    plots.axes(left, xlabel="blocks", ylabel="|dy/dx|", title="one dimension")
    plots.axes(right, xlabel="blocks", ylabel="singular values", title="64 dimensions")
    for ax in (left, right):
        ax.set_yscale("log")
        ax.set_ylim(1e-34, 1e8)
        ax.legend(fontsize=8.5, loc="lower left")
    return shown(figure)


def _draw_spectrum(ax: Axes, residual: bool, colour: str) -> None:
    """Size of a typical gradient by depth, and for residual blocks largest and smallest gain.

    (Of a product of J alone float64 can't tell the smallest: it is lost beside the largest.)
    """
    logs = torch.stack([singular_values(residual, seed).log10() for seed in range(3)])
    spectra = 10 ** logs.mean(dim=0)
    typical = spectra.square().mean(dim=1).sqrt()
    name = "residual, I + J" if residual else "plain, J"
    ax.plot(typical, color=colour, label=f"{name}: a typical gradient")
    told = f"typical {typical[-1]:.1e}"
    if residual:
        low, high = spectra[:, -1], spectra[:, 0]
        ax.fill_between(range(len(low)), low, high, color=colour, alpha=0.25, label="all others")
        told += f", largest {high[-1]:.1e}, smallest {low[-1]:.1e}"
    print(f"64 dimensions, {name:17} after {BLOCKS} blocks: {told}")


def singular_values(residual: bool, seed: int, size: int = 64, gain: float = 0.25) -> Tensor:
    """Singular values ``(blocks + 1, size)`` of products of random Jacobians.

    Each J is Gaussian with standard deviation ``gain / √size``: it scales a typical vector by
    ``gain``, as f' = ±0.25 does in one dimension.
    """
    with seeded(seed):
        jacobians = gain / size**0.5 * torch.randn(BLOCKS, size, size, dtype=torch.float64)
    eye = torch.eye(size, dtype=torch.float64)
    product, found = eye, []
    for jacobian in jacobians:
        found.append(torch.linalg.svdvals(product))
        product = (eye + jacobian if residual else jacobian) @ product
    return torch.stack([*found, torch.linalg.svdvals(product)])


# The ledgers ------------------------------------------------------------------------------

IN_THE_PAPER = {20: 0.27, 32: 0.46, 44: 0.66, 56: 0.85, 110: 1.7}  # million, table 6


def parameter_ledger(resnet_cifar: Any, make_resnet: Any) -> None:
    """Print parameters by depth: the student's beside the paper's, and beside torchvision's."""
    print(f"{'for 32 × 32':14}{'yours':>12}   the paper, million")
    for depth in CIFAR_PARAMETERS:
        yours = _counted(resnet_cifar, (depth - 2) // 6)
        print(f"ResNet-{depth:<7}{yours:>12}   {IN_THE_PAPER[depth]}")
    print(f"\n{'for ImageNet':14}{'yours':>12}   torchvision")
    for depth, theirs in IMAGENET_PARAMETERS.items():
        print(f"ResNet-{depth:<7}{_counted(make_resnet, depth):>12}   {theirs:,}")


def _counted(make: Any, *args: Any) -> str:
    try:
        with torch.device("meta"):
            return f"{count(make(*args)):,}"
    except NotImplementedError:
        return "not yet"
    except Exception as error:
        return type(error).__name__


def copy_in_order(target: nn.Module, source: nn.Module) -> None:
    """Copy parameters and running statistics in the order in which both modules hold them.

    Raises:
        ValueError: another number of tensors, or other shapes.
    """
    new, old = target.state_dict(), source.state_dict()
    shapes = [[tuple(v.shape) for v in state.values()] for state in (new, old)]
    if shapes[0] != shapes[1]:
        raise ValueError("the two networks hold other tensors, or in another order")
    target.load_state_dict(dict(zip(new, old.values(), strict=True)))


def score_ledger(make_resnet: Any) -> None:
    """Print how far the student's scores are from torchvision's, with the same weights."""
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)).double()

    def gap(depth: int, width: float) -> float:
        theirs = filled(torchvision_model(depth, 10, width), 0)
        yours = make_resnet(depth, 10, width).double().eval()
        copy_in_order(yours, theirs)
        with torch.no_grad():
            ours, wanted = yours(images), theirs(images)
        return float((ours - wanted).abs().max() / wanted.abs().max())

    sizes = {18: 1.0, 34: 0.25, 50: 0.25, 101: 0.25, 152: 0.25}
    gaps = written(
        lambda: {depth: gap(depth, width) for depth, width in sizes.items()}, "make_resnet"
    )
    for depth, difference in (gaps or {}).items():
        verdict = "equal to 10 digits" if difference < 1e-10 else f"off by {difference:.1g}"
        print(f"ResNet-{depth}, width {sizes[depth]:g}, torchvision's weights: {verdict}")


# ImageNet's weights -----------------------------------------------------------------------


def classify(make_resnet: Any, depth: int = 18, fetch: bool = False, pictures: int = 8) -> Any:
    """The student's ResNet with torchvision's ImageNet weights on a few photographs.

    Args:
        fetch: may weights and pictures be downloaded? Else only what the cache has is used.
    """
    weights = _imagenet_weights(depth, fetch)
    if weights is None:
        return None
    photographs = _photographs(pictures, fetch)
    return photographs and _classified(make_resnet, depth, weights, photographs)


def _imagenet_weights(depth: int, fetch: bool) -> Any:
    from torch.hub import get_dir, load_state_dict_from_url
    from torchvision.models import get_model_weights

    weights: Any = next(iter(get_model_weights(f"resnet{depth}")))  # the first: V1
    path = Path(get_dir()) / "checkpoints" / weights.url.rsplit("/", 1)[-1]
    if not path.is_file() and not (fetch and _answers(weights.url)):
        reason = "no connection" if fetch else "fetch=True downloads them"
        print(f"ImageNet's weights of ResNet-{depth} are not on this machine ({reason})")
        return None
    state = load_state_dict_from_url(weights.url, progress=False, check_hash=True)
    return state, weights.meta["categories"]


def _answers(url: str) -> bool:
    """Whether the host answers within three seconds."""
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(url, method="HEAD"), timeout=3):
            return True
    except OSError:
        return False


def _photographs(count: int, fetch: bool) -> Any:
    from course import data

    profile = "full" if fetch else "grade"  # which never uses the network
    size = (10, 10)
    images = data.load("imagenette", profile=profile, size=size, image_size=224, verbose=False)
    if images.name == "imagenette":
        return images.test.images[:count], [images.classes[i] for i in images.test.labels[:count]]
    print("No photographs on this machine: Imagenette would be downloaded with fetch=True")
    return None


def _classified(make_resnet: Any, depth: int, weights: Any, photographs: Any) -> Any:
    state, names = weights
    pixels, truth = photographs
    model = written(lambda: make_resnet(depth).eval(), "make_resnet")
    if model is None:
        return None
    theirs = torchvision_model(depth)
    theirs.load_state_dict(state)  # by name: old files hold their tensors in another order
    copy_in_order(model, theirs)
    channel_mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    channel_std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    with torch.no_grad():
        sure, best = model((pixels / 255 - channel_mean) / channel_std).softmax(1).max(1)
    titles = [f"{names[i]} {p:.0%}\n({t})" for i, p, t in zip(best, sure, truth, strict=True)]
    return shown(plots.image_grid(pixels, titles).figure)


# Gradients --------------------------------------------------------------------------------

Loss = Callable[[], Tensor]
Norms = Callable[[nn.Module, Loss], Mapping[str, float]]
BATCH = 64


@cache
def batch() -> tuple[Tensor, Tensor]:
    """64 of the bundled images, pooled to 14 × 14, in float64, and their labels."""
    from course import data

    images = data.load("fashion_mnist", profile="grade", size=(2000, 100), verbose=False)
    some = images.train
    return as_small(images, some.images[:BATCH]).double(), some.labels[:BATCH]


def build(kind: Kind, depth: int, seed: int) -> nn.Sequential:
    """A fresh stack of units of this kind, 16 channels.

    In float64: in float32 the norm of a small gradient is 0 long before the gradient is.
    """
    with seeded(seed):
        return even_network(lambda: Unit(kind, 16, 16), depth, norm=kind.norm).double()


def norms_by_unit(norms: Norms, kind: Kind, depth: int, seed: int) -> list[float]:
    """Gradient at the stem's output and at each unit's, on ``batch``, before any training."""
    model = build(kind, depth, seed)
    images, labels = batch()
    found = norms(model, lambda: F.cross_entropy(model(images), labels))
    return [value for name, value in found.items() if name != "head"]


def own_parts(model: nn.Module, loss: Loss) -> dict[str, float]:
    """The course's own instrument, asked for a model's parts."""
    return layer_gradient_norms(model, loss, [name for name, _ in model.named_children()])


def draw_gradients(
    gradient_norms: Any, seeds: Sequence[int], depths: Sequence[int] = DEPTHS
) -> Figure:
    """Gradient by unit of four kinds of ReLU stacks, lines by depth, measured now.

    Args:
        gradient_norms: the student's; the course's instrument stands in until it is there.
    """
    measure = gradient_norms
    if written(lambda: norms_by_unit(measure, PANELS[0], 8, 0), "gradient_norms") is None:
        print("The picture is drawn with the course's instrument.")
        measure = own_parts
    return gradient_figure(
        {
            kind: {
                depth: [_logs(norms_by_unit(measure, kind, depth, seed)) for seed in seeds]
                for depth in depths
            }
            for kind in PANELS
        }
    )


def _logs(norms: Sequence[float]) -> list[float | None]:
    """Powers of ten; None for 0."""
    return [round(math.log10(value), 3) if value > 0 else None for value in norms]


Curves = Mapping[int, Sequence[Sequence[float | None]]]


def gradient_figure(curves: Mapping[Kind, Curves]) -> Figure:
    """Four panels, plain and residual, without and with BatchNorm: gradient by unit."""
    from matplotlib import pyplot

    plots.use_style()
    figure, axes = pyplot.subplots(2, 2, figsize=(9.4, 6.4), sharex=True, sharey="row")
    for ax, (kind, by_depth) in zip(axes.flat, curves.items(), strict=True):
        for (depth, runs), shade in zip(by_depth.items(), SHADES, strict=False):
            _draw_runs(ax, depth, runs, shade)
        plots.axes(ax, title=kind.name)
    for ax in axes[:, 0]:
        ax.set_ylabel("gradient, relative to the last")
    for ax in axes[-1]:
        ax.set_xlabel("unit (0: the stem's output)")
    for row, limits in zip(axes, ((1e-48, 1e4), (1e-2, 1e9)), strict=True):
        row[0].set_yscale("log")
        row[0].set_ylim(*limits)
    axes[0, 1].legend(loc="lower right", title="layers")
    return shown(figure)


SHADES = (plots.SKY, plots.BLUE, plots.INK)
LOWEST = -300.0  # stands for a gradient of 0


def _draw_runs(ax: Axes, depth: int, runs: Sequence[Sequence[float | None]], shade: str) -> None:
    """The geometric mean over the seeds, and a band from the smallest to the largest."""
    powers = [[LOWEST if value is None else value for value in run] for run in runs]
    filled_in = torch.tensor(powers, dtype=torch.float64)
    relative = filled_in - filled_in[:, -1:]
    zero = (filled_in <= LOWEST).any(dim=0)
    relative[:, zero] = torch.nan
    places = torch.arange(relative.shape[1])
    middle, low, high = relative.mean(0), relative.amin(0), relative.amax(0)
    ax.fill_between(places, 10**low, 10**high, color=shade, alpha=0.2, linewidth=0)
    ax.plot(places, 10**middle, color=shade, label=str(depth))


def print_vanished(seed: int = 0) -> None:
    """Print how much of the gradient at the stem is exactly 0 in float32, by depth."""
    images, labels = batch()
    for depth in DEPTHS:
        model = build(PANELS[0], depth, seed).float()
        x = model[0](images.float())
        x.retain_grad()
        F.cross_entropy(model[1:](x), labels).backward()
        gradient = torch.as_tensor(x.grad)
        share = (gradient == 0).double().mean().item()
        print(
            f"{depth:4} layers: {share:4.0%} of the gradient is exactly 0, "
            f"the largest entry is {gradient.abs().max().item():.0e}"
        )


# Many combinations ------------------------------------------------------------------------


def measure(kind: Kind, depth: int, seed: int) -> dict[str, float]:
    """Powers of ten of three ratios, first to last unit: gradients, outputs, kernel gradients."""
    model = build(kind, depth, seed)
    x, labels = batch()
    outputs = []
    for part in model:
        x = part(x)
        x.retain_grad()
        outputs.append(x)
    F.cross_entropy(x, labels).backward()
    gradients = [torch.as_tensor(output.grad).norm().item() for output in outputs[:-1]]
    sizes = [output.std().item() for output in outputs[:-1]]
    kernels = [
        k.grad.norm().item() for k in model.parameters() if k.ndim == 4 and k.grad is not None
    ]
    pairs = {
        "gradient": (gradients[0], gradients[-1]),
        "output": (sizes[-1], sizes[0]),
        "kernel": (kernels[1], kernels[-1]),
    }
    return {name: _log_ratio(*pair) for name, pair in pairs.items()}


def _log_ratio(above: float, below: float) -> float:
    if above == 0 or below == 0 or not math.isfinite(above) or not math.isfinite(below):
        return -math.inf if above == 0 else math.inf
    return round(math.log10(above / below), 3)


def combinations() -> Iterator[Kind]:
    """All kinds that the table has."""
    for activation in ACTIVATIONS:
        for panel in PANELS:
            yield replace(panel, activation=activation)
        for order in ("inside", "pre"):
            for norm in (False, True):
                yield Kind(True, norm, activation, order)
    yield from (replace(panel, start="He") for panel in PANELS)


def key_of(kind: Kind, depth: int) -> str:
    """How a combination is named in the results."""
    return f"{kind.name}, {kind.activation}, {kind.order}, {kind.start}, {depth}"


def measured_combinations(seeds: Sequence[int]) -> dict[str, Any]:
    """All combinations, three depths, as lists over the seeds; None for a ratio of 0."""
    found: dict[str, Any] = {}
    for kind in combinations():
        for depth in DEPTHS:
            runs = [measure(kind, depth, seed) for seed in seeds]
            found[key_of(kind, depth)] = {
                name: [run[name] if math.isfinite(run[name]) else None for run in runs]
                for name in runs[0]
            }
        print(key_of(kind, depth), found[key_of(kind, depth)], flush=True)
    return found


def measured_curves(seeds: Sequence[int]) -> dict[str, Any]:
    """Powers of ten of the gradient by unit for the four panels, by depth and seed."""
    return {
        kind.name: {
            str(depth): [_logs(norms_by_unit(own_parts, kind, depth, seed)) for seed in seeds]
            for depth in DEPTHS
        }
        for kind in PANELS
    }


def draw_stored_gradients() -> Figure:
    """The four panels from five seeds."""
    results = stored()["gradients"]
    print(results["about"])
    names = {kind.name: kind for kind in PANELS}
    return gradient_figure(
        {
            names[name]: {int(depth): runs for depth, runs in by_depth.items()}
            for name, by_depth in results["curves"].items()
        }
    )


ROWS = {
    "plain": (False, "post"),
    "residual": (True, "post"),
    "residual, activation inside": (True, "inside"),
    "residual, pre-activation": (True, "pre"),
}


def draw_combinations() -> Figure:
    """Power of ten of first-to-last gradient for all activations, as two tables of colours."""
    from matplotlib import pyplot

    plots.use_style()
    results = stored()["gradients"]["combinations"]
    figure, axes = pyplot.subplots(1, 2, figsize=(11.2, 3.4), sharey=True)
    columns = [(name, depth) for name in ACTIVATIONS for depth in DEPTHS]
    for ax, norm in zip(axes, (False, True), strict=True):
        table = [
            [
                _middle(results[key_of(Kind(residual, norm, name, order), depth)]["gradient"])
                for name, depth in columns
            ]
            for residual, order in ROWS.values()
        ]
        _draw_table(ax, table, columns)
        ax.set_title("with BatchNorm" if norm else "without BatchNorm")
    return shown(figure)


def _middle(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return mean(known) if len(known) == len(values) else -math.inf


MOST = 12  # powers of ten at the ends of the scale of colours


def _draw_table(ax: Axes, table: Sequence[Sequence[float]], columns: Sequence[Any]) -> None:
    shades = torch.tensor(table).clamp(-MOST, MOST)
    ax.imshow(shades, cmap="RdBu_r", vmin=-MOST, vmax=MOST, aspect="auto")
    for row, values in enumerate(table):
        for column, value in enumerate(values):
            text = f"{value:+.1f}" if abs(value) < 9.95 else f"{value:+.0f}"
            dark = abs(value) > 0.6 * MOST
            ax.text(
                column, row, text, ha="center", va="center", fontsize=8.5,
                color="white" if dark else plots.INK,
            )  # fmt: skip
    ax.set_yticks(range(len(ROWS)), list(ROWS))
    labels = [f"{depth}\n{name if depth == DEPTHS[1] else ' '}" for name, depth in columns]
    ax.set_xticks(range(len(columns)), labels)
    for edge in (2.5, 5.5):
        ax.axvline(edge, color="white", linewidth=3)
    ax.grid(False)
    ax.tick_params(length=0)


def print_ratios(which: str, kinds: Mapping[str, Kind]) -> None:
    """Print one stored ratio by depth, as powers of ten with their spread.

    Args:
        which: "gradient", first unit to last; "kernel", the same of the kernels' gradients;
            "output", the standard deviation of the last unit's output to the first's.
    """
    results = stored()["gradients"]["combinations"]
    print(f"{'layers':22}" + "".join(f"{depth:>20}" for depth in DEPTHS))
    for label, kind in kinds.items():
        cells = [_power(results[key_of(kind, depth)][which]) for depth in DEPTHS]
        print(f"{label:22}" + "".join(f"{cell:>20}" for cell in cells))


TORCH_START = {kind.name: kind for kind in PANELS}
HE_START = {kind.name: replace(kind, start="He") for kind in PANELS}


def _power(logs: Sequence[float | None]) -> str:
    known = [value for value in logs if value is not None]
    if len(known) < len(logs):
        return "0"
    return f"10^({mean(known):+.1f} ± {stdev(known):.1f})"


# Scale of what goes forward ---------------------------------------------------------------

SCALES = {
    "no BatchNorm, PyTorch's start": Kind(True, False),
    "no BatchNorm, He's start": Kind(True, False, start="He"),
    "BatchNorm": Kind(True),
}


def draw_scales(depth: int = 110, seeds: Sequence[int] = range(3)) -> Figure:
    """Variance of each unit's output in residual ReLU stacks, before training."""
    ax = plots.axes(
        xlabel="unit (0: the stem)", ylabel="variance of the output", figsize=(6.8, 3.4)
    )
    looks = (plots.SKY, plots.VERMILLION, plots.BLUE)
    for (name, kind), colour in zip(SCALES.items(), looks, strict=True):
        runs = torch.tensor([variances(kind, depth, seed) for seed in seeds]).log10()
        places = range(runs.shape[1])
        ax.plot(places, 10 ** runs.mean(0), color=colour, label=name)
        ax.fill_between(places, 10 ** runs.amin(0), 10 ** runs.amax(0), color=colour, alpha=0.2)
        first, last = (10 ** runs.mean(0))[[0, -1]].tolist()
        print(
            f"{name:32} variance {first:.2g} at the stem, {last:.2g} after {len(places) - 1} units"
        )
    ax.set_yscale("log")
    ax.legend()
    return shown(ax.figure)


def variances(kind: Kind, depth: int, seed: int) -> list[float]:
    """Variance of the output of the stem and of each unit on ``batch``."""
    model = build(kind, depth, seed)
    outputs = record_activations(model, batch()[0], [name for name, _ in model.named_children()])
    return [value.var().item() for name, value in outputs.items() if name != "head"]


# Explorer ---------------------------------------------------------------------------------


def explorer() -> Any:
    """Sliders for depth, activation, order and start where somebody can move them; else a picture.

    The static picture is also what remains in a saved notebook or in print.
    """
    if not live_front_end():
        return static_explorer()
    try:
        import ipywidgets as widgets
    except ImportError:
        print("for sliders here: pip install ipywidgets, then restart the kernel")
        return static_explorer()
    orders = {"after the addition": "post", "in the branch": "inside", "before each layer": "pre"}
    return widgets.interactive(
        _explore,
        depth=widgets.IntSlider(56, min=8, max=110, step=6, continuous_update=False),
        activation=widgets.Dropdown(options=list(ACTIVATIONS), value="tanh"),
        batchnorm=widgets.Checkbox(True, description="BatchNorm"),
        order=widgets.Dropdown(options=orders, value="post", description="activation is"),
        start=widgets.Dropdown(options=["torch", "He"], value="torch", description="start"),
    )


def _explore(depth: int, activation: str, batchnorm: bool, order: str, start: str) -> None:
    from IPython.display import display
    from matplotlib import pyplot

    plots.use_style()
    figure, ax = pyplot.subplots(figsize=(6.8, 3.6))
    compare_families(ax, Kind(True, batchnorm, activation, order, start), depth)
    display(shown(figure))


def compare_families(ax: Axes, kind: Kind, depth: int, seed: int = 0) -> None:
    """Gradient by unit of a residual stack and of its plain twin."""
    for residual in (False, True):
        one = replace(kind, residual=residual)
        norms = torch.tensor(norms_by_unit(own_parts, one, depth, seed), dtype=torch.float64)
        name = "residual" if residual else "plain"
        colour = plots.BLUE if residual else plots.VERMILLION
        ax.plot(norms.where(norms > 0, torch.nan), color=colour, label=name)
    plots.axes(ax, xlabel="unit (0: the stem's output)", ylabel="gradient", title=kind.activation)
    ax.set_yscale("log")
    ax.legend()


def static_explorer(depth: int = 38) -> Figure:
    """Three activations with BatchNorm: plain and residual."""
    from matplotlib import pyplot

    plots.use_style()
    figure, axes = pyplot.subplots(1, 3, figsize=(10.4, 3.2), sharey=True)
    for ax, activation in zip(axes, ACTIVATIONS, strict=True):
        compare_families(ax, Kind(True, True, activation), depth)
        ax.set_ylabel("gradient" if ax is axes[0] else "")
    figure.suptitle(f"{depth} layers, BatchNorm, the activation after the addition", fontsize=10)
    return shown(figure)


# Other starts and orders ------------------------------------------------------------------


def start_table(makers: Mapping[str, Callable[[], nn.Module]], seeds: Sequence[int]) -> None:
    """Print what stacks of 54 units do before training: gradient and variance, first and last."""
    print(f"{'54 units':22}{'gradient, first : last':>26}{'variance, last : first':>26}")
    for name, make in makers.items():
        rows = [_first_and_last(make, seed) for seed in seeds]
        cells = [spread(column, ".2g") for column in zip(*rows, strict=True)]
        print(f"{name:22}{cells[0]:>26}{cells[1]:>26}")


def _first_and_last(make: Callable[[], nn.Module], seed: int) -> tuple[float, float]:
    """Two ratios of 54 units: of gradients, first to last, and of variances, last to first."""
    images, labels = batch()
    with seeded(seed):
        model = even_network(make, 110)
    first = model[0](images.float())
    last = model[1:-1](first)
    loss = F.cross_entropy(model[-1](last), labels)
    slopes = [slope.norm().item() for slope in torch.autograd.grad(loss, [first, last])]
    return slopes[0] / slopes[1], last.var().item() / first.var().item()


class Line(nn.Module):
    """A network on numbers ``(N, 1) -> (N, 1)``: 200 units a layer, ReLU, BatchNorm."""

    def __init__(self, layers: int, residual: bool, width: int = 200) -> None:
        super().__init__()
        self.residual = residual
        self.stem, self.head = nn.Linear(1, width), nn.Linear(width, 1)
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.norms = nn.ModuleList(nn.BatchNorm1d(width, momentum=1.0) for _ in range(layers))

    def forward(self, x: Tensor) -> Tensor:
        """``(N, 1) -> (N, 1)``."""
        h = self.stem(x)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            change = layer(F.relu(norm(h)))
            h = h + change if self.residual else change
        result: Tensor = self.head(h)
        return result


def slopes_on_a_line(layers: int, residual: bool, seed: int, points: int = 256) -> Tensor:
    """dy/dx of a fresh network at ``points`` places between −2 and 2, float64."""
    with seeded(seed):
        model = Line(layers, residual).double()
    x = torch.linspace(-2, 2, points, dtype=torch.float64).unsqueeze(1).requires_grad_()
    with torch.no_grad():
        model(x)  # sets the running statistics, so that the points do not see each other below
    (slopes,) = torch.autograd.grad(model.eval()(x).sum(), x)
    return slopes.squeeze(1)


def autocorrelation(series: Tensor, lags: int = 40) -> Tensor:
    """Correlation ``(lags + 1,)`` of a series with itself, moved by 0, 1, … ``lags`` places."""
    centred = series - series.mean()
    total = centred @ centred
    return torch.stack([centred[: len(centred) - k] @ centred[k:] for k in range(lags + 1)]) / total


SHATTERED = {
    "plain, 2 layers": (2, False, plots.ORANGE),
    "plain, 24 layers": (24, False, plots.VERMILLION),
    "plain, 50 layers": (50, False, plots.PURPLE),
    "residual, 50 layers": (50, True, plots.BLUE),
}


def draw_shattered(seeds: Sequence[int]) -> Figure:
    """Autocorrelation of dy/dx along a line of inputs, mean over the seeds."""
    ax = plots.axes(
        xlabel="distance of two inputs, in steps of 4/255", ylabel="autocorrelation of dy/dx",
        figsize=(6.8, 3.4),
    )  # fmt: skip
    for name, (layers, residual, colour) in SHATTERED.items():
        runs = torch.stack([autocorrelation(slopes_on_a_line(layers, residual, s)) for s in seeds])
        plots.spread(ax, range(runs.shape[1]), runs, name, colour)
        print(f"{name:22} at distance 1: {spread(runs[:, 1].tolist(), '.2f')}")
    return shown(ax.figure)


# Degradation ------------------------------------------------------------------------------

PAIRS = {
    f"{family}-{depth}": (Kind(family == "residual", start="He"), depth)
    for family in ("plain", "residual")
    for depth in (20, 56)
}
PAIRS |= {
    f"{name}, last γ = 0": (replace(kind, zero=True), depth)
    for name, (kind, depth) in PAIRS.items()
    if kind.residual
}


def as_small(images: Dataset, pixels: Tensor) -> Tensor:
    """uint8 ``(N, C, H, W)`` -> float, pooled to half the side: ``(N, C, H/2, W/2)``."""
    return F.avg_pool2d(images.normalise(pixels), 2)


@dataclass(frozen=True)
class Budget:
    """What a training may use: images, epochs, width of the first stage, batches of 64."""

    images: Dataset
    epochs: int
    width: int = 8
    small: bool = True  # pooled to half the side

    def options(self) -> dict[str, Any]:
        """Arguments of ``training.fit``: the paper's SGD, with a cosine in place of its steps."""
        splits = {"train": self.images.train, "test": self.images.test}
        shape = self._shaped
        tensors = {name: (shape(split.images), split.labels) for name, split in splits.items()}
        options = {"epochs": self.epochs, "batch_size": 64, "lr": 0.1, "weight_decay": 1e-4}
        return {**tensors, **options, "schedule": training.schedules.cosine(), "progress": False}

    def _shaped(self, pixels: Tensor) -> Tensor:
        return as_small(self.images, pixels) if self.small else self.images.normalise(pixels)


def train(name: str, budget: Budget, options: Mapping[str, Any], seed: int) -> training.History:
    """Train one network of ``PAIRS`` from a seed."""
    kind, depth = PAIRS[name]
    channels = options["train"][0].shape[1]
    with seeded(seed):
        model = stage_network(kind, depth, budget.width, channels)
    return training.fit(model, seed=seed, **options)


def degradation(seeds: Sequence[int] = range(3), epochs: int = 12) -> dict[str, Any]:
    """Train the two pairs: 5,000 CIFAR-10 images at 16×16, width 8, one thread."""
    from course import data

    torch.set_num_threads(1)
    images = data.load("cifar10", size=(5000, 1000), verbose=False)
    if images.name != "cifar10":
        raise SystemExit(f"this series needs CIFAR-10, found: {images}")
    budget = Budget(images, epochs)
    options = budget.options()
    runs: dict[str, Any] = {name: {"train_error": [], "test_error": []} for name in PAIRS}
    for seed in seeds:
        for name, curves in runs.items():
            history = train(name, budget, options, seed)
            curves["train_error"].append([round(1 - a, 4) for a in history.train_accuracy])
            curves["test_error"].append([round(1 - a, 4) for a in history.test_accuracy])
            print(
                name, seed, curves["train_error"][-1], f"{sum(history.seconds):.0f} s", flush=True
            )
    about = (
        f"precomputed: 5,000 images of CIFAR-10 at 16×16, width {budget.width}, "
        f"{epochs} epochs,\nSGD 0.1 with momentum and a cosine, batches of 64, no augmentation, "
        f"{len(seeds)} seeds, CPU"
    )
    return {"about": about, "runs": runs}


def race(names: Sequence[str], budget: Budget, seeds: Sequence[int]) -> None:
    """Train networks of ``PAIRS`` and print errors of the last epoch, with their spread."""
    options = budget.options()
    for name in names:
        runs = [train(name, budget, options, seed) for seed in seeds]
        errors = spread([1 - run.last.train_accuracy for run in runs], ".1%")
        tests = spread([1 - run.last.test_accuracy for run in runs], ".1%")
        print(f"{name:24} training error {errors:14} test error {tests}")


# Results that were measured before --------------------------------------------------------


@cache
def stored() -> dict[str, Any]:
    """The precomputed results: ``degradation`` and ``gradients``."""
    text = resources.files("course.experiments").joinpath(RESULTS).read_text("utf-8")
    return dict(json.loads(text))


def draw_degradation() -> Figure:
    """Training and test error by epoch of the precomputed runs, and their table."""
    from matplotlib import pyplot

    plots.use_style()
    results = stored()["degradation"]
    figure, axes = pyplot.subplots(1, 2, figsize=(9.4, 3.7), sharey=True)
    for ax, part in zip(axes, ("train", "test"), strict=True):
        for name, curves in results["runs"].items():
            _draw_errors(ax, name, curves[f"{part}_error"])
        plots.axes(ax, xlabel="epoch", ylabel="error", title=f"{part} error")
    axes[0].set_title("training error")
    axes[1].set_ylabel("")
    axes[0].legend(fontsize=8)
    for name, curves in results["runs"].items():
        last = {key: spread([run[-1] for run in runs], ".1%") for key, runs in curves.items()}
        print(f"{name:24} training error {last['train_error']}, test error {last['test_error']}")
    print(results["about"])
    return shown(figure, dpi=74)


def _draw_errors(ax: Axes, name: str, runs: Sequence[Sequence[float]]) -> None:
    """Mean over seeds with its spread; the deep network of a pair is the full line."""
    kind, depth = PAIRS[name]
    colour = plots.BLUE if kind.residual else plots.VERMILLION
    colour = plots.GREEN if kind.zero else colour
    values = torch.tensor(runs)
    epochs = range(1, values.shape[1] + 1)
    style: Any = "-" if depth == 56 else (0, (3, 1.5))
    middle, width = values.mean(0), values.std(0)
    ax.plot(epochs, middle, linestyle=style, color=colour, label=name)
    ax.fill_between(epochs, middle - width, middle + width, color=colour, alpha=0.18, linewidth=0)


def measured_gradients(seeds: Sequence[int] = range(5)) -> dict[str, Any]:
    """The four panels and all combinations, on the bundled images, one thread."""
    torch.set_num_threads(1)
    about = (
        f"precomputed: {BATCH} images of Fashion-MNIST at 14×14, 16 channels, before training,\n"
        f"{len(seeds)} seeds (3 for the table), float64, CPU"
    )
    found = {"curves": measured_curves(seeds), "combinations": measured_combinations(seeds[:3])}
    return {"about": about, **found}


def write(part: str, values: Any) -> None:
    """Put one part into the results file beside what is there."""
    path = Path(__file__).parent / RESULTS
    path.parent.mkdir(exist_ok=True)
    kept = json.loads(path.read_text()) if path.is_file() else {}
    kept |= {"command": "python -m course.experiments.lab06", part: values}
    path.write_text(json.dumps(kept, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    write("gradients", measured_gradients())
    write("degradation", degradation())
