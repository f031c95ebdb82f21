"""Keep what goes through a network: activations on the way forward, gradients on the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from course.instruments.layers import Layers, watching


def record_activations(
    model: nn.Module, inputs: Tensor, layers: Layers = None
) -> dict[str, Tensor]:
    """Run the model once and keep what each layer gave out: ``{layer: (N, ...)}``, in order.

    No gradients are computed; the model stays in the mode it is in.

    Args:
        inputs: ``(N, C, H, W)``, on the model's device.
        layers: names of layers or layer types, one or several; by default every layer without
            layers inside it.

    Raises:
        KeyError: a name that is not in the model; the message has the nearest ones.
    """
    with torch.no_grad(), watch_activations(model, layers) as activations:
        model(inputs)
    return activations


def record_gradients(
    model: nn.Module, loss: Callable[[], Tensor], layers: Layers = None
) -> dict[str, Tensor]:
    """Gradient of a loss with respect to each layer's output: ``{layer: (N, ...)}``, in order.

    Args:
        loss: computes a scalar from the model, as in
            ``lambda: F.cross_entropy(model(images), labels)``. The ``grad`` of the model's
            parameters is left as it was.
        layers: as in ``record_activations``. A layer that the loss does not depend on is left
            out.

    Raises:
        KeyError: a name that is not in the model.
        ValueError: the loss is no scalar, or nothing in it can be differentiated.
    """
    with preserved_grad(model), watch_gradients(model, layers) as gradients:
        value = loss()
        demand_differentiable(value)
        value.backward()
    return gradients


@contextmanager
def watch_activations(model: nn.Module, layers: Layers = None) -> Iterator[dict[str, Tensor]]:
    """Keep the outputs of layers while the block runs; a second pass replaces the first's.

    Copies, so a later in-place operation does not change them.
    """
    activations: dict[str, Tensor] = {}

    def keep(name: str, output: Tensor) -> None:
        activations[name] = output.detach().clone()

    with watching(model, layers, keep):
        yield activations


@contextmanager
def watch_gradients(model: nn.Module, layers: Layers = None) -> Iterator[dict[str, Tensor]]:
    """Keep the gradients at the outputs of layers while the block calls ``backward``.

    In the order of the forward pass once the block has ended.
    """
    gradients: dict[str, Tensor] = {}
    order: dict[str, None] = {}

    with ExitStack() as hooks:

        def keep(name: str, output: Tensor) -> None:
            order[name] = None
            if output.requires_grad:
                # The hook sees this very value, also where an in-place layer overwrites it.
                handle = output.register_hook(lambda grad: gradients.update({name: grad.clone()}))
                hooks.callback(handle.remove)

        hooks.enter_context(watching(model, layers, keep))
        yield gradients
    in_order = {name: gradients[name] for name in order if name in gradients}
    gradients.clear()
    gradients.update(in_order)


@contextmanager
def preserved_grad(model: nn.Module) -> Iterator[None]:
    """No ``grad`` at the parameters for a block; afterwards each is what it was."""
    kept = [(parameter, parameter.grad) for parameter in model.parameters()]
    for parameter, _ in kept:
        parameter.grad = None
    try:
        yield
    finally:
        for parameter, grad in kept:
            parameter.grad = grad


def demand_differentiable(loss: Tensor) -> None:
    """Explain a loss that has no gradient.

    Raises:
        ValueError: it is no scalar, or depends on nothing that can be differentiated.
    """
    if loss.ndim != 0:
        raise ValueError(
            f"expected a scalar loss, found shape {tuple(loss.shape)}: take .mean() or .sum()"
        )
    if not loss.requires_grad:
        raise ValueError(
            "this loss does not depend on anything with requires_grad: compute it outside "
            "torch.no_grad(), from the model whose gradients are wanted, without .item() or "
            ".detach() on the way"
        )
