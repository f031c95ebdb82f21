"""Changes of the reference that are no mistakes, and why."""

from __future__ import annotations

from .book import answers

AT_ZERO = (
    "they differ at x = 0 alone, where both branches have the same value; either slope will do"
)
STABLE = "near 0 both forms are exact, and the exponential is far from overflowing"
FRESH = "what it writes into is a new tensor that nothing else needs"
FIRST = "nothing asks for the slope of a slope: a derivative may be computed without a graph"

for where in (">", ">= 1", ">= -1"):
    change = f"- positive = x >= 0\n+ positive = x {where if where != '>' else '> 0'}"
    answers.equivalent("sigmoid", change, STABLE)
answers.equivalent(
    "sigmoid",
    "- decay = torch.exp(torch.where(positive, -x, x))  # within (0, 1]: never overflows\n"
    "+ decay = torch.exp_(torch.where(positive, -x, x))",
    FRESH,
)
answers.equivalent(
    "relu",
    "- return torch.where(x > 0, x, torch.zeros_like(x))\n"
    "+ return torch.where(x >= 0, x, torch.zeros_like(x))",
    AT_ZERO,
)
answers.equivalent(
    "leaky_relu",
    "- return torch.where(x > 0, x, negative_slope * x)\n"
    "+ return torch.where(x >= 0, x, negative_slope * x)",
    AT_ZERO,
)
LEFT = (
    "- left = torch.where(x > 0, torch.zeros_like(x), x)  # the exponential never sees more than 0"
)
for change, reason in {
    f"{LEFT}\n+ left = torch.where(x >= 0, torch.zeros_like(x), x)": AT_ZERO,
    f"{LEFT}\n+ left = torch.where(x > 1, torch.zeros_like(x), x)": "between 0 and 1 it is not "
    "taken, and far from overflowing",
    f"{LEFT}\n+ left = torch.where(x > 0, torch.ones_like(x), x)": "that branch is not taken, and "
    "its slope is finite",
    "- return torch.where(x > 0, x, alpha * torch.expm1(left))\n"
    "+ return torch.where(x >= 0, x, alpha * torch.expm1(left))": AT_ZERO,
    "- return torch.where(x > 0, x, alpha * torch.expm1(left))\n"
    "+ return torch.where(x > 0, x, alpha * torch.expm1_(left))": FRESH,
}.items():
    answers.equivalent("elu", change, reason)

ELU = "torch.where(y > 0, torch.ones_like(y), y + alpha)"
SELU_LEFT = "y + SELU_LAMBDA * SELU_ALPHA"
SELU = f"torch.where(y > 0, torch.full_like(y, SELU_LAMBDA), {SELU_LEFT})"
for exercise, formula, detached in (
    ("sigmoid_grad", "y * (1 - y)", ("y * (1 - y).detach()",)),
    (
        "tanh_grad",
        "(1 - y) * (1 + y)",
        ("(1 - y).detach() * (1 + y)", "(1 - y) * (1 + y).detach()"),
    ),
    ("elu_grad", ELU, (ELU.replace("y + alpha)", "(y + alpha).detach())"),)),
    (
        "selu_grad",
        SELU,
        (SELU[: SELU.index(" y + ")] + " (y + SELU_LAMBDA * SELU_ALPHA).detach())",),
    ),
):
    whole = (
        f"({formula}).detach()" if exercise.startswith(("sigm", "tanh")) else f"{formula}.detach()"
    )
    for other in (whole, *detached):
        answers.equivalent(exercise, f"- return {formula}\n+ return {other}", FIRST)
    change = f"- return {formula}\n+ with torch.no_grad():\n+     return {formula}"
    answers.equivalent(exercise, change, FIRST)

PLAIN = "a function in a class body is as good, since autograd calls it by the class"
for line in (
    "def forward(ctx: Any, x: Tensor, alpha: float) -> Tensor:",
    "def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor, None]:",
):
    answers.equivalent("ELUFunction", f"- @staticmethod\n- {line}\n+ {line}", PLAIN)
answers.equivalent(
    "ELUFunction",
    "- y = torch.where(x > 0, x, alpha * torch.expm1(x))\n"
    "+ y = torch.where(x >= 0, x, alpha * torch.expm1(x))",
    "both branches are 0 at x = 0, and backward has its own convention",
)

OWN = "- x = x.detach().clone().requires_grad_()"
for change, reason in {
    f"{OWN}\n+ x = x.detach().requires_grad_()": "nothing is written into x",
    f"{OWN}\n+ x = x.clone().requires_grad_()": "a copy of x has a gradient of its own",
    "- for _ in range(depth):\n+ for _ in reversed(list(range(depth))):": "the count is not used",
}.items():
    answers.equivalent("chain_gradient", change, reason)
answers.equivalent(
    "dead_fraction",
    "- return dead.float().mean().item()\n+ return dead.float().mean()",
    "a tensor of one number may stand for a number",
)
