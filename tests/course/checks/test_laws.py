"""The laws of randomness: right answers pass always, plausible wrong ones never."""

from __future__ import annotations

import itertools
import time

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from course.checks import chances, inputs, laws, stored
from course.checks.laws import DropoutLaw, SpreadLaw, mask_fault, repeated
from course.checks.probes import ask

CALLS, IMAGES, UNITS = 16, 8, 128


def asked(function, p=0.5, scale=None, seed=0, calls=CALLS, shape=(IMAGES, UNITS), **kwargs):
    """The finding of the law, and the seconds that it took."""
    x = inputs.mixed(torch.Generator().manual_seed(seed), *shape, **kwargs)
    probe = ask(repeated, "d", calls, seed, x, p, text="d")
    answer = probe.run({"d": function}).value
    start = time.process_time()
    finding = DropoutLaw(p, 1 / (1 - p) if scale is None else scale)(answer, None, probe)
    return finding, time.process_time() - start


def masked(draw):
    """A dropout that multiplies with what ``draw(x, p)`` gives, 1 for kept."""
    return lambda x, p: x * draw(x, p) / (1 - p)


def evenly(dim):
    """Exactly the same number of zeros along a dimension, or in all."""

    def draw(x, p):
        rows = x.flatten()[None] if dim is None else x.movedim(dim, -1)
        order = torch.rand_like(rows).argsort(dim=-1)
        kept = (order >= round(p * rows.shape[-1])).to(x)
        return kept.reshape(x.shape) if dim is None else kept.movedim(-1, dim)

    return draw


def fixed(x, p):
    return torch.rand(x.shape, generator=torch.Generator().manual_seed(1), dtype=x.dtype) >= p


def channels(x, p):
    return F.dropout2d(x.reshape(len(x), -1, 4, 4), p).reshape(x.shape)


def in_turns():
    state = {"calls": 0}

    def draw(x, p):
        if state["calls"] % 2 == 0:
            state["mask"] = torch.rand_like(x) >= p
        else:
            state["mask"] = ~state["mask"]
        state["calls"] += 1
        return state["mask"]

    return draw


def tiled(x, p):
    half = torch.rand(len(x), x[0].numel() // 2) >= p
    return torch.cat([half, half], dim=1)


WRONG = {
    "p = 0.42": (lambda x, p: F.dropout(x, 0.42) * 0.58 / 0.5, "values are dropped"),
    "p = 0.45": (lambda x, p: F.dropout(x, 0.45) * 0.55 / 0.5, "values are dropped"),
    "p = 0.1": (lambda x, p: F.dropout(x, 0.1), "kept values are x · 1.111"),
    "twice": (lambda x, p: F.dropout(F.dropout(x, p), p) / 2, "are dropped, where 50.0 %"),
    "alpha": (lambda x, p: F.alpha_dropout(x, p, True), "what is dropped must be 0"),
    "noise": (lambda x, p: F.dropout(x, p) * (1 + 0.1 * torch.rand_like(x)), "neither 0 nor"),
    "not scaled": (lambda x, p: x * (torch.rand_like(x) >= p), "kept values are x · 1,"),
    "nothing": (lambda x, p: x * 2, "nothing is dropped"),
    "everything": (lambda x, p: x * 0, "100.0 % of the values"),
    "one mask a batch": (masked(lambda x, p: torch.rand(x[0].shape) >= p), "every image needs"),
    "whole images": (masked(lambda x, p: torch.rand(len(x), 1) >= p), "whole images"),
    "the whole batch": (masked(lambda x, p: torch.rand(()) >= p), "whole images"),
    "exactly p N": (masked(evenly(None)), "each call drops a fixed number"),
    "exactly p N an image": (masked(evenly(1)), "an image loses a fixed number"),
    "exactly p N a unit": (masked(evenly(0)), "in a fixed number of them"),
    "the same in every call": (masked(fixed), "every call needs a mask"),
    "in turns": (masked(in_turns()), "those that the other keeps"),
    "channels": (channels, "dropped together"),
    "half a mask, twice": (masked(tiled), "dropped together"),
    "the smallest": (masked(lambda x, p: x > x.median()), "every call needs a mask"),
    "one image for all": (lambda x, p: x[0], "expected"),
    "nan": (lambda x, p: x * torch.nan, "not finite"),
}

RIGHT = {
    "by torch": lambda x, p: F.dropout(x, p),
    "by rand": masked(lambda x, p: torch.rand_like(x) >= p),
    "by bernoulli": masked(lambda x, p: torch.bernoulli(torch.full_like(x, 1 - p))),
    "image by image": lambda x, p: torch.stack([F.dropout(row, p) for row in x]),
    "a module": lambda x, p: torch.nn.Dropout(p)(x),
    "dropout2d of single pixels": lambda x, p: F.dropout2d(x[..., None, None], p)[..., 0, 0],
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("seed", range(5))
def test_is_every_wrong_dropout_told_and_named(name, seed):
    function, words = WRONG[name]
    finding, _ = asked(function, seed=seed)
    assert not finding.passed
    assert words in finding.message or words == "expected", finding


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("p", [0.1, 0.5, 0.7])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_does_every_right_dropout_pass(name, p, dtype):
    for seed in range(5):
        finding, seconds = asked(RIGHT[name], p, seed=seed, dtype=dtype)
        assert finding.passed, finding.message
        assert seconds < 0.5


def test_is_the_papers_dropout_judged_by_its_own_scale():
    finding, _ = asked(lambda x, p: x * (torch.rand_like(x) >= p), 0.3, scale=1.0)
    assert finding.passed


@pytest.mark.parametrize("shape", [(8, 4, 4, 8), (2, 512), (64, 16), (1, 1024)])
def test_may_the_input_have_any_shape(shape):
    assert asked(RIGHT["by torch"], 0.5, shape=shape)[0].passed
    assert not asked(WRONG["p = 0.42"][0], 0.5, shape=shape)[0].passed


@pytest.mark.parametrize("kind", ["images", "channels", "batch"])
@pytest.mark.parametrize("p", [0.2, 0.7])
def test_are_shared_masks_told_at_other_p(kind, p):
    draws = {
        "images": lambda x, p: torch.rand(len(x), 1) >= p,
        "channels": lambda x, p: (torch.rand(len(x), 16) >= p).repeat_interleave(8, dim=1),
        "batch": lambda x, p: torch.rand(x.shape[1]) >= p,
    }
    assert not asked(masked(draws[kind]), p)[0].passed


@pytest.mark.slow
def test_does_no_right_mask_fail_in_10_000_runs():
    generator = torch.Generator().manual_seed(5)
    sizes = [(16, 8, 128), (8, 4, 64), (4, 2, 32), (32, 1, 40), (16, 40, 1)]
    ways = itertools.cycle(itertools.product(sizes, [0.5, 0.4, 0.7, 0.05]))
    alarms = []
    for size, p in itertools.islice(ways, 10_000):
        gone = torch.rand(size, generator=generator) < p
        if gone.any() and not gone.all() and (fault := mask_fault(gone, p)):
            alarms.append((size, p, fault))
    assert not alarms


def test_may_parts_of_a_mask_be_unknown():
    generator = torch.Generator().manual_seed(6)
    known = torch.rand(IMAGES, UNITS, generator=generator) < 0.5
    for _ in range(200):
        gone = torch.rand(CALLS, IMAGES, UNITS, generator=generator) < 0.5
        assert not mask_fault(gone & known, 0.5, known)
    shared = gone[:, :1].expand(CALLS, IMAGES, UNITS)
    assert "image" in mask_fault(shared & known, 0.5, known)
    assert "whole images" in mask_fault(gone[:, :, :1] & known, 0.5, known)
    assert "nothing to drop" in mask_fault(gone, 0.5, known & False)


@given(st.integers(1, 40), st.sampled_from([0.05, 0.3, 0.5, 0.8]), st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_is_no_bound_below_the_chance_itself(tries, p, count):
    count = min(count, tries)
    binomial = torch.distributions.Binomial(tries, torch.tensor(p, dtype=torch.float64))
    each = binomial.log_prob(torch.arange(tries + 1).double()).exp()
    tail = each[count:].sum() if count > tries * p else each[: count + 1].sum()
    assert chances.of_count(count, tries, p) >= float(tail.log()) - 1e-6
    one = torch.tensor([count])
    squares = (torch.arange(tries + 1).double() - tries * p) ** 2
    over, under = chances.of_spread(one, torch.tensor([tries]), p)
    own = squares[count]
    assert over >= float(each[squares >= own - 1e-9].sum().log()) - 1e-6
    assert under >= float(each[squares <= own + 1e-9].sum().log()) - 1e-6


def test_does_an_input_with_zeros_or_a_certain_p_fail_loudly():
    with pytest.raises(ValueError, match="without zeros"):
        asked(lambda x, p: x, low=0.0, high=0.0)
    with pytest.raises(ValueError, match="not random"):
        mask_fault(torch.ones(2, 2, 2, dtype=torch.bool), 1.0)


@pytest.mark.parametrize("law", [DropoutLaw(0.5, 2.0), SpreadLaw(0.1, kind="uniform")])
def test_can_a_law_be_stored(law):
    assert stored.decoded(stored.encoded(law)) == law


@pytest.mark.parametrize("answer", [None, 3.0, "x", [], [None], torch.zeros(0), {"a": 1}])
@pytest.mark.parametrize("law", [DropoutLaw(0.5, 2.0), SpreadLaw(0.1)])
def test_does_anything_else_fail_without_an_error(law, answer):
    probe = ask(repeated, "d", 2, 0, torch.ones(2, 3), text="")
    assert not law(answer, None, probe).passed


# Initial weights -----------------------------------------------------------------------------


def spread(draw, kind="normal", mean=0.0, std=0.1):
    return SpreadLaw(std, mean, kind)(draw, None, ask(repeated, "d", text=""))


def normal(*shape, std=0.1):
    return torch.randn(*shape) * std


def uniform(*shape, std=0.1):
    return (torch.rand(*shape) * 2 - 1) * std * 3**0.5


SHAPE = (40, 100)


@pytest.mark.parametrize("scale", [0.92, 1.08, 0.1, 10.0])
@pytest.mark.parametrize(("kind", "draw"), [("normal", normal), ("uniform", uniform)])
def test_is_another_scale_told(kind, draw, scale):
    torch.manual_seed(0)
    assert spread(draw(*SHAPE), kind).passed
    finding = spread(draw(*SHAPE, std=0.1 * scale), kind)
    assert not finding.passed
    assert "spread" in finding.message


def test_are_other_distributions_told():
    torch.manual_seed(0)
    assert "reach beyond" in spread(normal(*SHAPE), "uniform").message
    assert "histogram" in spread(uniform(*SHAPE)).message
    assert "mean" in spread(normal(*SHAPE) + 0.02).message
    assert "their mean is 0.03" in spread(uniform(*SHAPE) + 0.03, "uniform").message
    signs = normal(*SHAPE).sign() * 0.1 + 1e-6 * normal(*SHAPE)
    assert "histogram" in spread(signs).message
    assert spread(normal(*SHAPE) + 1, mean=1.0).passed


def test_are_twins_told():
    torch.manual_seed(0)
    one = normal(1, 200)
    assert "equal another one" in spread(one.repeat(20, 1)).message
    assert "equal another one" in spread(torch.full((4000,), 0.1)).message
    assert "same numbers" in spread([normal(30, 30), (two := normal(50, 20)), two.clone()]).message
    assert "not finite" in spread(normal(50, 50) / 0).message
    assert spread([normal(30, 30), normal(50, 20)]).passed


@pytest.mark.slow
def test_does_no_right_start_fail_in_10_000_runs():
    generator = torch.Generator().manual_seed(5)
    for run in range(10_000):
        count = (30, 400, 2000)[run % 3]
        z = torch.randn(count, generator=generator) * 0.2
        assert spread(z, std=0.2).passed
        u = (torch.rand(count, generator=generator) * 2 - 1) * 3**0.5
        assert spread(u, "uniform", std=1.0).passed


@pytest.mark.parametrize("columns", [10, 257, 1000, 5000])
def test_are_the_pairs_looked_at_neighbours_from_everywhere(columns):
    found = laws._columns(columns)
    assert found[0] == 0
    assert found[-1] == columns - 1
    assert len(found) == len(found.unique()) <= laws.COLUMNS
