"""Receptive fields, stacks and measured fields with one slip each."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .book import answers, slips

slips(
    "receptive_field",
    {
        "the caller's list is used up": """
            - for kernel, stride in layers:
            + while layers:
            +     kernel, stride = layers.pop(0)
        """,
        "the caller's list is turned round": """
            - field, jump = 1, 1
            - for kernel, stride in layers:
            -     field += (kernel - 1) * jump
            -     jump *= stride
            + field = 1
            + layers.reverse()
            + for kernel, stride in layers:
            +     field = (field - 1) * stride + kernel
        """,
        "strides added": """
            - jump *= stride
            + jump += stride - 1
        """,
        "the largest stride only": """
            - jump *= stride
            + jump = max(jump, stride)
        """,
        "own stride first": """
            - field += (kernel - 1) * jump
            - jump *= stride
            + jump *= stride
            + field += (kernel - 1) * jump
        """,
        "a kernel of 1 is passed over, with its stride": """
            - field += (kernel - 1) * jump
            + if kernel == 1:
            +     continue
            + field += (kernel - 1) * jump
        """,
        "a kernel of 1 counts as 3": """
            - field += (kernel - 1) * jump
            + field += (kernel - 1 or 2) * jump
        """,
        "an even kernel counts as the odd one above": """
            - field += (kernel - 1) * jump
            + field += kernel // 2 * 2 * jump
        """,
        "no layer gives 0": """
            - field, jump = 1, 1
            + if not layers:
            +     return 0
            + field, jump = 1, 1
        """,
        "no layer is an error": """
            - field, jump = 1, 1
            + field, jump = layers[0]
            + layers = layers[1:]
        """,
        "equal layers count once": """
            - for kernel, stride in layers:
            + for kernel, stride in dict.fromkeys(layers):
        """,
        "layers in order of size": """
            - for kernel, stride in layers:
            + for kernel, stride in sorted(layers):
        """,
        "returned from inside the loop": """
            -     jump *= stride
            - return field
            +     jump *= stride
            +     if jump > 1:
            +         return field
            + return field
        """,
        "rounded to an odd number": """
            - return field
            + return field // 2 * 2 + 1
        """,
        "a text": """
            - return field
            + return f"{field} x {field}"
        """,
        "both sides": """
            - return field
            + return (field, field)
        """,
        "printed": """
            - return field
            + print(field)
        """,
    },
)


JUMP: dict[str, int] = {"now": 1}


def jump_left_over(layers: Any) -> int:
    field = 1
    for kernel, stride in layers:
        field += (kernel - 1) * JUMP["now"]
        JUMP["now"] *= stride
    return field


class Running:
    def __init__(self) -> None:
        self.field = 1

    def __call__(self, layers: Any) -> int:
        jump = 1
        for kernel, stride in layers:
            self.field += (kernel - 1) * jump
            jump *= stride
        return self.field


answers.wrong("receptive_field", "the jump lives on from call to call", jump_left_over)
answers.wrong("receptive_field", "the field lives on from call to call", Running())


slips(
    "stack_parameters",
    {
        "depth and kernel exchanged": """
            - return depth * channels**2 * kernel**2
            + return kernel * channels**2 * depth**2
        """,
        "twice the kernel": """
            - return depth * channels**2 * kernel**2
            + return depth * channels**2 * kernel * 2
        """,
        "three channels at first": """
            - return depth * channels**2 * kernel**2
            + return 3 * channels * kernel**2 + (depth - 1) * channels**2 * kernel**2
        """,
        "one layer fewer": """
            - return depth * channels**2 * kernel**2
            + return (depth - 1) * channels**2 * kernel**2
        """,
        "always 3 × 3": """
            - return depth * channels**2 * kernel**2
            + return depth * channels**2 * 9
        """,
        "known stacks only": """
            - return depth * channels**2 * kernel**2
            + return {(3, 2): 18, (5, 1): 25, (3, 3): 27, (7, 1): 49}[kernel, depth] * channels**2
        """,
        "one bias for the stack": """
            - return depth * channels**2 * kernel**2
            + return depth * channels**2 * kernel**2 + channels
        """,
        "in millions": """
            - return depth * channels**2 * kernel**2
            + return depth * channels**2 * kernel**2 / 1e6
        """,
        "a stack of at most three": """
            - return depth * channels**2 * kernel**2
            + return min(depth, 3) * channels**2 * kernel**2
        """,
        "whole numbers of 32 bits": """
            - return depth * channels**2 * kernel**2
            + return int(torch.tensor(depth * channels**2 * kernel**2).to(torch.int32))
        """,
        "in float32": """
            - return depth * channels**2 * kernel**2
            + return int(torch.tensor(float(depth * channels**2 * kernel**2)) + 1) - 1
        """,
    },
)


ERF = "effective_receptive_field"
slips(
    ERF,
    {
        "the caller's images want gradients now": """
            - pixels = images.detach().clone().requires_grad_()
            + pixels = images.requires_grad_()
        """,
        "the caller's images keep a gradient": """
            - strength = slopes.abs().sum(dim=(0, 1))
            + images.grad = slopes
            + strength = slopes.abs().sum(dim=(0, 1))
        """,
        "the network is left in evaluation mode": """
            - output = network(pixels)
            + output = network.eval()(pixels)
        """,
        "the network is left in training mode": """
            - output = network(pixels)
            + output = network.train()(pixels)
        """,
        "all layers are put into the network's mode": """
            - output = network(pixels)
            + mode = network.training
            + output = network.eval()(pixels)
            + network.train(mode)
        """,
        "the network's own gradients are wiped": """
            - output = network(pixels)
            + network.zero_grad()
            + output = network(pixels)
        """,
        "the network's parameters are frozen": """
            - output = network(pixels)
            + output = network.requires_grad_(False)(pixels)
        """,
        "the network is turned to float64": """
            - pixels = images.detach().clone().requires_grad_()
            - output = network(pixels)
            + pixels = images.detach().double().requires_grad_()
            + output = network.double()(pixels)
        """,
        "float64 inside": """
            - pixels = images.detach().clone().requires_grad_()
            + pixels = images.detach().double().requires_grad_()
        """,
        "float32 inside": """
            - pixels = images.detach().clone().requires_grad_()
            + pixels = images.detach().float().requires_grad_()
        """,
        "given back in float32": """
            - return strength / strength.sum()
            + return (strength / strength.sum()).float()
        """,
        "axes of one are dropped": """
            - strength = slopes.abs().sum(dim=(0, 1))
            + strength = slopes.abs().sum(dim=(0, 1)).squeeze()
        """,
        "a square map": """
            - centre = output[:, :, height // 2, width // 2].sum()
            + centre = output[:, :, height // 2, height // 2].sum()
        """,
        "the place before the middle": """
            - centre = output[:, :, height // 2, width // 2].sum()
            + centre = output[:, :, (height - 1) // 2, (width - 1) // 2].sum()
        """,
        "the middle, rounded": """
            - centre = output[:, :, height // 2, width // 2].sum()
            + centre = output[:, :, round(height / 2 - 0.1), round(width / 2 + 0.1) - 1].sum()
        """,
        "the image's centre": """
            - height, width = output.shape[-2:]
            + height, width = images.shape[-2:]
            + height = min(height, 2 * output.shape[2] - 1)
            + width = min(width, 2 * output.shape[3] - 1)
        """,
        "rows and columns exchanged": """
            - height, width = output.shape[-2:]
            + width, height = output.shape[-2:]
        """,
        "the batch axis stays": """
            - strength = slopes.abs().sum(dim=(0, 1))
            + strength = slopes.abs().sum(dim=1)
        """,
        "the first input channel": """
            - strength = slopes.abs().sum(dim=(0, 1))
            + strength = slopes[:, 0].abs().sum(dim=0)
        """,
        "each image scaled by itself": """
            - strength = slopes.abs().sum(dim=(0, 1))
            + strength = slopes.abs().sum(dim=1)
            + strength = (strength / strength.sum(dim=(1, 2), keepdim=True)).sum(dim=0)
        """,
        "the largest of the channels": """
            - strength = slopes.abs().sum(dim=(0, 1))
            + strength = slopes.abs().amax(dim=1).sum(dim=0)
        """,
        "length of the gradient": """
            - strength = slopes.abs().sum(dim=(0, 1))
            + strength = slopes.square().sum(dim=(0, 1)).sqrt()
        """,
        "the softmax": """
            - return strength / strength.sum()
            + return strength.flatten().softmax(0).view_as(strength)
        """,
        "gradient times pixel": """
            - strength = slopes.abs().sum(dim=(0, 1))
            + strength = (slopes * pixels.detach()).abs().sum(dim=(0, 1))
        """,
        "at an image of zeros": """
            - pixels = images.detach().clone().requires_grad_()
            + pixels = torch.zeros_like(images).requires_grad_()
        """,
        "the square of the output": """
            - centre = output[:, :, height // 2, width // 2].sum()
            + centre = output[:, :, height // 2, width // 2].square().sum()
        """,
        "the largest output of the centre": """
            - centre = output[:, :, height // 2, width // 2].sum()
            + centre = output[:, :, height // 2, width // 2].amax(dim=1).sum()
        """,
        "a little is added for safety": """
            - return strength / strength.sum()
            + return strength / (strength.sum() + 1e-3)
        """,
        "one third of the batch": """
            - centre = output[:, :, height // 2, width // 2].sum()
            + centre = output[:1, :, height // 2, width // 2].sum()
        """,
        "a list": """
            - return strength / strength.sum()
            + return (strength / strength.sum()).tolist()
        """,
    },
)


LAST: dict[str, Tensor] = {}


def map_kept(network: nn.Module, images: Tensor) -> Tensor:
    key = str(tuple(images.shape))
    if key not in LAST:
        LAST[key] = answers.reference[ERF](network, images)
    return LAST[key]


def map_piling_up(network: nn.Module, images: Tensor, total: list[Tensor] = []) -> Tensor:  # noqa: B006
    share = answers.reference[ERF](network, images)
    total.append(share)
    alike = [one for one in total if one.shape == share.shape and one.dtype == share.dtype]
    mixed = torch.stack(alike).sum(dim=0)
    return mixed / mixed.sum()


answers.wrong(ERF, "a map kept for images of this shape", map_kept)
answers.wrong(ERF, "maps pile up from call to call", map_piling_up)
