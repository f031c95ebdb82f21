"""What the checks of lab 3 ask, beyond plain calls.

Dropout is random, so its questions are about facts that hold for every mask. AlexNet is built at
its full size without values (device ``meta``) for counts and shapes, and at a sixteenth of its
width for values and gradients.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import wraps
from numbers import Integral
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn
from torch.overrides import TorchFunctionMode

from course.checks import traffic
from course.checks.inputs import Recipe, made
from course.checks.judges import Finding, close
from course.checks.modules import a_module, a_tensor, count, filled, size_of, sizes_of
from course.checks.probes import Probe, ProbeError
from course.device import seeded

LARGEST = 1_000_000  # values, for a network whose values are compared


def for_each(function: Callable[..., Any], settings: list[list[int]]) -> list[Any]:
    """What the function gives for each list of arguments."""
    return [function(*setting) for setting in settings]


def for_each_with_kinds(
    function: Callable[..., Any], settings: list[list[int]]
) -> dict[str, list[Any]]:
    """What the function gives for each list of arguments, and of which kind it is."""
    found = [function(*setting) for setting in settings]
    kinds = [type(one).__name__ for one in found if not _whole(one)]
    return {"values": found, "not whole numbers, but": kinds}


def unseen(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adapter for functions that may make a layer on the way: what its weights draw is nothing."""

    @wraps(function)
    def asked(*args: Any, **kwargs: Any) -> Any:
        with torch.random.fork_rng(devices=[]):
            return function(*args, **kwargs)

    return asked


def _whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


@dataclass(frozen=True)
class AsExpected:
    """Judges like :class:`~course.checks.judges.Close`, where something is expected: what an
    answer tells besides is for recognising mistakes.
    """

    rtol: float
    atol: float

    def __call__(self, answer: Any, expected: Any, probe: Probe) -> Finding:
        """Where the answer differs most from what was expected."""
        if isinstance(answer, dict):
            answer = {key: value for key, value in answer.items() if key in expected}
        return close(self.rtol, self.atol, dtype=False)(answer, expected, probe)


# Dropout ----------------------------------------------------------------------------------


def settled_inverted(function: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Adapter for inverted dropout, see :func:`_settled`."""
    return _settled(function, lambda p: 1 / (1 - p) if p < 1 else 0.0)


def settled_paper(function: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Adapter for dropout as in the paper, see :func:`_settled`."""
    return _settled(function, lambda p: 1.0)


def _settled(
    function: Callable[..., Any], factor: Callable[[float], float]
) -> Callable[..., dict[str, Any]]:
    """The same function where nothing is left to chance: in training and outside it, with what
    was dropped filled in. Whoever keeps to the law gets the same whatever the mask.

    It takes a seed in the generator's place.
    """

    @wraps(function)
    def asked(*args: Any, **kwargs: Any) -> dict[str, Any]:
        given = {**dict(zip(ARGUMENTS, args, strict=False)), **kwargs}
        x, p = given["x"].clone(), given["p"]
        busy = _like(x, _with_seeds(function, args, kwargs))
        gone = busy.detach() == 0
        filled_in = torch.where(gone, (x * factor(p)).to(busy.dtype) + busy, busy)
        enough, size = x.numel() >= ENOUGH, x.detach()
        return {
            FILLED: filled_in / size.to(filled_in.dtype),
            "some are dropped": bool(gone.any()) if enough else None,
            "some are kept": not bool(gone.all()) if enough else None,
            "outside training, over x": _at_rest(function, x, args, kwargs, size),
        }

    return asked


ARGUMENTS = ("x", "p", "training", "generator")
FILLED = "in training, over x, with the dropped values filled in"
ENOUGH = 100  # values, of which some are dropped and some kept for certain


def _with_seeds(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], **changes: Any
) -> Any:
    """The function's answer, with a generator where a seed stands, and some arguments changed."""

    def put(name: str, value: Any) -> Any:
        value = changes.get(name, value)
        return _generator(value) if name == "generator" and value is not None else value

    named = {name: put(name, value) for name, value in kwargs.items()}
    return function(*(put(*pair) for pair in zip(ARGUMENTS, args, strict=False)), **named)


def _at_rest(
    function: Callable[..., Any],
    x: Tensor,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    size: Tensor,
) -> Tensor:
    result = _like(x, _with_seeds(function, args, kwargs, training=False))
    return result / size.to(result.dtype)


def passes(function: Callable[..., Any], calls: int, seed: int, x: Tensor, p: float) -> Tensor:
    """``x`` where ``calls`` calls in training keep it, whatever they multiply it with, and 0 where
    they drop it; all from one generator; ``(calls, *x.shape)``.
    """
    generator = _generator(seed)
    return _several(lambda: function(x.clone(), p, True, generator=generator), calls, x)


def unguided_passes(
    function: Callable[..., Any], calls: int, seed: int, x: Tensor, p: float
) -> Tensor:
    """The same, from torch's own random state."""
    with seeded(seed):
        return _several(lambda: function(x.clone(), p, True), calls, x)


def _several(once: Callable[[], Any], calls: int, x: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.stack([x * (_like(x, once()) != 0) for _ in range(calls)])


def kept(function: Callable[..., Any], x: Tensor, p: float, seed: int) -> dict[str, Any]:
    """Of one training pass: the share of zeros, and what the others are multiplied by."""
    y = _dropped(function, x, p, seed)
    factors = (y / x)[y != 0]
    several = bool(len(factors)) and not torch.allclose(factors, factors[0], rtol=1e-6)
    factor = float(factors[0]) if len(factors) else 0.0
    return {
        "share of zeros": float((y == 0).double().mean()),
        "kept values are x times": "several factors" if several else factor,
    }


def outside_training(
    function: Callable[..., Any], x: Tensor, p: float, seed: int
) -> dict[str, Any]:
    """What comes out when not training, and whether training differs from that.

    What training does besides tells known mistakes apart that rest alike.
    """
    rest = _like(x, function(x.clone(), p, False, generator=_generator(seed)))
    busy = _dropped(function, x, p, seed)
    training = kept(function, x.repeat(100, 1), p, seed)
    return {
        "training=False gives": rest,
        "training=True gives the same": torch.equal(rest, busy),
        "more is dropped than kept": training.pop("share of zeros") > 0.5,
        **training,
    }


def randomness(function: Callable[..., Any], x: Tensor, p: float, seed: int) -> dict[str, bool]:
    """Where the random numbers come from."""

    def mask(generator: Generator) -> Tensor:
        return _like(x, function(x.clone(), p, True, generator=generator)) == 0

    one = _generator(seed)
    first, second, again = mask(one), mask(one), mask(_generator(seed))
    with seeded(seed):
        state = torch.get_rng_state()
        mask(_generator(seed))
        alone = torch.equal(state, torch.get_rng_state())
    return {
        "equal generators, equal masks": torch.equal(first, again),
        "a second call, another mask": not torch.equal(first, second),
        "a generator given, torch's own is left alone": alone,
    }


def unguided(function: Callable[..., Any], x: Tensor, p: float, seed: int) -> dict[str, bool]:
    """Without a generator: torch's own randomness decides, and nobody else's."""
    masks = []
    for number, start in enumerate((seed, seed, seed + 1)):
        with seeded(start):
            np.random.seed(number)
            random.seed(number)
            masks.append(_like(x, function(x.clone(), p, True)) == 0)
    return {
        "equal torch.manual_seed, equal masks": torch.equal(masks[0], masks[1]),
        "another seed, another mask": not torch.equal(masks[0], masks[2]),
    }


def extremes(function: Callable[..., Any], x: Tensor, seed: int) -> dict[str, Tensor]:
    """Values and gradients where nothing is dropped and where everything is."""
    found: dict[str, Tensor] = {}
    for p in (0.0, 1.0):
        leaf = x.clone().requires_grad_()
        y = function(leaf, p, True, generator=_generator(seed))
        found[f"p = {p:g}"] = _like(x, y)
        slope = (
            torch.autograd.grad(y.sum(), leaf, allow_unused=True)[0] if y.requires_grad else None
        )
        found[f"gradient, p = {p:g}"] = torch.zeros_like(x) if slope is None else slope
    return found


def _dropped(function: Callable[..., Any], x: Tensor, p: float, seed: int) -> Tensor:
    return _like(x, function(x.clone(), p, True, generator=_generator(seed)))


def _like(x: Tensor, value: Any) -> Tensor:
    return a_tensor(value, tuple(x.shape), "the result")


def _generator(seed: int) -> Generator:
    return torch.Generator().manual_seed(seed)


# AlexNet ----------------------------------------------------------------------------------


def rested(make: Callable[..., Any]) -> Callable[..., Rested]:
    """Adapter: networks of a size that a check can run, where both kinds of dropout rest alike.

    The paper's dropout halves at rest what today's leaves as it is. Both are right, so the halves
    are doubled again, see :class:`Rested`.
    """

    @wraps(make)
    def made(*args: Any, **kwargs: Any) -> Rested:
        settings = f"{args}{kwargs or ''}"
        with _without_values("be built"), torch.device("meta"):
            values = count(a_module(make(*args, **kwargs), "AlexNet(…)").parameters())
        if values > LARGEST and torch.get_default_device().type != "meta":
            raise ProbeError(
                f"{values:,} parameters with {settings}: is `width` used for every layer but the "
                "last?",
                "shape",
            )
        with _without_values("be built"):
            return Rested(a_module(make(*args, **kwargs), "AlexNet(…)"))

    return made


class Rested(nn.Module):
    """A network that rests as with today's dropout, whichever it uses.

    Where evaluation feeds a linear layer just half of what left the one before through a ReLU,
    that half is doubled.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """What the network says, in either mode."""
        with _Doubling() if not self.training and not x.is_meta else nullcontext():
            result: Tensor = self.network(x)
        return result


class _Doubling(TorchFunctionMode):
    """Doubles inputs of linear layers that are half of a ReLU of the last one's output."""

    def __init__(self) -> None:
        super().__init__()
        self._last: Tensor | None = None

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run an operation; a linear one on the doubled input, where that was halved."""
        kwargs = kwargs or {}
        if func is not F.linear or not args:
            return func(*args, **kwargs)
        with torch._C.DisableTorchFunction():
            x = 2 * args[0] if self._halved(args[0]) else args[0]
            result = func(x, *args[1:], **kwargs)
            self._last = result.detach().relu()
            return result

    def _halved(self, x: Tensor) -> bool:
        last = self._last
        if last is None or last.shape != x.shape or last.dtype != x.dtype:
            return False
        return bool(last.any()) and torch.allclose(2 * x, last, 1e-5, 0.0)


def parameter_sizes(make: Callable[..., Any], settings: dict[str, Any]) -> list[list[int]]:
    """Sizes of all parameters, sorted."""
    return sizes_of(_on_meta(make, settings))


def parameter_count(make: Callable[..., Any], settings: dict[str, Any]) -> int:
    """Number of values in all parameters."""
    return count(_on_meta(make, settings).parameters())


def layer_outputs(make: Callable[..., Any], side: int) -> list[list[int]]:
    """Output shapes of the convolutions and linear layers, for one image of side ``side``."""
    model = _on_meta(make, {}).eval()
    with _without_values("run"), torch.device("meta"), torch.no_grad(), _Shapes() as seen:
        model(torch.empty(1, 3, side, side))
    return seen.shapes


class _Shapes(TorchFunctionMode):
    """Takes down what shapes convolutions and linear layers give, without the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: list[list[int]] = []

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run an operation."""
        result = func(*args, **(kwargs or {}))
        if func in (F.conv2d, F.linear):
            self.shapes.append(list(result.shape[1:]))
        return result


def logits(make: Callable[..., Any], seed: int, settings: dict[str, Any]) -> Any:
    """What the filled network says of two images; ``(2, num_classes)``."""
    model = filled(rested(make)(**settings), seed)
    with seeded(seed), torch.no_grad():
        return model(pictures(seed))


def in_training(make: Callable[..., Any], seed: int, settings: dict[str, Any]) -> dict[str, Any]:
    """A pass in training mode, where each layer gives what it gives at rest, whatever was dropped
    before it: so what comes out should be what rest gives.
    """
    model, images = filled(rested(make)(**settings), seed), pictures(seed)
    past = traffic.Past()
    with seeded(seed):
        with torch.no_grad():
            traffic.entries(model.eval(), images, past)
            result = traffic.entries(model.train(), images, past)[-1].arrived
        modes = {module.training for module in model.modules()}
        F.cross_entropy(model(images) / 50, torch.tensor([0, 1])).backward()
    still = [
        size_of(one) for one in model.parameters() if one.grad is None or not bool(one.grad.any())
    ]
    return {
        "logits, but for what is dropped": result,
        "stays in training mode": modes == {True},
        "parameters without a gradient": still,
    }


def dropped_inputs(
    make: Callable[..., Any], seed: int, settings: dict[str, Any], images: int, calls: int
) -> list[dict[str, Any]]:
    """What training drops, of some images in so many passes: see :func:`traffic.masks`."""
    model = filled(rested(make)(**settings).network, seed, torch.float32)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.abs_()  # so that no ReLU gives a zero
    return traffic.masks(model, pictures(seed, images).abs().float(), calls, seed)


def beginnings(make: Callable[..., Any], seed: int, settings: dict[str, Any]) -> dict[str, Any]:
    """Of two fresh networks: sizes of all parameters, and of weights that are equal in both."""
    with seeded(seed):
        one, other = (list(rested(make)(**settings).parameters()) for _ in range(2))
    pairs = zip(one, other, strict=True)
    alike = [size_of(a) for a, b in pairs if a.ndim > 1 and torch.equal(a, b)]
    return {"sizes": sorted(map(size_of, one)), "equal in both": alike}


def pictures(seed: int, number: int = 2) -> Tensor:
    """Images ``(number, 3, 227, 227)``, float64, with large values: there the LRN matters."""
    facts = {"seed": seed, "shape": [number, 3, 227, 227], "dtype": "float64"}
    return 60 * made(Recipe("normal", facts))


def _on_meta(make: Callable[..., Any], settings: dict[str, Any]) -> nn.Module:
    with _without_values("be built"), torch.device("meta"):
        return a_module(make(**settings), "AlexNet(…)")


@contextmanager
def _without_values(purpose: str) -> Iterator[None]:
    """Tell "not written yet" from torch's own error about an operation without values."""
    try:
        yield
    except NotImplementedError as error:
        if "aten::" not in str(error):
            raise
        raise ProbeError(f"it can't {purpose} without values (device meta): {error}") from None
