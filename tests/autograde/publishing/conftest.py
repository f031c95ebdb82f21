"""Git commits in these tests, also where nobody has told it a name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

NAMES = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "A teacher"), ("EMAIL", "teacher@uni.example"))
}


@pytest.fixture(scope="session", autouse=True)
def named() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in NAMES.items():
            patch.setenv(name, value)
        yield
