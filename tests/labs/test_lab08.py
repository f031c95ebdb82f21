"""Lab 8: facts of the papers that its reference must satisfy, and its stored measurements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch

from autograde.authoring import reference
from course.instruments import count_parameters
from course.labs.lab08_beyond.experiments import blocks, fooling, forgetting, networks, transfer
from course.labs.shared.results import stored

LAB = "lab08_beyond"


@pytest.fixture(scope="module")
def solved() -> Mapping[str, Any]:
    return reference.load(LAB)


@pytest.mark.parametrize("kernel", [3, 5])
def test_a_separable_convolution_saves_what_the_paper_says(
    kernel: int, solved: Mapping[str, Any]
) -> None:
    cost = solved["convolution_cost"]
    pair = cost(32, 32, kernel, 14, 14, 32)[1] + cost(32, 64, 1, 14, 14)[1]
    assert pair / cost(32, 64, kernel, 14, 14)[1] == pytest.approx(1 / 64 + 1 / kernel**2)


@pytest.mark.parametrize(
    ("depth", "growth", "parameters"), [(40, 12, 1_019_722), (100, 24, 27_249_082)]
)
def test_densenets_of_the_references_block_have_the_papers_size(
    depth: int, growth: int, parameters: int, solved: Mapping[str, Any]
) -> None:
    with torch.device("meta"):
        model = blocks.densenet(solved["DenseBlock"], depth, growth)
    assert count_parameters(model) == parameters


def test_maps_are_ranked_from_alike_to_opposite() -> None:
    maps = torch.rand(3, 5, 5, generator=torch.Generator().manual_seed(0)).double()
    assert forgetting.rank_correlation(maps, maps**3).tolist() == pytest.approx([1.0] * 3)
    assert forgetting.rank_correlation(maps, -maps).tolist() == pytest.approx([-1.0] * 3)


def test_a_network_forgets_from_the_top_and_the_given_one_stays() -> None:
    model = networks.small_resnet(10).eval()
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    other = forgetting.forgotten(model, 1, seed=0).state_dict()
    assert all(map(torch.equal, model.state_dict().values(), kept.values()))
    changed = {name.split(".")[0] for name in kept if not torch.equal(kept[name], other[name])}
    assert changed == {"head"}


def test_what_was_measured_before_is_complete() -> None:
    results = stored(LAB)
    sizes = {str(n) for n in transfer.PER_CLASS}
    assert {name: set(runs) for name, runs in results["transfer"]["runs"].items()} == dict.fromkeys(
        transfer.COLOURS, sizes
    )
    assert set(results["forgetting"]["forgotten"]) == set(forgetting.PARTS)
    attacks = results["attacks"]["runs"]
    assert {len(run) for runs in attacks.values() for run in runs} == {len(fooling.EPSILONS)}
