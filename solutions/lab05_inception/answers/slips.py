"""Slips in functions: the reference with a line or two replaced."""

from __future__ import annotations

from .book import answers

PIXELS = "- pixels = x.movedim(1, -1)"
LINEAR = "- return F.linear(pixels, weight.flatten(1), bias).movedim(-1, 1)"
BOTH = '- return {"naive": height * width * naive, "reduced": height * width * reduced}'
NAIVE = "- naive = ones + 9 * in_channels * spec.n3x3 + 25 * in_channels * spec.n5x5"
THREES = "- reduced += in_channels * spec.n3x3_reduce + 9 * spec.n3x3_reduce * spec.n3x3"
FIVES = "- reduced += in_channels * spec.n5x5_reduce + 25 * spec.n5x5_reduce * spec.n5x5"
PROJECTION = "- reduced += in_channels * spec.pool_proj"
EARLY = "- early = F.cross_entropy(aux1, labels) + F.cross_entropy(aux2, labels)"
LOSS = "- return F.cross_entropy(main, labels) + 0.3 * early"
MAPS = "- return conv1x1_as_linear(maps, weight[:, :, None, None], bias)"

SLIPS: dict[str, dict[str, str]] = {
    "conv1x1_as_linear": {
        "the pixels are changed": f"{LINEAR}\n"
        "+ y = F.linear(pixels, weight.flatten(1), bias).movedim(-1, 1).clone()\n"
        "+ x.zero_()\n+ return y",
        "the bias is changed": f"{LINEAR}\n"
        "+ y = F.linear(pixels, weight.flatten(1)).movedim(-1, 1)\n"
        "+ return bias[:, None, None].add_(y) if len(x) == 1 and y.numel() == len(bias) "
        "else y + bias[:, None, None]",
        "pixels detached": f"{PIXELS}\n+ pixels = x.detach().movedim(1, -1)",
        "weights detached": f"{LINEAR}\n"
        "+ return F.linear(pixels, weight.flatten(1).detach(), bias).movedim(-1, 1)",
        "bias detached": f"{LINEAR}\n"
        "+ return F.linear(pixels, weight.flatten(1), bias.detach()).movedim(-1, 1)",
        "in float32": f"{LINEAR}\n"
        "+ return F.linear(pixels.float(), weight.flatten(1).float(), bias.float())"
        ".movedim(-1, 1)",
        "in float64": f"{LINEAR}\n"
        "+ return F.linear(pixels.double(), weight.flatten(1).double(), bias.double())"
        ".movedim(-1, 1)",
        "squeezed": f"{LINEAR}\n"
        "+ return F.linear(pixels, weight.flatten(1), bias).movedim(-1, 1).squeeze()",
        "the kernel squeezed": f"{LINEAR}\n"
        "+ return F.linear(pixels, weight.squeeze(), bias).movedim(-1, 1)",
        "channels and rows exchanged": f"{PIXELS}\n+ pixels = x.transpose(1, -1)",
        "to the front": f"{LINEAR}\n"
        "+ return F.linear(pixels, weight.flatten(1), bias).movedim(-1, 0)",
        "reshaped at the end": f"{LINEAR}\n"
        "+ y = F.linear(pixels, weight.flatten(1), bias)\n"
        "+ return y.reshape(len(x), -1, *x.shape[2:])",
        "viewed as rows of channels": f"{PIXELS}\n"
        "+ pixels = x.reshape(len(x), *x.shape[2:], x.shape[1])",
        "the bias for each row": f"{LINEAR}\n"
        "+ y = F.linear(pixels, weight.flatten(1)).movedim(-1, 1)\n"
        "+ return y + bias[:1] if x.shape[2] == x.shape[3] else y + bias[:, None, None]",
        "as numpy": f"{LINEAR}\n"
        "+ y = pixels.detach().numpy() @ weight.flatten(1).detach().numpy().T\n"
        "+ return torch.from_numpy(y + bias.detach().numpy()).movedim(-1, 1)",
        "with a ReLU": f"{LINEAR}\n"
        "+ return F.linear(pixels, weight.flatten(1), bias).movedim(-1, 1).relu()",
        "the first image for all": f"{PIXELS}\n+ pixels = x[:1].expand_as(x).movedim(1, -1)",
        "weights kept from the first call": f"{LINEAR}\n"
        '+ kept = globals().setdefault("kept_weights", {})\n'
        "+ weight = kept.setdefault((weight.shape, weight.dtype), weight)\n"
        "+ return F.linear(pixels, weight.flatten(1), bias).movedim(-1, 1)",
    },
    "inception_cost": {
        "naive reads the reductions": f"{NAIVE}\n"
        "+ naive = ones + 9 * spec.n3x3_reduce * spec.n3x3 + 25 * spec.n5x5_reduce * spec.n5x5",
        "naive without 1×1": f"{NAIVE}\n"
        "+ naive = 9 * in_channels * spec.n3x3 + 25 * in_channels * spec.n5x5",
        "naive passes its maps on for money": f"{NAIVE}\n"
        "+ naive = ones + 9 * in_channels * spec.n3x3 + 25 * in_channels * spec.n5x5 + in_channels",
        "naive with fives of three": f"{NAIVE}\n"
        "+ naive = ones + 9 * in_channels * spec.n3x3 + 9 * in_channels * spec.n5x5",
        "3×3 reads all channels": f"{THREES}\n"
        "+ reduced += in_channels * spec.n3x3_reduce + 9 * in_channels * spec.n3x3",
        "3×3 reduction free": f"{THREES}\n+ reduced += 9 * spec.n3x3_reduce * spec.n3x3",
        "5×5 reduction free": f"{FIVES}\n+ reduced += 25 * spec.n5x5_reduce * spec.n5x5",
        "5×5 reduction with a 5×5": f"{FIVES}\n"
        "+ reduced += 25 * in_channels * spec.n5x5_reduce + 25 * spec.n5x5_reduce * spec.n5x5",
        "the reductions exchanged": f"{THREES}\n"
        "+ reduced += in_channels * spec.n3x3_reduce + 9 * spec.n5x5_reduce * spec.n3x3\n\n"
        f"{FIVES}\n"
        "+ reduced += in_channels * spec.n5x5_reduce + 25 * spec.n3x3_reduce * spec.n5x5",
        "projection of the maps that went out": f"{PROJECTION}\n"
        "+ reduced += spec.n5x5 * spec.pool_proj",
        "projection by 3×3": f"{PROJECTION}\n+ reduced += 9 * in_channels * spec.pool_proj",
        "no 1×1 in the reduced block": "- reduced = ones\n+ reduced = 0",
        "square maps only": f"{BOTH}\n"
        '+ return {"naive": height**2 * naive, "reduced": height**2 * reduced}',
        "the other side twice": f"{BOTH}\n"
        '+ return {"naive": width**2 * naive, "reduced": width**2 * reduced}',
        "the edge is not multiplied": f"{BOTH}\n"
        '+ return {"naive": (height - 2) * (width - 2) * naive, '
        '"reduced": (height - 2) * (width - 2) * reduced}',
        "in millions": f"{BOTH}\n"
        '+ return {"naive": round(height * width * naive, -6), '
        '"reduced": round(height * width * reduced, -6)}',
        "other keys": f'{BOTH}\n+ return {{"a": height * width * naive, "b": height * width * '
        "reduced}",
        "a tuple": f"{BOTH}\n+ return height * width * naive, height * width * reduced",
        "one pixel more": f"{BOTH}\n"
        '+ return {"naive": (height * width + 1) * naive, "reduced": height * width * reduced}',
    },
    "auxiliary_loss": {
        "heads detached": f"{EARLY}\n"
        "+ early = F.cross_entropy(aux1.detach(), labels) + F.cross_entropy(aux2, labels)",
        "one head twice": f"{EARLY}\n+ early = 2 * F.cross_entropy(aux1, labels)",
        "the main scores twice": f"{EARLY}\n"
        "+ early = F.cross_entropy(aux1, labels) + F.cross_entropy(main, labels)",
        "large scores cut off": f"{LOSS}\n"
        "+ return F.cross_entropy(main.clamp(-50, 50), labels) + 0.3 * early",
        "a weight of 0.33": f"{LOSS}\n+ return F.cross_entropy(main, labels) + 0.33 * early",
        "subtracted": f"{LOSS}\n+ return F.cross_entropy(main, labels) - 0.3 * early",
        "a mean of the heads": f"{LOSS}\n+ return F.cross_entropy(main, labels) + 0.15 * early",
        "its value alone": f"{LOSS}\n"
        "+ return torch.tensor((F.cross_entropy(main, labels) + 0.3 * early).item())",
        "a plain number": f"{LOSS}\n+ return (F.cross_entropy(main, labels) + 0.3 * early).item()",
        "of shape (1,)": f"{LOSS}\n"
        "+ return (F.cross_entropy(main, labels) + 0.3 * early).reshape(1)",
        "smoothed labels": f"{LOSS}\n"
        "+ return F.cross_entropy(main, labels, label_smoothing=0.1) + 0.3 * early",
        "labels changed": f"{LOSS}\n"
        "+ loss = F.cross_entropy(main, labels) + 0.3 * early\n+ labels.zero_()\n+ return loss",
        "scores normalised in place": f"{EARLY}\n"
        "+ aux1.data.sub_(aux1.data.logsumexp(1, keepdim=True))\n"
        "+ early = F.cross_entropy(aux1, labels) + F.cross_entropy(aux2, labels)",
        "in float32": f"{LOSS}\n+ return (F.cross_entropy(main, labels) + 0.3 * early).float()",
        "in float64": f"{LOSS}\n+ return (F.cross_entropy(main, labels) + 0.3 * early).double()",
        "logarithms by hand": f"{LOSS}\n"
        "+ shares = main.exp() / main.exp().sum(1, keepdim=True)\n"
        "+ return F.nll_loss(shares.log(), labels) + 0.3 * early",
        "multi-margin": f"{LOSS}\n+ return F.multi_margin_loss(main, labels) + 0.3 * early",
        "a mean over the classes": f"{LOSS}\n"
        "+ return (F.cross_entropy(main, labels) + 0.3 * early) / main.shape[1]",
        "only where the main scores are wrong": f"{LOSS}\n"
        "+ wrong = main.argmax(1) != labels\n"
        "+ return F.cross_entropy(main[wrong], labels[wrong]) + 0.3 * early",
    },
    "class_maps": {
        "bias forgotten": f"{MAPS}\n"
        "+ return conv1x1_as_linear(maps, weight[:, :, None, None], torch.zeros_like(bias))",
        "bias detached": f"{MAPS}\n"
        "+ return conv1x1_as_linear(maps, weight[:, :, None, None], bias.detach())",
        "maps detached": f"{MAPS}\n"
        "+ return conv1x1_as_linear(maps.detach(), weight[:, :, None, None], bias)",
        "no gradient": f"{MAPS}\n+ with torch.no_grad():\n"
        "+     return conv1x1_as_linear(maps, weight[:, :, None, None], bias)",
        "positive maps": f"{MAPS}\n"
        "+ return conv1x1_as_linear(maps.relu(), weight[:, :, None, None], bias)",
        "from 0 to 1": f"{MAPS}\n"
        "+ found = conv1x1_as_linear(maps, weight[:, :, None, None], bias)\n"
        "+ return (found - found.min()) / (found.max() - found.min())",
        "less their mean": f"{MAPS}\n"
        "+ found = conv1x1_as_linear(maps, weight[:, :, None, None], bias)\n"
        "+ return found - found.mean(dim=1, keepdim=True)",
        "the bias twice": f"{MAPS}\n"
        "+ return conv1x1_as_linear(maps, weight[:, :, None, None], 2 * bias)",
        "a weight transposed where it can be": f"{MAPS}\n"
        "+ weight = weight.T if weight.shape[0] == weight.shape[1] else weight\n"
        "+ return conv1x1_as_linear(maps, weight[:, :, None, None], bias)",
        "squeezed": f"{MAPS}\n"
        "+ return conv1x1_as_linear(maps, weight[:, :, None, None], bias).squeeze()",
        "in float32": f"{MAPS}\n"
        "+ return conv1x1_as_linear(maps, weight[:, :, None, None], bias).float()",
        "the first image alone": f"{MAPS}\n"
        "+ return conv1x1_as_linear(maps[:1], weight[:, :, None, None], bias)",
        "rows and columns exchanged": f"{MAPS}\n"
        "+ return conv1x1_as_linear(maps.mT, weight[:, :, None, None], bias)",
        "the maps are changed": f"{MAPS}\n"
        "+ found = conv1x1_as_linear(maps, weight[:, :, None, None], bias)\n"
        "+ maps.sub_(maps.mean())\n+ return found",
        "one class": f"{MAPS}\n"
        "+ found = conv1x1_as_linear(maps, weight[:, :, None, None], bias)\n"
        "+ return found[:, found.mean(dim=(0, 2, 3)).argmax()]",
    },
}

for exercise, slips in SLIPS.items():
    for says, change in slips.items():
        answers.wrong(exercise, f"slip: {says}", answers.changed(exercise, change))
