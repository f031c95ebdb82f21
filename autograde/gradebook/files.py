"""Files that a class's folder keeps: is each of them one?"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from autograde.errors import DesignedError
from autograde.handing_in.files import kind_of

GRADEBOOK = "gradebook.db"
"""In the class's folder: nbgrader's database."""


class GradebookError(DesignedError):
    """The gradebook can't be used as it is; the message says why and what to do."""


def see_plain(work: Path, names: Iterable[str]) -> None:
    """See that what is opened here holds still: a pipe would be waited for, a device has no end.

    Args:
        work: the class's folder; its journals and results are looked at, too.
        names: of other files in it.

    Raises:
        GradebookError: something else is in a file's place.
    """
    kept = (*work.glob("journal/*.json*"), *work.glob("results/*.json"))
    for path in (*(work / name for name in names), *kept):
        if path.exists() and not path.is_file():
            found = kind_of(path.stat().st_mode)
            raise GradebookError(
                f"{path}: expected a file, found {found}; it was not opened. Move it away, and run "
                "this again."
            )
