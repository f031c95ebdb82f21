"""Right answers in other words, and wrong ones."""

from __future__ import annotations

import torch
from torch import Tensor

from .book import answers


def normalise_by_loop(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    channels = [(images[:, c] / 255.0 - mean[c]) / std[c] for c in range(images.shape[1])]
    return torch.stack(channels, dim=1)


def normalise_channels_last(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    scaled = images.float().div_(255).permute(0, 2, 3, 1)
    return ((scaled - mean) / std).permute(0, 3, 1, 2)


def normalise_in_bytes(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    shift, scale = mean * 255, std * 255
    return (images - shift[None, :, None, None]) / scale[None, :, None, None]


def error_by_rank(logits: Tensor, labels: Tensor, k: int) -> float:
    if k > logits.size(1) or k < 1:
        raise ValueError("k")
    own = logits.gather(1, labels[:, None])
    first = torch.arange(logits.size(1)) < labels[:, None]  # of equal ones
    return (((logits > own) | (logits == own) & first).sum(1) >= k).double().mean().item()


def error_by_loop(logits: Tensor, labels: Tensor, k: int) -> float:
    if k not in range(1, logits.shape[1] + 1):
        raise ValueError("k")
    wrong = 0
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        best = sorted(range(len(row)), key=row.__getitem__)[-k:]
        wrong += label not in best
    return wrong / len(labels)


def error_as_tensor(logits: Tensor, labels: Tensor, k: int) -> Tensor:
    if not 0 < k <= logits.shape[-1]:
        raise ValueError("k")
    order = torch.argsort(logits, dim=-1, descending=True)[:, :k]
    missed = torch.all(order.ne(labels.view(-1, 1)), dim=-1)
    return missed.sum() / missed.numel()


def by_class_by_mask(logits: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    guesses = logits.argmax(1)
    return torch.stack([(guesses[labels == c] == c).float().mean() for c in range(num_classes)])


def by_class_by_loop(logits: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    right, total = [0] * num_classes, [0] * num_classes
    for guess, label in zip(logits.max(1).indices.tolist(), labels.tolist(), strict=True):
        total[label] += 1
        right[label] += guess == label
    shares = [r / n if n else float("nan") for r, n in zip(right, total, strict=True)]
    return torch.tensor(shares, dtype=torch.float64)


def by_class_by_scatter(logits: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    hits = (logits.argmax(-1) == labels).float()
    sums = torch.zeros(num_classes).scatter_add_(0, labels, hits)
    return sums / torch.zeros(num_classes).scatter_add_(0, labels, torch.ones_like(hits))


answers.right("normalise_images", "channel by channel", normalise_by_loop)
answers.right("normalise_images", "channels last", normalise_channels_last)
answers.right("normalise_images", "in bytes", normalise_in_bytes)
answers.wrong("normalise_images", "untouched", lambda images, mean, std: images, at_most=0.0)
answers.wrong(
    "normalise_images",
    "float64: it costs what a dtype is asked in",
    lambda *args: normalise_by_loop(*args).double(),
    at_least=0.65,
)

answers.right("topk_error", "by rank", error_by_rank)
answers.right("topk_error", "by a loop over images", error_by_loop)
answers.right("topk_error", "as a tensor of one number", error_as_tensor)
for constant in (0.0, 0.5, 1.0):
    answers.wrong("topk_error", f"always {constant}", lambda *args, c=constant: c, at_most=0.05)


def unguarded(logits: Tensor, labels: Tensor, k: int) -> float:
    """torch raises its own error for a large k: that case only."""
    return 1 - (logits.topk(k).indices == labels[:, None]).any(1).double().mean().item()


answers.wrong("topk_error", "torch's own error for a large k", unguarded, at_least=0.9)

answers.right("accuracy_by_class", "by masks", by_class_by_mask)
answers.right("accuracy_by_class", "by a loop", by_class_by_loop)
answers.right("accuracy_by_class", "by scatter_add", by_class_by_scatter)
for constant in (float("nan"), 0.0, 1.0):
    answers.wrong(
        "accuracy_by_class",
        f"always {constant}",
        lambda x, y, k, c=constant: torch.full((k,), c),
        at_most=0.05,
    )


class OneBuffer:
    """Normalises into memory of its own, which the next call of that shape overwrites."""

    def __init__(self) -> None:
        self.kept: dict[tuple[int, ...], Tensor] = {}

    def __call__(self, images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        out = self.kept.setdefault(tuple(images.shape), torch.empty(images.shape))
        torch.div(images, 255, out=out)
        return out.sub_(mean[:, None, None]).div_(std[:, None, None])


def by_class_by_exponentials(logits: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    shares = logits.exp() / logits.exp().sum(1, keepdim=True)
    return by_class_by_mask(shares, labels, num_classes)


answers.wrong("normalise_images", "always the same memory", OneBuffer())
answers.wrong("accuracy_by_class", "exponentials that overflow", by_class_by_exponentials)
answers.wrong(
    "accuracy_by_class",
    "logits in half precision",
    lambda logits, labels, num_classes: by_class_by_mask(logits.half(), labels, num_classes),
)


def image_by_image(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    def one(image: Tensor) -> Tensor:
        return torch.stack([(image[c] / 255 - mean[c]) / std[c] for c in range(len(mean))])

    return torch.stack([one(image) for image in images])


def three_channels_at_most(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    out = images / 255
    for channel in range(min(3, images.shape[1])):
        out[:, channel] = (out[:, channel] - mean[channel]) / std[channel]
    return out


def class_numbers_in_a_byte(logits: Tensor, labels: Tensor, k: int) -> float:
    if not 1 <= k <= logits.shape[1]:
        raise ValueError(k)
    guesses = logits.topk(k).indices.to(torch.uint8)
    return float((guesses != labels[:, None].to(torch.uint8)).all(dim=1).double().mean())


def ten_classes_at_most(logits: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    return by_class_by_mask(logits, labels, 10)[:num_classes]


def counted_in_bytes(logits: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    right, total = torch.zeros(2, num_classes, dtype=torch.uint8)
    for guess, label in zip(logits.argmax(1), labels, strict=True):
        right[label] += guess == label
        total[label] += 1
    return right / total


answers.right("normalise_images", "image by image", image_by_image)
answers.wrong("normalise_images", "three channels at most", three_channels_at_most)
answers.wrong("topk_error", "class numbers in a byte", class_numbers_in_a_byte, unseen=True)
answers.wrong("accuracy_by_class", "ten classes at most", ten_classes_at_most)
answers.wrong("accuracy_by_class", "counted in bytes", counted_in_bytes)
