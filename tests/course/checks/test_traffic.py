"""Dropout is found by what it does to the inputs of weights, however it is written."""

from __future__ import annotations

import time

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.functional import dropout

from course.checks import stored
from course.checks.dropping import DroppedInputs
from course.checks.probes import ProbeError, ask
from course.checks.traffic import UNKNOWN, masks

CALLS = 16
IMAGES = torch.rand(8, 3, 8, 8, generator=torch.Generator().manual_seed(0)) + 0.1


def module(x, p, training):
    return nn.Dropout(p).train(training)(x)


def by_rand(x, p, training):
    return x * (torch.rand_like(x) >= p) / (1 - p) if training else x


def by_bernoulli(x, p, training):
    return x * torch.bernoulli(torch.full_like(x, 1 - p)) / (1 - p) if training else x


def by_where(x, p, training):
    gone = torch.rand(x.shape) < p
    return torch.where(gone, torch.zeros(()), x / (1 - p)) if training else x


def by_index(x, p, training):
    if training:
        x = x / (1 - p)
        x[torch.rand(x.shape) < p] = 0
    return x


def as_in_the_paper(x, p, training):
    return x * (torch.rand_like(x) >= p) if training else x * (1 - p)


SPELLINGS = {
    "nn.Dropout": module,
    "F.dropout": lambda x, p, training: F.dropout(x, p, training),
    "imported by name": lambda x, p, training: dropout(x, p=p, training=training),
    "torch.dropout": lambda x, p, training: torch.dropout(x, p, training),
    "in place": lambda x, p, training: F.dropout(x, p, training, inplace=True),
    "by rand": by_rand,
    "by bernoulli": by_bernoulli,
    "by where": by_where,
    "by index": by_index,
    "as in the paper": as_in_the_paper,
    "image by image": lambda x, p, training: torch.stack(
        [F.dropout(row, p, training) for row in x]
    ),
}


class Net(nn.Module):
    """A small AlexNet: a convolution, three linear layers, dropout at the places ``at``."""

    def __init__(self, drop=SPELLINGS["F.dropout"], at=("6", "7"), p=0.5, backwards=False):
        super().__init__()
        self.drop, self.at, self.p = drop, at, p
        layers = {
            "conv": lambda: nn.Conv2d(3, 8, 3, padding=1),
            "norm": lambda: nn.BatchNorm2d(8),
            "fc6": lambda: nn.Linear(128, 64),
            "fc7": lambda: nn.Linear(64, 48),
            "fc8": lambda: nn.Linear(48, 10),
        }
        for name in sorted(layers, reverse=backwards):
            self.add_module(name, layers[name]())

    def dropped(self, x, place):
        return self.drop(x, self.p, self.training) if place in self.at else x

    def forward(self, x):
        x = self.dropped(F.relu(self.norm(self.conv(x))), "maps")
        x = self.dropped(F.max_pool2d(x, 2), "before flatten").flatten(1)
        x = self.fc6(self.dropped(x, "6")).relu()
        x = self.fc7(self.dropped(x, "7"))
        x = self.dropped(self.dropped(x, "before relu").relu(), "8")
        return self.dropped(self.fc8(x), "logits")


FIRST, SECOND, THIRD = [64, 128], [48, 64], [10, 48]
BOTH = [{"size": FIRST, "p": 0.5}, {"size": SECOND, "p": 0.5}]


@pytest.fixture(autouse=True)
def _same_weights():
    torch.manual_seed(0)


def found(model, calls=CALLS, images=IMAGES, seed=1):
    return masks(model, images, calls, seed)


def judged(model, expected=BOTH, **settings):
    return DroppedInputs()(found(model, **settings), expected, ask(masks, "m", text=""))


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize("p", [0.5, 0.3])
def test_is_dropout_found_however_it_is_written(name, p):
    model = Net(SPELLINGS[name], p=p)
    lines = found(model)
    assert [line["size"] for line in lines] == [FIRST, SECOND]
    assert lines[0]["dropped"].shape == (CALLS, 8, 128)
    for line in lines:
        assert line["scale"] == pytest.approx(1 / (1 - p), rel=1e-5)
        assert line["off"] == 0
    finding = judged(model, [{"size": SECOND, "p": p}, {"size": FIRST, "p": p}])
    assert finding.passed, finding


PLACES = {
    "before flatten": FIRST,
    "6": FIRST,
    "7": SECOND,
    "before relu": THIRD,
    "8": THIRD,
    "logits": [10],
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["F.dropout", "by rand", "as in the paper"])
def test_is_every_place_told_apart(place, name):
    finding = judged(Net(SPELLINGS[name], at=(place,)), [{"size": PLACES[place], "p": 0.5}])
    assert finding.passed, finding


def test_is_there_nothing_where_nothing_is_dropped():
    assert found(Net(at=())) == []


@pytest.mark.parametrize("spelling", [F.dropout2d, F.feature_alpha_dropout])
def test_are_whole_channels_told_from_units(spelling):
    def drop(x, p, training):
        return spelling(x, p, training)

    finding = judged(Net(drop, at=("before flatten",)), [{"size": FIRST, "p": 0.5}])
    assert not finding.passed
    assert "128 → 64" in finding.message


WRONG = {
    "one place only": (Net(at=("6",)), "nothing is dropped at the input of the layer 64 → 48"),
    "at another place": (Net(at=("7", "8")), "nothing is dropped at the input of the layer 128"),
    "a place too many": (Net(at=("6", "7", "8")), "where nothing should be"),
    "before pooling": (Net(at=("maps", "7")), "at the input of the layer 128 → 64"),
    "logits": (Net(at=("6", "7", "logits")), "in the network's output, where nothing should be"),
    "another p": (Net(p=0.42), "values are dropped, where 50.0 % should be"),
    "never": (Net(lambda x, p, training: x), "nothing is dropped"),
    "not scaled": (
        Net(lambda x, p, training: x * (torch.rand_like(x) >= p) if training else x),
        "1 times as large as at evaluation, not 2 times",
    ),
    "scaled twice": (
        Net(lambda x, p, training: by_rand(x, p, training) * (1 if training else p)),
        "4 times as large as at evaluation, not 2 times",
    ),
    "one mask a batch": (
        Net(lambda x, p, training: x * (torch.rand(x[0].shape) >= p) * 2 if training else x),
        "every image needs a mask of its own",
    ),
    "alpha": (
        Net(lambda x, p, training: F.alpha_dropout(x, p, training)),
        "at the input of the layer 128 → 64",
    ),
    "noise": (
        Net(lambda x, p, training: x * torch.rand_like(x) if training else x),
        "drops none",
    ),
    "noise on what is kept": (
        Net(lambda x, p, training: F.dropout(x * (1 + torch.rand_like(x) * training), p, training)),
        "not multiplied by one number",
    ),
    "scaled without dropping": (
        Net(lambda x, p, training: 2 * x if training else x),
        "drops none",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_is_every_slip_told_in_words(name):
    model, words = WRONG[name]
    finding = judged(model)
    assert not finding.passed
    assert words in finding.message, finding


def test_is_dropout_at_evaluation_told():
    with pytest.raises(ProbeError, match="evaluation is random: two passes differ at the input"):
        found(Net(lambda x, p, training: F.dropout(x, p)))


def test_does_the_order_in_which_layers_are_made_not_matter():
    assert judged(Net(backwards=True)).passed
    assert [line["size"] for line in found(Net(backwards=True))] == [FIRST, SECOND]


def test_is_a_mask_that_serves_twice_told():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(192, 192) for _ in range(3))

        def forward(self, x):
            x = x.flatten(1)
            mask = (torch.rand(x.shape) >= 0.5) * 2 if self.training else 1
            for layer in self.layers:
                x = layer(x * mask).sigmoid()
            return x

    finding = judged(Shared(), [{"size": [192, 192], "p": 0.5}] * 3)
    assert "share one mask" in finding.message


class Heads(nn.Module):
    """In training two more outputs, from heads that do not run at evaluation."""

    def __init__(self, heads_first=False):
        super().__init__()
        self.conv, self.main = nn.Conv2d(3, 64, 1), nn.Linear(64, 10)
        self.heads = nn.ModuleList(self.head() for _ in range(2))
        self.heads_first = heads_first

    @staticmethod
    def head():
        hidden = nn.Linear(256, 96)
        return nn.Sequential(nn.Flatten(), hidden, nn.ReLU(), nn.Dropout(0.7), nn.Linear(96, 10))

    def forward(self, x):
        maps = self.conv(x).relu()
        small = F.adaptive_avg_pool2d(maps, 2)
        heads = [head(small) for head in self.heads] if self.training else []
        main = self.main(F.dropout(maps.mean((2, 3)), 0.4, self.training))
        if not self.training:
            return main
        return (*heads, main) if self.heads_first else (main, *heads)


@pytest.mark.parametrize("heads_first", [False, True])
def test_are_heads_that_run_in_training_only_seen(heads_first):
    expected = [
        {"size": [10, 64], "p": 0.4},
        {"size": [10, 96], "p": 0.7},
        {"size": [10, 96], "p": 0.7},
    ]
    for seed in range(5):
        finding = judged(Heads(heads_first), expected, calls=32, seed=seed)
        assert finding.passed, finding
    lines = found(Heads(heads_first))
    assert {line["scale"] for line in lines if line["size"] == [10, 96]} == {None}


@pytest.mark.parametrize(
    "product",
    [
        lambda x, w, b: F.linear(x, w, b),
        lambda x, w, b: x @ w.T + b,
        lambda x, w, b: (w @ x.T).T + b,
        lambda x, w, b: torch.einsum("oi,ni->no", w, x) + b,
        lambda x, w, b: torch.stack([w @ row for row in x]) + b,
        lambda x, w, b: torch.addmm(b, x, w.T),
        lambda x, w, b: torch.matmul(w[None], x[..., None])[..., 0] + b,
        lambda x, w, b: F.conv2d(x[..., None, None], w[..., None, None], b).flatten(1),
        lambda x, w, b: F.linear(x[:, None], w, b)[:, 0],
        lambda x, w, b: torch.inference_mode()(F.linear)(x, w.detach(), b.detach()),
    ],
)
def test_may_the_weighted_sum_be_written_in_any_way(product):
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight, self.bias = (
                nn.Parameter(torch.randn(20, 192)),
                nn.Parameter(torch.ones(20)),
            )

        def forward(self, x):
            return product(F.dropout(x.flatten(1), 0.5, self.training), self.weight, self.bias)

    lines = found(Own())
    assert lines
    assert {tuple(line["size"]) for line in lines} == {(20, 192)}
    dropped = torch.stack([line["dropped"] for line in lines])
    assert (dropped == 1).double().mean() == pytest.approx(0.5, abs=0.02)
    if len(lines) == 1:
        assert judged(Own(), [{"size": [20, 192], "p": 0.5}]).passed


def test_is_inference_mode_looked_through():
    class Quiet(Net):
        def forward(self, x):
            with torch.inference_mode():
                return super().forward(x)

    assert judged(Quiet()).passed


def test_is_the_model_left_as_it_was():
    model = Net(module)
    model.fc7.eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    modes = [one.training for one in model.modules()]
    state = torch.get_rng_state()
    images = IMAGES.clone()
    found(model, images=images)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert [one.training for one in model.modules()] == modes
    assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(images, IMAGES)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_is_the_answer_the_same_again_and_plain():
    model = Net()
    first, second = found(model), found(model)
    assert str(first) == str(second)
    assert all(torch.equal(a["dropped"], b["dropped"]) for a, b in zip(first, second, strict=True))
    assert ask(found, "m", text="").run({"m": model}).kind == "value"
    assert set(first[0]) == {"size", "dropped", "scale", "off"}


def test_are_inputs_that_are_zero_at_rest_told_as_unknown():
    line = found(Net(at=("7",)))[0]
    share = (line["dropped"] == UNKNOWN).double().mean()
    assert 0.2 < share < 0.8
    assert (line["dropped"] == UNKNOWN).all(dim=0).eq((line["dropped"] == UNKNOWN).any(dim=0)).all()


def test_is_it_quick_without_torchs_compiler():
    model = Net()
    found(model)
    start = time.process_time()
    found(model)
    assert time.process_time() - start < 1


def test_does_a_right_network_never_fail_in_200_runs():
    model = Net()
    for seed in range(200):
        assert judged(model, seed=seed).passed


@pytest.mark.parametrize("answer", [None, 3, {"a": 1}, [None], [{"size": [1, 2]}], ["x"]])
def test_does_anything_else_fail_without_an_error(answer):
    assert not DroppedInputs()(answer, BOTH, ask(masks, "m", text="")).passed
    line = {"size": [1, 2], "dropped": torch.zeros(0), "scale": 2.0, "off": 0.0}
    assert not DroppedInputs()([line], BOTH, ask(masks, "m", text="")).passed


def test_can_the_judge_be_stored():
    assert stored.decoded(stored.encoded(DroppedInputs())) == DroppedInputs()
