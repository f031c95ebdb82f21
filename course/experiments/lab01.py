"""Experiments of lab 1: what activations do to signals and gradients, measured.

Each experiment is a function that measures and, where a picture helps, one that draws. All use
torch's own activations, so they run before a single exercise is solved; only the gallery and
the memory table look at the student's functions.
"""

from __future__ import annotations

import os
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import plots
from course.checks.probes import gradient_of
from course.device import pick_device, seeded
from course.instruments import record_activations, record_gradients

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from course.data import Dataset

FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
}
MODULES: dict[str, type[nn.Module]] = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
}


# Gallery ----------------------------------------------------------------------------------


def gallery(names: Mapping[str, Any]) -> Figure:
    """Six functions with their slopes: torch's as broad bands, the student's as thin lines.

    Prints the largest differences, and which of the student's functions are not written yet.

    Args:
        names: the notebook's names, ``globals()``.
    """
    from matplotlib import pyplot

    plots.use_style()
    x = torch.linspace(-4, 4, 401, dtype=torch.float64)
    figure, axes = pyplot.subplots(2, 3, figsize=(8.4, 4.8), sharex=True)
    missing, worst = [], 0.0
    for ax, (name, function) in zip(axes.flat, FUNCTIONS.items(), strict=True):
        y, slope = function(x), gradient_of(function, x)
        colour = plots.colour_of(name)
        ax.plot(x, y, color=colour, linewidth=6, alpha=0.3, label="f")
        ax.plot(x, slope, color=plots.GREY, linewidth=6, alpha=0.3, label="f′")
        ax.set_title(name)
        for mine, given, wanted, tone in (
            (name, x, y, colour),
            (f"{name}_grad", y, slope, plots.INK),
        ):
            answer = _attempt(names.get(mine), given)
            if answer is None:
                missing.append(mine)
                continue
            ax.plot(x, answer, color=tone, linewidth=1.2)
            worst = max(worst, float((answer - wanted)[x != 0].abs().max()))
    axes[0, 0].legend(loc="upper left")
    _say_gallery(missing, worst)
    return _shown(figure)


def _say_gallery(missing: list[str], worst: float) -> None:
    if len(missing) < 2 * len(FUNCTIONS):
        exact = "less than 1e-12" if worst < 1e-12 else f"{worst:.2g}"
        print(f"largest difference between thin lines and bands: {exact}")
    if missing:
        print(f"not written yet, so without a thin line: {', '.join(missing)}")


def _attempt(function: Any, *args: Any) -> Tensor | None:
    """What the student's function gives, or None where it is not there or does not work yet."""
    try:
        answer = function(*args).detach()
        return answer if answer.shape == args[0].shape else None
    except Exception:
        return None


def _shown(figure: Figure) -> Figure:
    """The figure, closed, so that a notebook shows it once: as the value of its cell."""
    from matplotlib import pyplot

    pyplot.close(figure)
    return figure


# Memory -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """What autograd keeps between forward and backward."""

    tensors: int
    bytes: int


def kept_by(function: Callable[[Tensor], Tensor], x: Tensor, *already: Tensor) -> Kept:
    """Tensors and bytes that autograd keeps for the backward pass of ``function(x)``.

    Memory is counted once, however many saved tensors look at it; memory of ``already``, the
    tensors that somebody holds anyway, is not counted.
    """
    owned = {tensor.untyped_storage().data_ptr() for tensor in already}
    storages: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in owned and tensor.ndim:
            storages[storage.data_ptr()] = storage.nbytes()
        held.append(tensor)  # alive, so that no address is used twice
        return tensor

    held: list[Tensor] = []
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        function(x)
    return Kept(len(storages), sum(storages.values()))


def memory_table(functions: Mapping[str, Callable[[Tensor], Tensor] | None]) -> None:
    """Print what each function keeps alone, and in ``Linear → function → Linear``.

    Functions that are None or not written yet are named in the last line.
    """
    missing = []
    print(f"{'':24}{'alone':>18}{'more than the two':>24}")
    print(f"{'':24}{'':>18}{'Linear layers keep':>24}")
    for name, function in functions.items():
        alone, between = _kept_alone(function), _kept_between(function)
        if alone is None or between is None:
            missing.append(name)
            continue
        print(f"{name:24}{_megabytes(alone):>18}{_megabytes(between):>24}")
    if missing:
        print(f"not written yet: {', '.join(missing)}")


SAMPLES, WIDTH = 1024, 1024  # one float32 tensor of this shape takes 4 MiB


def _kept_alone(function: Callable[[Tensor], Tensor] | None) -> Kept | None:
    x = torch.randn(SAMPLES, WIDTH, requires_grad=True)
    return None if _attempt(function, x) is None else kept_by(_called(function), x)


def _kept_between(function: Callable[[Tensor], Tensor] | None) -> Kept | None:
    first, second = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
    x = torch.randn(SAMPLES, WIDTH, requires_grad=True)
    if _attempt(function, x) is None:
        return None
    given = [x, *first.parameters(), *second.parameters()]
    whole = kept_by(lambda x: second(_called(function)(first(x))), x, *given)
    # What the second Linear keeps anyway: its input, which is the function's output.
    return Kept(whole.tensors - 1, whole.bytes - 4 * SAMPLES * WIDTH)


def _called(function: Callable[[Tensor], Tensor] | None) -> Callable[[Tensor], Tensor]:
    assert function is not None
    return function


def _megabytes(kept: Kept) -> str:
    plural = "" if kept.tensors == 1 else "s"
    return f"{kept.tensors} tensor{plural}, {kept.bytes / 2**20:.0f} MiB"


# Signals in a deep stack ------------------------------------------------------------------


def _lecun(weight: Tensor) -> None:
    nn.init.kaiming_normal_(weight, nonlinearity="linear")  # variance 1 / fan_in


def _he(weight: Tensor) -> None:
    nn.init.kaiming_normal_(weight, nonlinearity="relu")  # variance 2 / fan_in


INITIALISATIONS: dict[str, Callable[[Tensor], Any] | None] = {
    "PyTorch": None,  # what nn.Linear does by itself: weights and biases uniform, ±1/√fan_in
    "LeCun": _lecun,  # Xavier's is the same where fan_in = fan_out, as in these stacks
    "He": _he,
}


def stack(activation: str, initialisation: str, depth: int, width: int) -> nn.Sequential:
    """``depth`` times Linear and activation, ``(N, width) -> (N, width)``.

    The activations are called ``layer 1`` to ``layer depth``. Biases are 0, except under
    ``PyTorch``, which leaves ``nn.Linear`` as it comes.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number in range(1, depth + 1):
        layers[f"linear {number}"] = _initialised(nn.Linear(width, width), initialisation)
        layers[f"layer {number}"] = MODULES[activation]()
    return nn.Sequential(layers)


def _initialised(layer: nn.Linear, initialisation: str) -> nn.Linear:
    initialise = INITIALISATIONS[initialisation]
    if initialise is not None:
        initialise(layer.weight)
        nn.init.zeros_(layer.bias)
    return layer


@dataclass(frozen=True)
class Signal:
    """Outputs and gradients at the outputs, layer by layer: ``{"layer 1": (N, width)}``."""

    outputs: dict[str, Tensor]
    gradients: dict[str, Tensor]

    @property
    def forward_ratio(self) -> float:
        """How far the inputs of the batch lie apart in the outputs, last layer over first.

        Each unit's standard deviation over the batch, root mean square over the units. What is
        the same for all inputs, such as a bias, does not count.
        """
        first, *_, last = self.outputs.values()
        return float(_rms(first.double().std(dim=0)) / _rms(last.double().std(dim=0))) ** -1

    @property
    def backward_ratio(self) -> float:
        """Root mean square of the gradients, first layer over last."""
        first, *_, last = self.gradients.values()
        return float(_rms(first) / _rms(last))


def _rms(tensor: Tensor) -> Tensor:
    return tensor.double().pow(2).mean().sqrt()


def propagate(
    activation: str,
    initialisation: str,
    *,
    depth: int = 20,
    width: int = 256,
    samples: int = 256,
    seed: int = 0,
) -> Signal:
    """Send standard normal inputs through a fresh stack, and a standard normal gradient back."""
    device = torch.device("cpu")  # the same numbers on every machine; the stack is small
    with seeded(seed):
        model = stack(activation, initialisation, depth, width).to(device)
        x, upstream = torch.randn(samples, width), torch.randn(samples, width)
    kind = MODULES[activation]
    outputs = record_activations(model, x, kind)
    gradients = record_gradients(model, lambda: (model(x) * upstream).sum(), kind)
    return Signal(outputs, gradients)


def some_layers(values: Mapping[str, Tensor], count: int = 6) -> dict[str, Tensor]:
    """The first layer, the last, and some between, evenly."""
    names = list(values)
    chosen = torch.linspace(0, len(names) - 1, min(count, len(names))).round().int().tolist()
    return {names[index]: values[names[index]] for index in chosen}


def signal_histograms(pairs: Sequence[tuple[str, str]], depth: int = 20) -> Figure:
    """Outputs (left) and gradients (right) by layer, one row for each (activation, init)."""
    from matplotlib import pyplot

    plots.use_style()
    figure, axes = pyplot.subplots(len(pairs), 2, figsize=(8.6, 2.9 * len(pairs)), squeeze=False)
    for (left, right), (activation, initialisation) in zip(axes, pairs, strict=True):
        signal = propagate(activation, initialisation, depth=depth)
        title = f"{activation}, {initialisation}"
        plots.histograms_by_layer(
            some_layers(signal.outputs), left, xlabel="output", title=title
        )
        plots.histograms_by_layer(
            some_layers(signal.gradients), right, xlabel="|gradient|", title=title, scale="log"
        )
    return _shown(figure)


# Activation × initialisation --------------------------------------------------------------


@dataclass(frozen=True)
class Grid:
    """log₁₀ of the ratios of :class:`Signal`, ``(seeds, activations, initialisations)``."""

    forward: Tensor
    backward: Tensor


def init_grid(seeds: Iterable[int], depth: int = 20) -> Grid:
    """Every activation with every initialisation, on fresh stacks of ``depth`` layers."""
    forward, backward = [], []
    for seed in seeds:
        signals = [
            [propagate(activation, init, depth=depth, seed=seed) for init in INITIALISATIONS]
            for activation in MODULES
        ]
        forward.append([[signal.forward_ratio for signal in row] for row in signals])
        backward.append([[signal.backward_ratio for signal in row] for row in signals])
    return Grid(torch.tensor(forward).log10(), torch.tensor(backward).log10())


def draw_grid(grid: Grid) -> Figure:
    """Two heat maps of the means over the seeds; 0 means that the signal keeps its size."""
    from matplotlib import pyplot

    plots.use_style()
    figure, axes = pyplot.subplots(1, 2, figsize=(9.2, 3.4))
    titles = ("outputs, last layer over first", "gradients, first layer over last")
    for ax, ratios, title in zip(axes, (grid.forward, grid.backward), titles, strict=True):
        plots.heatmap(
            ratios.mean(dim=0),
            list(MODULES),
            list(INITIALISATIONS),
            ax,
            title=title,
            fmt="+.1f",
            limits=(-8, 8),
            cmap="PuOr",
        )
    figure.supxlabel("powers of ten: −2 is a hundredth, 0 is unchanged", fontsize=10)
    return _shown(figure)


def most_uncertain(grid: Grid) -> float:
    """The largest standard deviation over the seeds in the gradient table, in powers of ten."""
    return float(grid.backward.std(dim=0).max())


# Training at depth ------------------------------------------------------------------------


def classifier(activation: str, initialisation: str, depth: int, width: int = 128) -> nn.Module:
    """A perceptron for 28×28 images, ``(N, 1, 28, 28) -> (N, 10)``, ``depth`` hidden layers."""
    body = stack(activation, initialisation, depth, width)
    entry = _initialised(nn.Linear(28 * 28, width), initialisation)
    body[0] = entry
    return nn.Sequential(nn.Flatten(), body, _initialised(nn.Linear(width, 10), initialisation))


def accuracy_grid(
    dataset: Dataset, seeds: Iterable[int], *, depth: int, epochs: int, initialisations: Iterable[str]
) -> dict[str, Tensor]:
    """Test accuracy by initialisation, ``{initialisation: (seeds, activations)}``."""
    from course.training import repeat

    images, test = dataset.normalise(dataset.train.images), dataset.normalise(dataset.test.images)
    seeds = list(seeds)
    result = {}
    for initialisation in initialisations:
        columns = [
            repeat(
                lambda name=name, init=initialisation: classifier(name, init, depth),
                seeds,
                train=(images, dataset.train.labels),
                test=(test, dataset.test.labels),
                epochs=epochs,
                optimizer=torch.optim.Adam,
                lr=1e-3,
                progress=False,
            ).curves("test_accuracy")[:, -1]
            for name in MODULES
        ]
        result[initialisation] = torch.stack([torch.as_tensor(c) for c in columns], dim=1)
    return result


# Dead units -------------------------------------------------------------------------------


def dead_share(outputs: Tensor) -> float:
    """Share of units without a single non-zero output in the batch ``(N, D)``."""
    return 1 - outputs.count_nonzero(dim=0).clamp(max=1).float().mean().item()


def dead_by_depth(
    seeds: Iterable[int], initialisation: str = "He", *, depth: int = 50, width: int = 128
) -> Tensor:
    """Dead units of a fresh ReLU stack, layer by layer; ``(seeds, depth)``."""
    return torch.tensor(
        [
            [dead_share(output) for output in _outputs(initialisation, depth, width, seed)]
            for seed in seeds
        ]
    )


def _outputs(initialisation: str, depth: int, width: int, seed: int) -> list[Tensor]:
    with seeded(seed):
        model = stack("relu", initialisation, depth, width)
        x = torch.randn(512, width)
    return list(record_activations(model, x, nn.ReLU).values())
