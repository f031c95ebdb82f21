"""The data sets by name, and the one function that loads them."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from os import PathLike
from pathlib import Path

import torch

from course import profile as profiles
from course.data import cifar10, fashion_mnist, imagenette, shapes, storage
from course.data.dataset import Dataset, Split, channel_statistics, picture_size
from course.data.sampling import stratified
from course.data.sources import Loaded, Request, Splits

LOADERS: dict[str, Callable[[Request], Loaded]] = {
    "fashion_mnist": fashion_mnist.load,
    "cifar10": cifar10.load,
    "imagenette": imagenette.load,
    "shapes": shapes.load,
}
ANY_SIZE = ("imagenette", "shapes")


def names() -> tuple[str, ...]:
    """The names that :func:`load` knows."""
    return tuple(LOADERS)


def load(
    name: str = "fashion_mnist",
    *,
    profile: str | None = None,
    size: tuple[int, int] | None = None,
    root: str | PathLike[str] | None = None,
    image_size: int | None = None,
    device: torch.device | str = "cpu",
    verbose: bool = True,
) -> Dataset:
    """Load a data set into memory and say in one line what it is and where it came from.

    ============= ============================================== ================= =========
    name          images                                         train + test      (C, H, W)
    ============= ============================================== ================= =========
    fashion_mnist clothes; bundled, all under profile ``full``   10,000 + 2,000    1, 28, 28
    cifar10       animals and vehicles                           50,000 + 10,000   3, 32, 32
    imagenette    ten classes of ImageNet                        9,469 + 3,925     3, S, S
    shapes        drawn shapes and textures                      as many as asked  3, S, S
    ============= ============================================== ================= =========

    Every one has ten classes. What can't be had is replaced: the full Fashion-MNIST by the
    bundled subset, CIFAR-10 by that subset in its shape, Imagenette by drawn shapes. The line
    then starts with ``Note:`` and gives the reasons and the next step.

    Args:
        profile: ``quick``, ``full`` or ``grade``; the one in force if ``None``. ``grade`` never
            uses the network.
        size: numbers of training and test images: a stratified subset, always the same.
        root: the folder to look in first, in place of ``COURSE_DATA``.
        image_size: side S in pixels, 16 to 320, for ``imagenette`` (160) and ``shapes`` (32).
        device: where the tensors shall lie.
        verbose: print the line.

    Raises:
        ValueError: an unknown name or profile, or a size that this data set hasn't.
        DataError: the course's own file is damaged.
    """
    loader = _loader(name)
    request = _request(name, profile, size, root, image_size, verbose)
    dataset = _dataset(loader(request), size).to(device)
    if verbose:
        print(dataset)
    return dataset


def _loader(name: str) -> Callable[[Request], Loaded]:
    if name in LOADERS:
        return LOADERS[name]
    similar = difflib.get_close_matches(name, LOADERS, n=1)
    hint = f" Did you mean {similar[0]!r}?" if similar else ""
    raise ValueError(f"unknown data set {name!r}: expected one of {', '.join(LOADERS)}.{hint}")


def _request(
    name: str,
    profile: str | None,
    size: tuple[int, int] | None,
    root: str | PathLike[str] | None,
    image_size: int | None,
    verbose: bool,
) -> Request:
    if profile is None:
        profile = profiles.current()
    if profile not in profiles.NAMES:
        raise ValueError(
            f"unknown profile {profile!r}: expected one of {', '.join(profiles.NAMES)}"
        )
    if image_size is not None and name not in ANY_SIZE:
        raise ValueError(f"{name} has one image size; image_size is for {' and '.join(ANY_SIZE)}")
    if size is not None and (len(size) != 2 or min(size) < 1):
        raise ValueError(f"expected size=(training images, test images) from 1, found {size}")
    folder = Path(root).expanduser() if root is not None else storage.shared_folder()
    return Request(profile, folder, _no_network(profile), size, image_size, progress=verbose)


def _no_network(profile: str) -> str | None:
    if storage.offline():
        return f"{storage.OFFLINE} is set, so the network was not tried"
    return "profile grade does not use the network" if profile == "grade" else None


def _dataset(loaded: Loaded, size: tuple[int, int] | None) -> Dataset:
    train, test = loaded.splits.train, loaded.splits.test
    if size is not None:
        # A stand-in may be smaller than what was asked for; a notebook should still run.
        most = loaded.splits.counts if loaded.fallback else size
        train, test = _subset(train, min(size[0], most[0])), _subset(test, min(size[1], most[1]))
    mean, std = channel_statistics(train.images)
    source = _sentence(loaded, Splits(train, test))
    return Dataset(loaded.name, source, train, test, loaded.classes, mean, std)


def _subset(split: Split, count: int) -> Split:
    return split if count == len(split) else split.take(stratified(split.labels, count))


def _sentence(loaded: Loaded, used: Splits) -> str:
    """What is said: for a stand-in with the reasons and the next step."""
    description = _description(loaded, used)
    if loaded.fallback is None:
        return description
    reasons = "; ".join(loaded.fallback.reasons)
    return (
        f"Note: {loaded.fallback.wanted} could not be loaded ({reasons}). "
        f"In its place: {description}. Next step: {loaded.fallback.next_step}."
    )


def _description(loaded: Loaded, used: Splits) -> str:
    """``TITLE: 10,000 training and 2,000 test images, 28×28, 10 classes``."""
    available = loaded.available or loaded.splits.counts
    of = "" if used.counts == available else f" (of {available[0]:,} and {available[1]:,})"
    remark = "; ".join(filter(None, loaded.remarks))
    return (
        f"{loaded.title}: {len(used.train):,} training and {len(used.test):,} test images{of}, "
        f"{picture_size(used.train.images)}, {len(loaded.classes)} classes"
        + (f" ({remark})" if remark else "")
    )
