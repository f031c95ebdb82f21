"""Does a command begin without what nobody here asks for?"""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from autograde.__main__ import spare
spare()
import jsonschema, nbformat
assert sys.modules["rfc3987_syntax"] is None
nbformat.validate(nbformat.v4.new_notebook())
assert "lark" not in sys.modules
"""


def test_grammars_of_web_addresses_are_left_out() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
