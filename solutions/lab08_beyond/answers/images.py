"""Gradients at the image in other ways, and slips in them."""

from __future__ import annotations

import copy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import grad

from .book import answers


def kept(model: nn.Module) -> list[Any]:
    return [None if p.grad is None else p.grad.clone() for p in model.parameters()]


def saliency_by_backward(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    before = kept(model)
    x = images.clone().requires_grad_(True)
    model(x)[torch.arange(len(x)), classes].sum().backward()
    for p, old in zip(model.parameters(), before, strict=True):
        p.grad = old
    assert x.grad is not None
    return torch.max(x.grad.abs(), dim=1)[0]


def saliency_one_by_one(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    maps = []
    for image, k in zip(images, classes, strict=True):
        x = image[None].clone().requires_grad_()
        (slope,) = torch.autograd.grad(model(x)[0, k], x)
        maps.append(slope[0].abs().amax(0))
    return torch.stack(maps)


def saliency_by_func(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    hot = F.one_hot(classes, 4).to(images.dtype)
    slopes = grad(lambda x: (model(x) * hot).sum())(images)
    return slopes.abs().amax(dim=1).detach()


def saliency_on_a_copy(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    twin, x = copy.deepcopy(model), images.detach().clone().requires_grad_()
    scores = twin(x)
    scores.backward(F.one_hot(classes, scores.shape[1]).to(scores))
    assert x.grad is not None
    return x.grad.abs().max(dim=1).values


answers.right("saliency", "backward, with .grad put back", saliency_by_backward)
answers.right("saliency", "image by image", saliency_one_by_one)
answers.right("saliency", "by torch.func", saliency_by_func)
answers.right("saliency", "on a copy, one-hot", saliency_on_a_copy)


def leaves_gradients(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    x = images.clone().requires_grad_(True)
    model(x).gather(1, classes[:, None]).sum().backward()
    assert x.grad is not None
    return x.grad.abs().amax(1)


def asks_the_images(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    images.requires_grad_()
    score = model(images).gather(1, classes[:, None]).sum()
    return torch.autograd.grad(score, images)[0].abs().amax(1)


def freezes(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    model.eval().requires_grad_(False)
    x = images.clone().requires_grad_()
    score = model(x).gather(1, classes[:, None]).sum()
    return torch.autograd.grad(score, x)[0].abs().amax(1)


def first_class(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    x = images.clone().requires_grad_()
    return torch.autograd.grad(model(x)[:, classes[0]].sum(), x)[0].abs().amax(1)


def by_a_difference(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    with torch.no_grad():
        return (model(images).gather(1, classes[:, None])[..., None] * images[:, 0]).abs()


def in_double(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    x = images.double().requires_grad_()
    score = copy.deepcopy(model).double()(x).gather(1, classes[:, None]).sum()
    return torch.autograd.grad(score, x)[0].abs().amax(1)


def with_graph(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    x = images.clone().requires_grad_()
    score = model(x).gather(1, classes[:, None]).sum()
    return torch.autograd.grad(score, x, create_graph=True)[0].abs().amax(1)


def keeps_the_channel(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    return saliency_one_by_one(model, images, classes)[:, None]


answers.wrong("saliency", "gradients left in the weights", leaves_gradients)
answers.wrong("saliency", "the images are changed", asks_the_images)
answers.wrong("saliency", "the model is frozen", freezes)
answers.wrong("saliency", "the first image's class for all", first_class, at_most=0.4)
answers.wrong("saliency", "no gradient at all", by_a_difference, at_most=0.2)
answers.wrong("saliency", "float64 always", in_double)
answers.wrong("saliency", "the answer holds a graph", with_graph)
answers.wrong("saliency", "an axis kept", keeps_the_channel, at_most=0.2)


def fast_by_backward(model: nn.Module, images: Tensor, labels: Tensor, epsilon: float) -> Tensor:
    before = kept(model)
    x = images.clone().requires_grad_(True)
    F.cross_entropy(model(x), labels, reduction="sum").backward()
    for p, old in zip(model.parameters(), before, strict=True):
        p.grad = old
    with torch.no_grad():
        assert x.grad is not None
        return torch.clip(x + epsilon * x.grad.sign(), 0.0, 1.0)


def fast_by_func(model: nn.Module, images: Tensor, labels: Tensor, epsilon: float) -> Tensor:
    slopes = grad(lambda x: F.cross_entropy(model(x), labels))(images)
    return (images + epsilon * torch.sign(slopes)).clamp(0, 1).detach()


def fast_one_by_one(model: nn.Module, images: Tensor, labels: Tensor, epsilon: float) -> Tensor:
    moved = []
    for image, label in zip(images, labels, strict=True):
        x = image[None].clone().requires_grad_()
        loss = -F.log_softmax(model(x), dim=1)[0, label]
        (slope,) = torch.autograd.grad(loss, x)
        moved.append((x + epsilon * slope.sign()).detach().clamp(0, 1)[0])
    return torch.stack(moved)


def fast_by_parts(model: nn.Module, images: Tensor, labels: Tensor, epsilon: float) -> Tensor:
    delta = torch.zeros_like(images, requires_grad=True)
    (slopes,) = torch.autograd.grad(nn.CrossEntropyLoss()(model(images + delta), labels), delta)
    up, down = (slopes > 0).to(images.dtype), (slopes < 0).to(images.dtype)
    moved = images + epsilon * up - epsilon * down
    return torch.minimum(torch.maximum(moved, torch.zeros_like(moved)), torch.ones_like(moved))


answers.right("fast_gradient_sign", "backward, with .grad put back", fast_by_backward)
answers.right("fast_gradient_sign", "by torch.func", fast_by_func)
answers.right("fast_gradient_sign", "image by image", fast_one_by_one)
answers.right("fast_gradient_sign", "a change that starts at zero", fast_by_parts)


def slow_but_right(
    model: nn.Module, images: Tensor, targets: Tensor, epsilon: float, step: float = 0.01,
    steps: int = 10,
) -> Tensor:  # fmt: skip
    change = torch.zeros_like(images)
    for _ in range(steps):
        x = (images + change).detach().requires_grad_()
        (slopes,) = torch.autograd.grad(F.cross_entropy(model(x), targets), x)
        change = (change - step * slopes.sign()).clamp(-epsilon, epsilon)
        change = (images + change).clamp(0, 1) - images
    return (images + change).detach()


def by_logs(
    model: nn.Module, images: Tensor, targets: Tensor, epsilon: float, step: float = 0.01,
    steps: int = 10,
) -> Tensor:  # fmt: skip
    x = images.clone()
    for _ in range(steps):
        leaf = x.clone().requires_grad_()
        gain = model(leaf).log_softmax(dim=1).gather(1, targets[:, None]).sum()
        x = x + step * torch.autograd.grad(gain, leaf)[0].sign()
        x = torch.min(torch.max(x, images - epsilon), images + epsilon)
        x = x.clip(0, 1)
    return x


def on_a_copy(
    model: nn.Module, images: Tensor, targets: Tensor, epsilon: float, step: float = 0.01,
    steps: int = 10,
) -> Tensor:  # fmt: skip
    twin = copy.deepcopy(model)
    x = images.detach().clone()
    for _ in range(steps):
        x.requires_grad_(True)
        x.grad = None
        F.cross_entropy(twin(x), targets).backward()
        with torch.no_grad():
            assert x.grad is not None
            x = x - step * x.grad.sign()
            x = x.clamp(images - epsilon, images + epsilon).clamp(0, 1)
    return x


def one_after_the_other(model: nn.Module, images: Tensor, targets: Tensor, epsilon: float,
                        step: float = 0.01, steps: int = 10) -> Tensor:  # fmt: skip
    pairs = zip(images, targets, strict=True)
    found = [by_logs(model, x[None], k[None], epsilon, step, steps) for x, k in pairs]
    return torch.cat(found)


answers.right("fooling_images", "the change is kept", slow_but_right)
answers.right("fooling_images", "up the logarithm", by_logs)
answers.right("fooling_images", "on a copy", on_a_copy)
answers.right("fooling_images", "image by image", one_after_the_other)
