"""Begin a lab, an exercise or a written question: small, and it builds and passes at once."""

from __future__ import annotations

import json
import keyword
import re
from pathlib import Path

import yaml

from autograde.authoring import cells, faults, skeleton, source
from autograde.authoring.listing import with_module
from autograde.authoring.source import LabSource, lab_number
from autograde.errors import DesignedError
from autograde.tree import Tree

LAB = re.compile(r"lab\d\d_[a-z][a-z0-9_]*")
NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
FIRST = "weighted_mean"
"""The exercise of a new lab."""
HEADER_MINUTES = re.compile(r"^(#     minutes: )(\d+)", re.MULTILINE)
FOLDED = "<details"
"""How help begins that belongs to the exercise above it."""


class NewError(DesignedError):
    """Nothing can be begun under this name or title; the message says why."""


def write(tree: Tree, lab: str, title: str = "") -> list[Path]:
    """Write the first files of a lab, with one exercise.

    Returns:
        Their paths.

    Raises:
        NewError: the name is no lab's, or is taken; the title is no line.
    """
    title = _line(title or _words(lab.partition("_")[2]))
    _refuse_lab(tree, lab)
    facts = _facts(lab, FIRST, "A weighted mean", "Tensor")
    text = skeleton.LAB.replace("@EXERCISE@\n", skeleton.EXERCISE)
    made = {tree.source(lab): _filled(text, {**facts, "TITLE": _as_yaml(title)})}
    made |= _files(tree, {**skeleton.OF_LAB, **skeleton.OF_EXERCISE}, facts)
    return _written(_with_lists(tree, lab, FIRST, made))


def add_exercise(tree: Tree, lab: str, name: str, title: str = "") -> list[Path]:
    """Add an exercise to a lab: its cells behind the last one, its check, answers and a sample.

    What the lab lacks besides, such as a folder of answers, is made too.

    Returns:
        Paths of what was written or changed.

    Raises:
        NewError: the name is taken or can't be one; the title is no line.
        DesignedError: the lab's own files can't be read.
    """
    title, found = _line(title or _words(name)), _lab(tree, lab, name)
    text = faults.text_of(tree.source(lab))
    tensor, text = _tensor(found, text)
    facts = _facts(lab, name, title, tensor)
    besides = _files(tree, skeleton.BESIDE, facts)
    made = {path: text for path, text in besides.items() if not path.exists()}
    for path, own in _files(tree, skeleton.OF_EXERCISE, facts).items():
        if path.exists():
            raise NewError(f"{path.relative_to(tree.root)} exists: choose another name.")
        made[path] = own
    made[tree.source(lab)] = _inserted(found, text, _filled(skeleton.EXERCISE, facts))
    return _written(_with_lists(tree, lab, name, made))


def add_question(tree: Tree, lab: str, name: str, title: str = "") -> list[Path]:
    """Add a question that a person marks; arguments and errors as of :func:`add_exercise`."""
    title, found = _line(title or _words(name)), _lab(tree, lab, name)
    asked = _filled(skeleton.QUESTION, _facts(lab, name, title, ""))
    text = faults.text_of(tree.source(lab))
    return _written({tree.source(lab): _inserted(found, text, asked)})


def _refuse_lab(tree: Tree, lab: str) -> None:
    if not LAB.fullmatch(lab):
        raise NewError(
            "expected a name such as lab20_name: two digits, then small letters of English, "
            f"digits and _; found {lab!r}."
        )
    for folder in (tree.source(lab).parent, tree.compiled(lab).parent, tree.student(lab).parent):
        if folder.exists():
            raise NewError(f"{folder.relative_to(tree.root)} exists: choose another name.")
    numbers = {lab_number(one): one for one in tree.lab_names()}
    if other := numbers.get(lab_number(lab)):
        raise NewError(
            f"{other} has this number: choose another one, lab{max(numbers) + 1:02} is free."
        )


def _lab(tree: Tree, lab: str, name: str) -> LabSource:
    """The lab's source, if an exercise of this name can come into it."""
    tree.chosen([lab])
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise NewError(
            "expected the name of a function, such as weighted_mean: small letters of English, "
            f"digits and _, 30 at most, and no word of Python; found {name!r}."
        )
    found = source.parse(lab, faults.text_of(tree.source(lab)))
    taken = {one.name: f"the exercise {one.number}" for one in found.exercises}
    taken |= dict.fromkeys(cells.setup_names(found), "the setup cell")
    taken |= {"setup": "the setup cell", "book": "book.py"}
    stem = name.removesuffix(source.ANSWER.format(""))
    if where := taken.get(name) or taken.get(stem):
        raise NewError(f"{lab}: {name!r} is taken by {where}: choose another name.")
    return found


def _line(title: str) -> str:
    if not title.strip() or not title.isprintable():
        raise NewError(f"expected a title of one line, found {title!r}.")
    return title.strip()


def _words(name: str) -> str:
    """``Batch norm`` of ``batch_norm``."""
    return name.replace("_", " ").strip().capitalize()


def _as_yaml(title: str) -> str:
    """The title as the source's header has it: in quotes only where YAML needs them."""
    try:
        plain = yaml.safe_load(f"title: {title}") == {"title": title}
    except yaml.YAMLError:
        plain = False
    return title if plain else json.dumps(title, ensure_ascii=False)


def _facts(lab: str, name: str, heading: str, tensor: str) -> dict[str, str]:
    number = str(lab_number(lab))
    return {"LAB": lab, "NUMBER": number, "NAME": name, "HEADING": heading, "TENSOR": tensor}


def _filled(text: str, facts: dict[str, str]) -> str:
    return re.sub(r"@([A-Z]+)@", lambda place: facts[place[1]], text)


def _files(tree: Tree, texts: dict[str, str], facts: dict[str, str]) -> dict[Path, str]:
    return {tree.root / _filled(at, facts): _filled(text, facts) for at, text in texts.items()}


def _with_lists(tree: Tree, lab: str, name: str, made: dict[Path, str]) -> dict[Path, str]:
    """The files, where those that import an exercise's check and answers name it too."""
    lists = {}
    for folder in (tree.checks(lab), tree.answers(lab)):
        path = folder / "__init__.py"
        text = made[path] if path in made else path.read_text("utf-8")
        lists[path] = with_module(text, name, path.relative_to(tree.root))
    return made | lists


def _tensor(found: LabSource, text: str) -> tuple[str, str]:
    """What the lab's cells call a tensor, and its text, which imports it if it did not."""
    known = set(cells.setup_names(found))
    if "Tensor" in known:
        return "Tensor", text
    if "torch" in known:
        return "torch.Tensor", text
    lines = text.split("\n")
    setup = next((one for one in found.cells if "setup" in one.metadata), None)
    if setup is not None:
        lines.insert(setup["line"], "from torch import Tensor")
    else:
        first = found.cells[0]["line"] - 1
        lines[first:first] = ["# %% setup=true", "from torch import Tensor", ""]
    return "Tensor", "\n".join(lines)


def _inserted(found: LabSource, text: str, new: str) -> str:
    """The source with cells behind its last exercise, and behind the help folded below that."""
    known = source.parse(found.lab, text).cells  # their lines, as they are in this text
    graded = [at for at, one in enumerate(known) if {"check", "question"} & set(one.metadata)]
    at = graded[-1] + 1 if graded else len(known)
    while graded and at < len(known) and known[at].source.startswith(FOLDED):
        at += 1
    lines = text.rstrip().split("\n")
    split = known[at]["line"] - 1 if at < len(known) else len(lines)
    before, after = lines[:split], lines[split:]
    gap = [""] * (_blank_before(before) if after else 0)
    while before and not before[-1].strip():
        before.pop()
    text = "\n".join([*before, "", *new.rstrip().split("\n"), *gap, *after]) + "\n"
    more = sum(map(int, re.findall(r"^# %%.* minutes=(\d+)", new, re.M)))
    return HEADER_MINUTES.sub(lambda said: f"{said[1]}{int(said[2]) + more}", text, count=1)


def _blank_before(lines: list[str]) -> int:
    """How many empty lines a text ends with: its formatter wants them before what follows."""
    return len(lines) - len("\n".join(lines).rstrip().split("\n"))


def _written(files: dict[Path, str]) -> list[Path]:
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(files)
