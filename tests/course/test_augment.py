"""Augmentation: whole batches, every image by its own random numbers."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from course import augment, data
from course.augment import Chain, ColourJitter, Crop, Cutout, Flip

ALL = Chain(
    Crop(padding=2),
    Flip(),
    Cutout(size=4),
    ColourJitter(brightness=0.4, contrast=0.4, saturation=0.4),
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(count: int = 16, channels: int = 3, size: int = 8) -> Tensor:
    return torch.rand(count, channels, size, size, generator=generator(7))


@settings(max_examples=25, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 9), st.integers(1, 9)),
    dtype=st.sampled_from([torch.uint8, torch.float32, torch.float64]),
)
def test_shape_and_type_stay(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    images = torch.ones(shape, dtype=dtype)
    kept = images.clone()
    changed = ALL(images, generator())
    assert (changed.shape, changed.dtype) == (images.shape, dtype)
    assert torch.equal(images, kept)


@pytest.mark.parametrize("step", [*ALL.steps, ALL])
def test_the_same_generator_gives_the_same_images(step: augment.Augmentation) -> None:
    images = noise()
    first = step(images, generator(1))
    torch.rand(3)
    assert torch.equal(step(images, generator(1)), first)
    assert not torch.equal(step(images, generator(2)), first)


def test_without_a_generator_the_global_seed_decides() -> None:
    torch.manual_seed(3)
    first = ALL(noise())
    torch.manual_seed(3)
    assert torch.equal(ALL(noise()), first)


def test_a_flip_mirrors_about_the_given_share() -> None:
    images = noise(400, 1, 4)
    flipped = Flip(p=0.25)(images, generator())
    mirrored = (flipped == images.flip(-1)).flatten(1).all(dim=1)
    same = (flipped == images).flatten(1).all(dim=1)
    assert torch.equal(mirrored, ~same)
    assert mirrored.float().mean().item() == pytest.approx(0.25, abs=0.06)


def test_a_crop_is_one_of_the_windows_and_all_are_drawn() -> None:
    images = torch.arange(1.0, 17.0).view(1, 1, 4, 4).repeat(300, 1, 1, 1)
    padded = F.pad(images[:1], (1,) * 4)
    windows = {
        tuple(padded[0, 0, top : top + 4, left : left + 4].flatten().tolist())
        for top in range(3)
        for left in range(3)
    }
    drawn = {tuple(image.flatten().tolist()) for image in Crop(padding=1)(images, generator())}
    assert drawn == windows


def test_a_crop_pads_each_channel_with_its_fill() -> None:
    images = torch.zeros(50, 2, 3, 3)
    cropped = Crop(padding=3, fill=(1.0, 2.0))(images, generator())
    for channel in range(2):
        assert set(cropped[:, channel].unique().tolist()) == {0.0, channel + 1.0}


def test_cutout_covers_one_square_in_all_channels() -> None:
    covered = Cutout(size=4, fill=9.0)(torch.zeros(200, 2, 8, 8), generator()) == 9.0
    assert torch.equal(covered[:, 0], covered[:, 1])
    rows, columns = covered[:, 0].any(dim=2), covered[:, 0].any(dim=1)
    assert torch.equal(covered[:, 0], rows[:, :, None] & columns[:, None, :])
    sides = rows.sum(dim=1)
    assert sides.max() == 4
    assert sides.min() == 2  # half outside


def test_brightness_scales_around_black() -> None:
    images, black = noise() + 1.0, -0.5
    changed = ColourJitter(brightness=0.5, black=black)(images, generator())
    factors = (changed - black) / (images - black)
    spread = factors.flatten(1).amax(dim=1) - factors.flatten(1).amin(dim=1)
    assert spread.max() < 1e-4
    assert 0.5 <= factors.min() < 0.8 < 1.2 < factors.max() <= 1.5


def test_contrast_keeps_the_mean_grey_and_saturation_the_grey_of_each_pixel() -> None:
    images = noise()
    weights = torch.tensor((0.299, 0.587, 0.114)).view(1, 3, 1, 1)
    grey = (images * weights).sum(dim=1)
    flatter = ColourJitter(contrast=0.9)(images, generator())
    paler = ColourJitter(saturation=0.9)(images, generator())
    means = (flatter * weights).sum(dim=1).mean(dim=(1, 2))
    torch.testing.assert_close(means, grey.mean(dim=(1, 2)))
    torch.testing.assert_close((paler * weights).sum(dim=1), grey)
    assert not torch.allclose(paler, images)


def test_bytes_stay_within_their_range() -> None:
    images = (255 * noise()).byte()
    changed = ColourJitter(brightness=0.9)(images, generator())
    assert changed.max() == 255
    assert (changed >= images)[changed == 255].all()  # clipped, not wrapped around


def test_black_after_normalisation() -> None:
    fashion = data.load("fashion_mnist", verbose=False)
    assert augment.black_of(fashion) == pytest.approx(
        [-m / s for m, s in zip(fashion.mean, fashion.std, strict=True)]
    )


def test_a_fill_for_other_channels_is_refused() -> None:
    with pytest.raises(ValueError, match="one for each of 3 channels"):
        Cutout(fill=(1.0, 2.0))(noise(), generator())
    with pytest.raises(ValueError, match="one for each of 3 channels"):
        Crop(fill=(1.0, 2.0))(noise(), generator())


@pytest.mark.gpu
def test_a_cpu_generator_gives_the_same_images_on_a_gpu() -> None:
    if not torch.cuda.is_available():
        pytest.skip("this machine has no CUDA GPU")
    on_gpu = ALL(noise().cuda(), generator())
    torch.testing.assert_close(on_gpu.cpu(), ALL(noise(), generator()))
