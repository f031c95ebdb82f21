"""Signals and gradients in deep stacks of equal layers, before any training."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from course import plots
from course.device import one_thread, seeded
from course.experiments import here
from course.instruments import record_activations, record_gradients
from course.labs.shared.pages import shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure


MODULES: dict[str, type[nn.Module]] = {  # torch's own; the functions: in torch.nn.functional
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
}


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
        layers[f"linear {number}"] = initialised(nn.Linear(width, width), initialisation)
        layers[f"layer {number}"] = MODULES[activation]()
    return nn.Sequential(layers)


def initialised(layer: nn.Linear, initialisation: str) -> nn.Linear:
    """The layer, started as :data:`INITIALISATIONS` says."""
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
    width: int = 128,
    samples: int = 128,
    seed: int = 0,
) -> Signal:
    """Send standard normal inputs through a fresh stack, and a standard normal gradient back.

    In float64: in float32 a sigmoid stack's outputs differ by less than rounding after ten layers.
    """
    kind = MODULES[activation]
    with seeded(seed), one_thread():
        place = here(float64=True)
        model = stack(activation, initialisation, depth, width).double().to(place)
        x, upstream = torch.randn(2, samples, width, dtype=torch.float64).to(place).unbind()
        outputs = record_activations(model, x, kind)
        gradients = record_gradients(model, lambda: (model(x) * upstream).sum(), kind)
    return Signal(outputs, gradients)


def some_layers(values: Mapping[str, Tensor], count: int = 5) -> dict[str, Tensor]:
    """The first layer, the last, and some between, evenly."""
    names = list(values)
    chosen = torch.linspace(0, len(names) - 1, min(count, len(names))).round().int().tolist()
    return {names[index]: values[names[index]] for index in chosen}


def signal_histograms(pairs: Sequence[tuple[str, str]], depth: int = 20) -> Figure:
    """Outputs (left) and gradients (right) by layer, one row for each (activation, init)."""
    from matplotlib import pyplot

    plots.use_style()
    figure, axes = pyplot.subplots(len(pairs), 2, figsize=(8.0, 2.4 * len(pairs)), squeeze=False)
    for (left, right), (activation, initialisation) in zip(axes, pairs, strict=True):
        signal = propagate(activation, initialisation, depth=depth)
        left.set_title(f"{activation}, {initialisation}")
        outputs, gradients = some_layers(signal.outputs), some_layers(signal.gradients)
        plots.histograms_by_layer(outputs, left, xlabel="output", bins=40)
        plots.histograms_by_layer(gradients, right, xlabel="|gradient|", scale="log", bins=40)
        right.set_yticklabels([])
    return shown(figure)
