"""Slips: the reference with a line or two replaced."""

from __future__ import annotations

from typing import Any

import torch

from .book import answers

NORM = "- return {name: slope.norm().item() for name, slope in zip(outputs, slopes, strict=True)}"
SLOPES = "- slopes = torch.autograd.grad(value, list(outputs.values()))"
REMOVE = "- for handle in handles:\n-     handle.remove()"
ADDED = "- return F.relu(self.branch(x) + self.shortcut(x))"
PICKED = "- picked = x[:, :, :: self.stride, :: self.stride]"
PADDED = "- return F.pad(picked, (0, 0, 0, 0, 0, self.new_channels))"
SVD = "- outputs, gains, _ = torch.linalg.svd(jacobian)"
WEAKEST = "- return gains[-1], outputs[:, -1]"
EYE = "- return jacobian + torch.eye(len(x), dtype=x.dtype, device=x.device)"
FACTORS = "- factors = derivatives + 1 if residual else derivatives"
PROJECTION = "- projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)"
MEAN = "- return self.classifier(maps.mean(dim=(2, 3)))"
BASIC_LAST = (
    "- nn.Conv2d(channels, channels, 3, padding=1, bias=False),\n- nn.BatchNorm2d(channels),"
)
HEAD = "- head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, num_classes))"
SLIPS: dict[str, dict[str, str]] = {
    "residual_derivative": {
        "x is changed": "- return df(x) + 1\n+ slope = df(x) + 1\n+ x.zero_()\n+ return slope",
        "in float32": "- return df(x) + 1\n+ return df(x.float()) + 1",
        "one number for all": "- return df(x) + 1\n+ return (df(x) + 1).mean().expand_as(x)",
        "its size": "- return df(x) + 1\n+ return (df(x) + 1).abs()",
        "the shortcut counted twice": "- return df(x) + 1\n+ return df(x) + 2",
    },
    "chain_gradient": {
        "the derivatives are changed": f"{FACTORS}\n"
        "+ factors = derivatives.add_(1) if residual else derivatives",
        "not followed by autograd": f"{FACTORS}\n"
        "+ factors = derivatives.detach() + 1 if residual else derivatives.detach()",
        "the last axis": "- return factors.prod(dim=0)\n+ return factors.prod(dim=-1)",
        "one block skipped": "- return factors.prod(dim=0)\n+ return factors[1:].prod(dim=0)",
        "by logarithms": "- return factors.prod(dim=0)\n+ return factors.log().sum(dim=0).exp()",
        "in float32": f"{FACTORS}\n"
        "+ factors = derivatives.float() + 1 if residual else derivatives.float()",
        "squeezed": "- return factors.prod(dim=0)\n+ return factors.prod(dim=0).squeeze()",
    },
    "residual_jacobian": {
        "x on the diagonal": f"{EYE}\n+ return jacobian + torch.diag(x)",
        "transposed": f"{EYE}\n+ return (jacobian + torch.eye(len(x), dtype=x.dtype)).T",
        "a fixed size": f"{EYE}\n+ return jacobian + torch.eye(4, dtype=x.dtype)",
        "float64 always": f"{EYE}\n+ return jacobian + torch.eye(len(x), dtype=torch.float64)",
        "x is changed": f"{EYE}\n+ x.zero_()\n"
        "+ return jacobian + torch.eye(len(x), dtype=x.dtype, device=x.device)",
        "no identity": f"{EYE}\n+ return jacobian",
    },
    "weakest_gradient": {
        "the input's side": f"{SVD}\n+ _, gains, steps = torch.linalg.svd(jacobian)\n\n"
        f"{WEAKEST}\n+ return gains[-1], steps[-1]",
        "the strongest": f"{WEAKEST}\n+ return gains[0], outputs[:, 0]",
        "a row for a column": f"{WEAKEST}\n+ return gains[-1], outputs[-1]",
        "not of length one": f"{WEAKEST}\n+ return gains[-1], gains[-1] * outputs[:, -1]",
        "of the symmetric part": f"{SVD}\n"
        "+ outputs, gains, _ = torch.linalg.svd((jacobian + jacobian.T) / 2)",
        "without the shortcut": f"{SVD}\n"
        "+ outputs, gains, _ = torch.linalg.svd(jacobian - torch.eye(len(jacobian)).to(jacobian))",
        "the Jacobian is changed": f"{WEAKEST}\n+ jacobian.zero_()\n"
        "+ return gains[-1], outputs[:, -1]",
    },
    "make_shortcut": {
        "projections by two": f"{PROJECTION}\n"
        "+ projection = nn.Conv2d(in_channels, out_channels, 1, min(stride, 2), bias=False)",
        "from the second pixel": f"{PICKED}\n"
        "+ picked = x[:, :, 1 :: self.stride, 1 :: self.stride]",
        "rows only": f"{PICKED}\n+ picked = x[:, :, :: self.stride]",
        "always two": f"{PICKED}\n+ picked = x[:, :, ::2, ::2]",
        "a maximum": f"{PICKED}\n+ picked = F.max_pool2d(x, self.stride)",
        "rounded down": f"{PICKED}\n"
        "+ picked = x[:, :, :: self.stride, :: self.stride]"
        "[:, :, : x.shape[2] // self.stride, : x.shape[3] // self.stride]",
        "zeros in front": f"{PADDED}\n+ return F.pad(picked, (0, 0, 0, 0, self.new_channels, 0))",
        "detached": f"{PADDED}\n"
        "+ return F.pad(picked, (0, 0, 0, 0, 0, self.new_channels)).detach()",
        "single zeros": f"{PADDED}\n"
        "+ zeros = torch.zeros(len(x), self.new_channels, *picked.shape[2:])\n"
        "+ return torch.cat([picked.float(), zeros], dim=1)",
        "two images": f"{PADDED}\n"
        "+ zeros = picked.new_zeros(2, self.new_channels, *picked.shape[2:])\n"
        "+ return torch.cat([picked, zeros], dim=1)",
        "with a bias": f"{PROJECTION}\n"
        "+ projection = nn.Conv2d(in_channels, out_channels, 1, stride)",
        "no stride": f"{PROJECTION}\n"
        "+ projection = nn.Conv2d(in_channels, out_channels, 1, bias=False)",
        "no statistics": "- return nn.Sequential(projection, nn.BatchNorm2d(out_channels))\n"
        "+ return nn.Sequential(\n"
        "+     projection, nn.BatchNorm2d(out_channels, track_running_stats=False)\n+ )",
        "another momentum": "- return nn.Sequential(projection, nn.BatchNorm2d(out_channels))\n"
        "+ return nn.Sequential(projection, nn.BatchNorm2d(out_channels, momentum=0.01))",
        "a ReLU behind": "- return nn.Sequential(projection, nn.BatchNorm2d(out_channels))\n"
        "+ return nn.Sequential(projection, nn.BatchNorm2d(out_channels), nn.ReLU())",
        "B by the channels alone": "- same_shape = stride == 1 and in_channels == out_channels\n"
        "+ same_shape = in_channels == out_channels",
        "B by the stride alone": "- same_shape = stride == 1 and in_channels == out_channels\n"
        "+ same_shape = stride == 1",
    },
    "BasicBlock": {
        "the input is changed": f"{ADDED}\n+ return F.relu(x.add_(0.1)) + self.branch(x)",
        "in place on the input": f"{ADDED}\n"
        "+ y = self.branch(x) + self.shortcut(x)\n"
        "+ with torch.no_grad():\n+     x.relu_()\n+ return F.relu(y)",
        "half of the branch": f"{ADDED}\n+ return F.relu(0.5 * self.branch(x) + self.shortcut(x))",
        "the shortcut detached": f"{ADDED}\n"
        "+ return F.relu(self.branch(x) + self.shortcut(x).detach())",
        "the branch without a gradient": f"{ADDED}\n"
        "+ with torch.no_grad():\n+     y = self.branch(x)\n"
        "+ return F.relu(y + self.shortcut(x))",
        "leaky at the end": f"{ADDED}\n"
        "+ return F.leaky_relu(self.branch(x) + self.shortcut(x), 0.01)",
        "one norm for both": f"{BASIC_LAST}\n"
        "+ nn.Conv2d(channels, channels, 3, padding=1, bias=False),",
        "no padding in the second": f"{BASIC_LAST}\n"
        "+ nn.Conv2d(channels, channels, 3, padding=1, padding_mode='reflect', bias=False),\n"
        "+ nn.BatchNorm2d(channels),",
        "another epsilon": f"{BASIC_LAST}\n"
        "+ nn.Conv2d(channels, channels, 3, padding=1, bias=False),\n"
        "+ nn.BatchNorm2d(channels, eps=1e-3),",
        "no statistics": f"{BASIC_LAST}\n"
        "+ nn.Conv2d(channels, channels, 3, padding=1, bias=False),\n"
        "+ nn.BatchNorm2d(channels, track_running_stats=False),",
        "the default is A": "- self.shortcut = make_shortcut(shortcut, in_channels, channels, "
        "stride)\n"
        '+ self.shortcut = make_shortcut(\n+     "A" if shortcut == "B" else shortcut, '
        "in_channels, channels, stride\n+ )",
        "always stride 1 around": "- self.shortcut = make_shortcut(shortcut, in_channels, "
        "channels, stride)\n+ self.shortcut = make_shortcut(shortcut, in_channels, channels, 1)",
    },
    "Bottleneck": {
        "no gradient around": f"{ADDED}\n"
        "+ return F.relu(self.branch(x) + self.shortcut(x).detach())",
        "no ReLU at the end": f"{ADDED}\n+ return self.branch(x) + self.shortcut(x)",
        "ReLU before": f"{ADDED}\n+ return F.relu(self.branch(x)) + self.shortcut(x)",
        "in training whatever the mode": f"{ADDED}\n+ self.train()\n"
        "+ return F.relu(self.branch(x) + self.shortcut(x))",
        "in float32": f"{ADDED}\n+ return F.relu(self.branch(x) + self.shortcut(x)).float()",
        "twice as wide": "- out_channels = 4 * channels\n+ out_channels = 2 * channels",
        "squeezed": f"{ADDED}\n+ return F.relu(self.branch(x) + self.shortcut(x)).squeeze()",
    },
    "ResNetCIFAR": {
        "rounded down": "- base = max(1, round(16 * width))\n+ base = max(1, int(16 * width))",
        "no channel at all": "- base = max(1, round(16 * width))\n+ base = round(16 * width) or 2",
        "averaged over eight": f"{MEAN}\n"
        "+ return self.classifier(F.avg_pool2d(maps, min(maps.shape[2:])).flatten(2).amax(2))",
        "eight by eight pixels": f"{MEAN}\n"
        "+ return self.classifier(maps[:, :, :8, :8].mean(dim=(2, 3)))",
        "summed": f"{MEAN}\n+ return self.classifier(maps.sum(dim=(2, 3)))",
        "squeezed": f"{MEAN}\n+ return self.classifier(maps.mean(dim=(2, 3))).squeeze()",
        "log-softmax": f"{MEAN}\n"
        "+ return self.classifier(maps.mean(dim=(2, 3))).log_softmax(dim=1)",
        "always A": "- blocks.append(BasicBlock(before, channels, stride, shortcut))\n"
        '+ blocks.append(BasicBlock(before, channels, stride, "A"))',
        "every stage shrinks": "- stride = 2 if stage > 0 and number == 0 else 1\n"
        "+ stride = 2 if number == 0 else 1",
        "the last of a stage shrinks": "- stride = 2 if stage > 0 and number == 0 else 1\n"
        "+ stride = 2 if stage > 0 and number == n - 1 else 1",
        "one block for all of a stage": "- blocks.append(BasicBlock(before, channels, stride, "
        "shortcut))\n"
        "+ again = number > 1\n"
        "+ blocks.append(\n"
        "+     blocks[-1] if again else BasicBlock(before, channels, stride, shortcut)\n+ )",
        "no ReLU in the stem": "- nn.Conv2d(3, base, 3, padding=1, bias=False), "
        "nn.BatchNorm2d(base), nn.ReLU()\n"
        "+ nn.Conv2d(3, base, 3, padding=1, bias=False), nn.BatchNorm2d(base)",
    },
    "make_resnet": {
        "rounded down": "- base = max(1, round(64 * width))\n+ base = max(1, int(64 * width))",
        "no smallest width": "- base = max(1, round(64 * width))\n"
        "+ base = max(2, round(64 * width))",
        "the mean by a fixed size": f"{HEAD}\n"
        "+ head = (nn.AvgPool2d(2), nn.AdaptiveMaxPool2d(1), nn.Flatten(), "
        "nn.Linear(before, num_classes))",
        "dropout at the end": f"{HEAD}\n"
        "+ head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), "
        "nn.Linear(before, num_classes))",
        "softmax": f"{HEAD}\n"
        "+ head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, num_classes), "
        "nn.Softmax(dim=1))",
        "101 as 50": "101: (3, 4, 23, 3)}"
        and "- counts = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), "
        "50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}\n"
        "+ counts = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 22, 4)}",
        "bottlenecks at 34": "- block, expansion = (BasicBlock, 1) if depth < 50 "
        "else (Bottleneck, 4)\n"
        "+ block, expansion = (BasicBlock, 1) if depth < 34 else (Bottleneck, 4)",
        "an average at the start": "- *(nn.BatchNorm2d(base), nn.ReLU(), nn.MaxPool2d(3, stride=2, "
        "padding=1)),\n"
        "+ *(nn.BatchNorm2d(base), nn.ReLU(), nn.AvgPool2d(3, stride=2, padding=1)),",
        "no ReLU at the start": "- *(nn.BatchNorm2d(base), nn.ReLU(), nn.MaxPool2d(3, stride=2, "
        "padding=1)),\n"
        "+ *(nn.BatchNorm2d(base), nn.MaxPool2d(3, stride=2, padding=1)),",
        "a smaller first kernel": "- nn.Conv2d(3, base, 7, stride=2, padding=3, bias=False),\n"
        "+ nn.Conv2d(3, base, 5, stride=2, padding=2, bias=False),",
    },
    "gradient_norms": {
        "hooks stay": f"{REMOVE}\n+ handles.clear()",
        "an error is swallowed": "- try:\n-     value = loss()\n- finally:\n"
        "+ try:\n+     value = loss()\n+ except ValueError:\n+     return {}\n+ finally:",
        "one hook stays": f"{REMOVE}\n+ for handle in handles[1:]:\n+     handle.remove()",
        "the loss is called twice": "- value = loss()\n+ loss()\n+ value = loss()",
        "hooks stay where the loss raises": "- try:\n-     value = loss()\n- finally:\n"
        "-     for handle in handles:\n-         handle.remove()\n"
        "+ value = loss()\n+ for handle in handles:\n+     handle.remove()",
        "what the loss raises is swallowed": "- finally:\n+ except Exception:\n+     return {}\n"
        "+ finally:",
        "evaluation mode": "- value = loss()\n+ model.eval()\n+ value = loss()",
        "training mode": "- value = loss()\n+ model.train()\n+ value = loss()",
        "gradients wiped": "- value = loss()\n+ model.zero_grad()\n+ value = loss()",
        "weights frozen": "- value = loss()\n+ value = loss()\n"
        "+ for p in model.parameters():\n+     p.requires_grad_(p.grad is None)",
        "kept in the model": f"{NORM}\n+ model.outputs = outputs\n"
        "+ return {n: s.norm().item() for n, s in zip(outputs, slopes, strict=True)}",
        "in the order of making": f"{NORM}\n"
        "+ norms = {n: s.norm().item() for n, s in zip(outputs, slopes, strict=True)}\n"
        "+ return {n: norms[n] for n, _ in model.named_children()}",
        "names in the order of making": f"{NORM}\n"
        "+ names = [n for n, _ in model.named_children()]\n"
        "+ return {n: s.norm().item() for n, s in zip(names, slopes, strict=True)}",
        "tensors": f"{NORM}\n"
        "+ return {n: s.flatten() for n, s in zip(outputs, slopes, strict=True)}",
        "of the first image": f"{NORM}\n"
        "+ return {n: s[0].norm().item() for n, s in zip(outputs, slopes, strict=True)}",
        "divided by the batch": f"{NORM}\n"
        "+ return {n: s.norm().item() / len(s) for n, s in zip(outputs, slopes, strict=True)}",
        "parts with weights only": f"{NORM}\n"
        "+ kept = {n for n, m in model.named_children() if list(m.parameters())}\n"
        "+ pairs = zip(outputs, slopes, strict=True)\n"
        "+ return {n: s.norm().item() for n, s in pairs if n in kept}",
        "backward, and what it leaves": f"{SLOPES}\n"
        "+ for output in outputs.values():\n+     output.retain_grad()\n"
        "+ value.backward()\n+ slopes = [output.grad for output in outputs.values()]",
        "the run is seeded": "- value = loss()\n+ torch.manual_seed(0)\n+ value = loss()",
    },
}

for exercise, slips in SLIPS.items():
    for says, change in slips.items():
        answers.wrong(exercise, f"slip: {says}", answers.changed(exercise, change))

answers.wrong("residual_derivative", "into what df gave", lambda df, x: df(x).add_(1))
answers.wrong(
    "residual_derivative",
    "a unit matrix where it fits",
    lambda df, x: (
        df(x) + torch.eye(len(x), dtype=x.dtype)
        if x.ndim == 2 and x.shape[0] == x.shape[1]
        else df(x) + 1
    ),
)


def leaves_a_wish(f: Any, x: Any) -> Any:
    x.requires_grad_()
    return answers.reference["residual_jacobian"](f, x).detach()


answers.wrong("residual_jacobian", "the caller's x wants gradients afterwards", leaves_a_wish)
