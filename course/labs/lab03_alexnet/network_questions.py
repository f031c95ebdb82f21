"""What the checks of lab 3 ask of AlexNet.

It is built at its full size without values (device ``meta``) for counts and shapes, and at a
sixteenth of its width for values and gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import wraps
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from course.checks import traffic
from course.checks.inputs import Recipe, made
from course.checks.modules import a_module, count, filled, sizes_of
from course.checks.probes import ProbeError
from course.device import seeded

LARGEST = 1_000_000  # values, for a network whose values are compared


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
    resting, images = rested(make)(**settings), pictures(seed)
    model, past = filled(resting, seed), traffic.Past()
    with seeded(seed):
        with torch.no_grad():
            traffic.entries(model.eval(), images, past)
            result = traffic.entries(model.train(), images, past)[-1].arrived
        modes = {module.training for module in model.modules()}
    return {
        "logits, but for what is dropped": result,
        "stays in training mode": modes == {True},
        "on average, training sends on": _sent_on(resting.network, images, seed),
    }


def _sent_on(network: nn.Module, images: Tensor, seed: int) -> str:
    """Where training feeds a layer another amount than evaluation, on average over the masks.

    Amounts are counted in halves: who makes up for what is dropped twice, or never, is off by
    the factor 2, and by chance no share is off by half as much.
    """
    found = []
    for line in traffic.masks(network, images, 8, seed):
        known = line["dropped"][line["dropped"] != traffic.UNKNOWN]
        if line["scale"] is None or not len(known):
            continue
        amount = round(2 * line["scale"] * float((known == 0).double().mean())) / 2
        if amount != 1:
            found.append(f"{amount:g} times as much {traffic.where(line['size'])}")
    return ", ".join(found) or "as much as evaluation"


def unlearning(make: Callable[..., Any], seed: int, settings: dict[str, Any]) -> dict[str, str]:
    """Sizes of weights and biases that a loss does not reach, in either mode."""
    return {
        f"without a gradient, {'training' if mode else 'evaluation'}": _unreached(
            filled(rested(make)(**settings), seed).train(mode), seed
        )
        for mode in (True, False)
    }


def _unreached(model: nn.Module, seed: int) -> str:
    with seeded(seed):
        scores = model(pictures(seed))
    if scores.requires_grad:
        F.cross_entropy(scores / 50, torch.tensor([0, 1])).backward()
    every = list(model.parameters())
    if not every:
        return "there are no parameters"
    still = [one for one in every if one.grad is None or not bool(one.grad.any())]
    return ", ".join(str(list(one.shape)) for one in still) or "none"


def dropped_inputs(
    make: Callable[..., Any], seed: int, settings: dict[str, Any], images: int, calls: int
) -> list[dict[str, Any]]:
    """What training drops, of some images in so many passes: see :func:`traffic.masks`."""
    model = filled(rested(make)(**settings).network, seed, torch.float32)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.abs_()  # so that no ReLU gives a zero
    return traffic.masks(model, pictures(seed, images).abs().float(), calls, seed)


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
