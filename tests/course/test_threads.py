"""Notebooks that work side by side share the cores."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from course import threads

pytest.importorskip("fcntl")
WORKING = """
import sys, torch
from course import threads
threads.share_cores()
print("at work", torch.get_num_threads(), flush=True)
sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Eight cores, no setting, and no notebook but those of the test."""
    monkeypatch.delenv(threads.VARIABLE, raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(threads, "cores", lambda: 8)
    for name in ("_set", "_most", "_lock"):
        monkeypatch.setattr(threads, name, None)
    before = torch.get_num_threads()
    torch.set_num_threads(8)
    yield
    threads._end()
    torch.set_num_threads(before)


def another() -> subprocess.Popen[str]:
    """A second notebook, at work."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKING],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline().startswith("at work")
    return process


def test_do_two_at_work_take_half_each_and_one_alone_all() -> None:
    threads._begin()
    assert torch.get_num_threads() == 8
    with another() as other:
        threads._begin()
        assert torch.get_num_threads() == 4
        other.kill()
    threads._begin()
    assert torch.get_num_threads() == 8


def test_does_a_notebook_between_two_cells_take_nothing() -> None:
    threads._begin()
    assert os.listdir(threads._folder()) == [str(os.getpid())]
    threads._end()
    assert not os.listdir(threads._folder())


def test_is_a_number_that_somebody_chose_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    threads._begin()
    torch.set_num_threads(3)
    threads._begin()
    assert torch.get_num_threads() == 3
    monkeypatch.setattr(threads, "_set", None)
    monkeypatch.setenv(threads.VARIABLE, "5")
    threads.share_cores()
    assert torch.get_num_threads() == 3
    assert threads._lock is not None  # from before: nothing was taken anew


def test_is_a_folder_that_is_not_this_user_s_alone_left_as_it_is(tmp_path: Path) -> None:
    home, place = tmp_path / "home", tmp_path / f"convnet-course-{os.getuid()}"
    home.mkdir()
    (home / "12345").write_text("a thesis")
    place.symlink_to(home)
    threads._begin()
    assert torch.get_num_threads() == 8  # nothing was shared
    assert [one.name for one in home.iterdir()] == ["12345"]
    place.unlink()
    place.mkdir(mode=0o777)
    place.chmod(0o777)
    threads._begin()
    assert not list(place.iterdir())


def test_is_no_link_followed_and_only_a_process_s_number_is_a_lock(tmp_path: Path) -> None:
    thesis = tmp_path / "thesis"
    thesis.write_text("all of it")
    (threads._folder() / "12345").symlink_to(thesis)
    (threads._folder() / "notes").write_text("kept")
    assert threads.at_work() == 0
    assert thesis.read_text() == "all of it"
    assert (threads._folder() / "notes").exists()
