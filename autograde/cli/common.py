"""What several commands share: their arguments, and the exit code of a finding."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from autograde.errors import DesignedError
from autograde.tree import Tree

FOUND = 1

Labs = Annotated[list[str] | None, typer.Argument(help="Labs, for example lab01_activations.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
WorkDir = Annotated[
    Path | None,
    typer.Option(
        "--workdir",
        help="The class's folder: submissions in submitted/, grades, feedback. Default: grading/ "
        "in the course's folder, wherever the command is run.",
    ),
]
PATTERN = frozenset("*?[]")
"""What nbgrader takes for a pattern, in the path of any folder."""


def of_class(tree: Tree, workdir: Path | None) -> Path:
    """The class's folder.

    Raises:
        DesignedError: nbgrader can't keep a class in a folder of such a name.
    """
    work = (workdir or tree.root / "grading").resolve()
    if PATTERN & set(str(work)):
        raise DesignedError(
            f"{work}: nbgrader takes [, ], * and ? in a folder's name for a pattern, and finds "
            "nothing in it. Rename the folder, or name a --workdir without them."
        )
    return work


Isolating = Annotated[
    Literal["full", "none"], typer.Option(help="full, or none: run untrusted code without walls.")
]
