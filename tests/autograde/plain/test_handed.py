"""What was handed in for a plain assignment, and where its scores go: quick questions."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from autograde.marking.engine import Graded
from autograde.plain import marker
from autograde.plain.handed import HandIn, collect
from autograde.plain.job import PlainError, PlainJob, settings

NAME = "ps1"


def handed(tmp_path: Path, *names: str) -> tuple[bool, list[tuple[str, str]], str]:
    """Whether anything was, the flags' codes and severities, and what the first says."""
    folder = tmp_path / "anna" / NAME
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("{}")
    (one,) = collect(tmp_path, NAME, ["first", "second"])
    return (
        one.path is not None,
        [(flag.code, flag.severity) for flag in one.flags],
        one.flags[0].message if one.flags else "",
    )


@pytest.mark.parametrize("names", [[], ["timestamp.txt"], [".DS_Store"]])
def test_is_an_empty_folder_nothing_that_was_handed_in(tmp_path: Path, names: list[str]) -> None:
    found, flags, told = handed(tmp_path, *names)
    assert (found, flags) == (False, [("not-handed-in", "info")])
    assert told == f"Not handed in: anna/{NAME} is empty."


def test_is_a_person_told_of_work_without_a_notebook(tmp_path: Path) -> None:
    found, flags, told = handed(tmp_path, "answer.pdf", "timestamp.txt")
    assert (found, flags) == (True, [("no-notebook", "attention")])
    assert told == (
        "Expected first.ipynb, second.ipynb, found only answer.pdf. Ask for the notebook."
    )


def test_is_one_notebook_of_two_enough(tmp_path: Path) -> None:
    assert handed(tmp_path, "first.ipynb")[:2] == (True, [("no-notebook", "info")])


def job(folder: Path, url: str, work: Path | None = None) -> PlainJob:
    text = f"c = get_config()\nc.CourseDirectory.db_url = {url!r}\n"
    (folder / "nbgrader_config.py").write_text(text)
    return PlainJob(folder, NAME, folder / "submitted", work or folder, config=settings(folder))


def test_do_scores_go_where_the_folders_settings_say(tmp_path: Path) -> None:
    assert job(tmp_path, "sqlite:///scores/all.db").gradebook == tmp_path / "scores" / "all.db"
    assert job(tmp_path, "sqlite:////srv/all.db").gradebook == Path("/srv/all.db")
    other = tmp_path / "elsewhere"
    assert job(tmp_path, "sqlite:////srv/all.db", other).gradebook == other / "gradebook.db"


def test_is_a_database_that_is_no_file_refused_and_no_password_shown(tmp_path: Path) -> None:
    with pytest.raises(PlainError, match="Name a --workdir") as told:
        _ = job(tmp_path, "postgresql://me:quince@host/grades").gradebook
    assert "quince" not in str(told.value)
    for nowhere in ("sqlite:///:memory:", "sqlite://"):  # gone when the grading ends
        with pytest.raises(PlainError, match="Name a --workdir"):
            _ = job(tmp_path, nowhere).gradebook


def test_a_rounds_time_is_that_of_all_notebooks_together(monkeypatch: pytest.MonkeyPatch) -> None:
    had: list[float | None] = []

    def sit(*of: Any) -> Graded:
        had.append(of[-1])
        return Graded(of[1], (), seconds=0.7)

    monkeypatch.setattr(marker, "sit", sit)
    desk: Any = SimpleNamespace(
        _files=lambda submission: {}, job=SimpleNamespace(timeout=30.0), warm=None
    )
    books: Any = [SimpleNamespace(master=SimpleNamespace(name=n), notebook={}) for n in "abc"]
    marker.Marker._run(desk, HandIn("anna"), books, 1.0)
    assert had == [1.0, pytest.approx(0.3), 0.0]
    had.clear()
    marker.Marker._run(desk, HandIn("anna"), books, None)
    assert had == [None] * 3
