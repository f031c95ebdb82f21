"""Augmentation of whole batches, on the device where they lie.

Each object takes images ``(N, C, H, W)``, bytes or floats, and gives new ones of the same shape and
type; every image gets its own random numbers. Chain them, and pass the chain to ``training.fit``:

>>> import torch
>>> from course import augment
>>> change = augment.Chain(augment.Crop(padding=4), augment.Flip())
>>> change(torch.zeros(8, 3, 32, 32)).shape
torch.Size([8, 3, 32, 32])

Random numbers come from torch's global state on the images' device, which ``fit`` seeds, or from a
``generator`` given with the call: the same generator, the same images.

Black is 0 in bytes and in floats within [0, 1]. In normalised images it is something else, which
``black_of(dataset)`` says; a ``fill`` of 0 there is the mean colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from course.device import constants

if TYPE_CHECKING:
    from course.data import Dataset

Fill = float | Sequence[float]
"""One value for all channels, or one for each."""


class Augmentation(Protocol):
    """``(N, C, H, W) -> (N, C, H, W)``, at random."""

    def __call__(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """New images, with random numbers from ``generator`` or from torch's global state."""
        ...


class Chain:
    """One augmentation after the other."""

    def __init__(self, *steps: Augmentation) -> None:
        self.steps = steps

    def __call__(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """All steps, in order, from one source of random numbers."""
        for step in self.steps:
            images = step(images, generator)
        return images

    def __repr__(self) -> str:
        return f"Chain({', '.join(map(repr, self.steps))})"


@dataclass(frozen=True)
class Flip:
    """Mirror left and right, each image with probability ``p``."""

    p: float = 0.5

    def __call__(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Some of the images mirrored."""
        chosen = _uniform(images, generator) < self.p
        return torch.where(_per_image(chosen), images.flip(-1), images)


@dataclass(frozen=True)
class Crop:
    """Pad on all four sides, then cut out a window of the old size at a random place.

    With 4 pixels on 32×32 images, and ``Flip``, the augmentation of He et al. 2016, section 4.2.

    Attributes:
        padding: pixels on each side; each image moves by up to as many, in both directions.
        fill: value of the padding.
    """

    padding: int = 4
    fill: Fill = 0.0

    def __call__(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Every image moved."""
        height, width = images.shape[-2:]
        places = 2 * self.padding + 1
        top = _integers(images, places, generator)
        left = _integers(images, places, generator)
        # All windows of all images, (N, C, places, places, H, W): a view, nothing is copied yet.
        windows = _padded(images, self.padding, self.fill).unfold(2, height, 1).unfold(3, width, 1)
        return windows[_numbers(images), :, top, left]


@dataclass(frozen=True)
class Cutout:
    """Cover a square of each image (DeVries and Taylor 2017).

    The square's centre may lie on any pixel, so that a part of it may fall outside the image.

    Attributes:
        size: side of the square, pixels.
        fill: what it is covered with.
    """

    size: int = 8
    fill: Fill = 0.0

    def __call__(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Every image with its square."""
        height, width = images.shape[-2:]
        rows = self._covered(images, height, generator)[:, None, :, None]
        columns = self._covered(images, width, generator)[:, None, None, :]
        return torch.where(rows & columns, _colour(images, self.fill), images)

    def _covered(self, images: Tensor, length: int, generator: torch.Generator | None) -> Tensor:
        """Which of ``length`` rows or columns are covered, ``(N, length)``."""
        start = _integers(images, length, generator) - self.size // 2
        place = torch.arange(length, device=images.device) - start[:, None]
        return (place >= 0) & (place < self.size)


@dataclass(frozen=True)
class ColourJitter:
    """Change brightness, contrast and saturation of each image, in this order.

    A strength of 0.4 draws the factor evenly from 0.6 to 1.4, as torchvision's ``ColorJitter``
    does. Bytes stay within 0 to 255; floats are not clipped. Images of one channel have no
    saturation to change.

    Attributes:
        black: value of black in these images, see ``black_of``.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    black: Fill = 0.0

    def __call__(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Every image in other colours."""
        changed = images if images.is_floating_point() else images.float()
        black = _colour(changed, self.black)
        if self.brightness:
            changed = torch.lerp(black, changed, self._factor(changed, self.brightness, generator))
        if self.contrast:
            mean = _grey(changed).mean(dim=(-2, -1), keepdim=True)
            changed = torch.lerp(mean, changed, self._factor(changed, self.contrast, generator))
        if self.saturation and images.shape[1] == 3:
            factor = self._factor(changed, self.saturation, generator)
            changed = torch.lerp(_grey(changed), changed, factor)
        return changed if images.is_floating_point() else changed.round().clamp(0, 255).byte()

    def _factor(self, images: Tensor, strength: float, generator: torch.Generator | None) -> Tensor:
        factor = 1 + strength * (2 * _uniform(images, generator) - 1)
        return _per_image(factor.to(images.dtype))


def black_of(dataset: Dataset) -> tuple[float, ...]:
    """What black is, channel by channel, after ``dataset.normalise``."""
    channels = len(dataset.mean)
    black = dataset.normalise(torch.zeros(1, channels, 1, 1, dtype=torch.uint8))
    return tuple(black.flatten().tolist())


# Random numbers, one for each image ----------------------------------------------------------


def _device_for(images: Tensor, generator: torch.Generator | None) -> torch.device:
    # Drawn where the generator lives, so that one seed means one change on every device.
    return images.device if generator is None else generator.device


def _uniform(images: Tensor, generator: torch.Generator | None) -> Tensor:
    device = _device_for(images, generator)
    return torch.rand(len(images), generator=generator, device=device).to(images.device)


def _integers(images: Tensor, below: int, generator: torch.Generator | None) -> Tensor:
    device = _device_for(images, generator)
    drawn = torch.randint(below, (len(images),), generator=generator, device=device)
    return drawn.to(images.device)


# Pixels --------------------------------------------------------------------------------------


def _numbers(images: Tensor) -> Tensor:
    return torch.arange(len(images), device=images.device)


def _per_image(values: Tensor) -> Tensor:
    """``(N,) -> (N, 1, 1, 1)``."""
    return values.view(-1, 1, 1, 1)


def _colour(images: Tensor, fill: Fill) -> Tensor:
    """``(1, 1, 1, 1)`` or ``(1, C, 1, 1)``, of the images' type.

    Raises:
        ValueError: as many values as the images have channels were expected.
    """
    values = (fill,) if isinstance(fill, (int, float)) else tuple(fill)
    colour = constants(values, images.dtype, images.device).view(1, -1, 1, 1)
    if colour.shape[1] not in (1, images.shape[1]):
        raise ValueError(
            f"expected one value, or one for each of {images.shape[1]} channels; found {fill}"
        )
    return colour


def _padded(images: Tensor, padding: int, fill: Fill) -> Tensor:
    if isinstance(fill, (int, float)):
        return F.pad(images, (padding,) * 4, value=fill)
    count, channels, height, width = images.shape
    canvas = _colour(images, fill).repeat(1, channels // len(fill), 1, 1)
    padded = canvas.repeat(count, 1, height + 2 * padding, width + 2 * padding)
    padded[:, :, padding : padding + height, padding : padding + width] = images
    return padded


def _grey(images: Tensor) -> Tensor:
    """``(N, C, H, W) -> (N, 1, H, W)``: luma by ITU-R BT.601, or the mean of other channels."""
    if images.shape[1] != 3:
        return images.mean(dim=1, keepdim=True)
    weights = constants((0.299, 0.587, 0.114), images.dtype, images.device)
    return (images * weights.view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
