"""Experiments of lab 4: measured receptive fields, where VGG's cost sits, small VGGs trained.

The networks here are torchvision's, or plain stacks of torch's layers, so everything runs before
a single exercise is solved; what needs a student's function says so until it is written.

``python -m course.experiments.lab04`` trains the table of part 4 again and writes
``results/lab04.json``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import plots, training
from course.checks.lab04 import NARROW, PLACES, column_of, filled, torchvision_model
from course.device import seeded
from course.experiments.pages import shown, spread, written
from course.instruments import LayerTable, layer_table, record_gradients

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from course.data import Dataset

RESULTS = "results/lab04.json"


# Receptive fields -------------------------------------------------------------------------

SIDE = 64  # of the images that measured fields are taken on


def conv_stack(depth: int, channels: int = 8, kernel: int = 3) -> nn.Sequential:
    """``depth`` padded convolutions with ReLU, He's start, for images ``(N, 3, H, W)``."""
    layers: list[nn.Module] = []
    for number in range(depth):
        into = channels if number else 3
        layer = nn.Conv2d(into, channels, kernel, padding=kernel // 2, bias=False)
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def field_of(measure: Callable[..., Tensor], depth: int, seed: int) -> Tensor:
    """The student's map ``(64, 64)`` for a fresh stack of ``depth`` 3×3 layers."""
    with seeded(seed):
        return measure(conv_stack(depth), torch.randn(4, 3, SIDE, SIDE)).detach()


def side_holding(share: Tensor, wanted: float = 0.95) -> int:
    """Side of the smallest square around the centre of ``(H, W)`` that holds ``wanted``."""
    middle = share.shape[0] // 2
    for reach in range(middle):
        square = share[middle - reach : middle + reach + 1, middle - reach : middle + reach + 1]
        if float(square.sum()) >= wanted:
            return 2 * reach + 1
    return share.shape[0]


def draw_fields(
    measure: Callable[..., Tensor], depths: Sequence[int], seeds: Sequence[int]
) -> Figure | None:
    """Measured fields of fresh stacks, each with the square that the formula gives.

    Args:
        measure: the student's ``effective_receptive_field``.
    """
    maps = written(
        lambda: {d: [field_of(measure, d, seed) for seed in seeds] for d in depths},
        "effective_receptive_field",
    )
    return None if maps is None else _fields_figure(maps)


def _fields_figure(maps: Mapping[int, Sequence[Tensor]]) -> Figure:
    from matplotlib import pyplot
    from matplotlib.patches import Rectangle

    plots.use_style()
    figure, axes = pyplot.subplots(1, len(maps), figsize=(2.3 * len(maps), 2.9))
    for ax, (depth, several) in zip(axes, maps.items(), strict=True):
        side = 2 * depth + 1
        sides = [side_holding(share) for share in several]
        ax.imshow(torch.stack(list(several)).mean(dim=0).sqrt(), cmap="magma")
        corner = SIDE // 2 - depth - 0.5
        ax.add_patch(Rectangle((corner, corner), side, side, fill=False, color="white"))
        ax.set_title(f"{depth} layers\nformula {side}, measured {mean(sides):.0f}", fontsize=9)
        ax.axis("off")
        print(f"{depth:3} layers: formula {side:3}, 95 % within {spread(sides, '.1f')} pixels")
    return shown(figure)


# The ledger -------------------------------------------------------------------------------

IN_THE_PAPER = {"A": 133, "A-LRN": 133, "B": 133, "C": 134, "D": 138, "E": 144}  # table 2


def parameter_ledger(make_vgg: Any, configs: Mapping[str, Any]) -> None:
    """Print the parameters of six networks: the student's, the paper's, torchvision's."""
    print(f"{'column':8}{'yours':>14}{'paper, million':>16}{'torchvision':>14}")
    for name, millions in IN_THE_PAPER.items():
        yours = _count(make_vgg, configs, name)
        known = "ABDE"
        theirs = f"{_parameters(_torchvision_on_meta(name)):,}" if name in known else "not there"
        print(f"{name:8}{yours:>14}{millions:>16}{theirs:>14}")


def _count(make_vgg: Any, configs: Mapping[str, Any], name: str) -> str:
    try:
        with torch.device("meta"):
            return f"{_parameters(make_vgg(configs[name])):,}"
    except (NotImplementedError, KeyError):
        return "not yet"
    except Exception as error:
        return type(error).__name__


def _parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def _torchvision_on_meta(name: str) -> nn.Module:
    from torchvision import models

    numbers = {"A": "vgg11", "B": "vgg13", "D": "vgg16", "E": "vgg19"}
    with torch.device("meta"):
        model: nn.Module = getattr(models, numbers[name])(init_weights=False)
    return model


def score_ledger(make_vgg: Any) -> None:
    """Print how far the student's scores are from torchvision's, with the same weights."""
    images = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0)).double()

    def differences() -> dict[str, float]:
        found = {}
        for name in "ABDE":
            theirs = filled(torchvision_model(column_of(name), 10, NARROW), 0)
            yours = make_vgg(column_of(name), 10, NARROW).double().eval()
            with torch.no_grad():
                for mine, other in zip(yours.parameters(), theirs.parameters(), strict=True):
                    mine.copy_(other)
                found[name] = float((yours(images) - theirs(images)).abs().max())
        return found

    for name, gap in (written(differences, "make_vgg") or {}).items():
        verdict = "equal to 12 digits" if gap < 1e-12 else f"they differ by {gap:.2g}"
        print(f"column {name}, width 1/32, torchvision's weights copied in: {verdict}")
    wide = torch.randn(1, 3, 288, 320)
    model = torchvision_model(column_of("A"), 10, NARROW).eval()
    with torch.no_grad():
        print(f"torchvision's VGG on an image 288 × 320: scores {tuple(model(wide).shape)}")


# Where parameters and memory sit ----------------------------------------------------------


def vgg16_table() -> LayerTable:
    """The layers of torchvision's VGG-16 for a 224 × 224 image, on the meta device."""
    return layer_table(_torchvision_on_meta("D"), (3, 224, 224))


def stages(table: LayerTable) -> dict[str, dict[str, float]]:
    """Millions of parameters, MiB of outputs and GFLOPs, by stage of VGG-16."""
    found: dict[str, dict[str, float]] = {}
    stage, dense = 1, 5
    for row in table:
        if row.kind == "AdaptiveAvgPool2d":
            continue  # at 224 its output is its input
        dense += row.kind == "Linear"
        name = f"conv {stage}" if row.name.startswith("features") else f"fc {dense}"
        sums = found.setdefault(name, {"parameters": 0.0, "memory": 0.0, "flops": 0.0})
        sums["parameters"] += row.parameters / 1e6
        sums["memory"] += row.activation_bytes / 2**20
        sums["flops"] += row.flops / 1e9
        stage += row.kind == "MaxPool2d"
    return found


def draw_stages() -> Figure:
    """Three bar charts of VGG-16 by stage: parameters, memory of outputs, FLOPs."""
    from matplotlib import pyplot

    plots.use_style()
    sums = stages(vgg16_table())
    figure, axes = pyplot.subplots(1, 3, figsize=(9.2, 3.0), sharey=True)
    units = {"parameters": "million parameters", "memory": "MiB of outputs", "flops": "GFLOPs"}
    for ax, (key, label) in zip(axes, units.items(), strict=True):
        values = [stage[key] for stage in sums.values()]
        ax.barh(list(sums), values, color=plots.colour_of("VGG"))
        for place, value in enumerate(values):
            text = f" {value / sum(values):.0%}"
            ax.text(value, place, text, va="center", fontsize=8.5)
        ax.set_xlim(0, 1.2 * max(values))
        ax.set_title(f"{label}: {sum(values):.1f}", fontsize=10)
    axes[0].invert_yaxis()
    return shown(figure)


def compare_totals(layer_flops: Any, activation_memory: Any) -> None:
    """Print the totals of VGG-16 by the student's functions and by the course's instrument."""
    table, model, shape = vgg16_table(), _torchvision_on_meta("D").eval(), (1, 3, 224, 224)
    memory = table.total_activation_bytes / 2**20
    rows = {
        "layer_flops": (layer_flops, table.total_flops / 1e9, 1e9, "GFLOPs"),
        "activation_memory": (activation_memory, memory, 2**20, "MiB"),
    }  # fmt: skip
    for name, (function, ours, unit, label) in rows.items():
        answer = written(lambda function=function: function(model, shape), name)  # type: ignore[misc]
        yours = f"yours {sum(answer.values()) / unit:.2f}, " if answer else ""
        print(f"{name}: {yours}the course's table {ours:.2f} {label} for one image")


# Small VGGs -------------------------------------------------------------------------------

CHANNELS = (8, 16, 32, 64, 64)  # an eighth of the paper's
STAGES = {"A": (1, 1, 2, 2, 2), "D": (2, 2, 3, 3, 3)}
VARIANTS = ("A", "D", "A, BatchNorm", "D, BatchNorm", "D, He's start", "D, from A")


def small_vgg(variant: str) -> nn.Sequential:
    """Column A or D at an eighth of its width for ``(N, 3, 32, 32)``, one hidden linear layer.

    Args:
        variant: one of ``VARIANTS``; "D, from A" is made as "D", the copying is ``train``'s.
    """
    from torchvision.models.vgg import make_layers

    column: list[str | int] = []
    for channels, count in zip(CHANNELS, STAGES[variant[0]], strict=True):
        column += [channels] * count + ["M"]
    wide = CHANNELS[-1]
    head = (nn.Flatten(), nn.Linear(wide, wide), nn.ReLU(), nn.Linear(wide, 10))
    model = nn.Sequential(*make_layers(column, batch_norm="BatchNorm" in variant), *head)
    return _he_start(model) if "He" in variant else model


def _he_start(model: nn.Sequential) -> nn.Sequential:
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            torch.nn.init.zeros_(torch.as_tensor(layer.bias))
    return model


@dataclass(frozen=True)
class Budget:
    """What a training may use: images and epochs; Adam, rate 0.001, batches of 64."""

    images: Dataset
    epochs: int

    def options(self) -> dict[str, Any]:
        """Arguments of ``training.fit``."""
        splits = {"train": self.images.train, "test": self.images.test}
        tensors = {name: (as_rgb32(self.images, s.images), s.labels) for name, s in splits.items()}
        options = {"epochs": self.epochs, "batch_size": 64, "optimizer": torch.optim.Adam}
        return {**tensors, **options, "lr": 0.001, "progress": False}


def as_rgb32(images: Dataset, pixels: Tensor) -> Tensor:
    """uint8 ``(N, C, H, W)`` -> float ``(N, 3, 32, 32)``: grey repeated, edges padded."""
    floats = images.normalise(pixels)
    missing = 32 - floats.shape[-1]
    padded = F.pad(floats, [missing // 2, missing - missing // 2] * 2)
    return padded.expand(-1, 3, -1, -1) if padded.shape[1] == 1 else padded


def train(variant: str, options: Mapping[str, Any], seed: int) -> training.History:
    """Train one small VGG; "D, from A" trains A first, with the same budget, and copies."""
    with seeded(seed):
        model = small_vgg(variant)
    if variant.endswith("from A"):
        with seeded(seed + 1000):
            shallow = small_vgg("A")
        training.fit(shallow, seed=seed + 1000, **options)
        _hand_over(model, shallow)
    return training.fit(model, seed=seed, **options)


def _hand_over(deep: nn.Sequential, shallow: nn.Sequential) -> None:
    """Parameters at ``PLACES``, and both linear layers, from A into D."""
    old, new = (
        [layer for layer in model if isinstance(layer, nn.Conv2d)] for model in (shallow, deep)
    )
    for here, there in PLACES:
        new[there].load_state_dict(old[here].state_dict())
    for place in (-1, -3):
        deep[place].load_state_dict(shallow[place].state_dict())


def race(variants: Sequence[str], budget: Budget, seeds: Sequence[int]) -> None:
    """Train and print test accuracy and training loss after the last epoch, with their spread."""
    options = budget.options()
    for variant in variants:
        runs = [train(variant, options, seed) for seed in seeds]
        accuracy = spread([run.last.test_accuracy for run in runs], ".1%")
        loss = spread([run.last.train_loss for run in runs], ".2f")
        print(f"{variant:14} test accuracy {accuracy}, training loss {loss}")


def start_table(seeds: Sequence[int]) -> None:
    """Print what arrives before training: differences at the end, gradient at the beginning."""
    print(f"{'':16}{'scores differ by':>20}{'gradient at layer 1':>24}")
    for variant in (v for v in VARIANTS if "from" not in v):
        measured = [_start(variant, seed) for seed in seeds]
        cells = [_power(values) for values in zip(*measured, strict=True)]
        print(f"{variant:16}{cells[0]:>20}{cells[1]:>24}")


def _power(values: Sequence[float]) -> str:
    logs = [math.log10(max(value, 1e-30)) for value in values]
    return f"10^({mean(logs):.1f} ± {stdev(logs):.1f})" if len(logs) > 1 else f"10^{logs[0]:.1f}"


def _start(variant: str, seed: int) -> tuple[float, float]:
    """Spread of scores over a batch, and the first layer's gradient relative to the last's."""
    with seeded(seed):
        model, images = small_vgg(variant), torch.randn(64, 3, 32, 32)
        labels = torch.randint(0, 10, (64,))
        gradients = record_gradients(model, lambda: F.cross_entropy(model(images), labels))
        with torch.no_grad():
            scores = model(images)
    norms = [gradient.norm().item() for gradient in gradients.values()]
    return scores.std(dim=0).mean().item(), norms[0] / norms[-1]


# Results that were trained before ---------------------------------------------------------


def stored() -> dict[str, Any]:
    """The precomputed results: ``about``, and ``runs`` by variant."""
    text = resources.files("course.experiments").joinpath(RESULTS).read_text("utf-8")
    return dict(json.loads(text))


def draw_stored() -> Figure:
    """Test accuracy by epoch of the precomputed runs, and their table."""
    from matplotlib import pyplot

    plots.use_style()
    results = stored()
    figure, axes = pyplot.subplots(1, 2, figsize=(9.2, 3.4))
    looks = plots.looks_of([f"variant {name}" for name in results["runs"]])
    for (name, runs), look in zip(results["runs"].items(), looks.values(), strict=True):
        epochs = range(1, 1 + len(runs["test_accuracy"][0]))
        for ax, key in zip(axes, ("test_accuracy", "train_loss"), strict=True):
            plots.spread(ax, epochs, runs[key], name, look["color"])
        final = [curve[-1] for curve in runs["test_accuracy"]]
        loss = [curve[-1] for curve in runs["train_loss"]]
        print(f"{name:14} {spread(final, '.1%'):16} training loss {spread(loss, '.2f')}")
    plots.axes(axes[0], xlabel="epoch", ylabel="test accuracy")
    plots.axes(axes[1], xlabel="epoch", ylabel="training loss")
    axes[0].get_legend().remove()
    axes[1].legend(fontsize=8)
    print(results["about"])
    return shown(figure)


def precompute(seeds: Sequence[int] = range(3)) -> dict[str, Any]:
    """Train all variants: 4,000 CIFAR-10 images, four epochs, one thread."""
    from course import data

    torch.set_num_threads(1)
    images = data.load("cifar10", size=(4000, 1000), verbose=False)
    options = Budget(images, epochs=4).options()
    runs: dict[str, Any] = {}
    for variant in VARIANTS:
        histories = [train(variant, options, seed) for seed in seeds]
        runs[variant] = {
            "test_accuracy": [[round(a, 4) for a in h.test_accuracy] for h in histories],
            "train_loss": [[round(a, 4) for a in h.train_loss] for h in histories],
        }
        print(variant, runs[variant]["test_accuracy"], flush=True)
    about = (
        f"precomputed: {images.name}, {len(images.train):,} training and {len(images.test):,} test "
        f"images, 4 epochs, Adam 0.001, batches of 64, {len(seeds)} seeds, CPU, one thread"
    )
    return {"about": about, "command": "python -m course.experiments.lab04", "runs": runs}


# A map of scores --------------------------------------------------------------------------


def scene(images: Dataset, seed: int, side: int = 96) -> Tensor:
    """Five garments on a dark canvas, as bytes ``(1, 1, side, side)``."""
    canvas = torch.zeros(1, 1, side, side, dtype=torch.uint8)
    places = ((2, 4), (4, 62), (36, 34), (64, 2), (62, 64))
    for number, (row, column) in enumerate(places):
        canvas[0, 0, row : row + 28, column : column + 28] = images.test.images[seed + number, 0]
    return canvas


def small_classifier(images: Dataset, epochs: int, seed: int = 0) -> nn.Sequential:
    """A network of VGG's form for 32 × 32 grey images, trained: three stages, maps of 4 × 4."""
    from collections import OrderedDict

    from torchvision.models.vgg import make_layers

    head = (nn.Linear(32 * 16, 64), nn.ReLU(), nn.Dropout(), nn.Linear(64, 10))
    with seeded(seed):
        column: list[str | int] = [8, "M", 16, "M", 32, "M"]
        parts: dict[str, nn.Module] = {"features": make_layers(column), "flatten": nn.Flatten()}
        model = nn.Sequential(OrderedDict(parts, classifier=nn.Sequential(*head)))
    train_set = (as_rgb32(images, images.train.images), images.train.labels)
    training.fit(
        model, train_set, epochs=epochs, batch_size=64, lr=0.002, optimizer=torch.optim.Adam,
        seed=seed, progress=False, device="cpu",
    )  # fmt: skip
    return model.eval()


def draw_map(convert: Any, images: Dataset, epochs: int) -> Figure | None:
    """A scene, and the converted network's most likely class at each place of it."""
    model = small_classifier(images, epochs)
    canvas = scene(images, seed=20)
    pixels = images.normalise(canvas).expand(-1, 3, -1, -1)

    def scores() -> Tensor:
        with torch.no_grad():
            result: Tensor = convert(model).eval()(pixels)
        return result

    found = written(scores, "to_fully_convolutional")
    return None if found is None else _map_figure(canvas, found, images.classes)


def _map_figure(canvas: Tensor, scores: Tensor, classes: Sequence[str]) -> Figure:
    from matplotlib import pyplot

    plots.use_style()
    sure, best = scores.softmax(dim=1)[0].max(dim=0)
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(8.4, 4.2))
    left.imshow(canvas[0, 0], cmap="gray")
    left.set_title(f"the scene, {canvas.shape[-2]} × {canvas.shape[-1]}")
    right.imshow(sure, cmap="viridis", vmin=0, vmax=1)
    for row, column in torch.cartesian_prod(*map(torch.arange, best.shape)).tolist():
        name = classes[int(best[row, column])].split("/")[0][:6]
        shade = "black" if sure[row, column] > 0.6 else "white"
        right.text(column, row, name, ha="center", va="center", fontsize=5.5, color=shade)
    right.set_title(f"{tuple(scores.shape[1:])} scores: the best class, its probability")
    for ax in (left, right):
        ax.axis("off")
    return shown(figure)


if __name__ == "__main__":
    Path(__file__).with_name("results").mkdir(exist_ok=True)
    (Path(__file__).parent / RESULTS).write_text(json.dumps(precompute(), indent=1) + "\n")
