"""Slips: the reference with a line or two replaced, and right answers that look like slips."""

from __future__ import annotations

import torch
from torch import Tensor

from .book import answers


class TooMany(ValueError):
    """An error of one's own is a ValueError too."""


def refused_by_a_subclass(logits: Tensor, labels: Tensor, k: int) -> float:
    if not 1 <= k <= logits.shape[1]:
        raise TooMany(k)
    return float((logits.topk(k).indices != labels[:, None]).all(dim=1).float().mean())


def in_numpy(logits: Tensor, labels: Tensor, k: int) -> float:
    rows, truth = logits.numpy(), labels.numpy()
    if k < 1 or k > rows.shape[1]:
        raise ValueError
    best = (-rows).argsort(axis=1)[:, :k]
    return float((best != truth[:, None]).all(axis=1).mean())


def by_einsum(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    shifted = images / 255 - mean[:, None, None]
    return torch.einsum("nchw,c->nchw", shifted, 1 / std)


def by_one_hot(logits: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    truth = torch.eye(num_classes)[labels]
    guess = torch.eye(num_classes)[logits.argmax(1)]
    return (truth * guess).sum(0) / truth.sum(0)


answers.right("topk_error", "refused by a subclass", refused_by_a_subclass)
answers.right("topk_error", "in numpy", in_numpy)
answers.right("normalise_images", "by einsum", by_einsum)
answers.right("accuracy_by_class", "by one-hot rows", by_one_hot)

PIXELS = "- pixels = images.to(torch.float32) / 255"
RETURN = "- return (pixels - mean.reshape(-1, 1, 1)) / std.reshape(-1, 1, 1)"
for says, change in {
    "in float64": f"{PIXELS}\n+ pixels = images.to(torch.float64) / 255",
    "in float16": f"{PIXELS}\n+ pixels = (images / 255).half()",
    "scaled by the batch's own maximum": f"{PIXELS}\n+ pixels = images / images.max()",
    "scaled by each image's maximum": f"{PIXELS}\n"
    "+ pixels = images / images.amax(dim=(1, 2, 3), keepdim=True)",
    "not scaled when the batch is dark": f"{PIXELS}\n"
    "+ pixels = images / 255 if images.max() > 1 else images * 1.0",
    "256 levels": f"{PIXELS}\n+ pixels = images / 256",
    "the mean's own axis": f"{RETURN}\n+ return (pixels - mean) / std.reshape(-1, 1, 1)",
    "the first channel's mean for all": f"{RETURN}\n"
    "+ return (pixels - mean[0]) / std.reshape(-1, 1, 1)",
    "one mean over all channels": f"{RETURN}\n"
    "+ return (pixels - mean.mean()) / std.reshape(-1, 1, 1)",
    "one spread over all channels": f"{RETURN}\n"
    "+ return (pixels - mean.reshape(-1, 1, 1)) / std.mean()",
    "a little more than the spread": f"{RETURN}\n"
    "+ return (pixels - mean.reshape(-1, 1, 1)) / (std.reshape(-1, 1, 1) + 1e-2)",
    "something small is added to the spread": f"{RETURN}\n"
    "+ return (pixels - mean.reshape(-1, 1, 1)) / (std.reshape(-1, 1, 1) + 1e-5)",
    "a millionth is added to the spread": f"{RETURN}\n"
    "+ return (pixels - mean.reshape(-1, 1, 1)) / (std.reshape(-1, 1, 1) + 1e-6)",
    "next to nothing is added to the spread": f"{RETURN}\n"
    "+ return (pixels - mean.reshape(-1, 1, 1)) / (std.reshape(-1, 1, 1) + 1e-8)",
    "the spread is at least a hundredth": f"{RETURN}\n"
    "+ return (pixels - mean.reshape(-1, 1, 1)) / std.clamp(min=0.01).reshape(-1, 1, 1)",
    "three channels only": f"{RETURN}\n"
    "+ return (pixels - mean.reshape(3, 1, 1)) / std.reshape(3, 1, 1)",
    "squeezed": f"{RETURN}\n"
    "+ return ((pixels - mean.reshape(-1, 1, 1)) / std.reshape(-1, 1, 1)).squeeze()",
    "clipped": f"{RETURN}\n"
    "+ return ((pixels - mean.reshape(-1, 1, 1)) / std.reshape(-1, 1, 1)).clamp(-2, 2)",
    "detached numbers of numpy": f"{RETURN}\n"
    "+ return ((pixels - mean.reshape(-1, 1, 1)) / std.reshape(-1, 1, 1)).numpy()",
    "the std is changed": f"{RETURN}\n"
    "+ return (pixels - mean.reshape(-1, 1, 1)) / std.mul_(1.0).clamp_(min=0.3)"
    ".reshape(-1, 1, 1)",
    "the mean is changed": f"{RETURN}\n"
    "+ result = (pixels - mean.reshape(-1, 1, 1)) / std.reshape(-1, 1, 1)\n"
    "+ mean.zero_()\n+ return result",
    "the images are changed": f"{RETURN}\n+ images.zero_()\n"
    "+ return (pixels - mean.reshape(-1, 1, 1)) / std.reshape(-1, 1, 1)",
    "by view": f"{PIXELS}\n+ pixels = images.view(-1).float().view(images.shape) / 255",
}.items():
    answers.wrong("normalise_images", says, answers.changed("normalise_images", change))

HIT = "- hit = (guesses == labels.unsqueeze(1)).any(dim=1)  # (N,)"
GUESSES = "- guesses = logits.topk(k, dim=1).indices  # (N, k)"
GUARD = "- if not 1 <= k <= num_classes:"
MEAN = "- return 1.0 - hit.float().mean().item()"
for says, change in {
    "k = 0 is let through": f"{GUARD}\n+ if k > num_classes:",
    "k below 0 is let through": f"{GUARD}\n+ if k == 0 or k > num_classes:",
    "k = K is refused": f"{GUARD}\n+ if not 1 <= k < num_classes:",
    "k = 1 is refused": f"{GUARD}\n+ if not 1 < k <= num_classes:",
    "only ten classes": f"{GUARD}\n+ if not 1 <= k <= 10:",
    "an IndexError": '- raise ValueError(f"expected k from 1 to {num_classes}, the number of '
    'classes; found {k}")\n+ raise IndexError(k)',
    "an assertion": '- raise ValueError(f"expected k from 1 to {num_classes}, the number of '
    'classes; found {k}")\n+ raise AssertionError(k)',
    "labels not lifted": f"{HIT}\n+ hit = (guesses == labels).any(dim=1)",
    "all guesses": f"{HIT}\n+ hit = (guesses == labels.unsqueeze(1)).all(dim=1)",
    "along the batch": f"{GUESSES}\n+ guesses = logits.topk(k, dim=0).indices.T",
    "the smallest": f"{GUESSES}\n+ guesses = logits.topk(k, dim=1, largest=False).indices",
    "by size": f"{GUESSES}\n+ guesses = logits.abs().topk(k, dim=1).indices",
    "one more": f"{GUESSES}\n+ guesses = logits.topk(min(k + 1, num_classes), dim=1).indices",
    "sorted in place": f"{GUESSES}\n"
    "+ guesses = logits.topk(k, dim=1).indices\n+ logits.copy_(logits.sort(dim=1).values)",
    "five at most": f"{GUESSES}\n+ guesses = logits.topk(min(k, 5), dim=1).indices",
    "accuracy": f"{MEAN}\n+ return hit.float().mean().item()",
    "a count": f"{MEAN}\n+ return float((~hit).sum())",
    "per cent": f"{MEAN}\n+ return 100 * (1.0 - hit.float().mean().item())",
    "over one image less": f"{MEAN}\n+ return float((~hit).sum()) / max(len(hit) - 1, 1)",
    "rounded": f"{MEAN}\n+ return round(1.0 - hit.float().mean().item(), 1)",
    "a text": f'{MEAN}\n+ return f"{{1.0 - hit.float().mean().item():.4f}}"',
}.items():
    answers.wrong("topk_error", says, answers.changed("topk_error", change))
answers.wrong(
    "topk_error",
    "the mean in the logits' own dtype",
    answers.changed("topk_error", f"{MEAN}\n+ return 1.0 - hit.to(logits.dtype).mean().item()"),
    unseen=True,
)

OWN = "logits.gather(1, labels[:, None])"
for says, hit in {
    "equal logits are all hits": f"(logits > {OWN}).sum(dim=1) < k",
    "as great as the k-th": f"({OWN} >= logits.topk(k, dim=1).values[:, -1:])[:, 0]",
    "equal logits are all misses": f"(logits >= {OWN}).sum(dim=1) <= k",
}.items():
    change = f"- hit = (guesses == labels.unsqueeze(1)).any(dim=1)  # (N,)\n+ hit = {hit}"
    answers.wrong("topk_error", says, answers.changed("topk_error", change))

RIGHT = "- correct = logits.argmax(dim=1) == labels"
COUNT = "- of_class = torch.bincount(labels, minlength=num_classes)"
SHARE = "- return torch.bincount(labels[correct], minlength=num_classes) / of_class"
for says, change in {
    "along the batch": f"{RIGHT}\n+ correct = logits.argmax(dim=0)[: len(labels)] == labels",
    "the least": f"{RIGHT}\n+ correct = logits.argmin(dim=1) == labels",
    "no shorter answer forbidden": f"{COUNT}\n+ of_class = torch.bincount(labels)\n\n"
    f"{SHARE}\n+ return torch.bincount(labels[correct], minlength=len(of_class)) / of_class",
    "at least one of each": f"{COUNT}\n"
    "+ of_class = torch.bincount(labels, minlength=num_classes).clamp(min=1)",
    "one more of each": f"{COUNT}\n+ of_class = torch.bincount(labels, minlength=num_classes) + 1",
    "of all images": f"{COUNT}\n+ of_class = len(labels)",
    "of what is guessed": f"{COUNT}\n"
    "+ of_class = torch.bincount(logits.argmax(dim=1), minlength=num_classes)",
    "a list": f"{SHARE}\n"
    "+ return (torch.bincount(labels[correct], minlength=num_classes) / of_class).tolist()",
    "in whole numbers": f"{SHARE}\n"
    "+ return torch.bincount(labels[correct], minlength=num_classes) // of_class.clamp(min=1)",
    "zero for none": f"{SHARE}\n"
    "+ return (torch.bincount(labels[correct], minlength=num_classes) / of_class).nan_to_num()",
    "sorted labels": f"{RIGHT}\n+ labels.copy_(labels.sort().values)\n"
    "+ correct = logits.argmax(dim=1) == labels",
    "the error": f"{SHARE}\n"
    "+ return 1 - torch.bincount(labels[correct], minlength=num_classes) / of_class",
}.items():
    answers.wrong("accuracy_by_class", says, answers.changed("accuracy_by_class", change))

for says, first in {
    "softmax first": lambda logits: logits.softmax(dim=1),
    "sigmoid first": torch.sigmoid,
    "exp first": torch.exp,
    "in float32": lambda logits: logits.float(),
    "in float16": lambda logits: logits.half(),
}.items():
    answers.wrong(
        "topk_error",
        says,
        lambda logits, labels, k, first=first: answers.reference["topk_error"](
            first(logits), labels, k
        ),
    )
