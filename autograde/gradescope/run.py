"""Grade the one submission in Gradescope's container, and write ``results.json``.

The container is the instructor's: the lab's checks and answers lie in it. Student's code runs
behind all walls where the container allows them, else as another user, which may read neither
``source/`` nor write to ``results/``; where not even that holds, it does not run.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from autograde import stored_json
from autograde.errors import DesignedError
from autograde.gradescope import results
from autograde.handing_in.collecting.collecting import CollectError, Order, collect
from autograde.handing_in.normalise.flags import printable
from autograde.marking import classrun
from autograde.marking.job import Job
from autograde.results import ClassResult
from autograde.sandbox import Isolation, IsolationError
from autograde.tree import Tree, find

ROOT_VARIABLE = "GRADESCOPE_ROOT"
ROOT = "/autograder"
WAYS: tuple[Isolation, ...] = ("full", "user")
STUDENT = "submission"
CLOSED = ("source", "submission", "results")


class ContainerError(DesignedError):
    """The container is not as Gradescope makes it; the message says what is missing."""


def main() -> None:
    """Grade what lies in Gradescope's folder; the exit code says whether the grader failed."""
    root = Path(os.environ.get(ROOT_VARIABLE, ROOT))
    failed = False
    try:
        tree = find()
        _close_off(root)
        found = graded(root, tree)
    except Exception as error:
        failed = True
        print(str(error) if isinstance(error, DesignedError) else traceback.format_exc())
        found = results.unknown([results.GRADER])
    write(root / "results" / "results.json", found)
    if failed:
        raise SystemExit(1)


def graded(root: Path, tree: Tree) -> dict[str, Any]:
    """The results of the submission below ``root``; what an instructor should know is printed.

    Raises:
        ContainerError: there is no submission, or not one lab.
        IsolationError: students' code can't be held here.
    """
    submission, labs = root / "submission", tree.lab_names()
    if not submission.is_dir() or len(labs) != 1:
        raise ContainerError(
            f"expected one lab in {tree.root}, and {submission}. Upload the zip again."
        )
    with tempfile.TemporaryDirectory(prefix="class-") as folder:
        work = Path(folder)
        _collect(submission, labs[0], work)
        class_ = _class(tree, labs[0], work)
    first = next((one for one in class_.students if one.student == STUDENT), class_.students[0])
    for line in _told(root, class_):
        print(printable(line))
    return results.results(class_, first)


def write(path: Path, found: dict[str, Any]) -> None:
    """Write ``results.json`` whole, in place of whatever has its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    draft.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)


def _close_off(root: Path) -> None:
    """Let the grader alone look into Gradescope's folders."""
    for name in CLOSED:
        if (root / name).is_dir():
            (root / name).chmod(0o700)
    with suppress(FileNotFoundError):
        (root / "submission_metadata.json").chmod(0o600)


def _collect(submission: Path, lab: str, work: Path) -> None:
    """Put what was uploaded where grading reads it; links, bombs and devices stay behind."""
    incoming = work / "incoming"
    left_out = shutil.ignore_patterns(".git")
    with suppress(shutil.Error):  # what can't be copied, such as a device, is not handed in
        shutil.copytree(submission, incoming / STUDENT, symlinks=True, ignore=left_out)
    (work / "submitted" / STUDENT).mkdir(parents=True)
    try:
        collected = collect(Order(lab, [incoming], work, work / "submitted", labs=[lab]))
        for trouble in collected.troubles:
            print(printable(str(trouble)))
    except CollectError as error:
        print(printable(str(error)))
    shutil.rmtree(incoming)
    others = [one for one in (work / "submitted").iterdir() if one.name != STUDENT]
    if others and not any((work / "submitted" / STUDENT).iterdir()):
        (work / "submitted" / STUDENT).rmdir()


def _class(tree: Tree, lab: str, work: Path) -> ClassResult:
    said = []
    for way in WAYS:
        try:
            return classrun.grade(Job(tree, lab, work / "submitted", work, way, jobs=1))
        except IsolationError as error:
            said.append(f"isolation {way}: {error.wall} ({error.detail})")
            last = error
    print(*said, sep="\n")
    raise last


def _told(root: Path, class_: ClassResult) -> list[str]:
    """What Gradescope shows to instructors only."""
    lines = [f"isolation: {class_.isolation}"]
    for one in class_.students:
        lines += [f"needs a person: {reason}" for reason in one.needs]
    try:
        about = stored_json.load(root / "submission_metadata.json")
        total = float(about["assignment"]["total_points"])
    except (OSError, ValueError, KeyError, TypeError):
        return lines
    if total != (lab_total := class_.students[0].maximum):
        lines.append(
            f"the assignment gives {total:g} points, the lab {lab_total:g}, its written answers "
            "included. Set the autograder's points and the outline's manually graded questions."
        )
    return lines
