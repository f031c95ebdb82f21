"""Facts that the checks of lab 4 and its reference must satisfy."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import nn
from torchvision.models import vgg

from autograde.authoring import answers, checks, reference
from autograde.marking import hidden
from course.checks import stored
from course.checks.modules import count, filled
from course.labs.lab04_vgg import check, experiments
from course.labs.lab04_vgg.experiments.ledgers import IN_THE_PAPER
from course.labs.lab04_vgg.questions.changing import small_network, weighed

LAB = "lab04_vgg"
PARAMETERS = {
    **dict.fromkeys(("A", "A-LRN"), 132_863_336),
    "B": 133_047_848,
    "C": 133_638_952,
    "D": 138_357_544,
    "E": 143_667_240,
}


@pytest.fixture(scope="module")
def truth() -> Mapping[str, Any]:
    return reference.load(LAB)


@pytest.mark.parametrize("name", "ABDE")
def test_are_the_columns_torchvisions(name: str, truth: Mapping[str, Any]) -> None:
    assert truth["VGG_CONFIGS"][name] == vgg.cfgs[name]


def test_do_the_other_columns_follow_from_them(truth: Mapping[str, Any]) -> None:
    columns = truth["VGG_CONFIGS"]
    plain = [entry for entry in columns["A-LRN"] if entry != "LRN"]
    widened = [entry[0] if isinstance(entry, tuple) else entry for entry in columns["C"]]
    assert plain == columns["A"]
    assert widened == columns["D"]
    assert [entry for entry in columns["C"] if not isinstance(entry, tuple)] == columns["B"]


@pytest.mark.parametrize("name", PARAMETERS)
def test_has_the_reference_the_papers_parameters(name: str, truth: Mapping[str, Any]) -> None:
    with torch.device("meta"):
        total = count(truth["make_vgg"](truth["VGG_CONFIGS"][name]).parameters())
    assert total == PARAMETERS[name]
    assert round(total / 1e6) == IN_THE_PAPER[name]


def test_does_the_reference_score_like_torchvision(
    truth: Mapping[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    experiments.score_ledger(truth["make_vgg"])
    assert capsys.readouterr().out.count("equal to 12 digits") == 4


def test_has_vgg19_the_multiply_adds_that_he_and_others_give(truth: Mapping[str, Any]) -> None:
    with torch.device("meta"):
        model = truth["make_vgg"](vgg.cfgs["E"])
    flops = truth["layer_flops"](model, (1, 3, 224, 224))
    assert round(sum(flops.values()) / 2e9, 1) == 19.6


def test_does_the_lectures_comparison_hold(truth: Mapping[str, Any]) -> None:
    stack = truth["stack_parameters"]
    assert (stack(1, 3, 2), stack(1, 5, 1), stack(1, 3, 3), stack(1, 7, 1)) == (18, 25, 27, 49)


def test_has_every_exercise_three_other_right_answers() -> None:
    right = Counter(attempt.exercise for attempt in answers.load(LAB) if attempt.right)
    assert all(right[one.name] >= 3 for one in checks.load(LAB))


def test_are_hooks_that_stay_said_to_be_there(truth: Mapping[str, Any]) -> None:
    stays = next(one for one in answers.load(LAB) if one.says == "hooks that stay")
    for report in (
        check["activation_memory"].run({**truth, **stays.objects}),
        hidden.report(LAB, "activation_memory", {**truth, **stays.objects}, 4.0),
    ):
        assert "hooks left behind" in str(report)


# The table ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PARAMETERS)
def test_has_the_stored_check_no_column_of_the_table(name: str, truth: Mapping[str, Any]) -> None:
    column = truth["VGG_CONFIGS"][name]
    shapes = (column, [{"tuple": list(e)} if isinstance(e, tuple) else e for e in column])
    text = json.dumps(stored.read(LAB))
    assert "VGG_CONFIGS" in text
    assert not any(json.dumps(shape)[1:-1] in text for shape in shapes)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda column: [*column[:6], 512, *column[7:]], "stage 3: [512, 256, 'M']"),
        (lambda column: column[:-3], "4 stages: "),
        (lambda column: "64, 64, M", "column 'B' is a text, no list"),
    ],
)
def test_is_the_first_wrong_stage_named(change: Any, told: str, truth: Mapping[str, Any]) -> None:
    columns = truth["VGG_CONFIGS"]
    report = check["VGG_CONFIGS"].run({"VGG_CONFIGS": {**columns, "B": change(columns["B"])}})
    (failed,) = (result for result in report.results if result.outcome == "failed")
    assert failed.title == "column B"
    assert told in failed.found


def test_is_a_missing_column_named(truth: Mapping[str, Any]) -> None:
    columns = {name: truth["VGG_CONFIGS"][name] for name in "AB"}
    report = check["VGG_CONFIGS"].run({"VGG_CONFIGS": columns})
    assert "VGG_CONFIGS has no column 'C'; it has: A, B" in str(report)


def test_is_an_empty_table_not_attempted() -> None:
    for report in (
        check["VGG_CONFIGS"].run({"VGG_CONFIGS": {}}),
        hidden.report(LAB, "VGG_CONFIGS", {"VGG_CONFIGS": {}}, 3.0),
    ):
        assert (report.outcome, report.earned) == ("skipped", 0.0)


# Questions ----------------------------------------------------------------------------------


def test_are_all_places_of_a_weighed_tensor_told_apart() -> None:
    values = torch.tensor([1.0, 2.0, 3.0])
    assert weighed(values) == pytest.approx(1 + 2 * 1.5 + 3 * 2)
    assert weighed(values) != weighed(values.flip(0))


def test_does_a_filled_small_network_answer_to_its_images() -> None:
    model: nn.Module = small_network([3, "M", 4, "M"], 3, 5).double()
    images = torch.randn(4, 3, 12, 12, dtype=torch.float64)
    assert model(images).shape == (4, 3)
    assert float(filled(model, 6)(images).detach().std(dim=0).min()) > 1e-3
