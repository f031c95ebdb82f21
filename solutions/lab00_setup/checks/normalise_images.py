"""Checks of `normalise_images`: bytes become floats with mean 0 and spread 1."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Function
from course.checks import Case, call, close

from .book import check


def _normalised(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    # Batch normalisation with fixed statistics is the same map.
    scaled = images.to(torch.float64) / 255
    return F.batch_norm(scaled, mean.double(), std.double().square(), eps=0.0).float()


def _along(axis: int, values: Tensor) -> Tensor:
    """(C,) -> four axes, with the values along ``axis``."""
    shape = [1, 1, 1, 1]
    shape[axis] = -1
    return values.reshape(shape)


def _with_axis(axis: int) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    def wrong(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        return (images / 255 - _along(axis, mean)) / _along(axis, std)

    return wrong


def _standardised(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    scaled = images / 255
    own_std, own_mean = torch.std_mean(scaled, dim=(0, 2, 3), keepdim=True)
    return (scaled - own_mean) / own_std


def _normalise_mistake(
    name: str, wrong: Callable[[Tensor, Tensor, Tensor], Tensor], hint: str
) -> Mistake:
    return Mistake(name, {"normalise_images": wrong}, hint)


_ORDER = "In which units are the mean and the std given: grey levels 0…255, or the scaled 0…1?"
_AXIS = (
    "Broadcasting lines shapes up from the right, so a vector of length C meets the axis W. "
    "Which shape puts the numbers on the channel axis?"
)

NORMALISE_MISTAKES = [
    _normalise_mistake(
        "not_scaled",
        lambda x, m, s: (x - _along(1, m)) / _along(1, s),
        "A pixel is a whole number up to 255 here. " + _ORDER,
    ),
    _normalise_mistake(
        "scaled_last", lambda x, m, s: (x - _along(1, m)) / _along(1, s) / 255, _ORDER
    ),
    _normalise_mistake(
        "256_levels",
        lambda x, m, s: (x / 256 - _along(1, m)) / _along(1, s),
        "There are 256 grey levels, but which number is the brightest of them?",
    ),
    _normalise_mistake(
        "variance",
        lambda x, m, s: (x / 255 - _along(1, m)) / _along(1, s).square(),
        "What is the spread of the result, if you divide by the variance?",
    ),
    _normalise_mistake(
        "root_of_std",
        lambda x, m, s: (x / 255 - _along(1, m)) / _along(1, s).sqrt(),
        "The std is a standard deviation already; no root is left to take.",
    ),
    _normalise_mistake(
        "multiplied",
        lambda x, m, s: (x / 255 - _along(1, m)) * _along(1, s),
        "A channel with a large spread should come out with spread 1. Does multiplying do that?",
    ),
    _normalise_mistake(
        "mean_added",
        lambda x, m, s: (x / 255 + _along(1, m)) / _along(1, s),
        "An average pixel should become 0. Where does yours go?",
    ),
    _normalise_mistake(
        "mean_forgotten",
        lambda x, m, s: x / 255 / _along(1, s),
        "An average pixel should become 0. Where does yours go?",
    ),
    _normalise_mistake(
        "std_forgotten",
        lambda x, m, s: x / 255 - _along(1, m),
        "The mean is right. What about the spread?",
    ),
    _normalise_mistake(
        "divided_first",
        lambda x, m, s: x / 255 / _along(1, s) - _along(1, m),
        "Shift first or divide first: is that the same? Try an average pixel.",
    ),
    _normalise_mistake(
        "scaled_only",
        lambda x, m, s: x / 255,
        "The pixels lie in [0, 1] now. What have the mean and the std to do?",
    ),
    _normalise_mistake(
        "whole_numbers",
        lambda x, m, s: (x // 255 - _along(1, m)) / _along(1, s),
        "`//` and whole-number types drop the fraction; all shades between black and white go.",
    ),
    _normalise_mistake(
        "own_statistics",
        _standardised,
        "You measured this batch. The mean and the std are given: those of the training set, the "
        "same for every batch, so that an image does not change with its neighbours.",
    ),
    _normalise_mistake("axis_of_width", _with_axis(3), _AXIS),
    _normalise_mistake("axis_of_height", _with_axis(2), _AXIS),
    _normalise_mistake("axis_of_batch", _with_axis(0), _AXIS),
]


CONTRACT = Function(
    lambda rng, N=2, C=3, H=4, W=5: (random_images(rng, N, C, H, W), *random_statistics(rng, C)),
    edges={
        "one image of one pixel": {"N": 1, "C": 1, "H": 1, "W": 1},
        "no image at all": {"N": 0},
    },
    wrt=(),
    single=close(1e-4, 1e-5),
    judge=close(1e-4, 1e-5),
    hints={
        "in single precision, float32": "Weights are float32 by default; a network refuses a batch "
        "of another dtype. In which dtype are your numbers at the end?",
    },
)


@check.define(
    oracle={"normalise_images": _normalised},
    mistakes=NORMALISE_MISTAKES,
    forbids=["normalize", "batch_norm"],
    contract=CONTRACT,
)
def normalise_images(rng: Generator) -> Iterator[Case]:
    """Whole numbers 0…255 become floats with mean 0 and spread 1, channel by channel."""
    within = close(rtol=1e-4, atol=1e-5, dtype=False)
    pixels = torch.tensor([[[[0, 127, 255]]]], dtype=torch.uint8)
    yield Case(
        "three grey pixels, that you can do by hand",
        call("normalise_images", pixels, torch.tensor([0.5]), torch.tensor([0.25])),
        "Scale first: black is 0 and white is 1. Then what is (1 − 0.5) / 0.25?",
        within,
    )
    yield Case(
        "a batch of colour images, (5, 3, 6, 4)",
        call("normalise_images", random_images(rng, 5, 3, 6, 4), *random_statistics(rng, 3)),
        "Each channel has its own mean and std, and nothing else changes a pixel. Work one pixel "
        "of each channel out by hand: which of them are off, and by how much?",
        within,
        weight=2.0,
    )
    yield Case(
        "all four axes equally long, (3, 3, 3, 3): a wrong axis raises no error",
        call("normalise_images", random_images(rng, 3, 3, 3, 3), *random_statistics(rng, 3)),
        "If this alone fails, the mean and std stand on a wrong axis: broadcasting lines shapes up "
        "from the right, so a vector of length C meets the axis W. If others fail, begin there.",
        within,
    )
    yield tiny_spreads(rng)


def tiny_spreads(rng: Generator) -> Case:
    """Black and white pixels, and stds from a thousandth to a billionth: there the difference to
    the mean is exact enough in float32.
    """
    pixels = 255 * torch.randint(0, 2, (2, 4, 2, 3), generator=rng, dtype=torch.uint8)
    mean = 0.3 + 0.4 * torch.rand(4, generator=rng)
    std = torch.tensor([1e-3, 1e-5, 1e-7, 1e-9])[torch.randperm(4, generator=rng)]
    told = "Every std above 0 is used as it is: nothing is added to it, and none is too small."
    return Case(
        "channels that hardly vary",
        call("normalise_images", pixels, mean, std),
        {"values": told, "precision": told},
        close(rtol=1e-4, atol=1e-5, dtype=False),
    )


def random_images(rng: Generator, *shape: int) -> Tensor:
    """Bytes of every level, (N, C, H, W)."""
    return torch.randint(0, 256, shape, generator=rng, dtype=torch.uint8)


def random_statistics(rng: Generator, channels: int) -> tuple[Tensor, Tensor]:
    """Means in [0.2, 0.6] and standard deviations in [0.02, 0.45], each (C,) and all different."""
    steps = torch.arange(channels) + torch.rand(channels, generator=rng) * 0.8
    order = torch.randperm(channels, generator=rng)
    spread = 0.15 + 0.3 * steps / channels
    spread[0] /= 7.5  # small enough that nothing may be added to it
    return 0.2 + 0.4 * steps / channels, spread[order]


@check.hidden("normalise_images")
def two_channels(rng: Generator) -> Iterator[Case]:
    yield Case(
        "two channels, one image, (1, 2, 2, 5)",
        call("normalise_images", random_images(rng, 1, 2, 2, 5), *random_statistics(rng, 2)),
        "Does your answer hold for any number of channels and of images?",
        close(rtol=1e-4, atol=1e-5, dtype=False),
    )
