"""How fast is ``training.fit``, beside a plain DataLoader and an eager loop?

    python tests/benchmarks/training.py [--device cuda] [--rounds 5] [--workers 0] [--clock cpu]

Same network, same optimiser, same augmentation (random crop with padding 4, random flip), same
machine. The plain way is the usual one: a Dataset of PIL images, torchvision's transforms image by
image, a DataLoader, a loop that calls ``loss.item()``. The rows between the plain way and ``fit``
add one change at a time. Rounds alternate between the rows, and the best of each counts, so that
another program on the machine disturbs all of them alike.

"Outside the model" is the share of an epoch that is not spent in forward pass, loss, backward pass
and update; these alone are timed with one batch over and over, on a GPU as a recording, as in
``fit``. What ``fit`` does once in a run (trials, recording) is counted on a CPU, where it is next
to nothing; on a GPU runs have several epochs, and the fastest but the first counts.

LeNet is the reference's of lab 2. Pixels are random where a real data set would take a download:
speed does not look at them.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms
from torchvision.models.resnet import BasicBlock

from autograde.authoring import reference
from course import augment, data, device, training
from course.training import recording, speed

Clock = Callable[[], float]

BATCH = 128
EPOCHS = {"cpu": 1}
ON_A_GPU = 5
CLOCKS: dict[str, Clock] = {"wall": time.perf_counter, "cpu": time.process_time}
WANTED = {"cpu": {"LeNet": 2.5, "ResNet-20": 1.2}, "cuda": {"LeNet": 8.0, "ResNet-20": 5.0}}

unfused = partial(torch.optim.SGD, momentum=0.9, fused=False)


def resnet20() -> nn.Module:
    """Images of 3×32×32: nine of torchvision's blocks at widths 16, 32 and 64."""
    widths = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64]
    stem = [nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)]
    blocks = [_block(narrow, wide) for narrow, wide in pairwise(widths)]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def _block(narrow: int, wide: int) -> nn.Module:
    if narrow == wide:
        return BasicBlock(wide, wide)
    projection = nn.Sequential(nn.Conv2d(narrow, wide, 1, 2, bias=False), nn.BatchNorm2d(wide))
    return BasicBlock(narrow, wide, stride=2, downsample=projection)


@dataclass(frozen=True)
class Case:
    """A network, and a data set whose training split it is trained on."""

    name: str
    make: Callable[[], nn.Module]
    dataset: data.Dataset

    @property
    def images(self) -> Tensor:
        """Bytes ``(N, C, H, W)``."""
        return self.dataset.train.images

    @property
    def labels(self) -> Tensor:
        """Class numbers ``(N,)``."""
        return self.dataset.train.labels


class Pictures(Dataset[Any]):
    """What torchvision's data sets do: a PIL image for each array, transformed when asked for."""

    def __init__(self, case: Case, transform: Any) -> None:
        self.arrays = case.images.permute(0, 2, 3, 1).squeeze(-1).contiguous().numpy()
        self.labels = case.labels.tolist()
        self.transform = transform

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.arrays[index])), self.labels[index]


def loader_of(case: Case, workers: int, place: torch.device) -> DataLoader[Any]:
    """The usual DataLoader with the usual transforms."""
    steps = [
        transforms.RandomCrop(case.images.shape[-1], padding=4),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize(case.dataset.mean, case.dataset.std),
    ]
    return DataLoader(
        Pictures(case, transforms.Compose(steps)),
        BATCH,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=place.type == "cuda",
    )


def plain_epoch(case: Case, place: torch.device, workers: int) -> Callable[[], float]:
    """The loop of many tutorials."""
    model = case.make().to(place).train()
    optimizer = unfused(model.parameters(), lr=0.01)
    loader = loader_of(case, workers, place)

    def epoch() -> float:
        running = 0.0
        for images, labels in loader:
            images, labels = images.to(place), labels.to(place)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            running += loss.item()
        return running

    return epoch


def fit_epoch(case: Case, place: torch.device, **options: Any) -> Callable[[], Any]:
    """The course's ``fit``; of its history, the seconds of an epoch."""
    model = case.make()
    stored = case.images.to(place), case.labels.to(place)
    change = augment.Chain(augment.Crop(padding=4), augment.Flip())
    epochs = EPOCHS.get(place.type, ON_A_GPU)
    fixed: dict[str, Any] = {"epochs": epochs, "lr": 0.01, "batch_size": BATCH, "device": place}
    fixed["prepare"] = case.dataset.normalise
    run = partial(training.fit, model, stored, augment=change, **fixed)
    return partial(run, progress=False, **options)


def model_alone(case: Case, place: torch.device, *, fast: bool) -> Callable[[], None]:
    """Forward, loss, backward and update for as many batches as an epoch has, on one batch."""
    model = case.make().to(place).train()
    images = case.dataset.normalise(case.images[:BATCH].to(place))
    labels = case.labels[:BATCH].to(place)
    with speed.algorithms(place, deterministic=False):
        pace = speed.choose_pace(model, images, recorded=True) if fast else speed.PLAIN
    model.to(memory_format=pace.layout)
    optimizer = training.optimisers.make_optimizer(None if fast else unfused, model, 0.01)

    def batch() -> None:
        with pace.autocast(place):
            outputs = model(pace.place(images))
        F.cross_entropy(outputs.float(), labels).backward()
        optimizer.step()
        optimizer.zero_grad()

    with speed.algorithms(place, deterministic=False):
        step = recorded(batch, place) if fast and place.type == "cuda" else batch

    def epoch() -> None:
        with speed.algorithms(place, deterministic=False):
            for _ in range(-(-len(case.images) // BATCH)):
                step()

    return epoch


def recorded(batch: Callable[[], None], place: torch.device) -> Callable[[], object]:
    """The batch as a recording, after some that go before."""
    for _ in range(3):
        with recording.aside(place):
            batch()
    return recording.cuda_graph(batch, place)


def best_times(
    rows: dict[str, Callable[[], Any]], rounds: int, place: torch.device, clock: Clock
) -> dict[str, float]:
    """Seconds of each row's fastest epoch; the rows take turns, after one round to warm up."""
    times: dict[str, list[float]] = {name: [] for name in rows}
    paces: dict[str, str] = {}
    for _ in range(rounds + 1):
        for name, epoch in rows.items():
            device.synchronise(place)
            start = clock()
            told = epoch()
            device.synchronise(place)
            spent = clock() - start
            if isinstance(told, training.History) and len(told) > 1:
                spent = min(told.seconds[1:])
            times[name].append(spent)
            paces[name] = getattr(told, "pace", "")
    for name, pace in paces.items():
        if pace:
            print(f"{name:26}{pace}")
    return {name: min(seconds[1:]) for name, seconds in times.items()}


def compare(case: Case, place: torch.device, rounds: int, workers: int, clock: Clock) -> float:
    """Print the table of one network; the ratio of ``fit`` to the plain way."""
    by_step = partial(fit_epoch, case, place, capture=False)
    rows: dict[str, Callable[[], Any]] = {
        "DataLoader, eager loop": plain_epoch(case, place, workers),
        "fit, plain settings": by_step(optimizer=unfused, channels_last=False, precision="float32"),
        "+ channels last": by_step(optimizer=unfused, precision="float32"),
        "+ fused optimiser": by_step(precision="float32"),
    }
    if place.type == "cuda":
        rows["+ format by trial"] = by_step()
        rows["+ recorded step"] = fit_epoch(case, place)
    alone = {
        "plain": model_alone(case, place, fast=False),
        "fast": model_alone(case, place, fast=True),
    }
    times = best_times(rows | alone, rounds, place, clock)
    _, height, width = case.images.shape[1:]
    print(f"\n{case.name}, {height}×{width}, {len(case.images):,} images, batches of {BATCH}")
    print(f"{'':26}{'images/s':>10}{'ratio':>8}")
    names = list(rows)
    for name in names:
        ratio = times[names[0]] / times[name]
        print(f"{name:26}{len(case.images) / times[name]:>10,.0f}{ratio:>7.2f}×")
    for name, model in ((names[0], "plain"), (names[-1], "fast")):
        outside = 1 - times[model] / times[name]
        print(f"outside the model: {outside:.1%} of {name.removeprefix('+ ')!r}")
    return times[names[0]] / times[names[-1]]


def cases(quick: bool) -> list[Case]:
    """LeNet on Fashion-MNIST, ResNet-20 on images of CIFAR-10's size."""
    fashion = data.load("fashion_mnist", verbose=False)
    few, some = (1_280, 256) if quick else (10_000, 2_560)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randint(256, (some, 3, 32, 32), generator=generator, dtype=torch.uint8)
    classes = torch.randint(10, (some,), generator=generator)
    half, split = (0.5,) * 3, data.Split(noise, classes)
    coloured = data.Dataset("noise", "random pixels", split, split, fashion.classes, half, half)
    wide = F.pad(fashion.train.images[:few], (2, 2, 2, 2))  # the reference takes 32 × 32
    grey = replace(fashion, train=data.Split(wide, fashion.train.labels[:few]))
    return [
        Case("LeNet", reference.load("lab02_lenet")["LeNet"], grey),
        Case("ResNet-20", resnet20, coloured),
    ]


def main() -> None:
    """Print both tables, and whether the ratios are those that are wanted."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default=None, help="cpu, cuda or mps; by default the fastest")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=0, help="processes of the DataLoader")
    parser.add_argument(
        "--clock", choices=CLOCKS, default="wall",
        help="cpu: processor time of one thread, for a machine that others are using",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="a tenth of the images")
    arguments = parser.parse_args()
    place = device.pick_device(arguments.device)
    if arguments.clock == "cpu":
        torch.set_num_threads(1)
    print(f"{device.describe(place)} · {arguments.workers} loader workers", end="")
    print(f" · {arguments.clock} time", end="")
    print(f" · load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "")
    for case in cases(arguments.quick):
        ratio = compare(case, place, arguments.rounds, arguments.workers, CLOCKS[arguments.clock])
        wanted = WANTED.get(place.type, {}).get(case.name)
        if wanted:
            print(f"wanted {wanted}×: {'reached' if ratio >= wanted else 'MISSED'}")


if __name__ == "__main__":
    main()
