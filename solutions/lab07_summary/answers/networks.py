"""Small networks of other kinds than the families', and such as break a rule."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .book import answers

EXERCISE = "build_network"


def flat() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


class RowsAndColumns(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rows, self.columns = nn.Linear(28, 28), nn.Linear(28, 28)
        self.head = nn.Linear(784, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = x + F.gelu(self.rows(x)) + F.gelu(self.columns(x.mT)).mT
        return self.head(x.reshape(len(x), -1))


def normed() -> nn.Module:
    body = [nn.Conv2d(1, 8, 5, 2), nn.GroupNorm(2, 8), nn.ReLU(), nn.Dropout2d(0.1)]
    return nn.Sequential(*body, nn.AdaptiveAvgPool2d(4), nn.Flatten(1), nn.Linear(128, 10))


def of_layers(*middle: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 32), *middle, nn.Linear(32, 10))


class Lenet(nn.Module):
    """Sigmoids, as in 1998, and a layer that is made late."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.LazyLinear(10)
        self.first, self.second = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self(torch.zeros(2, 1, 28, 28))

    def forward(self, x: Tensor) -> Tensor:
        for layer in (self.first, self.second):
            x = F.avg_pool2d(layer(x).sigmoid(), 2)
        return self.head(x.flatten(1))


class Residual(nn.Module):
    """A residual block whose last γ begins at 0, BatchNorm, and an average at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 16, 3, stride=2, padding=1, bias=False)
        last = nn.BatchNorm2d(16)
        self.norms = nn.ModuleList([nn.BatchNorm2d(16), nn.BatchNorm2d(16), last])
        self.convs = nn.ModuleList(nn.Conv2d(16, 16, 3, padding=1, bias=False) for _ in range(2))
        self.head = nn.Linear(16, 10)
        nn.init.zeros_(last.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norms[0](self.stem(x)).relu()
        y = self.norms[1](self.convs[0](x)).relu()
        x = (x + self.norms[2](self.convs[1](y))).relu()
        return self.head(x.mean(dim=(2, 3)))


class Tied(nn.Module):
    """One convolution used three times; the head's weights begin at zero."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 24, 3, padding=1)
        self.again = nn.Conv2d(24, 24, 3, padding=1)
        self.head = nn.Linear(24 * 9, 10)
        nn.init.zeros_(self.head.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.silu(self.first(x)), 2)
        for _ in range(3):
            x = x + 0.1 * F.silu(self.again(x))
        return self.head(F.adaptive_avg_pool2d(x, 3).flatten(1))


class Frozen(nn.Module):
    """Fixed random features, which count, and trained layers behind them."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Conv2d(1, 32, 5, stride=3).requires_grad_(False)
        self.rest = nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Linear(32 * 64, 64), nn.Tanh())
        self.head = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rest(self.features(x)))


class Orthogonal(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = of_layers(nn.ReLU())
        for layer in self.body.children():
            if isinstance(layer, nn.Linear):
                nn.init.orthogonal_(layer.weight)
                nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


class Precise(nn.Module):
    """One layer computes in another number format than the rest."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.first, self.last = nn.Conv2d(1, 12, 5, 2).to(dtype), nn.Linear(12 * 144, 10)

    def forward(self, x: Tensor) -> Tensor:
        maps = F.relu(self.first(x.to(self.first.weight.dtype)))
        scores: Tensor = self.last(maps.float().flatten(1))
        return scores


for says, right in {
    "rows and columns mixed": RowsAndColumns,
    "norms of groups, dropout of maps": normed,
    "one hidden layer": lambda: of_layers(nn.ReLU()),
    "sigmoids, and a layer made late": Lenet,
    "a residual block that begins as nothing": Residual,
    "one convolution used three times, a head of zeros": Tied,
    "features that are not trained": Frozen,
    "dropout of half, hard": lambda: of_layers(nn.Hardswish(), nn.Dropout(0.5)),
    "orthogonal weights to begin with": Orthogonal,
    "a layer in half precision": lambda: Precise(torch.bfloat16),
    "a layer in double precision": lambda: Precise(torch.float64),
    "BatchNorm of units": lambda: of_layers(nn.BatchNorm1d(32), nn.LeakyReLU(0.1)),
    "LayerNorm, which is no layer of numbers alone": lambda: of_layers(nn.LayerNorm(32), nn.ReLU()),
}.items():
    answers.right(EXERCISE, says, right)


# Wrong -----------------------------------------------------------------------------------------


def wrapped(forward: Callable[[nn.Module, Tensor], Any]) -> Callable[[], nn.Module]:
    """A network with one hidden layer and this way through."""

    class Wrapped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = of_layers(nn.ReLU())

        def forward(self, x: Tensor) -> Any:
            return forward(self.body, x)

    return Wrapped


ONCE = of_layers(nn.ReLU())
BLOCK = nn.Linear(32, 32)


class Lonely(nn.Module):
    """A layer that forward does not use."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.other = of_layers(nn.ReLU()), nn.Linear(784, 32)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


class Cut(nn.Module):
    """The first layer is cut off from the loss."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.head = nn.Linear(784, 32), nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.first(x.flatten(1)).detach().relu())


class Unregistered(nn.Module):
    """A list of layers that nobody told the network about."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = [nn.Linear(784, 400), nn.Linear(400, 32)]
        self.head = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        for layer in self.layers:
            x = layer(x).relu()
        return self.head(x)


class Drops(nn.Module):
    """Dropout that never ends."""

    def __init__(self) -> None:
        super().__init__()
        self.body = of_layers(nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return self.body(F.dropout(x, 0.3))


class Counts(nn.Module):
    """Answers otherwise from call to call, in evaluation mode too."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.calls = of_layers(nn.ReLU()), 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return self.body(x) * self.calls


class Doubles(nn.Module):
    """Works in double precision whatever comes."""

    def __init__(self) -> None:
        super().__init__()
        self.body = of_layers(nn.ReLU()).double()

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


def sized(*sizes: int) -> Callable[[], nn.Module]:
    def build_network() -> nn.Module:
        layers: list[nn.Module] = [nn.Flatten()]
        for into, out in pairwise(sizes):
            layers += [nn.Linear(into, out), nn.ReLU()]
        return nn.Sequential(*layers[:-1])

    return build_network


def with_buffer(hidden: int = 32, numbers: int = 280_000) -> nn.Module:
    model = sized(784, hidden, 10)()
    model.register_buffer("spare", torch.zeros(numbers))
    return model


class Zeros(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(784, 10)

    def forward(self, x: Tensor) -> Tensor:
        return x.new_zeros(len(x), 10)


class Constant(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scores = nn.Parameter(torch.randn(10))

    def forward(self, x: Tensor) -> Tensor:
        return self.scores.expand(len(x), 10)


def of_random_sizes() -> nn.Module:
    hidden = int(torch.randint(16, 64, ()))
    return nn.Sequential(nn.Flatten(), nn.Linear(784, hidden), nn.ReLU(), nn.Linear(hidden, 10))


def part_shared() -> nn.Module:
    return of_layers(nn.ReLU(), BLOCK, nn.ReLU())


def convolutions_alone() -> nn.Module:
    layers = [nn.Conv2d(1, 8, 3), nn.Conv2d(8, 8, 3, stride=2), nn.BatchNorm2d(8)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(72, 10))


for says, wrong in {
    "linear": flat,
    "two linear layers and nothing between": lambda: of_layers(),
    "linear, and log_softmax": lambda: nn.Sequential(flat(), nn.LogSoftmax(dim=1)),
    "linear, and tanh": lambda: nn.Sequential(flat(), nn.Tanh()),
    "convolutions and nothing between": convolutions_alone,
    "no network": lambda: lambda x: x.flatten(1)[:, :10],
    "None": lambda: None,
    "the class": lambda: Lenet,
    "the input back": nn.Identity,
    "zeros": Zeros,
    "a constant": Constant,
    "nine classes": lambda: sized(784, 32, 9)(),
    "eleven classes": lambda: sized(784, 32, 11)(),
    "a softmax": lambda: nn.Sequential(of_layers(nn.ReLU()), nn.Softmax(dim=1)),
    "a softmax over the batch": lambda: nn.Sequential(of_layers(nn.ReLU()), nn.Softmax(dim=0)),
    "log_softmax, and exp": wrapped(lambda body, x: body(x).log_softmax(1).exp()),
    "exactly 300,000 numbers": lambda: with_buffer(377, 275),
    "too wide": lambda: sized(784, 400, 10)(),
    "too large by a buffer": with_buffer,
    "a layer that nobody uses": Lonely,
    "cut off": Cut,
    "a list of layers": Unregistered,
    "dropout for ever": Drops,
    "counts its calls": Counts,
    "double precision": Doubles,
    "squeezed": wrapped(lambda body, x: body(x).squeeze()),
    "a tuple": wrapped(lambda body, x: (body(x), x)),
    "classes": wrapped(lambda body, x: body(x).argmax(dim=1)),
    "a batch by its own statistics": lambda: of_layers(
        nn.BatchNorm1d(32, track_running_stats=False), nn.ReLU()
    ),
    "centred on the batch": wrapped(lambda body, x: body(x - x.mean(dim=0))),
    "images in another order": wrapped(lambda body, x: body(x.flip(0))),
    "two images at least": wrapped(lambda body, x: body(x) / (len(x) > 1)),
    "without gradients": wrapped(lambda body, x: body(x).detach()),
    "the input spoilt": wrapped(lambda body, x: body(x.mul_(0.5))),
    "the first row alone": wrapped(lambda body, x: body(x)[:1].expand(len(x), 10)),
    "one network for all": lambda: ONCE,
    "a block for all": part_shared,
    "sizes by chance": of_random_sizes,
    "arguments needed": lambda width: sized(784, width, 10)(),
    "not finite": wrapped(lambda body, x: body(x) / 0),
}.items():
    answers.wrong(EXERCISE, says, wrong)


def centred(least: int) -> Any:
    return wrapped(lambda body, x: body(x - x.mean(dim=0) * (len(x) > least)))


for least in (4, 8, 16, 64):
    says = f"centred on batches of more than {least}"
    answers.wrong(EXERCISE, says, centred(least), at_most=0.85)


class Hushed(nn.Module):
    """Centred on the batch, behind which a head of zeros says nothing at first."""

    def __init__(self) -> None:
        super().__init__()
        self.body = of_layers(nn.ReLU())
        nn.init.zeros_(list(self.body.parameters())[-2])

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x - x.mean(dim=0))


class SpoilsAtRest(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = of_layers(nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x if self.training else x.mul_(0.5))


def of_one_seed() -> nn.Module:
    torch.manual_seed(3)
    return of_layers(nn.ReLU())


def of_a_seed_apart() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return of_layers(nn.ReLU())


def seed_left_behind() -> nn.Module:
    model = of_layers(nn.ReLU())
    torch.manual_seed(3)
    return model


answers.wrong(EXERCISE, "centred on the batch, a head of zeros", Hushed, at_most=0.85)
answers.wrong(EXERCISE, "spoils the images in evaluation", SpoilsAtRest, at_most=0.85)
answers.wrong(EXERCISE, "a seed inside", of_one_seed, mistake="always_seeded", at_most=0.92)
answers.wrong(EXERCISE, "a seed inside, aside", of_a_seed_apart, at_most=0.92)
answers.wrong(EXERCISE, "a seed left behind", seed_left_behind, at_most=0.92)

# Changes of the reference that are networks of another kind, and as right -------------------------

LAYERS = "parts += [nn.Conv2d(into, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]"
POOL = "parts += [nn.MaxPool2d(2)] if out < 64 else []"
RETURN = "return nn.Sequential(*parts, nn.Flatten(), nn.Linear(64 * 7 * 7, 10))"
CONV = "nn.Conv2d(into, out, 3, padding=1, bias=False)"
for old, new, why in (
    (POOL, f"{POOL}\n+ break", "one convolution: 16 maps of 14 × 14 are 64 of 7 × 7"),
    (LAYERS, f"parts += [{CONV}, nn.ReLU()]", "a network without BatchNorm"),
    (LAYERS, f"parts += [{CONV}, nn.BatchNorm2d(out)]", "max pooling bends it, too"),
    (LAYERS, f"parts += [{CONV}, nn.ReLU(), nn.BatchNorm2d(out)]", "BatchNorm behind the ReLU"),
    (LAYERS, LAYERS.replace(", bias=False", ""), "biases are 112 numbers more"),
    (LAYERS, LAYERS.replace("False", "True"), "biases are 112 numbers more"),
    (LAYERS, LAYERS.replace("BatchNorm", "InstanceNorm"), "norms of each image by itself"),
    (LAYERS, LAYERS.replace("ReLU", "Identity"), "max pooling bends it, too"),
    (LAYERS, LAYERS.replace("ReLU", "LeakyReLU"), "another nonlinearity"),
    (POOL, POOL.replace("64", "63"), "widths are 16, 32 and 64"),
    (POOL, POOL.replace("Max", "Avg"), "another pooling"),
    (RETURN, f"{RETURN}.float()", "its numbers are float32 already"),
):
    answers.equivalent(EXERCISE, f"- {old}\n+ {new}", why)
