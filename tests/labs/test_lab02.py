"""What lab 2's checks say and believe: messages, judges, held-back images, sealed constants."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from autograde.authoring import answers, checks, reference
from autograde.marking import hidden
from course.checks import Report, call
from course.checks.stored import read
from course.data import fashion_mnist
from course.labs.lab02_lenet import check
from course.labs.lab02_lenet.images import as_inputs
from course.labs.lab02_lenet.judges import Counted, RightAtLeast, Sealed, seal
from course.labs.lab02_lenet.questions.networks import two_neighbours
from course.labs.lab02_lenet.questions.training import numbers_held

LAB = "lab02_lenet"
PROBE = call("squash")


def on_answer(exercise: str, says: str) -> Report:
    """The visible report on one of the hand-written answers."""
    found = [one for one in answers.load(LAB) if (one.exercise, one.says) == (exercise, says)]
    return check[exercise].run({**reference.load(LAB), **found[0].objects})


# What breaks an interface -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "says", "message"),
    [
        ("C3Convolution", "squashed, with the right count", "did not come out as one weight of"),
        ("C3Convolution", "dense and padded", "must come out as 16 maps of 1×1"),
        ("C3Convolution", "no module", "expected an nn.Module"),
        ("LeNet5", "layers under other names", "expected a layer called `c3`"),
        ("Subsampling", "the bias is no parameter", "expected an nn.Parameter called `bias`"),
        ("LeNet", "without the last layer", "expected 10 parameters"),
        ("conv2d", "autograd is cut off: it costs the gradients only", "can't follow the output"),
        ("lenet5_table", "a list", "expected a dict with the key 'C1'"),
        ("c3_connections", "one group alone", "expected 16 groups"),
        ("train_lenet", "nothing is trained", "10,250 numbers kept"),
        ("train_lenet", "good enough, and too large", "70,250 numbers kept"),
        ("train_lenet", "nine classes", "one for each class"),
        ("train_lenet", "losses, no network", "train_lenet gave a list or tuple, expected"),
        ("train_lenet", "the images themselves, in no parameter", "2,068,001 numbers kept"),
        ("c3_connections", "halves", "expected the numbers of maps, found 3.5"),
        ("Subsampling", "float64 parameters", "expected parameters in float32, found float64"),
        ("Subsampling", "starts as nan", "starts as nan or infinite"),
    ],
)
def test_is_it_said_what_breaks_the_interface(name: str, says: str, message: str) -> None:
    assert message in " / ".join(result.found for result in on_answer(name, says).results)


@pytest.mark.parametrize(
    ("name", "says", "lost"),
    [
        ("C3Convolution", "a mask: it costs the count only", "exactly 1,516 parameters"),
        ("LeNet5", "always ten codes", "thirteen codes"),
        ("LeNet", "dropout", "gradients of all weights, in training mode"),
        ("train_epoch", "the usual batch is 64", "batches of 32 where no size is given"),
    ],
)
def test_does_one_slip_cost_one_case(name: str, says: str, lost: str) -> None:
    results = on_answer(name, says).results
    assert [result.title for result in results if result.outcome != "passed"] == [lost]


def test_must_codes_be_fixed() -> None:
    outcomes = {
        one.title: one.outcome for one in on_answer("LeNet5", "codes that are trained").results
    }
    assert outcomes["the codes are fixed, and saved with the weights"] == "failed"


# Judges -----------------------------------------------------------------------------------

LABELS = torch.tensor([0, 1, 2, 3])


@pytest.mark.parametrize(
    ("answer", "passed"),
    [
        ({"parameters": 61_706, "classes": torch.tensor([0, 1, 2, 9])}, True),
        ({"parameters": 61_706, "classes": torch.tensor([0, 1, 9, 9])}, False),
        ({"parameters": 61_707, "classes": LABELS}, False),
        ({"parameters": 0, "classes": LABELS}, False),
        ({"parameters": True, "classes": LABELS}, False),
        ({"parameters": 9, "classes": LABELS[:3]}, False),
        ({"parameters": 9, "classes": LABELS.double()}, False),
        ({"parameters": 9}, False),
        ({"parameters": 9, "classes": LABELS, "images and labels as they were": True}, True),
        ({"parameters": 9, "classes": LABELS, "images and labels as they were": False}, False),
        (LABELS, False),
        (None, False),
    ],
)
def test_does_the_judge_count_right_classes_and_believe_no_shape(answer: Any, passed: bool) -> None:
    assert RightAtLeast(0.75)(answer, LABELS, PROBE).passed is passed


@pytest.mark.parametrize(
    ("answer", "passed"),
    [
        ([1, 2], True),
        ([1.0, torch.tensor([2])], True),
        (torch.tensor([1, 2]), True),
        ([2, 1], False),
        ({"0": 1, "1": 2}, False),
        ([1, 2, 3], False),
        ([1.5, 2], False),
        ("[1, 2]", False),
        (None, False),
        ([float("nan"), 2], False),
    ],
)
def test_does_a_seal_fit_equal_numbers_alone(answer: Any, passed: bool) -> None:
    finding = Sealed("two numbers")(answer, seal([1, 2]), PROBE)
    assert finding.passed is passed
    assert finding.expected == "two numbers"


@pytest.mark.parametrize(
    ("answer", "passed"),
    [
        ({"parameters": 5, "connections": 0}, True),
        ({"parameters": 6, "connections": 60}, False),
        (5, False),
        (None, False),
    ],
)
def test_does_the_count_alone_decide(answer: Any, passed: bool) -> None:
    assert Counted()(answer, {"parameters": 5, "connections": 60}, PROBE).passed is passed


def test_are_numbers_counted_wherever_a_network_keeps_them() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2, affine=False))
    shared = model.extra = torch.zeros(7)
    model.table = {"same": shared, "other": [torch.zeros(4)]}
    assert numbers_held(model) == 8 + 5 + 7 + 4


ELSEWHERE = torch.zeros(9)


class Elsewhere(nn.Module):
    """Reads one global name in a function of a method, and an attribute that is called like it."""

    def forward(self, x: Tensor) -> Any:
        return [(lambda row: row + ELSEWHERE)(row) for row in x]

    def unread(self, x: Any) -> Any:
        return x.KEPT_ELSEWHERE


KEPT_ELSEWHERE = torch.zeros(5)


def test_is_what_lies_behind_global_names_counted() -> None:
    assert numbers_held(Elsewhere()) == 9


def test_is_another_table_of_connections_no_fault_of_the_network_around() -> None:
    around = answers.load(LAB).changed(
        "LeNet5", "- self.c3 = C3Convolution()\n+ self.c3 = nn.Conv2d(6, 16, 5)"
    )
    report = check["LeNet5"].run({**reference.load(LAB), **around})
    failed = [number for number, one in enumerate(report.results) if one.outcome != "passed"]
    assert failed == [0, 1]  # the two that count


# What stays secret ------------------------------------------------------------------------


def test_are_constants_stored_as_seals() -> None:
    stored = read(LAB)["checks"]
    cases = [*stored["c3_connections"]["cases"], *stored["lenet5_table"]["cases"]]
    cases += [one for one in stored["C3Convolution"]["cases"] if "table" in one["title"]]
    assert len(cases) == 7
    assert all(len(one["expected"]) == 32 for one in cases)


def test_are_the_kernels_of_the_question_on_connections_of_every_right_table() -> None:
    read_from = two_neighbours(torch.ones(16, 6, 5, 5)).flatten(2).any(dim=2)
    for group, row in zip(reference.load(LAB)["c3_connections"](), read_from, strict=True):
        assert set(row.nonzero().flatten().tolist()) < set(group)


def held_back() -> Any:
    return hidden.check(LAB, "train_lenet").cases[-1].case


def test_do_labels_held_back_stay_here() -> None:
    case = held_back()
    sent = [one for one in case.probe.args if isinstance(one, Tensor)]
    assert case.expected.shape == (1000,)
    assert not any(one.shape == case.expected.shape for one in sent)
    assert case.probe.seconds >= 30


def test_are_images_held_back_not_among_the_bundled_ones() -> None:
    bundled = fashion_mnist.bundled().splits
    known = {
        image.numpy().tobytes() for part in (bundled.train, bundled.test) for image in part.images
    }
    assert not [image for image in held_back().probe.args[2] if image.numpy().tobytes() in known]


def test_is_the_reference_good_enough_with_a_margin() -> None:
    report = (
        checks.load(LAB)["train_lenet"].graded(reference.load(LAB), 11).run(reference.load(LAB))
    )
    assert report.fraction == 1, str(report)
    assert float(report.results[-1].found.split("%")[0]) >= 72, report.results[-1].found


def test_are_inputs_framed_in_black_and_normalised() -> None:
    x = as_inputs(torch.full((2, 1, 28, 28), 255, dtype=torch.uint8))
    assert x.shape == (2, 1, 32, 32)
    assert x.dtype == torch.float32
    assert x[0, 0, 0, 0].item() == pytest.approx(-0.2860 / 0.3530)
    assert x[0, 0, 2, 2].item() == pytest.approx((1 - 0.2860) / 0.3530)
