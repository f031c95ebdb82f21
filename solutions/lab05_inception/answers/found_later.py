"""Wrong answers that once had full points, and right ones beside them."""

from __future__ import annotations

from .book import answers

BOTH = '- return {"naive": height * width * naive, "reduced": height * width * reduced}'

answers.wrong(
    "inception_cost",
    "floats",
    answers.changed(
        "inception_cost",
        f"{BOTH}\n+ size = float(height * width)\n"
        '+ return {"naive": size * naive, "reduced": size * reduced}',
    ),
)
answers.right(
    "inception_cost",
    "whole numbers by int",
    answers.changed(
        "inception_cost",
        f"{BOTH}\n+ size = float(height * width)\n"
        '+ return {"naive": int(size * naive), "reduced": int(size * reduced)}',
    ),
)
