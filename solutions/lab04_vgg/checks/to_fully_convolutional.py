"""Checks of `to_fully_convolutional`: the same network, on images of any size."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch.nn.functional as F
from torch import Generator, Tensor, nn

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import OfModel, Several
from course.checks import Case, ask
from course.checks.dropping import DroppedInputs
from course.checks.inputs import normal, seed_from
from course.checks.kinds import Kind
from course.labs.lab04_vgg.questions.changing import (
    DROPPED,
    apart,
    as_dense,
    dense_dropout,
    dense_scores,
    each_trained,
    for_12,
    for_28,
    one_hidden,
    one_pixel,
    original_after,
    other_activations,
)

from .book import DEEP, check


def _denses(model: Any) -> list[nn.Linear]:
    return [module for module in model.classifier if isinstance(module, nn.Linear)]


class _Windows(nn.Module):
    """Scores of every window of the last maps, cut out and classified one by one."""

    def __init__(
        self,
        model: Any,
        arrange: Callable[[Tensor], Tensor] | None = None,
        maps: Callable[[Tensor, int], Tensor] | None = None,
        finish: Callable[[Tensor], Tensor] | None = None,
        relu: bool = True,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.model = copy.deepcopy(model)
        self.arrange, self.maps, self.finish = arrange, maps, finish
        self.relu, self.bias = relu, bias

    def forward(self, images: Tensor) -> Tensor:
        maps = self.model.features(images)
        into = _denses(self.model)[0].in_features
        side = round((into / maps.shape[1]) ** 0.5)
        if self.maps is not None:
            maps = self.maps(maps, side)
        windows = maps.unfold(2, side, 1).unfold(3, side, 1)  # (N, C, h, w, side, side)
        windows = windows.permute(0, 2, 3, 1, 4, 5)
        if self.arrange is not None:
            windows = self.arrange(windows)
        scores = self._classified(windows.flatten(3)).movedim(-1, 1)
        return scores if self.finish is None else self.finish(scores)

    def _classified(self, x: Tensor) -> Tensor:
        for layer in self.model.classifier:
            if isinstance(layer, nn.Linear):
                x = F.linear(x, layer.weight, layer.bias if self.bias else None)
            elif self.relu or isinstance(layer, nn.Dropout):
                x = layer(x)
        return x


def _converted(**slips: Any) -> Mapping[str, Any]:
    return {"to_fully_convolutional": lambda model: _Windows(model, **slips)}


MODES = "training", "evaluation"
INTACT: Mapping[Kind, str] = {
    "changed": "The given model is looked at, and its layers copied: no layer of it is replaced, "
    "and its mode, weights and their `.grad` and `requires_grad` stay."
}


def _on(maker: Any, side: int, wide: int) -> OfModel:
    return OfModel(
        {"the model": maker},
        lambda rng: (normal(rng, 2, 3, side, wide),),
        adapter=as_dense,
        judge=DEEP,
        hints={f"the model, in {mode} mode, which stays as it was": INTACT for mode in MODES},
    )


CONTRACT = Several(
    {
        "maps of 3×3": _on(for_12, 14, 21),
        "maps of 7×7": _on(for_28, 28, 37),
        "two linear layers with tanh": _on(one_hidden, 12, 9),
        "other activations": _on(other_activations, 11, 8),
        "maps of 1×1": _on(one_pixel, 4, 11),
    },
    share=0.4,
)


@check.define(
    contract=CONTRACT,
    oracle=_converted(),
    mistakes=[
        Mistake(
            "channels_last",
            _converted(arrange=lambda w: w.permute(0, 1, 2, 4, 5, 3)),
            "The weights are in the wrong places. In which order does Flatten write (C, s, s)?",
        ),
        Mistake(
            "rows_for_columns",
            _converted(arrange=lambda w: w.transpose(4, 5)),
            "Rows and columns of the kernel are exchanged.",
        ),
        Mistake(
            "padded",
            _converted(maps=lambda x, side: F.pad(x, [side // 2] * 4)),
            "A padded convolution sees windows that hang over the edge. At the training size "
            "there is exactly one window.",
        ),
        Mistake(
            "averaged",
            _converted(finish=lambda scores: scores.mean(dim=(2, 3), keepdim=True)),
            "You average the map. Wanted is the map itself.",
        ),
        Mistake(
            "no_relu",
            _converted(relu=False),
            "The ReLUs between the fully connected layers were lost on the way.",
        ),
        Mistake(
            "no_bias",
            _converted(bias=False),
            "The weights are right. What else has a linear layer?",
        ),
        Mistake(
            "pooled_to_size",
            _converted(maps=lambda x, side: F.adaptive_avg_pool2d(x, side)),
            "You pool the maps down to the training size, as torchvision does. That gives one "
            "score for a large image. Wanted is a map.",
        ),
        Mistake(
            "flattened",
            _converted(finish=lambda scores: scores.flatten(1)),
            "The values are right. A map has four axes, also where it is 1 × 1.",
        ),
    ],
)
def to_fully_convolutional(rng: Generator) -> Iterator[Case]:
    """The same network as convolutions only: equal at its own size, a map above it."""
    name, column = "to_fully_convolutional", [3, "M", 4, "M"]
    for side, last, weight in ((12, 3, 1), (28, 7, 1)):
        text = f"a small network for {side}×{side} images, converted; maps of {last}×{last}"
        images = normal(rng, 2, 3, side, side)
        yield Case(
            f"its own size, maps {last}×{last}",
            ask(original_after, name, column, last, seed_from(rng), images, text=text),
            {
                "values": "The first linear layer reads C channels of s×s: find C in the last "
                "convolution, s from in_features. All others read one pixel. Both weights and "
                "biases are copied.",
                **INTACT,
            },
            DEEP,
            weight=weight,
        )
    for last, hidden, weight in ((3, (12, 13), 4), (2, (9,), 2)):
        side = 4 * last
        linear = f"{len(hidden) + 1} linear layers"
        text = (
            f"a small network for {side}×{side} images, {linear}, on images (2, 3, 20, 29): "
            "scores and the gradient of their squares"
        )
        images = normal(rng, 2, 3, 20, 29)
        yield Case(
            f"larger images give a map, {linear}",
            ask(dense_scores, name, column, last, hidden, seed_from(rng), images, text=text),
            "Every window of s×s gets the scores that the old classifier gives it.",
            DEEP,
            weight=weight,
        )

    text = "the model's scores after the converted one is trained, and the other way round"
    images = normal(rng, 2, 3, 12, 12)
    yield Case(
        "trained apart",
        ask(each_trained, name, column, 3, seed_from(rng), images, text=text),
        {
            "values": "In a new network every parameter can be trained, unless it is told "
            "otherwise: is `requires_grad` still True? Values are as above.",
            "changed": "Both hold the same numbers in memory, so training one changes the other. "
            "That goes for `features` too: see copy.deepcopy, and `view` copies nothing.",
        },
        DEEP,
        weight=2,
    )

    text = "the model's scores after the converted one is put into training mode, its dropout set"
    images = normal(rng, 2, 3, 12, 12)
    yield Case(
        "modes and dropout apart",
        ask(apart, name, seed_from(rng), images, text=text),
        {
            "values": "The features come over as they are, in their own dtype.",
            "changed": "A layer of the model stands in your network too. `train()`, `eval()` and "
            "a new `p` of its dropout then reach both: copy the layers that stay as well.",
        },
        DEEP,
    )

    text = "which inputs are dropped in 16 passes in training mode, images (2, 3, 20, 20)"
    yield Case(
        "dropout stays where it was",
        ask(dense_dropout, name, seed_from(rng), normal(rng, 2, 3, 20, 20), 16, text=text),
        "Only linear layers are replaced. Dropout stays between them with its own share p.",
        DroppedInputs(),
        [{"size": size, "p": p} for size, p in zip(([56, 48], [3, 56]), DROPPED, strict=True)],
    )


@check.hidden("to_fully_convolutional")
def another_network(rng: Generator) -> Iterator[Case]:
    images = normal(rng, 1, 3, 23, 36)
    text = "another small network, for 20×20 images, four linear layers, on an image (1, 3, 23, 36)"
    name, column, seed = "to_fully_convolutional", [2, 5, "M", 3, "M"], seed_from(rng)
    probe = ask(dense_scores, name, column, 5, (6, 8, 7), seed, images, text=text)
    yield Case("another network", probe, judge=DEEP, weight=2)
