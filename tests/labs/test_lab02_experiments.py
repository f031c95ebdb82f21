"""Experiments of lab 2: what is done to images, the codes, and the recorded measurements."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from course.instruments import count_parameters
from course.labs.lab02_lenet import images as lab_images
from course.labs.lab02_lenet.experiments import codes, networks, shifts
from course.labs.lab02_lenet.experiments.one_batch import losses_on_one_batch
from course.labs.shared.results import stored


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(5, 1, 32, 32, generator=torch.Generator().manual_seed(3))


def test_permuting_moves_the_pixels_of_all_images_in_the_same_way(images):
    mixed = lab_images.permuted(images)
    assert mixed.shape == images.shape
    assert torch.equal(mixed.flatten(1).sort().values, images.flatten(1).sort().values)
    places = torch.arange(1024.0).view(1, 1, 32, 32)
    order = lab_images.permuted(places).flatten().long()
    assert torch.equal(mixed.flatten(1), images.flatten(1)[:, order])
    assert not torch.equal(mixed, images)


@pytest.mark.parametrize("by", [0, 1, 8])
def test_shifting_moves_to_the_right_and_black_comes_in(images, by):
    moved = lab_images.shifted(images, by)
    assert torch.equal(moved[..., by:], images[..., : 32 - by])
    assert (moved[..., :by] == lab_images.BLACK).all()


def test_every_jittered_image_is_a_shift_within_bounds_and_they_differ(images):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        moved = lab_images.jittered(images[:1].repeat(40, 1, 1, 1), most=2)
    framed = torch.nn.functional.pad(images[0, 0], (2, 2, 2, 2), value=lab_images.BLACK)
    allowed = {framed[i : i + 32, j : j + 32].numpy().tobytes() for i in range(5) for j in range(5)}
    found = {one[0].numpy().tobytes() for one in moved}
    assert found <= allowed
    assert len(found) > 10


def test_codes_are_signs_and_no_two_are_near_one_another():
    signs = codes.clothes_codes()
    assert signs.shape == (10, 84)
    assert set(signs.unique().tolist()) == {-1.0, 1.0}
    distances = (signs[:, None] != signs[None]).sum(dim=2) + 84 * torch.eye(10, dtype=torch.long)
    assert distances.min() >= 20


def test_the_networks_compared_have_about_as_many_parameters():
    assert count_parameters(networks.perceptron()) == 62_110
    assert count_parameters(networks.strided()) == 65_534
    assert count_parameters(networks.linear()) == 10_250


class Unwritten(nn.Module):
    def forward(self, x):
        raise NotImplementedError("Exercise 2.12")


def test_a_stand_in_takes_the_place_of_a_lenet_that_is_not_written(capsys):
    name, make = networks.lenet_of({"LeNet": Unwritten})
    assert make()(torch.zeros(3, 1, 32, 32)).shape == (3, 10)
    assert name == "stand-in"
    assert "not written yet" in capsys.readouterr().out
    assert networks.lenet_of({"LeNet": networks.linear}) == ("LeNet", networks.linear)


def test_recorded_measurements_have_one_value_for_each_seed():
    recorded = stored("lab02_lenet")
    seeds = len(recorded["about"]["seeds"])
    assert seeds >= 5
    assert set(shifts.RECORDED_SHIFTS) <= set(recorded["by shift"])
    assert all(len(values) == seeds for values in recorded["accuracy"].values())
    for runs in recorded["by shift"].values():
        assert [len(run) for run in runs] == [len(shifts.SHIFTS)] * seeds
    for key, runs in recorded["by shift"].items():
        assert [run[0] for run in runs] == recorded["accuracy"][key]  # no shift: the plain test


def test_learning_one_batch_by_heart_works_for_a_sound_training_only():
    images, labels = torch.randn(20, 1, 32, 32), torch.arange(20) % 10
    sound = losses_on_one_batch(networks.linear, (images, labels), steps=40, lr=1e-2)
    wrong = losses_on_one_batch(
        networks.linear, (images, labels), steps=40, lr=1e-2, other_labels=True
    )
    assert sound[-1] < 0.1 < 1.0 < wrong[-1]
