"""A new gradebook, whole or not there at all.

nbgrader makes one table after the other, and asks a process of its own, ``alembic heads``, how its
schema is called, which takes three seconds. The answer lies in its package, and is the same.
"""

from __future__ import annotations

import os
from pathlib import Path

import nbgrader
from nbgrader.api import Base
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

MADE = text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
MARKED = text("INSERT INTO alembic_version (version_num) VALUES (:head)")


def begin(path: Path) -> None:
    """Make a gradebook that does not exist yet, with nothing in it.

    What the machine refuses here it refuses nbgrader too, which tells it.
    """
    if path.exists():
        return
    draft = path.with_suffix(".part")
    engine = create_engine(f"sqlite:///{draft}")
    try:
        draft.unlink(missing_ok=True)
        with engine.begin() as base:
            Base.metadata.create_all(bind=base)
            base.execute(MADE)
            base.execute(MARKED, {"head": head()})
        os.replace(draft, path)
    except (OSError, SQLAlchemyError):
        return
    finally:
        engine.dispose()


def head() -> str:
    """The name of nbgrader's latest schema, as its migrations tell it."""
    from alembic.script import ScriptDirectory

    return str(ScriptDirectory(str(Path(nbgrader.__file__).parent / "alembic")).get_current_head())
