"""In which way a case fails: told first, and each hint belongs to one of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, get_args

Kind = Literal[
    "raised",
    "unfit",
    "missing",
    "unwritten",
    "none",
    "sequence",
    "ndarray",
    "type",
    "dtype",
    "shape",
    "detached",
    "gradient",
    "changed",
    "order",
    "precision",
    "values",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

Hint = str | Mapping[Kind, str]
"""A hint about values, or hints by kind of failure."""

ABOUT_VALUES = ("values", "order")  # kinds that a hint given as a plain text fits

# Parts of an answer that say how things are after the student's code has run.
STATE = re.compile(
    r"afterwards|again$|next (pass|random numbers)|^settings$|^what changed|weights moved"
    r"|in training mode|^who makes|^running statistics$"
)

SENTENCES: Mapping[Kind, str] = {
    "raised": "Your code stops with an error.",
    "unfit": "",  # what the question says is a sentence
    "missing": "A name is missing.",
    "unwritten": "An exercise that your answer uses is not written yet.",
    "none": "Your answer is nothing (None): is there a `return` in the function?",
    "sequence": (
        "Your answer is a tuple or list where a tensor is expected: is there a comma too many "
        "behind `return`?"
    ),
    "ndarray": (
        "Your answer is a NumPy array: stay with torch operations, so that gradients can flow."
    ),
    "type": "Your answer is another sort of thing than expected.",
    "dtype": "The dtypes differ.",
    "shape": "The shape is not right.",
    "detached": "The gradient gets lost on the way.",
    "gradient": "The gradient is not right.",
    "changed": "Something is not as it was before your code ran, or not the same the next time.",
    "order": "The values are right, their order is not.",
    "precision": (
        "The values are right to five digits and no further: is something computed in float32 "
        "where float64 came in?"
    ),
    "values": "The values are not right.",
}

EXPLAINED: Mapping[Kind, str] = {
    "raised": (
        "Python stopped inside your code; the numbers do not matter yet. The last line of the "
        "error says what, and the line of yours where it happened stands beside it."
    ),
    "unfit": "The object is of another form than the exercise describes; its docstring has it.",
    "missing": "The name has to exist in the notebook: is it spelled so, and was its cell run?",
    "unwritten": "Your own lines may be right. What they call is a stub still: write that first.",
    "none": "A function without `return` gives None, however well it computes.",
    "sequence": "The numbers may be right; they are packed in a tuple or list.",
    "ndarray": "The numbers may be right; they have left torch, and gradients can't follow.",
    "type": "Look at the sort of thing first: a number, a tensor, a list, a module?",
    "dtype": (
        "The numbers may be right; their dtype is not. Somewhere a tensor is made anew, or "
        "converted, without `dtype=x.dtype`."
    ),
    "shape": (
        "The numbers don't matter yet: an axis is lost, added, or stretched. Write the shape "
        "beside each line, and see where it first differs."
    ),
    "detached": (
        "The forward values may be right. Autograd follows torch operations on tensors only: "
        "`item()`, NumPy, `detach()`, `no_grad` and whole-number types cut it off."
    ),
    "gradient": (
        "The values may be right; the slope is not. Autograd differentiates every step that you "
        "took, also those whose result is thrown away."
    ),
    "changed": (
        "The answer itself may be right. It writes into what it was given, or leaves something "
        "behind: a seed, a mode, a gradient, a module's weights."
    ),
    "order": "Every number is right and stands in another place: which axis comes first?",
    "precision": "The formula is right; it is computed with fewer digits than came in.",
    "values": (
        "Type and shape are right, so the formula is at fault: a term, a sign, a factor, an axis. "
        "Take the smallest input and compute it by hand."
    ),
}
"""What a kind of failure means, for who wants a hint and not yet the place."""


def of_part(name: str, kind: Kind) -> Kind:
    """The kind of a failure in a part of an answer, by the name that its question gives it."""
    if STATE.search(name):
        return "changed"
    return "gradient" if kind == "values" and "grad" in name.lower() else kind


def known(name: str, otherwise: Kind = "raised") -> Kind:
    """The kind of this name; what a student's process claims may be none."""
    return next((kind for kind in KINDS if kind == name), otherwise)


def checked(hint: Hint) -> Hint:
    """The hint itself.

    Raises:
        ValueError: it is given for a kind that there is not.
    """
    unknown = [] if isinstance(hint, str) else [kind for kind in hint if kind not in KINDS]
    if unknown:
        raise ValueError(f"a hint for {unknown[0]!r}, which is none of: {', '.join(KINDS)}")
    return hint


def hint_for(hint: Hint, kind: Kind, *, asks_gradient: bool = False) -> str:
    """The hint that fits a kind of failure, if there is one.

    Args:
        hint: a plain text is about values, and says nothing about an exception, a dtype, a shape.
        kind: of the failure.
        asks_gradient: whether the values that the case asks for are those of a gradient.
    """
    if isinstance(hint, str):
        fits = kind in ABOUT_VALUES or (kind == "gradient" and asks_gradient)
        return hint if fits else ""
    if kind in ("order", "gradient") and kind not in hint and (kind == "order" or asks_gradient):
        return hint.get("values", "")
    return hint.get(kind, "")
