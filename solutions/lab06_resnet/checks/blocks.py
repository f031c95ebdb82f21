"""Basic block and bottleneck, by value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Network
from course.checks import Case, ask, same
from course.checks.inputs import normal, seed_from, whole
from course.labs.lab06_resnet.questions import as_by_default, block_on, shapes_of

from .book import TIGHT, check
from .tape import Tape, basic, bottleneck

Block = Callable[..., Tensor]


def _class(name: str, block: Block, *slips: str) -> dict[str, Any]:
    def make(in_channels: int, channels: int, stride: int = 1, shortcut: str = "B") -> nn.Module:
        return Tape(partial(block, kind=shortcut, out=channels, stride=stride), in_channels, slips)

    return {name: make}


COMMON = {
    "no_addition": "Shapes and counts are right, and so they would be in a plain network. What "
    "makes a block residual?",
    "relu_before_addition": "You apply ReLU to the branch and then add. The branch could then "
    "never subtract. The addition comes before the last ReLU.",
    "relu_on_both": "A ReLU stands right after the last BatchNorm. Only one comes there: after "
    "the addition.",
    "no_last_relu": "After the addition comes a ReLU.",
    "no_middle_relu": "Between the convolutions of the branch there are ReLUs.",
    "no_norm": "After each convolution comes BatchNorm, before ReLU.",
    "no_last_norm": "The last convolution of the branch has a BatchNorm, too.",
    "conv_bias": "Your convolutions have biases. BatchNorm follows and subtracts the mean: what "
    "would a bias do? (Compare the number of parameters.)",
    "channels_for_eps": "BatchNorm2d takes one number of channels. The second argument is ε, "
    "which is added to the variance.",
    "subtracted": "The branch is added.",
}
BASIC = {
    "x_overwritten": "You add the intermediate result, not the block's input: was `x` overwritten "
    "on the way?",
    "stride_second": "The stride is in the second convolution. It belongs into the first, which "
    "then works on fewer pixels.",
}
BOTTLENECK = {
    "stride_first": "Your stride is in the first 1×1, as in the paper. The docstring wants it in "
    "the 3×3, as torchvision has it: a 1×1 with stride 2 never looks at three of four pixels.",
    "stride_last": "Your stride is in the last 1×1, which skips three of four pixels.",
    "no_expansion": "The last convolution gives four times `channels`.",
    "middle_1x1": "The convolution in the middle is 3 × 3.",
}


def _mistakes(name: str, block: Block, hints: dict[str, str]) -> list[Mistake]:
    return [Mistake(slip, _class(name, block, slip), hint) for slip, hint in hints.items()]


def one_block(
    rng: Generator,
    name: str,
    into: int,
    channels: int,
    stride: int,
    kind: str,
    *,
    training: bool = False,
    hint: str = "",
    weight: float = 1,
) -> Case:
    """One block on random images, in one of the two modes."""
    x = normal(rng, 4, into, 6, whole(rng, 5, 8))
    mode = "training" if training else "evaluation"
    title = f"{into} → {channels}, stride {stride}, shortcut {kind}, {mode} mode"
    text = f"{name}({into}, {channels}, {stride}, {kind!r}) in {mode} mode, x {tuple(x.shape)}"
    args = (into, channels, stride, kind, seed_from(rng), x, training)
    probe = ask(block_on, name, *args, text=text)
    return Case(title, probe, hint, TIGHT, weight=weight)


def _cases(rng: Generator, name: str, expansion: int, order: str) -> Iterator[Case]:
    c, wide = whole(rng, 2, 3), whole(rng, 4, 6)
    hint = order
    for into, channels, stride, kind, training, weight in (
        (expansion * c, c, 1, "B", False, 3.0),
        (expansion * c, c, 1, "A", True, 2.0),
        (wide, wide + 2, 2, "B", False, 2.0),
        (wide, wide + 3, 2, "A", True, 2.0),
        (expansion * c, c, 1, "C", False, 1.0),
    ):
        yield one_block(
            rng, name, into, channels, stride, kind, training=training, hint=hint, weight=weight
        )
    text = f"sizes of the parameters of {name}({wide}, {c}, 2, 'B')"
    probe = ask(shapes_of, name, wide, c, 2, "B", text=text)
    yield Case("sizes of the parameters", probe, hint, same())
    x = normal(rng, 2, wide, 5, 5)
    text = f"{name}({wide}, {c}): parameters and output"
    probe = ask(as_by_default, name, wide, c, seed_from(rng), x, text=text)
    yield Case("defaults", probe, "stride=1 and shortcut='B' unless told otherwise.", TIGHT)


def _contract(expansion: int) -> Network:
    return Network(
        lambda rng: (4, 3, 2, "B"),
        lambda rng, N=2, H=5, W=6, size=1.0: size * normal(rng, N, 4, H, W),
        edges={"one pixel": {"N": 8, "H": 1, "W": 1}, "large maps": {"size": 100.0}},
    )


@check.define(
    oracle=_class("BasicBlock", basic),
    mistakes=_mistakes("BasicBlock", basic, {**COMMON, **BASIC}),
    name="BasicBlock",
    contract=_contract(1),
)
def basic_block(rng: Generator) -> Iterator[Case]:
    """Two 3×3 convolutions with a shortcut around them."""
    order = "Convolution, BatchNorm, ReLU, convolution, BatchNorm; add the shortcut; ReLU."
    yield from _cases(rng, "BasicBlock", 1, order)


@check.hidden("BasicBlock")
def basic_block_in_training(rng: Generator) -> Iterator[Case]:
    into = whole(rng, 2, 5)
    yield one_block(rng, "BasicBlock", into, into, 1, "B", training=True)
    yield one_block(rng, "BasicBlock", into, into + 3, 2, "C", training=True, weight=2)


@check.define(
    oracle=_class("Bottleneck", bottleneck),
    mistakes=_mistakes("Bottleneck", bottleneck, {**COMMON, **BOTTLENECK}),
    name="Bottleneck",
    contract=_contract(4),
)
def bottleneck_block(rng: Generator) -> Iterator[Case]:
    """1×1, 3×3, 1×1 with a shortcut around them."""
    order = "Three convolutions, each with BatchNorm; ReLU after the first two; add; ReLU."
    yield from _cases(rng, "Bottleneck", 4, order)


@check.hidden("Bottleneck")
def bottleneck_in_training(rng: Generator) -> Iterator[Case]:
    c = whole(rng, 2, 4)
    yield one_block(rng, "Bottleneck", 4 * c, c, 1, "B", training=True)
    yield one_block(rng, "Bottleneck", c, c, 2, "C", training=True, weight=2)
