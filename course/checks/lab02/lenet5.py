"""Checks of lab 2: output layer, loss, network and table of 1998."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from course.checks import (
    Case,
    Mistake,
    ProbeError,
    ask,
    call,
    same,
    wording,
)
from course.checks.lab02.basis import (
    FOLLOW,
    TIGHT,
    Formula,
    Weights,
    answers_of,
    answers_of_formula,
    check,
    fan_in_scaled,
    gradients_at,
    in_float64,
    normal,
    parameters_of,
    set_parameter,
    signs,
    with_upstream,
)
from course.checks.lab02.sparse import load_wires, trace, wired
from course.checks.lab02.subsampling import box, fill_subsampling, squashed

# Output layer and loss of 1998 ------------------------------------------------------------


def squared_distances(x: Tensor, codes: Tensor) -> Tensor:
    """``(N, D), (K, D) -> (N, K)``."""
    return torch.cdist(x, codes).square()


def _wrong_rbf(function: Callable[[Tensor, Tensor], Tensor]) -> dict[str, Any]:
    return {"rbf_penalties": function}


@check.define(
    oracle={"rbf_penalties": squared_distances},
    mistakes=[
        Mistake("root_taken", _wrong_rbf(torch.cdist), "The paper leaves the squares: no root."),
        Mistake(
            "mean",
            _wrong_rbf(lambda x, c: torch.cdist(x, c) ** 2 / x.shape[1]),
            "You average over the units. The paper adds up.",
        ),
        Mistake(
            "dot_product",
            _wrong_rbf(lambda x, c: x @ c.T),
            "A dot product is large where x fits the code. A penalty is 0 there.",
        ),
        Mistake(
            "negative",
            _wrong_rbf(lambda x, c: -torch.cdist(x, c).square()),
            "A penalty is never negative; it is 0 where x is the code.",
        ),
        Mistake(
            "absolute",
            _wrong_rbf(lambda x, c: torch.cdist(x, c, p=1)),
            "These are sums of absolute differences.",
        ),
        Mistake(
            "transposed",
            _wrong_rbf(lambda x, c: torch.cdist(c, x).square()),
            "(K, N): images belong along the first axis.",
        ),
        Mistake(
            "halved",
            _wrong_rbf(lambda x, c: torch.cdist(x, c).square() / 2),
            "A factor 1/2 too much.",
        ),
    ],
)
def rbf_penalties(rng: Generator) -> Iterator[Case]:
    """Squared distance of each image's units to each class's code."""
    hint = "For one image and one class: subtract, square, add up. Then let broadcasting do all."
    x, codes = normal(rng, 4, 12), signs(rng, 10, 12)
    yield Case("four images, ten classes", call("rbf_penalties", x, codes), hint, TIGHT, weight=2)
    x, codes = normal(rng, 3, 84), signs(rng, 3, 84)
    yield Case("as many images as classes, 84 units", call("rbf_penalties", x, codes), hint, TIGHT)
    x, codes, upstream = normal(rng, 5, 7), signs(rng, 4, 7), normal(rng, 5, 4)
    text = "rbf_penalties and its gradients at x (5, 7) and codes (4, 7)"
    yield Case(
        "its gradients",
        ask(with_upstream, "rbf_penalties", upstream, x, codes, text=text),
        FOLLOW,
        TIGHT,
    )
    yield Case(
        "zero where the units are the code",
        ask(own_codes, "rbf_penalties", signs(rng, 6, 9), text="rbf_penalties(codes, codes)"),
        hint,
        TIGHT,
        weight=0.5,
    )


def own_codes(function: Callable[..., Any], codes: Tensor) -> Any:
    """Penalties ``(K, K + 1)`` of units that are the codes themselves; a far code comes last."""
    return function(codes.clone(), torch.cat([codes, codes[:1].neg()]))


def _map_loss(penalties: Tensor, labels: Tensor, j: float = 1.0) -> Tensor:
    """Cross-entropy in which one more class has the constant penalty j."""
    logits = F.pad(penalties.neg(), (0, 1), value=-j)
    return F.cross_entropy(logits, labels)


def _own(penalties: Tensor, labels: Tensor) -> Tensor:
    return penalties.gather(1, labels[:, None]).flatten()


def _wrong_loss(function: Callable[[Tensor, Tensor, float], Tensor]) -> dict[str, Any]:
    return {"map_loss": lambda penalties, labels, j=1.0: function(penalties, labels, j)}


LOSS_MISTAKES = [
    Mistake(
        "own_penalty_only",
        _wrong_loss(lambda y, t, j: _own(y, t).mean()),
        "That is equation 8, the simpler criterion: it only pulls at the right class. The "
        "logarithm that pushes the wrong ones away is missing.",
    ),
    Mistake(
        "constant_forgotten",
        _wrong_loss(lambda y, t, j: F.cross_entropy(-y, t)),
        "Without the constant this is an ordinary cross-entropy. Where does j come in?",
    ),
    Mistake(
        "constant_positive",
        _wrong_loss(lambda y, t, j: _map_loss(y, t, -j)),
        "The exponent of the constant has the other sign.",
    ),
    Mistake(
        "constant_not_an_exponent",
        _wrong_loss(lambda y, t, j: _map_loss(y, t, -math.log(j))),
        "You add j itself. The equation has e to the power of -j.",
    ),
    Mistake(
        "constant_outside",
        _wrong_loss(lambda y, t, j: F.cross_entropy(-y, t) + math.exp(-j)),
        "The constant stands inside the logarithm, beside the sum.",
    ),
    Mistake(
        "penalties_as_logits",
        _wrong_loss(lambda y, t, j: _map_loss(-y, t, j)),
        "The smaller a penalty, the better the class. Which sign has it in the exponent?",
    ),
    Mistake(
        "summed",
        _wrong_loss(lambda y, t, j: _map_loss(y, t, j) * len(t)),
        "The mean over the batch, so that the batch size does not change the step.",
    ),
    Mistake(
        "right_class_left_out",
        _wrong_loss(
            lambda y, t, j: (
                _own(y, t)
                + F.pad(-y, (0, 1), value=-j).scatter(1, t[:, None], -math.inf).logsumexp(1)
            ).mean()
        ),
        "The sum runs over all classes, the right one too.",
    ),
    Mistake(
        "logarithm_only",
        _wrong_loss(lambda y, t, j: _map_loss(y, t, j) - _own(y, t).mean()),
        "The penalty of the right class is missing.",
    ),
]


def losses(
    function: Callable[..., Any], penalties: Tensor, labels: Tensor, constants: Sequence[float]
) -> list[Any]:
    """The loss with each constant j."""
    return [function(penalties, labels, j=j) for j in constants]


def loss_gradient(function: Callable[..., Any], penalties: Tensor, labels: Tensor, j: float) -> Any:
    """Gradient of the loss at the penalties."""
    leaf = penalties.requires_grad_()
    value = function(leaf, labels, j=j)
    one = torch.ones((), dtype=torch.float64)
    return gradients_at(value, one, {"penalties": leaf})["penalties"]


def penalties_and_labels(rng: Generator, count: int, classes: int, high: float = 6.0) -> Any:
    """Penalties ``(N, K)`` from 0 to ``high``, and labels ``(N,)``."""
    penalties = torch.rand(count, classes, generator=rng, dtype=torch.float64) * high
    return penalties, torch.randint(0, classes, (count,), generator=rng)


@check.define(oracle={"map_loss": _map_loss}, mistakes=LOSS_MISTAKES)
def map_loss(rng: Generator) -> Iterator[Case]:
    """The paper's equation 9: pull the right class, push the others, but not for ever."""
    hint = "One image on paper: the right penalty, plus the logarithm of a sum of exponentials."
    batch = penalties_and_labels(rng, 6, 4)
    yield Case("six images, four classes", call("map_loss", *batch), hint, TIGHT, weight=2)
    batch = penalties_and_labels(rng, 9, 10)
    text = "map_loss(penalties (9, 10), labels, j) for j = 0.1, 2, 5"
    yield Case(
        "other constants",
        ask(losses, "map_loss", *batch, [0.1, 2.0, 5.0], text=text),
        hint,
        TIGHT,
        weight=2,
    )
    batch = penalties_and_labels(rng, 5, 3)
    yield Case(
        "its gradient",
        ask(loss_gradient, "map_loss", *batch, 2.0, text="gradient of map_loss, j = 2"),
        FOLLOW,
        TIGHT,
        weight=2,
    )


# LeNet-5 ----------------------------------------------------------------------------------

MAPS = {"c1": (6, 1), "c3": (16, 6), "c5": (120, 16)}
Stage = Callable[[Tensor], Tensor]


def lenet5_weights(rng: Generator, classes: int = 10) -> dict[str, Tensor]:
    """Weights of a LeNet-5, by layer, none of them saturating a unit; float64."""
    weights = {name: fan_in_scaled(rng, o, i, 5, 5) for name, (o, i) in MAPS.items()}
    weights["c3"] = weights["c3"] * wired().double()[:, :, None, None]
    weights["f6"] = fan_in_scaled(rng, 84, 120)
    biases = {f"{name} bias": normal(rng, len(one)) * 0.3 for name, one in weights.items()}
    pools = {
        f"{layer} {part}": normal(rng, count) * 0.5
        for layer, count in (("s2", 6), ("s4", 16))
        for part in ("coefficient", "bias")
    }
    return {**weights, **biases, **pools, "codes": signs(rng, classes, 84)}


def _lenet5(
    squash_after: str = "c1 s2 c3 s4 c5 f6",
    distance: Callable[[Tensor, Tensor], Tensor] = squared_distances,
    activation: Stage = squashed,
    pool: Callable[[Weights, Tensor], Tensor] = box,
    dense_c3: bool = False,
) -> Formula:
    """LeNet-5 as a formula; the arguments are the places where it can go wrong."""

    def compute(w: Weights, x: Tensor) -> Tensor:
        def layer(value: Tensor, name: str) -> Tensor:
            if name[0] == "s":
                value = pool({p: w[f"{name} {p}"] for p in ("coefficient", "bias")}, value)
            elif name == "f6":
                value = F.linear(value.flatten(1), w[name], w["f6 bias"])
            else:
                value = F.conv2d(value, w[name], w[f"{name} bias"])
            return activation(value) if name in squash_after else value

        return distance(reduce(layer, ("c1", "s2", "c3", "s4", "c5", "f6"), x), w["codes"])

    return Formula(60_900 if dense_c3 else 60_000, compute)


SHOWN_GRADIENTS = ("x", "c1", "s2 coefficient", "s4 bias", "c5 bias", "f6 bias")


def penalties_of(made_by: Any, weights: Weights, x: Tensor, upstream: Tensor) -> Any:
    """Penalties of a LeNet-5 with these weights, and some gradients."""
    if isinstance(made_by, Formula):
        return answers_of_formula(made_by, weights, x, upstream, SHOWN_GRADIENTS)
    model = in_float64(made_by(weights["codes"]))
    leaves = _fill_lenet5(model, weights)
    found = answers_of(model(x.requires_grad_()), upstream, {"x": x, **leaves})
    shapes = {f"gradient at {name}": weights[name].shape for name in leaves}
    return {key: one.reshape(shapes.get(key, one.shape)) for key, one in found.items()}


def _fill_lenet5(model: nn.Module, weights: Weights) -> dict[str, Tensor]:
    """Copy the weights in by the names of the layers; the parameters of ``SHOWN_GRADIENTS``."""
    wires = trace(_part(model, "c3"), "c3")
    load_wires(wires, weights["c3"], weights["c3 bias"])
    filled: dict[str, Tensor] = {}
    for name in ("c1", "c5", "f6"):
        layer = _part(model, name)
        for part, key in (("weight", name), ("bias", f"{name} bias")):
            own = getattr(layer, part, None)
            filled[key] = set_parameter(own, weights[key], f"{name}.{part}")
    for name in ("s2", "s4"):
        parts = {part: weights[f"{name} {part}"] for part in ("coefficient", "bias")}
        own_parts = fill_subsampling(_part(model, name), parts, f"{name}.")
        filled |= {f"{name} {part}": one for part, one in own_parts.items()}
    return {name: filled[name] for name in SHOWN_GRADIENTS if name != "x"}


def _part(model: nn.Module, name: str) -> nn.Module:
    found = getattr(model, name, None)
    if not isinstance(found, nn.Module):
        raise ProbeError(f"expected a layer called `{name}` in the network, found none")
    return found


def codes_kept(made_by: Any, codes: Tensor) -> dict[str, Any]:
    """Whether the codes are in the state that is saved, and not among what is trained."""
    if isinstance(made_by, Formula):
        return {"trained": False, "saved with the weights": True}
    model = in_float64(made_by(codes))
    same_shape = [key for key, one in model.state_dict().items() if one.shape == codes.shape]
    own = {name for name, one in model.named_parameters() if one.requires_grad}
    kept = [key for key in same_shape if torch.equal(model.state_dict()[key].double(), codes)]
    return {"trained": bool(own & set(kept)), "saved with the weights": bool(kept)}


def _wrong_lenet5(**fault: Any) -> dict[str, Any]:
    return {"LeNet5": _lenet5(**fault)}


LENET5_MISTAKES = [
    Mistake(
        "f6_not_squashed",
        _wrong_lenet5(squash_after="c1 s2 c3 s4 c5"),
        "F6 has a squashing function too: without it its units could never be compared with ±1.",
    ),
    Mistake(
        "convolutions_not_squashed",
        _wrong_lenet5(squash_after="s2 s4 f6"),
        "The maps of C1, C3 and C5 go through the squashing function as well.",
    ),
    Mistake(
        "c1_c3_not_squashed",
        _wrong_lenet5(squash_after="s2 s4 c5 f6"),
        "The maps of C1 and C3 go through the squashing function as well.",
    ),
    Mistake(
        "c5_not_squashed",
        _wrong_lenet5(squash_after="c1 s2 c3 s4 f6"),
        "C5 is a convolution as the others are: what follows it?",
    ),
    Mistake(
        "only_subsampling_squashed",
        _wrong_lenet5(squash_after="s2 s4"),
        "Only S2 and S4 squash in your network. The paper squashes up to F6.",
    ),
    Mistake(
        "plain_tanh",
        _wrong_lenet5(activation=torch.tanh),
        "Nearly: the squashing function is not a plain tanh.",
    ),
    Mistake(
        "relu",
        _wrong_lenet5(activation=F.relu),
        "ReLU is for the modern form. In 1998 the units are squashed.",
    ),
    Mistake(
        "root_taken",
        _wrong_lenet5(distance=torch.cdist),
        "The output is the squared distance.",
    ),
    Mistake(
        "negative",
        _wrong_lenet5(distance=lambda x, c: -squared_distances(x, c)),
        "The output is a penalty: 0 for a perfect fit, positive else.",
    ),
    Mistake(
        "dot_product",
        _wrong_lenet5(distance=lambda x, c: x @ c.T),
        "The output compares F6 with each code by a squared distance, not by a dot product.",
    ),
    Mistake(
        "squashed_twice",
        _wrong_lenet5(pool=lambda w, x: squashed(box(w, x))),
        "Subsampling squashes already. Is its output squashed once more?",
    ),
    Mistake(
        "dense_c3",
        _wrong_lenet5(dense_c3=True),
        "60,900 parameters: 900 too many, all in C3.",
    ),
]


@check.define(name="LeNet5", oracle={"LeNet5": _lenet5()}, mistakes=LENET5_MISTAKES)
def lenet5(rng: Generator) -> Iterator[Case]:
    """The network of 1998: 60,000 trained parameters, ten penalties."""
    codes = signs(rng, 10, 84)
    yield Case(
        "60,000 trained parameters",
        ask(parameters_of, "LeNet5", codes, text="trained parameters of LeNet5(codes)"),
        "156 + 12 + 1,516 + 32 + 48,120 + 10,164. Print the count of each of your layers. The "
        "codes are fixed and do not count.",
        same(),
        60_000,
        2,
    )
    yield Case(
        "the codes are fixed, and saved with the weights",
        ask(codes_kept, "LeNet5", codes, text="the codes in LeNet5(codes)"),
        "A tensor that belongs to a module and is not trained: look up register_buffer.",
        same(),
        {"trained": False, "saved with the weights": True},
    )
    yield lenet5_case(rng, "penalties and gradients of three images", 3, 4)
    yield lenet5_case(rng, "a batch of one", 1, 1)


def lenet5_case(rng: Generator, title: str, count: int, weight: float, classes: int = 10) -> Case:
    """Penalties and gradients of ``count`` images, with weights copied in."""
    weights, x = lenet5_weights(rng, classes), normal(rng, count, 1, 32, 32)
    text = f"LeNet5(codes) on x {(count, 1, 32, 32)}, with given weights"
    upstream = normal(rng, count, classes) / 50
    return Case(
        title,
        ask(penalties_of, "LeNet5", weights, x, upstream, text=text),
        "Follow one image through the layers with print(x.shape). What comes after each layer?",
        TIGHT,
        weight=weight,
    )


# The paper's table ------------------------------------------------------------------------

TABLE = {
    "C1": (156, 122_304),
    "S2": (12, 5_880),
    "C3": (1_516, 151_600),
    "S4": (32, 2_000),
    "C5": (48_120, 48_120),
    "F6": (10_164, 10_164),
}


def row_of(function: Callable[[], Any], layer: str) -> list[Any]:
    """The pair of one layer."""
    table = function()
    if not isinstance(table, Mapping) or layer not in table:
        raise ProbeError(f"expected a dict with the key {layer!r}, found {wording.kind_of(table)}")
    return list(table[layer])


def _wrong_table(**rows: tuple[int, int]) -> dict[str, Any]:
    return {"lenet5_table": lambda: TABLE | rows}


@check.define(
    oracle={"lenet5_table": lambda: TABLE},
    mistakes=[
        Mistake(
            "biases_not_connected",
            _wrong_table(
                C1=(156, 117_600), S2=(12, 4_704), C3=(1_516, 150_000), S4=(32, 1_600),
                C5=(48_120, 48_000), F6=(10_164, 10_080),
            ),
            "The paper counts the line from the constant 1 to a unit, its bias, as a connection.",
        ),
        Mistake(
            "one_line_for_four",
            _wrong_table(S2=(12, 2_352), S4=(32, 800)),
            "The four inputs share one coefficient, and yet they are four lines into the unit.",
        ),
        Mistake(
            "dense_c3",
            _wrong_table(C3=(2_416, 241_600)),
            "In C3 not every map sees every other. Count the connections of the table.",
        ),
        Mistake(
            "four_weights",
            _wrong_table(S2=(30, 5_880), S4=(80, 2_000)),
            "The four inputs of a subsampling unit share one coefficient.",
        ),
        Mistake(
            "size_of_the_input",
            _wrong_table(C1=(156, 159_744), C3=(1_516, 297_136)),
            "You multiply by the places of the input. The kernel has fewer: see conv_output_size.",
        ),
        Mistake(
            "size_of_the_input_of_s",
            _wrong_table(S2=(12, 23_520), S4=(32, 8_000)),
            "You count the units of the layer before. After subsampling a quarter is left.",
        ),
    ],
)  # fmt: skip
def lenet5_table(rng: Generator) -> Iterator[Case]:
    """Parameters and connections of each layer, as in the paper."""
    for layer in TABLE:
        yield Case(
            f"{layer}: parameters and connections",
            ask(row_of, "lenet5_table", layer, text=f"lenet5_table()[{layer!r}]"),
            "Take one unit of the layer: how many lines run into it, the one from the constant "
            "included? How many units are there, and how many of them share weights?",
            same(),
        )
