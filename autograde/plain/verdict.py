"""A test cell: what is sent to the student's process, and what nbgrader gives for what comes back.

What is read is the value of the cell's last expression, and that it ran to its end. What it or
the student's code displayed, printed or warned of decides nothing.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode

from autograde.marking.room import stopped
from autograde.sandbox import Tested
from autograde.sandbox.testing import PROOF

UNFINISHED = "the test did not run to its end"


class BrokenTest(Exception):
    """A test cell can't be graded by; no student's doing."""


@dataclass(frozen=True)
class Verdict:
    """What a test cell gives, and the outputs that show it."""

    points: float
    outputs: list[NotebookNode]


def prepared(source: str, proof: str) -> str:
    """A test cell as plain Python; its last line fills :data:`PROOF`, and lines keep their numbers.

    Args:
        source: as its author wrote it, with IPython's magics.
        proof: a text that nobody knows before the cell runs.

    Raises:
        BrokenTest: it is no Python.
    """
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        code = TransformerManager().transform_cell(source)
        flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        tree = compile(code, "<test>", "exec", flags=flags, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise BrokenTest(f"it is no Python: {error}") from None
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr):
        before, value, after = _cut(code, last)
        if not after.lstrip().startswith(";"):  # which hides the value in notebooks
            return f"{before}{PROOF} = ({proof!r}, ({value}\n))\n"
    return f"{code}\n{PROOF} = ({proof!r}, None)\n"


def _cut(code: str, node: ast.stmt) -> tuple[str, str, str]:
    """The text before a statement, its own, and what follows."""
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    lines = code.encode().split(b"\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    start = starts[node.lineno - 1] + node.col_offset
    end = starts[node.end_lineno - 1] + node.end_col_offset
    data = code.encode()  # columns count its bytes
    return data[:start].decode(), data[start:end].decode(), data[end:].decode()


def judged(cell: NotebookNode, found: Tested, proof: str) -> Verdict:
    """What nbgrader's own rule gives for what happened.

    Args:
        cell: the test, with its marks.
        found: what the student's process claims.
        proof: what its last line held.

    Raises:
        BrokenTest: it gives more points than there are, which nbgrader refuses.
    """
    from nbgrader.utils import determine_grade

    decides = _deciding(cell, found, proof)
    copy = nbformat.from_dict({**cell, "outputs": decides})
    try:
        points, _ = determine_grade(copy)
    except ValueError as error:
        raise BrokenTest(str(error)) from None
    kept = [one for one in found.outputs if one["output_type"] in ("stream", "display_data")]
    # On stderr, what was printed would take the points from whoever reads them off the outputs.
    kept = [{**one, "name": "stdout"} if "name" in one else one for one in kept]
    return Verdict(float(points or 0.0), [*map(nbformat.from_dict, kept), *decides])


def _deciding(cell: NotebookNode, found: Tested, proof: str) -> list[NotebookNode]:
    """The outputs that decide: an error, a value, or none."""
    if found.status not in ("ok", "error"):
        return [stopped(found.status, found.message)]
    if found.status == "error" or found.proof != proof:
        error = next((one for one in found.outputs if one["output_type"] == "error"), None)
        name, said = (error["ename"], error["evalue"]) if error else ("Error", UNFINISHED)
        told = [*_shown(cell.source, found.line), f"{name}: {said}"]
        return [nbformat.v4.new_output("error", ename=name, evalue=said, traceback=told)]
    if found.text is None:
        return []
    data = {"text/plain": found.text or " "}
    return [nbformat.v4.new_output("execute_result", data=data, execution_count=None)]


def _shown(source: str, line: int) -> list[str]:
    """The test's lines around the one that raised, as our own text has them."""
    lines = source.split("\n")
    if not 1 <= line <= len(lines):
        return []
    around = range(max(1, line - 2), min(len(lines), line + 2) + 1)
    return [f"{'---->' if one == line else '     '} {one} {lines[one - 1]}" for one in around]
