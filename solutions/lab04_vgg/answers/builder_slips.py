"""The builder with one slip each."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .book import answers, slips

LRN = """
    - maps.append(nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2.0))
    + maps.append(nn.LocalResponseNorm({}))
"""
POOL = """
    - maps.append(nn.MaxPool2d(2))
    + maps.append({})
"""
CONV = """
    - maps += [nn.Conv2d(channels, out_channels, kernel, padding=kernel // 2), nn.ReLU()]
    + maps += [{}]
"""
FIRST = """
    - *(nn.Linear(channels * 7 * 7, hidden), nn.ReLU(), nn.Dropout(0.5)),
    + *({}),
"""
SECOND = """
    - *(nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(0.5)),
    + *({}),
"""
OUT = """
    - out_channels = max(1, round(width * wanted))
    + out_channels = {}
"""
HIDDEN = """
    - hidden = max(1, round(width * 4096))
    + hidden = {}
"""
NAMED = """
    - named = OrderedDict(features=nn.Sequential(*maps), flatten=nn.Flatten(), classifier=head)
    + named = OrderedDict({})
"""
LAST = """
    - nn.Linear(hidden, num_classes),
    + {},
"""
FLAT, WIDE = "nn.Linear(channels * 7 * 7, hidden)", "nn.Linear(hidden, hidden)"
MAPS = "nn.Conv2d(channels, out_channels, kernel, padding=kernel // 2), nn.ReLU()"

slips(
    "make_vgg",
    {
        "LRN sums over 3": LRN.format("3, alpha=5e-4, beta=0.75, k=2.0"),
        "LRN with α of the paper": LRN.format("5, alpha=1e-4, beta=0.75, k=2.0"),
        "LRN with k = 1": LRN.format("5, alpha=5e-4, beta=0.75"),
        "LRN with β = 0.5": LRN.format("5, alpha=5e-4, beta=0.5, k=2.0"),
        "LRN with α times ten": LRN.format("5, alpha=5e-3, beta=0.75, k=2.0"),
        "LRN is passed over": LRN.replace("nn.LocalResponseNorm({})", "nn.Identity()"),
        "LRN as BatchNorm": LRN.replace(
            "nn.LocalResponseNorm({})", "nn.BatchNorm2d(channels, affine=False)"
        ),
        "pooling of 3 with stride 2": POOL.format("nn.MaxPool2d(3, 2, padding=1)"),
        "pooling averages": POOL.format("nn.AvgPool2d(2)"),
        "no pooling, strides of 2": POOL.format("nn.MaxPool2d(1, 2)"),
        "padding 1 for every kernel": CONV.format(
            "nn.Conv2d(channels, out_channels, kernel, padding=1), nn.ReLU()"
        ),
        "padding 0 for every kernel": CONV.format(
            "nn.Conv2d(channels, out_channels, kernel), nn.ReLU()"
        ),
        "every kernel is 3": CONV.format(
            "nn.Conv2d(channels, out_channels, 3, padding=1), nn.ReLU()"
        ),
        "padding repeats the edge": CONV.format(
            "nn.Conv2d(channels, out_channels, kernel, padding=kernel // 2, "
            "padding_mode='replicate'), nn.ReLU()"
        ),
        "convolutions without bias": CONV.format(
            "nn.Conv2d(channels, out_channels, kernel, padding=kernel // 2, bias=False), nn.ReLU()"
        ),
        "BatchNorm after each convolution": CONV.format(
            "nn.Conv2d(channels, out_channels, kernel, padding=kernel // 2), "
            "nn.BatchNorm2d(out_channels), nn.ReLU()"
        ),
        "BatchNorm without γ and β": CONV.format(
            "nn.Conv2d(channels, out_channels, kernel, padding=kernel // 2), "
            "nn.BatchNorm2d(out_channels, affine=False), nn.ReLU()"
        ),
        "leaky ReLU": CONV.format(
            "nn.Conv2d(channels, out_channels, kernel, padding=kernel // 2), nn.LeakyReLU(0.01)"
        ),
        "ReLU6": CONV.format(
            "nn.Conv2d(channels, out_channels, kernel, padding=kernel // 2), nn.ReLU6()"
        ),
        "ReLU before the convolution": CONV.format(
            "nn.ReLU(), nn.Conv2d(channels, out_channels, kernel, padding=kernel // 2)"
        ),
        "no ReLU after 1 × 1": CONV.format(
            "nn.Conv2d(channels, out_channels, kernel, padding=kernel // 2), "
            "nn.ReLU() if kernel > 1 else nn.Identity()"
        ),
        "dropout in the features": CONV.format(MAPS + ", nn.Dropout2d(0.5)"),
        "channels rounded down": OUT.format("max(1, int(width * wanted))"),
        "channels rounded up": OUT.format("max(1, -int(-width * wanted // 1))"),
        "channels without their least 1": OUT.format("round(width * wanted)"),
        "channels at least 8": OUT.format("max(8, round(width * wanted))"),
        "channels as without width": OUT.format("wanted"),
        "hidden units rounded down": HIDDEN.format("max(1, int(width * 4096))"),
        "hidden units without their least 1": HIDDEN.format("round(width * 4096)"),
        "hidden units always 4096": HIDDEN.format("4096"),
        "hidden units as wide as 64 maps": HIDDEN.format("64 * max(1, round(width * 64))"),
        "hidden units 4000": HIDDEN.format("max(1, round(width * 4000))"),
        "ten classes whatever is asked": LAST.format("nn.Linear(hidden, 1000)"),
        "classes scaled too": LAST.format("nn.Linear(hidden, max(1, round(width * num_classes)))"),
        "scores without bias": LAST.format("nn.Linear(hidden, num_classes, bias=False)"),
        "scores with ReLU": LAST.format("nn.Linear(hidden, num_classes), nn.ReLU()"),
        "scores with softmax": LAST.format("nn.Linear(hidden, num_classes), nn.Softmax(dim=1)"),
        "scores with log-softmax": LAST.format(
            "nn.Linear(hidden, num_classes), nn.LogSoftmax(dim=1)"
        ),
        "dropout on the scores": LAST.format("nn.Linear(hidden, num_classes), nn.Dropout(0.5)"),
        "scores without their axes of one": LAST.format(
            "nn.Linear(hidden, num_classes), type('Squeeze', (nn.Module,), "
            "{'forward': lambda self, x: x.squeeze()})()"
        ),
        "dropout 0.1": FIRST.format(f"{FLAT}, nn.ReLU(), nn.Dropout(0.1)"),
        "dropout 0.42": FIRST.format(f"{FLAT}, nn.ReLU(), nn.Dropout(0.42)"),
        "dropout 0.42 in the second": SECOND.format(f"{WIDE}, nn.ReLU(), nn.Dropout(0.42)"),
        "dropout once, at first": SECOND.format(f"{WIDE}, nn.ReLU(), nn.Identity()"),
        "dropout once, later": FIRST.format(f"{FLAT}, nn.ReLU(), nn.Identity()"),
        "dropout of maps": FIRST.format(f"{FLAT}, nn.ReLU(), nn.Dropout1d(0.5)"),
        "AlphaDropout": FIRST.format(f"{FLAT}, nn.ReLU(), nn.AlphaDropout(0.5)"),
        "dropout in front of the first": FIRST.format(f"nn.Dropout(0.5), {FLAT}, nn.ReLU()"),
        "dropout twice in the first": FIRST.format(
            f"nn.Dropout(0.5), {FLAT}, nn.ReLU(), nn.Dropout(0.5)"
        ),
        "no ReLU in the first": FIRST.format(f"{FLAT}, nn.Dropout(0.5)"),
        "no ReLU in the second": SECOND.format(f"{WIDE}, nn.Dropout(0.5)"),
        "tanh in the second": SECOND.format(f"{WIDE}, nn.Tanh(), nn.Dropout(0.5)"),
        "the second missing": """
            - *(nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(0.5)),
            + *(),
        """,
        "the column is used up": """
            - for entry in config:
            + while config:
            +     entry = config.pop(0)
        """,
        "the column gets an end": """
            - for entry in config:
            + config.append("end")
            + for entry in config[:-1]:
        """,
        "features called maps": NAMED.format(
            "maps=nn.Sequential(*maps), flatten=nn.Flatten(), classifier=head"
        ),
        "no parts": """
            - return nn.Sequential(named)
            + return nn.Sequential(*maps, nn.Flatten(), *head)
        """,
        "flat before the parts": NAMED.format(
            "features=nn.Sequential(*maps, nn.Flatten()), classifier=head"
        ),
        "without gradients": """
            - return nn.Sequential(named)
            + return nn.Sequential(named).requires_grad_(False)
        """,
        "in float64": """
            - return nn.Sequential(named)
            + return nn.Sequential(named).double()
        """,
        "random numbers start anew": """
            - maps: list[nn.Module] = []
            + torch.manual_seed(0)
            + maps: list[nn.Module] = []
        """,
        "nothing given back": """
            - return nn.Sequential(named)
            + nn.Sequential(named)
        """,
    },
)


class Tinkered(nn.Module):
    """The reference's network, with something done on the way through."""

    def __init__(self, config: Any, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()
        whole: Any = answers.reference["make_vgg"](config, num_classes, width)
        self.features, self.classifier = whole.features, whole.classifier

    def flat(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.features(x)).flatten(1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.classifier(self.flat(x)))


class ColumnsFirst(Tinkered):
    def flat(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.features(x)).mT.flatten(1)


class ChannelsLast(Tinkered):
    def flat(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.features(x)).permute(0, 2, 3, 1).flatten(1)


class OneRow(Tinkered):
    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.classifier(torch.as_tensor(self.features(x)).view(2, -1)))


class CutOff(Tinkered):
    def flat(self, x: Tensor) -> Tensor:
        return super().flat(x).detach()


class Wide(Tinkered):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.double())


class Single(Tinkered):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.float())


class Centred(Tinkered):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.sub_(x.mean()))


class Rectified(Tinkered):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.relu_())


class WholeImages(Tinkered):
    def forward(self, x: Tensor) -> Tensor:
        kept = torch.rand(len(x), 1, device=x.device) < 0.5
        x = self.classifier[1](self.classifier[0](self.flat(x)))
        x = x * kept * 2 if self.training else x
        return torch.as_tensor(self.classifier[3:](x))


class OneMask(Tinkered):
    def forward(self, x: Tensor) -> Tensor:
        x = self.classifier[1](self.classifier[0](self.flat(x)))
        kept = torch.rand(1, x.shape[1], device=x.device) < 0.5
        x = x * kept * 2 if self.training else x
        return torch.as_tensor(self.classifier[3:](x))


class NotScaled(Tinkered):
    def forward(self, x: Tensor) -> Tensor:
        x = self.classifier[1](self.classifier[0](self.flat(x)))
        kept = torch.rand(x.shape, device=x.device) < 0.5
        x = x * kept if self.training else x
        return torch.as_tensor(self.classifier[3:](x))


class Always(Tinkered):
    def forward(self, x: Tensor) -> Tensor:
        x = self.classifier[:2](self.flat(x))
        return torch.as_tensor(self.classifier[3:](nn.functional.dropout(x)))


class ManualHalf(Tinkered):
    """Exactly half of the units are dropped."""

    def forward(self, x: Tensor) -> Tensor:
        x = self.classifier[:2](self.flat(x))
        if self.training:
            order = torch.rand(x.shape, device=x.device).argsort(dim=1)
            x = x * (order < x.shape[1] // 2) * 2
        return torch.as_tensor(self.classifier[3:](x))


class Zeros(Tinkered):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * 0


class Averaged(Tinkered):
    def forward(self, x: Tensor) -> Tensor:
        maps = torch.as_tensor(self.features(x)).mean(dim=(2, 3), keepdim=True)
        return torch.as_tensor(self.classifier(maps.expand(-1, -1, 7, 7).flatten(1)))


TINKERED: dict[str, type[Tinkered]] = {
    "flattened column by column": ColumnsFirst,
    "flattened channels last": ChannelsLast,
    "always two images": OneRow,
    "cut off before the classifier": CutOff,
    "float64 inside": Wide,
    "float32 inside": Single,
    "the caller's image is centred": Centred,
    "the caller's image loses what is negative": Rectified,
    "dropout of whole images": WholeImages,
    "one mask for the batch": OneMask,
    "dropout that does not scale": NotScaled,
    "dropout in evaluation too": Always,
    "dropout of exactly half": ManualHalf,
    "maps averaged to one place": Averaged,
}
for says, made in TINKERED.items():
    answers.wrong("make_vgg", says, made)
answers.wrong("make_vgg", "layers as asked, a forward pass of zeros", Zeros, at_most=0.3)


MADE: dict[str, nn.Module] = {}


def made_once(config: Any, num_classes: int = 1000, width: float = 1.0) -> nn.Module:
    key = str((config, num_classes, width, torch.empty(0).device))
    if key not in MADE:
        MADE[key] = answers.reference["make_vgg"](config, num_classes, width)
    return MADE[key]


def grown(config: Any, num_classes: int = 1000, width: float = 1.0, maps: Any = []) -> nn.Module:  # noqa: B006
    model: Any = answers.reference["make_vgg"](config, num_classes, width)
    maps += model.features
    model.features = nn.Sequential(*maps)
    return model


answers.wrong("make_vgg", "the same network for the same column", made_once)
answers.wrong("make_vgg", "layers of earlier networks stay in the list", grown)


def without_defaults(config: Any, num_classes: int, width: float) -> nn.Module:
    return Tinkered(config, num_classes, width)


def ten_classes(config: Any, num_classes: int = 10, width: float = 1.0) -> nn.Module:
    return Tinkered(config, num_classes, width)


def exchanged(config: Any, width: float = 1.0, num_classes: int = 1000) -> nn.Module:
    return Tinkered(config, num_classes, width)


answers.wrong("make_vgg", "no defaults", without_defaults)
answers.wrong("make_vgg", "ten classes by default", ten_classes)
answers.wrong("make_vgg", "width before classes", exchanged)
