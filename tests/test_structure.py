"""The structure that folders and names promise: arrows go one way, rooms keep to their work.

``pytest tests/test_structure.py -s`` prints the import graph of the rooms.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp
import networkx
import pytest

from autograde.tree import find

ROOT = find(Path(__file__).parent).root
LONGEST = 400  # lines of a module

# Each room imports only rooms that stand after it.
AUTOGRADE = (
    "autograde.__main__",
    "autograde.cli",
    "autograde.formgrader",
    "autograde.gradescope",
    "autograde.watching",
    "autograde.reports",
    "autograde.proving",
    "autograde.plain",
    "autograde.marking",
    "autograde.gradebook",
    "autograde.results",
    "autograde.doctor",
    "autograde.sandbox",
    "autograde.handing_in",
    "autograde.publishing",
    "autograde.authoring",
    "autograde.nbgrader_settings",
    "autograde.tree",
    "autograde.stored_json",
    "autograde.errors",
    "autograde.wording",
    "autograde",
)
COURSE = (
    "course.__main__",
    "course.welcome",
    "course.handin",
    "course.labs.labNN",
    "course.labs.shared",
    "course.recorded",
    "course.labs",
    "course.checks",
    "course.progress",
    "course.predictions",
    "course.preflight",
    "course.diagrams",
    "course.training",
    "course.augment",
    "course.instruments",
    "course.weights",
    "course.data",
    "course",
    "course.plots",
    "course.profile",
    "course.experiments",
    "course.threads",
    "course.device",
    "course.markup",
)


def room(module: str) -> str:
    """The folder of the first or, below labs, second level; every lab is ``course.labs.labNN``."""
    parts = module.split(".")
    if parts[:2] == ["course", "labs"] and len(parts) > 2:
        return "course.labs.shared" if parts[2] == "shared" else "course.labs.labNN"
    return ".".join(parts[:2])


@cache
def imports() -> networkx.DiGraph:
    """Modules and what they import, also within functions; not what only type checkers read."""
    graph = grimp.build_graph("autograde", "course", exclude_type_checking_imports=True)
    found = networkx.DiGraph()
    found.add_nodes_from(graph.modules)
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            found.add_edge(module, imported)
    return found


def files(*tops: str) -> list[Path]:
    return sorted(path for top in tops for path in (ROOT / top).rglob("*.py"))


def circles(graph: networkx.DiGraph) -> list[list[str]]:
    return [sorted(one) for one in networkx.strongly_connected_components(graph) if len(one) > 1]


def test_is_there_no_circle_of_modules() -> None:
    assert circles(imports()) == []


def test_do_arrows_between_rooms_go_one_way() -> None:
    arrows = {(room(a), room(b)) for a, b in imports().edges if room(a) != room(b)}
    order = (*AUTOGRADE, *COURSE)
    for start in order:
        ends = sorted(end for begin, end in arrows if begin == start)
        print(f"{start:28} -> {', '.join(ends) or '-'}")
    unknown = {one for arrow in arrows for one in arrow} - set(order)
    assert not unknown, f"rooms that no order names: {sorted(unknown)}"
    backwards = [arrow for arrow in sorted(arrows) if order.index(arrow[0]) > order.index(arrow[1])]
    assert not backwards


def test_does_a_lab_import_no_other_lab() -> None:
    def lab(module: str) -> str:
        return module.split(".")[2] if room(module) == "course.labs.labNN" else ""

    crossing = [(a, b) for a, b in imports().edges if lab(a) and lab(b) and lab(a) != lab(b)]
    assert not crossing


def test_does_the_students_side_import_nothing_of_the_graders() -> None:
    assert not [
        (a, b) for a, b in imports().edges if a.startswith("course") and b.startswith("autograde")
    ]


@pytest.mark.parametrize(
    ("name", "homes"),
    [
        # Who starts processes for code that is not ours, or may: one folder. And who calls git.
        (
            "subprocess",
            ("autograde/sandbox", "autograde/doctor.py", "autograde/publishing/git.py"),
        ),
        (
            "multiprocessing",  # our own notebooks, and pages, in which nothing runs
            ("autograde/authoring/verify.py", "autograde/reports/feedback.py"),
        ),
        # Who opens nbgrader's database: one folder.
        ("nbgrader.api", ("autograde/gradebook",)),
        ("sqlalchemy", ("autograde/gradebook",)),
        ("sqlite3", ("autograde/gradebook",)),
    ],
)
def test_does_a_dangerous_import_stay_in_its_room(name: str, homes: tuple[str, ...]) -> None:
    found = {str(path.relative_to(ROOT)) for path in files("autograde") if name in _imported(path)}
    assert not {path for path in found if not path.startswith(homes)}


def _imported(path: Path) -> set[str]:
    return {name for node in ast.walk(ast.parse(path.read_text())) for name in _names(node)}


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (one.name for one in node.names)
    if isinstance(node, ast.ImportFrom) and node.module:
        yield node.module


def test_is_every_module_short() -> None:
    lines = {
        str(path.relative_to(ROOT)): path.read_text().count("\n")
        for path in files("course", "autograde", "solutions")
        if path.name != "lab.py" and path.parent.name != "answers"  # a notebook; lists of answers
    }
    assert {path: count for path, count in lines.items() if count > LONGEST} == {}


def test_does_every_text_file_name_its_encoding() -> None:
    """Machines with another one, such as Windows', read ours wrongly otherwise."""
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in files("course", "autograde")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and _guesses(call)
    ]
    assert found == []


def _guesses(call: ast.Call) -> bool:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    modes = [one.value for one in call.args if isinstance(one, ast.Constant)]
    module = getattr(getattr(call.func, "value", None), "id", "")
    if module in ("os", "tarfile") or any(one.arg == "encoding" for one in call.keywords):
        return False
    if name == "open":  # of a path, or the built-in
        own = isinstance(call.func, ast.Name) or bool(modes)
        return own and not any("b" in str(mode) for mode in modes[-1:])
    return len(call.args) < {"read_text": 1, "write_text": 2}.get(name, 0)
