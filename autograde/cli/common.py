"""What several commands share: their arguments, and the exit code of a finding."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autograde.sandbox import Isolation

FOUND = 1

Labs = Annotated[list[str] | None, typer.Argument(help="Labs, for example lab01_activations.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
WorkDir = Annotated[
    Path,
    typer.Option(
        "--workdir", help="The class's folder: submissions in submitted/, grades, feedback."
    ),
]
Isolating = Annotated[
    Isolation, typer.Option(help="full, or none: run untrusted code without walls.")
]
