"""Recorded runs: what is kept, where, and what is said of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograde.authoring import recording
from autograde.authoring.recording import Cell, Recording
from autograde.cli import authoring as commands
from autograde.reports import show
from autograde.tree import Tree
from course import recorded as results
from tests.conftest import MINI

ON = "torch 2.11.0 · NVIDIA H100 80GB HBM3"
NOTING = """
from course import recorded as results
results.note({lab!r}, race=[0.5, 0.75])
results.note({lab!r}, steps=3)
"""


def run(**changes: Any) -> Recording:
    parts: dict[str, Any] = {
        "lab": MINI, "profile": "full", "on": ON, "date": "2026-11-27", "source": "abc",
        "seconds": 12.5, "cells": (Cell("a", "x = 1", 0.1), Cell("b", "train()", 11.0)),
        "results": {"race": [0.5, 0.75]},
    }  # fmt: skip
    return Recording(**(parts | changes))


@pytest.fixture
def noting(mini: Tree) -> Tree:
    """A course whose one lab runs without answers, and notes two results."""
    book = nbformat.v4.new_notebook()
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python", "language": "python"}
    book.cells = [nbformat.v4.new_code_cell(NOTING.format(lab=MINI), id="noting")]
    mini.solution(MINI).parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, mini.solution(MINI))
    recording.path(mini, MINI).parent.mkdir(parents=True, exist_ok=True)
    return mini


@pytest.mark.parametrize(
    ("profile", "on", "seconds"),
    [
        ("full", ON, 90),
        ("full", "torch 2.11.0 · Tesla T4", 600),
        ("full", "torch 2.14.1 · CPU, 1 thread", float("inf")),
        ("quick", "torch 2.14.1 · CPU, 1 thread", 60),
    ],
)
def test_the_budget_depends_on_the_card(profile: str, on: str, seconds: float) -> None:
    assert recording.budget(profile, on) == seconds


def test_a_run_is_stored_beside_what_was_there(mini: Tree) -> None:
    path = recording.path(mini, MINI)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"runs": {"LeNet": [1, 2]}}', "utf-8")
    recording.store(mini, run())
    found = json.loads(path.read_text("utf-8"))
    assert found["runs"] == {"LeNet": [1, 2]}
    assert found["recorded"] == {
        "profile": "full", "on": ON, "date": "2026-11-27", "source": "abc", "seconds": 12.5,
        "results": {"race": [0.5, 0.75]}, "cells": {"a": 0.1, "b": 11.0},
    }  # fmt: skip


def test_what_experiments_note_comes_out_with_the_cells_seconds(noting: Tree) -> None:
    found = recording.record(noting, MINI, "quick")
    assert found.trouble == ""
    assert found.results == {"race": [0.5, 0.75], "steps": 3}
    assert "noting" in [one.id for one in found.cells]
    assert 0 <= sum(one.seconds for one in found.cells) <= found.seconds
    assert not recording.path(noting, MINI).exists()  # only `store` writes


def test_a_failing_cell_is_named(noting: Tree) -> None:
    book = nbformat.read(noting.solution(MINI), as_version=4)
    book.cells.append(nbformat.v4.new_code_cell("1 / 0"))
    nbformat.write(book, noting.solution(MINI))
    found = recording.record(noting, MINI, "quick")
    assert "ZeroDivisionError" in found.trouble
    assert found.cells[-1].error == "ZeroDivisionError"


def test_a_changed_notebook_library_torch_or_device_is_recorded_anew(noting: Tree) -> None:
    book = nbformat.read(noting.solution(MINI), as_version=4)
    assert not recording.known(noting, MINI, "full", ON)
    recording.store(noting, run(source=recording.fingerprint(noting, book)))
    assert recording.known(noting, MINI, "full", ON)
    assert not recording.known(noting, MINI, "full", "torch 2.12.0 · Tesla T4")
    assert not recording.known(noting, MINI, "quick", ON)
    experiment = noting.root / "course" / "another.py"
    experiment.parent.mkdir(exist_ok=True)
    experiment.write_text("x = 1")
    assert not recording.known(noting, MINI, "full", ON)
    experiment.unlink()
    assert recording.known(noting, MINI, "full", ON)
    book.cells.append(nbformat.v4.new_code_cell("x = 1"))
    nbformat.write(book, noting.solution(MINI))
    assert not recording.known(noting, MINI, "full", ON)


def test_a_notebook_that_was_not_built_is_named(mini: Tree) -> None:
    with pytest.raises(recording.DesignedError, match="autograde build"):
        recording.record(mini, MINI, "quick")


def test_without_a_card_the_full_profile_does_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("course.device._count", lambda kind: int(kind == "cpu"))
    monkeypatch.delenv("COURSE_DEVICE", raising=False)
    with pytest.raises(recording.NoCard, match="--dry"):
        recording.look_for_card()
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    recording.look_for_card()


@pytest.fixture
def fake(noting: Tree, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """The command on a machine with a card, without running anything."""
    source = recording.fingerprint(noting, nbformat.read(noting.solution(MINI), as_version=4))
    monkeypatch.setattr("autograde.tree.find", lambda: noting)
    monkeypatch.setattr("course.device.describe", lambda device=None: ON)
    monkeypatch.setattr(recording, "look_for_card", lambda: None)
    monkeypatch.setattr(
        recording, "record",
        lambda tree, lab, profile, progress: run(lab=lab, profile=profile, source=source),
    )  # fmt: skip
    return noting


def test_the_command_stores_goes_on_and_tells(
    fake: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    commands.record([MINI])
    assert "its experiments noted: race" in capsys.readouterr().out
    assert results.read(recording.path(fake, MINI))["recorded"]["on"] == ON
    commands.record([MINI])
    assert capsys.readouterr().out.strip() == f"{MINI}: recorded already"
    commands.record([MINI], again=True)
    assert "profile full" in capsys.readouterr().out


def test_dry_stores_nothing(fake: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    commands.record([MINI], dry=True)
    assert "would be recorded" in capsys.readouterr().out
    assert not recording.path(fake, MINI).exists()


def test_json_is_strict(fake: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    commands.record([MINI], json_=True)
    (found,) = json.loads(capsys.readouterr().out)
    assert found["budget"] == 90
    assert found["cells"][1]["seconds"] == 11.0
    endless = json.loads(recording.to_json([run(on="torch 2.14.1 · CPU")]))
    assert endless[0]["budget"] is None


def test_a_run_above_its_budget_or_with_an_error_is_a_finding(
    fake: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    for found in (run(seconds=91.0), run(trouble="cell 3: ValueError: no")):
        monkeypatch.setattr(recording, "record", lambda *a, found=found, **k: found)
        with pytest.raises(commands.typer.Exit):
            commands.record([MINI], again=True)
    stored = results.read(recording.path(fake, MINI))["recorded"]
    assert stored["seconds"] == 91.0  # slow is recorded, wrong is not


def test_the_table_names_slow_cells_and_sums_up_the_others() -> None:
    out = show.console()
    with out.capture() as seen:
        out.print(show.cell_table(run()))
    text = seen.get()
    assert "train()" in text
    assert "12 % of 90 s" in text
    assert "x = 1" not in text
    assert "the others (1)" in text
    assert "14 % of 90 s" in text  # 12.5 s


def test_where_results_come_from_is_said_as_far_as_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def said(parts: dict[str, Any]) -> str:
        monkeypatch.setattr(results, "stored", lambda lab: parts)
        return results.origin("lab")

    assert said({"runs": {"a": [1, 2]}}) == "Results measured before: machine unknown."
    assert "CPU, torch unknown, date unknown" in said({"a": {"about": "3 seeds, CPU, one thread"}})
    assert "torch 2.14.1 · CPU, date unknown" in said(
        {"about": {"how": "CPU", "torch": "2.14.1+cu"}}
    )
    dated = {"a": {"on": "torch 2.9 · Tesla T4", "date": "2026-01-02", "how": "CPU"}}
    assert said(dated) == "Results measured before: torch 2.9 · Tesla T4, 2026-01-02."
    assert said({"recorded": run().stored()}) == (
        f"Whole notebook, profile full: {ON}, 2026-11-27, 12 s."
    )


def test_a_note_is_kept_only_while_somebody_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(results.NOTES, raising=False)
    results.note("lab", a=1)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv(results.NOTES, str(tmp_path / "notes.json"))
    results.note("lab", a=1)
    results.note("lab", b=2)
    results.note("other", a=3)
    assert results.read(tmp_path / "notes.json") == {"lab": {"a": 1, "b": 2}, "other": {"a": 3}}


def test_a_fresh_kernel_says_at_its_start_where_results_come_from() -> None:
    """To find the running lab modules are imported, while those that are there are gone over."""
    code = (
        "import course; from course.labs.lab03_alexnet import check; print(course.start('quick'))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, second = found.stdout.splitlines()
    assert first.endswith("profile quick")
    assert second == results.origin("lab03_alexnet")
