"""What the checks of lab 3 ask, beyond plain calls.

Dropout is random, so its questions are about facts that hold for every mask. AlexNet is built at
its full size without values (device ``meta``) for counts and shapes, and at a sixteenth of its
width for values and gradients: its parameters are drawn from a seed, in the order of
``parameters()``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from course.checks.inputs import Recipe, made
from course.checks.judges import Finding, close
from course.checks.modules import a_module, a_tensor, count, filled
from course.checks.probes import Probe, ProbeError
from course.device import seeded

LARGEST = 5_000_000  # values, for a network whose values are compared


def for_each(function: Callable[..., Any], settings: list[list[int]]) -> list[Any]:
    """What the function gives for each list of arguments."""
    return [function(*setting) for setting in settings]


def result_and_argument(function: Callable[..., Any], x: Tensor, *args: Any) -> list[Any]:
    """The result, and the first argument afterwards."""
    result = function(x, *args)
    return [result, x]


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


def patterns(function: Callable[..., Any], x: Tensor, p: float, seed: int) -> dict[str, float]:
    """Share of zeros, and of rows and columns that are dropped or kept as one."""
    gone = _dropped(function, x, p, seed) == 0
    return {
        "share of zeros": float(gone.double().mean()),
        "rows dropped or kept as one": _alike(gone, 1),
        "columns dropped or kept as one": _alike(gone, 0),
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
    """Without a generator: torch's own randomness decides."""
    masks = []
    for start in (seed, seed, seed + 1):
        with seeded(start):
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


def pulled_through(function: Callable[..., Any], x: Tensor, p: float, seed: int) -> dict[str, Any]:
    """The gradient of the sum: the same factor where a value was kept, zero elsewhere."""
    x.requires_grad_()
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


def types(function: Callable[..., Any], x: Tensor, p: float, seed: int) -> dict[str, Any]:
    """The dtype that float32 turns into, in a call that does drop something."""
    y = _dropped(function, x, p, seed)
    some = bool((y == 0).any()) and bool((y != 0).any())
    dtype = str(y.dtype).removeprefix("torch.")
    return {"float32 becomes": dtype, "some values are dropped, some kept": some}


def _dropped(function: Callable[..., Any], x: Tensor, p: float, seed: int) -> Tensor:
    return _like(x, function(x.clone(), p, True, generator=_generator(seed)))


def _like(x: Tensor, value: Any) -> Tensor:
    return a_tensor(value, tuple(x.shape), "the result").detach()


def _generator(seed: int) -> Generator:
    return torch.Generator().manual_seed(seed)


def _alike(gone: Tensor, dim: int) -> float:
    return float((gone.all(dim) | ~gone.any(dim)).double().mean())


# AlexNet ----------------------------------------------------------------------------------


def parameter_shapes(make: Callable[..., Any], settings: dict[str, Any]) -> list[list[int]]:
    """Shapes of all parameters, in the order of ``parameters()``."""
    return [list(parameter.shape) for parameter in _built(make, "meta", settings).parameters()]


def parameter_count(make: Callable[..., Any], settings: dict[str, Any]) -> int:
    """Number of values in all parameters."""
    return count(_built(make, "meta", settings).parameters())


def layer_outputs(make: Callable[..., Any], side: int) -> list[list[int]]:
    """Output shapes of the convolutions and linear layers, for one image of side ``side``."""
    model, shapes = _built(make, "meta", {}).eval(), []
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(lambda _m, _i, output: shapes.append(output.shape[1:]))
    with _without_values("run"), torch.device("meta"), torch.no_grad():
        model(torch.empty(1, 3, side, side))
    return [list(shape) for shape in shapes]


def logits(make: Callable[..., Any], seed: int, settings: dict[str, Any]) -> Any:
    """What the filled network says of two images; ``(2, num_classes)``."""
    model = _small(make, seed, settings)
    with seeded(seed), torch.no_grad():
        return model(pictures(seed))


def slopes(make: Callable[..., Any], seed: int, settings: dict[str, Any]) -> dict[str, Any]:
    """Of a cross-entropy: the gradient at some pixels, and the norms at all parameters."""
    model = _small(make, seed, settings)
    images = pictures(seed).requires_grad_()
    with seeded(seed):
        loss = F.cross_entropy(model(images) / 50, torch.tensor([0, 1]))
    wanted = [images, *model.parameters()]
    found = torch.autograd.grad(loss, wanted, allow_unused=True)
    norms = [0.0 if slope is None else float(slope.norm()) for slope in found]
    pixels = torch.zeros(1) if found[0] is None else found[0][:, :, ::45, ::45]
    return {"at pixels": pixels, "norms": norms[1:]}


def dropped_inputs(make: Callable[..., Any], seed: int, settings: dict[str, Any]) -> dict[str, Any]:
    """Share of zeros that training adds at the input of each linear layer, from first to last."""
    model = _small(make, seed, settings)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.abs_().add_(0.01)  # so that no ReLU gives a zero
    images, zeros = pictures(seed).abs(), list[float]()
    for module in model.modules():
        if isinstance(module, nn.Linear):
            module.register_forward_pre_hook(
                lambda _m, inputs: zeros.append(float((inputs[0] == 0).double().mean()))
            )
    with seeded(seed), torch.no_grad():
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


def pictures(seed: int, number: int = 2) -> Tensor:
    """Images ``(number, 3, 227, 227)``, float64, with large values: there the LRN matters."""
    facts = {"seed": seed, "shape": [number, 3, 227, 227], "dtype": "float64"}
    return 60 * made(Recipe("normal", facts))


def _built(make: Callable[..., Any], device: str, settings: dict[str, Any]) -> nn.Module:
    with _without_values("be built"), torch.device(device):
        return a_module(make(**settings), "AlexNet(…)")


def _small(make: Callable[..., Any], seed: int, settings: dict[str, Any]) -> nn.Module:
    values = parameter_count(make, settings)
    if values > LARGEST:
        raise ProbeError(
            f"{values:,} parameters with {settings}: is `width` used for every layer but the last?"
        )
    return filled(_built(make, "cpu", settings), seed)


@contextmanager
def _without_values(purpose: str) -> Iterator[None]:
    """Tell "not written yet" from torch's own error about an operation without values."""
    try:
        yield
    except NotImplementedError as error:
        if "aten::" not in str(error):
            raise
        raise ProbeError(f"it can't {purpose} without values (device meta): {error}") from None
