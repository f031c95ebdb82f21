"""Several of nbgrader's changes as one: it commits each, and each commit waits for the disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def at_once(session: Any) -> Iterator[None]:
    """Commit what happens inside at the end, or nothing of it.

    Args:
        session: nbgrader's, ``Gradebook.db``.
    """
    session.commit = session.flush
    try:
        yield
    except BaseException:
        session.rollback()
        raise
    finally:
        del session.commit
    session.commit()
