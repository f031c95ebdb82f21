"""Residual networks as functions of a tape of parameters, and what can go wrong in them.

The right answers that blocks and networks are compared with: no module holds another one, and
the parameters come off a list in the order in which the function asks for them. With a slip, by
name, the function goes wrong in one place as students do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Run = Callable[["Tape", Tensor], Tensor]


class Tape(nn.Module):
    """A network that is a function ``run(tape, x)``; a first pass on ``meta`` makes its parameters.

    Args:
        channels: of the images that ``run`` takes.
        slips: names of what goes wrong.
    """

    def __init__(self, run: Run, channels: int, slips: Sequence[str] = ()) -> None:
        super().__init__()
        self.run, self.slips = run, frozenset(slips)
        self.flat = nn.ParameterList()
        self.norms = self.at = 0
        self.recording = True
        run(self, torch.empty(2, channels, 32, 32, device="meta"))
        self.recording = False

    def has(self, slip: str) -> bool:
        """Whether this is to go wrong."""
        return slip in self.slips

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W)`` -> whatever the function gives."""
        self.at = self.norms = 0
        return self.run(self, x)

    def take(self, *shape: int) -> Tensor:
        """The next parameter, made on the first pass."""
        if self.recording:
            self.flat.append(nn.Parameter(torch.randn(shape)))
            return torch.empty(shape, device="meta")
        self.at += 1
        parameter: Tensor = self.flat[self.at - 1]
        return parameter

    def conv(self, x: Tensor, out: int, kernel: int, stride: int = 1) -> Tensor:
        """A convolution that keeps the size at stride 1."""
        weight = self.take(out, x.shape[1], kernel, kernel)
        bias = self.take(out) if self.has("conv_bias") else None
        if x.is_meta:  # the shape is all that counts, and torch's own way to it is slow
            sides = (-(-side // stride) for side in x.shape[2:])
            return x.new_empty(len(x), out, *sides)
        return F.conv2d(x, weight, bias, stride, padding=kernel // 2)

    def norm(self, x: Tensor) -> Tensor:
        """BatchNorm in the module's own mode, with running statistics."""
        channels = x.shape[1]
        scale, shift = self.take(channels), self.take(channels)
        mean, variance = self._running(channels)
        if x.is_meta:
            return x
        eps = float(channels) if self.has("channels_for_eps") else 1e-5
        return F.batch_norm(x, mean, variance, scale, shift, self.training, 0.1, eps)

    def _running(self, channels: int) -> tuple[Tensor, Tensor]:
        number, self.norms = self.norms, self.norms + 1
        names = f"n{number:03}_running_mean", f"n{number:03}_running_var"
        if self.recording:
            for name, value in zip(names, (torch.zeros, torch.ones), strict=True):
                self.register_buffer(name, value(channels))
        mean, variance = (self.get_buffer(name) for name in names)
        return mean, variance


# Shortcuts --------------------------------------------------------------------------------


def shortcut(tape: Tape, x: Tensor, kind: str, out: int, stride: int) -> Tensor:
    """Options A, B and C of the paper's section 3.3 and 4.1."""
    changes = stride != 1 or x.shape[1] != out
    if tape.has("shortcut_without_stride"):
        stride = 1
    if kind == "C" or (kind == "B" and (changes or tape.has("B_always"))):
        y = tape.conv(x, out, 3 if tape.has("wide_projection") else 1, stride)
        return y if tape.has("projection_without_norm") else tape.norm(y)
    return x if kind == "B" else _padded(tape, x, out, stride)


def _padded(tape: Tape, x: Tensor, out: int, stride: int) -> Tensor:
    n, c = x.shape[:2]
    small = F.avg_pool2d(x, stride) if tape.has("averaged") else x[..., ::stride, ::stride]
    if tape.has("repeated"):
        return small.repeat(1, -(-out // c), 1, 1)[:, :out]
    missing = c if tape.has("doubles_only") and out != c else out - c
    before = missing if tape.has("zeros_in_front") else 0
    before = missing // 2 if tape.has("zeros_on_both_sides") else before
    zeros = [small.new_zeros(n, k, *small.shape[2:]) for k in (before, missing - before)]
    return torch.cat([zeros[0], small, zeros[1]], dim=1)


# Blocks -----------------------------------------------------------------------------------


def basic(tape: Tape, x: Tensor, kind: str, out: int, stride: int) -> Tensor:
    """Figure 5, left: two 3×3."""
    strides = (1, stride) if tape.has("stride_second") else (stride, 1)
    return _block(tape, x, kind, [(out, 3, strides[0]), (out, 3, strides[1])])


def bottleneck(tape: Tape, x: Tensor, kind: str, out: int, stride: int) -> Tensor:
    """Figure 5, right: 1×1, 3×3, 1×1 with four times the channels; the stride in the 3×3."""
    at = 0 if tape.has("stride_first") else 2 if tape.has("stride_last") else 1
    strides = [stride if place == at else 1 for place in range(3)]
    wide = out if tape.has("no_expansion") else 4 * out
    middle = 1 if tape.has("middle_1x1") else 3
    layers = [(out, 1, strides[0]), (out, middle, strides[1]), (wide, 1, strides[2])]
    return _block(tape, x, kind, layers)


def _block(tape: Tape, x: Tensor, kind: str, layers: Sequence[tuple[int, int, int]]) -> Tensor:
    y = x
    for number, (out, kernel, stride) in enumerate(layers):
        last = number == len(layers) - 1
        y = tape.conv(y, out, kernel, stride)
        if not (tape.has("no_norm") or (last and tape.has("no_last_norm"))):
            y = tape.norm(y)
        if not last:
            y = y if tape.has("no_middle_relu") else F.relu(y)
            x = y if tape.has("x_overwritten") and y.shape == x.shape else x
    hop = layers[0][2] * layers[1][2] * layers[-1][2] if len(layers) > 2 else 0
    hop = hop or layers[0][2] * layers[1][2]
    return _joined(tape, x, y, kind, hop)


def _joined(tape: Tape, x: Tensor, y: Tensor, kind: str, stride: int) -> Tensor:
    other = shortcut(tape, x, kind, y.shape[1], stride)
    if tape.has("no_addition"):
        return F.relu(y)
    if tape.has("relu_before_addition"):
        return F.relu(y) + other
    if tape.has("relu_on_both"):
        return F.relu(F.relu(y) + other)
    total = y - other if tape.has("subtracted") else y + other
    return total if tape.has("no_last_relu") else F.relu(total)


# Whole networks ---------------------------------------------------------------------------


def cifar(
    tape: Tape, x: Tensor, n: int, kind: str = "A", num_classes: int = 10, width: float = 1.0
) -> Tensor:
    """Section 4.2: 6n + 2 layers, three stages."""
    base = 16 if tape.has("width_ignored") else max(1, round(16 * width))
    n = 3 * n if tape.has("n_is_not_per_stage") else n
    x = F.relu(tape.norm(tape.conv(x, base, 3)))
    for stage in range(3):
        for place in range(n):
            down = stage > 0 or tape.has("first_stage_strided")
            every = tape.has("stride_in_every_block")
            stride = 2 if down and (every or place == 0) else 1
            x = basic(tape, x, kind, base * 2**stage, stride)
    return _scores(tape, x, num_classes)


STAGES = {
    18: "2222",
    34: "3463",
    50: "3463",
    101: ("3", "4", "23", "3"),
    152: ("3", "8", "36", "3"),
}


def imagenet(
    tape: Tape, x: Tensor, depth: int, num_classes: int = 1000, width: float = 1.0
) -> Tensor:
    """The paper's table 1."""
    base = 64 if tape.has("width_ignored") else max(1, round(64 * width))
    block = basic if depth < 50 or tape.has("basic_everywhere") else bottleneck
    x = F.relu(tape.norm(tape.conv(x, base, 7, 1 if tape.has("stem_without_stride") else 2)))
    if not tape.has("no_max_pool"):
        x = F.max_pool2d(x, 3, 2, padding=0 if tape.has("pool_without_padding") else 1)
    for stage, blocks in enumerate(STAGES[depth]):
        for number in range(int(blocks)):
            down = stage > 0 or tape.has("first_stage_strided")
            x = block(tape, x, "B", base << stage, 2 if down and number == 0 else 1)
    return _scores(tape, x, num_classes)


def _scores(tape: Tape, x: Tensor, num_classes: int) -> Tensor:
    sides = (2, 3)
    features = x.amax(sides) if tape.has("maximum_at_the_end") else x.mean(sides)
    classes = 1000 if tape.has("classes_ignored") else num_classes
    weight = tape.take(classes, features.shape[1])
    scores = features @ weight.T
    if not tape.has("no_head_bias"):
        scores = scores + tape.take(classes)
    return scores.softmax(dim=1) if tape.has("softmax") else scores
