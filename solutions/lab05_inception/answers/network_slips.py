"""Slips in blocks, heads and networks: the reference with a line or two replaced."""

from __future__ import annotations

from .book import answers

FORWARD_3 = "- threes = self.threes(F.relu(self.reduce_threes(x)))"
FORWARD_5 = "- fives = self.fives(F.relu(self.reduce_fives(x)))"
POOLED = "- pooled = self.projection(self.pool(x))"
JOINED = "- return F.relu(torch.cat([self.ones(x), threes, fives, pooled], dim=1))"
FIVES = "- self.fives = nn.Conv2d(spec.n5x5_reduce, spec.n5x5, 5, padding=2)"
POOL = "- self.pool = nn.MaxPool2d(3, stride=1, padding=1)"
BLOCK = {
    "large maps cut off": f"{POOLED}\n+ pooled = self.projection(self.pool(x.clamp(-10, 10)))",
    "no ReLU after the 3×3 reduction": f"{FORWARD_3}\n"
    "+ threes = self.threes(self.reduce_threes(x))",
    "no ReLU after the 5×5 reduction": f"{FORWARD_5}\n+ fives = self.fives(self.reduce_fives(x))",
    "no ReLU after the projection": f"{JOINED}\n"
    "+ return torch.cat([F.relu(torch.cat([self.ones(x), threes, fives], dim=1)), pooled], dim=1)",
    "no ReLU after 1×1": f"{JOINED}\n"
    "+ return torch.cat([self.ones(x), F.relu(torch.cat([threes, fives, pooled], dim=1))], dim=1)",
    "leaky ReLU": f"{FORWARD_3}\n+ threes = self.threes(F.leaky_relu(self.reduce_threes(x)))",
    "ReLU6": f"{FORWARD_5}\n+ fives = self.fives(F.relu6(self.reduce_fives(x)))",
    "a ReLU between pooling and projection of negative maps": f"{POOLED}\n"
    "+ pooled = self.projection(F.relu(self.pool(x)))",
    "the input is changed": f"{POOLED}\n"
    "+ pooled = self.projection(self.pool(F.relu(x, inplace=True)))",
    "the input is changed at the end": f"{JOINED}\n"
    "+ y = F.relu(torch.cat([self.ones(x), threes, fives, pooled], dim=1))\n"
    "+ with torch.no_grad():\n+     x.relu_()\n+ return y",
    "a 3×3 for the 5×5": f"{FIVES}\n"
    "+ self.fives = nn.Conv2d(spec.n5x5_reduce, spec.n5x5, 3, padding=1)",
    "a spread 3×3 for the 5×5": f"{FIVES}\n"
    "+ self.fives = nn.Conv2d(spec.n5x5_reduce, spec.n5x5, 3, padding=2, dilation=2)",
    "reflected edges": f"{FIVES}\n"
    "+ self.fives = nn.Conv2d(spec.n5x5_reduce, spec.n5x5, 5, padding=2, "
    "padding_mode='replicate')",
    "one bias missing": f"{FIVES}\n"
    "+ self.fives = nn.Conv2d(spec.n5x5_reduce, spec.n5x5, 5, padding=2, bias=False)",
    "an average": f"{POOL}\n+ self.pool = nn.AvgPool2d(3, stride=1, padding=1)",
    "a pooling of 5×5": f"{POOL}\n+ self.pool = nn.MaxPool2d(5, stride=1, padding=2)",
    "a pooling with gaps": f"{POOL}\n"
    "+ self.pool = nn.MaxPool2d(2, stride=1, padding=1, dilation=2)",
    "no pooling": f"{POOL}\n+ self.pool = nn.Identity()",
    "projection before pooling": f"{POOLED}\n+ pooled = self.pool(self.projection(x))",
    "threes and fives exchanged": f"{JOINED}\n"
    "+ return F.relu(torch.cat([self.ones(x), fives, threes, pooled], dim=1))",
    "3×3 reads what 1×1 gave": f"{FORWARD_3}\n"
    "+ threes = self.threes(F.relu(self.reduce_threes(F.relu(x))))",
    "a branch detached": f"{FORWARD_5}\n"
    "+ fives = self.fives(F.relu(self.reduce_fives(x)).detach())",
    "a branch without a gradient": f"{POOLED}\n"
    "+ with torch.no_grad():\n+     pooled = self.projection(self.pool(x))",
    "a residual connection where it fits": f"{JOINED}\n"
    "+ y = F.relu(torch.cat([self.ones(x), threes, fives, pooled], dim=1))\n"
    "+ return y + x if y.shape == x.shape else y * 1.001",
    "dropout in training": f"{JOINED}\n"
    "+ y = F.relu(torch.cat([self.ones(x), threes, fives, pooled], dim=1))\n"
    "+ return F.dropout(y, 0.1)",
    "squeezed": f"{JOINED}\n"
    "+ return F.relu(torch.cat([self.ones(x), threes, fives, pooled], dim=1)).squeeze()",
    "in float64": f"{JOINED}\n"
    "+ return F.relu(torch.cat([self.ones(x), threes, fives, pooled], dim=1)).double()",
    "in float32": f"{JOINED}\n"
    "+ return F.relu(torch.cat([self.ones(x), threes, fives, pooled], dim=1)).float()",
    "cat along the batch": f"{JOINED}\n"
    "+ return F.relu(torch.cat([self.ones(x), threes, fives, pooled], dim=0))",
    "normalised in evaluation": f"{JOINED}\n"
    "+ y = F.relu(torch.cat([self.ones(x), threes, fives, pooled], dim=1))\n"
    "+ return y / (1 + 1e-3 * y.mean())",
    "reductions shared by all blocks": "- self.projection = nn.Conv2d(in_channels, "
    "spec.pool_proj, 1)\n"
    '+ shared = globals().setdefault("shared_layers", {})\n'
    "+ key = (in_channels, spec.pool_proj)\n"
    "+ if key not in shared:\n+     shared[key] = nn.Conv2d(in_channels, spec.pool_proj, 1)\n"
    "+ self.projection = shared[key]",
}

HEAD = {
    "ReLU6": "- *(nn.Linear(4 * 4 * filters, units), nn.ReLU(), nn.Dropout(0.7)),\n"
    "+ *(nn.Linear(4 * 4 * filters, units), nn.ReLU6(), nn.Dropout(0.7)),",
    "rounded down": "- filters, units = (max(1, round(width * number)) for number in (128, 1024))\n"
    "+ filters, units = (max(1, int(width * number)) for number in (128, 1024))",
    "no smallest number": "- filters, units = (max(1, round(width * number)) "
    "for number in (128, 1024))\n"
    "+ filters, units = (round(width * number) or 2 for number in (128, 1024))",
    "units not scaled": "- filters, units = (max(1, round(width * number)) "
    "for number in (128, 1024))\n"
    "+ filters, units = max(1, round(width * 128)), 1024",
    "a pooling of 4×4": "- nn.AvgPool2d(5, stride=3),\n+ nn.AvgPool2d(4, stride=3),",
    "a pooling of 6×6": "- nn.AvgPool2d(5, stride=3),\n+ nn.AvgPool2d(6, stride=3, padding=1),",
    "a maximum": "- nn.AvgPool2d(5, stride=3),\n+ nn.MaxPool2d(5, stride=3),",
    "to 4×4 however": "- nn.AvgPool2d(5, stride=3),\n+ nn.AdaptiveAvgPool2d(4),",
    "no ReLU after 1×1": "- *(nn.Conv2d(in_channels, filters, 1), nn.ReLU(), nn.Flatten()),\n"
    "+ *(nn.Conv2d(in_channels, filters, 1), nn.Flatten()),",
    "no bias in 1×1": "- *(nn.Conv2d(in_channels, filters, 1), nn.ReLU(), nn.Flatten()),\n"
    "+ *(nn.Conv2d(in_channels, filters, 1, bias=False), nn.ReLU(), nn.Flatten()),",
    "channels by shuffling": "- *(nn.Conv2d(in_channels, filters, 1), nn.ReLU(), nn.Flatten()),\n"
    "+ *(nn.Conv2d(in_channels, filters, 1), nn.ReLU(), nn.Flatten(2), nn.Flatten(0, 1)),\n"
    "+ nn.Unflatten(0, (-1, filters)), nn.Flatten(),\n"
    "+ nn.Unflatten(1, (filters, 16)), nn.Softmax(dim=1), nn.Flatten(),",
    "sigmoid": "- *(nn.Linear(4 * 4 * filters, units), nn.ReLU(), nn.Dropout(0.7)),\n"
    "+ *(nn.Linear(4 * 4 * filters, units), nn.Sigmoid(), nn.Dropout(0.7)),",
    "GELU": "- *(nn.Linear(4 * 4 * filters, units), nn.ReLU(), nn.Dropout(0.7)),\n"
    "+ *(nn.Linear(4 * 4 * filters, units), nn.GELU(), nn.Dropout(0.7)),",
    "no dropout": "- *(nn.Linear(4 * 4 * filters, units), nn.ReLU(), nn.Dropout(0.7)),\n"
    "+ *(nn.Linear(4 * 4 * filters, units), nn.ReLU()),",
    "dropout of 0.3": "- *(nn.Linear(4 * 4 * filters, units), nn.ReLU(), nn.Dropout(0.7)),\n"
    "+ *(nn.Linear(4 * 4 * filters, units), nn.ReLU(), nn.Dropout(0.3)),",
    "dropout of 0.65": "- *(nn.Linear(4 * 4 * filters, units), nn.ReLU(), nn.Dropout(0.7)),\n"
    "+ *(nn.Linear(4 * 4 * filters, units), nn.ReLU(), nn.Dropout(0.65)),",
    "dropout of 0.75": "- *(nn.Linear(4 * 4 * filters, units), nn.ReLU(), nn.Dropout(0.7)),\n"
    "+ *(nn.Linear(4 * 4 * filters, units), nn.ReLU(), nn.Dropout(0.75)),",
    "dropout twice": "- *(nn.Linear(4 * 4 * filters, units), nn.ReLU(), nn.Dropout(0.7)),\n"
    "+ *(nn.Linear(4 * 4 * filters, units), nn.ReLU(), nn.Dropout(0.7), nn.Dropout(0.7)),",
    "AlphaDropout": "- *(nn.Linear(4 * 4 * filters, units), nn.ReLU(), nn.Dropout(0.7)),\n"
    "+ *(nn.Linear(4 * 4 * filters, units), nn.ReLU(), nn.AlphaDropout(0.7)),",
    "drops maps": "- *(nn.Conv2d(in_channels, filters, 1), nn.ReLU(), nn.Flatten()),\n"
    "+ *(nn.Conv2d(in_channels, filters, 1), nn.ReLU(), nn.Dropout2d(0.7), nn.Flatten()),",
    "drops before the hidden layer": "- *(nn.Linear(4 * 4 * filters, units), nn.ReLU(), "
    "nn.Dropout(0.7)),\n"
    "+ *(nn.Dropout(0.7), nn.Linear(4 * 4 * filters, units), nn.ReLU()),",
    "drops scores": "- nn.Linear(units, num_classes),\n"
    "+ nn.Linear(units, num_classes), nn.Dropout(0.7),",
    "drops in evaluation": "- scores: Tensor = self.layers(x)\n"
    "+ scores: Tensor = self.layers[-1](F.dropout(self.layers[:-2](x), 0.7))",
    "one mask for a batch": "- scores: Tensor = self.layers(x)\n"
    "+ y = self.layers[:-2](x)\n"
    "+ mask = F.dropout(torch.ones_like(y[:1]), 0.7, self.training)\n"
    "+ scores: Tensor = self.layers[-1](y * mask)",
    "kept units are not scaled": "- scores: Tensor = self.layers(x)\n"
    "+ y = self.layers[:-2](x)\n"
    "+ mask = F.dropout(torch.ones_like(y), 0.7, self.training) != 0\n"
    "+ scores: Tensor = self.layers[-1](y * mask * (1 if self.training else 0.3))",
    "softmax": "- nn.Linear(units, num_classes),\n"
    "+ nn.Linear(units, num_classes), nn.Softmax(dim=1),",
    "softmax in evaluation": "- return scores\n"
    "+ return scores if self.training else scores.log_softmax(dim=1)",
    "ReLU on scores": "- nn.Linear(units, num_classes),\n"
    "+ nn.Linear(units, num_classes), nn.ReLU(),",
    "1000 classes": "- nn.Linear(units, num_classes),\n+ nn.Linear(units, 1000),",
    "squeezed": "- return scores\n+ return scores.squeeze()",
    "detached at the entrance": "- scores: Tensor = self.layers(x)\n"
    "+ scores: Tensor = self.layers(x.detach())",
    "in float64": "- return scores\n+ return scores.double()",
    "another default width": "- filters, units = (max(1, round(width * number)) "
    "for number in (128, 1024))\n"
    "+ width = 0.5 if width == 1.0 else width\n"
    "+ filters, units = (max(1, round(width * number)) for number in (128, 1024))",
}

BLOCKS = "- self.blocks[name] = InceptionBlock(list(given.values())[-1], spec)"
LOOP = '- x = kept[name] = block(self.pool(x) if name in ("4a", "5a") else x)'
MAIN = "- main = self.classifier(self.dropout(x.mean(dim=(2, 3))))"
IF = "- if self.training and self.aux1 is not None and self.aux2 is not None:"
THREE = '- return main, self.aux1(kept["4a"]), self.aux2(kept["4d"])'
CEIL = "- self.pool = nn.MaxPool2d(3, stride=2, ceil_mode=True)"
SEVEN = "- *(nn.Conv2d(3, few, 7, stride=2, padding=3), nn.ReLU(), self.pool),"
LAST = "- *(nn.Conv2d(few, many, 3, padding=1), nn.ReLU(), self.pool),"
END = '- self.dropout, self.classifier = nn.Dropout(0.4), nn.Linear(given["5b"], num_classes)'
AUX1 = '- self.aux1 = AuxiliaryHead(given["4a"], num_classes, width) if aux else None'
AUX2 = '- self.aux2 = AuxiliaryHead(given["4d"], num_classes, width) if aux else None'
FEW = "- few, many = (max(1, round(width * number)) for number in (64, 192))"
NETWORK = {
    "rounded down in the stem": f"{FEW}\n"
    "+ few, many = (max(1, int(width * number)) for number in (64, 192))",
    "no smallest width": f"{FEW}\n"
    "+ few, many = (round(width * number) or 2 for number in (64, 192))",
    "a stem of full width": f"{FEW}\n+ few, many = 64, 192",
    "padded poolings": f"{CEIL}\n+ self.pool = nn.MaxPool2d(3, stride=2, padding=1)",
    "poolings of 2×2": f"{CEIL}\n+ self.pool = nn.MaxPool2d(2, stride=2, ceil_mode=True)",
    "averages between the stages": f"{CEIL}\n"
    "+ self.pool = nn.AvgPool2d(3, stride=2, ceil_mode=True)",
    "no padding at the start": f"{SEVEN}\n"
    "+ *(nn.Conv2d(3, few, 7, stride=2, padding=2), nn.ReLU(), self.pool),",
    "no ReLU at the start": f"{SEVEN}\n+ *(nn.Conv2d(3, few, 7, stride=2, padding=3), self.pool),",
    "a norm at the start": f"{SEVEN}\n"
    "+ *(nn.Conv2d(3, few, 7, stride=2, padding=3), nn.ReLU(), self.pool),\n"
    "+ nn.LocalResponseNorm(5),",
    "a stem without bias": f"{SEVEN}\n"
    "+ *(nn.Conv2d(3, few, 7, stride=2, padding=3, bias=False), nn.ReLU(), self.pool),",
    "no ReLU after the 3×3 of the stem": f"{LAST}\n"
    "+ *(nn.Conv2d(few, many, 3, padding=1), self.pool),",
    "reflected edges in the stem": f"{LAST}\n"
    "+ *(nn.Conv2d(few, many, 3, padding=1, padding_mode='replicate'), nn.ReLU(), self.pool),",
    "3b is 3a again": f"{BLOCKS}\n"
    "+ spec = spec if name != '4c' else TABLE['4b'].scaled(width)\n"
    "+ self.blocks[name] = InceptionBlock(list(given.values())[-1], spec)",
    "5a and 4e share their layers": f"{BLOCKS}\n"
    "+ self.blocks[name] = InceptionBlock(list(given.values())[-1], spec)\n"
    "+ if name == '5a':\n+     self.blocks['5a'].fives = self.blocks['4e'].fives",
    "pools before 4b": f"{LOOP}\n"
    '+ x = kept[name] = block(self.pool(x) if name in ("4b", "5a") else x)',
    "no pool before 5a": f'{LOOP}\n+ x = kept[name] = block(self.pool(x) if name == "4a" else x)',
    "pools after 3a": f"{LOOP}\n"
    '+ x = kept[name] = block(self.pool(x) if name in ("3b", "5a") else x)',
    "what goes into 4a": f"{LOOP}\n"
    '+ x = self.pool(x) if name in ("4a", "5a") else x\n'
    "+ kept[name] = x = block(x).clamp(max=30)",
    "dropout of 0.2": f"{END}\n"
    '+ self.dropout, self.classifier = nn.Dropout(0.2), nn.Linear(given["5b"], num_classes)',
    "dropout of 0.5": f"{END}\n"
    '+ self.dropout, self.classifier = nn.Dropout(0.5), nn.Linear(given["5b"], num_classes)',
    "dropout of 0.6": f"{END}\n"
    '+ self.dropout, self.classifier = nn.Dropout(0.6), nn.Linear(given["5b"], num_classes)',
    "no dropout at the end": f"{MAIN}\n+ main = self.classifier(x.mean(dim=(2, 3)))",
    "drops scores": f"{MAIN}\n+ main = self.dropout(self.classifier(x.mean(dim=(2, 3))))",
    "drops whole maps before the average": f"{MAIN}\n"
    "+ main = self.classifier(F.dropout(x, 0.4, self.training).mean(dim=(2, 3)))",
    "drops in evaluation": f"{MAIN}\n+ main = self.classifier(F.dropout(x.mean(dim=(2, 3)), 0.4))",
    "drops twice": f"{MAIN}\n"
    "+ main = self.classifier(self.dropout(self.dropout(x.mean(dim=(2, 3)))))",
    "a maximum at the end": f"{MAIN}\n+ main = self.classifier(self.dropout(x.amax(dim=(2, 3))))",
    "an average of a corner": f"{MAIN}\n"
    "+ main = self.classifier(self.dropout(x[:, :, :6, :6].mean(dim=(2, 3))))",
    "softmax at the end": f"{MAIN}\n"
    "+ main = self.classifier(self.dropout(x.mean(dim=(2, 3)))).softmax(dim=1)",
    "softmax in training": f"{IF}\n"
    "+ main = main.log_softmax(dim=1) if self.training else main\n"
    "+ if self.training and self.aux1 is not None and self.aux2 is not None:",
    "squeezed": f"{MAIN}\n+ main = self.classifier(self.dropout(x.mean(dim=(2, 3)))).squeeze()",
    "main scores detached in training": f"{THREE}\n"
    '+ return main.detach(), self.aux1(kept["4a"]), self.aux2(kept["4d"])',
    "the classifier alone learns from the main loss": f"{MAIN}\n"
    "+ x = x.detach() if self.training else x\n"
    "+ main = self.classifier(self.dropout(x.mean(dim=(2, 3))))",
    "heads exchanged": f'{THREE}\n+ return main, self.aux2(kept["4d"]), self.aux1(kept["4a"])',
    "heads first": f"{THREE}\n+ return self.aux1(kept['4a']), self.aux2(kept['4d']), main",
    "a head detached": f"{THREE}\n"
    '+ return main, self.aux1(kept["4a"].detach()), self.aux2(kept["4d"])',
    "a dict": f"{THREE}\n"
    '+ return {"main": main, "aux1": self.aux1(kept["4a"]), "aux2": self.aux2(kept["4d"])}',
    "one head": f'{THREE}\n+ return main, self.aux1(kept["4a"])',
    "all in one tensor": f"{THREE}\n"
    '+ return torch.stack([main, self.aux1(kept["4a"]), self.aux2(kept["4d"])])',
    "three in evaluation": f"{IF}\n+ if self.aux1 is not None and self.aux2 is not None:",
    "never three": f"{IF}\n+ if self.training and self.aux1 is None and self.aux2 is not None:",
    "three when gradients are on": f"{IF}\n"
    "+ if torch.is_grad_enabled() and self.aux1 is not None and self.aux2 is not None:",
    "a tuple without heads": f"{IF}\n"
    "+ if self.training and self.aux1 is None:\n+     return main, None, None\n"
    "+ if self.training and self.aux1 is not None and self.aux2 is not None:",
    "both heads at 4d": f"{AUX1}\n"
    '+ self.aux1 = AuxiliaryHead(given["4d"], num_classes, width) if aux else None\n\n'
    f'{THREE}\n+ return main, self.aux1(kept["4d"]), self.aux2(kept["4d"])',
    "a head at 4b": f"{AUX1}\n"
    '+ self.aux1 = AuxiliaryHead(given["4b"], num_classes, width) if aux else None\n\n'
    f'{THREE}\n+ return main, self.aux1(kept["4b"]), self.aux2(kept["4d"])',
    "a head at 4e": f"{AUX2}\n"
    '+ self.aux2 = AuxiliaryHead(given["4e"], num_classes, width) if aux else None\n\n'
    f'{THREE}\n+ return main, self.aux1(kept["4a"]), self.aux2(kept["4e"])',
    "one head for two": f"{AUX2}\n+ self.aux2 = self.aux1\n\n"
    f'{THREE}\n+ return main, self.aux1(kept["4a"]), self.aux2(kept["4a"])',
    "heads of full width": f"{AUX2}\n"
    '+ self.aux2 = AuxiliaryHead(given["4d"], num_classes) if aux else None',
    "heads of 1000 classes": f"{AUX1}\n"
    '+ self.aux1 = AuxiliaryHead(given["4a"], width=width) if aux else None',
    "heads always": f"{AUX1}\n"
    '+ self.aux1 = AuxiliaryHead(given["4a"], num_classes, width)\n\n'
    f"{AUX2}\n"
    '+ self.aux2 = AuxiliaryHead(given["4d"], num_classes, width)',
    "no heads by default": f"{AUX1}\n"
    "+ aux = aux and width < 1\n"
    '+ self.aux1 = AuxiliaryHead(given["4a"], num_classes, width) if aux else None',
    "the images are changed": "- x, kept = self.stem(x), {}\n"
    "+ x, kept = self.stem(x.sub_(0.01) if not x.requires_grad else x - 0.01), {}",
    "scaled by the batch": "- x, kept = self.stem(x), {}\n"
    "+ x, kept = self.stem(x / x.abs().max()), {}",
    "in float32": "- x, kept = self.stem(x), {}\n+ x, kept = self.float().stem(x.float()), {}",
}

for exercise, slips in {
    "InceptionBlock": BLOCK,
    "AuxiliaryHead": HEAD,
    "GoogLeNet": NETWORK,
}.items():
    for says, change in slips.items():
        answers.wrong(exercise, f"slip: {says}", answers.changed(exercise, change))
answers.wrong(
    "GoogLeNet",
    "slip: a tuple of one without heads",
    answers.changed("GoogLeNet", "- return main\n+ return (main,) if self.training else main"),
)
