"""Wrong answers that once had full points, and right ones beside them."""

from __future__ import annotations

from .book import answers

WEIGHTS = "- weights = out_channels * (in_channels // groups) * kernel * kernel"
COPY = "- inputs = images.detach().clone().requires_grad_()"
OWN = "+ wanted = images.requires_grad\n+ inputs = images.requires_grad_()"
BACK = "+ images.requires_grad_(wanted)\n+ images.grad = None"

for says, line in {
    "divided, in floats": "out_channels * in_channels * kernel**2 / groups",
    "a power with a point": "out_channels * (in_channels // groups) * kernel**2.0",
}.items():
    answers.wrong(
        "convolution_cost",
        says,
        answers.changed("convolution_cost", f"{WEIGHTS}\n+ weights = {line}"),
    )
for says, line in {
    "divided in whole numbers": "out_channels * in_channels * kernel**2 // groups",
    "rounded": "round(out_channels * in_channels * kernel**2 / groups)",
    "one group after the other": "sum(out_channels // groups * (in_channels // groups) * kernel**2"
    " for _ in range(groups))",
}.items():
    answers.right(
        "convolution_cost",
        says,
        answers.changed("convolution_cost", f"{WEIGHTS}\n+ weights = {line}"),
    )
for name, line in {
    "saliency": "return slopes.abs().amax(dim=1)",
    "fast_gradient_sign": "return (images + epsilon * slopes.sign()).clamp(0, 1)",
}.items():
    answers.wrong(
        name,
        "the images' own gradient is cleared",
        answers.changed(name, f"{COPY}\n{OWN}\n\n- {line}\n{BACK}\n+ {line}.detach()"),
    )
