"""Deep networks that start from a shallow one with one slip each."""

from __future__ import annotations

import copy
from typing import Any

from .book import answers, slips
from .changing import stages_of

COPY = """
    - new[key].load_state_dict(old[key].state_dict())
    + {}
"""
HEAD = """
    - deep.classifier.load_state_dict(shallow.classifier.state_dict())
    + {}
"""
FIRST = """
    - for key in list(old)[:4]:
    + for key in {}:
"""
STAGE = """
    - if isinstance(layer, nn.MaxPool2d):
    -     stage, place = stage + 1, 0
    + if isinstance(layer, nn.MaxPool2d):
    +     {}
"""
slips(
    "initialise_from",
    {
        "three convolutions": FIRST.format("list(old)[:3]"),
        "five convolutions": FIRST.format("list(old)[:5]"),
        "all convolutions": FIRST.format("old"),
        "none but the first": FIRST.format("list(old)[:1]"),
        "the last four": FIRST.format("list(old)[-4:]"),
        "the first of four stages": FIRST.format("[(stage, 0) for stage in range(4)]"),
        "the first four of the deep one": FIRST.format(
            "[key for key in list(new)[:4] if key in old]"
        ),
        "places go on from stage to stage": STAGE.format("stage = stage + 1"),
        "stages are not told apart": STAGE.format("pass"),
        "from the far end": """
            - old, new = places(shallow.features), places(deep.features)
            + old, new = places(shallow.features), places(deep.features)
            + last = {stage: place for stage, place in new}
            + new = {(stage, last[stage] - place): layer for (stage, place), layer in new.items()}
        """,
        "every place of the stage": COPY.format(
            "[layer.load_state_dict(old[key].state_dict()) for place, layer in new.items() "
            "if place[0] == key[0] and layer.weight.shape == old[key].weight.shape]"
        ),
        "weights only": COPY.format("new[key].weight.data.copy_(old[key].weight)"),
        "biases only": COPY.format("new[key].bias.data.copy_(old[key].bias)"),
        "weights shared": COPY.format(
            "new[key].weight, new[key].bias = old[key].weight, old[key].bias"
        ),
        "weights shared by data": COPY.format(
            "new[key].weight.data, new[key].bias.data = old[key].weight.data, old[key].bias.data"
        ),
        "layers shared": COPY.format(
            "deep.features[[*deep.features].index(new[key])] = old[key]"
        ),
        "the mean of both": COPY.format(
            "new[key].weight.data.lerp_(old[key].weight, 0.5); "
            "new[key].bias.data.copy_(old[key].bias)"
        ),
        "added to what was there": COPY.format(
            "new[key].weight.data.add_(old[key].weight.data); "
            "new[key].bias.data.copy_(old[key].bias)"
        ),
        "the wrong way": COPY.format("old[key].load_state_dict(new[key].state_dict())"),
        "exchanged": COPY.format(
            "kept = {name: one.clone() for name, one in new[key].state_dict().items()}; "
            "new[key].load_state_dict(old[key].state_dict()); old[key].load_state_dict(kept)"
        ),
        "what was copied is frozen": COPY.format(
            "new[key].load_state_dict(old[key].state_dict()); new[key].requires_grad_(False)"
        ),
        "the shallow one is frozen": COPY.format(
            "new[key].load_state_dict(old[key].requires_grad_(False).state_dict())"
        ),
        "the shallow one is emptied": COPY.format(
            "new[key].load_state_dict(old[key].state_dict()); old[key].weight.data.zero_()"
        ),
        "no classifier": HEAD.format("pass"),
        "two linear layers": HEAD.format(
            "[deep.classifier[n].load_state_dict(shallow.classifier[n].state_dict()) "
            "for n in (0, 3)]"
        ),
        "the last linear layer": HEAD.format(
            "deep.classifier[6].load_state_dict(shallow.classifier[6].state_dict())"
        ),
        "the classifier shared": HEAD.format("deep.classifier = shallow.classifier"),
        "the classifier's weights without biases": HEAD.format(
            "[deep.classifier[n].weight.data.copy_(shallow.classifier[n].weight) "
            "for n in (0, 3, 6)]"
        ),
        "the classifier frozen": HEAD.format(
            "deep.classifier.load_state_dict(shallow.classifier.state_dict()); "
            "deep.classifier.requires_grad_(False)"
        ),
        "the other layers at zero": HEAD.format(
            "deep.classifier.load_state_dict(shallow.classifier.state_dict()); "
            "[layer.weight.data.zero_() for key, layer in new.items() if key not in list(old)[:4]]"
        ),
        "the other layers start anew": HEAD.format(
            "deep.classifier.load_state_dict(shallow.classifier.state_dict()); "
            "[layer.reset_parameters() for key, layer in new.items() if key not in list(old)[:4]]"
        ),
        "left in evaluation mode": HEAD.format(
            "deep.classifier.load_state_dict(shallow.classifier.state_dict()); deep.eval()"
        ),
        "left in training mode": HEAD.format(
            "deep.classifier.load_state_dict(shallow.classifier.state_dict()); deep.train()"
        ),
        "in a copy": """
            - old, new = places(shallow.features), places(deep.features)
            + import copy
            + deep = copy.deepcopy(deep)
            + old, new = places(shallow.features), places(deep.features)
        """,
        "the arguments exchanged": """
            - old, new = places(shallow.features), places(deep.features)
            + old, new = places(deep.features), places(shallow.features)
        """,
    },
)  # fmt: skip


def where_it_fits(deep: Any, shallow: Any) -> None:
    own, other = deep.state_dict(), shallow.state_dict()
    fits = {k: v for k, v in other.items() if k in own and own[k].shape == v.shape}
    deep.load_state_dict(fits, strict=False)


def everything(deep: Any, shallow: Any) -> None:
    deep.features = copy.deepcopy(shallow.features)
    deep.classifier = copy.deepcopy(shallow.classifier)


answers.wrong("initialise_from", "by name, where the shape fits", where_it_fits, at_most=0.5)
answers.wrong("initialise_from", "the deep one becomes a copy of the shallow one", everything)


def by_names(deep: Any, shallow: Any) -> None:
    """Names of the convolutions of A, whatever comes."""
    state = deep.state_dict()
    for here, there in zip((0, 3, 6, 8), (0, 5, 10, 12), strict=True):
        for kind in ("weight", "bias"):
            state[f"features.{there}.{kind}"] = shallow.state_dict()[
                f"features.{here}.{kind}"
            ].clone()
    state |= {k: v for k, v in shallow.state_dict().items() if k.startswith("classifier")}
    deep.load_state_dict(state)


def by_places_of_a(deep: Any, shallow: Any) -> None:
    """Places that only column A begins with."""
    old, new = (stages_of(model.features) for model in (shallow, deep))
    for stage, place in ((0, 0), (1, 0), (2, 0), (2, 1)):
        new[stage][place].load_state_dict(old[stage][place].state_dict())
    deep.classifier.load_state_dict(shallow.classifier.state_dict())


def in_evaluation(deep: Any, shallow: Any) -> None:
    answers.reference["initialise_from"](deep, shallow)
    shallow.eval()


answers.wrong("initialise_from", "by the names in column A", by_names)
answers.wrong("initialise_from", "the places of column A", by_places_of_a)
answers.wrong("initialise_from", "the shallow one is left in evaluation mode", in_evaluation)
answers.wrong(
    "initialise_from",
    "a normalisation ends a stage",
    answers.changed(
        "initialise_from",
        "- if isinstance(layer, nn.MaxPool2d):\n"
        "+ if isinstance(layer, nn.MaxPool2d | nn.LocalResponseNorm):",
    ),
)
