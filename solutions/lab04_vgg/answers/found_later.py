"""Wrong answers that once had full points, and right ones beside them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .book import answers, slips

NAMED = "- for name, module in model.named_modules()"
OTHERS = "- head.append(layer)\n- continue"
RETURNED = "- return deepcopy(nn.Sequential(model.features, *head))"

for measure in ("activation_memory", "layer_flops"):
    slips(
        measure,
        {
            "one layer counts under each of its names": f"{NAMED}\n"
            "+ for name, module in model.named_modules(remove_duplicate=False)",
            "one layer counts under its last name": f"{NAMED}\n"
            "+ for module, name in {m: n for n, m in model.named_modules(remove_duplicate=False)}"
            ".items()",
        },
    )
slips(
    "to_fully_convolutional",
    {
        "dropout stands in both networks": f"{RETURNED}\n"
        "+ return nn.Sequential(deepcopy(model.features), *head)",
        "every other activation becomes a ReLU": f"{OTHERS}\n"
        "+ kept = (nn.Dropout, nn.Tanh)\n"
        "+ head.append(layer if isinstance(layer, kept) else nn.ReLU())\n+ continue",
        "leaky ReLUs are made anew": f"{OTHERS}\n"
        "+ leaky = isinstance(layer, nn.LeakyReLU)\n"
        "+ head.append(nn.LeakyReLU() if leaky else layer)\n+ continue",
        "all in float32": f"{RETURNED}\n"
        "+ return deepcopy(nn.Sequential(model.features, *head)).float()",
    },
)


def by_func(network: nn.Module, images: Tensor) -> Tensor:
    def centre(pixels: Tensor) -> Tensor:
        output = network(pixels)
        return output[:, :, output.shape[2] // 2, output.shape[3] // 2].sum()

    strength = torch.func.grad(centre)(images).abs().sum(dim=(0, 1))
    return strength / strength.sum()


def numbers_anew(network: nn.Module, images: Tensor) -> Tensor:
    pixels = torch.tensor(images.tolist(), dtype=images.dtype, requires_grad=True)
    output = network(pixels)
    output[:, :, output.shape[2] // 2, output.shape[3] // 2].sum().backward()
    assert pixels.grad is not None
    strength = pixels.grad.abs().sum(dim=(0, 1))
    return strength / strength.sum()


def by_layer(model: nn.Module, input_shape: Any) -> dict[str, int]:
    names = {module: name for name, module in model.named_modules() if not [*module.children()]}
    memory: dict[str, int] = {}

    def note(module: nn.Module, inputs: Any, output: Tensor) -> None:
        memory[names[module]] = memory.get(names[module], 0) + output.nbytes

    modes = [(module, module.training) for module in model.modules()]
    handles = [module.register_forward_hook(note) for module in names]
    model.eval()
    first = next(model.parameters())
    with torch.no_grad():
        model(torch.zeros(input_shape, dtype=first.dtype, device=first.device))
    for handle in handles:
        handle.remove()
    for module, training in modes:
        module.training = training
    return memory


answers.right("effective_receptive_field", "by torch.func.grad", by_func)
answers.right("effective_receptive_field", "from the numbers anew", numbers_anew)
answers.right("activation_memory", "names by layer", by_layer)
answers.right(
    "to_fully_convolutional",
    "new layers as PyTorch makes them",
    answers.changed(
        "to_fully_convolutional",
        "- conv = nn.Conv2d(channels, layer.out_features, side).to(layer.weight)\n"
        "+ conv = nn.Conv2d(channels, layer.out_features, side)",
    ),
)
answers.right(
    "to_fully_convolutional",
    "a copy of each layer that stays",
    answers.changed(
        "to_fully_convolutional",
        f"{OTHERS}\n+ head.append(deepcopy(layer))\n+ continue\n\n{RETURNED}\n"
        "+ return nn.Sequential(*deepcopy(model.features), *head)",
    ),
)


def without_a_graph(x: Tensor, *given: Any, **named: Any) -> Any:
    training = [*given, named.get("training")][4]
    with torch.set_grad_enabled(bool(training)):
        return answers.reference["batch_norm"](x, *given, **named)


def with_a_least_variance(x: Tensor, *given: Any, **named: Any) -> Any:
    weight, bias, mean, var, *others = given
    return answers.reference["batch_norm"](
        x, weight, bias, mean, var.clamp(min=1e-4), *others, **named
    )


answers.wrong("batch_norm", "no gradients in evaluation", without_a_graph)
answers.wrong("batch_norm", "a least running variance", with_a_least_variance)
