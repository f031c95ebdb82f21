"""``autograde``, or ``python -m autograde``: find the course, then run the command.

In this order, for the commands import ``course``: it must be the course folder's own, wherever this
package is installed.
"""

from __future__ import annotations

import contextlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from autograde import tree

OPTION = "--course"


def main() -> None:
    """Run the command that was typed."""
    spare()
    if named := _named(sys.argv[1:]):
        os.environ[tree.ROOT_VARIABLE] = str(Path(named).resolve())
    with contextlib.suppress(tree.TreeError):  # the command itself says so, if it needs one
        root = tree.find().root
        os.environ[tree.ROOT_VARIABLE] = str(root)  # for kernels, which start elsewhere
        put_first(root)
    from autograde.cli import main as commands

    commands()


def spare() -> None:
    """Leave out what jsonschema imports wherever it is installed: 38 grammars of web addresses, a
    second's work. Nothing here asks whether a text is such an address.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # not to be found


def put_first(root: Path) -> None:
    """Let ``course`` be the one of this folder, here and in kernels."""
    library = root / "course" / "__init__.py"
    there = find_spec("course")
    known = there and there.origin and library.is_file() and library.samefile(there.origin)
    here = Path(sys.path[0]).resolve() == root  # of `python -m`: a kernel starts elsewhere
    if library.is_file() and (here or not known):
        sys.path.insert(0, str(root))
        before = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(root), before)))


def _named(words: list[str]) -> str:
    """What ``--course`` names; it stands before the command."""
    for word, following in zip(words, [*words[1:], ""], strict=False):
        if word == OPTION:
            return following
        if word.startswith(f"{OPTION}="):
            return word.partition("=")[2]
        if not word.startswith("-"):
            break
    return ""


if __name__ == "__main__":
    main()
