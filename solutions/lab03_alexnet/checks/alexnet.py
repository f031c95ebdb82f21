"""Checks of `AlexNet`: parameters, shapes, values, gradients, dropout.

What comes out is compared with a network that is run from the paper's table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import Network
from course.checks import Case, ask, close, same
from course.checks.dropping import DroppedInputs
from course.checks.inputs import between, seed_from, uniform, whole
from course.labs.lab03_alexnet.network_questions import (
    dropped_inputs,
    in_training,
    layer_outputs,
    logits,
    parameter_count,
    parameter_sizes,
    rested,
    unlearning,
)
from course.labs.lab03_alexnet.paper import HIDDEN, TABLE

from .book import check

DEEP = close(rtol=1e-6, atol=1e-9)  # after eight layers in float64
SMALL = 1 / 16  # the width at which values are compared


def scaled(channels: int, width: float) -> int:
    """``channels · width`` as an even number, so that two groups can share it; at least 2."""
    return max(2, 2 * round(channels * width / 2))


class Plan(NamedTuple):
    """How a network is run from the table; every field but the defaults is a mistake."""

    groups: tuple[int, ...] = (1, 2, 1, 2, 2)
    channels: tuple[int, ...] = (96, 256, 384, 384, 256)
    order: str = "relu norm pool"
    window: int = 3
    pool: Callable[..., Tensor] = F.max_pool2d
    alpha: float = 5e-4  # of torch's layer: five times the paper's
    k: float = 2.0
    quiet: tuple[int, ...] = ()  # layers 1 to 7 without an activation
    bias: bool = True
    drop: tuple[float, ...] = (0.0, 0.5, 0.5)
    drop_at_rest: bool = False
    last: Callable[[Tensor], Tensor] = torch.clone
    scale_all: bool = True
    normed: tuple[int, ...] = (1, 2)


PAPER = Plan()


class FromTable(nn.Module):
    """A network that is run from :data:`TABLE` and a plan."""

    def __init__(self, num_classes: int = 1000, width: float = 1.0, plan: Plan = PAPER) -> None:
        super().__init__()
        self.plan = plan
        channels = [3, *(scaled(count, width) for count in plan.channels)]
        self.layers = nn.ModuleList()
        for number, (row, groups) in enumerate(zip(TABLE, plan.groups, strict=True)):
            sizes = channels[number], channels[number + 1], row.kernel, row.stride, row.padding
            self.layers.append(nn.Conv2d(*sizes, groups=groups, bias=plan.bias))
        hidden = scaled(HIDDEN, width) if plan.scale_all else HIDDEN
        ends = [channels[-1] * 36, hidden, hidden, num_classes]
        self.layers.extend(nn.Linear(*pair) for pair in pairwise(ends))

    def forward(self, x: Tensor) -> Tensor:
        """Images ``(N, 3, 227, 227) -> (N, num_classes)``."""
        for number, layer in enumerate(self.layers, start=1):
            x = layer(self._fed(x, number))
            for step in self.plan.order.split():
                x = self._after(step, x, number)
        return self.plan.last(x)

    def _fed(self, x: Tensor, number: int) -> Tensor:
        if number < 6:
            return x
        x = x.flatten(1) if number == 6 else x
        return F.dropout(x, self.plan.drop[number - 6], self.training or self.plan.drop_at_rest)

    def _after(self, step: str, x: Tensor, number: int) -> Tensor:
        plan = self.plan
        if step == "relu" and number < 8 and number not in plan.quiet:
            return F.relu(x)
        if step == "norm" and number in plan.normed:
            return F.local_response_norm(x, 5, plan.alpha, 0.75, plan.k)
        return plan.pool(x, plan.window, 2) if step == "pool" and number in (1, 2, 5) else x


def _planned(**changes: Any) -> Mapping[str, Any]:
    return {"AlexNet": partial(FromTable, plan=Plan(**changes))}


ORDER = (
    "The sizes and the counts are right, and the values are not: the order after the first two "
    "convolutions is another one than the paper's."
)


@check.define(
    name="AlexNet",
    contract=Network(
        lambda rng: (whole(rng, 3, 12), SMALL / 2),
        lambda rng, N=2: uniform(rng, N, 3, 227, 227, low=-120.0, high=120.0),
        variants={
            "a wide one": (11, 2.3),  # where one channel more or less is never rounded away
            "a third": (10, 1 / 3),
            "a narrow one": (3, 0.0107),
            "the narrowest": (2, 0.0004),
        },
        shape=(3, 3, 227, 227),
        random=True,
        apart=7.0,
        adapter=rested,
        judge=DEEP,
        hints={
            "each image by itself": "Where `together` is off, the values are: see above. Where "
            "only `one by one` is, images depend on their neighbours, or on how many there are.",
        },
        share=0.3,
    ),
    forbids=["alexnet"],
    oracle={"AlexNet": FromTable},
    mistakes=[
        Mistake(
            "ungrouped",
            _planned(groups=(1, 1, 1, 1, 1)),
            "62,378,344 parameters: every convolution sees all maps. Three of the five see only "
            "those on their own GPU.",
        ),
        Mistake(
            "third_in_groups",
            _planned(groups=(1, 2, 2, 2, 2)),
            "The third convolution is the one where the two GPUs talk to each other.",
        ),
        Mistake(
            "one_weird_trick",
            _planned(groups=(1,) * 5, channels=(64, 192, 384, 256, 256)),
            "61,100,840 parameters: that is torchvision's network, from a later paper. It has "
            "64, 192, 384, 256, 256 channels and no groups.",
        ),
        Mistake(
            "no_biases",
            _planned(bias=False),
            "The convolutions have no biases. The paper's have.",
        ),
        Mistake(
            "hidden_not_scaled",
            _planned(scale_all=False),
            "`width` should scale the two hidden linear layers as well.",
        ),
        Mistake(
            "alpha_of_the_average",
            _planned(alpha=1e-4),
            "Nearly. PyTorch's normalisation multiplies the average by its α, the paper the sum.",
        ),
        Mistake(
            "k_is_one",
            _planned(k=1.0),
            "PyTorch's normalisation has k = 1 unless told otherwise. The paper has 2.",
        ),
        Mistake("no_norm", _planned(normed=()), "Something between the first layers is missing."),
        Mistake(
            "norm_everywhere",
            _planned(normed=(1, 2, 3, 4, 5)),
            "Response normalisation follows the first two convolutions only.",
        ),
        Mistake("norm_before_relu", _planned(order="norm relu pool"), ORDER),
        Mistake("norm_after_pool", _planned(order="relu pool norm"), ORDER),
        Mistake(
            "pools_side_by_side",
            _planned(window=2),
            "Windows of 2, two apart, give 27, 13 and 6 as well. The paper's windows overlap.",
        ),
        Mistake(
            "average_pools",
            _planned(pool=F.avg_pool2d),
            "The paper takes the largest value of each window.",
        ),
        Mistake(
            "quiet_convolutions",
            _planned(quiet=(3, 4)),
            "A ReLU follows every convolution, also where no pooling comes after it.",
        ),
        Mistake(
            "quiet_hidden_layers",
            _planned(quiet=(6, 7)),
            "Two linear layers with nothing between them are one linear layer.",
        ),
        Mistake(
            "relu_on_the_logits",
            _planned(last=F.relu),
            "Half of your logits are zero. What follows the last layer?",
        ),
        Mistake(
            "softmax_inside",
            _planned(last=partial(torch.softmax, dim=1)),
            "These are probabilities. The network gives logits; cross_entropy does the rest.",
        ),
        Mistake(
            "dropout_before_both",
            _planned(drop=(0.5, 0.5, 0.0)),
            "Dropout comes before the hidden linear layers, as in torchvision. The paper drops "
            "outputs of the two hidden layers.",
        ),
        Mistake(
            "no_dropout", _planned(drop=(0.0, 0.0, 0.0)), "Training drops nothing. (Section 4.2.)"
        ),
        Mistake(
            "drops_at_rest",
            _planned(drop_at_rest=True),
            "It drops in evaluation too: F.dropout does so unless told `training=self.training`.",
        ),
    ],
)
def alexnet(rng: Generator) -> Iterator[Case]:
    """The paper's network: parameters, shapes, values, gradients, dropout."""
    yield from _alexnet_parameters(rng)
    yield Case(
        "output shapes of the eight layers at 227 × 227",
        ask(layer_outputs, "AlexNet", 227, text="AlexNet() on one image (3, 227, 227)"),
        "55, 27, 13, 13, 13 along a side: check kernel, stride and padding of each, and where "
        "the poolings stand. The layers should be nn.Conv2d and nn.Linear.",
        same(),
        weight=0.5,
    )
    settings = {"num_classes": whole(rng, 5, 12), "width": SMALL}
    text = f"AlexNet(num_classes={settings['num_classes']}, width=1/16)"
    yield Case(
        "values",
        ask(logits, "AlexNet", seed_from(rng), settings, text=f"{text} on two images"),
        "The weights are the check's own, by their shapes. So what differs is what happens between "
        "the layers: go down the last column of the table.",
        DEEP,
        weight=11,
    )
    yield Case(
        "training differs by dropout alone",
        ask(in_training, "AlexNet", seed_from(rng), settings, text=f"{text}, in training mode"),
        "Only dropout looks at the mode, all else is the same in training and in evaluation. And "
        "what dropout takes away is made up for once: in training, or in evaluation.",
        DEEP,
        weight=4,
    )
    yield _learns(rng, settings, 7)
    yield from _drops(rng, images=2, calls=20, weight=3)
    yield from _drops(rng, images=1, calls=6, weight=1)


def _learns(rng: Generator, settings: dict[str, Any], weight: float) -> Case:
    told = "The loss does not reach them"
    hint = f"{told}: is the path cut (`detach`, `.data`, `no_grad`), or a layer not used?"
    return Case(
        "every weight and bias learns",
        ask(
            unlearning, "AlexNet", seed_from(rng), settings,
            text=f"AlexNet(**{settings}), gradients after backward()",
        ),
        {"gradient": hint},
        same(),
        weight=weight,
    )  # fmt: skip


def _drops(rng: Generator, *, images: int, calls: int, weight: float) -> Iterator[Case]:
    classes = whole(rng, 5, 12)
    hidden, settings = scaled(HIDDEN, SMALL), {"num_classes": classes, "width": SMALL}
    told = "1 image" if images == 1 else f"{images} images"
    yield Case(
        f"dropout, {told}",
        ask(
            dropped_inputs, "AlexNet", seed_from(rng), settings, images, calls,
            text=f"AlexNet({classes}, width=1/16) in training, {calls} times the same {told}",
        ),
        "Which outputs does the paper drop, with which probability, and what makes up for it? What "
        "is not so stands above.",
        DroppedInputs(),
        [{"size": [hidden, hidden], "p": 0.5}, {"size": [classes, hidden], "p": 0.5}],
        weight=weight,
    )  # fmt: skip


def _alexnet_parameters(rng: Generator) -> Iterator[Case]:
    hint = "Compare your shapes with the table above, layer by layer."
    yield Case(
        "60,965,224 parameters",
        ask(parameter_count, "AlexNet", {}, text="number of parameters of AlexNet()"),
        hint,
        same(),
        60_965_224,
        weight=0.5,
    )
    yield Case(
        "their sizes",
        ask(parameter_sizes, "AlexNet", {}, text="sizes of AlexNet().parameters(), sorted"),
        hint,
        same(),
        weight=0.5,
    )
    settings = {"num_classes": whole(rng, 11, 99), "width": between(rng, 0.2, 0.7, 2)}
    yield Case(
        "another width and number of classes",
        ask(parameter_sizes, "AlexNet", settings, text=f"sizes of AlexNet(**{settings})"),
        "Every number of channels and of hidden units goes through `scaled`; 3 and num_classes "
        "do not.",
        same(),
        weight=0.5,
    )


@check.hidden("AlexNet")
def other_widths(rng: Generator) -> Iterator[Case]:
    seed, settings = seed_from(rng), {"num_classes": 7, "width": SMALL / 2}
    text = "AlexNet(num_classes=7, width=1/32) on two images"
    probe = ask(logits, "AlexNet", seed, settings, text=text)
    yield Case("values at another width", probe, judge=DEEP, weight=4)
    yield _learns(rng, {"num_classes": 5, "width": SMALL / 2}, 2)
    settings = {"num_classes": whole(rng, 2, 500), "width": between(rng, 0.0, 1.0)}
    probe = ask(parameter_count, "AlexNet", settings, text=f"parameters of AlexNet(**{settings})")
    yield Case("parameters at another width", probe, judge=same())
    yield from _drops(rng, images=3, calls=12, weight=2)
