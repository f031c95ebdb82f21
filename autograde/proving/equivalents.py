"""Mutants that are no mistakes, as the author says; and how a mutant is told, ready to paste."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from autograde.authoring import answers, changes
from autograde.authoring.changes import ChangeError
from autograde.proving.mutants import mutants, normalised
from autograde.proving.subjects import Subject
from autograde.tree import Tree


def reasons(tree: Tree, subject: Subject) -> dict[str, str]:
    """Why mutants are right answers, by their source as :func:`ast.unparse` writes it.

    Raises:
        ChangeError: a change fits neither the reference nor what ``autograde prove`` prints.
    """
    return {
        _changed(subject.source, one.change): one.reason
        for one in answers.load(subject.lab, tree).equivalents
        if one.exercise == subject.name
    }


def idle(known: Mapping[str, str], subject: Subject) -> tuple[str, ...]:
    """Reasons that are given for what is no mutant."""
    made = {one.source for one in mutants(subject.source)}
    return tuple(reason for source, reason in known.items() if source not in made)


def change(source: str, mutated: str) -> str:
    """A mutant as a change of the reference, lines with - and +, each old text there only once."""
    old, new = normalised(source).split("\n"), mutated.split("\n")
    blocks = _blocks(old, new)
    found = _written(old, new, blocks)
    if len(blocks) > 1 and not _makes(found, "\n".join(old), mutated):
        found = _written(old, new, [_grown(old, new, (*blocks[0][:2], *blocks[-1][2:]))])
    return found


Block = tuple[int, int, int, int]
"""First old and new line of a change, and those behind its last: old, new, old, new."""


def _blocks(old: list[str], new: list[str]) -> list[Block]:
    """Where the texts differ, with so many lines around that the old ones are there once."""
    found = list[Block]()
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, start, end, begin, stop in matcher.get_opcodes():
        block = _grown(old, new, (start, begin, end, stop)) if tag != "equal" else None
        if block and found and block[0] <= found[-1][2]:
            block = (*found.pop()[:2], *block[2:])
        found += [block] if block else []
    return found


def _grown(old: list[str], new: list[str], block: Block) -> Block:
    start, begin, end, stop = block
    if start == end and start > 0:  # only new lines: they need one to stand behind
        start, begin = start - 1, begin - 1
    while end < len(old) and _times(old, old[start:end]) > 1:
        end, stop = end + 1, stop + 1
    while start > 0 and not _fits(old, old[start:end], new[begin:stop]):
        start, begin = start - 1, begin - 1
    return start, begin, end, stop


def _written(old: list[str], new: list[str], blocks: list[Block]) -> str:
    return "\n\n".join(
        "\n".join([*_marked("-", old[start:end]), *_marked("+", new[begin:stop])])
        for start, begin, end, stop in blocks
    )


def _makes(change: str, old: str, new: str) -> bool:
    try:
        return normalised(changes.changed(old, change)) == new
    except (ChangeError, SyntaxError):
        return False


def _fits(whole: list[str], old: list[str], new: list[str]) -> bool:
    """Whether a change can be read: its lines are there once, the first is indented least."""
    least = min(map(_depth, filter(str.strip, [*old, *new])))
    return _times(whole, old) == 1 and _depth(old[0]) == least


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _times(lines: list[str], part: list[str]) -> int:
    wanted = [line.strip() for line in part]
    places = range(len(lines) - len(part) + 1)
    return sum([one.strip() for one in lines[at : at + len(part)]] == wanted for at in places)


def _marked(mark: str, lines: list[str]) -> list[str]:
    return [f"{mark} {line}".rstrip() for line in lines]


def _changed(source: str, change: str) -> str:
    """The changed source, whether the change is of the cell or of what is printed of it."""
    try:
        return normalised(changes.changed(normalised(source), change))
    except ChangeError:
        return normalised(changes.changed(source, change))
