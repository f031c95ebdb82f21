"""``autograde``, or ``python -m autograde``: find the course, then run the command.

In this order, for the commands import ``course``: it must be the course folder's own, wherever this
package is installed. A course that it was not installed with may be a stranger's: before anything
of it is imported, commands that run a lab's code go behind walls.
"""

from __future__ import annotations

import contextlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from autograde import tree
from autograde.errors import DesignedError

OPTION, TRUSTED, FOREIGN = "--course", "--trusted", "--foreign"
WALLED, DEMO = ("build", "verify", "record", "prove"), "demo"
"""Commands that run a lab's own code, and can do so behind walls."""

INTERRUPTED = 130
"""The exit code after Ctrl-C."""

NOTICE = (
    "autograde: {root} is {whose}, so its code runs behind walls: no network, no graphics card, "
    "none of your files. All that is printed now may be its own claim. To run it with your "
    "rights, write --trusted before the command."
)
NO_DEMO = (
    "{root} is {whose}, and `demo` would run its code with your rights. Try `verify`, `build` and "
    "`prove`, which run it behind walls; or, if you have read it and trust it, write --trusted "
    "before the command."
)


def main() -> None:
    """Run the command that was typed; Ctrl-C ends it without a traceback, also while it loads."""
    keep_open()
    try:
        _main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _main() -> None:
    spare()
    words = sys.argv[1:]
    if named := _named(words):
        os.environ[tree.ROOT_VARIABLE] = str(Path(named).resolve())
    with contextlib.suppress(tree.TreeError):  # the command itself says so, if it needs one
        root = tree.find().root
        os.environ[tree.ROOT_VARIABLE] = str(root)  # for kernels, which start elsewhere
        options, command = _split(words)
        if not trusted(root, options) and command[:1] and command[0] in (*WALLED, DEMO):
            sys.exit(_behind_walls(root, options, command))
        put_first(root)
    from autograde.cli import main as commands

    commands()


def keep_open() -> None:
    """Open what the shell has closed (``>&-``) towards nowhere; else the next file that is opened
    would take its place, and be printed into.
    """
    for number, (name, mode) in enumerate({"stdin": "r", "stdout": "w", "stderr": "w"}.items()):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)  # the lowest that is free, so this one
            os.set_inheritable(nowhere, True)
            setattr(sys, name, os.fdopen(nowhere, mode, encoding="utf-8", closefd=False))


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


def trusted(root: Path, options: list[str]) -> bool:
    """Whether a course's code may run with this user's rights: as the options before the command
    say, else where this package is installed from the same folder.
    """
    if TRUSTED in options or FOREIGN in options:
        return FOREIGN not in options
    return root.resolve() == Path(__file__).resolve().parents[1]


def _behind_walls(root: Path, options: list[str], command: list[str]) -> int:
    whose = "taken for a stranger's" if FOREIGN in options else "not what this is installed from"
    try:
        if command[0] == DEMO:
            raise DesignedError(NO_DEMO.format(root=root, whose=whose))
        from autograde.sandbox import foreign

        _say(NOTICE.format(root=root, whose=whose))
        return foreign.run(root, command[0], command)
    except DesignedError as error:
        _say(f"autograde: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED


def _say(text: str) -> None:
    """Print, with control characters shown: a stranger has chosen names of folders and links."""
    from autograde.handing_in.normalise.flags import printable

    print("\n".join(map(printable, text.split("\n"))), file=sys.stderr)


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """Options without a value that stand before the command; the command and all behind it."""
    options, rest = list[str](), list(words)
    while rest and rest[0].startswith("-"):
        options += [rest[0]] if rest[0] != OPTION else []
        rest = rest[2:] if rest[0] == OPTION else rest[1:]
    return options, rest


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
