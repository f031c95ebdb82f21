"""What a student's page says of a flag, whose own message speaks to the instructor."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from autograde.handing_in.normalise.flags import Flag

PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
LOOKS = "Your instructor looks at it."
AS_IS = "Hand in the .ipynb file as JupyterLab or Colab saves it."
SMALLER = (
    "Hand in a smaller file. A notebook is smaller without outputs (Edit, Clear Outputs of All "
    "Cells, Save), and with smaller pictures in its text."
)

# By code; {fact} is the message's first sentence, which is about the file; {said} is what the
# student's own cell said, between backticks: code, wherever it is read as Markdown.
TEXTS: Mapping[str, str] = MappingProxyType(
    {
        # The whole file
        "not-handed-in": "Nothing was handed in for this lab, or it lies in another place.",
        "no-notebook": "{fact} Hand in the notebook itself, the .ipynb file.",
        "several-notebooks": "{fact} Hand in the right one alone, under this name.",
        "too-many-files": "{fact} Hand in the notebook alone.",
        "symlink-refused": "{fact} Hand in the file itself.",
        "wrong-kind": "{fact} Hand in the file itself.",
        "unreadable-file": "A file that you handed in could not be read. " + LOOKS,
        "empty-file": "{fact} Save it, look whether it opens, and hand it in again.",
        "too-large": "{fact} " + SMALLER,
        "too-many-cells": "{fact} Hand it in again without cells that a program made.",
        "nested-too-deep": "{fact} " + AS_IS,
        "not-a-notebook": "{fact} " + AS_IS,
        "not-json": "{fact} " + AS_IS,
        "wrong-lab": "This is the notebook of another lab. Hand in this lab's notebook.",
        "nothing-recognised": (
            "No cell of this lab is recognised in the file. Hand in the lab's own notebook, with "
            "your answers in its cells."
        ),
        "grader-failed": f"The grader itself failed here; no points are lost. {LOOKS}",
        "extra-notebooks": "You handed in further notebooks; they were not graded.",
        "odd-student-name": "",
        "wrong-file-name": "{fact}",
        "format-upgraded": "",
        "not-utf8": "Letters outside ASCII may be wrong: the file is not UTF-8.",
        "broken-cell": f"Some cells of the file are damaged. {LOOKS}",
        "kernelspec-replaced": "",
        "unknown-grade-id": "",
        "order-restored": "Cells had been moved; they are in the lab's order again.",
        "setup-repaired": "Your setup cell stops; the lab's own ran after it.",
        # Files beside the notebook
        "file-missing": "{fact}",
        "other-file-name": "{fact} Hand it in under this name.",
        "extra-files-skipped": "{fact}",
        # One cell
        "answer-stops": "Your cell stopped: `{said}`",
        "renamed-id": f"This cell was recognised by what it defines. {LOOKS}",
        "duplicate-cell": "The file has this cell more than once; one of them counts.",
        "locked-cell-restored": "This cell was changed; the lab's own is put back.",
        "metadata-recovered": "This cell had lost its mark and was recognised again.",
        "ambiguous-answer": f"Several cells could be this answer, so none was chosen. {LOOKS}",
        "merged-answer": "This answer stands in another cell of yours; it counts there.",
        "missing-cell": "This cell is not in your file; it is put back as it was handed out.",
        "cell-type-restored": "This cell's type was changed; it is put back, with your text.",
        "marks-restored": "This cell's grading mark was changed; it is put back.",
        "not-run-again": "Your notebook ended its process more than once. " + LOOKS,
        "machine-busy": "A check ran out of time on a busy machine; it is asked again. " + LOOKS,
        "killed-twice": "Your notebook's process was stopped by the system, twice. " + LOOKS,
        "not-asked": f"Your notebook took all the time that it has before every check. {LOOKS}",
        "other-place": "{fact}",
        "no-timestamp": "",
        "answer-elsewhere": f"Something that this exercise asks for stands elsewhere. {LOOKS}",
        "cell-not-run": "This needs something that you make in a cell that grading does not run, "
        f"such as an experiment; put it into a cell of your own. {LOOKS}",
        "passed-elsewhere": f"Your panel says that this passed; here it does not. {LOOKS}",
        "other-machine": f"This fails by what the grader's machine lacks. {LOOKS}",
        "own-cell-stops": f"Some of your own cells stop in grading. {LOOKS}",
        "written-beside": f"Your answer seems to stand outside its cell. {LOOKS}",
        "carries-numbers": f"The notebook's code holds very many numbers. {LOOKS}",
        "network-not-alone": "Your network can't be run without its code: see the check's panel. "
        + LOOKS,
        "images-memorised": f"Your network knows the judging images too well. {LOOKS}",
        "not-read": f"This cell is too much to be read by a program. {LOOKS}",
        "no-response": "No response.",
        "broken-test": f"This test could not be run; no points are lost. {LOOKS}",
        "tools-replaced": f"Your code had replaced something that tests compare with. {LOOKS}",
        "reaches-out": f"Your code names parts of the grader or of Python's inside. {LOOKS}",
        "built-in-used": (
            "This exercise asks you to write by hand something that your answer takes from a "
            f"library. No point is lost by that. {LOOKS}"
        ),
    }
)


def to_student(flag: Flag) -> str:
    """The same for the student: what was found, and what the student can do; empty for nothing.

    A code without a text says that the instructor looks: no page shows what is not meant for it.
    """
    first, stop, _ = flag.message.partition(". ")
    said = (flag.message.partition(": ")[2] or flag.message).replace("`", "'")
    return TEXTS.get(flag.code, LOOKS).format(fact=first + stop.strip(), said=said)


def in_markdown(text: str) -> str:
    """A text as Markdown that shows it as it is, whatever it quotes."""
    return PUNCTUATION.sub(r"\\\g<0>", text)
