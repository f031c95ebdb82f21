"""Evidence for a person: torch's own functions where an exercise asks for the student's.

It comes from the syntax tree (:mod:`course.checks.own`), where nothing runs, and from the calls
that were seen while checks ran, which are a claim of the student's process. Nothing is decided by
it: whoever wants to hide a built-in can, and an honest answer may use one beside the point. So it
is told, and never costs a point. What could not be read is told as well.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.machinery import PathFinder
from itertools import islice

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from autograde.authoring import checks
from autograde.authoring.source import ANSWER
from autograde.handing_in.normalise import Flag
from autograde.handing_in.normalise.flags import listed
from autograde.marking import aside, parsing
from autograde.sandbox import launch
from course.checks.own import LONGEST_CELL, UNPARSABLE, Names, Rules, plain_name, uses

CODE = "built-in-used"
UNREAD = "not-read"
LONGEST_BOOK = 150_000
"""Characters of a notebook's code."""

MOST_STATEMENTS = 2_000
"""Statements that an answer may be made of, its helpers included."""

TIMED = re.compile(
    r"^([ \t]*)%(?:time|timeit|prun|memit|lprun)\b(?:[ \t]+-\S+(?:[ \t]+\d+)?)*[ \t]*", re.MULTILINE
)
ELSEWHERE = re.compile(
    r"%%(bash|sh|script|cmd|system|sx|perl|ruby|html|HTML|svg|SVG|javascript|js|latex|markdown"
    r"|writefile|file)\b"
)
"""Cells that are no Python of this notebook."""

MAGIC = re.compile(r"^[ \t]*[%!?,;/]|\?[ \t]*$|=[ \t]*[%!]", re.MULTILINE)
MOST_MAGICS = 20
UNHEARD = {"DisableTorchFunction", "DisableTorchFunctionSubclass", "_disable_current_modes"}
UNHEARD |= {"__torch_function__", "__torch_dispatch__", "_pop_torch_function_stack"}
UNHEARD |= {"Thread", "ThreadPoolExecutor", "ThreadPool", "start_new_thread", "to_thread"}
UNHEARD |= {"run_in_executor"}
"""Ways to call without being heard: no honest answer to such an exercise needs one."""

OPAQUE = {"eval", "exec", "compile", "getattr", "setattr", "vars", "globals", "locals"}
OPAQUE |= {"__import__", "import_module", "attrgetter", "methodcaller"}
"""What gives a name a meaning that only running tells."""

PUBLIC = {"tensorflow", "keras", "jax", "flax", "cupy", "sklearn", "scipy", "pandas", "google"}
"""Libraries that honest answers may want: where they are missing, the cell stops and says so."""

KNOWN = {*sys.stdlib_module_names, *PUBLIC, "course", "autograde"}
"""Modules that need not be looked for."""


def evidence(lab: str, notebook: NotebookNode) -> tuple[Flag, ...]:
    """A flag for each answer that is made with what its exercise forbids, or can't be read.

    Args:
        lab: whose checks say what each exercise forbids.
        notebook: as :func:`autograde.handing_in.normalise.normalise` returns it.
    """
    forbids = {
        ANSWER.format(one.name): Rules.of(one.forbids, one.allows) for one in checks.load(lab)
    }
    read = dict(_parsed(notebook))
    trees = {name: tree for name, tree in read.items() if isinstance(tree, ast.Module)}
    answers = {name: tree for name, tree in trees.items() if name in forbids}
    helpers = Names.of(tree for name, tree in trees.items() if not name.endswith(ANSWER.format("")))
    for tree in answers.values():
        helpers = helpers.without(Names.of([tree]).bodies)
    found = [_told(name, tree, helpers, forbids[name]) for name, tree in answers.items()]
    unread = [_unread(name, why) for name, why in read.items() if isinstance(why, str)]
    return (*(flag for flag in found if flag), *unread)


def _told(name: str, tree: ast.Module, helpers: Names, rules: Rules) -> Flag | None:
    known = Names.of([tree], helpers)
    bodies = list(islice(known.behind(Names.of([tree]).bodies), MOST_STATEMENTS + 1))
    if used := sorted({use for body in bodies for use in uses(body, known, rules)}):
        return _flag(name, used)
    if len(bodies) > MOST_STATEMENTS:
        return _unread(name, f"is made of more than {MOST_STATEMENTS:,} statements")
    if found := _not_installed([*bodies, tree], known):
        return _unread(name, f"uses {listed(found)}, which nobody has installed here")
    if rules.names and (found := _unheard([*bodies, tree])):
        return _unread(name, f"may call what is not heard ({listed(found)})")
    if any(map(_opaque, [*bodies, *tree.body])):
        return _unread(name, "gives its names a meaning that only running tells (eval, getattr)")
    return None


def _not_installed(nodes: Iterable[ast.AST], known: Names) -> list[str]:
    """Modules that code takes something from and that are neither Python's nor installed here."""
    read = [node for top in nodes for node in ast.walk(top)]
    used = {known.origins.get(node.id, "") for node in read if isinstance(node, ast.Name)}
    used |= {one.name for node in read if isinstance(node, ast.Import) for one in node.names}
    used |= {node.module or "." for node in read if isinstance(node, ast.ImportFrom)}
    tops = {one.partition(".")[0] or "." for one in used if one} - KNOWN
    return sorted(one for one in tops if not _is_installed(one))


def _unheard(nodes: Iterable[ast.AST]) -> list[str]:
    """Names of :data:`UNHEARD` that code uses, imports or defines."""
    read = [node for top in nodes for node in ast.walk(top)]
    found = {getattr(node, kind, "") for node in read for kind in ("id", "attr", "name")}
    return sorted(UNHEARD.intersection(one for one in found if isinstance(one, str)))


@lru_cache(10_000)
def _is_installed(module: str) -> bool:
    """Whether a module without dots lies where packages are installed; nothing is imported."""
    return PathFinder.find_spec(module, launch.packages()) is not None


def _opaque(statement: ast.stmt) -> bool:
    """Whether a statement that is no definition calls :data:`OPAQUE`: then a name may stand for
    what its text does not tell. Inside a definition, the calls that are heard tell.
    """
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    calls = (node.func for node in ast.walk(statement) if isinstance(node, ast.Call))
    names = (getattr(called, "id", getattr(called, "attr", "")) for called in calls)
    return not OPAQUE.isdisjoint(names)


def _parsed(notebook: NotebookNode) -> Iterator[tuple[str, ast.Module | str]]:
    """Code cells by grade_id, else by cell id: their trees, or why there is none.

    What runs nowhere, since it is no Python for IPython either, is left out. Of cells that grading
    does not run, what they define is read.
    """
    left = LONGEST_BOOK
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if aside.TAGS & set(cell.metadata.get("tags", ())):
            yield cell["id"], parsing.tree(aside.definitions(cell.source))
            continue
        name = cell.metadata.get("nbgrader", {}).get("grade_id", cell["id"])
        left -= len(cell.source)
        if len(cell.source) > LONGEST_CELL:
            yield name, f"is {len(cell.source):,} characters long"
        elif left < 0:
            yield name, f"and all behind it come after {LONGEST_BOOK:,} characters of code"
            return
        elif read := _tree(cell.source):
            yield name, read


def _tree(source: str) -> ast.Module | str | None:
    try:
        return parsing.tree(as_ipython_reads(source))
    except (RecursionError, MemoryError):
        return "is nested too deeply"
    except RuntimeError:
        return "has more lines that only IPython can read, or longer ones, than are read here"
    except UNPARSABLE:  # no Python for IPython either, unless it has magics
        return "has lines that only IPython can read" if MAGIC.search(source) else None


def as_ipython_reads(source: str) -> str:
    """A cell as plain Python: what ``%%time`` and ``%time`` run stays, ``sigmoid?`` is a call.

    Args:
        source: of a cell; magics of the student's own making stay unknown.

    Raises:
        RuntimeError: it has so many magics, or quotes in a line, that IPython's reading, which
            begins anew with each magic, would take long.
    """
    while source.lstrip().startswith("%%"):
        if ELSEWHERE.match(source.lstrip()):
            return ""
        source = source.lstrip().partition("\n")[2]
    source = TIMED.sub(r"\1", source)
    if not (found := len(MAGIC.findall(source))):
        return source
    if found > MOST_MAGICS or (found + 1) * parsing.steps(source) > parsing.COST:
        raise RuntimeError(f"{found} lines of magics")
    return TransformerManager().transform_cell(source)


def _unread(name: str, why: str) -> Flag:
    return Flag(
        UNREAD,
        "attention",
        name,
        f"the cell {why}, so nobody has looked whether it is the student's own work. The points "
        "are what the checks gave; look at the cell and decide.",
    )


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
