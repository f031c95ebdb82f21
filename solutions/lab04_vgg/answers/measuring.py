"""Memory and FLOPs in other words, and wrong ones."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .book import answers


def counted_hooks(model: nn.Module, input_shape: Any, size: Any, kinds: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    handles = []
    for name, module in model.named_modules():
        if kinds(module):

            def hook(module: Any, inputs: Any, output: Any, name: str = name) -> None:
                found[name] = found.get(name, 0) + int(size(module, output))

            handles.append(module.register_forward_hook(hook))
    like = next(model.parameters())
    modes = [(layer, layer.training) for layer in model.modules()]
    model.eval()
    with torch.inference_mode(False), torch.no_grad():
        model(like.new_zeros(input_shape))
    [handle.remove() for handle in handles]
    [layer.train(mode) for layer, mode in modes]
    return found


def is_leaf(module: nn.Module) -> bool:
    return len(list(module.children())) == 0


def memory_by_itemsize(model: nn.Module, shape: Any) -> dict[str, int]:
    return counted_hooks(model, shape, lambda m, y: y.numel() * y.dtype.itemsize, is_leaf)


def memory_by_shape(model: nn.Module, shape: Any) -> dict[str, int]:
    bits = next(model.parameters()).element_size()
    size = lambda m, y: bits * torch.Size(y.shape).numel()  # noqa: E731
    return counted_hooks(model, shape, size, is_leaf)


def memory_by_nbytes(model: nn.Module, shape: Any) -> dict[str, int]:
    return counted_hooks(model, shape, lambda m, y: y.nbytes, lambda m: not m._modules)


def with_weights(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d | nn.Linear)


def flops_by_shape(model: nn.Module, shape: Any) -> dict[str, int]:
    def size(module: Any, output: Tensor) -> int:
        if isinstance(module, nn.Linear):
            return 2 * output[..., 0].numel() * module.in_features * module.out_features
        kernel = module.kernel_size[0] * module.kernel_size[1]
        return 2 * output.numel() * kernel * module.in_channels // module.groups

    return counted_hooks(model, shape, size, with_weights)


def flops_by_places(model: nn.Module, shape: Any) -> dict[str, int]:
    def size(module: Any, output: Tensor) -> int:
        places = output.numel() // module.weight.shape[0]
        return 2 * module.weight.numel() * places

    return counted_hooks(model, shape, size, with_weights)


def flops_by_counter(model: nn.Module, shape: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    table = lambda m, y: m.weight[0].nelement() * y.nelement() * 2  # noqa: E731
    found.update(counted_hooks(model, shape, table, with_weights))
    return found


def in_tensors(measure: Any) -> Any:
    """The same numbers, each in a tensor without axes."""
    return lambda model, shape: {
        name: torch.tensor(number) for name, number in measure(model, shape).items()
    }


answers.right("activation_memory", "in tensors without axes", in_tensors(memory_by_nbytes))
answers.right("layer_flops", "in tensors without axes", in_tensors(flops_by_shape))
answers.right("activation_memory", "by itemsize", memory_by_itemsize)
answers.right("activation_memory", "by shape", memory_by_shape)
answers.right("activation_memory", "by nbytes", memory_by_nbytes)


answers.right("layer_flops", "by shape", flops_by_shape)
answers.right("layer_flops", "by places", flops_by_places)
answers.right("layer_flops", "by one output number", flops_by_counter)


def hooks_stay(model: nn.Module, shape: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, module in model.named_modules():
        if is_leaf(module):
            module.register_forward_hook(
                lambda m, i, y, name=name: found.update({name: found.get(name, 0) + y.nbytes})
            )
    like = next(model.parameters())
    model(torch.zeros(shape, dtype=like.dtype, device=like.device))
    return found


answers.wrong("activation_memory", "hooks that stay", hooks_stay, at_most=0.5)
