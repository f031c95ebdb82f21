"""The reference's AlexNet with one slip each: parts, places, modes, shapes, what is not its own."""

from __future__ import annotations

from .book import answers

DROPS = "x = F.dropout(F.relu(linear(x)), 0.5, self.training)"
NORM = "x = F.local_response_norm(F.relu(conv(x)), 5, alpha=5 * 1e-4, k=2.0)"

DROPOUT = {
    "dropout of 0.42": f"- {DROPS}\n+ x = F.dropout(F.relu(linear(x)), 0.42, self.training)",
    "dropout of 0.45": f"- {DROPS}\n+ x = F.dropout(F.relu(linear(x)), 0.45, self.training)",
    "dropout of 0.1": f"- {DROPS}\n+ x = F.dropout(F.relu(linear(x)), 0.1, self.training)",
    "dropout of 0.55": f"- {DROPS}\n+ x = F.dropout(F.relu(linear(x)), 0.55, self.training)",
    "drops logits as well": """
        - return self.fc8(x)
        + return F.dropout(self.fc8(x), 0.5, self.training)""",
    "drops logits instead of layer 7": f"""
        - {DROPS}
        + x = F.relu(linear(x))
        + x = F.dropout(x, 0.5, self.training) if linear is self.fc6 else x

        - return self.fc8(x)
        + return F.dropout(self.fc8(x), 0.5, self.training)""",
    "drops behind layer 6 alone": f"""
        - {DROPS}
        + x = F.relu(linear(x))
        + x = F.dropout(x, 0.5, self.training) if linear is self.fc6 else x""",
    "drops behind layer 7 alone": f"""
        - {DROPS}
        + x = F.relu(linear(x))
        + x = F.dropout(x, 0.5, self.training) if linear is self.fc7 else x""",
    "drops maps too": """
        - x = F.max_pool2d(x, 3, 2).flatten(1)  # (N, 256 · 6 · 6)
        + x = F.dropout(F.max_pool2d(x, 3, 2).flatten(1), 0.5, self.training)""",
    "drops whole maps of convolution 5": """
        - x = F.max_pool2d(x, 3, 2).flatten(1)  # (N, 256 · 6 · 6)
        + x = F.dropout2d(F.max_pool2d(x, 3, 2), 0.5, self.training).flatten(1)""",
    "drops input pixels": """
        - for conv in (self.conv1, self.conv2):
        + x = F.dropout(x, 0.1, self.training)
        + for conv in (self.conv1, self.conv2):""",
    "drops behind convolution 3": """
        - x = F.relu(conv(x))
        + x = F.relu(conv(x))
        + x = F.dropout(x, 0.5, self.training) if conv is self.conv3 else x""",
    "drops twice": f"""
        - {DROPS}
        + x = F.dropout(F.relu(linear(x)), 0.5, self.training)
        + x = F.dropout(x, 0.5, self.training)""",
    "one mask for a batch": f"""
        - {DROPS}
        + x = F.relu(linear(x))
        + x = x * F.dropout(torch.ones_like(x[:1]), 0.5, self.training)""",
    "whole images are dropped": f"""
        - {DROPS}
        + x = F.relu(linear(x))
        + x = x * F.dropout(torch.ones_like(x[:, :1]), 0.5, self.training)""",
    "AlphaDropout": f"""
        - {DROPS}
        + x = F.alpha_dropout(F.relu(linear(x)), 0.5, self.training)""",
    "kept values are not scaled": f"""
        - {DROPS}
        + x = F.relu(linear(x))
        + x = F.dropout(x, 0.5, self.training) * (0.5 if self.training else 1.0)""",
    "scaled in training and at rest": f"""
        - {DROPS}
        + x = F.relu(linear(x))
        + x = F.dropout(x, 0.5) if self.training else 0.5 * x""",
    "layer 7 is scaled in training and halved at rest": f"""
        - {DROPS}
        + x = F.relu(linear(x))
        + rest = 0.5 * x if linear is self.fc7 else x
        + x = F.dropout(x, 0.5) if self.training else rest""",
    "exactly half of the neurons": f"""
        - {DROPS}
        + x = F.relu(linear(x))
        + if self.training:
        +     order = torch.rand_like(x).argsort(1)
        +     x = x * (order < x.shape[1] // 2) * 2""",
    "the same mask in every step": f"""
        - {DROPS}
        + x = F.relu(linear(x))
        + if self.training:
        +     source = torch.Generator().manual_seed(x.shape[1])
        +     x = x * 2 * (torch.rand(x.shape, generator=source) >= 0.5)""",
    "one mask for both layers": f"""
        - {DROPS}
        + x = F.relu(linear(x))
        + if self.training:
        +     if linear is self.fc6:
        +         mask = torch.rand_like(x) >= 0.5
        +     x = x * mask * 2""",
    "drops in evaluation, not in training": f"""
        - {DROPS}
        + x = F.dropout(F.relu(linear(x)), 0.5, not self.training)""",
    "no dropout for one image": f"""
        - {DROPS}
        + x = F.dropout(F.relu(linear(x)), 0.5, self.training and len(x) > 1)""",
}

PLACES = {
    "α of the average": "- " + NORM + "\n+ " + NORM.replace("5 * 1e-4", "1e-4"),
    "k of PyTorch": "- " + NORM + "\n+ " + NORM.replace(", k=2.0", ""),
    "a window of 3 channels": "- " + NORM + "\n+ " + NORM.replace("), 5, ", "), 3, "),
    "β of 0.5": "- " + NORM + "\n+ " + NORM.replace("k=2.0", "k=2.0, beta=0.5"),
    "no ReLU before the normalisation": "- "
    + NORM
    + "\n+ "
    + NORM.replace("F.relu(conv(x))", "conv(x)"),
    "normalisation is left out in training": f"""
        - {NORM}
        + x = F.relu(conv(x))
        + x = x / 2**0.75 if self.training else F.local_response_norm(x, 5, 5e-4, 0.75, 2.0)""",
    "normalised after convolution 1 alone": f"""
        - {NORM}
        + x = F.relu(conv(x))
        + x = F.local_response_norm(x, 5, 5e-4, 0.75, 2.0) if conv is self.conv1 else x""",
    "a leaky ReLU": """
        - x = F.relu(conv(x))
        + x = F.leaky_relu(conv(x))""",
    "ReLU6": """
        - x = F.relu(conv(x))
        + x = F.relu6(conv(x))""",
    "no ReLU behind convolution 5": """
        - x = F.relu(conv(x))
        + x = conv(x) if conv is self.conv5 else F.relu(conv(x))""",
    "no ReLU behind layer 7": f"""
        - {DROPS}
        + x = linear(x) if linear is self.fc7 else F.relu(linear(x))
        + x = F.dropout(x, 0.5, self.training)""",
    "the last pooling has windows of 2": """
        - x = F.max_pool2d(x, 3, 2).flatten(1)  # (N, 256 · 6 · 6)
        + x = F.max_pool2d(x, 2, 2).flatten(1)""",
    "the last pooling averages": """
        - x = F.max_pool2d(x, 3, 2).flatten(1)  # (N, 256 · 6 · 6)
        + x = F.avg_pool2d(x, 3, 2).flatten(1)""",
    "maps are flattened with channels last": """
        - x = F.max_pool2d(x, 3, 2).flatten(1)  # (N, 256 · 6 · 6)
        + x = F.max_pool2d(x, 3, 2).movedim(1, -1).flatten(1)""",
    "log_softmax at the end": """
        - return self.fc8(x)
        + return F.log_softmax(self.fc8(x), dim=1)""",
    "probabilities in evaluation": """
        - return self.fc8(x)
        + return self.fc8(x) if self.training else self.fc8(x).softmax(1)""",
    "log_softmax in training": """
        - return self.fc8(x)
        + return self.fc8(x).log_softmax(1) if self.training else self.fc8(x)""",
    "no bias in the last layer": """
        - self.fc8 = nn.Linear(hidden, num_classes)
        + self.fc8 = nn.Linear(hidden, num_classes, bias=False)""",
    "padding in convolution 1": """
        - self.conv1 = nn.Conv2d(3, c1, 11, stride=4)
        + self.conv1 = nn.Conv2d(3, c1, 11, stride=4, padding=2)""",
    "edges repeated in convolution 3": """
        - self.conv3 = nn.Conv2d(c2, c3, 3, padding=1)
        + self.conv3 = nn.Conv2d(c2, c3, 3, padding=1, padding_mode="replicate")""",
    "two groups in convolution 3": """
        - self.conv3 = nn.Conv2d(c2, c3, 3, padding=1)
        + self.conv3 = nn.Conv2d(c2, c3, 3, padding=1, groups=2)""",
    "four groups in convolution 5": """
        - self.conv5 = nn.Conv2d(c4, c5, 3, padding=1, groups=2)
        + self.conv5 = nn.Conv2d(c4, c5, 3, padding=1, groups=4 if c4 % 4 == c5 % 4 == 0 else 2)""",
}

HABITS = {
    "one image loses its axis": """
        - return self.fc8(x)
        + return self.fc8(x).squeeze()""",
    "two images, whatever comes in": """
        - x = F.max_pool2d(x, 3, 2).flatten(1)  # (N, 256 · 6 · 6)
        + x = F.max_pool2d(x, 3, 2).reshape(2, -1)""",
    "images are centred in place": """
        - for conv in (self.conv1, self.conv2):
        + x -= 0.0 * x.mean()
        + x += 1e-12
        + for conv in (self.conv1, self.conv2):""",
    "images are divided by 255": """
        - for conv in (self.conv1, self.conv2):
        + x = x / 255
        + for conv in (self.conv1, self.conv2):""",
    "everything turns to float64": """
        - for conv in (self.conv1, self.conv2):
        + self.double()
        + x = x.double()
        + for conv in (self.conv1, self.conv2):""",
    "images turn to float64": """
        - for conv in (self.conv1, self.conv2):
        + x = x.double()
        + for conv in (self.conv1, self.conv2):""",
    "images turn to float32": """
        - for conv in (self.conv1, self.conv2):
        + x = x.float()
        + for conv in (self.conv1, self.conv2):""",
    "the last layer's output turns to float32": """
        - return self.fc8(x)
        + return self.fc8(x).float()""",
    "leaves itself in evaluation mode": """
        - return self.fc8(x)
        + self.eval()
        + return self.fc8(x)""",
    "always starts from the same weights": """
        - super().__init__()
        + super().__init__()
        + torch.manual_seed(0)""",
    "all networks share a layer": """
        - self.conv3 = nn.Conv2d(c2, c3, 3, padding=1)
        + kept = AlexNet.__dict__.get("kept")
        + if kept is None or kept.weight.shape != (c3, c2, 3, 3):
        +     kept = AlexNet.kept = nn.Conv2d(c2, c3, 3, padding=1)
        + self.conv3 = kept""",
    "first convolution does not learn": """
        - self.conv1 = nn.Conv2d(3, c1, 11, stride=4)
        + self.conv1 = nn.Conv2d(3, c1, 11, stride=4)
        + self.conv1.weight.requires_grad_(False)""",
    "maps are cut off the graph": """
        - x = F.max_pool2d(x, 3, 2).flatten(1)  # (N, 256 · 6 · 6)
        + x = F.max_pool2d(x, 3, 2).flatten(1).detach()""",
    "first convolutions do not learn": f"""
        - {NORM}
        + x = F.local_response_norm(F.relu(conv(x)), 5, alpha=5 * 1e-4, k=2.0).detach()""",
    "nothing learns before the linear layers": """
        - x = F.max_pool2d(x, 3, 2).flatten(1)  # (N, 256 · 6 · 6)
        + x = F.max_pool2d(x, 3, 2).flatten(1).data""",
    "maps are cut off the graph in training": """
        - x = F.max_pool2d(x, 3, 2).flatten(1)  # (N, 256 · 6 · 6)
        + x = F.max_pool2d(x, 3, 2).flatten(1)
        + x = x.detach() if self.training else x""",
    "a bias is cut off the graph": """
        - return self.fc8(x)
        + return x @ self.fc8.weight.T + self.fc8.bias.detach()""",
    "nothing is followed in evaluation": """
        - return self.fc8(x)
        + return self.fc8(x) if self.training else self.fc8(x).detach()""",
    "the answer of the call before": """
        - return self.fc8(x)
        + y = self.fc8(x)
        + before = self.__dict__.get("before", y)
        + self.__dict__["before"] = y
        + return before if before.shape == y.shape and not self.training else y""",
    "ten classes by default": """
        - def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
        + def __init__(self, num_classes: int = 10, width: float = 1.0) -> None:""",
    "half as wide by default": """
        - def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
        + def __init__(self, num_classes: int = 1000, width: float = 0.5) -> None:""",
    "width before num_classes": """
        - def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
        + def __init__(self, width: float = 1.0, num_classes: int = 1000) -> None:""",
    "numbers of channels are cut, not rounded": """
        - c1, c2, c3, c4, c5 = (scaled(count, width) for count in (96, 256, 384, 384, 256))
        + c1, c2, c3, c4, c5 = (int(n * width / 2) * 2 for n in (96, 256, 384, 384, 256))""",
    "numbers of channels may be 0": """
        - c1, c2, c3, c4, c5 = (scaled(count, width) for count in (96, 256, 384, 384, 256))
        + c1, c2, c3, c4, c5 = (2 * round(n * width / 2) for n in (96, 256, 384, 384, 256))""",
    "hidden neurons may be odd": """
        - hidden = scaled(4096, width)
        + hidden = round(4096 * width)""",
    "hidden neurons are never fewer than 16": """
        - hidden = scaled(4096, width)
        + hidden = max(16, scaled(4096, width))""",
    "classes are scaled too": """
        - self.fc8 = nn.Linear(hidden, num_classes)
        + self.fc8 = nn.Linear(hidden, scaled(num_classes, width))""",
    "at least ten classes": """
        - self.fc8 = nn.Linear(hidden, num_classes)
        + self.fc8 = nn.Linear(hidden, max(10, num_classes))""",
}

AT_MOST = {
    "first convolutions do not learn": 0.85,
    "nothing learns before the linear layers": 0.85,
    "layer 7 is scaled in training and halved at rest": 0.85,
    "scaled in training and at rest": 0.85,
    "kept values are not scaled": 0.85,
    "maps are cut off the graph in training": 0.85,
}

for changes in (DROPOUT, PLACES, HABITS):
    for says, change in changes.items():
        most = AT_MOST.get(says, 1.0)
        answers.wrong("AlexNet", says, answers.changed("AlexNet", change), at_most=most)
