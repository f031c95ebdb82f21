"""What to look at after a common error: a short sentence by what the error says."""

from __future__ import annotations

import re

_SHAPES = "Write the shape of each tensor beside its name; `print(x.shape)` in the line before."
_DTYPES = (
    "Float32 meets float64 here. Make new tensors like the ones given: `torch.zeros_like(x)`, or "
    "`dtype=x.dtype`."
)
_SELF = "Does every method's definition begin with `self`, and is it called without it?"
_ARGUMENTS = "Compare the names and the order of the arguments with the definition's first line."

COMMON: tuple[tuple[str, str], ...] = (
    (
        r"uninitialized parameter|UninitializedParameter",
        "A lazy layer has no weights before its first call. How many channels or numbers come in? "
        "Say it in `__init__`, with the layer that is not lazy.",
    ),
    (
        r"NameError",
        "The name is not known where your code runs: a slip of the pen, or a cell that has not "
        "been run?",
    ),
    (r"before Module\.__init__\(\)", "Begin `__init__` with `super().__init__()`."),
    (r"\w\.\w+\(\) takes (0|1) positional arguments? but (1|2) (was|were) given", _SELF),
    (r"positional argument|unexpected keyword argument|multiple values for argument", _ARGUMENTS),
    (
        r"shapes cannot be multiplied|must match the size of tensor|must match the existing size"
        r"|inconsistent tensor size|size mismatch|is invalid for input of size|dimension specified"
        r"|channels, but got|expected \dD|same number of dimensions|broadcast",
        _SHAPES,
    ),
    (
        r"same dtype|expected scalar type|expected m1 and m2|type \(.*\) and bias type"
        r"|type \(.*\) and weight type|dtype.* (doesn't|does not) match",
        _DTYPES,
    ),
    (
        r"leaf Variable that requires grad is being used in an in-place",
        "A tensor that requires its gradient is changed in place. Make a new one, `x = x + 1` "
        "for `x += 1`; parameters change under `torch.no_grad()`.",
    ),
    (
        r"modified by an inplace operation",
        "A tensor that the backward pass needs was changed in place. Make a new one instead.",
    ),
    (
        r"implicitly created only for scalar outputs",
        "`backward()` starts from one number. Sum first, or say what flows into each output.",
    ),
    (
        r"backward through the graph a second time",
        "The graph is gone after the first backward pass. Build it anew, or keep it with "
        "`retain_graph=True`.",
    ),
    (
        r"does not require grad and does not have a grad_fn",
        "Nothing here asks for a gradient: which tensor needs `requires_grad_()`, and was it "
        "detached on the way?",
    ),
    (
        r"not to have been used in the graph|appears to not have been used",
        "The output does not depend on the tensor that you differentiate by: is it a copy?",
    ),
    (
        r"numpy\(\) on Tensor that requires grad|numpy\(\) on a tensor that requires",
        "NumPy is where autograd ends. Stay with torch, or `detach()` where no gradient is needed.",
    ),
    (
        r"Boolean value of Tensor",
        "An `if` takes one truth, a tensor has many: choose by element, with `torch.where`.",
    ),
    (
        r"elements? (tensors )?can(not)? (only )?be converted to (Python )?[Ss]calar",
        "A tensor of several numbers can't become one number; which one did you mean?",
    ),
    (
        r"view size is not compatible",
        "`view` needs numbers in order in memory; `reshape` does not.",
    ),
    (
        r"KeyError",
        "The dict has no such key; `print(list(d))` shows those that it has.",
    ),
    (
        r"IndexError|out of range|out of bounds",
        "An index lies beyond the end: how long is it, and where does the loop stop?",
    ),
    (r"'NoneType' object", "Something is None here: what should have returned it?"),
    (r"RecursionError", "The function calls itself without end."),
    (r"ZeroDivisionError", "Which inputs make the divisor 0?"),
    (
        r"AttributeError",
        "The thing before the dot has no such attribute: what is it, and is the name right?",
    ),
)


def advice(error: str) -> str:
    """A sentence that helps with an error, ``"KeyError: 'a'"``; empty for uncommon ones."""
    return next((text for pattern, text in COMMON if re.search(pattern, error)), "")
