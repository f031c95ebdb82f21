"""Code of a student's that reaches for what decides a test: told to a person, never decided."""

from __future__ import annotations

import re
from collections.abc import Iterable

from nbformat import NotebookNode

REACHES = {
    "__eq__": "says what its objects are equal to",
    "__proof__": "names what a test's end is read from",
    "_getframe": "reads other code's frames",
    "f_back": "reads other code's frames",
    "tb_frame": "reads other code's frames",
    "currentframe": "reads other code's frames",
    "get_objects": "looks for other code's objects",
    "get_referrers": "looks for other code's objects",
    "settrace": "follows other code's steps",
    "setprofile": "follows other code's steps",
    "ctypes": "reaches into the interpreter",
    "displayhook": "shows values as a cell's own",
    "input_transformers_post": "rewrites cells",
    "input_transformers_cleanup": "rewrites cells",
    "ast_transformers": "rewrites cells",
    "run_cell": "replaces how cells run",
    "run_cell_magic": "replaces how cells run",
    "run_line_magic": "replaces how cells run",
    "register_magic_function": "replaces how cells run",
    "set_custom_exc": "hides errors",
    "__code__": "rewrites other code's functions",
    "meta_path": "replaces what is imported",
    "path_hooks": "replaces what is imported",
    "setitimer": "runs during the tests",
    "Thread": "may run during the tests",
    "showtraceback": "hides errors",
    "atexit": "runs at the process's end",
    "_exit": "ends the process",
    "autograde": "names the grader",
}
WORD = re.compile(r"\w+")
COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)


def reached_for(notebook: NotebookNode, given: Iterable[str]) -> dict[str, str]:
    """Names in a student's cells that an honest answer seldom needs, with what they do.

    Args:
        notebook: the student's.
        given: texts of the assignment's own cells; what they name is theirs to use.
    """
    own = {word for text in given for word in WORD.findall(text)}
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    used = {name for text in texts for name in _names(text)}
    return {name: what for name, what in REACHES.items() if name in used and name not in own}


def _names(source: str) -> set[str]:
    """Words of the code, also in its texts: names may be built of them; not of its comments."""
    return set(WORD.findall(COMMENT.sub("", source)))
