"""What a lab's stored checks tell, in most cases without being compiled again.

Apart from :mod:`compile`, whose own code is part of the stamp: what only reads changes no stamp.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autograde.authoring import compile as compiler
from autograde.tree import Tree


def differences(tree: Tree, lab: str) -> list[str]:
    """Where the stored checks differ from what their source says. Only those whose stamp is of
    earlier code are compiled again to see.

    Raises:
        CheckError: an exercise has no check, or the stored file can't be read.
        TreeError: a folder that the notebook needs is not there.
    """
    if not compiler._has_checks(tree, lab):
        return []
    if compiler._up_to_date(tree, lab, compiler._committed(tree, lab)):
        return []
    return compiler.drift(tree, lab)


def handed_in(tree: Tree, lab: str) -> set[str]:
    """Names of the files that the checks read beside the notebook."""
    return set(_handed_in(compiler._committed(tree, lab)))


def _handed_in(stored: Any) -> Iterator[str]:
    if isinstance(stored, dict) and isinstance(name := stored.get("handed_in"), str):
        yield name
    inside = stored.values() if isinstance(stored, dict) else stored
    for one in inside if isinstance(stored, dict | list) else ():
        yield from _handed_in(one)
