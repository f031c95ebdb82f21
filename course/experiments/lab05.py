"""Experiments of lab 5: what the 1×1 saves, a ledger of counts, early gradients, small GoogLeNets.

The networks here are made of torchvision's Inception module (with a true 5×5), so everything runs
before a single exercise is solved; what needs a student's function says so until it is written.

``python -m course.experiments.lab05`` trains the tables of parts 4 and 5 again and writes
``results/lab05.json``.
"""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import plots, training
from course.checks.lab05.paper import INPUTS, TABLE, Spec
from course.device import seeded
from course.experiments.lab04 import Budget, scene
from course.experiments.pages import shown, spread, written
from course.instruments import count_parameters, parameter_gradient_norms

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from course.data import Dataset

RESULTS = "results/lab05.json"


# Small GoogLeNets -------------------------------------------------------------------------

WIDTH = 0.2  # of the paper's: 240,000 parameters


@dataclass(frozen=True)
class Design:
    """How a small GoogLeNet differs from the paper's.

    Attributes:
        norm: BatchNorm after each convolution.
        he: He's start instead of PyTorch's own.
        heads: the two auxiliary heads.
        dense: two fully connected layers, as in VGG, instead of the average.
        halvings: in the stem, by the first stride and by pooling: 32 × 32 images enter block 3a
            at 32 / 2^halvings.
        width: of the paper's numbers of channels.
    """

    norm: bool = False
    he: bool = False
    heads: bool = False
    dense: bool = False
    halvings: int = 2
    width: float = WIDTH

    def of(self, number: int) -> int:
        """One of the paper's numbers, at this width."""
        return max(1, round(self.width * number))


DESIGNS = {
    "plain": Design(),
    "plain, heads": Design(heads=True),
    "He's start": Design(he=True),
    "He's start, heads": Design(he=True, heads=True),
    "BatchNorm": Design(norm=True),
    "BatchNorm, heads": Design(norm=True, heads=True),
    "BatchNorm, FC": Design(norm=True, dense=True),
}


class Unit(nn.Sequential):
    """Convolution, BatchNorm where wanted, ReLU; the building block that torchvision asks for."""

    def __init__(self, norm: bool, into: int, out: int, **options: Any) -> None:
        after = [nn.BatchNorm2d(out)] if norm else []
        super().__init__(nn.Conv2d(into, out, bias=not norm, **options), *after, nn.ReLU())


def inception(into: int, spec: Spec, norm: bool = False) -> nn.Module:
    """torchvision's Inception module, without BatchNorm unless wanted, and with a true 5×5."""
    from torchvision.models.googlenet import Inception

    def unit(into: int, out: int, **options: Any) -> Unit:
        return Unit(norm, into, out, **options)

    module = Inception(into, *spec, conv_block=unit)
    module.branch3[1] = unit(spec.n5x5_reduce, spec.n5x5, kernel_size=5, padding=2)
    return module


def _head(into: int, design: Design) -> nn.Sequential:
    """An auxiliary classifier: average to 4 × 4, 1×1, two fully connected layers."""
    narrow, hidden = design.of(128), design.of(1024)
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(4),
        Unit(design.norm, into, narrow, kernel_size=1),
        nn.Flatten(),
        *(nn.Linear(narrow * 16, hidden), nn.ReLU(), nn.Linear(hidden, 10)),
    )


class SmallGoogLeNet(nn.Module):
    """The paper's nine blocks at a fifth of their width, for ``(N, 3, 32, 32)`` and ten classes.

    ``(N, 3, 32, 32) -> (N, 10)``; with heads in training mode three such tensors, as a tuple.
    """

    def __init__(self, design: Design) -> None:
        super().__init__()
        thin, wide = design.of(64), design.of(192)
        stride = 2 if design.halvings else 1
        pools = [nn.MaxPool2d(3, 2, 1) for _ in range(design.halvings - 1)]
        self.entry = nn.Sequential(
            Unit(design.norm, 3, thin, kernel_size=3, padding=1, stride=stride),
            Unit(design.norm, thin, thin, kernel_size=1),
            Unit(design.norm, thin, wide, kernel_size=3, padding=1),
            *pools,
        )
        self.blocks, self.heads = nn.ModuleDict(), nn.ModuleDict()
        channels = wide
        for name, full in TABLE.items():
            spec = full.scaled(design.width)
            self.blocks[name] = inception(channels, spec, design.norm)
            channels = spec.n1x1 + spec.n3x3 + spec.n5x5 + spec.pool_proj
            if design.heads and name in ("4a", "4d"):
                self.heads[name] = _head(channels, design)
        self.classifier = _classifier(channels, design)
        if design.he:
            _he_start(self)

    def forward(self, x: Tensor) -> Any:
        """Scores, and those of the heads where there are any and the model trains."""
        x, early = self.entry(x), []
        for place, inception_module in self.blocks.items():
            x = F.max_pool2d(x, 3, 2, 1) if place in ("4a", "5a") else x
            x = inception_module(x)
            if self.training and place in self.heads:
                early.append(self.heads[place](x))
        scores = self.classifier(x)
        return (scores, *early) if early else scores


def _classifier(channels: int, design: Design) -> nn.Sequential:
    if not design.dense:
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))
    hidden, side = design.of(4096), 32 // 2 ** (design.halvings + 2)
    layers = (nn.Linear(channels * side**2, hidden), nn.ReLU(), nn.Linear(hidden, 10))
    return nn.Sequential(nn.Flatten(), *layers)


def _he_start(model: nn.Module) -> None:
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def small_googlenet(design: str | Design, seed: int = 0) -> SmallGoogLeNet:
    """A small GoogLeNet with weights from the seed; the design by its name or itself."""
    with seeded(seed):
        return SmallGoogLeNet(DESIGNS[design] if isinstance(design, str) else design)


def weighted_loss(outputs: Any, labels: Tensor, weight: float = 0.3) -> Tensor:
    """Cross-entropy, of every tensor of a tuple: the first counts fully, the others ``weight``."""
    main, *early = outputs if isinstance(outputs, tuple) else (outputs,)
    total = F.cross_entropy(main, labels)
    for scores in early:
        total = total.add(F.cross_entropy(scores, labels), alpha=weight)
    return total


def train(design: str, options: Mapping[str, Any], seed: int) -> training.History:
    """Train one small GoogLeNet."""
    return training.fit(small_googlenet(design, seed), seed=seed, loss=weighted_loss, **options)


# A picture of the block -------------------------------------------------------------------


def draw_block() -> Figure:
    """Block 3a with all its branches, drawn from torchvision's module with a true 5×5."""
    from course import diagrams

    channels, side = INPUTS["3a"]
    with torch.device("meta"):
        block = inception(channels, TABLE["3a"])
    ax = diagrams.draw(block, (channels, side, side), title="Inception block 3a")
    return shown(ax.figure, dpi=72)


# What the 1×1 saves -----------------------------------------------------------------------


def draw_savings(inception_cost: Any) -> Figure | None:
    """Multiplications of the nine blocks, naive and with reductions, by the student's function."""

    def costs() -> dict[str, dict[str, int]]:
        inputs = {name: INPUTS[name] for name in TABLE}
        return {name: inception_cost(c, TABLE[name], s, s) for name, (c, s) in inputs.items()}

    found = written(costs, "inception_cost")
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

    rows = written(chain, "inception_cost") or []
    for name, channels, cost in rows:
        print(f"{name}   {channels:5} channels come in (paper {INPUTS[name][0]:3})   "
              f"{cost / 1e6:6.0f} million")  # fmt: skip
    if rows:
        print(f"all nine: {sum(cost for *_, cost in rows) / 1e6:,.0f} million multiplications")


# Ledgers ----------------------------------------------------------------------------------


def block_ledger(make_block: Any) -> None:
    """Print how far the student's nine blocks are from torchvision's, with the same weights."""

    def differences() -> dict[str, float]:
        found = {}
        for name, (channels, _) in INPUTS.items():
            spec, into = TABLE[name].scaled(1 / 8), channels // 8
            theirs, yours = inception(into, spec).double(), make_block(into, spec).double()
            maps = torch.randn(2, into, 7, 7, generator=torch.Generator().manual_seed(0)).double()
            with torch.no_grad():
                for mine, other in zip(yours.parameters(), theirs.parameters(), strict=True):
                    mine.copy_(other)
                found[name] = float((yours(maps) - theirs(maps)).abs().max())
        return found

    gaps = written(differences, "InceptionBlock")
    for name, gap in (gaps or {}).items():
        verdict = "equal to 12 digits" if gap < 1e-12 else f"they differ by {gap:.2g}"
        print(f"block {name} at 1/8 of its width, torchvision's weights copied in: {verdict}")


def torchvision_ledger() -> dict[str, int]:
    """From the parameters of torchvision's GoogLeNet to the paper's, step by step."""
    model = _torchvision(heads=False)
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    wider = sum((5**2 - 3**2) * spec.n5x5_reduce * spec.n5x5 for spec in TABLE.values())
    return {
        "torchvision's GoogLeNet, heads off": count_parameters(model),
        "less scale and shift of BatchNorm": -2 * sum(norm.num_features for norm in norms),
        "plus a bias for each channel": sum(norm.num_features for norm in norms),
        "plus 5×5 for 3×3 in nine branches": wider,
    }


def _torchvision(heads: bool) -> nn.Module:
    from torchvision.models import GoogLeNet as Theirs

    with torch.device("meta"):
        model: nn.Module = Theirs(aux_logits=heads, init_weights=False)
    return model


def parameter_ledger(make_network: Any) -> None:
    """Print the way from torchvision's parameters to the paper's, and the student's beside it."""
    rows = torchvision_ledger()
    width = 36
    for label, number in rows.items():
        print(f"{label:{width}}{number:>+13,}" if number < 0 or "plus" in label
              else f"{label:{width}}{number:>13,}")  # fmt: skip
    print(f"{'the paper, table 1':{width}}{sum(rows.values()):>13,}")
    for label, options in (("yours, aux=False", {"aux": False}), ("yours, with both heads", {})):
        count = written(lambda options=options: _count(make_network, options), "GoogLeNet")  # type: ignore[misc]
        if count is None:
            return
        print(f"{label:{width}}{count:>13,}")
    theirs = count_parameters(_torchvision(heads=True))
    print(f"{'torchvision with heads':{width}}{theirs:>13,}")


def _count(make_network: Any, options: Mapping[str, Any]) -> int:
    with torch.device("meta"):
        model: nn.Module = make_network(**options)
    return count_parameters(model)


def classifier_ledger() -> None:
    """Print what three ways to go from 1024 maps of 7 × 7 to 1000 scores cost."""
    flat = 1024 * 7 * 7
    ways: dict[str, tuple[tuple[int, int], ...]] = {
        "average, 1024 → 1000": ((1024, 1000),),
        "flatten, 50,176 → 1000": ((flat, 1000),),
        "as VGG: 50,176 → 4096 → 4096 → 1000": ((flat, 4096), (4096, 4096), (4096, 1000)),
    }
    for label, sizes in ways.items():
        with torch.device("meta"):
            layers = nn.Sequential(*(nn.Linear(into, out) for into, out in sizes))
        print(f"{label:38}{count_parameters(layers):>13,}")


# Gradients of the early layers ------------------------------------------------------------

STARTS = {"plain": "PyTorch's start", "He's start": "He's start", "BatchNorm": "BatchNorm"}
STAGES = ("stem", *TABLE)
START_COLOURS = {
    "plain": plots.VERMILLION,
    "He's start": plots.ORANGE,
    "BatchNorm": plots.BLUE,
}


def early_gradients(design: str, seed: int) -> dict[str, list[float]]:
    """Gradient norms by stage, of the main loss alone and of the loss with both heads.

    One network with heads, one batch of 64 random images: the same weights for both losses.
    """
    model = small_googlenet(f"{design}, heads", seed)
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(64, 3, 32, 32, generator=generator)
    labels = torch.randint(0, 10, (64,), generator=generator)
    outputs = model(images)
    losses = {
        "main": weighted_loss(outputs[0], labels),
        "with heads": weighted_loss(outputs, labels),
    }
    return {name: _by_stage(parameter_gradient_norms(model, loss)) for name, loss in losses.items()}


def _by_stage(norms: Mapping[str, float]) -> list[float]:
    """One norm for each of ``STAGES``, of all weights in it; of the stem, its first layer's."""
    stages = dict.fromkeys(STAGES, 0.0)
    stages["stem"] = norms["entry.0.0.weight"] ** 2
    for name, norm in norms.items():
        part, _, rest = name.partition(".")
        if part == "blocks":
            stages[rest.partition(".")[0]] += norm**2
    return [math.sqrt(square) for square in stages.values()]


def draw_gradients(seeds: Sequence[int]) -> Figure:
    """Gradient by stage with and without the heads' losses, for three starts."""
    from matplotlib import pyplot

    plots.use_style()
    figure, axes = pyplot.subplots(1, 3, figsize=(9.6, 3.2))
    for ax, (design, title) in zip(axes, STARTS.items(), strict=True):
        several = [early_gradients(design, seed) for seed in seeds]
        for key, colour, style in (
            ("with heads", plots.colour_of("GoogLeNet"), "o-"),
            ("main loss alone", plots.INK, "--"),
        ):
            curve = _geometric([found[key.removesuffix(" loss alone")] for found in several])
            ax.plot(range(len(STAGES)), curve, style, ms=4, color=colour, label=key)
        ax.set_yscale("log")
        ax.set_xticks(range(len(STAGES)), ["1", *TABLE], fontsize=8)
        plots.axes(ax, title=title)
        _tell_gradients(title, several)
    axes[0].set_ylabel("gradient norm")
    axes[1].set_xlabel("first layer, then blocks")
    axes[0].legend(fontsize=8.5)
    return shown(figure)


def _tell_gradients(title: str, several: Sequence[Mapping[str, Sequence[float]]]) -> None:
    falls = [
        _power([found[key][0] / found[key][-1] for found in several])
        for key in ("main", "with heads")
    ]
    gains = [found["with heads"][0] / found["main"][0] for found in several]
    print(f"{title:16} first layer to last block: main {falls[0]}, with heads {falls[1]}")
    print(f"{'':16} the heads multiply the first layer's gradient by {spread(gains, '.2f')}")


def _power(values: Sequence[float]) -> str:
    logs = [math.log10(value) for value in values]
    return f"10^({mean(logs):+.1f} ± {stdev(logs):.1f})" if len(logs) > 1 else f"10^{logs[0]:+.1f}"


def _geometric(curves: Sequence[Sequence[float]]) -> list[float]:
    return [math.exp(mean(map(math.log, column))) for column in zip(*curves, strict=True)]


# Races ------------------------------------------------------------------------------------


def race(designs: Sequence[str], images: Dataset, epochs: int, seeds: Sequence[int]) -> None:
    """Train and print test and training accuracy after the last epoch, with their spread."""
    options = Budget(images, epochs).options()
    for design in designs:
        runs = [train(design, options, seed) for seed in seeds]
        tested = spread([run.last.test_accuracy for run in runs], ".1%")
        trained = spread([run.last.train_accuracy for run in runs], ".1%")
        print(f"{design:18} test accuracy {tested}, on the training images {trained}")


def goal(images: Dataset, epochs: int) -> training.History:
    """Train the small GoogLeNet that full-size runs are for: no halving in the stem if there is
    time, BatchNorm, flips and crops, a cosine schedule.
    """
    from course import augment

    long = epochs > 5
    design = Design(norm=True, halvings=0 if long else 2)
    model = small_googlenet(design)
    print(f"{count_parameters(model):,} parameters")
    varied = augment.Chain(augment.Flip(), augment.Crop()) if long else None
    options = {**Budget(images, epochs).options(), "batch_size": 128 if long else 64}
    return training.fit(
        model,
        **options | {"lr": 0.002},
        augment=varied,
        schedule=training.schedules.cosine(warmup=0.05),
    )


def draw_stored(designs: Sequence[str]) -> Figure:
    """Test accuracy by epoch of precomputed runs, and their table."""
    from matplotlib import pyplot
    from matplotlib.ticker import MultipleLocator

    plots.use_style()
    results = stored()
    figure, ax = pyplot.subplots(figsize=(8.0, 3.2))
    for name in designs:
        runs = results["runs"][name]
        epochs = range(1, 1 + len(runs["test_accuracy"][0]))
        plots.spread(ax, epochs, runs["test_accuracy"], name, START_COLOURS[name.split(",")[0]])
        ax.lines[-1].set_linestyle("--" if "," in name else "-")
        final, trained = (
            spread([curve[-1] for curve in runs[f"{part}_accuracy"]], ".1%")
            for part in ("test", "train")
        )
        print(f"{name:18} {runs['parameters']:>9,} parameters   test {final}   training {trained}")
    plots.axes(ax, xlabel="epoch", ylabel="test accuracy")
    ax.xaxis.set_major_locator(MultipleLocator(1))
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    print(textwrap.fill(results["about"], 88))
    return shown(figure)


# Class maps -------------------------------------------------------------------------------


SCENE = 20  # the first of the five test images of the scene


def draw_class_maps(class_maps: Any, images: Dataset, epochs: int) -> Figure | None:
    """A scene of five garments, and the map of each class that is in it.

    Shown is each class's map less the average over all classes: what speaks for this one.
    """
    tiny = (torch.zeros(1, 2, 1, 1), torch.zeros(3, 2), torch.zeros(3))
    if written(lambda: class_maps(*tiny), "class_maps") is None:  # before it trains
        return None
    network = _averaging_network(images, epochs)
    pixels = images.normalise(scene(images, SCENE)).expand(-1, 3, -1, -1)
    last = network[-1]

    def maps() -> Tensor:
        found: Tensor = class_maps(network[0](pixels), last.weight, last.bias)
        return found - found.mean(dim=1, keepdim=True)

    with torch.no_grad():
        found = written(maps, "class_maps")
    if found is None:
        return None
    labels = images.test.labels[SCENE : SCENE + 5]
    chosen = sorted(set(labels.tolist()))
    names = [images.classes[label] for label in chosen]
    return _maps_figure(scene(images, SCENE), found[0, chosen], names)


def _averaging_network(images: Dataset, epochs: int) -> nn.Sequential:
    """Four 3×3 layers with BatchNorm, an average, a linear layer; trained on shifted garments."""
    from torchvision.models.vgg import make_layers

    from course import augment

    with seeded(0):
        layers = make_layers([16, "M", 32, "M", 64, 64], batch_norm=True)
        head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
        network = nn.Sequential(layers, *head)
    options = Budget(images, epochs).options() | {"lr": 0.005, "device": "cpu"}
    shifted = augment.Crop(8, fill=augment.black_of(images)[0])
    schedule = training.schedules.cosine()
    history = training.fit(network, **options, augment=shifted, schedule=schedule)
    print(history)
    return network.eval()


def _maps_figure(canvas: Tensor, maps: Tensor, names: Sequence[str]) -> Figure:
    from matplotlib import pyplot

    plots.use_style()
    figure, axes = pyplot.subplots(1, 1 + len(names), figsize=(2.1 * (1 + len(names)), 2.4))
    axes[0].imshow(canvas[0, 0], cmap="gray")
    axes[0].set_title("the scene", fontsize=9)
    limit = float(maps.abs().max())
    side = canvas.shape[-1]
    for ax, one, name in zip(axes[1:], maps, names, strict=True):
        ax.imshow(canvas[0, 0], cmap="gray")
        ax.imshow(one, cmap="PuOr_r", vmin=-limit, vmax=limit, alpha=0.65,
                  extent=(-0.5, side - 0.5, side - 0.5, -0.5))  # fmt: skip
        ax.set_title(name, fontsize=9)
    for ax in axes:
        ax.axis("off")
    return shown(figure, dpi=72)


# Results that were trained before ---------------------------------------------------------


def stored() -> dict[str, Any]:
    """The precomputed results: ``about``, and ``runs`` by design."""
    text = resources.files("course.experiments").joinpath(RESULTS).read_text("utf-8")
    return dict(json.loads(text))


def precompute(seeds: Sequence[int] = range(3)) -> dict[str, Any]:
    """Train all designs: 4,000 CIFAR-10 images, three epochs, one thread."""
    from course import data

    torch.set_num_threads(1)
    images = data.load("cifar10", size=(4000, 1000), verbose=False)
    options = Budget(images, epochs=3).options()
    runs: dict[str, Any] = {}
    for design in DESIGNS:
        histories = [train(design, options, seed) for seed in seeds]
        runs[design] = {
            "parameters": count_parameters(small_googlenet(design)),
            "test_accuracy": [[round(a, 4) for a in h.test_accuracy] for h in histories],
            "train_accuracy": [[round(a, 4) for a in h.train_accuracy] for h in histories],
        }
        print(design, runs[design], flush=True)
    about = (
        f"precomputed: {images.name}, {len(images.train):,} training and {len(images.test):,} test "
        f"images, 3 epochs, Adam 0.001, batches of 64, {len(seeds)} seeds, CPU, one thread"
    )
    return {"about": about, "command": "python -m course.experiments.lab05", "runs": runs}


if __name__ == "__main__":
    Path(__file__).with_name("results").mkdir(exist_ok=True)
    (Path(__file__).parent / RESULTS).write_text(json.dumps(precompute(), indent=1) + "\n")
