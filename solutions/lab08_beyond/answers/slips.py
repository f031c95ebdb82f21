"""Slips: the reference with a line or two replaced."""

from __future__ import annotations

from .book import answers

REFUSED = "- if groups < 1 or in_channels % groups or out_channels % groups:"
WEIGHTS = "- weights = out_channels * (in_channels // groups) * kernel * kernel"
BOTH = "- return weights, weights * height * width"
MERGED = "- return reduce.flatten(0, 1), transform.flatten(0, 1), last"
LAST = "- last = expand.transpose(0, 1).flatten(1, 2)"
BLOCK = "- def __init__(self, in_channels: int, out_channels: int, stride: int = {}) -> None:"
LAYERS = "- return self.layers(x)"
COPIED = "- self.backbone = copy.deepcopy(backbone).eval().requires_grad_(False)"
HEAD = "- self.head = nn.Linear(num_features, num_classes)"
BACK = "- self.backbone.eval()"
SCORES = "- return self.head(self.backbone(x))"
MOVED = "- return (images + epsilon * slopes.sign()).clamp(0, 1)"
LOSS = "- loss = F.cross_entropy(model(inputs), labels)"
INPUTS = "- inputs = images.detach().clone().requires_grad_()"
STEP = "- found = (found.detach() - step * slopes.sign()).clamp(low, high)"
BOUNDS = "- low, high = (images - epsilon).clamp(min=0), (images + epsilon).clamp(max=1)"
TARGET = "- loss = F.cross_entropy(model(found), targets)"
START = "- found = images.detach().clone()"
SLIPS: dict[str, dict[str, str]] = {
    "convolution_cost": {
        "inputs alone are checked": f"{REFUSED}\n+ if groups < 1 or in_channels % groups:",
        "outputs alone are checked": f"{REFUSED}\n+ if groups < 1 or out_channels % groups:",
        "no groups are let through": f"{REFUSED}\n"
        "+ if groups and (in_channels % groups or out_channels % groups):",
        "negative groups are let through": f"{REFUSED}\n"
        "+ if groups == 0 or in_channels % groups or out_channels % groups:",
        "outputs by groups as well": f"{WEIGHTS}\n"
        "+ weights = (out_channels // groups) * (in_channels // groups) * kernel * kernel",
        "square maps": f"{BOTH}\n+ return weights, weights * width * width",
        "multiplications alone": f"{BOTH}\n+ return weights * height * width",
        "a depthwise rule": f"{WEIGHTS}\n+ weights = out_channels * kernel * kernel",
        "floats": f"{WEIGHTS}\n+ weights = out_channels * in_channels / groups * kernel**2 + 0.25",
    },
    "SeparableBlock": {
        "a stride of 2 unless told": f"{BLOCK.format(1)}\n+{BLOCK.format(2)[1:]}",
        "the output detached": f"{LAYERS}\n+ return self.layers(x.detach())",
        "float32 inside": f"{LAYERS}\n+ return self.layers(x.float())",
        "a shortcut": f"{LAYERS}\n+ y = self.layers(x)\n"
        "+ return y + x if y.shape == x.shape else y",
        "x is changed": f"{LAYERS}\n+ x.mul_(1.5)\n+ return self.layers(x)",
        "squeezed": f"{LAYERS}\n+ return self.layers(x).squeeze()",
        "always training": f"{LAYERS}\n+ return self.layers.train()(x)",
    },
    "merge_paths": {
        "reshaped": f"{LAST}\n+ last = expand.reshape(expand.shape[1], -1, 1, 1)",
        "averaged": f"{LAST}\n+ last = expand.transpose(0, 1).flatten(1, 2) / len(expand)",
        "first and last exchanged": f"{MERGED}\n"
        "+ return last, transform.flatten(0, 1), reduce.flatten(0, 1)",
        "detached": f"{MERGED}\n"
        "+ return reduce.flatten(0, 1).detach(), transform.flatten(0, 1), last",
        "in float32": f"{MERGED}\n"
        "+ return reduce.flatten(0, 1).float(), transform.flatten(0, 1).float(), last.float()",
        "two weights": f"{MERGED}\n+ return reduce.flatten(0, 1), transform.flatten(0, 1)",
        "a block-diagonal weight": f"{MERGED}\n"
        "+ return reduce.flatten(0, 1), torch.block_diag(*transform.flatten(2).flatten(1)), last",
        "for three paths": f"{LAST}\n+ last = torch.cat([expand[0], expand[1], expand[-1]], dim=1)",
    },
    "DenseBlock": {
        "added": "- x = torch.cat([x, grow(x)], dim=1)\n+ x = x + grow(x).mean(1, keepdim=True)",
        "in front": "- x = torch.cat([x, grow(x)], dim=1)\n+ x = torch.cat([grow(x), x], dim=1)",
        "twice": "- x = torch.cat([x, grow(x)], dim=1)\n"
        "+ x = torch.cat([x, grow(x + 0 * grow(x).mean() + 0.01)], dim=1)",
        "the new maps alone": "- return x\n+ return x[:, -1:]",
        "one layer for all": "- for grow in self.growing:\n+ for grow in list(self.growing)[:1]:",
        "a dropout": "- x = torch.cat([x, grow(x)], dim=1)\n"
        "+ x = torch.cat([x, F.dropout(grow(x), 0.2)], dim=1)",
    },
    "TransferNet": {
        "features lose their negative part": f"{SCORES}\n"
        "+ return self.head(self.backbone(x).relu())",
        "always in training mode": "- super().train(mode)\n+ super().train()",
        "the head alone is told the mode": "- super().train(mode)\n+ self.head.train(mode)",
        "not copied": f"{COPIED}\n+ self.backbone = backbone.eval().requires_grad_(False)",
        "a shallow copy": f"{COPIED}\n+ self.backbone = copy.copy(backbone).eval()\n"
        "+ self.backbone.requires_grad_(False)",
        "not frozen": f"{COPIED}\n+ self.backbone = copy.deepcopy(backbone).eval()",
        "weights frozen, BatchNorm not": f"{COPIED}\n"
        "+ self.backbone = copy.deepcopy(backbone).eval()\n"
        "+ for parameter in self.backbone.parameters():\n"
        "+     parameter.requires_grad_(parameter.ndim < 2)",
        "all frozen": f"{HEAD}\n+ self.head = nn.Linear(num_features, num_classes)\n"
        "+ self.requires_grad_(False)",
        "training mode": f"{BACK}\n+ pass",
        "training mode at first": f"{COPIED}\n"
        "+ self.backbone = copy.deepcopy(backbone).train().requires_grad_(False)",
        "under no_grad": f"{SCORES}\n+ with torch.no_grad():\n+     features = self.backbone(x)\n"
        "+ return self.head(features)",
        "detached features": f"{SCORES}\n+ return self.head(self.backbone(x).detach())",
        "a softmax": f"{SCORES}\n+ return self.head(self.backbone(x)).softmax(dim=1)",
        "train gives nothing back": "- return self\n+ return None",
        "train does nothing": "- super().train(mode)\n+ pass",
        "the head stays in evaluation": f"{BACK}\n+ super().train(False)",
    },
    "fast_gradient_sign": {
        "downhill": f"{MOVED}\n+ return (images - epsilon * slopes.sign()).clamp(0, 1).detach()",
        "no sign": f"{MOVED}\n+ return (images + epsilon * slopes).clamp(0, 1).detach()",
        "not clipped": f"{MOVED}\n+ return (images + epsilon * slopes.sign()).detach()",
        "clipped below alone": f"{MOVED}\n"
        "+ return (images + epsilon * slopes.sign()).clamp(min=0).detach()",
        "its own answer": f"{LOSS}\n"
        "+ loss = F.cross_entropy(model(inputs), model(inputs).argmax(1))",
        "softmax before the loss": f"{LOSS}\n"
        "+ loss = F.cross_entropy(model(inputs).softmax(1), labels)",
        "the logarithm of a probability and a little": f"{LOSS}\n"
        "+ loss = F.nll_loss((model(inputs).softmax(1) + 1e-12).log(), labels)",
        "the logarithm of a probability": f"{LOSS}\n"
        "+ loss = F.nll_loss(model(inputs).softmax(1).log(), labels)",
        "the model is changed": f"{LOSS}\n+ model.requires_grad_(False).eval()\n"
        "+ loss = F.cross_entropy(model(inputs), labels)",
        "the images are changed": f"{MOVED}\n"
        "+ return images.add_(epsilon * slopes.sign()).clamp_(0, 1)",
        "a step of one": f"{MOVED}\n+ return (images + slopes.sign()).clamp(0, 1).detach()",
        "one sign an image": f"{MOVED}\n"
        "+ return (images + epsilon * slopes.mean((1, 2, 3), True).sign()).clamp(0, 1)",
    },
    "fooling_images": {
        "uphill": f"{STEP}\n+ found = (found.detach() + step * slopes.sign()).clamp(low, high)",
        "no sign": f"{STEP}\n+ found = (found.detach() - step * slopes).clamp(low, high)",
        "not held": f"{STEP}\n+ found = (found.detach() - step * slopes.sign()).clamp(0, 1)",
        "not clipped": f"{BOUNDS}\n+ low, high = images - epsilon, images + epsilon",
        "held once, at the end": f"{STEP}\n+ found = found.detach() - step * slopes.sign()\n\n"
        "- return found\n+ return found.clamp(low, high)",
        "starts at chance": f"{START}\n+ found = images.detach() + 0.01 * torch.rand_like(images)",
        "starts at the lower end": f"{START}\n+ found = low.detach().clone()",
        "the gradient of the start": f"{TARGET}\n"
        "+ first = images.detach().clone().requires_grad_()\n"
        "+ loss = F.cross_entropy(model(first), targets) + 0 * found.sum()\n\n"
        "- (slopes,) = torch.autograd.grad(loss, found)\n"
        "+ (slopes,) = torch.autograd.grad(loss, first)",
        "the images are changed": f"{START}\n+ found = images.detach()\n\n"
        f"{STEP}\n+ found = (found.detach().sub_(step * slopes.sign())).clamp(low, high)",
        "holds a graph": "- return found\n+ return found.requires_grad_()",
        "epsilon for step": f"{STEP}\n"
        "+ found = (found.detach() - epsilon * slopes.sign()).clamp(low, high)",
        "the logarithm of a probability and a little": f"{TARGET}\n"
        "+ loss = F.nll_loss((model(found).softmax(1) + 1e-12).log(), targets)",
        "half a step": f"{STEP}\n"
        "+ found = (found.detach() - 0.5 * step * slopes.sign()).clamp(low, high)",
    },
}
for exercise, changes in SLIPS.items():
    for says, change in changes.items():
        answers.wrong(exercise, says, answers.changed(exercise, change))
