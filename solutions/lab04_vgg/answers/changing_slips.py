"""Networks converted with one slip each."""

from __future__ import annotations

import copy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .book import answers, slips

FULLY = "to_fully_convolutional"
CONV = """
    - conv = nn.Conv2d(channels, layer.out_features, side).to(layer.weight)
    + conv = nn.Conv2d({}).to(layer.weight)
"""
LOAD = """
    - conv.load_state_dict({{"weight": layer.weight.view_as(conv.weight), "bias": layer.bias}})
    + {}
"""
SIDE = """
    - side = round((layer.in_features / channels) ** 0.5)
    + side = {}
"""
GIVEN = """
    - return deepcopy(nn.Sequential(model.features, *head))
    + return deepcopy({})
"""
LAYERS = """
    - if not isinstance(layer, nn.Linear):
    -     head.append(layer)
    -     continue
    + if not isinstance(layer, nn.Linear):
    +     {}
    +     continue
"""
FLAT = "type('Flat', (nn.Module,), {'forward': lambda self, x: x.mean(dim=(2, 3))})()"

slips(
    FULLY,
    {
        "padded by half": CONV.format("channels, layer.out_features, side, padding=side // 2"),
        "padded to the same": CONV.format("channels, layer.out_features, side, padding='same'"),
        "one place for each window": CONV.format("channels, layer.out_features, side, stride=side"),
        "windows every two": CONV.format(
            "channels, layer.out_features, side, stride=min(side, 2)"
        ),
        "zeros around the maps": CONV.format(
            "channels, layer.out_features, side, padding=1 if side > 1 else 0"
        ),
        "fresh weights": LOAD.format("pass"),
        "new layers are frozen": LOAD.format(
            "conv.load_state_dict({'weight': layer.weight.view_as(conv.weight), "
            "'bias': layer.bias}); conv.requires_grad_(False)"
        ),
        "no bias copied": LOAD.format(
            "conv.weight.data.copy_(layer.weight.view_as(conv.weight))"
        ),
        "bias of zeros": LOAD.format(
            "conv.load_state_dict({'weight': layer.weight.view_as(conv.weight), "
            "'bias': 0 * layer.bias})"
        ),
        "kernels upside down": LOAD.format(
            "conv.load_state_dict({'weight': layer.weight.view_as(conv.weight).flip(2, 3), "
            "'bias': layer.bias})"
        ),
        "kernels turned": LOAD.format(
            "conv.load_state_dict({'weight': layer.weight.view_as(conv.weight).mT, "
            "'bias': layer.bias})"
        ),
        "channels last": LOAD.format(
            "conv.load_state_dict({'weight': layer.weight.view(-1, side, side, channels)"
            ".permute(0, 3, 1, 2), 'bias': layer.bias})"
        ),
        "inputs and outputs exchanged": LOAD.format(
            "conv.load_state_dict({'weight': layer.weight.T.reshape(conv.weight.shape), "
            "'bias': layer.bias})"
        ),
        "averaged kernels": LOAD.format(
            "conv.load_state_dict({'weight': layer.weight.view_as(conv.weight)"
            ".mean((2, 3), keepdim=True).expand_as(conv.weight), 'bias': layer.bias})"
        ),
        "weights rounded to half precision": LOAD.format(
            "conv.load_state_dict({'weight': layer.weight.half().view_as(conv.weight), "
            "'bias': layer.bias})"
        ),
        "always 7": SIDE.format("7 if not head else 1"),
        "always 3": SIDE.format("3 if not head else 1"),
        "the channels of the first convolution": """
            - channels = convolutions[-1].out_channels
            + channels = convolutions[0].out_channels
        """,
        "channels are not followed": """
            - channels = layer.out_features
            + pass
        """,
        "ReLU for every other layer": LAYERS.format("head.append(nn.ReLU())"),
        "other layers are left out": LAYERS.format("pass"),
        "dropout is left out": LAYERS.format("head += [] if 'Dropout' in str(layer) else [layer]"),
        "dropout of whole maps": LAYERS.format(
            "head.append(nn.Dropout2d() if 'Dropout' in str(layer) else layer)"
        ),
        "dropout of 0.2": LAYERS.format(
            "head.append(nn.Dropout(0.2) if 'Dropout' in str(layer) else layer)"
        ),
        "the given dropout is set to 0": LAYERS.format(
            "setattr(layer, 'p', 0.0); head.append(layer)"
        ),
        "ReLU after the scores": GIVEN.format("nn.Sequential(model.features, *head, nn.ReLU())"),
        "softmax after the scores": GIVEN.format(
            "nn.Sequential(model.features, *head, nn.Softmax(dim=1))"
        ),
        "flat at the end": GIVEN.format("nn.Sequential(model.features, *head, nn.Flatten())"),
        "averaged at the end": GIVEN.format(f"nn.Sequential(model.features, *head, {FLAT})"),
        "averaged to one place": GIVEN.format(
            "nn.Sequential(model.features, *head, nn.AdaptiveAvgPool2d(1))"
        ),
        "the largest place": GIVEN.format(
            "nn.Sequential(model.features, *head, nn.AdaptiveMaxPool2d(1))"
        ),
        "axes of one left out": GIVEN.format(
            "nn.Sequential(model.features, *head, type('Squeeze', (nn.Module,), "
            "{'forward': lambda self, x: x.squeeze()})())"
        ),
        "the head alone": GIVEN.format("nn.Sequential(*head)"),
        "features twice": GIVEN.format("nn.Sequential(model.features, model.features, *head)"),
        "the model itself, its classifier replaced": """
            - return deepcopy(nn.Sequential(model.features, *head))
            + model.classifier, model.flatten = nn.Sequential(*head), nn.Identity()
            + return model
        """,
        "the model's own classifier, its layers replaced": """
            - return deepcopy(nn.Sequential(model.features, *head))
            + for number, layer in enumerate(head):
            +     model.classifier[number] = layer
            + return nn.Sequential(model.features, model.classifier)
        """,
        "the model is left in evaluation mode": GIVEN.format(
            "nn.Sequential(model.eval().features, *head)"
        ),
        "the model is left in training mode": GIVEN.format(
            "nn.Sequential(model.train().features, *head)"
        ),
        "the model is frozen": GIVEN.format(
            "nn.Sequential(model.requires_grad_(False).features, *head)"
        ),
        "the model is turned to float32": GIVEN.format(
            "nn.Sequential(model.float().features, *head)"
        ),
        "its gradients are wiped": GIVEN.format(
            "model.zero_grad() or nn.Sequential(model.features, *head)"
        ),
        "its classifier is emptied": GIVEN.format(
            "[nn.Sequential(model.features, *head), *map(model.classifier.pop, "
            "[-1] * len(model.classifier))][0]"
        ),
        "all is the model's own": """
            - return deepcopy(nn.Sequential(model.features, *head))
            + return nn.Sequential(model.features, *head)
        """,
        "the features are the model's own": """
            - return deepcopy(nn.Sequential(model.features, *head))
            + return nn.Sequential(model.features, *deepcopy(head))
        """,
        "the weights are views of the model's": """
            - return deepcopy(nn.Sequential(model.features, *head))
            + for conv, layer in zip(head, model.classifier, strict=True):
            +     if isinstance(layer, nn.Linear):
            +         conv.weight.data = layer.weight.data.view_as(conv.weight)
            + return nn.Sequential(*deepcopy([model.features]), *head)
        """,
        "dropout of 0.5, whatever the model's": LAYERS.format(
            "head.append(nn.Dropout(0.5) if 'Dropout' in str(layer) else layer)"
        ),
        "biases are not copied": LOAD.format(
            "conv.weight.data.copy_(layer.weight.view_as(conv.weight))"
        ),
        "an image of the training size only": GIVEN.format(
            "nn.Sequential(model.features, nn.AdaptiveAvgPool2d(head[0].kernel_size), *head)"
        ),
    },
)  # fmt: skip


class Unflattened(nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.model(x))[:, :, None, None]


class CutOff(nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.dense = answers.reference[FULLY](model)

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.dense(x.detach()))


class Quiet(CutOff):
    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            scores: Tensor = self.dense(x)
        return scores


class Single(CutOff):
    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.dense.float()(x.float())).to(x)


class Resting(CutOff):
    """It never trains: dropout is off."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.dense.eval()(x))


class Rectified(CutOff):
    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.dense(x.relu_()))


class Square(nn.Module):
    """As many windows down as across."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.dense = answers.reference[FULLY](model)

    def forward(self, x: Tensor) -> Tensor:
        side = min(x.shape[2:])
        return torch.as_tensor(self.dense(x[:, :, :side, :side]))


class FirstImage(CutOff):
    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.dense(x[:1])).expand(len(x), -1, -1, -1)


class Crops(nn.Module):
    """Windows of the image, not of the maps: the padding inside sees zeros each time."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        first = self.model.classifier[0]
        convolutions = [m for m in self.model.features if isinstance(m, nn.Conv2d)]
        side = 4 * round((first.in_features / convolutions[-1].out_channels) ** 0.5)
        windows = x.unfold(2, side, 4).unfold(3, side, 4)
        rows, columns = windows.shape[2:4]
        flat = windows.permute(0, 2, 3, 1, 4, 5).flatten(0, 2)
        return torch.as_tensor(self.model(flat)).view(len(x), rows, columns, -1).movedim(-1, 1)


class WithIndices(nn.Module):
    """Linear layers at 0, 3 and 6 only."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.features, self.head = model.features, model.classifier
        self.numbers = (0, 3, 6)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        for number in self.numbers:
            layer = self.head[number]
            side = round((layer.in_features / x.shape[1]) ** 0.5)
            x = F.conv2d(x, layer.weight.view(-1, x.shape[1], side, side), layer.bias)
            x = x.relu() if number < 6 else x
        return x


LAST: list[nn.Module] = []


def converted_once(model: Any) -> nn.Module:
    if not LAST:
        LAST.append(answers.reference[FULLY](copy.deepcopy(model)))
    return LAST[0]


OTHERS: dict[str, Any] = {
    "scores with two more axes": Unflattened,
    "images cut off": CutOff,
    "no gradients in the pass": Quiet,
    "float32 inside": Single,
    "never in training mode": Resting,
    "the caller's images lose what is negative": Rectified,
    "square maps": Square,
    "the first image for all": FirstImage,
    "crops of the image": Crops,
    "layers 0, 3 and 6": WithIndices,
    "the first network for all": converted_once,
    "the features": lambda model: model.features,
    "the model": lambda model: model,
    "a function": lambda model: answers.reference[FULLY](model).forward,
}
for says, answer in OTHERS.items():
    lazy = says in ("scores with two more axes", "the model")
    answers.wrong(FULLY, says, answer, at_most=0.3 if lazy else 1.0)
