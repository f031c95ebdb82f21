"""Is a new gradebook the one that nbgrader would have made?"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from nbgrader.api import Gradebook, get_alembic_version

from autograde.gradebook import fresh
from autograde.nbgrader_settings import put_tools_on_path


def test_schema_and_its_name_are_nbgraders(tmp_path: Path) -> None:
    put_tools_on_path()
    fresh.begin(tmp_path / "ours.db")
    Gradebook(f"sqlite:///{tmp_path}/theirs.db").close()
    for query in ("SELECT name, sql FROM sqlite_master ORDER BY name", "TABLE"):
        found = [_rows(tmp_path / f"{whose}.db", query) for whose in ("ours", "theirs")]
        assert found[0] == found[1]
        assert found[0]
    assert fresh.head() == get_alembic_version()


def test_one_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "gradebook.db").write_bytes(b"something")
    fresh.begin(tmp_path / "gradebook.db")
    assert (tmp_path / "gradebook.db").read_bytes() == b"something"


def test_left_by_a_kill_it_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "gradebook.part").write_bytes(b"half")
    fresh.begin(tmp_path / "gradebook.db")
    assert _rows(tmp_path / "gradebook.db", "TABLE") == [(fresh.head(),)]
    assert not (tmp_path / "gradebook.part").exists()


def test_where_nothing_can_be_written_nbgrader_tells_it(tmp_path: Path) -> None:
    fresh.begin(tmp_path / "missing" / "gradebook.db")
    assert not (tmp_path / "missing").exists()


def _rows(path: Path, query: str) -> list[tuple[object, ...]]:
    query = "SELECT version_num FROM alembic_version" if query == "TABLE" else query
    with closing(sqlite3.connect(path)) as base:
        return base.execute(query).fetchall()
