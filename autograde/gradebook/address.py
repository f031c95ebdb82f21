"""Where nbgrader's database is, by the address that a course's settings give it."""

from __future__ import annotations

from sqlalchemy import make_url


def file_of(address: str) -> str | None:
    """The path of an sqlite file, ``sqlite:///PATH``; None for a server, or for memory."""
    url = make_url(address)
    return url.database or None if url.get_backend_name() == "sqlite" else None


def without_password(address: str) -> str:
    """The address as it may be shown."""
    return make_url(address).render_as_string()
