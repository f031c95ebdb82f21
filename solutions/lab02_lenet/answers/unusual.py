"""Wrong answers that only show where numbers are zero, kernels large, layers frozen, or an order
no order by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .book import answers
from .wiring import GROUPS

answers.wrong(
    "conv2d",
    "a bias of zeros is left out",
    answers.changed(
        "conv2d", "- if bias is not None:\n+ if bias is not None and bool(bias.any()):"
    ),
)
answers.wrong(
    "conv2d",
    "an image of zeros is not looked at",
    answers.changed(
        "conv2d",
        "- result = weight.flatten(1) @ patches  # (O, CKK′) @ (N, CKK′, L) -> (N, O, L)\n"
        "+ result = weight.flatten(1) @ patches\n+ result = result if x.any() else result.detach()",
    ),
)
answers.wrong(
    "map_loss",
    "in float32 inside",
    lambda penalties, labels, j=1.0: answers.reference["map_loss"](penalties.float(), labels, j).to(
        penalties.dtype
    ),
)
answers.wrong(
    "Subsampling",
    "a bias of zeros is left out",
    answers.changed(
        "Subsampling",
        "- scaled = self.coefficient[:, None, None] * total + self.bias[:, None, None]\n"
        "+ scaled = self.coefficient[:, None, None] * total\n"
        "+ if self.bias.any():\n"
        "+     scaled = scaled + self.bias[:, None, None]",
    ),
)


class Started(nn.Module):
    """The sparse convolution, whose kernels start as they are drawn."""

    def __init__(self, draw: Callable[[Tensor], Any], biased: bool = True) -> None:
        super().__init__()
        pairs = [(out, into) for out, group in enumerate(GROUPS) for into in group]
        self.register_buffer("places", torch.tensor(pairs).T)
        self.weight = nn.Parameter(torch.empty(60, 5, 5))
        self.bias = nn.Parameter(torch.zeros(16))
        self.biased = biased
        with torch.no_grad():
            draw(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Each output map from its own input maps."""
        places: Any = self.places
        kernels = self.weight.new_zeros(16, 6, 5, 5).index_put(tuple(places), self.weight)
        return F.conv2d(x, kernels, self.bias if self.biased or self.bias.any() else None)


def started(draw: Callable[[Tensor], Any], biased: bool = True) -> Callable[[], nn.Module]:
    """The class, as an answer."""
    return lambda: Started(draw, biased)


RIGHT: Mapping[str, Callable[[Tensor], Any]] = {
    "as He has it": nn.init.kaiming_normal_,
    "as Glorot has it": nn.init.xavier_uniform_,
    "as the paper has it": lambda weight: weight.uniform_(-2.4 / 76, 2.4 / 76),
    "a tenth of normal numbers": lambda weight: weight.normal_(0, 0.1),
}
WRONG: Mapping[str, Callable[[Tensor], Any]] = {
    "normal numbers": nn.init.normal_,
    "numbers from 0 to 1": nn.init.uniform_,
    "numbers in the hundreds": lambda weight: weight.normal_(0, 100.0),
    "next to nothing": lambda weight: weight.normal_(0, 1e-4),
}
for says, draw in RIGHT.items():
    answers.right("C3Convolution", f"it starts {says}", started(draw))
for says, draw in WRONG.items():
    answers.wrong("C3Convolution", f"it starts with {says}", started(draw))
answers.wrong(
    "C3Convolution", "biases of zeros are left out", started(nn.init.kaiming_normal_, biased=False)
)


def with_a_sum() -> dict[str, tuple[int, int]]:
    table: dict[str, tuple[int, int]] = answers.reference["lenet5_table"]()
    return {**table, "total": (60_000, 340_068)}


answers.wrong("lenet5_table", "a row for the sums", with_a_sum)


def _each(make: Callable[[int], Any]) -> dict[str, tuple[Any, Any]]:
    table: dict[str, tuple[int, int]] = answers.reference["lenet5_table"]()
    return {layer: (make(learnt), make(lines)) for layer, (learnt, lines) in table.items()}


answers.right("lenet5_table", "in tensors without axes", lambda: _each(torch.tensor))
answers.wrong("lenet5_table", "floats that are whole", lambda: _each(float))

EPOCH = "- for batch in torch.randperm(len(images)).split(batch_size):\n+ "
AROUND = "torch.arange(len(images)).roll(int(torch.randint(1, len(images) + 1, ())))"
for says, cut in {
    "an order that begins elsewhere": f"for batch in {AROUND}.split(batch_size):",
    "backwards from somewhere": f"for batch in {AROUND}.flip(0).split(batch_size):",
    "neighbours, mixed within each batch": f"for batch in "
    f"[one[torch.randperm(len(one))] for one in {AROUND}.split(batch_size)]:",
}.items():
    answers.wrong("train_epoch", says, answers.changed("train_epoch", EPOCH + cut))
answers.wrong(
    "train_epoch",
    "a frozen layer is thawed",
    answers.changed("train_epoch", "- model.train()\n+ model.train().requires_grad_()"),
)
answers.right(
    "train_epoch",
    "a new order, each batch of it sorted",
    answers.changed(
        "train_epoch",
        EPOCH + "for batch in [one.sort().values for one in "
        "torch.randperm(len(images)).split(batch_size)]:",
    ),
)
