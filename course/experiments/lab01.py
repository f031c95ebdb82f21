"""Experiments of lab 1: what activations do to signals and gradients, measured.

Each experiment is a function that measures and, where a picture helps, one that draws. All use
torch's own activations, so they run before a single exercise is solved; only the gallery and
the memory table look at the student's functions.
"""

from __future__ import annotations

import os
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import plots
from course.checks.probes import gradient_of
from course.device import seeded
from course.experiments.pages import shown
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
    return shown(figure)


def _say_gallery(missing: list[str], worst: float) -> None:
    if len(missing) < 2 * len(FUNCTIONS):
        exact = "less than 1e-12" if worst < 1e-12 else f"{worst:.2g}"
        print(f"largest difference between thin lines and bands: {exact}")
    if missing:
        print(f"not written yet, so without a thin line: {', '.join(missing)}")


def _attempt(function: Any, *args: Any) -> Tensor | None:
    """What the student's function gives, or None where it is not there or does not work yet.

    The last argument is the tensor whose shape the answer should have.
    """
    try:
        answer = function(*args).detach()
        return answer if answer.shape == args[-1].shape else None
    except Exception:
        return None


# Chains -----------------------------------------------------------------------------------


def draw_chain(chain_gradient: Any, deepest: int = 20) -> Figure:
    """The slope of f(f(…f(x))) by depth, at x = -1 and x = 1, from the student's function.

    With it the sigmoid's bound, 0.25 to the power of the depth. Slopes of 0 are not on a
    logarithmic axis.
    """
    from matplotlib import pyplot

    plots.use_style()
    figure, axes = pyplot.subplots(1, 2, figsize=(9.2, 3.8), sharey=True)
    depths = list(range(1, deepest + 1))
    for ax, x in zip(axes, (-1.0, 1.0), strict=True):
        slopes = _slopes_by_depth(chain_gradient, depths, x)
        bound = [0.25**depth for depth in depths]
        ax.plot(depths, bound, color=plots.GREY, linestyle=":", label="0.25ᵈ")
        plots.curves(depths, slopes, ax, xlabel="depth d", ylabel="slope", title=f"x = {x:g}")
        ax.set_xticks(range(0, deepest + 1, 5))
    axes[0].set(yscale="log", ylim=(1e-14, 30))
    axes[0].get_legend().remove()
    axes[1].legend(loc="lower left", ncols=2)
    axes[1].set_ylabel("")
    if not slopes:
        print("chain_gradient is not written yet: only the bound is drawn")
    return shown(figure)


def _slopes_by_depth(
    chain_gradient: Any, depths: Sequence[int], x: float
) -> dict[str, Sequence[float]]:
    point = torch.tensor([x], dtype=torch.float64)
    slopes: dict[str, Sequence[float]] = {}
    for name, function in FUNCTIONS.items():
        answers = [_attempt(chain_gradient, function, depth, point) for depth in depths]
        found = [float(answer) for answer in answers if answer is not None]
        if len(found) == len(depths):
            slopes[name] = [value or float("nan") for value in found]
    return slopes


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
    lines = [
        f"{'':16}{'alone':>18}{'more than the two':>22}",
        f"{'':16}{'':>18}{'Linear layers keep':>22}",
    ]
    for name, function in functions.items():
        alone, between = _kept_alone(function), _kept_between(function)
        if alone is None or between is None:
            missing.append(name)
            continue
        lines.append(f"{name:16}{_megabytes(alone):>18}{_megabytes(between):>22}")
    if missing:
        lines.append(f"not written yet: {', '.join(missing)}")
    print("\n".join(lines))


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


@contextmanager
def one_thread() -> Iterator[None]:
    """Work with one CPU thread: in networks as small as these, threads wait more than they work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


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
    width: int = 128,
    samples: int = 128,
    seed: int = 0,
) -> Signal:
    """Send standard normal inputs through a fresh stack, and a standard normal gradient back.

    In float64: in float32 a sigmoid stack's outputs differ by less than rounding after ten layers.
    """
    kind = MODULES[activation]
    with seeded(seed), one_thread():
        model = stack(activation, initialisation, depth, width).double()
        x, upstream = torch.randn(2, samples, width, dtype=torch.float64).unbind()
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


# Activation × initialisation --------------------------------------------------------------


@dataclass(frozen=True)
class Grid:
    """log₁₀ of the ratios of :class:`Signal`, ``(seeds, activations, initialisations)``."""

    forward: Tensor
    backward: Tensor


@one_thread()
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
            ratios.mean(dim=0).round(decimals=1) + 0.0,  # no "-0.0"
            list(MODULES),
            list(INITIALISATIONS),
            ax,
            title=title,
            fmt="+.1f",
            limits=(-8, 8),
            cmap="PuOr",
        )
    figure.supxlabel("powers of ten: −2 is a hundredth, 0 is unchanged", fontsize=10)
    return shown(figure)


def most_uncertain(grid: Grid) -> float:
    """The largest standard deviation over the seeds in the gradient table, in powers of ten."""
    return float(grid.backward.std(dim=0).max())


# Training at depth ------------------------------------------------------------------------


def classifier(activation: str, initialisation: str, depth: int, width: int = 64) -> nn.Sequential:
    """A perceptron for 28×28 images, ``(N, 1, 28, 28) -> (N, 10)``, ``depth`` hidden layers."""
    body = stack(activation, initialisation, depth, width)
    body[0] = _initialised(nn.Linear(28 * 28, width), initialisation)
    last = _initialised(nn.Linear(width, 10), initialisation)
    return nn.Sequential(OrderedDict(flatten=nn.Flatten(), body=body, logits=last))


@dataclass(frozen=True)
class Budget:
    """What a small training may cost: the same for every network of an experiment."""

    dataset: Dataset
    seeds: Sequence[int]
    epochs: int = 2

    @cached_property
    def normalised(self) -> list[tuple[Tensor, Tensor]]:
        """Images and labels for training, and for testing."""
        parts = (self.dataset.train, self.dataset.test)
        return [(self.dataset.normalise(part.images), part.labels) for part in parts]

    def accuracies(self, make_model: Callable[[], nn.Module], lr: float) -> Tensor:
        """Test accuracy after training with Adam, one for each seed; ``(seeds,)``."""
        from course.training import repeat

        train, test = self.normalised
        with one_thread():
            runs = repeat(
                make_model,
                self.seeds,
                train=train,
                test=test,
                epochs=self.epochs,
                optimizer=torch.optim.Adam,
                lr=lr,
                progress=False,
                device="cpu",
            )
        return torch.tensor([history.test_accuracy[-1] for history in runs.histories])


def accuracy_grid(budget: Budget, activations: Sequence[str], depth: int) -> Tensor:
    """Test accuracies ``(seeds, activations, initialisations)`` of ``depth`` hidden layers."""
    return torch.stack(
        [
            torch.stack(
                [
                    budget.accuracies(partial(classifier, name, init, depth), lr=1e-3)
                    for init in INITIALISATIONS
                ],
                dim=-1,
            )
            for name in activations
        ],
        dim=1,
    )


def draw_accuracies(accuracies: Tensor, activations: Sequence[str]) -> Figure:
    """Mean test accuracy over the seeds, activation by initialisation."""
    ax = plots.heatmap(
        accuracies.mean(dim=0),
        list(activations),
        list(INITIALISATIONS),
        title="test accuracy",
        fmt=".0%",
        limits=(0.0, 1.0),
    )
    return shown(ax.figure)


# Dead units -------------------------------------------------------------------------------


def dead_share(outputs: Tensor) -> float:
    """Share of units without a single non-zero output in ``(N, D)``; NaN if training diverged."""
    if not outputs.isfinite().all():
        return float("nan")
    return 1 - outputs.count_nonzero(dim=0).clamp(max=1).float().mean().item()


@one_thread()
def dead_by_depth(
    seeds: Iterable[int], initialisation: str = "He", *, depth: int = 50, width: int = 128
) -> Tensor:
    """Dead units of a fresh ReLU stack, layer by layer; ``(seeds, depth)``."""
    outputs = [relu_outputs(initialisation, depth, width, seed) for seed in seeds]
    return torch.tensor([[dead_share(output) for output in layers] for layers in outputs])


def relu_outputs(
    initialisation: str, depth: int, width: int, seed: int, samples: int = 512
) -> list[Tensor]:
    """Outputs of each layer of a fresh ReLU stack on normal inputs; each ``(samples, width)``."""
    with seeded(seed), one_thread():
        model = stack("relu", initialisation, depth, width)
        x = torch.randn(samples, width)
        return list(record_activations(model, x, nn.ReLU).values())


def draw_dead_by_depth(seeds: Sequence[int]) -> Figure:
    """Share of dead units against depth, for two initialisations; band: one deviation."""
    ax = plots.axes(
        xlabel="layer", ylabel="dead units", title="ReLU units that are zero on 512 inputs"
    )
    for initialisation, colour in (("He", plots.VERMILLION), ("PyTorch", plots.BLUE)):
        dead = dead_by_depth(seeds, initialisation)
        plots.spread(ax, range(1, dead.shape[1] + 1), dead, initialisation, colour)
    ax.set(ylim=(0, 1), xticks=range(0, dead.shape[1] + 1, 10))
    ax.axhline(0.5, color=plots.GREY, linewidth=0.8, linestyle=":")
    return shown(ax.figure)


@dataclass(frozen=True)
class DeadAfterTraining:
    """One learning rate: dead share of the last hidden layer, and accuracy; ``(seeds,)`` each."""

    dead: Tensor
    accuracy: Tensor


def dead_by_rate(budget: Budget, rate: float, activation: str = "relu") -> DeadAfterTraining:
    """Train three hidden layers with Adam at ``rate``, then look at the last one."""
    models: list[nn.Sequential] = []

    def make() -> nn.Module:
        models.append(classifier(activation, "He", depth=3))
        return models[-1]

    accuracy = budget.accuracies(make, lr=rate)
    test = budget.normalised[1][0]
    kind = MODULES[activation]
    last = [list(record_activations(model, test, kind).values())[-1] for model in models]
    return DeadAfterTraining(torch.tensor([dead_share(output) for output in last]), accuracy)


def rate_table(budget: Budget, rates: Sequence[float]) -> None:
    """Print dead units and accuracy by learning rate, and leaky ReLU's accuracy beside it."""
    lines = [f"{'rate':>6}  {'dead (relu)':>14}  {'accuracy (relu)':>16}  {'(leaky_relu)':>14}"]
    for rate in rates:
        relu, leaky = dead_by_rate(budget, rate), dead_by_rate(budget, rate, "leaky_relu")
        cells = [_mean_spread(item) for item in (relu.dead, relu.accuracy, leaky.accuracy)]
        lines.append(f"{rate:>6g}  {cells[0]:>14}  {cells[1]:>16}  {cells[2]:>14}")
    print("\n".join(lines))


def _mean_spread(values: Tensor) -> str:
    spread = f" ± {values.std():.0%}" if len(values) > 1 else ""
    return f"{values.mean():.0%}{spread}"


# SELU's fixed point -----------------------------------------------------------------------


def moments(
    activation: str,
    initialisation: str,
    seed: int,
    *,
    depth: int = 50,
    width: int = 256,
    mean: float = 0.0,
    std: float = 1.0,
) -> Tensor:
    """Mean and variance of inputs and of each layer's outputs; ``(2, depth + 1)``."""
    with seeded(seed), one_thread():
        model = stack(activation, initialisation, depth, width)
        x = mean + std * torch.randn(256, width)
        layers = [x, *record_activations(model, x, MODULES[activation]).values()]
        return torch.tensor([[float(y.mean()) for y in layers], [float(y.var()) for y in layers]])


FIXED_POINT = {  # name: (activation, initialisation, mean and std of the inputs)
    "selu": ("selu", "LeCun", 0.0, 1.0),
    "selu, from mean 0.5, std 2": ("selu", "LeCun", 0.5, 2.0),
    "elu": ("elu", "LeCun", 0.0, 1.0),
    "tanh": ("tanh", "LeCun", 0.0, 1.0),
    "relu, He": ("relu", "He", 0.0, 1.0),
}


def draw_fixed_point(seeds: Sequence[int]) -> Figure:
    """Mean and variance of the outputs by layer, over the seeds."""
    from matplotlib import pyplot

    plots.use_style()
    figure, axes = pyplot.subplots(1, 2, figsize=(9.2, 3.8))
    for name, (activation, init, mean, std) in FIXED_POINT.items():
        runs = torch.stack([moments(activation, init, seed, mean=mean, std=std) for seed in seeds])
        colour = plots.INK if "from" in name else plots.colour_of(activation)
        for ax, values in zip(axes, runs.unbind(dim=1), strict=True):
            plots.spread(ax, range(values.shape[1]), values, name, colour)
    plots.axes(axes[0], xlabel="layer (0: the inputs)", ylabel="mean", title="mean")
    plots.axes(axes[1], xlabel="layer (0: the inputs)", ylabel="variance", title="variance")
    axes[1].set_yscale("log")
    for ax in axes:
        ax.get_legend().remove()
        ax.set_xticks(range(0, 51, 10))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    return shown(figure)


# Explorer ---------------------------------------------------------------------------------

PARAMETERS = {"leaky_relu": "negative_slope", "elu": "alpha"}


def explorer() -> Any:
    """Sliders for activation, parameter and input where somebody can move them; else a picture.

    The static picture is also what remains in a saved notebook or in print.
    """
    if not live_front_end():
        return static_explorer()
    try:
        import ipywidgets as widgets
    except ImportError:
        print("for sliders here: pip install ipywidgets, then restart the kernel")
        return static_explorer()
    return widgets.interactive(
        _explore,
        activation=widgets.Dropdown(options=list(FUNCTIONS), value="elu"),
        parameter=widgets.FloatSlider(1.0, min=0.0, max=3.0, step=0.05, continuous_update=False),
        x=widgets.FloatSlider(-1.0, min=-4.0, max=4.0, step=0.1, continuous_update=False),
    )


def live_front_end() -> bool:
    """Whether a person's front end is attached: Jupyter's session, Colab, VS Code or Kaggle.

    A notebook that a program runs (nbclient, papermill, nbval) has a kernel and no one to move
    a slider.
    """
    variables = ("JPY_SESSION_NAME", "VSCODE_PID", "VSCODE_CWD")
    if os.environ.get("KAGGLE_KERNEL_RUN_TYPE") == "Interactive":
        return True
    return "google.colab" in sys.modules or any(os.environ.get(name) for name in variables)


def _explore(activation: str, parameter: float, x: float) -> None:
    from IPython.display import display

    display(tangent(activation, parameter, x))


def tangent(activation: str, parameter: float, x: float) -> Figure:
    """The function with its tangent at ``x`` (left), and its slope (right)."""
    from matplotlib import pyplot

    plots.use_style()
    options = {PARAMETERS[activation]: parameter} if activation in PARAMETERS else {}
    grid, point = torch.linspace(-4, 4, 401, dtype=torch.float64), torch.tensor([x]).double()
    function = partial(FUNCTIONS[activation], **options)
    y, slope = function(point).item(), gradient_of(function, point).item()
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(8.4, 3.2), sharex=True)
    colour = plots.colour_of(activation)
    left.plot(grid, function(grid), color=colour)
    left.plot(grid, y + slope * (grid - x), color=plots.INK, linewidth=1, linestyle="--")
    left.plot([x], [y], "o", color=plots.INK)
    left.set_ylim(-4, 4)
    right.plot(grid, gradient_of(function, grid), color=colour)
    right.plot([x], [slope], "o", color=plots.INK)
    plots.axes(left, xlabel="x", ylabel="y", title=f"{activation}: y = {y:.3f}")
    plots.axes(right, xlabel="x", ylabel="slope", title=f"slope {slope:.3f}")
    return shown(figure)


def static_explorer() -> Figure:
    """Three values of each parameter, functions above and slopes below."""
    from matplotlib import pyplot

    plots.use_style()
    x = torch.linspace(-4, 4, 401, dtype=torch.float64)
    figure, axes = pyplot.subplots(2, 2, figsize=(8.4, 5.2), sharex=True)
    choices = {"leaky_relu": (0.01, 0.1, 0.3), "elu": (0.5, 1.0, 2.0)}
    for column, (name, values) in enumerate(choices.items()):
        key = PARAMETERS[name]
        for value, dashes in zip(values, plots.DASHES, strict=False):
            function = partial(FUNCTIONS[name], **{key: value})
            look = {"color": plots.colour_of(name), "linestyle": dashes, "label": f"{key} {value}"}
            axes[0, column].plot(x, function(x), **look)
            axes[1, column].plot(x, gradient_of(function, x), **look)
        plots.axes(axes[0, column], ylabel="y", title=name)
        plots.axes(axes[1, column], xlabel="x", ylabel="slope")
        axes[0, column].legend()
    return shown(figure)
