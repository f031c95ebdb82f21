"""The journal: what is already graded, so that a killed run goes on and a changed check is
regraded alone.

One JSON line a student with its checksum, appended when the student is done and forced to disk. A
student's line holds when the submission (normalised), and the checks with their expected values,
are what they were; one that is not as it was written, torn by a kill or changed since, counts as
not written.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, cast

from nbformat import NotebookNode

from autograde.handing_in.normalise import Flag
from autograde.results import Item, StudentResult
from autograde.sandbox import transport
from course.checks import Answer, CaseResult, Check, Report

VERSION = 3  # of what grading does; a higher number regrades everything
SHARED = frozenset({"report", "results"})
"""Fields whose values are shared before what has them."""

LINE = re.compile(rb'\{"sha256": "([0-9a-f]{64})", "entry": (.*)\}')


@dataclass(frozen=True)
class Entry:
    """One student's graded submission, and of what it is the result.

    Attributes:
        submission: key of what was handed in.
        checks: keys of the checks.
        result: what came out.
        notebook: hash of the graded notebook.
        answers: digests of the answers, by graded cell.
        handed: digest of the file as it was handed in.
    """

    submission: str
    checks: Mapping[str, str]
    result: StudentResult
    notebook: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    handed: str = ""

    def stale(self, checks: Mapping[str, str]) -> set[str]:
        """Checks that are no longer what they were."""
        return {name for name, key in checks.items() if self.checks.get(name) != key}


def read(path: Path) -> dict[str, Entry]:
    """The last entry of each student; empty where there is no journal."""
    found, share = {}, Shared()
    for line in _lines(path):
        with suppress(ValueError, KeyError, TypeError):  # of a grader with other fields
            entry = _decoded(json.loads(line, object_hook=share.strings))
            found[entry.result.student] = replace(entry, result=share(entry.result))
    return found


class Shared:
    """Results of a class, most of them alike: equal parts are kept once."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}

    def __call__(self, result: StudentResult) -> StudentResult:
        """The same result, of parts that others have, too."""
        items = tuple(
            self._one(replace(one, report=self._report(one.report))) for one in result.items
        )
        flags = tuple(self._one(one) for one in result.flags)
        return replace(result, items=items, flags=flags)

    def strings(self, found: dict[str, Any]) -> dict[str, Any]:
        """A JSON object whose texts others have, too."""
        known = self._known
        return {
            key: known.setdefault(one, one) if isinstance(one, str) else one
            for key, one in found.items()
        }

    def _report(self, report: Report | None) -> Report | None:
        if report is None:
            return None
        results = tuple(map(self._one, report.results))
        results = self._known.setdefault(tuple(map(id, results)), results)
        return cast(Report, self._one(replace(report, results=results)))

    def _one(self, part: Any) -> Any:
        """The first that is equal in every field; parts that are shared already are the same one.

        Its own words would not do: a report's say no more than its points.
        """
        kept = ((id(one) if name in SHARED else repr(one)) for name, one in vars(part).items())
        return self._known.setdefault((type(part), *kept), part)


def _lines(path: Path) -> Iterator[bytes]:
    """What is written, without lines that are not as they were written."""
    if path.is_file():
        with path.open("rb") as file:  # line by line: a class's journal is large
            for line in file:
                written = LINE.fullmatch(line.removesuffix(b"\n"))
                if written and _sum(written[2]) == written[1].decode():
                    yield written[2]


def append(path: Path, entry: Entry) -> None:
    """Add a student; on return it is on disk."""
    _append(path, [asdict(entry)])


def saved(path: Path) -> dict[str, dict[str, str]]:
    """The answers of each student that the gradebook was last told of, as digests."""
    found = {}
    for line in _lines(path):
        with suppress(ValueError, KeyError, TypeError):
            one = json.loads(line)
            found[str(one["student"])] = dict(one["answers"])
    return found


def note_saved(path: Path, answers: Mapping[str, Mapping[str, str]]) -> None:
    """Note that the gradebook was told of these students' answers."""
    _append(path, [{"student": name, "answers": dict(one)} for name, one in answers.items()])


def _append(path: Path, every: Iterable[Mapping[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = (json.dumps(facts, ensure_ascii=False).encode() for facts in every)
    lines = (b'{"sha256": "%s", "entry": %s}' % (_sum(one).encode(), one) for one in texts)
    with path.open("ab") as file:
        file.write(b"".join(b"\n" + line for line in lines))  # a torn line before them ends here
        file.flush()
        os.fsync(file.fileno())


def notebooks_key(paths: Iterable[Path]) -> str:
    """Hash of graded notebooks as they lie there."""
    return " ".join(map(notebook_key, sorted(paths)))


def notebook_key(path: Path) -> str:
    """Hash of a graded notebook as it lies there; empty where there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def submission_key(
    notebook: NotebookNode | None,
    flags: Iterable[Flag],
    files: Mapping[str, bytes],
    passed: Iterable[str] = (),
    python: tuple[int, ...] = (),
) -> str:
    """Key of what a student handed in, after normalising, and of what it claims of itself."""
    digest = hashlib.sha256(f"{VERSION}\n".encode())
    digest.update(json.dumps(notebook, sort_keys=True).encode())
    digest.update(repr((sorted(passed), python)).encode())
    for flag in flags:
        digest.update(repr(flag).encode())
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    return digest.hexdigest()


def check_key(check: Check, sources: Iterable[str]) -> str:
    """Key of a check: its questions, what they expect, how they are judged, what is told, and the
    code that does it.
    """
    digest = hashlib.sha256(check.about.encode())
    for one in check.cases:
        case = one.case
        digest.update(repr((case.title, case.hint, case.weight, _facts(case.judge))).encode())
        digest.update(transport.encode_probe(case.probe))
        digest.update(_value(one.expected))
    for source in sources:
        digest.update(b"\0" + source.encode())
    return digest.hexdigest()


def _facts(thing: Any) -> Any:
    """A judge, or a setting of one, by its name and settings."""
    if is_dataclass(thing) and not isinstance(thing, type):
        return type(thing).__qualname__, [_facts(getattr(thing, one.name)) for one in fields(thing)]
    return f"{thing.__module__}:{thing.__qualname__}" if callable(thing) else repr(thing)


def _value(value: Any) -> bytes:
    return transport.encode_answer(Answer("value", value=value))


def _sum(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _decoded(line: dict[str, Any]) -> Entry:
    result = line["result"]
    items = tuple(_item(item) for item in result["items"])
    flags = tuple(Flag(**flag) for flag in result["flags"])
    student = StudentResult(**{**result, "items": items, "flags": flags})
    answers, handed = line.get("answers", {}), line.get("handed", "")
    return Entry(line["submission"], line["checks"], student, line["notebook"], answers, handed)


def _item(item: dict[str, Any]) -> Item:
    replaced = tuple(item["replaced"])
    return Item(**{**item, "report": _report(item["report"]), "replaced": replaced})


def _report(report: dict[str, Any] | None) -> Report | None:
    if report is None:
        return None
    results = tuple(CaseResult(**result) for result in report["results"])
    return Report(**{**report, "results": results})
