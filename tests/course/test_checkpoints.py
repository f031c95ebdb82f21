"""Checkpoints: a run that stops and goes on is the run that never stopped."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from course.training import CheckpointError, History, checkpoints, fit, repeat, schedules


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    monkeypatch.setenv("COURSE_PROGRESS", "0")


def small_cnn() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(),
        nn.Dropout(0.5), nn.Linear(4 * 36, 3),
    )  # fmt: skip


def dataset() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(30, 2, 6, 6, generator=generator), torch.arange(30).remainder(3)


def train(path: Path | None, stop_in: int = 99, **options: Any) -> tuple[nn.Module, History]:
    """Four epochs with all that is random; Ctrl-C in the third batch of epoch ``stop_in``."""
    batches = iter(range(1, 1000))

    def augment(images: Tensor) -> Tensor:
        if next(batches) == 3 * stop_in:
            raise KeyboardInterrupt
        return images + 0.1 * torch.randn_like(images)

    torch.manual_seed(0)
    model = small_cnn()
    settings: dict[str, Any] = {
        "epochs": 4, "batch_size": 8, "lr": 1e-2, "seed": 5, "optimizer": torch.optim.Adam,
        "schedule": schedules.cosine(), "test": dataset(), "augment": augment,
    }  # fmt: skip
    return model, fit(model, dataset(), checkpoint=path, **(settings | options))


def test_an_interrupted_run_goes_on_to_the_identical_result(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "small.pt"
    whole, expected = train(None)
    _, first = train(path, stop_in=3)
    model, history = train(path)
    assert (first.stopped_by, len(first)) == ("interrupt", 2)
    assert f"went on after epoch 2, from {path}" in history.message
    for name, value in whole.state_dict().items():
        assert torch.equal(model.state_dict()[name], value), name
    assert [e._replace(seconds=0) for e in history.epochs] == [
        e._replace(seconds=0) for e in expected.epochs
    ]
    assert [p.name for p in path.parent.iterdir()] == ["small.pt"]


def test_a_run_may_go_on_in_another_memory_layout(tmp_path: Path) -> None:
    whole, _ = train(None, channels_last=False)
    train(tmp_path / "a.pt", stop_in=3, channels_last=True)
    model, _ = train(tmp_path / "a.pt", channels_last=False)
    torch.testing.assert_close(model.state_dict(), whole.state_dict(), rtol=1e-3, atol=1e-4)


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    model, history = train(tmp_path / "a.pt")
    again, same = train(tmp_path / "a.pt", stop_in=1)
    assert same.stopped_by is None
    assert same.epochs == history.epochs
    assert torch.equal(again[5].weight, model[5].weight)  # type: ignore[index]


def test_without_resume_a_run_begins_afresh(tmp_path: Path) -> None:
    train(tmp_path / "a.pt")
    _, history = train(tmp_path / "a.pt", resume=False)
    assert history.message == ""


def test_a_run_without_a_schedule_may_be_made_longer(tmp_path: Path) -> None:
    train(tmp_path / "a.pt", epochs=2, schedule=None)
    _, history = train(tmp_path / "a.pt", epochs=3, schedule=None)
    assert len(history) == 3


def test_another_run_is_refused_and_the_difference_named(tmp_path: Path) -> None:
    train(tmp_path / "a.pt", epochs=1)
    with pytest.raises(CheckpointError, match=r"batch_size is 4 now and was 8.*resume=False"):
        train(tmp_path / "a.pt", epochs=1, batch_size=4)
    with pytest.raises(CheckpointError, match="epochs of the schedule is 2 now and was 1"):
        train(tmp_path / "a.pt", epochs=2)


class Harm:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("harmed"),)


@pytest.mark.parametrize(
    "content",
    [b"", b"no checkpoint", pickle.dumps(Harm(), protocol=2), None],
    ids=["empty", "text", "code", "something else"],
)
def test_a_file_that_is_no_checkpoint_is_refused_and_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.pt"
    torch.save({"model": {}}, path) if content is None else path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"a\.pt is no checkpoint"):
        train(path)
    assert not Path("harmed").exists()


def test_each_seed_has_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    options: dict[str, Any] = {"train": dataset(), "epochs": 1, "checkpoint": path}
    runs = repeat(small_cnn, [0, 1], **options)
    assert {p.name for p in tmp_path.iterdir()} == {"net-seed0.pt", "net-seed1.pt"}
    assert repeat(small_cnn, [0, 1], **options).values("train_loss") == runs.values("train_loss")


def test_a_damaged_checkpoint_is_named_wherever_the_damage_is(tmp_path: Path) -> None:
    path = tmp_path / "small.pt"
    checkpoints.save(path, {"settings": {}, "model": {"w": torch.ones(3)}})
    whole = path.read_bytes()
    refused = 0
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + b"\xff" * 4 + whole[place + 4 :])
        try:
            checkpoints.load(path, {})
        except CheckpointError as error:
            refused += str(path) in str(error)
    assert refused > 10
