"""Memory and FLOPs with one slip each."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from .book import answers, slips
from .measuring import counted_hooks, is_leaf

INPUT = """
    - model(torch.empty(input_shape, dtype=parameter.dtype, device=parameter.device))
    + {}
"""
LEAVES = """
    - if not list(module.children())
    + {}
"""
BOTH = {
    "an input of float32": INPUT.format("model(torch.empty(input_shape, device=parameter.device))"),
    "an input on the CPU": INPUT.format("model(torch.empty(input_shape, dtype=parameter.dtype))"),
    "one image": INPUT.format(
        "model(torch.empty(1, *input_shape[1:], dtype=parameter.dtype, device=parameter.device))"
    ),
    "a square image": INPUT.format(
        "model(torch.empty(*input_shape[:3], input_shape[2], dtype=parameter.dtype, "
        "device=parameter.device))"
    ),
    "the model is turned to float32": INPUT.format(
        "model.float()(torch.empty(input_shape, device=parameter.device))"
    ),
    "the model is moved to meta": INPUT.format(
        "model.to('meta')(torch.empty(input_shape, dtype=parameter.dtype, device='meta'))"
    ),
    "the model is left in evaluation mode": """
        - module.training = mode
        + pass
    """,
    "the model is left in training mode": """
        - module.training = mode
        + module.training = True
    """,
    "all layers in the mode of the model": """
        - for module, mode in modes.items():
        -     module.training = mode
        + model.train(modes[model])
    """,
    "in the mode that it is in": """
        - model.eval()  # or BatchNorm would learn from the pass
        + pass
    """,
    "in training mode meanwhile": """
        - model.eval()  # or BatchNorm would learn from the pass
        + model.train()
    """,
    "the model is frozen": INPUT.format(
        "model.requires_grad_(False)(torch.empty(input_shape, dtype=parameter.dtype, "
        "device=parameter.device))"
    ),
    "gradients are wiped": INPUT.format(
        "model(torch.empty(input_shape, dtype=parameter.dtype, device=parameter.device))"
        "; model.zero_grad()"
    ),
    "gradients stay off": """
        - with torch.inference_mode():
        + torch.set_grad_enabled(False)
        + if True:
    """,
    "two passes": INPUT.format(
        "[model(torch.empty(input_shape, dtype=parameter.dtype, device=parameter.device)) "
        "for _ in range(2)]"
    ),
    "hooks stay": """
        - handle.remove()
        + pass
    """,
    "one hook stays": """
        - for handle in handles:
        + for handle in handles[1:]:
    """,
    "every hook goes, those of others too": """
        - for handle in handles:
        -     handle.remove()
        + for module in model.modules():
        +     module._forward_hooks.clear()
    """,
    "names of kinds": """
        - noting(name))
        - for name, module in model.named_modules()
        + noting(type(module).__name__))
        + for name, module in model.named_modules()
    """,
    "direct children only": """
        - for name, module in model.named_modules()
        + for name, module in model.named_children()
    """,
    "two levels only": """
        - for name, module in model.named_modules()
        + for name, module in model.named_modules() if name.count(".") < 2
        + for module in [module]
    """,
    "only the last part of the name": """
        - noting(name))
        - for name, module in model.named_modules()
        + noting(name.split(".")[-1]))
        + for name, module in model.named_modules()
    """,
    "one name for all hooks": """
        - module.register_forward_hook(noting(name))
        + module.register_forward_hook(noting("layer"))
    """,
}
BOTH["names of kinds"] = """
    - module.register_forward_hook(noting(name))
    + module.register_forward_hook(noting(type(module).__name__))
"""
BOTH["only the last part of the name"] = """
    - module.register_forward_hook(noting(name))
    + module.register_forward_hook(noting(name.split(".")[-1]))
"""
slips("activation_memory", BOTH)
slips("layer_flops", {says: one for says, one in BOTH.items() if says != "an input on the CPU"})

SIZE = """
    - memory[name] = memory.get(name, 0) + output.numel() * output.element_size()
    + memory[name] = {}
"""
slips(
    "activation_memory",
    {
        "the last call only": SIZE.format("output.nbytes"),
        "numbers": SIZE.format("memory.get(name, 0) + output.numel()"),
        "always four bytes": SIZE.format("memory.get(name, 0) + 4 * output.numel()"),
        "bits": SIZE.format("memory.get(name, 0) + 8 * output.nbytes"),
        "inputs": SIZE.format("memory.get(name, 0) + inputs[0].nbytes"),
        "the largest call": SIZE.format("max(memory.get(name, 0), output.nbytes)"),
        "kibibytes": SIZE.format("memory.get(name, 0) + output.nbytes // 1024"),
        "parameters too": SIZE.format(
            "memory.get(name, 0) + output.nbytes + sum(p.nbytes for p in module.parameters())"
        ),
        "a float": SIZE.format("f'{memory.get(name, 0) + output.nbytes} B'"),
        "every module": LEAVES.format("if name"),
        "the model itself too": LEAVES.format("if not list(module.children()) or not name"),
        "layers with parameters": LEAVES.format("if list(module.parameters(recurse=False))"),
        "known kinds only": LEAVES.format(
            "if isinstance(module, (nn.Conv2d, nn.Linear, nn.ReLU, nn.MaxPool2d, nn.Flatten, "
            "nn.AdaptiveAvgPool2d, nn.BatchNorm2d, nn.Dropout))"
        ),
        "with gradients": """
            - with torch.inference_mode():
            + if True:
        """,
        "a sum": """
            - return memory
            + return sum(memory.values())
        """,
        "a list of pairs": """
            - return memory
            + return list(memory.items())
        """,
        "in mebibytes": """
            - return memory
            + return {name: size / 2**20 for name, size in memory.items()}
        """,
    },
)

COUNT = """
    - flops[name] = flops.get(name, 0) + 2 * products * output.numel()
    + flops[name] = {}
"""
PRODUCTS = """
    - products = module.weight[0].numel()  # of one output number, groups included
    + products = {}
"""
KINDS = """
    - if isinstance(module, nn.Conv2d | nn.Linear)
    + if {}
"""
slips(
    "layer_flops",
    {
        "the last call only": COUNT.format("2 * products * output.numel()"),
        "multiply-adds": COUNT.format("flops.get(name, 0) + products * output.numel()"),
        "one addition fewer": COUNT.format(
            "flops.get(name, 0) + (2 * products - 1) * output.numel()"
        ),
        "with the bias": COUNT.format(
            "flops.get(name, 0) + (2 * products + (module.bias is not None)) * output.numel()"
        ),
        "for each input number": COUNT.format(
            "flops.get(name, 0) + 2 * products * inputs[0].numel()"
        ),
        "one image ": COUNT.format("flops.get(name, 0) + 2 * products * output[0].numel()"),
        "one channel": COUNT.format("flops.get(name, 0) + 2 * products * output[:, :1].numel()"),
        "all weights for each output": PRODUCTS.format("module.weight.numel()"),
        "a kernel without its channels": PRODUCTS.format("module.weight[0, 0].numel()"),
        "square kernels": PRODUCTS.format(
            "module.weight.shape[1] * (module.kernel_size[0] ** 2 "
            "if isinstance(module, nn.Conv2d) else 1)"
        ),
        "groups forgotten": PRODUCTS.format(
            "module.weight[0].numel() * getattr(module, 'groups', 1)"
        ),
        "groups divided twice": PRODUCTS.format(
            "module.weight[0].numel() // getattr(module, 'groups', 1)"
        ),
        "linear layers at one position": COUNT.format(
            "flops.get(name, 0) + 2 * module.weight.numel() * "
            "(output[:, 0].numel() if isinstance(module, nn.Conv2d) else len(output))"
        ),
        "a float ": COUNT.format("flops.get(name, 0) + 2.0 * products * output.numel()"),
        "convolutions only": KINDS.format("isinstance(module, nn.Conv2d)"),
        "linear layers only": KINDS.format("isinstance(module, nn.Linear)"),
        "BatchNorm too": KINDS.format("getattr(module, 'weight', None) is not None"),
        "layers with a bias": KINDS.format("getattr(module, 'bias', None) is not None"),
        "a sum ": """
            - return flops
            + return sum(flops.values())
        """,
        "billions": """
            - return flops
            + return {name: count / 1e9 for name, count in flops.items()}
        """,
        "all layers, zeros too": """
            - return flops
            + return {name: flops.get(name, 0) for name, _ in model.named_modules()}
        """,
    },
)  # fmt: skip


def memory_piling_up(model: nn.Module, input_shape: Any, memory: dict[str, int] = {}) -> Any:  # noqa: B006
    for name, size in answers.reference["activation_memory"](model, input_shape).items():
        memory[name] = memory.get(name, 0) + size
    return memory


def flops_piling_up(model: nn.Module, input_shape: Any, flops: dict[str, int] = {}) -> Any:  # noqa: B006
    flops |= answers.reference["layer_flops"](model, input_shape)
    return flops


def late_name(model: nn.Module, input_shape: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    handles = []
    for name, module in model.named_modules():
        if is_leaf(module):
            handles.append(
                module.register_forward_hook(lambda m, i, y: found.update({name: y.nbytes}))  # noqa: B023
            )
    like = next(model.parameters())
    with torch.no_grad():
        model(like.new_zeros(input_shape))
    for handle in handles:
        handle.remove()
    return found


def flops_of_weights(model: nn.Module, input_shape: Any) -> dict[str, int]:
    """As if every layer gave as many places as the image has."""
    batch, _, height, width = input_shape
    found = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            found[name] = 2 * batch * module.weight.numel() * height * width
        elif isinstance(module, nn.Linear):
            found[name] = 2 * batch * module.weight.numel()
    return found


def reversed_order(model: nn.Module, input_shape: Any) -> dict[str, int]:
    sizes = list(counted_hooks(model, input_shape, lambda m, y: y.nbytes, is_leaf).values())
    names = [name for name, module in model.named_modules() if is_leaf(module)]
    return dict(zip(names, sizes, strict=False))


answers.wrong("activation_memory", "sizes pile up from call to call", memory_piling_up)
answers.wrong("layer_flops", "entries of earlier models stay", flops_piling_up)
answers.wrong("activation_memory", "the loop's last name", late_name)
answers.wrong("activation_memory", "names in order of making, sizes of running", reversed_order)
answers.wrong("layer_flops", "as many places as pixels", flops_of_weights)
