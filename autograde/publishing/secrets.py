"""Does a file hold a secret of the course? Every line of text in it is looked at, also inside
archives, compressed files and notebooks; code also by its shape, whatever its names are.
"""

from __future__ import annotations

import ast
import gzip
import hashlib
import io
import json
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from autograde.authoring import build, leaks
from autograde.tree import Tree

SMALLEST = 7  # nodes of a syntax tree, from which a function is somebody's own
SHORTEST_FILE = 200  # bytes, from which equal files are no accident
WHERE_FROM = ("solutions", "seed.txt")  # names that only the instructors' side has
DEEPEST = 4  # archives in archives
BROKEN = (zipfile.BadZipFile, tarfile.TarError)
LARGEST = 100_000_000  # bytes of one file that is unpacked


@dataclass(frozen=True)
class Secrets:
    """What must not be found.

    Attributes:
        lines: essences of lines, and where they stand.
        shapes: code without its own names, and where it stands.
        texts: pieces of text, and what they are.
        files: digests of whole files, and their names.
    """

    lines: dict[str, str]
    shapes: dict[str, str]
    texts: dict[str, str]
    files: dict[str, str]

    @classmethod
    def of(cls, tree: Tree) -> Secrets:
        """All secrets of a course: also of labs that are not published."""
        labs = tree.lab_names()
        lines = {line: where for lab in labs for line, where in leaks.secret_lines(tree, lab)}
        shapes = {shape: where for lab in labs for shape, where in _secret_shapes(tree, lab)}
        texts = dict.fromkeys(leaks.MARKS, "a mark of hidden code")
        if (tree.solutions / "seed.txt").is_file():
            texts[tree.secret()] = "the secret seed"
        files = {
            _digest(path.read_bytes()): str(path.relative_to(tree.root))
            for path in tree.solutions.rglob("*")
            if path.is_file() and path.stat().st_size >= SHORTEST_FILE
        }
        return cls(lines, shapes, texts, files)

    def found(self, path: str, data: bytes, depth: int = 0) -> Iterator[str]:
        """What of it a file holds, each with its place: file and line, cell or key."""
        if set(WHERE_FROM) & set(PurePosixPath(path).parts):
            yield f"{path}: only the instructors' side has this"
        if name := self.files.get(_digest(data)):
            yield f"{path} is {name}"
        inner = list(_unpacked(path, data)) if depth < DEEPEST else []
        for name, content in inner:
            yield from self.found(name, content, depth + 1)
        if inner:
            return
        text = data.decode("utf-8", "replace")
        if path.endswith((".ipynb", ".json")):
            yield from self._in_json(path, text)
        else:
            yield from self._in_text(path, text, code=path.endswith(".py"))

    def _in_json(self, path: str, text: str) -> Iterator[str]:
        try:
            stored = json.loads(text)
            sources = [(cell, cell.pop("source", "")) for cell in _cells(path, stored)]
            strings = list(_strings(stored, path))
        except (ValueError, RecursionError):
            yield from self._in_text(path, text)
            return
        for number, (cell, source) in enumerate(sources, start=1):
            place = f"{path}, cell {number} ({cell.get('id', '')})"
            text = "".join(map(str, source)) if isinstance(source, list) else str(source)
            yield from self._in_text(place, text, code=cell.get("cell_type") == "code")
        for place, one in strings:
            yield from self._in_text(place, one)

    def _in_text(self, path: str, text: str, code: bool = False) -> Iterator[str]:
        for secret, what in self.texts.items():
            if secret in text:
                number = text[: text.index(secret)].count("\n") + 1
                yield f"{path}:{number}: {what}"
        for number, line in enumerate(text.split("\n"), start=1):
            if where := self.lines.get(leaks.essence(line)):
                yield f"{path}:{number}: a line of {where}: {line.strip()}"
        for shape, number in shapes(text) if code else ():
            if where := self.shapes.get(shape):
                yield f"{path}:{number}: the code of {where}, in other words"


def _cells(path: str, stored: Any) -> list[dict[str, Any]]:
    """A notebook's cells; none of what is no notebook. Anybody may have written it."""
    cells = stored.get("cells") if path.endswith(".ipynb") and isinstance(stored, dict) else None
    return [one for one in cells if isinstance(one, dict)] if isinstance(cells, list) else []


def shapes(code: str) -> Iterator[tuple[str, int]]:
    """What each function of the code does, without the names that it chose, and its line."""
    for node in _functions(code):
        if shape := _shape(node):
            yield shape, node.lineno


def _functions(code: str) -> list[ast.FunctionDef | ast.Lambda]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []  # a magic, or no code
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda)]


def _shape(node: ast.FunctionDef | ast.Lambda) -> str:
    """Empty for what is too small to be somebody's own."""
    named = _Nameless()
    for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
        named.number(argument.arg)
    parts = [named.visit(one) for one in _body(node)]
    size = sum(not isinstance(one, ast.expr_context) for part in parts for one in ast.walk(part))
    return "\n".join(map(ast.dump, parts)) if size >= SMALLEST else ""


def _body(node: ast.FunctionDef | ast.Lambda) -> list[ast.AST]:
    """Without the docstring; a function that only returns is like a lambda. A copy."""
    copy = ast.parse(ast.unparse(node)).body[0]
    if isinstance(copy, ast.Expr) and isinstance(copy.value, ast.Lambda):
        return [copy.value.body]
    assert isinstance(copy, ast.FunctionDef)
    body = copy.body[1:] if ast.get_docstring(copy) is not None else copy.body
    if len(body) == 1 and isinstance(body[0], ast.Return) and body[0].value:
        return [body[0].value]
    return list(body)


class _Nameless(ast.NodeTransformer):
    """Names by the order in which they come; no annotations."""

    def __init__(self) -> None:
        self.numbers: dict[str, str] = {}

    def number(self, name: str) -> str:
        return self.numbers.setdefault(name, f"v{len(self.numbers)}")

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self.number(node.id), ast.Load())

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(self.number(node.arg))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name, node.returns, node.decorator_list = self.number(node.name), None, []
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return ast.Pass()
        return self.generic_visit(ast.Assign([node.target], node.value))


def _secret_shapes(tree: Tree, lab: str) -> Iterator[tuple[str, str]]:
    """Functions of the answers, and oracles; not what the student's cell has as well."""
    public, secret = set[str](), dict[str, str]()
    for cell in build.parse(tree, lab).cells:
        if cell.cell_type == "code" and "exercise" in cell.metadata:
            where = f"{lab}, solution of {cell.metadata['exercise']}"
            secret |= {shape: where for shape, _ in shapes(cell.source)}
            public |= {shape for shape, _ in shapes(_released(cell.source))}
        elif cell.cell_type != "markdown":
            public |= {shape for shape, _ in shapes(cell.source)}
    for path in tree.checks(lab).rglob("*.py"):
        where = f"an oracle of {path.relative_to(tree.root)}"
        secret |= dict.fromkeys(_oracles(path.read_text("utf-8")), where)
    yield from ((shape, where) for shape, where in secret.items() if shape not in public)


def _released(source: str) -> str:
    """An exercise's cell as students have it, more or less."""
    before, _, rest = source.partition("### BEGIN SOLUTION")
    return f"{before}raise NotImplementedError{rest.partition('### END SOLUTION')[2]}"


def _oracles(code: str) -> Iterator[str]:
    tree = ast.parse(code)
    given = [
        one.value for one in ast.walk(tree) if isinstance(one, ast.keyword) and one.arg == "oracle"
    ]
    inside = [one for value in given for one in ast.walk(value)]
    names = {one.id for one in inside if isinstance(one, ast.Name)}
    found: list[ast.FunctionDef | ast.Lambda] = [
        *(one for one in inside if isinstance(one, ast.Lambda)),
        *(one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name in names),
    ]
    yield from filter(None, map(_shape, found))


def _unpacked(path: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """What a compressed file or an archive holds; nothing, where it is none."""
    try:
        if path.endswith((".zip", ".whl", ".npz")):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for entry in archive.infolist():
                    with archive.open(entry) as inside:
                        yield f"{path}/{entry.filename}", inside.read(LARGEST)
        elif path.endswith((".tar.gz", ".tgz")):
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                for member in archive.getmembers():
                    if file := archive.extractfile(member):
                        yield f"{path}/{member.name}", file.read(LARGEST)
        elif path.endswith(".gz"):
            with gzip.open(io.BytesIO(data)) as content:
                yield path.removesuffix(".gz"), content.read(LARGEST)
    except (OSError, EOFError, ValueError, RuntimeError, zlib.error, *BROKEN):
        return  # no archive, or one that nobody can open


def _strings(stored: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(stored, str):
        yield place, stored
    elif isinstance(stored, dict):
        for key, value in stored.items():
            yield place, key
            yield from _strings(value, f"{place}, {key}")
    elif isinstance(stored, list):
        for number, value in enumerate(stored):
            yield from _strings(value, f"{place}[{number}]")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
