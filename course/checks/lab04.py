"""Checks of lab 4: why a cascade of convolutions, and VGG.

Receptive fields and FLOPs are compared with what torch measures. Whole networks are counted on the
``meta`` device at the paper's size, and compared by value at 1/32 of its width: their parameters
are filled from a seed, in the order of ``parameters()``, and what comes out is compared with a
network that is run from the table, and with torchvision's VGG.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from course.checks import Case, Checks, Mistake, ProbeError, ask, call, close, same
from course.checks.inputs import normal as normal
from course.checks.inputs import whole as whole

check = Checks("lab04_vgg")

Entry = int | str | tuple[int, int]

TIGHT = close(rtol=1e-7, atol=1e-10, dtype=False)
DEEP = close(rtol=1e-6, atol=1e-9, dtype=False)  # after 16 layers in float64
NARROW = 1 / 32  # the width at which whole columns are compared: 2 to 16 channels
SHALLOW = 1 / 16  # and short ones; two poolings take images of 28 × 28 to maps of 7 × 7

# Inputs -----------------------------------------------------------------------------------


def seed_from(rng: Generator) -> int:
    """A seed for what is drawn in the student's process."""
    return whole(rng, 0, 10**6)


def _module(thing: Any, source: str) -> nn.Module:
    if not isinstance(thing, nn.Module):
        raise ProbeError(f"{source} returned {type(thing).__name__}, expected an nn.Module")
    return thing


def filled(model: nn.Module, seed: int) -> nn.Module:
    """The model in float64 and evaluation mode, with parameters drawn in their order.

    Weights have He's variance, so that numbers keep their size through many layers.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.double().eval().parameters():
            drawn = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            fan_in = max(parameter[0].numel(), 1) if parameter.ndim > 1 else 50
            parameter.copy_(drawn * (2 / fan_in) ** 0.5)
    return model


# Receptive fields -------------------------------------------------------------------------

Layers = Sequence[tuple[int, int]]


def pairs(layers: Any) -> list[tuple[int, int]]:
    """``(kernel, stride)`` pairs as tuples again, whatever the journey made of them."""
    return [(int(kernel), int(stride)) for kernel, stride in layers]


def on_tables(function: Callable[..., Any], tables: Any) -> list[Any]:
    """What the function says of each list of ``(kernel, stride)``."""
    return [function(pairs(layers)) for layers in tables]


def _measured_field(layers: Layers) -> int:
    """Width of the stretch of inputs that one output of 1-d layers of ones depends on."""
    length = 1
    while True:
        x = torch.ones(1, 1, length, dtype=torch.float64, requires_grad=True)
        y = _through(layers, x)
        if y is not None:
            (slope,) = torch.autograd.grad(y[0, 0, 0], x)
            return int(slope[0, 0].nonzero().max()) + 1
        length *= 2


def _through(layers: Layers, x: Tensor) -> Tensor | None:
    for window, hop in layers:
        if x.shape[-1] < window:
            return None
        x = F.conv1d(x, torch.ones(1, 1, window, dtype=x.dtype) / window, stride=hop)
    return x


def _field_by(step: Callable[[int, int, int, int], tuple[int, int]]) -> Mapping[str, Any]:
    """A wrong field: ``step(field, jump, kernel, stride)`` gives the next field and jump."""

    def field(layers: Layers) -> int:
        size, jump = 1, 1
        for window, hop in layers:
            size, jump = step(size, jump, window, hop)
        return size

    return {"receptive_field": field}


ALEXNET = ((11, 4), (3, 2), (5, 1), (3, 2), (3, 1), (3, 1), (3, 1), (3, 2))


@check.define(
    oracle={"receptive_field": _measured_field},
    mistakes=[
        Mistake(
            "kernels_added",
            _field_by(lambda f, j, k, s: (f + k * j, j * s)),
            "Two windows that lie next to each other overlap. A kernel of 3 adds two pixels to "
            "what the layer before sees, one on each side.",
        ),
        Mistake(
            "kernels_multiplied",
            _field_by(lambda f, j, k, s: (f * k, j)),
            "Draw two 3×3 layers on squared paper: how many pixels does one output see? Not 9.",
        ),
        Mistake(
            "strides_ignored",
            _field_by(lambda f, j, k, s: (f + k - 1, j)),
            "Right as long as every stride is 1. After a layer with stride 2, by how many input "
            "pixels do two neighbouring outputs lie apart?",
        ),
        Mistake(
            "own_stride_first",
            _field_by(lambda f, j, k, s: (f + (k - 1) * j * s, j * s)),
            "A layer's own stride does not widen its own window, only the windows after it.",
        ),
        Mistake(
            "last_stride_only",
            _field_by(lambda f, j, k, s: (f + (k - 1) * j, s)),
            "You use the stride of the layer just before. All strides before count, together.",
        ),
        Mistake(
            "read_backwards",
            {"receptive_field": lambda layers: _measured_field(tuple(reversed(layers)))},
            "You read the list from the wrong end: the first layer is the one at the image.",
        ),
    ],
)
def receptive_field(rng: Generator) -> Iterator[Case]:
    """How many pixels, along one side, can change one output."""
    hint = "How many steps of the input does one more pixel of the window cost, layer by layer?"
    plain = [[(3, 1)] * depth for depth in (1, 2, 3)] + [[(5, 1)], [(7, 1)], []]
    yield Case(
        "stacks with stride 1",
        ask(
            on_tables,
            "receptive_field",
            plain,
            text="one, two and three 3×3; one 5×5; one 7×7; no layer at all",
        ),
        hint,
        same(),
        weight=2,
    )
    for number in (3, 5):
        table = strided(rng, number)
        tried = f"receptive_field({table})"
        probe = ask(on_tables, "receptive_field", [table], text=tried)
        yield Case(f"{number} layers with strides", probe, hint, same(), weight=2)
    probe = ask(on_tables, "receptive_field", [ALEXNET], text="AlexNet's layers up to pool 5")
    yield Case("AlexNet up to its last pooling", probe, hint, same())


def strided(rng: Generator, layers: int) -> list[tuple[int, int]]:
    """Kernels from 2 to 5, strides from 1 to 3, the first above 1, no two neighbours equal."""
    table = [(whole(rng, 2, 5), whole(rng, 1, 3)) for _ in range(layers)]
    return [(whole(rng, 3, 5), 2), *table[1:-1], (2, 3)]


# Parameters of a stack --------------------------------------------------------------------


def _counted(channels: int, kernel: int, depth: int) -> int:
    """Weights that torch makes for such a stack."""
    with torch.device("meta"):
        layers = [nn.Conv2d(channels, channels, kernel, bias=False) for _ in range(depth)]
    return sum(layer.weight.numel() for layer in layers)


def _stack_of(formula: Callable[[int, int, int], int]) -> Mapping[str, Any]:
    return {"stack_parameters": lambda channels, kernel, depth: formula(channels, kernel, depth)}


def on_stacks(function: Callable[..., Any], stacks: Any) -> list[Any]:
    """The function on each ``(channels, kernel, depth)``."""
    return [function(*stack) for stack in stacks]


@check.define(
    oracle={"stack_parameters": _counted},
    mistakes=[
        Mistake(
            "with_biases",
            _stack_of(lambda c, k, d: _counted(c, k, d) + c * d),
            "You count the biases too. Here they are left out, as in the paper's comparison.",
        ),
        Mistake(
            "channels_once",
            _stack_of(lambda c, k, d: c * k * k * d),
            "Each of the C output channels looks at how many input channels?",
        ),
        Mistake(
            "one_layer",
            _stack_of(lambda c, k, d: _counted(c, k, 1)),
            "This is one layer, whatever the depth.",
        ),
        Mistake(
            "kernel_once",
            _stack_of(lambda c, k, d: c * c * k * d),
            "A kernel has two sides.",
        ),
        Mistake(
            "the_large_kernel",
            _stack_of(lambda c, k, d: _counted(c, d * (k - 1) + 1, 1)),
            "This is the one large convolution with the same receptive field, not the stack.",
        ),
        Mistake(
            "depth_in_the_exponent",
            _stack_of(lambda c, k, d: (c * k) ** 2 ** max(d - 1, 1)),
            "Layers come one after the other: their parameters add up.",
        ),
    ],
)
def stack_parameters(rng: Generator) -> Iterator[Case]:
    """Weights of several convolutions, one after the other, without biases."""
    hint = "One layer: outputs × inputs × kernel height × kernel width. Then how many layers?"
    channels = whole(rng, 5, 90)
    yield Case(
        "two 3×3 beside one 5×5, three 3×3 beside one 7×7",
        ask(
            on_stacks,
            "stack_parameters",
            [(channels, 3, 2), (channels, 5, 1), (channels, 3, 3), (channels, 7, 1)],
            text=f"stack_parameters({channels}, 3, 2), ({channels}, 5, 1), … (7, 1)",
        ),
        hint,
        same(),
    )
    for _ in range(2):
        stack = whole(rng, 2, 600), whole(rng, 2, 9), whole(rng, 2, 6)
        yield Case("another stack", call("stack_parameters", *stack), hint, same())


# Measured receptive fields ----------------------------------------------------------------

ERF = "effective_receptive_field"


def stacked(weights: Sequence[Tensor], stride: int = 1) -> nn.Module:
    """Convolutions with these weights ``(K, C, k, k)``, padded, with ReLU between them."""
    layers: list[nn.Module] = []
    for weight in weights:
        out_channels, in_channels, kernel, _ = weight.shape
        layer = nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, bias=False)
        layer.weight = nn.Parameter(weight.clone())
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def map_of(function: Any, images: Tensor, stride: int, *weights: Tensor) -> Any:
    """The student's map ``(H, W)`` for a stack of convolutions."""
    return function(stacked(weights, stride), images)


def map_twice(function: Any, images: Tensor, *weights: Tensor) -> dict[str, Any]:
    """The map asked for twice, and what became of the images."""
    network = stacked(weights)
    first, second = function(network, images), function(network, images)
    return {
        "first": first,
        "second": second,
        "images.requires_grad": images.requires_grad,
        "images.grad is None": images.grad is None,
    }


def _slopes(
    network: nn.Module, images: Tensor, seen: Callable[[Tensor], Tensor] | None = None
) -> Tensor:
    """Derivative of what ``seen`` makes of the output, by torch's Jacobian; ``(N, C, H, W)``."""
    look = seen or (lambda y: y[..., y.shape[2] // 2, y.shape[3] // 2].sum())
    jacobian = torch.autograd.functional.jacobian(lambda x: look(network(x)), images)
    return torch.as_tensor(jacobian)


def _as_share(values: Tensor) -> Tensor:
    return values / values.sum()


def _map_by(
    combine: Callable[[Tensor], Tensor], seen: Callable[[Tensor], Tensor] | None = None
) -> Mapping[str, Any]:
    return {ERF: lambda network, images: combine(_slopes(network, images, seen))}


def _summed(slopes: Tensor) -> Tensor:
    return slopes.abs().sum(dim=(0, 1))


def _piling_up(network: nn.Module, images: Tensor) -> Tensor:
    images.requires_grad_()
    y = network(images)
    y[..., y.shape[2] // 2, y.shape[3] // 2].sum().backward()
    return _as_share(_summed(torch.as_tensor(images.grad)))


@check.define(
    oracle=_map_by(lambda slopes: _as_share(_summed(slopes))),
    mistakes=[
        Mistake(
            "signs_cancel",
            _map_by(lambda slopes: _as_share(slopes.sum(dim=(0, 1)))),
            "Positive and negative gradients cancel in your sum. What counts is how much a pixel "
            "matters, not in which direction.",
        ),
        Mistake(
            "absolute_too_late",
            _map_by(lambda slopes: _as_share(slopes.sum(dim=(0, 1)).abs())),
            "Absolute values come before the sum over images and channels, or signs cancel.",
        ),
        Mistake(
            "all_outputs",
            _map_by(lambda slopes: _as_share(_summed(slopes)), lambda y: y.sum()),
            "You differentiate the whole output map. Wanted is one place of it, the centre.",
        ),
        Mistake(
            "corner",
            _map_by(lambda slopes: _as_share(_summed(slopes)), lambda y: y[..., 0, 0].sum()),
            "You look at the output at the corner, where half of the window is padding.",
        ),
        Mistake(
            "first_channel",
            _map_by(
                lambda slopes: _as_share(_summed(slopes)),
                lambda y: y[:, 0, y.shape[2] // 2, y.shape[3] // 2].sum(),
            ),
            "You look at output channel 0 alone: sum over all of them.",
        ),
        Mistake(
            "first_image",
            _map_by(lambda slopes: _as_share(slopes[0].abs().sum(dim=0))),
            "Only the first image counts in your map.",
        ),
        Mistake(
            "not_normalised",
            _map_by(_summed),
            "The shape is right; the values should be shares that sum to 1.",
        ),
        Mistake(
            "maximum_is_one",
            _map_by(lambda slopes: _summed(slopes) / _summed(slopes).max()),
            "Your largest value is 1. Wanted: the sum is 1.",
        ),
        Mistake(
            "squared",
            _map_by(lambda slopes: _as_share(slopes.square().sum(dim=(0, 1)))),
            "You square the gradients. Wanted are their absolute values.",
        ),
        Mistake(
            "piles_up",
            {ERF: _piling_up},
            "The gradient piles up in images.grad, and the caller's images are changed. Work on a "
            "copy, or let torch.autograd.grad return the gradient.",
        ),
    ],
)
def effective_receptive_field(rng: Generator) -> Iterator[Case]:
    """How much each pixel matters to the output at the centre, as shares of 1."""
    hint = "Which output, differentiated by what, and summed over which axes?"
    weights = normal(rng, 1, 1, 3, 3)
    yield Case(
        "one 3×3 convolution",
        ask(
            map_of, ERF, normal(rng, 1, 1, 5, 5), 1, weights, text="one 3×3, an image (1, 1, 5, 5)"
        ),
        "With one linear layer the map is the kernel itself, in absolute values, around the "
        "middle pixel.",
        TIGHT,
        weight=2,
    )
    deep = [normal(rng, 4, 2, 3, 3), normal(rng, 4, 4, 3, 3), normal(rng, 3, 4, 3, 3)]
    images = normal(rng, 3, 2, 9, 12)
    text = "three 3×3 with ReLU, images (3, 2, 9, 12)"
    yield Case("three layers", ask(map_of, ERF, images, 1, *deep, text=text), hint, TIGHT, weight=3)
    text = "two 3×3 with stride 2, images (2, 2, 13, 10)"
    images = normal(rng, 2, 2, 13, 10)
    yield Case("with strides", ask(map_of, ERF, images, 2, *deep[:2], text=text), hint, TIGHT)
    text = "the same call twice, and then the images"
    twice = ask(map_twice, ERF, normal(rng, 2, 2, 7, 7), *deep[:2], text=text)
    yield Case(
        "asked twice, it answers the same",
        twice,
        "The caller's images should come out as they went in.",
        TIGHT,
    )


# The table --------------------------------------------------------------------------------

WIDTHS = (64, 128, 256, 512, 512)  # channels of the five stages
STAGES = {"A": "11222", "B": "22222", "D": "22333", "E": "22444"}  # 3×3 layers in each
PARAMETERS = {
    "A": 132_863_336,
    "A-LRN": 132_863_336,
    "B": 133_047_848,
    "C": 133_638_952,
    "D": 138_357_544,
    "E": 143_667_240,
}
NAMES = tuple(PARAMETERS)


def column_of(name: str) -> list[Entry]:
    """Column ``name`` of the paper's table 1, from the numbers of layers in its stages."""
    base = {"A-LRN": "A", "C": "B"}.get(name, name)
    column: list[Entry] = []
    for stage, (count, channels) in enumerate(zip(STAGES[base], WIDTHS, strict=True)):
        column += [channels] * int(count)
        column += [(channels, 1)] if name == "C" and stage >= 2 else []
        column.append("M")
    return [column[0], "LRN", *column[1:]] if name == "A-LRN" else column


def as_column(entries: Any) -> list[Entry]:
    """Entries with pairs as tuples again, whatever the journey made of them."""
    return [tuple(entry) if isinstance(entry, list) else entry for entry in entries]


def told(configs: Any, name: str) -> Any:
    """The student's column: a pair with kernel 3 is written as its channels alone."""
    if not configs:
        raise NotImplementedError("VGG_CONFIGS is empty")
    if name not in configs:
        raise ProbeError(f"VGG_CONFIGS has no column {name!r}; it has: {', '.join(configs)}")
    entries = [list(e) if isinstance(e, tuple | list) else e for e in configs[name]]
    return [e[0] if isinstance(e, list) and e[1:] == [3] else e for e in entries]


def _columns(change: Callable[[str, list[Entry]], list[Entry]]) -> Mapping[str, Any]:
    return {"VGG_CONFIGS": {name: change(name, column_of(name)) for name in NAMES}}


def _without(*kinds: str) -> Callable[[str, list[Entry]], list[Entry]]:
    return lambda name, column: [entry for entry in column if entry not in kinds]


def _three_by_three(name: str, column: list[Entry]) -> list[Entry]:
    return [entry[0] if isinstance(entry, tuple) else entry for entry in column]


def _ones_first(name: str, column: list[Entry]) -> list[Entry]:
    """Column C with the 1×1 at the front of its stage."""
    if name != "C":
        return column
    stages = [[w, w] for w in WIDTHS[:2]] + [[(w, 1), w, w] for w in WIDTHS[2:]]
    return [entry for stage in stages for entry in [*stage, "M"]]


@check.define(
    oracle=_columns(lambda name, column: column),
    mistakes=[
        Mistake(
            "C_with_3x3",
            _columns(_three_by_three),
            "Column C is as deep as D, but its extra convolutions look at one pixel only.",
        ),
        Mistake(
            "ones_first",
            _columns(_ones_first),
            "The 1×1 of column C is the last convolution of its stage, not the first.",
        ),
        Mistake(
            "no_LRN",
            _columns(_without("LRN")),
            "A-LRN is A with one local response normalisation. Where does the table have it?",
        ),
        Mistake(
            "last_pool_missing",
            _columns(lambda name, column: column[:-1]),
            "There are five poolings: 224 → 112 → 56 → 28 → 14 → 7. The last one follows the "
            "last convolution.",
        ),
        Mistake(
            "LRN_last",
            _columns(
                lambda name, column: (
                    [*column_of("A"), "LRN"] if name == "A-LRN" else column  # at the far end
                )
            ),
            "The normalisation stands after the first convolution.",
        ),
    ],
)
def VGG_CONFIGS(rng: Generator) -> Iterator[Case]:
    """Six columns of the paper's table 1, as data."""
    hints = {
        "C": "Compare with B: what do the stages 3, 4 and 5 have more?",
        "A-LRN": "One entry more than column A.",
        "E": "19 layers with weights, three of them fully connected: 16 convolutions.",
    }
    for name in NAMES:
        yield Case(
            f"column {name}",
            ask(told, "VGG_CONFIGS", name, text=f'VGG_CONFIGS["{name}"]'),
            hints.get(name, "Read the column from the top, one entry for each row."),
            same(),
            weight=2 if name in ("A-LRN", "C") else 1,
        )


# The builder ------------------------------------------------------------------------------


SHORT: list[Entry] = [64, 96, "M", 128, "M"]
SHORT_LRN: list[Entry] = [96, "LRN", "M", 128, "M"]
SHORT_ONES: list[Entry] = [64, "M", 96, (128, 1), "M"]
LRN_HINT = (
    '"LRN" is AlexNet\'s normalisation, after the ReLU, with its constants: k = 2 among them.'
)


class TableNetwork(nn.Module):
    """A network run straight from a column: a flat list of parameters and ``torch.nn.functional``.

    Args:
        slips: what it does wrong, by name; nothing of it for the right network.
    """

    def __init__(
        self, column: Sequence[Entry], num_classes: int = 1000, width: float = 1.0, **slips: bool
    ) -> None:
        super().__init__()
        self.column, self.slips = list(column), slips
        classes = 1000 if slips.get("classes_ignored") else num_classes
        # Wide layers on meta only, where shapes are compared: filling them takes seconds.
        wide = slips.get("width_ignored") and torch.empty(()).is_meta
        hidden = 4096 if wide else max(1, round(4096 * width))
        shapes = self._convolutions(width)
        flat = shapes[-1][0] * 7 * 7
        count = 1 if slips.get("one_hidden") else 2
        sizes = [flat, *[hidden] * count, classes]
        shapes += [(out, into) for into, out in pairwise(sizes)]
        self.flat = nn.ParameterList()
        for shape in shapes:
            self.flat += [torch.empty(shape)]
            self.flat += [] if slips.get("no_bias") and len(shape) == 4 else [torch.empty(shape[0])]
        self.split = len(self.flat) - 2 * (count + 1)

    def _convolutions(self, width: float) -> list[tuple[int, ...]]:
        shapes: list[tuple[int, ...]] = []
        channels = 3
        for entry in self.column:
            if isinstance(entry, str):
                continue
            wide, kernel = entry if isinstance(entry, tuple) else (entry, 3)
            kernel = 3 if self.slips.get("all_3x3") else kernel
            scaled = max(1, round(wide * width))
            shapes.append((scaled, channels, kernel, kernel))
            channels = scaled
        return shapes

    def features(self, x: Tensor) -> Tensor:
        """``(N, 3, 224, 224) -> (N, C, 7, 7)``."""
        left = list(self.flat[: self.split])
        for place, entry in enumerate(self.column):
            if isinstance(entry, str):
                x = self._between(entry, x)
                continue
            weight = left.pop(0)
            bias = None if self.slips.get("no_bias") else left.pop(0)
            x = F.conv2d(x, weight, bias, padding=weight.shape[-1] // 2)
            postponed = self.column[place + 1] == "LRN" and self.slips.get("lrn_first")
            x = x if postponed or self.slips.get("no_relu") else F.relu(x)
        return x

    def _between(self, kind: str, x: Tensor) -> Tensor:
        if kind == "M":
            average = self.slips.get("average_pool")
            return F.avg_pool2d(x, 2, 2) if average else F.max_pool2d(x, 2, 2)
        if self.slips.get("no_lrn"):
            return x
        alpha = 1e-4 if self.slips.get("lrn_average") else 5e-4
        beta, k = (0.75, 1.0) if self.slips.get("lrn_k") else (0.75, 2.0)
        x = F.local_response_norm(x, 5, alpha, beta, k)
        return F.relu(x) if self.slips.get("lrn_first") else x

    def classifier(self, x: Tensor) -> Tensor:
        """``(N, C·7·7) -> (N, K)``."""
        left = list(self.flat[self.split :])
        while len(left) > 2:
            x = F.linear(x, left.pop(0), left.pop(0))
            x = x if self.slips.get("linear_head") else F.relu(x)
            x = F.dropout(x, 0.5, self.training and not self.slips.get("no_dropout"))
        x = F.linear(x, *left)
        if self.slips.get("softmax"):
            return F.softmax(x, dim=1)
        return F.relu(x) if self.slips.get("relu_at_end") else x

    def forward(self, x: Tensor) -> Tensor:
        """``(N, 3, 224, 224) -> (N, K)`` scores."""
        return self.classifier(self.features(x).flatten(1))


def totals(make: Any, columns: Mapping[str, Any]) -> dict[str, int]:
    """Parameters of the full networks, by column, on the meta device."""
    counts = {}
    for name, column in columns.items():
        with torch.device("meta"):
            model = _module(make(as_column(column)), "make_vgg")
        counts[name] = sum(parameter.numel() for parameter in model.parameters())
    return counts


def shapes_of(make: Any, column: Any, num_classes: int, width: float) -> list[list[int]]:
    """Shapes of all parameters in their order, on the meta device."""
    with torch.device("meta"):
        model = _module(make(as_column(column), num_classes, width), "make_vgg")
    return [list(parameter.shape) for parameter in model.parameters()]


def parts(make: Any, column: Any) -> dict[str, list[int]]:
    """Shapes that the two parts of a full network give, on the meta device."""
    with torch.device("meta"):
        model = _module(make(as_column(column)), "make_vgg")
        maps = model.features(torch.zeros(2, 3, 224, 224))  # type: ignore[operator]
        scores = model.classifier(maps.flatten(1))  # type: ignore[operator]
    return {"features give": list(maps.shape), "classifier gives": list(scores.shape)}


def scores_of(
    make: Any, column: Any, num_classes: int, seed: int, images: Tensor, width: float = NARROW
) -> dict[str, Any]:
    """Scores ``(N, K)`` of a narrow network with parameters from a seed.

    On small images also the gradient of the scores' squares there, ``(N, 3, H, W)``.
    """
    model = _module(make(as_column(column), num_classes, width), "make_vgg")
    slope = images.shape[-1] <= 64
    filled(model, seed)
    images.requires_grad_(slope)
    scores = model(images)
    if not slope:
        return {"scores": scores}
    (gradient,) = torch.autograd.grad(scores.square().sum(), images)
    return {"scores": scores, "gradient": gradient}


def moods(make: Any, column: Any, seed: int, images: Tensor) -> dict[str, bool]:
    """Whether two passes agree, in training mode and in evaluation mode."""
    model = filled(_module(make(as_column(column), 10, SHALLOW), "make_vgg"), seed)
    resting = [model(images) for _ in range(2)]
    model.train()
    torch.manual_seed(seed)
    trained = [model(images) for _ in range(2)]
    return {
        "the same twice in evaluation": torch.equal(*resting),
        "another result each time in training": not torch.equal(*trained),
        "some score at all": bool(resting[0].abs().sum() > 0),
    }


def torchvision_model(
    column: Sequence[Entry], num_classes: int = 1000, width: float = 1.0
) -> nn.Module:
    """torchvision's VGG with this column (numbers and "M" only), at a width of its own."""
    from torchvision.models import vgg

    wide = [entry if isinstance(entry, str) else max(1, round(entry * width)) for entry in column]  # type: ignore[operator]
    with torch.device("meta"):
        model = vgg.VGG(nn.Identity(), num_classes, init_weights=False)
    hidden = max(1, round(4096 * width))
    model.features = vgg.make_layers(wide)
    sizes = [int(wide[-2]) * 7 * 7, hidden, hidden, num_classes]
    for place, (into, out) in zip((0, 3, 6), pairwise(sizes), strict=True):
        model.classifier[place] = nn.Linear(into, out)
    return model


def _torchvision_scores(name: str, num_classes: int, seed: int, images: Tensor) -> dict[str, Any]:
    model = filled(torchvision_model(column_of(name), num_classes, NARROW), seed)
    with torch.no_grad():
        return {"scores": model(images)}


def _slipping(name: str) -> Callable[..., nn.Module]:
    def make(column: list[Entry], num_classes: int = 1000, width: float = 1.0) -> nn.Module:
        return TableNetwork(column, num_classes, width, **{name: True})

    return make


def _slip(name: str, hint: str) -> Mistake:
    return Mistake(name, {"make_vgg": _slipping(name)}, hint)


@check.define(
    oracle={"make_vgg": TableNetwork},
    mistakes=[
        _slip("no_relu", "After each convolution comes a ReLU: else the whole stack is linear."),
        _slip("linear_head", "The two hidden fully connected layers have a ReLU too."),
        _slip("relu_at_end", "The scores have no ReLU: they may be negative."),
        _slip("softmax", "The model returns scores. The softmax is in the loss already."),
        _slip("average_pool", "VGG takes the maximum of each 2×2 window."),
        _slip("all_3x3", "A pair (channels, kernel) has a kernel of its own: padding too."),
        _slip("no_bias", "The paper's convolutions have biases."),
        _slip("no_lrn", '"LRN" is a layer: local response normalisation, as in AlexNet.'),
        _slip("lrn_average", "Lab 3: PyTorch's layer averages the squares. The paper sums them."),
        _slip("lrn_k", "AlexNet's constants are k = 2, n = 5, α = 1e-4, β = 0.75."),
        _slip("lrn_first", "The order is convolution, ReLU, normalisation, pooling."),
        _slip("one_hidden", "Three fully connected layers: two hidden ones and the scores."),
        _slip("width_ignored", "The hidden fully connected layers follow the width, too."),
        _slip(
            "classes_ignored", "The last layer always has 1000 outputs: num_classes says how many."
        ),
        _slip("no_dropout", "In training half of the hidden fully connected units are dropped."),
    ],
)
def make_vgg(rng: Generator) -> Iterator[Case]:
    """All six networks from their columns: parameters exactly, and values at a small width."""
    yield from _counts(rng)
    images = normal(rng, 1, 3, 224, 224)
    name = "make_vgg"
    classes, seed = whole(rng, 3, 12), seed_from(rng)
    order = (
        "The parameters are filled in the order of parameters(): features first, each weight "
        "before its bias. Look at the order of layers, at padding and at ReLU."
    )
    text = f"scores of column D, width 1/32, {classes} classes, weights as torchvision's VGG-16"
    yield Case(
        "equal to torchvision's VGG-16",
        ask(scores_of, name, column_of("D"), classes, seed, images, text=text),
        order,
        DEEP,
        _torchvision_scores("D", classes, seed, images),
        weight=3,
    )
    small = normal(rng, 2, 3, 28, 28)
    for column, title, hint in (
        (SHORT, "a short column", order),
        (SHORT_LRN, "a short column with LRN", LRN_HINT),
        (SHORT_ONES, "a short column with 1×1", "What padding keeps the size with a 1×1?"),
    ):
        text = f"{column}, images (2, 3, 28, 28), width 1/16: scores and their gradient"
        probe = ask(scores_of, name, column, classes, seed, small, SHALLOW, text=text)
        yield Case(title, probe, hint, DEEP, weight=2)
    text = f"{SHORT} at width 1/16: two passes in training mode, two in evaluation mode"
    yield Case(
        "dropout in training only",
        ask(moods, name, SHORT, seed, small, text=text),
        "Dropout 0.5 after each of the two hidden layers, as a layer that knows the mode.",
        same(),
        weight=1,
    )


def _counts(rng: Generator) -> Iterator[Case]:
    hint = (
        "Convolutions with biases; then 512·7·7 → 4096 → 4096 → 1000, with biases. "
        "Print the shapes of model.parameters()."
    )
    for names in (("A", "A-LRN", "B"), ("C", "D", "E")):
        columns = {name: column_of(name) for name in names}
        yield Case(
            f"parameters of {', '.join(names)}",
            ask(totals, "make_vgg", columns, text=f"parameters of {', '.join(names)}, full width"),
            hint,
            same(),
            {name: PARAMETERS[name] for name in names},
            weight=2,
        )
    classes, width = whole(rng, 5, 300), whole(rng, 3, 30) / 32
    text = f"shapes of all parameters of column C, {classes} classes, width {width:g}"
    yield Case(
        "another width, other classes",
        ask(shapes_of, "make_vgg", column_of("C"), classes, width, text=text),
        "Channels and hidden units are round(width × number), at least 1; the image keeps 3.",
        same(),
    )
    yield Case(
        "features and classifier",
        ask(parts, "make_vgg", column_of("B"), text="model.features, then model.classifier"),
        "The model has two parts of these names: features (maps), classifier (flat vectors).",
        same(),
    )


# Deep nets from shallow ones --------------------------------------------------------------


def vgg_like(
    column: Sequence[Any], last: int, hidden: int, classes: int, seed: int
) -> nn.Sequential:
    """A small network of VGG's form: ``features``, ``flatten``, ``classifier``.

    Args:
        column: channels and "M", as torchvision takes them.
        last: side of the last maps, 7 in VGG.
    """
    from torchvision.models.vgg import make_layers

    channels = [entry for entry in column if entry != "M"][-1]
    classifier = nn.Sequential(
        nn.Linear(channels * last * last, hidden),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(hidden, hidden + 1),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(hidden + 1, classes),
    )
    parts = {"features": make_layers(list(column)), "flatten": nn.Flatten()}
    model = nn.Sequential(OrderedDict(parts, classifier=classifier))
    filled(model, seed)
    return model


def small_column(name: str) -> list[Any]:
    """A column with 2, 3, 4, 5 and 5 channels in its stages."""
    tiny: dict[Any, int | str] = {64: 2, 128: 3, 256: 4, 512: 5, "M": "M"}
    return [tiny[entry] for entry in column_of(name)]


def transferred(function: Any, deep: Any, shallow: Any, seed: int) -> dict[str, Any]:
    """The deep network's parameters after the transfer, and what became of the shallow one."""
    target, source = vgg_like(deep, 1, 6, 3, seed), vgg_like(shallow, 1, 6, 3, seed + 1)
    before = [parameter.clone() for parameter in source.parameters()]
    function(target, source)
    found = [parameter.detach().clone() for parameter in target.parameters()]
    unchanged = all(map(torch.equal, before, source.parameters()))
    with torch.no_grad():
        for parameter in source.parameters():
            parameter.add_(1.0)
    apart = all(map(torch.equal, found, target.parameters()))
    return {
        "deep": found,
        "the shallow network is as it was": unchanged,
        "training one leaves the other alone": apart,
    }


def _convolutions(model: Any) -> list[nn.Conv2d]:
    return [module for module in model.features if isinstance(module, nn.Conv2d)]


def _denses(model: Any) -> list[nn.Linear]:
    return [module for module in model.classifier if isinstance(module, nn.Linear)]


PLACES = ((0, 0), (1, 2), (2, 4), (3, 5))  # of A's convolutions in B, C, D and E


def _transfer(
    places: Sequence[tuple[int, int]] = PLACES,
    dense: Sequence[int] = (0, 1, 2),
    names: Sequence[str] = ("weight", "bias"),
    give: Callable[[Any, Any, str], object] | None = None,
) -> Mapping[str, Any]:
    """Transfer between given places; ``give(target, source, name)`` hands over one parameter."""

    def copy(target: Any, source: Any, name: str) -> None:
        getattr(target, name).data.copy_(getattr(source, name))

    def transfer(deep: Any, shallow: Any) -> None:
        old, new = _convolutions(shallow), _convolutions(deep)
        couples: list[tuple[Any, Any]] = [(new[there], old[here]) for here, there in places]
        couples += [(_denses(deep)[number], _denses(shallow)[number]) for number in dense]
        for target, source in couples:
            for name in names:
                (give or copy)(target, source, name)

    return {"initialise_from": transfer}


@check.define(
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
            "no_classifier",
            _transfer(dense=()),
            "The three fully connected layers come from A, too.",
        ),
        Mistake(
            "classifier_only",
            _transfer(()),
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
            "Both networks now hold the same parameters, so training one changes the other. "
            "Copy the values.",
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
    for name, weight in (("D", 3), ("B", 1)):
        yield Case(
            f"{name} from A",
            ask(
                transferred,
                "initialise_from",
                small_column(name),
                small_column("A"),
                seed_from(rng),
                text=f"initialise_from({name}, A), both very narrow: the parameters of {name}",
            ),
            hint,
            TIGHT,
            weight=weight,
        )


# Fully convolutional ----------------------------------------------------------------------


def dense_scores(convert: Any, column: Any, last: int, seed: int, images: Tensor) -> Any:
    """Scores ``(N, K, h, w)`` of the converted network."""
    model = vgg_like(column, last, 5, 3, seed)
    return _module(convert(model), "to_fully_convolutional").double().eval()(images)


def original_after(
    convert: Any, column: Any, last: int, seed: int, images: Tensor
) -> dict[str, Any]:
    """The converted network on images of the training size, and the original's scores after."""
    model = vgg_like(column, last, 5, 3, seed)
    converted = _module(convert(model), "to_fully_convolutional").double().eval()
    return {"converted": converted(images), "the original afterwards": model(images)}


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
        self.model = model
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
        last = len(_denses(self.model)) - 1
        for number, layer in enumerate(_denses(self.model)):
            x = F.linear(x, layer.weight, layer.bias if self.bias else None)
            x = F.relu(x) if self.relu and number < last else x
        return x


def _converted(**slips: Any) -> Mapping[str, Any]:
    return {"to_fully_convolutional": lambda model: _Windows(model, **slips)}


@check.define(
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
    column = [3, "M", 4, "M"]
    for side, last, weight in ((12, 3, 3), (28, 7, 1)):
        text = f"a small network for {side}×{side} images, converted; maps of {last}×{last}"
        yield Case(
            f"its own size, maps {last}×{last}",
            ask(
                original_after,
                "to_fully_convolutional",
                column,
                last,
                seed_from(rng),
                normal(rng, 2, 3, side, side),
                text=text,
            ),
            "The first linear layer reads C channels of s×s: find C in the last convolution, s "
            "from in_features. All the others read one pixel.",
            DEEP,
            weight=weight,
        )
    text = "a small network for 12×12 images, converted, on images (2, 3, 20, 29)"
    yield Case(
        "larger images give a map",
        ask(
            dense_scores,
            "to_fully_convolutional",
            column,
            3,
            seed_from(rng),
            normal(rng, 2, 3, 20, 29),
            text=text,
        ),
        "Every window of s×s gets the scores that the old classifier gives it.",
        DEEP,
        weight=3,
    )


# Memory and FLOPs -------------------------------------------------------------------------


class _Reused(nn.Module):
    """Two convolutions with one and the same ReLU after both."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 6, 3, padding=1)
        self.relu = nn.ReLU()
        self.second = nn.Conv2d(6, 4, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, 3, H, W) -> (N, 4, (H - 1) // 2, (W - 1) // 2)``."""
        return self.relu(self.second(self.relu(self.first(x))))


def network(kind: str, classes: int = 10) -> nn.Module:
    """Small networks to measure: ``nested``, ``reused``, ``grouped``, or ``VGG-16`` on meta."""
    if kind == "VGG-16":
        with torch.device("meta"):
            return torchvision_features()
    if kind == "reused":
        return _Reused()
    if kind == "grouped":
        layers: OrderedDict[str, nn.Module] = OrderedDict(
            wide=nn.Conv2d(4, 8, (3, 5), stride=2, groups=2),
            norm=nn.BatchNorm2d(8),
            narrow=nn.Conv2d(8, 6, 1, bias=False),
        )
    else:
        stem = OrderedDict(conv=nn.Conv2d(3, 8, 3, stride=2, padding=1), relu=nn.ReLU())
        layers = OrderedDict(
            stem=nn.Sequential(stem),
            pool=nn.AdaptiveAvgPool2d(3),
            flatten=nn.Flatten(),
            head=nn.Linear(72, classes),
        )
    return nn.Sequential(layers)


def torchvision_features() -> nn.Module:
    """torchvision's convolutions of VGG-16."""
    from torchvision.models import vgg

    return vgg.make_layers(column_of("D"))


def measured(
    function: Any, kind: str, shape: Any, classes: int = 10, dtype: str = "float32"
) -> dict[str, Any]:
    """What the function says of a network, and how many hooks it leaves in it."""
    model = network(kind, classes).to(getattr(torch, dtype)).eval()
    answer = function(model, tuple(shape))
    hooks = sum(len(module._forward_hooks) for module in model.modules())
    return {"by layer": answer, "hooks left behind": hooks}


def _blank(model: nn.Module, shape: Sequence[int]) -> Tensor:
    example = next(model.parameters())
    return torch.zeros(*shape, dtype=example.dtype, device=example.device)


def _outputs(model: nn.Module, shape: Sequence[int]) -> dict[str, Tensor]:
    """Outputs by the course's instrument, which numbers the calls of a layer."""
    from course.instruments import record_activations

    return record_activations(model, _blank(model, shape))


def _memory(size: Callable[[Tensor], int], keep_calls: bool = True) -> Mapping[str, Any]:
    def memory(model: nn.Module, input_shape: Sequence[int]) -> dict[str, int]:
        found: dict[str, int] = {}
        for called, output in _outputs(model, input_shape).items():
            name = called.split(" (")[0]
            found[name] = size(output) + (found.get(name, 0) if keep_calls else 0)
        return found

    return {"activation_memory": memory}


def _bytes(output: Tensor) -> int:
    return output.nelement() * output.itemsize


def _with_blocks(model: nn.Module, input_shape: Sequence[int]) -> dict[str, int]:
    """Blocks counted beside the layers in them; a block's output is its last layer's."""
    layers = _memory(_bytes)["activation_memory"](model, input_shape)
    blocks = {}
    for name, module in model.named_modules():
        inside = [f"{name}.{part}".lstrip(".") for part, _ in module.named_children()]
        if inside and name:
            blocks[name] = layers.get(inside[-1], 0)
    return layers | blocks


@check.define(
    oracle=_memory(_bytes),
    mistakes=[
        Mistake(
            "numbers_not_bytes",
            _memory(lambda output: output.nelement()),
            "You count numbers. How many bytes has one?",
        ),
        Mistake(
            "always_four_bytes",
            _memory(lambda output: 4 * output.nelement()),
            "Four bytes are right for float32 only. A tensor knows its element_size().",
        ),
        Mistake(
            "one_image",
            _memory(lambda output: _bytes(output) // len(output)),
            "You count one image of the batch. The first number of input_shape is N.",
        ),
        Mistake(
            "last_call_only",
            _memory(_bytes, keep_calls=False),
            "A layer that runs twice gives two outputs. The second overwrote the first.",
        ),
        Mistake(
            "blocks_too",
            {"activation_memory": _with_blocks},
            "A Sequential gives out what its last layer gave: you count that twice. Layers that "
            "hold others stay out.",
        ),
    ],
)
def activation_memory(rng: Generator) -> Iterator[Case]:
    """Bytes that the outputs of each layer take, for a whole batch."""
    name, hint = "activation_memory", "One entry for each layer without layers inside: its output."
    yield from _measurements(name, rng, hint)
    text = "activation_memory of VGG-16's convolutions on meta, input (64, 3, 224, 224)"
    yield Case(
        "VGG-16, nothing allocated",
        ask(measured, name, "VGG-16", (64, 3, 224, 224), text=text),
        "Make the input where the parameters are: on the meta device it takes no memory.",
        same(),
    )


def _measurements(name: str, rng: Generator, hint: str) -> Iterator[Case]:
    for kind, channels, dtype, weight in (
        ("nested", 3, "float32", 3),
        ("grouped", 4, "float64", 2),
        ("reused", 3, "float32", 2),
    ):
        shape = whole(rng, 2, 5), channels, whole(rng, 8, 15), whole(rng, 8, 15)
        text = f"{name} of a {kind} network, {dtype}, input {shape}"
        classes = whole(rng, 5, 20)
        probe = ask(measured, name, kind, shape, classes, dtype, text=text)
        yield Case(f"{kind} network, {dtype}", probe, hint, same(), weight=weight)


def _by_layer(
    change: Callable[[int, Any, Tensor], int] = lambda flops, module, output: flops,
) -> Mapping[str, Any]:
    """torch's own FLOP counter; ``change`` makes it wrong, given the layer and its output."""

    def flops(model: nn.Module, input_shape: Sequence[int]) -> dict[str, int]:
        from torch.utils.flop_counter import FlopCounterMode

        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model(_blank(model, input_shape))
        seen = counter.get_flop_counts()
        outputs = _outputs(model, input_shape)
        found = {}
        for name, module in model.named_modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                total = sum(seen[f"{type(model).__name__}.{name}"].values())
                found[name] = int(change(int(total), module, outputs[name]))
        return found

    return {"layer_flops": flops}


def _all_inputs(flops: int, module: Any, output: Tensor) -> int:
    return flops * getattr(module, "groups", 1)


def _before_stride(flops: int, module: Any, output: Tensor) -> int:
    strides = getattr(module, "stride", (1, 1))
    return flops * strides[0] * strides[1]


def _plus_bias(flops: int, module: Any, output: Tensor) -> int:
    return flops + (output.nelement() if module.bias is not None else 0)


@check.define(
    oracle=_by_layer(),
    mistakes=[
        Mistake(
            "multiply_adds",
            _by_layer(lambda flops, module, output: flops // 2),
            "You count multiply-adds. Here a multiplication and an addition are two operations.",
        ),
        Mistake(
            "one_image",
            _by_layer(lambda flops, module, output: flops // len(output)),
            "You count one image of the batch. The first number of input_shape is N.",
        ),
        Mistake(
            "groups_ignored",
            _by_layer(_all_inputs),
            "With groups an output channel reads in_channels / groups inputs. weight.shape "
            "knows that already.",
        ),
        Mistake(
            "before_stride",
            _by_layer(_before_stride),
            "You count a product for each input pixel. With a stride there are fewer outputs.",
        ),
        Mistake(
            "with_biases",
            _by_layer(_plus_bias),
            "You count the addition of the bias. The usual count leaves it out.",
        ),
        Mistake(
            "one_place",
            _by_layer(
                lambda flops, module, output: (
                    flops // (output[0, 0].nelement() if output.ndim == 4 else 1)
                )
            ),
            "A kernel works at every place of the output, not once.",
        ),
    ],
)
def layer_flops(rng: Generator) -> Iterator[Case]:
    """Multiplications and additions of each convolution and linear layer."""
    hint = "Each output number is a sum of products. How many products, and how many outputs?"
    yield from _measurements("layer_flops", rng, hint)
    text = "layer_flops of VGG-16's convolutions on meta, input (1, 3, 224, 224)"
    yield Case(
        "VGG-16, nothing computed",
        ask(measured, "layer_flops", "VGG-16", (1, 3, 224, 224), text=text),
        "Make the input where the parameters are: on the meta device nothing is computed.",
        same(),
        weight=2,
    )
