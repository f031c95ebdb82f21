"""Slips: the reference with a line or two replaced."""

from __future__ import annotations

import torch

from .book import answers

SIGMOID = "- return torch.where(positive, 1 / (1 + decay), decay / (1 + decay))"
DECAY = "- decay = torch.exp(torch.where(positive, -x, x))  # within (0, 1]: never overflows"
SLIPS: dict[str, dict[str, str]] = {
    "sigmoid": {
        "both branches alike": f"{SIGMOID}\n+ return 1 / (1 + decay)",
        "branches swapped": f"{SIGMOID}\n"
        "+ return torch.where(positive, decay / (1 + decay), 1 / (1 + decay))",
        "in float64 inside": "- positive = x >= 0\n+ x = x.double()\n+ positive = x >= 0",
        "clamped too early": f"{DECAY}\n+ decay = torch.exp(-x.clamp(-2, 2).abs())",
        "without a gradient": f"{SIGMOID}\n"
        "+ return torch.where(positive, 1 / (1 + decay), decay / (1 + decay)).detach()",
        "half at zero only": f"{SIGMOID}\n"
        "+ return torch.where(positive, 1 / (1 + decay), decay / (1 + decay)) * (x != 0)",
        "its argument is changed": "- positive = x >= 0\n+ positive = x >= 0\n+ x.abs_().neg_()",
        "a batch only": f"{SIGMOID}\n"
        "+ return torch.where(positive, 1 / (1 + decay), decay / (1 + decay)).reshape(len(x), -1)",
    },
    "tanh": {
        "one two forgotten": "- return 2 * sigmoid(2 * x) - 1\n+ return sigmoid(2 * x) - 1",
        "the other two forgotten": "- return 2 * sigmoid(2 * x) - 1\n+ return 2 * sigmoid(x) - 1",
        "stretched by numbers of numpy": "- return 2 * sigmoid(2 * x) - 1\n"
        "+ return torch.from_numpy(2 * sigmoid(2 * x).detach().numpy() - 1)",
        "in float32 inside": "- return 2 * sigmoid(2 * x) - 1\n"
        "+ return 2 * sigmoid(2 * x.float()) - 1",
        "squeezed": "- return 2 * sigmoid(2 * x) - 1\n+ return (2 * sigmoid(2 * x) - 1).squeeze()",
        "clipped": "- return 2 * sigmoid(2 * x) - 1\n"
        "+ return (2 * sigmoid(2 * x) - 1).clamp(-0.99, 0.99)",
    },
    "relu": {
        "0 / 0": "- return torch.where(x > 0, x, torch.zeros_like(x))\n"
        "+ return (x * x / x.abs() + x) / 2",
        "a step in the slope's place": "- return torch.where(x > 0, x, torch.zeros_like(x))\n"
        "+ return torch.where(x > 0, x.detach(), torch.zeros_like(x))",
        "in place": "- return torch.where(x > 0, x, torch.zeros_like(x))\n"
        "+ with torch.no_grad():\n+     x[x < 0] = 0\n+ return x * 1",
        "above one cut off": "- return torch.where(x > 0, x, torch.zeros_like(x))\n"
        "+ return torch.where(x > 0, x, torch.zeros_like(x)).clamp(max=6)",
        "above a whisper": "- return torch.where(x > 0, x, torch.zeros_like(x))\n"
        "+ return torch.where(x > 0.2, x, torch.zeros_like(x))",
        "float32 zeros": "- return torch.where(x > 0, x, torch.zeros_like(x))\n"
        "+ return torch.where(x > 0, x.float(), torch.zeros(1))",
    },
    "leaky_relu": {
        "another default": "- return torch.where(x > 0, x, negative_slope * x)\n"
        "+ slope = 0.1 if negative_slope == 0.01 else negative_slope\n"
        "+ return torch.where(x > 0, x, slope * x)",
        "the slope detached": "- return torch.where(x > 0, x, negative_slope * x)\n"
        "+ return torch.where(x > 0, x, negative_slope * x.detach())",
        "the larger of both": "- return torch.where(x > 0, x, negative_slope * x)\n"
        "+ return torch.maximum(x, negative_slope * x.abs())",
        "changed in place": "- return torch.where(x > 0, x, negative_slope * x)\n"
        "+ result = torch.where(x > 0, x, negative_slope * x)\n"
        "+ x.data.mul_(1.5)\n+ return result",
        "twice": "- return torch.where(x > 0, x, negative_slope * x)\n"
        "+ return torch.where(x > 0, x, negative_slope * negative_slope * x)",
    },
    "elu": {
        "alpha at least one": "- return torch.where(x > 0, x, alpha * torch.expm1(left))\n"
        "+ return torch.where(x > 0, x, max(alpha, 1.0) * torch.expm1(left))",
        "alpha from the first call": "- return torch.where(x > 0, x, alpha * torch.expm1(left))\n"
        '+ alpha = globals().setdefault("kept_alpha", alpha)\n'
        "+ return torch.where(x > 0, x, alpha * torch.expm1(left))",
        "two to the x": "- return torch.where(x > 0, x, alpha * torch.expm1(left))\n"
        "+ return torch.where(x > 0, x, alpha * (torch.exp2(left) - 1))",
        "a series": "- return torch.where(x > 0, x, alpha * torch.expm1(left))\n"
        "+ return torch.where(x > 0, x, alpha * (left + left**2 / 2))",
        "not below -30": "- return torch.where(x > 0, x, alpha * torch.expm1(left))\n"
        "+ return torch.where(x > -30, torch.where(x > 0, x, alpha * torch.expm1(left)), x)",
        "no gradient on the left": "- return torch.where(x > 0, x, alpha * torch.expm1(left))\n"
        "+ return torch.where(x > 0, x, (alpha * torch.expm1(left)).detach())",
    },
    "selu": {
        "rounded constants": "- return SELU_LAMBDA * elu(x, SELU_ALPHA)\n"
        "+ return 1.05 * elu(x, 1.67)",
        "swapped": "- return SELU_LAMBDA * elu(x, SELU_ALPHA)\n"
        "+ return SELU_ALPHA * elu(x, SELU_LAMBDA)",
        "one constant": "- return SELU_LAMBDA * elu(x, SELU_ALPHA)\n"
        "+ return SELU_LAMBDA * elu(x, SELU_LAMBDA)",
    },
    "sigmoid_grad": {
        "absolute value": "- return y * (1 - y)\n+ return (y * (1 + y)).abs()",
        "y is changed": "- return y * (1 - y)\n+ z = 1 - y\n+ return y.mul_(z)",
        "whole numbers": "- return y * (1 - y)\n+ return (y * (1 - y)).round(decimals=2)",
    },
    "tanh_grad": {
        "y is changed": "- return (1 - y) * (1 + y)\n+ return y.square_().neg_().add_(1)",
        "one minus the size": "- return (1 - y) * (1 + y)\n+ return 1 - y.abs()",
        "to the fourth": "- return (1 - y) * (1 + y)\n+ return 1 - y**4",
    },
    "relu_grad": {
        "a threshold": "- return (y > 0).to(y.dtype)\n+ return (y > 0.2).to(y.dtype)",
        "float32 always": "- return (y > 0).to(y.dtype)\n+ return (y > 0).float()",
        "a list": "- return (y > 0).to(y.dtype)\n+ return (y > 0).to(y.dtype).tolist()",
        "y divided by itself": "- return (y > 0).to(y.dtype)\n+ return y / y",
    },
    "leaky_relu_grad": {
        "one at zero": "- return torch.where(y > 0, torch.ones_like(y), "
        "torch.full_like(y, negative_slope))\n"
        "+ return torch.where(y >= 0, torch.ones_like(y), torch.full_like(y, negative_slope))",
        "one over the slope": "- return torch.where(y > 0, torch.ones_like(y), "
        "torch.full_like(y, negative_slope))\n"
        "+ return torch.where(y > 0, torch.ones_like(y), torch.full_like(y, 1 / negative_slope))",
        "float32 always": "- return torch.where(y > 0, torch.ones_like(y), "
        "torch.full_like(y, negative_slope))\n"
        "+ return torch.where(y > 0, 1.0, negative_slope)",
    },
    "elu_grad": {
        "at most 1": "- return torch.where(y > 0, torch.ones_like(y), y + alpha)\n"
        "+ return torch.where(y > 0, torch.ones_like(y), (y + alpha).clamp(max=1))",
        "one at zero": "- return torch.where(y > 0, torch.ones_like(y), y + alpha)\n"
        "+ return torch.where(y >= 0, torch.ones_like(y), y + alpha)",
        "minus alpha": "- return torch.where(y > 0, torch.ones_like(y), y + alpha)\n"
        "+ return torch.where(y > 0, torch.ones_like(y), y - alpha)",
        "alpha on the right": "- return torch.where(y > 0, torch.ones_like(y), y + alpha)\n"
        "+ return torch.where(y > 0, torch.full_like(y, alpha), y + alpha)",
        "the smaller": "- return torch.where(y > 0, torch.ones_like(y), y + alpha)\n"
        "+ return torch.minimum(torch.ones_like(y), y + alpha)",
        "y is changed": "- return torch.where(y > 0, torch.ones_like(y), y + alpha)\n"
        "+ return y.add_(alpha).clamp_(max=1)",
    },
    "selu_grad": {
        "λα at the wrong side": "- return torch.where(y > 0, torch.full_like(y, SELU_LAMBDA), "
        "y + SELU_LAMBDA * SELU_ALPHA)\n"
        "+ return torch.where(y > 0, torch.full_like(y, SELU_LAMBDA), y + SELU_ALPHA)",
        "λ at zero": "- return torch.where(y > 0, torch.full_like(y, SELU_LAMBDA), "
        "y + SELU_LAMBDA * SELU_ALPHA)\n"
        "+ return torch.where(y >= 0, torch.full_like(y, SELU_LAMBDA), "
        "y + SELU_LAMBDA * SELU_ALPHA)",
        "of one number": "- return torch.where(y > 0, torch.full_like(y, SELU_LAMBDA), "
        "y + SELU_LAMBDA * SELU_ALPHA)\n"
        "+ return torch.where(y.max() > 0, torch.full_like(y, SELU_LAMBDA), "
        "y + SELU_LAMBDA * SELU_ALPHA)",
    },
    "ELUFunction": {
        "a copy is kept": "- ctx.save_for_backward(y)\n+ ctx.save_for_backward(y.clone())",
        "nothing is kept, all is computed again": "- ctx.save_for_backward(y)\n"
        "+ ctx.save_for_backward(x)\n\n- (y,) = ctx.saved_tensors\n"
        "+ (x,) = ctx.saved_tensors\n"
        "+ y = torch.where(x > 0, x, ctx.alpha * torch.expm1(x))",
        "alpha forgotten at the end": "- return grad_output * elu_grad(y, ctx.alpha), None\n"
        "+ return grad_output * elu_grad(y), None",
        "no gradient where it is small": "- return grad_output * elu_grad(y, ctx.alpha), None\n"
        "+ return grad_output.clamp(-1, 1) * elu_grad(y, ctx.alpha), None",
        "one at the kink": "- return grad_output * elu_grad(y, ctx.alpha), None\n"
        "+ return grad_output * torch.where(y >= 0, 1.0, y + ctx.alpha).to(y), None",
        "α on the class": "- return grad_output * elu_grad(y, ctx.alpha), None\n"
        "+ return grad_output * elu_grad(y, ELUFunction.alpha), None\n\n"
        "- ctx.alpha = alpha\n+ ELUFunction.alpha = alpha",
        "summed": "- return grad_output * elu_grad(y, ctx.alpha), None\n"
        "+ return grad_output.sum() * elu_grad(y, ctx.alpha), None",
        "the upstream gradient is changed": "- return grad_output * elu_grad(y, ctx.alpha), None\n"
        "+ return grad_output.mul_(elu_grad(y, ctx.alpha)), None",
    },
    "chain_gradient": {
        "the sum of all": "- return gradient\n+ return gradient.sum().expand_as(x)",
        "in float32": "- x = x.detach().clone().requires_grad_()\n"
        "+ x = x.detach().float().requires_grad_()",
        "the caller's x": "- x = x.detach().clone().requires_grad_()\n+ x = x.requires_grad_()",
        "mean for sum": "- (gradient,) = torch.autograd.grad(y.sum(), x)\n"
        "+ (gradient,) = torch.autograd.grad(y.mean(), x)",
        "one deeper": "- for _ in range(depth):\n+ for _ in range(depth + 1):",
        "one at least": "- for _ in range(depth):\n+ for _ in range(max(depth, 1)):",
        "at most ten": "- for _ in range(depth):\n+ for _ in range(min(depth, 10)):",
        "three at most": "- for _ in range(depth):\n+ for _ in range(min(depth, 3)):",
    },
    "dead_fraction": {
        "the largest is zero": "- dead = (activations == 0).all(dim=0)\n"
        "+ dead = activations.amax(dim=0) == 0",
        "a threshold": "- dead = (activations == 0).all(dim=0)\n"
        "+ dead = (activations.abs() < 1e-6).all(dim=0)",
        "a larger threshold": "- dead = (activations == 0).all(dim=0)\n"
        "+ dead = (activations.abs() < 1e-3).all(dim=0)",
        "zero on average": "- dead = (activations == 0).all(dim=0)\n"
        "+ dead = activations.mean(dim=0) == 0",
        "rounded": "- return dead.float().mean().item()\n"
        "+ return round(dead.float().mean().item(), 1)",
        "of the samples": "- return dead.float().mean().item()\n"
        "+ return dead.sum().item() / len(activations)",
        "the batch is changed": "- dead = (activations == 0).all(dim=0)\n"
        "+ dead = (activations.eq_(0)).all(dim=0)",
        "a count": "- return dead.float().mean().item()\n+ return float(dead.sum())",
    },
}

answers.right(
    "sigmoid",
    "clamped where it is flat",
    answers.changed(
        "sigmoid",
        f"{DECAY}\n+ decay = torch.exp(-x.clamp(-80, 80))\n\n{SIGMOID}\n+ return 1 / (1 + decay)",
    ),
)
for exercise, slips in SLIPS.items():
    for says, change in slips.items():
        answers.wrong(exercise, f"slip: {says}", answers.changed(exercise, change))

answers.wrong(
    "leaky_relu",
    "a slope of 0 is taken for none",
    lambda x, negative_slope=0.01: torch.where(x > 0, x, (negative_slope or 0.01) * x),
)
answers.wrong(
    "leaky_relu_grad",
    "a slope of 0 is taken for none",
    lambda y, negative_slope=0.01: torch.where(y > 0, 1.0, negative_slope or 0.01).to(y),
)
answers.wrong(
    "relu",
    "float32 at least",
    lambda x: torch.where(x > 0, x, torch.zeros(x.shape)),
)
answers.wrong("relu", "at most 1000", lambda x: x.clamp(0, 1000))
answers.wrong("relu", "zero up to 0.0001", lambda x: torch.where(x > 1e-4, x, 0 * x))
answers.wrong("relu_grad", "zero up to 0.001", lambda y: (y > 1e-3).to(y.dtype))
