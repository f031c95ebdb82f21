"""Which feedback pages are as they would be made now; read without nbgrader."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import autograde
from autograde import stored_json
from autograde.errors import DesignedError
from autograde.gradebook.stored import Stored, stored
from autograde.handing_in.beside import OFFICIAL


class FeedbackError(DesignedError):
    """The pages can't be written; the message says why."""


def pages(lab: str, work: Path) -> list[Path]:
    """The pages that there are, ``work/feedback/STUDENT/LAB/LAB.html``, by student."""
    return sorted((work / "feedback").glob(f"*/{lab}/{lab}.html"))


def stale(lab: str, work: Path) -> list[str]:
    """Students whose page is missing, or of something else than what is graded now.

    Raises:
        FeedbackError: nothing is graded yet.
    """
    graded = sorted((work / "autograded").glob(f"*/{lab}/{lab}.ipynb"))
    if not graded:
        raise FeedbackError(
            f"nothing to write feedback on: {work}/autograded has no {lab}. "
            f"Run `autograde grade {lab} --workdir {work}` first."
        )
    known, now = _noted(lab, work), _keys(lab, work, [path.parents[1].name for path in graded])
    return [
        name
        for name, key in now.items()
        if known.get(name) != [key, _content(page(lab, work, name))]
    ]


def note(lab: str, work: Path, students: Iterable[str]) -> None:
    """Note that the pages of these students were made just now."""
    keys = _keys(lab, work, students)
    noted = {name: [key, _content(page(lab, work, name))] for name, key in keys.items()}
    place = _place(lab, work)
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_suffix(".part")
    draft.write_text(json.dumps(_noted(lab, work) | noted, indent=1), "utf-8")
    draft.replace(place)


def page(lab: str, work: Path, student: str) -> Path:
    """Where a student's page is."""
    return work / "feedback" / student / lab / f"{lab}.html"


def _keys(lab: str, work: Path, students: Iterable[str]) -> dict[str, str]:
    """For each student a digest of all that the page is made of."""
    book = stored(work / "gradebook.db", lab)
    shared = _digest([work / "release" / lab / f"{lab}.ipynb", *_code()])
    found = {}
    for name in students:
        folder = work / "autograded" / name / lab
        own = _digest([folder / f"{lab}.ipynb", *(folder / one for one in OFFICIAL)])
        marks = repr(book.students.get(name, Stored()))
        found[name] = hashlib.sha256(f"{shared}{own}{marks}".encode()).hexdigest()
    return found


def _code() -> list[Path]:
    """Whatever says how a page looks."""
    top = Path(autograde.__file__).parent
    parts = [top / "reports", top / "gradebook", top / "nbgrader_settings.py"]
    return sorted(
        path
        for part in parts
        for path in ([part] if part.is_file() else part.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    )


def _noted(lab: str, work: Path) -> dict[str, list[str]]:
    try:
        found = stored_json.load(_place(lab, work))
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}


def _place(lab: str, work: Path) -> Path:
    return work / "journal" / f"{lab}.pages.json"


def _digest(paths: Iterable[Path]) -> str:
    return hashlib.sha256("".join(map(_content, paths)).encode()).hexdigest()


def _content(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
