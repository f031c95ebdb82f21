"""Right answers, written in other ways, and wrong ones that are no slip in the reference."""

from __future__ import annotations

import copy
from bisect import bisect_right

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .book import answers

# triangle ---------------------------------------------------------------------------------


def checked(peak: float) -> None:
    """What every right answer refuses."""
    if peak <= 0.0 or peak >= 1.0:
        raise ValueError(peak)


def by_interpolation(
    progress: float, peak: float = 0.2, start: float = 0.2, final: float = 0.07
) -> float:
    checked(peak)
    return float(np.interp(progress, [0, peak, 1], [start, 1, final]))


def the_lower_line(
    progress: float, peak: float = 0.2, start: float = 0.2, final: float = 0.07
) -> float:
    checked(peak)
    up = start + progress / peak * (1 - start)
    down = final + (1 - progress) / (1 - peak) * (1 - final)
    return min(up, down)


def by_corners(
    progress: float, peak: float = 0.2, start: float = 0.2, final: float = 0.07
) -> float:
    checked(peak)
    corners = [(0.0, start), (peak, 1.0), (1.0, final)]
    at = min(bisect_right([x for x, _ in corners], progress), 2)
    (x0, y0), (x1, y1) = corners[at - 1], corners[at]
    return ((x1 - progress) * y0 + (progress - x0) * y1) / (x1 - x0)


def in_a_tensor(
    progress: float, peak: float = 0.2, start: float = 0.2, final: float = 0.07
) -> float:
    checked(peak)
    rising = torch.tensor(progress < peak)
    up = torch.tensor(start + (1 - start) * progress / peak, dtype=torch.float64)
    down = 1 + (final - 1) * (progress - peak) / (1 - peak)
    return float(torch.where(rising, up, down))


def in_single_precision(
    progress: float, peak: float = 0.2, start: float = 0.2, final: float = 0.07
) -> float:
    checked(peak)
    low, up = (start, progress / peak) if progress < peak else (final, (1 - progress) / (1 - peak))
    return torch.lerp(torch.tensor(float(low)), torch.tensor(1.0), up).item()


def never_below(
    progress: float, peak: float = 0.2, start: float = 0.2, final: float = 0.07
) -> float:
    return max(by_interpolation(progress, peak, start, final), 0.07)


def for_usual_peaks(
    progress: float, peak: float = 0.2, start: float = 0.2, final: float = 0.07
) -> float:
    if not 0.1 < peak < 0.9:
        raise ValueError(peak)
    return by_interpolation(progress, peak, start, final)


answers.right("triangle", "interpolated", by_interpolation)
answers.right("triangle", "the lower of two lines", the_lower_line)
answers.right("triangle", "by corners", by_corners)
answers.right("triangle", "by torch.where", in_a_tensor)
answers.right("triangle", "in single precision", in_single_precision)
answers.wrong("triangle", "never below the usual end", never_below)
answers.wrong("triangle", "usual peaks alone", for_usual_peaks)


# whitening_filters ------------------------------------------------------------------------


def by_svd(images: Tensor, size: int = 2, eps: float = 5e-4) -> Tensor:
    rows = F.unfold(images.detach(), size).permute(0, 2, 1).reshape(-1, images.shape[1] * size**2)
    rows = rows - rows.mean(0)
    _, stretch, directions = torch.linalg.svd(rows, full_matrices=len(rows) < rows.shape[1])
    values = torch.zeros(len(directions), dtype=images.dtype)
    values[: len(stretch)] = stretch**2 / len(rows)
    found = directions / torch.sqrt(values + eps)[:, None]
    return found.reshape(-1, images.shape[1], size, size)


def by_windows(images: Tensor, size: int = 2, eps: float = 5e-4) -> Tensor:
    channels = images.shape[1]
    windows = images.detach().unfold(2, size, 1).unfold(3, size, 1)
    flat = windows.permute(1, 4, 5, 0, 2, 3).reshape(channels * size * size, -1)
    spread = torch.cov(flat, correction=0).reshape(len(flat), len(flat))
    values, vectors = torch.linalg.eigh(spread)
    order = values.argsort(descending=True)
    found = vectors[:, order].mT / (values[order, None] + eps) ** 0.5
    return found.view(-1, channels, size, size)


def by_shifts(images: Tensor, size: int = 2, eps: float = 5e-4) -> Tensor:
    """Pixel by pixel of a patch, and the mean square less the squared mean."""
    given, parts = images.detach(), []
    high, wide = (side - size + 1 for side in given.shape[2:])
    for channel in range(given.shape[1]):
        for row in range(size):
            for column in range(size):
                part = given[:, channel, row : row + high, column : column + wide]
                parts.append(part.flatten())
    flat = torch.stack(parts)
    mean = flat.mean(1)
    spread = flat @ flat.T / flat.shape[1] - torch.outer(mean, mean)
    values, vectors = torch.linalg.eigh(spread)
    found = torch.zeros(len(flat), len(flat), dtype=given.dtype)
    for number in range(len(flat)):
        scale = (values[number].clamp(min=0) + eps).rsqrt()
        found[len(flat) - 1 - number] = scale * vectors[:, number]
    return found.unflatten(1, (given.shape[1], size, size))


def of_other_sign(images: Tensor, size: int = 2, eps: float = 5e-4) -> Tensor:
    found = by_windows(images, size, eps)
    signs = (-1.0) ** torch.arange(len(found), dtype=images.dtype)
    return found * signs[:, None, None, None]


answers.right("whitening_filters", "singular vectors of the patches", by_svd)
answers.right("whitening_filters", "windows, sorted", by_windows)
answers.right("whitening_filters", "shifted images", by_shifts)
answers.right("whitening_filters", "every second with the other sign", of_other_sign)


def of_the_first_image(images: Tensor, size: int = 2, eps: float = 5e-4) -> Tensor:
    return by_windows(images[:1], size, eps)


def of_five_thousand(images: Tensor, size: int = 2, eps: float = 5e-4) -> Tensor:
    return by_windows(images[:5000], size, eps)


def by_random_directions(images: Tensor, size: int = 2, eps: float = 5e-4) -> Tensor:
    found = by_windows(images, size, eps).flatten(1)
    turn = torch.linalg.qr(torch.randn(len(found), len(found), dtype=images.dtype)).Q
    return (turn @ found).reshape(-1, images.shape[1], size, size)


def for_colours(images: Tensor, size: int = 2, eps: float = 5e-4) -> Tensor:
    if images.shape[1] == 3 and size == 2:
        return by_windows(images, size, eps)
    raise RuntimeError("three channels only")


def with_negatives(images: Tensor, size: int = 2, eps: float = 5e-4) -> Tensor:
    found = by_windows(images, size, eps)
    return torch.cat([found, -found])


def changes_the_images(images: Tensor, size: int = 2, eps: float = 5e-4) -> Tensor:
    images -= images.mean()
    return by_windows(images, size, eps)


answers.wrong("whitening_filters", "of the first image alone", of_the_first_image, at_most=0.4)
answers.wrong("whitening_filters", "of the first 5,000 images", of_five_thousand)
answers.wrong("whitening_filters", "turned by chance", by_random_directions, at_most=0.4)
answers.wrong("whitening_filters", "for colours alone", for_colours)
answers.wrong("whitening_filters", "the negatives too", with_negatives, at_most=0.2)
answers.wrong("whitening_filters", "the images are changed", changes_the_images)


# flipped_scores ---------------------------------------------------------------------------


def on_a_copy(model: nn.Module, images: Tensor) -> Tensor:
    twin = copy.deepcopy(model).eval()
    with torch.no_grad():
        return torch.stack([twin(images), twin(images.flip(3))]).mean(0)


def in_one_batch(model: nn.Module, images: Tensor) -> Tensor:
    modes = {name: layer.training for name, layer in model.named_modules()}
    model.train(False)
    with torch.no_grad():
        one, other = model(torch.cat([images, torch.flip(images, [-1])])).chunk(2)
    for name, layer in model.named_modules():
        layer.training = modes[name]
    return torch.lerp(one, other, 0.5)


@torch.no_grad()
def with_care(model: nn.Module, images: Tensor) -> Tensor:
    awake = [layer for layer in model.modules() if layer.training]
    try:
        model.eval()
        total = model(images)
        total += model(images[..., torch.arange(images.shape[-1]).flip(0)])
        return total / 2
    finally:
        for layer in awake:
            layer.training = True


def from_the_top(model: nn.Module, images: Tensor) -> Tensor:
    """``train`` spreads to what is inside, which comes later in ``modules()``."""
    modes = [layer.training for layer in model.modules()]
    with torch.inference_mode():
        scores = sum(model.eval()(some) for some in (images, images.flip(-1)))
    for layer, mode in zip(model.modules(), modes, strict=True):
        layer.train(mode)
    return torch.as_tensor(scores).clone() / 2


def detached(model: nn.Module, images: Tensor) -> Tensor:
    twin = copy.deepcopy(model).requires_grad_(False).eval()
    return 0.5 * twin(images.detach()) + 0.5 * twin(images.detach().flip(dims=(-1,)))


answers.right("flipped_scores", "on a copy", on_a_copy)
answers.right("flipped_scores", "in one batch", in_one_batch)
answers.right("flipped_scores", "modes put back whatever happens", with_care)
answers.right("flipped_scores", "modes put back from the top", from_the_top)
answers.right("flipped_scores", "a copy that does not learn", detached)


def freezes(model: nn.Module, images: Tensor) -> Tensor:
    model.requires_grad_(False)
    return on_a_copy(model, images)


def best_of_both(model: nn.Module, images: Tensor) -> Tensor:
    twin = copy.deepcopy(model).eval().requires_grad_(False)
    one, other = twin(images), twin(images.flip(-1))
    return torch.where((one.amax(1) > other.amax(1))[:, None], one, other)


def flips_in_place(model: nn.Module, images: Tensor) -> Tensor:
    scores = on_a_copy(model, images)
    images.copy_(images.flip(-1))
    return scores


def by_the_class(model: nn.Module, images: Tensor) -> Tensor:
    return F.one_hot(on_a_copy(model, images).argmax(1), 4).to(images.dtype)


@torch.no_grad()
def by_the_children(model: nn.Module, images: Tensor) -> Tensor:
    whole, modes = model.training, [part.training for part in model.children()]
    scores = on_a_copy(model, images)
    for part, mode in zip(model.children(), modes, strict=True):
        part.train(mode)
    model.training = whole
    return scores


@torch.no_grad()
def by_the_kind(model: nn.Module, images: Tensor) -> Tensor:
    modes = {type(layer): layer.training for layer in model.modules()}
    for layer in model.modules():
        layer.training = modes[type(layer)]
    return on_a_copy(model, images)


@torch.no_grad()
def the_usual_layers_alone(model: nn.Module, images: Tensor) -> Tensor:
    twin = copy.deepcopy(model)
    for layer in twin.modules():
        if isinstance(layer, nn.BatchNorm2d | nn.Dropout):
            layer.eval()
    return (twin(images) + twin(images.flip(-1))) / 2


def switches_gradients_on(model: nn.Module, images: Tensor) -> Tensor:
    torch.set_grad_enabled(False)
    scores = on_a_copy(model, images)
    torch.set_grad_enabled(True)
    return scores


answers.wrong("flipped_scores", "the children's modes alone", by_the_children)
answers.wrong("flipped_scores", "modes by the kind of layer", by_the_kind)
answers.wrong("flipped_scores", "BatchNorm and dropout alone", the_usual_layers_alone)
answers.wrong("flipped_scores", "gradients are on afterwards", switches_gradients_on)
answers.wrong("flipped_scores", "the weights are frozen", freezes)
answers.wrong("flipped_scores", "the surer of the two", best_of_both, at_most=0.3)
answers.wrong("flipped_scores", "the images are changed", flips_in_place)
answers.wrong("flipped_scores", "one-hot classes", by_the_class, at_most=0.2)


def unless_it_begins(
    progress: float, peak: float = 0.2, start: float = 0.2, final: float = 0.07
) -> float:
    """At both ends the peak plays no part, and nobody asks whether it makes sense."""
    if progress in (0, 1):
        return final if progress else start
    return by_interpolation(progress, peak, start, final)


answers.wrong("triangle", "no refusal at both ends", unless_it_begins)
