"""How well a model does: loss and accuracy, summed up on the device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course.data import batches
from course.device import device_of
from course.instruments import evaluation_mode
from course.training.history import Evaluation

LabelledImages = tuple[Tensor, Tensor]
Loss = Callable[[Any, Tensor], Tensor]
Forward = Callable[[Tensor], Any]


def evaluate(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    batch_size: int = 512,
    *,
    loss: Loss = F.cross_entropy,
) -> Evaluation:
    """Loss and accuracy of ``(N, C, H, W)`` images and ``(N,)`` labels, on the model's device.

    The model works in evaluation mode (running statistics, no dropout), without gradients, and
    comes back in the mode it was in.

    Raises:
        ValueError: as ``fit``.
    """
    data = on_device((images, labels), device_of(model), "evaluate")
    with evaluation_mode(model):
        return score(model, data, batch_size, loss)


@torch.no_grad()
def score(forward: Forward, data: LabelledImages, batch_size: int, loss: Loss) -> Evaluation:
    """Loss and accuracy of ``forward`` on data that are in place."""
    tally = Tally(data[0].device)
    for images, labels in batches(*data, batch_size):
        outputs = forward(images)
        tally.add(loss(outputs, labels), outputs, labels)
        tally.count += len(labels)
    return tally.result()


class Tally:
    """Sums over batches, kept on the device: reading one waits for the device."""

    def __init__(self, device: torch.device) -> None:
        self.loss = torch.zeros((), device=device)
        self.correct = torch.zeros((), device=device, dtype=torch.long)
        self.count = 0

    def clear(self) -> None:
        """Begin again, in the same memory."""
        self.loss.zero_()
        self.correct.zero_()
        self.count = 0

    def add(self, loss: Tensor, outputs: Any, labels: Tensor) -> None:
        """Sum up a batch with its mean ``loss``; of several outputs, the first is the answer.

        Its images are counted by whoever calls.
        """
        logits = outputs if isinstance(outputs, Tensor) else outputs[0]
        self.loss += loss.detach() * len(labels)
        self.correct += (logits.detach().argmax(dim=1) == labels).sum()

    def result(self) -> Evaluation:
        """Means over all images counted."""
        return Evaluation(self.loss.item() / self.count, self.correct.item() / self.count)


def on_device(
    data: LabelledImages, device: torch.device, name: str, *, floats: bool = True
) -> LabelledImages:
    """The data, looked over and moved to the device.

    Raises:
        ValueError: no images, another number of labels, or bytes where floats are needed.
    """
    images, labels = data
    if len(images) != len(labels) or not len(images):
        raise ValueError(
            f"{name}: expected as many labels as images and one or more of them, "
            f"found {len(images)} images and {len(labels)} labels"
        )
    if floats and not images.is_floating_point():
        raise ValueError(
            f"{name}: expected images in floats, found {images.dtype}. "
            "Pass dataset.normalise(images)."
        )
    labels = labels if labels.is_floating_point() else labels.long()
    return images.to(device), labels.to(device)
