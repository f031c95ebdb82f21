"""Checks of `initialise_from`: a deep network starts from a shallow one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from torch import Generator, nn

from autograde.authoring.checks import Mistake
from autograde.authoring.contracts import OfModel
from course.checks import Case, ask
from course.checks.inputs import seed_from
from course.labs.lab04_vgg.questions.changing import (
    deep_d,
    from_shallow,
    trained_after,
    transferred,
)

from .book import TIGHT, check


def _convolutions(model: Any) -> list[nn.Conv2d]:
    return [module for module in model.features if isinstance(module, nn.Conv2d)]


def _denses(model: Any) -> list[nn.Linear]:
    return [module for module in model.classifier if isinstance(module, nn.Linear)]


PLACES = ((0, 0), (1, 2), (2, 4), (3, 5))  # of A's convolutions in B, C, D and E
OF_B = ((0, 0), (1, 1), (2, 2), (3, 3))  # of B's in D and E


def _transfer(
    places: Sequence[tuple[int, int]] = (),
    dense: Sequence[int] = (0, 1, 2),
    names: Sequence[str] = ("weight", "bias"),
    give: Callable[[Any, Any, str], object] | None = None,
    *,
    give_convolutions: bool = True,
) -> Mapping[str, Any]:
    """Transfer between given places; ``give(target, source, name)`` hands over one parameter."""

    def copy(target: Any, source: Any, name: str) -> None:
        getattr(target, name).data.copy_(getattr(source, name))

    def transfer(deep: Any, shallow: Any) -> None:
        old, new = _convolutions(shallow), _convolutions(deep)
        wanted = places or (PLACES if len(old) == 8 else OF_B)
        couples: list[tuple[Any, Any]] = []
        if give_convolutions:
            couples += [(new[there], old[here]) for here, there in wanted]
        couples += [(_denses(deep)[number], _denses(shallow)[number]) for number in dense]
        for target, source in couples:
            for name in names:
                (give or copy)(target, source, name)

    return {"initialise_from": transfer}


CONTRACT = OfModel(
    {"column D": deep_d},
    lambda rng: (seed_from(rng),),
    adapter=from_shallow,
    judge=TIGHT,
    single=TIGHT,
    share=0.2,
)


@check.define(
    contract=CONTRACT,
    oracle=_transfer(),
    mistakes=[
        Mistake(
            "in_order_where_it_fits",
            _transfer(PLACES[:1]),
            "Only the first convolution was copied. A's second layer has 64 → 128 channels: "
            "which layer of the deep network has?",
        ),
        Mistake(
            "all_convolutions",
            _transfer((*PLACES, (4, 7), (5, 8), (6, 10), (7, 11))),
            "You copied all eight convolutions. The paper copied the first four.",
        ),
        Mistake(
            "a_fifth",
            _transfer((*PLACES, (4, 7))),
            "You copied more than four convolutions. The paper copied the first four.",
        ),
        Mistake(
            "no_classifier",
            _transfer(dense=()),
            "The three fully connected layers come from A, too.",
        ),
        Mistake(
            "classifier_only",
            _transfer(give_convolutions=False),
            "Only the fully connected layers were copied.",
        ),
        Mistake(
            "last_layer_missing",
            _transfer(dense=(0, 1)),
            "All three fully connected layers come from A, the scores' layer as well.",
        ),
        Mistake(
            "weights_only",
            _transfer(names=("weight",)),
            "Weights were copied, biases were not.",
        ),
        Mistake(
            "shared",
            _transfer(
                give=lambda target, source, name: setattr(target, name, getattr(source, name))
            ),
            "A parameter of the deep network was replaced. Is the new one A's own? Then training "
            "one network changes the other. And an optimizer that was made before trains the old "
            "one. Copy the values into the parameter that is there.",
        ),
        Mistake(
            "wrong_direction",
            _transfer(
                give=lambda deep, flat, name: getattr(flat, name).data.copy_(getattr(deep, name))
            ),
            "You wrote into the shallow network. The deep one is to be changed.",
        ),
    ],
)
def initialise_from(rng: Generator) -> Iterator[Case]:
    """The first four convolutions and the three fully connected layers of A, in a deeper net."""
    hint = (
        "Number the convolutions by stage: where do the stages of both networks begin? The first "
        "of stage 2 goes to the first of stage 2."
    )
    for title, says, places in PARTS:
        yield _part(title, says, places, seed_from(rng), hint)
    hint = (
        "Here all layers of the deep network count: four convolutions and the linear layers come "
        "from the shallow one, and all others keep their own start, as it is."
    )
    yield _whole("B", rng, hint)
    yield _whole("D", rng, hint, weight=2)
    hint = (
        "The first four convolutions of column B are other ones than A's: find the stages by the "
        "poolings of the networks that come."
    )
    yield _whole("D", rng, hint, shallow="B")
    hint = "Stages end at a pooling. What else stands between convolutions, as in A-LRN, ends none."
    yield _whole("D", rng, hint, shallow="A-LRN")
    text = "initialise_from(E, A), then A is trained further: both networks' parameters"
    yield Case(
        "both networks go their own ways",
        ask(trained_after, NAME, "E", "A", seed_from(rng), text=text),
        "Copy the values of weights and biases. Nothing is shared, and A stays as it is: its "
        "numbers, what is trainable, and the mode of each of its layers.",
        TIGHT,
        weight=5,
    )


NAME = "initialise_from"
PARTS = (
    ("the first convolution", "features.0", ["features.0."]),
    ("the convolution of stage 2", "features.5", ["features.5."]),
    ("the convolutions of stage 3", "features.10 and 12", ["features.10.", "features.12."]),
    ("the linear layers", "classifier", ["classifier."]),
)


def _part(title: str, says: str, places: Sequence[str], seed: int, hint: str) -> Case:
    text = f"initialise_from(D, A), both very narrow: {says} of D, each parameter as one sum"
    probe = ask(transferred, NAME, "D", "A", seed, places, text=text)
    if "linear" in title:
        hint = "All three fully connected layers come from A: weights and biases."
    return Case(title, probe, hint, TIGHT)


def _whole(name: str, rng: Generator, hint: str, weight: float = 1.0, shallow: str = "A") -> Case:
    text = f"initialise_from({name}, {shallow}), very narrow: {name}'s parameters, each as one sum"
    probe = ask(transferred, NAME, name, shallow, seed_from(rng), text=text)
    return Case(f"{name} from {shallow}, all of it", probe, hint, TIGHT, weight=weight)


@check.hidden("initialise_from")
def the_deepest(rng: Generator) -> Iterator[Case]:
    yield _whole("E", rng, "")
    yield _whole("E", rng, "", shallow="B")
