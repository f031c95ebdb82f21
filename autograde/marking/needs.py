"""Which exercises an answer needs: names that it uses and that other exercises define.

Read from the text alone. It may name more than an answer needs, which costs no student a point:
see :mod:`autograde.marking.follow`.
"""

from __future__ import annotations

import symtable
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from nbformat import NotebookNode

from autograde.authoring import reference
from autograde.authoring.source import ANSWER
from autograde.marking import hidden, parsing

LONGEST_CELL = 20_000  # characters; beyond, nobody wrote it by hand and it is not parsed
SETUP = "setup"


@dataclass(frozen=True)
class Text:
    """Names at the top level of a cell, and names that it takes from outside, anywhere in it."""

    defines: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()

    @classmethod
    def of(cls, source: str) -> Text:
        """Read a cell; nothing is known of one that does not parse."""
        if len(source) > LONGEST_CELL:
            return cls()
        try:
            top = parsing.names(_without_magics(source))
        except parsing.UNPARSABLE:
            return cls()
        defines = {one.get_name() for one in top.get_symbols() if _binds(one)}
        uses = {one.get_name() for one in top.get_symbols() if one.is_referenced()}
        uses |= {name for inner in _tables(top) for name in _globals(inner)}
        return cls(frozenset(defines), frozenset(uses - defines))


@dataclass(frozen=True)
class Course:
    """What a lab's reference says of its exercises.

    Attributes:
        cells: the reference's code by exercise; the setup cells together.
        owners: which exercise a name belongs to.
        asked: names that an exercise's check asks for.
        direct: which exercises each one's reference uses.
    """

    cells: Mapping[str, str]
    owners: Mapping[str, str]
    asked: Mapping[str, frozenset[str]]
    direct: Mapping[str, frozenset[str]]

    def behind(self, exercise: str) -> frozenset[str]:
        """The exercises that the reference of this one is made of, all the way down."""
        return _closed([exercise], self.direct) - {exercise}

    def before(self, exercise: str) -> frozenset[str]:
        """The exercises that come before this one in the lab."""
        names = list(self.direct)
        return frozenset(names[: names.index(exercise)])

    def others(self, exercise: str, names: Iterable[str]) -> frozenset[str]:
        """Exercises, other than this one, to which these names belong."""
        return frozenset(self.owners[name] for name in names if name in self.owners) - {exercise}


@cache
def course(lab: str) -> Course:
    """What the reference of a lab says.

    Raises:
        TreeError: no such lab, or it has no checks.
    """
    cells: dict[str, str] = {}
    for name, code in reference.cells(lab):
        cells[name] = f"{cells[name]}\n{code}" if name in cells else code
    texts = {name: Text.of(code) for name, code in cells.items() if name != SETUP}
    owners = {one: name for name, text in texts.items() for one in text.defines}
    owners |= {name: name for name in texts}
    asked = {name: frozenset(_asked(lab, name)) for name in texts}
    found = Course(cells, owners, asked, {})
    direct = {name: found.others(name, texts[name].uses | asked[name]) for name in texts}
    return Course(cells, owners, asked, direct)


def sources(lab: str, exercise: str) -> list[str]:
    """The reference's code that may stand in for what an exercise needs."""
    known = course(lab)
    return [known.cells[name] for name in sorted(known.behind(exercise))]


def needs(lab: str, notebook: NotebookNode) -> dict[str, frozenset[str]]:
    """For each exercise those that it needs, by the reference and by the student's own cells, all
    the way down.

    By the student's cells it needs only what comes before it in the lab: else whoever writes an
    early function by means of a later one would be given the course's.
    """
    known = course(lab)
    texts = dict(_texts(notebook))
    homes: dict[str, list[str]] = {}
    for cell, text in texts.items():
        for name in text.defines:
            homes.setdefault(name, []).append(cell)
    direct = {
        name: known.direct[name]
        | known.others(name, _used(ANSWER.format(name), texts, homes)) & known.before(name)
        for name in known.direct
    }
    return {name: _closed([name], direct) - {name} for name in direct}


def _used(cell: str, texts: Mapping[str, Text], homes: Mapping[str, list[str]]) -> set[str]:
    """Names that a cell uses, and those that what it uses of other cells uses."""
    waiting, seen, found = [cell], set[str](), set[str]()
    while waiting:
        one = waiting.pop()
        if one in seen or one not in texts:
            continue
        seen.add(one)
        found |= texts[one].uses
        waiting += [home for name in texts[one].uses for home in homes.get(name, ())]
    return found


def _closed(names: Iterable[str], direct: Mapping[str, Iterable[str]]) -> frozenset[str]:
    waiting, seen = list(names), set[str]()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += direct.get(name, ())
    return frozenset(seen)


def _asked(lab: str, exercise: str) -> set[str]:
    return {name for one in hidden.check(lab, exercise).cases for name in one.case.probe.uses}


def _texts(notebook: NotebookNode) -> Iterator[tuple[str, Text]]:
    """Code cells that a student may write, by grade_id, else by cell id."""
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and not marks.get("grade"):
            yield marks.get("grade_id", cell["id"]), Text.of(cell.source)


def _binds(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported()


def _tables(top: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    waiting = list(top.get_children())
    while waiting:
        inner = waiting.pop()
        yield inner
        waiting += inner.get_children()


def _globals(table: symtable.SymbolTable) -> Iterator[str]:
    return (one.get_name() for one in table.get_symbols() if one.is_global())


def _without_magics(source: str) -> str:
    lines = source.split("\n")
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in lines)
