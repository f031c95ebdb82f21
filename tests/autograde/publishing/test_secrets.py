"""Is a secret found wherever it hides? On the course's own secrets."""

from __future__ import annotations

import ast
import gzip
import io
import json
import zipfile

import pytest

from autograde.authoring import build
from autograde.authoring.source import parse
from autograde.publishing.secrets import Secrets
from autograde.tree import Tree

LAB = "lab00_setup"


@pytest.fixture(scope="module")
def secrets(course: Tree) -> Secrets:
    return Secrets.of(course)


@pytest.fixture(scope="module")
def line(course: Tree) -> str:
    """A line of a solution as it is written."""
    (cell,) = [c for c in build.parse(course, LAB).cells if c.metadata.get("exercise") == ANSWERED]
    inside = cell.source.partition("### BEGIN SOLUTION")[2].partition("### END SOLUTION")[0]
    return max(inside.split("\n"), key=len)


ANSWERED = "topk_error"


def zipped(**files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


def book(source: str, **cell: object) -> bytes:
    one = {"cell_type": "code", "id": "odd", "metadata": {}, "outputs": [], **cell}
    return json.dumps({"cells": [{**one, "source": source.split("|")}], "metadata": {}}).encode()


def test_a_line_of_a_solution_is_found_with_its_place(secrets: Secrets, line: str) -> None:
    (found,) = secrets.found("course/extra.py", f"import torch\n\n{line}\n".encode())
    assert found.startswith(f"course/extra.py:3: a line of {LAB}, solution of {ANSWERED}: ")


def test_a_line_is_found_in_whatever_holds_it(secrets: Secrets, line: str) -> None:
    stored = json.dumps({"checks": [{"hint": f"like this:\n{line}"}]}).encode()
    output = [{"output_type": "stream", "text": [f"{line}\n"]}]
    places = {
        "README.md": f"Write\n    {line.strip()}  # so\n".encode(),
        "labs/a.ipynb": book(f"import torch\n|{line}"),
        "labs/b.ipynb": book("1", outputs=output),
        "labs/c.ipynb": book("1", metadata={"course": {"starter": line}}),
        "course/checks.json.gz": gzip.compress(stored),
        "course.whl": zipped(**{"course/a.py": line.encode()}),
        "all.zip": zipped(**{"inner.zip": zipped(**{"a.json.gz": gzip.compress(stored)})}),
    }
    for path, data in places.items():
        (found,) = secrets.found(path, data)
        assert found.startswith(path.removesuffix(".gz")), found
        assert f"solution of {ANSWERED}" in found
    (found,) = secrets.found("labs/a.ipynb", places["labs/a.ipynb"])
    assert found.startswith("labs/a.ipynb, cell 1 (odd):2: ")


def test_seed_marks_and_files_of_the_secret_folder_are_found(
    secrets: Secrets, course: Tree
) -> None:
    held_out = (course.solutions / "held_out.npz").read_bytes()
    for path, data, told in [
        ("a.txt", f"x\n{course.secret()}\n".encode(), "a.txt:2: the secret seed"),
        ("a.py", b"### BEGIN HIDDEN TESTS\n", "a.py:1: a mark of hidden code"),
        ("course/data/extra.npz", held_out, "course/data/extra.npz is solutions/held_out.npz"),
        ("solutions/x.py", b"", "solutions/x.py: only the instructors' side has this"),
    ]:
        assert [*secrets.found(path, data)] == [told]


def renamed(code: str) -> str:
    """The same code under other names, with other spaces and comments."""

    class Other(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.AST:
            return ast.Name(f"{node.id}_", node.ctx)

        def visit_arg(self, node: ast.arg) -> ast.AST:
            return ast.arg(f"{node.arg}_")

        def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
            node.name += "_"
            return self.generic_visit(node)

    return ast.unparse(Other().visit(ast.parse(code)))


def test_every_answer_is_found_under_other_names(secrets: Secrets, course: Tree) -> None:
    missed = []
    for lab in course.lab_names():
        source = parse(lab, course.source(lab).read_text())
        answers = {
            c.metadata["exercise"]: c.source for c in source.cells if "exercise" in c.metadata
        }
        for name, code in answers.items():
            functions = [n for n in ast.walk(ast.parse(code)) if isinstance(n, ast.FunctionDef)]
            if functions and not [*secrets.found("course/extra.py", renamed(code).encode())]:
                missed.append(f"{lab} {name}")
    assert missed == ["lab06_resnet residual_derivative"]  # f(x) + 1 is nobody's own


def test_an_oracle_is_found_under_other_names(secrets: Secrets, course: Tree) -> None:
    path = course.checks("lab02_lenet") / "conv_output_size.py"
    code = path.read_text()
    (oracle,) = [n for n in ast.parse(code).body if getattr(n, "name", "") == "_measured_size"]
    found = [*secrets.found("course/extra.py", renamed(ast.unparse(oracle)).encode())]
    told = "course/extra.py:1: the code of an oracle of solutions/lab02_lenet/checks/conv_output"
    assert any(one.startswith(told) for one in found), found


@pytest.mark.parametrize(
    "text",
    ['{"cells": [1, {"source": [2, null]}]}', '{"cells": 3}', "[" * 100_000, '{"cells": [{}]}'],
)
def test_a_notebook_that_is_none_stops_no_search(secrets: Secrets, text: str) -> None:
    assert list(secrets.found("theirs.ipynb", text.encode())) == []
