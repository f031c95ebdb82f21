"""Prove that nothing secret stands where students can read it."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator

from autograde.authoring import build, skeleton
from autograde.tree import Tree

PUBLIC = ("course", "autograde", "tests")
SHORTEST = 20  # characters, without spaces, from which a line is somebody's own wording
IDIOMS = frozenset(  # everybody's wording
    {
        "def__init__(self)->None:",
        "defforward(self,x:Tensor)->Tensor:",
        "withtorch.no_grad():",
        "withtorch.inference_mode():",
        "withtorch.enable_grad():",
        "for_inrange(epochs):",
        'withtorch.device("meta"):',
        "optimizer.zero_grad()",
        "training:bool=False,",
        'mode="training"iftrainingelse"evaluation"',
    }
)
NAME = re.compile(r"\s*(\w+|\"\w+\"),?\s*")
MARKS = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN TESTS", "autograde.marking.hidden")
HEADING = re.compile(r"# [^-]+ -{10,}")  # of a part of a module


def find(tree: Tree, labs: list[str]) -> list[str]:
    """Lines of solutions, model answers or checks that stand outside ``solutions/``, and files
    beside a solution, which nbgrader would release with it.

    Lines are compared without spaces and comments, from 20 characters on. A line that the
    released part of the same source also has is no leak, nor is an idiom, nor what ``autograde
    new`` writes.
    """
    public = dict(_public_lines(tree))
    found = []
    for lab in labs:
        for line, where in secret_lines(tree, lab):
            if line in public:
                found.append(f"{where} stands in {public[line]}: {line}")
        found += [
            f"{path.relative_to(tree.root)} lies beside the solution, so nbgrader would release "
            "it: delete it"
            for path in sorted(tree.solution(lab).parent.glob("[!.]*"))
            if path != tree.solution(lab)
        ]
        text = tree.student(lab).read_text("utf-8") if tree.student(lab).is_file() else ""
        found += [f"{tree.student(lab)} holds {mark!r}" for mark in MARKS if mark in text]
    return found


def essence(line: str) -> str:
    """A line without spaces and trailing comment: what must not reappear. A heading is nothing."""
    if HEADING.fullmatch(line.strip()):
        return ""
    return re.sub(r"\s+", "", line.split("  #")[0])


def secret_lines(tree: Tree, lab: str) -> Iterator[tuple[str, str]]:
    """The essence of each line that nobody may see outside ``solutions/``, and where it stands."""
    released = set(_given_out(tree, lab))
    secret: list[tuple[str, str]] = []
    for cell in build.parse(tree, lab).cells:
        inside = "question" in cell.metadata
        name = cell.metadata.get("exercise") or cell.metadata.get("question") or ""
        for line in cell.source.split("\n"):
            inside = (inside or "### BEGIN SOLUTION" in line) and "### END SOLUTION" not in line
            if inside:
                secret.append((essence(line), f"{lab}, solution of {name}"))
            else:
                released.add(essence(line))
    for path in sorted(tree.checks(lab).rglob("*.py")):
        lines, where = path.read_text("utf-8").split("\n"), str(path.relative_to(tree.root))
        secret += [(essence(line), where) for line in lines if _telling(line)]
    example = {essence(line) for text in skeleton.TEXTS for line in text.split("\n")}
    wording = {line for line, _ in secret if len(line) >= SHORTEST}
    own_wording = wording - released - IDIOMS - example
    yield from ((line, where) for line, where in secret if line in own_wording)


def _given_out(tree: Tree, lab: str) -> Iterator[str]:
    """Lines of programs that students are given to mend: what is right in them is public."""
    path = tree.root / "course" / "labs" / lab / "programs.json.gz"
    parts = json.loads(gzip.decompress(path.read_bytes()))["parts"] if path.is_file() else []
    yield from (essence(line) for part in parts for line in part.split("\n"))


def _telling(line: str) -> bool:
    """Imports, decorators and signatures are the framework's words, not a hidden check's; a line
    of one name, as lists of imports have it, tells nothing.
    """
    words = line.startswith(("import ", "from ", "@", "def ", "check ="))
    words |= line.lstrip().startswith(") -> ")  # where a signature ends
    return not words and not NAME.fullmatch(line)


def _public_lines(tree: Tree) -> Iterator[tuple[str, str]]:
    for path in sorted(one for top in PUBLIC for one in (tree.root / top).rglob("*.py")):
        for number, line in enumerate(path.read_text("utf-8").split("\n"), start=1):
            yield essence(line), f"{path.relative_to(tree.root)}:{number}"
    books = (path for path in tree.labs.rglob("*.ipynb") if "-before-" not in path.name)
    for path in sorted(books):  # git ignores the copies
        book = build.readable(path)  # one that can't be read is told as a difference
        for cell in book.cells if book else ():
            for line in cell.source.split("\n"):
                yield essence(line), f"{path.relative_to(tree.root)}, cell {cell.get('id')}"
