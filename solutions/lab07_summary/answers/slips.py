"""The repaired program with one slip, and changes of it that are none."""

from __future__ import annotations

from typing import Any

from .book import answers

EXERCISE = "debug_this_network"


def slip(change: str) -> Any:
    return answers.changed(EXERCISE, change)


EPOCH = """- model.train()
- for chosen in torch.randperm(len(x)).split(batch_size):  # 5: one order for both
-     optimizer.zero_grad()  # 6: backward adds
-     F.cross_entropy(model(x[chosen]), labels[chosen]).backward()
-     optimizer.step()
"""
SIGNED = "model: nn.Module, optimizer: Any, x: Tensor, labels: Tensor, batch_size: int = 50"
CHOSEN = "- for chosen in torch.randperm(len(x)).split(batch_size):  # 5: one order for both\n+ "
ZERO = "- optimizer.zero_grad()  # 6: backward adds\n"
BACKWARD = "- F.cross_entropy(model(x[chosen]), labels[chosen]).backward()\n+ "
STEP = "-     optimizer.step()\n"
START = "- # 1: equal weights stay equal; PyTorch's own start is random.\n"
SCORES = "- return self.head(self.drop(x.flatten(1)))  # 2: no ReLU on logits, 3: no softmax\n+ "
PIXELS = "- x = pixels.permute(2, 0, 1).unsqueeze(1)  # 4: reshape mixes the images\n+ "
SCALE = "- return (x.float() / 255 - MEAN) / STD\n+ "
EVAL = "- model.eval()  # 7: dropout off, running statistics\n"
ASKED = "- scores = model(as_input(pixels))  # 8: normalised once, as in training\n+ "
NAMED = "- return scores.argmax(dim=1)  # 9: all ten columns\n+ "


def begun(call: str) -> str:
    return f"{START}+ for layer in (self.conv1, self.conv2, self.head):\n+     {call}"


def epoch(*lines: str) -> str:
    return EPOCH + "\n".join(f"+ {line}" for line in lines)


TRAINING = {
    "zero_grad once an epoch": epoch(
        "model.train()",
        "optimizer.zero_grad()",
        "for chosen in torch.randperm(len(x)).split(batch_size):",
        "    F.cross_entropy(model(x[chosen]), labels[chosen]).backward()",
        "    optimizer.step()",
    ),
    "one step, after the loop": epoch(
        "model.train()",
        "for chosen in torch.randperm(len(x)).split(batch_size):",
        "    optimizer.zero_grad()",
        "    F.cross_entropy(model(x[chosen]), labels[chosen]).backward()",
        "optimizer.step()",
    ),
    "back after the first batch": f"{STEP}+     optimizer.step()\n+     return",
    "never in new order": f"{CHOSEN}for chosen in torch.arange(len(x)).split(batch_size):",
    "the same order each epoch": f"{CHOSEN}for chosen in torch.randperm(len(x), "
    "generator=torch.Generator().manual_seed(0)).split(batch_size):",
    "reseeded each epoch": "- model.train()\n+ torch.manual_seed(0)\n+ model.train()",
    "batches in new order, images in the old one": f"{CHOSEN}parts = torch.arange(len(x))"
    ".split(batch_size)\n+ for chosen in [parts[i] for i in torch.randperm(len(parts))]:",
    "in new order within each batch": f"{CHOSEN}for chosen in torch.arange(len(x))"
    ".split(batch_size):\n+     chosen = chosen[torch.randperm(len(chosen))]",
    "with replacement": f"{CHOSEN}for chosen in torch.randint(len(x), (len(x),))"
    ".split(batch_size):",
    "in evaluation mode": "- model.train()\n+ model.eval()",
    "in whatever mode it comes": "- model.train()",
    "in training mode, its layers left out": "- model.train()\n+ model.training = True",
    "in evaluation mode after the first batch": f"{STEP}+     optimizer.step()\n+     model.eval()",
    "without the last part of a batch": f"{CHOSEN}for chosen in torch.randperm(len(x))"
    ".split(batch_size):\n+     if len(chosen) < batch_size:\n+         break",
    "without the first image": f"{CHOSEN}for chosen in (torch.randperm(len(x) - 1) + 1)"
    ".split(batch_size):",
    "batches of fifty whatever it is told": f"{CHOSEN}for chosen in torch.randperm(len(x))"
    ".split(50):",
    "batches of a hundred unless told": f"- {SIGNED}\n+ {SIGNED.replace('50', '100')}",
    "all images in one batch": f"{CHOSEN}for chosen in [torch.randperm(len(x))]:",
    "two passes": f"{CHOSEN}for chosen in [*torch.randperm(len(x)).split(batch_size), "
    "*torch.randperm(len(x)).split(batch_size)]:",
    "zero_grad between backward and step": f"{ZERO}{BACKWARD.replace('+ ', '')}"
    "+ F.cross_entropy(model(x[chosen]), labels[chosen]).backward()\n+ optimizer.zero_grad()",
    "no backward": f"{BACKWARD}F.cross_entropy(model(x[chosen]), labels[chosen])",
    "no step": f"{STEP}+     pass",
    "two steps": f"{STEP}+     optimizer.step()\n+     optimizer.step()",
    "a step for every second batch": f"{ZERO}+ if not int(chosen.sum()) % 2:\n+     "
    "optimizer.zero_grad()",
    "the sum of the losses": f"{BACKWARD}F.cross_entropy(model(x[chosen]), labels[chosen], "
    "reduction='sum').backward()",
    "half of the loss": f"{BACKWARD}(F.cross_entropy(model(x[chosen]), labels[chosen]) / 2)"
    ".backward()",
    "the loss uphill": f"{BACKWARD}(-F.cross_entropy(model(x[chosen]), labels[chosen])).backward()",
    "a softmax before the loss": f"{BACKWARD}F.cross_entropy(model(x[chosen]).softmax(1), "
    "labels[chosen]).backward()",
    "smoothed labels": f"{BACKWARD}F.cross_entropy(model(x[chosen]), labels[chosen], "
    "label_smoothing=0.3).backward()",
    "labels in the old order": f"{BACKWARD}F.cross_entropy(model(x[chosen]), "
    "labels[: len(chosen)]).backward()",
    "labels next door": f"{BACKWARD}F.cross_entropy(model(x[chosen]), labels[chosen]"
    ".roll(1)).backward()",
    "sorted images": f"{BACKWARD}F.cross_entropy(model(x[chosen.sort().values]), "
    "labels[chosen]).backward()",
    "an optimiser of its own": "- model.train()\n+ model.train()\n+ optimizer = "
    "torch.optim.SGD(model.parameters(), lr=0.01)",
    "gradients clipped": f"{STEP}+     nn.utils.clip_grad_norm_(model.parameters(), 0.01)\n"
    "+     optimizer.step()",
    "images normalised once more": "- model.train()\n+ model.train()\n+ x = (x - MEAN) / STD",
    "images halved in place": "- model.train()\n+ model.train()\n+ x /= 2",
}
NETWORK = {
    "a seed of its own": f"{START}+ torch.manual_seed(0)",
    "weights of ten": begun("nn.init.normal_(layer.weight, 0, 10)"),
    "weights between -10 and 10": begun("nn.init.uniform_(layer.weight, -10, 10)"),
    "weights of one": begun("nn.init.normal_(layer.weight)"),
    "zeros": begun("nn.init.zeros_(layer.weight)"),
    "ones": begun("nn.init.ones_(layer.weight)"),
    "the second layer all alike": f"{START}+ nn.init.constant_(self.conv2.weight, 0.01)",
    "two kinds of channels": begun(
        "nn.init.constant_(layer.weight, 0.01); layer.weight.data[::2] *= 2"
    ),
    "channels alike, inputs not": begun(
        "layer.weight.data.copy_(layer.weight.data[:1].expand_as(layer.weight))"
    ),
    "a leaky ReLU on the scores": f"{SCORES}return F.leaky_relu(self.head(self.drop(x.flatten(1)))"
    ", 0.0)",
    "ReLU6 on the scores": f"{SCORES}return F.relu6(self.head(self.drop(x.flatten(1))))",
    "scores clamped at zero": f"{SCORES}return self.head(self.drop(x.flatten(1))).clamp(min=0)",
    "scores clamped above zero": f"{SCORES}return self.head(self.drop(x.flatten(1))).clamp(max=0)",
    "log_softmax, then exp": f"{SCORES}return self.head(self.drop(x.flatten(1))).log_softmax(1)"
    ".exp()",
    "softmax without ReLU": f"{SCORES}return self.head(self.drop(x.flatten(1))).softmax(1)",
    "softmax over the batch": f"{SCORES}return self.head(self.drop(x.flatten(1))).softmax(0)",
    "a sigmoid": f"{SCORES}return self.head(self.drop(x.flatten(1))).sigmoid()",
    "dropout of nearly everything": "- self.drop, self.head = nn.Dropout(0.3), "
    "nn.Linear(32 * 7 * 7, 10)\n+ self.drop, self.head = nn.Dropout(0.99), "
    "nn.Linear(32 * 7 * 7, 10)",
    "the scores detached": f"{SCORES}return self.head(self.drop(x.flatten(1)).detach()).detach() "
    "+ 0 * self.head.bias",
    "dropout of half": "- self.drop, self.head = nn.Dropout(0.3), nn.Linear(32 * 7 * 7, 10)\n"
    "+ self.drop, self.head = nn.Dropout(0.5), nn.Linear(32 * 7 * 7, 10)",
    "no dropout": f"{SCORES}return self.head(x.flatten(1))",
    "dropout of the scores": f"{SCORES}return self.drop(self.head(x.flatten(1)))",
    "no ReLU behind the first layer": "- x = F.max_pool2d(F.relu(self.norm1(self.conv1(x))), 2)\n"
    "+ x = F.max_pool2d(self.norm1(self.conv1(x)), 2)",
    "no norm in the second layer": "- x = F.max_pool2d(F.relu(self.norm2(self.conv2(x))), 2)\n"
    "+ x = F.max_pool2d(F.relu(self.conv2(x)), 2)",
    "the average for the largest": "- x = F.max_pool2d(F.relu(self.norm1(self.conv1(x))), 2)\n"
    "+ x = F.avg_pool2d(F.relu(self.norm1(self.conv1(x))), 2)",
    "other sizes": "- self.conv2, self.norm2 = nn.Conv2d(16, 32, 3, padding=1), "
    "nn.BatchNorm2d(32)\n+ self.conv2, self.norm2 = nn.Conv2d(16, 32, 1), nn.BatchNorm2d(32)",
}
INPUT = {
    "on its side": f"{PIXELS}x = pixels.permute(2, 1, 0).unsqueeze(1)",
    "upside down": f"{PIXELS}x = pixels.permute(2, 0, 1).unsqueeze(1).flip(2)",
    "last image first": f"{PIXELS}x = pixels.permute(2, 0, 1).unsqueeze(1).flip(0)",
    "reshaped after the turn": f"{PIXELS}x = pixels.permute(1, 2, 0).reshape(-1, 1, 28, 28)",
    "no axis of channels": f"{PIXELS}x = pixels.permute(2, 0, 1)",
    "squeezed": f"{PIXELS}x = pixels.permute(2, 0, 1).squeeze().unsqueeze(1)",
    "in float64": f"{SCALE}return (x.double() / 255 - MEAN) / STD",
    "in half precision": f"{SCALE}return ((x.float() / 255 - MEAN) / STD).half()",
    "divided by 256": f"{SCALE}return (x.float() / 256 - MEAN) / STD",
    "not divided": f"{SCALE}return (x.float() - MEAN) / STD",
    "the batch's own mean": f"{SCALE}x = x.float() / 255\n+ return (x - x.mean()) / x.std()",
    "bytes that wrap": f"{SCALE}return ((x - int(MEAN * 255)).float() / 255) / STD",
    "the file spoilt": "- x = pixels.permute(2, 0, 1).unsqueeze(1)  # 4: reshape mixes the images\n"
    "+ x = pixels.permute(2, 0, 1).unsqueeze(1)\n+ pixels[pixels < 10] = 0",
}
PREDICTION = {
    "eval after the scores": f"{EVAL}\n{ASKED}scores = model(as_input(pixels))\n+ model.eval()",
    "train() instead": f"{EVAL}+ model.train()",
    "in evaluation mode, its layers left out": f"{EVAL}+ model.training = False",
    "batches in training mode": f"{EVAL}+ model.eval()\n\n{ASKED}model.eval()\n+ scores = [model("
    "part) for part in as_input(pixels).split(10) if not model.train() is None]\n+ scores = "
    "torch.cat(scores)",
    "normalised twice": f"{ASKED}scores = model((as_input(pixels) - MEAN) / STD)",
    "other pixels than in training": f"{ASKED}scores = model(pixels.movedim(2, 0)[:, None].float() "
    "/ 255)",
    "turned": f"{ASKED}scores = model(as_input(pixels).mT)",
    "the first half": f"{ASKED}scores = model(as_input(pixels)[: pixels.shape[2] // 2])",
    "gradients off for ever": f"{EVAL}+ model.eval()\n+ torch.set_grad_enabled(False)",
    "the first class left out": f"{NAMED}return scores[:, 1:].argmax(dim=1)",
    "the last class left out": f"{NAMED}return scores[:, :-1].argmax(dim=1)",
    "counted from one": f"{NAMED}return scores.argmax(dim=1) + 1",
    "over the images": f"{NAMED}return scores.argmax(dim=0)",
    "over everything": f"{NAMED}return scores.argmax()",
    "the lowest": f"{NAMED}return scores.argmin(dim=1)",
    "scores": f"{NAMED}return scores.max(dim=1).values",
    "both of max": f"{NAMED}return scores.max(dim=1)",
    "squeezed": f"{NAMED}return scores.squeeze().argmax(dim=-1)",
    "a column": f"{NAMED}return scores.argmax(dim=1, keepdim=True)",
    "ones and zeros": f"{NAMED}return F.one_hot(scores.argmax(dim=1), 10)",
    "by size": f"{NAMED}return scores.abs().argmax(dim=1)",
}
for name, part in {
    "training": TRAINING,
    "network": NETWORK,
    "input": INPUT,
    "prediction": PREDICTION,
}.items():
    for says, change in part.items():
        answers.wrong(EXERCISE, f"{name}: {says}", slip(change))


# What changes nothing ---------------------------------------------------------------------------

FIRST = "x = F.max_pool2d(F.{}(self.norm1(self.conv1(x))), 2)"
SECOND = "x = F.max_pool2d(F.{}(self.norm2(self.conv2(x))), 2)"
HEAD = "return self.head(self.drop(x.flatten(1))){}"
LAYERS = "self.drop, self.head = (nn.{}(0.3), nn.Linear(32 * 7 * 7, 10))"
PARTS = "for chosen in {}:"
SPLIT = "torch.randperm(len(x)).split(batch_size)"
for old, new, why in (
    (FIRST.format("relu"), FIRST.format("relu_"), "what norm1 gives is needed nowhere else"),
    (SECOND.format("relu"), SECOND.format("relu_"), "what norm2 gives is needed nowhere else"),
    (HEAD.format(""), HEAD.format(".float()"), "the scores are float32"),
    (HEAD.format(""), HEAD.format(".double()"), "the same scores, and the loss takes them"),
    (LAYERS.format("Dropout"), LAYERS.format("Dropout2d"), "each unit is a map of its own here"),
    (
        "return (x.float() / 255 - MEAN) / STD",
        "return ((x.float() / 255 - MEAN) / STD).float()",
        "it is float32",
    ),
    (
        "return (x.float() / 255 - MEAN) / STD",
        "return (x / 255 - MEAN) / STD",
        "bytes divided are float32",
    ),
    (PARTS.format(SPLIT), PARTS.format(f"reversed(list({SPLIT}))"), "any new order will do"),
    ("return scores.argmax(dim=1)", "return scores.argmax(dim=-1)", "the last axis is axis 1"),
    (
        "scores = model(as_input(pixels))",
        "scores = model(as_input(pixels)).detach()",
        "classes carry no gradient",
    ),
):
    answers.equivalent(EXERCISE, f"- {old}\n+ {new}", why)
answers.equivalent(
    EXERCISE,
    "- with torch.no_grad():\n-     scores = model(as_input(pixels))\n"
    "+ scores = model(as_input(pixels))",
    "the classes are the same; it only takes more memory",
)

for says, change in {
    "dropout is taken out": f"{SCORES}return self.head(x.flatten(1))",
    "dropout of a half": f"{SCORES}return self.head(F.dropout(x.flatten(1), 0.5, self.training))",
}.items():
    answers.wrong(EXERCISE, says, slip(change), mistake="dropout_is_another", at_most=0.9)

for says, largest in {
    "divided by the largest of the batch": "pixels.max()",
    "divided by the largest of each image": "x.amax(dim=(1, 2, 3), keepdim=True)",
}.items():
    change = (
        f"- return (x.float() / 255 - MEAN) / STD\n+ return (x.float() / {largest} - MEAN) / STD"
    )
    answers.wrong(EXERCISE, says, answers.changed(EXERCISE, change))
