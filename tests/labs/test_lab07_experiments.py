"""Experiments of lab 7: the five networks, the stored results, and what the lab's text says."""

from __future__ import annotations

import re
from dataclasses import replace
from statistics import mean, stdev
from typing import Any

import pytest
import torch

from autograde import tree
from autograde.authoring import build, reference
from course import data
from course.data.dataset import Split
from course.instruments import count_parameters
from course.labs.lab07_summary import experiments
from course.labs.lab07_summary.experiments import families
from course.labs.shared.results import stored

LAB = "lab07_summary"
PARAMETERS = {
    "LeNet": 61_706,
    "AlexNet": 192_922,
    "VGG": 146_938,
    "Inception": 56_418,
    "ResNet": 77_754,
}


@pytest.fixture(scope="module")
def text() -> str:
    return "\n".join(cell.source for cell in build.parse(tree.find(), LAB).cells)


@pytest.mark.parametrize("family", families.FAMILIES)
def test_each_family_gives_ten_scores_with_its_parameters(family: str) -> None:
    model = families.fresh(family, 0)
    assert count_parameters(model) == PARAMETERS[family]
    assert model(torch.randn(2, *families.INPUT)).shape == (2, 10)


def test_a_seed_gives_the_same_start() -> None:
    first, again = (families.fresh("ResNet", 3).state_dict() for _ in range(2))
    other = families.fresh("ResNet", 4).state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["0.0.weight"], other["0.0.weight"])


def test_the_text_has_the_stored_numbers(text: str) -> None:
    results = stored(LAB)
    pace = results["milliseconds"]
    for name, runs in results["runs"].items():
        family, values = name.split(",")[0], [100 * run["accuracy"] for run in runs]
        time = pace[family] * runs[0]["epochs"] / (5 * pace["LeNet"])
        assert len(runs) == 5
        (row,) = re.findall(rf"^\| {name} \|.*$", text, re.MULTILINE)
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells[1] == f"{PARAMETERS[family]:,}"
        assert cells[2] == f"{families.cost_of(family).total_flops / 1e6:.1f}"
        assert float(cells[3]) == pytest.approx(time, abs=0.05)
        assert cells[4] == f"{mean(values):.1f} % ± {stdev(values):.1f}"


def test_the_text_has_the_references_parameters_in_the_file() -> None:
    model = reference.load(LAB)["build_network"]()
    assert sum(tensor.numel() for tensor in model.state_dict().values()) == 55_005


def test_the_fronts_that_the_text_names(capsys: pytest.CaptureFixture[str]) -> None:
    experiments.front_of_families(reference.load(LAB)["pareto_front"])
    told = capsys.readouterr().out
    assert "parameters and accuracy: Inception stay" in told
    assert "FLOPs and accuracy: LeNet, Inception stay" in told


def test_the_intervals_that_the_text_names(capsys: pytest.CaptureFixture[str]) -> None:
    interval = reference.load(LAB)["confidence_interval"]
    experiments.history_intervals(interval)
    assert "a person     5.1 %  on   1,500 images: 4.07 to 6.30 %" in capsys.readouterr().out
    low, high = interval(850, 1000)
    assert round(100 * (high - low), 1) == 4.4


def unwritten(*args: Any) -> Any:
    raise NotImplementedError("Exercise 7.2")


def failing(*args: Any) -> Any:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("function", "told"),
    [(unwritten, "is not written yet"), (failing, "stops with ZeroDivisionError")],
)
def test_cells_cope_with_what_is_not_there(
    function: Any, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    experiments.history_intervals(function)
    experiments.front_of_families(function)
    assert capsys.readouterr().out.count(told) == 2


def test_a_program_is_examined_and_torch_left_as_it_was(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names, before = reference.load(LAB), torch.nn.functional.cross_entropy
    assert experiments.examine(names) is not None
    assert experiments.examine({**names, "predict": failing}) is None
    assert torch.nn.functional.cross_entropy is before
    told = capsys.readouterr().out
    assert "test images are right" in told
    assert "the program stops with ZeroDivisionError" in told


def test_a_race_is_run_and_stands_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    fashion = data.load("fashion_mnist", verbose=False)
    few = replace(fashion, test=Split(fashion.test.images[:100], fashion.test.labels[:100]))
    own = experiments.race(experiments.Budget(few, train=64, epochs=1))
    assert list(own) == list(families.FAMILIES)
    experiments.family_table(own)
    told = capsys.readouterr().out
    assert "64 training images, 1 epochs, 100 test images" in told
    (row,) = re.findall(r"^LeNet  .*%$", told, re.MULTILINE)
    assert row.endswith(f"{100 * own['LeNet'][0]['accuracy']:.1f} %")


def test_no_family_is_built_without_saying_for_how_many_classes() -> None:
    """A network that anybody can build as it is would be an answer to the project."""
    for make in families.FAMILIES.values():
        with pytest.raises(TypeError):
            make()  # type: ignore[call-arg]


def test_the_figures_are_drawn_from_what_is_stored() -> None:
    for figure in (experiments.draw_bubbles(), experiments.draw_history()):
        assert len(figure.axes) == 1
