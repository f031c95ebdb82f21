"""Evidence for a person: torch's own functions where an exercise asks for the student's.

It comes from the syntax tree (:mod:`course.checks.own`), where nothing runs, and from the calls
that were seen while checks ran, which are a claim of the student's process. Nothing is decided by
it: whoever wants to hide a built-in can, and an honest answer may use one beside the point. So it
is told, and never costs a point.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from contextlib import suppress

from nbformat import NotebookNode

from autograde.authoring import checks
from autograde.authoring.source import ANSWER
from autograde.handing_in.normalise import Flag
from autograde.handing_in.normalise.flags import listed
from course.checks.own import LONGEST_CELL, UNPARSABLE, Names, Rules, plain_name, uses

CODE = "built-in-used"
LONGEST_BOOK = 300_000
SKIPPED_TAGS = {"explore", "bootstrap", "parameters"}


def evidence(lab: str, notebook: NotebookNode) -> tuple[Flag, ...]:
    """A flag for each answer that is made with what its exercise forbids.

    Args:
        lab: whose checks say what each exercise forbids.
        notebook: as :func:`autograde.handing_in.normalise.normalise` returns it.
    """
    forbids = {
        ANSWER.format(one.name): Rules.of(one.forbids, one.allows) for one in checks.load(lab)
    }
    trees = dict(_parsed(notebook))
    answers = {name: tree for name, tree in trees.items() if name in forbids}
    helpers = Names.of(tree for name, tree in trees.items() if not name.endswith(ANSWER.format("")))
    for tree in answers.values():
        helpers = helpers.without(Names.of([tree]).bodies)
    found = {name: _found(tree, helpers, forbids[name]) for name, tree in answers.items()}
    return tuple(_flag(name, used) for name, used in found.items() if used)


def _found(tree: ast.Module, helpers: Names, rules: Rules) -> list[str]:
    known = Names.of([tree], helpers)
    bodies = list(known.behind(Names.of([tree]).bodies))
    return sorted({use for body in bodies for use in uses(body, known, rules)})


def _parsed(notebook: NotebookNode) -> Iterator[tuple[str, ast.Module]]:
    """Code cells by grade_id, else by cell id."""
    left = LONGEST_BOOK
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags", ()))
        if cell.cell_type != "code" or tags & SKIPPED_TAGS or len(cell.source) > LONGEST_CELL:
            continue
        left -= len(cell.source)
        if left < 0:
            return
        name = cell.metadata.get("nbgrader", {}).get("grade_id", cell["id"])
        with suppress(*UNPARSABLE):
            yield name, ast.parse(_without_magics(cell.source))


def _without_magics(source: str) -> str:
    lines = source.split("\n")
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in lines)


def of_calls(lab: str, name: str, calls: Iterable[str]) -> tuple[Flag, ...]:
    """A flag for an exercise whose check saw calls of what it forbids.

    Args:
        lab: whose checks say what is forbidden.
        name: of the exercise.
        calls: names that the student's process claims to have seen, of all answers to the check.
    """
    forbidden = Rules.of(checks.load(lab)[name].forbids).names
    seen = sorted({call for call in calls if plain_name(call) in forbidden})
    return (_flag(ANSWER.format(name), [f"{call}()" for call in seen]),) if seen else ()


def merged(told: Iterable[Flag], seen: Iterable[Flag]) -> tuple[Flag, ...]:
    """Flags that the text tells, and those of calls seen in answers whose text tells nothing."""
    before = tuple(told)
    cells = {flag.cell for flag in before if flag.code == CODE}
    return (*before, *(flag for flag in seen if flag.cell not in cells))


def _flag(name: str, used: list[str]) -> Flag:
    exercise = name.removesuffix(ANSWER.format(""))
    return Flag(
        CODE,
        "attention",
        name,
        f"{exercise}: made with {listed(used)}, where the exercise asks for the student's own "
        "work. The points are what the check gave; look at the cell and decide.",
    )
