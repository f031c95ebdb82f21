"""Traces tell a right training loop from every plausible wrong one, by what it does."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from course.checks.probes import plain
from course.checks.traces import Trace, numbered, round_the_circle

COUNT, SIZE = 23, 5
RANDOM = torch.Generator().manual_seed(0)
IMAGES = torch.randn(COUNT, 1, 3, 4, generator=RANDOM)
LABELS = torch.arange(COUNT) % 4


def reference(model, x, y, optimizer, size):
    model.train()
    total = 0.0
    for chosen in torch.randperm(len(x)).split(size):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x[chosen]), y[chosen])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(chosen)
    return total / len(x)


def by_loader(model, x, y, optimizer, size):
    data = torch.utils.data.TensorDataset(x, y)
    losses = []
    model.train()
    for images, labels in torch.utils.data.DataLoader(data, size, shuffle=True):
        each = F.cross_entropy(model(images), labels, reduction="none")
        each.mean().backward()
        optimizer.step()
        model.zero_grad()
        losses.append(each.detach())
    return torch.cat(losses).mean()


def by_numpy(model, x, y, optimizer, size):
    model.train()
    order, total = np.random.permutation(len(x)), 0.0
    for start in range(0, len(x), size):
        some = torch.from_numpy(order[start : start + size])
        loss = -model(x[some]).log_softmax(1)[torch.arange(len(some)), y[some]].mean()
        for parameter in model.parameters():
            parameter.grad = None
        loss.backward()
        optimizer.step()
        total += float(loss.detach()) * len(some)
    return total / len(x)


def by_shuffle(model, x, y, optimizer, size):
    model.train()
    order, total = list(range(len(x))), 0.0
    random.shuffle(order)
    while order:
        some, order = order[:size], order[size:]
        loss = F.cross_entropy(model(x[some]), y[some])
        parameters = list(model.parameters())
        for parameter, slope in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            parameter.grad = slope
        optimizer.step()
        total += loss.item() * len(some)
    return total / len(x)


def by_closure(model, x, y, optimizer, size):
    model.train()
    total = 0.0
    for chosen in torch.randperm(len(x)).split(size):

        def closure(chosen=chosen):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x[chosen]), y[chosen])
            loss.backward()
            return loss

        total += optimizer.step(closure).item() * len(chosen)
    return total / len(x)


def watching(model, x, y, optimizer, size):
    model.eval()
    with torch.no_grad():
        model(x)
    return reference(model, x, y, optimizer, size)


RIGHT = [reference, by_loader, by_numpy, by_shuffle, by_closure, watching]


def traced(function, epochs=2, images=IMAGES, labels=LABELS, **settings):
    trace = Trace(images, labels, **settings)
    for _ in range(epochs):
        with trace.epoch() as epoch:
            epoch.returned = function(
                trace.model, trace.images, trace.labels, trace.optimizer, SIZE
            )
    return trace.summary()


GOOD = {
    "each image once": True,
    "images never seen": 0,
    "other images than those given": False,
    "in the order given": False,
    "in training mode": True,
    "one step a batch": True,
    "each step by its own batch": True,
    "moved by steps alone": True,
    "returned with its graph": False,
    "steps": 5,
    "batch sizes": [5, 5, 5, 5, 3],
    "rates": [0.1],
}


@pytest.mark.parametrize("function", RIGHT)
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_is_every_right_loop_found_right(function, momentum, dtype):
    found = traced(function, images=IMAGES.to(dtype), momentum=momentum)
    assert found["another order each time"]
    assert found["other batches each time"]
    for facts in found["epochs"]:
        assert {key: facts[key] for key in GOOD} == GOOD
        assert facts["value returned"] == pytest.approx(facts["mean loss"], rel=1e-5)
        assert len(facts["parameters that moved"]) == 4
        assert facts["graphs held at once"] <= 2
    assert plain(found) == found


def slip(**changes):
    """The reference with something else in its places."""

    def epoch(model, x, y, optimizer, size):
        do = {
            "mode": lambda: model.train(),
            "order": lambda: torch.randperm(len(x)),
            "begin": lambda: None,
            "clear": optimizer.zero_grad,
            "seen": lambda chosen: x[chosen],
            "told": lambda chosen: y[chosen],
            "loss": F.cross_entropy,
            "step": optimizer.step,
            "after": lambda: None,
            "more": lambda number: True,
            "finish": lambda losses: float(sum(losses)),
            **{name: change(model, x, y, optimizer) for name, change in changes.items()},
        }
        do["mode"]()
        do["begin"]()
        losses = []
        for number, chosen in enumerate(do["order"]().split(size)):
            if not do["more"](chosen):
                break
            do["clear"]()
            loss = do["loss"](model(do["seen"](chosen)), do["told"](chosen))
            loss.backward()
            do["step"]()
            losses.append(loss if "finish" in changes else loss.item())
            if "first" in changes and number == 0:
                break
        do["after"]()
        return do["finish"](losses)

    return epoch


def nothing(*_):
    return lambda: None


WRONG = {
    "no clearing": (slip(clear=nothing), "each step by its own batch", False),
    "clearing once an epoch": (
        slip(clear=nothing, begin=lambda m, x, y, o: o.zero_grad),
        "each step by its own batch",
        False,
    ),
    "clearing before the step": (
        slip(step=lambda m, x, y, o: lambda: (o.zero_grad(), o.step())),
        "each step by its own batch",
        False,
    ),
    "no step": (slip(step=nothing), "steps", 0),
    "a step after the loop": (
        slip(step=nothing, after=lambda m, x, y, o: o.step),
        "one step a batch",
        False,
    ),
    "two steps": (
        slip(step=lambda m, x, y, o: lambda: (o.step(), o.step())),
        "one step a batch",
        False,
    ),
    "return after the first batch": (slip(first=nothing), "images never seen", COUNT - SIZE),
    "no last batch": (
        slip(more=lambda m, x, y, o: lambda chosen: len(chosen) == SIZE),
        "images never seen",
        3,
    ),
    "not shuffled": (
        slip(order=lambda m, x, y, o: lambda: torch.arange(len(x))),
        "in the order given",
        True,
    ),
    "with replacement": (
        slip(order=lambda m, x, y, o: lambda: torch.randint(len(x), (len(x),))),
        "each image once",
        False,
    ),
    "in evaluation mode": (slip(mode=lambda m, x, y, o: m.eval), "in training mode", False),
    "mode left as it was": (slip(mode=nothing), "in training mode", False),
    "labels in another order": (
        slip(told=lambda m, x, y, o: lambda chosen: y[torch.randperm(len(y))][chosen]),
        "each step by its own batch",
        False,
    ),
    "softmax first": (
        slip(loss=lambda m, x, y, o: lambda z, t: F.cross_entropy(z.softmax(1), t)),
        "each step by its own batch",
        False,
    ),
    "summed loss": (
        slip(loss=lambda m, x, y, o: lambda z, t: F.cross_entropy(z, t, reduction="sum")),
        "each step by its own batch",
        False,
    ),
    "images changed": (
        slip(seen=lambda m, x, y, o: lambda chosen: x[chosen] / 2),
        "other images than those given",
        True,
    ),
    "steps by hand besides": (
        slip(after=lambda m, x, y, o: lambda: m.last.weight.data.mul_(2)),
        "moved by steps alone",
        False,
    ),
    "another rate": (
        slip(begin=lambda m, x, y, o: lambda: o.param_groups[0].update(lr=0.5)),
        "rates",
        [0.5],
    ),
    "a layer frozen": (
        slip(begin=lambda m, x, y, o: lambda: m.first.requires_grad_(False)),
        "parameters that moved",
        ["last.weight", "last.bias"],
    ),
    "a graph comes back": (slip(finish=lambda *_: sum), "returned with its graph", True),
    "graphs pile up": (
        slip(finish=lambda *_: lambda losses: sum(losses).item()),
        "graphs held at once",
        5,
    ),
    "nothing at all": (lambda *_: 0.0, "each step by its own batch", False),
    "nothing returned": (lambda *_: None, "value returned", None),
}


@pytest.mark.parametrize("name", WRONG)
def test_is_every_wrong_loop_told(name):
    function, key, value = WRONG[name]
    facts = traced(function)["epochs"][0]
    assert facts[key] == value
    assert traced(reference)["epochs"][0][key] != value


def test_are_fixed_orders_and_fixed_batches_told():
    fixed = torch.randperm(COUNT, generator=torch.Generator().manual_seed(1))
    again = traced(slip(order=lambda *_: lambda: fixed))
    assert not again["another order each time"]

    def batches_in_new_order(model, x, y, optimizer, size):
        model.train()
        batches = torch.arange(len(x)).split(size)
        for number in torch.randperm(len(batches)):
            optimizer.zero_grad()
            F.cross_entropy(model(x[batches[number]]), y[batches[number]]).backward()
            optimizer.step()

    found = traced(batches_in_new_order, epochs=3)
    assert found["another order each time"]
    assert not found["other batches each time"]


def test_is_each_trace_the_same_again_and_the_notebooks_randomness_left_alone():
    state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    assert traced(by_numpy) == traced(by_numpy)
    assert torch.equal(state, torch.get_rng_state())
    assert (np.random.get_state()[1] == numpy_state).all()


def test_are_images_known_again_whatever_their_kind():
    for images in (IMAGES.double(), IMAGES.half(), IMAGES.expand(COUNT, 5, 3, 4), IMAGES[:, 0, 0]):
        marked = numbered(images)
        assert marked.shape == images.shape
        assert marked.dtype == images.dtype
        assert marked.flatten(1)[:, 0].tolist() == list(range(COUNT))


def test_do_graphs_of_the_epoch_before_not_count():
    keep = []

    def holding(*args):
        keep.append(slip(finish=lambda *_: sum)(*args))
        return 0.0

    facts = traced(holding, epochs=3)["epochs"]
    assert [one["graphs held at once"] for one in facts] == [5, 5, 5]


def test_may_another_loss_be_asked_for():
    def squares(logits, labels):
        return F.mse_loss(logits, F.one_hot(labels, 4).to(logits))

    facts = traced(slip(loss=lambda *_: squares), criterion=squares)["epochs"][0]
    assert facts["each step by its own batch"]


def test_an_order_round_the_circle_is_none_by_chance() -> None:
    rolled = torch.arange(41).roll(9)
    mixed = [part[torch.randperm(len(part))] for part in rolled.split(8)]
    for batches in (rolled.split(8), rolled.flip(0).split(8), mixed):
        assert round_the_circle([part.tolist() for part in batches])


def test_chance_makes_no_circle_in_three_thousand_orders() -> None:
    generator = torch.Generator().manual_seed(5)
    for count, size in ((41, 8), (70, 32)):
        for _ in range(1500):
            order = torch.randperm(count, generator=generator)
            assert not round_the_circle([part.tolist() for part in order.split(size)])
