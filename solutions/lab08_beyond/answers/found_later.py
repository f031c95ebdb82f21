"""Wrong answers that once had full points, and right ones beside them."""

from __future__ import annotations

from .book import answers

WEIGHTS = "- weights = out_channels * (in_channels // groups) * kernel * kernel"

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
