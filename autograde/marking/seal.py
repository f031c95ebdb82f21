"""Is there anything to grade? All that results depend on, in one key, read without torch or
nbgrader: what was handed in, the code, the journal, the graded notebooks, the gradebook.
"""

from __future__ import annotations

import hashlib
import json
import stat
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from math import inf
from pathlib import Path

import autograde
import course
from autograde import stored_json
from autograde.gradebook.sound import KEPT
from autograde.gradebook.stored import stored, written
from autograde.handing_in import intake, roster
from autograde.handing_in.beside import OFFICIAL
from autograde.handing_in.collecting import record
from autograde.marking.job import Job
from autograde.results import ClassResult

LARGE = 1 << 20  # bytes; of a larger file of the course, size and time stand for its text
PACKAGES = ("torch", "torchvision", "numpy", "nbgrader", "nbformat", "IPython")


def held(job: Job) -> ClassResult | None:
    """What the last grading found, where grading again would find and write the same."""
    try:
        known = stored_json.load(job.seal)
        expected = dict(known["expected"])
        if known["key"] != _key(job, expected, handed_in(job, expected)):
            return None
        return ClassResult.of_json(stored_json.load(job.results))
    except (OSError, ValueError, KeyError, TypeError):  # none, or not as it was written
        return None


def put(job: Job, expected: Mapping[str, str], handed: str) -> None:
    """Note what a grading that came to its end depended on.

    Args:
        job: that was done.
        expected: files that checks read.
        handed: of :func:`handed_in`, from before anything was read.
    """
    text = json.dumps({"expected": dict(expected), "key": _key(job, expected, handed)})
    draft = job.seal.with_suffix(".part")
    draft.write_text(text, "utf-8")
    draft.replace(job.seal)


def handed_in(job: Job, expected: Mapping[str, str]) -> str:
    """Digest of all that lies in the students' folders for the lab, and of the grader's code."""
    digest = hashlib.sha256()
    for line in (*_code(job), *_submissions(job, expected)):
        digest.update(line.encode("utf-8", "surrogateescape") + b"\n")
    return digest.hexdigest()


def _key(job: Job, expected: Mapping[str, str], handed: str) -> str:
    digest = hashlib.sha256(repr((handed, sorted(expected.items()), job.isolation)).encode())
    book = stored(job.gradebook, job.lab)
    for line in written(book):
        digest.update(line.encode() + b"\n")
    rules = record.path_of(job.work, job.lab)  # of deadlines and penalties
    beside = [job.journal, job.saved, job.results, job.work / KEPT, rules]
    graded = sorted((job.work / "autograded").glob(f"*/{job.lab}/{job.lab}.ipynb"))
    official = [path.with_name(name) for path in graded for name in OFFICIAL]
    for path in (*beside, *graded, *official):
        digest.update(f"{path.relative_to(job.work)} {_content(path)}\n".encode())
    return digest.hexdigest()


def _submissions(job: Job, expected: Mapping[str, str]) -> Iterator[str]:
    yield str(job.submissions.resolve())
    yield from (repr(flag) for flag in roster.strays(job.submissions))
    for one in intake.collect(job.submissions, job.lab, expected=expected, others=job.others):
        files = (*sorted(one.extra_files.items()), *sorted(one.official.items()))
        parts = [("", one.data or b""), *files]
        yield repr((one.student, one.flags, sorted(one.left_out.items())))
        yield from (f"{name} {hashlib.sha256(data).hexdigest()}" for name, data in parts)


def _code(job: Job) -> Iterator[str]:
    yield sys.version
    yield from packages()
    engine, library = Path(autograde.__file__).parent, Path(course.__file__).parent
    secret = job.tree.solutions
    own = [job.tree.source(job.lab), *files(job.tree.checks(job.lab)), secret / "seed.txt"]
    around = [job.tree.root / name for name in ("nbgrader_config.py", "pyproject.toml")]
    for path in (*own, *around, *files(engine), *files(library)):
        yield f"{path} {_content(path, LARGE)}"


def packages() -> Iterator[str]:
    """The packages that results depend on, each with its version."""
    for name in PACKAGES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield name


def files(folder: Path) -> list[Path]:
    """A folder's code and data, sorted."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in (".pyc", ".ipynb")
    )


def _content(path: Path, whole: float = inf) -> str:
    """Digest of a file's text; of one with more bytes than ``whole``, its size and time."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for
            return ""
        if whole < status.st_size:
            return f"{status.st_size} {status.st_mtime_ns}"
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
