"""Lab 0's checks: right answers pass however they are written, each known mistake is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from autograde.authoring import reference
from autograde.marking import hidden
from course.checks import Check, Mistake, Prepared, Report
from course.checks.book import VISIBLE_SEED
from course.checks.lab00 import check, demo

LAB = "lab00_setup"
NAMES = [one.name for one in check]
MISTAKES = [(one.name, mistake) for one in check for mistake in one.mistakes]
SEEDS = [11, 2**40]


def hidden_check(name: str) -> Check:
    return hidden.checks(LAB)[name]


@cache
def prepared(name: str, seed: int) -> list[Prepared]:
    """Visible cases for the visible seed, hidden ones else; shared, as by a class of students."""
    if seed == VISIBLE_SEED:
        return check[name].prepared(seed=seed)
    return hidden_check(name).prepared(reference.load(LAB), seed)


# --- Right answers, written in other ways --------------------------------------------------------


def normalise_by_loop(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    channels = [(images[:, c] / 255.0 - mean[c]) / std[c] for c in range(images.shape[1])]
    return torch.stack(channels, dim=1)


def normalise_channels_last(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    scaled = images.float().div_(255).permute(0, 2, 3, 1)
    return ((scaled - mean) / std).permute(0, 3, 1, 2)


def normalise_in_bytes(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    shift, scale = mean * 255, std * 255
    return (images - shift[None, :, None, None]) / scale[None, :, None, None]


def error_by_rank(logits: Tensor, labels: Tensor, k: int) -> float:
    if k > logits.size(1) or k < 1:
        raise ValueError("k")
    own = logits.gather(1, labels[:, None])
    return ((logits > own).sum(1) >= k).double().mean().item()


def error_by_loop(logits: Tensor, labels: Tensor, k: int) -> float:
    if k not in range(1, logits.shape[1] + 1):
        raise ValueError("k")
    wrong = 0
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        best = sorted(range(len(row)), key=row.__getitem__)[-k:]
        wrong += label not in best
    return wrong / len(labels)


def error_as_tensor(logits: Tensor, labels: Tensor, k: int) -> Tensor:
    if k > logits.shape[-1]:
        raise ValueError("k")
    order = torch.argsort(logits, dim=-1, descending=True)[:, :k]
    missed = torch.all(order.ne(labels.view(-1, 1)), dim=-1)
    return missed.sum() / missed.numel()


def by_class_by_mask(logits: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    guesses = logits.argmax(1)
    return torch.stack([(guesses[labels == c] == c).float().mean() for c in range(num_classes)])


def by_class_by_loop(logits: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    right, total = [0] * num_classes, [0] * num_classes
    for guess, label in zip(logits.max(1).indices.tolist(), labels.tolist(), strict=True):
        total[label] += 1
        right[label] += guess == label
    shares = [r / n if n else float("nan") for r, n in zip(right, total, strict=True)]
    return torch.tensor(shares, dtype=torch.float64)


def by_class_by_scatter(logits: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    hits = (logits.argmax(-1) == labels).float()
    sums = torch.zeros(num_classes).scatter_add_(0, labels, hits)
    return sums / torch.zeros(num_classes).scatter_add_(0, labels, torch.ones_like(hits))


RIGHT: dict[str, list[Callable[..., Any]]] = {
    "normalise_images": [normalise_by_loop, normalise_channels_last, normalise_in_bytes],
    "topk_error": [error_by_rank, error_by_loop, error_as_tensor],
    "accuracy_by_class": [by_class_by_mask, by_class_by_loop, by_class_by_scatter],
}


@pytest.mark.parametrize("answer", [f for answers in RIGHT.values() for f in answers])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_right_answer_in_other_words_gets_full_marks(
    answer: Callable[..., Any], seed: int
) -> None:
    name = next(key for key, answers in RIGHT.items() if answer in answers)
    for one in (check[name], hidden_check(name)):
        report = one.run({name: answer}, oracle=reference.load(LAB), seed=seed)
        assert report.fraction == 1, str(report)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_reference_and_the_public_oracle_agree(name: str, seed: int) -> None:
    report = hidden_check(name).run(reference.load(LAB), seed=seed)
    assert report.fraction == 1, str(report)


# --- Wrong answers -------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "mistake"), MISTAKES, ids=lambda x: getattr(x, "name", x))
@pytest.mark.parametrize("seed", [VISIBLE_SEED, *SEEDS])
def test_a_known_mistake_loses_points_and_is_told(name: str, mistake: Mistake, seed: int) -> None:
    wrong = {**reference.load(LAB), **mistake.objects}
    results = tuple(one.result(one.case.probe.run(wrong)) for one in prepared(name, seed))
    report = Report(name, "", results, points=3)
    assert report.outcome == "failed", str(report)
    assert report.fraction < 0.75
    told = {result.mistake for result in results if result.outcome == "failed"} - {""}
    assert told == {mistake.name}, str(report)
    assert mistake.hint in {result.hint for result in results}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_written_is_skipped(name: str) -> None:
    def stub(*args: Any) -> None:
        raise NotImplementedError("Exercise 0.1")

    for one in (check[name], hidden_check(name)):
        report = one.run({name: stub}, oracle=reference.load(LAB))
        assert (report.outcome, report.earned) == ("skipped", 0)
        assert one.run({}, oracle=reference.load(LAB)).outcome == "skipped"


@pytest.mark.parametrize("constant", [0.0, 0.5, 1.0])
def test_a_constant_error_earns_nothing(constant: float) -> None:
    assert check["topk_error"].run({"topk_error": lambda *args: constant}).fraction == 0


def test_an_untouched_image_earns_nothing() -> None:
    identity = {"normalise_images": lambda images, mean, std: images}
    assert check["normalise_images"].run(identity).fraction == 0


@pytest.mark.parametrize("value", [float("nan"), 0.0, 1.0])
def test_constant_accuracies_earn_nothing(value: float) -> None:
    constant = {"accuracy_by_class": lambda logits, labels, k: torch.full((k,), value)}
    assert check["accuracy_by_class"].run(constant).fraction == 0


def test_float64_costs_the_dtype_case_only() -> None:
    def doubled(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        return normalise_by_loop(images, mean, std).double()

    report = check["normalise_images"].run({"normalise_images": doubled})
    failed = [result for result in report.results if result.outcome == "failed"]
    assert [result.found for result in failed] == ["'float64'"]
    assert 0.8 < report.fraction < 1


def test_torchs_own_error_for_a_large_k_costs_that_case_only() -> None:
    def unguarded(logits: Tensor, labels: Tensor, k: int) -> float:
        return 1 - (logits.topk(k).indices == labels[:, None]).any(1).double().mean().item()

    report = check["topk_error"].run({"topk_error": unguarded})
    failed = [result for result in report.results if result.outcome == "failed"]
    assert [result.found for result in failed] == ["'RuntimeError'"]
    assert "ValueError" in failed[0].hint


# --- The demonstration ---------------------------------------------------------------------------


def test_the_demonstration_shows_all_three_outcomes() -> None:
    def stub(height: int, width: int, channels: int) -> int:
        raise NotImplementedError("demonstration")

    answers = [stub, lambda h, w, c: h * w, lambda h, w, c: h * w * c]
    reports = [demo["values_in_image"].run({"values_in_image": answer}) for answer in answers]
    assert [report.outcome for report in reports] == ["skipped", "failed", "passed"]
    assert {result.mistake for result in reports[1].results} == {"", "one_channel"}
