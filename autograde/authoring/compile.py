"""Visible checks as data for the student's side: ``course/labs/LAB/checks.json.gz``."""

from __future__ import annotations

import gzip
import hashlib
import inspect
import json
import math
import re
import zlib
from collections.abc import Container, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from autograde.authoring import faults, reference, trial
from autograde.authoring.checks import VISIBLE_SEED, Book, CheckError, Definition, load
from autograde.authoring.source import parse
from autograde.tree import Tree, TreeError
from course.checks import Case, stored
from course.checks.probes import called, gradient_of
from course.device import one_thread

RTOL = 1e-5  # results may differ by rounding between machines and versions of torch
ATOL = 1e-7


def compiled(book: Book) -> dict[str, Any]:
    """All visible checks of a lab as they are stored: oracle and mistakes run once.

    Raises:
        CheckError: a value can't be stored, or the oracle has no answer; names check and case.
    """
    with one_thread():
        return {"lab": book.lab, "checks": {one.name: _check(book.lab, one) for one in book}}


def build(tree: Tree, lab: str) -> list[str]:
    """Store the visible checks of a lab, where what is stored is not what their source says.

    What is compiled anew is tried first: see :mod:`autograde.authoring.trial`.

    Returns:
        What differed; values that differ by rounding stay as they were.

    Raises:
        CheckError: an exercise has no check, or a check does not do what it must.
        TreeError: a folder that the notebook needs is not there.
    """
    committed, path = _committed(tree, lab), tree.compiled(lab)
    if not _has_checks(tree, lab) or _up_to_date(tree, lab, committed):
        return []
    book = load(lab, tree)
    exercises = _exercises(tree, lab, book)
    _all_asked(tree, lab, book)
    wanted = compiled(book)
    with one_thread():
        trial.judge(book, wanted["checks"], exercises, reference.load(lab, tree))
    found = list(differences(committed["checks"], wanted["checks"])) if committed else ["missing"]
    checks = wanted["checks"] if found else committed["checks"]
    stamped = {"lab": lab, "built": _stamp(tree, lab, checks), "checks": checks}
    path.write_bytes(gzip.compress(text(stamped).encode(), mtime=0))
    return [f"{path.relative_to(tree.root)}: {line}" for line in found]


def drift(tree: Tree, lab: str) -> list[str]:
    """Where the stored checks of a lab differ from what their source says; nothing is written.

    They are compiled again whatever their stamp says: a stamp can be forged.

    Raises:
        CheckError: an exercise has no check, or the stored file can't be read.
        TreeError: a folder that the notebook needs is not there.
    """
    if not _has_checks(tree, lab):
        return []
    committed, path = _committed(tree, lab), tree.compiled(lab)
    name = path.relative_to(tree.root)
    if not committed:
        return [f"{name}: missing"]
    book = load(lab, tree)
    _exercises(tree, lab, book)
    found = list(differences(committed["checks"], compiled(book)["checks"]))
    if not found and gzip.decompress(path.read_bytes()).decode() != text(committed):
        found = ["it is not written as `autograde build` writes it"]
    return [f"{name}: {line}" for line in found]


def _has_checks(tree: Tree, lab: str) -> bool:
    """Whether there is anything to store; a lab whose notebook imports no checks needs none."""
    source, home = faults.text_of(tree.source(lab)), tree.compiled(lab).parent
    needed = re.search(rf"\bcourse\.labs\.{lab}\b", source)
    if not tree.checks(lab).is_dir():
        if needed:
            raise TreeError(
                f"{lab}: lab.py imports course.labs.{lab}, but there are no checks: write "
                f"{tree.checks(lab).relative_to(tree.root)}/: see docs/authoring.md, Checks."
            )
        return False
    if not (home / "__init__.py").is_file():
        raise TreeError(
            f"{lab}: expected {home.relative_to(tree.root)}/__init__.py, which makes "
            f'`check = Checks("{lab}")`: see docs/authoring.md.'
        )
    return True


def _exercises(tree: Tree, lab: str, checks: Container[str]) -> list[str]:
    """The lab's exercises, if each has its check."""
    source = parse(lab, faults.text_of(tree.source(lab)))
    names = [one.name for one in source.exercises if not one.manual]
    for name in names:
        if name not in checks:
            raise CheckError(
                f"{lab}: the exercise {name!r} has no check. Write a function {name} under "
                f"@check.define(…) into {tree.checks(lab).relative_to(tree.root)}/{name}.py, and "
                "import that file in __init__.py: see docs/authoring.md, Checks."
            )
    return names


def _all_asked(tree: Tree, lab: str, book: Book) -> None:
    """See that the notebook asks every check, which a misspelt one is not."""
    text = faults.text_of(tree.source(lab))
    for one in book:
        if f'"{one.name}"' not in text:
            raise CheckError(
                f"{one.place}: the check {one.name!r} is of no exercise, and lab.py never asks it. "
                "Correct its name, or delete it."
            )


def _committed(tree: Tree, lab: str) -> dict[str, Any]:
    path = tree.compiled(lab)
    if not path.is_file():
        return {}
    try:
        found: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
        return {"lab": found["lab"], "built": found["built"], "checks": found["checks"]}
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise CheckError(
            f"{path.relative_to(tree.root)} is no file of stored checks ({error}): delete it, and "
            f"run `autograde build {lab}`."
        ) from None


def _up_to_date(tree: Tree, lab: str, committed: dict[str, Any]) -> bool:
    if not committed or committed.get("built") != _stamp(tree, lab, committed["checks"]):
        return False
    _exercises(tree, lab, committed["checks"])
    return True


def _stamp(tree: Tree, lab: str, checks: dict[str, Any]) -> str:
    """Digest of stored checks and of all code that they were compiled from."""
    digest = hashlib.sha256(_line(checks).encode())
    code = [*tree.checks(lab).rglob("*.py"), *(tree.root / "course").rglob("*.py")]
    for path in sorted(one for one in code if "experiments" not in one.parts):
        digest.update(f"{path.relative_to(tree.root)}\0".encode() + path.read_bytes())
    for path in (Path(__file__), Path(__file__).with_name("checks.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def text(checks: dict[str, Any]) -> str:
    """The file's text: a line for each case, so that differences read well."""
    parts = []
    for name, check in checks["checks"].items():
        cases = ",\n".join(_line(case) for case in check["cases"])
        head = {key: value for key, value in check.items() if key != "cases"}
        parts.append(f' {_line(name)}: {_line(head)[:-1]}, "cases":[\n{cases}]}}')
    body = ",\n".join(parts)
    stamp = f'"built": {_line(checks["built"])}, ' if "built" in checks else ""
    return f'{{"lab": {_line(checks["lab"])}, {stamp}"checks": {{\n{body}\n}}}}\n'


def differences(committed: Any, wanted: Any, where: str = "") -> Iterator[str]:
    """Where stored checks differ by more than rounding."""
    if isinstance(wanted, float) or isinstance(committed, float):
        if not _near(committed, wanted):
            yield f"{where or 'it'} is {committed!r}, now {wanted!r}"
    elif type(committed) is not type(wanted):
        yield f"{where or 'it'} is {_brief(committed)}, now {_brief(wanted)}"
    elif isinstance(wanted, dict) and "bytes" in wanted and set(committed) == set(wanted):
        found, now = (stored.decoded({"tensor": one}) for one in (committed, wanted))
        if found.shape != now.shape or found.dtype != now.dtype:
            yield f"{where} has another shape or dtype"
        elif not found.double().allclose(now.double(), RTOL, ATOL, equal_nan=True):
            yield f"{where} has other values"
    elif isinstance(wanted, dict):
        for key in dict.fromkeys([*committed, *wanted]):
            place = f"{where}, {key}" if where else key
            if key not in wanted or key not in committed:
                yield f"{place} is {'missing' if key in wanted else 'not there any more'}"
            elif where.endswith("known"):
                if not _alike(committed[key], wanted[key]):
                    yield f"{place}: what the mistake answers has changed"
            else:
                yield from differences(committed[key], wanted[key], place)
    elif isinstance(wanted, list):
        if len(committed) != len(wanted):
            yield f"{where} has {len(committed)} entries, now {len(wanted)}"
        for number, (old, new) in enumerate(zip(committed, wanted, strict=False)):
            yield from differences(old, new, f"{where} {number}")
    elif committed != wanted:
        yield f"{where} is {_brief(committed)}, now {_brief(wanted)}"


def _check(lab: str, definition: Definition) -> dict[str, Any]:
    cases = []
    for prepared in definition.shown().cases:
        try:
            prepared.case = _with_argument(prepared.case, definition.reference)
            cases.append(stored.case(prepared))
        except (CheckError, stored.StoredError) as error:
            where = f"{definition.place}, {definition.name}, case {prepared.case.title!r}"
            raise CheckError(f"{where}: {error}") from error
    advice = {one.name: one.hint for one in definition.mistakes}
    for case in cases:
        case["known"] = told_apart(case["known"], advice)
    told = {one for case in cases for one in case["known"]}
    hints = {one.name: one.hint for one in definition.mistakes if one.name in told}
    numbers = {name: str(number) for number, name in enumerate(hints)}
    said = list(dict.fromkeys(text for case in cases for text in _texts(case["hint"])))
    for case in cases:
        case["known"] = {numbers[name]: text for name, text in case["known"].items()}
        case["hint"] = _numbered(case["hint"], said)
    cases, table = stored.shared([_without_defaults(case) for case in cases])
    head = {"about": definition.about, "hints": said, "mistakes": hints}
    return {**head, **_besides(definition, len(cases)), "shared": table, "cases": cases}


def _with_argument(case: Case, objects: Mapping[str, Any]) -> Case:
    """The case, knowing what the exercise calls the argument that its values are told by."""
    probe = case.probe
    if probe.question not in (called, gradient_of) or not isinstance(
        (*probe.args, None)[0], Tensor
    ):
        return case
    with suppress(KeyError, TypeError, ValueError):
        name = next(iter(inspect.signature(objects[probe.uses[0]]).parameters), "")
        return replace(case, probe=replace(probe, argument=name))
    return case


def _besides(definition: Definition, shown: int) -> dict[str, Any]:
    """What is forbidden and allowed, and what grading adds: how many cases, of what share."""
    graded = definition.graded({}, VISIBLE_SEED).cases
    for one in graded[shown:]:  # what is stored was tried already
        _askable(definition, one.case)
    weigh = [one.case.weight for one in graded]
    share = sum(weigh[shown:]) / sum(weigh) if sum(weigh) else 0.0
    found = {
        "forbids": list(definition.forbids),
        "allows": list(definition.allows),
        "extra": [len(weigh) - shown, round(share, 4)],
    }
    return {key: value for key, value in found.items() if value}


def told_apart(known: dict[str, str], advice: Mapping[str, str]) -> dict[str, str]:
    """Mistakes that a case can name: not two that answer it alike and need different advice.

    Args:
        known: packed fingerprints of what mistakes answer, by name.
        advice: the mistakes' hints, by name.
    """

    def clear(name: str, packed: str) -> bool:
        others = (one for one, text in known.items() if _alike(packed, text))
        return {advice[one] for one in others} <= {advice[name]}

    return {name: packed for name, packed in known.items() if clear(name, packed)}


def _askable(definition: Definition, case: Case) -> None:
    """See that a hidden question can reach a student's process: its module must be there."""
    try:
        stored.named(case.probe.question)
    except stored.StoredError as error:
        raise CheckError(
            f"{definition.place}, {definition.name}, hidden case {case.title!r}: {error}. Move "
            f"what it asks to course/labs/{definition.lab}/questions.py, where students' processes "
            "find it."
        ) from None


def _texts(hint: str | dict[str, str]) -> list[str]:
    return [text for text in ([hint] if isinstance(hint, str) else hint.values()) if text]


def _numbered(hint: str | dict[str, str], said: list[str]) -> int | dict[str, int] | None:
    if isinstance(hint, str):
        return said.index(hint) if hint else None
    return {kind: said.index(text) for kind, text in hint.items() if text}


def _without_defaults(case: dict[str, Any]) -> dict[str, Any]:
    usual: dict[str, Any] = {"hint": None, "known": {}, "weight": 1.0}
    return {key: value for key, value in case.items() if value != usual.get(key, case)}


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _alike(one: str, other: str) -> bool:
    """Whether two packed fingerprints are the same up to rounding."""
    first, second = stored.unpacked(one), stored.unpacked(other)
    pairs = zip(first.sums, second.sums, strict=True)
    near = all(math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-4) for a, b in pairs)
    return first.structure == second.structure and near


def _near(one: Any, other: Any) -> bool:
    if not isinstance(one, int | float) or not isinstance(other, int | float):
        return False
    return math.isclose(one, other, rel_tol=RTOL, abs_tol=ATOL)


def _brief(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) < 60 else shown[:57] + "…"
