"""Lab 9: what whitening does, what a ladder keeps and leaves out, its stored measurements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from autograde.authoring import reference
from course import data
from course.instruments import count_parameters
from course.labs.lab09_fast import experiments
from course.labs.lab09_fast.experiments import ladder, measured, networks
from course.labs.shared.results import stored
from course.training import schedules

LAB = "lab09_fast"
FAST: dict[str, Any] = {"batch_size": 16, "lr": 0.05}


@pytest.fixture(scope="module")
def solved() -> Mapping[str, Any]:
    return reference.load(LAB)


@pytest.fixture(scope="module")
def images() -> networks.Pictures:
    """The bundled pictures in CIFAR-10's shape, few and small."""
    shapes = data.load("shapes", profile="grade", size=(64, 32), verbose=False)
    return networks.pictures(shapes, small=True)


def test_the_references_triangle_is_the_librarys(solved: Mapping[str, Any]) -> None:
    theirs = schedules.triangle()
    for progress in torch.linspace(0, 1, 51).tolist():
        assert solved["triangle"](progress) == pytest.approx(theirs(progress))


def test_responses_have_the_variances_that_the_text_says(solved: Mapping[str, Any]) -> None:
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randn(20, 3, 9, 9, generator=generator, dtype=torch.float64)
    pictures = pictures + pictures.roll(1, dims=-1) + 2
    filters = solved["whitening_filters"](pictures, 2, 0.1)
    responses = torch.nn.functional.conv2d(pictures, filters).transpose(0, 1).flatten(1)
    patches = torch.nn.functional.unfold(pictures, 2).transpose(0, 1).flatten(1)
    values = torch.linalg.eigvalsh(torch.cov(patches, correction=0)).flip(0)
    assert torch.allclose(torch.cov(responses, correction=0), torch.diag(values / (values + 0.1)))


def test_the_paper_sized_network_begins_white_and_keeps_its_filters(
    images: networks.Pictures, solved: Mapping[str, Any]
) -> None:
    filters = solved["whitening_filters"](images.train[0])
    model = networks.network((8, 8, 8), filters)
    ladder.fitted(model, images, epochs=1, seed=0, options=FAST)
    first = model[0].weight.detach().cpu()
    assert torch.equal(first, torch.cat([filters, -filters]))
    with torch.device("meta"):
        assert count_parameters(networks.network((64, 256, 256))) == 1_972_802


def test_a_step_whose_function_is_not_written_is_left_out(
    images: networks.Pictures, capsys: pytest.CaptureFixture[str]
) -> None:
    def unwritten(_: Tensor) -> Tensor:
        raise NotImplementedError("Exercise 1.2")

    climbing = experiments.Ladder(images, epochs=1, seeds=range(2))
    climbing.step("plain", **FAST)
    climbing.step("white", needs="whitening_filters", filters=unwritten)
    climbing.step("smooth", label_smoothing=0.2)
    assert list(climbing.accuracies) == ["plain", "smooth"]
    assert "`whitening_filters` is not written yet" in capsys.readouterr().out


def test_a_test_time_step_asks_the_same_networks(images: networks.Pictures) -> None:
    asked: list[int] = []

    def scores(model: torch.nn.Module, some: Tensor) -> Tensor:
        asked.append(id(model))
        return ladder.plain_scores(model, some)

    climbing = experiments.Ladder(images, epochs=1, seeds=range(2))
    climbing.step("plain", **FAST)
    climbing.step("asked again", scores=scores)
    assert climbing.accuracies["plain"] == climbing.accuracies["asked again"]
    assert len(set(asked)) == 2


def test_a_race_tells_accuracy_and_seconds_of_each_seed(
    images: networks.Pictures, solved: Mapping[str, Any]
) -> None:
    found = experiments.race(
        images, 1, range(2), solved["whitening_filters"], solved["flipped_scores"], **FAST
    )
    assert found is not None
    assert [len(found[name]) for name in ("accuracy", "seconds")] == [2, 2]
    assert "captured" not in found["pace"] or "not captured" in found["pace"]


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ([0.60, 0.61, 0.62], "   better"),
        ([0.40, 0.41, 0.42], "   worse"),
        ([0.40, 0.60, 0.50], "   no finding"),
    ],
)
def test_a_gain_within_its_error_is_no_finding(now: list[float], told: str) -> None:
    assert measured.said(now, [0.5, 0.5, 0.51]) == told


def test_what_was_measured_before_is_the_notebooks_ladder(
    images: networks.Pictures, solved: Mapping[str, Any]
) -> None:
    runs = stored(LAB)["ladder"]["accuracies"]
    assert list(runs) == list(measured.steps(solved, images))
    assert {len(found) for found in runs.values()} == {5}
