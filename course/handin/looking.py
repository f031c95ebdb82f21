"""The looks that are taken at a notebook before it is handed in, in order."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import course
from course.handin import archive
from course.handin.archive import HandIn
from course.handin.repair import SETTLED, repaired
from course.handin.rerun import Fresh, rerun
from course.preflight import Line, running_file, running_notebook
from course.progress import Facts, Overview, Result, facts, saved
from course.progress.released import running
from course.progress.table import TODO, of, session

AGAIN = "Download the lab's notebook again, and copy your answers into it, cell by cell."
MOST = 6  # exercises that are named
LEFT = {
    "not written yet": ("open",),
    "written, not checked yet": ("unrun",),
    "not right yet": ("wrong", "partly"),
}
"""What is left to do of exercises with a check, and the states that mean it."""


def from_notebook(lab: str | None = None) -> HandIn:
    """Hand in the notebook that this kernel runs, as it was last saved. The file stays as it is;
    repairs are made in what is packed.

    Raises:
        NoFacts: no such lab.
    """
    known = facts(lab or running())
    book, path = running_notebook(), running_file()
    if book is None:
        found = "the notebook's file can't be seen from here"
        advice = (
            f"In a terminal: `python -m course handin {known.lab}`, or hand in the .ipynb file."
        )
        return HandIn((Line("notebook", "fail", found, advice),), known.lab)
    folder = path.parent if path and "google.colab" not in sys.modules else Path.cwd()
    if late := _unsaved(book, session(known.lab)):
        return HandIn((late,), known.lab)
    report = _handed_in(book, known, folder)
    return replace(report, lines=(_saved(path), *report.lines)) if path else report


def from_file(path: Path, lab: str, *, run: bool = False, write: bool = True) -> HandIn:
    """Hand in a notebook's file.

    Args:
        path: of the notebook.
        lab: its lab.
        run: also in a fresh kernel, which takes a minute.
        write: repairs into the file too, and keep what was there beside it.

    Raises:
        NoFacts: no such lab.
    """
    known = facts(lab)
    try:
        book = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        advice = "Go to the folder that holds labs/, or name the notebook's file."
        line = Line("notebook", "fail", f"{path}: {error.strerror}", advice)
        return HandIn((line,), known.lab)
    except ValueError:
        told = f"{path.name} is no notebook, or was cut off on its way"
        return HandIn((Line("notebook", "fail", told, AGAIN),), known.lab)
    if not isinstance(book, dict):
        return HandIn((Line("notebook", "fail", f"{path.name} is no notebook", AGAIN),), known.lab)
    return _handed_in(book, known, path.parent, run=run, write=path if write else None)


def notebook_of(named: str) -> tuple[Path, str]:
    """The notebook and the lab that a word on the command line means.

    Args:
        named: a lab, ``lab04``, or a notebook's file.

    Raises:
        NoFacts: no such lab.
        FileNotFoundError: there is no such file; says where it was looked for.
    """
    if named.endswith(".ipynb"):
        path = Path(named)
        return path, _lab_of(path)
    lab = facts(named).lab
    tops = (Path(), Path("labs"), Path(course.__file__).parents[1] / "labs")
    places = [Path(f"{lab}.ipynb"), *(top / lab / f"{lab}.ipynb" for top in tops)]
    for place in places:
        if place.is_file():
            return place, lab
    looked = ", ".join(map(str, places))
    raise FileNotFoundError(
        f"{lab}.ipynb is not here; looked for {looked}. Name the file: "
        f"python -m course handin PATH/{lab}.ipynb"
    )


def _lab_of(path: Path) -> str:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))["metadata"]["course"]["lab"]
        return facts(str(about)).lab
    except (OSError, ValueError, KeyError, TypeError, LookupError):
        return facts(path.stem.split("_")[0]).lab


def _handed_in(
    book: Mapping[str, Any],
    known: Facts,
    folder: Path,
    *,
    run: bool = False,
    write: Path | None = None,
) -> HandIn:
    if not _is_of(book, known):
        found = f"this is not the notebook of {known.lab}: none of its graded cells is in it"
        return HandIn((Line("notebook", "fail", found, AGAIN),), known.lab)
    sound, repairs = repaired(book, known)
    lines = _few(repairs)
    if not lines:
        lines.append(Line("cells", "ok", f"all {len(known.cells)} are there, locked ones as given"))
    elif write:
        lines += _kept(write, sound, book)
    overview = of(known, sound, {})
    files, more = beside(known, folder)
    fresh = rerun(sound, known, files) if run else Fresh(())
    lines += [*_answers(of(known, sound, fresh.results), overview), *more, *fresh.lines]
    packed, more = archive.contents(sound, files, overview, course.__version__)
    lines += more
    path = folder / f"{known.lab}-handin.zip"
    try:
        archive.write(path, packed)
    except OSError as error:
        advice = "Copy the notebook to a folder of your own, and hand in from there."
        lines.append(Line("archive", "fail", f"{path.name}: {error.strerror}", advice))
        return HandIn(tuple(lines), known.lab)
    lines.append(_packed(path, packed))
    return HandIn(tuple(lines), known.lab, path)


def _few(found: list[Line]) -> list[Line]:
    """What needs a hand, and of what was settled the first; the rest are counted."""
    settled = [line for line in found if line.advice == SETTLED]
    more = settled[MOST:]
    lines = [line for line in found if line not in more]
    told = f"{len(more)} more cells were put right in the same way"
    return [*lines, Line("cells", "warn", told, SETTLED)] if more else lines


def _is_of(book: Mapping[str, Any], known: Facts) -> bool:
    """Whether one of the lab's cells is in it, by its mark or, where marks are lost, by its id."""
    wanted = {(saved.grade_id(cell), cell["id"]) for cell in known.cells}
    names, ids = ({pair[at] for pair in wanted} for at in (0, 1))
    return any(
        saved.grade_id(cell) in names or str(cell.get("id")) in ids for cell in saved.cells(book)
    )


def _unsaved(book: Mapping[str, Any], fresh: Mapping[str, Result]) -> Line | None:
    """Checks that found something else since the file was saved."""
    there = saved.results(book)
    late = [name for name, one in fresh.items() if there.get(name) != one]
    if not late:
        return None
    listed = ", ".join(late[:MOST]) + (" …" if len(late) > MOST else "")
    return Line(
        "notebook",
        "fail",
        f"it is not saved since you ran: {listed}",
        "Save it, Ctrl+S (on a Mac ⌘S), then run this cell again.",
    )


def _saved(path: Path) -> Line:
    """When the file was written: what is newer is not in it."""
    at = datetime.fromtimestamp(path.stat().st_mtime)
    return Line("notebook", "ok", f"{path.name}, as saved at {at:%H:%M:%S}")


def _kept(path: Path, sound: Mapping[str, Any], book: Mapping[str, Any]) -> list[Line]:
    """Write a repaired notebook, and keep the one that was there."""
    if sound == book:
        return []
    number = 1
    while (backup := path.with_name(f"{path.stem}-before-repair-{number}.ipynb")).exists():
        number += 1
    part = path.with_name(path.name + ".part")
    try:
        backup.write_bytes(path.read_bytes())
        part.write_bytes(archive.as_bytes(sound))
        os.replace(part, path)
    except OSError as error:
        found = f"{path.name} stays as it was: {error.strerror}; the packed copy is repaired"
        return [Line("repairs", "warn", found, "Nothing to do.")]
    found = f"written into {path.name}; as it was: {backup.name}"
    advice = "If it is open in JupyterLab, choose File, Reload Notebook from Disk."
    return [Line("repairs", "warn", found, advice)]


def _answers(overview: Overview, shown: Overview) -> list[Line]:
    """What is open; who hands in early may have reasons.

    Args:
        overview: as a fresh kernel found it, else the same as ``shown``.
        shown: as the notebook's file has it.
    """
    total = sum(one.points for one in overview.facts.checked)
    told = f"{overview.earned:g} of {total:g} points by visible checks, "
    told += "as the notebook shows them" if overview == shown else "run in a fresh kernel"
    if overview.earned != shown.earned:
        told += f" (the notebook shows {shown.earned:g})"
    todo = [row for row in overview.open if not row.exercise.written]
    for words, states in LEFT.items():
        if some := [row.exercise.number for row in todo if row.state in states]:
            told += f"; {words}: {', '.join(some)}"
    advice = ""
    if todo:
        first = todo[0]
        advice = f"Hand in as it is, or go on with {first.exercise.number}: {TODO[first.state]}; "
        advice += "then save."
    lines = [Line("exercises", "warn" if todo else "ok", told, advice)]
    blank = [row.exercise.label for row in overview.open if row.exercise.written]
    if blank:
        found = f"not written yet: {', '.join(blank)}"
        advice = "Double-click the cell below the question, write, press Shift+Enter, save."
        lines.append(Line("written answers", "warn", found, advice))
    return lines


def beside(known: Facts, folder: Path) -> tuple[dict[str, bytes], list[Line]]:
    """What is handed in beside the notebook, as far as it can be used."""
    found, lines = dict[str, bytes](), list[Line]()
    for name in known.files:
        from course import weights

        try:
            tensors = weights.read(folder / name)
        except (weights.WeightsError, OSError) as error:
            advice = (
                f"Run the cell that saves the network: it writes {name} beside the notebook. "
                "Without it only the exercises that need it lose points."
            )
            lines.append(Line("files", "fail", f"{name}: {error}", advice))
            continue
        found[name] = (folder / name).read_bytes()
        told = f"{name}: {len(tensors)} tensors, {len(found[name]):,} bytes"
        lines.append(Line("files", "ok", told))
    return found, lines


def _packed(path: Path, packed: Mapping[str, bytes]) -> Line:
    size = archive.sized(path.stat().st_size)
    found = f"{path.name}: {', '.join(packed)}; {size}, in {path.parent.resolve()}"
    if "google.colab" in sys.modules:
        return Line("archive", "ok", found, "Open Files at the left, right-click it, Download.")
    advice = (
        "Hand in this one file, where your course asks for it. In JupyterLab, right-click it at "
        "the left and choose Download."
    )
    return Line("archive", "ok", found, advice)
