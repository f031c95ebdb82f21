"""Experiments of lab 2: convolution against full connection, measured; pictures of LeNet.

Networks of the student's are used where they are written; a stand-in with strides takes LeNet's
place elsewhere. Measurements over several seeds lie in ``results/lab02.json``. Whoever has the
instructors' side can take them again, in about ten minutes on one CPU core:

    python -m course.experiments.lab02
"""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import plots, training
from course.checks.lab02.training import MEAN, STD, as_inputs, one_thread
from course.device import device_of, seeded
from course.instruments import count_parameters, record_activations

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from course.data import Dataset

Names = Mapping[str, Any]
MakeModel = Callable[[], nn.Module]

RESULTS = Path(__file__).with_name("results") / "lab02.json"
BLACK = -MEAN / STD  # a black pixel after normalisation


# What the student has written -------------------------------------------------------------


def strided() -> nn.Sequential:
    """A stand-in for LeNet: 61,394 parameters, strides in the place of pooling.

    ``(N, 1, 32, 32) -> (N, 10)``
    """
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.Conv2d(8, 16, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(1024, 56),
        nn.ReLU(),
        nn.Linear(56, 10),
    )


def perceptron() -> nn.Sequential:
    """As many parameters without convolution, 62,110: ``(N, 1, 32, 32) -> (N, 10)``."""
    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 60), nn.ReLU(), nn.Linear(60, 10))


def linear() -> nn.Sequential:
    """One template for each class, 10,250 parameters: ``(N, 1, 32, 32) -> (N, 10)``."""
    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 10))


def lenet_of(names: Names) -> tuple[str, MakeModel]:
    """The notebook's LeNet with its name; the stand-in where it is not written or fails."""
    made = attempt(lambda: names["LeNet"]()(torch.zeros(2, 1, 32, 32)))
    if isinstance(made, Tensor) and made.shape == (2, 10):
        return "LeNet", names["LeNet"]
    print("LeNet is not written yet: a network with strides stands in for it")
    return "stand-in", strided


def attempt(work: Callable[[], Any]) -> Any:
    """What the student's code gives, or None where it is not there or does not work yet."""
    try:
        return work()
    except Exception:
        return None


class Scores(nn.Module):
    """A network whose smallest output wins, such as LeNet-5, turned into one of logits."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Penalties ``(N, K)`` with the other sign."""
        return -self.network(x)


# Convolution ------------------------------------------------------------------------------

KERNELS = {
    "one pixel": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    "mean": [[1 / 9] * 3] * 3,
    "left edges": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "upper edges": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "spots": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
}


def _conv_of(names: Names) -> Callable[..., Tensor]:
    x, weight = torch.zeros(1, 1, 4, 4), torch.zeros(5, 1, 3, 3)
    made = attempt(lambda: names["conv2d"](x, weight, padding=1))
    if isinstance(made, Tensor) and made.shape == (1, 5, 4, 4):
        conv: Callable[..., Tensor] = names["conv2d"]
        return conv
    print("conv2d is not written yet: torch's own is used")
    return F.conv2d


def draw_kernels(names: Names, images: Tensor) -> Figure:
    """Images uint8 ``(N, 1, H, W)`` and what five kernels of 3×3 make of them, row by row."""
    weight = torch.tensor(list(KERNELS.values()), dtype=torch.float32).unsqueeze(1)
    maps = _conv_of(names)(images.float() / 255, weight, padding=1).detach()
    low, high = maps.amin((0, 2, 3), keepdim=True), maps.amax((0, 2, 3), keepdim=True)
    tiles = ((maps - low) / (high - low)).flatten(0, 1).unsqueeze(1)
    labels = [*KERNELS] * len(images)
    return _shown(plots.image_grid(tiles, labels, columns=len(KERNELS)).figure)


def shift_test(names: Names, images: Tensor, by: int = 3) -> None:
    """Print whether shifting and convolving may change places; uint8 ``(N, 1, 28, 28)``."""
    conv = _conv_of(names)
    x = F.pad(images.double() / 255, (8, 8, 8, 8))
    with seeded(0):
        weight = torch.randn(4, 1, 5, 5, dtype=torch.float64)
    first = conv(x.roll(by, 3), weight)
    then = conv(x, weight).roll(by, 3)
    inside = float((first - then)[..., by:].abs().max())
    print(f"shift {by} to the right, then convolve: {_close_to(inside)} convolve, then shift")


def _close_to(difference: float) -> str:
    return "the same as" if difference < 1e-9 else f"differs by {difference:.2g} from"


# LeNet-5's table and codes ----------------------------------------------------------------

CODES = {  # rows of 7 dots from the top down
    "T-shirt/top": "##...##|#######|#######|#.###.#|..###..|..###..|"
    "..###..|..###..|..###..|..###..|.......|.......",
    "Trouser": ".#####.|.#####.|.#####.|.##.##.|.##.##.|.##.##.|"
    ".##.##.|.##.##.|.##.##.|.##.##.|.##.##.|.##.##.",
    "Pullover": ".#...#.|#######|#######|#######|#######|##.#.##|"
    "##.#.##|##.#.##|##.#.##|##...##|##...##|.......",
    "Dress": "..#.#..|..#.#..|..###..|..###..|...#...|...#...|"
    "..###..|..###..|.#####.|.#####.|#######|#######",
    "Coat": "##...##|###.###|###.###|###.###|###.###|###.###|"
    "###.###|###.###|###.###|###.###|###.###|###.###",
    "Sandal": ".......|.......|.......|......#|.....##|....#.#|"
    "...#..#|..#...#|.#....#|#######|.......|.......",
    "Shirt": "#.#.#.#|.##.##.|#######|###.###|#######|..#.#..|"
    "..###..|..#.#..|..###..|..#.#..|..###..|.......",
    "Sneaker": ".......|.......|.......|.......|.......|.....##|"
    ".....##|.#..###|#######|#######|#######|.......",
    "Bag": ".......|..###..|.#...#.|.#...#.|#######|#.....#|"
    "#.....#|#.....#|#.....#|#.....#|#######|.......",
    "Ankle boot": ".......|.......|...####|...####|...####|...####|"
    "...####|..#####|#######|#######|#.....#|##...##",
}


def clothes_codes() -> Tensor:
    """Ten codes of 84 units, ±1: ``(10, 84)``, float32.

    Pictures of 7×12 dots for the classes of Fashion-MNIST, drawn for this course. (The paper's
    figure 3 has the characters of ASCII.)
    """
    rows = ["".join(code.split("|")) for code in CODES.values()]
    return torch.tensor([[1.0 if dot == "#" else -1.0 for dot in row] for row in rows])


def draw_codes() -> Figure:
    """The ten codes as pictures."""
    pictures = clothes_codes().view(-1, 1, 12, 7)
    framed = F.pad((pictures + 1) / 2, (1, 1, 1, 1))
    ax = plots.image_grid(framed, list(CODES), columns=10)
    return _shown(ax.figure)


def code_distances() -> None:
    """Print the pairs of codes that differ in the fewest units, and the mean over all pairs."""
    codes = clothes_codes()
    differ = (codes[:, None] != codes[None]).sum(dim=2)
    first, second = torch.triu_indices(len(codes), len(codes), offset=1)
    distances = differ[first, second]
    names = list(CODES)
    for index in distances.argsort()[:4].tolist():
        pair = f"{names[first[index]]} and {names[second[index]]}"
        print(f"{pair:24} differ in {distances[index]} of 84 units")
    print(f"{'all pairs, on average':24} differ in {distances.float().mean():.0f} of 84 units")


def draw_connections(names: Names) -> Figure | None:
    """The student's table of connections: maps of S2 down, maps of C3 across."""
    groups = attempt(lambda: [sorted(map(int, group)) for group in names["c3_connections"]()])
    if not groups:
        print("c3_connections is not written yet: no picture")
        return None
    ax = plots.axes(xlabel="map of C3", ylabel="map of S2", figsize=(6.4, 2.7))
    for column, group in enumerate(groups):
        ax.plot([column] * len(group), group, "s", color=plots.BLUE, markersize=11)
    for edge in (5.5, 11.5, 14.5):
        ax.axvline(edge, color=plots.GREY, linewidth=0.8)
    ax.set(xticks=range(len(groups)), yticks=range(6), xlim=(-0.6, 15.6), ylim=(5.6, -0.6))
    ax.grid(visible=False)
    print(f"{sum(map(len, groups))} connections")
    return _shown(ax.figure)


# Data -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Inputs:
    """Images ready for LeNet, float32 ``(N, 1, 32, 32)``, with their labels ``(N,)``."""

    train: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]

    def changed(self, change: Callable[[Tensor], Tensor]) -> Inputs:
        """The same with every image changed."""
        (x, y), (others, labels) = self.train, self.test
        return Inputs((change(x), y), (change(others), labels))


def inputs(dataset: Dataset, *, train: int, test: int) -> Inputs:
    """The first images of the two splits, framed in black and normalised."""
    parts = ((dataset.train, train), (dataset.test, test))
    first, second = ((as_inputs(part.images[:n]), part.labels[:n]) for part, n in parts)
    return Inputs(first, second)


@cache
def _permutation() -> Tensor:
    return torch.randperm(32 * 32, generator=torch.Generator().manual_seed(1998))


def permuted(images: Tensor) -> Tensor:
    """All images with their pixels in one and the same random order; same shape."""
    return images.flatten(1)[:, _permutation().to(images.device)].view_as(images)


def shifted(images: Tensor, by: int) -> Tensor:
    """Images moved ``by`` pixels to the right; black comes in, and what leaves is lost."""
    return F.pad(images, (by, -by, 0, 0), value=BLACK)


def jittered(images: Tensor, most: int = 4) -> Tensor:
    """Each image moved at random by up to ``most`` pixels along both axes; same shape."""
    count, _, height, width = images.shape
    framed = F.pad(images, (most,) * 4, value=BLACK)
    down, right = torch.randint(0, 2 * most + 1, (2, count, 1), device=images.device)
    rows = down + torch.arange(height, device=images.device)
    columns = right + torch.arange(width, device=images.device)
    each = torch.arange(count, device=images.device)[:, None, None]
    return framed[each, 0, rows[:, :, None], columns[:, None, :]].unsqueeze(1)


# Training ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Budget:
    """What one training costs: the same for all networks of an experiment."""

    epochs: int
    batch_size: int = 32
    lr: float = 2e-3

    def fit(self, make: MakeModel, data: Inputs, seed: int, **options: Any) -> nn.Module:
        """Train a fresh network with Adam."""
        with seeded(seed):
            model = make()
        with one_thread():
            training.fit(
                model,
                data.train,
                epochs=self.epochs,
                batch_size=self.batch_size,
                optimizer=torch.optim.Adam,
                lr=self.lr,
                seed=seed,
                progress=False,
                **options,
            )
        return model


@dataclass
class Study:
    """Networks trained on plain and on permuted images: models and test accuracies, by seed."""

    data: Inputs
    models: dict[tuple[str, str], list[nn.Module]] = field(default_factory=dict)
    accuracies: dict[tuple[str, str], list[float]] = field(default_factory=dict)


PIXELS: dict[str, Callable[[Tensor], Tensor]] = {"plain": lambda x: x, "permuted": permuted}


def study(
    networks: Mapping[str, MakeModel], data: Inputs, budget: Budget, seeds: Sequence[int]
) -> Study:
    """Train every network from every seed, on plain and on permuted pixels."""
    found = Study(data)
    for pixels, change in PIXELS.items():
        changed = data.changed(change)
        for name, make in networks.items():
            models = [budget.fit(make, changed, seed) for seed in seeds]
            found.models[name, pixels] = models
            found.accuracies[name, pixels] = [accuracy(model, changed.test) for model in models]
    return found


def accuracy(model: nn.Module, test: tuple[Tensor, Tensor]) -> float:
    """Share of the test images that are classified right, in [0, 1]."""
    with one_thread():
        return training.evaluate(model, *test).accuracy


def study_table(study: Study, networks: Mapping[str, MakeModel]) -> None:
    """Print parameters and test accuracies of a study."""
    print(f"{'':14}{'parameters':>12}{'plain':>14}{'permuted':>14}")
    for name, make in networks.items():
        cells = [_mean_spread(study.accuracies[name, pixels]) for pixels in PIXELS]
        print(f"{name:14}{count_parameters(make()):>12,}{cells[0]:>14}{cells[1]:>14}")


def _mean_spread(values: Sequence[float]) -> str:
    spread = f" ± {100 * stdev(values):.1f}" if len(values) > 1 else ""
    return f"{100 * mean(values):.1f}{spread} %"


SHIFTS = tuple(range(9))


def by_shift(model: nn.Module, test: tuple[Tensor, Tensor]) -> list[float]:
    """Test accuracy when all test images are moved 0 to 8 pixels to the right."""
    images, labels = test
    return [accuracy(model, (shifted(images, by), labels)) for by in SHIFTS]


def draw_shifts(study: Study, test_images: int = 1000) -> Figure:
    """Accuracy on shifted test images: this run, and the recorded one with its spread."""
    from matplotlib import pyplot

    plots.use_style()
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(8.8, 3.5), sharey=True)
    test = (study.data.test[0][:test_images], study.data.test[1][:test_images])
    for (name, pixels), models in study.models.items():
        if pixels == "plain":
            curves = torch.tensor([by_shift(model, test) for model in models])
            plots.spread(left, SHIFTS, curves, name, _colour(name))
    for key, look in RECORDED_SHIFTS.items():
        runs = torch.tensor(recorded()["by shift"][key])
        name = key.replace(", plain", "").replace(", jittered", ", trained with shifts")
        plots.spread(right, SHIFTS, runs, name, look["color"])
        right.lines[-1].set_linestyle(look["linestyle"])
    for ax, title in ((left, "this run"), (right, "recorded, 5 seeds")):
        plots.axes(ax, xlabel="shift of the test images, pixels", ylabel="accuracy", title=title)
        ax.set_ylim(0, 1)
        ax.legend(loc="lower left", fontsize=9)
    right.set_ylabel("")
    return _shown(figure)


def _colour(name: str) -> str:
    return plots.VERMILLION if name == "perceptron" else plots.colour_of("LeNet")


RECORDED_SHIFTS: dict[str, dict[str, Any]] = {
    "LeNet, plain": {"color": plots.SKY, "linestyle": "-"},
    "perceptron, plain": {"color": plots.VERMILLION, "linestyle": "-"},
    "LeNet, jittered": {"color": plots.BLUE, "linestyle": "--"},
    "perceptron, jittered": {"color": plots.ORANGE, "linestyle": "--"},
}


# Overfitting one batch --------------------------------------------------------------------


def losses_on_one_batch(
    make: MakeModel,
    batch: tuple[Tensor, Tensor],
    *,
    steps: int,
    lr: float = 3e-3,
    forget_to_clear: bool = False,
    other_labels: bool = False,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
) -> list[float]:
    """The loss at each step on one and the same batch; two of the arguments are bugs."""
    images, labels = batch
    with seeded(0), one_thread():
        model = make()
        optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        values = []
        for _ in range(steps):
            answers = labels[torch.randperm(len(labels))] if other_labels else labels
            value = loss(model(images), answers)
            if not forget_to_clear:
                optimizer.zero_grad(set_to_none=True)
            value.backward()
            optimizer.step()
            values.append(value.item())
    return values


def draw_one_batch(names: Names, data: Inputs, *, steps: int, size: int = 64) -> Figure:
    """The loss on one batch for a sound training and for three with a bug."""
    _, make = lenet_of(names)
    batch = data.train[0][:size], data.train[1][:size]
    run = partial(losses_on_one_batch, make, batch, steps=steps)
    curves = {
        "as it should be": run(),
        "softmax before the loss": run(loss=lambda x, y: F.cross_entropy(x.softmax(1), y)),
        "labels do not belong to images": run(other_labels=True),
        "gradients not cleared": run(forget_to_clear=True),
    }
    ax = plots.axes(xlabel="step", ylabel="loss", title=f"one batch of {size}, again and again")
    ax.axhline(float(torch.tensor(10.0).log()), color=plots.GREY, linewidth=0.8, linestyle=":")
    ax.text(steps, 2.33, "guessing: ln 10", ha="right", fontsize=9, color=plots.GREY)
    plots.curves(range(1, steps + 1), curves, ax, xlabel="step", ylabel="loss")
    ax.set_ylim(0, 4)
    return _shown(ax.figure)


# Feature maps -----------------------------------------------------------------------------


def draw_feature_maps(model: nn.Module, image: Tensor, by: int = 5) -> Figure:
    """First kernels of a trained network, and the maps of both convolutions.

    Args:
        image: ``(1, 1, 32, 32)``; the lower half shows the same image moved to the right.
    """
    from matplotlib import pyplot

    plots.use_style()
    place = device_of(model)
    convolutions = [one for one in model.modules() if isinstance(one, nn.Conv2d)]
    figure, axes = pyplot.subplots(5, 1, figsize=(7.4, 8.0), height_ratios=(1.15, 1, 2, 1, 2))
    kernels = convolutions[0].weight.detach().cpu()
    plots.image_grid(kernels, columns=len(kernels), ax=axes[0], title="kernels of C1")
    for start, picture, where in ((1, image, "the image"), (3, shifted(image, by), "moved")):
        maps = list(record_activations(model, picture.to(place), nn.Conv2d).values())
        first, second = (one[0].unsqueeze(1).clamp(min=0).cpu() for one in maps[:2])
        tiles = torch.cat([F.interpolate(picture, first.shape[2:]), _stretched(first)])
        title = f"{where}: input, then C1's maps after ReLU"
        plots.image_grid(_stretched(tiles), columns=len(tiles), ax=axes[start], title=title)
        title = f"{where}: C3's maps after ReLU"
        plots.image_grid(_stretched(second), columns=8, ax=axes[start + 1], title=title)
    return _shown(figure)


def _stretched(tiles: Tensor) -> Tensor:
    """Each tile from its own lowest to its own highest value."""
    low, high = tiles.amin((1, 2, 3), keepdim=True), tiles.amax((1, 2, 3), keepdim=True)
    return (tiles - low) / (high - low).clamp(min=1e-6)


def _shown(figure: Any, dpi: int = 80) -> Any:
    """The figure, closed, so that a notebook shows it once: as the value of its cell."""
    from matplotlib import pyplot

    figure.set_dpi(dpi)
    pyplot.close(figure)
    return figure


# 1998 against today -----------------------------------------------------------------------


def lenet5_run(names: Names, data: Inputs, budget: Budget, seed: int = 0) -> float | None:
    """Test accuracy of the notebook's LeNet-5, trained with its own loss; None if not written."""
    parts = [names.get(name) for name in ("LeNet5", "map_loss")]
    if attempt(lambda: parts[0](clothes_codes())(torch.zeros(1, 1, 32, 32))) is None:  # type: ignore[misc]
        print("LeNet5 is not written yet")
        return None
    if attempt(lambda: parts[1](torch.ones(1, 10), torch.zeros(1, dtype=torch.long))) is None:  # type: ignore[misc]
        print("map_loss is not written yet")
        return None
    model = budget.fit(
        lambda: Scores(parts[0](clothes_codes())),  # type: ignore[misc]
        data,
        seed,
        loss=lambda scores, labels: parts[1](-scores, labels),  # type: ignore[misc]
    )
    return accuracy(model, data.test)


# Recorded measurements --------------------------------------------------------------------


@cache
def recorded() -> dict[str, Any]:
    """The measurements in ``results/lab02.json``."""
    found: dict[str, Any] = json.loads(RESULTS.read_text())
    return found


def recorded_table() -> None:
    """Print the recorded accuracies, mean ± standard deviation over the seeds."""
    about, accuracies = recorded()["about"], recorded()["accuracy"]
    print(about["how"])
    for name, values in accuracies.items():
        print(f"{name:32}{_mean_spread(values):>16}")


HOW = "{train:,} training images, {epochs} epochs, Adam, batches of {batch}, {seeds} seeds, CPU"


def measure(seeds: Sequence[int], budget: Budget, only: Iterable[str] = ()) -> dict[str, Any]:
    """Take all measurements on the bundled images, with the reference's networks."""
    from course.data import load

    reference = importlib.import_module("autograde.reference").load("lab02_lenet")
    dataset = load("fashion_mnist", size=(10_000, 2_000))
    data = inputs(dataset, train=10_000, test=2_000)
    networks = {"LeNet": reference["LeNet"], "perceptron": perceptron, "linear": linear}
    found: dict[str, Any] = {"accuracy": {}, "by shift": {}}
    for name, make in networks.items():
        for how in ("plain", "permuted", "jittered"):
            if wanted(f"{name}, {how}", only):
                _measure_one(found, f"{name}, {how}", make, how, data, budget, seeds)
    if wanted("LeNet-5 of 1998, plain", only):
        runs = [lenet5_run(reference, data, budget, seed) for seed in seeds]
        found["accuracy"]["LeNet-5 of 1998, plain"] = runs
    how = HOW.format(train=10_000, epochs=budget.epochs, batch=budget.batch_size, seeds=len(seeds))
    found["about"] = {
        "how": how,
        "command": "python -m course.experiments.lab02",
        "data": dataset.source,
        "torch": torch.__version__,
        "lr": budget.lr,
        "seeds": list(seeds),
    }
    return found


def wanted(name: str, only: Iterable[str]) -> bool:
    """Whether a measurement was asked for; all are where nothing is named."""
    names = list(only)
    return not names or any(name.startswith(one) for one in names)


def _measure_one(
    found: dict[str, Any],
    key: str,
    make: MakeModel,
    how: str,
    data: Inputs,
    budget: Budget,
    seeds: Sequence[int],
) -> None:
    changed = data.changed(permuted) if how == "permuted" else data
    augment = jittered if how == "jittered" else None
    models = [budget.fit(make, changed, seed, augment=augment, device="cpu") for seed in seeds]
    found["accuracy"][key] = [round(accuracy(model, changed.test), 4) for model in models]
    if how != "permuted":
        runs = [by_shift(model, changed.test) for model in models]
        found["by shift"][key] = [[round(one, 4) for one in run] for run in runs]
    print(f"{key}: {_mean_spread(found['accuracy'][key])}", flush=True)


def main() -> None:
    """Take the measurements and write them, beside what is there already."""
    parser = argparse.ArgumentParser(description="Measurements of lab 2 over several seeds.")
    parser.add_argument("only", nargs="*", help="such as 'LeNet, permuted'; default: all")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=8)
    chosen = parser.parse_args()
    budget = Budget(chosen.epochs, batch_size=64)
    with one_thread():
        new = measure(range(chosen.seeds), budget, chosen.only)
    old = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    for part in ("accuracy", "by shift"):
        new[part] = {**old.get(part, {}), **new[part]}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(new, indent=1) + "\n")


if __name__ == "__main__":
    main()
