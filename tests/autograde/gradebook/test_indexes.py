"""A student's rows are found without a look at everybody's."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from autograde.gradebook import indexes, scores


def plan(path, table: str, column: str) -> str:
    with closing(sqlite3.connect(path)) as base:
        query = f"EXPLAIN QUERY PLAN SELECT * FROM {table} WHERE {column} = ?"
        return " ".join(row[-1] for row in base.execute(query, ["x"]))


@pytest.mark.parametrize(("table", "column"), indexes.COLUMNS)
def test_rows_are_searched_by_an_index_once_it_is_there(tmp_path, table, column):
    path = tmp_path / "gradebook.db"
    with scores.opened(path):
        pass
    assert plan(path, table, column).startswith("SCAN")  # or nbgrader has one of its own by now
    indexes.add(path)
    indexes.add(path)
    assert "USING INDEX" in plan(path, table, column)


def test_what_is_no_gradebook_stays_as_it_is(tmp_path):
    path = tmp_path / "gradebook.db"
    path.write_bytes(b"no database at all, and long enough to be looked at as one" * 40)
    before = path.read_bytes()
    indexes.add(path)
    assert path.read_bytes() == before
