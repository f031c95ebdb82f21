"""Changes of the reference that are no mistakes, and why."""

from __future__ import annotations

from .book import answers

NUMBER = "a tensor of one number may stand for a number"
JACOBIAN = "return jacobian + torch.eye(len(x), dtype=x.dtype, device=x.device)"
PROJECTION = "return nn.Sequential(projection, nn.BatchNorm2d(out_channels))"
NORMS = "return {name: slope.norm().item() for name, slope in zip(outputs, slopes, strict=True)}"
FIRST = "nobody asks for the gradient of a Jacobian"

answers.equivalent(
    "residual_jacobian",
    f"- jacobian = torch.func.jacrev(f)(x)\n- {JACOBIAN}\n"
    f"+ with torch.no_grad():\n+     jacobian = torch.func.jacrev(f)(x)\n+     {JACOBIAN}",
    FIRST,
)
for other in (
    "(jacobian + torch.eye(len(x), dtype=x.dtype, device=x.device)).detach()",
    "jacobian.detach() + torch.eye(len(x), dtype=x.dtype, device=x.device)",
):
    answers.equivalent("residual_jacobian", f"- {JACOBIAN}\n+ return {other}", FIRST)
answers.equivalent(
    "make_shortcut", f"- {PROJECTION}\n+ {PROJECTION}.float()", "layers are float32 when made"
)
for change, reason in {
    NORMS.replace(".item()", ""): NUMBER,
    NORMS.replace("strict=True", "strict=False"): "there are as many slopes as outputs",
}.items():
    answers.equivalent("gradient_norms", f"- {NORMS}\n+ {change}", reason)
answers.equivalent(
    "BasicBlock",
    "- return F.relu(self.branch(x) + self.shortcut(x))\n"
    "+ return F.relu_(self.branch(x) + self.shortcut(x))",
    "the sum is a new tensor that nothing else needs",
)
