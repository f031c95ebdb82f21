"""Checks of lab 3: AlexNet and its parts.

Local response normalisation is compared with torch's, whose α means something else; pooling and
parameters with torch's layers on the ``meta`` device. Dropout is random, so its checks ask for
facts that hold for every mask. AlexNet is built at its full size on ``meta`` for counts and
shapes, and at a sixteenth of its width for values and gradients: its parameters are filled from
a seed, in the order of ``parameters()``, and what comes out is compared with a network that is
run from a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from course.checks import Case, Checks, Mistake, ProbeError, ask, call, close, gradient, same
from course.checks.inputs import whole as whole

check = Checks("lab03_alexnet")

TIGHT = close(rtol=1e-7, atol=1e-9, dtype=False)  # float64
DTYPE_TOO = close(rtol=1e-7, atol=1e-9)
SINGLE = close(rtol=1e-5, atol=1e-6)  # float32
COUNTED = close(rtol=0.0, atol=0.02, dtype=False)  # shares of 20,000 draws: 5 standard errors
DEEP = close(rtol=1e-6, atol=1e-9, dtype=False)  # after eight layers in float64

# Inputs -----------------------------------------------------------------------------------


def normal(rng: Generator, *shape: int, scale: float = 1.0) -> Tensor:
    """Normal numbers of this shape, float64, of standard deviation ``scale``."""
    return scale * torch.randn(shape, generator=rng, dtype=torch.float64)


def between(rng: Generator, low: float, high: float) -> float:
    """A number between ``low`` and ``high``, to two decimals."""
    return round(low + (high - low) * float(torch.rand((), generator=rng)), 2)


def unchanged(function: Callable[..., Any], x: Tensor, **kwargs: Any) -> list[Any]:
    """The result, and the argument afterwards."""
    result = function(x, **kwargs)
    return [result, x]


# Local response normalisation -------------------------------------------------------------

LRN = "local_response_norm"


def _torch_lrn(
    x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    """torch's layer divides the sum by ``size``; so α is multiplied by it first."""
    return F.local_response_norm(x, size, size * alpha, beta, k)


def _lrn_with(window: Callable[[Tensor, int], Tensor], power: float = 2.0) -> Mapping[str, Any]:
    """A wrong normalisation: with another sum over the neighbours, or of another power."""

    def wrong(
        x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
    ) -> Tensor:
        return x * (k + alpha * window(x.pow(power), size)).pow(-beta)

    return {LRN: wrong}


def _neighbours(squares: Tensor, offsets: Any, mode: str = "constant") -> Tensor:
    """Sum over channels at ``offsets`` from each channel; ``(N, C, H, W)``, same shape."""
    far = max(map(abs, offsets), default=0)
    rows = squares.movedim(1, -1).flatten(0, 2).unsqueeze(1)  # (N·H·W, 1, C)
    padded = F.pad(rows, (far, far), mode=mode).squeeze(1)
    count = squares.shape[1]
    total = sum(padded[:, far + step : far + step + count] for step in offsets)
    shape = squares.movedim(1, -1).shape
    return torch.as_tensor(total).reshape(shape).movedim(-1, 1)


def _around(size: int) -> range:
    return range(-(size // 2), size // 2 + 1)


def _edge_average(squares: Tensor, size: int) -> Tensor:
    full = _neighbours(squares, _around(size))
    return full * size / _neighbours(torch.ones_like(squares), _around(size))


def _wrap(squares: Tensor, size: int) -> Tensor:
    far = min(size // 2, squares.shape[1])
    return _neighbours(squares, range(-far, far + 1), "circular")


def _in_space(squares: Tensor, size: int) -> Tensor:
    return F.avg_pool2d(squares, size, 1, size // 2) * size**2


def _lrn_of(formula: Callable[..., Tensor]) -> Mapping[str, Any]:
    def wrong(
        x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
    ) -> Tensor:
        return formula(x, _neighbours(x * x, _around(size)), k, alpha, beta)

    return {LRN: wrong}


@check.define(
    oracle={LRN: _torch_lrn},
    mistakes=[
        Mistake(
            "average",
            {
                LRN: lambda x, size=5, k=2.0, alpha=1e-4, beta=0.75: F.local_response_norm(
                    x, size, alpha, beta, k
                )
            },
            "α multiplies the average of the squares here, as in PyTorch's layer. In the paper "
            "it multiplies their sum. By which factor do the two differ?",
        ),
        Mistake(
            "average_at_the_edges",
            _lrn_with(_edge_average),
            "The first and the last channels have fewer neighbours. The sum is simply shorter "
            "there: nothing makes up for the missing ones.",
        ),
        Mistake(
            "squares_forgotten",
            _lrn_with(lambda a, size: _neighbours(a, _around(size)), power=1.0),
            "You sum the activities. The formula sums their squares.",
        ),
        Mistake(
            "all_channels",
            _lrn_with(lambda a, size: a.sum(dim=1, keepdim=True).expand_as(a)),
            "Every channel is compared with all others. Wanted are its `size` nearest.",
        ),
        Mistake(
            "in_space",
            _lrn_with(_in_space),
            "Your neighbours lie side by side in the image. The paper's are the same pixel in "
            "the neighbouring channels.",
        ),
        Mistake(
            "wraps_around",
            _lrn_with(_wrap),
            "The first channel takes the last ones for its neighbours. The formula's limits "
            "are max(0, …) and min(C - 1, …).",
        ),
        Mistake(
            "one_sided",
            _lrn_with(lambda a, size: _neighbours(a, range(-size + 1, 1))),
            "The window looks to one side only. It has size // 2 channels on each.",
        ),
        Mistake(
            "window_too_wide",
            _lrn_with(lambda a, size: _neighbours(a, _around(2 * size + 1))),
            "The window holds `size` channels in all, the middle one included; not `size` on "
            "each side.",
        ),
        Mistake(
            "itself_left_out",
            _lrn_with(lambda a, size: _neighbours(a, [s for s in _around(size) if s])),
            "The channel itself belongs to the sum too.",
        ),
        Mistake(
            "multiplies",
            _lrn_of(lambda x, total, k, alpha, beta: x * (k + alpha * total).pow(beta)),
            "Busy neighbours should make a response smaller. Yours grows.",
        ),
        Mistake(
            "beta_forgotten",
            _lrn_of(lambda x, total, k, alpha, beta: x / (k + alpha * total)),
            "The denominator has an exponent, β.",
        ),
        Mistake(
            "k_is_one",
            _lrn_of(lambda x, total, k, alpha, beta: x / (1 + alpha * total).pow(beta)),
            "k is 1 in your function whatever comes in. (1 is the default of PyTorch's layer; "
            "the paper has 2.)",
        ),
        Mistake(
            "alpha_in_the_wrong_place",
            _lrn_of(lambda x, total, k, alpha, beta: x / (alpha * (k + total)).pow(beta)),
            "α multiplies the sum of squares only, not k.",
        ),
    ],
)
def local_response_norm(rng: Generator) -> Iterator[Case]:
    """Each activity divided by the activity of its channel's neighbours."""
    hint = (
        "Take one pixel and five channels, and write the formula out by hand. Where does the sum "
        "begin and end for the first channel, for the middle one?"
    )
    yield Case(
        "one pixel, five channels, α = 0.1",
        call(LRN, normal(rng, 1, 5, 1, 1, scale=3.0), alpha=0.1),
        hint,
        TIGHT,
        weight=2,
    )
    maps = normal(rng, 2, 12, 4, 3, scale=50.0)
    yield Case("maps (2, 12, 4, 3), the paper's numbers", call(LRN, maps), hint, TIGHT, weight=3)
    yield Case(
        "another size, k, α and β",
        call(
            LRN, normal(rng, 2, 9, 3, 5), size=3, k=between(rng, 0.5, 1.5),
            alpha=between(rng, 0.1, 0.9), beta=between(rng, 0.3, 0.6),
        ),
        hint,
        TIGHT,
        weight=3,
    )  # fmt: skip
    yield Case(
        "its gradient",
        gradient(LRN, normal(rng, 1, 7, 2, 3, scale=2.0), alpha=between(rng, 0.1, 0.5)),
        "Is every step a torch operation that autograd can follow, and does none write into x?",
        TIGHT,
        weight=2,
    )
    yield Case(
        "float32 in, float32 out",
        call(LRN, normal(rng, 1, 6, 2, 2, scale=20.0).float()),
        "Where does another dtype come in?",
        SINGLE,
    )


# Overlapping pooling ----------------------------------------------------------------------


def _pooled(size: int, window: int = 3, stride: int = 2) -> int:
    """What torch's pooling gives, without computing it."""
    row = torch.empty(1, 1, size, device="meta")
    return F.max_pool1d(row, window, stride).shape[-1]


def sizes_of(function: Callable[..., Any], settings: list[list[int]]) -> list[Any]:
    """The function on each ``[size, window, stride]``."""
    return [function(*setting) for setting in settings]


def _pooling_case(title: str, settings: list[list[int]], hint: str, weight: float = 1.0) -> Case:
    text = f"overlapping_pool_size(size, window, stride) for {settings}"
    return Case(
        title,
        ask(sizes_of, "overlapping_pool_size", settings, text=text),
        hint,
        same(),
        weight=weight,
    )


@check.define(
    oracle={"overlapping_pool_size": _pooled},
    mistakes=[
        Mistake(
            "rounds_up",
            {"overlapping_pool_size": lambda n, z=3, s=2: -(-(n - z) // s) + 1},
            "A window that would reach beyond the edge is counted too. Only whole windows count.",
        ),
        Mistake(
            "one_too_few",
            {"overlapping_pool_size": lambda n, z=3, s=2: (n - z) // s},
            "You count the steps. How many windows stand at the ends of three steps?",
        ),
        Mistake(
            "window_forgotten",
            {"overlapping_pool_size": lambda n, z=3, s=2: n // s},
            "This is right where window and stride are equal. Where can the last window begin?",
        ),
        Mistake(
            "no_overlap",
            {"overlapping_pool_size": lambda n, z=3, s=2: n // z},
            "Your windows stand side by side: the stride changes nothing.",
        ),
        Mistake(
            "padded",
            {"overlapping_pool_size": lambda n, z=3, s=2: (n + 2 * (z // 2) - z) // s + 1},
            "This is the size with padding. The paper's pooling has none.",
        ),
    ],
)
def overlapping_pool_size(rng: Generator) -> Iterator[Case]:
    """How many windows fit along one side."""
    hint = "Draw eight squares and lay windows of three on them, two squares apart."
    yield _pooling_case("AlexNet's three poolings", [[55, 3, 2], [27, 3, 2], [13, 3, 2]], hint)
    settings = [[whole(rng, 20, 90), whole(rng, 3, 7), whole(rng, 2, 5)] for _ in range(6)]
    yield _pooling_case("other windows and strides", settings, hint, weight=2)
    even = [[2 * whole(rng, 8, 40), 3, 2], [17, 4, 3], [16, 4, 3]]
    yield _pooling_case("where a rest is left over", even, hint)


# Dropout ----------------------------------------------------------------------------------

ROWS, COLUMNS = 200, 100


def _signal(seed: int, rows: int = ROWS, columns: int = COLUMNS) -> Tensor:
    """Numbers of both signs, none near zero; ``(rows, columns)``, float64."""
    generator = torch.Generator().manual_seed(seed)
    size = torch.rand(rows, columns, generator=generator, dtype=torch.float64) + 0.5
    signs = torch.randint(0, 2, (rows, columns), generator=generator) * 2 - 1
    return size * signs


def _generator(seed: int) -> Generator:
    return torch.Generator().manual_seed(seed)


def _tensor(value: Any, x: Tensor) -> Tensor:
    if not isinstance(value, Tensor) or value.shape != x.shape:
        raise ProbeError(f"expected a tensor of shape {tuple(x.shape)} like x, found {value!r:.80}")
    return value.detach()


def kept(function: Callable[..., Any], p: float, seed: int) -> dict[str, Any]:
    """Of one training pass: the share of zeros, and what the others are multiplied by."""
    x = _signal(seed)
    y = _tensor(function(x.clone(), p, True, generator=_generator(seed)), x)
    factors = (y / x)[y != 0]
    several = bool(len(factors)) and not torch.allclose(factors, factors[0], rtol=1e-6)
    factor = float(factors[0]) if len(factors) else 0.0
    return {
        "share of zeros": float((y == 0).double().mean()),
        "kept values are x times": "several factors" if several else factor,
    }


def patterns(function: Callable[..., Any], p: float, seed: int) -> dict[str, float]:
    """Share of zeros, and of rows and columns that are dropped or kept as one."""
    x = _signal(seed)
    gone = _tensor(function(x.clone(), p, True, generator=_generator(seed)), x) == 0
    return {
        "share of zeros": float(gone.double().mean()),
        "rows dropped or kept as one": _alike(gone, 1),
        "columns dropped or kept as one": _alike(gone, 0),
    }


def _alike(gone: Tensor, dim: int) -> float:
    return float((gone.all(dim) | ~gone.any(dim)).double().mean())


def outside_training(function: Callable[..., Any], p: float, seed: int) -> dict[str, Any]:
    """What comes out when not training, and whether training differs from that."""
    x = _signal(seed, 4, 5)
    rest = _tensor(function(x.clone(), p, False, generator=_generator(seed)), x)
    busy = _tensor(function(x.clone(), p, True, generator=_generator(seed)), x)
    return {"training=False gives": rest, "training=True gives the same": torch.equal(rest, busy)}


def randomness(function: Callable[..., Any], p: float, seed: int) -> dict[str, bool]:
    """Where the random numbers come from."""
    x = _signal(seed, 20, 20)

    def mask(generator: Generator | None) -> Tensor:
        return _tensor(function(x.clone(), p, True, generator=generator), x) == 0

    one = _generator(seed)
    first, second, again = mask(one), mask(one), mask(_generator(seed))
    torch.manual_seed(seed)
    state = torch.get_rng_state()
    mask(_generator(seed))
    return {
        "equal generators, equal masks": torch.equal(first, again),
        "a second call, another mask": not torch.equal(first, second),
        "a generator given, torch's own is left alone": torch.equal(state, torch.get_rng_state()),
    }


def unguided(function: Callable[..., Any], p: float, seed: int) -> dict[str, bool]:
    """Without a generator: torch's own randomness decides."""
    x = _signal(seed, 20, 20)
    masks = []
    for start in (seed, seed, seed + 1):
        torch.manual_seed(start)
        masks.append(_tensor(function(x.clone(), p, True), x) == 0)
    return {
        "equal torch.manual_seed, equal masks": torch.equal(masks[0], masks[1]),
        "another seed, another mask": not torch.equal(masks[0], masks[2]),
    }


def extremes(function: Callable[..., Any], seed: int) -> dict[str, Tensor]:
    """Values and gradients where nothing is dropped and where everything is."""
    x = _signal(seed, 2, 3)
    found: dict[str, Tensor] = {}
    for p in (0.0, 1.0):
        leaf = x.clone().requires_grad_()
        y = function(leaf, p, True, generator=_generator(seed))
        found[f"p = {p:g}"] = _tensor(y, x)
        slope = (
            torch.autograd.grad(y.sum(), leaf, allow_unused=True)[0] if y.requires_grad else None
        )
        found[f"gradient, p = {p:g}"] = torch.zeros_like(x) if slope is None else slope
    return found


def pulled_through(function: Callable[..., Any], p: float, seed: int) -> dict[str, Any]:
    """The gradient of the sum: the same factor where a value was kept, zero elsewhere."""
    x = _signal(seed).requires_grad_()
    y = function(x, p, True, generator=_generator(seed))
    if not getattr(y, "requires_grad", False):
        raise ProbeError("autograd can't follow the output back to x: use torch operations only")
    (slope,) = torch.autograd.grad(y.sum(), x)
    gone = y == 0
    return {
        "share of zeros in the gradient": float((slope == 0).double().mean()),
        "it is zero where y is": bool((slope[gone] == 0).all()),
        "largest value": float(slope.max()),
    }


def types(function: Callable[..., Any], p: float, seed: int) -> dict[str, Any]:
    """The dtype that float32 turns into, in a call that does drop something."""
    x = _signal(seed, 20, 20).float()
    y = _tensor(function(x.clone(), p, True, generator=_generator(seed)), x)
    some = bool((y == 0).any()) and bool((y != 0).any())
    return {"float32 becomes": str(y.dtype)[6:], "some values are dropped, some kept": some}


def _seed(rng: Generator) -> int:
    return whole(rng, 0, 10**6)


def _probability(rng: Generator) -> float:
    """Never near 1/2, where dropping and keeping look the same."""
    return [0.2, 0.25, 0.3, 0.7, 0.75][whole(rng, 0, 4)]


def _dropper(
    *,
    name: str = "dropout",
    scale: Callable[[float], float] = lambda p: 1 / (1 - p) if p < 1 else 0.0,
    rest: Callable[[float], float] = lambda p: 1.0,
    drop: Callable[[float], float] = lambda p: p,
    always: bool = False,
    shape: Callable[[Tensor], tuple[int, ...]] = lambda x: tuple(x.shape),
    source: Callable[[Generator | None], Generator | None] = lambda generator: generator,
) -> Mapping[str, Any]:
    """Dropout that goes wrong in one place."""

    def wrong(x: Tensor, p: float, training: bool, generator: Generator | None = None) -> Tensor:
        if not (training or always):
            return x * rest(p)
        keep = torch.rand(shape(x), generator=source(generator)) >= drop(p)
        return x * keep.to(x.dtype) * scale(p)

    return {name: wrong}


NOT_RANDOM = "It must drop another set each time, and yet the same set for equal generators."


def _shared_cases(name: str, rng: Generator, factor: Callable[[float], float]) -> Iterator[Case]:
    """What both kinds of dropout are asked in training."""
    p, seed = _probability(rng), _seed(rng)
    tried = f"{name}(x, {p:g}, True) on x of shape ({ROWS}, {COLUMNS})"
    hint = "Draw one number in [0, 1) for each element. Which of them fall below p, how often?"
    yield Case(
        f"training, p = {p:g}",
        ask(kept, name, p, seed, text=tried),
        hint,
        COUNTED,
        {"share of zeros": p, "kept values are x times": factor(p)},
        weight=3,
    )
    p, seed = _probability(rng), _seed(rng)
    tried = f"{name}(x, {p:g}, True) on x of shape ({ROWS}, {COLUMNS}): which elements are zero?"
    yield Case(
        "each element decides for itself",
        ask(patterns, name, p, seed, text=tried),
        "One random number for each element, not one for a row or a column.",
        COUNTED,
        dict.fromkeys(("rows dropped or kept as one", "columns dropped or kept as one"), 0.0)
        | {"share of zeros": p},
        weight=3,
    )
    yield Case(
        "the generator decides",
        ask(randomness, name, 0.4, _seed(rng), text=f"{name}(x, 0.4, True, generator=…), 4 times"),
        "torch.rand takes a generator. " + NOT_RANDOM,
        same(),
        {
            "equal generators, equal masks": True,
            "a second call, another mask": True,
            "a generator given, torch's own is left alone": True,
        },
        weight=2,
    )
    yield Case(
        "without a generator",
        ask(unguided, name, 0.4, _seed(rng), text=f"{name}(x, 0.4, True) after torch.manual_seed"),
        "With generator=None torch's own random state decides.",
        same(),
        {"equal torch.manual_seed, equal masks": True, "another seed, another mask": True},
        weight=0.5,
    )


def _resting(name: str, rng: Generator, factor: Callable[[float], float], hint: str) -> Case:
    p, seed = _probability(rng), _seed(rng)
    text = f"{name}(x, {p:g}, False), and with True, x of shape (4, 5)"
    expected = {
        "training=False gives": factor(p) * _signal(seed, 4, 5),
        "training=True gives the same": False,
    }
    return Case(
        "outside training",
        ask(outside_training, name, p, seed, text=text),
        hint,
        TIGHT,
        expected,
        weight=3,
    )


P_IS_KEPT = "p is the probability of being dropped. You keep with probability p."
FIXED_MASK = "The same elements are dropped in every call. " + NOT_RANDOM
OWN_GENERATOR = "The generator that is given changes nothing. torch.rand takes one."
SHARED_MASK = "Whole rows or columns go together. Each element should decide for itself."


@check.define(
    oracle=_dropper(),
    mistakes=[
        Mistake(
            "unscaled",
            _dropper(scale=lambda p: 1.0),
            "What is kept is not scaled, so on average x shrinks to (1 - p)·x in training. "
            "Which factor makes up for it?",
        ),
        Mistake(
            "scaled_down",
            _dropper(scale=lambda p: 1 - p),
            "Values are lost, and what is kept is made smaller too. In which direction must the "
            "factor go, for the mean to stay?",
        ),
        Mistake(
            "divided_by_p",
            _dropper(scale=lambda p: 1 / p if p else 1.0),
            "A share of 1 - p is kept. Look at the factor again, for p near 0: hardly anything "
            "is lost then.",
        ),
        Mistake(
            "p_is_kept",
            _dropper(drop=lambda p: 1 - p, scale=lambda p: 1 / p if p else 0.0),
            P_IS_KEPT,
        ),
        Mistake(
            "never_rests",
            _dropper(always=True),
            "It drops outside training too. Then a network gives another answer each time.",
        ),
        Mistake(
            "scaled_at_rest",
            _dropper(rest=lambda p: 1 - p),
            "It scales in training, and outside training as well: once is enough.",
        ),
        Mistake(
            "rows_as_one", _dropper(shape=lambda x: (len(x), *(1,) * (x.ndim - 1))), SHARED_MASK
        ),
        Mistake("columns_as_one", _dropper(shape=lambda x: tuple(x.shape[1:])), SHARED_MASK),
        Mistake("own_generator", _dropper(source=lambda generator: None), OWN_GENERATOR),
        Mistake("fixed_mask", _dropper(source=lambda generator: _generator(0)), FIXED_MASK),
        Mistake(
            "nan_at_one",
            _dropper(scale=lambda p: 1 / (1 - p) if p < 1 else float("inf")),
            "With p = 1 nothing is kept, and 1 / (1 - p) has no value: 0 · ∞ is nan. What "
            "should come out?",
        ),
    ],
)
def dropout(rng: Generator) -> Iterator[Case]:
    """Inverted dropout: zeros and a factor in training, nothing at all outside it."""
    yield from _shared_cases("dropout", rng, lambda p: 1 / (1 - p))
    yield _resting(
        "dropout", rng, lambda p: 1.0, "All is done in training already. What is left to do?"
    )
    p, seed = _probability(rng), _seed(rng)
    yield Case(
        "its gradient",
        ask(pulled_through, "dropout", p, seed, text=f"gradient of dropout(x, {p:g}, True).sum()"),
        "The gradient goes through the same mask, with the same factor.",
        COUNTED,
        {
            "share of zeros in the gradient": p,
            "it is zero where y is": True,
            "largest value": 1 / (1 - p),
        },
    )
    seed = _seed(rng)
    x = _signal(seed, 2, 3)
    yield Case(
        "p = 0 and p = 1",
        ask(extremes, "dropout", seed, text="dropout(x, 0, True) and dropout(x, 1, True)"),
        "Nothing is dropped, or everything. Look out for 0 / 0 and 0 · ∞, forwards and backwards.",
        TIGHT,
        {
            "p = 0": x,
            "p = 1": torch.zeros_like(x),
            "gradient, p = 0": torch.ones_like(x),
            "gradient, p = 1": torch.zeros_like(x),
        },
    )
    yield Case(
        "float32 in, float32 out",
        ask(types, "dropout", 0.4, _seed(rng), text="dropout(x, 0.4, True), x float32"),
        "A mask of another dtype changes the result's.",
        same(),
        {"float32 becomes": "float32", "some values are dropped, some kept": True},
        weight=0.5,
    )


_paper = partial(
    _dropper, name="paper_dropout", scale=lambda p: 1.0, rest=lambda p: 1 - p
)  # what is right, before one thing is changed


@check.define(
    oracle=_paper(),
    mistakes=[
        Mistake(
            "not_scaled_at_all",
            _paper(rest=lambda p: 1.0),
            "Outside training all neurons speak at once, and the next layer gets more than it "
            "is used to. By which factor?",
        ),
        Mistake(
            "inverted",
            _dropper(name="paper_dropout"),
            "That is inverted dropout, the exercise before. In 2012 training left the kept "
            "values as they are.",
        ),
        Mistake(
            "times_p",
            _paper(rest=lambda p: p),
            "For p = 0.5 nobody sees the difference. If few are dropped, p near 0, by how much "
            "should the output shrink?",
        ),
        Mistake(
            "divided_at_rest",
            _paper(rest=lambda p: 1 / (1 - p) if p < 1 else 0.0),
            "Outside training more neurons are active than in training. Should each speak up, "
            "or lower its voice?",
        ),
        Mistake("p_is_kept", _paper(drop=lambda p: 1 - p, rest=lambda p: p), P_IS_KEPT),
        Mistake("own_generator", _paper(source=lambda generator: None), OWN_GENERATOR),
        Mistake("fixed_mask", _paper(source=lambda generator: _generator(0)), FIXED_MASK),
        Mistake("rows_as_one", _paper(shape=lambda x: (len(x), *(1,) * (x.ndim - 1))), SHARED_MASK),
    ],
)
def paper_dropout(rng: Generator) -> Iterator[Case]:
    """Dropout as in 2012: plain zeros in training, all outputs scaled outside it."""
    yield from _shared_cases("paper_dropout", rng, lambda p: 1.0)
    yield _resting(
        "paper_dropout",
        rng,
        lambda p: 1 - p,
        "On average over the masks, what did a neuron send on in training? Send that.",
    )


# Light ------------------------------------------------------------------------------------


def _lit(image: Tensor, eigenvalues: Tensor, eigenvectors: Tensor, alphas: Tensor) -> Tensor:
    shift = torch.einsum("ck,k,k->c", eigenvectors, eigenvalues, alphas)
    return torch.stack([image[channel] + shift[channel] for channel in range(3)])


def _wrong_light(
    shift: Callable[[Tensor, Tensor, Tensor], Tensor] = lambda values, vectors, alphas: (
        vectors @ (values * alphas)
    ),
    apply: Callable[[Tensor, Tensor], Tensor] = torch.add,
) -> Mapping[str, Any]:
    def wrong(image: Tensor, values: Tensor, vectors: Tensor, alphas: Tensor) -> Tensor:
        return apply(image, shift(values, vectors, alphas).reshape(3, 1, 1))

    return {"pca_lighting": wrong}


def light(rng: Generator, height: int, width: int) -> tuple[Tensor, ...]:
    """An image in [0, 1] with eigenvalues, eigenvectors (no symmetric matrix) and alphas."""
    image = torch.rand(3, height, width, generator=rng, dtype=torch.float64)
    vectors = torch.linalg.qr(normal(rng, 3, 3)).Q
    values = torch.rand(3, generator=rng, dtype=torch.float64).sort(descending=True).values + 0.1
    return image, values, vectors, normal(rng, 3)


def lit_and_argument(function: Callable[..., Any], *args: Tensor) -> list[Any]:
    """The result, and the image afterwards."""
    return [function(*args), args[0]]


@check.define(
    oracle={"pca_lighting": _lit},
    mistakes=[
        Mistake(
            "rows_for_columns",
            _wrong_light(lambda values, vectors, alphas: vectors.T @ (values * alphas)),
            "You take rows of the matrix for eigenvectors. They are its columns: "
            "eigenvectors[:, i] belongs to eigenvalues[i].",
        ),
        Mistake(
            "eigenvalues_forgotten",
            _wrong_light(lambda values, vectors, alphas: vectors @ alphas),
            "All three directions count alike. Which number says how much the colours of the "
            "data vary along each?",
        ),
        Mistake(
            "square_roots",
            _wrong_light(lambda values, vectors, alphas: vectors @ (values.sqrt() * alphas)),
            "The square root would be the standard deviation, and there is something to be said "
            "for it. The paper multiplies by the eigenvalue itself.",
        ),
        Mistake(
            "alphas_forgotten",
            _wrong_light(lambda values, vectors, alphas: vectors @ values),
            "The random numbers α change nothing in your function.",
        ),
        Mistake(
            "summed_to_grey",
            _wrong_light(
                lambda values, vectors, alphas: (vectors @ (values * alphas)).sum().expand(3)
            ),
            "Every channel gets the same number. A shift of colour has one for each channel.",
        ),
        Mistake(
            "not_mixed",
            _wrong_light(lambda values, vectors, alphas: values * alphas),
            "λ·α says how far to go along each eigenvector. Along which directions do you go?",
        ),
        Mistake(
            "shift_alone",
            _wrong_light(apply=lambda image, shift: shift.expand_as(image)),
            "That is what is to be added. Where is the image?",
        ),
        Mistake(
            "multiplied",
            _wrong_light(apply=lambda image, shift: image * (1 + shift)),
            "The paper adds the quantity to each pixel. Yours multiplies.",
        ),
        Mistake(
            "subtracted",
            _wrong_light(apply=torch.sub),
            "The sign is turned.",
        ),
        Mistake(
            "clamped",
            _wrong_light(apply=lambda image, shift: (image + shift).clamp(0, 1)),
            "You cut the result to [0, 1]. The formula only adds; images may be normalised "
            "already, with values below 0.",
        ),
    ],
)
def pca_lighting(rng: Generator) -> Iterator[Case]:
    """A shift along the colours in which the data vary, the same for all pixels."""
    hint = "A vector of three numbers, one for each channel, is added to every pixel."
    few = light(rng, 1, 2)
    yield Case("an image of two pixels", call("pca_lighting", *few), hint, TIGHT, weight=2)
    larger = light(rng, 5, 4)
    yield Case("an image (3, 5, 4)", call("pca_lighting", *larger), hint, DTYPE_TOO, weight=2)
    square = light(rng, 3, 3)
    yield Case(
        "an image (3, 3, 3)",
        call("pca_lighting", *square),
        "Shapes line up from the right: a vector of three lands on the width.",
        TIGHT,
        weight=2,
    )
    yield Case(
        "its gradient, with respect to alphas",
        gradient("pca_lighting", *light(rng, 2, 3), wrt=3),
        "Is every step a torch operation?",
        TIGHT,
    )
    yield Case(
        "leaves the image as it was",
        ask(
            lit_and_argument, "pca_lighting", *light(rng, 2, 2),
            text="pca_lighting(image, …), and then the image",
        ),
        "`+=` writes into the image that came in.",
        TIGHT,
    )  # fmt: skip
    single = tuple(part.float() for part in light(rng, 2, 2))
    yield Case("float32 in, float32 out", call("pca_lighting", *single), hint, SINGLE)


# Parameters -------------------------------------------------------------------------------


class Conv(NamedTuple):
    """One convolution of the paper's table."""

    inputs: int
    outputs: int
    kernel: int
    groups: int
    stride: int
    padding: int


TABLE = (
    Conv(3, 96, 11, 1, 4, 0),
    Conv(96, 256, 5, 2, 1, 2),
    Conv(256, 384, 3, 1, 1, 1),
    Conv(384, 384, 3, 2, 1, 1),
    Conv(384, 256, 3, 2, 1, 1),
)


def _conv_values(inputs: int, outputs: int, kernel: int, groups: int = 1) -> int:
    layer = nn.Conv2d(inputs, outputs, kernel, groups=groups, device="meta")
    return sum(parameter.numel() for parameter in layer.parameters())


def counts_of(function: Callable[..., Any], settings: list[list[int]]) -> list[Any]:
    """The function on each ``[in_channels, out_channels, kernel, groups]``."""
    return [function(*setting) for setting in settings]


def _grouped(count: Callable[[int, int, int, int], Any]) -> Mapping[str, Any]:
    return {"grouped_conv_parameters": lambda i, o, k, groups=1: count(i, o, k, groups)}


@check.define(
    oracle={"grouped_conv_parameters": _conv_values},
    mistakes=[
        Mistake(
            "groups_ignored",
            _grouped(lambda i, o, k, g: o * (i * k * k + 1)),
            "The number of groups changes nothing. How many input channels does one output "
            "channel look at?",
        ),
        Mistake(
            "bias_forgotten",
            _grouped(lambda i, o, k, g: o * (i // g) * k * k),
            "Each output channel has a bias too.",
        ),
        Mistake(
            "divided_twice",
            _grouped(lambda i, o, k, g: (o // g) * ((i // g) * k * k + 1)),
            "That is one group. How many are there?",
        ),
        Mistake(
            "bias_divided",
            _grouped(lambda i, o, k, g: (o * i * k * k + o) // g),
            "The biases are divided among the groups as well. How many output channels are "
            "there in all?",
        ),
        Mistake(
            "kernel_not_squared",
            _grouped(lambda i, o, k, g: o * ((i // g) * k + 1)),
            "A kernel is k high and k wide.",
        ),
        Mistake(
            "multiplied",
            _grouped(lambda i, o, k, g: o * (i * g * k * k + 1)),
            "Groups make the layer smaller, not larger.",
        ),
    ],
)
def grouped_conv_parameters(rng: Generator) -> Iterator[Case]:
    """How many numbers a convolution in groups holds."""
    hint = "Take 4 input and 6 output channels in 2 groups, and draw who looks at whom."

    def case(title: str, settings: list[list[int]], weight: float) -> Case:
        text = f"grouped_conv_parameters(in, out, kernel, groups) for {settings}"
        probe = ask(counts_of, "grouped_conv_parameters", settings, text=text)
        return Case(title, probe, hint, same(), weight=weight)

    def drawn(groups: int) -> list[int]:
        return [groups * whole(rng, 3, 20), groups * whole(rng, 3, 20), whole(rng, 2, 7), groups]

    yield case("AlexNet's five convolutions", [list(layer[:4]) for layer in TABLE], 2)
    yield case("two groups and more", [drawn(2), drawn(3), drawn(4)], 2)
    yield case("one group, and as many as channels", [drawn(1), [8, 8, 3, 8], [8, 16, 5, 8]], 1)


# AlexNet ----------------------------------------------------------------------------------

HIDDEN = 4096
SMALL = 1 / 16
LARGEST = 5_000_000  # values, for a network whose values are compared


def scaled(channels: int, width: float) -> int:
    """``channels · width`` as an even number, so that two groups can share it; at least 2."""
    return max(2, 2 * round(channels * width / 2))


def built(make: Callable[..., Any], device: str, **settings: Any) -> nn.Module:
    """The student's network on ``device``.

    Raises:
        ProbeError: what was made is no module, or it can't be made without values.
    """
    try:
        with torch.device(device):
            model = make(**settings)
    except NotImplementedError as error:
        if "aten::" in str(error):
            raise ProbeError(f"it can't be built without values (device meta): {error}") from None
        raise
    if not isinstance(model, nn.Module):
        raise ProbeError(f"expected an nn.Module, found {type(model).__name__}")
    return model


def parameter_shapes(make: Callable[..., Any], settings: dict[str, Any]) -> list[list[int]]:
    """Shapes of all parameters, in the order of ``parameters()``."""
    return [list(parameter.shape) for parameter in built(make, "meta", **settings).parameters()]


def parameter_count(make: Callable[..., Any], settings: dict[str, Any]) -> int:
    """Number of values in all parameters."""
    return sum(parameter.numel() for parameter in built(make, "meta", **settings).parameters())


def layer_outputs(make: Callable[..., Any], side: int) -> list[list[int]]:
    """Output shapes of the convolutions and linear layers, for one image of side ``side``."""
    model, shapes = built(make, "meta").eval(), []
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(lambda _m, _i, output: shapes.append(output.shape[1:]))
    try:
        with torch.device("meta"), torch.no_grad():
            model(torch.empty(1, 3, side, side))
    except NotImplementedError as error:
        if "aten::" in str(error):
            raise ProbeError(f"it can't run without values (device meta): {error}") from None
        raise
    return [list(shape) for shape in shapes]


def filled(make: Callable[..., Any], seed: int, settings: dict[str, Any]) -> nn.Module:
    """The network in float64 with parameters from a seed, in evaluation mode."""
    count = parameter_count(make, settings)
    if count > LARGEST:
        raise ProbeError(
            f"{count:,} parameters with {settings}: is `width` used for every layer but the last?"
        )
    generator = _generator(seed)
    model = built(make, "cpu", **settings).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            fan_in = parameter[0].numel() if parameter.ndim > 1 else 0
            values = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.copy_(values * ((2 / fan_in) ** 0.5 if fan_in else 0.1))
    return model


def pictures(seed: int, count: int = 2) -> Tensor:
    """Images ``(count, 3, 227, 227)``, float64, with large values: there the LRN matters."""
    return 60 * torch.randn(count, 3, 227, 227, generator=_generator(seed), dtype=torch.float64)


def logits(make: Callable[..., Any], seed: int, settings: dict[str, Any]) -> Any:
    """What the filled network says of two images; ``(2, num_classes)``."""
    with torch.no_grad():
        return filled(make, seed, settings)(pictures(seed))


def slopes(make: Callable[..., Any], seed: int, settings: dict[str, Any]) -> dict[str, Any]:
    """Of a cross-entropy: the gradient at some pixels, and the norms at all parameters."""
    model = filled(make, seed, settings)
    images = pictures(seed).requires_grad_()
    loss = F.cross_entropy(model(images) / 50, torch.tensor([0, 1]))
    wanted = [images, *model.parameters()]
    found = torch.autograd.grad(loss, wanted, allow_unused=True)
    norms = [0.0 if slope is None else float(slope.norm()) for slope in found]
    pixels = torch.zeros(1) if found[0] is None else found[0][:, :, ::45, ::45]
    return {"at pixels": pixels, "norms": norms[1:]}


def dropped_inputs(make: Callable[..., Any], seed: int) -> dict[str, Any]:
    """Share of zeros that training adds at the input of each linear layer, from first to last."""
    model = filled(make, seed, {"num_classes": 10, "width": SMALL})
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.abs_().add_(0.01)  # so that no ReLU gives a zero
    images, zeros = pictures(seed).abs(), list[float]()
    for module in model.modules():
        if isinstance(module, nn.Linear):
            module.register_forward_pre_hook(
                lambda _m, inputs: zeros.append(float((inputs[0] == 0).double().mean()))
            )
    with torch.no_grad():
        first, second = model(images), model(images)
        resting = zeros[: len(zeros) // 2]
        zeros.clear()
        model.train()(images)
    return {
        "evaluation repeats itself": torch.equal(first, second),
        "dropped in training before each linear layer": [
            busy - rest for busy, rest in zip(zeros, resting, strict=True)
        ],
    }


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
        weight=1,
    )
    settings = {"num_classes": whole(rng, 5, 12), "width": SMALL}
    text = f"AlexNet(num_classes={settings['num_classes']}, width=1/16)"
    yield Case(
        "values",
        ask(logits, "AlexNet", _seed(rng), settings, text=f"{text} on two images"),
        "The parameters are the check's own, filled in the order of parameters(). So what "
        "differs is what happens between the layers, or the order in which they were made.",
        DEEP,
        weight=5,
    )
    yield Case(
        "gradients",
        ask(slopes, "AlexNet", _seed(rng), settings, text=f"gradients of a loss of {text}"),
        "If the values are right and these are not: is something detached on the way?",
        DEEP,
        weight=2,
    )
    yield Case(
        "dropout",
        ask(
            dropped_inputs, "AlexNet", _seed(rng),
            text="AlexNet(10, width=1/16): zeros before its linear layers, in training",
        ),
        "Which outputs does the paper drop, and with which probability?",
        close(rtol=0.0, atol=0.1, dtype=False),
        {
            "evaluation repeats itself": True,
            "dropped in training before each linear layer": [0.0, 0.5, 0.5],
        },
        weight=3,
    )  # fmt: skip


def _alexnet_parameters(rng: Generator) -> Iterator[Case]:
    hint = "Compare your shapes with the table above, layer by layer."
    yield Case(
        "60,965,224 parameters",
        ask(parameter_count, "AlexNet", {}, text="number of parameters of AlexNet()"),
        hint,
        same(),
        60_965_224,
        weight=1,
    )
    yield Case(
        "their shapes, in order",
        ask(parameter_shapes, "AlexNet", {}, text="shapes of AlexNet().parameters()"),
        hint,
        same(),
        weight=1,
    )
    settings = {"num_classes": whole(rng, 11, 99), "width": between(rng, 0.2, 0.7)}
    yield Case(
        "another width and number of classes",
        ask(parameter_shapes, "AlexNet", settings, text=f"shapes of AlexNet(**{settings})"),
        "Every number of channels and of hidden units goes through `scaled`; 3 and num_classes "
        "do not.",
        same(),
        weight=1,
    )
