"""BatchNorm's way back in other words, and with one slip each."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .book import answers, slips
from .equivalents import equivalent, quiet, replaced

BACK = "batch_norm_gradients"
Gradients = tuple[Tensor, Tensor, Tensor]


def six_equations(x: Tensor, weight: Tensor, grad_output: Tensor, eps: float = 1e-5) -> Gradients:
    """As the paper has them, before simplification."""

    def total(values: Tensor) -> Tensor:
        return values.sum(dim=(0, 2, 3), keepdim=True)

    m = x.shape[0] * x.shape[2] * x.shape[3]
    center = total(x) / m
    spread = total((x - center) ** 2) / m
    at_normalised = grad_output * weight.view(1, -1, 1, 1)
    at_spread = total(at_normalised * (x - center)) * -0.5 * (spread + eps) ** -1.5
    at_center = total(-at_normalised / (spread + eps).sqrt())
    at_center = at_center + at_spread * total(-2 * (x - center)) / m
    at_x = at_normalised / (spread + eps).sqrt() + at_spread * 2 * (x - center) / m + at_center / m
    normalised = (x - center) / (spread + eps).sqrt()
    return at_x, total(grad_output * normalised).flatten(), total(grad_output).flatten()


def by_jacobians(x: Tensor, weight: Tensor, grad_output: Tensor, eps: float = 1e-5) -> Gradients:
    """Each channel's Jacobian as a matrix."""
    images, channels, height, width = x.shape
    rows = x.transpose(0, 1).reshape(channels, -1)
    arrives = grad_output.transpose(0, 1).reshape(channels, -1)
    many = rows.shape[1]
    variance, middle = torch.var_mean(rows, dim=1, correction=0, keepdim=True)
    factor = torch.rsqrt(variance + eps)
    normalised = (rows - middle) * factor
    outer = normalised.unsqueeze(2) * normalised.unsqueeze(1)
    jacobian = torch.eye(many, dtype=x.dtype) - (1 + outer) / many
    at_rows = weight[:, None] * factor * torch.einsum("cij,ci->cj", jacobian, arrives)
    at_x = at_rows.view(channels, images, height, width).transpose(0, 1)
    return at_x.contiguous(), (arrives * normalised).sum(1), arrives.sum(1)


def step_by_step(x: Tensor, weight: Tensor, grad_output: Tensor, eps: float = 1e-5) -> Gradients:
    """Every operation of the forward pass undone, from the last to the first."""
    count = x.numel() // x.shape[1]
    x, arrives = x.permute(0, 2, 3, 1), grad_output.permute(0, 2, 3, 1)
    centred = x - x.mean((0, 1, 2))
    root = torch.sqrt((centred**2).mean((0, 1, 2)) + eps)
    inverse = 1 / root
    at_normalised = arrives * weight
    at_inverse = (at_normalised * centred).sum((0, 1, 2))
    at_root = -at_inverse / root**2
    at_variance = at_root / (2 * root)
    at_squares = at_variance.expand_as(x) / count
    at_centred = at_normalised * inverse + 2 * centred * at_squares
    at_mean = -at_centred.sum((0, 1, 2))
    at_x = at_centred + at_mean / count
    of_scale = (arrives * centred * inverse).sum((0, 1, 2))
    return at_x.permute(0, 3, 1, 2), of_scale, arrives.sum((0, 1, 2))


def projected(x: Tensor, weight: Tensor, grad_output: Tensor, eps: float = 1e-5) -> Gradients:
    """x̂ by torch's forward pass; of what arrives, less its mean and its part along x̂."""
    normalised = F.batch_norm(x, None, None, training=True, eps=eps)
    scale = weight / (x.var(dim=(0, 2, 3), correction=0) + eps).sqrt()
    along = (grad_output * normalised).mean((0, 2, 3))[:, None, None]
    left = grad_output - grad_output.mean((0, 2, 3), keepdim=True) - along * normalised
    of_scale = torch.einsum("nchw,nchw->c", grad_output, normalised)
    return scale[:, None, None] * left, of_scale, torch.einsum("nchw->c", grad_output)


def channel_by_channel(x: Any, weight: Any, grad_output: Any, eps: float = 1e-5) -> Gradients:
    """A loop over the channels, in NumPy."""
    at_x = torch.empty_like(x, memory_format=torch.contiguous_format)
    at_weight, at_bias = torch.zeros_like(weight), torch.zeros_like(weight)
    for channel in range(x.shape[1]):
        numbers, arrives = x[:, channel].numpy(), grad_output[:, channel].numpy()
        centred = numbers - numbers.mean()
        deviation = (numbers.var() + eps) ** 0.5
        normalised = centred / deviation
        left = arrives - arrives.mean() - normalised * (arrives * normalised).mean()
        at_x[:, channel] = torch.from_numpy(float(weight[channel]) * left / deviation)
        at_weight[channel] = float((arrives * normalised).sum())
        at_bias[channel] = float(arrives.sum())
    return at_x, at_weight, at_bias


def centred_first(x: Tensor, weight: Tensor, grad_output: Tensor, eps: float = 1e-5) -> Gradients:
    """What arrives is centred once, and x̂ sums to 0: the mean of the product stays."""
    keep: dict[str, Any] = {"dim": (0, 2, 3), "keepdim": True}
    centred, arrives = x - x.mean(**keep), grad_output - grad_output.mean(**keep)
    precision = 1 / (centred.pow(2).mean(**keep) + eps)
    left = arrives - centred * precision * (arrives * centred).mean(**keep)
    of_scale = (grad_output * centred).sum(**keep) * precision.sqrt()
    at_x = left * precision.sqrt() * weight.reshape(1, -1, 1, 1)
    return at_x, of_scale.squeeze((0, 2, 3)), grad_output.sum((0, 2, 3))


for says, right in {
    "the paper's six equations": six_equations,
    "a Jacobian for each channel": by_jacobians,
    "one operation after the other": step_by_step,
    "less the mean and what lies along x̂": projected,
    "channel by channel, in NumPy": channel_by_channel,
    "centred on both sides": centred_first,
}.items():
    answers.right(BACK, says, {BACK: right})

CENTRED = """
    - centred = x - x.mean(axes, keepdim=True)
    + centred = {}
"""
DEVIATION = """
    - deviation = (centred.square().mean(axes, keepdim=True) + eps).sqrt()
    + deviation = {}
"""
INDIRECT = """
    - indirect = (at_bias.view(shape) + normalised * at_weight.view(shape)) / count
    + indirect = {}
"""
AT_WEIGHT = """
    - at_weight = (grad_output * normalised).sum(axes)
    + at_weight = {}
"""
AT_BIAS = """
    - at_bias = grad_output.sum(axes)
    + at_bias = {}
"""
COUNT = """
    - count = x.numel() / x.shape[1]
    + count = {}
"""
BACK_AGAIN = """
    - return weight.view(shape) * (grad_output - indirect) / deviation, at_weight, at_bias
    + return {}
"""
SQUARES = "centred.square().mean(axes, keepdim=True)"
AT_X = "weight.view(shape) * (grad_output - indirect) / deviation"
slips(
    BACK,
    {
        "as in evaluation": INDIRECT.format("0"),
        "without the road through μ": INDIRECT.format("normalised * at_weight.view(shape) / count"),
        "without the road through σ²": INDIRECT.format("at_bias.view(shape) / count"),
        "the roads are added": BACK_AGAIN.format(
            "weight.view(shape) * (grad_output + indirect) / deviation, at_weight, at_bias"
        ),
        "through σ² twice": INDIRECT.format(
            "(at_bias.view(shape) + 2 * normalised * at_weight.view(shape)) / count"
        ),
        "through σ² by half": INDIRECT.format(
            "(at_bias.view(shape) + normalised * at_weight.view(shape) / 2) / count"
        ),
        "through σ² with x, not x̂": INDIRECT.format(
            "(at_bias.view(shape) + x * at_weight.view(shape)) / count"
        ),
        "through σ² with what is centred": INDIRECT.format(
            "(at_bias.view(shape) + centred * at_weight.view(shape)) / count"
        ),
        "the variance with m - 1": DEVIATION.format("(x.var(axes, keepdim=True) + eps).sqrt()"),
        "m - 1 on the way back": COUNT.format("x.numel() / x.shape[1] - 1"),
        "m is the number of images": COUNT.format("len(x)"),
        "m is the number of pixels": COUNT.format("x.shape[2] * x.shape[3]"),
        "m is all numbers": COUNT.format("x.numel()"),
        "m counts for nothing": COUNT.format("1"),
        "the mean over images alone": CENTRED.format("x - x.mean(0, keepdim=True)"),
        "the mean of each image": CENTRED.format("x - x.mean((2, 3), keepdim=True)"),
        "the mean over the channels": CENTRED.format("x - x.mean((1, 2, 3), keepdim=True)"),
        "the deviation of each image": DEVIATION.format(
            "(centred.square().mean((2, 3), keepdim=True) + eps).sqrt()"
        ),
        "the deviation of everything": DEVIATION.format("(centred.square().mean() + eps).sqrt()"),
        "not centred": CENTRED.format("x"),
        "without ε": DEVIATION.format(f"{SQUARES}.sqrt()"),
        "ε of its own": DEVIATION.format(f"({SQUARES} + 1e-5).sqrt()"),
        "ε beside the root": DEVIATION.format(f"{SQUARES}.sqrt() + eps"),
        "divided by the variance": DEVIATION.format(f"{SQUARES} + eps"),
        "squares less the square of the mean": DEVIATION.format(
            "((x * x).mean(axes, keepdim=True) - x.mean(axes, keepdim=True) ** 2 + eps).sqrt()"
        ),
        "γ's gradient with x": AT_WEIGHT.format("(grad_output * x).sum(axes)"),
        "γ's gradient with what is centred": AT_WEIGHT.format("(grad_output * centred).sum(axes)"),
        "γ's gradient without what arrives": AT_WEIGHT.format("normalised.sum(axes)"),
        "γ's gradient is a mean": AT_WEIGHT.format("(grad_output * normalised).mean(axes)"),
        "γ's gradient with γ": BACK_AGAIN.format(f"{AT_X}, weight * at_weight, at_bias"),
        "γ's gradient is a product of sums": AT_WEIGHT.format(
            "grad_output.sum(axes) * normalised.sum(axes)"
        ),
        "β's gradient is a mean": AT_BIAS.format("grad_output.mean(axes)"),
        "β's gradient is over the images": BACK_AGAIN.format(
            f"{AT_X}, at_weight, grad_output.sum(0)"
        ),
        "β's gradient is the number of places": BACK_AGAIN.format(
            f"{AT_X}, at_weight, torch.full_like(at_bias, count)"
        ),
        "without γ": BACK_AGAIN.format("(grad_output - indirect) / deviation, at_weight, at_bias"),
        "divided by γ": BACK_AGAIN.format(
            "(grad_output - indirect) / deviation / weight.view(shape), at_weight, at_bias"
        ),
        "γ on the direct road alone": BACK_AGAIN.format(
            "(weight.view(shape) * grad_output - indirect) / deviation, at_weight, at_bias"
        ),
        "not divided": BACK_AGAIN.format(
            "weight.view(shape) * (grad_output - indirect), at_weight, at_bias"
        ),
        "β before γ": BACK_AGAIN.format(f"{AT_X}, at_bias, at_weight"),
        "x last": BACK_AGAIN.format("at_weight, at_bias, " + AT_X),
        "x alone": BACK_AGAIN.format(AT_X),
        "a column for each parameter": BACK_AGAIN.format(
            f"{AT_X}, at_weight.view(shape), at_bias.view(shape)"
        ),
        "in float32": BACK_AGAIN.format(f"({AT_X}).float(), at_weight.float(), at_bias.float()"),
        "x is centred in place": CENTRED.format("x.sub_(x.mean(axes, keepdim=True))"),
        "what arrives is changed": BACK_AGAIN.format(
            "weight.view(shape) * grad_output.sub_(indirect) / deviation, at_weight, at_bias"
        ),
    },
)

FORWARD = "deviation = (centred.square().mean(axes, keepdim=True) + eps).sqrt()"
SUM = "(at_bias.view(shape) + normalised * at_weight.view(shape))"
DIRECT = "weight.view(shape) * (grad_output - indirect)"
WHOLE = f"""
axes, shape = (0, 2, 3), (-1, 1, 1)
centred = x - x.mean(axes, keepdim=True)
{FORWARD}
normalised = centred / deviation
at_bias = grad_output.sum(axes)
at_weight = (grad_output * normalised).sum(axes)
count = x.numel() / x.shape[1]
indirect = {SUM} / count
return {DIRECT} / deviation, at_weight, at_bias
"""
equivalent(
    BACK,
    "the axes are summed over in any order, counted from either end",
    *replaced(
        "axes, shape = (0, 2, 3), (-1, 1, 1)",
        "axes, shape = ((2, 0, 3), (-1, 1, 1))",
        "axes, shape = ((0, 3, 2), (-1, 1, 1))",
        "axes, shape = ((0, -2, 3), (-1, 1, 1))",
    ),
)
equivalent(
    BACK,
    "no gradient has to flow through the result, as the text says",
    *replaced(
        "centred = x - x.mean(axes, keepdim=True)",
        "centred = (x - x.mean(axes, keepdim=True)).detach()",
        "centred = x - x.mean(axes, keepdim=True).detach()",
    ),
    *replaced(
        FORWARD,
        f"{FORWARD}.detach()",
        FORWARD.replace(".sqrt()", ".detach().sqrt()"),
        FORWARD.replace("True)", "True).detach()"),
        FORWARD.replace("square()", "square().detach()"),
    ),
    *replaced("normalised = centred / deviation", "normalised = (centred / deviation).detach()"),
    *replaced("at_bias = grad_output.sum(axes)", "at_bias = grad_output.sum(axes).detach()"),
    *replaced(
        "at_weight = (grad_output * normalised).sum(axes)",
        "at_weight = (grad_output * normalised).sum(axes).detach()",
        "at_weight = (grad_output * normalised).detach().sum(axes)",
    ),
    *replaced(
        f"indirect = {SUM} / count",
        f"indirect = ({SUM} / count).detach()",
        f"indirect = {SUM}.detach() / count",
        "indirect = (at_bias.view(shape).detach() + normalised * at_weight.view(shape)) / count",
        "indirect = (at_bias.view(shape) + (normalised * at_weight.view(shape)).detach()) / count",
        "indirect = (at_bias.view(shape) + normalised * at_weight.view(shape).detach()) / count",
    ),
    *replaced(
        f"return {DIRECT} / deviation, at_weight, at_bias",
        f"return ({DIRECT} / deviation).detach(), at_weight, at_bias",
        f"return ({DIRECT}).detach() / deviation, at_weight, at_bias",
        f"return {DIRECT.replace('(shape)', '(shape).detach()')} / deviation, at_weight, at_bias",
        f"return {DIRECT}.detach() / deviation, at_weight, at_bias",
    ),
    quiet(WHOLE),
)
equivalent(
    BACK,
    "the tensor that is written into is the function's own, and is not needed any more",
    *replaced(FORWARD, FORWARD.replace("sqrt()", "sqrt_()")),
    *replaced("normalised = centred / deviation", "normalised = centred.div_(deviation)"),
    *replaced(
        f"indirect = {SUM} / count",
        "indirect = (at_bias.view(shape) + normalised.mul_(at_weight.view(shape))) / count",
    ),
)
equivalent(
    BACK,
    "every channel has the same count of numbers, a whole one",
    *replaced("count = x.numel() / x.shape[1]", "count = x.numel() // x.shape[1]"),
)


def divided_by_scale(
    x: Tensor, weight: Tensor, grad_output: Tensor, eps: float = 1e-5
) -> Gradients:
    """γ goes into the sum, and is divided out again."""
    at_x, _, at_bias = six_equations(x, weight, grad_output, eps)
    scale = weight.view(1, -1, 1, 1)
    centred = x - x.mean((0, 2, 3), keepdim=True)
    normalised = centred / (centred.square().mean((0, 2, 3), keepdim=True) + eps).sqrt()
    return at_x, (grad_output * scale * normalised).sum((0, 2, 3)) / weight, at_bias


answers.wrong(BACK, "γ is divided out again", divided_by_scale, unseen=True)
