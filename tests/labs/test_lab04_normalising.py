"""The student's BatchNorm in a network of lab 4."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from autograde.authoring import reference
from course.labs.lab04_vgg.experiments import compare_batch_norm, compare_gradients

REFERENCE = reference.load("lab04_vgg")
RIGHT, BACK = REFERENCE["batch_norm"], REFERENCE["batch_norm_gradients"]


def test_the_right_function_makes_the_same_network(capsys: pytest.CaptureFixture[str]) -> None:
    compare_batch_norm(RIGHT, steps=1)
    assert capsys.readouterr().out.count("equal up to rounding") == 3


def test_another_function_makes_another_network(capsys: pytest.CaptureFixture[str]) -> None:
    compare_batch_norm(lambda x, w, b, m, v, training: (RIGHT(x, w, b, m, v, True)[0], m, v), 1)
    told = capsys.readouterr().out.splitlines()
    assert [line.endswith("another network") for line in told] == [False, False, True]


def test_what_is_not_written_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    def batch_norm(*args: object) -> None:
        raise NotImplementedError

    compare_batch_norm(batch_norm)
    assert "not written yet" in capsys.readouterr().out


# The way back ------------------------------------------------------------------------------


def test_the_right_way_back_gives_pytorchs_gradients(capsys: pytest.CaptureFixture[str]) -> None:
    compare_gradients(BACK)
    told = capsys.readouterr().out
    assert told.count("equal up to rounding") == 4
    assert "convolutions' biases    PyTorch's 0 up to rounding" in told


def test_statistics_held_give_other_gradients(capsys: pytest.CaptureFixture[str]) -> None:
    def held(x: Tensor, weight: Tensor, grad_output: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        _, *others = BACK(x, weight, grad_output)
        deviation = (x.var(dim=(0, 2, 3), unbiased=False) + 1e-5).sqrt()
        return grad_output * (weight / deviation).view(-1, 1, 1), *others

    compare_gradients(held)
    assert capsys.readouterr().out.count("other gradients") == 4


def test_a_way_back_that_is_not_written_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    def batch_norm_gradients(*args: object) -> None:
        raise NotImplementedError

    compare_gradients(batch_norm_gradients)
    assert "`batch_norm_gradients` is not written yet" in capsys.readouterr().out


def test_the_example_s_first_gradients_are_as_the_text_says() -> None:
    four = torch.arange(1, 8, 2).double().view(1, 1, 1, -1)
    alone = (four == 1).double()
    slopes, *_ = BACK(four, torch.ones(1, dtype=torch.float64), alone)
    assert 1 - float(slopes[0, 0, 0, 0]) * 5**0.5 == pytest.approx(0.7, abs=1e-4)
    assert float(slopes.sum()) == pytest.approx(0, abs=1e-12)
    assert float((slopes * (four - 4)).sum()) == pytest.approx(0, abs=1e-5)


def test_does_the_way_back_agree_with_differences_of_the_way_there() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        x, arrives = (torch.randn(3, 2, 2, 2, dtype=torch.float64) for _ in range(2))
        weight = torch.randn(2, dtype=torch.float64)

    def loss(maps: Tensor, scale: Tensor) -> float:
        y, *_ = RIGHT(maps, scale, *(torch.zeros(2),) * 2, torch.ones(2), True)
        return float((y * arrives).sum())

    at_x, at_weight, _ = BACK(x, weight, arrives)
    push = 1e-6
    for place in ((0, 0, 0, 0), (2, 1, 1, 0)):
        moved = torch.zeros_like(x)
        moved[place] = push
        slope = (loss(x + moved, weight) - loss(x - moved, weight)) / (2 * push)
        assert slope == pytest.approx(float(at_x[place]), rel=1e-5)
    moved = torch.tensor([push, 0.0], dtype=torch.float64)
    slope = (loss(x, weight + moved) - loss(x, weight - moved)) / (2 * push)
    assert slope == pytest.approx(float(at_weight[0]), rel=1e-5)
