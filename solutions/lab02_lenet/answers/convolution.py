"""`conv2d` in other words, and with slips."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .book import answers, slips, variants


def conv_by_windows(
    x: Tensor, weight: Tensor, bias: Any = None, stride: int = 1, padding: int = 0
) -> Tensor:
    framed = F.pad(x, [padding] * 4)
    rows, columns = weight.shape[2:]
    windows = framed.unfold(2, rows, stride).unfold(3, columns, stride)
    y = torch.einsum("nchwij,ocij->nohw", windows, weight)
    return y if bias is None else y + bias.view(1, -1, 1, 1)


def conv_by_shifts(
    x: Tensor, weight: Tensor, bias: Any = None, stride: int = 1, padding: int = 0
) -> Tensor:
    framed = F.pad(x, [padding] * 4)
    rows, columns = weight.shape[2:]
    high = (framed.shape[2] - rows) // stride + 1
    wide = (framed.shape[3] - columns) // stride + 1
    y: Any = 0 if bias is None else bias[None, :, None, None]
    for i in range(rows):
        for j in range(columns):
            part = framed[:, :, i:, j:][:, :, ::stride, ::stride][:, :, :high, :wide]
            y = y + torch.tensordot(part, weight[:, :, i, j], dims=([1], [1])).permute(0, 3, 1, 2)
    return y


answers.right("conv2d", "by windows and einsum", conv_by_windows)
answers.right("conv2d", "by shifted images", conv_by_shifts)
answers.wrong(
    "conv2d",
    "the image, untouched",
    lambda x, weight, bias=None, stride=1, padding=0: x,
    at_most=0.0,
)
answers.wrong(
    "conv2d",
    "autograd is cut off: it costs the gradients only",
    lambda *args, **how: F.conv2d(*args, **how).detach(),
    at_least=0.7,
)


class Unfolded:
    """A helper of the student's: patches as columns, and the way back."""

    def __init__(self, x: Tensor, kernel: torch.Size, stride: int, padding: int) -> None:
        self.patches = nn.Unfold(tuple(kernel), padding=padding, stride=stride)(x)
        self.high = (x.shape[2] + 2 * padding - kernel[0]) // stride + 1

    def convolved(self, weight: Tensor) -> Tensor:
        columns = self.patches.transpose(1, 2)  # (N, L, CKK′)
        product = F.linear(columns, weight.flatten(1)).transpose(1, 2)
        return product.unflatten(2, (self.high, -1))


def conv_by_a_helper(
    x: Tensor, weight: Tensor, bias: Any = None, stride: int = 1, padding: int = 0
) -> Tensor:
    y = Unfolded(x, weight.shape[2:], stride, padding).convolved(weight)
    return y if bias is None else y + bias.reshape(len(bias), 1, 1)


def conv_image_by_image(
    x: Tensor, weight: Tensor, bias: Any = None, stride: int = 1, padding: int = 0
) -> Tensor:
    kernels = weight.reshape(len(weight), -1)
    high = (x.shape[2] + 2 * padding - weight.shape[2]) // stride + 1
    done = []
    for image in x:
        patches = F.unfold(image[None], weight.shape[2:], padding=padding, stride=stride)[0]
        y = torch.mm(kernels, patches)
        y = torch.add(y, bias.unsqueeze(1)) if bias is not None else y
        done.append(y.reshape(len(weight), high, y.shape[1] // high))
    return torch.stack(done)


def conv_place_by_place(
    x: Tensor, weight: Tensor, bias: Any = None, stride: int = 1, padding: int = 0
) -> Tensor:
    n, _, h, w = x.shape
    framed = x.new_zeros(n, x.shape[1], h + 2 * padding, w + 2 * padding)
    framed[:, :, padding : padding + h, padding : padding + w] = x
    kh, kw = weight.shape[-2], weight.shape[-1]
    rows = []
    for i in range(0, framed.shape[2] - kh + 1, stride):
        row = [
            (framed[:, None, :, i : i + kh, j : j + kw] * weight).sum(dim=(2, 3, 4))
            for j in range(0, framed.shape[3] - kw + 1, stride)
        ]
        rows.append(torch.stack(row, dim=-1))
    y = torch.stack(rows, dim=-2)
    return y + (0 if bias is None else bias[:, None, None])


answers.right("conv2d", "with a helper class", conv_by_a_helper)
answers.right("conv2d", "image by image", conv_image_by_image)
answers.right("conv2d", "place by place", conv_place_by_place)
variants(
    "conv2d",
    {
        "zeros for no bias": """
- if bias is not None:
-     result = result + bias[:, None]
+ bias = weight.new_zeros(len(weight)) if bias is None else bias
+ result = torch.baddbmm(bias[None, :, None], weight.flatten(1).expand(images, -1, -1), patches)
        """,
        "the bias added to the maps": """
- if bias is not None:
-     result = result + bias[:, None]
+ result += 0 if bias is None else bias.view(1, -1, 1)
        """,
        "an einsum": (
            "weight.flatten(1) @ patches",
            "torch.einsum('ok,nkl->nol', weight.flatten(1), patches)",
        ),
    },
)
slips(
    "conv2d",
    {
        "the bias must be given": ("bias is not None", "True"),
        "a bias is asked whether it is true": ("if bias is not None", "if bias"),
        "a bias alone is detached": ("+ bias[:, None]", "+ bias.detach()[:, None]"),
        "the weight alone is detached": (
            "result = weight.flatten(1)",
            "result = weight.detach().flatten(1)",
        ),
        "the image alone is detached": ("F.unfold(x,", "F.unfold(x.data,"),
        "without gradients": ("def conv2d(", "@torch.no_grad()\ndef conv2d("),
        "float32 comes out": ("return result.reshape", "return result.float().reshape"),
        "float64 comes out": ("return result.reshape", "return result.double().reshape"),
        "float64 inside, float32 refused": (
            "weight.flatten(1) @",
            "weight.flatten(1) @ torch.eye(weight[0].numel(), dtype=torch.float64) @",
        ),
        "float64 inside": ("F.unfold(x,", "F.unfold(x.double(),"),
        "float32 inside": (
            "result = weight.flatten(1) @ patches",
            "result = (weight.flatten(1).float() @ patches.float()).to(x.dtype)",
        ),
        "one image loses its axis": (
            "return result.reshape(images, out_channels, rows, columns)",
            "return result.reshape(images, out_channels, rows, columns).squeeze(0)",
        ),
        "axes of one are lost": (
            "return result.reshape(images, out_channels, rows, columns)",
            "return result.reshape(images, out_channels, rows, columns).squeeze()",
        ),
        "one image only": ("@ patches", "@ patches[0]"),
        "two images or more": ("@ patches", "@ (patches if images > 1 else patches[0].T)"),
        "square kernels only": ("F.unfold(x, kernel,", "F.unfold(x, kernel[0],"),
        "square images only": (
            "conv_output_size(width, kernel[1]",
            "conv_output_size(height, kernel[1]",
        ),
        "height and width swapped": ("rows, columns)", "columns, rows)"),
        "the stride left out of the width": (
            "conv_output_size(width, kernel[1], stride, padding)",
            "conv_output_size(width, kernel[1], 1, padding)",
        ),
        "the padding in x, and in place": (
            "patches = F.unfold(x,",
            "x[:, :, 0] = x[:, :, 0] * 1.0 if padding == 0 else 0\npatches = F.unfold(x,",
        ),
        "the image is changed": (
            "result = weight",
            "x.mul_(2) if not x.requires_grad else None\nresult = weight",
        ),
        "the bias is changed": (
            "result = result + bias[:, None]",
            "result = result + bias[:, None]\nbias.data.zero_()",
        ),
        "the weight is changed": (
            "patches = F",
            "weight.data.div_(weight.data.norm())\npatches = F",
        ),
        "the image needs no gradient any more": (
            "return result",
            "x = x.requires_grad_(False)\nreturn result",
        ),
        "patches of the last call": (
            "patches = F.unfold(x, kernel, padding=padding, stride=stride)",
            "kept = conv2d.__dict__\n"
            "if kept.get('of') != x.shape:\n"
            "    kept['of'], kept['patches'] = x.shape, F.unfold(x, kernel, padding=padding, "
            "stride=stride)\n"
            "patches = kept['patches']",
        ),
        "the usual stride is that of the kernel": ("stride: int = 1", "stride: int = 2"),
        "the usual padding is 1": ("padding: int = 0", "padding: int = 1"),
        "padding before stride": (
            "stride: int = 1, padding: int = 0",
            "padding: int = 0, stride: int = 1",
        ),
        "the bias counts for each input channel": (
            "+ bias[:, None]",
            "+ bias[:, None] * weight.shape[1]",
        ),
        "padding at most 1": ("padding=padding", "padding=min(padding, 1)"),
        "values below 0 are cut": ("return result.reshape", "return result.relu().reshape"),
        "the last channel is left out": (
            "weight.flatten(1) @ patches",
            "weight[:, :3].flatten(1) @ patches[:, : weight[0, :3].numel()]",
        ),
        "negative images are made positive": ("F.unfold(x,", "F.unfold(x.abs(),"),
        "rounded": ("return result.reshape", "return result.mul(1e4).round().div(1e4).reshape"),
    },
)
