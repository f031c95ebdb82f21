"""Files that grading reads: weights that a student hands in, and what an earlier grading left."""

from __future__ import annotations

import json
import sqlite3
import struct
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from autograde.errors import DesignedError
from autograde.gradebook import cells, scores, sound
from autograde.handing_in.normalise import Flag
from autograde.marking import journal
from autograde.reports import leaderboard
from autograde.results import ClassResult, Item, StudentResult, results_of
from course import weights
from course.checks import CaseResult, Report
from course.training import checkpoints
from tests.fuzz.bounds import brief, cases, within
from tests.fuzz.mutations import Changed, Draw, bytes_like, file_like, json_like

NOW = datetime(2026, 1, 2, 3, 4, 5)
LAB = "lab"


@contextmanager
def folder(**files: bytes) -> Iterator[Path]:
    """A folder with these files, for as long as it is looked at."""
    with tempfile.TemporaryDirectory() as path:
        for name, content in files.items():
            (Path(path) / name).write_bytes(content)
        yield Path(path)


# Weights -----------------------------------------------------------------------------------------

NETWORK = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


@cache
def saved() -> bytes:
    """The network as its file."""
    with folder() as home:
        weights.save(NETWORK, home / "w")
        return (home / "w").read_bytes()


@st.composite
def networks(draw: Draw) -> Changed:
    """The file with something changed: in its bytes, or in what its header says."""
    if draw(st.booleans()):
        return draw(bytes_like([saved()]))
    (size,) = struct.unpack_from("<Q", saved())
    said = draw(json_like([saved()[8 : 8 + size].decode()], 3))
    text = json.dumps(said.value).encode()
    return Changed(struct.pack("<Q", len(text)) + text + saved()[8 + size :], said.changes)


@cases(250)
@given(networks())
def test_any_weights_are_finite_numbers_or_refused(file: Changed) -> None:
    with within(2):
        try:
            found = weights.parse(file.value, "network.safetensors")
            weights.fill(NETWORK, found)
        except weights.WeightsError as error:
            brief(error)
            return
    for tensor in found.values():
        assert tensor.numel() <= weights.LARGEST
        assert torch.isfinite(tensor).all()


# The journal -------------------------------------------------------------------------------------

RESULT = CaseResult("a", "failed", 1.0, measured={"accuracy": 0.5})
ITEMS = (
    Item("relu", 2.0, "failed", 1.0, Report("relu", "About.", (RESULT,), 2.0), ("tanh",), "note"),
    Item("why", 3.0, "manual", None),
)
FLAGS = (Flag("odd", "attention", "relu", "Look."),)
ENTRIES = [
    journal.Entry("a" * 64, {"relu": "b" * 64}, StudentResult(name, "graded", ITEMS, FLAGS))
    for name in ("anna", "bén")
]


@cache
def lines() -> list[str]:
    """The journal of both."""
    with folder() as home:
        for entry in ENTRIES:
            journal.append(home / "j", entry)
        return (home / "j").read_text("utf-8").strip().split("\n")


@cases(250)
@given(file_like(lines()), bytes_like(["\n".join(lines()).encode()], 2))
def test_any_line_of_a_journal_is_as_it_was_written_or_a_student_not_yet_graded(
    line: Changed, rest: Changed
) -> None:
    with folder(j=rest.value + b"\n" + line.value) as home:
        with within(2):
            found = journal.read(home / "j")
        for name, entry in found.items():
            assert entry in ENTRIES
            assert entry.result.student == name
        journal.append(home / "j", ENTRIES[0])
        assert journal.read(home / "j")["anna"] == ENTRIES[0]


# The gradebook -----------------------------------------------------------------------------------


def release() -> nbformat.NotebookNode:
    """A notebook with a check and a written answer."""
    check, why = nbformat.v4.new_code_cell("1"), nbformat.v4.new_markdown_cell("Because.")
    marks = {"schema_version": 3, "task": False, "points": 2, "locked": True, "grade": True}
    check.metadata.nbgrader = {**marks, "grade_id": "relu", "solution": False, "cell_type": "code"}
    why.metadata.nbgrader = {**marks, "grade_id": "why", "locked": False, "solution": True}
    why.metadata.nbgrader["cell_type"] = "markdown"
    return nbformat.v4.new_notebook(cells=[check, why])


@cache
def gradebook() -> bytes:
    """A gradebook with both students, and a person's mark and comment."""
    with folder() as home:
        cells.record(LAB, release(), home)
        with scores.opened(home / "gradebook.db") as book:
            for entry in ENTRIES:
                scores.save(book, LAB, scores.Scored(entry.result))
            (notebook,) = book.find_submission(LAB, "anna").notebooks
            notebook.grades[1].manual_score = 1.5
            notebook.comments[0].manual_comment = "well said"
            book.db.commit()
        return (home / "gradebook.db").read_bytes()


@cache
def marks() -> str:
    """A person's marks, as they wait."""
    given = sound.Mark(LAB, "anna", "why", 1.5, 0.5), sound.Mark(LAB, "bén", "why", comment="no")
    return json.dumps([asdict(one) for one in given])


def used(place: Path) -> None:
    """What grading does with a gradebook."""
    sound.sound(place, NOW)
    if not place.exists():
        return
    with scores.opened(place) as book:
        scores.save(book, LAB, scores.Scored(ENTRIES[0].result))
        sound.restore(book, place, LAB)
        with sound.legible(book):
            (notebook,) = book.find_submission(LAB, "anna").notebooks
            found = {grade.cell.name: grade.auto_score for grade in notebook.grades}
    assert found == {"relu": 1.0, "why": None}
    assert scores.knows(place, LAB)
    assert scores.read(place, LAB)["anna"].keys() == {"relu", "why"}


@cases(60)
@given(bytes_like([gradebook()]), file_like([marks()]), st.sampled_from(["none", "good", "same"]))
def test_any_gradebook_is_used_or_set_aside_or_refused(
    file: Changed, kept: Changed, copy: str
) -> None:
    with folder(**{"gradebook.db": file.value, sound.KEPT: kept.value}) as home:
        if copy != "none":
            before = gradebook() if copy == "good" else file.value
            (home / "gradebook.before").write_bytes(before)
        with within(5):
            try:
                used(home / "gradebook.db")
            except DesignedError as error:
                brief(error)


VALUES: list[Any] = [None, 0, -1, 1 << 62, 0.5, 1e308, "", "x", "anna", "2026-13-99", "\0"]
VALUES += [b"\xff", b"", "nan", "1"]


@cache
def columns() -> list[tuple[str, str]]:
    """Of all tables of nbgrader's."""
    with folder(g=gradebook()) as home, closing(sqlite3.connect(home / "g")) as base:
        found = base.execute(
            "SELECT m.name, c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c "
            "WHERE m.type = 'table'"
        )
        return sorted(found)


@cases(60)
@given(
    st.lists(st.tuples(st.sampled_from(columns()), st.sampled_from(VALUES)), min_size=1),
    file_like([marks()]),
)
def test_any_value_in_a_gradebook_is_read_or_refused(changes: list[Any], kept: Changed) -> None:
    """Sqlite keeps anything in any column; who edits a gradebook by hand may write it."""
    with folder(**{"gradebook.db": gradebook(), sound.KEPT: kept.value}) as home:
        place = home / "gradebook.db"
        with closing(sqlite3.connect(place)) as base, base:
            for (table, column), value in changes:
                with suppress(sqlite3.IntegrityError):
                    base.execute(f"UPDATE {table} SET {column} = ?", (value,))
        with within(5):
            try:
                used(place)
                place.write_bytes(place.read_bytes()[:4096])
                used(place)
            except DesignedError as error:
                brief(error)


# Results -----------------------------------------------------------------------------------------


@cache
def results() -> str:
    """What the last grading found, as JSON."""
    return json.dumps(ClassResult(LAB, tuple(entry.result for entry in ENTRIES)).as_json())


@cases(150)
@given(file_like([results()]))
def test_any_results_give_a_leaderboard_or_say_why_not(file: Changed) -> None:
    with folder() as home:
        place = results_of(home, LAB)
        place.parent.mkdir()
        place.write_bytes(file.value)
        with within(2):
            try:
                board = leaderboard.read(home, LAB)
            except DesignedError as error:
                brief(error)
                return
        assert all(entry.label.isprintable() for entry in board.entries)
        assert all(0 <= entry.accuracy <= 1 for entry in board.entries)


# A student's checkpoint --------------------------------------------------------------------------

SETTINGS = {"seed": 0, "lr": 0.1}


@cache
def checkpoint() -> bytes:
    """As a run leaves it."""
    with folder() as home:
        state = {"settings": SETTINGS, "model": NETWORK.state_dict(), "epoch": 1}
        checkpoints.save(home / "c", state)
        return (home / "c").read_bytes()


@cases(100)
@given(bytes_like([checkpoint()]))
def test_any_checkpoint_is_of_this_run_or_refused(file: Changed) -> None:
    with folder(c=file.value) as home, within(5), suppress(checkpoints.CheckpointError):
        checkpoints.load(home / "c", SETTINGS)
