"""Training loops in other words, and trainings that earn nothing."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .book import answers, slips, variants


def epoch_by_loader(
    model: Any, images: Tensor, labels: Tensor, optimizer: Any, batch_size: int = 32
) -> float:
    dataset = torch.utils.data.TensorDataset(images, labels)
    losses = []
    model.train()
    for x, y in torch.utils.data.DataLoader(dataset, batch_size, shuffle=True):
        model.zero_grad()
        each = F.cross_entropy(model(x), y, reduction="none")
        each.mean().backward()
        optimizer.step()
        losses.append(each.detach())
    return float(torch.cat(losses).mean())


def epoch_by_hand(
    model: Any, images: Tensor, labels: Tensor, optimizer: Any, batch_size: int = 32
) -> Tensor:
    model.train()
    order, total = torch.randperm(len(images)), torch.zeros(())
    optimizer.zero_grad()
    for start in range(0, len(images), batch_size):
        some = order[start : start + batch_size]
        loss = -model(images[some]).log_softmax(1)[torch.arange(len(some)), labels[some]].mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        total = total + loss.detach() * len(some)
    return total / len(images)


answers.right("train_epoch", "by a data loader", epoch_by_loader)
answers.right("train_epoch", "by slices, gradients cleared before all and last", epoch_by_hand)


class Batches:
    """A helper class of the student's: the images in a new order, batch by batch."""

    def __init__(self, images: Tensor, labels: Tensor, size: int) -> None:
        order = torch.randperm(len(images))
        self.images, self.labels, self.size = images[order], labels[order], size

    def __iter__(self) -> Any:
        for start in range(0, len(self.images), self.size):
            part = slice(start, start + self.size)
            yield self.images[part], self.labels[part]


def epoch_by_a_helper(
    model: Any, images: Tensor, labels: Tensor, optimizer: Any, batch_size: int = 32
) -> float:
    model.train(True)
    criterion, total = nn.CrossEntropyLoss(reduction="sum"), 0.0
    for x, y in Batches(images, labels, batch_size):
        optimizer.zero_grad(set_to_none=False)
        loss = criterion(model(x), y)
        (loss / len(x)).backward()
        optimizer.step()
        total += float(loss)
    return total / images.shape[0]


def epoch_by_closures(
    model: Any, images: Tensor, labels: Tensor, optimizer: Any, batch_size: int = 32
) -> Any:
    model.train()
    numbers = list(range(len(images)))
    random.shuffle(numbers)
    losses: list[Tensor] = []
    while numbers:
        some, numbers = numbers[:batch_size], numbers[batch_size:]

        def closure(some: list[int] = some) -> Tensor:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images[some]), labels[some])
            loss.backward()
            losses.extend([loss.detach()] * len(some))
            return loss

        optimizer.step(closure)
    return torch.stack(losses).mean().item()


def epoch_by_numpy(
    model: Any, images: Tensor, labels: Tensor, optimizer: Any, batch_size: int = 32
) -> Any:
    model.train()
    order = np.random.permutation(len(images))
    each = np.zeros(len(images))
    for start in range(0, len(images), batch_size):
        some = torch.as_tensor(order[start : start + batch_size])
        losses = F.nll_loss(
            F.log_softmax(model(images[some]), dim=1), labels[some], reduction="none"
        )
        optimizer.zero_grad()
        losses.mean().backward()
        optimizer.step()
        each[start : start + len(some)] = losses.detach().numpy()
    return each.mean()


answers.right("train_epoch", "by a helper class, the sum of losses", epoch_by_a_helper)
answers.right("train_epoch", "by closures, shuffled by Python", epoch_by_closures)
answers.right("train_epoch", "by numpy", epoch_by_numpy)
answers.wrong(
    "train_epoch",
    "no training at all",
    lambda model, images, labels, optimizer, batch_size=32: 0.0,
    at_most=0.0,
)


def seen_and_not_trained(
    model: Any, images: Tensor, labels: Tensor, optimizer: Any, batch_size: int = 32
) -> float:
    model.train()
    total = 0.0
    for batch in torch.randperm(len(images)).split(batch_size):
        total += F.cross_entropy(model(images[batch]), labels[batch]).item() * len(batch)
    return total / len(images)


answers.wrong("train_epoch", "nothing is trained, all is seen", seen_and_not_trained, at_most=0.3)
BATCHES = "torch.randperm(len(images)).split(batch_size)"
FOR = f"for batch in {BATCHES}:"
LOSS = "loss = F.cross_entropy(model(images[batch]), labels[batch])"
CLEAR = "optimizer.zero_grad()"
STEP = "optimizer.step()"
SUM = "total += loss.item() * len(batch)"
RETURN = "return total / len(images)"
variants(
    "train_epoch",
    {
        "the model's gradients are cleared": (CLEAR, "model.zero_grad()"),
        "gradients cleared after the step": (STEP, STEP + "\n" + CLEAR),
        "chunks": (
            BATCHES,
            "torch.utils.data.BatchSampler(torch.utils.data.RandomSampler(images), "
            "batch_size, False)",
        ),
        "by argsort of random numbers": (
            "torch.randperm(len(images))",
            "torch.rand(len(images)).argsort()",
        ),
        "a criterion as a module": (
            LOSS,
            "logits = model(images[batch])\nloss = nn.CrossEntropyLoss()(logits, labels[batch])",
        ),
    },
)
slips(
    "train_epoch",
    {
        "gradients cleared once an epoch": """
- total = 0.0
+ total = 0.0
+ optimizer.zero_grad()

- optimizer.zero_grad()
- loss.backward()
+ loss.backward()
        """,
        "gradients never cleared": (CLEAR, "pass"),
        "gradients cleared before the step": (STEP, CLEAR + "\n" + STEP),
        "no step": (STEP, "pass"),
        "no gradients": ("loss.backward()", "pass"),
        "one step after the loop": """
- optimizer.step()
- total += loss.item() * len(batch)
+ total += loss.item() * len(batch)

- return total / len(images)
+ optimizer.step()
+ return total / len(images)
        """,
        "two steps a batch": (STEP, STEP + "\n" + STEP),
        "back after the first batch": (SUM, SUM + "\nreturn total / len(images)"),
        "the last, smaller batch is left out": (
            FOR,
            FOR
            + "\n    if len(batch) < batch_size and len(images) > batch_size:\n        continue",
        ),
        "the last batch is left out": (FOR, f"for batch in {BATCHES}[:-1] or {BATCHES}:"),
        "the first image is left out": (
            "torch.randperm(len(images))",
            "(torch.randperm(len(images) - 1) + 1)",
        ),
        "a last batch of one image is left out": (
            FOR,
            FOR + "\n    if len(batch) == 1 < len(images):\n        continue",
        ),
        "old gradients go after each step, those at the beginning never": """
- optimizer.zero_grad()
- loss.backward()
- optimizer.step()
+ loss.backward()
+ optimizer.step()
+ optimizer.zero_grad()
        """,
        "drawn with replacement": (
            "torch.randperm(len(images))",
            "torch.randint(len(images), (len(images),))",
        ),
        "in order": ("torch.randperm(len(images))", "torch.arange(len(images))"),
        "backwards": ("torch.randperm(len(images))", "torch.arange(len(images)).flip(0)"),
        "the same order each time": (
            "torch.randperm(len(images))",
            "torch.randperm(len(images), generator=torch.Generator().manual_seed(0))",
        ),
        "batches in another order, and the same images in each": (
            FOR,
            "parts = torch.arange(len(images)).split(batch_size)\n"
            "for batch in [parts[i] for i in torch.randperm(len(parts))]:",
        ),
        "shuffled within each batch only": (
            FOR,
            "for batch in [one[torch.randperm(len(one))] for one in "
            "torch.arange(len(images)).split(batch_size)]:",
        ),
        "the images are shuffled, the labels are not": (
            "labels[batch])",
            "labels[batch.sort().values])",
        ),
        "the labels of the first images": ("labels[batch])", "labels[: len(batch)])"),
        "the caller's images are shuffled": (
            "total = 0.0",
            "total = 0.0\n"
            "order = torch.randperm(len(images))\n"
            "images[:], labels[:] = images[order], labels[order]",
        ),
        "in evaluation mode": ("model.train()", "model.eval()"),
        "the mode is as it was": ("model.train()", "pass"),
        "only the outermost module is in training mode": ("model.train()", "model.training = True"),
        "an optimizer of one's own": (
            "model.train()",
            "model.train()\noptimizer = torch.optim.SGD(model.parameters(), lr=0.5)",
        ),
        "another rate": (
            "model.train()",
            "model.train()\nfor group in optimizer.param_groups:\n    group['lr'] = 0.01",
        ),
        "the rate shrinks": (
            STEP,
            STEP + "\nfor group in optimizer.param_groups:\n    group['lr'] *= 0.9",
        ),
        "the optimizer's memory is cleared": (
            "model.train()",
            "model.train()\noptimizer.state.clear()",
        ),
        "always 32": (".split(batch_size)", ".split(32)"),
        "the usual batch is 64": ("batch_size: int = 32", "batch_size: int = 64"),
        "the whole at once": (".split(batch_size)", ".split(len(images))"),
        "one image more in each batch": (".split(batch_size)", ".split(batch_size + 1)"),
        "two epochs": (FOR, f"for batch in [*{BATCHES}, *{BATCHES}]:"),
        "the sum instead of the mean": (
            LOSS,
            LOSS.replace("labels[batch])", "labels[batch], reduction='sum')"),
        ),
        "smoothed labels": (
            LOSS,
            LOSS.replace("labels[batch])", "labels[batch], label_smoothing=0.1)"),
        ),
        "softmax before the loss": (
            LOSS,
            LOSS.replace("model(images[batch])", "model(images[batch]).softmax(1)"),
        ),
        "squared errors": (
            LOSS,
            "loss = F.mse_loss(model(images[batch]), F.one_hot(labels[batch], 3).to(images.dtype))",
        ),
        "clipped gradients": (STEP, "nn.utils.clip_grad_norm_(model.parameters(), 0.1)\n" + STEP),
        "the gradient's sign": (
            STEP,
            "for one in model.parameters():\n    one.grad.neg_()\n" + STEP,
        ),
        "the last layer alone": (STEP, "next(model.parameters()).grad.zero_()\n" + STEP),
        "the loss of the last batch": (RETURN, "return loss.item()"),
        "the mean of means": """
- total += loss.item() * len(batch)
- return total / len(images)
+ total += loss.item() / -(-len(images) // batch_size)
+ return total
        """,
        "the sum of losses": (RETURN, "return total"),
        "divided by the number of batches": (
            RETURN,
            "return total / -(-len(images) // batch_size)",
        ),
        "divided by batch_size": (SUM, SUM.replace("len(batch)", "batch_size")),
        "the loss is a graph": (SUM, "total = total + loss * len(batch)"),
        "the loss after training": (RETURN, "return F.cross_entropy(model(images), labels).item()"),
        "the loss after each step": (
            SUM,
            "total += F.cross_entropy(model(images[batch]), labels[batch]).item() * len(batch)",
        ),
        "accuracy": (
            SUM,
            "total += (model(images[batch]).argmax(1) == labels[batch]).sum().item()",
        ),
        "nothing is returned": (RETURN, "print(total / len(images))"),
        "a list": (RETURN, "return [total / len(images)]"),
        "rounded": (RETURN, "return round(total / len(images), 1)"),
        "the seed is set": ("model.train()", "model.train()\ntorch.manual_seed(0)"),
        "weights are begun anew": (
            "model.train()",
            "model.train()\nfor one in model.parameters():\n    one.data.zero_()",
        ),
        "parameters of one's own": (
            "model.train()",
            "import copy\nmodel = copy.deepcopy(model).train()",
        ),
        "the model is frozen afterwards": (RETURN, "model.requires_grad_(False)\n" + RETURN),
        "weights shrink": (
            STEP,
            STEP + "\nfor one in model.parameters():\n    one.data.mul_(0.99)",
        ),
    },
)
