"""What lab 1's experiments measure."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from autograde.authoring import reference
from course import data
from course.device import seeded
from course.instruments import record_activations
from course.labs.lab01_activations.experiments import Budget, dead, memory, stacks

dead_fraction = reference.load("lab01_activations")["dead_fraction"]


@pytest.mark.parametrize("initialisation", ["He", "PyTorch"])
def test_are_dead_units_counted_as_the_exercise_asks(initialisation: str) -> None:
    found = dead.dead_by_depth([3], initialisation, depth=12, width=32)
    with seeded(3):
        model = stacks.stack("relu", initialisation, 12, 32)
        outputs = record_activations(model, torch.randn(512, 32), nn.ReLU)
    assert found[0].tolist() == pytest.approx([dead_fraction(one) for one in outputs.values()])
    assert 0 < found[0, -1] < 1


def test_is_a_training_that_diverged_told_from_dead_units() -> None:
    budget = Budget(data.load("fashion_mnist", size=(64, 32)), seeds=[0], epochs=1)
    assert 0 <= dead.dead_by_rate(budget, 0.001).dead.item() < 1
    assert dead.dead_by_rate(budget, float("inf")).dead.isnan().item()


def test_does_torch_keep_elus_input_and_sigmoids_output() -> None:
    x = torch.randn(8, 4, requires_grad=True)
    assert memory.kept_by(F.elu, x, x).tensors == 0
    assert memory.kept_by(torch.sigmoid, x, x) == memory.Kept(1, 8 * 4 * 4)


def test_does_he_keep_the_gradient_of_a_relu_stack() -> None:
    assert stacks.propagate("relu", "He").backward_ratio == pytest.approx(1, rel=0.5)
    assert stacks.propagate("sigmoid", "He").backward_ratio < 1e-8
