"""What a loader gives: two splits of images with labels, and what is known about them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from course.device import constants

LEVELS = 256  # a uint8 image has grey levels 0..255


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Images uint8 ``(N, C, H, W)`` with labels int64 ``(N,)``, on one device.

    Raises:
        ValueError: shapes or types are others.
    """

    images: Tensor
    labels: Tensor

    def __post_init__(self) -> None:
        if self.images.dtype != torch.uint8 or self.images.ndim != 4:
            raise ValueError(f"expected uint8 images (N, C, H, W), found {_kind(self.images)}")
        if self.labels.dtype != torch.int64 or self.labels.shape != self.images.shape[:1]:
            raise ValueError(
                f"expected {len(self.images)} int64 labels (N,), found {_kind(self.labels)}"
            )

    @classmethod
    def from_numpy(cls, images: np.ndarray, labels: np.ndarray) -> Split:
        """uint8 ``(N, H, W)`` or ``(N, C, H, W)`` and integer labels ``(N,)`` -> a split."""
        pixels = torch.from_numpy(np.require(images, requirements=["C", "W", "O"]))
        classes = torch.from_numpy(np.asarray(labels).astype(np.int64))
        return cls(pixels.unsqueeze(1) if pixels.ndim == 3 else pixels, classes)

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Split({len(self):,} images, {picture_size(self.images)})"

    def take(self, indices: Tensor) -> Split:
        """The images with these indices ``(M,)``, in this order."""
        return Split(self.images[indices], self.labels[indices])

    def to(self, device: torch.device | str) -> Split:
        """The same split on ``device``."""
        return Split(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A data set in memory.

    Attributes:
        name: of what was really loaded, which after a fallback is not what was asked for.
        source: a sentence: what was loaded, from where, how many images. ``str(dataset)``.
        train, test: the two splits.
        classes: names; label ``i`` is ``classes[i]``.
        mean, std: of each channel over the training split, in [0, 1] units.
    """

    name: str
    source: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __str__(self) -> str:
        return self.source

    __repr__ = __str__

    def normalise(self, images: Tensor) -> Tensor:
        """uint8 ``(N, C, H, W)`` -> float32 ``(N, C, H, W)``; training split: mean 0, std 1.

        Raises:
            TypeError: images are not uint8 (they may have been normalised already).
            ValueError: another number of channels than this data set has.
        """
        if images.dtype != torch.uint8:
            raise TypeError(
                f"expected uint8 images with values 0 to 255, found {images.dtype}. "
                "Normalise once, straight from the split."
            )
        if images.ndim < 3 or images.shape[-3] != len(self.mean):
            raise ValueError(
                f"expected images (N, {len(self.mean)}, H, W), found {tuple(images.shape)}"
            )
        # A channel of one grey level has std 0: half a level keeps the division finite.
        least = 0.5 / (LEVELS - 1)
        where = torch.float32, images.device
        mean = constants(tuple(self.mean), *where).view(-1, 1, 1)
        std = constants(tuple(max(one, least) for one in self.std), *where).view(-1, 1, 1)
        return (images.float() / (LEVELS - 1) - mean) / std

    def to(self, device: torch.device | str) -> Dataset:
        """The same data set with both splits on ``device``."""
        return replace(self, train=self.train.to(device), test=self.test.to(device))


def channel_statistics(images: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel of uint8 ``(N, C, H, W)``, in [0, 1] units.

    Exact, from the histogram of grey levels: a float copy of 50,000 images would take 600 MB.
    """
    levels = torch.arange(LEVELS, dtype=torch.float64) / (LEVELS - 1)
    means, stds = [], []
    for channel in range(images.shape[1]):
        counts = torch.bincount(images[:, channel].reshape(-1), minlength=LEVELS)
        weights = counts.double() / counts.sum()
        mean = (weights * levels).sum()
        means.append(float(mean))
        stds.append(float((weights * (levels - mean) ** 2).sum().sqrt()))
    return tuple(means), tuple(stds)


def picture_size(images: Tensor) -> str:
    """``28×28`` or ``32×32 RGB``, from images ``(N, C, H, W)``."""
    channels, height, width = images.shape[1:]
    return f"{height}×{width}" + {1: "", 3: " RGB"}.get(channels, f" with {channels} channels")


def _kind(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"
