"""Changes of the reference that are no mistakes, and why, quoted as they are printed."""
# ruff: noqa: E501

from __future__ import annotations

from .book import answers

NUMBER = "a tensor of one number may stand for a number"
JACOBIAN = "return jacobian + torch.eye(len(x), dtype=x.dtype, device=x.device)"
PROJECTION = "return nn.Sequential(projection, nn.BatchNorm2d(out_channels))"
NORMS = "return {name: slope.norm().item() for name, slope in zip(outputs, slopes, strict=True)}"
MADE = "def __init__(self, in_channels: int, channels: int, stride: int=1, shortcut: str='{}') -> None:"
FIRST = "nobody asks for the gradient of a Jacobian"
SECOND = "nobody asks for the gradient of a derivative"

answers.equivalent(
    "make_shortcut", f"- {PROJECTION}\n+ {PROJECTION}.float()", "layers are float32 when made"
)
for change, reason in {
    NORMS.replace(".item()", ""): NUMBER,
    NORMS.replace("strict=True", "strict=False"): "there are as many slopes as outputs",
}.items():
    answers.equivalent("gradient_norms", f"- {NORMS}\n+ {change}", reason)
for block in ("BasicBlock", "Bottleneck"):
    answers.equivalent(
        block,
        "- return F.relu(self.branch(x) + self.shortcut(x))\n"
        "+ return F.relu_(self.branch(x) + self.shortcut(x))",
        "the sum is a new tensor that nothing else needs",
    )
    for other in ("", "Bx"):
        answers.equivalent(
            block,
            f"- {MADE.format('B')}\n+ {MADE.format(other)}",
            "make_shortcut takes for B what is neither A nor C",
        )
for change in ("(df(x) + 1).detach()", "df(x).detach() + 1"):
    answers.equivalent("residual_derivative", f"- return df(x) + 1\n+ return {change}", SECOND)
answers.equivalent(
    "residual_jacobian",
    """\
-     jacobian = torch.func.jacrev(f)(x)
+     jacobian = torch.func.jacrev(f)(x).detach()
""",
    FIRST,
)
answers.equivalent(
    "residual_jacobian",
    """\
-     return jacobian + torch.eye(len(x), dtype=x.dtype, device=x.device)
+     return jacobian.add_(torch.eye(len(x), dtype=x.dtype, device=x.device))
""",
    "the Jacobian is a new tensor that nothing else needs",
)
answers.equivalent(
    "residual_jacobian",
    """\
-     return jacobian + torch.eye(len(x), dtype=x.dtype, device=x.device)
+     return jacobian + torch.eye(len(x), device=x.device)
""",
    "ones and zeros are exact in every dtype, and the sum takes the Jacobian's",
)
answers.equivalent(
    "residual_jacobian",
    """\
-     return jacobian + torch.eye(len(x), dtype=x.dtype, device=x.device)
+     return jacobian + torch.eye(len(x), dtype=x.dtype)
""",
    "checks run on one device",
)
answers.equivalent(
    "weakest_gradient",
    """\
-     outputs, gains, _ = torch.linalg.svd(jacobian)
-     return (gains[-1], outputs[:, -1])
+     with torch.no_grad():
+         outputs, gains, _ = torch.linalg.svd(jacobian)
+         return (gains[-1], outputs[:, -1])
""",
    "nobody asks for the gradient of a gain",
)
answers.equivalent(
    "make_shortcut",
    """\
-         return nn.Identity()
+         return nn.Identity().double()
""",
    "it has no parameters to convert",
)
answers.equivalent(
    "make_shortcut",
    """\
-         return nn.Identity()
+         return nn.Identity().float()
""",
    "it has no parameters to convert",
)
answers.equivalent(
    "make_shortcut",
    """\
-         return PaddedShortcut(out_channels - in_channels, stride)
+         return PaddedShortcut(out_channels - in_channels, stride).double()
""",
    "it has no parameters to convert",
)
answers.equivalent(
    "make_shortcut",
    """\
-         return PaddedShortcut(out_channels - in_channels, stride)
+         return PaddedShortcut(out_channels - in_channels, stride).float()
""",
    "it has no parameters to convert",
)
answers.equivalent(
    "ResNetCIFAR",
    """\
-         return self.classifier(maps.mean(dim=(2, 3)))
+         return self.classifier(maps.mean(dim=(-2, 3)))
""",
    "of four axes, axis 2 is the last but one",
)
answers.equivalent(
    "make_resnet",
    """\
-     block, expansion = (BasicBlock, 1) if depth < 50 else (Bottleneck, 4)
+     block, expansion = (BasicBlock, 1) if depth < 49 else (Bottleneck, 4)
""",
    "no depth lies between 34 and 50",
)
answers.equivalent(
    "make_resnet",
    """\
-     layers: list[nn.Module] = [nn.Conv2d(3, base, 7, stride=2, padding=3, bias=False), *(nn.BatchNorm2d(base), nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1))]
+     layers: list[nn.Module] = [nn.Conv2d(3, base, 7, stride=2, padding=3, bias=False), *(nn.BatchNorm2d(base), nn.MaxPool2d(3, stride=2, padding=1), nn.ReLU())]
""",
    "the maximum of what ReLU leaves is what ReLU leaves of the maximum",
)
answers.equivalent(
    "make_resnet",
    """\
-     return nn.Sequential(*layers, *head)
+     return nn.Sequential(*layers, *head).float()
""",
    "layers are float32 when made",
)
answers.equivalent(
    "gradient_norms",
    """\
-     def keeping(name: str) -> Any:
-
-         def keep(part: nn.Module, inputs: Any, output: Tensor) -> None:
-             outputs[name] = output
-         return keep
+     def keeping(name: str) -> Any:
+         with torch.no_grad():
+
+             def keep(part: nn.Module, inputs: Any, output: Tensor) -> None:
+                 outputs[name] = output
+             return keep
""",
    "the hook only keeps what comes by",
)
answers.equivalent(
    "gradient_norms",
    """\
-     for handle in handles:
+     for handle in reversed(list(handles)):
""",
    "in which order hooks are removed is no matter",
)
answers.equivalent(
    "gradient_norms",
    """\
-     slopes = torch.autograd.grad(value, list(outputs.values()))
+     slopes = torch.autograd.grad(value, outputs.values())
""",
    "autograd takes any collection of tensors",
)
answers.equivalent(
    "gradient_norms",
    """\
-     return {name: slope.norm().item() for name, slope in zip(outputs, slopes, strict=True)}
+     return {name: slope.norm().item() for name, slope in zip(outputs, slopes)}
""",
    "there are as many slopes as outputs",
)
answers.equivalent("residual_jacobian", f"- {JACOBIAN}\n+ return ({JACOBIAN[7:]}).detach()", FIRST)
answers.equivalent(
    "residual_jacobian",
    """\
-     jacobian = torch.func.jacrev(f)(x)
-     return jacobian + torch.eye(len(x), dtype=x.dtype, device=x.device)
+     with torch.no_grad():
+         jacobian = torch.func.jacrev(f)(x)
+         return jacobian + torch.eye(len(x), dtype=x.dtype, device=x.device)
""",
    FIRST,
)
