"""Receptive fields, measured: which input pixels can reach a unit, and which really do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from course.device import device_of, seeded
from course.instruments.layers import select
from course.instruments.modes import evaluation_mode
from course.instruments.recording import preserved_grad


class ReceptiveField(NamedTuple):
    """The rectangle of input pixels that can reach a unit; rows and columns count from 0.

    Attributes:
        top, left, bottom, right: first and last row and column, all of them inside.
        clipped: does it touch the image's border? Then it may go on in the padding, and a larger
            input would show more.
    """

    top: int
    left: int
    bottom: int
    right: int
    clipped: bool

    @property
    def height(self) -> int:
        """Rows, in pixels."""
        return self.bottom - self.top + 1

    @property
    def width(self) -> int:
        """Columns, in pixels."""
        return self.right - self.left + 1

    def __str__(self) -> str:
        return f"{self.height}×{self.width} pixels{', clipped by the image' * self.clipped}"


def probed_receptive_field(
    model: nn.Module, input_shape: Sequence[int], layer: str | None = None
) -> ReceptiveField:
    """The receptive field of the unit in the middle of a layer's output, without any formula.

    NaN spreads: whatever a layer computes from it is NaN as well. So rows and columns are spoilt
    with NaN, and the unit is looked at; bisection finds where the rectangle begins and ends. Holes
    in it (dilation, strides larger than kernels) are not seen. Takes about 2·log₂(H·W) passes as
    far as the layer.

    Args:
        input_shape: ``(C, H, W)``, larger than the field that is expected.
        layer: dotted name of a layer whose output is ``(N, C, H, W)`` or ``(N, K)``; by default
            the model's output.

    Raises:
        KeyError: a name that is not in the model.
        ValueError: ``input_shape`` is not ``(C, H, W)``, or no pixel reaches the unit.
    """
    _, height, width = _checked(input_shape)
    with _probe(model, layer) as answer:

        def reached(axis: int, first: int, last: int) -> bool:
            image = torch.zeros(1, *input_shape, dtype=torch.float64)
            image.narrow(axis, first, last - first).fill_(torch.nan)
            return bool(_middle(answer(image)).isnan().any())

        if not reached(2, 0, height):
            raise ValueError("no input pixel reaches this unit: it does not depend on the image")
        top, bottom = _edges(lambda first, last: reached(2, first, last), height)
        left, right = _edges(lambda first, last: reached(3, first, last), width)
    clipped = top == 0 or left == 0 or bottom == height - 1 or right == width - 1
    return ReceptiveField(top, left, bottom, right, clipped)


def effective_receptive_field(
    model: nn.Module,
    input_shape: Sequence[int],
    layer: str | None = None,
    *,
    samples: int = 32,
    seed: int = 0,
    images: Tensor | None = None,
) -> Tensor:
    """How strongly each pixel moves the unit in the middle of a layer's output: ``(H, W)``.

    Root mean square, over images, channels of the layer and colours, of the unit's derivative by
    the pixel, divided by the largest. After Luo et al. 2016, who saw that it falls off like a
    Gaussian: a field of many pixels is used mostly in its middle. The model is looked at in
    evaluation mode, and is not changed.

    Args:
        input_shape: ``(C, H, W)``.
        layer: as in ``probed_receptive_field``.
        samples: random normal images to average over, of this ``seed``.
        images: ``(N, C, H, W)``, to look at instead of random ones.

    Raises:
        KeyError: a name that is not in the model.
        ValueError: ``input_shape`` is not ``(C, H, W)``, or the unit has no slope anywhere.
    """
    _checked(input_shape)
    place = device_of(model)
    with evaluation_mode(model), preserved_grad(model), seeded(seed, place):
        if images is None:
            images = torch.randn(samples, *input_shape)
        inputs = images.to(place).requires_grad_()
        units = _middle(_up_to(model, layer)(inputs))
        # Random signs for the channels: squared, the mixed terms cancel on average.
        signs = torch.randint(2, units.shape).to(units) * 2 - 1
        (slopes,) = torch.autograd.grad((units * signs).sum(), inputs)
    field = slopes.cpu().double().pow(2).mean(dim=(0, 1)).sqrt()
    if not field.max() > 0:
        raise ValueError("no pixel moves this unit: its slope is 0 on all of these images")
    return (field / field.max()).float()


def _checked(input_shape: Sequence[int]) -> tuple[int, int, int]:
    if len(input_shape) != 3 or min(input_shape) < 1:
        raise ValueError(f"expected the shape of one image (C, H, W), found {tuple(input_shape)}")
    channels, height, width = input_shape
    return channels, height, width


def _middle(output: Tensor) -> Tensor:
    """``(N, C, H, W) -> (N, C)`` at the middle place; ``(N, K)`` as it is."""
    return output if output.ndim == 2 else output[:, :, output.shape[2] // 2, output.shape[3] // 2]


def _edges(reached: Callable[[int, int], bool], length: int) -> tuple[int, int]:
    """First and last of ``length`` lines that reach the unit."""
    low, high = 1, length  # the smallest number of lines from the start that reaches it
    while low < high:
        half = (low + high) // 2
        low, high = (low, half) if reached(0, half) else (half + 1, high)
    first = low - 1
    low, high = first, length - 1  # the last line from which the rest still reaches it
    while low < high:
        half = (low + high + 1) // 2
        low, high = (half, high) if reached(half, length) else (low, half - 1)
    return first, low


class _Found(Exception):
    """The layer has answered: the rest of the pass is not needed."""

    def __init__(self, output: Tensor) -> None:
        super().__init__()
        self.output = output


def _up_to(
    model: nn.Module, layer: str | None, call: Callable[[Tensor], Tensor] | None = None
) -> Callable[[Tensor], Tensor]:
    """The model as far as one layer; its output. ``call`` is how to run the model."""
    call = call or model
    if layer is None:
        return call
    (module,) = select(model, layer).values()

    def found(module: nn.Module, inputs: object, output: Tensor) -> None:
        raise _Found(output)

    def forward(images: Tensor) -> Tensor:
        handle = module.register_forward_hook(found)
        try:
            call(images)
        except _Found as end:
            return end.output
        finally:
            handle.remove()
        raise ValueError(f"layer {layer!r} did not run in this model's forward pass")

    return forward


@contextmanager
def _probe(model: nn.Module, layer: str | None) -> Iterator[Callable[[Tensor], Tensor]]:
    """The model on the CPU in float64, which has the plainest convolutions.

    Faster ones (Winograd, FFT) work on tiles, and one NaN would spoil the whole tile.
    """
    tensors = dict(model.named_parameters()) | dict(model.named_buffers())
    plain = {name: _plain(tensor.detach()) for name, tensor in tensors.items()}

    def call(images: Tensor) -> Tensor:
        return torch.func.functional_call(model, plain, (images,))

    with evaluation_mode(model), torch.no_grad():
        yield _up_to(model, layer, call)


def _plain(tensor: Tensor) -> Tensor:
    return tensor.to("cpu", torch.float64) if tensor.is_floating_point() else tensor.cpu()
