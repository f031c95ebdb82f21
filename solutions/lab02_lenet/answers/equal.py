"""Changes of the reference that are no mistakes: what becomes of them is the same."""

from __future__ import annotations

from .book import equivalent

OWN = "the tensor that is written into is the answer's own, made a moment ago"
LAST = "the last axis, or entry, is the one that is named by its number elsewhere"

equivalent("squash", OWN, ("torch.tanh(2", "torch.tanh_(2"))
equivalent("conv_parameters", "True counts as 1", ("bool(bias)", "bias"))
equivalent("conv2d", OWN, ("result + bias[:, None]", "result.add_(bias[:, None])"))
equivalent("conv2d", LAST, ("(width, kernel[1]", "(width, kernel[-1]"))
equivalent("conv2d", "a product lies in memory in order", ("result.reshape(", "result.view("))
equivalent(
    "rbf_penalties",
    "a square has no sign",
    ("x[:, None, :] - codes[None, :, :]", "codes[None, :, :] - x[:, None, :]"),
)
equivalent(
    "rbf_penalties",
    "broadcasting adds the axes that are left out",
    ("x[:, None, :]", "x[:, None]"),
    ("codes[None, :, :]", "codes[:, :]"),
    ("codes[None, :, :]", "codes[None, :]"),
)
equivalent("rbf_penalties", OWN, ("differences.square()", "differences.square_()"))
equivalent(
    "map_loss",
    LAST,
    ("gather(1,", "gather(-1,"),
    (".squeeze(1)", ".squeeze(-1)"),
    ("rubbish], dim=1)", "rubbish], dim=-1)"),
    ("logsumexp(dim=1)", "logsumexp(dim=-1)"),
)
equivalent(
    "map_loss", "a mean over the batch has no axis of length 1", (".mean()", ".mean().squeeze()")
)
equivalent(
    "map_loss",
    OWN,
    (
        "(own + torch.cat([-penalties, rubbish], dim=1).logsumexp(dim=1))",
        "own.add_(torch.cat([-penalties, rubbish], dim=1).logsumexp(dim=1))",
    ),
)
equivalent("map_loss", "a sum has no order", ("[-penalties, rubbish]", "[rubbish, -penalties]"))
